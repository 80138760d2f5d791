//! Opening a folder for writing: find the end, cut a torn batch, refuse damage, seal what a crash
//! left unsealed. Reads the last started segment, and those before it that lack their seal; of the others it
//! looks at length and seal.

mod join;

use std::collections::VecDeque;
use std::path::Path;

use crate::chain::Hash;
use crate::counters::Tally;
use crate::disk::Disk;
use crate::fault::{FaultKind, JournalFault, Result};
use crate::frame::FRAME_HEAD;
use crate::given_up::GivenUp;
use crate::options::Options;
use crate::prepare::DRAFT_NAME;
use crate::segment::{self, Segment};
use crate::trimmed::{Trimmed, unexplained};
use crate::walk::{Step, Walker};

pub(crate) use join::BROKEN_MAX;
pub use join::Broken;
use join::Passes;

/// What opening found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Opening {
    /// Last durable number; 0 for a new journal.
    pub last: u64,
    /// Place of a batch that was begun and never finished, now cut.
    pub torn: Option<String>,
    /// A segment that a crash, or another hand, had left without its seal, sealed now.
    pub sealed: Option<u64>,
    /// Segments that are missing or broken and were given up by name, newest first.
    pub broken: Vec<Broken>,
}

/// The state the writer goes on from.
pub(crate) struct Recovered {
    /// The last segment with a batch in it, walked to its end, and whether it is sealed.
    pub active: Option<(Walker, bool)>,
    /// Segments made ready before.
    pub ready: VecDeque<Segment>,
    pub opening: Opening,
}

struct Recovery<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    identity: &'a str,
    tally: &'a Tally,
    opening: Opening,
    /// Only looks: nothing is cut, sealed or written again.
    looks: bool,
    gives_up_changed: bool,
    passes: Passes,
}

pub(crate) fn recover(
    disk: &dyn Disk,
    dir: &Path,
    options: &Options,
    tally: &Tally,
) -> Result<Recovered> {
    let given_up = GivenUp::read(disk, dir)?;
    let mut recovery = Recovery {
        disk,
        dir,
        identity: &options.identity,
        tally,
        opening: Opening::default(),
        looks: false,
        gives_up_changed: options.gives_up_changed,
        passes: Passes::Named(given_up.with(&options.gives_up_segments)),
    };
    let recovered = recovery.run()?;
    // Before anything is written behind it, so that no later start asks again.
    given_up.add(&recovered.opening.broken, disk, dir)?;
    Ok(recovered)
}

/// What recovery would refuse of this folder; nothing in it is changed.
pub(crate) fn look(disk: &dyn Disk, dir: &Path, options: &Options) -> Result<()> {
    let given_up = GivenUp::read(disk, dir)?;
    let passes = Passes::Named(given_up.with(&options.gives_up_segments));
    looked(disk, dir, options, passes).map(|_| ())
}

/// The segments of this folder that recovery would refuse and that nobody gave up yet.
pub(crate) fn broken(disk: &dyn Disk, dir: &Path, options: &Options) -> Result<Vec<Broken>> {
    let known = GivenUp::read(disk, dir)?.with(&[]);
    let mut broken = looked(disk, dir, options, Passes::All)?.broken;
    broken.retain(|(number, _)| !known.contains(number));
    Ok(broken)
}

fn looked(disk: &dyn Disk, dir: &Path, options: &Options, passes: Passes) -> Result<Opening> {
    let tally = Tally::default();
    let mut recovery = Recovery {
        disk,
        dir,
        identity: &options.identity,
        tally: &tally,
        opening: Opening::default(),
        looks: true,
        gives_up_changed: options.gives_up_changed,
        passes,
    };
    recovery.run().map(|recovered| recovered.opening)
}

