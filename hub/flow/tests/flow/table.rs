//! Every cell of the table against the running corridor: message type × speaker × whose the things are.
//!
//! For each cell one message in which that one thing is so held and everything else is lawful. Cells
//! that cannot occur (an operator owns no gate of his own) are printed and not walked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use cordon_contract::{Intake, Payload};
use cordon_flow::{Authority, AuthoritySettings, Reaction, RunningHub, Table, Thing, Voice, Whose};
use cordon_model::{
    AccessGrant, AlarmEvent, AlarmState, Body, ClassLetter, DeviceId, GateId, LaneId, ListSubject,
    MessageType, OccupancyScope, PartyId, SubjectKind, VehicleRegistration,
};
use cordon_security::Role;

use crate::park::{Park, hub_id, plan, reading};
use crate::partner::Ca;
use crate::said::{alarm, codes, example, party, plate};

/// Names of one thing by whose it is; `None` where it cannot be.
fn name(voice: Voice, thing: Thing, whose: Whose, serial: usize) -> Option<String> {
    let plant = matches!(voice, Voice::Enterprise | Voice::Plant);
    let device = matches!(voice, Voice::Device | Voice::Field);
    let text = match (thing, whose) {
        (Thing::Gate, Whose::Own) if plant || device => "ENT-2-G1",
        (Thing::Gate, Whose::Park) => "G1",
        (Thing::Gate, Whose::Other) => "ENT-1-G1",
        (Thing::Lane, Whose::Own) if plant || device => "ENT-2-G1-L1",
        (Thing::Lane, Whose::Park) => "G1-L1",
        (Thing::Lane, Whose::Other) => "ENT-1-G1-L1",
        (Thing::Area, Whose::Own) if plant || device => "AREA-ENT-2",
        (Thing::Area, Whose::Park) => "AREA-KEY-1",
        (Thing::Area, Whose::Other) => "AREA-ENT-1",
        (Thing::Device, Whose::Own) if plant || device => "ENT-2-CAM-1",
        (Thing::Device | Thing::Gateway, Whose::Park) => "GW-01",
        (Thing::Device, Whose::Other) => "ENT-1-CAM-1",
        (Thing::Gateway, Whose::Own) if plant => "ENT-2-GW-1",
        (Thing::Gateway, Whose::Own) if device => "ENT-2-CAM-1",
        (Thing::Gateway, Whose::Other) => "ENT-1-CAM-1",
        (Thing::Enterprise | Thing::Grant, Whose::Own) if plant || device => "ENT-2",
        (Thing::Enterprise | Thing::Grant | Thing::Actor, Whose::Park) => "HUB-1",
        (Thing::Enterprise | Thing::Grant | Thing::Actor, Whose::Other) => "ENT-1",
        (Thing::Actor, Whose::Own) => speaker(voice),
        (Thing::Vehicle, Whose::Own) if plant => "苏B00002",
        (Thing::Vehicle, Whose::Park) => "苏B00000",
        (Thing::Vehicle, Whose::Other) => "苏B00001",
        // New each time, so that one cell does not speak for the next.
        (Thing::Vehicle, Whose::Unknown) => return Some(format!("苏C{:05}", 10_000 + serial)),
        (Thing::Person, Whose::Own) if plant => "P-2",
        (Thing::Person, Whose::Park) => "P-0",
        (Thing::Person, Whose::Other) => "P-1",
        (Thing::Alarm | Thing::Ending, Whose::Own) if plant => "AL-2",
        (Thing::Alarm | Thing::Ending, Whose::Own) if device => "AL-CAM",
        (Thing::Alarm | Thing::Ending, Whose::About) if plant => "AL-ABOUT",
        (Thing::Alarm | Thing::Ending, Whose::Park) => "AL-0",
        (Thing::Alarm | Thing::Ending, Whose::Other) => "AL-1",
        (_, Whose::Unknown) => return Some(format!("NOBODYS-{serial}")),
        _ => return None,
    };
    Some(text.to_owned())
}

