//! The decoder alone: what cameras write, and seeded garbage.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use cordon_model::Timestamp;
use cordon_onvif::{CameraConfig, Operation, decode};

const ANSWER: &str = include_str!("../testdata/plain/pull-messages.xml");

fn camera() -> CameraConfig {
    toml::from_str("device = \"CAM-01\"\naddress = \"http://x/\"").unwrap()
}

#[test]
fn topics_items_and_times_are_read() {
    let all = decode(ANSWER.as_bytes()).unwrap();
    let topics: Vec<&str> = all.iter().map(|one| one.topic.as_str()).collect();
    assert_eq!(
        topics,
        [
            "tns1:RuleEngine/LineDetector/Crossed",
            "tns1:RuleEngine/Recognition/LicensePlate",
            "maker:CameraApplicationPlatform/VMD/Camera1",
            "other:RuleEngine/LineDetector/Crossed",
        ]
    );
    assert_eq!(all[0].operation, Operation::Changed);
    assert_eq!(all[0].item("source.Rule"), Some("Fence <north>"));
    assert_eq!(
        all[0].utc.unwrap(),
        "2026-03-31T04:50:45.123482Z".parse().unwrap()
    );
    assert_eq!(all[1].item("data.Info.PlateNumber"), Some("苏A12345"));
    assert_eq!(all[1].item("data.Info.PlateNumber@Likelihood"), Some("0.9"));
    assert_eq!(all[2].utc, None);
    assert!(all[0].raw.starts_with(b"<n:NotificationMessage") && all[0].raw.ends_with(b">"));
}

#[test]
fn the_same_event_has_the_same_identity_and_another_has_another() {
    let all = decode(ANSWER.as_bytes()).unwrap();
    let again = decode(ANSWER.as_bytes()).unwrap();
    let at = |micros| Timestamp::from_micros(micros);
    let id = |one: &cordon_onvif::Notification, trusted, when| {
        cordon_onvif::decode::reading(one, &camera(), trusted, at(when)).message_id
    };
    assert_eq!(id(&all[0], true, 1), id(&again[0], false, 2));
    assert_ne!(id(&all[0], true, 1), id(&all[1], true, 1));
    assert_eq!(id(&all[2], true, 1), None, "no time, no identity");
    let mut other = all[0].clone();
    other.items[0].1.push('x');
    assert_ne!(id(&all[0], true, 1), id(&other, true, 1));
    let reading = cordon_onvif::decode::reading(&all[0], &camera(), false, at(5));
    assert_eq!(reading.observed_at, None);
}

/// Cuts, flips and doubles bytes of a good answer: a fault or fewer notifications, never a panic.
#[test]
fn seeded_garbage_is_survived() {
    let mut seed = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % u64::try_from(below).unwrap()).unwrap()
    };
    let mut refused = 0;
    for _ in 0..3_000 {
        let mut bytes = ANSWER.as_bytes().to_vec();
        for _ in 0..=next(4) {
            let at = next(bytes.len());
            match next(4) {
                0 => bytes.truncate(at.max(1)),
                1 => bytes[at] = u8::try_from(next(256)).unwrap(),
                2 => {
                    let end = (at + next(40)).min(bytes.len());
                    bytes.drain(at..end);
                    bytes.push(b'>');
                }
                _ => {
                    let copy = bytes[at..(at + 30).min(bytes.len())].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
        }
        match decode(&bytes) {
            Ok(all) => assert!(all.len() <= 100),
            Err(fault) => {
                assert!(matches!(fault.code(), "A061" | "A063"));
                refused += 1;
            }
        }
    }
    assert!(refused > 1_000, "{refused}");
}
