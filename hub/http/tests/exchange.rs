//! Client and server against each other: limits, time-outs, shutdown.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cordon_contract::Shutdown;
use cordon_http::{
    Client, ClientOptions, Handler, HttpFault, Request, Response, Server, ServerOptions,
};

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
