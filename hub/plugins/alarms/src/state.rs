//! What the plug-in remembers. All of it is bounded, ordered and in the snapshot.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cordon_contract::Owner;
use cordon_model::name::mark;
use cordon_model::{AlarmCode, AlarmEvent, AlarmState, DeviceId, MessageId, PartyId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::alike::{Alike, Standing};
use crate::ended::WHICH;
use crate::group::{GroupName, Groups};
use crate::life::is_over;
use crate::missed::{Missed, Whose};
use crate::names::Names;
use crate::plugin::clip;
use crate::points::Points;
use crate::recent::{Likeness, Recents};
use crate::room::Room;
use crate::routes::Errand;
use crate::steps::Steps;
use crate::words::Heard;

/// Orders whose outcome is awaited; the outbox ends each by its deadline.
pub(crate) const UNDERWAY_MAX: usize = 20_000;

/// Sources that are remembered for one active alarm: a text in other words is known by its mark.
const HELD_MAX: usize = 2;
/// Words kept of one alarm beside the newest, and letters of each.
const SAID_MAX: usize = 8;
const SAID_CHARS_MAX: usize = 60;

/// One alarm.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Alarm {
    /// As it was raised, in the newest words of its source.
    pub event: AlarmEvent,
    /// Who raised it; nobody else ends it or lets it rise by an event.
    pub sender: PartyId,
    /// Who said so, where the hub attests it.
    pub speaker: String,
    /// The hub raised it of itself, whoever answers for it.
    pub of_hub: bool,
    /// Who answers for it: it takes his room.
    pub owner: Owner,
    /// Where it comes from: what else is alike with it.
    pub source: String,
    /// What is counted in it, by the names its source gave.
    pub names: Names,
    /// Why it was raised again, before its words; empty where it was not.
    pub why: String,
    /// A mark of the first of them, without the values in it.
    pub text: u64,
    /// What all its words say of where it is, by which another under the same name is told from it.
    pub gists: Heard,
    /// Its words before the newest, and how many more there were.
    pub said: VecDeque<String>,
    pub said_beyond: u32,
    /// It was told under the name of this one, which was over, as something that began no later.
    pub after: Option<String>,
    /// When people were last told of one more that is counted in it.
    pub again: Option<Timestamp>,
    /// What was told again after somebody had seen it: it raises the alarm when the window ends.
    pub unseen: Option<AlarmEvent>,
    /// What partners answered to it while the park had not acknowledged it.
    pub answers: BTreeMap<PartyId, Answers>,
    /// Who answered last while it was as it is now, and what.
    pub answered: Option<(PartyId, AlarmState)>,
    /// Its source said that one is over, and not which: it may be this one.
    pub is_unclear: bool,
    /// What was counted in it that nobody was told of, the newest last.
    pub more: VecDeque<String>,
    /// Where it stands in its life.
    pub state: AlarmState,
    /// The entry's time when it was raised.
    pub raised: Timestamp,
    /// The entry that told of it first: of many of one time it says which is the newest.
    pub number: u64,
    /// What the tree said about it when it was raised.
    pub errands: Vec<Errand>,
    /// Identical alarms counted under it.
    pub repeats: u32,
    /// The highest escalation so far, 0 for none.
    pub escalation: u32,
    /// Receivers for whom a notice of it was ordered: they hear what becomes of it.
    pub told: BTreeSet<String>,
    /// Groups it is in.
    pub groups: BTreeSet<GroupName>,
    /// Sources that are remembered while it is active.
    pub held: BTreeSet<Likeness>,
}

impl Alarm {
    /// Its own words behind what is known of it: the newest answer, and that it may be over.
    pub(crate) fn words(&self) -> String {
        let mut words = String::new();
        if let Some((who, state)) = &self.answered {
            let count = self.answers.get(who).map_or(1, |answers| answers.count);
            words.push_str(&answer_words(who, *state, count));
        }
        if self.is_unclear {
            words.push_str(WHICH);
        }
        if let Some(over) = &self.after {
            words.push_str(&after_words(over, self.event.occurred_at));
        }
        words.push_str(&self.said_words());
        words.push_str(&self.why);
        words.push_str(&self.event.description);
        clip(&words)
    }

