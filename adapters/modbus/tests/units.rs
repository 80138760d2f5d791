//! Several units behind one address, and orders that cannot wait for one of them.
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
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use cordon_contract::{Clock, LinkState, ManualClock, OutcomeKind, Running as _, SystemClock};
use cordon_model::{DeviceState, GateAction, Timestamp};
use cordon_sim_lane::{Lane, LaneFault, LaneHandle, LaneSettings, Output};
use park::{Park, adapter_of, at, bus, quick_profile, until};

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn unit(unit: u8) -> LaneSettings {
    LaneSettings {
        unit,
        travel_ms: 300,
        late_ms: 200,
        ..LaneSettings::default()
    }
}

async fn gateway(units: std::ops::RangeInclusive<u8>) -> Vec<LaneHandle> {
    Lane::start_gateway(units.map(unit).collect(), any_port())
        .await
        .unwrap()
}

fn park_at(lanes: &[LaneHandle]) -> Park {
    let units = 1..=u8::try_from(lanes.len()).unwrap();
    Park::run(
        adapter_of(&bus(lanes[0].addr(), units), &quick_profile()),
        Arc::new(SystemClock),
    )
}

async fn is(park: &Park, device: &str, state: LinkState) {
    park.until(&format!("{device} {state:?}"), |park| {
        park.link(device).0 == state
    })
    .await;
}

/// However a unit fails to answer, its neighbours on the same connection never notice.
#[tokio::test]
async fn one_silent_unit_leaves_the_others_of_its_bus_online() {
    for fault in [
        LaneFault::Hangs,
        LaneFault::GatewayTimesOut,
        LaneFault::Garbage,
        LaneFault::WrongTransaction,
        LaneFault::ShortReply,
    ] {
        let lanes = gateway(1..=3).await;
        let park = park_at(&lanes);
        for device in ["BR-01", "BR-02", "BR-03"] {
            is(&park, device, LinkState::Online).await;
        }
        lanes[1].fault(fault);
        is(&park, "BR-02", LinkState::Offline).await;
        for action in [GateAction::Open, GateAction::LockOpen] {
            let outcome = park.execute_at("BR-03", action, 4_000).await;
            assert_eq!(
                outcome.kind,
                OutcomeKind::Confirmed,
                "{fault:?} {action:?}: {}",
                outcome.detail
            );
        }
        let refused = park.execute_at("BR-02", GateAction::Open, 4_000).await;
        assert_eq!(refused.kind, OutcomeKind::Failed, "{fault:?}: {refused:?}");
        assert!(refused.detail.contains("nothing was sent"), "{refused:?}");
        for device in ["BR-01", "BR-03"] {
            let told = park.links_told(device);
            assert!(
                told.iter().all(|state| *state == DeviceState::Online),
                "{fault:?}, {device}: {told:?}"
            );
        }
        lanes[1].mend(fault);
        is(&park, "BR-02", LinkState::Online).await;
        let outcome = park.execute_at("BR-02", GateAction::Open, 4_000).await;
        assert_eq!(
            outcome.kind,
            OutcomeKind::Confirmed,
            "{fault:?}: {outcome:?}"
        );
        assert!(!lanes[0].state().plant.watchdog_expired, "{fault:?}");
    }
}

/// A unit that is silent from the start is found alone too.
#[tokio::test]
async fn a_unit_that_never_answered_does_not_keep_the_others_from_starting() {
    let lanes = gateway(1..=3).await;
    lanes[0].fault(LaneFault::Hangs);
    let park = park_at(&lanes);
    for device in ["BR-02", "BR-03"] {
        is(&park, device, LinkState::Online).await;
    }
    let asked = lanes[0].state().requests;
    assert!(asked <= 2, "asked {asked} times before the others");
    is(&park, "BR-01", LinkState::Offline).await;
}

/// The opening of a silent unit waits for it and is carried out once it answers; the one beside it
/// does not wait.
#[tokio::test]
async fn an_emergency_opening_waits_for_its_own_unit_alone() {
    let lanes = gateway(1..=2).await;
    let park = park_at(&lanes);
    is(&park, "BR-01", LinkState::Online).await;
    is(&park, "BR-02", LinkState::Online).await;
    lanes[1].fault(LaneFault::Hangs);
    is(&park, "BR-02", LinkState::Offline).await;
    let adapter = Arc::clone(&park.adapter);
    let order = at("BR-02", park.order(GateAction::LockOpen, 9_000));
    let waiting = tokio::spawn(async move { adapter.execute(order).await });
    let beside = park.execute_at("BR-01", GateAction::LockOpen, 4_000).await;
    assert_eq!(beside.kind, OutcomeKind::Confirmed, "{}", beside.detail);
    assert!(!waiting.is_finished());
    assert_eq!(lanes[1].state().plant.raise_commands, 0);
    lanes[1].mend(LaneFault::Hangs);
    let outcome = waiting.await.unwrap();
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    assert!(lanes[1].state().plant.outputs.contains(&Output::LockOpen));
}

