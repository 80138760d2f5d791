//! All that some tables hold, as bytes.

use super::rows::{RowBytes, Rows};
use crate::Fault;

/// A whole state as bytes: the same state is equal, whatever it came from. Costs by what there is, so it is for
/// comparing, for tests and for a failure that must leave nothing behind; saves take what changed.
///
/// ```
/// use cordon_contract::{Kept, Rows, Table};
///
/// let mut seen: Table<u32, bool> = Table::new("seen", 1);
/// seen.insert(1, true);
/// let kept = Kept::of(vec![&mut seen])?;
/// seen.insert(2, false);
/// kept.put_back(vec![&mut seen])?;
/// assert_eq!(Kept::of(vec![&mut seen])?, kept);
/// # Ok::<(), cordon_contract::Fault>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Kept {
    tables: Vec<(&'static str, u16, Vec<RowBytes>)>,
}

impl Kept {
    /// What these tables hold.
    ///
    /// # Errors
    /// `P012` when a row cannot be written.
    pub fn of(tables: Vec<&mut dyn Rows>) -> Result<Self, Fault> {
        let tables = tables.into_iter();
        let tables = tables.map(|it| Ok((it.name(), it.form(), it.all().write()?)));
        Ok(Self {
            tables: tables.collect::<Result<_, Fault>>()?,
        })
    }

    /// Each table by name and form, with its rows in the order of their keys.
    pub fn tables(&self) -> impl Iterator<Item = (&'static str, u16, &[RowBytes])> {
        let tables = self.tables.iter();
        tables.map(|(name, form, rows)| (*name, *form, rows.as_slice()))
    }

    /// How many bytes keys and rows take.
    pub fn bytes(&self) -> usize {
        let rows = self.tables.iter().flat_map(|(_, _, rows)| rows);
        let bytes = rows.map(|(key, row)| key.len() + row.as_ref().map_or(0, Vec::len));
        bytes.sum()
    }

    /// Fills the same tables with it, in the same order. They count as stored.
    ///
    /// # Errors
    /// `P012` when a row cannot be read.
    pub fn put_back(&self, tables: Vec<&mut dyn Rows>) -> Result<(), Fault> {
        for (table, (_, _, rows)) in tables.into_iter().zip(&self.tables) {
            table.begin_anew();
            for (key, row) in rows {
                table.load(key, row.as_deref().unwrap_or_default())?;
            }
        }
        Ok(())
    }
}
