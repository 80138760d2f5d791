//! The one sequencer: numbers, steps, commits, and only then answers.

mod look;
mod round;

use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_contract::{Clock, EntryKind, Fault};
use cordon_journal::{Changes, FaultKind, Journal, JournalFault, Receipts, SpaceLevel};
use cordon_model::{Digest, Timestamp};

use self::round::Drawn;
pub(crate) use self::round::Round;
use crate::corridor::inbox::Inbox;
use crate::corridor::queue::Queue;
use crate::corridor::work::Work;
use crate::decide::batch::{Batch, LINES_MAX};
use crate::decide::core::order_of;
use crate::decide::draft::Draft;
use crate::decide::fold::is_gate_command;
use crate::decide::mode::{Mode, Modes, Weight};
use crate::decide::tables::{self, FORMS};
use crate::decide::terms::InForce;
use crate::fault::of_journal;
use crate::flags;
use crate::outbox::Dispatch;
use crate::sequencer::answer::{Answerer, refuse, refuse_late};
use crate::sequencer::astray::Unsaved;
use crate::sequencer::config::HubConfig;
use crate::sequencer::intake::{Answer, Intaker, Pending};
use crate::sequencer::kit::{Kit, is_acted};
use crate::sequencer::ledger::Opened;
use crate::sequencer::recovery::{MARKS_MAX, Recovered, recover};
use crate::sequencer::saver::{Save, Saver};
use crate::sequencer::startup::Occasion;
use crate::watch::board::Board;
use crate::watch::entry_reader::EntryReader;
use crate::watch::feed::{Committed, Feed};
use crate::watch::stats::Stats;
use crate::watch::vital::Vital;

/// Longest wait for work before the clock is looked at.
const PATIENCE: Duration = Duration::from_millis(10);

/// Rows after which a save is due: each costs about a microsecond of the sequencer's thread where it is one of many.
const ROWS_HANDED_MAX: usize = 700;
/// Entries between two counts of them.
const ROWS_COUNTED_EACH: u64 = 100;
/// A tick is written after so long, due or not: entry time is never older than that in a hub that runs.
const TICK_AT_LEAST_MICROS: i64 = 60_000_000;
/// The same while entry time is ahead of the clock: it goes at most a minute beyond the last entry then.
const TICK_AT_LEAST_AHEAD_MICROS: i64 = 5_000_000;
/// Between two saves for the sake of many marks at least: one that found no room is not tried at once.
const SAVE_AGAIN: Duration = Duration::from_secs(1);
/// How long a save under way is waited for at the end, and when the journal has failed: people's acts wait then.
const PATIENCE_AT_END: Duration = Duration::from_secs(60);
const PATIENCE_OF_ACTS: Duration = Duration::from_secs(1);
/// Pieces of work in one batch while the disk is full: so little that a batch never takes more of the
/// reserve than its last part.
const PIECES_FULL: usize = 4;

/// What the sequencer shares with the rest of the hub.
#[derive(Clone)]
pub(crate) struct Ties {
    pub config: Arc<HubConfig>,
    pub queue: Arc<Queue>,
    pub dispatch: Arc<Dispatch>,
    pub feed: Feed,
    pub stats: Stats,
    pub vital: Vital,
    pub modes: Modes,
    pub board: Board,
    pub clock: Arc<dyn Clock>,
    pub inbox: Inbox,
    /// What the flow itself goes by.
    pub in_force: InForce,
}

/// The sequencer. Owns the journal's writer and the plug-ins.
pub(crate) struct Sequencer {
    pub(crate) kit: Kit,
    pub(crate) journal: Journal,
    pub(crate) reader: EntryReader,
    pub(crate) inbox: Inbox,
    saver: Saver,
    /// The entry at which changed rows were counted last.
    rows_at: u64,
    /// When the timers were looked at, microseconds of the journal's time.
    timers_at: i64,
    saved_at: Instant,
    saved: u64,
    looked_at: Instant,
    /// The last entry at that look.
    looked_last: u64,
    /// Files beside the journal that were not in place at the last look.
    pub(crate) astray: Vec<String>,
    /// Why the state was not saved at the last look.
    pub(crate) unsaved: Option<Unsaved>,
}

