//! A segment file's fixed places: its head (first page) and its seal (last bytes). Layout in
//! `docs/design/journal.md` §3.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::chain::Hash;
use crate::disk::{Disk, DiskFile};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::packed::{self, PackedFile};

/// Format version written: its records' bodies can expire.
pub const FORMAT: u16 = 2;
/// The oldest that is read.
const FORMAT_OLDEST: u16 = 1;
/// Longest journal identity (park and hub id), in bytes of UTF-8.
pub const IDENTITY_BYTES_MAX: usize = 64;
/// Where the first batch stands: the head has a page of its own, never written again while batches are.
pub(crate) const DATA_START: u64 = 4096;
/// Bytes of the seal at the very end of the file.
pub(crate) const SEAL_BYTES: u64 = 192;
/// Smallest segment the journal works with.
pub const SEGMENT_BYTES_MIN: u64 = 16 * 1024;
/// And the largest: a head that says more was not written by a journal, and nothing is made of that size.
pub(crate) const SEGMENT_BYTES_MAX: u64 = u32::MAX as u64;

/// How the file of a segment ends that is not packed.
pub(crate) const SUFFIX: &str = ".seg";

const HEAD_MAGIC: &[u8; 8] = b"CORDONJ1";
const SEAL_MAGIC: &[u8; 8] = b"CORDONS1";
/// Bytes of the head itself.
pub(crate) const HEAD_BYTES: usize = 128;

/// The head of a segment, written and synced before the segment gets its name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Head {
    pub format: u16,
    pub number: u64,
    pub salt: u64,
    pub bytes: u64,
    pub identity: String,
}

impl Head {
    /// Where batches must end.
    pub(crate) fn data_end(&self) -> u64 {
        self.bytes.saturating_sub(SEAL_BYTES)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_BYTES);
        out.extend_from_slice(HEAD_MAGIC);
        out.extend_from_slice(&self.format.to_le_bytes());
        out.push(u8::try_from(self.identity.len()).unwrap_or(u8::MAX));
        out.resize(16, 0);
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.salt.to_le_bytes());
        out.extend_from_slice(&self.bytes.to_le_bytes());
        out.extend_from_slice(self.identity.as_bytes());
        out.resize(HEAD_BYTES - 4, 0);
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// The head, or why the bytes are not one.
    pub(crate) fn decode(bytes: &[u8]) -> std::result::Result<Self, String> {
        let mut fields = Fields(bytes);
        let magic: [u8; 8] = fields.take().ok_or("the file is too short for a head")?;
        if &magic != HEAD_MAGIC {
            return Err("this is not a Cordon journal segment".into());
        }
        let sum = bytes.get(..HEAD_BYTES - 4).map(crc32c::crc32c);
        let said = bytes.get(HEAD_BYTES - 4..).and_then(|b| Fields(b).take());
        if sum != said.map(u32::from_le_bytes) {
            return Err("the head's CRC32C does not match".into());
        }
        let format = fields.take().map(u16::from_le_bytes).unwrap_or_default();
        if !(FORMAT_OLDEST..=FORMAT).contains(&format) {
            return Err(format!(
                "format {format}; this program reads formats {FORMAT_OLDEST} to {FORMAT}"
            ));
        }
        let short = "the head ends too early";
        let [len, ..]: [u8; 6] = fields.take().ok_or(short)?;
        let number = fields.take().map(u64::from_le_bytes).ok_or(short)?;
        let salt = fields.take().map(u64::from_le_bytes).ok_or(short)?;
        let size = fields.take().map(u64::from_le_bytes).ok_or(short)?;
        let size_fits = (SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&size);
        if !size_fits || usize::from(len) > IDENTITY_BYTES_MAX {
            return Err(format!(
                "a segment of {size} bytes and an identity of {len} are none of a journal"
            ));
        }
        let identity = fields.0.get(..usize::from(len)).ok_or(short)?;
        let identity = String::from_utf8(identity.to_vec()).map_err(|_| "identity is not UTF-8")?;
        Ok(Self {
            format,
            number,
            salt,
            bytes: size,
            identity,
        })
    }
}

/// The seal of a full segment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Seal {
    pub salt: u64,
    pub number: u64,
    pub first: u64,
    pub count: u64,
    pub end: u64,
    pub chain_before: Hash,
    pub chain_last: Hash,
    pub root: Hash,
    pub batches: u64,
}

impl Seal {
    /// Whether it seals the same records, whatever became of their bodies.
    pub(crate) fn is_of_the_same(&self, other: &Self) -> bool {
        let end = other.end;
        Self {
            end,
            ..self.clone()
        } == *other
    }

