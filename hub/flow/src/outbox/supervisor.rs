//! Keeps adapters running: a fault or a panic of one harms only its own sessions.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordon_contract::{
    Adapter, Clock, Definition, Fault, Intake, Link, Offer, Order, OrderLane, Outcome, Running,
    Shutdown,
};
use cordon_model::PartyId;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

use crate::watch::health::{AdapterHealth, AdapterState};

/// First and longest rest before a restart.
const REST_MIN: Duration = Duration::from_millis(500);
const REST_MAX: Duration = Duration::from_secs(60);
/// A run of this length counts as good: the rest begins anew.
const GOOD_RUN: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
struct Noted {
    state: AdapterState,
    restarts: u64,
    last_fault: Option<Fault>,
}

/// A started adapter as the outbox and the console know it.
#[derive(Clone)]
pub struct Served {
    /// Who it is.
    pub definition: Arc<Definition>,
    /// What carries out its orders, also while it does not run.
    pub running: Arc<dyn Running>,
    /// Ends a rest.
    wake: Arc<Notify>,
}

impl Served {
    /// Has an order carried out. It goes to the adapter whether that runs just now or rests after a
    /// fault, and is kept there until its deadline; one of an emergency ends the rest.
    pub(crate) async fn execute(&self, order: Order) -> Outcome {
        if order.lane == OrderLane::Emergency {
            self.wake.notify_one();
        }
        self.running.execute(order).await
    }
}

/// An adapter that was started and does not run yet.
pub(crate) struct Ready {
    pub served: Served,
    /// The enterprise in whose name it speaks.
    pub partner: Option<PartyId>,
    /// What it will offer.
    pub offers: mpsc::Receiver<Offer>,
    shutdown: Shutdown,
}

impl Ready {
    /// Starts an adapter with a door of `intake_max` places.
    pub(crate) fn new(
        adapter: Arc<dyn Adapter>,
        intake_max: usize,
        clock: Arc<dyn Clock>,
        shutdown: Shutdown,
    ) -> Self {
        let (intake, offers) = Intake::bounded(intake_max);
        let definition = Arc::new(adapter.definition());
        let partner = adapter.speaks_for();
        let running = adapter.start(Link {
            intake,
            clock,
            shutdown: shutdown.clone(),
        });
        Self {
            served: Served {
                definition,
                running,
                wake: Arc::default(),
            },
            partner,
            offers,
            shutdown,
        }
    }

    /// Lets it run until shutdown; what it offers comes along.
    pub(crate) fn run(self) -> (Supervised, mpsc::Receiver<Offer>) {
        (Supervised::run(self.served, self.shutdown), self.offers)
    }
}

/// One supervised adapter.
pub(crate) struct Supervised {
    pub served: Served,
    noted: Arc<Mutex<Noted>>,
    task: JoinHandle<()>,
}

impl Supervised {
    /// Keeps the adapter running until shutdown.
    fn run(served: Served, shutdown: Shutdown) -> Self {
        let noted = Arc::new(Mutex::new(Noted {
            state: AdapterState::Running,
            restarts: 0,
            last_fault: None,
        }));
        let task = tokio::spawn(keep(served.clone(), shutdown, Arc::clone(&noted)));
        Self {
            served,
            noted,
            task,
        }
    }

    /// How it stands.
    pub(crate) fn health(&self) -> AdapterHealth {
        let noted = lock(&self.noted).clone();
        let definition = &self.served.definition;
        AdapterHealth {
            name: definition.name.clone(),
            protocol: definition.protocol,
            state: noted.state,
            restarts: noted.restarts,
            last_fault: noted.last_fault.map(|fault| fault.to_string()),
            trouble: self.served.running.trouble().map(|it| it.to_string()),
            devices: self.served.running.health(),
        }
    }

    /// Waits until it has stopped; aborts it when that takes longer than `patience`.
    pub(crate) async fn stop(mut self, patience: Duration) {
        if tokio::time::timeout(patience, &mut self.task)
            .await
            .is_err()
        {
            tracing::warn!(
                adapter = self.served.definition.name,
                "the adapter did not stop in time"
            );
            self.task.abort();
            let _ = self.task.await;
        }
    }
}

fn lock(noted: &Mutex<Noted>) -> MutexGuard<'_, Noted> {
    noted.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends its task with itself, so that an aborted supervisor leaves no session behind.
