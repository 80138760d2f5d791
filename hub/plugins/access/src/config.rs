//! What the plug-in is told: section `[access]`. Every default is a stated number.

use std::collections::{BTreeMap, BTreeSet};

use cordon_contract::Fault;
use cordon_model::{AlarmCode, AlarmLevel, RefusalCode, SubjectKind};
use serde::{Deserialize, Serialize};

/// A number of the section is outside its range.
const RANGE: &str = "P010";
/// A refusal that must be alarmed is listed as quiet.
const QUIET: &str = "P011";

/// The section `[access]` of the configuration.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessConfig {
    /// Milliseconds a barrier has to confirm an everyday opening (I5). Default 10000.
    pub command_deadline_ms: u32,
    /// Milliseconds a barrier has to confirm an emergency opening. Default 30000.
    pub emergency_deadline_ms: u32,
    /// Milliseconds after which people hear of an emergency opening that no barrier has confirmed; it is tried on
    /// until its deadline. Default 4000.
    pub emergency_told_ms: u32,
    /// Seconds after which an emergency opening is released by itself; 0 holds it until somebody
    /// releases it. Default 0.
    pub emergency_open_s: u32,
    /// Whether the mode EVACUATION holds every lane that leads out open. Default true.
    pub evacuation_opens_exits: bool,
    /// Milliseconds in which a plate seen again on a lane is the same arrival. Default 15000.
    pub repeat_ms: u32,
    /// Seconds after which a capture is too old to open for: the vehicle is not there any more.
    /// Default 300.
    pub capture_age_s_max: u32,
    /// Recognition below this many percent counts as an unread plate. Default 30.
    pub confidence_percent_min: u8,
    /// Seconds a vehicle has to drive through after the barrier was ordered open. Default 120.
    pub passage_s_max: u32,
    /// Seconds after a passage in which a second vehicle is a tailgater and not a forced gate.
    /// Default 15.
    pub tailgate_s: u32,
    /// Seconds between two occupancy snapshots when nothing changes. Default 60.
    pub snapshot_s: u32,
    /// Least seconds between two occupancy snapshots after changes. Default 5.
    pub snapshot_change_s: u32,
    /// Seconds in which the same alarm about the same vehicle or device is not raised again.
    /// Default 300.
    pub alarm_quiet_s: u32,
    /// Days a grant or list entry is remembered after its end, so that a late arrival is told
    /// `EXPIRED` and not `NO_GRANT`. Default 7.
    pub expired_memory_days: u32,
    /// Most vehicles of a kind in the park (R031), by kind. Default none.
    pub kind_max: BTreeMap<SubjectKind, u32>,
    /// Refusals that raise no alarm. Default none; BLACKLIST cannot be listed.
    pub quiet: BTreeSet<RefusalCode>,
    /// Other levels for alarms than the built-in ones, by alarm code. Default none.
    pub levels: BTreeMap<AlarmCode, AlarmLevel>,
    /// Most grants held at once of the park, and as many of all its enterprises together, an even part of
    /// each; more are refused at the door (`F085`), what is over giving way first. Default 100000.
    pub grants_max: usize,
    /// Most grants of one plate number held at once of the park, and of each enterprise: each passage looks at them.
    /// More are refused at the door (`F085`), what was taken back giving way first. Default 200.
    pub grants_of_vehicle_max: usize,
    /// As `grants_max` for vehicle registrations. Default 100000.
    pub registrations_max: usize,
    /// The same for list entries. Default 50000.
    pub list_entries_max: usize,
    /// Most list entries of one plate number held at once of the park, and of each enterprise, black and white
    /// ones together: each capture looks at them. More are refused at the door (`F085`). Default 100.
    pub list_entries_of_subject_max: usize,
    /// Most visits held at once; beyond, the oldest is closed with an audit entry. Default 50000.
    pub visits_max: usize,
    /// Decisions remembered for each lane, to recognise repeated captures. Default 16.
    pub decisions_per_lane_max: usize,
}

impl Default for AccessConfig {
    fn default() -> Self {
        Self {
            command_deadline_ms: 10_000,
            emergency_deadline_ms: 30_000,
            emergency_told_ms: 4_000,
            emergency_open_s: 0,
            evacuation_opens_exits: true,
            repeat_ms: 15_000,
            capture_age_s_max: 300,
            confidence_percent_min: 30,
            passage_s_max: 120,
            tailgate_s: 15,
            snapshot_s: 3_600,
            snapshot_change_s: 5,
            alarm_quiet_s: 300,
            expired_memory_days: 7,
            kind_max: BTreeMap::new(),
            quiet: BTreeSet::new(),
            levels: BTreeMap::new(),
            grants_max: 100_000,
            grants_of_vehicle_max: 200,
            registrations_max: 100_000,
            list_entries_max: 50_000,
            list_entries_of_subject_max: 100,
            visits_max: 50_000,
            decisions_per_lane_max: 16,
        }
    }
}

