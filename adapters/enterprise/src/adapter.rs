//! The adapter as the hub sees it: opened, and then running.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use cordon_contract::{
    Adapter, BoxFuture, DISK_ANSWERS_IN, Definition, DeviceHealth, Fault, LISTENER_CONNECTIONS,
    Link, LinkState, Order, Outcome, OutcomeKind, Probe, Running, Target, aside_within,
};
use cordon_http::{Client, ClientOptions, Places, Server, ServerOptions, TlsSource};
use cordon_model::PartyId;

use crate::config::Config;
use crate::health::Health;
use crate::secret::Secret;
use crate::webhook::Hook;
use crate::{cursor, poll, push};

/// Ready TLS settings, made by the security room of the files the configuration names.
#[derive(Clone, Default)]
pub struct Tls {
    /// For the webhook.
    pub webhook: Option<TlsSource>,
    /// For polling.
    pub poll: Option<Arc<rustls::ClientConfig>>,
    /// For pushing.
    pub push: Option<Arc<rustls::ClientConfig>>,
}

/// One plant's own gate system, opened.
pub struct EnterpriseAdapter {
    config: Arc<Config>,
    tls: Tls,
    secret: Option<Secret>,
}

/// One plant's own gate system, started.
pub struct RunningEnterprise {
    config: Arc<Config>,
    webhook_tls: Option<TlsSource>,
    secret: Option<Secret>,
    health: Arc<Health>,
    polling: Client,
    pushing: Client,
    link: Link,
    bound: OnceLock<SocketAddr>,
}

impl EnterpriseAdapter {
    /// Makes an adapter after looking at its configuration and reading its secret and cursor.
    pub fn new(config: Config, tls: Tls) -> Result<Self, Vec<Fault>> {
        let mut faults = config.check();
        let wants = config
            .webhook
            .as_ref()
            .is_some_and(|webhook| webhook.tls.is_some());
        if wants && tls.webhook.is_none() {
            let place = format!("enterprise `{}`: webhook.tls", config.name);
            faults.push(
                Fault::new(
                    "K051",
                    "TLS files are named, but no TLS settings were made of them",
                )
                .at(place)
                .remedy("check that the files exist and hold certificates"),
            );
        }
        let secret = match config.secret_file.as_deref().map(Secret::read).transpose() {
            Ok(secret) => secret,
            Err(fault) => {
                faults.push(fault);
                None
            }
        };
        if let Some(poll) = &config.poll {
            let file = poll.cursor_file.clone();
            // A disk that does not answer holds up the polling, and no start.
            let read = aside_within(DISK_ANSWERS_IN, move || cursor::read(&file));
            faults.extend(read.and_then(Result::err));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            config: Arc::new(config),
            tls,
            secret,
        })
    }

    /// Ready to run.
    pub fn ready(&self, link: Link) -> RunningEnterprise {
        let client = |tls: &Option<Arc<rustls::ClientConfig>>| {
            Client::new(ClientOptions {
                tls: tls.clone(),
                ..ClientOptions::default()
            })
        };
        RunningEnterprise {
            health: Arc::new(Health::new(self.config.partner.clone())),
            polling: client(&self.tls.poll),
            pushing: client(&self.tls.push),
            config: Arc::clone(&self.config),
            webhook_tls: self.tls.webhook.clone(),
            secret: self.secret.clone(),
            link,
            bound: OnceLock::new(),
        }
    }
}

impl RunningEnterprise {
    /// Where the webhook listens, once it does; the real port when port 0 was asked for.
    pub fn webhook_address(&self) -> Option<SocketAddr> {
        self.bound.get().copied()
    }

    async fn serve(&self) -> Result<(), Fault> {
        tokio::try_join!(self.listen(), self.ask()).map(|_| ())
    }