/// Why there is no sequencer, with what it would have kept.
pub(crate) struct Unopened {
    pub kit: Kit,
    pub fault: Fault,
    /// The disk is at fault: the same may work later.
    pub of_disk: bool,
}

impl Unopened {
    fn of(kit: Kit, fault: Fault) -> Self {
        let of_disk = is_of_disk(&fault);
        Self {
            kit,
            fault,
            of_disk,
        }
    }
}

/// Codes of the journal by which a disk that had been opened fails.
fn is_of_disk(fault: &Fault) -> bool {
    matches!(
        fault.code(),
        "J001" | "J010" | "J011" | "J012" | "J020" | "J060"
    )
}

impl Sequencer {
    /// Opens the journal, restores the state and makes the start itself an entry. Orders that were
    /// open are expired or handed to the outbox again.
    pub(crate) fn open(
        mut kit: Kit,
        occasion: &Occasion,
    ) -> Result<(Self, Recovered), Box<Unopened>> {
        let Opened { journal, state } = match kit.ledger.open(kit.own().as_ref()) {
            Ok(opened) => opened,
            Err(failure) => {
                let of_disk = failure.is_of_disk();
                let fault = of_journal(&failure);
                return Err(Box::new(Unopened {
                    kit,
                    fault,
                    of_disk,
                }));
            }
        };
        let reader = EntryReader::over(kit.ledger.reader());
        kit.seat.put(Some(Arc::clone(&state)));
        let inbox = kit.ties.inbox.clone();
        let look = (&inbox, kit.ties.config.inbox_entries);
        let kept = kit.core.kept();
        let core = &mut kit.core;
        let terms = kit.ties.in_force.now();
        let authority = &terms.authority;
        let mut recovered = match recover(&journal, &reader, &state, core, authority, look) {
            Ok(recovered) => recovered,
            Err(fault) => {
                kit.seat.put(None);
                // Emergencies go on with what the hub knows, and under its epoch: a lane takes no older.
                if let Err(fault) = kept.and_then(|kept| kit.core.put_back(&kept)) {
                    tracing::error!(%fault, "what the hub knew before could not be taken back");
                }
                return Err(Box::new(Unopened::of(kit, fault)));
            }
        };
        if let Err(failure) = kit.know_acts(reader.journal(), journal.last()) {
            tracing::warn!(%failure, "the acts of before could not be read");
        }
        let unstored = std::mem::take(&mut recovered.unstored);
        let saver = match Saver::start(Arc::clone(&state), unstored) {
            Ok(saver) => saver,
            Err(fault) => {
                kit.seat.put(None);
                return Err(Box::new(Unopened::of(kit, fault)));
            }
        };
        let mut sequencer = Self {
            kit,
            journal,
            reader,
            inbox,
            saver,
            saved_at: Instant::now(),
            saved: recovered.from,
            looked_at: Instant::now(),
            looked_last: 0,
            timers_at: 0,
            rows_at: 0,
            astray: Vec::new(),
            unsaved: None,
        };
        match sequencer
            .begin(occasion)
            .and_then(|()| sequencer.look_beside())
        {
            Ok(()) => Ok((sequencer, recovered)),
            Err(fault) => Err(Box::new(Unopened::of(sequencer.close(), fault))),
        }
    }

    /// Works until the queue is closed and empty (`None`), or the journal fails.
    pub(crate) fn run(mut self) -> Option<(Kit, Fault)> {
        // A hub that is ended hard again and again, each time before a save is due, would otherwise
        // step ever more at each start.
        self.save();
        loop {
            self.kit.ties.board.turn();
            let mode = match self.mode() {
                Ok(mode) => mode,
                Err(fault) => return Some((self.close(), fault)),
            };
            self.kit.ties.modes.set(mode.clone());
            // What is held waits for the mode that takes it.
            if !self.kit.has_held(&mode) && self.kit.ties.queue.wait(PATIENCE).is_none() {
                break;
            }
            if let Err(fault) = self.round(&mode) {
                return Some((self.close(), fault));
            }
            self.save_if_due();
        }
        self.note_end();
        self.save();
        self.saver.finish(PATIENCE_AT_END);
        // Whoever starts again needs the state store, although others still hold the seat.
        self.kit.seat.put(None);
        None
    }

