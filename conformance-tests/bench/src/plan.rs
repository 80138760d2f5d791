//! The plan of the measured park: one gate for every kind of vehicle, and what the example grant names.

use cordon_model::plan::{ControlArea, Device, Enterprise, Gate, Lane, ParkPlan};
use cordon_model::{
    ControlGrade, DeviceId, DeviceKind, Direction, GateClass, GateId, GateTier, LaneId, PartyId,
};

use crate::Outcome;
use crate::fields::park_code;

/// Lanes of the measured gate.
pub const LANES: usize = 6;

/// The measured gate.
pub fn gate_id() -> Outcome<GateId> {
    Ok(GateId::new("G1")?)
}

/// One of its lanes.
pub fn lane_id(lane: usize) -> Outcome<LaneId> {
    Ok(LaneId::new(format!("G1-L{lane}"))?)
}

/// The barrier of a lane.
pub fn barrier(lane: usize) -> String {
    format!("BR-{lane}")
}

/// The camera of a lane.
pub fn camera(lane: usize) -> String {
    format!("CAM-{lane}")
}

/// The whole plan.
pub fn plan() -> Outcome<ParkPlan> {
    let mut plan = ParkPlan {
        code: park_code()?,
        name: "benchmark".to_owned(),
        capacity: None,
        gates: vec![
            gate("G1", GateClass::Comprehensive)?,
            gate("G2", GateClass::Dedicated)?,
        ],
        lanes: vec![self::lane(LaneId::new("G2-L1")?, GateId::new("G2")?)],
        areas: vec![ControlArea {
            id: "AREA-KEY-1".to_owned(),
            name: String::new(),
            grade: ControlGrade::Key,
            capacity: None,
            owner: None,
        }],
        devices: Vec::new(),
        enterprises: Vec::new(),
    };
    for id in ["ENT-1", "ENT-2"] {
        plan.enterprises.push(Enterprise {
            id: PartyId::new(id)?,
            name: id.to_owned(),
            uscc: "91320700MA0000001A".to_owned(),
        });
    }
    for number in 0..LANES {
        plan.lanes.push(lane(lane_id(number)?, gate_id()?));
        let on_lane = [
            (barrier(number), DeviceKind::Barrier),
            (camera(number), DeviceKind::PlateCamera),
        ];
        for (id, kind) in on_lane {
            plan.devices.push(Device {
                id: DeviceId::new(id)?,
                kind,
                vendor: None,
                lane: Some(lane_id(number)?),
                area: None,
                owner: None,
            });
        }
    }
    Ok(plan)
}

fn gate(id: &str, class: GateClass) -> Outcome<Gate> {
    Ok(Gate {
        id: GateId::new(id)?,
        name: id.to_owned(),
        class,
        tier: GateTier::Park,
        area: None,
        owner: None,
    })
}

fn lane(id: LaneId, gate: GateId) -> Lane {
    Lane {
        id,
        gate,
        direction: Some(Direction::In),
        kinds: Vec::new(),
        sees: Vec::new(),
        owner: None,
    }
}
