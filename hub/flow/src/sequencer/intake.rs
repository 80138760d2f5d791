//! Taking work into a batch: duplicate rules, causes, refusals.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_contract::{Accepted, EntryKind, Fault};
use cordon_model::{AlarmLevel, Body, Digest, MessageType, PartyId, Timestamp};
use tokio::sync::oneshot;

use crate::corridor::inbox::{Inbox, Verdict};
use crate::corridor::queue::Queue;
use crate::corridor::receipt::{ReceiptData, Refused};
use crate::corridor::work::{
    OwnWork, ReadingWork, RefusalWork, SubmissionAnswer, SubmissionWork, Work,
};
use crate::corridor::{Corridor, CorridorRules, Offender, Part, RefusedDraft, Sealed, possible};
use crate::decide::act::Today;
use crate::decide::authority::{Order, Speaker, is_over, settle, step};
use crate::decide::batch::Batch;
use crate::decide::core::Core;
use crate::decide::draft::Draft;
use crate::decide::mode::Weight;
use crate::decide::repeats::Repeats;
use crate::decide::terms::Terms;
use crate::fault::{
    ALARMS_PACED, CONTESTED, DISK_FULL, FILLED, ID_REUSED, NO_DEAD_LETTER, REQUESTS_WAIT, STRANGER,
    UNSETTLED, fault, no_room,
};
use crate::flags;
use crate::sequencer::alarm_pace::{AlarmPace, WHILE_FULL};
use crate::sequencer::answer::refuse;
use crate::sequencer::refused_room::RefusedRoom;

/// What became of one message.
pub(crate) enum Slot {
    /// A line of the batch.
    New(usize),
    /// Known already and durable, with its first receipt.
    Seen(Box<ReceiptData>),
    /// So is this; it raised a red or orange alarm that is over.
    Over(Box<ReceiptData>),
    /// Known already, as this entry of the batch.
    Twice(u64),
    /// Refused, and recorded at this line.
    Refused(Fault, usize),
    /// Not judged, not recorded.
    Failed(Fault),
}

/// Whom to answer, and how.
pub(crate) enum Answer {
    Submission(oneshot::Sender<SubmissionAnswer>),
    Reading(oneshot::Sender<Result<Accepted, Fault>>),
    Own(Option<oneshot::Sender<Result<Vec<ReceiptData>, Fault>>>),
    Refusal(oneshot::Sender<Refused>),
    StateHash(oneshot::Sender<Result<(u64, Digest), Fault>>),
}

/// A piece of work in the batch, waiting for the commit.
pub(crate) struct Pending {
    pub slots: Vec<Slot>,
    pub answer: Answer,
    /// Adapter or sender for the counters.
    pub source: Arc<str>,
    pub since: Option<Instant>,
    /// Its lines in the batch, decisions included.
    pub lines: Range<usize>,
}

/// Why a message that passed the corridor is refused.
struct Unlawful {
    fault: Fault,
    /// What the park's word would settle.
    waits: Option<String>,
}

/// Takes work into a batch.
pub(crate) struct Intaker<'a> {
    pub core: &'a mut Core,
    pub inbox: &'a Inbox,
    pub rules: &'a CorridorRules,
    pub terms: Arc<Terms>,
    pub pace: &'a mut AlarmPace,
    pub repeats: &'a Repeats,
    /// The disk is full: what is left of it is shared out.
    pub is_full: bool,
    pub batch: &'a mut Batch,
    pub refused_room: &'a mut RefusedRoom,
    /// When it began, and the queue in which what must not wait may come meanwhile.
    pub begun: Instant,
    pub queue: &'a Queue,
    /// The hub's clock.
    pub now: Timestamp,
}

/// What one piece of work may take while an emergency waits, and while anything waits that gates hang on.
const LONG: Duration = Duration::from_millis(100);
const VERY_LONG: Duration = Duration::from_secs(1);

