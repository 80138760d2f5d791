//! A disk that fails or is full: nothing is acknowledged that is not durable; emergencies act.

use std::sync::Arc;

use cordon_contract::{EntryKind, IntakeError};
use cordon_flow::{STOPPED, replay_over};
use cordon_journal::Journal;
use cordon_journal::disk::sim::SimDisk;
use cordon_model::{Body, PartyId};

use crate::park::{BARRIER, Park, Porter, emergency, reading, small, until};

fn on(disk: &SimDisk, park: &Park) -> Journal {
    Journal::open_on(Arc::new(disk.clone()), park.journal_dir(), small()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_or_ordered_when_the_sync_fails() {
    let park = Park::new();
    let disk = SimDisk::new(1);
    let hub = park
        .start_on(on(&disk, &park), vec![Box::new(Porter::default())])
        .await
        .unwrap();
    park.intake()
        .offer(reading("CAM-1", "plain", None))
        .await
        .unwrap();
    disk.fail_sync(1);
    let intake = park.intake();
    let offered = tokio::spawn(async move { intake.offer(reading("CAM-1", "open", None)).await });
    let fault = hub.vital().failed().await;
    assert_eq!(fault.code(), "J011");
    assert!(!offered.is_finished(), "a reading that nobody judged waits");
    assert!(
        park.yard.orders().is_empty(),
        "an everyday order left before it was durable"
    );
    assert!(hub.health().fault.is_some());
    let actor = PartyId::new("OP-1").unwrap();
    let refused = hub
        .submit()
        .internal(crate::park::status("CAM-1", "plain"), &actor)
        .await;
    assert_eq!(refused.unwrap_err().code(), STOPPED);
    assert_eq!(hub.shutdown().await.unwrap_err().code(), "J011");
    assert_eq!(offered.await.unwrap(), Err(IntakeError::Closed));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_opening_acts_first_and_is_journaled_late() {
    let park = Park::new();
    let disk = SimDisk::new(2);
    let hub = park
        .start_on(on(&disk, &park), vec![Box::new(Porter::default())])
        .await
        .unwrap();
    disk.fail_sync(1);
    let actor = PartyId::new("OP-1").unwrap();
    // In the very batch that fails, and once more when the core has stopped.
    for count in 1..=2 {
        let receipt = hub.submit().internal(emergency(), &actor).await.unwrap();
        assert!(receipt.late);
        assert_eq!(receipt.number, 0);
        until("the barrier opens", || park.yard.orders().len() == count).await;
    }
    assert_eq!(park.yard.orders()[0].target.0, BARRIER);
    let spool = park.config.emergency_spool.clone();
    until("the outcome is spooled", || {
        std::fs::read_to_string(&spool)
            .unwrap_or_default()
            .contains("outcome")
    })
    .await;
    let _ = hub.shutdown().await;

    // The next start, on the same disk, which works again.
    disk.power_cycle();
    let fresh = Park {
        yard: Arc::default(),
        ..park
    };
    let hub = fresh
        .start_on(on(&disk, &fresh), vec![Box::new(Porter::default())])
        .await
        .unwrap();
    until("the orders are closed", || {
        hub.health().open_orders == 0 && hub.stats().snapshot().entries.get("outcome") == Some(&2)
    })
    .await;
    assert_eq!(hub.health().epoch, 2);
    let (number, hash) = hub.submit().state_hash().await.unwrap();
    let reader = hub.reader();
    hub.shutdown().await.unwrap();
    assert!(fresh.yard.orders().is_empty(), "it was carried out already");
    assert!(!spool.exists());
    let stored: Vec<_> = reader.read_from(1).unwrap().map(Result::unwrap).collect();
    let late: Vec<_> = stored
        .iter()
        .filter(|stored| stored.entry.label == "EmergencyGateOpen")
        .map(|stored| stored.record.flags & cordon_flow::flags::LATE != 0)
        .collect();
    assert_eq!(late, [true, true]);
    let outcomes: Vec<_> = stored
        .iter()
        .filter(|stored| stored.entry.kind == EntryKind::Outcome)
        .collect();
    assert_eq!(outcomes.len(), 2);
    assert!(matches!(&outcomes[0].entry.message.as_ref().unwrap().body,
        Body::GateStatus(status) if status.detail.as_deref() == Some("journaled late: as told")));
    let report = replay_over(&reader, vec![Box::new(Porter::default())], Some(number)).unwrap();
    assert_eq!(report.first_difference, None);
    assert_eq!(report.state_hash, hash);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_takes_emergencies_and_goes_on_by_itself() {
    let park = Park::new();
    let disk = SimDisk::new(3);
    let options = cordon_journal::Options {
        segment_bytes: 256 << 10,
        reserve_bytes: 64 << 10,
        background: false,
        ..small()
    };
    let journal = Journal::open_on(Arc::new(disk.clone()), park.journal_dir(), options).unwrap();
    let hub = park
        .start_on(journal, vec![Box::new(Porter::default())])
        .await
        .unwrap();
    disk.set_free(0);
    let mut taken = 0;
    let waiting = loop {
        park.clock.advance_ms(1);
        let mut large = reading("CAM-1", "plain", None);
        large.source_ref = Some("x".repeat(150));
        let intake = park.intake();
        let offered = tokio::spawn(async move { intake.offer(large).await });
        until("the reading is taken or the disk full", || {
            offered.is_finished() || hub.health().space == "full"
        })
        .await;
        if !offered.is_finished() {
            break offered;
        }
        offered.await.unwrap().unwrap();
        taken += 1;
        assert!(taken < 5_000, "the disk never became full");
    };
    assert_eq!(hub.vital().fault(), None, "a full disk is no failure");
    assert_eq!(hub.health().space, "full");
    let actor = PartyId::new("OP-1").unwrap();
    let receipt = hub.submit().internal(emergency(), &actor).await.unwrap();
    assert!(!receipt.late && receipt.number > 0);
    until("the barrier opens", || park.yard.orders().len() == 1).await;
    disk.set_free(64 << 20);
    park.clock.advance_ms(1);
    park.clock.advance_ms(2_000);
    until("there is room again", || hub.health().space != "full").await;
    waiting.await.unwrap().unwrap();
    park.intake()
        .offer(reading("CAM-3", "plain", None))
        .await
        .unwrap();
    hub.shutdown().await.unwrap();
}
