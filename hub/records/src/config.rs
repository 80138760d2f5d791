//! Settings of the records.

use cordon_contract::Fault;
use serde::Deserialize;

/// Fewest and most days.
const DAYS: std::ops::RangeInclusive<u32> = 1..=4_000;

/// Settings of the records.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct RecordsConfig {
    /// Days for which what is over is kept: passages, decisions, refusals, alarms that are closed, grants that were
    /// replaced. What stands is kept while it stands.
    pub days_kept: u32,
}

impl Default for RecordsConfig {
    fn default() -> Self {
        Self { days_kept: 400 }
    }
}

impl RecordsConfig {
    /// Finds what is wrong with it.
    ///
    /// # Errors
    /// `K094` for a number of days that is out of range.
    pub fn check(&self) -> Result<(), Fault> {
        if DAYS.contains(&self.days_kept) {
            return Ok(());
        }
        Err(Fault::new("K094", "the records keep 1 to 4000 days")
            .at("records.days_kept")
            .remedy("take a number of that range; leave the key out for 400"))
    }
}
