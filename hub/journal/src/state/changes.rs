//! One commit's changes.

use crate::chain::Hash;
use crate::fault::{FaultKind, JournalFault, Result};
use crate::state::InboxMark;
use crate::watch::Position;

/// Longest namespace, bytes.
pub(crate) const NAMESPACE_BYTES_MAX: usize = 128;
/// Longest key or sender, bytes.
pub(crate) const KEY_BYTES_MAX: usize = 64 << 10;
/// Largest value, bytes.
pub(crate) const VALUE_BYTES_MAX: usize = 64 << 20;

/// When a commit reaches the disk.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Durability {
    /// Before `commit` returns.
    #[default]
    Immediate,
    /// With a later immediate commit, at the latest every 64th; a crash goes back to the last one
    /// and the journal's tail is stepped again.
    Deferred,
}

pub(crate) enum Change {
    Put(String, Vec<u8>, Vec<u8>),
    Delete(String, Vec<u8>),
    Clear(String),
    Snapshot(String, Vec<u8>),
    Inbox(String, [u8; 16], InboxMark),
}

/// Changes to be applied in one commit, in the order given.
pub struct Changes {
    pub(crate) position: Position,
    pub(crate) durability: Durability,
    pub(crate) list: Vec<Change>,
    pub(crate) forget_inbox_below: Option<u64>,
}

impl Changes {
    /// Changes that bring the state to record `number` with this chain hash.
    pub fn at(number: u64, chain: Hash) -> Self {
        Self {
            position: (number, chain),
            durability: Durability::Immediate,
            list: Vec::new(),
            forget_inbox_below: None,
        }
    }

    /// Lets the commit reach the disk later.
    #[must_use]
    pub fn deferred(mut self) -> Self {
        self.durability = Durability::Deferred;
        self
    }

    /// Puts a value.
    pub fn put(
        &mut self,
        namespace: &str,
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) -> &mut Self {
        let change = Change::Put(namespace.to_owned(), key.into(), value.into());
        self.list.push(change);
        self
    }

    /// Deletes a key; fine when it is not there.
    pub fn delete(&mut self, namespace: &str, key: impl Into<Vec<u8>>) -> &mut Self {
        self.list
            .push(Change::Delete(namespace.to_owned(), key.into()));
        self
    }

    /// Deletes every key of a namespace.
    pub fn clear(&mut self, namespace: &str) -> &mut Self {
        self.list.push(Change::Clear(namespace.to_owned()));
        self
    }

    /// Replaces a value that is kept beside the rows, such as the forms of all tables.
    pub fn snapshot(&mut self, namespace: &str, bytes: impl Into<Vec<u8>>) -> &mut Self {
        self.list
            .push(Change::Snapshot(namespace.to_owned(), bytes.into()));
        self
    }

    /// Notes where a message was accepted.
    pub fn inbox(&mut self, sender: &str, message_id: [u8; 16], mark: InboxMark) -> &mut Self {
        self.list
            .push(Change::Inbox(sender.to_owned(), message_id, mark));
        self
    }

    /// Forgets inbox marks of records before `number`, at most 10,000 a commit, oldest first.
    pub fn forget_inbox_below(&mut self, number: u64) -> &mut Self {
        self.forget_inbox_below = Some(number);
        self
    }

    /// How many changes.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// True when only the position changes.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn check(&self) -> Result<()> {
        for change in &self.list {
            let (namespace, key, value) = match change {
                Change::Put(namespace, key, value) => (namespace, key.len(), value.len()),
                Change::Delete(namespace, key) => (namespace, key.len(), 0),
                Change::Clear(namespace) => (namespace, 0, 0),
                Change::Snapshot(namespace, value) => (namespace, 0, value.len()),
                Change::Inbox(sender, _, _) => {
                    limit("sender", sender.len(), KEY_BYTES_MAX)?;
                    continue;
                }
            };
            limit("namespace", namespace.len(), NAMESPACE_BYTES_MAX)?;
            limit(namespace, key, KEY_BYTES_MAX)?;
            limit(namespace, value, VALUE_BYTES_MAX)?;
        }
        Ok(())
    }
}

fn limit(place: &str, len: usize, max: usize) -> Result<()> {
    if len <= max {
        return Ok(());
    }
    let detail = format!("{len} bytes, at most {max} are allowed");
    Err(JournalFault::new(FaultKind::StateLimit, place, detail))
}
