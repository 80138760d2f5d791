//! The adapter against the virtual camera: every quirk is survived, or health says why not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod park;

use cordon_contract::LinkState;
use cordon_sim_camera::{Event, Quirks};
use park::{Park, camera, quirk};

const CROSSED: &str = "tns1:RuleEngine/LineDetector/Crossed";

/// A setting for each quirk under which events must still arrive.
fn setting(name: &str) -> &'static str {
    match name {
        "clock_offset_ms" => "-7200000",
        "clock_after_reboot_ms" => "-15552000000",
        "local_time_in_utc_minutes" => "480",
        "renew_crash_ms" => "1500",
        "flood_per_second" => "200",
        "xaddr_host" => "192.0.2.77",
        "slow_ms" => "150",
        "garbage_every" | "drop_every" | "hang_every" => "5",
        _ => "true",
    }
}

/// Every name of the simulator, so that a new quirk cannot be forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_arrive_whatever_the_camera_does() {
    let mut runs = tokio::task::JoinSet::new();
    for name in Quirks::NAMES {
        runs.spawn(async move {
            let camera = camera(quirk(name, setting(name))).await;
            let mut park = Park::start(&camera, "");
            // Twice, with a life between, so that renewal and re-subscription have their turn.
            for round in 0..2 {
                let rule = format!("{name}-{round}");
                let came = park.until_seen(&rule, || {
                    camera.emit(Event::line_crossed(&rule, 7));
                });
                assert!(came.await, "{name}: nothing came; {:?}", park.health());
                if round == 0 && name == "clock_after_reboot_ms" {
                    camera.reboot();
                }
            }
            park.stop().await;
            name
        });
    }
    let mut survived = 0;
    while let Some(done) = runs.join_next().await {
        done.unwrap();
        survived += 1;
    }
    assert_eq!(survived, Quirks::NAMES.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_without_a_free_place_is_named_and_comes_back_after_a_reboot() {
    let camera = camera(|settings| {
        settings.quirks.slots_leak = true;
        settings.pull_points_max = 1;
    })
    .await;
    let mut first = Park::start(&camera, "");
    assert!(first.until_state(LinkState::Online).await);
    first.stop().await;
    let mut second = Park::start(&camera, "");
    assert!(second.until_state(LinkState::Offline).await);
    assert!(
        second.health().reason.contains("A064"),
        "{:?}",
        second.health()
    );
    camera.reboot();
    assert!(
        second.until_state(LinkState::Online).await,
        "{:?}",
        second.health()
    );
    let came = second.until_seen("yard", || camera.emit(Event::line_crossed("yard", 1)));
    assert!(came.await);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_costs_its_own_camera_only() {
    let wild = camera(quirk("flood_per_second", "400")).await;
    let calm = camera(|_| {}).await;
    let mut flooded = Park::start(&wild, "");
    let mut quiet = Park::start(&calm, "");
    for number in 0..3 {
        let rule = format!("rule-{number}");
        let came = quiet.until_seen(&rule, || calm.emit(Event::line_crossed(&rule, 1)));
        assert!(came.await);
        let came = flooded.until_seen(&rule, || wild.emit(Event::line_crossed(&rule, 1)));
        assert!(came.await, "{:?}", flooded.health());
    }
    assert!(
        flooded.until(|health| health.dropped > 50).await,
        "{:?}",
        flooded.health()
    );
    assert_eq!(quiet.health().dropped, 0);
    assert_eq!(flooded.count_of("tnscam:Log/Trace"), 1, "one specimen");
    assert!(flooded.count_of(CROSSED) >= 3);
    flooded.stop().await;
    quiet.stop().await;
}
