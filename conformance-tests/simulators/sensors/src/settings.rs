//! What a fleet is told.

use serde::Deserialize;

use crate::Faults;

/// Settings of a fleet of sensors behind one gateway.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The broker's host.
    pub host: String,
    /// The broker's port.
    pub port: u16,
    /// User name and password at the broker.
    pub user: Option<(String, String)>,
    /// The gateway's name, second segment of every topic and the client name at the broker.
    pub gateway: String,
    /// Names of the sensors; each one's kind follows from its place in the list.
    pub sensors: Vec<String>,
    /// Milliseconds between two readings of one sensor.
    pub period_ms: u64,
    /// Same seed, same values and faults.
    pub seed: u64,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Faults,
}
