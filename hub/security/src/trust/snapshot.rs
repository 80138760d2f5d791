//! What one folder of authorities and lists held when it was read, and who is good by it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use cordon_contract::Fault;
use cordon_model::Timestamp;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, RevocationCheckDepth,
    RevocationOptionsBuilder, UnknownStatusPolicy,
};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::list::{CrlState, KnownList, Listed};
use super::memory::Memory;
use super::path::{self, Held, Path, has_signed};
use super::reading::Reading;
use super::shut::Own;
use super::succession::{Aside, HeldTo};
use super::{Dated, TOKEN_BYTES_MAX, Usage, Withdrawn};
use crate::certificate::serial_hex;
use crate::identity::hex;
use crate::register::Register;
use crate::{Certificate, instant, refusal};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Revocation {
    Required,
    IfPresent,
}

#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) anchors: Vec<TrustAnchor<'static>>,
    /// Certificates of authorities that are no roots.
    pub(super) intermediates: Vec<CertificateDer<'static>>,
    pub(super) roots: Vec<CertificateDer<'static>>,
    /// The lists, and each as certificates are held against it.
    pub(super) states: Vec<CrlState>,
    pub(super) lists: Vec<Held>,
    pub(super) revoked: Vec<Revoked>,
    /// The CA's register, where the folder has it.
    pub(super) register: Option<Arc<Register>>,
    /// Good certificates by the bytes they came in: the text of a token, or the DER of a TLS peer.
    by_bytes: RwLock<HashMap<Box<[u8]>, Checked>>,
}

/// What a CRL says of one certificate.
#[derive(Clone, Debug)]
pub(super) struct Revoked {
    pub(super) named: Withdrawn,
    /// Whether its key is in wrong hands, so that its signatures prove nothing of themselves.
    pub(super) is_compromised: bool,
}

#[derive(Clone, Debug)]
struct Checked {
    certificate: Arc<Certificate>,
    at: Timestamp,
}

/// Chain and CRL are looked at again after this long, so that expiry of an authority or a CRL is
/// noticed without a reload.
const RECHECK_MICROS: i64 = 60_000_000;
/// Most certificates remembered; beyond that the cache starts anew.
const CACHE_MAX: usize = 10_000;
/// Most certificates that a peer may send beside its own.
const INTERMEDIATES_MAX: usize = 4;

/// Signature algorithms allowed in certificates and CRLs. No SHA-1.
pub(crate) static CHAIN_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    webpki::aws_lc_rs::ECDSA_P256_SHA256,
    webpki::aws_lc_rs::ECDSA_P384_SHA384,
    webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA256,
    webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA384,
    webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA512,
    webpki::aws_lc_rs::ED25519,
];

impl Snapshot {
    /// The folder as it lies there, by itself.
    pub(super) fn read(folder: &std::path::Path, revocation: Revocation) -> Result<Self, Fault> {
        let Reading {
            mut snapshot,
            found,
            ..
        } = Reading::of(folder)?.whole()?;
        snapshot.suffices(&found, revocation, folder)?;
        let to = HeldTo {
            memory: &Memory::default(),
            known: &[],
        };
        snapshot.choose(found, to, folder);
        Ok(snapshot)
    }

    /// Whether there is anybody to trust, and lists to do it by.
    pub(super) fn suffices(
        &self,
        found: &[Listed],
        revocation: Revocation,
        folder: &std::path::Path,
    ) -> Result<(), Fault> {
        let lacks_crl = found.is_empty() && revocation == Revocation::Required;
        let what = match self.anchors.is_empty() {
            _ if lacks_crl => "no CRL",
            true => "no root certificate",
            false => return Ok(()),
        };
        let place = folder.display().to_string();
        let fault = refusal::TRUST.because(format_args!("{place}: {what}"));
        Err(fault.at(place))
    }

