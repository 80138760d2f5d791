//! Whose alarms, under which names, and how many of each sender are open.
//!
//! An alarm is known by who raised it and by the name he gave it. Where another has an alarm of that
//! name, or the hub names its own so, the hub raises it under one of its own, `flow-N`, and leads its
//! author's words there.
//!
//! Limits: the newest [`ALARMS_MAX`] alarms are known; a closed one is forgotten before an open one, and
//! of open ones the sender with the most gives up his oldest. What is forgotten counts as never raised.
//! That is more than a page shows of the park and of its partners together, so whatever it shows can be
//! acknowledged: one room more for those of which the word that they gave way is still to come.

use std::collections::BTreeMap;

use cordon_contract::{ALARMS_OPEN_MAX, Rows, Table, Word, speaker_of};
use cordon_model::{AlarmEvent, AlarmLevel, AlarmState, DeviceId, Message, PartyId};
use serde::{Deserialize, Serialize};

/// Alarms whose raiser is known.
pub(crate) const ALARMS_MAX: usize = 3 * ALARMS_OPEN_MAX;

/// How the hub's own names of alarms begin.
const FLOW: &str = "flow-";

/// Who raised an alarm, and which enterprise it is about.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Raised {
    pub by: String,
    /// On whose word it stands.
    pub word: Word,
    pub concerns: Option<PartyId>,
    /// The entry that raised it.
    number: u64,
    pub device: Option<DeviceId>,
    /// The worst level it was told at.
    pub level: AlarmLevel,
    state: AlarmState,
    /// The name its raiser gave it, where the hub gave it another.
    called: Option<String>,
    /// The entry that raised it again when it was over, and what it was until then: a plug-in that still knows
    /// it tells that again as another alarm.
    reopened: Option<(u64, AlarmState)>,
}

impl Raised {
    /// Whether the hub gave it another name than its raiser did.
    pub(crate) fn is_renamed(&self) -> bool {
        self.called.is_some()
    }
}

/// The alarms of the journal.
#[derive(Debug)]
pub(crate) struct AlarmBook {
    known: Table<String, Raised>,
    /// Ids of open alarms, by who raised them and the entry that did; not stored.
    open: BTreeMap<String, BTreeMap<u64, String>>,
    /// Ids of alarms that are closed or were rejected; not stored.
    closed: BTreeMap<u64, String>,
    /// Own ids of open alarms that bear another's name: by raiser and the name he gave.
    called: Table<(String, String), String>,
    /// The entry that began the flood alarm of a sender, while that alarm is not over.
    floods: Table<String, u64>,
    /// Alarms that bear another name than their raiser gave them, open or closed, by both and by the entries that
    /// raised them; not stored.
    given: BTreeMap<(String, String), BTreeMap<u64, String>>,
}

impl Default for AlarmBook {
    fn default() -> Self {
        Self {
            known: Table::new("alarms", 1),
            open: BTreeMap::new(),
            closed: BTreeMap::new(),
            called: Table::new("called", 1),
            floods: Table::new("floods", 1),
            given: BTreeMap::new(),
        }
    }
}

impl AlarmBook {
    /// All that is stored.
    pub(crate) fn tables(&mut self) -> Vec<&mut dyn Rows> {
        vec![&mut self.known, &mut self.called, &mut self.floods]
    }

    /// Its tables were filled or emptied.
    pub(crate) fn restored(&mut self) {
        self.open.clear();
        self.closed.clear();
        self.given.clear();
        for (id, raised) in &self.known {
            note_given(&mut self.given, id, raised);
            match is_closed(raised.state) {
                true => {
                    self.closed.insert(raised.number, id.clone());
                }
                false => {
                    let open = self.open.entry(raised.by.clone()).or_default();
                    open.insert(raised.number, id.clone());
                }
            }
        }
    }

    /// Whether nobody shows an alarm any more.
    pub(crate) fn is_closed(&self, id: &str) -> bool {
        self.known.get(id).is_some_and(|it| is_closed(it.state))
    }

    /// Who raised an alarm.
    pub(crate) fn get(&self, id: &str) -> Option<&Raised> {
        self.known.get(id)
    }

    /// The id of the open alarm that this speaker calls so and that the hub raised under its own name.
    pub(crate) fn own_id(&self, speaker: &str, called: &str) -> Option<&str> {
        let key = (speaker.to_owned(), called.to_owned());
        self.called.get(&key).map(String::as_str)
    }

    /// The id of the newest alarm that this speaker called so and that the hub raised under its own name, also
    /// when people have closed it: its end comes late, and is no word about another's.
    pub(crate) fn was_id(&self, speaker: &str, called: &str) -> Option<&str> {
        let given = self.given.get(&(speaker.to_owned(), called.to_owned()))?;
        let (_, id) = given.last_key_value()?;
        Some(id)
    }

