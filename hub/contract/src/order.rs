//! What the hub tells the outside world to do, and what came of it.

use cordon_model::{Message, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The receiver that is the hub's own page; it is served also when no table names it.
pub const CONSOLE: &str = "console";

/// Whom an order is for: `kind:name`, such as `device:BR-01` or `receiver:duty-room`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Target(pub String);

impl Target {
    /// The target that executes gate commands for a device.
    pub fn device(id: &str) -> Self {
        Self(format!("device:{id}"))
    }

    /// A receiver of alarms or reports.
    pub fn receiver(name: &str) -> Self {
        Self(format!("receiver:{name}"))
    }

    /// A partner's system (grants pushed out).
    pub fn partner(id: &str) -> Self {
        Self(format!("partner:{id}"))
    }

    /// A part of a receiver that several people are.
    pub fn part(receiver: &str, part: &str) -> Self {
        Self(format!("receiver:{receiver}/{part}"))
    }

    /// The part after the colon.
    pub fn name(&self) -> &str {
        self.0
            .split_once(':')
            .map_or(self.0.as_str(), |(_, name)| name)
    }

    /// The part before the colon.
    pub fn kind(&self) -> &str {
        self.0.split_once(':').map_or("", |(kind, _)| kind)
    }
}

/// The three lanes of the outbox, most urgent first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum OrderLane {
    /// Emergency openings.
    Emergency,
    /// Gate commands of everyday access.
    Access,
    /// Everything that can wait a moment: notifications, grants, reports.
    Routine,
}

/// One order of the outbox. It is durable before an adapter sees it (I2) and is never executed
/// after its deadline or in a later epoch (I5).
#[derive(Clone, Debug)]
pub struct Order {
    /// The journal entry that holds the order; its identity for idempotency.
    pub number: u64,
    /// Whom it is for.
    pub target: Target,
    /// Which lane of the outbox it travels in.
    pub lane: OrderLane,
    /// After this instant it is expired, never executed. The outbox and the adapters have it on the scale of
    /// [`Clock::steady`](crate::Clock::steady), which no step of the clock moves.
    pub deadline: Timestamp,
    /// Fencing epoch of the hub that ordered it; a device or adapter refuses an older one.
    pub epoch: u64,
    /// How often delivery was tried before, 0 at first.
    pub attempt: u32,
    /// Its place among all orders that left the outbox since the program started; of two for the same
    /// barrier that contradict each other the one with the greater holds, whichever comes first. The
    /// number does not tell: an order of the emergency mode has one of no journal.
    pub turn: u64,
    /// The canonical message to carry out or deliver.
    pub message: Arc<Message>,
}

/// What came of an order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// What happened.
    pub kind: OutcomeKind,
    /// In words, for the log and the journal.
    pub detail: String,
    /// Whom the same is still to be told: parts of the order's target that were not, each a target of its
    /// own. The hub orders it of each with the entry that says what came of the order, until the same deadline, so
    /// it is lost neither by a restart nor by a power cut.
    pub further: Vec<Target>,
}

/// The possible ends of an order.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum OutcomeKind {
    /// The device or receiver took it over; for a barrier this is not yet "opened" (I7).
    Accepted,
    /// Its effect was confirmed: the limit input, or the receiver's positive answer.
    Confirmed,
    /// The deadline passed or the link was cut before it could be confirmed; it is not replayed.
    Expired,
    /// The device or receiver refused it.
    Refused,
    /// It failed for now; routine orders are tried again until their deadline, then dead-lettered.
    Failed,
}

impl Outcome {
    /// Makes an outcome.
    pub fn new(kind: OutcomeKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            further: Vec::new(),
        }
    }
}
