//! What kind of vehicle it is, when the papers, the register and the camera do not agree.

use cordon_model::{SubjectKind, Timestamp};

use crate::permit::{Permit, Registered};

/// Dangerous goods and hazardous waste: what the gates are there to keep on its own way.
pub(crate) fn is_hazardous(kind: SubjectKind) -> bool {
    matches!(kind, SubjectKind::VehHazmat | SubjectKind::VehHazwaste)
}

/// In this order: hazardous if the grant, any registration (in force or not) or the camera says
/// so; rescue if the park itself registered or granted it as such; else what the grant says, the
/// registration, the camera; else ordinary. A camera's word never makes a rescue vehicle of one
/// that has a grant or registration, and an enterprise's word never does.
pub(crate) fn kind_of(
    permit: Option<&Permit>,
    registered: &[&Registered],
    captured: Option<SubjectKind>,
    now: Timestamp,
) -> SubjectKind {
    let told = || {
        permit
            .map(|permit| permit.kind)
            .into_iter()
            .chain(registered.iter().map(|vehicle| vehicle.kind))
    };
    if let Some(kind) = told().chain(captured).find(|kind| is_hazardous(*kind)) {
        return kind;
    }
    let rescue = permit.is_some_and(|permit| permit.exempts(now))
        || registered.iter().any(|vehicle| vehicle.exempts(now));
    if rescue {
        return SubjectKind::VehEmergency;
    }
    told()
        .find(|kind| is_vehicle(*kind) && *kind != SubjectKind::VehEmergency)
        .or(captured.filter(|kind| is_vehicle(*kind)))
        .unwrap_or(SubjectKind::VehOrdinary)
}

/// Whether the kind drives on a lane.
pub(crate) fn is_vehicle(kind: SubjectKind) -> bool {
    !matches!(
        kind,
        SubjectKind::Person | SubjectKind::Goods | SubjectKind::Vessel
    )
}
