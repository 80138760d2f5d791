//! The park's plan: its gates, lanes, areas, devices and enterprises, as configured.

use serde::{Deserialize, Serialize};

use crate::{
    ControlGrade, DeviceId, DeviceKind, Direction, GateClass, GateId, GateTier, LaneId, ParkCode,
    PartyId, SubjectKind,
};

/// A park as the hub knows it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ParkPlan {
    /// Its code; every message carries it (R001).
    pub code: ParkCode,
    /// Its name.
    pub name: String,
    /// How many vehicles it may hold; absent means no limit (R031).
    #[serde(default)]
    pub capacity: Option<u32>,
    /// Its gates.
    #[serde(default)]
    pub gates: Vec<Gate>,
    /// The lanes of its gates.
    #[serde(default)]
    pub lanes: Vec<Lane>,
    /// Its control areas.
    #[serde(default)]
    pub areas: Vec<ControlArea>,
    /// Its devices.
    #[serde(default)]
    pub devices: Vec<Device>,
    /// The enterprises in it.
    #[serde(default)]
    pub enterprises: Vec<Enterprise>,
}

/// A gate (R093).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Its id.
    pub id: GateId,
    /// Its name.
    pub name: String,
    /// Its class.
    pub class: GateClass,
    /// Whose gate it is.
    #[serde(default = "park_tier")]
    pub tier: GateTier,
    /// The control area it leads into; absent for the park as a whole.
    #[serde(default)]
    pub area: Option<String>,
    /// The enterprise that may speak for it; absent for the park.
    #[serde(default)]
    pub owner: Option<PartyId>,
}

impl Gate {
    /// Whether its class is meant for vehicles of this kind (7.1.2.2). A park's own rules may say otherwise.
    pub fn is_for(&self, kind: SubjectKind) -> bool {
        let hazardous = matches!(kind, SubjectKind::VehHazmat | SubjectKind::VehHazwaste);
        match self.class {
            GateClass::Comprehensive => true,
            GateClass::Dedicated => hazardous || kind == SubjectKind::VehEmergency,
            GateClass::Ordinary => !hazardous,
            GateClass::Emergency => kind == SubjectKind::VehEmergency,
        }
    }
}

fn park_tier() -> GateTier {
    GateTier::Park
}

/// A lane of a gate (R024).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// Its id, unique in the park.
    pub id: LaneId,
    /// The gate it belongs to.
    pub gate: GateId,
    /// The direction it serves; absent when it serves both.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// The kinds it serves; empty means every kind its gate class allows.
    #[serde(default)]
    pub kinds: Vec<SubjectKind>,
    /// The enterprise that may speak for it; absent for the owner of its gate.
    #[serde(default)]
    pub owner: Option<PartyId>,
    /// What its devices can read beside the plate: what a grant names of it must be seen here. What is
    /// not listed is compared only when a device gives it.
    #[serde(default)]
    pub sees: Vec<Sight>,
}

/// Something of a vehicle, beside its plate, that a lane's devices can read.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// The plate of the trailer.
    Trailer,
    /// The electronic tag.
    Tag,
}

/// A control area (R003).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ControlArea {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its risk grade.
    pub grade: ControlGrade,
    /// How many vehicles it may hold; absent means no limit.
    #[serde(default)]
    pub capacity: Option<u32>,
    /// The enterprise that may speak for it; absent for the park.
    #[serde(default)]
    pub owner: Option<PartyId>,
}

/// A device (R094).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// What it is.
    pub kind: DeviceKind,
    /// Its maker.
    #[serde(default)]
    pub vendor: Option<String>,
    /// The lane it serves.
    #[serde(default)]
    pub lane: Option<LaneId>,
    /// The control area it stands in.
    #[serde(default)]
    pub area: Option<String>,
    /// The enterprise that may speak for it; absent for the owner of its lane.
    #[serde(default)]
    pub owner: Option<PartyId>,
}

/// An enterprise (R002).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Enterprise {
    /// Its id, the common name of its certificate.
    pub id: PartyId,
    /// Its name.
    pub name: String,
    /// Its unified social credit code.
    pub uscc: String,
}

impl ParkPlan {
    /// The gate with this id.
    pub fn gate(&self, id: &GateId) -> Option<&Gate> {
        self.gates.iter().find(|gate| gate.id == *id)
    }

    /// The lane with this id.
    pub fn lane(&self, id: &LaneId) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.id == *id)
    }

    /// The lanes of a gate, in the order of the plan.
    pub fn lanes_of<'a>(&'a self, gate: &'a GateId) -> impl Iterator<Item = &'a Lane> {
        self.lanes.iter().filter(move |lane| lane.gate == *gate)
    }

    /// The gate a lane belongs to.
    pub fn gate_of(&self, lane: &LaneId) -> Option<&Gate> {
        self.lane(lane).and_then(|lane| self.gate(&lane.gate))
    }

    /// The control area with this id.
    pub fn area(&self, id: &str) -> Option<&ControlArea> {
        self.areas.iter().find(|area| area.id == id)
    }

    /// The device with this id.
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.devices.iter().find(|device| device.id == *id)
    }

    /// The enterprise with this id.
    pub fn enterprise(&self, id: &PartyId) -> Option<&Enterprise> {
        self.enterprises.iter().find(|one| one.id == *id)
    }

    /// Whose a lane is: its own owner, else that of its gate; `None` for the park.
    pub fn owner_of_lane<'a>(&'a self, lane: &'a Lane) -> Option<&'a PartyId> {
        lane.owner
            .as_ref()
            .or_else(|| self.gate(&lane.gate)?.owner.as_ref())
    }

    /// Whose a device is: its own owner, else that of its lane; `None` for the park.
    pub fn owner_of_device<'a>(&'a self, device: &'a Device) -> Option<&'a PartyId> {
        device.owner.as_ref().or_else(|| {
            let lane = device.lane.as_ref().and_then(|lane| self.lane(lane))?;
            self.owner_of_lane(lane)
        })
    }

    /// The devices of one kind on a lane.
    pub fn devices_on<'a>(
        &'a self,
        lane: &'a LaneId,
        kind: DeviceKind,
    ) -> impl Iterator<Item = &'a Device> {
        self.devices
            .iter()
            .filter(move |device| device.kind == kind && device.lane.as_ref() == Some(lane))
    }
}
