//! An adapter of this process: gives out its intake, says who got which order when.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use cordon_contract::{
    Adapter, BoxFuture, Definition, DeviceHealth, Fault, Intake, Link, Order, Outcome as Done,
    OutcomeKind, Probe, Running, Target,
};
use cordon_model::{Body, LaneId};
use tokio::sync::{mpsc, watch};

/// A lane that was ordered open, and when the adapter learned of it.
pub type Opened = (LaneId, Instant);

/// The adapter.
pub struct Door {
    name: &'static str,
    targets: Vec<Target>,
    intake: watch::Sender<Option<Intake>>,
    opened: Mutex<Option<mpsc::UnboundedSender<Opened>>>,
}

impl Door {
    /// An adapter that carries out the orders of `targets` at once.
    pub fn new(name: &'static str, targets: Vec<Target>) -> Self {
        Self {
            name,
            targets,
            intake: watch::Sender::new(None),
            opened: Mutex::new(None),
        }
    }

    /// Its way in, once the hub has started it.
    pub async fn intake(&self) -> Option<Intake> {
        let mut given = self.intake.subscribe();
        let given = given.wait_for(Option::is_some).await.ok()?;
        given.clone()
    }

    /// Openings from now on; at most one is open for each lane, so the channel stays short.
    pub fn openings(&self) -> mpsc::UnboundedReceiver<Opened> {
        let (sender, receiver) = mpsc::unbounded_channel();
        if let Ok(mut opened) = self.opened.lock() {
            *opened = Some(sender);
        }
        receiver
    }
}

impl Adapter for Door {
    fn definition(&self) -> Definition {
        Definition {
            name: self.name.to_owned(),
            protocol: "in-process",
            targets: self.targets.clone(),
        }
    }

    fn start(self: Arc<Self>, link: Link) -> Arc<dyn Running> {
        Arc::new(RunningDoor { door: self, link })
    }
}

/// The adapter, started.
struct RunningDoor {
    door: Arc<Door>,
    link: Link,
}

impl Running for RunningDoor {
    fn run(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async {
            let given = Some(self.link.intake.clone());
            self.door.intake.send_replace(given);
            self.link.shutdown.wait().await;
            Ok(())
        })
    }

    fn execute(&self, order: Order) -> BoxFuture<'_, Done> {
        let learned = Instant::now();
        Box::pin(async move {
            if let (Body::GateCommand(command), Ok(opened)) =
                (&order.message.body, self.door.opened.lock())
                && let Some(opened) = &*opened
            {
                // Nobody listening means that the measurement is over.
                let _ = opened.send((command.lane_id.clone(), learned));
            }
            Done::new(OutcomeKind::Confirmed, "the barrier is up")
        })
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        Box::pin(async { Vec::new() })
    }

    fn health(&self) -> Vec<DeviceHealth> {
        Vec::new()
    }
}
