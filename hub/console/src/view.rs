//! What the status page shows: a pure fold over entries, bounded in every list.

use std::collections::{BTreeMap, VecDeque};

use cordon_contract::{Entry, EntryKind};
use cordon_model::plan::ParkPlan;
use cordon_model::{
    BarrierState, Body, DecisionOutcome, Direction, GateClass, GateStatus, PassageDecision,
    PassageRecord, PassageResult, Timestamp,
};
use serde::Serialize;

/// Decisions kept for the page; older ones are in the journal.
const DECISIONS_MAX: usize = 20;

/// The page's content.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    park_code: String,
    park_name: String,
    mode: String,
    entries: u64,
    refused: u64,
    opened: u64,
    denied: u64,
    in_park: u64,
    reports: u64,
    lanes: Vec<LaneView>,
    decisions: VecDeque<DecisionView>,
    messages: BTreeMap<&'static str, u64>,
    commands: BTreeMap<&'static str, u64>,
}

#[derive(Clone, Debug, Serialize)]
struct LaneView {
    gate: String,
    gate_name: String,
    gate_class: &'static str,
    lane: String,
    barrier: &'static str,
    passed_in: u64,
    passed_out: u64,
}

#[derive(Clone, Debug, Serialize)]
struct DecisionView {
    time: String,
    lane: String,
    plate: String,
    kind: &'static str,
    direction: &'static str,
    outcome: &'static str,
    code: Option<&'static str>,
    grant: Option<String>,
    rules: Vec<RuleView>,
}

#[derive(Clone, Debug, Serialize)]
struct RuleView {
    id: String,
    clause: String,
}

impl View {
    /// The view of a park of which nothing has been heard yet.
    pub fn new(plan: &ParkPlan) -> Self {
        let lanes = plan
            .lanes
            .iter()
            .map(|lane| {
                let gate = plan.gates.iter().find(|gate| gate.id == lane.gate);
                LaneView {
                    gate: lane.gate.to_string(),
                    gate_name: gate.map(|gate| gate.name.clone()).unwrap_or_default(),
                    gate_class: gate.map_or(GateClass::Ordinary, |gate| gate.class).as_str(),
                    lane: lane.id.to_string(),
                    barrier: BarrierState::Unknown.as_str(),
                    passed_in: 0,
                    passed_out: 0,
                }
            })
            .collect();
        Self {
            park_code: plan.code.to_string(),
            park_name: plan.name.clone(),
            mode: "NORMAL".to_owned(),
            entries: 0,
            refused: 0,
            opened: 0,
            denied: 0,
            in_park: 0,
            reports: 0,
            lanes,
            decisions: VecDeque::new(),
            messages: BTreeMap::new(),
            commands: BTreeMap::new(),
        }
    }

    /// Takes in one committed entry.
    pub fn apply(&mut self, entry: &Entry) {
        self.entries = self.entries.max(entry.number);
        if entry.kind == EntryKind::Refused {
            self.refused += 1;
            return;
        }
        // An order carries what was said before, to somebody; it says nothing new.
        let said = entry.message.as_ref();
        let Some(message) = said.filter(|_| entry.kind != EntryKind::Order) else {
            return;
        };
        *self
            .messages
            .entry(message.body.message_type().as_str())
            .or_default() += 1;
        match &message.body {
            Body::PassageDecision(decision) => self.decided(decision),
            Body::PassageRecord(passage) => self.passed(passage),
            Body::GateStatus(status) => self.gate(status),
            Body::OperatingModeChange(change) if change.gates.is_empty() && !entry.overtaken => {
                change.mode.as_str().clone_into(&mut self.mode);
            }
            Body::AuditEvent(event) if event.action == "report.built" => self.reports += 1,
            _ => {}
        }
    }

    /// Counts of messages by type since the console started.
    pub fn messages(&self) -> &BTreeMap<&'static str, u64> {
        &self.messages
    }

    /// Counts of command outcomes by name since the console started.
    pub fn commands(&self) -> &BTreeMap<&'static str, u64> {
        &self.commands
    }

    /// Number of the last entry seen.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Refused messages, passages allowed and denied.
    pub fn totals(&self) -> [(&'static str, u64); 3] {
        [
            ("refused", self.refused),
            ("opened", self.opened),
            ("denied", self.denied),
        ]
    }

    fn decided(&mut self, decision: &PassageDecision) {
        match decision.outcome {
            DecisionOutcome::Open => self.opened += 1,
            DecisionOutcome::Refuse => self.denied += 1,
            DecisionOutcome::Manual => {}
        }
        self.decisions.push_front(DecisionView {
            time: local(decision.decided_at),
            lane: decision.lane_id.to_string(),
            plate: decision
                .plate
                .as_ref()
                .map(|plate| plate.number.to_string())
                .unwrap_or_default(),
            kind: decision.subject_kind.as_str(),
            direction: decision.direction.as_str(),
            outcome: decision.outcome.as_str(),
            code: decision.refusal_code.map(|code| code.as_str()),
            grant: decision.grant_id.as_ref().map(ToString::to_string),
            rules: decision
                .rules
                .iter()
                .map(|rule| RuleView {
                    id: rule.rule_id.clone(),
                    clause: rule.clause.clone(),
                })
                .collect(),
        });
        self.decisions.truncate(DECISIONS_MAX);
    }

    fn passed(&mut self, passage: &PassageRecord) {
        if passage.result != PassageResult::Passed {
            return;
        }
        let incoming = passage.direction == Direction::In;
        self.in_park = if incoming {
            self.in_park + 1
        } else {
            self.in_park.saturating_sub(1)
        };
        let lane = passage.lane_id.as_ref().map(ToString::to_string);
        if let Some(lane) = self
            .lanes
            .iter_mut()
            .find(|known| Some(&known.lane) == lane.as_ref())
        {
            if incoming {
                lane.passed_in += 1;
            } else {
                lane.passed_out += 1;
            }
        }
    }

    fn gate(&mut self, status: &GateStatus) {
        if let Some(outcome) = status.command_outcome {
            *self.commands.entry(outcome.as_str()).or_default() += 1;
        }
        let lane = status.lane_id.to_string();
        if let Some(lane) = self.lanes.iter_mut().find(|known| known.lane == lane) {
            lane.barrier = status.barrier_state.as_str();
        }
    }
}

/// A time as the park's clocks show it, whatever the device's offset was.
fn local(time: Timestamp) -> String {
    time.at_offset(Timestamp::PARK_OFFSET_MINUTES).to_string()
}
