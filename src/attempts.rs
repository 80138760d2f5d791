//! Attempts that came to nothing below the services: counted, logged, and audited once an hour for
//! each address and cause.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use cordon_contract::Clock;
use cordon_flow::{Audited, Submit};
use cordon_http::{Attempt, Cause};
use cordon_model::{AuditOutcome, PartyId, Timestamp};
use tokio::sync::mpsc;

/// Addresses with their causes that are told apart in an hour; beyond, one audit for each cause.
const TOLD_MAX: usize = 1_000;
/// Audits that may wait for the journal; beyond, they are only counted and logged.
const WAITING_MAX: usize = 256;
const HOUR_MICROS: i64 = 3_600_000_000;

/// The book of attempts.
pub struct Attempts {
    counts: Mutex<BTreeMap<&'static str, u64>>,
    told: Mutex<Told>,
    audits: mpsc::Sender<Audited>,
    hub: PartyId,
}

#[derive(Default)]
struct Told {
    hour: i64,
    /// None stands for every address that came after the table was full.
    known: HashSet<(Option<IpAddr>, Cause)>,
}

impl Told {
    /// Whether this address and cause are new in this hour; the address under which they are told.
    fn is_new(&mut self, address: IpAddr, cause: Cause, now: Timestamp) -> Option<Option<IpAddr>> {
        let hour = now.micros().div_euclid(HOUR_MICROS);
        if self.hour != hour {
            self.hour = hour;
            self.known.clear();
        }
        let mut key = (Some(address), cause);
        if !self.known.contains(&key) && self.known.len() >= TOLD_MAX {
            key.0 = None;
        }
        self.known.insert(key).then_some(key.0)
    }
}

impl Attempts {
    /// An empty book whose audits go to the journal in the hub's name.
    pub fn open(submit: Submit) -> Self {
        let (audits, mut waiting) = mpsc::channel::<Audited>(WAITING_MAX);
        let hub = submit.hub().clone();
        tokio::spawn(async move {
            while let Some(audited) = waiting.recv().await {
                if let Err(fault) = submit.audit(&audited).await {
                    tracing::warn!(%fault, "an attempt could not be recorded");
                }
            }
        });
        Self {
            counts: Mutex::default(),
            told: Mutex::default(),
            audits,
            hub,
        }
    }

    /// Takes one in.
    pub fn take(&self, attempt: &Attempt, clock: &dyn Clock) {
        let (address, cause) = (attempt.peer.ip(), attempt.cause);
        let name = cause.as_str();
        {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            *counts.entry(name).or_default() += 1;
        }
        let new = {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            told.is_new(address, cause, clock.now())
        };
        let Some(under) = new else {
            tracing::debug!(peer = %attempt.peer, cause = name, "{}", attempt.detail);
            return;
        };
        tracing::warn!(peer = %attempt.peer, cause = name, "turned away: {}", attempt.detail);
        let audited = Audited {
            action: format!("door.{name}"),
            actor: self.hub.clone(),
            target: Some(
                under.map_or_else(|| "elsewhere".to_owned(), |address| address.to_string()),
            ),
            outcome: AuditOutcome::Denied,
            detail: Some(attempt.detail.clone()),
        };
        if self.audits.try_send(audited).is_err() {
            tracing::warn!(cause = name, "too many attempts wait to be recorded");
        }
    }

    /// How many of each cause since the start.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn an_address_is_told_once_an_hour_and_the_table_is_bounded() {
        let mut told = Told::default();
        let at = |hour: i64| Timestamp::from_micros(hour * HOUR_MICROS + 5);
        let address = |number: u32| IpAddr::V4(Ipv4Addr::from_bits(number));
        let cause = Cause::CertificateRevoked;
        assert_eq!(
            told.is_new(address(1), cause, at(1)),
            Some(Some(address(1)))
        );
        assert_eq!(told.is_new(address(1), cause, at(1)), None);
        assert!(told.is_new(address(1), Cause::NotFound, at(1)).is_some());
        assert!(told.is_new(address(1), cause, at(2)).is_some());
        for number in 0..5_000 {
            told.is_new(address(number), cause, at(3));
        }
        assert_eq!(told.known.len(), TOLD_MAX + 1);
        assert!(told.known.contains(&(None, cause)));
    }
}
