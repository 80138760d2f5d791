//! Stepping a whole journal again: same journal, same decisions, byte for byte (I3).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;

use cordon_contract::{Entry, EntryKind, Fault, Plugin};
use cordon_journal::{NewRecord, Record};
use cordon_model::{Digest, Timestamp};

use crate::decide::authority::Authority;
use crate::decide::core::Core;
use crate::decide::draft::Draft;
use crate::decide::entry_codec::entry_of;
use crate::decide::mark::Mark;
use crate::decide::sealer::Sealer;
use crate::decide::settings::{Maker, SettingsLabel};
use crate::fault::{EXPIRED, REPLAY_DIFFERS, fault, of_journal};
use crate::flags;
use crate::watch::entry_reader::{EntryReader, Reread};
use crate::watch::lists_told::{KnownLists, ListsTold};

/// `Settings` entries that a replay names.
const SETTINGS_TOLD_MAX: usize = 1_000;

/// Where a replay and the journal part for the first time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// The journal entry.
    pub number: u64,
    /// What differs: a field, a missing or a surplus decision.
    pub what: String,
    /// The last entry that says anything of the settings that held there; 0 for none.
    pub settings: u64,
}

/// What a replay came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReplayReport {
    /// Entries stepped.
    pub entries: u64,
    /// Decided entries compared byte for byte.
    pub compared: u64,
    /// Entries that cannot be read, that say what their sender may not say, or that were read although
    /// their form is refused today; at most 1,000.
    pub marked: Vec<Mark>,
    /// Decided entries that could not be compared, because they or the entry they answer cannot be
    /// read.
    pub unverified: u64,
    /// The `Settings` entries stepped, each with what its label says; at most 1,000.
    pub settings: Vec<(u64, SettingsLabel)>,
    /// The last entry before the first of them: so far there are no settings in the journal, and today's were taken. 0
    /// for none.
    pub unsettled: u64,
    /// The first difference; `None` when the journal follows from its inputs.
    pub first_difference: Option<Difference>,
    /// Last entry stepped; 0 for an empty journal.
    pub number: u64,
    /// Chain hash there.
    pub chain: Digest,
    /// As [`crate::Submit::state_hash`] of a hub that stands there; zeros for an empty journal.
    pub state_hash: Digest,
}

impl ReplayReport {
    /// The difference as a fault.
    pub fn check(&self) -> Result<(), Fault> {
        match &self.first_difference {
            None => Ok(()),
            Some(difference) => Err(fault(REPLAY_DIFFERS)
                .at(format!("entry {}", difference.number))
                .log(difference.what.clone())),
        }
    }
}

struct Replay {
    core: Core,
    /// What must come next.
    expected: VecDeque<(Draft, u32, Timestamp)>,
    /// Entries since the last input whose decisions cannot be known.
    blind: BTreeSet<u64>,
    report: ReplayReport,
}

/// Steps the journal in `dir` with fresh plug-ins, up to entry `up_to` (or its end), and demands
/// that every decided entry is produced again byte for byte. The plug-ins must be configured as
/// they were when the journal was written. Works beside a running hub.
pub fn replay(
    dir: impl AsRef<Path>,
    plugins: Vec<Box<dyn Plugin>>,
    up_to: Option<u64>,
) -> Result<ReplayReport, Fault> {
    replay_over(&EntryReader::open(dir)?, plugins, up_to)
}

/// As [`replay`], over an open reader.
pub fn replay_over(
    reader: &EntryReader,
    plugins: Vec<Box<dyn Plugin>>,
    up_to: Option<u64>,
) -> Result<ReplayReport, Fault> {
    replay_told(reader, plugins, None, up_to, |_| {})
}

/// As [`replay_over`]; `told` hears the number of each entry stepped. With `authority`, entries of a
/// program that did not ask the table are judged by it, as a start of the hub does; without, they are
/// taken as they stand.
pub fn replay_told(
    reader: &EntryReader,
    plugins: Vec<Box<dyn Plugin>>,
    authority: Option<&Authority>,
    up_to: Option<u64>,
    mut told: impl FnMut(u64),
) -> Result<ReplayReport, Fault> {
    let core_of = |sealer| {
        let plugins = ListsTold::before(KnownLists::default(), plugins);
        Ok(Core::new(sealer, plugins))
    };
    replay_by(reader, core_of, (authority, up_to), &mut told)
}

