//! A park, a clock, and journals made line by line.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use cordon_contract::{BoxFuture, Entry, EntryKind, Fault, ManualClock};
use cordon_flow::EntryReader;
use cordon_journal::{Journal, NewRecord, Options};
use cordon_model::plan::ParkPlan;
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AlarmUpdate, AuditEvent, AuditOutcome, Body,
    DecisionOutcome, DeviceId, DeviceKind, DeviceState, DeviceStatus, Digest, Direction, GateId,
    GateTier, Header, LaneId, Message, MessageId, OccupancyCount, OccupancyScope,
    OccupancySnapshot, OnDutyPerson, OnDutyStatus, OperatingMode, PartyId, PassageDecision,
    PassageRecord, PassageResult, Quality, RefusalCode, RuleRef, SCHEMA_VERSION, Sample,
    SampleQuality, Sensitivity, SensorReadingBatch, SubjectKind, Timestamp,
};
use cordon_reports::{Record, Reports, ReportsConfig, ReportsParts};
use cordon_security::ca::{Authority, CaSettings, IssueRequest, KeyAlgorithm, KeySource};
use cordon_security::{Role, Signer, TrustStore};

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A time of the last day of March 2026.
pub fn day(time: &str) -> Timestamp {
    at(&format!("2026-03-31T{time}+08:00"))
}

pub fn hub() -> PartyId {
    PartyId::new("HUB-1").unwrap()
}

pub fn plan() -> ParkPlan {
    toml::from_str(
        r#"
        code = "JS-DEMO"
        name = "示范化工园区"
        capacity = 60
        gates = [{ id = "G1", name = "北门", class = "COMPREHENSIVE" }, { id = "G2", name = "东门", class = "DEDICATED" }]
        lanes = [{ id = "G1-L1", gate = "G1" }, { id = "G2-L1", gate = "G2" }]
        enterprises = [{ id = "plant-a", name = "甲化工", uscc = "91320700MA0000001A" }]
        devices = [
            { id = "BR-1", kind = "BARRIER", vendor = "Acme", lane = "G1-L1" },
            { id = "BR-2", kind = "BARRIER", vendor = "Acme", lane = "G2-L1" },
            { id = "CAM-1", kind = "PLATE_CAMERA", lane = "G1-L1" },
            { id = "GAS-1", kind = "GAS_DETECTOR", vendor = "Nose" },
        ]
        "#,
    )
    .unwrap()
}

pub fn config() -> ReportsConfig {
    toml::from_str(
        r#"
        expect = [
            { kind = "GAS_DETECTOR", every_s = 3600 },
            { enterprise = "plant-a", every_s = 28800 },
        ]
        "#,
    )
    .unwrap()
}

/// A line of a journal: when the hub took it in, who said it, and what.
#[derive(Clone)]
pub struct Line {
    pub time: Timestamp,
    pub sender: PartyId,
    pub occurred: Timestamp,
    pub kind: EntryKind,
    pub body: Body,
    pub belongs_to: Option<String>,
    /// The hub attests what somebody else told it.
    pub attested: bool,
}

pub fn said(time: Timestamp, body: Body) -> Line {
    Line {
        time,
        sender: hub(),
        occurred: time,
        kind: EntryKind::Message,
        body,
        belongs_to: None,
        attested: false,
    }
}

pub fn passage(time: Timestamp, gate: &str, way: Direction, kind: SubjectKind) -> Line {
    ended(time, gate, way, kind, PassageResult::Passed)
}

