//! What stands on somebody's word until it is over: how many rows each has, and which of them give way or are let go.
//!
//! A table of these has `owner`, `entry`, `time`, `ended`, `ended_time` and `over_at`; beside it one counts by owner.

use cordon_contract::Entry;
use cordon_model::{LifeState, Timestamp};
use rusqlite::params;

use crate::fold::{Failure, Rows, Then, number};

/// Of one owner that are known at once. The door has fewer places for what acts at gates; of others the first count.
const MOST: i64 = 200_000;

/// The table of what stands; that of its counts is called the same with `_kept`.
pub(crate) struct Kept(pub &'static str);

/// From when on it is over: past its validity, or taken back for good.
pub(crate) fn over_at(entry: &Entry, state: LifeState, until: Option<Timestamp>) -> i64 {
    let until = until.map_or(i64::MAX, Timestamp::micros);
    match state {
        LifeState::Withdrawn => until.min(entry.clock.micros()),
        _ => until,
    }
}

impl Kept {
    /// Whether one more of this owner's is kept: what is over gives way to it.
    pub fn has_place(&self, entry: &Entry, owner: &str, rows: &Rows<'_>) -> Result<bool, Failure> {
        let Self(table) = self;
        let many = format!("SELECT many FROM {table}_kept WHERE owner = ?1");
        let many = rows.one(&many, [owner], |row| row.get::<_, i64>(0))?;
        if many.unwrap_or_default() < MOST {
            return Ok(true);
        }
        let sql = format!(
            "SELECT entry FROM {table} WHERE ended IS NULL AND owner = ?1 AND over_at < ?2
             ORDER BY over_at, entry LIMIT 1"
        );
        let over = rows.one(&sql, params![owner, entry.clock.micros()], |row| {
            row.get::<_, i64>(0)
        })?;
        match over {
            Some(over) => self.end(entry, (over, owner), rows).map(|()| true),
            None => Ok(false),
        }
    }

    /// One more of this owner's stands.
    pub fn one_more(&self, owner: &str, rows: &Rows<'_>) -> Result<(), Failure> {
        self.add(owner, 1, rows)
    }

    /// It holds no more.
    pub fn end(
        &self,
        entry: &Entry,
        (which, owner): (i64, &str),
        rows: &Rows<'_>,
    ) -> Result<(), Failure> {
        let Self(table) = self;
        let sql = format!(
            "UPDATE {table} SET ended = ?3, ended_time = ?4 WHERE entry = ?1 AND owner = ?2"
        );
        let at = (number(entry.number), entry.time.micros());
        rows.set(&sql, params![which, owner, at.0, at.1])?;
        self.add(owner, -1, rows)
    }

    /// Lets go of what held no more by then, and of what was said and over by then.
    pub fn forget(&self, then: Then, rows: &Rows<'_>) -> Result<(), Failure> {
        let Self(table) = self;
        then.set(
            &format!("DELETE FROM {table} WHERE ended IS NOT NULL AND ended_time < ?1"),
            &format!("DELETE FROM {table} WHERE ended IS NOT NULL AND ended <= ?1"),
            rows,
        )?;
        let before = then.before.micros();
        self.forget_over(("time < ?1", before), before, rows)?;
        match then.entry {
            0 => Ok(()),
            entry => self.forget_over(("entry <= ?1", number(entry)), before, rows),
        }
    }

    fn forget_over(
        &self,
        (said, by): (&str, i64),
        before: i64,
        rows: &Rows<'_>,
    ) -> Result<(), Failure> {
        let Self(table) = self;
        let over = format!("FROM {table} WHERE ended IS NULL AND {said} AND over_at < ?2");
        let sql = format!("SELECT owner, count(*) {over} GROUP BY owner");
        let many = rows.all(&sql, [by, before], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        })?;
        if many.is_empty() {
            return Ok(());
        }
        for (owner, many) in many {
            self.add(&owner, -many, rows)?;
        }
        rows.set(&format!("DELETE {over}"), [by, before]).map(drop)
    }

    fn add(&self, owner: &str, more: i64, rows: &Rows<'_>) -> Result<(), Failure> {
        let Self(table) = self;
        let sql = format!(
            "INSERT INTO {table}_kept VALUES (?1, ?2) ON CONFLICT DO UPDATE SET many = many + excluded.many"
        );
        rows.set(&sql, params![owner, more]).map(drop)
    }
}
