//! The ledger: a pure fold over entries into the figures reports are made of.
//!
//! Passages, refusals and received messages are booked under the time the thing happened, so late
//! data find their span. Device states are booked under the hub's own time: online is what the hub
//! saw. Test traffic is not counted.

use cordon_contract::{Entry, EntryKind};
use cordon_model::{Body, Message};
use serde::{Deserialize, Serialize};

use crate::received::Received;
use crate::span::hour_of;
use crate::standard::{Figures, Told};

/// The action of the audit entry that every start of the hub writes first.
const HUB_START: &str = "hub.start";

/// Figures of the last so many days. The same journal prefix gives the same ledger.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Ledger {
    days_kept: u32,
    /// Number of the last entry seen.
    number: u64,
    /// Its time in microseconds; `None` before the first.
    last: Option<i64>,
    /// Hour of the first entry.
    began: Option<i64>,
    /// First hour whose figures are all held.
    held_from: i64,
    pub(crate) figures: Figures,
    pub(crate) received: Received,
}

impl Ledger {
    /// An empty ledger that holds figures of `days_kept` days.
    pub fn new(days_kept: u32) -> Self {
        Self {
            days_kept,
            number: 0,
            last: None,
            began: None,
            held_from: i64::MIN,
            figures: Figures::default(),
            received: Received::default(),
        }
    }

    /// Takes the next entry into account.
    pub fn step(&mut self, entry: &Entry) {
        let now = entry.time.micros();
        let before = self.last.replace(now);
        self.number = entry.number;
        self.began.get_or_insert(hour_of(now));
        if before.is_some_and(|before| hour_of(before) != hour_of(now)) {
            self.forget(hour_of(now) - i64::from(self.days_kept) * 24);
        }
        match (entry.kind, &entry.message) {
            (EntryKind::Message, Some(message)) => self.message(entry, message),
            (EntryKind::Refused, _) => self.received.refused(&entry.sender, now),
            (EntryKind::Audit, Some(message)) => {
                let started =
                    matches!(&message.body, Body::AuditEvent(event) if event.action == HUB_START);
                if let (true, Some(before)) = (started, before) {
                    // Nobody watched between the last entry and this start.
                    self.figures.unwatched(before);
                }
            }
            _ => {}
        }
    }

    fn message(&mut self, entry: &Entry, message: &Message) {
        if message.header.test {
            return;
        }
        self.received.message(entry, message, self.held_from);
        let told = Told {
            entry,
            message,
            held_from: self.held_from,
        };
        if let Some(full_until) = self.figures.book(&told) {
            self.held_from = self.held_from.max(full_until);
        }
    }

    fn forget(&mut self, before: i64) {
        if before <= self.held_from {
            return;
        }
        self.held_from = before;
        self.figures.forget(before);
        self.received.forget(before);
    }

    /// Number of the last entry seen, 0 before the first.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Time of the last entry seen, in microseconds.
    pub(crate) fn last(&self) -> Option<i64> {
        self.last
    }

    /// Hour of park time of the first entry.
    pub(crate) fn began(&self) -> Option<i64> {
        self.began
    }

    /// The first hour whose figures are all held.
    pub(crate) fn held_from(&self) -> i64 {
        self.held_from
    }

    /// Days it holds figures of.
    pub(crate) fn days_kept(&self) -> u32 {
        self.days_kept
    }
}