    /// Whether an event tells again of an alarm of its speaker that is not over.
    pub(crate) fn is_told_again(&self, speaker: &str, event: &AlarmEvent) -> bool {
        let name = event.alarm_id.as_str();
        let own = self.own_id(speaker, name).and_then(|id| self.known.get(id));
        let named = self.known.get(name).filter(|known| !known.is_renamed());
        let mut known = [named, own].into_iter().flatten();
        known.any(|known| {
            let same_device = match (&known.device, &event.source_device) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            };
            known.by == speaker && same_device && !is_over(known.state)
        })
    }

    /// How many alarms of this speaker are open.
    pub(crate) fn open_of(&self, speaker: &str) -> usize {
        self.open.get(speaker).map_or(0, BTreeMap::len)
    }

    /// The id of a speaker's flood alarm.
    pub(crate) fn flood(&self, speaker: &str) -> Option<String> {
        self.floods.get(speaker).copied().map(flow_id)
    }

    /// Takes in an alarm that was raised, or told of again.
    pub(crate) fn raised(
        &mut self,
        (number, word): (u64, Word),
        message: &Message,
        event: &AlarmEvent,
    ) {
        let id = &event.alarm_id;
        // Another that is told under this name burns: it is that one.
        let is_led = self.own_id(speaker_of(message), id).is_some();
        match self.known.get(id) {
            // Only a past that is over is told by an event alone; steps are told by updates.
            Some(known) if known.by == speaker_of(message) => {
                let reopens = is_over(known.state) && !is_over(event.state) && !is_led;
                let reopened = reopens.then_some((number, known.state));
                // Red comes first in the order of levels.
                if (event.alarm_level < known.level || reopened.is_some())
                    && let Some(known) = self.known.get_mut(id)
                {
                    known.level = known.level.min(event.alarm_level);
                    known.reopened = reopened.or(known.reopened);
                }
                if reopened.is_some() {
                    self.stepped(id, event.state);
                }
            }
            Some(_) => {}
            None if is_over(event.state) => {}
            None => self.add(id, (number, word), message, event, None),
        }
    }

    /// Takes in an alarm that bears another's name.
    pub(crate) fn renamed(
        &mut self,
        (number, word): (u64, Word),
        message: &Message,
        event: &AlarmEvent,
    ) {
        let by = speaker_of(message);
        let called = event.alarm_id.clone();
        if self.own_id(by, &called).is_some() || is_over(event.state) {
            return;
        }
        let id = flow_id(number);
        self.called
            .insert((by.to_owned(), called.clone()), id.clone());
        self.add(&id, (number, word), message, event, Some(called));
    }

    /// Takes in what a plug-in tells again, of entry `cause`, as another alarm than the one of that name. What
    /// was over is over still.
    pub(crate) fn told_again(
        &mut self,
        (number, cause, word): (u64, u64, Word),
        message: &Message,
        (event, name): (&AlarmEvent, &str),
    ) {
        let by = speaker_of(message);
        let was = self.known.get(name).filter(|known| known.by == by);
        let was = was.and_then(|known| known.reopened);
        if let Some((_, state)) = was.filter(|(reopened, _)| *reopened == cause) {
            self.stepped(name, state);
        }
        if self.known.contains_key(&event.alarm_id) || is_over(event.state) {
            return self.raised((number, word), message, event);
        }
        let key = (by.to_owned(), name.to_owned());
        self.called.insert(key, event.alarm_id.clone());
        let called = Some(name.to_owned());
        self.add(&event.alarm_id, (number, word), message, event, called);
    }

    /// Takes in an alarm that is one too many of its speaker.
    pub(crate) fn flooded(&mut self, number: u64, message: &Message) {
        let by = speaker_of(message);
        if !self.floods.contains_key(by) {
            self.floods.insert(by.to_owned(), number);
        }
    }

    fn add(
        &mut self,
        id: &str,
        (number, word): (u64, Word),
        message: &Message,
        event: &AlarmEvent,
        called: Option<String>,
    ) {
        let by = speaker_of(message).to_owned();
        let open = self.open.entry(by.clone()).or_default();
        open.insert(number, id.to_owned());
        let raised = Raised {
            by,
            word,
            concerns: event.enterprise_id.clone(),
            number,
            device: event.source_device.clone(),
            level: event.alarm_level,
            state: event.state,
            called,
            reopened: None,
        };
        note_given(&mut self.given, id, &raised);
        self.known.insert(id.to_owned(), raised);
        if self.known.len() > ALARMS_MAX {
            self.forget_one();
        }
    }

    fn forget_one(&mut self) {
        let fullest = || self.open.iter().max_by_key(|(_, ids)| ids.len());
        let oldest = match self.closed.pop_first() {
            Some((_, id)) => Some(id),
            None => fullest().and_then(|(_, ids)| ids.values().next().cloned()),
        };
        if let Some(id) = oldest {
            self.leave_open(&id);
            if let Some(raised) = self.known.remove(&id) {
                self.forget_given(&raised);
            }
        }
    }

    fn forget_given(&mut self, raised: &Raised) {
        let Some(called) = &raised.called else {
            return;
        };
        let key = (raised.by.clone(), called.clone());
        if let Some(given) = self.given.get_mut(&key) {
            given.remove(&raised.number);
            if given.is_empty() {
                self.given.remove(&key);
            }
        }
    }

    /// An alarm went a step, or was put back by a correction: whoever adds up what is said of it comes to
    /// the state it is in.
    pub(crate) fn stepped(&mut self, id: &str, state: AlarmState) {
        let Some(known) = self.known.get_mut(id) else {
            return;
        };
        known.state = state;
        let (number, by, called) = (known.number, known.by.clone(), known.called.clone());
        if is_over(state) {
            // Floods are as few as partners; an alarm under another kind of name is none.
            let number = id.strip_prefix(FLOW);
            let number = number.and_then(|number| number.parse::<u64>().ok());
            if let Some(number) = number {
                self.floods.retain(|_, first| *first != number);
            }
        }
        if is_closed(state) {
            self.leave_open(id);
            self.closed.insert(number, id.to_owned());
        } else if self.closed.remove(&number).is_some() {
            if let Some(called) = called {
                self.called.insert((by.clone(), called), id.to_owned());
            }
            let open = self.open.entry(by).or_default();
            open.insert(number, id.to_owned());
        }
    }

    /// Nobody shows it any more.
    pub(crate) fn forgotten(&mut self, id: &str) {
        self.stepped(id, AlarmState::Closed);
    }

    fn leave_open(&mut self, id: &str) {
        let Some(known) = self.known.get(id) else {
            return;
        };
        if let Some(open) = self.open.get_mut(&known.by) {
            open.remove(&known.number);
            if open.is_empty() {
                self.open.remove(&known.by);
            }
        }
        let Some(called) = &known.called else {
            return;
        };
        let key = (known.by.clone(), called.clone());
        if self.called.get(&key).is_some_and(|own| own == id) {
            self.called.remove(&key);
        }
    }
}

