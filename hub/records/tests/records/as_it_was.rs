//! The park as it was: registrations, lists, stays, occupancy and readings, at a moment and page by page.

use cordon_model::{Body, PassageRecord};
use cordon_model::{
    Direction, GateTier, IdDocument, IdDocumentKind, LifeState, ListSubject, PartyId, PlateColour,
    Sample, SampleQuality, SubjectKind, Timestamp,
};
use cordon_records::{Asked, By, Cell, FACES, Face, Line as Row, RecordsFile, names};

use crate::made::*;

fn face(name: &str) -> &'static Face {
    FACES.iter().find(|face| face.name == name).unwrap()
}

fn ask(park: &Park, name: &str, asked: &Asked) -> Vec<Row> {
    let follower = park.follow();
    let (face, asked) = (face(name), asked.clone());
    let answer = follower.ask(name, move |look| look.lines(face, &asked));
    answer.unwrap().rows
}

fn all() -> Asked {
    Asked {
        limit: 100,
        ..Asked::default()
    }
}

fn then(seconds: i64) -> Asked {
    Asked {
        at: Some(at(seconds)),
        ..all()
    }
}

fn by(by: By, value: &str) -> Asked {
    Asked {
        by: vec![(by, value.to_owned())],
        ..all()
    }
}

/// The named cells of each row, in words.
fn told(rows: &[Row], wanted: &[&str]) -> Vec<String> {
    let word = |cell: &Cell| match cell {
        Cell::None => "-".to_owned(),
        Cell::Text(text) => text.clone(),
        Cell::Number(number) => number.to_string(),
        Cell::Real(number) => format!("{number:.4}"),
        Cell::Decimal(number) => number.to_string(),
        Cell::Time(time) => ((time.micros() - at(0).micros()) / 1_000_000).to_string(),
    };
    let line = |row: &Row| {
        let cells = wanted.iter().map(|name| {
            let found = row.cells.iter().find(|(known, _)| known == name);
            word(&found.unwrap().1)
        });
        cells.collect::<Vec<_>>().join(" ")
    };
    rows.iter().map(line).collect()
}

#[test]
fn a_registration_is_told_form_by_form_and_on_whose_word() {
    use LifeState::{Active, Suspended};
    let mut proposal = vehicle(at(40), "E-3", "苏A12345", Suspended);
    proposal.flags = PROPOSAL;
    let mut test = vehicle(at(50), "E-1", "苏A12345", Suspended);
    test.test = true;
    let park = Park::with(&[
        vehicle(at(10), "E-1", "苏A12345", Active),
        vehicle(at(15), "E-1", "苏A12345", Active),
        vehicle(at(20), "E-1", "苏A12345", Suspended),
        vehicle(at(30), "E-2", "苏A12346", Active),
        proposal,
        test,
        vehicle(at(60), "E-1", "苏A12345", Active).flagged(OVERTAKEN),
    ]);
    let cells = ["plate", "state", "on_word_of", "entry", "from", "until"];
    let name = names::REGISTRATIONS;
    assert_eq!(
        told(&ask(&park, name, &all()), &cells),
        [
            "苏A12346 ACTIVE E-2 4 30 -",
            "苏A12345 SUSPENDED E-1 3 20 -",
            "苏A12345 ACTIVE E-1 1 10 20"
        ]
    );
    assert!(ask(&park, name, &then(9)).is_empty());
    let at_15 = ask(&park, name, &then(15));
    assert_eq!(told(&at_15, &cells), ["苏A12345 ACTIVE E-1 1 10 20"]);
    let at_20 = ask(&park, name, &then(20));
    assert_eq!(told(&at_20, &cells), ["苏A12345 SUSPENDED E-1 3 20 -"]);
}

