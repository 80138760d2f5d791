//! What a statement is about, and which other statements it is compared with.

use cordon_model::codes::person_id;
use cordon_model::{
    AccessGrant, Body, EmergencyGateOpen, GateAction, GateCommand, OperatingMode,
    OperatingModeChange,
};

use crate::decide::sealer::digest_of_parts;

/// A subject; half of a digest is enough to tell 100,000 apart.
pub(super) type Key = [u8; 16];

/// A name of what a statement is about.
type Subject = Vec<String>;

/// What a statement is about: under which names it is noted, and with which it is compared, for each place
/// that it names.
#[derive(Default)]
pub(super) struct Subjects {
    pub noted: Vec<Subject>,
    pub compared: Vec<Vec<Subject>>,
}

impl Subjects {
    fn one(parts: &[&str]) -> Self {
        Self::of(parts.iter().map(|part| (*part).to_owned()).collect())
    }

    fn of(subject: Subject) -> Self {
        Self {
            noted: vec![subject.clone()],
            compared: vec![vec![subject]],
        }
    }
}

pub(super) fn of_grant(grant: &AccessGrant) -> Subject {
    let parts = ["grant", grant.enterprise_id.as_str(), &grant.grant_id];
    parts.iter().map(|part| (*part).to_owned()).collect()
}

/// What a statement is about; of most kinds order does not matter.
pub(super) fn subjects(body: &Body) -> Subjects {
    match body {
        Body::AccessGrant(grant) => Subjects::of(of_grant(grant)),
        Body::ListEntry(entry) => Subjects::one(&["list", &entry.entry_id]),
        Body::VehicleRegistration(vehicle) => Subjects::one(&[
            "vehicle",
            vehicle.plate.number.as_str(),
            vehicle.plate.colour.as_str(),
        ]),
        Body::PersonRegistration(person) => {
            Subjects::one(&["person", &person_id::normalise(&person.person_id)])
        }
        Body::OnDutyStatus(status) => Subjects::one(&[
            "duty",
            status.enterprise_id.as_str(),
            status.area_id.as_deref().unwrap_or_default(),
        ]),
        Body::OperatingModeChange(change) => of_mode(change),
        Body::EmergencyGateOpen(order) => of_opening(order),
        Body::GateCommand(order) => of_order(order),
        _ => Subjects::default(),
    }
}

/// Where something is ordered.
enum Place<'a> {
    /// The whole park.
    Park,
    Gate(&'a str),
    Lane(&'a str, &'a str),
}

impl Place<'_> {
    /// Under which names something ordered here is noted.
    fn noted(&self, what: &str) -> Vec<Subject> {
        match self {
            Self::Park => vec![named(what, "park", ""), named(what, "within", "")],
            Self::Gate(gate) => vec![
                named(what, "gate", gate),
                named(what, "within", gate),
                named(what, "within", ""),
            ],
            Self::Lane(gate, lane) => vec![
                named(what, "lane", lane),
                named(what, "within", gate),
                named(what, "within", ""),
            ],
        }
    }

    /// Names of what was ordered of this place or of one it lies in.
    fn around(&self, what: &str) -> Vec<Subject> {
        let park = named(what, "park", "");
        match self {
            Self::Park => vec![park],
            Self::Gate(gate) => vec![park, named(what, "gate", gate)],
            Self::Lane(gate, lane) => {
                vec![park, named(what, "gate", gate), named(what, "lane", lane)]
            }
        }
    }

    /// Names of what was ordered of places that lie in this one.
    fn within(&self, what: &str) -> Option<Subject> {
        match self {
            Self::Park => Some(named(what, "within", "")),
            Self::Gate(gate) => Some(named(what, "within", gate)),
            Self::Lane(..) => None,
        }
    }
}

fn named(what: &str, scope: &str, id: &str) -> Subject {
    vec![what.to_owned(), scope.to_owned(), id.to_owned()]
}

/// Raising barriers, and lowering or stopping them: each is overtaken by a newer order to the contrary,
/// and not by the same once more.
const RAISE: &str = "raise";
const LOWER: &str = "lower";

fn places<'a>(gates: impl Iterator<Item = &'a str>) -> Vec<Place<'a>> {
    let places: Vec<Place<'a>> = gates.map(Place::Gate).collect();
    match places.is_empty() {
        true => vec![Place::Park],
        false => places,
    }
}

/// What raises is for all who are inside: a newer word on one lane or gate overtakes no opening of more. What
/// lowers waits for a newer opening anywhere in its place.
fn ordered_at(places: &[Place<'_>], noted: &str, compared: &str, raises: bool) -> Subjects {
    let of_place = |place: &Place<'_>| {
        let inside = place.within(compared).filter(|_| !raises);
        let mut all = place.around(compared);
        all.extend(inside);
        all
    };
    Subjects {
        noted: places.iter().flat_map(|it| it.noted(noted)).collect(),
        compared: places.iter().map(of_place).collect(),
    }
}

/// A mode is compared with every newer one of a place that has to do with its own. An evacuation raises
/// barriers too, and another evacuation is none to the contrary.
fn of_mode(change: &OperatingModeChange) -> Subjects {
    const MODE: &str = "mode";
    const EVACUATION: &str = "evacuation";
    let places = places(change.gates.iter().map(|gate| gate.as_str()));
    if change.mode == OperatingMode::Evacuation {
        let mut subjects = ordered_at(&places, EVACUATION, MODE, true);
        let raised = places.iter().flat_map(|it| it.noted(RAISE));
        subjects.noted.extend(raised);
        return subjects;
    }
    let mut subjects = ordered_at(&places, MODE, MODE, false);
    let evacuations = ordered_at(&places, MODE, EVACUATION, false).compared;
    for (compared, also) in subjects.compared.iter_mut().zip(evacuations) {
        compared.extend(also);
    }
    subjects
}

fn of_opening(order: &EmergencyGateOpen) -> Subjects {
    let places = places(order.gates.iter().map(|gate| gate.as_str()));
    match order.release == Some(true) {
        true => ordered_at(&places, LOWER, RAISE, false),
        false => ordered_at(&places, RAISE, LOWER, true),
    }
}

fn of_order(order: &GateCommand) -> Subjects {
    let place = [Place::Lane(order.gate_id.as_str(), order.lane_id.as_str())];
    match order.action {
        GateAction::Open | GateAction::LockOpen => ordered_at(&place, RAISE, LOWER, true),
        GateAction::Close | GateAction::Stop | GateAction::Release => {
            ordered_at(&place, LOWER, RAISE, false)
        }
    }
}

/// Under which key a subject is kept.
pub(super) fn key(subject: &[String]) -> Key {
    let parts: Vec<&[u8]> = subject.iter().map(String::as_bytes).collect();
    let digest = digest_of_parts(&parts);
    let mut key = [0; 16];
    for (to, from) in key.iter_mut().zip(digest.0) {
        *to = from;
    }
    key
}
