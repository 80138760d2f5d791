//! Whose vehicles, persons and alarms: a small part of the flow's own fold.
//!
//! Only lawful messages come by, and a proposal claims nothing. The plan is not looked at, so that a
//! replay comes to the same under any plan; whoever asks looks a holder up in the plan of today.
//!
//! Limits: vehicles and persons are settings, kept by [`super::Authority`] when a claim is judged, and no
//! enterprise takes more of them than its share; what
//! has surely ended is forgotten within the hour. Alarms: [`AlarmBook`].

use std::collections::BTreeMap;

use cordon_contract::{ALARM_FORGOTTEN, EntryKind, Rows, Single, Table, Word};
use cordon_model::codes::person_id;
use cordon_model::{
    Body, LifeState, Message, PartyId, PersonRegistration, Plate, PlateColour, PlateNumber,
    SubjectKind, Timestamp, VehicleRegistration,
};
use serde::{Deserialize, Serialize};

use super::alarms::AlarmBook;

use crate::decide::draft::Draft;
use crate::decide::settled::Times;
use crate::flags;

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

/// Claims and alarms, as the journal tells them.
#[derive(Debug)]
pub(crate) struct Register {
    vehicles: Table<PlateNumber, Vec<VehicleClaim>>,
    /// By the normal form of their ids.
    persons: Table<String, Claim>,
    /// The alarms.
    pub(crate) alarms: AlarmBook,
    /// The hour in which what had ended was last forgotten.
    swept_hour: Single<i64>,
    /// How much each enterprise holds on its own word; not stored.
    held: BTreeMap<PartyId, Held>,
}

impl Default for Register {
    fn default() -> Self {
        Self {
            vehicles: Table::new("vehicles", 1),
            persons: Table::new("persons", 1),
            alarms: AlarmBook::default(),
            swept_hour: Single::new("swept", 1),
            held: BTreeMap::new(),
        }
    }
}

/// Claims that an enterprise made itself: what the park registers for it is not its doing.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    vehicles: usize,
    persons: usize,
}

/// How much may be registered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// By all together.
    pub most: usize,
    /// By one enterprise on its own word.
    pub share: usize,
}

impl Register {
    /// All that is stored.
    pub(crate) fn tables(&mut self) -> Vec<&mut dyn Rows> {
        let mut all: Vec<&mut dyn Rows> =
            vec![&mut self.vehicles, &mut self.persons, &mut self.swept_hour];
        all.extend(self.alarms.tables());
        all
    }

    /// Its tables were filled or emptied.
    pub(crate) fn restored(&mut self) {
        self.count();
        self.alarms.restored();
    }

    /// Takes in one entry.
    pub(crate) fn apply(&mut self, number: u64, times: Times, draft: &Draft) {
        self.sweep(times);
        let Some(message) = draft.message.as_deref() else {
            return;
        };
        match draft.kind {
            EntryKind::Message if !message.header.test => {
                self.said(number, times.clock, draft, message)
            }
            EntryKind::Audit if draft.label == ALARM_FORGOTTEN && draft.cause != 0 => {
                if let Body::AuditEvent(audit) = &message.body {
                    self.alarms
                        .forgotten(audit.target.as_deref().unwrap_or_default());
                }
            }
            _ => {}
        }
    }

    fn said(&mut self, number: u64, now: Timestamp, draft: &Draft, message: &Message) {
        let by_park = draft.flags & flags::PARK != 0;
        let word = || {
            let by_hub = draft.flags & flags::DECIDED != 0;
            (number, Word::of(message, draft.standing(), by_hub))
        };
        match &message.body {
            Body::AlarmEvent(_) if draft.flags & flags::FLOODED != 0 => {
                self.alarms.flooded(number, message);
            }
            Body::AlarmEvent(event) if draft.flags & flags::NAMESAKE != 0 => {
                self.alarms.renamed(word(), message, event);
            }
            _ if draft.flags & (flags::PROPOSAL | flags::IDLE) != 0 => {}
            Body::VehicleRegistration(it) => self.vehicle(it, by_park, now),
            Body::PersonRegistration(it) => self.person(it, by_park, now),
            Body::AlarmEvent(event) => {
                let (number, word) = word();
                let decided = draft.flags & flags::DECIDED != 0;
                let header = &message.header;
                let again = header.attested_by.is_some() && decided && draft.cause != 0;
                match header.correlation_id.as_deref().filter(|_| again) {
                    Some(name) => {
                        let numbers = (number, draft.cause, word);
                        self.alarms.told_again(numbers, message, (event, name));
                    }
                    None => self.alarms.raised((number, word), message, event),
                }
            }
            // A life ends once: what others say of it then the hub alone takes up, by a step of its own.
            Body::AlarmUpdate(update) => {
                let by_hub = draft.flags & flags::DECIDED != 0;
                if by_hub || !self.alarms.is_closed(&update.alarm_id) {
                    self.alarms.stepped(&update.alarm_id, update.state);
                }
            }
            _ => {}
        }
    }

