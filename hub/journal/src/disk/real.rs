//! The real disk: the operating system's files.

use std::any::Any;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

use rustix::io::ReadWriteFlags;

use super::patience::{self, Hand, TIMES, answers, disk_of};
use super::{Disk, DiskFile, FileId, Pages, modes};

/// The operating system's files. A disk that hangs is one that fails: see [`super::patience`]. What changes a file or
/// a folder is given up there; reading is not, but by [`DiskFile::read_in_time`].
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl RealDisk {
    /// Opens a file for reading and writing, or makes it without a byte.
    pub(crate) fn open_or_make(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        RealFile::of(opened_or_made(path)?)
    }
}

impl RealDisk {
    /// As [`RealDisk::open_or_make`], locked for who opens it here until what comes with it is dropped; `None` when
    /// another has it.
    pub(crate) fn open_alone(&self, path: &Path) -> io::Result<Option<Alone>> {
        let file = opened_or_made(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some((
                RealFile::of(file.try_clone()?)?,
                Box::new(Locked(file)),
            ))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// A file, and what keeps others away from it.
pub(crate) type Alone = (Arc<dyn DiskFile>, Box<dyn Any + Send + Sync>);

struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // The file may be open a while longer, for who reads it.
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "a file is not unlocked");
        }
    }
}

fn opened_or_made(path: &Path) -> io::Result<File> {
    with(path, |path| {
        modes::open_new(OpenOptions::new().read(true).write(true), path)
    })
}

struct RealFile {
    file: Arc<File>,
    /// What changes it.
    changes: Hand,
    /// Another: who reads waits for no sync.
    reads: Hand,
}

impl RealFile {
    fn of(file: File) -> io::Result<Arc<dyn DiskFile>> {
        let disk = file.metadata()?.dev();
        Ok(Arc::new(Self {
            file: Arc::new(file),
            changes: Hand::new(disk, TIMES),
            reads: Hand::of_reader(disk, TIMES),
        }))
    }

    fn change(
        &self,
        change: impl FnOnce(&File) -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let file = Arc::clone(&self.file);
        self.changes.run(move || change(&file))
    }
}

/// Fails while the disk on which this file lies, or would, does not answer.
fn look(path: &Path) -> io::Result<()> {
    disk_of(path).map_or(Ok(()), answers)
}

/// Does with a path what may hang.
fn with<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let at = path.to_owned();
    patience::run(path, move || work(&at))
}

impl Disk for RealDisk {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        with(dir, modes::make_dir)
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
        let made = with(path, move |path| {
            let mut options = OpenOptions::new();
            let file = modes::open_new(options.read(true).write(true).truncate(true), path)?;
            if let Err(error) = reserve(&file, bytes) {
                // A half-made file would keep the room the next try needs.
                let _ = fs::remove_file(path);
                return Err(error);
            }
            Ok(file)
        });
        RealFile::of(made?)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let to = to.to_owned();
        with(from, move |from| fs::rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        with(path, |path| fs::remove_file(path))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        with(dir, |dir| File::open(dir)?.sync_all())
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
        let file = opened_or_made(&dir.join("lock"))?;
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

fn read_at(file: &File, out: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = out.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

impl DiskFile for RealFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        read_at(&self.file, out, offset)
    }

    fn read_in_time(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        // What the system has in its memory is there at once, and needs no thread.
        let at_once = rustix::io::preadv2(
            &self.file,
            &mut [io::IoSliceMut::new(out)],
            offset,
            ReadWriteFlags::NOWAIT,
        );
        if at_once == Ok(out.len()) {
            return Ok(out.len());
        }
        let (file, bytes) = (Arc::clone(&self.file), out.len());
        let read = self.reads.run(move || {
            let mut read = vec![0; bytes];
            let len = read_at(&file, &mut read, offset)?;
            read.truncate(len);
            Ok(read)
        })?;
        if let Some(out) = out.get_mut(..read.len()) {
            out.copy_from_slice(&read);
        }
        Ok(read.len())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let bytes = bytes.to_vec();
        self.change(move |file| file.write_all_at(&bytes, offset))
    }

    fn write_pages(&self, pages: &Arc<Pages>) -> io::Result<()> {
        let pages = Arc::clone(pages);
        self.change(move |file| {
            let mut pages = pages.iter();
            pages.try_for_each(|(offset, page)| file.write_all_at(page, *offset))
        })
    }

    fn write_durably(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let bytes = bytes.to_vec();
        self.change(move |file| {
            file.write_all_at(&bytes, offset)?;
            file.sync_data()
        })
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.change(move |file| file.set_len(bytes))
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
        self.change(File::sync_data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_in_time_is_what_stands_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let file = RealDisk.open_or_make(&path).unwrap();
        let bytes: Vec<u8> = (0..9_000)
            .map(|at| u8::try_from(at % 251).unwrap())
            .collect();
        file.write_durably(&bytes, 0).unwrap();
        for (from, len) in [
            (0, 9_000),
            (4_000, 500),
            (8_990, 100),
            (9_000, 1),
            (20_000, 5),
            (3, 0),
        ] {
            let (mut read, mut in_time) = (vec![0; len], vec![0; len]);
            let expected = file.read_at(&mut read, from).unwrap();
            assert_eq!(file.read_in_time(&mut in_time, from).unwrap(), expected);
            assert_eq!(in_time, read, "{len} from {from}");
        }
    }
}
