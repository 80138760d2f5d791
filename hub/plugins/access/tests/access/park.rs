//! A park of four gates, and a feed that steps the plug-in as the flow does: decisions are
//! numbered and stepped in turn.

use std::collections::VecDeque;
use std::sync::Arc;

use cordon_access::{AccessConfig, AccessPlugin};
use cordon_contract::{
    AccessQuery, AccessRules, Decision, Decisions, Entry, EntryKind, Kept, OrderLane, Plugin,
    RuleAnswer, RuleHit,
};
use cordon_model::plan::{ControlArea, Device, Enterprise, Gate, Lane, ParkPlan};
use cordon_model::*;

use cordon_fixtures::Stored;

pub const PLATE: &str = "苏H12345";

/// 2026-11-24T08:00:00+08:00.
pub fn morning() -> Timestamp {
    Timestamp::from_micros(1_795_478_400_000_000)
}

/// Default deny by hand: enough of the decision order to drive the plug-in.
pub struct PlainRules;

impl AccessRules for PlainRules {
    fn decide(&self, query: &AccessQuery) -> RuleAnswer {
        let facts = &query.facts;
        let incoming = query.direction == Direction::In;
        let hazmat = matches!(
            query.kind,
            SubjectKind::VehHazmat | SubjectKind::VehHazwaste
        );
        let closed = incoming
            && query.kind != SubjectKind::VehEmergency
            && matches!(
                query.mode,
                OperatingMode::Emergency | OperatingMode::Evacuation
            );
        let ordered = [
            (closed, "MODE_CLOSED"),
            (incoming && facts.blacklisted && !facts.exempt, "BLACKLIST"),
            (
                incoming && !facts.exempt && !(facts.has_grant && facts.grant_active),
                "NO_GRANT",
            ),
            (
                incoming && !facts.exempt && facts.valid_from.is_some_and(|from| query.now < from),
                "NOT_YET",
            ),
            (
                incoming && !facts.exempt && facts.valid_to.is_some_and(|to| query.now > to),
                "EXPIRED",
            ),
            (
                query.gate_class == GateClass::Ordinary && hazmat,
                "WRONG_GATE",
            ),
            (
                incoming && !facts.exempt && facts.has_grant && !facts.grant_covers_gate,
                "WRONG_GATE",
            ),
            (
                incoming && !facts.exempt && facts.has_grant && !facts.grant_covers_lane,
                "WRONG_LANE",
            ),
            (
                incoming && !facts.exempt && !facts.area_allowed,
                "AREA_DENIED",
            ),
            (
                incoming
                    && !facts.exempt
                    && facts.capacity.is_some_and(|max| facts.occupancy >= max),
                "CAPACITY",
            ),
            (
                incoming && !facts.exempt && !facts.documents_present,
                "DOCUMENT",
            ),
            (
                incoming && !facts.exempt && !facts.checks_passed,
                "CHECK_FAILED",
            ),
            (
                incoming && !facts.exempt && !facts.credential_matches,
                "CREDENTIAL_MISMATCH",
            ),
        ];
        let code = ordered.iter().find(|(hit, _)| *hit).map(|(_, code)| *code);
        answer(code.is_none(), code.unwrap_or("OPEN"))
    }

    fn digest(&self) -> Digest {
        Digest([7; 32])
    }
}

pub fn answer(allow: bool, code: &str) -> RuleAnswer {
    RuleAnswer {
        allow,
        hits: vec![RuleHit {
            rule: format!("plain.{}", code.to_lowercase()),
            code: code.to_owned(),
            clause: "5.2.3".to_owned(),
        }],
    }
}

