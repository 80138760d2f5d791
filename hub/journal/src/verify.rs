//! Checking a whole journal, also while a hub writes it: every CRC, number, chain hash and seal.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::chain::{self, Hash};
use crate::disk::{Disk, RealDisk};
use crate::fault::{FaultKind, JournalFault, Result};
use crate::record::Record;
use crate::recover::changed as changed_words;
use crate::segment::{self, Seal, Segment};
use crate::trimmed::Trimmed;
use crate::walk::{Step, Walker};

/// Problems listed at most; more are only counted.
const PROBLEMS_MAX: usize = 1_000;
/// How long a half-written batch at the end is given to become whole before it counts as torn.
pub const WRITER_PATIENCE: Duration = Duration::from_millis(200);

/// One thing wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Stable code, such as `J005`.
    pub code: &'static str,
    /// Segment file name.
    pub file: String,
    /// Byte offset in the file.
    pub offset: u64,
    /// The record it concerns, where known.
    pub record: Option<u64>,
    /// What is wrong.
    pub text: String,
    /// What to do.
    pub remedy: &'static str,
}

/// What `verify` found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// Whose journal it is.
    pub identity: String,
    /// Segment files.
    pub segments: u64,
    /// Segments with a seal.
    pub sealed: u64,
    /// Batches read.
    pub batches: u64,
    /// Good records read.
    pub records: u64,
    /// First record kept; 0 for none.
    pub first: u64,
    /// Last good record; 0 for none.
    pub last: u64,
    /// Chain hash after `last`.
    pub chain: Hash,
    /// A batch that is not whole stands at the end and is cut at the next opening. Nothing in the
    /// journal shows that it was ever whole; whether it was acknowledged only receipts and the
    /// witness can tell.
    pub torn_tail: bool,
    /// How long it took.
    pub duration: Duration,
    /// What is wrong, in order; at most 1,000.
    pub problems: Vec<Problem>,
    /// How many problems there are in all.
    pub problem_count: u64,
}

impl Report {
    /// True when nothing is wrong. A torn tail is not wrong.
    pub fn is_clean(&self) -> bool {
        self.problem_count == 0
    }
}

/// Checks the journal in `dir`. Fails only when the folder cannot be read at all.
pub fn verify(dir: impl AsRef<Path>) -> Result<Report> {
    verify_against(dir, &[])
}

/// Checks the journal and that it holds the given records: numbers and chain hashes from receipts.
pub fn verify_against(dir: impl AsRef<Path>, receipts: &[(u64, Hash)]) -> Result<Report> {
    verify_on(Arc::new(RealDisk), dir, receipts, WRITER_PATIENCE)
}

/// As [`verify_against`] on a given disk; `patience` is how long an unfinished batch at the end may
/// take to become whole before it counts as torn.
pub fn verify_on(
    disk: Arc<dyn Disk>,
    dir: impl AsRef<Path>,
    receipts: &[(u64, Hash)],
    patience: Duration,
) -> Result<Report> {
    verify_held(disk, dir, receipts, patience, &mut |_| Vec::new())
}

/// As [`verify_on`]. `contradicts` is shown each good record and says what is known of it from outside that it
/// does not hold; each is a problem (`J058`).
pub fn verify_held(
    disk: Arc<dyn Disk>,
    dir: impl AsRef<Path>,
    receipts: &[(u64, Hash)],
    patience: Duration,
    contradicts: Contradicts<'_>,
) -> Result<Report> {
    let dir = dir.as_ref();
    let begun = Instant::now();
    let numbers = segment::list(disk.as_ref(), dir)?;
    if numbers.is_empty() {
        let place = dir.display().to_string();
        return Err(JournalFault::new(
            FaultKind::Io,
            place,
            "there is no journal here",
        ));
    }
    let mut known: BTreeMap<u64, Vec<Hash>> = BTreeMap::new();
    for (number, chain) in receipts {
        known.entry(*number).or_default().push(*chain);
    }
    let mut check = Check {
        disk,
        dir,
        receipts: known,
        contradicts,
        follows: None,
        open_end: None,
        waiting: Vec::new(),
        unsealed: None,
        patience,
        begin: None,
        report: Report {
            identity: String::new(),
            segments: numbers.len() as u64,
            sealed: 0,
            batches: 0,
            records: 0,
            first: 0,
            last: 0,
            chain: [0; 32],
            torn_tail: false,
            duration: Duration::ZERO,
            problems: Vec::new(),
            problem_count: 0,
        },
    };
    check.run(&numbers)?;
    check.report.duration = begun.elapsed();
    Ok(check.report)
}

/// The file that a fault of opening it names.
fn file_of(fault: &JournalFault) -> String {
    let place = fault.place().rsplit('/').next().unwrap_or_default();
    let file = place.split('+').next().unwrap_or_default();
    file.to_owned()
}

