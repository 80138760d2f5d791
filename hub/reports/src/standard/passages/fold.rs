//! Vehicles through the gates, refusals, and how many were inside.

use std::collections::BTreeMap;

use cordon_model::{
    DecisionOutcome, Direction, GateId, GateTier, Header, OccupancyScope, OccupancySnapshot,
    PartyId, PassageDecision, PassageRecord, PassageResult, RefusalCode, SubjectKind,
};
use serde::{Deserialize, Serialize};

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

impl Passages {
    pub(super) fn record(
        &mut self,
        (sender, header): (&PartyId, &Header),
        record: &PassageRecord,
        held_from: i64,
    ) {
        let hour = hour_of(record.passed_at.micros());
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
        let hour = self.hours.entry(hour).or_default();
        if hour.passed.len() >= KEYS_MAX && !hour.passed.contains_key(&key) {
            hour.left_out += 1;
            return;
        }
        hour.passed.entry(key).or_default().add(one);
    }

    pub(super) fn decision(&mut self, decision: &PassageDecision, held_from: i64) {
        let hour = hour_of(decision.decided_at.micros());
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
        let hour = self.hours.entry(hour).or_default();
        if hour.refused.len() >= KEYS_MAX && !hour.refused.contains_key(&key) {
            hour.left_out += 1;
            return;
        }
        *hour.refused.entry(key).or_default() += 1;
    }

    pub(super) fn snapshot(&mut self, snapshot: &OccupancySnapshot, held_from: i64) {
        let at = snapshot.observed_at.micros();
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
