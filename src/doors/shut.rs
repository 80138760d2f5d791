//! What stands in for an adapter that cannot be opened, so that everything else starts: it connects nothing, fails every order with the
//! reason, and says the reason. One whose secret cannot be used stays so for as long as the hub runs; one whose disk does not answer is
//! opened as soon as it does, and works from then on.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use cordon_contract::{
    Adapter, AdapterConfig, BoxFuture, Definition, DeviceHealth, Fault, Lender, Link, LinkState,
    Names, Order, Outcome, OutcomeKind, Probe, Running, Undelivered, aside,
};
use cordon_model::{DeviceId, PartyId, Timestamp};

use super::Table;
use crate::config::secrets;

/// Rest between two tries of an adapter whose disk answers and whose files cannot be used yet.
const AGAIN: Duration = Duration::from_secs(10);

/// An adapter that is not opened.
pub struct Shut {
    definition: Definition,
    speaks_for: Option<PartyId>,
    devices: Vec<DeviceId>,
    fault: Fault,
    /// How it is opened once its disk answers.
    later: Option<Later>,
}

/// What an adapter is opened with.
#[derive(Clone)]
struct Later {
    table: Arc<dyn AdapterConfig>,
    lender: Arc<dyn Lender>,
}

impl Later {
    /// Opens it; for as long as its disk hangs, this does.
    fn open(&self) -> Result<Arc<dyn Adapter>, Fault> {
        secrets::usable(&self.table.names().secrets)?;
        let opened = self.table.open(&*self.lender);
        opened.map_err(|mut faults| match faults.is_empty() {
            true => Fault::new("A056", "the adapter cannot be opened"),
            false => faults.swap_remove(0),
        })
    }
}

impl Shut {
    /// In the place of a table's adapter, with all that it serves.
    pub fn of(table: &Table, fault: &Fault) -> Self {
        let Names {
            devices,
            targets,
            speaks_for,
            ..
        } = table.names();
        let (protocol, _) = table.section();
        Self {
            definition: Definition {
                name: table.name().to_owned(),
                protocol,
                targets,
            },
            speaks_for,
            devices: devices.into_iter().map(|device| device.what).collect(),
            fault: fault.clone(),
            later: None,
        }
    }

    /// The same until the disk of its files answers.
    pub fn until_it_answers(table: &Table, fault: &Fault, lender: &Arc<dyn Lender>) -> Self {
        let later = Later {
            table: table.shared(),
            lender: Arc::clone(lender),
        };
        Self {
            later: Some(later),
            ..Self::of(table, fault)
        }
    }
}

impl Adapter for Shut {
    fn definition(&self) -> Definition {
        self.definition.clone()
    }

    fn speaks_for(&self) -> Option<PartyId> {
        self.speaks_for.clone()
    }

    fn trouble(&self) -> Option<Fault> {
        Some(self.fault.clone())
    }

    fn start(self: Arc<Self>, link: Link) -> Arc<dyn Running> {
        Arc::new(RunningShut {
            since: link.clock.now(),
            fault: Mutex::new(self.fault.clone()),
            opened: OnceLock::new(),
            shut: self,
            link,
        })
    }
}

struct RunningShut {
    shut: Arc<Shut>,
    link: Link,
    since: Timestamp,
    /// Why it is not open now.
    fault: Mutex<Fault>,
    /// The adapter itself, once it could be opened.
    opened: OnceLock<Arc<dyn Running>>,
}

impl RunningShut {
    fn fault(&self) -> Fault {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault.clone()
    }

    /// Once for each device.
    fn of_each<T>(&self, of: impl Fn(DeviceId, String) -> T) -> Vec<T> {
        let (devices, words) = (self.shut.devices.iter(), self.fault().to_string());
        devices
            .map(|device| of(device.clone(), words.clone()))
            .collect()
    }

    /// Waits for the disk and opens the adapter; never where that is not to be.
    async fn open(&self) {
        let Some(later) = &self.shut.later else {
            return std::future::pending().await;
        };
        while self.opened.get().is_none() {
            let trying = later.clone();
            match aside(move || trying.open()).await {
                Some(Ok(adapter)) => {
                    tracing::info!(
                        name = self.shut.definition.name,
                        "the disk answers, the adapter is opened"
                    );
                    let link = self.link.clone();
                    self.opened.get_or_init(|| adapter.start(link));
                    return;
                }
                Some(Err(fault)) => {
                    let mut held = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
                    *held = fault;
                }
                // There is no thread now.
                None => {}
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}

impl Running for RunningShut {
    fn run(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async {
            tokio::select! {
                () = self.link.shutdown.wait() => return Ok(()),
                () = self.open() => {}
            }
            match self.opened.get() {
                Some(opened) => opened.run().await,
                None => Ok(()),
            }
        })
    }

    fn execute(&self, order: Order) -> BoxFuture<'_, Outcome> {
        if let Some(opened) = self.opened.get() {
            return opened.execute(order);
        }
        let words = self.fault().to_string();
        Box::pin(async { Outcome::new(OutcomeKind::Failed, words) })
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        if let Some(opened) = self.opened.get() {
            return opened.probe();
        }
        let probes = self.of_each(|device, detail| Probe {
            device,
            ok: false,
            detail,
        });
        Box::pin(async { probes })
    }

    fn health(&self) -> Vec<DeviceHealth> {
        if let Some(opened) = self.opened.get() {
            return opened.health();
        }
        self.of_each(|device, reason| DeviceHealth {
            device,
            state: LinkState::Offline,
            reason,
            since: self.since,
            readings: 0,
            dropped: 0,
            clock_offset_ms: None,
        })
    }

    fn trouble(&self) -> Option<Fault> {
        match self.opened.get() {
            Some(opened) => opened.trouble(),
            None => Some(self.fault()),
        }
    }

    fn undelivered(&self) -> Vec<Undelivered> {
        let opened = self.opened.get();
        opened.map_or_else(Vec::new, |opened| opened.undelivered())
    }

    fn send_again<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        if let Some(opened) = self.opened.get() {
            return opened.send_again(key);
        }
        let fault = self.fault();
        Box::pin(async move { Err(fault) })
    }
}
