//! The deterministic heart: steps plug-ins over entries and turns what they decide into drafts.
//!
//! The running hub, a restart and a replay use this same code. Nothing in here reads a clock,
//! draws a random number or touches a disk (I3).

mod remake;
mod sets;

use std::borrow::Cow;
use std::sync::Arc;

use cordon_contract::{
    Decision, Decisions, Entry, EntryKind, Fault, Kept, NoRoom, Plugin, Standing, Word, speaker_of,
};
use cordon_journal::Record;
use cordon_model::{AuditOutcome, Body, Timestamp};
use cordon_wire::WireFault;

use crate::decide::ages::Reach;
use crate::decide::authority::Authority;
use crate::decide::batch::Batch;
use crate::decide::draft::{Draft, Slip, TARGET_BYTES_MAX};
use crate::decide::fold::Fold;
use crate::decide::guard::Guard;
use crate::decide::mark::Mark;
use crate::decide::precedence::Precedence;
use crate::decide::retold;
use crate::decide::sealer::{AuditNote, Particulars, Sealer, decided_id, digest_of_parts};
use crate::decide::settings::Settings;
use crate::decide::settled::Times;
use crate::flags;
use crate::text::clip;

/// Longest chain of decisions that answer decisions; what would come after it is an audit entry.
pub const DECISION_DEPTH_MAX: u32 = 16;
/// Most entries one input may lead to.
pub const DECISIONS_PER_INPUT_MAX: usize = 4_096;

/// Who tells an alarm again, in the ids of what is decided.
const RETOLD: &str = "flow.retold";

/// Plug-ins and the flow's own fold, stepped together.
pub(crate) struct Core {
    sealer: Sealer,
    plugins: Vec<Box<dyn Plugin>>,
    fold: Fold,
    precedence: Precedence,
    settings: Settings,
    /// `Settings` entries that this program cannot use, until somebody takes their marks.
    unusable: Vec<Mark>,
    /// Where rows are stored of plug-ins that do not run any more, until somebody takes it.
    forgotten: Vec<String>,
    /// Lines the present input has led to.
    closure: usize,
}

