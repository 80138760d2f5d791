//! What waits for the park's word is told, and ends with the park's word.

use cordon_contract::EntryKind;
use cordon_flow::StoredEntry;
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, AlarmUpdate, Body, PersonRegistration,
    SubjectKind,
};
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

/// An alarm as it was told last: id, level, words, and how often it was told.
type Told = (String, AlarmLevel, String, usize);

/// All alarms of the journal, in the order in which they were raised.
fn as_told(stored: &[StoredEntry]) -> Vec<Told> {
    let mut alarms: Vec<Told> = Vec::new();
    for message in stored
        .iter()
        .filter(|one| one.entry.kind == EntryKind::Message)
        .filter_map(|one| one.entry.message.as_deref())
    {
        let Body::AlarmEvent(it) = &message.body else {
            continue;
        };
        match alarms.iter_mut().find(|alarm| alarm.0 == it.alarm_id) {
            Some(known) => {
                (known.1, known.2) = (it.alarm_level, it.description.clone());
                known.3 += 1;
            }
            None => {
                let words = it.description.clone();
                alarms.push((it.alarm_id.clone(), it.alarm_level, words, 1));
            }
        }
    }
    alarms
}

fn step_of_operator(id: &str, previous: AlarmState, state: AlarmState) -> Vec<Body> {
    vec![Body::AlarmUpdate(AlarmUpdate {
        alarm_id: id.to_owned(),
        state,
        previous,
        actor_id: party("OP-1"),
        receiver: None,
        escalation_level: None,
        note: Some("talked to them".into()),
        updated_at: morning(),
    })]
}

/// Whatever was refused within a minute of an alarm that people had closed was told to nobody, and 400 at
/// once were one without a count.
#[tokio::test(flavor = "multi_thread")]
async fn many_claims_at_once_are_one_alarm_that_counts_and_rises_and_is_told_anew_after_its_end() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let two = ca.partner("ENT-2", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let cars = |who: &str, count: u32| -> Vec<Body> {
        let car = |at| registration(&format!("苏B3{at:04}"), who, SubjectKind::VehCommuter);
        (0..count).map(car).collect()
    };
    // Nobody's yet: taken by its own word alone.
    assert_eq!(warned(&hub, &one, cars("ENT-1", 400)).await, [""; 400]);
    // What is refused is kept whole, and the journal of a test is small.
    for some in cars("ENT-2", 400).chunks(50) {
        let refused = warned(&hub, &two, some.to_vec()).await;
        assert_eq!(refused, ["refused F033"; 50]);
    }
    let told = as_told(&park.entries());
    assert_eq!(told.len(), 2, "{told:?}");
    let (_, level, words, times) = &told[0];
    assert!(words.contains("ENT-1 has registered"), "{words}");
    assert_eq!((*level, *times), (AlarmLevel::Blue, 6), "by their digits");
    let (id, level, words, times) = &told[1];
    assert!(words.contains("200 so far"), "{words}");
    assert_eq!((*level, *times), (AlarmLevel::Orange, 6), "{words}");
    let way = [
        AlarmState::Raised,
        AlarmState::Acknowledged,
        AlarmState::Closed,
    ];
    for step in way.windows(2) {
        let step = step_of_operator(id, step[0], step[1]);
        assert_eq!(warned(&hub, &operator, step).await, [""]);
    }
    let again = warned(&hub, &two, cars("ENT-2", 1)).await;
    assert_eq!(again, ["refused F033"]);
    hub.shutdown().await.unwrap();
    let told = as_told(&park.entries());
    assert_eq!(told.len(), 3, "at once, not after a minute");
    assert_eq!(told[2].1, AlarmLevel::Yellow);
    park.replays();
}

/// They got a receipt, and the alarm stayed as it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_no_alarm_can_take_is_refused() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let operator = ca.partner("OP-1", Role::Operator);
    let two = ca.partner("ENT-2", Role::Enterprise);
    let hub = park.start().await;
    let tanker = vec![registration("苏A10001", "ENT-2", SubjectKind::VehHazmat)];
    assert_eq!(warned(&hub, &two, tanker).await, ["F037"]);
    let id = told(&park.entries()).remove(0).0;
    let step = |previous, state, note: Option<&str>| {
        let mut said = step_of_operator(&id, previous, state).remove(0);
        if let Body::AlarmUpdate(it) = &mut said {
            it.note = note.map(str::to_owned);
        }
        said
    };
    let (raised, seen, closed) = (
        AlarmState::Raised,
        AlarmState::Acknowledged,
        AlarmState::Closed,
    );
    let said = vec![
        step(raised, closed, Some("done")),
        step(raised, seen, None),
        step(seen, closed, None),
        step(seen, raised, Some("again")),
        step(seen, closed, Some("done")),
    ];
    let no = "refused F075";
    assert_eq!(warned(&hub, &operator, said).await, [no, "", no, no, ""]);
    hub.shutdown().await.unwrap();
    park.replays();
}