impl Intaker<'_> {
    /// Takes one piece of work in.
    pub(crate) fn take(&mut self, work: Work) -> Pending {
        let start = self.batch.len();
        let mut pending = match work {
            Work::Submission(work) => self.submission(work),
            Work::Reading(work) => self.reading(work),
            Work::Own(work) => self.own(work),
            Work::Refusal(work) => self.refusal(work),
            Work::StateHash(answer) => {
                pending(Vec::new(), Answer::StateHash(answer), "hub".into(), None)
            }
            // Taken between two batches; whoever asked hears that it was not.
            other @ Work::Settings(_) => {
                refuse(other, &fault(UNSETTLED));
                pending(Vec::new(), Answer::Own(None), "hub".into(), None)
            }
        };
        pending.lines = start..self.batch.len();
        pending
    }

    fn submission(&mut self, work: SubmissionWork) -> Pending {
        let digest = work.submission.digest();
        let (signer, raw, messages) = work.submission.into_parts();
        let mut record = Draft {
            digest,
            body: raw.clone(),
            ..Draft::bare(EntryKind::Submission, signer.clone())
        };
        record.label = format!("{} messages", messages.len());
        // The signed bytes are recorded once, and only if a message of them is new.
        let mut record = Some(record);
        let mut number = 0;
        let mut slots = Vec::with_capacity(messages.len());
        for Part { span, outcome } in messages {
            let is_filled = self.batch.is_filled();
            let slot = match outcome {
                Err(_) if is_filled => Slot::Failed(fault(FILLED)),
                Err(refused) => self.refused_of(&signer, refused, number),
                Ok(mut sealed) => match self.inbox.verdict_of(&sealed) {
                    Err(fault) => Slot::Failed(fault),
                    Ok(Verdict::Same(receipt)) => Slot::Seen(receipt),
                    Ok(Verdict::Pending(number)) => Slot::Twice(number),
                    Ok(Verdict::Other(_)) if is_filled => Slot::Failed(fault(FILLED)),
                    Ok(Verdict::Other(first)) => {
                        let refused = self.reused(&sealed, first, raw.slice(span));
                        self.refused_of(&signer, refused, number)
                    }
                    Ok(Verdict::New) if is_filled || self.is_in_the_way(&sealed) => {
                        Slot::Failed(fault(FILLED))
                    }
                    Ok(Verdict::New) if self.is_request_too_many(&sealed) => {
                        Slot::Failed(fault(REQUESTS_WAIT))
                    }
                    Ok(Verdict::New) => match self.judge(&mut sealed) {
                        Err(why) => {
                            let refused = self.unlawful(&sealed, why, raw.slice(span));
                            self.refused_of(&signer, refused, number)
                        }
                        Ok(()) if !self.keeps_pace(&sealed) => Slot::Failed(fault(self.too_many())),
                        Ok(()) => {
                            if let Some(record) = record.take() {
                                number = self.batch.next();
                                self.core.admit(self.batch, record);
                            }
                            self.fresh(sealed, Some(number))
                        }
                    },
                },
            };
            slots.push(slot);
        }
        pending(
            slots,
            Answer::Submission(work.answer),
            signer.as_str().into(),
            Some(work.since),
        )
    }

    fn reading(&mut self, work: ReadingWork) -> Pending {
        let slots: Vec<Slot> = match work.sealed {
            Err(refused) => vec![self.refused(refused, 0)],
            // Of one that is taken again all that was said may be known, or have been refused.
            Ok(reading) if reading.messages.is_empty() => {
                let missed = reading.missed.into_iter();
                missed.map(|missed| self.refused(missed, 0)).collect()
            }
            Ok(reading) => {
                let slots = self.statements(reading.messages);
                // A reading that is delivered again misses again what was told the first time.
                if slots.iter().any(|slot| matches!(slot, Slot::New(_))) {
                    for missed in reading.missed {
                        self.refused(missed, 0);
                    }
                }
                slots
            }
        };
        pending(
            slots,
            Answer::Reading(work.answer),
            work.source,
            Some(work.since),
        )
    }

    /// What one reading says, taken together: under an id that stands for another reading nothing of
    /// it is new, however many statements it makes.
    fn statements(&mut self, messages: Vec<Sealed>) -> Vec<Slot> {
        let judged: Vec<(Sealed, Result<Verdict, Fault>)> = messages
            .into_iter()
            .map(|sealed| {
                let verdict = self.inbox.verdict_of(&sealed);
                (sealed, verdict)
            })
            .collect();
        let other = judged.iter().find_map(|(_, verdict)| match verdict {
            Ok(Verdict::Other(first)) => Some(*first),
            _ => None,
        });
        judged
            .into_iter()
            .map(|(mut sealed, verdict)| match (verdict, other) {
                (Err(fault), _) => Slot::Failed(fault),
                (Ok(Verdict::Same(receipt)), _) if self.is_over(&sealed) => Slot::Over(receipt),
                (Ok(Verdict::Same(receipt)), _) => Slot::Seen(receipt),
                (Ok(Verdict::Pending(number)), _) => Slot::Twice(number),
                (Ok(Verdict::Other(first)), _) | (Ok(Verdict::New), Some(first)) => {
                    let raw = sealed.body().clone();
                    let refused = self.reused(&sealed, first, raw);
                    self.refused(refused, 0)
                }
                (Ok(Verdict::New), None)
                    if self.batch.is_filled_by_reading() || self.is_in_the_way(&sealed) =>
                {
                    Slot::Failed(fault(FILLED))
                }
                (Ok(Verdict::New), None) => match self.judge(&mut sealed) {
                    Ok(()) if self.is_repeat(&sealed) => Slot::Seen(Box::new(self.still(&sealed))),
                    Ok(()) => self.fresh(sealed, None),
                    Err(why) => {
                        let raw = sealed.body().clone();
                        let refused = self.unlawful(&sealed, why, raw);
                        self.refused(refused, 0)
                    }
                },
            })
            .collect()
    }

    /// Whether it raised a red or orange alarm that is over, and no other bears its name.
    fn is_over(&self, sealed: &Sealed) -> bool {
        let Some((speaker, Body::AlarmEvent(event))) = sealed.said() else {
            return false;
        };
        let alarms = &self.core.fold().register.alarms;
        let is_grave = matches!(event.alarm_level, AlarmLevel::Red | AlarmLevel::Orange);
        let raises = is_grave && !is_over(event.state);
        let is_known = alarms.get(&event.alarm_id).is_some()
            || alarms.was_id(&speaker.id, &event.alarm_id).is_some();
        raises && is_known && !alarms.is_told_again(&speaker.id, event)
    }

    /// Whether a device says again that nothing is seen of it.
    fn is_repeat(&self, sealed: &Sealed) -> bool {
        let message = sealed.draft().message.as_deref();
        message.is_some_and(|message| {
            !message.header.test
                && self.repeats.knows(&message.body, self.batch.time())
                && !self.batch.tells_state_of(&message.body)
        })
    }

    /// The answer to what is not written again: it is no entry.
    fn still(&self, sealed: &Sealed) -> ReceiptData {
        ReceiptData {
            number: 0,
            sender: sealed.sender().clone(),
            message_id: sealed.message_id(),
            digest: sealed.digest(),
            chain: Digest([0; 32]),
            received_at: self.batch.time(),
            duplicate: false,
            late: false,
            marks: 0,
        }
    }

    fn own(&mut self, work: OwnWork) -> Pending {
        let answer = Answer::Own(work.answer);
        let hub: Arc<str> = "hub".into();
        if work
            .closes
            .is_some_and(|order| !self.core.fold().open.contains_key(&order))
        {
            return pending(Vec::new(), answer, hub, None);
        }
        let gone = work.drafts.iter().any(|draft| {
            draft.kind == EntryKind::Order
                && draft.flags & flags::RERUN != 0
                && !self.core.fold().dead.contains_key(&draft.cause)
        });
        if gone {
            return pending(vec![Slot::Failed(fault(NO_DEAD_LETTER))], answer, hub, None);
        }
        let mut drafts = work.drafts.iter();
        let judged = |draft| self.today().allows(draft).and_then(|()| self.kept(draft));
        if let Some(fault) = drafts.find_map(|draft| judged(draft).err()) {
            return pending(vec![Slot::Failed(fault)], answer, hub, None);
        }
        let first = self.batch.next();
        let mut slots = Vec::with_capacity(work.drafts.len());
        for (index, mut draft) in work.drafts.into_iter().enumerate() {
            if index > 0 && draft.cause == 0 {
                draft.cause = first;
            }
            slots.push(Slot::New(self.core.admit(self.batch, draft)));
        }
        pending(slots, answer, hub, Some(work.since))
    }

    fn refusal(&mut self, work: RefusalWork) -> Pending {
        let source = work.refused.sender().as_str().into();
        let slot = self.refused(work.refused, 0);
        pending(vec![slot], Answer::Refusal(work.answer), source, None)
    }

    /// A request for a report that the hub could not remember is not taken; it may come again.
    fn is_request_too_many(&self, sealed: &Sealed) -> bool {
        sealed.message_type() == Some(MessageType::ReportRequest)
            && sealed.said().is_some_and(|(speaker, _)| {
                !self.core.fold().has_room_for_request(speaker.id.as_str())
            })
    }

    /// Whether an enterprise says no more of alarms than it may in a minute.
    fn keeps_pace(&mut self, sealed: &Sealed) -> bool {
        let Some((speaker, Body::AlarmEvent(_) | Body::AlarmUpdate(_))) = sealed.said() else {
            return true;
        };
        let most = match self.is_full {
            true => WHILE_FULL,
            false => self.terms.authority.alarm_words_a_minute(),
        };
        let now = self.batch.time();
        !speaker.is_enterprise() || self.pace.takes(&speaker.id, now, most)
    }

    fn too_many(&self) -> &'static str {
        match self.is_full {
            true => DISK_FULL,
            false => ALARMS_PACED,
        }
    }

    /// What only the order of statements can tell: whose vehicle, person or alarm it is today.
    fn judge(&self, sealed: &mut Sealed) -> Result<(), Unlawful> {
        let Some((speaker, body)) = sealed.said() else {
            return Ok(());
        };
        if sealed.is_of_before(&self.terms) {
            self.judge_by_plan_again(speaker, body)?;
        }
        let order = Order {
            authority: &self.terms.authority,
            register: &self.core.fold().register,
            speaker,
            // Validities are people's times.
            now: self.core.times(self.batch.time()).clock,
        };
        let judged = order
            .judge(body)
            .and_then(|marks| step::possible(body).map(|()| marks));
        let judged = judged.map_err(|(code, field, detail)| Unlawful {
            fault: fault(code).at(place_of(body, field)).log(detail),
            waits: settle::contested(body, field).filter(|_| code == CONTESTED),
        });
        sealed.stands(judged?);
        let kept = self.kept(sealed.draft());
        kept.and_then(|()| sealed.allowed_by(&self.today()))
            .map_err(|fault| Unlawful { fault, waits: None })
    }

    /// What passed the corridor just before other settings held is asked again what the plan alone can answer.
    fn judge_by_plan_again(&self, speaker: &Speaker, body: &Body) -> Result<(), Unlawful> {
        let authority = &self.terms.authority;
        let plan = authority.plan();
        let unlawful = |code, place: String, detail: String| Unlawful {
            fault: fault(code).at(place).log(detail),
            waits: None,
        };
        if !speaker.is_known(plan) {
            let detail = format!("{} is not in the plan any more", speaker.id);
            let place = "/c:Message/c:Header/c:SenderId".to_owned();
            return Err(unlawful(STRANGER, place, detail));
        }
        let lawful = authority.judge_by_plan(speaker, body);
        let lawful = lawful.and_then(|()| match body {
            Body::GateCommand(order) => possible(order, plan, self.now),
            _ => Ok(()),
        });
        lawful.map_err(|(code, field, detail)| unlawful(code, place_of(body, field), detail))
    }

    /// Whether what is said would be kept: what is taken is never forgotten at once.
    fn kept(&self, draft: &Draft) -> Result<(), Fault> {
        let room = self.core.has_room(draft, self.batch.time());
        room.map_err(|why| no_room(why).at(format!("/c:Message/c:Body/c:{}", draft.label)))
    }

    /// What an order of a person is judged by.
    fn today(&self) -> Today<'_> {
        Today {
            settings: self.terms.authority.settings(),
            precedence: self.core.precedence(),
            now: self.now,
            entry: self.batch.time(),
            blind_since: None,
        }
    }

    fn fresh(&mut self, sealed: Sealed, submission: Option<u64>) -> Slot {
        let identity = sealed.identity();
        let mut draft = sealed.into_draft();
        if let Some(number) = submission {
            draft.cause = number;
        }
        // The inbox keeps what the receipt warns of.
        draft.flags |= self.core.precedence().judge(&draft, self.batch.time());
        if draft.flags & flags::KEYED != 0 {
            let number = self.batch.next();
            self.inbox.note(&draft, identity, number);
        }
        Slot::New(self.core.admit(self.batch, draft))
    }

    fn refused(&mut self, refused: RefusedDraft, cause: u64) -> Slot {
        let (fault, draft) = refused.into_parts(cause);
        Slot::Refused(fault, self.core.admit(self.batch, draft))
    }

    /// The same of a message that `party` signed with others: whole as far as there is room for such.
    fn refused_of(&mut self, party: &PartyId, refused: RefusedDraft, cause: u64) -> Slot {
        let (fault, mut draft) = refused.into_parts(cause);
        let most = self.rules.refused_bytes_of_party;
        self.refused_room.fit(&mut draft, party, self.batch, most);
        Slot::Refused(fault, self.core.admit(self.batch, draft))
    }

    /// Whether an emergency, or what a gate hangs on, waits that what is taken now has kept waiting for long. The rest
    /// can come later, but for what is an emergency itself.
    fn is_in_the_way(&self, sealed: &Sealed) -> bool {
        let took = self.begun.elapsed();
        took >= LONG
            && sealed.weight() != Weight::Emergency
            && (self.queue.has_act() || took >= VERY_LONG && self.queue.has_quick())
    }

    /// The same id for another message: refused and, through the guard, alarmed.
    fn reused(&self, sealed: &Sealed, first: u64, raw: bytes::Bytes) -> RefusedDraft {
        let fault = fault(ID_REUSED)
            .at("/c:Message/c:Header/c:MessageId")
            .log(format!(
                "id {} stands for entry {first}",
                sealed.message_id()
            ));
        let why = Unlawful { fault, waits: None };
        self.unlawful(sealed, why, raw)
    }

    /// Refuses what passed the corridor.
    fn unlawful(&self, sealed: &Sealed, why: Unlawful, raw: bytes::Bytes) -> RefusedDraft {
        let offender = Offender {
            sender: Some(sealed.sender().clone()),
            message_id: Some(sealed.message_id()),
            digest: Some(sealed.digest()),
            raw,
            is_cut: false,
            sequence: sealed.sequence(),
            waits: why.waits,
            ..Offender::default()
        };
        let sealer = self.core.sealer().clone();
        let corridor = Corridor {
            rules: self.rules,
            terms: &self.terms,
            sealer: &sealer,
            now: self.batch.time(),
        };
        RefusedDraft::new(why.fault, offender, corridor)
    }
}

/// Where something stands that a message says.
fn place_of(body: &Body, field: &str) -> String {
    format!("/c:Message/c:Body/c:{}/c:{field}", body.message_type())
}

fn pending(slots: Vec<Slot>, answer: Answer, source: Arc<str>, since: Option<Instant>) -> Pending {
    Pending {
        slots,
        answer,
        source,
        since,
        lines: 0..0,
    }
}
