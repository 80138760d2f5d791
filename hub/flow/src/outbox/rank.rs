//! How urgent an order is, and whose: by which the orders of one target go out.

use cordon_model::{AlarmLevel, Body, Message};
use serde::{Deserialize, Serialize};

use crate::authority::Register;

/// Before what is no alarm: red and orange.
const NO_ALARM: u8 = 2;

/// The place of an order among those that wait for its target.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Rank {
    /// 0 goes first: the level of the alarm it tells of, one later when it tells what became of it.
    pub(crate) urgency: u8,
    /// Whose alarm it tells of: who raised it, or the device about which the hub did. Empty for what is
    /// no alarm.
    pub(crate) author: String,
}

impl Default for Rank {
    fn default() -> Self {
        Self {
            urgency: NO_ALARM,
            author: String::new(),
        }
    }
}

impl Rank {
    /// The rank of an order that carries this message, by what is known of alarms.
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
        let author = known.map(|alarm| match &alarm.device {
            Some(device) if alarm.by == hub => device.to_string(),
            _ => alarm.by.clone(),
        });
        Self {
            urgency: level.map_or(NO_ALARM, urgency) + later,
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
    use crate::draft::Draft;

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
            register.apply(number, Timestamp::from_micros(0), &draft);
        }
        let of = |body: Body| {
            let rank = Rank::of(&message("HUB-1", body), &register);
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
