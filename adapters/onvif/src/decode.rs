//! A notification becomes a reading. Pure: bytes in, readings or fault out.
//!
//! Points of a reading: `operation` (`Initialized`, `Changed`, `Deleted`, or `Event` for a topic
//! without state), `source.NAME`, `key.NAME`, `data.NAME` for simple items, `data.NAME.A.B` and
//! `data.NAME.A@ATTRIBUTE` for element items without their outermost element, and what the
//! configuration knows of the camera: `park.lane`, `park.gate`, `park.direction`, `park.area`,
//! `input.alarm`, `input.level`.

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use cordon_contract::{Fault, Payload, Point, Reading, Value};
use cordon_model::{Digest, MessageId, Timestamp};
use cordon_xml::Node;

use crate::config::CameraConfig;
use crate::salvage::{Wreck, salvage};
use crate::soap::{self, Answer, Reply, below};
use crate::states;
use crate::times;
use crate::trouble::Trouble;

/// The namespace of the standard's topics.
const TNS1: &str = "http://www.onvif.org/ver10/topics";
/// Most notifications taken of one answer; a camera was asked for at most 100.
pub(crate) const NOTIFICATIONS_MAX: usize = 1_000;
/// Most points of one notification.
const POINTS_MAX: usize = 128;
/// Longest value of a point, letters.
const VALUE_MAX: usize = 1_000;
/// Longest topic, letters.
const TOPIC_MAX: usize = 200;
/// Deepest element item looked into.
const DEPTH_MAX: usize = 8;
/// Largest notification kept for forensics, bytes.
const RAW_MAX: usize = 64 * 1024;

/// What a notification says of a property.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operation {
    /// The state as it is, told after a subscription or a synchronisation point: nothing new.
    Initialized,
    /// The state changed.
    Changed,
    /// The object is gone.
    Deleted,
    /// The topic has no state; it happened once.
    Event,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Initialized => "Initialized",
            Self::Changed => "Changed",
            Self::Deleted => "Deleted",
            Self::Event => "Event",
        }
    }
}

/// One notification, decoded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notification {
    /// The topic; `tns1:` stands for the standard's namespace whatever prefix the camera used,
    /// other prefixes stand as written. Prefixes inside the path are dropped.
    pub topic: String,
    /// What happened to the property.
    pub operation: Operation,
    /// The camera's time as written.
    pub utc_text: String,
    /// The camera's time, when it can be read.
    pub utc: Option<Timestamp>,
    /// Items in the order of the message, `source.`, `key.` and `data.` before their names.
    pub items: Vec<(String, String)>,
    /// The notification's bytes, cut at 64 KiB.
    pub raw: Bytes,
}

