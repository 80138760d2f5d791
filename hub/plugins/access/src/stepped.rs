//! A step of the hub's clock takes no time: what is counted here as a duration goes on as it was.
//!
//! Times that durations are counted from are moved by as much as times jumped, so that whatever is compared with them
//! later says what elapsed. They are few: what is under way at the lanes, and what was told a short time ago. What
//! holds by the clock (a grant, a planned mode, the end of a stay) is not moved, nor is what late words are compared with.

use cordon_contract::{Entry, Jump};
use cordon_model::{LaneId, Timestamp};

use crate::opened::Held;
use crate::plugin::AccessPlugin;
use crate::state::{LaneState, Opening, Recent, Told};

impl AccessPlugin {
    /// Takes in what the hub says of a step of its clock.
    pub(crate) fn on_clock_set(&mut self, entry: &Entry) {
        let Some(by) = self.state.clock_steps.pass(entry) else {
            return;
        };
        let lanes: Vec<LaneId> = self.state.lanes.keys().cloned().collect();
        for lane in lanes {
            self.state.lanes.change(&lane, |state| state.step(by));
        }
        let held: Vec<LaneId> = self.state.held.keys().cloned().collect();
        for lane in held {
            self.state.held.change(&lane, |held| held.step(by));
        }
        self.state.alarmed.step(by.entry);
        let owners: Vec<_> = self.state.unseen.keys().cloned().collect();
        for owner in owners {
            let add = |(since, _): &mut (i64, u32)| *since = since.saturating_add(by.entry);
            self.state.unseen.change(&owner, add);
        }
        let told = *self.state.told;
        self.state.told.set(Told {
            at_micros: told.at_micros.saturating_add(by.entry),
            ..told
        });
    }
}

impl LaneState {
    fn step(&mut self, by: Jump) {
        for opening in &mut self.openings {
            opening.step(by);
        }
        for recent in &mut self.recent {
            recent.step(by);
        }
        let passed = self.passed.as_mut().map(|(at, _)| at);
        for at in passed.into_iter().chain(&mut self.on_loops) {
            *at = moved(*at, by.entry);
        }
        let went = self.went.as_mut().map(|(_, at)| at);
        let passages = [&mut self.last_passage, &mut self.unopened].into_iter();
        let passages = passages.flatten().map(|(at, _)| at);
        for at in went.into_iter().chain(passages) {
            *at = moved(*at, by.clock);
        }
    }
}

impl Opening {
    fn step(&mut self, by: Jump) {
        self.ordered_at = moved(self.ordered_at, by.entry);
        self.deadline = moved(self.deadline, by.entry);
        for at in [&mut self.up, &mut self.fell, &mut self.unseen] {
            *at = at.map(|at| moved(at, by.clock));
        }
    }
}

impl Recent {
    fn step(&mut self, by: Jump) {
        self.through = self.through.map(|at| moved(at, by.entry));
        for at in [&mut self.at, &mut self.came, &mut self.seen] {
            *at = moved(*at, by.entry);
        }
    }
}

impl Held {
    fn step(&mut self, by: Jump) {
        // How long it is waited for counts from it; when it is done, late words are compared with it.
        if self.opened.awaits(self.command) && !self.opened.is_confirmed() {
            self.at = moved(self.at, by.clock);
        }
        if let Some(until) = &mut self.until {
            until.time = moved(until.time, by.entry);
            until.clock = moved(until.clock, by.clock);
            until.since = moved(until.since, by.clock);
        }
    }
}

fn moved(at: Timestamp, by: i64) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_add(by))
}
