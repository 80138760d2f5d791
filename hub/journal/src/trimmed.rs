//! The record of a trim: with which record the journal begins since, and the chain hash before it. A
//! folder whose first segments are gone without it was not trimmed by a hub.

use std::path::Path;

use crate::chain::Hash;
use crate::disk::Disk;
use crate::fault::{FaultKind, JournalFault, Result};
use crate::segment::Fields;

/// The file's name in the journal's folder.
const NAME: &str = "trimmed";
const DRAFT: &str = "trimmed.new";
const MAGIC: &[u8; 8] = b"CORDONT1";
const BYTES: usize = 8 + 8 + 32 + 4;

/// What a trim left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Trimmed {
    /// First record kept.
    pub first: u64,
    /// Chain hash before it.
    pub chain_before: Hash,
}

impl Trimmed {
    /// The record in `dir`; `None` when nothing was ever trimmed, or the record is damaged.
    pub(crate) fn read(disk: &dyn Disk, dir: &Path) -> Result<Option<Self>> {
        let io = |error| JournalFault::io(&dir.join(NAME), "reading", &error);
        if !disk.list(dir).map_err(io)?.iter().any(|name| name == NAME) {
            return Ok(None);
        }
        let file = disk.open(&dir.join(NAME), false).map_err(io)?;
        let mut bytes = [0; BYTES];
        let read = file.read_at(&mut bytes, 0).map_err(io)?;
        Ok(bytes.get(..read).and_then(Self::decode))
    }

    /// Makes the record durable; to be done before the segments go.
    pub(crate) fn write(self, disk: &dyn Disk, dir: &Path) -> Result<()> {
        let write = || {
            let draft = disk.create(&dir.join(DRAFT), BYTES as u64)?;
            draft.write_at(&self.encode(), 0)?;
            draft.sync()?;
            disk.rename(&dir.join(DRAFT), &dir.join(NAME))?;
            disk.sync_dir(dir)
        };
        write().map_err(|error| JournalFault::io(&dir.join(NAME), "recording a trim", &error))
    }

    /// Refuses a journal that begins with record `first` after `chain_before` although no trim left
    /// it so. A crash between record and removal leaves more than was to be kept; that is fine.
    pub(crate) fn check(
        recorded: Option<&Self>,
        first: u64,
        chain_before: &Hash,
    ) -> Option<String> {
        let gone = first.saturating_sub(1);
        match recorded {
            _ if first <= 1 => None,
            None => Some(format!(
                "the journal begins with record {first}; records 1 to {gone} are gone and no trim is recorded"
            )),
            Some(trim) if first > trim.first => Some(format!(
                "the journal begins with record {first}; records {} to {gone} are gone, the recorded trim kept them",
                trim.first
            )),
            Some(trim) if first == trim.first && *chain_before != trim.chain_before => Some(
                format!("record {first} does not follow from what was trimmed away"),
            ),
            Some(_) => None,
        }
    }

    fn encode(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(BYTES);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.first.to_le_bytes());
        out.extend_from_slice(&self.chain_before);
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, crc) = bytes.split_at_checked(BYTES - 4)?;
        let mut fields = Fields(body);
        if u32::from_le_bytes(crc.try_into().ok()?) != crc32c::crc32c(body)
            || &fields.take::<8>()? != MAGIC
        {
            return None;
        }
        Some(Self {
            first: fields.take().map(u64::from_le_bytes)?,
            chain_before: fields.take()?,
        })
    }
}

/// The refusal of a beginning that no trim explains.
pub(crate) fn unexplained(place: String, detail: String) -> JournalFault {
    JournalFault::new(FaultKind::Beginning, place, detail)
}
