//! What happens in the park, in order, again and again.

use crate::cast::{
    COMMUTER, FIRE_ENGINE, FREIGHT, FREIGHT_TWO, LATE_FREIGHT, OFFENDER, STRANGER, TANKER_ONE,
    TANKER_THREE, TANKER_TWO, Vehicle,
};

/// Which way a vehicle wants to go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// Into the park.
    In,
    /// Out of the park.
    Out,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scene {
    /// A vehicle reaches the loop of a lane and its camera.
    Arrives(Vehicle, &'static str, Way),
    /// As before, but the barrier of the lane does not move.
    MeetsStuckBoom(Vehicle, &'static str),
    /// Somebody enters the field that a perimeter camera watches.
    Intrusion(&'static str),
    /// Somebody crosses the line that a perimeter camera watches.
    LineCrossed(&'static str),
    /// A gas sensor reads above its highest threshold.
    Leak,
    /// A camera goes off the network for a while.
    CameraLost(&'static str),
    /// Somebody calls the officer on duty: the emergency gate is needed. No outside system sees it.
    EmergencyCall,
    /// The officer hears that it is over.
    EmergencyOver,
}

/// The story. Lanes and cameras are those of the example plan: L-01 hazmat and L-02 ordinary in,
/// L-03 out (comprehensive gate); L-04 dedicated gate; L-05 ordinary gate; L-06 emergency gate.
///
/// The fire engine is refused while the mode is normal; when the officer on duty was called and opened
/// the emergency gate it comes again and drives in.
pub const STORY: [Scene; 24] = [
    Scene::Arrives(TANKER_ONE, "L-04", Way::In),
    Scene::Arrives(COMMUTER, "L-02", Way::In),
    Scene::Arrives(TANKER_TWO, "L-05", Way::In),
    Scene::Intrusion("CAM-07"),
    Scene::Arrives(OFFENDER, "L-05", Way::In),
    Scene::Arrives(STRANGER, "L-02", Way::In),
    Scene::Arrives(FREIGHT, "L-05", Way::In),
    Scene::Leak,
    Scene::Arrives(FIRE_ENGINE, "L-06", Way::In),
    Scene::Arrives(TANKER_TWO, "L-01", Way::In),
    Scene::EmergencyCall,
    Scene::Arrives(COMMUTER, "L-03", Way::Out),
    Scene::Arrives(FIRE_ENGINE, "L-06", Way::In),
    Scene::LineCrossed("CAM-08"),
    Scene::Arrives(TANKER_THREE, "L-01", Way::In),
    Scene::EmergencyOver,
    Scene::Arrives(LATE_FREIGHT, "L-05", Way::In),
    Scene::Arrives(TANKER_ONE, "L-03", Way::Out),
    Scene::MeetsStuckBoom(FREIGHT_TWO, "L-05"),
    Scene::Arrives(STRANGER, "L-01", Way::In),
    Scene::Arrives(FREIGHT, "L-03", Way::Out),
    Scene::CameraLost("CAM-08"),
    Scene::Arrives(TANKER_TWO, "L-03", Way::Out),
    Scene::Arrives(FREIGHT_TWO, "L-02", Way::In),
];
