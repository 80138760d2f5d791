//! What an adapter is once its table was read: *opened*, and then *running*. `config.rs` is the table.
//! `docs/reference/adapter-contract.md` says the same in MUST words.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use cordon_model::PartyId;

use crate::{
    Clock, DeviceHealth, Fault, Intake, Order, Outcome, Probe, Shutdown, Target, Undelivered,
};

/// A boxed future, so that adapters can be held as trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What an adapter says of itself before it is started.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Definition {
    /// The instance's name in the configuration, unique in the park.
    pub name: String,
    /// The protocol, such as `modbus-tcp`.
    pub protocol: &'static str,
    /// The targets whose orders this instance executes.
    pub targets: Vec<Target>,
}

/// What an adapter is started with.
#[derive(Clone)]
pub struct Link {
    /// Where readings go.
    pub intake: Intake,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// When to stop.
    pub shutdown: Shutdown,
}

/// A door of the house for those who speak something else, opened: its table was read and checked, its
/// files were read, and nothing was connected. An adapter never holds a private key of the park, never
/// names another adapter, and harms nobody else when its device misbehaves.
pub trait Adapter: Send + Sync + 'static {
    /// Who it is; pure.
    fn definition(&self) -> Definition;

    /// The enterprise in whose name every reading of this instance is said. `None` when each device
    /// speaks for itself alone.
    fn speaks_for(&self) -> Option<PartyId> {
        None
    }

    /// What of its own keeps it from its work as it was opened, such as a file of an earlier run that is
    /// damaged: `cordon check` refuses it, a start says it and goes on. The adapter then rests, and says
    /// so by [`Running::trouble`].
    fn trouble(&self) -> Option<Fault> {
        None
    }

    /// Makes it ready to run. Connects nothing and waits for nothing: that is [`Running::run`]. The hub
    /// starts an adapter once.
    fn start(self: Arc<Self>, link: Link) -> Arc<dyn Running>;
}

/// A started adapter. The hub keeps [`run`](Running::run) going and asks the rest at any time, also
/// before the first run and between two runs.
pub trait Running: Send + Sync + 'static {
    /// Connects, receives and reconnects until shutdown. Returns early only for a fault that no
    /// retry can cure; the hub then runs it again after a rest. Must acknowledge to its peer only after
    /// [`Intake::offer`] answered.
    fn run(&self) -> BoxFuture<'_, Result<(), Fault>>;

    /// Carries out one order. Must return by the order's deadline, must not carry out an order
    /// after its deadline or across a reconnect, and must say `Confirmed` only on evidence. Several
    /// orders of a barrier come at a time; one that a newer order contradicts, by [`Order::turn`], is
    /// over and not carried out, however long it waited.
    fn execute(&self, order: Order) -> BoxFuture<'_, Outcome>;

    /// Touches each device, changes nothing, and says what it found.
    fn probe(&self) -> BoxFuture<'_, Vec<Probe>>;

    /// The state of each device as of now.
    fn health(&self) -> Vec<DeviceHealth>;

    /// What of its own keeps it from its work now, whatever its devices do, or from telling a part of those
    /// whom it serves; the hub shows it and raises an alarm for as long as it is so. None while it works.
    fn trouble(&self) -> Option<Fault> {
        None
    }

    /// What it gave up of what it sends by itself, oldest first. An order is never among it: the outbox lists
    /// those.
    fn undelivered(&self) -> Vec<Undelivered> {
        Vec::new()
    }

    /// Sends one of those once more. `Ok` when it was taken; it is then listed no longer.
    fn send_again<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            Err(Fault::new("A054", "nothing of this name was given up")
                .at(key)
                .remedy("list the dead letters"))
        })
    }
}
