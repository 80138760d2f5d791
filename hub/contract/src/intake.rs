//! The door through which adapters hand readings to the corridor.
//!
//! The queue is bounded: when it is full, `offer` waits, and so does the adapter's own protocol
//! (no acknowledgement, no further poll). That is the back-pressure of invariant I10.

use std::collections::BTreeMap;
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
///
/// Readings are recorded in the order in which they were handed over. Several [`Intake::offer`] that run at
/// once overtake one another, so that the last word of a device is not the last recorded: whoever has
/// many hands them over one after the other and waits for the answers then.
///
/// ```
/// # use cordon_contract::{Accepted, Intake, IntakeError, Payload, Reading};
/// # use cordon_model::{Digest, Timestamp};
/// # fn reading(topic: &str) -> Reading {
/// #     Reading {
/// #         device: "D-1".parse().unwrap(),
/// #         message_id: None,
/// #         observed_at: None,
/// #         received_at: Timestamp::from_micros(1),
/// #         source_ref: None,
/// #         initial: false,
/// #         test: false,
/// #         payload: Payload::Json {
/// #             mapping: "a/b/1".to_owned(),
/// #             topic: topic.to_owned(),
/// #             document: bytes::Bytes::new(),
/// #         },
/// #         raw: bytes::Bytes::new(),
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), IntakeError> {
/// let (intake, mut offers) = Intake::bounded(8);
/// # tokio::spawn(async move {
/// #     for number in 1.. {
/// #         let Some(offer) = offers.recv().await else { return };
/// #         let (digest, chain) = (Digest([0; 32]), Digest([0; 32]));
/// #         let accepted = Accepted { number, digest, chain, duplicate: false, is_over: false };
/// #         offer.answer.send(Ok(accepted)).unwrap();
/// #     }
/// # });
/// let first = intake.hand_over(reading("on")).await?;
/// let second = intake.hand_over(reading("off")).await?;
/// assert!(first.answered().await?.number < second.answered().await?.number);
/// let answers = intake.offer_all([reading("on"), reading("off")]).await;
/// assert!(answers.iter().all(Result::is_ok));
/// # Ok(())
/// # }
/// ```
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
        self.hand_over_caused(reading, cause)
            .await?
            .answered()
            .await
    }

    /// Offers readings in this order and waits until each is durable or refused; the answers are in the
    /// same order. What was not judged is offered again in this order too.
    pub async fn offer_all(
        &self,
        readings: impl IntoIterator<Item = Reading>,
    ) -> Vec<Result<Accepted, IntakeError>> {
        let mut open: Vec<_> = readings.into_iter().enumerate().collect();
        let mut answers = BTreeMap::new();
        loop {
            let mut all = Vec::with_capacity(open.len());
            for (place, reading) in open.drain(..) {
                all.push((place, self.hand_over(reading).await));
            }
            for (place, handed) in all {
                let judged = match handed {
                    Ok(handed) => handed.judged().await,
                    Err(closed) => Ok(Err(closed)),
                };
                match judged {
                    Ok(answer) => drop(answers.insert(place, answer)),
                    Err(handed) => open.push((place, handed.reading)),
                }
            }
            if open.is_empty() {
                return answers.into_values().collect();
            }
            // Closed meanwhile: handing over says so of each.
            let _ = self.rest().await;
        }
    }

    /// Waits for room and hands a reading over; its answer is waited for apart.
    pub async fn hand_over(&self, reading: Reading) -> Result<Handed, IntakeError> {
        self.hand_over_caused(reading, 0).await
    }

    async fn hand_over_caused(&self, reading: Reading, cause: u64) -> Result<Handed, IntakeError> {
        let (answer, answered) = oneshot::channel();
        let offer = Offer {
            reading: reading.clone(),
            cause,
            answer,
        };
        let sent = self.queue.send(offer).await;
        sent.map_err(|_| IntakeError::Closed)?;
        Ok(Handed {
            intake: self.clone(),
            reading,
            cause,
            answered,
        })
    }

    /// Waits before what was not judged is offered again.
    async fn rest(&self) -> Result<(), IntakeError> {
        tokio::select! {
            () = self.queue.closed() => Err(IntakeError::Closed),
            () = tokio::time::sleep(AGAIN) => Ok(()),
        }
    }
}

/// A reading that was handed over, in its place among the others. See [`Intake::hand_over`].
#[derive(Debug)]
#[must_use = "a reading is acknowledged when it was answered"]
pub struct Handed {
    intake: Intake,
    /// Kept, for it may have to be offered again.
    reading: Reading,
    cause: u64,
    answered: oneshot::Receiver<Result<Accepted, Fault>>,
}

