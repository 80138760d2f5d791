//! What the park has said stands until the park says otherwise, and nobody's words push out another's.

use cordon_contract::EntryKind;
use cordon_flow::{Authority, AuthoritySettings};
use cordon_model::{
    AccessGrant, Body, ClassLetter, LifeState, ListEntry, ListSubject, Plate, PlateColour,
    SubjectKind, VehicleRegistration,
};
use cordon_security::Role;
use std::sync::Arc;

use crate::park::{Park, hub_id, morning, plan};
use crate::partner::{Ca, message};
use crate::said::{alarm, example, grant_of, party, plate, registration, warned, white};

/// A grant of the enterprise for a vehicle, an hour long.
fn grant(enterprise: &str, id: &str, plate: Option<Plate>, class: ClassLetter) -> AccessGrant {
    AccessGrant {
        grant_id: id.into(),
        class_letter: class,
        subject_kind: match class {
            ClassLetter::H => SubjectKind::VehHazmat,
            _ => SubjectKind::VehFreight,
        },
        etag_epc: plate.is_none().then(|| "E2003412012345678901ABCD".into()),
        plate,
        waybill_ref: Some("W".into()),
        checks_passed: Some(true),
        valid_from: morning(),
        valid_to: morning().plus_seconds(3_600),
        ..grant_of(enterprise)
    }
}

fn changed(body: Body, change: impl FnOnce(&mut VehicleRegistration)) -> Body {
    let Body::VehicleRegistration(mut it) = body else {
        panic!("no registration");
    };
    change(&mut it);
    Body::VehicleRegistration(it)
}

