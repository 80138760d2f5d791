//! The first entries of a run: the start itself, orders that did not survive, late emergencies.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use cordon_contract::{
    EntryKind, Fault, NOTHING_SENT, Order, OrderLane, Outcome, OutcomeKind, Target,
};
use cordon_model::{AuditOutcome, MessageId, PartyId, Timestamp};
use cordon_wire::{digest_of_bytes, parse_message};

use crate::corridor::Key;
use crate::corridor::inbox::Verdict;
use crate::decide::batch::Batch;
use crate::decide::core::order_of;
use crate::decide::draft::Draft;
use crate::decide::fold::{OpenOrder, RESUMED, epoch_text, start_note};
use crate::decide::outcome;
use crate::fault::{UNREADABLE, fault, of_wire};
use crate::flags;
use crate::sequencer::Sequencer;
use crate::sequencer::kit::{Kit, leads, opening_of};
use crate::sequencer::spool::SpoolLine;
use crate::watch::entry_reader::NearbyEntries;

/// Why settings are written when the journal is opened.
const AT_START: &str = "start";

/// What came of an order: kind and words, and when, if that is known.
type Told = (OutcomeKind, String, Option<Timestamp>);

/// What the spool says of orders that acted, each by the opening's message id and the target.
#[derive(Default)]
struct Carried {
    /// What came of them, oldest first.
    outcomes: BTreeMap<(String, String), VecDeque<Told>>,
    /// Those that were let out; an opening that is not here was spooled without saying which.
    acted: BTreeMap<String, Vec<String>>,
}

impl Carried {
    fn of(spooled: &[SpoolLine]) -> Self {
        let mut carried = Self::default();
        for line in spooled {
            match line {
                SpoolLine::Outcome {
                    at_micros,
                    opening,
                    target,
                    kind,
                    detail,
                } => {
                    let key = (opening.clone(), target.clone());
                    let told = carried.outcomes.entry(key).or_default();
                    let at = (*at_micros != 0).then(|| Timestamp::from_micros(*at_micros));
                    told.push_back((*kind, detail.clone(), at));
                }
                SpoolLine::Opening {
                    id: Some(id),
                    acted,
                    ..
                } => {
                    carried.acted.insert(id.clone(), acted.clone());
                }
                SpoolLine::Opening { .. } => {}
            }
        }
        carried
    }

    /// What is known of an order that was journaled late, when nothing was told of its outcome.
    fn untold(&self, opening: Option<MessageId>, order: &Order) -> Outcome {
        let opening = opening.map(|id| id.to_string()).unwrap_or_default();
        let acted = match self.acted.get(&opening) {
            Some(acted) => acted.contains(&order.target.0),
            // A spool that does not say it was written when emergency orders alone were let out.
            None => order.lane == OrderLane::Emergency,
        };
        let words = match acted {
            true => "carried out before it was journaled; its outcome was not kept",
            false => "not carried out: it was let out neither before nor after it was journaled",
        };
        Outcome::new(OutcomeKind::Expired, words)
    }

    /// The outcome of the next order of this opening for this target, and when it was told.
    fn take(
        &mut self,
        opening: Option<MessageId>,
        target: &str,
    ) -> Option<(Outcome, Option<Timestamp>)> {
        let opening = opening.map(|id| id.to_string()).unwrap_or_default();
        let told = self.outcomes.get_mut(&(opening, target.to_owned()))?;
        let (kind, detail, at) = told.pop_front()?;
        let outcome = Outcome::new(kind, format!("journaled late: {detail}"));
        Some((outcome, at))
    }
}

/// When the journal could not be written any more, or not be opened at a start, and how it failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub since: Timestamp,
    pub cause: String,
}

/// On which occasion the journal was opened.
#[derive(Clone, Debug)]
pub(crate) enum Occasion {
    /// The program starts: a new epoch.
    Start,
    /// As [`Occasion::Start`], after the program had begun in its emergency mode.
    LateStart(Failure),
    /// The disk works again.
    Resume(Failure),
}

