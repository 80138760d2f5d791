//! Which outside systems there are, and where.

use std::net::SocketAddr;

use cordon_sim_partners::PlantSettings;

/// Settings of all outside systems. Every address must be on loopback.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The broker; `None` when one written by others runs already.
    pub broker: Option<cordon_sim_broker::Settings>,
    /// The gateways with their sensors.
    pub fleets: Vec<cordon_sim_sensors::Settings>,
    /// The lanes' controllers.
    pub lanes: Vec<LaneSpec>,
    /// The cameras.
    pub cameras: Vec<CameraSpec>,
    /// Plants' own gate systems.
    pub plants: Vec<PlantSettings>,
    /// Whatever takes posted messages: a provincial platform, a duty room's alarm board.
    pub platforms: Vec<PlatformSpec>,
}

/// One lane controller.
#[derive(Clone, Debug)]
pub struct LaneSpec {
    /// The lane's id in the park's plan.
    pub lane: String,
    /// Where its Modbus server listens.
    pub address: SocketAddr,
    /// Heartbeat silence after which it takes its safe state, milliseconds.
    pub watchdog_ms: u32,
}

/// One camera.
#[derive(Clone, Debug)]
pub struct CameraSpec {
    /// Its id in the park's plan.
    pub device: String,
    /// Where its ONVIF services listen.
    pub address: SocketAddr,
    /// Who may log in.
    pub user: String,
    /// With which password.
    pub password: String,
    /// The lane it looks at; none for a camera on the perimeter.
    pub lane: Option<String>,
}

/// One system that takes what is posted to it.
#[derive(Clone, Debug)]
pub struct PlatformSpec {
    /// Its name, for the counts.
    pub name: String,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    /// The bearer token it asks for.
    pub token: Option<String>,
}
