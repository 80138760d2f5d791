//! A small HTTP/1.1 server and client for the simulators.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Largest body either way, in bytes.
const BODY_MAX: usize = 64 * 1024 * 1024;

/// A request with its whole body.
#[derive(Debug)]
pub struct Call {
    /// Path and query.
    pub target: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Call {
    /// A header's text, empty when it is missing.
    pub fn header(&self, name: &str) -> String {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    }

    /// The value of a query parameter, percent-decoding left out; empty when it is missing.
    pub fn query(&self, name: &str) -> String {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
            .next()
            .unwrap_or_default()
    }
}

/// Serves on loopback; `port` 0 takes a free one. `None` from the handler closes the connection
/// without an answer.
pub async fn serve<H, F>(port: u16, handler: H) -> std::io::Result<(SocketAddr, JoinHandle<()>)>
where
    H: Fn(Call) -> F + Send + Sync + 'static,
    F: Future<Output = Option<(StatusCode, String)>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    let handler = Arc::new(handler);
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let handler = Arc::clone(&handler);
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(Arc::clone(&handler), request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "simulated partner: connection ended early");
                }
            });
        }
    });
    Ok((address, task))
}

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("hung up on purpose")]
struct HungUp;

async fn answer<H, F>(
    handler: Arc<H>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, HungUp>
where
    H: Fn(Call) -> F,
    F: Future<Output = Option<(StatusCode, String)>>,
{
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_MAX).collect().await else {
        return Err(HungUp);
    };
    let target = head
        .uri
        .path_and_query()
        .map_or_else(String::new, ToString::to_string);
    let call = Call {
        target,
        headers: head.headers,
        body: body.to_bytes(),
    };
    let (status, text) = handler(call).await.ok_or(HungUp)?;
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    answer
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, json);
    Ok(answer)
}

/// A client without TLS.
pub type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// Makes a client.
pub fn client() -> HttpClient {
    Client::builder(TokioExecutor::new()).build_http()
}

/// Posts and reads the whole answer; `None` when there was none.
pub async fn post(
    client: &HttpClient,
    url: &str,
    headers: &[(&str, String)],
    body: Bytes,
) -> Option<(StatusCode, Bytes)> {
    let mut request = Request::post(url).header(http::header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let answer: Result<Response<Incoming>, _> =
        client.request(request.body(Full::new(body)).ok()?).await;
    let (head, body) = answer.ok()?.into_parts();
    let body: Result<_, Infallible> = Ok(Limited::new(body, BODY_MAX)
        .collect()
        .await
        .ok()?
        .to_bytes());
    body.ok().map(|body| (head.status, body))
}
