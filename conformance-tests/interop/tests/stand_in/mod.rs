//! Somebody else's server, for a program that calls it: a handler of the test behind a port of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use cordon_contract::{Shutdown, ShutdownTrigger};
use cordon_http::{Handler, Server, ServerOptions};

/// A running server; it ends when dropped.
pub struct StandIn {
    address: SocketAddr,
    _stop: ShutdownTrigger,
    _runtime: tokio::runtime::Runtime,
}

impl StandIn {
    /// Serves `handler` in plain HTTP on a free port of loopback.
    pub fn start(handler: Arc<dyn Handler>) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = runtime.block_on(Server::bind(any, None, ServerOptions::default()));
        let server = server.unwrap();
        let address = server.address();
        let (stop, shutdown) = Shutdown::pair();
        runtime.spawn(server.serve(handler, shutdown));
        Self {
            address,
            _stop: stop,
            _runtime: runtime,
        }
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}
