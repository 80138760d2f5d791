//! The queue in front of the sequencer: three lanes, each bounded by pieces and by bytes.
//!
//! An emergency opening, and what came of an order, overtakes everything. Quick work (captures, barrier states, alarms,
//! outcomes, operators) overtakes the rest, so that a gate decision never waits behind telemetry. A
//! full lane makes its own pushers wait, and nobody else's (I10).

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::mode::Weight;
use crate::work::Work;

/// Bytes one permit of the byte bound stands for.
const PERMIT_BYTES: usize = 1_024;

/// A piece of work with the room it takes in the queue until it is committed.
pub(crate) struct Ticket {
    work: Work,
    room: Room,
}

/// Room in the queue, given back when dropped.
pub(crate) type Room = (OwnedSemaphorePermit, OwnedSemaphorePermit);

impl Ticket {
    /// The work and its room.
    pub(crate) fn split(self) -> (Work, Room) {
        (self.work, self.room)
    }
}

struct Lane {
    pieces: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
    bytes_max: u32,
}

#[derive(Default)]
struct Waiting {
    emergency: VecDeque<Ticket>,
    quick: VecDeque<Ticket>,
    steady: VecDeque<Ticket>,
    /// The taker sleeps; nobody else needs to be told, and telling costs a call of the kernel.
    asleep: bool,
    closed: bool,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        self.emergency.len() + self.quick.len() + self.steady.len()
    }
}

/// The queue.
pub(crate) struct Queue {
    emergency: Lane,
    quick: Lane,
    steady: Lane,
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

/// The queue takes nothing more.
#[derive(Debug)]
pub(crate) struct Closed;

impl Queue {
    /// Room for `pieces` and `bytes` in each lane.
    pub(crate) fn new(pieces: usize, bytes: usize) -> Self {
        let permits = (bytes / PERMIT_BYTES).clamp(1, Semaphore::MAX_PERMITS.min(1 << 30));
        let lane = || Lane {
            pieces: Arc::new(Semaphore::new(pieces.max(1))),
            bytes: Arc::new(Semaphore::new(permits)),
            bytes_max: u32::try_from(permits).unwrap_or(u32::MAX),
        };
        Self {
            emergency: lane(),
            quick: lane(),
            steady: lane(),
            waiting: Mutex::default(),
            filled: Condvar::new(),
        }
    }

    /// Waits for room and puts the work in.
    pub(crate) async fn push(&self, work: Work) -> Result<(), Closed> {
        let emergency = work.weight() == Weight::Emergency;
        let quick = work.is_quick();
        let lane = match (emergency, quick) {
            (true, _) => &self.emergency,
            (false, true) => &self.quick,
            (false, false) => &self.steady,
        };
        // One piece larger than the whole bound takes all of it.
        let weight = u32::try_from(work.bytes().div_ceil(PERMIT_BYTES))
            .unwrap_or(u32::MAX)
            .min(lane.bytes_max);
        let piece = Arc::clone(&lane.pieces)
            .acquire_owned()
            .await
            .map_err(|_| Closed)?;
        let bytes = Arc::clone(&lane.bytes)
            .acquire_many_owned(weight)
            .await
            .map_err(|_| Closed)?;
        let ticket = Ticket {
            work,
            room: (piece, bytes),
        };
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(Closed);
        }
        match (emergency, quick) {
            (true, _) => waiting.emergency.push_back(ticket),
            (false, true) => waiting.quick.push_back(ticket),
            (false, false) => waiting.steady.push_back(ticket),
        }
        let asleep = std::mem::take(&mut waiting.asleep);
        drop(waiting);
        if asleep {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Takes what waits, emergencies first, then quick work, at most `pieces` and about `bytes`; waits up to
    /// `patience` for the first. `None` once the queue is closed and empty.
    pub(crate) fn take(
        &self,
        pieces: usize,
        bytes: usize,
        patience: Duration,
    ) -> Option<Vec<Ticket>> {
        let mut waiting = self.lock();
        if waiting.is_empty() && !waiting.closed {
            waiting.asleep = true;
            waiting = match self.filled.wait_timeout(waiting, patience) {
                Ok((waiting, _)) => waiting,
                Err(poisoned) => poisoned.into_inner().0,
            };
            waiting.asleep = false;
        }
        if waiting.closed && waiting.is_empty() {
            return None;
        }
        // A quarter is kept for steady work, so that quick work cannot starve it.
        let quick_max = pieces - (pieces / 4).min(waiting.steady.len());
        let mut taken = Vec::new();
        let mut size = 0;
        while taken.len() < pieces {
            let Some(ticket) = waiting.emergency.pop_front() else {
                break;
            };
            size += ticket.work.bytes();
            taken.push(ticket);
        }
        while taken.len() < quick_max && size < bytes {
            let Some(ticket) = waiting.quick.pop_front() else {
                break;
            };
            size += ticket.work.bytes();
            taken.push(ticket);
        }
        while taken.len() < pieces && (size < bytes || taken.is_empty()) {
            let Some(ticket) = waiting.steady.pop_front() else {
                break;
            };
            size += ticket.work.bytes();
            taken.push(ticket);
        }
        Some(taken)
    }

    /// How many pieces wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Takes nothing more; what waits is still handed out.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        for lane in [&self.emergency, &self.quick, &self.steady] {
            lane.pieces.close();
            lane.bytes.close();
        }
        self.filled.notify_all();
    }

    /// Drops what waits, which tells those who wait for answers.
    pub(crate) fn drain(&self) {
        let mut waiting = self.lock();
        waiting.emergency.clear();
        waiting.quick.clear();
        waiting.steady.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use cordon_contract::EntryKind;
    use cordon_model::{Body, EmergencyGateOpen, MessageId, ParkCode, PartyId, Timestamp};
    use tokio::sync::oneshot;

    use super::Queue;
    use crate::mode::Weight;
    use crate::sealer::{Particulars, Sealer};
    use crate::work::{OwnWork, Work};

    fn opening() -> Work {
        let operator = PartyId::new("operator-1").unwrap();
        let at = Timestamp::from_micros(0);
        let body = Body::EmergencyGateOpen(EmergencyGateOpen {
            order_id: "EO-1".into(),
            gates: vec!["G1".parse().unwrap()],
            ordered_by: operator.clone(),
            reason: "drill".into(),
            release: None,
            ordered_at: at,
        });
        let sealer = Sealer::new(operator, ParkCode::new("JS-1").unwrap());
        let head = Particulars::derived(MessageId::random(), at);
        Work::Own(OwnWork {
            drafts: vec![sealer.seal(EntryKind::Message, body, head).unwrap()],
            closes: None,
            answer: None,
            since: Instant::now(),
        })
    }

    #[tokio::test]
    async fn an_emergency_opening_neither_waits_for_room_nor_behind_others() {
        let queue = Queue::new(1, 1 << 20);
        let (answer, _kept) = oneshot::channel();
        assert!(queue.push(Work::StateHash(answer)).await.is_ok());
        // The lane of quick work is full: its next piece would wait.
        let entered = tokio::time::timeout(Duration::from_secs(30), queue.push(opening())).await;
        assert!(matches!(entered, Ok(Ok(()))), "it waited for room");
        let taken = queue.take(1, 1 << 20, Duration::ZERO).unwrap();
        let works: Vec<Work> = taken.into_iter().map(|ticket| ticket.split().0).collect();
        assert!(works.len() == 1 && works.iter().all(|work| work.weight() == Weight::Emergency));
    }
}
