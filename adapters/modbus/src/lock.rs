//! The lock as the controller holds it, read back from time to time.
//!
//! A write whose answer did not come may still be under way, through a gateway that is slow, and reach the
//! controller after a newer one that was answered. Closing the connection it was written to does not call it
//! back. So what was confirmed of the lock is looked at again, and the last order holds: what an
//! older write undid is done again, and told. A release is carried out when the lock was read as off.

use cordon_contract::{Clock, OutcomeKind};
use cordon_model::{MessageId, Timestamp};

use crate::bus::Bus;
use crate::command;
use crate::lane::Lane;
use crate::line::{Broken, Line, Manners};
use crate::profile::Output;
use crate::report::About;
use crate::state::{Action, LockNews, State, Task};

/// Between two looks at the lock.
const LOOK_MS: u64 = 1_000;

/// So many times as long as its answers take, and no longer than this, a slow unit is left alone between two looks.
const LOOK_TIMES: u64 = 10;
const LOOK_MS_MAX: u64 = 10_000;

/// An opening that is undone time and again is told of once in this time; in between it is counted. A release
/// is told each time: each is a boom that is lowered, and there are no more of them than writes without an answer.
const TOLD_EVERY_MS: u64 = 600_000;

/// What is given as a pulse and is off between two.
pub(crate) const PULSED: [Output; 3] = [Output::Raise, Output::Lower, Output::Stop];

/// Those of them that are read back time and again. A stop may be another hand's, and is left on.
const READ_BACK: [Output; 2] = [Output::Raise, Output::Lower];

/// What is known of the orders about a lane's lock.
#[derive(Debug, Default)]
pub(crate) struct LockWatch {
    look_at_ms: u64,
    /// Whether a slow unit was asked for its lock at the last look, and not for a pulse.
    had_lock: bool,
    /// Which of [`READ_BACK`] is looked at next.
    pulsed: usize,
    /// The opening that ended without a confirmation, as long as it is the last order.
    unconfirmed: Option<MessageId>,
    /// The release that was confirmed last.
    released: Option<MessageId>,
    /// When an opening that was undone was last told, and how often it was undone since.
    undone: Option<(u64, u32)>,
}

impl LockWatch {
    /// Whether the lock is to be looked at.
    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        self.look_at_ms <= now_ms
    }

    /// Notes how an order ended.
    pub(crate) fn ended(&mut self, action: Action, command: MessageId, kind: OutcomeKind) {
        match (action, kind) {
            (Action::LockOpen, OutcomeKind::Confirmed) => {
                self.unconfirmed = None;
                self.undone = None;
            }
            (Action::Release, OutcomeKind::Confirmed) => {
                self.unconfirmed = None;
                self.released = Some(command);
                self.undone = None;
            }
            (Action::LockOpen, _) => self.unconfirmed = Some(command),
            _ => {}
        }
    }

    /// What is to be told of an opening that was undone, if it is time to.
    fn words_of_opening(&mut self, now_ms: u64) -> Option<String> {
        let words = "the lock was off under an opening; it is locked once more";
        let words = match self.undone {
            Some((at_ms, times)) if now_ms < at_ms.saturating_add(TOLD_EVERY_MS) => {
                self.undone = Some((at_ms, times.saturating_add(1)));
                return None;
            }
            Some((_, times)) if times > 0 => format!("{words}; {times} times before this"),
            _ => words.to_owned(),
        };
        self.undone = Some((now_ms, 0));
        Some(words)
    }
}

impl Lane {
    /// Whether the lock is to be looked at; until a release is carried out, at each poll.
    pub(crate) fn lock_is_due(&self, now_ms: u64) -> bool {
        self.lock.is_due(now_ms) || self.machine.is_letting_go()
    }

    /// Tells what a look at the lock found: a release that was undone by its name, everything else by what holds
    /// the lane, for after a restart nobody here knows its order.
    fn tell_lock(&mut self, now_ms: u64, at: Timestamp, news: LockNews) {
        let (command, outcome, words) = match news {
            LockNews::ReleaseUndone => (
                self.lock.released,
                OutcomeKind::Failed,
                "the lock was on again after its release; it is released once more",
            ),
            LockNews::OpeningUndone => {
                if let Some(words) = self.lock.words_of_opening(now_ms) {
                    self.tell_of_lock(at, None, OutcomeKind::Failed, words);
                }
                return;
            }
            LockNews::Found => (
                None,
                OutcomeKind::Confirmed,
                "found held open without an order; release it if nobody needs it",
            ),
            LockNews::Stays => (
                None,
                OutcomeKind::Confirmed,
                "held open after its release: the lock stays on",
            ),
            LockNews::Over => (
                None,
                OutcomeKind::Expired,
                "the lock is off again without a release from here",
            ),
        };
        self.tell_of_lock(at, command, outcome, words.to_owned());
    }

