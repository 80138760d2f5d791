//! What is counted in another alarm: the same again, and one of many.

use cordon_contract::{COUNTED_HERE, Decisions, Entry, Owner};
use cordon_model::{AlarmEvent, AlarmLevel, AlarmState, Body, Timestamp};

use crate::alarm::Alarm;
use crate::dispatch::{NOTICES_BEFORE_GROUPS, whence};
use crate::kept::{kept, kept_words};
use crate::life::is_over;
use crate::plugin::{AlarmPlugin, clip};
use crate::routes::is_grave;

/// Alarms of one owner beyond which the hub counts what it finds in one alarm.
const FOUND_MAX: usize = 100;
/// How the note begins that closes an alarm as a repeat of another.
const COUNTED_UNDER: &str = "重复报警，计入 / the same again, counted under ";
/// How the name of an alarm ends that counts many things the hub found.
const OF_MANY: &str = "-of-many";
/// Further ones that a notice names: the newest.
const NAMED_MAX: usize = 10;
/// Letters of each.
const NAME_CHARS_MAX: usize = 120;

/// Whether an alarm of the hub's counts many things. It has a name and a source of its own: the end of one
/// of those is not its end.
pub(crate) fn is_of_many(event: &AlarmEvent) -> bool {
    event.alarm_id.ends_with(OF_MANY)
}

/// Whether an alarm bears a name of the flow's.
pub(crate) fn is_of_flow(event: &AlarmEvent) -> bool {
    event.alarm_id.starts_with("flow-")
}

/// What one more that is counted in an alarm is to those that last in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Further {
    /// Another.
    Another,
    /// One of them, in words that were not told before: another value.
    Value,
    /// One of them told again.
    Told,
}

/// What people hear of one more that is counted in an alarm.
enum News {
    /// It is raised again: they had seen what was. They hear of it at once.
    Raise,
    /// It is raised again at once, and they hear of it when the window ends.
    RaiseQuietly,
    /// Whoever was told of it is told that there is one more.
    Tell,
    /// So they are when the window ends.
    TellLater,
    /// It is raised again when the window ends, unless it is over: most likely they had seen this one.
    RaiseLater,
    /// The count alone.
    None,
}

impl AlarmPlugin {
    /// Whether the hub found one thing more of a partner, or of devices that the plan does not name, who have
    /// many open: whoever can make the hub raise alarms by what he says could raise any number. What the
    /// flow thinks of messages is paced by the flow.
    pub(crate) fn is_flood(&self, entry: &Entry, event: &AlarmEvent, owner: &Owner) -> bool {
        let of_park = matches!(owner, Owner::Park(_));
        let of_flow = is_of_flow(event) || is_of_many(event);
        let most = self.share().min(FOUND_MAX);
        !of_park && !of_flow && self.is_hubs(entry) && self.state.open_of(owner) >= most
    }

    /// Counts one of many in the alarm that stands for them: it rises, shows the newest of the worst, and
    /// opens again when somebody had seen it. The first one too many begins it.
    pub(crate) fn count_in(
        &mut self,
        entry: &Entry,
        event: &AlarmEvent,
        owner: Owner,
        decisions: &mut Decisions,
    ) {
        let words = format!(
            "[{owner}: 多发，合并计数 / of many, counted in one] {}",
            event.description
        );
        let known = self.state.floods.get(&owner);
        let known = known.filter(|id| self.state.is_active(id)).cloned();
        let goes_on = known.is_some();
        let leader = known.unwrap_or_else(|| format!("alarm-{}{OF_MANY}", entry.number));
        let counted = AlarmEvent {
            alarm_id: leader.clone(),
            description: clip(&words),
            ..event.clone()
        };
        match goes_on {
            true => self.again(entry, &leader, &counted, decisions),
            false => {
                // It counts from now on: the entry that says so may come after others of this one.
                let said = Body::AlarmEvent(counted.clone());
                decisions.emit(said, Some(leader.clone()));
                self.state.floods.set(owner.clone(), leader.clone());
                self.admit(entry, &counted, (None, owner), decisions);
            }
        }
        self.close_under(entry, &leader, event, decisions);
    }

    /// Counts an identical alarm under the one that is active already, and closes it with that note.
    pub(crate) fn count_under(
        &mut self,
        entry: &Entry,
        leader: &str,
        event: &AlarmEvent,
        decisions: &mut Decisions,
    ) {
        self.one_counts(entry, leader, event, decisions);
        self.close_under(entry, leader, event, decisions);
    }