/// As at the gates: the park's word replaces everybody's, and an owner changes nothing of it but that it rests.
#[test]
fn the_parks_registration_stands_until_its_owner_lets_it_rest() {
    use LifeState::{Active, Suspended, Withdrawn};
    let park = Park::with(&[
        vehicle(at(10), "E-1", "苏A12345", Active),
        vehicle(at(11), "E-2", "苏A12345", Active),
        vehicle(at(20), "E-1", "苏A12345", Suspended).flagged(PARK),
        vehicle(at(21), "E-1", "苏A12345", Active).flagged(PARK),
        vehicle(at(30), "E-2", "苏A12345", Active),
        vehicle(at(40), "E-2", "苏A12345", Withdrawn),
    ]);
    let cells = ["state", "on_word_of", "sender", "entry", "until"];
    let name = names::REGISTRATIONS;
    assert_eq!(
        told(&ask(&park, name, &then(15)), &cells),
        ["ACTIVE E-2 E-2 2 20", "ACTIVE E-1 E-1 1 20"]
    );
    let of_park = ["ACTIVE park E-1 4 40"];
    assert_eq!(told(&ask(&park, name, &then(35)), &cells), of_park);
    assert_eq!(
        told(&ask(&park, name, &then(40)), &cells),
        ["WITHDRAWN E-2 E-2 6 -", "WITHDRAWN park E-2 6 -"]
    );
}

#[test]
fn of_a_person_nothing_is_kept_but_an_id_which_is_masked() {
    let park = Park::with(&[person(at(10), "E-1", "p-104", LifeState::Active)]);
    let name = names::REGISTRATIONS;
    let masked = ask(&park, name, &by(By::Person, "p-104"));
    assert_eq!(told(&masked, &["what", "person"]), ["PERSON P***4"]);
    let whole = Asked {
        unmasked: true,
        ..by(By::Person, "P-104")
    };
    assert_eq!(told(&ask(&park, name, &whole), &["person"]), ["P-104"]);
    let rows = park.dump()["registrations"].join("\n");
    let Body::PersonRegistration(said) = person(at(10), "E-1", "p-104", LifeState::Active).body
    else {
        panic!("no person");
    };
    for secret in [said.name, said.id_document.number, said.phone.unwrap()] {
        let text = format!("{:?}", rusqlite::types::ValueRef::Text(secret.as_bytes()));
        assert!(!rows.contains(&text), "{secret}");
    }
}

#[test]
fn who_was_on_a_list_is_told_and_never_why() {
    use LifeState::{Active, Withdrawn};
    let number = || ListSubject::PlateNumber("苏A12345".parse().unwrap());
    let document = ListSubject::PersonIdDocument(IdDocument {
        kind: IdDocumentKind::ResidentId,
        number: "320106200002290019".to_owned(),
    });
    let mut of_enterprise = listed(at(12), "L-1", number(), Active);
    of_enterprise.flags = 0;
    of_enterprise.sender = PartyId::new("E-1").unwrap();
    let park = Park::with(&[
        listed(at(10), "L-1", number(), Active),
        of_enterprise,
        listed(at(20), "L-1", number(), Withdrawn),
        listed(at(30), "L-2", document, Active),
    ]);
    let cells = ["id", "list", "state", "on_word_of", "from", "until"];
    let found = ask(
        &park,
        names::LISTS,
        &Asked {
            at: Some(at(15)),
            ..by(By::Plate, "苏A12345")
        },
    );
    assert_eq!(
        told(&found, &cells),
        ["L-1 BLACK ACTIVE E-1 12 -", "L-1 BLACK ACTIVE park 10 20"]
    );
    let standing = ask(&park, names::LISTS, &then(30));
    assert_eq!(standing.len(), 3);
    assert_eq!(told(&standing[..1], &["document"]), ["3****************9"]);
    assert!(
        park.dump()["lists"]
            .iter()
            .all(|row| row.split('|').count() == 17)
    );
}

