//! The adapter against the lane simulator over real sockets.
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
use std::time::{Duration, Instant};

use cordon_contract::{LinkState, OutcomeKind, Running as _};
use cordon_model::{BarrierState, Body, CommandOutcome, Direction, GateAction, LoopEventKind};
use cordon_sim_lane::{Input, Lane, LaneFault, LaneHandle, LaneSettings, Motion, Output, Vehicle};
use park::{DEVICE, Park, order, quick_profile, quicken, until};

async fn lane(faults: &[LaneFault]) -> LaneHandle {
    let settings = LaneSettings {
        travel_ms: 300,
        late_ms: 700,
        faults: faults.to_vec(),
        ..LaneSettings::default()
    };
    Lane::start(settings, SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap()
}

async fn online(park: &Park) {
    park.until("online", |park| {
        park.adapter.health()[0].state == LinkState::Online
    })
    .await;
}

fn last_state(park: &Park) -> Option<BarrierState> {
    park.statuses().last().map(|status| status.barrier_state)
}

#[tokio::test]
async fn open_is_confirmed_by_the_limit_a_vehicle_passes_and_it_lowers() {
    let lane = lane(&[]).await;
    let park = Park::start(lane.addr(), &quick_profile());
    online(&park).await;
    let asked = Instant::now();
    let outcome = park.execute(GateAction::Open, 3_000).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    assert!(
        asked.elapsed() >= Duration::from_millis(250),
        "before the boom was up"
    );
    assert!(lane.state().plant.inputs.contains(&Input::UpLimit));
    lane.vehicle(Vehicle::passing(150)).unwrap();
    until("closed again", || {
        lane.state().plant.inputs.contains(&Input::DownLimit)
    })
    .await;
    park.until("closed is told", |park| {
        last_state(park) == Some(BarrierState::Closed)
    })
    .await;
    let statuses = park.statuses();
    let confirmed = statuses
        .iter()
        .find(|status| status.command_outcome == Some(CommandOutcome::Confirmed))
        .expect("told with the command's id");
    assert!(confirmed.command_id.is_some());
    assert_eq!(confirmed.inputs.up_limit, Some(true));
    let vehicles: Vec<_> = statuses
        .iter()
        .filter_map(|status| status.loop_event.clone())
        .collect();
    let kinds: Vec<_> = vehicles.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [LoopEventKind::Entered, LoopEventKind::Passed]);
    assert!(
        vehicles
            .iter()
            .all(|event| event.direction == Direction::In)
    );
    let plant = lane.state().plant;
    assert_eq!(
        (
            plant.raise_commands,
            plant.lower_commands,
            plant.cushions_hit
        ),
        (1, 1, 0)
    );
    until("pulses are reset", || {
        let outputs = lane.state().plant.outputs;
        !outputs.contains(&Output::Raise) && !outputs.contains(&Output::Lower)
    })
    .await;
}

#[tokio::test]
async fn a_cut_in_the_middle_of_a_command_expires_it_and_it_is_not_replayed() {
    let lane = lane(&[]).await;
    let park = Park::start(lane.addr(), &quick_profile());
    online(&park).await;
    lane.fault(LaneFault::StuckBoom);
    let adapter = std::sync::Arc::clone(&park.adapter);
    let wanted = park.order(GateAction::Open, 5_000);
    let number = wanted.number;
    let waiting = tokio::spawn(async move { adapter.execute(wanted).await });
    until("the pulse arrived", || {
        lane.state().plant.raise_commands == 1
    })
    .await;
    lane.fault(LaneFault::DropsConnection);
    let outcome = waiting.await.unwrap();
    assert_eq!(outcome.kind, OutcomeKind::Expired, "{}", outcome.detail);
    park.until("offline", |park| {
        park.adapter.health()[0].state == LinkState::Offline
    })
    .await;
    assert_eq!(last_state(&park), Some(BarrierState::Unknown));
    let refused = park.execute(GateAction::Open, 1_000).await;
    assert_ne!(refused.kind, OutcomeKind::Confirmed);
    lane.mend(LaneFault::DropsConnection);
    lane.mend(LaneFault::StuckBoom);
    // The boom was told to rise before the cut and the controller still remembers it; what
    // counts is that nothing is told again.
    park.until("told again", |park| {
        matches!(
            last_state(park),
            Some(BarrierState::Open | BarrierState::Closed)
        )
    })
    .await;
    online(&park).await;
    let again = park
        .adapter
        .execute(order(number, GateAction::Open, 5_000))
        .await;
    assert_eq!(
        again.kind,
        OutcomeKind::Expired,
        "the same order gets its first answer"
    );
    assert_eq!(lane.state().plant.raise_commands, 1, "nothing was replayed");
    assert!(
        !lane.state().plant.outputs.contains(&Output::Raise),
        "the cut pulse was reset"
    );
}

