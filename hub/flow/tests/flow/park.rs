//! A small park: folders, clock, an adapter that does as told, plug-ins that decide something.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cordon_contract::{
    Adapter, BoxFuture, Clock, Decisions, Definition, DeviceHealth, Entry, EntryKind, Fault,
    Intake, Link, ManualClock, Order, OrderLane, Outcome, OutcomeKind, Payload, Plugin, Probe,
    Reading, Rows, Running, Single, Target,
};
use cordon_flow::{
    Authority, AuthoritySettings, EntryReader, Hub, HubConfig, HubParts, Ledger, OpenedOnce,
    RunningHub, StoredEntry,
};
use cordon_journal::{Journal, Options, StateStore};
use cordon_mapping::Mappings;
use cordon_model::plan::ParkPlan;
use cordon_model::{
    AlarmState, AlarmUpdate, AuditEvent, AuditOutcome, Body, CommandPriority, DeviceId, DeviceKind,
    DeviceState, DeviceStatus, EmergencyGateOpen, GateAction, GateCommand, GateId, LaneId,
    MessageId, ParkCode, PartyId, Timestamp,
};

pub const BARRIER: &str = "device:BR-01";
pub const DUTY: &str = "receiver:duty";
/// One of those who are the receiver.
pub const NIGHT: &str = "receiver:duty/night";

/// 2026-11-24T08:00:00+08:00.
pub fn morning() -> Timestamp {
    Timestamp::from_micros(1_795_478_400_000_000)
}

pub fn hub_id() -> PartyId {
    PartyId::new("HUB-1").unwrap()
}

pub fn park_code() -> ParkCode {
    ParkCode::new("JS-320700-01").unwrap()
}

/// Two gates of the park and one of ENT-2, a plant each.
pub fn plan() -> ParkPlan {
    toml::from_str(PLAN).unwrap()
}

const PLAN: &str = r#"
code = "JS-320700-01"
name = "test"
gates = [
  { id = "G1", name = "north", class = "COMPREHENSIVE" },
  { id = "G2", name = "east", class = "DEDICATED" },
  { id = "ENT-1-G1", name = "plant one", class = "COMPREHENSIVE", tier = "ENTERPRISE_SECOND", owner = "ENT-1" },
  { id = "ENT-2-G1", name = "plant two", class = "COMPREHENSIVE", tier = "ENTERPRISE_SECOND", owner = "ENT-2" },
]
lanes = [
  { id = "G1-L1", gate = "G1" },
  { id = "G2-L1", gate = "G2" },
  { id = "ENT-1-G1-L1", gate = "ENT-1-G1" },
  { id = "ENT-2-G1-L1", gate = "ENT-2-G1" },
]
areas = [
  { id = "AREA-KEY-1", grade = "KEY" },
  { id = "AREA-ENT-1", grade = "GENERAL", owner = "ENT-1" },
  { id = "AREA-ENT-2", grade = "GENERAL", owner = "ENT-2" },
]
devices = [
  { id = "BR-01", kind = "BARRIER", lane = "G1-L1" },
  { id = "CAM-01", kind = "PLATE_CAMERA", lane = "G1-L1" },
  { id = "CAM-02", kind = "PLATE_CAMERA", lane = "G2-L1" },
  { id = "GW-01", kind = "GATEWAY" },
  { id = "GAS-01", kind = "GAS_DETECTOR", area = "AREA-KEY-1" },
  { id = "ENT-2-BR-1", kind = "BARRIER", lane = "ENT-2-G1-L1" },
  { id = "ENT-1-CAM-1", kind = "PLATE_CAMERA", lane = "ENT-1-G1-L1" },
  { id = "ENT-2-CAM-1", kind = "PLATE_CAMERA", lane = "ENT-2-G1-L1", area = "AREA-ENT-2" },
  { id = "ENT-2-GW-1", kind = "GATEWAY", owner = "ENT-2" },
]
enterprises = [
  { id = "ENT-1", name = "one", uscc = "91320700MA0000001A" },
  { id = "ENT-2", name = "two", uscc = "91320982MA0PARK01N" },
]
"#;

