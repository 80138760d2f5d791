//! Bringing plug-ins and fold to the end of the journal at a start.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_contract::Fault;
use cordon_journal::{Changes, FaultKind, InboxMark, Journal, JournalFault, Record, State};
use cordon_model::{Digest, MessageId, PartyId, Timestamp};

use crate::corridor::identity_again;
use crate::corridor::inbox::Inbox;
use crate::decide::authority::Authority;
use crate::decide::core::Core;
use crate::decide::draft::Draft;
use crate::decide::entry_codec::entry_of;
use crate::decide::guard::GUARD;
use crate::decide::tables::{self, FORMS, Loaded, namespace};
use crate::fault::{CONFIGURATION, fault, of_journal};
use crate::flags;
use crate::sequencer::unstored::Unstored;
use crate::watch::entry_reader::{EntryReader, Reread};

/// Inbox marks after which the state is saved at once.
pub(crate) const MARKS_MAX: usize = 100_000;

/// Inbox marks kept in memory at a start on a disk that does not take the state, about 300 MB; beyond, the
/// journal is not opened until it does.
const UNSAVED_MAX: usize = 1_000_000;

/// What recovery did.
#[derive(Debug)]
pub(crate) struct Recovered {
    /// The entry the stored state stood for; 0 when all was stepped again.
    pub from: u64,
    /// Entries stepped again.
    pub stepped: u64,
    /// How long it took.
    pub took: Duration,
    /// What the store does not hold yet beside what changed.
    pub unstored: Unstored,
}

/// Restores the stored state if it stands in this journal, and steps what came after it. An entry
/// that cannot be read, or that `authority` does not allow and nobody judged, is marked and passed
/// over; `keep` is for how many entries ids are remembered.
pub(crate) fn recover(
    journal: &Journal,
    reader: &EntryReader,
    state: &Arc<dyn State>,
    core: &mut Core,
    authority: &Authority,
    (inbox, keep): (&Inbox, u64),
) -> Result<Recovered, Fault> {
    let begun = Instant::now();
    inbox.forget(journal.last());
    check_names(core)?;
    let mut from = 0;
    let mut unstored = Unstored::default();
    if let Some(position) = trusted(journal, reader, state)?
        && let Some(loaded) = restored(reader, state, core)?
    {
        from = position;
        step_alone(reader, core, authority, (&loaded.fresh, from))?;
        core.settle();
        reader.mark_unusable(core.take_unusable());
        unstored = Unstored::emptied(loaded.stale);
    }
    if from == 0 {
        require_first(reader)?;
        tables::clear(core);
        let (stored, _) = state.position().map_err(|failure| of_journal(&failure))?;
        if stored > 0 {
            state.wipe().map_err(|failure| of_journal(&failure))?;
        }
    }
    let last = journal.last();
    let mut stepped = 0;
    let mut save_at = MARKS_MAX;
    if from < last {
        let forget_below = last.saturating_sub(keep);
        let records = reader
            .journal()
            .read_range(from + 1, last)
            .map_err(|failure| of_journal(&failure))?;
        for record in records {
            let record = record.map_err(|failure| of_journal(&failure))?;
            let Some(identity) = step(reader, core, authority, &record)? else {
                return Err(not_from_what_is_left(format!(
                    "what entry {} said has expired",
                    record.number
                )));
            };
            if record.number > forget_below {
                remember(inbox, &record, identity);
            }
            if inbox.waiting() >= save_at {
                save_at = match save(state, core, inbox, (&record, &mut unstored))? {
                    true => MARKS_MAX,
                    false => inbox.waiting() + MARKS_MAX,
                };
            }
            stepped += 1;
        }
    }
    let took = begun.elapsed();
    Ok(Recovered {
        from,
        stepped,
        took,
        unstored,
    })
}

