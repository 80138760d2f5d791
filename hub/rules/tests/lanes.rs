//! The built-in rules behind the access plug-in: captures in, decisions and commands out.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::sync::Arc;

use cordon_access::{AccessConfig, AccessPlugin};
use cordon_contract::{Decision, Decisions, Entry, EntryKind, Plugin};
use cordon_model::plan::{ControlArea, Device, Gate, Lane, ParkPlan};
use cordon_model::*;
use cordon_rules::CedarRules;

const PLATE: &str = "苏H12345";
const KINDS: [SubjectKind; 5] = [
    SubjectKind::VehHazmat,
    SubjectKind::VehHazwaste,
    SubjectKind::VehConstruction,
    SubjectKind::VehOrdinary,
    SubjectKind::VehEmergency,
];
const CLASSES: [GateClass; 4] = [
    GateClass::Comprehensive,
    GateClass::Dedicated,
    GateClass::Ordinary,
    GateClass::Emergency,
];

fn now() -> Timestamp {
    Timestamp::from_micros(1_795_478_400_000_000)
}

fn gate_id(class: GateClass) -> String {
    format!("G-{class}")
}

/// A gate of each class; each with one inward lane for each kind, named `CLASS.KIND`.
fn plan() -> ParkPlan {
    let mut plan = ParkPlan {
        code: ParkCode::new("JS-TEST").unwrap(),
        name: "test".to_owned(),
        capacity: Some(5),
        gates: Vec::new(),
        lanes: Vec::new(),
        areas: vec![ControlArea {
            id: "A-CORE".to_owned(),
            name: String::new(),
            grade: ControlGrade::Core,
            capacity: Some(0),
            owner: None,
        }],
        devices: Vec::new(),
        enterprises: Vec::new(),
    };
    for class in CLASSES {
        plan.gates.push(Gate {
            id: GateId::new(gate_id(class)).unwrap(),
            name: String::new(),
            class,
            tier: GateTier::Park,
            area: None,
            owner: None,
        });
        for kind in KINDS {
            let lane = Lane {
                id: LaneId::new(lane_id(class, kind)).unwrap(),
                gate: GateId::new(gate_id(class)).unwrap(),
                direction: Some(Direction::In),
                kinds: vec![kind],
                owner: None,
                sees: Vec::new(),
            };
            plan.devices.push(Device {
                id: DeviceId::new(format!("BR-{class}-{kind}")).unwrap(),
                kind: DeviceKind::Barrier,
                vendor: None,
                lane: Some(lane.id.clone()),
                area: None,
                owner: None,
            });
            plan.lanes.push(lane);
        }
    }
    plan
}

fn lane_id(class: GateClass, kind: SubjectKind) -> String {
    format!("{class}-{kind}")
}

fn plate() -> Plate {
    Plate {
        number: PlateNumber::new(PLATE).unwrap(),
        colour: PlateColour::Yellow,
    }
}

/// A grant with all papers for a vehicle of this kind.
fn grant(kind: SubjectKind) -> AccessGrant {
    let class_letter = match kind {
        SubjectKind::VehHazmat => ClassLetter::H,
        SubjectKind::VehHazwaste => ClassLetter::W,
        SubjectKind::VehConstruction => ClassLetter::C,
        SubjectKind::VehEmergency => ClassLetter::X,
        _ => ClassLetter::L,
    };
    AccessGrant {
        grant_id: "GR-1".to_owned(),
        class_letter,
        subject_kind: kind,
        plate: Some(plate()),
        trailer_plate: None,
        etag_epc: None,
        person_id: None,
        person_id_document: None,
        enterprise_id: PartyId::new("plant-1").unwrap(),
        gates: Vec::new(),
        lanes: Vec::new(),
        areas: Vec::new(),
        valid_from: now().plus_seconds(-60),
        valid_to: now().plus_seconds(3_600),
        waybill_ref: Some("WB-1".to_owned()),
        manifest_ref: Some("MF-1".to_owned()),
        checks_passed: Some(true),
        max_stay_minutes: None,
        state: LifeState::Active,
    }
}