    async fn listen(&self) -> Result<(), Fault> {
        let link = &self.link;
        let Some(webhook) = self.config.webhook.clone() else {
            link.shutdown.wait().await;
            return Ok(());
        };
        let options = ServerOptions {
            places: places(),
            body_max: webhook.body_bytes_max,
            ..ServerOptions::default()
        };
        let server = Server::bind(webhook.listen, self.webhook_tls.clone(), options).await;
        let server = server.map_err(|error| {
            Fault::new("A040", error.to_string())
                .at(format!("enterprise `{}`: webhook.listen", self.config.name))
                .remedy("choose a free address")
        })?;
        let _ = self.bound.set(server.address());
        let hook = Hook {
            config: Arc::clone(&self.config),
            webhook,
            secret: self.secret.clone(),
            intake: link.intake.clone(),
            clock: Arc::clone(&link.clock),
            health: Arc::clone(&self.health),
        };
        server.serve(Arc::new(hook), link.shutdown.clone()).await;
        Ok(())
    }

    async fn ask(&self) -> Result<(), Fault> {
        let Some(poll) = &self.config.poll else {
            self.link.shutdown.wait().await;
            return Ok(());
        };
        poll::run(
            &self.config,
            poll,
            self.secret.as_ref(),
            &self.polling,
            &self.health,
            &self.link,
        )
        .await
    }

    async fn deliver(&self, order: Order) -> Outcome {
        let known = order.target == Target::partner(self.config.partner.as_str());
        let Some(push) = self.config.push.as_ref().filter(|_| known) else {
            return Outcome::new(OutcomeKind::Refused, "nothing is pushed to this partner");
        };
        let clock = &*self.link.clock;
        let outcome = push::deliver(&order, push, self.secret.as_ref(), &self.pushing, clock).await;
        match outcome.kind {
            OutcomeKind::Confirmed => self.health.link(LinkState::Online, "", clock.now()),
            OutcomeKind::Failed => {
                self.health
                    .link(LinkState::Degraded, outcome.detail.clone(), clock.now());
            }
            _ => {}
        }
        outcome
    }

    async fn touch(&self) -> Probe {
        let device = self.config.partner.clone();
        let (url, client) = match (&self.config.poll, &self.config.push) {
            (Some(poll), _) => (poll.url.replace("{cursor}", ""), &self.polling),
            (None, Some(push)) => (push.url.clone(), &self.pushing),
            (None, None) => {
                return Probe {
                    device,
                    ok: true,
                    detail: "it calls us; nothing to touch".to_owned(),
                };
            }
        };
        // HEAD changes nothing; any answer at all shows that the system is there.
        let request = http::Request::head(&url).body(Bytes::new());
        let Ok(request) = request else {
            return Probe {
                device,
                ok: false,
                detail: format!("`{url}` is not an address"),
            };
        };
        match client.send_within(request, Duration::from_secs(10)).await {
            Ok(answer) => Probe {
                device,
                ok: true,
                detail: format!("answered {}", answer.status()),
            },
            Err(error) => Probe {
                device,
                ok: false,
                detail: error.to_string(),
            },
        }
    }
}

/// Who may have a connection of the webhook: all that the program counts on together.
fn places() -> Places {
    let (greeting, strangers) = (LISTENER_CONNECTIONS * 4 / 10, 1);
    let parties = LISTENER_CONNECTIONS - greeting - strangers;
    Places {
        greeting,
        parties,
        // An address is a party here, and no stranger's may shut the plant's out.
        of_party: parties / 2,
        kept: 0,
        strangers,
        ..Places::default()
    }
}

impl Adapter for EnterpriseAdapter {
    fn definition(&self) -> Definition {
        let partner = Target::partner(self.config.partner.as_str());
        Definition {
            name: self.config.name.clone(),
            protocol: "enterprise-http",
            targets: self.config.push.iter().map(|_| partner.clone()).collect(),
        }
    }

    fn speaks_for(&self) -> Option<PartyId> {
        PartyId::new(self.config.partner.as_str()).ok()
    }

    fn start(self: Arc<Self>, link: Link) -> Arc<dyn Running> {
        Arc::new(self.ready(link))
    }
}

impl Running for RunningEnterprise {
    fn run(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(self.serve())
    }

    fn execute(&self, order: Order) -> BoxFuture<'_, Outcome> {
        Box::pin(self.deliver(order))
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        Box::pin(async { vec![self.touch().await] })
    }

    fn health(&self) -> Vec<DeviceHealth> {
        vec![self.health.now()]
    }

    fn trouble(&self) -> Option<Fault> {
        self.health.trouble()
    }
}