impl Core {
    /// Fresh plug-ins; the flow's own guard comes first.
    pub(crate) fn new(sealer: Sealer, plugins: Vec<Box<dyn Plugin>>) -> Self {
        let mut all: Vec<Box<dyn Plugin>> = vec![Box::new(Guard::default())];
        all.extend(plugins);
        Self {
            sealer,
            plugins: all,
            fold: Fold::default(),
            precedence: Precedence::default(),
            settings: Settings::default(),
            unusable: Vec::new(),
            forgotten: Vec::new(),
            closure: 0,
        }
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    pub(crate) fn fold(&self) -> &Fold {
        &self.fold
    }

    /// Takes in an entry that cannot be read. The plug-ins do not see it.
    pub(crate) fn pass_over(&mut self, record: &Record, mark: &Mark) {
        self.fold.pass_over(record, mark);
    }

    /// Counts an entry that was read although its form is refused today.
    pub(crate) fn mark(&mut self, mark: &Mark) {
        self.fold.now.marked.count(mark);
    }

    /// Begins anew with nothing known of the journal; the plug-ins stay as they are.
    pub(crate) fn forget(&mut self) {
        self.fold = Fold::default();
        self.precedence = Precedence::default();
        self.settings.forget();
    }

    /// An entry of this time stands in the journal.
    pub(crate) fn was_at(&mut self, time: Timestamp) {
        self.fold.now.last_time = self.fold.now.last_time.max(time.micros());
    }

    /// Takes in an entry without the plug-ins.
    pub(crate) fn recall(&mut self, entry: &Entry, draft: &Draft) {
        let times = self.times_of(entry.number, entry.time);
        self.fold.apply(entry.number, times, draft);
        self.settings.apply(entry.number, draft);
        if !entry.overtaken {
            self.precedence.apply(times, draft);
        }
    }

    /// The times of an entry that comes next, at this time of the journal.
    pub(crate) fn times(&self, entry: Timestamp) -> Times {
        self.times_of(u64::MAX, entry)
    }

    fn times_of(&self, number: u64, entry: Timestamp) -> Times {
        let clock = self.precedence.lead().clock_at(entry);
        self.fold.settled.times(number, entry, clock)
    }

    /// By what the age of entries is told, at the last one, which has this number.
    pub(crate) fn reach(&self, number: u64) -> Reach {
        let last = Timestamp::from_micros(self.fold.now.last_time);
        self.fold
            .reach(number, self.precedence.lead().clock_at(last))
    }

    /// The newest statement about every subject.
    pub(crate) fn precedence(&self) -> &Precedence {
        &self.precedence
    }

    pub(crate) fn plugins(&self) -> &[Box<dyn Plugin>] {
        &self.plugins
    }

    /// Whether a tick of this time gives a plug-in something to do.
    pub(crate) fn is_due(&self, time: Timestamp) -> bool {
        let clock = self.precedence.lead().clock_at(time);
        self.plugins.iter().any(|plugin| plugin.is_due(time, clock))
    }

    /// Whether every plug-in would keep what a message says. What is overtaken changes nothing, so it needs
    /// no room.
    pub(crate) fn has_room(&self, draft: &Draft, time: Timestamp) -> Result<(), NoRoom> {
        let is_test = |draft: &Draft| draft.message.as_deref().is_some_and(|it| it.header.test);
        if draft.kind != EntryKind::Message || is_test(draft) {
            return Ok(());
        }
        let times = self.times(time);
        let entry = Entry {
            clock: times.clock,
            settled: times.settled,
            ..draft.entry(0, time)
        };
        let mut plugins = self.plugins.iter();
        let by_plugins = plugins.find_map(|plugin| plugin.has_room(&entry).err());
        match by_plugins.or(self.precedence.has_room(draft, times).err()) {
            Some(_) if (draft.flags | self.precedence.judge(draft, time)) & flags::IDLE != 0 => {
                Ok(())
            }
            Some(no_room) => Err(no_room),
            None => Ok(()),
        }
    }

    /// Adds an input to the batch and steps it and all that is decided on it, in order of numbers.
    /// Returns the input's place in the batch.
    pub(crate) fn admit(&mut self, batch: &mut Batch, mut input: Draft) -> usize {
        input.flags |= self.precedence.judge(&input, batch.time());
        let place = batch.push(input, 0);
        self.begin();
        let mut cursor = place;
        while let Some(line) = batch.line(cursor) {
            let depth = line.depth;
            for decided in self.step(&line.entry, &line.draft, depth) {
                batch.push(decided, depth + 1);
            }
            cursor += 1;
        }
        place
    }

    /// How an entry stands that the program which wrote it did not judge: its flags, or why it is none that
    /// changes anything. What was judged keeps what it has.
    pub(crate) fn judge_past(
        &self,
        authority: Option<&Authority>,
        time: Timestamp,
        draft: &Draft,
    ) -> Result<u16, Fault> {
        match authority.filter(|_| !self.fold.now.judged) {
            Some(authority) => {
                let clock = self.times(time).clock;
                let bits = authority.judge_past(draft, clock, &self.fold.register)?;
                // What was ordered of gates was carried out then.
                let order = match draft.is_act() {
                    true => 0,
                    false => self.precedence.judge(draft, time),
                };
                Ok(draft.flags | bits | order)
            }
            None => Ok(draft.flags),
        }
    }

    /// Says that the next step begins with an input.
    pub(crate) fn begin(&mut self) {
        self.closure = 1;
    }

    /// Steps everything over one entry and returns what was decided on it.
    pub(crate) fn step(&mut self, entry: &Entry, draft: &Draft, depth: u32) -> Vec<Draft> {
        if draft.kind == EntryKind::Settings {
            // Taken up before the next entry that is none: parts that came together hold together.
            self.recall(entry, draft);
            return Vec::new();
        }
        self.settle();
        self.recall(entry, draft);
        let entry = &*self.with_clock(entry);
        let mut decided = Vec::new();
        let mut decisions = Decisions::default();
        if entry.overtaken {
            retold::tell(entry, draft.flags, &self.fold.register, &mut decisions);
            decided.extend(self.made(entry, draft, RETOLD, &mut decisions));
        }
        // What is overtaken changes nothing: only the guard, which comes first, tells of it.
        let stepped = match entry.overtaken {
            true => 1,
            false => self.plugins.len(),
        };
        for index in 0..stepped {
            let Some(plugin) = self.plugins.get_mut(index) else {
                break;
            };
            plugin.step(entry, &mut decisions);
            let name = plugin.name();
            decided.extend(self.made(entry, draft, name, &mut decisions));
        }
        self.bounded(entry, depth, decided)
    }

    /// An entry with what the hub's clock showed then, by the lead that is known from the entries before, and with
    /// what has surely passed.
    fn with_clock<'a>(&self, entry: &'a Entry) -> Cow<'a, Entry> {
        let clock = self.precedence.lead().clock_at(entry.time);
        let settled = self.fold.settled.last(clock);
        if (clock, settled) == (entry.clock, entry.settled) {
            return Cow::Borrowed(entry);
        }
        Cow::Owned(Entry {
            clock,
            settled,
            ..entry.clone()
        })
    }

    /// Drafts of what `name` decided on an entry.
    fn made(
        &self,
        entry: &Entry,
        draft: &Draft,
        name: &str,
        decisions: &mut Decisions,
    ) -> Vec<Draft> {
        let mut decided = Vec::new();
        for (index, decision) in decisions.take().into_iter().enumerate() {
            let held = Basis {
                epoch: self.fold.now.epoch,
                settings: self.settings.last(),
            };
            let made = draft_of(&self.sealer, held, entry, name, index, decision)
                .or_else(|breach| invalid(&self.sealer, entry, name, index, &breach));
            match made {
                Ok(mut made) => {
                    made.flags |= flags::DECIDED | (draft.flags & flags::LATE);
                    decided.push(made);
                }
                Err(breach) => {
                    tracing::error!(%breach, name, "an audit entry could not be made")
                }
            }
        }
        decided
    }

    /// Keeps decisions within their limits.
    fn bounded(&mut self, entry: &Entry, depth: u32, decided: Vec<Draft>) -> Vec<Draft> {
        if decided.is_empty() {
            return decided;
        }
        let over = depth >= DECISION_DEPTH_MAX
            || self.closure.saturating_add(decided.len()) > DECISIONS_PER_INPUT_MAX;
        if !over {
            self.closure += decided.len();
            return decided;
        }
        tracing::error!(
            entry = entry.number,
            depth,
            "decisions on decisions beyond the limit were dropped"
        );
        if depth > DECISION_DEPTH_MAX || self.closure > DECISIONS_PER_INPUT_MAX {
            return Vec::new();
        }
        // The audit entry itself closes the door: nothing decided on it is taken.
        self.closure = DECISIONS_PER_INPUT_MAX + 1;
        let detail = format!(
            "{} decisions on entry {} dropped: limits are depth {DECISION_DEPTH_MAX} and {DECISIONS_PER_INPUT_MAX} entries for one input",
            decided.len(),
            entry.number
        );
        let note = AuditNote {
            action: "plugin.limit",
            actor: self.sealer.hub(),
            target: None,
            outcome: AuditOutcome::Failure,
            detail: Some(&detail),
        };
        match self
            .sealer
            .audit(decided_id(entry, "flow", 0), entry.time, note)
        {
            Ok(mut audit) => {
                audit.cause = entry.number;
                audit.flags |= flags::DECIDED;
                vec![audit]
            }
            Err(_) => Vec::new(),
        }
    }

    /// SHA-256 over all that is stored and the position. Costs by what there is; asked at the end of a run, of a
    /// replay, and by people.
    pub(crate) fn state_hash(
        &mut self,
        position: (u64, [u8; 32]),
    ) -> Result<cordon_model::Digest, Fault> {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        for set in self.table_sets() {
            for (table, form, rows) in Kept::of(set.tables)?.tables() {
                parts.push(format!("{}.{table}/{form}/{}", set.name, rows.len()).into_bytes());
                let rows = rows.iter().cloned();
                parts.extend(rows.flat_map(|(key, row)| [key, row.unwrap_or_default()]));
            }
        }
        parts.push(position.0.to_be_bytes().to_vec());
        parts.push(position.1.to_vec());
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        Ok(digest_of_parts(&parts))
    }
}

