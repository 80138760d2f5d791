//! What devices said that is not understood: counted by device, with the last of it.
//!
//! A detector whose messages nobody can read is as good as none, so people must see it. The journal
//! holds the first of a kind in each hour; here is how often, and what the last one was.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use cordon_contract::Fault;
use cordon_model::{DeviceId, Timestamp};

use crate::text::clip_empty;

/// Devices that are told of; the longest quiet one goes first.
const DEVICES_MAX: usize = 1_000;
/// Kinds (device, code, place) that are remembered as written down.
const KINDS_MAX: usize = 10_000;
/// For so long a kind that was written down is only counted, milliseconds.
const QUIET_MS: i64 = 3_600_000;
/// The same where it may have been an alarm: people are told of it anew when they have ended the last.
const VITAL_QUIET_MS: i64 = 60_000;
/// Letters of a sample.
const SAMPLE_CHARS_MAX: usize = 200;

/// What of one device is not understood.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Misread {
    /// How often since the start.
    pub count: u64,
    /// Code of the last.
    pub code: &'static str,
    /// What was wrong with the last, and where.
    pub detail: String,
    /// What it said, cut.
    pub sample: String,
    /// When.
    pub last: Timestamp,
}

#[derive(Default)]
struct Seen {
    devices: BTreeMap<DeviceId, Misread>,
    written: BTreeMap<Kind, Timestamp>,
    order: VecDeque<Kind>,
}

type Kind = (DeviceId, &'static str, String);

/// The list of what is not understood. Cheap to clone.
#[derive(Clone, Default)]
pub struct Misreads(Arc<Mutex<Seen>>);

impl Misreads {
    /// Everything, by device.
    pub fn all(&self) -> BTreeMap<DeviceId, Misread> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.devices.clone()
    }

    /// Counts something; whether it is the first of its kind lately and is to be written down. Where it may have been an
    /// alarm, `vital` is who said it: what another topic of the device says is another thing.
    pub(crate) fn note(
        &self,
        device: &DeviceId,
        (fault, vital): (&Fault, Option<&str>),
        raw: &[u8],
        now: Timestamp,
    ) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let head = raw.get(..SAMPLE_CHARS_MAX * 4).unwrap_or(raw);
        let count = seen.devices.get(device).map_or(0, |known| known.count);
        let misread = Misread {
            count: count + 1,
            code: fault.code(),
            detail: clip_empty(
                &format!("{} {}", fault.log_text(), fault.place()),
                SAMPLE_CHARS_MAX,
            ),
            sample: clip_empty(&String::from_utf8_lossy(head), SAMPLE_CHARS_MAX),
            last: now,
        };
        seen.devices.insert(device.clone(), misread);
        if seen.devices.len() > DEVICES_MAX {
            let quiet = seen.devices.iter().min_by_key(|(_, known)| known.last);
            if let Some(quiet) = quiet.map(|(device, _)| device.clone()) {
                seen.devices.remove(&quiet);
            }
        }
        let (place, quiet_ms) = match vital {
            Some(source) => (format!("{source} {}", fault.place()), VITAL_QUIET_MS),
            None => (fault.place().to_owned(), QUIET_MS),
        };
        seen.is_first((device.clone(), fault.code(), place), now, quiet_ms)
    }
}

impl Seen {
    fn is_first(&mut self, kind: Kind, now: Timestamp, quiet_ms: i64) -> bool {
        match self.written.get_mut(&kind) {
            Some(at) if now.ms_since(*at) < quiet_ms => return false,
            Some(at) => *at = now,
            None => {
                self.written.insert(kind.clone(), now);
                self.order.push_back(kind);
            }
        }
        if self.order.len() > KINDS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.written.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_kind_is_written_down_and_all_are_counted() {
        let misreads = Misreads::default();
        let device: DeviceId = "GAS-1".parse().unwrap();
        let fault = |place: &str| Fault::new("M010", "`low` does not fit").at(place.to_owned());
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        assert!(misreads.note(
            &device,
            (&fault("battery"), None),
            b"{\"battery\":\"low\"}",
            at(0)
        ));
        assert!(!misreads.note(&device, (&fault("battery"), None), b"{}", at(10)));
        assert!(misreads.note(&device, (&fault("time"), None), b"{}", at(20)));
        assert!(misreads.note(&device, (&fault("battery"), None), b"\xff\x00x", at(3_600)));
        let known = misreads.all().remove(&device).unwrap();
        assert_eq!(
            (known.count, known.code, known.last),
            (4, "M010", at(3_600))
        );
        assert_eq!(known.sample, "\u{fffd} x");
    }

    #[test]
    fn a_flood_of_names_is_bounded() {
        let misreads = Misreads::default();
        let fault = Fault::new("M007", "no rule");
        for number in 0..12_000 {
            let device = format!("D-{number}").parse().unwrap();
            misreads.note(&device, (&fault, None), b"", Timestamp::from_micros(number));
        }
        assert_eq!(misreads.all().len(), DEVICES_MAX);
        let seen = misreads.0.lock().unwrap();
        assert_eq!(
            (seen.written.len(), seen.order.len()),
            (KINDS_MAX, KINDS_MAX)
        );
    }
}
