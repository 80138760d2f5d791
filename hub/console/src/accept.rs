//! The console's connections: bounded in number, and each must say what it wants in time.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use cordon_contract::Shutdown;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Limit on reading a request's head, and on waiting for the next request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest wait after the system refused a connection.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves connections until shutdown, at most so many at once; one more is closed at once, because
/// waiting in the kernel's queue would look like a console that hangs.
pub(crate) async fn run(
    listener: TcpListener,
    router: Router,
    connections_max: usize,
    shutdown: Shutdown,
) {
    let places = Arc::new(Semaphore::new(connections_max.max(1)));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.wait() => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "the console cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!(
                connections_max,
                "the console has no place for another connection"
            );
            continue;
        };
        let (router, shutdown) = (router.clone(), shutdown.clone());
        connections.spawn(async move {
            serve(stream, router, shutdown).await;
            drop(place);
        });
    }
    while connections.join_next().await.is_some() {}
}

async fn serve(stream: TcpStream, router: Router, shutdown: Shutdown) {
    // Small answers should leave at once; failing to set it costs only latency.
    let _ = stream.set_nodelay(true);
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.wait() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection of the console ended early");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn start(connections_max: usize) -> (std::net::SocketAddr, impl Drop) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (trigger, shutdown) = Shutdown::pair();
        let router = Router::new().route("/", axum::routing::get(|| async { "ok" }));
        tokio::spawn(run(listener, router, connections_max, shutdown));
        (address, End(Some(trigger)))
    }

    /// Ends the server with the test.
    struct End(Option<cordon_contract::ShutdownTrigger>);

    impl Drop for End {
        fn drop(&mut self) {
            if let Some(trigger) = self.0.take() {
                trigger.pull();
            }
        }
    }

    async fn ask(address: std::net::SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let mut answer = String::new();
        // A connection without a place is closed before anything is read.
        let _ = stream.write_all(request).await;
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    #[tokio::test]
    async fn a_connection_that_says_nothing_is_closed_and_its_place_is_free_again() {
        let (address, _end) = start(1).await;
        let mut silent = TcpStream::connect(address).await.unwrap();
        let mut rest = Vec::new();
        // Ends when the server closes it.
        let _ = silent.read_to_end(&mut rest).await;
        assert!(ask(address).await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn one_connection_more_than_there_are_places_is_closed_at_once() {
        let (address, _end) = start(1).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        first
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        first.read_exact(&mut [0; 8]).await.unwrap();
        assert_eq!(ask(address).await, "");
    }
}
