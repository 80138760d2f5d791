//! One lane: profile, signals, state machine, pulses, heartbeat and orders put together. Pure but
//! for the answers it gives to waiting orders; the session does the writes it asks for.

use std::collections::BTreeMap;

use cordon_contract::{DeviceHealth, LinkState, Order, Outcome, OutcomeKind};
use cordon_model::Timestamp;
use tokio::sync::oneshot;
use tokio_modbus::Request;

use crate::command::{self, Command, Image};
use crate::config::LaneConfig;
use crate::decode::{Debounce, Plan, Signals};
use crate::lock::LockWatch;
use crate::outbox::Report;
use crate::profile::{Heartbeat, Input, Output, Profile};
use crate::report::{self, About};
use crate::state::{Action, Machine, Rules, State, Task};

/// An order that is being carried out.
#[derive(Debug)]
struct UnderWay {
    command: Command,
    reply: oneshot::Sender<Outcome>,
}

/// What was last told of the lane.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    state: State,
    reason: String,
    signals: Option<Signals>,
    at_ms: u64,
}

/// One lane of a bus.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) config: LaneConfig,
    pub(crate) profile: Profile,
    pub(crate) plan: Plan,
    pub(crate) image: Image,
    pub(crate) machine: Machine,
    pub(crate) health: DeviceHealth,
    debounce: Debounce,
    pulses: BTreeMap<Output, u64>,
    poll_at_ms: u64,
    beat_at_ms: u64,
    /// When the last heartbeat was written.
    beaten_ms: u64,
    /// A heartbeat was written before its turn, and nothing else was asked since.
    is_pressed: bool,
    beat: u16,
    /// Whether the last turn of a slow unit was a heartbeat.
    had_beat: bool,
    orders: BTreeMap<u64, UnderWay>,
    /// Until then the newest order should be carried out.
    follow_until_ms: u64,
    /// The turn of the newest order of each action that was taken: what was ordered before it may come
    /// after it.
    newest: Vec<(Action, u64)>,
    told: Option<Told>,
    reports: Vec<Report>,
    repeat_ms: u64,
    /// Whether this session with its unit has begun: pulses reset, the lock read back.
    pub(crate) greeted: bool,
    /// What the controller refused when it was last written: an output, or `None` for the heartbeat.
    refusals: BTreeMap<Option<Output>, String>,
    pub(crate) lock: LockWatch,
}

/// A heartbeat is written so long before the controller's watchdog ends at the latest.
const PRESS_MS: u64 = 150;
/// Signals that change without a change of state are told no more often than this.
const SIGNALS_EVERY_MS: u64 = 500;

impl Lane {
    pub(crate) fn new(config: LaneConfig, profile: Profile, repeat_ms: u64) -> Self {
        Self {
            plan: Plan::of(&profile),
            machine: Machine::new(Rules::of(&profile)),
            debounce: Debounce::of(&profile),
            health: DeviceHealth {
                device: config.device.clone(),
                state: LinkState::Starting,
                reason: String::new(),
                since: Timestamp::from_micros(0),
                readings: 0,
                dropped: 0,
                clock_offset_ms: None,
            },
            image: Image::new(),
            pulses: BTreeMap::new(),
            poll_at_ms: 0,
            beat_at_ms: 0,
            beaten_ms: 0,
            is_pressed: false,
            beat: 0,
            had_beat: false,
            orders: BTreeMap::new(),
            follow_until_ms: 0,
            newest: Vec::new(),
            told: None,
            reports: Vec::new(),
            repeat_ms,
            greeted: false,
            refusals: BTreeMap::new(),
            lock: LockWatch::default(),
            config,
            profile,
        }
    }

    /// When the next thing is due.
    pub(crate) fn due_ms(&self) -> u64 {
        if !self.greeted {
            return 0;
        }
        self.poll_at_ms.min(self.pulse_ms()).min(self.beat_ms())
    }

