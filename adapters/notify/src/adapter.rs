//! The adapter as the hub sees it: opened, and then running.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use cordon_contract::{
    Adapter, BoxFuture, Definition, DeviceHealth, Fault, Link, LinkState, Order, Outcome,
    OutcomeKind, Probe, Running, Seal,
};
use cordon_http::{Client, ClientOptions};
use cordon_model::{DeviceId, Timestamp};

use crate::command;
use crate::config::{Config, Mail, Webhook};
use crate::post::{Post, trouble_of};
use crate::secret::Secret;
use crate::session;
use crate::smtp::Server;

/// How long a probe waits for one receiver.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);

/// One set of receivers, opened.
pub struct NotifyAdapter {
    config: Config,
    seal: Arc<dyn Seal>,
    ways: BTreeMap<String, Way>,
}

/// One set of receivers, started.
struct RunningNotify {
    adapter: Arc<NotifyAdapter>,
    link: Link,
    health: Mutex<BTreeMap<String, DeviceHealth>>,
    /// The post of each receiver with a mailbox.
    posts: BTreeMap<String, Post>,
}

/// How a receiver is reached.
enum Way {
    Call(Box<Caller>),
    Mail(Box<Mail>, Arc<Server>),
    /// What is ordered is on the page's list already; there is nothing to send.
    Page,
}

/// A webhook with what it needs.
struct Caller {
    webhook: Webhook,
    client: Client,
    secret: Option<Secret>,
}

impl fmt::Debug for NotifyAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotifyAdapter")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl NotifyAdapter {
    /// Makes an adapter after looking at its configuration and reading its secrets. `tls` are the
    /// settings the security room made of [`Webhook::tls`], by receiver.
    ///
    /// # Errors
    /// Everything that is wrong (`K071`, `K072`).
    pub fn new(
        config: Config,
        seal: Arc<dyn Seal>,
        tls: &BTreeMap<String, Arc<rustls::ClientConfig>>,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = config.check();
        let mut ways = BTreeMap::new();
        for webhook in &config.webhooks {
            match call_way(webhook, tls.get(&webhook.receiver)) {
                Ok(way) => drop(ways.insert(webhook.receiver.clone(), way)),
                Err(fault) => faults.push(fault),
            }
        }
        for mail in &config.mails {
            match Server::new(mail) {
                Ok(server) => {
                    let way = Way::Mail(Box::new(mail.clone()), Arc::new(server));
                    ways.insert(mail.receiver.clone(), way);
                }
                Err(fault) => faults.push(fault),
            }
        }
        for console in &config.consoles {
            ways.insert(console.receiver.clone(), Way::Page);
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self { config, seal, ways })
    }

    /// How each receiver stands before anything was sent.
    fn at_rest(&self) -> BTreeMap<String, DeviceHealth> {
        let health = self.ways.iter().map(|(name, way)| {
            let mut health = untried(name, &self.config.name);
            if matches!(way, Way::Page) {
                health.state = LinkState::Online;
                health.reason = String::new();
            }
            (name.clone(), health)
        });
        health.collect()
    }
}

impl RunningNotify {
    async fn deliver(&self, order: Order) -> Outcome {
        let name = order.target.name();
        let name = name.split_once('/').map_or(name, |(receiver, _)| receiver);
        let name = name.to_owned();
        let (Some(way), "receiver") = (self.adapter.ways.get(&name), order.target.kind()) else {
            return Outcome::new(OutcomeKind::Refused, format!("no receiver `{name}` here"));
        };
        let (clock, steady) = self.link.clock.times();
        let left_ms = order.deadline.ms_since(steady);
        if left_ms <= 0 {
            return Outcome::new(
                OutcomeKind::Expired,
                "the deadline passed before it was sent",
            );
        }
        let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or_default());
        let limit = |timeout_s: u32| left.min(Duration::from_secs(u64::from(timeout_s)));
        let outcome = match way {
            Way::Page => Outcome::new(OutcomeKind::Confirmed, "the console's page shows it"),
            Way::Mail(mail, _) => match self.posts.get(&name) {
                Some(post) => post.send(&order, limit(mail.timeout_s)).await,
                None => Outcome::new(OutcomeKind::Refused, "no post of this receiver"),
            },
            Way::Call(caller) => {
                let url = &caller.webhook.url;
                let request = self.adapter.seal.seal(&order.message).and_then(|sealed| {
                    let micros = clock.micros();
                    command::request(&order, sealed, url, caller.secret.as_ref(), micros)
                });
                match request {
                    Ok(request) => {
                        let patience = limit(caller.webhook.timeout_s);
                        session::call(&caller.client, request, patience).await
                    }
                    Err(fault) => Outcome::new(OutcomeKind::Refused, fault.to_string()),
                }
            }
        };
        // How the receiver stands says what is sent to all of it.
        if order.target.name() == name {
            self.saw(&name, &outcome);
        }
        outcome
    }

    fn saw(&self, name: &str, outcome: &Outcome) {
        let now = self.link.clock.now();
        let mut all = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(health) = all.get_mut(name) else {
            return;
        };
        let confirmed = outcome.kind == OutcomeKind::Confirmed;
        let state = match outcome.kind {
            OutcomeKind::Confirmed | OutcomeKind::Accepted => LinkState::Online,
            OutcomeKind::Failed | OutcomeKind::Expired => LinkState::Offline,
            OutcomeKind::Refused => LinkState::Degraded,
        };
        if health.state != state {
            health.since = now;
        }
        health.state = state;
        health.reason = match confirmed {
            true => String::new(),
            false => outcome.detail.clone(),
        };
        health.readings += u64::from(confirmed);
        health.dropped += u64::from(!confirmed);
    }

    async fn touch(&self, name: &str, way: &Way) -> Probe {
        let found = match way {
            Way::Page => Ok("the console's page".to_owned()),
            Way::Mail(_, server) => server
                .greets(PROBE_PATIENCE)
                .await
                .map(|()| "the mail server greets".to_owned()),
            // HEAD changes nothing; any answer at all shows that somebody is there.
            Way::Call(caller) => {
                match http::Request::head(&caller.webhook.url).body(Bytes::new()) {
                    Ok(request) => caller
                        .client
                        .send_within(request, PROBE_PATIENCE)
                        .await
                        .map(|answer| format!("answered {}", answer.status()))
                        .map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                }
            }
        };
        Probe {
            device: device(name, &self.adapter.config.name),
            ok: found.is_ok(),
            detail: found.unwrap_or_else(|detail| detail),
        }
    }
}

