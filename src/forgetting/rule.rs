//! Which bodies of a segment go.

use std::collections::BTreeMap;

use cordon_contract::{EntryKind, type_in_label};
use cordon_journal::{Forgetting, Record};
use cordon_model::MessageType;
use cordon_wire::parse_message;

use super::{Class, DAY_MICROS};

/// The rule for a segment of this age.
pub(super) struct Rule<'a> {
    days: &'a [(Class, u16)],
    age: i64,
    /// Of each submission how many of its messages were seen, and whether one of them is still kept.
    parts: BTreeMap<u64, (usize, bool)>,
}

impl<'a> Rule<'a> {
    /// `age` in microseconds; what is in none of the classes is kept for good.
    pub(super) fn of(days: &'a [(Class, u16)], age: i64) -> Self {
        Self {
            days,
            age,
            parts: BTreeMap::new(),
        }
    }

    fn is_over(&self, class: Class) -> bool {
        let days = self.days.iter().find(|(of, _)| *of == class);
        days.is_some_and(|(_, days)| i64::from(*days) * DAY_MICROS <= self.age)
    }

    /// Whether what this message says is kept no longer. One of an unknown type is kept.
    fn has_ended(&self, record: &Record) -> bool {
        let labelled = type_in_label(&record.label).parse::<MessageType>().ok();
        let message = labelled.or_else(|| {
            let message = parse_message(&record.body).ok()?;
            Some(message.header.message_type)
        });
        message.is_some_and(|message| self.is_over(message.retention()))
    }
}

impl Forgetting for Rule<'_> {
    fn look(&mut self, record: &Record) {
        let is_part = record.kind == EntryKind::Message.number()
            && record.body.is_empty()
            && !record.is_expired();
        if is_part {
            let is_kept = !self.has_ended(record);
            let parts = self.parts.entry(record.cause).or_default();
            parts.0 += 1;
            parts.1 |= is_kept;
        }
    }

    fn forgets(&self, record: &Record) -> bool {
        match EntryKind::from_number(record.kind) {
            // Its messages lie in it: it is kept as long as one of them, and where not all of them are seen.
            Some(EntryKind::Submission) => {
                let said = record.label.split(' ').next();
                let said = said.and_then(|count| count.parse::<usize>().ok());
                let parts = self.parts.get(&record.number);
                parts.is_some_and(|(seen, is_kept)| said == Some(*seen) && !is_kept)
            }
            Some(EntryKind::Message | EntryKind::Order | EntryKind::Outcome) => {
                self.has_ended(record)
            }
            Some(EntryKind::Audit | EntryKind::Refused) => self.is_over(Class::Audit),
            Some(EntryKind::Settings | EntryKind::Tick) | None => false,
        }
    }
}