impl Handed {
    /// Waits until the reading is durable or refused; one that was not judged is offered again.
    ///
    /// Until then it may wait for room, and holds what it is given: where other readings are handed over
    /// beside it, it must go on being polled.
    pub async fn answered(self) -> Result<Accepted, IntakeError> {
        let mut handed = self;
        loop {
            let Self {
                intake,
                reading,
                cause,
                ..
            } = match handed.judged().await {
                Ok(answer) => return answer,
                Err(handed) => handed,
            };
            intake.rest().await?;
            handed = intake.hand_over_caused(reading, cause).await?;
        }
    }

    /// The answer. Given back when it was not judged: the hub stops, or has no room on the disk just now.
    async fn judged(mut self) -> Result<Result<Accepted, IntakeError>, Self> {
        match (&mut self.answered).await {
            Ok(answer) => Ok(answer.map_err(IntakeError::Refused)),
            Err(_) => Err(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use cordon_model::{Digest, Timestamp};
    use tokio::sync::mpsc;

    use super::{Accepted, Intake, IntakeError, Offer};
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

    fn accepted(number: u64) -> Accepted {
        Accepted {
            number,
            digest: Digest([0; 32]),
            chain: Digest([0; 32]),
            duplicate: false,
            is_over: false,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_judged_is_offered_again() {
        let (intake, mut offers) = Intake::bounded(1);
        let offered = tokio::spawn(async move { intake.offer(reading()).await });
        for _ in 0..3 {
            drop(offers.recv().await.unwrap().answer);
        }
        let last = offers.recv().await.unwrap();
        last.answer.send(Ok(accepted(7))).unwrap();
        assert_eq!(offered.await.unwrap(), Ok(accepted(7)));
    }

    fn numbered(number: usize) -> Reading {
        Reading {
            source_ref: Some(number.to_string()),
            ..reading()
        }
    }

    /// Takes what comes and answers it; what `is_judged` denies is let go without an answer. Gives the
    /// answered in their order.
    async fn taken(
        mut offers: mpsc::Receiver<Offer>,
        mut is_judged: impl FnMut() -> bool,
    ) -> Vec<String> {
        let mut taken = Vec::new();
        while let Some(offer) = offers.recv().await {
            if is_judged() {
                taken.push(offer.reading.source_ref.unwrap());
                let number = u64::try_from(taken.len()).unwrap();
                offer.answer.send(Ok(accepted(number))).unwrap();
            }
        }
        taken
    }

    /// Leaves the task that asks no budget: its next send has to come again.
    async fn spend_the_budget() {
        while tokio::task::coop::has_budget_remaining() {
            tokio::task::consume_budget().await;
        }
    }

    fn in_order(count: usize) -> Vec<String> {
        (0..count).map(|number| number.to_string()).collect()
    }

    #[tokio::test]
    async fn what_is_handed_over_one_after_the_other_arrives_so() {
        let (intake, offers) = Intake::bounded(4);
        let taking = tokio::spawn(taken(offers, || true));
        spend_the_budget().await;
        let mut all = Vec::new();
        for number in 0..400 {
            all.push(intake.hand_over(numbered(number)).await.unwrap());
        }
        for (handed, number) in all.into_iter().zip(1..) {
            assert_eq!(handed.answered().await.unwrap().number, number);
        }
        drop(intake);
        assert_eq!(taking.await.unwrap(), in_order(400));
    }

    #[tokio::test]
    async fn many_offered_at_once_arrive_in_their_order() {
        for room in [1, 4, 64, 1_024] {
            let (intake, offers) = Intake::bounded(room);
            let taking = tokio::spawn(taken(offers, || true));
            spend_the_budget().await;
            let answers = intake.offer_all((0..400).map(numbered)).await;
            drop(intake);
            assert_eq!(taking.await.unwrap(), in_order(400), "{room}");
            let numbers = answers.into_iter().map(|answer| answer.unwrap().number);
            assert!(numbers.eq(1..=400), "{room}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_that_are_not_judged_are_offered_again_at_once_and_in_their_order() {
        let (intake, offers) = Intake::bounded(4);
        let mut seen = 0;
        let is_judged = move || {
            seen += 1;
            seen > 900
        };
        let taking = tokio::spawn(taken(offers, is_judged));
        let begin = tokio::time::Instant::now();
        let answers = intake.offer_all((0..300).map(numbered)).await;
        assert!(answers.iter().all(Result::is_ok));
        assert!(begin.elapsed() < 4 * super::AGAIN);
        drop(intake);
        assert_eq!(taking.await.unwrap(), in_order(300));
    }

    #[tokio::test(start_paused = true)]
    async fn a_door_that_closes_answers_each_of_many() {
        let (intake, mut offers) = Intake::bounded(1);
        let offered = tokio::spawn(async move { intake.offer_all((0..3).map(numbered)).await });
        let first = offers.recv().await.unwrap();
        first.answer.send(Ok(accepted(1))).unwrap();
        drop(offers);
        let closed = || Err(IntakeError::Closed);
        assert_eq!(
            offered.await.unwrap(),
            [Ok(accepted(1)), closed(), closed()]
        );
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
