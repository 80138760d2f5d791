//! Order of facts: of what one sender says about one subject, the newest statement holds.
//!
//! A pure fold over messages. What arrives late is journaled like everything else, marked as
//! overtaken, and shown to no plug-in that decides by it, so that a grant which was spooled, lost on
//! the way or sent twice never overrules its own withdrawal.

use std::collections::{BTreeMap, BTreeSet};

use cordon_model::{Body, GateId, Message};
use serde::{Deserialize, Serialize};

use crate::draft::Draft;
use crate::sealer::digest_of_parts;

/// Subjects remembered at once. Beyond it the one whose newest statement is oldest is forgotten: a
/// late statement about it would be taken as new.
pub const SUBJECTS_MAX: usize = 100_000;

/// A sender's word on a subject; half of a digest is enough to tell 100,000 apart.
type Key = [u8; 16];

/// When a statement was true, and its place in the sender's own count.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Stamp {
    occurred_micros: i64,
    sequence: u64,
}

impl Stamp {
    fn of(message: &Message) -> Self {
        Self {
            occurred_micros: message.header.occurred_at.micros(),
            sequence: message.header.sequence,
        }
    }

    /// True when time and count agree that `self` came before `newest`. Where they contradict each
    /// other (a clock set back, a count begun anew) the order of arrival decides.
    fn is_before(self, newest: Self) -> bool {
        match self.occurred_micros.cmp(&newest.occurred_micros) {
            std::cmp::Ordering::Less => newest.sequence == 0 || self.sequence <= newest.sequence,
            std::cmp::Ordering::Equal => self.sequence < newest.sequence,
            std::cmp::Ordering::Greater => false,
        }
    }
}

/// The newest statement about every subject.
#[derive(Debug, Default)]
pub(crate) struct Precedence {
    newest: BTreeMap<Key, Stamp>,
    /// The same by time, oldest first.
    by_time: BTreeSet<(i64, Key)>,
    /// The entry that changed it last.
    changed: u64,
}

impl Precedence {
    /// Whether the sender has said something newer about the same subject.
    pub(crate) fn is_overtaken(&self, draft: &Draft) -> bool {
        let Some(message) = ordered(draft) else {
            return false;
        };
        let stamp = Stamp::of(message);
        let newer = |key: Key| {
            let newest = self.newest.get(&key);
            newest.is_some_and(|newest| stamp.is_before(*newest))
        };
        let subjects = subjects(&message.body);
        subjects
            .compared
            .iter()
            .any(|subject| newer(key(draft, subject)))
    }

    /// Takes in a statement that holds, entry `number`.
    pub(crate) fn apply(&mut self, number: u64, draft: &Draft) {
        let Some(message) = ordered(draft) else {
            return;
        };
        let stamp = Stamp::of(message);
        for subject in subjects(&message.body).noted {
            let key = key(draft, &subject);
            if let Some(before) = self.newest.insert(key, stamp) {
                self.by_time.remove(&(before.occurred_micros, key));
            }
            self.by_time.insert((stamp.occurred_micros, key));
            self.changed = number;
        }
        while self.newest.len() > SUBJECTS_MAX {
            let Some((_, oldest)) = self.by_time.pop_first() else {
                return;
            };
            self.newest.remove(&oldest);
        }
    }

    /// The entry after which the stored form is out of date.
    pub(crate) fn changed(&self) -> u64 {
        self.changed
    }

    /// As stored with the state.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_stdvec(&self.newest)
    }

    /// Takes over what [`Precedence::to_bytes`] wrote.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Result<Self, postcard::Error> {
        let newest: BTreeMap<Key, Stamp> = postcard::from_bytes(bytes)?;
        let times = newest.iter();
        let by_time = times.map(|(key, stamp)| (stamp.occurred_micros, *key));
        Ok(Self {
            by_time: by_time.collect(),
            newest,
            changed: 0,
        })
    }
}

/// The message of a draft, when it is a statement that order matters for. Conformance traffic
/// changes nothing, so it overrules nothing either.
fn ordered(draft: &Draft) -> Option<&Message> {
    let message = draft.message.as_deref()?;
    let counts = draft.kind == cordon_contract::EntryKind::Message && !message.header.test;
    counts.then_some(message)
}

/// What a statement is about: under which names it is noted, and with which it is compared.
#[derive(Default)]
struct Subjects {
    noted: Vec<Vec<String>>,
    compared: Vec<Vec<String>>,
}

impl Subjects {
    fn one(parts: &[&str]) -> Self {
        let subject: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        Self {
            noted: vec![subject.clone()],
            compared: vec![subject],
        }
    }
}

fn subjects(body: &Body) -> Subjects {
    match body {
        Body::AccessGrant(grant) => {
            Subjects::one(&["grant", grant.enterprise_id.as_str(), &grant.grant_id])
        }
        Body::ListEntry(entry) => Subjects::one(&["list", &entry.entry_id]),
        Body::VehicleRegistration(vehicle) => Subjects::one(&[
            "vehicle",
            vehicle.plate.number.as_str(),
            vehicle.plate.colour.as_str(),
        ]),
        Body::PersonRegistration(person) => Subjects::one(&["person", person.person_id.as_str()]),
        Body::OnDutyStatus(status) => Subjects::one(&[
            "duty",
            status.enterprise_id.as_str(),
            status.area_id.as_deref().unwrap_or_default(),
        ]),
        Body::OperatingModeChange(change) => of_mode(&change.gates),
        _ => Subjects::default(),
    }
}

/// A mode of some gates is compared with what was said of each and of the whole park; one of the
/// whole park with everything said of modes.
fn of_mode(gates: &[GateId]) -> Subjects {
    let named = |what: &str| vec!["mode".to_owned(), what.to_owned()];
    let (park, any) = (named("park"), named("any"));
    if gates.is_empty() {
        return Subjects {
            noted: vec![park, any.clone()],
            compared: vec![any],
        };
    }
    let each = gates.iter().map(|gate| named(&format!("gate {gate}")));
    let each: Vec<Vec<String>> = each.collect();
    Subjects {
        noted: each.iter().cloned().chain([any]).collect(),
        compared: each.into_iter().chain([park]).collect(),
    }
}

fn key(draft: &Draft, subject: &[String]) -> Key {
    let sender = std::iter::once(draft.sender.as_str().as_bytes());
    let parts: Vec<&[u8]> = sender.chain(subject.iter().map(String::as_bytes)).collect();
    let digest = digest_of_parts(&parts);
    let mut key = [0; 16];
    for (to, from) in key.iter_mut().zip(digest.0) {
        *to = from;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    fn stamp(occurred_micros: i64, sequence: u64) -> Stamp {
        Stamp {
            occurred_micros,
            sequence,
        }
    }

    #[test]
    fn time_decides_the_count_where_times_are_equal_and_arrival_where_they_contradict() {
        let newest = stamp(100, 7);
        assert!(stamp(99, 6).is_before(newest));
        assert!(
            stamp(99, 7).is_before(newest),
            "a sender that does not count"
        );
        assert!(stamp(99, 0).is_before(newest));
        assert!(stamp(100, 6).is_before(newest));
        assert!(!stamp(100, 7).is_before(newest));
        assert!(!stamp(99, 8).is_before(newest), "a clock set back");
        assert!(!stamp(101, 1).is_before(newest), "a count begun anew");
        assert!(stamp(99, 8).is_before(stamp(100, 0)));
    }
}
