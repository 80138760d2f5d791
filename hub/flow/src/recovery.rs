//! Bringing plug-ins and fold to the end of the journal at a start.

use std::sync::Arc;

use cordon_contract::Fault;
use cordon_journal::{Journal, State};
use cordon_model::{Digest, MessageId, PartyId};

use crate::core::Core;
use crate::corridor::identity_of;
use crate::entry_codec::entry_of;
use crate::entry_reader::EntryReader;
use crate::fault::{CONFIGURATION, fault, of_journal};
use crate::flags;
use crate::inbox::Inbox;
use crate::precedence::Precedence;

/// Namespace of the flow's own fold.
pub(crate) const FOLD: &str = "flow.fold";
/// Namespace of the newest statement about every subject.
pub(crate) const PRECEDENCE: &str = "flow.precedence";
/// Namespace of the list of plug-ins the state was made with.
pub(crate) const NAMES: &str = "flow.plugins";

/// The namespace of a plug-in's snapshot.
pub(crate) fn namespace(plugin: &str) -> String {
    format!("plugin.{plugin}")
}

/// The plug-ins in order, as stored.
pub(crate) fn names(core: &Core) -> Vec<u8> {
    let names: Vec<&str> = core.plugins().iter().map(|plugin| plugin.name()).collect();
    names.join("\n").into_bytes()
}

/// What recovery did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Recovered {
    /// The entry the stored state stood for; 0 when all was stepped again.
    pub from: u64,
    /// Entries stepped again.
    pub stepped: u64,
}

/// Restores the stored state if it stands in this journal, and steps what came after it.
pub(crate) fn recover(
    journal: &Journal,
    reader: &EntryReader,
    state: &Arc<dyn State>,
    core: &mut Core,
    inbox: &mut Inbox,
) -> Result<Recovered, Fault> {
    let initial: Vec<Vec<u8>> = core
        .plugins()
        .iter()
        .map(|plugin| plugin.snapshot())
        .collect::<Result<_, _>>()?;
    check_names(core)?;
    let mut from = 0;
    if let Some(position) = trusted(journal, reader, state, core)? {
        match restore(state, core) {
            Ok(true) => from = position,
            Ok(false) => {
                tracing::warn!("the stored state is incomplete, all entries are stepped again")
            }
            Err(fault) => {
                tracing::warn!(%fault, "the stored state cannot be used, all entries are stepped again")
            }
        }
    }
    if from == 0 {
        for (plugin, snapshot) in core.plugins_mut().iter_mut().zip(&initial) {
            plugin.restore(snapshot)?;
        }
        core.set_fold(Default::default());
        core.set_precedence(Default::default());
        let (stored, _) = state.position().map_err(|failure| of_journal(&failure))?;
        if stored > 0 {
            state.wipe().map_err(|failure| of_journal(&failure))?;
        }
    }
    let last = journal.last();
    let mut stepped = 0;
    if from < last {
        let records = reader
            .journal()
            .read_range(from + 1, last)
            .map_err(|failure| of_journal(&failure))?;
        for record in records {
            let record = record.map_err(|failure| of_journal(&failure))?;
            reader.note(&record)?;
            let draft = reader.draft_of(&record)?;
            let entry = entry_of(&record, &draft);
            if draft.flags & flags::DECIDED == 0 {
                core.begin();
            }
            // What was decided then stands in the journal; it is not decided again.
            core.step(&entry, &draft, 0);
            if draft.flags & flags::KEYED != 0 {
                note(
                    inbox,
                    &draft.sender,
                    draft.message_id,
                    identity_of(&draft),
                    record.number,
                );
            }
            stepped += 1;
        }
    }
    Ok(Recovered { from, stepped })
}

fn note(inbox: &mut Inbox, sender: &PartyId, id: MessageId, digest: Digest, number: u64) {
    inbox.note(sender, id, digest, number);
}

/// The stored position, when the journal holds that very entry and the plug-ins are the same.
fn trusted(
    journal: &Journal,
    reader: &EntryReader,
    state: &Arc<dyn State>,
    core: &Core,
) -> Result<Option<u64>, Fault> {
    let stored = |failure: cordon_journal::JournalFault| of_journal(&failure);
    let (number, chain) = state.position().map_err(stored)?;
    if number == 0 || number > journal.last() {
        return Ok(None);
    }
    let record = reader.journal().get(number).map_err(stored)?;
    if record.is_none_or(|record| record.chain != chain) {
        return Ok(None);
    }
    let same = state
        .snapshot(NAMES)
        .map_err(stored)?
        .is_some_and(|stored| stored == names(core));
    Ok(same.then_some(number))
}

fn restore(state: &Arc<dyn State>, core: &mut Core) -> Result<bool, Fault> {
    let stored = |failure: cordon_journal::JournalFault| of_journal(&failure);
    for plugin in core.plugins_mut() {
        let Some(snapshot) = state.snapshot(&namespace(plugin.name())).map_err(stored)? else {
            return Ok(false);
        };
        plugin.restore(&snapshot)?;
    }
    let Some(fold) = state.snapshot(FOLD).map_err(stored)? else {
        return Ok(false);
    };
    let fold = postcard::from_bytes(&fold)
        .map_err(|error| fault(CONFIGURATION).log(format!("fold: {error}")))?;
    core.set_fold(fold);
    let Some(precedence) = state.snapshot(PRECEDENCE).map_err(stored)? else {
        return Ok(false);
    };
    let precedence = Precedence::of_bytes(&precedence)
        .map_err(|error| fault(CONFIGURATION).log(format!("precedence: {error}")))?;
    core.set_precedence(precedence);
    Ok(true)
}

fn check_names(core: &Core) -> Result<(), Fault> {
    let mut names: Vec<&str> = core.plugins().iter().map(|plugin| plugin.name()).collect();
    let bad = |why: String| Err(fault(CONFIGURATION).at("plugins").log(why));
    if let Some(long) = names.iter().find(|name| name.is_empty() || name.len() > 48) {
        return bad(format!("the plug-in name {long:?} must have 1 to 48 bytes"));
    }
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => bad(format!("two plug-ins have the name {pair:?}")),
        None => Ok(()),
    }
}
