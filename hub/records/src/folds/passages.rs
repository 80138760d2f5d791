//! What went through the gates and what was decided there, with the reasons.

use cordon_contract::{Entry, EntryKind};
use cordon_model::{Body, GateId, PassageDecision, PassageRecord, Timestamp};
use rusqlite::{Row, ToSql, params};
use serde::{Deserialize, Serialize};

use super::names;
use crate::ask::Look;
use crate::asked::{By, Face, Kind};
use crate::fault::{BROKEN, fault};
use crate::fold::{Failure, Fold, Rows, Then, number, unsigned};

const SCHEMA: &str = "
CREATE TABLE passages (
    entry INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,         -- of the entry
    passed INTEGER NOT NULL,       -- when it was, as the gate says
    id TEXT NOT NULL,
    sender TEXT NOT NULL,
    gate TEXT NOT NULL, lane TEXT, tier TEXT NOT NULL, enterprise TEXT,
    direction TEXT NOT NULL, kind TEXT NOT NULL,
    plate TEXT, colour TEXT, trailer TEXT, person TEXT,
    result TEXT NOT NULL,
    grant_id TEXT, decision TEXT, visit TEXT,
    test INTEGER NOT NULL
) STRICT;
CREATE INDEX passages_plate ON passages (plate, passed, entry) WHERE plate IS NOT NULL;
CREATE INDEX passages_person ON passages (person, passed, entry) WHERE person IS NOT NULL;
CREATE INDEX passages_gate ON passages (gate, passed, entry);
CREATE INDEX passages_when ON passages (passed, entry);
CREATE INDEX passages_age ON passages (time);
CREATE TABLE passages_decided (
    entry INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    decided INTEGER NOT NULL,
    id TEXT NOT NULL,
    gate TEXT NOT NULL, lane TEXT NOT NULL,
    direction TEXT NOT NULL, kind TEXT NOT NULL,
    plate TEXT, colour TEXT, person TEXT,
    outcome TEXT NOT NULL, code TEXT, grant_id TEXT, mode TEXT NOT NULL,
    reasons TEXT NOT NULL,         -- rule and clause of each, JSON
    test INTEGER NOT NULL
) STRICT;
CREATE INDEX passages_decided_plate ON passages_decided (plate, decided, entry) WHERE plate IS NOT NULL;
CREATE INDEX passages_decided_gate ON passages_decided (gate, decided, entry);
CREATE INDEX passages_decided_outcome ON passages_decided (outcome, decided, entry);
CREATE INDEX passages_decided_when ON passages_decided (decided, entry);
CREATE INDEX passages_decided_age ON passages_decided (time);
";

/// How they are asked for.
pub(crate) const FACE: Face = Face {
    name: names::PASSAGES,
    fold: names::PASSAGES,
    table: "passages",
    columns: &[
        ("id", "id", Kind::Text),
        ("passed", "passed", Kind::Time),
        ("gate", "gate", Kind::Text),
        ("lane", "lane", Kind::Text),
        ("direction", "direction", Kind::Text),
        ("kind", "kind", Kind::Text),
        ("plate", "plate", Kind::Text),
        ("colour", "colour", Kind::Text),
        ("person", "person", Kind::Person),
        ("result", "state", Kind::Text),
        ("grant_id", "grant", Kind::Text),
        ("decision", "decision", Kind::Text),
        ("visit", "visit", Kind::Text),
        ("entry", "entry", Kind::Number),
    ],
    by: &[
        (By::Plate, "plate"),
        (By::Person, "person"),
        (By::Gate, "gate"),
        (By::State, "result"),
    ],
    time: "passed",
    but: Some("test = 0"),
    ..Face::NONE
};

