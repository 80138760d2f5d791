//! Cases O16 to O27: event properties and the life of a subscription.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use cordon_model::Timestamp;
use cordon_xml::{Node, Writer, canonical_exclusive};

use super::Stir;
use super::device::limit_ms;
use super::forms::date_time;
use super::names::{CONCRETE_SET, TEV, TT, WSA, WSNT, WSTOP};
use super::session::{Answer, Extras, Session, empty, namespace_of, path_of};
use crate::Stop;

/// Life of the subscriptions that serve a case.
const LIFE_S: u32 = 60;
/// Life of those whose end is the question.
const SHORT_S: u32 = 2;
/// A device that grants more than this makes its end unaskable, milliseconds.
const GRANT_MAX_MS: i64 = 70_000;
/// Subscriptions opened at once at most.
const AT_ONCE: i32 = 3;

/// A topic: namespace of its root, and names from the root on.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Topic {
    pub(super) namespace: String,
    pub(super) path: String,
}

/// One subscription.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    path: String,
    /// Reference parameters, which go back as header blocks.
    header: String,
    /// From the device's current time to the end it stated, milliseconds.
    granted_ms: i64,
}

/// One message.
pub(super) struct Message {
    topic: Topic,
    operation: String,
    at: Option<Timestamp>,
}

