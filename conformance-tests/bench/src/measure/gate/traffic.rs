//! Vehicles at six lanes, sensors behind fifty gateways.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cordon_contract::{Intake, Payload, Reading, Target};
use cordon_model::{
    BarrierInputs, BarrierState, Body, DeviceId, Direction, GateStatus, LoopEvent, LoopEventKind,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Step;
use super::door::Door;
use crate::Outcome;
use crate::fields::{capture, plate, samples};
use crate::park::now;
use crate::plan::{LANES, barrier, camera, gate_id, lane_id};

/// Gateways that share the sensors.
pub const GATEWAYS: usize = 50;
/// Time between two vehicles on a lane.
const HEADWAY: Duration = Duration::from_millis(100);
/// An opening that takes longer is not slow but lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// The targets of all barriers.
pub fn barriers() -> Vec<Target> {
    (0..LANES)
        .map(|lane| Target::device(&barrier(lane)))
        .collect()
}

/// Vehicles that are to come and the doors they and the sensors use.
pub struct Traffic {
    /// Cameras and barriers.
    pub lanes: Arc<Door>,
    /// Gateways.
    pub sensors: Arc<Door>,
    /// Numbers of the vehicles, each coming once.
    pub vehicles: Vec<usize>,
}

/// What came of it.
pub struct Passed {
    /// One for each vehicle.
    pub steps: Vec<Step>,
    /// Sensor samples that became durable.
    pub samples: usize,
    /// Time of it all.
    pub wall: Duration,
}

impl Traffic {
    /// A third of the vehicles, and the rest.
    pub fn halves(mut self) -> (Self, Self) {
        let rest = self.vehicles.split_off(self.vehicles.len() / 3);
        let second = Self {
            lanes: Arc::clone(&self.lanes),
            sensors: Arc::clone(&self.sensors),
            vehicles: rest,
        };
        (self, second)
    }

    /// Lets vehicles come for so long, beside `rate` samples a second.
    pub async fn run(&mut self, rate: usize, window: Duration) -> Outcome<Passed> {
        let closed = "the hub has no door";
        let cameras = self.lanes.intake().await.ok_or(closed)?;
        let gateways = self.sensors.intake().await.ok_or(closed)?;
        let begun = Instant::now();
        let load = tokio::spawn(sensor_load(gateways, rate, window));
        let mut openings = self.lanes.openings();
        let mut lanes = JoinSet::new();
        let mut to_lane = Vec::new();
        for lane in 0..LANES {
            let (sender, opened) = mpsc::channel(1);
            to_lane.push((lane_id(lane)?, sender));
            let vehicles: Vec<usize> = self
                .vehicles
                .iter()
                .copied()
                .filter(|vehicle| vehicle % LANES == lane)
                .collect();
            let cameras = cameras.clone();
            lanes
                .spawn(async move { drive(lane, vehicles, cameras, opened, begun + window).await });
        }
        let sorter = tokio::spawn(async move {
            while let Some((lane, at)) = openings.recv().await {
                for (_, sender) in to_lane.iter().filter(|(known, _)| *known == lane) {
                    // A lane that has ended expects nothing more.
                    let _ = sender.send(at).await;
                }
            }
        });
        let mut steps = Vec::new();
        while let Some(lane) = lanes.join_next().await {
            steps.extend(lane??);
        }
        sorter.abort();
        let samples = load.await??;
        Ok(Passed {
            steps,
            samples,
            wall: begun.elapsed(),
        })
    }
}

/// One lane: a vehicle comes, the barrier opens, it drives through, the next one comes.
async fn drive(
    lane: usize,
    vehicles: Vec<usize>,
    cameras: Intake,
    mut opened: mpsc::Receiver<Instant>,
    until: Instant,
) -> Outcome<Vec<Step>> {
    let mut steps = Vec::new();
    // The lanes do not move in step.
    tokio::time::sleep(HEADWAY / u32::try_from(LANES)? * u32::try_from(lane)?).await;
    let mut headway = interval(HEADWAY);
    headway.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for vehicle in vehicles {
        headway.tick().await;
        if Instant::now() >= until {
            break;
        }
        let camera = DeviceId::new(camera(lane))?;
        let body = capture(camera.clone(), lane_id(lane)?, plate(vehicle)?, now())?;
        let reading = reading(camera, body);
        let begun = Instant::now();
        cameras.offer(reading).await?;
        let durable = begun.elapsed();
        let at_barrier = timeout(PATIENCE, opened.recv())
            .await?
            .ok_or("the openings ended")?;
        steps.push((durable, at_barrier.saturating_duration_since(begun)));
        let barrier = DeviceId::new(barrier(lane))?;
        cameras.offer(self::reading(barrier, passed(lane)?)).await?;
    }
    Ok(steps)
}

/// The loops saw the vehicle through.
fn passed(lane: usize) -> Outcome<Body> {
    Ok(Body::GateStatus(GateStatus {
        gate_id: gate_id()?,
        lane_id: lane_id(lane)?,
        device_id: DeviceId::new(barrier(lane))?,
        barrier_state: BarrierState::Open,
        inputs: BarrierInputs {
            up_limit: Some(true),
            down_limit: Some(false),
            approach_loop: None,
            safety_loop: None,
            photocell: None,
            local_control: None,
            fault: None,
            emergency_button: None,
            lamp: None,
        },
        command_id: None,
        command_outcome: None,
        detail: None,
        loop_event: Some(LoopEvent {
            kind: LoopEventKind::Passed,
            direction: Direction::In,
        }),
        observed_at: now(),
    }))
}

/// Each gateway sends its samples once a second, one after another within the second. Gives how
/// many samples were answered as durable.
async fn sensor_load(intake: Intake, rate: usize, window: Duration) -> Outcome<usize> {
    if rate == 0 {
        return Ok(0);
    }
    let each = rate / GATEWAYS;
    let begun = Instant::now();
    let mut tick = interval(Duration::from_secs(1) / u32::try_from(GATEWAYS)?);
    let mut offers = JoinSet::new();
    let mut durable = 0;
    for turn in 0.. {
        tick.tick().await;
        if begun.elapsed() >= window {
            break;
        }
        let gateway = DeviceId::new(format!("GW-{:02}", turn % GATEWAYS))?;
        let body = samples(&gateway, each, now())?;
        let intake = intake.clone();
        offers.spawn(async move { intake.offer(reading(gateway, body)).await });
        while let Some(done) = offers.try_join_next() {
            done??;
            durable += each;
        }
    }
    while let Some(done) = offers.join_next().await {
        done??;
        durable += each;
    }
    Ok(durable)
}

/// What a device says now.
pub fn reading(device: DeviceId, body: Body) -> Reading {
    let now = now();
    Reading {
        device,
        message_id: None,
        observed_at: Some(now),
        received_at: now,
        source_ref: None,
        initial: false,
        test: false,
        payload: Payload::Body(Box::new(body)),
        raw: Bytes::new(),
    }
}
