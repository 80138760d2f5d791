//! A spool that an earlier run left, and that cannot be removed or not be read.

use std::sync::Arc;

use cordon_flow::{RunningHub, StoredEntry};
use cordon_journal::disk::sim::SimDisk;
use cordon_model::{Body, PartyId};

use crate::failure::{SimLedger, storage_alarms};
use crate::park::{Park, Porter, emergency, small, until};

async fn start(park: &Park, ledger: &Arc<SimLedger>) -> RunningHub {
    let plugins: Vec<Box<dyn cordon_contract::Plugin>> = vec![Box::new(Porter::default())];
    park.start_over(ledger.clone(), plugins).await.unwrap()
}

/// What a run that ends in its emergency mode leaves: one opening and what came of it.
async fn left(park: &Park, ledger: &Arc<SimLedger>, disk: &SimDisk) -> Vec<u8> {
    start(park, ledger).await.shutdown().await.unwrap();
    disk.set_broken(true);
    let hub = start(park, ledger).await;
    let actor = PartyId::new("OP-1").unwrap();
    let receipt = hub.submit().internal(emergency(), &actor).await.unwrap();
    assert!(receipt.late);
    until("it is spooled", || hub.health().spooled.0 == 2).await;
    hub.shutdown().await.unwrap_err();
    disk.set_broken(false);
    std::fs::read(&park.config.emergency_spool).unwrap()
}

/// Starts, ends in good order, and gives the whole journal.
async fn run(park: &Park, ledger: &Arc<SimLedger>) -> Vec<StoredEntry> {
    let hub = start(park, ledger).await;
    until("the orders are closed", || hub.health().open_orders == 0).await;
    let reader = hub.reader();
    hub.shutdown().await.unwrap();
    reader.read_from(1).unwrap().map(Result::unwrap).collect()
}

fn count(stored: &[StoredEntry], label: &str) -> usize {
    stored.iter().filter(|it| it.entry.label == label).count()
}

/// Each start told once more that an emergency mode had ended, and raised an alarm.
#[tokio::test(flavor = "multi_thread")]
async fn a_spool_that_cannot_be_removed_is_told_once() {
    let park = Park::new();
    let disk = SimDisk::new(41);
    let ledger = SimLedger::new(&disk, &park, small());
    let lines = left(&park, &ledger, &disk).await;
    for starts in 1..4 {
        // As where removing it fails: it is found again.
        std::fs::write(&park.config.emergency_spool, &lines).unwrap();
        let stored = run(&park, &ledger).await;
        let told = (count(&stored, "hub.resumed"), storage_alarms(&stored));
        assert_eq!(told, (1, 1), "{starts} starts");
        assert_eq!(count(&stored, "EmergencyGateOpen"), 1);
        assert_eq!(count(&stored, "CONFIRMED"), 1);
    }
    assert_eq!(park.yard.orders().len(), 1, "carried out once");
}

/// It was told in the log alone, and the file removed: nobody could look what had acted.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_cannot_be_read_is_told_and_its_file_kept() {
    let park = Park::new();
    let disk = SimDisk::new(42);
    let ledger = SimLedger::new(&disk, &park, small());
    let mut lines = left(&park, &ledger, &disk).await;
    // A bit of its first line, the opening, flips.
    lines[3] ^= 1;
    let spool = &park.config.emergency_spool;
    std::fs::write(spool, &lines).unwrap();
    let stored = run(&park, &ledger).await;
    assert_eq!(count(&stored, "EmergencyGateOpen"), 0);
    let bodies = stored.iter().filter_map(|it| it.entry.message.as_deref());
    let told: Vec<String> = bodies
        .filter_map(|message| match &message.body {
            Body::AuditEvent(it) if it.action == "hub.resumed" => it.detail.clone(),
            _ => None,
        })
        .collect();
    let kept = format!("{}.damaged-1", spool.display());
    assert!(
        told[0].contains("1 lines of the spool cannot be read"),
        "{told:?}"
    );
    assert!(told[0].contains(&kept), "{told:?}");
    assert_eq!((told.len(), storage_alarms(&stored)), (1, 1));
    assert!(!spool.exists());
    assert_eq!(std::fs::read(&kept).unwrap(), lines);
    let again = run(&park, &ledger).await;
    assert_eq!(count(&again, "hub.resumed"), 1, "told once");
}