    pub(crate) fn last(&self) -> u64 {
        self.first + self.count.saturating_sub(1)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SEAL_BYTES as usize);
        out.extend_from_slice(SEAL_MAGIC);
        for value in [self.salt, self.number, self.first, self.count, self.end] {
            out.extend_from_slice(&value.to_le_bytes());
        }
        for hash in [&self.chain_before, &self.chain_last, &self.root] {
            out.extend_from_slice(hash);
        }
        out.extend_from_slice(&self.batches.to_le_bytes());
        out.resize(SEAL_BYTES as usize - 4, 0);
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// The seal; `None` when there is none (yet), or it belongs to an earlier life of the file.
    pub(crate) fn decode(bytes: &[u8], head: &Head) -> Option<Self> {
        let (body, crc) = bytes.split_at_checked(SEAL_BYTES as usize - 4)?;
        if u32::from_le_bytes(crc.try_into().ok()?) != crc32c::crc32c(body) {
            return None;
        }
        let mut fields = Fields(body);
        if &fields.take::<8>()? != SEAL_MAGIC {
            return None;
        }
        let mut word = || fields.take().map(u64::from_le_bytes);
        let (salt, number, first, count, end) = (word()?, word()?, word()?, word()?, word()?);
        let seal = Self {
            salt,
            number,
            first,
            count,
            end,
            chain_before: fields.take()?,
            chain_last: fields.take()?,
            root: fields.take()?,
            batches: fields.take().map(u64::from_le_bytes)?,
        };
        (seal.salt == head.salt && seal.number == head.number).then_some(seal)
    }
}

/// A cursor over fixed-size fields.
pub(crate) struct Fields<'a>(pub &'a [u8]);

impl Fields<'_> {
    pub(crate) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (value, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*value)
    }
}

/// An opened segment.
#[derive(Clone)]
pub(crate) struct Segment {
    pub file: Arc<dyn DiskFile>,
    pub path: PathBuf,
    pub head: Head,
    /// Bytes that the file lacks at its end. They are there from its first moment on, so no crash leaves it so.
    pub missing: u64,
    /// A mark of a packed file, in which batches stand elsewhere once bodies have gone from it; 0 for one that is not packed.
    pub mark: u32,
}

impl Segment {
    /// Opens segment `number`, packed or not, and checks its head. A packed one is never written.
    pub(crate) fn open(disk: &dyn Disk, dir: &Path, number: u64, write: bool) -> Result<Self> {
        let (file, path, mark) = open_file(disk, dir, number, write)?;
        Ok(Self {
            mark,
            ..Self::of(file, path, number)?
        })
    }

    /// The segment `number` in this file, once its head is checked.
    pub(crate) fn of(file: Arc<dyn DiskFile>, path: PathBuf, number: u64) -> Result<Self> {
        let (head, missing) = read_head(file.as_ref(), &path)?;
        if head.number != number {
            let detail = format!("the head says segment {}", head.number);
            return Err(JournalFault::new(FaultKind::Head, place(&path, 0), detail));
        }
        Ok(Self {
            file,
            path,
            head,
            missing,
            mark: 0,
        })
    }

    /// Whether its file is a packed one.
    pub(crate) fn is_packed(&self) -> bool {
        self.path.to_string_lossy().ends_with(packed::SUFFIX)
    }

    /// The seal, if the segment is sealed.
    pub(crate) fn seal(&self) -> Result<Option<Seal>> {
        let mut bytes = [0; SEAL_BYTES as usize];
        let read = self
            .file
            .read_at(&mut bytes, self.head.data_end())
            .map_err(|error| JournalFault::io(&self.path, "reading the seal", &error))?;
        Ok(bytes
            .get(..read)
            .and_then(|bytes| Seal::decode(bytes, &self.head)))
    }

    /// Whether the seal was written whole and damaged since; half a seal is what a crash leaves and
    /// the next opening completes.
    pub(crate) fn seal_damaged(&self, should: &Seal) -> Result<bool> {
        let mut bytes = [0; SEAL_BYTES as usize];
        self.file
            .read_at(&mut bytes, self.head.data_end())
            .map_err(|error| JournalFault::io(&self.path, "reading the seal", &error))?;
        let should = should.encode();
        Ok(bytes.last_chunk::<4>() == should.last_chunk::<4>() && bytes != should.as_slice())
    }

    /// The fault of a file that was cut short.
    pub(crate) fn cut(&self) -> JournalFault {
        self.cut_to(self.head.bytes - self.missing)
    }

    /// The fault of a file that ends at `len`.
    pub(crate) fn cut_to(&self, len: u64) -> JournalFault {
        let missing = self.head.bytes - len.min(self.head.bytes);
        let detail = format!("the file ends {missing} bytes before its head says");
        JournalFault::new(FaultKind::Cut, self.place(len), detail)
    }

    /// `file+offset`, the place named in faults.
    pub(crate) fn place(&self, offset: u64) -> String {
        place(&self.path, offset)
    }
}

