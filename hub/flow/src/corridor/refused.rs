//! A refusal on its way to the journal: the canonical `Refusal`, then the raw bytes refused.

use bytes::Bytes;
use cordon_contract::{EntryKind, Fault};
use cordon_model::{Body, Digest, MessageId, PartyId, Refusal};
use cordon_wire::{WireFault, digest_of_bytes};

use super::rules::Corridor;
use crate::decide::draft::Draft;
use crate::decide::sealer::Particulars;
use crate::decide::unheard::Source;
use crate::flags;
use crate::text::clip_empty;

/// What is refused, as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct Offender {
    pub sender: Option<PartyId>,
    pub message_id: Option<MessageId>,
    pub digest: Option<Digest>,
    pub raw: Bytes,
    /// `raw` is the beginning of what was refused.
    pub is_cut: bool,
    /// The running number of its sender, who signed it.
    pub sequence: Option<u64>,
    /// What the park's word would settle.
    pub waits: Option<String>,
    /// Where what a device said is not understood and may have been an alarm.
    pub unheard: Option<Source>,
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
        // Whoever counts a sender's messages finds the number of a refused one here.
        let numbered = offender.sender.as_ref().zip(offender.sequence);
        let particulars = Particulars {
            source_ref: numbered
                .map(|(sender, number)| format!("{sender}/{number}"))
                .or_else(|| offender.unheard.as_ref().map(|source| source.name.clone())),
            correlation: match &offender.unheard {
                Some(source) => Some(source.mark().to_owned()),
                None => offender.waits.clone(),
            },
            ..Particulars::derived(MessageId::random(), corridor.now)
        };
        let sealer = corridor.sealer;
        let sealed = sealer.seal(EntryKind::Refused, Body::Refusal(refusal), particulars);
        let (mut draft, part) = with_head(sealed).unwrap_or_else(|why| {
            tracing::error!(
                why,
                code = fault.code(),
                "a refusal is recorded without words"
            );
            (Draft::bare(EntryKind::Refused, sealer.hub().clone()), 0)
        });
        let max = corridor.rules.refused_bytes_max;
        let kept = offender.raw.slice(..offender.raw.len().min(max));
        if offender.is_cut || kept.len() < offender.raw.len() {
            draft.flags |= flags::TRUNCATED;
        }
        let head = draft.body;
        draft.part = part;
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

    /// One that was in a batch of which nobody knows whether it is durable.
    pub(crate) fn again(fault: Fault, draft: Draft) -> Self {
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

/// A refusal and the length of its words, which must fit the record's field: whoever reads the entry
/// again finds the words by it. Longer ones leave the entry without a message, at once and for ever.
fn with_head(sealed: Result<Draft, WireFault>) -> Result<(Draft, u16), String> {
    let draft = sealed.map_err(|breach| breach.to_string())?;
    let len = u16::try_from(draft.body.len())
        .map_err(|_| format!("its words take {} bytes", draft.body.len()))?;
    Ok((draft, len))
}
