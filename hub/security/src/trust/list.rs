//! One list of revoked certificates (CRL), and how it stands to one that was in use before it.

use std::collections::BTreeSet;
use std::sync::Arc;

use cordon_contract::Fault;
use cordon_model::{Digest, Timestamp};
use webpki::OwnedCertRevocationList;
use x509_parser::prelude::{
    CertificateRevocationList, FromDer, ParsedExtension, ReasonCode, RevokedCertificate,
    X509Extension, X509Name,
};

use super::Withdrawn;
use super::path::Held;
use super::snapshot::Revoked;
use crate::algorithm::sha256;
use crate::certificate::serial_hex;
use crate::identity::hex;
use crate::instant;
use crate::refusal::{self, Refusal};

/// Longest name of an issuer that the journal tells, letters.
const ISSUER_CHARS_MAX: usize = 250;
/// Bytes of the digest that stands for an authority.
const MARK_BYTES: usize = 16;

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
    /// When it was made, by its issuer's word.
    pub this_update: Timestamp,
    /// SHA-256 of its DER.
    pub digest: Digest,
    /// The certificates it revokes.
    pub withdrawn: Arc<[Withdrawn]>,
    /// Stands for its issuer's name and key: an authority that begins anew under its old name has another one. It is said inside
    /// what the issuer signed.
    pub of: String,
    /// Whether an authority of the folder signed it.
    pub is_proven: bool,
    /// The list itself.
    pub der: Arc<[u8]>,
}

impl CrlState {
    /// By what the journal tells its authority from others.
    pub fn mark(&self) -> &str {
        match self.is_proven {
            true => &self.of,
            false => ListOf::UNPROVEN,
        }
    }

    /// Whom it names and the newer one does not, but who is over.
    pub(super) fn lacking(&self, newer: &Self, is_over: impl Fn(&str) -> bool) -> Vec<&str> {
        let named: BTreeSet<&str> = newer
            .withdrawn
            .iter()
            .map(|it| it.serial.as_str())
            .collect();
        let old = self.withdrawn.iter().map(|it| it.serial.as_str());
        old.filter(|it| !named.contains(it) && !is_over(it))
            .collect()
    }

    /// Its place among the lists of its authority.
    pub(super) fn place(&self) -> (u64, i64) {
        place(self.number, self.this_update)
    }

    /// Whether nobody may go by the other list of the same authority who went by this one.
    pub(super) fn newer_than(&self, other: &Self) -> Option<Fault> {
        self.known().before(other)
    }

    /// What is known of it where it was in use.
    fn known(&self) -> KnownList {
        KnownList {
            of: ListOf::Marked(self.of.clone()),
            number: self.number,
            made: self.this_update,
            digest: self.digest,
        }
    }
}

/// Of two lists of one authority the greater one is newer. An issuer that gives no numbers has its dates alone.
fn place(number: u64, made: Timestamp) -> (u64, i64) {
    match number {
        0 => (0, made.micros()),
        number => (number, 0),
    }
}

/// An issuer's name as the journal tells it.
pub fn issuer_as_told(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .filter(|letter| !matches!(letter, '\u{FFFE}' | '\u{FFFF}'))
        .take(ISSUER_CHARS_MAX)
        .collect()
}

/// Whose list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ListOf {
    /// Of this name and key ([`CrlState::of`]).
    Marked(String),
    /// Of this name, as the journal has it, whatever the key: older programs told no more.
    Named(String),
}

impl ListOf {
    /// Stands for nobody: no authority of the folder signed the list.
    pub const UNPROVEN: &str = "unproven";
}

/// A list that a hub went by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KnownList {
    /// Whose it was.
    pub of: ListOf,
    /// Its number; 0 where the issuer gives none.
    pub number: u64,
    /// When it was made, by its issuer's word.
    pub made: Timestamp,
    /// SHA-256 of its DER.
    pub digest: Digest,
}

impl KnownList {
    fn is_of(&self, list: &CrlState) -> bool {
        match &self.of {
            ListOf::Marked(of) => *of == list.of,
            ListOf::Named(by) => *by == issuer_as_told(&list.issuer),
        }
    }