    pub(super) fn add_root(&mut self, der: CertificateDer<'static>) -> Result<(), Fault> {
        if !self.roots.contains(&der) {
            let anchor = webpki::anchor_from_trusted_cert(&der);
            let anchor = anchor.map_err(|error| refusal::TRUST.because(error))?;
            self.anchors.push(anchor.to_owned());
            self.roots.push(der.clone());
        }
        Ok(())
    }

    pub(super) fn add_intermediate(&mut self, der: CertificateDer<'static>) {
        if !self.intermediates.contains(&der) {
            self.intermediates.push(der);
        }
    }

    /// Adds the authorities of another one.
    pub(super) fn add_authorities(&mut self, other: &Self) -> Result<(), Fault> {
        let mut roots = other.roots.iter().cloned();
        roots.try_for_each(|root| self.add_root(root))?;
        for der in &other.intermediates {
            self.add_intermediate(der.clone());
        }
        Ok(())
    }

    /// The same authorities and lists, as they are held to what the journal tells.
    pub(super) fn held_to(
        &self,
        known: &[KnownList],
        folder: &std::path::Path,
    ) -> Result<(Self, Aside), Fault> {
        let mut fresh = Self {
            register: self.register.clone(),
            ..Self::default()
        };
        fresh.add_authorities(self)?;
        let lists = self.states.iter().map(|list| Listed::read(&list.der));
        let memory = &Memory::default();
        let to = HeldTo { memory, known };
        let aside = fresh.choose(lists.collect::<Result<_, _>>()?, to, folder);
        Ok((fresh, aside))
    }

    /// Finds out whether an authority of the folder signed a list.
    pub(super) fn prove_one(&self, state: &mut CrlState, held: &mut Held) {
        let authorities = self.roots.iter().chain(&self.intermediates);
        held.by = path::signer(&state.der, authorities);
        state.is_proven = held.by.is_some();
    }

    /// Whether the folder holds the authorities that certified the hub, and whether their lists say what became of its certificate
    /// when it was made: a list that is missing, or that another key signed, says it of nobody whom its authority certified. That a
    /// list is over is another matter.
    pub(super) fn knows_of(&self, own: &Own, folder: &std::path::Path) -> Result<(), Fault> {
        let lists = Lists {
            revocation: Revocation::Required,
            expiration: ExpirationPolicy::Ignore,
            is_ignored: false,
        };
        // Without what the hub shows beside it: nobody who signs a message does, so an authority that is there alone is of no use.
        match self.walk_chain(&own.der, &[], Usage::Client, lists, own.made) {
            Err(_) if !self.holds_issuer(&own.der) => {
                let fault = refusal::UNKNOWN_ISSUER
                    .because("no authority of this folder issued the hub's own");
                Err(fault.at(folder.display().to_string()).remedy(COPY_OR_NAME))
            }
            Err(fault) if is_of_folder(&fault) => {
                Err(fault.at(folder.display().to_string()).remedy(COPY_AGAIN))
            }
            // What else is wrong with it is wrong of it alone.
            _ => Ok(()),
        }
    }

    /// Whether an authority of the folder signed this certificate that is a root or was signed by another one of the folder:
    /// bytes that were changed in it may be refused before its signature is looked at.
    fn holds_issuer(&self, der: &[u8]) -> bool {
        let is_of_root = |der: &[u8]| self.roots.iter().any(|root| has_signed(root, der));
        let is_vouched_for = |issuer: &[u8]| {
            let others = || {
                self.intermediates
                    .iter()
                    .filter(|other| other.as_ref() != issuer)
            };
            is_of_root(issuer) || others().any(|other| has_signed(other, issuer))
        };
        let mut issuers = self.intermediates.iter();
        is_of_root(der) || issuers.any(|issuer| has_signed(issuer, der) && is_vouched_for(issuer))
    }

