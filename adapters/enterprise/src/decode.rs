//! A document with one event or several becomes readings. Pure.

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use cordon_contract::{Fault, Payload, Reading};
use cordon_model::{DeviceId, Digest, MessageId, Timestamp};
use serde_json::value::RawValue;

/// Most events in one call or one answer.
pub const EVENTS_MAX: usize = 500;

/// What events of one call have in common.
#[derive(Clone, Copy, Debug)]
pub struct Common<'a> {
    /// The enterprise.
    pub partner: &'a DeviceId,
    /// The mapping package.
    pub mapping: &'a str,
    /// The event name, which selects the mapping's rule.
    pub event: &'a str,
    /// JSON pointer to an event's own id.
    pub id: &'a str,
    /// The id names a record: what is said of it may change.
    pub is_record: bool,
    /// The hub's time.
    pub received_at: Timestamp,
}

/// One event with its own id, where it has one.
#[derive(Clone, Debug)]
pub struct Event {
    /// What goes to the intake.
    pub reading: Reading,
    /// The event's own id.
    pub own_id: Option<String>,
}

/// Cuts a body into events: a JSON array holds several, anything else is one. What is no JSON at
/// all is one event too, so that its refusal becomes an entry.
pub fn decode(body: &Bytes, common: Common<'_>) -> Result<Vec<Event>, Fault> {
    let is_array = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let list = if is_array {
        serde_json::from_slice::<Vec<&RawValue>>(body).ok()
    } else {
        None
    };
    let Some(list) = list else {
        return Ok(vec![event(body.clone(), common)]);
    };
    if list.len() > EVENTS_MAX {
        return Err(
            Fault::new("A043", format!("{} events in one call", list.len()))
                .remedy(format!("send at most {EVENTS_MAX} at once")),
        );
    }
    Ok(list
        .into_iter()
        .map(|raw| event(body.slice_ref(raw.get().as_bytes()), common))
        .collect())
}

/// The events at a JSON pointer of an answer.
pub fn items(body: &Bytes, pointer: &str, common: Common<'_>) -> Result<Vec<Event>, Fault> {
    let refuse = |detail: String| {
        Fault::new("A044", detail)
            .at(pointer.to_owned())
            .remedy("correct `items`, or the plant's answer")
    };
    let mut part: &RawValue = serde_json::from_slice(body)
        .map_err(|error| refuse(format!("the answer is no JSON: {error}")))?;
    for name in pointer.split('/').skip(1) {
        let object: std::collections::BTreeMap<String, &RawValue> =
            serde_json::from_str(part.get())
                .map_err(|_| refuse("not an object on the way".to_owned()))?;
        part = object
            .get(name)
            .copied()
            .ok_or_else(|| refuse("not in the answer".to_owned()))?;
    }
    decode(&body.slice_ref(part.get().as_bytes()), common)
}

fn event(document: Bytes, common: Common<'_>) -> Event {
    let own_id = own_id(&document, common.id);
    let mut hash = Context::new(&SHA256);
    let mut add = |bytes: &[u8]| {
        hash.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(bytes);
    };
    add(b"cordon-enterprise-1");
    add(common.partner.as_str().as_bytes());
    add(common.event.as_bytes());
    match &own_id {
        Some(id) => {
            add(b"id");
            add(id.as_bytes());
            // A change is a new message about the same record; the same words are the same message.
            if common.is_record {
                add(&document);
            }
        }
        // Without an id the same words are the same statement.
        None => add(&document),
    }
    let mut digest = Digest([0; 32]);
    digest.0.copy_from_slice(hash.finish().as_ref());
    let short = |text: &String| text.chars().take(120).collect::<String>();
    let reading = Reading {
        device: common.partner.clone(),
        message_id: Some(MessageId::from_digest(&digest)),
        observed_at: None,
        received_at: common.received_at,
        source_ref: Some(
            own_id
                .as_ref()
                .map_or_else(|| common.event.to_owned(), short),
        ),
        initial: false,
        test: false,
        payload: Payload::Json {
            mapping: common.mapping.to_owned(),
            topic: common.event.to_owned(),
            document: document.clone(),
        },
        raw: document,
    };
    Event { reading, own_id }
}

fn own_id(document: &[u8], pointer: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(document).ok()?;
    match value.pointer(pointer)? {
        serde_json::Value::String(text) if !text.is_empty() => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Common, Event, decode, items};
    use bytes::Bytes;
    use cordon_model::Timestamp;

    fn with<T>(work: impl FnOnce(Common<'_>) -> T) -> T {
        let partner = "enterprise-1".parse().unwrap();
        work(Common {
            partner: &partner,
            mapping: "plant/gate/1",
            event: "passage",
            id: "/id",
            is_record: false,
            received_at: Timestamp::from_micros(5),
        })
    }

    fn read(text: &'static str) -> Vec<Event> {
        with(|common| decode(&Bytes::from_static(text.as_bytes()), common).unwrap())
    }

    #[test]
    fn one_several_and_garbage() {
        assert_eq!(read(r#"{"id":"P-1"}"#)[0].own_id.as_deref(), Some("P-1"));
        let two = read(r#" [ {"id":7,"v":1.50}, {"x":1} ] "#);
        assert_eq!(two[0].own_id.as_deref(), Some("7"));
        assert_eq!(
            &two[0].reading.raw[..],
            br#"{"id":7,"v":1.50}"#,
            "digits are kept"
        );
        assert_eq!(two[1].own_id, None);
        assert_eq!(read("[ broken").len(), 1);
        let many = format!("[{}1]", "1,".repeat(500));
        assert!(with(|common| decode(&Bytes::from(many), common)).is_err());
    }

    #[test]
    fn identity_is_the_id_or_the_words() {
        let id = |text| read(text)[0].reading.message_id;
        assert_eq!(id(r#"{"id":"P-1","a":1}"#), id(r#"{"id":"P-1","a":2}"#));
        assert_ne!(id(r#"{"a":1}"#), id(r#"{"a":2}"#));
        assert_eq!(id(r#"{"a":1}"#), id(r#"{"a":1}"#));
    }

    #[test]
    fn a_record_that_changes_is_a_new_message_and_a_repeat_is_none() {
        let id = |text: &'static str| {
            let body = Bytes::from_static(text.as_bytes());
            let events = with(|common| {
                let common = Common {
                    is_record: true,
                    ..common
                };
                decode(&body, common).unwrap()
            });
            events[0].reading.message_id
        };
        assert_ne!(id(r#"{"id":"V-1","a":1}"#), id(r#"{"id":"V-1","a":2}"#));
        assert_ne!(id(r#"{"id":"V-1","a":1}"#), id(r#"{"id":"V-2","a":1}"#));
        assert_eq!(id(r#"{"id":"V-1","a":1}"#), id(r#"{"id":"V-1","a":1}"#));
    }

    #[test]
    fn lists_inside_answers() {
        let body = Bytes::from_static(br#"{"data":{"list":[{"id":1},{"id":2}]}}"#);
        assert_eq!(
            with(|common| items(&body, "/data/list", common))
                .unwrap()
                .len(),
            2
        );
        assert_eq!(
            with(|common| items(&body, "/data/none", common))
                .unwrap_err()
                .code(),
            "A044"
        );
        assert!(with(|common| items(&Bytes::from_static(b"<html>"), "/a", common)).is_err());
    }
}
