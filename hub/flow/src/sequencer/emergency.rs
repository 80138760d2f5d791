//! The one exception of I2: an emergency opening, and its release, acts although the journal cannot be written.
//!
//! While the disk fails the plug-ins still decide on one in memory (the one key, an evacuation of now, a lane held open by
//! hand), its orders to barriers go straight to the outbox, and the message is kept in the spool until it can be
//! journaled, marked late. One that leads to no such order is refused. Everything else is refused, readings wait, and the journal is tried again and again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_contract::{EntryKind, Fault, Order, OutcomeKind};
use cordon_model::{Body, CommandOutcome, GateAction, GateCommand, MessageId, Timestamp};
use cordon_wire::write_message;

use crate::corridor::Sealed;
use crate::corridor::inbox::Verdict;
use crate::corridor::receipt::{ReceiptData, Refused};
use crate::corridor::work::{OwnWork, SubmissionWork, Work};
use crate::decide::act::Today;
use crate::decide::batch::{Batch, Line};
use crate::decide::core::order_of;
use crate::decide::draft::Draft;
use crate::decide::mode::{Mode, Weight};
use crate::fault::{DISK_FAILED, ID_REUSED, UNSETTLED, fault};
use crate::flags;
use crate::sequencer::answer::refuse_late;
use crate::sequencer::intake::{Answer, Pending, Slot};
use crate::sequencer::kit::{Acting, Kit, Piece, acting_for, is_acted, is_led_by};
use crate::sequencer::spool::SpoolLine;
use crate::sequencer::startup::{Failure, Occasion};
use crate::sequencer::unsettled::Unsettled;
use crate::sequencer::{Round, Sequencer};

/// First and longest rest between two tries to open the journal.
const REST_MIN: Duration = Duration::from_millis(500);
const REST_MAX: Duration = Duration::from_secs(10);
/// Longest wait for work.
const PATIENCE: Duration = Duration::from_millis(50);
/// Pieces, and bytes of each lane, taken between two looks at the disk.
const PIECES_MAX: usize = 64;
const BYTES_MAX: usize = 1 << 20;

/// The hub without its journal.
pub(crate) struct Emergency {
    kit: Kit,
    occasion: Occasion,
    /// Number of the next entry that only the plug-ins see.
    next: u64,
    rest: Duration,
    again_at: Instant,
}

impl Emergency {
    /// The hub goes on without a journal; `occasion` is on which it is opened again.
    pub(crate) fn enter(
        mut kit: Kit,
        occasion: impl FnOnce(Failure) -> Occasion,
        cause: Fault,
    ) -> Self {
        tracing::error!(fault = %cause, "the journal cannot be written; only emergency openings and their releases are carried out");
        let since = kit.ties.clock.now();
        let occasion = occasion(Failure {
            since,
            cause: cause.log_text().to_owned(),
        });
        kit.ties.modes.set(Mode::Emergency {
            fault: cause.clone(),
            since,
        });
        let next = match occasion {
            Occasion::Start | Occasion::LateStart(_) => kit.recall(&cause),
            Occasion::Resume(_) => kit.ties.board.lock().number + 1,
        };
        Self {
            next,
            kit,
            occasion,
            rest: REST_MIN,
            again_at: Instant::now() + REST_MIN,
        }
    }

    /// Carries out emergency openings and their releases until the journal can be written again; `None` once the queue
    /// is closed.
    pub(crate) fn run(mut self) -> Option<Sequencer> {
        let left: Vec<Piece> = self.kit.held.drain(..).collect();
        self.take(left);
        loop {
            self.kit.ties.board.turn();
            if Instant::now() >= self.again_at {
                match self.try_again() {
                    Ok(sequencer) => return Some(sequencer),
                    Err(same) => self = *same,
                }
            }
            let queue = Arc::clone(&self.kit.ties.queue);
            queue.wait(PATIENCE)?;
            let mut round = Round::new(PIECES_MAX, BYTES_MAX);
            let drawn = std::iter::from_fn(|| round.draw_queued(&queue));
            let pieces = drawn.map(|drawn| drawn.piece).collect();
            self.take(pieces);
        }
    }

