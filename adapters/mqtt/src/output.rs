//! The connection over which orders for receivers are published.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cordon_contract::{Fault, Link, LinkState, Outcome, OutcomeKind};
use rumqttc::{
    AsyncClient, Event, EventLoop, Packet, PublishNoticeError, PublishOptions, PublishProperties,
};

use crate::back_off::BackOff;
use crate::command::Notice;
use crate::config::Config;
use crate::health::Health;
use crate::options;

/// Orders that may wait for the connection; the outbox holds the others.
const ORDERS_MAX: usize = 64;

/// The second client. Nothing of it outlives a connection: what was not confirmed is reported and
/// tried again by the outbox, never by the network library.
#[derive(Debug, Default)]
pub struct Output {
    client: Mutex<Option<AsyncClient>>,
}

impl Output {
    /// Keeps a connection until shutdown. `health` is told of it where it is the only one.
    pub async fn run(
        &self,
        config: &Config,
        tls: Option<&Arc<rustls::ClientConfig>>,
        health: Option<&Health>,
        link: &Link,
    ) -> Result<(), Fault> {
        let mut back_off = BackOff::default();
        while !link.shutdown.is_triggered() {
            let options = options::output(config, tls)?;
            let (client, mut eventloop) =
                AsyncClient::builder(options).capacity(ORDERS_MAX).build();
            let told = |state, reason: String| {
                if let Some(health) = health {
                    health.link(state, reason, link.clock.now());
                }
            };
            let mut held = Duration::ZERO;
            tokio::select! {
                () = link.shutdown.wait() => {}
                lived = self.connection(&client, &mut eventloop, config, told) => held = lived,
            }
            self.set(None);
            if link.shutdown.is_triggered() {
                if client.try_disconnect_now().is_ok() {
                    let rest = async { while eventloop.poll().await.is_ok() {} };
                    let _ = tokio::time::timeout(Duration::from_secs(1), rest).await;
                }
                return Ok(());
            }
            // Dropping the event loop fails every order that still waits in it.
            drop(eventloop);
            let seed = u64::try_from(link.clock.now().micros()).unwrap_or_default();
            tokio::select! {
                () = link.shutdown.wait() => {}
                () = tokio::time::sleep(back_off.after(held, seed ^ 1)) => {}
            }
        }
        Ok(())
    }

    /// One connection to its end; how long it held since the broker let us in.
    async fn connection(
        &self,
        client: &AsyncClient,
        eventloop: &mut EventLoop,
        config: &Config,
        told: impl Fn(LinkState, String),
    ) -> Duration {
        let mut since: Option<Instant> = None;
        loop {
            match eventloop.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    since = Some(Instant::now());
                    self.set(Some(client.clone()));
                    told(LinkState::Online, String::new());
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(adapter = %config.name, %error, "no link for orders over MQTT");
                    told(LinkState::Offline, error.to_string());
                    return since.map_or(Duration::ZERO, |since| since.elapsed());
                }
            }
        }
    }

    /// Publishes and waits for the broker's acknowledgement, at most `patience`.
    pub async fn publish(&self, notice: Notice, patience: Duration) -> Outcome {
        let Some(client) = self
            .client
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
        else {
            return Outcome::new(OutcomeKind::Failed, "no link to the MQTT broker");
        };
        let topic = notice.topic.clone();
        let properties = PublishProperties {
            content_type: Some(notice.content_type.to_owned()),
            message_expiry_interval: Some(notice.expiry_s),
            payload_format_indicator: Some(1),
            user_properties: vec![("message-id".to_owned(), notice.message_id)],
            ..PublishProperties::default()
        };
        let options = PublishOptions::at_least_once()
            .retain(notice.retain)
            .properties(properties);
        let done = tokio::time::timeout(patience, async {
            let sent = client
                .publish_tracked(notice.topic, notice.payload, options)
                .await;
            match sent {
                Ok(notice) => notice.wait_async().await.map_err(Trouble::Publish),
                Err(error) => Err(Trouble::Client(error.to_string())),
            }
        });
        match done.await {
            Err(_) => Outcome::new(
                OutcomeKind::Expired,
                "the broker did not acknowledge in time",
            ),
            Ok(Ok(_)) => Outcome::new(
                OutcomeKind::Confirmed,
                format!("broker took over `{topic}`"),
            ),
            Ok(Err(Trouble::Publish(PublishNoticeError::V5PubAck(reason)))) => Outcome::new(
                OutcomeKind::Refused,
                format!("broker refused `{topic}`: {reason:?}"),
            ),
            Ok(Err(Trouble::Publish(error))) => {
                Outcome::new(OutcomeKind::Failed, error.to_string())
            }
            Ok(Err(Trouble::Client(error))) => Outcome::new(OutcomeKind::Failed, error),
        }
    }

    fn set(&self, client: Option<AsyncClient>) {
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = client;
    }
}

enum Trouble {
    Publish(PublishNoticeError),
    Client(String),
}
