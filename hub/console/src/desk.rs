//! What the console may ask of the hub; the program implements it.

use cordon_contract::{BoxFuture, DeviceHealth, Entry, Fault};
use cordon_model::{AlarmState, Body};
use serde::Serialize;
use tokio::sync::broadcast;

use crate::{AlarmsPage, OutboxPage, PageAsked, SentAgain};

/// Numbers that are not a fold over entries.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// 99th percentile of "capture in to command durable" in milliseconds.
    pub decision_p99_ms: Option<f64>,
    /// Median of the same.
    pub decision_p50_ms: Option<f64>,
    /// Orders waiting in the outbox.
    pub outbox_waiting: u64,
    /// What was given up, by the outbox and by adapters, listed until it is sent again.
    pub dead_letters: u64,
    /// Batches committed since the start.
    pub batches: u64,
    /// Journal entries that cannot be read.
    pub unreadable: u64,
    /// Journal entries that were read although their form is refused today.
    pub older_form: u64,
    /// Submissions and readings recognised as repeated since the start.
    pub duplicates: u64,
    /// Statements since the start that came after a newer one of their sender.
    pub overtaken: u64,
    /// Holes in senders' running numbers since the start.
    pub gaps: u64,
    /// Readings by adapter since the start.
    pub readings: std::collections::BTreeMap<String, u64>,
}

/// The hub as the console sees it.
pub trait Desk: Send + Sync + 'static {
    /// Committed entries from now on; a reader that is too slow is told how many it missed.
    fn watch(&self) -> broadcast::Receiver<Entry>;

    /// The present figures.
    fn figures(&self) -> Figures;

    /// The state of every device, as its adapter sees it.
    fn devices(&self) -> Vec<DeviceHealth>;

    /// At most `limit` open alarms behind the one with id `after`, and how many there are: what is open
    /// now, the same before and after a restart.
    fn alarms(&self, after: Option<&str>, limit: usize) -> AlarmsPage;

    /// The state of an open alarm.
    fn alarm_state(&self, id: &str) -> Option<AlarmState>;

    /// Whether the core accepts messages; the reason when it does not.
    fn healthy(&self) -> Result<(), String>;

    /// Says something in an operator's name; returns the entry's number once it is durable.
    fn say(&self, body: Body) -> BoxFuture<'_, Result<u64, Fault>>;

    /// One page of the outbox.
    fn outbox<'a>(&'a self, asked: &'a PageAsked) -> BoxFuture<'a, Result<OutboxPage, Fault>>;

    /// Sends a dead letter again, in an operator's name; `who` asked for it. Recorded before anything
    /// leaves.
    fn rerun<'a>(
        &'a self,
        id: &'a str,
        who: Option<&'a str>,
    ) -> BoxFuture<'a, Result<SentAgain, Fault>>;
}
