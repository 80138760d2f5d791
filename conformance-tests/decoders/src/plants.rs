//! What plants' systems and platforms send and answer over HTTP.

use bytes::Bytes;
use cordon_contract::{Fault, Reading};
use cordon_enterprise::decoders;
use cordon_model::DeviceId;

/// The body of a webhook call; its first line is taken for the headers that sign it.
pub(crate) fn webhook(bytes: &[u8]) {
    let (head, rest) = crate::line(bytes);
    let (timestamp, signature) = head.split_once(' ').unwrap_or((&head, ""));
    let _ = decoders::caller(timestamp, signature, rest, crate::now());
    let body = Bytes::copy_from_slice(rest);
    of_plant(decoders::call(&body, &partner(), "passage"));
}

/// An answer: the events in it by a pointer, what its status means for an order.
pub(crate) fn answers(bytes: &[u8]) {
    let (pointer, rest) = crate::line(bytes);
    let body = Bytes::copy_from_slice(rest);
    of_plant(decoders::answer(&body, &pointer, &partner()));
    let number = pointer.bytes().fold(100_u16, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u16::from(byte))
    });
    if let Ok(status) = http::StatusCode::from_u16(100 + number % 900) {
        let outcome = cordon_http::outcome_of(status, &body);
        assert!(outcome.detail.chars().count() < 200, "an outcome is short");
    }
}

fn of_plant(readings: Result<Vec<Reading>, Fault>) {
    match readings {
        Ok(readings) => {
            assert!(readings.len() <= cordon_enterprise::EVENTS_MAX);
            assert!(readings.iter().all(|reading| reading.message_id.is_some()));
        }
        Err(fault) => crate::refused(&fault),
    }
}

fn partner() -> DeviceId {
    "enterprise-1".parse().expect("a lawful id")
}
