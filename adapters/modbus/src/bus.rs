//! One bus and everything on it: its lanes, the units they are behind, the orders under way, and
//! how each of them ends.
//!
//! What is here needs no connection: an order is looked at before a device is touched for it, and
//! whatever is under way ends when its deadline passes, when its unit falls silent, when the link is
//! lost or when the hub stops.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{LinkState, Order, Outcome, OutcomeKind};
use cordon_model::Timestamp;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::adapter::Board;
use crate::closing::Closings;
use crate::command::Command;
use crate::inbox::{Ask, Inbox};
use crate::lane::Lane;
use crate::line::Silence;
use crate::outbox::Outbox;
use crate::probe::probe;
use crate::state::{Action, NOTHING_SENT, SUPERSEDED, Task};
use crate::units::{MISSES_OFFLINE, Miss, Units};

/// What is answered when a newer order to the contrary was there first.
pub(crate) fn overtaken() -> Outcome {
    Outcome::new(OutcomeKind::Failed, format!("{SUPERSEDED}{NOTHING_SENT}"))
}

/// Outcomes remembered, to answer a repeated order with its first outcome.
const REMEMBERED: usize = 256;

/// An emergency opening that is being carried out.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) unit: u8,
    /// Its first write was answered.
    pub(crate) is_written: bool,
}

/// One bus and everything on it.
pub(crate) struct Bus {
    pub(crate) address: String,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) units: Units,
    pub(crate) closings: Closings,
    /// One goes before another, so the innermost comes last.
    pub(crate) openings: Vec<Opening>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) board: Arc<Board>,
    recent: VecDeque<(u64, Outcome)>,
    epoch: u64,
    pub(crate) started: Instant,
}