/// Connects and is hung up on; how often is counted.
async fn hangs_up() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind(any_port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        loop {
            drop(listener.accept().await);
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (address, calls)
}

/// With the pause grown to seconds, an opening of three seconds was written at the next attempt, if
/// there was one.
#[tokio::test]
async fn an_emergency_opening_does_not_wait_out_the_reconnect_pause() {
    let (address, calls) = hangs_up().await;
    let park = Park::start(address, &quick_profile());
    until("the pause has grown", || calls.load(Ordering::SeqCst) >= 5).await;
    let before = calls.load(Ordering::SeqCst);
    let outcome = park.execute(GateAction::LockOpen, 3_000).await;
    assert_eq!(outcome.kind, OutcomeKind::Expired, "{}", outcome.detail);
    let attempts = calls.load(Ordering::SeqCst) - before;
    assert!(attempts >= 4, "{attempts} attempts in its time");
}

/// Panics once, when it is told to, in whoever asks for the time next.
struct PanickingClock(AtomicBool);

impl Clock for PanickingClock {
    fn now(&self) -> Timestamp {
        assert!(!self.0.swap(false, Ordering::SeqCst), "the test's panic");
        SystemClock.now()
    }
}

#[tokio::test]
async fn a_panic_of_one_owner_restarts_its_bus_and_no_other() {
    let lanes = [
        Lane::start(unit(1), any_port()).await.unwrap(),
        Lane::start(unit(2), any_port()).await.unwrap(),
    ];
    let buses = format!(
        "{}\n{}",
        bus(lanes[0].addr(), 1..=1),
        bus(lanes[1].addr(), 2..=2)
    );
    let clock = Arc::new(PanickingClock(AtomicBool::new(false)));
    let mine: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
    let park = Park::run(adapter_of(&buses, &quick_profile()), mine);
    is(&park, "BR-01", LinkState::Online).await;
    is(&park, "BR-02", LinkState::Online).await;
    clock.0.store(true, Ordering::SeqCst);
    until("it panicked", || !clock.0.load(Ordering::SeqCst)).await;
    for device in ["BR-01", "BR-02"] {
        let outcome = park.execute_at(device, GateAction::LockOpen, 9_000).await;
        assert_eq!(
            outcome.kind,
            OutcomeKind::Confirmed,
            "{device}: {outcome:?}"
        );
    }
    assert_eq!(park.adapter.restarts(), 1);
}

/// The wall clock stands still: the order's time is over all the same.
#[tokio::test]
async fn an_order_is_over_by_elapsed_time_whatever_the_clock_says() {
    let lanes = gateway(1..=1).await;
    let clock = ManualClock::new(SystemClock.now());
    let park = Park::run(
        adapter_of(&bus(lanes[0].addr(), 1..=1), &quick_profile()),
        Arc::new(clock),
    );
    is(&park, "BR-01", LinkState::Online).await;
    lanes[0].fault(LaneFault::Hangs);
    is(&park, "BR-01", LinkState::Offline).await;
    let outcome = park.execute(GateAction::LockOpen, 400).await;
    assert_eq!(outcome.kind, OutcomeKind::Expired, "{}", outcome.detail);
    // What was written in time is read while the lane hangs, also where the machine is slow.
    let requests = lanes[0].state().requests;
    until("more is read", || lanes[0].state().requests > requests + 2).await;
    lanes[0].mend(LaneFault::Hangs);
    is(&park, "BR-01", LinkState::Online).await;
    let requests = lanes[0].state().requests;
    until("it goes on", || lanes[0].state().requests > requests + 20).await;
    let plant = lanes[0].state().plant;
    assert_eq!(plant.raise_commands, 0, "carried out late");
    assert!(!plant.outputs.contains(&Output::LockOpen));
}

/// It was over at the step, and never tried again.
#[tokio::test]
async fn an_opening_that_waits_for_its_lane_is_not_over_when_the_clock_is_set() {
    let lanes = gateway(1..=1).await;
    let clock = ManualClock::new(SystemClock.now());
    let park = Park::run(
        adapter_of(&bus(lanes[0].addr(), 1..=1), &quick_profile()),
        Arc::new(clock.clone()),
    );
    is(&park, "BR-01", LinkState::Online).await;
    lanes[0].fault(LaneFault::Hangs);
    is(&park, "BR-01", LinkState::Offline).await;
    // The hub counts the deadline on the clock that no step moves.
    let opening = park.execute(GateAction::LockOpen, 60_000);
    let stepped = async {
        let requests = lanes[0].state().requests;
        until("more is read", || lanes[0].state().requests > requests + 2).await;
        clock.step_ms(86_400_000);
        let requests = lanes[0].state().requests;
        until("more is read", || lanes[0].state().requests > requests + 2).await;
        lanes[0].mend(LaneFault::Hangs);
    };
    let (outcome, ()) = tokio::join!(opening, stepped);
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
}
