//! What the plan says of whose a thing is. Gates, lanes, areas and devices are owned by plan alone.

use cordon_model::plan::{Device, ParkPlan};
use cordon_model::{DeviceId, DeviceKind, GateId, LaneId, PartyId};

use super::speaker::Speaker;
use super::things::Name;
use super::words::{Voice, Whose};

/// The plan, seen from a speaker.
pub(crate) struct Estate<'a> {
    pub plan: &'a ParkPlan,
    /// The hub's own party, which is the park.
    pub hub: &'a PartyId,
}

impl Estate<'_> {
    /// Whose a thing is; `None` for what only the order of statements can tell: vehicles, persons and
    /// alarms.
    pub(crate) fn whose(&self, speaker: &Speaker, name: Name<'_>) -> Option<Whose> {
        Some(match name {
            Name::Enterprise(id) | Name::Grant(id) => self.enterprise(speaker, id),
            Name::Gate(id) => self.gate(speaker, id),
            Name::Lane(id) => self.lane(speaker, id),
            Name::Area(area) => self.area(speaker, area),
            Name::Device(id) => self.device(speaker, id),
            Name::Gateway(id) => self.gateway(speaker, id),
            Name::Actor(id) if speaker.is(id.as_str()) => Whose::Own,
            Name::Actor(id) => self.party(id),
            Name::Vehicle(..) | Name::Person(_) | Name::Alarm(_) | Name::Ending(_) => return None,
        })
    }

    /// Whose a party's things are, seen from somebody else.
    pub(crate) fn party(&self, id: &PartyId) -> Whose {
        if *id == *self.hub {
            Whose::Park
        } else if self.plan.enterprise(id).is_some() {
            Whose::Other
        } else {
            Whose::Unknown
        }
    }

    fn enterprise(&self, speaker: &Speaker, id: &PartyId) -> Whose {
        let own = match speaker.voice {
            Voice::Enterprise | Voice::Plant => speaker.is(id.as_str()),
            Voice::Device | Voice::Field => self
                .spoken(speaker)
                .and_then(|device| self.plan.owner_of_device(device))
                .is_some_and(|owner| owner == id),
            Voice::Operator | Voice::Regulator | Voice::Vendor | Voice::Hub => false,
        };
        if own { Whose::Own } else { self.party(id) }
    }

    fn gate(&self, speaker: &Speaker, id: &GateId) -> Whose {
        let Some(gate) = self.plan.gate(id) else {
            return Whose::Unknown;
        };
        let served = self
            .spoken(speaker)
            .and_then(|device| device.lane.as_ref())
            .and_then(|lane| self.plan.lane(lane))
            .is_some_and(|lane| lane.gate == *id);
        owned(speaker, gate.owner.as_ref(), served)
    }

    fn lane(&self, speaker: &Speaker, id: &LaneId) -> Whose {
        let Some(lane) = self.plan.lane(id) else {
            return Whose::Unknown;
        };
        let served = self
            .spoken(speaker)
            .is_some_and(|device| device.lane.as_ref() == Some(id));
        owned(speaker, self.plan.owner_of_lane(lane), served)
    }

    fn area(&self, speaker: &Speaker, area: Option<&str>) -> Whose {
        let Some(id) = area else {
            return Whose::Park;
        };
        let Some(area) = self.plan.area(id) else {
            return Whose::Unknown;
        };
        let stands = self
            .spoken(speaker)
            .is_some_and(|device| device.area.as_deref() == Some(id));
        owned(speaker, area.owner.as_ref(), stands)
    }

    fn device(&self, speaker: &Speaker, id: &DeviceId) -> Whose {
        if speaker.is(id.as_str()) {
            return Whose::Own;
        }
        let Some(device) = self.plan.device(id) else {
            return Whose::Unknown;
        };
        let carried = self
            .spoken(speaker)
            .is_some_and(|gateway| self.carries(gateway, device));
        owned(speaker, self.plan.owner_of_device(device), carried)
    }

    /// A gateway speaks for those of its owner's devices that serve no lane.
    fn carries(&self, gateway: &Device, device: &Device) -> bool {
        gateway.kind == DeviceKind::Gateway
            && device.lane.is_none()
            && self.plan.owner_of_device(gateway) == self.plan.owner_of_device(device)
    }

    /// A value's way in is a claim only about a device of the plan that is a gateway of somebody.
    fn gateway(&self, speaker: &Speaker, id: &DeviceId) -> Whose {
        match self.plan.device(id) {
            _ if speaker.is(id.as_str()) => Whose::Own,
            None => Whose::Unknown,
            Some(device) => owned(speaker, self.plan.owner_of_device(device), false),
        }
    }

    /// The device of the plan that speaks.
    fn spoken(&self, speaker: &Speaker) -> Option<&Device> {
        match speaker.voice {
            Voice::Device | Voice::Field => {
                let devices = &self.plan.devices;
                devices.iter().find(|device| speaker.is(device.id.as_str()))
            }
            _ => None,
        }
    }
}

fn owned(speaker: &Speaker, owner: Option<&PartyId>, served: bool) -> Whose {
    match owner {
        _ if served => Whose::Own,
        None => Whose::Park,
        Some(owner) if speaker.is_enterprise() && speaker.is(owner.as_str()) => Whose::Own,
        Some(_) => Whose::Other,
    }
}
