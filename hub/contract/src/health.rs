//! The visible state of a device or partner link.

use cordon_model::{DeviceId, Timestamp};
use serde::Serialize;

/// How the link to a device stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LinkState {
    /// Not tried yet.
    Starting,
    /// Connected and answering.
    Online,
    /// Connected, but something is wrong; the reason says what.
    Degraded,
    /// Not connected; the adapter tries again by itself.
    Offline,
}

/// One device as its adapter sees it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct DeviceHealth {
    /// The device.
    pub device: DeviceId,
    /// How the link stands.
    pub state: LinkState,
    /// Why, in words; empty when all is well.
    pub reason: String,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// Readings taken in since the start.
    pub readings: u64,
    /// Readings or frames dropped or refused since the start.
    pub dropped: u64,
    /// Device clock minus hub clock in milliseconds, where the protocol tells it.
    pub clock_offset_ms: Option<i64>,
}

/// What a probe of one device found.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Probe {
    /// The device.
    pub device: DeviceId,
    /// Whether it answered as its protocol demands.
    pub ok: bool,
    /// What it said of itself, or what went wrong.
    pub detail: String,
}
