//! What stands in for an adapter whose secret cannot be used, so that everything else starts: it connects
//! nothing, fails every order with the reason, and says the reason for as long as the hub runs.

use std::sync::Arc;

use cordon_contract::{
    Adapter, BoxFuture, Definition, DeviceHealth, Fault, Link, LinkState, Names, Order, Outcome,
    OutcomeKind, Probe, Running,
};
use cordon_model::{DeviceId, PartyId, Timestamp};

use super::Table;

/// An adapter that is not opened.
pub struct Shut {
    definition: Definition,
    speaks_for: Option<PartyId>,
    devices: Vec<DeviceId>,
    fault: Fault,
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
            shut: self,
            link,
        })
    }
}

struct RunningShut {
    shut: Arc<Shut>,
    link: Link,
    since: Timestamp,
}

impl RunningShut {
    /// Once for each device.
    fn of_each<T>(&self, of: impl Fn(DeviceId, String) -> T) -> Vec<T> {
        let devices = self.shut.devices.iter();
        devices
            .map(|device| of(device.clone(), self.shut.fault.to_string()))
            .collect()
    }
}

impl Running for RunningShut {
    fn run(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async {
            self.link.shutdown.wait().await;
            Ok(())
        })
    }

    fn execute(&self, _order: Order) -> BoxFuture<'_, Outcome> {
        let words = self.shut.fault.to_string();
        Box::pin(async { Outcome::new(OutcomeKind::Failed, words) })
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        let probes = self.of_each(|device, detail| Probe {
            device,
            ok: false,
            detail,
        });
        Box::pin(async { probes })
    }

    fn health(&self) -> Vec<DeviceHealth> {
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
        self.shut.trouble()
    }
}
