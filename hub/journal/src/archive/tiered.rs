//! A journal's folder and its archive, read as one.

use std::any::Any;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{Disk, DiskFile, FileId};
use crate::packed;
use crate::segment;

/// Reads a journal's folder with the packed segments of its archive in it. What stands in both is read from the folder.
/// Nothing is written through it, neither here nor there.
pub struct Tiered {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    archive: PathBuf,
}

impl Tiered {
    /// The folder `dir` with what `archive` holds of it. An archive that is not there has nothing: what is only there
    /// is read as trimmed.
    pub fn new(disk: Arc<dyn Disk>, dir: impl AsRef<Path>, archive: impl AsRef<Path>) -> Self {
        Self {
            disk,
            dir: dir.as_ref().to_path_buf(),
            archive: archive.as_ref().to_path_buf(),
        }
    }

    /// Where a file of the folder lies in the archive, if such a file may.
    fn archived(&self, path: &Path) -> Option<PathBuf> {
        let name = path.file_name()?.to_str()?;
        let may_be = path.parent() == Some(&self.dir) && name.ends_with(packed::SUFFIX);
        may_be.then(|| self.archive.join(name))
    }
}

/// The disk on which `dir` and its archive are one folder; `disk` itself where there is no archive.
pub fn tiered(disk: Arc<dyn Disk>, dir: &Path, archive: Option<&Path>) -> Arc<dyn Disk> {
    match archive {
        Some(archive) => Arc::new(Tiered::new(disk, dir, archive)),
        None => disk,
    }
}

fn read_only<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for Tiered {
    fn make_dir(&self, _: &Path) -> io::Result<()> {
        read_only()
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = self.disk.list(dir)?;
        let kept = names.iter().filter_map(|name| segment::number_of(name));
        // An archive that goes further is that of a later journal: a backup was restored.
        let lowest = kept.min().unwrap_or(u64::MAX);
        if dir == self.dir
            && let Ok(archived) = self.disk.list(&self.archive)
        {
            let is_older = |name: &String| segment::number_of(name).is_some_and(|of| of < lowest);
            let archived = archived.into_iter();
            names.extend(archived.filter(|name| name.ends_with(packed::SUFFIX) && is_older(name)));
        }
        Ok(names)
    }

    fn open(&self, path: &Path, write: bool) -> io::Result<Arc<dyn DiskFile>> {
        if write {
            return read_only();
        }
        match self.disk.open(path, false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => match self.archived(path) {
                Some(archived) => self.disk.open(&archived, false),
                None => Err(error),
            },
            opened => opened,
        }
    }

    fn create(&self, _: &Path, _: u64) -> io::Result<Arc<dyn DiskFile>> {
        read_only()
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        read_only()
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        read_only()
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        read_only()
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        self.disk.free_bytes(dir)
    }

    fn id(&self, path: &Path) -> io::Result<FileId> {
        self.disk.id(path)
    }

    fn lock(&self, _: &Path) -> io::Result<Option<Box<dyn Any + Send>>> {
        read_only()
    }

    fn salt(&self) -> io::Result<u64> {
        read_only()
    }
}
