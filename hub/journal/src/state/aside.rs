//! The file of a state on a disk without room: read as it stands, and what is written is kept beside it in
//! memory. Even opening a state may write: a repair after a crash, or its tables.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

use crate::disk::DiskFile;

const BLOCK: u64 = 4096;
/// Bytes kept in memory at most; beyond, there is no room here either.
const KEPT_BYTES_MAX: u64 = 64 << 20;

/// A file that is never written, under what was written all the same.
pub(super) struct Aside {
    base: Option<Arc<dyn DiskFile>>,
    /// How the file was when it was opened: the engine does not survive pages of two files.
    version: Option<(u64, i128)>,
    kept: Mutex<Kept>,
}

struct Kept {
    len: u64,
    /// How much of the file still counts; what lies behind was cut.
    base_len: u64,
    /// Whole blocks, by their place in the file.
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl Aside {
    /// Over a file as it stands; without one, over nothing.
    pub(super) fn over(base: Option<Arc<dyn DiskFile>>) -> io::Result<Self> {
        let version = base.as_ref().map(|file| file.version()).transpose()?;
        let len = version.map_or(0, |(len, _)| len);
        Ok(Self {
            base,
            version,
            kept: Mutex::new(Kept {
                len,
                base_len: len,
                blocks: BTreeMap::new(),
            }),
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A block as it stands.
    fn block(&self, kept: &Kept, at: u64) -> io::Result<Vec<u8>> {
        if let Some(block) = kept.blocks.get(&at) {
            return Ok(block.clone());
        }
        let mut block = vec![0; usize::try_from(BLOCK).unwrap_or_default()];
        let counts = kept.base_len.saturating_sub(at * BLOCK).min(BLOCK);
        let counts = usize::try_from(counts).unwrap_or_default();
        if let (Some(base), Some(out)) = (&self.base, block.get_mut(..counts)) {
            if base.read_in_time(out, at * BLOCK)? != out.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if Some(base.version()?) != self.version {
                return Err(io::Error::other("somebody wrote to it while it was read"));
            }
        }
        Ok(block)
    }
}

/// The parts of `bytes` at `offset`, each within one block: its number, where in it, and which bytes.
fn parts(offset: u64, bytes: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let within = usize::try_from(at % BLOCK).unwrap_or_default();
        let most = usize::try_from(BLOCK).unwrap_or_default() - within;
        let some = most.min(bytes - done);
        let range = done..done + some;
        done += some;
        (some > 0).then_some((at / BLOCK, within, range))
    })
}

impl std::fmt::Debug for Aside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Aside")
    }
}

impl StorageBackend for Aside {
    fn len(&self) -> io::Result<u64> {
        Ok(self.kept().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let kept = self.kept();
        if offset.saturating_add(out.len() as u64) > kept.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (at, within, range) in parts(offset, out.len()) {
            let block = self.block(&kept, at)?;
            let from = block.get(within..within + range.len());
            if let (Some(from), Some(to)) = (from, out.get_mut(range)) {
                to.copy_from_slice(from);
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut kept = self.kept();
        if len < kept.len {
            kept.blocks.split_off(&len.div_ceil(BLOCK));
            let within = usize::try_from(len % BLOCK).unwrap_or_default();
            if let Some(last) = kept.blocks.get_mut(&(len / BLOCK))
                && let Some(cut) = last.get_mut(within..)
            {
                cut.fill(0);
            }
            kept.base_len = kept.base_len.min(len);
        }
        kept.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut kept = self.kept();
        for (at, within, range) in parts(offset, data.len()) {
            let mut block = self.block(&kept, at)?;
            let to = block.get_mut(within..within + range.len());
            if let (Some(from), Some(to)) = (data.get(range), to) {
                to.copy_from_slice(from);
            }
            let is_new = kept.blocks.insert(at, block).is_none();
            if is_new && kept.blocks.len() as u64 * BLOCK > KEPT_BYTES_MAX {
                kept.blocks.remove(&at);
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        kept.len = kept.len.max(offset + data.len() as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::disk::Disk as _;
    use crate::disk::sim::SimDisk;

    #[test]
    fn what_is_written_is_read_again_and_the_file_stays_as_it_was() {
        let disk = SimDisk::new(1);
        let path = Path::new("/file");
        let file = disk.create(path, 10_000).unwrap();
        file.write_at(&[7; 10_000], 0).unwrap();
        let aside = Aside::over(Some(Arc::clone(&file))).unwrap();
        aside.set_len(12_000).unwrap();
        // Over two borders of blocks, and over the end of the file.
        aside.write(4_090, &[9; 5_000]).unwrap();
        aside.write(9_990, &[8; 20]).unwrap();
        let mut expected = vec![7; 10_000];
        expected.resize(12_000, 0);
        expected[4_090..9_090].fill(9);
        expected[9_990..10_010].fill(8);
        let mut read = vec![1; 12_000];
        aside.read(0, &mut read).unwrap();
        assert!(read == expected);
        assert!(aside.read(11_999, &mut [0; 2]).is_err());

        // What was cut is zero when the file grows again.
        aside.set_len(4_100).unwrap();
        aside.set_len(9_000).unwrap();
        expected.truncate(4_100);
        expected.resize(9_000, 0);
        aside.read(0, read.get_mut(..9_000).unwrap()).unwrap();
        assert!(read[..9_000] == expected);
        let mut stored = vec![0; 10_000];
        file.read_at(&mut stored, 0).unwrap();
        assert!(stored == [7; 10_000]);
    }

    #[test]
    fn it_keeps_so_much_and_no_more() {
        let aside = Aside::over(None).unwrap();
        let most = usize::try_from(KEPT_BYTES_MAX).unwrap();
        aside.write(0, &vec![1; most]).unwrap();
        let full = aside.write(KEPT_BYTES_MAX, &[1]).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        assert_eq!(aside.len().unwrap(), KEPT_BYTES_MAX);
        // What is kept already can be written again.
        aside.write(0, &[2; 9]).unwrap();
    }
}
