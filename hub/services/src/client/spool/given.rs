//! What becomes of a message that is given to the spool: a new one waits behind all others, one that was given before is
//! left where it is, and what a disk has taken of it since is made good as far as the spool knows how.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use cordon_model::{MessageId, NAMESPACE, Receipt, Refusal};
use cordon_xml::{Document, Limits};

use super::{
    DAMAGED, NUMBER_DIGITS, SIGNED, Spool, SpoolState, Waiting, cannot, holds, sync_folder, whole,
    write_durably,
};
use crate::passing::may_pass;

/// What became of a message that was given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Given {
    /// Where it stands.
    pub state: SpoolState,
    /// What whoever gave it should know of that; empty where all is as always.
    pub words: &'static str,
}

impl Given {
    fn plainly(state: SpoolState) -> Self {
        Self { state, words: "" }
    }

    fn waits(words: &'static str) -> Self {
        let state = SpoolState::Waiting;
        Self { state, words }
    }
}

impl Spool {
    /// Puts a message in behind all that wait; durable when this returns. A message that is there already, in any
    /// state, is left alone; the answer says in which. One that was refused for a reason that may be over waits again,
    /// behind all; one whose waiting file is damaged, cannot be read or was put aside waits in its old place.
    ///
    /// # Errors
    /// `S031` when the spool holds another message of this id, `S030` when it cannot be used.
    pub fn put(&self, id: &MessageId, message: &[u8]) -> Result<Given, Fault> {
        let mut known = self.known();
        for state in [SpoolState::Accepted, SpoolState::Refused] {
            if let Some(given) = self.answered(&mut known, state, (id, message))? {
                return Ok(given);
            }
        }
        let (place, words) = match known.get(id).cloned() {
            Some(waiting) => {
                match whole(&waiting.file) {
                    Ok(present) if present == message => {
                        return Ok(Given::plainly(SpoolState::Waiting));
                    }
                    Ok(present) if holds(id, &present) => return Err(another(id, &waiting.file)),
                    _ => self.put_aside(id, &waiting.file)?,
                };
                (waiting, IN_PLACE)
            }
            None => match self.aside(id) {
                Some(number) => (self.at(number, id), BACK),
                None => {
                    let lies_accepted = self.settled(SpoolState::Accepted, id).exists();
                    let words = if lies_accepted { AGAIN } else { "" };
                    (self.behind_all(&known, id), words)
                }
            },
        };
        write_durably(&place.file, message)?;
        known.insert(*id, place);
        Ok(Given::waits(words))
    }

    /// A message that has its answer; none where nothing of it can be read, so that it is to be sent: the hub answers it
    /// as it did before.
    fn answered(
        &self,
        known: &mut BTreeMap<MessageId, Waiting>,
        state: SpoolState,
        (id, message): (&MessageId, &[u8]),
    ) -> Result<Option<Given>, Fault> {
        let file = self.settled(state, id);
        let Ok(present) = whole(&file) else {
            return Ok(None);
        };
        if present != message && holds(id, &present) {
            return Err(another(id, &file));
        }
        match state {
            SpoolState::Accepted => self.accepted(&file, (id, message), present == message),
            // What is left of it says nothing, and the hub's word is as good as it was.
            _ if present != message => Ok(None),
            _ if self.refusal(id).is_some_and(|it| !may_pass(&it.code)) => {
                Ok(Some(Given::plainly(state)))
            }
            // Refused for a reason that may be over, or for one that is lost.
            _ => {
                self.wait_again(known, id, &file)?;
                Ok(Some(Given::plainly(SpoolState::Waiting)))
            }
        }
    }

    /// One that was accepted, with its first receipt: where that is lost it lies in the hub's signed answer too, and
    /// where that is gone as well the hub has it.
    fn accepted(
        &self,
        file: &Path,
        (id, message): (&MessageId, &[u8]),
        is_whole: bool,
    ) -> Result<Option<Given>, Fault> {
        let digest = cordon_wire::digest_of_bytes(message);
        let is_its = |receipt: &Receipt| receipt.message_id == *id && receipt.digest == digest;
        let beside = file.with_extension("answer.xml");
        let (receipt, mut words) = match receipt_in(&beside, is_its) {
            Some(receipt) => (Some(receipt), ""),
            None => (self.signed_receipt(is_its), RECEIPT),
        };
        let Some(receipt) = receipt else {
            let is_of_another = receipt_in(&beside, |receipt| receipt.message_id == *id).is_some();
            return match is_whole || !is_of_another {
                true => Ok(None),
                false => Err(another(id, file)),
            };
        };
        if !words.is_empty() {
            let written = cordon_wire::write_receipt(&receipt).map_err(crate::lawful::lawful)?;
            write_durably(&beside, &written)?;
        }
        if !is_whole {
            write_durably(file, message)?;
            words = COPY;
        }
        let state = SpoolState::Accepted;
        Ok(Some(Given { state, words }))
    }

