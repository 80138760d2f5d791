//! What sensors measured, by minute: how often, least, most, mean and last of each point.
//!
//! A minute is that of the measuring, as its device says, unless that is no time at which it can have been. Values that
//! the device calls wrong, or did not measure, are counted and are in no figure. These records are bounded by
//! themselves: so many days and so many rows, the oldest minute first; the journal has every value.

use cordon_contract::{Entry, EntryKind};
use cordon_model::{Body, Decimal, Sample, SampleQuality};
use rusqlite::params;

use super::names;
use crate::asked::{By, Face, Kind};
use crate::fold::{Failure, Fold, Rows, Then, number};

const SCHEMA: &str = "
CREATE TABLE readings (
    minute INTEGER NOT NULL,       -- its beginning, microseconds
    device TEXT NOT NULL,
    point TEXT NOT NULL,
    unit TEXT NOT NULL,
    entry INTEGER NOT NULL,        -- that began it
    many INTEGER NOT NULL,         -- values in the figures
    apart INTEGER NOT NULL,        -- values that are in none
    scale INTEGER,                 -- digits behind the point of these three
    least INTEGER, most INTEGER, last INTEGER,
    last_at INTEGER,
    sum REAL NOT NULL,
    PRIMARY KEY (minute, device, point, unit)
) STRICT, WITHOUT ROWID;
CREATE TABLE readings_minutes (minute INTEGER PRIMARY KEY, many INTEGER NOT NULL) STRICT;
CREATE TABLE readings_all (one INTEGER PRIMARY KEY, many INTEGER NOT NULL) STRICT;
";

/// Days for which minutes are kept, where the records keep more.
const DAYS_MAX: u32 = 31;
/// Rows kept; the oldest minute gives way.
const ROWS_MAX: i64 = 10_000_000;
/// Rows of one minute; of others the first ones count.
const MINUTE_MAX: i64 = 100_000;
const MINUTE: i64 = 60_000_000;
/// How far a device's clock may be ahead.
const AHEAD: i64 = 5 * MINUTE;
/// How late a value may come.
const LATE: i64 = DAYS_MAX as i64 * 24 * 60 * MINUTE;

/// How they are asked for.
pub(crate) const FACE: Face = Face {
    name: names::READINGS,
    fold: names::READINGS,
    table: "readings",
    columns: &[
        ("device", "device", Kind::Text),
        ("point", "point", Kind::Text),
        ("unit", "unit", Kind::Text),
        ("minute", "minute", Kind::Time),
        ("many", "count", Kind::Number),
        ("least || '/' || scale", "min", Kind::Decimal),
        ("most || '/' || scale", "max", Kind::Decimal),
        ("sum / nullif(many, 0)", "mean", Kind::Real),
        ("last || '/' || scale", "last", Kind::Decimal),
        ("apart", "not_counted", Kind::Number),
    ],
    key: &[
        ("minute", Kind::Number),
        ("device", Kind::Text),
        ("point", Kind::Text),
        ("unit", Kind::Text),
    ],
    time: "minute",
    until: None,
    lasts: Some(MINUTE),
    by: &[(By::Device, "device")],
    // A device's rows lie apart by minute: each minute is looked into.
    sparse: Some((By::Device, "readings_minutes")),
    ..Face::NONE
};

/// The fold.
pub(crate) struct Readings;

