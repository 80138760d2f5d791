//! Duplicate recognition (I4): sender, message id, and the digest of what is said.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use cordon_journal::{Changes, InboxMark, State};
use cordon_model::{Digest, MessageId, PartyId};

use crate::corridor::Key;

type Name = (PartyId, MessageId);

/// What is known of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// Never seen.
    New,
    /// The same message, entry `0`.
    Same(u64),
    /// The id stands for another message, entry `0`.
    Other(u64),
}

/// Marks not yet in the state store, above the store itself.
pub(crate) struct Inbox {
    state: Arc<dyn State>,
    recent: HashMap<Name, InboxMark>,
    /// Recent marks by number, oldest first.
    order: VecDeque<(u64, Name)>,
}

impl Inbox {
    pub(crate) fn new(state: Arc<dyn State>) -> Self {
        Self {
            state,
            recent: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Looks a message up.
    pub(crate) fn verdict(
        &self,
        sender: &PartyId,
        id: MessageId,
        digest: Digest,
        key: Key,
    ) -> cordon_journal::Result<Verdict> {
        if key == Key::None {
            return Ok(Verdict::New);
        }
        let recent = self.recent.get(&(sender.clone(), id)).copied();
        let mark = match recent {
            Some(mark) => Some(mark),
            None => self.state.inbox(sender.as_str(), id.as_bytes())?,
        };
        Ok(match mark {
            None => Verdict::New,
            Some(mark) if mark.digest == digest.0 => Verdict::Same(mark.number),
            Some(mark) => Verdict::Other(mark.number),
        })
    }

    /// Notes an accepted message.
    pub(crate) fn note(&mut self, sender: &PartyId, id: MessageId, digest: Digest, number: u64) {
        let name = (sender.clone(), id);
        let mark = InboxMark {
            number,
            digest: digest.0,
        };
        self.recent.insert(name.clone(), mark);
        self.order.push_back((number, name));
    }

    /// How many marks wait to be stored.
    pub(crate) fn waiting(&self) -> usize {
        self.order.len()
    }

    /// Adds every recent mark to a commit of the state.
    pub(crate) fn fill(&self, changes: &mut Changes) {
        for (number, name) in &self.order {
            if let Some(mark) = self.recent.get(name).filter(|mark| mark.number == *number) {
                changes.inbox(name.0.as_str(), *name.1.as_bytes(), *mark);
            }
        }
    }

    /// Forgets recent marks the store has by now.
    pub(crate) fn stored(&mut self, position: u64) {
        while let Some((number, _)) = self.order.front() {
            if *number > position {
                break;
            }
            if let Some((number, name)) = self.order.pop_front()
                && self
                    .recent
                    .get(&name)
                    .is_some_and(|mark| mark.number == number)
            {
                self.recent.remove(&name);
            }
        }
    }
}
