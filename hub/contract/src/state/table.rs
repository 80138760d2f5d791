//! A table of rows by key that knows which of them changed.

use std::any::Any;
use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeBounds;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::rows::{Changed, RowBytes, Rows, broken};
use crate::Fault;

/// Rows by key, in order. Like a [`BTreeMap`], and it notes each row that is changed.
///
/// A row that is being saved is copied when it changes meanwhile, and no other.
///
/// ```
/// use cordon_contract::{Rows, Table};
///
/// let mut lanes: Table<u64, String> = Table::new("lanes", 1);
/// lanes.insert(1, "up".to_owned());
/// let saved = lanes.take_changed();
/// if let Some(lane) = lanes.get_mut(&1) {
///     lane.clear();
/// }
/// assert_eq!((saved.len(), lanes.changed()), (1, 1));
/// // What was handed over is as it was then.
/// assert_eq!(saved.write()?, [(vec![1], Some(b"\x02up".to_vec()))]);
/// # Ok::<(), cordon_contract::Fault>(())
/// ```
#[derive(Clone, Debug)]
pub struct Table<K, V> {
    name: &'static str,
    form: u16,
    rows: BTreeMap<K, Arc<V>>,
    changed: BTreeSet<K>,
}

impl<K: Clone + Ord, V: Clone> Table<K, V> {
    /// An empty table of this name, whose keys and rows have this form.
    pub const fn new(name: &'static str, form: u16) -> Self {
        Self {
            name,
            form,
            rows: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A row.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.rows.get(key).map(|row| &**row)
    }

    /// A row and its key as it is kept.
    pub fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.rows.get_key_value(key).map(|(key, row)| (key, &**row))
    }

    /// Whether there is such a row.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.rows.contains_key(key)
    }

    /// A row to change; it counts as changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        if !self.changed.contains(key) {
            let (kept, _) = self.rows.get_key_value(key)?;
            self.changed.insert(kept.clone());
        }
        self.rows.get_mut(key).map(Arc::make_mut)
    }

    /// Changes a row that may stay as it is: it counts as changed only when it is another afterwards. Copies that row.
    pub fn change<Q: Ord + ?Sized, R>(
        &mut self,
        key: &Q,
        change: impl FnOnce(&mut V) -> R,
    ) -> Option<R>
    where
        K: Borrow<Q>,
        V: PartialEq,
    {
        let before = self.get(key)?;
        let mut row = before.clone();
        let answer = change(&mut row);
        if *before != row
            && let Some(kept) = self.get_mut(key)
        {
            *kept = row;
        }
        Some(answer)
    }

    /// Changes a row of which this holds; one of which it does not stays as it is, and so unchanged.
    pub fn change_if<Q: Ord + ?Sized>(
        &mut self,
        key: &Q,
        holds: impl FnOnce(&V) -> bool,
        change: impl FnOnce(&mut V),
    ) where
        K: Borrow<Q>,
    {
        if self.get(key).is_some_and(holds)
            && let Some(row) = self.get_mut(key)
        {
            change(row);
        }
    }

    /// Puts a row, if it is another than what is there.
    pub fn set(&mut self, key: K, row: V)
    where
        V: PartialEq,
    {
        if self.get(&key) != Some(&row) {
            self.insert(key, row);
        }
    }

    /// Puts a row; gives what was there.
    pub fn insert(&mut self, key: K, row: V) -> Option<V> {
        self.changed.insert(key.clone());
        self.rows.insert(key, Arc::new(row)).map(own)
    }

    /// A row to change, made first where there is none.
    pub fn or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.changed.insert(key.clone());
        let row = self.rows.entry(key).or_insert_with(|| Arc::new(make()));
        Arc::make_mut(row)
    }

    /// As [`Table::or_insert_with`], of an empty row.
    pub fn or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.or_insert_with(key, V::default)
    }

    /// Takes a row out.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.remove_entry(key).map(|(_, row)| row)
    }

    /// Takes a row out, with its key as it was kept.
    pub fn remove_entry<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<(K, V)>
    where
        K: Borrow<Q>,
    {
        let (key, row) = self.rows.remove_entry(key)?;
        self.changed.insert(key.clone());
        Some((key, own(row)))
    }

    /// Takes all rows out.
    pub fn clear(&mut self) {
        self.changed
            .extend(std::mem::take(&mut self.rows).into_keys());
    }

    /// Takes the row of the lowest key out.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        let (key, row) = self.rows.pop_first()?;
        self.changed.insert(key.clone());
        Some((key, own(row)))
    }

    /// Keeps those rows alone; looks at each.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        let changed = &mut self.changed;
        self.rows.retain(|key, row| {
            let stays = keep(key, row);
            if !stays {
                changed.insert(key.clone());
            }
            stays
        });
    }

    /// The rows in the order of their keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> + ExactSizeIterator {
        self.rows.iter().map(|(key, row)| (key, &**row))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator {
        self.rows.keys()
    }

    /// The rows in the order of their keys, without them.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator {
        self.rows.values().map(|row| &**row)
    }

    /// The rows whose keys lie in a range, in order.
    pub fn range<Q: Ord + ?Sized>(
        &self,
        range: impl RangeBounds<Q>,
    ) -> impl DoubleEndedIterator<Item = (&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.rows.range(range).map(|(key, row)| (key, &**row))
    }

    /// The row of the lowest key.
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        self.rows.first_key_value().map(|(key, row)| (key, &**row))
    }

    /// The row of the highest key.
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.rows.last_key_value().map(|(key, row)| (key, &**row))
    }
}

