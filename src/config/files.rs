//! Last pass: certificates, keys and mapping packages are loaded as the hub will use them.

use std::sync::Arc;

use cordon_contract::Fault;
use cordon_mapping::Mappings;
use cordon_security::tls::TlsKey;
use cordon_security::{Role, Signer, TrustStore};

use super::{Loaded, ParkConfig};

/// Loads everything, or says all that is wrong.
pub fn load(config: &ParkConfig) -> Result<Loaded, Vec<Fault>> {
    let hub = &config.hub;
    let trust = TrustStore::load(&hub.trust).map(Arc::new);
    let signer = Signer::load(&hub.certificate, &hub.key).map(Arc::new);
    let tls = TlsKey::load(&hub.certificate, &hub.key);
    let mappings = match &hub.mappings {
        Some(folder) => Mappings::load(folder).map(Arc::new),
        None => Ok(Arc::new(Mappings::default())),
    };
    match (trust, signer, tls, mappings) {
        (Ok(trust), Ok(signer), Ok(tls), Ok(mappings)) => {
            let faults = identity(config, &signer);
            if faults.is_empty() {
                Ok(Loaded {
                    trust,
                    signer,
                    tls,
                    mappings,
                })
            } else {
                Err(faults)
            }
        }
        (trust, signer, tls, mappings) => {
            let mut faults: Vec<Fault> = [trust.err(), signer.err().or(tls.err())]
                .into_iter()
                .flatten()
                .collect();
            faults.extend(mappings.err().into_iter().flatten());
            Err(faults)
        }
    }
}

/// The certificate must be this hub's, of this park.
fn identity(config: &ParkConfig, signer: &Signer) -> Vec<Fault> {
    let known = signer.identity();
    let mut faults = Vec::new();
    if known.role != Role::Hub || known.id != config.hub.id {
        faults.push(
            Fault::new(
                "K021",
                format!(
                    "the certificate is that of {} `{}`, not of hub `{}`",
                    known.role.as_str(),
                    known.id,
                    config.hub.id
                ),
            )
            .at("hub.certificate")
            .remedy("name the hub's own certificate, or correct hub.id"),
        );
    }
    if known.park != config.plan.code {
        faults.push(
            Fault::new(
                "K022",
                format!(
                    "the certificate belongs to park `{}`, the plan is of `{}`",
                    known.park, config.plan.code
                ),
            )
            .at("plan.code")
            .remedy("use a certificate of this park"),
        );
    }
    faults
}
