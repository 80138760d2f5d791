//! Who answers for an alarm: by whom its room and its notices are counted.
//!
//! A name costs nothing: whoever may speak at a broker speaks under as many as he likes, and a partner
//! makes the hub raise as many alarms as he says things. So an alarm counts for whoever stands behind it:
//! the plan's owner of its device, the partner or device whose statement led to it, or, all together, the
//! devices that the plan does not name.

use std::collections::{BTreeMap, BTreeSet};

use cordon_model::plan::ParkPlan;
use cordon_model::{DeviceId, Message, PartyId};
use serde::{Deserialize, Serialize};

use crate::{Standing, speaker_of};

/// Whoever stands behind an alarm.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Owner {
    /// An enterprise of the plan, its devices included.
    Partner(PartyId),
    /// A device of the park's, or a party that speaks for the park; the hub is one.
    Park(String),
    /// Devices that the plan does not name, all of them.
    Unplanned,
}

impl Owner {
    /// Whether it is an enterprise.
    pub fn is_partner(&self) -> bool {
        matches!(self, Self::Partner(_))
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Partner(id) => write!(out, "{id}"),
            Self::Park(name) => write!(out, "{name}"),
            Self::Unplanned => write!(out, "计划外设备 / devices that the plan does not name"),
        }
    }
}

/// On whose word an alarm stands, as its message tells. Kept by whoever looks the owner up later.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Word {
    /// Who signed it, or was read by an adapter; empty for what the hub says by itself.
    name: String,
    /// An adapter read it: the name is whatever was written there.
    is_read: bool,
}

impl Word {
    /// The word behind a message; `by_hub` says that the hub is its sender.
    pub fn of(message: &Message, standing: Standing, by_hub: bool) -> Self {
        let header = &message.header;
        // What an adapter read is sent by the hub, and decided by nobody.
        if header.attested_by.is_some() {
            return Self {
                name: speaker_of(message).to_owned(),
                is_read: standing != Standing::Park,
            };
        }
        if !by_hub {
            return Self {
                name: header.sender_id.to_string(),
                is_read: false,
            };
        }
        let led = header.source_ref.as_deref().unwrap_or_default();
        match led.split_once('/') {
            Some((name, _)) => Self {
                name: name.to_owned(),
                is_read: true,
            },
            None => Self {
                name: led.to_owned(),
                is_read: false,
            },
        }
    }

    /// As the hub writes it into what this word led to; `None` for its own.
    pub fn reference(&self) -> Option<String> {
        match (self.name.is_empty(), self.is_read) {
            (true, _) => None,
            (false, true) => Some(format!("{}/", self.name)),
            (false, false) => Some(self.name.clone()),
        }
    }
}

/// The plan by the names under which its parties and devices speak.
#[derive(Clone, Debug)]
pub struct Owners {
    hub: String,
    partners: BTreeMap<String, PartyId>,
    /// Devices of the park's.
    devices: BTreeSet<String>,
}

impl Owners {
    /// Those of a plan.
    pub fn new(plan: &ParkPlan, hub: &PartyId) -> Self {
        let mut partners = BTreeMap::new();
        let mut devices = BTreeSet::new();
        for device in &plan.devices {
            let owner = plan.owner_of_device(device);
            match owner.and_then(|owner| plan.enterprise(owner)) {
                Some(owner) => drop(partners.insert(device.id.to_string(), owner.id.clone())),
                None => drop(devices.insert(device.id.to_string())),
            }
        }
        let own = plan.enterprises.iter();
        partners.extend(own.map(|one| (one.id.to_string(), one.id.clone())));
        Self {
            hub: hub.to_string(),
            partners,
            devices,
        }
    }

    /// The enterprises by the names under which they speak: their own, and those of their devices.
    pub fn partners(&self) -> &BTreeMap<String, PartyId> {
        &self.partners
    }

    /// The enterprise that answers for a name; `None` for the park and for nobody's.
    pub fn partner(&self, name: &str) -> Option<&PartyId> {
        self.partners.get(name)
    }

    /// Whoever answers for a device.
    pub fn of_device(&self, device: &DeviceId) -> Owner {
        self.known(device.as_str()).unwrap_or(Owner::Unplanned)
    }

    /// Whoever stands behind an alarm that is about `device`, if about one. What the hub raises about a
    /// device is its owner's; anything else is of whose word it is.
    pub fn behind(&self, word: &Word, by_hub: bool, device: Option<&DeviceId>) -> Owner {
        let about = device.filter(|_| by_hub);
        if let Some(known) = about.and_then(|device| self.known(device.as_str())) {
            return known;
        }
        match (word.name.as_str(), word.is_read) {
            ("", _) if about.is_some() => Owner::Unplanned,
            ("", _) => Owner::Park(self.hub.clone()),
            (name, true) => self.known(name).unwrap_or(Owner::Unplanned),
            (name, false) => {
                let known = self.known(name);
                known.unwrap_or_else(|| Owner::Park(name.to_owned()))
            }
        }
    }

    fn known(&self, name: &str) -> Option<Owner> {
        if let Some(partner) = self.partners.get(name) {
            return Some(Owner::Partner(partner.clone()));
        }
        let device = self.devices.get(name)?;
        Some(Owner::Park(device.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::Word;
    use crate::Standing;
    use cordon_model::{
        AuditEvent, AuditOutcome, Body, Header, Message, MessageId, ParkCode, PartyId, Quality,
        SCHEMA_VERSION, Sensitivity, Timestamp,
    };

    /// All that adapters read had one author, because the hub is its sender: a fire waited for its turn behind
    /// made-up names.
    #[test]
    fn what_an_adapter_read_is_the_devices_word() {
        let hub = PartyId::new("HUB-1").unwrap();
        let at = Timestamp::from_micros(0);
        let body = Body::AuditEvent(AuditEvent {
            action: "any".into(),
            actor_id: hub.clone(),
            target: None,
            outcome: AuditOutcome::Success,
            detail: None,
            at,
        });
        let header = Header {
            message_id: MessageId::from_bytes([1; 16]),
            message_type: body.message_type(),
            schema_version: SCHEMA_VERSION.to_owned(),
            park_code: ParkCode::new("JS-TEST").unwrap(),
            sender_id: hub.clone(),
            recipient_id: None,
            occurred_at: at,
            sent_at: at,
            sequence: 0,
            correlation_id: None,
            source_ref: Some("S-07/topic".into()),
            quality: Quality::Measured,
            sensitivity: Sensitivity::Internal,
            test: false,
            attested_by: Some(hub),
        };
        let message = Message { header, body };
        for by_hub in [true, false] {
            let word = Word::of(&message, Standing::Own, by_hub);
            assert_eq!((word.name.as_str(), word.is_read), ("S-07", true));
        }
    }
}