impl Bus {
    pub(crate) fn new(
        address: String,
        lanes: Vec<Lane>,
        outbox: Arc<Outbox>,
        board: Arc<Board>,
    ) -> Self {
        Self {
            address,
            lanes,
            units: Units::default(),
            closings: Closings::default(),
            openings: Vec::new(),
            outbox,
            board,
            recent: VecDeque::new(),
            epoch: 0,
            started: Instant::now(),
        }
    }

    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.longest_timeout(|_| true)
    }

    fn longest_timeout(&self, which: impl Fn(&Lane) -> bool) -> Duration {
        let lanes = self.lanes.iter().filter(|lane| which(lane));
        let longest = lanes.map(|lane| lane.profile.wire.timeout_ms).max();
        Duration::from_millis(u64::from(longest.unwrap_or(1_000)))
    }

    /// How long an answer of the unit is waited for. A silent one may not cost the others the
    /// heartbeats that keep their watchdogs quiet, nor may one that was never heard.
    pub(crate) fn patience(&self, unit: u8) -> Duration {
        let own = self.longest_timeout(|lane| lane.config.unit == unit);
        if self.units.answers(unit) {
            return own;
        }
        let watchdogs = self
            .lanes
            .iter()
            .filter(|lane| self.units.answers(lane.config.unit))
            .filter_map(|lane| lane.profile.heartbeat.as_ref())
            .map(|heartbeat| Duration::from_millis(u64::from(heartbeat.timeout_ms / 2)));
        watchdogs.min().map_or(own, |half| half.min(own))
    }

    /// Whether an emergency opening waits for a barrier, of one unit or of any.
    pub(crate) fn awaits_lock(&self, unit: Option<u8>) -> bool {
        self.lanes
            .iter()
            .filter(|lane| unit.is_none_or(|unit| unit == lane.config.unit))
            .any(|lane| lane.machine.awaits_lock())
    }

    /// The link is down, or the unit silent or not looked at again yet: everything is refused except an
    /// emergency opening and its release, which wait until their deadline. The last of them holds.
    pub(crate) fn answer_offline(&mut self, ask: Ask, now: Timestamp) {
        let (order, command, unit, reply) = match ask {
            Ask::Order {
                order,
                command,
                unit,
                reply,
            } => (order, command, unit, reply),
            Ask::Probe { reply } => {
                let probes = self
                    .lanes
                    .iter()
                    .map(|lane| probe(lane, Err(lane.health.reason.clone())));
                let _ = reply.send(probes.collect());
                return;
            }
        };
        let Some((index, reply)) = self.admit(&order, &command, reply) else {
            return;
        };
        let Some(lane) = self.lanes.get_mut(index) else {
            return;
        };
        lane.take(order.number, command, reply);
        if command.action == Action::LockOpen {
            self.units.hurry(unit);
        }
        let why = match self.units.is_silent(unit) {
            true => "the unit does not answer; nothing was sent",
            false => "the link is down; nothing was sent",
        };
        let tasks = lane
            .machine
            .order_unlinked(command.action, order.number, why);
        lane.note_taken(&order, command.action, &tasks);
        self.finish_all(index, &tasks, now);
    }

    /// Looks at an order before a device is touched for it. `None` when it was answered here.
    pub(crate) fn admit(
        &mut self,
        order: &Order,
        command: &Command,
        reply: oneshot::Sender<Outcome>,
    ) -> Option<(usize, oneshot::Sender<Outcome>)> {
        let index = self
            .lanes
            .iter()
            .position(|lane| lane.config.device == *order.target.name());
        let earlier = self
            .recent
            .iter()
            .find(|(number, _)| *number == order.number);
        let answer = if let Some((_, outcome)) = earlier {
            outcome.clone()
        } else if reply.is_closed() || !command.is_due() {
            Outcome::new(
                OutcomeKind::Expired,
                format!("its deadline had passed before it was carried out{NOTHING_SENT}"),
            )
        } else if command.epoch < self.epoch {
            let text = format!("epoch {} is older than {}", command.epoch, self.epoch);
            Outcome::new(OutcomeKind::Refused, text)
        } else {
            match index {
                None => Outcome::new(OutcomeKind::Refused, "no such barrier on this bus"),
                Some(index)
                    if self
                        .lanes
                        .get(index)
                        .is_some_and(|lane| lane.carries(order.number)) =>
                {
                    Outcome::new(OutcomeKind::Accepted, "is being carried out already")
                }
                Some(index)
                    if self
                        .lanes
                        .get(index)
                        .is_some_and(|lane| lane.is_overtaken(order.turn, command.action)) =>
                {
                    overtaken()
                }
                Some(index) => {
                    self.epoch = command.epoch;
                    return Some((index, reply));
                }
            }
        };
        let _ = reply.send(answer);
        None
    }

    pub(crate) fn finish_all(&mut self, index: usize, tasks: &[Task], now: Timestamp) {
        for task in tasks {
            if let Task::Finish {
                ticket,
                kind,
                detail,
            } = task
            {
                self.finish(index, *ticket, *kind, detail, now);
            }
        }
    }

    pub(crate) fn finish(
        &mut self,
        index: usize,
        ticket: u64,
        kind: OutcomeKind,
        detail: &str,
        now: Timestamp,
    ) {
        let Some(lane) = self.lanes.get_mut(index) else {
            return;
        };
        if let Some(outcome) = lane.finish(ticket, kind, detail, now) {
            self.recent.push_back((ticket, outcome));
            if self.recent.len() > REMEMBERED {
                self.recent.pop_front();
            }
        }
    }

    /// Orders whose deadline has passed are over.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        for index in 0..self.lanes.len() {
            let overdue = self
                .lanes
                .get(index)
                .map(|lane| lane.overdue())
                .unwrap_or_default();
            for ticket in overdue {
                let tasks = match self.lanes.get_mut(index) {
                    Some(lane) => match lane.drive_refusal().map(str::to_owned) {
                        Some(text) => lane.machine.expire_refused(ticket, &text),
                        None => lane.machine.expire(ticket),
                    },
                    None => Vec::new(),
                };
                self.finish_all(index, &tasks, now);
            }
        }
    }

    /// The link is lost: every order under way is over and nothing is repeated.
    pub(crate) fn lost(&mut self, text: &str, now: Timestamp) {
        tracing::info!(address = %self.address, reason = text, "link lost");
        for index in 0..self.lanes.len() {
            self.lane_lost(index, LinkState::Offline, "link lost", text, now);
        }
        self.publish();
    }

    /// A unit did not answer: what is under way behind it is over; the others go on.
    pub(crate) fn silenced(&mut self, silence: &Silence, now: Timestamp) {
        let unit = silence.unit;
        let miss = Miss {
            now_ms: self.now_ms(),
            cost_ms: silence.cost_ms,
            urgent: self.awaits_lock(Some(unit)),
        };
        let misses = self.units.missed(unit, miss);
        tracing::info!(address = %self.address, unit, misses, reason = silence.text, "no answer");
        let state = match misses < MISSES_OFFLINE {
            true => LinkState::Degraded,
            false => LinkState::Offline,
        };
        self.unit_lost(silence, state, now);
        self.publish();
    }

    /// What is under way on the lanes of a unit is over.
    pub(crate) fn unit_lost(&mut self, silence: &Silence, state: LinkState, now: Timestamp) {
        for index in 0..self.lanes.len() {
            let lane = self.lanes.get(index);
            if lane.is_some_and(|lane| lane.config.unit == silence.unit) {
                self.lane_lost(index, state, "unit silent", &silence.text, now);
            }
        }
    }

    fn lane_lost(
        &mut self,
        index: usize,
        state: LinkState,
        what: &str,
        text: &str,
        now: Timestamp,
    ) {
        let now_ms = self.now_ms();
        let Some(lane) = self.lanes.get_mut(index) else {
            return;
        };
        lane.greeted = false;
        let tasks = lane.machine.lose(&format!("{what}: {text}"));
        self.finish_all(index, &tasks, now);
        let forgotten = self
            .lanes
            .get(index)
            .map(Lane::forgotten)
            .unwrap_or_default();
        for ticket in forgotten {
            let detail = format!("{what}: {text}; it is not replayed");
            self.finish(index, ticket, OutcomeKind::Expired, &detail, now);
        }
        if let Some(lane) = self.lanes.get_mut(index) {
            lane.link_is(state, text, now);
            lane.tell_changes(now_ms, now);
        }
    }

    /// The hub stops: whoever still waits is told so.
    pub(crate) fn stop(&mut self, inbox: &mut Inbox, now: Timestamp) {
        for ask in inbox.close() {
            if let Ask::Order { reply, .. } = ask {
                let _ = reply.send(Outcome::new(
                    OutcomeKind::Failed,
                    "the hub is stopping; nothing was sent",
                ));
            }
        }
        self.lost("the hub is stopping", now);
        for index in 0..self.lanes.len() {
            let left = self
                .lanes
                .get(index)
                .map(|lane| lane.under_way().collect::<Vec<u64>>());
            for ticket in left.unwrap_or_default() {
                let text = "the hub is stopping; not confirmed";
                self.finish(index, ticket, OutcomeKind::Expired, text, now);
            }
        }
        self.publish();
    }

    /// Hands reports to the outbox and health to the board.
    pub(crate) fn publish(&mut self) {
        for lane in &mut self.lanes {
            for report in lane.take_reports() {
                if !self.outbox.put(report) {
                    self.board.dropped(&lane.config.device);
                }
            }
            self.board.show(&lane.health);
        }
    }
}
