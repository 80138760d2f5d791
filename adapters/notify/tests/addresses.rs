//! A mail for several addresses, one of which the server does not take: the others have it at once, and
//! nobody has it twice.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cordon_contract::{
    Adapter as _, Clock as _, Fault, Link, LinkState, Order, Outcome, OutcomeKind, Running,
    Shutdown, SystemClock, Target,
};
use cordon_model::{AlarmState, AlarmUpdate, Body, Message, MessageId, PartyId};
use cordon_notify::{Config, NotifyAdapter, Seal};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Webhooks are not tested here.
struct NoSeal;

impl Seal for NoSeal {
    fn seal(&self, _: &Message) -> Result<Vec<u8>, Fault> {
        Err(Fault::new("S030", "no seal here"))
    }
}

/// What a mail server does at a `RCPT`, by the address's first word; and who got which mail.
#[derive(Default)]
struct Server {
    /// What is done to an address; who is not named is taken.
    manners: Mutex<BTreeMap<&'static str, &'static str>>,
    /// Mails taken: to whom, and their number.
    taken: Mutex<Vec<(Vec<String>, String)>>,
    /// Connections that it takes at a time, and has.
    most: Mutex<Option<usize>>,
    connected: Mutex<usize>,
    /// How often an address was named.
    asked: Mutex<BTreeMap<String, usize>>,
}

impl Server {
    async fn start(manners: &[(&'static str, &'static str)]) -> (SocketAddr, Arc<Self>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Arc::new(Self::default());
        server
            .manners
            .lock()
            .unwrap()
            .extend(manners.iter().copied());
        let mine = Arc::clone(&server);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mine = Arc::clone(&mine);
                tokio::spawn(async move { mine.meet(stream).await });
            }
        });
        (address, server)
    }

    fn does(&self, address: &str) -> &'static str {
        let word = address.split('@').next().unwrap_or_default();
        *self
            .asked
            .lock()
            .unwrap()
            .entry(word.to_owned())
            .or_default() += 1;
        self.manners
            .lock()
            .unwrap()
            .get(word)
            .copied()
            .unwrap_or_default()
    }

    fn behaves(&self, address: &'static str, manner: &'static str) {
        self.manners.lock().unwrap().insert(address, manner);
    }

    /// How a conversation ends at this place because one of these addresses is in it.
    fn ends_at(&self, to: &[String], place: &str) -> &'static str {
        let manners = self.manners.lock().unwrap();
        let words = to.iter().filter_map(|it| it.split('@').next());
        let mut words = words.filter_map(|word| manners.get(word)?.split_once(" at "));
        let found = words.find(|(_, at)| *at == place);
        found.map(|(what, _)| what).unwrap_or_default()
    }

    /// How many mails this address got.
    fn got(&self, address: &str) -> usize {
        let taken = self.taken.lock().unwrap();
        let full = format!("{address}@park.example");
        taken.iter().filter(|(to, _)| to.contains(&full)).count()
    }

    async fn meet(&self, mut stream: TcpStream) {
        let most = *self.most.lock().unwrap();
        let is_full = {
            let mut connected = self.connected.lock().unwrap();
            *connected += 1;
            most.is_some_and(|most| *connected > most)
        };
        // A client that leaves is the client's affair; the test looks at who got what.
        match is_full {
            true => drop(stream.write_all(b"421 too many connections\r\n").await),
            false => drop(self.talk(stream).await),
        }
        *self.connected.lock().unwrap() -= 1;
    }

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 mail.example\r\n").await?;
        let (mut to, mut id, mut in_letter) = (Vec::new(), String::new(), false);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let line = line.trim_end();
            let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                "." if in_letter => {
                    in_letter = false;
                    match self.ends_at(&to, "dot") {
                        "closes" => return Ok(()),
                        "hangs" => std::future::pending().await,
                        "slow" => tokio::time::sleep(Duration::from_secs(6)).await,
                        _ => {}
                    }
                    match to.len() > 1 && to.iter().any(|it: &String| it.starts_with("picky")) {
                        true => "554 5.7.1 not for one of them",
                        false => {
                            let mail = (std::mem::take(&mut to), std::mem::take(&mut id));
                            self.taken.lock().unwrap().push(mail);
                            "250 taken"
                        }
                    }
                }
                "Message-ID" if in_letter => {
                    id = line.to_owned();
                    continue;
                }
                _ if in_letter => continue,
                "EHLO" => "250 mail.example",
                "RCPT" => {
                    let address = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    match self.does(&address) {
                        "closes" => return Ok(()),
                        "hangs" => std::future::pending().await,
                        "slow" => {
                            tokio::time::sleep(Duration::from_secs(5)).await;
                            to.push(address);
                            "250 well"
                        }
                        "421 after the first" if !to.is_empty() => {
                            stream.write_all(b"421 too busy\r\n").await?;
                            return Ok(());
                        }
                        manner
                            if manner.is_empty()
                                || manner.contains(" after the first")
                                || is_late(manner) =>
                        {
                            to.push(address);
                            "250 well"
                        }
                        answer => answer,
                    }
                }
                "DATA" => {
                    match self.ends_at(&to, "data") {
                        "closes" => return Ok(()),
                        "hangs" => std::future::pending().await,
                        _ => {}
                    }
                    in_letter = true;
                    "354 write"
                }
                "QUIT" => {
                    stream.write_all(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => "250 well",
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
    }
}

