//! Counters since the start, for status page, metrics and the demo's summary.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordon_contract::{EntryKind, Order, OutcomeKind};
use cordon_model::Body;
use serde::Serialize;

use crate::decide::batch::Line;
use crate::decide::guard::SENDER_GAP;
use crate::flags;
use crate::watch::histogram::{Histogram, Quantiles};

/// Most names counted in one table; what comes later is counted under `other`.
const NAMES_MAX: usize = 1_000;

/// What went in and out of one adapter or partner.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Traffic {
    /// Messages accepted from it.
    pub accepted: u64,
    /// Messages of it refused.
    pub refused: u64,
    /// Messages answered with their first receipt again.
    pub duplicates: u64,
    /// Orders handed to it.
    pub orders: u64,
    /// Orders it confirmed or took over.
    pub orders_done: u64,
}

/// Counters since the start of the hub.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct StatsSnapshot {
    /// By adapter instance and by signing sender.
    pub traffic: BTreeMap<String, Traffic>,
    /// Entries by kind.
    pub entries: BTreeMap<String, u64>,
    /// Messages by type.
    pub messages: BTreeMap<String, u64>,
    /// Refusals by code.
    pub refusals: BTreeMap<String, u64>,
    /// Passage decisions: `OPEN`, `MANUAL`, or the refusal code.
    pub decisions: BTreeMap<String, u64>,
    /// Alarms by the state they entered.
    pub alarms: BTreeMap<String, u64>,
    /// Outcomes of gate commands by kind (`CONFIRMED`, `EXPIRED`, …).
    pub commands: BTreeMap<String, u64>,
    /// Outcomes of all other orders by kind.
    pub deliveries: BTreeMap<String, u64>,
    /// Statements that came after a newer one of their sender and changed nothing.
    pub overtaken: u64,
    /// Holes in senders' running numbers that were told.
    pub gaps: u64,
    /// Committed batches.
    pub batches: u64,
    /// Entries in the largest batch.
    pub batch_max: u64,
    /// Entries committed.
    pub committed: u64,
    /// From the arrival of an input to the durable gate command it led to.
    pub decision: Quantiles,
    /// From the arrival of an input to its durable entry.
    pub commit: Quantiles,
}

#[derive(Default)]
struct Counted {
    told: StatsSnapshot,
    decision: Histogram,
    commit: Histogram,
}

/// The counters. Cheap to clone.
#[derive(Clone, Default)]
pub struct Stats(Arc<Mutex<Counted>>);

impl Stats {
    /// The counts as of now.
    pub fn snapshot(&self) -> StatsSnapshot {
        let counted = self.lock();
        StatsSnapshot {
            decision: counted.decision.quantiles(),
            commit: counted.commit.quantiles(),
            ..counted.told.clone()
        }
    }

    pub(crate) fn accepted(&self, source: &str, count: u64) {
        self.traffic(source, |traffic| traffic.accepted += count);
    }

    pub(crate) fn refused(&self, source: &str) {
        self.traffic(source, |traffic| traffic.refused += 1);
    }

    pub(crate) fn duplicate(&self, source: &str) {
        self.traffic(source, |traffic| traffic.duplicates += 1);
    }

    pub(crate) fn ordered(&self, adapter: &str) {
        self.traffic(adapter, |traffic| traffic.orders += 1);
    }

    pub(crate) fn outcome(&self, adapter: &str, order: &Order, kind: OutcomeKind) {
        let mut counted = self.lock();
        let done = matches!(kind, OutcomeKind::Accepted | OutcomeKind::Confirmed);
        change(&mut counted.told.traffic, adapter, |traffic| {
            traffic.orders_done += u64::from(done);
        });
        let table = match order.message.body {
            Body::GateCommand(_) => &mut counted.told.commands,
            _ => &mut counted.told.deliveries,
        };
        count(table, crate::decide::outcome::name(kind));
    }

    /// Counts a committed batch. A round that had nothing to record wrote none.
    pub(crate) fn committed(&self, lines: &[Line]) {
        if lines.is_empty() {
            return;
        }
        let mut counted = self.lock();
        let told = &mut counted.told;
        told.batches += 1;
        told.committed += lines.len() as u64;
        told.batch_max = told.batch_max.max(lines.len() as u64);
        for line in lines {
            count(&mut told.entries, kind_name(line.entry.kind));
            note_line(told, line);
        }
    }

    pub(crate) fn took(&self, took: Duration, commanded: bool) {
        let mut counted = self.lock();
        counted.commit.note(took);
        if commanded {
            counted.decision.note(took);
        }
    }

    fn traffic(&self, name: &str, by: impl FnOnce(&mut Traffic)) {
        change(&mut self.lock().told.traffic, name, by);
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note_line(told: &mut StatsSnapshot, line: &Line) {
    if line.entry.kind == EntryKind::Refused {
        count(&mut told.refusals, &line.entry.label);
        return;
    }
    let Some(message) = &line.entry.message else {
        return;
    };
    told.overtaken += u64::from(line.draft.flags & flags::OVERTAKEN != 0);
    told.gaps += u64::from(line.entry.kind == EntryKind::Audit && line.entry.label == SENDER_GAP);
    if line.entry.kind == EntryKind::Message {
        count(&mut told.messages, message.header.message_type.as_str());
    }
    match &message.body {
        Body::PassageDecision(decision) => {
            let code = match decision.refusal_code {
                Some(code) => code.as_str(),
                None => decision.outcome.as_str(),
            };
            count(&mut told.decisions, code);
        }
        Body::AlarmEvent(alarm) => count(&mut told.alarms, alarm.state.as_str()),
        Body::AlarmUpdate(update) => count(&mut told.alarms, update.state.as_str()),
        _ => {}
    }
}

/// The stored name of an entry's kind.
pub(crate) fn kind_name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Submission => "submission",
        EntryKind::Message => "message",
        EntryKind::Refused => "refused",
        EntryKind::Order => "order",
        EntryKind::Outcome => "outcome",
        EntryKind::Tick => "tick",
        EntryKind::Audit => "audit",
        EntryKind::Settings => "settings",
    }
}

fn count(table: &mut BTreeMap<String, u64>, name: &str) {
    change(table, name, |count| *count += 1);
}

/// Changes the row of `name`, or that of all names which came when the table was full. A row that
/// is there costs no allocation.
fn change<V: Default>(table: &mut BTreeMap<String, V>, name: &str, by: impl FnOnce(&mut V)) {
    match table.get_mut(name) {
        Some(row) => by(row),
        None => {
            let is_full = table.len() >= NAMES_MAX;
            let name = if is_full { "other" } else { name };
            by(table.entry(name.to_owned()).or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stats;

    #[test]
    fn a_round_that_records_nothing_is_no_batch() {
        let stats = Stats::default();
        stats.committed(&[]);
        assert_eq!(stats.snapshot().batches, 0);
    }
}
