//! What a matcher may look at: an alarm together with what the plan says of its source.

use std::collections::{BTreeMap, BTreeSet};

use cordon_model::codes::person_id;
use cordon_model::name::mark;
use cordon_model::plan::ParkPlan;
use cordon_model::{AlarmCode, AlarmEvent, AlarmLevel, DeviceId, DeviceKind};

/// The facts of one alarm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Facts {
    /// What happened.
    pub code: AlarmCode,
    /// How bad.
    pub level: AlarmLevel,
    /// Control area: the alarm's own, else that of its device or gate.
    pub area: Option<String>,
    /// Gate: the alarm's own, else that of its lane or device.
    pub gate: Option<String>,
    /// Kind of the device that saw it.
    pub kind: Option<DeviceKind>,
    /// The enterprise it concerns.
    pub enterprise: Option<String>,
}

impl Facts {
    /// An alarm of which only code and level are known.
    pub fn new(code: AlarmCode, level: AlarmLevel) -> Self {
        Self {
            code,
            level,
            area: None,
            gate: None,
            kind: None,
            enterprise: None,
        }
    }
}

/// The plan by device, so that an alarm costs one look.
#[derive(Debug)]
pub(crate) struct Places {
    devices: BTreeMap<DeviceId, Place>,
    /// Gate and area behind it, by lane.
    lanes: BTreeMap<String, (String, Option<String>)>,
    areas: BTreeSet<String>,
    /// Area behind a gate.
    gates: BTreeMap<String, Option<String>>,
}

#[derive(Debug)]
struct Place {
    kind: DeviceKind,
    lane: Option<String>,
    area: Option<String>,
}

impl Places {
    pub(crate) fn new(plan: &ParkPlan) -> Self {
        let gates: BTreeMap<String, Option<String>> = plan
            .gates
            .iter()
            .map(|gate| (gate.id.to_string(), gate.area.clone()))
            .collect();
        let lanes = plan.lanes.iter().map(|lane| {
            let gate = lane.gate.to_string();
            let area = gates.get(&gate).cloned().flatten();
            (lane.id.to_string(), (gate, area))
        });
        let devices = plan.devices.iter().map(|device| {
            let place = Place {
                kind: device.kind,
                lane: device.lane.as_ref().map(ToString::to_string),
                area: device.area.clone(),
            };
            (device.id.clone(), place)
        });
        Self {
            devices: devices.collect(),
            lanes: lanes.collect(),
            areas: plan.areas.iter().map(|area| area.id.clone()).collect(),
            gates,
        }
    }

    /// A mark of all that facts are taken from; the same in every build.
    pub(crate) fn mark(&self) -> u64 {
        let mut text = String::new();
        for (id, place) in &self.devices {
            let Place { kind, lane, area } = place;
            text.push_str(&format!("d {id} {kind} {lane:?} {area:?}\n"));
        }
        for (id, (gate, area)) in &self.lanes {
            text.push_str(&format!("l {id} {gate} {area:?}\n"));
        }
        for (id, area) in &self.gates {
            text.push_str(&format!("g {id} {area:?}\n"));
        }
        for id in &self.areas {
            text.push_str(&format!("a {id}\n"));
        }
        mark(&text)
    }

    /// The area that an alarm names, if the plan knows it: any other is words of whoever wrote it, and no
    /// source or group of its own.
    pub(crate) fn area<'a>(&self, event: &'a AlarmEvent) -> Option<&'a String> {
        let area = event.area_id.as_ref();
        area.filter(|area| self.areas.contains(*area))
    }

    /// Everything that is known of an alarm.
    pub(crate) fn facts(&self, event: &AlarmEvent) -> Facts {
        let device = event
            .source_device
            .as_ref()
            .and_then(|id| self.devices.get(id));
        let lane_id = event
            .lane_id
            .as_ref()
            .map(ToString::to_string)
            .or_else(|| device.and_then(|device| device.lane.clone()));
        let lane = lane_id.as_ref().and_then(|id| self.lanes.get(id));
        let gate = event
            .gate_id
            .as_ref()
            .map(ToString::to_string)
            .or_else(|| lane.map(|(gate, _)| gate.clone()));
        let area = self
            .area(event)
            .cloned()
            .or_else(|| device.and_then(|device| device.area.clone()))
            .or_else(|| {
                gate.as_ref()
                    .and_then(|id| self.gates.get(id).cloned().flatten())
            });
        Facts {
            code: event.alarm_code,
            level: event.alarm_level,
            area,
            gate,
            kind: device.map(|device| device.kind),
            enterprise: event.enterprise_id.as_ref().map(ToString::to_string),
        }
    }

    /// The area a device stands in, and gate and lane it serves.
    pub(crate) fn of_device(&self, id: &DeviceId) -> (Option<String>, Option<String>) {
        match self.devices.get(id) {
            Some(place) => (place.area.clone(), place.lane.clone()),
            None => (None, None),
        }
    }
}

/// What makes two alarms identical: where they come from.
pub(crate) fn source(event: &AlarmEvent, places: &Places) -> String {
    let parts = [
        event.source_device.as_ref().map(ToString::to_string),
        event.lane_id.as_ref().map(ToString::to_string),
        event.gate_id.as_ref().map(ToString::to_string),
        event.subject.as_ref().map(|plate| plate.number.to_string()),
        event.person_id.as_deref().map(person_id::normalise),
        event.enterprise_id.as_ref().map(ToString::to_string),
        places.area(event).cloned(),
    ];
    parts
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect::<Vec<String>>()
        .join("|")
}
