//! The tables of the flow and of each plug-in, and how they are stored: a row under the name of its set and table,
//! and beside them the forms of all tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordon_contract::{Changed, Fault, Rows};
use cordon_journal::{JournalFault, State};

use crate::decide::core::Core;
use crate::fault::of_journal;

/// The set of the flow's own fold.
pub(crate) const FOLD: &str = "flow.fold";
/// The set of the newest statement about every subject.
pub(crate) const PRECEDENCE: &str = "flow.precedence";
/// The set of the settings that hold.
pub(crate) const SETTINGS: &str = "flow.settings";
/// Where the forms of all tables are stored.
pub(crate) const FORMS: &str = "flow.forms";
/// Rows read from the store at once.
const ROWS_AT_ONCE: usize = 10_000;

/// Tables that are stored, trusted and stepped together.
pub(crate) struct TableSet<'a> {
    pub name: String,
    pub tables: Vec<&'a mut dyn Rows>,
}

impl<'a> TableSet<'a> {
    pub(crate) fn new(name: &str, tables: Vec<&'a mut dyn Rows>) -> Self {
        Self {
            name: name.to_owned(),
            tables,
        }
    }

    /// Names and forms of its tables.
    fn forms(&self) -> Vec<String> {
        let forms = self.tables.iter();
        forms
            .map(|table| format!("{}/{}", table.name(), table.form()))
            .collect()
    }

    /// Empties its tables.
    pub(crate) fn clear(&mut self) {
        for table in &mut self.tables {
            table.begin_anew();
        }
    }

    /// Fills its tables with what is stored.
    fn load(&mut self, state: &Arc<dyn State>) -> Result<(), Fault> {
        self.clear();
        for table in &mut self.tables {
            let space = space(&self.name, table.name());
            let mut from = Vec::new();
            loop {
                let rows = state
                    .range(&space, &from, &[], ROWS_AT_ONCE)
                    .map_err(stored)?;
                for (key, row) in &rows {
                    table.load(key, row)?;
                }
                match rows.last() {
                    Some((last, _)) if rows.len() == ROWS_AT_ONCE => {
                        from.clone_from(last);
                        from.push(0);
                    }
                    _ => break,
                }
            }
        }
        Ok(())
    }
}

/// The set of a plug-in.
pub(crate) fn namespace(plugin: &str) -> String {
    format!("plugin.{plugin}")
}

/// Where the rows of a table are stored.
pub(crate) fn space(set: &str, table: &str) -> String {
    format!("{set}.{table}")
}

fn stored(failure: JournalFault) -> Fault {
    of_journal(&failure)
}

/// The forms of all tables, as stored: a line for each set.
pub(crate) fn forms(core: &mut Core) -> Vec<u8> {
    let sets = core.table_sets().into_iter();
    let lines = sets.map(|set| format!("{} {}", set.name, set.forms().join(" ")));
    lines.collect::<Vec<_>>().join("\n").into_bytes()
}

/// The forms that are stored: the tables of each set, each with its form.
fn stored_forms(state: &Arc<dyn State>) -> Result<BTreeMap<String, Vec<String>>, Fault> {
    let bytes = state.snapshot(FORMS).map_err(stored)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let sets = text.lines().map(|line| {
        let mut words = line.split_whitespace().map(str::to_owned);
        (words.next().unwrap_or_default(), words.collect())
    });
    Ok(sets.collect())
}

/// What loading came to.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Loaded {
    /// Sets whose tables are stored in another form, or not at all: they are empty.
    pub fresh: Vec<String>,
    /// Where rows are stored that nobody reads any more.
    pub stale: Vec<String>,
}

/// Fills all tables with what is stored.
///
/// # Errors
/// `P012` when a row cannot be read in the form it is said to have, `J0..` when the store cannot be read.
pub(crate) fn load(core: &mut Core, state: &Arc<dyn State>) -> Result<Loaded, Fault> {
    let mut stored = stored_forms(state)?;
    let mut loaded = Loaded::default();
    for set in core.own_sets() {
        load_set(set, state, &mut stored, &mut loaded)?;
    }
    core.own_restored();
    // Which plug-ins run, and so which tables there are, is said by the settings that held then.
    core.settle();
    for set in core.plugin_sets() {
        load_set(set, state, &mut stored, &mut loaded)?;
    }
    // What is stored counts by its forms here, whoever ran before.
    drop(core.take_forgotten());
    for (set, forms) in stored {
        loaded.stale.extend(spaces(&set, forms));
    }
    core.restored();
    Ok(loaded)
}

/// Fills the tables of one set, when they are stored in the form they have.
fn load_set(
    mut set: TableSet<'_>,
    state: &Arc<dyn State>,
    stored: &mut BTreeMap<String, Vec<String>>,
    loaded: &mut Loaded,
) -> Result<(), Fault> {
    let stored = stored.remove(&set.name).unwrap_or_default();
    if stored == set.forms() {
        return set.load(state);
    }
    set.clear();
    loaded.stale.extend(spaces(&set.name, stored));
    // One without tables remembers nothing that it could be brought to.
    if !set.tables.is_empty() {
        loaded.fresh.push(set.name);
    }
    Ok(())
}

/// Where the tables of these forms are stored.
fn spaces(set: &str, forms: Vec<String>) -> impl Iterator<Item = String> {
    forms.into_iter().map(move |form| {
        let (table, _) = form.split_once('/').unwrap_or((&form, ""));
        space(set, table)
    })
}

/// Empties all tables, as plug-ins begin.
pub(crate) fn clear(core: &mut Core) {
    for mut set in core.table_sets() {
        set.clear();
    }
    core.restored();
}

/// What is to be stored.
#[derive(Default)]
pub(crate) struct Handed {
    /// Where nothing is to be stored any more, before the rows are.
    pub emptied: Vec<String>,
    /// Rows by where, not yet turned into bytes.
    pub rows: Vec<(String, Changed)>,
}

/// How many rows a save would hand over.
pub(crate) fn changed(core: &mut Core) -> usize {
    let sets = core.table_sets().into_iter();
    let tables = sets.flat_map(|set| set.tables);
    tables.map(|table| table.changed()).sum()
}

/// What changed since this was asked last.
pub(crate) fn take_changed(core: &mut Core) -> Handed {
    let mut handed = Handed {
        emptied: core.take_forgotten(),
        rows: Vec::new(),
    };
    for set in core.table_sets() {
        for table in set.tables {
            if table.changed() > 0 {
                handed
                    .rows
                    .push((space(&set.name, table.name()), table.take_changed()));
            }
        }
    }
    handed
}

/// All there is, to be stored in place of what is stored: the rows, and where there are none.
pub(crate) fn take_all(core: &mut Core) -> Handed {
    let mut handed = Handed {
        emptied: core.take_forgotten(),
        rows: Vec::new(),
    };
    for set in core.table_sets() {
        for table in set.tables {
            let all = table.all();
            drop(table.take_changed());
            handed.rows.push((space(&set.name, table.name()), all));
        }
    }
    handed
}
