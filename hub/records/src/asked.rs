//! What people ask of any fold in the same words: of whom, where, in which state, and as it was when.
//!
//! A fold says once which of its columns answers what ([`Face`]); every question is made of that here. The folds'
//! own questions, with rows of their own types, are for the program.

use cordon_contract::Fault;
use cordon_model::codes::person_id;
use cordon_model::mask::{self, Depth};
use cordon_model::{Decimal, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use crate::ask::Look;
use crate::fault::{NOT_ASKED_SO, fault};
use crate::fold::{Failure, number};

/// Rows of one page at most.
pub const PAGE_MAX: usize = 1_000;

/// What rows are sought by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum By {
    /// A vehicle's number.
    Plate,
    /// A person's id in the park.
    Person,
    /// A gate.
    Gate,
    /// A device.
    Device,
    /// An area, district or lot.
    Area,
    /// The state, result or outcome.
    State,
}

impl By {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Plate,
        Self::Person,
        Self::Gate,
        Self::Device,
        Self::Area,
        Self::State,
    ];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plate => "plate",
            Self::Person => "person",
            Self::Gate => "gate",
            Self::Device => "device",
            Self::Area => "area",
            Self::State => "state",
        }
    }
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Text,
    Number,
    Real,
    /// Microseconds.
    Time,
    /// Digits, a slash, and how many of them stand behind the point.
    Decimal,
    /// A person's id.
    Person,
    /// On whose word; empty for the park's.
    Owner,
}

/// How the rows of one table are asked for. No word of it is anybody's from outside.
#[derive(Debug)]
pub struct Face {
    /// What is asked for, by this word.
    pub name: &'static str,
    pub(crate) fold: &'static str,
    pub(crate) table: &'static str,
    /// What is read, what it is called, and what it is.
    pub(crate) columns: &'static [(&'static str, &'static str, Kind)],
    /// What rows are ordered by, the last first; pages go on behind it.
    pub(crate) key: &'static [(&'static str, Kind)],
    /// From when on a row holds, or when it happened.
    pub(crate) time: &'static str,
    /// Until when it held; none while it does.
    pub(crate) until: Option<&'static str>,
    /// For how long a row holds, where that is the same for all.
    pub(crate) lasts: Option<i64>,
    /// Which columns answer what; several for one are any of them.
    pub(crate) by: &'static [(By, &'static str)],
    /// Rows that are none of the park's own, as those of tests.
    pub(crate) but: Option<&'static str>,
    /// A filter that no index answers: rows are looked for one by one under each value of the key's first column,
    /// which this table has.
    pub(crate) sparse: Option<(By, &'static str)>,
}

impl Face {
    pub(crate) const NONE: Self = Self {
        name: "",
        fold: "",
        table: "",
        columns: &[],
        key: &[("entry", Kind::Number)],
        time: "time",
        until: None,
        lasts: None,
        by: &[],
        but: None,
        sparse: None,
    };

    /// Whether its rows can be sought by this.
    pub fn is_sought_by(&self, by: By) -> bool {
        self.by.iter().any(|(known, _)| *known == by)
    }
}

/// A question.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// What held at this time; of what only happened, what had by then.
    pub at: Option<Timestamp>,
    /// What rows are sought by.
    pub by: Vec<(By, String)>,
    /// Behind the row with this key.
    pub after: Option<String>,
    /// At most so many rows.
    pub limit: usize,
    /// Ids of persons whole.
    pub unmasked: bool,
}

/// What stands in one place of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    None,
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// One that was computed.
    Real(f64),
    /// One that was measured.
    Decimal(Decimal),
    /// A time.
    Time(Timestamp),
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// By which the next page goes on.
    pub key: String,
    /// What stands in it, by name.
    pub cells: Vec<(&'static str, Cell)>,
}

/// A question as the engine takes it.
struct Made {
    sql: String,
    with: Vec<Value>,
}

impl Made {
    fn and(&mut self, condition: &str, with: impl IntoIterator<Item = Value>) {
        self.sql += " AND ";
        self.sql += condition;
        self.with.extend(with);
    }
}

impl Look<'_> {
    /// Rows of a fold, the newest first.
    ///
    /// # Errors
    /// `J076` for a filter or a key that this fold has not; of the engine.
    pub fn lines(&self, face: &Face, asked: &Asked) -> Result<Vec<Line>, Failure> {
        let made = made(face, asked)?;
        let read = |row: &Row<'_>| line(face, asked.unmasked, row);
        self.rows.all(&made.sql, params_from_iter(made.with), read)
    }
}

fn made(face: &Face, asked: &Asked) -> Result<Made, Fault> {
    let columns = face.key.iter().map(|(column, _)| *column);
    let columns = columns.chain(face.columns.iter().map(|(column, ..)| *column));
    let columns: Vec<&str> = columns.collect();
    let mut made = Made {
        sql: format!(
            "SELECT {} FROM {} WHERE 1",
            columns.join(", "),
            from(face, asked)
        ),
        with: Vec::new(),
    };
    if let Some(but) = face.but {
        made.and(but, []);
    }
    for (by, value) in &asked.by {
        sought(face, (*by, value), &mut made)?;
    }
    if let Some(at) = asked.at {
        held(face, at.micros(), &mut made);
    }
    if let Some(after) = &asked.after {
        behind(face, after, &mut made)?;
    }
    let order = face.key.iter().map(|(column, _)| format!("{column} DESC"));
    let order = order.collect::<Vec<_>>().join(", ");
    made.sql += &format!(" ORDER BY {order} LIMIT ?");
    let limit = asked.limit.min(PAGE_MAX);
    made.with.push(Value::Integer(number(limit as u64)));
    Ok(made)
}