impl AccessConfig {
    /// What is wrong with the section; empty when it can be used.
    pub fn check(&self) -> Vec<Fault> {
        let numbers: [(&str, u64, u64, u64); 20] = [
            (
                "command_deadline_ms",
                self.command_deadline_ms.into(),
                500,
                120_000,
            ),
            (
                "emergency_deadline_ms",
                self.emergency_deadline_ms.into(),
                500,
                600_000,
            ),
            (
                "emergency_told_ms",
                self.emergency_told_ms.into(),
                1_000,
                120_000,
            ),
            ("emergency_open_s", self.emergency_open_s.into(), 0, 604_800),
            ("repeat_ms", self.repeat_ms.into(), 0, 600_000),
            (
                "capture_age_s_max",
                self.capture_age_s_max.into(),
                1,
                86_400,
            ),
            (
                "confidence_percent_min",
                self.confidence_percent_min.into(),
                0,
                100,
            ),
            ("passage_s_max", self.passage_s_max.into(), 5, 3_600),
            ("tailgate_s", self.tailgate_s.into(), 0, 600),
            ("snapshot_s", self.snapshot_s.into(), 1, 86_400),
            ("snapshot_change_s", self.snapshot_change_s.into(), 1, 3_600),
            ("alarm_quiet_s", self.alarm_quiet_s.into(), 0, 86_400),
            (
                "expired_memory_days",
                self.expired_memory_days.into(),
                0,
                3_650,
            ),
            ("grants_max", wide(self.grants_max), 1, 2_000_000),
            (
                "grants_of_vehicle_max",
                wide(self.grants_of_vehicle_max),
                1,
                10_000,
            ),
            (
                "registrations_max",
                wide(self.registrations_max),
                1,
                2_000_000,
            ),
            (
                "list_entries_max",
                wide(self.list_entries_max),
                1,
                2_000_000,
            ),
            (
                "list_entries_of_subject_max",
                wide(self.list_entries_of_subject_max),
                1,
                10_000,
            ),
            ("visits_max", wide(self.visits_max), 1, 1_000_000),
            (
                "decisions_per_lane_max",
                wide(self.decisions_per_lane_max),
                1,
                1_000,
            ),
        ];
        let mut faults: Vec<Fault> = numbers
            .into_iter()
            .filter(|(_, value, min, max)| value < min || value > max)
            .map(|(name, value, min, max)| {
                Fault::new(RANGE, format!("{value} is outside {min} to {max}"))
                    .at(format!("access.{name}"))
                    .remedy("take a number of that range; leave the field out for the default")
            })
            .collect();
        if self.quiet.contains(&RefusalCode::Blacklist) {
            faults.push(
                Fault::new(QUIET, "a black list hit is always alarmed")
                    .at("access.quiet")
                    .remedy("take BLACKLIST out of the list"),
            );
        }
        faults
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::AccessConfig;
    use cordon_model::{AlarmCode, AlarmLevel, RefusalCode, SubjectKind};

    #[test]
    fn an_empty_section_is_the_default_and_lawful() {
        let config: AccessConfig = toml::from_str("").unwrap();
        assert_eq!(config, AccessConfig::default());
        assert!(config.check().is_empty());
    }

    #[test]
    fn a_full_section_is_read_and_bad_values_are_named() {
        let text = r#"
command_deadline_ms = 8000
confidence_percent_min = 101
quiet = ["NO_GRANT", "BLACKLIST"]
[kind_max]
VEH_HAZMAT = 12
[levels]
BLACKLIST_HIT = "RED"
"#;
        let config: AccessConfig = toml::from_str(text).unwrap();
        assert_eq!(config.kind_max[&SubjectKind::VehHazmat], 12);
        assert_eq!(config.levels[&AlarmCode::BlacklistHit], AlarmLevel::Red);
        assert!(config.quiet.contains(&RefusalCode::NoGrant));
        let faults = config.check();
        assert_eq!(faults.len(), 2);
        assert_eq!(faults[0].place(), "access.confidence_percent_min");
        assert_eq!(faults[1].code(), "P011");
        assert!(toml::from_str::<AccessConfig>("comand_deadline_ms = 1").is_err());
    }
}
