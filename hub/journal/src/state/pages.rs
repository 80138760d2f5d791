//! redb over one of our files. What it writes is handed over together, before it is made durable: each handing over
//! is a switch to the thread of the file and back.

use std::any::Any;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

use crate::disk::{DiskFile, Pages};

/// Bytes that wait at most; what comes to more is handed over.
const WAITING_MAX_BYTES: usize = 1 << 20;

/// A file of the state, which gives up what hangs.
pub(super) struct Backend {
    file: Arc<dyn DiskFile>,
    /// Keeps others away.
    alone: Mutex<Option<Box<dyn Any + Send + Sync>>>,
    /// Pages that wait to be handed over, none of which touches another.
    waiting: Mutex<Arc<Pages>>,
    /// How many bytes these are; who changes the file holds it, who reads does not.
    waiting_bytes: Mutex<usize>,
}

impl Backend {
    pub(super) fn of(file: Arc<dyn DiskFile>, alone: Option<Box<dyn Any + Send + Sync>>) -> Self {
        Self {
            file,
            alone: Mutex::new(alone),
            waiting: Mutex::default(),
            waiting_bytes: Mutex::default(),
        }
    }

    /// What could not be handed over waits on, so no sync passes over it.
    fn hand_over(&self, bytes: &mut usize) -> io::Result<()> {
        let pages = Arc::clone(&guard(&self.waiting));
        if !pages.is_empty() {
            self.file.write_pages(&pages)?;
            *guard(&self.waiting) = Arc::default();
            *bytes = 0;
        }
        Ok(())
    }

    /// Whether a write can wait beside the others: it touches none, or takes the place of one.
    fn can_wait(&self, offset: u64, len: usize) -> bool {
        let pages = Arc::clone(&guard(&self.waiting));
        pages.get(&offset).is_some_and(|page| page.len() == len)
            || touched(&pages, offset, len).is_none()
    }
}

fn guard<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where something ends that begins at `offset`.
fn end_of(offset: u64, len: usize) -> u64 {
    offset.saturating_add(u64::try_from(len).unwrap_or(u64::MAX))
}

/// The last of the pages that touches what lies there.
fn touched(pages: &Pages, offset: u64, len: usize) -> Option<(u64, &Vec<u8>)> {
    let (at, page) = pages.range(..end_of(offset, len)).next_back()?;
    (end_of(*at, page.len()) > offset).then_some((*at, page))
}

