//! The server: an accept loop with mutual TLS, bounded connections, bounded bodies, bounded waits.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;
use cordon_contract::{Seldom, Shutdown};
use http::{HeaderValue, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::server::TlsStream;

use crate::HttpFault;
use crate::attempt::{Attempt, Cause};
use crate::budget::{Budget, Room};
use crate::places::{Guest, Places, Seat, Seats, Standing};
use crate::stall::Stall;

/// Memory that is set aside for a body before any of it came.
const FIRST_BYTES: usize = 64 * 1024;

/// Between two lines of the log that no connection can be accepted.
const TELL_AGAIN: Duration = Duration::from_secs(60);

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
    /// Whom the connection belongs to.
    pub guest: Guest,
    /// The room that the body takes in the server's budget.
    pub room: Option<Room>,
}

/// An answer with its whole body.
pub type Response = http::Response<Bytes>;

/// Answers requests. Shared by all connections.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>>;

    /// Whom a connection with these certificates belongs to; none when addresses are all that tells
    /// peers apart here, and each is known.
    fn guest(&self, certificates: &[CertificateDer<'static>]) -> Option<Guest> {
        let _ = certificates;
        None
    }

    /// Looks at a request's head before its body is read.
    ///
    /// # Errors
    /// The answer of a request that is turned away; its connection ends with it.
    fn admit(&self, head: &http::request::Parts, guest: &Guest) -> Result<(), (Cause, Response)> {
        let _ = (head, guest);
        Ok(())
    }

    /// Is told of every attempt that came to nothing.
    fn attempt(&self, attempt: Attempt) {
        tracing::info!(peer = %attempt.peer, cause = attempt.cause.as_str(), "{}", attempt.detail);
    }
}

