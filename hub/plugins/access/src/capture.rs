//! A plate at a lane.

use cordon_model::{
    DecisionOutcome, Direction, PassageDecision, PlateCapture, RefusalCode, RuleRef, Timestamp,
    plan::{Gate, Lane},
};

use crate::alarm::{About, Note, Step, of_refusal};
use crate::behind::REFUSED_MS;
use crate::claims::Sought;
use crate::decide::Verdict;
use crate::facts::{LookedUp, percent};
use crate::ids;
use crate::plate::PlateKey;
use crate::plugin::AccessPlugin;
use crate::state::{LaneState, Opening, Progress, Recent, Seen};
use cordon_model::{AuditOutcome, Body};

/// A picture that is older than this did not come at once, milliseconds.
const PROMPT_MS: i64 = 3_000;
/// So long after it went through a vehicle's rear may be read by who looks the other way, milliseconds.
pub(crate) const REAR_MS: i64 = 5_000;
/// Who was not seen for so long and comes again, comes anew: people are told again, milliseconds.
const TOLD_MS: i64 = 30_000;
/// So many times as long as a passage may take keeps his place who is not seen, while nobody goes through.
const LONG_TIMES: i64 = 5;

/// The plug-in's own answer to a picture that came too late to open for.
const CAPTURE_LATE: &str = "access.capture-late";
/// The same to one who comes to a lane on which as many wait as may.
const LANE_CROWDED: &str = "access.lane-crowded";

impl AccessPlugin {
    pub(crate) fn on_capture(&mut self, step: &mut Step<'_>, capture: &PlateCapture) {
        let plan = self.plan.clone();
        let placed = plan
            .lane(&capture.lane_id)
            .and_then(|lane| plan.gate(&lane.gate).map(|gate| (lane, gate)));
        let Some((lane, gate)) = placed else {
            step.audit(Note {
                action: "access.unknown-lane",
                actor: None,
                target: capture.lane_id.as_str(),
                outcome: AuditOutcome::Denied,
                detail: "a plate was captured on a lane that is not in the plan",
            });
            return;
        };
        let (now, clock) = (step.entry.time, step.entry.clock);
        let plate = self.readable(capture);
        let direction = capture.direction;
        if self.is_rear(lane, capture, plate.as_ref(), now) {
            return;
        }
        let answered = self.answered(lane, capture, plate.as_ref(), now);
        // What is being opened for is not looked up again.
        if answered.is_some_and(|(outcome, _)| outcome == DecisionOutcome::Open) {
            self.seen_again(lane, capture, plate.as_ref(), now);
            return self.tell_still_there(step, (gate, lane), capture, plate.as_ref());
        }
        let sought = Sought {
            capture,
            plate: plate.as_ref(),
            gate,
            lane,
            now: clock,
        };
        let late = self.late(sought);
        let (mut found, verdict) = self.judge(sought, late);
        if answered == Some((verdict.outcome, verdict.code)) {
            if !is_late(&verdict) {
                self.seen_again(lane, capture, plate.as_ref(), now);
            }
            return;
        }
        // In another colour it is the same vehicle, seen badly, or another of that number: which is not opened for while
        // the lane is opening for the first, and whose refusal is told.
        if verdict.outcome == DecisionOutcome::Open
            && self.is_opening_for(lane, direction, capture, now)
        {
            return;
        }
        let subject = Seen {
            plate,
            trailer: capture.trailer_plate.clone(),
            person: found.person.take(),
            kind: found.kind,
            rescue: found.rescue || self.may_be_rescue(capture, clock),
            capture: step.entry.message_id,
            image: capture.image_ref.clone(),
            image_digest: capture.image_digest,
        };
        self.decided(
            step,
            Decided {
                gate,
                lane,
                direction,
                found,
                verdict,
                subject,
                capture,
            },
        );
    }

    /// The plate, unless it was not read or so badly that it might be any.
    fn readable(&self, capture: &PlateCapture) -> Option<PlateKey> {
        let unsure = capture
            .confidence
            .and_then(percent)
            .is_some_and(|percent| percent < self.config.confidence_percent_min);
        (!capture.plate_number.is_unread() && !unsure).then(|| PlateKey {
            number: capture.plate_number.clone(),
            colour: capture.plate_colour,
        })
    }