/// Who signs or reads in this voice.
fn speaker(voice: Voice) -> &'static str {
    match voice {
        Voice::Enterprise | Voice::Plant => "ENT-2",
        Voice::Operator => "OP-1",
        Voice::Device | Voice::Field => "ENT-2-CAM-1",
        Voice::Regulator => "REG-1",
        Voice::Vendor => "VEN-1",
        Voice::Hub => "HUB-1",
    }
}

fn role(voice: Voice) -> Option<Role> {
    Some(match voice {
        Voice::Enterprise => Role::Enterprise,
        Voice::Operator => Role::Operator,
        Voice::Device => Role::Device,
        Voice::Regulator => Role::Regulator,
        Voice::Vendor => Role::Vendor,
        Voice::Hub => Role::Hub,
        Voice::Plant | Voice::Field => return None,
    })
}

type Names = BTreeMap<Thing, String>;

fn gate(names: &Names) -> GateId {
    GateId::new(&*names[&Thing::Gate]).unwrap()
}

fn lane(names: &Names) -> LaneId {
    LaneId::new(&*names[&Thing::Lane]).unwrap()
}

fn device(names: &Names, thing: Thing) -> DeviceId {
    DeviceId::new(&*names[&thing]).unwrap()
}

fn named(names: &Names, thing: Thing) -> PartyId {
    party(&names[&thing])
}

/// A message of this type that names exactly these things.
fn body(message_type: MessageType, names: &Names, serial: usize) -> Body {
    let file = match message_type {
        MessageType::AccessGrant => "access-grant-visitor",
        MessageType::PassageRecord => "passage-record-second-gate",
        MessageType::Refusal => "refusal",
        other => return other_body(other, names, serial),
    };
    match example(file) {
        Body::AccessGrant(it) => Body::AccessGrant(AccessGrant {
            grant_id: format!("GR-{serial}"),
            class_letter: ClassLetter::F,
            subject_kind: SubjectKind::VehFreight,
            plate: Some(plate(&names[&Thing::Vehicle])),
            trailer_plate: None,
            person_id: Some(names[&Thing::Person].clone()),
            enterprise_id: named(names, Thing::Enterprise),
            gates: vec![gate(names)],
            lanes: vec![lane(names)],
            areas: vec![names[&Thing::Area].clone()],
            ..it
        }),
        Body::PassageRecord(it) => Body::PassageRecord(cordon_model::PassageRecord {
            passage_id: format!("PA-{serial}"),
            gate_id: gate(names),
            lane_id: Some(lane(names)),
            enterprise_id: Some(named(names, Thing::Enterprise)),
            ..it
        }),
        same => same,
    }
}

