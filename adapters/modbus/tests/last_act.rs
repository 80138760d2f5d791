//! Of orders that contradict each other the last holds, whichever of them waits and however they come.
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

use cordon_contract::{LinkState, Order, OrderLane, Outcome, OutcomeKind, Running as _};
use cordon_model::{Body, CommandOutcome, GateAction};
use cordon_sim_lane::{Input, Lane, LaneFault, LaneHandle, LaneSettings, Output};
use park::lying::LyingWay;
use park::way::{Gateway, SlowWay};
use park::{DEVICE, Park, quick_profile, until};
use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use GateAction::{Close, LockOpen, Release, Stop};

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

async fn lane() -> LaneHandle {
    let settings = LaneSettings {
        travel_ms: 300,
        ..LaneSettings::default()
    };
    Lane::start(settings, any_port()).await.unwrap()
}

/// A way to the lane that can be cut: while it is, whoever comes is hung up on.
async fn way(to: SocketAddr) -> (SocketAddr, watch::Sender<bool>) {
    let listener = TcpListener::bind(any_port()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (cut, is_cut) = watch::channel(false);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut is_cut = is_cut.clone();
            if *is_cut.borrow_and_update() {
                continue;
            }
            tokio::spawn(async move {
                let mut far = TcpStream::connect(to).await.unwrap();
                tokio::select! {
                    _ = copy_bidirectional(&mut near, &mut far) => {}
                    _ = is_cut.changed() => {}
                }
            });
        }
    });
    (address, cut)
}

fn is_up(lane: &LaneHandle) -> bool {
    lane.state().plant.inputs.contains(&Input::UpLimit)
}

fn is_down(lane: &LaneHandle) -> bool {
    lane.state().plant.inputs.contains(&Input::DownLimit)
}

fn is_locked(lane: &LaneHandle) -> bool {
    lane.state().plant.outputs.contains(&Output::LockOpen)
}

async fn is(park: &Park, state: LinkState) {
    park.until(&format!("{state:?}"), |park| park.link(DEVICE).0 == state)
        .await;
}

/// Hands an order over and returns once it lies with the adapter.
async fn ordered(park: &Park, action: GateAction) -> JoinHandle<Outcome> {
    hand(park, park.order(action, 9_000)).await
}

async fn hand(park: &Park, order: Order) -> JoinHandle<Outcome> {
    let (adapter, again) = (Arc::clone(&park.adapter), order.clone());
    let waiting = tokio::spawn(async move { adapter.execute(order).await });
    tokio::task::yield_now().await;
    // The same order again comes by the same door, and is answered once the first was taken.
    park.adapter.execute(again).await;
    waiting
}

/// The link was cut, opened, released and mended: the boom rose and was locked open.
#[tokio::test]
async fn an_opening_that_waits_for_the_link_ends_with_its_release() {
    let lane = lane().await;
    let (address, cut) = way(lane.addr()).await;
    let park = Park::start(address, &quick_profile());
    is(&park, LinkState::Online).await;
    cut.send(true).unwrap();
    is(&park, LinkState::Offline).await;
    let opening = ordered(&park, LockOpen).await;
    let release = ordered(&park, Release).await;
    let opening = opening.await.unwrap();
    assert_eq!(opening.kind, OutcomeKind::Failed, "{opening:?}");
    assert!(
        opening.detail.starts_with("superseded by a newer order"),
        "{opening:?}"
    );
    assert!(!release.is_finished(), "it waits for the link");
    cut.send(false).unwrap();
    let release = release.await.unwrap();
    assert_eq!(release.kind, OutcomeKind::Confirmed, "{release:?}");
    let plant = lane.state().plant;
    assert_eq!((plant.rises, plant.raise_commands), (0, 0));
    assert!(is_down(&lane) && !is_locked(&lane));
}