    /// Counts one more in an alarm by the name its source gave it, and tells people what they have not seen.
    pub(crate) fn one_counts(
        &mut self,
        entry: &Entry,
        leader: &str,
        event: &AlarmEvent,
        decisions: &mut Decisions,
    ) {
        let further = self.further(entry, leader, event);
        self.note_name(entry, leader, event);
        self.speaks(entry, leader, event);
        let one_more = AlarmEvent {
            alarm_id: leader.to_owned(),
            ..event.clone()
        };
        match self.news(leader, (event, further)) {
            News::Raise => self.rise(entry, &one_more, decisions),
            News::RaiseQuietly => {
                self.rise_quietly(entry, &one_more, decisions);
                self.names_more(leader, event);
            }
            News::Tell => {
                self.repeated(leader);
                self.tell_of_more(entry, leader, decisions);
            }
            News::TellLater => {
                self.repeated(leader);
                self.names_more(leader, event);
            }
            News::RaiseLater => {
                self.repeated(leader);
                if let Some(alarm) = self.state.alarms.get_mut(leader) {
                    alarm.unseen = Some(kept(&one_more, alarm.of_hub));
                }
                self.due_later(leader);
            }
            News::None => self.repeated(leader),
        }
    }

    /// Whether one that is counted in an alarm is another than those that last in it: it has a name, and none
    /// of theirs, or words of its own. What has none, and what bears a name of them, is most likely one of them
    /// told again, perhaps with another value.
    fn further(&mut self, entry: &Entry, leader: &str, event: &AlarmEvent) -> Further {
        let name = self.name_of(entry, event).map(str::to_owned);
        let tells = is_grave(event.alarm_level) && !self.is_hubs(entry);
        let gist = self.gist_of(event);
        let Some(alarm) = self.state.alarms.get_mut(leader) else {
            return Further::Told;
        };
        let is_named = name.is_some_and(|name| alarm.names.is_further(&name));
        let words = kept_words(&event.description, alarm.of_hub);
        let is_elsewhere = tells && alarm.hears(&gist, event.alarm_level);
        match (is_named || is_elsewhere, tells && !alarm.has_said(&words)) {
            (true, _) => Further::Another,
            (false, true) => Further::Value,
            (false, false) => Further::Told,
        }
    }

    /// An alarm shows the newest words of its source, and keeps those before.
    pub(crate) fn speaks(&mut self, entry: &Entry, leader: &str, event: &AlarmEvent) {
        let tells = is_grave(event.alarm_level) && !self.is_hubs(entry);
        if !tells {
            return;
        }
        let gist = self.gist_of(event);
        let Some(alarm) = self.state.alarms.get_mut(leader) else {
            return;
        };
        alarm.hears(&gist, event.alarm_level);
        let words = kept_words(&event.description, alarm.of_hub);
        if alarm.event.description != words {
            alarm.says(&words);
            alarm.why.clear();
        }
    }

    /// When whoever was told of an alarm may be told of a further one: the window after the last telling.
    fn due_later(&mut self, id: &str) {
        let flood_s = i64::from(self.config.flood_s);
        let again = self.state.alarms.get(id).and_then(|alarm| alarm.again);
        if let Some(last) = again {
            let due = (last.plus_seconds(flood_s), id.to_owned());
            self.state.more_due.set(due, ());
        }
    }

    /// Names a further one in the notice that goes when the window ends.
    fn names_more(&mut self, id: &str, event: &AlarmEvent) {
        self.due_later(id);
        if let Some(alarm) = self.state.alarms.get_mut(id) {
            alarm.one_more(event);
        }
    }

    /// What people are to hear of one more that is counted in an alarm: of a red or orange one at once,
    /// but once in the window, however many names its source makes up. What nobody has acknowledged goes
    /// on to escalate from when it began; a further one of what somebody has is never left acknowledged. What
    /// is told again each second opens an alarm once in the window, so that it can be acknowledged.
    fn news(&mut self, leader: &str, (event, further): (&AlarmEvent, Further)) -> News {
        let flood_ms = i64::from(self.config.flood_s) * 1_000;
        let Some(alarm) = self.state.alarms.get_mut(leader) else {
            return News::None;
        };
        let now = self.now;
        let is_due = |at: Timestamp| now.ms_since(at) >= flood_ms;
        if !is_grave(event.alarm_level) {
            return News::None;
        }
        let is_now = alarm.again.is_none_or(is_due);
        let news = match (alarm.is_raised(), further, is_now) {
            (true, Further::Told, _) => News::None,
            (true, _, true) => News::Tell,
            (true, _, false) => News::TellLater,
            (false, _, true) => News::Raise,
            (false, Further::Another, false) => News::RaiseQuietly,
            (false, _, false) => News::RaiseLater,
        };
        if matches!(news, News::Raise | News::Tell) {
            alarm.again = Some(now);
        }
        news
    }

