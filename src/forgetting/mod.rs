//! What is forgotten, and when: each kind of message has a class, each class a time. After it the bodies of its entries go, and their
//! digests stay; after the longest, whole segments.

mod ages;
mod by_hand;
mod class;
mod done;
mod last_said;
mod notes;
mod plan;
mod rule;
mod words;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use cordon_journal::{Aged, Draft, Forgetter, JournalFault, Passed};
use cordon_model::Digest;
use cordon_reports::{Gone, GoneBy};

pub use ages::{Ages, MarksFile};
pub use by_hand::Hand;
pub use class::Class;
#[cfg(test)]
pub use class::days as days_of;
use done::Done;
pub use last_said::{LastSaid, Removal};
pub use notes::Notes;
pub use plan::Planned;
use rule::Rule;

use crate::checkpoints::Bound;
use crate::config::RetentionSection;

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// The times of all classes, and how far each has come.
pub struct Forgetting {
    done: PathBuf,
    /// By class; none for what is never forgotten.
    days: Vec<(Class, u16)>,
    /// Whole segments go after so many.
    remove_days: Option<u16>,
    /// What is due and cannot go.
    passed: Mutex<Passed<Place>>,
}

/// Where something cannot be forgotten.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Place {
    /// In all that lies in the archive (`true`) or in the journal's folder.
    Folder(bool),
    /// In one segment.
    Segment(u64),
    /// In one that is not packed; once it is it may go.
    Unpacked(u64),
    /// In what goes as a whole: the oldest goes first.
    Whole,
}

/// What is to be forgotten next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Due {
    /// The bodies of one class in a segment, and of others whose time is no longer than this age, microseconds.
    Bodies(Class, Aged, i64),
    /// A whole segment.
    Segment(Aged),
}

/// What became of something that is due.
pub enum Begun {
    /// There was nothing to take out, and that is noted.
    Nothing,
    /// It can go.
    Ready(Box<Ready>),
    /// It cannot go now.
    Stuck(Stuck),
}

/// What can go.
pub struct Ready {
    due: Due,
    /// None for a whole segment.
    draft: Option<Draft>,
    /// What its entry says.
    pub told: Told,
    /// An entry must say so before.
    pub is_to_say: bool,
}

/// What an entry says of what goes.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// By which rule how much.
    pub gone: Vec<Gone>,
    /// SHA-256 of the file that keeps the settings of a whole segment.
    pub settings: Option<Digest>,
}

/// What became of what was ready.
pub enum Ended {
    /// It is gone. `is_to_say`: the last entry about it says that it could not go.
    Gone {
        /// An entry must say so.
        is_to_say: bool,
    },
    /// It stays all the same.
    Stuck(Stuck),
}

/// Why something that is due stays.
pub struct Stuck {
    /// Why.
    pub fault: JournalFault,
    /// An entry must say so: none does yet.
    pub is_to_say: bool,
}

impl Forgetting {
    /// By the rules of a park whose data lies there.
    pub fn of(rules: &RetentionSection, data: &Path) -> Self {
        let times = Class::ALL
            .iter()
            .map(|class| (*class, class::days(*class, rules)));
        Self {
            done: data.join("forgotten.json"),
            days: times.filter(|(_, days)| *days > 0).collect(),
            remove_days: Some(rules.remove_days).filter(|days| *days > 0),
            passed: Mutex::default(),
        }
    }

    /// The longest of all times, in days.
    pub fn longest(&self) -> u16 {
        let days = self.days.iter().map(|(_, days)| *days);
        days.chain(self.remove_days).max().unwrap_or_default()
    }

    fn passed(&self) -> MutexGuard<'_, Passed<Place>> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is due and cannot go, and why.
    pub fn stuck(&self) -> Vec<String> {
        let passed = self.passed();
        passed.each().map(|(_, words)| words.to_owned()).collect()
    }

    /// The next that is old enough by what has surely passed, and by its time was so when the older checkpoint was named: `bound`, which is
    /// asked when something is. So nothing that a start needs is forgotten, and a clock that is ahead forgets nothing.
    pub fn due(
        &self,
        forgetter: &Forgetter,
        ages: &Ages,
        bound: &dyn Fn() -> Result<Option<Bound>, JournalFault>,
    ) -> Result<Option<Due>, JournalFault> {
        if self.next(forgetter, ages, u64::MAX)?.is_none() {
            return Ok(None);
        }
        match bound()? {
            Some(bound) => self.next(forgetter, &ages.clone().when(bound.time), bound.number),
            None => Ok(None),
        }
    }

