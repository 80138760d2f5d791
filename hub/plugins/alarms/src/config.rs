//! What the plug-in is told. Unknown keys are refused; every default is a stated number.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cordon_contract::{ALARMS_OPEN_MAX, Fault};
use cordon_model::{AlarmCode, AlarmLevel};
use serde::{Deserialize, Serialize};

/// The section `[alarms]` of the configuration.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The file with the routing tree; without one everything goes to receiver `console`. Where it lies is no
    /// setting of the alarms; what stands in it is one of its own.
    #[serde(skip_serializing)]
    pub routes: Option<PathBuf>,
    /// Seconds in which a notification must be delivered; the outbox tries that long.
    pub notify_within_s: u32,
    /// Alarms of the park that may be open at once, and as many of all its partners together; beyond, whoever
    /// has the most of the same gives up his least urgent, which is audited. As many points of the park's
    /// devices may be in alarm; each partner has an even part of as many, and so have together the points and
    /// the silent devices that the plan does not name. At most and by default [`ALARMS_OPEN_MAX`].
    pub open_max: usize,
    /// Closed alarms that are remembered, so that a late step gets a true answer.
    pub closed_max: usize,
    /// Seconds in which an identical alarm of the same source is counted, not told again.
    pub flood_s: u32,
    /// Seconds a value must be back to normal before its alarm is cleared.
    pub clear_after_s: u32,
    /// Seconds a device must be silent before it is an alarm; a connection that is lost and there
    /// again sooner is none.
    pub offline_after_s: u32,
    /// Seconds after which the alarm of a sample says how old that was when it came.
    pub sample_age_s_max: u32,
    /// Levels of the alarms this plug-in raises itself, by code; see [`Config::level`].
    pub levels: BTreeMap<AlarmCode, AlarmLevel>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            routes: None,
            notify_within_s: 300,
            open_max: ALARMS_OPEN_MAX,
            closed_max: 1_000,
            flood_s: 60,
            clear_after_s: 10,
            offline_after_s: 15,
            sample_age_s_max: 300,
            levels: BTreeMap::new(),
        }
    }
}

impl Config {
    /// The level of an alarm this plug-in raises: as configured, else red for high-high, orange for
    /// high and low-low, yellow for everything else.
    pub fn level(&self, code: AlarmCode) -> AlarmLevel {
        self.levels.get(&code).copied().unwrap_or(match code {
            AlarmCode::SensorHh => AlarmLevel::Red,
            AlarmCode::SensorH | AlarmCode::SensorLl => AlarmLevel::Orange,
            _ => AlarmLevel::Yellow,
        })
    }

    /// Looks at the values alone.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut within = |field: &str, value: usize, least: usize, most: usize| {
            if !(least..=most).contains(&value) {
                faults.push(
                    Fault::new("P041", format!("{value} is outside {least} to {most}"))
                        .at(format!("alarms.{field}"))
                        .remedy("leave the key out to get the default"),
                );
            }
        };
        let of = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
        within("notify_within_s", of(self.notify_within_s), 5, 86_400);
        within("open_max", self.open_max, 100, ALARMS_OPEN_MAX);
        within("closed_max", self.closed_max, 0, 100_000);
        within("flood_s", of(self.flood_s), 0, 3_600);
        within("clear_after_s", of(self.clear_after_s), 0, 3_600);
        within("offline_after_s", of(self.offline_after_s), 0, 3_600);
        within("sample_age_s_max", of(self.sample_age_s_max), 1, 86_400);
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::{ALARMS_OPEN_MAX, Config};

    /// 100,000 were accepted, and the flow knew the raisers of 20,000: a step over an alarm that the page
    /// showed was answered as if there were no such alarm.
    #[test]
    fn more_than_the_flow_knows_the_raisers_of_is_refused() {
        for (open_max, places) in [
            (99, vec!["alarms.open_max"]),
            (ALARMS_OPEN_MAX, vec![]),
            (ALARMS_OPEN_MAX + 1, vec!["alarms.open_max"]),
            (100_000, vec!["alarms.open_max"]),
        ] {
            let config = Config {
                open_max,
                ..Config::default()
            };
            let faults = config.check();
            let found: Vec<&str> = faults.iter().map(|fault| fault.place()).collect();
            assert_eq!(found, places, "{open_max}");
        }
        assert_eq!(Config::default().open_max, ALARMS_OPEN_MAX);
    }
}
