//! Who may have a connection of the console.
//!
//! On loopback every caller has one address, so a connection is told by what it does. A new one always
//! gets in: for it goes the oldest that has long been without a complete head, else the oldest of the
//! kind that most are of. One that acts is never closed, and the last places are for emergency openings.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// A head that is on its way is complete by then.
const HEAD_COMES_IN: Duration = Duration::from_secs(1);

/// So long a new connection has to send its head before it gives way to a newer one: a flood that is
/// renewed is taken in at that pace, and everybody's turn comes.
const TURN: Duration = Duration::from_millis(50);

/// The same for its body, which comes with the head: a busy machine reads it a little later.
const BODY_TURN: Duration = Duration::from_millis(150);

/// Between two words about connections that were closed for others.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// How many connections the console has. Reaching a limit is a stated behaviour.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Places {
    /// In all, at least 1; beyond, one that does not act gives way to the new one.
    pub connections: usize,
    /// Of all, kept from acts other than emergency openings; beyond, an act is answered 503.
    pub kept: usize,
}

/// What a connection does.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Doing {
    /// Nothing, or its request's head is not complete.
    Waiting,
    /// Its request's body is not complete.
    Asking,
    /// It is answered, or reads its answer.
    Reading,
    /// It follows the event stream.
    Following,
    /// It acts; true for an emergency opening.
    Acting(bool),
}

/// The connections of the console.
#[derive(Debug)]
pub(crate) struct Seats {
    places: Places,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    chairs: BTreeMap<u64, Chair>,
    /// Connections closed for others so far.
    closed: u64,
    told: Option<Instant>,
}

#[derive(Debug)]
struct Chair {
    doing: Doing,
    /// When it began to.
    since: Instant,
    cut: Arc<Notify>,
}

/// Why there is no place now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Full {
    /// Every connection acts.
    Acting,
    /// The others have come so lately that they must have their turn first, for so long.
    For(Duration),
}

/// One connection's place; free again when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    number: u64,
    cut: Arc<Notify>,
    seats: Arc<Seats>,
}

impl Seats {
    pub(crate) fn new(places: Places) -> Arc<Self> {
        Arc::new(Self {
            places,
            table: Mutex::default(),
        })
    }

    /// A place for a new connection.
    pub(crate) fn arrive(self: &Arc<Self>) -> Result<Seat, Full> {
        let mut table = self.lock();
        if table.chairs.len() >= self.most() {
            table.give_way()?;
        }
        table.next += 1;
        let (number, cut) = (table.next, Arc::<Notify>::default());
        let chair = Chair {
            doing: Doing::Waiting,
            since: Instant::now(),
            cut: Arc::clone(&cut),
        };
        table.chairs.insert(number, chair);
        Ok(Seat {
            number,
            cut,
            seats: Arc::clone(self),
        })
    }

    /// Connections at most.
    pub(crate) fn most(&self) -> usize {
        self.places.connections.max(1)
    }

    /// Closes one connection, if any does not act; for when the system has no room for another one.
    pub(crate) fn make_room(&self) {
        // Where none can be closed now, the system is asked again.
        let _ = self.lock().give_way();
    }