    /// What to do, and what it is founded on: first what rules cannot judge, then the rules.
    pub(crate) fn judge(&self, sought: Sought<'_>, late: Option<Verdict>) -> (LookedUp, Verdict) {
        let unjudged = late.or_else(|| self.unjudged(sought));
        let (found, verdict) = self.answer(sought, unjudged);
        let manual = |rule| Verdict::manual(RefusalCode::DeviceFault, rule, "7.1.2.2");
        let verdict = match verdict.outcome {
            DecisionOutcome::Open if self.barrier_of(&sought.lane.id).is_none() => {
                manual("access.no-barrier")
            }
            DecisionOutcome::Open if self.is_crowded(&sought.lane.id) => manual(LANE_CROWDED),
            _ => verdict,
        };
        (found, verdict)
    }

    /// What is said of a picture that is too old to open for.
    fn late(&self, sought: Sought<'_>) -> Option<Verdict> {
        let age_ms = sought.now.ms_since(sought.capture.captured_at);
        let is_late = age_ms > i64::from(self.config.capture_age_s_max) * 1_000
            || self.has_passed_since(sought.lane, sought.capture, sought.now);
        is_late.then(|| fault(CAPTURE_LATE))
    }

    /// What no rule is asked about.
    fn unjudged(&self, sought: Sought<'_>) -> Option<Verdict> {
        let Sought { capture, gate, .. } = sought;
        let named = capture.gate_id.as_ref();
        if named.is_some_and(|named| *named != gate.id) {
            return Some(fault("access.gate-mismatch"));
        }
        let is_unread = sought.plate.is_none() && capture.direction == Direction::In;
        let mismatch = RefusalCode::CredentialMismatch;
        is_unread.then(|| Verdict::manual(mismatch, "access.plate-unread", "5.2.2.3"))
    }

    /// The picture took longer than an arrival lasts, and a vehicle went through after it was taken:
    /// the one it shows stands there no longer, and nothing is opened for the next. So it is sooner where that vehicle
    /// went on nobody's opening: it had no picture yet.
    fn has_passed_since(&self, lane: &Lane, capture: &PlateCapture, now: Timestamp) -> bool {
        let Some(state) = self.state.lanes.get(&lane.id) else {
            return false;
        };
        let age_ms = now.ms_since(capture.captured_at);
        let is_later = |passage: Option<(Timestamp, Direction)>| {
            passage.is_some_and(|(at, way)| way == capture.direction && at > capture.captured_at)
        };
        age_ms > i64::from(self.config.repeat_ms) && is_later(state.last_passage)
            || age_ms > PROMPT_MS && is_later(state.unopened)
    }

    /// Whether it shows the rear of a vehicle that goes through, or did a moment ago, read as one that comes the other way.
    fn is_rear(
        &self,
        lane: &Lane,
        capture: &PlateCapture,
        plate: Option<&PlateKey>,
        now: Timestamp,
    ) -> bool {
        let (Some(plate), Some(state)) = (plate, self.state.lanes.get(&lane.id)) else {
            return false;
        };
        let is_his = |seen: &Seen| seen.plate.as_ref().is_some_and(|it| it.may_be(plate));
        let has_gone = state.recent.iter().any(|it| {
            let is_just = |through| now.ms_since(through) <= REAR_MS;
            let is_other_way = it.direction != capture.direction;
            is_other_way && is_his(&it.subject) && it.through.is_some_and(is_just)
        });
        has_gone
            || state.openings.iter().any(|it| {
                let goes = it.progress == Progress::Confirmed && !it.is_over();
                it.direction != capture.direction && is_his(&it.subject) && goes
            })
    }

    /// What was answered to this arrival a moment ago: the lane is opening for it already, or the same answer is not
    /// said again. A camera that cannot tell the colour shows the same vehicle, and so does one that sees a long vehicle's
    /// rear when it is through.
    fn answered(
        &self,
        lane: &Lane,
        capture: &PlateCapture,
        plate: Option<&PlateKey>,
        now: Timestamp,
    ) -> Option<(DecisionOutcome, Option<RefusalCode>)> {
        let state = self.state.lanes.get(&lane.id)?;
        let recent = state.recent.get(last_of(state, capture, plate)?)?;
        let is_answered = self.is_answered(state, recent, now);
        is_answered.then_some((recent.outcome, recent.code))
    }

