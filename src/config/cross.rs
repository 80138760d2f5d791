//! Third pass: does everything that is named exist, once, and only once?

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::{Fault, not_in_plan as unknown};
use cordon_model::plan::ParkPlan;
use cordon_model::{DeviceId, DeviceKind};

use super::{ParkConfig, adapters, ties, uses};

/// Cross references of the whole configuration.
pub fn check(config: &ParkConfig) -> Vec<Fault> {
    let mut faults = plan(&config.plan);
    faults.extend(devices(config));
    faults.extend(instances(config));
    faults.extend(addresses(config));
    faults.extend(receivers(config));
    faults.extend(ties::check(config));
    faults.extend(uses::written(config));
    faults.extend(config.console.check().err());
    faults.extend(config.authority.check());
    faults.extend(config.access.check());
    faults.extend(config.alarms.check());
    faults.extend(config.plugins.check(&config.plan));
    faults.extend(config.records.check().err());
    faults.extend(config.reports.check(&config.plan));
    faults.extend(config.retention.check());
    faults.extend(config.retention.against(config.reports.days_kept));
    faults.extend(config.demo.iter().flat_map(|demo| demo.check()));
    if !(100..=60_000).contains(&config.hub.tick_ms) {
        faults.push(
            Fault::new(
                "K016",
                format!(
                    "{} ms between ticks is outside 100 to 60000",
                    config.hub.tick_ms
                ),
            )
            .at("hub.tick_ms")
            .remedy("1000 suits most parks"),
        );
    }
    let percent = config.hub.disk_warn_percent;
    if !(1..=100).contains(&percent) {
        faults.push(
            Fault::new(
                "K016",
                format!("a disk is warned of at {percent} % used, outside 1 to 100"),
            )
            .at("hub.disk_warn_percent")
            .remedy("80 suits most parks; 100 warns of less than 2 GiB free alone"),
        );
    }
    faults
}

/// The plan by itself.
fn plan(plan: &ParkPlan) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut once = Once::default();
    for (index, gate) in plan.gates.iter().enumerate() {
        once.see(
            "gate",
            gate.id.as_str(),
            format!("plan.gates[{index}].id"),
            &mut faults,
        );
        if let Some(area) = &gate.area
            && plan.area(area).is_none()
        {
            faults.push(unknown("area", area, format!("plan.gates[{index}].area")));
        }
        let lanes = plan
            .lanes
            .iter()
            .filter(|lane| lane.gate == gate.id)
            .count();
        // A plant's own gate system may keep its lanes to itself.
        if lanes == 0 && gate.owner.is_none() {
            faults.push(
                Fault::new("K013", format!("gate `{}` has no lane", gate.id))
                    .at(format!("plan.gates[{index}]"))
                    .remedy("add a lane with this gate, or remove the gate"),
            );
        }
    }
    for (index, lane) in plan.lanes.iter().enumerate() {
        once.see(
            "lane",
            lane.id.as_str(),
            format!("plan.lanes[{index}].id"),
            &mut faults,
        );
        if !plan.gates.iter().any(|gate| gate.id == lane.gate) {
            faults.push(unknown(
                "gate",
                lane.gate.as_str(),
                format!("plan.lanes[{index}].gate"),
            ));
        }
        let barriers = plan
            .devices
            .iter()
            .filter(|device| {
                device.kind == DeviceKind::Barrier && device.lane.as_ref() == Some(&lane.id)
            })
            .count();
        // The barrier of a plant's own lane may be its own system's.
        let is_served = barriers == 1 || (barriers == 0 && plan.owner_of_lane(lane).is_some());
        if !is_served {
            faults.push(
                Fault::new(
                    "K014",
                    format!(
                        "lane `{}` has {barriers} barriers, it needs exactly one",
                        lane.id
                    ),
                )
                .at(format!("plan.lanes[{index}]"))
                .remedy("give exactly one device of kind BARRIER this lane"),
            );
        }
        faults.extend(kinds_fit(plan, index));
    }
    for (index, area) in plan.areas.iter().enumerate() {
        once.see(
            "area",
            area.id.as_str(),
            format!("plan.areas[{index}].id"),
            &mut faults,
        );
    }
    for (index, device) in plan.devices.iter().enumerate() {
        once.see(
            "device",
            device.id.as_str(),
            format!("plan.devices[{index}].id"),
            &mut faults,
        );
        if let Some(lane) = &device.lane
            && !plan.lanes.iter().any(|known| known.id == *lane)
        {
            faults.push(unknown(
                "lane",
                lane.as_str(),
                format!("plan.devices[{index}].lane"),
            ));
        }
        if let Some(area) = &device.area
            && !plan.areas.iter().any(|known| known.id == *area)
        {
            faults.push(unknown(
                "area",
                area.as_str(),
                format!("plan.devices[{index}].area"),
            ));
        }
    }
    for (index, enterprise) in plan.enterprises.iter().enumerate() {
        once.see(
            "enterprise",
            enterprise.id.as_str(),
            format!("plan.enterprises[{index}].id"),
            &mut faults,
        );
    }
    faults.extend(owners(plan));
    faults
}