impl Notification {
    /// The first item of this name.
    pub fn item(&self, name: &str) -> Option<&str> {
        let found = self.items.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether the item is a true value.
    pub fn is_true(&self, name: &str) -> bool {
        self.item(name).and_then(states::truth) == Some(true)
    }
}

/// Reads a whole answer to `PullMessages`; one that is no XML as far as its messages can be read by themselves.
///
/// # Errors
/// `A061` when nothing in it is a message, `A063` when it is a fault.
pub fn decode(bytes: &[u8]) -> Result<Vec<Notification>, Fault> {
    match soap::read(bytes, bytes.len().max(1)) {
        Ok(Reply::Answer(answer)) => Ok(notifications(&answer)),
        Ok(Reply::Fault(fault)) => Err(Trouble::Refused(fault.text()).fault("PullMessages")),
        Err(detail) => {
            let wreck = Wreck {
                bytes,
                is_whole: true,
                is_chinese: false,
                why: &detail,
            };
            match salvage(wreck, |_| None).notifications {
                saved if saved.is_empty() => Err(Trouble::Answer(detail).fault("PullMessages")),
                saved => Ok(saved),
            }
        }
    }
}

/// The notifications of an answer to `PullMessages`; what has no topic is none.
pub(crate) fn notifications(answer: &Answer) -> Vec<Notification> {
    let payload = answer.payload();
    payload
        .children()
        .filter(|node| node.local() == "NotificationMessage")
        .take(NOTIFICATIONS_MAX)
        .filter_map(notification)
        .collect()
}

/// One notification; none without a topic.
pub(crate) fn notification(node: Node<'_>) -> Option<Notification> {
    let topic = topic_of(below(node, "Topic")?)?;
    // wsnt:Message holds tt:Message; some cameras leave one of the two out.
    let outer = below(node, "Message");
    let message = outer.and_then(|outer| below(outer, "Message")).or(outer);
    let attribute = |name: &str| {
        let found = message.and_then(|message| message.attribute("", name));
        found.map(|value| value.trim().to_owned())
    };
    let mut items = Vec::new();
    for (part, prefix) in [("Source", "source"), ("Key", "key"), ("Data", "data")] {
        if let Some(part) = message.and_then(|message| below(message, part)) {
            collect(part, prefix, &mut items);
        }
    }
    let utc_text: String = attribute("UtcTime")
        .unwrap_or_default()
        .chars()
        .take(64)
        .collect();
    let span = node.span();
    let bytes = node.document().bytes();
    let raw = bytes.get(span).unwrap_or_default();
    Some(Notification {
        topic,
        operation: match attribute("PropertyOperation").as_deref() {
            Some("Initialized") => Operation::Initialized,
            Some("Deleted") => Operation::Deleted,
            Some("Changed") => Operation::Changed,
            _ => Operation::Event,
        },
        utc: times::date_time(&utc_text),
        utc_text,
        items,
        raw: Bytes::copy_from_slice(raw.get(..RAW_MAX).unwrap_or(raw)),
    })
}

fn topic_of(node: Node<'_>) -> Option<String> {
    let text = node.text();
    let text = text.trim();
    let mut steps = text.split('/');
    let first = steps.next()?;
    let mut topic = match first.split_once(':') {
        Some((prefix, name)) => match node.resolve_prefix(prefix) {
            Some(TNS1) => format!("tns1:{name}"),
            // A maker that gives the standard's prefix another meaning must not be taken for it.
            Some(_) if prefix == "tns1" => format!("other:{name}"),
            _ => first.to_owned(),
        },
        None => first.to_owned(),
    };
    for step in steps {
        topic.push('/');
        topic.push_str(step.rsplit(':').next().unwrap_or(step));
    }
    let lawful = !topic.is_empty()
        && topic.chars().count() <= TOPIC_MAX
        && !topic.contains(|c: char| c.is_whitespace() || c.is_control());
    lawful.then_some(topic)
}

fn collect(part: Node<'_>, prefix: &str, items: &mut Vec<(String, String)>) {
    for item in part.children() {
        let Some(name) = item.attribute("", "Name") else {
            continue;
        };
        let name = format!("{prefix}.{}", short(name.trim()));
        match item.attribute("", "Value") {
            Some(value) => put(items, name, &value),
            None => {
                for element in item.children() {
                    flatten(element, &name, 0, items);
                }
            }
        }
    }
}

fn flatten(node: Node<'_>, name: &str, depth: usize, items: &mut Vec<(String, String)>) {
    if depth > DEPTH_MAX || items.len() >= POINTS_MAX {
        return;
    }
    for attribute in node.attributes() {
        put(
            items,
            format!("{name}@{}", attribute.local),
            &attribute.value,
        );
    }
    let mut leaf = true;
    for child in node.children() {
        leaf = false;
        flatten(
            child,
            &format!("{name}.{}", child.local()),
            depth + 1,
            items,
        );
    }
    if leaf {
        put(items, name.to_owned(), &node.text());
    }
}

fn put(items: &mut Vec<(String, String)>, name: String, value: &str) {
    if items.len() < POINTS_MAX {
        items.push((name, short(value.trim())));
    }
}

fn short(text: &str) -> String {
    text.chars().take(VALUE_MAX).collect()
}

/// Makes a reading of a notification. `trusted` tells whether the camera's clock was found close
/// to the hub's: only then its time is kept.
pub fn reading(
    notification: &Notification,
    camera: &CameraConfig,
    trusted: bool,
    received_at: Timestamp,
) -> Reading {
    Reading {
        device: camera.device.clone(),
        message_id: identity(notification, camera),
        observed_at: notification.utc.filter(|_| trusted),
        received_at,
        source_ref: Some(notification.topic.clone()),
        initial: notification.operation == Operation::Initialized,
        test: false,
        payload: Payload::Points {
            mapping: camera.mapping.clone(),
            topic: notification.topic.clone(),
            points: points(notification, camera),
        },
        raw: notification.raw.clone(),
    }
}

/// The same event told again has the same identity: camera, topic, its own time, operation, items.
/// An event without a time has none.
fn identity(notification: &Notification, camera: &CameraConfig) -> Option<MessageId> {
    if notification.utc_text.is_empty() {
        return None;
    }
    let mut hash = Context::new(&SHA256);
    let mut add = |text: &str| {
        hash.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text.as_bytes());
    };
    add("cordon-onvif-1");
    add(camera.device.as_str());
    add(&notification.topic);
    add(&notification.utc_text);
    add(notification.operation.name());
    for (name, value) in &notification.items {
        add(name);
        add(value);
    }
    let mut digest = Digest([0; 32]);
    digest.0.copy_from_slice(hash.finish().as_ref());
    Some(MessageId::from_digest(&digest))
}

fn points(notification: &Notification, camera: &CameraConfig) -> Vec<Point> {
    let mut points = Vec::with_capacity(notification.items.len() + 8);
    let mut add = |name: &str, text: &str| {
        points.push(Point {
            name: name.to_owned(),
            value: Value::Text(text.to_owned()),
        });
    };
    add("operation", notification.operation.name());
    let known = [
        ("park.lane", camera.lane.as_ref().map(|id| id.as_str())),
        ("park.gate", camera.gate.as_ref().map(|id| id.as_str())),
        ("park.area", camera.area.as_deref()),
        ("park.direction", camera.direction.map(|way| way.as_str())),
    ];
    for (name, text) in known {
        if let Some(text) = text {
            add(name, text);
        }
    }
    if let Some(input) = states::input(notification, camera) {
        add("input.alarm", input.alarm.as_str());
        add("input.level", input.level.as_str());
    }
    for (name, value) in &notification.items {
        add(name, states::plain(notification, name, value));
    }
    points
}
