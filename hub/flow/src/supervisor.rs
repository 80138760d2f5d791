//! Keeps adapters running: a fault or a panic of one harms only its own sessions.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cordon_contract::{Adapter, Clock, Fault, Intake, Link, Shutdown};
use tokio::task::JoinHandle;

use crate::health::{AdapterHealth, AdapterState};

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

/// One supervised adapter.
pub(crate) struct Supervised {
    pub adapter: Arc<dyn Adapter>,
    noted: Arc<Mutex<Noted>>,
    task: JoinHandle<()>,
}

impl Supervised {
    /// Starts the adapter and keeps it running until shutdown.
    pub(crate) fn start(
        adapter: Arc<dyn Adapter>,
        intake: Intake,
        clock: Arc<dyn Clock>,
        shutdown: Shutdown,
    ) -> Self {
        let noted = Arc::new(Mutex::new(Noted {
            state: AdapterState::Running,
            restarts: 0,
            last_fault: None,
        }));
        let link = Link {
            intake,
            clock,
            shutdown,
        };
        let task = tokio::spawn(keep(Arc::clone(&adapter), link, Arc::clone(&noted)));
        Self {
            adapter,
            noted,
            task,
        }
    }

    /// How it stands.
    pub(crate) fn health(&self) -> AdapterHealth {
        let noted = lock(&self.noted).clone();
        let definition = self.adapter.definition();
        AdapterHealth {
            name: definition.name,
            protocol: definition.protocol,
            state: noted.state,
            restarts: noted.restarts,
            last_fault: noted.last_fault.map(|fault| fault.to_string()),
            devices: self.adapter.health(),
        }
    }

    /// Waits until it has stopped; aborts it when that takes longer than `patience`.
    pub(crate) async fn stop(mut self, patience: Duration) {
        if tokio::time::timeout(patience, &mut self.task)
            .await
            .is_err()
        {
            tracing::warn!(
                adapter = self.adapter.definition().name,
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

async fn keep(adapter: Arc<dyn Adapter>, link: Link, noted: Arc<Mutex<Noted>>) {
    let name = adapter.definition().name;
    let mut rest = REST_MIN;
    loop {
        let began = tokio::time::Instant::now();
        let (running, mine) = (Arc::clone(&adapter), link.clone());
        let mut task = Owned(tokio::spawn(async move { running.run(mine).await }));
        let ended = (&mut task.0).await;
        if link.shutdown.is_triggered() {
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
            () = link.shutdown.wait() => {
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
