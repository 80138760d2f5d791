//! A hub whose clock was put right and is behind its journal: what people say now is said now.

use std::sync::{Arc, Mutex};

use cordon_contract::{Clock, Decisions, Entry, EntryKind, Plugin, Rows, Single};
use cordon_flow::{RunningHub, replay_over};
use cordon_journal::disk::sim::SimDisk;
use cordon_model::{Body, LifeState, ListEntry, OperatingMode, SubjectKind, VehicleRegistration};

use crate::acts::{mode, opening, said, two};
use crate::failure::SimLedger;
use cordon_security::Role;

use crate::park::{Park, Porter, morning, small, until};
use crate::partner::{Ca, Partner};
use crate::said::{codes, registration, white};

const DAY_S: i64 = 86_400;

fn listed(state: LifeState) -> Body {
    match white("苏A77777") {
        Body::ListEntry(it) => Body::ListEntry(ListEntry { state, ..it }),
        _ => unreachable!(),
    }
}

/// The clock goes on by so many seconds, or back.
fn pass(park: &Park, seconds: i64) {
    park.clock.advance_ms(seconds * 1_000);
}

async fn carried_out(park: &Park, count: usize) {
    until("it is carried out", || park.yard.orders().len() == count).await;
}

/// Opening, release, evacuation, its end and a listing, all of now, the clock showing `at`.
async fn a_shift(park: &Park, hub: &RunningHub, one: &Partner, at: i64) {
    let before = park.yard.orders().len();
    assert_eq!(
        said(hub, one, vec![(at, opening(one, "G1", false))]).await,
        [""]
    );
    pass(park, 1);
    let release = opening(one, "G1", true);
    hub.submit().internal(release, &one.id).await.unwrap();
    carried_out(park, before + 2).await;
    let now = vec![
        (at + 1, mode(one, OperatingMode::Evacuation)),
        (at + 1, listed(LifeState::Active)),
    ];
    assert_eq!(said(hub, one, now).await, ["", ""]);
    pass(park, 1);
    let end = mode(one, OperatingMode::Normal);
    hub.submit().internal(end, &one.id).await.unwrap();
}

/// What is ordered and said when the clock shows 10 s, each once; late words of the same minute.
async fn said_after_it_was_put_right(
    park: &Park,
    hub: &RunningHub,
    (one, two): (&Partner, &Partner),
) {
    let before = park.yard.orders().len();
    let by_console = hub
        .submit()
        .internal(opening(one, "G1", false), &one.id)
        .await;
    by_console.unwrap();
    carried_out(park, before + 1).await;
    pass(park, 5);
    let now = vec![
        (12, opening(two, "G1", true)),
        (13, opening(two, "G1", false)),
        (15, mode(two, OperatingMode::Evacuation)),
        (15, listed(LifeState::Withdrawn)),
    ];
    assert_eq!(said(hub, two, now).await, [""; 4]);
    let late = vec![
        (11, opening(one, "G1", true)),
        (14, mode(one, OperatingMode::Normal)),
        (14, opening(one, "G1", true)),
        // Before the clock was put right: nothing says that it is newer.
        (-20, opening(one, "G1", true)),
        (-25, mode(one, OperatingMode::Normal)),
    ];
    assert_eq!(said(hub, one, late).await, ["refused C010"; 5]);
    assert_eq!(
        said(hub, one, vec![(11, listed(LifeState::Active))]).await,
        ["F046"]
    );
    pass(park, 5);
    let released = vec![
        (17, mode(one, OperatingMode::Normal)),
        (18, opening(one, "G1", true)),
    ];
    assert_eq!(said(hub, one, released).await, [""; 2]);
    let late = vec![
        (13, opening(one, "G1", false)),
        (16, mode(one, OperatingMode::Evacuation)),
    ];
    assert_eq!(said(hub, one, late).await, ["refused C010"; 2]);
    carried_out(park, before + 4).await;
}

async fn ends_as_it_replays(hub: RunningHub) {
    let (number, hash) = hub.submit().state_hash().await.unwrap();
    let reader = hub.reader();
    hub.shutdown().await.unwrap();
    let plugins: Vec<Box<dyn Plugin>> = vec![Box::new(Porter::default())];
    let report = replay_over(&reader, plugins, Some(number)).unwrap();
    assert_eq!(report.first_difference, None);
    assert_eq!(report.state_hash, hash);
}