impl Recovery<'_> {
    fn run(&mut self) -> Result<Recovered> {
        let numbers = segment::list(self.disk, self.dir)?;
        self.remove_draft()?;
        let mut ready = VecDeque::new();
        let mut active = None;
        let mut above = None;
        for number in numbers.iter().rev() {
            // A hole behind the segment that is written hides where the journal ends.
            if above.is_some_and(|above| above != number + 1) {
                return Err(join::missing(self.dir, number + 1));
            }
            above = Some(*number);
            let segment = self.open(*number)?;
            match self.started(segment)? {
                Found::Started(walker) => {
                    active = Some(*walker);
                    break;
                }
                Found::Ready(segment) => ready.push_front(segment),
            }
        }
        let lowest = numbers.first().copied().unwrap_or(1);
        let active = match active {
            Some(mut walker) => {
                let sealed = self.walk_to_end(&mut walker, true)?;
                self.check_beginning(&walker, lowest)?;
                self.join(&walker, lowest, &numbers)?;
                self.settle(&walker)?;
                Some((walker, sealed))
            }
            None if lowest != 1 => {
                let detail = format!("the folder begins with segment {lowest} and holds no record");
                let place = self.dir.display().to_string();
                return Err(JournalFault::new(FaultKind::MissingSegment, place, detail));
            }
            None => None,
        };
        if let Some((walker, _)) = &active {
            self.opening.last = walker.next.unwrap_or(1) - 1;
        }
        Ok(Recovered {
            active,
            ready,
            opening: std::mem::take(&mut self.opening),
        })
    }

    /// A journal that does not begin with record 1 must have been trimmed to where it begins.
    fn check_beginning(&mut self, walker: &Walker, lowest: u64) -> Result<()> {
        let first = match lowest == walker.segment.head.number {
            true => Ok(walker.begin),
            // One that cannot be read is told of where it is joined to the next.
            false => self.open(lowest).and_then(|segment| begin_of(&segment)),
        };
        let Ok(Some((first, chain_before))) = first else {
            return Ok(());
        };
        let recorded = Trimmed::read(self.disk, self.dir)?;
        match Trimmed::check(recorded.as_ref(), first, &chain_before) {
            None => Ok(()),
            Some(detail) => {
                let place = self.dir.join(segment::file_name(lowest));
                let fault = unexplained(place.display().to_string(), detail);
                self.pass(lowest.saturating_sub(1), fault)
            }
        }
    }

    /// A draft a crash left behind is no part of the journal.
    fn remove_draft(&self) -> Result<()> {
        if self.looks {
            return Ok(());
        }
        let io = |error| JournalFault::io(self.dir, "removing a draft", &error);
        let names = self.disk.list(self.dir).map_err(io)?;
        if names.iter().any(|name| name == DRAFT_NAME) {
            self.disk.remove(&self.dir.join(DRAFT_NAME)).map_err(io)?;
        }
        Ok(())
    }

    fn open(&self, number: u64) -> Result<Segment> {
        self.open_for(number, true)
    }

    /// Opens a segment, to be written only where it may have to be: old ones may be kept read-only.
    fn open_for(&self, number: u64, write: bool) -> Result<Segment> {
        let segment = Segment::open(self.disk, self.dir, number, write)?;
        if segment.head.identity != self.identity {
            let detail = format!(
                "the folder belongs to {:?}, this hub is {:?}",
                segment.head.identity, self.identity
            );
            return Err(JournalFault::new(
                FaultKind::Identity,
                segment.place(0),
                detail,
            ));
        }
        Ok(segment)
    }

    /// Whether a segment holds a batch. A first batch that was torn is cut here.
    fn started(&mut self, segment: Segment) -> Result<Found> {
        let mut walker = Walker::new(segment.clone(), None);
        match walker.step()? {
            Step::Batch(_) => Ok(Found::Started(Box::new(Walker::new(segment, None)))),
            Step::Stop { why, written } => {
                if segment.seal()?.is_some() {
                    return Err(bad_before_good(&walker, why, segment.head.data_end()));
                }
                if let Some(later) = walker.later_batch()? {
                    return Err(bad_before_good(&walker, why, later));
                }
                self.make_whole(&walker, written)?;
                refuse_changed(&walker, self.gives_up_changed)?;
                if written {
                    self.cut(&walker)?;
                }
                Ok(Found::Ready(segment))
            }
        }
    }

    /// Walks a segment to its last good batch; true when it is sealed. Only the `newest` segment
    /// may end in a torn batch.
    fn walk_to_end(&mut self, walker: &mut Walker, newest: bool) -> Result<bool> {
        let (why, written) = loop {
            if let Step::Stop { why, written } = walker.step()? {
                break (why, written);
            }
        };
        if let Some(seal) = walker.segment.seal()? {
            if walker.seal().as_ref() == Some(&seal) {
                return Ok(true);
            }
            let detail = format!(
                "the seal speaks of records {} to {} ending at {}, the segment's good batches end at {}",
                seal.first,
                seal.last(),
                seal.end,
                walker.offset
            );
            let place = walker.segment.place(walker.offset);
            return Err(JournalFault::new(FaultKind::Seal, place, detail));
        }
        if let Some(later) = walker.later_batch()? {
            return Err(bad_before_good(walker, why, later));
        }
        if written && !newest {
            return Err(bad_before_good(walker, why, walker.segment.head.data_end()));
        }
        // Of an earlier one the chain shows that nothing is missing.
        if newest {
            self.make_whole(walker, written)?;
        }
        refuse_changed(walker, self.gives_up_changed)?;
        if written {
            self.cut(walker)?;
        }
        Ok(false)
    }

    /// Gives a file that was cut short its length again, where the cut lies behind a place at which a next
    /// batch would have begun, and none did: then zeros alone are gone. Else a batch may be gone that was
    /// acknowledged, and only somebody by name gives that up.
    fn make_whole(&self, walker: &Walker, written: bool) -> Result<()> {
        let segment = &walker.segment;
        let len = segment.head.bytes - segment.missing;
        let is_empty_end = !written && walker.offset + FRAME_HEAD as u64 <= len;
        if segment.missing == 0 {
            return Ok(());
        }
        if !is_empty_end && !self.gives_up_changed {
            return Err(segment.cut());
        }
        self.lengthen(segment)
    }

    /// Gives a file the length that its head says.
    fn lengthen(&self, segment: &Segment) -> Result<()> {
        let len = segment.head.bytes - segment.missing;
        if self.looks || segment.missing == 0 {
            return Ok(());
        }
        let (place, missing) = (segment.place(len), segment.missing);
        tracing::warn!(
            place,
            missing,
            "a segment's file was cut short; it is made whole"
        );
        Tally::add(&self.tally.other_syncs, 1);
        let file = &segment.file;
        file.set_len(segment.head.bytes)
            .and_then(|()| file.sync())
            .map_err(|error| JournalFault::io(&segment.path, "making it whole", &error))
    }

    /// Wipes the head of a batch that was begun and never finished, so that nobody takes it for one.
    fn cut(&mut self, walker: &Walker) -> Result<()> {
        if self.looks {
            return Ok(());
        }
        let place = walker.segment.place(walker.offset);
        tracing::warn!(
            place,
            "an unfinished batch was cut; nothing here shows that it was ever whole"
        );
        self.opening.torn = Some(place);
        let room = walker.segment.head.data_end() - walker.offset;
        let zeros = vec![0; FRAME_HEAD.min(usize::try_from(room).unwrap_or(FRAME_HEAD))];
        self.write(&walker.segment, &zeros, walker.offset)
    }

    /// Writes the last batch again and syncs it. After a failed sync the system may hold a page as
    /// clean that never reached the disk; only a new write makes the next sync carry it. A packed segment was read
    /// through when it was made, and is never written.
    fn settle(&self, walker: &Walker) -> Result<()> {
        if walker.segment.is_packed() {
            return Ok(());
        }
        let len = walker.offset - walker.last_offset;
        let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
        let segment = &walker.segment;
        segment
            .file
            .read_at(&mut bytes, walker.last_offset)
            .map_err(|error| JournalFault::io(&segment.path, "reading the last batch", &error))?;
        if let Some(seal) = segment.seal()? {
            self.write(segment, &seal.encode(), segment.head.data_end())?;
        }
        self.write(segment, &bytes, walker.last_offset)
    }

    fn write(&self, segment: &Segment, bytes: &[u8], offset: u64) -> Result<()> {
        if self.looks {
            return Ok(());
        }
        Tally::add(&self.tally.file_bytes, bytes.len() as u64);
        Tally::add(&self.tally.other_syncs, 1);
        segment
            .file
            .write_at(bytes, offset)
            .and_then(|()| segment.file.sync())
            .map_err(|error| {
                JournalFault::new(
                    FaultKind::Write,
                    segment.place(offset),
                    format!("repairing: {error}"),
                )
                .caused(&error)
            })
    }
}

