//! What the status page and the metrics count, from the first entry of the journal on.

use cordon_contract::{Entry, EntryKind};
use cordon_model::{Body, DecisionOutcome, Direction, PassageResult};

use super::names;
use crate::fold::{Failure, Fold, Rows, unsigned};

pub(crate) const REFUSED: &str = "refused";
pub(crate) const OPENED: &str = "opened";
pub(crate) const DENIED: &str = "denied";
pub(crate) const REPORTS: &str = "reports";
pub(crate) const MESSAGES: &str = "messages";
pub(crate) const COMMANDS: &str = "commands";
pub(crate) const PASSED_IN: &str = "passed-in";
pub(crate) const PASSED_OUT: &str = "passed-out";

/// Audit action of a report that was built.
const REPORT_BUILT: &str = "report.built";

/// Lanes counted at most: a name costs nothing, and a plan has fewer.
const LANES_MAX: i64 = 20_000;

const SCHEMA: &str = "
CREATE TABLE counts (name TEXT NOT NULL, key TEXT NOT NULL, many INTEGER NOT NULL, PRIMARY KEY (name, key))
STRICT, WITHOUT ROWID;
";

/// The fold.
pub(crate) struct Counts;

impl Fold for Counts {
    fn name(&self) -> &'static str {
        names::COUNTS
    }

    fn form(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static str {
        SCHEMA
    }

    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
        for (name, key) in counted(entry).into_iter().flatten() {
            let is_lane = [PASSED_IN, PASSED_OUT].contains(&name);
            if !is_lane || has_room(rows, name, key)? {
                add(rows, name, key)?;
            }
        }
        Ok(())
    }
}

/// What an entry counts as: names, and keys below them.
pub(crate) fn counted(entry: &Entry) -> [Option<(&'static str, &str)>; 2] {
    if entry.kind == EntryKind::Refused {
        return [Some((REFUSED, "")), None];
    }
    // An order carries what was said before, to somebody; it says nothing new.
    let said = entry.message.as_deref();
    let Some(message) = said.filter(|_| entry.kind != EntryKind::Order) else {
        return [None, None];
    };
    let more = match &message.body {
        Body::PassageDecision(decision) => match decision.outcome {
            DecisionOutcome::Open => Some((OPENED, "")),
            DecisionOutcome::Refuse => Some((DENIED, "")),
            DecisionOutcome::Manual => None,
        },
        Body::PassageRecord(passage) if passage.result == PassageResult::Passed => {
            let name = match passage.direction {
                Direction::In => PASSED_IN,
                Direction::Out => PASSED_OUT,
            };
            passage.lane_id.as_ref().map(|lane| (name, lane.as_str()))
        }
        Body::GateStatus(status) => {
            let outcome = status.command_outcome;
            outcome.map(|outcome| (COMMANDS, outcome.as_str()))
        }
        Body::AuditEvent(event) if event.action == REPORT_BUILT => Some((REPORTS, "")),
        _ => None,
    };
    [Some((MESSAGES, message.body.message_type().as_str())), more]
}

fn has_room(rows: &Rows<'_>, name: &str, key: &str) -> Result<bool, Failure> {
    let known = "SELECT 1 FROM counts WHERE name = ?1 AND key = ?2";
    if rows.one(known, [name, key], |_| Ok(()))?.is_some() {
        return Ok(true);
    }
    let many = "SELECT count(*) FROM counts WHERE name = ?1";
    let many = rows.one(many, [name], |row| row.get::<_, i64>(0))?;
    Ok(many.unwrap_or_default() < LANES_MAX)
}

fn add(rows: &Rows<'_>, name: &str, key: &str) -> Result<(), Failure> {
    let sql = "INSERT INTO counts VALUES (?1, ?2, 1) ON CONFLICT DO UPDATE SET many = many + 1";
    rows.set(sql, [name, key]).map(drop)
}

/// Whether this fold is in the file.
pub(crate) fn is_kept(rows: &Rows<'_>) -> Result<bool, Failure> {
    let sql = "SELECT count(*) FROM folds WHERE name IN (?1, ?2)";
    let many = rows.one(sql, [names::COUNTS, names::PASSAGES], |row| {
        row.get::<_, i64>(0)
    })?;
    Ok(many == Some(2))
}

/// Every count.
pub(crate) fn all(rows: &Rows<'_>) -> Result<Vec<(String, String, u64)>, Failure> {
    let sql = "SELECT name, key, many FROM counts";
    rows.all(sql, (), |row| {
        Ok((row.get(0)?, row.get(1)?, unsigned(row.get(2)?)))
    })
}
