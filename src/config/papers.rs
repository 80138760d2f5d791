//! The hub's own papers: whose certificate it is, who issued it, and until when it, those shown to
//! partners and the revocation lists hold.

use std::collections::BTreeSet;
use std::path::PathBuf;

use cordon_contract::Fault;
use cordon_model::Timestamp;
use cordon_security::tls::validity;
use cordon_security::{Certificate, Due, Role, Signer, TrustStore, Usage};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::ParkConfig;

/// The certificate must be this hub's, of this park.
pub fn identity(config: &ParkConfig, signer: &Signer) -> Vec<Fault> {
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

/// What the clock has made useless. It is no reason to leave the gates of a park without a hub, so
/// `cordon check` refuses it and a start only says it.
pub fn overdue(
    config: &ParkConfig,
    trust: &TrustStore,
    certificate: &Certificate,
    now: Timestamp,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    let (from, to) = (certificate.not_before(), certificate.not_after());
    if now < from || now > to {
        faults.push(
            Fault::new(
                "K026",
                format!("the hub's certificate is good from {from} to {to}, now it is {now}"),
            )
            .at(config.hub.certificate.display().to_string())
            .remedy("issue a new one with `cordon cert issue --role hub`; check the clock"),
        );
    }
    faults.extend(trust.trouble());
    let folder = config.hub.trust.display().to_string();
    for crl in trust.crls() {
        if let Some(due) = crl.next_update
            && due < now
        {
            let issuer = &crl.issuer;
            faults.push(
                Fault::new(
                    "K027",
                    format!("the revocation list of `{issuer}` was due to be replaced at {due}; its certificates are refused since"),
                )
                .at(folder.clone())
                .remedy("run `cordon cert crl` at the CA and copy the .crl.pem files to this folder"),
            );
        }
    }
    faults
}

/// Certificates shown to partners whose time is over or has not come. As with [`overdue`], a start
/// only says it: that partner will refuse the hub, the others will not.
pub fn shown(config: &ParkConfig, now: Timestamp) -> Vec<Fault> {
    let mut faults = Vec::new();
    let files = partners(config);
    for file in files {
        // A file that cannot be read was told by the adapter that opens it.
        let Ok((from, to)) = validity(&file) else {
            continue;
        };
        if now < from || now > to {
            let text = format!(
                "a certificate shown to partners is good from {from} to {to}, now it is {now}"
            );
            faults.push(
                Fault::new("K029", text)
                    .at(file.display().to_string())
                    .remedy("get a new one from whoever issued it; check the clock"),
            );
        }
    }
    faults
}

/// When the certificates end that the trust folder does not have: those shown to partners.
pub fn shown_dues(config: &ParkConfig) -> Vec<Due> {
    let files = partners(config);
    files
        .into_iter()
        // A file that cannot be read was told by the adapter that opens it.
        .filter_map(|file| Due::of_file(&file).ok())
        .collect()
}

/// Every certificate file that an adapter shows to the other side.
fn partners(config: &ParkConfig) -> BTreeSet<PathBuf> {
    let tables = config.adapters.iter();
    let files = tables.flat_map(|table| table.names().certificates);
    files.filter(|file| !config.silent.holds(file)).collect()
}

/// The certificates that the hub's own is shown with.
pub fn beside(config: &ParkConfig) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(&config.hub.certificate)
        .map(|chain| chain.skip(1).filter_map(Result::ok).collect())
        .unwrap_or_default()
}

/// Whether the trust folder accepts the hub's certificate as a peer would; what only time has made
/// wrong is told by [`overdue`].
pub fn chain(
    config: &ParkConfig,
    trust: &TrustStore,
    certificate: &Certificate,
    now: Timestamp,
) -> Option<Fault> {
    let file = &config.hub.certificate;
    let sent = beside(config);
    let overdue = overdue(config, trust, certificate, now);
    let fault = [Usage::Server, Usage::Client]
        .into_iter()
        .find_map(|usage| trust.check(certificate.der(), &sent, usage, now).err())?;
    if matches!(fault.code(), "V013" | "V025") && !overdue.is_empty() {
        return None;
    }
    let said = Fault::new(fault.code(), fault.peer_text()).at(file.display().to_string());
    Some(match fault.code() {
        "V014" => said.remedy("name a certificate that an authority in hub.trust has issued"),
        _ => said.remedy(fault.remedy_text()),
    })
}

/// Whether it depends on the trust folder what is wrong with the hub's certificate: no authority there issued it, its list is not
/// there, or names it. The same certificate was good by the folder of before.
pub fn is_of_trust(fault: &Fault) -> bool {
    matches!(fault.code(), "V012" | "V014" | "V025")
}
