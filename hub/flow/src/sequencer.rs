//! The one sequencer: numbers, steps, commits, and only then answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_contract::{Clock, EntryKind, Fault};
use cordon_journal::{Changes, FaultKind, Journal, JournalFault, Receipts, SpaceLevel, State};
use cordon_model::{Digest, Timestamp};

use crate::answer::{Answerer, refuse_late};
use crate::batch::Batch;
use crate::board::Board;
use crate::config::HubConfig;
use crate::core::{Core, order_of};
use crate::draft::Draft;
use crate::entry_reader::EntryReader;
use crate::fault::{DISK_FULL, fault, of_journal};
use crate::feed::{Committed, Feed};
use crate::flags;
use crate::fold::is_gate_command;
use crate::inbox::Inbox;
use crate::intake::{Answer, Intaker, Pending};
use crate::outbox::Dispatch;
use crate::queue::{Queue, Ticket};
use crate::recovery::{MARKS_MAX, Recovered, recover, snapshots};
use crate::saver::Saver;
use crate::spool::Spool;
use crate::stats::Stats;
use crate::vital::Vital;
use crate::work::Work;

/// Longest wait for work before the clock is looked at.
const PATIENCE: Duration = Duration::from_millis(10);
/// Lines after which a batch is committed although work is left.
const LINES_MAX: usize = 4_096;

/// What the sequencer shares with the rest of the hub.
#[derive(Clone)]
pub(crate) struct Ties {
    pub config: Arc<HubConfig>,
    pub queue: Arc<Queue>,
    pub dispatch: Arc<Dispatch>,
    pub feed: Feed,
    pub stats: Stats,
    pub vital: Vital,
    pub board: Board,
    pub clock: Arc<dyn Clock>,
    pub inbox: Inbox,
}

/// The sequencer. Owns the journal's writer and the plug-ins.
pub(crate) struct Sequencer {
    pub(crate) ties: Ties,
    pub(crate) journal: Journal,
    pub(crate) core: Core,
    pub(crate) spool: Spool,
    pub(crate) reader: EntryReader,
    inbox: Inbox,
    saver: Saver,
    saved_at: Instant,
    saved: u64,
}

impl Sequencer {
    /// Restores the state and makes the start itself an entry. Orders that were open are expired or
    /// handed to the outbox again.
    pub(crate) fn start(
        ties: Ties,
        journal: Journal,
        state: Arc<dyn State>,
        mut core: Core,
    ) -> Result<(Self, Recovered), Fault> {
        let reader = EntryReader::over(journal.reader().map_err(|failure| of_journal(&failure))?);
        let inbox = ties.inbox.clone();
        let keep = ties.config.inbox_entries;
        let recovered = recover(&journal, &reader, &state, &mut core, (&inbox, keep))?;
        let spool = Spool::new(ties.config.emergency_spool.clone());
        let mut sequencer = Self {
            saver: Saver::start(state)?,
            saved_at: Instant::now(),
            saved: recovered.from,
            ties,
            journal,
            core,
            spool,
            reader,
            inbox,
        };
        sequencer.begin()?;
        Ok((sequencer, recovered))
    }

    /// Works until the queue is closed and empty, or the journal fails.
    pub(crate) fn run(mut self) {
        // A hub that is ended hard again and again, each time before a save is due, would otherwise
        // step ever more at each start.
        self.save();
        loop {
            let config = &self.ties.config;
            let (pieces, bytes) = (config.batch_max, config.batch_bytes_max);
            let Some(tickets) = self.ties.queue.take(pieces, bytes, PATIENCE) else {
                break;
            };
            if let Err(fault) = self.round(tickets) {
                tracing::error!(%fault, "the core has stopped; only emergency openings are carried out");
                self.ties.vital.fail(fault);
                self.emergency_only();
                // Whoever starts again needs the state store, which this thread's end lets go of.
                self.saver.finish();
                return;
            }
            self.save_if_due();
        }
        self.note_end();
        self.save();
        self.saver.finish();
    }

    /// Leaves position and state hash behind, to be compared with a replay.
    fn note_end(&self) {
        let (number, chain) = (self.journal.last(), self.journal.chain());
        match self.core.state_hash((number, chain)) {
            Ok(hash) => {
                tracing::info!(number, state_hash = %hash, "the core ends");
                self.ties.board.lock().ended = Some((number, hash));
            }
            Err(fault) => tracing::warn!(%fault, "the state hash could not be computed"),
        }
    }

