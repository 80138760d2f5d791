//! Taking expired bodies out of packed segments. What is left of one is its digest, so number, chain hash, Merkle root and all that
//! others hold of the records stay true.

use std::any::Any;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::head::{CHUNK, PackedHead};
use super::packer::{Compressed, compressor};
use super::{begin_after, begin_of, checked, file_name, write_packed};
use crate::archive::tiered;
use crate::chain::Hash;
use crate::disk::{Disk, FileId, RealDisk};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::frame::{self, FRAME_HEAD, FrameHead};
use crate::journal::take_lock;
use crate::record::{NewRecord, Record};
use crate::segment::{self, DATA_START, Head, SEAL_BYTES, Seal, Segment};
use crate::trimmed::Trimmed;
use crate::walk::{Step, Walker};

/// How a file is called until it is whole.
const DRAFT: &str = "forgetting.tmp";

/// Whose bodies go.
pub trait Forgetting {
    /// Is shown each record of a segment, in order, before the first is asked about.
    fn look(&mut self, record: &Record);
    /// Whether the body of this one goes.
    fn forgets(&self, record: &Record) -> bool;
    /// Hears of each body that is taken out, so many bytes of it.
    fn goes(&mut self, _record: &Record, _bytes: u64) {}
}

/// A packed segment, and how old it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Aged {
    /// Its number.
    pub number: u64,
    /// Its last record.
    pub last: u64,
    /// All its records are from before this, microseconds since 1970.
    pub before: i64,
}

/// A file that may take the place of a segment.
#[derive(Debug)]
pub struct Draft {
    /// Of the segment, and which file that was when it was read.
    segment: PathBuf,
    of: FileId,
    path: PathBuf,
    seal: Seal,
    gone: Forgotten,
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Forgotten {
    /// Its number.
    pub number: u64,
    /// Its first record.
    pub first: u64,
    /// Its last record.
    pub last: u64,
    /// How many bodies went.
    pub bodies: u64,
    /// Bytes of them.
    pub body_bytes: u64,
    /// Bytes of its packed file now.
    pub bytes: u64,
}

/// Takes bodies out of the packed segments of one journal, in its folder and in its archive.
pub struct Forgetter {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    archive: Option<PathBuf>,
    /// Held while files change.
    packing: Arc<Mutex<()>>,
    _lock: Option<Box<dyn Any + Send>>,
}

impl Forgetter {
    /// Works on the journal in `dir`, and its archive, while no hub writes it.
    ///
    /// # Errors
    /// `J002` when one does.
    pub fn alone(dir: impl AsRef<Path>, archive: Option<&Path>) -> Result<Self> {
        let disk = RealDisk;
        let dir = dir.as_ref().to_path_buf();
        let lock = take_lock(&disk, &dir)?;
        let mut forgetter = Self::beside(Arc::new(disk), dir, archive, Arc::default());
        forgetter._lock = Some(lock);
        Ok(forgetter)
    }

    pub(crate) fn beside(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        archive: Option<&Path>,
        packing: Arc<Mutex<()>>,
    ) -> Self {
        Self {
            disk,
            dir,
            archive: archive.map(Path::to_path_buf),
            packing,
            _lock: None,
        }
    }

