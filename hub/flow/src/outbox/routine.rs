//! The routine orders of one target: by how urgent they are, then fair among their authors.
//!
//! The next order is the most urgent one; of equally urgent ones that of the author who was served
//! longest ago; of one author's the oldest. Every fourth time only the latter counts, so that nobody's red
//! alarms keep another's yellow one waiting for good.
//!
//! All authors together have [`WAITING_MAX`] places, and while one is free nobody gives up any. When all are
//! taken the author whose orders are the most gives up his least urgent, and of these the newest; never
//! another's.

use std::collections::BTreeMap;

use cordon_contract::Order;
use cordon_model::Timestamp;

use super::rank::Rank;

/// Orders that may wait for one target in one lane.
pub(crate) const WAITING_MAX: usize = 10_000;
/// Every so many times it is the turn of whoever was served longest ago, whatever he waits with.
const FAIR_TURN: u64 = 4;

/// What waits of one author: by urgency and number of the order.
#[derive(Default)]
struct Author {
    waiting: BTreeMap<(u8, u64), Order>,
    /// The turn at which he was served last.
    served: u64,
}

/// What waits of all authors.
#[derive(Default)]
pub(crate) struct Routine {
    authors: BTreeMap<String, Author>,
    /// Deadline and number of each, with where it waits.
    deadlines: BTreeMap<(Timestamp, u64), Rank>,
    turn: u64,
}

impl Routine {
    pub(crate) fn len(&self) -> usize {
        self.deadlines.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.deadlines.is_empty()
    }

    /// Puts an order in its place; gives the one that has to give way, maybe this very one.
    pub(crate) fn put(&mut self, order: Order, rank: Rank) -> Option<Order> {
        self.put_back(order, rank);
        if self.len() <= WAITING_MAX {
            return None;
        }
        let authors = self.authors.iter();
        let fullest = authors.max_by_key(|(_, author)| author.waiting.len());
        let fullest = fullest.map(|(name, _)| name.clone())?;
        self.give_up(&fullest)
    }

    /// Puts an order that was taken out in its place again, whatever else waits: it is one at a time.
    pub(crate) fn put_back(&mut self, order: Order, rank: Rank) {
        let place = (rank.urgency, order.number);
        let author = self.authors.entry(rank.author.clone()).or_default();
        self.deadlines.insert((order.deadline, order.number), rank);
        author.waiting.insert(place, order);
    }

    /// The next order.
    pub(crate) fn next(&mut self) -> Option<(Order, Rank)> {
        self.turn += 1;
        let is_fair = self.turn.is_multiple_of(FAIR_TURN);
        let first = |author: &Author| author.waiting.keys().next().copied();
        let authors = self.authors.iter();
        let waiting = authors.filter_map(|(name, author)| {
            let (urgency, number) = first(author)?;
            let urgency_counts = if is_fair { 0 } else { urgency };
            let turn = (urgency_counts, author.served, urgency, number);
            Some((turn, name, (urgency, number)))
        });
        let (_, name, place) = waiting.min()?;
        let name = name.clone();
        if let Some(author) = self.authors.get_mut(&name) {
            author.served = self.turn;
        }
        self.take(&name, place)
    }

    /// The order whose deadline passed first, if one did.
    pub(crate) fn next_past(&mut self, now: Timestamp) -> Option<(Order, Rank)> {
        let ((deadline, number), rank) = self.deadlines.first_key_value()?;
        if *deadline >= now {
            return None;
        }
        let (name, place) = (rank.author.clone(), (rank.urgency, *number));
        self.take(&name, place)
    }

    fn give_up(&mut self, author: &str) -> Option<Order> {
        let waiting = &self.authors.get(author)?.waiting;
        let place = *waiting.keys().next_back()?;
        self.take(author, place).map(|(order, _)| order)
    }