    /// One round: a tick if it is time, everything taken, one commit.
    fn round(&mut self, tickets: Vec<Ticket>) -> Result<(), Fault> {
        let time = self.time();
        let full = self.is_full();
        let mut batch = Batch::new(self.journal.next_number(), time);
        let tick_micros = self.ties.config.tick_ms.saturating_mul(1_000);
        if !full && time.micros().saturating_sub(self.core.fold().last_tick) >= tick_micros {
            let tick = Draft::bare(EntryKind::Tick, self.core.sealer().hub().clone());
            self.core.admit(&mut batch, tick);
        }
        let mut pending = Vec::with_capacity(tickets.len());
        // Room in the queue is given back when the tickets are dropped, after the commit.
        let mut rooms = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            let (work, room) = ticket.split();
            rooms.push(room);
            if work.is_late_act() {
                refuse_late(work);
                continue;
            }
            if full && !work.is_urgent() {
                refuse_full(work);
                continue;
            }
            pending.push(self.intaker(&mut batch).take(work));
            if batch.len() >= LINES_MAX || batch.bytes() >= self.ties.config.batch_bytes_max {
                self.commit(batch, std::mem::take(&mut pending))?;
                batch = Batch::new(self.journal.next_number(), self.time());
            }
        }
        self.commit(batch, pending)
    }

    pub(crate) fn intaker<'a>(&'a mut self, batch: &'a mut Batch) -> Intaker<'a> {
        Intaker {
            core: &mut self.core,
            inbox: &self.inbox,
            rules: &self.ties.config.rules,
            authority: &self.ties.config.authority,
            batch,
        }
    }

    /// The time of the next batch: never earlier than the entry before.
    pub(crate) fn time(&self) -> Timestamp {
        let now = self.ties.clock.now().micros();
        Timestamp::from_micros(now.max(self.core.fold().last_time))
    }

    /// Makes a batch durable, then lets its orders out and answers.
    pub(crate) fn commit(&mut self, batch: Batch, pending: Vec<Pending>) -> Result<(), Fault> {
        let receipts = match self.append(&batch) {
            Ok(receipts) => receipts,
            Err(failure) => {
                let fault = of_journal(&failure);
                self.after_failure(&batch, pending, &fault);
                return Err(fault);
            }
        };
        self.inbox.seal(&receipts, batch.time());
        let epoch = self.core.fold().epoch;
        for line in batch.lines() {
            if line.draft.flags & flags::LATE != 0 {
                continue;
            }
            if let Some(order) = order_of(&line.entry, &line.draft, epoch) {
                self.ties.dispatch.release(order);
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
        if batch.lines().iter().any(|line| line.draft.is_urgent()) {
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
        self.ties.stats.committed(batch.lines());
        self.show(batch);
        let answerer = Answerer {
            batch,
            receipts,
            stats: &self.ties.stats,
        };
        for pending in pending {
            let lines = batch.lines().get(pending.lines.clone()).unwrap_or_default();
            let commanded = lines
                .iter()
                .any(|line| line.entry.kind == EntryKind::Order && is_gate_command(&line.draft));
            if let Some(since) = pending.since {
                self.ties.stats.took(since.elapsed(), commanded);
            }
            match pending.answer {
                Answer::StateHash(answer) => {
                    let (number, chain) = (self.journal.last(), self.journal.chain());
                    let hash = self.core.state_hash((number, chain));
                    let _ = answer.send(hash.map(|hash| (number, hash)));
                }
                _ => answerer.answer(pending),
            }
        }
        if self.ties.feed.is_watched() {
            for (line, (_, chain)) in batch.lines().iter().zip(receipts) {
                self.ties.feed.publish(Committed {
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
        let fold = self.core.fold();
        let mut shown = self.ties.board.lock();
        shown.epoch = fold.epoch;
        shown.marked = fold.marked;
        shown.number = self.journal.last();
        shown.chain = self.journal.chain();
        shown.space = Some(self.journal.space().level);
        shown.counters = self.journal.counters();
        shown.saved = self.saver.position();
        if shown.requests != fold.requests {
            shown.requests.clone_from(&fold.requests);
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

    /// Whether the disk is full; an empty append lets the journal look for new room.
    fn is_full(&mut self) -> bool {
        if self.journal.space().level != SpaceLevel::Full {
            return false;
        }
        if let Err(failure) = self.journal.append_batch(&[]) {
            tracing::warn!(%failure, "looking for room");
        }
        self.journal.space().level == SpaceLevel::Full
    }

    fn save_if_due(&mut self) {
        if self.saver.is_busy() {
            return;
        }
        self.inbox.stored(self.saver.position());
        let grown = self.journal.last().saturating_sub(self.saved);
        let config = &self.ties.config;
        let due = grown >= config.save_entries
            || self.inbox.waiting() >= MARKS_MAX
            || self.saved_at.elapsed() >= Duration::from_millis(config.save_ms);
        if grown > 0 && due {
            self.save();
        }
    }

    /// Hands the present state to the saver.
    fn save(&mut self) {
        let (number, chain) = (self.journal.last(), self.journal.chain());
        if number == 0 {
            return;
        }
        let mut changes = Changes::at(number, chain);
        match snapshots(&self.core, &mut changes, self.saver.position()) {
            Ok(()) => {
                self.inbox.fill(&mut changes);
                changes.forget_inbox_below(number.saturating_sub(self.ties.config.inbox_entries));
                self.saver.save(number, changes);
            }
            Err(fault) => tracing::error!(%fault, "the state was not saved"),
        }
        self.saved = number;
        self.saved_at = Instant::now();
    }
}

/// Tells a sender that there is no room; nothing is recorded, so the message can come again.
fn refuse_full(work: Work) {
    let fault = fault(DISK_FULL);
    crate::answer::refuse(work, &fault);
}
