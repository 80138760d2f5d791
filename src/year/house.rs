//! The house that lives through the year: hub, plug-ins, journal, state, records, and who keeps the journal by its rules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cordon_contract::{
    Adapter, BoxFuture, Clock as _, Definition, DeviceHealth, Fault, Intake, Link, ManualClock,
    Order, Outcome, OutcomeKind, Probe, Running, Target,
};
use cordon_flow::{Authority, Hub, HubConfig, HubParts, Maker as _, RunningHub};
use cordon_mapping::Mappings;
use cordon_model::{Body, PartyId};
use cordon_records::Records;
use cordon_security::TrustStore;
use tokio::sync::mpsc;

use super::Plan;
use crate::checkpoints::Bound;
use crate::config::{ParkConfig, RetentionSection};
use crate::keeping;
use crate::past::Past;
use crate::plugins;
use crate::prepare::{self, Extent, Ports};
use crate::records;
use crate::settings::ParkSettings;

/// As long as an opening or the end of the hub may take before it is taken for lost.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// All of one park.
pub struct House {
    pub config: ParkConfig,
    pub operator: PartyId,
    clock: ManualClock,
    segment_bytes: Option<u64>,
    alive: Option<Alive>,
}

/// What runs.
struct Alive {
    hub: Arc<RunningHub>,
    records: Arc<Records>,
    settings: Arc<ParkSettings>,
    past: Arc<Past>,
    intake: Intake,
    opened: tokio::sync::Mutex<mpsc::UnboundedReceiver<String>>,
}

impl House {
    /// Prepares a park with the rules of the plan, and starts it.
    pub async fn new(root: &Path, plan: Plan, clock: &ManualClock) -> Self {
        let made = prepare::folder(root, Ports::new(Some(21_000)), Extent::Full);
        let mut config = ParkConfig::read(&made.ok().unwrap()).unwrap();
        config.plan.capacity = Some(20_000);
        let archive = root.join("archive");
        std::fs::create_dir(&archive).unwrap();
        config.retention = rules(plan, archive);
        config.records.days_kept = u32::from(plan.part(2, 5));
        assert_eq!(config.retention.check(), []);
        let mut house = Self {
            config,
            operator: "operator-1".parse().unwrap(),
            clock: clock.clone(),
            segment_bytes: plan.segment_bytes,
            alive: None,
        };
        house.start().await;
        house
    }

    /// Starts what does not run.
    pub async fn start(&mut self) {
        assert!(self.alive.is_none());
        let config = &self.config;
        let trust = TrustStore::load(&config.hub.trust).unwrap();
        let mut past = Past::of(config, Arc::new(trust)).unwrap();
        if let Some(bytes) = self.segment_bytes {
            past.cut_by(bytes);
        }
        let past = Arc::new(past);
        let mappings = Arc::new(Mappings::load(config.hub.mappings.as_ref().unwrap()).unwrap());
        let settings = plugins::settings(config, &mappings).unwrap();
        let plan = Arc::new(config.plan.clone());
        let authority = Authority::new(plan, config.hub.id.clone(), config.authority.clone());
        let mut hub_config = HubConfig::new(authority.unwrap(), config.hub.spool());
        hub_config.tick_ms = config.hub.tick_ms;
        hub_config.settings = Some(Arc::clone(&settings) as _);
        let (opening, opened) = mpsc::unbounded_channel();
        let yard = Arc::new(Yard::of(config, opening));
        let parts = HubParts {
            ledger: Arc::clone(&past) as _,
            plugins: settings.make(&BTreeMap::new()).unwrap().plugins,
            adapters: vec![Arc::clone(&yard) as _],
            mappings,
            clock: Arc::new(self.clock.clone()),
        };
        let hub = Arc::new(Hub::start(hub_config, parts).await.unwrap());
        let records = records::start(config, &hub, &records::room(config)).unwrap();
        let intake = loop {
            if let Some(intake) = yard.intake.lock().unwrap().take() {
                break intake;
            }
            tokio::task::yield_now().await;
        };
        self.alive = Some(Alive {
            hub,
            records,
            settings,
            past,
            intake,
            opened: tokio::sync::Mutex::new(opened),
        });
    }

