//! The disk at the end, held to the rules: what is over is gone or packed, what is not is there, and all of it verifies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cordon_contract::{EntryKind, type_in_label};
use cordon_journal::disk::RealDisk;
use cordon_journal::{Forgetter, Reader, Record, WRITER_PATIENCE, tiered, verify_held};
use cordon_model::{MessageType, Timestamp};
use cordon_wire::parse_message;

use super::Plan;
use super::house::House;
use crate::checkpoints::Bound;
use crate::forgetting::{Class, days_of};

const DAY: i64 = 86_400_000_000;
/// The older of two checkpoints is no older than this where a day fills a segment: one is made each day.
const BOUND_DAYS: i64 = 3;

/// Holds a park that has ended to its rules.
pub fn require(house: &House, plan: Plan, bound: Option<Bound>, now: Timestamp) {
    let journal = house.data("journal");
    let archive = house.archive();
    let disk = tiered(Arc::new(RealDisk), &journal, Some(archive));
    let report = verify_held(
        Arc::clone(&disk),
        &journal,
        &[],
        WRITER_PATIENCE,
        &mut |_| Vec::new(),
    );
    let report = report.unwrap();
    assert!(report.is_clean(), "{:?}", report.problems);
    assert!(
        report.last >= plan.entries,
        "{} of {}",
        report.last,
        plan.entries
    );
    let bound = bound.expect("two checkpoints are named");
    let forgetter = Forgetter::alone(&journal, Some(archive)).unwrap();
    let segments = Segments::of(&forgetter, bound, now);
    let longest_span = segments.longest_span();
    let behind = now.micros() - bound.time;
    assert!(
        behind <= BOUND_DAYS * DAY + 3 * longest_span,
        "checkpoints are {} h old",
        behind / 3_600_000_000
    );
    segments.are_placed(house, &forgetter);
    let reader = Reader::open_on(disk, &journal).unwrap();
    let first = reader.first().unwrap().unwrap();
    assert_eq!(first, report.first);
    let mut counted: BTreeMap<(&str, bool), u64> = BTreeMap::new();
    for record in reader.read_from(first).unwrap() {
        let record = record.unwrap();
        let Some(class) = class_of(&record) else {
            // The label of an order names whom it went to: when it is gone nobody can tell what it was.
            *counted
                .entry(("no class", record.is_expired()))
                .or_default() += 1;
            let kind = EntryKind::from_number(record.kind);
            let may_go = matches!(kind, Some(EntryKind::Order | EntryKind::Outcome));
            assert!(
                !record.is_expired() || may_go,
                "entry {} ({}) is in no class",
                record.number,
                record.label
            );
            continue;
        };
        *counted
            .entry((class.name(), record.is_expired()))
            .or_default() += 1;
        let kept = i64::from(days_of(class, &house.config.retention)) * DAY;
        let age = now.micros() - record.time_micros;
        if age < kept {
            let (number, name) = (record.number, class.name());
            assert!(
                !record.is_expired(),
                "entry {number} ({name}) is kept for longer"
            );
        }
        // An empty one is part of a submission, or is gone.
        if segments.is_over(record.number, kept) && !record.body.is_empty() {
            panic!(
                "entry {} ({}, {}) is over and is there",
                record.number,
                class.name(),
                record.label
            );
        }
    }
    println!(
        "entries {first} to {}, {} segments; by class, gone or there: {counted:?}",
        report.last, report.segments
    );
    for (class, days) in Class::ALL.map(|class| (class, days_of(class, &house.config.retention))) {
        let of = |is_gone| {
            counted
                .get(&(class.name(), is_gone))
                .copied()
                .unwrap_or_default()
        };
        assert!(
            of(true) + of(false) > 0 || days >= house.config.retention.remove_days,
            "nothing of {}",
            class.name()
        );
    }
    let are_gone = counted.iter().filter(|((_, is_gone), _)| *is_gone);
    let gone: BTreeSet<&str> = are_gone.map(|((class, _), _)| *class).collect();
    // Nothing else shows that the rules had anything to do.
    assert!(first > 1, "no segment was removed");
    for class in [Class::Passages, Class::Readings, Class::Alarms] {
        assert!(
            gone.contains(class.name()),
            "nothing of {} is gone",
            class.name()
        );
    }
}

/// How old each segment is that is sealed.
struct Segments {
    /// Number, first and last entry, age of its youngest when the older checkpoint was named, and now; microseconds.
    all: Vec<(u64, u64, u64, i64, i64)>,
    bound: Bound,
}

impl Segments {
    fn of(forgetter: &Forgetter, bound: Bound, now: Timestamp) -> Self {
        let mut first = 0;
        let mut all = Vec::new();
        for number in forgetter.segments(0).unwrap() {
            if let Some(aged) = forgetter.aged(number).unwrap() {
                let (then, age) = (bound.time - aged.before, now.micros() - aged.before);
                all.push((number, first, aged.last, then, age));
                first = aged.last + 1;
            }
        }
        Self { all, bound }
    }

    fn longest_span(&self) -> i64 {
        let ages = self.all.windows(2).map(|two| two[0].4 - two[1].4);
        ages.max().unwrap_or_default()
    }

    /// Whether what is kept so long, microseconds, has to be gone.
    fn is_over(&self, number: u64, kept: i64) -> bool {
        let at = self.all.partition_point(|it| it.2 < number);
        let segment = self.all.get(at);
        segment.is_some_and(|(_, _, last, then, _)| *then >= kept && *last < self.bound.number)
    }

    /// What is old is packed, older is archived, oldest is removed.
    fn are_placed(&self, house: &House, forgetter: &Forgetter) {
        let rules = &house.config.retention;
        let micros = |days: u16| i64::from(days) * DAY;
        let (mut packed, mut archived) = (0, 0);
        for (number, _, last, then, age) in &self.all {
            let is_packed = forgetter.is_packed(*number);
            assert!(
                is_packed || *age < micros(rules.pack_days),
                "segment {number} is not packed"
            );
            let is_archived = forgetter.is_archived(*number);
            assert!(
                is_archived || *age < micros(rules.archive_days),
                "segment {number} is not in the archive"
            );
            assert!(
                !is_archived || *age >= micros(rules.archive_days),
                "segment {number} is in the archive"
            );
            assert!(
                *then < micros(rules.remove_days) || *last >= self.bound.number,
                "segment {number} is not removed"
            );
            packed += u64::from(is_packed);
            archived += u64::from(is_archived);
        }
        println!(
            "segments sealed: {}, packed {packed}, archived {archived}",
            self.all.len()
        );
        assert!(archived > 0 && packed >= archived);
    }
}

/// By which rule a record goes.
fn class_of(record: &Record) -> Option<Class> {
    match EntryKind::from_number(record.kind)? {
        EntryKind::Message | EntryKind::Order | EntryKind::Outcome => {
            let named = type_in_label(&record.label).parse::<MessageType>().ok();
            let read = || Some(parse_message(&record.body).ok()?.header.message_type);
            named.or_else(read).map(MessageType::retention)
        }
        EntryKind::Audit | EntryKind::Refused => Some(Class::Audit),
        EntryKind::Submission | EntryKind::Settings | EntryKind::Tick => None,
    }
}
