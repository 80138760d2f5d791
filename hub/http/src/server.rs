//! The server: an accept loop with mutual TLS, bounded connections, bounded bodies, bounded waits.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use cordon_contract::Shutdown;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::HttpFault;

/// A TLS configuration that can be replaced while the server runs (new certificate, new CRL).
pub type TlsSource = Arc<ArcSwap<rustls::ServerConfig>>;

/// A request with its whole body and what TLS knows of the peer.
#[derive(Debug)]
pub struct Request {
    /// Method, address, headers and body.
    pub http: http::Request<Bytes>,
    /// Where it came from.
    pub peer: SocketAddr,
    /// The peer's certificate chain, leaf first; empty without TLS or without a client certificate.
    pub certificates: Arc<[CertificateDer<'static>]>,
}

/// An answer with its whole body.
pub type Response = http::Response<Bytes>;

/// Answers requests. Shared by all connections.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>>;
}

/// Limits of a server. Reaching one is a stated behaviour, never growth.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Connections served at once; further ones wait in the kernel's queue.
    pub connections_max: usize,
    /// Bytes of a request body; a larger one is answered 413.
    pub body_max: usize,
    /// Limit on the TLS handshake and on reading a request's head.
    pub head_timeout: Duration,
    /// Limit on reading a request's body.
    pub body_timeout: Duration,
    /// How long open exchanges may go on after shutdown.
    pub drain: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            connections_max: 1_000,
            body_max: 8 * 1024 * 1024,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(5),
        }
    }
}

/// A bound server; nothing is served until [`Server::serve`].
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsSource>,
    options: ServerOptions,
}

impl Server {
    /// Takes the listening address. With `tls` set, plain connections fail in the handshake.
    pub async fn bind(
        address: SocketAddr,
        tls: Option<TlsSource>,
        options: ServerOptions,
    ) -> Result<Self, HttpFault> {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| HttpFault::Bind(address, source))?;
        let address = listener
            .local_addr()
            .map_err(|source| HttpFault::Bind(address, source))?;
        Ok(Self {
            listener,
            address,
            tls,
            options,
        })
    }

    /// The address it listens on; the real port when port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until shutdown, then lets open exchanges finish within the drain time.
    pub async fn serve(self, handler: Arc<dyn Handler>, shutdown: Shutdown) {
        let permits = Arc::new(Semaphore::new(self.options.connections_max));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = shutdown.wait() => break,
                accepted = accept(&self.listener, &permits) => accepted,
            };
            while connections.try_join_next().is_some() {}
            let Some((stream, peer, permit)) = accepted else {
                continue;
            };
            let connection = Connection {
                peer,
                handler: Arc::clone(&handler),
                options: self.options.clone(),
                shutdown: shutdown.clone(),
            };
            let tls = self.tls.as_ref().map(|source| source.load_full());
            connections.spawn(async move {
                connection.run(stream, tls).await;
                drop(permit);
            });
        }
        let drained = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(self.options.drain, drained)
            .await
            .is_err()
        {
            tracing::warn!(address = %self.address, "open exchanges cut at the end of the drain time");
        }
    }
}

type Slot = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

/// Waits for a free place, then for a peer. A failed accept (too many open files) waits a moment
/// instead of spinning.
async fn accept(listener: &TcpListener, permits: &Arc<Semaphore>) -> Option<Slot> {
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, permit)),
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// One connection's life.
struct Connection {
    peer: SocketAddr,
    handler: Arc<dyn Handler>,
    options: ServerOptions,
    shutdown: Shutdown,
}

impl Connection {
    async fn run(self, stream: TcpStream, tls: Option<Arc<rustls::ServerConfig>>) {
        // Small answers should leave at once; failing to set it costs only latency.
        let _ = stream.set_nodelay(true);
        let Some(config) = tls else {
            return self.exchange(stream, Arc::from([])).await;
        };
        let handshake = tokio_rustls::TlsAcceptor::from(config).accept(stream);
        match tokio::time::timeout(self.options.head_timeout, handshake).await {
            Ok(Ok(stream)) => {
                let (_, session) = stream.get_ref();
                let certificates: Arc<[_]> = session
                    .peer_certificates()
                    .unwrap_or_default()
                    .iter()
                    .map(|certificate| certificate.clone().into_owned())
                    .collect();
                self.exchange(stream, certificates).await;
            }
            Ok(Err(error)) => tracing::info!(peer = %self.peer, %error, "TLS handshake refused"),
            Err(_) => tracing::info!(peer = %self.peer, "TLS handshake timed out"),
        }
    }

    async fn exchange<S>(self, stream: S, certificates: Arc<[CertificateDer<'static>]>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self {
            peer,
            handler,
            options,
            shutdown,
        } = self;
        let head_timeout = options.head_timeout;
        let service = service_fn(move |request: http::Request<Incoming>| {
            let handler = Arc::clone(&handler);
            let certificates = Arc::clone(&certificates);
            let options = options.clone();
            async move {
                let answer = match whole(request, &options).await {
                    Ok(http) => {
                        handler
                            .handle(Request {
                                http,
                                peer,
                                certificates,
                            })
                            .await
                    }
                    Err(refusal) => refusal,
                };
                Ok::<_, Infallible>(answer.map(Full::new))
            }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head_timeout)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let result = tokio::select! {
            result = connection.as_mut() => result,
            () = shutdown.wait() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%peer, %error, "connection ended early");
        }
    }
}

/// Reads the whole body within its limits, or says which one was reached.
async fn whole(
    request: http::Request<Incoming>,
    options: &ServerOptions,
) -> Result<http::Request<Bytes>, Response> {
    let (head, body) = request.into_parts();
    let collected = Limited::new(body, options.body_max).collect();
    match tokio::time::timeout(options.body_timeout, collected).await {
        Ok(Ok(body)) => Ok(http::Request::from_parts(head, body.to_bytes())),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(plain(
            http::StatusCode::PAYLOAD_TOO_LARGE,
            format!("body larger than {} bytes\n", options.body_max),
        )),
        Ok(Err(_)) => Err(plain(
            http::StatusCode::BAD_REQUEST,
            "body broke off\n".to_owned(),
        )),
        Err(_) => Err(plain(
            http::StatusCode::REQUEST_TIMEOUT,
            "body came too slowly\n".to_owned(),
        )),
    }
}

fn plain(status: http::StatusCode, text: String) -> Response {
    let mut answer = Response::new(Bytes::from(text));
    *answer.status_mut() = status;
    answer.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    answer.headers_mut().insert(
        http::header::CONNECTION,
        http::HeaderValue::from_static("close"),
    );
    answer
}
