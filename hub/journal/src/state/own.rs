//! The very file that a run has open, and what it may hold. A path is asked which file it leads to before
//! that is taken for the state: whoever has it removed, or another put in its place, has the messages that
//! were acknowledged taken for new.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::Database;

use super::file::{Source, position_of, read_aside, state_fault};
use crate::disk::{Disk as _, DiskFile, FileId, RealDisk};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::watch::Position;

/// Bytes copied at once.
const COPY_BYTES: usize = 1 << 20;

/// The file of this run. It is held open a second time: it can be read when no path leads to it any more.
#[derive(Default)]
pub(super) struct Own {
    file: Option<(Arc<dyn DiskFile>, FileId)>,
    /// Where it may stand: at what was committed, or at what was being committed when the disk failed. None
    /// before the first time it was open.
    stands: Vec<Position>,
}

impl Own {
    /// The file that has just been opened, or exchanged for one that this run made.
    pub(super) fn is_open(&mut self, source: &Source, database: &Database) {
        self.file = held(source);
        self.stands.clear();
        self.stands.extend(position_of(database).ok());
    }

    /// Nothing that is known stands in the file.
    pub(super) fn is_nothing(&mut self) {
        *self = Self::default();
    }

    /// A commit begins: it may be in the file from here on.
    pub(super) fn is_tried(&mut self, position: Position) {
        self.stands.push(position);
    }

    /// A commit is on the disk.
    pub(super) fn is_committed(&mut self, position: Position) {
        self.stands.clear();
        self.stands.push(position);
    }

    /// Whether the path leads to this file.
    pub(super) fn lies_at(&self, source: &Source) -> bool {
        match (source, &self.file) {
            (Source::Path(path), Some((_, id))) => RealDisk.id(path).is_ok_and(|now| now == *id),
            _ => true,
        }
    }

    /// Refuses a file that does not stand where this run left it.
    pub(super) fn require(&self, place: &str, database: &Database) -> Result<()> {
        let found = position_of(database).map_err(|error| state_fault(place, error))?;
        if self.stands.is_empty() || self.stands.contains(&found) {
            return Ok(());
        }
        let known = self.stands.iter().map(|(number, _)| *number).max();
        let detail = format!(
            "it stands at record {}, this hub saved it at record {}: it is an older copy or another hub's, and is not taken",
            found.0,
            known.unwrap_or_default()
        );
        Err(JournalFault::new(FaultKind::State, place, detail))
    }

    /// Opens the file as it stands, wherever it lies.
    pub(super) fn aside(&self, source: &Source, place: &str) -> Result<Database> {
        let database = match &self.file {
            Some((file, _)) => read_aside(place, Some(Arc::clone(file)))?,
            None => source.aside(place)?.0,
        };
        self.require(place, &database)?;
        Ok(database)
    }

    /// Writes what the file holds to its path again, where it lies no longer. What lies there is kept under
    /// another name: it may be the only thing left of something.
    pub(super) fn put_back(&self, path: &Path, place: &str) -> Result<Database> {
        let part = part_of(path);
        let made = self.copied(&part, place);
        let moved = made.and_then(|database| {
            move_in(&part, path).map_err(|error| state_fault(place, redb::Error::Io(error)))?;
            Ok(database)
        });
        if moved.is_err() {
            // A half-made one would keep the room that the next try needs.
            let _ = RealDisk.remove(&part);
        }
        moved
    }

    /// A copy of the file, on the disk and open; it is opened before it takes the place.
    fn copied(&self, part: &Path, place: &str) -> Result<Database> {
        if let Some((file, _)) = &self.file {
            copy(file.as_ref(), part)
                .map_err(|error| state_fault(place, redb::Error::Io(error)))?;
        }
        let database = Source::Path(part.to_owned()).open(place)?.good(place)?;
        self.require(place, &database)?;
        Ok(database)
    }
}

/// The file that a source leads to now; without room for one more open file its path alone is known.
fn held(source: &Source) -> Option<(Arc<dyn DiskFile>, FileId)> {
    let file = match source {
        Source::Path(path) => RealDisk.open(path, false).ok()?,
        Source::File(file) => Arc::clone(file),
    };
    let id = file.id().ok()?;
    Some((file, id))
}

/// What a copy is called until it is whole.
fn part_of(path: &Path) -> PathBuf {
    beside(path, ".part")
}

