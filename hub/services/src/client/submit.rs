//! Submitting what waits in a spool: in batches, with the same ids until there is an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cordon_contract::{Fault, Shutdown};
use cordon_model::service::{Answer, SubmissionResult, SubmitMessagesResponse};
use cordon_model::{MessageId, Receipt};
use cordon_wire::service as wire;

use super::link::payload;
use super::spool::{DAMAGED_FILE, UNREADABLE};
use super::{Link, LinkError, Spool, SpoolState};
use crate::lawful::lawful;
use crate::passing::is_passing;

/// First and longest pause before the same messages are sent again.
const PAUSE_FIRST: Duration = Duration::from_millis(200);
const PAUSE_LAST: Duration = Duration::from_secs(30);

/// What became of the messages.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SubmitSummary {
    /// Accepted messages, repeated ones included.
    pub accepted: usize,
    /// Of the accepted messages, those whose receipt warns of something.
    pub warned: usize,
    /// Messages refused for good.
    pub refused: usize,
    /// Waiting files that held no message, and were put aside.
    pub damaged: usize,
    /// Messages whose waiting file cannot be read. It stays where it is, and waits.
    pub unreadable: BTreeSet<MessageId>,
    /// Messages that still wait: not sent yet, or refused for a reason that passes.
    pub waiting: usize,
}

/// Is told each answer as soon as it is kept, that of a message which waits on included.
type Hears = Box<dyn Fn(&MessageId, &Answer) + Send + Sync>;

/// Is told of each waiting file that is passed over, and why.
type Names = Box<dyn Fn(&Fault) + Send + Sync>;

/// Empties a spool.
pub struct Submitter {
    link: Link,
    spool: Spool,
    hears: Hears,
    names: Names,
    /// Messages per request, 1 to 500.
    batch: usize,
    /// Bytes of messages per request.
    bytes_max: usize,
}

impl Submitter {
    /// A submitter; `batch` is kept within 1 to 500. Each answer is told to `hears` as soon as it is kept,
    /// whatever becomes of those that follow, and each waiting file that is passed over to `names`.
    pub fn new(
        link: Link,
        spool: Spool,
        batch: usize,
        hears: impl Fn(&MessageId, &Answer) + Send + Sync + 'static,
        names: impl Fn(&Fault) + Send + Sync + 'static,
    ) -> Self {
        Self {
            link,
            spool,
            hears: Box::new(hears),
            names: Box::new(names),
            batch: batch.clamp(1, 500),
            bytes_max: 4 * 1024 * 1024,
        }
    }

    /// Submits, in the order in which messages came into the spool, until nothing waits, until
    /// `patience` has passed without progress, or until shutdown. A hub that is unreachable or busy
    /// is tried again with growing pauses; a request refused for good is an error at once.
    pub async fn run(
        &self,
        patience: Duration,
        shutdown: &Shutdown,
    ) -> Result<SubmitSummary, LinkError> {
        let mut summary = SubmitSummary::default();
        let mut pause = PAUSE_FIRST;
        let mut silent = Duration::ZERO;
        loop {
            let mut waiting = self.spool.waiting().map_err(LinkError::Untrusted)?;
            summary.waiting = waiting.len();
            waiting.retain(|id| !summary.unreadable.contains(id));
            if waiting.is_empty() || shutdown.is_triggered() {
                return Ok(summary);
            }
            match self.submit_some(&waiting, &mut summary).await {
                Ok(settled) if settled > 0 => {
                    (pause, silent) = (PAUSE_FIRST, Duration::ZERO);
                    continue;
                }
                // All of it was refused for reasons that pass.
                Ok(_) if silent >= patience => return Ok(summary),
                Err(LinkError::Busy(fault)) if silent >= patience => {
                    tracing::warn!(%fault, "the hub is busy, the messages wait in the spool");
                    return Ok(summary);
                }
                Ok(_) => {}
                Err(error @ (LinkError::Unreachable(_) | LinkError::Busy(_)))
                    if silent < patience =>
                {
                    tracing::warn!(%error, pause_ms = pause.as_millis(), "trying again");
                }
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.wait() => {}
            }
            silent += pause;
            pause = (pause * 2).min(PAUSE_LAST);
        }
    }

    /// One request with as many of the waiting messages as fit; how many have a final answer now.
    async fn submit_some(
        &self,
        waiting: &[MessageId],
        summary: &mut SubmitSummary,
    ) -> Result<usize, LinkError> {
        let (ids, messages) = self.read_some(waiting, summary)?;
        if messages.is_empty() {
            // All of them were passed over: that is progress too.
            return Ok(waiting.len());
        }
        let answer = self.link.call(&request(&messages)).await?;
        let response = wire::read_submit_messages_response(payload(&answer)?)
            .map_err(|fault| LinkError::Untrusted(lawful(fault)))?;
        if response.result.len() != ids.len() {
            return Err(LinkError::Untrusted(Fault::new(
                "S032",
                format!(
                    "{} answers to {} messages",
                    response.result.len(),
                    ids.len()
                ),
            )));
        }
        for ((place, message), result) in (1..).zip(&messages).zip(&response.result) {
            fits(place, message, result).map_err(LinkError::Untrusted)?;
        }
        an_entry_each(&response.result).map_err(LinkError::Untrusted)?;
        self.keep(&response, answer.bytes())
            .map_err(LinkError::Untrusted)?;
        let mut settled = 0;
        for (id, result) in ids.into_iter().zip(&response.result) {
            let is_final = self
                .settle(id, &result.answer, summary)
                .map_err(LinkError::Untrusted)?;
            (self.hears)(id, &result.answer);
            settled += usize::from(is_final);
        }
        Ok(settled)
    }

