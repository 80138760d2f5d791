//! So many things by key, of which the oldest give way.

use std::collections::BTreeMap;

/// A bounded table that forgets in the order in which things came, whatever their keys.
#[derive(Debug)]
pub(crate) struct Remembered<K, V> {
    most: usize,
    held: BTreeMap<K, (u64, V)>,
    /// The keys in the order in which they came.
    came: BTreeMap<u64, K>,
    next: u64,
}

impl<K: Clone + Ord, V> Remembered<K, V> {
    /// Holds at most `most`.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            held: BTreeMap::new(),
            came: BTreeMap::new(),
            next: 0,
        }
    }

    /// Remembers one as the newest; the oldest is forgotten when there are too many.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.remove(&key);
        self.came.insert(self.next, key.clone());
        self.held.insert(key, (self.next, value));
        self.next += 1;
        if self.held.len() > self.most
            && let Some((_, oldest)) = self.came.pop_first()
        {
            self.held.remove(&oldest);
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.held.get(key).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.held.get_mut(key).map(|(_, value)| value)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let (at, value) = self.held.remove(key)?;
        self.came.remove(&at);
        Some(value)
    }

    /// All of them, by key.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.held.iter_mut().map(|(key, (_, value))| (key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_whatever_its_key() {
        let mut table = Remembered::new(3);
        for key in [9, 5, 7] {
            table.insert(key, key);
        }
        // The lowest key is the newest word; the oldest is the highest key.
        table.insert(1, 1);
        assert_eq!(table.get(&9), None);
        assert_eq!(table.get(&1), Some(&1));
        // Said again, it is new again.
        table.insert(5, 50);
        table.insert(2, 2);
        assert_eq!(table.get(&7), None);
        assert_eq!(table.get(&5), Some(&50));
        assert_eq!(table.remove(&5), Some(50));
        table.insert(3, 3);
        let keys: Vec<_> = table.iter_mut().map(|(key, _)| *key).collect();
        assert_eq!(keys, [1, 2, 3]);
        assert_eq!(table.came.len(), table.held.len());
    }
}
