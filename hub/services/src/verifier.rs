//! The threads that check signatures: few, of their own, in turn for every party.
//!
//! What a sender makes costly is paid here, never on the threads that serve connections and devices.
//! Who asks is known from the connection before anything is read, so each party has a queue of its
//! own and waits behind itself; one thread and a queue are kept for those who act in an emergency.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use cordon_contract::Fault;
use cordon_model::PartyId;
use tokio::sync::oneshot;

/// Checks of one party that may wait.
const OF_PARTY_MAX: usize = 64;
/// Checks of all parties together that may wait.
const IN_ALL_MAX: usize = 1_024;
/// Checks that may wait in the kept queue.
const KEPT_MAX: usize = 64;
/// A longer message is checked alone: its parts take ten times its size while it is looked at.
const LONG_BYTES: usize = 1024 * 1024;

/// In whose turn a check is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Turn {
    /// After those of the same party that came before, in turn with other parties.
    Party,
    /// On the places kept for those who act in an emergency.
    Kept,
}

type Check = Box<dyn FnOnce() + Send>;

struct Waiting {
    check: Check,
    is_long: bool,
}

#[derive(Default)]
struct Queues {
    /// In turn; a party without checks has no queue.
    parties: VecDeque<(PartyId, VecDeque<Waiting>)>,
    in_all: usize,
    kept: VecDeque<Waiting>,
    /// A long message is being checked.
    long: bool,
    closed: bool,
}

/// A bounded pool for checks.
pub struct Verifier {
    shared: Arc<Shared>,
}

struct Shared {
    queues: Mutex<Queues>,
    /// Something waits that any thread may do.
    any: Condvar,
    /// Something waits for the thread that is kept.
    kept: Condvar,
}

