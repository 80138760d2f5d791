//! What can go wrong in a broker.

use std::net::SocketAddr;

/// A broker that cannot start, or a connection that had to end.
#[derive(Debug, thiserror::Error)]
pub enum BrokerFault {
    /// Only loopback addresses are served.
    #[error("{0} is not a loopback address; this broker is for demos and tests")]
    NotLoopback(SocketAddr),
    /// The address cannot be taken.
    #[error("cannot listen on {0}: {1}")]
    Bind(SocketAddr, std::io::Error),
    /// The peer broke the protocol.
    #[error("protocol: {0}")]
    Protocol(&'static str),
    /// The peer sent a packet larger than the limit.
    #[error("a packet of {0} bytes")]
    TooLarge(usize),
    /// The connection broke.
    #[error("connection: {0}")]
    Io(#[from] std::io::Error),
    /// Nothing came within one and a half keep-alive times.
    #[error("silent for longer than its keep-alive")]
    Silent,
    /// Another connection took the session over.
    #[error("taken over by a newer connection")]
    TakenOver,
    /// The client may not come in.
    #[error("refused: {0}")]
    Refused(&'static str),
}