pub fn ended(
    time: Timestamp,
    gate: &str,
    direction: Direction,
    subject_kind: SubjectKind,
    result: PassageResult,
) -> Line {
    let body = Body::PassageRecord(PassageRecord {
        passage_id: format!("P-{}", time.micros()),
        visit_id: None,
        gate_id: GateId::new(gate).unwrap(),
        lane_id: None,
        tier: GateTier::Park,
        enterprise_id: None,
        direction,
        subject_kind,
        plate: None,
        trailer_plate: None,
        person_id: None,
        result,
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

pub fn refused(time: Timestamp, gate: &str, kind: SubjectKind, code: RefusalCode) -> Line {
    let body = Body::PassageDecision(PassageDecision {
        decision_id: format!("D-{}", time.micros()),
        gate_id: GateId::new(gate).unwrap(),
        lane_id: LaneId::new(format!("{gate}-L1")).unwrap(),
        direction: Direction::In,
        subject_kind: kind,
        plate: None,
        trailer_plate: None,
        person_id: None,
        capture_ref: MessageId::from_digest(&Digest([7; 32])),
        outcome: DecisionOutcome::Refuse,
        refusal_code: Some(code),
        rules: vec![RuleRef {
            rule_id: "r1".into(),
            code: code.as_str().into(),
            clause: "5.2.2".into(),
        }],
        rule_set_digest: Digest([1; 32]),
        settings_entry: None,
        grant_id: None,
        operating_mode: OperatingMode::Normal,
        decided_at: time,
    });
    said(time, body)
}

pub fn inside(time: Timestamp, inside: u32) -> Line {
    let body = Body::OccupancySnapshot(OccupancySnapshot {
        scope: OccupancyScope::Park,
        area_id: None,
        counts: vec![OccupancyCount {
            subject_kind: SubjectKind::VehHazmat,
            inside,
            entered_today: inside,
            left_today: 0,
            capacity: Some(60),
        }],
        observed_at: time,
    });
    said(time, body)
}

pub fn device(time: Timestamp, id: &str, state: DeviceState, offset: Option<i64>) -> Line {
    let body = Body::DeviceStatus(DeviceStatus {
        device_id: DeviceId::new(id).unwrap(),
        device_kind: DeviceKind::Barrier,
        vendor: None,
        model: None,
        firmware: None,
        state,
        reason: None,
        clock_offset_ms: offset,
        since: None,
        observed_at: time,
    });
    said(time, body)
}

pub fn gas(time: Timestamp) -> Line {
    let body = Body::SensorReadingBatch(SensorReadingBatch {
        gateway_id: DeviceId::new("GW-1").unwrap(),
        samples: vec![Sample {
            device_id: DeviceId::new("GAS-1").unwrap(),
            point: "CH4".into(),
            value: "1.5".parse().unwrap(),
            unit: "%LEL".into(),
            quality: SampleQuality::Good,
            observed_at: time,
            thresholds: None,
        }],
    });
    said(time, body)
}

pub fn alarm(time: Timestamp, id: &str, level: AlarmLevel, person: Option<&str>) -> Line {
    let body = Body::AlarmEvent(AlarmEvent {
        alarm_id: id.into(),
        alarm_code: AlarmCode::PerimeterIntrusion,
        alarm_level: level,
        state: AlarmState::Raised,
        occurred_at: time,
        source_device: None,
        subject: None,
        person_id: person.map(str::to_owned),
        enterprise_id: None,
        area_id: Some("A-CORE".into()),
        gate_id: None,
        lane_id: None,
        position: None,
        cause_ref: None,
        evidence: Vec::new(),
        description: "somebody at the fence".into(),
    });
    said(time, body)
}

pub fn step(time: Timestamp, id: &str, state: AlarmState) -> Line {
    let body = Body::AlarmUpdate(AlarmUpdate {
        alarm_id: id.into(),
        state,
        previous: AlarmState::Raised,
        actor_id: hub(),
        receiver: None,
        escalation_level: None,
        note: None,
        updated_at: time,
    });
    said(time, body)
}

/// A step of the hub that belongs to another alarm.
pub fn counted_under(leader: &str, line: Line) -> Line {
    Line {
        belongs_to: Some(leader.to_owned()),
        ..line
    }
}

pub fn escalated(time: Timestamp, id: &str) -> Line {
    let mut line = step(time, id, AlarmState::Raised);
    if let Body::AlarmUpdate(update) = &mut line.body {
        update.escalation_level = Some(1);
    }
    line
}

pub fn on_duty(time: Timestamp) -> Line {
    let body = Body::OnDutyStatus(OnDutyStatus {
        enterprise_id: PartyId::new("plant-a").unwrap(),
        area_id: None,
        required: 1,
        on_post: 1,
        persons: vec![OnDutyPerson {
            person_id: "P-77".into(),
            name: Some("欧阳明明".into()),
            post: None,
            on_post: true,
            since: None,
        }],
        observed_at: time,
    });
    Line {
        sender: PartyId::new("plant-a").unwrap(),
        ..said(time, body)
    }
}

pub fn hub_start(time: Timestamp) -> Line {
    let body = Body::AuditEvent(AuditEvent {
        action: "hub.start".into(),
        actor_id: hub(),
        target: None,
        outcome: AuditOutcome::Success,
        detail: None,
        at: time,
    });
    Line {
        kind: EntryKind::Audit,
        ..said(time, body)
    }
}

impl Line {
    fn message(&self, number: u64) -> Message {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        Message {
            header: Header {
                message_id: MessageId::from_digest(&Digest(seed)),
                message_type: self.body.message_type(),
                schema_version: SCHEMA_VERSION.into(),
                park_code: plan().code,
                sender_id: self.sender.clone(),
                recipient_id: None,
                occurred_at: self.occurred,
                sent_at: self.time,
                sequence: 0,
                correlation_id: self.belongs_to.clone(),
                source_ref: None,
                quality: Quality::Derived,
                sensitivity: Sensitivity::Internal,
                test: false,
                attested_by: self.attested.then(hub),
            },
            body: self.body.clone(),
        }
    }

    pub fn entry(&self, number: u64) -> Entry {
        let message = self.message(number);
        Entry {
            number,
            time: self.time,
            clock: self.time,
            settled: self.time,
            kind: self.kind,
            sender: self.sender.clone(),
            message_id: message.header.message_id,
            digest: Digest([0; 32]),
            cause: 0,
            label: String::new(),
            message: Some(Arc::new(message)),
            overtaken: false,
            late: false,
            acted_at: None,
            of_earlier_run: false,
            standing: cordon_contract::Standing::default(),
        }
    }
}

pub fn append(journal: &mut Journal, lines: &[Line]) {
    let records: Vec<NewRecord> = (journal.next_number()..)
        .zip(lines)
        .map(|(number, line)| {
            let message = line.message(number);
            NewRecord {
                time_micros: line.time.micros(),
                kind: line.kind.number(),
                message_id: *message.header.message_id.as_bytes(),
                sender: line.sender.to_string(),
                label: message.body.message_type().as_str().into(),
                digest: [number as u8; 32],
                body: cordon_wire::write_message(&message).unwrap().into(),
                ..NewRecord::default()
            }
        })
        .collect();
    journal.append_batch(&records).unwrap();
}

/// Audit entries as they would reach the journal.
#[derive(Default)]
pub struct Book(pub Mutex<Vec<String>>);

impl Record for Book {
    fn record<'a>(
        &'a self,
        action: &'a str,
        target: String,
        _: String,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        let line = format!("{action} {target}");
        self.0.lock().unwrap().push(line);
        Box::pin(async { Ok(()) })
    }
}

/// A folder with a CA, a journal and reports.
pub struct Office {
    pub dir: tempfile::TempDir,
    pub journal: Journal,
    pub clock: ManualClock,
    pub book: Arc<Book>,
    pub trust: TrustStore,
    signer: Arc<Signer>,
}

impl Office {
    pub fn new(now: Timestamp) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ca = dir.path().join("ca");
        let early = now.plus_seconds(-3_600);
        let mut authority = Authority::init(&ca, &CaSettings::new(plan().code), early).unwrap();
        let wanted = IssueRequest {
            role: Role::Hub,
            id: hub(),
            key: KeySource::Fresh(KeyAlgorithm::P256),
            hosts: Vec::new(),
            days: None,
        };
        let issued = authority.issue(&wanted, early).unwrap();
        let key = issued.key_pem.unwrap();
        Self {
            journal: Journal::open(dir.path().join("journal"), Options::new("JS-DEMO/HUB-1"))
                .unwrap(),
            clock: ManualClock::new(now),
            book: Arc::default(),
            trust: TrustStore::load(&ca).unwrap(),
            signer: Arc::new(Signer::from_pem(&issued.chain_pem, &key).unwrap()),
            dir,
        }
    }

    pub fn folder(&self) -> std::path::PathBuf {
        self.dir.path().join("reports")
    }

    pub fn reports(&self, config: ReportsConfig) -> Arc<Reports> {
        let parts = ReportsParts {
            dir: self.folder(),
            plan: Arc::new(plan()),
            reader: EntryReader::over(self.journal.reader().unwrap()),
            signer: Arc::clone(&self.signer),
            clock: Arc::new(self.clock.clone()),
            hub: hub(),
            record: Arc::clone(&self.book) as _,
        };
        Arc::new(Reports::open(parts, config).unwrap())
    }
}

/// Every file below a folder with its bytes.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.display().to_string(), std::fs::read(&path).unwrap());
        }
    }
    found
}
