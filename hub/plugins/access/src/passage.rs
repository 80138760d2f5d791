//! Vehicles that went through, backed out, or went through unasked.

use cordon_model::{
    AlarmCode, AlarmLevel, AuditOutcome, Body, DecisionOutcome, Direction, GateStatus, GateTier,
    LaneId, PartyId, PassageRecord, PassageResult, SubjectKind, Timestamp,
};

use crate::alarm::{About, Note, Step};
use crate::capture::REAR_MS;
use crate::ids;
use crate::opened::Held;
use crate::plate::PlateKey;
use crate::plugin::AccessPlugin;
use crate::state::{Founded, LaneState, Opening, Recent, Seen};
use crate::subject::is_vehicle;
use crate::visit::Visit;

/// Seconds by which a second gate's clock may differ from ours.
const CLOCKS_S: i64 = 300;
/// Unseen entries at gates of one enterprise that are told one by one within `alarm_quiet_s`.
const UNSEEN_MAX: u32 = 20;
/// Enterprises of which unseen entries are counted before those whose time is over are forgotten.
const UNSEEN_OWNERS_MAX: usize = 1_000;

/// Who went through a lane, and on what.
struct Through {
    subject: Option<Seen>,
    opening: Option<Opening>,
    /// The order that holds the lane open, when nobody was asked.
    order: Option<String>,
    result: PassageResult,
}

impl AccessPlugin {
    /// The loops saw a vehicle leave the lane on the far side.
    pub(crate) fn on_passed(
        &mut self,
        step: &mut Step<'_>,
        status: &GateStatus,
        direction: Direction,
    ) {
        let now = step.entry.time;
        self.note_passage(&status.lane_id, (step.entry.clock, direction));
        if let Some(opening) = self.used(status, (now, direction)) {
            let left = self.state.lanes.change(&status.lane_id, |state| {
                let mut left = Vec::new();
                state.went = Some((opening.decision.clone(), status.observed_at));
                // Nobody who came before him stands in front any more. One who was seen again since may stand behind.
                let is_his = |it: &Recent| it.decision == opening.decision;
                let came = state.recent.iter().find(|it| is_his(it)).map(|it| it.came);
                let before = state.recent.iter_mut().take_while(|it| !is_his(it));
                let before = before.filter(|it| came.is_some_and(|came| it.seen <= came));
                let refused = before.filter(|it| {
                    let is_refused = it.outcome != DecisionOutcome::Open && !it.gone;
                    // Who comes the other way stands on the other side.
                    is_refused && it.direction == direction
                });
                for refused in refused {
                    left.push(refused.clone());
                    refused.goes();
                    // It may have been he, badly seen: who was refused next may have come behind him.
                    if refused.is_unread() {
                        break;
                    }
                }
                left
            });
            for left in left.into_iter().flatten() {
                self.tell_left(step, &status.lane_id, &left);
            }
            let through = Through {
                subject: Some(opening.subject.clone()),
                opening: Some(opening),
                order: None,
                result: PassageResult::Passed,
            };
            self.record(step, status, direction, through);
            return;
        }
        let passage = (step.entry.clock, direction);
        self.state
            .lanes
            .change(&status.lane_id, |state| state.unopened = Some(passage));
        let subject = self.unasked(status, direction, now);
        let order = self
            .state
            .held
            .get(&status.lane_id)
            .map(|held: &Held| held.order.clone());
        let result = match order {
            Some(_) => PassageResult::Passed,
            None => {
                self.alarm_forced(step, status, direction, subject.as_ref());
                PassageResult::Forced
            }
        };
        let through = Through {
            subject,
            opening: None,
            order,
            result,
        };
        self.record(step, status, direction, through);
    }

    fn note_passage(&mut self, lane: &LaneId, passage: (Timestamp, Direction)) {
        let lanes = &mut self.state.lanes;
        if !lanes.contains_key(lane) {
            lanes.insert(lane.clone(), LaneState::default());
        }
        lanes.change(lane, |state| {
            state.last_passage = Some(passage);
            state.on_loops = None;
            state.has_loops = true;
            state.went = None;
        });
    }