    fn try_again(mut self) -> Result<Sequencer, Box<Self>> {
        self.kit.spool.flush();
        self.kit.show_spool();
        match Sequencer::open(self.kit, &self.occasion) {
            Ok((sequencer, recovered)) => {
                tracing::warn!(
                    from = recovered.from,
                    stepped = recovered.stepped,
                    "the journal can be written again"
                );
                Ok(sequencer)
            }
            Err(unopened) => {
                tracing::warn!(fault = %unopened.fault, "the journal cannot be opened yet");
                self.kit = unopened.kit;
                self.rest = (self.rest * 2).min(REST_MAX);
                self.again_at = Instant::now() + self.rest;
                let since = match self.kit.ties.modes.now() {
                    Mode::Emergency { since, .. } => since,
                    _ => self.kit.ties.clock.now(),
                };
                self.kit.ties.modes.set(Mode::Emergency {
                    fault: unopened.fault,
                    since,
                });
                Err(Box::new(self))
            }
        }
    }

    fn take(&mut self, pieces: Vec<Piece>) {
        for (work, room) in pieces {
            let time = self.kit.time();
            let mut batch = Batch::new(self.next, time);
            if let Err(fault) = self.kit.admit_scale(&mut batch, time) {
                tracing::error!(%fault, "the lead of the journal could not be put into words");
            }
            if work.is_late_act() {
                refuse_late(work);
                continue;
            }
            match work {
                Work::Own(work) if work.closes.is_some() => self.outcome(work, room),
                Work::Own(work) if work.drafts.iter().any(Draft::is_emergency) => {
                    self.own_opening(&mut batch, work);
                }
                Work::Submission(work) if work.submission.weight() == Weight::Emergency => {
                    self.signed_opening(&mut batch, work);
                }
                other => self.kit.put_off((other, room), &fault(DISK_FAILED)),
            }
            self.next = batch.next();
        }
        self.kit.show_spool();
    }

    /// Why an opening or a release is not carried out any more.
    fn allows(&self, batch: &Batch, draft: &Draft) -> Result<(), Fault> {
        let terms = self.kit.ties.in_force.now();
        let today = Today {
            settings: terms.authority.settings(),
            precedence: self.kit.core.precedence(),
            now: self.kit.ties.clock.now(),
            entry: batch.time(),
            blind_since: self.kit.blind_since,
        };
        today.allows(draft)
    }

    fn own_opening(&mut self, batch: &mut Batch, work: OwnWork) {
        let mut drafts = work.drafts.iter();
        if let Some(fault) = drafts.find_map(|draft| self.allows(batch, draft).err()) {
            if let Some(answer) = work.answer {
                let _ = answer.send(Err(fault));
            }
            return;
        }
        let mut places = Vec::new();
        for draft in work.drafts {
            places.push(self.kit.core.admit(batch, draft));
        }
        let acting = self.kit.act_on(batch);
        let lines = places.into_iter().filter_map(|place| batch.line(place));
        let acted = lines.filter(|line| has_acted(line, &acting));
        let receipts: Vec<ReceiptData> = acted.map(late_receipt).collect();
        if let Some(answer) = work.answer {
            let _ = answer.send(match receipts.is_empty() {
                true => Err(fault(DISK_FAILED)),
                false => Ok(receipts),
            });
        }
    }

    fn signed_opening(&mut self, batch: &mut Batch, work: SubmissionWork) {
        let (_, _, parts) = work.submission.into_parts();
        let mut answers = Vec::with_capacity(parts.len());
        for part in parts {
            let answer = match part.outcome {
                Err(refused) => Err(Refused::unrecorded(refused.fault().clone())),
                Ok(sealed) => self.signed_part(batch, sealed),
            };
            answers.push(answer);
        }
        self.kit.act_on(batch);
        let _ = work.answer.send(answers);
    }

