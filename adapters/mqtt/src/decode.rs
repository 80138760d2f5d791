//! A publish becomes a reading. Pure: what happens here depends on nothing but its input.

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use cordon_contract::{Payload, Reading};
use cordon_model::{DeviceId, Digest, MessageId, Timestamp, name};

use crate::config::Subscription;

const MICROS_PER_HOUR: i64 = 3_600_000_000;
/// A payload's own time that is further from the hub's is no time.
const FAR_MICROS: u64 = 48 * 3_600_000_000;

/// What the adapter knows of a publish.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The topic; bytes that are not UTF-8 were replaced.
    pub topic: String,
    /// The payload.
    pub payload: Bytes,
    /// It is the topic's last state, kept by the broker.
    pub retain: bool,
    /// The broker's packet id; 0 for QoS 0.
    pub packet_id: u16,
    /// User property `message-id`, when the publisher gave one.
    pub message_id: Option<String>,
}

impl Incoming {
    /// Whether the broker kept it, its publisher named it, or nobody ever sends it again.
    pub(crate) fn is_kept_or_named(&self) -> bool {
        self.retain || self.message_id.is_some() || self.packet_id == 0
    }
}

/// Makes a reading of a publish.
pub fn decode(
    incoming: &Incoming,
    subscription: &Subscription,
    client_id: &str,
    gateway: &DeviceId,
    received_at: Timestamp,
) -> Reading {
    let device = subscription
        .device_segment
        .and_then(|index| named(&incoming.topic, index));
    Reading {
        device: device.unwrap_or_else(|| gateway.clone()),
        message_id: Some(identity(incoming, subscription, client_id, received_at)),
        observed_at: None,
        received_at,
        source_ref: Some(short(&incoming.topic)),
        initial: incoming.retain,
        test: false,
        payload: Payload::Json {
            mapping: subscription.mapping.clone(),
            topic: incoming.topic.clone(),
            document: document(incoming, subscription),
        },
        raw: incoming.payload.clone(),
    }
}

/// The device that a segment of a topic names; a name that is no identifier is written out.
pub(crate) fn named(topic: &str, segment: usize) -> Option<DeviceId> {
    let name = topic
        .split('/')
        .nth(segment)
        .filter(|name| !name.is_empty())?;
    name::escape(name, "", 64).parse().ok()
}

/// The same publish delivered twice has the same identity; two publishes have two.
///
/// The publisher's own id is best. Otherwise topic and payload are hashed together with the
/// payload's own time. A payload without any says the same thing again and again, so the broker's
/// packet id and the hour of arrival are added: a redelivery keeps its packet id.
fn identity(
    incoming: &Incoming,
    subscription: &Subscription,
    client_id: &str,
    received_at: Timestamp,
) -> MessageId {
    let mut hash = Context::new(&SHA256);
    let mut add = |bytes: &[u8]| {
        hash.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(bytes);
    };
    add(b"cordon-mqtt-1");
    add(client_id.as_bytes());
    add(incoming.topic.as_bytes());
    if let Some(id) = &incoming.message_id {
        add(b"id");
        add(id.as_bytes());
    } else {
        add(&incoming.payload);
        match own_time(incoming, subscription) {
            Some(time) => add(time.as_bytes()),
            None if incoming.retain => add(b"retained"),
            None if incoming.packet_id == 0 => add(&received_at.micros().to_be_bytes()),
            None => {
                add(&incoming.packet_id.to_be_bytes());
                add(&received_at
                    .micros()
                    .div_euclid(MICROS_PER_HOUR)
                    .to_be_bytes());
            }
        }
    }
    let mut digest = Digest([0; 32]);
    digest.0.copy_from_slice(hash.finish().as_ref());
    MessageId::from_digest(&digest)
}

/// Whether the identity of a publish is a guess: it bears neither id nor time, so that only the broker's
/// packet id tells it from the same words said before, and a broker that was started again gives that out
/// anew. So it is where the hub's clock says that its time is none: a clock that stands still, or begins at 2000
/// after each loss of power, gives the next fire the time of the last.
pub(crate) fn is_guess(
    incoming: &Incoming,
    subscription: &Subscription,
    received_at: Timestamp,
) -> bool {
    if incoming.is_kept_or_named() {
        return false;
    }
    own_time(incoming, subscription).is_none_or(|time| is_far(&time, received_at))
}

