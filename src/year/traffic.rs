//! What is said in a day: vehicles with their grants, sensors, alarms with their life, a gateway that goes, staff, a report, a mode.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cordon_contract::{Clock as _, ManualClock, Payload, Reading};
use cordon_model::{
    AccessGrant, AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AlarmUpdate, AuditOutcome,
    BarrierInputs, BarrierState, Body, ClassLetter, Decimal, DeviceKind, DeviceState, DeviceStatus,
    Direction, GateStatus, Granularity, LifeState, LoopEvent, LoopEventKind, OnDutyStatus,
    OperatingMode, OperatingModeChange, Period, Plate, PlateCapture, PlateColour, ReportRequest,
    ReportType, Sample, SampleQuality, SensorReadingBatch, SubjectKind, Timestamp,
};

use super::house::House;
use super::luck::Luck;
use super::{MOMENTS, Plan};

/// Entries of a vehicle with a grant that comes and goes, at least.
const ENTRIES_OF_VEHICLE: u64 = 14;
/// Entries of a day without vehicles, about.
const ENTRIES_BESIDE: u64 = MOMENTS + 60;
/// Moments in which vehicles come: five in the morning to six in the evening.
const COMING: std::ops::Range<u64> = 150..540;
/// Vehicles that there are.
const VEHICLES: u64 = 60_000;

/// A way through a gate.
#[derive(Clone, Copy, Debug)]
struct Lane {
    gate: &'static str,
    lane: &'static str,
    camera: &'static str,
    barrier: &'static str,
    direction: Direction,
}

