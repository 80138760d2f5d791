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
