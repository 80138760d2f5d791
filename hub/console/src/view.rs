//! What the status page shows: a pure fold over entries, bounded in every list.

use std::collections::{BTreeMap, VecDeque};

use cordon_contract::{Entry, EntryKind};
use cordon_model::plan::ParkPlan;
use cordon_model::{
    BarrierState, Body, DecisionOutcome, DeviceId, DeviceKind, Direction, GateAction, GateClass,
    GateStatus, PassageDecision, PassageRecord, PassageResult, Timestamp,
};
use serde::Serialize;

use crate::{Figures, ParkNow};

/// The mode of a park whose journal could not be read yet.
const UNKNOWN: &str = "UNKNOWN";

/// Decisions kept for the page; older ones are in the journal.
const DECISIONS_MAX: usize = 20;

/// Lanes that `/healthz` names one by one; more are counted.
const LANES_NAMED: usize = 20;

/// The page's content. It begins empty with each start of the program: what it counts, it counts from
/// there; what stands in the park now is put in each time it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    park_code: String,
    park_name: String,
    mode: &'static str,
    refused: u64,
    opened: u64,
    denied: u64,
    /// Vehicles in the park; none while the hub could not read its journal yet.
    in_park: Option<u64>,
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
    /// The mode of its gate, if the park is in another.
    mode: Option<&'static str>,
    lane: String,
    /// Its barrier by the plan.
    #[serde(skip)]
    device: Option<DeviceId>,
    barrier: &'static str,
    /// It has a barrier that can be ordered something.
    has_barrier: bool,
    /// What is shown of it was confirmed while the journal could not be written.
    unrecorded: bool,
    /// It is held open; none when nobody can say.
    held: Option<bool>,
    /// Whether it is held is known from before a start that could not open its journal.
    recalled: bool,
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
                    device: plan
                        .devices_on(&lane.id, DeviceKind::Barrier)
                        .next()
                        .map(|device| device.id.clone()),
                    mode: None,
                    barrier: BarrierState::Unknown.as_str(),
                    has_barrier: plan
                        .devices_on(&lane.id, DeviceKind::Barrier)
                        .next()
                        .is_some(),
                    unrecorded: false,
                    held: None,
                    recalled: false,
                    passed_in: 0,
                    passed_out: 0,
                }
            })
            .collect();
        Self {
            park_code: plan.code.to_string(),
            park_name: plan.name.clone(),
            mode: UNKNOWN,
            refused: 0,
            opened: 0,
            denied: 0,
            in_park: None,
            reports: 0,
            lanes,
            decisions: VecDeque::new(),
            messages: BTreeMap::new(),
            commands: BTreeMap::new(),
        }
    }

    /// Takes in one committed entry.
    pub fn apply(&mut self, entry: &Entry) {
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
            Body::AuditEvent(event) if event.action == "report.built" => self.reports += 1,
            _ => {}
        }
    }

    /// Counts of messages by type since the start of the program.
    pub fn messages(&self) -> &BTreeMap<&'static str, u64> {
        &self.messages
    }

    /// Counts of command outcomes by name since the start of the program.
    pub fn commands(&self) -> &BTreeMap<&'static str, u64> {
        &self.commands
    }

    /// The view with what stands in the park now, with what barriers confirmed since the journal cannot be
    /// written, which is newer than whatever stands in it, and with what is known of them from before.
    #[must_use]
    pub fn at(&self, now: Option<&ParkNow>, figures: &Figures) -> Self {
        let mut shown = self.clone();
        if let Some(now) = now {
            shown.mode = now.mode.as_str();
            shown.in_park = Some(now.inside);
        }
        for lane in &mut shown.lanes {
            let modes = now.map(|now| &now.gate_modes);
            let mode =
                modes.and_then(|modes| modes.iter().find(|(gate, _)| gate.as_str() == lane.gate));
            lane.mode = mode.map(|(_, mode)| mode.as_str());
            let device = lane.device.as_ref();
            let is = device.and_then(|id| now?.barriers.get(id).copied());
            let done = device.and_then(|id| figures.acted.get(id));
            let before = device.and_then(|id| figures.held_before.get(id).copied());
            let stands = now.map(|now| now.held.iter().any(|held| held.as_str() == lane.lane));
            // A lane without a barrier has nothing that could be held.
            let stands = before.or(stands).or(device.is_none().then_some(false));
            lane.unrecorded = done.is_some();
            lane.held = match done {
                Some(GateAction::LockOpen) => Some(true),
                Some(GateAction::Release) => Some(false),
                _ => stands,
            };
            lane.recalled = done.is_none() && before.is_some();
            let is = match done {
                None => is,
                Some(GateAction::LockOpen) => Some(BarrierState::Open),
                // The lock is off; where the boom stands since then nobody wrote down.
                Some(_) => None,
            };
            lane.barrier = is.unwrap_or(BarrierState::Unknown).as_str();
        }
        shown
    }

    /// What is said of held lanes as far as it is known from before the start, and of those of which nothing
    /// is; a line for each.
    pub(crate) fn held_words(&self) -> String {
        let named = |lanes: Vec<&str>| match lanes.get(LANES_NAMED..) {
            Some([_, ..]) => format!("{} lanes", lanes.len()),
            _ => lanes.join(", "),
        };
        let held = self.lanes_which(|lane| lane.recalled && lane.held == Some(true));
        let unknown = self.lanes_which(|lane| lane.held.is_none());
        let mut words = String::new();
        if !held.is_empty() {
            words += &format!(
                "warning: lanes: held open since before the start: {}; where their barriers stand was not read yet\n",
                named(held)
            );
        }
        if !unknown.is_empty() {
            words += &format!(
                "warning: lanes: whether they are held open is not known before the journal can be read: {}\n",
                named(unknown)
            );
        }
        words
    }

    /// Lanes held open, those of them that are known from before the start, and lanes of which nobody can say.
    pub(crate) fn held_counts(&self) -> [u64; 3] {
        let count = |which: fn(&LaneView) -> bool| self.lanes_which(which).len() as u64;
        [
            count(|lane| lane.held == Some(true)),
            count(|lane| lane.recalled && lane.held == Some(true)),
            count(|lane| lane.held.is_none()),
        ]
    }

    fn lanes_which(&self, which: impl Fn(&LaneView) -> bool) -> Vec<&str> {
        let lanes = self.lanes.iter().filter(|lane| which(lane));
        lanes.map(|lane| lane.lane.as_str()).collect()
    }

    /// Refused messages, passages allowed and denied since the start of the program.
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
    }
}

/// A time as the park's clocks show it, whatever the device's offset was.
fn local(time: Timestamp) -> String {
    time.at_offset(Timestamp::PARK_OFFSET_MINUTES).to_string()
}
