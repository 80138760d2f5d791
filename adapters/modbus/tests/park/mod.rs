//! A park of one lane for tests: simulator, adapter, an intake that writes everything down.

pub mod gateway;
pub mod lying;
pub mod way;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cordon_contract::{
    Clock, Link, Order, OrderLane, Outcome, Reading, Running as _, Shutdown, ShutdownTrigger,
    SystemClock, Target,
};
use cordon_fixtures::taking;
use cordon_modbus::{Config, ModbusAdapter, RunningModbus};
use cordon_model::{
    Body, CommandPriority, DeviceId, GateAction, GateCommand, GateId, GateStatus, Header, LaneId,
    Message, MessageId, MessageType, ParkCode, PartyId, Quality, SCHEMA_VERSION, Sensitivity,
};

/// The barrier of these tests.
pub const DEVICE: &str = "BR-01";

/// The shipped profile with travel and hold times fit for a test.
pub fn quick_profile() -> String {
    let shipped = include_str!("../../../../mappings/generic/lane/1/profile.toml");
    quicken(shipped)
}

/// Shorter times in a profile's text.
pub fn quicken(shipped: &str) -> String {
    shipped
        .replace("poll_ms = 50", "poll_ms = 20")
        .replace("timeout_ms = 1000", "timeout_ms = 300")
        .replace("travel_ms = 3000", "travel_ms = 600")
        .replace("margin_ms = 1000", "margin_ms = 400")
        .replace("pulse_ms = 300", "pulse_ms = 200")
        .replace("hold_ms = 10000", "hold_ms = 2000")
        .replace("clear_ms = 500", "clear_ms = 100")
        .replace("interval_ms = 500", "interval_ms = 100")
}

/// A running adapter with everything it said.
pub struct Park {
    pub adapter: Arc<RunningModbus>,
    pub said: Arc<Mutex<Vec<Reading>>>,
    number: std::sync::atomic::AtomicU64,
    _stop: ShutdownTrigger,
    _folder: tempfile::TempDir,
}

/// An adapter for one lane at `address`.
pub fn adapter(address: SocketAddr, profile: &str) -> (ModbusAdapter, tempfile::TempDir) {
    let bus = format!(
        r#"
        [[bus]]
        address = "{address}"
        [[bus.lane]]
        device = "{DEVICE}"
        gate = "G-01"
        lane = "L-01"
        direction = "IN"
        profile = "profile.toml"
        "#
    );
    adapter_of(&bus, profile)
}

/// An adapter for these buses, whose lanes use `profile.toml`.
pub fn adapter_of(buses: &str, profile: &str) -> (ModbusAdapter, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("profile.toml"), profile).unwrap();
    let config: Config = toml::from_str(&format!("name = \"lanes\"\n{buses}")).unwrap();
    (
        ModbusAdapter::open(config, &PathBuf::from(folder.path())).unwrap(),
        folder,
    )
}

/// The bus at `address` with a lane for each unit: `BR-01` behind unit 1, and so on.
pub fn bus(address: SocketAddr, units: std::ops::RangeInclusive<u8>) -> String {
    let lanes = units.map(|unit| {
        format!(
            r#"
            [[bus.lane]]
            device = "BR-{unit:02}"
            gate = "G-01"
            lane = "L-{unit:02}"
            direction = "IN"
            unit = {unit}
            profile = "profile.toml"
            "#
        )
    });
    format!(
        "[[bus]]\naddress = \"{address}\"\n{}",
        lanes.collect::<String>()
    )
}

impl Park {
    /// Starts an adapter for the lane at `address`.
    pub fn start(address: SocketAddr, profile: &str) -> Self {
        Self::run(adapter(address, profile), Arc::new(SystemClock))
    }

    /// Starts an adapter, with a clock of the test's own.
    pub fn run(
        (adapter, folder): (ModbusAdapter, tempfile::TempDir),
        clock: Arc<dyn Clock>,
    ) -> Self {
        let park = Self::resting((adapter, folder), clock);
        let running = Arc::clone(&park.adapter);
        tokio::spawn(async move { running.run().await.unwrap() });
        park
    }

    /// An adapter that was started and does not run.
    pub fn resting(
        (adapter, folder): (ModbusAdapter, tempfile::TempDir),
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (intake, said) = taking(16);
        let (stop, shutdown) = Shutdown::pair();
        let link = Link {
            intake,
            clock,
            shutdown,
        };
        Self {
            adapter: Arc::new(adapter).ready(link),
            said,
            number: std::sync::atomic::AtomicU64::new(100),
            _stop: stop,
            _folder: folder,
        }
    }

