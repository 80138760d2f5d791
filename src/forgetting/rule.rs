//! Which bodies of a segment go.

use std::collections::BTreeMap;

use cordon_contract::{EntryKind, type_in_label};
use cordon_journal::{Forgetting, Record};
use cordon_model::MessageType;
use cordon_reports::{Gone, GoneBy};
use cordon_wire::parse_message;

use super::{Class, DAY_MICROS};

/// The rule for a segment of this age.
pub(super) struct Rule<'a> {
    days: &'a [(Class, u16)],
    age: i64,
    /// What was seen of each submission.
    parts: BTreeMap<u64, Parts>,
    /// Bodies that went, and their bytes.
    gone: BTreeMap<Class, (u64, u64)>,
}

/// The messages of one submission.
#[derive(Default)]
struct Parts {
    seen: usize,
    /// One of them is still kept.
    is_kept: bool,
    /// That of those which are kept longest.
    class: Option<Class>,
}

impl<'a> Rule<'a> {
    /// `age` in microseconds; what is in none of the classes is kept for good.
    pub(super) fn of(days: &'a [(Class, u16)], age: i64) -> Self {
        Self {
            days,
            age,
            parts: BTreeMap::new(),
            gone: BTreeMap::new(),
        }
    }

    fn days_of(&self, class: Class) -> Option<u16> {
        let days = self.days.iter().find(|(of, _)| *of == class);
        days.map(|(_, days)| *days)
    }

    fn is_over(&self, class: Class) -> bool {
        let days = self.days_of(class);
        days.is_some_and(|days| i64::from(days) * DAY_MICROS <= self.age)
    }

    /// The class of what a record says. One of an unknown type has none, and is kept.
    fn class(&self, record: &Record) -> Option<Class> {
        match EntryKind::from_number(record.kind)? {
            EntryKind::Submission => self.parts.get(&record.number)?.class,
            EntryKind::Message | EntryKind::Order | EntryKind::Outcome => {
                Some(message_of(record)?.retention())
            }
            EntryKind::Audit | EntryKind::Refused => Some(Class::Audit),
            EntryKind::Settings | EntryKind::Tick => None,
        }
    }

    /// What went, by rule.
    pub(super) fn gone(&self) -> Vec<Gone> {
        let gone = self.gone.iter();
        gone.map(|(class, (count, bytes))| Gone {
            by: GoneBy::Class(*class),
            days: self.days_of(*class).unwrap_or_default(),
            count: *count,
            bytes: *bytes,
        })
        .collect()
    }
}

fn message_of(record: &Record) -> Option<MessageType> {
    let labelled = type_in_label(&record.label).parse::<MessageType>().ok();
    labelled.or_else(|| {
        let message = parse_message(&record.body).ok()?;
        Some(message.header.message_type)
    })
}

impl Forgetting for Rule<'_> {
    fn look(&mut self, record: &Record) {
        let is_part = record.kind == EntryKind::Message.number()
            && record.body.is_empty()
            && !record.is_expired();
        if is_part {
            let class = self.class(record);
            let is_kept = !class.is_some_and(|class| self.is_over(class));
            let days = |class: Option<Class>| class.and_then(|class| self.days_of(class));
            let known = self.parts.get(&record.cause).and_then(|it| it.class);
            let longest = match days(class) > days(known) {
                true => class,
                false => known,
            };
            let parts = self.parts.entry(record.cause).or_default();
            parts.seen += 1;
            parts.is_kept |= is_kept;
            parts.class = longest;
        }
    }

    fn forgets(&self, record: &Record) -> bool {
        if EntryKind::from_number(record.kind) == Some(EntryKind::Submission) {
            // Its messages lie in it: it is kept as long as one of them, and where not all of them are seen.
            let said = record.label.split(' ').next();
            let said = said.and_then(|count| count.parse::<usize>().ok());
            let parts = self.parts.get(&record.number);
            return parts.is_some_and(|parts| said == Some(parts.seen) && !parts.is_kept);
        }
        self.class(record).is_some_and(|class| self.is_over(class))
    }

    fn goes(&mut self, record: &Record, bytes: u64) {
        if let Some(class) = self.class(record) {
            let (count, of) = self.gone.entry(class).or_default();
            *count += 1;
            *of += bytes;
        }
    }
}