fn from(face: &Face, asked: &Asked) -> String {
    let Face { table, key, .. } = face;
    let first = key.first().map(|(column, _)| *column);
    match (face.sparse, first) {
        (Some((by, each)), Some(first)) if asked.by.iter().any(|(known, _)| *known == by) => {
            format!("(SELECT {first} AS each FROM {each}) CROSS JOIN {table} ON {first} = each")
        }
        _ => (*table).to_owned(),
    }
}

fn sought(face: &Face, (by, value): (By, &str), made: &mut Made) -> Result<(), Fault> {
    let columns = face.by.iter().filter(|(known, _)| *known == by);
    let any: Vec<String> = columns
        .clone()
        .map(|(_, column)| format!("{column} IN (?, ?)"))
        .collect();
    if any.is_empty() {
        let said = format!("{} are not sought by {}", face.name, by.as_str());
        return Err(fault(NOT_ASKED_SO, said));
    }
    // People write an id of a person in small letters.
    let other = match by {
        By::Person => person_id::normalise(value),
        _ => value.to_owned(),
    };
    let values = [value.to_owned(), other].map(Value::Text);
    let values = columns.flat_map(|_| values.clone());
    made.and(&format!("({})", any.join(" OR ")), values);
    Ok(())
}

/// What held at a time.
fn held(face: &Face, at: i64, made: &mut Made) {
    let time = face.time;
    made.and(&format!("{time} <= ?"), [Value::Integer(at)]);
    if let Some(until) = face.until {
        let condition = format!("({until} IS NULL OR {until} > ?)");
        made.and(&condition, [Value::Integer(at)]);
    }
    if let Some(lasts) = face.lasts {
        let begun = Value::Integer(at.saturating_sub(lasts));
        made.and(&format!("{time} > ?"), [begun]);
    }
}

/// Between the parts of a key.
const BETWEEN: char = '|';

fn behind(face: &Face, after: &str, made: &mut Made) -> Result<(), Fault> {
    let parts: Vec<&str> = after.split(BETWEEN).collect();
    let wrong = || {
        fault(
            NOT_ASKED_SO,
            format!("`{after}` is no key of {}", face.name),
        )
    };
    if parts.len() != face.key.len() {
        return Err(wrong());
    }
    let mut values = Vec::new();
    for ((_, kind), part) in face.key.iter().zip(parts) {
        values.push(match kind {
            Kind::Number => Value::Integer(part.parse().map_err(|_| wrong())?),
            _ => Value::Text(part.replace("%7C", "|").replace("%25", "%")),
        });
    }
    let columns: Vec<&str> = face.key.iter().map(|(column, _)| *column).collect();
    let places = vec!["?"; columns.len()].join(", ");
    made.and(&format!("({}) < ({places})", columns.join(", ")), values);
    Ok(())
}

fn line(face: &Face, unmasked: bool, row: &Row<'_>) -> rusqlite::Result<Line> {
    let mut key = Vec::new();
    for (at, _) in face.key.iter().enumerate() {
        key.push(match row.get::<_, Value>(at)? {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text.replace('%', "%25").replace(BETWEEN, "%7C"),
            _ => String::new(),
        });
    }
    let mut cells = Vec::new();
    for (at, (_, name, kind)) in face.columns.iter().enumerate() {
        let value: Value = row.get(face.key.len() + at)?;
        cells.push((*name, cell(*kind, unmasked, value)));
    }
    Ok(Line {
        key: key.join(&BETWEEN.to_string()),
        cells,
    })
}

fn cell(kind: Kind, unmasked: bool, value: Value) -> Cell {
    match (kind, value) {
        (Kind::Time, Value::Integer(micros)) => Cell::Time(Timestamp::from_micros(micros)),
        (_, Value::Integer(number)) => Cell::Number(number),
        (_, Value::Real(number)) => Cell::Real(number),
        (Kind::Owner, Value::Text(owner)) if owner.is_empty() => Cell::Text("park".to_owned()),
        (Kind::Person, Value::Text(id)) if !unmasked => {
            Cell::Text(mask::id_number(&id, Depth::Report))
        }
        (Kind::Decimal, Value::Text(text)) => decimal(&text).map_or(Cell::None, Cell::Decimal),
        (_, Value::Text(text)) => Cell::Text(text),
        (_, Value::Null | Value::Blob(_)) => Cell::None,
    }
}

fn decimal(text: &str) -> Option<Decimal> {
    let (mantissa, scale) = text.split_once('/')?;
    Some(Decimal::new(mantissa.parse().ok()?, scale.parse().ok()?))
}
