//! The first step of the signed door: an envelope whose signature, certificate and freshness the
//! security room has checked.

use std::ops::Range;

use bytes::Bytes;
use cordon_contract::Fault;
use cordon_model::{Digest, PartyId};
use cordon_security::wsse::VerifiedEnvelope;
use cordon_security::{Identity, JudgedBy};
use cordon_wire::digest_of_bytes;

use super::refused::{Offender, RefusedDraft};
use super::rules::Corridor;
use super::sealed::Sealed;
use super::valid::Valid;
use crate::corridor::work::lightest;
use crate::decide::mode::Weight;
use crate::decide::submission::SubmissionForm;
use crate::fault::{MESSAGE_COUNT, fault};

/// A verified envelope. Only [`VerifiedEnvelope`] becomes one.
#[derive(Debug)]
pub(crate) struct Verified {
    envelope: VerifiedEnvelope,
}

/// A submission whose every message is sealed or refused.
pub(crate) struct SealedSubmission {
    signer: Identity,
    raw: Bytes,
    digest: Digest,
    messages: Vec<Part>,
    /// Kept until the sequencer has taken it in.
    _judged_by: JudgedBy,
}

/// One message of a submission and where it stands in the signed bytes.
pub(crate) struct Part {
    pub span: Range<usize>,
    pub outcome: Result<Sealed, RefusedDraft>,
}

impl From<VerifiedEnvelope> for Verified {
    fn from(envelope: VerifiedEnvelope) -> Self {
        Self { envelope }
    }
}

impl Verified {
    /// Takes every message through the rest of the corridor. `Err` when the submission as a whole
    /// cannot be taken: it has no lawful form, or holds no message or too many. Only what has the form
    /// becomes a sealed submission, so that whoever reads the journal finds its messages again.
    pub(crate) fn seal(self, corridor: Corridor<'_>) -> Result<SealedSubmission, RefusedDraft> {
        let signer = self.envelope.identity().clone();
        let form = match self.form(corridor.rules.messages_max) {
            Ok(form) => form,
            Err(fault) => {
                let offender = Offender {
                    sender: Some(signer.id),
                    raw: Bytes::copy_from_slice(self.envelope.bytes()),
                    ..Offender::default()
                };
                return Err(RefusedDraft::new(fault, offender, corridor));
            }
        };
        let nodes = form.messages();
        let document = self.envelope.document();
        let mut messages = Vec::with_capacity(nodes.len());
        for (part, id) in (0_u16..).zip(nodes) {
            let node = document.node(*id);
            let outcome = match Valid::check(node, &signer, corridor) {
                Ok(valid) => Ok(Sealed::of_valid(valid, part, corridor.terms.number)),
                Err(invalid) => {
                    let raw = document.bytes().get(node.span()).unwrap_or_default();
                    let offender = Offender {
                        sender: Some(signer.id.clone()),
                        message_id: invalid
                            .message
                            .as_ref()
                            .map(|message| message.header.message_id),
                        digest: Some(invalid.digest),
                        raw: Bytes::copy_from_slice(raw),
                        sequence: invalid
                            .message
                            .map(|message| message.header)
                            .filter(|header| header.sender_id == signer.id && !header.test)
                            .map(|header| header.sequence),
                        ..Offender::default()
                    };
                    Err(RefusedDraft::new(invalid.fault, offender, corridor))
                }
            };
            messages.push(Part {
                span: node.span(),
                outcome,
            });
        }
        let judged_by = self.envelope.judged_by().clone();
        let raw = Bytes::from(self.envelope.into_bytes());
        Ok(SealedSubmission {
            signer,
            digest: digest_of_bytes(&raw),
            raw,
            messages,
            _judged_by: judged_by,
        })
    }
}

impl Verified {
    fn form(&self, messages_max: usize) -> Result<SubmissionForm, Fault> {
        let form = SubmissionForm::check(self.envelope.document())?;
        let count = form.messages().len();
        if (1..=messages_max).contains(&count) {
            return Ok(form);
        }
        Err(fault(MESSAGE_COUNT)
            .at(self.envelope.body().path())
            .log(format!("the submission holds {count} messages")))
    }
}

impl SealedSubmission {
    /// The messages that passed, for a look into the inbox.
    pub(crate) fn sealed_mut(&mut self) -> impl Iterator<Item = &mut Sealed> {
        self.messages
            .iter_mut()
            .filter_map(|part| part.outcome.as_mut().ok())
    }

    /// Who signed it.
    pub(crate) fn signer(&self) -> &PartyId {
        &self.signer.id
    }

    /// The signed bytes.
    pub(crate) fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The digest of the signed bytes, made here so that the one sequencer need not.
    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    /// How many messages it holds.
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    /// In which modes it is taken.
    pub(crate) fn weight(&self) -> Weight {
        let taken = self.messages.iter();
        lightest(
            taken
                .filter_map(|part| part.outcome.as_ref().ok())
                .map(Sealed::weight),
        )
    }

    /// True when all that it says are orders of a person to gates.
    pub(crate) fn is_act(&self) -> bool {
        let mut said = self
            .messages
            .iter()
            .filter_map(|part| part.outcome.as_ref().ok())
            .peekable();
        said.peek().is_some() && said.all(Sealed::is_act)
    }

    /// Signer, signed bytes and messages.
    pub(crate) fn into_parts(self) -> (PartyId, Bytes, Vec<Part>) {
        (self.signer.id, self.raw, self.messages)
    }
}
