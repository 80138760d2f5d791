//! Messages that were refused: by whom they were sent, with which code, and what helps.

use cordon_contract::{Entry, EntryKind};
use cordon_model::{Body, Timestamp};
use rusqlite::{ToSql, params};

use super::names;
use crate::ask::Look;
use crate::asked::{By, Face, Kind};
use crate::fold::{Failure, Fold, Rows, Then, number, unsigned};

const SCHEMA: &str = "
CREATE TABLE refusals (
    entry INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    sender TEXT NOT NULL,
    code TEXT NOT NULL,            -- empty for one that could not be put into words
    place TEXT NOT NULL,
    detail TEXT NOT NULL,
    remedy TEXT NOT NULL
) STRICT;
CREATE INDEX refusals_sender ON refusals (sender, entry);
CREATE INDEX refusals_code ON refusals (code, entry);
CREATE INDEX refusals_age ON refusals (time);
";

/// Letters kept of each text; the journal has all of it.
const LETTERS: usize = 500;

/// How they are asked for.
pub(crate) const FACE: Face = Face {
    name: names::REFUSALS,
    fold: names::REFUSALS,
    table: "refusals",
    columns: &[
        ("sender", "sender", Kind::Text),
        ("code", "state", Kind::Text),
        ("place", "place", Kind::Text),
        ("remedy", "remedy", Kind::Text),
        ("time", "time", Kind::Time),
        ("entry", "entry", Kind::Number),
    ],
    by: &[(By::State, "code")],
    ..Face::NONE
};

/// The fold.
pub(crate) struct Refusals;

impl Fold for Refusals {
    fn name(&self) -> &'static str {
        names::REFUSALS
    }

    fn form(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static str {
        SCHEMA
    }

    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
        if entry.kind != EntryKind::Refused {
            return Ok(());
        }
        let refusal = entry.message.as_deref().and_then(|it| match &it.body {
            Body::Refusal(refusal) => Some(refusal),
            _ => None,
        });
        let text = |text: Option<&String>| -> String {
            let letters = text.into_iter().flat_map(|text| text.chars());
            letters.take(LETTERS).collect()
        };
        rows.set(
            "INSERT INTO refusals VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                number(entry.number),
                entry.time.micros(),
                entry.sender.as_str(),
                text(refusal.map(|it| &it.code)),
                text(refusal.map(|it| &it.place)),
                text(refusal.map(|it| &it.detail)),
                text(refusal.map(|it| &it.remedy)),
            ],
        )
        .map(drop)
    }

    fn forget(&self, then: Then, rows: &Rows<'_>) -> Result<(), Failure> {
        then.set(
            "DELETE FROM refusals WHERE time < ?1",
            "DELETE FROM refusals WHERE entry <= ?1",
            rows,
        )
    }
}

/// A refused message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefusalRow {
    /// Its entry.
    pub entry: u64,
    /// When it was refused.
    pub time: Timestamp,
    /// Whose message it was.
    pub sender: String,
    /// Why, by code.
    pub code: String,
    /// Where in the message.
    pub place: String,
    /// In words.
    pub detail: String,
    /// What helps.
    pub remedy: String,
}

/// Which refusals are asked for, the newest first.
#[derive(Clone, Debug, Default)]
pub struct RefusalsAsked {
    /// Of this sender.
    pub sender: Option<String>,
    /// With this code.
    pub code: Option<String>,
    /// Before this entry.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

impl Look<'_> {
    /// Refusals, the newest first.
    ///
    /// # Errors
    /// Of the engine.
    pub fn refusals(&self, asked: &RefusalsAsked) -> Result<Vec<RefusalRow>, Failure> {
        let before = number(asked.before.unwrap_or(u64::MAX));
        let mut sql = String::from(
            "SELECT entry, time, sender, code, place, detail, remedy FROM refusals WHERE entry < ?",
        );
        let mut with: Vec<&dyn ToSql> = vec![&before];
        for (column, value) in [("sender", &asked.sender), ("code", &asked.code)] {
            if let Some(value) = value {
                sql += &format!(" AND {column} = ?");
                with.push(value);
            }
        }
        let limit = number(asked.limit as u64);
        sql += " ORDER BY entry DESC LIMIT ?";
        with.push(&limit);
        self.rows.all(&sql, with.as_slice(), |row| {
            Ok(RefusalRow {
                entry: unsigned(row.get(0)?),
                time: Timestamp::from_micros(row.get(1)?),
                sender: row.get(2)?,
                code: row.get(3)?,
                place: row.get(4)?,
                detail: row.get(5)?,
                remedy: row.get(6)?,
            })
        })
    }
}
