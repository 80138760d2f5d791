//! Reading a journal while another process may be writing it. Memory is bounded: one batch, a
//! sparse index of places, nothing else.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::archive::tiered;
use crate::chain;
use crate::disk::{Disk, RealDisk};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::given_up::GivenUp;
use crate::nearby::Nearby;
use crate::record::Record;
use crate::segment::{self, DATA_START, Segment};
use crate::walk::{Step, Walker};
use crate::watch::Position;

/// A place is remembered about every this many bytes.
const INDEX_STRIDE: u64 = 256 * 1024;
/// Places remembered at most; then the index starts anew.
const INDEX_PLACES_MAX: usize = 65_536;

/// Batch places seen so far: (segment, mark of its file, first number of the batch) → offset.
#[derive(Default)]
struct Index {
    places: BTreeMap<(u64, u32, u64), u64>,
    /// First numbers of started segments.
    firsts: BTreeMap<u64, u64>,
}

impl Index {
    /// The last place seen that stands before this record's batch, or is it.
    fn near(&self, (segment, mark): (u64, u32), number: u64) -> Option<u64> {
        let places = self
            .places
            .range((segment, mark, 0)..=(segment, mark, number));
        places.last().map(|(_, offset)| *offset)
    }

    fn note(&mut self, segment: &Segment, number: u64, offset: u64) {
        let of = (segment.head.number, segment.mark);
        let near = self.near(of, number);
        if near.is_some_and(|at| offset < at + INDEX_STRIDE) {
            return;
        }
        if self.places.len() >= INDEX_PLACES_MAX {
            self.places.clear();
        }
        self.places.insert((of.0, of.1, number), offset);
    }
}

/// A reader of a journal folder. Cheap to clone; independent of the writer; needs no lock.
///
/// A reader may see the batch being made durable a moment before its sync returns. Those who act on
/// what they read ask the writer's [`crate::Watch`], or read only what was receipted.
#[derive(Clone)]
pub struct Reader {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    identity: String,
    index: Arc<Mutex<Index>>,
    /// Folder and archive as one, for what is not kept here.
    deep: Option<Arc<Self>>,
}

