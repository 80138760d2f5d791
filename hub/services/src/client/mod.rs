//! The other side of the exchange: what an enterprise and a regulator run.

mod link;
mod pull;
mod spool;
mod submit;

pub use link::{Link, LinkError, LinkOptions};
pub use pull::{PulledReport, ReportKey, pull_certificates, pull_messages, pull_report};
pub use spool::{Spool, SpoolState};
pub use submit::{SubmitSummary, Submitter};
