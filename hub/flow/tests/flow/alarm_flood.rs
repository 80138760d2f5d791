//! Many alarms of one partner, and alarms that share a name: each is counted to who raised it, and
//! reached by him under the name he gave it.

use std::sync::Arc;

use cordon_contract::{EntryKind, IntakeError, Payload, Reading, speaker_of};
use cordon_flow::{Authority, AuthoritySettings, RunningHub, StoredEntry};
use cordon_model::{AlarmEvent, AlarmLevel, AlarmState, AlarmUpdate, Body, DeviceId, MessageId};
use cordon_security::Role;

use crate::park::{Park, hub_id, morning, plan, reading, until};
use crate::partner::{Ca, Partner};
use crate::said::{alarm, party, warned};

/// A park in which a partner may have three alarms open.
fn park_of_three() -> Park {
    let mut park = Park::new();
    let settings = AuthoritySettings {
        open_alarms_max: 3,
        ..AuthoritySettings::default()
    };
    let authority = Authority::new(Arc::new(plan()), hub_id(), settings).unwrap();
    park.config.authority = Arc::new(authority);
    park
}

fn raise(id: &str, enterprise: &str, device: &str, level: AlarmLevel) -> Body {
    Body::AlarmEvent(AlarmEvent {
        source_device: Some(DeviceId::new(device).unwrap()),
        alarm_level: level,
        ..alarm(id, Some(enterprise))
    })
}

fn step(id: &str, actor: &str, (previous, state): (AlarmState, AlarmState)) -> Body {
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

/// The alarm events of the journal that plug-ins saw: id, speaker, level.
fn alarms(stored: &[StoredEntry]) -> Vec<(String, String, AlarmLevel)> {
    let seen = stored
        .iter()
        .filter(|one| one.entry.kind == EntryKind::Message && !one.entry.overtaken);
    seen.filter_map(|one| {
        let message = one.entry.message.as_deref()?;
        let Body::AlarmEvent(event) = &message.body else {
            return None;
        };
        let speaker = speaker_of(message).to_owned();
        Some((event.alarm_id.clone(), speaker, event.alarm_level))
    })
    .collect()
}

/// The place was dropped, so nobody saw from the page where the plant's own fire was.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_alarm_shows_the_words_and_the_place_of_what_it_counts() {
    let park = park_of_three();
    let two = Ca::new(park.dir.path()).partner("ENT-2", Role::Enterprise);
    let hub = park.start().await;
    let flood = (0..4).map(|number| {
        let id = format!("Z-{number}");
        raise(&id, "ENT-2", &format!("NO-{number}"), AlarmLevel::Blue)
    });
    warned(&hub, &two, flood.collect()).await;
    let fire = Body::AlarmEvent(AlarmEvent {
        area_id: Some("AREA-KEY-1".into()),
        gate_id: Some("ENT-2-G1".parse().unwrap()),
        lane_id: Some("ENT-2-G1-L1".parse().unwrap()),
        description: "TRUE FIRE tank 7".into(),
        ..alarm("F-1", Some("ENT-2"))
    });
    assert_eq!(warned(&hub, &two, vec![fire]).await, ["F062"]);
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let told = stored
        .iter()
        .rev()
        .find_map(|one| match &one.entry.message.as_deref()?.body {
            Body::AlarmEvent(it) if it.alarm_id.starts_with("flow-") => {
                let message = one.entry.message.as_deref()?;
                Some((it.clone(), message.header.correlation_id.clone()))
            }
            _ => None,
        });
    let (told, name) = told.unwrap();
    // No step under this name may be taken for another alarm that bears it.
    assert_eq!(name.as_deref(), Some("F-1"));
    assert!(told.description.ends_with("TRUE FIRE tank 7"), "{told:?}");
    assert_eq!(told.area_id.as_deref(), Some("AREA-KEY-1"));
    assert_eq!(told.gate_id.unwrap().as_str(), "ENT-2-G1");
    assert_eq!(told.lane_id.unwrap().as_str(), "ENT-2-G1-L1");
    park.replays();
}

