//! What a message says of whether its device lives. Pure.

use cordon_model::DeviceId;

use crate::config::Presence;
use crate::decode::{Incoming, named};

/// What a message says of whether its device lives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sign {
    /// The device spoke.
    Life,
    /// Its birth message (`true`) or last will.
    Word(DeviceId, bool),
    /// Nothing: state that the broker kept, or a birth message or will in unknown words.
    Nothing,
}

/// The sign in a message of `device`. A birth message or will may come from the broker, also long
/// after; only its word counts.
pub fn sign_of(incoming: &Incoming, presence: &[Presence], device: &DeviceId) -> Sign {
    let is_of = |presence: &&Presence| rumqttc::matches(&incoming.topic, &presence.filter);
    let Some(presence) = presence.iter().find(is_of) else {
        return if incoming.retain {
            Sign::Nothing
        } else {
            Sign::Life
        };
    };
    let own = presence
        .device_segment
        .and_then(|segment| named(&incoming.topic, segment));
    match word(&incoming.payload, presence) {
        Some(up) => Sign::Word(own.unwrap_or_else(|| device.clone()), up),
        None => Sign::Nothing,
    }
}

/// Whether a birth message or last will says that its device is there; `None` when it says neither,
/// as an empty payload does.
fn word(payload: &[u8], presence: &Presence) -> Option<bool> {
    let text = match &presence.pointer {
        None => String::from_utf8(payload.to_vec()).ok()?,
        Some(pointer) => {
            let document: serde_json::Value = serde_json::from_slice(payload).ok()?;
            match document.pointer(pointer)? {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            }
        }
    };
    let is_of = |words: &[String]| {
        words
            .iter()
            .any(|own| own.eq_ignore_ascii_case(text.trim()))
    };
    match (is_of(&presence.online), is_of(&presence.offline)) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Sign, sign_of, word};
    use crate::config::Presence;
    use crate::decode::Incoming;
    use bytes::Bytes;

    fn presence(more: &str) -> Presence {
        toml::from_str(&format!("filter = \"s/+/LWT\"\n{more}")).unwrap()
    }

    #[test]
    fn births_and_wills_say_one_word() {
        let plain = presence("");
        assert_eq!(word(b"Online", &plain), Some(true));
        assert_eq!(word(b"offline\n", &plain), Some(false));
        for nothing in [&b""[..], b"null", b"\xff\xfe", b"maybe"] {
            assert_eq!(word(nothing, &plain), None);
        }
        let json =
            presence("pointer = \"/up\"\nonline = [\"true\"]\noffline = [\"false\", \"gone\"]");
        assert_eq!(word(br#"{"up":true}"#, &json), Some(true));
        assert_eq!(word(br#"{"up":"Gone"}"#, &json), Some(false));
        assert_eq!(word(br#"{"up":null}"#, &json), None);
        assert_eq!(word(br#"{"up":"#, &json), None);
    }

    #[test]
    fn readings_are_life_and_what_the_broker_says_is_not() {
        let own = [presence("device_segment = 1")];
        let sign = |topic: &str, payload: &'static str, retain: bool| {
            let incoming = Incoming {
                topic: topic.to_owned(),
                payload: Bytes::from_static(payload.as_bytes()),
                retain,
                packet_id: 1,
                message_id: None,
            };
            sign_of(&incoming, &own, &"GW".parse().unwrap())
        };
        assert_eq!(sign("s/D-1/value", "1", false), Sign::Life);
        assert_eq!(sign("s/D-1/value", "1", true), Sign::Nothing);
        let device: cordon_model::DeviceId = "D-1".parse().unwrap();
        assert_eq!(
            sign("s/D-1/LWT", "Offline", true),
            Sign::Word(device, false)
        );
        assert_eq!(sign("s/D-1/LWT", "", true), Sign::Nothing);
        // A name that is no identifier is written out: it is that device and not the gateway.
        assert_eq!(
            sign("s/no device/LWT", "Online", false),
            Sign::Word("u.no_20device".parse().unwrap(), true)
        );
    }
}
