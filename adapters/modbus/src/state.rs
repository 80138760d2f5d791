//! The barrier's state machine. Pure: signals and orders in, tasks out, time as a number.
//!
//! The rules it keeps, whoever orders what:
//! - a barrier is open when its up limit says so, never because a command was accepted;
//! - it is never told to lower while something is under it or while that is unknown;
//! - while the inputs are unknown nothing is lowered, and an order that was under way is over;
//! - a travel that takes too long, both limits at once, an emergency stop or a lost boom is a fault.
//!
//! It is not a safety device: the controller in the cabinet is, and keeps its own interlocks.

use cordon_contract::OutcomeKind;

use crate::decode::Signals;
use crate::passage::{Passage, Sighting};
use crate::profile::{Input, Output, Profile};

/// Orders that may wait for the same barrier at a time; further ones are refused.
pub const WAITING_MAX: usize = 16;

/// How the barrier stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// The inputs are not known, or say nothing.
    Unknown,
    /// At the lower limit.
    Closed,
    /// On its way up.
    Opening,
    /// At the upper limit.
    Open,
    /// On its way down.
    Closing,
    /// Lowering is due, but something is under the boom.
    Blocked,
    /// The inputs contradict each other, or a travel took too long.
    Fault,
    /// Worked by hand at the cabinet.
    LocalControl,
}

/// What an order wants.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// Raise for one passage.
    Open,
    /// Lower.
    Close,
    /// Stop where it is.
    Stop,
    /// Raise and stay up.
    LockOpen,
    /// End of `LockOpen`.
    Release,
}

/// What the machine wants done, in order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Task {
    /// Switch an output on and, after the pulse time, off again.
    Pulse(Output),
    /// Switch an output and leave it so.
    Set(Output, bool),
    /// Answer an order.
    Finish {
        /// Which order.
        ticket: u64,
        /// What came of it.
        kind: OutcomeKind,
        /// In words.
        detail: String,
    },
    /// Tell what the loops saw.
    Seen(Sighting),
}

/// What the machine needs to know of the lane.
#[derive(Clone, Debug)]
pub struct Rules {
    travel_max_ms: u64,
    hold_ms: u64,
    clear_ms: u64,
    auto_close: bool,
    siren_with_lock_open: bool,
    outputs: Vec<Output>,
}

impl Rules {
    /// The rules of a profile.
    pub fn of(profile: &Profile) -> Self {
        let barrier = &profile.barrier;
        Self {
            travel_max_ms: u64::from(barrier.travel_ms) + u64::from(barrier.margin_ms),
            hold_ms: u64::from(barrier.hold_ms),
            clear_ms: u64::from(barrier.clear_ms),
            auto_close: barrier.auto_close,
            siren_with_lock_open: barrier.siren_with_lock_open,
            outputs: profile.outputs.named().map(|(output, _)| output).collect(),
        }
    }

    fn has(&self, output: Output) -> bool {
        self.outputs.contains(&output)
    }
}

/// A travel that the machine itself started.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Drive {
    Still,
    Up { since_ms: u64 },
    Down { since_ms: u64 },
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    ticket: u64,
    action: Action,
}

/// The state machine of one barrier.
#[derive(Debug)]
pub struct Machine {
    rules: Rules,
    state: State,
    reason: String,
    signals: Option<Signals>,
    drive: Drive,
    /// A travel that took too long; stays until a travel arrives.
    travel_fault: Option<&'static str>,
    /// Since when the boom stands between the limits without an order.
    between_since_ms: Option<u64>,
    stopped: bool,
    waiting: Vec<Waiting>,
    /// Lowering is wanted from this moment on.
    lower_after_ms: Option<u64>,
    /// Since when nothing is under the boom.
    clear_since_ms: Option<u64>,
    blocked: bool,
    locked_open: bool,
    lock_confirmed: bool,
    lock_retry_ms: u64,
    green: Option<bool>,
    passage: Passage,
}

