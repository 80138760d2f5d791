//! The queue in front of the sequencer: three lanes, each bounded by pieces and by bytes.
//!
//! An emergency opening, and what came of an order, overtakes everything. Quick work (captures, barrier states, alarms,
//! outcomes, operators) overtakes the rest, so that a gate decision never waits behind telemetry. A
//! full lane makes its own pushers wait, and nobody else's (I10). Within a lane the sequencer's time is shared out
//! among those who send ([`Turns`]).

mod turns;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) use self::turns::Origin;
use self::turns::Turns;
use crate::corridor::work::Work;
use crate::decide::mode::Weight;

/// Bytes one permit of the byte bound stands for.
const PERMIT_BYTES: usize = 1_024;

/// After steady work the taker looks again by itself after so long, and steady work does not wake it
/// before: to wake a sleeper costs the pusher more than to read a receipt, and what comes meanwhile shares
/// a batch. Emergencies and quick work wake it at once.
const DOZE: Duration = Duration::from_micros(150);

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

impl Lane {
    /// Permits of a piece. One larger than the whole bound takes all of it.
    fn weight(&self, work: &Work) -> u32 {
        u32::try_from(work.bytes().div_ceil(PERMIT_BYTES))
            .unwrap_or(u32::MAX)
            .min(self.bytes_max)
    }
}

/// Whether the taker must be told that something waits; telling costs a call of the kernel.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Taker {
    /// It looks again before it sleeps.
    #[default]
    Awake,
    /// It looks again soon; only what must not wait is told.
    Dozing,
    /// It waits to be told.
    Asleep,
}

impl Taker {
    /// Whether it must be told of a piece.
    fn must_hear(self, pace: Pace) -> bool {
        match self {
            Self::Awake => false,
            Self::Dozing => pace != Pace::Steady,
            Self::Asleep => true,
        }
    }
}

/// Which lane a piece waits in, the first first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Pace {
    /// Emergencies, and what came of orders.
    Emergency,
    /// What a gate decision hangs on, and people's words.
    Quick,
    /// The rest.
    Steady,
}

impl Pace {
    pub(crate) fn of(work: &Work) -> Self {
        match (work.weight(), work.is_quick()) {
            (Weight::Emergency, _) => Self::Emergency,
            (_, true) => Self::Quick,
            (_, false) => Self::Steady,
        }
    }
}

