//! The text of a prepared `park.toml`.

use std::fmt::Write as _;

use super::Ports;

const HEAD: &str = include_str!("head.toml");
const PLAN: &str = include_str!("plan.toml");
const DEVICES: &str = include_str!("devices.toml");
const DOORS: &str = include_str!("doors.toml");

/// Lanes of the example plan, with their gates and whether vehicles leave by them.
const LANES: [(&str, &str, &str); 6] = [
    ("L-01", "G-01", "IN"),
    ("L-02", "G-01", "IN"),
    ("L-03", "G-01", "OUT"),
    ("L-04", "G-02", "IN"),
    ("L-05", "G-03", "IN"),
    ("L-06", "G-04", "IN"),
];

/// A hub with a plan and no doors but the signed exchange.
pub fn bare(ports: Ports) -> String {
    format!("{}{PLAN}", head(ports, ""))
}

/// A park with all its doors.
pub fn full(ports: Ports) -> String {
    let mut buses = String::new();
    for ((lane, gate, direction), index) in LANES.iter().zip(0_u16..) {
        // Writing to a string cannot fail.
        let _ = write!(
            buses,
            "[[modbus.bus]]\naddress = \"127.0.0.1:{}\"\n[[modbus.bus.lane]]\ndevice = \"BR-{:02}\"\n\
             gate = \"{gate}\"\nlane = \"{lane}\"\ndirection = \"{direction}\"\nprofile = \"mappings/generic/lane/1/profile.toml\"\n\n",
            ports.lane(index),
            index + 1
        );
    }
    let mut cameras = String::new();
    for index in 0_u16..8 {
        let lane = LANES
            .get(usize::from(index))
            .map(|(lane, ..)| format!("lane = \"{lane}\"\n"));
        let _ = write!(
            cameras,
            "[[onvif.camera]]\ndevice = \"CAM-{:02}\"\naddress = \"http://127.0.0.1:{}/onvif/device_service\"\n\
             user = \"cordon\"\npassword_file = \"secrets/cameras\"\n{}\n",
            index + 1,
            ports.camera(index),
            lane.unwrap_or_else(|| "area = \"A-KEY\"\n".to_owned())
        );
    }
    let mut reports = String::new();
    for report in cordon_reports::built() {
        let _ = write!(
            reports,
            "[[reports.build]]\nreport = \"{report}\"\ngranularity = \"ON_DEMAND\"\nschedule = {{ every_s = 10 }}\n"
        );
    }
    let doors = DOORS
        .replace("@BROKER@", &ports.broker().to_string())
        .replace("@WEBHOOK@", &ports.webhook().to_string())
        .replace("@PLANT@", &ports.plant().to_string())
        .replace("@PLATFORM@", &ports.platform().to_string())
        .replace("@BOARD@", &ports.board().to_string())
        .replace("@LEADER@", &ports.leader().to_string())
        .replace("@REPORTS@", &reports)
        .replace("@BUSES@", &buses)
        .replace("@CAMERAS@", &cameras);
    format!(
        "{}{PLAN}\n{DEVICES}\n{doors}",
        head(ports, "mappings = \"mappings\"\n")
    )
}

fn head(ports: Ports, mappings: &str) -> String {
    HEAD.replace("@EXCHANGE@", &ports.exchange.to_string())
        .replace("@CONSOLE@", &ports.console.to_string())
        .replace("@MAPPINGS@", mappings)
}
