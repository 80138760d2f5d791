//! What a hub has vouched for with its signature, by entry number: a journal that grows while it is
//! pulled has a new head with every page, and each entry is held to its own pin alone.

use std::collections::BTreeMap;

use cordon_journal::{Hash, Position};

/// Signed positions that are still to come.
#[derive(Debug, Default)]
pub(super) struct Pins {
    chains: BTreeMap<u64, Hash>,
}

impl Pins {
    /// The first of these positions whose pin says another chain hash.
    pub(super) fn differs(&self, mut seen: impl Iterator<Item = Position>) -> Option<u64> {
        let is_other = |(number, chain): &Position| {
            let pinned = self.chains.get(number);
            pinned.is_some_and(|pinned| pinned != chain)
        };
        seen.find(is_other).map(|(number, _)| number)
    }

    /// Adds one that was found to agree with the others.
    pub(super) fn add(&mut self, (number, chain): Position) {
        self.chains.insert(number, chain);
    }

    /// Forgets what lies before an entry: it is not asked for again.
    pub(super) fn forget_before(&mut self, number: u64) {
        while let Some(first) = self.chains.first_entry()
            && *first.key() < number
        {
            first.remove();
        }
    }
}

impl FromIterator<Position> for Pins {
    fn from_iter<T: IntoIterator<Item = Position>>(positions: T) -> Self {
        Self {
            chains: positions.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_kept_once_and_held_to_its_own_entry_until_the_pull_has_passed_it() {
        let mut pins: Pins = [(3, [3; 32]), (9, [9; 32])].into_iter().collect();
        for _page in 0..1_000 {
            pins.add((9, [9; 32]));
        }
        assert_eq!(pins.chains.len(), 2, "a head that stands still is one pin");
        let honest = (1..=9).map(|number| (number, [number as u8; 32]));
        assert_eq!(pins.differs(honest), None);
        let forked = (1..=9).map(|number| (number, [number as u8 / 9 * 8; 32]));
        assert_eq!(pins.differs(forked.clone()), Some(3));
        pins.forget_before(4);
        assert_eq!(pins.differs(forked), Some(9));
        pins.forget_before(9);
        assert_eq!(pins.chains.len(), 1);
    }
}
