//! Alarms whose author's own names look like those the hub gives, or that are first heard of in a later state:
//! each is told, and reached again by its author under the name he gave it.

use cordon_contract::{Accepted, EntryKind, Fault, IntakeError, Payload, speaker_of};
use cordon_flow::StoredEntry;
use cordon_model::{AlarmEvent, AlarmState, AlarmUpdate, Body, MessageId};
use cordon_security::Role;

use crate::park::{Park, hub_id, morning, reading};
use crate::partner::Ca;
use crate::said::{alarm, party, warned};

/// Names that panels and flow meters give, and that look like the hub's. `flow-3` is about to be one that the
/// hub gives an alarm of the same panel.
const LIKE_HUBS: [&str; 8] = [
    "alarm-1",
    "alarm-17",
    "alarm-900-0",
    "alarm-2026-11-29-001",
    "alarm-1795931626",
    "flow-3",
    "access-17",
    "alarm-9-of-many",
];

fn event(id: &str, words: &str, state: AlarmState) -> Body {
    Body::AlarmEvent(AlarmEvent {
        state,
        description: words.into(),
        ..alarm(id, None)
    })
}

fn step(id: &str, steps: (AlarmState, AlarmState)) -> Body {
    step_by("ENT-2", id, steps)
}

fn step_by(actor: &str, id: &str, (previous, state): (AlarmState, AlarmState)) -> Body {
    Body::AlarmUpdate(AlarmUpdate {
        alarm_id: id.into(),
        state,
        previous,
        actor_id: party(actor),
        receiver: None,
        escalation_level: None,
        note: Some("put out".into()),
        updated_at: morning(),
    })
}

async fn offer(park: &Park, device: &str, body: Body) -> Result<Accepted, Fault> {
    offer_as(park, device, body, None).await
}

async fn offer_as(
    park: &Park,
    device: &str,
    body: Body,
    id: Option<MessageId>,
) -> Result<Accepted, Fault> {
    let mut one = reading(device, &format!("{body:?}"), id);
    one.payload = Payload::Body(Box::new(body));
    match park.intake().offer(one).await {
        Ok(accepted) => Ok(accepted),
        Err(IntakeError::Refused(fault)) => Err(fault),
        Err(other) => panic!("{other}"),
    }
}

fn code(answer: Result<Accepted, Fault>) -> Option<&'static str> {
    answer.err().map(|fault| fault.code())
}

/// What plug-ins saw of the alarms of a speaker: id, words, state.
fn seen(stored: &[StoredEntry], by: &str) -> Vec<(String, String, AlarmState)> {
    let seen = stored
        .iter()
        .filter(|one| one.entry.kind == EntryKind::Message && !one.entry.overtaken);
    seen.filter_map(|one| {
        let message = one.entry.message.as_deref()?;
        let told = match &message.body {
            Body::AlarmEvent(it) => (it.alarm_id.clone(), it.description.clone(), it.state),
            Body::AlarmUpdate(it) => (it.alarm_id.clone(), String::new(), it.state),
            _ => return None,
        };
        (speaker_of(message) == by).then_some(told)
    })
    .collect()
}

