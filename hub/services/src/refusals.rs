//! How much of a refused request is kept, and which refusals are only counted.
//!
//! A refusal is an entry with its code, its place and the digest of what was refused. A partner that
//! sends nothing else must not fill the journal: whole bytes have a quota for each day, and the same
//! refusal again and again becomes one entry that counts. Nor must it take the time of others: beyond a
//! rate its refusals are answered one after the other, so whoever waits for answers comes no faster.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use cordon_http::{Pace, Rate};
use cordon_model::{Digest, PartyId, Timestamp};

/// Limits on what refusals leave behind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RefusalLimits {
    /// Refused bytes of one party that are kept in a day (UTC); beyond, digest and head.
    pub bytes_of_party: u64,
    /// Entries for one party and code in a minute; beyond, they are counted.
    pub of_party_a_minute: u32,
    /// Refusals of one party that are answered in a second; beyond, the answers wait.
    pub of_party_a_second: u32,
}

impl Default for RefusalLimits {
    fn default() -> Self {
        Self {
            bytes_of_party: 16 * 1024 * 1024,
            of_party_a_minute: 30,
            of_party_a_second: 20,
        }
    }
}

/// Refusals that are answered without waiting after a rest.
const AT_ONCE: u32 = 8;
/// Longest wait of an answer.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Bytes of a refused request that are kept when its party's quota is used up.
const HEAD_BYTES: usize = 1_024;
/// Most bytes that are kept of one request; the journal keeps no more.
const WHOLE_BYTES: usize = 64 * 1_024;
/// Parties remembered at once; beyond, the table starts anew. Only holders of good certificates come
/// here, so a park never has so many.
const PARTIES_MAX: usize = 10_000;

const MINUTE_MICROS: i64 = 60_000_000;
const DAY_MICROS: i64 = 86_400_000_000;

/// What is kept of a refused request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Remains {
    /// SHA-256 of all its bytes.
    pub digest: Digest,
    /// The bytes that are kept, from the beginning.
    pub kept: Bytes,
    /// They are not all.
    pub is_cut: bool,
}

/// Refusals that were only counted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tally {
    /// Whose.
    pub party: PartyId,
    /// Their code.
    pub code: &'static str,
    /// How many.
    pub count: u64,
    /// The minute in which they came.
    pub since: Timestamp,
}

/// The accounts of all parties.
#[derive(Debug)]
pub struct Refusals {
    limits: RefusalLimits,
    accounts: Mutex<HashMap<PartyId, Account>>,
    pace: Pace<PartyId>,
}

#[derive(Debug, Default)]
struct Account {
    day: i64,
    bytes: u64,
    codes: HashMap<&'static str, Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    minute: i64,
    entries: u32,
    counted: u64,
}

impl Refusals {
    /// Accounts under these limits.
    pub fn new(limits: RefusalLimits) -> Self {
        Self {
            limits,
            accounts: Mutex::default(),
            pace: Pace::new(Rate {
                at_once: AT_ONCE,
                a_second: limits.of_party_a_second,
            }),
        }
    }

    /// What is kept of a refused request, given with its digest; none when it is only counted.
    pub fn keep(
        &self,
        party: &PartyId,
        code: &'static str,
        (bytes, digest): (Bytes, Digest),
        now: Timestamp,
    ) -> Option<Remains> {
        let max = {
            let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
            if accounts.len() >= PARTIES_MAX && !accounts.contains_key(party) {
                accounts.clear();
            }
            let account = accounts.entry(party.clone()).or_default();
            account.admit(code, bytes.len(), now, self.limits)?
        };
        let kept = bytes.get(..bytes.len().min(max)).unwrap_or_default();
        Some(Remains {
            digest,
            is_cut: kept.len() < bytes.len(),
            kept: Bytes::copy_from_slice(kept),
        })
    }

    /// How long the answer to one more refusal of this party waits for its turn.
    pub fn wait(&self, party: &PartyId) -> Duration {
        self.pace.turn(party, WAIT_MAX).unwrap_or(WAIT_MAX)
    }

    /// What was only counted in minutes that are over; each is told once.
    pub fn tallies(&self, now: Timestamp) -> Vec<Tally> {
        let minute = now.micros().div_euclid(MINUTE_MICROS);
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tallies = Vec::new();
        for (party, account) in accounts.iter_mut() {
            for (code, counts) in &mut account.codes {
                if counts.counted > 0 && counts.minute != minute {
                    tallies.push(Tally {
                        party: party.clone(),
                        code,
                        count: std::mem::take(&mut counts.counted),
                        since: Timestamp::from_micros(counts.minute * MINUTE_MICROS),
                    });
                }
            }
        }
        tallies
    }
}

