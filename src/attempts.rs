//! Attempts that came to nothing below the services: counted, logged, and audited once an hour for
//! each address and cause. Of IPv6 a site's network of 64 bits is one address.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cordon_contract::Clock;
use cordon_flow::{Audited, Submit};
use cordon_http::{Attempt, Cause, Pace, Rate, site};
use cordon_model::{AuditOutcome, PartyId, Timestamp};
use tokio::sync::mpsc;

/// Addresses with their causes that are remembered as told in an hour; beyond, the oldest is forgotten
/// and may be told again.
const TOLD_MAX: usize = 1_000;
/// Audits of one cause: many addresses at once, and then no more than fills no journal.
const RATE: Rate = Rate {
    at_once: 1_000,
    a_second: 1,
};
/// Audits that may wait for the journal. One that finds no room is only counted and logged; the next
/// attempt from its address is audited instead.
const WAITING_MAX: usize = 256;
const HOUR_MICROS: i64 = 3_600_000_000;

/// The book of attempts.
pub struct Attempts {
    counts: Mutex<BTreeMap<&'static str, u64>>,
    told: Mutex<Told>,
    pace: Pace<Cause>,
    audits: mpsc::Sender<Audited>,
    hub: PartyId,
}

#[derive(Default)]
struct Told {
    hour: i64,
    known: HashSet<(IpAddr, Cause)>,
    /// The same in the order in which they were told.
    order: VecDeque<(IpAddr, Cause)>,
}

impl Told {
    /// Whether this address and cause were told in this hour.
    fn is_told(&mut self, key: (IpAddr, Cause), now: Timestamp) -> bool {
        let hour = now.micros().div_euclid(HOUR_MICROS);
        if self.hour != hour {
            self.hour = hour;
            self.known.clear();
            self.order.clear();
        }
        self.known.contains(&key)
    }

    /// Notes that they were.
    fn mark(&mut self, key: (IpAddr, Cause)) {
        if !self.known.insert(key) {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > TOLD_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
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
        Self::with(audits, hub)
    }

    fn with(audits: mpsc::Sender<Audited>, hub: PartyId) -> Self {
        Self {
            counts: Mutex::default(),
            told: Mutex::default(),
            pace: Pace::new(RATE),
            audits,
            hub,
        }
    }

    /// Takes one in.
    pub fn take(&self, attempt: &Attempt, clock: &dyn Clock) {
        let (address, cause) = (site(attempt.peer.ip()), attempt.cause);
        let name = cause.as_str();
        {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            *counts.entry(name).or_default() += 1;
        }
        // Held while it is told, so that two at once are told once.
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_told = told.is_told((address, cause), clock.now());
        if is_told || self.pace.turn(&cause, Duration::ZERO).is_none() {
            tracing::debug!(peer = %attempt.peer, cause = name, "{}", attempt.detail);
            return;
        }
        tracing::warn!(peer = %attempt.peer, cause = name, "turned away: {}", attempt.detail);
        let audited = Audited {
            action: format!("door.{name}"),
            actor: self.hub.clone(),
            target: Some(address.to_string()),
            outcome: AuditOutcome::Denied,
            detail: Some(attempt.detail.clone()),
        };
        match self.audits.try_send(audited) {
            Ok(()) => told.mark((address, cause)),
            Err(_) => {
                self.pace.give_back(&cause);
                tracing::warn!(cause = name, "too many attempts wait to be recorded");
            }
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
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::time::Instant;

    use super::*;

    /// A clock that stands at an hour.
    struct At(i64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0 * HOUR_MICROS + 5)
        }
    }

    fn book(room: usize) -> (Attempts, mpsc::Receiver<Audited>) {
        let (audits, waiting) = mpsc::channel(room);
        (Attempts::with(audits, "hub-1".parse().unwrap()), waiting)
    }

    fn attempt(address: IpAddr, cause: Cause) -> Attempt {
        Attempt {
            peer: SocketAddr::new(address, 40_000),
            cause,
            detail: "turned away".to_owned(),
        }
    }

    fn numbered(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(number))
    }

    fn targets(waiting: &mut mpsc::Receiver<Audited>) -> Vec<String> {
        let mut targets = Vec::new();
        while let Ok(audited) = waiting.try_recv() {
            targets.push(audited.target.unwrap());
        }
        targets
    }

    #[test]
    fn an_address_is_told_once_an_hour_for_each_cause() {
        let (book, mut waiting) = book(100);
        let cause = Cause::CertificateRevoked;
        for hour in [1, 1, 2] {
            book.take(&attempt(numbered(1), cause), &At(hour));
            book.take(&attempt(numbered(1), Cause::NotFound), &At(hour));
        }
        assert_eq!(targets(&mut waiting).len(), 4);
        assert_eq!(book.counts().values().sum::<u64>(), 6);
    }

    #[test]
    fn an_attempt_that_found_no_room_is_audited_at_the_next_one() {
        let (book, mut waiting) = book(1);
        let cause = Cause::CertificateRevoked;
        book.take(&attempt(numbered(1), cause), &At(1));
        book.take(&attempt(numbered(2), cause), &At(1));
        assert_eq!(targets(&mut waiting), ["0.0.0.1"]);
        book.take(&attempt(numbered(2), cause), &At(1));
        assert_eq!(targets(&mut waiting), ["0.0.0.2"]);
        book.take(&attempt(numbered(2), cause), &At(1));
        assert!(targets(&mut waiting).is_empty());
    }

    #[test]
    fn a_site_of_ipv6_is_one_address() {
        let (book, mut waiting) = book(100);
        for host in ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"] {
            book.take(&attempt(host.parse().unwrap(), Cause::NotFound), &At(1));
        }
        assert_eq!(targets(&mut waiting), ["2001:db8::", "2001:db8:0:1::"]);
    }

    #[test]
    fn a_flood_of_addresses_is_bounded_and_mutes_nobody_for_good() {
        let (book, mut waiting) = book(10_000);
        let cause = Cause::CertificateRevoked;
        for number in 0..5_000 {
            book.take(&attempt(numbered(number), cause), &At(1));
        }
        assert_eq!(targets(&mut waiting).len(), 1_000);
        let partner: IpAddr = "10.9.9.9".parse().unwrap();
        book.take(&attempt(partner, Cause::NotFound), &At(1));
        assert_eq!(targets(&mut waiting), ["10.9.9.9"], "another cause");
        // Of the same cause one more has its turn a second later.
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut within_the_hour = Vec::new();
        while within_the_hour.is_empty() && Instant::now() < deadline {
            book.take(&attempt(partner, cause), &At(1));
            within_the_hour = targets(&mut waiting);
        }
        assert_eq!(within_the_hour, ["10.9.9.9"]);
        let told = book.told.lock().unwrap();
        assert_eq!(told.known.len(), TOLD_MAX);
        assert_eq!(told.order.len(), TOLD_MAX);
        assert!(!told.known.contains(&(numbered(0), cause)), "the oldest");
    }
}
