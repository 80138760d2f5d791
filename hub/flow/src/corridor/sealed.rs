//! The last step: a message with digest and identity, ready for the sequencer.

use bytes::Bytes;
use cordon_contract::EntryKind;
use cordon_model::{Body, Digest, MessageId, MessageType, PartyId, Quality, Timestamp};
use cordon_wire::WireFault;

use super::mapped::Mapped;
use super::valid::Valid;
use crate::authority::Speaker;
use crate::draft::Draft;
use crate::flags;
use crate::sealer::{Particulars, Sealer};

/// How a duplicate of the message is recognised (I4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Key {
    /// Not at all: the hub made the id for a source that never delivers twice.
    None,
    /// By sender, id and digest.
    Exact,
    /// By sender and id alone: the id is the content, but the source gives no time of its own, so
    /// that a second delivery differs in the hub's time.
    IdOnly,
}

/// A message that passed the corridor.
#[derive(Debug)]
pub(crate) struct Sealed {
    draft: Draft,
    key: Key,
    /// Who said it; `None` for the hub itself.
    #[expect(dead_code, reason = "the register of owners will ask")]
    speaker: Option<Speaker>,
}

impl Sealed {
    /// Part `part` of a signed submission; its bytes stay in the submission's record.
    pub(super) fn of_valid(valid: Valid, part: u16) -> Self {
        let (message, digest, speaker) = valid.into_parts();
        let draft = Draft {
            part,
            flags: flags::KEYED,
            message_id: message.header.message_id,
            digest,
            label: message.header.message_type.as_str().to_owned(),
            ..Draft::bare(EntryKind::Message, message.header.sender_id.clone())
        };
        Self {
            draft: Draft {
                message: Some(std::sync::Arc::new(message)),
                ..draft
            },
            key: Key::Exact,
            speaker: Some(speaker),
        }
    }

    /// A mapped reading, sealed by the hub and marked as attested.
    pub(super) fn of_mapped(mapped: Mapped, sealer: &Sealer) -> Result<Self, WireFault> {
        let (body, particulars, key, cause, speaker) = mapped.into_parts();
        let mut draft = sealer.seal(EntryKind::Message, body, particulars)?;
        draft.cause = cause;
        if key != Key::None {
            draft.flags |= flags::KEYED;
        }
        Ok(Self {
            draft,
            key,
            speaker: Some(speaker),
        })
    }

    /// What an operator or the hub itself says.
    pub(crate) fn own(
        sealer: &Sealer,
        body: Body,
        now: Timestamp,
        cause: u64,
    ) -> Result<Self, WireFault> {
        let particulars = Particulars {
            quality: Quality::Manual,
            ..Particulars::derived(MessageId::random(), now)
        };
        let mut draft = sealer.seal(EntryKind::Message, body, particulars)?;
        draft.cause = cause;
        Ok(Self {
            draft,
            key: Key::None,
            speaker: None,
        })
    }

    pub(crate) fn key(&self) -> Key {
        self.key
    }

    pub(crate) fn sender(&self) -> &PartyId {
        &self.draft.sender
    }

    pub(crate) fn message_id(&self) -> MessageId {
        self.draft.message_id
    }

    pub(crate) fn digest(&self) -> Digest {
        self.draft.digest
    }

    pub(crate) fn body(&self) -> &Bytes {
        &self.draft.body
    }

    pub(crate) fn message_type(&self) -> Option<MessageType> {
        self.draft
            .message
            .as_deref()
            .map(|message| message.header.message_type)
    }

    pub(crate) fn is_urgent(&self) -> bool {
        self.draft.is_urgent()
    }

    pub(crate) fn is_emergency(&self) -> bool {
        self.draft.is_emergency()
    }

    /// The draft, for the sequencer.
    pub(crate) fn into_draft(self) -> Draft {
        self.draft
    }
}
