//! The simulated lane passes every case, and each mutant fails exactly the case meant for it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod common;

use std::net::SocketAddr;

use cordon_contract::SystemClock;
use cordon_sim_lane::{Lane, LaneFault, LaneHandle, LaneSettings};
use cordon_suite::Examination;
use cordon_suite::modbus::{CASES, Options, Profile, examine};

use self::common::{each_fails_its_case, nobody, papers, skipped, words};

const LANE: &str = include_str!("../../../mappings/generic/lane/1/profile.toml");
const REGISTERS: &str = include_str!("../../../mappings/generic/lane-registers/1/profile.toml");

fn quick(shipped: &str) -> String {
    shipped
        .replace("travel_ms = 3000", "travel_ms = 900")
        .replace("margin_ms = 1000", "margin_ms = 600")
        .replace("pulse_ms = 300", "pulse_ms = 200")
        .replace("timeout_ms = 2000", "timeout_ms = 1200")
        .replace("interval_ms = 500", "interval_ms = 200")
        .replace("response_ms = 100", "response_ms = 60")
}

async fn lane(adjust: impl FnOnce(&mut LaneSettings)) -> LaneHandle {
    let mut settings = LaneSettings {
        travel_ms: 600,
        watchdog_ms: 1_200,
        ..LaneSettings::default()
    };
    adjust(&mut settings);
    let lane = Lane::start(settings, SocketAddr::from(([127, 0, 0, 1], 0)));
    lane.await.unwrap()
}

async fn examined(faults: &[LaneFault], profile: &str) -> Examination {
    let lane = lane(|settings| {
        settings.slow_ms = 90;
        settings.faults = faults.to_vec();
    })
    .await;
    examine(lane.addr(), profile, &Options::default(), &SystemClock)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulated_lane_passes_every_case_by_either_profile() {
    let (coils, registers) = (quick(LANE), quick(REGISTERS));
    let (coils, registers) = tokio::join!(examined(&[], &coils), examined(&[], &registers));
    for examination in [coils, registers] {
        assert_eq!(
            examination.counts().passed,
            CASES.len(),
            "{}",
            words(&examination)
        );
        assert_eq!(examination.subject.model, "rehearsal lane");
    }
}

/// One fault, one case.
#[tokio::test(flavor = "multi_thread")]
async fn each_mutant_fails_exactly_the_case_meant_for_it() {
    let mutants = [
        (LaneFault::NoExceptionOnIllegalAddress, "M07"),
        (LaneFault::NoExceptionOnIllegalFunction, "M08"),
        (LaneFault::NoExceptionOnIllegalQuantity, "M09"),
        (LaneFault::SlowReply, "M10"),
        (LaneFault::GarbageStuns, "M11"),
        (LaneFault::OneConnection, "M14"),
        (LaneFault::SlowRaise, "M15"),
        (LaneFault::SlowLower, "M16"),
        (LaneFault::IgnoresStop, "M17"),
        (LaneFault::IgnoresPhotocell, "M18"),
        (LaneFault::IgnoresSafetyLoop, "M19"),
        (LaneFault::LowersIntoPhotocell, "M20"),
        (LaneFault::IgnoresLockOpen, "M21"),
        (LaneFault::IgnoresLocal, "M22"),
        (LaneFault::NoWatchdog, "M23"),
        (LaneFault::RaisesAtPowerUp, "M24"),
    ];
    each_fails_its_case(mutants, |fault| async move {
        examined(&[fault], &quick(LANE)).await
    })
    .await;
}

#[tokio::test]
async fn nobody_at_home_fails_once_and_says_so() {
    let examination = examine(nobody(), &quick(LANE), &Options::default(), &SystemClock)
        .await
        .unwrap();
    assert_eq!(examination.failures(), ["M01"]);
    assert!(!examination.passed());
}

/// The adapter and the examination read the written format each by its own reader.
#[test]
fn both_readers_take_the_shipped_profiles_and_refuse_the_same_mistakes() {
    for text in [LANE, REGISTERS] {
        cordon_modbus::Profile::parse(text, "p").unwrap();
        Profile::parse(text, "p").unwrap();
        for (from, to) in [
            ("format = 1", "format = 9"),
            ("poll_ms", "pol_ms"),
            ("photocell", "fotocell"),
        ] {
            let bad = text.replacen(from, to, 1);
            assert!(cordon_modbus::Profile::parse(&bad, "p").is_err(), "{to}");
            assert!(Profile::parse(&bad, "p").is_err(), "{to}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_rehearsal_coils_and_operator_guards_are_not_applicable() {
    let text = quick(LANE);
    let bare = text.split("[stimulus]").next().unwrap();
    let lane = lane(|settings| settings.stimulus = false).await;
    let examination = examine(lane.addr(), bare, &Options::default(), &SystemClock)
        .await
        .unwrap();
    assert_eq!(
        skipped(&examination),
        ["M18", "M19", "M20", "M22", "M24"],
        "{}",
        words(&examination)
    );
    assert!(examination.passed());
    let papers = papers(&examination);
    let declaration = String::from_utf8(papers.declaration.unwrap()).unwrap();
    assert!(declaration.contains("5 did not apply"), "{declaration}");
    assert!(papers.html.contains("not applicable"));
    let junit = String::from_utf8(papers.junit).unwrap();
    assert!(junit.contains("skipped=\"5\""), "{junit}");
}
