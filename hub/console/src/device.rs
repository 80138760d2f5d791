//! A device as the page shows it.

use cordon_contract::{DeviceHealth, LinkState};
use cordon_model::{DeviceId, Timestamp};
use serde::Serialize;

/// One line of the list of devices.
#[derive(Debug, Serialize)]
pub(crate) struct DeviceLine<'a> {
    device: &'a DeviceId,
    state: LinkState,
    reason: &'a str,
    /// Since when it is in this state; none when that is not known.
    since: Option<Timestamp>,
    readings: u64,
    dropped: u64,
    clock_offset_ms: Option<i64>,
}

/// The devices for the page. An adapter that saw no change of state yet has no time for it and gives
/// the epoch, which is no time at which a device came up.
pub(crate) fn lines(devices: &[DeviceHealth]) -> Vec<DeviceLine<'_>> {
    devices
        .iter()
        .map(|health| DeviceLine {
            device: &health.device,
            state: health.state,
            reason: &health.reason,
            since: (health.since.micros() > 0).then_some(health.since),
            readings: health.readings,
            dropped: health.dropped,
            clock_offset_ms: health.clock_offset_ms,
        })
        .collect()
}