    fn is_answered(&self, state: &LaneState, recent: &Recent, now: Timestamp) -> bool {
        let repeat_ms = i64::from(self.config.repeat_ms);
        let fresh = now.ms_since(recent.through.unwrap_or(recent.at)) < repeat_ms;
        let waits = |opening: &Opening| opening.decision == recent.decision;
        let opens = recent.outcome == DecisionOutcome::Open;
        let holds = fresh || opens && state.openings.iter().any(waits);
        // Who had left and is seen again has come again; of late pictures nobody had.
        let is_late = recent.code == Some(RefusalCode::DeviceFault);
        holds && !recent.over && (!recent.gone || is_late)
    }

    /// What was answered to him is not said again, but he was seen.
    fn seen_again(
        &mut self,
        lane: &Lane,
        capture: &PlateCapture,
        plate: Option<&PlateKey>,
        now: Timestamp,
    ) {
        let last = |state: &LaneState| last_of(state, capture, plate);
        let is_news = |state: &LaneState| {
            let recent = last(state).and_then(|place| state.recent.get(place));
            recent.is_some_and(|it| it.seen < now)
        };
        let lanes = &mut self.state.lanes;
        lanes.change_if(&lane.id, is_news, |state| {
            let recent = last(state).and_then(|place| state.recent.get_mut(place));
            if let Some(recent) = recent {
                recent.seen = now;
            }
        });
    }

    /// Whether the lane is opening for a vehicle of this number, in whatever colour.
    fn is_opening_for(
        &self,
        lane: &Lane,
        direction: Direction,
        capture: &PlateCapture,
        now: Timestamp,
    ) -> bool {
        let Some(state) = self.state.lanes.get(&lane.id) else {
            return false;
        };
        let is_it = |recent: &&Recent| {
            let seen = recent.subject.plate.as_ref();
            recent.direction == direction
                && recent.outcome == DecisionOutcome::Open
                && seen.is_some_and(|seen| seen.number == capture.plate_number)
        };
        let recent = state.recent.iter().rev().find(is_it);
        recent.is_some_and(|recent| self.is_answered(state, recent, now))
    }

    pub(crate) fn decided(&mut self, step: &mut Step<'_>, decided: Decided<'_>) {
        let now = step.entry.time;
        let Decided {
            gate,
            lane,
            direction,
            found,
            verdict,
            subject,
            capture,
        } = decided;
        let decision = ids::decision(step.entry);
        let came = self.came(lane, direction, now, &subject);
        // A late picture says nothing of who stands there now.
        let place = match is_late(&verdict) {
            true => None,
            false => {
                let lead_ms = now.ms_since(step.entry.clock);
                self.forget_over(lane, direction, (now, lead_ms), &subject)
            }
        };
        let visit = match direction {
            Direction::In => Some(ids::visit(step.entry.number)),
            Direction::Out => subject
                .plate
                .as_ref()
                .and_then(|plate| self.state.yard.visit_of(plate))
                .map(|visit| visit.id.clone()),
        };
        let message = PassageDecision {
            decision_id: decision.clone(),
            gate_id: gate.id.clone(),
            lane_id: lane.id.clone(),
            direction,
            subject_kind: subject.kind,
            plate: subject.plate(),
            trailer_plate: subject.trailer.clone(),
            person_id: subject.person.clone(),
            capture_ref: subject.capture,
            outcome: verdict.outcome,
            refusal_code: verdict.code,
            rules: verdict.rules.clone(),
            rule_set_digest: self.rules.digest(),
            // The flow knows it.
            settings_entry: None,
            grant_id: found.grant.as_ref().map(|grant| grant.key.id.clone()),
            operating_mode: self.state.modes.of(&gate.id),
            decided_at: now,
        };
        step.emit(Body::PassageDecision(message), visit.clone());
        self.remember(
            lane,
            Recent {
                decision: decision.clone(),
                at: now,
                direction,
                outcome: verdict.outcome,
                code: verdict.code,
                grant: found.grant.clone(),
                over: false,
                // Whoever it shows may stand there no longer.
                gone: is_late(&verdict),
                crowded: is_by(&verdict, LANE_CROWDED),
                came,
                seen: now,
                through: None,
                // Where he stands still, people know of a refusal that is told again.
                told: verdict.code.is_some() && place.is_some_and(|(_, _, told)| told),
                subject: subject.clone(),
            },
        );
        match verdict.code {
            None => self.open(
                step,
                gate,
                lane,
                direction,
                subject,
                Basis {
                    decision,
                    grant: found.grant.map(|grant| grant.key.id),
                    visit: visit.unwrap_or_else(|| ids::visit(step.entry.number)),
                    rule: verdict.rules.first().cloned(),
                    capture: capture.clone(),
                },
            ),
            // A late picture says nothing of the gate.
            Some(_) if is_late(&verdict) => {
                let picture = (&subject, capture.captured_at);
                self.tell_late_rescue(step, (gate, lane), picture, visit);
            }
            Some(code) => self.alarm_refusal(step, gate, lane, &subject, code, visit),
        }
        if let Some((place, earlier, _)) = place {
            self.keep_place(step, &lane.id, (place, earlier.min(came)));
        }
    }