const fn lane([gate, lane, camera, barrier]: [&'static str; 4], direction: Direction) -> Lane {
    Lane {
        gate,
        lane,
        camera,
        barrier,
        direction,
    }
}

const IN: [Lane; 2] = [
    lane(["G-01", "L-02", "CAM-02", "BR-02"], Direction::In),
    lane(["G-03", "L-05", "CAM-05", "BR-05"], Direction::In),
];
const OUT: Lane = lane(["G-01", "L-03", "CAM-03", "BR-03"], Direction::Out);

/// What comes to a gate.
#[derive(Clone, Copy, Debug)]
enum Coming {
    /// With a grant.
    Welcome(u64),
    /// Without.
    Stranger(u64),
    /// It leaves.
    Leaving(u64),
}

/// The traffic of all days.
pub struct Traffic {
    luck: Luck,
    samples: usize,
    vehicles_a_day: u64,
    /// Vehicles that came so far.
    came: u64,
    /// Moments that passed so far.
    moment: u64,
    due: BTreeMap<u64, Vec<Coming>>,
    said: BTreeMap<&'static str, u64>,
}

impl Traffic {
    pub fn new(plan: Plan, luck: Luck) -> Self {
        let of_vehicles = plan.entries_a_day().saturating_sub(ENTRIES_BESIDE);
        Self {
            luck,
            samples: plan.samples,
            vehicles_a_day: of_vehicles.div_ceil(ENTRIES_OF_VEHICLE),
            came: 0,
            moment: 0,
            due: BTreeMap::new(),
            said: BTreeMap::new(),
        }
    }

    /// What was said in all.
    pub fn tell(&self) {
        println!("said: {:?}", self.said);
    }

    fn count(&mut self, what: &'static str) {
        *self.said.entry(what).or_default() += 1;
    }

    /// Lets a day pass.
    pub async fn day(&mut self, house: &House, clock: &ManualClock) {
        let begin = self.moment;
        self.plan_vehicles(begin);
        let outage = begin + self.luck.below(MOMENTS - 40);
        let is_week = (begin / MOMENTS) % 7 == 3;
        for moment in begin..begin + MOMENTS {
            clock.advance_ms(super::MOMENT_MS);
            self.sensors(house, clock.now()).await;
            for coming in self.due.remove(&moment).unwrap_or_default() {
                self.gate(house, clock.now(), coming).await;
            }
            if self.luck.once_in(100) {
                self.alarm(house, clock.now()).await;
            }
            let of_day = moment - begin;
            if of_day % 10 == 9 {
                self.see_to_alarms(house, clock.now()).await;
            }
            match moment {
                _ if moment == outage => {
                    self.gateway(house, clock.now(), DeviceState::Offline).await
                }
                _ if moment == outage + 30 => {
                    self.gateway(house, clock.now(), DeviceState::Online).await
                }
                _ => {}
            }
            match of_day {
                40 if is_week => {
                    self.mode(house, clock.now(), OperatingMode::Heightened)
                        .await
                }
                60 if is_week => self.mode(house, clock.now(), OperatingMode::Normal).await,
                100 | 300 | 500 | 680 => self.staff(house, clock.now()).await,
                150 => self.report(house, clock.now()).await,
                _ => {}
            }
        }
        self.moment = begin + MOMENTS;
    }

    fn plan_vehicles(&mut self, begin: u64) {
        for _ in 0..self.vehicles_a_day {
            let comes = begin + COMING.start + self.luck.below(COMING.end - COMING.start);
            let stays = 20 + self.luck.below(150);
            self.came += 1;
            let number = self.came;
            if self.luck.once_in(100) {
                self.due
                    .entry(comes)
                    .or_default()
                    .push(Coming::Stranger(number));
                continue;
            }
            self.due
                .entry(comes)
                .or_default()
                .push(Coming::Welcome(number));
            self.due
                .entry(comes + stays)
                .or_default()
                .push(Coming::Leaving(number));
        }
    }

    async fn gate(&mut self, house: &House, at: Timestamp, coming: Coming) {
        match coming {
            Coming::Welcome(number) => {
                self.grant(house, at, number).await;
                self.passes(house, at, number, IN[(number % 2) as usize])
                    .await;
            }
            Coming::Leaving(number) => {
                self.passes(house, at, number, OUT).await;
            }
            Coming::Stranger(number) => {
                self.count("strangers");
                // No grant is for such a number.
                let lane = IN[(number % 2) as usize];
                offer(
                    house,
                    lane.camera,
                    at,
                    capture(lane, format!("苏X{:05}", number % VEHICLES), at),
                )
                .await;
            }
        }
    }

    /// A vehicle with a number that comes only once, in and out; how long its decision took to be durable.
    pub async fn visit(&mut self, house: &House, at: Timestamp) -> Duration {
        self.came += 1;
        let number = self.came;
        self.grant(house, at, number).await;
        let took = self.passes(house, at, number, IN[0]).await;
        self.passes(house, at, number, OUT).await;
        took
    }

    async fn grant(&mut self, house: &House, at: Timestamp, number: u64) {
        self.count("grants");
        house.says(grant(number, at)).await;
    }

    async fn passes(&mut self, house: &House, at: Timestamp, number: u64, lane: Lane) -> Duration {
        self.count("passages");
        house.look_away().await;
        let body = capture(lane, plate(number), at);
        let begun = Instant::now();
        offer(house, lane.camera, at, body).await;
        let took = begun.elapsed();
        house.opens(lane.barrier).await;
        offer(house, lane.barrier, at, passed(lane, at)).await;
        took
    }

    /// Readings of one gateway.
    pub async fn sensors(&mut self, house: &House, at: Timestamp) {
        self.count("batches of readings");
        let samples = (1..=self.samples).map(|number| Sample {
            device_id: format!("S-{number:02}").parse().unwrap(),
            point: "nh3/ppm".to_owned(),
            value: Decimal::new(self.luck.below(900) as i64, 2),
            unit: "ppm".to_owned(),
            quality: SampleQuality::Good,
            observed_at: at,
            thresholds: None,
        });
        let body = Body::SensorReadingBatch(SensorReadingBatch {
            gateway_id: "GW-01".parse().unwrap(),
            samples: samples.collect(),
        });
        offer(house, "GW-01", at, body).await;
    }

    async fn alarm(&mut self, house: &House, at: Timestamp) {
        self.count("alarms of cameras");
        let body = Body::AlarmEvent(AlarmEvent {
            alarm_id: format!("CAM-07-{}", self.said["alarms of cameras"]),
            alarm_code: AlarmCode::PerimeterIntrusion,
            alarm_level: AlarmLevel::Yellow,
            state: AlarmState::Raised,
            occurred_at: at,
            source_device: Some("CAM-07".parse().unwrap()),
            subject: None,
            person_id: None,
            enterprise_id: None,
            area_id: Some("A-KEY".to_owned()),
            gate_id: None,
            lane_id: None,
            position: None,
            cause_ref: None,
            evidence: Vec::new(),
            description: "somebody at the fence".to_owned(),
        });
        offer(house, "CAM-07", at, body).await;
    }

    /// Whoever is on duty takes up what is new and closes what was taken up.
    async fn see_to_alarms(&mut self, house: &House, at: Timestamp) {
        let open = house.settings().open_alarms().page(None, 500);
        for alarm in open {
            let state = match alarm.state {
                AlarmState::Raised => AlarmState::Acknowledged,
                _ => AlarmState::Closed,
            };
            self.count("steps of alarms");
            let step = Body::AlarmUpdate(AlarmUpdate {
                alarm_id: alarm.id,
                state,
                previous: alarm.state,
                actor_id: house.operator.clone(),
                receiver: None,
                escalation_level: None,
                note: Some("looked at".to_owned()),
                updated_at: at,
            });
            house.says(step).await;
        }
    }

    async fn gateway(&mut self, house: &House, at: Timestamp, state: DeviceState) {
        self.count("states of devices");
        let body = Body::DeviceStatus(DeviceStatus {
            device_id: "GW-02".parse().unwrap(),
            device_kind: DeviceKind::Gateway,
            vendor: None,
            model: None,
            firmware: None,
            state,
            reason: (state == DeviceState::Offline).then(|| "connection refused".to_owned()),
            clock_offset_ms: None,
            since: None,
            observed_at: at,
        });
        offer(house, "GW-02", at, body).await;
    }

    async fn staff(&mut self, house: &House, at: Timestamp) {
        self.count("staffing");
        let on_post = 3 + self.luck.below(3) as u32;
        let staff = Body::OnDutyStatus(OnDutyStatus {
            enterprise_id: "enterprise-1".parse().unwrap(),
            area_id: None,
            required: 4,
            on_post,
            persons: Vec::new(),
            observed_at: at,
        });
        house.says(staff).await;
    }

    /// A report is asked for, and answered: what is in it is not this test's matter.
    async fn report(&mut self, house: &House, at: Timestamp) {
        self.count("reports");
        let request = Body::ReportRequest(ReportRequest {
            request_id: format!("R-{}", self.said["reports"]),
            report_type: ReportType::Rpt01,
            period: Period {
                from: at.plus_seconds(-2 * 86_400),
                to: at.plus_seconds(-86_400),
                granularity: Granularity::Day,
            },
            region_code: None,
            legal_basis: None,
        });
        house.says(request).await;
        for number in house.hub().report_requests() {
            let submit = house.hub().submit();
            let answered =
                submit.answer_request(number, "RPT-01 v1", AuditOutcome::Success, "built");
            answered.await.unwrap();
        }
    }

    async fn mode(&mut self, house: &House, at: Timestamp, mode: OperatingMode) {
        self.count("modes");
        let change = Body::OperatingModeChange(OperatingModeChange {
            change_id: format!("M-{}", self.said["modes"]),
            mode,
            gates: Vec::new(),
            ordered_by: house.operator.clone(),
            reason: "an exercise".to_owned(),
            effective_at: at,
        });
        house.says(change).await;
    }
}

async fn offer(house: &House, device: &str, at: Timestamp, body: Body) {
    let name = body.message_type();
    let reading = Reading {
        device: device.parse().unwrap(),
        message_id: None,
        observed_at: Some(at),
        received_at: at,
        source_ref: None,
        initial: false,
        test: false,
        payload: Payload::Body(Box::new(body)),
        raw: Bytes::new(),
    };
    let taken = house.intake().offer(reading).await;
    taken.unwrap_or_else(|fault| panic!("{name:?} of {device} at {at}: {fault}"));
}

fn plate(number: u64) -> String {
    format!("苏H{:05}", number % VEHICLES)
}

fn grant(number: u64, at: Timestamp) -> Body {
    Body::AccessGrant(AccessGrant {
        grant_id: format!("G-{number}"),
        class_letter: ClassLetter::F,
        subject_kind: SubjectKind::VehFreight,
        plate: Some(Plate {
            number: plate(number).parse().unwrap(),
            colour: PlateColour::Yellow,
        }),
        trailer_plate: None,
        etag_epc: None,
        person_id: None,
        person_id_document: None,
        enterprise_id: "enterprise-1".parse().unwrap(),
        gates: Vec::new(),
        lanes: Vec::new(),
        areas: Vec::new(),
        valid_from: at,
        valid_to: at.plus_seconds(86_400),
        waybill_ref: None,
        manifest_ref: None,
        checks_passed: None,
        max_stay_minutes: None,
        state: LifeState::Active,
    })
}

fn capture(lane: Lane, plate: String, at: Timestamp) -> Body {
    Body::PlateCapture(PlateCapture {
        device_id: lane.camera.parse().unwrap(),
        gate_id: None,
        lane_id: lane.lane.parse().unwrap(),
        plate_number: plate.parse().unwrap(),
        plate_colour: PlateColour::Yellow,
        plate_class: None,
        plate_text: None,
        subject_kind: None,
        direction: lane.direction,
        captured_at: at,
        confidence: None,
        etag_epc: None,
        trailer_plate: None,
        speed_kmh: None,
        image_ref: None,
        image_digest: None,
    })
}

/// The loops saw the vehicle through.
fn passed(lane: Lane, at: Timestamp) -> Body {
    Body::GateStatus(GateStatus {
        gate_id: lane.gate.parse().unwrap(),
        lane_id: lane.lane.parse().unwrap(),
        device_id: lane.barrier.parse().unwrap(),
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
            direction: lane.direction,
        }),
        observed_at: at,
    })
}
