//! The table as the program asks it: what it names, and whether its lanes are those of the plan.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_contract::{
    Adapter, AdapterConfig, AdapterKind, Fault, Lender, Names, Target, against_plan, not_in_plan,
};
use cordon_model::DeviceKind;
use cordon_model::plan::{Device, ParkPlan};

use crate::adapter::ModbusAdapter;
use crate::config::{Config, LaneConfig};

impl AdapterKind for Config {
    const TABLE: &'static str = "modbus";
}

impl AdapterConfig for Config {
    fn name(&self) -> &str {
        &self.name
    }

    fn names(&self) -> Names {
        let mut names = Names::default();
        for (place, lane) in self.lanes() {
            names.device(format!("{place}.device"), &lane.device);
            names.gates.insert(lane.gate.clone());
            names.targets.push(Target::device(lane.device.as_str()));
        }
        names
    }

    fn paths(&mut self) -> Vec<&mut PathBuf> {
        let lanes = self.buses.iter_mut().flat_map(|bus| &mut bus.lanes);
        lanes.map(|lane| &mut lane.profile).collect()
    }

    fn check(&self) -> Vec<Fault> {
        Vec::from_iter(Config::check(self).err())
    }

    fn fits(&self, plan: &ParkPlan) -> Vec<Fault> {
        let lanes = self.lanes();
        lanes
            .flat_map(|(place, lane)| barrier(plan, lane, &place))
            .collect()
    }

    fn open(&self, _lender: &dyn Lender) -> Result<Arc<dyn Adapter>, Vec<Fault>> {
        match ModbusAdapter::open(self.clone(), Path::new("")) {
            Ok(adapter) => Ok(Arc::new(adapter)),
            Err(fault) => Err(vec![fault]),
        }
    }
}

impl Config {
    /// Every lane with its place in the table.
    fn lanes(&self) -> impl Iterator<Item = (String, &LaneConfig)> {
        let buses = self.buses.iter().enumerate();
        buses.flat_map(|(bus, section)| {
            let lanes = section.lanes.iter().enumerate();
            lanes.map(move |(number, lane)| (format!("bus[{bus}].lane[{number}]"), lane))
        })
    }
}

/// A barrier's adapter opens the lane that the plan gives the barrier, and no other.
fn barrier(plan: &ParkPlan, lane: &LaneConfig, place: &str) -> Vec<Fault> {
    let Some(known) = plan.lane(&lane.lane) else {
        let place = format!("{place}.lane");
        return vec![not_in_plan("lane", lane.lane.as_str(), place)];
    };
    let mut faults = Vec::new();
    if known.gate != lane.gate {
        let text = format!("lane `{}` belongs to gate `{}`", known.id, known.gate);
        faults.push(against_plan(format!("{place}.gate"), text));
    }
    if let Some(way) = known.direction
        && way != lane.direction
    {
        let text = format!("lane `{}` serves {way} only", known.id);
        faults.push(against_plan(format!("{place}.direction"), text));
    }
    // A device that the plan does not have is told elsewhere.
    let device = plan.device(&lane.device);
    let is_its_barrier =
        |it: &Device| it.kind == DeviceKind::Barrier && it.lane.as_ref() == Some(&lane.lane);
    if let Some(device) = device.filter(|it| !is_its_barrier(it)) {
        let text = format!(
            "device `{}` is not the barrier of lane `{}`",
            device.id, known.id
        );
        faults.push(against_plan(format!("{place}.device"), text));
    }
    faults
}
