//! A gateway that closes the connection when one of its units is asked: that unit's fault, and no other's.
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
use cordon_model::{DeviceState, GateAction};
use park::gateway::{Gateway, Manner};
use park::{Park, adapter_of, at, bus, quick_profile};
use tokio::time::{Instant, sleep};

const CLOSES: [Manner; 3] = [Manner::Fin, Manner::Reset, Manner::FinOnWrite];
const HEALTHY: [&str; 3] = ["BR-02", "BR-03", "BR-04"];

/// A park of four lanes, all of them well, and then the gateway closes at one of them.
async fn park_with(closing: u8, manner: Manner) -> (Gateway, Park) {
    let gateway = Gateway::start().await;
    let buses = bus(gateway.address, 1..=4);
    let park = Park::run(adapter_of(&buses, &quick_profile()), Arc::new(SystemClock));
    for device in ["BR-01", "BR-02", "BR-03", "BR-04"] {
        is(&park, device, LinkState::Online).await;
    }
    gateway.becomes(closing, manner);
    (gateway, park)
}

async fn is(park: &Park, device: &str, state: LinkState) {
    park.until(&format!("{device} {state:?}"), |park| {
        park.link(device).0 == state
    })
    .await;
}

/// All lanes of the bus got no poll and no heartbeat for as long as the gateway did so.
#[tokio::test(start_paused = true)]
async fn the_other_lanes_of_the_bus_go_on() {
    for manner in CLOSES {
        let (gateway, park) = park_with(1, manner).await;
        is(&park, "BR-01", LinkState::Offline).await;
        let since = Instant::now();
        sleep(Duration::from_secs(10)).await;
        let asked = gateway.asked_since(since);
        for unit in 2..=4 {
            let polls = asked
                .iter()
                .filter(|asked| asked.unit == unit && asked.is_poll());
            let polls = polls.count();
            assert!(polls >= 200, "{manner:?}: {polls} polls of {unit} in 10 s");
            let gap = gateway.longest_gap(unit, since);
            assert!(
                gap < Duration::from_millis(500),
                "{manner:?}: {unit} {gap:?}"
            );
        }
        let seldom = asked.iter().filter(|asked| asked.unit == 1).count();
        assert!(seldom <= 20, "{manner:?}: asked {seldom} times");
        for device in HEALTHY {
            let told = park.links_told(device);
            assert!(
                told.iter().all(|state| *state == DeviceState::Online),
                "{manner:?}, {device}: {told:?}"
            );
        }
        let (_, reason) = park.link("BR-01");
        let words = "the gateway closed the connection when unit 1 was asked";
        assert_eq!(reason, words, "{manner:?}");
        gateway.becomes(1, Manner::Answers(0));
        is(&park, "BR-01", LinkState::Online).await;
    }
}

/// The first time it does so others have orders under way, which go on over the next connection.
#[tokio::test(start_paused = true)]
async fn an_everyday_opening_beside_it_is_carried_out() {
    for manner in CLOSES {
        let (gateway, park) = park_with(1, manner).await;
        for device in HEALTHY {
            let outcome = park.execute_at(device, GateAction::Open, 4_000).await;
            assert_eq!(
                outcome.kind,
                OutcomeKind::Confirmed,
                "{manner:?}, {device}: {}",
                outcome.detail
            );
        }
        assert!(gateway.is_up(4), "{manner:?}");
    }
}

/// The gate's own emergency opening reached none of its healthy lanes.
#[tokio::test(start_paused = true)]
async fn an_emergency_opening_raises_all_but_the_one() {
    for manner in CLOSES {
        for waits in [0, 3] {
            let (gateway, park) = park_with(1, manner).await;
            sleep(Duration::from_secs(waits)).await;
            let since = Instant::now();
            let orders = ["BR-01", "BR-02", "BR-03", "BR-04"].map(|device| {
                let adapter = Arc::clone(&park.adapter);
                let order = at(device, park.order(GateAction::LockOpen, 30_000));
                tokio::spawn(async move { adapter.execute(order).await })
            });
            sleep(Duration::from_millis(1_300)).await;
            for unit in 2..=4 {
                let written = gateway.switched_on(unit, 3, since).map(|at| at - since);
                assert!(
                    gateway.is_up(unit),
                    "{manner:?}: {unit} written {written:?}"
                );
                let outcome = &orders[usize::from(unit) - 1];
                assert!(outcome.is_finished(), "{manner:?}: {unit}");
            }
            assert!(!orders[0].is_finished(), "{manner:?}");
            gateway.becomes(1, Manner::Answers(0));
            sleep(Duration::from_secs(2)).await;
            assert!(gateway.is_up(1), "{manner:?}: once it is well");
        }
    }
}

/// From the start on, when nobody has answered yet.
#[tokio::test(start_paused = true)]
async fn the_others_start_without_it() {
    for manner in CLOSES {
        let gateway = Gateway::start().await;
        gateway.becomes(1, manner);
        gateway.becomes(3, manner);
        let buses = bus(gateway.address, 1..=4);
        let park = Park::run(adapter_of(&buses, &quick_profile()), Arc::new(SystemClock));
        for device in ["BR-02", "BR-04"] {
            is(&park, device, LinkState::Online).await;
        }
        let since = Instant::now();
        sleep(Duration::from_secs(5)).await;
        for unit in [2, 4] {
            let gap = gateway.longest_gap(unit, since);
            assert!(
                gap < Duration::from_millis(500),
                "{manner:?}: {unit} {gap:?}"
            );
        }
    }
}