/// What a decision names of what it was made under, which no plug-in knows.
#[derive(Clone, Copy)]
struct Basis {
    /// The epoch of an order to a barrier.
    epoch: u64,
    /// The last entry that said anything of settings; 0 for none.
    settings: u64,
}

/// Makes a draft of a decision; `Err` when it breaks the language.
fn draft_of(
    sealer: &Sealer,
    basis: Basis,
    entry: &Entry,
    name: &str,
    index: usize,
    decision: Decision,
) -> Result<Draft, WireFault> {
    let id = decided_id(entry, name, index);
    let mut draft = match decision {
        Decision::Emit {
            mut body,
            correlation,
            again,
        } => {
            if let Body::PassageDecision(decision) = &mut *body {
                decision.settings_entry = Some(basis.settings).filter(|number| *number > 0);
            }
            let kind = match *body {
                Body::AuditEvent(_) => EntryKind::Audit,
                _ => EntryKind::Message,
            };
            let label = match &*body {
                Body::AuditEvent(event) => Some(event.action.clone()),
                _ => None,
            };
            let mut particulars = decided(id, entry, correlation);
            if again {
                attest(&mut particulars, entry);
            } else if matches!(*body, Body::AlarmEvent(_)) {
                particulars.source_ref = led_by(entry, sealer).and_then(|led| clip(&led, 200));
            }
            let mut draft = sealer.seal(kind, *body, particulars)?;
            if let Some(label) = label {
                draft.label = label;
            }
            if again && entry.standing == Standing::Park {
                draft.flags |= flags::PARK;
            }
            draft
        }
        Decision::Order {
            target,
            lane,
            deadline,
            body,
            correlation,
        } => {
            let slip = Slip {
                target,
                lane,
                deadline,
            };
            order_draft(
                sealer,
                basis.epoch,
                slip,
                *body,
                decided(id, entry, correlation),
            )?
        }
    };
    draft.cause = entry.number;
    Ok(draft)
}

