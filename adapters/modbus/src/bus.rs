//! One bus and everything on it: its lanes, the orders under way, and how each of them ends.
//!
//! What is here needs no connection: an order is looked at before a device is touched for it, and
//! whatever is under way ends when its deadline passes, when the link is lost or when the hub stops.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{LinkState, Order, Outcome, OutcomeKind, Probe};
use cordon_model::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::adapter::Board;
use crate::command::Command;
use crate::lane::Lane;
use crate::outbox::Outbox;
use crate::probe::probe;
use crate::state::{Action, Task};

/// Outcomes remembered, to answer a repeated order with its first outcome.
const REMEMBERED: usize = 256;

/// What others ask of the owner.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Carry out an order.
    Order {
        order: Order,
        command: Command,
        reply: oneshot::Sender<Outcome>,
    },
    /// Touch every lane and say what was found.
    Probe { reply: oneshot::Sender<Vec<Probe>> },
}

/// One bus and everything on it.
pub(crate) struct Bus {
    pub(crate) address: String,
    pub(crate) lanes: Vec<Lane>,
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
        let longest = self
            .lanes
            .iter()
            .map(|lane| lane.profile.wire.timeout_ms)
            .max();
        Duration::from_millis(u64::from(longest.unwrap_or(1_000)))
    }

    /// The link is down: everything is refused except an emergency opening, which waits for the
    /// link until its deadline.
    pub(crate) fn answer_offline(&mut self, ask: Ask, now: Timestamp) {
        let (order, command, reply) = match ask {
            Ask::Order {
                order,
                command,
                reply,
            } => (order, command, reply),
            Ask::Probe { reply } => {
                let probes = self
                    .lanes
                    .iter()
                    .map(|lane| probe(lane, Err(lane.health.reason.clone())));
                let _ = reply.send(probes.collect());
                return;
            }
        };
        let Some((index, reply)) = self.admit(&order, &command, reply, now) else {
            return;
        };
        let now_ms = self.now_ms();
        let Some(lane) = self.lanes.get_mut(index) else {
            return;
        };
        lane.take(order.number, command, reply);
        if command.action == Action::LockOpen {
            // The writes it asks for are lost here; the next connect asks for them again.
            let tasks = lane.machine.order(now_ms, command.action, order.number);
            self.finish_all(index, &tasks, now);
        } else {
            let text = "the link is down; nothing was sent";
            self.finish(index, order.number, OutcomeKind::Failed, text, now);
        }
    }

    /// Looks at an order before a device is touched for it. `None` when it was answered here.
    pub(crate) fn admit(
        &mut self,
        order: &Order,
        command: &Command,
        reply: oneshot::Sender<Outcome>,
        now: Timestamp,
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
        } else if reply.is_closed() || command.deadline <= now {
            Outcome::new(
                OutcomeKind::Expired,
                "its deadline had passed before it was carried out",
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
                .map(|lane| lane.overdue(now))
                .unwrap_or_default();
            for ticket in overdue {
                let tasks = match self.lanes.get_mut(index) {
                    Some(lane) => lane.machine.expire(ticket),
                    None => Vec::new(),
                };
                self.finish_all(index, &tasks, now);
            }
        }
    }

    /// The link is lost: every order under way is over and nothing is repeated.
    pub(crate) fn lost(&mut self, text: &str, now: Timestamp) {
        tracing::info!(address = %self.address, reason = text, "link lost");
        let now_ms = self.now_ms();
        for index in 0..self.lanes.len() {
            let Some(lane) = self.lanes.get_mut(index) else {
                continue;
            };
            let tasks = lane.machine.lose(&format!("link lost: {text}"));
            self.finish_all(index, &tasks, now);
            let forgotten = self
                .lanes
                .get(index)
                .map(Lane::forgotten)
                .unwrap_or_default();
            for ticket in forgotten {
                let detail = format!("link lost: {text}; it is not replayed");
                self.finish(index, ticket, OutcomeKind::Expired, &detail, now);
            }
            if let Some(lane) = self.lanes.get_mut(index) {
                lane.link_is(LinkState::Offline, text, now);
                lane.tell_changes(now_ms, now);
            }
        }
        self.publish();
    }

    /// The hub stops: whoever still waits is told so.
    pub(crate) fn stop(&mut self, asks: &mut mpsc::Receiver<Ask>, now: Timestamp) {
        asks.close();
        while let Ok(ask) = asks.try_recv() {
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
                .map(|lane| lane.overdue(Timestamp::from_micros(i64::MAX)));
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
