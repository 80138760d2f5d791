//! A throw-away CA and certificates of every role.

use std::path::Path;

use cordon_contract::{Clock as _, SystemClock};
use cordon_security::Role;
use cordon_security::ca::{Authority, Bundle, CaSettings, IssueRequest, KeyAlgorithm, KeySource};

use super::PARK;
use crate::exit::Ending;

/// Plant Two gets an RSA key, because not every SOAP stack can sign with elliptic curves.
const PARTIES: [(&str, Role, KeyAlgorithm); 6] = [
    ("hub-1", Role::Hub, KeyAlgorithm::P256),
    ("enterprise-1", Role::Enterprise, KeyAlgorithm::P256),
    ("enterprise-2", Role::Enterprise, KeyAlgorithm::Rsa2048),
    ("regulator-1", Role::Regulator, KeyAlgorithm::P256),
    ("vendor-1", Role::Vendor, KeyAlgorithm::P256),
    ("operator-1", Role::Operator, KeyAlgorithm::P256),
];

/// Makes what is missing in the folder `certs`.
pub fn make(root: &Path) -> Result<(), Ending> {
    let folder = root.join("certs/ca");
    let now = SystemClock.now();
    let mut authority = if folder.join("root.pem").exists() {
        Authority::open(&folder)?
    } else {
        let park = PARK
            .parse()
            .map_err(|error| Ending::failed(format!("park code: {error}")))?;
        Authority::init(&folder, &CaSettings::new(park), now)?
    };
    for (id, role, algorithm) in PARTIES {
        let out = root.join("certs").join(id);
        if out.join(Bundle::CERTIFICATE).exists() {
            continue;
        }
        let hosts = match role {
            Role::Hub => vec!["127.0.0.1".to_owned(), "localhost".to_owned()],
            _ => Vec::new(),
        };
        let wanted = IssueRequest {
            role,
            id: id
                .parse()
                .map_err(|error| Ending::failed(format!("party id: {error}")))?,
            key: KeySource::Fresh(algorithm),
            hosts,
            days: None,
        };
        Bundle::write(&authority.issue(&wanted, now)?, &out)?;
    }
    authority.crl(now)?;
    Ok(())
}