/// With what a segment begins: by its seal, else by its first batch.
fn begin_of(segment: &Segment) -> Result<Option<(u64, Hash)>> {
    if let Some(seal) = segment.seal()? {
        return Ok(Some((seal.first, seal.chain_before)));
    }
    let mut walker = Walker::new(segment.clone(), None);
    walker.step()?;
    Ok(walker.begin)
}

enum Found {
    Started(Box<Walker>),
    Ready(Segment),
}

/// A batch that had been written whole and was changed since is evidence, and never cut unless
/// somebody gave it up by name.
fn refuse_changed(walker: &Walker, gives_up: bool) -> Result<()> {
    match walker.changed_at()? {
        Some(at) if gives_up => {
            let place = walker.segment.place(at);
            tracing::error!(
                place,
                "a batch that was changed after it was written is given up by name"
            );
            Ok(())
        }
        Some(at) => Err(JournalFault::new(
            FaultKind::Changed,
            walker.segment.place(at),
            changed(walker),
        )),
        None => Ok(()),
    }
}

/// What is said of a batch that one bit separates from being whole.
pub(crate) fn changed(walker: &Walker) -> String {
    let from = walker
        .next
        .map_or("the first record".into(), |next| format!("record {next}"));
    format!("the batch from {from} on is whole but for one bit here; it may have been acknowledged")
}

fn bad_before_good(walker: &Walker, why: &str, later: u64) -> JournalFault {
    let record = walker
        .next
        .map_or("the first record".into(), |n| format!("record {n}"));
    let detail = format!("{record}: {why}, yet later bytes at {later} are good");
    JournalFault::new(
        FaultKind::BadRecord,
        walker.segment.place(walker.offset),
        detail,
    )
}

/// Checks that a segment beginning with `begin` (first number, chain hash before it) stands where `want` says.
fn follows(place: &str, begin: (u64, Hash), want: (u64, Hash)) -> Result<()> {
    let first = begin.0;
    if first != want.0 {
        let detail = format!(
            "the segment begins with record {first}, expected {}",
            want.0
        );
        return Err(JournalFault::new(FaultKind::BadRecord, place, detail));
    }
    if begin.1 != want.1 {
        let detail = format!("record {first} does not follow from the record before it");
        return Err(JournalFault::new(FaultKind::Chain, place, detail));
    }
    Ok(())
}
