//! The running outside systems.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cordon_sim_broker::Broker;
use cordon_sim_camera::{Camera, CameraHandle, Event, Identity, Plate, User};
use cordon_sim_lane::{Lane, LaneFault, LaneHandle, LaneSettings, Vehicle};
use cordon_sim_partners::{Plant, Platform, PlatformFaults};
use cordon_sim_sensors::Fleet;

use crate::settings::{CameraSpec, LaneSpec, Settings};
use crate::story::{Scene, Way};

/// How long a driver waits before a closed barrier, milliseconds.
const PATIENCE_MS: u32 = 4_000;
/// Time between two changes of the loops under a driving vehicle, milliseconds.
const STEP_MS: u32 = 250;
/// How long a barrier stays stuck, and a camera stays away.
const TROUBLE: Duration = Duration::from_secs(8);

/// Why the outside systems could not be started.
#[derive(Debug, thiserror::Error)]
pub enum OutsideFault {
    /// The broker.
    #[error("the broker: {0}")]
    Broker(#[from] cordon_sim_broker::BrokerFault),
    /// A fleet of sensors.
    #[error("the sensors: {0}")]
    Sensors(#[from] cordon_sim_sensors::FleetFault),
    /// A lane.
    #[error("lane {0}: {1}")]
    Lane(String, cordon_sim_lane::LaneError),
    /// A camera.
    #[error("camera {0}: {1}")]
    Camera(String, std::io::Error),
    /// A plant or platform.
    #[error("{0}: {1}")]
    Partner(String, cordon_sim_partners::PartnerFault),
}

/// All outside systems; dropping it ends them.
#[derive(Debug)]
pub struct Outside {
    // Sensors go before their broker.
    fleets: Vec<Fleet>,
    broker: Option<Broker>,
    lanes: BTreeMap<String, Arc<LaneHandle>>,
    cameras: BTreeMap<String, Arc<CameraHandle>>,
    /// Camera of each lane.
    lane_cameras: BTreeMap<String, String>,
    plants: BTreeMap<String, Plant>,
    platforms: BTreeMap<String, Platform>,
    objects: AtomicU32,
}

impl Outside {
    /// Starts everything. Must be called inside a tokio runtime.
    pub async fn start(settings: Settings) -> Result<Self, OutsideFault> {
        let broker = match settings.broker {
            Some(broker) => Some(Broker::start(broker).await?),
            None => None,
        };
        let mut outside = Self {
            fleets: Vec::new(),
            broker,
            lanes: BTreeMap::new(),
            cameras: BTreeMap::new(),
            lane_cameras: BTreeMap::new(),
            plants: BTreeMap::new(),
            platforms: BTreeMap::new(),
            objects: AtomicU32::new(1),
        };
        for lane in settings.lanes {
            outside.lane(lane).await?;
        }
        for camera in settings.cameras {
            outside.camera(camera).await?;
        }
        for platform in settings.platforms {
            let faults = PlatformFaults {
                token: platform.token,
                ..PlatformFaults::default()
            };
            let started = Platform::start(platform.port, faults).await;
            let started =
                started.map_err(|fault| OutsideFault::Partner(platform.name.clone(), fault))?;
            outside.platforms.insert(platform.name, started);
        }
        for fleet in settings.fleets {
            outside.fleets.push(Fleet::start(fleet)?);
        }
        for plant in settings.plants {
            let name = plant.name.clone();
            let started = Plant::start(plant).await;
            let started = started.map_err(|fault| OutsideFault::Partner(name.clone(), fault))?;
            outside.plants.insert(name, started);
        }
        Ok(outside)
    }

    async fn lane(&mut self, spec: LaneSpec) -> Result<(), OutsideFault> {
        let settings = LaneSettings {
            watchdog_ms: spec.watchdog_ms,
            ..LaneSettings::default()
        };
        let lane = Lane::start(settings, spec.address).await;
        let lane = lane.map_err(|error| OutsideFault::Lane(spec.lane.clone(), error))?;
        self.lanes.insert(spec.lane, Arc::new(lane));
        Ok(())
    }

    async fn camera(&mut self, spec: CameraSpec) -> Result<(), OutsideFault> {
        let identity = Identity {
            serial: spec.device.clone(),
            ..cordon_sim_camera::Settings::default().identity
        };
        let settings = cordon_sim_camera::Settings {
            identity,
            users: vec![User {
                name: spec.user,
                password: spec.password,
            }],
            ..cordon_sim_camera::Settings::default()
        };
        let camera = Camera::start(settings, spec.address).await;
        let camera = camera.map_err(|error| OutsideFault::Camera(spec.device.clone(), error))?;
        if let Some(lane) = spec.lane {
            self.lane_cameras.insert(lane, spec.device.clone());
        }
        self.cameras.insert(spec.device, Arc::new(camera));
        Ok(())
    }

    /// Lets a scene happen; what is not there (a lane that the plan has no more) is passed over.
    pub fn play(&self, scene: Scene) {
        match scene {
            Scene::Arrives(vehicle, lane, way) => self.arrive(vehicle, lane, way),
            Scene::MeetsStuckBoom(vehicle, lane) => {
                if let Some(handle) = self.lanes.get(lane) {
                    handle.fault(LaneFault::StuckBoom);
                    let handle = Arc::clone(handle);
                    tokio::spawn(async move {
                        tokio::time::sleep(TROUBLE).await;
                        handle.mend(LaneFault::StuckBoom);
                    });
                }
                self.arrive(vehicle, lane, Way::In);
            }
            Scene::Intrusion(camera) => self.intrude(camera),
            Scene::LineCrossed(camera) => {
                self.see(camera, Event::line_crossed("fence-line", self.object()));
            }
            Scene::Leak => {
                if let Some(fleet) = self.fleets.first() {
                    fleet.leak();
                }
            }
            Scene::EmergencyCall | Scene::EmergencyOver => {}
            Scene::CameraLost(camera) => {
                if let Some(handle) = self.cameras.get(camera) {
                    handle.set_offline(true);
                    let handle = Arc::clone(handle);
                    tokio::spawn(async move {
                        tokio::time::sleep(TROUBLE).await;
                        handle.set_offline(false);
                    });
                }
            }
        }
    }

    fn arrive(&self, vehicle: crate::cast::Vehicle, lane: &str, way: Way) {
        let Some(handle) = self.lanes.get(lane) else {
            return;
        };
        if let Err(error) = handle.vehicle(Vehicle::visiting(STEP_MS, PATIENCE_MS)) {
            tracing::warn!(%error, lane, "a vehicle turned away");
            return;
        }
        let Some(camera) = self.lane_cameras.get(lane) else {
            return;
        };
        let direction = match way {
            Way::In => "in",
            Way::Out => "out",
        };
        let plate = Plate {
            number: vehicle.plate.to_owned(),
            likelihood_percent: 97,
            color: vehicle.camera_colour.to_owned(),
            vehicle: vehicle.camera_kind.to_owned(),
            direction: direction.to_owned(),
        };
        self.see(camera, Event::licence_plate("plates", plate));
    }

    fn intrude(&self, camera: &str) {
        let object = self.object();
        self.see(camera, Event::field_intrusion("fence-field", object, true));
        let Some(handle) = self.cameras.get(camera).map(Arc::clone) else {
            return;
        };
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            handle.emit(Event::field_intrusion("fence-field", object, false));
        });
    }

    fn see(&self, camera: &str, event: Event) {
        if let Some(handle) = self.cameras.get(camera) {
            handle.emit(event);
        }
    }

    fn object(&self) -> u32 {
        self.objects.fetch_add(1, Ordering::Relaxed)
    }

    /// Messages that the broker took from its clients; 0 for a broker written by others.
    pub fn published(&self) -> u64 {
        self.broker
            .as_ref()
            .map_or(0, |broker| broker.counts().published)
    }

    /// Grants that plants took over, by plant.
    pub fn grants_taken(&self) -> BTreeMap<String, usize> {
        self.plants
            .iter()
            .map(|(name, plant)| (name.clone(), plant.counts().grants.len()))
            .collect()
    }

    /// What platforms took, by name.
    pub fn taken(&self) -> BTreeMap<String, usize> {
        self.platforms
            .iter()
            .map(|(name, platform)| (name.clone(), platform.pushes().len()))
            .collect()
    }
}