impl Reader {
    /// Opens the journal in `dir` for reading.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        Self::open_on(Arc::new(RealDisk), dir)
    }

    /// Opens on a given disk.
    pub fn open_on(disk: Arc<dyn Disk>, dir: impl AsRef<Path>) -> Result<Self> {
        let dir = dir.as_ref().to_path_buf();
        let numbers = segment::list(disk.as_ref(), &dir)?;
        let Some(newest) = numbers.last() else {
            let place = dir.display().to_string();
            return Err(JournalFault::new(
                FaultKind::Io,
                place,
                "there is no journal here",
            ));
        };
        let identity = Segment::open(disk.as_ref(), &dir, *newest, false)?
            .head
            .identity;
        Ok(Self {
            disk,
            dir,
            identity,
            index: Arc::default(),
            deep: None,
        })
    }

    /// A reader of the journal that is, or will be, in `dir`. Nothing is looked at yet: a disk that
    /// cannot be read now shows when something is asked for.
    pub fn of(disk: Arc<dyn Disk>, dir: impl AsRef<Path>, identity: impl Into<String>) -> Self {
        Self {
            disk,
            dir: dir.as_ref().to_path_buf(),
            identity: identity.into(),
            index: Arc::default(),
            deep: None,
        }
    }

    /// Reads what is no longer kept here from this archive. Nobody else waits for its disk.
    pub fn with_archive(mut self, archive: Option<&Path>) -> Self {
        self.deep = archive.map(|archive| {
            let disk = tiered(Arc::clone(&self.disk), &self.dir, Some(archive));
            Arc::new(Self::of(disk, &self.dir, &*self.identity))
        });
        self
    }

    /// Whose journal it is.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// First number still kept, here or in the archive; `None` while there is no record. An archive that is not there holds none.
    pub fn first(&self) -> Result<Option<u64>> {
        match &self.deep {
            Some(deep) => deep.first(),
            None => self.first_here(),
        }
    }

    /// First number kept in the journal's own folder; the archive's disk is not waited for.
    pub fn first_here(&self) -> Result<Option<u64>> {
        match segment::list(self.disk.as_ref(), &self.dir)?.first() {
            Some(number) => self.first_of(*number),
            None => Ok(None),
        }
    }

    /// The last record that is neither kept here nor to be read from the archive, and its chain hash; (0, genesis)
    /// while none is gone. Whoever followed the journal up to there goes on with the first record kept.
    pub fn before_first(&self) -> Result<Position> {
        if let Some(deep) = &self.deep {
            return deep.before_first();
        }
        let lowest = segment::list(self.disk.as_ref(), &self.dir)?
            .first()
            .copied();
        let mut walker = Walker::new(self.segment(lowest.unwrap_or(1))?, None);
        let stop = match walker.step()? {
            Step::Batch(_) => None,
            Step::Stop { why, .. } => Some(why),
        };
        match (walker.begin, stop) {
            (Some((first, chain)), _) => Ok((first.saturating_sub(1), chain)),
            // A segment that was begun is whole from its first batch on, or nothing can be said of what lies before.
            (None, Some(why)) if walker.segment.seal()?.is_some() => Err(JournalFault::new(
                FaultKind::BadRecord,
                walker.segment.place(DATA_START),
                why,
            )),
            (None, _) => Ok((0, chain::genesis(&self.identity))),
        }
    }

    /// The last complete batch's last record and its chain hash; (0, genesis) while there is none.
    pub fn position(&self) -> Result<Position> {
        let mut records = self.at_last_known()?;
        records.run_to_end()?;
        Ok((records.walker.next.unwrap_or(1) - 1, records.walker.chain))
    }

    /// Records from `number` on, up to the present end. The iterator ends there, and goes on when
    /// asked again after more was written. 0 means the first record kept; a trimmed number is
    /// refused (`J014`).
    pub fn read_from(&self, number: u64) -> Result<Records> {
        self.read_range(number, u64::MAX)
    }

    /// Records `from` to `to`, both included.
    pub fn read_range(&self, from: u64, to: u64) -> Result<Records> {
        let walker = match (self.locate(from), &self.deep) {
            (Err(fault), Some(deep)) if fault.has_gone() => return deep.read_range(from, to),
            // Moved or removed between the two looks; now it is not listed.
            (Err(fault), None) if fault.is_of_absence() => self.locate(from)?,
            (walker, _) => walker?,
        };
        Ok(Records {
            reader: self.clone(),
            walker,
            queue: VecDeque::new(),
            from,
            to,
            failed: false,
        })
    }

    /// One record; `None` when it is not written yet.
    pub fn get(&self, number: u64) -> Result<Option<Record>> {
        self.read_range(number.max(1), number)?.next().transpose()
    }

    /// The first record behind the next segment after `number` that was given up by name: there reading goes on for
    /// whoever can do without what was lost. `None` when nothing of what follows was given up.
    pub fn behind_given_up(&self, number: u64) -> Result<Option<u64>> {
        let given_up = GivenUp::read(self.disk.as_ref(), &self.dir)?.with(&[]);
        if given_up.is_empty() {
            return Ok(None);
        }
        let is_behind = |segment: &u64| {
            let before = segment.checked_sub(1);
            !given_up.contains(segment) && before.is_some_and(|before| given_up.contains(&before))
        };
        let numbers = segment::list(self.disk.as_ref(), &self.dir)?;
        for segment in numbers.into_iter().filter(is_behind) {
            let first = self.first_of(segment)?;
            if first.is_some_and(|first| first > number) {
                return Ok(first);
            }
        }
        Ok(None)
    }

    /// For many single records in the order of their numbers.
    pub fn nearby(&self) -> Nearby {
        Nearby::of(self.clone())
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// First number in a segment, from its first whole batch.
    fn first_of(&self, number: u64) -> Result<Option<u64>> {
        if let Some(first) = self.index().firsts.get(&number) {
            return Ok(Some(*first));
        }
        let mut walker = Walker::new(self.segment(number)?, None);
        let first = match walker.step()? {
            Step::Batch(_) => walker.begin.map(|(first, _)| first),
            // A sealed segment was begun, whatever became of its first batch.
            Step::Stop { .. } => walker.segment.seal()?.map(|seal| seal.first),
        };
        if let Some(first) = first {
            self.index().firsts.insert(number, first);
        }
        Ok(first)
    }

    fn segment(&self, number: u64) -> Result<Segment> {
        let segment = Segment::open(self.disk.as_ref(), &self.dir, number, false)?;
        if segment.head.identity != self.identity {
            let detail = format!("the segment belongs to {:?}", segment.head.identity);
            return Err(JournalFault::new(
                FaultKind::Identity,
                segment.place(0),
                detail,
            ));
        }
        Ok(segment)
    }

    /// The last started segment whose first number is not above `number`, with the first kept number.
    fn holder(&self, number: u64) -> Result<(Option<u64>, Vec<u64>)> {
        let numbers = segment::list(self.disk.as_ref(), &self.dir)?;
        let (mut low, mut high) = (0, numbers.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let beyond = numbers.get(middle..high).unwrap_or_default();
            match self.begun_of(beyond)? {
                Some((steps, first)) if first <= number => low = middle + steps + 1,
                _ => high = middle,
            }
        }
        let holder = low.checked_sub(1).and_then(|at| numbers.get(at).copied());
        Ok((holder, numbers))
    }

    /// The first of these segments whose first number can be told, how many stand before it, and that number. A
    /// broken one hides nothing of those behind it.
    fn begun_of(&self, numbers: &[u64]) -> Result<Option<(usize, u64)>> {
        for (steps, number) in numbers.iter().enumerate() {
            match self.first_of(*number) {
                Ok(Some(first)) => return Ok(Some((steps, first))),
                Ok(None) => {}
                Err(fault) if fault.kind() == FaultKind::Io => return Err(fault),
                Err(_) => {}
            }
        }
        Ok(None)
    }

    /// A walker at the batch that holds `number`, or at the end before it.
    fn locate(&self, number: u64) -> Result<Walker> {
        let (holder, numbers) = self.holder(number)?;
        let lowest = numbers.first().copied().unwrap_or(1);
        match holder {
            Some(segment) => {
                let segment = self.segment(segment)?;
                let near = self
                    .index()
                    .near((segment.head.number, segment.mark), number);
                let mut walker = Walker::at(segment.clone(), near.unwrap_or(DATA_START), None);
                walker.skip_to(number, |first, offset| {
                    self.index().note(&segment, first, offset);
                })?;
                Ok(walker)
            }
            None => match self.first_of(lowest)? {
                // Begun between the two looks, and remembered now, so the next look finds it.
                Some(first) if number >= first => self.locate(number),
                Some(first) if number != 0 => Err(JournalFault::new(
                    FaultKind::Trimmed,
                    format!("record {number}"),
                    format!("the first record kept is {first}"),
                )),
                Some(_) => Ok(Walker::new(self.segment(lowest)?, None)),
                None => {
                    let begin = (1, chain::genesis(&self.identity));
                    Ok(Walker::new(self.segment(lowest)?, Some(begin)))
                }
            },
        }
    }

    /// Records from the last place known in the last started segment.
    fn at_last_known(&self) -> Result<Records> {
        self.read_from(u64::MAX)
            .or_else(|fault| match fault.kind() {
                FaultKind::Trimmed => self.read_from(0),
                _ => Err(fault),
            })
    }
}