impl Fold for Readings {
    fn name(&self) -> &'static str {
        names::READINGS
    }

    fn form(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static str {
        SCHEMA
    }

    fn days_kept(&self, days: u32) -> u32 {
        days.min(DAYS_MAX)
    }

    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
        let said = entry.message.as_deref();
        let acts = entry.kind == EntryKind::Message && !entry.overtaken;
        let Some(message) = said.filter(|message| acts && !message.header.test) else {
            return Ok(());
        };
        let Body::SensorReadingBatch(batch) = &message.body else {
            return Ok(());
        };
        for sample in &batch.samples {
            let minute = minute_of(entry, sample);
            if take(entry, minute, sample, rows)? {
                is_new(minute, sample, rows)?;
            }
        }
        Ok(())
    }

    fn takes(&self, message: &str) -> bool {
        message == "SensorReadingBatch"
    }

    fn forget(&self, then: Then, rows: &Rows<'_>) -> Result<(), Failure> {
        let before = then.before.micros().div_euclid(MINUTE) * MINUTE;
        let minutes = "SELECT minute FROM readings_minutes WHERE minute < ?1 ORDER BY minute";
        for minute in rows.all(minutes, [before], |row| row.get::<_, i64>(0))? {
            let_go(minute, rows)?;
        }
        if then.entry == 0 {
            return Ok(());
        }
        // Of minutes that carry a time ahead of all clocks.
        let ahead = "SELECT minute FROM readings_minutes WHERE minute > ?1
            AND NOT EXISTS (SELECT 1 FROM readings r WHERE r.minute = readings_minutes.minute AND r.entry > ?2)";
        let minutes = rows.all(ahead, [before, number(then.entry)], |row| {
            row.get::<_, i64>(0)
        })?;
        for minute in minutes {
            let_go(minute, rows)?;
        }
        Ok(())
    }
}

/// The minute of a value: what lies ahead, or too far back, is of the entry's.
fn minute_of(entry: &Entry, sample: &Sample) -> i64 {
    let (now, said) = (entry.time.micros(), sample.observed_at.micros());
    let can_be = now.saturating_sub(LATE) <= said && said <= now.saturating_add(AHEAD);
    let at = if can_be { said } else { now };
    at.div_euclid(MINUTE) * MINUTE
}

/// The key of a row: minute, device, point and unit.
type Key<'a> = (i64, &'a str, &'a str, &'a str);

/// Takes a value in; whether it is the first of its row. Nearly always there is a row with as many digits: that is
/// tried first, and without `RETURNING`, which costs more than all the rest.
fn take(entry: &Entry, minute: i64, sample: &Sample, rows: &Rows<'_>) -> Result<bool, Failure> {
    let key = (
        minute,
        sample.device_id.as_str(),
        sample.point.as_str(),
        sample.unit.as_str(),
    );
    let entry = number(entry.number);
    if matches!(
        sample.quality,
        SampleQuality::Bad | SampleQuality::Substituted
    ) {
        return set_apart(entry, key, rows);
    }
    let (value, at) = (sample.value, sample.observed_at.micros());
    let (scale, mantissa) = (value.scale(), value.mantissa());
    let known = rows.set(
        "UPDATE readings SET many = many + 1, sum = sum + ?8, least = min(least, ?6), most = max(most, ?6),
            last = iif(?7 >= last_at, ?6, last), last_at = max(last_at, ?7)
         WHERE minute = ?1 AND device = ?2 AND point = ?3 AND unit = ?4 AND scale = ?5",
        params![key.0, key.1, key.2, key.3, scale, mantissa, at, real(value)],
    )?;
    if known > 0 || join(key, sample, rows)? {
        return Ok(false);
    }
    rows.set(
        "INSERT INTO readings VALUES (?1, ?2, ?3, ?4, ?5, 1, 0, ?6, ?7, ?7, ?7, ?8, ?9)",
        params![
            key.0,
            key.1,
            key.2,
            key.3,
            entry,
            scale,
            mantissa,
            at,
            real(value)
        ],
    )?;
    Ok(true)
}

/// Counts a value that is in no figure; whether it is the first of its row.
fn set_apart(entry: i64, key: Key<'_>, rows: &Rows<'_>) -> Result<bool, Failure> {
    let known = rows.set(
        "UPDATE readings SET apart = apart + 1 WHERE minute = ?1 AND device = ?2 AND point = ?3 AND unit = ?4",
        key,
    )?;
    if known > 0 {
        return Ok(false);
    }
    rows.set(
        "INSERT INTO readings VALUES (?1, ?2, ?3, ?4, ?5, 0, 1, NULL, NULL, NULL, NULL, NULL, 0.0)",
        params![key.0, key.1, key.2, key.3, entry],
    )?;
    Ok(true)
}

/// Least, most and last of a row, the instant of the last, and their scale.
struct Figures {
    least: Decimal,
    most: Decimal,
    last: Decimal,
    last_at: i64,
}