impl Default for Refusals {
    fn default() -> Self {
        Self::new(RefusalLimits::default())
    }
}

impl Account {
    /// How many bytes are kept; none when the refusal is only counted.
    fn admit(
        &mut self,
        code: &'static str,
        bytes: usize,
        now: Timestamp,
        limits: RefusalLimits,
    ) -> Option<usize> {
        let minute = now.micros().div_euclid(MINUTE_MICROS);
        let counts = self.codes.entry(code).or_default();
        // What was counted before and is not told yet keeps its minute until it is.
        if counts.minute != minute && counts.counted == 0 {
            *counts = Minute {
                minute,
                ..Minute::default()
            };
        }
        if counts.minute != minute || counts.entries >= limits.of_party_a_minute {
            counts.counted += 1;
            return None;
        }
        counts.entries += 1;
        let day = now.micros().div_euclid(DAY_MICROS);
        if self.day != day {
            self.day = day;
            self.bytes = 0;
        }
        let whole = bytes.min(WHOLE_BYTES);
        let after = self.bytes.saturating_add(whole as u64);
        if after > limits.bytes_of_party {
            return Some(HEAD_BYTES);
        }
        self.bytes = after;
        Some(whole)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "test code")]
mod tests {
    use cordon_wire::digest_of_bytes;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(1_790_000_040_000_000 + seconds * 1_000_000)
    }

    fn plant() -> PartyId {
        "plant".parse().unwrap()
    }

    #[test]
    fn a_flood_of_one_refusal_becomes_entries_and_a_count() {
        let refusals = Refusals::new(RefusalLimits::default());
        let body = Bytes::from_static(b"x");
        let digest = digest_of_bytes(&body);
        let one = |code, second| {
            let whole = (body.clone(), digest);
            refusals.keep(&plant(), code, whole, at(second))
        };
        let entries = (0..1_000).filter(|_| one("V006", 0).is_some()).count();
        assert_eq!(entries, 30);
        assert!(one("V001", 0).is_some(), "another code has its own count");
        assert!(refusals.tallies(at(1)).is_empty(), "the minute is not over");
        let tallies = refusals.tallies(at(60));
        let [tally] = tallies.as_slice() else {
            panic!("{tallies:?}");
        };
        assert_eq!((tally.count, tally.code), (970, "V006"));
        assert!(refusals.tallies(at(61)).is_empty(), "told once");
        assert!(one("V006", 61).is_some(), "a new minute begins");
    }

    #[test]
    fn whole_bytes_have_a_quota_and_the_digest_is_of_all() {
        let refusals = Refusals::new(RefusalLimits {
            bytes_of_party: 100_000,
            of_party_a_minute: 1_000,
            ..RefusalLimits::default()
        });
        let body = Bytes::from(vec![7; 200_000]);
        let digest = digest_of_bytes(&body);
        let keep = |second| {
            let whole = (body.clone(), digest);
            refusals.keep(&plant(), "V006", whole, at(second)).unwrap()
        };
        let (first, second) = (keep(0), keep(1));
        assert_eq!(
            (first.kept.len(), second.kept.len()),
            (WHOLE_BYTES, HEAD_BYTES)
        );
        assert!(first.is_cut && second.is_cut);
        assert_eq!(first.digest, digest);
        assert_eq!(second.digest, first.digest);
        assert_eq!(keep(86_400).kept.len(), WHOLE_BYTES, "the next day");
    }

    #[test]
    fn answers_of_a_flood_wait_and_those_of_others_do_not() {
        let refusals = Refusals::new(RefusalLimits {
            of_party_a_second: 1,
            ..RefusalLimits::default()
        });
        let other = "other".parse().unwrap();
        let waits: Vec<_> = (0..30).map(|_| refusals.wait(&plant())).collect();
        let at_once = waits.iter().filter(|wait| wait.is_zero()).count();
        assert_eq!(at_once, 8);
        assert!(waits.iter().all(|wait| *wait <= WAIT_MAX));
        assert_eq!(waits.last(), Some(&WAIT_MAX));
        assert_eq!(refusals.wait(&other), Duration::ZERO);
    }
}