#[test]
fn a_stay_is_one_row_from_the_gate_in_to_the_gate_out() {
    use Direction::{In, Out};
    let park = Park::with(&[
        through(at(10), "G1-L1", In, "苏A12345", "V-7"),
        through(at(20), "G2-L1", In, "苏A12346", "V-8"),
        through(at(30), "G2-L2", Out, "苏A12345", "V-7"),
        // Came in again without having been seen to leave.
        through(at(40), "G1-L1", In, "苏A12346", "V-9"),
    ]);
    let cells = [
        "id", "plate", "state", "entered", "left", "gate_in", "gate_out", "grant",
    ];
    let name = names::VISITS;
    assert_eq!(
        told(&ask(&park, name, &all()), &cells),
        [
            "V-9 苏A12346 INSIDE 40 - G1 - G-1",
            "V-8 苏A12346 UNSEEN 20 40 G2 - G-1",
            "V-7 苏A12345 LEFT 10 30 G1 G2 G-1"
        ]
    );
    let inside = |seconds| told(&ask(&park, name, &then(seconds)), &["id"]);
    assert_eq!(inside(9), Vec::<String>::new());
    assert_eq!(inside(25), ["V-8", "V-7"]);
    assert_eq!(inside(30), ["V-8"]);
    let open = ask(&park, name, &by(By::State, "INSIDE"));
    assert_eq!(told(&open, &["id"]), ["V-9"]);
    // Where it came in, or went out.
    let at_gate = ask(&park, name, &by(By::Gate, "G2"));
    assert_eq!(told(&at_gate, &["id"]), ["V-8", "V-7"]);
}

fn changed(line: Line, change: impl FnOnce(&mut PassageRecord)) -> Line {
    let Body::PassageRecord(mut record) = line.body else {
        panic!("no passage");
    };
    change(&mut record);
    Line {
        body: Body::PassageRecord(record),
        ..line
    }
}

/// What access control lets pass over, or says of its own accord, is so here too.
#[test]
fn stays_are_those_of_access_control() {
    use Direction::{In, Out};
    let mut plants = changed(through(at(11), "G9-L1", In, "苏A11111", ""), |record| {
        record.tier = GateTier::EnterpriseSecond;
        record.enterprise_id = Some(PartyId::new("E-1").unwrap());
    });
    plants.sender = PartyId::new("E-1").unwrap();
    // An enterprise that says of its own gate that it is one of the park.
    let mut claims = through(at(12), "G9-L1", In, "苏A11112", "");
    claims.sender = PartyId::new("E-1").unwrap();
    let back = changed(through(at(13), "G1-L1", In, "苏A11113", ""), |record| {
        record.result = cordon_model::PassageResult::BackedOut;
    });
    let full = audit(at(30), "access.visits-full", Some("V-1"));
    // A colour that was not seen may be any.
    let unseen = changed(through(at(40), "G1-L1", Out, "苏A12346", ""), |record| {
        record.plate.as_mut().unwrap().colour = PlateColour::Other;
    });
    let park = Park::with(&[
        through(at(10), "G1-L1", In, "苏A12345", "V-1"),
        plants,
        claims,
        back,
        through(at(20), "G1-L1", In, "苏A12346", ""),
        through(at(21), "G1-L1", In, "", ""),
        full,
        unseen,
        through(at(50), "G1-L1", Out, "", ""),
        through(at(60), "G1-L1", Out, "苏A99999", ""),
    ]);
    let rows = ask(&park, names::VISITS, &all());
    assert_eq!(
        told(&rows, &["id", "plate", "state", "left"]),
        [
            "V-6 - LEFT 50",
            "V-5 苏A12346 LEFT 40",
            "V-1 苏A12345 CROWDED 30"
        ]
    );
}

#[test]
fn a_person_stays_too() {
    use Direction::{In, Out};
    let walks = |line| {
        changed(line, |record| {
            record.subject_kind = SubjectKind::Person;
            record.plate = None;
            record.person_id = Some("p-104".to_owned());
        })
    };
    let park = Park::with(&[
        walks(through(at(10), "G1-L1", In, "", "")),
        through(at(11), "G1-L1", Out, "", ""),
        walks(through(at(20), "G2-L1", Out, "", "")),
    ]);
    let rows = ask(&park, names::VISITS, &by(By::Person, "P-104"));
    assert_eq!(told(&rows, &["state", "entered", "left"]), ["LEFT 10 20"]);
}

