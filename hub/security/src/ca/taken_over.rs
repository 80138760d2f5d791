//! Revocations that an authority has forgotten: it was restored from a backup, and a list that it published since is still at hand,
//! with whoever went by it.

use cordon_contract::Fault;
use cordon_model::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::prelude::{CertificateRevocationList, FromDer, ReasonCode, X509Certificate};

use super::Reason;
use crate::certificate::serial_hex;
use crate::{instant, refusal};

/// Bytes of a serial number at most (RFC 5280, section 4.1.2.2), and as this authority gives them.
const SERIAL_BYTES_MAX: usize = 20;
const OWN_SERIAL_BYTES: usize = 16;

/// What a list says of one certificate.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) serial: String,
    pub(super) at: Timestamp,
    pub(super) reason: Reason,
}

/// Whether this is the number of one of an authority's own certificates: no list of it says so to whoever goes by it.
pub(super) fn is_itself(own: &[CertificateDer<'_>], serial: &str) -> bool {
    let serial = serial.trim_start_matches('0');
    own.iter().any(|der| {
        X509Certificate::from_der(der).is_ok_and(|(_, parsed)| {
            serial_hex(parsed.raw_serial()).trim_start_matches('0') == serial
        })
    })
}

/// A list of this authority.
#[derive(Debug)]
pub(super) struct OwnList {
    pub(super) number: u64,
    pub(super) revoked: Vec<Said>,
}

impl OwnList {
    /// Reads a list in PEM; nothing where `is_own` does not find it signed by this authority.
    pub(super) fn read(pem: &str, is_own: impl Fn(&[u8]) -> bool) -> Result<Option<Self>, Fault> {
        let refused = |error: &dyn std::fmt::Display| refusal::OTHERS_LIST.because(error);
        let der = CertificateRevocationListDer::from_pem_slice(pem.as_bytes())
            .map_err(|error| refused(&error))?;
        if !is_own(&der) {
            return Ok(None);
        }
        let (_, list) =
            CertificateRevocationList::from_der(&der).map_err(|error| refused(&error))?;
        let number = list
            .crl_number()
            .and_then(|number| u64::try_from(number).ok());
        let mut revoked = Vec::new();
        for one in list.iter_revoked_certificates() {
            let serial = serial_hex(one.raw_serial());
            if !is_serial(&serial) {
                return Err(refused(&format_args!("serial number {serial:?}")));
            }
            revoked.push(Said {
                serial,
                at: instant::from_seconds(one.revocation_date.timestamp()),
                reason: one
                    .reason_code()
                    .map_or(Reason::Unspecified, |(_, code)| reason_of(code)),
            });
        }
        Ok(Some(Self {
            number: number.unwrap_or_default(),
            revoked,
        }))
    }
}

fn reason_of(code: ReasonCode) -> Reason {
    match code {
        // Whoever holds the key of an authority above him may have made his.
        ReasonCode::KeyCompromise | ReasonCode::CACompromise => Reason::KeyCompromise,
        ReasonCode::AffiliationChanged => Reason::AffiliationChanged,
        ReasonCode::Superseded => Reason::Superseded,
        ReasonCode::CessationOfOperation => Reason::CessationOfOperation,
        _ => Reason::Unspecified,
    }
}

fn is_hex(serial: &str) -> bool {
    serial.len().is_multiple_of(2)
        && serial
            .bytes()
            .all(|letter| matches!(letter, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether it can stand on a list.
pub(super) fn is_serial(serial: &str) -> bool {
    (2..=2 * SERIAL_BYTES_MAX).contains(&serial.len()) && is_hex(serial)
}

/// Whether this authority may have given it: it gives 16 bytes, the first of them from 40 to 7f. Whatever else was typed is a slip.
pub(super) fn may_be_own(serial: &str) -> bool {
    let begins_so = matches!(serial.as_bytes().first(), Some(b'4'..=b'7'));
    serial.len() == 2 * OWN_SERIAL_BYTES && is_hex(serial) && begins_so
}