/// What is known from outside and a record does not hold, in words.
type Contradicts<'a> = &'a mut dyn FnMut(&Record) -> Vec<String>;

/// Where a segment without a seal ended, held back until it is known whether records follow.
struct OpenEnd {
    walker: Walker,
    written: bool,
}

struct Check<'a> {
    disk: Arc<dyn Disk>,
    dir: &'a Path,
    /// Chain hashes known for a record from outside; gone once it was met.
    receipts: BTreeMap<u64, Vec<Hash>>,
    contradicts: Contradicts<'a>,
    /// Number and chain hash the next record must follow; `None` after a gap.
    follows: Option<(u64, Hash)>,
    open_end: Option<OpenEnd>,
    /// Segments after it in which nothing good was seen.
    waiting: Vec<u64>,
    /// A segment without a seal that has a successor with records.
    unsealed: Option<Segment>,
    patience: Duration,
    /// The first record met, the chain hash before it, and the file it stands in.
    begin: Option<(u64, Hash, String)>,
    report: Report,
}

impl Check<'_> {
    fn run(&mut self, numbers: &[u64]) -> Result<()> {
        let mut expected = numbers.first().copied().unwrap_or(1);
        for number in numbers {
            if *number != expected {
                let detail = format!("segments {expected} to {} are missing", number - 1);
                let file = segment::file_name(expected);
                self.problem(FaultKind::MissingSegment, &file, 0, None, detail);
                self.follows = None;
            }
            expected = number + 1;
            let Some(segment) = self.opened(*number)? else {
                continue;
            };
            if is_begun(&segment)? {
                self.begun(segment)?;
            } else {
                self.waiting.push(*number);
            }
        }
        self.torn_beginning()?;
        if let Some(end) = self.open_end.take() {
            self.last_place(&end)?;
        }
        self.beginning()?;
        self.missing_receipts();
        Ok(())
    }

    /// Opens a segment; one that cannot be opened is a problem, unless it was trimmed meanwhile.
    fn opened(&mut self, number: u64) -> Result<Option<Segment>> {
        match Segment::open(self.disk.as_ref(), self.dir, number, false) {
            Ok(segment) => {
                self.identity(&segment);
                if segment.missing > 0 {
                    let (fault, file) = (segment.cut(), name(&segment));
                    let at = segment.head.bytes - segment.missing;
                    self.problem(fault.kind(), &file, at, None, fault.detail().into());
                }
                Ok(Some(segment))
            }
            Err(_) if self.is_trimmed(number)? => {
                self.trimmed();
                Ok(None)
            }
            Err(fault) => {
                let file = file_of(&fault);
                self.problem(fault.kind(), &file, 0, None, fault.detail().into());
                self.follows = None;
                Ok(None)
            }
        }
    }

    fn identity(&mut self, segment: &Segment) {
        let head = &segment.head;
        if self.report.identity.is_empty() {
            self.report.identity.clone_from(&head.identity);
            self.report.chain = chain::genesis(&head.identity);
            if head.number == 1 {
                self.follows = Some((1, self.report.chain));
            }
        } else if head.identity != self.report.identity {
            let detail = format!("the segment belongs to {:?}", head.identity);
            self.problem(FaultKind::Identity, &name(segment), 0, None, detail);
        }
    }

    fn is_trimmed(&self, number: u64) -> Result<bool> {
        Ok(!segment::list(self.disk.as_ref(), self.dir)?.contains(&number))
    }

    /// The segment at hand is no longer kept, and none before it: what follows begins anew.
    fn trimmed(&mut self) {
        self.follows = None;
        self.open_end = None;
        self.unsealed = None;
        self.begin = None;
        self.report.first = 0;
        self.report.records = 0;
    }

    /// A segment in which good records were seen. A writer begins a segment only after the last
    /// batch and the seal of the one before, so whatever stands before this one is final from now
    /// on, whatever an earlier look at it showed.
    fn begun(&mut self, segment: Segment) -> Result<()> {
        for number in std::mem::take(&mut self.waiting) {
            if let Some(earlier) = self.opened(number)? {
                let begun = is_begun(&earlier)?;
                self.take(earlier, begun)?;
            }
        }
        self.take(segment, true)
    }

    /// Walks over a segment after a last look at the end of the one before.
    fn take(&mut self, segment: Segment, begun: bool) -> Result<()> {
        if begun {
            self.settle(&segment)?;
        }
        let problems = (self.report.problems.len(), self.report.problem_count);
        // The seal is read before the walk: a seal written during it would not match what was walked.
        let seal = segment.seal()?;
        let mut walker = Walker::new(segment, self.follows);
        let (why, written) = self.walk(&mut walker)?;
        // What a trimmed file holds now, a later segment perhaps, says nothing.
        if self.is_trimmed(walker.segment.head.number)? {
            self.report.problems.truncate(problems.0);
            self.report.problem_count = problems.1;
            self.trimmed();
            return Ok(());
        }
        if let Some((first, chain_before)) = walker.begin {
            self.follows = walker.next.map(|next| (next, walker.chain));
            let file = name(&walker.segment);
            self.begin.get_or_insert((first, chain_before, file));
        }
        match seal {
            Some(seal) => {
                let whole = self.report.problem_count == problems.1;
                self.sealed(&walker, &seal, whole, why);
            }
            None if walker.begin.is_some() || self.open_end.is_none() => {
                self.open_end = Some(OpenEnd { walker, written });
            }
            None => {}
        }
        Ok(())
    }

    /// Compares a seal with the batches walked over; `whole` when they had no problem of their own.
    fn sealed(&mut self, walker: &Walker, seal: &Seal, whole: bool, why: &str) {
        let file = name(&walker.segment);
        self.report.sealed += 1;
        if let Some(older) = self.unsealed.take() {
            let detail = format!("no seal, yet {file} has one");
            let place = older.head.data_end();
            self.problem(FaultKind::Seal, &name(&older), place, None, detail);
        }
        if whole && walker.seal().as_ref() != Some(seal) {
            let detail = format!(
                "the seal speaks of records {} to {} ending at {}, the good batches end at {} ({why})",
                seal.first,
                seal.last(),
                seal.end,
                walker.offset
            );
            let (at, next) = (walker.offset, walker.next);
            self.problem(FaultKind::Seal, &file, at, next, detail);
            self.follows = Some((seal.last() + 1, seal.chain_last));
        }
    }

    /// Records follow in a later segment, so the one that stood open before must have ended well.
    /// A crash may leave a segment without its seal until the next opening, yet only the last one
    /// before the end, and never with half a seal.
    fn settle(&mut self, later: &Segment) -> Result<()> {
        let Some(mut end) = self.open_end.take() else {
            return Ok(());
        };
        let before = self.report.problem_count;
        let walker = &mut end.walker;
        let seal = walker.segment.seal()?;
        // What the writer put there between the first look and the beginning of the later segment.
        let (why, written) = self.walk(walker)?;
        if self.is_trimmed(walker.segment.head.number)? {
            self.trimmed();
            return Ok(());
        }
        if walker.begin.is_some() {
            self.follows = walker.next.map(|next| (next, walker.chain));
        }
        let whole = self.report.problem_count == before;
        let file = name(&walker.segment);
        if let Some(seal) = seal {
            self.sealed(walker, &seal, whole, why);
            return Ok(());
        }
        if written {
            let record = self.follows.map(|(next, _)| next);
            let detail = format!("{why}, yet records follow in {}", name(later));
            self.problem(FaultKind::BadRecord, &file, walker.offset, record, detail);
        }
        let damaged = match &walker.seal() {
            Some(should) => walker.segment.seal_damaged(should)?,
            None => false,
        };
        if damaged {
            let place = walker.segment.head.data_end();
            let detail = "the seal is damaged".to_owned();
            self.problem(FaultKind::Seal, &file, place, None, detail);
        } else if let Some(older) = self.unsealed.replace(walker.segment.clone()) {
            let place = older.head.data_end();
            let detail = format!("no seal, yet records follow up to {}", name(later));
            self.problem(FaultKind::Seal, &name(&older), place, None, detail);
        }
        Ok(())
    }

    /// The last segments, made ready and not begun, may hold a first batch that was torn.
    fn torn_beginning(&mut self) -> Result<()> {
        for number in std::mem::take(&mut self.waiting) {
            let Some(segment) = self.opened(number)? else {
                continue;
            };
            let mut walker = Walker::new(segment, None);
            let Ok(Step::Stop { written, .. }) = walker.step() else {
                continue;
            };
            if written || self.open_end.is_none() || walker.changed_at()?.is_some() {
                self.open_end = Some(OpenEnd { walker, written });
            }
        }
        Ok(())
    }

    /// What stands behind the last good batch: nothing, a batch that was changed, or a torn one.
    fn last_place(&mut self, end: &OpenEnd) -> Result<()> {
        let changed = end.walker.changed_at()?;
        if (changed.is_none() && !end.written) || self.becomes_whole(end)? {
            return Ok(());
        }
        match changed {
            Some(at) => {
                let (file, next) = (name(&end.walker.segment), end.walker.next);
                let detail = changed_words(&end.walker);
                self.problem(FaultKind::Changed, &file, at, next, detail);
            }
            None => self.report.torn_tail = true,
        }
        Ok(())
    }

    /// The first record must be record 1, or the one that a recorded trim kept.
    fn beginning(&mut self) -> Result<()> {
        let Some((first, chain_before, file)) = self.begin.take() else {
            return Ok(());
        };
        // Where segment 1 is kept, what is wrong with it was said already.
        if segment::list(self.disk.as_ref(), self.dir)?.first() == Some(&1) {
            return Ok(());
        }
        let recorded = Trimmed::read(self.disk.as_ref(), self.dir)?;
        if let Some(detail) = Trimmed::check(recorded.as_ref(), first, &chain_before) {
            self.problem(FaultKind::Beginning, &file, 0, Some(first), detail);
        }
        Ok(())
    }

    /// Whether the unfinished batch at the end is one a running hub completes now.
    fn becomes_whole(&self, end: &OpenEnd) -> Result<bool> {
        let deadline = Instant::now() + self.patience;
        while Instant::now() < deadline {
            let mut walker = Walker::at(end.walker.segment.clone(), end.walker.offset, None);
            if matches!(walker.step(), Ok(Step::Batch(_))) {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(false)
    }

    /// Walks to the segment's end, over damaged places too.
    fn walk(&mut self, walker: &mut Walker) -> Result<(&'static str, bool)> {
        loop {
            match walker.step() {
                Ok(Step::Batch(records)) => {
                    self.report.batches += 1;
                    for record in &records {
                        self.record(record, walker);
                    }
                }
                Ok(Step::Stop { why, written }) => {
                    let Some(later) = walker.later_batch()? else {
                        return Ok((why, written));
                    };
                    // A hub may have completed the batch between the two looks.
                    let follows = walker.next.map(|next| (next, walker.chain));
                    let mut again = Walker::at(walker.segment.clone(), walker.offset, follows);
                    if matches!(again.step(), Ok(Step::Batch(_))) {
                        continue;
                    }
                    let detail = format!("{why}, yet the batch at {later} is good");
                    self.damaged(walker, FaultKind::BadRecord, detail, later);
                }
                Err(fault) if fault.kind() == FaultKind::Io => return Err(fault),
                Err(fault) => {
                    let at = walker.offset;
                    self.damaged(walker, fault.kind(), fault.detail().into(), at);
                }
            }
        }
    }

    /// Notes damage and goes on at `resume`, taking what comes there.
    fn damaged(&mut self, walker: &mut Walker, kind: FaultKind, detail: String, resume: u64) {
        let file = name(&walker.segment);
        self.problem(kind, &file, walker.offset, walker.next, detail);
        let stuck = resume == walker.offset && walker.next.is_none();
        let resume = if stuck {
            walker.segment.head.data_end()
        } else {
            resume
        };
        *walker = Walker::at(walker.segment.clone(), resume, None);
    }

    fn record(&mut self, record: &Record, walker: &Walker) {
        let (number, chain) = (record.number, record.chain);
        let report = &mut self.report;
        if report.records == 0 {
            report.first = number;
        }
        report.records += 1;
        report.last = number;
        report.chain = chain;
        for receipted in self.receipts.remove(&number).unwrap_or_default() {
            if receipted != chain {
                let detail = format!("record {number} is not the one that was receipted");
                let (file, offset) = (name(&walker.segment), walker.last_offset);
                self.problem(FaultKind::Chain, &file, offset, Some(number), detail);
            }
        }
        for detail in (self.contradicts)(record) {
            let (file, offset) = (name(&walker.segment), walker.last_offset);
            self.problem(FaultKind::Receipt, &file, offset, Some(number), detail);
        }
    }

    fn missing_receipts(&mut self) {
        for number in std::mem::take(&mut self.receipts).into_keys() {
            if number >= self.report.first {
                let detail = format!("record {number} was receipted and is not here");
                self.problem(FaultKind::Short, "", 0, Some(number), detail);
            }
        }
    }

    fn problem(
        &mut self,
        kind: FaultKind,
        file: &str,
        offset: u64,
        record: Option<u64>,
        text: String,
    ) {
        self.report.problem_count += 1;
        if self.report.problems.len() < PROBLEMS_MAX {
            self.report.problems.push(Problem {
                code: kind.code(),
                file: file.to_owned(),
                offset,
                record,
                text,
                remedy: kind.remedy(),
            });
        }
    }
}

fn name(segment: &Segment) -> String {
    let name = segment.path.file_name().unwrap_or(segment.path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Whether anything good stands in a segment: its seal, or a batch that is whole.
fn is_begun(segment: &Segment) -> Result<bool> {
    if segment.seal()?.is_some() {
        return Ok(true);
    }
    let mut walker = Walker::new(segment.clone(), None);
    match walker.step() {
        Ok(Step::Batch(_)) => Ok(true),
        Ok(Step::Stop { .. }) => Ok(walker.later_batch()?.is_some()),
        Err(fault) if fault.kind() == FaultKind::Io => Err(fault),
        // A whole batch that cannot be decoded is damage, and damage is walked over.
        Err(_) => Ok(true),
    }
}