/// Records in order. `None` means "the present end": ask again to follow a running hub. After an
/// error it ends for good.
pub struct Records {
    reader: Reader,
    walker: Walker,
    queue: VecDeque<Record>,
    from: u64,
    to: u64,
    failed: bool,
}

impl Records {
    /// The next whole batch at once, cut to the asked range; `None` at the present end. Batches are
    /// the units the hub committed.
    pub fn next_batch(&mut self) -> Result<Option<Vec<Record>>> {
        if !self.queue.is_empty() {
            return Ok(Some(self.queue.drain(..).collect()));
        }
        while !self.failed && self.walker.next.is_none_or(|next| next <= self.to) {
            match self.step() {
                Ok(None) => break,
                Ok(Some(mut records)) => {
                    records.retain(|record| (self.from..=self.to).contains(&record.number));
                    if !records.is_empty() {
                        return Ok(Some(records));
                    }
                }
                Err(fault) => {
                    self.failed = true;
                    return Err(fault);
                }
            }
        }
        Ok(None)
    }

    /// Number after the last record walked over, and the chain hash before it.
    pub fn position(&self) -> Position {
        (self.walker.next.unwrap_or(1) - 1, self.walker.chain)
    }

    fn run_to_end(&mut self) -> Result<()> {
        while self.step()?.is_some() {}
        Ok(())
    }