/// Such an address is taken, and shows what it is later.
fn is_late(manner: &str) -> bool {
    manner.ends_with(" at data") || manner.ends_with(" at dot")
}

fn adapter(server: SocketAddr, to: &[&str], timeout_s: u32) -> Hub {
    let to: Vec<String> = to
        .iter()
        .map(|it| format!("\"{it}@park.example\""))
        .collect();
    let config: Config = toml::from_str(&format!(
        "name = \"mails\"\n[[mail]]\nreceiver = \"duty\"\nhost = \"127.0.0.1\"\nport = {}\n\
         security = \"none\"\ntimeout_s = {timeout_s}\nfrom = \"hub@park.example\"\nto = [{}]\n",
        server.port(),
        to.join(", ")
    ))
    .unwrap();
    let adapter = NotifyAdapter::new(config, Arc::new(NoSeal), &BTreeMap::new())
        .unwrap_or_else(|faults| panic!("{faults:?}"));
    // It never stops.
    let (trigger, shutdown) = Shutdown::pair();
    std::mem::forget(trigger);
    let link = cordon_fixtures::resting_link();
    Hub::new(Arc::new(adapter).start(Link { shutdown, ..link }))
}

/// The hub, as far as it is seen here: it orders what an outcome asks for of each address by itself, until it
/// is carried out or the deadline passes.
struct Hub {
    adapter: Arc<dyn Running>,
    /// What came of those orders.
    ended: Arc<Mutex<Vec<Outcome>>>,
}

impl Hub {
    fn new(adapter: Arc<dyn Running>) -> Self {
        let ended = Arc::default();
        Self { adapter, ended }
    }