fn other_body(message_type: MessageType, names: &Names, serial: usize) -> Body {
    let file: String = message_type
        .as_str()
        .chars()
        .flat_map(|letter| {
            let dash = letter.is_ascii_uppercase().then_some('-');
            dash.into_iter().chain([letter.to_ascii_lowercase()])
        })
        .skip(1)
        .collect();
    match example(&file) {
        Body::VehicleRegistration(it) => Body::VehicleRegistration(VehicleRegistration {
            plate: plate(&names[&Thing::Vehicle]),
            trailer_plate: None,
            subject_kind: SubjectKind::VehCommuter,
            enterprise_id: named(names, Thing::Enterprise),
            gates: vec![gate(names)],
            ..it
        }),
        Body::PersonRegistration(it) => {
            Body::PersonRegistration(cordon_model::PersonRegistration {
                person_id: names[&Thing::Person].clone(),
                enterprise_id: named(names, Thing::Enterprise),
                gates: vec![gate(names)],
                areas: vec![names[&Thing::Area].clone()],
                plates: vec![plate(&names[&Thing::Vehicle])],
                ..it
            })
        }
        Body::ListEntry(it) => Body::ListEntry(cordon_model::ListEntry {
            entry_id: format!("BL-{serial}"),
            // One entry names one thing: the one that is walked, else a vehicle.
            subject: match names.get(&Thing::Vehicle) {
                Some(number) => ListSubject::Plate(plate(number)),
                None => ListSubject::PersonId(names[&Thing::Person].clone()),
            },
            ..it
        }),
        Body::PlateCapture(it) => Body::PlateCapture(cordon_model::PlateCapture {
            device_id: device(names, Thing::Device),
            gate_id: Some(gate(names)),
            lane_id: lane(names),
            ..it
        }),
        Body::GateStatus(it) => Body::GateStatus(cordon_model::GateStatus {
            device_id: device(names, Thing::Device),
            gate_id: gate(names),
            lane_id: lane(names),
            ..it
        }),
        Body::GateCommand(mut it) => {
            it.device_id = device(names, Thing::Device);
            it.gate_id = gate(names);
            it.lane_id = lane(names);
            it.ordered_by = Some(named(names, Thing::Actor));
            Body::GateCommand(it)
        }
        Body::OnDutyStatus(mut it) => {
            it.persons.truncate(1);
            for one in &mut it.persons {
                one.person_id = names[&Thing::Person].clone();
            }
            assert!(!it.persons.is_empty(), "the example names nobody");
            it.enterprise_id = named(names, Thing::Enterprise);
            it.area_id = Some(names[&Thing::Area].clone());
            Body::OnDutyStatus(it)
        }
        Body::OccupancySnapshot(mut it) => {
            it.scope = OccupancyScope::Area;
            it.area_id = Some(names[&Thing::Area].clone());
            Body::OccupancySnapshot(it)
        }
        Body::SensorReadingBatch(mut it) => {
            it.gateway_id = device(names, Thing::Gateway);
            for sample in &mut it.samples {
                sample.device_id = device(names, Thing::Device);
            }
            Body::SensorReadingBatch(it)
        }
        Body::DeviceStatus(mut it) => {
            it.device_id = device(names, Thing::Device);
            Body::DeviceStatus(it)
        }
        Body::AlarmEvent(it) => Body::AlarmEvent(AlarmEvent {
            alarm_id: names[&Thing::Alarm].clone(),
            // What speaks of an alarm that is there; a new one may bear any name.
            state: AlarmState::Cleared,
            enterprise_id: Some(named(names, Thing::Enterprise)),
            source_device: Some(device(names, Thing::Device)),
            gate_id: Some(gate(names)),
            lane_id: Some(lane(names)),
            area_id: Some(names[&Thing::Area].clone()),
            ..it
        }),
        Body::AlarmUpdate(mut it) => {
            it.alarm_id = names[&Thing::Alarm].clone();
            // Where both are one name it is the end that is walked.
            it.state = match names[&Thing::Alarm] == names[&Thing::Ending] {
                true => AlarmState::Closed,
                false => AlarmState::Acknowledged,
            };
            if it.state == AlarmState::Closed {
                it.previous = AlarmState::Acknowledged;
                it.note = Some("done".into());
            }
            it.actor_id = named(names, Thing::Actor);
            Body::AlarmUpdate(it)
        }
        Body::EmergencyGateOpen(mut it) => {
            it.gates = vec![gate(names)];
            it.ordered_by = named(names, Thing::Actor);
            Body::EmergencyGateOpen(it)
        }
        Body::OperatingModeChange(mut it) => {
            it.gates = vec![gate(names)];
            it.ordered_by = named(names, Thing::Actor);
            Body::OperatingModeChange(it)
        }
        same => same,
    }
}

/// One cell: the message and whether the table lets it through.
struct Cell {
    told: String,
    body: Body,
    lawful: bool,
}

/// Lawful names for everything, or any name where nothing is lawful.
fn lawful(table: &Table, voice: Voice, message_type: MessageType, serial: usize) -> Names {
    let of = |thing: Thing| {
        let fits = |whose: &Whose| table.allows(voice, message_type, thing, *whose);
        let all = Whose::ALL.into_iter().filter(fits).chain(Whose::ALL);
        let first = all
            .filter_map(|whose| name(voice, thing, whose, serial))
            .next();
        (thing, first.unwrap())
    };
    Thing::ALL.into_iter().map(of).collect()
}