/// A write that had got no answer reached the lane after its release was confirmed, and the lane stayed
/// open with nobody knowing.
#[tokio::test]
async fn an_older_write_that_comes_after_its_release_is_taken_back_and_told() {
    let lane = lane().await;
    let way = SlowWay::to(lane.addr()).await;
    let park = Park::start(way.address, &quick_profile());
    is(&park, LinkState::Online).await;
    way.becomes(Gateway::Keeps);
    let opening = ordered(&park, LockOpen).await;
    park.until("the write is under way", |_| way.kept() > 0)
        .await;
    way.becomes(Gateway::Passes);
    assert_eq!(opening.await.unwrap().kind, OutcomeKind::Confirmed);
    let release = park.order(Release, 9_000);
    let command = match &release.message.body {
        Body::GateCommand(command) => command.command_id,
        _ => unreachable!(),
    };
    let release = park.adapter.execute(release).await;
    assert_eq!(release.kind, OutcomeKind::Confirmed, "{release:?}");
    until("it is down", || is_down(&lane) && !is_locked(&lane)).await;
    way.becomes(Gateway::LetsGo);
    park.until("what was confirmed is told as failed", |park| {
        let told = park.statuses();
        told.iter().any(|it| {
            it.command_id == Some(command)
                && it.command_outcome == Some(CommandOutcome::Failed)
                && it
                    .detail
                    .as_deref()
                    .is_some_and(|it| it.contains("on again"))
        })
    })
    .await;
    until("the last act holds", || is_down(&lane) && !is_locked(&lane)).await;
}

/// An opening whose write got no answer was answered as given up; when the write came after all, the lane
/// stood open and whoever had ordered it was told nothing more.
#[tokio::test]
async fn an_opening_that_is_found_done_after_it_was_given_up_is_told_as_confirmed_once() {
    let lane = lane().await;
    let way = SlowWay::to(lane.addr()).await;
    let park = Park::start(way.address, &quick_profile());
    is(&park, LinkState::Online).await;
    way.becomes(Gateway::Keeps);
    let opening = park.order(LockOpen, 1_000);
    let command = match &opening.message.body {
        Body::GateCommand(command) => command.command_id,
        _ => unreachable!(),
    };
    let given_up = park.adapter.execute(opening).await;
    assert_ne!(given_up.kind, OutcomeKind::Confirmed, "{given_up:?}");
    assert!(!is_locked(&lane));
    let confirmed = |park: &Park| {
        let told = park.statuses();
        let of_it = told.iter().filter(|it| it.command_id == Some(command));
        of_it
            .filter(|it| it.command_outcome == Some(CommandOutcome::Confirmed))
            .count()
    };
    assert_eq!(confirmed(&park), 0);
    way.becomes(Gateway::LetsGo);
    park.until("it is told as confirmed", |park| confirmed(park) == 1)
        .await;
    assert!(is_up(&lane) && is_locked(&lane));
    // A release is told of itself, and of the opening nothing more.
    let release = park.execute(Release, 9_000).await;
    assert_eq!(release.kind, OutcomeKind::Confirmed, "{release:?}");
    assert_eq!(confirmed(&park), 1);
}

/// The write of a pulse that came after everything stood until the next session of the lane.
#[tokio::test]
async fn a_pulse_that_comes_late_is_reset_although_the_session_goes_on() {
    let lane = lane().await;
    let park = Park::start(lane.addr(), &quick_profile());
    is(&park, LinkState::Online).await;
    let stands = || lane.state().plant.outputs.contains(&Output::Lower);
    assert!(!stands());
    let before = lane.state().plant.lower_commands;
    // Function 5, coil 1 on: what a gateway kept of a closing, over a connection of its own.
    let mut gateway = TcpStream::connect(lane.addr()).await.unwrap();
    let write = [0, 1, 0, 0, 0, 6, 1, 5, 0, 1, 0xff, 0];
    gateway.write_all(&write).await.unwrap();
    until("the write comes", || {
        lane.state().plant.lower_commands > before
    })
    .await;
    until("it is reset", || !stands()).await;
}

