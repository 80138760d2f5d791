//! How urgent an order is, whose, and of what it tells: by which the orders of one target go out.

use cordon_contract::{Owners, Word};
use cordon_model::{AlarmLevel, Body, DeviceId, Message};
use serde::{Deserialize, Serialize};

use crate::decide::authority::Register;

/// Before what is no alarm: red and orange.
const NO_ALARM: u8 = 2;

/// What the journal tells of an order's place. Whose device it is about the plan of the day tells.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Told {
    /// 0 goes first: the level of the alarm it tells of, one later when it tells what became of it.
    pub(crate) urgency: u8,
    /// The alarm it tells of: on whose word it stands, whether the hub raised it, and about which device.
    pub(crate) alarm: Option<(Word, bool, Option<DeviceId>)>,
}

/// The place of an order among those that wait for its target.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rank {
    /// As told.
    pub(crate) urgency: u8,
    /// Who answers for the alarm it tells of. Empty for what is no alarm.
    pub(crate) author: String,
}

/// Of what an order tells. What tells of one and the same goes out in the order in which it happened.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Subject(&'static str, String);

impl Subject {
    /// Of one alarm, one grant, one entry of a list. All else of a kind is one subject: nobody knows what of
    /// it replaces what.
    pub(crate) fn of(message: &Message) -> Self {
        let (kind, id) = match &message.body {
            Body::AlarmEvent(event) => ("alarm", event.alarm_id.as_str()),
            Body::AlarmUpdate(update) => ("alarm", update.alarm_id.as_str()),
            Body::AccessGrant(grant) => ("grant", grant.grant_id.as_str()),
            Body::ListEntry(entry) => ("entry", entry.entry_id.as_str()),
            body => (body.message_type().as_str(), ""),
        };
        Self(kind, id.to_owned())
    }
}

impl Default for Told {
    fn default() -> Self {
        Self {
            urgency: NO_ALARM,
            alarm: None,
        }
    }
}

impl Default for Rank {
    fn default() -> Self {
        Self {
            urgency: NO_ALARM,
            author: String::new(),
        }
    }
}

impl Told {
    /// What is told of the order that carries this message, by what is known of alarms.
    pub(crate) fn of(message: &Message, register: &Register) -> Self {
        let (id, told, later) = match &message.body {
            Body::AlarmEvent(event) => (&event.alarm_id, Some(event.alarm_level), 0),
            Body::AlarmUpdate(update) => {
                let later = u8::from(update.escalation_level.is_none());
                (&update.alarm_id, None, later)
            }
            _ => return Self::default(),
        };
        let known = register.alarms.get(id);
        let level = told.or_else(|| known.map(|alarm| alarm.level));
        let hub = message.header.sender_id.as_str();
        Self {
            urgency: level.map_or(NO_ALARM, urgency) + later,
            alarm: known.map(|it| (it.word.clone(), it.by == hub, it.device.clone())),
        }
    }

    /// Its place: that of whoever answers for the alarm.
    pub(crate) fn rank(&self, owners: &Owners) -> Rank {
        let author = self.alarm.as_ref();
        let author = author.map(|(word, by_hub, device)| {
            let owner = owners.behind(word, *by_hub, device.as_ref());
            owner.to_string()
        });
        Rank {
            urgency: self.urgency,
            author: author.unwrap_or_default(),
        }
    }
}

fn urgency(level: AlarmLevel) -> u8 {
    match level {
        AlarmLevel::Red => 0,
        AlarmLevel::Orange => 1,
        AlarmLevel::Yellow => 2,
        AlarmLevel::Blue => 3,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cordon_contract::EntryKind;
    use cordon_model::{
        AlarmCode, AlarmEvent, AlarmState, AlarmUpdate, Header, MessageId, ParkCode, PartyId,
        Quality, Sensitivity, Timestamp,
    };

    use super::*;
    use crate::decide::draft::Draft;
    use crate::decide::settled::Settled;

    fn message(sender: &str, body: Body) -> Message {
        let at = Timestamp::from_micros(0);
        Message {
            header: Header {
                message_id: MessageId::from_bytes([7; 16]),
                message_type: body.message_type(),
                schema_version: "1.0".to_owned(),
                park_code: ParkCode::new("JS-320700-01").unwrap(),
                sender_id: PartyId::new(sender).unwrap(),
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

    fn alarm(id: &str, level: AlarmLevel) -> Body {
        Body::AlarmEvent(AlarmEvent {
            alarm_id: id.to_owned(),
            alarm_code: AlarmCode::Fire,
            alarm_level: level,
            state: AlarmState::Raised,
            occurred_at: Timestamp::from_micros(0),
            source_device: Some("GAS-01".parse().unwrap()),
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
        })
    }

    fn update(id: &str, escalation_level: Option<u32>) -> Body {
        Body::AlarmUpdate(AlarmUpdate {
            alarm_id: id.to_owned(),
            state: AlarmState::Raised,
            previous: AlarmState::Raised,
            actor_id: PartyId::new("HUB-1").unwrap(),
            receiver: None,
            escalation_level,
            note: None,
            updated_at: Timestamp::from_micros(0),
        })
    }

    fn owners() -> Owners {
        let plan = "code = \"JS-320700-01\"\nname = \"park\"\ngates = []\nlanes = []\nareas = []\n\
            devices = [{ id = \"GAS-01\", kind = \"SENSOR\" }]\n\
            enterprises = [{ id = \"ENT-1\", name = \"plant\", uscc = \"91320700MA1234567X\" }]\n";
        let plan = toml::from_str(plan).unwrap();
        Owners::new(&plan, &PartyId::new("HUB-1").unwrap())
    }

    #[test]
    fn an_order_has_the_level_and_the_author_of_its_alarm() {
        let mut register = Register::default();
        let said = [
            ("ENT-1", alarm("a", AlarmLevel::Yellow)),
            ("HUB-1", alarm("b", AlarmLevel::Orange)),
            // Told worse it is worse, and never better.
            ("ENT-1", alarm("a", AlarmLevel::Red)),
            ("ENT-1", alarm("a", AlarmLevel::Blue)),
        ];
        for (number, (sender, body)) in (1..).zip(said) {
            let message = message(sender, body);
            let sender = message.header.sender_id.clone();
            let draft = Draft {
                message: Some(Arc::new(message)),
                ..Draft::bare(EntryKind::Message, sender)
            };
            let at = Timestamp::from_micros(0);
            let times = Settled::default().times(number, at, at);
            register.apply(number, times, &draft);
        }
        let of = |body: Body| {
            let rank = Told::of(&message("HUB-1", body), &register).rank(&owners());
            (rank.urgency, rank.author)
        };
        let known = |urgency, author: &str| (urgency, author.to_owned());
        assert_eq!(of(alarm("a", AlarmLevel::Red)), known(0, "ENT-1"));
        assert_eq!(of(update("a", Some(1))), known(0, "ENT-1"), "an escalation");
        assert_eq!(of(update("a", None)), known(1, "ENT-1"));
        assert_eq!(of(update("b", None)), known(2, "GAS-01"), "of the hub's");
        assert_eq!(of(update("nobody's", None)), known(3, ""));
    }
}
