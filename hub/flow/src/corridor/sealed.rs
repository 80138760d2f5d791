//! The last step: a message with digest and identity, ready for the sequencer.

use bytes::Bytes;
use cordon_contract::{EntryKind, Fault};
use cordon_model::{Body, Digest, MessageId, MessageType, PartyId, Quality, Timestamp};
use cordon_wire::{WireFault, digest_of_bytes};

use super::mapped::Mapped;
use super::rules::Corridor;
use super::valid::Valid;
use crate::corridor::inbox::Looked;
use crate::decide::act::Today;
use crate::decide::authority::Speaker;
use crate::decide::draft::Draft;
use crate::decide::mode::Weight;
use crate::decide::sealer::{Particulars, Sealer};
use crate::decide::terms::Terms;
use crate::flags;
use crate::text::{clip, clip_empty};

/// How a duplicate of the message is recognised (I4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Key {
    /// Not at all: the hub made the id for a source that never delivers twice.
    None,
    /// By sender, id and digest.
    Exact,
    /// By sender, id and what it says without the hub's time, which stands in because the source
    /// gives none of its own: a second delivery differs in that alone.
    HubTimed,
}

/// What a message is recognised by, beside sender and id: its digest, or that of the same words
/// without the hub's own time.
pub(crate) fn identity_of(draft: &Draft) -> Digest {
    identity(draft, draft.flags & flags::HUB_TIMED != 0)
}

/// The same of an entry that is read again; `is_judged` tells whether a program wrote it that asks the table
/// of authority. Those before did not mark whose time a reading has. Of these any may be the hub's; one with
/// a time of its own is recognised by the digest, which a mark holds too.
pub(crate) fn identity_again(draft: &Draft, is_judged: bool) -> Digest {
    let message = draft.message.as_deref();
    let is_reading = message.is_some_and(|it| it.header.attested_by.is_some());
    let is_unmarked = is_reading && !is_judged;
    identity(draft, is_unmarked || draft.flags & flags::HUB_TIMED != 0)
}

fn identity(draft: &Draft, is_hub_timed: bool) -> Digest {
    let sent_at = draft.message.as_deref().map(|it| it.header.sent_at);
    let Some(sent_at) = sent_at.filter(|_| is_hub_timed) else {
        return draft.digest;
    };
    // The ways in which one moment is written, and the number that ids are made of.
    let written = [
        sent_at.to_string(),
        sent_at
            .at_offset(Timestamp::PARK_OFFSET_MINUTES)
            .to_string(),
        sent_at.at_offset(0).to_string(),
        sent_at.micros().to_string(),
    ];
    let mut rest: &[u8] = &draft.body;
    let mut said = Vec::with_capacity(rest.len());
    while let Some((first, tail)) = rest.split_first() {
        // A time begins after something that is no digit, so that no longer number is cut.
        let is_inside = said.last().is_some_and(u8::is_ascii_digit);
        let time = written
            .iter()
            .map(String::as_bytes)
            .filter(|_| !is_inside)
            .find(|time| rest.starts_with(time));
        match time {
            Some(time) => {
                said.push(b'@');
                rest = rest.get(time.len()..).unwrap_or_default();
            }
            None => {
                said.push(*first);
                rest = tail;
            }
        }
    }
    digest_of_bytes(&said)
}

/// A message that passed the corridor.
#[derive(Debug)]
pub(crate) struct Sealed {
    draft: Draft,
    identity: Digest,
    key: Key,
    /// Who said it; `None` for the hub itself.
    speaker: Option<Speaker>,
    /// The number of the terms it was judged under.
    under: u64,
    /// What the state store knows of it.
    pub(crate) looked: Looked,
}