    fn signed_part(&mut self, batch: &mut Batch, sealed: Sealed) -> Result<ReceiptData, Refused> {
        let refused = || Refused::unrecorded(fault(DISK_FAILED));
        // What the journal holds, as far as it is known without it.
        let verdict = self.kit.ties.inbox.verdict_of(&sealed);
        let draft = sealed.into_draft();
        if !draft.is_emergency() {
            return Err(refused());
        }
        let key = (draft.sender.clone(), draft.message_id);
        if let Some(first) = self.kit.acts.get(&key) {
            // Sent again: it was carried out, and acts no second time.
            return match first.digest == draft.digest {
                true => Ok(first.clone()),
                false => Err(Refused::unrecorded(fault(ID_REUSED))),
            };
        }
        match verdict {
            Ok(Verdict::Same(first)) => return Ok(*first),
            Ok(Verdict::Other(_)) => return Err(Refused::unrecorded(fault(ID_REUSED))),
            Ok(Verdict::New | Verdict::Pending(_)) | Err(_) => {}
        }
        self.allows(batch, &draft).map_err(Refused::unrecorded)?;
        let place = self.kit.core.admit(batch, draft);
        let line = batch.line(place).ok_or_else(refused)?;
        let acting = orders_at_once(batch, self.kit.core.fold().now.epoch);
        let id = line.draft.message_id;
        match acting.iter().any(|(_, opening)| *opening == id) {
            true => Ok(late_receipt(line)),
            false => Err(refused()),
        }
    }

    /// Notes what came of an emergency order that acted; the outcome of an order that stands in the
    /// journal waits until it can stand there too.
    fn outcome(&mut self, work: OwnWork, room: Option<crate::corridor::queue::Room>) {
        let Some(number) = work.closes.filter(|number| is_acted(*number)) else {
            self.kit.held.push_back((Work::Own(work), room));
            return;
        };
        self.kit.ties.dispatch.forget(number);
        let Some(acted) = self.kit.acted.get(&number).cloned() else {
            return;
        };
        for draft in work
            .drafts
            .iter()
            .filter(|draft| draft.kind == EntryKind::Outcome)
        {
            let (kind, detail, at) = told(draft);
            if let Some(command) = acted.command() {
                self.kit.show_acted(kind, command);
            }
            if let Some(acted) = self.kit.acted.get_mut(&number) {
                acted.ended(kind, &detail);
            }
            let opening = acted.opening.to_string();
            let held_before = &mut self.kit.held_before;
            held_before.end_spooled(&opening, &acted.target, (kind, &detail, at));
            self.kit.show_held_before();
            self.kit.spool.add(SpoolLine::Outcome {
                at_micros: at.micros(),
                opening,
                target: acted.target.clone(),
                kind,
                detail,
            });
        }
    }
}

impl Kit {
    /// Nothing of the batch is known to be durable: answers so, carries out its emergency openings,
    /// and keeps what is taken again.
    pub(crate) fn after_failure(&mut self, batch: Batch, pending: Vec<Pending>, cause: &Fault) {
        let acting = self.act_on(&batch);
        let unsettled = fault(UNSETTLED).log(cause.to_string());
        let mut kept = Vec::new();
        for pending in pending {
            match &pending.answer {
                Answer::Reading(_) | Answer::Own(None) => kept.push(pending),
                _ => answer_failed((&batch, &acting), pending, &unsettled),
            }
        }
        let batch = Unsettled::new(batch, kept);
        for order in batch.closes() {
            self.ties.dispatch.keep(order);
        }
        self.unsettled.push(batch);
    }

    /// Lets orders out that act at once, then spools what they follow from: writing must not delay acting.
    fn act_on(&mut self, batch: &Batch) -> Acting {
        let mut acting = Acting::new();
        for (order, opening) in orders_at_once(batch, self.core.fold().now.epoch) {
            tracing::warn!(
                target = order.target.0,
                "an emergency order acts before it is journaled"
            );
            let targets = acting.entry(opening).or_default();
            targets.push(order.target.0.clone());
            self.act(order, opening);
        }
        self.held_before.take_acting(batch, &acting);
        self.show_held_before();
        for line in batch.lines() {
            if has_acted(line, &acting) {
                self.note_act(late_receipt(line));
                self.spool_opening(line, &acting);
            }
        }
        acting
    }

    fn spool_opening(&mut self, line: &Line, acting: &Acting) {
        let Some(message) = &line.entry.message else {
            return;
        };
        let id = line.draft.message_id;
        match write_message(message).map(String::from_utf8) {
            Ok(Ok(xml)) => self.spool.add(SpoolLine::Opening {
                at_micros: line.entry.time.micros(),
                clock_micros: line.entry.time.micros().saturating_sub(self.lead()),
                run: self.spool.run(),
                sender: line.entry.sender.as_str().to_owned(),
                xml,
                id: Some(id.to_string()),
                acted: acting.get(&id).cloned().unwrap_or_default(),
            }),
            _ => tracing::error!("an emergency opening could not be written down"),
        }
    }

