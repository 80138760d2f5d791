//! What a hub is started with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use cordon_contract::{Adapter, Clock, Fault, Plugin};
use cordon_mapping::Mappings;
use cordon_model::{DeviceId, ParkCode, PartyId};

use crate::corridor::CorridorRules;
use crate::decide::authority::Authority;
use crate::decide::settings::{Maker, Part};
use crate::fault::{CONFIGURATION, fault};
use crate::sequencer::ledger::Ledger;

/// The flow's settings, each with its limit and default.
#[derive(Clone)]
pub struct HubConfig {
    /// The hub's own party; equal to the common name of its certificate.
    pub hub: PartyId,
    /// The park.
    pub park: ParkCode,
    /// Where emergency openings and their releases are kept while the journal cannot be written.
    pub emergency_spool: PathBuf,
    /// Workers of the corridor for each adapter, and for all submissions together. Default 2.
    pub workers: usize,
    /// Readings waiting in front of one adapter's corridor. Default 256.
    pub intake_max: usize,
    /// Pieces of work waiting in each lane of the sequencer's queue. Default 4,096.
    pub queue_max: usize,
    /// Bytes of work waiting in each lane. Default 64 MiB.
    pub queue_bytes_max: usize,
    /// Pieces of work in one batch. Default 512.
    pub batch_max: usize,
    /// Bytes of work in one batch. Default 4 MiB.
    pub batch_bytes_max: usize,
    /// Time between ticks, milliseconds. Default 1,000.
    pub tick_ms: i64,
    /// Longest time between two saved states, milliseconds. Default 5,000.
    pub save_ms: u64,
    /// Most entries between two saved states. Default 50,000.
    pub save_entries: u64,
    /// Entries for which message ids are remembered. Default 5,000,000.
    pub inbox_entries: u64,
    /// Messages remembered in memory alone while the state is not saved, about 300 bytes each. Beyond, only
    /// alarms are taken, up to a fifth more, and emergencies. Default 700,000.
    pub unsaved_max: usize,
    /// Entries the feed keeps for slow watchers. Default 4,096.
    pub feed_max: usize,
    /// How long adapters may take to stop, milliseconds. Default 5,000.
    pub stop_ms: u64,
    /// The corridor's windows and limits.
    pub rules: CorridorRules,
    /// Who may say what.
    pub authority: Arc<Authority>,
    /// The adapter instance that has orders for a device, by name: no other's readings are taken for that device's.
    pub served: Arc<BTreeMap<DeviceId, String>>,
    /// What of the configuration decides, and who makes plug-ins of it. Those that it makes of no parts are
    /// [`HubParts::plugins`]. Without, settings are no entries, and plug-ins stay as they are given.
    pub settings: Option<Arc<dyn Maker>>,
}

impl HubConfig {
    /// The defaults for a hub of the park whose authority this is.
    pub fn new(authority: Authority, emergency_spool: impl Into<PathBuf>) -> Self {
        Self {
            hub: authority.hub().clone(),
            park: authority.plan().code.clone(),
            emergency_spool: emergency_spool.into(),
            workers: 2,
            intake_max: 256,
            queue_max: 4_096,
            queue_bytes_max: 64 << 20,
            batch_max: 512,
            batch_bytes_max: 4 << 20,
            tick_ms: 1_000,
            save_ms: 5_000,
            save_entries: 50_000,
            inbox_entries: 5_000_000,
            unsaved_max: 700_000,
            feed_max: 4_096,
            stop_ms: 5_000,
            rules: CorridorRules::default(),
            authority: Arc::new(authority),
            served: Arc::default(),
            settings: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Fault> {
        let bad = |field: &str, why: &str| {
            Err(fault(CONFIGURATION)
                .at(field.to_owned())
                .log(why.to_owned()))
        };
        if self.batch_max == 0 || self.batch_max > 4_096 {
            return bad("batch_max", "must be 1 to 4,096");
        }
        if self.batch_bytes_max == 0 || self.batch_bytes_max > 8 << 20 {
            return bad("batch_bytes_max", "must be 1 to 8 MiB");
        }
        if self.tick_ms <= 0 {
            return bad("tick_ms", "must be above 0");
        }
        if self.rules.messages_max == 0 || self.rules.messages_max > 1_000 {
            return bad("rules.messages_max", "must be 1 to 1,000");
        }
        let parts = self.settings.iter().map(|maker| Part::check(maker.today()));
        if let Some(fault) = parts.flatten().next() {
            return Err(fault);
        }
        if self.rules.refused_bytes_max > 1 << 20 {
            return bad("rules.refused_bytes_max", "must be at most 1 MiB");
        }
        Ok(())
    }
}

/// The parts a hub is put together from.
pub struct HubParts {
    /// Where journal and state come from.
    pub ledger: Arc<dyn Ledger>,
    /// Fresh plug-ins, in the order they are stepped.
    pub plugins: Vec<Box<dyn Plugin>>,
    /// The adapters.
    pub adapters: Vec<Arc<dyn Adapter>>,
    /// The mapping packages.
    pub mappings: Arc<Mappings>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
}