#[derive(Default)]
struct Waiting {
    emergency: Turns<Ticket>,
    quick: Turns<Ticket>,
    steady: Turns<Ticket>,
    taker: Taker,
    /// The last that was taken was steady work: more of it is likely soon.
    was_steady: bool,
    closed: bool,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        self.emergency.len() + self.quick.len() + self.steady.len()
    }

    fn lane(&mut self, pace: Pace) -> &mut Turns<Ticket> {
        match pace {
            Pace::Emergency => &mut self.emergency,
            Pace::Quick => &mut self.quick,
            Pace::Steady => &mut self.steady,
        }
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

    /// Puts the work in when there is room for it now; gives it back when there is none.
    pub(crate) fn try_push(&self, work: Work) -> Result<Result<(), Work>, Closed> {
        let pace = Pace::of(&work);
        let lane = self.lane(pace);
        let Ok(piece) = Arc::clone(&lane.pieces).try_acquire_owned() else {
            return Ok(Err(work));
        };
        let Ok(bytes) = Arc::clone(&lane.bytes).try_acquire_many_owned(lane.weight(&work)) else {
            return Ok(Err(work));
        };
        self.put(pace, work, (piece, bytes)).map(Ok)
    }

    /// Waits for room and puts the work in.
    pub(crate) async fn push(&self, work: Work) -> Result<(), Closed> {
        let pace = Pace::of(&work);
        let lane = self.lane(pace);
        let piece = Arc::clone(&lane.pieces)
            .acquire_owned()
            .await
            .map_err(|_| Closed)?;
        let bytes = Arc::clone(&lane.bytes)
            .acquire_many_owned(lane.weight(&work))
            .await
            .map_err(|_| Closed)?;
        self.put(pace, work, (piece, bytes))
    }

    fn lane(&self, pace: Pace) -> &Lane {
        match pace {
            Pace::Emergency => &self.emergency,
            Pace::Quick => &self.quick,
            Pace::Steady => &self.steady,
        }
    }

    fn put(&self, pace: Pace, work: Work, room: Room) -> Result<(), Closed> {
        let origin = work.origin();
        let ticket = Ticket { work, room };
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(Closed);
        }
        waiting.lane(pace).push(origin, ticket);
        let tells = waiting.taker.must_hear(pace);
        if tells {
            waiting.taker = Taker::Awake;
        }
        drop(waiting);
        if tells {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Waits up to `patience` for something. `None` once the queue is closed and empty.
    pub(crate) fn wait(&self, patience: Duration) -> Option<()> {
        let mut waiting = self.lock();
        if waiting.was_steady {
            waiting = self.rest(waiting, Taker::Dozing, DOZE.min(patience));
        }
        waiting = self.rest(waiting, Taker::Asleep, patience);
        waiting.was_steady = waiting.steady.len() > 0;
        (!waiting.closed || !waiting.is_empty()).then_some(())
    }

    /// The next piece of a lane, and where it came from.
    pub(crate) fn pop(&self, pace: Pace) -> Option<(Origin, Ticket)> {
        self.lock().lane(pace).pop()
    }

    /// Charges whoever sent a piece with the time it took.
    pub(crate) fn charge(&self, pace: Pace, origin: &Origin, took: Duration) {
        self.lock().lane(pace).charge(origin, took);
    }

    /// Whether a person's order waits that is an emergency.
    pub(crate) fn has_act(&self) -> bool {
        let waiting = self.lock();
        let mut works = waiting.emergency.iter().map(|ticket| &ticket.work);
        works.any(|work| !work.is_outcome())
    }

    /// Whether something waits that overtakes steady work.
    pub(crate) fn has_quick(&self) -> bool {
        let waiting = self.lock();
        waiting.emergency.len() + waiting.quick.len() > 0
    }

    /// Waits for something while there is nothing.
    fn rest<'a>(
        &'a self,
        mut waiting: MutexGuard<'a, Waiting>,
        taker: Taker,
        patience: Duration,
    ) -> MutexGuard<'a, Waiting> {
        if waiting.is_empty() && !waiting.closed {
            waiting.taker = taker;
            waiting = match self.filled.wait_timeout(waiting, patience) {
                Ok((waiting, _)) => waiting,
                Err(poisoned) => poisoned.into_inner().0,
            };
            waiting.taker = Taker::Awake;
        }
        waiting
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
pub(crate) mod tests {
    use std::time::{Duration, Instant};

    use cordon_contract::EntryKind;
    use cordon_model::{Body, EmergencyGateOpen, MessageId, ParkCode, PartyId, Timestamp};
    use tokio::sync::oneshot;

    use super::{DOZE, Origin, Pace, Queue, Taker};
    use crate::corridor::RefusedDraft;
    use crate::corridor::work::{OwnWork, RefusalWork, Work};
    use crate::decide::draft::Draft;
    use crate::decide::mode::Weight;
    use crate::decide::sealer::{Particulars, Sealer};
    use crate::fault::{STRANGER, fault};

    pub(crate) fn opening() -> Work {
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

    /// Steady work, whose answer nobody waits for.
    pub(crate) fn refusal() -> Work {
        let sender = PartyId::new("enterprise-1").unwrap();
        let draft = Draft::bare(EntryKind::Refused, sender);
        let (answer, _) = oneshot::channel();
        let refused = RefusedDraft::again(fault(STRANGER), draft);
        Work::Refusal(RefusalWork { refused, answer })
    }

    #[tokio::test]
    async fn an_emergency_opening_neither_waits_for_room_nor_behind_others() {
        let queue = Queue::new(1, 1 << 20);
        let (answer, _kept) = oneshot::channel();
        assert!(queue.push(Work::StateHash(answer)).await.is_ok());
        // The lane of quick work is full: its next piece would wait.
        let entered = tokio::time::timeout(Duration::from_secs(30), queue.push(opening())).await;
        assert!(matches!(entered, Ok(Ok(()))), "it waited for room");
        assert!(queue.wait(Duration::ZERO).is_some());
        let (origin, ticket) = queue.pop(Pace::Emergency).unwrap();
        assert_eq!(origin, Origin::Hub);
        assert_eq!(ticket.split().0.weight(), Weight::Emergency);
    }

    /// An opening during the doze is told at once; the steady work of a moment waits for the next look.
    #[test]
    fn a_dozing_taker_is_woken_by_what_must_not_wait_alone() {
        for pace in [Pace::Emergency, Pace::Quick, Pace::Steady] {
            assert!(Taker::Asleep.must_hear(pace), "{pace:?}");
            assert!(!Taker::Awake.must_hear(pace), "{pace:?}");
        }
        assert!(Taker::Dozing.must_hear(Pace::Emergency));
        assert!(Taker::Dozing.must_hear(Pace::Quick));
        assert!(!Taker::Dozing.must_hear(Pace::Steady));
        assert!(DOZE < Duration::from_millis(1), "nobody would notice");
    }

    /// Whatever the taker does when something comes, it is handed out.
    #[tokio::test]
    async fn what_comes_while_the_taker_rests_is_handed_out() {
        let queue = std::sync::Arc::new(Queue::new(100, 1 << 20));
        let taker = {
            let queue = std::sync::Arc::clone(&queue);
            std::thread::spawn(move || {
                let mut taken = 0;
                while queue.wait(Duration::from_secs(60)).is_some() {
                    for pace in [Pace::Emergency, Pace::Quick, Pace::Steady] {
                        taken += usize::from(queue.pop(pace).is_some());
                    }
                }
                taken
            })
        };
        for round in 0..2_000 {
            let work = match round % 5 {
                0 => opening(),
                _ => refusal(),
            };
            assert!(queue.push(work).await.is_ok());
            if round % 7 == 0 {
                tokio::task::yield_now().await;
            }
        }
        queue.close();
        assert_eq!(taker.join().unwrap(), 2_000);
    }
}
