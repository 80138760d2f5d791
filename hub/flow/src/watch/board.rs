//! What the sequencer shows of itself after each commit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use cordon_journal::{Counters, Space};
use cordon_model::{DeviceId, Digest, GateAction, PartyId};

use crate::decide::ages::Reach;
use crate::decide::fold::{DeadLetter, OpenOrder};
use crate::decide::mark::Marked;

/// The shown values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    pub epoch: u64,
    /// Entries that are not as this program would write them.
    pub marked: Marked,
    pub number: u64,
    pub chain: [u8; 32],
    pub open: Vec<(u64, OpenOrder)>,
    pub dead: Vec<DeadLetter>,
    /// Requests for reports that are not answered, by entry.
    pub requests: BTreeMap<u64, PartyId>,
    pub space: Option<Space>,
    pub counters: Counters,
    pub saved: u64,
    /// Why the state is not saved.
    pub unsaved: Option<String>,
    /// Messages that memory alone remembers until the state is saved.
    pub remembered: usize,
    /// How old what the journal holds is, at its last entry; none before the first of this run.
    pub reach: Option<Reach>,
    /// How far entry time is ahead of the clock, microseconds.
    pub lead_micros: i64,
    /// When the last tick was durable, or the first entry of this run.
    pub ticked_at: Option<Instant>,
    /// When the sequencer last began to look for work.
    pub turned_at: Option<Instant>,
    /// What barriers last confirmed while the journal cannot be written; empty once it can.
    pub acted: BTreeMap<DeviceId, GateAction>,
    /// Whether barriers were held open before a start that could not open its journal, as far as that is
    /// known; empty once it could.
    pub held_before: BTreeMap<DeviceId, bool>,
    /// Emergency lines in the spool, and those only in memory.
    pub spooled: (u64, u64),
    /// Position and state hash after the last commit, once the sequencer has ended in good order.
    pub ended: Option<(u64, Digest)>,
}

/// Shared by the sequencer, which writes, and everyone who asks.
#[derive(Clone, Default)]
pub(crate) struct Board(Arc<Mutex<Shown>>);

impl Board {
    /// The sequencer looks for work: what it did before is done.
    pub(crate) fn turn(&self) {
        self.lock().turned_at = Some(Instant::now());
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