/// What a partner signs is a name, though it holds his id and the instant, and he calls himself its device.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_alarm_hands_on_each_name_that_a_partner_signs() {
    let park = park_of_three();
    let two = Ca::new(park.dir.path()).partner("ENT-2", Role::Enterprise);
    let hub = park.start().await;
    let blue = |id: &str, device: &str| raise(id, "ENT-2", device, AlarmLevel::Blue);
    let flood = (0..3).map(|number| blue(&format!("Z-{number}"), "NO-1"));
    warned(&hub, &two, flood.collect()).await;
    let made = cordon_contract::made_name("ENT-2", morning());
    let said = [blue(&made, "ENT-2"), blue(&made, "NO-2")].to_vec();
    assert_eq!(warned(&hub, &two, said).await, ["F062"; 2]);
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let names = stored.iter().filter_map(|one| {
        let message = one.entry.message.as_deref()?;
        let is_flood =
            matches!(&message.body, Body::AlarmEvent(it) if it.alarm_id.starts_with("flow-"));
        is_flood.then_some(message.header.correlation_id.as_deref())
    });
    assert_eq!(names.collect::<Vec<_>>(), [Some(&*made); 2]);
    park.replays();
}

/// An operator closes an alarm.
async fn close(hub: &RunningHub, operator: &Partner, id: &str) {
    let said = vec![
        step(id, "OP-1", (AlarmState::Raised, AlarmState::Acknowledged)),
        step(id, "OP-1", (AlarmState::Acknowledged, AlarmState::Closed)),
    ];
    assert_eq!(warned(hub, operator, said).await, ["", ""], "{id}");
}

