//! A disk that fails or is full: nothing is acknowledged that is not durable; emergencies act.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cordon_contract::EntryKind;
use cordon_flow::{DISK_FAILED, DISK_FULL, Ledger, Mode, Opened, UNSETTLED, replay_over};
use cordon_journal::disk::sim::SimDisk;
use cordon_journal::disk::{Disk, RealDisk};
use cordon_journal::{Expectation, Journal, Options, Reader, StateStore};
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, Body, EmergencyGateOpen, PartyId,
};

use crate::park::{BARRIER, Park, Porter, emergency, reading, small, until};

fn on(disk: &SimDisk, park: &Park) -> Journal {
    Journal::open_on(Arc::new(disk.clone()), park.journal_dir(), small()).unwrap()
}

/// A journal on a simulated disk that can be opened again and again, as the program's own can.
pub struct SimLedger {
    disk: SimDisk,
    dir: std::path::PathBuf,
    state: std::path::PathBuf,
    options: Options,
}

impl SimLedger {
    pub fn new(disk: &SimDisk, park: &Park, options: Options) -> Arc<Self> {
        Arc::new(Self {
            disk: disk.clone(),
            dir: park.journal_dir(),
            state: park.state_file(),
            options,
        })
    }
}

impl Ledger for SimLedger {
    fn open(&self, own: Option<&Expectation>) -> cordon_journal::Result<Opened> {
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        if let Some(own) = own {
            own.require_on(&disk, &self.dir, &self.options)?;
        }
        let journal = Journal::open_on(disk, &self.dir, self.options.clone())?;
        let (state, _) = StateStore::open_for(&self.state, &journal.reader()?)?;
        Ok(Opened {
            journal,
            state: Arc::new(state),
        })
    }

    fn reader(&self) -> Reader {
        let disk = Arc::new(self.disk.clone());
        Reader::of(disk, &self.dir, &*self.options.identity)
    }
}

