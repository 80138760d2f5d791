//! The barrier's state machine. Pure: signals and orders in, tasks out, time as a number.
//!
//! The rules it keeps, whoever orders what:
//! - a barrier is open when its up limit says so, never because a command was accepted;
//! - it is never told to lower while something is under it or while that is unknown;
//! - while the inputs are unknown nothing is lowered, and an order that was under way is over;
//! - a travel that takes too long, both limits at once, an emergency stop or a lost boom is a fault.
//!
//! It is not a safety device: the controller in the cabinet is, and keeps its own interlocks.
//!
//! Here are the machine and the moments at which it is told something. `orders.rs` holds what an
//! order sets going and how it ends, `unlinked.rs` what waits for its controller, `travel.rs` what the limits say, `faults.rs` what stops
//! everything, `relock.rs` what is ordered of the lock, `seen.rs` how it looks, `late.rs` what an opening that is over may still do, `drive.rs` what is switched.

use cordon_contract::OutcomeKind;

use crate::decode::Signals;
use crate::passage::{Passage, Sighting};
use crate::profile::{Input, Output, Profile};

mod drive;
mod faults;
mod late;
mod orders;
mod relock;
mod seen;
mod travel;
mod unlinked;

use drive::Drive;
use late::Late;
use orders::Waiting;
pub(crate) use orders::{NOTHING_SENT, SUPERSEDED};
pub use relock::LockNews;
use relock::Relock;

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

impl Action {
    /// Whether this, ordered later, ends an older order: the last act holds.
    pub fn ends(self, older: Self) -> bool {
        match self {
            Self::Open => older == Self::Close,
            Self::Close => matches!(older, Self::Open | Self::LockOpen),
            Self::Stop => matches!(older, Self::Open | Self::Close | Self::LockOpen),
            Self::LockOpen => matches!(older, Self::Close | Self::Stop | Self::Release),
            Self::Release => older == Self::LockOpen,
        }
    }
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
    /// An emergency opening of ours is under way or in force, until its release. Only this is ever written.
    locked_open: bool,
    lock_confirmed: bool,
    lock_retry_ms: u64,
    relock: Relock,
    /// An order wants the boom up; without one the lamp is red wherever the boom stands.
    in_force: bool,
    late: Late,
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
            relock: Relock::default(),
            in_force: false,
            late: Late::No,
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

    /// The link is up again: outputs that must stand are set anew; nothing else is repeated. An
    /// emergency opening that is still asked for does not wait for the first look at the inputs.
    pub fn linked(&mut self, now_ms: u64) -> Vec<Task> {
        self.green = None;
        let mut tasks = Vec::new();
        if self.holds_lock() {
            self.set(Output::LockOpen, true, &mut tasks);
            self.lock_retry_ms = 0;
            self.mark_sent(Action::LockOpen);
            if !self.lock_confirmed {
                self.lock_retry_ms = now_ms + self.rules.travel_max_ms;
                self.drive = Drive::Still;
                self.raise(now_ms, &mut tasks);
            }
        }
        tasks
    }

    /// Whether an emergency opening waits for the up limit.
    pub fn awaits_lock(&self) -> bool {
        self.waiting
            .iter()
            .any(|waiting| waiting.action == Action::LockOpen)
    }

    /// Whether an emergency opening must be written, or kept up, as soon as the unit answers.
    pub fn holds_lock(&self) -> bool {
        let wanted = self.awaits_lock() || self.lock_confirmed && !self.awaits_release();
        self.locked_open && wanted
    }

    /// The signals are unknown: the link is cut, or the device answers with an exception.
    pub fn lose(&mut self, reason: &str) -> Vec<Task> {
        let ends_release = self.lock_lost();
        self.opening_is_over();
        self.in_force = self.locked_open;
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
            |action| match action {
                Action::LockOpen => false,
                Action::Release => ends_release,
                _ => true,
            },
            OutcomeKind::Expired,
            &text,
            &mut tasks,
        );
        tasks
    }

    /// The controller answered a write with an exception. A release ends with its own write alone. An
    /// emergency opening is tried again, unless `for_good` says that the controller will never raise the boom when told so.
    pub fn refused(&mut self, text: &str, for_good: bool) -> Vec<Task> {
        self.opening_is_over();
        self.drive = Drive::Still;
        let ends_release = self.relock.take_kept();
        let mut tasks = Vec::new();
        self.finish(
            |action| match action {
                Action::LockOpen => for_good,
                Action::Release => ends_release,
                _ => true,
            },
            OutcomeKind::Refused,
            text,
            &mut tasks,
        );
        tasks
    }

    /// Takes the signals of a poll.
    pub fn see(&mut self, now_ms: u64, signals: Signals) -> Vec<Task> {
        let mut tasks = Vec::new();
        self.watch_late(now_ms);
        self.follow(now_ms, &signals, &mut tasks);
        if signals.obstructed() {
            self.clear_since_ms = None;
        } else if self.clear_since_ms.is_none() {
            self.clear_since_ms = Some(now_ms);
        }
        self.signals = Some(signals.clone());
        let releases = self.release_as_ordered(now_ms, &mut tasks);
        self.assess(now_ms, &signals, &mut tasks);
        self.keep_locked_open(now_ms, &signals, &mut tasks);
        // Nothing is lowered in one batch with the release: its write may be refused.
        if !releases {
            self.lower_when_due(now_ms, &signals, &mut tasks);
        }
        self.lamps(&mut tasks);
        tasks
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
