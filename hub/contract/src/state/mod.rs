//! What a plug-in remembers: tables of rows by key and single values, which know what changed.
//!
//! A save takes the rows that changed since the one before, and shares them: they are serialised on another thread.
//! So a save costs by what changed, never by what there is.

mod kept;
mod rows;
mod single;
mod table;

pub use kept::Kept;
pub use rows::{Changed, RowBytes, Rows};
pub use single::Single;
pub use table::Table;
