//! An alarm comes in: new, again, or worse than before.

use cordon_contract::{ALARM_FORGOTTEN, Decisions, Entry, Owner};
use cordon_model::name::mark;
use cordon_model::{AlarmCode, AlarmEvent, AlarmState, AuditOutcome, Body, Timestamp};

use crate::alarm::Alarm;
use crate::detect;
use crate::kept::{kept, kept_words};
use crate::life::is_over;
use crate::plugin::AlarmPlugin;
use crate::recent::Likeness;
use crate::routes::is_grave;
use crate::told::speaker;
use crate::words::Heard;

/// Sources looked at for being too old when one alarm comes in: more than it adds, so that they grow fewer.
const AGED_AN_ALARM: usize = 2;

impl AlarmPlugin {
    /// An alarm was raised, or ended, by whomever.
    pub(crate) fn event(&mut self, entry: &Entry, event: &AlarmEvent, decisions: &mut Decisions) {
        let id = &event.alarm_id;
        let likeness = self.likeness(entry, event);
        if is_over(event.state) {
            return self.ended(entry, event, &likeness.2, decisions);
        }
        if self.state.alarms.contains_key(id) {
            return match self.told_in(entry, event, &likeness) {
                Some(leader) => self.again(entry, &leader, event, decisions),
                None => self.anew(entry, event, decisions),
            };
        }
        let flood_ms = i64::from(self.config.flood_s) * 1_000;
        let last = self.state.recents.get(&likeness);
        let last = last.map(|recent| (recent.alarm.clone(), recent.at));
        let is_fresh = |at: Timestamp| self.now.ms_since(at) < flood_ms;
        if let Some((leader, at)) = &last
            && self.is_the_same(entry, event, leader, is_fresh(*at))
        {
            let leader = leader.clone();
            self.count_under(entry, &leader, event, decisions);
            self.remember(likeness, leader);
            return;
        }
        if let Some(leader) = self.of_nameless(entry, event, &likeness) {
            self.counts_many(&leader);
            self.count_under(entry, &leader, event, decisions);
            self.remember(likeness, leader);
            return;
        }
        let lately = last.filter(|(_, at)| is_fresh(*at));
        let hold = lately.map(|(_, at)| at.plus_ms(flood_ms));
        let owner = self.owner_of(entry, event);
        match self.is_flood(entry, event, &owner) {
            true => self.count_in(entry, event, owner, decisions),
            false => self.admit(entry, event, (hold, owner), decisions),
        }
        self.remember(likeness, id.clone());
    }

    /// Whether an alarm that is like `leader` is the same again and counted in it. Red and orange ones
    /// what a device says while the first is active, in the same words and under whatever name, or the hub
    /// within the window before anybody saw the first. Who names no device tells of two things.
    fn is_the_same(&self, entry: &Entry, event: &AlarmEvent, leader: &str, is_fresh: bool) -> bool {
        let Some(is) = self.state.alarms.get(leader) else {
            return false;
        };
        match is_grave(event.alarm_level) {
            true if self.is_hubs(entry) => is_fresh && is.is_raised(),
            true => {
                event.source_device.is_some() && self.is_of(entry, is, event) && !is_over(is.state)
            }
            false => is_fresh && !is_over(is.state),
        }
    }

    /// Whether the hub says it of itself, and not as another's words.
    pub(crate) fn is_hubs(&self, entry: &Entry) -> bool {
        let message = entry.message.as_deref();
        let attested = message.is_some_and(|it| it.header.attested_by.is_some());
        entry.sender == self.hub && !attested
    }

    /// Remembers the last alarm of a source, and forgets what is too old for flood protection.
    fn remember(&mut self, likeness: Likeness, alarm: String) {
        self.state.remember(likeness, alarm, self.now);
        self.age(AGED_AN_ALARM);
    }

    /// Forgets at most `most` sources that were silent for longer than flood protection lasts.
    pub(crate) fn age(&mut self, most: usize) {
        let flood_s = i64::from(self.config.flood_s);
        self.state.age(self.now.plus_seconds(-flood_s), most);
    }

