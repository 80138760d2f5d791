//! The instance's section of the configuration. Unknown keys are refused.

use std::collections::BTreeSet;
use std::path::PathBuf;

use cordon_contract::Fault;
use cordon_model::{DeviceId, Direction, GateId, LaneId};
use serde::Deserialize;

/// Buses of one instance.
const BUSES_MAX: usize = 256;
/// Lanes on one bus; more would make a poll round too long.
const LANES_MAX: usize = 16;

/// One instance of the adapter.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The instance's name, unique in the park.
    pub name: String,
    /// Seconds between two repetitions of an unchanged state, 5 to 3600.
    #[serde(default = "report_s")]
    pub report_s: u32,
    /// The controllers or gateways to connect to.
    #[serde(default, rename = "bus")]
    pub buses: Vec<BusConfig>,
}

/// One connection: a lane controller, or a gateway with several behind it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct BusConfig {
    /// `HOST:PORT`; the port of Modbus TCP is 502.
    pub address: String,
    /// The lanes behind it.
    #[serde(default, rename = "lane")]
    pub lanes: Vec<LaneConfig>,
}

/// One lane.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct LaneConfig {
    /// The barrier as named in the park's plan; orders for `device:ID` come here.
    pub device: DeviceId,
    /// Its gate.
    pub gate: GateId,
    /// Its lane.
    pub lane: LaneId,
    /// The direction in which vehicles reach the approach loop first.
    pub direction: Direction,
    /// The profile file, relative to the configuration's folder.
    pub profile: PathBuf,
    /// Unit id, 255 for a controller that is spoken to directly.
    #[serde(default = "unit")]
    pub unit: u8,
}

fn report_s() -> u32 {
    60
}

fn unit() -> u8 {
    255
}

impl Config {
    /// Looks for contradictions inside the section.
    pub fn check(&self) -> Result<(), Fault> {
        let fault = |place: &str, text: &str, remedy: &str| {
            Err(Fault::new("A103", text)
                .at(format!("modbus `{}`: {place}", self.name))
                .remedy(remedy))
        };
        if !(5..=3_600).contains(&self.report_s) {
            return fault("report_s", "is outside 5 to 3600", "60 suits most parks");
        }
        if self.buses.is_empty() || self.buses.len() > BUSES_MAX {
            return fault(
                "bus",
                "1 to 256 buses are needed",
                "add [[bus]] with an address, or split the instance",
            );
        }
        let mut addresses = BTreeSet::new();
        let mut devices = BTreeSet::new();
        for (index, bus) in self.buses.iter().enumerate() {
            let place = format!("bus[{index}]");
            let port = bus
                .address
                .rsplit_once(':')
                .and_then(|(_, port)| port.parse::<u16>().ok());
            if port.is_none() {
                return fault(
                    &format!("{place}.address"),
                    "is not HOST:PORT",
                    "write for example 10.1.2.3:502",
                );
            }
            if !addresses.insert(bus.address.as_str()) {
                return fault(
                    &format!("{place}.address"),
                    "is named twice",
                    "one bus has one owner: put all its lanes under one [[bus]]",
                );
            }
            if bus.lanes.is_empty() || bus.lanes.len() > LANES_MAX {
                return fault(
                    &format!("{place}.lane"),
                    "1 to 16 lanes are needed",
                    "add [[bus.lane]]",
                );
            }
            for lane in &bus.lanes {
                if !devices.insert(lane.device.as_str()) {
                    return fault(
                        &format!("{place}.lane"),
                        &format!("device {} is named twice", lane.device),
                        "each barrier has one lane entry",
                    );
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    const GOOD: &str = r#"
        name = "lanes"
        [[bus]]
        address = "127.0.0.1:502"
        [[bus.lane]]
        device = "BR-01"
        gate = "G-01"
        lane = "L-01"
        direction = "IN"
        profile = "mappings/generic/lane/1/profile.toml"
    "#;

    #[test]
    fn a_good_section_is_taken_and_contradictions_are_refused() {
        let config: Config = toml::from_str(GOOD).unwrap();
        config.check().unwrap();
        assert_eq!(config.buses[0].lanes[0].unit, 255);
        let twice = format!("{GOOD}{}", GOOD.replace("name = \"lanes\"", ""));
        let fault = toml::from_str::<Config>(&twice)
            .unwrap()
            .check()
            .unwrap_err();
        assert!(fault.to_string().contains("one owner"), "{fault}");
        let no_port = GOOD.replace(":502", "");
        assert!(toml::from_str::<Config>(&no_port).unwrap().check().is_err());
        assert!(toml::from_str::<Config>(&GOOD.replace("gate", "gat")).is_err());
    }
}
