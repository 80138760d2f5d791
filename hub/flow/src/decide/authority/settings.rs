//! Section `[authority]`: what confirms a registration, and what a grant may be.

use std::collections::BTreeMap;

use cordon_contract::{ALARMS_OPEN_MAX, Fault};
use cordon_model::ClassLetter;
use serde::{Deserialize, Serialize};

use crate::fault::{CONFIGURATION, fault};

/// What makes an enterprise the owner of a vehicle or person it registers.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirm {
    /// The first to register it; what is contested or hazardous goes to the park.
    #[default]
    FirstClaim,
    /// The park's own registration that names the enterprise.
    Park,
}

/// For which vehicles an enterprise may grant passage with dangerous goods or hazardous waste.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HazmatGrants {
    /// For those that the park has registered as such.
    #[default]
    Registered,
    /// For any.
    Any,
}

/// What happens to a grant that makes no sense.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reaction {
    /// It is refused.
    Refuse,
    /// It is taken, and the receipt says what is odd.
    Warn,
}

/// The section `[authority]`. Every default is a stated value.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "snake_case")]
pub struct AuthoritySettings {
    /// What confirms a registration. Default `first-claim`.
    pub confirm: Confirm,
    /// Which vehicles may get grants of class H or W. Default `registered`.
    pub hazmat_grants: HazmatGrants,
    /// A grant for a gate, lane or area that does not exist. Default `refuse`.
    pub unknown_place: Reaction,
    /// A grant that is over already. Default `warn`.
    pub ended_grant: Reaction,
    /// A grant that is longer than its class allows. Default `refuse`.
    pub long_grant: Reaction,
    /// A grant that begins later than `grant_ahead_days_max`. Default `warn`.
    pub early_grant: Reaction,
    /// How far ahead a grant may begin, days. Default 366.
    pub grant_ahead_days_max: u32,
    /// A grant for gates and lanes none of which is for vehicles of its kind. Default `warn`.
    pub unfit_gate: Reaction,
    /// Longest grant in days, by class. Default V 7, H, W and F 31, L, C and X 366.
    pub grant_days_max: BTreeMap<ClassLetter, u32>,
    /// Most vehicles whose owner is remembered; beyond it an enterprise's registration is refused.
    /// Default 100,000.
    pub vehicles_max: usize,
    /// The same for persons. Default 100,000.
    pub persons_max: usize,
    /// Most alarms that one enterprise, its devices included, may have open; further ones are counted in
    /// one flood alarm. All enterprises together never get more than [`ALARMS_OPEN_MAX`], so one
    /// of many has less. Default 100.
    pub open_alarms_max: usize,
    /// How long ago a person may have ordered what raises barriers (an emergency opening, LOCK_OPEN, an
    /// evacuation) when it comes, seconds; later it is refused. Default 120.
    pub late_opening_s: u32,
    /// The same for what lowers or stops them, and for every other mode. Default 30.
    pub late_lowering_s: u32,
    /// Most words about alarms, new ones and steps of old ones, that one enterprise may say in a minute by
    /// its own submissions; more come again later (`F068`). While the disk is full it may say 60. Default
    /// 3,000.
    pub alarm_words_a_minute: u32,
    /// Most words about alarms that one device whose messages an adapter reads may say in a minute, and all
    /// together that the plan does not name; twenty minutes' worth at once. What is beyond is counted and told in
    /// one alarm (`F093`). Default 60.
    pub device_alarms_a_minute: u32,
}

impl Default for AuthoritySettings {
    fn default() -> Self {
        Self {
            confirm: Confirm::default(),
            hazmat_grants: HazmatGrants::default(),
            unknown_place: Reaction::Refuse,
            ended_grant: Reaction::Warn,
            long_grant: Reaction::Refuse,
            early_grant: Reaction::Warn,
            grant_ahead_days_max: 366,
            unfit_gate: Reaction::Warn,
            grant_days_max: BTreeMap::new(),
            vehicles_max: 100_000,
            persons_max: 100_000,
            open_alarms_max: 100,
            late_opening_s: 120,
            late_lowering_s: 30,
            alarm_words_a_minute: 3_000,
            device_alarms_a_minute: 60,
        }
    }
}