    /// Since when a vehicle of this number may be at the lane, whatever was decided of it and became of that: who was seen
    /// since then may stand behind it, and did not leave because it goes.
    fn came(&self, lane: &Lane, direction: Direction, now: Timestamp, subject: &Seen) -> Timestamp {
        let Some(plate) = &subject.plate else {
            return now;
        };
        let state = self.state.lanes.get(&lane.id);
        let known = state.into_iter().flat_map(|state| &state.recent);
        let his = known.filter(|it| {
            let seen = it.subject.plate.as_ref();
            it.direction == direction
                && now.ms_since(it.seen) <= REFUSED_MS
                && seen.is_some_and(|seen| seen.number == plate.number)
        });
        his.map(|it| it.came).min().unwrap_or(now)
    }

    /// An earlier opening for the same vehicle that failed, or whose boom fell, is replaced by what is decided now, and so is
    /// an earlier refusal. Where he stood, since when, and whether people know, if he stands there still. Of two whose plates were not read each may be
    /// another vehicle.
    fn forget_over(
        &mut self,
        lane: &Lane,
        direction: Direction,
        (now, lead_ms): (Timestamp, i64),
        subject: &Seen,
    ) -> Option<(usize, Timestamp, bool)> {
        let plate = subject.plate.as_ref()?;
        // In another colour it may be another: what was decided of him stands.
        let is_his = |it: &Seen| it.plate.as_ref().is_some_and(|it| it.may_be(plate));
        let is_over =
            |it: &Opening| it.is_over() && it.direction == direction && is_his(&it.subject);
        let window_ms = i64::from(self.config.passage_s_max) * 1_000;
        // His place lapses where somebody went through since he was seen last, and much time has gone by.
        let state = self.state.lanes.get(&lane.id);
        let passed = state.and_then(|state| state.last_passage);
        let passed = passed.map(|(at, _)| at.plus_ms(lead_ms));
        let stands = |it: &Recent| {
            let is_his = it.direction == direction && is_his(&it.subject);
            let waits = it.outcome != DecisionOutcome::Open || it.over;
            let away_ms = now.ms_since(it.seen);
            let is_first = passed.is_none_or(|passed| passed <= it.seen);
            let is_there = away_ms <= window_ms || is_first && away_ms <= LONG_TIMES * window_ms;
            is_his && waits && !it.gone && is_there
        };
        let place = self.state.lanes.change(&lane.id, |state| {
            state.openings.retain(|it| !is_over(it));
            let place = state.recent.iter().position(stands);
            let place = place.map(|place| {
                let his = state.recent.remove(place);
                let is_known = his.told && now.ms_since(his.seen) <= TOLD_MS;
                (place, his.came, is_known)
            });
            let is_earlier = |it: &&mut Recent| it.direction == direction && is_his(&it.subject);
            let earlier = state.recent.iter_mut().filter(is_earlier);
            for refused in earlier.filter(|it| it.outcome != DecisionOutcome::Open) {
                refused.gone = true;
            }
            place
        });
        place.flatten()
    }

