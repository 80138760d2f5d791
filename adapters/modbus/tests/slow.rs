//! A unit that answers late makes nobody wait but its own lane.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "test code"
)]

mod park;

use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{LinkState, OutcomeKind, Running as _, SystemClock};
use cordon_model::GateAction;
use park::gateway::{Gateway, Manner};
use park::{Park, adapter_of, at, bus};
use tokio::time::{Instant, sleep};

/// The profile as it is shipped: a time-out of a second, and watchdogs of two.
const SHIPPED: &str = include_str!("../../../mappings/generic/lane/1/profile.toml");
const WATCHDOG: Duration = Duration::from_secs(2);

async fn park_with(manners: &[(u8, Manner)]) -> (Gateway, Park) {
    let gateway = Gateway::start().await;
    let buses = bus(gateway.address, 1..=4);
    let park = Park::run(adapter_of(&buses, SHIPPED), Arc::new(SystemClock));
    for device in ["BR-01", "BR-02", "BR-03", "BR-04"] {
        let words = format!("{device} is online");
        park.until(&words, |park| park.link(device).0 == LinkState::Online)
            .await;
    }
    for (unit, manner) in manners {
        gateway.becomes(*unit, *manner);
    }
    sleep(Duration::from_secs(7)).await;
    (gateway, park)
}

fn slow(ms: u64) -> [(u8, Manner); 1] {
    [(1, Manner::Answers(ms))]
}

/// Their controllers lowered the boom under their own watchdogs.
#[tokio::test(start_paused = true)]
async fn the_watchdogs_of_the_others_are_fed() {
    for ms in [300, 600, 900] {
        let (gateway, park) = park_with(&slow(ms)).await;
        let since = Instant::now();
        sleep(Duration::from_secs(20)).await;
        for unit in 2..=4 {
            let gap = gateway.longest_gap(unit, since);
            assert!(gap < WATCHDOG, "{ms}: no heartbeat of {unit} for {gap:?}");
        }
        let asked = gateway.asked_since(since);
        let busy = asked.iter().filter(|asked| asked.unit == 1).count() as u64 * ms;
        assert!(
            busy <= 20_000 * 7 / 10,
            "{ms}: {busy} ms of 20 s are its own"
        );
        let polls = |unit| {
            let polls = asked
                .iter()
                .filter(move |it| it.unit == unit && it.is_poll());
            polls.count()
        };
        assert!(polls(1) >= 5, "{ms}: {} polls of the slow one", polls(1));
        assert!(polls(2) >= 60, "{ms}: {} polls of another", polls(2));
        let (state, reason) = park.link("BR-01");
        assert_eq!(state, LinkState::Online, "{ms}: {reason}");
        if ms <= 600 {
            let gap = gateway.longest_gap(1, since);
            assert!(gap <= WATCHDOG, "{ms}: the slow one's own {gap:?}");
        }
    }
}

/// Whenever it comes, an order elsewhere waits for one question that is under way, and no more.
#[tokio::test(start_paused = true)]
async fn an_order_elsewhere_waits_for_one_question() {
    for ms in [300, 600, 900] {
        let (gateway, park) = park_with(&slow(ms)).await;
        for pause in [0, 130, 470, 710, 1_130, 1_310, 1_770] {
            sleep(Duration::from_millis(pause)).await;
            let since = Instant::now();
            let outcome = park.execute_at("BR-04", GateAction::Open, 10_000).await;
            assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{ms}: {outcome:?}");
            let written = gateway.switched_on(4, 0, since).unwrap() - since;
            let most = Duration::from_millis(ms + 50);
            assert!(written <= most, "{ms}, {pause}: written after {written:?}");
            // Also while it is up.
            sleep(Duration::from_secs(5)).await;
            let gap = gateway.longest_gap(4, since);
            assert!(gap < WATCHDOG, "{ms}, {pause}: no heartbeat for {gap:?}");
            assert!(gateway.is_up(4), "{ms}, {pause}");
            sleep(Duration::from_secs(12)).await;
            assert!(!gateway.is_up(4), "{ms}, {pause}: it is lowered by itself");
        }
    }
}

/// So does an emergency opening, also when the slow one is opened with it and before it.
#[tokio::test(start_paused = true)]
async fn an_emergency_opening_elsewhere_waits_for_a_part_of_one() {
    for ms in [300, 600, 900] {
        for between in [0, 50, 700] {
            let (gateway, park) = park_with(&slow(ms)).await;
            let mut orders = Vec::new();
            for device in ["BR-01", "BR-02", "BR-03", "BR-04"] {
                let since = Instant::now();
                let adapter = Arc::clone(&park.adapter);
                let order = at(device, park.order(GateAction::LockOpen, 30_000));
                orders.push((
                    since,
                    tokio::spawn(async move { adapter.execute(order).await }),
                ));
                sleep(Duration::from_millis(between)).await;
            }
            sleep(Duration::from_secs(1)).await;
            for unit in 2..=4_u8 {
                let (since, _) = &orders[usize::from(unit) - 1];
                let written = gateway.switched_on(unit, 3, *since).map(|at| at - *since);
                let most = Duration::from_millis(600);
                assert!(
                    written.is_some_and(|written| written <= most),
                    "{ms}, {between}: {unit} written after {written:?}"
                );
            }
            for (_, order) in orders {
                let outcome = order.await.unwrap();
                assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{ms}: {outcome:?}");
            }
        }
    }
}

