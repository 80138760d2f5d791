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

use super::held::Held;
use super::target::TargetQueue;
use crate::corridor::queue::Queue;
use crate::corridor::work::{OwnWork, Work};
use crate::decide::outcome;
use crate::decide::sealer::Sealer;
use crate::outbox::supervisor::Served;
use crate::watch::stats::Stats;

/// How long past the deadline an adapter may take to say so itself.
const GRACE_MS: i64 = 250;
/// The last try of a delivery begins so long before its deadline, however long it would rest, milliseconds.
const LAST_TRY_MS: i64 = 1_000;
/// People's orders of one target that are carried out at a time; further ones wait.
const ACTS_MAX: usize = 64;
/// How often a waiting time is compared with the clock, which tests move by hand.
const LOOK: Duration = Duration::from_millis(20);

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
    pub(crate) fn release(self: &Arc<Self>, mut held: Held) {
        let order = &mut held.order;
        self.underway().insert(order.number);
        order.turn = self.turns.fetch_add(1, Ordering::Relaxed) + 1;
        let Some(served) = self.adapters.get(&order.target) else {
            let outcome = Outcome::new(OutcomeKind::Refused, "no adapter serves this target");
            self.stats.outcome("none", order, outcome.kind);
            self.spawn_report(held.order, outcome);
            return;
        };
        let name = served.definition.name.as_str();
        self.stats.ordered(name);
        let queue = self.queue_of(&order.target, served);
        if let Some(Held { order, .. }) = queue.put(held) {
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
            let Some(held) = self.next_act().await else {
                return;
            };
            let worker = Arc::clone(&self);
            self.dispatch.runtime.spawn(async move {
                worker.carry_out(held).await;
                drop(place);
            });
        }
    }

    /// The next of them; `None` when the hub stops and no emergency order waits. The others wait for the
    /// next start; their deadlines decide then.
    async fn next_act(&self) -> Option<Held> {
        loop {
            let stops = self.dispatch.shutdown.is_triggered();
            match self.queue.next_act() {
                Some(held) if stops && held.order.lane != OrderLane::Emergency => {}
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
            match self.queue.next_everyday(self.dispatch.clock.steady()) {
                Some(held) => self.carry_out(held).await,
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

    async fn carry_out(&self, mut held: Held) {
        let dispatch = &self.dispatch;
        let outcome = match held.order.deadline < dispatch.clock.steady() {
            true => Outcome::new(OutcomeKind::Expired, past_words(&held)),
            false => {
                let began = Instant::now();
                let outcome = self.execute(&held.order).await;
                let is_routine = !matches!(held.order.message.body, Body::GateCommand(_));
                match is_routine && outcome.kind == OutcomeKind::Failed {
                    true => match self.again(held, began, outcome) {
                        Some((failed, outcome)) => {
                            held = failed;
                            outcome
                        }
                        None => return,
                    },
                    false => {
                        // Whoever refuses is there.
                        if is_routine && outcome.kind != OutcomeKind::Expired {
                            self.queue.well();
                        }
                        outcome
                    }
                }
            }
        };
        let name = self.served.definition.name.as_str();
        dispatch.stats.outcome(name, &held.order, outcome.kind);
        dispatch.report(&held.order, &outcome).await;
    }

    /// Puts what failed back; gives it where no time is left for another try.
    fn again(&self, mut held: Held, began: Instant, outcome: Outcome) -> Option<(Held, Outcome)> {
        let dispatch = &self.dispatch;
        let order = &mut held.order;
        order.attempt = order.attempt.saturating_add(1);
        let left = order.deadline.ms_since(dispatch.clock.steady()) - LAST_TRY_MS;
        let left = u64::try_from(left).ok().filter(|left| *left > 0);
        let Some(left) = left.filter(|_| !dispatch.shutdown.is_triggered()) else {
            self.queue.fail(order.number, began);
            return Some((held, outcome));
        };
        tracing::info!(
            order = order.number,
            target = order.target.0,
            attempt = order.attempt,
            why = outcome.detail,
            "delivery failed, it is tried again"
        );
        held.why = outcome.detail;
        self.queue
            .put_back(held, (began, Duration::from_millis(left)));
        None
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

fn past_words(held: &Held) -> String {
    match held.order.attempt {
        0 if held.is_of_before => {
            "the deadline passed while the hub was away; whether it was sent before nobody can say"
                .to_owned()
        }
        0 => format!("the deadline passed before it was carried out; {NOTHING_SENT}"),
        _ => format!(
            "the deadline passed before it was tried again; the last try: {}",
            held.why
        ),
    }
}

/// Waits until the clock that no step moves shows `at`.
fn until(clock: &Arc<dyn Clock>, at: Timestamp) -> impl Future<Output = ()> + use<> {
    let clock = Arc::clone(clock);
    async move {
        while clock.steady() < at {
            tokio::time::sleep(LOOK).await;
        }
    }
}