struct Owned(JoinHandle<Result<(), Fault>>);

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn keep(served: Served, shutdown: Shutdown, noted: Arc<Mutex<Noted>>) {
    let name = served.definition.name.as_str();
    let mut rest = REST_MIN;
    loop {
        let began = tokio::time::Instant::now();
        let running = Arc::clone(&served.running);
        let mut task = Owned(tokio::spawn(async move { running.run().await }));
        let ended = (&mut task.0).await;
        if shutdown.is_triggered() {
            lock(&noted).state = AdapterState::Stopped;
            return;
        }
        let fault = match ended {
            Ok(Ok(())) => Fault::new("A000", "the adapter ended by itself"),
            Ok(Err(fault)) => fault,
            Err(_) => Fault::new("A000", "the adapter panicked"),
        };
        tracing::error!(adapter = name, %fault, "the adapter is started again");
        {
            let mut noted = lock(&noted);
            noted.state = AdapterState::Resting;
            noted.last_fault = Some(fault);
        }
        if began.elapsed() >= GOOD_RUN {
            rest = REST_MIN;
        }
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = served.wake.notified() => {}
            () = shutdown.wait() => {
                lock(&noted).state = AdapterState::Stopped;
                return;
            }
        }
        rest = rest.saturating_mul(2).min(REST_MAX);
        let mut noted = lock(&noted);
        noted.state = AdapterState::Running;
        noted.restarts += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use cordon_contract::{
        BoxFuture, DeviceHealth, OutcomeKind, Probe, ShutdownTrigger, SystemClock,
    };
    use cordon_model::{AlarmState, AlarmUpdate, Body, MessageId, Timestamp};
    use tokio::time::Instant;

    use super::*;

    /// Fails whenever it runs, and counts.
    #[derive(Default)]
    struct Failing {
        runs: AtomicU64,
        starts: AtomicU64,
    }

    impl Failing {
        fn runs(&self) -> u64 {
            self.runs.load(Ordering::SeqCst)
        }

        /// Waits for another run, and gives the time it took.
        async fn next_run(&self) -> Duration {
            let (before, since) = (self.runs(), Instant::now());
            while self.runs() == before {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            since.elapsed()
        }
    }

    impl Adapter for Failing {
        fn definition(&self) -> Definition {
            Definition {
                name: "failing".to_owned(),
                protocol: "test",
                targets: Vec::new(),
            }
        }

        fn start(self: Arc<Self>, _link: Link) -> Arc<dyn Running> {
            self.starts.fetch_add(1, Ordering::SeqCst);
            self
        }
    }

    impl Running for Failing {
        fn run(&self) -> BoxFuture<'_, Result<(), Fault>> {
            self.runs.fetch_add(1, Ordering::SeqCst);
            Box::pin(async { Err(Fault::new("A000", "as told")) })
        }

        fn execute(&self, _order: Order) -> BoxFuture<'_, Outcome> {
            Box::pin(async { Outcome::new(OutcomeKind::Confirmed, "as told") })
        }

        fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
            Box::pin(async { Vec::new() })
        }

        fn health(&self) -> Vec<DeviceHealth> {
            Vec::new()
        }
    }

    fn order(lane: OrderLane) -> Order {
        let at = Timestamp::from_micros(1);
        let body = Body::AlarmUpdate(AlarmUpdate {
            alarm_id: "alarm-7-0".to_owned(),
            state: AlarmState::Raised,
            previous: AlarmState::Raised,
            actor_id: "HUB-1".parse().unwrap(),
            receiver: None,
            escalation_level: None,
            note: None,
            updated_at: at,
        });
        let order = cordon_fixtures::order(MessageId::random(), body, "duty", at);
        Order { lane, ..order }
    }

    fn started() -> (Arc<Failing>, Supervised, ShutdownTrigger) {
        let failing = Arc::new(Failing::default());
        let (trigger, shutdown) = Shutdown::pair();
        let adapter = Arc::clone(&failing) as Arc<dyn Adapter>;
        let ready = Ready::new(adapter, 1, Arc::new(SystemClock), shutdown);
        (failing, ready.run().0, trigger)
    }

    #[tokio::test(start_paused = true)]
    async fn an_adapter_is_started_once_and_run_again_after_ever_longer_rests() {
        let (failing, supervised, trigger) = started();
        failing.next_run().await;
        let first = failing.next_run().await;
        assert!(first <= REST_MIN + Duration::from_millis(10), "{first:?}");
        for _ in 0..8 {
            failing.next_run().await;
        }
        let late = failing.next_run().await;
        assert!(late > REST_MAX / 2 && late <= REST_MAX * 2, "{late:?}");
        let health = supervised.health();
        assert_eq!(health.state, AdapterState::Resting);
        assert!(health.last_fault.unwrap().contains("as told"));
        assert_eq!(failing.starts.load(Ordering::SeqCst), 1);
        trigger.pull();
        supervised.stop(REST_MAX).await;
    }

    #[tokio::test(start_paused = true)]
    async fn orders_reach_an_adapter_that_rests_and_an_emergency_ends_its_rest() {
        let (failing, supervised, _trigger) = started();
        for _ in 0..10 {
            failing.next_run().await;
        }
        let served = supervised.served.clone();
        let everyday = served.execute(order(OrderLane::Access)).await;
        assert_eq!(everyday.kind, OutcomeKind::Confirmed);
        let rested = failing.next_run().await;
        assert!(rested > REST_MAX / 2, "an everyday order: {rested:?}");
        let emergency = served.execute(order(OrderLane::Emergency)).await;
        assert_eq!(emergency.kind, OutcomeKind::Confirmed);
        let rested = failing.next_run().await;
        assert!(rested < REST_MIN, "an emergency: {rested:?}");
    }
}
