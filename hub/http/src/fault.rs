//! What can go wrong on the way to a peer and back.

use crate::attempt::Cause;

/// A failed exchange, before any meaning was looked at.
#[derive(Debug, thiserror::Error)]
pub enum HttpFault {
    /// No address, no route, refused, or the TLS handshake failed.
    #[error("cannot connect to {authority}: {}", said(source.as_ref()))]
    Connect {
        /// Host and port of the peer.
        authority: String,
        /// What the transport said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The exchange took longer than allowed; the peer may or may not have acted.
    #[error("no answer from {authority} within {timeout_ms} ms")]
    Timeout {
        /// Host and port of the peer.
        authority: String,
        /// The limit that was reached.
        timeout_ms: u64,
    },
    /// The connection broke after it was made; the peer may or may not have acted.
    #[error("connection to {authority} broke: {}", said(source.as_ref()))]
    Broken {
        /// Host and port of the peer.
        authority: String,
        /// What the transport said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The body is larger than the stated limit.
    #[error("body larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit that was reached.
        limit_bytes: usize,
    },
    /// The address cannot be used.
    #[error("address `{0}` is not usable: {1}")]
    Address(String, String),
    /// The listening address cannot be taken.
    #[error("cannot listen on {0}: {1}")]
    Bind(std::net::SocketAddr, std::io::Error),
}

/// An error with all that lies behind it: the transport says "connect" and TLS, below, which name,
/// authority or time was wrong.
fn said(error: &(dyn std::error::Error + Send + Sync + 'static)) -> String {
    let mut words = error.to_string();
    let mut hint = advice(error);
    let mut behind = error.source();
    while let Some(error) = behind {
        let more = error.to_string();
        // Some layers repeat what lies below them.
        if !words.contains(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        hint = hint.or_else(|| advice(error));
        behind = error.source();
    }
    words + hint.unwrap_or_default()
}

/// What an alert of the other side means, where its one word says too little.
fn advice(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    let of_io = || {
        let error: &std::io::Error = error.downcast_ref()?;
        error.get_ref()?.downcast_ref()
    };
    let error = error.downcast_ref().or_else(of_io)?;
    match error {
        rustls::Error::InvalidCertificate(_) if Cause::of_tls(error) == Cause::ListOver => Some(
            ": our own list of revoked certificates is over, so nobody's certificate can be checked; get a \
             new one",
        ),
        rustls::Error::AlertReceived(rustls::AlertDescription::CertificateUnknown) => Some(
            ": the other side cannot tell whether our certificate is revoked, mostly because its list of \
             revoked certificates is over; our certificate need not be at fault, so ask whoever runs the \
             other side",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_that_says_too_little_is_explained() {
        let words = |tls: rustls::Error| said(&std::io::Error::other(tls));
        let alert = |of| words(rustls::Error::AlertReceived(of));
        let unknown = alert(rustls::AlertDescription::CertificateUnknown);
        assert!(unknown.contains("certificates is over"), "{unknown}");
        let revoked = alert(rustls::AlertDescription::CertificateRevoked);
        assert!(!revoked.contains("is over"), "{revoked}");
        let own = rustls::CertificateError::ExpiredRevocationList;
        let own = words(rustls::Error::InvalidCertificate(own));
        assert!(own.contains("our own list"), "{own}");
    }
}
