//! Escalation: what follows while nobody acknowledges, by the routes that hold then, and what follows at once when
//! nobody could be told.

use cordon_contract::{Decisions, Entry};
use cordon_model::{AlarmEvent, AlarmUpdate, AuditOutcome, Body};

use crate::alarm::Alarm;
use crate::dispatch::NOTICES_MAX;
use crate::plugin::AlarmPlugin;
use crate::routes::{CONSOLE, Errand, Later, is_grave};
use crate::state::Notice;

/// Audit action: of a red or orange alarm nobody could be told.
const UNTOLD: &str = "alarm.nobody-told";

/// A step of an escalation as it is carried out.
struct Stage<'a> {
    /// 1 for the first step.
    number: u32,
    /// Who is told by it.
    receivers: Vec<String>,
    /// Why, in short, before the alarm's own words.
    why: &'a str,
    /// Who could not be told.
    missed: &'a [&'a str],
    /// It comes before its time.
    is_ahead: bool,
}

/// The steps of all errands: seconds, number from 1, receivers; the earliest first.
pub(crate) fn steps(errands: &[Errand]) -> Vec<(u32, u32, &Vec<String>)> {
    let each = errands.iter().flat_map(|errand| {
        let steps = errand.escalate.iter().zip(1_u32..);
        steps.map(|(step, number)| (step.after_s, number, &step.receivers))
    });
    let mut steps: Vec<_> = each.collect();
    steps.sort_by_key(|(after_s, _, _)| *after_s);
    steps
}

impl AlarmPlugin {
    /// What the routes say now of an alarm as it is now.
    pub(crate) fn errands(&self, alarm: &Alarm) -> Vec<Errand> {
        self.routes.resolve(&self.places.facts(&alarm.event))
    }

    /// Sets when an alarm is escalated next by these errands.
    pub(crate) fn schedule(&mut self, id: &str, errands: &[Errand]) {
        let Some(alarm) = self.state.alarms.get(id) else {
            return;
        };
        let mut to_come = steps(errands).into_iter().map(|(after_s, ..)| after_s);
        let next = to_come.find(|after_s| *after_s > alarm.passed_s);
        let next = next.filter(|_| alarm.is_raised());
        let next = next.map(|after_s| alarm.raised.plus_seconds(i64::from(after_s)));
        self.state.escalates_at(id, next);
    }

    /// The steps of an alarm that are due next, all of one time, if nobody acknowledged meanwhile.
    pub(crate) fn escalate(&mut self, entry: &Entry, id: &str, decisions: &mut Decisions) {
        self.state.escalates_at(id, None);
        let Some(alarm) = self.state.alarms.get(id).filter(|it| it.is_raised()) else {
            return;
        };
        let errands = self.errands(alarm);
        let (told, passed_s) = (alarm.told.clone(), alarm.passed_s);
        let to_come = steps(&errands);
        let to_come = to_come.iter().filter(|(after_s, ..)| *after_s > passed_s);
        let due: Vec<_> = to_come.collect();
        let Some((now_s, ..)) = due.first() else {
            return;
        };
        if let Some(alarm) = self.state.alarms.get_mut(id) {
            alarm.passed_s = *now_s;
        }
        for (after_s, number, receivers) in due.iter().filter(|(after_s, ..)| after_s == now_s) {
            let why = format!(
                "{after_s} s 未接警，升级 {number} / not acknowledged within {after_s} s, escalation {number}"
            );
            let receivers = receivers.iter().filter(|it| !told.is_ahead(it, *number));
            let stage = Stage {
                number: *number,
                receivers: receivers.cloned().collect(),
                why: &why,
                missed: &[],
                is_ahead: false,
            };
            self.carry_out(entry, id, stage, decisions);
        }
        self.schedule(id, &errands);
    }

    /// Says a step of the escalation, and orders what it tells.
    fn carry_out(&mut self, entry: &Entry, id: &str, stage: Stage<'_>, decisions: &mut Decisions) {
        let Some(alarm) = self.state.alarms.get(id) else {
            return;
        };
        // Each of them was told by it before its time.
        if stage.receivers.is_empty() {
            return;
        }
        let (number, state) = (stage.number, alarm.state);
        let (level, code) = (alarm.event.alarm_level, alarm.event.alarm_code);
        let reason = format!("{}: {level} {code}; ", stage.why);
        let words = |told: &[String]| {
            let mut text = alarm.text(&reason);
            let missed = stage.missed;
            text.list("未能通知 / not told", ", ", missed, missed.len());
            text.list("现通知 / told now", ", ", told, told.len());
            alarm.add_said(&mut text);
            String::from(text)
        };
        let update = |receiver: Option<String>, told: &[String]| AlarmUpdate {
            alarm_id: id.to_owned(),
            state,
            previous: state,
            actor_id: self.hub.clone(),
            receiver,
            escalation_level: Some(number),
            note: Some(words(told)),
            updated_at: entry.time,
        };
        let said = update(None, &stage.receivers);
        let orders: Vec<(String, AlarmUpdate)> = stage
            .receivers
            .iter()
            .map(|receiver| (receiver.clone(), update(Some(receiver.clone()), &[])))
            .collect();
        let is_lower = |alarm: &Alarm| alarm.escalation < number;
        let alarms = &mut self.state.alarms;
        alarms.change_if(id, is_lower, |alarm| alarm.escalation = number);
        self.touch(id);
        decisions.emit(Body::AlarmUpdate(said.clone()), Some(id.to_owned()));
        let names = &stage.receivers;
        self.tell_later(entry, &said, Later::Escalated, names, decisions);
        for (receiver, body) in orders {
            let notice = Notice {
                receiver,
                alarms: vec![id.to_owned()],
                escalation: number,
            };
            let body = Body::AlarmUpdate(body);
            self.tell(entry, notice, stage.is_ahead, body, decisions);
        }
    }