    /// One more is counted in an alarm that nobody has acknowledged: who was told of the alarm is told of the
    /// newest by their words, once in the window.
    pub(crate) fn one_more(&mut self, id: &str, event: &AlarmEvent) {
        let flood_s = i64::from(self.config.flood_s);
        if !self.state.is_raised(id) {
            return;
        }
        let Some(alarm) = self.state.alarms.get_mut(id) else {
            return;
        };
        if alarm.more.is_empty() {
            let last = alarm.again.map_or(alarm.raised, |at| at.max(alarm.raised));
            let due = (last.plus_seconds(flood_s), id.to_owned());
            self.state.more_due.set(due, ());
        }
        alarm.one_more(event);
    }

    /// Tells what is due of further ones. Whoever acknowledged meanwhile has seen them on the page, but not what
    /// came after that.
    pub(crate) fn tell_more_due(&mut self, entry: &Entry, decisions: &mut Decisions) {
        while self.ordered_now < NOTICES_BEFORE_GROUPS
            && let Some(((due, _), ())) = self.state.more_due.first_key_value()
            && *due <= self.now
            && let Some(((_, id), ())) = self.state.more_due.pop_first()
        {
            self.state.steps.one();
            let known = self.state.alarms.get(&id);
            if known.is_none_or(|alarm| alarm.unseen.is_none() && alarm.more.is_empty()) {
                continue;
            }
            let Some(alarm) = self.state.alarms.get_mut(&id) else {
                continue;
            };
            let unseen = alarm.unseen.take().filter(|_| !is_over(alarm.state));
            if alarm.is_raised() && !alarm.more.is_empty() {
                alarm.again = Some(self.now);
                self.tell_of_more(entry, &id, decisions);
            } else if let Some(event) = unseen.filter(|_| !alarm.is_raised()) {
                alarm.again = Some(self.now);
                // It was counted when it came.
                alarm.repeats = alarm.repeats.saturating_sub(1);
                self.rise(entry, &event, decisions);
            } else {
                alarm.more.clear();
            }
        }
    }

    /// Closes an alarm that is counted under another, with a note that names that one.
    fn close_under(
        &mut self,
        entry: &Entry,
        leader: &str,
        event: &AlarmEvent,
        decisions: &mut Decisions,
    ) {
        self.state.points.counted(&event.alarm_id, leader);
        let alarm = self.state.alarms.get(leader);
        let count = alarm.map_or(0, |alarm| alarm.repeats);
        let note = format!("{COUNTED_UNDER}{leader}: {count}");
        let step = (event.state, AlarmState::Closed);
        let update = self.step_of_hub(entry, &event.alarm_id, step, &note);
        decisions.emit(Body::AlarmUpdate(update), Some(leader.to_owned()));
    }
}

/// How one that is counted in an alarm is named.
pub(crate) fn named(event: &AlarmEvent) -> String {
    let words = event.description.split_once(COUNTED_HERE);
    let words = words.map_or(&*event.description, |(_, words)| words);
    let name = format!("{}: {words}", whence(event));
    name.chars().take(NAME_CHARS_MAX).collect()
}

impl Alarm {
    /// Notes what one says that is counted in it; whether that is told the first time, or of a red one so.
    pub(crate) fn hears(&mut self, gist: &str, level: AlarmLevel) -> bool {
        let is_first = self.gists.first(gist);
        let is_red = level == AlarmLevel::Red;
        is_red && self.gists.first(&format!("{} {gist}", AlarmLevel::Red)) || is_first
    }

    /// Names one that is counted in it: the newest ones are kept.
    fn one_more(&mut self, event: &AlarmEvent) {
        self.more.push_back(named(event));
        if self.more.len() > NAMED_MAX {
            self.more.pop_front();
        }
    }
}