fn capture(class: GateClass, lane_kind: SubjectKind) -> PlateCapture {
    PlateCapture {
        device_id: DeviceId::new("CAM-01").unwrap(),
        gate_id: None,
        lane_id: LaneId::new(lane_id(class, lane_kind)).unwrap(),
        plate_number: PlateNumber::new(PLATE).unwrap(),
        plate_colour: PlateColour::Yellow,
        plate_class: None,
        plate_text: None,
        subject_kind: None,
        direction: Direction::In,
        captured_at: now(),
        confidence: Some(Decimal::new(97, 2)),
        etag_epc: None,
        trailer_plate: None,
        speed_kmh: None,
        image_ref: None,
        image_digest: None,
    }
}

struct Park {
    plugin: AccessPlugin,
    number: u64,
}

impl Park {
    fn new(plan: ParkPlan) -> Self {
        let rules = CedarRules::built_in().unwrap_or_else(|faults| panic!("{faults:?}"));
        Self {
            plugin: AccessPlugin::new(Arc::new(plan), Arc::new(rules), AccessConfig::default()),
            number: 0,
        }
    }

    fn say(&mut self, body: Body) -> Vec<Decision> {
        self.number += 1;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.number.to_be_bytes());
        let sender = PartyId::new("HUB-1").unwrap();
        let message = Message {
            header: Header {
                message_id: MessageId::from_bytes(id),
                message_type: body.message_type(),
                schema_version: SCHEMA_VERSION.to_owned(),
                park_code: ParkCode::new("JS-TEST").unwrap(),
                sender_id: sender.clone(),
                recipient_id: None,
                occurred_at: now(),
                sent_at: now(),
                sequence: 0,
                correlation_id: None,
                source_ref: None,
                quality: Quality::Measured,
                sensitivity: Sensitivity::Internal,
                test: false,
                attested_by: None,
            },
            body,
        };
        let entry = Entry {
            number: self.number,
            time: now(),
            clock: now(),
            settled: now(),
            kind: EntryKind::Message,
            sender,
            message_id: message.header.message_id,
            digest: Digest([0; 32]),
            cause: 0,
            label: String::new(),
            message: Some(Arc::new(message)),
            overtaken: false,
            late: false,
            acted_at: None,
            of_earlier_run: false,
            standing: cordon_contract::Standing::Park,
        };
        let mut decisions = Decisions::default();
        self.plugin.step(&entry, &mut decisions);
        decisions.take()
    }

    /// The decision on a capture, and whether a barrier was ordered to open for it.
    fn drive_up(&mut self, capture: PlateCapture) -> (PassageDecision, bool) {
        let decided = self.say(Body::PlateCapture(capture));
        let ordered = decided
            .iter()
            .any(|decision| matches!(decision, Decision::Order { .. }));
        let made = decided.iter().find_map(|decision| match decision {
            Decision::Emit { body, .. } => match &**body {
                Body::PassageDecision(made) => Some(made.clone()),
                _ => None,
            },
            Decision::Order { .. } => None,
        });
        let made = made.unwrap();
        assert_eq!(made.outcome == DecisionOutcome::Open, ordered);
        assert_eq!(made.refusal_code.is_none(), ordered);
        assert!(made.rules.iter().all(|rule| !rule.clause.is_empty()));
        (made, ordered)
    }
}

/// All cells of the matrix (7.1.2.2): `Some` is the refusal on the kind's own lane.
#[test]
fn the_matrix_holds_at_the_lane() {
    use RefusalCode::{ModeClosed, WrongGate};
    let cells = [
        (GateClass::Comprehensive, [None; 5]),
        (
            GateClass::Dedicated,
            [None, None, Some(WrongGate), Some(WrongGate), None],
        ),
        (
            GateClass::Ordinary,
            [Some(WrongGate), Some(WrongGate), None, None, None],
        ),
        (GateClass::Emergency, [Some(ModeClosed); 5]),
    ];
    let mut seen = 0;
    for (class, row) in cells {
        for (kind, wanted) in KINDS.into_iter().zip(row) {
            let mut park = Park::new(plan());
            park.say(Body::AccessGrant(grant(kind)));
            let (made, _) = park.drive_up(capture(class, kind));
            assert_eq!(made.subject_kind, kind);
            assert_eq!(made.refusal_code, wanted, "{class} {kind}");
            // On the lane of another kind: refused, but for rescue vehicles.
            let other = KINDS.into_iter().find(|other| *other != kind).unwrap();
            let (beside, _) = park.drive_up(capture(class, other));
            let expected =
                wanted.or((kind != SubjectKind::VehEmergency).then_some(RefusalCode::WrongLane));
            assert_eq!(beside.refusal_code, expected, "{class} {kind} beside");
            seen += 1;
        }
    }
    assert_eq!(seen, 20);
}

