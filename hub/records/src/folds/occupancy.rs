//! How many were inside, of which kind and where: each figure from when to when it held, as it was told.
//!
//! Who counts tells it now and then (`OccupancySnapshot`); nothing is counted a second time here.

use cordon_contract::{Entry, EntryKind};
use cordon_model::{Body, OccupancyCount, OccupancySnapshot};
use rusqlite::params;

use super::names;
use crate::asked::{By, Face, Kind};
use crate::fold::{Failure, Fold, Rows, Then, number};

const SCHEMA: &str = "
CREATE TABLE occupancy (
    entry INTEGER NOT NULL,        -- that told it first
    kind TEXT NOT NULL,
    time INTEGER NOT NULL,
    ended INTEGER, ended_time INTEGER,
    sender TEXT NOT NULL,
    scope TEXT NOT NULL,
    area TEXT NOT NULL,            -- empty for the park
    inside INTEGER NOT NULL,
    entered INTEGER NOT NULL, left INTEGER NOT NULL,  -- of that day
    capacity INTEGER,
    PRIMARY KEY (entry, kind)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX occupancy_now ON occupancy (sender, scope, area, kind) WHERE ended IS NULL;
CREATE INDEX occupancy_area ON occupancy (area, entry);
CREATE INDEX occupancy_over ON occupancy (ended_time) WHERE ended IS NOT NULL;
";

/// Figures that hold at once. A park has fewer areas and kinds; of others the first ones count.
const FIGURES_MAX: i64 = 20_000;

/// How they are asked for.
pub(crate) const FACE: Face = Face {
    name: names::OCCUPANCY,
    fold: names::OCCUPANCY,
    table: "occupancy",
    columns: &[
        ("scope", "scope", Kind::Text),
        ("area", "area", Kind::Text),
        ("kind", "kind", Kind::Text),
        ("inside", "inside", Kind::Number),
        ("entered", "entered_today", Kind::Number),
        ("left", "left_today", Kind::Number),
        ("capacity", "capacity", Kind::Number),
        ("sender", "sender", Kind::Text),
        ("entry", "entry", Kind::Number),
        ("time", "from", Kind::Time),
        ("ended_time", "until", Kind::Time),
    ],
    key: &[("entry", Kind::Number), ("kind", Kind::Text)],
    time: "time",
    until: Some("ended_time"),
    by: &[(By::Area, "area")],
    ..Face::NONE
};

/// The fold.
pub(crate) struct Occupancy;

impl Fold for Occupancy {
    fn name(&self) -> &'static str {
        names::OCCUPANCY
    }

    fn form(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static str {
        SCHEMA
    }

    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
        let said = entry.message.as_deref();
        let acts = entry.kind == EntryKind::Message && !entry.overtaken;
        let Some(message) = said.filter(|message| acts && !message.header.test) else {
            return Ok(());
        };
        match &message.body {
            Body::OccupancySnapshot(snapshot) => told(entry, snapshot, rows),
            _ => Ok(()),
        }
    }

    fn takes(&self, message: &str) -> bool {
        message == "OccupancySnapshot"
    }

    fn forget(&self, then: Then, rows: &Rows<'_>) -> Result<(), Failure> {
        then.set(
            "DELETE FROM occupancy WHERE ended IS NOT NULL AND ended_time < ?1",
            "DELETE FROM occupancy WHERE ended IS NOT NULL AND ended <= ?1",
            rows,
        )
    }
}

/// The figure of one kind that holds.
struct Known {
    entry: i64,
    kind: String,
    figures: [i64; 4],
}

/// What is compared: inside, entered, left, and the capacity, -1 for none.
fn figures(count: &OccupancyCount) -> [i64; 4] {
    [
        i64::from(count.inside),
        i64::from(count.entered_today),
        i64::from(count.left_today),
        count.capacity.map_or(-1, i64::from),
    ]
}

fn told(entry: &Entry, snapshot: &OccupancySnapshot, rows: &Rows<'_>) -> Result<(), Failure> {
    let area = snapshot.area_id.as_deref().unwrap_or_default();
    let (sender, scope) = (entry.sender.as_str(), snapshot.scope.as_str());
    let known = rows.all(
        "SELECT entry, kind, inside, entered, left, coalesce(capacity, -1) FROM occupancy
         WHERE sender = ?1 AND scope = ?2 AND area = ?3 AND ended IS NULL",
        [sender, scope, area],
        |row| {
            Ok(Known {
                entry: row.get(0)?,
                kind: row.get(1)?,
                figures: [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?],
            })
        },
    )?;
    // A kind that is told of no more is none inside.
    let same = |known: &&Known| {
        let counts = snapshot.counts.iter();
        let mut counts = counts.filter(|count| count.subject_kind.as_str() == known.kind);
        counts.next().map(figures) == Some(known.figures)
    };
    for other in known.iter().filter(|known| !same(known)) {
        end(entry, other, rows)?;
    }
    let mut is_known: Vec<&str> = known
        .iter()
        .filter(same)
        .map(|it| it.kind.as_str())
        .collect();
    for count in &snapshot.counts {
        let kind = count.subject_kind.as_str();
        // Of a kind that is told twice the first counts.
        if is_known.contains(&kind) {
            continue;
        }
        is_known.push(kind);
        let is_new = !known.iter().any(|known| known.kind == kind);
        if is_new && !has_place(rows)? {
            continue;
        }
        put(entry, (sender, scope, area), count, rows)?;
    }
    Ok(())
}

fn has_place(rows: &Rows<'_>) -> Result<bool, Failure> {
    let many = "SELECT count(*) FROM occupancy WHERE ended IS NULL";
    let many = rows.one(many, (), |row| row.get::<_, i64>(0))?;
    Ok(many < Some(FIGURES_MAX))
}

fn end(entry: &Entry, known: &Known, rows: &Rows<'_>) -> Result<(), Failure> {
    rows.set(
        "UPDATE occupancy SET ended = ?3, ended_time = ?4 WHERE entry = ?1 AND kind = ?2",
        params![
            known.entry,
            known.kind,
            number(entry.number),
            entry.time.micros()
        ],
    )
    .map(drop)
}

fn put(
    entry: &Entry,
    (sender, scope, area): (&str, &str, &str),
    count: &OccupancyCount,
    rows: &Rows<'_>,
) -> Result<(), Failure> {
    rows.set(
        "INSERT INTO occupancy VALUES (?1, ?2, ?3, NULL, NULL, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            number(entry.number),
            count.subject_kind.as_str(),
            entry.time.micros(),
            sender,
            scope,
            area,
            count.inside,
            count.entered_today,
            count.left_today,
            count.capacity,
        ],
    )
    .map(drop)
}