/// 500 red alarms from devices that nobody knows.
#[tokio::test(flavor = "multi_thread")]
async fn a_partners_further_alarms_are_counted_in_one_flood_alarm() {
    let park = park_of_three();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let two = ca.partner("ENT-2", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let flood = (0..500).map(|number| {
        let id = format!("Z-{number}");
        raise(&id, "ENT-2", &format!("NO-{number}"), AlarmLevel::Blue)
    });
    let told = warned(&hub, &two, flood.collect()).await;
    assert!(told[..3].iter().all(String::is_empty), "{:?}", &told[..3]);
    assert!(told[3..].iter().all(|codes| codes == "F062"));
    // What is open it may tell again; another partner is not touched by it.
    let again = raise("Z-1", "ENT-2", "NO-1", AlarmLevel::Blue);
    assert_eq!(warned(&hub, &two, vec![again]).await, [""]);
    let fire = raise("A-1", "ENT-1", "NO-1", AlarmLevel::Red);
    assert_eq!(warned(&hub, &one, vec![fire]).await, [""]);
    // Neither another name nor the same one for other devices makes room, nor an end that was refused.
    let said = vec![
        raise("A-1", "ENT-2", "NO-7", AlarmLevel::Red),
        raise("Z-1", "ENT-2", "NO-8", AlarmLevel::Red),
        raise("Z-900", "ENT-2", "NO-9", AlarmLevel::Red),
    ];
    assert_eq!(warned(&hub, &two, said).await, ["F062"; 3]);
    close(&hub, &operator, "Z-0").await;
    hub.shutdown().await.unwrap();

    let hub = park.start().await;
    let more = vec![
        raise("Z-901", "ENT-2", "NO-10", AlarmLevel::Blue),
        raise("Z-902", "ENT-2", "NO-11", AlarmLevel::Blue),
    ];
    assert_eq!(warned(&hub, &two, more).await, ["", "F062"]);
    hub.shutdown().await.unwrap();

    let seen = alarms(&park.entries());
    let own = seen.iter().filter(|(_, speaker, _)| speaker == "ENT-2");
    assert_eq!(own.count(), 5, "three, one told again, one after room");
    let mut flood: Vec<_> = seen
        .iter()
        .filter(|(_, speaker, _)| *speaker == hub_id().as_str())
        .collect();
    assert_eq!(flood.len(), 497 + 3 + 1, "each is counted");
    assert_eq!(flood.iter().filter(|it| it.2 == AlarmLevel::Red).count(), 3);
    flood.dedup_by_key(|(id, _, _)| id.clone());
    assert_eq!(flood.len(), 1, "in one: {flood:?}");
    park.replays();
}

/// Its author stepped an alarm that was closed already: it took his room for ever, and nobody saw it to close it.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_after_the_end_takes_no_room() {
    let park = park_of_three();
    let mut ca = Ca::new(park.dir.path());
    let two = ca.partner("ENT-2", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let blue = |number: usize| raise(&format!("Z-{number}"), "ENT-2", "NO-1", AlarmLevel::Blue);
    let told = warned(&hub, &two, (0..3).map(blue).collect()).await;
    assert_eq!(told, ["", "", ""]);
    for number in 0..3 {
        let id = format!("Z-{number}");
        close(&hub, &operator, &id).await;
        for state in [AlarmState::Cleared, AlarmState::Acknowledged] {
            let said = vec![step(&id, "ENT-2", (AlarmState::Raised, state))];
            warned(&hub, &two, said).await;
        }
    }
    let told = warned(&hub, &two, (3..7).map(blue).collect()).await;
    assert_eq!(told, ["", "", "", "F062"]);
    hub.shutdown().await.unwrap();
    park.replays();
}

/// Whoever speaks at the broker under an enterprise's name filled its room and acted on its alarms.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_calls_itself_like_an_enterprise_is_not_taken_for_it() {
    let park = park_of_three();
    let two = Ca::new(park.dir.path()).partner("ENT-2", Role::Enterprise);
    let hub = park.start().await;
    for (number, name) in ["ENT-2", "ent-2", "ENT-2", "Ent-2"].into_iter().enumerate() {
        let mut one = reading(name, &format!("fire {number}"), None);
        let fire = alarm(&format!("B-{number}"), None);
        one.payload = Payload::Body(Box::new(Body::AlarmEvent(fire)));
        assert!(park.intake().offer(one).await.is_ok(), "{name}");
    }
    let own = (0..3).map(|number| {
        let id = format!("Z-{number}");
        raise(&id, "ENT-2", &format!("NO-{number}"), AlarmLevel::Blue)
    });
    let told = warned(&hub, &two, own.collect()).await;
    assert_eq!(told, ["", "", ""], "its room is its own");
    hub.shutdown().await.unwrap();
    let speakers: Vec<String> = alarms(&park.entries())
        .into_iter()
        .map(|(_, speaker, _)| speaker)
        .collect();
    let named = ["u.ENT-2", "u.ent-2", "u.ENT-2", "u.Ent-2"];
    assert_eq!(speakers[..4], named, "what it says is kept");
    park.replays();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_alarm_that_is_over_is_followed_by_another_and_is_not_its_partners_to_end() {
    let park = park_of_three();
    let mut ca = Ca::new(park.dir.path());
    let two = ca.partner("ENT-2", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let flood = |from: usize| {
        let ids = from..from + 5;
        ids.map(|number| {
            let id = format!("Z-{number}");
            raise(&id, "ENT-2", &format!("NO-{number}"), AlarmLevel::Red)
        })
        .collect::<Vec<_>>()
    };
    warned(&hub, &two, flood(0)).await;
    let seen = alarms(&park.entries());
    let first = &seen
        .iter()
        .find(|(id, _, _)| id.starts_with("flow-"))
        .unwrap()
        .0;
    let end = (AlarmState::Raised, AlarmState::Acknowledged);
    let said = vec![step(first, "ENT-2", end)];
    assert_eq!(warned(&hub, &two, said).await, ["refused F031"]);
    close(&hub, &operator, first).await;
    assert_eq!(warned(&hub, &two, flood(5)).await, ["F062"; 5]);
    hub.shutdown().await.unwrap();
    let mut ids: Vec<String> = alarms(&park.entries())
        .into_iter()
        .filter(|(id, _, level)| id.starts_with("flow-") && *level == AlarmLevel::Red)
        .map(|(id, _, _)| id)
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 2, "{ids:?}");
    park.replays();
}

/// What a partner says of its alarm reached it only under the name the hub had given it.
#[tokio::test(flavor = "multi_thread")]
async fn whose_alarm_bears_anothers_name_speaks_of_it_by_the_name_he_gave() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let two = ca.partner("ENT-2", Role::Enterprise);
    let hub = park.start().await;
    let own = |enterprise| Body::AlarmEvent(alarm("AL-0002", Some(enterprise)));
    assert_eq!(warned(&hub, &one, vec![own("ENT-1")]).await, [""]);
    let steps = vec![
        own("ENT-2"),
        step(
            "AL-0002",
            "ENT-2",
            (AlarmState::Raised, AlarmState::Acknowledged),
        ),
        // Told again it is the same alarm, and its author may end it by an event too.
        own("ENT-2"),
        Body::AlarmEvent(AlarmEvent {
            state: AlarmState::Cleared,
            ..alarm("AL-0002", Some("ENT-2"))
        }),
    ];
    assert_eq!(warned(&hub, &two, steps).await, ["F048"; 4]);
    hub.shutdown().await.unwrap();
    // So it is after a restart.
    let hub = park.start().await;
    let end = (AlarmState::Acknowledged, AlarmState::Closed);
    let said = vec![step("AL-0002", "ENT-2", end)];
    assert_eq!(warned(&hub, &two, said).await, ["F048"]);
    // Then the name is the first one's alone.
    let said = vec![step("AL-0002", "ENT-2", end)];
    assert_eq!(warned(&hub, &two, said).await, ["refused F031"]);
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let told: Vec<(String, AlarmState)> = stored
        .iter()
        .filter(|one| one.entry.kind == EntryKind::Message && !one.entry.overtaken)
        .filter_map(|one| match &one.entry.message.as_deref()?.body {
            Body::AlarmEvent(it) => Some((it.alarm_id.clone(), it.state)),
            Body::AlarmUpdate(it) => Some((it.alarm_id.clone(), it.state)),
            _ => None,
        })
        .collect();
    let (first, rest) = told.split_first().unwrap();
    assert_eq!(*first, ("AL-0002".into(), AlarmState::Raised));
    let states: Vec<AlarmState> = rest
        .iter()
        .filter(|(id, _)| *id == rest[0].0)
        .map(|(_, state)| *state)
        .collect();
    assert_eq!(
        states,
        [
            AlarmState::Raised,
            AlarmState::Acknowledged,
            AlarmState::Raised,
            AlarmState::Cleared,
            AlarmState::Closed
        ]
    );
    let foreign = rest.iter().filter(|(id, _)| id == "AL-0002");
    assert_eq!(foreign.count(), 0, "the other's is not touched");
    park.replays();
}

