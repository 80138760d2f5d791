//! Submitting what waits in a spool: in batches, with the same ids until there is an answer.

use std::time::Duration;

use cordon_contract::{Fault, Shutdown};
use cordon_model::MessageId;
use cordon_model::service::Answer;
use cordon_wire::service as wire;

use super::link::payload;
use super::{Link, LinkError, Spool, SpoolState};
use crate::lawful::lawful;

/// What became of the messages.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SubmitSummary {
    /// Accepted messages, repeated ones included.
    pub accepted: usize,
    /// Refused messages.
    pub refused: usize,
    /// Messages that still wait.
    pub waiting: usize,
}

/// Empties a spool.
pub struct Submitter {
    link: Link,
    spool: Spool,
    /// Messages per request, 1 to 500.
    batch: usize,
    /// Bytes of messages per request.
    bytes_max: usize,
}

impl Submitter {
    /// A submitter; `batch` is kept within 1 to 500.
    pub fn new(link: Link, spool: Spool, batch: usize) -> Self {
        Self {
            link,
            spool,
            batch: batch.clamp(1, 500),
            bytes_max: 4 * 1024 * 1024,
        }
    }

    /// Submits until nothing waits, until `patience` has passed without an answer, or until shutdown.
    /// Unreachable hubs are tried again with growing pauses; a refused request is an error at once.
    pub async fn run(
        &self,
        patience: Duration,
        shutdown: &Shutdown,
    ) -> Result<SubmitSummary, LinkError> {
        let mut summary = SubmitSummary::default();
        let mut pause = Duration::from_millis(200);
        let mut silent = Duration::ZERO;
        loop {
            let waiting = self.spool.waiting().map_err(LinkError::Untrusted)?;
            summary.waiting = waiting.len();
            if waiting.is_empty() || shutdown.is_triggered() {
                return Ok(summary);
            }
            match self.submit_some(&waiting, &mut summary).await {
                Ok(()) => {
                    pause = Duration::from_millis(200);
                    silent = Duration::ZERO;
                }
                Err(LinkError::Unreachable(fault)) if silent < patience => {
                    tracing::warn!(%fault, pause_ms = pause.as_millis(), "the hub did not answer, trying again");
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = shutdown.wait() => {}
                    }
                    silent += pause;
                    pause = (pause * 2).min(Duration::from_secs(30));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// One request with as many of the waiting messages as fit.
    async fn submit_some(
        &self,
        waiting: &[MessageId],
        summary: &mut SubmitSummary,
    ) -> Result<(), LinkError> {
        let mut ids = Vec::new();
        let mut messages: Vec<Vec<u8>> = Vec::new();
        let mut bytes = 0;
        for id in waiting.iter().take(self.batch) {
            let message = self.spool.read(id).map_err(LinkError::Untrusted)?;
            bytes += message.len();
            if bytes > self.bytes_max && !messages.is_empty() {
                break;
            }
            ids.push(id);
            messages.push(message);
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
        for (id, result) in ids.into_iter().zip(&response.result) {
            self.settle(id, &result.answer, summary)
                .map_err(LinkError::Untrusted)?;
        }
        Ok(())
    }

    fn settle(
        &self,
        id: &MessageId,
        answer: &Answer,
        summary: &mut SubmitSummary,
    ) -> Result<(), Fault> {
        match answer {
            Answer::Receipt(receipt) => {
                if receipt.message_id != *id {
                    return Err(Fault::new(
                        "S032",
                        format!("the receipt names {} instead of {id}", receipt.message_id),
                    ));
                }
                summary.accepted += 1;
                self.spool.settle(
                    id,
                    SpoolState::Accepted,
                    &cordon_wire::write_receipt(receipt).map_err(lawful)?,
                )
            }
            Answer::Refusal(refusal) => {
                summary.refused += 1;
                tracing::warn!(%id, code = refusal.code, place = refusal.place, detail = refusal.detail, "refused");
                self.spool.settle(
                    id,
                    SpoolState::Refused,
                    &cordon_wire::write_refusal(refusal).map_err(lawful)?,
                )
            }
        }
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
