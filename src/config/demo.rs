//! What `cordon demo` does beside running the park.

use std::path::PathBuf;

use cordon_contract::Fault;
use serde::Deserialize;

/// `[demo]`. `cordon run` does not look at it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DemoSection {
    /// Start a broker at the address of the first `[[mqtt]]`; false when one runs there already.
    pub broker: bool,
    /// Users of that broker, one `name:password` a line; the sensors log in as `gateways`.
    pub broker_users: Option<PathBuf>,
    /// Milliseconds from one scene of the story to the next, 100 to 60000.
    pub pace_ms: u64,
    /// Milliseconds from one reading of a sensor to the next, 10 to 60000.
    pub sensor_period_ms: u64,
    /// Seconds from one pull of the regulator to the next, 1 to 3600.
    pub pull_every_s: u64,
    /// Same seed, same readings and same events of the plant.
    pub seed: u64,
}

impl Default for DemoSection {
    fn default() -> Self {
        Self {
            broker: true,
            broker_users: None,
            pace_ms: 2_500,
            sensor_period_ms: 1_000,
            pull_every_s: 20,
            seed: 1,
        }
    }
}

impl DemoSection {
    /// Finds what is out of range.
    pub fn check(&self) -> Vec<Fault> {
        [
            ("demo.pace_ms", self.pace_ms, 100..=60_000),
            ("demo.sensor_period_ms", self.sensor_period_ms, 10..=60_000),
            ("demo.pull_every_s", self.pull_every_s, 1..=3_600),
        ]
        .into_iter()
        .filter(|(_, value, range)| !range.contains(value))
        .map(|(place, value, range)| {
            Fault::new(
                "K016",
                format!("{value} is outside {} to {}", range.start(), range.end()),
            )
            .at(place)
            .remedy("write a number of that range")
        })
        .collect()
    }
}
