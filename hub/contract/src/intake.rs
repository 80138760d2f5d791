//! The door through which adapters hand readings to the corridor.
//!
//! The queue is bounded: when it is full, `offer` waits, and so does the adapter's own protocol
//! (no acknowledgement, no further poll). That is the back-pressure of invariant I10.

use std::time::Duration;

use cordon_model::Digest;
use tokio::sync::{mpsc, oneshot};

use crate::{Fault, Reading};

/// How long a reading that was not judged waits before it is offered again.
const AGAIN: Duration = Duration::from_secs(1);

/// The refusal of what is beyond its device's pace: counted, and told by the hub.
pub const BEYOND_PACE: &str = "F093";

/// A reading on its way in, with the place for the answer. Made by [`Intake`], taken by the flow.
#[derive(Debug)]
pub struct Offer {
    /// What was offered.
    pub reading: Reading,
    /// The entry that ordered it when the reading is the outcome of an order, else 0.
    pub cause: u64,
    /// Where the answer goes; the flow answers only after the commit is durable.
    pub answer: oneshot::Sender<Result<Accepted, Fault>>,
}

/// The durable answer to an offer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Accepted {
    /// The journal entry that holds the message.
    pub number: u64,
    /// The message's digest.
    pub digest: Digest,
    /// The chain hash up to and including the entry.
    pub chain: Digest,
    /// True when the same message was already in the journal and this is its first answer again.
    pub duplicate: bool,
    /// True of such a one that raised a red or orange alarm which is over: who knows its message by its bytes
    /// alone, and was not told that it is sent again, offers it anew under another id.
    pub is_over: bool,
}

/// Why an offer got no durable entry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IntakeError {
    /// The message was refused; the refusal itself is an entry, but for [`BEYOND_PACE`], which is counted.
    #[error("{0}")]
    Refused(Fault),
    /// The hub is stopping; nothing was recorded, offer again after a restart.
    #[error("the hub is stopping")]
    Closed,
}

/// Handed to every adapter. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Intake {
    queue: mpsc::Sender<Offer>,
}

impl Intake {
    /// A door with room for `capacity` waiting offers, and the end from which the flow takes them.
    pub fn bounded(capacity: usize) -> (Self, mpsc::Receiver<Offer>) {
        let (queue, receiver) = mpsc::channel(capacity.max(1));
        (Self { queue }, receiver)
    }

    /// Offers a reading and waits until it is durable or refused. While the hub can record nothing
    /// (a full disk), the reading waits here and is offered again.
    pub async fn offer(&self, reading: Reading) -> Result<Accepted, IntakeError> {
        self.offer_caused(reading, 0).await
    }

    /// As [`Intake::offer`], for a reading caused by journal entry `cause`.
    pub async fn offer_caused(
        &self,
        reading: Reading,
        cause: u64,
    ) -> Result<Accepted, IntakeError> {
        loop {
            let (answer, answered) = oneshot::channel();
            self.queue
                .send(Offer {
                    reading: reading.clone(),
                    cause,
                    answer,
                })
                .await
                .map_err(|_| IntakeError::Closed)?;
            match answered.await {
                Ok(Ok(accepted)) => return Ok(accepted),
                Ok(Err(fault)) => return Err(IntakeError::Refused(fault)),
                // Not judged: the hub stops, or has no room on the disk just now.
                Err(_) => tokio::select! {
                    () = self.queue.closed() => return Err(IntakeError::Closed),
                    () = tokio::time::sleep(AGAIN) => {}
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use cordon_model::{Digest, Timestamp};

    use super::{Accepted, Intake, IntakeError};
    use crate::{Payload, Reading};

    fn reading() -> Reading {
        Reading {
            device: "D-1".parse().unwrap(),
            message_id: None,
            observed_at: None,
            received_at: Timestamp::from_micros(1),
            source_ref: None,
            initial: false,
            test: false,
            payload: Payload::Json {
                mapping: "a/b/1".to_owned(),
                topic: String::new(),
                document: Bytes::new(),
            },
            raw: Bytes::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_judged_is_offered_again() {
        let (intake, mut offers) = Intake::bounded(1);
        let offered = tokio::spawn(async move { intake.offer(reading()).await });
        for _ in 0..3 {
            drop(offers.recv().await.unwrap().answer);
        }
        let accepted = Accepted {
            number: 7,
            digest: Digest([0; 32]),
            chain: Digest([0; 32]),
            duplicate: false,
            is_over: false,
        };
        let last = offers.recv().await.unwrap();
        last.answer.send(Ok(accepted.clone())).unwrap();
        assert_eq!(offered.await.unwrap(), Ok(accepted));
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_door_ends_the_offer() {
        let (intake, mut offers) = Intake::bounded(1);
        let offered = tokio::spawn(async move { intake.offer(reading()).await });
        drop(offers.recv().await.unwrap());
        drop(offers);
        assert_eq!(offered.await.unwrap(), Err(IntakeError::Closed));
    }
}
