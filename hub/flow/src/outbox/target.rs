//! The orders that wait for one target.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use cordon_contract::{Order, OrderLane};
use cordon_model::Timestamp;
use tokio::sync::Notify;

/// Orders that may wait for one target in one lane.
pub(crate) const WAITING_MAX: usize = 10_000;

#[derive(Default)]
struct Waiting {
    emergency: VecDeque<Order>,
    access: VecDeque<Order>,
    routine: VecDeque<Order>,
    /// Routine orders rest until then, after a failure.
    rest_until: Option<Instant>,
}

impl Waiting {
    fn lane(&mut self, lane: OrderLane) -> &mut VecDeque<Order> {
        match lane {
            OrderLane::Emergency => &mut self.emergency,
            OrderLane::Access => &mut self.access,
            OrderLane::Routine => &mut self.routine,
        }
    }
}

/// One target's lanes.
#[derive(Default)]
pub(crate) struct TargetQueue {
    waiting: Mutex<Waiting>,
    pub emergency: Notify,
    pub everyday: Notify,
}

impl TargetQueue {
    /// Puts an order at the end of its lane; gives it back when the lane is full.
    pub(crate) fn put(&self, order: Order) -> Result<(), Order> {
        let lane = order.lane;
        {
            let mut waiting = self.lock();
            let queue = waiting.lane(lane);
            if queue.len() >= WAITING_MAX && lane != OrderLane::Emergency {
                return Err(order);
            }
            queue.push_back(order);
        }
        self.wake(lane);
        Ok(())
    }

    /// Puts an order back to the front after a failure; its lane rests until `rest_until`.
    pub(crate) fn put_back(&self, order: Order, rest_until: Instant) {
        let mut waiting = self.lock();
        waiting.rest_until = Some(rest_until);
        // A retry is routine, whatever lane the first try had.
        waiting.routine.push_front(order);
        drop(waiting);
        self.wake(OrderLane::Routine);
    }

    fn wake(&self, lane: OrderLane) {
        match lane {
            OrderLane::Emergency => self.emergency.notify_one(),
            OrderLane::Access | OrderLane::Routine => self.everyday.notify_one(),
        }
    }

    /// The next emergency order.
    pub(crate) fn next_emergency(&self) -> Option<Order> {
        self.lock().emergency.pop_front()
    }

    /// The next everyday order: access before routine; a routine order past its deadline at once,
    /// the others when the lane does not rest.
    pub(crate) fn next_everyday(&self, now: Timestamp) -> Option<Order> {
        let mut waiting = self.lock();
        if let Some(order) = waiting.access.pop_front() {
            return Some(order);
        }
        let past = waiting
            .routine
            .iter()
            .position(|order| order.deadline < now);
        if let Some(past) = past {
            return waiting.routine.remove(past);
        }
        if waiting
            .rest_until
            .is_some_and(|until| Instant::now() < until)
        {
            return None;
        }
        waiting.rest_until = None;
        waiting.routine.pop_front()
    }

    /// Whether anything waits in the everyday lanes.
    pub(crate) fn has_everyday(&self) -> bool {
        let waiting = self.lock();
        !waiting.access.is_empty() || !waiting.routine.is_empty()
    }

    /// How many orders wait.
    pub(crate) fn len(&self) -> usize {
        let waiting = self.lock();
        waiting.emergency.len() + waiting.access.len() + waiting.routine.len()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