pub fn status(device: &str, reason: &str) -> Body {
    Body::DeviceStatus(DeviceStatus {
        device_id: DeviceId::new(device).unwrap(),
        device_kind: DeviceKind::Camera,
        vendor: None,
        model: None,
        firmware: None,
        state: DeviceState::Online,
        reason: Some(reason.to_owned()),
        clock_offset_ms: None,
        since: None,
        observed_at: morning(),
    })
}

pub fn reading(device: &str, reason: &str, id: Option<MessageId>) -> Reading {
    Reading {
        device: DeviceId::new(device).unwrap(),
        message_id: id,
        observed_at: Some(morning()),
        received_at: morning(),
        source_ref: None,
        initial: false,
        test: false,
        payload: Payload::Body(Box::new(status(device, reason))),
        raw: Bytes::from(reason.to_owned()),
    }
}

pub fn emergency() -> Body {
    Body::EmergencyGateOpen(EmergencyGateOpen {
        order_id: "EM-1".into(),
        gates: vec![GateId::new("G1").unwrap()],
        ordered_by: PartyId::new("OP-1").unwrap(),
        reason: "fire".into(),
        release: None,
        ordered_at: morning(),
    })
}

fn command(entry: &Entry, action: GateAction) -> Body {
    Body::GateCommand(GateCommand {
        command_id: entry.message_id,
        gate_id: GateId::new("G1").unwrap(),
        lane_id: LaneId::new("G1-L1").unwrap(),
        device_id: DeviceId::new("BR-01").unwrap(),
        action,
        reason: "test".into(),
        priority: CommandPriority::Access,
        deadline: entry.time.plus_seconds(5),
        epoch: 0,
        ordered_by: None,
        decision_ref: None,
    })
}

/// An audit body, the smallest thing a plug-in can say.
fn said(text: String, at: Timestamp) -> Body {
    Body::AuditEvent(AuditEvent {
        action: "test.said".into(),
        actor_id: hub_id(),
        target: None,
        outcome: AuditOutcome::Success,
        detail: Some(text),
        at,
    })
}

/// What tells of an alarm.
fn telling(alarm: &str, at: Timestamp) -> Body {
    Body::AlarmUpdate(AlarmUpdate {
        alarm_id: alarm.to_owned(),
        state: AlarmState::Raised,
        previous: AlarmState::Raised,
        actor_id: hub_id(),
        receiver: None,
        escalation_level: Some(1),
        note: None,
        updated_at: at,
    })
}

/// The alarm that an order tells of.
pub fn alarm_of(order: &Order) -> Option<&str> {
    match &order.message.body {
        Body::AlarmUpdate(update) => Some(&update.alarm_id),
        _ => None,
    }
}

/// Decides by the reason of a device status: `open`, `notify`, `tell ALARM`, `say`, `chain`, `bad`.
pub struct Porter {
    seen: Single<u64>,
}

impl Default for Porter {
    fn default() -> Self {
        Self {
            seen: Single::new("seen", 1),
        }
    }
}