/// Limits of a server. Reaching one is a stated behaviour, never growth.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Who may have a connection. Every one is accepted at once, so that nobody waits in the kernel's
    /// queue behind those who only connect.
    pub places: Places,
    /// Bytes of all bodies together, shared with whoever makes answers; none counts nothing.
    pub budget: Option<Arc<Budget>>,
    /// Bytes of a request body; a larger one is answered 413.
    pub body_max: usize,
    /// Limit on the TLS handshake.
    pub greeting_timeout: Duration,
    /// Limit on reading a request's head, and on waiting for the next request.
    pub head_timeout: Duration,
    /// Limit on reading a request's body, and on waiting for room for it.
    pub body_timeout: Duration,
    /// Limit on the peer's taking nothing of an answer.
    pub stall_timeout: Duration,
    /// How long open exchanges may go on after shutdown.
    pub drain: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            places: Places::default(),
            budget: None,
            body_max: 8 * 1024 * 1024,
            greeting_timeout: Duration::from_secs(5),
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(20),
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
        let seats = Seats::new(self.options.places);
        let mut connections = JoinSet::new();
        let mut refused = Seldom::new(TELL_AGAIN);
        loop {
            let accepted = tokio::select! {
                () = shutdown.wait() => break,
                accepted = self.listener.accept() => accepted,
            };
            while connections.try_join_next().is_some() {}
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of open files: the journal has its own; here somebody gives way.
                    if let Some(times) = refused.again(Instant::now()) {
                        tracing::warn!(%error, times, address = %self.address, "cannot accept a connection");
                    }
                    seats.make_room();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let seat = seats.arrive(peer.ip());
            // Whoever gave way holds its file until its task has ended: the next one waits for that.
            while connections.len() >= self.options.places.all() {
                tokio::select! {
                    () = shutdown.wait() => break,
                    _ = connections.join_next() => {}
                }
            }
            let connection = Connection {
                peer,
                seat,
                handler: Arc::clone(&handler),
                options: self.options.clone(),
                shutdown: shutdown.clone(),
            };
            let tls = self.tls.as_ref().map(|source| source.load_full());
            connections.spawn(connection.run(stream, tls));
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

/// Why a handshake came to nothing.
enum Unwelcome {
    /// Its address has too many of them.
    TooOften,
    /// It broke off.
    Tls(std::io::Error),
}

impl From<std::io::Error> for Unwelcome {
    fn from(error: std::io::Error) -> Self {
        Self::Tls(error)
    }
}

/// A wait of nothing gives up no turn of the thread.
async fn rest(wait: Duration) {
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
}

/// One connection's life.
struct Connection {
    peer: SocketAddr,
    seat: Seat,
    handler: Arc<dyn Handler>,
    options: ServerOptions,
    shutdown: Shutdown,
}

impl Connection {
    async fn run(self, stream: TcpStream, tls: Option<Arc<rustls::ServerConfig>>) {
        // Small answers should leave at once; failing to set it costs only latency.
        let _ = stream.set_nodelay(true);
        let Some(config) = tls else {
            let guest = self.guest(&[]);
            let stream = Stall::new(stream, self.options.stall_timeout);
            if self.is_seated(&guest) {
                self.exchange(stream, Arc::from([]), guest).await;
            }
            return;
        };
        let limited = tokio::time::timeout(
            self.options.greeting_timeout,
            self.handshake(stream, config),
        );
        let greeted = tokio::select! {
            greeted = limited => greeted,
            () = self.seat.cut() => {
                return self.tell(Cause::HandshakeTimeout, "its place was needed");
            }
        };
        match greeted {
            Ok(Ok(stream)) => self.welcome(stream).await,
            Ok(Err(Unwelcome::TooOften)) => {
                self.tell(Cause::TooOften, "of this address");
            }
            Ok(Err(Unwelcome::Tls(error))) => {
                let cause = Cause::of_handshake(&error);
                self.tell(cause, format_args!("{error}{}", cause.hint()));
            }
            Err(_) => self.tell(Cause::HandshakeTimeout, "no TLS handshake in time"),
        }
    }

    /// The TLS handshake, in its address's turn. Whoever only connects takes no turn, so a crowd that
    /// says nothing keeps nobody waiting.
    async fn handshake(
        &self,
        stream: TcpStream,
        config: Arc<rustls::ServerConfig>,
    ) -> Result<TlsStream<Stall<TcpStream>>, Unwelcome> {
        if stream.peek(&mut [0]).await? == 0 {
            return Err(Unwelcome::Tls(std::io::ErrorKind::UnexpectedEof.into()));
        }
        let patience = self.options.greeting_timeout;
        let wait = self.seat.turn(patience).ok_or(Unwelcome::TooOften)?;
        rest(wait).await;
        let stream = Stall::new(stream, self.options.stall_timeout);
        let acceptor = tokio_rustls::TlsAcceptor::from(config);
        Ok(acceptor.accept(stream).await?)
    }

    /// Goes on with a connection that has greeted, in its party's turn.
    async fn welcome(self, stream: TlsStream<Stall<TcpStream>>) {
        let (_, session) = stream.get_ref();
        let certificates: Arc<[_]> = session
            .peer_certificates()
            .unwrap_or_default()
            .iter()
            .map(|certificate| certificate.clone().into_owned())
            .collect();
        let guest = self.guest(&certificates);
        // It waits in a place of its party's, not among those who are still greeting.
        if !self.is_seated(&guest) {
            return;
        }
        let Some(wait) = self.seat.turn_of(&guest, self.options.head_timeout) else {
            return self.tell(Cause::TooOften, &guest.name);
        };
        tokio::select! {
            () = rest(wait) => self.exchange(stream, certificates, guest).await,
            () = self.seat.cut() => {}
        }
    }

    fn is_seated(&self, guest: &Guest) -> bool {
        let has_place = self.seat.settle(guest);
        if !has_place {
            self.tell(Cause::TooMany, &guest.name);
        }
        has_place
    }

    fn guest(&self, certificates: &[CertificateDer<'static>]) -> Guest {
        self.handler.guest(certificates).unwrap_or_else(|| Guest {
            name: self.peer.ip().to_string().into(),
            standing: Standing::Known,
        })
    }

    fn tell(&self, cause: Cause, detail: impl std::fmt::Display) {
        self.handler.attempt(Attempt {
            peer: self.peer,
            cause,
            detail: detail.to_string(),
        });
    }

    async fn exchange<S>(
        self,
        stream: S,
        certificates: Arc<[CertificateDer<'static>]>,
        guest: Guest,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let head_timeout = self.options.head_timeout;
        let connection = Arc::new(self);
        let serving = Arc::clone(&connection);
        let served = Arc::new(AtomicBool::new(false));
        let has_served = Arc::clone(&served);
        let service = service_fn(move |request: http::Request<Incoming>| {
            let (connection, guest) = (Arc::clone(&serving), guest.clone());
            let certificates = Arc::clone(&certificates);
            has_served.store(true, Ordering::Relaxed);
            async move {
                connection.seat.busy(true);
                let answer = connection.answer(request, guest, certificates).await;
                connection.seat.busy(false);
                Ok::<_, Infallible>(answer.map(Full::new))
            }
        });
        let exchange = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head_timeout)
            .serve_connection(TokioIo::new(stream), service);
        let mut exchange = std::pin::pin!(exchange);
        let result = tokio::select! {
            result = exchange.as_mut() => result,
            () = connection.seat.cut() => return,
            () = connection.shutdown.wait() => {
                exchange.as_mut().graceful_shutdown();
                exchange.await
            }
        };
        if let Err(error) = result {
            // Waiting for a next request that does not come is no fault.
            let is_idle = error.is_timeout() && served.load(Ordering::Relaxed);
            match Cause::of_http(&error).filter(|_| !is_idle) {
                Some(cause) => connection.tell(cause, &error),
                None => tracing::debug!(peer = %connection.peer, %error, "connection ended early"),
            }
        }
    }

    /// Answers one request: its head first, then its body, then what it asks.
    async fn answer(
        &self,
        request: http::Request<Incoming>,
        guest: Guest,
        certificates: Arc<[CertificateDer<'static>]>,
    ) -> Response {
        let (head, body) = request.into_parts();
        let turned_away = |(cause, answer): (Cause, Response)| {
            self.tell(cause, format_args!("{} {}", head.method, head.uri.path()));
            closing(answer)
        };
        if let Err(refusal) = self.handler.admit(&head, &guest) {
            return turned_away(refusal);
        }
        match self.whole(&head, body, &guest).await {
            Ok((body, room)) => {
                let request = Request {
                    http: http::Request::from_parts(head, body),
                    peer: self.peer,
                    certificates,
                    guest,
                    room,
                };
                self.handler.handle(request).await
            }
            Err(refusal) => turned_away(refusal),
        }
    }

    /// Reads the whole body within its limits, or says which one was reached.
    async fn whole(
        &self,
        head: &http::request::Parts,
        mut body: Incoming,
        guest: &Guest,
    ) -> Result<(Bytes, Option<Room>), (Cause, Response)> {
        let options = &self.options;
        if body.is_end_stream() {
            return Ok((Bytes::new(), None));
        }
        let too_large = || {
            let text = format!("body larger than {} bytes\n", options.body_max);
            refusal(Cause::TooLarge, StatusCode::PAYLOAD_TOO_LARGE, text)
        };
        // A body that does not say how long it is may become as long as any.
        let announced = match head.headers.get(http::header::CONTENT_LENGTH) {
            Some(_) => usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX),
            None => options.body_max,
        };
        if announced > options.body_max {
            return Err(too_large());
        }
        let room = self.room(announced, guest).await?;
        let reading = async {
            let mut whole = Vec::with_capacity(announced.min(FIRST_BYTES));
            while let Some(frame) = body.frame().await {
                let Ok(frame) = frame else {
                    let text = "body broke off\n".to_owned();
                    return Err(refusal(Cause::BadRequest, StatusCode::BAD_REQUEST, text));
                };
                let data = frame.into_data().unwrap_or_default();
                if whole.len() + data.len() > options.body_max {
                    return Err(too_large());
                }
                // Exactly what was announced, once more of it came than a stranger's word is worth.
                if whole.capacity() < whole.len() + data.len() {
                    let missing = announced.saturating_sub(whole.len()).max(data.len());
                    match head.headers.contains_key(http::header::CONTENT_LENGTH) {
                        true => whole.reserve_exact(missing),
                        false => whole.reserve(data.len()),
                    }
                }
                whole.extend_from_slice(&data);
            }
            Ok(Bytes::from(whole))
        };
        let read = tokio::time::timeout(options.body_timeout, reading).await;
        let body = read.unwrap_or_else(|_| {
            let text = "body came too slowly\n".to_owned();
            Err(refusal(Cause::Timeout, StatusCode::REQUEST_TIMEOUT, text))
        })?;
        Ok((body, room))
    }

    /// Room for a body in the budget, where there is one.
    async fn room(&self, bytes: usize, guest: &Guest) -> Result<Option<Room>, (Cause, Response)> {
        let Some(budget) = &self.options.budget else {
            return Ok(None);
        };
        let is_kept = guest.standing == Standing::Kept;
        let patience = self.options.body_timeout;
        match budget.take(&guest.name, bytes, is_kept, patience).await {
            Some(room) => Ok(Some(room)),
            None => {
                let text = "too much is on its way; send the same again in a few seconds\n";
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Err(refusal(Cause::NoRoom, status, text.to_owned()))
            }
        }
    }
}

fn refusal(cause: Cause, status: StatusCode, text: String) -> (Cause, Response) {
    let mut answer = Response::new(Bytes::from(text));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(http::header::CONTENT_TYPE, plain);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(http::header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    (cause, answer)
}

/// The connection ends with this answer, because what follows on it is an unread body.
fn closing(mut answer: Response) -> Response {
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(http::header::CONNECTION, close);
    answer
}
