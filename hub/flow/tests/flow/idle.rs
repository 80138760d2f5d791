//! A park in which nothing happens: it writes next to nothing, and notices all the same that its disk fails.

use std::time::Duration;

use cordon_contract::{Clock as _, Decisions, Entry, EntryKind, Payload, Plugin, Reading};
use cordon_flow::{Mode, RunningHub};
use cordon_journal::disk::sim::SimDisk;
use cordon_model::{Body, DeviceState, Timestamp};

use crate::failure::SimLedger;
use crate::overtaking::{queued, slow};
use crate::park::{Park, reading, small, status};

/// Has nothing to do by time alone.
struct Quiet;

impl Plugin for Quiet {
    fn name(&self) -> &'static str {
        "quiet"
    }

    fn step(&mut self, _: &Entry, _: &mut Decisions) {}

    fn is_due(&self, _: Timestamp, _: Timestamp) -> bool {
        false
    }
}

/// What time brings by now has been looked at, and nothing was said for it.
async fn has_looked(hub: &RunningHub) {
    hub.submit().state_hash().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_without_a_word_is_sixty_entries() {
    let park = Park::new();
    let hub = park.start_with(vec![Box::new(Quiet)]).await;
    has_looked(&hub).await;
    let (before, _) = hub.durable();
    for _ in 0..720 {
        park.clock.advance_ms(5_000);
        has_looked(&hub).await;
    }
    let (after, _) = hub.durable();
    assert_eq!(after - before, 60);
    hub.shutdown().await.unwrap();
    let since = park.entries();
    let since = since.iter().filter(|it| it.entry.number > before);
    let ticks = since.filter(|it| it.entry.kind == EntryKind::Tick);
    assert_eq!(ticks.count(), 60);
}

/// Without a word and without a tick nothing is written that could fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_beside_an_idle_hub_is_noticed_without_an_entry() {
    let park = Park::new();
    let disk = SimDisk::new(7);
    let ledger = SimLedger::new(&disk, &park, small());
    let hub = park
        .start_over(ledger, vec![Box::new(Quiet)])
        .await
        .unwrap();
    has_looked(&hub).await;
    let (before, _) = hub.durable();
    disk.set_broken(true);
    let modes = hub.modes();
    let failed = modes.until(|mode| matches!(mode, Mode::Emergency { .. }));
    let failed = tokio::time::timeout(Duration::from_secs(60), failed).await;
    assert!(failed.is_ok(), "nobody noticed");
    assert_eq!(hub.durable().0, before, "nothing was written for it");
    disk.set_broken(false);
    let well = modes.until(|mode| *mode == Mode::Normal);
    let well = tokio::time::timeout(Duration::from_secs(60), well).await;
    assert!(well.is_ok(), "it does not go on");
    hub.shutdown().await.unwrap();
}

/// Of a device that is tried again, as of now.
fn seen(park: &Park, state: DeviceState, reason: &str) -> Reading {
    let Body::DeviceStatus(mut said) = status("CAM-01", reason) else {
        unreachable!("a status is one");
    };
    said.state = state;
    said.observed_at = park.clock.now();
    Reading {
        observed_at: Some(park.clock.now()),
        payload: Payload::Body(Box::new(Body::DeviceStatus(said))),
        ..reading("CAM-01", reason, None)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_away_is_one_entry_however_often_it_is_tried() {
    let park = Park::new();
    let hub = park.start_with(vec![Box::new(Quiet)]).await;
    let say = async |state, reason| {
        park.clock.advance_ms(60_000);
        let said = park
            .intake()
            .offer(seen(&park, state, reason))
            .await
            .unwrap();
        said.number > 0
    };
    use DeviceState::{Offline, Online};
    assert!(say(Offline, "refused").await);
    for _ in 0..59 {
        assert!(!say(Offline, "refused").await, "it is no news");
    }
    let counted = hub.stats().snapshot().traffic;
    assert_eq!(counted["yard"].duplicates, 59, "counted, not written");
    // Whatever changed is an entry, and so is each word of one that answers.
    assert!(say(Offline, "no route").await);
    assert!(say(Online, "up").await && say(Online, "up").await);
    assert!(say(Offline, "no route").await);
    assert!(!say(Offline, "no route").await);
    // A state that lasts is written again once a day.
    park.clock.advance_ms(86_400_000);
    assert!(say(Offline, "no route").await);
    hub.shutdown().await.unwrap();
    // A hub that starts does not know what was said last.
    let hub = park.start_with(vec![Box::new(Quiet)]).await;
    assert!(say(Offline, "no route").await);
    assert!(!say(Offline, "no route").await);
    hub.shutdown().await.unwrap();
}

/// OFFLINE stood in the journal, and the one behind an ONLINE in the same batch was taken for it: the device stayed
/// ONLINE there.
#[tokio::test(flavor = "multi_thread")]
async fn the_last_word_of_a_device_stands_however_close_it_comes() {
    use DeviceState::{Offline, Online};
    let park = Park::new();
    let (plugin, begins, lets_go) = slow();
    let hub = park.start_with(vec![plugin]).await;
    let offer = |reading: Reading| {
        let intake = park.intake();
        tokio::spawn(async move { intake.offer(reading).await.unwrap().number })
    };
    let say = |state| offer(seen(&park, state, "a word"));
    lets_go.send(Duration::ZERO).unwrap();
    assert!(say(Offline).await.unwrap() > 0);
    begins.recv().unwrap();
    let other = offer(reading("CAM-02", "other", None));
    begins.recv().unwrap();
    let up = say(Online);
    queued(&hub, 1).await;
    let away = say(Offline);
    queued(&hub, 2).await;
    let again = say(Offline);
    queued(&hub, 3).await;
    for _ in 0..4 {
        lets_go.send(Duration::ZERO).unwrap();
    }
    let (other, up) = (other.await.unwrap(), up.await.unwrap());
    let (away, again) = (away.await.unwrap(), again.await.unwrap());
    assert!(0 < other && other < up && up < away && away < again);
    assert_eq!(say(Offline).await.unwrap(), 0, "now it is no news");
    hub.shutdown().await.unwrap();
}
