//! Whom the park trusts now: roots, issuing certificates and CRLs of one folder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arc_swap::ArcSwap;
use cordon_contract::Fault;
use cordon_model::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, SignatureVerificationAlgorithm, TrustAnchor,
};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, OwnedCertRevocationList,
    RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy,
};
use x509_parser::prelude::{CertificateRevocationList, FromDer, ReasonCode, X509Certificate};

use crate::certificate::serial_hex;
use crate::identity::hex;
use crate::register::{self, Register};
use crate::{Certificate, Due, file, instant, refusal, signature};

/// What a certificate is to be used for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Usage {
    /// To sign messages and to open connections.
    Client,
    /// To answer connections.
    Server,
}

/// What the CRLs say about a serial number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CertificateStatus {
    /// On no CRL.
    Good,
    /// On a CRL.
    Revoked,
}

/// One CRL in use.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CrlState {
    /// Distinguished name of the issuer.
    pub issuer: String,
    /// CRL number.
    pub number: u64,
    /// When the next one is due; afterwards the issuer's certificates are refused (`V025`).
    pub next_update: Option<Timestamp>,
    /// How many certificates it revokes.
    pub revoked: usize,
}

/// The trusted authorities and their CRLs, with a cache of good certificates. Cheap to ask; reload
/// swaps everything at once and forgets the cache.
#[derive(Debug)]
pub struct TrustStore {
    folder: PathBuf,
    revocation: Revocation,
    snapshot: ArcSwap<Snapshot>,
    reloading: Mutex<()>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Revocation {
    Required,
    IfPresent,
}

#[derive(Debug)]
struct Snapshot {
    anchors: Vec<TrustAnchor<'static>>,
    /// Certificates of authorities that are no roots.
    intermediates: Vec<CertificateDer<'static>>,
    roots: Vec<CertificateDer<'static>>,
    crls: Vec<CertRevocationList<'static>>,
    states: Vec<CrlState>,
    revoked: Vec<Revoked>,
    /// The CA's register, where the folder has it.
    register: Option<Arc<Register>>,
    /// Good certificates by the bytes they came in: the text of a token, or the DER of a TLS peer.
    by_bytes: RwLock<HashMap<Box<[u8]>, Checked>>,
}

/// What a CRL says of one certificate.
#[derive(Clone, Debug)]
struct Revoked {
    serial: String,
    at: Timestamp,
    /// Whether its key is in wrong hands, so that its signatures prove nothing of themselves.
    is_compromised: bool,
}

/// When a signature that is looked at later was made, and how that is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dated {
    /// Something else dates it, such as the journal entry that holds it.
    Proven(Timestamp),
    /// The signer alone says so. A key in wrong hands can say anything, so a certificate revoked for
    /// that reason proves nothing.
    Claimed(Timestamp),
}

impl Dated {
    fn at(self) -> Timestamp {
        match self {
            Self::Proven(at) | Self::Claimed(at) => at,
        }
    }
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
/// Longest token text or DER looked up; a certificate of RSA-8192 has about 3 KB.
const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Most certificates that a peer may send beside its own.
const INTERMEDIATES_MAX: usize = 4;

/// Signature algorithms allowed in certificates and CRLs. No SHA-1.
static CHAIN_ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    webpki::aws_lc_rs::ECDSA_P256_SHA256,
    webpki::aws_lc_rs::ECDSA_P384_SHA384,
    webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA256,
    webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA384,
    webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA512,
    webpki::aws_lc_rs::ED25519,
];

impl TrustStore {
    /// Reads every `.pem`, `.crt` and `.crl` file of `folder`: self-issued CA certificates become
    /// roots, other CA certificates intermediates. Every authority needs a current CRL, otherwise
    /// its certificates are refused (`V025`). Files with private keys are not looked into.
    ///
    /// # Errors
    /// `V103` when a file cannot be read, `V109` when there is no root or no CRL, `V113` when the
    /// folder's `register.json` was not signed by an authority of the folder.
    pub fn load(folder: &Path) -> Result<Self, Fault> {
        Self::load_with(folder, Revocation::Required)
    }

    /// The same for authorities outside the park that publish no CRL here, such as the one of a
    /// provincial platform's server; CRLs are honoured where present.
    pub fn load_without_crl(folder: &Path) -> Result<Self, Fault> {
        Self::load_with(folder, Revocation::IfPresent)
    }

