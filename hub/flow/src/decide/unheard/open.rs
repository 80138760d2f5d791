//! What is remembered of one device whose messages are not understood: what people were told of it, and what they are
//! still to be told. Pure.

use cordon_model::name::mark;
use cordon_model::{MessageId, Refusal, Timestamp};
use serde::{Deserialize, Serialize};

use crate::text::clip_empty;

/// Kinds of what is lost that are told apart; all beyond them are one more.
const KINDS_MAX: usize = 8;
/// The one more.
const FURTHER: u64 = 0;
/// What is lost of a kind that was told is told again no more often than this, milliseconds.
const AGAIN_MS: i64 = 600_000;
/// Most that is told of one device within [`HOUR_MS`], whatever it sends.
pub(super) const TOLD_MAX: usize = 12;
const HOUR_MS: i64 = 3_600_000;
/// Letters kept of what is still to be told.
const OWED_CHARS_MAX: usize = 500;
/// So long nothing may be missed of a topic before one that was understood is believed, where each of its messages said
/// something else beside what is missed.
const CALM_MS: i64 = 120_000;
/// Messages in a row that were understood, in that case.
const CALM: u32 = 2;

/// Something that was lost.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Lost {
    /// The refusal that says so.
    pub cause: MessageId,
    /// In words.
    pub words: String,
    kind: u64,
}

impl Lost {
    /// What a refusal of something that `source` said tells of.
    pub fn of(source: &str, cause: MessageId, refusal: &Refusal) -> Self {
        let (code, detail) = (&refusal.code, &refusal.detail);
        // A line and a column say where this text breaks off, not what it would have said.
        let is_column = |letter: char| letter.is_ascii_digit() || letter == ':';
        let place = match refusal.place.chars().all(is_column) {
            true => "",
            false => &refusal.place,
        };
        Self {
            cause,
            words: clip_empty(&format!("{code} {detail}"), OWED_CHARS_MAX),
            kind: mark(&format!("{source}\n{code}\n{place}")).max(FURTHER + 1),
        }
    }
}

/// What people are still to be told.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Owed {
    /// When.
    pub due: Timestamp,
    /// The newest of it.
    pub lost: Lost,
    /// Whether some of it is of a kind that nobody was told of.
    is_other: bool,
}

/// An alarm that stands, or stood lately.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Open {
    /// The entry it was raised on.
    pub number: u64,
    /// The device, and its topic where there is one.
    pub source: String,
    /// When something was missed last.
    pub last: Timestamp,
    /// Messages of the topic that were taken since.
    pub good: u32,
    /// Some of them were taken although something was missed.
    pub is_part: bool,
    /// The device is understood again; kept for what was told lately alone.
    pub is_over: bool,
    /// People took a step since they were told last.
    pub is_seen: bool,
    pub owed: Option<Owed>,
    /// Kinds of what is lost that people were told of, or are to be.
    kinds: Vec<u64>,
    /// When people were told within the last hour, the newest last.
    told: Vec<Timestamp>,
    /// When something of a kind that was told was told again last.
    again: Option<Timestamp>,
}

impl Open {
    /// One that is raised now; `before` is what is known of an earlier one.
    pub fn raised(
        number: u64,
        (source, is_part): (&str, bool),
        lost: &Lost,
        now: Timestamp,
        before: Option<&Self>,
    ) -> Self {
        let mut open = Self {
            number,
            source: source.to_owned(),
            last: now,
            good: 0,
            is_part,
            is_over: false,
            is_seen: false,
            owed: None,
            kinds: vec![lost.kind],
            told: before.map_or_else(Vec::new, |before| before.told.clone()),
            again: before.and_then(|before| before.again),
        };
        open.tells(now);
        open
    }

    /// Something is lost while the alarm stands. What is to be told of it now; what must wait is owed.
    pub fn loses(
        &mut self,
        (source, is_part): (&str, bool),
        lost: Lost,
        now: Timestamp,
    ) -> Option<Lost> {
        self.is_part = is_part;
        source.clone_into(&mut self.source);
        self.last = now;
        self.good = 0;
        let is_other = self.is_other(lost.kind) || self.owed.as_ref().is_some_and(|it| it.is_other);
        if !is_other && !self.is_seen {
            return None;
        }
        let due = self.due(is_other, now);
        self.owed = Some(Owed {
            due,
            lost,
            is_other,
        });
        if due <= now { self.pays(now) } else { None }
    }

    /// What is owed is told now.
    pub fn pays(&mut self, now: Timestamp) -> Option<Lost> {
        let owed = self.owed.take()?;
        if !owed.is_other {
            self.again = Some(now);
        }
        self.is_seen = false;
        self.tells(now);
        Some(owed.lost)
    }

    /// Whether one more may be told.
    pub fn has_room(&self, now: Timestamp) -> bool {
        self.full_until().is_none_or(|until| until <= now)
    }

