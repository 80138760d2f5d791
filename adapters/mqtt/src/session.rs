//! The connection that takes messages in.
//!
//! Two tasks of one future: one reads the network while there is room for what may come, the other
//! offers readings and acknowledges what was answered, in the order of arrival (MQTT 5, 4.6).
//! Without room nothing is read, so that the broker waits on its socket: brokers exceed the receive
//! maximum when they send a backlog, and a connection that is dropped for it gets the same backlog
//! again. An acknowledgement belongs to the connection on which its message came: after a reconnect
//! the broker sends the message again, and only that delivery is acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cordon_contract::{
    Accepted, BEYOND_PACE, Fault, Handed, IntakeError, Link, LinkState, Reading,
};
use cordon_model::{DeviceId, MessageId, Timestamp};
use futures_util::StreamExt;
use futures_util::future::{Fuse, FusedFuture, FutureExt};
use futures_util::stream::FuturesOrdered;
use rumqttc::{
    AsyncClient, ConnAck, ConnectionError, Event, EventLoop, Packet, Publish, QoS,
    RetainForwardRule, SubscribeFilterInput, SubscribeReasonCode,
};
use tokio::sync::mpsc;

use crate::back_off::BackOff;
use crate::config::{Config, Subscription};
use crate::decode::{Incoming, decode, is_guess, said_again};
use crate::health::Health;
use crate::options;
use crate::sign::{Sign, sign_of};
use crate::underway::{Noted, Repeat, Underway};

/// How long nothing may be taken in before the link is called degraded.
const STALL: Duration = Duration::from_secs(5);
/// How long the last answers are waited for when the adapter stops.
const GOODBYE: Duration = Duration::from_secs(2);
/// How often it is looked whether they came.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Whether what is taken for a repetition is another that says the same. The broker does not say that it
/// sends it again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum IsNew {
    /// It is known by a guess.
    Always,
    /// It is known by its bytes and its own time: only where it raised an alarm that is over.
    WhenOver,
    /// It is known by its publisher's id, or the broker keeps it or sends it again.
    Never,
}

/// A reading on its way to the intake.
struct Offered {
    id: MessageId,
    sign: Sign,
    reading: Reading,
    /// When it was heard, on the clock that no step moves.
    heard: Timestamp,
    /// When it is taken for a repetition, it is another that says the same.
    is_new: IsNew,
}

/// Room for whatever is read next: a message on its way to the intake, or a repeat of one.
struct Place<'a> {
    offer: mpsc::Permit<'a, Offered>,
    repeat: Repeat,
}

