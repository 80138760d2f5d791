//! Who may have a connection: places for those who are still greeting, for guests, for parties.
//!
//! A connection is accepted at once and costs little until it has greeted. When the places are all
//! taken, the oldest of the address that has most gives way: those who greet in time are never the
//! oldest for long.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::pace::{Pace, Rate, site};

/// What a peer is to the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// Nobody we know.
    Stranger,
    /// One of the parties.
    Known,
    /// One who acts in an emergency, for whom places are kept.
    Kept,
}

/// Whom a connection belongs to.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The party; strangers are told apart by their address.
    pub name: Arc<str>,
    /// What it is to the server.
    pub standing: Standing,
}

/// How many connections there may be. Reaching a limit is a stated behaviour.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Places {
    /// Connections that are still greeting (TLS); beyond, the oldest of the address with most goes.
    pub greeting: usize,
    /// Connections of parties in all, those kept included.
    pub parties: usize,
    /// Connections of one party; beyond, its oldest idle one goes, or the new one.
    pub of_party: usize,
    /// Of all, kept for those who act in an emergency.
    pub kept: usize,
    /// Connections of strangers in all; beyond, the oldest of the address with most goes.
    pub strangers: usize,
    /// TLS handshakes of one address that end with nobody who is known; beyond, those of the address
    /// wait their turn.
    pub of_address: Rate,
    /// TLS handshakes of one party; beyond, its new connections wait their turn. Those who act in an
    /// emergency never wait.
    pub handshakes: Rate,
}

impl Places {
    /// Connections in all. As many have a file open at most, beside the one that comes.
    pub(crate) fn all(&self) -> usize {
        let seated = self.greeting.max(1) + self.strangers.max(1);
        seated.saturating_add(self.parties).max(1)
    }
}

impl Default for Places {
    fn default() -> Self {
        Self {
            greeting: 256,
            parties: 1_000,
            of_party: 100,
            kept: 16,
            strangers: 32,
            of_address: Rate {
                at_once: 200,
                a_second: 200,
            },
            handshakes: Rate {
                at_once: 300,
                a_second: 300,
            },
        }
    }
}

/// The connections of one server.
#[derive(Debug)]
pub(crate) struct Seats {
    places: Places,
    table: Mutex<Table>,
    addresses: Pace<IpAddr>,
    parties: Pace<Arc<str>>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    greeting: BTreeMap<u64, Chair>,
    strangers: BTreeMap<u64, Chair>,
    parties: BTreeMap<u64, Chair>,
    kept: usize,
}

#[derive(Debug)]
struct Chair {
    owner: Owner,
    is_kept: bool,
    seat: Arc<Shared>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Owner {
    Address(IpAddr),
    Party(Arc<str>),
}

/// What a connection and the table share.
#[derive(Debug, Default)]
struct Shared {
    cut: Notify,
    busy: AtomicBool,
}

/// One connection's place; free again when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    number: u64,
    address: IpAddr,
    shared: Arc<Shared>,
    seats: Arc<Seats>,
}

impl Seats {
    pub(crate) fn new(places: Places) -> Arc<Self> {
        Arc::new(Self {
            places,
            table: Mutex::default(),
            addresses: Pace::new(places.of_address),
            parties: Pace::new(places.handshakes),
        })
    }

    /// A place for a connection that has yet to greet.
    pub(crate) fn arrive(self: &Arc<Self>, address: IpAddr) -> Seat {
        let mut table = self.lock();
        if table.greeting.len() >= self.places.greeting.max(1) {
            crowded_out(&mut table.greeting);
        }
        table.next += 1;
        let (number, shared) = (table.next, Arc::<Shared>::default());
        let chair = Chair {
            owner: Owner::Address(address),
            is_kept: false,
            seat: Arc::clone(&shared),
        };
        table.greeting.insert(number, chair);
        Seat {
            number,
            address,
            shared,
            seats: Arc::clone(self),
        }
    }

    /// Frees the place of the oldest connection that is still greeting, of the address with most;
    /// for when the system has no room for another one.
    pub(crate) fn make_room(&self) {
        crowded_out(&mut self.lock().greeting);
    }

