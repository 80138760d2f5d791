//! What can go wrong on the way to a peer and back.

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
    let mut behind = error.source();
    while let Some(error) = behind {
        let more = error.to_string();
        // Some layers repeat what lies below them.
        if !words.contains(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        behind = error.source();
    }
    words
}
