//! Making the plug-ins again, of other settings or of another's state, while their tables stay.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordon_contract::Plugin;

use super::Core;
use crate::decide::batch::Line;
use crate::decide::mark::Mark;
use crate::decide::settings::{Absent, Maker, Settings};
use crate::decide::tables::{namespace, space};

impl Core {
    /// The plug-ins were made by this maker, of no parts, and are made again by it when an entry says that others hold.
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
        if slot.tables().is_empty() || fresh.tables().is_empty() {
            // One of the two is not there, or remembers nothing.
            self.begin_anew(fresh);
            return;
        }
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

    /// Puts a plug-in in the place of the one of its name. It begins with nothing; what that one remembered is
    /// forgotten, here and where it is stored.
    fn begin_anew(&mut self, mut fresh: Box<dyn Plugin>) {
        let slots = self.plugins.iter_mut().skip(1);
        let mut slots = slots.filter(|slot| slot.name() == fresh.name());
        let Some(slot) = slots.next() else { return };
        let set = namespace(slot.name());
        let tables = slot.tables().into_iter();
        self.forgotten
            .extend(tables.map(|table| space(&set, table.name())));
        for table in fresh.tables() {
            table.begin_anew();
        }
        fresh.restored();
        *slot = fresh;
    }

    /// The plug-ins of these sets, taken out into a core of their own that has seen nothing but what was said of
    /// settings before entry `first`, until [`Core::join`].
    pub(crate) fn apart(&mut self, sets: &[String], first: u64) -> Self {
        let maker = self.settings.maker();
        // Those there are were made of what holds where the state stands; these begin where the journal does.
        let made = maker
            .as_ref()
            .map(|maker| maker.make(&BTreeMap::new()).map(|made| made.plugins));
        let mut fresh = made.and_then(Result::ok).unwrap_or_default();
        let mut alone = Self::new(self.sealer.clone(), Vec::new()).made_by(maker);
        alone.settings.begin_with(&self.settings, first);
        let is_of = |plugin: &dyn Plugin| sets.contains(&namespace(plugin.name()));
        for slot in self.plugins.iter_mut().skip(1).filter(|it| is_of(&***it)) {
            let there = std::mem::replace(slot, Box::new(Absent(slot.name())));
            let begins = fresh.iter().position(|it| it.name() == there.name());
            alone
                .plugins
                .push(begins.map_or(there, |index| fresh.swap_remove(index)));
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
