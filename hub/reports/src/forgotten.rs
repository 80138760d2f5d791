//! What left the journal by rule, as the entries say it that the hub writes before it goes: one form, written and read here, and
//! what every report says of its span.

use std::collections::BTreeMap;
use std::fmt;

use cordon_contract::{Entry, EntryKind};
use cordon_model::{Absence, AuditOutcome, Body, Cell, ColumnKind, Retention};
use serde::{Deserialize, Serialize};

use crate::span::{Span, hour_of};
use crate::table::{Head, Sheet, Table, code, integer, text};

/// Written before bodies of a segment go.
const FORGOTTEN: &str = "journal.forgotten";
/// Written before a whole segment goes.
const REMOVED: &str = "journal.removed";
/// Rules that are told apart in one hour; a hub has eight, and as many again for each change of its configuration.
const RULES_MAX: usize = 64;

/// The section; a report has it only when something was forgotten within its span.
pub(crate) const SHEET: Sheet = Sheet {
    name: "forgotten",
    title: "Forgotten by rule",
    title_zh: "按规则清除",
    heads: HEADS,
};

const HEADS: &[Head] = &[
    (
        "class",
        "Class of retention",
        "保存类别",
        ColumnKind::Code,
        None,
    ),
    ("rule", "By which rule", "依据规则", ColumnKind::Text, None),
    (
        "segments",
        "Segments",
        "日志段数",
        ColumnKind::Integer,
        None,
    ),
    ("bodies", "Bodies", "清除正文数", ColumnKind::Integer, None),
    (
        "bytes",
        "Bytes",
        "清除字节数",
        ColumnKind::Integer,
        Some("B"),
    ),
];

/// What went, by the hour of the entry that says it, class and days of the rule.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Forgotten {
    hours: BTreeMap<i64, BTreeMap<(String, u16), Went>>,
}

/// What went by one rule.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Went {
    segments: u64,
    /// Bodies, and their bytes; of whole segments the bytes of their files.
    bodies: u64,
    bytes: u64,
}

impl Went {
    fn add(&mut self, more: Self) {
        self.segments = self.segments.saturating_add(more.segments);
        self.bodies = self.bodies.saturating_add(more.bodies);
        self.bytes = self.bytes.saturating_add(more.bytes);
    }
}

impl Forgotten {
    /// Takes an entry of the hub's time `now` into account.
    pub(crate) fn step(&mut self, entry: &Entry, now: i64) {
        let message = entry.message.as_deref().map(|message| &message.body);
        let (EntryKind::Audit, Some(Body::AuditEvent(event))) = (entry.kind, message) else {
            return;
        };
        let goes = [FORGOTTEN, REMOVED].contains(&event.action.as_str());
        if goes && event.outcome == AuditOutcome::Success {
            for gone in Gone::all_in(event.detail.as_deref().unwrap_or_default()) {
                self.book(hour_of(now), &gone);
            }
        }
    }

    fn book(&mut self, hour: i64, gone: &Gone) {
        let (segments, bodies) = match gone.by {
            GoneBy::Class(_) => (1, gone.count),
            GoneBy::Whole => (gone.count, 0),
        };
        let went = Went {
            segments,
            bodies,
            bytes: gone.bytes,
        };
        self.add(hour, (gone.by.class().to_owned(), gone.days), went);
    }

    fn add(&mut self, hour: i64, rule: (String, u16), went: Went) {
        let rules = self.hours.entry(hour).or_default();
        if rules.len() < RULES_MAX || rules.contains_key(&rule) {
            rules.entry(rule).or_default().add(went);
        }
    }

    /// The hub's clock was ahead and is right again: what is booked later than `now` is booked at it.
    pub(crate) fn put_right(&mut self, now: i64) {
        let hour = hour_of(now);
        for (rule, went) in self
            .hours
            .split_off(&hour.saturating_add(1))
            .into_values()
            .flatten()
        {
            self.add(hour, rule, went);
        }
    }

    /// Drops what was booked before this hour.
    pub(crate) fn forget(&mut self, before: i64) {
        self.hours = self.hours.split_off(&before);
    }