/// Puts into `out`, which lies at `offset`, what the pages have of it.
fn lay_over(pages: &Pages, offset: u64, out: &mut [u8]) {
    for (at, page) in pages.range(..end_of(offset, out.len())).rev() {
        if end_of(*at, page.len()) <= offset {
            return;
        }
        let skipped = |by: u64| usize::try_from(by).unwrap_or(usize::MAX);
        let from = page.get(skipped(offset.saturating_sub(*at))..);
        let into = out.get_mut(skipped(at.saturating_sub(offset))..);
        for (byte, new) in into.into_iter().flatten().zip(from.into_iter().flatten()) {
            *byte = *new;
        }
    }
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Backend")
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        // Taken first: what is handed over meanwhile may not be in what is read.
        let pages = Arc::clone(&guard(&self.waiting));
        let whole = pages.get(&offset).and_then(|page| page.get(..out.len()));
        if let Some(page) = whole {
            out.copy_from_slice(page);
            return Ok(());
        }
        if self.file.read_in_time(out, offset)? != out.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        lay_over(&pages, offset, out);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut bytes = guard(&self.waiting_bytes);
        self.hand_over(&mut bytes)?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut bytes = guard(&self.waiting_bytes);
        self.hand_over(&mut bytes)?;
        self.file.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut bytes = guard(&self.waiting_bytes);
        if !self.can_wait(offset, data.len()) {
            self.hand_over(&mut bytes)?;
        }
        let mut waiting = guard(&self.waiting);
        let before = Arc::make_mut(&mut waiting).insert(offset, data.to_vec());
        drop(waiting);
        *bytes = (*bytes + data.len()).saturating_sub(before.map_or(0, |page| page.len()));
        match *bytes >= WAITING_MAX_BYTES {
            true => self.hand_over(&mut bytes),
            false => Ok(()),
        }
    }

    fn close(&self) -> io::Result<()> {
        let handed = self.hand_over(&mut guard(&self.waiting_bytes));
        guard(&self.alone).take();
        handed
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::disk::Disk as _;
    use crate::disk::sim::SimDisk;

    const LEN: usize = 64 << 10;

    fn file() -> (Arc<dyn DiskFile>, Backend) {
        let file = SimDisk::new(1).create(Path::new("state"), 0).unwrap();
        let backend = Backend::of(Arc::clone(&file), None);
        backend.set_len(LEN as u64).unwrap();
        (file, backend)
    }

    fn on_file(file: &Arc<dyn DiskFile>) -> Vec<u8> {
        let mut bytes = vec![0; LEN];
        assert_eq!(file.read_at(&mut bytes, 0).unwrap(), LEN);
        bytes
    }

    /// Whatever is written where, read and handed over between, is as in a file that is written at once.
    #[test]
    fn what_waits_is_read_and_kept_as_what_is_written_at_once() {
        for seed in 0..50_u64 {
            let (file, backend) = file();
            let mut wanted = vec![0; LEN];
            let mut state = seed;
            let mut below = |most: u64| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                usize::try_from((state >> 33) % most).unwrap()
            };
            for step in 0..200 {
                let offset = below(LEN as u64 - 4_096) / 64 * 64;
                let len = [64, 512, 4_096][below(3)];
                if below(3) == 0 {
                    let mut read = vec![0; len];
                    backend.read(offset as u64, &mut read).unwrap();
                    assert_eq!(read, wanted[offset..offset + len], "{seed} {step}");
                } else {
                    let page = vec![u8::try_from(step % 255).unwrap() + 1; len];
                    backend.write(offset as u64, &page).unwrap();
                    wanted[offset..offset + len].copy_from_slice(&page);
                }
                if below(40) == 0 {
                    backend.sync_data().unwrap();
                    assert_eq!(on_file(&file), wanted, "{seed} {step}");
                }
            }
            backend.close().unwrap();
            assert_eq!(on_file(&file), wanted, "{seed}");
        }
    }

    /// A file that takes nothing until it is told to.
    struct Refusing(Arc<dyn DiskFile>, Arc<Mutex<bool>>);

    impl DiskFile for Refusing {
        fn len(&self) -> io::Result<u64> {
            self.0.len()
        }
        fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<usize> {
            self.0.read_at(out, offset)
        }
        fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
            match *guard(&self.1) {
                true => Err(io::Error::from_raw_os_error(5)),
                false => self.0.write_at(bytes, offset),
            }
        }
        fn set_len(&self, bytes: u64) -> io::Result<()> {
            self.0.set_len(bytes)
        }
        fn id(&self) -> io::Result<crate::disk::FileId> {
            self.0.id()
        }
        fn sync(&self) -> io::Result<()> {
            self.0.sync()
        }
    }

    #[test]
    fn no_sync_passes_over_what_could_not_be_handed_over() {
        let (file, _) = file();
        let refuses = Arc::new(Mutex::new(true));
        let refusing = Refusing(Arc::clone(&file), Arc::clone(&refuses));
        let backend = Backend::of(Arc::new(refusing), None);
        backend.write(4_096, &[7; 4_096]).unwrap();
        for _ in 0..2 {
            assert!(backend.sync_data().is_err());
            assert!(backend.set_len(LEN as u64).is_err());
        }
        *guard(&refuses) = false;
        backend.sync_data().unwrap();
        assert_eq!(on_file(&file)[4_096..8_192], [7; 4_096]);
    }

    /// What waits does not grow with what is written.
    #[test]
    fn what_waits_has_a_limit() {
        let (file, backend) = file();
        backend.set_len(8 << 20).unwrap();
        for offset in (0..4_u64 << 20).step_by(4_096) {
            backend.write(offset, &[1; 4_096]).unwrap();
            backend.write(offset, &[2; 4_096]).unwrap();
            assert!(*guard(&backend.waiting_bytes) < WAITING_MAX_BYTES);
        }
        assert_eq!(on_file(&file), [2; LEN]);
    }
}