/// A row that nobody else holds is taken, another is copied.
fn own<V: Clone>(row: Arc<V>) -> V {
    Arc::unwrap_or_clone(row)
}

impl<'a, K, V> IntoIterator for &'a Table<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = std::iter::Map<
        std::collections::btree_map::Iter<'a, K, Arc<V>>,
        fn((&'a K, &'a Arc<V>)) -> (&'a K, &'a V),
    >;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter().map(|(key, row)| (key, &**row))
    }
}

impl<K, V> Rows for Table<K, V>
where
    K: Clone + DeserializeOwned + Ord + Send + Serialize + Sync + 'static,
    V: Clone + DeserializeOwned + Send + Serialize + Sync + 'static,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn form(&self) -> u16 {
        self.form
    }

    fn size(&self) -> usize {
        self.rows.len()
    }

    fn changed(&self) -> usize {
        self.changed.len()
    }

    fn take_changed(&mut self) -> Changed {
        let changed = std::mem::take(&mut self.changed);
        let rows: Vec<(K, Option<Arc<V>>)> = changed
            .into_iter()
            .map(|key| {
                let row = self.rows.get(&key).map(Arc::clone);
                (key, row)
            })
            .collect();
        shared(self.name, rows)
    }

    fn all(&self) -> Changed {
        let rows = self.rows.iter();
        let rows = rows.map(|(key, row)| (key.clone(), Some(Arc::clone(row))));
        shared(self.name, rows.collect())
    }

    fn load(&mut self, key: &[u8], row: &[u8]) -> Result<(), Fault> {
        let key = postcard::from_bytes(key).map_err(|error| broken(self.name, &error))?;
        let row = postcard::from_bytes(row).map_err(|error| broken(self.name, &error))?;
        self.rows.insert(key, Arc::new(row));
        Ok(())
    }

    fn begin_anew(&mut self) {
        self.rows.clear();
        self.changed.clear();
    }

    fn exchange(&mut self, other: &mut dyn Rows) -> bool {
        match other.as_any().downcast_mut::<Self>() {
            Some(other) if other.name == self.name && other.form == self.form => {
                std::mem::swap(self, other);
                true
            }
            _ => false,
        }
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// Rows to be turned into bytes by whoever asks.
fn shared<K, V>(table: &'static str, rows: Vec<(K, Option<Arc<V>>)>) -> Changed
where
    K: Send + Serialize + 'static,
    V: Send + Serialize + Sync + 'static,
{
    Changed::new(rows.len(), move || {
        let bytes = rows.into_iter().map(|(key, row)| {
            let key = postcard::to_allocvec(&key)?;
            let row = row.map(|row| postcard::to_allocvec(&*row)).transpose()?;
            Ok::<RowBytes, postcard::Error>((key, row))
        });
        let bytes: Result<Vec<RowBytes>, postcard::Error> = bytes.collect();
        bytes.map_err(|error| broken(table, &error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table<u32, String> {
        let mut table = Table::new("rows", 1);
        for key in 0..1_000 {
            table.insert(key, format!("row {key}"));
        }
        let all = table.take_changed();
        assert_eq!((all.len(), table.changed()), (1_000, 0));
        table
    }

    #[test]
    fn a_save_takes_what_changed_and_no_row_more() {
        let mut table = table();
        assert!(table.get_mut(&2_000).is_none() && table.remove(&2_000).is_none());
        assert_eq!(table.changed(), 0, "what is not there does not change");
        table.get_mut(&7).unwrap().push('!');
        table.get_mut(&7).unwrap().push('!');
        table.remove(&8);
        table.insert(9, "nine".to_owned());
        table.or_default(1_001).push('x');
        table.retain(|key, _| *key != 10);
        table.pop_first();
        let changed = table.take_changed().write().unwrap();
        let key = |key: u32| postcard::to_allocvec(&key).unwrap();
        let text = |text: &str| Some(postcard::to_allocvec(text).unwrap());
        let expected = [
            (key(0), None),
            (key(7), text("row 7!!")),
            (key(8), None),
            (key(9), text("nine")),
            (key(10), None),
            (key(1_001), text("x")),
        ];
        assert_eq!(changed, expected);
        assert!(table.take_changed().is_empty());
    }

    #[test]
    fn what_is_changed_to_what_it_was_has_not_changed() {
        let mut table = table();
        table.set(7, "row 7".to_owned());
        assert_eq!(table.change(&7, |row| row.len()), Some(5));
        assert_eq!(table.change(&2_000, |row| row.push('!')), None);
        table.change_if(&7, String::is_empty, String::clear);
        table.change_if(&2_000, |_| true, String::clear);
        assert_eq!(table.changed(), 0);
        table.set(7, "seven".to_owned());
        table.change_if(&8, |row| !row.is_empty(), |row| row.push('!'));
        let rows = (table.get(&7).unwrap(), table.get(&8).unwrap());
        assert_eq!((rows.0.as_str(), rows.1.as_str()), ("seven", "row 8!"));
        assert_eq!(table.changed(), 2);
    }

    #[test]
    fn what_is_being_saved_stays_as_it_was() {
        let mut table = table();
        table.get_mut(&1).unwrap().push('a');
        let saving = table.take_changed();
        table.get_mut(&1).unwrap().push('b');
        table.remove(&2);
        let saved = saving.write().unwrap();
        let row = postcard::to_allocvec("row 1a").unwrap();
        assert_eq!(saved, [(vec![1], Some(row))]);
        assert_eq!(
            (table.get(&1).unwrap().as_str(), table.changed()),
            ("row 1ab", 2)
        );
    }

    #[test]
    fn what_was_stored_is_loaded_and_a_row_of_another_form_is_told() {
        let table = table();
        let mut other: Table<u32, String> = Table::new("rows", 1);
        for (key, row) in table.all().write().unwrap() {
            other.load(&key, &row.unwrap()).unwrap();
        }
        assert!(other.iter().eq(table.iter()) && other.changed() == 0);
        let fault = other.load(&[1], &[200]).unwrap_err();
        assert_eq!(fault.code(), "P012");
        assert!(fault.log_text().contains("rows") || fault.place().contains("rows"));
        other.begin_anew();
        assert!(other.is_empty() && other.changed() == 0);
    }

    #[test]
    fn rows_go_to_a_table_of_the_same_kind_with_what_is_known_of_them() {
        let mut table = table();
        table.insert(7, "seven".to_owned());
        let mut other: Table<u32, String> = Table::new("rows", 1);
        assert!(other.exchange(&mut table));
        assert_eq!(
            (other.len(), other.changed()),
            (1_000, 1),
            "one is not saved yet"
        );
        assert!(table.is_empty() && table.changed() == 0);
        // Another name, another form, another type: nothing moves.
        let mut named: Table<u32, String> = Table::new("others", 1);
        let mut formed: Table<u32, String> = Table::new("rows", 2);
        let mut typed: Table<u64, String> = Table::new("rows", 1);
        for strange in [&mut named as &mut dyn Rows, &mut formed, &mut typed] {
            assert!(!strange.exchange(&mut other));
            assert!(!other.exchange(strange));
            assert_eq!(other.len(), 1_000);
        }
    }
}
