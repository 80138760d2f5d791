//! What is kept of a grant, a registration and a list entry: what a decision needs, and no
//! personal data.

use cordon_contract::Term;
use cordon_model::{
    AccessGrant, ClassLetter, GateId, LaneId, LifeState, ListEntry, ListKind, ListSubject, PartyId,
    PlateColour, PlateNumber, SubjectKind, Timestamp, VehicleRegistration,
};
use serde::{Deserialize, Serialize};

use crate::plate::PlateKey;

/// A grant's identity: the enterprise that answers for it, and its id there.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct PermitKey {
    pub enterprise: PartyId,
    pub id: String,
}

/// A grant.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Permit {
    /// `None` for a grant without a vehicle, which no lane camera can use.
    pub plate: Option<PlateKey>,
    pub class: ClassLetter,
    pub kind: SubjectKind,
    pub trailer: Option<PlateNumber>,
    pub etag: Option<String>,
    pub person: Option<String>,
    /// In order, as lanes and areas are: each passage seeks its own.
    pub gates: Vec<GateId>,
    pub lanes: Vec<LaneId>,
    pub areas: Vec<String>,
    pub from: Timestamp,
    pub to: Timestamp,
    pub waybill: bool,
    pub manifest: bool,
    pub checks: Option<bool>,
    pub max_stay_minutes: Option<u32>,
    pub active: bool,
    /// It was taken back for good.
    pub withdrawn: bool,
    /// True when the park said it and not an enterprise: only then may it exempt (class X).
    pub by_park: bool,
    /// The park's word on a grant that its enterprise made: it stays in that one's room.
    pub in_enterprises_room: bool,
}

impl Permit {
    pub(crate) fn of(grant: &AccessGrant, by_park: bool) -> Self {
        Self {
            plate: grant.plate.as_ref().map(PlateKey::of),
            class: grant.class_letter,
            kind: grant.subject_kind,
            trailer: grant.trailer_plate.clone(),
            etag: grant.etag_epc.clone(),
            person: grant.person_id.clone(),
            gates: sorted(&grant.gates),
            lanes: sorted(&grant.lanes),
            areas: sorted(&grant.areas),
            from: grant.valid_from,
            to: grant.valid_to,
            waybill: grant.waybill_ref.is_some(),
            manifest: grant.manifest_ref.is_some(),
            checks: grant.checks_passed,
            max_stay_minutes: grant.max_stay_minutes,
            active: grant.state == LifeState::Active,
            withdrawn: grant.state == LifeState::Withdrawn,
            by_park,
            in_enterprises_room: false,
        }
    }

    /// The same in the room it takes, beside what is known under its key. What the park says of a vehicle's grant
    /// that an enterprise made takes no room of its own; nor does that a grant which nobody made rests. What takes a
    /// grant away, or rests it, moves its end no later: whoever entered on it is an overstay then.
    pub(crate) fn beside(self, key: &PermitKey, known: Option<&Self>) -> Self {
        let in_theirs = match known {
            Some(known) => known.owner(key).is_some() && known.number() == self.number(),
            None => !self.active && !self.withdrawn,
        };
        Self {
            in_enterprises_room: self.by_park && self.plate.is_some() && in_theirs,
            to: known
                .filter(|_| !self.active)
                .map_or(self.to, |known| self.to.min(known.to)),
            ..self
        }
    }

    /// In whose part of the room it is kept; `None` is the park's.
    pub(crate) fn owner<'a>(&self, key: &'a PermitKey) -> Option<&'a PartyId> {
        (!self.by_park || self.in_enterprises_room).then_some(&key.enterprise)
    }

    /// Whose word it is; `None` is the park's.
    pub(crate) fn speaker<'a>(&self, key: &'a PermitKey) -> Option<&'a PartyId> {
        (!self.by_park).then_some(&key.enterprise)
    }

    /// The park's word that acts, in an enterprise's room.
    pub(crate) fn is_parks_in_anothers_room(&self) -> bool {
        self.in_enterprises_room && !self.withdrawn
    }

    pub(crate) fn term(&self) -> Term {
        Term::new(!self.withdrawn, Some(self.to))
    }

    pub(crate) fn number(&self) -> Option<&PlateNumber> {
        self.plate.as_ref().map(|plate| &plate.number)
    }

    /// Whether it can be this vehicle's.
    pub(crate) fn may_be(&self, plate: &PlateKey) -> bool {
        self.plate.as_ref().is_some_and(|own| own.may_be(plate))
    }

    /// In force and inside its window.
    pub(crate) fn holds(&self, now: Timestamp) -> bool {
        self.active && self.from <= now && now <= self.to
    }

    pub(crate) fn covers_gate(&self, gate: &GateId) -> bool {
        self.gates.is_empty() || self.gates.binary_search(gate).is_ok()
    }

    pub(crate) fn covers_lane(&self, lane: &LaneId) -> bool {
        self.lanes.is_empty() || self.lanes.binary_search(lane).is_ok()
    }

    /// A grant that names no area is not limited by area, as with gates and lanes.
    pub(crate) fn covers_area(&self, area: Option<&str>) -> bool {
        let is_held = |area: &str| self.areas.binary_search_by(|held| held.as_str().cmp(area));
        self.areas.is_empty() || area.is_none_or(|area| is_held(area).is_ok())
    }

    /// Exempt by class, on the park's own word.
    pub(crate) fn exempts(&self, now: Timestamp) -> bool {
        self.by_park && self.class == ClassLetter::X && self.holds(now)
    }
}

