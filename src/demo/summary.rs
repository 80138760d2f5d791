//! The demo's summary: one JSON document that says what happened.

use std::collections::BTreeMap;

use cordon_flow::{StatsSnapshot, Traffic};
use serde::Serialize;

use super::enterprise::Filed;
use super::officer::Duty;
use super::regulator::Pulled;
use crate::config::ParkConfig;

/// Everything that is counted. Field names are documented in `docs/reference/demo-summary.md`.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// The park.
    pub park: String,
    /// How long it ran, seconds.
    pub seconds: u64,
    /// What went in and out, by adapter.
    pub adapters: BTreeMap<&'static str, Direction>,
    /// Passage decisions: `OPEN`, `MANUAL`, or the refusal code.
    pub decisions: BTreeMap<String, u64>,
    /// Refused messages by code.
    pub refusals: BTreeMap<String, u64>,
    /// Gate commands by outcome.
    pub commands: BTreeMap<String, u64>,
    /// Other orders (notifications, grants) by outcome.
    pub deliveries: BTreeMap<String, u64>,
    /// Alarms by the state they entered.
    pub alarms: BTreeMap<String, u64>,
    /// Alarms that were escalated because nobody acknowledged them in time.
    pub escalated: u64,
    /// Reports.
    pub reports: Reports,
    /// The enterprises.
    pub enterprises: BTreeMap<String, Filed>,
    /// The duty officer.
    pub officer: Duty,
    /// Messages by type.
    pub messages: BTreeMap<String, u64>,
    /// The journal.
    pub journal: JournalState,
    /// From a plate capture to the durable gate command, milliseconds.
    pub decision_ms: Times,
    /// From the arrival of an input to its durable entry, milliseconds.
    pub commit_ms: Times,
}

/// What went in and out of one kind of outside system.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Direction {
    /// Messages accepted from it (for the regulator: requests answered).
    pub incoming: u64,
    /// Messages of it refused.
    pub refused: u64,
    /// Messages recognised as repeated.
    pub duplicates: u64,
    /// Orders, answers or reports handed to it.
    pub outgoing: u64,
    /// Of these, confirmed or taken over.
    pub outgoing_done: u64,
}

/// Reports.
#[derive(Debug, Serialize)]
pub struct Reports {
    /// Pulled by the regulator.
    #[serde(flatten)]
    pub pulled: Pulled,
    /// Taken by provincial platforms.
    pub pushed: u64,
}

/// The journal after the end.
#[derive(Debug, Serialize)]
pub struct JournalState {
    /// Whether every byte was checked and nothing was wrong.
    pub verified: bool,
    /// Number of the last entry.
    pub entries: u64,
    /// Whatever was wrong.
    pub problems: Vec<String>,
}

/// A distribution.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Times {
    /// How many were measured.
    pub count: u64,
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
}

impl From<cordon_flow::Quantiles> for Times {
    fn from(quantiles: cordon_flow::Quantiles) -> Self {
        let ms = |micros: u64| micros as f64 / 1_000.0;
        Self {
            count: quantiles.count,
            p50: ms(quantiles.p50_us),
            p99: ms(quantiles.p99_us),
        }
    }
}

/// The kinds of adapters that a demo has simulators for.
const DIRECTIONS: [&str; 5] = ["modbus", "mqtt", "onvif", "enterprise", "regulator"];

/// The counters of the flow, grouped by kind of adapter.
pub fn directions(config: &ParkConfig, stats: &StatsSnapshot) -> BTreeMap<&'static str, Direction> {
    let partners: Vec<&str> = config
        .plan
        .enterprises
        .iter()
        .map(|it| it.id.as_str())
        .collect();
    let named = DIRECTIONS.map(|kind| {
        let tables = config.adapters.iter();
        let tables = tables.filter(|table| table.section().0 == kind);
        let own = match kind {
            "enterprise" => partners.clone(),
            _ => Vec::new(),
        };
        (
            kind,
            tables
                .map(|table| table.name())
                .chain(own)
                .collect::<Vec<_>>(),
        )
    });
    named
        .into_iter()
        .map(|(kind, names)| {
            let traffic = names.into_iter().filter_map(|name| stats.traffic.get(name));
            (kind, traffic.fold(Direction::default(), Direction::plus))
        })
        .collect()
}

impl Direction {
    fn plus(self, traffic: &Traffic) -> Self {
        Self {
            incoming: self.incoming + traffic.accepted,
            refused: self.refused + traffic.refused,
            duplicates: self.duplicates + traffic.duplicates,
            outgoing: self.outgoing + traffic.orders,
            outgoing_done: self.outgoing_done + traffic.orders_done,
        }
    }
}
