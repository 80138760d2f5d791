//! A rescue vehicle never waits in silence before a lane.
//!
//! Whatever became of it (its boom fell, it was refused, its opening came to nothing, the hub was started again), people
//! hear within seconds that it stands there, once for each stay, unless the boom is up for it or it went through. Nothing
//! is opened on that: whoever stands there may be another.

use cordon_model::{
    AlarmCode, AlarmLevel, DecisionOutcome, LaneId, PlateCapture, RefusalCode, Timestamp,
    plan::{Gate, Lane},
};

use crate::alarm::{Step, of_refusal};
use crate::capture::{about, last_of};
use crate::plate::PlateKey;
use crate::plugin::AccessPlugin;
use crate::state::{LaneState, Opening, Progress, Recent, Seen};

/// So long it may wait before people hear of it, milliseconds.
const WAITS_MS: i64 = 5_000;
/// So long the boom counts as up for it while the lane is not seen, milliseconds.
const UNSEEN_MS: i64 = 10_000;
/// Who was decided so long ago has left, milliseconds.
const STAY_MS: i64 = 600_000;
/// Who is read so soon after somebody came onto the loops is he, milliseconds.
const READ_MS: i64 = 1_000;
/// Who comes onto the loops so soon after it went through may be it, milliseconds.
const NEXT_MS: i64 = 60_000;
/// Seen so long after it went through, with somebody on the loops, it may not have: another went on its opening,
/// milliseconds.
const SEEN_MS: i64 = 3_000;
/// The same with nobody on the loops: by then a rear that drives away is not read any more.
const SEEN_OFF_MS: i64 = 6_000;

impl AccessPlugin {
    /// Whether the park has registered a vehicle of this number as a rescue vehicle, however badly it was read.
    pub(crate) fn may_be_rescue(&self, capture: &PlateCapture, clock: Timestamp) -> bool {
        let number = &capture.plate_number;
        let mut registered = self.state.registry.registered_in_any_colour(number);
        !number.is_unread() && registered.any(|(_, it)| it.exempts(clock))
    }

    /// Whether people know that it stands there.
    pub(crate) fn is_told(&self, lane: &LaneId, decision: &str) -> bool {
        let state = self.state.lanes.get(lane);
        let mut known = state.into_iter().flat_map(|state| &state.recent);
        known.any(|it| it.decision == decision && it.told)
    }

    /// Whether it is news that one stands there whose number is not told apart from others: not a short time after the
    /// last, unless somebody went through since.
    fn is_rescue_loud(&mut self, step: &Step<'_>, lane: &LaneId, what: &str) -> bool {
        let state = self.state.lanes.get(lane);
        let passed = state.and_then(|state| state.last_passage);
        let passed = passed.map_or(0, |(at, _)| at.micros());
        self.is_loud(step, format!("rescue|{lane}|{what}|{passed}"))
    }

    /// People know that it stands there.
    pub(crate) fn note_told(&mut self, lane: &LaneId, decision: &str) {
        let is_his = |it: &Recent| it.decision == decision && !it.told;
        let is_news = |state: &LaneState| state.recent.iter().any(is_his);
        self.state.lanes.change_if(lane, is_news, |state| {
            for recent in state.recent.iter_mut().filter(|it| is_his(it)) {
                recent.told = true;
            }
        });
    }

    /// Whether one is to be told of.
    pub(crate) fn is_rescue_due(&self, now: (Timestamp, Timestamp)) -> bool {
        let mut lanes = self.state.lanes.iter();
        lanes.any(|(lane, state)| !self.is_open(lane) && waiting(state, now).next().is_some())
    }

    /// Tells of those that wait.
    pub(crate) fn rescues_due(&mut self, step: &mut Step<'_>) {
        let now = (step.entry.time, step.entry.clock);
        let lanes = self.state.lanes.iter();
        let lanes = lanes.filter(|(lane, _)| !self.is_open(lane));
        let waiting: Vec<(LaneId, Recent)> = lanes
            .flat_map(|(lane, state)| waiting(state, now).map(|it| (lane.clone(), it.clone())))
            .collect();
        for (lane, it) in waiting {
            let number = it.subject.number();
            let words = match it.through {
                Some(_) => format!(
                    "{number} is recorded as gone through, and somebody stands on the loops behind it; it may be itself 救援车辆已记录通过但线圈上仍有车辆,可能仍在等候"
                ),
                None => format!(
                    "{number} may wait there, and nothing is known to be open for it 救援车辆可能等候而未放行"
                ),
            };
            self.tell_rescue(step, &lane, &it, &words);
        }
    }