    /// The numbers of the segments, oldest first, without the last, packed or not; also of those that should lie in the archive and do not,
    /// because its disk is away: what went there before the first segment kept here, without the first `removed`.
    ///
    /// # Errors
    /// `J001` when the folder cannot be read.
    pub fn segments(&self, removed: u64) -> Result<Vec<u64>> {
        let mut numbers = segment::list(self.both().as_ref(), &self.dir)?;
        // It is written, and never packed.
        numbers.pop();
        let kept = segment::list(self.disk.as_ref(), &self.dir)?;
        let before = kept.first().map_or(0, |first| first.saturating_sub(1));
        if self.archive.is_some() && before > removed && !numbers.contains(&before) {
            numbers.extend(removed + 1..=before);
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    /// The first segment that may yet be there, behind the first `removed`: one that the archive lacks may come back.
    ///
    /// # Errors
    /// `J001` when the folder cannot be read.
    pub fn first_possible(&self, removed: u64) -> Result<u64> {
        let first = match self.archive {
            Some(_) => None,
            None => self.segments(removed)?.first().copied(),
        };
        Ok(first.unwrap_or(removed + 1))
    }

    /// How old a segment is, whether it can be read or not: by the first record of the one behind it, or behind that where it is damaged.
    /// `None` when that is not known yet.
    ///
    /// # Errors
    /// As opening the segments behind it.
    pub fn aged(&self, number: u64) -> Result<Option<Aged>> {
        let disk = self.both();
        let mut behind = segment::list(disk.as_ref(), &self.dir)?;
        // The last is written, and is not asked.
        behind.pop();
        let mut why = None;
        for next in behind.into_iter().filter(|next| *next > number) {
            match self.begins(disk.as_ref(), next) {
                Ok(Some((first, before))) => {
                    return Ok(Some(Aged {
                        number,
                        last: first.saturating_sub(1),
                        before,
                    }));
                }
                Ok(None) => return Ok(None),
                Err(fault) => why = why.or(Some(fault)),
            }
        }
        why.map_or(Ok(None), Err)
    }

    /// Number and time of the first record of a sealed segment; `None` of one that is not.
    fn begins(&self, disk: &dyn Disk, number: u64) -> Result<Option<(u64, i64)>> {
        let segment = Segment::open(disk, &self.dir, number, false)?;
        if segment.seal()?.is_none() {
            return Ok(None);
        }
        match begin_of(&segment)? {
            Some((first, _, time)) => Ok(Some((first, time))),
            None => {
                let place = segment.place(DATA_START);
                let detail = "its first batch is damaged; when it was written nobody knows";
                Err(JournalFault::new(FaultKind::BadRecord, place, detail))
            }
        }
    }

    /// Whether a segment lies packed in the folder or in the archive.
    pub fn is_packed(&self, number: u64) -> bool {
        let path = self.folder_of(number).join(file_name(number));
        self.disk.id(&path).is_ok()
    }

    /// Whether a segment lies in the archive, or should.
    pub fn is_archived(&self, number: u64) -> bool {
        self.archive.is_some() && self.folder_of(number) != self.dir
    }

    /// Whether files can be changed where a segment lies: what fails here fails for all that lie there.
    ///
    /// # Errors
    /// `J004` when the archive does not hold it: another disk is mounted there, or none. Else why nothing can be written.
    pub fn require_place(&self, number: u64) -> Result<()> {
        self.require_there(number)?;
        let folder = self.folder_of(number);
        let draft = folder.join(DRAFT);
        let tried = self.disk.create(&draft, 1).map(drop);
        match tried.and_then(|()| self.disk.remove(&draft)) {
            Ok(()) => Ok(()),
            Err(error) => match JournalFault::write(folder, "trying to write", &error) {
                // A file can go where none can come.
                fault if fault.is_of_room() => Ok(()),
                fault => Err(fault),
            },
        }
    }

    /// Whether the archive holds a segment that should lie there. Nothing is written.
    ///
    /// # Errors
    /// `J004` when it does not: another disk is mounted there, or none.
    pub fn require_there(&self, number: u64) -> Result<()> {
        let path = self.folder_of(number).join(file_name(number));
        match self.disk.id(&path) {
            Err(error) if self.is_archived(number) => {
                let detail =
                    format!("the archive does not hold it; is its disk mounted? ({error})");
                let place = path.display().to_string();
                Err(JournalFault::new(FaultKind::MissingSegment, place, detail))
            }
            _ => Ok(()),
        }
    }

    /// Bytes of the file of a packed segment.
    ///
    /// # Errors
    /// Why it is not packed; or as opening it.
    pub fn packed_bytes(&self, number: u64) -> Result<u64> {
        let folder = self.folder_of(number);
        let segment = Segment::open(self.disk.as_ref(), folder, number, false)?;
        if !segment.is_packed() || segment.seal()?.is_none() {
            return Err(self.not_packed(&segment));
        }
        let size = || self.disk.open(&segment.path, false)?.len();
        size().map_err(|error| JournalFault::io(&segment.path, "asking the length", &error))
    }

    /// Takes the bodies out of a packed segment that `rule` forgets. `None` when there is nothing to take out.
    ///
    /// # Errors
    /// Why it stays as it is: it is damaged, it is not there, the disk fails or is full.
    pub fn forget(&mut self, number: u64, rule: &mut dyn Forgetting) -> Result<Option<Forgotten>> {
        let draft = self.draft(number, rule)?;
        draft.map(|draft| self.put(draft)).transpose()
    }

    /// Writes the file that takes the place of a packed segment, without the bodies that `rule` forgets, and reads it through. `None` when
    /// there is nothing to take out. Nothing is gone yet.
    ///
    /// # Errors
    /// As [`Forgetter::forget`].
    pub fn draft(&mut self, number: u64, rule: &mut dyn Forgetting) -> Result<Option<Draft>> {
        let packing = Arc::clone(&self.packing);
        let _alone = packing.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = self.folder_of(number).to_path_buf();
        let (segment, seal) = self.looked_at(&folder, number, rule)?;
        let mut image = Image::begin(&segment.head, seal.chain_before)
            .map_err(|error| io_of(&segment, &error))?;
        each_batch(&segment, &seal, &mut |records| {
            image.batch(&segment, records, rule)
        })?;
        if image.bodies == 0 {
            return Ok(None);
        }
        let (bodies, body_bytes) = (image.bodies, image.body_bytes);
        let seal = Seal {
            end: image.written,
            ..seal
        };
        let (head, chunks) = image
            .finish(&segment.head, &seal)
            .map_err(|error| io_of(&segment, &error))?;
        let path = folder.join(DRAFT);
        let of = self.disk.id(&segment.path);
        let of = of.map_err(|error| io_of(&segment, &error))?;
        let written = write_packed(self.disk.as_ref(), &path, (&head, &chunks))
            .and_then(|_| checked(self.disk.as_ref(), &path, number, &seal));
        if written.is_err() {
            // What is left over the next draft replaces.
            let _ = self.disk.remove(&path);
        }
        let gone = Forgotten {
            number,
            first: seal.first,
            last: seal.last(),
            bodies,
            body_bytes,
            bytes: written?,
        };
        Ok(Some(Draft {
            segment: segment.path,
            of,
            path,
            seal,
            gone,
        }))
    }

    /// How many bodies [`Forgetter::draft`] would take out, and their bytes; `rule` hears of each. Nothing is written.
    ///
    /// # Errors
    /// As [`Forgetter::draft`], but for what writing meets.
    pub fn count(&self, number: u64, rule: &mut dyn Forgetting) -> Result<(u64, u64)> {
        let (segment, seal) = self.looked_at(self.folder_of(number), number, rule)?;
        let (mut bodies, mut bytes) = (0, 0);
        each_batch(&segment, &seal, &mut |records| {
            for record in records {
                if let Some((_, gone)) = without(record, rule) {
                    bodies += 1;
                    bytes += gone;
                }
            }
            Ok(())
        })?;
        Ok((bodies, bytes))
    }

    /// A packed segment whose records were all shown to the rule.
    fn looked_at(
        &self,
        folder: &Path,
        number: u64,
        rule: &mut dyn Forgetting,
    ) -> Result<(Segment, Seal)> {
        let segment = Segment::open(self.disk.as_ref(), folder, number, false)?;
        let seal = segment.seal()?.filter(|_| segment.is_packed());
        let seal = seal.ok_or_else(|| self.not_packed(&segment))?;
        each_batch(&segment, &seal, &mut |records| {
            records.iter().for_each(|record| rule.look(record));
            Ok(())
        })?;
        Ok((segment, seal))
    }

    /// Lets a draft take the place of its segment.
    ///
    /// # Errors
    /// Why the segment stays as it is: the draft is no longer whole, the segment is another one by now, the disk fails.
    pub fn put(&mut self, draft: Draft) -> Result<Forgotten> {
        let packing = Arc::clone(&self.packing);
        let _alone = packing.lock().unwrap_or_else(PoisonError::into_inner);
        let put = self.named(&draft);
        if put.is_err() {
            let _ = self.disk.remove(&draft.path);
        }
        put.map(|()| draft.gone)
    }

    fn named(&self, draft: &Draft) -> Result<()> {
        let (disk, segment) = (self.disk.as_ref(), draft.segment.as_path());
        let io = |error| JournalFault::write(segment, "taking expired bodies out", &error);
        checked(disk, &draft.path, draft.gone.number, &draft.seal)?;
        // Meanwhile it was moved, or removed: it must not come back.
        if disk.id(segment).map_err(io)? != draft.of {
            let detail = "it is another file than the one that was read";
            let place = segment.display().to_string();
            return Err(JournalFault::new(FaultKind::Elsewhere, place, detail));
        }
        let folder = segment.parent().unwrap_or(&self.dir);
        disk.rename(&draft.path, segment)
            .and_then(|()| disk.sync_dir(folder))
            .map_err(io)
    }

    /// Shows every record of a packed segment, in order.
    ///
    /// # Errors
    /// Why not all of them can be read.
    pub fn each(&self, number: u64, take: &mut dyn FnMut(&Record)) -> Result<()> {
        let folder = self.folder_of(number);
        let segment = Segment::open(self.disk.as_ref(), folder, number, false)?;
        let Some(seal) = segment.seal()? else {
            return Ok(());
        };
        each_batch(&segment, &seal, &mut |records| {
            records.iter().for_each(&mut *take);
            Ok(())
        })
    }

    /// Removes the oldest segment of all, packed, wherever it lies, whose records all come before `below`; its number, first and last record
    /// and bytes. The journal's folder says first, as after a trim, with which record it begins.
    ///
    /// # Errors
    /// Why it stays: it is not the oldest, not packed or not all before `below`; or as opening and removing it.
    pub fn remove_oldest(&mut self, number: u64, below: u64) -> Result<Forgotten> {
        let packing = Arc::clone(&self.packing);
        let _alone = packing.lock().unwrap_or_else(PoisonError::into_inner);
        let (segment, seal) = self.removable(number, below)?;
        let folder = self.folder_of(number).to_path_buf();
        let io = |error| JournalFault::io(&segment.path, "removing", &error);
        let size = || self.disk.open(&segment.path, false)?.len();
        let bytes = size().map_err(io)?;
        if folder == self.dir {
            let kept = Trimmed {
                first: seal.last() + 1,
                chain_before: seal.chain_last,
            };
            kept.write(self.disk.as_ref(), &self.dir)?;
        }
        self.disk
            .remove(&segment.path)
            .and_then(|()| self.disk.sync_dir(&folder))
            .map_err(io)?;
        Ok(Forgotten {
            number,
            first: seal.first,
            last: seal.last(),
            bodies: 0,
            body_bytes: 0,
            bytes,
        })
    }

    /// The segment, where it is the oldest, packed, and all its records come before `below`: then it may be removed.
    fn removable(&self, number: u64, below: u64) -> Result<(Segment, Seal)> {
        let oldest = segment::list(self.both().as_ref(), &self.dir)?;
        let segment = Segment::open(self.disk.as_ref(), self.folder_of(number), number, false)?;
        let stays = |detail: &str| {
            let place = segment.path.display().to_string();
            JournalFault::new(FaultKind::Elsewhere, place, detail)
        };
        if oldest.first() != Some(&number) {
            return Err(stays("it is not the oldest segment"));
        }
        match segment.seal()?.filter(|_| segment.is_packed()) {
            None => Err(self.not_packed(&segment)),
            Some(seal) if seal.last() >= below => Err(stays("it holds later entries")),
            Some(seal) => Ok((segment, seal)),
        }
    }

    /// Why a segment is not packed: what keeps it from that, which may be damage in it or in the one behind it.
    fn not_packed(&self, segment: &Segment) -> JournalFault {
        let number = segment.head.number;
        let read = || {
            begin_after(self.disk.as_ref(), &self.dir, number)?;
            let seal = segment.seal()?;
            seal.map_or(Ok(()), |seal| each_batch(segment, &seal, &mut |_| Ok(())))
        };
        let unknown = || {
            let place = segment.path.display().to_string();
            JournalFault::new(FaultKind::Write, place, "it is not packed yet")
        };
        read().err().unwrap_or_else(unknown)
    }

    /// Whether [`Forgetter::remove_oldest`] would remove it.
    ///
    /// # Errors
    /// Why it would not.
    pub fn may_remove(&self, number: u64, below: u64) -> Result<()> {
        self.removable(number, below).map(drop)
    }

    /// Folder and archive as one.
    fn both(&self) -> Arc<dyn Disk> {
        tiered(Arc::clone(&self.disk), &self.dir, self.archive.as_deref())
    }

    /// Where a segment lies: what the folder has is read from there.
    fn folder_of(&self, number: u64) -> &Path {
        let names = [file_name(number), segment::file_name(number)];
        let is_here = |name: &String| self.disk.id(&self.dir.join(name)).is_ok();
        let is_here = names.iter().any(is_here);
        match &self.archive {
            Some(archive) if !is_here => archive,
            _ => &self.dir,
        }
    }
}

fn io_of(segment: &Segment, error: &io::Error) -> JournalFault {
    JournalFault::write(&segment.path, "taking expired bodies out", error)
}

/// Gives the batches of a segment, which must lead to its seal.
fn each_batch(
    segment: &Segment,
    seal: &Seal,
    take: &mut dyn FnMut(&[Record]) -> Result<()>,
) -> Result<()> {
    let mut walker = Walker::new(segment.clone(), None);
    while let Step::Batch(records) = walker.step()? {
        take(&records)?;
    }
    if walker.seal().as_ref() == Some(seal) {
        return Ok(());
    }
    let place = segment.place(walker.offset);
    let detail = "the good batches end before the seal says; it stays as it is";
    Err(JournalFault::new(FaultKind::Seal, place, detail))
}

/// What is left of a record whose body the rule forgets, and the bytes that go; the rule hears of it.
fn without(record: &Record, rule: &mut dyn Forgetting) -> Option<(NewRecord, u64)> {
    let whole = record.to_new();
    let left = rule.forgets(record).then(|| whole.without_body())??;
    let bytes = whole.body.len() as u64;
    rule.goes(record, bytes);
    Some((left, bytes))
}

/// The bytes of a segment's file, packed as they come.
struct Image {
    packer: zstd::bulk::Compressor<'static>,
    chunk: Vec<u8>,
    chunks: Vec<Vec<u8>>,
    written: u64,
    /// The chain hash before the next batch.
    chain: Hash,
    bodies: u64,
    body_bytes: u64,
}

impl Image {
    fn begin(head: &Head, chain: Hash) -> io::Result<Self> {
        let mut image = Self {
            packer: compressor()?,
            chunk: Vec::new(),
            chunks: Vec::new(),
            written: 0,
            chain,
            bodies: 0,
            body_bytes: 0,
        };
        let mut page = head.encode();
        page.resize(DATA_START as usize, 0);
        image.add(&page)?;
        Ok(image)
    }

    /// Adds a batch, without what is forgotten.
    fn batch(
        &mut self,
        segment: &Segment,
        records: &[Record],
        rule: &mut dyn Forgetting,
    ) -> Result<()> {
        let Some(first) = records.first() else {
            return Ok(());
        };
        let mut buffer = vec![0; FRAME_HEAD];
        for record in records {
            let left = match without(record, rule) {
                Some((left, bytes)) => {
                    self.bodies += 1;
                    self.body_bytes += bytes;
                    left
                }
                None => record.to_new(),
            };
            left.encode_into(&mut buffer)?;
        }
        let head = FrameHead {
            len: u32::try_from(buffer.len() - FRAME_HEAD).unwrap_or(u32::MAX),
            salt: segment.head.salt,
            first: first.number,
            count: u32::try_from(records.len()).unwrap_or(u32::MAX),
            chain_before: self.chain,
        };
        frame::close(&mut buffer, &head);
        self.chain = records.last().map_or(self.chain, |last| last.chain);
        self.add(&buffer).map_err(|error| io_of(segment, &error))
    }

    fn add(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        while !bytes.is_empty() {
            let room = (CHUNK as usize).saturating_sub(self.chunk.len());
            let (part, rest) = bytes.split_at(room.min(bytes.len()));
            self.chunk.extend_from_slice(part);
            bytes = rest;
            if self.chunk.len() as u64 == CHUNK {
                self.pack()?;
            }
        }
        Ok(())
    }

    fn pack(&mut self) -> io::Result<()> {
        if !self.chunk.is_empty() {
            self.chunks.push(self.packer.compress(&self.chunk)?);
            self.chunk.clear();
        }
        Ok(())
    }

    /// Fills up with zeros to the seal.
    fn finish(mut self, head: &Head, seal: &Seal) -> io::Result<Compressed> {
        let zeros = vec![0; CHUNK as usize];
        while self.written < head.data_end() {
            let left = usize::try_from(head.data_end() - self.written).unwrap_or(usize::MAX);
            let part = zeros.get(..left.min(zeros.len())).unwrap_or_default();
            self.add(part)?;
        }
        let sealed = seal.encode();
        self.add(&sealed)?;
        self.pack()?;
        let mut first = head.encode();
        first.truncate(segment::HEAD_BYTES);
        let lengths = self.chunks.iter().map(Vec::len);
        let packed = PackedHead {
            bytes: head.bytes,
            head: first.try_into().unwrap_or([0; segment::HEAD_BYTES]),
            seal: sealed.try_into().unwrap_or([0; SEAL_BYTES as usize]),
            lengths: lengths
                .map(|length| u32::try_from(length).unwrap_or(u32::MAX))
                .collect(),
        };
        Ok((packed, self.chunks))
    }
}
