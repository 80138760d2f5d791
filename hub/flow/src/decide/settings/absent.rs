//! The place of a plug-in that is not there.

use cordon_contract::{Decisions, Entry, Plugin};
use cordon_model::Timestamp;

/// Stands for the plug-in of this name where it does not run, or is stepped elsewhere: it sees, decides and remembers
/// nothing.
pub struct Absent(pub &'static str);

impl Plugin for Absent {
    fn name(&self) -> &'static str {
        self.0
    }

    fn step(&mut self, _entry: &Entry, _decisions: &mut Decisions) {}

    fn is_due(&self, _time: Timestamp, _clock: Timestamp) -> bool {
        false
    }
}
