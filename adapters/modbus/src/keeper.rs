//! One bus as seen from outside its owner task, and the keeper that starts the owner again.
//!
//! A defect that ends one owner ends no other: the bus begins anew, knowing what its controllers
//! tell and nothing else. What was under way is answered as expired.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cordon_contract::{Clock, DeviceHealth, Fault, Shutdown};
use cordon_model::DeviceId;
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc};

use crate::adapter::Board;
use crate::bus::Bus;
use crate::config::LaneConfig;
use crate::inbox::{Ask, Inbox};
use crate::lane::Lane;
use crate::outbox::Outbox;
use crate::profile::Profile;

/// Orders that may wait at each door of a bus; more are refused, except in an emergency.
const ASKS_MAX: usize = 64;
/// First and longest rest before an owner is started again.
const REST_MIN: Duration = Duration::from_millis(500);
const REST_MAX: Duration = Duration::from_secs(60);
/// An owner that ran this long ran well; the rest begins anew.
const GOOD_RUN: Duration = Duration::from_secs(60);

/// One bus as seen from outside its owner task.
pub(crate) struct Door {
    address: String,
    lanes: Vec<(LaneConfig, Profile)>,
    repeat_ms: u64,
    /// For everyday orders and probes.
    pub(crate) everyday: mpsc::Sender<Ask>,
    /// For emergency openings.
    pub(crate) urgent: mpsc::Sender<Ask>,
    pub(crate) outbox: Arc<Outbox>,
    board: Arc<Board>,
    /// Held by whoever runs the bus.
    inbox: Arc<Mutex<Inbox>>,
    /// How often the owner was started again.
    restarts: AtomicU64,
}

impl Door {
    pub(crate) fn new(
        address: String,
        lanes: Vec<(LaneConfig, Profile)>,
        repeat_ms: u64,
        board: Arc<Board>,
    ) -> Self {
        let (everyday, everyday_end) = mpsc::channel(ASKS_MAX);
        let (urgent, urgent_end) = mpsc::channel(ASKS_MAX);
        Self {
            address,
            lanes,
            repeat_ms,
            everyday,
            urgent,
            outbox: Arc::new(Outbox::default()),
            board,
            inbox: Arc::new(Mutex::new(Inbox::new(everyday_end, urgent_end))),
            restarts: AtomicU64::new(0),
        }
    }

    pub(crate) fn devices(&self) -> impl Iterator<Item = &DeviceId> {
        self.lanes.iter().map(|(lane, _)| &lane.device)
    }

    /// The device of this name and the unit it is behind.
    pub(crate) fn place(&self, name: &str) -> Option<(&DeviceId, u8)> {
        self.lanes
            .iter()
            .find(|(lane, _)| lane.device == *name)
            .map(|(lane, _)| (&lane.device, lane.unit))
    }

    pub(crate) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }

    /// The bus at rest, knowing nothing yet.
    pub(crate) fn bus(&self) -> Bus {
        let lanes = self
            .lanes
            .iter()
            .map(|(lane, profile)| Lane::new(lane.clone(), profile.clone(), self.repeat_ms))
            .collect();
        Bus::new(
            self.address.clone(),
            lanes,
            Arc::clone(&self.outbox),
            Arc::clone(&self.board),
        )
    }

    /// Health of its devices before anything was tried.
    pub(crate) fn at_rest(&self) -> Vec<DeviceHealth> {
        let lanes = self.bus().lanes;
        lanes.into_iter().map(|lane| lane.health).collect()
    }

    /// The right to run the bus; `None` while somebody runs it.
    pub(crate) fn enter(&self) -> Option<OwnedMutexGuard<Inbox>> {
        Arc::clone(&self.inbox).try_lock_owned().ok()
    }

    /// Runs the bus until shutdown. An owner that panics is started again after a rest, which an
    /// emergency opening ends.
    pub(crate) async fn keep(
        self: Arc<Self>,
        mut inbox: OwnedMutexGuard<Inbox>,
        clock: Arc<dyn Clock>,
        shutdown: Shutdown,
    ) {
        let mut rest = REST_MIN;
        loop {
            let begun = Instant::now();
            let (bus, stop) = (self.bus(), shutdown.clone());
            let mine = Arc::clone(&clock);
            // The guard goes with the owner and comes back however it ends.
            let (back, returned) = tokio::sync::oneshot::channel();
            let owner = tokio::spawn(async move {
                let mut lent = Lent {
                    inbox: Some(inbox),
                    back: Some(back),
                };
                if let Some(inbox) = &mut lent.inbox {
                    bus.run(inbox, mine, stop).await;
                }
            });
            let owner = Owned(owner);
            let Ok(given_back) = returned.await else {
                return;
            };
            inbox = given_back;
            drop(owner);
            if shutdown.is_triggered() {
                return;
            }
            let restarts = self.restarts.fetch_add(1, Ordering::Relaxed) + 1;
            let fault = Fault::new("A106", "the owner of a bus ended unexpectedly")
                .at(self.address.clone())
                .remedy("it is started again by itself; report what the log says before this");
            tracing::error!(address = %self.address, restarts, %fault, "the bus is started again");
            if begun.elapsed() >= GOOD_RUN {
                rest = REST_MIN;
            }
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = inbox.urgent_comes() => {}
                () = shutdown.wait() => return,
            }
            rest = rest.saturating_mul(2).min(REST_MAX);
        }
    }
}

/// Ends the owner with its keeper.
struct Owned(tokio::task::JoinHandle<()>);

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Gives the inbox back when the owner ends, also by a panic.
struct Lent {
    inbox: Option<OwnedMutexGuard<Inbox>>,
    back: Option<tokio::sync::oneshot::Sender<OwnedMutexGuard<Inbox>>>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(inbox), Some(back)) = (self.inbox.take(), self.back.take()) {
            let _ = back.send(inbox);
        }
    }
}
