//! Who speaks, by certificate or through which door.

use cordon_model::plan::ParkPlan;
use cordon_model::{DeviceId, PartyId};
use cordon_security::{Identity, Role};

use super::words::Voice;

/// Somebody the plan or a certificate knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Speaker {
    pub voice: Voice,
    /// The party or device, as it is named in messages.
    pub id: String,
}

impl Speaker {
    /// The signer of a message. `None` for an enterprise or device that is not in the plan: its
    /// certificate may be good, but nobody knows what it stands for.
    pub(crate) fn signer(signer: &Identity, plan: &ParkPlan) -> Option<Self> {
        let (voice, known) = match signer.role {
            Role::Enterprise => (Voice::Enterprise, plan.enterprise(&signer.id).is_some()),
            Role::Device => {
                let devices = &plan.devices;
                let known = devices
                    .iter()
                    .any(|one| one.id.as_str() == signer.id.as_str());
                (Voice::Device, known)
            }
            Role::Operator => (Voice::Operator, true),
            Role::Regulator => (Voice::Regulator, true),
            Role::Vendor => (Voice::Vendor, true),
            Role::Hub => (Voice::Hub, true),
        };
        known.then(|| Self {
            voice,
            id: signer.id.as_str().to_owned(),
        })
    }

    /// What an adapter reads: `partner` is the enterprise whose gate system it speaks with. `None`
    /// when that enterprise is not in the plan.
    pub(crate) fn reading(
        device: &DeviceId,
        partner: Option<&PartyId>,
        plan: &ParkPlan,
    ) -> Option<Self> {
        match partner {
            Some(partner) => plan.enterprise(partner).map(|known| Self {
                voice: Voice::Plant,
                id: known.id.as_str().to_owned(),
            }),
            None => Some(Self {
                voice: Voice::Field,
                id: device.as_str().to_owned(),
            }),
        }
    }

    /// Whether it may still speak under a plan, who could under the one before.
    pub(crate) fn is_known(&self, plan: &ParkPlan) -> bool {
        let enterprises = &plan.enterprises;
        match self.voice {
            Voice::Enterprise | Voice::Plant => {
                enterprises.iter().any(|it| self.is(it.id.as_str()))
            }
            Voice::Device => plan.devices.iter().any(|it| self.is(it.id.as_str())),
            // What no certificate names must not bear an enterprise's name.
            Voice::Field => !enterprises
                .iter()
                .any(|it| it.id.as_str().eq_ignore_ascii_case(&self.id)),
            Voice::Operator | Voice::Regulator | Voice::Vendor | Voice::Hub => true,
        }
    }

    /// Whether it is this party or device.
    pub(crate) fn is(&self, id: &str) -> bool {
        self.id == id
    }

    /// Whether it speaks for an enterprise.
    pub(crate) fn is_enterprise(&self) -> bool {
        matches!(self.voice, Voice::Enterprise | Voice::Plant)
    }
}