/// Removes the copy that was left by a run which ended while it put its file back: all of it stands in the
/// journal.
pub(super) fn forget_part(path: &Path) {
    let part = part_of(path);
    if fs::symlink_metadata(&part).is_err() {
        return;
    }
    let place = part.display();
    match RealDisk.remove(&part) {
        Ok(()) => tracing::info!(%place, "a half-made copy of the state is removed"),
        // It only takes room; the next start tries again.
        Err(error) => {
            tracing::warn!(%error, %place, "a half-made copy of the state is not removed");
        }
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn copy(from: &dyn DiskFile, to: &Path) -> io::Result<()> {
    let file = RealDisk.open_or_make(to)?;
    file.set_len(0)?;
    let mut bytes = vec![0; COPY_BYTES];
    let mut at = 0;
    loop {
        let read = from.read_in_time(&mut bytes, at)?;
        file.write_at(bytes.get(..read).unwrap_or_default(), at)?;
        at += read as u64;
        if read < bytes.len() {
            return file.sync();
        }
    }
}

/// Gives `part` the name of `path`; what has it is called `.astray` from then on.
fn move_in(part: &Path, path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        RealDisk.rename(path, &beside(path, ".astray"))?;
    }
    RealDisk.rename(part, path)?;
    let folder = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    RealDisk.sync_dir(folder.unwrap_or(Path::new(".")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Changes, InboxMark, State as _, StateStore};

    const ID: [u8; 16] = [7; 16];

    fn mark() -> InboxMark {
        InboxMark {
            number: 2,
            time_micros: 1,
            marks: 0,
            digest: [2; 32],
            identity: [2; 32],
            chain: [2; 32],
        }
    }

    fn save(store: &StateStore, number: u8) -> Result<()> {
        let mut changes = Changes::at(number.into(), [number; 32]);
        if number == 2 {
            changes.inbox("e1", ID, mark());
        }
        store.commit(&changes)
    }

    /// A state that knows a message, an older copy that does not, and another hub's of the same position.
    struct Scene {
        folder: tempfile::TempDir,
        store: StateStore,
    }

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = |name: &str| folder.path().join(name);
            let (other, _) = StateStore::open(path("other")).unwrap();
            other.commit(&Changes::at(2, [9; 32])).unwrap();
            let (store, _) = StateStore::open(path("state.redb")).unwrap();
            save(&store, 1).unwrap();
            fs::copy(path("state.redb"), path("older")).unwrap();
            save(&store, 2).unwrap();
            Self { folder, store }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn exchange(&self, how: &str) {
            let (path, name) = (self.path("state.redb"), how.trim_end_matches(" in place"));
            if !how.ends_with("in place") {
                fs::remove_file(&path).unwrap();
            }
            match name {
                "removed" => {}
                "empty" => fs::write(path, b"").unwrap(),
                "garbage" => fs::write(path, [5; 9_000]).unwrap(),
                "folder" => fs::create_dir(path).unwrap(),
                name => drop(fs::copy(self.path(name), path).unwrap()),
            }
        }

        fn knows(&self) -> Option<InboxMark> {
            self.store.inbox("e1", &ID).unwrap()
        }
    }

    /// Whatever lay at the path was opened when the disk worked again, and an acknowledged message was new.
    #[test]
    fn a_file_that_is_exchanged_while_its_disk_fails_is_not_adopted() {
        for how in ["removed", "empty", "garbage", "folder", "older", "other"] {
            for fails_on in [false, true] {
                let scene = Scene::new();
                let (store, path) = (&scene.store, scene.path("state.redb"));
                store.fail().unwrap();
                scene.exchange(how);
                if fails_on {
                    store.fail().unwrap();
                    assert_eq!(scene.knows(), Some(mark()), "{how}: read as it stood");
                    assert_eq!(store.astray().len(), 1, "{how}");
                }
                save(store, 3).unwrap();
                assert_eq!(scene.knows(), Some(mark()), "{how}");
                assert_eq!(store.trouble(), None);
                assert_eq!(store.astray().len(), 1, "{how}: told once");
                assert_eq!(store.astray(), Vec::<String>::new());
                let kept = scene.path("state.redb.astray").exists();
                assert_eq!(kept, how != "removed", "{how}: what lay there is kept");
                assert!(!scene.path("state.redb.part").exists());
                let Scene { folder, store } = scene;
                drop(store);
                let (store, rebuild) = StateStore::open(&path).unwrap();
                assert_eq!(rebuild, None, "{how}");
                assert_eq!(store.position().unwrap(), (3, [3; 32]));
                assert_eq!(store.inbox("e1", &ID).unwrap(), Some(mark()));
                drop(folder);
            }
        }
    }

    /// Removed first, and its disk failed then: the file is the one that was open all the same.
    #[test]
    fn a_file_that_is_removed_before_its_disk_fails_is_read_as_it_stood() {
        for how in ["removed", "older", "other"] {
            let scene = Scene::new();
            scene.exchange(how);
            scene.store.fail().unwrap();
            assert_eq!(scene.knows(), Some(mark()), "{how}");
            save(&scene.store, 3).unwrap();
            assert_eq!(scene.knows(), Some(mark()), "{how}");
            assert_eq!(scene.store.position().unwrap(), (3, [3; 32]));
        }
    }

    /// It stayed for ever, and took the room of a state.
    #[test]
    fn a_half_made_copy_that_a_kill_left_is_removed_at_the_next_opening() {
        let Scene { folder, store } = Scene::new();
        drop(store);
        let path = folder.path().join("state.redb");
        fs::write(part_of(&path), [1; 5_000]).unwrap();
        let (store, rebuild) = StateStore::open(&path).unwrap();
        assert_eq!(rebuild, None);
        assert_eq!(store.inbox("e1", &ID).unwrap(), Some(mark()));
        assert!(!part_of(&path).exists());
    }

    /// Nothing is left of what was known then: the state answers nothing until it is built again.
    #[test]
    fn a_file_whose_content_is_exchanged_answers_nothing() {
        for how in ["older in place", "other in place", "empty in place"] {
            let scene = Scene::new();
            scene.store.fail().unwrap();
            scene.exchange(how);
            for _ in 0..2 {
                assert!(save(&scene.store, 3).is_err(), "{how}");
                assert!(scene.store.position().is_err(), "{how}");
                assert!(scene.store.inbox("e1", &ID).is_err(), "{how}");
                assert!(scene.store.trouble().is_some(), "{how}");
            }
            let path = scene.path("state.redb");
            let Scene { folder, store } = scene;
            drop(store);
            assert!(
                StateStore::open(&path).is_ok(),
                "{how}: at the next opening"
            );
            drop(folder);
        }
    }
}
