//! What a route demands of an alarm.

use std::collections::BTreeSet;

use cordon_model::{AlarmCode, AlarmLevel, DeviceKind};

use crate::facts::Facts;

/// All of it must hold; an empty set demands nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Matcher {
    pub codes: BTreeSet<AlarmCode>,
    /// At least this bad.
    pub level: Option<AlarmLevel>,
    pub areas: BTreeSet<String>,
    pub gates: BTreeSet<String>,
    pub kinds: BTreeSet<DeviceKind>,
    pub enterprises: BTreeSet<String>,
}

impl Matcher {
    /// Whether an alarm fits.
    pub(super) fn matches(&self, facts: &Facts) -> bool {
        let fits = |set: &BTreeSet<String>, value: &Option<String>| {
            set.is_empty() || value.as_ref().is_some_and(|value| set.contains(value))
        };
        (self.codes.is_empty() || self.codes.contains(&facts.code))
            // Red comes first in the order of levels.
            && self.level.is_none_or(|least| facts.level <= least)
            && fits(&self.areas, &facts.area)
            && fits(&self.gates, &facts.gate)
            && (self.kinds.is_empty() || facts.kind.is_some_and(|kind| self.kinds.contains(&kind)))
            && fits(&self.enterprises, &facts.enterprise)
    }

    /// Whether everything that fits `other` fits this one too.
    pub(super) fn covers(&self, other: &Self) -> bool {
        covers(&self.codes, &other.codes)
            && self
                .level
                .is_none_or(|least| other.level.is_some_and(|level| level <= least))
            && covers(&self.areas, &other.areas)
            && covers(&self.gates, &other.gates)
            && covers(&self.kinds, &other.kinds)
            && covers(&self.enterprises, &other.enterprises)
    }

    /// Whether an alarm can fit both. Levels never exclude each other: red is at least anything.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        overlap(&self.codes, &other.codes)
            && overlap(&self.areas, &other.areas)
            && overlap(&self.gates, &other.gates)
            && overlap(&self.kinds, &other.kinds)
            && overlap(&self.enterprises, &other.enterprises)
    }

    /// What fits both, for two that overlap.
    pub(super) fn narrowed(&self, by: &Self) -> Self {
        Self {
            codes: both(&self.codes, &by.codes),
            level: match (self.level, by.level) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            },
            areas: both(&self.areas, &by.areas),
            gates: both(&self.gates, &by.gates),
            kinds: both(&self.kinds, &by.kinds),
            enterprises: both(&self.enterprises, &by.enterprises),
        }
    }
}

fn covers<T: Ord>(wide: &BTreeSet<T>, narrow: &BTreeSet<T>) -> bool {
    wide.is_empty() || (!narrow.is_empty() && narrow.is_subset(wide))
}

fn overlap<T: Ord>(one: &BTreeSet<T>, two: &BTreeSet<T>) -> bool {
    one.is_empty() || two.is_empty() || !one.is_disjoint(two)
}

fn both<T: Clone + Ord>(one: &BTreeSet<T>, two: &BTreeSet<T>) -> BTreeSet<T> {
    match (one.is_empty(), two.is_empty()) {
        (true, _) => two.clone(),
        (_, true) => one.clone(),
        _ => one.intersection(two).cloned().collect(),
    }
}
