//! What stands in the park now, for whoever shows it.
//!
//! The plug-in's own state is the one answer to mode, barriers and who is inside: it is the same before
//! and after a restart, and no feed that may lose entries stands in between. The plug-in writes here and
//! never reads, so what is shown decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use cordon_model::{BarrierState, DeviceId, GateId, LaneId, OperatingMode};

use crate::state::State;

/// The park at one moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing {
    /// The park's operating mode.
    pub mode: OperatingMode,
    /// Gates that are in another one.
    pub gate_modes: BTreeMap<GateId, OperatingMode>,
    /// Vehicles whose visit is open.
    pub inside: u64,
    /// What each barrier last was, by its limit inputs; one that never spoke is not there.
    pub barriers: BTreeMap<DeviceId, BarrierState>,
    /// Lanes that are held open, until their release is confirmed.
    pub held: BTreeSet<LaneId>,
}

/// A handle on what stands now; clones see the same.
#[derive(Clone, Debug, Default)]
pub struct ParkNow(Arc<RwLock<Option<Standing>>>);

impl ParkNow {
    /// What stands now; `None` until the journal has been read.
    pub fn look(&self) -> Option<Standing> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Shows everything anew.
    pub(crate) fn show_all(&self, state: &State) {
        *self.write() = Some(Standing {
            mode: mode(state),
            gate_modes: gate_modes(state),
            inside: u64::from(state.yard.inside(&None, None)),
            barriers: barriers(state),
            held: held(state),
        });
    }

    /// Shows mode, visits and held lanes, which any entry may change.
    pub(crate) fn show(&self, state: &State) {
        if let Some(shown) = self.write().as_mut() {
            shown.mode = mode(state);
            shown.gate_modes = gate_modes(state);
            shown.inside = u64::from(state.yard.inside(&None, None));
            shown.held = held(state);
        }
    }

    /// Shows a barrier that spoke.
    pub(crate) fn show_barrier(&self, device: &DeviceId, is: BarrierState) {
        if let Some(shown) = self.write().as_mut() {
            shown.barriers.insert(device.clone(), is);
        }
    }

    fn write(&self) -> RwLockWriteGuard<'_, Option<Standing>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn held(state: &State) -> BTreeSet<LaneId> {
    let lanes = state.held.keys().chain(state.releasing.keys());
    lanes.cloned().collect()
}

fn barriers(state: &State) -> BTreeMap<DeviceId, BarrierState> {
    let barriers = state.barriers.iter();
    barriers.map(|(device, is)| (device.clone(), *is)).collect()
}

fn mode(state: &State) -> OperatingMode {
    state.modes.park.unwrap_or(OperatingMode::Normal)
}

fn gate_modes(state: &State) -> BTreeMap<GateId, OperatingMode> {
    let of_park = mode(state);
    let gates = state.modes.gates.iter();
    gates
        .filter(|(_, mode)| **mode != of_park)
        .map(|(gate, mode)| (gate.clone(), *mode))
        .collect()
}
