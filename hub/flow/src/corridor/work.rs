//! What waits for the sequencer, each piece with the place for its answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_contract::{Accepted, Fault};
use cordon_model::Digest;
use tokio::sync::oneshot;

use crate::corridor::queue::Origin;
use crate::corridor::receipt::{ReceiptData, Refused};
use crate::corridor::{RefusedDraft, Sealed, SealedReading, SealedSubmission};
use crate::decide::draft::Draft;
use crate::decide::mode::Weight;
use crate::decide::settings::{ChangedPart, SettingsChange};

/// No order of a person is carried out that waited for the sequencer longer than this.
pub(crate) const ACT_WAIT_MAX: Duration = Duration::from_secs(10);
/// Nor one that waited longer than this and that nobody asks for any more. Below it a page that is
/// closed at once loses nothing.
const ACT_WAIT_ALONE: Duration = Duration::from_secs(1);

/// Statements that are few, and bytes: they keep nobody waiting.
const FEW: usize = 20;
const FEW_BYTES: usize = 256 << 10;

/// The answer to each message of a submission, in order.
pub(crate) type SubmissionAnswer = Vec<Result<ReceiptData, Refused>>;

/// A signed submission.
pub(crate) struct SubmissionWork {
    pub submission: SealedSubmission,
    pub answer: oneshot::Sender<SubmissionAnswer>,
    pub since: Instant,
}

/// A reading of an adapter.
pub(crate) struct ReadingWork {
    pub source: Arc<str>,
    pub sealed: Result<SealedReading, RefusedDraft>,
    pub answer: oneshot::Sender<Result<Accepted, Fault>>,
    pub since: Instant,
}

/// Something the hub itself records: an operator's word, an outcome, an audit.
pub(crate) struct OwnWork {
    pub drafts: Vec<Draft>,
    /// The order this closes; skipped when that order has its outcome already.
    pub closes: Option<u64>,
    pub answer: Option<oneshot::Sender<Result<Vec<ReceiptData>, Fault>>>,
    pub since: Instant,
}

/// A refusal from before the corridor (a signature that does not verify).
pub(crate) struct RefusalWork {
    pub refused: RefusedDraft,
    pub answer: oneshot::Sender<Refused>,
}

/// Other settings, to hold from here on.
pub(crate) struct SettingsWork {
    pub change: Box<SettingsChange>,
    pub answer: oneshot::Sender<Result<Vec<ChangedPart>, Fault>>,
}

/// One piece of work.
pub(crate) enum Work {
    Submission(SubmissionWork),
    Reading(ReadingWork),
    Own(OwnWork),
    Refusal(RefusalWork),
    Settings(SettingsWork),
    StateHash(oneshot::Sender<Result<(u64, Digest), Fault>>),
}

impl Work {
    /// In which modes it is taken.
    pub(crate) fn weight(&self) -> Weight {
        match self {
            Self::StateHash(_) => Weight::Alarm,
            Self::Own(work) if work.closes.is_some() => Weight::Emergency,
            Self::Own(work) => lightest(work.drafts.iter().map(Draft::weight)),
            Self::Submission(work) => work.submission.weight(),
            Self::Reading(work) => match &work.sealed {
                Ok(sealed) => lightest(sealed.messages.iter().map(Sealed::weight)),
                Err(_) => Weight::Everyday,
            },
            Self::Refusal(_) | Self::Settings(_) => Weight::Everyday,
        }
    }

    /// Whose time it takes.
    pub(crate) fn origin(&self) -> Origin {
        match self {
            Self::Submission(work) => Origin::Signer(work.submission.signer().clone()),
            Self::Reading(work) => Origin::Source(Arc::clone(&work.source)),
            Self::Refusal(work) => Origin::Signer(work.refused.sender().clone()),
            Self::Own(_) if self.is_outcome() => Origin::Outcome,
            Self::Own(_) | Self::Settings(_) | Self::StateHash(_) => Origin::Hub,
        }
    }

    /// Whether it may take long: it says much at once.
    pub(crate) fn is_long(&self) -> bool {
        let said = match self {
            Self::Submission(work) => work.submission.len(),
            Self::Reading(work) => work.sealed.as_ref().map_or(0, |it| it.messages.len()),
            _ => return false,
        };
        said > FEW || self.bytes() > FEW_BYTES
    }

    /// Whether it is what came of an order.
    pub(crate) fn is_outcome(&self) -> bool {
        matches!(self, Self::Own(work) if work.closes.is_some())
    }

    /// What of it is looked up in the inbox.
    pub(crate) fn sealed_mut(&mut self) -> impl Iterator<Item = &mut Sealed> {
        let (submission, reading) = match self {
            Self::Submission(work) => (Some(work.submission.sealed_mut()), None),
            Self::Reading(work) => (None, work.sealed.as_mut().ok()),
            Self::Own(_) | Self::Refusal(_) | Self::Settings(_) | Self::StateHash(_) => {
                (None, None)
            }
        };
        let reading = reading.into_iter().flat_map(|it| it.messages.iter_mut());
        submission.into_iter().flatten().chain(reading)
    }

    /// True for what must not wait behind telemetry.
    pub(crate) fn is_quick(&self) -> bool {
        match self {
            Self::Own(_) | Self::Settings(_) | Self::StateHash(_) => true,
            Self::Refusal(_) => false,
            Self::Submission(work) => work.submission.weight() < Weight::Everyday,
            Self::Reading(work) => work
                .sealed
                .as_ref()
                .is_ok_and(|sealed| sealed.messages.iter().any(is_quick)),
        }
    }