    /// Connections that were closed for others since the start.
    pub(crate) fn closed(&self) -> u64 {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Closes the oldest connection without a head that should have come, else the oldest of the kind
    /// most are of: whoever floods crowds out itself.
    fn give_way(&mut self) -> Result<(), Full> {
        let mut waiting = self.of(Doing::Waiting);
        let is_late = waiting.any(|(_, chair)| chair.since.elapsed() >= HEAD_COMES_IN);
        drop(waiting);
        let kinds = [
            Doing::Following,
            Doing::Reading,
            Doing::Asking,
            Doing::Waiting,
        ];
        let most = kinds.into_iter().max_by_key(|kind| self.of(*kind).count());
        let kind = most.filter(|_| !is_late).unwrap_or(Doing::Waiting);
        let oldest = self.of(kind).map(|(_, chair)| chair.since.elapsed()).max();
        match oldest {
            Some(age) if age < turn(kind) => Err(Full::For(turn(kind) - age)),
            Some(_) => {
                self.close_oldest(kind);
                Ok(())
            }
            None => Err(Full::Acting),
        }
    }

    fn of(&self, kind: Doing) -> impl Iterator<Item = (&u64, &Chair)> {
        self.chairs
            .iter()
            .filter(move |(_, chair)| chair.doing == kind)
    }

    fn close_oldest(&mut self, kind: Doing) {
        let oldest = self.of(kind).min_by_key(|(_, chair)| chair.since);
        let Some(number) = oldest.map(|(number, _)| *number) else {
            return;
        };
        if let Some(chair) = self.chairs.remove(&number) {
            chair.cut.notify_one();
            self.closed += 1;
            self.tell();
        }
    }

    fn tell(&mut self) {
        if self.told.is_none_or(|at| at.elapsed() >= SAY_AGAIN) {
            self.told = Some(Instant::now());
            let closed = self.closed;
            tracing::warn!(
                closed,
                "the console's places are all taken: connections give way to new ones"
            );
        }
    }
}

/// So long nobody who does this gives way.
fn turn(kind: Doing) -> Duration {
    match kind {
        Doing::Waiting => TURN,
        Doing::Asking => BODY_TURN,
        Doing::Reading | Doing::Following | Doing::Acting(_) => Duration::ZERO,
    }
}

impl Seat {
    /// Says what the connection does now; false when there is no place for that.
    pub(crate) fn turn_to(&self, doing: Doing) -> bool {
        let places = self.seats.places;
        let mut table = self.seats.lock();
        if doing == Doing::Acting(false) {
            let acts = table.of(Doing::Acting(false)).count();
            if acts >= places.connections.saturating_sub(places.kept).max(1) {
                return false;
            }
        }
        // Whoever looks on takes no more than half, so that there is always somebody to give way.
        let followers = table.of(Doing::Following).count();
        if doing == Doing::Following && followers >= (places.connections / 2).max(1) {
            table.close_oldest(Doing::Following);
        }
        if let Some(chair) = table.chairs.get_mut(&self.number) {
            chair.doing = doing;
            chair.since = Instant::now();
        }
        true
    }

