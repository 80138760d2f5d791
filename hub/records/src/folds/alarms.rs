//! Alarms with their life: what was raised, each step, who took it, and with which entry.
//!
//! What is open is decided by the plug-in, which tells each of its steps in an entry: a fold that adds them up comes
//! to the same.

use cordon_contract::{ALARM_FORGOTTEN, Entry, EntryKind};
use cordon_model::{
    AlarmEvent, AlarmLevel, AlarmState, AlarmUpdate, AuditEvent, Body, PartyId, Timestamp,
};
use rusqlite::{Row, ToSql, params};

use super::names;
use crate::ask::Look;
use crate::asked::{By, Face, Kind};
use crate::fold::{Failure, Fold, Rows, Then, number, unsigned};

const SCHEMA: &str = "
CREATE TABLE alarms (
    id TEXT PRIMARY KEY,
    entry INTEGER NOT NULL,        -- that raised it first
    time INTEGER NOT NULL,         -- of that entry
    occurred INTEGER NOT NULL,     -- when it happened, as its source says
    code TEXT NOT NULL,
    level TEXT NOT NULL,
    rank INTEGER NOT NULL,         -- 0 for red
    state TEXT NOT NULL,
    is_open INTEGER NOT NULL,
    device TEXT, gate TEXT, lane TEXT, area TEXT, enterprise TEXT, plate TEXT, person TEXT,
    words TEXT NOT NULL,
    escalation INTEGER NOT NULL,
    steps INTEGER NOT NULL,        -- how many of them are kept
    leader TEXT,                   -- the alarm it is counted in
    taken INTEGER, taken_time INTEGER, taken_by TEXT,  -- acknowledged: entry, time, by whom
    ended INTEGER, ended_time INTEGER, ended_by TEXT   -- closed or rejected, or forgotten for want of room
) STRICT, WITHOUT ROWID;
CREATE INDEX alarms_open ON alarms (rank, occurred DESC, id DESC) WHERE is_open = 1;
CREATE INDEX alarms_when ON alarms (occurred, id);
CREATE INDEX alarms_code ON alarms (code, occurred, id);
CREATE INDEX alarms_device ON alarms (device, occurred, id) WHERE device IS NOT NULL;
CREATE INDEX alarms_gate ON alarms (gate, occurred, id) WHERE gate IS NOT NULL;
CREATE INDEX alarms_plate ON alarms (plate, occurred, id) WHERE plate IS NOT NULL;
CREATE INDEX alarms_over ON alarms (ended_time) WHERE is_open = 0;
CREATE TABLE alarms_steps (
    id TEXT NOT NULL,
    entry INTEGER NOT NULL,
    time INTEGER NOT NULL,         -- from then on it was in this state
    state TEXT NOT NULL,
    actor TEXT NOT NULL,
    receiver TEXT, escalation INTEGER, note TEXT,
    PRIMARY KEY (id, entry)
) STRICT, WITHOUT ROWID;
";

/// Letters kept of what was said; the journal has all of it.
const LETTERS: usize = 400;
/// Steps kept of one alarm; a life has seven, what is told of it several times as many.
const STEPS_MAX: i64 = 1_000;

/// How they are asked for.
pub(crate) const FACE: Face = Face {
    name: names::ALARMS,
    fold: names::ALARMS,
    table: "alarms",
    columns: &[
        ("id", "id", Kind::Text),
        ("code", "code", Kind::Text),
        ("level", "level", Kind::Text),
        ("state", "state", Kind::Text),
        ("occurred", "occurred", Kind::Time),
        ("device", "device", Kind::Text),
        ("gate", "gate", Kind::Text),
        ("lane", "lane", Kind::Text),
        ("area", "area", Kind::Text),
        ("enterprise", "enterprise", Kind::Text),
        ("plate", "plate", Kind::Text),
        ("person", "person", Kind::Person),
        ("words", "words", Kind::Text),
        ("entry", "entry", Kind::Number),
        ("time", "from", Kind::Time),
        ("taken_by", "taken_by", Kind::Text),
        ("ended_time", "until", Kind::Time),
        ("ended_by", "ended_by", Kind::Text),
    ],
    by: &[
        (By::Plate, "plate"),
        (By::Person, "person"),
        (By::Gate, "gate"),
        (By::Device, "device"),
        (By::Area, "area"),
        (By::State, "state"),
    ],
    key: &[("entry", Kind::Number), ("id", Kind::Text)],
    until: Some("ended_time"),
    ..Face::NONE
};

