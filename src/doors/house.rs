//! What the house lends to an adapter that is opened.

use std::path::Path;
use std::sync::Arc;

use cordon_contract::{Fault, Lender, ReportSource, Seal};
use cordon_security::tls::{self, TlsKey};

/// The rooms behind the doors.
pub struct House {
    /// Where reports come from.
    pub reports: Arc<dyn ReportSource>,
    /// The hub's signature.
    pub seal: Arc<dyn Seal>,
}

impl Lender for House {
    fn tls_client(
        &self,
        ca: &Path,
        certificate: Option<&Path>,
        key: Option<&Path>,
    ) -> Result<Arc<rustls::ClientConfig>, Fault> {
        let own = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(TlsKey::load(certificate, key)?),
            _ => None,
        };
        tls::outside_client(ca, own)
    }

    fn tls_server(
        &self,
        ca: &Path,
        certificate: &Path,
        key: &Path,
    ) -> Result<Arc<rustls::ServerConfig>, Fault> {
        tls::outside_server(ca, TlsKey::load(certificate, key)?)
    }

    fn seal(&self) -> Arc<dyn Seal> {
        Arc::clone(&self.seal)
    }

    fn reports(&self) -> Arc<dyn ReportSource> {
        Arc::clone(&self.reports)
    }
}
