//! All that is stored of a core, set by set: the flow's own, and one for each plug-in.

use cordon_contract::{Fault, Kept, Plugin};

use super::Core;
use crate::decide::fold::Fold;
use crate::decide::precedence::Precedence;
use crate::decide::settings::Settings;
use crate::decide::tables::{FOLD, PRECEDENCE, SETTINGS, TableSet, namespace};

/// How many sets of tables are the flow's own.
const OWN_SETS: usize = 3;

/// A core as it stood.
pub(crate) struct KeptCore(Vec<Kept>);

impl Core {
    /// Everything as it stands now, for [`Core::put_back`].
    pub(crate) fn kept(&mut self) -> Result<KeptCore, Fault> {
        let sets = self.table_sets().into_iter();
        let kept = sets.map(|set| Kept::of(set.tables));
        kept.collect::<Result<_, _>>().map(KeptCore)
    }

    /// Takes back what a recovery that ended half way left behind.
    pub(crate) fn put_back(&mut self, kept: &KeptCore) -> Result<(), Fault> {
        // The fold comes first: orders are let out under its epoch whatever else fails.
        let (own, plugins) = kept.0.split_at(OWN_SETS.min(kept.0.len()));
        let sets = self.own_sets().into_iter().zip(own);
        let put = sets.map(|(set, kept)| kept.put_back(set.tables));
        let put = put.collect::<Result<(), _>>();
        self.own_restored();
        self.settle();
        let sets = self.plugin_sets().into_iter().zip(plugins);
        let put_plugins = sets.map(|(mut set, kept)| {
            // Whether one runs may be said since.
            set.clear();
            kept.put_back(set.tables)
        });
        let put_plugins = put_plugins.collect::<Result<(), _>>();
        self.restored();
        put.and(put_plugins)
    }

    /// All that is stored, by the set it belongs to: the flow's own come first.
    pub(crate) fn table_sets(&mut self) -> Vec<TableSet<'_>> {
        let mut sets = own_sets(&mut self.fold, &mut self.precedence, &mut self.settings);
        sets.extend(plugin_sets(&mut self.plugins));
        sets
    }

    /// The flow's own sets.
    pub(crate) fn own_sets(&mut self) -> Vec<TableSet<'_>> {
        own_sets(&mut self.fold, &mut self.precedence, &mut self.settings)
    }

    /// A set for each plug-in; which tables it has depends on what the flow's own sets say of the settings.
    pub(crate) fn plugin_sets(&mut self) -> Vec<TableSet<'_>> {
        plugin_sets(&mut self.plugins)
    }

    /// The tables of all sets were filled or emptied.
    pub(crate) fn restored(&mut self) {
        self.own_restored();
        for plugin in &mut self.plugins {
            plugin.restored();
        }
    }

    /// The tables of the flow's own sets were.
    pub(crate) fn own_restored(&mut self) {
        self.fold.restored();
        self.precedence.restored();
        self.settings.restored();
    }

    /// Where rows are stored that nobody has any more, since this was asked last.
    pub(crate) fn take_forgotten(&mut self) -> Vec<String> {
        std::mem::take(&mut self.forgotten)
    }
}

fn own_sets<'a>(
    fold: &'a mut Fold,
    precedence: &'a mut Precedence,
    settings: &'a mut Settings,
) -> Vec<TableSet<'a>> {
    vec![
        TableSet::new(FOLD, fold.tables()),
        TableSet::new(PRECEDENCE, precedence.tables()),
        TableSet::new(SETTINGS, settings.tables()),
    ]
}

fn plugin_sets(plugins: &mut [Box<dyn Plugin>]) -> Vec<TableSet<'_>> {
    let sets = plugins.iter_mut();
    sets.map(|plugin| TableSet::new(&namespace(plugin.name()), plugin.tables()))
        .collect()
}
