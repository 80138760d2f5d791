//! The enterprise's durable spool: a message leaves it only with an answer.
//!
//! Four folders: `waiting` holds messages as they will be sent, named by message id; `accepted` and
//! `refused` hold them with the answer beside. A message is written to `waiting` and synced before
//! it is first sent, and moved after its answer is synced, so a crash at any moment costs at most
//! a repeated submission, which the hub answers with the first receipt again.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use cordon_contract::Fault;
use cordon_model::MessageId;

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
    fn folder(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

/// A spool folder.
#[derive(Clone, Debug)]
pub struct Spool {
    root: PathBuf,
}

impl Spool {
    /// Opens a spool, making its folders where they are missing.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, Fault> {
        let root = root.into();
        for state in [
            SpoolState::Waiting,
            SpoolState::Accepted,
            SpoolState::Refused,
        ] {
            let folder = root.join(state.folder());
            fs::create_dir_all(&folder).map_err(|error| cannot(&folder, &error))?;
        }
        Ok(Self { root })
    }

    /// Puts a message in; durable when this returns. A message that is there already, in any state,
    /// is left alone; the answer says in which.
    pub fn put(&self, id: &MessageId, message: &[u8]) -> Result<SpoolState, Fault> {
        for state in [
            SpoolState::Accepted,
            SpoolState::Refused,
            SpoolState::Waiting,
        ] {
            let file = self.file(state, id);
            let Ok(present) = fs::read(&file) else {
                continue;
            };
            if present == message {
                return Ok(state);
            }
            return Err(Fault::new(
                "S031",
                format!("message id {id} is in the spool with another content"),
            )
            .at(file.display().to_string())
            .remedy("give the changed message an id of its own"));
        }
        write_durably(&self.file(SpoolState::Waiting, id), message)?;
        Ok(SpoolState::Waiting)
    }

    /// Ids of waiting messages, oldest id first.
    pub fn waiting(&self) -> Result<Vec<MessageId>, Fault> {
        self.list(SpoolState::Waiting)
    }

    /// Ids of the messages in a state.
    pub fn list(&self, state: SpoolState) -> Result<Vec<MessageId>, Fault> {
        let folder = self.root.join(state.folder());
        let entries = fs::read_dir(&folder).map_err(|error| cannot(&folder, &error))?;
        let mut ids: Vec<MessageId> = entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                name.strip_suffix(".xml")?.parse().ok()
            })
            .collect();
        ids.sort();
        Ok(ids)
    }

    /// A waiting message's bytes.
    pub fn read(&self, id: &MessageId) -> Result<Vec<u8>, Fault> {
        let file = self.file(SpoolState::Waiting, id);
        fs::read(&file).map_err(|error| cannot(&file, &error))
    }

    /// Records the answer to a waiting message and moves it.
    pub fn settle(&self, id: &MessageId, state: SpoolState, answer: &[u8]) -> Result<(), Fault> {
        let to = self.file(state, id);
        write_durably(&to.with_extension("answer.xml"), answer)?;
        let from = self.file(SpoolState::Waiting, id);
        fs::rename(&from, &to)
            .and_then(|()| sync_folder(&to))
            .and_then(|()| sync_folder(&from))
            .map_err(|error| cannot(&to, &error))
    }

    fn file(&self, state: SpoolState, id: &MessageId) -> PathBuf {
        self.root.join(state.folder()).join(format!("{id}.xml"))
    }
}

/// Writes a file so that it is whole or not there, also after a crash.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
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
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn cannot(path: &Path, error: &io::Error) -> Fault {
    Fault::new("S030", format!("cannot use the spool: {error}"))
        .at(path.display().to_string())
        .remedy("check that the folder exists, is writable and has room")
}

#[cfg(test)]
mod tests {
    use super::{Spool, SpoolState};
    use cordon_model::MessageId;

    #[test]
    fn a_message_waits_until_it_is_settled_and_is_never_taken_twice() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        let id = MessageId::random();
        assert_eq!(spool.put(&id, b"<a/>").unwrap(), SpoolState::Waiting);
        assert_eq!(spool.put(&id, b"<a/>").unwrap(), SpoolState::Waiting);
        assert_eq!(spool.put(&id, b"<b/>").unwrap_err().code(), "S031");
        // A spool opened again, as after a crash, still has it.
        let again = Spool::open(folder.path()).unwrap();
        assert_eq!(again.waiting().unwrap(), vec![id]);
        again.settle(&id, SpoolState::Accepted, b"<r/>").unwrap();
        assert!(again.waiting().unwrap().is_empty());
        assert_eq!(again.put(&id, b"<a/>").unwrap(), SpoolState::Accepted);
    }
}