    /// Ends in good order.
    pub async fn stop(&mut self) {
        let Alive {
            hub,
            records,
            intake,
            ..
        } = self.alive.take().unwrap();
        drop(intake);
        records.stop().await;
        drop(records);
        let until = tokio::time::Instant::now() + PATIENCE;
        while Arc::strong_count(&hub) > 1 {
            assert!(tokio::time::Instant::now() < until, "the hub is held");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Arc::into_inner(hub).unwrap().shutdown().await.unwrap();
    }

    fn alive(&self) -> &Alive {
        self.alive.as_ref().unwrap()
    }

    pub fn hub(&self) -> &RunningHub {
        &self.alive().hub
    }

    pub fn records(&self) -> &Records {
        &self.alive().records
    }

    pub fn settings(&self) -> &ParkSettings {
        &self.alive().settings
    }

    pub fn intake(&self) -> &Intake {
        &self.alive().intake
    }

    /// Forgets which barriers opened.
    pub async fn look_away(&self) {
        let mut opened = self.alive().opened.lock().await;
        while opened.try_recv().is_ok() {}
    }

    /// Waits until this barrier is told to open.
    pub async fn opens(&self, barrier: &str) {
        let mut opened = self.alive().opened.lock().await;
        loop {
            let next = tokio::time::timeout(PATIENCE, opened.recv()).await;
            let next =
                next.unwrap_or_else(|_| panic!("{barrier} is not opened at {}", self.clock.now()));
            if next.unwrap() == barrier {
                return;
            }
        }
    }

    /// Says something in the hub's name.
    pub async fn says(&self, body: Body) {
        let name = body.message_type();
        let said = self.hub().submit().internal(body, &self.operator).await;
        said.unwrap_or_else(|fault| panic!("{name:?} at {}: {fault}", self.clock.now()));
    }

    /// What the hub does for its journal beside writing it, until nothing is due.
    pub async fn keep(&self) {
        let alive = self.alive();
        let hub = &alive.hub;
        let about = (hub.submit(), hub.clock(), hub.aging());
        keeping::keep_now(alive.past.keeping(), about, self.config.hub.id.clone()).await;
        let stuck = alive.past.keeping().stuck();
        assert_eq!(stuck, [""; 0], "at {}", self.clock.now());
    }

    /// No fold of the records is broken, and all are at the end.
    pub async fn require_records(&self) {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let standing = self.records().standing();
            let broken: Vec<_> = standing.broken().collect();
            assert!(broken.is_empty(), "{broken:?}");
            assert_eq!(standing.stopped, None);
            assert_eq!(standing.lacking().count(), 0, "{standing:?}");
            if standing.reached() >= self.hub().durable().0 {
                return;
            }
            assert!(tokio::time::Instant::now() < until, "{standing:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// What nothing is forgotten behind.
    pub fn bound(&self) -> Option<Bound> {
        let keeping = self.alive().past.keeping();
        keeping.checkpoints().bound(&keeping.reader()).unwrap()
    }

    /// A file or folder beside the journal.
    pub fn data(&self, name: &str) -> PathBuf {
        self.config.hub.data.join(name)
    }

    pub fn archive(&self) -> &Path {
        self.config.retention.archive.as_deref().unwrap()
    }
}

/// Every class has another time, and all are over within the days of the plan: of its last day and a bit nothing goes, for nothing goes
/// behind the older of two checkpoints.
fn rules(plan: Plan, archive: PathBuf) -> RetentionSection {
    let longest = plan.part(4, 5).min(plan.days.saturating_sub(2)).max(1);
    RetentionSection {
        pack_days: 1,
        archive: Some(archive),
        archive_days: plan.part(1, 5).max(1),
        readings_days: plan.part(1, 5),
        passages_days: plan.part(2, 5),
        alarms_days: plan.part(2, 5),
        audit_days: plan.part(3, 5).min(longest),
        registrations_days: plan.part(3, 5).min(longest),
        emergency_days: longest,
        reports_days: longest,
        remove_days: longest,
        checkpoint_hours: 24,
    }
}

/// Everything outside: gives its intake out and carries out every order at once.
struct Yard {
    intake: Mutex<Option<Intake>>,
    opening: mpsc::UnboundedSender<String>,
    targets: Vec<Target>,
}

impl Yard {
    fn of(config: &ParkConfig, opening: mpsc::UnboundedSender<String>) -> Self {
        let devices = config.plan.devices.iter();
        let routes = plugins::routes(config).unwrap();
        let barriers = devices.filter(|it| it.id.as_str().starts_with("BR-"));
        Self {
            intake: Mutex::default(),
            opening,
            targets: barriers
                .map(|it| Target::device(it.id.as_str()))
                .chain(routes.receivers().map(Target::receiver))
                .collect(),
        }
    }
}

impl Adapter for Yard {
    fn definition(&self) -> Definition {
        Definition {
            name: "yard".into(),
            protocol: "test",
            targets: self.targets.clone(),
        }
    }

    fn start(self: Arc<Self>, link: Link) -> Arc<dyn Running> {
        Arc::new(RunningYard(self, link))
    }
}

/// The same, started.
struct RunningYard(Arc<Yard>, Link);

impl Running for RunningYard {
    fn run(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            let Self(yard, link) = self;
            *yard.intake.lock().unwrap() = Some(link.intake.clone());
            link.shutdown.wait().await;
            Ok(())
        })
    }

    fn execute(&self, order: Order) -> BoxFuture<'_, Outcome> {
        if let Body::GateCommand(_) = &order.message.body {
            let barrier = order.target.0.trim_start_matches("device:");
            // Nobody listens at the end.
            let _ = self.0.opening.send(barrier.to_owned());
        }
        Box::pin(async { Outcome::new(OutcomeKind::Confirmed, "as told") })
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        Box::pin(async { Vec::new() })
    }

    fn health(&self) -> Vec<DeviceHealth> {
        Vec::new()
    }
}
