//! The disk as the journal sees it: a small trait, the real disk, and a simulated one for crash tests.

pub mod modes;
pub mod patience;
mod real;
pub mod sim;

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use real::RealDisk;

/// Pieces of a file by their offset.
pub type Pages = BTreeMap<u64, Vec<u8>>;

/// What makes a file that very file, whatever it is called: its disk and its number there.
pub type FileId = (u64, u64);

/// Files and folders under a journal. Every durable effect goes through here, so that a test can
/// lose, tear and reorder what was not synced.
pub trait Disk: Send + Sync + 'static {
    /// Makes a folder and its parents; fine when it exists.
    fn make_dir(&self, dir: &Path) -> io::Result<()>;
    /// File names in a folder, unordered.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// Opens an existing file.
    fn open(&self, path: &Path, write: bool) -> io::Result<Arc<dyn DiskFile>>;
    /// Makes a new file of `bytes` zero bytes whose room on the disk is reserved; replaces an old one.
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Arc<dyn DiskFile>>;
    /// Renames a file inside one folder, atomically.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes earlier creates, renames and removes in the folder durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Bytes an unprivileged user may still allocate.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;
    /// Bytes of the disk, used and free for an unprivileged user; 0 when that is not known.
    fn total_bytes(&self, _dir: &Path) -> io::Result<u64> {
        Ok(0)
    }
    /// Which file is found under a path now; an error when there is none, or it cannot be reached.
    fn id(&self, path: &Path) -> io::Result<FileId>;
    /// Takes the folder's writer lock, held until the value is dropped; `None` when another holds it.
    fn lock(&self, dir: &Path) -> io::Result<Option<Box<dyn Any + Send>>>;
    /// An unpredictable number, the salt of a segment.
    fn salt(&self) -> io::Result<u64>;
}

/// One open file.
pub trait DiskFile: Send + Sync {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// True for a file of no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Reads up to `out.len()` bytes; fewer only at the end of the file.
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize>;
    /// As [`DiskFile::read_at`], and given up where the disk does not answer: for who cannot wait longer.
    fn read_in_time(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
        self.read_at(out, offset)
    }
    /// Writes all of `bytes`.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Writes each of the pages at its offset.
    fn write_pages(&self, pages: &Arc<Pages>) -> io::Result<()> {
        let mut pages = pages.iter();
        pages.try_for_each(|(offset, page)| self.write_at(page, *offset))
    }
    /// Writes all of `bytes` and makes them, and every earlier write, durable.
    fn write_durably(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_at(bytes, offset)?;
        self.sync()
    }
    /// Changes the length; new bytes are zero.
    fn set_len(&self, bytes: u64) -> io::Result<()>;
    /// Which file this is; it stays so when the path is given to another.
    fn id(&self) -> io::Result<FileId>;
    /// Which file this is and its length, as one question where the system can answer both.
    fn stands(&self) -> io::Result<(FileId, u64)> {
        Ok((self.id()?, self.len()?))
    }
    /// Its length, and when it was written last where the system knows: differs when somebody wrote to it.
    fn version(&self) -> io::Result<(u64, i128)> {
        Ok((self.len()?, 0))
    }
    /// Makes every earlier write durable (`fdatasync`).
    fn sync(&self) -> io::Result<()>;
}
