//! Whom the park trusts now: roots, issuing certificates and CRLs of one folder.

mod in_use;
mod kept;
mod list;
mod memory;
mod path;
mod reading;
mod shut;
mod snapshot;
mod succession;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use cordon_contract::Fault;
use cordon_model::Timestamp;
use rustls::pki_types::CertificateDer;

use self::in_use::Former;
use self::memory::Memory;
use self::shut::Unread;
use self::snapshot::{Revocation, Snapshot};
use crate::register::Register;
use crate::{Certificate, Due, refusal, signature};

pub use self::in_use::JudgedBy;
pub(crate) use self::list::mark_of;
pub use self::list::{CrlState, KnownList, ListOf, issuer_as_told};
pub(crate) use self::path::signer;
pub use self::shut::{Own, is_no_trust_folder};
pub(crate) use self::snapshot::CHAIN_ALGORITHMS;
pub use self::snapshot::LIST_OVER;

/// Longest token text or DER looked up; a certificate of RSA-8192 has about 3 KB.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

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

/// A certificate on a CRL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Withdrawn {
    /// Its serial number, lower-case hexadecimal.
    pub serial: String,
    /// From when on, by its issuer's word.
    pub at: Timestamp,
}

/// The trusted authorities and their CRLs, with a cache of good certificates. Cheap to ask; reload
/// swaps everything at once and forgets the cache.
#[derive(Debug)]
pub struct TrustStore {
    folder: PathBuf,
    revocation: Revocation,
    snapshot: ArcSwap<Snapshot>,
    former: Former,
    reloading: Mutex<()>,
    /// What keeps the folder from being read.
    unread: Unread,
    /// For whom it is read, where that is a hub.
    own: Option<Own>,
    /// The lists that the hub went by, as its journal tells.
    known: Mutex<Vec<KnownList>>,
    /// The lists that it went by themselves.
    memory: Mutex<Memory>,
}

/// When a signature that is looked at later was made, and how that is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dated {
    /// Something else dates it, such as the journal entry that holds it.
    Proven(Timestamp),
    /// The signer alone says so. A key in wrong hands can say anything, so a certificate revoked for
    /// that reason proves nothing.
    Claimed(Timestamp),
    /// Something else dates it, and whoever asks decides by what its receiver held whether the certificate was revoked for him.
    Held(Timestamp),
}

impl Dated {
    fn at(self) -> Timestamp {
        match self {
            Self::Proven(at) | Self::Claimed(at) | Self::Held(at) => at,
        }
    }
}

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
        let read = Snapshot::read(folder, revocation);
        read.map(|snapshot| Self::of(folder, revocation, (snapshot, None)))
    }

    fn of(folder: &Path, revocation: Revocation, (snapshot, own): (Snapshot, Option<Own>)) -> Self {
        let mut memory = Memory::default();
        memory.note(&snapshot);
        Self {
            folder: folder.to_owned(),
            revocation,
            snapshot: ArcSwap::from_pointee(snapshot),
            former: Former::default(),
            reloading: Mutex::new(()),
            unread: Unread::default(),
            own,
            known: Mutex::default(),
            memory: Mutex::new(memory),
        }
    }

    /// Reads the folder again. Each authority and its list count for themselves, the newest list that is known of each; what
    /// cannot be used of one holds up no other. Where the fault is none of a part, the old content stays in use
    /// ([`TrustStore::is_partial`]).
    ///
    /// # Errors
    /// As [`TrustStore::load`], `V110` when a CRL and `V114` when the register is older than the one
    /// in use, `V115` when a CRL is another than that under its number, `V014` when an authority of the hub's own certificate and `V025` when its list is missing
    /// or is not what it was.
    pub fn reload(&self) -> Result<(), Fault> {
        let _one_at_a_time = self
            .reloading
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let read = match self.is_shut() {
            true => self.read_whole(),
            false => self.read_on(),
        };
        let (aside, is_partial) = match read {
            Ok((fresh, aside)) => {
                self.keep_before_use(&fresh);
                self.take_up(fresh);
                (aside, true)
            }
            Err(fault) => (Some(fault), false),
        };
        self.unread.note(aside.as_ref(), is_partial);
        aside.map_or(Ok(()), Err)
    }

    /// What is read from now on is in use.
    fn take_up(&self, fresh: Snapshot) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.note(&fresh);
        self.former
            .take(move || self.snapshot.swap(Arc::new(fresh)));
    }

    /// What is in use now, to be kept as long as something that is judged by it is under way.
    pub fn judging(&self) -> JudgedBy {
        JudgedBy::new(self.snapshot.load_full())
    }

    /// The CRLs in use, when nothing is under way any more that was judged by those of before.
    pub fn crls_alone(&self) -> Option<Vec<CrlState>> {
        self.former.unless_any(|| self.crls())
    }

    /// The CRLs in use.
    pub fn crls(&self) -> Vec<CrlState> {
        self.snapshot.load().states.clone()
    }

    /// Whether a CRL names this serial number (lower-case hexadecimal).
    pub fn status(&self, serial: &str) -> CertificateStatus {
        match self.snapshot.load().find(serial) {
            Some(_) => CertificateStatus::Revoked,
            None => CertificateStatus::Good,
        }
    }

    /// From when on a certificate is revoked, by its issuer's word; `None` when no CRL names it.
    pub fn revoked_at(&self, serial: &str) -> Option<Timestamp> {
        self.snapshot.load().find(serial).map(|one| one.named.at)
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