fn coloured(number: &str, colour: PlateColour) -> Plate {
    Plate {
        colour,
        ..plate(number)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_repeats_what_the_park_confirmed_changes_nothing() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let truck = |kind| registration("苏C30003", "ENT-1", kind);
    let hazmat = || truck(SubjectKind::VehHazmat);
    assert_eq!(warned(&hub, &operator, vec![hazmat()]).await, [""]);
    let said = vec![
        hazmat(),
        truck(SubjectKind::VehFreight),
        truck(SubjectKind::VehOrdinary),
        changed(hazmat(), |it| it.state = LifeState::Withdrawn),
        changed(hazmat(), |it| it.state = LifeState::Suspended),
        changed(hazmat(), |it| it.valid_to = it.valid_to.plus_seconds(1)),
        Body::AccessGrant(grant("ENT-1", "H", Some(plate("苏C30003")), ClassLetter::H)),
    ];
    assert_eq!(
        warned(&hub, &one, said).await,
        ["", "F037", "F037", "F037", "F037", "F037", ""]
    );
    // The park says otherwise.
    let freight = || truck(SubjectKind::VehFreight);
    assert_eq!(warned(&hub, &operator, vec![freight()]).await, [""]);
    let said = vec![freight(), truck(SubjectKind::VehCommuter)];
    assert_eq!(warned(&hub, &one, said).await, ["", "F037"]);
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_the_park_confirmed_stays_its_word() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let person = |more: i64| match example("person-registration") {
        Body::PersonRegistration(it) => {
            Body::PersonRegistration(cordon_model::PersonRegistration {
                enterprise_id: party("ENT-1"),
                gates: Vec::new(),
                areas: Vec::new(),
                valid_from: morning(),
                valid_to: morning().plus_seconds(3_600 + more),
                ..it
            })
        }
        _ => unreachable!(),
    };
    assert_eq!(warned(&hub, &operator, vec![person(0)]).await, [""]);
    let said = vec![person(0), person(1), person(0), person(2)];
    assert_eq!(warned(&hub, &one, said).await, ["", "F037", "", "F037"]);
    hub.shutdown().await.unwrap();
}

/// A vehicle that one had granted became another's, and he could not take his grant back: it went on opening.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_said_of_a_vehicle_he_takes_back_also_when_it_is_anothers_by_now() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let two = ca.partner("ENT-2", Role::Enterprise);
    let hub = park.start().await;
    let granted = |id: &str, state| {
        let plate = Some(coloured("苏A10001", PlateColour::Blue));
        Body::AccessGrant(AccessGrant {
            state,
            ..grant("ENT-2", id, plate, ClassLetter::F)
        })
    };
    let listed = |kind, state| match white("苏A10001") {
        Body::ListEntry(it) => Body::ListEntry(ListEntry {
            list_kind: kind,
            state,
            ..it
        }),
        _ => unreachable!(),
    };
    let active = cordon_model::LifeState::Active;
    assert_eq!(warned(&hub, &two, vec![granted("G", active)]).await, [""]);
    let truck = registration("苏A10001", "ENT-1", SubjectKind::VehFreight);
    assert_eq!(warned(&hub, &one, vec![truck]).await, [""]);
    let (white, black) = (cordon_model::ListKind::White, cordon_model::ListKind::Black);
    let suspended = cordon_model::LifeState::Suspended;
    let withdrawn = cordon_model::LifeState::Withdrawn;
    let said = vec![
        granted("G", suspended),
        granted("G", withdrawn),
        listed(white, suspended),
        listed(black, withdrawn),
        // More than that it is not his to say.
        granted("G", active),
        granted("G2", active),
        changed(
            registration("苏A10001", "ENT-2", SubjectKind::VehFreight),
            |it| it.state = withdrawn,
        ),
    ];
    assert_eq!(
        warned(&hub, &two, said).await,
        [
            "",
            "",
            "F037",
            "F037",
            "refused F033",
            "refused F033",
            "refused F033"
        ]
    );
    hub.shutdown().await.unwrap();
    park.replays();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_colour_of_a_claimed_number_is_contested_in_grants_and_lists_too() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let two = ca.partner("ENT-2", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let yellow = |number: &str, who: &str, kind| {
        let body = registration(number, who, kind);
        changed(body, |it| it.plate = coloured(number, PlateColour::Yellow))
    };
    let truck = yellow("苏A10001", "ENT-1", SubjectKind::VehFreight);
    assert_eq!(warned(&hub, &one, vec![truck]).await, [""]);
    let engine = yellow("苏F11901", "HUB-1", SubjectKind::VehEmergency);
    assert_eq!(warned(&hub, &operator, vec![engine]).await, [""]);
    let granted = |number: &str, colour| {
        let plate = Some(coloured(number, colour));
        Body::AccessGrant(grant("ENT-2", "G", plate, ClassLetter::F))
    };
    let listed = |kind: cordon_model::ListKind, number: &str| match white(number) {
        Body::ListEntry(it) => Body::ListEntry(ListEntry {
            list_kind: kind,
            subject: ListSubject::Plate(coloured(number, PlateColour::Blue)),
            ..it
        }),
        _ => unreachable!(),
    };
    let said = vec![
        granted("苏A10001", PlateColour::Blue),
        granted("苏A10001", PlateColour::Other),
        granted("苏F11901", PlateColour::Blue),
        listed(cordon_model::ListKind::White, "苏A10001"),
        listed(cordon_model::ListKind::Black, "苏F11901"),
    ];
    assert_eq!(
        warned(&hub, &two, said).await,
        [
            "refused F033",
            "refused F033",
            "refused F033",
            "refused F034",
            "refused F033"
        ]
    );
    // The park alone makes two vehicles of one number; then each is its owner's.
    let blue = || registration("苏A10001", "ENT-2", SubjectKind::VehFreight);
    assert_eq!(warned(&hub, &operator, vec![blue()]).await, [""]);
    let said = vec![blue(), granted("苏A10001", PlateColour::Blue)];
    assert_eq!(warned(&hub, &two, said).await, ["", ""]);
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_enterprise_leaves_room_in_the_register_for_the_others() {
    let mut park = Park::new();
    let settings = AuthoritySettings {
        vehicles_max: 9,
        ..AuthoritySettings::default()
    };
    let authority = Authority::new(Arc::new(plan()), hub_id(), settings).unwrap();
    park.config.authority = Arc::new(authority);
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let two = ca.partner("ENT-2", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let car = |who: &str, number: usize| {
        let plate = format!("苏A{}000{number}", &who[4..]);
        registration(&plate, who, SubjectKind::VehCommuter)
    };
    let said = (0..6).map(|number| car("ENT-1", number)).collect();
    assert_eq!(
        warned(&hub, &one, said).await,
        ["", "", "", "", "refused F036", "refused F036"]
    );
    // What it holds it may say again; what it gives up makes room.
    let gone = changed(car("ENT-1", 0), |it| it.state = LifeState::Withdrawn);
    let said = vec![car("ENT-1", 3), gone, car("ENT-1", 4), car("ENT-1", 5)];
    assert_eq!(warned(&hub, &one, said).await, ["", "", "", "refused F036"]);
    // What the park registers for it is not its doing, and the other has its own share.
    assert_eq!(warned(&hub, &operator, vec![car("ENT-1", 1)]).await, [""]);
    assert_eq!(warned(&hub, &one, vec![car("ENT-1", 5)]).await, [""]);
    let said = (0..5).map(|number| car("ENT-2", number)).collect();
    assert_eq!(
        warned(&hub, &two, said).await,
        ["", "", "", "", "refused F036"]
    );
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_the_park_withdrew_stays_withdrawn_and_the_receipt_says_so() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let granted = |state| {
        let it = grant("ENT-1", "GP", None, ClassLetter::F);
        Body::AccessGrant(AccessGrant { state, ..it })
    };
    let (active, withdrawn) = (LifeState::Active, LifeState::Withdrawn);
    assert_eq!(warned(&hub, &one, vec![granted(active)]).await, [""]);
    let said = vec![granted(active), granted(withdrawn)];
    assert_eq!(warned(&hub, &operator, said).await, ["", ""]);
    assert_eq!(
        warned(&hub, &one, vec![granted(active)]).await,
        ["F046 F047"]
    );
    hub.shutdown().await.unwrap();
    // So it is after a restart; what an enterprise takes back itself it may always take back.
    let hub = park.start().await;
    let said = vec![granted(active), granted(withdrawn)];
    assert_eq!(warned(&hub, &one, said).await, ["F046 F047", ""]);
    assert_eq!(warned(&hub, &operator, vec![granted(active)]).await, [""]);
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let overtaken = stored
        .iter()
        .filter(|stored| stored.entry.kind == EntryKind::Message && stored.entry.overtaken);
    assert_eq!(overtaken.count(), 2);
    // Whoever reads the audit learns that it was the park, and not the sender, who spoke.
    let audits: Vec<&str> = stored
        .iter()
        .filter(|stored| stored.entry.label == "message.overtaken")
        .filter_map(|stored| match &stored.entry.message.as_ref()?.body {
            Body::AuditEvent(audit) => audit.detail.as_deref(),
            _ => None,
        })
        .collect();
    assert_eq!(audits.len(), 2, "{audits:?}");
    for audit in audits {
        let words = "changes nothing: the park has spoken on this grant, and its word stands";
        assert!(audit.ends_with(words), "{audit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receipt_of_an_overtaken_statement_says_that_it_changes_nothing() {
    let park = Park::new();
    let one = Ca::new(park.dir.path()).partner("ENT-1", Role::Enterprise);
    let hub = park.start().await;
    let car = |enterprise| registration("苏B20001", enterprise, SubjectKind::VehCommuter);
    assert_eq!(warned(&hub, &one, vec![car("ENT-1")]).await, [""]);
    let early = message(&party("ENT-1"), car("ENT-1"), morning().plus_seconds(-60));
    let envelope = one.envelope(&[early]);
    let bytes = envelope.bytes().to_vec();
    let park_code = hub.submit().park().clone();
    let told = |answers: Vec<Result<cordon_flow::ReceiptData, cordon_flow::Refused>>| {
        answers[0].as_ref().unwrap().receipt(&park_code)
    };
    let first = told(hub.submit().submit(envelope).await.unwrap());
    assert_eq!(first.warning.len(), 1);
    assert_eq!(first.warning[0].code, "F046");
    hub.shutdown().await.unwrap();
    let hub = park.start().await;
    let again = told(hub.submit().submit(one.verified(bytes)).await.unwrap());
    assert_eq!(again, first, "the same receipt for ever");
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_for_dangerous_goods_names_a_registered_plate() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let tag = |class| Body::AccessGrant(grant("ENT-1", "GH3", None, class));
    let said = vec![tag(ClassLetter::H), tag(ClassLetter::F)];
    assert_eq!(warned(&hub, &one, said).await, ["refused F035", ""]);
    assert_eq!(
        warned(&hub, &operator, vec![tag(ClassLetter::H)]).await,
        [""]
    );
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_is_never_lost_because_another_took_its_name() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let two = ca.partner("ENT-2", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let leak = |enterprise, words: &str| {
        Body::AlarmEvent(cordon_model::AlarmEvent {
            description: words.into(),
            ..alarm("AL-0002", enterprise)
        })
    };
    let squat = leak(Some("ENT-2"), "squat");
    assert_eq!(warned(&hub, &two, vec![squat]).await, [""]);
    let real = leak(Some("ENT-1"), "gas leak");
    assert_eq!(warned(&hub, &one, vec![real]).await, ["F048"]);
    let seen = leak(None, "seen by the park");
    assert_eq!(warned(&hub, &operator, vec![seen]).await, ["F048"]);
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let raised = |words: &str| {
        let mut own = stored.iter().filter_map(|stored| {
            let message = stored.entry.message.as_deref()?;
            match &message.body {
                Body::AlarmEvent(it) if !stored.entry.overtaken && it.description == words => {
                    Some((it.alarm_id.clone(), stored.entry.cause))
                }
                _ => None,
            }
        });
        let first = own.next().unwrap();
        assert!(own.next().is_none(), "once");
        first
    };
    assert_eq!(raised("squat").0, "AL-0002");
    for words in ["gas leak", "seen by the park"] {
        let (id, cause) = raised(words);
        assert_eq!(id, format!("flow-{cause}"));
    }
}
