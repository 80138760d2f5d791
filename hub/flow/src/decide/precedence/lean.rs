//! To which side a statement leans. Where the order of two is in doubt, the one on the safe side holds.

use cordon_model::{Body, GateAction, LifeState, ListKind, OperatingMode};

/// The side of a statement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Lean {
    /// It raises barriers for those inside, or takes back what lets somebody in.
    Safe,
    /// It lowers barriers, lets somebody in, or neither.
    Open,
}

impl Lean {
    pub(super) fn of(body: &Body) -> Self {
        let takes_back = match body {
            Body::AccessGrant(it) => it.state != LifeState::Active,
            Body::VehicleRegistration(it) => it.state != LifeState::Active,
            Body::PersonRegistration(it) => it.state != LifeState::Active,
            Body::ListEntry(it) => {
                (it.list_kind == ListKind::Black) == (it.state == LifeState::Active)
            }
            _ => false,
        };
        match takes_back || raises(body) {
            true => Self::Safe,
            false => Self::Open,
        }
    }
}

/// Whether an act raises barriers and holds them: it may come later than one that lowers them.
pub(crate) fn raises(body: &Body) -> bool {
    match body {
        Body::EmergencyGateOpen(it) => it.release != Some(true),
        Body::GateCommand(it) => it.action == GateAction::LockOpen,
        Body::OperatingModeChange(it) => it.mode == OperatingMode::Evacuation,
        _ => false,
    }
}