/// How decisions are asked for.
pub(crate) const DECISIONS: Face = Face {
    name: "decisions",
    fold: names::PASSAGES,
    table: "passages_decided",
    columns: &[
        ("id", "id", Kind::Text),
        ("decided", "decided", Kind::Time),
        ("gate", "gate", Kind::Text),
        ("lane", "lane", Kind::Text),
        ("direction", "direction", Kind::Text),
        ("kind", "kind", Kind::Text),
        ("plate", "plate", Kind::Text),
        ("colour", "colour", Kind::Text),
        ("person", "person", Kind::Person),
        ("outcome", "state", Kind::Text),
        ("code", "code", Kind::Text),
        ("grant_id", "grant", Kind::Text),
        ("mode", "mode", Kind::Text),
        ("reasons", "reasons", Kind::Text),
        ("entry", "entry", Kind::Number),
    ],
    by: &[
        (By::Plate, "plate"),
        (By::Person, "person"),
        (By::Gate, "gate"),
        (By::State, "outcome"),
    ],
    time: "decided",
    but: Some("test = 0"),
    ..Face::NONE
};

/// The fold.
pub(crate) struct Passages;

impl Fold for Passages {
    fn name(&self) -> &'static str {
        names::PASSAGES
    }

    fn form(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static str {
        SCHEMA
    }

    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
        // An order carries what was said before, to somebody; it says nothing new.
        let said = entry.message.as_deref();
        let Some(message) = said.filter(|_| entry.kind != EntryKind::Order) else {
            return Ok(());
        };
        let test = message.header.test;
        match &message.body {
            Body::PassageRecord(record) => passed(entry, record, test, rows),
            Body::PassageDecision(decision) => decided(entry, decision, test, rows),
            _ => Ok(()),
        }
    }

    fn forget(&self, then: Then, rows: &Rows<'_>) -> Result<(), Failure> {
        then.set(
            "DELETE FROM passages WHERE time < ?1",
            "DELETE FROM passages WHERE entry <= ?1",
            rows,
        )?;
        then.set(
            "DELETE FROM passages_decided WHERE time < ?1",
            "DELETE FROM passages_decided WHERE entry <= ?1",
            rows,
        )
    }
}