/// The gateway closes at one unit and every connection that comes at once after it: all lanes were offline nearly all
/// the time, and healthy units were named.
#[tokio::test(start_paused = true)]
async fn a_gateway_that_is_not_ready_at_once_is_waited_for() {
    for unready_ms in [60, 300, 1_000] {
        let (gateway, park) = park_with(1, Manner::Fin).await;
        gateway.is_unready_for(Duration::from_millis(unready_ms));
        is(&park, "BR-01", LinkState::Offline).await;
        let since = Instant::now();
        for _ in 0..5 {
            for device in HEALTHY {
                let outcome = park.execute_at(device, GateAction::Open, 4_000).await;
                let (kind, words) = (outcome.kind, outcome.detail);
                assert_eq!(
                    kind,
                    OutcomeKind::Confirmed,
                    "{unready_ms}, {device}: {words}"
                );
            }
            sleep(Duration::from_secs(5)).await;
        }
        for (unit, device) in (2..=4).zip(HEALTHY) {
            let gap = gateway.longest_gap(unit, since);
            assert!(
                gap < Duration::from_millis(unready_ms + 700),
                "{unit} {gap:?}"
            );
            // A write that met the closed door is not known to have been done: the lane is looked at anew.
            let told = park.links_told(device);
            let is_there = !told.contains(&DeviceState::Offline);
            assert!(is_there, "{unready_ms}, {device}: {told:?}");
        }
    }
}

/// A greeting that went well was the end of all misses: 400 connections and 1,000 entries a second.
#[tokio::test(start_paused = true)]
async fn a_unit_that_is_well_in_between_makes_no_storm_of_connections() {
    let (gateway, park) = park_with(1, Manner::FinEach(8)).await;
    let before = gateway.connections();
    sleep(Duration::from_secs(20)).await;
    let made = gateway.connections() - before;
    assert!((2..=205).contains(&made), "{made} in 20 s");
    let told = park.links_told("BR-01").len();
    assert!(told <= 80, "{told} states in 20 s");
    for device in HEALTHY {
        let told = park.links_told(device);
        assert!(
            told.iter().all(|state| *state == DeviceState::Online),
            "{told:?}"
        );
    }
}

/// Some serve so many answers over a connection, and no more: every lane was offline nearly all the time.
#[tokio::test(start_paused = true)]
async fn a_gateway_that_closes_after_so_many_answers_costs_connections_alone() {
    for (answers, lanes) in [(4, 1), (5, 1), (4, 4), (5, 4)] {
        let gateway = Gateway::start().await;
        gateway.closes_after(answers);
        let buses = bus(gateway.address, 1..=lanes);
        let shipped = include_str!("../../../mappings/generic/lane/1/profile.toml");
        let park = Park::run(adapter_of(&buses, shipped), Arc::new(SystemClock));
        sleep(Duration::from_secs(5)).await;
        let told = |unit| park.links_told(&format!("BR-{unit:02}"));
        let before: Vec<usize> = (1..=lanes).map(|unit| told(unit).len()).collect();
        let (since, made) = (Instant::now(), gateway.connections());
        sleep(Duration::from_secs(20)).await;
        let made = gateway.connections() - made;
        assert!(
            made <= 205,
            "{answers}, {lanes}: {made} connections in 20 s"
        );
        for (unit, before) in (1..=lanes).zip(before) {
            let words = format!("{answers}, {lanes}: {unit}");
            assert_eq!(told(unit).last(), Some(&DeviceState::Online), "{words}");
            assert_eq!(told(unit).len(), before, "{words}");
            let gap = gateway.longest_gap(unit, since);
            assert!(gap < Duration::from_millis(1_200), "{words}: {gap:?}");
        }
        for (action, most_ms) in [(GateAction::Open, 1_000), (GateAction::LockOpen, 700)] {
            let since = Instant::now();
            let outcome = park.execute_at("BR-01", action, 5_000).await;
            let took = since.elapsed();
            assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{answers}, {lanes}");
            assert!(
                took <= Duration::from_millis(most_ms),
                "{answers}: {took:?}"
            );
        }
    }
}

/// A unit whose inputs are not answered was greeted anew for ever, and DEGRADED; the others go on, and so does the instance.
#[tokio::test(start_paused = true)]
async fn a_unit_whose_poll_hangs_is_offline_alone() {
    for manner in [Manner::Hangs, Manner::HangsOnPoll] {
        let (gateway, park) = park_with(1, manner).await;
        is(&park, "BR-01", LinkState::Offline).await;
        let since = Instant::now();
        sleep(Duration::from_secs(60)).await;
        let asked = gateway.asked_since(since);
        let asked = asked.iter().filter(|asked| asked.unit == 1).count();
        assert!(asked <= 60, "{manner:?}: asked {asked} times");
        for (unit, device) in (2..=4).zip(HEALTHY) {
            let gap = gateway.longest_gap(unit, since);
            assert!(gap < Duration::from_secs(2), "{manner:?}: {unit} {gap:?}");
            assert_eq!(park.link(device).0, LinkState::Online, "{manner:?}");
        }
        assert_eq!(park.adapter.restarts(), 0);
    }
}

/// The lock was carried out and its write never answered: the boom stood up and nobody looked.
#[tokio::test(start_paused = true)]
async fn a_boom_that_is_up_is_seen_although_the_write_that_raised_it_is_not_answered() {
    let (_gateway, park) = park_with(1, Manner::ObeysLockSilently).await;
    let since = Instant::now();
    let outcome = park.execute(GateAction::LockOpen, 30_000).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    let took = since.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
}