impl Occasion {
    fn is_start(&self) -> bool {
        !matches!(self, Self::Resume(_))
    }

    fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Start => None,
            Self::LateStart(failure) | Self::Resume(failure) => Some(failure),
        }
    }
}

impl Sequencer {
    /// Commits the first entries after opening, and takes again what waited for it.
    pub(crate) fn begin(&mut self, occasion: &Occasion) -> Result<(), Fault> {
        let spooled = self.kit.spool.read();
        let mut carried = Carried::of(&spooled);
        let open = self.kit.core.fold().open.iter();
        let open: BTreeMap<u64, OpenOrder> =
            open.map(|(number, it)| (*number, it.clone())).collect();
        for unsettled in &mut self.kit.unsettled {
            unsettled.settle(&self.reader)?;
        }
        for (_, acted) in self.kit.acted.iter_mut() {
            // Given by an opening that failed before it was done.
            acted.number = None;
        }
        self.kit.take_up_lead();
        let time = self.kit.time();
        let mut batch = Batch::new(self.journal.next_number(), time);
        self.admit_settings(&mut batch);
        if occasion.is_start() {
            // A run that began without its journal began then.
            let began = occasion.failure().map_or(time, |failure| failure.since);
            self.admit_start(&mut batch, began)?;
        }
        let damaged = self.kit.spool.keep_damaged();
        let lines = match self.is_untold(&spooled, &carried, &open)? {
            true => spooled.len(),
            // All of it was journaled by a run that could not remove the spool.
            false => 0,
        };
        self.admit_resumed(&mut batch, time, (occasion, lines, damaged.as_ref()))?;
        self.kit.admit_scale(&mut batch, time)?;
        if occasion.is_start() {
            self.admit_lead(&mut batch, time)?;
        }
        self.admit_marks(&mut batch, time)?;
        self.expire(&mut batch, time, (&open, occasion), &mut carried)?;
        self.admit_late(&mut batch, &spooled)?;
        self.commit_late(batch, &mut carried)?;
        self.kit.find_unrecorded();
        if !spooled.is_empty() || damaged.is_some() {
            self.kit.spool.clear();
        }
        self.kit.show_spool();
        self.kit.show_ordinary();
        self.kit.take_again(&self.reader);
        self.resume(&open)
    }

    /// Journals late what lies in the spool while the journal is written: its disk was mounted since.
    pub(crate) fn take_up_spool(&mut self) -> Result<(), Fault> {
        if !self.kit.spool.is_news() {
            return Ok(());
        }
        let spooled = self.kit.spool.read();
        self.kit.show_spool();
        let damaged = self.kit.spool.keep_damaged();
        if spooled.is_empty() && damaged.is_none() {
            return Ok(());
        }
        // What came of an opening that was overtaken has no order in the journal to stand with.
        tracing::warn!(lines = ?spooled, "the spool was not there before");
        let mut batch = self.next_batch()?;
        let before = batch.len();
        self.admit_late(&mut batch, &spooled)?;
        // What was journaled from memory is known again, and nothing is said of it.
        if batch.len() > before || damaged.is_some() {
            let words = format!(
                "the spool of emergency openings was not there before; {} lines that lie in it are journaled late, and what was ordered to the contrary since holds{}",
                spooled.len(),
                damaged_words(damaged.as_ref())
            );
            let time = batch.time();
            self.say(&mut batch, time, (RESUMED, &words), AuditOutcome::Success)?;
        }
        self.commit_late(batch, &mut Carried::of(&spooled))?;
        self.kit.spool.clear();
        self.kit.show_spool();
        Ok(())
    }

    /// Makes a batch durable, and then what came of its orders that were carried out before.
    fn commit_late(&mut self, batch: Batch, carried: &mut Carried) -> Result<(), Fault> {
        let late = late_orders(&batch, self.kit.core.fold().now.epoch);
        self.commit(batch, Vec::new())?;
        if late.is_empty() {
            return Ok(());
        }
        self.close_late(late, carried)
    }