    /// What went within a span; `None` when nothing did.
    pub(crate) fn table(&self, span: Span) -> Option<Table> {
        let mut sums: BTreeMap<&(String, u16), Went> = BTreeMap::new();
        for (rule, went) in self.hours.range(span.hours_covered()).flat_map(|it| it.1) {
            sums.entry(rule).or_default().add(*went);
        }
        let mut table = Table::of(&SHEET);
        for by in GoneBy::all() {
            let of = |(class, _): &&(String, u16)| class == by.class();
            for ((class, days), went) in sums.iter().filter(|(rule, _)| of(rule)) {
                table.row(vec![
                    code(class),
                    text(&by.rule(*days)),
                    integer(went.segments),
                    match by {
                        GoneBy::Class(_) => integer(went.bodies),
                        GoneBy::Whole => Cell::Absent(Absence::NotApplicable),
                    },
                    integer(went.bytes),
                ]);
            }
        }
        (!sums.is_empty()).then_some(table)
    }
}

/// By which rule something went.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum GoneBy {
    /// The time of a class of retention: bodies went, and their digests stay.
    Class(Retention),
    /// The time of whole segments.
    Whole,
}

impl GoneBy {
    /// The class, or what goes whole.
    pub fn class(self) -> &'static str {
        match self {
            Self::Class(class) => class.name(),
            Self::Whole => "segment",
        }
    }

    /// Its key in `[retention]`.
    fn key(self) -> String {
        match self {
            Self::Class(class) => format!("{}_days", class.name()),
            Self::Whole => "remove_days".to_owned(),
        }
    }

    /// The rule as the configuration says it.
    fn rule(self, days: u16) -> String {
        format!("{} = {days}", self.key())
    }

    fn all() -> impl Iterator<Item = Self> {
        let classes = Retention::ALL.into_iter().map(Self::Class);
        classes.chain([Self::Whole])
    }
}

/// What went out of one segment by one rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Gone {
    /// The rule.
    pub by: GoneBy,
    /// Its days.
    pub days: u16,
    /// How many bodies; of whole segments how many of these.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What stands before each in the words of an entry.
const BEFORE: &str = "; by ";

impl Gone {
    /// The rule as the configuration says it.
    pub fn rule(&self) -> String {
        self.by.rule(self.days)
    }

    /// What an entry says of these, behind its other words.
    pub fn words(all: &[Self]) -> String {
        let all = all.iter();
        all.map(|gone| format!("{BEFORE}{gone}")).collect()
    }

    /// What an entry says went; nothing in one of a program that did not count.
    pub fn all_in(detail: &str) -> Vec<Self> {
        detail
            .split(BEFORE)
            .skip(1)
            .filter_map(Self::read)
            .collect()
    }

    fn read(words: &str) -> Option<Self> {
        let words = words.split(';').next()?;
        let (rule, went) = words.split_once(": ")?;
        let (key, days) = rule.split_once(" = ")?;
        let (count, bytes) = went.split_once(", ")?;
        Some(Self {
            by: GoneBy::all().find(|by| by.key() == key)?,
            days: days.parse().ok()?,
            count: count.split(' ').next()?.parse().ok()?,
            bytes: bytes.strip_suffix(" bytes")?.parse().ok()?,
        })
    }
}

impl fmt::Display for Gone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.by {
            GoneBy::Class(_) => "bodies",
            GoneBy::Whole => "segments",
        };
        let (rule, count, bytes) = (self.rule(), self.count, self.bytes);
        write!(out, "{rule}: {count} {what}, {bytes} bytes")
    }
}

#[cfg(test)]
mod tests {
    use cordon_model::AuditEvent;

    use super::*;
    use crate::Ledger;
    use crate::standard::said::{at, entry};