    fn load_with(folder: &Path, revocation: Revocation) -> Result<Self, Fault> {
        let snapshot = Snapshot::read(folder, revocation)?;
        Ok(Self {
            folder: folder.to_owned(),
            revocation,
            snapshot: ArcSwap::from_pointee(snapshot),
            reloading: Mutex::new(()),
        })
    }

    /// Reads the folder again. On any fault the old content stays in use.
    ///
    /// # Errors
    /// As [`TrustStore::load`], `V110` when a CRL and `V114` when the register is older than the one
    /// in use.
    pub fn reload(&self) -> Result<(), Fault> {
        let _one_at_a_time = self
            .reloading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let fresh = Snapshot::read(&self.folder, self.revocation)?;
        for old in &self.snapshot.load().states {
            let new = fresh.states.iter().find(|new| new.issuer == old.issuer);
            if new.is_none_or(|new| new.number < old.number) {
                let detail = format_args!("CRL {} of {} is gone", old.number, old.issuer);
                return Err(refusal::CRL_ROLLBACK.because(detail));
            }
        }
        if let Some(old) = &self.snapshot.load().register {
            let new = fresh.register.as_ref();
            if new.is_none_or(|new| new.number < old.number) {
                let detail = format_args!("register {} is gone", old.number);
                return Err(refusal::REGISTER_ROLLBACK.because(detail));
            }
        }
        self.snapshot.store(Arc::new(fresh));
        Ok(())
    }

    /// The CRLs in use.
    pub fn crls(&self) -> Vec<CrlState> {
        self.snapshot.load().states.clone()
    }

    /// Whether a CRL names this serial number (lower-case hexadecimal).
    pub fn status(&self, serial: &str) -> CertificateStatus {
        let serial = serial.trim_start_matches('0');
        let snapshot = self.snapshot.load();
        let is_revoked = snapshot
            .revoked
            .iter()
            .any(|one| one.serial.trim_start_matches('0') == serial);
        if is_revoked {
            CertificateStatus::Revoked
        } else {
            CertificateStatus::Good
        }
    }

    /// The CA's register of certificates, where the folder has it.
    pub fn register(&self) -> Option<Arc<Register>> {
        self.snapshot.load().register.clone()
    }