    /// When a pulse ends.
    pub(crate) fn pulse_ms(&self) -> u64 {
        self.pulses.values().copied().min().unwrap_or(u64::MAX)
    }

    /// When a heartbeat is due.
    fn beat_ms(&self) -> u64 {
        let beats = self.profile.heartbeat.is_some();
        if beats { self.beat_at_ms } else { u64::MAX }
    }

    /// Whether this turn of a slow unit is for its heartbeat: every second one, so that each turn is one question.
    pub(crate) fn turn_is_beat(&mut self, now_ms: u64) -> bool {
        let is_beat = self.beat_ms() <= now_ms && !(self.had_beat && self.poll_at_ms <= now_ms);
        self.had_beat = is_beat;
        is_beat
    }

    pub(crate) fn is_poll_due(&self, now_ms: u64) -> bool {
        self.poll_at_ms <= now_ms
    }

    /// Whether a poll is due; the next one is then planned.
    pub(crate) fn poll_due(&mut self, now_ms: u64) -> bool {
        let due = self.is_poll_due(now_ms);
        if due {
            self.poll_at_ms = now_ms + u64::from(self.profile.wire.poll_ms);
        }
        due
    }

    /// The write of the next heartbeat, when one is due.
    pub(crate) fn beat_due(&mut self, now_ms: u64) -> Option<Request<'static>> {
        let Heartbeat {
            register,
            interval_ms,
            write,
            ..
        } = self.profile.heartbeat.as_ref()?;
        if self.beat_at_ms > now_ms {
            return None;
        }
        self.beat_at_ms = now_ms + u64::from(*interval_ms);
        self.beaten_ms = now_ms;
        // Never 0, which is what a controller shows after power-up.
        self.beat = self.beat.checked_add(1).unwrap_or(1);
        let address = self.profile.address(*register);
        Some(command::register(address, self.beat, *write))
    }

    /// When a heartbeat must be written at the latest, whatever else is due, or the controller takes its safe state.
    pub(crate) fn press_ms(&self) -> u64 {
        let heartbeat = self.profile.heartbeat.as_ref();
        let watchdog = heartbeat.filter(|_| !self.is_pressed);
        watchdog.map_or(u64::MAX, |heartbeat| {
            let latest_ms = u64::from(heartbeat.timeout_ms).saturating_sub(PRESS_MS);
            self.beat_at_ms.max(self.beaten_ms + latest_ms)
        })
    }

    /// The write of a heartbeat before its turn.
    pub(crate) fn beat_pressed(&mut self, now_ms: u64) -> Option<Request<'static>> {
        self.beat_at_ms = self.beat_at_ms.min(now_ms);
        self.is_pressed = true;
        self.beat_due(now_ms)
    }

    /// Its unit is asked something else than a heartbeat.
    pub(crate) fn was_asked(&mut self) {
        self.is_pressed = false;
    }

    /// The heartbeat was not written: an emergency went before it.
    pub(crate) fn beat_was_put_off(&mut self) {
        self.beat_at_ms = 0;
        self.is_pressed = false;
    }

    /// The pulses that have lasted long enough.
    pub(crate) fn pulses_over(&mut self, now_ms: u64) -> Vec<Output> {
        let over: Vec<Output> = self
            .pulses
            .iter()
            .filter(|(_, until_ms)| **until_ms <= now_ms)
            .map(|(output, _)| *output)
            .collect();
        for output in &over {
            self.pulses.remove(output);
        }
        over
    }

    /// Whether a pulse is being given on the output.
    pub(crate) fn pulses_now(&self, output: Output) -> bool {
        self.pulses.contains_key(&output)
    }

    /// Starts a pulse; returns the contrary pulses that must be reset first.
    pub(crate) fn pulse(&mut self, now_ms: u64, output: Output) -> Vec<Output> {
        let others = self
            .pulses
            .keys()
            .copied()
            .filter(|other| *other != output)
            .collect();
        self.pulses.clear();
        self.pulses
            .insert(output, now_ms + u64::from(self.profile.barrier.pulse_ms));
        others
    }

    /// Takes the signals of a poll.
    pub(crate) fn see(&mut self, now_ms: u64, signals: &Signals) -> Vec<Task> {
        let settled = self.debounce.settle(now_ms, signals);
        self.machine.see(now_ms, settled)
    }

    /// The link is up; pulses that a cut left standing are reset by the session.
    pub(crate) fn linked(&mut self, now_ms: u64) -> Vec<Task> {
        self.pulses.clear();
        self.debounce.reset();
        self.poll_at_ms = 0;
        self.beat_at_ms = 0;
        self.told = None;
        self.machine.linked(now_ms)
    }

    /// Takes an order under way.
    pub(crate) fn take(&mut self, ticket: u64, command: Command, reply: oneshot::Sender<Outcome>) {
        self.orders.insert(ticket, UnderWay { command, reply });
    }

    /// An order is written from now on: a full travel and its margin may pass until it is carried out.
    pub(crate) fn follow(&mut self, now_ms: u64) {
        let barrier = &self.profile.barrier;
        let travel_ms = u64::from(barrier.travel_ms) + u64::from(barrier.margin_ms);
        self.follow_until_ms = now_ms.saturating_add(travel_ms);
    }

    /// Whether its inputs are looked at before all else, to see an order carried out.
    pub(crate) fn is_followed(&self, now_ms: u64) -> bool {
        !self.orders.is_empty() && now_ms < self.follow_until_ms
    }

    /// Notes an order that the machine was told of, unless it refused it.
    pub(crate) fn note_taken(&mut self, order: &Order, action: Action, tasks: &[Task]) {
        let refused = tasks.iter().any(|task| {
            matches!(task, Task::Finish { ticket, kind, .. }
                if *ticket == order.number && *kind == OutcomeKind::Refused)
        });
        if refused {
            return;
        }
        match self.newest.iter_mut().find(|(known, _)| *known == action) {
            Some((_, newest)) => *newest = order.turn.max(*newest),
            None => self.newest.push((action, order.turn)),
        }
    }

    /// Whether a newer order to the contrary was taken before this one came.
    pub(crate) fn is_overtaken(&self, turn: u64, action: Action) -> bool {
        self.newest
            .iter()
            .any(|(newer, newest)| *newest > turn && newer.ends(action))
    }

    /// Whether an order with this number is under way.
    pub(crate) fn carries(&self, ticket: u64) -> bool {
        self.orders.contains_key(&ticket)
    }

    /// Answers an order and tells of it. Returns what was answered.
    pub(crate) fn finish(
        &mut self,
        ticket: u64,
        kind: OutcomeKind,
        detail: &str,
        at: Timestamp,
    ) -> Option<Outcome> {
        let order = self.orders.remove(&ticket)?;
        let outcome = Outcome::new(kind, detail);
        let command = &order.command;
        self.lock.ended(command.action, command.id, kind);
        self.tell(
            at,
            &About::Command(Some(order.command.id), kind, detail.to_owned()),
            true,
            false,
        );
        // The asker may have gone; the report tells it all the same.
        let _ = order.reply.send(outcome.clone());
        Some(outcome)
    }

    /// Orders whose deadline has passed.
    pub(crate) fn overdue(&self) -> Vec<u64> {
        self.orders
            .iter()
            .filter(|(_, order)| !order.command.is_due())
            .map(|(ticket, _)| *ticket)
            .collect()
    }

    /// Every order under way.
    pub(crate) fn under_way(&self) -> impl Iterator<Item = u64> + '_ {
        self.orders.keys().copied()
    }

    /// Notes that the controller took a write, or with which words it refused it.
    pub(crate) fn wrote(&mut self, output: Option<Output>, refusal: Option<&str>) {
        match refusal {
            Some(text) => self.refusals.insert(output, text.to_owned()),
            None => self.refusals.remove(&output),
        };
    }

    /// The refusal that keeps the boom from being raised or held up.
    pub(crate) fn drive_refusal(&self) -> Option<&str> {
        [Output::Raise, Output::LockOpen]
            .iter()
            .find_map(|output| self.refusals.get(&Some(*output)))
            .map(String::as_str)
    }

    /// Why the lane stands as it does, and what its controller refuses; empty when all is well.
    pub(crate) fn reason(&self) -> String {
        let own = self.machine.reason();
        match self.refusals.values().next() {
            None => own.to_owned(),
            Some(refusal) if own.is_empty() => refusal.clone(),
            Some(refusal) => format!("{own}; {refusal}"),
        }
    }

    /// Orders that the machine no longer waits for, because a write failed before its end.
    pub(crate) fn forgotten(&self) -> Vec<u64> {
        self.orders
            .keys()
            .copied()
            .filter(|ticket| !self.machine.awaits(*ticket))
            .collect()
    }

    /// Tells of a vehicle, or of the state with the end of a command.
    pub(crate) fn tell(&mut self, at: Timestamp, about: &About, lossless: bool, initial: bool) {
        let reason = self.reason();
        let body = report::gate_status(&self.config, &self.machine, &reason, at, about);
        self.reports.push(Report {
            device: self.config.device.clone(),
            at,
            body,
            lossless,
            initial,
        });
    }

    /// Tells the state when it changed, or when it was not told for long.
    pub(crate) fn tell_changes(&mut self, now_ms: u64, at: Timestamp) {
        let told = self.told.as_ref();
        let reason = self.reason();
        let same_state =
            told.is_some_and(|told| told.state == self.machine.state() && told.reason == reason);
        let same_signals = told.is_some_and(|told| told.signals.as_ref() == self.machine.signals());
        let age_ms = told.map_or(0, |told| now_ms.saturating_sub(told.at_ms));
        // What was never told is no repetition: the link has told of itself when it came up.
        let repeat = told.is_some() && age_ms >= self.repeat_ms;
        if same_state && (same_signals || age_ms < SIGNALS_EVERY_MS) && !repeat {
            return;
        }
        let initial = told.is_none() || same_state && same_signals;
        self.tell(at, &About::State, false, initial);
        if repeat {
            self.tell_health(at, true);
        }
        self.told = Some(Told {
            state: self.machine.state(),
            reason,
            signals: self.machine.signals().cloned(),
            at_ms: now_ms,
        });
    }

    /// Takes over how the link stands and tells it when it changed.
    pub(crate) fn link_is(&mut self, state: LinkState, reason: &str, at: Timestamp) {
        if self.health.state == state && self.health.reason == reason {
            return;
        }
        if self.health.state != state {
            self.health.since = at;
        }
        self.health.state = state;
        reason.clone_into(&mut self.health.reason);
        self.tell_health(at, false);
    }

    /// How a linked device stands, from its signals.
    pub(crate) fn link_from_signals(&mut self, at: Timestamp) {
        let (state, reason) = match self.machine.signals() {
            None => (LinkState::Degraded, self.reason()),
            Some(signals) => match (self.machine.state(), signals) {
                (State::Fault | State::LocalControl, _) => (LinkState::Degraded, self.reason()),
                (_, signals) if signals.is_on(Input::PowerFail) => {
                    (LinkState::Degraded, "mains power has failed".to_owned())
                }
                (_, signals) if signals.is_on(Input::DoorOpen) => {
                    (LinkState::Degraded, "the cabinet's door is open".to_owned())
                }
                _ if !self.refusals.is_empty() => (LinkState::Degraded, self.reason()),
                _ => (LinkState::Online, String::new()),
            },
        };
        self.link_is(state, &reason, at);
    }

    fn tell_health(&mut self, at: Timestamp, initial: bool) {
        let body = report::device_status(&self.health, &self.profile, at);
        self.reports.push(Report {
            device: self.config.device.clone(),
            at,
            body,
            lossless: false,
            initial,
        });
    }

    /// The reports made since the last call.
    pub(crate) fn take_reports(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.reports)
    }
}