    /// The opening that a vehicle went through on. One that failed is nobody's: whoever goes through under a boom that
    /// rose late went through unasked. So is one whose boom fell: whoever goes through then broke it.
    fn used(&mut self, status: &GateStatus, passage: (Timestamp, Direction)) -> Option<Opening> {
        let lane = &status.lane_id;
        let at = status.observed_at;
        // Under a boom that is held up goes whoever comes, and nobody for whom it fell before.
        let is_held = self.state.held.contains_key(lane);
        let openings = &self.state.lanes.get(lane)?.openings;
        let lets_through = |it: &Opening| match is_held {
            true => !it.is_over(),
            false => it.lets_through(at),
        };
        let theirs = openings.iter().enumerate();
        let theirs = theirs.filter(|(_, it)| it.direction == passage.1 && lets_through(it));
        let (place, _) = theirs.min_by_key(|(_, it)| it.turn(at))?;
        let state = self.state.lanes.get_mut(lane)?;
        state.passed = Some(passage);
        let opening = state.openings.remove(place);
        forget_rear(state, &opening, passage);
        let mut recent = state.recent.iter_mut();
        if let Some(recent) = recent.find(|it| it.decision == opening.decision) {
            recent.through = Some(passage.0);
            recent.over = false;
        }
        Some(opening)
    }

    /// The vehicle reversed out: its opening is over. It is the one for whom the boom is up, else the one last seen there
    /// that was not let through.
    pub(crate) fn on_backed_out(
        &mut self,
        step: &mut Step<'_>,
        status: &GateStatus,
        direction: Direction,
    ) {
        let (lane, at) = (&status.lane_id, status.observed_at);
        self.state.lanes.change(lane, |state| state.on_loops = None);
        let Some(state) = self.state.lanes.get(lane) else {
            return;
        };
        let theirs = state.openings.iter();
        let theirs = theirs.filter(|it| it.direction == direction && it.lets_through(at));
        let opening = theirs.min_by_key(|it| it.turn(at));
        let let_in = match opening {
            Some(opening) => Some(opening.decision.clone()),
            None => self
                .last_unasked(status, direction, step.entry.time)
                .and_then(|place| state.recent.get(place))
                .map(|it| it.decision.clone()),
        };
        let Some(let_in) = let_in else {
            return;
        };
        // Who was refused before it stands in front of it.
        let front = self.in_front(status, (&let_in, direction), step.entry.time);
        let decision = front.unwrap_or(let_in);
        let his = |it: &&Recent| it.decision == decision;
        if let Some(recent) = state.recent.iter().find(his).cloned() {
            self.tell_left(step, lane, &recent);
        }
        let left = self
            .state
            .lanes
            .get_mut(lane)
            .and_then(|state| state.leave(&decision));
        let Some(opening) = left else {
            return;
        };
        let through = Through {
            subject: Some(opening.subject.clone()),
            opening: Some(opening),
            order: None,
            result: PassageResult::BackedOut,
        };
        self.record(step, status, direction, through);
    }

    /// The vehicle last seen on the lane that was not let through, or whose opening came to nothing:
    /// most likely the one that went.
    fn unasked(
        &mut self,
        status: &GateStatus,
        direction: Direction,
        now: Timestamp,
    ) -> Option<Seen> {
        let place = self.last_unasked(status, direction, now)?;
        let state = self.state.lanes.get(&status.lane_id)?;
        let last = state.recent.get(place)?.decision.clone();
        // Who was let in before a boom that fell waits; who was refused in front of him does not.
        let front = self.in_front(status, (&last, direction), now);
        let state = self.state.lanes.get_mut(&status.lane_id)?;
        let is_front = |it: &Recent| Some(&it.decision) == front.as_ref();
        let is_let_in = |it: &Recent| it.outcome == DecisionOutcome::Open;
        let place = match state.recent.get(place).is_some_and(is_let_in) {
            true => state.recent.iter().position(is_front).unwrap_or(place),
            false => place,
        };
        let recent = state.recent.remove(place);
        // Its opening, if it had one, is over with it.
        state
            .openings
            .retain(|opening| opening.decision != recent.decision);
        Some(recent.subject)
    }