    /// The root certificates in DER.
    pub fn roots(&self) -> Vec<CertificateDer<'static>> {
        self.snapshot.load().roots.clone()
    }

    /// Checks a certificate in DER: chain, validity, revocation, use, identity.
    ///
    /// # Errors
    /// `V012`, `V013`, `V014`, `V021`, `V024` or `V025`.
    pub fn check(
        &self,
        der: &[u8],
        intermediates: &[CertificateDer<'_>],
        usage: Usage,
        now: Timestamp,
    ) -> Result<Certificate, Fault> {
        self.check_chain(der, intermediates, usage, now)?;
        Certificate::parse(der)
    }

    /// Checks a certificate for a signature made earlier: it must have been good then. That it has
    /// ended or was revoked since changes nothing, and the CRL need not be a current one.
    ///
    /// # Errors
    /// As [`TrustStore::check`].
    pub fn check_evidence(
        &self,
        der: &[u8],
        intermediates: &[CertificateDer<'_>],
        dated: Dated,
    ) -> Result<Certificate, Fault> {
        self.snapshot
            .load()
            .check_evidence(der, intermediates, self.revocation, dated)?;
        Certificate::parse(der)
    }

    /// As [`TrustStore::check_evidence`] for the base64 text of a token.
    pub(crate) fn check_evidence_token(
        &self,
        text: &str,
        dated: Dated,
    ) -> Result<Arc<Certificate>, Fault> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(refusal::TOKEN.because("token too long"));
        }
        let der =
            signature::decode(text).ok_or_else(|| refusal::TOKEN.because("token is not base64"))?;
        self.check_evidence(&der, &[], dated).map(Arc::new)
    }

    /// Everything in the folder that ends: authorities, CRLs, the register, and of each holder in it
    /// the certificate that lasts longest. What ended over 30 days before `now` is left out.
    pub fn calendar(&self, now: Timestamp) -> Vec<Due> {
        let snapshot = self.snapshot.load();
        let mut dues = Vec::new();
        for der in snapshot.roots.iter().chain(&snapshot.intermediates) {
            dues.extend(Due::of_authority(der));
        }
        dues.extend(snapshot.states.iter().filter_map(Due::of_crl));
        if let Some(register) = &snapshot.register {
            dues.extend(Due::of_register(register, now));
        }
        dues
    }

    /// Checks the chain alone, for certificates that need no park identity.
    pub(crate) fn check_chain(
        &self,
        der: &[u8],
        intermediates: &[CertificateDer<'_>],
        usage: Usage,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.snapshot
            .load()
            .check_chain(der, intermediates, usage, self.revocation, now)
    }

    /// Checks a certificate given as base64 text; the result is remembered for a minute or until
    /// the next reload.
    pub(crate) fn check_token(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<Arc<Certificate>, Fault> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(refusal::TOKEN.because("token too long"));
        }
        let snapshot = self.snapshot.load();
        if let Some(known) = snapshot.remembered(text.as_bytes(), now) {
            return Ok(known);
        }
        let der =
            signature::decode(text).ok_or_else(|| refusal::TOKEN.because("token is not base64"))?;
        snapshot.check_chain(&der, &[], Usage::Client, self.revocation, now)?;
        let certificate = Arc::new(Certificate::parse(&der)?);
        snapshot.remember(text.as_bytes(), &certificate, now);
        Ok(certificate)
    }

    /// Checks the certificate of a TLS peer as [`TrustStore::check`] does; the result is remembered
    /// for a minute or until the next reload, because a connection is asked at each request.
    pub(crate) fn check_peer(
        &self,
        der: &[u8],
        intermediates: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Result<Arc<Certificate>, Fault> {
        let snapshot = self.snapshot.load();
        if let Some(known) = snapshot.remembered(der, now) {
            return Ok(known);
        }
        snapshot.check_chain(der, intermediates, Usage::Client, self.revocation, now)?;
        let certificate = Arc::new(Certificate::parse(der)?);
        if der.len() <= TOKEN_BYTES_MAX {
            snapshot.remember(der, &certificate, now);
        }
        Ok(certificate)
    }
}