fn is_emergency(mode: &Mode) -> bool {
    matches!(mode, Mode::Emergency { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_or_ordered_when_the_sync_fails_and_nothing_is_lost() {
    let park = Park::new();
    let disk = SimDisk::new(1);
    let hub = park
        .start_over(
            SimLedger::new(&disk, &park, small()),
            vec![Box::new(Porter::default())],
        )
        .await
        .unwrap();
    park.intake()
        .offer(reading("CAM-1", "plain", None))
        .await
        .unwrap();
    disk.set_broken(true);
    let actor = PartyId::new("OP-1").unwrap();
    let intake = park.intake();
    let waiting = tokio::spawn(async move { intake.offer(reading("CAM-1", "open", None)).await });
    hub.modes().until(is_emergency).await;
    assert!(
        park.yard.orders().is_empty(),
        "an everyday order left before it was durable"
    );
    assert_eq!(hub.vital().fault(), None, "the core lives");
    assert_eq!(hub.health().mode, "emergency");
    assert!(hub.health().fault.unwrap().starts_with("F060"));
    let say = || crate::park::status("CAM-1", "plain");
    let refused = hub.submit().internal(say(), &actor).await;
    assert_eq!(refused.unwrap_err().code(), DISK_FAILED);
    assert!(!waiting.is_finished(), "a reading waits");

    disk.set_broken(false);
    hub.modes().until(|mode| *mode == Mode::Normal).await;
    let accepted = waiting.await.unwrap().unwrap();
    hub.submit().internal(say(), &actor).await.unwrap();
    let reader = hub.reader();
    hub.shutdown().await.unwrap();
    let stored: Vec<_> = reader.read_from(1).unwrap().map(Result::unwrap).collect();
    let opens: Vec<_> = stored
        .iter()
        .filter(|stored| {
            matches!(&stored.entry.message.as_ref().map(|message| &message.body),
            Some(Body::DeviceStatus(status)) if status.reason.as_deref() == Some("open"))
        })
        .map(|stored| stored.entry.number)
        .collect();
    assert_eq!(opens, [accepted.number], "recorded once");
    let count = |label: &str| stored.iter().filter(|s| s.entry.label == label).count();
    assert_eq!((count("hub.start"), count("hub.resumed")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waited_for_a_failed_sync_is_told_that_it_may_be_recorded() {
    let park = Park::new();
    let disk = SimDisk::new(5);
    let hub = park
        .start_over(
            SimLedger::new(&disk, &park, small()),
            vec![Box::new(Porter::default())],
        )
        .await
        .unwrap();
    disk.set_broken(true);
    let actor = PartyId::new("OP-1").unwrap();
    let answer = hub
        .submit()
        .internal(crate::park::status("CAM-1", "plain"), &actor)
        .await;
    let fault = answer.unwrap_err();
    assert_eq!(fault.code(), UNSETTLED, "not `F007 nothing was recorded`");
    assert!(fault.peer_text().contains("may or may not"), "{fault}");
    let _ = hub.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_emergency_mode_ends_by_itself_and_its_openings_are_journaled_once() {
    let park = Park::new();
    let disk = SimDisk::new(4);
    let hub = park
        .start_over(
            SimLedger::new(&disk, &park, small()),
            vec![Box::new(Porter::default())],
        )
        .await
        .unwrap();
    disk.set_broken(true);
    let actor = PartyId::new("OP-1").unwrap();
    // In the very batch that fails, and once more in the mode.
    for count in 1..=2 {
        let receipt = hub.submit().internal(emergency(), &actor).await.unwrap();
        assert!(receipt.late);
        until("the barrier opens", || park.yard.orders().len() == count).await;
    }
    until("the outcomes are spooled", || hub.health().spooled.0 == 4).await;
    disk.set_broken(false);
    hub.modes().until(|mode| *mode == Mode::Normal).await;
    until("the orders are closed", || hub.health().open_orders == 0).await;
    assert_eq!(hub.health().epoch, 1, "the same run");
    assert_eq!(hub.health().spooled, (0, 0));
    let (number, hash) = hub.submit().state_hash().await.unwrap();
    let reader = hub.reader();
    hub.shutdown().await.unwrap();
    assert_eq!(park.yard.orders().len(), 2, "carried out once each");
    let stored: Vec<_> = reader.read_from(1).unwrap().map(Result::unwrap).collect();
    let count = |label: &str| stored.iter().filter(|s| s.entry.label == label).count();
    assert_eq!(count("EmergencyGateOpen"), 2);
    assert_eq!(count("CONFIRMED"), 2);
    assert_eq!(count("EXPIRED"), 0);
    let report = replay_over(&reader, vec![Box::new(Porter::default())], Some(number)).unwrap();
    assert_eq!(report.first_difference, None);
    assert_eq!(report.state_hash, hash);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_failing_disk_comes_up_for_emergencies_and_a_second_one_too() {
    let park = Park::new();
    let disk = SimDisk::new(6);
    let ledger = || SimLedger::new(&disk, &park, small());
    let plugins = || -> Vec<Box<dyn cordon_contract::Plugin>> { vec![Box::new(Porter::default())] };
    let hub = park.start_over(ledger(), plugins()).await.unwrap();
    hub.shutdown().await.unwrap();
    let actor = PartyId::new("OP-1").unwrap();
    disk.set_broken(true);
    for count in 1..=2 {
        let hub = park.start_over(ledger(), plugins()).await.unwrap();
        assert_eq!(hub.health().mode, "emergency");
        let receipt = hub.submit().internal(emergency(), &actor).await.unwrap();
        assert!(receipt.late);
        until("the barrier opens", || park.yard.orders().len() == count).await;
        until("it is spooled", || {
            hub.health().spooled.0 == 2 * count as u64
        })
        .await;
        hub.shutdown().await.unwrap_err();
    }
    disk.set_broken(false);
    let hub = park.start_over(ledger(), plugins()).await.unwrap();
    until("the orders are closed", || {
        hub.health().open_orders == 0 && hub.stats().snapshot().entries.get("outcome") == Some(&2)
    })
    .await;
    let reader = hub.reader();
    hub.shutdown().await.unwrap();
    assert_eq!(park.yard.orders().len(), 2, "carried out once each");
    let stored: Vec<_> = reader.read_from(1).unwrap().map(Result::unwrap).collect();
    let count = |label: &str| stored.iter().filter(|s| s.entry.label == label).count();
    assert_eq!((count("EmergencyGateOpen"), count("CONFIRMED")), (2, 2));
    // The mode had ended with the program, both times.
    assert_eq!((count("hub.resumed"), storage_alarms(&stored)), (1, 1));
}

/// It lay there until a restart, and the next emergency removed it unread.
#[tokio::test(flavor = "multi_thread")]
async fn a_spool_whose_disk_is_mounted_while_the_hub_runs_is_journaled_then() {
    let park = Park::new();
    let disk = SimDisk::new(7);
    let ledger = || SimLedger::new(&disk, &park, small());
    let plugins = || -> Vec<Box<dyn cordon_contract::Plugin>> { vec![Box::new(Porter::default())] };
    let hub = park.start_over(ledger(), plugins()).await.unwrap();
    hub.shutdown().await.unwrap();
    let actor = PartyId::new("OP-1").unwrap();
    disk.set_broken(true);
    let hub = park.start_over(ledger(), plugins()).await.unwrap();
    let receipt = hub.submit().internal(emergency(), &actor).await.unwrap();
    assert!(receipt.late);
    until("it is spooled", || hub.health().spooled.0 == 2).await;
    hub.shutdown().await.unwrap_err();
    disk.set_broken(false);
    let spool = &park.config.emergency_spool;
    let away = spool.with_extension("away");
    std::fs::rename(spool, &away).unwrap();
    let hub = park.start_over(ledger(), plugins()).await.unwrap();
    assert_eq!(
        (hub.health().mode, hub.health().spooled),
        ("normal", (0, 0))
    );
    let lines = std::fs::read(&away).unwrap();
    std::fs::rename(&away, spool).unwrap();
    until("it is journaled", || {
        hub.stats().snapshot().entries.get("outcome") == Some(&1)
    })
    .await;
    until("it is removed", || !spool.exists()).await;
    // As after an emergency at whose end the spool was away: known again, and nothing is said.
    std::fs::write(spool, lines).unwrap();
    until("it is removed again", || !spool.exists()).await;
    let (number, hash) = hub.submit().state_hash().await.unwrap();
    let reader = hub.reader();
    hub.shutdown().await.unwrap();
    assert_eq!(park.yard.orders().len(), 1, "carried out once");
    let stored: Vec<_> = reader.read_from(1).unwrap().map(Result::unwrap).collect();
    let count = |label: &str| stored.iter().filter(|s| s.entry.label == label).count();
    assert_eq!((count("EmergencyGateOpen"), count("CONFIRMED")), (1, 1));
    assert_eq!((count("hub.resumed"), storage_alarms(&stored)), (1, 1));
    let report = replay_over(&reader, plugins(), Some(number)).unwrap();
    assert_eq!(report.first_difference, None);
    assert_eq!(report.state_hash, hash);
}

/// A release that was spooled before a newer opening would let the lane go that stands open for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_spooled_order_that_is_found_after_a_newer_one_to_the_contrary_changes_nothing() {
    let park = Park::new();
    let disk = SimDisk::new(8);
    let ledger = || SimLedger::new(&disk, &park, small());
    let plugins = || -> Vec<Box<dyn cordon_contract::Plugin>> { vec![Box::new(Porter::default())] };
    let hub = park.start_over(ledger(), plugins()).await.unwrap();
    hub.shutdown().await.unwrap();
    let actor = PartyId::new("OP-1").unwrap();
    disk.set_broken(true);
    let hub = park.start_over(ledger(), plugins()).await.unwrap();
    let Body::EmergencyGateOpen(opening) = emergency() else {
        unreachable!()
    };
    let release = Body::EmergencyGateOpen(EmergencyGateOpen {
        release: Some(true),
        ..opening
    });
    hub.submit().internal(release, &actor).await.unwrap();
    until("it is spooled", || hub.health().spooled.0 == 2).await;
    hub.shutdown().await.unwrap_err();
    disk.set_broken(false);
    let spool = &park.config.emergency_spool;
    let away = spool.with_extension("away");
    std::fs::rename(spool, &away).unwrap();
    park.clock.advance_ms(60_000);
    let hub = park.start_over(ledger(), plugins()).await.unwrap();
    hub.submit().internal(emergency(), &actor).await.unwrap();
    std::fs::rename(&away, spool).unwrap();
    until("it is journaled and removed", || !spool.exists()).await;
    let reader = hub.reader();
    hub.shutdown().await.unwrap();
    let stored: Vec<_> = reader.read_from(1).unwrap().map(Result::unwrap).collect();
    let acts = stored
        .iter()
        .filter(|s| s.entry.label == "EmergencyGateOpen");
    let overtaken: Vec<bool> = acts.map(|s| s.entry.overtaken).collect();
    assert_eq!(overtaken, [false, true]);
}

pub fn storage_alarms(stored: &[cordon_flow::StoredEntry]) -> usize {
    let bodies = stored.iter().filter_map(|it| it.entry.message.as_deref());
    let is_alarm = |body: &Body| matches!(body, Body::AlarmEvent(it) if it.alarm_code == AlarmCode::StorageFail);
    bodies.filter(|it| is_alarm(&it.body)).count()
}

/// It ended without a word.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_an_emergency_mode_that_a_start_began_in_is_told_like_any_other() {
    let park = Park::new();
    let disk = SimDisk::new(6);
    let ledger = || SimLedger::new(&disk, &park, small());
    let plugins = || -> Vec<Box<dyn cordon_contract::Plugin>> { vec![Box::new(Porter::default())] };
    let hub = park.start_over(ledger(), plugins()).await.unwrap();
    hub.shutdown().await.unwrap();
    disk.set_broken(true);
    let hub = park.start_over(ledger(), plugins()).await.unwrap();
    assert_eq!(hub.health().mode, "emergency");
    let since = hub.health().failed_since.unwrap();
    park.clock.advance_ms(60_000);
    disk.set_broken(false);
    hub.modes().until(|mode| *mode == Mode::Normal).await;
    let reader = hub.reader();
    let (number, hash) = hub.submit().state_hash().await.unwrap();
    hub.shutdown().await.unwrap();
    let stored: Vec<_> = reader.read_from(1).unwrap().map(Result::unwrap).collect();
    let told: Vec<_> = stored
        .iter()
        .filter(|it| it.entry.label == "hub.resumed")
        .filter_map(|it| match &it.entry.message.as_deref()?.body {
            Body::AuditEvent(audit) => audit.detail.clone(),
            _ => None,
        })
        .collect();
    assert_eq!((told.len(), storage_alarms(&stored)), (1, 1));
    let words = format!("emergency mode since {since}: ");
    assert!(told.iter().all(|it| it.contains(&words)), "{told:?}");
    let report = replay_over(&reader, plugins(), Some(number)).unwrap();
    assert_eq!(report.first_difference, None);
    assert_eq!(report.state_hash, hash);
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
    let modes = hub.modes();
    let waiting = loop {
        park.clock.advance_ms(1);
        let mut large = reading("CAM-1", "plain", None);
        large.source_ref = Some("x".repeat(150));
        let intake = park.intake();
        let mut offer = tokio::spawn(async move { intake.offer(large).await });
        tokio::select! {
            done = &mut offer => done.unwrap().unwrap(),
            () = modes.until(|mode| *mode != Mode::Normal) => break offer,
        };
        taken += 1;
        assert!(taken < 5_000, "the disk never became full");
    };
    assert_eq!(hub.vital().fault(), None, "a full disk is no failure");
    assert_eq!((hub.health().space, hub.health().mode), ("full", "full"));
    assert!(hub.health().fault.unwrap().starts_with("F008"));
    let everyday = hub
        .submit()
        .internal(
            crate::park::status("CAM-1", "plain"),
            &PartyId::new("OP-1").unwrap(),
        )
        .await;
    assert_eq!(everyday.unwrap_err().code(), DISK_FULL);
    let actor = PartyId::new("OP-1").unwrap();
    let receipt = hub.submit().internal(emergency(), &actor).await.unwrap();
    assert!(!receipt.late && receipt.number > 0);
    until("the barrier opens", || park.yard.orders().len() == 1).await;
    disk.set_free(64 << 20);
    until("there is room again", || hub.health().space != "full").await;
    waiting.await.unwrap().unwrap();
    park.intake()
        .offer(reading("CAM-3", "plain", None))
        .await
        .unwrap();
    let reader = hub.reader();
    hub.shutdown().await.unwrap();
    let said: Vec<String> = reader
        .read_from(1)
        .unwrap()
        .map(Result::unwrap)
        .filter(|stored| stored.entry.label.starts_with("disk."))
        .map(|stored| stored.entry.label)
        .collect();
    assert!(said.contains(&"disk.full".to_owned()), "{said:?}");
    let alarms = reader.read_from(1).unwrap().map(Result::unwrap);
    let alarms = alarms.filter(|stored| {
        matches!(stored.entry.message.as_deref().map(|message| &message.body),
            Some(Body::AlarmEvent(alarm)) if alarm.alarm_code == AlarmCode::StorageFail)
    });
    assert!(alarms.count() > 0, "people are told of a full disk");
}

fn alarm(number: usize) -> Body {
    Body::AlarmEvent(AlarmEvent {
        alarm_id: format!("A-{number}"),
        alarm_code: AlarmCode::Fire,
        alarm_level: AlarmLevel::Red,
        state: AlarmState::Raised,
        occurred_at: crate::park::morning(),
        source_device: None,
        subject: None,
        person_id: None,
        enterprise_id: None,
        area_id: None,
        gate_id: None,
        lane_id: None,
        position: None,
        cause_ref: None,
        evidence: Vec::new(),
        description: "smoke".into(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_on_a_full_disk_leave_room_for_an_emergency_also_after_a_restart() {
    let park = Park::new();
    let disk = SimDisk::new(7);
    let options = Options {
        segment_bytes: 256 << 10,
        reserve_bytes: 64 << 10,
        background: false,
        ..small()
    };
    let ledger = || SimLedger::new(&disk, &park, options.clone());
    let plugins = || -> Vec<Box<dyn cordon_contract::Plugin>> { vec![Box::new(Porter::default())] };
    let hub = park.start_over(ledger(), plugins()).await.unwrap();
    disk.set_free(0);
    let actor = PartyId::new("OP-1").unwrap();
    let (mut taken, mut refused) = (0, 0);
    for number in 0..1_200 {
        match hub.submit().internal(alarm(number), &actor).await {
            Ok(receipt) => taken += usize::from(receipt.number > 0),
            Err(fault) => {
                assert_eq!(fault.code(), DISK_FULL);
                refused += 1;
            }
        }
    }
    assert_eq!(taken + refused, 1_200);
    assert!(refused > 0, "the disk never became full");
    assert_eq!(hub.vital().fault(), None, "the core lives");
    assert_eq!(hub.health().mode, "full");
    let receipt = hub.submit().internal(emergency(), &actor).await.unwrap();
    assert!(!receipt.late && receipt.number > 0);
    hub.shutdown().await.unwrap();

    let hub = park.start_over(ledger(), plugins()).await.unwrap();
    assert_eq!(hub.vital().fault(), None);
    let receipt = hub.submit().internal(emergency(), &actor).await.unwrap();
    assert!(!receipt.late && receipt.number > 0);
    disk.set_free(64 << 20);
    hub.modes().until(|mode| *mode == Mode::Normal).await;
    let again = hub.submit().internal(alarm(1_200), &actor).await;
    assert!(again.unwrap().number > 0);
    hub.shutdown().await.unwrap();
}

/// Gives the journal's files other names, as a renamed folder does, and back.
fn rename_all(disk: &SimDisk, from: &Path, to: &Path) {
    for name in disk.list(from).unwrap() {
        disk.rename(&from.join(&name), &to.join(&name)).unwrap();
    }
}

fn names(disk: &SimDisk, dir: &Path) -> Vec<String> {
    disk.list(dir).unwrap()
}

/// The hub founded an empty journal where its own had been, said `ok`, and gave out receipts for numbers that
/// it had issued before.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_an_empty_folder_is_not_taken_for_the_journal() {
    let park = Park::new();
    let disk = SimDisk::new(8);
    let (dir, away) = (park.journal_dir(), park.journal_dir().join("away"));
    let hub = park
        .start_over(
            SimLedger::new(&disk, &park, small()),
            vec![Box::new(Porter::default())],
        )
        .await
        .unwrap();
    let actor = PartyId::new("OP-1").unwrap();
    let say = || crate::park::status("CAM-1", "plain");
    let before = hub.submit().internal(say(), &actor).await.unwrap();
    disk.set_broken(true);
    let receipt = hub.submit().internal(emergency(), &actor).await.unwrap();
    assert!(receipt.late);
    hub.modes().until(is_emergency).await;
    rename_all(&disk, &dir, &away);
    disk.set_broken(false);
    let says_so = |mode: &Mode| mode.words().is_some_and(|words| words.contains("J060"));
    hub.modes().until(says_so).await;
    assert_eq!(names(&disk, &dir), Vec::<String>::new(), "nothing was made");
    assert!(hub.health().fault.unwrap().starts_with("F060"));
    // What acts goes on acting, under the epoch of this run.
    hub.submit().internal(emergency(), &actor).await.unwrap();
    until("both opened", || park.yard.orders().len() == 2).await;
    assert!(park.yard.orders().iter().all(|order| order.epoch == 1));
    let refused = hub.submit().internal(say(), &actor).await.unwrap_err();
    assert_eq!(refused.code(), DISK_FAILED);

    rename_all(&disk, &away, &dir);
    hub.modes().until(|mode| *mode == Mode::Normal).await;
    until("the orders are closed", || hub.health().open_orders == 0).await;
    let after = hub.submit().internal(say(), &actor).await.unwrap();
    assert!(after.number > before.number);
    let reader = hub.reader();
    hub.shutdown().await.unwrap();
    let stored: Vec<_> = reader.read_from(1).unwrap().map(Result::unwrap).collect();
    let count = |label: &str| stored.iter().filter(|s| s.entry.label == label).count();
    assert_eq!((count("EmergencyGateOpen"), count("CONFIRMED")), (2, 2));
    assert_eq!((count("hub.start"), count("hub.resumed")), (1, 1));
}

/// Files that lost their names in a healthy run: everything was acknowledged into them.
#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_lies_elsewhere_by_now_ends_the_acknowledging() {
    let park = Park::new();
    let disk = SimDisk::new(9);
    let (dir, away) = (park.journal_dir(), park.journal_dir().join("away"));
    let hub = park
        .start_over(
            SimLedger::new(&disk, &park, small()),
            vec![Box::new(Porter::default())],
        )
        .await
        .unwrap();
    let actor = PartyId::new("OP-1").unwrap();
    let say = || crate::park::status("CAM-1", "plain");
    rename_all(&disk, &dir, &away);
    let unsettled = hub.submit().internal(say(), &actor).await.unwrap_err();
    assert!([UNSETTLED, DISK_FAILED].contains(&unsettled.code()));
    hub.modes().until(is_emergency).await;
    assert!(hub.health().fault.unwrap().contains("J060"));
    assert_eq!(names(&disk, &dir), Vec::<String>::new(), "nothing was made");
    let receipt = hub.submit().internal(emergency(), &actor).await.unwrap();
    assert!(receipt.late);

    rename_all(&disk, &away, &dir);
    hub.modes().until(|mode| *mode == Mode::Normal).await;
    hub.submit().internal(say(), &actor).await.unwrap();
    let reader = hub.reader();
    hub.shutdown().await.unwrap();
    let alarms = reader.read_from(1).unwrap().map(Result::unwrap);
    let alarms = alarms.filter(|stored| {
        matches!(stored.entry.message.as_deref().map(|message| &message.body),
            Some(Body::AlarmEvent(alarm)) if alarm.alarm_code == AlarmCode::StorageFail)
    });
    assert_eq!(alarms.count(), 1, "people are told");
}

/// A ledger that loses its state, and whose journal can be opened and not be read, while `dying` is set.
struct Dying(Arc<SimLedger>, Arc<AtomicBool>);

impl Ledger for Dying {
    fn open(&self, own: Option<&Expectation>) -> cordon_journal::Result<Opened> {
        if self.1.load(Ordering::SeqCst) {
            let _ = std::fs::remove_file(&self.0.state);
        }
        self.0.open(own)
    }

    fn reader(&self) -> Reader {
        match self.1.load(Ordering::SeqCst) {
            true => Reader::of(Arc::new(RealDisk), "/nowhere", &*self.0.options.identity),
            false => self.0.reader(),
        }
    }
}

/// A recovery that met the failing disk half way left a core that knew nothing: orders went out under
/// epoch 0, and lanes refused them.
#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_that_fails_half_way_leaves_what_the_hub_knew() {
    let park = Park::new();
    let disk = SimDisk::new(10);
    let dying = Arc::new(AtomicBool::new(false));
    let ledger = SimLedger::new(&disk, &park, small());
    let ledger = Arc::new(Dying(ledger, Arc::clone(&dying)));
    let plugins: Vec<Box<dyn cordon_contract::Plugin>> = vec![Box::new(Porter::default())];
    let hub = park.start_over(ledger, plugins).await.unwrap();
    let actor = PartyId::new("OP-1").unwrap();
    dying.store(true, Ordering::SeqCst);
    disk.set_broken(true);
    hub.submit().internal(emergency(), &actor).await.unwrap();
    hub.modes().until(is_emergency).await;
    disk.set_broken(false);
    let met_it = |mode: &Mode| mode.words().is_some_and(|words| words.contains("J001"));
    hub.modes().until(met_it).await;
    hub.submit().internal(emergency(), &actor).await.unwrap();
    until("both opened", || park.yard.orders().len() == 2).await;
    let epochs: Vec<u64> = park.yard.orders().iter().map(|order| order.epoch).collect();
    assert_eq!(epochs, [1, 1]);
    dying.store(false, Ordering::SeqCst);
    hub.modes().until(|mode| *mode == Mode::Normal).await;
    hub.shutdown().await.unwrap();
}
