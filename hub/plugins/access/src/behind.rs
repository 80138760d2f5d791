//! Who stands behind the vehicle that has gone through.
//!
//! He was opened for while the boom was up for the first, and it falls behind that one. A camera that a loop triggers reads
//! him once, so no further picture opens for him. Which of two vehicles went through the loops do not say: the first may
//! have turned away, and the boom would rise for nobody. But who was read while he stood on the loops has not turned
//! away unseen, and who was read after him, next of all, and before he had left them, stands behind him. For a rescue
//! vehicle it rises also where the first may have turned away.

use cordon_model::{AlarmCode, AlarmLevel, Direction, GateStatus, LaneId, SubjectKind, Timestamp};

use crate::alarm::{About, Step};
use crate::capture::Decided;
use crate::claims::Sought;
use crate::plugin::AccessPlugin;
use crate::state::{LaneState, Opening, Picture, Progress, Seen};

/// Who has not gone through so long after the boom fell, and was not decided anew, may still stand there, milliseconds.
const STANDS_MS: i64 = 15_000;

impl AccessPlugin {
    /// A vehicle came onto the loops.
    pub(crate) fn on_entered(
        &mut self,
        step: &Step<'_>,
        status: &GateStatus,
        direction: Direction,
    ) {
        let lane = self.state.lanes.or_default(status.lane_id.clone());
        lane.entered = Some((step.entry.clock, direction));
    }

    /// A vehicle left the loops: when it had come onto them, if they said so.
    pub(crate) fn left_loops(&mut self, lane: &LaneId, direction: Direction) -> Option<Timestamp> {
        let left = self.state.lanes.change(lane, |state| state.entered.take());
        let (entered, way) = left.flatten()?;
        (way == direction).then_some(entered)
    }

    /// Decides anew on who surely stands behind the vehicle that went through on this opening.
    pub(crate) fn look_behind(
        &mut self,
        step: &mut Step<'_>,
        lane: &LaneId,
        went: &Opening,
        entered: Option<Timestamp>,
    ) {
        let Some(entered) = entered else { return };
        // Where the lane is held open nobody needs it.
        if self.state.held.contains_key(lane) {
            return;
        }
        let Some(state) = self.state.lanes.get(lane) else {
            return;
        };
        let Some(next) = next_of(state, went, entered) else {
            return;
        };
        // What was decided of him is decided anew.
        let decision = next.decision.clone();
        let next = self
            .state
            .lanes
            .change(lane, |state| state.leave(&decision));
        if let Some(next) = next.flatten() {
            self.look_again(step, lane, next);
        }
    }

    fn look_again(&mut self, step: &mut Step<'_>, lane: &LaneId, next: Opening) {
        let plan = self.plan.clone();
        let lane = plan.lane(lane);
        let Some((lane, gate)) = lane.and_then(|it| Some((it, plan.gate(&it.gate)?))) else {
            return;
        };
        let (mut found, verdict) = self.judge(
            Sought {
                capture: &next.picture.capture,
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
            ..next.subject
        };
        let decided = Decided {
            gate,
            lane,
            direction: next.direction,
            found,
            verdict,
            subject,
            picture: Picture {
                is_next: true,
                ..next.picture
            },
        };
        self.decided(step, decided);
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
            // Where no loop has ever told of a passage, nobody knows who went through.
            if state.last_passage.is_some() {
                for opening in unserved {
                    self.tell_fallen(step, &lane, &opening);
                }
            }
        }
    }

    fn tell_fallen(&mut self, step: &mut Step<'_>, lane: &LaneId, opening: &Opening) {
        let plate = opening.subject.plate.as_ref();
        let number = plate.map_or("UNREAD", |plate| plate.number.as_str());
        if !self.is_loud(step, format!("fallen|{lane}|{number}")) {
            return;
        }
        let about = About {
            device: Some(&opening.device),
            gate: Some(&opening.gate),
            lane: Some(lane),
            area: opening.area.as_deref(),
            subject: Some(&opening.subject),
            correlation: Some(opening.visit.clone()),
            text: format!(
                "the boom of {} fell before {number} had gone through; it may stand before it 道闸已落下，放行车辆未通过，可能仍在等候",
                opening.device
            ),
            ..About::default()
        };
        self.alarm(step, AlarmCode::GateFault, AlarmLevel::Yellow, about);
    }
}

/// Whether the guard is to hear of it, when the clock shows that.
pub(crate) fn is_unserved(opening: &Opening, now: Timestamp) -> bool {
    let fell = opening.fell.filter(|_| !opening.fall_told);
    fell.is_some_and(|fell| now.ms_since(fell) > STANDS_MS)
}

/// The opening of who was read next after the one that went through, while that one was on the loops.
fn next_of<'a>(state: &'a LaneState, went: &Opening, entered: Timestamp) -> Option<&'a Opening> {
    let mut after = state
        .recent
        .iter()
        .skip_while(|it| it.decision != went.decision)
        .skip(1)
        .filter(|it| it.direction == went.direction && !it.gone);
    let next = after.next()?;
    let mut openings = state.openings.iter();
    let next = openings.find(|it| it.decision == next.decision)?;
    let was_on_loops = went.picture.read_at > entered || went.picture.is_next;
    let is_sure = was_on_loops || next.subject.kind == SubjectKind::VehEmergency;
    let is_behind = next.picture.read_at > went.picture.read_at.max(entered);
    (is_sure && is_behind && next.progress == Progress::Confirmed).then_some(next)
}