    /// Counts a message that was understood; whether it is enough.
    pub fn counts(&mut self, source: &str, now: Timestamp) -> bool {
        if self.source != source {
            return false;
        }
        self.good = self.good.saturating_add(1);
        !self.is_part || self.good >= CALM && now.ms_since(self.last) >= CALM_MS
    }

    /// Whether nobody was told of this kind; it is told with this.
    fn is_other(&mut self, kind: u64) -> bool {
        let kind = match self.kinds.contains(&kind) || self.kinds.len() < KINDS_MAX {
            true => kind,
            false => FURTHER,
        };
        let is_other = !self.kinds.contains(&kind);
        if is_other {
            self.kinds.push(kind);
        }
        is_other
    }

    fn due(&self, is_other: bool, now: Timestamp) -> Timestamp {
        let again = self.again.filter(|_| !is_other);
        let again = again.map(|at| at.plus_ms(AGAIN_MS));
        now.max(again.unwrap_or(now))
            .max(self.full_until().unwrap_or(now))
    }

    /// Until when nothing more may be told.
    fn full_until(&self) -> Option<Timestamp> {
        let oldest = self.told.first().filter(|_| self.told.len() >= TOLD_MAX)?;
        Some(oldest.plus_ms(HOUR_MS))
    }

    fn tells(&mut self, now: Timestamp) {
        self.told.retain(|at| now.ms_since(*at) < HOUR_MS);
        if self.told.len() >= TOLD_MAX {
            self.told.remove(0);
        }
        self.told.push(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn lost(kind: u64) -> Lost {
        Lost {
            cause: MessageId::from_bytes([7; 16]),
            words: format!("kind {kind}"),
            kind,
        }
    }

    const SOURCE: (&str, bool) = ("S-1/say/S-1", true);

    fn open() -> Open {
        Open::raised(1, SOURCE, &lost(1), at(0), None)
    }

    /// A detector whose alarm alone is not understood says the rest of it each time: that is no end of it.
    #[test]
    fn of_what_is_read_in_part_two_in_a_row_and_some_time_are_needed() {
        let mut part = open();
        let mut good = |seconds| part.counts(SOURCE.0, at(seconds));
        assert!(
            !good(300),
            "the first of a reading of which the rest is missed"
        );
        assert!(good(600));
        let mut part = open();
        let mut good = |seconds| part.counts(SOURCE.0, at(seconds));
        assert!(!good(10) && !good(20) && good(120));
        let whole = |source| {
            Open::raised(1, (SOURCE.0, false), &lost(1), at(0), None).counts(source, at(1))
        };
        assert!(!whole("S-1/say"));
        assert!(whole(SOURCE.0));
    }

    #[test]
    fn each_of_eight_kinds_is_told_once_and_all_further_ones_as_one() {
        let mut open = open();
        let mut told = |kind, seconds| open.loses(SOURCE, lost(kind), at(seconds)).is_some();
        assert!(!told(1, 5), "it was told when the alarm was raised");
        assert!((2..=8).all(|kind| told(kind, 10) && !told(kind, 20)));
        assert!(told(9, 30), "further kinds");
        assert!((9..1_000).all(|kind| !told(kind, 40)));
    }

    #[test]
    fn what_people_have_seen_is_told_again_at_once_and_then_each_ten_minutes() {
        let mut open = open();
        let mut told = |seconds| {
            open.is_seen = true;
            open.loses(SOURCE, lost(1), at(seconds)).is_some()
        };
        assert!(told(60));
        assert!(!told(70) && !told(659));
        assert!(told(660));
        assert!(!told(700));
        // What is owed is told when nothing further comes.
        assert_eq!(open.owed.as_ref().map(|owed| owed.due), Some(at(1_260)));
        // Another kind does not wait for it, and is told with it.
        assert_eq!(open.loses(SOURCE, lost(2), at(710)), Some(lost(2)));
        assert_eq!(open.owed, None);
    }

    #[test]
    fn no_more_than_so_many_are_told_in_any_hour() {
        let mut open = open();
        let mut told = Vec::new();
        for seconds in 1..20_000 {
            open.is_seen = true;
            let kind = u64::try_from(seconds).unwrap();
            if open.loses(SOURCE, lost(kind), at(seconds)).is_some() {
                told.push(seconds);
            }
            if open.owed.is_none() && seconds % 3 == 0 && open.has_room(at(seconds)) {
                // Understood and not, by turns.
                open = Open::raised(2, SOURCE, &lost(kind), at(seconds), Some(&open));
                told.push(seconds);
            }
        }
        for from in 1..20_000 {
            let within = told.iter().filter(|it| (from..from + 3_600).contains(*it));
            let within = within.count();
            assert!(within <= TOLD_MAX, "{within} from {from} on");
        }
        assert!(told.len() >= 36, "{}", told.len());
    }
}