/// Each act was answered as accepted, marked as overtaken, and nothing moved, until the clock had come to
/// where the journal was.
#[tokio::test(flavor = "multi_thread")]
async fn what_people_say_after_the_clock_was_put_right_holds() {
    for back in [1, 60, 3_000, DAY_S, 365 * DAY_S] {
        let park = Park::new();
        let (one, two) = two(&park);
        pass(&park, back);
        let hub = park.start().await;
        a_shift(&park, &hub, &one, back).await;
        hub.shutdown().await.unwrap();
        pass(&park, -2 - back);
        let hub = park.start().await;
        pass(&park, 10);
        said_after_it_was_put_right(&park, &hub, (&one, &two)).await;
        ends_as_it_replays(hub).await;
        // Another start within the lead, all stepped again: the order of acts stays known.
        std::fs::remove_file(park.state_file()).unwrap();
        let hub = park.start().await;
        let late = vec![
            (17, opening(&one, "G1", false)),
            (-1, opening(&one, "G1", false)),
        ];
        assert_eq!(said(&hub, &one, late).await, ["refused C010"; 2], "{back}");
        let now = vec![
            (19, opening(&two, "G1", false)),
            (20, opening(&two, "G1", true)),
        ];
        assert_eq!(said(&hub, &two, now).await, [""; 2], "{back}");
        ends_as_it_replays(hub).await;
        let entries = park.entries();
        let overtaken = entries
            .iter()
            .filter(|it| it.entry.label == "message.overtaken");
        assert_eq!(overtaken.count(), 1, "the late listing alone: {back}");
    }
}

/// Each start was a lead of its own; after sixteen of them what was signed before counted as of the past.
#[tokio::test(flavor = "multi_thread")]
async fn quick_restarts_under_a_lead_leave_what_was_signed_before_them_in_its_time() {
    let park = Park::new();
    let (one, two) = two(&park);
    pass(&park, DAY_S);
    let hub = park.start().await;
    a_shift(&park, &hub, &one, DAY_S).await;
    hub.shutdown().await.unwrap();
    pass(&park, -2 - DAY_S);
    for _ in 0..20 {
        let hub = park.start().await;
        pass(&park, 2);
        hub.shutdown().await.unwrap();
    }
    let hub = park.start().await;
    pass(&park, 5);
    let opened = vec![(3, opening(&one, "G1", false))];
    assert_eq!(said(&hub, &one, opened).await, [""]);
    let late = vec![(1, opening(&two, "G1", true))];
    assert_eq!(said(&hub, &two, late).await, ["refused C010"]);
    let now = vec![(44, opening(&two, "G1", true))];
    assert_eq!(said(&hub, &two, now).await, [""]);
    ends_as_it_replays(hub).await;
    let entries = park.entries();
    let leads = entries.iter().filter(|it| it.entry.label == "clock.lead");
    assert_eq!(leads.count(), 1, "the same lead goes on");
}

/// The clock is put right under a running hub, as after five minutes of another distance.
#[tokio::test(flavor = "multi_thread")]
async fn what_people_say_after_the_clock_was_put_right_in_a_run_holds() {
    let park = Park::new();
    let (one, two) = two(&park);
    pass(&park, DAY_S);
    let hub = park.start().await;
    a_shift(&park, &hub, &one, DAY_S).await;
    pass(&park, -2 - DAY_S);
    until("the lead is told", || {
        let entries = hub.reader().read_from(1).unwrap();
        entries.flatten().any(|it| it.entry.label == "clock.lead")
    })
    .await;
    pass(&park, 10);
    said_after_it_was_put_right(&park, &hub, (&one, &two)).await;
    ends_as_it_replays(hub).await;
}

/// The clock came to more than the journal while the hub was down: the lead is over, and a late word is
/// known as late.
#[tokio::test(flavor = "multi_thread")]
async fn a_lead_that_is_over_makes_no_late_word_a_new_one() {
    let park = Park::new();
    let (one, _) = two(&park);
    pass(&park, 3_600);
    let hub = park.start().await;
    hub.shutdown().await.unwrap();
    pass(&park, -3_600);
    park.start().await.shutdown().await.unwrap();
    pass(&park, 7_200);
    let hub = park.start().await;
    pass(&park, 20);
    let said = |second: i64, release| {
        said(
            &hub,
            &one,
            vec![(7_200 + second, opening(&one, "G1", release))],
        )
    };
    assert_eq!(said(20, false).await, [""]);
    assert_eq!(said(10, true).await, ["refused C010"]);
    assert_eq!(said(20, true).await, [""]);
    ends_as_it_replays(hub).await;
}

/// Without a journal too, whose time goes on.
#[tokio::test(flavor = "multi_thread")]
async fn what_people_order_while_the_disk_fails_is_compared_in_the_same_time() {
    let park = Park::new();
    let (one, _) = two(&park);
    let disk = SimDisk::new(11);
    let plugins: Vec<Box<dyn Plugin>> = vec![Box::new(Porter::default())];
    let ledger = SimLedger::new(&disk, &park, small());
    pass(&park, DAY_S);
    let hub = park.start_over(ledger, plugins).await.unwrap();
    a_shift(&park, &hub, &one, DAY_S).await;
    disk.set_broken(true);
    let submit = hub.submit();
    let order = |release| submit.internal(opening(&one, "G1", release), &one.id);
    pass(&park, -DAY_S);
    assert!(order(false).await.unwrap().late);
    carried_out(&park, 3).await;
    pass(&park, 5);
    assert!(order(true).await.unwrap().late);
    carried_out(&park, 4).await;
    let left = park.yard.orders()[3].deadline.micros();
    let now = park.clock.now().micros();
    assert!(left - now <= 5_000_000, "5 s as ever, not a day");
    let late = vec![(4, opening(&one, "G1", false))];
    assert_eq!(said(&hub, &one, late).await, ["refused C010"]);
    assert_eq!(
        said(&hub, &one, vec![(7, opening(&one, "G1", false))]).await,
        [""]
    );
    disk.set_broken(false);
    until("the journal is written again", || {
        hub.health().mode == "normal"
    })
    .await;
    ends_as_it_replays(hub).await;
}

