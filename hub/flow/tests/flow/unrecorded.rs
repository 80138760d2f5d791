//! What acts while the journal cannot be written: once, under one id, and told where it is recorded nowhere.

use cordon_contract::{Decisions, Entry, EntryKind, OrderLane, OutcomeKind, Plugin, Target};
use cordon_flow::{DISK_FAILED, ID_REUSED, RunningHub, StoredEntry, UNSETTLED, replay_over};
use cordon_journal::disk::sim::SimDisk;
use cordon_model::{
    AlarmEvent, AlarmLevel, Body, CommandPriority, DeviceId, GateAction, GateCommand, GateId,
    LaneId, OperatingMode, OperatingModeChange, PartyId,
};

use crate::acts::{mode, opening, said, two};
use crate::failure::SimLedger;
use crate::park::{BARRIER, Park, Porter, morning, reading, small, status, until};
use crate::partner::{Partner, message};

async fn start(park: &Park, disk: &SimDisk, plugin: Box<dyn Plugin>) -> RunningHub {
    let ledger = SimLedger::new(disk, park, small());
    park.start_over(ledger, vec![plugin]).await.unwrap()
}

/// What the hub answers: whether it acted late, and its number; or why not.
async fn answer(hub: &RunningHub, by: &Partner, text: &str) -> Result<(bool, u64), &'static str> {
    let answers = hub.submit().submit(by.envelope(&[text.to_owned()])).await;
    match answers.unwrap().remove(0) {
        Ok(receipt) => Ok((receipt.late, receipt.number)),
        Err(refused) => Err(refused.fault.code()),
    }
}

/// The disk fails, and what met it was refused.
async fn fail(hub: &RunningHub, disk: &SimDisk) {
    disk.set_broken(true);
    let actor = PartyId::new("OP-1").unwrap();
    let failed = hub
        .submit()
        .internal(status("CAM-1", "plain"), &actor)
        .await;
    assert_eq!(failed.unwrap_err().code(), UNSETTLED);
    until("the mode has begun", || hub.health().mode == "emergency").await;
}

async fn recover(hub: &RunningHub, disk: &SimDisk) {
    disk.set_broken(false);
    until("the mode is over", || hub.health().mode == "normal").await;
}

/// Another message under the id of `of`.
fn under_its_id(of: &str, text: &str) -> String {
    let id = |text: &str| {
        let (_, rest) = text.split_once("MessageId>").unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    };
    text.replace(&id(text), &id(of))
}

/// The bytes of an opening rose a second time while the disk failed, after another had released; and under the id of
/// an older message anything opened without a trace.
#[tokio::test(flavor = "multi_thread")]
async fn what_this_run_accepted_acts_no_second_time_while_the_disk_fails() {
    for starts_again in [false, true] {
        let mut park = Park::new();
        park.config.save_entries = 1;
        let (one, two) = two(&park);
        let disk = SimDisk::new(61);
        let mut hub = start(&park, &disk, Box::new(Porter::default())).await;
        let text = message(&one.id, opening(&one, "G1", false), morning());
        let first = answer(&hub, &one, &text).await.unwrap();
        until("it is done", || park.yard.orders().len() == 1).await;
        park.clock.advance_ms(10_000);
        let release = vec![(10, opening(&two, "G1", true))];
        assert_eq!(said(&hub, &two, release).await, [""]);
        until("both are done", || park.yard.orders().len() == 2).await;
        until("both are closed", || hub.health().open_orders == 0).await;
        // So that the store alone remembers it, which goes with the journal.
        for _ in 0..4 {
            let actor = PartyId::new("OP-1").unwrap();
            let submit = hub.submit();
            let say = submit.internal(status("CAM-1", "plain"), &actor);
            let number = say.await.unwrap().number;
            until("it is saved", || hub.health().saved >= number).await;
        }
        if starts_again {
            hub.shutdown().await.unwrap();
            hub = start(&park, &disk, Box::new(Porter::default())).await;
        }
        fail(&hub, &disk).await;
        assert_eq!(
            answer(&hub, &one, &text).await,
            Ok(first),
            "its first receipt"
        );
        let other = message(&one.id, opening(&one, "G2", false), morning());
        let other = under_its_id(&text, &other);
        assert_eq!(answer(&hub, &one, &other).await, Err(ID_REUSED));
        assert_eq!(park.yard.orders().len(), 2, "nothing moved");
        // What acts in the mode is known in the next one too, with its number.
        let fresh = message(
            &one.id,
            opening(&one, "G1", false),
            morning().plus_seconds(11),
        );
        assert_eq!(answer(&hub, &one, &fresh).await, Ok((true, 0)));
        recover(&hub, &disk).await;
        let (late, number) = answer(&hub, &one, &fresh).await.unwrap();
        assert!(!late && number > 0);
        fail(&hub, &disk).await;
        assert_eq!(answer(&hub, &one, &fresh).await, Ok((false, number)));
        assert_eq!(park.yard.orders().len(), 3);
        recover(&hub, &disk).await;
        hub.shutdown().await.unwrap();
        assert_eq!(told(&park, &disk).len(), 0);
    }
}

