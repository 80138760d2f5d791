//! The vehicles that come by. All plates are made up.

/// A vehicle and what it should have on paper.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Vehicle {
    /// Its name in the story.
    pub name: &'static str,
    /// Plate in normal form.
    pub plate: &'static str,
    /// Colour of the plate as a camera says it.
    pub camera_colour: &'static str,
    /// Kind of vehicle as a camera says it; a camera cannot see what a tank holds.
    pub camera_kind: &'static str,
    /// What it has on paper.
    pub papers: Papers,
}

/// What an enterprise has filed for a vehicle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Papers {
    /// Hazmat booking with waybill and checks.
    Hazmat,
    /// Hazmat booking whose waybill is missing.
    HazmatWithoutWaybill,
    /// Long-term registration of a commuter car.
    Commuter,
    /// Ordinary freight booking.
    Freight,
    /// Ordinary freight booking whose window is over.
    ExpiredFreight,
    /// Ordinary freight booking, and an entry on the black list.
    Blacklisted,
    /// A fire engine needs none where it goes: an emergency gate is closed to everybody, it too, until
    /// an emergency order or mode opens it.
    Rescue,
    /// Nothing at all.
    None,
}

const fn vehicle(
    name: &'static str,
    plate: &'static str,
    camera: (&'static str, &'static str),
    papers: Papers,
) -> Vehicle {
    Vehicle {
        name,
        plate,
        camera_colour: camera.0,
        camera_kind: camera.1,
        papers,
    }
}

/// Tank truck with everything in order.
pub const TANKER_ONE: Vehicle = vehicle(
    "tanker one",
    "苏A10001",
    ("yellow", "truck"),
    Papers::Hazmat,
);
/// Tank truck with everything in order that tries the ordinary gate first.
pub const TANKER_TWO: Vehicle = vehicle(
    "tanker two",
    "苏A10002",
    ("yellow", "truck"),
    Papers::Hazmat,
);
/// Tank truck without waybill.
pub const TANKER_THREE: Vehicle = vehicle(
    "tanker three",
    "苏A10003",
    ("yellow", "truck"),
    Papers::HazmatWithoutWaybill,
);
/// A commuter's car.
pub const COMMUTER: Vehicle = vehicle("commuter", "苏B20001", ("blue", "car"), Papers::Commuter);
/// A freight truck.
pub const FREIGHT: Vehicle = vehicle("freight", "苏C30001", ("yellow", "truck"), Papers::Freight);
/// A freight truck that meets a barrier that does not move.
pub const FREIGHT_TWO: Vehicle = vehicle(
    "freight two",
    "苏C30002",
    ("yellow", "truck"),
    Papers::Freight,
);
/// A freight truck that comes too late.
pub const LATE_FREIGHT: Vehicle = vehicle(
    "late freight",
    "苏C30003",
    ("yellow", "truck"),
    Papers::ExpiredFreight,
);
/// A car on the black list.
pub const OFFENDER: Vehicle = vehicle("offender", "苏D66666", ("blue", "car"), Papers::Blacklisted);
/// A car that nobody knows.
pub const STRANGER: Vehicle = vehicle("stranger", "苏E40001", ("blue", "car"), Papers::None);
/// A fire engine.
pub const FIRE_ENGINE: Vehicle = vehicle(
    "fire engine",
    "苏F11901",
    ("yellow", "truck"),
    Papers::Rescue,
);

/// Everybody.
pub const ALL: [Vehicle; 10] = [
    TANKER_ONE,
    TANKER_TWO,
    TANKER_THREE,
    COMMUTER,
    FREIGHT,
    FREIGHT_TWO,
    LATE_FREIGHT,
    OFFENDER,
    STRANGER,
    FIRE_ENGINE,
];