/// As [`replay_told`], with the plug-ins that `maker` makes: each entry is stepped under the settings that held when
/// it was written, as the journal says them; before it says any, under those of today.
pub fn replay_under(
    reader: &EntryReader,
    maker: &Arc<dyn Maker>,
    authority: Option<&Authority>,
    up_to: Option<u64>,
    mut told: impl FnMut(u64),
) -> Result<ReplayReport, Fault> {
    let core_of = |sealer| {
        let plugins = maker.make(&BTreeMap::new())?.plugins;
        let plugins = ListsTold::before(KnownLists::default(), plugins);
        Ok(Core::new(sealer, plugins).made_by(Some(Arc::clone(maker))))
    };
    replay_by(reader, core_of, (authority, up_to), &mut told)
}

fn replay_by(
    reader: &EntryReader,
    core_of: impl FnOnce(Sealer) -> Result<Core, Fault>,
    (authority, up_to): (Option<&Authority>, Option<u64>),
    told: &mut dyn FnMut(u64),
) -> Result<ReplayReport, Fault> {
    let report = ReplayReport {
        entries: 0,
        compared: 0,
        marked: Vec::new(),
        unverified: 0,
        settings: Vec::new(),
        unsettled: 0,
        first_difference: None,
        number: 0,
        chain: Digest([0; 32]),
        state_hash: Digest([0; 32]),
    };
    let Some(sealer) = sealer_of(reader)? else {
        return Ok(report);
    };
    let mut replay = Replay {
        core: core_of(sealer)?,
        expected: VecDeque::new(),
        blind: BTreeSet::new(),
        report,
    };
    let records = reader.journal().read_range(1, up_to.unwrap_or(u64::MAX));
    for record in records.map_err(|failure| of_journal(&failure))? {
        let record = record.map_err(|failure| of_journal(&failure))?;
        match reader.reread(&record)? {
            Reread::Read(mut draft, mark) => {
                let time = Timestamp::from_micros(record.time_micros);
                match replay.core.judge_past(authority, time, &draft) {
                    Ok(bits) => {
                        let rejudged = bits != draft.flags;
                        draft.flags = bits;
                        replay.step(&record, &draft, mark.as_ref());
                        if rejudged {
                            replay.take_as_it_stands(record.number);
                        }
                    }
                    Err(why) => {
                        let mark = reader.mark_unlawful(record.number, &why);
                        replay.pass_over(&record, &mark);
                    }
                }
            }
            Reread::Unreadable(mark) => replay.pass_over(&record, &mark),
            Reread::Expired => {
                let why = "what came of it is not to be found again, so nothing behind it can be compared";
                return Err(fault(EXPIRED)
                    .at(format!("entry {}", record.number))
                    .log(why));
            }
        }
        reader.mark_unusable(replay.core.take_unusable());
        told(record.number);
    }
    replay.report.marked = reader.marks();
    replay.finish()
}

impl Replay {
    fn step(&mut self, record: &Record, draft: &Draft, mark: Option<&Mark>) {
        let entry = entry_of(record, draft);
        let depth = self.depth(record);
        self.advance(&entry, draft, depth);
        self.note_settings(draft, record.number);
        if let Some(mark) = mark {
            self.core.mark(mark);
        }
        self.count(record);
    }

    fn note_settings(&mut self, draft: &Draft, number: u64) {
        if draft.kind == EntryKind::Settings
            && self.report.settings.len() < SETTINGS_TOLD_MAX
            && let Some(label) = SettingsLabel::read(&draft.label)
        {
            self.report.settings.push((number, label));
        }
        if self.core.settings().last() == 0 {
            self.report.unsettled = number;
        }
    }

    /// An entry that stands differently today than when it was written: what was decided on it then is taken
    /// as it stands, as at a start of the hub.
    fn take_as_it_stands(&mut self, number: u64) {
        self.expected.retain(|(draft, _, _)| draft.cause != number);
        self.blind.insert(number);
    }

