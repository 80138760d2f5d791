//! What a broker is started with. Every bound is stated here.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Settings of a broker.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens; must be a loopback address. Port 0 takes a free one.
    pub address: SocketAddr,
    /// TLS; `None` for plain TCP.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// User names and passwords; empty lets everyone in.
    pub users: BTreeMap<String, String>,
    /// Clients connected at once; further ones are refused with "server busy".
    pub clients_max: usize,
    /// Sessions kept, connected or not; further clients are refused.
    pub sessions_max: usize,
    /// Bytes of one packet; a larger one ends the connection.
    pub packet_max: usize,
    /// Messages waiting for one session; further ones are dropped and counted.
    pub queue_max: usize,
    /// Retained topics; further ones are delivered but not kept.
    pub retained_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            tls: None,
            users: BTreeMap::new(),
            clients_max: 1_000,
            sessions_max: 1_000,
            packet_max: 1024 * 1024,
            queue_max: 100_000,
            retained_max: 10_000,
        }
    }
}

impl Settings {
    /// Reads users from the text of a password file: one `name:password` a line, `#` begins a
    /// comment. Lines of another form are skipped.
    #[must_use]
    pub fn with_password_lines(mut self, text: &str) -> Self {
        let lines = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once(':'));
        self.users = pairs
            .map(|(name, word)| (name.to_owned(), word.to_owned()))
            .collect();
        self
    }
}
