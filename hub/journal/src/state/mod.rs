//! The state store: what plug-ins and the flow remember, with the journal position in the same
//! commit. Always rebuildable from the journal; never the only copy of a fact.

mod aside;
mod changes;
mod check;
mod engine;
mod file;
mod latest;
mod own;
mod pages;
mod store;
mod whereabouts;

use crate::fault::Result;
use crate::watch::Position;

pub use changes::{Changes, Durability};
pub(crate) use changes::{KEY_BYTES_MAX, NAMESPACE_BYTES_MAX, VALUE_BYTES_MAX};
pub use check::Rebuild;
pub(crate) use file::TABLES_VERSION;
pub use store::StateStore;

/// Where and when a message of a sender was accepted: all that its receipt says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InboxMark {
    /// The journal record's number.
    pub number: u64,
    /// The record's time, microseconds since 1970-01-01T00:00:00Z.
    pub time_micros: i64,
    /// What the receipt warns of, as marks of the record's flags; 0 for nothing.
    pub marks: u16,
    /// The message's digest.
    pub digest: [u8; 32],
    /// What the message is recognised by when it comes again; mostly its digest.
    pub identity: [u8; 32],
    /// The chain hash up to and including the record.
    pub chain: [u8; 32],
}

/// What a look at many marks gave: the journal position the state stood for, and each mark in the
/// order asked.
pub type LookedUp = (u64, Vec<Option<InboxMark>>);

/// Why a state, or the witness beside it, is not saved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trouble {
    /// In words, for people.
    pub why: String,
    /// The disk has no room; nothing else is wrong.
    pub is_of_room: bool,
}

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Something that a state holds.
#[derive(Clone, Copy, Debug)]
pub enum Held<'a> {
    /// A row.
    Row {
        /// Where it is kept.
        namespace: &'a str,
        /// Its key.
        key: &'a [u8],
        /// What stands there.
        value: &'a [u8],
    },
    /// A value beside the rows.
    Value {
        /// Where it is kept.
        namespace: &'a str,
        /// What stands there.
        bytes: &'a [u8],
    },
    /// Where a message was accepted.
    Mark {
        /// Who sent it.
        sender: &'a str,
        /// Its id.
        message_id: &'a [u8; 16],
        /// Where.
        mark: &'a InboxMark,
    },
}

/// What a state store does; redb's is [`StateStore`].
pub trait State: Send + Sync {
    /// The journal position the state stands for, with the chain hash there; (0, zeros) when empty.
    fn position(&self) -> Result<Position>;
    /// A value that is kept beside the rows.
    fn snapshot(&self, namespace: &str) -> Result<Option<Vec<u8>>>;
    /// Where this sender's message was accepted.
    fn inbox(&self, sender: &str, message_id: &[u8; 16]) -> Result<Option<InboxMark>>;
    /// Where these messages (sender, message id) were accepted, all seen in one state.
    fn look_up(&self, asked: &[(&str, [u8; 16])]) -> Result<LookedUp>;
    /// Every inbox mark from record `number` on, in that order, at most `limit`:
    /// (sender, message id, mark).
    fn inbox_since(&self, number: u64, limit: usize) -> Result<Vec<(String, [u8; 16], InboxMark)>>;
    /// A value.
    fn get(&self, namespace: &str, key: &[u8]) -> Result<Option<Vec<u8>>>;
    /// Pairs with `from <= key < to` in key order, at most `limit`; an empty `to` means no upper end.
    fn range(&self, namespace: &str, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Pair>>;
    /// Gives all that is held at one moment, and says at which position of the journal that is. `take` says whether it wants more; commits do
    /// not wait for it.
    fn each(&self, take: &mut dyn FnMut(Held<'_>) -> Result<bool>) -> Result<Position>;
    /// Applies changes and position together, or nothing. The position never goes back.
    fn commit(&self, changes: &Changes) -> Result<()>;
    /// Forgets everything; the next start rebuilds from the journal.
    fn wipe(&self) -> Result<()>;
    /// Paths that lead no longer to the files which are written, removed or exchanged under it. A store
    /// without files has none.
    fn astray(&self) -> Vec<String> {
        Vec::new()
    }
    /// Why it, or the witness beside it, is not saved; `None` for one that is well. What is known can be read
    /// all the same.
    fn trouble(&self) -> Option<Trouble> {
        None
    }
}
