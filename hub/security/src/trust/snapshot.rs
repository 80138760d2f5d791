//! What one folder of authorities and lists held when it was read, and who is good by it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use cordon_contract::Fault;
use cordon_model::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, SignatureVerificationAlgorithm, TrustAnchor,
};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, RevocationCheckDepth,
    RevocationOptionsBuilder, UnknownStatusPolicy,
};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::list::{CrlState, Listed};
use super::path::{self, Held, Path, has_signed};
use super::shut::Own;
use super::{Dated, TOKEN_BYTES_MAX, Usage, Withdrawn};
use crate::certificate::serial_hex;
use crate::identity::hex;
use crate::register::{self, Register};
use crate::{Certificate, file, instant, refusal};

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
    /// The last lists of authorities that were taken out of the folder: who comes back is held to his.
    pub(super) left: Vec<CrlState>,
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
/// How everything in such a file begins.
const PEM_BEGINS: &str = "-----BEGIN ";
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
    pub(super) fn read(folder: &std::path::Path, revocation: Revocation) -> Result<Self, Fault> {
        let mut snapshot = Self::default();
        for path in files(folder)? {
            let text = file::read(&path)?;
            if text.contains("PRIVATE KEY") {
                continue;
            }
            snapshot
                .add(&text)
                .map_err(|fault| fault.at(path.display().to_string()))?;
        }
        snapshot.read_register(folder)?;
        snapshot.prove();
        let lacks_crl = snapshot.lists.is_empty() && revocation == Revocation::Required;
        if snapshot.anchors.is_empty() || lacks_crl {
            let what = if lacks_crl {
                "no CRL"
            } else {
                "no root certificate"
            };
            let place = folder.display().to_string();
            return Err(refusal::TRUST
                .because(format_args!("{place}: {what}"))
                .at(place));
        }
        Ok(snapshot)
    }

    /// A folder without a register is fine; one with a register that nobody here signed is not.
    fn read_register(&mut self, folder: &std::path::Path) -> Result<(), Fault> {
        let path = folder.join(register::NAME);
        if !is_there(&path)? {
            return Ok(());
        }
        let issuers = [self.intermediates.as_slice(), self.roots.as_slice()].concat();
        let read = Register::verify(&file::read(&path)?, &issuers, CHAIN_ALGORITHMS)
            .map_err(|fault| fault.at(path.display().to_string()))?;
        self.register = Some(Arc::new(read));
        Ok(())
    }

    pub(super) fn add(&mut self, text: &str) -> Result<(), Fault> {
        let broken = |error: &dyn std::fmt::Display| refusal::TRUST.because(error);
        // A power cut while it was copied: what it held is not known, and may be a list.
        if !text.contains(PEM_BEGINS) {
            return Err(broken(&"it is empty or cut: nothing begins in it"));
        }
        for der in CertificateDer::pem_slice_iter(text.as_bytes()) {
            let der = der.map_err(|error| broken(&error))?;
            let (_, parsed) = X509Certificate::from_der(&der).map_err(|error| broken(&error))?;
            if !parsed.is_ca() {
                continue;
            }
            let is_root = parsed.issuer() == parsed.subject();
            if is_root && !self.roots.contains(&der) {
                let anchor =
                    webpki::anchor_from_trusted_cert(&der).map_err(|error| broken(&error))?;
                self.anchors.push(anchor.to_owned());
                self.roots.push(der.clone());
            } else if !is_root && !self.intermediates.contains(&der) {
                self.intermediates.push(der.clone());
            }
        }
        for der in CertificateRevocationListDer::pem_slice_iter(text.as_bytes()) {
            self.add_crl(&der.map_err(|error| broken(&error))?)?;
        }
        Ok(())
    }

    /// Adds a CRL; of two CRLs of one authority, which is a name and a key, the newer one stays. Its signature is checked by the
    /// chain check.
    fn add_crl(&mut self, der: &CertificateRevocationListDer<'_>) -> Result<(), Fault> {
        let Listed {
            state,
            held,
            revoked,
        } = Listed::read(der)?;
        self.revoked.extend(revoked);
        match self.place_of(&state) {
            Some(index) => {
                let is_newer = self.states.get(index).is_some_and(|old| {
                    let dates = (old.number, state.number) == (0, 0);
                    old.number < state.number || dates && old.this_update < state.this_update
                });
                if is_newer {
                    self.exchange(index, state, held);
                }
            }
            None => {
                self.states.push(state);
                self.lists.push(held);
            }
        }
        Ok(())
    }

    pub(super) fn place_of(&self, list: &CrlState) -> Option<usize> {
        self.states.iter().position(|known| known.of == list.of)
    }

    pub(super) fn exchange(&mut self, index: usize, state: CrlState, held: Held) {
        if let (Some(old_state), Some(old)) =
            (self.states.get_mut(index), self.lists.get_mut(index))
        {
            *old_state = state;
            *old = held;
        }
    }

    /// Finds out which lists an authority of the folder signed.
    fn prove(&mut self) {
        let mut states = std::mem::take(&mut self.states);
        let mut lists = std::mem::take(&mut self.lists);
        for (state, held) in states.iter_mut().zip(&mut lists) {
            self.prove_one(state, held);
        }
        (self.states, self.lists) = (states, lists);
    }

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

/// The certificate and CRL files of a folder, by name.
pub(super) fn files(folder: &std::path::Path) -> Result<Vec<PathBuf>, Fault> {
    let entries = std::fs::read_dir(folder).map_err(|error| file::failure(folder, error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| file::failure(folder, error))?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_named_so = matches!(extension, Some("pem" | "crt" | "crl"));
        if is_named_so && !is_folder(&path)? {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Whether this is a folder; one that cannot be asked is no reason to pass it over.
fn is_folder(path: &std::path::Path) -> Result<bool, Fault> {
    let known = std::fs::metadata(path).map_err(|error| file::failure(path, error))?;
    Ok(known.is_dir())
}

fn is_there(path: &std::path::Path) -> Result<bool, Fault> {
    path.try_exists()
        .map_err(|error| file::failure(path, error))
}

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
