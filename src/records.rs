//! The records of a running hub.

use std::path::PathBuf;
use std::sync::Arc;

use cordon_contract::Fault;
use cordon_flow::RunningHub;
use cordon_model::Digest;
use cordon_records::{GrantRoom, Records, RecordsParts, folds_within};

use crate::config::ParkConfig;

/// The file of a configuration's records.
pub fn file(config: &ParkConfig) -> PathBuf {
    config.hub.data.join("records.sqlite")
}

/// How many grants a configuration keeps to be asked.
pub fn room(config: &ParkConfig) -> GrantRoom {
    GrantRoom::of(config.access.grants_max, config.plan.enterprises.len())
}

/// Follows the hub's journal from now on. What the feed says only wakes them; what they take in they read from the
/// journal.
pub fn start(
    config: &ParkConfig,
    hub: &Arc<RunningHub>,
    room: &GrantRoom,
) -> Result<Arc<Records>, Fault> {
    let seen = Arc::downgrade(hub);
    let records = Records::start(RecordsParts {
        file: file(config),
        reader: hub.reader(),
        durable: Arc::new(move || {
            let (number, chain) = seen.upgrade()?.durable();
            Some((number, Digest(chain)))
        }),
        folds: folds_within(&config.hub.id, room),
        config: config.records.clone(),
    })?;
    let mut entries = hub.feed().subscribe();
    let woken = Arc::downgrade(&records);
    tokio::spawn(async move {
        while entries.next().await.is_some() {
            let Some(records) = woken.upgrade() else {
                return;
            };
            records.wake();
        }
    });
    Ok(records)
}
