//! When something last was, by what it is about; so many are remembered.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use cordon_contract::{Rows, Table};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Times in microseconds by what they are of. What is too old is found without a look at the rest.
#[derive(Debug)]
pub(crate) struct Times<K> {
    most: usize,
    rows: Table<K, i64>,
    by_time: BTreeSet<(i64, K)>,
}

impl<K> Times<K>
where
    K: Clone + DeserializeOwned + Ord + Send + Serialize + Sync + 'static,
{
    pub(crate) fn new(name: &'static str, most: usize) -> Self {
        Self {
            most,
            rows: Table::new(name, 1),
            by_time: BTreeSet::new(),
        }
    }

    pub(crate) fn table(&mut self) -> &mut dyn Rows {
        &mut self.rows
    }

    /// Finds the order of time again.
    pub(crate) fn index(&mut self) {
        let rows = self.rows.iter();
        self.by_time = rows.map(|(key, time)| (*time, key.clone())).collect();
    }

    /// Every time is so much later.
    pub(crate) fn step(&mut self, by: i64) {
        let keys: Vec<K> = self.rows.keys().cloned().collect();
        for key in keys {
            let later = |time: &mut i64| *time = time.saturating_add(by);
            self.rows.change(&key, later);
        }
        self.index();
    }

    pub(crate) fn of<Q: Ord + ?Sized>(&self, key: &Q) -> Option<i64>
    where
        K: Borrow<Q>,
    {
        self.rows.get(key).copied()
    }

    pub(crate) fn range(&self, keys: RangeInclusive<K>) -> impl Iterator<Item = (&K, &i64)> {
        self.rows.range(keys)
    }

    /// Notes one. Where there are so many already, those before `since` are forgotten, and if there is none the first.
    pub(crate) fn note(&mut self, key: K, time: i64, since: i64) {
        if self.rows.len() >= self.most {
            while let Some((old, _)) = self.by_time.first()
                && *old < since
                && let Some((_, old)) = self.by_time.pop_first()
            {
                self.rows.remove(&old);
            }
            if self.rows.len() >= self.most
                && let Some((first, old)) = self.rows.pop_first()
            {
                self.by_time.remove(&(old, first));
            }
        }
        if let Some(old) = self.rows.insert(key.clone(), time) {
            self.by_time.remove(&(old, key.clone()));
        }
        self.by_time.insert((time, key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(most: usize) -> Times<String> {
        let mut times = Times::new("times", most);
        for number in 0..most {
            let time = i64::try_from(number).unwrap();
            times.note(format!("k{number:06}"), time, i64::MIN);
        }
        drop(times.rows.take_changed());
        times
    }

    /// One more than are remembered walked all of them, none of which was too old.
    #[test]
    fn one_more_than_are_remembered_changes_two_rows_however_many_there_are() {
        for most in [10, 1_000, 20_000] {
            let mut times = of(most);
            times.note("new".to_owned(), 0, 0);
            assert_eq!((times.rows.changed(), times.rows.len()), (2, most));
            assert_eq!(times.of("k000000"), None, "the first key");
            assert_eq!(times.by_time.len(), most);
        }
    }

    #[test]
    fn what_is_too_old_goes_first_and_what_is_noted_again_is_not_old() {
        let mut times = of(10);
        times.note("k000001".to_owned(), 50, 0);
        assert_eq!(times.rows.len(), 9, "the first gave way");
        times.note("a".to_owned(), 51, 0);
        times.note("b".to_owned(), 52, 5);
        let left: Vec<&str> = times.rows.keys().map(String::as_str).collect();
        let young = [
            "a", "b", "k000001", "k000005", "k000006", "k000007", "k000008", "k000009",
        ];
        assert_eq!(left, young);
        times.index();
        assert_eq!(times.by_time.len(), 8);
        assert_eq!(times.of("k000001"), Some(50));
    }
}