    /// Moves a connection that has greeted to a place of its own; false when there is none.
    fn settle(&self, number: u64, guest: &Guest) -> bool {
        let mut table = self.lock();
        // Crowded out meanwhile.
        let Some(mut chair) = table.greeting.remove(&number) else {
            return false;
        };
        if guest.standing == Standing::Stranger {
            if table.strangers.len() >= self.places.strangers.max(1) {
                crowded_out(&mut table.strangers);
            }
            table.strangers.insert(number, chair);
            return true;
        }
        chair.owner = Owner::Party(Arc::clone(&guest.name));
        chair.is_kept = guest.standing == Standing::Kept;
        if !self.has_room(&mut table, &chair) {
            return false;
        }
        table.kept += usize::from(chair.is_kept);
        table.parties.insert(number, chair);
        true
    }

    /// Whether a party may have one more, if need be in the place of an idle one.
    fn has_room(&self, table: &mut Table, new: &Chair) -> bool {
        let own = table
            .parties
            .values()
            .filter(|chair| chair.owner == new.owner);
        if own.count() >= self.places.of_party && !idle_out(table, Some(&new.owner)) {
            return false;
        }
        let others = table.parties.len() - table.kept;
        let kept_free = self.places.kept.saturating_sub(table.kept);
        let is_full = match new.is_kept {
            true => table.parties.len() >= self.places.parties,
            false => others + table.kept + kept_free >= self.places.parties,
        };
        !is_full || idle_out(table, None)
    }