pub fn plan() -> ParkPlan {
    let gate = |id: &str, class, tier, area: Option<&str>| Gate {
        id: GateId::new(id).unwrap(),
        name: id.to_owned(),
        class,
        tier,
        area: area.map(str::to_owned),
        owner: None,
    };
    let lane = |id: &str, gate: &str, direction| Lane {
        id: LaneId::new(id).unwrap(),
        gate: GateId::new(gate).unwrap(),
        direction,
        kinds: Vec::new(),
        owner: None,
        sees: Vec::new(),
    };
    let lanes = vec![
        lane("L-01", "G-01", Some(Direction::In)),
        lane("L-02", "G-01", Some(Direction::In)),
        lane("L-03", "G-01", Some(Direction::Out)),
        lane("L-04", "G-02", Some(Direction::In)),
        lane("L-05", "G-03", Some(Direction::In)),
        lane("L-06", "G-04", None),
    ];
    let devices = lanes
        .iter()
        .map(|lane| Device {
            id: DeviceId::new(barrier(lane.id.as_str())).unwrap(),
            kind: DeviceKind::Barrier,
            vendor: None,
            lane: Some(lane.id.clone()),
            area: None,
            owner: None,
        })
        .collect();
    ParkPlan {
        code: ParkCode::new("JS-TEST").unwrap(),
        name: "test".to_owned(),
        capacity: Some(50),
        gates: vec![
            gate("G-01", GateClass::Comprehensive, GateTier::Park, None),
            gate("G-02", GateClass::Dedicated, GateTier::Park, Some("A-CORE")),
            gate("G-03", GateClass::Ordinary, GateTier::Park, None),
            gate("G-04", GateClass::Emergency, GateTier::Park, None),
            Gate {
                owner: Some(PartyId::new("plant-1").unwrap()),
                ..gate(
                    "P1-G1",
                    GateClass::Comprehensive,
                    GateTier::EnterpriseSecond,
                    None,
                )
            },
        ],
        lanes,
        areas: vec![ControlArea {
            id: "A-CORE".to_owned(),
            name: String::new(),
            grade: ControlGrade::Core,
            capacity: Some(2),
            owner: None,
        }],
        devices,
        enterprises: vec![Enterprise {
            id: PartyId::new("plant-1").unwrap(),
            name: "plant".to_owned(),
            uscc: "91320700MA0000001A".to_owned(),
        }],
    }
}

pub fn barrier(lane: &str) -> String {
    lane.replace("L-", "BR-")
}

pub fn plate(number: &str, colour: PlateColour) -> Plate {
    Plate {
        number: PlateNumber::new(number).unwrap(),
        colour,
    }
}

pub fn grant(number: &str) -> AccessGrant {
    AccessGrant {
        grant_id: format!("GR-{}", number.chars().skip(1).collect::<String>()),
        class_letter: ClassLetter::F,
        subject_kind: SubjectKind::VehFreight,
        plate: Some(plate(number, PlateColour::Yellow)),
        trailer_plate: None,
        etag_epc: None,
        person_id: None,
        person_id_document: None,
        enterprise_id: PartyId::new("plant-1").unwrap(),
        gates: Vec::new(),
        lanes: Vec::new(),
        areas: Vec::new(),
        valid_from: morning().plus_seconds(-3_600),
        valid_to: morning().plus_seconds(36_000),
        waybill_ref: None,
        manifest_ref: None,
        checks_passed: None,
        max_stay_minutes: None,
        state: LifeState::Active,
    }
}

pub fn registration(number: &str) -> VehicleRegistration {
    VehicleRegistration {
        registration_id: "R-1".to_owned(),
        plate: plate(number, PlateColour::Yellow),
        plate_class: None,
        trailer_plate: None,
        subject_kind: SubjectKind::VehFreight,
        vin: None,
        etag_epc: None,
        enterprise_id: PartyId::new("plant-1").unwrap(),
        uscc: None,
        carrier_name: None,
        road_transport_certificate: None,
        laden_mass_kg: None,
        crew: Vec::new(),
        gates: Vec::new(),
        apply_channel: None,
        valid_from: morning().plus_seconds(-86_400),
        valid_to: morning().plus_seconds(86_400),
        state: LifeState::Active,
    }
}

