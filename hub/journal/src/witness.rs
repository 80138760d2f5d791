//! The witness: a small file beside the journal that remembers how far it was known to be durable.
//!
//! Two slots are written in turn, so that a write which is torn leaves the older one. It is written
//! when a state is saved, never for a batch, and only with positions whose sync has returned: it
//! may lag behind the journal, never run ahead of it. Deleting the state is a remedy; the witness
//! keeps a journal from being rolled back with it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::{DiskFile, RealDisk};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::segment::Fields;
use crate::watch::Position;

const MAGIC: &[u8; 8] = b"CORDONW1";
/// One slot for each sector that a disk writes whole.
const SLOT: u64 = 4096;
/// Magic, turn, number, chain hash, CRC.
const BYTES: usize = 8 + 8 + 8 + 32 + 4;

/// The open witness file.
pub struct Witness {
    path: PathBuf,
    /// None while its disk lets nobody write it.
    file: Option<Arc<dyn DiskFile>>,
    /// Why the last try to write it failed.
    trouble: Option<JournalFault>,
    /// How often it was written; the slot is the turn's parity.
    turn: u64,
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Witness")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Witness {
    /// Opens the witness at `path` or makes one. On a disk that lets nobody write it is kept as it stands, and
    /// opened again when there is something to note: what it remembers was asked already, and an older witness
    /// only knows less.
    ///
    /// # Errors
    /// `J052` when the file cannot be used, or is there and holds no slot that is whole.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let turn = newest(path)?.map_or(0, |(turn, _)| turn);
        let (file, trouble) = match writable(path) {
            Ok(file) => (Some(file), None),
            Err(failure) if failure.is_of_disk() => (None, Some(failure)),
            Err(failure) => return Err(failure),
        };
        Ok(Self {
            path: path.to_owned(),
            file,
            trouble,
            turn,
        })
    }

    /// Why it is not written; `None` when it is.
    pub fn trouble(&self) -> Option<&JournalFault> {
        self.trouble.as_ref()
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The position that the file at `path` remembers; `None` when there is no such file.
    ///
    /// # Errors
    /// `J052` when it cannot be read or no slot is whole.
    pub fn read(path: impl AsRef<Path>) -> Result<Option<Position>> {
        Ok(newest(path.as_ref())?.map(|(_, position)| position))
    }

    /// Remembers a position that is durable; on the disk when this returns.
    ///
    /// # Errors
    /// `J052` when it cannot be written; what was remembered before stays.
    pub fn note(&mut self, position: Position) -> Result<()> {
        let was_well = self.trouble.is_none();
        self.trouble = self.write(position).err();
        match (&self.trouble, was_well) {
            (Some(failure), true) => tracing::error!(%failure, "the witness was not written"),
            (None, false) => tracing::warn!("the witness is written again"),
            _ => {}
        }
        self.trouble.clone().map_or(Ok(()), Err)
    }

    fn write(&mut self, position: Position) -> Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => writable(&self.path)?,
        };
        let turn = self.turn + 1;
        let written = file.write_durably(&encode(turn, position), (turn % 2) * SLOT);
        self.file = Some(file);
        written.map_err(|error| fault(&self.path, &error))?;
        self.turn = turn;
        Ok(())
    }
}

fn writable(path: &Path) -> Result<Arc<dyn DiskFile>> {
    let opened = RealDisk.open_or_make(path);
    opened.map_err(|error| fault(path, &error))
}