    /// The next that is old enough and lies before entry `below`, without what rests because it cannot go.
    fn next(
        &self,
        forgetter: &Forgetter,
        ages: &Ages,
        below: u64,
    ) -> Result<Option<Due>, JournalFault> {
        let done = Done::read(&self.done);
        let segments = forgetter.segments(done.removed())?;
        self.drop_what_is_gone(forgetter, &segments);
        let is_due = |aged: &Aged, days: u16| {
            i64::from(days) * DAY_MICROS <= ages.of(aged) && aged.last < below
        };
        if let (Some(days), Some(first)) = (self.remove_days, segments.first())
            && !self.rests(forgetter, Place::Whole, *first)
            && let Some(aged) = self.aged(forgetter, *first).flatten()
            && is_due(&aged, days)
        {
            return Ok(Some(Due::Segment(aged)));
        }
        for (class, days) in &self.days {
            for number in done.open(*class, &segments) {
                if self.rests(forgetter, Place::Segment(number), number) {
                    continue;
                }
                match self.aged(forgetter, number) {
                    Some(Some(aged)) if is_due(&aged, *days) => {
                        return Ok(Some(Due::Bodies(*class, aged, ages.of(&aged))));
                    }
                    // What comes behind is younger.
                    Some(_) => break,
                    None => {}
                }
            }
        }
        Ok(None)
    }

    /// A segment that is no longer there keeps nobody, and one that is packed by now may go.
    fn drop_what_is_gone(&self, forgetter: &Forgetter, segments: &[u64]) {
        self.passed().retain(|place| match place {
            Place::Segment(number) => segments.contains(number),
            Place::Unpacked(number) => segments.contains(number) && !forgetter.is_packed(*number),
            Place::Folder(_) | Place::Whole => !segments.is_empty(),
        });
    }

    /// How old a segment is, if that is known; none at all where nobody can tell, and it is passed over.
    fn aged(&self, forgetter: &Forgetter, number: u64) -> Option<Option<Aged>> {
        let aged = forgetter.aged(number);
        aged.map_err(|fault| self.pass(Place::Segment(number), number, &fault))
            .ok()
    }

    /// Whether what is in this place of a segment, or all in its folder, is left alone.
    fn rests(&self, forgetter: &Forgetter, place: Place, number: u64) -> bool {
        let folder = Place::Folder(forgetter.is_archived(number));
        let (passed, now) = (self.passed(), Instant::now());
        let places = [place, Place::Unpacked(number), folder];
        places.iter().any(|place| passed.rests(place, now))
    }

    /// Passes over what cannot go; the log says so once for each reason.
    fn pass(&self, place: Place, number: u64, fault: &JournalFault) {
        let words = words::stuck(number, matches!(place, Place::Folder(_)), fault);
        if self.passed().pass(place, words.clone(), Instant::now()) {
            tracing::error!(%words, "what is to be forgotten stays");
        }
    }

    /// Makes ready what is due: all that can fail without anything being gone fails here.
    pub fn begin(&self, forgetter: &mut Forgetter, due: Due) -> Result<Begun, JournalFault> {
        let number = due.aged().number;
        if let Err(fault) = forgetter.require_place(number) {
            let folder = Place::Folder(forgetter.is_archived(number));
            return Ok(Begun::Stuck(self.stays(folder, due, fault)));
        }
        let made = match due {
            Due::Segment(aged) => {
                let may = forgetter.may_remove(number, aged.last.saturating_add(1));
                let gone = may.and_then(|()| self.whole(forgetter, number));
                gone.and_then(|gone| {
                    let settings = self.keep_settings(forgetter, number)?;
                    let gone = vec![gone];
                    Ok(Some((None, Told { gone, settings })))
                })
            }
            Due::Bodies(_, _, age) => {
                let mut rule = Rule::of(&self.days, age);
                let draft = forgetter.draft(number, &mut rule);
                let told = Told {
                    gone: rule.gone(),
                    settings: None,
                };
                draft.map(|draft| draft.map(|draft| (Some(draft), told)))
            }
        };
        let mut done = Done::read(&self.done);
        match made {
            Ok(Some((draft, told))) => Ok(Begun::Ready(Box::new(Ready {
                due,
                draft,
                told,
                is_to_say: !done.is_said(number),
            }))),
            Ok(None) => {
                self.settle(forgetter, &mut done, due)?;
                Ok(Begun::Nothing)
            }
            Err(fault) => Ok(Begun::Stuck(self.hindered(forgetter, due, fault))),
        }
    }