impl Sealed {
    /// Part `part` of a signed submission; its bytes stay in the submission's record.
    pub(super) fn of_valid(valid: Valid, part: u16, under: u64) -> Self {
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
            identity: digest,
            key: Key::Exact,
            speaker: Some(speaker),
            under,
            looked: Looked::Not,
        }
    }

    /// A mapped reading, sealed by the hub and marked as attested.
    pub(super) fn of_mapped(mapped: Mapped, corridor: Corridor<'_>) -> Result<Self, WireFault> {
        let (body, particulars, key, cause, speaker) = mapped.into_parts();
        let mut draft = corridor
            .sealer
            .seal(EntryKind::Message, body, particulars)?;
        draft.cause = cause;
        if key != Key::None {
            draft.flags |= flags::KEYED;
        }
        if key == Key::HubTimed {
            draft.flags |= flags::HUB_TIMED;
        }
        Ok(Self {
            identity: identity_of(&draft),
            draft,
            key,
            speaker: Some(speaker),
            under: corridor.terms.number,
            looked: Looked::Not,
        })
    }

    /// An alarm beyond its device's pace, to be counted in one of `who`'s: with `words` before its own.
    pub(crate) fn counted(
        self,
        who: &str,
        words: &str,
        sealer: &Sealer,
    ) -> Result<Self, WireFault> {
        let Some(message) = self.draft.message.as_deref() else {
            return Ok(self);
        };
        let header = &message.header;
        let mut body = message.body.clone();
        if let Body::AlarmEvent(event) = &mut body {
            event.description = clip_empty(&format!("[{words}] {}", event.description), 2_000);
        }
        let own = header.source_ref.as_deref().unwrap_or_default();
        let own = own.split_once('/').map_or(own, |(_, own)| own);
        let particulars = Particulars {
            occurred_at: header.occurred_at,
            sent_at: header.sent_at,
            quality: header.quality,
            source_ref: clip(&format!("{who}/{own}"), 200),
            test: header.test,
            attested: true,
            ..Particulars::derived(MessageId::random(), header.occurred_at)
        };
        let mut draft = sealer.seal(EntryKind::Message, body, particulars)?;
        draft.flags |= flags::FLOODED;
        Ok(Self {
            identity: draft.digest,
            draft,
            key: Key::None,
            speaker: self.speaker,
            under: self.under,
            looked: Looked::Not,
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
        if draft.is_emergency() {
            // It may act before it is durable, and is then journaled late: once.
            draft.flags |= flags::KEYED;
        }
        draft.flags |= flags::PARK;
        Ok(Self {
            identity: draft.digest,
            draft,
            key: Key::None,
            speaker: None,
            under: 0,
            looked: Looked::Not,
        })
    }

    /// Who said it, and what; `None` for the hub itself.
    pub(crate) fn said(&self) -> Option<(&Speaker, &Body)> {
        let message = self.draft.message.as_deref()?;
        self.speaker
            .as_ref()
            .map(|speaker| (speaker, &message.body))
    }

    /// Whether it passed the corridor under other terms than these.
    pub(crate) fn is_of_before(&self, terms: &Terms) -> bool {
        self.speaker.is_some() && self.under != terms.number
    }

    /// Why an order of a person is not carried out any more.
    pub(crate) fn allowed_by(&self, today: &Today<'_>) -> Result<(), Fault> {
        today.allows(&self.draft)
    }

    /// As it would be journaled.
    pub(crate) fn draft(&self) -> &Draft {
        &self.draft
    }

    /// Notes how it stands: [`flags::PARK`], [`flags::PROPOSAL`] and warnings.
    pub(crate) fn stands(&mut self, bits: u16) {
        self.draft.flags |= bits;
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

    /// What it is recognised by, beside sender and id.
    pub(crate) fn identity(&self) -> Digest {
        self.identity
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

    /// The running number its sender gave it; `None` for what the hub seals itself.
    pub(crate) fn sequence(&self) -> Option<u64> {
        let header = &self.draft.message.as_deref()?.header;
        let is_counted = header.attested_by.is_none() && !header.test && header.sequence > 0;
        is_counted.then_some(header.sequence)
    }

    pub(crate) fn weight(&self) -> Weight {
        self.draft.weight()
    }

    /// A draft that was in a batch of which nobody knows whether it is durable, to be judged again.
    pub(crate) fn again(draft: Draft) -> Self {
        Self {
            identity: identity_of(&draft),
            draft,
            key: Key::Exact,
            // Who may say it was judged the first time.
            speaker: None,
            under: 0,
            looked: Looked::Not,
        }
    }

    pub(crate) fn is_act(&self) -> bool {
        self.draft.is_act()
    }

    /// The draft, for the sequencer.
    pub(crate) fn into_draft(self) -> Draft {
        self.draft
    }
}