    fn tell_of_lock(
        &mut self,
        at: Timestamp,
        command: Option<MessageId>,
        outcome: OutcomeKind,
        words: String,
    ) {
        tracing::warn!(device = %self.config.device, "{words}");
        self.tell(at, &About::Command(command, outcome, words), true, false);
    }

    /// Tells of an opening that is confirmed although it was given up before.
    pub(crate) fn confirm_late(&mut self, at: Timestamp) {
        if self.machine.is_lock_confirmed()
            && self.machine.state() == State::Open
            && let Some(command) = self.lock.unconfirmed.take()
        {
            let words = "the boom is up and held, after the order was given up".to_owned();
            let about = About::Command(Some(command), OutcomeKind::Confirmed, words);
            self.tell(at, &about, true, false);
        }
    }
}

impl Bus {
    /// A look at a slow unit, in the place of a poll: at its lock, the next time at a pulse.
    pub(crate) async fn look_seldom(
        &mut self,
        line: &mut Line<'_>,
        index: usize,
        clock: &dyn Clock,
    ) -> Result<(), Broken> {
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(());
        };
        lane.lock.had_lock = !lane.lock.had_lock;
        let is_lock = lane.lock.had_lock;
        match is_lock {
            true => self.look_at_lock(line, index, clock).await,
            false => {
                self.next_look(index);
                self.look_at_pulse(line, index, clock).await
            }
        }
    }

    /// Plans the next look at a lock.
    fn next_look(&mut self, index: usize) {
        let now_ms = self.now_ms();
        let Some(lane) = self.lanes.get_mut(index) else {
            return;
        };
        let unit = lane.config.unit;
        let cost_ms = match self.units.answers(unit) {
            true => self.units.cost_ms(unit),
            false => 0,
        };
        let wait_ms = cost_ms.saturating_mul(LOOK_TIMES);
        lane.lock.look_at_ms = now_ms.saturating_add(wait_ms.clamp(LOOK_MS, LOOK_MS_MAX));
    }

    /// Reads the lock, which outlives the hub that set it, and has the last order hold.
    pub(crate) async fn look_at_lock(
        &mut self,
        line: &mut Line<'_>,
        index: usize,
        clock: &dyn Clock,
    ) -> Result<(), Broken> {
        self.next_look(index);
        let Some(lane) = self.lanes.get(index) else {
            return Ok(());
        };
        let Some(request) = command::read_back(&lane.profile, Output::LockOpen) else {
            return Ok(());
        };
        let unit = lane.config.unit;
        let answer = self.call(line, unit, request, Manners::Yields).await?;
        let now_ms = self.now_ms();
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(());
        };
        let look = answer.ok();
        let look = look.and_then(|it| command::is_on(&lane.profile, Output::LockOpen, &it));
        let Some(is_on) = look else {
            let tasks = lane.machine.lock_unseen(now_ms);
            return self.carry_out(line, index, tasks, clock).await;
        };
        let (tasks, news) = lane.machine.lock_seen(now_ms, is_on);
        if let Some(news) = news {
            lane.tell_lock(now_ms, clock.now(), news);
        }
        // Before anything further is written: what is told stays in the order in which it was.
        self.publish();
        self.carry_out(line, index, tasks, clock).await
    }

    /// Reads one of the outputs that are given as pulses, another each time, so that it costs one call: one
    /// that is on without a pulse was set by a write that came after its own end.
    pub(crate) async fn look_at_pulse(
        &mut self,
        line: &mut Line<'_>,
        index: usize,
        clock: &dyn Clock,
    ) -> Result<(), Broken> {
        let Some(lane) = self.lanes.get_mut(index) else {
            return Ok(());
        };
        lane.lock.pulsed = (lane.lock.pulsed + 1) % READ_BACK.len();
        let Some(output) = READ_BACK.get(lane.lock.pulsed).copied() else {
            return Ok(());
        };
        let Some(request) = command::read_back(&lane.profile, output) else {
            return Ok(());
        };
        if lane.pulses_now(output) {
            return Ok(());
        }
        let unit = lane.config.unit;
        let Ok(answer) = self.call(line, unit, request, Manners::Yields).await? else {
            return Ok(());
        };
        let Some(lane) = self.lanes.get(index) else {
            return Ok(());
        };
        if command::is_on(&lane.profile, output, &answer) != Some(true) {
            return Ok(());
        }
        tracing::warn!(device = %lane.config.device, ?output, "found on without an order; it is reset");
        let reset = vec![Task::Set(output, false)];
        self.carry_out(line, index, reset, clock).await
    }
}
