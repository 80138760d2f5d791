//! What of the rows is over for so long that it is let go.
//!
//! By the time that has surely passed, never by what entries carry: one start with the clock ahead would let go of all.
//! What an entry said that carries too much goes when the hub has run for as many days since (`cordon_flow::Marks`, whose
//! marks stand here in a table, with the rows in one transaction).

use cordon_flow::{DAY_MICROS, Reach};

use crate::fold::{Failure, Rows, Then, number, unsigned};

/// So many days ago, for one fold at this entry.
pub(crate) fn then(
    fold: &str,
    now: &Reach,
    days_kept: u32,
    rows: &Rows<'_>,
) -> Result<Then, Failure> {
    let (before, ran) = now.before(days_kept);
    if now.is_ahead() {
        mark(fold, now, rows)?;
    }
    let over = "SELECT max(entry) FROM marks WHERE fold = ?1 AND ran <= ?2";
    let over = rows.one(over, (fold, ran), |row| row.get::<_, Option<i64>>(0))?;
    let entry = over.flatten().unwrap_or_default();
    if entry > 0 {
        let earlier = "DELETE FROM marks WHERE fold = ?1 AND entry < ?2";
        rows.set(earlier, (fold, entry))?;
    }
    Ok(Then {
        before,
        entry: unsigned(entry),
    })
}

/// Marks where the journal stands, once a day.
fn mark(fold: &str, now: &Reach, rows: &Rows<'_>) -> Result<(), Failure> {
    let last = "SELECT max(ran) FROM marks WHERE fold = ?1";
    let last = rows.one(last, [fold], |row| row.get::<_, Option<i64>>(0))?;
    if last
        .flatten()
        .is_none_or(|last| last + DAY_MICROS <= now.ran)
    {
        let sql = "INSERT OR REPLACE INTO marks VALUES (?1, ?2, ?3)";
        rows.set(sql, (fold, number(now.number), now.ran))?;
    }
    Ok(())
}