    /// What goes with a whole segment.
    fn whole(&self, forgetter: &Forgetter, number: u64) -> Result<Gone, JournalFault> {
        Ok(Gone {
            by: GoneBy::Whole,
            days: self.remove_days.unwrap_or_default(),
            count: 1,
            bytes: forgetter.packed_bytes(number)?,
        })
    }

    /// Keeps what a segment says of settings; the SHA-256 of the file that has it.
    fn keep_settings(
        &self,
        forgetter: &Forgetter,
        number: u64,
    ) -> Result<Option<Digest>, JournalFault> {
        let data = self.done.parent().unwrap_or(Path::new("."));
        let mut said = LastSaid::read(data)?;
        // What is damaged is kept as far as it can be read: it goes all the same.
        if let Err(fault) = forgetter.each(number, &mut |record| said.take(record)) {
            tracing::warn!(%fault, "settings of a segment that is removed may be lost");
        }
        said.write()
    }

    /// Forgets what was made ready.
    pub fn end(&self, forgetter: &mut Forgetter, ready: Box<Ready>) -> Result<Ended, JournalFault> {
        let Ready { due, draft, .. } = *ready;
        let aged = due.aged();
        let mut done = Done::read(&self.done);
        let gone = match draft {
            Some(draft) => forgetter.put(draft),
            None => {
                done.note_removed(aged.number);
                done.write(&self.done)?;
                forgetter.remove_oldest(aged.number, aged.last.saturating_add(1))
            }
        };
        match gone {
            Ok(gone) => {
                tracing::info!(?gone, what = due.name(), "forgotten by rule");
                let is_to_say = done.is_said(aged.number) && done.has_failed_since(aged.number);
                self.settle(forgetter, &mut done, due)?;
                Ok(Ended::Gone { is_to_say })
            }
            Err(fault) => Ok(Ended::Stuck(self.hindered(forgetter, due, fault))),
        }
    }

    /// Something in a segment could not be done: what lacks room there lacks it for all.
    fn hindered(&self, forgetter: &Forgetter, due: Due, fault: JournalFault) -> Stuck {
        let number = due.aged().number;
        let place = match due {
            _ if fault.is_of_room() => Place::Folder(forgetter.is_archived(number)),
            _ if !forgetter.is_packed(number) => Place::Unpacked(number),
            Due::Bodies(..) => Place::Segment(number),
            Due::Segment(_) => Place::Whole,
        };
        self.stays(place, due, fault)
    }

    fn stays(&self, place: Place, due: Due, fault: JournalFault) -> Stuck {
        let number = due.aged().number;
        self.pass(place, number, &fault);
        Stuck {
            is_to_say: !Done::read(&self.done).has_failed(number),
            fault,
        }
    }

    /// Notes that it is done.
    fn settle(&self, forgetter: &Forgetter, done: &mut Done, due: Due) -> Result<(), JournalFault> {
        let number = due.aged().number;
        if let Due::Bodies(class, ..) = due {
            done.note(class, number, forgetter.first_possible(done.removed())?);
        }
        done.settle(number);
        let folder = Place::Folder(forgetter.is_archived(number));
        let place = match due {
            Due::Bodies(..) => Place::Segment(number),
            Due::Segment(_) => Place::Whole,
        };
        let mut passed = self.passed();
        for place in [place, folder] {
            if passed.clear(&place) {
                tracing::info!(?place, "what had to stay goes");
            }
        }
        drop(passed);
        done.write(&self.done)
    }

    /// An entry says that it goes.
    pub fn note_said(&self, due: Due) -> Result<(), JournalFault> {
        let mut done = Done::read(&self.done);
        done.note_said(due.aged().number);
        done.write(&self.done)
    }

    /// An entry says that it stays.
    pub fn note_failed(&self, due: Due) -> Result<(), JournalFault> {
        let mut done = Done::read(&self.done);
        done.note_failed(due.aged().number, matches!(due, Due::Segment(_)));
        done.write(&self.done)
    }
}

impl Due {
    pub(crate) fn aged(&self) -> &Aged {
        match self {
            Self::Bodies(_, aged, _) | Self::Segment(aged) => aged,
        }
    }

    /// Whether all of a segment goes.
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Segment(_))
    }

    /// Of which class, or a whole one, and which segment.
    pub(crate) fn what(&self) -> (&'static str, u64) {
        (self.name(), self.aged().number)
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Bodies(class, ..) => class.name(),
            Self::Segment(_) => "segment",
        }
    }
}

#[cfg(test)]
mod tests;