/// Writes the lock over a connection of its own, as another hand or a gateway that kept the write does.
async fn another_hand(lane: &LaneHandle, locks: bool) {
    let mut hand = TcpStream::connect(lane.addr()).await.unwrap();
    let on = if locks { 0xff } else { 0 };
    // Function 5, coil 3.
    hand.write_all(&[0, 1, 0, 0, 0, 6, 1, 5, 0, 3, on, 0])
        .await
        .unwrap();
    until("the write comes", || is_locked(lane) == locks).await;
}

/// How often the lock was told of without a command.
fn told_of_lock(park: &Park, outcome: CommandOutcome) -> usize {
    let told = park.statuses();
    let unnamed = told.iter().filter(|it| it.command_id.is_none());
    unnamed
        .filter(|it| it.command_outcome == Some(outcome))
        .count()
}

/// Waits until the lock was read back several times more: once a second, between some fifty reads.
async fn goes_on(lane: &LaneHandle) {
    let requests = lane.state().requests;
    until("it goes on", || lane.state().requests > requests + 150).await;
}

/// A release whose write got no answer, or a refusal, was told as not carried out, and the boom was
/// lowered all the same or stood at fault.
#[tokio::test]
async fn a_release_that_is_not_written_leaves_the_lane_held() {
    let lane = lane().await;
    let way = SlowWay::to(lane.addr()).await;
    let park = Park::start(way.address, &quick_profile());
    is(&park, LinkState::Online).await;
    let held = park.execute(LockOpen, 4_000).await;
    assert_eq!(held.kind, OutcomeKind::Confirmed, "{held:?}");
    lane.fault(LaneFault::RefusesSingleWrites);
    let release = park.execute(Release, 4_000).await;
    assert_eq!(release.kind, OutcomeKind::Refused, "{release:?}");
    goes_on(&lane).await;
    lane.mend(LaneFault::RefusesSingleWrites);
    goes_on(&lane).await;
    way.becomes(Gateway::KeepsLock);
    let release = hand(&park, park.order(Release, 9_000)).await;
    park.until("the write is under way", |_| way.kept() > 0)
        .await;
    way.becomes(Gateway::Passes);
    let release = release.await.unwrap();
    assert_eq!(release.kind, OutcomeKind::Expired, "{release:?}");
    is(&park, LinkState::Online).await;
    goes_on(&lane).await;
    assert!(is_up(&lane) && is_locked(&lane), "held, as was told");
    let close = park.execute(Close, 3_000).await;
    assert_eq!(close.kind, OutcomeKind::Refused, "{close:?}");
    assert_eq!(lane.state().plant.lower_commands, 0);
    assert_eq!(told_of_lock(&park, CommandOutcome::Failed), 0);
    // What the gateway kept of the release comes: the lane is held all the same, and that is told.
    way.becomes(Gateway::LetsGo);
    park.until("it is told", |park| {
        told_of_lock(park, CommandOutcome::Failed) == 1
    })
    .await;
    until("held again", || is_up(&lane) && is_locked(&lane)).await;
    let release = park.execute(Release, 9_000).await;
    assert_eq!(release.kind, OutcomeKind::Confirmed, "{release:?}");
    until("down", || is_down(&lane) && !is_locked(&lane)).await;
}

/// A late write after a restart locked the lane for good, and nobody was told.
#[tokio::test]
async fn a_lock_that_nobody_here_ordered_is_told_once_and_released_by_a_release() {
    let lane = lane().await;
    another_hand(&lane, true).await;
    let park = Park::start(lane.addr(), &quick_profile());
    for times in 1..=2 {
        park.until("it is told", |park| {
            told_of_lock(park, CommandOutcome::Confirmed) == times
        })
        .await;
        goes_on(&lane).await;
        assert_eq!(told_of_lock(&park, CommandOutcome::Confirmed), times);
        assert!(is_locked(&lane));
        let release = park.execute(Release, 9_000).await;
        assert_eq!(release.kind, OutcomeKind::Confirmed, "{release:?}");
        until("down", || is_down(&lane) && !is_locked(&lane)).await;
        another_hand(&lane, true).await;
    }
}