    /// Lets journal and state go.
    fn close(mut self) -> Kit {
        self.kit.seat.put(None);
        // Nobody watched what devices did until a journal is written again.
        self.kit.repeats.forget();
        self.saver.finish(PATIENCE_OF_ACTS);
        self.kit
    }

    /// Leaves position and state hash behind, to be compared with a replay.
    fn note_end(&mut self) {
        let (number, chain) = (self.journal.last(), self.journal.chain());
        match self.kit.core.state_hash((number, chain)) {
            Ok(hash) => {
                tracing::info!(number, state_hash = %hash, "the core ends");
                self.kit.ties.board.lock().ended = Some((number, hash));
            }
            Err(fault) => tracing::warn!(%fault, "the state hash could not be computed"),
        }
    }

    /// Whether a tick is to be written: once in a while it is asked whether one would do anything, and once a minute it
    /// is written all the same.
    fn is_tick_due(&mut self, time: Timestamp) -> bool {
        let tick_micros = self.kit.ties.config.tick_ms.saturating_mul(1_000);
        let now = time.micros();
        if now.saturating_sub(self.timers_at) < tick_micros {
            return false;
        }
        self.timers_at = now;
        self.kit.ties.board.lock().ticked_at = Some(Instant::now());
        let last = self.kit.core.fold().now.last_tick;
        let least = match self.kit.lead() {
            0 => TICK_AT_LEAST_MICROS,
            _ => TICK_AT_LEAST_AHEAD_MICROS,
        };
        now.saturating_sub(last) >= least
            || self.kit.unrecorded.waits()
            || self.kit.core.is_due(time)
    }

    /// One round: a tick if it is time, everything taken, one commit.
    fn round(&mut self, mode: &Mode) -> Result<(), Fault> {
        let mut batch = self.next_batch()?;
        let time = batch.time();
        // Timers go on as long as the journal has room.
        let has_room = matches!(mode, Mode::Normal | Mode::Unsaved { .. });
        if has_room && self.is_tick_due(time) {
            let tick = Draft::bare(EntryKind::Tick, self.kit.core.sealer().hub().clone());
            self.kit.core.admit(&mut batch, tick);
        }
        if has_room {
            self.admit_standing(&mut batch, time)?;
        }
        self.admit_unrecorded(&mut batch, time, has_room)?;
        self.admit_room(&mut batch, time)?;
        self.admit_astray(&mut batch, time)?;
        self.admit_unsaved(&mut batch, time)?;
        let config = Arc::clone(&self.kit.ties.config);
        let pieces_max = match mode {
            Mode::Normal | Mode::Unsaved { .. } => config.batch_max,
            _ => PIECES_FULL,
        };
        let mut round = Round::new(pieces_max, config.batch_bytes_max);
        let mut pending = Vec::new();
        // Room in the queue is given back when it is dropped, after the commit.
        let mut rooms = Vec::new();
        while let Some(drawn) = round.draw(&mut self.kit, mode) {
            let is_due = round.is_commit_due(&drawn);
            let Drawn {
                piece: (work, room),
                place,
            } = drawn;
            if work.is_late_act() {
                refuse_late(work);
                continue;
            }
            if let Some(fault) = mode.refuses(work.weight()) {
                self.kit.put_off((work, room), &fault);
                continue;
            }
            // Before an outcome closes its order: one that is held closes it later.
            if is_due || batch.lacks_room_for(work.bytes()) {
                if let Err(fault) = self.commit(batch, std::mem::take(&mut pending)) {
                    self.kit.held.push_front((work, room));
                    return Err(fault);
                }
                batch = self.next_batch()?;
                round.committed();
            }
            let Some(mut work) = self.closing(work) else {
                rooms.push(room);
                continue;
            };
            if let Work::Settings(work) = work {
                // Between two batches: no batch is decided by half of each.
                match self.commit(batch, std::mem::take(&mut pending)) {
                    Ok(()) => self.change_settings(work)?,
                    Err(fault) => {
                        refuse(Work::Settings(work), &fault);
                        return Err(fault);
                    }
                }
                batch = self.next_batch()?;
                round.committed();
                continue;
            }
            let begun = Instant::now();
            if let Err(fault) = self.inbox.ask(work.sealed_mut()) {
                let taken = self.commit(batch, std::mem::take(&mut pending));
                // Nobody knows whether it was said before. An emergency opening acts all the same.
                self.kit.held.push_front((work, room));
                return Err(taken.err().unwrap_or(fault));
            }
            rooms.push(room);
            pending.push(self.intaker(&mut batch).take(work));
            let took = begun.elapsed();
            self.kit.ties.queue.charge(place.pace, &place.origin, took);
            round.joined(&place, took);
            if batch.len() >= LINES_MAX || batch.bytes() >= config.batch_bytes_max {
                // Looked at again when it is known how the hub goes on.
                self.commit(batch, std::mem::take(&mut pending))?;
                batch = self.next_batch()?;
                round.committed();
            }
        }
        self.commit(batch, pending)
    }