    /// The first of the waiting messages that can be sent, as many as fit.
    fn read_some<'a>(
        &self,
        waiting: &'a [MessageId],
        summary: &mut SubmitSummary,
    ) -> Result<(Vec<&'a MessageId>, Vec<Vec<u8>>), LinkError> {
        let mut ids = Vec::new();
        let mut messages: Vec<Vec<u8>> = Vec::new();
        let mut bytes = 0;
        for id in waiting.iter().take(self.batch) {
            let message = match self.spool.read(id) {
                Ok(message) => message,
                Err(fault) if fault.code() == DAMAGED_FILE => {
                    (self.names)(&fault);
                    summary.damaged += 1;
                    continue;
                }
                Err(fault) if fault.code() == UNREADABLE => {
                    (self.names)(&fault);
                    summary.unreadable.insert(*id);
                    continue;
                }
                Err(fault) => return Err(LinkError::Untrusted(fault)),
            };
            bytes += message.len();
            if bytes > self.bytes_max && !messages.is_empty() {
                break;
            }
            ids.push(id);
            messages.push(message);
        }
        Ok((ids, messages))
    }

    /// Keeps the signed answer wherever it settles a message: a receipt without the hub's signature
    /// proves nothing to others.
    fn keep(&self, response: &SubmitMessagesResponse, signed: &[u8]) -> Result<(), Fault> {
        for state in [SpoolState::Accepted, SpoolState::Refused] {
            let mut answers = response
                .result
                .iter()
                .map(|result| state_of(&result.answer));
            if answers.any(|of| of == state) {
                self.spool.keep(state, signed)?;
            }
        }
        Ok(())
    }

    /// Moves a message to its answer; false when it waits on, refused for a reason that passes.
    fn settle(
        &self,
        id: &MessageId,
        answer: &Answer,
        summary: &mut SubmitSummary,
    ) -> Result<bool, Fault> {
        match answer {
            Answer::Receipt(receipt) => {
                let written = cordon_wire::write_receipt(receipt).map_err(lawful)?;
                self.spool.settle(id, SpoolState::Accepted, &written)?;
                summary.accepted += 1;
                summary.warned += usize::from(!receipt.warning.is_empty());
            }
            Answer::Refusal(refusal) => {
                if state_of(answer) == SpoolState::Waiting {
                    return Ok(false);
                }
                let written = cordon_wire::write_refusal(refusal).map_err(lawful)?;
                self.spool.settle(id, SpoolState::Refused, &written)?;
                summary.refused += 1;
            }
        }
        Ok(true)
    }
}

/// Whether a result answers the message sent in this place, and none other: a receipt for other bytes proves
/// nothing of these.
fn fits(place: u32, message: &[u8], result: &SubmissionResult) -> Result<(), Fault> {
    let other = |what: &str, said: &dyn std::fmt::Display, sent: &dyn std::fmt::Display| {
        let words = format!("result {place}: {what} is {said}, of the message it is {sent}");
        Err(unfit(words))
    };
    let head = cordon_wire::parse_message(message).map_err(lawful)?.header;
    if result.index != place {
        return other("Index", &result.index, &place);
    }
    let (id, sender) = match &result.answer {
        Answer::Receipt(receipt) => {
            let digest = cordon_wire::digest_of_bytes(message);
            if receipt.digest != digest {
                return other("Digest", &receipt.digest, &digest);
            }
            if receipt.park_code != head.park_code {
                return other("ParkCode", &receipt.park_code, &head.park_code);
            }
            (Some(receipt.message_id), Some(&receipt.sender_id))
        }
        Answer::Refusal(refusal) => (refusal.message_id, refusal.sender_id.as_ref()),
    };
    if let Some(id) = id.filter(|id| *id != head.message_id) {
        return other("MessageId", &id, &head.message_id);
    }
    if let Some(sender) = sender.filter(|sender| **sender != head.sender_id) {
        return other("SenderId", sender, &head.sender_id);
    }
    Ok(())
}

