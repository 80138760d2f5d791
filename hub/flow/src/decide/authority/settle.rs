//! What waits for the park's word, and which of its words settles it.

use cordon_model::codes::person_id;
use cordon_model::{Body, ListSubject, PlateNumber};

use super::things::{Name, mentions};
use crate::decide::sealer::digest_of_parts;

/// The key of what a statement is about, when it is one that the park confirms: as the park says it of
/// the same, it is settled.
pub(crate) fn about(body: &Body) -> Option<String> {
    match body {
        Body::VehicleRegistration(it) => Some(of_vehicle(&it.plate.number)),
        Body::PersonRegistration(it) => Some(of_person(&it.person_id)),
        Body::ListEntry(it) => Some(match &it.subject {
            ListSubject::Plate(plate) => key(&["list", plate.number.as_str()]),
            ListSubject::PlateNumber(number) => key(&["list", number.as_str()]),
            ListSubject::PersonId(id) => key(&["list-person", &person_id::normalise(id)]),
            ListSubject::PersonIdDocument(it) => {
                key(&["list-document", it.kind.as_str(), &it.number])
            }
        }),
        _ => None,
    }
}

/// The key of the vehicle or person that an element of a refused statement names: whoever holds it, the
/// park's registration says.
pub(crate) fn contested(body: &Body, field: &str) -> Option<String> {
    mentions(body)
        .into_iter()
        .filter(|(named, _)| *named == field)
        .find_map(|(_, name)| match name {
            Name::Vehicle(number, _) => Some(of_vehicle(number)),
            Name::Person(id) => Some(of_person(id)),
            _ => None,
        })
}

fn of_vehicle(number: &PlateNumber) -> String {
    key(&["vehicle", number.as_str()])
}

fn of_person(id: &str) -> String {
    key(&["person", &person_id::normalise(id)])
}

/// Half a digest in hexadecimal digits: it fits a reference of the language, and shows nobody's plate.
fn key(parts: &[&str]) -> String {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    let digest = digest_of_parts(&parts).to_string();
    digest.chars().take(32).collect()
}