    /// The same alarm from the same source: worse than before it rises, else it is counted.
    pub(crate) fn again(
        &mut self,
        entry: &Entry,
        leader: &str,
        event: &AlarmEvent,
        decisions: &mut Decisions,
    ) {
        let Some(alarm) = self.state.alarms.get(leader) else {
            return;
        };
        let is = &alarm.event;
        // Red comes first in the order of levels. Thresholds may share a level and still be two.
        let is_worse = event.alarm_level < is.alarm_level;
        let level = is.alarm_level;
        let is_further =
            event.alarm_level == level && detect::is_worse(event.alarm_code, is.alarm_code);
        let counted = self.counts_another(entry, is, event);
        // Nobody has seen this one, whoever had taken up the others.
        let is_heard = is_grave(event.alarm_level) || is_of_unheard(event);
        let is_unseen = counted && is_heard && !alarm.is_raised();
        let is_other = self.is_in_other_words(entry, alarm, event);
        let words = kept_words(&event.description, alarm.of_hub);
        // Of a long text the beginning alone is kept.
        let is_news = is_other || event.occurred_at != is.occurred_at || words != is.description;
        let told = AlarmEvent {
            alarm_id: leader.to_owned(),
            ..event.clone()
        };
        self.note_given(entry, leader, event);
        if is_other {
            self.counts_many(leader);
        }
        if is_worse || is_further || is_unseen {
            let likeness = self.likeness(entry, event);
            self.remember(likeness, leader.to_owned());
            self.speaks(entry, leader, event);
            return self.rise(entry, &told, decisions);
        }
        if is_news && !self.is_hubs(entry) {
            let likeness = self.likeness(entry, event);
            self.remember(likeness, leader.to_owned());
            return self.one_counts(entry, leader, event, decisions);
        }
        if counted && event.alarm_level == level {
            self.shows(leader, &told);
        }
        self.repeated(leader);
        if counted && is_heard {
            self.one_more(leader, event);
        }
    }

    /// Whether what the hub itself says of its alarm counts something further in it: another cause, and
    /// not somebody's own words told again.
    fn counts_another(&self, entry: &Entry, is: &AlarmEvent, event: &AlarmEvent) -> bool {
        let decided = entry.cause != 0 && self.is_hubs(entry);
        decided && event.cause_ref.is_some() && event.cause_ref != is.cause_ref
    }

    /// An alarm that counts others shows the newest of the worst, and where it is.
    fn shows(&mut self, id: &str, event: &AlarmEvent) {
        if let Some(alarm) = self.state.alarms.get_mut(id) {
            alarm.becomes(AlarmEvent {
                occurred_at: alarm.event.occurred_at,
                ..kept(event, alarm.of_hub)
            });
        }
    }

    pub(crate) fn repeated(&mut self, id: &str) {
        if let Some(alarm) = self.state.alarms.get_mut(id) {
            alarm.repeats = alarm.repeats.saturating_add(1);
            self.touch(id);
        }
    }

    /// An open alarm grows worse, or one more is counted in it that nobody has seen. It is raised again
    /// under its own name: told at once by the route of what it is now, with that level's deadlines,
    /// whoever had taken it up before.
    pub(crate) fn rise(&mut self, entry: &Entry, event: &AlarmEvent, decisions: &mut Decisions) {
        if let Some(alarm) = self.risen(entry, event, decisions) {
            self.take_up(entry, alarm, (None, false), decisions);
        }
    }

    /// It is raised again, and whoever was told of it hears so when the window ends. Whom the routes name by now and who
    /// was not is told at once.
    pub(crate) fn rise_quietly(
        &mut self,
        entry: &Entry,
        event: &AlarmEvent,
        decisions: &mut Decisions,
    ) {
        if let Some(alarm) = self.risen(entry, event, decisions) {
            let is_told = !alarm.told.is_empty();
            let mut alarm = alarm;
            alarm.told.hear_later();
            self.take_up(entry, alarm, (None, is_told), decisions);
            self.owe(&event.alarm_id);
        }
    }

