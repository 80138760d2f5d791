//! Whether the core lives, for everyone to see.

use std::sync::Arc;

use cordon_contract::Fault;
use tokio::sync::watch;

/// The core's fault, if it has one. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Vital {
    sender: Arc<watch::Sender<Option<Fault>>>,
}

impl Default for Vital {
    fn default() -> Self {
        Self {
            sender: Arc::new(watch::Sender::new(None)),
        }
    }
}

impl Vital {
    /// Why the core has stopped; `None` while it runs.
    pub fn fault(&self) -> Option<Fault> {
        self.sender.borrow().clone()
    }

    /// Waits until the core has ended by a defect. The program ends then; a restart recovers.
    pub async fn failed(&self) -> Fault {
        let mut receiver = self.sender.subscribe();
        loop {
            if let Some(fault) = receiver.borrow_and_update().clone() {
                return fault;
            }
            if receiver.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Notes the first fault.
    pub(crate) fn fail(&self, fault: Fault) {
        self.sender.send_if_modified(|held| {
            let first = held.is_none();
            if first {
                *held = Some(fault);
            }
            first
        });
    }
}
