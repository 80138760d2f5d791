//! A refusal on its way to the journal: the canonical `Refusal`, then the raw bytes refused.

use bytes::Bytes;
use cordon_contract::{EntryKind, Fault};
use cordon_model::{Body, Digest, MessageId, PartyId, Refusal};
use cordon_wire::digest_of_bytes;

use super::rules::Corridor;
use crate::draft::Draft;
use crate::flags;
use crate::sealer::Particulars;
use crate::text::clip_empty;

/// What is refused, as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct Offender {
    pub sender: Option<PartyId>,
    pub message_id: Option<MessageId>,
    pub digest: Option<Digest>,
    pub raw: Bytes,
}

/// A refused message, ready to become an entry (I9).
#[derive(Debug)]
pub(crate) struct RefusedDraft {
    fault: Fault,
    draft: Draft,
}

impl RefusedDraft {
    /// Writes the refusal down.
    pub(crate) fn new(fault: Fault, offender: Offender, corridor: Corridor<'_>) -> Self {
        let refusal = Refusal {
            message_id: offender.message_id,
            sender_id: offender.sender.clone(),
            code: fault.code().to_owned(),
            place: clip_empty(fault.place(), 500),
            detail: clip_empty(fault.log_text(), 2_000),
            remedy: clip_empty(fault.remedy_text(), 2_000),
            entry_number: None,
            refused_at: corridor.now,
        };
        let particulars = Particulars::derived(MessageId::random(), corridor.now);
        let sealer = corridor.sealer;
        let mut draft = sealer
            .seal(EntryKind::Refused, Body::Refusal(refusal), particulars)
            .unwrap_or_else(|breach| {
                tracing::error!(%breach, code = fault.code(), "a refusal breaks the language");
                Draft::bare(EntryKind::Refused, sealer.hub().clone())
            });
        let max = corridor.rules.refused_bytes_max;
        let kept = offender.raw.slice(..offender.raw.len().min(max));
        if kept.len() < offender.raw.len() {
            draft.flags |= flags::TRUNCATED;
        }
        let head = draft.body;
        draft.part = u16::try_from(head.len()).unwrap_or(0);
        let mut body = head.to_vec();
        body.extend_from_slice(&kept);
        draft.body = Bytes::from(body);
        draft.digest = offender
            .digest
            .unwrap_or_else(|| digest_of_bytes(&offender.raw));
        draft.label = fault.code().to_owned();
        draft.message_id = offender.message_id.unwrap_or(draft.message_id);
        draft.sender = offender.sender.unwrap_or(draft.sender);
        Self { fault, draft }
    }

    /// The fault to answer with.
    pub(crate) fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Bytes it will take in the journal.
    pub(crate) fn bytes(&self) -> usize {
        self.draft.body.len()
    }

    /// Who is refused.
    pub(crate) fn sender(&self) -> &PartyId {
        &self.draft.sender
    }

    /// Fault and draft, with the entry that caused it.
    pub(crate) fn into_parts(self, cause: u64) -> (Fault, Draft) {
        let mut draft = self.draft;
        draft.cause = cause;
        (self.fault, draft)
    }
}
