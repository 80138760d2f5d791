//! What the console may ask of the hub; the program implements it.

use std::sync::Arc;

use cordon_contract::{BoxFuture, DeviceHealth, Fault};
use cordon_model::{
    AlarmState, BarrierState, Body, DeviceId, GateAction, GateId, LaneId, OperatingMode, Timestamp,
};
use cordon_records::{Page, Standing};
use serde::Serialize;
use tokio::sync::watch;

use crate::{AlarmsPage, OutboxPage, PageAsked, Reloaded, SentAgain};

/// What the hub takes at present, and how disk and clock stand.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Condition {
    /// `normal`, `low` (the disk is nearly full), `full`, `unsaved` (nothing more
    /// can be remembered in memory alone) or `emergency`.
    pub mode: &'static str,
    /// For how long nothing is done at all, milliseconds; none while the hub works.
    pub stalled_ms: Option<u64>,
    /// What is not taken, and why; none in the normal mode.
    pub words: Option<String>,
    /// Since when the journal cannot be written: what is shown of it stands still since then.
    pub since: Option<Timestamp>,
    /// Why the state is not saved; nothing is refused for that before the mode is `unsaved`.
    pub unsaved: Option<String>,
    /// Messages that memory alone remembers until the state is saved.
    pub remembered: u64,
    /// Free bytes on the journal's disk; none before it was asked.
    pub disk_free_bytes: Option<u64>,
    /// Share of that disk in use, 0 to 100.
    pub disk_used_percent: Option<u8>,
    /// Emergency openings, releases and outcomes in the spool, not journaled yet.
    pub spooled: u64,
    /// Those of them that only memory holds, because the spool cannot be written.
    pub spooled_in_memory: u64,
    /// Why the spool cannot be written, as far as that was tried; none while it can.
    pub spool_words: Option<String>,
    /// Why the trust folder cannot be read, and who is trusted meanwhile; none while it can.
    pub trust_words: Option<String>,
    /// Which pinned heads cannot be read, so that the journal is not held to them; none while it is held to all.
    pub pins_words: Option<String>,
    /// How many.
    pub pins_unread: usize,
    /// Why nothing can be moved to the archive; none while it answers, or there is none.
    pub archive_words: Option<String>,
    /// Why there are no reports, or not all of them; none while there are.
    pub reports_words: Option<String>,
    /// The adapters that something of their own keeps from their work, each with why.
    pub adapters_words: Vec<String>,
    /// What should be forgotten by rule and cannot, with the reason.
    pub unforgotten: Vec<String>,
    /// What people must see to about the clock; none while it agrees.
    pub clock_words: Option<String>,
    /// Wall clock minus the time that is used, milliseconds.
    pub clock_offset_ms: i64,
    /// How far the journal's entries are ahead of the time that is used, milliseconds.
    pub clock_lead_ms: i64,
    /// Since the last tick, milliseconds; none before the first.
    pub tick_age_ms: Option<u64>,
}

/// Numbers of the hub itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Number of the last durable journal entry; none while the journal could not be read yet.
    pub position: Option<u64>,
    /// What barriers last confirmed while the journal cannot be written.
    pub acted: std::collections::BTreeMap<DeviceId, GateAction>,
    /// Whether barriers were held open before a start that could not open its journal, as far as that is
    /// known; empty once it could.
    pub held_before: std::collections::BTreeMap<DeviceId, bool>,
    /// 99th percentile of "capture in to command durable" in milliseconds.
    pub decision_p99_ms: Option<f64>,
    /// Median of the same.
    pub decision_p50_ms: Option<f64>,
    /// Orders waiting in the outbox.
    pub outbox_waiting: u64,
    /// What was given up, by the outbox and by adapters, listed until it is sent again.
    pub dead_letters: u64,
    /// Attempts below the services that came to nothing, by cause, since the start of the program.
    pub attempts: std::collections::BTreeMap<String, u64>,
    /// Batches committed since the start of the program.
    pub batches: u64,
    /// Journal entries that cannot be read, passed over.
    pub unreadable: u64,
    /// Journal entries that were read although their form is refused today.
    pub older_form: u64,
    /// Journal entries that say what their sender may not say, passed over.
    pub unlawful: u64,
    /// Submissions and readings recognised as repeated since the start of the program.
    pub duplicates: u64,
    /// Statements since the start of the program that came after a newer one of their sender.
    pub overtaken: u64,
    /// Holes in senders' running numbers since the start of the program.
    pub gaps: u64,
    /// What is taken, disk and clock.
    pub condition: Condition,
    /// Readings by adapter since the start of the program.
    pub readings: std::collections::BTreeMap<String, u64>,
    /// Readings by device that were not understood since the start of the program.
    pub misread: std::collections::BTreeMap<String, u64>,
}