/// Whether a payload's own time is days away from the hub's. What is no time, such as a running number, is not.
fn is_far(time: &str, now: Timestamp) -> bool {
    let text = time.trim_matches('"');
    let micros = match text.parse::<f64>() {
        Ok(number) => of_epoch(number),
        Err(_) => of_date(text),
    };
    micros.is_some_and(|micros| now.micros().abs_diff(micros) > FAR_MICROS)
}

/// Seconds, milliseconds or microseconds since 1970, as their size says; a smaller number is no time.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float that is cut to an integer saturates, and days are compared"
)]
fn of_epoch(number: f64) -> Option<i64> {
    match number {
        1e8..1e11 => Some((number * 1e6) as i64),
        1e11..1e14 => Some((number * 1e3) as i64),
        1e14..1e17 => Some(number as i64),
        _ => None,
    }
}

/// Noon of the date with which a time begins, in whatever zone.
fn of_date(text: &str) -> Option<i64> {
    let date = text.get(..10)?;
    let at: Timestamp = format!("{date}T12:00:00Z").parse().ok()?;
    Some(at.micros())
}

/// The identity of the same words said once more at this time.
pub(crate) fn said_again(id: MessageId, received_at: Timestamp) -> MessageId {
    let mut hash = Context::new(&SHA256);
    hash.update(b"cordon-mqtt-again-1");
    hash.update(id.to_string().as_bytes());
    hash.update(&received_at.micros().to_be_bytes());
    let mut digest = Digest([0; 32]);
    digest.0.copy_from_slice(hash.finish().as_ref());
    MessageId::from_digest(&digest)
}

fn own_time(incoming: &Incoming, subscription: &Subscription) -> Option<String> {
    if subscription.identity.is_empty() {
        return None;
    }
    let value: serde_json::Value = serde_json::from_slice(&incoming.payload).ok()?;
    let found = subscription
        .identity
        .iter()
        .find_map(|pointer| value.pointer(pointer));
    found
        .filter(|time| !time.is_null())
        .map(ToString::to_string)
}

/// The payload as the mapping reads it: as it is, or plain text wrapped in an object.
fn document(incoming: &Incoming, subscription: &Subscription) -> Bytes {
    match (
        &subscription.text_as,
        std::str::from_utf8(&incoming.payload),
    ) {
        (Some(member), Ok(text)) => {
            let mut object = serde_json::Map::new();
            object.insert(member.clone(), serde_json::Value::from(text));
            Bytes::from(serde_json::Value::Object(object).to_string())
        }
        // Not UTF-8: the mapping refuses it and the refusal is an entry.
        _ => incoming.payload.clone(),
    }
}