/// What another hand undoes time and again is set again each time, and told once.
#[tokio::test]
async fn a_lock_that_is_off_under_an_opening_is_set_again_and_told_once() {
    let lane = lane().await;
    let park = Park::start(lane.addr(), &quick_profile());
    is(&park, LinkState::Online).await;
    let held = park.execute(LockOpen, 4_000).await;
    assert_eq!(held.kind, OutcomeKind::Confirmed, "{held:?}");
    goes_on(&lane).await;
    for _ in 0..3 {
        another_hand(&lane, false).await;
        until("it is set again", || is_locked(&lane)).await;
        goes_on(&lane).await;
    }
    assert_eq!(told_of_lock(&park, CommandOutcome::Failed), 1);
    assert!(is_up(&lane));
}

/// After a restart nobody here has ordered what holds the lane: it is shown while it is on, and is over with it.
#[tokio::test]
async fn a_lock_of_before_is_shown_and_is_over_when_it_is_off() {
    let lane = lane().await;
    let before = Park::start(lane.addr(), &quick_profile());
    is(&before, LinkState::Online).await;
    let held = before.execute(LockOpen, 4_000).await;
    assert_eq!(held.kind, OutcomeKind::Confirmed, "{held:?}");
    drop(before);
    let park = Park::start(lane.addr(), &quick_profile());
    park.until("it is found", |park| {
        told_of_lock(park, CommandOutcome::Confirmed) == 1
    })
    .await;
    let raised = lane.state().plant.raise_commands;
    another_hand(&lane, false).await;
    park.until("it is over", |park| {
        told_of_lock(park, CommandOutcome::Expired) == 1
    })
    .await;
    goes_on(&lane).await;
    assert!(!is_locked(&lane));
    assert_eq!(lane.state().plant.raise_commands, raised);
    assert_eq!(told_of_lock(&park, CommandOutcome::Failed), 0);
}

/// One wrong bit in one look had the hub set the lock and raise the barrier, and hold it over a restart.
#[tokio::test]
async fn a_wrong_look_at_the_lock_moves_nothing_and_is_not_told() {
    let lane = lane().await;
    let way = LyingWay::to(lane.addr()).await;
    let park = Park::start(way.address, &quick_profile());
    is(&park, LinkState::Online).await;
    let seen = way.looks();
    way.shows_wrongly(1);
    park.until("it is looked at", |_| way.looks() > seen + 2)
        .await;
    assert_eq!(told_of_lock(&park, CommandOutcome::Confirmed), 0);
    // Wrong for longer it is told, and nothing else.
    way.shows_wrongly(3);
    park.until("it is over", |park| {
        told_of_lock(park, CommandOutcome::Expired) == 1
    })
    .await;
    assert_eq!(told_of_lock(&park, CommandOutcome::Confirmed), 1);
    let plant = lane.state().plant;
    assert_eq!((plant.rises, plant.raise_commands), (0, 0));
    assert!(is_down(&lane) && !is_locked(&lane));
    let opened = park.execute(GateAction::Open, 4_000).await;
    assert_eq!(opened.kind, OutcomeKind::Confirmed, "it opens as ever");
}

