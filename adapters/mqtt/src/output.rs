//! The connection over which orders for receivers are published.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cordon_contract::{Fault, Link, LinkState, Outcome, OutcomeKind};
use rumqttc::mqttbytes::v5::PubAckReason;
use rumqttc::{
    AsyncClient, Event, EventLoop, Packet, PublishNoticeError, PublishOptions, PublishProperties,
};
use tokio::sync::watch;

use crate::back_off::BackOff;
use crate::command::Notice;
use crate::config::Config;
use crate::health::Health;
use crate::options;

/// Orders that may wait for the connection; the outbox holds the others.
const ORDERS_MAX: usize = 64;

/// The second client. Nothing of it outlives a connection: what was not confirmed is reported and
/// tried again by the outbox, never by the network library. A connection on which an acknowledgement
/// does not come is given up.
#[derive(Debug, Default)]
pub struct Output {
    /// The client of the connection that stands, with the connection's number.
    client: Mutex<Option<(u64, AsyncClient)>>,
    /// Connections up to this number are over: lost, or given up.
    over: watch::Sender<u64>,
    /// Receivers whose last order the broker did not take over, with what it did instead.
    unheard: Mutex<BTreeMap<String, String>>,
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
        let mut number = *self.over.borrow();
        while !link.shutdown.is_triggered() {
            let options = options::output(config, tls)?;
            let (client, mut eventloop) =
                AsyncClient::builder(options).capacity(ORDERS_MAX).build();
            let told = |state, reason: String| {
                if let Some(health) = health {
                    health.link(state, reason, link.clock.steady());
                }
            };
            number += 1;
            let (mut held, mut over) = (Duration::ZERO, self.over.subscribe());
            tokio::select! {
                () = link.shutdown.wait() => {}
                lived = self.connection((number, &client), &mut eventloop, config, told) => held = lived,
                _ = over.wait_for(|last| *last >= number) => {
                    tracing::warn!(adapter = %config.name, "the link for orders over MQTT is made anew");
                    // A time-out lies between two of these.
                    back_off = BackOff::default();
                }
            }
            self.ends(number);
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
        (number, client): (u64, &AsyncClient),
        eventloop: &mut EventLoop,
        config: &Config,
        told: impl Fn(LinkState, String),
    ) -> Duration {
        let mut since: Option<Instant> = None;
        loop {
            match eventloop.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    since = Some(Instant::now());
                    self.begins(number, client);
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

    /// Publishes for a receiver and waits for the broker's acknowledgement: at most `patience` in one try,
    /// and no longer than is `left` until the deadline.
    pub async fn publish(
        &self,
        receiver: &str,
        notice: Notice,
        (patience, left): (Duration, Duration),
    ) -> Outcome {
        let client = self
            .client
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some((number, client)) = client else {
            return Outcome::new(OutcomeKind::Failed, "no link to the MQTT broker");
        };
        let topic = notice.topic.clone();
        let (mut over, sent) = (self.over.subscribe(), sent(&client, notice));
        let done = tokio::time::timeout(patience.min(left), async {
            tokio::select! {
                biased;
                sent = sent => sent,
                // What still lies before the network when it goes is never answered.
                _ = over.wait_for(|last| *last >= number) => {
                    let why = "the link to the MQTT broker ended before it acknowledged";
                    Err(Trouble::Lost(why.to_owned()))
                }
            }
        });
        let Ok(done) = done.await else {
            // What the broker still holds of this connection is not waited for.
            self.ends(number);
            let waited = patience.min(left).as_secs();
            self.is_unheard(
                receiver,
                format!("the broker did not acknowledge within {waited} s"),
            );
            let kind = match left <= patience {
                true => OutcomeKind::Expired,
                false => OutcomeKind::Failed,
            };
            let why = format!(
                "the broker did not acknowledge within {} s",
                patience.as_secs()
            );
            return Outcome::new(kind, why);
        };
        match done {
            Ok(()) => {
                self.of_receivers().remove(receiver);
                let words = format!("broker took over `{topic}`");
                Outcome::new(OutcomeKind::Confirmed, words)
            }
            Err(Trouble::Refused(reason)) => {
                let why = format!("broker refused `{topic}`: {}", words(reason));
                self.is_unheard(receiver, why.clone());
                Outcome::new(after(reason), why)
            }
            Err(Trouble::Lost(why)) => Outcome::new(OutcomeKind::Failed, why),
        }
    }

    /// A connection is over: nobody waits for it, and nothing more is published on it.
    fn ends(&self, number: u64) {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if client.as_ref().is_some_and(|(its, _)| *its <= number) {
            *client = None;
        }
        drop(client);
        self.over.send_if_modified(|last| {
            let is_new = *last < number;
            *last = number.max(*last);
            is_new
        });
    }

    fn is_unheard(&self, receiver: &str, why: String) {
        self.of_receivers().insert(receiver.to_owned(), why);
    }

    /// Receivers whose last order the broker did not take over, in words.
    pub fn unheard(&self) -> Option<String> {
        let all = self.of_receivers();
        let each = all.iter();
        let each = each.map(|(receiver, why)| format!("receiver `{receiver}`: {why}"));
        let words: Vec<String> = each.collect();
        (!words.is_empty()).then(|| words.join("; "))
    }

    fn of_receivers(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        // Every change is complete before the lock is left, so a panic elsewhere harms nothing.
        self.unheard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begins(&self, number: u64, client: &AsyncClient) {
        let client = Some((number, client.clone()));
        *self.client.lock().unwrap_or_else(PoisonError::into_inner) = client;
    }
}

/// Why a publish was not taken over.
enum Trouble {
    /// By the broker.
    Refused(PubAckReason),
    /// The connection went.
    Lost(String),
}

/// What a refusal makes of an order: one that is of the moment is tried again, any other would come again.
const fn after(reason: PubAckReason) -> OutcomeKind {
    match reason {
        PubAckReason::UnspecifiedError
        | PubAckReason::ImplementationSpecificError
        | PubAckReason::PacketIdentifierInUse
        | PubAckReason::QuotaExceeded => OutcomeKind::Failed,
        _ => OutcomeKind::Refused,
    }
}

/// The code, as the broker's own log has it, and its name in the standard.
fn words(reason: PubAckReason) -> String {
    let name = match reason {
        PubAckReason::Success => "success",
        PubAckReason::NoMatchingSubscribers => "no matching subscribers",
        PubAckReason::UnspecifiedError => "unspecified error",
        PubAckReason::ImplementationSpecificError => "implementation specific error",
        PubAckReason::NotAuthorized => "not authorized",
        PubAckReason::TopicNameInvalid => "topic name invalid",
        PubAckReason::PacketIdentifierInUse => "packet identifier in use",
        PubAckReason::QuotaExceeded => "quota exceeded",
        PubAckReason::PayloadFormatInvalid => "payload format invalid",
    };
    format!("{} ({name})", reason as u8)
}

/// Publishes, and waits for the broker's acknowledgement.
async fn sent(client: &AsyncClient, notice: Notice) -> Result<(), Trouble> {
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
    let sent = client
        .publish_tracked(notice.topic, notice.payload, options)
        .await
        .map_err(|error| Trouble::Lost(error.to_string()))?;
    // An acknowledgement can be a refusal, and that one waits for looks at its reason.
    match sent.wait_completion_async().await {
        Ok(()) => Ok(()),
        Err(PublishNoticeError::V5PubAck(reason)) => Err(Trouble::Refused(reason)),
        Err(error) => Err(Trouble::Lost(error.to_string())),
    }
}