impl AuthoritySettings {
    /// Longest grant of a class, days.
    pub fn days_max(&self, class: ClassLetter) -> u32 {
        let own = self.grant_days_max.get(&class).copied();
        own.unwrap_or(match class {
            ClassLetter::V => 7,
            ClassLetter::H | ClassLetter::W | ClassLetter::F => 31,
            ClassLetter::L | ClassLetter::C | ClassLetter::X => 366,
        })
    }

    /// How much of `most` one of so many enterprises may register on its own word: all when it is alone,
    /// else an even part with one left for the park, but not less than 1,000, or half where that is less.
    pub(crate) fn share(most: usize, enterprises: usize) -> usize {
        match enterprises {
            0 | 1 => most,
            _ => (most / enterprises.saturating_add(1)).max((most / 2).clamp(1, 1_000)),
        }
    }

    /// Most open alarms of one of so many enterprises.
    pub(crate) fn alarms_of_one(&self, enterprises: usize) -> usize {
        let share = ALARMS_OPEN_MAX / enterprises.max(1);
        self.open_alarms_max.min(share).max(1)
    }

    /// What is wrong with the section; empty when it can be used.
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut within = |place: String, value: u64, least: u64, most: u64| {
            if !(least..=most).contains(&value) {
                let why = format!("{value} is outside {least} to {most}");
                faults.push(fault(CONFIGURATION).at(place).log(why));
            }
        };
        for (class, days) in &self.grant_days_max {
            let place = format!("authority.grant_days_max.{class}");
            within(place, u64::from(*days), 1, 3_660);
        }
        let ahead = u64::from(self.grant_ahead_days_max);
        within("authority.grant_ahead_days_max".to_owned(), ahead, 1, 3_660);
        let limits = [
            ("vehicles_max", self.vehicles_max),
            ("persons_max", self.persons_max),
        ];
        for (name, value) in limits {
            let value = u64::try_from(value).unwrap_or(u64::MAX);
            within(format!("authority.{name}"), value, 1, 500_000);
        }
        let alarms = u64::try_from(self.open_alarms_max).unwrap_or(u64::MAX);
        within("authority.open_alarms_max".to_owned(), alarms, 1, 1_000);
        // An order may wait ten seconds inside the hub.
        for (name, value) in [
            ("late_opening_s", self.late_opening_s),
            ("late_lowering_s", self.late_lowering_s),
        ] {
            within(format!("authority.{name}"), u64::from(value), 15, 3_600);
        }
        let words = u64::from(self.alarm_words_a_minute);
        let place = "authority.alarm_words_a_minute".to_owned();
        within(place, words, 1, 60_000);
        let words = u64::from(self.device_alarms_a_minute);
        let place = "authority.device_alarms_a_minute".to_owned();
        within(place, words, 1, 60_000);
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_leaves_room_for_the_others() {
        for (most, enterprises, share) in [
            (100_000, 1, 100_000),
            (100_000, 9, 10_000),
            (100_000, 400, 1_000),
            (12, 2, 6),
            (1, 2, 1),
        ] {
            let told = format!("{most} among {enterprises}");
            assert_eq!(AuthoritySettings::share(most, enterprises), share, "{told}");
        }
    }

    #[test]
    fn an_empty_section_is_the_default_and_bad_values_are_named() {
        let empty: AuthoritySettings = toml::from_str("").unwrap();
        assert_eq!(empty, AuthoritySettings::default());
        assert!(empty.check().is_empty());
        let text = "confirm = \"park\"\nvehicles_max = 0\n[grant_days_max]\nV = 3\nH = 0\n";
        let some: AuthoritySettings = toml::from_str(text).unwrap();
        assert_eq!(some.confirm, Confirm::Park);
        assert_eq!(some.days_max(ClassLetter::V), 3);
        assert_eq!(some.days_max(ClassLetter::L), 366);
        let places: Vec<_> = some
            .check()
            .iter()
            .map(|it| it.place().to_owned())
            .collect();
        assert_eq!(
            places,
            ["authority.grant_days_max.H", "authority.vehicles_max"]
        );
    }
}