/// A controller that lets go after it has acknowledged was opened again, after a release that was confirmed.
#[tokio::test]
async fn a_release_is_confirmed_and_lowers_once_a_lagging_controller_has_let_go() {
    let lane = lane().await;
    let way = LyingWay::to(lane.addr()).await;
    let park = Park::start(way.address, &quick_profile());
    is(&park, LinkState::Online).await;
    for lag in [1, 2, 3, 5] {
        let held = park.execute(LockOpen, 4_000).await;
        assert_eq!(held.kind, OutcomeKind::Confirmed, "{held:?}");
        let before = lane.state().plant;
        way.lags(lag);
        let release = park.execute(Release, 4_000).await;
        assert_eq!(release.kind, OutcomeKind::Confirmed, "{release:?}");
        assert!(!is_locked(&lane), "{lag}: not before it is off");
        until("down", || is_down(&lane)).await;
        goes_on(&lane).await;
        let plant = lane.state().plant;
        assert_eq!(plant.lower_commands, before.lower_commands + 1, "{lag}");
        assert_eq!(plant.raise_commands, before.raise_commands, "{lag}");
        assert!(is_down(&lane) && !is_locked(&lane), "{lag}");
    }
    // One that does not let go within the time of a travel: the release failed, and the lane is shown as held.
    let held = park.execute(LockOpen, 4_000).await;
    assert_eq!(held.kind, OutcomeKind::Confirmed, "{held:?}");
    way.lags(usize::MAX);
    let release = park.execute(Release, 9_000).await;
    assert_eq!(release.kind, OutcomeKind::Failed, "{release:?}");
    assert!(release.detail.contains("stays on"), "{release:?}");
    assert!(is_up(&lane) && is_locked(&lane));
    assert_eq!(told_of_lock(&park, CommandOutcome::Confirmed), 1);
}

/// Lowering and stopping by hand end it too; they are answered at once, for they do not wait.
#[tokio::test]
async fn an_opening_that_waits_for_the_link_ends_with_what_contradicts_it() {
    let lane = lane().await;
    let (address, cut) = way(lane.addr()).await;
    let park = Park::start(address, &quick_profile());
    for newer in [Close, Stop] {
        is(&park, LinkState::Online).await;
        cut.send(true).unwrap();
        is(&park, LinkState::Offline).await;
        let opening = ordered(&park, LockOpen).await;
        let answer = ordered(&park, newer).await.await.unwrap();
        assert_eq!(answer.kind, OutcomeKind::Failed, "{newer}: {answer:?}");
        assert_eq!(
            answer.detail,
            "the link is down; nothing was sent; what waited for the barrier is withdrawn"
        );
        let opening = opening.await.unwrap();
        assert!(
            opening.detail.contains("superseded"),
            "{newer}: {opening:?}"
        );
        cut.send(false).unwrap();
        is(&park, LinkState::Online).await;
        let requests = lane.state().requests;
        until("it goes on", || lane.state().requests > requests + 20).await;
        assert_eq!(lane.state().plant.rises, 0, "{newer}");
        assert!(!is_locked(&lane));
        // Nothing is thought to be locked: it opens and lowers as ever.
        assert_eq!(
            park.execute(Close, 3_000).await.kind,
            OutcomeKind::Confirmed
        );
    }
}

/// The other way round: a release that waits ends with a newer opening.
#[tokio::test]
async fn a_release_that_waits_for_the_link_ends_with_a_newer_opening() {
    let lane = lane().await;
    let (address, cut) = way(lane.addr()).await;
    let park = Park::start(address, &quick_profile());
    is(&park, LinkState::Online).await;
    let held = park.execute(LockOpen, 4_000).await;
    assert_eq!(held.kind, OutcomeKind::Confirmed, "{held:?}");
    cut.send(true).unwrap();
    is(&park, LinkState::Offline).await;
    let release = ordered(&park, Release).await;
    let opening = ordered(&park, LockOpen).await;
    let release = release.await.unwrap();
    assert_eq!(release.kind, OutcomeKind::Failed, "{release:?}");
    cut.send(false).unwrap();
    let opening = opening.await.unwrap();
    assert_eq!(opening.kind, OutcomeKind::Confirmed, "{opening:?}");
    assert!(is_up(&lane) && is_locked(&lane));
    assert_eq!(lane.state().plant.lower_commands, 0);
}