/// Three units whose lock hangs, and that were quick until then.
#[tokio::test(start_paused = true)]
async fn locks_that_hang_keep_a_healthy_one_waiting_less_than_their_timeouts() {
    let hangs = [1, 2, 3].map(|unit| (unit, Manner::HangsOnLock));
    let (gateway, park) = park_with(&hangs).await;
    let since = Instant::now();
    for device in ["BR-01", "BR-02", "BR-03", "BR-04"] {
        let adapter = Arc::clone(&park.adapter);
        let order = at(device, park.order(GateAction::LockOpen, 30_000));
        tokio::spawn(async move { adapter.execute(order).await });
        sleep(Duration::from_millis(50)).await;
    }
    sleep(Duration::from_secs(2)).await;
    let written = gateway.switched_on(4, 3, since).map(|at| at - since);
    let most = Duration::from_millis(1_600);
    assert!(written.is_some_and(|it| it <= most), "{written:?}");
    assert!(gateway.is_up(4));
}

/// An everyday order of the slow unit itself is carried out, and keeps the others waiting no longer.
#[tokio::test(start_paused = true)]
async fn the_slow_one_is_opened_too() {
    for ms in [300, 600, 900] {
        let (gateway, park) = park_with(&slow(ms)).await;
        let since = Instant::now();
        let outcome = park.execute(GateAction::Open, 10_000).await;
        assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{ms}: {outcome:?}");
        for unit in 2..=4 {
            let gap = gateway.longest_gap(unit, since);
            assert!(gap < WATCHDOG, "{ms}: no heartbeat of {unit} for {gap:?}");
        }
    }
}

/// Its own controller took its safe state under an everyday opening, after 2.4 s and, while an order was carried out, 5 s.
#[tokio::test(start_paused = true)]
async fn the_slow_ones_own_watchdog_is_fed_also_during_its_order() {
    for ms in [500, 600, 700] {
        for lanes in [1, 2, 4] {
            let gateway = Gateway::start().await;
            let buses = bus(gateway.address, 1..=lanes);
            let park = Park::run(adapter_of(&buses, SHIPPED), Arc::new(SystemClock));
            sleep(Duration::from_secs(3)).await;
            gateway.becomes(1, Manner::Answers(ms));
            sleep(Duration::from_secs(7)).await;
            let since = Instant::now();
            let outcome = park.execute(GateAction::Open, 10_000).await;
            assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{ms}: {outcome:?}");
            sleep(Duration::from_secs(30)).await;
            let gap = gateway.longest_gap(1, since);
            assert!(gap < WATCHDOG, "{ms}, {lanes}: {gap:?}");
        }
    }
}

/// Of two slow ones the second was never asked again.
#[tokio::test(start_paused = true)]
async fn two_slow_ones_have_their_turns() {
    for ms in [500, 700] {
        let slow = [1, 2].map(|unit| (unit, Manner::Answers(ms)));
        let (gateway, _park) = park_with(&slow).await;
        let since = Instant::now();
        sleep(Duration::from_secs(60)).await;
        for unit in [1, 2] {
            let gap = gateway.longest_gap(unit, since);
            assert!(gap < Duration::from_secs(8), "{ms}: {unit} {gap:?}");
        }
    }
}

/// Since the hub was started: one unit is slow from the first question on.
async fn started(units: u8, slow: u8, ms: u64) -> (Gateway, Park) {
    let gateway = Gateway::start().await;
    gateway.has_one_line();
    gateway.becomes(slow, Manner::Answers(ms));
    let buses = bus(gateway.address, 1..=units);
    let park = Park::run(adapter_of(&buses, SHIPPED), Arc::new(SystemClock));
    (gateway, park)
}

/// What is under way is waited for by its bound. Two more writes to the slow unit and its heartbeat were begun after the order.
#[tokio::test(start_paused = true)]
async fn nothing_is_begun_between_an_emergency_order_and_its_write_also_after_a_start() {
    for slow in [1, 2] {
        for pause in (1..=60).map(|step| step * 97) {
            let (gateway, park) = started(8, slow, 600).await;
            sleep(Duration::from_millis(pause)).await;
            let since = Instant::now();
            let adapter = Arc::clone(&park.adapter);
            let order = at("BR-06", park.order(GateAction::LockOpen, 30_000));
            let order = tokio::spawn(async move { adapter.execute(order).await });
            let outcome = order.await.unwrap();
            assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{pause}: {outcome:?}");
            let written = gateway.switched_on(6, 3, since).unwrap();
            let between: Vec<_> = gateway
                .asked_since(since)
                .into_iter()
                .filter(|asked| asked.at > since && asked.at < written && asked.unit != 6)
                .collect();
            assert!(between.is_empty(), "{slow}, {pause}: {between:?}");
            let waited = written - since;
            assert!(
                waited <= Duration::from_millis(550),
                "{slow}, {pause}: {waited:?}"
            );
        }
    }
}