    /// What it said before, the newest first.
    fn said_words(&self) -> String {
        if self.said.is_empty() {
            return String::new();
        }
        let newest = self.said.iter().rev().map(String::as_str);
        let mut words = newest.collect::<Vec<_>>().join("; ");
        if self.said_beyond > 0 {
            words.push_str(&format!(" +{}", self.said_beyond));
        }
        format!("[此前另报 / said before: {words}] ")
    }

    /// Takes the newest words of its source, and keeps those before.
    pub(crate) fn says(&mut self, words: &str) {
        if words == self.event.description {
            return;
        }
        let before = std::mem::replace(&mut self.event.description, words.to_owned());
        let short = |words: &str| words.chars().take(SAID_CHARS_MAX).collect::<String>();
        self.said.retain(|said| *said != short(words));
        self.said.push_back(short(&before));
        if self.said.len() > SAID_MAX {
            self.said.pop_front();
            self.said_beyond = self.said_beyond.saturating_add(1);
        }
    }

    /// Whether these are the newest of its words, or among those before them.
    pub(crate) fn has_said(&self, words: &str) -> bool {
        let short: String = words.chars().take(SAID_CHARS_MAX).collect();
        words == self.event.description || self.said.contains(&short)
    }

    /// It is about something else from now on, so that what was said of it is said no more.
    pub(crate) fn becomes(&mut self, event: AlarmEvent) {
        self.event = event;
        self.why.clear();
        self.answered = None;
        self.is_unclear = false;
        self.after = None;
    }

    /// It is over for good: what is kept of it is whose it was, and its words.
    fn rests(&mut self) {
        self.event.evidence.clear();
        self.said.clear();
        self.more.clear();
        self.unseen = None;
        self.errands.clear();
        self.answers.clear();
    }

    /// Nobody has seen it.
    pub(crate) fn is_raised(&self) -> bool {
        self.state == AlarmState::Raised
    }

    /// The timers that were set when it was raised under this id.
    pub(crate) fn timers(&self, id: &str) -> Vec<Timer> {
        let errands = self.errands.iter().zip(0_u32..);
        let steps = errands.flat_map(|(errand, number)| {
            let steps = errand.escalate.iter().zip(0_u32..);
            steps.map(move |(step, index)| (step.after_s, number, index))
        });
        steps
            .map(|(after_s, number, index)| {
                let due = self.raised.plus_seconds(i64::from(after_s));
                (due, id.to_owned(), number, index)
            })
            .collect()
    }

    /// Neither closed nor rejected: somebody has to do something about it, or to say what was done.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.state, AlarmState::Closed | AlarmState::Rejected)
    }
}

/// How it is said that an alarm may be an old one that comes late.
fn after_words(over: &str, at: Timestamp) -> String {
    format!(
        "[来源所述时间 {at} 不晚于已结束的 {over}，或为迟到的旧报 / its source says {at}, no later than {over}, which is over: an old one that comes late, or a clock that is wrong] "
    )
}

/// How a partner's answer is said, the last of so many.
pub(crate) fn answer_words(who: &PartyId, state: AlarmState, count: u32) -> String {
    match count {
        0 | 1 => format!("[{who} 已答复 {state} / {who} has answered {state}] "),
        _ => format!(
            "[{who} 已答复 {state}，共 {count} 次 / {who} has answered {state}, {count} times so far] "
        ),
    }
}

/// What a partner answered to an alarm of the park's.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Answers {
    pub count: u32,
    /// The states he gave: each is told once.
    pub told: BTreeSet<AlarmState>,
}

/// A device that is silent.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Outage {
    /// When it is an alarm.
    pub due: Timestamp,
    /// The message that said so.
    pub cause: MessageId,
    /// Why, in the adapter's words.
    pub reason: String,
    /// Its alarm, once raised.
    pub alarm: Option<String>,
}

