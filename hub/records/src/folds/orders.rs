//! Orders: whom each was for, what came of it, and those that were given up.

use cordon_contract::{Entry, EntryKind};
use cordon_flow::DEAD_LETTER;
use cordon_model::{Body, Timestamp};
use rusqlite::{ToSql, params};

use super::names;
use crate::ask::Look;
use crate::asked::{By, Face, Kind};
use crate::fold::{Failure, Fold, Rows, Then, number, unsigned};

const SCHEMA: &str = "
CREATE TABLE orders (
    entry INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    cause INTEGER NOT NULL,        -- the entry that it follows from
    target TEXT NOT NULL,
    kind TEXT NOT NULL,            -- type of its message
    outcome TEXT,                  -- none while it is open
    settled INTEGER, settled_time INTEGER,
    is_dead INTEGER NOT NULL       -- given up, and not sent again
) STRICT;
CREATE INDEX orders_open ON orders (entry) WHERE settled IS NULL;
CREATE INDEX orders_dead ON orders (entry) WHERE is_dead = 1;
CREATE INDEX orders_target ON orders (target, entry);
CREATE INDEX orders_age ON orders (settled_time) WHERE settled IS NOT NULL AND is_dead = 0;
";

/// How they are asked for.
pub(crate) const FACE: Face = Face {
    name: names::ORDERS,
    fold: names::ORDERS,
    table: "orders",
    columns: &[
        ("target", "target", Kind::Text),
        ("kind", "kind", Kind::Text),
        ("outcome", "state", Kind::Text),
        ("is_dead", "given_up", Kind::Number),
        ("cause", "cause", Kind::Number),
        ("entry", "entry", Kind::Number),
        ("time", "from", Kind::Time),
        ("settled_time", "until", Kind::Time),
    ],
    by: &[(By::State, "outcome")],
    until: Some("settled_time"),
    ..Face::NONE
};

/// The fold.
pub(crate) struct Orders;

impl Fold for Orders {
    fn name(&self) -> &'static str {
        names::ORDERS
    }

    fn form(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static str {
        SCHEMA
    }

    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
        match entry.kind {
            EntryKind::Order => ordered(entry, rows),
            EntryKind::Outcome => rows
                .set(
                    "UPDATE orders SET outcome = ?2, settled = ?3, settled_time = ?4 WHERE entry = ?1",
                    params![
                        number(entry.cause),
                        entry.label,
                        number(entry.number),
                        entry.time.micros()
                    ],
                )
                .map(drop),
            EntryKind::Audit => match entry.message.as_deref().map(|message| &message.body) {
                Some(Body::AuditEvent(event)) if event.action == DEAD_LETTER => {
                    let sql = "UPDATE orders SET is_dead = 1 WHERE entry = ?1";
                    rows.set(sql, [number(entry.cause)]).map(drop)
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn forget(&self, then: Then, rows: &Rows<'_>) -> Result<(), Failure> {
        then.set(
            "DELETE FROM orders WHERE settled IS NOT NULL AND is_dead = 0 AND settled_time < ?1",
            "DELETE FROM orders WHERE settled IS NOT NULL AND is_dead = 0 AND settled <= ?1",
            rows,
        )
    }
}

fn ordered(entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
    // One that follows from another which was given up sends that again.
    let again = "UPDATE orders SET is_dead = 0 WHERE entry = ?1 AND is_dead = 1";
    rows.set(again, [number(entry.cause)])?;
    let kind = entry.message.as_deref();
    let kind = kind.map_or("", |message| message.body.message_type().as_str());
    rows.set(
        "INSERT INTO orders (entry, time, cause, target, kind, is_dead) VALUES (?1, ?2, ?3, ?4, ?5, 0)",
        params![
            number(entry.number),
            entry.time.micros(),
            number(entry.cause),
            entry.label,
            kind
        ],
    )
    .map(drop)
}

/// An order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OrderRow {
    /// Its entry.
    pub entry: u64,
    /// When it was made.
    pub time: Timestamp,
    /// The entry that it follows from.
    pub cause: u64,
    /// Whom it was for.
    pub target: String,
    /// What it says, by type.
    pub kind: String,
    /// What came of it, and with which entry; none while it is open.
    pub outcome: Option<(String, u64)>,
    /// Given up, and not sent again.
    pub is_dead: bool,
}

/// Which orders.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OrdersOf {
    /// All of them.
    #[default]
    All,
    /// Those of which nothing has come yet.
    Open,
    /// Those that were given up.
    Dead,
}

/// Which orders are asked for, the newest first.
#[derive(Clone, Debug, Default)]
pub struct OrdersAsked {
    /// These.
    pub of: OrdersOf,
    /// For this target.
    pub target: Option<String>,
    /// Before this entry.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

impl Look<'_> {
    /// Orders, the newest first.
    ///
    /// # Errors
    /// Of the engine.
    pub fn orders(&self, asked: &OrdersAsked) -> Result<Vec<OrderRow>, Failure> {
        let before = number(asked.before.unwrap_or(u64::MAX));
        let mut sql = String::from(
            "SELECT entry, time, cause, target, kind, outcome, settled, is_dead FROM orders WHERE entry < ?",
        );
        sql += match asked.of {
            OrdersOf::All => "",
            OrdersOf::Open => " AND settled IS NULL",
            OrdersOf::Dead => " AND is_dead = 1",
        };
        let mut with: Vec<&dyn ToSql> = vec![&before];
        if let Some(target) = &asked.target {
            sql += " AND target = ?";
            with.push(target);
        }
        let limit = number(asked.limit as u64);
        sql += " ORDER BY entry DESC LIMIT ?";
        with.push(&limit);
        self.rows.all(&sql, with.as_slice(), |row| {
            let (outcome, settled): (Option<String>, Option<i64>) = (row.get(5)?, row.get(6)?);
            Ok(OrderRow {
                entry: unsigned(row.get(0)?),
                time: Timestamp::from_micros(row.get(1)?),
                cause: unsigned(row.get(2)?),
                target: row.get(3)?,
                kind: row.get(4)?,
                outcome: outcome.zip(settled.map(unsigned)),
                is_dead: row.get(7)?,
            })
        })
    }
}
