//! Journals made line by line, and the records over them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use cordon_contract::EntryKind;
use cordon_flow::EntryReader;
use cordon_journal::{Journal, NewRecord, Options};
use cordon_model::{
    AccessGrant, AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AlarmUpdate, AuditEvent,
    AuditOutcome, Body, DecisionOutcome, DeviceId, DeviceKind, DeviceState, DeviceStatus, Digest,
    Direction, GateId, GateTier, Header, LaneId, LifeState, ListEntry, ListKind, ListSubject,
    Message, MessageId, OccupancyCount, OccupancyScope, OccupancySnapshot, OperatingMode, PartyId,
    PassageDecision, PassageRecord, PassageResult, PersonRegistration, Plate, PlateColour, Quality,
    Refusal, RefusalCode, RuleRef, SCHEMA_VERSION, Sample, SampleQuality, Sensitivity,
    SensorReadingBatch, SubjectKind, Timestamp, VehicleRegistration,
};
use cordon_records::{Fold, Follower, Halt, Progress, folds};

pub const IDENTITY: &str = "JS-DEMO/HUB-1";
const SECOND: i64 = 1_000_000;
/// Bits of the flow: said by the park; overtaken.
pub const PARK: u16 = 1 << 15;
pub const OVERTAKEN: u16 = 1 << 7;
pub const PROPOSAL: u16 = 1 << 14;

/// Seconds after a fixed morning.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_795_478_400_000_000 + seconds * SECOND)
}

pub fn hub() -> PartyId {
    PartyId::new("HUB-1").unwrap()
}

/// A line of a journal.
#[derive(Clone)]
pub struct Line {
    pub time: Timestamp,
    pub sender: PartyId,
    pub kind: EntryKind,
    pub body: Body,
    pub flags: u16,
    pub cause: u64,
    pub test: bool,
    pub belongs_to: Option<String>,
}

pub fn said(time: Timestamp, body: Body) -> Line {
    Line {
        time,
        sender: hub(),
        kind: EntryKind::Message,
        body,
        flags: 0,
        cause: 0,
        test: false,
        belongs_to: None,
    }
}

impl Line {
    pub fn flagged(self, flags: u16) -> Self {
        Self { flags, ..self }
    }

    /// Decided by the hub.
    pub fn decided(self) -> Self {
        Self {
            cause: 1,
            flags: 1,
            ..self
        }
    }

    fn label(&self, kind: &str) -> String {
        match self.kind {
            EntryKind::Order => "receiver:duty;until=1795478500000000".to_owned(),
            EntryKind::Outcome => "FAILED".to_owned(),
            _ => kind.to_owned(),
        }
    }

    pub fn record(&self, number: u64) -> NewRecord {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        let message = Message {
            header: Header {
                message_id: MessageId::from_digest(&Digest(seed)),
                message_type: self.body.message_type(),
                schema_version: SCHEMA_VERSION.into(),
                park_code: "JS-DEMO".parse().unwrap(),
                sender_id: self.sender.clone(),
                recipient_id: None,
                occurred_at: self.time,
                sent_at: self.time,
                sequence: 0,
                correlation_id: self.belongs_to.clone(),
                source_ref: None,
                quality: Quality::Derived,
                sensitivity: Sensitivity::Internal,
                test: self.test,
                attested_by: None,
            },
            body: self.body.clone(),
        };
        let body = cordon_wire::write_message(&message).unwrap();
        let part = match self.kind {
            EntryKind::Refused => u16::try_from(body.len()).unwrap(),
            _ => 0,
        };
        NewRecord {
            time_micros: self.time.micros(),
            kind: self.kind.number(),
            flags: self.flags,
            cause: self.cause,
            part,
            message_id: *message.header.message_id.as_bytes(),
            sender: self.sender.to_string(),
            label: self.label(message.body.message_type().as_str()),
            digest: [number as u8; 32],
            body: body.into(),
            ..NewRecord::default()
        }
    }
}