impl Plugin for Porter {
    fn name(&self) -> &'static str {
        "porter"
    }

    fn step(&mut self, entry: &Entry, decisions: &mut Decisions) {
        *self.seen += 1;
        let Some(message) = &entry.message else {
            return;
        };
        let at = entry.time;
        match &message.body {
            Body::DeviceStatus(status) if entry.kind == EntryKind::Message => {
                match status.reason.as_deref() {
                    Some("open") => {
                        decisions.emit(said(format!("opens, seen {}", *self.seen), at), None);
                        let target = Target(BARRIER.into());
                        let body = command(entry, GateAction::Open);
                        decisions.order(target, OrderLane::Access, at.plus_seconds(5), body, None);
                    }
                    Some("notify") => {
                        let target = Target(DUTY.into());
                        let body = said("notified".into(), at);
                        decisions.order(
                            target,
                            OrderLane::Routine,
                            at.plus_seconds(10),
                            body,
                            None,
                        );
                    }
                    Some(reason) if reason.starts_with("tell ") => {
                        let body = telling(reason.trim_start_matches("tell "), at);
                        let until = at.plus_seconds(300);
                        let target = Target(DUTY.into());
                        decisions.order(target, OrderLane::Routine, until, body, None);
                    }
                    Some("say") => {
                        decisions.emit(said("one".into(), at), None);
                        decisions.emit(said("two".into(), at), None);
                    }
                    Some("chain") => decisions.emit(said("chain".into(), at), None),
                    Some("bad") => decisions.emit(said(String::new(), at), None),
                    _ => {}
                }
            }
            Body::AuditEvent(event) if event.detail.as_deref() == Some("chain") => {
                decisions.emit(said("chain".into(), at), None);
            }
            Body::EmergencyGateOpen(order) => {
                let target = Target(BARRIER.into());
                let (action, lane) = match order.release {
                    Some(true) => (GateAction::Release, OrderLane::Access),
                    _ => (GateAction::LockOpen, OrderLane::Emergency),
                };
                let body = command(entry, action);
                decisions.order(target, lane, at.plus_seconds(5), body, None);
            }
            _ => {}
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Rows> {
        vec![&mut self.seen]
    }
}

/// Breaks I3: what it says depends on how often the process called it.
#[derive(Default)]
pub struct Dice;

static ROLLS: AtomicU64 = AtomicU64::new(0);

impl Plugin for Dice {
    fn name(&self) -> &'static str {
        "dice"
    }

    fn step(&mut self, entry: &Entry, decisions: &mut Decisions) {
        if entry.kind == EntryKind::Message {
            let roll = ROLLS.fetch_add(1, Ordering::SeqCst);
            decisions.emit(said(format!("rolled {roll}"), entry.time), None);
        }
    }
}

/// An adapter that gives out its intake and answers orders as told.
#[derive(Default)]
pub struct Yard {
    pub intake: Mutex<Option<Intake>>,
    pub done: Mutex<Vec<Order>>,
    pub answers: Mutex<HashMap<String, OutcomeKind>>,
    pub panics: AtomicU64,
    /// Whom it did not tell of what it confirms for the receiver.
    pub untold: Mutex<Vec<Target>>,
    /// The enterprise in whose name it speaks.
    pub partner: Option<PartyId>,
}

impl Yard {
    /// Answers orders of this target, or those that tell of this alarm.
    pub fn answer(&self, name: &str, kind: OutcomeKind) {
        self.answers.lock().unwrap().insert(name.into(), kind);
    }

    pub fn orders(&self) -> Vec<Order> {
        self.done.lock().unwrap().clone()
    }
}

/// The answer that never comes.
pub const NEVER: OutcomeKind = OutcomeKind::Accepted;

impl Adapter for Yard {
    fn definition(&self) -> Definition {
        Definition {
            name: "yard".into(),
            protocol: "test",
            targets: [BARRIER, DUTY, NIGHT]
                .map(|name| Target(name.into()))
                .into(),
        }
    }

    fn speaks_for(&self) -> Option<PartyId> {
        self.partner.clone()
    }

    fn start(self: Arc<Self>, link: Link) -> Arc<dyn Running> {
        Arc::new(RunningYard { yard: self, link })
    }
}

/// The adapter, started.
struct RunningYard {
    yard: Arc<Yard>,
    link: Link,
}

impl Running for RunningYard {
    fn run(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            let (yard, link) = (&self.yard, &self.link);
            *yard.intake.lock().unwrap() = Some(link.intake.clone());
            let left = yard
                .panics
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    left.checked_sub(1)
                });
            assert!(left.is_err(), "told to panic");
            link.shutdown.wait().await;
            *yard.intake.lock().unwrap() = None;
            Ok(())
        })
    }

    fn execute(&self, order: Order) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            let answers = self.yard.answers.lock().unwrap().clone();
            let alarm = alarm_of(&order).and_then(|alarm| answers.get(alarm));
            let kind = alarm.or(answers.get(&order.target.0)).copied();
            let mut confirmed = Outcome::new(OutcomeKind::Confirmed, "as told");
            if order.target.0 == DUTY {
                confirmed
                    .further
                    .clone_from(&self.yard.untold.lock().unwrap());
            }
            self.yard.done.lock().unwrap().push(order);
            match kind.unwrap_or(OutcomeKind::Confirmed) {
                NEVER => std::future::pending().await,
                OutcomeKind::Confirmed => confirmed,
                kind => Outcome::new(kind, "as told"),
            }
        })
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        Box::pin(async { Vec::new() })
    }

    fn health(&self) -> Vec<DeviceHealth> {
        Vec::new()
    }
}