/// A hazmat grant with all its papers.
pub fn hazmat(number: &str) -> AccessGrant {
    AccessGrant {
        class_letter: ClassLetter::H,
        subject_kind: SubjectKind::VehHazmat,
        waybill_ref: Some("WB-1".to_owned()),
        checks_passed: Some(true),
        ..grant(number)
    }
}

pub fn capture(lane: &str, number: &str, at: Timestamp) -> PlateCapture {
    PlateCapture {
        device_id: DeviceId::new("CAM-01").unwrap(),
        gate_id: None,
        lane_id: LaneId::new(lane).unwrap(),
        plate_number: PlateNumber::new(number).unwrap(),
        plate_colour: PlateColour::Yellow,
        plate_class: None,
        plate_text: None,
        subject_kind: None,
        direction: if lane == "L-03" {
            Direction::Out
        } else {
            Direction::In
        },
        captured_at: at,
        confidence: Some(Decimal::new(97, 2)),
        etag_epc: None,
        trailer_plate: None,
        speed_kmh: None,
        image_ref: Some("https://nvr.park/1.jpg".to_owned()),
        image_digest: None,
    }
}

pub fn status(lane: &str, at: Timestamp) -> GateStatus {
    let gate = plan()
        .gate_of(&LaneId::new(lane).unwrap())
        .map(|gate| gate.id.clone());
    GateStatus {
        gate_id: gate.unwrap(),
        lane_id: LaneId::new(lane).unwrap(),
        device_id: DeviceId::new(barrier(lane)).unwrap(),
        barrier_state: BarrierState::Closed,
        inputs: BarrierInputs {
            up_limit: None,
            down_limit: None,
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
        loop_event: None,
        observed_at: at,
    }
}

pub fn listed(number: &str, list_kind: ListKind) -> ListEntry {
    ListEntry {
        entry_id: format!("LE-{}", number.chars().skip(1).collect::<String>()),
        list_kind,
        subject: ListSubject::PlateNumber(PlateNumber::new(number).unwrap()),
        reason: "repeated illegal parking".to_owned(),
        valid_from: morning().plus_seconds(-60),
        valid_to: None,
        state: LifeState::Active,
    }
}

/// One order, as a test looks at it.
#[derive(Clone, Debug)]
pub struct Ordered {
    pub outbox: OrderLane,
    pub command: GateCommand,
}

/// What came of one input.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub bodies: Vec<Body>,
    pub orders: Vec<Ordered>,
}

macro_rules! only {
    ($name:ident, $variant:ident, $type:ty) => {
        pub fn $name(&self) -> Vec<&$type> {
            self.bodies
                .iter()
                .filter_map(|body| match body {
                    Body::$variant(found) => Some(found),
                    _ => None,
                })
                .collect()
        }
    };
}

impl Told {
    only!(decisions, PassageDecision, PassageDecision);
    only!(alarms, AlarmEvent, AlarmEvent);
    only!(passages, PassageRecord, PassageRecord);
    only!(audits, AuditEvent, AuditEvent);
    only!(snapshots, OccupancySnapshot, OccupancySnapshot);

    /// The refusal code of the only decision; `None` when it is OPEN.
    pub fn code(&self) -> Option<RefusalCode> {
        let decisions = self.decisions();
        assert_eq!(decisions.len(), 1, "{:?}", self.bodies);
        decisions[0].refusal_code
    }

    pub fn alarm_codes(&self) -> Vec<AlarmCode> {
        self.alarms().iter().map(|alarm| alarm.alarm_code).collect()
    }
}

/// A feed of entries into one plug-in.
pub struct Feed {
    pub plugin: AccessPlugin,
    pub now: Timestamp,
    /// How far the journal is ahead of the clock, which shows `now`.
    pub lead_s: i64,
    /// What has surely passed, where that is not what the clock shows.
    pub stood: Option<Timestamp>,
    pub number: u64,
    /// Every input so far, for replays.
    pub inputs: Vec<Entry>,
    /// What a store holds of the state: it is told after each input.
    pub stored: Stored,
}

impl Feed {
    pub fn new() -> Self {
        Self::with(Arc::new(PlainRules), AccessConfig::default(), plan())
    }

