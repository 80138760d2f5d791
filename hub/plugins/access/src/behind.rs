//! Who stands behind the vehicle that has gone through.
//!
//! He was opened for while the boom was up for the first, and it falls behind that one. A camera that a loop triggers, or
//! that looks far ahead, reads him once, so no further picture opens for him. Which of two vehicles went through the
//! loops do not say: the first may have turned away, and the boom would rise for nobody. But where another comes onto
//! the loops as the first leaves them, somebody stands there; it is he who was decided next, unless somebody who was
//! refused is on the lane as well.

use cordon_model::{
    AlarmCode, AlarmLevel, BarrierState, DecisionOutcome, Direction, GateStatus, LaneId, Timestamp,
};

use crate::alarm::Step;
use crate::capture::Decided;
use crate::claims::Sought;
use crate::ids;
use crate::plugin::AccessPlugin;
use crate::state::{LaneState, Opening, Progress, Recent, Seen};

/// Who has not gone through so long after the boom fell, and was not decided anew, may still stand there, milliseconds.
const STANDS_MS: i64 = 30_000;
/// The same for a rescue vehicle.
const RESCUE_STANDS_MS: i64 = 5_000;
/// So long a boom is still up for whom it was when the lane was not seen, milliseconds.
const UNSEEN_MS: i64 = 30_000;
/// So long one who was refused may still be on a lane, milliseconds.
pub(crate) const REFUSED_MS: i64 = 600_000;
/// Who comes onto the loops so soon after another left them stood behind that one, milliseconds.
const BEHIND_MS: i64 = 1_000;

impl AccessPlugin {
    /// A vehicle came onto the loops.
    pub(crate) fn on_entered(
        &mut self,
        step: &mut Step<'_>,
        status: &GateStatus,
        direction: Direction,
    ) {
        let lane = &status.lane_id;
        let known = self.state.lanes.get(lane);
        if known.is_none_or(|state| state.on_loops.is_none()) {
            let state = self.state.lanes.or_default(lane.clone());
            state.on_loops = Some(step.entry.time);
            state.has_loops = true;
        }
        // Where the lane is held open nobody needs it.
        if self.state.held.contains_key(lane) {
            return;
        }
        let state = self.state.lanes.get(lane);
        let next = state.and_then(|state| next_of(state, direction, status.observed_at));
        let Some(place) = next else { return };
        // What was decided of him is decided anew, and stands where it stood.
        let next = self.state.lanes.change(lane, |state| take(state, place));
        if let Some((next, came)) = next.flatten() {
            self.look_again(step, lane, next);
            self.keep_place(step, lane, (place, came));
        }
    }

    /// Who was decided at this step stands there, and not behind all others; openings stand as their decisions do.
    pub(crate) fn keep_place(
        &mut self,
        step: &Step<'_>,
        lane: &LaneId,
        (place, came): (usize, Timestamp),
    ) {
        let decided = ids::decision(step.entry);
        self.state.lanes.change(lane, |state| {
            let mut recent = state.recent.iter();
            let Some(from) = recent.position(|it| it.decision == decided) else {
                return;
            };
            let mut his = state.recent.remove(from);
            his.came = came;
            let place = place.min(state.recent.len());
            state.recent.insert(place, his);
            let order: Vec<&str> = state.recent.iter().map(|it| it.decision.as_str()).collect();
            let place = |it: &Opening| order.iter().position(|known| *known == it.decision);
            state.openings.sort_by_key(place);
        });
    }

    fn look_again(&mut self, step: &mut Step<'_>, lane: &LaneId, next: Opening) {
        let plan = self.plan.clone();
        let lane = plan.lane(lane);
        let Some((lane, gate)) = lane.and_then(|it| Some((it, plan.gate(&it.gate)?))) else {
            return;
        };
        let (mut found, verdict) = self.judge(
            Sought {
                capture: &next.capture,
                plate: next.subject.plate.as_ref(),
                gate,
                lane,
                now: step.entry.clock,
            },
            None,
        );
        let subject = Seen {
            person: found.person.take(),
            kind: found.kind,
            rescue: next.subject.rescue || found.rescue,
            ..next.subject
        };
        let decided = Decided {
            gate,
            lane,
            direction: next.direction,
            found,
            verdict,
            subject,
            capture: &next.capture,
        };
        self.decided(step, decided);
    }

