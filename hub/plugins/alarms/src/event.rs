//! An alarm comes in: new, again, worse than before, or over.

use cordon_contract::{ALARM_FORGOTTEN, Decisions, Entry};
use cordon_model::{AlarmEvent, AlarmState, AuditOutcome, Body, Timestamp};

use crate::detect;
use crate::life::is_over;
use crate::plugin::{AlarmPlugin, clip};
use crate::recent::Likeness;
use crate::routes::is_grave;
use crate::state::Alarm;

/// Sources looked at for being too old when one alarm comes in: more than it adds, so that they grow fewer.
const AGED_AN_ALARM: usize = 2;
/// How the note begins that closes an alarm as a repeat of another.
const COUNTED_UNDER: &str = "重复报警，计入 / the same again, counted under ";

impl AlarmPlugin {
    /// An alarm was raised, or ended, by whomever.
    pub(crate) fn event(&mut self, entry: &Entry, event: &AlarmEvent, decisions: &mut Decisions) {
        let id = &event.alarm_id;
        let likeness = self.likeness(entry, event);
        if is_over(event.state) {
            return self.ended(entry, event, &likeness, decisions);
        }
        if let Some(known) = self.state.alarms.get(id) {
            return match known.is_told_by(entry, event) {
                true if is_over(known.state) => self.repeated(id),
                true => self.again(entry, event, decisions),
                false => self.anew(entry, event, decisions),
            };
        }
        let flood_ms = i64::from(self.config.flood_s) * 1_000;
        let lately = self
            .state
            .recents
            .get(&likeness)
            .filter(|recent| entry.time.ms_since(recent.at) < flood_ms)
            .map(|recent| (recent.alarm.clone(), recent.at));
        if let Some((leader, _)) = lately.as_ref().filter(|(id, _)| self.state.is_active(id)) {
            let leader = leader.clone();
            self.count_under(entry, &leader, event, decisions);
            self.remember(entry, likeness, leader);
            return;
        }
        let hold = lately.map(|(_, at)| at.plus_ms(flood_ms));
        self.admit(entry, event, hold, decisions);
        self.remember(entry, likeness, id.clone());
    }

    /// Remembers the last alarm of a source, and forgets what is too old for flood protection.
    fn remember(&mut self, entry: &Entry, likeness: Likeness, alarm: String) {
        self.state.remember(likeness, alarm, entry.time);
        self.age(entry, AGED_AN_ALARM);
    }

    /// Forgets at most `most` sources that were silent for longer than flood protection lasts.
    pub(crate) fn age(&mut self, entry: &Entry, most: usize) {
        let flood_s = i64::from(self.config.flood_s);
        self.state.age(entry.time.plus_seconds(-flood_s), most);
    }

    /// Its source says that an alarm is over.
    fn ended(
        &mut self,
        entry: &Entry,
        event: &AlarmEvent,
        likeness: &Likeness,
        decisions: &mut Decisions,
    ) {
        let known = match self.state.alarms.contains_key(&event.alarm_id) {
            true => Some(&event.alarm_id),
            false => self.state.recents.get(likeness).map(|recent| &recent.alarm),
        };
        let alarm = known.and_then(|id| self.state.alarms.get_key_value(id));
        if let Some((id, alarm)) = alarm
            && alarm.sender == entry.sender
        {
            let id = id.clone();
            self.clear(entry, &id, &event.description, decisions);
        }
    }

    /// The same alarm from the same source: worse than before it rises, else it is counted.
    fn again(&mut self, entry: &Entry, event: &AlarmEvent, decisions: &mut Decisions) {
        let id = &event.alarm_id;
        let Some(alarm) = self.state.alarms.get(id) else {
            return;
        };
        let is = &alarm.event;
        // Red comes first in the order of levels. Thresholds may share a level and still be two.
        let is_worse = event.alarm_level < is.alarm_level;
        let is_further = event.alarm_level == is.alarm_level
            && detect::is_worse(event.alarm_code, is.alarm_code);
        let counted = self.counts_another(entry, is, event);
        // Nobody has seen this one, whoever had taken up the others.
        let is_unseen = counted && is_grave(event.alarm_level) && !alarm.is_raised();
        if is_worse || is_further || is_unseen {
            return self.rise(entry, event, decisions);
        }
        if counted && event.alarm_level == is.alarm_level {
            self.shows(id, event);
        }
        self.repeated(id);
    }

    /// Whether what the hub itself says of its alarm counts something further in it: another cause, and
    /// not somebody's own words told again.
    fn counts_another(&self, entry: &Entry, is: &AlarmEvent, event: &AlarmEvent) -> bool {
        let message = entry.message.as_deref();
        let attested = message.is_some_and(|it| it.header.attested_by.is_some());
        let decided = entry.cause != 0 && entry.sender == self.hub && !attested;
        decided && event.cause_ref.is_some() && event.cause_ref != is.cause_ref
    }

    /// An alarm that counts others shows the newest of the worst, and where it is.
    fn shows(&mut self, id: &str, event: &AlarmEvent) {
        if let Some(alarm) = self.state.alarms.get_mut(id) {
            alarm.event = AlarmEvent {
                occurred_at: alarm.event.occurred_at,
                ..event.clone()
            };
        }
    }

