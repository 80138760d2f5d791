//! Device kinds of other systems (standards 4.7).

use crate::DeviceKind;

/// Of the closed-off park interface P-B: 1 vehicle gate to 7 appointment screen.
pub fn from_park_system(number: u32) -> Option<DeviceKind> {
    Some(match number {
        1 => DeviceKind::LaneComputer,
        2 => DeviceKind::PersonGate,
        3 => DeviceKind::Broadcast,
        4 => DeviceKind::GasDetector,
        5 => DeviceKind::Barrier,
        6 => DeviceKind::Camera,
        7 => DeviceKind::VariableSign,
        _ => return None,
    })
}
