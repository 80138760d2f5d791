//! The other side of the exchange: what an enterprise and a regulator run.

mod checkpoint;
#[doc(hidden)]
pub mod decoders;
mod filed;
mod link;
mod listed;
mod lock;
mod messages;
mod page;
mod pins;
mod pull;
mod spool;
mod submit;

pub use checkpoint::Checkpoint;
pub use link::{Link, LinkError, LinkOptions};
pub use lock::Lock;
pub use messages::{MessagesWanted, PulledMessages, pull_messages};
pub use page::PulledEntry;
pub use pull::{ListKey, PulledReport, ReportKey, list_reports, pull_certificates, pull_report};
pub use spool::{Given, Spool, SpoolState, write_durably};
pub use submit::{SubmitSummary, Submitter};