/// Whoever owns something is an enterprise of the plan.
fn owners(plan: &ParkPlan) -> Vec<Fault> {
    let gates = plan.gates.iter().map(|it| &it.owner).enumerate();
    let lanes = plan.lanes.iter().map(|it| &it.owner).enumerate();
    let areas = plan.areas.iter().map(|it| &it.owner).enumerate();
    let devices = plan.devices.iter().map(|it| &it.owner).enumerate();
    let all = gates
        .map(|it| ("gates", it))
        .chain(lanes.map(|it| ("lanes", it)))
        .chain(areas.map(|it| ("areas", it)))
        .chain(devices.map(|it| ("devices", it)));
    all.filter_map(|(list, (index, owner))| Some((list, index, owner.as_ref()?)))
        .filter(|(_, _, owner)| plan.enterprise(owner).is_none())
        .map(|(list, index, owner)| {
            let place = format!("plan.{list}[{index}].owner");
            unknown("enterprise", owner.as_str(), place)
        })
        .collect()
}

/// A lane must not promise what its gate's class forbids (matrix of the guideline, 7.1.2.2).
fn kinds_fit(plan: &ParkPlan, index: usize) -> Option<Fault> {
    let lane = plan.lanes.get(index)?;
    let gate = plan.gates.iter().find(|gate| gate.id == lane.gate)?;
    let forbidden = lane.kinds.iter().find(|kind| !gate.is_for(**kind))?;
    Some(
        Fault::new(
            "K015",
            format!(
                "lane `{}` serves {} but its gate is of class {}",
                lane.id,
                forbidden.as_str(),
                gate.class.as_str()
            ),
        )
        .at(format!("plan.lanes[{index}].kinds"))
        .remedy("remove the kind from the lane, or move the lane to a gate of another class"),
    )
}

/// Devices that adapters name must be in the plan, and no two adapters may claim one.
fn devices(config: &ParkConfig) -> Vec<Fault> {
    let claims = adapters::named(&config.adapters, |names| names.devices);
    let mut faults = Vec::new();
    let mut claimed: BTreeMap<DeviceId, String> = BTreeMap::new();
    for (device, place) in claims {
        if config.plan.device(&device).is_none() {
            faults.push(unknown("device", device.as_str(), place.clone()));
        }
        let text = format!("device `{device}` is already served at ");
        if let Some(first) = claimed.insert(device, place.clone()) {
            faults.push(
                Fault::new("K010", text + &first)
                    .at(place)
                    .remedy("let one adapter serve a device"),
            );
        }
    }
    faults
}

/// Adapter instances have names of their own, and sections without contradictions.
fn instances(config: &ParkConfig) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut once = Once::default();
    for table in config.adapters.iter() {
        once.see("adapter", table.name(), table.place("name"), &mut faults);
        faults.extend(table.check());
    }
    faults
}

/// A receiver is served by one adapter only.
fn receivers(config: &ParkConfig) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut once = Once::default();
    for (receiver, place) in adapters::named(&config.adapters, |names| names.receivers) {
        once.see("receiver", &receiver, place, &mut faults);
    }
    faults
}

/// No two rooms may want the same listening address.
fn addresses(config: &ParkConfig) -> Vec<Fault> {
    let mut wanted = vec![
        (config.exchange.listen, "exchange.listen".to_owned()),
        (config.console.listen, "console.listen".to_owned()),
    ];
    wanted.extend(adapters::named(&config.adapters, |names| names.listeners));
    let mut faults = Vec::new();
    let mut taken: BTreeMap<u16, String> = BTreeMap::new();
    for (address, place) in wanted {
        if address.port() == 0 {
            continue;
        }
        if let Some(first) = taken.insert(address.port(), place.clone()) {
            faults.push(
                Fault::new(
                    "K012",
                    format!("port {} is already wanted by {first}", address.port()),
                )
                .at(place)
                .remedy("give each listener a port of its own"),
            );
        }
    }
    faults
}

/// Ids that were seen, by kind.
#[derive(Default)]
struct Once {
    seen: BTreeSet<(String, String)>,
}

impl Once {
    fn see(&mut self, kind: &str, id: &str, place: String, faults: &mut Vec<Fault>) {
        if !self.seen.insert((kind.to_owned(), id.to_owned())) {
            faults.push(
                Fault::new("K010", format!("{kind} `{id}` is there twice"))
                    .at(place)
                    .remedy(format!("give each {kind} an id of its own")),
            );
        }
    }
}