/// What the intake said of one.
struct Answer {
    id: MessageId,
    sign: Sign,
    device: DeviceId,
    heard: Timestamp,
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
    // As many acknowledgements as messages can have been taken in since the client last looked for
    // any (those inside, their repeats, and one read of the network), and the subscriptions: they
    // always fit, so that answering never waits for the network.
    let capacity = room * 3 + options::READ_BATCH + 64;
    let (client, eventloop) = AsyncClient::builder(options).capacity(capacity).build();
    let (sender, receiver) = mpsc::channel(room);
    let session = Session {
        config,
        health,
        link,
        client,
        epoch: AtomicU64::new(0),
        underway: Underway::new(room),
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
    /// Counts beginnings and ends of connections: odd while one stands. An acknowledgement of
    /// another is never sent, and none between two, where it would wait for the next.
    epoch: AtomicU64,
    /// Offered and not answered.
    underway: Underway,
    offers: mpsc::Sender<Offered>,
    /// For topics that only an earlier configuration subscribed to: nobody maps them, so the
    /// refusal becomes an entry and nothing disappears.
    anywhere: Subscription,
}

impl Session<'_> {
    async fn network(&self, mut eventloop: EventLoop) {
        let mut back_off = BackOff::default();
        let mut since = None;
        let mut room = None;
        loop {
            let place = match room.take() {
                Some(place) => place,
                None => match self.place().await {
                    Some(place) => place,
                    None => return self.goodbye(eventloop).await,
                },
            };
            let event = tokio::select! {
                () = self.link.shutdown.wait() => return self.goodbye(eventloop).await,
                event = eventloop.poll() => event,
            };
            match event {
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    room = self.take(publish, place);
                    continue;
                }
                Ok(Event::Incoming(Packet::ConnAck(connack))) => {
                    since = Some(Instant::now());
                    self.connected(&connack);
                }
                Ok(Event::Incoming(Packet::SubAck(suback))) => {
                    self.subscribed(&suback.return_codes)
                }
                Ok(_) => {}
                Err(error) => {
                    let held = since
                        .take()
                        .map_or(Duration::ZERO, |at: Instant| at.elapsed());
                    self.disconnected(&error, &mut back_off, held).await;
                }
            }
            room = Some(place);
        }
    }

    /// Waits until one more message fits; `None` when the adapter stops.
    async fn place(&self) -> Option<Place<'_>> {
        if let Some(repeat) = self.underway.try_place()
            && let Ok(offer) = self.offers.try_reserve()
        {
            return Some(Place { offer, repeat });
        }
        let place = async {
            let offer = self.offers.reserve().await.ok()?;
            let repeat = self.underway.place().await?;
            Some(Place { offer, repeat })
        };
        tokio::pin!(place);
        let mut stalled = false;
        loop {
            tokio::select! {
                () = self.link.shutdown.wait() => return None,
                place = &mut place => {
                    if stalled && self.is_connected() {
                        self.health.link(LinkState::Online, "", self.link.clock.steady());
                    }
                    return place;
                }
                () = tokio::time::sleep(STALL), if !stalled => {
                    stalled = true;
                    let reason = "the journal takes nothing in; messages wait at the broker";
                    tracing::warn!(adapter = %self.config.name, reason);
                    self.health.link(LinkState::Degraded, reason, self.link.clock.steady());
                }
            }
        }
    }

    /// Notes the end of a connection and waits before the next try.
    async fn disconnected(&self, error: &ConnectionError, back_off: &mut BackOff, held: Duration) {
        if self.is_connected() {
            self.epoch.fetch_add(1, Ordering::SeqCst);
        }
        let now = self.link.clock.steady();
        self.health.link(LinkState::Offline, error.to_string(), now);
        let wait = back_off.after(held, u64::try_from(now.micros()).unwrap_or_default());
        tracing::warn!(
            adapter = %self.config.name, %error, wait_ms = wait.as_millis(),
            "no link to the MQTT broker"
        );
        tokio::select! {
            () = self.link.shutdown.wait() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }

    fn is_connected(&self) -> bool {
        self.epoch.load(Ordering::SeqCst) % 2 == 1
    }

    fn connected(&self, connack: &ConnAck) {
        let before = self.epoch.load(Ordering::SeqCst);
        let first = before == 0;
        // A connection that ended without a word ends here.
        self.epoch.store((before + 1) | 1, Ordering::SeqCst);
        let now = self.link.clock.steady();
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
                .link(LinkState::Degraded, reason, self.link.clock.steady());
        }
    }

    /// Queues a publish for the intake. Gives the place back when the message needs none.
    fn take<'p>(&self, publish: Publish, place: Place<'p>) -> Option<Place<'p>> {
        let (now, heard) = self.link.clock.times();
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
        let mut reading = decode(&incoming, subscription, client, gateway, now);
        let Some(mut id) = reading.message_id else {
            return Some(place);
        };
        let is_new = match is_guess(&incoming, subscription, now) {
            _ if publish.dup || incoming.is_kept_or_named() => IsNew::Never,
            true => IsNew::Always,
            false => IsNew::WhenOver,
        };
        if is_new == IsNew::Always && self.underway.holds(&id) {
            id = said_again(id, now);
            reading.message_id = Some(id);
        }
        let sign = sign_of(&incoming, &self.config.presence, &reading.device);
        if let Sign::Life = sign {
            self.health.spoke(&reading.device, heard);
        }
        let epoch = self.epoch.load(Ordering::SeqCst);
        let Place { offer, repeat } = place;
        let ack = self.client.prepare_ack(&publish);
        match self.underway.note(id, (epoch, publish.pkid), ack, repeat) {
            Noted::First => offer.send(Offered {
                id,
                sign,
                reading,
                heard,
                is_new,
            }),
            // Offered once, and every delivery of this connection is acknowledged by the answer.
            Noted::Waits => {}
            Noted::Needless(repeat) => return Some(Place { offer, repeat }),
        }
        None
    }

    /// Hands readings over in the order of arrival and acknowledges what was answered, in order.
    ///
    /// Each is handed over before the next: at once they would overtake one another, and a device's last
    /// word would not be the last recorded. Answers are polled meanwhile, since one that offers its
    /// reading again may hold the room that the next one waits for.
    async fn offers(&self, mut receiver: mpsc::Receiver<Offered>) {
        let handing = Fuse::terminated();
        tokio::pin!(handing);
        let mut pending = FuturesOrdered::new();
        let room = usize::from(self.config.queue);
        loop {
            let is_next = handing.is_terminated() && pending.len() < room;
            tokio::select! {
                Some(offered) = receiver.recv(), if is_next => {
                    handing.set(self.hand_over(offered).fuse());
                }
                handed = &mut handing, if !handing.is_terminated() => {
                    pending.push_back(self.answer(handed));
                }
                Some(answer) = pending.next(), if !pending.is_empty() => self.answered(answer),
                else => return,
            }
        }
    }

    async fn hand_over(&self, offered: Offered) -> (Offered, Result<Handed, IntakeError>) {
        let handed = self.link.intake.hand_over(offered.reading.clone()).await;
        (offered, handed)
    }

    /// Waits for the answer to one that was handed over.
    async fn answer(&self, (offered, handed): (Offered, Result<Handed, IntakeError>)) -> Answer {
        let Offered {
            id,
            sign,
            mut reading,
            heard,
            is_new,
        } = offered;
        let (device, received_at) = (reading.device.clone(), reading.received_at);
        let mut result = match handed {
            Ok(handed) => handed.answered().await,
            Err(closed) => Err(closed),
        };
        let is_another = |accepted: &Accepted| {
            accepted.duplicate
                && match is_new {
                    IsNew::Always => true,
                    IsNew::WhenOver => accepted.is_over,
                    IsNew::Never => false,
                }
        };
        if result.as_ref().is_ok_and(is_another) {
            reading.message_id = Some(said_again(id, received_at));
            result = self.link.intake.offer(reading).await;
        }
        Answer {
            id,
            sign,
            device,
            heard,
            result,
        }
    }

    fn answered(&self, answer: Answer) {
        let epoch = self.epoch.load(Ordering::SeqCst);
        let acks = self.underway.answered(&answer.id, epoch);
        let (device, at) = (&answer.device, answer.heard);
        match &answer.result {
            Ok(accepted) => {
                match &answer.sign {
                    Sign::Life => self.health.accepted(device, at),
                    Sign::Word(of, up) => self.health.said(of, *up, !accepted.duplicate, at),
                    Sign::Nothing => {}
                }
                self.health.reading(device, true);
            }
            // The hub tells how many there were.
            Err(IntakeError::Refused(fault)) if fault.code() == BEYOND_PACE => {
                self.health.reading(device, false);
            }
            Err(IntakeError::Refused(fault)) => {
                tracing::warn!(adapter = %self.config.name, %device, %fault, "message refused");
                self.health.reading(device, false);
            }
            // Nothing was recorded: the broker keeps it for the next start.
            Err(IntakeError::Closed) => return,
        }
        for ack in acks {
            if let Err(error) = self.client.try_manual_ack(ack) {
                tracing::warn!(adapter = %self.config.name, %error, "acknowledgement not sent");
            }
        }
    }

    /// Ends in an orderly way: what was offered may still be answered and acknowledged for a
    /// moment, then the broker is told, so that it publishes no will and keeps the session.
    async fn goodbye(&self, mut eventloop: EventLoop) {
        let rest = async {
            while !self.underway.is_empty() {
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
            .link(LinkState::Offline, "stopped", self.link.clock.steady());
    }
}
