//! The connection that takes messages in.
//!
//! Two tasks of one future: one polls the network and never waits for anything else, the other
//! offers readings and acknowledges what was answered, in the order of arrival (MQTT 5, 4.6). An
//! acknowledgement belongs to the connection on which its message came: after a reconnect the
//! broker sends the message again, and only that delivery is acknowledged.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use cordon_contract::{Accepted, Fault, IntakeError, Link, LinkState, Reading};
use cordon_model::{DeviceId, MessageId, Timestamp};
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use rumqttc::{
    AsyncClient, ConnAck, Event, EventLoop, Packet, Publish, QoS, RetainForwardRule,
    SubscribeFilterInput, SubscribeReasonCode,
};
use tokio::sync::mpsc;

use crate::config::{Config, Subscription};
use crate::decode::{Incoming, decode};
use crate::health::Health;
use crate::options;
use crate::sign::{Sign, sign_of};

/// Messages of QoS 0 that may wait beside the acknowledged ones; further ones are dropped and
/// counted, which QoS 0 allows.
const UNACKNOWLEDGED_MAX: usize = 1_000;

/// How long the last answers are waited for when the adapter stops.
const GOODBYE: Duration = Duration::from_secs(2);
/// How often it is looked whether they came.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A reading on its way to the intake.
struct Offered {
    id: MessageId,
    sign: Sign,
    reading: Reading,
}

/// What the intake said of one.
struct Answer {
    id: MessageId,
    sign: Sign,
    device: DeviceId,
    received_at: Timestamp,
    result: Result<Accepted, IntakeError>,
}

/// Runs until shutdown; reconnects by itself.
pub async fn run(
    config: &Config,
    tls: Option<&Arc<rustls::ClientConfig>>,
    health: &Health,
    link: &Link,
) -> Result<(), Fault> {
    let options = options::intake(config, tls)?;
    let room = usize::from(config.queue);
    // Twice the receive maximum: acknowledgements of one connection and the subscriptions of the
    // next always fit, so nothing here ever waits for the network.
    let capacity = room * 2 + 64;
    let (client, eventloop) = AsyncClient::builder(options).capacity(capacity).build();
    let (sender, receiver) = mpsc::channel(room + UNACKNOWLEDGED_MAX);
    let session = Session {
        config,
        health,
        link,
        client,
        epoch: AtomicU64::new(0),
        underway: Mutex::new(HashMap::new()),
        offers: sender,
        anywhere: Subscription {
            filter: "#".to_owned(),
            mapping: "none/none/none".to_owned(),
            device_segment: None,
            identity: Vec::new(),
            text_as: None,
        },
    };
    tokio::select! {
        () = session.network(eventloop) => Ok(()),
        () = session.offers(receiver) => Ok(()),
    }
}

struct Session<'a> {
    config: &'a Config,
    health: &'a Health,
    link: &'a Link,
    client: AsyncClient,
    /// Counts connections; an acknowledgement of an earlier one is never sent.
    epoch: AtomicU64,
    /// Offered and not answered, with the deliveries that wait for the answer.
    underway: Mutex<HashMap<MessageId, Vec<Delivery>>>,
    offers: mpsc::Sender<Offered>,
    /// For topics that only an earlier configuration subscribed to: nobody maps them, so the
    /// refusal becomes an entry and nothing disappears.
    anywhere: Subscription,
}

/// One delivery of a message, to be acknowledged on its own connection.
struct Delivery {
    epoch: u64,
    publish: Publish,
}

