//! Where readings come from: one adapter, and in whose name it may speak.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use cordon_contract::{Reading, Shutdown};
use cordon_model::name::write_out;
use cordon_model::plan::ParkPlan;
use cordon_model::{DeviceId, PartyId};

/// Longest id of a device.
const DEVICE_ID_MAX: usize = 64;

/// Where one adapter's readings come from.
#[derive(Clone)]
pub(crate) struct Source {
    /// The instance's name.
    pub name: Arc<str>,
    /// The enterprise in whose name it speaks; `None` when each device speaks for itself.
    pub partner: Option<PartyId>,
    /// Which instance has orders for a device: a barrier above all.
    pub served: Arc<BTreeMap<DeviceId, String>>,
    /// Set when the adapters have stopped: what was offered is still taken, and nothing more.
    pub closing: Shutdown,
}

impl Source {
    /// A reading whose device bears an enterprise's name, or that of a device which another adapter has orders for, is
    /// kept under that name written out: whoever may publish at a broker is taken for neither.
    pub(crate) fn named<'r>(&self, reading: &'r Reading, plan: &ParkPlan) -> Cow<'r, Reading> {
        if self.partner.is_some() || !self.is_anothers(&reading.device, plan) {
            return Cow::Borrowed(reading);
        }
        match DeviceId::new(write_out(reading.device.as_str(), DEVICE_ID_MAX)) {
            Ok(device) => Cow::Owned(Reading {
                device,
                ..reading.clone()
            }),
            Err(_) => Cow::Borrowed(reading),
        }
    }

    fn is_anothers(&self, device: &DeviceId, plan: &ParkPlan) -> bool {
        let name = device.as_str();
        let by_another = self.served.get(device).is_some_and(|by| **by != *self.name);
        let is_partys = |id: &PartyId| id.as_str().eq_ignore_ascii_case(name);
        by_another || plan.enterprises.iter().any(|known| is_partys(&known.id))
    }
}
