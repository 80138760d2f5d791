//! Whose turn it is, what rests, and what keeps what waiting.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{Order, OrderLane, Target};
use cordon_model::{
    AlarmState, AlarmUpdate, Body, Header, Message, MessageId, MessageType, ParkCode, PartyId,
    Quality, Sensitivity,
};

use super::*;
use crate::decide::rank::Rank;

const RED: u8 = 0;
const YELLOW: u8 = 2;

/// An order that tells of an alarm of its own.
fn order(number: u64) -> Order {
    told_of(number, &number.to_string())
}

fn told_of(number: u64, alarm: &str) -> Order {
    let at = Timestamp::from_micros(0);
    let hub = PartyId::new("HUB-1").unwrap();
    let header = Header {
        message_id: MessageId::from_bytes([7; 16]),
        message_type: MessageType::AlarmUpdate,
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
    let body = Body::AlarmUpdate(AlarmUpdate {
        alarm_id: alarm.to_owned(),
        state: AlarmState::Raised,
        previous: AlarmState::Raised,
        actor_id: hub,
        receiver: None,
        escalation_level: None,
        note: None,
        updated_at: at,
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
    let held = queue.next(Instant::now()).unwrap();
    (held.rank.author, held.order.number)
}

/// 20,000 red alarms of one author kept another's waiting, or had it given up.
#[test]
fn a_flood_of_red_costs_nobody_but_its_author() {
    let mut queue = Routine::default();
    let mut given_up = 0;
    for number in 0..20_000 {
        if let Some(gave) = queue.put(Held::new(order(number), rank("ENT-1", RED))) {
            assert_eq!(gave.order.number, number, "the newest gives way");
            given_up += 1;
        }
    }
    assert_eq!((queue.len(), given_up), (WAITING_MAX, 20_000 - WAITING_MAX));
    assert_eq!(next(&mut queue).0, "ENT-1");
    queue.put(Held::new(order(20_000), rank("ENT-1", RED)));
    for number in 20_001..20_007 {
        let gave = queue
            .put(Held::new(order(number), rank("ENT-2", RED)))
            .unwrap();
        assert_ne!(gave.order.number, number, "one of the flood");
        assert_eq!(next(&mut queue), ("ENT-2".to_owned(), number));
        assert!(
            queue
                .put(Held::new(order(number + 100), rank("ENT-1", RED)))
                .is_none()
        );
    }
}

/// 1,500 smoke alarms behind one gateway: 500 were given up with 8,500 places free.
#[test]
fn while_places_are_free_nobody_gives_up_any() {
    let mut queue = Routine::default();
    let given_up =
        (0..1_500).filter_map(|number| queue.put(Held::new(order(number), rank("MQ-01", 1))));
    assert_eq!(given_up.count(), 0);
    let told: Vec<u64> = (0..1_500).map(|_| next(&mut queue).1).collect();
    assert_eq!(told, (0..1_500).collect::<Vec<_>>());
}

#[test]
fn the_most_urgent_goes_first_and_nobody_waits_for_good() {
    let mut queue = Routine::default();
    queue.put(Held::new(order(1), rank("ENT-2", YELLOW)));
    queue.put(Held::new(order(2), rank("ENT-1", YELLOW)));
    for number in 3..20 {
        queue.put(Held::new(order(number), rank("ENT-1", RED)));
    }
    let told: Vec<_> = (0..8).map(|_| next(&mut queue)).collect();
    let names: Vec<u64> = told.iter().map(|(_, number)| *number).collect();
    assert_eq!(names, [3, 4, 5, 1, 6, 7, 8, 9]);
}

#[test]
fn equally_urgent_ones_go_out_by_turns() {
    let mut queue = Routine::default();
    for number in 0..4 {
        queue.put(Held::new(order(number), rank("ENT-1", RED)));
        queue.put(Held::new(order(100 + number), rank("ENT-2", RED)));
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
            assert!(
                queue
                    .put(Held::new(order(number), rank(&name, urgency)))
                    .is_none()
            );
        }
    }
    for _ in 0..9 {
        number += 1;
        assert!(
            queue
                .put(Held::new(order(number), rank("OP-1", RED)))
                .is_none()
        );
    }
    assert_eq!(queue.len(), WAITING_MAX);
    let gave = queue
        .put(Held::new(order(number + 1), rank("OP-1", YELLOW)))
        .unwrap();
    assert_eq!(gave.order.number, 6, "the yellow one of the fullest");
}

#[test]
fn what_is_no_alarm_has_no_share() {
    let mut queue = Routine::default();
    let most = u64::try_from(WAITING_MAX).unwrap();
    for number in 0..most {
        assert!(
            queue
                .put(Held::new(order(number), Rank::default()))
                .is_none()
        );
    }
    let gave = queue.put(Held::new(order(most), Rank::default())).unwrap();
    assert_eq!(gave.order.number, most);
    // An alarm takes the place of one.
    let gave = queue
        .put(Held::new(order(most + 1), rank("ENT-1", RED)))
        .unwrap();
    assert_eq!(gave.order.number, most - 1);
}

#[test]
fn what_is_past_comes_out_whatever_its_place() {
    let mut queue = Routine::default();
    queue.put(Held::new(order(9), rank("ENT-1", RED)));
    queue.put(Held::new(order(3), rank("ENT-2", YELLOW)));
    let now = |number: i64| Timestamp::from_micros(1_000_000 + number);
    assert!(queue.next_past(now(3)).is_none());
    assert_eq!(queue.next_past(now(4)).unwrap().order.number, 3);
    let failed = queue.next_past(now(10)).unwrap();
    assert!(queue.is_empty());
    // What rests as well.
    let at = Instant::now();
    queue.put_back(failed, (at, at), at + Duration::from_secs(3_600));
    assert!(queue.next(at).is_none());
    assert_eq!(queue.next_past(now(10)).unwrap().order.number, 9);
    assert!(queue.is_empty());
}

/// A target by a clock of its own.
struct Bench {
    queue: Routine,
    began: Instant,
    now: Instant,
    /// How long a try takes that fails. One that is taken takes [`AT_ONCE`].
    failure: Duration,
    /// Until when what fails rests at the longest.
    latest: Instant,
}

const AT_ONCE: Duration = Duration::from_millis(1);

impl Bench {
    fn new(orders: impl IntoIterator<Item = (Order, u8)>) -> Self {
        let now = Instant::now();
        let mut bench = Self {
            queue: Routine::default(),
            began: now,
            now,
            failure: AT_ONCE,
            latest: now + Duration::from_secs(3_600),
        };
        for (order, urgency) in orders {
            bench.put(order, urgency);
        }
        bench
    }

    fn put(&mut self, order: Order, urgency: u8) {
        let held = Held::new(order, rank("ENT-1", urgency));
        assert!(self.queue.put(held).is_none());
    }

    /// The next try, and whether it was taken. Nothing when none came within a minute.
    fn step(&mut self, takes: impl Fn(u64) -> bool) -> Option<(u64, bool)> {
        let end = self.now + Duration::from_secs(60);
        let mut held = loop {
            if let Some(held) = self.queue.next(self.now) {
                break held;
            }
            self.now += Duration::from_millis(10);
            if self.now > end {
                return None;
            }
        };
        let (began, number) = (self.now, held.order.number);
        let is_taken = takes(number);
        match is_taken {
            true => {
                self.now += AT_ONCE;
                self.queue.fares.well();
            }
            false => {
                self.now += self.failure;
                held.order.attempt += 1;
                self.queue.put_back(held, (began, self.now), self.latest);
            }
        }
        Some((number, is_taken))
    }

    fn seconds(&self) -> f64 {
        self.now.duration_since(self.began).as_secs_f64()
    }

    /// Who was taken within so many tries.
    fn taken(&mut self, takes: impl Fn(u64) -> bool, tries: u32) -> Vec<u64> {
        let steps = (0..tries).filter_map(|_| self.step(&takes));
        let taken = steps.filter(|(_, is_taken)| *is_taken);
        taken.map(|(number, _)| number).collect()
    }
}

/// A red alarm that the receiver refused each time went first each time, until its deadline.
#[test]
fn one_that_fails_keeps_no_other_waiting() {
    let mut bench = Bench::new((1..=40).map(|number| (order(number), RED)));
    let told = bench.taken(|number| number != 1, 42);
    assert_eq!(told.len(), 39);
    assert!(bench.seconds() < 2.0, "{}", bench.seconds());
    assert_eq!(told, (2..=40).collect::<Vec<_>>());
    // It goes when it is taken, however much fails beside it.
    assert_eq!(bench.taken(|number| number == 1, 1), [1]);
    assert!(bench.queue.is_empty());
}

#[test]
fn several_that_fail_keep_no_other_waiting() {
    let bad = (1..=5).map(|number| (order(number), RED));
    let good = (6..=30).map(|number| (order(number), YELLOW));
    let mut bench = Bench::new(bad.chain(good));
    let told = bench.taken(|number| number > 5, 40);
    assert_eq!(told.len(), 25, "{told:?}");
    assert!(bench.seconds() < 60.0, "{}", bench.seconds());
    // What comes later goes at once, whatever still fails.
    for number in 31..60 {
        bench.put(order(number), YELLOW);
        assert_eq!(bench.taken(|number| number > 5, 3).len(), 1);
    }
}

/// A receiver that hears each of them for 20 s before it refuses.
#[test]
fn what_fails_slowly_takes_no_more_than_half_of_the_time() {
    let mut bench = Bench::new((1..=3).map(|number| (order(number), RED)));
    bench.failure = Duration::from_secs(20);
    assert!(bench.taken(|_| false, 6).is_empty());
    for number in 10..2_000 {
        bench.put(order(number), RED);
    }
    let told = bench.taken(|number| number > 3, 1_992);
    assert_eq!(told.len(), 1_990, "two of what fails at most");
}

#[test]
fn who_is_down_hears_no_more_tries_for_many_orders_than_for_one() {
    let tries = |waiting: u64| {
        let mut bench = Bench::new((1..=waiting).map(|number| (order(number), RED)));
        let mut tries = 0;
        let mut who = BTreeSet::new();
        while bench.seconds() < 300.0 {
            let (number, _) = bench.step(|_| false).unwrap();
            who.insert(number);
            tries += 1;
        }
        (tries, who.len())
    };
    let (alone, _) = tries(1);
    let (many, who) = tries(5_000);
    assert!((10..=20).contains(&alone), "{alone}");
    // Half a rest each, so twice as many at most.
    assert!(many <= 2 * alone, "{many} instead of {alone}");
    assert_eq!(who, many, "another each time");
}

/// What failed while nothing was taken is not held against it.
#[test]
fn when_it_is_up_again_everything_goes_at_once() {
    for waiting in [2_u32, 5, 100] {
        let mut bench = Bench::new((1..=u64::from(waiting)).map(|number| (order(number), RED)));
        assert!(bench.taken(|_| false, 20).is_empty());
        let mut told = bench.taken(|_| true, 1);
        let up = bench.seconds();
        told.extend(bench.taken(|_| true, waiting - 1));
        told.sort_unstable();
        assert_eq!(told, (1..=u64::from(waiting)).collect::<Vec<_>>());
        let took = bench.seconds() - up;
        assert!(took < 1.0, "{took} s for {waiting}");
    }
}

#[test]
fn what_failed_in_passing_is_tried_between_more_urgent_ones_that_fail_each_time() {
    let bad = (1..=4).map(|number| (order(number), RED));
    let mut bench = Bench::new(bad.chain([(order(5), YELLOW)]));
    assert!(bench.taken(|_| false, 30).is_empty());
    assert_eq!(bench.taken(|number| number == 5, 5), [5]);
}

#[test]
fn what_tells_of_one_alarm_is_told_in_the_order_in_which_it_happened() {
    let story = [
        (told_of(1, "a"), YELLOW),
        (told_of(2, "b"), RED),
        (told_of(3, "a"), RED),
        (told_of(4, "b"), YELLOW),
        (told_of(5, "a"), RED),
    ];
    let mut bench = Bench::new(story);
    // The first of `a` is put off for long; nothing of `a` goes before it, and `b` does.
    let told = bench.taken(|number| number != 1, 8);
    assert_eq!(told, [2, 4]);
    let told = bench.taken(|_| true, 3);
    assert_eq!(told, [1, 3, 5]);
    assert!(bench.queue.is_empty());
}

#[test]
fn what_rests_counts_as_what_waits() {
    let most = u64::try_from(WAITING_MAX).unwrap();
    let mut bench = Bench::new((1..=most).map(|number| (order(number), RED)));
    for _ in 0..10 {
        bench.step(|_| false).unwrap();
    }
    assert_eq!(bench.queue.len(), WAITING_MAX);
    let gave = bench
        .queue
        .put(Held::new(order(most + 1), rank("ENT-2", RED)));
    assert_eq!(
        gave.unwrap().order.number,
        most,
        "the newest of the fullest"
    );
    // One that rests is given up like another, and ends at its deadline.
    let now = Timestamp::from_micros(1_000_000 + 11);
    for number in 1..=10 {
        assert_eq!(bench.queue.next_past(now).unwrap().order.number, number);
    }
    assert!(bench.queue.next_past(now).is_none());
}

/// A receiver that came back after 36 of 60 s heard nothing: the next try would have been behind the deadline.
#[test]
fn what_would_rest_beyond_its_deadline_is_tried_before_it() {
    let mut bench = Bench::new([(order(1), RED)]);
    bench.latest = bench.began + Duration::from_secs(59);
    let mut tries = 0;
    while bench.seconds() < 58.0 {
        assert_eq!(bench.step(|_| false), Some((1, false)));
        tries += 1;
    }
    assert!(bench.seconds() < 60.0 && tries > 6, "{tries}");
    assert_eq!(bench.step(|_| true), Some((1, true)));
}

/// Two red alarms ended without a last try: a yellow one that had never failed had it, and then the target rested.
#[test]
fn each_of_several_has_its_last_try_before_what_is_less_urgent() {
    let mut bench = Bench::new((1..=3).map(|number| (order(number), RED)));
    bench.latest = bench.began + Duration::from_secs(29);
    while bench.seconds() < 28.0 {
        bench.step(|_| false);
    }
    bench.now = bench.latest;
    bench.put(order(4), YELLOW);
    let mut last = Vec::new();
    while bench.seconds() < 30.0 {
        let Some(held) = bench.queue.next(bench.now) else {
            bench.now += Duration::from_millis(10);
            continue;
        };
        // No time is left for another one.
        last.push(held.order.number);
        let tried = (bench.now, bench.now + AT_ONCE);
        bench.queue.fares.fail(held.order.number, tried, None);
    }
    let yellow = last.iter().position(|number| *number == 4);
    last.retain(|number| *number != 4);
    last.sort_unstable();
    assert_eq!(last, [1, 2, 3]);
    assert!(yellow.is_none_or(|place| place > 0), "{yellow:?}");
}