    /// An open alarm as it is when it is raised again; it is taken out of what it was in.
    fn risen(
        &mut self,
        entry: &Entry,
        event: &AlarmEvent,
        decisions: &mut Decisions,
    ) -> Option<Alarm> {
        let id = &event.alarm_id;
        let is_hubs = self.is_hubs(entry);
        self.state.leave_groups(id);
        let mut alarm = self.state.alarms.get(id)?.clone();
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
        let event = kept(event, alarm.of_hub);
        if !is_hubs {
            alarm.says(&event.description);
        }
        alarm.becomes(AlarmEvent {
            alarm_level,
            alarm_code,
            state: AlarmState::Raised,
            ..event
        });
        alarm.why = format!("[{why}] ");
        alarm.more.clear();
        alarm.unseen = None;
        alarm.repeats = alarm.repeats.saturating_add(1);
        alarm.escalation = 0;
        alarm.untold = None;
        alarm.told.begin_anew();
        // Whoever follows the alarm by its name has not heard of it yet.
        if alarm.state != AlarmState::Raised && told_of(entry) != Some(id) {
            let step = (alarm.state, AlarmState::Raised);
            let words = String::from(alarm.text(""));
            let update = self.step_of_hub(entry, id, step, &words);
            decisions.emit(Body::AlarmUpdate(update), Some(id.clone()));
        }
        Some(alarm)
    }

    /// Makes room for an alarm and takes it up. The park and its partners have room of their own: neither
    /// takes the other's, and on each side whoever has the most gives way.
    pub(crate) fn admit(
        &mut self,
        entry: &Entry,
        event: &AlarmEvent,
        (hold, owner): (Option<Timestamp>, Owner),
        decisions: &mut Decisions,
    ) {
        let of_partners = owner.is_partner();
        if self.state.open(of_partners) >= self.config.open_max
            && let Some(spare) = self.state.spare(of_partners)
        {
            self.state.over(&spare);
            self.state.remove(&spare);
            self.touch(&spare);
            let why = format!("more than {} alarms are open", self.config.open_max);
            let outcome = AuditOutcome::Failure;
            self.audit(entry, ALARM_FORGOTTEN, &spare, outcome, &why, decisions);
        }
        let told = kept(event, self.is_hubs(entry));
        let gist = self.gist_of(event);
        let alarm = Alarm {
            why: String::new(),
            event: told,
            sender: entry.sender.clone(),
            speaker: speaker(entry).to_owned(),
            of_hub: self.is_hubs(entry),
            owner,
            source: self.source_of(entry, event),
            names: Default::default(),
            author: self.author_name(entry, event),
            text: mark(&gist),
            gists: Heard::default(),
            said: Default::default(),
            said_beyond: 0,
            after: self.after(entry, event),
            again: None,
            unseen: None,
            answers: Default::default(),
            answered: None,
            is_unclear: false,
            more: Default::default(),
            state: event.state,
            raised: self.now,
            number: entry.number,
            passed_s: 0,
            next: None,
            untold: None,
            repeats: 0,
            escalation: 0,
            told: Default::default(),
            groups: Default::default(),
            held: Default::default(),
            place: Default::default(),
        };
        let id = &event.alarm_id;
        let mut alarm = alarm;
        alarm.hears(&gist, event.alarm_level);
        self.take_up(entry, alarm, (hold, false), decisions);
        self.note_name(entry, id, event);
        self.state.track(id);
    }

    /// Routes an alarm as it is now, and tells at once what may not wait, unless whoever was told of it hears
    /// of it later in another way.
    fn take_up(
        &mut self,
        entry: &Entry,
        mut alarm: Alarm,
        (hold, is_quiet): (Option<Timestamp>, bool),
        decisions: &mut Decisions,
    ) {
        let id = alarm.event.alarm_id.clone();
        let facts = self.places.facts(&alarm.event);
        let errands = self.routes.resolve(&facts);
        alarm.state = alarm.event.state;
        alarm.raised = self.now;
        alarm.passed_s = 0;
        self.state.alarms.insert(id.clone(), alarm);
        self.schedule(&id, &errands);
        self.touch(&id);
        for errand in &errands {
            match is_quiet {
                true => self.join_quietly(&id, &facts, errand),
                false => {
                    let name = self.join(&id, &facts, errand, hold);
                    self.flush(entry, &name, decisions);
                }
            }
        }
    }
}

/// Whether what is counted says what else is not understood: it may be any alarm, whatever its level, and the flow says
/// it as seldom as people are to hear it.
pub(crate) fn is_of_unheard(event: &AlarmEvent) -> bool {
    event.alarm_code == AlarmCode::SchemaInvalid
}

/// The name of the alarm that an entry tells of.
fn told_of(entry: &Entry) -> Option<&String> {
    match &entry.message.as_deref()?.body {
        Body::AlarmEvent(event) => Some(&event.alarm_id),
        _ => None,
    }
}