/// What stands in the park now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParkNow {
    /// The park's operating mode.
    pub mode: OperatingMode,
    /// Gates that are in another one.
    pub gate_modes: std::collections::BTreeMap<GateId, OperatingMode>,
    /// Vehicles in the park.
    pub inside: u64,
    /// What each barrier last was; one that never spoke is not there.
    pub barriers: std::collections::BTreeMap<DeviceId, BarrierState>,
    /// Lanes that are held open, until their release is confirmed.
    pub held: std::collections::BTreeSet<LaneId>,
}

/// A paper of the park that ends: a certificate, a revocation list, the register.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Expiring {
    /// `certificate`, `crl`, `register` or `authority`.
    pub kind: &'static str,
    /// Whose it is.
    pub name: String,
    /// Serial number; empty where it has none.
    pub serial: String,
    /// Last second in which it is good, UTC.
    pub until: String,
    /// Seconds until then; negative once it is over.
    pub seconds_left: i64,
    /// What is cut off when it is over, and what to do before.
    pub remedy: &'static str,
}

impl Expiring {
    /// Warned of on the page and in `/healthz` from here on: seven days.
    pub const SOON_SECONDS: i64 = 7 * 86_400;

    /// Whether it ends within seven days or is over.
    pub fn is_soon(&self) -> bool {
        self.seconds_left <= Self::SOON_SECONDS
    }

    /// In words, for `/healthz`.
    pub fn words(&self) -> String {
        let when = match self.seconds_left {
            left if left < 0 => format!("is over since {}", self.until),
            left => format!("ends in {} days, at {}", left / 86_400, self.until),
        };
        format!("{} of {} {when}", self.kind, self.name)
    }
}

/// The hub as the console sees it.
pub trait Desk: Send + Sync + 'static {
    /// Is told each time that the records changed.
    fn watch(&self) -> watch::Receiver<Standing>;

    /// What the page shows of the records; it is at hand, no disk is read for it.
    fn page(&self) -> Arc<Page>;

    /// How the records stand.
    fn records(&self) -> Standing;

    /// The present figures.
    fn figures(&self) -> Figures;

    /// What stands in the park, the same before and after a restart; `None` while the hub could not read
    /// its journal yet.
    fn park_now(&self) -> Option<ParkNow>;

    /// The state of every device, as its adapter sees it.
    fn devices(&self) -> Vec<DeviceHealth>;

    /// At most `limit` open alarms behind the one with id `after`, and how many there are: what is open
    /// now, the same before and after a restart.
    fn alarms(&self, after: Option<&str>, limit: usize) -> AlarmsPage;

    /// The state of an open alarm.
    fn alarm_state(&self, id: &str) -> Option<AlarmState>;

    /// Every paper that ends, the next one first.
    fn expiring(&self) -> Vec<Expiring>;

    /// Whether the core accepts messages; the reason when it does not.
    fn healthy(&self) -> Result<(), String>;

    /// Says something in an operator's name; returns the entry's number once it is durable, or 0 for
    /// an emergency opening that acted and is journaled later.
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

    /// Reads the hub's configuration anew and takes up what may change while it runs, whole or not at all; `who`
    /// asked for it.
    fn reload<'a>(&'a self, who: Option<&'a str>) -> BoxFuture<'a, Result<Reloaded, Vec<Fault>>>;
}