    /// Whoever is there may go through.
    fn is_open(&self, lane: &LaneId) -> bool {
        self.state.held.contains_key(lane) || self.state.releasing.contains_key(lane)
    }

    /// Notes that people know of it; whether they are to be told. Two that were not read are not told apart.
    fn may_tell(&mut self, step: &Step<'_>, lane: &LaneId, it: &Recent) -> bool {
        self.note_told(lane, &it.decision);
        it.subject.plate.is_some() || self.is_rescue_loud(step, lane, "UNREAD")
    }

    fn tell_rescue(&mut self, step: &mut Step<'_>, lane: &LaneId, it: &Recent, words: &str) {
        if !self.may_tell(step, lane, it) {
            return;
        }
        let plan = self.plan.clone();
        let (Some(gate), Some(lane)) = (plan.gate_of(lane), plan.lane(lane)) else {
            return;
        };
        let text = format!("gate {} lane {}: {words}", gate.id, lane.id);
        let about = about((gate, lane), &it.subject, None, text);
        self.alarm(step, AlarmCode::GateFault, AlarmLevel::Orange, about);
    }

    /// One that is not let in, told at once and each time it comes.
    pub(crate) fn tell_refused_rescue(
        &mut self,
        step: &mut Step<'_>,
        placed: (&Gate, &Lane),
        subject: &Seen,
        code: RefusalCode,
        correlation: Option<String>,
    ) {
        let (gate, lane) = placed;
        let is_his = |it: &&Recent| it.subject.capture == subject.capture;
        let state = self.state.lanes.get(&lane.id);
        let decided = state.and_then(|state| state.recent.iter().rfind(is_his).cloned());
        let Some(decided) = decided.filter(|it| !it.told) else {
            return;
        };
        if !self.may_tell(step, &lane.id, &decided) {
            return;
        }
        let alarm = of_refusal(code, subject).map_or(AlarmCode::GateFault, |(alarm, _)| alarm);
        let text = format!(
            "{code}: a rescue vehicle, {}, waits at {} lane {} and is not let in 救援车辆未放行: {}",
            subject.number(),
            gate.id,
            lane.id,
            code.as_chinese()
        );
        let about = about(placed, subject, correlation, text);
        self.alarm(step, alarm, AlarmLevel::Orange, about);
    }

    /// Tells of one that is taken to have gone because another left: the loops do not say that it was no other.
    pub(crate) fn tell_left(&mut self, step: &mut Step<'_>, lane: &LaneId, it: &Recent) {
        // A lane that is held is open for it.
        let is_open = self.is_open(lane);
        if !it.subject.is_rescue() || it.told || it.through.is_some() || is_open {
            return;
        }
        let words = format!(
            "{} is taken to have turned back; it may still stand there 救援车辆疑似退回，可能仍在等候",
            it.subject.number()
        );
        self.tell_rescue(step, lane, it, &words);
    }

    /// The same of one whose opening nobody used in its time.
    pub(crate) fn tell_given_up(&mut self, step: &mut Step<'_>, lane: &LaneId, opening: &Opening) {
        let state = self.state.lanes.get(lane);
        let mut known = state.into_iter().flat_map(|state| &state.recent);
        let his = known.find(|it| it.decision == opening.decision).cloned();
        if let Some(his) = his {
            self.tell_left(step, lane, &his);
        }
    }

    /// It is recorded as gone through and seen again: another may have gone on its opening.
    pub(crate) fn tell_still_there(
        &mut self,
        step: &mut Step<'_>,
        placed: (&Gate, &Lane),
        capture: &PlateCapture,
        plate: Option<&PlateKey>,
    ) {
        let seen = self.state.lanes.get(&capture.lane_id).and_then(|state| {
            let recent = state.recent.get(last_of(state, capture, plate)?)?;
            is_still_there(state, recent, capture).then(|| recent.clone())
        });
        let Some(seen) = seen else { return };
        if !self.is_loud(step, format!("still|{}", seen.decision)) {
            return;
        }
        self.note_told(&capture.lane_id, &seen.decision);
        let text = format!(
            "{} is recorded as gone through lane {} and is seen there again; another may have gone on its opening, and it may stand there 救援车辆已记录通过但仍被抓拍,可能有他车冒用放行,仍在等候",
            seen.subject.number(),
            capture.lane_id
        );
        let about = about(placed, &seen.subject, None, text);
        self.alarm(step, AlarmCode::GateFault, AlarmLevel::Orange, about);
    }

