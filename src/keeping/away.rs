//! The disk as readers of the journal see it while the archive gives no answer: as one that is not there. A start on which nothing was
//! moved yet asks for it nevertheless, and would wait with everything behind it.

use std::any::Any;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cordon_journal::disk::{Disk, DiskFile, FileId, RealDisk};

/// What is said of an archive for as long as it does not answer.
pub type Said = Arc<Mutex<Option<String>>>;

/// The real disk, on which the archive is away while something is said of it.
pub struct UnlessAway {
    journal: PathBuf,
    archive: PathBuf,
    said: Said,
}

impl UnlessAway {
    /// For readers of this journal; the real disk where there is no archive.
    pub fn of(journal: &Path, archive: Option<&Path>, said: &Said) -> Arc<dyn Disk> {
        match archive {
            Some(archive) => Arc::new(Self {
                journal: journal.to_owned(),
                archive: archive.to_owned(),
                said: Arc::clone(said),
            }),
            None => Arc::new(RealDisk),
        }
    }

    /// Nothing of the archive is asked while it hangs, where the journal's folder lacks nothing. Else it is waited for: what it holds is not
    /// to be taken for forgotten.
    fn require(&self, path: &Path) -> io::Result<()> {
        let is_there = || {
            let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            said.is_none()
        };
        if !path.starts_with(&self.archive) || is_there() || !self.is_whole() {
            return Ok(());
        }
        Err(io::ErrorKind::TimedOut.into())
    }

    /// Whether the journal's folder begins with its first segment.
    fn is_whole(&self) -> bool {
        let names = RealDisk.list(&self.journal).unwrap_or_default();
        names.iter().any(|name| name.starts_with("00000001.seg"))
    }
}

impl Disk for UnlessAway {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.make_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.require(dir)?;
        RealDisk.list(dir)
    }

    fn open(&self, path: &Path, write: bool) -> io::Result<Arc<dyn DiskFile>> {
        self.require(path)?;
        RealDisk.open(path, write)
    }

    fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn DiskFile>> {
        RealDisk.create(path, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.sync_dir(dir)
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        RealDisk.free_bytes(dir)
    }

    fn total_bytes(&self, dir: &Path) -> io::Result<u64> {
        RealDisk.total_bytes(dir)
    }

    fn id(&self, path: &Path) -> io::Result<FileId> {
        self.require(path)?;
        RealDisk.id(path)
    }

    fn lock(&self, dir: &Path) -> io::Result<Option<Box<dyn Any + Send>>> {
        RealDisk.lock(dir)
    }

    fn salt(&self) -> io::Result<u64> {
        RealDisk.salt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_that_hangs_is_away_unless_the_journal_lacks_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, archive) = (folder.path().join("journal"), folder.path().join("archive"));
        for folder in [&journal, &archive] {
            std::fs::create_dir(folder).unwrap();
        }
        let said = Said::default();
        let disk = UnlessAway::of(&journal, Some(&archive), &said);
        std::fs::write(journal.join("00000001.seg"), "").unwrap();
        assert!(disk.list(&archive).is_ok());
        *said.lock().unwrap() = Some("it hangs".to_owned());
        assert!(disk.list(&archive).is_err() && disk.list(&journal).is_ok());
        std::fs::remove_file(journal.join("00000001.seg")).unwrap();
        assert!(disk.list(&archive).is_ok(), "it is waited for");
    }
}
