//! What the hub lends to an adapter when it opens it: signatures, reports and ready TLS settings, made by
//! rooms that an adapter does not see. No adapter ever holds a key.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use cordon_model::{Message, ReportType, Timestamp};

use crate::{BoxFuture, Fault};

/// The rest of the house, as an adapter sees it when it is opened.
pub trait Lender: Send + Sync {
    /// TLS towards a partner outside the park's CA: `ca` is trusted; the certificate is shown when it is
    /// named together with its key.
    ///
    /// # Errors
    /// When a file cannot be used.
    fn tls_client(
        &self,
        ca: &Path,
        certificate: Option<&Path>,
        key: Option<&Path>,
    ) -> Result<Arc<rustls::ClientConfig>, Fault>;

    /// TLS for partners outside the park's CA who call; they may show a certificate of `ca`.
    ///
    /// # Errors
    /// When a file cannot be used.
    fn tls_server(
        &self,
        ca: &Path,
        certificate: &Path,
        key: &Path,
    ) -> Result<Arc<rustls::ServerConfig>, Fault>;

    /// The hub's signature.
    fn seal(&self) -> Arc<dyn Seal>;

    /// The hub's reports.
    fn reports(&self) -> Arc<dyn ReportSource>;
}

/// Writes a message as canonical XML under an enveloped signature of the hub. The program makes it
/// of the wire and the security room.
pub trait Seal: Send + Sync + 'static {
    /// The signed document.
    ///
    /// # Errors
    /// When the message breaks the language or the key refuses.
    fn seal(&self, message: &Message) -> Result<Vec<u8>, Fault>;
}

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

/// Which version of which report.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReportVersion {
    /// Its identity; versions share it.
    pub report_id: String,
    /// Its version, from 1.
    pub version: u32,
}

/// Gives signed reports. The reports room implements it; an adapter only carries.
pub trait ReportSource: Send + Sync + 'static {
    /// The newest versions of this kind that are due at this time, oldest first, built and signed when
    /// needed: those of the last spans that were over then. None when there is nothing to report yet.
    fn due(
        &self,
        kind: ReportType,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>>;

    /// The same for a hub that was away at this time, without what only a clock that is wrong since the start
    /// may say is over, and without what is built anew at any time.
    fn missed(
        &self,
        kind: ReportType,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>>;

    /// What was built of this kind and is kept, the newest version of each span that was over at this time, oldest first;
    /// without what is built anew at any time. Builds nothing.
    fn built(
        &self,
        kind: ReportType,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>>;

    /// A report that was built before, by identity and version.
    fn find<'a>(
        &'a self,
        report_id: &'a str,
        version: u32,
    ) -> BoxFuture<'a, Result<Option<SignedReport>, Fault>>;
}