    /// Writes the parts of the settings that are others than the journal says last, before anything is decided by
    /// them: what comes behind them in this batch is already stepped under them.
    fn admit_settings(&mut self, batch: &mut Batch) {
        let core = &mut self.kit.core;
        let hub = core.sealer().hub().clone();
        let settings = core.settings();
        let drafts = settings.drafts(&hub, (settings.today(), AT_START), batch.next());
        for draft in drafts {
            tracing::info!(number = batch.next(), label = %draft.label, "other settings hold from here on");
            core.admit(batch, draft);
        }
        core.settle();
        self.reader.mark_unusable(core.take_unusable());
    }

    fn admit_start(&mut self, batch: &mut Batch, began: Timestamp) -> Result<(), Fault> {
        let hub = self.kit.core.sealer().hub().clone();
        let target = epoch_text(self.kit.core.fold().now.epoch + 1);
        let sealer = self.kit.core.sealer();
        let draft = sealer.audit(MessageId::random(), began, start_note(&hub, &target));
        self.kit.core.admit(batch, draft.map_err(of_wire)?);
        Ok(())
    }

    /// Says that an emergency mode is over, however it began and ended: with the program too, when what
    /// acted in it is still spooled.
    fn admit_resumed(
        &mut self,
        batch: &mut Batch,
        time: Timestamp,
        (occasion, spooled, damaged): (&Occasion, usize, Option<&(u64, PathBuf)>),
    ) -> Result<(), Fault> {
        let mut words = match occasion.failure() {
            Some(Failure { since, cause }) => {
                format!("the journal could not be written, emergency mode since {since}: {cause}")
            }
            None if spooled > 0 => format!(
                "an earlier run of the program ended in its emergency mode; {spooled} lines of what acted in it are journaled late, and what was ordered to the contrary since holds"
            ),
            None if damaged.is_some() => {
                "the spool of emergency openings of an earlier run is damaged".to_owned()
            }
            None => return Ok(()),
        };
        words.push_str(&damaged_words(damaged));
        self.say(batch, time, (RESUMED, &words), AuditOutcome::Success)
    }