impl Session<'_> {
    fn event_service(&self) -> Result<String, Stop> {
        self.events
            .clone()
            .ok_or_else(|| Stop::fail("GetServices names no event service"))
    }

    async fn create(&mut self, life_s: u32, filter: Option<&Topic>) -> Result<Subscription, Stop> {
        let path = self.event_service()?;
        let name = "CreatePullPointSubscription";
        let mut writer = Writer::with(&[("tev", TEV), ("wsnt", WSNT)]);
        writer.start("tev", name);
        if let Some(topic) = filter {
            // A prefix in text must be declared by hand; an attribute makes the writer do so.
            let mut part = Writer::with(&[("wsnt", WSNT), ("t", &topic.namespace)]);
            part.start("wsnt", "TopicExpression")
                .attribute("Dialect", CONCRETE_SET)
                .text(&format!("t:{}", topic.path))
                .end();
            let part = String::from_utf8_lossy(&part.finish()).into_owned();
            let declaration = format!(
                "<wsnt:TopicExpression xmlns:t=\"{}\" ",
                topic.namespace.replace('&', "&amp;").replace('"', "&quot;")
            );
            let part = part.replacen("<wsnt:TopicExpression ", &declaration, 1);
            writer.start("tev", "Filter").raw(&part).end();
        }
        writer.element("tev", "InitialTerminationTime", &format!("PT{life_s}S"));
        let body = String::from_utf8_lossy(&writer.finish()).into_owned();
        let answer = self.ask(&path, name, &body, Extras::default()).await?;
        let answer = answer.good(name)?;
        subscription(answer.payload()?)
    }

    /// The subscription that several cases share.
    pub(super) async fn watched(&mut self) -> Result<Subscription, Stop> {
        if let Some(watch) = &self.watch {
            return Ok(watch.clone());
        }
        let watch = self.create(LIFE_S, None).await?;
        self.watch = Some(watch.clone());
        Ok(watch)
    }

    async fn manage(
        &mut self,
        on: &Subscription,
        name: &str,
        body: &str,
        longer: Duration,
    ) -> Result<Answer, Stop> {
        let extras = Extras {
            header: on.header.clone(),
            longer,
            ..Extras::default()
        };
        self.ask(&on.path, name, body, extras).await?.good(name)
    }

    /// Pulls once, waiting up to `timeout_s`.
    pub(super) async fn pull(
        &mut self,
        on: &Subscription,
        timeout_s: u32,
        limit: u32,
    ) -> Result<Vec<Message>, Stop> {
        let mut writer = Writer::with(&[("tev", TEV)]);
        writer
            .start("tev", "PullMessages")
            .element("tev", "Timeout", &format!("PT{timeout_s}S"))
            .element("tev", "MessageLimit", &limit.to_string());
        let body = String::from_utf8_lossy(&writer.finish()).into_owned();
        let longer = Duration::from_secs(u64::from(timeout_s));
        let answer = self.manage(on, "PullMessages", &body, longer).await?;
        let messages: Vec<Message> = answer
            .payload()?
            .children()
            .filter(|node| node.is(WSNT, "NotificationMessage"))
            .filter_map(message)
            .collect();
        for message in &messages {
            if !self.seen.contains(&message.topic) && self.seen.len() < 100 {
                self.seen.push(message.topic.clone());
            }
        }
        Ok(messages)
    }

    /// Takes out whatever waits.
    async fn drain(&mut self, on: &Subscription) -> Result<(), Stop> {
        for _ in 0..20 {
            if self.pull(on, 0, 100).await?.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// Pulls until a wanted message comes; all that came. Empty when it did not in time.
    async fn wait(
        &mut self,
        on: &Subscription,
        wanted: impl Fn(&Message) -> bool + Send,
    ) -> Result<Vec<Message>, Stop> {
        let until = Instant::now() + self.options.event_wait;
        loop {
            let messages = self.pull(on, 1, 100).await?;
            if messages.iter().any(&wanted) {
                return Ok(messages);
            }
            if Instant::now() >= until {
                return Ok(Vec::new());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn unsubscribe(&mut self, on: &Subscription) -> Result<(), Stop> {
        let body = empty("wsnt", WSNT, "Unsubscribe");
        self.manage(on, "Unsubscribe", &body, Duration::ZERO)
            .await
            .map(|_| ())
    }

    /// Leaves the device as one would want to find it.
    pub(super) async fn end_watch(&mut self) {
        if let Some(watch) = self.watch.take() {
            let _ = self.unsubscribe(&watch).await;
        }
    }

    /// Lets something cross the line and gives the first message of it.
    async fn crossing(&mut self) -> Result<Message, Stop> {
        let watch = self.watched().await?;
        self.drain(&watch).await?;
        self.stir(Stir::Crossing).await?;
        self.wait(&watch, is_event)
            .await?
            .into_iter()
            .find(is_event)
            .ok_or_else(|| {
                let ms = self.options.event_wait.as_millis();
                Stop::fail(format!(
                    "something happened and no event came within {ms} ms"
                ))
            })
    }

    async fn topics(&mut self) -> Result<BTreeSet<Topic>, Stop> {
        let path = self.event_service()?;
        let name = "GetEventProperties";
        let body = empty("tev", TEV, name);
        let answer = self.ask(&path, name, &body, Extras::default()).await?;
        let answer = answer.good(name)?;
        let payload = answer.payload()?;
        let set = payload
            .child(WSTOP, "TopicSet")
            .ok_or_else(|| Stop::fail("the answer holds no TopicSet"))?;
        let leaves = set.elements().filter(|node| {
            let mark = node.attribute(WSTOP, "topic").unwrap_or_default();
            matches!(mark.trim(), "true" | "1")
        });
        Ok(leaves.filter_map(|leaf| named(leaf, set)).collect())
    }
}

fn is_event(message: &Message) -> bool {
    message.operation != "Initialized"
}

/// The topic of a leaf of the topic tree.
fn named(leaf: Node<'_>, set: Node<'_>) -> Option<Topic> {
    let mut names = vec![leaf.local()];
    let mut root = leaf;
    while let Some(parent) = root.parent().filter(|parent| parent.id() != set.id()) {
        names.push(parent.local());
        root = parent;
    }
    names.reverse();
    Some(Topic {
        namespace: root.namespace().to_owned(),
        path: names.join("/"),
    })
}

fn message(holder: Node<'_>) -> Option<Message> {
    let topic = holder.child(WSNT, "Topic")?;
    let text = topic.text();
    let (prefix, path) = text.trim().split_once(':')?;
    let inner = holder.child(WSNT, "Message")?.child(TT, "Message")?;
    let value = |name: &str| inner.attribute("", name).unwrap_or_default().into_owned();
    Some(Message {
        topic: Topic {
            namespace: topic.resolve_prefix(prefix)?.to_owned(),
            path: path
                .split('/')
                .map(|step| step.rsplit(':').next().unwrap_or(step))
                .collect::<Vec<_>>()
                .join("/"),
        },
        operation: value("PropertyOperation"),
        at: date_time(&value("UtcTime")),
    })
}

fn subscription(payload: Node<'_>) -> Result<Subscription, Stop> {
    let missing = |what: &str| Stop::fail(format!("the answer holds no {what}"));
    let reference = payload
        .child(TEV, "SubscriptionReference")
        .ok_or_else(|| missing("SubscriptionReference"))?;
    let address = reference
        .child(WSA, "Address")
        .ok_or_else(|| missing("Address"))?;
    let path = path_of(&address.text())
        .ok_or_else(|| Stop::fail("the address of the subscription is none"))?;
    let mut header = Vec::new();
    for parameter in reference
        .child(WSA, "ReferenceParameters")
        .into_iter()
        .flat_map(Node::children)
    {
        canonical_exclusive(parameter, &[], None, &mut header);
    }
    let time = |name: &str| {
        payload
            .child(WSNT, name)
            .and_then(|node| date_time(&node.text()))
            .ok_or_else(|| missing(name))
    };
    Ok(Subscription {
        path,
        header: String::from_utf8_lossy(&header).into_owned(),
        granted_ms: time("TerminationTime")?.ms_since(time("CurrentTime")?),
    })
}

/// O16: it says which topics it has.
pub(super) async fn properties(session: &mut Session<'_>) -> Result<(), Stop> {
    if session.topics().await?.is_empty() {
        return Err(Stop::fail("GetEventProperties names no topic"));
    }
    Ok(())
}

/// O17: a subscription is given, with a stated end ahead.
pub(super) async fn subscribe(session: &mut Session<'_>) -> Result<(), Stop> {
    let granted = session.watched().await?.granted_ms;
    if granted >= 1_000 {
        Ok(())
    } else {
        Err(Stop::fail(format!(
            "asked for {LIFE_S} s it granted {granted} ms"
        )))
    }
}

/// O18: who subscribes is told the states as they are.
pub(super) async fn initial_state(session: &mut Session<'_>) -> Result<(), Stop> {
    session.stir(Stir::MotionBegins).await?;
    let fresh = session.create(LIFE_S, None).await?;
    let initial = |message: &Message| message.operation == "Initialized";
    let told = session.wait(&fresh, initial).await?;
    session.unsubscribe(&fresh).await?;
    session.stir(Stir::MotionEnds).await?;
    if told.is_empty() {
        return Err(Stop::fail(
            "a state was on, and a new subscription was told no state (Initialized)",
        ));
    }
    Ok(())
}

/// O19: what happens is told, with the time at which it happened.
pub(super) async fn delivered(session: &mut Session<'_>) -> Result<(), Stop> {
    let began = session.device_now();
    let message = session.crossing().await?;
    let at = message
        .at
        .ok_or_else(|| Stop::fail("the event has no readable UtcTime"))?;
    let limit = limit_ms(session);
    if at.ms_since(began) < -limit || at.ms_since(session.device_now()) > limit {
        return Err(Stop::fail(format!(
            "the event's time {at} is not that of the device's own clock"
        )));
    }
    Ok(())
}

/// O20: every topic that came was announced.
pub(super) async fn announced(session: &mut Session<'_>) -> Result<(), Stop> {
    if session.seen.is_empty() {
        session.crossing().await?;
    }
    let topics = session.topics().await?;
    match session.seen.iter().find(|topic| !topics.contains(topic)) {
        None => Ok(()),
        Some(topic) => Err(Stop::fail(format!(
            "an event of topic {} came, which GetEventProperties does not name",
            topic.path
        ))),
    }
}

/// O21: events come in the order in which they happened.
pub(super) async fn order(session: &mut Session<'_>) -> Result<(), Stop> {
    let watch = session.watched().await?;
    session.drain(&watch).await?;
    for stir in [Stir::MotionBegins, Stir::MotionEnds] {
        session.stir(stir).await?;
        // So that the two carry different times.
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let until = Instant::now() + session.options.event_wait;
    let mut times = Vec::new();
    while times.len() < 2 && Instant::now() < until {
        let messages = session.pull(&watch, 1, 100).await?;
        times.extend(messages.iter().filter(|m| is_event(m)).filter_map(|m| m.at));
    }
    if times.len() < 2 {
        return Err(Stop::fail("two things happened and fewer events came"));
    }
    if times.is_sorted() {
        Ok(())
    } else {
        Err(Stop::fail("a later event was told before an earlier one"))
    }
}

/// O22: a topic filter lets its topic through, and nothing else.
pub(super) async fn filter(session: &mut Session<'_>) -> Result<(), Stop> {
    let topic = session.crossing().await?.topic;
    let other = session.topics().await?;
    let other = other.into_iter().find(|other| *other != topic);
    let other = other.ok_or_else(|| Stop::skip("the device has a single topic"))?;
    let wants = session.create(LIFE_S, Some(&topic)).await?;
    let not = session.create(LIFE_S, Some(&other)).await?;
    session.stir(Stir::Crossing).await?;
    let came = session
        .wait(&wants, |message| message.topic == topic)
        .await?;
    let leaked = session.pull(&not, 1, 100).await?;
    session.unsubscribe(&wants).await?;
    session.unsubscribe(&not).await?;
    if came.is_empty() {
        return Err(Stop::fail(format!(
            "a filter on {} kept its own events back",
            topic.path
        )));
    }
    let strange = came
        .iter()
        .find(|message| message.topic != topic)
        .or_else(|| leaked.iter().find(|message| message.topic != other));
    match strange {
        None => Ok(()),
        Some(message) => Err(Stop::fail(format!(
            "an event of topic {} passed a filter on another topic",
            message.topic.path
        ))),
    }
}

/// O23: a pull waits as long as it was asked to, and not much longer.
pub(super) async fn pull_timeout(session: &mut Session<'_>) -> Result<(), Stop> {
    let watch = session.watched().await?;
    for _ in 0..3 {
        session.drain(&watch).await?;
        let asked = Instant::now();
        let messages = session.pull(&watch, 2, 100).await?;
        let took = asked.elapsed();
        if !messages.is_empty() {
            continue;
        }
        return match took {
            took if took < Duration::from_millis(1_500) => Err(Stop::fail(format!(
                "asked to wait 2 s, it answered without messages after {} ms",
                took.as_millis()
            ))),
            took if took > Duration::from_millis(5_000) => Err(Stop::fail(format!(
                "asked to wait 2 s, it answered after {} ms",
                took.as_millis()
            ))),
            _ => Ok(()),
        };
    }
    Err(Stop::skip(
        "events came all the time; ask when nothing happens",
    ))
}

/// A subscription that ends soon, and how long until it is surely over.
async fn short(session: &mut Session<'_>) -> Result<(Subscription, Duration), Stop> {
    let subscription = session.create(SHORT_S, None).await?;
    let granted = subscription.granted_ms;
    if granted > GRANT_MAX_MS {
        return Err(Stop::skip(format!(
            "asked for {SHORT_S} s the device grants {granted} ms; too long to wait for"
        )));
    }
    let over = u64::try_from(granted.max(0)).unwrap_or_default() + 700;
    Ok((subscription, Duration::from_millis(over)))
}

/// O24: a renewed subscription lives on past its first end.
pub(super) async fn renew(session: &mut Session<'_>) -> Result<(), Stop> {
    let (subscription, over) = short(session).await?;
    let mut writer = Writer::with(&[("wsnt", WSNT)]);
    let life_s = over.as_secs() + 10;
    writer
        .start("wsnt", "Renew")
        .element("wsnt", "TerminationTime", &format!("PT{life_s}S"));
    let body = String::from_utf8_lossy(&writer.finish()).into_owned();
    session
        .manage(&subscription, "Renew", &body, Duration::ZERO)
        .await?;
    tokio::time::sleep(over).await;
    session
        .pull(&subscription, 0, 10)
        .await
        .map_err(|stop| match stop {
            Stop::Fail(text) => {
                Stop::Fail(format!("renewed, it was gone at its first end: {text}"))
            }
            skip => skip,
        })?;
    session.unsubscribe(&subscription).await
}

/// O25: a subscription that nobody renews ends.
pub(super) async fn expiry(session: &mut Session<'_>) -> Result<(), Stop> {
    let (subscription, over) = short(session).await?;
    tokio::time::sleep(over).await;
    gone(session, &subscription, "after its end").await
}

/// O26: a subscription that was ended is gone.
pub(super) async fn unsubscribe(session: &mut Session<'_>) -> Result<(), Stop> {
    let subscription = session.create(LIFE_S, None).await?;
    session.unsubscribe(&subscription).await?;
    gone(session, &subscription, "after Unsubscribe").await
}

async fn gone(session: &mut Session<'_>, on: &Subscription, when: &str) -> Result<(), Stop> {
    match session.pull(on, 0, 10).await {
        Ok(_) => Err(Stop::fail(format!("{when} the subscription still answers"))),
        Err(Stop::Fail(text)) if text.contains("fault") => Ok(()),
        Err(Stop::Fail(text)) => Err(Stop::fail(format!("{when}, instead of a fault: {text}"))),
        Err(skip) => Err(skip),
    }
}

/// O27: several subscriptions, and each is told.
pub(super) async fn several(session: &mut Session<'_>) -> Result<(), Stop> {
    let path = session.event_service()?;
    let body = empty("tev", TEV, "GetServiceCapabilities");
    // The device service has an operation of the same name; the name here keeps its form apart.
    let answer = session
        .ask(&path, "EventCapabilities", &body, Extras::default())
        .await?
        .good("GetServiceCapabilities")?;
    let stated = answer
        .payload()?
        .child(TEV, "Capabilities")
        .and_then(|node| {
            node.attribute("", "MaxPullPoints")?
                .trim()
                .parse::<i32>()
                .ok()
        })
        .unwrap_or(1);
    if stated < 2 {
        return Err(Stop::skip("the device states fewer than two pull points"));
    }
    let watch = session.watched().await?;
    session.drain(&watch).await?;
    let mut all = vec![watch];
    for _ in 1..stated.min(AT_ONCE) {
        all.push(session.create(LIFE_S, None).await?);
    }
    session.stir(Stir::Crossing).await?;
    let mut deaf = 0;
    for subscription in &all {
        deaf += usize::from(session.wait(subscription, is_event).await?.is_empty());
    }
    for subscription in all.iter().skip(1) {
        session.unsubscribe(subscription).await?;
    }
    if deaf == 0 {
        Ok(())
    } else {
        Err(Stop::fail(format!("{deaf} of {} were not told", all.len())))
    }
}

/// O28: every answer of this examination has the form that the schemas demand.
pub(super) async fn forms(session: &mut Session<'_>) -> Result<(), Stop> {
    for name in [
        "GetDeviceInformation",
        "GetScopes",
        "GetServiceCapabilities",
    ] {
        session.device(name).await?;
    }
    session.topics().await?;
    let watch = session.watched().await?;
    session.pull(&watch, 0, 100).await?;
    let name = "SetSynchronizationPoint";
    let body = empty("tev", namespace_of(name), name);
    // It may be refused; when it is answered, the answer is judged.
    let _ = session.manage(&watch, name, &body, Duration::ZERO).await;
    if session.complaints.is_empty() {
        Ok(())
    } else {
        Err(Stop::fail(session.complaints.join("; ")))
    }
}