#[test]
fn a_figure_holds_until_another_is_told() {
    use SubjectKind::{VehFreight, VehHazmat};
    let park = Park::with(&[
        snapshot(at(10), None, &[(VehHazmat, 2), (VehFreight, 5)]),
        snapshot(at(11), Some("A-1"), &[(VehHazmat, 1)]),
        snapshot(at(20), None, &[(VehHazmat, 2), (VehFreight, 6)]),
        snapshot(at(30), None, &[(VehFreight, 6)]),
    ]);
    let cells = ["scope", "kind", "inside", "from", "until"];
    let name = names::OCCUPANCY;
    assert_eq!(
        told(&ask(&park, name, &then(15)), &cells),
        [
            "AREA VEH_HAZMAT 1 11 -",
            "PARK VEH_HAZMAT 2 10 30",
            "PARK VEH_FREIGHT 5 10 20"
        ]
    );
    assert_eq!(
        told(&ask(&park, name, &then(30)), &cells),
        ["PARK VEH_FREIGHT 6 20 -", "AREA VEH_HAZMAT 1 11 -"]
    );
    let of_area = ask(&park, name, &by(By::Area, "A-1"));
    assert_eq!(told(&of_area, &["inside"]), ["1"]);
}

#[test]
fn readings_are_told_minute_by_minute() {
    let bad = Sample {
        quality: SampleQuality::Bad,
        ..sample("S-2", "999", at(64))
    };
    let park = Park::with(&[
        read(
            at(60),
            vec![
                sample("S-1", "1.50", at(60)),
                sample("S-2", "7", at(62)),
                // Before that one, and heard after it.
                sample("S-2", "8", at(61)),
            ],
        ),
        read(at(61), vec![sample("S-1", "2.5", at(61))]),
        read(at(62), vec![sample("S-1", "-0.125", at(62)), bad]),
        // Late: it is not the last of its minute.
        read(
            at(130),
            vec![sample("S-1", "4", at(61)), sample("S-1", "3", at(125))],
        ),
    ]);
    let cells = [
        "device",
        "minute",
        "count",
        "min",
        "max",
        "mean",
        "last",
        "not_counted",
    ];
    let rows = ask(&park, names::READINGS, &by(By::Device, "S-1"));
    assert_eq!(
        told(&rows, &cells),
        [
            "S-1 120 1 3 3 3.0000 3 0",
            "S-1 60 4 -0.125 4.000 1.9688 -0.125 0"
        ]
    );
    let minute = ask(&park, names::READINGS, &then(90));
    assert_eq!(
        told(&minute, &cells),
        [
            "S-2 60 2 7 8 7.5000 7 1",
            "S-1 60 4 -0.125 4.000 1.9688 -0.125 0"
        ]
    );
}

/// Values that fill all digits, a device whose clock says another year, and one that has nothing good to say.
#[test]
fn no_value_and_no_clock_of_a_device_breaks_the_readings() {
    let huge = "999999999999";
    let small = "0.000001";
    let wrong = |device: &str, said: Timestamp| sample(device, "1", said);
    let bad = Sample {
        quality: SampleQuality::Substituted,
        ..sample("S-4", "5", at(60))
    };
    let park = Park::with(&[
        read(
            at(60),
            vec![sample("S-1", huge, at(60)), sample("S-1", small, at(60))],
        ),
        read(at(61), vec![sample("S-1", huge, at(61)); 20]),
        read(
            at(62),
            vec![
                wrong("S-2", at(-900 * 86_400)),
                wrong("S-3", at(900 * 86_400)),
            ],
        ),
        read(at(63), vec![bad]),
        read(at(64), vec![sample("S-4", "6", at(64))]),
    ]);
    let follower = park.follow();
    assert!(follower.standing().iter().all(|fold| fold.broken.is_none()));
    let cells = [
        "device",
        "minute",
        "count",
        "min",
        "max",
        "last",
        "not_counted",
    ];
    let max = "999999999999.000000";
    assert_eq!(
        told(&ask(&park, names::READINGS, &all()), &cells),
        [
            "S-4 60 1 6 6 6 1".to_owned(),
            "S-3 60 1 1 1 1 0".to_owned(),
            "S-2 60 1 1 1 1 0".to_owned(),
            format!("S-1 60 22 0.000001 {max} {max} 0"),
        ]
    );
}

