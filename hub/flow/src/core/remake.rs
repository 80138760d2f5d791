//! Making the plug-ins again, of other settings or of another's state, while their tables stay.

use std::sync::Arc;

use cordon_contract::{Decisions, Entry, Plugin};
use cordon_model::Timestamp;

use super::Core;
use crate::batch::Line;
use crate::mark::Mark;
use crate::settings::{Maker, Settings};
use crate::tables::namespace;

impl Core {
    /// The plug-ins were made by this maker, of the settings of today, and are made again by it when an entry says
    /// that others hold.
    pub(crate) fn made_by(mut self, maker: Option<Arc<dyn Maker>>) -> Self {
        self.settings = Settings::by(maker);
        self
    }

    /// The settings that hold.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Marks of `Settings` entries that this program cannot use; they are counted already.
    pub(crate) fn take_unusable(&mut self) -> Vec<Mark> {
        std::mem::take(&mut self.unusable)
    }

    /// Makes the plug-ins again where other settings hold than they were made of. Their tables, and what is known of
    /// which rows changed, go from the old ones to the new.
    pub(crate) fn settle(&mut self) {
        self.settle_with(Vec::new());
    }

    /// Takes up what these durable `Settings` entries say. `plugins` were made by `maker` of what it says of today,
    /// which is what holds now.
    pub(crate) fn take_up(
        &mut self,
        lines: &[Line],
        maker: Arc<dyn Maker>,
        plugins: Vec<Box<dyn Plugin>>,
    ) {
        for line in lines {
            self.begin();
            self.step(&line.entry, &line.draft, line.depth);
        }
        self.settings.go_by(maker);
        self.settle_with(plugins);
    }

    fn settle_with(&mut self, ready: Vec<Box<dyn Plugin>>) {
        let Some((made, unusable)) = self.settings.remade(ready) else {
            return;
        };
        for (number, why) in unusable {
            let mark = Mark::unusable(number, &why);
            self.fold.now.marked.count(&mark);
            self.unusable.push(mark);
        }
        for fresh in made.plugins {
            self.replace(fresh);
        }
    }

    /// Puts a fresh plug-in in the place of the one there is, which hands its tables over.
    fn replace(&mut self, mut fresh: Box<dyn Plugin>) {
        let slots = self.plugins.iter_mut().skip(1);
        let mut slots = slots.filter(|slot| slot.name() == fresh.name());
        // One that is not here is stepped elsewhere.
        let Some(slot) = slots.next() else { return };
        let tables = slot.tables().into_iter().zip(fresh.tables());
        let mut moved = tables.map(|(old, new)| new.exchange(old));
        if moved.all(|is_moved| is_moved) {
            drop(moved);
            fresh.restored();
            *slot = fresh;
        } else {
            // The same program makes both, so this is a defect of the plug-in.
            tracing::error!(
                name = slot.name(),
                "its tables are others when it is made again"
            );
        }
    }

    /// The plug-ins of these sets, taken out into a core of their own that has seen nothing, until
    /// [`Core::join`].
    pub(crate) fn apart(&mut self, sets: &[String]) -> Self {
        let mut alone = Self::new(self.sealer.clone(), Vec::new()).made_by(self.settings.maker());
        let is_of = |plugin: &dyn Plugin| sets.contains(&namespace(plugin.name()));
        for slot in self.plugins.iter_mut().skip(1) {
            if is_of(&**slot) {
                let away = Box::new(Away(slot.name()));
                alone.plugins.push(std::mem::replace(slot, away));
            }
        }
        alone
    }

    /// Takes the plug-ins back in their places.
    pub(crate) fn join(&mut self, alone: Self) {
        for plugin in alone.plugins.into_iter().skip(1) {
            let slots = self.plugins.iter_mut().skip(1);
            if let Some(slot) = slots.into_iter().find(|slot| slot.name() == plugin.name()) {
                *slot = plugin;
            }
        }
    }
}

/// Holds the place of a plug-in that is stepped alone.
struct Away(&'static str);

impl Plugin for Away {
    fn name(&self) -> &'static str {
        self.0
    }

    fn step(&mut self, _entry: &Entry, _decisions: &mut Decisions) {}

    fn is_due(&self, _time: Timestamp, _clock: Timestamp) -> bool {
        false
    }
}
