//! The contract's face: one instance with its buses, opened and then running.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cordon_contract::{
    Adapter, BoxFuture, Definition, DeviceHealth, Fault, Link, Order, OrderLane, Outcome,
    OutcomeKind, Probe, Running, Target,
};
use cordon_model::DeviceId;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::command;
use crate::config::Config;
use crate::inbox::Ask;
use crate::keeper::Door;
use crate::profile::Profile;
use crate::state::Action;

/// A profile file is no larger than this.
const PROFILE_BYTES_MAX: u64 = 64 * 1024;
/// How long after its deadline an order's own answer is waited for.
const GRACE: Duration = Duration::from_millis(250);

/// The health of every device, as last shown by the owner of its bus.
#[derive(Debug, Default)]
pub(crate) struct Board {
    devices: Mutex<BTreeMap<DeviceId, DeviceHealth>>,
}

impl Board {
    fn devices(&self) -> MutexGuard<'_, BTreeMap<DeviceId, DeviceHealth>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over state and reason; the counters here are the true ones.
    pub(crate) fn show(&self, health: &DeviceHealth) {
        let mut devices = self.devices();
        let shown = devices
            .entry(health.device.clone())
            .or_insert_with(|| health.clone());
        shown.state = health.state;
        shown.since = health.since;
        if shown.reason != health.reason {
            shown.reason.clone_from(&health.reason);
        }
    }

    pub(crate) fn dropped(&self, device: &DeviceId) {
        if let Some(health) = self.devices().get_mut(device) {
            health.dropped += 1;
        }
    }

    fn offered(&self, device: &DeviceId, accepted: bool) {
        if let Some(health) = self.devices().get_mut(device) {
            if accepted {
                health.readings += 1;
            } else {
                health.dropped += 1;
            }
        }
    }
}

/// An instance of the adapter, opened.
pub struct ModbusAdapter {
    config: Config,
    doors: Vec<Arc<Door>>,
    board: Arc<Board>,
}

impl std::fmt::Debug for ModbusAdapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ModbusAdapter")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl ModbusAdapter {
    /// Checks the configuration and reads the profile files, whose paths are relative to `base`.
    /// Touches no device.
    pub fn open(config: Config, base: &Path) -> Result<Self, Fault> {
        config.check()?;
        let board = Arc::new(Board::default());
        let mut doors = Vec::new();
        for bus in &config.buses {
            let mut lanes = Vec::new();
            for lane in &bus.lanes {
                let profile = read_profile(&base.join(&lane.profile), &lane.profile)?;
                lanes.push((lane.clone(), profile));
            }
            let repeat_ms = u64::from(config.report_s) * 1_000;
            let door = Door::new(bus.address.clone(), lanes, repeat_ms, Arc::clone(&board));
            for health in door.at_rest() {
                board.show(&health);
            }
            doors.push(Arc::new(door));
        }
        Ok(Self {
            config,
            doors,
            board,
        })
    }

    /// Ready to run.
    pub fn ready(self: Arc<Self>, link: Link) -> Arc<RunningModbus> {
        Arc::new(RunningModbus {
            adapter: self,
            link,
        })
    }
}

/// An instance that was started.
pub struct RunningModbus {
    adapter: Arc<ModbusAdapter>,
    link: Link,
}

impl RunningModbus {
    /// How often the owner of a bus was started again after it had ended unexpectedly.
    pub fn restarts(&self) -> u64 {
        self.adapter.doors.iter().map(|door| door.restarts()).sum()
    }

    async fn run_all(&self) -> Result<(), Fault> {
        let (adapter, link) = (&self.adapter, &self.link);
        let mut owners = JoinSet::new();
        for door in &adapter.doors {
            let Some(inbox) = door.enter() else {
                return Err(Fault::new(
                    "A104",
                    format!("{} is running already", adapter.config.name),
                )
                .remedy("start each instance once"));
            };
            let keeper = Arc::clone(door);
            owners.spawn(keeper.keep(inbox, Arc::clone(&link.clock), link.shutdown.clone()));
            let outbox = Arc::clone(&door.outbox);
            let board = Arc::clone(&adapter.board);
            let (intake, shutdown) = (link.intake.clone(), link.shutdown.clone());
            owners.spawn(async move {
                outbox
                    .deliver(&intake, &shutdown, |device, accepted| {
                        board.offered(device, accepted)
                    })
                    .await;
            });
        }
        while let Some(ended) = owners.join_next().await {
            if let Err(error) = ended {
                return Err(
                    Fault::new("A105", "a task of the adapter ended unexpectedly")
                        .log(error.to_string()),
                );
            }
        }
        Ok(())
    }