    fn take(&mut self, name: &str, place: (u8, u64)) -> Option<(Order, Rank)> {
        let author = self.authors.get_mut(name)?;
        let order = author.waiting.remove(&place)?;
        if author.waiting.is_empty() {
            self.authors.remove(name);
        }
        let rank = self.deadlines.remove(&(order.deadline, order.number))?;
        Some((order, rank))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cordon_contract::{OrderLane, Target};
    use cordon_model::{
        AuditEvent, AuditOutcome, Body, Header, Message, MessageId, MessageType, ParkCode, PartyId,
        Quality, Sensitivity,
    };

    use super::*;

    const RED: u8 = 0;
    const YELLOW: u8 = 2;

    fn order(number: u64) -> Order {
        let at = Timestamp::from_micros(0);
        let hub = PartyId::new("HUB-1").unwrap();
        let header = Header {
            message_id: MessageId::from_bytes([7; 16]),
            message_type: MessageType::AuditEvent,
            schema_version: "1.0".to_owned(),
            park_code: ParkCode::new("JS-320700-01").unwrap(),
            sender_id: hub.clone(),
            recipient_id: None,
            occurred_at: at,
            sent_at: at,
            sequence: 0,
            correlation_id: None,
            attested_by: None,
            source_ref: None,
            quality: Quality::Measured,
            sensitivity: Sensitivity::Internal,
            test: false,
        };
        let body = Body::AuditEvent(AuditEvent {
            action: "told".to_owned(),
            actor_id: hub,
            target: None,
            outcome: AuditOutcome::Success,
            detail: None,
            at,
        });
        Order {
            number,
            target: Target::receiver("duty"),
            lane: OrderLane::Routine,
            deadline: Timestamp::from_micros(1_000_000 + i64::try_from(number).unwrap()),
            epoch: 1,
            attempt: 0,
            turn: 0,
            message: Arc::new(Message { header, body }),
        }
    }

    fn rank(author: &str, urgency: u8) -> Rank {
        let author = author.to_owned();
        Rank { urgency, author }
    }

    fn next(queue: &mut Routine) -> (String, u64) {
        let (order, rank) = queue.next().unwrap();
        (rank.author, order.number)
    }

    /// 20,000 red alarms of one author kept another's waiting, or had it given up.
    #[test]
    fn a_flood_of_red_costs_nobody_but_its_author() {
        let mut queue = Routine::default();
        let mut given_up = 0;
        for number in 0..20_000 {
            if let Some(order) = queue.put(order(number), rank("ENT-1", RED)) {
                assert_eq!(order.number, number, "the newest gives way");
                given_up += 1;
            }
        }
        assert_eq!((queue.len(), given_up), (WAITING_MAX, 20_000 - WAITING_MAX));
        assert_eq!(next(&mut queue).0, "ENT-1");
        queue.put(order(20_000), rank("ENT-1", RED));
        for number in 20_001..20_007 {
            let gave = queue.put(order(number), rank("ENT-2", RED)).unwrap();
            assert_ne!(gave.number, number, "one of the flood");
            assert_eq!(next(&mut queue), ("ENT-2".to_owned(), number));
            assert!(queue.put(order(number + 100), rank("ENT-1", RED)).is_none());
        }
    }

    /// 1,500 smoke alarms behind one gateway: 500 were given up with 8,500 places free.
    #[test]
    fn while_places_are_free_nobody_gives_up_any() {
        let mut queue = Routine::default();
        let given_up = (0..1_500).filter_map(|number| queue.put(order(number), rank("MQ-01", 1)));
        assert_eq!(given_up.count(), 0);
        let told: Vec<u64> = (0..1_500).map(|_| next(&mut queue).1).collect();
        assert_eq!(told, (0..1_500).collect::<Vec<_>>());
    }

    #[test]
    fn the_most_urgent_goes_first_and_nobody_waits_for_good() {
        let mut queue = Routine::default();
        queue.put(order(1), rank("ENT-2", YELLOW));
        queue.put(order(2), rank("ENT-1", YELLOW));
        for number in 3..20 {
            queue.put(order(number), rank("ENT-1", RED));
        }
        let told: Vec<_> = (0..8).map(|_| next(&mut queue)).collect();
        let names: Vec<u64> = told.iter().map(|(_, number)| *number).collect();
        assert_eq!(names, [3, 4, 5, 1, 6, 7, 8, 9]);
    }

    #[test]
    fn equally_urgent_ones_go_out_by_turns() {
        let mut queue = Routine::default();
        for number in 0..4 {
            queue.put(order(number), rank("ENT-1", RED));
            queue.put(order(100 + number), rank("ENT-2", RED));
        }
        let told: Vec<_> = (0..8).map(|_| next(&mut queue).1).collect();
        assert_eq!(told, [0, 100, 1, 101, 2, 102, 3, 103]);
    }

    /// Ten authors fill the queue; who comes with one order takes a place of the fullest.
    #[test]
    fn at_the_limit_the_fullest_author_gives_up_his_least_urgent() {
        let mut queue = Routine::default();
        let mut number = 0;
        let share = u64::try_from(WAITING_MAX / 10).unwrap();
        for author in 0..10 {
            for place in 0..share - u64::from(author > 0) {
                number += 1;
                let urgency = if place == 5 { YELLOW } else { RED };
                let name = format!("ENT-{author}");
                assert!(queue.put(order(number), rank(&name, urgency)).is_none());
            }
        }
        for _ in 0..9 {
            number += 1;
            assert!(queue.put(order(number), rank("OP-1", RED)).is_none());
        }
        assert_eq!(queue.len(), WAITING_MAX);
        let gave = queue.put(order(number + 1), rank("OP-1", YELLOW)).unwrap();
        assert_eq!(gave.number, 6, "the yellow one of the fullest");
    }

    #[test]
    fn what_is_no_alarm_has_no_share() {
        let mut queue = Routine::default();
        let most = u64::try_from(WAITING_MAX).unwrap();
        for number in 0..most {
            assert!(queue.put(order(number), Rank::default()).is_none());
        }
        let gave = queue.put(order(most), Rank::default()).unwrap();
        assert_eq!(gave.number, most);
        // An alarm takes the place of one.
        let gave = queue.put(order(most + 1), rank("ENT-1", RED)).unwrap();
        assert_eq!(gave.number, most - 1);
    }

    #[test]
    fn what_is_past_comes_out_whatever_its_place() {
        let mut queue = Routine::default();
        queue.put(order(9), rank("ENT-1", RED));
        queue.put(order(3), rank("ENT-2", YELLOW));
        let now = |number: i64| Timestamp::from_micros(1_000_000 + number);
        assert!(queue.next_past(now(3)).is_none());
        assert_eq!(queue.next_past(now(4)).unwrap().0.number, 3);
        let (order, rank) = queue.next_past(now(10)).unwrap();
        assert!(queue.is_empty());
        queue.put_back(order, rank);
        assert_eq!(next(&mut queue).1, 9);
    }
}
