//! Until when something of a kind stands, counted by its end: whether any does needs no look at single ones.

use std::collections::BTreeMap;

use cordon_model::Timestamp;

/// How many of each kind end when, microseconds. Found again from what is kept, never saved.
#[derive(Debug)]
pub(crate) struct Ends<K>(BTreeMap<(K, i64), u32>);

impl<K> Default for Ends<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Clone + Ord> Ends<K> {
    pub(crate) fn put(&mut self, kind: K, until: Timestamp) {
        let many = self.0.entry((kind, until.micros())).or_default();
        *many = many.saturating_add(1);
    }

    pub(crate) fn remove(&mut self, kind: K, until: Timestamp) {
        let place = (kind, until.micros());
        if let Some(many) = self.0.get_mut(&place) {
            *many = many.saturating_sub(1);
            if *many == 0 {
                self.0.remove(&place);
            }
        }
    }

    /// Whether one of this kind is not over.
    pub(crate) fn any(&self, kind: K, now: Timestamp) -> bool {
        let from = (kind.clone(), now.micros());
        self.0.range(from..=(kind, i64::MAX)).next().is_some()
    }
}