/// Orders a lane held open at an evacuation, and at each status, as a plan whose time has come does: nobody's message leads to it.
struct Planner;

impl Plugin for Planner {
    fn name(&self) -> &'static str {
        "planner"
    }

    fn step(&mut self, entry: &Entry, decisions: &mut Decisions) {
        let is_due = match entry.message.as_deref().map(|it| &it.body) {
            Some(Body::DeviceStatus(said)) => said.reason.as_deref() == Some("due"),
            Some(Body::OperatingModeChange(change)) => change.mode == OperatingMode::Evacuation,
            _ => false,
        };
        if entry.kind != EntryKind::Message || !is_due {
            return;
        }
        let deadline = entry.time.plus_seconds(5);
        let body = Body::GateCommand(GateCommand {
            command_id: entry.message_id,
            gate_id: GateId::new("G1").unwrap(),
            lane_id: LaneId::new("G1-L1").unwrap(),
            device_id: DeviceId::new("BR-01").unwrap(),
            action: GateAction::LockOpen,
            reason: "test".into(),
            priority: CommandPriority::Emergency,
            deadline,
            epoch: 0,
            ordered_by: Some(PartyId::new("OP-1").unwrap()),
            decision_ref: None,
        });
        decisions.order(
            Target(BARRIER.into()),
            OrderLane::Emergency,
            deadline,
            body,
            None,
        );
    }
}

fn entries(park: &Park, disk: &SimDisk) -> Vec<StoredEntry> {
    use cordon_flow::{EntryReader, Ledger as _};
    let reader = EntryReader::over(SimLedger::new(disk, park, small()).reader());
    reader.read_from(1).unwrap().map(Result::unwrap).collect()
}

/// The red alarms about what is recorded nowhere.
fn told(park: &Park, disk: &SimDisk) -> Vec<AlarmEvent> {
    let entries = entries(park, disk).into_iter();
    let alarms = entries.filter_map(|it| match &it.entry.message.as_deref()?.body {
        Body::AlarmEvent(alarm) if alarm.description.contains("nothing of it is recorded") => {
            Some(alarm.clone())
        }
        _ => None,
    });
    alarms.collect()
}

/// A plan acts in the batch that fails, and nobody says again what led to it.
async fn acts_unasked(park: &Park, disk: &SimDisk) -> RunningHub {
    let hub = start(park, disk, Box::new(Planner)).await;
    let actor = PartyId::new("OP-1").unwrap();
    let due = hub.submit().internal(status("CAM-1", "due"), &actor).await;
    assert!(due.unwrap().number > 0);
    until("it is done", || park.yard.orders().len() == 1).await;
    until("it is closed", || hub.health().open_orders == 0).await;
    hub
}

/// It stood up and locked, shown as not held, and nobody was told.
#[tokio::test(flavor = "multi_thread")]
async fn what_acted_and_stands_nowhere_is_told_once_for_each_barrier() {
    let park = Park::new();
    let disk = SimDisk::new(62);
    let hub = acts_unasked(&park, &disk).await;
    disk.set_broken(true);
    let actor = PartyId::new("OP-1").unwrap();
    // Twice: the second is refused, for nothing of a plan acts later in the mode.
    for code in [UNSETTLED, DISK_FAILED] {
        let due = hub.submit().internal(status("CAM-1", "due"), &actor).await;
        assert_eq!(due.unwrap_err().code(), code);
    }
    until("it acted", || park.yard.orders().len() == 2).await;
    until("its outcome is spooled", || hub.health().spooled.0 == 1).await;
    // The batch is on no disk: what failed to be written is gone.
    disk.power_cycle();
    recover(&hub, &disk).await;
    // Timers run.
    park.clock.advance_ms(60_000);
    until("it is told", || {
        hub.stats()
            .snapshot()
            .entries
            .get("audit")
            .is_some_and(|it| *it > 0)
            && !told(&park, &disk).is_empty()
    })
    .await;
    let (number, hash) = hub.submit().state_hash().await.unwrap();
    let reader = hub.reader();
    hub.shutdown().await.unwrap();
    let alarms = told(&park, &disk);
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert_eq!(alarms[0].alarm_level, AlarmLevel::Red);
    assert_eq!(
        alarms[0].source_device,
        Some(DeviceId::new("BR-01").unwrap())
    );
    let words = "LOCK_OPEN of barrier BR-01 at lane G1-L1, ordered by OP-1, acted";
    assert!(alarms[0].description.starts_with(words), "{alarms:?}");
    let report = replay_over(&reader, vec![Box::new(Planner)], Some(number)).unwrap();
    assert_eq!(report.first_difference, None);
    assert_eq!(report.state_hash, hash);
}