    fn last_unasked(
        &self,
        status: &GateStatus,
        direction: Direction,
        now: Timestamp,
    ) -> Option<usize> {
        let window_ms = i64::from(self.config.passage_s_max) * 1_000;
        let recent = &self.state.lanes.get(&status.lane_id)?.recent;
        // Where the lane is held open everybody is read who comes, and nobody is who was read before.
        let held = self.state.held.get(&status.lane_id).map(|held| held.at);
        recent.iter().rposition(|recent| {
            recent.direction == direction
                && held.is_none_or(|since| since <= recent.at)
                && (recent.outcome != DecisionOutcome::Open || recent.over)
                && !recent.gone
                && now.ms_since(recent.at) <= window_ms
        })
    }

    /// The decision on who was refused before this one, and may still stand in front of it.
    fn in_front(
        &self,
        status: &GateStatus,
        (decision, direction): (&str, Direction),
        now: Timestamp,
    ) -> Option<String> {
        let window_ms = i64::from(self.config.passage_s_max) * 1_000;
        let recent = &self.state.lanes.get(&status.lane_id)?.recent;
        let mut before = recent.iter().take_while(|it| it.decision != decision);
        let front = before.find(|it| {
            it.direction == direction
                && it.outcome != DecisionOutcome::Open
                && !it.gone
                && now.ms_since(it.seen) <= window_ms
        });
        front.map(|it| it.decision.clone())
    }

    fn alarm_forced(
        &mut self,
        step: &mut Step<'_>,
        status: &GateStatus,
        direction: Direction,
        subject: Option<&Seen>,
    ) {
        let window_ms = i64::from(self.config.tailgate_s) * 1_000;
        let behind = self
            .state
            .lanes
            .get(&status.lane_id)
            .and_then(|state| state.passed)
            .is_some_and(|(at, way)| way == direction && step.entry.time.ms_since(at) <= window_ms)
            // Whoever breaks a closed boom follows nobody.
            && status.inputs.down_limit != Some(true);
        let (code, level, text) = if behind {
            (
                AlarmCode::Tailgating,
                AlarmLevel::Yellow,
                "a second vehicle passed on one opening 尾随",
            )
        } else {
            (
                AlarmCode::GateForced,
                AlarmLevel::Orange,
                "a vehicle passed without an opening 强行闯卡",
            )
        };
        let gate = self.plan.gate_of(&status.lane_id).cloned();
        let about = About {
            device: Some(&status.device_id),
            gate: gate.as_ref().map(|gate| &gate.id),
            lane: Some(&status.lane_id),
            area: gate.as_ref().and_then(|gate| gate.area.as_deref()),
            subject,
            text: format!("{text}: lane {} {direction}", status.lane_id),
            ..About::default()
        };
        self.alarm(step, code, level, about);
    }

    /// Says the passage. What it changes is applied when the record itself comes by.
    fn record(
        &self,
        step: &mut Step<'_>,
        status: &GateStatus,
        direction: Direction,
        through: Through,
    ) {
        let Some(gate) = self.plan.gate_of(&status.lane_id) else {
            return;
        };
        let subject = through.subject.as_ref();
        let open_visit = subject
            .and_then(|subject| subject.plate.as_ref())
            .and_then(|plate| self.state.yard.visit_of(plate))
            .map(|visit| visit.id.clone());
        let opening = through.opening.as_ref();
        let visit = match direction {
            Direction::In => Some(opening.map_or_else(
                || ids::visit(step.entry.number),
                |opening| opening.visit.clone(),
            )),
            Direction::Out => open_visit,
        };
        let record = PassageRecord {
            passage_id: ids::passage(step.entry),
            visit_id: visit.clone(),
            gate_id: gate.id.clone(),
            lane_id: Some(status.lane_id.clone()),
            tier: gate.tier,
            enterprise_id: None,
            direction,
            subject_kind: subject.map_or(SubjectKind::VehOrdinary, |subject| subject.kind),
            plate: subject.and_then(Seen::plate),
            trailer_plate: subject.and_then(|subject| subject.trailer.clone()),
            person_id: subject.and_then(|subject| subject.person.clone()),
            result: through.result,
            grant_id: opening.and_then(|opening| opening.grant.clone()),
            decision_ref: opening
                .map(|opening| opening.decision.clone())
                .or(through.order),
            capture_ref: subject.map(|subject| subject.capture),
            command_id: opening.map(|opening| opening.command),
            passed_at: status.observed_at.min(step.entry.time),
            image_ref: subject.and_then(|subject| subject.image.clone()),
            image_digest: subject.and_then(|subject| subject.image_digest),
        };
        step.emit(Body::PassageRecord(record), visit);
    }