/// The hub takes an emergency opening in the moment before it starts its adapters: it was answered as carried out, and
/// came to nothing.
#[tokio::test]
async fn an_opening_of_the_moment_before_the_start_is_carried_out() {
    let lane = lane().await;
    let park = Park::start(lane.addr(), &quick_profile());
    let opening = park.execute(LockOpen, 4_000).await;
    assert_eq!(opening.kind, OutcomeKind::Confirmed, "{opening:?}");
    assert!(is_up(&lane) && is_locked(&lane));
}

/// It came too late for the bus: the lane is not shown as held by it.
#[tokio::test]
async fn an_order_whose_deadline_had_passed_says_that_nothing_was_sent() {
    let lane = lane().await;
    let park = Park::start(lane.addr(), &quick_profile());
    is(&park, LinkState::Online).await;
    let late = park.execute(LockOpen, -1).await;
    assert_eq!(late.kind, OutcomeKind::Expired, "{late:?}");
    assert!(
        late.detail.contains(cordon_contract::NOTHING_SENT),
        "{late:?}"
    );
    assert!(is_down(&lane) && !is_locked(&lane));
}

/// A lane that is held open when the link is cut comes down for the release of meanwhile.
#[tokio::test]
async fn a_release_waits_for_the_link_and_is_carried_out() {
    let lane = lane().await;
    let (address, cut) = way(lane.addr()).await;
    let park = Park::start(address, &quick_profile());
    is(&park, LinkState::Online).await;
    let held = park.execute(LockOpen, 4_000).await;
    assert_eq!(held.kind, OutcomeKind::Confirmed, "{held:?}");
    cut.send(true).unwrap();
    is(&park, LinkState::Offline).await;
    let gone = park.execute(Release, 300).await;
    assert_eq!(gone.kind, OutcomeKind::Expired, "{gone:?}");
    assert!(
        gone.detail.contains(cordon_contract::NOTHING_SENT),
        "{gone:?}"
    );
    let release = ordered(&park, Release).await;
    cut.send(false).unwrap();
    let release = release.await.unwrap();
    assert_eq!(release.kind, OutcomeKind::Confirmed, "{release:?}");
    until("lowered", || is_down(&lane)).await;
    assert!(!is_locked(&lane));
}

/// The unit is silent and the link is up.
#[tokio::test]
async fn an_opening_that_waits_for_its_unit_ends_with_its_release() {
    let lane = lane().await;
    let park = Park::start(lane.addr(), &quick_profile());
    is(&park, LinkState::Online).await;
    lane.fault(LaneFault::Hangs);
    is(&park, LinkState::Offline).await;
    let opening = ordered(&park, LockOpen).await;
    let release = ordered(&park, Release).await;
    let opening = opening.await.unwrap();
    assert_eq!(opening.kind, OutcomeKind::Failed, "{opening:?}");
    lane.mend(LaneFault::Hangs);
    let release = release.await.unwrap();
    assert_eq!(release.kind, OutcomeKind::Confirmed, "{release:?}");
    is(&park, LinkState::Online).await;
    until("down", || is_down(&lane)).await;
    assert!(!is_locked(&lane));
    assert_eq!(lane.state().plant.raise_commands, 0);
}

/// An order that was made before another may come after it, for they come by two doors.
#[tokio::test]
async fn an_older_order_that_comes_late_changes_nothing() {
    let lane = lane().await;
    let park = Park::start(lane.addr(), &quick_profile());
    is(&park, LinkState::Online).await;
    let (release, opening) = (park.order(Release, 4_000), park.order(LockOpen, 4_000));
    let opened = park.adapter.execute(opening).await;
    assert_eq!(opened.kind, OutcomeKind::Confirmed, "{opened:?}");
    let late = park.adapter.execute(release).await;
    assert_eq!(late.kind, OutcomeKind::Failed, "{late:?}");
    assert!(is_locked(&lane));
    // Numbers of the emergency mode say nothing of the order: the turn does.
    let mut after = park.order(Release, 4_000);
    after.number = 1;
    let released = park.adapter.execute(after).await;
    assert_eq!(released.kind, OutcomeKind::Confirmed, "{released:?}");
    until("down", || is_down(&lane)).await;
}

