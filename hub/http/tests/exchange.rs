//! Client and server against each other: limits, time-outs, shutdown.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cordon_contract::Shutdown;
use cordon_http::{
    Attempt, Client, ClientOptions, Handler, HttpFault, Places, Request, Response, Server,
    ServerOptions,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Echoes the body; hangs on `/hang`.
struct Echo;

impl Handler for Echo {
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>> {
        Box::pin(async move {
            if request.http.uri().path() == "/hang" {
                std::future::pending::<()>().await;
            }
            Response::new(request.http.into_body())
        })
    }
}

async fn start(
    options: ServerOptions,
) -> (
    String,
    cordon_contract::ShutdownTrigger,
    tokio::task::JoinHandle<()>,
) {
    let (trigger, shutdown) = Shutdown::pair();
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), None, options)
        .await
        .unwrap();
    let base = format!("http://{}", server.address());
    (
        base,
        trigger,
        tokio::spawn(server.serve(Arc::new(Echo), shutdown)),
    )
}

fn post(uri: String, body: &'static [u8]) -> http::Request<Bytes> {
    http::Request::post(uri)
        .body(Bytes::from_static(body))
        .unwrap()
}

#[tokio::test]
async fn body_comes_back_and_shutdown_ends_the_server() {
    let (base, trigger, served) = start(ServerOptions::default()).await;
    let client = Client::new(ClientOptions::default());
    let answer = client
        .send(post(format!("{base}/"), b"hello"))
        .await
        .unwrap();
    assert_eq!(answer.body().as_ref(), b"hello");
    trigger.pull();
    tokio::time::timeout(Duration::from_secs(10), served)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn oversized_body_is_refused_by_the_server_and_by_the_client() {
    let (base, _trigger, _served) = start(ServerOptions {
        body_max: 4,
        ..ServerOptions::default()
    })
    .await;
    let client = Client::new(ClientOptions::default());
    let answer = client
        .send(post(format!("{base}/"), b"hello"))
        .await
        .unwrap();
    assert_eq!(answer.status(), http::StatusCode::PAYLOAD_TOO_LARGE);

    let (base, _trigger, _served) = start(ServerOptions::default()).await;
    let narrow = Client::new(ClientOptions {
        body_max: 4,
        ..ClientOptions::default()
    });
    let fault = narrow
        .send(post(format!("{base}/"), b"hello"))
        .await
        .unwrap_err();
    assert!(
        matches!(fault, HttpFault::TooLarge { limit_bytes: 4 }),
        "{fault}"
    );
}

/// Whoever answered 200 with a long page was called again until the deadline.
#[tokio::test]
async fn where_the_status_is_the_answer_it_counts_whatever_becomes_of_the_body() {
    let (base, _trigger, _served) = start(ServerOptions::default()).await;
    let client = Client::new(ClientOptions {
        body_max: 4,
        ..ClientOptions::default()
    });
    let patience = Duration::from_secs(20);
    for (said, read) in [(b"four".as_slice(), "four"), (b"fives", "five"), (b"", "")] {
        let call = post(format!("{base}/"), said);
        let answer = client.status_within(call, patience).await.unwrap();
        assert_eq!(
            (answer.status(), answer.body().as_ref()),
            (http::StatusCode::OK, read.as_bytes())
        );
    }
    let call = post(format!("{base}/hang"), b"");
    let fault = client.status_within(call, Duration::from_millis(50)).await;
    assert!(matches!(fault, Err(HttpFault::Timeout { .. })), "{fault:?}");
    // It breaks off, or never ends.
    for is_left_open in [false, true] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut call = [0; 1_024];
            assert!(stream.read(&mut call).await.unwrap() > 0);
            let head = b"HTTP/1.1 202 Accepted\r\ncontent-length: 9\r\n\r\nyes";
            stream.write_all(head).await.unwrap();
            if is_left_open {
                std::future::pending::<()>().await;
            }
        });
        let patience = if is_left_open {
            Duration::from_secs(1)
        } else {
            patience
        };
        let answer = client.status_within(post(base, b""), patience).await;
        let answer = answer.unwrap();
        assert_eq!(
            (answer.status(), answer.body().as_ref()),
            (http::StatusCode::ACCEPTED, b"yes".as_slice())
        );
        serving.abort();
    }
}

#[tokio::test]
async fn silence_is_a_time_out_and_a_closed_port_cannot_connect() {
    let (base, _trigger, _served) = start(ServerOptions::default()).await;
    let client = Client::new(ClientOptions {
        timeout: Duration::from_millis(200),
        ..ClientOptions::default()
    });
    let fault = client
        .send(post(format!("{base}/hang"), b""))
        .await
        .unwrap_err();
    assert!(matches!(fault, HttpFault::Timeout { .. }), "{fault}");

    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let fault = client
        .send(post(format!("http://{free}/"), b""))
        .await
        .unwrap_err();
    assert!(matches!(fault, HttpFault::Connect { .. }), "{fault}");
}

/// Counts, at each connection that is turned away, how many the server holds.
struct Counting {
    port: u16,
    turned_away: AtomicUsize,
    most: AtomicUsize,
}

impl Counting {
    /// Accepted connections of the port, as the kernel knows them: one that waits in its queue has no inode yet.
    fn held(&self) -> usize {
        let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
        let port = format!(":{:04X}", self.port);
        let rows = table.lines().map(|row| row.split_whitespace().collect());
        let held = rows.filter_map(|row: Vec<&str>| {
            let is_listener = row.get(3) == Some(&"0A");
            let is_ours = row.get(1)?.ends_with(&port) && !is_listener;
            row.get(9).copied().filter(|inode| is_ours && *inode != "0")
        });
        // The kernel may show a row twice while others come and go.
        held.collect::<BTreeSet<_>>().len()
    }
}

impl Handler for Counting {
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>> {
        Echo.handle(request)
    }

    fn attempt(&self, _: Attempt) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
        self.most.fetch_max(self.held(), Ordering::Relaxed);
    }
}

/// Those that gave way held their files until their tasks came to run: of a crowd that came at once all were open.
#[tokio::test]
async fn as_many_connections_are_open_as_there_are_places() {
    const CROWD: usize = 60;
    let places = Places {
        greeting: 2,
        strangers: 1,
        parties: 3,
        of_party: 2,
        kept: 1,
        ..Places::default()
    };
    let options = ServerOptions {
        places,
        ..ServerOptions::default()
    };
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), None, options);
    let server = server.await.unwrap();
    let address = server.address();
    let counting = Arc::new(Counting {
        port: address.port(),
        turned_away: AtomicUsize::default(),
        most: AtomicUsize::default(),
    });
    // They stand in the kernel's queue before the server looks.
    let crowd = (0..CROWD).map(|_| std::net::TcpStream::connect(address).unwrap());
    let crowd: Vec<std::net::TcpStream> = crowd.collect();
    let (_trigger, shutdown) = Shutdown::pair();
    tokio::spawn(server.serve(Arc::clone(&counting) as Arc<dyn Handler>, shutdown));
    let client = Client::new(ClientOptions::default());
    let answer = client.send(post(format!("http://{address}/"), b"hello"));
    assert_eq!(answer.await.unwrap().body().as_ref(), b"hello");
    assert!(counting.turned_away.load(Ordering::Relaxed) > 0);
    let most = counting.most.load(Ordering::Relaxed);
    assert!((1..=7).contains(&most), "{most} open of six places");
    drop(crowd);
}
