//! Whose vehicles, persons and alarms: a small part of the flow's own fold.
//!
//! Only lawful messages come by, and a proposal claims nothing. The plan is not looked at, so that a
//! replay comes to the same under any plan; whoever asks looks a holder up in the plan of today.
//!
//! Limits: vehicles and persons are settings, kept by [`super::Authority`] when a claim is judged; what
//! has ended is forgotten within the hour. Of alarms the newest [`ALARMS_MAX`] are known; a closed one is
//! forgotten before an open one, and what is forgotten counts as never raised.

use std::collections::BTreeMap;

use cordon_contract::{EntryKind, speaker_of};
use cordon_model::{
    AlarmEvent, AlarmState, Body, LifeState, Message, PartyId, PersonRegistration, PlateColour,
    PlateNumber, SubjectKind, Timestamp, VehicleRegistration,
};
use serde::{Deserialize, Serialize};

use crate::draft::Draft;
use crate::flags;

/// Alarms whose raiser is known.
pub(crate) const ALARMS_MAX: usize = 20_000;
const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// A claim on a vehicle.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct VehicleClaim {
    pub colour: PlateColour,
    pub kind: SubjectKind,
    pub claim: Claim,
}

/// Who holds something, on whose word, until when.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Claim {
    pub enterprise: PartyId,
    /// True when the park itself registered it.
    pub by_park: bool,
    pub until_micros: i64,
}

/// Who raised an alarm, and which enterprise it is about.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Raised {
    pub by: String,
    pub concerns: Option<PartyId>,
    /// The entry that raised it.
    number: u64,
}

/// Claims and alarms, as the journal tells them.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Register {
    vehicles: BTreeMap<PlateNumber, Vec<VehicleClaim>>,
    persons: BTreeMap<String, Claim>,
    alarms: BTreeMap<String, Raised>,
    /// Ids of alarms that are not closed, by the entry that raised them.
    open: BTreeMap<u64, String>,
    /// Ids of alarms that are closed.
    closed: BTreeMap<u64, String>,
    /// The hour in which what had ended was last forgotten.
    swept_hour: i64,
}

impl Register {
    /// Takes in one entry.
    pub(crate) fn apply(&mut self, number: u64, time: Timestamp, draft: &Draft) {
        self.sweep(time);
        let (EntryKind::Message, Some(message)) = (draft.kind, &draft.message) else {
            return;
        };
        let idle = flags::PROPOSAL | flags::OVERTAKEN;
        if message.header.test || draft.flags & idle != 0 {
            return;
        }
        let by_park = draft.flags & flags::PARK != 0;
        match &message.body {
            Body::VehicleRegistration(it) => self.vehicle(it, by_park),
            Body::PersonRegistration(it) => self.person(it, by_park),
            Body::AlarmEvent(event) => self.raised(number, message, event),
            Body::AlarmUpdate(update) if update.state == AlarmState::Closed => {
                self.ended(&update.alarm_id);
            }
            _ => {}
        }
    }

    /// Forgets what has ended, once an hour.
    fn sweep(&mut self, now: Timestamp) {
        let hour = now.micros().div_euclid(MICROS_PER_HOUR);
        if hour == self.swept_hour {
            return;
        }
        self.swept_hour = hour;
        self.persons.retain(|_, claim| claim.holds(now));
        self.vehicles.retain(|_, claims| {
            claims.retain(|known| known.claim.holds(now));
            !claims.is_empty()
        });
    }

    fn vehicle(&mut self, it: &VehicleRegistration, by_park: bool) {
        let claims = self.vehicles.entry(it.plate.number.clone()).or_default();
        claims.retain(|known| known.colour != it.plate.colour);
        if it.state != LifeState::Withdrawn {
            claims.push(VehicleClaim {
                colour: it.plate.colour,
                kind: it.subject_kind,
                claim: Claim {
                    enterprise: it.enterprise_id.clone(),
                    by_park,
                    until_micros: it.valid_to.micros(),
                },
            });
        }
        if claims.is_empty() {
            self.vehicles.remove(&it.plate.number);
        }
    }

    fn person(&mut self, it: &PersonRegistration, by_park: bool) {
        if it.state == LifeState::Withdrawn {
            self.persons.remove(&it.person_id);
            return;
        }
        let claim = Claim {
            enterprise: it.enterprise_id.clone(),
            by_park,
            until_micros: it.valid_to.micros(),
        };
        self.persons.insert(it.person_id.clone(), claim);
    }

    fn raised(&mut self, number: u64, message: &Message, event: &AlarmEvent) {
        if self.alarms.contains_key(&event.alarm_id) {
            return;
        }
        let raised = Raised {
            by: speaker_of(message).to_owned(),
            concerns: event.enterprise_id.clone(),
            number,
        };
        self.alarms.insert(event.alarm_id.clone(), raised);
        self.open.insert(number, event.alarm_id.clone());
        if self.alarms.len() > ALARMS_MAX {
            let oldest = self.closed.pop_first().or_else(|| self.open.pop_first());
            if let Some((_, oldest)) = oldest {
                self.alarms.remove(&oldest);
            }
        }
    }

    fn ended(&mut self, id: &str) {
        let number = self.alarms.get(id).map(|raised| raised.number);
        if let Some(number) = number
            && let Some(id) = self.open.remove(&number)
        {
            self.closed.insert(number, id);
        }
    }

    /// Claims on vehicles of this number that hold at `now`.
    pub(crate) fn vehicles(
        &self,
        number: &PlateNumber,
        now: Timestamp,
    ) -> impl Iterator<Item = &VehicleClaim> {
        let claims = self.vehicles.get(number).into_iter().flatten();
        claims.filter(move |known| known.claim.holds(now))
    }

    /// The claim on a person that holds at `now`.
    pub(crate) fn person_claim(&self, id: &str, now: Timestamp) -> Option<&Claim> {
        self.persons.get(id).filter(|claim| claim.holds(now))
    }

    /// Who raised an alarm.
    pub(crate) fn alarm(&self, id: &str) -> Option<&Raised> {
        self.alarms.get(id)
    }

    /// Whether one more vehicle may be held.
    pub(crate) fn has_room_for_vehicle(&self, number: &PlateNumber, most: usize) -> bool {
        self.vehicles.len() < most || self.vehicles.contains_key(number)
    }

    /// Whether one more person may be held.
    pub(crate) fn has_room_for_person(&self, id: &str, most: usize) -> bool {
        self.persons.len() < most || self.persons.contains_key(id)
    }
}

impl Claim {
    pub(crate) fn holds(&self, now: Timestamp) -> bool {
        now.micros() <= self.until_micros
    }
}