pub fn grant(time: Timestamp, enterprise: &str, id: &str, ends: Timestamp) -> Line {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../schemas/examples/valid/access-grant-visitor.xml"
    );
    let message = cordon_wire::parse_message(&std::fs::read(file).unwrap()).unwrap();
    let Body::AccessGrant(grant) = message.body else {
        panic!("the example is no grant");
    };
    let enterprise = PartyId::new(enterprise).unwrap();
    let body = Body::AccessGrant(AccessGrant {
        enterprise_id: enterprise.clone(),
        grant_id: id.to_owned(),
        plate: Some(Plate {
            number: "苏B12345".parse().unwrap(),
            colour: PlateColour::Blue,
        }),
        valid_to: ends,
        state: LifeState::Active,
        ..grant
    });
    Line {
        sender: enterprise,
        ..said(time, body)
    }
}

pub fn withdrawn(line: Line) -> Line {
    let Body::AccessGrant(grant) = line.body else {
        panic!("no grant");
    };
    let body = Body::AccessGrant(AccessGrant {
        state: LifeState::Withdrawn,
        ..grant
    });
    Line { body, ..line }
}

pub fn passage(time: Timestamp, lane: &str, direction: Direction) -> Line {
    let body = Body::PassageRecord(PassageRecord {
        passage_id: format!("P-{}", time.micros()),
        visit_id: None,
        gate_id: GateId::new(lane.split('-').next().unwrap()).unwrap(),
        lane_id: Some(LaneId::new(lane).unwrap()),
        tier: GateTier::Park,
        enterprise_id: None,
        direction,
        subject_kind: SubjectKind::VehHazmat,
        plate: None,
        trailer_plate: None,
        person_id: None,
        result: PassageResult::Passed,
        grant_id: None,
        decision_ref: None,
        capture_ref: None,
        command_id: None,
        passed_at: time,
        image_ref: None,
        image_digest: None,
    });
    said(time, body)
}

pub fn decision(time: Timestamp, lane: &str, outcome: DecisionOutcome) -> Line {
    let opens = outcome == DecisionOutcome::Open;
    let body = Body::PassageDecision(PassageDecision {
        decision_id: format!("D-{}", time.micros()),
        gate_id: GateId::new(lane.split('-').next().unwrap()).unwrap(),
        lane_id: LaneId::new(lane).unwrap(),
        direction: Direction::In,
        subject_kind: SubjectKind::VehHazmat,
        plate: None,
        trailer_plate: None,
        person_id: None,
        capture_ref: MessageId::from_digest(&Digest([7; 32])),
        outcome,
        refusal_code: (!opens).then_some(RefusalCode::NoGrant),
        rules: vec![RuleRef {
            rule_id: "r1".into(),
            code: "NO_GRANT".into(),
            clause: "5.2.2".into(),
        }],
        rule_set_digest: Digest([1; 32]),
        settings_entry: None,
        grant_id: None,
        operating_mode: OperatingMode::Normal,
        decided_at: time,
    });
    said(time, body).decided()
}

pub fn alarm(time: Timestamp, id: &str, level: AlarmLevel) -> Line {
    let body = Body::AlarmEvent(AlarmEvent {
        alarm_id: id.into(),
        alarm_code: AlarmCode::PerimeterIntrusion,
        alarm_level: level,
        state: AlarmState::Raised,
        occurred_at: time,
        source_device: Some(DeviceId::new("CAM-1").unwrap()),
        subject: None,
        person_id: None,
        enterprise_id: None,
        area_id: None,
        gate_id: None,
        lane_id: None,
        position: None,
        cause_ref: None,
        evidence: Vec::new(),
        description: "somebody at the fence".into(),
    });
    said(time, body)
}

pub fn step(time: Timestamp, id: &str, from: AlarmState, to: AlarmState, by: &str) -> Line {
    let body = Body::AlarmUpdate(AlarmUpdate {
        alarm_id: id.into(),
        state: to,
        previous: from,
        actor_id: PartyId::new(by).unwrap(),
        receiver: None,
        escalation_level: None,
        note: Some("seen to".to_owned()),
        updated_at: time,
    });
    said(time, body)
}

pub fn audit(time: Timestamp, action: &str, target: Option<&str>) -> Line {
    let body = Body::AuditEvent(AuditEvent {
        action: action.into(),
        actor_id: hub(),
        target: target.map(str::to_owned),
        outcome: AuditOutcome::Success,
        detail: None,
        at: time,
    });
    Line {
        kind: EntryKind::Audit,
        ..said(time, body)
    }
}