/// The fold.
pub(crate) struct Alarms {
    hub: PartyId,
}

impl Alarms {
    /// Of the journal of this hub.
    pub(crate) fn of(hub: PartyId) -> Self {
        Self { hub }
    }

    /// Whether the hub decided what an entry says, and told it in its own words: what it alone can put right.
    fn is_decided(&self, entry: &Entry) -> bool {
        let message = entry.message.as_deref();
        let attested = message.is_some_and(|it| it.header.attested_by.is_some());
        entry.cause != 0 && entry.sender == self.hub && !attested
    }
}

impl Fold for Alarms {
    fn name(&self) -> &'static str {
        names::ALARMS
    }

    fn form(&self) -> u32 {
        2
    }

    fn schema(&self) -> &'static str {
        SCHEMA
    }

    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
        let Some(message) = entry.message.as_deref() else {
            return Ok(());
        };
        match (&message.body, entry.kind) {
            (Body::AuditEvent(event), _) if event.action == ALARM_FORGOTTEN => {
                forgotten(entry, event, rows)
            }
            // Under another's name, or counted elsewhere: the hub tells of it under a name of its own.
            (_, EntryKind::Message) if entry.overtaken || message.header.test => Ok(()),
            (Body::AlarmEvent(event), EntryKind::Message) => {
                raised((entry, self.is_decided(entry)), event, rows)
            }
            (Body::AlarmUpdate(update), EntryKind::Message) => {
                let leader = message.header.correlation_id.as_deref();
                stepped((entry, self.is_decided(entry)), (update, leader), rows)
            }
            _ => Ok(()),
        }
    }

    fn takes(&self, message: &str) -> bool {
        matches!(message, "AlarmEvent" | "AlarmUpdate")
    }

    fn forget(&self, then: Then, rows: &Rows<'_>) -> Result<(), Failure> {
        then.set(
            "DELETE FROM alarms_steps WHERE id IN
             (SELECT id FROM alarms WHERE is_open = 0 AND ended_time < ?1)",
            "DELETE FROM alarms_steps WHERE id IN
             (SELECT id FROM alarms WHERE is_open = 0 AND ended <= ?1)",
            rows,
        )?;
        then.set(
            "DELETE FROM alarms WHERE is_open = 0 AND ended_time < ?1",
            "DELETE FROM alarms WHERE is_open = 0 AND ended <= ?1",
            rows,
        )
    }
}

/// What is known of an alarm.
struct Known {
    rank: i64,
    code: String,
    is_open: bool,
    is_over: bool,
    device: Option<String>,
    taken: bool,
}

fn known(id: &str, rows: &Rows<'_>) -> Result<Option<Known>, Failure> {
    rows.one(
        "SELECT rank, code, is_open, device, taken IS NOT NULL, NOT is_open OR state = 'CLEARED' FROM alarms WHERE id = ?1",
        [id],
        |row| {
            Ok(Known {
                rank: row.get(0)?,
                code: row.get(1)?,
                is_open: row.get(2)?,
                device: row.get(3)?,
                taken: row.get(4)?,
                is_over: row.get(5)?,
            })
        },
    )
}

/// Red comes first.
fn rank(level: AlarmLevel) -> i64 {
    let place = AlarmLevel::ALL.iter().position(|known| *known == level);
    place
        .and_then(|at| i64::try_from(at).ok())
        .unwrap_or(i64::MAX)
}

/// Somebody still has to see to it, or to say what was done.
fn is_open(state: AlarmState) -> bool {
    !matches!(state, AlarmState::Closed | AlarmState::Rejected)
}

fn cut(text: &str) -> String {
    text.chars().take(LETTERS).collect()
}

fn raised(
    (entry, by_hub): (&Entry, bool),
    event: &AlarmEvent,
    rows: &Rows<'_>,
) -> Result<(), Failure> {
    let id = &event.alarm_id;
    match known(id, rows)? {
        Some(known) => again((entry, by_hub), event, &known, rows),
        // The end of something that nobody raised.
        None if matches!(event.state, AlarmState::Cleared) || !is_open(event.state) => Ok(()),
        None => {
            new(entry, event, rows)?;
            step(entry, id, event.state, entry.sender.as_str(), rows)
        }
    }
}