fn sorted<T: Clone + Ord>(of: &[T]) -> Vec<T> {
    let mut of = of.to_vec();
    of.sort_unstable();
    of
}

/// A registered vehicle.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Registered {
    pub kind: SubjectKind,
    pub etag: Option<String>,
    pub from: Timestamp,
    pub to: Timestamp,
    pub active: bool,
    /// It was taken back for good.
    pub withdrawn: bool,
    /// Who said it; `None` for the park. As with [`Permit::by_park`], only the park's word makes a rescue
    /// vehicle.
    pub owner: Option<PartyId>,
}

impl Registered {
    pub(crate) fn of(registration: &VehicleRegistration, by_park: bool) -> Self {
        let enterprise = &registration.enterprise_id;
        Self {
            kind: registration.subject_kind,
            etag: registration.etag_epc.clone(),
            from: registration.valid_from,
            to: registration.valid_to,
            active: registration.state == LifeState::Active,
            withdrawn: registration.state == LifeState::Withdrawn,
            owner: (!by_park).then(|| enterprise.clone()),
        }
    }

    pub(crate) fn by_park(&self) -> bool {
        self.owner.is_none()
    }

    /// Whether it counts for what this owner says of the vehicle: the park's does for everybody.
    pub(crate) fn is_of(&self, owner: Option<&PartyId>) -> bool {
        self.by_park() || self.owner.as_ref() == owner
    }

    pub(crate) fn term(&self) -> Term {
        Term::new(!self.withdrawn, Some(self.to))
    }

    pub(crate) fn holds(&self, now: Timestamp) -> bool {
        self.active && self.from <= now && now <= self.to
    }

    /// A registered rescue vehicle, on the park's own word.
    pub(crate) fn exempts(&self, now: Timestamp) -> bool {
        self.by_park() && self.kind == SubjectKind::VehEmergency && self.holds(now)
    }
}

/// A list entry's identity: who made it (`None` for the park) and its id there.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct ListKey {
    pub owner: Option<PartyId>,
    pub id: String,
}

/// A list entry about a vehicle.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Listed {
    pub list: ListKind,
    pub number: PlateNumber,
    /// `None` for a vehicle in whatever colour.
    pub colour: Option<PlateColour>,
    pub from: Timestamp,
    pub to: Option<Timestamp>,
    pub active: bool,
    /// It was taken back for good.
    pub withdrawn: bool,
    /// Whose gates it acts at; `None` for every gate, on the park's word.
    pub at: Option<PartyId>,
}

impl Listed {
    /// `None` for an entry about a person.
    pub(crate) fn of(entry: &ListEntry, at: Option<PartyId>) -> Option<Self> {
        let (number, colour) = match &entry.subject {
            ListSubject::Plate(plate) => (&plate.number, Some(plate.colour)),
            ListSubject::PlateNumber(number) => (number, None),
            ListSubject::PersonId(_) | ListSubject::PersonIdDocument(_) => return None,
        };
        Some(Self {
            list: entry.list_kind,
            number: number.clone(),
            colour,
            from: entry.valid_from,
            to: entry.valid_to,
            active: entry.state == LifeState::Active,
            withdrawn: entry.state == LifeState::Withdrawn,
            at,
        })
    }

    pub(crate) fn term(&self) -> Term {
        Term::new(!self.withdrawn, self.to)
    }

    fn holds(&self, now: Timestamp) -> bool {
        self.active && self.from <= now && self.to.is_none_or(|to| now <= to)
    }

    /// Refuses this vehicle now. A colour that is not known, here or there, matches.
    pub(crate) fn bars(&self, plate: &PlateKey, now: Timestamp) -> bool {
        let colours = self.colour.is_none_or(|colour| {
            colour == plate.colour
                || colour == PlateColour::Other
                || plate.colour == PlateColour::Other
        });
        self.list == ListKind::Black && colours && self.holds(now)
    }

    /// Admits this vehicle now. A colour that is not known never matches one that is.
    pub(crate) fn frees(&self, plate: &PlateKey, now: Timestamp) -> bool {
        let colours = self
            .colour
            .is_none_or(|colour| colour == plate.colour && colour != PlateColour::Other);
        self.list == ListKind::White && colours && self.holds(now)
    }
}
