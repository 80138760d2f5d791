//! Cordon's journal: the append-only, hash-chained log that is the only truth of the house, and the
//! state store that is always rebuildable from it.
//!
//! - [`Journal`] writes: one writer per folder, one write and one sync per batch, a batch is whole or
//!   not there.
//! - [`Reader`] reads while the hub runs, from a number, by range, or following the end; [`Records`]
//!   is also the export.
//! - [`verify`] checks everything, also while the hub runs.
//! - [`StateStore`] keeps snapshots, inbox keys and named spaces on redb, with the journal position in
//!   the same commit.
//! - [`Packer`] keeps what is sealed and old in less room, readable as before; [`Archiver`] keeps it
//!   elsewhere, and through [`Tiered`] it is read from there.
//! - [`checkpoint`] keeps all of a state at one entry in a file, so that what lies before it may go.
//! - [`probe`] measures the raw disk beside the journal, so that benchmarks can speak in ratios.
//!
//! Records are opaque bytes with a small head; this crate knows nothing of XML or of the house.
//! Format, failure table and figures: `docs/design/journal.md`.

mod archive;
pub mod chain;
pub mod checkpoint;
mod copy;
mod counters;
#[doc(hidden)]
pub mod decoders;
pub mod disk;
mod expect;
mod fault;
mod flipped;
mod frame;
mod given_up;
mod journal;
mod nearby;
mod options;
mod packed;
mod prepare;
pub mod probe;
mod reader;
mod record;
mod recover;
mod segment;
mod space;
mod state;
mod trimmed;
mod verify;
mod walk;
mod watch;
mod witness;

pub use archive::{Archiver, Moved, Tiered, tiered};
pub use chain::Hash;
pub use copy::copy;
pub use counters::Counters;
pub use expect::{Expectation, Unmet};
pub use fault::{FaultKind, JournalFault, Result};
pub use journal::{Journal, Receipts};
pub use nearby::Nearby;
pub use options::{FIRST_FLOOR_BYTES, OnSpace, Options};
pub use packed::{Aged, Draft, Forgetter, Forgetting, Forgotten, Old, Packed, Packer, Passed};
pub use reader::{Reader, Records};
pub use record::{BodyForm, LABEL_BYTES_MAX, NewRecord, Record, SENDER_BYTES_MAX};
pub use recover::{Broken, Opening};
pub use segment::{FORMAT, IDENTITY_BYTES_MAX, SEGMENT_BYTES_MIN};
pub use space::{Space, SpaceLevel};
pub use state::{
    Changes, Durability, Held, InboxMark, LookedUp, Pair, Rebuild, State, StateStore, Trouble,
};
pub use verify::{
    Problem, Report, WRITER_PATIENCE, verify, verify_against, verify_held, verify_on,
};
pub use watch::{Position, Watch};
pub use witness::Witness;
