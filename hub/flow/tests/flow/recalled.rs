//! A start whose journal cannot be opened: what was ordered before is known.

use cordon_contract::{OutcomeKind, Plugin};
use cordon_flow::{EntryReader, Ledger as _, RunningHub};
use cordon_journal::disk::sim::SimDisk;
use cordon_model::{DeviceId, MessageId, OperatingMode};

use crate::acts::{mode, opening, said, two};
use crate::failure::SimLedger;
use crate::park::{BARRIER, Park, Porter, morning, small, until};
use crate::partner::{Partner, message};

async fn start(park: &Park, disk: &SimDisk) -> RunningHub {
    let plugins: Vec<Box<dyn Plugin>> = vec![Box::new(Porter::default())];
    let ledger = SimLedger::new(disk, park, small());
    park.start_over(ledger, plugins).await.unwrap()
}

/// The hub ends and starts again on the disk as it is, ten seconds later.
async fn again(park: &Park, disk: &SimDisk, hub: RunningHub) -> RunningHub {
    let _ = hub.shutdown().await;
    park.clock.advance_ms(10_000);
    let hub = start(park, disk).await;
    assert_eq!(hub.health().mode, "emergency");
    hub
}

async fn carried_out(park: &Park, count: usize) {
    until("it is carried out", || park.yard.orders().len() == count).await;
}

/// The very bytes again: whether they are late, and their number.
async fn same(hub: &RunningHub, by: &Partner, text: &str) -> (bool, u64, MessageId) {
    let answers = hub.submit().submit(by.envelope(&[text.to_owned()])).await;
    let receipt = answers.unwrap().remove(0).unwrap();
    (receipt.late, receipt.number, receipt.message_id)
}

/// A release of before the opening lowered, an opening of before the release raised, and the same bytes
/// acted a second time.
#[tokio::test(flavor = "multi_thread")]
async fn what_acted_without_a_journal_is_known_at_the_next_start_without_one() {
    let park = Park::new();
    let (one, two) = two(&park);
    let disk = SimDisk::new(21);
    let hub = start(&park, &disk).await;
    disk.set_broken(true);
    let text = message(&one.id, opening(&one, "G1", false), morning());
    let first = same(&hub, &one, &text).await;
    assert!(first.0, "it acted before it was journaled");
    carried_out(&park, 1).await;
    let hub = again(&park, &disk, hub).await;
    assert_eq!(same(&hub, &one, &text).await, first);
    let older = vec![(-5, opening(&two, "G1", true))];
    assert_eq!(said(&hub, &two, older).await, ["refused C010"]);
    assert_eq!(
        said(&hub, &two, vec![(5, opening(&two, "G1", true))]).await,
        [""]
    );
    carried_out(&park, 2).await;
    let hub = again(&park, &disk, hub).await;
    assert_eq!(same(&hub, &one, &text).await, first);
    let older = vec![(-60, opening(&two, "G1", false))];
    assert_eq!(said(&hub, &two, older).await, ["refused C010"]);
    let older = vec![(3, opening(&one, "G1", false))];
    assert_eq!(said(&hub, &one, older).await, ["refused C010"]);
    assert_eq!(park.yard.orders().len(), 2, "nothing acted twice");
    disk.set_broken(false);
    until("the journal is written again", || {
        hub.health().mode == "normal"
    })
    .await;
    hub.shutdown().await.unwrap();
    assert_eq!(park.yard.orders().len(), 2);
    let entries = park_entries(&disk, &park);
    assert_eq!(entries, 2, "each is journaled once");
}

fn park_entries(disk: &SimDisk, park: &Park) -> usize {
    let ledger = SimLedger::new(disk, park, small());
    let entries = EntryReader::over(ledger.reader()).read_from(1).unwrap();
    let acts = entries.filter(|it| it.as_ref().unwrap().entry.label == "EmergencyGateOpen");
    acts.count()
}