/// The file of a segment, its path and its mark. One that is there packed and unpacked was being packed when the program ended.
fn open_file(
    disk: &dyn Disk,
    dir: &Path,
    number: u64,
    write: bool,
) -> Result<(Arc<dyn DiskFile>, PathBuf, u32)> {
    let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let path = dir.join(file_name(number));
    let error = match disk.open(&path, write) {
        Ok(file) => return Ok((file, path, 0)),
        Err(error) if is_missing(&error) => JournalFault::io(&path, "opening", &error),
        Err(error) => return Err(JournalFault::io(&path, "opening", &error)),
    };
    let packed = dir.join(packed::file_name(number));
    match disk.open(&packed, false) {
        Ok(file) => {
            let file = PackedFile::open(file, &packed)?;
            let mark = file.mark();
            Ok((Arc::new(file), packed, mark))
        }
        Err(second) if is_missing(&second) => Err(error),
        Err(second) => Err(JournalFault::io(&packed, "opening", &second)),
    }
}

/// The head, and how many bytes the file lacks of what it says.
fn read_head(file: &dyn DiskFile, path: &Path) -> Result<(Head, u64)> {
    let mut page = [0; DATA_START as usize];
    let read = file
        .read_at(&mut page, 0)
        .map_err(|error| JournalFault::io(path, "reading the head", &error))?;
    let bad = |why: String| JournalFault::new(FaultKind::Head, place(path, 0), why);
    let page = page.get(..read).unwrap_or_default();
    let (bytes, padding) = page.split_at_checked(HEAD_BYTES).unwrap_or((page, &[]));
    let head = Head::decode(bytes).map_err(bad)?;
    // Nothing the journal writes stands there: whoever keeps something in it hides it.
    if let Some(at) = padding.iter().position(|byte| *byte != 0) {
        let at = HEAD_BYTES + at;
        return Err(bad(format!("byte {at} behind the head is not zero")));
    }
    let len = file
        .len()
        .map_err(|error| JournalFault::io(path, "asking the length", &error))?;
    if len < DATA_START || len > head.bytes {
        return Err(bad(format!(
            "the file has {len} bytes, its head says {}",
            head.bytes
        )));
    }
    let missing = head.bytes - len;
    Ok((head, missing))
}

pub(crate) fn place(path: &Path, offset: u64) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    format!("{}+{offset}", name.to_string_lossy())
}

/// `00000001.seg`
pub(crate) fn file_name(number: u64) -> String {
    format!("{number:08}{SUFFIX}")
}

/// Segment numbers in a folder, packed or not, ascending.
pub(crate) fn list(disk: &dyn Disk, dir: &Path) -> Result<Vec<u64>> {
    let names = disk
        .list(dir)
        .map_err(|error| JournalFault::io(dir, "listing", &error))?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| number_of(name)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// Which segment a file of this name holds.
pub(crate) fn number_of(name: &str) -> Option<u64> {
    let number = [SUFFIX, packed::SUFFIX]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head {
            format: FORMAT,
            number: 7,
            salt: 42,
            bytes: 1 << 20,
            identity: "park-1/hub-1".into(),
        }
    }

    #[test]
    fn a_head_of_sizes_that_no_journal_has_is_refused() {
        let sized = |bytes, identity: usize| Head {
            bytes,
            identity: "i".repeat(identity),
            ..head()
        };
        for (bytes, identity) in [
            (SEGMENT_BYTES_MIN, 0),
            (SEGMENT_BYTES_MAX, IDENTITY_BYTES_MAX),
        ] {
            let head = sized(bytes, identity);
            assert_eq!(Head::decode(&head.encode()).as_ref(), Ok(&head));
        }
        for head in [
            sized(SEGMENT_BYTES_MIN - 1, 1),
            sized(SEGMENT_BYTES_MAX + 1, 1),
            sized(1 << 38, 1),
            sized(1 << 20, IDENTITY_BYTES_MAX + 1),
        ] {
            assert!(Head::decode(&head.encode()).is_err(), "{head:?}");
        }
    }

    #[test]
    fn head_and_seal_come_back() {
        let bytes = head().encode();
        assert_eq!(bytes.len(), HEAD_BYTES);
        assert_eq!(Head::decode(&bytes).unwrap(), head());
        let seal = Seal {
            salt: 42,
            number: 7,
            first: 10,
            count: 5,
            end: 9000,
            chain_before: [1; 32],
            chain_last: [2; 32],
            root: [3; 32],
            batches: 2,
        };
        let bytes = seal.encode();
        assert_eq!(bytes.len() as u64, SEAL_BYTES);
        assert_eq!(Seal::decode(&bytes, &head()), Some(seal));
        let mut recycled = head();
        recycled.salt = 43;
        assert_eq!(Seal::decode(&bytes, &recycled), None);
    }

    #[test]
    fn every_flipped_bit_of_head_and_seal_is_seen() {
        let bytes = head().encode();
        for bit in 0..HEAD_BYTES * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Head::decode(&bad).is_err(), "bit {bit}");
        }
    }
}
