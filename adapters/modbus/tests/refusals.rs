//! Writes that a controller refuses, rises that come late, and what a lane held open before the hub
//! began.
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

use std::net::SocketAddr;

use cordon_contract::{LinkState, OutcomeKind};
use cordon_model::{BarrierState, GateAction};
use cordon_sim_lane::{Input, Lane, LaneFault, LaneHandle, LaneSettings, Output};
use park::{DEVICE, Park, quick_profile, quicken, until};

async fn lane(faults: &[LaneFault]) -> LaneHandle {
    let settings = LaneSettings {
        travel_ms: 300,
        late_rise_ms: 1_800,
        faults: faults.to_vec(),
        ..LaneSettings::default()
    };
    Lane::start(settings, SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap()
}

async fn is(park: &Park, state: LinkState) {
    let words = format!("{state:?}");
    park.until(&words, |park| park.link(DEVICE).0 == state)
        .await;
}

/// Such a controller was ONLINE, and an emergency opening EXPIRED without a word of the refusal.
#[tokio::test]
async fn a_refused_write_is_in_health_reason_and_outcome() {
    let lane = lane(&[LaneFault::RefusesSingleWrites]).await;
    let park = Park::start(lane.addr(), &quick_profile());
    is(&park, LinkState::Degraded).await;
    let (_, reason) = park.link(DEVICE);
    assert!(
        reason.contains("refused") && reason.contains("exception 1"),
        "{reason}"
    );
    park.until("the status says it", |park| {
        park.statuses().iter().any(|status| {
            status
                .detail
                .as_deref()
                .is_some_and(|detail| detail.contains("exception 1"))
        })
    })
    .await;
    for action in [GateAction::Open, GateAction::LockOpen] {
        let outcome = park.execute(action, 5_000).await;
        assert_eq!(
            outcome.kind,
            OutcomeKind::Refused,
            "{action:?}: {outcome:?}"
        );
        assert!(outcome.detail.contains("exception 1"), "{outcome:?}");
    }
    lane.mend(LaneFault::RefusesSingleWrites);
    assert_eq!(
        park.execute(GateAction::LockOpen, 5_000).await.kind,
        OutcomeKind::Confirmed
    );
}

#[tokio::test]
async fn outputs_and_heartbeat_can_be_written_by_functions_15_and_16() {
    let shipped = [
        quick_profile(),
        quicken(include_str!(
            "../../../mappings/generic/lane-registers/1/profile.toml"
        )),
    ];
    for profile in shipped {
        let profile: String = profile
            .lines()
            .map(|line| match line {
                _ if line.starts_with("[outputs.") || line == "[heartbeat]" => {
                    format!("{line}\nwrite = \"multiple\"\n")
                }
                _ if line.contains("table = \"holding\"") => {
                    line.replace(" }", ", write = \"multiple\" }\n")
                }
                _ => format!("{line}\n"),
            })
            .collect();
        let lane = lane(&[LaneFault::RefusesSingleWrites]).await;
        let park = Park::start(lane.addr(), &profile);
        is(&park, LinkState::Online).await;
        let outcome = park.execute(GateAction::Open, 5_000).await;
        assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
        let first = lane.state().plant.heartbeat;
        until("heartbeats", || lane.state().plant.heartbeat > first + 2).await;
    }
}

/// The order failed, the boom rose afterwards and stood up, the lamp green.
#[tokio::test]
async fn a_boom_that_rises_after_its_order_failed_is_lowered_and_the_lamp_stays_red() {
    let lane = lane(&[LaneFault::RisesLate]).await;
    let park = Park::start(lane.addr(), &quick_profile());
    is(&park, LinkState::Online).await;
    let outcome = park.execute(GateAction::Open, 5_000).await;
    assert_eq!(outcome.kind, OutcomeKind::Failed, "{}", outcome.detail);
    // Counted by the lane itself: it may be down again before anybody looks.
    let lowered = lane.state().plant.lower_commands;
    until("it rises late", || lane.state().plant.rises > 0).await;
    until("lowered", || {
        lane.state().plant.inputs.contains(&Input::DownLimit)
    })
    .await;
    let plant = lane.state().plant;
    assert!(plant.lower_commands > lowered, "by the adapter");
    assert!(plant.outputs.contains(&Output::LampRed));
    assert!(
        park.statuses()
            .iter()
            .all(|status| status.inputs.lamp != Some(true)),
        "the lamp was green"
    );
}

#[tokio::test]
async fn a_late_rise_over_a_vehicle_is_not_lowered_before_it_is_gone() {
    let lane = lane(&[LaneFault::RisesLate]).await;
    let park = Park::start(lane.addr(), &quick_profile());
    is(&park, LinkState::Online).await;
    lane.force(Input::SafetyLoop, Some(true));
    let outcome = park.execute(GateAction::Open, 5_000).await;
    assert_eq!(outcome.kind, OutcomeKind::Failed, "{}", outcome.detail);
    until("up", || lane.state().plant.inputs.contains(&Input::UpLimit)).await;
    park.until("told", |park| {
        park.statuses().last().is_some_and(|status| {
            status.inputs.up_limit == Some(true)
                && matches!(
                    status.barrier_state,
                    BarrierState::Fault | BarrierState::Blocked
                )
        })
    })
    .await;
    assert_eq!(lane.state().plant.lower_commands, 0);
    lane.force(Input::SafetyLoop, None);
    until("lowered", || {
        lane.state().plant.inputs.contains(&Input::DownLimit)
    })
    .await;
    assert_eq!(lane.state().plant.cushions_hit, 0);
}

/// The hub ended while the lane was held open. RELEASE said CONFIRMED, and the boom stayed up until it
/// was held open and released again.
#[tokio::test]
async fn a_lane_held_open_before_the_start_is_known_and_lowered_on_release() {
    let lane = lane(&[]).await;
    let first = Park::start(lane.addr(), &quick_profile());
    is(&first, LinkState::Online).await;
    let held = first.execute(GateAction::LockOpen, 5_000).await;
    assert_eq!(held.kind, OutcomeKind::Confirmed, "{}", held.detail);
    drop(first);
    until("the hub is gone", || lane.state().connections == 0).await;
    let park = Park::start(lane.addr(), &quick_profile());
    is(&park, LinkState::Online).await;
    let refused = park.execute(GateAction::Close, 2_000).await;
    assert_eq!(refused.kind, OutcomeKind::Refused, "held open: {refused:?}");
    let released = park.execute(GateAction::Release, 2_000).await;
    assert_eq!(released.kind, OutcomeKind::Confirmed, "{}", released.detail);
    assert!(released.detail.contains("lowered"), "{}", released.detail);
    until("lowered", || {
        lane.state().plant.inputs.contains(&Input::DownLimit)
    })
    .await;
}