    /// A passage, ours or of a gate with a system of its own.
    pub(crate) fn on_passage_record(&mut self, step: &mut Step<'_>, record: &PassageRecord) {
        if record.result == PassageResult::BackedOut || !is_vehicle(record.subject_kind) {
            return;
        }
        let plate = record
            .plate
            .as_ref()
            .filter(|plate| !plate.number.is_unread())
            .map(PlateKey::of);
        // Whose gate it is says the plan, not the record: an enterprise's word about its own gate does
        // not move the park's count.
        let plan = self.plan.clone();
        let Some(gate) = plan.gate(&record.gate_id) else {
            return;
        };
        match (&gate.owner, gate.tier) {
            (Some(owner), _) => self.second_gate(step, record, plate.as_ref(), Some(owner)),
            (None, GateTier::EnterpriseSecond) => {
                let enterprise = record.enterprise_id.as_ref();
                self.second_gate(step, record, plate.as_ref(), enterprise);
            }
            (None, GateTier::Park) => match record.direction {
                Direction::In => self.entered(step, record, plate),
                Direction::Out => {
                    self.state
                        .yard
                        .leave(plate.as_ref(), record.subject_kind, step.entry.time);
                    self.state.occupancy_changed();
                }
            },
        }
    }

    fn entered(&mut self, step: &mut Step<'_>, record: &PassageRecord, plate: Option<PlateKey>) {
        let now = step.entry.time;
        self.state.yard.turn_day(now);
        let before = plate
            .as_ref()
            .and_then(|plate| self.state.yard.number_of(plate));
        if let Some(old) = before.and_then(|number| self.state.yard.close(number)) {
            step.audit(Note {
                action: "access.exit-unseen",
                actor: None,
                target: &old.id,
                outcome: AuditOutcome::Failure,
                detail: "the vehicle enters again without having been seen to leave",
            });
        }
        let founded = plate.as_ref().and_then(|plate| self.founded(record, plate));
        let host = founded.as_ref().map(|grant| grant.key.enterprise.clone());
        let mut visit = Visit {
            id: record
                .visit_id
                .clone()
                .unwrap_or_else(|| ids::visit(step.entry.number)),
            plate,
            kind: record.subject_kind,
            gate: record.gate_id.clone(),
            area: self
                .plan
                .gate(&record.gate_id)
                .and_then(|gate| gate.area.clone()),
            entered: record.passed_at,
            grant: record.grant_id.clone(),
            host,
            due: None,
            told: false,
        };
        visit.due = self.due_of_entry(&visit, founded.as_ref());
        let max = self.config.visits_max;
        if let Some(old) = self.state.yard.enter(step.entry.number, visit, max) {
            step.audit(Note {
                action: "access.visits-full",
                actor: None,
                target: &old.id,
                outcome: AuditOutcome::Failure,
                detail: "the oldest visit was closed to make room for a new one",
            });
        }
        self.state.occupancy_changed();
    }

    /// When an entry becomes an overstay. What was said since the decision gives a later end only where it grants one.
    fn due_of_entry(&self, visit: &Visit, founded: Option<&Founded>) -> Option<Timestamp> {
        let decided = founded.map(|grant| grant.due(visit.entered));
        match (self.due(visit), decided) {
            (Some((due, false)), Some(decided)) => Some(due.min(decided)),
            (Some((due, _)), _) => Some(due),
            (None, decided) => decided,
        }
    }