    /// An outcome closes the order under the number that the journal knows it by. `None` when the
    /// order has none: then its outcome stands with the opening that was journaled late.
    fn closing(&mut self, mut work: Work) -> Option<Work> {
        let Work::Own(own) = &mut work else {
            return Some(work);
        };
        let Some(number) = own.closes else {
            return Some(work);
        };
        self.kit.ties.dispatch.forget(number);
        if !is_acted(number) {
            return Some(work);
        }
        let known = self.kit.acted.remove(&number)?.number?;
        own.closes = Some(known);
        for draft in &mut own.drafts {
            draft.cause = known;
        }
        Some(work)
    }

    pub(crate) fn intaker<'a>(&'a mut self, batch: &'a mut Batch) -> Intaker<'a> {
        Intaker {
            core: &mut self.kit.core,
            inbox: &self.inbox,
            rules: &self.kit.ties.config.rules,
            terms: self.kit.ties.in_force.now(),
            pace: &mut self.kit.alarm_pace,
            refused_room: &mut self.kit.refused_room,
            begun: Instant::now(),
            queue: &self.kit.ties.queue,
            repeats: &self.kit.repeats,
            is_full: self.journal.space().level == SpaceLevel::Full,
            batch,
            now: self.kit.ties.clock.now(),
        }
    }

    /// Makes a batch durable, then lets its orders out and answers.
    pub(crate) fn commit(&mut self, batch: Batch, pending: Vec<Pending>) -> Result<(), Fault> {
        let receipts = match self.append(&batch) {
            Ok(receipts) => receipts,
            Err(failure) => {
                let fault = of_journal(&failure);
                self.kit.after_failure(batch, pending, &fault);
                return Err(fault);
            }
        };
        self.inbox.seal(&receipts, batch.time());
        self.kit.note_committed(&batch, &receipts);
        self.kit.repeats.note(batch.lines(), batch.time());
        let epoch = self.kit.core.fold().now.epoch;
        for line in batch.lines() {
            if line.draft.flags & flags::LATE != 0 {
                continue;
            }
            if let Some(order) = order_of(&line.entry, &line.draft, epoch) {
                self.release(order);
            }
        }
        self.tell(&batch, &receipts, pending);
        Ok(())
    }

    fn append(&mut self, batch: &Batch) -> Result<Receipts, JournalFault> {
        if batch.len() == 0 {
            return Ok(Vec::new());
        }
        let records = batch.records();
        if batch
            .lines()
            .iter()
            .any(|line| line.draft.weight() < Weight::Everyday)
        {
            return self.journal.append_urgent(&records);
        }
        match self.journal.append_batch(&records) {
            // The plug-ins have seen this batch already: it takes the reserve rather than be lost.
            Err(failure) if failure.kind() == FaultKind::DiskFull => {
                self.journal.append_urgent(&records)
            }
            other => other,
        }
    }