    /// Somebody was told.
    pub(crate) fn reached(&mut self, notice: &Notice) {
        for id in &notice.alarms {
            let stage = notice.escalation;
            self.state
                .listeners(id, |told| told.reached(&notice.receiver, stage));
            let alarm = self.state.alarms.get(id);
            let is_untold = alarm.is_some_and(|alarm| alarm.untold.is_some());
            if is_untold
                && notice.receiver != CONSOLE
                && let Some(alarm) = self.state.alarms.get_mut(id)
            {
                alarm.untold = None;
                self.touch(id);
            }
        }
    }

    /// What a stage ordered for a receiver did not get there. The page is nobody who could act.
    pub(crate) fn missed(&mut self, entry: &Entry, notice: &Notice, decisions: &mut Decisions) {
        let stage = notice.escalation;
        for id in &notice.alarms {
            let reaches_nobody = |it: &Alarm| it.told.reaches_nobody(stage);
            let before = self.state.alarms.get(id).is_some_and(reaches_nobody);
            self.state
                .listeners(id, |told| told.missed(&notice.receiver, stage));
            let alarm = self.state.alarms.get(id);
            let is_urgent =
                alarm.is_some_and(|it| is_grave(it.event.alarm_level) && it.is_raised());
            let now = alarm.is_some_and(reaches_nobody);
            // Many at once that have no room in this entry escalate at their deadlines.
            if is_urgent && now && !before && self.ordered_now < NOTICES_MAX && !self.is_owed(id) {
                self.hurry(entry, id, decisions);
            }
        }
    }

    /// Of a red or orange alarm nobody could be told: the next step whose receivers have not been tried is carried
    /// out at once. Where there is none the page says so.
    fn hurry(&mut self, entry: &Entry, id: &str, decisions: &mut Decisions) {
        let Some(alarm) = self.state.alarms.get(id) else {
            return;
        };
        let errands = self.errands(alarm);
        let untried = |receivers: &Vec<String>| -> Vec<String> {
            let others = receivers.iter().filter(|it| *it != CONSOLE);
            let others = others.filter(|it| !alarm.told.has_heard(it));
            others.cloned().collect()
        };
        let steps = steps(&errands).into_iter();
        let mut steps = steps.map(|(_, number, receivers)| (number, untried(receivers)));
        let next = steps.find(|(_, receivers)| !receivers.is_empty());
        let told = alarm.told.clone();
        let missed = told.missed_names();
        let Some((number, receivers)) = next else {
            return self.nobody(entry, id, decisions);
        };
        let why = format!(
            "未能通知，立即升级 {number} / receivers not told, escalation {number} at once"
        );
        let stage = Stage {
            number,
            receivers,
            why: &why,
            missed: &missed,
            is_ahead: true,
        };
        self.carry_out(entry, id, stage, decisions);
    }

    /// Nobody is left to be told of an alarm: it says so, on the page and in the audit, once.
    fn nobody(&mut self, entry: &Entry, id: &str, decisions: &mut Decisions) {
        let told = self.state.alarms.get(id).filter(|it| it.untold.is_none());
        let Some(names) = told.map(|it| it.told.missed_names().join(", ")) else {
            return;
        };
        let Some(alarm) = self.state.alarms.get_mut(id) else {
            return;
        };
        alarm.untold = Some(names.clone());
        let is_shown = alarm.told.has_heard(CONSOLE);
        let event = AlarmEvent {
            state: alarm.state,
            description: alarm.words(),
            ..alarm.event.clone()
        };
        self.touch(id);
        let why = format!("none of its receivers could be told: {names}");
        let outcome = AuditOutcome::Failure;
        self.audit(entry, UNTOLD, id, outcome, &why, decisions);
        if !is_shown {
            let notice = Notice {
                receiver: CONSOLE.to_owned(),
                alarms: vec![id.to_owned()],
                escalation: 0,
            };
            self.tell(entry, notice, false, Body::AlarmEvent(event), decisions);
        }
    }
}