pub fn link(time: Timestamp, device: &str, state: DeviceState) -> Line {
    let body = Body::DeviceStatus(DeviceStatus {
        device_id: DeviceId::new(device).unwrap(),
        device_kind: DeviceKind::Barrier,
        vendor: None,
        model: None,
        firmware: None,
        state,
        reason: Some("no answer".to_owned()),
        clock_offset_ms: None,
        since: None,
        observed_at: time,
    });
    said(time, body)
}

/// What follows from entry `cause`, of another kind than a message.
pub fn following(kind: EntryKind, cause: u64, line: Line) -> Line {
    Line {
        kind,
        cause,
        ..line
    }
}

pub fn refused(time: Timestamp, sender: &str, code: &str) -> Line {
    let body = Body::Refusal(Refusal {
        message_id: None,
        sender_id: Some(PartyId::new(sender).unwrap()),
        code: code.to_owned(),
        place: "/Envelope".to_owned(),
        detail: "it is not lawful".to_owned(),
        remedy: "send it again".to_owned(),
        entry_number: None,
        refused_at: time,
    });
    Line {
        kind: EntryKind::Refused,
        ..said(time, body)
    }
}

/// A folder with a journal.
pub struct Park {
    pub dir: tempfile::TempDir,
    pub journal: Journal,
}

impl Park {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path().join("journal"), Options::new(IDENTITY)).unwrap();
        Self { dir, journal }
    }

    pub fn with(lines: &[Line]) -> Self {
        let mut park = Self::new();
        park.append(lines);
        park
    }

    pub fn append(&mut self, lines: &[Line]) {
        // In batches of uneven length, as a hub commits them.
        for (turn, batch) in lines.chunks(7).enumerate() {
            let (head, tail) = batch.split_at(turn % (batch.len() + 1));
            for part in [head, tail].into_iter().filter(|part| !part.is_empty()) {
                let numbered = (self.journal.next_number()..).zip(part);
                let records: Vec<_> = numbered.map(|(n, line)| line.record(n)).collect();
                self.journal.append_batch(&records).unwrap();
            }
        }
    }

    pub fn file(&self) -> PathBuf {
        self.dir.path().join("records.sqlite")
    }

    pub fn reader(&self) -> EntryReader {
        EntryReader::over(self.journal.reader().unwrap())
    }

    pub fn durable(&self) -> (u64, Digest) {
        let (number, chain) = (self.journal.last(), self.journal.chain());
        (number, Digest(chain))
    }

    pub fn open(&self, folds: Vec<Arc<dyn Fold>>) -> Result<Follower, Halt> {
        let (reader, durable) = (self.reader(), self.durable());
        Follower::open(&self.file(), reader, folds, 400, durable)
    }

    /// Follows the whole journal with the house's own folds, which let go of what was over so many days ago.
    pub fn follow_days(&self, days_kept: u32) {
        let (reader, durable) = (self.reader(), self.durable());
        let follower = Follower::open(&self.file(), reader, own(), days_kept, durable);
        to_end(&mut follower.unwrap(), durable);
    }

    /// Follows the whole journal with the house's own folds.
    pub fn follow(&self) -> Follower {
        let mut follower = self.open(own()).unwrap();
        to_end(&mut follower, self.durable());
        follower
    }

    /// Every row of every fold, by table.
    pub fn dump(&self) -> BTreeMap<String, Vec<String>> {
        dump(&self.file())
    }
}

/// The house's own folds: ten grants for two enterprises.
pub fn own() -> Vec<Arc<dyn Fold>> {
    folds(&hub(), 10, 2)
}

pub fn to_end(follower: &mut Follower, durable: (u64, Digest)) {
    while follower.step(durable).unwrap() == Progress::More {}
}

/// Every row of every table, as text in a fixed order.
pub fn dump(file: &std::path::Path) -> BTreeMap<String, Vec<String>> {
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut statement = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap();
    let names = statement.query_map((), |row| row.get::<_, String>(0));
    let names: Vec<String> = names.unwrap().map(Result::unwrap).collect();
    let table = |name: &String| {
        let mut rows = connection
            .prepare(&format!("SELECT * FROM {name}"))
            .unwrap();
        let columns = rows.column_count();
        let lines = rows.query_map((), |row| {
            let cells = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap()));
            Ok(cells.collect::<Vec<_>>().join("|"))
        });
        let mut lines: Vec<String> = lines.unwrap().map(Result::unwrap).collect();
        lines.sort();
        lines
    };
    names
        .iter()
        .map(|name| (name.clone(), table(name)))
        .collect()
}