#[tokio::test]
async fn a_cut_right_after_the_write_expires_the_command() {
    let lane = lane(&[]).await;
    let text = quick_profile().replace("interval_ms = 100", "interval_ms = 1900");
    let park = Park::start(lane.addr(), &text);
    online(&park).await;
    // Lets the heartbeat of the connect pass, so that the next write is the pulse.
    let heartbeat = lane.state().plant.heartbeat;
    until("heartbeat", || {
        lane.state().plant.heartbeat > heartbeat || heartbeat > 0
    })
    .await;
    lane.fault(LaneFault::CutsAfterWrite);
    let outcome = park.execute(GateAction::Open, 3_000).await;
    assert_eq!(outcome.kind, OutcomeKind::Expired, "{}", outcome.detail);
    online(&park).await;
    assert!(lane.state().plant.raise_commands <= 1);
}

#[tokio::test]
async fn with_the_photocell_on_the_barrier_is_never_lowered() {
    // A blind controller: only the adapter stands between the boom and the vehicle.
    let lane = lane(&[LaneFault::IgnoresPhotocell, LaneFault::LowersIntoPhotocell]).await;
    let park = Park::start(lane.addr(), &quick_profile());
    online(&park).await;
    assert_eq!(
        park.execute(GateAction::Open, 3_000).await.kind,
        OutcomeKind::Confirmed
    );
    lane.force(Input::Photocell, Some(true));
    until("photocell seen", || {
        park.statuses()
            .last()
            .is_some_and(|status| status.inputs.photocell == Some(true))
    })
    .await;
    let refused = park.execute(GateAction::Close, 1_000).await;
    assert_eq!(refused.kind, OutcomeKind::Refused);
    assert!(refused.detail.contains("photocell"), "{}", refused.detail);
    // Longer than the hold time of two seconds.
    park.until("blocked", |park| {
        last_state(park) == Some(BarrierState::Blocked)
    })
    .await;
    assert_eq!(lane.state().plant.lower_commands, 0);
    lane.force(Input::Photocell, None);
    until("lowered once clear", || {
        lane.state().plant.inputs.contains(&Input::DownLimit)
    })
    .await;
    let plant = lane.state().plant;
    assert_eq!((plant.lower_commands, plant.cushions_hit), (1, 0));
}

#[tokio::test]
async fn a_falling_boom_is_turned_back() {
    let lane = lane(&[LaneFault::IgnoresPhotocell, LaneFault::SlowLower]).await;
    let park = Park::start(
        lane.addr(),
        &quick_profile().replace("travel_ms = 600", "travel_ms = 3000"),
    );
    online(&park).await;
    assert_eq!(
        park.execute(GateAction::Open, 3_000).await.kind,
        OutcomeKind::Confirmed
    );
    let adapter = std::sync::Arc::clone(&park.adapter);
    let wanted = park.order(GateAction::Close, 8_000);
    let closing = tokio::spawn(async move { adapter.execute(wanted).await });
    until("falling", || lane.state().plant.motion == Motion::Down).await;
    lane.force(Input::Photocell, Some(true));
    let outcome = closing.await.unwrap();
    assert_eq!(outcome.kind, OutcomeKind::Failed);
    assert!(outcome.detail.contains("reversed"), "{}", outcome.detail);
    until("up again", || {
        lane.state().plant.inputs.contains(&Input::UpLimit)
    })
    .await;
    lane.force(Input::Photocell, None);
}