impl Snapshot {
    fn read(folder: &Path, revocation: Revocation) -> Result<Self, Fault> {
        let mut snapshot = Self {
            anchors: Vec::new(),
            intermediates: Vec::new(),
            roots: Vec::new(),
            crls: Vec::new(),
            states: Vec::new(),
            revoked: Vec::new(),
            register: None,
            by_bytes: RwLock::default(),
        };
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
        let lacks_crl = snapshot.crls.is_empty() && revocation == Revocation::Required;
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
    fn read_register(&mut self, folder: &Path) -> Result<(), Fault> {
        let path = folder.join(register::NAME);
        if path.is_file() {
            let issuers = [self.intermediates.as_slice(), self.roots.as_slice()].concat();
            let read = Register::verify(&file::read(&path)?, &issuers, CHAIN_ALGORITHMS)
                .map_err(|fault| fault.at(path.display().to_string()))?;
            self.register = Some(Arc::new(read));
        }
        Ok(())
    }

    fn add(&mut self, text: &str) -> Result<(), Fault> {
        let broken = |error: &dyn std::fmt::Display| refusal::TRUST.because(error);
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

    /// Adds a CRL; of two CRLs of one issuer the one with the higher number stays. Its signature
    /// is checked by the chain check.
    fn add_crl(&mut self, der: &CertificateRevocationListDer<'_>) -> Result<(), Fault> {
        let (_, parsed) = CertificateRevocationList::from_der(der)
            .map_err(|error| refusal::TRUST.because(error))?;
        let number = parsed
            .crl_number()
            .and_then(|number| u64::try_from(number).ok());
        let state = CrlState {
            issuer: parsed.issuer().to_string(),
            number: number.unwrap_or_default(),
            next_update: parsed
                .next_update()
                .map(|at| instant::from_seconds(at.timestamp())),
            revoked: parsed.iter_revoked_certificates().count(),
        };
        let crl = OwnedCertRevocationList::from_der(der)
            .map_err(|error| refusal::TRUST.because(error))?;
        let serials = parsed.iter_revoked_certificates().map(|one| Revoked {
            serial: serial_hex(one.raw_serial()),
            at: instant::from_seconds(one.revocation_date.timestamp()),
            is_compromised: one
                .reason_code()
                .is_some_and(|(_, reason)| reason == ReasonCode::KeyCompromise),
        });
        self.revoked.extend(serials);
        match self
            .states
            .iter()
            .position(|known| known.issuer == state.issuer)
        {
            Some(index) => {
                let is_newer = self
                    .states
                    .get(index)
                    .is_some_and(|old| old.number < state.number);
                if let (true, Some(old_state), Some(old_crl)) = (
                    is_newer,
                    self.states.get_mut(index),
                    self.crls.get_mut(index),
                ) {
                    *old_state = state;
                    *old_crl = crl.into();
                }
            }
            None => {
                self.states.push(state);
                self.crls.push(crl.into());
            }
        }
        Ok(())
    }

    fn check_chain(
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
    fn check_evidence(
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

    /// `Some` when a revoked certificate was revoked only later, for a reason that leaves what it
    /// signed before, and no authority above it is revoked.
    fn was_good(
        &self,
        der: &[u8],
        intermediates: &[CertificateDer<'_>],
        dated: Dated,
    ) -> Option<()> {
        let of = |der: &[u8]| {
            let (_, parsed) = X509Certificate::from_der(der).ok()?;
            let serial = serial_hex(parsed.raw_serial());
            self.revoked.iter().find(|one| one.serial == serial)
        };
        let revoked = of(der)?;
        let spoils = matches!(dated, Dated::Claimed(_)) && revoked.is_compromised;
        let above = self.intermediates.iter().chain(intermediates);
        let is_broken_above = above.into_iter().any(|der| of(der).is_some());
        (dated.at() < revoked.at && !spoils && !is_broken_above).then_some(())
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
        if der.len() > TOKEN_BYTES_MAX || intermediates.len() > INTERMEDIATES_MAX {
            return Err(refusal::TOKEN.because("certificate too long, or too many beside it"));
        }
        let der = CertificateDer::from(der);
        let end_entity =
            EndEntityCert::try_from(&der).map_err(|error| refusal::TOKEN.because(error))?;
        let mut candidates = self.intermediates.clone();
        candidates.extend(intermediates.iter().map(|der| der.clone().into_owned()));
        let crls: Vec<&CertRevocationList<'_>> = self.crls.iter().collect();
        let unknown = match revocation {
            Revocation::Required => UnknownStatusPolicy::Deny,
            Revocation::IfPresent => UnknownStatusPolicy::Allow,
        };
        let options = RevocationOptionsBuilder::new(&crls).ok().map(|builder| {
            builder
                .with_depth(RevocationCheckDepth::Chain)
                .with_status_policy(unknown)
                .with_expiration_policy(lists.expiration)
                .build()
        });
        let options = options.filter(|_| !lists.is_ignored);
        let key_usage = match usage {
            Usage::Client => KeyUsage::client_auth(),
            Usage::Server => KeyUsage::server_auth(),
        };
        end_entity
            .verify_for_usage(
                CHAIN_ALGORITHMS,
                &self.anchors,
                &candidates,
                instant::unix(now),
                key_usage,
                options,
                None,
            )
            .map(drop)
            .map_err(|error| refused_chain(&error, end_entity.serial()))
    }

    fn remembered(&self, bytes: &[u8], now: Timestamp) -> Option<Arc<Certificate>> {
        let cache = self.by_bytes.read().unwrap_or_else(PoisonError::into_inner);
        let known = cache.get(bytes)?;
        let age = now.micros().saturating_sub(known.at.micros());
        let is_fresh = (0..RECHECK_MICROS).contains(&age);
        (is_fresh && now <= known.certificate.not_after()).then(|| known.certificate.clone())
    }

    fn remember(&self, bytes: &[u8], certificate: &Arc<Certificate>, now: Timestamp) {
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

/// Where a fault `V025` stands when nothing is wrong with the certificate: the list that would say so
/// is over, and whoever keeps it must renew it.
pub const LIST_OVER: &str = "the list of revoked certificates, which is over";

/// The certificate and CRL files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let entries = std::fs::read_dir(folder).map_err(|error| file::failure(folder, error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| file::failure(folder, error))?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("pem" | "crt" | "crl")) && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
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