impl Machine {
    /// A machine that knows nothing yet.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            state: State::Unknown,
            reason: "not read yet".to_owned(),
            signals: None,
            drive: Drive::Still,
            travel_fault: None,
            between_since_ms: None,
            stopped: false,
            waiting: Vec::new(),
            lower_after_ms: None,
            clear_since_ms: None,
            blocked: false,
            locked_open: false,
            lock_confirmed: false,
            lock_retry_ms: 0,
            green: None,
            passage: Passage::default(),
        }
    }

    /// How the barrier stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Why, in words; empty when there is nothing to say.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The signals it was concluded from; `None` while they are unknown.
    pub fn signals(&self) -> Option<&Signals> {
        self.signals.as_ref()
    }

    /// Whether the green lamp shows; `None` before it was set.
    pub fn green(&self) -> Option<bool> {
        self.green
    }

    /// Whether an order waits for its end.
    pub fn awaits(&self, ticket: u64) -> bool {
        self.waiting.iter().any(|waiting| waiting.ticket == ticket)
    }

    /// Whether an emergency opening is under way or in force.
    pub fn is_locked_open(&self) -> bool {
        self.locked_open
    }

    /// The link is up again: outputs that must stand are set anew; nothing else is repeated.
    pub fn linked(&mut self) -> Vec<Task> {
        self.green = None;
        let mut tasks = Vec::new();
        if self.holds_lock() {
            self.lock_retry_ms = 0;
            self.set(Output::LockOpen, true, &mut tasks);
        }
        tasks
    }

    /// The signals are unknown: the link is cut, or the device answers with an exception.
    pub fn lose(&mut self, reason: &str) -> Vec<Task> {
        self.signals = None;
        self.passage.lose();
        self.drive = Drive::Still;
        self.between_since_ms = None;
        self.lower_after_ms = None;
        self.clear_since_ms = None;
        self.blocked = false;
        self.stopped = false;
        self.become_state(State::Unknown, reason);
        let mut tasks = Vec::new();
        let text = format!("{reason} before it was confirmed; it is not replayed");
        self.finish(
            |action| action != Action::LockOpen,
            OutcomeKind::Expired,
            &text,
            &mut tasks,
        );
        tasks
    }

    /// The controller answered a write with an exception. An emergency opening is tried again.
    pub fn refused(&mut self, text: &str) -> Vec<Task> {
        self.drive = Drive::Still;
        let mut tasks = Vec::new();
        self.finish(
            |action| action != Action::LockOpen,
            OutcomeKind::Refused,
            text,
            &mut tasks,
        );
        tasks
    }

    /// The deadline of an order has passed. A lock that was asked for is not written again, but
    /// nothing is lowered under it until RELEASE.
    pub fn expire(&mut self, ticket: u64) -> Vec<Task> {
        let mut tasks = Vec::new();
        let place = self
            .waiting
            .iter()
            .position(|waiting| waiting.ticket == ticket);
        if let Some(place) = place {
            self.waiting.remove(place);
            tasks.push(Task::Finish {
                ticket,
                kind: OutcomeKind::Expired,
                detail: format!(
                    "not confirmed before its deadline; barrier {}",
                    self.words()
                ),
            });
        }
        tasks
    }

    /// Takes the signals of a poll.
    pub fn see(&mut self, now_ms: u64, signals: Signals) -> Vec<Task> {
        let mut tasks = Vec::new();
        self.follow(now_ms, &signals, &mut tasks);
        if signals.obstructed() {
            self.clear_since_ms = None;
        } else if self.clear_since_ms.is_none() {
            self.clear_since_ms = Some(now_ms);
        }
        self.signals = Some(signals.clone());
        self.assess(now_ms, &signals, &mut tasks);
        self.keep_locked_open(now_ms, &signals, &mut tasks);
        self.lower_when_due(now_ms, &signals, &mut tasks);
        self.lamps(&mut tasks);
        tasks
    }

    /// Takes an order. Its end comes as [`Task::Finish`], now or later. The caller has polled the
    /// signals just before.
    pub fn order(&mut self, now_ms: u64, action: Action, ticket: u64) -> Vec<Task> {
        let mut tasks = Vec::new();
        let refusal = if self.waiting.len() >= WAITING_MAX {
            Some("too many orders wait for this barrier")
        } else {
            self.refusal(action)
        };
        if let Some(text) = refusal {
            tasks.push(Task::Finish {
                ticket,
                kind: OutcomeKind::Refused,
                detail: text.to_owned(),
            });
            return tasks;
        }
        self.supersede(action, &mut tasks);
        match action {
            Action::Open => self.open(now_ms, &mut tasks),
            Action::Close => self.close(now_ms, &mut tasks),
            Action::LockOpen => self.lock_open(now_ms, &mut tasks),
            Action::Stop | Action::Release => {
                let end = self.stop_or_release(now_ms, action, &mut tasks);
                tasks.push(Task::Finish {
                    ticket,
                    kind: end.0,
                    detail: end.1.to_owned(),
                });
                return tasks;
            }
        }
        self.waiting.push(Waiting { ticket, action });
        tasks
    }

    /// Why an order is not taken; `None` when it is.
    fn refusal(&self, action: Action) -> Option<&'static str> {
        let output = match action {
            Action::Open | Action::LockOpen => Output::Raise,
            Action::Close => Output::Lower,
            Action::Stop => Output::Stop,
            Action::Release => return None,
        };
        if !self.rules.has(output) {
            return Some("the profile names no output for this action");
        }
        if action == Action::LockOpen {
            // An emergency opening is tried whatever the inputs say.
            return None;
        }
        let Some(signals) = &self.signals else {
            return Some("the inputs are unknown");
        };
        if signals.is_on(Input::Local) {
            return Some("the switch in the cabinet stands on local");
        }
        if self.locked_open && action != Action::Open {
            return Some("locked open; RELEASE first");
        }
        if action == Action::Stop {
            return None;
        }
        hard_fault(signals).or_else(|| {
            let held = action == Action::Close && signals.obstructed();
            held.then(|| obstruction(signals))
        })
    }

    /// Ends the orders that a new one contradicts.
    fn supersede(&mut self, action: Action, tasks: &mut Vec<Task>) {
        let ends: fn(Action) -> bool = match action {
            Action::Open => |old| old == Action::Close,
            Action::LockOpen => |old| old == Action::Close,
            Action::Close => |old| old == Action::Open,
            Action::Stop => |old| old != Action::LockOpen,
            Action::Release => |old| old == Action::LockOpen,
        };
        self.finish(
            ends,
            OutcomeKind::Failed,
            "superseded by a newer order",
            tasks,
        );
    }

    fn open(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        self.stopped = false;
        self.blocked = false;
        if self.is_up() && !matches!(self.drive, Drive::Down { .. }) {
            self.lower_after_ms = self.hold_until(now_ms);
        } else {
            self.lower_after_ms = None;
            self.raise(now_ms, tasks);
        }
    }

    fn close(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        self.stopped = false;
        let down = self
            .signals
            .as_ref()
            .is_some_and(|signals| signals.is_on(Input::DownLimit));
        if !down || matches!(self.drive, Drive::Up { .. }) {
            self.lower(now_ms, tasks);
        }
    }

    fn lock_open(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        self.locked_open = true;
        self.lower_after_ms = None;
        self.blocked = false;
        self.stopped = false;
        self.set(Output::LockOpen, true, tasks);
        if self.rules.siren_with_lock_open {
            self.set(Output::Siren, true, tasks);
        }
        self.lock_retry_ms = now_ms + self.rules.travel_max_ms;
        if !self.is_up() {
            self.raise(now_ms, tasks);
        }
    }

    fn stop_or_release(
        &mut self,
        now_ms: u64,
        action: Action,
        tasks: &mut Vec<Task>,
    ) -> (OutcomeKind, &'static str) {
        if action == Action::Stop {
            self.drive = Drive::Still;
            self.stopped = true;
            self.lower_after_ms = None;
            self.blocked = false;
            tasks.push(Task::Pulse(Output::Stop));
            return (OutcomeKind::Accepted, "the controller took the stop pulse");
        }
        let was_locked = self.locked_open;
        self.locked_open = false;
        self.lock_confirmed = false;
        self.set(Output::LockOpen, false, tasks);
        if self.rules.siren_with_lock_open {
            self.set(Output::Siren, false, tasks);
        }
        if was_locked && self.rules.auto_close {
            self.lower_after_ms = Some(now_ms);
        }
        (
            OutcomeKind::Confirmed,
            "the lock is off; the controller acknowledged it",
        )
    }

    fn raise(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        if !matches!(self.drive, Drive::Up { .. }) {
            self.drive = Drive::Up { since_ms: now_ms };
            tasks.push(Task::Pulse(Output::Raise));
        }
    }

    /// The only place that tells a barrier to lower.
    fn lower(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        let clear = self
            .signals
            .as_ref()
            .is_some_and(|signals| !signals.obstructed());
        if clear && !self.locked_open && self.rules.has(Output::Lower) {
            self.drive = Drive::Down { since_ms: now_ms };
            tasks.push(Task::Pulse(Output::Lower));
        }
    }

    fn set(&self, output: Output, on: bool, tasks: &mut Vec<Task>) {
        if self.rules.has(output) {
            tasks.push(Task::Set(output, on));
        }
    }

    fn hold_until(&self, now_ms: u64) -> Option<u64> {
        (self.rules.auto_close && !self.locked_open).then(|| now_ms + self.rules.hold_ms)
    }

    fn is_up(&self) -> bool {
        self.signals.as_ref().is_some_and(|signals| {
            signals.is_on(Input::UpLimit) && !signals.is_on(Input::DownLimit)
        })
    }

    fn holds_lock(&self) -> bool {
        let asked = self
            .waiting
            .iter()
            .any(|waiting| waiting.action == Action::LockOpen);
        self.locked_open && (asked || self.lock_confirmed)
    }

    fn follow(&mut self, now_ms: u64, signals: &Signals, tasks: &mut Vec<Task>) {
        let under = signals
            .get(Input::SafetyLoop)
            .or(signals.get(Input::Photocell))
            .unwrap_or(false);
        for sighting in self.passage.see(signals.get(Input::ApproachLoop), under) {
            let gone = matches!(sighting, Sighting::Passed(_) | Sighting::BackedOut(_));
            if gone && self.lower_after_ms.is_some() {
                self.lower_after_ms = Some(now_ms);
            }
            tasks.push(Task::Seen(sighting));
        }
    }

    fn assess(&mut self, now_ms: u64, signals: &Signals, tasks: &mut Vec<Task>) {
        if signals.is_on(Input::Local) {
            let text = "the switch in the cabinet stands on local";
            self.give_up(text, tasks);
            self.become_state(State::LocalControl, text);
            return;
        }
        if let Some(text) = hard_fault(signals) {
            self.give_up(text, tasks);
            self.become_state(State::Fault, text);
            return;
        }
        let reversed = matches!(self.drive, Drive::Down { .. })
            && signals.obstructed()
            && !signals.is_on(Input::DownLimit);
        if reversed {
            self.reverse(now_ms, signals, tasks);
        }
        match (
            signals.is_on(Input::UpLimit),
            signals.is_on(Input::DownLimit),
        ) {
            (true, _) => self.at_up_limit(now_ms, tasks),
            (_, true) => self.at_down_limit(now_ms, tasks),
            _ => self.between_limits(now_ms, tasks),
        }
        if self.blocked && signals.obstructed() && self.state != State::Fault {
            self.become_state(State::Blocked, obstruction(signals));
        }
    }

    /// A hard fault or local control: what was under way is over.
    fn give_up(&mut self, text: &str, tasks: &mut Vec<Task>) {
        self.drive = Drive::Still;
        self.lower_after_ms = None;
        self.between_since_ms = None;
        self.blocked = false;
        self.finish(
            |action| action != Action::LockOpen,
            OutcomeKind::Failed,
            text,
            tasks,
        );
    }

    fn reverse(&mut self, now_ms: u64, signals: &Signals, tasks: &mut Vec<Task>) {
        self.raise(now_ms, tasks);
        self.blocked = true;
        self.lower_after_ms = self.rules.auto_close.then_some(now_ms);
        let text = format!("reversed: {}", obstruction(signals));
        self.finish(
            |action| action == Action::Close,
            OutcomeKind::Failed,
            &text,
            tasks,
        );
    }

    fn at_up_limit(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        self.between_since_ms = None;
        self.stopped = false;
        match self.drive {
            Drive::Up { .. } => {
                self.drive = Drive::Still;
                self.travel_fault = None;
                if self.lower_after_ms.is_none() {
                    self.lower_after_ms = self.hold_until(now_ms);
                }
            }
            Drive::Down { since_ms }
                if now_ms.saturating_sub(since_ms) > self.rules.travel_max_ms =>
            {
                self.travel_failed("did not leave the upper limit in time", tasks);
                self.lower_after_ms = self.hold_until(now_ms);
            }
            Drive::Down { .. } => {
                self.become_state(State::Closing, "");
                return;
            }
            Drive::Still => {}
        }
        if self.drive == Drive::Still {
            if self.locked_open {
                self.lock_confirmed = true;
            }
            let opened = |action| matches!(action, Action::Open | Action::LockOpen);
            self.finish(opened, OutcomeKind::Confirmed, "the up limit is on", tasks);
        }
        self.rest(State::Open);
    }

    fn at_down_limit(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        self.between_since_ms = None;
        self.stopped = false;
        match self.drive {
            Drive::Down { .. } => {
                self.drive = Drive::Still;
                self.travel_fault = None;
            }
            Drive::Up { since_ms }
                if now_ms.saturating_sub(since_ms) > self.rules.travel_max_ms =>
            {
                self.travel_failed("did not leave the lower limit in time", tasks);
            }
            Drive::Up { .. } => {
                self.become_state(State::Opening, "");
                return;
            }
            Drive::Still => {}
        }
        self.lower_after_ms = None;
        self.blocked = false;
        self.finish(
            |action| action == Action::Close,
            OutcomeKind::Confirmed,
            "the down limit is on",
            tasks,
        );
        self.rest(State::Closed);
    }

    fn between_limits(&mut self, now_ms: u64, tasks: &mut Vec<Task>) {
        let over = |since_ms: u64| now_ms.saturating_sub(since_ms) > self.rules.travel_max_ms;
        match self.drive {
            Drive::Up { since_ms } if over(since_ms) => {
                self.travel_failed("did not reach the upper limit in time", tasks)
            }
            Drive::Down { since_ms } if over(since_ms) => {
                self.travel_failed("did not reach the lower limit in time", tasks)
            }
            Drive::Up { .. } => return self.become_state(State::Opening, ""),
            Drive::Down { .. } => return self.become_state(State::Closing, ""),
            Drive::Still => {}
        }
        if self.travel_fault.is_some() {
            return self.rest(State::Unknown);
        }
        if self.stopped {
            return self.become_state(State::Unknown, "stopped between the limits");
        }
        // Nobody here ordered it: the controller or a hand moves the boom.
        let since_ms = *self.between_since_ms.get_or_insert(now_ms);
        if now_ms.saturating_sub(since_ms) > self.rules.travel_max_ms {
            return self.become_state(State::Fault, "stands between the limits");
        }
        match self.state {
            State::Closed | State::Opening => {
                self.become_state(State::Opening, "moved without an order")
            }
            State::Open | State::Closing => {
                self.become_state(State::Closing, "moved without an order")
            }
            _ => self.become_state(State::Unknown, "between the limits"),
        }
    }

    fn travel_failed(&mut self, text: &'static str, tasks: &mut Vec<Task>) {
        self.drive = Drive::Still;
        self.travel_fault = Some(text);
        self.finish(
            |action| action != Action::LockOpen,
            OutcomeKind::Failed,
            text,
            tasks,
        );
    }

    /// At rest: the fault of the last travel outlives the limit it stands at.
    fn rest(&mut self, state: State) {
        match self.travel_fault {
            Some(text) => self.become_state(State::Fault, text),
            None => self.become_state(state, ""),
        }
    }

    fn keep_locked_open(&mut self, now_ms: u64, signals: &Signals, tasks: &mut Vec<Task>) {
        let open = signals.is_on(Input::UpLimit) && !signals.is_on(Input::DownLimit);
        if open || !self.holds_lock() || now_ms < self.lock_retry_ms {
            return;
        }
        self.lock_retry_ms = now_ms + self.rules.travel_max_ms;
        self.set(Output::LockOpen, true, tasks);
        self.drive = Drive::Still;
        self.raise(now_ms, tasks);
    }

    fn lower_when_due(&mut self, now_ms: u64, signals: &Signals, tasks: &mut Vec<Task>) {
        let due = self
            .lower_after_ms
            .is_some_and(|after_ms| after_ms <= now_ms);
        let ready = matches!(self.state, State::Open | State::Blocked | State::Fault)
            && self.drive == Drive::Still
            && self.is_up()
            && hard_fault(signals).is_none();
        if !due || !ready || self.locked_open {
            return;
        }
        if signals.obstructed() {
            self.blocked = true;
            if self.state == State::Open {
                self.become_state(State::Blocked, obstruction(signals));
            }
            return;
        }
        let clear_ms = self
            .clear_since_ms
            .map_or(0, |since_ms| now_ms.saturating_sub(since_ms));
        if clear_ms >= self.rules.clear_ms {
            self.blocked = false;
            self.lower(now_ms, tasks);
            if matches!(self.drive, Drive::Down { .. }) {
                self.become_state(State::Closing, "");
            }
        }
    }

    fn lamps(&mut self, tasks: &mut Vec<Task>) {
        let green = self.state == State::Open;
        if self.green != Some(green) {
            self.green = Some(green);
            self.set(Output::LampRed, !green, tasks);
            self.set(Output::LampGreen, green, tasks);
        }
    }

    fn finish(
        &mut self,
        which: impl Fn(Action) -> bool,
        kind: OutcomeKind,
        detail: &str,
        tasks: &mut Vec<Task>,
    ) {
        self.waiting.retain(|waiting| {
            let ends = which(waiting.action);
            if ends {
                tasks.push(Task::Finish {
                    ticket: waiting.ticket,
                    kind,
                    detail: detail.to_owned(),
                });
            }
            !ends
        });
    }

    fn become_state(&mut self, state: State, reason: &str) {
        self.state = state;
        if self.reason != reason {
            reason.clone_into(&mut self.reason);
        }
    }

    fn words(&self) -> String {
        if self.reason.is_empty() {
            format!("{:?}", self.state)
        } else {
            format!("{:?} ({})", self.state, self.reason)
        }
    }
}

/// Conditions under which nothing is driven, except to open in an emergency.
fn hard_fault(signals: &Signals) -> Option<&'static str> {
    if signals.is_on(Input::UpLimit) && signals.is_on(Input::DownLimit) {
        Some("both limits are on: wiring fault")
    } else if signals.is_on(Input::EmergencyStop) {
        Some("the emergency stop is pressed")
    } else if signals.is_on(Input::BoomOff) {
        Some("the boom is off its arm")
    } else if signals.is_on(Input::DriveFault) {
        Some("the drive reports a fault")
    } else {
        None
    }
}

/// What is under the boom, in words.
fn obstruction(signals: &Signals) -> &'static str {
    match (
        signals.is_on(Input::Photocell),
        signals.is_on(Input::SafetyLoop),
    ) {
        (true, true) => "photocell and safety loop are on",
        (true, false) => "the photocell is on",
        _ => "the safety loop is on",
    }
}
