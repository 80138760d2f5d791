//! A broker that does not acknowledge what is published: the order is tried again soon, on a new connection,
//! and it is seen that its receiver does not hear. One that refuses it: nobody counts as told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cordon_contract::{
    Adapter as _, Clock as _, Intake, Link, LinkState, Order, OutcomeKind, Running, Shutdown,
    SystemClock,
};
use cordon_model::{AlarmState, AlarmUpdate, Body, MessageId, PartyId};
use cordon_mqtt::MqttAdapter;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A broker for one client that publishes.
#[derive(Default)]
struct Broker {
    /// How many publishes of a topic are still not acknowledged.
    mute: Mutex<Vec<(&'static str, usize)>>,
    /// The reason with which publishes of a topic are acknowledged; else without one.
    reasons: Mutex<BTreeMap<&'static str, u8>>,
    /// Connections, and each publish with the number of the connection it came on.
    seen: Mutex<(usize, Vec<(usize, String)>)>,
}

impl Broker {
    async fn start() -> (u16, Arc<Self>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let broker = Arc::new(Self::default());
        let mine = Arc::clone(&broker);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mine = Arc::clone(&mine);
                tokio::spawn(async move { drop(mine.talk(stream).await) });
            }
        });
        (port, broker)
    }

    fn says_nothing_to(&self, topic: &'static str, times: usize) {
        self.mute.lock().unwrap().push((topic, times));
    }

    fn answers(&self, topic: &'static str, reason: u8) {
        self.reasons.lock().unwrap().insert(topic, reason);
    }

    /// Publishes whose bytes hold this, by connection.
    fn published(&self, what: &str) -> Vec<usize> {
        let seen = self.seen.lock().unwrap();
        let of = seen.1.iter().filter(|(_, text)| text.contains(what));
        of.map(|(connection, _)| *connection).collect()
    }

    async fn talk(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut connection = 0;
        loop {
            let kind = stream.read_u8().await?;
            let (mut length, mut shift) = (0_usize, 0);
            loop {
                let byte = stream.read_u8().await?;
                length |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            let mut rest = vec![0; length];
            stream.read_exact(&mut rest).await?;
            match kind >> 4 {
                1 => {
                    connection = self.connection();
                    stream.write_all(&[0x20, 3, 0, 0, 0]).await?;
                }
                3 => {
                    let topic = usize::from(rest[0]) << 8 | usize::from(rest[1]);
                    let text = String::from_utf8_lossy(&rest).into_owned();
                    self.seen.lock().unwrap().1.push((connection, text));
                    let name = String::from_utf8_lossy(&rest[2..2 + topic]).into_owned();
                    if !self.is_mute(&name) {
                        let id = [rest[2 + topic], rest[3 + topic]];
                        let reason = self.reasons.lock().unwrap().get(name.as_str()).copied();
                        let ack = match reason {
                            None => vec![0x40, 2, id[0], id[1]],
                            Some(reason) => vec![0x40, 3, id[0], id[1], reason],
                        };
                        stream.write_all(&ack).await?;
                    }
                }
                12 => stream.write_all(&[0xd0, 0]).await?,
                _ => {}
            }
        }
    }

    fn connection(&self) -> usize {
        let mut seen = self.seen.lock().unwrap();
        seen.0 += 1;
        seen.0
    }

    fn is_mute(&self, topic: &str) -> bool {
        let mut mute = self.mute.lock().unwrap();
        let found = mute
            .iter_mut()
            .find(|(name, left)| *name == topic && *left > 0);
        found.map(|(_, left)| *left -= 1).is_some()
    }
}

/// An adapter with two receivers that has its connection.
async fn connected(port: u16) -> Arc<dyn Running> {
    let table = format!(
        "name = \"s\"\nhost = \"127.0.0.1\"\nport = {port}\nclient_id = \"hub\"\ngateway = \"GW\"\n\
         [[receiver]]\nname = \"siren\"\ntopic = \"siren\"\ntimeout_s = 1\n\
         [[receiver]]\nname = \"board\"\ntopic = \"board\"\n"
    );
    let adapter = Arc::new(MqttAdapter::new(toml::from_str(&table).unwrap(), None).unwrap());
    let (trigger, shutdown) = Shutdown::pair();
    // It never stops.
    std::mem::forget(trigger);
    let adapter = adapter.start(Link {
        intake: Intake::bounded(1).0,
        clock: Arc::new(SystemClock),
        shutdown,
    });
    let running = Arc::clone(&adapter);
    tokio::spawn(async move { running.run().await });
    until("it is connected", || {
        adapter.health()[0].state == LinkState::Online
    })
    .await;
    adapter
}

fn order(receiver: &str) -> Order {
    let now = SystemClock.now();
    let body = Body::AlarmUpdate(AlarmUpdate {
        alarm_id: "alarm-7-0".to_owned(),
        state: AlarmState::Raised,
        previous: AlarmState::Raised,
        actor_id: PartyId::new("HUB-1").unwrap(),
        receiver: Some(receiver.to_owned()),
        escalation_level: Some(1),
        note: None,
        updated_at: now,
    });
    let mut order = cordon_fixtures::order(MessageId::random(), body, receiver, now);
    order.deadline = now.plus_seconds(300);
    order
}

