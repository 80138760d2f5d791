//! A partner's durable spool: a message leaves it only with an answer that is final.
//!
//! Three folders: `waiting` holds messages as they will be sent, each file named by a running number
//! and the message id, so that they leave in the order in which they came in, whatever happens in
//! between; `accepted` and `refused` hold them by id with the answer beside, and in their folder
//! `signed` the hub's signed answers as they came, one for each request: what stands beside a message
//! is for reading, the signed answer proves it to others. A fourth, `damaged`, holds waiting files that
//! held no message any more, under the names, and so the places, that they had. A message is written to `waiting` and synced
//! before it is first sent, and moved after its answer is synced, so a crash at any moment costs at
//! most a repeated submission, which the hub answers with the first receipt again.

mod given;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordon_contract::Fault;
use cordon_model::MessageId;

pub use given::Given;

use super::Lock;

/// Where a message stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SpoolState {
    /// Not answered yet.
    Waiting,
    /// In the hub's journal; the receipt is beside it.
    Accepted,
    /// Refused by the hub; the refusal is beside it.
    Refused,
}

impl SpoolState {
    /// Its name, which is that of its folder.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

/// Folder of signed answers within `accepted` and `refused`.
const SIGNED: &str = "signed";
/// Folder of waiting files that hold no message.
const DAMAGED: &str = "damaged";
/// File that is locked by the process which puts messages in.
const GIVING: &str = "giving.lock";
/// File that is locked by the process which sends them.
const SENDING: &str = "sending.lock";
/// `S087`: a waiting file holds no message.
pub(crate) const DAMAGED_FILE: &str = "S087";
/// `S089`: a waiting file cannot be read.
pub(crate) const UNREADABLE: &str = "S089";
/// Digits of the number in front of a waiting message's id.
const NUMBER_DIGITS: usize = 12;

/// A message that waits.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Waiting {
    /// Its place in the order in which messages came in.
    number: u64,
    id: MessageId,
    file: PathBuf,
}

impl Waiting {
    /// From a file's path. A name without a number is the oldest form, which has no order but its id.
    fn of(file: PathBuf) -> Option<Self> {
        let name = file.file_name()?.to_str()?.strip_suffix(".xml")?;
        let (number, id) = match name.split_at_checked(NUMBER_DIGITS) {
            Some((digits, id)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                (digits.parse().ok()?, id.strip_prefix('-')?.parse().ok()?)
            }
            _ => (0, name.parse().ok()?),
        };
        Some(Self { number, id, file })
    }
}

/// A spool folder.
#[derive(Clone, Debug)]
pub struct Spool {
    root: PathBuf,
    /// What waits, as it was when the folder was last looked at.
    known: Arc<Mutex<BTreeMap<MessageId, Waiting>>>,
}