    /// How a device stands, with the reason.
    pub fn link(&self, device: &str) -> (cordon_contract::LinkState, String) {
        let health = self.adapter.health();
        let found = health.iter().find(|health| health.device == *device);
        let found = found.unwrap();
        (found.state, found.reason.clone())
    }

    /// Every state of the device's link that was told.
    pub fn links_told(&self, device: &str) -> Vec<cordon_model::DeviceState> {
        let said = self.said.lock().unwrap();
        said.iter()
            .filter_map(|reading| match &reading.payload {
                cordon_contract::Payload::Body(body) => match &**body {
                    Body::DeviceStatus(status) if status.device_id == *device => Some(status.state),
                    _ => None,
                },
                _ => None,
            })
            .collect()
    }

    /// Has an order for another barrier than the usual one carried out.
    pub async fn execute_at(&self, device: &str, action: GateAction, deadline_ms: i64) -> Outcome {
        self.adapter
            .execute(at(device, self.order(action, deadline_ms)))
            .await
    }

    /// An order for the barrier, due in `deadline_ms`.
    pub fn order(&self, action: GateAction, deadline_ms: i64) -> Order {
        let number = self
            .number
            .fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        order(number, action, deadline_ms)
    }

    /// Has an order carried out.
    pub async fn execute(&self, action: GateAction, deadline_ms: i64) -> Outcome {
        self.adapter.execute(self.order(action, deadline_ms)).await
    }

    /// Every gate status said so far.
    pub fn statuses(&self) -> Vec<GateStatus> {
        let said = self.said.lock().unwrap();
        said.iter()
            .filter_map(|reading| match &reading.payload {
                cordon_contract::Payload::Body(body) => match &**body {
                    Body::GateStatus(status) => Some(status.clone()),
                    _ => None,
                },
                _ => None,
            })
            .collect()
    }

    /// Waits until `true_of` the park; the words say what was waited for.
    pub async fn until(&self, words: &str, true_of: impl Fn(&Self) -> bool) {
        let health = || format!("{words}; {:?}", self.adapter.health());
        let deadline = Instant::now() + Duration::from_secs(10);
        while !true_of(self) {
            assert!(Instant::now() < deadline, "waited in vain: {}", health());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// An order for the barrier.
pub fn order(number: u64, action: GateAction, deadline_ms: i64) -> Order {
    let now = SystemClock.now();
    let deadline = now.plus_ms(deadline_ms);
    let emergency = action == GateAction::LockOpen;
    let message = Message {
        header: Header {
            message_id: MessageId::random(),
            message_type: MessageType::GateCommand,
            schema_version: SCHEMA_VERSION.to_owned(),
            park_code: ParkCode::new("PARK-1").unwrap(),
            sender_id: PartyId::new("hub-1").unwrap(),
            recipient_id: None,
            occurred_at: now,
            sent_at: now,
            sequence: number,
            correlation_id: None,
            source_ref: None,
            quality: Quality::Derived,
            sensitivity: Sensitivity::Internal,
            test: false,
            attested_by: None,
        },
        body: Body::GateCommand(GateCommand {
            command_id: MessageId::random(),
            gate_id: GateId::new("G-01").unwrap(),
            lane_id: LaneId::new("L-01").unwrap(),
            device_id: DeviceId::new(DEVICE).unwrap(),
            action,
            reason: "test".to_owned(),
            priority: CommandPriority::Access,
            deadline,
            epoch: 1,
            ordered_by: None,
            decision_ref: None,
        }),
    };
    Order {
        number,
        target: Target::device(DEVICE),
        lane: if emergency {
            OrderLane::Emergency
        } else {
            OrderLane::Access
        },
        deadline,
        epoch: 1,
        attempt: 0,
        turn: number,
        message: Arc::new(message),
    }
}

/// The same order for another barrier.
pub fn at(device: &str, mut order: Order) -> Order {
    if let Body::GateCommand(command) = &mut Arc::make_mut(&mut order.message).body {
        command.device_id = DeviceId::new(device).unwrap();
    }
    order.target = Target::device(device);
    order
}

/// Polls until `true_now`, at most ten seconds.
pub async fn until(words: &str, true_now: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !true_now() {
        assert!(Instant::now() < deadline, "waited in vain: {words}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
