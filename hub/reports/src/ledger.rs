//! The ledger: a pure fold over entries into the figures reports are made of.
//!
//! Passages, refusals and received messages are booked under the time the thing happened, so late
//! data find their span. Device states are booked under the hub's own time: online is what the hub
//! saw. Test traffic is not counted. What is forgotten goes by the time that has surely passed, and what was booked
//! under a clock that was ahead is booked anew when it is right.

use cordon_contract::{Entry, EntryKind};
use cordon_model::{Body, Message};
use serde::{Deserialize, Serialize};

use crate::forgotten::Forgotten;
use crate::given::Given;
use crate::hub_time::HubTime;
use crate::lived::Lived;
use crate::received::Received;
use crate::span::hour_of;
use crate::standard::{Figures, Told};

#[cfg(test)]
mod tests;

/// The action of the audit entry that every start of the hub writes first.
const HUB_START: &str = "hub.start";

/// Figures of the last so many days. The same journal prefix gives the same ledger: entries come with
/// the clock and the settled time that they and those before them tell (`cordon_flow::EntryTimes`).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Ledger {
    days_kept: u32,
    /// Number of the last entry seen.
    number: u64,
    /// The hub's time then; `None` before the first.
    time: Option<HubTime>,
    /// Hour of the first entry.
    began: Option<i64>,
    /// First hour whose figures are all held.
    held_from: i64,
    /// What had surely passed at the last entry, in microseconds.
    settled: i64,
    pub(crate) given: Given,
    pub(crate) lived: Lived,
    pub(crate) forgotten: Forgotten,
    pub(crate) figures: Figures,
    pub(crate) received: Received,
}

impl Ledger {
    /// An empty ledger that holds figures of `days_kept` days.
    pub fn new(days_kept: u32) -> Self {
        Self {
            days_kept,
            number: 0,
            time: None,
            began: None,
            held_from: i64::MIN,
            settled: i64::MIN,
            given: Given::default(),
            lived: Lived::default(),
            forgotten: Forgotten::default(),
            figures: Figures::default(),
            received: Received::default(),
        }
    }

    /// Takes the next entry into account.
    pub fn step(&mut self, entry: &Entry) {
        let before = self.last();
        let now = self.pass(entry);
        self.given.step(entry);
        self.lived.at(now);
        self.forgotten.step(entry, now);
        self.settled = self.settled.max(entry.settled.micros());
        self.forget(hour_of(entry.settled.micros()) - self.hours_kept());
        match (entry.kind, &entry.message) {
            (EntryKind::Message, Some(message)) => self.message((entry, now), message),
            (EntryKind::Refused, _) => {
                let full_until = self.received.refused(&entry.sender, now);
                self.hold_from(full_until);
            }
            (EntryKind::Audit, Some(message)) => {
                let started =
                    matches!(&message.body, Body::AuditEvent(event) if event.action == HUB_START);
                if let (true, Some(before)) = (started, before) {
                    // Nobody watched between the last entry and this start.
                    self.figures.unwatched(before.min(now));
                }
            }
            _ => {}
        }
    }

    /// Goes on to the time of an entry.
    fn pass(&mut self, entry: &Entry) -> i64 {
        self.number = entry.number;
        let time = self.time.get_or_insert_with(|| HubTime::first(entry));
        let was_ahead = time.pass(entry);
        let now = time.now();
        if was_ahead {
            self.figures.put_right(now);
            self.received.put_right(now);
            self.lived.put_right(now);
            self.forgotten.put_right(now);
        }
        let hour = hour_of(now);
        if self.began.is_none_or(|began| hour < began) {
            // A journal that began with a clock ahead had nothing to forget by it.
            self.began = Some(hour);
            self.held_from = self.held_from.min(hour - self.hours_kept());
        }
        now
    }

    fn message(&mut self, (entry, now): (&Entry, i64), message: &Message) {
        if message.header.test {
            return;
        }
        let told = Told {
            entry,
            message,
            held_from: self.held_from,
            now,
        };
        let heard = self.received.message(&told);
        let booked = self.figures.book(&told);
        self.hold_from(heard.max(booked));
    }

    /// There was no room for what came before `full_until`.
    fn hold_from(&mut self, full_until: Option<i64>) {
        self.held_from = full_until.map_or(self.held_from, |hour| hour.max(self.held_from));
    }

    fn forget(&mut self, before: i64) {
        if before <= self.held_from {
            return;
        }
        self.held_from = before;
        self.figures.forget(before);
        self.received.forget(before);
        self.forgotten.forget(before);
    }

    /// Number of the last entry seen, 0 before the first.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The hub's time at the last entry seen, in microseconds.
    pub(crate) fn last(&self) -> Option<i64> {
        self.time.map(HubTime::now)
    }

    /// What has surely passed, in microseconds, of a hub that ran long enough to tell: what is taken away goes by it.
    pub(crate) fn passed(&self) -> Option<i64> {
        self.time.and_then(HubTime::passed)
    }

    /// The same of any hub: it may have begun with a wrong clock.
    pub(crate) fn settled(&self) -> i64 {
        self.settled
    }

    /// Hour of park time of the first entry.
    pub(crate) fn began(&self) -> Option<i64> {
        self.began
    }

    /// The first hour whose figures are all held.
    pub(crate) fn held_from(&self) -> i64 {
        self.held_from
    }

    fn hours_kept(&self) -> i64 {
        i64::from(self.days_kept) * 24
    }

    /// Days it holds figures of.
    pub(crate) fn days_kept(&self) -> u32 {
        self.days_kept
    }
}
