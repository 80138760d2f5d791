//! The orders that wait for one target.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use cordon_contract::{Order, OrderLane};
use cordon_model::{Body, GateAction, Timestamp};
use tokio::sync::Notify;

use super::rank::Rank;
use super::routine::{Routine, WAITING_MAX};

#[derive(Default)]
struct Waiting {
    /// What people order of a barrier, emergency openings among it, in the order it was ordered.
    acts: VecDeque<(Order, Rank)>,
    access: VecDeque<(Order, Rank)>,
    routine: Routine,
    /// Routine orders rest until then, after a failure.
    rest_until: Option<Instant>,
}

/// Whether a person orders it of a barrier: everything but the opening for one passage.
fn is_act(order: &Order) -> bool {
    matches!(&order.message.body, Body::GateCommand(command) if command.action != GateAction::Open)
}

impl Waiting {
    fn put(&mut self, order: Order, rank: Rank) -> Option<Order> {
        match order.lane {
            OrderLane::Emergency => self.acts.push_back((order, rank)),
            OrderLane::Access if is_act(&order) => match self.acts.len() < WAITING_MAX {
                true => self.acts.push_back((order, rank)),
                false => return Some(order),
            },
            OrderLane::Access if self.access.len() >= WAITING_MAX => return Some(order),
            OrderLane::Access => self.access.push_back((order, rank)),
            OrderLane::Routine => return self.routine.put(order, rank),
        }
        None
    }
}

/// One target's lanes.
#[derive(Default)]
pub(crate) struct TargetQueue {
    waiting: Mutex<Waiting>,
    pub acts: Notify,
    pub everyday: Notify,
}

impl TargetQueue {
    /// Puts an order into its lane; gives the one that has to give way when the lane is full.
    pub(crate) fn put(&self, order: Order, rank: Rank) -> Option<Order> {
        let gave_way = self.lock().put(order, rank);
        self.acts.notify_one();
        self.everyday.notify_one();
        gave_way
    }

    /// Puts an order back after a failure; its lane rests until `rest_until`.
    pub(crate) fn put_back(&self, order: Order, rank: Rank, rest_until: Instant) {
        let mut waiting = self.lock();
        waiting.rest_until = Some(rest_until);
        // A retry is routine, whatever lane the first try had.
        waiting.routine.put_back(order, rank);
        drop(waiting);
        self.everyday.notify_one();
    }

    /// The next of what people order.
    pub(crate) fn next_act(&self) -> Option<(Order, Rank)> {
        self.lock().acts.pop_front()
    }

    /// The next everyday order: access before routine; a routine order past its deadline at once,
    /// the others when the lane does not rest.
    pub(crate) fn next_everyday(&self, now: Timestamp) -> Option<(Order, Rank)> {
        let mut waiting = self.lock();
        if let Some(order) = waiting.access.pop_front() {
            return Some(order);
        }
        if let Some(past) = waiting.routine.next_past(now) {
            return Some(past);
        }
        if waiting
            .rest_until
            .is_some_and(|until| Instant::now() < until)
        {
            return None;
        }
        waiting.rest_until = None;
        waiting.routine.next()
    }

    /// Whether anything waits in the everyday lanes.
    pub(crate) fn has_everyday(&self) -> bool {
        let waiting = self.lock();
        !waiting.access.is_empty() || !waiting.routine.is_empty()
    }

    /// How many orders wait.
    pub(crate) fn len(&self) -> usize {
        let waiting = self.lock();
        waiting.acts.len() + waiting.access.len() + waiting.routine.len()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