fn example(name: &str) -> Body {
    let file = format!(
        "{}/../../schemas/examples/valid/{name}.xml",
        env!("CARGO_MANIFEST_DIR")
    );
    let read = cordon_wire::parse_message(&std::fs::read(file).unwrap());
    read.unwrap().body
}

pub fn plate(number: &str) -> Plate {
    Plate {
        number: number.parse().unwrap(),
        colour: PlateColour::Blue,
    }
}

/// Said by an enterprise, of its own vehicle.
pub fn vehicle(time: Timestamp, enterprise: &str, number: &str, state: LifeState) -> Line {
    let Body::VehicleRegistration(vehicle) = example("vehicle-registration") else {
        panic!("the example is no vehicle");
    };
    let enterprise = PartyId::new(enterprise).unwrap();
    let body = Body::VehicleRegistration(VehicleRegistration {
        registration_id: "R-1".to_owned(),
        plate: plate(number),
        enterprise_id: enterprise.clone(),
        valid_from: at(0),
        valid_to: at(100_000),
        state,
        ..vehicle
    });
    Line {
        sender: enterprise,
        ..said(time, body)
    }
}

pub fn person(time: Timestamp, enterprise: &str, id: &str, state: LifeState) -> Line {
    let Body::PersonRegistration(person) = example("person-registration") else {
        panic!("the example is no person");
    };
    let enterprise = PartyId::new(enterprise).unwrap();
    let body = Body::PersonRegistration(PersonRegistration {
        registration_id: format!("R-{id}"),
        person_id: id.to_owned(),
        enterprise_id: enterprise.clone(),
        valid_from: at(0),
        valid_to: at(100_000),
        state,
        ..person
    });
    Line {
        sender: enterprise,
        ..said(time, body)
    }
}

pub fn listed(time: Timestamp, id: &str, subject: ListSubject, state: LifeState) -> Line {
    let body = Body::ListEntry(ListEntry {
        entry_id: id.to_owned(),
        list_kind: ListKind::Black,
        subject,
        reason: "a load that was not declared".to_owned(),
        valid_from: at(0),
        valid_to: None,
        state,
    });
    said(time, body).flagged(PARK)
}

/// A vehicle went through a gate of the park, as access control says.
pub fn through(time: Timestamp, lane: &str, way: Direction, number: &str, visit: &str) -> Line {
    let Body::PassageRecord(record) = passage(time, lane, way).body else {
        panic!("no passage");
    };
    let body = Body::PassageRecord(PassageRecord {
        plate: (!number.is_empty()).then(|| plate(number)),
        visit_id: (!visit.is_empty()).then(|| visit.to_owned()),
        grant_id: Some("G-1".to_owned()),
        ..record
    });
    said(time, body)
}

pub fn snapshot(time: Timestamp, area: Option<&str>, inside: &[(SubjectKind, u32)]) -> Line {
    let counts = inside.iter().map(|(kind, inside)| OccupancyCount {
        subject_kind: *kind,
        inside: *inside,
        entered_today: *inside,
        left_today: 0,
        capacity: Some(50),
    });
    let scope = match area {
        Some(_) => OccupancyScope::Area,
        None => OccupancyScope::Park,
    };
    let body = Body::OccupancySnapshot(OccupancySnapshot {
        scope,
        area_id: area.map(str::to_owned),
        counts: counts.collect(),
        observed_at: time,
    });
    said(time, body)
}

pub fn sample(device: &str, value: &str, observed_at: Timestamp) -> Sample {
    Sample {
        device_id: DeviceId::new(device).unwrap(),
        point: "H2S".to_owned(),
        value: value.parse().unwrap(),
        unit: "ppm".to_owned(),
        quality: SampleQuality::Good,
        observed_at,
        thresholds: None,
    }
}

pub fn read(time: Timestamp, samples: Vec<Sample>) -> Line {
    let body = Body::SensorReadingBatch(SensorReadingBatch {
        gateway_id: DeviceId::new("GW-1").unwrap(),
        samples,
    });
    said(time, body)
}