    /// Whether nobody may go by this list who went by the known one: it is older, or another under the same number.
    pub(super) fn against(&self, list: &CrlState) -> Option<Fault> {
        self.is_of(list).then(|| self.before(list)).flatten()
    }

    /// The same where both are of one authority.
    fn before(&self, list: &CrlState) -> Option<Fault> {
        let refusal = self.refusal(list)?;
        let detail = format_args!(
            "CRL {} of {}, this hub went by CRL {}, made {}",
            list.number, list.issuer, self.number, self.made
        );
        let fault = refusal.because(detail);
        let remedy = format!(
            "{}; the park's CA makes one by `cordon cert crl --above {}`; one that was restored from a backup has forgotten whom it revoked since: give it the lists of lists-in-use of the hub's data folder by `--with`",
            fault.remedy_text(),
            self.number
        );
        Some(fault.remedy(remedy))
    }

    fn refusal(&self, list: &CrlState) -> Option<Refusal> {
        match list.place().cmp(&place(self.number, self.made)) {
            std::cmp::Ordering::Less => Some(refusal::CRL_ROLLBACK),
            std::cmp::Ordering::Equal if list.digest != self.digest => Some(refusal::CRL_ANOTHER),
            _ => None,
        }
    }
}

/// A list as it was read.
pub(super) struct Listed {
    pub state: CrlState,
    pub held: Held,
    pub revoked: Vec<Revoked>,
}

impl Listed {
    /// Its signature is not looked at.
    pub(super) fn read(der: &[u8]) -> Result<Self, Fault> {
        let (_, parsed) = CertificateRevocationList::from_der(der)
            .map_err(|error| refusal::TRUST.because(error))?;
        let number = parsed
            .crl_number()
            .and_then(|number| u64::try_from(number).ok());
        let revoked: Vec<Revoked> = parsed.iter_revoked_certificates().map(revoked).collect();
        let state = CrlState {
            issuer: parsed.issuer().to_string(),
            number: number.unwrap_or_default(),
            next_update: parsed
                .next_update()
                .map(|at| instant::from_seconds(at.timestamp())),
            revoked: revoked.len(),
            this_update: instant::from_seconds(parsed.last_update().timestamp()),
            digest: Digest(sha256(der)),
            withdrawn: revoked.iter().map(|one| one.named.clone()).collect(),
            of: mark(&parsed),
            is_proven: false,
            der: der.into(),
        };
        let crl = OwnedCertRevocationList::from_der(der)
            .map_err(|error| refusal::TRUST.because(error))?
            .into();
        let held = Held {
            crl,
            name: parsed.issuer().as_raw().into(),
            by: None,
        };
        Ok(Self {
            state,
            held,
            revoked,
        })
    }
}

fn mark(list: &CertificateRevocationList<'_>) -> String {
    mark_of(list.issuer(), list.extensions())
}

/// Of the authority that gave out something with these extensions.
pub(crate) fn mark_of(issuer: &X509Name<'_>, extensions: &[X509Extension<'_>]) -> String {
    let key = extensions
        .iter()
        .find_map(|it| match it.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(of) => of.key_identifier.as_ref(),
            _ => None,
        });
    let mut named = issuer.as_raw().to_vec();
    // Its length in front of the key: no name and key run into another's.
    named.extend(named.len().to_be_bytes());
    named.extend(key.map_or(&[][..], |key| key.0));
    let digest = sha256(&named);
    hex(digest.get(..MARK_BYTES).unwrap_or(&digest))
}

/// One line of a CRL.
fn revoked(one: &RevokedCertificate<'_>) -> Revoked {
    Revoked {
        named: Withdrawn {
            serial: serial_hex(one.raw_serial()),
            at: instant::from_seconds(one.revocation_date.timestamp()),
        },
        is_compromised: one
            .reason_code()
            .is_some_and(|(_, reason)| reason == ReasonCode::KeyCompromise),
    }
}
