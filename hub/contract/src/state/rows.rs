//! What a store knows of a table: its name, its form, and rows as bytes.

use std::any::Any;

use crate::Fault;

/// A key and its row as bytes; `None` for one that is gone.
pub type RowBytes = (Vec<u8>, Option<Vec<u8>>);

/// A table as whoever stores it sees it, whatever its keys and rows are.
///
/// ```
/// use cordon_contract::{Rows, Table};
///
/// let mut seen: Table<String, u32> = Table::new("seen", 1);
/// seen.insert("苏A12345".to_owned(), 2);
/// let rows: &mut dyn Rows = &mut seen;
/// assert_eq!((rows.name(), rows.form(), rows.size()), ("seen", 1, 1));
/// let changed = rows.take_changed().write()?;
/// // The same rows in another table.
/// let mut other: Table<String, u32> = Table::new("seen", 1);
/// for (key, row) in changed {
///     Rows::load(&mut other, &key, row.as_deref().unwrap_or_default())?;
/// }
/// assert_eq!(other.get("苏A12345"), Some(&2));
/// assert_eq!(other.changed(), 0);
/// # Ok::<(), cordon_contract::Fault>(())
/// ```
pub trait Rows {
    /// Its name among those of its plug-in; part of where it is stored, so never renamed.
    fn name(&self) -> &'static str;

    /// The number of the form of its keys and rows: another one when what is stored cannot be read as before.
    fn form(&self) -> u16;

    /// How many rows it has.
    fn size(&self) -> usize;

    /// How many rows are other than when [`Rows::take_changed`] was asked last.
    fn changed(&self) -> usize;

    /// What changed since this was asked last. Costs by that alone, and copies no row.
    fn take_changed(&mut self) -> Changed;

    /// Every row, shared as [`Rows::take_changed`] does it.
    fn all(&self) -> Changed;

    /// Takes a stored row in. It is as stored, so not changed.
    ///
    /// # Errors
    /// `P012` when key or row cannot be read in this form.
    fn load(&mut self, key: &[u8], row: &[u8]) -> Result<(), Fault>;

    /// Empties it, as a plug-in begins. Nothing counts as changed: whoever stores it empties what is stored too.
    fn begin_anew(&mut self);

    /// Exchanges all rows, and what is known of which changed, with a table of the same type and name, as when a
    /// plug-in is made again and the state stays. False, and nothing exchanged, when it is another table. Costs
    /// nothing by what there is.
    fn exchange(&mut self, other: &mut dyn Rows) -> bool;

    /// Itself as what it is.
    fn as_any(&mut self) -> &mut dyn Any;
}

/// Turns rows into bytes, on whatever thread.
type Writer = Box<dyn FnOnce() -> Result<Vec<RowBytes>, Fault> + Send>;

/// Rows that changed, to be turned into bytes beside the hot path.
pub struct Changed {
    count: usize,
    writer: Writer,
}

impl Changed {
    pub(super) fn new(
        count: usize,
        writer: impl FnOnce() -> Result<Vec<RowBytes>, Fault> + Send + 'static,
    ) -> Self {
        Self {
            count,
            writer: Box::new(writer),
        }
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True when nothing changed.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The rows as bytes, in the order of their keys. The same rows give the same bytes.
    ///
    /// # Errors
    /// `P012` when a row cannot be written.
    pub fn write(self) -> Result<Vec<RowBytes>, Fault> {
        (self.writer)()
    }
}

impl std::fmt::Debug for Changed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Changed")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// A row that cannot be read or written.
pub(super) fn broken(table: &str, error: &postcard::Error) -> Fault {
    Fault::new("P012", "a row of a plug-in's state cannot be read or written")
        .at(format!("table {table}"))
        .log(error.to_string())
        .remedy("nothing need be done: a start that cannot use the state steps the journal again; should it come again, report it with the log")
}