    pub fn with(rules: Arc<dyn AccessRules>, config: AccessConfig, plan: ParkPlan) -> Self {
        assert!(config.check().is_empty());
        let mut plugin = AccessPlugin::new(Arc::new(plan), rules, config);
        Self {
            stored: Stored::of(&plugin.kept().unwrap()),
            plugin,
            now: morning(),
            lead_s: 0,
            stood: None,
            number: 0,
            inputs: Vec::new(),
        }
    }

    pub fn wait_s(&mut self, seconds: i64) {
        self.now = self.now.plus_seconds(seconds);
    }

    /// So many seconds go by in which the hub runs, with an entry every minute as it has.
    pub fn run_s(&mut self, seconds: i64) {
        let end = self.now.plus_seconds(seconds);
        while self.now.plus_seconds(60) < end {
            self.wait_s(60);
            self.tick();
        }
        self.now = end;
    }

    pub fn say(&mut self, body: Body) -> Told {
        self.say_as("HUB-1", body, false)
    }

    pub fn say_as(&mut self, sender: &str, body: Body, attested: bool) -> Told {
        self.input(EntryKind::Message, sender, Some(body), attested)
    }

    pub fn tick(&mut self) -> Told {
        self.input(EntryKind::Tick, "HUB-1", None, false)
    }

    pub fn capture(&mut self, lane: &str, number: &str) -> Told {
        let body = Body::PlateCapture(capture(lane, number, self.now));
        self.say(body)
    }

    /// The state goes to where it is stored and comes back, as at a restart.
    pub fn restart(&mut self) {
        self.stored.restart(&mut self.plugin);
    }

    /// Goes on from another state.
    pub fn put_back(&mut self, kept: &Kept) {
        self.stored.put_back(&mut self.plugin, kept);
    }

    /// The barrier of a lane reports what became of a command.
    pub fn end(&mut self, lane: &str, command: MessageId, outcome: CommandOutcome) -> Told {
        self.end_at(lane, command, outcome, self.now)
    }

    /// The same of a time that is over.
    pub fn end_at(
        &mut self,
        lane: &str,
        command: MessageId,
        outcome: CommandOutcome,
        at: Timestamp,
    ) -> Told {
        let body = Body::GateStatus(GateStatus {
            command_id: Some(command),
            command_outcome: Some(outcome),
            ..status(lane, at)
        });
        self.say(body)
    }

    /// The loops of a lane report a vehicle.
    pub fn vehicle(&mut self, lane: &str, kind: LoopEventKind, direction: Direction) -> Told {
        let body = Body::GateStatus(GateStatus {
            loop_event: Some(LoopEvent { kind, direction }),
            ..status(lane, self.now)
        });
        self.say(body)
    }

    /// Captured, opened, confirmed, passed.
    pub fn enter(&mut self, lane: &str, number: &str) -> Told {
        let told = self.capture(lane, number);
        assert_eq!(told.code(), None);
        self.end(
            lane,
            told.orders[0].command.command_id,
            CommandOutcome::Confirmed,
        );
        let direction = told.decisions()[0].direction;
        self.vehicle(lane, LoopEventKind::Passed, direction)
    }

    fn input(&mut self, kind: EntryKind, sender: &str, body: Option<Body>, attested: bool) -> Told {
        self.number += 1;
        let at = self.now.plus_seconds(self.lead_s);
        // Whoever speaks does so by the clock.
        let said = entry(self.number, self.now, kind, sender, body, attested, false);
        let entry = Entry {
            time: at,
            settled: self.stood.map_or(at, |stood| stood.min(self.now)),
            ..said
        };
        self.inputs.push(entry.clone());
        self.step(entry)
    }

    /// The hub says something of itself, when so much had surely passed.
    pub fn says(&mut self, action: &str, settled: Timestamp) -> Told {
        self.number += 1;
        let number = self.number;
        let said = entry(
            number,
            self.now,
            EntryKind::Audit,
            "HUB-1",
            None,
            false,
            false,
        );
        self.step(Entry {
            time: self.now.plus_seconds(self.lead_s),
            settled,
            label: action.to_owned(),
            ..said
        })
    }