fn cells(table: &Table, voice: Voice, serial: &mut usize, page: &mut String) -> Vec<Cell> {
    let mut cells = Vec::new();
    for message_type in MessageType::ALL.iter().copied() {
        let names = lawful(table, voice, message_type, *serial);
        if !table.may_say(voice, message_type) {
            writeln!(page, "{message_type} by {}: never", voice.as_str()).unwrap();
            cells.push(Cell {
                told: format!("{message_type} by {}", voice.as_str()),
                body: body(message_type, &names, *serial),
                lawful: false,
            });
            continue;
        }
        let things = Table::things(message_type);
        for thing in things.iter().copied() {
            for whose in Whose::ALL {
                let may = table.allows(voice, message_type, thing, whose);
                let verdict = if may { "taken" } else { "refused" };
                let told = format!(
                    "{message_type} by {} about {} {}",
                    voice.as_str(),
                    whose.as_str(),
                    thing.as_str()
                );
                *serial += 1;
                let names = lawful(table, voice, message_type, *serial);
                let Some(one) = name(voice, thing, whose, *serial) else {
                    assert!(!may, "{told} cannot be, and is allowed");
                    continue;
                };
                writeln!(page, "{told}: {verdict}").unwrap();
                let mut names = names.clone();
                if message_type == MessageType::ListEntry && thing == Thing::Person {
                    names.remove(&Thing::Vehicle);
                }
                names.insert(thing, one.clone());
                // A grant is its enterprise's: the two are one name.
                // The end of an alarm is said of that alarm, a step of any other is none.
                match thing {
                    Thing::Grant => drop(names.insert(Thing::Enterprise, one)),
                    Thing::Ending => drop(names.insert(Thing::Alarm, one)),
                    Thing::Alarm => drop(names.insert(Thing::Ending, String::new())),
                    _ => {}
                }
                cells.push(Cell {
                    told,
                    body: body(message_type, &names, *serial),
                    lawful: may,
                });
            }
        }
        if things.is_empty() {
            writeln!(page, "{message_type} by {}: taken", voice.as_str()).unwrap();
            cells.push(Cell {
                told: format!("{message_type} by {}", voice.as_str()),
                body: body(message_type, &names, *serial),
                lawful: true,
            });
        }
    }
    cells
}