fn new(entry: &Entry, event: &AlarmEvent, rows: &Rows<'_>) -> Result<(), Failure> {
    rows.set(
        "INSERT INTO alarms (id, entry, time, occurred, code, level, rank, state, is_open, device, gate, lane, area,
            enterprise, plate, person, words, escalation, steps)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, 0, 0)",
        params![
            event.alarm_id,
            number(entry.number),
            entry.time.micros(),
            event.occurred_at.micros(),
            event.alarm_code.as_str(),
            event.alarm_level.as_str(),
            rank(event.alarm_level),
            event.state.as_str(),
            event.source_device.as_ref().map(|id| id.as_str()),
            event.gate_id.as_ref().map(|id| id.as_str()),
            event.lane_id.as_ref().map(|id| id.as_str()),
            event.area_id,
            event.enterprise_id.as_ref().map(|id| id.as_str()),
            event.subject.as_ref().map(|plate| plate.number.as_str()),
            event.person_id,
            cut(&event.description),
        ],
    )
    .map(drop)
}

/// The same alarm told again. Worse than before, or by the hub, it is raised again under its own name; over it goes on
/// only when the hub says so. An event of another device only bears the same name.
fn again(
    (entry, by_hub): (&Entry, bool),
    event: &AlarmEvent,
    known: &Known,
    rows: &Rows<'_>,
) -> Result<(), Failure> {
    let device = event.source_device.as_ref().map(|id| id.as_str());
    let is_other =
        matches!((known.device.as_deref(), device), (Some(one), Some(other)) if one != other);
    let rank = rank(event.alarm_level);
    let is_worse =
        rank < known.rank || (rank == known.rank && event.alarm_code.as_str() != known.code);
    // What is over is over: the hub tells of another then.
    let rises = by_hub || is_worse && !known.is_over && !is_other;
    if event.state != AlarmState::Raised || !rises {
        return Ok(());
    }
    if rank <= known.rank {
        rows.set(
            "UPDATE alarms SET code = ?2, level = ?3, rank = ?4, words = ?5 WHERE id = ?1",
            params![
                event.alarm_id,
                event.alarm_code.as_str(),
                event.alarm_level.as_str(),
                rank,
                cut(&event.description)
            ],
        )?;
    }
    rows.set(
        "UPDATE alarms SET escalation = 0 WHERE id = ?1",
        [&event.alarm_id],
    )?;
    comes_to(
        entry,
        (&event.alarm_id, known),
        event.state,
        entry.sender.as_str(),
        rows,
    )?;
    step(
        entry,
        &event.alarm_id,
        event.state,
        entry.sender.as_str(),
        rows,
    )
}

fn stepped(
    (entry, by_hub): (&Entry, bool),
    (update, leader): (&AlarmUpdate, Option<&str>),
    rows: &Rows<'_>,
) -> Result<(), Failure> {
    let id = update.alarm_id.as_str();
    let Some(known) = known(id, rows)? else {
        return Ok(());
    };
    // A life ends once: of what others say then the hub alone tells what it comes to.
    if !known.is_open && !by_hub {
        return Ok(());
    }
    // Closed in the moment it was raised: it is counted in another.
    let leader = leader.filter(|leader| *leader != id);
    let is_counted = update.state == AlarmState::Closed && update.previous == AlarmState::Raised;
    if let Some(leader) = leader.filter(|_| is_counted) {
        rows.set("UPDATE alarms SET leader = ?2 WHERE id = ?1", [id, leader])?;
    }
    if let Some(escalation) = update.escalation_level {
        let sql = "UPDATE alarms SET escalation = ?2 WHERE id = ?1";
        rows.set(sql, params![id, escalation])?;
    }
    let actor = update.actor_id.as_str();
    comes_to(entry, (id, &known), update.state, actor, rows)?;
    if !has_room(id, rows)? {
        return Ok(());
    }
    rows.set(
        "INSERT OR REPLACE INTO alarms_steps VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            id,
            number(entry.number),
            entry.time.micros(),
            update.state.as_str(),
            actor,
            update.receiver,
            update.escalation_level,
            update.note.as_deref().map(cut)
        ],
    )
    .map(drop)
}