/// All entries can be stepped again only where all are there.
fn require_first(reader: &EntryReader) -> Result<(), Fault> {
    let Some(first) = reader.first()?.filter(|first| *first > 1) else {
        return Ok(());
    };
    Err(not_from_what_is_left(format!(
        "the journal begins with entry {first}"
    )))
}

/// The refusal of a start that would make up a state from a part of what was said.
fn not_from_what_is_left(why: String) -> Fault {
    let detail = format!(
        "there is no state that this program can go on from, and {why}: what it came to is not to be found from what is left; start the program version that wrote the state, or restore it, or a checkpoint, from a backup"
    );
    of_journal(&JournalFault::new(FaultKind::Checkpoint, "state", detail))
}

/// Steps one entry again and gives what it is recognised by; `None` when what it said has expired. What was decided then stands in
/// the journal; it is not decided again.
fn step(
    reader: &EntryReader,
    core: &mut Core,
    authority: &Authority,
    record: &Record,
) -> Result<Option<Digest>, Fault> {
    let (mut draft, mark): (Box<Draft>, _) = match reader.reread(record)? {
        Reread::Read(draft, mark) => (draft, mark),
        Reread::Unreadable(mark) => {
            core.pass_over(record, &mark);
            return Ok(Some(Digest(record.digest)));
        }
        Reread::Expired => return Ok(None),
    };
    let time = Timestamp::from_micros(record.time_micros);
    let identity = identity_again(&draft, core.fold().now.judged);
    match core.judge_past(Some(authority), time, &draft) {
        Ok(bits) => draft.flags = bits,
        Err(why) => {
            core.pass_over(record, &reader.mark_unlawful(record.number, &why));
            return Ok(Some(identity));
        }
    }
    if draft.flags & flags::DECIDED == 0 {
        core.begin();
    }
    core.step(&entry_of(record, &draft), &draft, 0);
    reader.mark_unusable(core.take_unusable());
    if let Some(mark) = mark {
        core.mark(&mark);
    }
    Ok(Some(identity))
}

/// Notes an accepted message. Who sent it and its digest stand in the record itself, so that this
/// holds for a message that cannot be read too.
pub(crate) fn remember(inbox: &Inbox, record: &Record, identity: Digest) {
    if record.flags & flags::KEYED == 0 {
        return;
    }
    let Ok(sender) = PartyId::new(record.sender.as_str()) else {
        return;
    };
    let mark = InboxMark {
        number: record.number,
        time_micros: record.time_micros,
        marks: record.flags & flags::WARNED,
        digest: record.digest,
        identity: identity.0,
        chain: record.chain,
    };
    inbox.note_durable(sender, MessageId::from_bytes(record.message_id), mark);
}

/// Saves the state on the way, so that a long journal takes no more memory than a short one. False when
/// the disk does not take it.
fn save(
    state: &Arc<dyn State>,
    core: &mut Core,
    inbox: &Inbox,
    (record, unstored): (&Record, &mut Unstored),
) -> Result<bool, Fault> {
    let mut changes = Changes::at(record.number, record.chain);
    unstored.add(tables::take_changed(core))?;
    unstored.fill(&mut changes);
    changes.snapshot(FORMS, tables::forms(core));
    inbox.fill(&mut changes);
    match state.commit(&changes) {
        Ok(()) => unstored.stored(),
        // One that is too large for it is none for which a hub does not start.
        Err(failure)
            if (failure.is_of_disk() || failure.kind() == FaultKind::StateLimit)
                && inbox.waiting() < UNSAVED_MAX =>
        {
            tracing::warn!(%failure, "the state is not saved on the way");
            return Ok(false);
        }
        Err(failure) => return Err(of_journal(&failure)),
    }
    inbox.stored(record.number);
    tracing::info!(number = record.number, "entries stepped again so far");
    Ok(true)
}

