//! Carries orders to their adapters and brings the outcomes back in at the top.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cordon_contract::{
    Clock, NOTHING_SENT, Order, OrderLane, Outcome, OutcomeKind, Shutdown, Target,
};
use cordon_model::{Body, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::rank::Rank;
use super::target::TargetQueue;
use crate::outcome;
use crate::queue::Queue;
use crate::sealer::Sealer;
use crate::stats::Stats;
use crate::supervisor::Served;
use crate::work::{OwnWork, Work};

/// How long past the deadline an adapter may take to say so itself.
const GRACE_MS: i64 = 250;
/// People's orders of one target that are carried out at a time; further ones wait.
const ACTS_MAX: usize = 64;
/// How often a waiting time is compared with the clock, which tests move by hand.
const LOOK: Duration = Duration::from_millis(20);
/// First and longest rest after a failed delivery.
const REST_MIN: Duration = Duration::from_millis(500);
const REST_MAX: Duration = Duration::from_secs(30);

/// What every worker of the outbox needs.
pub(crate) struct Dispatch {
    pub sealer: Arc<Sealer>,
    pub clock: Arc<dyn Clock>,
    pub queue: Arc<Queue>,
    pub stats: Stats,
    pub shutdown: Shutdown,
    pub runtime: Handle,
    /// Adapters by target.
    pub adapters: HashMap<Target, Served>,
    targets: Mutex<HashMap<Target, Arc<TargetQueue>>>,
    /// Orders taken over whose outcome the sequencer has not taken yet, by number.
    underway: Mutex<HashSet<u64>>,
    /// Orders taken over since the start.
    turns: AtomicU64,
}

impl Dispatch {
    pub(crate) fn new(
        sealer: Arc<Sealer>,
        clock: Arc<dyn Clock>,
        queue: Arc<Queue>,
        stats: Stats,
        shutdown: Shutdown,
        adapters: HashMap<Target, Served>,
    ) -> Arc<Self> {
        Arc::new(Self {
            sealer,
            clock,
            queue,
            stats,
            shutdown,
            runtime: Handle::current(),
            adapters,
            targets: Mutex::default(),
            underway: Mutex::default(),
            turns: AtomicU64::default(),
        })
    }

    /// Takes over a durable order. Never blocks.
    pub(crate) fn release(self: &Arc<Self>, mut order: Order, rank: Rank) {
        self.underway().insert(order.number);
        order.turn = self.turns.fetch_add(1, Ordering::Relaxed) + 1;
        let Some(served) = self.adapters.get(&order.target) else {
            let outcome = Outcome::new(OutcomeKind::Refused, "no adapter serves this target");
            self.stats.outcome("none", &order, outcome.kind);
            self.spawn_report(order, outcome);
            return;
        };
        let name = served.definition.name.as_str();
        self.stats.ordered(name);
        let queue = self.queue_of(&order.target, served);
        if let Some(order) = queue.put(order, rank) {
            let outcome = Outcome::new(OutcomeKind::Failed, "too many orders wait for this target");
            self.stats.outcome(name, &order, outcome.kind);
            self.spawn_report(order, outcome);
        }
    }

    /// Whether this order is still with it, or its outcome on the way to the sequencer.
    pub(crate) fn has(&self, number: u64) -> bool {
        self.underway().contains(&number)
    }

    /// The sequencer took its outcome.
    pub(crate) fn forget(&self, number: u64) {
        self.underway().remove(&number);
    }

    /// Its outcome was taken, and has to be taken again.
    pub(crate) fn keep(&self, number: u64) {
        self.underway().insert(number);
    }

    fn underway(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.underway.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many orders wait inside the outbox.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().values().map(|queue| queue.len()).sum()
    }

    fn queue_of(self: &Arc<Self>, target: &Target, served: &Served) -> Arc<TargetQueue> {
        let mut targets = self.lock();
        if let Some(queue) = targets.get(target) {
            return Arc::clone(queue);
        }
        let queue = Arc::new(TargetQueue::default());
        targets.insert(target.clone(), Arc::clone(&queue));
        let worker = Arc::new(Worker {
            dispatch: Arc::clone(self),
            queue: Arc::clone(&queue),
            served: served.clone(),
            acting: Arc::new(Semaphore::new(ACTS_MAX)),
        });
        self.runtime.spawn(Arc::clone(&worker).act());
        self.runtime.spawn(worker.run());
        queue
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Target, Arc<TargetQueue>>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn_report(self: &Arc<Self>, order: Order, outcome: Outcome) {
        let dispatch = Arc::clone(self);
        self.runtime
            .spawn(async move { dispatch.report(&order, &outcome).await });
    }

    /// Brings an outcome in as an entry.
    async fn report(&self, order: &Order, outcome: &Outcome) {
        let drafts = match outcome::drafts(&self.sealer, order, outcome, self.clock.now()) {
            Ok(drafts) => drafts,
            Err(breach) => {
                tracing::error!(order = order.number, %breach, "an outcome breaks the language");
                return;
            }
        };
        let work = Work::Own(OwnWork {
            drafts,
            closes: Some(order.number),
            answer: None,
            since: Instant::now(),
        });
        if self.queue.push(work).await.is_err() {
            tracing::debug!(
                order = order.number,
                "an outcome came after the end; the next start closes the order"
            );
        }
    }
}

/// One target's worker: two tasks, one for people's orders and one for everyday ones.
struct Worker {
    dispatch: Arc<Dispatch>,
    queue: Arc<TargetQueue>,
    served: Served,
    acting: Arc<Semaphore>,
}

impl Worker {
    /// Hands over what people order as soon as it is ordered: none of it waits for the end of another,
    /// so that a release reaches the opening it ends.
    async fn act(self: Arc<Self>) {
        while let Ok(place) = Arc::clone(&self.acting).acquire_owned().await {
            let Some((order, rank)) = self.next_act().await else {
                return;
            };
            let worker = Arc::clone(&self);
            self.dispatch.runtime.spawn(async move {
                worker.carry_out(order, rank).await;
                drop(place);
            });
        }
    }

    /// The next of them; `None` when the hub stops and no emergency order waits. The others wait for the
    /// next start; their deadlines decide then.
    async fn next_act(&self) -> Option<(Order, Rank)> {
        loop {
            let stops = self.dispatch.shutdown.is_triggered();
            match self.queue.next_act() {
                Some((order, _)) if stops && order.lane != OrderLane::Emergency => {}
                Some(next) => return Some(next),
                None if stops => return None,
                None => tokio::select! {
                    () = self.queue.acts.notified() => {}
                    () = self.dispatch.shutdown.wait() => {}
                },
            }
        }
    }

    /// Carries out everyday orders, one after the other.
    async fn run(self: Arc<Self>) {
        // They wait for the next start when the hub stops; their deadlines decide then.
        while !self.dispatch.shutdown.is_triggered() {
            match self.queue.next_everyday(self.dispatch.clock.now()) {
                Some((order, rank)) => self.carry_out(order, rank).await,
                None => self.rest().await,
            }
        }
    }

    async fn rest(&self) {
        let look = self.queue.has_everyday();
        tokio::select! {
            () = self.queue.everyday.notified() => {}
            () = self.dispatch.shutdown.wait() => {}
            () = tokio::time::sleep(LOOK), if look => {}
        }
    }

    async fn carry_out(&self, mut order: Order, rank: Rank) {
        let dispatch = &self.dispatch;
        let retry = !matches!(order.message.body, Body::GateCommand(_));
        let outcome = match order.deadline < dispatch.clock.now() {
            true => Outcome::new(
                OutcomeKind::Expired,
                format!("the deadline passed before it was carried out; {NOTHING_SENT}"),
            ),
            false => self.execute(&order).await,
        };
        if retry && outcome.kind == OutcomeKind::Failed && !dispatch.shutdown.is_triggered() {
            order.attempt = order.attempt.saturating_add(1);
            let rest = rest_after(order.attempt, order.number);
            let micros = i64::try_from(rest.as_micros()).unwrap_or(i64::MAX);
            if dispatch.clock.now().plus_micros(micros) < order.deadline {
                tracing::info!(
                    order = order.number,
                    target = order.target.0,
                    attempt = order.attempt,
                    why = outcome.detail,
                    "delivery failed, it is tried again"
                );
                self.queue.put_back(order, rank, Instant::now() + rest);
                return;
            }
        }
        let name = self.served.definition.name.as_str();
        dispatch.stats.outcome(name, &order, outcome.kind);
        dispatch.report(&order, &outcome).await;
    }

    /// Executes within the deadline. A panic harms only this order.
    async fn execute(&self, order: &Order) -> Outcome {
        let (served, mine) = (self.served.clone(), order.clone());
        let mut task = tokio::spawn(async move { served.execute(mine).await });
        let end = order.deadline.plus_ms(GRACE_MS);
        tokio::select! {
            done = &mut task => match done {
                Ok(outcome) => outcome,
                Err(_) => Outcome::new(OutcomeKind::Failed, "the adapter panicked"),
            },
            () = until(&self.dispatch.clock, end) => {
                task.abort();
                Outcome::new(OutcomeKind::Expired, "no answer by the deadline")
            }
        }
    }
}

/// Waits until the clock shows `at`, whoever moves the clock.
fn until(clock: &Arc<dyn Clock>, at: Timestamp) -> impl Future<Output = ()> + use<> {
    let clock = Arc::clone(clock);
    async move {
        while clock.now() < at {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Doubles with each attempt, with up to a quarter more so that many targets do not come together.
fn rest_after(attempt: u32, number: u64) -> Duration {
    let doubled = REST_MIN.saturating_mul(
        1_u32
            .checked_shl(attempt.saturating_sub(1).min(10))
            .unwrap_or(u32::MAX),
    );
    let base = doubled.min(REST_MAX);
    // The order's number spreads the retries well enough; no randomness is needed.
    let jitter = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56;
    base + base.mul_f64(f64::from(u32::try_from(jitter).unwrap_or(0)) / 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_grows_to_its_limit_and_differs_between_orders() {
        assert!(rest_after(1, 7) < rest_after(4, 7));
        assert!(rest_after(60, 7) <= REST_MAX.mul_f64(1.25));
        assert_ne!(rest_after(1, 1), rest_after(1, 2));
    }
}
