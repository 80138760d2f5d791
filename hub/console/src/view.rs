//! What the status page shows: the park's plan, with what is counted and was decided by the records, and what
//! stands in the park now.

use std::collections::BTreeMap;

use cordon_model::plan::ParkPlan;
use cordon_model::{BarrierState, DeviceId, DeviceKind, GateAction, GateClass, Timestamp};
use cordon_records::{DecisionRow, Page};
use serde::Serialize;

use crate::{Figures, ParkNow};

/// The mode of a park whose journal could not be read yet.
const UNKNOWN: &str = "UNKNOWN";

/// Lanes that `/healthz` names one by one; more are counted.
const LANES_NAMED: usize = 20;

/// The page's content. What is counted is counted from the first entry of the journal on; it is none while the
/// records were not read yet.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    park_code: String,
    park_name: String,
    mode: &'static str,
    refused: Option<u64>,
    opened: Option<u64>,
    denied: Option<u64>,
    /// Vehicles in the park; none while the hub could not read its journal yet.
    in_park: Option<u64>,
    reports: Option<u64>,
    lanes: Vec<LaneView>,
    decisions: Vec<DecisionView>,
    messages: BTreeMap<String, u64>,
    commands: BTreeMap<String, u64>,
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
    passed_in: Option<u64>,
    passed_out: Option<u64>,
}

#[derive(Clone, Debug, Serialize)]
struct DecisionView {
    time: String,
    lane: String,
    plate: String,
    kind: String,
    direction: String,
    outcome: String,
    code: Option<String>,
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
                    passed_in: None,
                    passed_out: None,
                }
            })
            .collect();
        Self {
            park_code: plan.code.to_string(),
            park_name: plan.name.clone(),
            mode: UNKNOWN,
            refused: None,
            opened: None,
            denied: None,
            in_park: None,
            reports: None,
            lanes,
            decisions: Vec::new(),
            messages: BTreeMap::new(),
            commands: BTreeMap::new(),
        }
    }

    /// Counts of messages by type.
    pub fn messages(&self) -> &BTreeMap<String, u64> {
        &self.messages
    }

    /// Counts of command outcomes by name.
    pub fn commands(&self) -> &BTreeMap<String, u64> {
        &self.commands
    }

    /// The view with what the records say, with what stands in the park now, with what barriers confirmed since the
    /// journal cannot be written, which is newer than whatever stands in it, and with what is known of them from
    /// before.
    #[must_use]
    pub fn at(&self, now: Option<&ParkNow>, figures: &Figures, page: &Page) -> Self {
        let mut shown = self.clone();
        shown.recorded(page);
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

    /// Refused messages, passages allowed and denied; none before the records were read.
    pub fn totals(&self) -> [(&'static str, Option<u64>); 3] {
        [
            ("refused", self.refused),
            ("opened", self.opened),
            ("denied", self.denied),
        ]
    }

    fn recorded(&mut self, page: &Page) {
        if page.number == 0 {
            return;
        }
        self.refused = Some(page.refused);
        self.opened = Some(page.opened);
        self.denied = Some(page.denied);
        self.reports = Some(page.reports);
        self.messages.clone_from(&page.messages);
        self.commands.clone_from(&page.commands);
        self.decisions = page.decisions.iter().map(DecisionView::of).collect();
        for lane in &mut self.lanes {
            let (passed_in, passed_out) = page.passed.get(&lane.lane).copied().unwrap_or_default();
            lane.passed_in = Some(passed_in);
            lane.passed_out = Some(passed_out);
        }
    }
}

impl DecisionView {
    fn of(decision: &DecisionRow) -> Self {
        let rules = decision.reasons.iter().map(|reason| RuleView {
            id: reason.id.clone(),
            clause: reason.clause.clone(),
        });
        Self {
            time: local(decision.decided),
            lane: decision.lane.clone(),
            plate: decision.plate.clone().unwrap_or_default(),
            kind: decision.kind.clone(),
            direction: decision.direction.clone(),
            outcome: decision.outcome.clone(),
            code: decision.code.clone(),
            grant: decision.grant.clone(),
            rules: rules.collect(),
        }
    }
}

/// A time as the park's clocks show it, whatever the device's offset was.
fn local(time: Timestamp) -> String {
    time.at_offset(Timestamp::PARK_OFFSET_MINUTES).to_string()
}