    #[test]
    fn what_is_said_is_read_again_among_other_words() {
        let all: Vec<Gone> = GoneBy::all()
            .zip(1..)
            .map(|(by, days)| Gone {
                by,
                days,
                count: u64::from(days) * 7,
                bytes: u64::MAX,
            })
            .collect();
        let words = Gone::words(&all);
        assert_eq!(Gone::all_in(&format!("bodies go, by hand{words}")), all);
        assert_eq!(
            Gone::all_in(&format!("gone{words}; their settings are kept")),
            all
        );
        // All of it is one detail of an entry.
        assert!(words.len() < 1_000, "{}", words.len());
        for other in [
            "bodies up to entry 9 that are kept 30 days or less (passages) go",
            "; by nobody_days = 3: 1 bodies, 2 bytes",
            "; by audit_days = 3: many bodies, 2 bytes",
            "; by audit_days",
        ] {
            assert_eq!(Gone::all_in(other), [], "{other}");
        }
    }

    /// An entry of the hub that says this.
    fn said(number: u64, time: &str, action: &str, detail: String) -> Entry {
        let time = at(time);
        let event = AuditEvent {
            action: action.to_owned(),
            actor_id: "HUB-1".parse().unwrap(),
            target: Some("segment 1".to_owned()),
            outcome: AuditOutcome::Success,
            detail: Some(detail),
            at: time,
        };
        Entry {
            kind: EntryKind::Audit,
            ..entry(number, time, Body::AuditEvent(event))
        }
    }

    fn gone(by: GoneBy, days: u16, count: u64, bytes: u64) -> Gone {
        Gone {
            by,
            days,
            count,
            bytes,
        }
    }

    #[test]
    fn a_day_says_by_class_and_rule_what_was_forgotten_on_it() {
        let passages = GoneBy::Class(Retention::Passages);
        let alarms = GoneBy::Class(Retention::Alarms);
        let first = [gone(passages, 30, 7, 900), gone(alarms, 50, 2, 80)];
        let of_bodies = |all: &[Gone]| format!("bodies go{}", Gone::words(all));
        let whole = Gone::words(&[gone(GoneBy::Whole, 400, 1, 5_000)]);
        let mut foreign = said(6, "2026-03-31T12:00:00+08:00", FORGOTTEN, of_bodies(&first));
        foreign.kind = EntryKind::Message;
        let entries = [
            said(1, "2026-03-30T23:59:00+08:00", FORGOTTEN, of_bodies(&first)),
            said(2, "2026-03-31T01:00:00+08:00", FORGOTTEN, of_bodies(&first)),
            said(
                3,
                "2026-03-31T02:00:00+08:00",
                FORGOTTEN,
                of_bodies(&first[..1]),
            ),
            said(
                4,
                "2026-03-31T03:00:00+08:00",
                REMOVED,
                format!("entries{whole}"),
            ),
            said(
                5,
                "2026-03-31T04:00:00+08:00",
                "journal.not-forgotten",
                of_bodies(&first),
            ),
            // Whoever else says so is not the hub.
            foreign,
        ];
        let mut ledger = Ledger::new(62);
        entries.iter().for_each(|entry| ledger.step(entry));
        let rows = |day: &str| {
            let table = ledger.forgotten.table(Span::day(at(day)));
            let sections = crate::table::sections(table.into_iter().collect(), 100);
            let rows = sections.into_iter().flat_map(|section| section.rows);
            rows.map(|row| row.cells).collect::<Vec<_>>()
        };
        let row = |class: &str, rule: &str, numbers: [Cell; 3]| {
            let mut cells = vec![code(class), text(rule)];
            cells.extend(numbers);
            cells
        };
        let counted = |all: [u64; 3]| all.map(integer);
        assert_eq!(
            rows("2026-03-31T12:00:00+08:00"),
            [
                row("passages", "passages_days = 30", counted([2, 14, 1_800])),
                row("alarms", "alarms_days = 50", counted([1, 2, 80])),
                row(
                    "segment",
                    "remove_days = 400",
                    [
                        integer(1),
                        Cell::Absent(Absence::NotApplicable),
                        integer(5_000)
                    ]
                ),
            ]
        );
        assert_eq!(rows("2026-03-30T12:00:00+08:00").len(), 2);
        assert_eq!(rows("2026-03-29T12:00:00+08:00").len(), 0);
        ledger
            .forgotten
            .forget(hour_of(at("2026-03-31T00:00:00+08:00").micros()));
        assert!(
            ledger
                .forgotten
                .table(Span::day(at("2026-03-30T12:00:00+08:00")))
                .is_none()
        );
    }
}