fn call_way(webhook: &Webhook, tls: Option<&Arc<rustls::ClientConfig>>) -> Result<Way, Fault> {
    if webhook.tls.is_some() && tls.is_none() {
        return Err(Fault::new(
            "K071",
            "TLS files are named, but no TLS settings were made of them",
        )
        .at(format!("webhook `{}`: tls", webhook.receiver))
        .remedy("check that the files exist and hold certificates"));
    }
    let secret = webhook
        .secret_file
        .as_deref()
        .map(Secret::read)
        .transpose()?;
    let client = Client::new(ClientOptions {
        tls: tls.cloned(),
        body_max: 64 * 1024,
        ..ClientOptions::default()
    });
    Ok(Way::Call(Box::new(Caller {
        webhook: webhook.clone(),
        client,
        secret,
    })))
}

/// A receiver as the health list names it; the instance stands in for a name that is no id.
fn device(receiver: &str, instance: &DeviceId) -> DeviceId {
    DeviceId::new(receiver).unwrap_or_else(|_| instance.clone())
}

fn untried(receiver: &str, instance: &DeviceId) -> DeviceHealth {
    DeviceHealth {
        device: device(receiver, instance),
        state: LinkState::Starting,
        reason: "nothing was sent yet".to_owned(),
        since: Timestamp::from_micros(0),
        readings: 0,
        dropped: 0,
        clock_offset_ms: None,
    }
}

impl Adapter for NotifyAdapter {
    fn definition(&self) -> Definition {
        Definition {
            name: self.config.name.to_string(),
            protocol: "notify",
            targets: self.config.targets().collect(),
        }
    }

    fn start(self: Arc<Self>, link: Link) -> Arc<dyn Running> {
        let posts = self.ways.iter().filter_map(|(name, way)| {
            let Way::Mail(mail, server) = way else {
                return None;
            };
            let (mail, clock) = (mail.as_ref().clone(), Arc::clone(&link.clock));
            let post = Post::new(mail, Arc::clone(server), clock);
            Some((name.clone(), post))
        });
        Arc::new(RunningNotify {
            health: Mutex::new(self.at_rest()),
            posts: posts.collect(),
            adapter: self,
            link,
        })
    }
}

impl Running for RunningNotify {
    fn run(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async {
            self.link.shutdown.wait().await;
            Ok(())
        })
    }

    fn execute(&self, order: Order) -> BoxFuture<'_, Outcome> {
        Box::pin(self.deliver(order))
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        Box::pin(async {
            let mut probes = Vec::with_capacity(self.adapter.ways.len());
            for (name, way) in &self.adapter.ways {
                probes.push(self.touch(name, way).await);
            }
            probes
        })
    }

    fn health(&self) -> Vec<DeviceHealth> {
        let all = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let each = all.iter().map(|(name, health)| {
            let mut health = health.clone();
            let post = self
                .posts
                .get(name)
                .filter(|_| health.state == LinkState::Online);
            if let Some((state, reason)) = post.and_then(|post| post.standing()) {
                (health.state, health.reason) = (state, reason);
            }
            health
        });
        each.collect()
    }

    fn trouble(&self) -> Option<Fault> {
        trouble_of(self.posts.values())
    }
}