    /// Forgets what has surely ended, once an hour.
    fn sweep(&mut self, times: Times) {
        let now = times.settled;
        let hour = times.entry.micros().div_euclid(MICROS_PER_HOUR);
        if hour == *self.swept_hour {
            return;
        }
        *self.swept_hour = hour;
        self.persons.retain(|_, claim| claim.holds(now));
        let over = |claims: &[VehicleClaim]| claims.iter().any(|known| !known.claim.holds(now));
        let shrinks = self.vehicles.iter().filter(|(_, claims)| over(claims));
        let shrinks: Vec<PlateNumber> = shrinks.map(|(number, _)| number.clone()).collect();
        for number in shrinks {
            if let Some(mut claims) = self.vehicles.remove(&number) {
                claims.retain(|known| known.claim.holds(now));
                if !claims.is_empty() {
                    self.vehicles.insert(number, claims);
                }
            }
        }
        self.count();
    }

    /// Counts anew what each enterprise holds.
    fn count(&mut self) {
        let mut held: BTreeMap<PartyId, Held> = BTreeMap::new();
        let vehicles = self.vehicles.values().flatten().map(|known| &known.claim);
        for claim in vehicles.filter(|claim| !claim.by_park) {
            held.entry(claim.enterprise.clone()).or_default().vehicles += 1;
        }
        for claim in self.persons.values().filter(|claim| !claim.by_park) {
            held.entry(claim.enterprise.clone()).or_default().persons += 1;
        }
        self.held = held;
    }

    /// What the park registered stays as the park said it: an owner who says it again adds nothing.
    fn vehicle(&mut self, it: &VehicleRegistration, by_park: bool, now: Timestamp) {
        let active = it.state != LifeState::Withdrawn;
        let known = self.vehicles.get(&it.plate.number);
        let mut known = known.into_iter().flatten();
        let before = known.find(|known| known.colour == it.plate.colour);
        let before = before.map(|known| known.claim.clone());
        if active && !by_park && before.as_ref().is_some_and(|claim| claim.is_parks(now)) {
            return;
        }
        let mut claims = self.vehicles.remove(&it.plate.number).unwrap_or_default();
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
        if !claims.is_empty() {
            self.vehicles.insert(it.plate.number.clone(), claims);
        }
        if let Some(before) = before.filter(|claim| !claim.by_park) {
            let held = self.held.entry(before.enterprise).or_default();
            held.vehicles = held.vehicles.saturating_sub(1);
        }
        if active && !by_park {
            let held = self.held.entry(it.enterprise_id.clone()).or_default();
            held.vehicles += 1;
        }
    }

    fn person(&mut self, it: &PersonRegistration, by_park: bool, now: Timestamp) {
        let active = it.state != LifeState::Withdrawn;
        let id = person_id::normalise(&it.person_id);
        let before = self.persons.get(&id);
        if active && !by_park && before.is_some_and(|claim| claim.is_parks(now)) {
            return;
        }
        if let Some(before) = self.persons.remove(&id)
            && !before.by_park
        {
            let held = self.held.entry(before.enterprise).or_default();
            held.persons = held.persons.saturating_sub(1);
        }
        if !active {
            return;
        }
        if !by_park {
            let held = self.held.entry(it.enterprise_id.clone()).or_default();
            held.persons += 1;
        }
        let claim = Claim {
            enterprise: it.enterprise_id.clone(),
            by_park,
            until_micros: it.valid_to.micros(),
        };
        self.persons.insert(id, claim);
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
        let claim = self.persons.get(&person_id::normalise(id));
        claim.filter(|claim| claim.holds(now))
    }

    /// Whether the enterprise may hold this vehicle too.
    pub(crate) fn has_room_for_vehicle(
        &self,
        plate: &Plate,
        enterprise: &PartyId,
        room: Room,
    ) -> bool {
        let claims = self.vehicles.get(&plate.number);
        let mut known = claims.into_iter().flatten();
        if known.any(|known| known.colour == plate.colour) {
            return true;
        }
        let held = self.held.get(enterprise).map_or(0, |held| held.vehicles);
        held < room.share && (claims.is_some() || self.vehicles.len() < room.most)
    }

    /// Whether the enterprise may hold this person too.
    pub(crate) fn has_room_for_person(&self, id: &str, enterprise: &PartyId, room: Room) -> bool {
        let held = self.held.get(enterprise).map_or(0, |held| held.persons);
        let id = person_id::normalise(id);
        self.persons.contains_key(&id) || (held < room.share && self.persons.len() < room.most)
    }
}

impl Claim {
    pub(crate) fn holds(&self, now: Timestamp) -> bool {
        now.micros() <= self.until_micros
    }

    /// Whether a statement says more than it, or other: a longer time, or a suspension.
    pub(crate) fn is_more(&self, until: Timestamp, state: LifeState) -> bool {
        match state {
            LifeState::Withdrawn => false,
            LifeState::Active => until.micros() > self.until_micros,
            _ => true,
        }
    }

    /// Whether the park's own word stands behind it.
    fn is_parks(&self, now: Timestamp) -> bool {
        self.by_park && self.holds(now)
    }
}