    /// Returns when the place is needed for another connection.
    pub(crate) async fn cut(&self) {
        self.cut.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.lock().chairs.remove(&self.number);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;

    fn seats(connections: usize) -> Arc<Seats> {
        Seats::new(Places {
            connections,
            kept: 1,
        })
    }

    /// A newcomer whose turn was long ago.
    fn come(seats: &Arc<Seats>) -> Seat {
        let seat = seats.arrive().unwrap();
        if let Some(chair) = seats.lock().chairs.get_mut(&seat.number) {
            chair.since = Instant::now().checked_sub(TURN).unwrap();
        }
        seat
    }

    /// Its head came, and the turn of its body was long ago.
    fn ask(seats: &Arc<Seats>, seat: &Seat) {
        assert!(seat.turn_to(Doing::Asking));
        if let Some(chair) = seats.lock().chairs.get_mut(&seat.number) {
            chair.since = Instant::now().checked_sub(BODY_TURN).unwrap();
        }
    }

    async fn is_cut(seat: &Seat) -> bool {
        tokio::time::timeout(Duration::from_millis(1), seat.cut())
            .await
            .is_ok()
    }

    #[tokio::test]
    async fn the_oldest_that_says_nothing_gives_way_and_nobody_else() {
        let seats = seats(4);
        let page = come(&seats);
        assert!(page.turn_to(Doing::Following));
        let silent: Vec<Seat> = (0..3).map(|_| come(&seats)).collect();
        let person = come(&seats);
        let closed = [is_cut(&silent[0]).await, is_cut(&silent[1]).await];
        assert_eq!(closed, [true, false]);
        assert!(person.turn_to(Doing::Reading));
        let _next = come(&seats);
        assert!(is_cut(&silent[1]).await && !is_cut(&person).await && !is_cut(&page).await);
        assert_eq!(seats.closed(), 2);
    }

    #[tokio::test]
    async fn who_has_just_come_has_a_turn_before_it_gives_way() {
        let seats = seats(2);
        let flood: Vec<Seat> = (0..2).map(|_| seats.arrive().unwrap()).collect();
        let full = seats.arrive().err();
        assert!(
            matches!(full, Some(Full::For(rest)) if rest <= TURN),
            "{full:?}"
        );
        assert!(!is_cut(&flood[0]).await);
    }

    /// On a busy machine a person's request was closed between its head and its body, by a flood of others.
    #[tokio::test]
    async fn a_body_that_comes_with_its_head_has_a_turn_as_well() {
        let seats = seats(3);
        let flood: Vec<Seat> = (0..2).map(|_| come(&seats)).collect();
        flood.iter().for_each(|seat| ask(&seats, seat));
        let person = come(&seats);
        assert!(person.turn_to(Doing::Asking));
        let others = [come(&seats), come(&seats)];
        others
            .iter()
            .for_each(|seat| assert!(seat.turn_to(Doing::Asking)));
        let full = seats.arrive().err();
        assert!(matches!(full, Some(Full::For(_))), "{full:?}");
        assert!(!is_cut(&person).await);
    }

    /// One of many pages is worth more than a connection that has long said nothing.
    #[tokio::test]
    async fn a_head_that_never_comes_gives_way_before_all_others() {
        let seats = seats(4);
        let silent = come(&seats);
        let pages: Vec<Seat> = (0..3).map(|_| come(&seats)).collect();
        for page in &pages {
            assert!(page.turn_to(Doing::Reading));
        }
        if let Some(chair) = seats.lock().chairs.get_mut(&silent.number) {
            chair.since = Instant::now().checked_sub(HEAD_COMES_IN).unwrap();
        }
        let _new = come(&seats);
        assert!(is_cut(&silent).await);
        for page in &pages {
            assert!(!is_cut(page).await);
        }
    }

    /// Where all the others leave their bodies out, a head that is on its way is not closed for them.
    #[tokio::test]
    async fn a_head_that_is_on_its_way_gives_way_to_nobody() {
        let seats = seats(4);
        let flood: Vec<Seat> = (0..3).map(|_| come(&seats)).collect();
        for seat in &flood {
            ask(&seats, seat);
        }
        let person = come(&seats);
        let _new = come(&seats);
        assert!(is_cut(&flood[0]).await && !is_cut(&person).await);
    }

    #[tokio::test]
    async fn requests_without_a_body_crowd_out_each_other() {
        let seats = seats(4);
        let page = come(&seats);
        assert!(page.turn_to(Doing::Following));
        let flood: Vec<Seat> = (0..3).map(|_| come(&seats)).collect();
        for seat in &flood {
            ask(&seats, seat);
        }
        let _new = come(&seats);
        assert!(is_cut(flood.first().unwrap()).await && !is_cut(&page).await);
    }

    #[tokio::test]
    async fn an_act_is_never_closed_and_a_place_is_kept_for_an_emergency() {
        let seats = seats(3);
        let acts: Vec<Seat> = (0..2).map(|_| come(&seats)).collect();
        for seat in &acts {
            assert!(seat.turn_to(Doing::Acting(false)));
        }
        let third = come(&seats);
        assert!(!third.turn_to(Doing::Acting(false)), "the last is kept");
        assert!(third.turn_to(Doing::Acting(true)));
        assert_eq!(seats.arrive().err(), Some(Full::Acting), "all of them act");
        drop(third);
        assert!(seats.arrive().is_ok());
    }

    #[tokio::test]
    async fn whoever_looks_on_takes_half_of_the_places() {
        let seats = seats(4);
        let pages: Vec<Seat> = (0..3).map(|_| come(&seats)).collect();
        for page in &pages {
            assert!(page.turn_to(Doing::Following));
        }
        let closed = [is_cut(&pages[0]).await, is_cut(&pages[1]).await];
        assert_eq!(closed, [true, false]);
    }
}
