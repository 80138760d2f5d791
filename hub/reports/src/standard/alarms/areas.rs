//! Which area an alarm is of: the one it names, else that of its device or gate in the plan, as routes find it.

use std::collections::BTreeMap;

use cordon_model::plan::ParkPlan;
use cordon_model::{DeviceId, GateId};

use super::fold::Alarm;

/// Areas by what stands there.
pub(super) struct Areas<'a> {
    devices: BTreeMap<&'a DeviceId, &'a str>,
    gates: BTreeMap<&'a GateId, &'a str>,
}

impl<'a> Areas<'a> {
    pub(super) fn of(plan: &'a ParkPlan) -> Self {
        let gates = plan.gates.iter();
        let gates = gates.filter_map(|gate| Some((&gate.id, gate.area.as_deref()?)));
        let gates: BTreeMap<&GateId, &str> = gates.collect();
        let lanes = plan.lanes.iter();
        let lanes: BTreeMap<_, _> = lanes.map(|lane| (&lane.id, &lane.gate)).collect();
        let devices = plan.devices.iter().filter_map(|device| {
            let behind = || {
                let gate = lanes.get(device.lane.as_ref()?)?;
                gates.get(gate).copied()
            };
            let area = device.area.as_deref().or_else(behind)?;
            Some((&device.id, area))
        });
        Self {
            devices: devices.collect(),
            gates,
        }
    }

    pub(super) fn of_alarm(&self, alarm: &'a Alarm) -> Option<&'a str> {
        self.find(
            alarm.area.as_deref(),
            alarm.device.as_ref(),
            alarm.gate.as_ref(),
        )
    }

    pub(super) fn find(
        &self,
        named: Option<&'a str>,
        device: Option<&DeviceId>,
        gate: Option<&GateId>,
    ) -> Option<&'a str> {
        let of_device = || self.devices.get(device?).copied();
        let of_gate = || self.gates.get(gate?).copied();
        named.or_else(of_device).or_else(of_gate)
    }
}
