//! What the park said of grants: it stands until the park says otherwise, whatever else is said.

use cordon_contract::{Passed, Pot, Rows, Table, Taken, Term};
use cordon_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::stamp::Stamp;
use super::stamps::Stamps;
use super::subjects::Key;

/// The park's word on a grant.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Word {
    said: Stamps,
    /// The end of the grant, in the journal's time. From then on the word bars nothing that a grant of
    /// another id would not do as well.
    until: Timestamp,
}

impl Word {
    fn term(&self) -> Term {
        Term::new(true, Some(self.until))
    }
}

/// The park's words on grants, within a bound that nothing else fills. Those of grants that are over give
/// way; one that stands never does: the door refuses the next instead.
#[derive(Debug)]
pub(super) struct Standing {
    words: Table<Key, Word>,
    pot: Pot<Key>,
}

impl Standing {
    /// Nothing said; so many are kept.
    pub(super) fn within(most: usize) -> Self {
        Self {
            words: Table::new("park", 1),
            pot: Pot::shared(most, 0),
        }
    }

    /// What is stored.
    pub(super) fn table(&mut self) -> &mut dyn Rows {
        &mut self.words
    }

    /// Finds again what is not stored.
    pub(super) fn restored(&mut self) {
        self.pot = Pot::shared(self.most(), 0);
        for (key, word) in &self.words {
            self.pot.put(None, word.term(), *key);
        }
    }

    /// How many are kept at most.
    pub(super) fn most(&self) -> usize {
        self.pot.part(None)
    }

    /// Whether a word on this grant can be kept at `now`. What takes a grant back finds room for as many again:
    /// a grant that goes on because of its number does more harm than one that does not begin.
    pub(super) fn has_room(&self, key: &Key, takes_back: bool, now: Passed) -> bool {
        let most_of_all = self.most().saturating_mul(2);
        self.words.contains_key(key)
            || self.pot.has_room(None, now)
            || takes_back && self.words.len() < most_of_all
    }

    /// What the park's people said of this grant.
    pub(super) fn said(&self, key: &Key) -> Option<&Stamps> {
        self.words.get(key).map(|word| &word.said)
    }

    /// Takes in a word of the park on a grant that ends at `until`.
    pub(super) fn note(&mut self, key: Key, stamp: Stamp, until: Timestamp, now: Passed) {
        let before = self.words.remove(&key);
        if let Some(before) = &before {
            self.pot.remove(None, before.term(), key);
        }
        let mut word = before.unwrap_or(Word {
            said: Stamps::default(),
            until,
        });
        word.said.note(stamp);
        word.until = word.until.max(until);
        match self.pot.taken(None, word.term(), now) {
            Taken::Not => return,
            Taken::Beside => {}
            Taken::InsteadOf(spared) => {
                if let Some(over) = self.words.remove(&spared) {
                    self.pot.remove(None, over.term(), spared);
                }
            }
        }
        self.put(key, word);
    }

    fn put(&mut self, key: Key, word: Word) {
        self.pot.put(None, word.term(), key);
        self.words.insert(key, word);
    }
}
