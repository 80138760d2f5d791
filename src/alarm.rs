//! Alarms that the program raises in the hub's name.

use std::time::{Duration, Instant};

use cordon_alarms::{OpenAlarm, OpenAlarms};
use cordon_contract::Fault;
use cordon_flow::{Mode, RunningHub};
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AlarmUpdate, Body, PartyId, Timestamp,
};

/// Open alarms looked through at once.
const PAGE: usize = 500;

/// Other words on an alarm that stands are told no more often than this.
const WORDS_ANEW: Duration = Duration::from_secs(60);
/// Longest description in characters, as the schema has it.
const DESCRIPTION_MAX: usize = 2_000;

/// An alarm about the hub itself: no place, no subject, only words.
pub fn of_hub(
    alarm_id: String,
    kind: (AlarmCode, AlarmLevel),
    words: &str,
    now: Timestamp,
) -> AlarmEvent {
    let (alarm_code, alarm_level) = kind;
    AlarmEvent {
        alarm_id,
        alarm_code,
        alarm_level,
        state: AlarmState::Raised,
        occurred_at: now,
        source_device: None,
        subject: None,
        person_id: None,
        enterprise_id: None,
        area_id: None,
        gate_id: None,
        lane_id: None,
        position: None,
        cause_ref: None,
        evidence: Vec::new(),
        description: words.chars().take(DESCRIPTION_MAX).collect(),
    }
}

/// An alarm about the hub's own files (`STORAGE_FAIL`) that stands for as long as something is so.
pub struct Lasting {
    /// Its ids are this and a number; ids of another begin otherwise.
    name: String,
    level: AlarmLevel,
    /// What is said when it is over.
    over: &'static str,
    /// What was told last, in this run; nothing yet.
    told: Option<Told>,
}

/// What was told, and when.
struct Told {
    words: Option<String>,
    at: Instant,
}

impl Lasting {
    /// Not told yet.
    pub fn new(name: String, level: AlarmLevel, over: &'static str) -> Self {
        Self {
            name,
            level,
            over,
            told: None,
        }
    }

    /// Raises it where there are words and it does not stand, ends it where there are none and it does, and notes other
    /// words on the one that stands, once in [`WORDS_ANEW`] at most. While the hub takes nothing of the kind it waits: it
    /// is told when all is taken again.
    pub async fn tell(
        &mut self,
        words: Option<&str>,
        (hub, open): (&RunningHub, &OpenAlarms),
        actor: &PartyId,
    ) -> Result<(), Fault> {
        if hub.modes().now() != Mode::Normal || !self.is_news(words) {
            return Ok(());
        }
        if let Some(body) = self.body(words, open, hub.clock().now(), actor) {
            hub.submit().internal(body, actor).await?;
        }
        self.told = Some(Told {
            words: words.map(str::to_owned),
            at: Instant::now(),
        });
        Ok(())
    }

    fn is_news(&self, words: Option<&str>) -> bool {
        let Some(told) = &self.told else {
            return true;
        };
        match (told.words.as_deref(), words) {
            (Some(before), Some(now)) => before != now && told.at.elapsed() >= WORDS_ANEW,
            (before, now) => before.is_some() != now.is_some(),
        }
    }

    /// The open alarm of this name, be it of an earlier run, that was not ended yet.
    fn standing(&self, open: &OpenAlarms) -> Option<OpenAlarm> {
        let mut after = None;
        for _ in 0..=open.total() / PAGE {
            let page = open.page(after.as_deref(), PAGE);
            let is_it = |alarm: &&OpenAlarm| {
                alarm.of_hub
                    && alarm
                        .id
                        .rsplit_once('-')
                        .is_some_and(|(name, _)| name == self.name)
                    && alarm.code == AlarmCode::StorageFail
                    && alarm.state != AlarmState::Cleared
            };
            if let Some(found) = page.iter().find(is_it) {
                return Some(found.clone());
            }
            after = Some(page.last()?.id.clone());
        }
        None
    }

    /// What is to be said: that it is so, unless an alarm says so, or that it is over, where one says otherwise.
    fn body(
        &self,
        words: Option<&str>,
        open: &OpenAlarms,
        now: Timestamp,
        actor: &PartyId,
    ) -> Option<Body> {
        match (words, self.standing(open)) {
            (Some(words), None) => {
                // A loss is an alarm of its own: an earlier one has ended, and was perhaps not closed yet.
                let id = format!("{}-{}", self.name, now.micros());
                let kind = (AlarmCode::StorageFail, self.level);
                Some(Body::AlarmEvent(of_hub(id, kind, words, now)))
            }
            (Some(words), Some(alarm)) if self.told.is_some() => {
                let state = alarm.state;
                Some(noted(alarm, state, words, (actor, now)))
            }
            (None, Some(alarm)) => Some(noted(alarm, AlarmState::Cleared, self.over, (actor, now))),
            _ => None,
        }
    }
}

/// A step of an alarm that the hub itself takes, or a word on it where the state stays.
fn noted(
    alarm: OpenAlarm,
    state: AlarmState,
    words: &str,
    (actor, now): (&PartyId, Timestamp),
) -> Body {
    Body::AlarmUpdate(AlarmUpdate {
        alarm_id: alarm.id,
        state,
        previous: alarm.state,
        actor_id: actor.clone(),
        receiver: None,
        escalation_level: None,
        note: Some(words.chars().take(DESCRIPTION_MAX).collect()),
        updated_at: now,
    })
}
