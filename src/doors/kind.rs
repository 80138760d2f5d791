//! A kind of adapter without its type: what the list holds.

use std::collections::BTreeSet;

use cordon_contract::{AdapterConfig, AdapterKind};
use serde::Deserialize as _;
use toml::de::ValueDeserializer;

/// Reads all tables of a kind.
type Read = fn(ValueDeserializer<'_>) -> Result<Vec<Box<dyn AdapterConfig>>, toml::de::Error>;

/// A kind of adapter.
pub struct Kind {
    /// Its tables are `[[TABLE]]`.
    pub table: &'static str,
    /// How one writes that it serves a receiver, where it does.
    pub receivers: Option<&'static str>,
    read: Read,
    unwritten: fn(&BTreeSet<String>) -> Option<Box<dyn AdapterConfig>>,
}

impl Kind {
    /// The kind whose tables are read as this type.
    pub const fn of<T: AdapterKind>() -> Self {
        Self {
            table: T::TABLE,
            receivers: T::RECEIVERS,
            read: |tables| {
                let tables = Vec::<T>::deserialize(tables)?.into_iter();
                Ok(tables.map(|table| Box::new(table) as _).collect())
            },
            unwritten: |served| Some(Box::new(T::unwritten(served)?)),
        }
    }

    /// Its tables, from the value of their key.
    ///
    /// # Errors
    /// What the parser says of the first that is wrong.
    pub fn read(
        &self,
        value: ValueDeserializer<'_>,
    ) -> Result<Vec<Box<dyn AdapterConfig>>, toml::de::Error> {
        (self.read)(value)
    }

    /// A table that need not be written, given the receivers that the written ones serve.
    pub fn unwritten(&self, served: &BTreeSet<String>) -> Option<Box<dyn AdapterConfig>> {
        (self.unwritten)(served)
    }
}
