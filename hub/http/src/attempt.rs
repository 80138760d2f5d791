//! Attempts that ended before a request reached its handler, or were turned away by one.

use std::net::SocketAddr;

/// One attempt: from where, and why it ended.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Where it came from.
    pub peer: SocketAddr,
    /// Why it ended.
    pub cause: Cause,
    /// What the transport said, for the log.
    pub detail: String,
}

/// Why an attempt ended.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Cause {
    /// The client's certificate is revoked.
    CertificateRevoked,
    /// It has expired or is not valid yet.
    CertificateTime,
    /// It was issued by somebody else.
    CertificateForeign,
    /// It cannot be read, its signature is wrong, or its key was not proved.
    CertificateForged,
    /// It is not fit for this use, or carries no identity.
    CertificateUnfit,
    /// Whether it is revoked is not known.
    CertificateUnknown,
    /// The list that would tell whether it is revoked is over: nothing is wrong with the client.
    ListOver,
    /// The client showed none.
    CertificateMissing,
    /// No common version or algorithm of TLS.
    TlsVersion,
    /// The client does not take our certificate.
    RefusedByPeer,
    /// What came is no TLS, or broke off.
    NoTls,
    /// The handshake took too long, or its place was needed.
    HandshakeTimeout,
    /// More connections of one party, or in all, than are served.
    TooMany,
    /// New connections of one party or address come faster than they are greeted.
    TooOften,
    /// HTTP that cannot be read (400).
    BadRequest,
    /// Not for this caller (403).
    Forbidden,
    /// No such address (404).
    NotFound,
    /// No such method (405).
    MethodNotAllowed,
    /// A head or a body came too slowly (408).
    Timeout,
    /// A body over its limit (413).
    TooLarge,
    /// A head over its limit (431).
    HeadTooLarge,
    /// No room for the body (503).
    NoRoom,
}

impl Cause {
    /// Its name in metrics, log and audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CertificateRevoked => "certificate-revoked",
            Self::CertificateTime => "certificate-time",
            Self::CertificateForeign => "certificate-foreign",
            Self::CertificateForged => "certificate-forged",
            Self::CertificateUnfit => "certificate-unfit",
            Self::CertificateUnknown => "certificate-status-unknown",
            Self::ListOver => "crl-expired",
            Self::CertificateMissing => "certificate-missing",
            Self::TlsVersion => "tls-version",
            Self::RefusedByPeer => "refused-by-peer",
            Self::NoTls => "no-tls",
            Self::HandshakeTimeout => "handshake-timeout",
            Self::TooMany => "too-many-connections",
            Self::TooOften => "too-many-handshakes",
            Self::BadRequest => "http-400",
            Self::Forbidden => "http-403",
            Self::NotFound => "http-404",
            Self::MethodNotAllowed => "http-405",
            Self::Timeout => "http-408",
            Self::TooLarge => "http-413",
            Self::HeadTooLarge => "http-431",
            Self::NoRoom => "http-503",
        }
    }

    /// What helps whoever runs the server, beyond what TLS said.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::TlsVersion => {
                "; a client that knows only TLS 1.2 is let in where a setting allows it (exchange.tls12, off)"
            }
            Self::ListOver => {
                "; the certificate is not at fault: write and lay out a new list (cordon cert crl)"
            }
            _ => "",
        }
    }

    /// Why a handshake failed.
    pub(crate) fn of_handshake(error: &std::io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        inner.map_or(Self::NoTls, Self::of_tls)
    }

    pub(crate) fn of_tls(error: &rustls::Error) -> Self {
        use rustls::Error;
        match error {
            Error::InvalidCertificate(certificate) => Self::of_certificate(certificate),
            Error::NoCertificatesPresented => Self::CertificateMissing,
            Error::PeerIncompatible(_) => Self::TlsVersion,
            Error::AlertReceived(_) => Self::RefusedByPeer,
            Error::DecryptError => Self::CertificateForged,
            _ => Self::NoTls,
        }
    }

    fn of_certificate(error: &rustls::CertificateError) -> Self {
        use rustls::{CertificateError as Certificate, Error};
        match error {
            Certificate::Revoked => Self::CertificateRevoked,
            Certificate::Expired
            | Certificate::NotValidYet
            | Certificate::ExpiredContext { .. }
            | Certificate::NotValidYetContext { .. } => Self::CertificateTime,
            Certificate::UnknownIssuer => Self::CertificateForeign,
            Certificate::BadEncoding | Certificate::BadSignature => Self::CertificateForged,
            Certificate::UnknownRevocationStatus => Self::CertificateUnknown,
            Certificate::ExpiredRevocationList
            | Certificate::ExpiredRevocationListContext { .. } => Self::ListOver,
            // Wrapped for the sake of the alert.
            Certificate::Other(other) => match other.0.downcast_ref() {
                Some(Error::InvalidCertificate(cause)) => Self::of_certificate(cause),
                _ => Self::CertificateUnfit,
            },
            _ => Self::CertificateUnfit,
        }
    }

    /// Why a connection ended that hyper did not like; none when it is no fault of the peer.
    pub(crate) fn of_http(error: &hyper::Error) -> Option<Self> {
        if error.is_parse_too_large() {
            Some(Self::HeadTooLarge)
        } else if error.is_parse() {
            Some(Self::BadRequest)
        } else if error.is_timeout() {
            Some(Self::Timeout)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{CertificateError, Error, OtherError};

    use super::*;

    #[test]
    fn a_list_that_is_over_is_no_fault_of_the_certificate() {
        let cause = |error: CertificateError| Cause::of_tls(&Error::InvalidCertificate(error));
        let wrapped = |error: CertificateError| {
            let inner = Error::InvalidCertificate(error);
            cause(CertificateError::Other(OtherError(Arc::new(inner))))
        };
        let over = wrapped(CertificateError::ExpiredRevocationList);
        assert_eq!((over, over.as_str()), (Cause::ListOver, "crl-expired"));
        assert!(over.hint().contains("cordon cert crl"));
        let unknown = wrapped(CertificateError::UnknownRevocationStatus);
        assert_eq!(unknown, Cause::CertificateUnknown);
        let foreign = Arc::new(std::io::Error::other("words"));
        let foreign = cause(CertificateError::Other(OtherError(foreign)));
        assert_eq!(foreign, Cause::CertificateUnfit);
        assert_eq!(cause(CertificateError::Revoked), Cause::CertificateRevoked);
    }
}