    /// True for a person's order to gates that came too late to be carried out: it waited longer than
    /// anybody stands at a gate for, or its asker went away meanwhile. Who still wants it asks again.
    pub(crate) fn is_late_act(&self) -> bool {
        let (act, gone, since) = match self {
            Self::Own(work) => (
                work.closes.is_none() && work.drafts.iter().any(Draft::is_act),
                work.answer.as_ref().is_some_and(oneshot::Sender::is_closed),
                work.since,
            ),
            Self::Submission(work) => (
                work.submission.is_act(),
                work.answer.is_closed(),
                work.since,
            ),
            Self::Reading(_) | Self::Refusal(_) | Self::Settings(_) | Self::StateHash(_) => {
                return false;
            }
        };
        let waited = since.elapsed();
        act && (waited > ACT_WAIT_MAX || gone && waited > ACT_WAIT_ALONE)
    }

    /// About how many bytes it keeps in memory.
    pub(crate) fn bytes(&self) -> usize {
        const HEAD: usize = 1_024;
        HEAD + match self {
            Self::Submission(work) => work.submission.raw().len() * 2,
            Self::Reading(work) => match &work.sealed {
                Ok(sealed) => {
                    let messages = sealed.messages.iter().map(|sealed| sealed.body().len() * 2);
                    let missed = sealed.missed.iter().map(RefusedDraft::bytes);
                    messages.sum::<usize>() + missed.sum::<usize>()
                }
                Err(refused) => refused.bytes(),
            },
            Self::Own(work) => work.drafts.iter().map(|draft| draft.body.len() * 2).sum(),
            Self::Refusal(work) => work.refused.bytes(),
            Self::Settings(work) => {
                let parts = work.change.maker.today().iter();
                parts.map(|part| part.body.len() * 2).sum()
            }
            Self::StateHash(_) => 0,
        }
    }
}

/// The weight of several that are taken together: what must not wait takes the others along.
pub(crate) fn lightest(weights: impl Iterator<Item = Weight>) -> Weight {
    weights.min().unwrap_or(Weight::Everyday)
}

/// Captures, barrier states and alarms: what a gate decision hangs on.
fn is_quick(sealed: &Sealed) -> bool {
    use cordon_model::MessageType as M;
    matches!(
        sealed.message_type(),
        Some(M::PlateCapture | M::GateStatus | M::AlarmEvent | M::PassageRecord)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use cordon_contract::EntryKind;
    use cordon_model::{
        AuditEvent, AuditOutcome, Body, EmergencyGateOpen, Header, Message, MessageId, ParkCode,
        PartyId, Quality, SCHEMA_VERSION, Sensitivity, Timestamp,
    };

    fn draft(body: Body) -> Draft {
        let party = PartyId::new("HUB-1").unwrap();
        let now = Timestamp::from_micros(0);
        let header = Header {
            message_id: MessageId::from_bytes([1; 16]),
            message_type: body.message_type(),
            schema_version: SCHEMA_VERSION.to_owned(),
            park_code: ParkCode::new("JS-TEST").unwrap(),
            sender_id: party.clone(),
            recipient_id: None,
            occurred_at: now,
            sent_at: now,
            sequence: 0,
            correlation_id: None,
            source_ref: None,
            quality: Quality::Derived,
            sensitivity: Sensitivity::Internal,
            test: false,
            attested_by: None,
        };
        Draft {
            message: Some(Arc::new(Message { header, body })),
            ..Draft::bare(EntryKind::Message, party)
        }
    }

    fn opening() -> Body {
        Body::EmergencyGateOpen(EmergencyGateOpen {
            order_id: "EM-1".to_owned(),
            gates: Vec::new(),
            ordered_by: PartyId::new("operator-1").unwrap(),
            reason: "fire".to_owned(),
            release: None,
            ordered_at: Timestamp::from_micros(0),
        })
    }

    fn note() -> Body {
        Body::AuditEvent(AuditEvent {
            action: "report.built".to_owned(),
            actor_id: PartyId::new("HUB-1").unwrap(),
            target: None,
            outcome: AuditOutcome::Success,
            detail: None,
            at: Timestamp::from_micros(0),
        })
    }

    /// The work as it stands after so many seconds; the asker waits, or has gone.
    fn waited(body: Body, seconds: u64, asker_waits: bool) -> bool {
        let (answer, answered) = oneshot::channel();
        if !asker_waits {
            drop(answered);
        }
        let since = Instant::now().checked_sub(Duration::from_secs(seconds));
        Work::Own(OwnWork {
            drafts: vec![draft(body)],
            closes: None,
            answer: Some(answer),
            since: since.unwrap(),
        })
        .is_late_act()
    }

    #[test]
    fn an_act_whose_asker_gave_up_or_that_waited_out_a_freeze_is_late() {
        assert!(!waited(opening(), 0, false), "a page closed at once");
        assert!(waited(opening(), 2, false), "the asker gave up");
        assert!(!waited(opening(), 5, true), "slow, and still asked for");
        assert!(waited(opening(), 11, true), "a freeze");
        assert!(!waited(note(), 60, false), "a record is never late");
    }
}