/// Makes a draft of an order; a gate command gets the epoch it is ordered in.
pub(crate) fn order_draft(
    sealer: &Sealer,
    epoch: u64,
    slip: Slip,
    mut body: Body,
    particulars: Particulars,
) -> Result<Draft, WireFault> {
    if let Body::GateCommand(command) = &mut body {
        command.epoch = epoch;
    }
    if slip.target.0.len() > TARGET_BYTES_MAX {
        return Err(WireFault {
            code: "X111",
            place: "order target".into(),
            detail: format!("the target is over {TARGET_BYTES_MAX} bytes"),
            remedy: "shorten the name of the device or receiver",
        });
    }
    let mut draft = sealer.seal(EntryKind::Order, body, particulars)?;
    draft.flags |= flags::lane_bits(slip.lane);
    draft.label = slip.target.0.clone();
    draft.slip = Some(slip);
    Ok(draft)
}

fn decided(id: cordon_model::MessageId, entry: &Entry, correlation: Option<String>) -> Particulars {
    Particulars {
        correlation,
        test: entry
            .message
            .as_ref()
            .is_some_and(|message| message.header.test),
        ..Particulars::derived(id, entry.time)
    }
}

/// The hub vouches for what another said; whoever asks who said it ([`speaker_of`]) finds him.
fn attest(particulars: &mut Particulars, entry: &Entry) {
    let who = entry.message.as_deref().map(speaker_of).unwrap_or_default();
    let name = particulars.correlation.as_deref().unwrap_or_default();
    particulars.source_ref = clip(&format!("{who}/{name}"), 200);
    particulars.attested = true;
}

/// Whose statement led to an alarm of the hub's: it counts for him.
fn led_by(entry: &Entry, sealer: &Sealer) -> Option<String> {
    let by_hub = entry.sender == *sealer.hub();
    match entry.kind {
        EntryKind::Refused => Some(entry.sender.to_string()).filter(|_| !by_hub),
        _ => Word::of(entry.message.as_deref()?, entry.standing, by_hub).reference(),
    }
}

/// A decision that breaks the language is never lost silently: it becomes an audit entry.
fn invalid(
    sealer: &Sealer,
    entry: &Entry,
    name: &str,
    index: usize,
    breach: &WireFault,
) -> Result<Draft, WireFault> {
    tracing::error!(name, entry = entry.number, %breach, "a decision breaks the language");
    let detail = format!("{}: {} at {}", breach.code, breach.detail, breach.place);
    let note = AuditNote {
        action: "plugin.invalid-decision",
        actor: sealer.hub(),
        target: Some(name),
        outcome: AuditOutcome::Failure,
        detail: Some(&detail),
    };
    let mut audit = sealer.audit(decided_id(entry, name, index), entry.time, note)?;
    audit.cause = entry.number;
    Ok(audit)
}

/// What the outbox needs of a committed order.
pub(crate) fn order_of(entry: &Entry, draft: &Draft, epoch: u64) -> Option<cordon_contract::Order> {
    let slip = draft.slip.as_ref()?;
    Some(cordon_contract::Order {
        number: entry.number,
        target: slip.target.clone(),
        lane: slip.lane,
        deadline: slip.deadline,
        epoch,
        attempt: 0,
        turn: 0,
        message: Arc::clone(entry.message.as_ref()?),
    })
}