impl Verifier {
    /// Starts `threads` for everybody and one that is kept.
    ///
    /// # Errors
    /// `S056` when the system gives no thread.
    pub fn start(threads: usize) -> Result<Self, Fault> {
        let shared = Arc::new(Shared {
            queues: Mutex::default(),
            any: Condvar::new(),
            kept: Condvar::new(),
        });
        let verifier = Self {
            shared: Arc::clone(&shared),
        };
        let names = (0..threads.max(1)).map(|_| false).chain([true]);
        for is_kept in names {
            let shared = Arc::clone(&shared);
            let name = if is_kept { "verify-kept" } else { "verify" };
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || shared.work(is_kept))
                .map_err(|error| unchecked(&error))?;
        }
        Ok(verifier)
    }

    /// Makes a check of `bytes` bytes for a party and waits for what it gives.
    ///
    /// # Errors
    /// `S050` when too many wait already, `S056` when the check broke off.
    pub async fn check<T: Send + 'static>(
        &self,
        party: &PartyId,
        turn: Turn,
        bytes: usize,
        check: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            // Nobody waiting for the answer any more is no failure.
            check: Box::new(move || drop(answer.send(check()))),
            is_long: bytes > LONG_BYTES,
        };
        self.shared.put(party, turn, waiting)?;
        answered.await.map_err(|error| unchecked(&error))
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.any.notify_all();
        self.shared.kept.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, party: &PartyId, turn: Turn, waiting: Waiting) -> Result<(), Fault> {
        let mut queues = self.lock();
        match turn {
            Turn::Kept if queues.kept.len() >= KEPT_MAX => return Err(busy(party)),
            Turn::Kept => {
                queues.kept.push_back(waiting);
                self.kept.notify_one();
            }
            Turn::Party => queues.line_up(party, waiting)?,
        }
        self.any.notify_one();
        Ok(())
    }

    fn work(&self, is_kept: bool) {
        let mut queues = self.lock();
        loop {
            let next = match queues.kept.pop_front() {
                None if !is_kept => queues.in_turn(),
                kept => kept,
            };
            if let Some(Waiting { check, is_long }) = next {
                queues.long |= is_long;
                drop(queues);
                // The answer is dropped with the check, which tells whoever waits for it.
                if catch_unwind(AssertUnwindSafe(check)).is_err() {
                    tracing::error!("a check of a message broke off");
                }
                queues = self.lock();
                queues.long &= !is_long;
                continue;
            }
            if queues.closed {
                return;
            }
            let bell = if is_kept { &self.kept } else { &self.any };
            queues = bell.wait(queues).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Queues {
    fn line_up(&mut self, party: &PartyId, waiting: Waiting) -> Result<(), Fault> {
        if self.in_all >= IN_ALL_MAX {
            return Err(busy(party));
        }
        match self.parties.iter_mut().find(|(known, _)| known == party) {
            Some((_, queue)) if queue.len() >= OF_PARTY_MAX => return Err(busy(party)),
            Some((_, queue)) => queue.push_back(waiting),
            None => {
                let queue = VecDeque::from([waiting]);
                self.parties.push_back((party.clone(), queue));
            }
        }
        self.in_all += 1;
        Ok(())
    }

    /// The next check of the party whose turn it is; a long one waits until no other is looked at.
    fn in_turn(&mut self) -> Option<Waiting> {
        for _ in 0..self.parties.len() {
            let (party, mut queue) = self.parties.pop_front()?;
            let may = queue
                .front()
                .is_some_and(|next| !(next.is_long && self.long));
            let next = if may { queue.pop_front() } else { None };
            if !queue.is_empty() {
                self.parties.push_back((party, queue));
            }
            if next.is_some() {
                self.in_all -= 1;
                return next;
            }
        }
        None
    }
}

fn busy(party: &PartyId) -> Fault {
    Fault::new("S050", "too many messages wait to be checked")
        .log(format!("too many messages wait to be checked: {party}"))
        .remedy("send the same again in a few seconds, fewer at once")
}

fn unchecked(error: &dyn std::fmt::Display) -> Fault {
    Fault::new("S056", "the message could not be checked")
        .log(format!("the message could not be checked: {error}"))
        .remedy("send it again; if it stays so, call the park")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "test code")]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn party(name: &str) -> PartyId {
        name.parse().unwrap()
    }

    /// A check that says when it begins and ends when it is told to.
    fn gate() -> (
        impl FnOnce() + Send + 'static,
        oneshot::Receiver<()>,
        mpsc::Sender<()>,
    ) {
        let (begun, begins) = oneshot::channel();
        let (go, told) = mpsc::channel();
        let check = move || {
            let _ = begun.send(());
            let _ = told.recv();
        };
        (check, begins, go)
    }

    fn put(
        verifier: &Verifier,
        who: &str,
        turn: Turn,
        check: impl FnOnce() + Send + 'static,
    ) -> Result<(), Fault> {
        let waiting = Waiting {
            check: Box::new(check),
            is_long: false,
        };
        verifier.shared.put(&party(who), turn, waiting)
    }

    #[tokio::test]
    async fn a_full_queue_refuses_its_party_and_nobody_else() {
        let verifier = Verifier::start(1).unwrap();
        let (check, begins, go) = gate();
        put(&verifier, "flood", Turn::Party, check).unwrap();
        begins.await.unwrap();
        for _ in 0..OF_PARTY_MAX {
            put(&verifier, "flood", Turn::Party, || {}).unwrap();
        }
        let refused = put(&verifier, "flood", Turn::Party, || {}).unwrap_err();
        assert_eq!(refused.code(), "S050");

        // Another party comes next, before what the first one has waiting.
        let (said, order) = mpsc::channel();
        let also = said.clone();
        put(&verifier, "plant", Turn::Party, move || {
            said.send("plant").unwrap()
        })
        .unwrap();
        drop(go);
        let other = party("other");
        let last = move || also.send("other").unwrap();
        verifier.check(&other, Turn::Party, 1, last).await.unwrap();
        assert_eq!(order.recv().unwrap(), "plant");
        assert_eq!(order.recv().unwrap(), "other");
    }

    #[tokio::test]
    async fn places_are_kept_when_every_thread_is_busy() {
        let verifier = Verifier::start(1).unwrap();
        let (check, begins, go) = gate();
        put(&verifier, "flood", Turn::Party, check).unwrap();
        begins.await.unwrap();
        let operator = party("operator-1");
        let answer = verifier.check(&operator, Turn::Kept, 1, || 7).await;
        assert_eq!(answer.unwrap(), 7);
        drop(go);
    }

    #[tokio::test]
    async fn a_check_that_breaks_off_ends_neither_its_thread_nor_its_caller() {
        let verifier = Verifier::start(1).unwrap();
        let plant = party("plant");
        let defect = || panic!("as a defect would");
        let broken: Result<(), _> = verifier.check(&plant, Turn::Party, 1, defect).await;
        assert_eq!(broken.unwrap_err().code(), "S056");
        let next = verifier.check(&plant, Turn::Party, 1, || 3).await;
        assert_eq!(next.unwrap(), 3);
    }

    #[test]
    fn long_messages_are_looked_at_one_by_one() {
        let mut queues = Queues::default();
        let waiting = |is_long| Waiting {
            check: Box::new(|| {}),
            is_long,
        };
        for (who, is_long) in [("a", true), ("b", true), ("c", false)] {
            queues.line_up(&party(who), waiting(is_long)).unwrap();
        }
        let first = queues.in_turn().unwrap();
        queues.long = first.is_long;
        let second = queues.in_turn().unwrap();
        assert!(first.is_long && !second.is_long);
        assert!(queues.in_turn().is_none(), "the other long one waits");
        queues.long = false;
        assert!(queues.in_turn().unwrap().is_long);
    }
}