/// Both wait for an owner that is not there yet: the opening came by the faster door.
#[tokio::test]
async fn an_opening_in_the_queue_of_a_busy_bus_ends_with_its_release() {
    let lane = lane().await;
    lane.fault(LaneFault::Hangs);
    let park = Park::start(
        lane.addr(),
        &quick_profile().replace("timeout_ms = 300", "timeout_ms = 2000"),
    );
    until("the bus is busy", || lane.state().requests > 0).await;
    let [opening, release] = [LockOpen, Release].map(|action| {
        let (adapter, order) = (Arc::clone(&park.adapter), park.order(action, 9_000));
        tokio::spawn(async move { adapter.execute(order).await })
    });
    tokio::task::yield_now().await;
    lane.mend(LaneFault::Hangs);
    let opening = opening.await.unwrap();
    assert_eq!(opening.kind, OutcomeKind::Failed, "{opening:?}");
    let release = release.await.unwrap();
    assert_eq!(release.kind, OutcomeKind::Confirmed, "{release:?}");
    is(&park, LinkState::Online).await;
    let plant = lane.state().plant;
    assert_eq!((plant.rises, plant.raise_commands), (0, 0));
}

/// Release, opening and release at once: the boom stayed up for 14 seconds and was at fault.
#[tokio::test]
async fn release_opening_and_release_at_once_lower_the_boom() {
    let lane = lane().await;
    let park = Park::start(lane.addr(), &quick_profile());
    is(&park, LinkState::Online).await;
    for _ in 0..3 {
        let held = park.execute(LockOpen, 4_000).await;
        assert_eq!(held.kind, OutcomeKind::Confirmed, "{held:?}");
        let orders = [Release, LockOpen, Release].map(|action| park.order(action, 4_000));
        let ends: Vec<_> = orders
            .into_iter()
            .map(|order| {
                let adapter = Arc::clone(&park.adapter);
                tokio::spawn(async move { adapter.execute(order).await })
            })
            .collect();
        let mut last = None;
        for end in ends {
            last = Some(end.await.unwrap());
        }
        assert_eq!(last.unwrap().kind, OutcomeKind::Confirmed);
        until("down", || is_down(&lane)).await;
        until("told", || park.link(DEVICE).0 == LinkState::Online).await;
    }
    let statuses = park.statuses();
    let fault = statuses
        .iter()
        .find(|status| status.barrier_state == cordon_model::BarrierState::Fault);
    assert!(fault.is_none(), "{fault:?}");
}

/// Sixteen openings may wait for a barrier; their release is not the seventeenth.
#[tokio::test]
async fn a_release_finds_room_however_many_openings_wait() {
    let lane = lane().await;
    let (address, cut) = way(lane.addr()).await;
    let park = Park::start(address, &quick_profile());
    is(&park, LinkState::Online).await;
    cut.send(true).unwrap();
    is(&park, LinkState::Offline).await;
    let mut openings = Vec::new();
    for _ in 0..17 {
        openings.push(hand(&park, park.order(LockOpen, 20_000)).await);
    }
    let refused = openings.pop().unwrap().await.unwrap();
    assert_eq!(refused.kind, OutcomeKind::Refused, "{refused:?}");
    let mut release = park.order(Release, 9_000);
    release.lane = OrderLane::Access;
    let release = hand(&park, release).await;
    for opening in openings {
        assert_eq!(opening.await.unwrap().kind, OutcomeKind::Failed);
    }
    cut.send(false).unwrap();
    assert_eq!(release.await.unwrap().kind, OutcomeKind::Confirmed);
    assert_eq!(lane.state().plant.rises, 0);
}