    fn remember(&mut self, lane: &Lane, recent: Recent) {
        let max = self.config.decisions_per_lane_max.max(1);
        let (now, way_s) = (recent.at, i64::from(self.config.passage_s_max));
        let list = &mut self.state.lanes.or_default(lane.id.clone()).recent;
        list.push(recent);
        while list.len() > max {
            // The oldest of those that are needed least: however many come meanwhile, who was let in and is on his way is
            // known, and so is who was refused and may stand there. The newest is known too.
            let need = |recent: &Recent| {
                let is_old = now.ms_since(recent.seen) > way_s * 1_000;
                match (recent.outcome, recent.through) {
                    _ if recent.gone => 0,
                    (_, Some(_)) => 1,
                    _ if is_old => 2,
                    (DecisionOutcome::Open, _) => 4,
                    _ => 3,
                }
            };
            let before = list.iter().take(max).enumerate();
            let least = before.min_by_key(|(_, recent)| need(recent));
            list.remove(least.map_or(0, |(place, _)| place));
        }
    }

    fn alarm_refusal(
        &mut self,
        step: &mut Step<'_>,
        gate: &Gate,
        lane: &Lane,
        subject: &Seen,
        code: RefusalCode,
        correlation: Option<String>,
    ) {
        if self.config.quiet.contains(&code) {
            return;
        }
        if subject.is_rescue() && code != RefusalCode::Blacklist {
            return self.tell_refused_rescue(step, (gate, lane), subject, code, correlation);
        }
        let Some((alarm, level)) = of_refusal(code, subject) else {
            return;
        };
        if !self.is_loud(step, format!("{alarm}|{}|{}", lane.id, subject.number())) {
            return;
        }
        let text = format!(
            "{code}: {} refused at {} lane {} {}",
            subject.kind,
            gate.id,
            lane.id,
            code.as_chinese()
        );
        let about = about((gate, lane), subject, correlation, text);
        self.alarm(step, alarm, level, about);
    }
}

/// What an alarm on who stands at a lane is about.
pub(crate) fn about<'a>(
    (gate, lane): (&'a Gate, &'a Lane),
    subject: &'a Seen,
    correlation: Option<String>,
    text: String,
) -> About<'a> {
    About {
        gate: Some(&gate.id),
        lane: Some(&lane.id),
        area: gate.area.as_deref(),
        subject: Some(subject),
        correlation,
        text,
        ..About::default()
    }
}

fn fault(rule: &str) -> Verdict {
    Verdict::manual(RefusalCode::DeviceFault, rule, "5.2.2.3")
}

fn is_late(verdict: &Verdict) -> bool {
    is_by(verdict, CAPTURE_LATE)
}

fn is_by(verdict: &Verdict, id: &str) -> bool {
    verdict.rules.iter().any(|rule| rule.rule_id == id)
}

/// The newest decision on what a picture shows. One whose plate was not read is another such, or the same.
pub(crate) fn last_of(
    state: &LaneState,
    capture: &PlateCapture,
    plate: Option<&PlateKey>,
) -> Option<usize> {
    let is_it = |recent: &Recent| {
        let seen = recent.subject.plate.as_ref();
        let is_same = match (seen, plate) {
            (Some(seen), Some(plate)) => seen.may_be(plate),
            (seen, plate) => seen == plate,
        };
        recent.direction == capture.direction && is_same
    };
    let recent = state.recent.iter().enumerate();
    let his = recent.filter(|(_, recent)| is_it(recent));
    his.max_by_key(|(_, recent)| recent.at)
        .map(|(place, _)| place)
}

/// A verdict and what it is about.
pub(crate) struct Decided<'a> {
    pub gate: &'a Gate,
    pub lane: &'a Lane,
    pub direction: Direction,
    pub found: LookedUp,
    pub verdict: Verdict,
    pub subject: Seen,
    pub capture: &'a PlateCapture,
}

/// Why a barrier is ordered open.
pub(crate) struct Basis {
    pub decision: String,
    pub grant: Option<String>,
    pub visit: String,
    pub rule: Option<RuleRef>,
    pub capture: PlateCapture,
}