    /// Whoever the boom was up for when the lane was not seen may have gone through meanwhile: it is up for nobody after a
    /// while, and people must hear where it is.
    pub(crate) fn end_unseen(&mut self, step: &mut Step<'_>) {
        let clock = step.entry.clock;
        for lane in self.lanes_with(|it| is_long_unseen(it, clock)) {
            let is_held = self.state.held.contains_key(&lane);
            let Some(state) = self.state.lanes.get_mut(&lane) else {
                continue;
            };
            let mut last = None;
            for opening in &mut state.openings {
                if is_long_unseen(opening, clock) {
                    opening.fell = Some(clock);
                    // A lane that is held is open for him.
                    opening.fall_told = is_held;
                    last = Some(opening.clone());
                }
            }
            for opening in state.openings.iter().filter(|it| it.is_over()) {
                for recent in &mut state.recent {
                    recent.over |= recent.decision == opening.decision;
                }
            }
            let in_force = state.openings.iter().any(|it| !it.is_over());
            let Some(opening) = last.filter(|_| !in_force && !state.up_late) else {
                continue;
            };
            let is_up = self.state.barriers.get(&opening.device) == Some(&BarrierState::Open);
            if !is_up || is_held {
                continue;
            }
            self.note_told(&lane, &opening.decision);
            if let Some(state) = self.state.lanes.get_mut(&lane) {
                state.up_late = true;
                // Where it is said what is so: it is up.
                let unseen = state.openings.iter_mut();
                for opening in unseen.filter(|it| it.unseen.is_some() && it.fell == Some(clock)) {
                    opening.fall_told = true;
                }
            }
            let about = opening.about(&lane, format!(
                    "barrier {} stands up for a vehicle that may have gone through while the lane was not seen 道闸仍开启，放行车辆可能已通过",
                    opening.device
                ));
            self.alarm(step, AlarmCode::GateFault, AlarmLevel::Orange, about);
        }
    }

    /// Tells of who was let in, has not gone through before the boom fell, and was not decided anew since.
    pub(crate) fn tell_unserved(&mut self, step: &mut Step<'_>) {
        let now = step.entry.clock;
        for lane in self.lanes_with(|it| is_unserved(it, now)) {
            let Some(state) = self.state.lanes.get_mut(&lane) else {
                continue;
            };
            let openings = state.openings.iter_mut().filter(|it| is_unserved(it, now));
            let unserved: Vec<Opening> = openings
                .map(|opening| {
                    opening.fall_told = true;
                    opening.clone()
                })
                .collect();
            // Where no loop has ever told of a vehicle, nobody knows who went through.
            if state.has_loops {
                for opening in unserved {
                    self.tell_fallen(step, &lane, &opening);
                }
            }
        }
    }

    fn tell_fallen(&mut self, step: &mut Step<'_>, lane: &LaneId, opening: &Opening) {
        if opening.is_rescue() && self.is_told(lane, &opening.decision) {
            return;
        }
        let number = opening.subject.number();
        // A rescue vehicle is told of each time.
        let (what, level) = match opening.is_rescue() {
            true => (opening.decision.as_str(), AlarmLevel::Orange),
            false => (number, AlarmLevel::Yellow),
        };
        if !self.is_loud(step, format!("fallen|{lane}|{what}")) {
            return;
        }
        self.note_told(lane, &opening.decision);
        let about = opening.about(lane, format!(
                "the boom of {} fell before {number} had gone through; it may stand before it, or have gone through unseen 道闸已落下，放行车辆未见通过，可能仍在等候",
                opening.device
            ));
        self.alarm(step, AlarmCode::GateFault, level, about);
    }
}

/// Whether the lane was not seen for a while, and this long ago, when the clock shows that.
pub(crate) fn is_long_unseen(opening: &Opening, clock: Timestamp) -> bool {
    let is_over = |since: Timestamp| clock.ms_since(since) > UNSEEN_MS;
    opening.fell.is_none() && opening.unseen.is_some_and(is_over)
}

/// Whether the guard is to hear of it, when the clock shows that.
pub(crate) fn is_unserved(opening: &Opening, now: Timestamp) -> bool {
    let fell = opening.fell.filter(|_| !opening.fall_told);
    let stands_ms = match opening.is_rescue() {
        true => RESCUE_STANDS_MS,
        false => STANDS_MS,
    };
    fell.is_some_and(|fell| now.ms_since(fell) > stands_ms)
}

/// Where the decision stands of the vehicle that stands on the loops, when it was opened for and needs it again.
fn next_of(state: &LaneState, direction: Direction, entered: Timestamp) -> Option<usize> {
    let (went, left) = state.went.as_ref()?;
    let went = state.recent.iter().position(|it| it.decision == *went)?;
    let mut after = state.recent.iter().enumerate().skip(went + 1);
    let (place, next) = after.find(|(_, it)| !it.gone)?;
    // Whoever was refused may be the one who came; not who came last to a lane that is full.
    let is_refused = |it: &Recent| {
        let is_there = !it.gone && entered.ms_since(it.seen) <= REFUSED_MS;
        it.outcome != DecisionOutcome::Open && !it.crowded && is_there
    };
    let mut seen = state.recent.iter();
    let mut openings = state.openings.iter();
    let opening = openings.find(|it| it.decision == next.decision)?;
    let stands = entered.ms_since(*left).abs() <= BEHIND_MS && !seen.any(is_refused);
    let was_up = opening.progress == Progress::Confirmed;
    (stands && was_up && opening.direction == direction).then_some(place)
}

/// Takes out the decision that stands there, and its opening with the time when he came.
fn take(state: &mut LaneState, place: usize) -> Option<(Opening, Timestamp)> {
    let decision = state.recent.get(place)?.decision.clone();
    let turn = state
        .openings
        .iter()
        .position(|it| it.decision == decision)?;
    let came = state.recent.remove(place).came;
    Some((state.openings.remove(turn), came))
}