    /// Answers, counts, publishes and shows a committed batch.
    fn tell(&mut self, batch: &Batch, receipts: &Receipts, pending: Vec<Pending>) {
        // Counted and shown first: whoever has an answer finds it in the counters and the health.
        self.kit.ties.stats.committed(batch.lines());
        self.show(batch);
        let answerer = Answerer {
            batch,
            receipts,
            stats: &self.kit.ties.stats,
        };
        for pending in pending {
            let lines = batch.lines().get(pending.lines.clone()).unwrap_or_default();
            let commanded = lines
                .iter()
                .any(|line| line.entry.kind == EntryKind::Order && is_gate_command(&line.draft));
            if let Some(since) = pending.since {
                self.kit.ties.stats.took(since.elapsed(), commanded);
            }
            match pending.answer {
                Answer::StateHash(answer) => {
                    let (number, chain) = (self.journal.last(), self.journal.chain());
                    let hash = self.kit.core.state_hash((number, chain));
                    let _ = answer.send(hash.map(|hash| (number, hash)));
                }
                _ => answerer.answer(pending),
            }
        }
        if self.kit.ties.feed.is_watched() {
            for (line, (_, chain)) in batch.lines().iter().zip(receipts) {
                self.kit.ties.feed.publish(Committed {
                    entry: line.entry.clone(),
                    chain: Digest(*chain),
                });
            }
        }
    }

    fn show(&self, batch: &Batch) {
        let moved = batch.lines().iter().any(|line| {
            matches!(
                line.entry.kind,
                EntryKind::Order | EntryKind::Outcome | EntryKind::Audit
            )
        });
        let fold = self.kit.core.fold();
        let lead = self.kit.lead();
        let reach = self.kit.core.reach(self.journal.last());
        let mut shown = self.kit.ties.board.lock();
        shown.reach = Some(reach);
        shown.lead_micros = lead;
        shown.epoch = fold.now.epoch;
        shown.marked = fold.now.marked;
        shown.number = self.journal.last();
        shown.chain = self.journal.chain();
        shown.space = Some(self.journal.space());
        shown.counters = self.journal.counters();
        shown.saved = self.saver.position();
        shown.remembered = self.inbox.waiting();
        if !shown.requests.iter().eq(&fold.requests) {
            let requests = fold.requests.iter();
            shown.requests = requests.map(|(number, by)| (*number, by.clone())).collect();
        }
        if moved {
            shown.open = fold
                .open
                .iter()
                .map(|(number, open)| (*number, open.clone()))
                .collect();
            shown.dead = fold.dead.values().cloned().collect();
        }
    }

    fn save_if_due(&mut self) {
        if self.saver.is_busy() {
            return;
        }
        self.inbox.stored(self.saver.position());
        let grown = self.journal.last().saturating_sub(self.saved);
        let many = self.inbox.waiting() >= MARKS_MAX && self.saved_at.elapsed() >= SAVE_AGAIN;
        let many = many || self.has_many_rows();
        let config = &self.kit.ties.config;
        let due = grown >= config.save_entries
            || many
            || self.saved_at.elapsed() >= Duration::from_millis(config.save_ms);
        // One that failed is tried again, whether or not anything is written meanwhile.
        if (grown > 0 || self.unsaved.is_some()) && due {
            self.save();
        }
    }

    /// Whether so many rows changed that handing over more would hold the next message up. Counted once in a while.
    fn has_many_rows(&mut self) -> bool {
        let last = self.journal.last();
        if last.saturating_sub(self.rows_at) < ROWS_COUNTED_EACH {
            return false;
        }
        self.rows_at = last;
        tables::changed(&mut self.kit.core) >= ROWS_HANDED_MAX
    }

    /// Hands the present state to the saver.
    fn save(&mut self) {
        let (number, chain) = (self.journal.last(), self.journal.chain());
        if number == 0 {
            return;
        }
        let core = &mut self.kit.core;
        let is_whole = self.saver.wants_whole();
        let rows = match is_whole {
            true => tables::take_all(core),
            false => tables::take_changed(core),
        };
        let mut changes = Changes::at(number, chain);
        changes.snapshot(FORMS, tables::forms(core));
        self.inbox.fill(&mut changes);
        changes.forget_inbox_below(number.saturating_sub(self.kit.ties.config.inbox_entries));
        self.saver.save(Save {
            number,
            changes,
            rows,
            is_whole,
        });
        self.saved = number;
        self.saved_at = Instant::now();
    }
}