    fn repeated(&mut self, id: &str) {
        if let Some(alarm) = self.state.alarms.get_mut(id) {
            alarm.repeats = alarm.repeats.saturating_add(1);
            self.touch(id);
        }
    }

    /// An open alarm grows worse, or one more is counted in it that nobody has seen. It is raised again under its own name: told at once by the route of
    /// what it is now, with that level's deadlines, whoever had taken it up before.
    fn rise(&mut self, entry: &Entry, event: &AlarmEvent, decisions: &mut Decisions) {
        let id = &event.alarm_id;
        let likeness = self.likeness(entry, event);
        self.remember(entry, likeness, id.clone());
        self.state.leave(id);
        let Some(mut alarm) = self.state.alarms.remove(id) else {
            return;
        };
        let was = &alarm.event;
        let (level, code) = (was.alarm_level, was.alarm_code);
        let is_more = event.alarm_level < level || event.alarm_code != code;
        let why = match is_more && event.alarm_level <= level {
            true => format!("由 {level} {code} 加重 / risen from {level} {code}"),
            false => format!("{0} 之后又报 / one more since {0}", alarm.state),
        };
        // It never sinks: what was worse is counted in it still.
        let (alarm_level, alarm_code) = match event.alarm_level <= level {
            true => (event.alarm_level, event.alarm_code),
            false => (level, code),
        };
        alarm.event = AlarmEvent {
            description: clip(&format!("[{why}] {}", event.description)),
            alarm_level,
            alarm_code,
            ..event.clone()
        };
        alarm.repeats = alarm.repeats.saturating_add(1);
        alarm.escalation = 0;
        self.take_up(entry, alarm, None, decisions);
    }

    /// A name that another alarm has, or had: devices count from 1 again, and two may count alike. The
    /// hub raises it under a name of its own, so that neither hides the other.
    fn anew(&mut self, entry: &Entry, event: &AlarmEvent, decisions: &mut Decisions) {
        let own = AlarmEvent {
            alarm_id: format!("alarm-{}-0", entry.number),
            cause_ref: Some(entry.message_id),
            ..event.clone()
        };
        decisions.tell_again(Body::AlarmEvent(own), event.alarm_id.clone());
    }

    /// Counts an identical alarm under the one that is open already, and closes it with that note.
    fn count_under(
        &mut self,
        entry: &Entry,
        leader: &str,
        event: &AlarmEvent,
        decisions: &mut Decisions,
    ) {
        self.repeated(leader);
        if let Some(alarm) = self.state.alarms.get(leader) {
            let count = alarm.repeats;
            let note = format!("{COUNTED_UNDER}{leader}: {count}");
            let step = (event.state, AlarmState::Closed);
            let update = self.step_of_hub(entry, &event.alarm_id, step, &note);
            decisions.emit(Body::AlarmUpdate(update), Some(leader.to_owned()));
        }
    }

    /// Makes room for an alarm and takes it up. The park and its partners have room of their own: neither
    /// takes the other's, and among partners the one with the most gives way.
    fn admit(
        &mut self,
        entry: &Entry,
        event: &AlarmEvent,
        hold: Option<Timestamp>,
        decisions: &mut Decisions,
    ) {
        let partner = self.partner_of(entry, event);
        let of_partners = partner.is_some();
        if self.state.open(of_partners) >= self.config.open_max
            && let Some(spare) = self.state.spare(of_partners)
        {
            self.state.over(&spare);
            self.state.alarms.remove(&spare);
            self.touch(&spare);
            let why = format!("more than {} alarms are open", self.config.open_max);
            let outcome = AuditOutcome::Failure;
            self.audit(entry, ALARM_FORGOTTEN, &spare, outcome, &why, decisions);
        }
        let alarm = Alarm {
            event: event.clone(),
            sender: entry.sender.clone(),
            partner,
            state: event.state,
            raised: entry.time,
            errands: Vec::new(),
            repeats: 0,
            escalation: 0,
            told: Default::default(),
            groups: Default::default(),
            held: Default::default(),
        };
        self.take_up(entry, alarm, hold, decisions);
    }

    /// Routes an alarm as it is now, and tells at once what may not wait.
    fn take_up(
        &mut self,
        entry: &Entry,
        mut alarm: Alarm,
        hold: Option<Timestamp>,
        decisions: &mut Decisions,
    ) {
        let id = alarm.event.alarm_id.clone();
        let facts = self.places.facts(&alarm.event);
        let errands = self.routes.resolve(&facts);
        alarm.state = alarm.event.state;
        alarm.raised = entry.time;
        alarm.errands.clone_from(&errands);
        if alarm.is_raised() {
            self.state.timers.extend(alarm.timers(&id));
        }
        self.state.alarms.insert(id.clone(), alarm);
        self.touch(&id);
        for errand in &errands {
            let (name, group) = self.join(entry, &id, &facts, errand, hold);
            self.flush(entry, name, group, decisions);
        }
    }
}

impl Alarm {
    /// Whether an event that bears this alarm's name speaks of it: the same sender and device, and not
    /// of something that happened after it was over.
    fn is_told_by(&self, entry: &Entry, event: &AlarmEvent) -> bool {
        let devices = (&self.event.source_device, &event.source_device);
        let same_device = match devices {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        let same_time = event.occurred_at <= self.event.occurred_at;
        self.sender == entry.sender && same_device && (!is_over(self.state) || same_time)
    }
}