    /// The receipt of a message in the signed answers that are kept.
    fn signed_receipt(&self, is_its: impl Fn(&Receipt) -> bool) -> Option<Receipt> {
        let folder = self.folder(SpoolState::Accepted).join(SIGNED);
        let mut entries = fs::read_dir(folder).ok()?.flatten();
        entries.find_map(|entry| receipt_in(&entry.path(), &is_its))
    }

    /// With what a message was refused; `None` when it was not, or when nothing readable lies beside it.
    pub fn refusal(&self, id: &MessageId) -> Option<Refusal> {
        let file = self.settled(SpoolState::Refused, id);
        let answer = whole(&file.with_extension("answer.xml")).ok()?;
        let document = Document::parse(answer, &Limits::default()).ok()?;
        cordon_wire::read_refusal(document.root()).ok()
    }

    /// Moves a refused message behind all that wait. Its old answer stays until it has another one.
    fn wait_again(
        &self,
        known: &mut BTreeMap<MessageId, Waiting>,
        id: &MessageId,
        refused: &Path,
    ) -> Result<(), Fault> {
        let last = self.behind_all(known, id);
        fs::rename(refused, &last.file)
            .and_then(|()| sync_folder(&last.file))
            .and_then(|()| sync_folder(refused))
            .map_err(|error| cannot(&last.file, &error))?;
        known.insert(*id, last);
        Ok(())
    }

    /// The place behind all that wait, and behind those that were put aside: each of them may be given again.
    fn behind_all(&self, known: &BTreeMap<MessageId, Waiting>, id: &MessageId) -> Waiting {
        let waiting = known.values().map(|waiting| waiting.number).max();
        let aside = self.put_asides().map(|one| one.number).max();
        self.at(waiting.max(aside).unwrap_or(0) + 1, id)
    }

    fn at(&self, number: u64, id: &MessageId) -> Waiting {
        let name = format!("{number:0NUMBER_DIGITS$}-{id}.xml");
        Waiting {
            number,
            id: *id,
            file: self.folder(SpoolState::Waiting).join(name),
        }
    }

    /// The place of a message that was put aside: its file is named by it still.
    fn aside(&self, id: &MessageId) -> Option<u64> {
        let mut places = self.put_asides().filter(|one| one.id == *id);
        places.next().map(|one| one.number)
    }

    fn put_asides(&self) -> impl Iterator<Item = Waiting> {
        let entries = fs::read_dir(self.root.join(DAMAGED)).into_iter().flatten();
        entries
            .flatten()
            .filter_map(|entry| Waiting::of(entry.path()))
    }

    /// Moves a damaged file out of the way; where to. It keeps its name, and so its place, and what was put aside
    /// before under that name.
    pub(super) fn put_aside(&self, id: &MessageId, file: &Path) -> Result<PathBuf, Fault> {
        let folder = self.root.join(DAMAGED);
        let mut to = folder.join(file.file_name().unwrap_or_default());
        let moved = fs::create_dir_all(&folder)
            .and_then(|()| {
                while fs::symlink_metadata(&to).is_ok() {
                    to.set_extension(format!("{}.xml", MessageId::random()));
                }
                fs::rename(file, &to)
            })
            .and_then(|()| sync_folder(&to))
            .and_then(|()| sync_folder(file));
        moved.map_err(|error| cannot(&to, &error))?;
        tracing::error!(%id, file = %to.display(), "a damaged waiting file was put aside");
        Ok(to)
    }
}

/// What is said of a message that was given again.
const AGAIN: &str = "its receipt is lost, so it is sent again: the hub answers with the first one";
const IN_PLACE: &str = "its waiting file was damaged or could not be read, and is put aside; it waits in its old place";
const BACK: &str = "it was put aside as damaged before, and waits in its old place; \
    what was given after it and has been sent since comes before it";
const RECEIPT: &str = "its receipt was lost, and is taken from the hub's signed answer";
const COPY: &str = "its copy in the spool was damaged, and is written anew by its receipt";

/// The receipt in a file that is the one that is sought.
fn receipt_in(file: &Path, is_its: impl Fn(&Receipt) -> bool) -> Option<Receipt> {
    let document = Document::parse(whole(file).ok()?, &Limits::default()).ok()?;
    let mut receipts = document
        .root()
        .elements()
        .filter(|node| node.is(NAMESPACE, "Receipt"))
        .filter_map(|node| cordon_wire::read_receipt(node).ok());
    receipts.find(|receipt| is_its(receipt))
}

fn another(id: &MessageId, file: &Path) -> Fault {
    let words = format!("message id {id} is in the spool with another content");
    Fault::new("S031", words)
        .at(file.display().to_string())
        .remedy("give the changed message an id of its own")
}