/// The stored position, when the journal holds that very entry.
fn trusted(
    journal: &Journal,
    reader: &EntryReader,
    state: &Arc<dyn State>,
) -> Result<Option<u64>, Fault> {
    let stored = |failure: cordon_journal::JournalFault| of_journal(&failure);
    let (number, chain) = state.position().map_err(stored)?;
    if number == 0 {
        return Ok(None);
    }
    let record = reader.journal().get(number).map_err(stored)?;
    if record.is_none_or(|record| record.chain != chain) {
        // Who opens the two has settled this: a loss is accepted by name, never by going on.
        return Err(of_journal(&JournalFault::new(
            FaultKind::Short,
            format!("entry {number}"),
            format!(
                "the state stands for it, the journal ends with {} or holds another",
                journal.last()
            ),
        )));
    }
    Ok(Some(number))
}

/// Whether every order the state holds open can be read, and so be expired or handed out again. Each
/// batch is read once, however many orders it holds.
fn open_orders_are_readable(reader: &EntryReader, core: &Core) -> Result<bool, Fault> {
    let mut records = reader.journal().nearby();
    for number in core.fold().open.keys() {
        let record = records.get(*number);
        let Some(record) = record.map_err(|failure| of_journal(&failure))? else {
            return Ok(false);
        };
        if !matches!(reader.reread(&record)?, Reread::Read(..)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Fills the core with what is stored; `None` when all must be stepped again.
fn restored(
    reader: &EntryReader,
    state: &Arc<dyn State>,
    core: &mut Core,
) -> Result<Option<Loaded>, Fault> {
    let loaded = match tables::load(core, state) {
        Ok(loaded) => loaded,
        Err(fault) => {
            // The fault's own remedy is for other places: here nobody has to do anything.
            tracing::warn!(
                code = fault.code(),
                why = fault.log_text(),
                "the stored state is damaged; it is built again from the journal, nothing is to be corrected"
            );
            return Ok(None);
        }
    };
    if loaded.fresh.iter().any(|set| is_flows(set)) {
        tracing::warn!(
            "the stored state is incomplete or another version's, all entries are stepped again"
        );
        return Ok(None);
    }
    if !open_orders_are_readable(reader, core)? {
        tracing::warn!(
            "the stored state names an order that cannot be read, all entries are stepped again"
        );
        return Ok(None);
    }
    Ok(Some(loaded))
}

/// Whether a set of tables is the flow's own: every plug-in's steps stand on those.
fn is_flows(set: &str) -> bool {
    set.starts_with("flow.") || set == namespace(GUARD)
}

/// Steps plug-ins alone that are new, or whose tables have another form, over what the others have seen. What was
/// decided then stands in the journal.
fn step_alone(
    reader: &EntryReader,
    core: &mut Core,
    authority: &Authority,
    (fresh, last): (&[String], u64),
) -> Result<(), Fault> {
    if fresh.is_empty() {
        return Ok(());
    }
    tracing::warn!(
        sets = fresh.join(", "),
        last,
        "plug-ins that are new or of another form step the journal alone"
    );
    let first = reader.first()?.unwrap_or(1);
    let mut alone = core.apart(fresh, first);
    let stepped = all_stepped(reader, &mut alone, authority, (first, last));
    core.join(alone);
    stepped
}

fn all_stepped(
    reader: &EntryReader,
    core: &mut Core,
    authority: &Authority,
    (first, last): (u64, u64),
) -> Result<(), Fault> {
    if first > 1 {
        tracing::warn!(
            first,
            "what came before is forgotten, so they know nothing of it"
        );
    }
    let mut expired = 0;
    let records = reader.journal().read_range(first, last);
    for record in records.map_err(|failure| of_journal(&failure))? {
        let record = record.map_err(|failure| of_journal(&failure))?;
        // Of what has expired they know nothing, as of what is gone.
        expired += u64::from(step(reader, core, authority, &record)?.is_none());
    }
    if expired > 0 {
        tracing::warn!(
            expired,
            "what these entries said has expired, so they know nothing of it"
        );
    }
    core.settle();
    Ok(())
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