/// Whether no two messages were given one entry: it holds one of them at most. An opening that was carried out before
/// it could be journaled has none yet.
fn an_entry_each(results: &[SubmissionResult]) -> Result<(), Fault> {
    let mut held: BTreeMap<u64, &Receipt> = BTreeMap::new();
    for result in results {
        let Answer::Receipt(receipt) = &result.answer else {
            continue;
        };
        let number = receipt.entry_number;
        if number == 0 {
            continue;
        }
        let first = held.entry(number).or_insert(receipt);
        // The same message again is answered with the same entry.
        if (&first.sender_id, first.message_id) != (&receipt.sender_id, receipt.message_id) {
            return Err(unfit(format!(
                "result {}: EntryNumber is {number}, which was given to message {} too",
                result.index, first.message_id
            )));
        }
    }
    Ok(())
}

fn unfit(words: String) -> Fault {
    Fault::new("S032", words).remedy("keep the messages in the spool and call the park")
}

/// Where an answer puts its message; it waits on when the reason passes.
fn state_of(answer: &Answer) -> SpoolState {
    match answer {
        Answer::Receipt(_) => SpoolState::Accepted,
        Answer::Refusal(refusal) if is_passing(&refusal.code) => SpoolState::Waiting,
        Answer::Refusal(_) => SpoolState::Refused,
    }
}

/// The request with the messages as they stand in the spool, byte for byte.
fn request(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(128 + messages.iter().map(Vec::len).sum::<usize>());
    out.extend_from_slice(b"<svc:SubmitMessages xmlns:svc=\"urn:cordon:service:1\">");
    for message in messages {
        out.extend_from_slice(message);
    }
    out.extend_from_slice(b"</svc:SubmitMessages>");
    out
}

#[cfg(test)]
mod tests {
    use cordon_model::{Digest, ParkCode, PartyId, Timestamp};

    use super::*;

    fn sent() -> Vec<u8> {
        let file = format!(
            "{}/../../schemas/examples/valid/access-grant-visitor.xml",
            env!("CARGO_MANIFEST_DIR")
        );
        let message = cordon_wire::parse_message(&std::fs::read(file).unwrap()).unwrap();
        cordon_wire::write_message(&message).unwrap()
    }

    fn receipt(message: &[u8]) -> Receipt {
        let head = cordon_wire::parse_message(message).unwrap().header;
        Receipt {
            message_id: head.message_id,
            sender_id: head.sender_id,
            park_code: head.park_code,
            entry_number: 7,
            digest: cordon_wire::digest_of_bytes(message),
            chain_hash: Digest([1; 32]),
            received_at: Timestamp::from_micros(0),
            warning: Vec::new(),
        }
    }

    type Lie = fn(&mut SubmissionResult, &mut Receipt);

    /// Each was taken for a receipt of the message that was sent.
    #[test]
    fn a_receipt_for_something_else_is_none() {
        let message = sent();
        let lies: [(&str, Lie); 6] = [
            ("Index", |result, _| result.index = 9),
            ("SenderId", |_, it| {
                it.sender_id = PartyId::new("other-1").unwrap()
            }),
            ("Digest", |_, it| it.digest = Digest([7; 32])),
            ("ParkCode", |_, it| {
                it.park_code = ParkCode::new("JS-OTHER").unwrap()
            }),
            ("MessageId", |_, it| {
                it.message_id = MessageId::from_bytes([3; 16])
            }),
            ("", |_, _| {}),
        ];
        for (what, lie) in lies {
            let mut it = receipt(&message);
            let mut result = SubmissionResult {
                index: 3,
                answer: Answer::Receipt(it.clone()),
            };
            lie(&mut result, &mut it);
            result.answer = Answer::Receipt(it);
            match fits(3, &message, &result) {
                Ok(()) => assert_eq!(what, ""),
                Err(fault) => {
                    assert_eq!(fault.code(), "S032");
                    assert!(fault.log_text().contains(what), "{what}: {fault}");
                }
            }
        }
        assert!(
            fits(
                3,
                &message,
                &SubmissionResult {
                    index: 3,
                    answer: Answer::Receipt(receipt(&message)),
                }
            )
            .is_ok()
        );
    }

    /// An answer with a receipt of message `id` for entry `entry`, for each.
    fn answered(of: &[(u8, u64)]) -> Vec<SubmissionResult> {
        let receipt = receipt(&sent());
        let results = (1..).zip(of).map(|(index, (id, entry))| SubmissionResult {
            index,
            answer: Answer::Receipt(Receipt {
                message_id: MessageId::from_bytes([*id; 16]),
                entry_number: *entry,
                ..receipt.clone()
            }),
        });
        results.collect()
    }

    #[test]
    fn two_messages_have_no_entry_in_common_and_one_has_its_own_twice() {
        for of in [
            &[(1, 7), (2, 8)][..],
            &[(1, 7), (2, 8), (1, 7)],
            &[(1, 0), (2, 0)],
        ] {
            assert_eq!(an_entry_each(&answered(of)), Ok(()));
        }
        let fault = an_entry_each(&answered(&[(1, 7), (2, 8), (3, 7)])).unwrap_err();
        assert_eq!(fault.code(), "S032");
        let words = fault.log_text();
        let first = MessageId::from_bytes([1; 16]).to_string();
        assert!(words.contains("result 3: EntryNumber is 7"), "{words}");
        assert!(words.contains(&first), "{words}");
    }
}