fn passed(
    entry: &Entry,
    record: &PassageRecord,
    test: bool,
    rows: &Rows<'_>,
) -> Result<(), Failure> {
    let plate = record.plate.as_ref();
    rows.set(
        "INSERT INTO passages VALUES
         (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
        params![
            number(entry.number),
            entry.time.micros(),
            record.passed_at.micros(),
            record.passage_id,
            entry.sender.as_str(),
            record.gate_id.as_str(),
            record.lane_id.as_ref().map(|lane| lane.as_str()),
            record.tier.as_str(),
            record.enterprise_id.as_ref().map(|id| id.as_str()),
            record.direction.as_str(),
            record.subject_kind.as_str(),
            plate.map(|plate| plate.number.as_str()),
            plate.map(|plate| plate.colour.as_str()),
            record.trailer_plate.as_ref().map(|plate| plate.as_str()),
            record.person_id,
            record.result.as_str(),
            record.grant_id,
            record.decision_ref,
            record.visit_id,
            test,
        ],
    )
    .map(drop)
}

fn decided(
    entry: &Entry,
    decision: &PassageDecision,
    test: bool,
    rows: &Rows<'_>,
) -> Result<(), Failure> {
    let plate = decision.plate.as_ref();
    let reasons = reasons_of(decision);
    let reasons = serde_json::to_string(&reasons)
        .map_err(|error| fault(BROKEN, format!("reasons cannot be kept: {error}")))?;
    rows.set(
        "INSERT INTO passages_decided VALUES
         (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        params![
            number(entry.number),
            entry.time.micros(),
            decision.decided_at.micros(),
            decision.decision_id,
            decision.gate_id.as_str(),
            decision.lane_id.as_str(),
            decision.direction.as_str(),
            decision.subject_kind.as_str(),
            plate.map(|plate| plate.number.as_str()),
            plate.map(|plate| plate.colour.as_str()),
            decision.person_id,
            decision.outcome.as_str(),
            decision.refusal_code.map(|code| code.as_str()),
            decision.grant_id,
            decision.operating_mode.as_str(),
            reasons,
            test,
        ],
    )
    .map(drop)
}

fn reasons_of(decision: &PassageDecision) -> Vec<Reason> {
    let rules = decision.rules.iter();
    rules
        .map(|rule| Reason {
            id: rule.rule_id.clone(),
            clause: rule.clause.clone(),
        })
        .collect()
}

/// The decision that an entry tells, as it is read from its row.
pub(crate) fn decision_of(entry: &Entry) -> Option<DecisionRow> {
    let said = entry.message.as_deref();
    let message = said.filter(|_| entry.kind != EntryKind::Order)?;
    let Body::PassageDecision(decision) = &message.body else {
        return None;
    };
    let plate = decision.plate.as_ref();
    Some(DecisionRow {
        entry: entry.number,
        decided: Timestamp::from_micros(decision.decided_at.micros()),
        id: decision.decision_id.clone(),
        gate: decision.gate_id.to_string(),
        lane: decision.lane_id.to_string(),
        direction: decision.direction.as_str().to_owned(),
        kind: decision.subject_kind.as_str().to_owned(),
        plate: plate.map(|plate| plate.number.to_string()),
        outcome: decision.outcome.as_str().to_owned(),
        code: decision.refusal_code.map(|code| code.as_str().to_owned()),
        grant: decision.grant_id.clone(),
        reasons: reasons_of(decision),
    })
}

/// A rule that determined a decision.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reason {
    /// The rule.
    pub id: String,
    /// What it rests on.
    pub clause: String,
}

/// A decision at a gate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DecisionRow {
    /// Its entry.
    pub entry: u64,
    /// When it was made.
    pub decided: Timestamp,
    /// Its name.
    pub id: String,
    /// Where.
    pub gate: String,
    /// The lane.
    pub lane: String,
    /// `IN` or `OUT`.
    pub direction: String,
    /// What wanted to pass.
    pub kind: String,
    /// The vehicle's number.
    pub plate: Option<String>,
    /// `OPEN`, `REFUSE` or `MANUAL`.
    pub outcome: String,
    /// Why not.
    pub code: Option<String>,
    /// The grant that it rests on.
    pub grant: Option<String>,
    /// The rules that determined it.
    pub reasons: Vec<Reason>,
}

const DECISION: &str =
    "entry, decided, id, gate, lane, direction, kind, plate, outcome, code, grant_id, reasons";

fn decision(row: &Row<'_>) -> rusqlite::Result<DecisionRow> {
    let reasons: String = row.get(11)?;
    Ok(DecisionRow {
        entry: unsigned(row.get(0)?),
        decided: Timestamp::from_micros(row.get(1)?),
        id: row.get(2)?,
        gate: row.get(3)?,
        lane: row.get(4)?,
        direction: row.get(5)?,
        kind: row.get(6)?,
        plate: row.get(7)?,
        outcome: row.get(8)?,
        code: row.get(9)?,
        grant: row.get(10)?,
        // The fold wrote it so.
        reasons: serde_json::from_str(&reasons).unwrap_or_default(),
    })
}

/// The last decisions in the order of the journal, the newest first.
pub(crate) fn latest(rows: &Rows<'_>, limit: usize) -> Result<Vec<DecisionRow>, Failure> {
    let sql = format!("SELECT {DECISION} FROM passages_decided ORDER BY entry DESC LIMIT ?1");
    rows.all(&sql, [number(limit as u64)], decision)
}

/// A passage.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PassageRow {
    /// Its entry.
    pub entry: u64,
    /// When it was, as the gate says.
    pub passed: Timestamp,
    /// Its name.
    pub id: String,
    /// Where.
    pub gate: String,
    /// The lane.
    pub lane: Option<String>,
    /// `IN` or `OUT`.
    pub direction: String,
    /// What passed.
    pub kind: String,
    /// The vehicle's number.
    pub plate: Option<String>,
    /// How it ended.
    pub result: String,
    /// The grant that was used.
    pub grant: Option<String>,
    /// The decision that opened.
    pub decision: Option<String>,
}

