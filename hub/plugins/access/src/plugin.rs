//! The plug-in: which entry goes where, and what is remembered.

use std::sync::Arc;

use cordon_contract::{
    AccessRules, ClockSteps, Decisions, Entry, EntryKind, HUB_START, NoRoom, Plugin, Rows,
};
use cordon_model::{Body, Message, Timestamp, plan::ParkPlan};

use crate::alarm::Step;
use crate::config::AccessConfig;
use crate::now::ParkNow;
use crate::state::State;

const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// Access control of one park.
pub struct AccessPlugin {
    pub(crate) plan: Arc<ParkPlan>,
    pub(crate) rules: Arc<dyn AccessRules>,
    pub(crate) config: AccessConfig,
    pub(crate) state: State,
    /// What is shown of the state; no state.
    pub(crate) shown: ParkNow,
}

impl AccessPlugin {
    /// A plug-in that knows the plan and the rules and has seen nothing yet.
    pub fn new(plan: Arc<ParkPlan>, rules: Arc<dyn AccessRules>, config: AccessConfig) -> Self {
        let mut access = Self {
            plan,
            rules,
            config,
            state: State::new(),
            shown: ParkNow::default(),
        };
        access.index();
        access
    }

    /// Shows what stands in the park through this handle, which somebody has already.
    #[must_use]
    pub fn showing(mut self, shown: ParkNow) -> Self {
        self.shown = shown;
        self
    }

    /// Finds again what follows from the state, with the limits of today.
    fn index(&mut self) {
        let enterprises = self.plan.enterprises.len();
        self.state.registry.index(&self.config, enterprises);
        self.state.yard.index();
        self.state.alarmed.index();
    }

    /// A handle on what stands in the park now, which lives as long as its holder.
    pub fn park_now(&self) -> ParkNow {
        self.shown.clone()
    }

    /// How many grants and list entries the plug-in looked at one by one since it began. What one entry adds
    /// tells its cost, beside the logarithm of what is kept.
    pub fn steps(&self) -> u64 {
        self.state.registry.steps.total()
    }

    fn message(&mut self, step: &mut Step<'_>, message: &Message) {
        match &message.body {
            Body::VehicleRegistration(registration) => self.on_registration(step, registration),
            Body::AccessGrant(grant) => self.on_grant(step, grant),
            Body::ListEntry(entry) => self.on_list_entry(step, entry),
            Body::PlateCapture(capture) => self.on_capture(step, capture),
            Body::GateStatus(status) => self.on_gate_status(step, status),
            Body::PassageRecord(record) => self.on_passage_record(step, record),
            Body::EmergencyGateOpen(order) => self.on_emergency(step, order),
            Body::GateCommand(order) => self.on_order_by_hand(step, order),
            Body::OperatingModeChange(change) => self.on_mode_change(step, change),
            _ => {}
        }
    }

    fn tick(&mut self, step: &mut Step<'_>) {
        let now = step.entry.time;
        self.modes_due(step);
        self.held_due(step);
        self.tell_not_yet(step);
        self.openings_due(step);
        self.overstays(step);
        self.state.yard.turn_day(now);
        self.tell_occupancy(step);
        let hour = hour_of(now);
        if hour != *self.state.cleaned_hour {
            *self.state.cleaned_hour = hour;
            let settled = step.entry.settled;
            self.state
                .registry
                .clean(settled, self.config.expired_memory_days);
        }
    }
}

/// The hour, counted from the epoch.
fn hour_of(now: Timestamp) -> i64 {
    now.micros().div_euclid(MICROS_PER_HOUR)
}

impl Plugin for AccessPlugin {
    fn name(&self) -> &'static str {
        "access"
    }

    fn step(&mut self, entry: &Entry, decisions: &mut Decisions) {
        let mut step = Step::new(entry, decisions);
        let is_back = self.state.away.is_first(entry);
        let away = self.state.away.at(entry);
        self.state.away.set(away);
        let message = entry.message.as_deref();
        // Conformance traffic never moves a barrier, and it never changes what is known either.
        if message.is_some_and(|message| message.header.test) {
            return;
        }
        self.state.registry.lists.begin(entry.clock);
        match (entry.kind, message) {
            (EntryKind::Tick, _) => {
                self.tick(&mut step);
                if is_back {
                    self.tell_waiting(&mut step);
                }
            }
            (EntryKind::Message, Some(message)) => self.message(&mut step, message),
            (EntryKind::Outcome, Some(message)) => {
                if let Body::GateStatus(status) = &message.body {
                    self.note_confirmed(status);
                    self.on_command_end(&mut step, status);
                }
            }
            // A hub that runs with its journal says so first, and counts from what stood there.
            (EntryKind::Audit, _) => {
                if ClockSteps::is_of(entry) {
                    self.on_clock_set(entry);
                }
                if entry.label == HUB_START {
                    self.on_start(entry.clock);
                    self.tell_unplanned(&mut step);
                }
                if self.shown.look().is_none() {
                    self.shown.show_all(&self.state);
                }
            }
            (EntryKind::Settings, _) => self.tell_unplanned(&mut step),
            _ => {}
        }
        self.shown.show(&self.state);
    }

    fn is_due(&self, time: Timestamp, clock: Timestamp) -> bool {
        self.state.away.is_due(clock.micros())
            || self.state.modes.is_due(clock, *self.state.away)
            || self.is_held_due((time, clock))
            || self.is_not_yet_due(clock)
            || self.is_opening_due(time, clock)
            || self.state.yard.is_due(time, clock, *self.state.away)
            || self.is_occupancy_due(time)
            || hour_of(time) != *self.state.cleaned_hour
    }

    fn has_room(&self, entry: &Entry) -> Result<(), NoRoom> {
        match entry.message.as_deref() {
            Some(message) => self.room_for(entry, &message.body),
            None => Ok(()),
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Rows> {
        self.state.tables()
    }

    fn restored(&mut self) {
        self.index();
        self.shown.show_all(&self.state);
    }
}
