//! Committed entries for whoever watches: console, reports, pulls. Never blocks the core.

use std::sync::Arc;

use cordon_contract::Entry;
use cordon_model::Digest;
use tokio::sync::broadcast;

/// A committed entry and the chain hash up to it.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The entry.
    pub entry: Entry,
    /// Chain hash up to and including it.
    pub chain: Digest,
}

/// What a watcher gets.
#[derive(Clone, Debug)]
pub enum FeedItem {
    /// The next committed entry.
    Entry(Arc<Committed>),
    /// The watcher was too slow; this many entries were passed over. They stand in the journal.
    Lagged(u64),
}

/// The feed of committed entries. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Feed {
    sender: broadcast::Sender<Arc<Committed>>,
}

/// One watcher's end.
#[derive(Debug)]
pub struct FeedReader {
    receiver: broadcast::Receiver<Arc<Committed>>,
}

impl Feed {
    /// A feed that keeps `capacity` entries for slow watchers.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            sender: broadcast::channel(capacity.clamp(1, 1 << 20)).0,
        }
    }

    /// Watches from the next committed entry on.
    pub fn subscribe(&self) -> FeedReader {
        FeedReader {
            receiver: self.sender.subscribe(),
        }
    }

    pub(crate) fn publish(&self, committed: Committed) {
        // No watcher is no failure.
        let _ = self.sender.send(Arc::new(committed));
    }

    /// Whether anybody watches.
    pub(crate) fn is_watched(&self) -> bool {
        self.sender.receiver_count() > 0
    }
}

impl FeedReader {
    /// Waits for the next item; `None` when the hub has stopped.
    pub async fn next(&mut self) -> Option<FeedItem> {
        match self.receiver.recv().await {
            Ok(committed) => Some(FeedItem::Entry(committed)),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(FeedItem::Lagged(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
