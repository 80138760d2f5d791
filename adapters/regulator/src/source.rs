//! Where reports come from.

use bytes::Bytes;
use cordon_contract::{BoxFuture, Fault};
use cordon_model::{ReportType, Timestamp};

/// A signed report as it is served to everyone entitled.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedReport {
    /// Its identity; versions share it.
    pub report_id: String,
    /// Its version, from 1.
    pub version: u32,
    /// The signed XML, bit for bit.
    pub bytes: Bytes,
}

/// Gives signed reports. The reports room implements it; this adapter only carries.
pub trait ReportSource: Send + Sync + 'static {
    /// The newest report of this kind that is due at this time, built and signed when needed;
    /// `None` when there is nothing to report yet.
    fn due(
        &self,
        kind: ReportType,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Option<SignedReport>, Fault>>;

    /// A report that was built before, by identity and version.
    fn find<'a>(
        &'a self,
        report_id: &'a str,
        version: u32,
    ) -> BoxFuture<'a, Result<Option<SignedReport>, Fault>>;
}