const PASSAGE: &str =
    "entry, passed, id, gate, lane, direction, kind, plate, result, grant_id, decision";

fn passage(row: &Row<'_>) -> rusqlite::Result<PassageRow> {
    Ok(PassageRow {
        entry: unsigned(row.get(0)?),
        passed: Timestamp::from_micros(row.get(1)?),
        id: row.get(2)?,
        gate: row.get(3)?,
        lane: row.get(4)?,
        direction: row.get(5)?,
        kind: row.get(6)?,
        plate: row.get(7)?,
        result: row.get(8)?,
        grant: row.get(9)?,
        decision: row.get(10)?,
    })
}

/// Which passages or decisions are asked for, the newest first. Those of tests are left out.
#[derive(Clone, Debug, Default)]
pub struct PassagesAsked {
    /// Of this vehicle.
    pub plate: Option<String>,
    /// Of this person; of decisions too.
    pub person: Option<String>,
    /// At this gate.
    pub gate: Option<GateId>,
    /// With this result or outcome.
    pub state: Option<String>,
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// Behind the one that the page before ended with: its time and entry.
    pub after: Option<(Timestamp, u64)>,
    /// At most so many.
    pub limit: usize,
}

impl PassagesAsked {
    /// The condition, with what stands for its question marks. `when` is the column of the time, `state` that of
    /// result or outcome.
    fn condition(&self, when: &str, state: &str) -> (String, Vec<Box<dyn ToSql>>) {
        let mut sql = String::from("WHERE test = 0");
        let mut with: Vec<Box<dyn ToSql>> = Vec::new();
        let equal = [
            ("plate", self.plate.clone()),
            ("person", self.person.clone()),
            ("gate", self.gate.as_ref().map(ToString::to_string)),
            (state, self.state.clone()),
        ];
        for (column, value) in equal {
            if let Some(value) = value {
                sql += &format!(" AND {column} = ?");
                with.push(Box::new(value));
            }
        }
        if let Some(from) = self.from {
            sql += &format!(" AND {when} >= ?");
            with.push(Box::new(from.micros()));
        }
        if let Some(to) = self.to {
            sql += &format!(" AND {when} < ?");
            with.push(Box::new(to.micros()));
        }
        if let Some((at, entry)) = self.after {
            sql += &format!(" AND ({when}, entry) < (?, ?)");
            with.push(Box::new(at.micros()));
            with.push(Box::new(number(entry)));
        }
        sql += &format!(" ORDER BY {when} DESC, entry DESC LIMIT ?");
        with.push(Box::new(number(self.limit as u64)));
        (sql, with)
    }
}

impl Look<'_> {
    /// Passages, the newest first.
    ///
    /// # Errors
    /// Of the engine.
    pub fn passages(&self, asked: &PassagesAsked) -> Result<Vec<PassageRow>, Failure> {
        let (condition, with) = asked.condition("passed", "result");
        let sql = format!("SELECT {PASSAGE} FROM passages {condition}");
        let with: Vec<&dyn ToSql> = with.iter().map(AsRef::as_ref).collect();
        self.rows.all(&sql, with.as_slice(), passage)
    }

    /// Decisions, the newest first.
    ///
    /// # Errors
    /// Of the engine.
    pub fn decisions(&self, asked: &PassagesAsked) -> Result<Vec<DecisionRow>, Failure> {
        let (condition, with) = asked.condition("decided", "outcome");
        let sql = format!("SELECT {DECISION} FROM passages_decided {condition}");
        let with: Vec<&dyn ToSql> = with.iter().map(AsRef::as_ref).collect();
        self.rows.all(&sql, with.as_slice(), decision)
    }
}