    /// The next whole batch, whatever range was asked for.
    pub(crate) fn step(&mut self) -> Result<Option<Vec<Record>>> {
        loop {
            match self.walker.step()? {
                Step::Batch(records) => {
                    if let Some(first) = records.first() {
                        let (segment, offset) = (&self.walker.segment, self.walker.last_offset);
                        self.reader.index().note(segment, first.number, offset);
                    }
                    return Ok(Some(records));
                }
                Step::Stop { written, .. } => {
                    if !self.next_segment_anywhere(written)? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The same, in the archive too when what comes next was moved there meanwhile.
    fn next_segment_anywhere(&mut self, written: bool) -> Result<bool> {
        match (self.next_segment(written), self.reader.deep.clone()) {
            (Err(fault), Some(deep)) if fault.has_gone() => {
                self.reader = Reader::clone(&deep);
                self.next_segment(written)
            }
            (next, _) => next,
        }
    }

    /// Goes on in the next segment if that one was begun. Tells the present end from damage.
    fn next_segment(&mut self, written: bool) -> Result<bool> {
        let number = self.walker.segment.head.number;
        let reader = self.reader.clone();
        let numbers = segment::list(reader.disk.as_ref(), &reader.dir)?;
        if numbers.first().is_some_and(|lowest| *lowest > number) {
            return Err(self.trimmed());
        }
        let exists = numbers.contains(&(number + 1));
        let begun = exists && reader.first_of(number + 1)?.is_some();
        if !begun {
            self.check_no_hole(&numbers)?;
        }
        if !begun && !written {
            return match exists {
                true => self.check_unbegun(number + 1).map(|()| false),
                false => Ok(false),
            };
        }
        // The writer may have completed this very batch since: look again before judging.
        if matches!(self.probe()?, Step::Batch(_)) {
            return Ok(true);
        }
        if begun {
            let seal = self.walker.segment.seal()?;
            if seal.is_some_and(|seal| seal.end > self.walker.offset) {
                return Err(self.damaged("the seal speaks of more batches"));
            }
            let follows = self.walker.next.map(|next| (next, self.walker.chain));
            self.walker = Walker::new(reader.segment(number + 1)?, follows);
            return Ok(true);
        }
        let damaged = self.walker.later_batch()?;
        match damaged {
            Some(later) if !matches!(self.probe()?, Step::Batch(_)) => {
                Err(self.damaged(&format!("the batch at {later} is good")))
            }
            Some(_) => Ok(true),
            None => Ok(false),
        }
    }

    /// Where the next segment is missing, or holds nothing, none behind it may hold anything: else here is no end.
    fn check_no_hole(&self, numbers: &[u64]) -> Result<()> {
        let next = self.walker.segment.head.number + 1;
        let behind = numbers.partition_point(|number| *number <= next);
        let behind = numbers.get(behind..).unwrap_or_default();
        if self.reader.begun_of(behind)?.is_none() {
            return Ok(());
        }
        if self
            .reader
            .first_of(next)
            .is_ok_and(|first| first.is_some())
        {
            // Begun since the look before.
            return Ok(());
        }
        let found = self.reader.segment(next);
        Err(match found {
            Ok(segment) if segment.missing > 0 => segment.cut(),
            Ok(segment) => {
                let detail = "it holds no whole batch, a later segment does";
                JournalFault::new(FaultKind::BadRecord, segment.place(DATA_START), detail)
            }
            Err(fault) if fault.is_of_absence() => {
                let here = segment::list(self.reader.disk.as_ref(), &self.reader.dir)?;
                if here.first().is_some_and(|lowest| *lowest > next) {
                    return Err(self.trimmed());
                }
                let place = self.reader.dir.join(segment::file_name(next));
                let detail = "its file is not there, files before and after it are";
                let place = place.display().to_string();
                JournalFault::new(FaultKind::MissingSegment, place, detail)
            }
            Err(fault) => fault,
        })
    }

    /// A segment whose first batch is not whole holds no good one either, or it is damaged.
    fn check_unbegun(&self, number: u64) -> Result<()> {
        let follows = self.walker.next.map(|next| (next, self.walker.chain));
        let mut ahead = Walker::new(self.reader.segment(number)?, follows);
        if let Step::Stop { written: true, .. } = ahead.step()?
            && let Some(later) = ahead.later_batch()?
            && !matches!(ahead.step()?, Step::Batch(_))
        {
            let place = ahead.segment.place(ahead.offset);
            let detail = format!("the batch here is damaged, yet the batch at {later} is good");
            return Err(JournalFault::new(FaultKind::BadRecord, place, detail));
        }
        Ok(())
    }

    fn trimmed(&self) -> JournalFault {
        let detail = "the segment being read was trimmed";
        let place = self.walker.segment.place(self.walker.offset);
        JournalFault::new(FaultKind::Trimmed, place, detail)
    }

    fn damaged(&self, yet: &str) -> JournalFault {
        let place = self.walker.segment.place(self.walker.offset);
        let detail = format!("the batch here is damaged, yet {yet}");
        JournalFault::new(FaultKind::BadRecord, place, detail)
    }

    /// Steps a copy of the walker, leaving this one where it is.
    fn probe(&self) -> Result<Step> {
        let follows = self.walker.next.map(|next| (next, self.walker.chain));
        Walker::at(self.walker.segment.clone(), self.walker.offset, follows).step()
    }
}

impl Iterator for Records {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.queue.is_empty() {
            match self.next_batch() {
                Ok(batch) => self.queue.extend(batch?),
                Err(fault) => return Some(Err(fault)),
            }
        }
        self.queue.pop_front().map(Ok)
    }
}
