//! The orders that wait for one target.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cordon_contract::{Order, OrderLane};
use cordon_model::{Body, GateAction, Timestamp};
use tokio::sync::Notify;

use super::held::Held;
use super::routine::{Routine, WAITING_MAX};

#[derive(Default)]
struct Waiting {
    /// What people order of a barrier, emergency openings among it, in the order it was ordered.
    acts: VecDeque<Held>,
    access: VecDeque<Held>,
    routine: Routine,
}

/// Whether a person orders it of a barrier: everything but the opening for one passage.
fn is_act(order: &Order) -> bool {
    matches!(&order.message.body, Body::GateCommand(command) if command.action != GateAction::Open)
}

impl Waiting {
    fn put(&mut self, held: Held) -> Option<Held> {
        match held.order.lane {
            OrderLane::Emergency => self.acts.push_back(held),
            OrderLane::Access if is_act(&held.order) => match self.acts.len() < WAITING_MAX {
                true => self.acts.push_back(held),
                false => return Some(held),
            },
            OrderLane::Access if self.access.len() >= WAITING_MAX => return Some(held),
            OrderLane::Access => self.access.push_back(held),
            OrderLane::Routine => return self.routine.put(held),
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
    pub(crate) fn put(&self, held: Held) -> Option<Held> {
        let gave_way = self.lock().put(held);
        self.acts.notify_one();
        self.everyday.notify_one();
        gave_way
    }

    /// Puts an order back after a try that began then and failed; it rests for `most` at the longest. A retry is
    /// routine, whatever lane the first try had.
    pub(crate) fn put_back(&self, held: Held, (began, most): (Instant, Duration)) {
        let now = Instant::now();
        let mut waiting = self.lock();
        waiting.routine.put_back(held, (began, now), now + most);
        drop(waiting);
        self.everyday.notify_one();
    }

    /// An order failed that is not tried again.
    pub(crate) fn fail(&self, number: u64, began: Instant) {
        let mut waiting = self.lock();
        let fares = &mut waiting.routine.fares;
        fares.fail(number, (began, Instant::now()), None);
    }

    /// The target answered a routine order.
    pub(crate) fn well(&self) {
        self.lock().routine.fares.well();
    }

    /// The next of what people order.
    pub(crate) fn next_act(&self) -> Option<Held> {
        self.lock().acts.pop_front()
    }

    /// The next everyday order: access before routine; a routine order past its deadline at once,
    /// the others when neither they nor the target rest.
    pub(crate) fn next_everyday(&self, now: Timestamp) -> Option<Held> {
        let mut waiting = self.lock();
        if let Some(held) = waiting.access.pop_front() {
            return Some(held);
        }
        if let Some(past) = waiting.routine.next_past(now) {
            return Some(past);
        }
        waiting.routine.next(Instant::now())
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
