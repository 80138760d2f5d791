//! The door through which adapters hand readings to the corridor.
//!
//! The queue is bounded: when it is full, `offer` waits, and so does the adapter's own protocol
//! (no acknowledgement, no further poll). That is the back-pressure of invariant I10.

use cordon_model::Digest;
use tokio::sync::{mpsc, oneshot};

use crate::{Fault, Reading};

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
}

/// Why an offer got no durable entry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IntakeError {
    /// The message was refused; the refusal itself is an entry.
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

    /// Offers a reading and waits until it is durable or refused.
    pub async fn offer(&self, reading: Reading) -> Result<Accepted, IntakeError> {
        self.offer_caused(reading, 0).await
    }

    /// As [`Intake::offer`], for a reading caused by journal entry `cause`.
    pub async fn offer_caused(
        &self,
        reading: Reading,
        cause: u64,
    ) -> Result<Accepted, IntakeError> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .send(Offer {
                reading,
                cause,
                answer,
            })
            .await
            .map_err(|_| IntakeError::Closed)?;
        match answered.await {
            Ok(Ok(accepted)) => Ok(accepted),
            Ok(Err(fault)) => Err(IntakeError::Refused(fault)),
            Err(_) => Err(IntakeError::Closed),
        }
    }
}
