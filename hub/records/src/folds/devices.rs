//! Devices and barriers: from when to when each was in which state. An outage is a row of `OFFLINE`.

use cordon_contract::{Entry, EntryKind};
use cordon_model::{BarrierState, Body, Timestamp};
use rusqlite::{ToSql, params};

use super::names;
use crate::ask::Look;
use crate::asked::{By, Face, Kind};
use crate::fold::{Failure, Fold, Rows, Then, number, unsigned};

const SCHEMA: &str = "
CREATE TABLE devices (
    device TEXT NOT NULL,
    what TEXT NOT NULL,            -- LINK for the device, BARRIER for its boom
    entry INTEGER NOT NULL,        -- with which it came into this state
    time INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    ended INTEGER, ended_time INTEGER,
    PRIMARY KEY (device, what, entry)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX devices_now ON devices (device, what) WHERE ended IS NULL;
CREATE INDEX devices_state ON devices (what, state, time);
CREATE INDEX devices_over ON devices (ended_time) WHERE ended IS NOT NULL;
";

/// How they are asked for.
pub(crate) const FACE: Face = Face {
    name: names::DEVICES,
    fold: names::DEVICES,
    table: "devices",
    columns: &[
        ("device", "device", Kind::Text),
        ("what", "what", Kind::Text),
        ("state", "state", Kind::Text),
        ("reason", "reason", Kind::Text),
        ("entry", "entry", Kind::Number),
        ("time", "from", Kind::Time),
        ("ended_time", "until", Kind::Time),
    ],
    by: &[(By::Device, "device"), (By::State, "state")],
    until: Some("ended_time"),
    ..Face::NONE
};

/// Devices of which something is known at once. The plan has fewer; of others the first ones count.
const DEVICES_MAX: i64 = 100_000;
/// Letters kept of a reason.
const LETTERS: usize = 200;

/// The fold.
pub(crate) struct Devices;

impl Fold for Devices {
    fn name(&self) -> &'static str {
        names::DEVICES
    }

    fn form(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static str {
        SCHEMA
    }

    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
        // What came of an order says nothing of where the boom is.
        let said = entry.message.as_deref();
        let said = said.filter(|_| entry.kind == EntryKind::Message && !entry.overtaken);
        let Some(message) = said.filter(|message| !message.header.test) else {
            return Ok(());
        };
        match &message.body {
            Body::DeviceStatus(status) => {
                let reason = status.reason.as_deref();
                let device = status.device_id.as_str();
                is_in(
                    entry,
                    (device, "LINK"),
                    (status.state.as_str(), reason),
                    rows,
                )
            }
            Body::GateStatus(status) if status.barrier_state != BarrierState::Unknown => {
                let device = status.device_id.as_str();
                is_in(
                    entry,
                    (device, "BARRIER"),
                    (status.barrier_state.as_str(), None),
                    rows,
                )
            }
            _ => Ok(()),
        }
    }

    fn forget(&self, then: Then, rows: &Rows<'_>) -> Result<(), Failure> {
        then.set(
            "DELETE FROM devices WHERE ended IS NOT NULL AND ended_time < ?1",
            "DELETE FROM devices WHERE ended IS NOT NULL AND ended <= ?1",
            rows,
        )
    }
}

fn is_in(
    entry: &Entry,
    (device, what): (&str, &str),
    (state, reason): (&str, Option<&str>),
    rows: &Rows<'_>,
) -> Result<(), Failure> {
    let now = "SELECT state FROM devices WHERE device = ?1 AND what = ?2 AND ended IS NULL";
    let known = rows.one(now, [device, what], |row| row.get::<_, String>(0))?;
    match known.as_deref() {
        Some(known) if known == state => return Ok(()),
        Some(_) => {
            rows.set(
                "UPDATE devices SET ended = ?3, ended_time = ?4
                 WHERE device = ?1 AND what = ?2 AND ended IS NULL",
                params![device, what, number(entry.number), entry.time.micros()],
            )?;
        }
        None => {
            let many = "SELECT count(*) FROM devices WHERE ended IS NULL";
            let many = rows.one(many, (), |row| row.get::<_, i64>(0))?;
            if many >= Some(DEVICES_MAX) {
                return Ok(());
            }
        }
    }
    let reason: Option<String> = reason.map(|reason| reason.chars().take(LETTERS).collect());
    rows.set(
        "INSERT INTO devices (device, what, entry, time, state, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            device,
            what,
            number(entry.number),
            entry.time.micros(),
            state,
            reason
        ],
    )
    .map(drop)
}

/// For how long a device or its boom was in a state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceRow {
    /// The device.
    pub device: String,
    /// The entry with which it came into this state.
    pub entry: u64,
    /// From then on.
    pub from: Timestamp,
    /// Until then; none while it is.
    pub until: Option<Timestamp>,
    /// The state.
    pub state: String,
    /// Why.
    pub reason: Option<String>,
}

/// Which states are asked for, the newest first.
#[derive(Clone, Debug, Default)]
pub struct DevicesAsked {
    /// Of booms instead of devices.
    pub of_barriers: bool,
    /// Of this device.
    pub device: Option<String>,
    /// This state alone: `OFFLINE` are outages.
    pub state: Option<String>,
    /// Those that held at this time.
    pub at: Option<Timestamp>,
    /// Before this entry.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

impl Look<'_> {
    /// States of devices or their booms, the newest first.
    ///
    /// # Errors
    /// Of the engine.
    pub fn device_states(&self, asked: &DevicesAsked) -> Result<Vec<DeviceRow>, Failure> {
        let what = if asked.of_barriers { "BARRIER" } else { "LINK" };
        let before = number(asked.before.unwrap_or(u64::MAX));
        let mut sql = String::from(
            "SELECT device, entry, time, ended_time, state, reason FROM devices WHERE what = ? AND entry < ?",
        );
        let mut with: Vec<&dyn ToSql> = vec![&what, &before];
        for (column, value) in [("device", &asked.device), ("state", &asked.state)] {
            if let Some(value) = value {
                sql += &format!(" AND {column} = ?");
                with.push(value);
            }
        }
        let at = asked.at.map(Timestamp::micros);
        if let Some(at) = &at {
            sql += " AND time <= ? AND (ended_time IS NULL OR ended_time > ?)";
            with.extend([at as &dyn ToSql, at]);
        }
        let limit = number(asked.limit as u64);
        sql += " ORDER BY entry DESC LIMIT ?";
        with.push(&limit);
        self.rows.all(&sql, with.as_slice(), |row| {
            let until: Option<i64> = row.get(3)?;
            Ok(DeviceRow {
                device: row.get(0)?,
                entry: unsigned(row.get(1)?),
                from: Timestamp::from_micros(row.get(2)?),
                until: until.map(Timestamp::from_micros),
                state: row.get(4)?,
                reason: row.get(5)?,
            })
        })
    }
}
