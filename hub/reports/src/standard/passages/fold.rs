//! Vehicles through the gates, refusals, and how many were inside.

use std::collections::BTreeMap;

use cordon_model::{
    DecisionOutcome, Direction, GateId, GateTier, Header, OccupancyScope, OccupancySnapshot,
    PartyId, PassageDecision, PassageRecord, PassageResult, RefusalCode, SubjectKind,
};
use serde::{Deserialize, Serialize};

use super::super::HOURS_MAX;
use crate::span::hour_of;

/// Different keys booked under one hour at most; what comes beyond is counted as left out.
const KEYS_MAX: usize = 5_000;

/// Passages by hour.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Passages {
    pub(crate) hours: BTreeMap<i64, Hour>,
    /// The last snapshot of the whole park in each hour: when, and how many of which kind.
    pub(crate) inside: BTreeMap<i64, Inside>,
}

/// What one hour saw.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Hour {
    pub(crate) passed: BTreeMap<PassKey, Passes>,
    pub(crate) refused: BTreeMap<RefusalKey, u64>,
    pub(crate) left_out: u64,
}

#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct PassKey {
    pub(crate) gate: GateId,
    pub(crate) tier: GateTier,
    pub(crate) kind: SubjectKind,
    pub(crate) word: Word,
}

/// On whose word a passage rests.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) enum Word {
    /// A party said so: the hub of what it saw itself, an enterprise of its own gate.
    Party(PartyId),
    /// A device or a system at the gate, which is its owner's.
    Gate,
}

impl Word {
    fn of(sender: &PartyId, header: &Header, record: &PassageRecord) -> Self {
        match (&header.attested_by, &record.enterprise_id) {
            (None, _) => Self::Party(sender.clone()),
            (Some(_), Some(enterprise)) => Self::Party(enterprise.clone()),
            (Some(_), None) => Self::Gate,
        }
    }
}

#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct RefusalKey {
    pub(crate) gate: GateId,
    pub(crate) kind: SubjectKind,
    pub(crate) outcome: DecisionOutcome,
    pub(crate) code: Option<RefusalCode>,
}

/// Passages of one key. A forced passage is a passage too; one that backed out is none.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Passes {
    pub(crate) entered: u64,
    pub(crate) left: u64,
    pub(crate) forced: u64,
    pub(crate) backed_out: u64,
}

/// A snapshot of the park.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Inside {
    pub(crate) at: i64,
    /// Kind, inside, capacity.
    pub(crate) counts: Vec<(SubjectKind, u32, Option<u32>)>,
}

impl Passes {
    pub(crate) fn add(&mut self, other: Self) {
        self.entered += other.entered;
        self.left += other.left;
        self.forced += other.forced;
        self.backed_out += other.backed_out;
    }
}

impl Hour {
    fn pass(&mut self, key: PassKey, passes: Passes) {
        if self.passed.len() >= KEYS_MAX && !self.passed.contains_key(&key) {
            self.left_out += 1;
            return;
        }
        self.passed.entry(key).or_default().add(passes);
    }

    fn refuse(&mut self, key: RefusalKey, count: u64) {
        if self.refused.len() >= KEYS_MAX && !self.refused.contains_key(&key) {
            self.left_out += 1;
            return;
        }
        *self.refused.entry(key).or_default() += count;
    }

    /// Counts what another hour saw.
    fn take_in(&mut self, other: Self) {
        self.left_out += other.left_out;
        for (key, passes) in other.passed {
            self.pass(key, passes);
        }
        for (key, count) in other.refused {
            self.refuse(key, count);
        }
    }
}

impl Passages {
    pub(super) fn record(
        &mut self,
        (sender, header): (&PartyId, &Header),
        record: &PassageRecord,
        (at, held_from): (i64, i64),
    ) {
        let hour = hour_of(at);
        if hour < held_from || !is_vehicle(record.subject_kind) {
            return;
        }
        let mut one = Passes::default();
        match (record.result, record.direction) {
            (PassageResult::BackedOut, _) => one.backed_out = 1,
            (_, Direction::In) => one.entered = 1,
            (_, Direction::Out) => one.left = 1,
        }
        one.forced = u64::from(record.result == PassageResult::Forced);
        let key = PassKey {
            gate: record.gate_id.clone(),
            tier: record.tier,
            kind: record.subject_kind,
            word: Word::of(sender, header, record),
        };
        self.hours.entry(hour).or_default().pass(key, one);
    }

    pub(super) fn decision(&mut self, decision: &PassageDecision, (at, held_from): (i64, i64)) {
        let hour = hour_of(at);
        let opens = decision.outcome == DecisionOutcome::Open;
        if hour < held_from || opens || !is_vehicle(decision.subject_kind) {
            return;
        }
        let key = RefusalKey {
            gate: decision.gate_id.clone(),
            kind: decision.subject_kind,
            outcome: decision.outcome,
            code: decision.refusal_code,
        };
        self.hours.entry(hour).or_default().refuse(key, 1);
    }

    pub(super) fn snapshot(&mut self, snapshot: &OccupancySnapshot, (at, held_from): (i64, i64)) {
        let hour = hour_of(at);
        let is_known = self.inside.get(&hour).is_some_and(|known| known.at > at);
        if snapshot.scope != OccupancyScope::Park || hour < held_from || is_known {
            return;
        }
        let counts = snapshot
            .counts
            .iter()
            .filter(|count| is_vehicle(count.subject_kind))
            .map(|count| (count.subject_kind, count.inside, count.capacity))
            .collect();
        self.inside.insert(hour, Inside { at, counts });
    }

    #[cfg(test)]
    pub(crate) fn hours_held(&self) -> Vec<i64> {
        let mut hours: Vec<i64> = self
            .hours
            .keys()
            .chain(self.inside.keys())
            .copied()
            .collect();
        hours.sort_unstable();
        hours.dedup();
        hours
    }

    /// Gives the first hour that is still held, when there was no room.
    pub(super) fn make_room(&mut self) -> Option<i64> {
        let counted = (self.hours.len() > HOURS_MAX).then(|| self.hours.pop_first());
        let inside = (self.inside.len() > HOURS_MAX).then(|| self.inside.pop_first());
        let counted = counted.flatten().map(|(hour, _)| hour + 1);
        counted.max(inside.flatten().map(|(hour, _)| hour + 1))
    }

    /// What is booked later than `now` is booked at it.
    pub(super) fn book_at(&mut self, now: i64) {
        let hour = hour_of(now);
        for later in self.hours.split_off(&(hour + 1)).into_values() {
            self.hours.entry(hour).or_default().take_in(later);
        }
        let last = self.inside.split_off(&hour).pop_last();
        if let Some((_, mut last)) = last {
            last.at = last.at.min(now);
            self.inside.insert(hour, last);
        }
    }

    pub(super) fn drop_before(&mut self, before: i64) {
        self.hours = self.hours.split_off(&before);
        self.inside = self.inside.split_off(&before);
    }
}

/// Persons have RPT-02.
fn is_vehicle(kind: SubjectKind) -> bool {
    !matches!(
        kind,
        SubjectKind::Person | SubjectKind::Goods | SubjectKind::Vessel
    )
}