    /// Steps an input and all that is decided on it, as the flow does.
    pub fn step(&mut self, input: Entry) -> Told {
        let mut told = Told::default();
        let mut queue = VecDeque::from([input]);
        while let Some(entry) = queue.pop_front() {
            self.number = self.number.max(entry.number);
            let mut decisions = Decisions::default();
            let is_idle =
                entry.kind == EntryKind::Tick && !self.plugin.is_due(entry.time, entry.clock);
            self.plugin.step(&entry, &mut decisions);
            if is_idle {
                let changed = self
                    .plugin
                    .tables()
                    .iter()
                    .map(|it| it.changed())
                    .sum::<usize>();
                assert_eq!(
                    (decisions.items().len(), changed),
                    (0, 0),
                    "nothing was due"
                );
            }
            for decision in decisions.take() {
                self.number += 1;
                let (kind, body) = match decision {
                    Decision::Emit { body, .. } => (EntryKind::Message, *body),
                    Decision::Order {
                        body,
                        lane,
                        target,
                        deadline,
                        ..
                    } => {
                        let Body::GateCommand(command) = &*body else {
                            panic!("an order without a command");
                        };
                        assert_eq!(target.0, format!("device:{}", command.device_id));
                        assert_eq!(deadline, command.deadline);
                        assert!(deadline > entry.time);
                        told.orders.push(Ordered {
                            outbox: lane,
                            command: command.clone(),
                        });
                        (EntryKind::Order, *body)
                    }
                };
                if kind == EntryKind::Message {
                    told.bodies.push(body.clone());
                }
                let decided = crate::park::entry(
                    self.number,
                    entry.time,
                    kind,
                    "HUB-1",
                    Some(body),
                    false,
                    false,
                );
                let decided = Entry {
                    clock: entry.clock,
                    settled: entry.settled,
                    ..decided
                };
                queue.push_back(decided);
            }
        }
        self.stored.begin();
        let as_they_were = self.stored.take(&mut self.plugin);
        assert!(as_they_were.is_empty(), "{as_they_were:?} are as they were");
        told
    }
}

pub fn entry(
    number: u64,
    time: Timestamp,
    kind: EntryKind,
    sender: &str,
    body: Option<Body>,
    attested: bool,
    test: bool,
) -> Entry {
    let mut bytes = [9; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    let message_id = MessageId::from_bytes(bytes);
    let is_plant = sender.starts_with("plant");
    let sender = PartyId::new(sender).unwrap();
    let message = body.map(|body| {
        Arc::new(Message {
            header: Header {
                message_id,
                message_type: body.message_type(),
                schema_version: SCHEMA_VERSION.to_owned(),
                park_code: ParkCode::new("JS-TEST").unwrap(),
                sender_id: sender.clone(),
                recipient_id: None,
                occurred_at: time,
                sent_at: time,
                sequence: 0,
                correlation_id: None,
                source_ref: None,
                quality: Quality::Measured,
                sensitivity: Sensitivity::Internal,
                test,
                attested_by: attested.then(|| sender.clone()),
            },
            body,
        })
    });
    Entry {
        number,
        time,
        clock: time,
        settled: time,
        kind,
        sender,
        message_id,
        digest: Digest([0; 32]),
        cause: 0,
        label: String::new(),
        message,
        overtaken: false,
        late: false,
        acted_at: None,
        of_earlier_run: false,
        standing: match attested || is_plant {
            true => cordon_contract::Standing::Own,
            false => cordon_contract::Standing::Park,
        },
    }
}

/// The lanes confirm all that was ordered of them.
pub fn carried_out(feed: &mut Feed, told: &Told) {
    for ordered in &told.orders {
        let command = &ordered.command;
        feed.end(
            command.lane_id.as_str(),
            command.command_id,
            CommandOutcome::Confirmed,
        );
    }
}