#[tokio::test]
async fn every_misbehaviour_of_the_wire_is_survived() {
    for fault in [
        LaneFault::LateReply,
        LaneFault::Garbage,
        LaneFault::Hangs,
        LaneFault::DropsConnection,
        LaneFault::WrongTransaction,
        LaneFault::ShortReply,
    ] {
        let lane = lane(&[]).await;
        let park = Park::start(lane.addr(), &quick_profile());
        online(&park).await;
        lane.fault(fault);
        park.until("offline", |park| {
            park.adapter.health()[0].state == LinkState::Offline
        })
        .await;
        let outcome = park.execute(GateAction::Open, 400).await;
        assert!(
            matches!(outcome.kind, OutcomeKind::Failed | OutcomeKind::Expired),
            "{fault:?}: {outcome:?}"
        );
        lane.mend(fault);
        online(&park).await;
        let outcome = park.execute(GateAction::Open, 3_000).await;
        assert_eq!(
            outcome.kind,
            OutcomeKind::Confirmed,
            "{fault:?}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn faults_of_the_barrier_are_failures_and_never_confirmations() {
    let cases = [
        (LaneFault::StuckBoom, OutcomeKind::Failed, "lower limit"),
        (LaneFault::NoUpLimit, OutcomeKind::Failed, "upper limit"),
        (LaneFault::BothLimits, OutcomeKind::Refused, "wiring"),
        (LaneFault::ExceptionOnRead, OutcomeKind::Refused, "unknown"),
    ];
    for (fault, kind, words) in cases {
        let lane = lane(&[fault]).await;
        let park = Park::start(lane.addr(), &quick_profile());
        park.until("read", |park| {
            park.adapter.health()[0].state != LinkState::Starting
        })
        .await;
        let outcome = park.execute(GateAction::Open, 3_000).await;
        assert_eq!(outcome.kind, kind, "{fault:?}: {outcome:?}");
        assert!(outcome.detail.contains(words), "{fault:?}: {outcome:?}");
        park.until("degraded", |park| {
            park.adapter.health()[0].state == LinkState::Degraded
        })
        .await;
    }
}

#[tokio::test]
async fn an_emergency_opening_is_repeated_across_a_cut_until_confirmed_and_released() {
    let lane = lane(&[]).await;
    let park = Park::start(lane.addr(), &quick_profile());
    online(&park).await;
    lane.fault(LaneFault::StuckBoom);
    let adapter = std::sync::Arc::clone(&park.adapter);
    let wanted = park.order(GateAction::LockOpen, 9_000);
    let opening = tokio::spawn(async move { adapter.execute(wanted).await });
    until("asked", || {
        lane.state().plant.outputs.contains(&Output::LockOpen)
    })
    .await;
    lane.restart();
    until("asked again after the power cycle", || {
        lane.state().plant.outputs.contains(&Output::LockOpen)
    })
    .await;
    lane.mend(LaneFault::StuckBoom);
    let outcome = opening.await.unwrap();
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    assert_eq!(
        park.execute(GateAction::Close, 1_000).await.kind,
        OutcomeKind::Refused
    );
    let outcome = park.execute(GateAction::Release, 2_000).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    assert!(!lane.state().plant.outputs.contains(&Output::LockOpen));
    until("closed", || {
        lane.state().plant.inputs.contains(&Input::DownLimit)
    })
    .await;
}

#[tokio::test]
async fn old_epochs_past_deadlines_tests_and_strangers_are_not_carried_out() {
    let lane = lane(&[]).await;
    let park = Park::start(lane.addr(), &quick_profile());
    online(&park).await;
    assert_eq!(
        park.execute(GateAction::Open, -1).await.kind,
        OutcomeKind::Expired
    );
    let mut newer = order(1, GateAction::Stop, 1_000);
    newer.epoch = 5;
    if let Body::GateCommand(command) = &mut std::sync::Arc::make_mut(&mut newer.message).body {
        command.epoch = 5;
    }
    assert_eq!(
        park.adapter.execute(newer).await.kind,
        OutcomeKind::Accepted
    );
    let old = park.execute(GateAction::Open, 1_000).await;
    assert_eq!(old.kind, OutcomeKind::Refused);
    assert!(old.detail.contains("epoch"), "{}", old.detail);
    let mut test = order(2, GateAction::Open, 1_000);
    std::sync::Arc::make_mut(&mut test.message).header.test = true;
    assert_eq!(park.adapter.execute(test).await.kind, OutcomeKind::Refused);
    let mut stranger = order(3, GateAction::Open, 1_000);
    stranger.target = cordon_contract::Target::device("BR-99");
    assert_eq!(
        park.adapter.execute(stranger).await.kind,
        OutcomeKind::Refused
    );
    assert_eq!(lane.state().plant.raise_commands, 0);
}

#[tokio::test]
async fn a_deadline_ends_an_order_that_the_boom_does_not_answer() {
    let lane = lane(&[LaneFault::StuckBoom]).await;
    let park = Park::start(lane.addr(), &quick_profile());
    online(&park).await;
    let asked = Instant::now();
    let outcome = park.execute(GateAction::Open, 300).await;
    assert_eq!(outcome.kind, OutcomeKind::Expired, "{}", outcome.detail);
    assert!(asked.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn register_bits_work_like_coils_and_the_heartbeat_keeps_the_watchdog_quiet() {
    let shipped = include_str!("../../../mappings/generic/lane-registers/1/profile.toml");
    let lane = lane(&[]).await;
    let park = Park::start(lane.addr(), &quicken(shipped));
    online(&park).await;
    assert_eq!(
        park.execute(GateAction::Open, 3_000).await.kind,
        OutcomeKind::Confirmed
    );
    let first = lane.state().plant.heartbeat;
    until("heartbeats", || lane.state().plant.heartbeat > first + 3).await;
    assert!(!lane.state().plant.watchdog_expired);
    assert!(lane.state().plant.outputs.contains(&Output::LampGreen));
    drop(park);
    until("the watchdog takes over", || {
        lane.state().plant.watchdog_expired
    })
    .await;
}

#[tokio::test]
async fn a_probe_touches_the_lane_and_changes_nothing() {
    let lane = lane(&[]).await;
    let made = park::adapter(lane.addr(), &quick_profile());
    let resting = Park::resting(made, std::sync::Arc::new(cordon_contract::SystemClock));
    let probes = resting.adapter.probe().await;
    assert!(probes[0].ok, "{}", probes[0].detail);
    assert!(
        probes[0].detail.contains("DownLimit"),
        "{}",
        probes[0].detail
    );
    assert_eq!(probes[0].device, DEVICE);
    let park = Park::start(lane.addr(), &quick_profile());
    online(&park).await;
    assert!(park.adapter.probe().await[0].ok);
    lane.fault(LaneFault::Hangs);
    assert!(!park.adapter.probe().await[0].ok);
    assert_eq!(lane.state().plant.raise_commands, 0);
}

#[tokio::test]
async fn after_a_start_each_state_of_the_link_is_told_once() {
    let lane = lane(&[]).await;
    let park = Park::start(lane.addr(), &quick_profile());
    online(&park).await;
    park.until("the barrier is told", |park| last_state(park).is_some())
        .await;
    // What follows a command comes behind everything that the start told.
    let outcome = park.execute(GateAction::Open, 3_000).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    park.until("the command is told", |park| {
        let mut statuses = park.statuses().into_iter();
        statuses.any(|status| status.command_outcome.is_some())
    })
    .await;
    let mut told = park.links_told(DEVICE);
    let count = told.len();
    told.dedup();
    assert_eq!(told.len(), count, "a state was told twice: {told:?}");
}
