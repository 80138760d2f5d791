//! What a camera said that is not understood, as the hub and people are told of it. Pure but for its counting.

use std::collections::BTreeMap;

use bytes::Bytes;
use cordon_contract::{Fault, Payload, Reading};
use cordon_model::Timestamp;
use tokio::time::Instant;

use crate::config::CameraConfig;
use crate::decode::{Notification, Operation};
use crate::salvage::{Salvaged, Told};
use crate::states;
use crate::trouble::Trouble;
use crate::unread::Unread;

/// Most states of one camera that are told apart.
const STATES_MAX: usize = 32;
/// Letters of what is wrong; the longest text of a refusal is longer.
const WORDS_MAX: usize = 600;

/// What stands of one camera.
#[derive(Debug, Default)]
pub(crate) struct Telling {
    unread: Unread,
    /// What is shown of it, by its code.
    shown: BTreeMap<&'static str, String>,
    /// States that are not known now, by what tells them.
    odd: BTreeMap<String, String>,
}

impl Telling {
    /// An answer with events was read; whether the camera is believed again from now on.
    pub(crate) fn good(&mut self) -> bool {
        let is_over = self.unread.good(Instant::now());
        if is_over {
            self.shown.clear();
        }
        is_over
    }

    /// What is shown of an answer that was not as it should be, and what the hub is told of it: what is lost,
    /// and what was mended. What is shown tells kinds and no single message, so that each of many is no change.
    pub(crate) fn unread(
        &mut self,
        saved: &Salvaged,
        trouble: &Trouble,
        camera: &CameraConfig,
        now: Timestamp,
    ) -> (String, Vec<Reading>) {
        self.unread.bad(Instant::now());
        let (lost, mended) = (&saved.lost, &saved.mended);
        let mut readings = Vec::new();
        if lost.count > 0 {
            let kind = match trouble {
                Trouble::TooLarge(limit) => format!("A061: an answer of more than {limit} bytes; "),
                _ => String::new(),
            };
            let words = format!(
                "{kind}{} of a camera cannot be read and are lost: {} ({})",
                messages(lost),
                lost.why,
                lost.which
            );
            let fault = fault("A068", &words).remedy(
                "look at what the camera sends; update its firmware, or raise answer_bytes_max",
            );
            readings.push(reading(camera, (fault, true, None), lost.raw.clone(), now));
            let shown = format!("A068: {kind}messages are lost: {}", lost.why);
            self.shown.insert("A068", shown);
        }
        if mended.count > 0 {
            let words = format!(
                "{} of a camera had to be mended: {} ({})",
                messages(mended),
                mended.why,
                mended.which
            );
            let fault = fault("A069", &words)
                .remedy("look at the names given at the camera (`&`, `<`); update its firmware");
            readings.push(reading(
                camera,
                (fault, false, None),
                mended.raw.clone(),
                now,
            ));
            let shown = "A069: messages had to be mended; the journal has them".to_owned();
            self.shown.insert("A069", shown);
        }
        let shown: Vec<&str> = self.shown.values().map(String::as_str).collect();
        (shown.join("; "), readings)
    }

    /// Looks at a state; what the hub is told where it is not known. Each time it is told anew, so that no
    /// press of a button is silent.
    pub(crate) fn state(
        &mut self,
        notification: &Notification,
        camera: &CameraConfig,
        now: Timestamp,
    ) -> Option<Reading> {
        let (name, odd) = states::told(notification, camera)?;
        let Some(odd) = odd else {
            self.odd.remove(&name);
            return None;
        };
        let words = format!("{name}: {odd}");
        if self.odd.len() < STATES_MAX || self.odd.contains_key(&name) {
            self.odd.insert(name, odd);
        }
        let fault = fault("A070", &words)
            .remedy("let the camera say true or false; see adapters/onvif/README.md for the words");
        let topic = Some(notification.topic.clone());
        let mut reading = reading(camera, (fault, true, topic), notification.raw.clone(), now);
        reading.initial = notification.operation == Operation::Initialized;
        Some(reading)
    }

    /// The states that are not known now, in words; empty when there is none.
    pub(crate) fn states(&self) -> String {
        let all = self.odd.iter().map(|(name, odd)| format!("{name}: {odd}"));
        let all: Vec<String> = all.collect();
        match all.is_empty() {
            true => String::new(),
            false => format!("A070: {}", all.join(", ")),
        }
    }
}

fn messages(told: &Told) -> String {
    match told.count {
        1 => "1 message".to_owned(),
        count => format!("{count} messages"),
    }
}

fn fault(code: &'static str, words: &str) -> Fault {
    let words: String = words.chars().take(WORDS_MAX).collect();
    Fault::new(code, words)
}

fn reading(
    camera: &CameraConfig,
    (fault, is_lost, topic): (Fault, bool, Option<String>),
    raw: Bytes,
    now: Timestamp,
) -> Reading {
    Reading {
        device: camera.device.clone(),
        message_id: None,
        observed_at: None,
        received_at: now,
        source_ref: None,
        initial: false,
        test: false,
        payload: Payload::Unread {
            mapping: camera.mapping.clone(),
            topic,
            fault,
            is_lost,
        },
        raw,
    }
}