/// It raised, was answered as refused, and was recorded nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_planned_evacuation_that_comes_after_its_time_is_one_of_now() {
    for is_recorded in [false, true] {
        let park = Park::new();
        let (one, _) = two(&park);
        let disk = SimDisk::new(64);
        let hub = acts_unasked(&park, &disk).await;
        park.clock.advance_ms(10_000);
        // The tick that is due now would be the first to meet the disk.
        hub.submit().state_hash().await.unwrap();
        let body = match mode(&one, OperatingMode::Evacuation) {
            Body::OperatingModeChange(it) => Body::OperatingModeChange(OperatingModeChange {
                effective_at: morning().plus_seconds(9),
                ..it
            }),
            _ => unreachable!(),
        };
        let text = message(&one.id, body, morning().plus_seconds(4));
        disk.set_broken(true);
        assert_eq!(answer(&hub, &one, &text).await, Ok((true, 0)));
        until("it acted", || park.yard.orders().len() == 2).await;
        until("it is spooled", || hub.health().spooled.0 == 2).await;
        if !is_recorded {
            disk.power_cycle();
        }
        recover(&hub, &disk).await;
        park.clock.advance_ms(60_000);
        until("the orders are closed", || hub.health().open_orders == 0).await;
        let (number, hash) = hub.submit().state_hash().await.unwrap();
        let reader = hub.reader();
        hub.shutdown().await.unwrap();
        assert_eq!(park.yard.orders().len(), 2, "carried out once");
        assert_eq!(told(&park, &disk).len(), 0);
        let stored = entries(&park, &disk);
        let count = |label: &str| stored.iter().filter(|it| it.entry.label == label).count();
        let of = ("OperatingModeChange", "CONFIRMED", "EXPIRED");
        assert_eq!((count(of.0), count(of.1), count(of.2)), (1, 2, 0));
        let report = replay_over(&reader, vec![Box::new(Planner)], Some(number)).unwrap();
        assert_eq!(report.first_difference, None);
        assert_eq!(report.state_hash, hash);
    }
}

/// What the recovery orders again, what moved nothing, and what stands in the journal after all is not told.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_or_ordered_again_or_moved_nothing_is_not_told() {
    let actor = PartyId::new("OP-1").unwrap();
    for case in ["recorded", "again", "failed"] {
        let park = Park::new();
        let disk = SimDisk::new(63);
        let hub = acts_unasked(&park, &disk).await;
        let failed = case == "failed";
        if failed {
            park.yard.answer(BARRIER, OutcomeKind::Failed);
        }
        disk.set_broken(true);
        let mut waiting = None;
        if case == "again" {
            let intake = park.intake();
            let offer = async move { intake.offer(reading("CAM-1", "due", None)).await };
            waiting = Some(tokio::spawn(offer));
        } else {
            let due = hub.submit().internal(status("CAM-1", "due"), &actor).await;
            assert_eq!(due.unwrap_err().code(), UNSETTLED);
        }
        until("it acted", || hub.health().spooled.0 == 1).await;
        if case != "recorded" {
            disk.power_cycle();
        }
        recover(&hub, &disk).await;
        if let Some(waiting) = waiting {
            waiting.await.unwrap().unwrap();
        }
        park.clock.advance_ms(60_000);
        for _ in 0..3 {
            let submit = hub.submit();
            let say = submit.internal(status("CAM-1", "plain"), &actor);
            say.await.unwrap();
        }
        hub.shutdown().await.unwrap();
        assert_eq!(told(&park, &disk).len(), 0, "{case}");
    }
}

/// An opening of an earlier run was dropped without a word where its id stood for another message by then.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_run_left_under_an_id_that_stands_for_another_message_is_told() {
    let park = Park::new();
    let (one, _) = two(&park);
    let disk = SimDisk::new(65);
    let porter = || Box::new(Porter::default());
    let hub = start(&park, &disk, porter()).await;
    fail(&hub, &disk).await;
    let text = message(&one.id, opening(&one, "G1", false), morning());
    assert_eq!(answer(&hub, &one, &text).await, Ok((true, 0)));
    until("it is spooled", || hub.health().spooled.0 == 2).await;
    hub.shutdown().await.unwrap_err();
    let spool = &park.config.emergency_spool;
    let away = spool.with_extension("away");
    std::fs::rename(spool, &away).unwrap();
    disk.set_broken(false);
    let hub = start(&park, &disk, porter()).await;
    let other = message(&one.id, opening(&one, "G2", false), morning());
    let other = answer(&hub, &one, &under_its_id(&text, &other)).await;
    let (_, first) = other.unwrap();
    hub.shutdown().await.unwrap();
    std::fs::rename(&away, spool).unwrap();
    let hub = start(&park, &disk, porter()).await;
    park.clock.advance_ms(60_000);
    until("it is told", || !told(&park, &disk).is_empty()).await;
    hub.shutdown().await.unwrap();
    let alarms = told(&park, &disk);
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert_eq!(alarms[0].alarm_level, AlarmLevel::Red);
    let words = format!(
        "LOCK_OPEN of barrier BR-01, ordered by OP-1, acted in an earlier run while the journal could not be \
         written, under the id of entry {first},"
    );
    assert!(alarms[0].description.starts_with(&words), "{alarms:?}");
}