/// A value with more or fewer digits than those before, or the first one that is in the figures; whether there is a
/// row at all.
fn join(key: Key<'_>, sample: &Sample, rows: &Rows<'_>) -> Result<bool, Failure> {
    let (minute, device, point, unit) = key;
    let known = rows.one(
        "SELECT scale, least, most, last, last_at FROM readings
         WHERE minute = ?1 AND device = ?2 AND point = ?3 AND unit = ?4 AND many > 0",
        params![minute, device, point, unit],
        |row| {
            let scale: u8 = row.get(0)?;
            Ok(Figures {
                least: Decimal::new(row.get(1)?, scale),
                most: Decimal::new(row.get(2)?, scale),
                last: Decimal::new(row.get(3)?, scale),
                last_at: row.get(4)?,
            })
        },
    )?;
    let (value, at) = (sample.value, sample.observed_at.micros());
    let figures = match known {
        None => [value; 3],
        Some(known) => {
            let last = if at >= known.last_at {
                value
            } else {
                known.last
            };
            [known.least.min(value), known.most.max(value), last]
        }
    };
    let (scale, [least, most, last]) = alike(figures);
    rows.set(
        "UPDATE readings SET many = many + 1, sum = sum + ?5, scale = ?6, least = ?7, most = ?8, last = ?9,
            last_at = max(coalesce(last_at, ?10), ?10)
         WHERE minute = ?1 AND device = ?2 AND point = ?3 AND unit = ?4",
        params![minute, device, point, unit, real(value), scale, least, most, last, at],
    )
    .map(|known| known > 0)
}

/// The same with as many digits behind the point as all of them have room for, and as one of them has.
fn alike(figures: [Decimal; 3]) -> (u8, [i64; 3]) {
    let most = figures.iter().map(|it| it.scale()).max();
    for scale in (0..=most.unwrap_or_default()).rev() {
        if let [Some(least), Some(most), Some(last)] = figures.map(|it| it.rescale(scale)) {
            return (scale, [least.mantissa(), most.mantissa(), last.mantissa()]);
        }
    }
    // Whole numbers have room for whatever a decimal can be.
    (0, [0; 3])
}

fn real(value: Decimal) -> f64 {
    value.mantissa() as f64 / 10_f64.powi(i32::from(value.scale()))
}

/// A row is there that was not: counted, and within the limits.
fn is_new(minute: i64, sample: &Sample, rows: &Rows<'_>) -> Result<(), Failure> {
    let one_more =
        "INSERT INTO readings_minutes VALUES (?1, 1) ON CONFLICT DO UPDATE SET many = many + 1";
    rows.set(one_more, [minute])?;
    let of_minute = "SELECT many FROM readings_minutes WHERE minute = ?1";
    let of_minute = rows.one(of_minute, [minute], |row| row.get::<_, i64>(0))?;
    if of_minute > Some(MINUTE_MAX) {
        let less = "UPDATE readings_minutes SET many = many - 1 WHERE minute = ?1";
        rows.set(less, [minute])?;
        let sql =
            "DELETE FROM readings WHERE minute = ?1 AND device = ?2 AND point = ?3 AND unit = ?4";
        let device = sample.device_id.as_str();
        return rows
            .set(sql, params![minute, device, sample.point, sample.unit])
            .map(drop);
    }
    let one_more =
        "INSERT INTO readings_all VALUES (1, 1) ON CONFLICT DO UPDATE SET many = many + 1";
    rows.set(one_more, ())?;
    let all = "SELECT many FROM readings_all";
    let all = rows.one(all, (), |row| row.get::<_, i64>(0))?;
    if all <= Some(ROWS_MAX) {
        return Ok(());
    }
    let oldest = "SELECT min(minute) FROM readings_minutes";
    let oldest = rows.one(oldest, (), |row| row.get::<_, Option<i64>>(0))?;
    oldest
        .flatten()
        .map_or(Ok(()), |oldest| let_go(oldest, rows))
}

/// Lets go of a minute.
fn let_go(minute: i64, rows: &Rows<'_>) -> Result<(), Failure> {
    let gone = rows.set("DELETE FROM readings WHERE minute = ?1", [minute])?;
    rows.set("DELETE FROM readings_minutes WHERE minute = ?1", [minute])?;
    let less = "UPDATE readings_all SET many = many - ?1";
    rows.set(less, [number(gone as u64)]).map(drop)
}