/// What stands in the journal is known too, and in which time: the clock was put right meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_journal_holds_is_known_at_a_start_that_cannot_write_it() {
    let park = Park::new();
    let (one, two) = two(&park);
    let disk = SimDisk::new(22);
    park.clock.advance_ms(3_600_000);
    let hub = start(&park, &disk).await;
    hub.shutdown().await.unwrap();
    park.clock.advance_ms(-3_600_000);
    let hub = start(&park, &disk).await;
    let text = message(&one.id, opening(&one, "G1", false), morning());
    let first = same(&hub, &one, &text).await;
    assert!(!first.0 && first.1 > 0);
    park.clock.advance_ms(2_000);
    assert_eq!(
        said(&hub, &one, vec![(2, mode(&one, OperatingMode::Evacuation))]).await,
        [""]
    );
    carried_out(&park, 1).await;
    disk.set_broken(true);
    let hub = again(&park, &disk, hub).await;
    assert_eq!(
        same(&hub, &one, &text).await,
        first,
        "with its number of the journal"
    );
    let older = vec![
        (-5, opening(&two, "G1", true)),
        (1, opening(&two, "G1", true)),
    ];
    assert_eq!(said(&hub, &two, older).await, ["refused C010"; 2]);
    assert_eq!(
        said(&hub, &two, vec![(12, opening(&two, "G1", true))]).await,
        [""]
    );
    carried_out(&park, 2).await;
    hub.shutdown().await.unwrap_err();
}

/// Nothing says whether a release of before the start is newer than what was opened.
#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_can_be_read_no_older_release_lowers_and_a_fresh_opening_raises() {
    let park = Park::new();
    let (one, _) = two(&park);
    // No journal is there, and none can be made.
    let disk = SimDisk::new(23);
    disk.set_broken(true);
    let hub = start(&park, &disk).await;
    assert_eq!(hub.health().mode, "emergency");
    assert_eq!(
        said(&hub, &one, vec![(-5, opening(&one, "G1", true))]).await,
        ["refused C010"]
    );
    assert_eq!(
        said(&hub, &one, vec![(-5, opening(&one, "G1", false))]).await,
        [""]
    );
    carried_out(&park, 1).await;
    assert_eq!(
        said(&hub, &one, vec![(0, opening(&one, "G1", true))]).await,
        [""]
    );
    carried_out(&park, 2).await;
    hub.shutdown().await.unwrap_err();
}

/// What is known of the barrier from before the start.
fn held_before(hub: &RunningHub) -> Option<bool> {
    let barrier = DeviceId::new("BR-01").unwrap();
    hub.health().held_before.get(&barrier).copied()
}

/// What came of as many emergency orders is in the spool, each beside what it came of.
async fn spooled(hub: &RunningHub, lines: u64) {
    until("it is spooled", || hub.health().spooled.0 == lines).await;
}

