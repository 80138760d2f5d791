//! What the adapters' sections say of lanes, cameras, partners and reports must fit the plan.

use cordon_contract::Fault;
use cordon_modbus::LaneConfig;
use cordon_model::DeviceKind;
use cordon_model::plan::{Device, ParkPlan};
use cordon_onvif::CameraConfig;

use super::ParkConfig;
use super::cross::unknown;

/// Lanes, cameras, partners and platforms against the plan.
pub fn check(config: &ParkConfig) -> Vec<Fault> {
    let mut faults = barriers(config);
    faults.extend(cameras(config));
    faults.extend(watched(config));
    faults.extend(partners(config));
    faults.extend(pushed(config));
    faults.extend(exchange(config));
    faults
}

/// Limits of the exchange that leave it usable.
fn exchange(config: &ParkConfig) -> Vec<Fault> {
    let of = &config.exchange;
    let within = |key: &str, value: u64, low: u64, high: u64| {
        (!(low..=high).contains(&value)).then(|| {
            Fault::new("S059", format!("{value} is not within {low} to {high}"))
                .at(format!("exchange.{key}"))
                .remedy("take a number of that range; leave the key out for the default")
        })
    };
    let rates = [
        ("refusals_of_party_a_minute", of.refusals_of_party_a_minute),
        ("refusals_of_party_a_second", of.refusals_of_party_a_second),
        (
            "handshakes_of_party_a_second",
            of.handshakes_of_party_a_second,
        ),
        (
            "handshakes_of_address_a_second",
            of.handshakes_of_address_a_second,
        ),
    ];
    [
        within("connections_max", of.connections_max as u64, 16, 10_000),
        within(
            "bytes_in_flight_mib",
            of.bytes_in_flight_mib as u64,
            48,
            4_096,
        ),
        within("refused_mib_of_party", of.refused_mib_of_party, 0, 4_096),
    ]
    .into_iter()
    .chain(rates.map(|(key, value)| within(key, u64::from(value), 1, 10_000)))
    .flatten()
    .collect()
}

/// The code of what contradicts the plan.
fn against(place: String, text: String) -> Fault {
    Fault::new("K019", text)
        .at(place)
        .remedy("say the same here and in the plan")
}

/// A barrier's adapter opens the lane that the plan gives the barrier, and no other.
fn barriers(config: &ParkConfig) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, modbus) in config.modbus.iter().enumerate() {
        for (bus, section) in modbus.buses.iter().enumerate() {
            for (number, lane) in section.lanes.iter().enumerate() {
                let place = format!("modbus[{index}].bus[{bus}].lane[{number}]");
                faults.extend(barrier(&config.plan, lane, &place));
            }
        }
    }
    faults
}

fn barrier(plan: &ParkPlan, lane: &LaneConfig, place: &str) -> Vec<Fault> {
    let Some(known) = plan.lane(&lane.lane) else {
        return vec![unknown("lane", lane.lane.as_str(), format!("{place}.lane"))];
    };
    let mut faults = Vec::new();
    if known.gate != lane.gate {
        let text = format!("lane `{}` belongs to gate `{}`", known.id, known.gate);
        faults.push(against(format!("{place}.gate"), text));
    }
    if let Some(way) = known.direction
        && way != lane.direction
    {
        let text = format!("lane `{}` serves {way} only", known.id);
        faults.push(against(format!("{place}.direction"), text));
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
        faults.push(against(format!("{place}.device"), text));
    }
    faults
}

/// A camera watches what the plan says it watches.
fn cameras(config: &ParkConfig) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, onvif) in config.onvif.iter().enumerate() {
        for (number, one) in onvif.camera.iter().enumerate() {
            let place = format!("onvif[{index}].camera[{number}]");
            faults.extend(camera(&config.plan, one, &place));
        }
    }
    faults
}

fn camera(plan: &ParkPlan, camera: &CameraConfig, place: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let device = plan.device(&camera.device);
    if let Some(id) = &camera.lane {
        match plan.lane(id) {
            None => faults.push(unknown("lane", id.as_str(), format!("{place}.lane"))),
            Some(lane) => {
                if camera.gate.as_ref().is_some_and(|gate| *gate != lane.gate) {
                    let text = format!("lane `{id}` belongs to gate `{}`", lane.gate);
                    faults.push(against(format!("{place}.gate"), text));
                }
                let planned = device.and_then(|device| device.lane.as_ref());
                if device.is_some() && planned != Some(id) {
                    let stands = planned.map_or_else(
                        || "no lane".to_owned(),
                        |planned| format!("lane `{planned}`"),
                    );
                    let text = format!("device `{}` stands on {stands}", camera.device);
                    faults.push(against(format!("{place}.lane"), text));
                }
            }
        }
    } else if let Some(gate) = &camera.gate
        && plan.gate(gate).is_none()
    {
        faults.push(unknown("gate", gate.as_str(), format!("{place}.gate")));
    }
    if let Some(area) = &camera.area {
        let planned = device.and_then(|device| device.area.as_ref());
        if plan.area(area).is_none() {
            faults.push(unknown("area", area, format!("{place}.area")));
        } else if let Some(planned) = planned.filter(|planned| *planned != area) {
            let text = format!("device `{}` stands in area `{planned}`", camera.device);
            faults.push(against(format!("{place}.area"), text));
        }
    }
    faults
}

/// A device that is expected to speak must be one of the plan.
fn watched(config: &ParkConfig) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, mqtt) in config.mqtt.iter().enumerate() {
        for (number, watch) in mqtt.watch.iter().enumerate() {
            if config.plan.device(&watch.device).is_none() {
                let place = format!("mqtt[{index}].watch[{number}].device");
                faults.push(unknown("device", watch.device.as_str(), place));
            }
        }
    }
    faults
}

/// A gate system speaks for its enterprise; a partner that is none would be refused everything.
fn partners(config: &ParkConfig) -> Vec<Fault> {
    let known = |partner: &str| {
        let mut enterprises = config.plan.enterprises.iter();
        enterprises.any(|one| one.id.as_str() == partner)
    };
    let systems = config.enterprise.iter().enumerate();
    systems
        .filter(|(_, it)| !known(it.partner.as_str()))
        .map(|(index, it)| {
            let place = format!("enterprise[{index}].partner");
            unknown("enterprise", it.partner.as_str(), place)
        })
        .collect()
}

/// A platform can be promised only reports that this hub builds.
fn pushed(config: &ParkConfig) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, regulator) in config.regulator.iter().enumerate() {
        for (number, job) in regulator.job.iter().enumerate() {
            if !cordon_reports::BUILT.contains(&job.report) {
                let text = format!("{} is not built by this hub", job.report);
                faults.push(
                    Fault::new("K061", text)
                        .at(format!("regulator[{index}].job[{number}].report"))
                        .remedy("RPT-01, RPT-06 or RPT-07"),
                );
            }
        }
    }
    faults
}