/// A panel that numbers its alarms `alarm-1`, `alarm-2` told of fires that nobody ever saw: the hub took each
/// for a word about an alarm of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_fire_whose_own_name_looks_like_one_of_the_hubs_is_told_and_ended_under_it() {
    use AlarmState as S;
    let park = Park::new();
    let hub = park.start().await;
    for name in LIKE_HUBS {
        let fire = event(name, &format!("fire of {name}"), S::Raised);
        assert_eq!(code(offer(&park, "S-05", fire.clone()).await), None);
        // Another panel counts alike, and is another alarm.
        let other = event(name, &format!("other of {name}"), S::Raised);
        assert_eq!(code(offer(&park, "S-06", other).await), None);
        // Told again it is the one it was.
        assert_eq!(code(offer(&park, "S-05", fire).await), None);
    }
    hub.shutdown().await.unwrap();
    let hub = park.start().await;
    for name in LIKE_HUBS {
        let end = event(name, &format!("fire of {name}"), S::Cleared);
        assert_eq!(code(offer(&park, "S-05", end).await), None, "{name}");
    }
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let told = seen(&stored, "S-05");
    for name in LIKE_HUBS {
        let words = format!("fire of {name}");
        let mut of_name = told.iter().filter(|(_, said, _)| *said == words);
        let (id, _, _) = of_name.next().unwrap();
        assert!(id.starts_with("flow-") && id != name, "{id}");
        let states: Vec<S> = told
            .iter()
            .filter(|(one, _, _)| one == id)
            .map(|(_, _, state)| *state)
            .collect();
        assert_eq!(states, [S::Raised, S::Raised, S::Cleared], "{name}");
    }
    assert_eq!(told.len(), 3 * LIKE_HUBS.len(), "nothing else: {told:?}");
    let others = seen(&stored, "S-06");
    assert!(others.iter().all(|(_, _, state)| *state == S::Raised));
    assert_eq!(others.len(), LIKE_HUBS.len());
    // All its words and its level, and where it came from.
    let first = stored
        .iter()
        .find_map(|one| match &one.entry.message.as_deref()?.body {
            Body::AlarmEvent(it) if it.alarm_id == told[0].0 => Some((one, it.clone())),
            _ => None,
        });
    let (entry, first) = first.unwrap();
    let given = AlarmEvent {
        alarm_id: format!("flow-{}", entry.entry.cause),
        cause_ref: first.cause_ref,
        description: "fire of alarm-1".into(),
        ..alarm("alarm-1", None)
    };
    assert_eq!(first, given);
    park.replays();
}

/// What says that an alarm of the hub is over, or steps it, is refused whoever's it is not; what its author
/// raised so is his to end, also late.
#[tokio::test(flavor = "multi_thread")]
async fn under_a_name_of_the_hubs_only_what_its_author_raised_so_is_ended() {
    use AlarmState as S;
    let park = Park::new();
    let two = Ca::new(park.dir.path()).partner("ENT-2", Role::Enterprise);
    let hub = park.start().await;
    let end = || event("alarm-1", "fire", S::Cleared);
    assert_eq!(
        code(offer(&park, "S-05", end()).await),
        Some("F031"),
        "nobody raised it"
    );
    let fire = event("alarm-1", "fire", S::Raised);
    assert_eq!(warned(&hub, &two, vec![fire]).await, ["F048"]);
    assert_eq!(
        code(offer(&park, "S-05", end()).await),
        Some("F031"),
        "another did"
    );
    let said = vec![
        step("alarm-1", (S::Raised, S::Acknowledged)),
        end(),
        step("alarm-1", (S::Cleared, S::Closed)),
    ];
    assert_eq!(warned(&hub, &two, said).await, ["F048"; 3]);
    hub.shutdown().await.unwrap();
    // Its end comes once more, when it is closed and the hub was started anew.
    let hub = park.start().await;
    let late = vec![end(), step("alarm-1", (S::Raised, S::Acknowledged))];
    assert_eq!(warned(&hub, &two, late).await, ["F048", "refused F031"]);
    // Then the name is free for another alarm of his.
    let again = event("alarm-1", "again", S::Raised);
    assert_eq!(warned(&hub, &two, vec![again]).await, ["F048"]);
    hub.shutdown().await.unwrap();
    let told = seen(&park.entries(), "ENT-2");
    let states: Vec<S> = told.iter().map(|(_, _, state)| *state).collect();
    let first = [
        S::Raised,
        S::Acknowledged,
        S::Cleared,
        S::Closed,
        S::Cleared,
    ];
    assert_eq!(states, [&first[..], &[S::Raised]].concat());
    let ids: Vec<&str> = told.iter().map(|(id, _, _)| id.as_str()).collect();
    assert_eq!(ids[..5], [ids[0]; 5], "the late end too");
    assert_ne!(ids[0], ids[5], "what is closed stays closed");
    park.replays();
}

