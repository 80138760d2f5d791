//! The folds, each in a file with its rows and its questions.

pub(crate) mod alarms;
pub(crate) mod audit;
pub(crate) mod counts;
pub(crate) mod devices;
pub(crate) mod grants;
pub(crate) mod kept;
pub(crate) mod lists;
pub(crate) mod occupancy;
pub(crate) mod orders;
pub(crate) mod passages;
pub(crate) mod readings;
pub(crate) mod refusals;
pub(crate) mod registrations;
pub(crate) mod visits;

use std::sync::Arc;

use cordon_model::PartyId;

use crate::asked::Face;
use crate::fold::Fold;

/// Names of the folds, to ask of them.
pub mod names {
    /// Grants, those that stand and those before them.
    pub const GRANTS: &str = "grants";
    /// Alarms and each step of their life.
    pub const ALARMS: &str = "alarms";
    /// Passages and decisions at the gates.
    pub const PASSAGES: &str = "passages";
    /// Refused messages.
    pub const REFUSALS: &str = "refusals";
    /// Devices and barriers, from when to when each was in which state.
    pub const DEVICES: &str = "devices";
    /// Orders, what came of them, and those that were given up.
    pub const ORDERS: &str = "orders";
    /// Audits, and changes of mode.
    pub const AUDIT: &str = "audit";
    /// What is counted for the status page.
    pub const COUNTS: &str = "counts";
    /// Registrations of vehicles and persons.
    pub const REGISTRATIONS: &str = "registrations";
    /// Entries of the black and the white list.
    pub const LISTS: &str = "lists";
    /// Stays in the park.
    pub const VISITS: &str = "visits";
    /// How many were inside.
    pub const OCCUPANCY: &str = "occupancy";
    /// What sensors measured, by minute.
    pub const READINGS: &str = "readings";
}

/// Every fold of a park's hub in which so many enterprises share `grants_max` grants.
pub fn folds(hub: &PartyId, grants_max: usize, enterprises: usize) -> Vec<Arc<dyn Fold>> {
    folds_within(hub, &grants::GrantRoom::of(grants_max, enterprises))
}

/// Every fold of a park's hub with this room for grants, which may be another tomorrow.
pub fn folds_within(hub: &PartyId, room: &grants::GrantRoom) -> Vec<Arc<dyn Fold>> {
    vec![
        Arc::new(grants::Grants::within(room.clone())),
        Arc::new(alarms::Alarms::of(hub.clone())),
        Arc::new(passages::Passages),
        Arc::new(refusals::Refusals),
        Arc::new(devices::Devices),
        Arc::new(orders::Orders),
        Arc::new(audit::Audit),
        Arc::new(counts::Counts),
        Arc::new(registrations::Registrations),
        Arc::new(lists::Lists),
        Arc::new(visits::Visits::of(hub.clone())),
        Arc::new(occupancy::Occupancy),
        Arc::new(readings::Readings),
    ]
}

/// What people can ask for, each in its words.
pub const FACES: &[&Face] = &[
    &visits::FACE,
    &registrations::FACE,
    &lists::FACE,
    &occupancy::FACE,
    &readings::FACE,
    &grants::FACE,
    &alarms::FACE,
    &passages::FACE,
    &passages::DECISIONS,
    &refusals::FACE,
    &devices::FACE,
    &orders::FACE,
    &audit::FACE,
];

/// The form of the rows of a fold.
pub(crate) fn form_of(name: &str) -> Option<u32> {
    let hub = PartyId::new("HUB-1").ok()?;
    let folds = folds(&hub, 1, 1);
    let fold = folds.iter().find(|fold| fold.name() == name)?;
    Some(fold.form())
}
