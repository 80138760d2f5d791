//! The pull points: who waits for what, until when, and what waits for them.

use std::collections::{BTreeMap, VecDeque};

use crate::filter::Filter;
use crate::{Event, Mutant, PropertyOperation, Settings};

/// A message waiting to be pulled.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) event: Event,
    pub(crate) at_ms: i64,
    pub(crate) operation: Option<PropertyOperation>,
}

/// One subscription.
#[derive(Debug)]
pub(crate) struct PullPoint {
    filter: Filter,
    pub(crate) ends_ms: i64,
    life_ms: i64,
    queue: VecDeque<Waiting>,
    pub(crate) pulls: u64,
    last_renew_ms: Option<i64>,
}

/// All subscriptions of the camera.
#[derive(Debug, Default)]
pub(crate) struct PullPoints {
    next: u64,
    points: BTreeMap<u64, PullPoint>,
    leaked: usize,
    states: BTreeMap<String, Waiting>,
    pub(crate) dropped: u64,
}

/// What a renewal came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Renewal {
    /// The new end.
    Until(i64),
    /// The camera cannot stand it.
    Crash,
    /// No such subscription.
    Unknown,
}

impl PullPoints {
    /// Opens a subscription; `None` when there is no place left.
    pub(crate) fn create(
        &mut self,
        filter: Filter,
        life_ms: i64,
        now_ms: i64,
        settings: &Settings,
    ) -> Option<(u64, i64)> {
        self.sweep(now_ms, settings);
        if self.points.len() + self.leaked >= settings.pull_points_max {
            return None;
        }
        self.next += 1;
        let mut point = PullPoint {
            filter,
            ends_ms: now_ms + life_ms,
            life_ms,
            queue: VecDeque::new(),
            pulls: 0,
            last_renew_ms: None,
        };
        self.dropped += point.tell_states(&self.states, now_ms, settings);
        let ends = point.ends_ms;
        self.points.insert(self.next, point);
        Some((self.next, ends))
    }

    /// The subscription, if it still lives.
    pub(crate) fn find(
        &mut self,
        id: u64,
        now_ms: i64,
        settings: &Settings,
    ) -> Option<&mut PullPoint> {
        self.sweep(now_ms, settings);
        self.points.get_mut(&id)
    }

    /// Moves the end of a subscription.
    pub(crate) fn renew(
        &mut self,
        id: u64,
        life_ms: i64,
        now_ms: i64,
        settings: &Settings,
    ) -> Renewal {
        let Some(point) = self.find(id, now_ms, settings) else {
            return Renewal::Unknown;
        };
        let hurried = match (settings.quirks.renew_crash_ms, point.last_renew_ms) {
            (Some(limit), Some(last)) => now_ms - last < limit,
            _ => false,
        };
        if hurried {
            return Renewal::Crash;
        }
        point.last_renew_ms = Some(now_ms);
        if settings.mutant != Some(Mutant::HollowRenew) {
            point.ends_ms = now_ms + life_ms;
            point.life_ms = life_ms;
        }
        Renewal::Until(now_ms + life_ms)
    }

    /// Ends a subscription; whether there was one.
    pub(crate) fn remove(&mut self, id: u64, now_ms: i64, settings: &Settings) -> bool {
        self.sweep(now_ms, settings);
        if settings.mutant == Some(Mutant::HollowUnsubscribe) {
            return self.points.contains_key(&id);
        }
        let found = self.points.remove(&id).is_some();
        self.leaked += usize::from(found && settings.quirks.slots_leak);
        found
    }

    /// Tells every subscription, and remembers the state of properties.
    pub(crate) fn tell(&mut self, event: &Event, now_ms: i64, settings: &Settings) {
        let waiting = Waiting {
            event: event.clone(),
            at_ms: now_ms,
            operation: event.operation,
        };
        match event.operation {
            Some(PropertyOperation::Deleted) => {
                self.states.remove(&event.property());
            }
            Some(_) => {
                self.states.insert(event.property(), waiting.clone());
            }
            None => {}
        }
        self.sweep(now_ms, settings);
        for point in self.points.values_mut() {
            self.dropped += point.take_in(waiting.clone(), settings);
        }
    }

    /// Tells one subscription the state of every property; whether there is such a subscription.
    pub(crate) fn synchronize(&mut self, id: u64, now_ms: i64, settings: &Settings) -> bool {
        self.sweep(now_ms, settings);
        let Some(point) = self.points.get_mut(&id) else {
            return false;
        };
        self.dropped += point.tell_states(&self.states, now_ms, settings);
        true
    }

    /// Forgets everything, as a reboot does.
    pub(crate) fn clear(&mut self) {
        self.points.clear();
        self.leaked = 0;
    }

    /// Subscriptions alive.
    pub(crate) fn count(&mut self, now_ms: i64, settings: &Settings) -> usize {
        self.sweep(now_ms, settings);
        self.points.len()
    }

    fn sweep(&mut self, now_ms: i64, settings: &Settings) {
        if settings.mutant == Some(Mutant::ImmortalSubscriptions) {
            return;
        }
        let before = self.points.len();
        self.points.retain(|_, point| point.ends_ms > now_ms);
        if settings.quirks.slots_leak {
            self.leaked += before - self.points.len();
        }
    }
}

impl PullPoint {
    /// Takes out up to `limit` messages. A pull also keeps the subscription alive.
    pub(crate) fn pull(&mut self, limit: usize, settings: &Settings) -> Vec<Waiting> {
        let take = limit.min(self.queue.len());
        if settings.mutant == Some(Mutant::LastFirst) {
            return (0..take).filter_map(|_| self.queue.pop_back()).collect();
        }
        self.queue.drain(..take).collect()
    }

    /// Counts a pull and moves the end so that the subscription outlives it.
    pub(crate) fn touch(&mut self, now_ms: i64, settings: &Settings) {
        self.pulls += 1;
        if settings.mutant != Some(Mutant::HollowRenew) && !settings.quirks.needs_renew {
            self.ends_ms = self.ends_ms.max(now_ms + self.life_ms);
        }
    }

    fn tell_states(
        &mut self,
        states: &BTreeMap<String, Waiting>,
        now_ms: i64,
        settings: &Settings,
    ) -> u64 {
        let mut dropped = 0;
        for state in states.values() {
            let told = Waiting {
                event: state.event.clone(),
                at_ms: now_ms,
                operation: Some(PropertyOperation::Initialized),
            };
            dropped += self.take_in(told, settings);
        }
        dropped
    }

    /// Queues a message if it is wanted; how many old ones had to go.
    fn take_in(&mut self, waiting: Waiting, settings: &Settings) -> u64 {
        let deaf = settings.mutant == Some(Mutant::DeafToFilters);
        if !deaf && !self.filter.admits(waiting.event.topic) {
            return 0;
        }
        self.queue.push_back(waiting);
        let mut dropped = 0;
        while self.queue.len() > settings.queue_max.max(1) {
            self.queue.pop_front();
            dropped += 1;
        }
        dropped
    }
}