    /// Whether it trusts nobody.
    pub(super) fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    /// What the CRLs say of a certificate.
    pub(super) fn find(&self, serial: &str) -> Option<&Revoked> {
        let serial = serial.trim_start_matches('0');
        let is_it = |one: &&Revoked| one.named.serial.trim_start_matches('0') == serial;
        self.revoked.iter().find(is_it)
    }

    pub(super) fn check_chain(
        &self,
        der: &[u8],
        intermediates: &[CertificateDer<'_>],
        usage: Usage,
        revocation: Revocation,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let lists = Lists {
            revocation,
            expiration: ExpirationPolicy::Enforce,
            is_ignored: false,
        };
        self.walk_chain(der, intermediates, usage, lists, now)
    }

    /// The chain as it was at `dated`; the CRLs are asked when each certificate was revoked.
    pub(super) fn check_evidence(
        &self,
        der: &[u8],
        intermediates: &[CertificateDer<'_>],
        revocation: Revocation,
        dated: Dated,
    ) -> Result<(), Fault> {
        let lists = |is_ignored| Lists {
            revocation,
            expiration: ExpirationPolicy::Ignore,
            is_ignored,
        };
        let at = dated.at();
        match self.walk_chain(der, intermediates, Usage::Client, lists(false), at) {
            Err(fault) if fault.code() == refusal::REVOKED.code => {
                self.was_good(der, intermediates, dated).ok_or(fault)?;
                self.walk_chain(der, intermediates, Usage::Client, lists(true), at)
            }
            other => other,
        }
    }

    /// `Some` when a revoked certificate was revoked only later or whoever asks decides that, for a reason that leaves what it
    /// signed before, and no authority above it is revoked.
    fn was_good(
        &self,
        der: &[u8],
        intermediates: &[CertificateDer<'_>],
        dated: Dated,
    ) -> Option<()> {
        let of = |der: &[u8]| {
            let (_, parsed) = X509Certificate::from_der(der).ok()?;
            self.find(&serial_hex(parsed.raw_serial()))
        };
        let revoked = of(der)?;
        let spoils = matches!(dated, Dated::Claimed(_)) && revoked.is_compromised;
        let above = self.intermediates.iter().chain(intermediates);
        let is_broken_above = above.into_iter().any(|der| of(der).is_some());
        let is_later = matches!(dated, Dated::Held(_)) || dated.at() < revoked.named.at;
        (is_later && !spoils && !is_broken_above).then_some(())
    }

    fn walk_chain(
        &self,
        der: &[u8],
        intermediates: &[CertificateDer<'_>],
        usage: Usage,
        lists: Lists,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let revocation = lists.revocation;
        if self.anchors.is_empty() {
            return Err(refusal::STATUS_UNKNOWN.because("the trust folder could not be read yet"));
        }
        if der.len() > TOKEN_BYTES_MAX || intermediates.len() > INTERMEDIATES_MAX {
            return Err(refusal::TOKEN.because("certificate too long, or too many beside it"));
        }
        let der = CertificateDer::from(der);
        let end_entity =
            EndEntityCert::try_from(&der).map_err(|error| refusal::TOKEN.because(error))?;
        let path = Path::of(self, &der, intermediates);
        let unknown = match revocation {
            Revocation::Required => UnknownStatusPolicy::Deny,
            Revocation::IfPresent => UnknownStatusPolicy::Allow,
        };
        let key_usage = match usage {
            Usage::Client => KeyUsage::client_auth(),
            Usage::Server => KeyUsage::server_auth(),
        };
        let verified = |anchors: &[TrustAnchor<'_>], crls: &[&CertRevocationList<'_>]| {
            let options = RevocationOptionsBuilder::new(crls).ok().map(|builder| {
                builder
                    .with_depth(RevocationCheckDepth::Chain)
                    .with_status_policy(unknown)
                    .with_expiration_policy(lists.expiration)
                    .build()
            });
            end_entity
                .verify_for_usage(
                    CHAIN_ALGORITHMS,
                    anchors,
                    &path.between,
                    instant::unix(now),
                    key_usage,
                    options.filter(|_| !lists.is_ignored),
                    None,
                )
                .map(drop)
        };
        // One root after the other: each goes by its own list.
        let mut seen = Err(webpki::Error::UnknownIssuer);
        for (anchor, crls) in &path.roots {
            let is_bare = crls.is_empty() && revocation == Revocation::Required;
            seen = match verified(std::slice::from_ref(anchor), crls) {
                // Without any list nothing was asked.
                Ok(()) if is_bare && !lists.is_ignored => {
                    Err(webpki::Error::UnknownRevocationStatus)
                }
                other => other,
            };
            if seen.is_ok() {
                break;
            }
        }
        if path.roots.is_empty() {
            seen = verified(&[], &[]);
        }
        seen.map_err(|error| refused_chain(&error, end_entity.serial()))
    }

    pub(super) fn remembered(&self, bytes: &[u8], now: Timestamp) -> Option<Arc<Certificate>> {
        let cache = self.by_bytes.read().unwrap_or_else(PoisonError::into_inner);
        let known = cache.get(bytes)?;
        let age = now.micros().saturating_sub(known.at.micros());
        let is_fresh = (0..RECHECK_MICROS).contains(&age);
        (is_fresh && now <= known.certificate.not_after()).then(|| known.certificate.clone())
    }

    pub(super) fn remember(&self, bytes: &[u8], certificate: &Arc<Certificate>, now: Timestamp) {
        let mut cache = self
            .by_bytes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHE_MAX {
            cache.clear();
        }
        cache.insert(
            bytes.into(),
            Checked {
                certificate: certificate.clone(),
                at: now,
            },
        );
    }
}

/// How the CRLs count.
#[derive(Clone, Copy)]
struct Lists {
    revocation: Revocation,
    /// Whether a list must be a current one.
    expiration: ExpirationPolicy,
    /// Whether they are not asked at all.
    is_ignored: bool,
}

/// What helps where an authority of the hub's certificate or its list is not there, or is not what it was.
const COPY_AGAIN: &str =
    "copy root.pem, issuing.pem and both .crl.pem files from the CA's folder again";

/// What helps where the folder holds no authority that issued the hub's certificate.
const COPY_OR_NAME: &str = "copy root.pem, issuing.pem and both .crl.pem files from the CA's folder again, or name in hub.certificate one that an authority of this folder issued";

/// Where a fault `V025` stands when nothing is wrong with the certificate: the list that would say so
/// is over, and whoever keeps it must renew it.
pub const LIST_OVER: &str = "the list of revoked certificates, which is over";

/// Whether it is wrong of the folder, and not of the certificate that was asked about.
fn is_of_folder(fault: &Fault) -> bool {
    let of_folder = [refusal::STATUS_UNKNOWN.code, refusal::UNKNOWN_ISSUER.code];
    of_folder.contains(&fault.code())
}

fn refused_chain(error: &webpki::Error, serial: &[u8]) -> Fault {
    use webpki::Error;
    let refusal = match error {
        Error::CertRevoked => refusal::REVOKED,
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => refusal::CERTIFICATE_TIME,
        Error::UnknownRevocationStatus
        | Error::CrlExpired { .. }
        | Error::InvalidCrlSignatureForPublicKey
        | Error::IssuerNotCrlSigner => refusal::STATUS_UNKNOWN,
        Error::RequiredEkuNotFoundContext(_)
        | Error::EmptyEkuExtension
        | Error::CaUsedAsEndEntity
        | Error::UnsupportedCriticalExtension => refusal::UNFIT,
        _ => refusal::UNKNOWN_ISSUER,
    };
    let fault = refusal.because(format_args!("serial {}: {error}", hex(serial)));
    match error {
        Error::CrlExpired { .. } => fault.at(LIST_OVER),
        _ => fault,
    }
}