    /// Shows what came of an order to a barrier. After an opening of which nobody knows whether it was carried
    /// out, what was confirmed before is no longer so for sure.
    fn show_acted(&self, kind: OutcomeKind, command: &GateCommand) {
        let (device, action) = (&command.device_id, &command.action);
        let acted = &mut self.ties.board.lock().acted;
        match kind {
            OutcomeKind::Confirmed => {
                acted.insert(device.clone(), *action);
            }
            OutcomeKind::Expired | OutcomeKind::Refused if *action == GateAction::LockOpen => {
                acted.remove(device);
            }
            _ => {}
        }
    }

    /// Shows how many lines wait in the spool.
    pub(crate) fn show_spool(&self) {
        self.ties.board.lock().spooled = self.spool.waiting();
    }
}

/// The orders of a batch that act before they are journaled, each with what it follows from. What acted
/// before, and is only being journaled, acts no second time.
fn orders_at_once(batch: &Batch, epoch: u64) -> Vec<(Order, MessageId)> {
    let fresh = |line: &&Line| line.draft.flags & flags::LATE == 0;
    let lines = batch.lines().iter().filter(fresh);
    lines
        .filter_map(|line| {
            let order = order_of(&line.entry, &line.draft, epoch)?;
            let opening = acting_for(batch, line, &order)?;
            Some((order, opening))
        })
        .collect()
}

/// True for an emergency opening or release that acted: an order to a barrier was let out for it.
fn has_acted(line: &Line, acting: &Acting) -> bool {
    line.draft.flags & flags::LATE == 0
        && is_led_by(line)
        && acting.contains_key(&line.draft.message_id)
}

pub(crate) fn late_receipt(line: &Line) -> ReceiptData {
    ReceiptData {
        number: 0,
        sender: line.draft.sender.clone(),
        message_id: line.draft.message_id,
        digest: line.draft.digest,
        chain: cordon_model::Digest([0; 32]),
        received_at: line.entry.time,
        duplicate: false,
        late: true,
        marks: 0,
    }
}

fn answer_failed((batch, acting): (&Batch, &Acting), pending: Pending, unsettled: &Fault) {
    let late = |index: usize| {
        batch
            .line(index)
            .filter(|line| has_acted(line, acting))
            .map(late_receipt)
    };
    match pending.answer {
        Answer::Submission(answer) => {
            let answers = pending.slots.iter().map(|slot| match slot {
                Slot::New(index) => {
                    late(*index).ok_or_else(|| Refused::unrecorded(unsettled.clone()))
                }
                _ => Err(Refused::unrecorded(unsettled.clone())),
            });
            let _ = answer.send(answers.collect());
        }
        Answer::Own(Some(answer)) => {
            let late: Vec<ReceiptData> = pending
                .slots
                .iter()
                .filter_map(|slot| match slot {
                    Slot::New(index) => late(*index),
                    _ => None,
                })
                .collect();
            let _ = answer.send(if late.is_empty() {
                Err(unsettled.clone())
            } else {
                Ok(late)
            });
        }
        Answer::Refusal(answer) => {
            let _ = answer.send(Refused::unrecorded(unsettled.clone()));
        }
        Answer::StateHash(answer) => {
            let _ = answer.send(Err(unsettled.clone()));
        }
        // Taken again by themselves.
        Answer::Reading(_) | Answer::Own(None) => {}
    }
}

/// Kind and words of an outcome's draft, and when it was told.
fn told(draft: &Draft) -> (OutcomeKind, String, Timestamp) {
    let message = draft.message.as_deref();
    let at = message.map_or(Timestamp::from_micros(0), |it| it.header.occurred_at);
    let status = match message.map(|message| &message.body) {
        Some(Body::GateStatus(status)) => Some(status),
        _ => None,
    };
    let kind = match status.and_then(|status| status.command_outcome) {
        Some(CommandOutcome::Accepted) => OutcomeKind::Accepted,
        Some(CommandOutcome::Confirmed) => OutcomeKind::Confirmed,
        Some(CommandOutcome::Refused) => OutcomeKind::Refused,
        Some(CommandOutcome::Failed) => OutcomeKind::Failed,
        Some(CommandOutcome::Expired) | None => OutcomeKind::Expired,
    };
    (
        kind,
        status
            .and_then(|status| status.detail.clone())
            .unwrap_or_default(),
        at,
    )
}
