//! The console's connections: each has a place, must say what it wants in time, and gives way.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cordon_contract::{Seldom, Shutdown};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::places::{Doing, Full, Seat, Seats};

/// Limit on reading a request's head, and on waiting for the next request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Limit on reading a request's body.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);
/// Within this time a connection has looked whether its other end has closed.
const GONE_IS_SEEN: Duration = Duration::from_millis(5);
/// Largest body of a request; the page sends names and reasons.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// The act for which places are kept.
const EMERGENCY: &str = "/api/emergency-open";

/// Longest wait after the system refused a connection.
const PAUSE: Duration = Duration::from_millis(50);
/// Between two lines of the log that say so.
const TELL_AGAIN: Duration = Duration::from_secs(60);

/// Answers requests once there is a hub to ask; until then callers are told to come again.
pub(crate) type Answering = Arc<OnceLock<Router>>;

/// Serves connections until shutdown.
pub(crate) async fn run(
    listener: TcpListener,
    answering: Answering,
    seats: Arc<Seats>,
    shutdown: Shutdown,
) {
    let mut connections = JoinSet::new();
    let mut refused = Seldom::new(TELL_AGAIN);
    loop {
        let accepted = tokio::select! {
            () = shutdown.wait() => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                if let Some(times) = refused.again(Instant::now()) {
                    tracing::warn!(%error, times, "the console cannot accept a connection");
                }
                seats.make_room();
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let seat = loop {
            match seats.arrive() {
                Ok(seat) => break Some(seat),
                Err(Full::For(rest)) => tokio::time::sleep(rest).await,
                // Closed at once: waiting would look like a console that hangs.
                Err(Full::Acting) => break None,
            }
        };
        let Some(seat) = seat else { continue };
        // Whoever gave way holds its file until its task has ended: the next one waits for that.
        while connections.len() >= seats.most() {
            tokio::select! {
                () = shutdown.wait() => break,
                _ = connections.join_next() => {}
            }
        }
        let (answering, shutdown) = (Arc::clone(&answering), shutdown.clone());
        connections.spawn(serve(stream, answering, Arc::new(seat), shutdown));
    }
    while connections.join_next().await.is_some() {}
}

async fn serve(stream: TcpStream, answering: Answering, seat: Arc<Seat>, shutdown: Shutdown) {
    // Small answers should leave at once; failing to set it costs only latency.
    let _ = stream.set_nodelay(true);
    let place = Arc::clone(&seat);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (answering, seat) = (Arc::clone(&answering), Arc::clone(&seat));
        async move { Ok::<_, Infallible>(answer(request, &answering, seat).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = place.cut() => return,
        () = shutdown.wait() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection of the console ended early");
    }
}

/// Answers one request; the place knows how far it has come.
async fn answer(
    request: hyper::Request<Incoming>,
    answering: &Answering,
    seat: Arc<Seat>,
) -> Response {
    seat.turn_to(Doing::Asking);
    let answer = match whole(request).await {
        Ok(request) => {
            let acts = request.method() == Method::POST;
            let emergency = request.uri().path() == EMERGENCY;
            if acts {
                until_gone_is_seen().await;
            }
            let doing = match acts {
                true => Doing::Acting(emergency),
                false => Doing::Reading,
            };
            match (seat.turn_to(doing), answering.get()) {
                (false, _) => busy(),
                (true, None) => starting(),
                (true, Some(router)) => routed(router.clone(), request).await,
            }
        }
        Err(refused) => refused,
    };
    let media = answer.headers().get(header::CONTENT_TYPE);
    let streams = media.is_some_and(|media| media.as_bytes() == b"text/event-stream");
    seat.turn_to(match streams {
        true => Doing::Following,
        false => Doing::Reading,
    });
    answer.map(|body| Body::new(Leaving { body, seat }))
}

/// Lets the connection look whether its other end has closed meanwhile, which ends this request: an act whose asker gave
/// up, while the hub stood still, is not carried out when it goes on. What has begun is not broken off.
async fn until_gone_is_seen() {
    tokio::time::sleep(GONE_IS_SEEN).await;
}

/// The request with its body, which must come in time and be small.
async fn whole(request: hyper::Request<Incoming>) -> Result<Request, Response> {
    let (head, body) = request.into_parts();
    let read = tokio::time::timeout(BODY_TIMEOUT, to_bytes(Body::new(body), BODY_BYTES_MAX)).await;
    let close = [(header::CONNECTION, "close")];
    match read {
        Ok(Ok(bytes)) => Ok(Request::from_parts(head, Body::from(bytes))),
        Ok(Err(_)) => {
            let words = "the body is not complete, or longer than 64 KiB\n";
            Err((StatusCode::BAD_REQUEST, close, words).into_response())
        }
        Err(_) => {
            let words = "the body did not come within 5 s\n";
            Err((StatusCode::REQUEST_TIMEOUT, close, words).into_response())
        }
    }
}

async fn routed(router: Router, request: Request) -> Response {
    match TowerToHyperService::new(router).call(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}

fn busy() -> Response {
    let words =
        "too many acts are under way; only emergency openings and their releases are taken now\n";
    (StatusCode::SERVICE_UNAVAILABLE, words).into_response()
}

/// What is said before there is a hub: it reads its journal. A browser asks again by itself.
fn starting() -> Response {
    let again = [("retry-after", "1"), ("refresh", "1")];
    let words = "starting: the hub reads its journal\n";
    (StatusCode::SERVICE_UNAVAILABLE, again, words).into_response()
}

/// An answer on its way; when it has gone, its connection waits again.
struct Leaving {
    body: Body,
    seat: Arc<Seat>,
}

impl HttpBody for Leaving {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.seat.turn_to(Doing::Waiting);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::places::Places;

    async fn start(
        connections: usize,
        router: Option<Router>,
    ) -> (std::net::SocketAddr, impl Drop) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (trigger, shutdown) = Shutdown::pair();
        let answering = Answering::default();
        if let Some(router) = router {
            answering.set(router).unwrap();
        }
        let places = Places {
            connections,
            kept: 1,
        };
        tokio::spawn(run(listener, answering, Seats::new(places), shutdown));
        (address, End(Some(trigger)))
    }

    fn router() -> Option<Router> {
        Some(Router::new().route("/", axum::routing::get(|| async { "ok" })))
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
    async fn a_connection_that_says_nothing_is_closed_in_time() {
        let (address, _end) = start(1, router()).await;
        let mut silent = TcpStream::connect(address).await.unwrap();
        let mut rest = Vec::new();
        // Ends when the server closes it.
        let _ = silent.read_to_end(&mut rest).await;
        assert!(ask(address).await.starts_with("HTTP/1.1 200"));
    }

    /// With as many connections that say nothing, or half a head, as there are places, a person's
    /// was closed at once.
    #[tokio::test]
    async fn a_new_connection_always_gets_in_before_those_that_say_nothing() {
        let (address, _end) = start(2, router()).await;
        let mut flood = Vec::new();
        for _ in 0..8 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost:").await;
            flood.push(stream);
            assert!(ask(address).await.starts_with("HTTP/1.1 200"));
        }
    }

    /// The hub stood still for ten minutes, and then opened for one who had given up after fifteen seconds.
    #[tokio::test]
    async fn an_act_whose_asker_is_gone_is_not_begun() {
        let acted = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = Arc::clone(&acted);
        let act = move || async move {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        };
        let router = Router::new().route("/act", axum::routing::post(act));
        let router = router.route("/", axum::routing::get(|| async { "ok" }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let request = b"POST /act HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
        let mut waits = TcpStream::connect(address).await.unwrap();
        waits.write_all(request).await.unwrap();
        for _ in 0..5 {
            let mut gone = TcpStream::connect(address).await.unwrap();
            gone.write_all(request).await.unwrap();
            gone.shutdown().await.unwrap();
        }
        // It goes on now.
        let (trigger, shutdown) = Shutdown::pair();
        let _end = End(Some(trigger));
        let answering = Answering::default();
        answering.set(router).unwrap();
        let places = Places {
            connections: 10,
            kept: 1,
        };
        tokio::spawn(run(listener, answering, Seats::new(places), shutdown));
        let mut answer = [0; 12];
        waits.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        assert!(ask(address).await.starts_with("HTTP/1.1 200"));
        assert_eq!(acted.load(std::sync::atomic::Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn whoever_asks_before_there_is_a_hub_is_told_so() {
        let (address, _end) = start(2, None).await;
        let answer = ask(address).await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.contains("starting"), "{answer}");
    }
}
