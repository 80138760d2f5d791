//! Directions of other systems (standards 4.6): the numbers contradict each other.

use crate::Direction;

/// Of the closed-off park interface P-B: 1 out, 2 in.
pub fn from_park_system(number: u32) -> Option<Direction> {
    match number {
        1 => Some(Direction::Out),
        2 => Some(Direction::In),
        _ => None,
    }
}

/// Of toll-type data: 0 in, 1 out.
pub fn from_toll(number: u32) -> Option<Direction> {
    match number {
        0 => Some(Direction::In),
        1 => Some(Direction::Out),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{from_park_system, from_toll};
    use crate::Direction;

    #[test]
    fn one_means_out_in_both_but_in_differs() {
        assert_eq!(from_park_system(1), Some(Direction::Out));
        assert_eq!(from_toll(1), Some(Direction::Out));
        assert_eq!(from_park_system(2), Some(Direction::In));
        assert_eq!(from_toll(0), Some(Direction::In));
        assert_eq!(from_park_system(0), None);
        assert_eq!(from_toll(2), None);
    }
}
