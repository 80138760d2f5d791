//! What waits for the sequencer, each piece with the place for its answer.

use std::sync::Arc;
use std::time::Instant;

use cordon_contract::{Accepted, Fault};
use cordon_model::Digest;
use tokio::sync::oneshot;

use crate::corridor::{RefusedDraft, Sealed, SealedSubmission};
use crate::draft::Draft;
use crate::receipt::{ReceiptData, Refused};

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
    pub sealed: Result<Vec<Sealed>, RefusedDraft>,
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

/// One piece of work.
pub(crate) enum Work {
    Submission(SubmissionWork),
    Reading(ReadingWork),
    Own(OwnWork),
    Refusal(RefusalWork),
    StateHash(oneshot::Sender<Result<(u64, Digest), Fault>>),
}

impl Work {
    /// True for what must not wait behind telemetry.
    pub(crate) fn is_quick(&self) -> bool {
        match self {
            Self::Own(_) | Self::StateHash(_) => true,
            Self::Refusal(_) => false,
            Self::Submission(work) => work.submission.is_urgent(),
            Self::Reading(work) => work
                .sealed
                .as_ref()
                .is_ok_and(|sealed| sealed.iter().any(is_quick)),
        }
    }

    /// True for an emergency opening, which waits behind nothing.
    pub(crate) fn is_emergency(&self) -> bool {
        match self {
            Self::Own(work) => work.drafts.iter().any(Draft::is_emergency),
            Self::Submission(work) => work.submission.is_emergency(),
            Self::Reading(_) | Self::Refusal(_) | Self::StateHash(_) => false,
        }
    }

    /// True for what is still taken when the disk is full.
    pub(crate) fn is_urgent(&self) -> bool {
        match self {
            Self::Own(work) => work.closes.is_some() || work.drafts.iter().any(Draft::is_urgent),
            Self::Submission(work) => work.submission.is_urgent(),
            Self::Reading(work) => work
                .sealed
                .as_ref()
                .is_ok_and(|sealed| sealed.iter().any(Sealed::is_urgent)),
            Self::StateHash(_) => true,
            Self::Refusal(_) => false,
        }
    }

    /// About how many bytes it keeps in memory.
    pub(crate) fn bytes(&self) -> usize {
        const HEAD: usize = 1_024;
        HEAD + match self {
            Self::Submission(work) => work.submission.raw().len() * 2,
            Self::Reading(work) => match &work.sealed {
                Ok(sealed) => sealed.iter().map(|sealed| sealed.body().len() * 2).sum(),
                Err(refused) => refused.bytes(),
            },
            Self::Own(work) => work.drafts.iter().map(|draft| draft.body.len() * 2).sum(),
            Self::Refusal(work) => work.refused.bytes(),
            Self::StateHash(_) => 0,
        }
    }
}

/// Captures, barrier states and alarms: what a gate decision hangs on.
fn is_quick(sealed: &Sealed) -> bool {
    use cordon_model::MessageType as M;
    matches!(
        sealed.message_type(),
        Some(M::PlateCapture | M::GateStatus | M::AlarmEvent | M::PassageRecord)
    )
}
