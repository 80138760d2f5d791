//! A kind of plug-in without its type: what the list holds.

use std::fmt;

use cordon_contract::{Fault, Plugin, PluginKind, Premises};
use cordon_flow::{PLUGINS, Part};
use cordon_model::plan::ParkPlan;
use toml::de::ValueDeserializer;

use crate::settings::{part_of, read_as};

/// A section `[plugins.NAME]`, whichever it is.
pub trait Section: fmt::Debug + Send + Sync {
    /// What is wrong with it, at places inside it.
    fn check(&self, plan: &ParkPlan) -> Vec<Fault>;

    /// What the journal says of it.
    ///
    /// # Errors
    /// `K099` when it cannot be an entry.
    fn part(&self) -> Result<Part, Fault>;

    /// The plug-in of it.
    fn plugin(self: Box<Self>, premises: &Premises) -> Box<dyn Plugin>;
}

impl<T: PluginKind> Section for T {
    fn check(&self, plan: &ParkPlan) -> Vec<Fault> {
        PluginKind::check(self, plan)
    }

    fn part(&self) -> Result<Part, Fault> {
        part_of(&part_name(T::NAME), T::FORM, self)
    }

    fn plugin(self: Box<Self>, premises: &Premises) -> Box<dyn Plugin> {
        PluginKind::plugin(*self, premises)
    }
}

/// A kind of plug-in.
pub struct Kind {
    /// Its section is `[plugins.NAME]`.
    pub name: &'static str,
    form: u16,
    read: fn(ValueDeserializer<'_>) -> Result<Box<dyn Section>, toml::de::Error>,
    held: fn(&Part) -> Result<Box<dyn Section>, Fault>,
}

impl Kind {
    /// The kind whose section is read as this type.
    #[allow(
        dead_code,
        reason = "the list may be empty, as it is while no plug-in came with a section"
    )]
    pub const fn of<T: PluginKind>() -> Self {
        Self {
            name: T::NAME,
            form: T::FORM,
            read: |section| Ok(Box::new(T::deserialize(section)?)),
            held: |part| Ok(Box::new(read_as::<T>(part, T::FORM)?)),
        }
    }

    /// Its section, from the value of its key.
    ///
    /// # Errors
    /// What the parser says of the first that is wrong.
    pub fn read(&self, value: ValueDeserializer<'_>) -> Result<Box<dyn Section>, toml::de::Error> {
        (self.read)(value)
    }

    /// Its part of the settings: its name.
    pub fn part_name(&self) -> String {
        part_name(self.name)
    }

    /// The part that says that it does not run.
    pub fn nothing(&self) -> Part {
        Part::nothing(&self.part_name(), self.form)
    }

    /// Its section as a part says it.
    ///
    /// # Errors
    /// `F095` when this program cannot read it.
    pub fn held(&self, part: &Part) -> Result<Box<dyn Section>, Fault> {
        (self.held)(part)
    }
}

fn part_name(kind: &str) -> String {
    format!("{PLUGINS}{kind}")
}