/// They were unknown, and got no heartbeat, until the slow one was greeted.
#[tokio::test(start_paused = true)]
async fn the_others_are_greeted_before_the_rest_of_a_slow_greeting() {
    for slow in [1, 2] {
        let since = Instant::now();
        let (gateway, park) = started(8, slow, 600).await;
        sleep(Duration::from_secs(12)).await;
        let asked = gateway.asked_since(since);
        for unit in (1..=8).filter(|unit| *unit != slow) {
            let first = asked
                .iter()
                .position(|asked| asked.unit == unit && asked.is_heartbeat())
                .unwrap();
            let before = asked[..first].iter().filter(|it| it.unit == slow).count();
            assert!(before <= 2, "{slow}: {before} questions before {unit}");
        }
        let (state, reason) = park.link(&format!("BR-{slow:02}"));
        assert_eq!(state, LinkState::Online, "{slow}: {reason}");
    }
}

/// Its write stood behind a question to the slow one that was given up; it was charged with that, and not looked at.
#[tokio::test(start_paused = true)]
async fn who_waited_behind_a_slow_one_is_looked_at_as_before() {
    let (gateway, park) = started(4, 1, 600).await;
    sleep(Duration::from_secs(12)).await;
    for pause in (1..=12).map(|step| step * 61) {
        sleep(Duration::from_millis(pause)).await;
        let since = Instant::now();
        let outcome = park.execute_at("BR-03", GateAction::LockOpen, 30_000).await;
        assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{pause}: {outcome:?}");
        sleep(Duration::from_secs(5)).await;
        let asked = gateway.asked_since(since);
        let polls = |unit| {
            let polls = asked.iter();
            polls.filter(|it| it.unit == unit && it.is_poll()).count()
        };
        assert!(
            polls(3) * 3 >= polls(4) * 2,
            "{pause}: {} polls, and {} of another",
            polls(3),
            polls(4)
        );
        let gap = gateway.longest_gap(3, since);
        assert!(gap < WATCHDOG, "{pause}: no heartbeat for {gap:?}");
        park.execute_at("BR-03", GateAction::Release, 10_000).await;
        sleep(Duration::from_secs(3)).await;
    }
}

/// Also the slow one's opening is known to be carried out before it is told as one that is not: travel and margin are 4 s.
#[tokio::test(start_paused = true)]
async fn the_slow_ones_emergency_opening_is_confirmed_in_travel_and_margin() {
    for pause in (1..=12).map(|step| step * 131) {
        let (gateway, park) = started(4, 1, 600).await;
        gateway.travels_for(1, Duration::from_millis(1_500));
        sleep(Duration::from_millis(12_000 + pause)).await;
        let since = Instant::now();
        let outcome = park.execute(GateAction::LockOpen, 30_000).await;
        assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{pause}: {outcome:?}");
        let took = since.elapsed();
        assert!(took <= Duration::from_secs(4), "{pause}: after {took:?}");
        for unit in 2..=4 {
            let gap = gateway.longest_gap(unit, since);
            assert!(
                gap < WATCHDOG,
                "{pause}: no heartbeat of {unit} for {gap:?}"
            );
        }
    }
}

/// A gateway that closes and a slow unit at once: a new connection was counted as the time of whoever was asked next, which
/// then rested as a slow one does.
#[tokio::test(start_paused = true)]
async fn the_others_keep_their_watchdogs_where_the_gateway_closes_too() {
    for closes_after in [4, 5, 20] {
        let (gateway, park) = started(8, 2, 600).await;
        gateway.closes_after(closes_after);
        sleep(Duration::from_secs(15)).await;
        let since = Instant::now();
        sleep(Duration::from_secs(30)).await;
        for unit in (1..=8).filter(|unit| *unit != 2) {
            let gap = gateway.longest_gap(unit, since);
            assert!(gap < WATCHDOG, "{closes_after}: {unit} {gap:?}");
        }
        for unit in [3, 6] {
            let device = format!("BR-{unit:02}");
            let outcome = park.execute_at(&device, GateAction::LockOpen, 30_000).await;
            assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{outcome:?}");
            sleep(Duration::from_secs(2)).await;
            let since = Instant::now();
            let outcome = park.execute_at(&device, GateAction::Release, 30_000).await;
            assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{outcome:?}");
            sleep(Duration::from_secs(4)).await;
            let lowered = gateway.switched_on(unit, 1, since).map(|at| at - since);
            let most = Duration::from_millis(2_500);
            assert!(
                lowered.is_some_and(|it| it <= most),
                "{closes_after}: {lowered:?}"
            );
        }
    }
}
