//! What devices send: Modbus answers, MQTT payloads, cameras' events and answers.

use std::path::Path;
use std::sync::LazyLock;

use bytes::Bytes;
use cordon_modbus::Profile;
use cordon_modbus::decode::Plan;
use cordon_model::DeviceId;
use cordon_mqtt::{Incoming, Presence, Subscription};
use tokio::io::AsyncWriteExt as _;
use tokio_modbus::client::{Client as _, tcp};

/// A controller that answers with these bytes, whatever it is asked.
pub(crate) fn modbus_frames(bytes: &[u8]) {
    static PLANS: LazyLock<Vec<Plan>> = LazyLock::new(|| {
        let plan = |name: &str| {
            let file = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../../mappings/generic")
                .join(name)
                .join("1/profile.toml");
            let text = std::fs::read_to_string(file).expect("a shipped profile");
            Plan::of(&Profile::parse(&text, "profile.toml").expect("a lawful profile"))
        };
        ["lane", "lane-registers"].map(plan).into()
    });
    static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.build().expect("a runtime")
    });
    let Some((which, answer)) = bytes.split_first() else {
        return;
    };
    let plan = &PLANS[usize::from(*which) % PLANS.len()];
    RUNTIME.block_on(async {
        let (near, mut far) = tokio::io::duplex(64 * 1_024);
        // All that is ever answered, and then the connection closes: nothing waits.
        let _ = far.write_all(answer).await;
        let _ = far.shutdown().await;
        let mut client = tcp::attach(near);
        let mut answers = Vec::new();
        for read in plan.reads() {
            match client.call(read.request()).await {
                Ok(Ok(answer)) => answers.push(answer),
                _ => break,
            }
        }
        drop(far);
        if let Ok(signals) = plan.decode(&answers) {
            assert!(signals.iter().count() > 0);
        }
    });
}

/// A lane's profile.
pub(crate) fn modbus_profile(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Profile::parse(text, "profile.toml") {
        Ok(profile) => {
            let plan = Plan::of(&profile);
            assert!(plan.decode(&[]).is_err() || plan.reads().is_empty());
        }
        Err(fault) => crate::refused(&fault),
    }
}

/// A publish: packet id and flags, a line with the topic, the payload.
pub(crate) fn mqtt_publish(bytes: &[u8]) {
    static SUBSCRIPTIONS: LazyLock<Vec<Subscription>> = LazyLock::new(|| {
        let texts = [
            "filter = \"s/#\"\nmapping = \"json/sensor/1\"\ndevice_segment = 1\nidentity = [\"/time\", \"/a/b\"]",
            "filter = \"s/#\"\nmapping = \"tasmota/sensor/1\"\ntext_as = \"text\"",
        ];
        texts
            .map(|text| toml::from_str(text).expect("a subscription"))
            .into()
    });
    static PRESENCE: LazyLock<Vec<Presence>> = LazyLock::new(|| {
        let texts = [
            "filter = \"s/+/LWT\"\ndevice_segment = 1",
            "filter = \"s/+/state\"\npointer = \"/state\"",
        ];
        texts
            .map(|text| toml::from_str(text).expect("a presence"))
            .into()
    });
    let Some(([low, high, flags], rest)) = bytes.split_first_chunk::<3>() else {
        return;
    };
    let (topic, payload) = crate::line(rest);
    let gateway: DeviceId = "mqtt-1".parse().expect("a lawful id");
    let incoming = Incoming {
        topic,
        payload: Bytes::copy_from_slice(payload),
        retain: flags & 1 == 1,
        packet_id: u16::from_le_bytes([*low, *high]),
        message_id: (flags & 2 == 2).then(|| String::from_utf8_lossy(payload).into_owned()),
    };
    for subscription in &*SUBSCRIPTIONS {
        let reading = cordon_mqtt::decode(&incoming, subscription, "hub", &gateway, crate::now());
        let again = cordon_mqtt::decode(&incoming, subscription, "hub", &gateway, crate::now());
        assert_eq!(
            reading.message_id, again.message_id,
            "a redelivery is recognised"
        );
        let source = reading.source_ref.unwrap_or_default();
        assert!(source.chars().count() <= 200);
        let _ = cordon_mqtt::decoders::is_guess(&incoming, subscription, crate::now());
    }
    let _ = cordon_mqtt::decoders::life(&incoming, &PRESENCE, &gateway);
}

/// An answer to `PullMessages`.
pub(crate) fn onvif_events(bytes: &[u8]) {
    static CAMERA: LazyLock<cordon_onvif::CameraConfig> = LazyLock::new(|| {
        let text = "device = \"CAM-1\"\naddress = \"http://10.1.2.3/onvif/device_service\"\nlane = \"L-1\"\n\
                    [[input]]\ntoken = \"in1\"\nalarm = \"FIRE\"\nlevel = \"RED\"";
        toml::from_str(text).expect("a camera")
    });
    match cordon_onvif::decode(bytes) {
        Ok(notifications) => {
            for notification in &notifications {
                assert!(!notification.topic.is_empty());
                let at = crate::now();
                let reading = cordon_onvif::decode::reading(notification, &CAMERA, true, at);
                assert_eq!(reading.source_ref.as_deref(), Some(&notification.topic[..]));
            }
        }
        Err(fault) => crate::refused(&fault),
    }
}

/// Any other answer of a camera, and the header with which it asks for a login.
pub(crate) fn onvif_answers(bytes: &[u8]) {
    let (header, answer) = crate::line(bytes);
    // The HTTP library lets no other letters into a header.
    let lawful = header
        .bytes()
        .all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    if let Some(answer) = cordon_onvif::decoders::challenge(&header).filter(|_| lawful) {
        assert!(answer.starts_with("Digest "), "{answer}");
        assert!(!answer.contains(['\r', '\n']), "one header stays one");
    }
    let _ = cordon_onvif::decoders::time(&header);
    if let Ok(address) = cordon_onvif::address::Address::parse(&header) {
        let _ = (address.device_service(), address.service(&header));
    }
    if let Err(words) = cordon_onvif::decoders::answer(answer, 64 * 1_024) {
        assert!(!words.is_empty());
    }
}