/// A measuring point in alarm.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Point {
    /// Which threshold it is beyond.
    pub code: AlarmCode,
    /// Its alarm.
    pub alarm: String,
    /// Since when it is back.
    pub back: Option<Timestamp>,
}

/// An order under way: who is told of which alarms.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Notice {
    pub receiver: String,
    /// The alarm the message names first, then the others of its group.
    pub alarms: Vec<String>,
    /// 0 for a first notification.
    pub escalation: u32,
}

/// When, which alarm, which of its errands, which step of it.
pub(crate) type Timer = (Timestamp, String, u32, u32);

/// Everything.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct State {
    pub alarms: BTreeMap<String, Alarm>,
    /// The open ones; not saved.
    #[serde(skip)]
    room: Room,
    /// The active ones by what they are about; not saved.
    #[serde(skip)]
    alike: Alike,
    /// Closed and rejected alarms, oldest first; they are in `alarms` too.
    pub closed: VecDeque<String>,
    /// By route and group.
    pub groups: Groups,
    /// Escalations to come.
    pub timers: BTreeSet<Timer>,
    pub recents: Recents,
    /// Devices that are offline.
    pub outages: BTreeMap<DeviceId, Outage>,
    /// Those of them that are no alarm yet, by when they will be.
    pub silent: BTreeSet<(Timestamp, DeviceId)>,
    /// Points in alarm.
    pub points: Points,
    /// Notices decided whose order entry was not stepped yet.
    pub ordered: VecDeque<Notice>,
    /// Notices by the number of their order.
    pub underway: BTreeMap<u64, Notice>,
    /// What was not taken up because a limit was reached.
    pub missed: BTreeMap<Whose, Missed>,
    /// Devices among those offline that the plan did not name.
    pub unplanned: BTreeSet<DeviceId>,
    /// The alarm in which the hub counts what it finds of an owner who has many open.
    pub floods: BTreeMap<Owner, String>,
    /// Alarms in which something was counted that nobody was told of, by when it is told.
    pub more_due: BTreeSet<(Timestamp, String)>,
    /// What it all cost; not saved.
    #[serde(skip)]
    pub steps: Steps,
}

impl State {
    /// Notes what an alarm that changed is now.
    pub(crate) fn track(&mut self, id: &str) {
        self.steps.one();
        self.room.note(id, self.alarms.get(id));
        self.alike.note(id, self.alarms.get(id));
    }

    /// Forgets an alarm.
    pub(crate) fn remove(&mut self, id: &str) {
        if let Some(alarm) = self.alarms.remove(id) {
            self.alike.forget(id, &alarm);
        }
    }

    /// Counts a name in an alarm.
    pub(crate) fn name(&mut self, name: &str, leader: &str) {
        let alarm = self.alarms.get_mut(leader);
        if alarm.is_some_and(|alarm| alarm.names.add(name)) {
            self.alike.count(mark(name), leader);
        }
    }

    /// The alarms in which a name is counted, and that of the name itself.
    pub(crate) fn called(&self, name: &str) -> impl Iterator<Item = (&String, &Alarm)> {
        let own = self.alarms.get_key_value(name);
        let counted = self.alike.leaders(mark(name));
        let counted = counted.filter_map(|id| self.alarms.get_key_value(id));
        own.into_iter().chain(counted).inspect(|_| self.steps.one())
    }

    /// The alarms of a code from a source that stand so, the newest first.
    pub(crate) fn alike(
        &self,
        code: AlarmCode,
        source: &str,
        standing: Standing,
    ) -> impl Iterator<Item = (&String, &Alarm)> {
        let alike = self.alike.of(code, source, standing);
        let alike = alike.filter_map(|id| self.alarms.get_key_value(id));
        alike.inspect(|_| self.steps.one())
    }

    /// Whether a source told of several places in alarms of this code that are remembered, under whatever names.
    pub(crate) fn tells_of_several(&self, alarm: &Alarm) -> bool {
        self.alike.are_several(alarm)
    }