/// Notes the name that an alarm bears beside the one its raiser gave it.
fn note_given(
    given: &mut BTreeMap<(String, String), BTreeMap<u64, String>>,
    id: &str,
    raised: &Raised,
) {
    if let Some(called) = &raised.called {
        let given = given.entry((raised.by.clone(), called.clone()));
        given.or_default().insert(raised.number, id.to_owned());
    }
}

/// Nobody shows it any more.
fn is_closed(state: AlarmState) -> bool {
    matches!(state, AlarmState::Closed | AlarmState::Rejected)
}

/// The id under which the hub raises what entry `number` said.
pub(crate) fn flow_id(number: u64) -> String {
    format!("{FLOW}{number}")
}

/// Nobody needs to act on it any more.
pub(crate) fn is_over(state: AlarmState) -> bool {
    matches!(
        state,
        AlarmState::Rejected | AlarmState::Cleared | AlarmState::Closed
    )
}

#[cfg(test)]
mod tests {
    use cordon_contract::Kept;
    use cordon_model::{
        AlarmCode, AlarmLevel, Body, Header, MessageId, ParkCode, Quality, Sensitivity, Timestamp,
    };

    use super::*;

    fn event(id: &str) -> AlarmEvent {
        AlarmEvent {
            alarm_id: id.to_owned(),
            alarm_code: AlarmCode::Fire,
            alarm_level: AlarmLevel::Red,
            state: AlarmState::Raised,
            occurred_at: Timestamp::from_micros(0),
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
            description: "words".to_owned(),
        }
    }

    fn message(event: &AlarmEvent) -> Message {
        let body = Body::AlarmEvent(event.clone());
        let at = event.occurred_at;
        Message {
            header: Header {
                message_id: MessageId::from_bytes([7; 16]),
                message_type: body.message_type(),
                schema_version: "1.0".to_owned(),
                park_code: ParkCode::new("JS-320700-01").unwrap(),
                sender_id: PartyId::new("HUB-1").unwrap(),
                recipient_id: None,
                occurred_at: at,
                sent_at: at,
                sequence: 0,
                correlation_id: None,
                attested_by: None,
                source_ref: None,
                quality: Quality::Measured,
                sensitivity: Sensitivity::Internal,
                test: false,
            },
            body,
        }
    }

