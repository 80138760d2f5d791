//! The record of segments that were found missing or broken and given up by name. They stay so: a start passes over
//! them, reading stops at them with their fault, and `verify` goes on naming them.

use std::collections::BTreeSet;
use std::path::Path;

use crate::disk::Disk;
use crate::fault::{FaultKind, JournalFault, Result};
use crate::recover::{BROKEN_MAX, Broken};
use crate::segment::Fields;

/// The file's name in the journal's folder.
const NAME: &str = "given-up";
const DRAFT: &str = "given-up.new";
const MAGIC: &[u8; 8] = b"CORDONG1";
/// Longest file: magic, numbers, CRC.
const BYTES_MAX: usize = 8 + 8 * BROKEN_MAX + 4;

/// Numbers of the segments given up.
#[derive(Debug, Default)]
pub(crate) struct GivenUp(BTreeSet<u64>);

impl GivenUp {
    /// The record in `dir`; empty when nothing was ever given up, or the record is damaged.
    pub(crate) fn read(disk: &dyn Disk, dir: &Path) -> Result<Self> {
        let io = |error| JournalFault::io(&dir.join(NAME), "reading", &error);
        if !disk.list(dir).map_err(io)?.iter().any(|name| name == NAME) {
            return Ok(Self::default());
        }
        let file = disk.open(&dir.join(NAME), false).map_err(io)?;
        let len = usize::try_from(file.len().map_err(io)?).unwrap_or(usize::MAX);
        let mut bytes = vec![0; len.min(BYTES_MAX)];
        let read = file.read_at(&mut bytes, 0).map_err(io)?;
        Ok(bytes.get(..read).and_then(Self::decode).unwrap_or_default())
    }

    /// These, and what is given up now.
    pub(crate) fn with(&self, more: &[u64]) -> BTreeSet<u64> {
        self.0.iter().chain(more).copied().collect()
    }

    /// Remembers what was passed over; on the disk when this returns.
    pub(crate) fn add(&self, broken: &[Broken], disk: &dyn Disk, dir: &Path) -> Result<()> {
        for (number, fault) in broken {
            tracing::warn!(number, %fault, "a segment that was given up by name is passed over");
        }
        let passed: Vec<u64> = broken.iter().map(|(number, _)| *number).collect();
        let all = self.with(&passed);
        if all == self.0 {
            return Ok(());
        }
        if all.len() > BROKEN_MAX {
            let detail = format!("more than {BROKEN_MAX} segments are given up");
            let place = dir.display().to_string();
            return Err(JournalFault::new(FaultKind::MissingSegment, place, detail));
        }
        let bytes = Self(all).encode();
        let write = || {
            let draft = disk.create(&dir.join(DRAFT), bytes.len() as u64)?;
            draft.write_at(&bytes, 0)?;
            draft.sync()?;
            disk.rename(&dir.join(DRAFT), &dir.join(NAME))?;
            disk.sync_dir(dir)
        };
        write().map_err(|error| JournalFault::io(&dir.join(NAME), "recording a loss", &error))
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(12 + 8 * self.0.len());
        out.extend_from_slice(MAGIC);
        for number in &self.0 {
            out.extend_from_slice(&number.to_le_bytes());
        }
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, crc) = bytes.split_last_chunk::<4>()?;
        let mut fields = Fields(body);
        if u32::from_le_bytes(*crc) != crc32c::crc32c(body) || &fields.take::<8>()? != MAGIC {
            return None;
        }
        let numbers = std::iter::from_fn(|| fields.take().map(u64::from_le_bytes));
        Some(Self(numbers.collect()))
    }
}
