//! The client: one request, one whole answer, within a time and a size.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::HttpFault;

/// Settings of a client.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// TLS settings; `None` refuses `https` addresses.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// Limit on connecting, TLS handshake not included.
    pub connect_timeout: Duration,
    /// Limit on the whole exchange, from first byte out to last byte in.
    pub timeout: Duration,
    /// Limit on the answer's body in bytes.
    pub body_max: usize,
    /// How long an unused connection is kept; zero closes after each exchange.
    pub idle: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            tls: None,
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            body_max: 16 * 1024 * 1024,
            idle: Duration::from_secs(30),
        }
    }
}

/// An HTTP/1.1 client with a connection pool. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    inner: hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
    body_max: usize,
}

impl Client {
    /// Makes a client.
    pub fn new(options: ClientOptions) -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(options.connect_timeout));
        let mut tls = options
            .tls
            .map_or_else(no_trust, |config| (*config).clone());
        // The connector announces the protocol itself and refuses a configuration that does.
        tls.alpn_protocols.clear();
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let mut builder = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(options.idle)
            .retry_canceled_requests(false);
        if options.idle.is_zero() {
            builder.pool_max_idle_per_host(0);
        }
        Self {
            inner: builder.build(connector),
            timeout: options.timeout,
            body_max: options.body_max,
        }
    }

    /// Sends one request and reads the whole answer. Statuses are the caller's business. A request
    /// is never repeated by itself: after [`HttpFault::Timeout`] or [`HttpFault::Broken`] the peer
    /// may have acted.
    pub async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpFault> {
        self.send_within(request, self.timeout).await
    }

    /// As [`Client::send`] with a time limit of its own (long polls).
    pub async fn send_within(
        &self,
        request: http::Request<Bytes>,
        limit: Duration,
    ) -> Result<http::Response<Bytes>, HttpFault> {
        let authority = authority_of(&request);
        match tokio::time::timeout(limit, self.exchange(request, &authority)).await {
            Ok(answer) => answer,
            Err(_) => Err(late(authority, limit)),
        }
    }

    /// As [`Client::send_within`] where the status is the answer: it counts however long the body is, and whether that
    /// comes whole or not. Of the body as much is given as came within the limits; the connection ends with the rest.
    pub async fn status_within(
        &self,
        request: http::Request<Bytes>,
        limit: Duration,
    ) -> Result<http::Response<Bytes>, HttpFault> {
        let authority = authority_of(&request);
        let until = tokio::time::Instant::now() + limit;
        let head = tokio::time::timeout_at(until, self.head(request, &authority)).await;
        let Ok(answer) = head else {
            return Err(late(authority, limit));
        };
        let (head, body) = answer?.into_parts();
        let mut read = Vec::new();
        let reading = read_beginning(body, self.body_max, &mut read);
        let _ = tokio::time::timeout_at(until, reading).await;
        Ok(http::Response::from_parts(head, Bytes::from(read)))
    }

    /// As [`Client::send_within`] where what came of a body counts although the rest of it did not: the answer as far
    /// as it came within the size, and why no more of it. What is too large is taken to its end all the same, up to
    /// 32 times the size and while there is time, so that whoever sent it counts it as sent.
    ///
    /// # Errors
    /// No answer came at all.
    pub async fn part_within(
        &self,
        request: http::Request<Bytes>,
        limit: Duration,
    ) -> Result<(http::Response<Bytes>, Option<HttpFault>), HttpFault> {
        let authority = authority_of(&request);
        let until = tokio::time::Instant::now() + limit;
        let head = tokio::time::timeout_at(until, self.head(request, &authority)).await;
        let Ok(answer) = head else {
            return Err(late(authority, limit));
        };
        let (head, mut body) = answer?.into_parts();
        let mut read = Vec::new();
        let reading = read_part(&mut body, self.body_max, &mut read);
        let fault = match tokio::time::timeout_at(until, reading).await {
            Ok(Ok(true)) => None,
            Ok(Ok(false)) => {
                let most = self.body_max.saturating_mul(DRAINED);
                let _ = tokio::time::timeout_at(until, drain(body, most)).await;
                Some(HttpFault::TooLarge {
                    limit_bytes: self.body_max,
                })
            }
            Ok(Err(source)) => Some(HttpFault::Broken {
                authority,
                source: Box::new(source),
            }),
            Err(_) => Some(late(authority, limit)),
        };
        Ok((http::Response::from_parts(head, Bytes::from(read)), fault))
    }

    /// The head of an answer; its body is still to be read.
    async fn head(
        &self,
        request: http::Request<Bytes>,
        authority: &str,
    ) -> Result<http::Response<Incoming>, HttpFault> {
        self.inner
            .request(request.map(Full::new))
            .await
            .map_err(|error| {
                let authority = authority.to_owned();
                if error.is_connect() {
                    HttpFault::Connect {
                        authority,
                        source: Box::new(error),
                    }
                } else {
                    HttpFault::Broken {
                        authority,
                        source: Box::new(error),
                    }
                }
            })
    }

    async fn exchange(
        &self,
        request: http::Request<Bytes>,
        authority: &str,
    ) -> Result<http::Response<Bytes>, HttpFault> {
        let answer = self.head(request, authority).await?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, self.body_max)
            .collect()
            .await
            .map_err(|source| {
                if source.is::<http_body_util::LengthLimitError>() {
                    HttpFault::TooLarge {
                        limit_bytes: self.body_max,
                    }
                } else {
                    HttpFault::Broken {
                        authority: authority.to_owned(),
                        source,
                    }
                }
            })?;
        Ok(http::Response::from_parts(head, body.to_bytes()))
    }
}

fn authority_of(request: &http::Request<Bytes>) -> String {
    let authority = request.uri().authority();
    authority.map(ToString::to_string).unwrap_or_default()
}

fn late(authority: String, limit: Duration) -> HttpFault {
    HttpFault::Timeout {
        authority,
        timeout_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
    }
}

/// How many times the size of a body that is too large is still taken, and thrown away.
const DRAINED: usize = 32;

/// Reads a body up to `most` bytes; whether that is all of it.
async fn read_part(
    body: &mut Incoming,
    most: usize,
    read: &mut Vec<u8>,
) -> Result<bool, hyper::Error> {
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        let left = most.saturating_sub(read.len());
        read.extend(data.iter().take(left));
        if data.len() > left {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes the rest of a body, up to `most` bytes.
async fn drain(mut body: Incoming, most: usize) {
    let mut taken = 0_usize;
    while let Some(Ok(frame)) = body.frame().await {
        taken = taken.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if taken > most {
            return;
        }
    }
}

/// What a body begins with, up to `most` bytes, for as long as it comes.
async fn read_beginning(mut body: Incoming, most: usize, read: &mut Vec<u8>) {
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let left = most.saturating_sub(read.len());
        read.extend(data.iter().take(left));
        if data.len() > left {
            return;
        }
    }
}

/// A TLS configuration that trusts nobody, so that `https` without settings fails in the handshake
/// instead of quietly trusting the machine's store.
fn no_trust() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::DEFAULT_VERSIONS)
        .unwrap_or_else(|_| unreachable!("the default provider supports the default versions"))
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}
