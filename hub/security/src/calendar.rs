//! What of the park's papers ends, and when: certificates, revocation lists, the register.
//!
//! A list that is over cuts off every holder it speaks for, as an ended certificate cuts off one. So
//! both stand in one calendar.

use std::path::Path;

use cordon_contract::Fault;
use cordon_model::{PartyId, Timestamp};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::ca::State;
use crate::certificate::serial_hex;
use crate::{Certificate, CrlState, Register, Role, Standing, file, instant, refusal};

/// What ended longer ago is no longer listed, in microseconds: its holder has left.
const FORGOTTEN_MICROS: i64 = 30 * DAY_MICROS;
/// A day in microseconds.
const DAY_MICROS: i64 = 86_400_000_000;

/// Kind of paper.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Paper {
    /// A root or issuing certificate.
    Authority,
    /// A certificate revocation list.
    Crl,
    /// The CA's register of certificates.
    Register,
    /// A holder's certificate.
    Certificate,
}

impl Paper {
    /// The name used on the command line and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Crl => "crl",
            Self::Register => "register",
            Self::Certificate => "certificate",
        }
    }

    /// What is cut off when it is over, and what to do before.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Authority => "make a new authority and give its root to all partners",
            Self::Crl => {
                "every certificate under it is refused once it is over: run `cordon cert crl` at the CA and copy the .crl.pem files and register.json to the trust folder"
            }
            Self::Register => {
                "run `cordon cert crl` at the CA and copy register.json to the trust folder"
            }
            Self::Certificate => "issue a new one with `cordon cert issue`",
        }
    }
}

/// One paper and its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Due {
    /// Kind of paper.
    pub paper: Paper,
    /// Whose: distinguished name of an authority or issuer, `role id` of a holder.
    pub name: String,
    /// The holder's role, of a holder's certificate.
    pub role: Option<Role>,
    /// The holder, of a holder's certificate.
    pub id: Option<PartyId>,
    /// Serial number in lower-case hexadecimal, of a certificate.
    pub serial: Option<String>,
    /// Last second in which it is good.
    pub until: Timestamp,
}

impl Due {
    /// Of a holder's certificate.
    pub fn of_certificate(certificate: &Certificate) -> Self {
        let identity = certificate.identity();
        Self {
            paper: Paper::Certificate,
            name: format!("{} {}", identity.role, identity.id),
            role: Some(identity.role),
            id: Some(identity.id.clone()),
            serial: Some(certificate.serial().to_owned()),
            until: certificate.not_after(),
        }
    }

    /// Of the first certificate in a PEM file: a holder's of the park, or one for somebody outside.
    ///
    /// # Errors
    /// `V103` when the file cannot be read, `V021` when it begins with no certificate.
    pub fn of_file(path: &Path) -> Result<Self, Fault> {
        let text = file::read(path)?;
        let der = CertificateDer::from_pem_slice(text.as_bytes())
            .map_err(|error| refusal::TOKEN.because(error).at(path.display().to_string()))?;
        if let Ok(certificate) = Certificate::parse(&der) {
            return Ok(Self::of_certificate(&certificate));
        }
        let (_, parsed) = X509Certificate::from_der(&der)
            .map_err(|error| refusal::TOKEN.because(error).at(path.display().to_string()))?;
        let until = instant::from_seconds(parsed.validity().not_after.timestamp());
        Ok(Self {
            serial: Some(serial_hex(parsed.raw_serial())),
            ..Self::of_other(path.display().to_string(), until)
        })
    }

    fn of_other(name: String, until: Timestamp) -> Self {
        Self {
            paper: Paper::Certificate,
            name,
            role: None,
            id: None,
            serial: None,
            until,
        }
    }

    /// Whole seconds until it ends; negative once it is over.
    pub fn seconds_left(&self, now: Timestamp) -> i64 {
        self.until
            .micros()
            .saturating_sub(now.micros())
            .div_euclid(1_000_000)
    }

    /// Whole days until it ends; negative once it is over.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        self.seconds_left(now).div_euclid(86_400)
    }

    pub(crate) fn of_authority(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        Some(Self {
            paper: Paper::Authority,
            name: parsed.subject().to_string(),
            role: None,
            id: None,
            serial: Some(serial_hex(parsed.raw_serial())),
            until: instant::from_seconds(parsed.validity().not_after.timestamp()),
        })
    }

    pub(crate) fn of_crl(state: &CrlState) -> Option<Self> {
        Some(Self {
            paper: Paper::Crl,
            name: state.issuer.clone(),
            role: None,
            id: None,
            serial: None,
            until: state.next_update?,
        })
    }

    pub(crate) fn of_register(register: &Register, now: Timestamp) -> Vec<Self> {
        let mut dues = vec![Self {
            paper: Paper::Register,
            name: register.park.to_string(),
            role: None,
            id: None,
            serial: None,
            until: register.next_update,
        }];
        let mut last: std::collections::BTreeMap<(Role, &PartyId), &Standing> = Default::default();
        for one in &register.certificates {
            if one.state(now) == State::Revoked {
                continue;
            }
            let known = last.entry((one.role, &one.id)).or_insert(one);
            if known.not_after < one.not_after {
                *known = one;
            }
        }
        let earliest = now.micros().saturating_sub(FORGOTTEN_MICROS);
        let holders = last
            .into_values()
            .filter(|one| one.not_after.micros() >= earliest)
            .map(|one| Self {
                paper: Paper::Certificate,
                name: format!("{} {}", one.role, one.id),
                role: Some(one.role),
                id: Some(one.id.clone()),
                serial: Some(one.serial.clone()),
                until: one.not_after,
            });
        dues.extend(holders);
        dues
    }
}
