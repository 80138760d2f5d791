//! The adapter as the hub sees it: opened, and then running.

use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{
    Adapter, BoxFuture, Definition, DeviceHealth, Fault, Link, LinkState, Order, Outcome,
    OutcomeKind, Probe, Running, Target,
};
use rumqttc::{AsyncClient, Event, Packet};

use crate::config::Config;
use crate::health::{Health, shown};
use crate::output::Output;
use crate::{options, report, session};

/// How long a probe waits for the broker.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);

/// One broker with its subscriptions and receivers, opened.
#[derive(Debug)]
pub struct MqttAdapter {
    config: Config,
    tls: Option<Arc<rustls::ClientConfig>>,
}

impl MqttAdapter {
    /// Makes an adapter after looking at its configuration. `tls` are the settings the security
    /// room made of [`Config::tls`]; `None` speaks plain TCP.
    pub fn new(config: Config, tls: Option<Arc<rustls::ClientConfig>>) -> Result<Self, Vec<Fault>> {
        let mut faults = config.check();
        if config.tls.is_some() && tls.is_none() {
            let place = format!("mqtt `{}`: tls", config.name);
            faults.push(
                Fault::new(
                    "K031",
                    "TLS files are named, but no TLS settings were made of them",
                )
                .at(place)
                .remedy("check that the files exist and hold certificates"),
            );
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self { config, tls })
    }
}

/// One broker, started.
struct RunningMqtt {
    config: Config,
    tls: Option<Arc<rustls::ClientConfig>>,
    health: Health,
    output: Output,
    link: Link,
}

impl RunningMqtt {
    async fn serve(&self) -> Result<(), Fault> {
        let link = &self.link;
        let intake = async {
            if self.config.subscription.is_empty() {
                link.shutdown.wait().await;
                return Ok(());
            }
            session::run(&self.config, self.tls.as_ref(), &self.health, link).await
        };
        let output = async {
            if self.config.receiver.is_empty() {
                link.shutdown.wait().await;
                return Ok(());
            }
            // Where nothing is subscribed, the connection for orders is the link.
            let health = self.config.subscription.is_empty().then_some(&self.health);
            self.output
                .run(&self.config, self.tls.as_ref(), health, link)
                .await
        };
        let told = async {
            report::run(&self.health, link, report::LOOK).await;
            Ok(())
        };
        tokio::try_join!(intake, output, told).map(|_| ())
    }

    async fn publish(&self, order: Order) -> Outcome {
        let name = order.target.name();
        let receiver = self
            .config
            .receiver
            .iter()
            .find(|receiver| receiver.name == name);
        let (Some(receiver), "receiver") = (receiver, order.target.kind()) else {
            let detail = format!("no receiver `{name}` here");
            return Outcome::new(OutcomeKind::Refused, detail);
        };
        let now = self.link.clock.steady();
        if now >= order.deadline {
            return Outcome::new(
                OutcomeKind::Expired,
                "the deadline passed before it was sent",
            );
        }
        let left =
            Duration::from_millis(u64::try_from(order.deadline.ms_since(now)).unwrap_or_default());
        let patience = Duration::from_secs(u64::from(receiver.timeout_s));
        match crate::command::notice(&order, receiver, now.micros()) {
            Ok(notice) => self.output.publish(name, notice, (patience, left)).await,
            Err(fault) => Outcome::new(OutcomeKind::Refused, fault.to_string()),
        }
    }

    async fn try_broker(&self) -> Probe {
        let device = self.config.gateway.clone();
        let found = |ok: bool, detail: String| Probe {
            device: device.clone(),
            ok,
            detail,
        };
        let mut options = match options::output(&self.config, self.tls.as_ref()) {
            Ok(options) => options,
            Err(fault) => return found(false, fault.to_string()),
        };
        options.set_client_id(format!("{}-probe", self.config.client_id));
        let (client, mut eventloop) = AsyncClient::builder(options).capacity(4).build();
        let answered = tokio::time::timeout(PROBE_PATIENCE, async {
            loop {
                match eventloop.poll().await {
                    Ok(Event::Incoming(Packet::ConnAck(connack))) => return Ok(connack),
                    Ok(_) => {}
                    Err(error) => return Err(error.to_string()),
                }
            }
        });
        match answered.await {
            Ok(Ok(_)) => {
                if client.try_disconnect_now().is_ok() {
                    let goodbye = async { while eventloop.poll().await.is_ok() {} };
                    let _ = tokio::time::timeout(Duration::from_secs(1), goodbye).await;
                }
                found(
                    true,
                    format!("{}:{} lets us in", self.config.host, self.config.port),
                )
            }
            Ok(Err(error)) => found(false, error),
            Err(_) => found(false, "no answer within 10 s".to_owned()),
        }
    }
}

impl Adapter for MqttAdapter {
    fn definition(&self) -> Definition {
        let receivers = self.config.receiver.iter();
        Definition {
            name: self.config.name.clone(),
            protocol: "mqtt",
            targets: receivers
                .map(|receiver| Target::receiver(&receiver.name))
                .collect(),
        }
    }

    fn start(self: Arc<Self>, link: Link) -> Arc<dyn Running> {
        Arc::new(RunningMqtt {
            health: Health::new(&self.config),
            config: self.config.clone(),
            tls: self.tls.clone(),
            output: Output::default(),
            link,
        })
    }
}

impl Running for RunningMqtt {
    fn run(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(self.serve())
    }

    fn execute(&self, order: Order) -> BoxFuture<'_, Outcome> {
        Box::pin(self.publish(order))
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        Box::pin(async { vec![self.try_broker().await] })
    }

    fn health(&self) -> Vec<DeviceHealth> {
        let (now, steady) = self.link.clock.times();
        self.health.tick(steady);
        let mut all = self.health.all();
        for known in &mut all {
            known.since = shown(known.since, (now, steady));
        }
        // The link itself comes first.
        if let (Some(link), Some(words)) = (all.first_mut(), self.output.unheard())
            && link.state == LinkState::Online
        {
            (link.state, link.reason) = (LinkState::Degraded, words);
        }
        all
    }

    fn trouble(&self) -> Option<Fault> {
        let words = self.output.unheard()?;
        let remedy = "look at the broker, and at its access list; orders are sent again until their deadlines, \
                      refused ones when you do it";
        let place = format!("mqtt `{}`", self.config.name);
        Some(Fault::new("A032", words).at(place).remedy(remedy))
    }
}