    /// An entry that cannot be read. The plug-ins do not see it, as at a start of the hub; what was
    /// decided on it then is taken as it stands.
    fn pass_over(&mut self, record: &Record, mark: &Mark) {
        match record.flags & flags::DECIDED {
            0 => {
                self.depth(record);
            }
            _ => {
                self.expected.pop_front();
                self.report.unverified += 1;
            }
        }
        self.blind.insert(record.number);
        self.core.pass_over(record, mark);
        self.count(record);
    }

    /// How many decisions lie between the input and this entry.
    fn depth(&mut self, record: &Record) -> u32 {
        if record.flags & flags::DECIDED != 0 {
            return self.compare(record);
        }
        self.no_more_expected(record.number);
        self.blind.clear();
        self.core.begin();
        0
    }

    fn count(&mut self, record: &Record) {
        self.report.entries += 1;
        self.report.number = record.number;
        self.report.chain = Digest(record.chain);
    }

    fn advance(&mut self, entry: &Entry, draft: &Draft, depth: u32) {
        for decided in self.core.step(entry, draft, depth) {
            self.expected.push_back((decided, depth + 1, entry.time));
        }
    }

    fn compare(&mut self, record: &Record) -> u32 {
        if self.blind.contains(&record.cause) {
            self.report.unverified += 1;
            return 1;
        }
        self.report.compared += 1;
        match self.expected.pop_front() {
            None => {
                self.differs(
                    record.number,
                    "the journal holds a decision that the plug-ins do not make".into(),
                );
                1
            }
            Some((draft, depth, time)) => {
                if let Some(field) = difference(&draft.record(time), &record.to_new()) {
                    self.differs(record.number, format!("{field} differs"));
                }
                depth
            }
        }
    }

    fn no_more_expected(&mut self, number: u64) {
        if let Some((missing, _, _)) = self.expected.front() {
            let what = format!(
                "the plug-ins decide {:?} {} here, the journal does not",
                missing.kind, missing.label
            );
            self.differs(number, what);
        }
        self.expected.clear();
    }

    fn differs(&mut self, number: u64, what: String) {
        if self.report.first_difference.is_none() {
            self.report.first_difference = Some(Difference {
                number,
                what,
                settings: self.core.settings().last(),
            });
        }
    }

    fn finish(mut self) -> Result<ReplayReport, Fault> {
        self.no_more_expected(self.report.number + 1);
        let position = (self.report.number, self.report.chain.0);
        self.report.state_hash = self.core.state_hash(position)?;
        Ok(self.report)
    }
}

/// The first field in which two records differ.
fn difference(made: &NewRecord, held: &NewRecord) -> Option<&'static str> {
    let fields = [
        ("time", made.time_micros == held.time_micros),
        ("kind", made.kind == held.kind),
        ("part", made.part == held.part),
        ("flags", made.flags == held.flags),
        ("cause", made.cause == held.cause),
        ("message id", made.message_id == held.message_id),
        ("sender", made.sender == held.sender),
        ("label", made.label == held.label),
        ("body", made.body == held.body),
        ("digest", made.digest == held.digest),
    ];
    fields
        .iter()
        .find(|(_, same)| !same)
        .map(|(field, _)| *field)
}

/// Hub and park, from the first start of the hub that can be read. That is entry 1 as a rule; where it
/// cannot be read, every later start and every other note of the hub says the same.
fn sealer_of(reader: &EntryReader) -> Result<Option<Sealer>, Fault> {
    let records = reader.journal().read_range(1, u64::MAX);
    let mut is_empty = true;
    for record in records.map_err(|failure| of_journal(&failure))? {
        let record = record.map_err(|failure| of_journal(&failure))?;
        is_empty = false;
        // What the hub notes itself it says in its own name.
        if record.kind != EntryKind::Audit.number() {
            continue;
        }
        if let Reread::Read(draft, _) = reader.reread(&record)?
            && let Some(message) = &draft.message
        {
            let (hub, park) = (&message.header.sender_id, &message.header.park_code);
            return Ok(Some(Sealer::new(hub.clone(), park.clone())));
        }
    }
    match is_empty {
        true => Ok(None),
        false => Err(fault(REPLAY_DIFFERS)
            .at("entry 1")
            .log("no note of the hub itself can be read: nothing says whose journal this is")),
    }
}
