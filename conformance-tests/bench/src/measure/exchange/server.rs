//! An exchange port over a running hub, and connections to it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use cordon_contract::{BoxFuture, Fault, Shutdown, ShutdownTrigger, SystemClock};
use cordon_flow::RunningHub;
use cordon_http::{Budget, Client, ClientOptions, Server, ServerOptions};
use cordon_journal::{Reader, Record};
use cordon_model::service::{QueryGrants, ReportEntry};
use cordon_model::{AccessGrant, MessageId, PartyId, Receipt};
use cordon_security::tls::{self, ClientAuth, Expect, Versions};
use cordon_security::wsse::VerifiedEnvelope;
use cordon_security::{Identity, Role, TrustStore};
use cordon_services::{Core, Exchange, Originals, Parts, Questions, Refused, Remains, Verifier};
use http::header::CONTENT_TYPE;
use tokio::task::JoinHandle;

use crate::Outcome;
use crate::park::{Park, Partner};

/// Bytes on their way at once, as in a park.
const BYTES_IN_FLIGHT: usize = 64 * 1024 * 1024;

/// A served port.
pub struct Served {
    /// Whom both sides trust.
    pub trust: Arc<TrustStore>,
    url: String,
    address: SocketAddr,
    tls: Arc<rustls::ClientConfig>,
    trigger: ShutdownTrigger,
    server: JoinHandle<()>,
}

/// A connection to the port.
pub struct Link {
    client: Client,
    url: String,
}

impl Served {
    /// Serves `hub`, whose journal has this name, on a free port of the loopback address.
    pub async fn start(park: &Park, journal: &str, hub: Arc<RunningHub>) -> Outcome<Self> {
        let trust = Arc::clone(&park.trust);
        let config = tls::server_config(
            park.hub.tls()?,
            Arc::clone(&trust),
            ClientAuth::Required,
            Versions::Tls13,
        )?;
        let server = Server::bind(
            (Ipv4Addr::LOCALHOST, 0).into(),
            Some(Arc::new(ArcSwap::new(config))),
            ServerOptions::default(),
        )
        .await?;
        let address = server.address();
        let base_url = format!("https://{address}");
        let parts = Parts {
            reader: Reader::open(park.folder().join(journal))?,
            core: Arc::new(Behind(hub)),
            trust: Arc::clone(&trust),
            signer: Arc::clone(&park.hub.signer),
            refusals: Arc::default(),
            budget: Budget::new(BYTES_IN_FLIGHT),
            questions: Questions::default(),
            verifier: Verifier::start(crate::machine::cores())?,
            policy: park.policy()?,
            clock: Arc::new(SystemClock),
            base_url: base_url.clone(),
            public_wsdl: false,
        };
        let (trigger, shutdown) = Shutdown::pair();
        let server = tokio::spawn(server.serve(Arc::new(Exchange::new(Arc::new(parts))), shutdown));
        Ok(Self {
            tls: client_tls(&trust, &park.p256)?,
            trust,
            url: format!("{base_url}/soap/enterprise"),
            address,
            trigger,
            server,
        })
    }

    /// Opens a connection by asking for the service description.
    pub async fn connect(&self) -> Outcome<Link> {
        let link = self.over(Arc::clone(&self.tls));
        let request = http::Request::get(format!("{}?wsdl", self.url)).body(Bytes::new())?;
        let status = link.client.send(request).await?.status();
        if status != http::StatusCode::OK {
            return Err(format!("no service description: HTTP {status}").into());
        }
        Ok(link)
    }

    /// A connection of another partner, opened when it first sends.
    pub fn link(&self, partner: &Partner) -> Outcome<Link> {
        Ok(self.over(client_tls(&self.trust, partner)?))
    }

    fn over(&self, tls: Arc<rustls::ClientConfig>) -> Link {
        Link {
            client: Client::new(ClientOptions {
                tls: Some(tls),
                timeout: Duration::from_secs(60),
                ..ClientOptions::default()
            }),
            url: self.url.clone(),
        }
    }

    /// Where the port is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the server and lets the hub go.
    pub async fn stop(self) {
        self.trigger.pull();
        // A server that panicked has nothing left to stop.
        let _ = self.server.await;
    }
}

fn client_tls(trust: &Arc<TrustStore>, partner: &Partner) -> Outcome<Arc<rustls::ClientConfig>> {
    let expect = Expect::Roles(vec![Role::Hub]);
    Ok(tls::client_config(
        Arc::clone(trust),
        Some(partner.tls()?),
        expect,
    )?)
}

impl Link {
    /// Sends a signed submission and reads the whole answer.
    pub async fn send(&self, letter: Bytes) -> Outcome<Bytes> {
        let request = http::Request::post(&self.url)
            .header(CONTENT_TYPE, "application/soap+xml; charset=utf-8")
            .body(letter)?;
        let answer = self.client.send(request).await?;
        Ok(answer.into_body())
    }
}

/// The hub behind the port. Only submissions are measured; what nobody asks for here is answered
/// as by a hub that has nothing.
struct Behind(Arc<RunningHub>);

/// The originals of a hub that has none.
struct Nothing;

impl Originals for Nothing {
    fn of(&mut self, _: &Record) -> Result<Option<Bytes>, Fault> {
        Ok(None)
    }

    fn bytes(&self) -> usize {
        0
    }
}

impl Core for Behind {
    fn known(&self, caller: &Identity) -> Result<(), Fault> {
        self.0.submit().known(caller)
    }

    fn originals(&self) -> Box<dyn Originals> {
        Box::new(Nothing)
    }

    fn submit(
        &self,
        call: VerifiedEnvelope,
    ) -> BoxFuture<'_, Result<Vec<Result<Receipt, Refused>>, Refused>> {
        Box::pin(async move {
            let submit = self.0.submit();
            let results = submit
                .submit(call)
                .await
                .map_err(|refused| (refused.fault, refused.number))?;
            Ok(results
                .into_iter()
                .map(|result| match result {
                    Ok(data) => Ok(data.receipt(submit.park())),
                    Err(refused) => Err((refused.fault, refused.number)),
                })
                .collect())
        })
    }

    fn refuse<'a>(
        &'a self,
        remains: Remains,
        caller: &'a Identity,
        fault: &'a Fault,
    ) -> BoxFuture<'a, Option<u64>> {
        Box::pin(async move {
            let submit = self.0.submit();
            let Remains {
                digest,
                kept,
                is_cut,
            } = remains;
            let sender = Some(caller.id.clone());
            let refused = submit.refuse_remains(fault.clone(), sender, (digest, kept, is_cut));
            refused.await.number
        })
    }

    fn receipt<'a>(
        &'a self,
        _: &'a PartyId,
        _: &'a MessageId,
    ) -> BoxFuture<'a, Result<Option<Receipt>, Fault>> {
        Box::pin(async { Ok(None) })
    }

    fn grants<'a>(
        &'a self,
        _: &'a PartyId,
        _: &'a QueryGrants,
        _: usize,
    ) -> BoxFuture<'a, Result<(Vec<AccessGrant>, bool), Fault>> {
        Box::pin(async { Ok((Vec::new(), false)) })
    }

    fn wait_beyond(&self, _: u64, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn durable(&self) -> cordon_journal::Position {
        self.0.durable()
    }

    fn pulled<'a>(&'a self, _: &'a PartyId, _: &'a str, _: u32) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn reports(&self) -> Result<Vec<ReportEntry>, Fault> {
        Ok(Vec::new())
    }

    fn report(&self, _: &str, _: u32) -> Result<Vec<u8>, Fault> {
        Err(Fault::new("S012", "there is no such report"))
    }
}