/// At most 200 letters, the limit of a source reference.
fn short(topic: &str) -> String {
    topic.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::{Incoming, decode, is_guess, said_again};
    use crate::config::Subscription;
    use bytes::Bytes;
    use cordon_contract::{Payload, Reading};
    use cordon_model::Timestamp;

    fn subscription(extra: &str) -> Subscription {
        toml::from_str(&format!(
            "filter = \"s/+/+\"\nmapping = \"json/sensor/1\"\n{extra}"
        ))
        .unwrap()
    }

    fn incoming(payload: &str, packet_id: u16) -> Incoming {
        Incoming {
            topic: "s/GW/D-1".to_owned(),
            payload: Bytes::copy_from_slice(payload.as_bytes()),
            retain: false,
            packet_id,
            message_id: None,
        }
    }

    fn read(incoming: &Incoming, extra: &str, micros: i64) -> Reading {
        let gateway = "GW".parse().unwrap();
        decode(
            incoming,
            &subscription(extra),
            "hub",
            &gateway,
            Timestamp::from_micros(micros),
        )
    }

    #[test]
    fn a_payload_with_a_time_keeps_its_identity_over_packet_ids_and_hours() {
        let with_time = r#"{"time":"2026-03-31T12:50:45+08:00","v":1}"#;
        let extra = "identity = [\"/time\"]\ndevice_segment = 2";
        let first = read(&incoming(with_time, 1), extra, 0);
        let again = read(&incoming(with_time, 9), extra, 9_000_000_000);
        assert_eq!(first.message_id, again.message_id);
        assert_eq!(first.device.as_str(), "D-1");
        let other = read(&incoming(&with_time.replace('1', "2"), 1), extra, 0);
        assert_ne!(first.message_id, other.message_id);
    }

    #[test]
    fn a_payload_without_time_is_told_apart_by_its_packet_id() {
        let first = read(&incoming("{\"v\":1}", 1), "", 0);
        assert_eq!(
            first.message_id,
            read(&incoming("{\"v\":1}", 1), "", 5_000_000).message_id
        );
        assert_ne!(
            first.message_id,
            read(&incoming("{\"v\":1}", 2), "", 0).message_id
        );
        assert_eq!(first.device.as_str(), "GW");
    }

    #[test]
    fn only_what_bears_neither_id_nor_time_is_known_by_a_guess() {
        let subscription = subscription("identity = [\"/time\"]");
        let now: Timestamp = "2026-11-24T08:00:00+08:00".parse().unwrap();
        let guess = |incoming: &Incoming| is_guess(incoming, &subscription, now);
        let mut one = incoming("{\"v\":1}", 1);
        assert!(guess(&one));
        assert!(!guess(&incoming("{\"time\":7}", 1)));
        assert!(
            !guess(&incoming("{\"v\":1}", 0)),
            "QoS 0 is never sent again"
        );
        for (time, is_far) in [
            ("\"2026-11-24T08:00:00+08:00\"", false),
            ("\"2026-11-23 01:02:03\"", false),
            ("\"2026-10-24T08:00:00+08:00\"", true),
            ("\"2000-01-01T00:00:00Z\"", true),
            ("1795478400", false),
            ("1795478400000", false),
            ("1795478400123456", false),
            ("946684800", true),
            ("946684800.5", true),
            ("300", false),
            ("\"A-7\"", false),
            ("\"温度传感器一号二号三号四号\"", false),
        ] {
            let one = incoming(&format!("{{\"time\":{time}}}"), 1);
            assert_eq!(guess(&one), is_far, "{time}");
        }
        one.message_id = Some("A-7".to_owned());
        assert!(!guess(&one));
        let id = read(&incoming("{\"v\":1}", 1), "", 0).message_id.unwrap();
        let at = |micros| said_again(id, Timestamp::from_micros(micros));
        assert!(at(1) != id && at(1) != at(2) && at(1) == at(1));
    }

    #[test]
    fn the_publishers_own_id_wins() {
        let mut one = incoming("{\"v\":1}", 1);
        one.message_id = Some("A-7".to_owned());
        let mut two = incoming("{\"v\":1}", 2);
        two.message_id = Some("A-7".to_owned());
        assert_eq!(read(&one, "", 0).message_id, read(&two, "", 7).message_id);
    }

    #[test]
    fn retained_is_state_and_text_is_wrapped() {
        let mut will = incoming("Offline", 3);
        will.retain = true;
        let reading = read(&will, "text_as = \"LWT\"", 0);
        assert!(reading.initial);
        let Payload::Json { document, .. } = reading.payload else {
            panic!("a document")
        };
        assert_eq!(document, Bytes::from_static(b"{\"LWT\":\"Offline\"}"));
        assert_eq!(reading.raw, Bytes::from_static(b"Offline"));
    }

    #[test]
    fn any_bytes_become_a_reading() {
        for seed in 0..2_000_u32 {
            let bytes: Vec<u8> = (0..seed % 40)
                .map(|i| (seed.wrapping_mul(31 + i) >> 3) as u8)
                .collect();
            let mut odd = incoming("", 4);
            odd.payload = Bytes::from(bytes.clone());
            odd.topic = String::from_utf8_lossy(&bytes).into_owned();
            let reading = read(
                &odd,
                "identity = [\"/a\"]\ndevice_segment = 1\ntext_as = \"t\"",
                1,
            );
            assert_eq!(reading.raw, Bytes::from(bytes));
        }
    }
}