    /// The grant that an entry is on, by the decision that opened for it: a record names the grant's id alone, which
    /// several enterprises may give.
    fn founded(&self, record: &PassageRecord, plate: &PlateKey) -> Option<Founded> {
        let (lane, id) = (record.lane_id.as_ref()?, record.grant_id.as_ref()?);
        let recent = &self.state.lanes.get(lane)?.recent;
        let opened = recent.iter().rev().filter(|recent| {
            let seen = recent.subject.plate.as_ref();
            let is_it = seen.is_some_and(|seen| seen.may_be(plate));
            let is_named = record.decision_ref.as_ref() == Some(&recent.decision);
            recent.outcome == DecisionOutcome::Open
                && recent.direction == record.direction
                && (is_it || is_named)
        });
        let mut grants = opened.filter_map(|recent| recent.grant.as_ref());
        grants.find(|grant| grant.key.id == *id).cloned()
    }

    /// A vehicle at a plant's own gate must have come through a gate of the park (R066).
    fn second_gate(
        &mut self,
        step: &mut Step<'_>,
        record: &PassageRecord,
        plate: Option<&PlateKey>,
        enterprise: Option<&PartyId>,
    ) {
        let Some(plate) = plate.filter(|_| record.direction == Direction::In) else {
            return;
        };
        let yard = &self.state.yard;
        let known = yard.visit_of(plate).is_some()
            || yard.left_since(plate, record.passed_at.plus_seconds(-CLOCKS_S));
        // What one plant says of a vehicle silences nothing at another's gate.
        let gate = &record.gate_id;
        let key = format!("{}|{gate}|{}", AlarmCode::UnseenEntry, plate.number);
        if known || self.is_quiet(step, &key) {
            return;
        }
        let words = match self.unseen_of(step, enterprise) {
            Unseen::Told => "without an entry at a gate of the park 未经园区卡口进入",
            Unseen::Last => {
                "without an entry at a gate of the park, as did many in a short time; further ones are not told one by one 未经园区卡口进入，数量众多，不再逐一告警"
            }
            Unseen::Counted => return,
        };
        self.is_loud(step, key);
        let seen = Seen {
            plate: Some(plate.clone()),
            trailer: record.trailer_plate.clone(),
            person: None,
            kind: record.subject_kind,
            rescue: false,
            capture: step.entry.message_id,
            image: record.image_ref.clone(),
            image_digest: record.image_digest,
        };
        let about = About {
            gate: Some(&record.gate_id),
            lane: record.lane_id.as_ref(),
            enterprise,
            subject: Some(&seen),
            text: format!("passed second gate {} {words}", record.gate_id),
            ..About::default()
        };
        self.alarm(step, AlarmCode::UnseenEntry, AlarmLevel::Orange, about);
    }

    /// Counts one more unseen entry at gates of this enterprise: what one enterprise records is not told one
    /// by one without end.
    fn unseen_of(&mut self, step: &Step<'_>, enterprise: Option<&PartyId>) -> Unseen {
        let (now, quiet) = (step.entry.time.micros(), self.quiet());
        let unseen = &mut self.state.unseen;
        // Enterprises that left the plan, or were never in it, are not remembered beyond their time.
        if unseen.len() >= UNSEEN_OWNERS_MAX {
            unseen.retain(|_, (since, _)| now.saturating_sub(*since) < quiet);
        }
        let count = unseen.or_insert_with(enterprise.cloned(), || (now, 0));
        if now.saturating_sub(count.0) >= quiet {
            *count = (now, 0);
        }
        count.1 = count.1.saturating_add(1);
        match count.1 {
            ..UNSEEN_MAX => Unseen::Told,
            UNSEEN_MAX => Unseen::Last,
            _ => Unseen::Counted,
        }
    }
}

/// What was decided of a rear, read a moment ago as one who comes the other way, was of him who goes.
fn forget_rear(state: &mut LaneState, opening: &Opening, (now, direction): (Timestamp, Direction)) {
    let Some(plate) = &opening.subject.plate else {
        return;
    };
    let is_rear = |it: &Recent| {
        let is_his = it.subject.plate.as_ref().is_some_and(|it| it.may_be(plate));
        let is_just = it.through.is_none() && now.ms_since(it.at) <= REAR_MS;
        is_his && is_just && it.direction != direction
    };
    let rears: Vec<Recent> = state.recent.extract_if(.., |it| is_rear(it)).collect();
    for rear in rears {
        state.openings.retain(|it| it.decision != rear.decision);
    }
}

/// What becomes of one more unseen entry.
enum Unseen {
    Told,
    /// Told, and that further ones are not.
    Last,
    Counted,
}
