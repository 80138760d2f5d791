//! What the house did that an auditor wants to see, and which modes the park was put in.

use cordon_contract::{Entry, EntryKind};
use cordon_model::{Body, OperatingModeChange, Timestamp};
use rusqlite::{ToSql, params};

use super::names;
use crate::ask::Look;
use crate::asked::{By, Face, Kind};
use crate::fold::{Failure, Fold, Rows, Then, number, unsigned};

const SCHEMA: &str = "
CREATE TABLE audit (
    entry INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    action TEXT NOT NULL,          -- as in the audit; mode.said for a change of mode
    actor TEXT NOT NULL,
    target TEXT,
    outcome TEXT NOT NULL,
    detail TEXT
) STRICT;
CREATE INDEX audit_action ON audit (action, entry);
CREATE INDEX audit_actor ON audit (actor, entry);
CREATE INDEX audit_target ON audit (target, entry) WHERE target IS NOT NULL;
CREATE INDEX audit_age ON audit (time);
";

/// How they are asked for.
pub(crate) const FACE: Face = Face {
    name: names::AUDIT,
    fold: names::AUDIT,
    table: "audit",
    columns: &[
        ("action", "action", Kind::Text),
        ("actor", "actor", Kind::Text),
        ("target", "target", Kind::Text),
        ("outcome", "state", Kind::Text),
        ("detail", "detail", Kind::Text),
        ("time", "time", Kind::Time),
        ("entry", "entry", Kind::Number),
    ],
    by: &[(By::State, "outcome")],
    ..Face::NONE
};

/// What a change of mode is called here.
const MODE_SAID: &str = "mode.said";
/// Letters kept of a text; the journal has all of it.
const LETTERS: usize = 500;

/// The fold.
pub(crate) struct Audit;

impl Fold for Audit {
    fn name(&self) -> &'static str {
        names::AUDIT
    }

    fn form(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static str {
        SCHEMA
    }

    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
        let said = entry.message.as_deref().map(|message| &message.body);
        match (entry.kind, said) {
            // What an order carries, and what came of it, stands among the orders.
            (EntryKind::Order | EntryKind::Outcome, _) => Ok(()),
            (_, Some(Body::AuditEvent(event))) => keep(
                entry,
                (
                    &event.action,
                    event.actor_id.as_str(),
                    event.target.as_deref(),
                ),
                (event.outcome.as_str(), event.detail.as_deref()),
                rows,
            ),
            (EntryKind::Message, Some(Body::OperatingModeChange(change))) if !entry.overtaken => {
                mode(entry, change, rows)
            }
            _ => Ok(()),
        }
    }

    fn forget(&self, then: Then, rows: &Rows<'_>) -> Result<(), Failure> {
        then.set(
            "DELETE FROM audit WHERE time < ?1",
            "DELETE FROM audit WHERE entry <= ?1",
            rows,
        )
    }
}

fn mode(entry: &Entry, change: &OperatingModeChange, rows: &Rows<'_>) -> Result<(), Failure> {
    let gates: Vec<&str> = change.gates.iter().map(|gate| gate.as_str()).collect();
    let gates = gates.join(" ");
    let detail = format!("from {}: {}", change.effective_at, change.reason);
    keep(
        entry,
        (MODE_SAID, change.ordered_by.as_str(), Some(&gates)),
        (change.mode.as_str(), Some(&detail)),
        rows,
    )
}

fn keep(
    entry: &Entry,
    (action, actor, target): (&str, &str, Option<&str>),
    (outcome, detail): (&str, Option<&str>),
    rows: &Rows<'_>,
) -> Result<(), Failure> {
    let cut = |text: &str| -> String { text.chars().take(LETTERS).collect() };
    rows.set(
        "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            number(entry.number),
            entry.time.micros(),
            action,
            actor,
            target.map(cut),
            outcome,
            detail.map(cut)
        ],
    )
    .map(drop)
}

/// Something that was done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditRow {
    /// Its entry.
    pub entry: u64,
    /// When.
    pub time: Timestamp,
    /// What; `mode.said` is a change of mode.
    pub action: String,
    /// By whom.
    pub actor: String,
    /// To what; of a change of mode the gates, none for the whole park.
    pub target: Option<String>,
    /// What came of it; of a change of mode the mode.
    pub outcome: String,
    /// In words.
    pub detail: Option<String>,
}

/// Which acts are asked for, the newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditAsked {
    /// Of this action.
    pub action: Option<String>,
    /// By this party.
    pub actor: Option<String>,
    /// To this.
    pub target: Option<String>,
    /// Before this entry.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

impl Look<'_> {
    /// Acts, the newest first.
    ///
    /// # Errors
    /// Of the engine.
    pub fn audit(&self, asked: &AuditAsked) -> Result<Vec<AuditRow>, Failure> {
        let before = number(asked.before.unwrap_or(u64::MAX));
        let mut sql = String::from(
            "SELECT entry, time, action, actor, target, outcome, detail FROM audit WHERE entry < ?",
        );
        let mut with: Vec<&dyn ToSql> = vec![&before];
        let equal = [
            ("action", &asked.action),
            ("actor", &asked.actor),
            ("target", &asked.target),
        ];
        for (column, value) in equal {
            if let Some(value) = value {
                sql += &format!(" AND {column} = ?");
                with.push(value);
            }
        }
        let limit = number(asked.limit as u64);
        sql += " ORDER BY entry DESC LIMIT ?";
        with.push(&limit);
        self.rows.all(&sql, with.as_slice(), |row| {
            Ok(AuditRow {
                entry: unsigned(row.get(0)?),
                time: Timestamp::from_micros(row.get(1)?),
                action: row.get(2)?,
                actor: row.get(3)?,
                target: row.get(4)?,
                outcome: row.get(5)?,
                detail: row.get(6)?,
            })
        })
    }
}
