//! What kind of vehicle it is, when the papers, the register and the camera do not agree.

use cordon_model::{SubjectKind, Timestamp};

use crate::permit::{Permit, Registered};

/// Dangerous goods and hazardous waste: what the gates are there to keep on its own way.
pub(crate) fn is_hazardous(kind: SubjectKind) -> bool {
    matches!(kind, SubjectKind::VehHazmat | SubjectKind::VehHazwaste)
}

/// In this order: rescue if the park has registered it as such, unless the camera sees a hazardous one; hazardous if the
/// grant, a registration (in force or not) or the camera says so, and it was not taken back; rescue if the park granted it
/// as such; else what the park says of another's grant, what the grant says, the registration, the camera; else ordinary.
/// A camera's word never makes a rescue vehicle of one that has a grant or registration, and an enterprise's never does.
pub(crate) fn kind_of(
    said: Option<SubjectKind>,
    permit: Option<&Permit>,
    registered: &[&Registered],
    captured: Option<SubjectKind>,
    now: Timestamp,
) -> SubjectKind {
    let seen = captured.filter(|kind| is_hazardous(*kind));
    if registered.iter().any(|vehicle| vehicle.exempts(now)) {
        return seen.unwrap_or(SubjectKind::VehEmergency);
    }
    let granted = permit.filter(|permit| !permit.withdrawn);
    let standing = registered.iter().filter(|vehicle| !vehicle.withdrawn);
    let mut told = granted
        .map(|permit| permit.kind)
        .into_iter()
        .chain(standing.map(|vehicle| vehicle.kind));
    if let Some(kind) = told.find(|kind| is_hazardous(*kind)).or(seen) {
        return kind;
    }
    if permit.is_some_and(|permit| permit.exempts(now)) {
        return SubjectKind::VehEmergency;
    }
    let mut told = permit
        .map(|permit| permit.kind)
        .into_iter()
        .chain(registered.iter().map(|vehicle| vehicle.kind))
        .filter(|kind| !is_hazardous(*kind));
    said.or_else(|| told.find(|kind| is_everyday(*kind)))
        .or(captured.filter(|kind| is_vehicle(*kind)))
        .unwrap_or(SubjectKind::VehOrdinary)
}

/// What kind a vehicle is by the park's word, for whatever an enterprise grants it: by the park's registration in force,
/// else by the park's own grant.
pub(crate) fn said_by_park(
    registered: &[&Registered],
    permit: Option<&Permit>,
    now: Timestamp,
) -> Option<SubjectKind> {
    let by_register = registered
        .iter()
        .filter(|vehicle| vehicle.by_park() && vehicle.holds(now))
        .map(|vehicle| vehicle.kind)
        .find(|kind| is_everyday(*kind));
    by_register.or_else(|| {
        let permit = permit.filter(|permit| permit.holds(now))?;
        match permit.exempts(now) && !is_hazardous(permit.kind) {
            true => Some(SubjectKind::VehEmergency),
            false => Some(permit.kind).filter(|kind| is_everyday(*kind)),
        }
    })
}

/// A vehicle that is no rescue vehicle: who says that of one says it of his own accord.
fn is_everyday(kind: SubjectKind) -> bool {
    is_vehicle(kind) && kind != SubjectKind::VehEmergency
}

/// Whether the kind drives on a lane.
pub(crate) fn is_vehicle(kind: SubjectKind) -> bool {
    !matches!(
        kind,
        SubjectKind::Person | SubjectKind::Goods | SubjectKind::Vessel
    )
}