/// What the cells are about: vehicles, persons and alarms of everybody.
async fn settle(hub: &RunningHub, ca: &mut Ca) {
    let owners = [
        ("HUB-1", "0", "OP-0"),
        ("ENT-1", "1", "ENT-1"),
        ("ENT-2", "2", "ENT-2"),
    ];
    for (owner, digit, who) in owners {
        let role = if owner == "HUB-1" {
            Role::Operator
        } else {
            Role::Enterprise
        };
        let who = ca.partner(who, role);
        let names: Names = [
            (Thing::Vehicle, format!("苏B0000{digit}")),
            (Thing::Person, format!("P-{digit}")),
            (Thing::Enterprise, owner.to_owned()),
            (Thing::Gate, "G1".to_owned()),
            (Thing::Area, "AREA-KEY-1".to_owned()),
        ]
        .into();
        let mut said = vec![
            body(MessageType::VehicleRegistration, &names, 0),
            body(MessageType::PersonRegistration, &names, 0),
        ];
        if owner != "HUB-1" {
            said.push(Body::AlarmEvent(alarm(&format!("AL-{digit}"), Some(owner))));
        }
        let taken = codes(hub, &who, said).await;
        assert!(taken.iter().all(Option::is_none), "{owner}: {taken:?}");
    }
    for (id, about) in [("AL-0", None), ("AL-ABOUT", Some("ENT-2"))] {
        let own = Body::AlarmEvent(alarm(id, about));
        hub.submit().internal(own, &party("HUB-1")).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_of_the_table_is_what_the_corridor_does() {
    let table = Table::built_in().unwrap();
    let mut page = String::new();
    let (mut walked, mut serial) = (0, 0);
    for voice in Voice::ALL {
        let mut park = Park::new();
        if voice == Voice::Plant {
            park.speaks_for("ENT-2");
        }
        // That a place exists is a rule beside the table.
        let settings = AuthoritySettings {
            unknown_place: Reaction::Warn,
            ..AuthoritySettings::default()
        };
        let authority = Authority::new(Arc::new(plan()), hub_id(), settings).unwrap();
        park.config.authority = Arc::new(authority);
        let mut ca = Ca::new(park.dir.path());
        let hub = park.start().await;
        settle(&hub, &mut ca).await;
        let own = Body::AlarmEvent(alarm("AL-CAM", None));
        let all = cells(&table, voice, &mut serial, &mut page);
        walked += all.len();
        let mut wrong = Vec::new();
        match role(voice) {
            Some(role) => {
                let who = ca.partner(speaker(voice), role);
                if voice == Voice::Device {
                    assert_eq!(codes(&hub, &who, vec![own]).await, [None]);
                }
                for cell in all {
                    let code = codes(&hub, &who, vec![cell.body]).await.remove(0);
                    wrong.extend(differs(&cell.told, cell.lawful, code));
                }
                strangers(&hub, &mut ca, role, &table, voice, &mut page).await;
            }
            None => {
                let intake = park.intake();
                let device = speaker(voice);
                if voice == Voice::Field {
                    assert_eq!(offered(&intake, device, own).await, None);
                }
                for cell in all {
                    let code = offered(&intake, device, cell.body).await;
                    wrong.extend(differs(&cell.told, cell.lawful, code));
                }
            }
        }
        hub.shutdown().await.unwrap();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    println!("{page}{walked} cells walked");
    assert!(walked > 300, "{walked}");
}

/// The same role without an entry in the plan: nothing is taken.
async fn strangers(
    hub: &RunningHub,
    ca: &mut Ca,
    role: Role,
    table: &Table,
    voice: Voice,
    page: &mut String,
) {
    if !matches!(voice, Voice::Enterprise | Voice::Device) {
        return;
    }
    let who = ca.partner("STRANGER-9", role);
    for message_type in MessageType::ALL.iter().copied() {
        let names = lawful(table, voice, message_type, 0);
        let said = body(message_type, &names, 0);
        let code = codes(hub, &who, vec![said]).await.remove(0);
        assert_eq!(code, Some("F030"), "{message_type} by an unknown {role}");
        writeln!(
            page,
            "{message_type} by {role} without an entry in the plan: refused"
        )
        .unwrap();
    }
}

fn differs(told: &str, lawful: bool, code: Option<&'static str>) -> Option<String> {
    const AUTHORITY: [&str; 6] = ["F002", "F011", "F031", "F032", "F033", "F052"];
    match (lawful, code) {
        // What may be said may still be an order that nothing carries out: lane and barrier of two gates.
        (true, None | Some("F066")) => None,
        (false, Some(code)) if AUTHORITY.contains(&code) => None,
        (_, code) => Some(format!("{told}: lawful {lawful}, but {code:?}")),
    }
}

async fn offered(intake: &Intake, device: &str, body: Body) -> Option<&'static str> {
    let mut one = reading(device, "reading", None);
    one.payload = Payload::Body(Box::new(body));
    match intake.offer(one).await {
        Ok(_) => None,
        Err(cordon_contract::IntakeError::Refused(fault)) => Some(fault.code()),
        Err(closed) => panic!("{closed}"),
    }
}

#[test]
fn the_reference_page_is_the_table() {
    const MARK: &str = "<!-- cordon explain authority -->\n\n";
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reference/authority.md"
    );
    let page = std::fs::read_to_string(file).unwrap();
    let (words, shown) = page.split_once(MARK).unwrap();
    let made = Table::built_in().unwrap().page();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(file, format!("{words}{MARK}{made}")).unwrap();
        return;
    }
    assert_eq!(
        shown, made,
        "docs/reference/authority.md is not the table: run with UPDATE_GOLDEN=1"
    );
}