/// It is in this state from now on.
fn comes_to(
    entry: &Entry,
    (id, known): (&str, &Known),
    state: AlarmState,
    actor: &str,
    rows: &Rows<'_>,
) -> Result<(), Failure> {
    let at = (number(entry.number), entry.time.micros());
    let sql = "UPDATE alarms SET state = ?2, is_open = ?3 WHERE id = ?1";
    rows.set(sql, params![id, state.as_str(), is_open(state)])?;
    match (is_open(state), known.is_open) {
        (false, true) => {
            let sql = "UPDATE alarms SET ended = ?2, ended_time = ?3, ended_by = ?4 WHERE id = ?1";
            rows.set(sql, params![id, at.0, at.1, actor])?;
        }
        // What was refused is put right.
        (true, false) => {
            let sql = "UPDATE alarms SET ended = NULL, ended_time = NULL, ended_by = NULL, leader = NULL WHERE id = ?1";
            rows.set(sql, [id])?;
        }
        _ => {}
    }
    // A cause that went away by itself is no taking up.
    match state {
        AlarmState::Raised => {
            let sql =
                "UPDATE alarms SET taken = NULL, taken_time = NULL, taken_by = NULL WHERE id = ?1";
            rows.set(sql, [id]).map(drop)
        }
        AlarmState::Cleared => Ok(()),
        _ if known.taken => Ok(()),
        _ => {
            let sql = "UPDATE alarms SET taken = ?2, taken_time = ?3, taken_by = ?4 WHERE id = ?1";
            rows.set(sql, params![id, at.0, at.1, actor]).map(drop)
        }
    }
}

fn step(
    entry: &Entry,
    id: &str,
    state: AlarmState,
    actor: &str,
    rows: &Rows<'_>,
) -> Result<(), Failure> {
    if !has_room(id, rows)? {
        return Ok(());
    }
    rows.set(
        "INSERT OR REPLACE INTO alarms_steps (id, entry, time, state, actor) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id, number(entry.number), entry.time.micros(), state.as_str(), actor],
    )
    .map(drop)
}

/// Whether one more step is kept.
fn has_room(id: &str, rows: &Rows<'_>) -> Result<bool, Failure> {
    let sql = "UPDATE alarms SET steps = steps + 1 WHERE id = ?1 AND steps < ?2";
    Ok(rows.set(sql, params![id, STEPS_MAX])? > 0)
}

/// It had to give way: nobody shows it any more.
fn forgotten(entry: &Entry, event: &AuditEvent, rows: &Rows<'_>) -> Result<(), Failure> {
    let Some(id) = &event.target else {
        return Ok(());
    };
    rows.set(
        "UPDATE alarms SET is_open = 0, ended = ?2, ended_time = ?3, ended_by = ?4 WHERE id = ?1 AND is_open = 1",
        params![
            id,
            number(entry.number),
            entry.time.micros(),
            event.actor_id.as_str()
        ],
    )
    .map(drop)
}

/// An alarm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AlarmRow {
    /// Its name.
    pub id: String,
    /// The entry that raised it first.
    pub entry: u64,
    /// When it happened, as its source says.
    pub occurred: Timestamp,
    /// What happened.
    pub code: String,
    /// How bad.
    pub level: String,
    /// Where it stands in its life.
    pub state: String,
    /// Whether somebody still has to see to it.
    pub is_open: bool,
    /// In words.
    pub words: String,
    /// The highest escalation since it was raised.
    pub escalation: u32,
    /// The alarm that it is counted in.
    pub leader: Option<String>,
    /// Who took it up, and with which entry.
    pub taken: Option<(String, u64)>,
    /// Who ended it, and with which entry.
    pub ended: Option<(String, u64)>,
}

/// A step in the life of an alarm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AlarmStep {
    /// Its entry.
    pub entry: u64,
    /// From then on it was in this state.
    pub time: Timestamp,
    /// The state.
    pub state: String,
    /// Who did it.
    pub actor: String,
    /// Who was told.
    pub receiver: Option<String>,
    /// How often it was escalated, where this is an escalation.
    pub escalation: Option<u32>,
    /// What was said.
    pub note: Option<String>,
}