/// A barrier that the journal says to be held was shown as not held by a start that could not open it.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_held_before_a_start_without_a_journal_is_known_until_it_is_released() {
    let park = Park::new();
    let (one, _) = two(&park);
    let disk = SimDisk::new(24);
    let hub = start(&park, &disk).await;
    assert_eq!(held_before(&hub), None);
    assert_eq!(
        said(&hub, &one, vec![(0, opening(&one, "G1", false))]).await,
        [""]
    );
    carried_out(&park, 1).await;
    until("it is told", || hub.health().open_orders == 0).await;
    disk.set_broken(true);
    let hub = again(&park, &disk, hub).await;
    assert_eq!(held_before(&hub), Some(true), "by the journal");

    // A release that fails changes nothing, neither now nor at the next start.
    park.yard.answer(BARRIER, OutcomeKind::Failed);
    let release = vec![(11, opening(&one, "G1", true))];
    assert_eq!(said(&hub, &one, release).await, [""]);
    spooled(&hub, 2).await;
    assert!(hub.health().acted.is_empty());
    let hub = again(&park, &disk, hub).await;
    assert_eq!(held_before(&hub), Some(true), "its release failed");

    park.yard.answer(BARRIER, OutcomeKind::Confirmed);
    let release = vec![(22, opening(&one, "G1", true))];
    assert_eq!(said(&hub, &one, release).await, [""]);
    spooled(&hub, 4).await;
    let hub = again(&park, &disk, hub).await;
    assert_eq!(held_before(&hub), Some(false), "by the spool");

    // An opening of which nobody knows what came of it: it can no longer be said that it is not held.
    park.yard.answer(BARRIER, OutcomeKind::Expired);
    let fresh = vec![(33, opening(&one, "G1", false))];
    assert_eq!(said(&hub, &one, fresh).await, [""]);
    spooled(&hub, 6).await;
    assert_eq!((held_before(&hub), hub.health().acted.len()), (None, 0));
    let hub = again(&park, &disk, hub).await;
    assert_eq!(held_before(&hub), Some(true), "opened again");
    disk.set_broken(false);
    until("the mode is over", || hub.health().mode == "normal").await;
    assert_eq!(held_before(&hub), None, "the plug-ins know it");
    hub.shutdown().await.unwrap();
}

/// The spool's disk was away while people went on: what lay there was journaled as the act that holds.
#[tokio::test(flavor = "multi_thread")]
async fn an_opening_in_the_spool_is_overtaken_by_what_the_journal_says_since() {
    let park = Park::new();
    let (one, two) = two(&park);
    let disk = SimDisk::new(25);
    let hub = start(&park, &disk).await;
    disk.set_broken(true);
    // What fails first may be recorded; what comes later is in the spool alone.
    let first = crate::park::status("CAM-1", "plain");
    let failed = hub.submit().internal(first, &one.id).await;
    // Unless the hub, which tries its disk when it is idle, has found out before.
    let code = failed.unwrap_err().code();
    assert!(["F060", "F061"].contains(&code), "{code}");
    assert_eq!(
        said(&hub, &one, vec![(0, opening(&one, "G1", false))]).await,
        [""]
    );
    spooled(&hub, 2).await;
    hub.shutdown().await.unwrap_err();
    let spool = &park.config.emergency_spool;
    let away = park.dir.path().join("away");
    std::fs::rename(spool, &away).unwrap();
    disk.set_broken(false);
    park.clock.advance_ms(10_000);
    let hub = start(&park, &disk).await;
    assert_eq!(
        said(&hub, &two, vec![(10, opening(&two, "G1", true))]).await,
        [""]
    );
    carried_out(&park, 2).await;
    until("it is told", || hub.health().open_orders == 0).await;
    hub.shutdown().await.unwrap();
    std::fs::rename(&away, spool).unwrap();
    park.clock.advance_ms(10_000);
    // Without a journal the newer release is known as well.
    disk.set_broken(true);
    let hub = start(&park, &disk).await;
    assert_eq!(hub.health().mode, "emergency");
    assert_eq!(held_before(&hub), Some(false));
    disk.set_broken(false);
    until("the mode is over", || hub.health().mode == "normal").await;
    hub.shutdown().await.unwrap();
    assert!(!spool.exists(), "it is journaled");
    assert_eq!(park.yard.orders().len(), 2);
    let ledger = SimLedger::new(&disk, &park, small());
    let entries = EntryReader::over(ledger.reader()).read_from(1).unwrap();
    let entries: Vec<_> = entries.map(|it| it.unwrap().entry).collect();
    let acts = entries.iter().filter(|it| it.label == "EmergencyGateOpen");
    let overtaken: Vec<bool> = acts.map(|it| it.overtaken).collect();
    assert_eq!(
        overtaken,
        [false, true],
        "the release, then the older opening"
    );
    let ordered = entries.iter().filter(|it| it.label == BARRIER);
    assert_eq!(ordered.count(), 1, "the release alone");
}