    fn leave(&self, number: u64) {
        let mut table = self.lock();
        if table.greeting.remove(&number).is_none() && table.strangers.remove(&number).is_none() {
            table.forget(number);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Takes a party's chair away.
    fn forget(&mut self, number: u64) -> Option<Chair> {
        let chair = self.parties.remove(&number)?;
        self.kept -= usize::from(chair.is_kept);
        Some(chair)
    }
}

/// Ends the oldest connection of the owner that has most.
fn crowded_out(chairs: &mut BTreeMap<u64, Chair>) {
    let mut counts: HashMap<&Owner, usize> = HashMap::new();
    for chair in chairs.values() {
        *counts.entry(&chair.owner).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or_default();
    let oldest = chairs
        .iter()
        .find(|(_, chair)| counts.get(&chair.owner) == Some(&most))
        .map(|(number, _)| *number);
    if let Some(chair) = oldest.and_then(|number| chairs.remove(&number)) {
        chair.seat.cut.notify_one();
    }
}

/// Ends the oldest connection that waits for its next request, of one owner or of all but those kept.
fn idle_out(table: &mut Table, owner: Option<&Owner>) -> bool {
    let is_idle = |chair: &Chair| !chair.seat.busy.load(Ordering::Relaxed);
    let oldest = table
        .parties
        .iter()
        .filter(|(_, chair)| owner.map_or(!chair.is_kept, |owner| chair.owner == *owner))
        .find(|(_, chair)| is_idle(chair))
        .map(|(number, _)| *number);
    match oldest.and_then(|number| table.forget(number)) {
        Some(chair) => {
            chair.seat.cut.notify_one();
            true
        }
        None => false,
    }
}

impl Seat {
    /// How long a handshake of this address waits for its turn; none when that is beyond `patience`.
    pub(crate) fn turn(&self, patience: Duration) -> Option<Duration> {
        self.seats.addresses.turn(&site(self.address), patience)
    }

    /// The same of the party whose handshake it was. Its address has not used a turn: many may share
    /// one, and a party answers for itself.
    pub(crate) fn turn_of(&self, guest: &Guest, patience: Duration) -> Option<Duration> {
        if guest.standing == Standing::Stranger {
            return Some(Duration::ZERO);
        }
        self.seats.addresses.give_back(&site(self.address));
        match guest.standing {
            Standing::Kept => Some(Duration::ZERO),
            _ => self.seats.parties.turn(&guest.name, patience),
        }
    }

    /// Moves to a place of the guest's own; false when there is none.
    pub(crate) fn settle(&self, guest: &Guest) -> bool {
        self.seats.settle(self.number, guest)
    }

    /// Says whether a request is under way.
    pub(crate) fn busy(&self, is_busy: bool) {
        self.shared.busy.store(is_busy, Ordering::Relaxed);
    }

    /// Returns when the place is needed for somebody else.
    pub(crate) async fn cut(&self) {
        self.shared.cut.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.leave(self.number);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            greeting: 3,
            parties: 4,
            of_party: 2,
            kept: 1,
            strangers: 2,
            of_address: Rate {
                at_once: 2,
                a_second: 1,
            },
            handshakes: Rate {
                at_once: 3,
                a_second: 1,
            },
        }
    }

    fn guest(name: &str, standing: Standing) -> Guest {
        Guest {
            name: name.into(),
            standing,
        }
    }

    async fn is_cut(seat: &Seat) -> bool {
        tokio::time::timeout(Duration::from_millis(1), seat.cut())
            .await
            .is_ok()
    }

    #[tokio::test]
    async fn those_who_only_connect_crowd_out_each_other() {
        let seats = Seats::new(places());
        let flood: IpAddr = "10.0.0.1".parse().unwrap();
        let plant: IpAddr = "10.0.0.2".parse().unwrap();
        let partner = seats.arrive(plant);
        let first = seats.arrive(flood);
        let second = seats.arrive(flood);
        let third = seats.arrive(flood);
        assert!(is_cut(&first).await, "the oldest of the address with most");
        assert!(!is_cut(&partner).await && !is_cut(&second).await && !is_cut(&third).await);
        assert!(!first.settle(&guest("late", Standing::Known)));
        assert!(partner.settle(&guest("plant", Standing::Known)));
    }

    #[tokio::test]
    async fn a_party_gives_up_its_own_idle_connection_and_no_busy_one() {
        let seats = Seats::new(places());
        let come = |name: &str, standing| {
            let seat = seats.arrive("10.0.0.1".parse().unwrap());
            let has_place = seat.settle(&guest(name, standing));
            (seat, has_place)
        };
        let (busy, _) = come("a", Standing::Known);
        busy.busy(true);
        let (idle, _) = come("a", Standing::Known);
        let (next, has_place) = come("a", Standing::Known);
        assert!(has_place && is_cut(&idle).await && !is_cut(&busy).await);
        next.busy(true);
        assert!(!come("a", Standing::Known).1, "both are busy");

        let (other, has_place) = come("b", Standing::Known);
        other.busy(true);
        assert!(has_place, "another party has places of its own");
        assert!(!come("c", Standing::Known).1, "the last place is kept");
        assert!(come("operator", Standing::Kept).1);
    }

    #[test]
    fn a_party_answers_for_its_handshakes_and_an_address_for_those_of_nobody() {
        const PATIENCE: Duration = Duration::from_millis(1_200);
        let told = |wait: Option<Duration>| match wait {
            None => "away",
            Some(Duration::ZERO) => "now",
            Some(_) => "waits",
        };
        let seats = Seats::new(places());
        let seat = seats.arrive("10.0.0.1".parse().unwrap());
        let handshake = |name, standing| {
            let first = seat.turn(PATIENCE);
            (
                told(first),
                told(seat.turn_of(&guest(name, standing), PATIENCE)),
            )
        };
        for wait in ["now", "now", "now", "waits", "away"] {
            let of_plant = handshake("plant", Standing::Known);
            assert_eq!(of_plant, ("now", wait), "the address gets its turn back");
        }
        assert_eq!(handshake("other", Standing::Known), ("now", "now"));
        for _ in 0..20 {
            let of_operator = handshake("operator", Standing::Kept);
            assert_eq!(of_operator, ("now", "now"), "never waits");
        }
        for wait in ["now", "now", "waits", "away"] {
            assert_eq!(handshake("", Standing::Stranger), (wait, "now"));
        }
        let elsewhere = seats.arrive("10.0.0.2".parse().unwrap());
        assert_eq!(told(elsewhere.turn(PATIENCE)), "now");
    }

    #[tokio::test]
    async fn a_place_is_free_again_when_its_connection_ends() {
        let seats = Seats::new(places());
        for _ in 0..20 {
            let seat = seats.arrive("10.0.0.1".parse().unwrap());
            assert!(seat.settle(&guest("a", Standing::Kept)));
            seat.busy(true);
        }
        let table = seats.lock();
        assert!(table.parties.is_empty() && table.greeting.is_empty() && table.kept == 0);
    }
}