    /// Whether the spool says anything that the journal does not hold yet. One that cannot be removed is found
    /// again at each start.
    fn is_untold(
        &mut self,
        spooled: &[SpoolLine],
        carried: &Carried,
        open: &BTreeMap<u64, OpenOrder>,
    ) -> Result<bool, Fault> {
        for line in spooled {
            if let SpoolLine::Opening { sender, xml, .. } = line
                && let Ok(draft) = late_draft(sender, xml)
            {
                let (id, digest) = (draft.message_id, draft.digest);
                let verdict = self.inbox.verdict(&draft.sender, id, digest, Key::Exact)?;
                if verdict == Verdict::New {
                    return Ok(true);
                }
            }
        }
        if carried.outcomes.is_empty() {
            return Ok(false);
        }
        let mut entries = self.reader.nearby();
        for (number, order) in open {
            let opening = stored_opening(&mut entries, *number)?;
            let opening = opening.map(|id| id.to_string()).unwrap_or_default();
            let key = (opening, order.target.0.clone());
            if carried.outcomes.contains_key(&key) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gate commands that were open are never carried out again (I5). One that is still under way
    /// tells its outcome itself.
    fn expire(
        &mut self,
        batch: &mut Batch,
        time: Timestamp,
        (open, occasion): (&BTreeMap<u64, OpenOrder>, &Occasion),
        carried: &mut Carried,
    ) -> Result<(), Fault> {
        let mut entries = self.reader.nearby();
        for (number, open) in open
            .iter()
            .filter(|(_, open)| open.gate_command || open.late)
        {
            if self.kit.ties.dispatch.has(*number) {
                continue;
            }
            let opening = stored_opening(&mut entries, *number)?;
            let acting = opening.is_some_and(|id| self.kit.numbered(id, &open.target.0, *number));
            if acting {
                continue;
            }
            let order = self.stored_order(&mut entries, *number, open)?;
            self.kit.stands(opening, &open.target.0, *number);
            let why = match occasion {
                // What was let out is known to the outbox, or acted.
                Occasion::Resume(_) => {
                    format!("the disk failed before it was carried out; {NOTHING_SENT}")
                }
                Occasion::Start | Occasion::LateStart(_) => {
                    "the hub was restarted before it was confirmed".to_owned()
                }
            };
            let (outcome, at) = match carried.take(opening, &open.target.0) {
                Some(told) => told,
                None if open.late => (carried.untold(opening, &order), None),
                None => (Outcome::new(OutcomeKind::Expired, why), None),
            };
            self.close_order(batch, &order, &outcome, at.unwrap_or(time))?;
        }
        Ok(())
    }

    fn close_order(
        &mut self,
        batch: &mut Batch,
        order: &Order,
        outcome: &Outcome,
        at: Timestamp,
    ) -> Result<(), Fault> {
        let sealer = self.kit.core.sealer();
        for draft in outcome::drafts(sealer, order, outcome, at).map_err(of_wire)? {
            self.kit.core.admit(batch, draft);
        }
        Ok(())
    }

    /// Journals what acted while the disk had failed, marked so. The spool may be older than what the journal
    /// says, because its disk was away while people went on: a newer order to the contrary holds.
    fn admit_late(&mut self, batch: &mut Batch, spooled: &[SpoolLine]) -> Result<(), Fault> {
        for line in spooled {
            if let SpoolLine::Opening {
                sender,
                xml,
                at_micros,
                clock_micros,
                run,
                acted,
                ..
            } = line
            {
                let at = Timestamp::from_micros(*at_micros);
                match late_draft(sender, xml) {
                    Ok(mut draft) => {
                        let shown = match *clock_micros {
                            0 => *at_micros,
                            shown => shown,
                        };
                        draft.acted_at = Some(Timestamp::from_micros(shown));
                        if *run != self.kit.spool.run() {
                            draft.flags |= flags::EARLIER_RUN;
                        }
                        if self.kit.core.precedence().is_overtaken(&draft, at) {
                            draft.flags |= flags::OVERTAKEN;
                        }
                        let is_earlier = *run != self.kit.spool.run();
                        self.admit_late_opening(batch, draft, (at, is_earlier, acted))?;
                    }
                    // One bad line must not keep the journal shut; the log has what it says.
                    Err(fault) => {
                        tracing::error!(%fault, sender, xml, "a line of the emergency spool cannot be journaled")
                    }
                }
            }
        }
        Ok(())
    }

    fn admit_late_opening(
        &mut self,
        batch: &mut Batch,
        draft: Draft,
        (at, is_earlier, targets): (Timestamp, bool, &[String]),
    ) -> Result<(), Fault> {
        let intaker = self.intaker(batch);
        let verdict =
            intaker
                .inbox
                .verdict(&draft.sender, draft.message_id, draft.digest, Key::Exact)?;
        match verdict {
            Verdict::New => {}
            Verdict::Same(receipt) => {
                self.kit.note_known(draft.message_id, receipt.number);
                return Ok(());
            }
            // What acted in this run is known, and told without this.
            Verdict::Other(first) if is_earlier => {
                self.kit.note_earlier(&draft, targets, first);
                return Ok(());
            }
            Verdict::Other(_) | Verdict::Pending(_) => return Ok(()),
        }
        self.kit.note_admitted(draft.message_id);
        let intaker = self.intaker(batch);
        tracing::warn!(%at, "an emergency opening is journaled late");
        let number = intaker.batch.next();
        intaker.inbox.note(&draft, draft.digest, number);
        intaker.core.admit(intaker.batch, draft);
        Ok(())
    }

    fn close_late(
        &mut self,
        late: Vec<(Order, Option<MessageId>)>,
        carried: &mut Carried,
    ) -> Result<(), Fault> {
        let time = self.kit.time();
        let mut batch = Batch::new(self.journal.next_number(), time);
        for (order, opening) in late {
            let told = carried.take(opening, &order.target.0);
            let under_way = |kit: &mut Kit, id| kit.numbered(id, &order.target.0, order.number);
            let (outcome, at) = match told {
                Some(told) => told,
                // Still under way: it tells its outcome itself.
                None if opening.is_some_and(|id| under_way(&mut self.kit, id)) => continue,
                None => (carried.untold(opening, &order), None),
            };
            self.kit.stands(opening, &order.target.0, order.number);
            self.close_order(&mut batch, &order, &outcome, at.unwrap_or(time))?;
        }
        self.commit(batch, Vec::new())
    }

    /// Hands deliveries that were open to the outbox again, unless it has them.
    fn resume(&mut self, open: &BTreeMap<u64, OpenOrder>) -> Result<(), Fault> {
        let mut entries = self.reader.nearby();
        for (number, open) in open
            .iter()
            .filter(|(_, open)| !open.gate_command && !open.late)
        {
            if self.kit.ties.dispatch.has(*number) {
                continue;
            }
            let mut order = self.stored_order(&mut entries, *number, open)?;
            order.epoch = self.kit.core.fold().now.epoch;
            self.release_again(order);
        }
        Ok(())
    }

    fn stored_order(
        &self,
        entries: &mut NearbyEntries,
        number: u64,
        open: &OpenOrder,
    ) -> Result<Order, Fault> {
        let stored = entries.get(number)?;
        let message = stored.and_then(|stored| stored.entry.message);
        let message =
            message.ok_or_else(|| fault(UNREADABLE).log(format!("order {number} is not there")))?;
        Ok(Order {
            number,
            target: Target(open.target.0.clone()),
            lane: open.lane,
            deadline: Timestamp::from_micros(open.deadline_micros),
            epoch: self.kit.core.fold().now.epoch,
            attempt: 0,
            turn: 0,
            message,
        })
    }
}

/// What people are told of a spool with lines that nobody can read.
fn damaged_words(damaged: Option<&(u64, PathBuf)>) -> String {
    let Some((lines, at)) = damaged else {
        return String::new();
    };
    let at = at.display();
    format!(
        "; {lines} lines of the spool cannot be read, whatever they say acted and is not journaled: they are kept in {at}"
    )
}

/// What a stored order follows from, as [`acting_for`] names it.
fn stored_opening(entries: &mut NearbyEntries, number: u64) -> Result<Option<MessageId>, Fault> {
    let itself = entries.get(number)?.map(|stored| stored.entry.message_id);
    let mut number = number;
    while number > 0 {
        let Some(stored) = entries.get(number)? else {
            return Ok(itself);
        };
        let is_said = stored.entry.kind == EntryKind::Message;
        if is_said && stored.entry.message.as_deref().is_some_and(leads) {
            return Ok(Some(stored.entry.message_id));
        }
        if stored.entry.cause >= number {
            return Ok(itself);
        }
        number = stored.entry.cause;
    }
    Ok(itself)
}

/// The orders of a batch that were carried out before, each with the opening it follows from.
fn late_orders(batch: &Batch, epoch: u64) -> Vec<(Order, Option<MessageId>)> {
    batch
        .lines()
        .iter()
        .filter(|line| line.draft.flags & flags::LATE != 0)
        .filter_map(|line| {
            let order = order_of(&line.entry, &line.draft, epoch)?;
            Some((order, opening_of(batch, line)))
        })
        .collect()
}

/// A spooled opening as it is journaled.
pub(crate) fn late_draft(sender: &str, xml: &str) -> Result<Draft, Fault> {
    let message = parse_message(xml.as_bytes()).map_err(of_wire)?;
    let sender = PartyId::new(sender).map_err(|error| fault(UNREADABLE).log(error.to_string()))?;
    Ok(Draft {
        flags: flags::LATE | flags::KEYED,
        message_id: message.header.message_id,
        digest: digest_of_bytes(xml.as_bytes()),
        label: message.header.message_type.as_str().to_owned(),
        body: xml.to_owned().into_bytes().into(),
        message: Some(Arc::new(message)),
        ..Draft::bare(EntryKind::Message, sender)
    })
}