/// Which alarms are asked for, the newest first.
#[derive(Clone, Debug, Default)]
pub struct AlarmsAsked {
    /// Those that are open alone, or those that are over.
    pub is_open: Option<bool>,
    /// With this code.
    pub code: Option<String>,
    /// Of this device.
    pub device: Option<String>,
    /// At this gate.
    pub gate: Option<String>,
    /// About this vehicle.
    pub plate: Option<String>,
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// Behind the one that the page before ended with: its time and name.
    pub after: Option<(Timestamp, String)>,
    /// At most so many.
    pub limit: usize,
}

const ALARM: &str = "id, entry, occurred, code, level, state, is_open, words, escalation, leader, taken_by, taken, \
    ended_by, ended";

fn alarm(row: &Row<'_>) -> rusqlite::Result<AlarmRow> {
    let whom = |by: usize, entry: usize| -> rusqlite::Result<Option<(String, u64)>> {
        let (by, entry): (Option<String>, Option<i64>) = (row.get(by)?, row.get(entry)?);
        Ok(by.zip(entry.map(unsigned)))
    };
    Ok(AlarmRow {
        id: row.get(0)?,
        entry: unsigned(row.get(1)?),
        occurred: Timestamp::from_micros(row.get(2)?),
        code: row.get(3)?,
        level: row.get(4)?,
        state: row.get(5)?,
        is_open: row.get(6)?,
        words: row.get(7)?,
        escalation: row.get(8)?,
        leader: row.get(9)?,
        taken: whom(10, 11)?,
        ended: whom(12, 13)?,
    })
}

impl Look<'_> {
    /// Alarms, the newest first.
    ///
    /// # Errors
    /// Of the engine.
    pub fn alarms(&self, asked: &AlarmsAsked) -> Result<Vec<AlarmRow>, Failure> {
        let mut sql = format!("SELECT {ALARM} FROM alarms WHERE 1");
        let mut with: Vec<Box<dyn ToSql>> = Vec::new();
        let equal = [
            ("code", &asked.code),
            ("device", &asked.device),
            ("gate", &asked.gate),
            ("plate", &asked.plate),
        ];
        for (column, value) in equal {
            if let Some(value) = value {
                sql += &format!(" AND {column} = ?");
                with.push(Box::new(value.clone()));
            }
        }
        match asked.is_open {
            Some(true) => sql += " AND is_open = 1",
            Some(false) => sql += " AND is_open = 0",
            None => {}
        }
        for (sign, at) in [(">=", asked.from), ("<", asked.to)] {
            if let Some(at) = at {
                sql += &format!(" AND occurred {sign} ?");
                with.push(Box::new(at.micros()));
            }
        }
        if let Some((at, id)) = &asked.after {
            sql += " AND (occurred, id) < (?, ?)";
            with.push(Box::new(at.micros()));
            with.push(Box::new(id.clone()));
        }
        sql += " ORDER BY occurred DESC, id DESC LIMIT ?";
        with.push(Box::new(number(asked.limit as u64)));
        let with: Vec<&dyn ToSql> = with.iter().map(AsRef::as_ref).collect();
        self.rows.all(&sql, with.as_slice(), alarm)
    }

    /// The life of one alarm, step by step.
    ///
    /// # Errors
    /// Of the engine.
    pub fn alarm_steps(&self, id: &str) -> Result<Vec<AlarmStep>, Failure> {
        let sql = "SELECT entry, time, state, actor, receiver, escalation, note FROM alarms_steps
            WHERE id = ?1 ORDER BY entry";
        self.rows.all(sql, [id], |row| {
            Ok(AlarmStep {
                entry: unsigned(row.get(0)?),
                time: Timestamp::from_micros(row.get(1)?),
                state: row.get(2)?,
                actor: row.get(3)?,
                receiver: row.get(4)?,
                escalation: row.get(5)?,
                note: row.get(6)?,
            })
        })
    }

    /// Names of the alarms that were open at a time.
    ///
    /// # Errors
    /// Of the engine.
    pub fn alarms_open_at(&self, at: Timestamp, limit: usize) -> Result<Vec<String>, Failure> {
        let sql =
            "SELECT id FROM alarms WHERE time <= ?1 AND (ended_time IS NULL OR ended_time > ?1)
            ORDER BY entry LIMIT ?2";
        self.rows
            .all(sql, params![at.micros(), number(limit as u64)], |row| {
                row.get(0)
            })
    }
}