fn encode(turn: u64, (number, chain): Position) -> Vec<u8> {
    let mut out = Vec::with_capacity(BYTES);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&turn.to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&chain);
    let crc = crc32c::crc32c(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

pub(crate) fn decode(bytes: &[u8]) -> Option<(u64, Position)> {
    let (body, crc) = bytes.split_at_checked(BYTES - 4)?;
    if u32::from_le_bytes(*crc.first_chunk()?) != crc32c::crc32c(body) {
        return None;
    }
    let mut fields = Fields(body);
    if &fields.take::<8>()? != MAGIC {
        return None;
    }
    let turn = fields.take().map(u64::from_le_bytes)?;
    let number = fields.take().map(u64::from_le_bytes)?;
    Some((turn, (number, fields.take()?)))
}

/// The newest whole slot; `None` when there is no file, or an empty one that was never written.
fn newest(path: &Path) -> Result<Option<(u64, Position)>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(path, &error)),
    };
    let second = usize::try_from(SLOT).unwrap_or(usize::MAX);
    let slots = [bytes.get(..BYTES), bytes.get(second..second + BYTES)];
    let whole = slots.into_iter().flatten().filter_map(decode);
    match whole.max_by_key(|(turn, _)| *turn) {
        Some(found) => Ok(Some(found)),
        // The first slot ever written is the second one, so while the first holds nothing at most that one write was
        // begun, and what it was to remember is nothing that is known to be durable.
        None if bytes.iter().take(second).all(|byte| *byte == 0) => Ok(None),
        None => Err(JournalFault::new(
            FaultKind::Witness,
            path.display().to_string(),
            "neither of its two slots is whole",
        )),
    }
}

fn fault(path: &Path, error: &io::Error) -> JournalFault {
    let place = path.display().to_string();
    JournalFault::new(FaultKind::Witness, place, error.to_string()).caused(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_write_leaves_the_position_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("witness");
        assert_eq!(Witness::read(&path).unwrap(), None);
        let mut witness = Witness::open(&path).unwrap();
        for number in 1..=5 {
            witness.note((number, [number as u8; 32])).unwrap();
            assert_eq!(
                Witness::read(&path).unwrap(),
                Some((number, [number as u8; 32]))
            );
        }
        drop(witness);
        // Turn 5 stands in the second slot; any byte of it lost leaves turn 4.
        let whole = std::fs::read(&path).unwrap();
        for at in 0..BYTES {
            let mut torn = whole.clone();
            torn[usize::try_from(SLOT).unwrap() + at] ^= 0x40;
            std::fs::write(&path, torn).unwrap();
            assert_eq!(Witness::read(&path).unwrap(), Some((4, [4; 32])), "{at}");
        }
        let mut witness = Witness::open(&path).unwrap();
        witness.note((6, [6; 32])).unwrap();
        assert_eq!(Witness::read(&path).unwrap(), Some((6, [6; 32])));
    }

    /// A disk that stored half of the first write ever kept the hub from every later start.
    #[test]
    fn a_first_write_that_is_torn_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("witness");
        let whole = encode(1, (7, [7; 32]));
        for stored in 0..BYTES {
            let mut torn = vec![0; usize::try_from(SLOT).unwrap()];
            torn.extend_from_slice(&whole[..stored]);
            std::fs::write(&path, torn).unwrap();
            assert_eq!(Witness::read(&path).unwrap(), None, "{stored}");
            let mut witness = Witness::open(&path).unwrap();
            witness.note((8, [8; 32])).unwrap();
            assert_eq!(Witness::read(&path).unwrap(), Some((8, [8; 32])));
        }
    }

    #[test]
    fn a_witness_without_a_whole_slot_is_a_fault_and_no_silence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("witness");
        std::fs::write(&path, b"something else").unwrap();
        assert_eq!(Witness::read(&path).unwrap_err().code(), "J052");
        assert_eq!(Witness::open(&path).unwrap_err().code(), "J052");
    }

    /// A witness alone that could not be written kept the hub from its journal, or failed in silence.
    #[test]
    fn a_witness_that_cannot_be_written_says_so_and_goes_on_when_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("witness");
        let mut witness = Witness::open(&path).unwrap();
        witness.note((1, [1; 32])).unwrap();
        // As opened on a disk that became read-only.
        let eio = io::Error::from_raw_os_error(30);
        witness.file = None;
        witness.trouble = Some(fault(&path, &eio));
        std::fs::rename(&path, folder.path().join("away")).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(witness.note((2, [2; 32])).unwrap_err().code(), "J052");
        assert!(witness.trouble().is_some());
        std::fs::remove_dir(&path).unwrap();
        std::fs::rename(folder.path().join("away"), &path).unwrap();
        assert_eq!(Witness::read(&path).unwrap(), Some((1, [1; 32])));
        witness.note((3, [3; 32])).unwrap();
        assert_eq!(witness.trouble(), None);
        assert_eq!(Witness::read(&path).unwrap(), Some((3, [3; 32])));
    }
}