/// A park on disk.
pub struct Park {
    pub dir: tempfile::TempDir,
    pub clock: ManualClock,
    pub yard: Arc<Yard>,
    pub config: HubConfig,
    pub mappings: Arc<Mappings>,
}

impl Park {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority =
            Authority::new(Arc::new(plan()), hub_id(), AuthoritySettings::default()).unwrap();
        let mut config = HubConfig::new(authority, dir.path().join("spool.jsonl"));
        config.save_ms = 3_600_000;
        config.stop_ms = 1_000;
        Self {
            clock: ManualClock::new(morning()),
            yard: Arc::new(Yard::default()),
            mappings: Arc::default(),
            config,
            dir,
        }
    }

    /// Makes the adapter the gate system of an enterprise.
    pub fn speaks_for(&mut self, partner: &str) {
        self.yard = Arc::new(Yard {
            partner: Some(PartyId::new(partner).unwrap()),
            ..Yard::default()
        });
    }

    pub fn journal_dir(&self) -> PathBuf {
        self.dir.path().join("journal")
    }

    pub fn journal(&self) -> Journal {
        Journal::open(self.journal_dir(), small()).unwrap()
    }

    pub async fn start(&self) -> RunningHub {
        self.start_with(vec![Box::new(Porter::default())]).await
    }

    pub async fn start_with(&self, plugins: Vec<Box<dyn Plugin>>) -> RunningHub {
        self.start_on(self.journal(), plugins).await.unwrap()
    }

    pub async fn start_on(
        &self,
        journal: Journal,
        plugins: Vec<Box<dyn Plugin>>,
    ) -> Result<RunningHub, Fault> {
        let reader = journal.reader().unwrap();
        let (state, _) = StateStore::open_for(self.state_file(), &reader).unwrap();
        let ledger = OpenedOnce::new(journal, Arc::new(state)).unwrap();
        self.start_over(Arc::new(ledger), plugins).await
    }

    pub fn state_file(&self) -> PathBuf {
        self.dir.path().join("state.redb")
    }

    pub async fn start_over(
        &self,
        ledger: Arc<dyn Ledger>,
        plugins: Vec<Box<dyn Plugin>>,
    ) -> Result<RunningHub, Fault> {
        let parts = HubParts {
            ledger,
            plugins,
            adapters: vec![Arc::clone(&self.yard) as Arc<dyn Adapter>],
            mappings: Arc::clone(&self.mappings),
            clock: Arc::new(self.clock.clone()) as Arc<dyn Clock>,
        };
        let hub = Hub::start(self.config.clone(), parts).await?;
        until("the adapter has its intake", || {
            self.yard.intake.lock().unwrap().is_some()
        })
        .await;
        Ok(hub)
    }

    pub fn intake(&self) -> Intake {
        self.yard.intake.lock().unwrap().clone().unwrap()
    }

    pub fn entries(&self) -> Vec<StoredEntry> {
        entries(&self.journal_dir())
    }

    /// Every decision of the journal follows from it again.
    pub fn replays(&self) {
        let porter: Box<dyn Plugin> = Box::new(Porter::default());
        let report = cordon_flow::replay(self.journal_dir(), vec![porter], None).unwrap();
        assert_eq!(report.first_difference, None);
    }
}

pub fn small() -> Options {
    Options {
        segment_bytes: 1 << 20,
        floor_free_bytes: 0,
        // How full the disk of the machine is must not be an entry of the test.
        warn_free_bytes: 0,
        warn_used_percent: 100,
        ..Options::new("JS-320700-01/HUB-1")
    }
}

pub fn entries(dir: &Path) -> Vec<StoredEntry> {
    let reader = EntryReader::open(dir).unwrap();
    reader.read_from(1).unwrap().map(Result::unwrap).collect()
}

/// Entries without ticks and starts.
pub fn told(entries: &[StoredEntry]) -> Vec<&StoredEntry> {
    entries
        .iter()
        .filter(|stored| stored.entry.kind != EntryKind::Tick && stored.entry.label != "hub.start")
        .collect()
}

/// Polls until `done`, at most thirty seconds.
pub async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
