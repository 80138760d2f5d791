//! The real disk: the operating system's files.

use std::any::Any;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

use super::patience::{PATIENCE, Syncer, answers, disk_of};
use super::{Disk, DiskFile, FileId, modes, patience};

/// The operating system's files. A disk that hangs is one that fails: see [`super::patience`].
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

struct RealFile {
    file: Arc<File>,
    syncer: Syncer,
}

impl RealFile {
    fn of(file: File) -> io::Result<Arc<dyn DiskFile>> {
        let disk = file.metadata()?.dev();
        let file = Arc::new(file);
        let synced = Arc::clone(&file);
        Ok(Arc::new(Self {
            syncer: Syncer::new(disk, PATIENCE, move || synced.sync_data()),
            file,
        }))
    }
}

/// Fails while the disk on which this file lies, or would, does not answer.
fn look(path: &Path) -> io::Result<()> {
    disk_of(path).map_or(Ok(()), answers)
}

impl Disk for RealDisk {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        modes::make_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn open(&self, path: &Path, write: bool) -> io::Result<Arc<dyn DiskFile>> {
        if write {
            look(path)?;
        }
        RealFile::of(OpenOptions::new().read(true).write(write).open(path)?)
    }

    fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn DiskFile>> {
        look(path)?;
        let mut options = OpenOptions::new();
        let file = modes::open_new(options.read(true).write(true).truncate(true), path)?;
        if let Err(error) = reserve(&file, bytes) {
            // A half-made file would keep the room the next try needs.
            let _ = fs::remove_file(path);
            return Err(error);
        }
        RealFile::of(file)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        patience::sync(&File::open(dir)?)
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(dir)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn total_bytes(&self, dir: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(dir)?;
        let used = stat.f_blocks.saturating_sub(stat.f_bfree);
        Ok(used
            .saturating_add(stat.f_bavail)
            .saturating_mul(stat.f_frsize))
    }

    fn id(&self, path: &Path) -> io::Result<FileId> {
        let found = fs::metadata(path)?;
        Ok((found.dev(), found.ino()))
    }

    fn lock(&self, dir: &Path) -> io::Result<Option<Box<dyn Any + Send>>> {
        look(dir)?;
        let mut options = OpenOptions::new();
        let file = modes::open_new(options.read(true).write(true), &dir.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn salt(&self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        aws_lc_rs::rand::fill(&mut bytes)
            .map_err(|_| io::Error::other("no randomness from the operating system"))?;
        Ok(u64::from_le_bytes(bytes))
    }
}

/// Gives the file its length and its room on the disk. Blocks are reserved, not written: measured
/// on ext4, later syncs cost the same and the disk is written once instead of twice.
#[cfg(target_os = "linux")]
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    match fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::OPNOTSUPP) => fill(file, bytes),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    fill(file, bytes)
}

/// For file systems that cannot reserve: writes zeros.
fn fill(file: &File, bytes: u64) -> io::Result<()> {
    let zeros = vec![0; 1 << 20];
    let mut at = 0;
    while at < bytes {
        let len = usize::try_from((bytes - at).min(1 << 20)).unwrap_or(zeros.len());
        file.write_all_at(zeros.get(..len).unwrap_or_default(), at)?;
        at += len as u64;
    }
    Ok(())
}

impl DiskFile for RealFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = out.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, offset + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }

    fn id(&self) -> io::Result<FileId> {
        let found = self.file.metadata()?;
        Ok((found.dev(), found.ino()))
    }

    fn stands(&self) -> io::Result<(FileId, u64)> {
        let found = self.file.metadata()?;
        Ok(((found.dev(), found.ino()), found.len()))
    }

    fn version(&self) -> io::Result<(u64, i128)> {
        let found = self.file.metadata()?;
        let nanos = i128::from(found.mtime()) * 1_000_000_000 + i128::from(found.mtime_nsec());
        Ok((found.len(), nanos))
    }

    fn sync(&self) -> io::Result<()> {
        self.syncer.sync()
    }
}
