//! The end of a hub whose adapters still hold their doors.

use std::time::Duration;

use cordon_contract::IntakeError;

use crate::park::{Park, reading};

/// A started adapter keeps its door for as long as anybody asks it for its health: the hub closes it.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_waits_for_no_door_and_nothing_is_taken_behind_it() {
    let mut park = Park::new();
    // Longer than the test has: whatever waits this long fails it.
    park.config.stop_ms = 3_600_000;
    let hub = park.start().await;
    let door = park.intake();
    let adapters = hub.adapters();
    let taken = door.offer(reading("CAM-1", "state", None)).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(60), hub.shutdown_at()).await;
    let (last, _) = ended.unwrap().unwrap().unwrap();
    assert!(last >= taken.number);
    let late = door.offer(reading("CAM-1", "later", None)).await;
    assert_eq!(late, Err(IntakeError::Closed));
    assert_eq!(adapters[0].definition.name, "yard");
}