#[test]
fn every_refusal_code_is_reached_from_a_capture() {
    type Grant = fn(&mut AccessGrant);
    type Capture = fn(&mut PlateCapture);
    type Plan = fn(&mut ParkPlan);
    type Before = fn(&mut Park);
    let no_grant: Grant = |_| {};
    let no_capture: Capture = |_| {};
    let no_plan: Plan = |_| {};
    let nothing: Before = |_| {};
    let core = |plan: &mut ParkPlan| {
        for gate in &mut plan.gates {
            gate.area = Some("A-CORE".to_owned());
        }
    };
    let cases: [(RefusalCode, Grant, Capture, Plan, Before); 13] = [
        (
            RefusalCode::ModeClosed,
            no_grant,
            no_capture,
            no_plan,
            |park| {
                park.say(Body::OperatingModeChange(OperatingModeChange {
                    change_id: "MC-1".to_owned(),
                    mode: OperatingMode::Emergency,
                    gates: Vec::new(),
                    ordered_by: PartyId::new("operator-1").unwrap(),
                    reason: "leak".to_owned(),
                    effective_at: now(),
                }));
            },
        ),
        (
            RefusalCode::Blacklist,
            no_grant,
            no_capture,
            no_plan,
            |park| {
                park.say(Body::ListEntry(ListEntry {
                    entry_id: "LE-1".to_owned(),
                    list_kind: ListKind::Black,
                    subject: ListSubject::Plate(plate()),
                    reason: "x".to_owned(),
                    valid_from: now(),
                    valid_to: None,
                    state: LifeState::Active,
                }));
            },
        ),
        (
            RefusalCode::NoGrant,
            |grant| grant.state = LifeState::Withdrawn,
            no_capture,
            no_plan,
            nothing,
        ),
        (
            RefusalCode::NotYet,
            |grant| grant.valid_from = now().plus_seconds(1),
            no_capture,
            no_plan,
            nothing,
        ),
        (
            RefusalCode::Expired,
            |grant| grant.valid_to = now().plus_seconds(-1),
            no_capture,
            no_plan,
            nothing,
        ),
        (
            RefusalCode::WrongGate,
            |grant| grant.gates = vec![GateId::new("G-99").unwrap()],
            no_capture,
            no_plan,
            nothing,
        ),
        (
            RefusalCode::WrongLane,
            |grant| grant.lanes = vec![LaneId::new("L-99").unwrap()],
            no_capture,
            no_plan,
            nothing,
        ),
        (
            RefusalCode::AreaDenied,
            |grant| grant.areas = vec!["A-KEY".to_owned()],
            no_capture,
            core,
            nothing,
        ),
        (RefusalCode::Capacity, no_grant, no_capture, core, nothing),
        (
            RefusalCode::Document,
            |grant| grant.waybill_ref = None,
            no_capture,
            no_plan,
            nothing,
        ),
        (
            RefusalCode::CheckFailed,
            |grant| grant.checks_passed = None,
            no_capture,
            no_plan,
            nothing,
        ),
        (
            RefusalCode::CredentialMismatch,
            no_grant,
            |capture| capture.confidence = Some(Decimal::new(45, 2)),
            no_plan,
            nothing,
        ),
        (
            RefusalCode::DeviceFault,
            no_grant,
            no_capture,
            |plan| plan.devices.clear(),
            nothing,
        ),
    ];
    let mut reached = Vec::new();
    for (code, change_grant, change_capture, change_plan, before) in cases {
        let mut plan = plan();
        change_plan(&mut plan);
        let mut park = Park::new(plan);
        let mut granted = grant(SubjectKind::VehHazmat);
        change_grant(&mut granted);
        park.say(Body::AccessGrant(granted));
        before(&mut park);
        let mut seen = capture(GateClass::Comprehensive, SubjectKind::VehHazmat);
        change_capture(&mut seen);
        let (made, _) = park.drive_up(seen);
        assert_eq!(made.refusal_code, Some(code), "{made:?}");
        reached.push(code);
    }
    reached.sort();
    let mut all = RefusalCode::ALL.to_vec();
    all.sort();
    assert_eq!(reached, all);
}