/// A plant rejected and closed what an operator had raised about it, and it was gone from the page.
#[tokio::test(flavor = "multi_thread")]
async fn whom_an_alarm_is_about_acts_on_it_and_does_not_end_it() {
    use AlarmState as S;
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let own = Body::AlarmEvent(alarm("access-7", Some("ENT-1")));
    hub.submit().internal(own, &hub_id()).await.unwrap();
    let fire = Body::AlarmEvent(alarm("PK-1", Some("ENT-1")));
    assert_eq!(warned(&hub, &operator, vec![fire]).await, [""]);
    for id in ["PK-1", "access-7"] {
        let over = Body::AlarmEvent(AlarmEvent {
            state: S::Cleared,
            ..alarm(id, Some("ENT-1"))
        });
        let said = vec![
            step(id, "ENT-1", (S::Raised, S::Rejected)),
            step(id, "ENT-1", (S::Raised, S::Acknowledged)),
            step(id, "ENT-1", (S::Acknowledged, S::InProgress)),
            step(id, "ENT-1", (S::InProgress, S::Cleared)),
            step(id, "ENT-1", (S::InProgress, S::Closed)),
            over,
        ];
        let no = "refused F031";
        assert_eq!(
            warned(&hub, &one, said).await,
            [no, "", "", no, no, no],
            "{id}"
        );
    }
    // What it raised itself it ends, and what its own device did.
    let said = vec![
        raise("A-1", "ENT-1", "NO-1", AlarmLevel::Red),
        step("A-1", "ENT-1", (S::Raised, S::Rejected)),
        step("A-1", "ENT-1", (S::Rejected, S::Closed)),
    ];
    assert_eq!(warned(&hub, &one, said).await, [""; 3]);
    let device = ca.partner("ENT-1-CAM-1", Role::Device);
    let seen = raise("C-1", "ENT-1", "ENT-1-CAM-1", AlarmLevel::Red);
    assert_eq!(warned(&hub, &device, vec![seen]).await, [""]);
    let said = vec![step("C-1", "ENT-1", (S::Raised, S::Rejected))];
    assert_eq!(warned(&hub, &one, said).await, [""]);
    hub.shutdown().await.unwrap();
    park.replays();
}