    /// One whose picture came too late to open for may stand there, unless it is being opened for or went through since
    /// the picture was taken. It is told each time.
    pub(crate) fn tell_late_rescue(
        &mut self,
        step: &mut Step<'_>,
        (gate, lane): (&Gate, &Lane),
        (subject, taken): (&Seen, Timestamp),
        correlation: Option<String>,
    ) {
        let lead_ms = step.entry.time.ms_since(step.entry.clock);
        let state = self.state.lanes.get(&lane.id);
        let mut known = state.into_iter().flat_map(|state| &state.recent);
        let is_known = known.any(|it| {
            let is_his = it.subject.plate.is_some() && it.subject.plate == subject.plate;
            let lasts = it.outcome == DecisionOutcome::Open && !it.over && !it.gone;
            // By the clock, as the picture.
            let through = it.through.map(|through| through.plus_ms(-lead_ms));
            is_his && lasts && through.is_none_or(|through| through >= taken)
        });
        if !subject.is_rescue() || is_known {
            return;
        }
        // Each picture of a camera whose clock is wrong is late.
        if !self.is_rescue_loud(step, &lane.id, subject.number()) {
            return;
        }
        let text = format!(
            "the picture of {} at {} lane {} came too late to open for it; it may stand there 救援车辆抓拍延迟未能放行,可能仍在等候",
            subject.number(),
            gate.id,
            lane.id
        );
        let about = about((gate, lane), subject, correlation, text);
        self.alarm(step, AlarmCode::GateFault, AlarmLevel::Orange, about);
    }
}

/// Those on a lane that people are to hear of.
fn waiting(state: &LaneState, now: (Timestamp, Timestamp)) -> impl Iterator<Item = &Recent> {
    let untold = state.recent.iter();
    let untold = untold.filter(|it| it.subject.is_rescue() && !it.told && !it.gone);
    untold.filter(move |it| match it.through {
        None => stands(state, it, now),
        Some(through) => stands_behind(state, it, (now.0, through)),
    })
}

/// Whether it was not let through for so long, as far as the loops can tell. A boom that fell is told a moment after.
fn stands(state: &LaneState, it: &Recent, (now, clock): (Timestamp, Timestamp)) -> bool {
    let mut openings = state.openings.iter();
    let is_in_force = |opening: &Opening| match (opening.fell, opening.unseen) {
        _ if opening.progress == Progress::Failed => false,
        (Some(_), _) => !opening.fall_told,
        (None, Some(since)) => clock.ms_since(since) < UNSEEN_MS,
        (None, None) => true,
    };
    let is_let_in = openings.any(|opening| opening.decision == it.decision && is_in_force(opening));
    let is_seen = it.outcome != DecisionOutcome::Open || state.has_loops;
    let waits_ms = now.ms_since(it.at);
    is_seen && !is_let_in && (WAITS_MS..STAY_MS).contains(&waits_ms)
}

/// Whether somebody stands on the loops for so long since it went through, and nobody is known who was there before.
fn stands_behind(state: &LaneState, it: &Recent, (now, through): (Timestamp, Timestamp)) -> bool {
    let Some(since) = state.on_loops else {
        return false;
    };
    let same_way = || {
        state
            .recent
            .iter()
            .filter(|known| known.direction == it.direction)
    };
    let is_last = same_way().all(|known| known.through.is_none_or(|at| at <= through));
    let waited = |known: &Recent| {
        let is_there = known.through.is_none() && !known.gone;
        is_there && known.came.ms_since(since) <= READ_MS
    };
    let is_nobody = !same_way().any(waited) && state.openings.iter().all(Opening::is_over);
    let is_soon = (0..=NEXT_MS).contains(&since.ms_since(through));
    is_last && is_nobody && is_soon && now.ms_since(since) >= WAITS_MS
}

/// Whether a picture may show it before the lane that is recorded as gone through: it was taken long enough after the
/// passage to show no rear that drives away.
fn is_still_there(state: &LaneState, recent: &Recent, capture: &PlateCapture) -> bool {
    let since = state.last_passage.filter(|_| recent.through.is_some());
    let least_ms = match state.on_loops {
        Some(_) => SEEN_MS,
        None => SEEN_OFF_MS,
    };
    let is_later = |at: Timestamp| capture.captured_at.ms_since(at) >= least_ms;
    // It may be leaving by the same lane.
    let is_his = |it: &Opening| it.subject.plate == recent.subject.plate && !it.is_over();
    let leaves = state.openings.iter().any(is_his);
    recent.subject.is_rescue() && !leaves && since.is_some_and(|(at, _)| is_later(at))
}