    /// Finds again what is not saved.
    pub(crate) fn index(&mut self) {
        self.room = Room::default();
        self.alike = Alike::default();
        for (id, alarm) in &self.alarms {
            self.room.note(id, Some(alarm));
            self.alike.note(id, Some(alarm));
            for name in alarm.names.all() {
                self.alike.count(*name, id);
            }
        }
        self.groups.index(&self.alarms);
        self.recents.index();
    }

    /// How many are open of the park, or of all partners.
    pub(crate) fn open(&self, of_partners: bool) -> usize {
        self.room.open(of_partners)
    }

    /// How many are open of one owner.
    pub(crate) fn open_of(&self, owner: &Owner) -> usize {
        self.room.open_of(owner)
    }

    /// The open alarm that can best be spared, of whoever has the most of the park's or of the partners.
    pub(crate) fn spare(&self, of_partners: bool) -> Option<String> {
        self.steps.one();
        self.room.spare(of_partners)
    }

    /// Whether an alarm is there and somebody still has to act on it.
    pub(crate) fn is_active(&self, id: &str) -> bool {
        self.alarms
            .get(id)
            .is_some_and(|alarm| !is_over(alarm.state))
    }

    /// Whether an alarm is there and nobody has seen it.
    pub(crate) fn is_raised(&self, id: &str) -> bool {
        self.alarms.get(id).is_some_and(Alarm::is_raised)
    }

    /// Somebody saw an alarm: it is neither escalated nor told again.
    pub(crate) fn seen(&mut self, id: &str) {
        let Some(alarm) = self.alarms.get(id) else {
            return;
        };
        for timer in alarm.timers(id) {
            self.steps.one();
            self.timers.remove(&timer);
        }
        for name in &alarm.groups {
            self.steps.one();
            self.groups.change(name, |group| group.seen(id));
        }
    }

    /// Takes an alarm out of all groups and timers.
    pub(crate) fn leave(&mut self, id: &str) {
        self.seen(id);
        let names = self.alarms.get_mut(id).map(|alarm| &mut alarm.groups);
        for name in names.map(std::mem::take).unwrap_or_default() {
            self.steps.one();
            self.groups.leave(&name, id);
        }
    }

    /// Nobody needs to act on an alarm any more.
    pub(crate) fn over(&mut self, id: &str) {
        self.leave(id);
        let held = self.alarms.get_mut(id).map(|alarm| &mut alarm.held);
        for likeness in held.map(std::mem::take).unwrap_or_default() {
            self.steps.one();
            self.recents.let_go(&likeness, id);
        }
    }

    /// Remembers the last alarm of a source.
    pub(crate) fn remember(&mut self, likeness: Likeness, alarm: String, at: Timestamp) {
        self.steps.one();
        self.recents.remember(likeness, alarm, at);
    }

    /// Forgets at most `most` sources that were silent since before `since`, and those that are too many.
    /// One whose alarm is active stays until that is over.
    pub(crate) fn age(&mut self, since: Timestamp, most: usize) {
        for _ in 0..most {
            let Some(likeness) = self.recents.stale(since) else {
                return;
            };
            self.steps.one();
            let id = self.recents.get(&likeness).map(|recent| &recent.alarm);
            let alarm = id.and_then(|id| self.alarms.get_mut(id));
            match alarm.filter(|alarm| !is_over(alarm.state)) {
                Some(alarm) if alarm.held.len() < HELD_MAX => {
                    self.recents.hold(&likeness);
                    alarm.held.insert(likeness);
                }
                _ => self.recents.forget(&likeness),
            }
        }
    }

    /// Puts an alarm that is open no more at the end of the closed ones and forgets the oldest beyond `most`.
    pub(crate) fn close(&mut self, id: &str, most: usize) {
        if let Some(alarm) = self.alarms.get_mut(id) {
            alarm.rests();
        }
        self.closed.push_back(id.to_owned());
        while self.closed.len() > most {
            self.steps.one();
            if let Some(oldest) = self.closed.pop_front() {
                self.remove(&oldest);
            }
        }
    }
}
