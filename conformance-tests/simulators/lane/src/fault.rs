//! What can be wrong with the lane. Each fault has a name, so that a rehearsal can be written down.

use serde::{Deserialize, Serialize};

/// One named way to misbehave. Faults can be set at the start or switched while the lane runs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneFault {
    /// The boom does not move, whatever the motor is told.
    StuckBoom,
    /// Both limit inputs are on.
    BothLimits,
    /// The up limit never comes on.
    NoUpLimit,
    /// The down limit never comes on.
    NoDownLimit,
    /// Raising takes six times as long.
    SlowRaise,
    /// Lowering takes six times as long.
    SlowLower,
    /// A raising command is obeyed only after [`crate::LaneSettings::late_rise_ms`], whatever else is
    /// told meanwhile, as by a drive that comes loose.
    RisesLate,
    /// The boom keeps falling although the photocell sees something.
    IgnoresPhotocell,
    /// The boom keeps falling although a vehicle stands on the safety loop.
    IgnoresSafetyLoop,
    /// A lowering command is taken although the photocell sees something before the boom moves.
    LowersIntoPhotocell,
    /// The stop output does nothing.
    IgnoresStop,
    /// A lowering command is taken although the lane is locked open.
    IgnoresLockOpen,
    /// Commands are taken although the switch in the cabinet stands on local.
    IgnoresLocal,
    /// The heartbeat may stop for ever; nothing happens.
    NoWatchdog,
    /// Stops the barrier when a pulse output is reset.
    PulseResetStops,
    /// The boom rises by itself when power returns.
    RaisesAtPowerUp,
    /// Limit and loop inputs flap at random.
    FlappingInputs,
    /// Every reply comes late by [`crate::LaneSettings::late_ms`].
    LateReply,
    /// Every reply comes somewhat late: by [`crate::LaneSettings::slow_ms`].
    SlowReply,
    /// Replies are random bytes.
    Garbage,
    /// The connection is closed at the next request, without an answer.
    DropsConnection,
    /// The connection is closed right after the next writing request took effect, without an
    /// answer: a cut in the middle of a command.
    CutsAfterWrite,
    /// Requests are read and never answered.
    Hangs,
    /// The unit is silent, and the gateway in front of it says so with exception 11 after
    /// [`crate::LaneSettings::late_ms`].
    GatewayTimesOut,
    /// Functions 5 and 6 are answered with exception 1, illegal function; 15 and 16 work.
    RefusesSingleWrites,
    /// Replies carry another transaction id.
    WrongTransaction,
    /// Replies to reads hold one byte too few.
    ShortReply,
    /// Every read is answered with exception 4, server device failure.
    ExceptionOnRead,
    /// A read outside the map is answered with zeros instead of exception 2.
    NoExceptionOnIllegalAddress,
    /// An unknown function is answered as if it had worked instead of with exception 1.
    NoExceptionOnIllegalFunction,
    /// A quantity outside the standard's range is answered instead of refused with exception 3.
    NoExceptionOnIllegalQuantity,
    /// A malformed frame stuns the whole controller for two seconds.
    GarbageStuns,
    /// Only one connection is served; further ones are closed at once.
    OneConnection,
}
