//! When two plates are the same.
//!
//! A plate is its number and its colour: two vehicles may carry one number in two colours. A
//! camera that cannot tell the colour says OTHER, and so does a partner that does not know it.
//! Then the number decides, with care: what refuses (black lists, hazmat) matches any colour; what
//! admits (grants, registrations) matches only when all that its owner, and the park's register, say of
//! the number speaks of one colour. White list entries are never found by a guessed colour.

use std::ops::RangeInclusive;

use cordon_model::{Plate, PlateColour, PlateNumber};
use serde::{Deserialize, Serialize};

/// Number and colour, ordered by number.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct PlateKey {
    pub number: PlateNumber,
    pub colour: PlateColour,
}

impl PlateKey {
    pub(crate) fn of(plate: &Plate) -> Self {
        Self {
            number: plate.number.clone(),
            colour: plate.colour,
        }
    }

    pub(crate) fn plate(&self) -> Plate {
        Plate {
            number: self.number.clone(),
            colour: self.colour,
        }
    }

    /// The first key of a number.
    pub(crate) fn first_of(number: &PlateNumber) -> Self {
        let first = PlateColour::ALL.first().copied();
        Self {
            number: number.clone(),
            colour: first.unwrap_or(PlateColour::Blue),
        }
    }

    /// Every key of this number.
    pub(crate) fn in_any_colour(&self) -> RangeInclusive<Self> {
        let last = PlateColour::ALL.last().copied();
        Self::first_of(&self.number)..=Self {
            number: self.number.clone(),
            colour: last.unwrap_or(PlateColour::Other),
        }
    }

    /// Whether both can be one vehicle: same number, and the same colour or one not known.
    pub(crate) fn may_be(&self, other: &Self) -> bool {
        self.number == other.number
            && (self.colour == other.colour
                || self.colour == PlateColour::Other
                || other.colour == PlateColour::Other)
    }
}

/// Those rows of its number ([`PlateKey::in_any_colour`]) that can be this vehicle.
pub(crate) fn matching<'a, V: 'a>(
    rows: impl Iterator<Item = (&'a PlateKey, &'a V)>,
    key: &PlateKey,
) -> impl Iterator<Item = (&'a PlateKey, &'a V)> {
    rows.filter(move |(found, _)| found.may_be(key))
}

/// Whether more than one known colour is named of one number: then a plate without a colour
/// belongs to nobody in particular.
pub(crate) fn is_ambiguous(colours: impl Iterator<Item = PlateColour>) -> bool {
    let mut known: Option<PlateColour> = None;
    for named in colours.filter(|named| *named != PlateColour::Other) {
        match known {
            Some(colour) if colour != named => return true,
            _ => known = Some(named),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{PlateKey, is_ambiguous, matching};
    use cordon_model::{PlateColour, PlateNumber};
    use std::collections::BTreeMap;

    fn key(number: &str, colour: PlateColour) -> PlateKey {
        PlateKey {
            number: PlateNumber::new(number).unwrap(),
            colour,
        }
    }

    #[test]
    fn a_colour_that_is_not_known_matches_by_number() {
        let map: BTreeMap<PlateKey, u8> = [
            (key("苏A12345", PlateColour::Blue), 1),
            (key("苏A12345", PlateColour::Yellow), 2),
            (key("苏A12346", PlateColour::Blue), 3),
        ]
        .into();
        let found = |colour| -> Vec<u8> {
            let sought = key("苏A12345", colour);
            matching(map.range(sought.in_any_colour()), &sought)
                .map(|(_, value)| *value)
                .collect()
        };
        assert_eq!(found(PlateColour::Blue), [1]);
        assert_eq!(found(PlateColour::Green), [] as [u8; 0]);
        assert_eq!(found(PlateColour::Other), [1, 2]);
        let colours = || map.keys().map(|key| key.colour);
        assert!(is_ambiguous(colours().take(2)));
        assert!(!is_ambiguous(colours().skip(1).take(1)));
    }
}