/// Where the test sees it.
type Shown = Arc<Mutex<Vec<i64>>>;

/// Keeps what the clock showed at every act, microseconds, where the test sees it too.
struct Watch {
    told: Single<Vec<i64>>,
    shown: Shown,
}

impl Watch {
    /// One that has seen nothing yet.
    fn plugins() -> (Shown, Vec<Box<dyn Plugin>>) {
        let watch = Self {
            told: Single::new("told", 1),
            shown: Arc::default(),
        };
        (Arc::clone(&watch.shown), vec![Box::new(watch)])
    }
}

impl Plugin for Watch {
    fn name(&self) -> &'static str {
        "watch"
    }

    fn step(&mut self, entry: &Entry, _: &mut Decisions) {
        let body = entry.message.as_deref().map(|it| &it.body);
        if entry.kind == EntryKind::Message && matches!(body, Some(Body::EmergencyGateOpen(_))) {
            self.told.push(entry.clock.micros());
            self.restored();
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Rows> {
        vec![&mut self.told]
    }

    fn restored(&mut self) {
        self.shown.lock().unwrap().clone_from(&self.told);
    }
}

/// Plug-ins knew the time of the journal alone, and took what was said for now as said for the past.
#[tokio::test(flavor = "multi_thread")]
async fn plug_ins_are_told_what_the_clock_showed_in_a_run_a_restart_and_a_replay() {
    let park = Park::new();
    let (one, _) = two(&park);
    let mut shown = Vec::new();
    pass(&park, 3_600);
    for (start, back) in [0, 3_600, 0, 60, -7_200].into_iter().enumerate() {
        pass(&park, -back);
        if start == 2 {
            // All is stepped again.
            std::fs::remove_file(park.state_file()).unwrap();
        }
        let (watch, plugins) = Watch::plugins();
        let hub = park.start_with(plugins).await;
        for release in [false, true] {
            pass(&park, 10);
            shown.push(park.clock.now().micros());
            let act = opening(&one, "G1", release);
            hub.submit().internal(act, &one.id).await.unwrap();
        }
        let (number, hash) = hub.submit().state_hash().await.unwrap();
        let told = watch.lock().unwrap().clone();
        let off = told.iter().zip(&shown).map(|(told, shown)| told - shown);
        let off: Vec<i64> = off.collect();
        assert_eq!(off.len(), shown.len(), "start {start}");
        assert!(off.iter().all(|it| it.abs() <= 1), "{start}: {off:?}");
        let reader = hub.reader();
        hub.shutdown().await.unwrap();
        let (again, plugins) = Watch::plugins();
        let report = replay_over(&reader, plugins, Some(number)).unwrap();
        assert_eq!(report.first_difference, None);
        assert_eq!(report.state_hash, hash, "start {start}");
        assert_eq!(*again.lock().unwrap(), told);
    }
}

/// One start with the year wrong made what the park had registered be forgotten, and a rival took it over.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_the_year_wrong_forgets_nobodys_vehicle() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let operator = ca.partner("OP-1", Role::Operator);
    let rival = ca.partner("ENT-2", Role::Enterprise);
    let engine =
        |whose: &str, days: i64| match registration("苏F11901", whose, SubjectKind::VehFreight) {
            Body::VehicleRegistration(it) => Body::VehicleRegistration(VehicleRegistration {
                valid_to: morning().plus_seconds(days * DAY_S),
                ..it
            }),
            _ => unreachable!(),
        };
    let hub = park.start().await;
    assert_eq!(
        codes(&hub, &operator, vec![engine("ENT-1", 300)]).await,
        [None]
    );
    hub.shutdown().await.unwrap();
    pass(&park, 400 * DAY_S);
    let hub = park.start().await;
    pass(&park, 5);
    hub.submit()
        .internal(white("苏A77777"), &operator.id)
        .await
        .unwrap();
    hub.shutdown().await.unwrap();
    pass(&park, -400 * DAY_S);
    // The journal is ahead of the clock from here on.
    let hub = park.start().await;
    pass(&park, 5);
    let taken = codes(&hub, &rival, vec![engine("ENT-2", 200)]).await;
    assert_eq!(taken, [Some("F033")]);
    let again = codes(&hub, &operator, vec![engine("ENT-1", 301)]).await;
    assert_eq!(again, [None]);
    ends_as_it_replays(hub).await;
}
