//! The measurements, in the order of the page.

mod accept;
mod backlog;
mod crowd;
mod exchange;
mod gate;
mod journal;
mod records;
mod restart;
mod state;
mod verify;

use std::path::Path;

use crate::park::Park;
use crate::{Outcome, Section, Size};

/// What can be measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Measure {
    /// Signature verification as a share of the raw public-key operation.
    Verify,
    /// Accepting end to end without syncs.
    Accept,
    /// The signed path over HTTPS with a durable journal.
    Exchange,
    /// A partner's submissions beside those who mean harm.
    Hostile,
    /// Gate decisions beside sensor load.
    Gate,
    /// Batches sent again, beside gate decisions.
    Resent,
    /// Gate decisions in a park with very many grants.
    Grants,
    /// The journal's syncs and bytes.
    Journal,
    /// What a save of the state costs.
    State,
    /// Starts, by the length of the journal.
    Restart,
    /// How fast records are built, and how far behind they are.
    Records,
    /// A backlog at an MQTT broker.
    Backlog,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Verify,
        Self::Accept,
        Self::Exchange,
        Self::Hostile,
        Self::Gate,
        Self::Resent,
        Self::Grants,
        Self::Journal,
        Self::State,
        Self::Restart,
        Self::Records,
        Self::Backlog,
    ];

    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Accept => "accept",
            Self::Exchange => "exchange",
            Self::Hostile => "hostile",
            Self::Gate => "gate",
            Self::Resent => "resent",
            Self::Grants => "grants",
            Self::Journal => "journal",
            Self::State => "state",
            Self::Restart => "restart",
            Self::Records => "records",
            Self::Backlog => "backlog",
        }
    }
}

/// Measures one thing; everything it writes is below `data` and removed again.
///
/// # Errors
/// In words, when something that is measured does not do what it should.
pub fn run(measure: Measure, data: &Path, size: &Size) -> Outcome<Section> {
    let park = Park::make(data)?;
    let runtime = tokio::runtime::Runtime::new()?;
    match measure {
        Measure::Verify => verify::measure(&park, size),
        Measure::Accept => runtime.block_on(accept::measure(&park, size)),
        Measure::Exchange => runtime.block_on(exchange::measure(&park, size)),
        Measure::Hostile => runtime.block_on(exchange::hostile::measure(&park, size)),
        Measure::Gate => runtime.block_on(gate::measure(&park, size)),
        Measure::Resent => runtime.block_on(gate::resent::measure(&park, size)),
        Measure::Grants => runtime.block_on(gate::crowded::measure(&park, size)),
        Measure::Journal => journal::measure(&park, size),
        Measure::State => state::measure(&park, size),
        Measure::Restart => runtime.block_on(restart::measure(&park, size)),
        Measure::Records => runtime.block_on(records::measure(&park, size)),
        Measure::Backlog => runtime.block_on(backlog::measure(&park, size)),
    }
}
