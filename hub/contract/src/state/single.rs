//! A value that is no table: it is saved whole when it changed.

use std::any::Any;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::rows::{Changed, Rows, broken};
use crate::Fault;

/// A small value of a plug-in's state. Who takes it to change it has changed it.
///
/// ```
/// use cordon_contract::{Rows, Single};
///
/// let mut count: Single<u64> = Single::new("count", 1);
/// assert_eq!(count.changed(), 0);
/// *count += 1;
/// assert_eq!((*count, count.changed(), count.take_changed().len()), (1, 1, 1));
/// assert_eq!(count.changed(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct Single<T> {
    name: &'static str,
    form: u16,
    value: Arc<T>,
    is_changed: bool,
}

impl<T: Clone + Default> Single<T> {
    /// The value as it begins, under this name and in this form.
    pub fn new(name: &'static str, form: u16) -> Self {
        Self {
            name,
            form,
            value: Arc::default(),
            is_changed: false,
        }
    }

    /// Puts another value, if it is another.
    pub fn set(&mut self, value: T)
    where
        T: PartialEq,
    {
        if *self.value != value {
            **self = value;
        }
    }
}

impl<T> Deref for Single<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Clone> DerefMut for Single<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.is_changed = true;
        Arc::make_mut(&mut self.value)
    }
}

impl<T> Rows for Single<T>
where
    T: Clone + Default + DeserializeOwned + Send + Serialize + Sync + 'static,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn form(&self) -> u16 {
        self.form
    }

    fn size(&self) -> usize {
        1
    }

    fn changed(&self) -> usize {
        usize::from(self.is_changed)
    }

    fn take_changed(&mut self) -> Changed {
        match std::mem::take(&mut self.is_changed) {
            true => self.all(),
            false => Changed::new(0, || Ok(Vec::new())),
        }
    }

    fn all(&self) -> Changed {
        let (table, value) = (self.name, Arc::clone(&self.value));
        Changed::new(1, move || {
            let bytes = postcard::to_allocvec(&*value);
            let bytes = bytes.map_err(|error| broken(table, &error))?;
            Ok(vec![(Vec::new(), Some(bytes))])
        })
    }

    fn load(&mut self, _key: &[u8], row: &[u8]) -> Result<(), Fault> {
        let value = postcard::from_bytes(row).map_err(|error| broken(self.name, &error))?;
        self.value = Arc::new(value);
        Ok(())
    }

    fn begin_anew(&mut self) {
        self.value = Arc::default();
        self.is_changed = false;
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
