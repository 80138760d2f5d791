//! Vehicles that drive over the loops, as scripts of steps.

use std::collections::VecDeque;

/// What a step waits for before the vehicle goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Until {
    /// So many milliseconds.
    Elapsed(u32),
    /// The boom stands up (nine tenths of its travel or more).
    BoomUp,
    /// The boom stands up, or the driver gives up after so many milliseconds and leaves backwards.
    BoomUpWithin(u32),
}

/// Where the vehicle is during a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Step {
    approach: bool,
    safety: bool,
    photocell: bool,
    until: Until,
}

const fn step(approach: bool, safety: bool, photocell: bool, until: Until) -> Step {
    Step {
        approach,
        safety,
        photocell,
        until,
    }
}

/// One vehicle. Loops lie in the order approach loop, boom with photocell and safety loop.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Vehicle {
    steps: VecDeque<Step>,
}

impl Vehicle {
    /// Arrives, waits for the boom, drives through in lane direction. `step_ms` is the time
    /// between two changes of the loops.
    pub fn passing(step_ms: u32) -> Self {
        let go = Until::Elapsed(step_ms);
        Self::of(&[
            step(true, false, false, Until::BoomUp),
            step(true, false, false, go),
            step(true, true, true, go),
            step(false, true, true, go),
            step(false, true, false, go),
        ])
    }

    /// As [`Vehicle::passing`], but leaves backwards when the boom has not risen after
    /// `patience_ms`.
    pub fn visiting(step_ms: u32, patience_ms: u32) -> Self {
        let mut vehicle = Self::passing(step_ms);
        if let Some(first) = vehicle.steps.front_mut() {
            first.until = Until::BoomUpWithin(patience_ms);
        }
        vehicle
    }

    /// As [`Vehicle::passing`], but stands under the boom for `stall_ms` first.
    pub fn stalling(step_ms: u32, stall_ms: u32) -> Self {
        let go = Until::Elapsed(step_ms);
        Self::of(&[
            step(true, false, false, Until::BoomUp),
            step(true, true, true, go),
            step(false, true, true, Until::Elapsed(stall_ms)),
            step(false, true, false, go),
        ])
    }

    /// Arrives, waits for the boom, drives onto the safety loop and back out.
    pub fn backing_out(step_ms: u32) -> Self {
        let go = Until::Elapsed(step_ms);
        Self::of(&[
            step(true, false, false, Until::BoomUp),
            step(true, true, true, go),
            step(true, false, false, go),
        ])
    }

    /// Arrives, waits `wait_ms` whatever the boom does, and leaves backwards.
    pub fn giving_up(wait_ms: u32) -> Self {
        Self::of(&[step(true, false, false, Until::Elapsed(wait_ms))])
    }

    /// Comes through against the lane's direction while the boom is up.
    pub fn wrong_way(step_ms: u32) -> Self {
        let go = Until::Elapsed(step_ms);
        Self::of(&[
            step(false, false, false, Until::BoomUp),
            step(false, true, true, go),
            step(true, true, true, go),
            step(true, false, false, go),
        ])
    }

    fn of(steps: &[Step]) -> Self {
        Self {
            steps: steps.iter().copied().collect(),
        }
    }
}

/// The loops as traffic leaves them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Loops {
    pub(crate) approach: bool,
    pub(crate) safety: bool,
    pub(crate) photocell: bool,
}

/// Vehicles wait in a queue of this length; more are refused.
pub(crate) const QUEUE_MAX: usize = 32;

/// The vehicle on the lane and those behind it.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    queue: VecDeque<Vehicle>,
    now: Option<Vehicle>,
    step_since_ms: u64,
}

impl Traffic {
    /// Lets a vehicle come after those already queued; false when the queue is full.
    pub(crate) fn come(&mut self, vehicle: Vehicle) -> bool {
        if self.queue.len() >= QUEUE_MAX {
            return false;
        }
        self.queue.push_back(vehicle);
        true
    }

    /// Vehicles on the lane or waiting.
    pub(crate) fn len(&self) -> usize {
        self.queue.len() + usize::from(self.now.is_some())
    }

    /// Moves the traffic to `now_ms` and returns the loops.
    pub(crate) fn advance(&mut self, now_ms: u64, boom_up: bool) -> Loops {
        if self.now.is_none() {
            self.now = self.queue.pop_front();
            self.step_since_ms = now_ms;
        }
        let Some(vehicle) = &mut self.now else {
            return Loops::default();
        };
        let waited_ms = now_ms.saturating_sub(self.step_since_ms);
        let until = vehicle.steps.front().map(|step| step.until);
        if let Some(Until::BoomUpWithin(ms)) = until
            && !boom_up
            && waited_ms >= u64::from(ms)
        {
            self.now = None;
            return Loops::default();
        }
        let done = until.is_none_or(|until| match until {
            Until::Elapsed(ms) => waited_ms >= u64::from(ms),
            Until::BoomUp | Until::BoomUpWithin(_) => boom_up,
        });
        if done {
            vehicle.steps.pop_front();
            self.step_since_ms = now_ms;
        }
        let Some(step) = vehicle.steps.front() else {
            self.now = None;
            return Loops::default();
        };
        Loops {
            approach: step.approach,
            safety: step.safety,
            photocell: step.photocell,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Loops, Traffic, Vehicle};

    #[test]
    fn a_visiting_vehicle_leaves_when_the_boom_stays_down() {
        let mut traffic = Traffic::default();
        assert!(traffic.come(Vehicle::visiting(100, 2_000)));
        assert!(traffic.advance(0, false).approach);
        assert!(traffic.advance(1_999, false).approach);
        assert_eq!(traffic.advance(2_000, false), Loops::default());
        assert_eq!(traffic.len(), 0);
        assert!(traffic.come(Vehicle::visiting(100, 2_000)));
        traffic.advance(2_010, false);
        traffic.advance(2_500, true);
        assert_eq!(
            traffic.len(),
            1,
            "a boom that rises in time lets it through"
        );
    }

    #[test]
    fn a_passing_vehicle_waits_for_the_boom_and_leaves_by_the_safety_loop() {
        let mut traffic = Traffic::default();
        assert!(traffic.come(Vehicle::passing(100)));
        let waiting = traffic.advance(0, false);
        assert!(waiting.approach && !waiting.safety);
        assert_eq!(traffic.advance(5_000, false), waiting);
        let mut seen = vec![waiting];
        let mut now = 5_000;
        while traffic.len() > 0 && now < 10_000 {
            let loops = traffic.advance(now, true);
            if seen.last() != Some(&loops) {
                seen.push(loops);
            }
            now += 10;
        }
        let order: Vec<(bool, bool)> = seen
            .iter()
            .map(|loops| (loops.approach, loops.safety))
            .collect();
        assert_eq!(
            order,
            [
                (true, false),
                (true, true),
                (false, true),
                (false, true),
                (false, false)
            ]
        );
        assert_eq!(seen.last(), Some(&Loops::default()));
    }
}