async fn until(what: &str, met: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !met() {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Carries an order out as the outbox does: what failed is tried again.
async fn carried_out(adapter: &Arc<dyn Running>, order: &Order) -> usize {
    for tries in 1..40 {
        match adapter.execute(order.clone()).await.kind {
            OutcomeKind::Confirmed => return tries,
            OutcomeKind::Failed => tokio::time::sleep(Duration::from_millis(200)).await,
            other => panic!("{other:?}"),
        }
    }
    panic!("it is never confirmed")
}

/// One lost acknowledgement muted the receiver until the deadline of its order, five minutes.
#[tokio::test]
async fn an_order_that_is_not_acknowledged_is_sent_again_on_a_new_connection() {
    let (port, broker) = Broker::start().await;
    let adapter = connected(port).await;
    broker.says_nothing_to("siren", 1);
    let (first, began) = (order("siren"), Instant::now());
    let outcome = adapter.execute(first.clone()).await;
    assert_eq!(outcome.kind, OutcomeKind::Failed, "{}", outcome.detail);
    assert!(began.elapsed() < Duration::from_secs(3));
    // It is seen at once.
    let health = adapter.health().remove(0);
    assert!(health.reason.contains("siren"), "{}", health.reason);
    assert_ne!(health.state, LinkState::Online);
    let trouble = adapter.trouble().expect("people are told");
    assert_eq!(trouble.code(), "A032");
    assert!(trouble.to_string().contains("siren"), "{trouble}");

    carried_out(&adapter, &first).await;
    assert!(began.elapsed() < Duration::from_secs(6));
    let id = first.message.header.message_id.to_string();
    assert_eq!(
        broker.published(&id),
        [1, 2],
        "known by its id, on a new connection"
    );
    assert_eq!(adapter.trouble(), None);
    assert_eq!(adapter.health()[0].state, LinkState::Online);
    assert_eq!(carried_out(&adapter, &order("siren")).await, 1);
}

#[tokio::test]
async fn a_receiver_that_is_never_acknowledged_keeps_no_other_from_hearing() {
    let (port, broker) = Broker::start().await;
    let adapter = connected(port).await;
    broker.says_nothing_to("siren", usize::MAX);
    let (mute, lost) = (Arc::clone(&adapter), order("siren"));
    tokio::spawn(async move {
        loop {
            let _ = mute.execute(lost.clone()).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let end = Instant::now() + Duration::from_secs(8);
    let mut longest = Duration::ZERO;
    while Instant::now() < end {
        let began = Instant::now();
        carried_out(&adapter, &order("board")).await;
        longest = longest.max(began.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    assert!(adapter.trouble().is_some());
}

#[tokio::test]
async fn an_order_that_the_broker_refuses_is_not_told() {
    let (port, broker) = Broker::start().await;
    let adapter = connected(port).await;
    for (reason, words) in [
        (135, "135 (not authorized)"),
        (144, "144 (topic name invalid)"),
        (153, "153 (payload format invalid)"),
    ] {
        broker.answers("siren", reason);
        let outcome = adapter.execute(order("siren")).await;
        assert_eq!(outcome.kind, OutcomeKind::Refused, "{}", outcome.detail);
        assert!(outcome.detail.contains(words), "{}", outcome.detail);
        is_seen(&adapter, words);
    }
    // The connection stands, and no other receiver is kept from hearing.
    let board = order("board");
    assert_eq!(carried_out(&adapter, &board).await, 1);
    let id = board.message.header.message_id.to_string();
    assert_eq!(broker.published(&id), [1]);
    is_seen(&adapter, "153");
    broker.answers("siren", 0);
    assert_eq!(carried_out(&adapter, &order("siren")).await, 1);
    assert_eq!(adapter.trouble(), None);
    assert_eq!(adapter.health()[0].state, LinkState::Online);
}

#[tokio::test]
async fn an_order_that_the_broker_cannot_take_now_is_tried_again() {
    let (port, broker) = Broker::start().await;
    let adapter = connected(port).await;
    for (reason, words) in [
        (128, "128 (unspecified error)"),
        (131, "131 (implementation specific error)"),
        (145, "145 (packet identifier in use)"),
        (151, "151 (quota exceeded)"),
    ] {
        broker.answers("siren", reason);
        let order = order("siren");
        let outcome = adapter.execute(order.clone()).await;
        assert_eq!(outcome.kind, OutcomeKind::Failed, "{}", outcome.detail);
        assert!(outcome.detail.contains(words), "{}", outcome.detail);
        is_seen(&adapter, words);
        broker.answers("siren", 0);
        assert_eq!(carried_out(&adapter, &order).await, 1);
        assert_eq!(adapter.trouble(), None);
    }
}

/// That nobody listens is no refusal: the broker took the order over.
#[tokio::test]
async fn an_order_that_nobody_subscribed_to_is_taken_over() {
    let (port, broker) = Broker::start().await;
    let adapter = connected(port).await;
    broker.answers("siren", 16);
    assert_eq!(carried_out(&adapter, &order("siren")).await, 1);
    assert_eq!(adapter.trouble(), None);
}

/// Operators and people are told of the receiver, in these words.
fn is_seen(adapter: &Arc<dyn Running>, words: &str) {
    let health = adapter.health().remove(0);
    assert_eq!(health.state, LinkState::Degraded, "{words}");
    let trouble = adapter.trouble().expect("people are told");
    assert_eq!(trouble.code(), "A032");
    for text in [health.reason, trouble.to_string()] {
        assert!(text.contains("siren") && text.contains(words), "{text}");
    }
}