impl Session<'_> {
    async fn network(&self, mut eventloop: EventLoop) {
        let mut attempt = 0;
        loop {
            let event = tokio::select! {
                () = self.link.shutdown.wait() => return self.goodbye(eventloop).await,
                event = eventloop.poll() => event,
            };
            match event {
                Ok(Event::Incoming(Packet::ConnAck(connack))) => {
                    attempt = 0;
                    self.connected(&connack);
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    if !self.take(publish) {
                        eventloop.clean();
                    }
                }
                Ok(Event::Incoming(Packet::SubAck(suback))) => {
                    self.subscribed(&suback.return_codes)
                }
                Ok(_) => {}
                Err(error) => {
                    let now = self.link.clock.now();
                    self.health.link(LinkState::Offline, error.to_string(), now);
                    let seed = u64::try_from(now.micros()).unwrap_or_default();
                    let wait = options::back_off(attempt, seed);
                    tracing::warn!(
                        adapter = %self.config.name, %error, wait_ms = wait.as_millis(),
                        "no link to the MQTT broker"
                    );
                    attempt = attempt.saturating_add(1);
                    tokio::select! {
                        () = self.link.shutdown.wait() => return,
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
        }
    }

    fn connected(&self, connack: &ConnAck) {
        let first = self.epoch.fetch_add(1, Ordering::SeqCst) == 0;
        let now = self.link.clock.now();
        self.health.link(LinkState::Online, "", now);
        tracing::info!(
            adapter = %self.config.name, session_present = connack.session_present,
            "connected to the MQTT broker"
        );
        if connack.session_present && !first {
            return;
        }
        // A fresh process subscribes even to a session the broker remembers: its configuration may
        // have changed. Retained state is asked for again only when the session is new.
        let rule = if connack.session_present {
            RetainForwardRule::OnNewSubscribe
        } else {
            RetainForwardRule::OnEverySubscribe
        };
        let filters = self.config.subscription.iter().map(|subscription| {
            SubscribeFilterInput::new(subscription.filter.clone(), QoS::AtLeastOnce)
                .retain_forward_rule(rule.clone())
        });
        if let Err(error) = self.client.try_subscribe_many(filters) {
            let reason = format!("cannot subscribe: {error}");
            self.health.link(LinkState::Degraded, reason, now);
        }
    }

    fn subscribed(&self, codes: &[SubscribeReasonCode]) {
        let granted = |code: &&SubscribeReasonCode| matches!(code, SubscribeReasonCode::Success(_));
        let refused = codes.len() - codes.iter().filter(granted).count();
        if refused > 0 {
            let reason = format!(
                "the broker refused {refused} of {} subscriptions",
                codes.len()
            );
            tracing::error!(adapter = %self.config.name, %reason);
            self.health
                .link(LinkState::Degraded, reason, self.link.clock.now());
        }
    }

    /// Queues a publish for the intake. `false` when the broker sends more than it may and the
    /// connection must be made anew to get the message again.
    fn take(&self, publish: Publish) -> bool {
        let now = self.link.clock.now();
        let incoming = Incoming {
            topic: String::from_utf8_lossy(&publish.topic).into_owned(),
            payload: publish.payload.clone(),
            retain: publish.retain,
            packet_id: publish.pkid,
            message_id: publish.properties.as_ref().and_then(|properties| {
                let own = properties
                    .user_properties
                    .iter()
                    .find(|(name, _)| name == "message-id");
                own.map(|(_, id)| id.clone())
            }),
        };
        let all = self.config.subscription.iter();
        let subscription = all
            .clone()
            .find(|subscription| rumqttc::matches(&incoming.topic, &subscription.filter))
            .unwrap_or(&self.anywhere);
        let (client, gateway) = (&self.config.client_id, &self.config.gateway);
        let reading = decode(&incoming, subscription, client, gateway, now);
        let Some(id) = reading.message_id else {
            return true;
        };
        let sign = sign_of(&incoming, &self.config.presence, &reading.device);
        if let Sign::Life = sign {
            self.health.spoke(&reading.device, now);
        }
        let acknowledged = publish.qos != QoS::AtMostOnce;
        let epoch = self.epoch.load(Ordering::SeqCst);
        let delivery = Delivery {
            epoch,
            publish: Publish {
                payload: Bytes::new(),
                ..publish
            },
        };
        let device = reading.device.clone();
        let mut underway = self.underway();
        if let Some(deliveries) = underway.get_mut(&id) {
            // The same message again while the first is being made durable: one offer, and every
            // delivery is acknowledged by its answer.
            deliveries.push(delivery);
            return true;
        }
        let offered = Offered { id, sign, reading };
        if self.offers.try_send(offered).is_err() {
            self.health.reading(&device, false);
            return !acknowledged;
        }
        underway.insert(id, vec![delivery]);
        true
    }

    /// Offers readings and acknowledges what was answered, in order.
    async fn offers(&self, mut receiver: mpsc::Receiver<Offered>) {
        let mut pending = FuturesOrdered::new();
        let room = usize::from(self.config.queue) + UNACKNOWLEDGED_MAX;
        loop {
            tokio::select! {
                Some(offered) = receiver.recv(), if pending.len() < room => {
                    pending.push_back(self.offer(offered));
                }
                Some(answer) = pending.next(), if !pending.is_empty() => self.answered(answer),
                else => return,
            }
        }
    }

    async fn offer(&self, offered: Offered) -> Answer {
        let Offered { id, sign, reading } = offered;
        Answer {
            id,
            sign,
            device: reading.device.clone(),
            received_at: reading.received_at,
            result: self.link.intake.offer(reading).await,
        }
    }

    fn answered(&self, answer: Answer) {
        let deliveries = self.underway().remove(&answer.id).unwrap_or_default();
        let (device, at) = (&answer.device, answer.received_at);
        match &answer.result {
            Ok(accepted) => {
                match &answer.sign {
                    Sign::Life => self.health.accepted(device, at),
                    Sign::Word(of, up) => self.health.said(of, *up, !accepted.duplicate, at),
                    Sign::Nothing => {}
                }
                self.health.reading(device, true);
            }
            Err(IntakeError::Refused(fault)) => {
                tracing::warn!(adapter = %self.config.name, %device, %fault, "message refused");
                self.health.reading(device, false);
            }
            // Nothing was recorded: the broker keeps it for the next start.
            Err(IntakeError::Closed) => return,
        }
        let epoch = self.epoch.load(Ordering::SeqCst);
        for delivery in deliveries.iter().filter(|delivery| delivery.epoch == epoch) {
            if let Err(error) = self.client.try_ack(&delivery.publish) {
                tracing::warn!(adapter = %self.config.name, %error, "acknowledgement not sent");
            }
        }
    }

    /// Ends in an orderly way: what was offered may still be answered and acknowledged for a
    /// moment, then the broker is told, so that it publishes no will and keeps the session.
    async fn goodbye(&self, mut eventloop: EventLoop) {
        let rest = async {
            while !self.underway().is_empty() {
                tokio::select! {
                    event = eventloop.poll() => match event {
                        // Not offered any more: the broker keeps it for the next start.
                        Ok(_) => {}
                        Err(_) => return,
                    },
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                }
            }
            if self.client.try_disconnect().is_ok() {
                while eventloop.poll().await.is_ok() {}
            }
        };
        let _ = tokio::time::timeout(GOODBYE, rest).await;
        self.health
            .link(LinkState::Offline, "stopped", self.link.clock.now());
    }

    fn underway(&self) -> MutexGuard<'_, HashMap<MessageId, Vec<Delivery>>> {
        // Every change is complete before the lock is left, so a panic elsewhere harms nothing.
        self.underway.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
