//! The real disk without syncs: what the hub can do when the disk costs nothing. Only for comparison.

use std::any::Any;
use std::io;
use std::path::Path;
use std::sync::Arc;

use cordon_journal::disk::{Disk, DiskFile, FileId, RealDisk};

/// Files of the operating system that are never synced.
pub struct UnsyncedDisk;

struct UnsyncedFile(Arc<dyn DiskFile>);

impl Disk for UnsyncedDisk {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.make_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(dir)
    }

    fn open(&self, path: &Path, write: bool) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(UnsyncedFile(RealDisk.open(path, write)?)))
    }

    fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(UnsyncedFile(RealDisk.create(path, bytes)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        RealDisk.free_bytes(dir)
    }

    fn id(&self, path: &Path) -> io::Result<FileId> {
        RealDisk.id(path)
    }

    fn lock(&self, dir: &Path) -> io::Result<Option<Box<dyn Any + Send>>> {
        RealDisk.lock(dir)
    }

    fn salt(&self) -> io::Result<u64> {
        RealDisk.salt()
    }
}

impl DiskFile for UnsyncedFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(out, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_at(bytes, offset)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }

    fn id(&self) -> io::Result<FileId> {
        self.0.id()
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