    async fn execute(&self, order: Order) -> Outcome {
        let outcome = self.adapter.execute(order.clone()).await;
        for target in &outcome.further {
            let mut part = part(&order, target);
            let (adapter, ended) = (Arc::clone(&self.adapter), Arc::clone(&self.ended));
            tokio::spawn(async move {
                loop {
                    let outcome = adapter.execute(part.clone()).await;
                    if outcome.kind != OutcomeKind::Failed {
                        return ended.lock().unwrap().push(outcome);
                    }
                    part.attempt += 1;
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            });
        }
        outcome
    }
}

/// The order of what one address did not get.
fn part(order: &Order, target: &Target) -> Order {
    let mut message = order.message.as_ref().clone();
    let first = message.header.message_id.to_string();
    message.header.source_ref = Some(first);
    message.header.message_id = MessageId::random();
    Order {
        number: order.number + 1_000,
        target: target.clone(),
        message: Arc::new(message),
        ..order.clone()
    }
}

fn order(number: u64) -> Order {
    let now = SystemClock.now();
    let body = Body::AlarmUpdate(AlarmUpdate {
        alarm_id: "alarm-7-0".to_owned(),
        state: AlarmState::Raised,
        previous: AlarmState::Raised,
        actor_id: PartyId::new("HUB-1").unwrap(),
        receiver: Some("duty".to_owned()),
        escalation_level: Some(1),
        note: None,
        updated_at: now,
    });
    let mut order = cordon_fixtures::order(MessageId::random(), body, "duty", now);
    order.number = number;
    order.deadline = now.plus_seconds(60);
    order
}

async fn until(what: &str, met: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !met() {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_address_that_is_refused_keeps_the_mail_from_nobody_else() {
    let (address, server) = Server::start(&[("bad", "550 no such user bad@park.example")]).await;
    let adapter = adapter(address, &["good", "bad", "other"], 20);
    let outcome = adapter.execute(order(7)).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    assert_eq!((server.got("good"), server.got("other")), (1, 1));
    assert!(
        outcome.detail.contains("1 of 3 addresses refused"),
        "{}",
        outcome.detail
    );

    let health = adapter.adapter.health().remove(0);
    assert_eq!(health.state, LinkState::Degraded);
    assert!(
        health.reason.contains("b***@park.example"),
        "{}",
        health.reason
    );
    assert!(!health.reason.contains("bad@"), "{}", health.reason);
    let trouble = adapter.adapter.trouble().expect("people are told");
    assert_eq!(trouble.code(), "A073");
    assert!(
        trouble.to_string().contains("b***@park.example"),
        "{trouble}"
    );

    until("it is refused by itself", || {
        adapter.ended.lock().unwrap().len() == 1
    })
    .await;
    let refused = adapter.ended.lock().unwrap().remove(0);
    assert_eq!(refused.kind, OutcomeKind::Refused);
    assert!(
        refused.detail.contains("b***@park.example"),
        "{}",
        refused.detail
    );
    assert!(!refused.detail.contains("bad@"), "{}", refused.detail);
    server.behaves("bad", "");
    let target = &outcome.further[0];
    assert_eq!(outcome.further.len(), 1);
    assert!(target.0.starts_with("receiver:duty/"), "{}", target.0);
    assert!(!target.0.contains("bad"), "no personal data");
    let again = adapter.execute(part(&order(7), target)).await;
    assert_eq!(again.kind, OutcomeKind::Confirmed, "{}", again.detail);
    assert_eq!(
        (server.got("bad"), server.got("good")),
        (1, 1),
        "to it alone"
    );
    assert_eq!(adapter.adapter.trouble(), None);
    assert_eq!(adapter.adapter.health().remove(0).state, LinkState::Online);
}

#[tokio::test]
async fn an_address_that_is_put_off_is_tried_again_alone() {
    let (address, server) = Server::start(&[("grey", "450 greylisted")]).await;
    let adapter = adapter(address, &["grey", "good"], 20);
    let outcome = adapter.execute(order(7)).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    assert_eq!((server.got("good"), server.got("grey")), (1, 0));
    assert_eq!(
        adapter.adapter.health().remove(0).state,
        LinkState::Degraded
    );
    assert_eq!(outcome.further.len(), 1, "the hub keeps it");
    assert_eq!(adapter.adapter.trouble(), None, "it is not given up");
    server.behaves("grey", "");
    until("it gets it", || server.got("grey") == 1).await;
    assert_eq!(server.got("good"), 1, "not twice");
    until("it is well", || {
        adapter.adapter.health()[0].state == LinkState::Online
    })
    .await;
    let ids: Vec<String> = server
        .taken
        .lock()
        .unwrap()
        .iter()
        .map(|it| it.1.clone())
        .collect();
    assert_eq!(ids[0], ids[1], "the same mail");
}

#[tokio::test]
async fn what_is_put_off_until_its_deadline_is_told_to_people() {
    let (address, server) = Server::start(&[("grey", "450 greylisted")]).await;
    let adapter = adapter(address, &["grey", "good"], 20);
    let mut order = order(7);
    order.deadline = SystemClock.now().plus_seconds(3);
    assert_eq!(adapter.execute(order).await.kind, OutcomeKind::Confirmed);
    until("it is given up", || adapter.adapter.trouble().is_some()).await;
    assert_eq!(adapter.adapter.trouble().unwrap().code(), "A073");
    assert_eq!(server.got("good"), 1);
}

#[tokio::test]
async fn a_server_that_ends_the_conversation_at_one_address_keeps_it_from_nobody_else() {
    for manner in ["closes", "421 too busy", "hangs"] {
        let (address, server) = Server::start(&[("bad", manner)]).await;
        let adapter = adapter(address, &["good", "bad", "other"], 8);
        let began = Instant::now();
        let outcome = adapter.execute(order(7)).await;
        assert_eq!(
            outcome.kind,
            OutcomeKind::Confirmed,
            "{manner}: {}",
            outcome.detail
        );
        assert!(began.elapsed() < Duration::from_secs(6), "{manner}");
        assert_eq!(
            (server.got("good"), server.got("other")),
            (1, 1),
            "{manner}"
        );
        // What is known to hang holds up nobody a second time.
        let began = Instant::now();
        assert_eq!(adapter.execute(order(8)).await.kind, OutcomeKind::Confirmed);
        assert!(began.elapsed() < Duration::from_secs(1), "{manner}");
        assert_eq!(
            (server.got("good"), server.got("other")),
            (2, 2),
            "{manner}"
        );
        server.behaves("bad", "");
        until(manner, || server.got("bad") == 2).await;
        assert_eq!(
            (server.got("good"), server.got("other")),
            (2, 2),
            "{manner}"
        );
    }
}

#[tokio::test]
async fn a_server_that_takes_one_address_a_mail_gives_it_to_all() {
    let one = "421 after the first";
    let (address, server) = Server::start(&[]).await;
    for name in ["b", "c", "d"] {
        server.behaves(name, one);
    }
    // 421 at all but the first of a mail, so `a` is told at once and the others by themselves.
    let adapter = adapter(address, &["a", "b", "c", "d"], 20);
    let outcome = adapter.execute(order(7)).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    assert_eq!(server.got("a"), 1);
    until("all got it", || {
        ["b", "c", "d"].iter().all(|name| server.got(name) == 1)
    })
    .await;
    assert_eq!(server.got("a"), 1);
}

#[tokio::test]
async fn a_mail_that_is_refused_for_one_of_its_addresses_goes_to_each_alone() {
    let (address, server) = Server::start(&[]).await;
    let adapter = adapter(address, &["good", "picky", "other"], 20);
    let outcome = adapter.execute(order(7)).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    for name in ["good", "picky", "other"] {
        assert_eq!(server.got(name), 1, "{name}");
    }
}

#[tokio::test]
async fn where_nobody_is_told_the_order_fails_or_is_refused_as_a_whole() {
    let (address, server) = Server::start(&[("bad", "550 no"), ("grey", "450 later")]).await;
    let both = adapter(address, &["bad", "grey"], 20);
    let outcome = both.execute(order(7)).await;
    assert_eq!(outcome.kind, OutcomeKind::Failed);
    assert!(outcome.further.is_empty(), "the outbox tries it again");
    server.behaves("grey", "550 no");
    let outcome = both.execute(order(7)).await;
    assert_eq!(outcome.kind, OutcomeKind::Refused);
    assert!(!outcome.detail.contains("bad@"), "{}", outcome.detail);
    assert!(outcome.further.is_empty(), "it is a dead letter as a whole");
    server.behaves("grey", "");
    assert_eq!(both.execute(order(8)).await.kind, OutcomeKind::Confirmed);
    until("the other is refused", || {
        !both.ended.lock().unwrap().is_empty()
    })
    .await;
    assert_eq!((server.got("grey"), server.got("bad")), (1, 0));
}

#[tokio::test]
async fn slow_addresses_before_a_good_one_do_not_keep_the_mail_from_it() {
    let slow = [
        ("a", "hangs"),
        ("b", "hangs"),
        ("c", "hangs"),
        ("d", "hangs"),
    ];
    let (address, server) = Server::start(&slow).await;
    let three = adapter(address, &["a", "b", "good"], 20);
    let outcome = three.execute(order(7)).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    assert_eq!(server.got("good"), 1);
    // More than one try has time for: the next one begins with those whose turn did not come.
    let more = adapter(address, &["a", "b", "c", "d", "good"], 8);
    let mut tries = 1;
    while more.execute(order(8)).await.kind != OutcomeKind::Confirmed {
        tries += 1;
        assert!(tries < 4);
    }
    assert_eq!(server.got("good"), 2);
}

#[tokio::test]
async fn a_server_that_is_slow_with_all_tells_somebody_in_the_first_try() {
    let slow = [("a", "slow"), ("b", "slow"), ("c", "slow"), ("d", "slow")];
    let (address, server) = Server::start(&slow).await;
    let adapter = adapter(address, &["a", "b", "c", "d"], 20);
    let outcome = adapter.execute(order(7)).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    until("all got it", || {
        ["a", "b", "c", "d"].iter().all(|it| server.got(it) == 1)
    })
    .await;
}

#[tokio::test]
async fn fifty_addresses_and_a_slow_one_take_no_longer_than_it_may_be_waited_for() {
    let (address, server) = Server::start(&[("a30", "hangs")]).await;
    let names: Vec<String> = (0..50).map(|number| format!("a{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let adapter = adapter(address, &names, 20);
    let began = Instant::now();
    assert_eq!(adapter.execute(order(7)).await.kind, OutcomeKind::Confirmed);
    assert!(began.elapsed() < Duration::from_secs(7));
    let told = names.iter().filter(|name| server.got(name) == 1).count();
    assert_eq!(told, 49);
}

#[tokio::test]
async fn a_server_that_ends_the_conversation_at_the_text_keeps_it_from_nobody_else() {
    for manner in ["closes at data", "hangs at data", "closes at dot"] {
        let (address, server) = Server::start(&[("bad", manner)]).await;
        let adapter = adapter(address, &["good", "bad", "other"], 20);
        let began = Instant::now();
        let outcome = adapter.execute(order(7)).await;
        assert_eq!(
            outcome.kind,
            OutcomeKind::Confirmed,
            "{manner}: {}",
            outcome.detail
        );
        assert!(began.elapsed() < Duration::from_secs(15), "{manner}");
        let told = || (server.got("good"), server.got("other"));
        assert_eq!(told(), (1, 1), "{manner}");
        // It is known by now, and holds up nobody.
        let began = Instant::now();
        assert_eq!(adapter.execute(order(8)).await.kind, OutcomeKind::Confirmed);
        assert!(began.elapsed() < Duration::from_secs(1), "{manner}");
        assert_eq!(told(), (2, 2), "{manner}");
        server.behaves("bad", "");
        until(manner, || server.got("bad") == 2).await;
        assert_eq!(told(), (2, 2), "{manner}");
    }
}

/// How long the text may be looked at is not known, so the whole try is waited for; but not a second time.
#[tokio::test]
async fn a_server_that_is_silent_after_the_text_is_given_it_for_each_alone() {
    let (address, server) = Server::start(&[("bad", "hangs at dot")]).await;
    let adapter = adapter(address, &["good", "bad", "other"], 8);
    assert_eq!(adapter.execute(order(7)).await.kind, OutcomeKind::Failed);
    let outcome = adapter.execute(order(7)).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    assert_eq!((server.got("good"), server.got("other")), (1, 1));
    let began = Instant::now();
    assert_eq!(adapter.execute(order(8)).await.kind, OutcomeKind::Confirmed);
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn addresses_that_end_the_conversation_do_not_hide_those_behind_them() {
    let hang = "hangs at dot";
    let bad = [("a", hang), ("b", hang), ("c", hang), ("d", hang)];
    let (address, server) = Server::start(&bad).await;
    let adapter = adapter(address, &["a", "b", "c", "d", "good"], 4);
    let mut tries = 1;
    while adapter.execute(order(7)).await.kind != OutcomeKind::Confirmed {
        tries += 1;
        assert!(tries < 8);
    }
    assert_eq!(server.got("good"), 1);
}

#[tokio::test]
async fn a_server_that_is_slow_after_the_text_is_given_it_once() {
    let slow = [("a", "slow at dot"), ("b", "")];
    let (address, server) = Server::start(&slow).await;
    let adapter = adapter(address, &["a", "b"], 20);
    assert_eq!(adapter.execute(order(7)).await.kind, OutcomeKind::Confirmed);
    assert_eq!((server.got("a"), server.got("b")), (1, 1));
}

/// After a bad time all go with one mail again.
#[tokio::test]
async fn what_went_alone_goes_together_when_somebody_was_told() {
    let bad = [("a", "closes at data"), ("b", "closes at data")];
    let (address, server) = Server::start(&bad).await;
    let adapter = adapter(address, &["a", "b", "c"], 20);
    server.behaves("c", "closes at data");
    assert_eq!(adapter.execute(order(7)).await.kind, OutcomeKind::Failed);
    for name in ["a", "b", "c"] {
        server.behaves(name, "");
    }
    let told = || ["a", "b", "c"].map(|name| server.got(name));
    for (number, count) in [(7, 3), (8, 4)] {
        let outcome = adapter.execute(order(number)).await;
        assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
        assert_eq!(server.taken.lock().unwrap().len(), count);
    }
    assert_eq!(told(), [2, 2, 2]);
}

/// Names of so many addresses, the last of which is taken; the others do this.
fn many(
    manner: &'static str,
    count: usize,
) -> (Vec<&'static str>, Vec<(&'static str, &'static str)>) {
    const NAMES: [&str; 24] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r",
        "s", "t", "u", "v", "w", "x",
    ];
    let mut names: Vec<&str> = NAMES.iter().copied().take(count).collect();
    let manners = names.iter().map(|name| (*name, manner)).collect();
    names.push("good");
    (names, manners)
}

/// One silence after the other took the time of those behind them, try after try.
#[tokio::test]
async fn many_silent_addresses_keep_a_mail_from_the_good_one_in_no_try() {
    for manner in ["hangs", "hangs at data"] {
        let (names, manners) = many(manner, 8);
        let (address, server) = Server::start(&manners).await;
        let adapter = adapter(address, &names, 8);
        let outcome = adapter.execute(order(7)).await;
        assert_eq!(
            outcome.kind,
            OutcomeKind::Confirmed,
            "{manner}: {}",
            outcome.detail
        );
        assert_eq!(server.got("good"), 1, "{manner}");
        assert!(
            outcome.detail.contains("8 of 9 addresses"),
            "{}",
            outcome.detail
        );
    }
}

/// After the text the first try is waited for, lest a mail come twice.
#[tokio::test]
async fn many_addresses_silent_after_the_text_cost_the_good_one_a_try() {
    let (names, manners) = many("hangs at dot", 8);
    let (address, server) = Server::start(&manners).await;
    let adapter = adapter(address, &names, 4);
    assert_eq!(adapter.execute(order(7)).await.kind, OutcomeKind::Failed);
    let outcome = adapter.execute(order(7)).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    assert_eq!(server.got("good"), 1);
}

/// More than go beside each other.
#[tokio::test]
async fn more_silent_addresses_than_places_share_the_time_with_the_good_one() {
    let (names, manners) = many("hangs at data", 24);
    let (address, server) = Server::start(&manners).await;
    let adapter = adapter(address, &names, 20);
    let outcome = adapter.execute(order(7)).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    assert_eq!(server.got("good"), 1);
}

#[tokio::test]
async fn a_server_of_few_connections_gives_a_mail_to_all_that_it_takes() {
    let (address, server) = Server::start(&[("a", "hangs")]).await;
    *server.most.lock().unwrap() = Some(2);
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let adapter = adapter(address, &names, 8);
    let outcome = adapter.execute(order(7)).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    for name in &names[1..] {
        assert_eq!(server.got(name), 1, "{name}");
    }
}