    async fn carry_out(&self, order: Order) -> Outcome {
        let mut doors = self.adapter.doors.iter();
        let place = doors.find_map(|door| Some((door, door.place(order.target.name())?)));
        let (Some((door, (device, unit))), "device") = (place, order.target.kind()) else {
            return Outcome::new(OutcomeKind::Refused, "no such barrier here");
        };
        let clock = &self.link.clock;
        let command = match command::read(&order, device, clock.steady()) {
            Ok(command) => command,
            Err(fault) => return Outcome::new(OutcomeKind::Refused, fault.to_string()),
        };
        let left = command.until.saturating_duration_since(Instant::now());
        let patience = left.saturating_add(GRACE);
        let (reply, answered) = oneshot::channel();
        let emergency = order.lane == OrderLane::Emergency;
        let passage = command.action == Action::Open;
        let ask = Ask::Order {
            order,
            command,
            unit,
            reply,
        };
        let outcome = async {
            let sent = if emergency {
                door.urgent.send(ask).await.is_ok()
            } else if !passage {
                // What a person orders waits for room: it may end an opening that waits too.
                door.everyday.send(ask).await.is_ok()
            } else {
                match door.everyday.try_send(ask) {
                    Ok(()) => true,
                    Err(mpsc::error::TrySendError::Full(_)) => {
                        return Outcome::new(
                            OutcomeKind::Failed,
                            "too many orders wait for this bus",
                        );
                    }
                    Err(mpsc::error::TrySendError::Closed(_)) => false,
                }
            };
            if !sent {
                return Outcome::new(
                    OutcomeKind::Failed,
                    "the adapter has stopped; nothing was sent",
                );
            }
            // The owner answers before it forgets an order; a lost answer means that it is gone.
            answered.await.unwrap_or_else(|_| {
                Outcome::new(
                    OutcomeKind::Expired,
                    "the adapter stopped before it was confirmed",
                )
            })
        };
        // The owner sees the dropped answer channel and does not carry the order out afterwards.
        tokio::time::timeout(patience, outcome)
            .await
            .unwrap_or_else(|_| {
                Outcome::new(OutcomeKind::Expired, "not confirmed before its deadline")
            })
    }

    async fn probe_all(&self) -> Vec<Probe> {
        let mut probes = Vec::new();
        for door in &self.adapter.doors {
            if door.enter().is_some() {
                probes.extend(door.bus().probe_alone().await);
                continue;
            }
            let (reply, answered) = oneshot::channel();
            let asked = door.everyday.send(Ask::Probe { reply }).await.is_ok();
            match answered.await {
                Ok(found) if asked => probes.extend(found),
                _ => probes.extend(door.devices().map(|device| Probe {
                    device: device.clone(),
                    ok: false,
                    detail: "the adapter has stopped".to_owned(),
                })),
            }
        }
        probes
    }
}

fn read_profile(path: &Path, place: &Path) -> Result<Profile, Fault> {
    let place = place.display().to_string();
    let unreadable = |text: String| {
        Fault::new("A100", format!("the profile cannot be read: {text}"))
            .at(place.clone())
            .remedy("name a profile file, relative to the configuration's folder")
    };
    let size = std::fs::metadata(path)
        .map_err(|error| unreadable(error.to_string()))?
        .len();
    if size > PROFILE_BYTES_MAX {
        return Err(unreadable(format!(
            "{size} bytes are too many for a profile"
        )));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    Profile::parse(&text, &place)
}

impl Adapter for ModbusAdapter {
    fn definition(&self) -> Definition {
        let devices = self.doors.iter().flat_map(|door| door.devices());
        Definition {
            name: self.config.name.clone(),
            protocol: "modbus-tcp",
            targets: devices
                .map(|device| Target::device(device.as_str()))
                .collect(),
        }
    }

    fn start(self: Arc<Self>, link: Link) -> Arc<dyn Running> {
        self.ready(link)
    }
}

impl Running for RunningModbus {
    fn run(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(self.run_all())
    }

    fn execute(&self, order: Order) -> BoxFuture<'_, Outcome> {
        Box::pin(self.carry_out(order))
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        Box::pin(self.probe_all())
    }

    fn health(&self) -> Vec<DeviceHealth> {
        self.adapter.board.devices().values().cloned().collect()
    }
}
