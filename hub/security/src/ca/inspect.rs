//! `cordon cert verify`: who signed a file, and whether the trust store accepts it.

use std::path::Path;

use cordon_contract::Fault;
use cordon_model::Timestamp;
use serde::Serialize;

use crate::xmldsig::verify_kept;
use crate::{Role, TrustStore, file};

/// What a verified file says about itself.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Inspection {
    /// Local name of the root element, such as `ReportDocument` or `ConformanceResult`.
    pub document: String,
    /// Its namespace.
    pub namespace: String,
    /// The signer's role.
    pub role: Role,
    /// The signer.
    pub id: String,
    /// The park that vouches for the signer.
    pub park: String,
    /// Serial number of the signer's certificate.
    pub serial: String,
    /// SHA-256 of the signer's certificate.
    pub fingerprint: String,
    /// Last second of the certificate.
    pub not_after: Timestamp,
}

/// Checks a signed report, declaration or conformance result against the trust store. Any role may
/// have signed; the caller shows who did.
///
/// # Errors
/// As [`verify_kept`], with the file as place where the document gives none.
pub fn inspect_file(path: &Path, trust: &TrustStore, now: Timestamp) -> Result<Inspection, Fault> {
    let text = file::read(path)?;
    let verified = verify_kept(text, trust, &Role::ALL, None, now)?;
    let (root, certificate) = (verified.document().root(), verified.certificate());
    let identity = certificate.identity();
    Ok(Inspection {
        document: root.local().to_owned(),
        namespace: root.namespace().to_owned(),
        role: identity.role,
        id: identity.id.to_string(),
        park: identity.park.to_string(),
        serial: certificate.serial().to_owned(),
        fingerprint: identity.fingerprint(),
        not_after: certificate.not_after(),
    })
}
