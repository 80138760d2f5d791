//! One alarm as it is remembered, and its words.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::OnceLock as Cached;

use cordon_contract::Owner;
use cordon_model::name::mark;
use cordon_model::{AlarmEvent, AlarmState, PartyId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ended::WHICH;
use crate::group::GroupName;
use crate::listeners::Listeners;
use crate::names::Names;
use crate::place::AlarmPlace;
use crate::recent::Likeness;
use crate::text::Text;
use crate::words::Heard;

/// Words kept of one alarm beside the newest, and letters of each.
const SAID_MAX: usize = 8;
const SAID_CHARS_MAX: usize = 60;

/// One alarm.
#[derive(Clone, Debug, Deserialize, Serialize)]
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
    /// A mark of the name that its author gave it, whatever the hub calls it; none where he gave none.
    pub author: Option<u64>,
    /// Why it was raised again; empty where it was not.
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
    /// The time that elapsed ([`cordon_contract::ClockSteps::steady`]) when it was raised.
    pub raised: Timestamp,
    /// The entry that told of it first: of many of one time it says which is the newest.
    pub number: u64,
    /// Seconds after it was raised up to which its escalation has gone. To whom it goes on, and when, the routes say
    /// that hold then.
    pub passed_s: u32,
    /// When that is next.
    pub next: Option<Timestamp>,
    /// Identical alarms counted under it.
    pub repeats: u32,
    /// The highest escalation so far, 0 for none.
    pub escalation: u32,
    /// Who was told of it and hears what becomes of it.
    pub told: Listeners,
    /// None of them was reached, and the page alone shows it: who they are.
    pub untold: Option<String>,
    /// Groups it is in.
    pub groups: BTreeSet<GroupName>,
    /// Sources that are remembered while it is active.
    pub held: BTreeSet<Likeness>,
    /// The place that its words say, once somebody asked for it.
    #[serde(skip)]
    pub place: Cached<AlarmPlace>,
}

impl Alarm {
    /// All that is said of it where nothing else is said.
    pub(crate) fn words(&self) -> String {
        let mut text = self.text("");
        self.add_said(&mut text);
        text.into()
    }

    /// Its own words, and behind them what is known of it: that it may be over, why it was raised again, who was not
    /// told, the newest answer.
    pub(crate) fn text(&self, reason: &str) -> Text {
        let mut text = Text::new(reason, &self.event.description);
        if self.is_unclear {
            text.remark(WHICH);
        }
        text.remark(&self.why);
        if let Some(names) = &self.untold {
            let names: Vec<&str> = names.split(", ").collect();
            let head = "未能通知任何人 / nobody could be told";
            text.list(head, ", ", &names, names.len());
        }
        if let Some(over) = &self.after {
            text.remark(&after_words(over, self.event.occurred_at));
        }
        if let Some((who, state)) = &self.answered {
            let count = self.answers.get(who).map_or(1, |answers| answers.count);
            text.remark(&answer_words(who, *state, count));
        }
        text
    }

    /// What it said before, the newest first: behind everything else.
    pub(crate) fn add_said(&self, text: &mut Text) {
        let newest: Vec<&String> = self.said.iter().rev().collect();
        let beyond = usize::try_from(self.said_beyond).unwrap_or(usize::MAX);
        let total = newest.len().saturating_add(beyond);
        text.list("此前另报 / said before", "; ", &newest, total);
    }

    /// Takes the newest words of its source, and keeps those before.
    pub(crate) fn says(&mut self, words: &str) {
        if words == self.event.description {
            return;
        }
        let before = std::mem::replace(&mut self.event.description, words.to_owned());
        self.place = Cached::default();
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
        self.place = Cached::default();
        self.why.clear();
        self.answered = None;
        self.is_unclear = false;
        self.after = None;
    }

    /// The place that its words say.
    pub(crate) fn place(&self) -> &AlarmPlace {
        let words = &self.event.description;
        self.place.get_or_init(|| AlarmPlace::of(words))
    }

    /// It is over for good: what is kept of it is whose it was, and its words.
    pub(crate) fn rests(&mut self) {
        self.event.evidence.clear();
        self.said.clear();
        self.more.clear();
        self.unseen = None;
        self.answers.clear();
    }

    /// A mark of this very alarm: another may bear its name once it is forgotten.
    pub(crate) fn identity(&self) -> u64 {
        mark(&format!("{} {}", self.number, self.event.alarm_id))
    }

    /// Nobody has seen it.
    pub(crate) fn is_raised(&self) -> bool {
        self.state == AlarmState::Raised
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
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Answers {
    pub count: u32,
    /// The states he gave: each is told once.
    pub told: BTreeSet<AlarmState>,
}
