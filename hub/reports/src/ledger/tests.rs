//! What the ledger holds stays bounded, whatever the clock shows, and is of real days.

use cordon_contract::Entry;
use cordon_model::Timestamp;

use super::Ledger;
use crate::span::hour_of;
use crate::standard::{HOURS_MAX, said};

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;
const DAYS_KEPT: i64 = 62;

fn start() -> Timestamp {
    said::at("2026-03-31T12:00:00+08:00")
}

/// Where the journal is, what the hub's clock shows, and what has surely passed.
struct Hub {
    ledger: Ledger,
    time: Timestamp,
    settled: Timestamp,
}

impl Hub {
    /// One that has run for an hour.
    fn new() -> Self {
        let mut hub = Self {
            ledger: Ledger::new(DAYS_KEPT as u32),
            time: start(),
            settled: start(),
        };
        for minute in -60..=0 {
            hub.right(start().plus_seconds(minute * 60));
        }
        hub
    }

    fn says(&mut self, clock: Timestamp, occurred: Timestamp) {
        let told = said::count_of_park(self.ledger.number() + 1, occurred, 1);
        self.ledger.step(&Entry {
            time: self.time,
            clock,
            settled: self.settled,
            ..told
        });
    }

    /// An entry while the clock is right.
    fn right(&mut self, clock: Timestamp) {
        self.time = self.time.max(clock);
        self.settled = clock;
        self.says(clock, clock);
    }

    /// Eight seconds of a clock that is so far ahead.
    fn wrong(&mut self, clock: Timestamp) {
        for second in 0..8 {
            self.time = self.time.max(clock).plus_seconds(second);
            self.says(clock.plus_seconds(second), clock.plus_seconds(second));
        }
    }

    /// The hours of which something is held.
    fn hours(&self) -> Vec<i64> {
        self.ledger.figures.hours_of_passages()
    }
}

#[test]
fn what_is_held_is_of_so_many_days_and_a_clock_ahead_for_seconds_changes_nothing_of_it() {
    let mut hub = Hub::new();
    let mut expected = Hub::new();
    for hour in 1..=200 * 24 {
        let now = start().plus_seconds(hour * HOUR_S);
        if hour % (10 * 24) == 0 {
            hub.wrong(now.plus_seconds(100 * hour * DAY_S));
        }
        hub.right(now);
        expected.right(now);
        let (first, last) = (hub.hours()[0], *hub.hours().last().unwrap());
        assert!(last <= hour_of(now.micros()), "nothing of hours to come");
        assert!(last - first <= DAYS_KEPT * 24);
    }
    assert_eq!(hub.hours(), expected.hours());
    assert_eq!(hub.hours().len() as i64, DAYS_KEPT * 24 + 1);
    let held_from = expected.ledger.held_from();
    assert_eq!(hub.ledger.held_from(), held_from);
    assert_eq!(held_from, hub.hours()[0]);
}

/// One of a machine that was off for decades is told of each hour of them.
#[test]
fn late_words_on_many_hours_push_out_the_oldest_and_it_is_known() {
    let mut hub = Hub::new();
    let now = start().plus_seconds(40 * 365 * DAY_S);
    hub.time = now;
    for hour in 1..=HOURS_MAX as i64 + 48 {
        hub.says(now, start().plus_seconds(hour * HOUR_S));
    }
    let hours = hub.hours();
    assert_eq!(hours.len(), HOURS_MAX);
    assert!(hub.ledger.held_from() >= hours[0]);
}

#[test]
fn what_is_said_to_come_is_of_now() {
    let mut hub = Hub::new();
    let ahead = start().plus_seconds(900 * DAY_S);
    hub.says(start(), ahead);
    assert_eq!(hub.hours().last(), Some(&hour_of(start().micros())));
}

/// The first start of all was by a wrong clock.
#[test]
fn a_journal_that_begins_ahead_holds_real_days() {
    let mut hub = Hub {
        ledger: Ledger::new(DAYS_KEPT as u32),
        time: start(),
        settled: start().plus_seconds(100 * DAY_S),
    };
    hub.wrong(start().plus_seconds(100 * DAY_S));
    hub.right(start());
    assert_eq!(hub.hours(), [hour_of(start().micros())]);
    assert_eq!(hub.ledger.began(), Some(hour_of(start().micros())));
    let held_from = hour_of(start().micros()) - DAYS_KEPT * 24;
    assert_eq!(hub.ledger.held_from(), held_from);
}