/// A page goes on where the one before ended, whatever the key is made of.
#[test]
fn pages_of_every_kind_lead_through_all_rows() {
    let park = Park::with(&crate::naive::journal(3, 900));
    for face in FACES {
        let fold = if face.name == "decisions" {
            names::PASSAGES
        } else {
            face.name
        };
        let follower = park.follow();
        let page = |after: Option<String>, limit| {
            let asked = Asked {
                after,
                limit,
                ..Asked::default()
            };
            let answer = follower.ask(fold, |look| look.lines(face, &asked));
            answer.unwrap().rows
        };
        let whole = page(None, 1_000);
        let mut paged = page(None, 7);
        loop {
            let next = page(paged.last().map(|row| row.key.clone()), 7);
            if next.is_empty() {
                break;
            }
            paged.extend(next);
        }
        assert_eq!(paged, whole, "{}", face.name);
        let is_made = !matches!(face.name, "orders");
        assert_eq!(whole.len() > 7, is_made, "{}: {}", face.name, whole.len());
    }
}

#[test]
fn what_cannot_be_asked_so_is_refused() {
    let park = Park::with(&[snapshot(at(1), None, &[])]);
    let follower = park.follow();
    let refused = |asked: &Asked| {
        let face = face(names::OCCUPANCY);
        let answer = follower.ask(names::OCCUPANCY, |look| look.lines(face, asked));
        format!("{:?}", answer.unwrap_err())
    };
    let key = |key: &str| Asked {
        after: Some(key.to_owned()),
        ..all()
    };
    for asked in [
        by(By::Plate, "苏A12345"),
        key("7"),
        key("x|VEH"),
        key("1|2|3"),
    ] {
        assert!(refused(&asked).contains("J076"), "{asked:?}");
    }
}

/// A minute of readings is no record for years.
#[test]
fn readings_have_days_of_their_own() {
    for fold in own() {
        let most = if fold.name() == names::READINGS {
            31
        } else {
            400
        };
        assert_eq!(fold.days_kept(400), most, "{}", fold.name());
        assert_eq!(fold.days_kept(2), 2, "{}", fold.name());
    }
}

/// Beside a hub that writes it, and by a program that knows other rows.
#[test]
fn the_file_is_asked_by_another_program() {
    let park = Park::with(&[snapshot(at(1), None, &[(SubjectKind::VehHazmat, 3)])]);
    let follower = park.follow();
    let file = RecordsFile::open(&park.file(), IDENTITY).unwrap();
    let found = file.ask(face(names::OCCUPANCY), &then(100)).unwrap();
    assert_eq!(told(&found.rows, &["inside"]), ["3"]);
    assert_eq!((found.number, found.time), (1, at(1)));
    assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
    drop(follower);
    let other = RecordsFile::open(&park.file(), "JS-DEMO/HUB-2").unwrap_err();
    assert_eq!(other.code(), "J072");
    let connection = rusqlite::Connection::open(park.file()).unwrap();
    let older = "UPDATE folds SET form = 99 WHERE name = 'occupancy'";
    connection.execute(older, ()).unwrap();
    let refused = file.ask(face(names::OCCUPANCY), &all()).unwrap_err();
    assert_eq!(refused.code(), "J075");
    let nowhere = park.dir.path().join("nowhere.sqlite");
    assert_eq!(
        RecordsFile::open(&nowhere, IDENTITY).unwrap_err().code(),
        "J072"
    );
    assert!(!nowhere.exists());
}