    /// With 20,000 open, the one more that made another give way had its oldest forgotten here, while the
    /// page still showed it.
    #[test]
    fn the_raiser_of_all_that_can_be_open_is_known() {
        let mut book = AlarmBook::default();
        let open = u64::try_from(2 * ALARMS_OPEN_MAX).unwrap();
        // As many again as one sequencer's batch may say before the word of the first that gave way.
        let late = 4_096;
        for number in 0..open + late {
            let event = event(&format!("a-{number}"));
            book.raised((number, Word::default()), &message(&event), &event);
        }
        assert!((0..open + late).all(|number| book.get(&format!("a-{number}")).is_some()));
        // Beyond its own limit a closed one goes first.
        book.stepped("a-7", AlarmState::Acknowledged);
        book.stepped("a-7", AlarmState::Closed);
        for number in open + late..=u64::try_from(ALARMS_MAX).unwrap() {
            let event = event(&format!("a-{number}"));
            book.raised((number, Word::default()), &message(&event), &event);
        }
        assert!(book.get("a-7").is_none() && book.get("a-0").is_some());
    }

    /// A name that was raised again after its alarm was over stayed open for ever, whatever people closed: a
    /// partner's hundredth such name made all its further alarms a flood.
    #[test]
    fn what_is_told_again_as_another_alarm_leaves_what_was_over_over() {
        let mut book = AlarmBook::default();
        let by = "HUB-1";
        let raise = |book: &mut AlarmBook, number: u64, event: &AlarmEvent| {
            book.raised((number, Word::default()), &message(event), event);
        };
        for state in [AlarmState::Cleared, AlarmState::Closed] {
            let first = event("F1");
            raise(&mut book, 10, &first);
            book.stepped("F1", state);
            raise(&mut book, 20, &first);
            let again = event("alarm-20-0");
            let numbers = (21, 20, Word::default());
            book.told_again(numbers, &message(&again), (&again, "F1"));
            assert_eq!(book.get("F1").unwrap().state, state);
            let open = 1 + usize::from(state == AlarmState::Cleared);
            assert_eq!(book.open_of(by), open, "CLEARED is open until it is closed");
            assert!(
                book.is_told_again(by, &first),
                "it is the name of the other"
            );
            book.stepped("alarm-20-0", AlarmState::Closed);
            assert!(!book.is_told_again(by, &first));
            book.stepped("F1", AlarmState::Closed);
            assert_eq!(book.open_of(by), 0);
            book = AlarmBook::default();
        }
        // Nobody tells it again: the plug-in knows it no more, and it is open under its own name.
        let first = event("F1");
        raise(&mut book, 10, &first);
        book.stepped("F1", AlarmState::Closed);
        raise(&mut book, 20, &first);
        assert_eq!(
            (book.open_of(by), book.is_told_again(by, &first)),
            (1, true)
        );
    }

    #[test]
    fn a_flood_ends_with_its_own_alarm_alone() {
        let mut book = AlarmBook::default();
        let raised = event("x");
        book.flooded(12, &message(&raised));
        for id in ["a-12", "flow-1", "flow-12"] {
            let event = event(id);
            book.raised((20, Word::default()), &message(&event), &event);
        }
        book.stepped("a-12", AlarmState::Cleared);
        book.stepped("flow-1", AlarmState::Cleared);
        assert_eq!(book.flood("HUB-1").as_deref(), Some("flow-12"));
        book.stepped("flow-12", AlarmState::Cleared);
        assert_eq!(book.flood("HUB-1"), None);
    }

    /// The names that were given are found anew after each start, and what is decided by them must be the same.
    #[test]
    fn the_names_that_were_given_are_the_same_when_they_are_found_anew() {
        let mut book = AlarmBook::default();
        let by = "HUB-1";
        let renamed = |book: &mut AlarmBook, number: u64, id: &str| {
            let event = event(id);
            book.renamed((number, Word::default()), &message(&event), &event);
        };
        for number in [10, 20, 30] {
            renamed(&mut book, number, "alarm-1");
            book.stepped(&flow_id(number), AlarmState::Closed);
        }
        renamed(&mut book, 40, "alarm-2");
        assert_eq!(book.was_id(by, "alarm-1"), Some("flow-30"));
        assert_eq!(book.own_id(by, "alarm-1"), None);
        // The newest is put back and closed last, and forgotten like any other.
        book.stepped("flow-10", AlarmState::Acknowledged);
        book.stepped("flow-20", AlarmState::Acknowledged);
        for _ in 0..2 {
            let mut anew = AlarmBook::default();
            Kept::of(book.tables())
                .unwrap()
                .put_back(anew.tables())
                .unwrap();
            anew.restored();
            assert_eq!(
                (&anew.given, &anew.open, &anew.closed),
                (&book.given, &book.open, &book.closed)
            );
            book.forget_one();
        }
        let open = book.open.get(by).unwrap();
        assert_eq!(book.known.len(), 2, "{open:?}");
        assert_eq!(book.was_id(by, "alarm-1"), Some("flow-20"));
        assert_eq!(book.was_id("S-05", "alarm-1"), None);
    }
}
