//! Vehicles from the order of loops. Pure.
//!
//! The approach loop lies before the boom in lane direction, the safety loop under it. A vehicle
//! covers both for a moment, so the order in which they come on and go off tells which way it
//! went. Two orders look alike to loops alone: a vehicle that left the approach loop and then
//! reverses over it, and a second vehicle that drives up behind it. The second is what happens at
//! gates, so that is how it is read; the camera's picture decides a dispute.

/// Which way a vehicle drives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// In lane direction.
    Forward,
    /// Against it.
    Backward,
}

/// What the loops saw.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sighting {
    /// A vehicle came onto the lane.
    Entered(Way),
    /// It drove through and left.
    Passed(Way),
    /// It left where it came from.
    BackedOut(Way),
}

/// Where the vehicle is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// The lane is free.
    Free,
    /// The inputs were unknown; wait for a free lane before saying anything.
    Unclear,
    /// On the loop it reached first.
    First(Way),
    /// On both loops.
    Both(Way),
    /// On the loop it reaches last, having left the first.
    Last(Way),
    /// As `Last`, and another vehicle stands on the first loop.
    LastAndNext(Way),
}

/// Follows the loops of one lane.
#[derive(Clone, Debug)]
pub struct Passage {
    place: Place,
}

impl Default for Passage {
    fn default() -> Self {
        Self {
            place: Place::Unclear,
        }
    }
}

impl Passage {
    /// The inputs are unknown: whatever stood on the lane is no longer followed.
    pub fn lose(&mut self) {
        self.place = Place::Unclear;
    }

    /// Whether a vehicle is being followed.
    pub fn occupied(&self) -> bool {
        !matches!(self.place, Place::Free)
    }

    /// Takes the loops as they are now. `approach` is `None` on a lane without that loop: then a
    /// vehicle enters and passes on the loop under the boom alone.
    pub fn see(&mut self, approach: Option<bool>, under: bool) -> Vec<Sighting> {
        let mut seen = Vec::new();
        match approach {
            Some(approach) => {
                // One poll may hold two changes; each round follows one of them.
                while let Some(sighting) = self.follow(approach, under) {
                    seen.extend(sighting);
                }
            }
            None => self.follow_alone(under, &mut seen),
        }
        seen
    }

    fn follow_alone(&mut self, under: bool, seen: &mut Vec<Sighting>) {
        match (self.place, under) {
            (Place::Free, true) => {
                self.place = Place::Last(Way::Forward);
                seen.push(Sighting::Entered(Way::Forward));
            }
            (Place::Last(way), false) => {
                self.place = Place::Free;
                seen.push(Sighting::Passed(way));
            }
            (Place::Unclear, false) => self.place = Place::Free,
            _ => {}
        }
    }

    /// One change of place, if the loops call for it: `Some(None)` is a silent one.
    fn follow(&mut self, approach: bool, under: bool) -> Option<Option<Sighting>> {
        let (place, sighting) = match self.place {
            Place::Unclear if !approach && !under => (Place::Free, None),
            Place::Unclear => return None,
            Place::Free if approach => (
                Place::First(Way::Forward),
                Some(Sighting::Entered(Way::Forward)),
            ),
            Place::Free if under => (
                Place::First(Way::Backward),
                Some(Sighting::Entered(Way::Backward)),
            ),
            Place::Free => return None,
            Place::First(way) | Place::Both(way) | Place::Last(way) | Place::LastAndNext(way) => {
                let (first, last) = match way {
                    Way::Forward => (approach, under),
                    Way::Backward => (under, approach),
                };
                advance(self.place, way, first, last)?
            }
        };
        self.place = place;
        Some(sighting)
    }
}

/// The next place of a vehicle, `first` and `last` being its loops in its own order.
fn advance(place: Place, way: Way, first: bool, last: bool) -> Option<(Place, Option<Sighting>)> {
    match (place, first, last) {
        (Place::First(_), _, true) => Some((Place::Both(way), None)),
        (Place::First(_), false, false) => Some((Place::Free, Some(Sighting::BackedOut(way)))),
        (Place::Both(_), true, false) => Some((Place::First(way), None)),
        (Place::Both(_), false, _) => Some((Place::Last(way), None)),
        (Place::Last(_), _, false) => Some((Place::Free, Some(Sighting::Passed(way)))),
        (Place::Last(_), true, true) => Some((Place::LastAndNext(way), None)),
        (Place::LastAndNext(_), false, true) => Some((Place::Last(way), None)),
        (Place::LastAndNext(_), _, false) => Some((Place::Free, Some(Sighting::Passed(way)))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Sighting::{BackedOut, Entered, Passed};
    use super::Way::{Backward, Forward};
    use super::{Passage, Sighting};

    fn drive(loops: &[(bool, bool)]) -> Vec<Sighting> {
        let mut passage = Passage::default();
        assert!(passage.see(Some(false), false).is_empty());
        loops
            .iter()
            .flat_map(|(approach, under)| passage.see(Some(*approach), *under))
            .collect()
    }

    const ON: bool = true;
    const OFF: bool = false;

    #[test]
    fn orders_of_loops() {
        let through = [(ON, OFF), (ON, ON), (OFF, ON), (OFF, OFF)];
        assert_eq!(drive(&through), [Entered(Forward), Passed(Forward)]);
        let gave_up = [(ON, OFF), (OFF, OFF)];
        assert_eq!(drive(&gave_up), [Entered(Forward), BackedOut(Forward)]);
        let backed = [(ON, OFF), (ON, ON), (ON, OFF), (OFF, OFF)];
        assert_eq!(drive(&backed), [Entered(Forward), BackedOut(Forward)]);
        let against = [(OFF, ON), (ON, ON), (ON, OFF), (OFF, OFF)];
        assert_eq!(drive(&against), [Entered(Backward), Passed(Backward)]);
    }

    #[test]
    fn two_vehicles_close_behind_each_other_are_two() {
        let two = [
            (ON, OFF),
            (ON, ON),
            (OFF, ON),
            (ON, ON),
            (ON, OFF),
            (ON, ON),
            (OFF, ON),
            (OFF, OFF),
        ];
        assert_eq!(
            drive(&two),
            [
                Entered(Forward),
                Passed(Forward),
                Entered(Forward),
                Passed(Forward)
            ]
        );
    }

    #[test]
    fn a_fast_vehicle_may_skip_a_sample() {
        assert_eq!(
            drive(&[(ON, OFF), (OFF, ON), (OFF, OFF)]),
            [Entered(Forward), Passed(Forward)]
        );
        assert_eq!(
            drive(&[(ON, ON), (OFF, ON), (OFF, OFF)]),
            [Entered(Forward), Passed(Forward)]
        );
    }

    #[test]
    fn after_a_lost_link_nothing_is_said_until_the_lane_was_free() {
        let mut passage = Passage::default();
        passage.see(Some(false), false);
        passage.see(Some(true), false);
        passage.lose();
        assert!(passage.see(Some(false), true).is_empty());
        assert!(passage.see(Some(false), false).is_empty());
        assert_eq!(passage.see(Some(true), false), [Entered(Forward)]);
    }

    #[test]
    fn a_lane_with_one_loop_counts_on_it() {
        let mut passage = Passage::default();
        passage.see(None, false);
        assert_eq!(passage.see(None, true), [Entered(Forward)]);
        assert_eq!(passage.see(None, false), [Passed(Forward)]);
    }
}
