//! What waits for the park's word is told, and ends with the park's word.

use cordon_contract::EntryKind;
use cordon_flow::StoredEntry;
use cordon_model::{AlarmCode, AlarmEvent, AlarmState, Body, PersonRegistration, SubjectKind};
use cordon_security::Role;

use crate::park::{Park, morning};
use crate::partner::Ca;
use crate::said::{example, party, registration, warned};

/// The alarms about conduct in the journal: id, state, and about whom.
fn told(stored: &[StoredEntry]) -> Vec<(String, AlarmState, String)> {
    let events = stored
        .iter()
        .filter(|one| one.entry.kind == EntryKind::Message)
        .filter_map(|one| match &one.entry.message.as_deref()?.body {
            Body::AlarmEvent(it) if it.alarm_code == AlarmCode::NotEntitled => Some(it),
            _ => None,
        });
    let line = |it: &AlarmEvent| {
        let who = it.enterprise_id.as_ref().unwrap();
        (it.alarm_id.clone(), it.state, who.to_string())
    };
    events.map(line).collect()
}

/// It stayed RAISED, and the next refusal was counted in it as if it were the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_about_a_contested_vehicle_ends_when_the_park_has_spoken() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let two = ca.partner("ENT-2", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let car = |number, who| registration(number, who, SubjectKind::VehCommuter);
    let first = ["苏B20001", "苏B20002", "苏B20003"];
    let said = first.iter().map(|number| car(number, "ENT-1")).collect();
    assert_eq!(warned(&hub, &one, said).await, [""; 3]);
    let said = first[..2].iter().map(|number| car(number, "ENT-2"));
    let refused = warned(&hub, &two, said.collect()).await;
    assert_eq!(refused, ["refused F033"; 2]);
    // One of two is settled, then the other, whoever got it.
    let settle = |number, who| vec![car(number, who)];
    assert_eq!(
        warned(&hub, &operator, settle(first[0], "ENT-2")).await,
        [""]
    );
    let states = |park: &Park| -> Vec<AlarmState> {
        told(&park.entries()).into_iter().map(|it| it.1).collect()
    };
    assert_eq!(states(&park), [AlarmState::Raised]);
    assert_eq!(
        warned(&hub, &operator, settle(first[1], "ENT-1")).await,
        [""]
    );
    assert_eq!(states(&park), [AlarmState::Raised, AlarmState::Cleared]);
    // A later refusal is an alarm of its own, at once.
    let again = warned(&hub, &two, vec![car(first[2], "ENT-2")]).await;
    assert_eq!(again, ["refused F033"]);
    hub.shutdown().await.unwrap();
    let told = told(&park.entries());
    assert_eq!(told.len(), 3);
    assert_eq!(told[0].0, told[1].0, "the same alarm");
    assert_ne!(told[1].0, told[2].0, "another");
    assert_eq!(told[2].1, AlarmState::Raised);
    assert!(told.iter().all(|(_, _, who)| who == "ENT-2"), "{told:?}");
    // Who came first need not be who is right: the words name both, and the vehicle.
    let stored = park.entries();
    let raised = stored
        .iter()
        .find_map(|one| match &one.entry.message.as_deref()?.body {
            Body::AlarmEvent(it) => Some(it.description.clone()),
            _ => None,
        });
    let raised = raised.unwrap();
    let names = [
        "苏B20001",
        "ENT-1 (who registered it first",
        "ENT-2 (who speaks of it now)",
    ];
    assert!(names.iter().all(|name| raised.contains(name)), "{raised}");
    park.replays();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_the_park_confirms_is_no_alarm_any_more() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let two = ca.partner("ENT-2", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let tanker = || vec![registration("苏A10001", "ENT-2", SubjectKind::VehHazmat)];
    assert_eq!(warned(&hub, &two, tanker()).await, ["F037"]);
    hub.shutdown().await.unwrap();
    let hub = park.start().await;
    assert_eq!(warned(&hub, &operator, tanker()).await, [""]);
    hub.shutdown().await.unwrap();
    let told = told(&park.entries());
    let states: Vec<AlarmState> = told.iter().map(|it| it.1).collect();
    assert_eq!(states, [AlarmState::Raised, AlarmState::Cleared]);
    assert_eq!(told[0].0, told[1].0);
}

/// `p-2001` was another person than `P-2001`.
#[tokio::test(flavor = "multi_thread")]
async fn case_makes_no_other_person() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let two = ca.partner("ENT-2", Role::Enterprise);
    let hub = park.start().await;
    let person = |id: &str, enterprise: &str| match example("person-registration") {
        Body::PersonRegistration(it) => Body::PersonRegistration(PersonRegistration {
            person_id: id.into(),
            enterprise_id: party(enterprise),
            gates: Vec::new(),
            areas: Vec::new(),
            valid_from: morning(),
            valid_to: morning().plus_seconds(3_600),
            ..it
        }),
        _ => unreachable!(),
    };
    assert_eq!(
        warned(&hub, &one, vec![person("P-2001a", "ENT-1")]).await,
        [""]
    );
    let said = vec![
        person("p-2001A", "ENT-2"),
        person("P-2001A", "ENT-2"),
        person("P-2001b", "ENT-2"),
    ];
    assert_eq!(
        warned(&hub, &two, said).await,
        ["refused F033", "refused F033", ""]
    );
    hub.shutdown().await.unwrap();
}
