//! What carries out the rules of a package. Typed tables today; a language can follow behind the
//! same wall.

use std::fmt::Debug;

use cordon_contract::{Fault, Reading};

use crate::json::Json;
use crate::rule::Understood;

/// A reading with its payload decoded to values.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The reading.
    pub reading: &'a Reading,
    /// Selects the rule.
    pub topic: &'a str,
    /// The payload; points appear as an object of scalars.
    pub document: &'a Json,
}

/// Turns inputs into canonical statements. Pure: same input, same output.
pub trait MappingEngine: Debug + Send + Sync {
    /// Maps one input, each rule by itself. Refused is what no rule is for, and what says nothing because
    /// all of it is not understood. An empty answer means that there is nothing to say (repeated state, a
    /// condition that does not hold, a topic that is ignored for a stated reason).
    fn map(&self, input: &Input<'_>) -> Result<Understood, Fault>;

    /// Whether something of this topic, or of any, may become an alarm or what opens a gate.
    fn may_alarm(&self, topic: Option<&str>) -> bool;
}
