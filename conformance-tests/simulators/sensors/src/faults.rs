//! Named faults of the field, each a share of readings in per mille, drawn from the seed.

use serde::Deserialize;

/// What goes wrong, and how often: so many readings of a thousand.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// The payload is cut in the middle: no JSON any more.
    pub garbage_per_mille: u16,
    /// The same message is published twice.
    pub duplicate_per_mille: u16,
    /// The device's clock jumps one day back.
    pub clock_jump_per_mille: u16,
    /// The value is a word where a number belongs.
    pub word_per_mille: u16,
    /// The unit is missing.
    pub no_unit_per_mille: u16,
    /// A burst of fifty readings at once.
    pub flood_per_mille: u16,
    /// The sensor says nothing this time.
    pub silent_per_mille: u16,
}

/// One fault that was drawn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// See [`Faults::garbage_per_mille`].
    Garbage,
    /// See [`Faults::duplicate_per_mille`].
    Duplicate,
    /// See [`Faults::clock_jump_per_mille`].
    ClockJump,
    /// See [`Faults::word_per_mille`].
    Word,
    /// See [`Faults::no_unit_per_mille`].
    NoUnit,
    /// See [`Faults::flood_per_mille`].
    Flood,
    /// See [`Faults::silent_per_mille`].
    Silent,
}

impl Faults {
    /// The fault for a draw between 0 and 999, when there is one.
    pub fn draw(&self, mut number: u16) -> Option<Fault> {
        for (share, fault) in [
            (self.garbage_per_mille, Fault::Garbage),
            (self.duplicate_per_mille, Fault::Duplicate),
            (self.clock_jump_per_mille, Fault::ClockJump),
            (self.word_per_mille, Fault::Word),
            (self.no_unit_per_mille, Fault::NoUnit),
            (self.flood_per_mille, Fault::Flood),
            (self.silent_per_mille, Fault::Silent),
        ] {
            if number < share {
                return Some(fault);
            }
            number -= share;
        }
        None
    }
}
