//! The marks the flow keeps in a record's `flags`. Stored in the journal, never renumbered. Bits 3 to 6
//! mean one thing on a message and another on a refusal or an order.

use cordon_contract::{EntryKind, OrderLane};

/// Decided by a plug-in; a replay must produce it again.
pub const DECIDED: u16 = 1;
/// Its sender and message id are kept for duplicate recognition.
pub const KEYED: u16 = 1 << 1;
/// Acted on before it was journaled: an emergency opening, or its release, while the disk failed.
pub const LATE: u16 = 1 << 2;
/// The raw bytes behind a refusal were cut.
pub const TRUNCATED: u16 = 1 << 3;
/// A dead letter sent out again.
pub const RERUN: u16 = 1 << 6;
/// Its sender has said something newer about the same subject, or the park's word stands: it changes
/// nothing.
pub const OVERTAKEN: u16 = 1 << 7;
/// Its times are the hub's own: its source gave none, so it is recognised by what it says without
/// them.
pub const HUB_TIMED: u16 = 1 << 8;

/// Said by the park itself: by an operator, or at the console.
pub const PARK: u16 = 1 << 15;
/// A proposal that waits for the park's word.
pub const PROPOSAL: u16 = 1 << 14;
/// A grant that names a gate, lane or area that does not exist.
pub const WARN_PLACE: u16 = 1 << 13;
/// A grant that was over when it came.
pub const WARN_OVER: u16 = 1 << 12;
/// A grant that is longer than its class allows.
pub const WARN_LONG: u16 = 1 << 11;

/// A grant that the park's own word on it overrules; always with [`OVERTAKEN`].
pub const PARK_STANDS: u16 = 1 << 10;

/// An alarm under the name of another's: the hub raises it under a name of its own, and it changes
/// nothing itself.
pub const NAMESAKE: u16 = 1 << 9;

/// On a message: an alarm of a partner of whom as many are open as may be. It is counted in one flood
/// alarm of the partner, and changes nothing itself.
pub const FLOODED: u16 = 1 << 3;

/// On a message: a grant that begins later than grants may.
pub const WARN_EARLY: u16 = 1 << 4;

/// On a message: a grant for gates none of which lets its kind through.
pub const WARN_CLASS: u16 = 1 << 5;

/// On a message that is [`LATE`]: it acted in an earlier run of the program than the one that journals it.
pub const EARLIER_RUN: u16 = 1 << 6;

/// All that a receipt of a message warns of.
pub const WARNED: u16 = PROPOSAL
    | WARN_PLACE
    | WARN_OVER
    | WARN_LONG
    | WARN_EARLY
    | WARN_CLASS
    | OVERTAKEN
    | PARK_STANDS
    | NAMESAKE
    | FLOODED;

/// What only the guard is stepped over, on a message.
pub(crate) const IDLE: u16 = OVERTAKEN | NAMESAKE | FLOODED;

/// What the receipt of an entry warns of.
pub(crate) fn warned(kind: EntryKind, bits: u16) -> u16 {
    match kind {
        EntryKind::Message => bits & WARNED,
        _ => 0,
    }
}

const LANE_SHIFT: u16 = 4;
const LANE_MASK: u16 = 0b11 << LANE_SHIFT;

/// The bits that say in which lane an order travels.
pub(crate) fn lane_bits(lane: OrderLane) -> u16 {
    let number = match lane {
        OrderLane::Emergency => 1,
        OrderLane::Access => 2,
        OrderLane::Routine => 3,
    };
    number << LANE_SHIFT
}

/// The lane in which an order travels; routine when none was stored.
pub(crate) fn lane_of(flags: u16) -> OrderLane {
    match (flags & LANE_MASK) >> LANE_SHIFT {
        1 => OrderLane::Emergency,
        2 => OrderLane::Access,
        _ => OrderLane::Routine,
    }
}