/// Naming the plant it is about made an operator's own alarm another's: told again it was two, and he
/// could not say that it was over.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_raised_about_a_plant_stays_his_to_speak_of() {
    let park = Park::new();
    let operator = Ca::new(park.dir.path()).partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let told = |level, state| {
        Body::AlarmEvent(AlarmEvent {
            alarm_level: level,
            state,
            ..alarm("PK-2", Some("ENT-1"))
        })
    };
    let said = vec![
        told(AlarmLevel::Orange, AlarmState::Raised),
        told(AlarmLevel::Red, AlarmState::Raised),
        told(AlarmLevel::Orange, AlarmState::Cleared),
    ];
    assert_eq!(warned(&hub, &operator, said).await, [""; 3]);
    hub.shutdown().await.unwrap();
    let seen = alarms(&park.entries());
    assert!(seen.iter().all(|(id, _, _)| id == "PK-2"), "{seen:?}");
    park.replays();
}

/// 500 alarms at a time without end filled the disk, and then the park's own were refused.
#[tokio::test(flavor = "multi_thread")]
async fn an_enterprise_says_only_so_much_of_alarms_in_a_minute() {
    let mut park = Park::new();
    let settings = AuthoritySettings {
        open_alarms_max: 3,
        alarm_words_a_minute: 5,
        ..AuthoritySettings::default()
    };
    let authority = Authority::new(Arc::new(plan()), hub_id(), settings).unwrap();
    park.config.authority = Arc::new(authority);
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let two = ca.partner("ENT-2", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let flood = |count: usize| {
        let ids = 0..count;
        let said =
            ids.map(|number| raise(&format!("Z-{number}"), "ENT-2", "NO-1", AlarmLevel::Red));
        said.collect::<Vec<_>>()
    };
    let told = warned(&hub, &two, flood(500)).await;
    assert_eq!(told[..5], ["", "", "", "F062", "F062"]);
    assert!(told[5..].iter().all(|codes| codes == "refused F068"));
    let recorded = hub.durable().0;
    let told = warned(&hub, &two, flood(500)).await;
    assert!(told.iter().all(|codes| codes == "refused F068"), "{told:?}");
    assert!(hub.durable().0 <= recorded + 1, "nothing but a tick");
    // Neither another partner nor the park is touched by it.
    let fire = raise("A-1", "ENT-1", "NO-1", AlarmLevel::Red);
    assert_eq!(warned(&hub, &one, vec![fire]).await, [""]);
    close(&hub, &operator, "Z-0").await;
    // In the next minute it goes on.
    park.clock.advance_ms(60_000);
    let told = warned(&hub, &two, flood(6)).await;
    let taken = told.iter().filter(|codes| !codes.starts_with("refused"));
    assert_eq!(taken.count(), 5, "{told:?}");
    hub.shutdown().await.unwrap();
    park.replays();
}

/// One device that told of 800 fires a second made another's fire wait behind them, and every one of them was
/// kept for good.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_says_beyond_its_pace_is_counted_in_one_alarm_and_takes_no_turn_of_anothers()
{
    let mut park = Park::new();
    let settings = AuthoritySettings {
        device_alarms_a_minute: 1,
        ..AuthoritySettings::default()
    };
    let authority = Authority::new(Arc::new(plan()), hub_id(), settings).unwrap();
    park.config.authority = Arc::new(authority);
    let hub = park.start().await;
    let intake = park.intake();
    let say = async |device: &str, id: &str, level: AlarmLevel| {
        let event = AlarmEvent {
            description: format!("fire {id}"),
            ..match raise(id, "ENT-1", device, level) {
                Body::AlarmEvent(event) => event,
                other => panic!("{other:?}"),
            }
        };
        // A detector whose alarm was confirmed on the spot is first heard of so.
        let state = match id {
            "FIRE-2" => AlarmState::Confirmed,
            _ => AlarmState::Raised,
        };
        let event = AlarmEvent {
            enterprise_id: None,
            state,
            ..event
        };
        let offer = Reading {
            payload: Payload::Body(Box::new(Body::AlarmEvent(event))),
            ..reading(device, id, Some(MessageId::random()))
        };
        match intake.offer(offer).await {
            Ok(_) => "taken".to_owned(),
            Err(IntakeError::Refused(fault)) => fault.code().to_owned(),
            Err(other) => other.to_string(),
        }
    };
    let mut answers = Vec::new();
    for number in 0..300 {
        let (one, made_up) = (format!("A-{number}"), format!("B-{number}"));
        answers.push(say("GAS-01", &one, AlarmLevel::Orange).await);
        answers.push(say(&format!("U-{number}"), &made_up, AlarmLevel::Red).await);
    }
    let taken = answers.iter().filter(|answer| *answer == "taken").count();
    let counted = answers.iter().filter(|answer| *answer == "F093").count();
    assert_eq!((taken, counted), (40, 560), "20 minutes' worth of each");
    // Another's fire is taken as ever, and a worse one of the same device is told at once.
    assert_eq!(say("CAM-01", "FIRE-1", AlarmLevel::Red).await, "taken");
    assert_eq!(say("GAS-01", "FIRE-2", AlarmLevel::Red).await, "F093");
    let floods = || {
        let all = park.entries();
        let told = alarms(&all);
        let told = told
            .into_iter()
            .filter(|(id, _, _)| id.starts_with("flow-"));
        let mut levels: Vec<_> = told.map(|(_, _, level)| level).collect();
        levels.sort();
        levels
    };
    let (red, orange) = (AlarmLevel::Red, AlarmLevel::Orange);
    until(
        "what was counted is told, and told when it is worse",
        || floods() == [red, red, orange],
    )
    .await;
    let before = hub.durable().0;
    for number in 0..300 {
        assert_eq!(say("GAS-01", &format!("C-{number}"), red).await, "F093");
    }
    assert!(hub.durable().0 <= before + 3, "nothing but ticks");
    park.clock.advance_ms(10_000);
    until("the count goes on in the same alarm", || {
        floods().len() == 5
    })
    .await;
    hub.shutdown().await.unwrap();
    let said = park.entries();
    let ids: std::collections::BTreeSet<String> = alarms(&said)
        .into_iter()
        .map(|(id, _, _)| id)
        .filter(|id| id.starts_with("flow-"))
        .collect();
    assert_eq!(
        ids.len(),
        2,
        "one of the device, one of all that is not planned"
    );
    park.replays();
}