impl Spool {
    /// Opens a spool, making its folders where they are missing.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, Fault> {
        let spool = Self {
            root: root.into(),
            known: Arc::default(),
        };
        for state in [
            SpoolState::Waiting,
            SpoolState::Accepted,
            SpoolState::Refused,
        ] {
            let folder = spool.folder(state);
            fs::create_dir_all(&folder).map_err(|error| cannot(&folder, &error))?;
        }
        spool.look()?;
        Ok(spool)
    }

    /// Keeps other processes from putting messages in, while this one does. Waits so long for one that does.
    ///
    /// # Errors
    /// `S086` when another process does all that time, `S030` when the folder cannot be used.
    pub fn give(&self, patience: Duration) -> Result<Lock, Fault> {
        let lock = self.lock(GIVING, patience)?;
        remove_parts(&self.folder(SpoolState::Waiting))?;
        self.look()?;
        Ok(lock)
    }

    /// The same for sending: what waits is sent by one process at a time.
    ///
    /// # Errors
    /// As [`Spool::give`].
    pub fn send(&self, patience: Duration) -> Result<Lock, Fault> {
        let lock = self.lock(SENDING, patience)?;
        for state in [SpoolState::Accepted, SpoolState::Refused] {
            remove_parts(&self.folder(state))?;
        }
        Ok(lock)
    }

    fn lock(&self, name: &str, patience: Duration) -> Result<Lock, Fault> {
        Lock::beside(&self.root.join(name), patience, || {
            Fault::new("S086", "another process uses the spool")
                .at(self.root.display().to_string())
                .remedy("wait for the other command to end, or give each its own spool")
        })
    }

    /// Ids of waiting messages in the order in which they came in.
    pub fn waiting(&self) -> Result<Vec<MessageId>, Fault> {
        self.look()?;
        let mut waiting: Vec<Waiting> = self.known().values().cloned().collect();
        waiting.sort_by_key(|one| (one.number, one.id));
        Ok(waiting.into_iter().map(|one| one.id).collect())
    }

    /// Looks at the folder again: another process may have put something in.
    fn look(&self) -> Result<(), Fault> {
        let folder = self.folder(SpoolState::Waiting);
        let entries = fs::read_dir(&folder).map_err(|error| cannot(&folder, &error))?;
        let files = entries.flatten().map(|entry| entry.path());
        let waiting = files.filter_map(Waiting::of);
        let mut known = BTreeMap::new();
        for one in waiting {
            // An older program put a message that it could not read in once more, behind the others.
            let first: &mut Waiting = known.entry(one.id).or_insert_with(|| one.clone());
            if one.number < first.number {
                *first = one;
            }
        }
        *self.known() = known;
        Ok(())
    }

    /// A waiting message's bytes. A file that does not hold this message any more would keep all others from being sent:
    /// it is moved to the folder `damaged`, and the fault says where it lies. One that cannot be read may be whole, so it
    /// stays where it is.
    ///
    /// # Errors
    /// `S087` for a file that is damaged, `S089` for one that cannot be read.
    pub fn read(&self, id: &MessageId) -> Result<Vec<u8>, Fault> {
        let file = self.waits(id)?;
        let read = whole(&file).map_err(|error| unreadable(id, &file, &error))?;
        if holds(id, &read) {
            return Ok(read);
        }
        let aside = self.put_aside(id, &file);
        let aside = aside.map_err(|fault| unreadable(id, &file, &fault))?;
        self.known().remove(id);
        Err(Fault::new(
            DAMAGED_FILE,
            format!(
                "the waiting file of message {id} is damaged and was not sent; those behind it are"
            ),
        )
        .at(aside.display().to_string())
        .remedy("give the message again, it takes its old place among what waits; check the disk of the spool"))
    }

    /// Keeps a signed answer that holds final answers of this kind, as it came; durable when this
    /// returns. To be called before they are settled. Its name is the SHA-256 of its bytes.
    pub fn keep(&self, state: SpoolState, signed: &[u8]) -> Result<PathBuf, Fault> {
        let folder = self.folder(state).join(SIGNED);
        fs::create_dir_all(&folder)
            .and_then(|()| sync_folder(&folder))
            .map_err(|error| cannot(&folder, &error))?;
        let file = folder.join(format!("{}.xml", cordon_wire::digest_of_bytes(signed)));
        write_durably(&file, signed)?;
        Ok(file)
    }

    /// Records the final answer to a waiting message and moves it.
    pub fn settle(&self, id: &MessageId, state: SpoolState, answer: &[u8]) -> Result<(), Fault> {
        let to = self.settled(state, id);
        write_durably(&to.with_extension("answer.xml"), answer)?;
        let from = self.waits(id)?;
        fs::rename(&from, &to)
            .and_then(|()| sync_folder(&to))
            .and_then(|()| sync_folder(&from))
            .map_err(|error| cannot(&to, &error))?;
        self.known().remove(id);
        Ok(())
    }

    /// Where a waiting message lies.
    fn waits(&self, id: &MessageId) -> Result<PathBuf, Fault> {
        let known = self.known();
        known
            .get(id)
            .map(|waiting| waiting.file.clone())
            .ok_or_else(|| {
                let missing = io::Error::new(io::ErrorKind::NotFound, format!("{id} is gone"));
                cannot(&self.folder(SpoolState::Waiting), &missing)
            })
    }

    /// Where a message with its final answer lies.
    fn settled(&self, state: SpoolState, id: &MessageId) -> PathBuf {
        self.folder(state).join(format!("{id}.xml"))
    }

    fn folder(&self, state: SpoolState) -> PathBuf {
        self.root.join(state.as_str())
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<MessageId, Waiting>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a file so that it is whole or not there, also after a crash.
pub fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let temporary = path.with_extension("part");
    let written = File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| sync_folder(path));
    written.map_err(|error| cannot(path, &error))
}

fn sync_folder(file: &Path) -> io::Result<()> {
    match file.parent() {
        // A bare name lies in the folder at hand.
        Some(folder) if folder.as_os_str().is_empty() => File::open(".")?.sync_all(),
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Whether these bytes are the message of this id.
fn holds(id: &MessageId, bytes: &[u8]) -> bool {
    cordon_wire::parse_message(bytes).is_ok_and(|message| message.header.message_id == *id)
}

/// The bytes of a file; none of a folder, or of something that would be waited on for ever.
fn whole(file: &Path) -> io::Result<Vec<u8>> {
    match fs::metadata(file)?.is_file() {
        true => fs::read(file),
        false => Ok(Vec::new()),
    }
}

fn unreadable(id: &MessageId, file: &Path, why: &dyn std::fmt::Display) -> Fault {
    let words = format!(
        "the waiting file of message {id} cannot be read, and was not sent; those behind it are: {why}"
    );
    Fault::new(UNREADABLE, words)
        .at(file.display().to_string())
        .remedy("mend what keeps it from being read and run the command again, or give the message again")
}

/// Removes what was being written when its writer was killed.
fn remove_parts(folder: &Path) -> Result<(), Fault> {
    let entries = fs::read_dir(folder).map_err(|error| cannot(folder, &error))?;
    let files = entries.flatten().map(|entry| entry.path());
    let parts = files.filter(|path| path.extension().is_some_and(|it| it == "part"));
    for part in parts {
        fs::remove_file(&part).map_err(|error| cannot(&part, &error))?;
    }
    Ok(())
}

fn cannot(path: &Path, error: &io::Error) -> Fault {
    Fault::new("S030", format!("cannot use the spool: {error}"))
        .at(path.display().to_string())
        .remedy("check that the folder exists, is writable and has room")
}