/// The hub counts a partner's refused words in one alarm. A partner who names a fire so reaches his fire by the
/// name, and the hub goes on counting.
#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_of_the_hub_is_not_touched_by_one_that_bears_its_name() {
    use AlarmState as S;
    let park = Park::new();
    let two = Ca::new(park.dir.path()).partner("ENT-2", Role::Enterprise);
    let hub = park.start().await;
    let foreign = || vec![event("alarm-9-0", "none", S::Cleared)];
    assert_eq!(warned(&hub, &two, foreign()).await, ["refused F031"]);
    let of_hub = |park: &Park| seen(&park.entries(), hub_id().as_str());
    let (id, _, _) = of_hub(&park)[0].clone();
    assert!(id.starts_with("flow-"));
    let said = vec![
        event(&id, "tank 7 burns", S::Raised),
        step(&id, (S::Raised, S::Acknowledged)),
        step(&id, (S::Acknowledged, S::Closed)),
    ];
    assert_eq!(warned(&hub, &two, said).await, ["F048"; 3]);
    // Nine refusals more are counted in the alarm that was there.
    for _ in 0..9 {
        assert_eq!(warned(&hub, &two, foreign()).await, ["refused F031"]);
    }
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let own = seen(&stored, "ENT-2");
    assert_eq!(own.len(), 3);
    assert!(own.iter().all(|(one, _, _)| *one == own[0].0 && *one != id));
    assert_eq!(own[0].1, "tank 7 burns");
    let hubs = of_hub(&park);
    assert!(
        hubs.iter()
            .all(|(one, _, state)| *one == id && *state == S::Raised),
        "{hubs:?}"
    );
    assert_eq!(hubs.len(), 2, "told at the first and the tenth: {hubs:?}");
    park.replays();
}

/// A fire first heard of as CONFIRMED was refused where another panel had ever used its number.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_not_over_raises_under_a_name_that_another_used() {
    use AlarmState as S;
    let park = Park::new();
    let hub = park.start().await;
    let states = [S::Raised, S::Acknowledged, S::Confirmed, S::Dispatched];
    for (name, first) in [("8", "S-21"), ("alarm-8", "S-31")] {
        let raised = event(name, "first", S::Raised);
        assert_eq!(code(offer(&park, first, raised).await), None);
        for (number, state) in states.into_iter().enumerate() {
            let device = format!("{first}{number}");
            let fire = event(name, "zone 8 burns", state);
            assert_eq!(code(offer(&park, &device, fire).await), None, "{state:?}");
        }
        // What is over raises nothing, and of another's nobody says it.
        for state in [S::Cleared, S::Closed, S::Rejected] {
            let over = event(name, "zone 8 burns", state);
            assert_eq!(code(offer(&park, "S-99", over).await), Some("F031"));
        }
    }
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    for first in ["S-21", "S-31"] {
        for (number, state) in states.into_iter().enumerate() {
            let told = seen(&stored, &format!("{first}{number}"));
            let [(id, words, told)] = &told[..] else {
                panic!("once: {told:?}")
            };
            assert!(id.starts_with("flow-"), "{id}");
            assert_eq!((words.as_str(), *told), ("zone 8 burns", state));
        }
    }
    park.replays();
}

/// The same words with an id and no time are another fire when the first one is over, under whatever name and
/// in whatever state they tell of it.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_words_after_the_end_say_that_their_alarm_is_over() {
    use AlarmState as S;
    let park = Park::new();
    let operator = Ca::new(park.dir.path()).partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let cases = [
        ("alarm-1", S::Raised),
        ("F-1", S::Confirmed),
        ("alarm-2", S::Confirmed),
    ];
    for (number, (name, state)) in cases.into_iter().enumerate() {
        let id = Some(MessageId::from_bytes(
            [u8::try_from(number).unwrap() + 1; 16],
        ));
        let fire = event(name, "fire", state);
        let first = offer_as(&park, "S-05", fire.clone(), id).await.unwrap();
        assert!(!first.duplicate);
        let same = offer_as(&park, "S-05", fire.clone(), id).await.unwrap();
        assert!(same.duplicate && !same.is_over, "it burns still: {name}");
        let (own, _, _) = seen(&park.entries(), "S-05").pop().unwrap();
        let end = step_by("OP-1", &own, (state, S::Cleared));
        assert_eq!(warned(&hub, &operator, vec![end]).await, [""]);
        let same = offer_as(&park, "S-05", fire, id).await.unwrap();
        assert!(same.duplicate && same.is_over, "{name}");
    }
    hub.shutdown().await.unwrap();
    park.replays();
}
