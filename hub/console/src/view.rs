//! What the status page shows: a pure fold over entries, bounded in every list.

use std::collections::{BTreeMap, VecDeque};

use cordon_contract::{Entry, EntryKind};
use cordon_model::plan::ParkPlan;
use cordon_model::{
    AlarmEvent, AlarmState, AlarmUpdate, BarrierState, Body, DecisionOutcome, Direction, GateClass,
    GateStatus, PassageDecision, PassageRecord, PassageResult, Timestamp,
};
use serde::Serialize;

/// Decisions kept for the page; older ones are in the journal.
const DECISIONS_MAX: usize = 20;
/// Open alarms shown; beyond it the oldest leave the page (not the journal).
const ALARMS_MAX: usize = 50;

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
    alarms: VecDeque<AlarmView>,
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

#[derive(Clone, Debug, Serialize)]
struct AlarmView {
    id: String,
    time: String,
    level: &'static str,
    code: &'static str,
    state: &'static str,
    place: String,
    description: String,
    escalation: u32,
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
            alarms: VecDeque::new(),
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
        let Some(message) = &entry.message else {
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
            Body::AlarmEvent(alarm) => self.raised(alarm),
            Body::AlarmUpdate(update) => self.updated(update),
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

    /// Refused messages, passages allowed and denied, open alarms.
    pub fn totals(&self) -> [(&'static str, u64); 4] {
        let alarms = u64::try_from(self.alarms.len()).unwrap_or(u64::MAX);
        [
            ("refused", self.refused),
            ("opened", self.opened),
            ("denied", self.denied),
            ("open_alarms", alarms),
        ]
    }

    /// The state in which an open alarm is, when the page knows it.
    pub fn alarm_state(&self, id: &str) -> Option<AlarmState> {
        let alarm = self.alarms.iter().find(|alarm| alarm.id == id)?;
        alarm.state.parse().ok()
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

    fn raised(&mut self, alarm: &AlarmEvent) {
        let place = [
            alarm.lane_id.as_ref().map(ToString::to_string),
            alarm.gate_id.as_ref().map(ToString::to_string),
            alarm.area_id.as_ref().map(ToString::to_string),
            alarm.source_device.as_ref().map(ToString::to_string),
        ];
        self.alarms.retain(|known| known.id != alarm.alarm_id);
        self.alarms.push_front(AlarmView {
            id: alarm.alarm_id.clone(),
            time: local(alarm.occurred_at),
            level: alarm.alarm_level.as_str(),
            code: alarm.alarm_code.as_str(),
            state: alarm.state.as_str(),
            place: place.into_iter().flatten().next().unwrap_or_default(),
            description: alarm.description.clone(),
            escalation: 0,
        });
        self.alarms.truncate(ALARMS_MAX);
    }

    fn updated(&mut self, update: &AlarmUpdate) {
        if matches!(update.state, AlarmState::Closed | AlarmState::Rejected) {
            self.alarms.retain(|known| known.id != update.alarm_id);
            return;
        }
        if let Some(alarm) = self
            .alarms
            .iter_mut()
            .find(|known| known.id == update.alarm_id)
        {
            alarm.state = update.state.as_str();
            alarm.escalation = alarm.escalation.max(update.escalation_level.unwrap_or(0));
        }
    }
}

/// A time as the park's clocks show it, whatever the device's offset was.
fn local(time: Timestamp) -> String {
    time.at_offset(Timestamp::PARK_OFFSET_MINUTES).to_string()
}
