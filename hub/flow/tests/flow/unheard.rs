//! What a device said is not understood: people are told where it may have been an alarm, and when it is over.

use std::sync::Arc;

use bytes::Bytes;
use cordon_contract::{EntryKind, Fault, Intake, Payload, Reading};
use cordon_mapping::Mappings;
use cordon_model::{AlarmCode, AlarmState, AlarmUpdate, Body};
use cordon_security::Role;

use crate::park::{Park, morning, reading, until};
use crate::partner::Ca;
use crate::said::{party, warned};

const HEAD: &str = "title = \"t\"\nformat = \"json\"\nlicence = \"Apache-2.0\"\nsource = \"t\"\nzone = \"+08:00\"\n";
const ALARMS: &str = "[[rule]]\ntopic = \"say/+\"\nemit = \"AlarmEvent\"\nwhen = [{ from = \"/kind\", present = true }]\n\
    set.AlarmId = { from = \"/id\" }\nset.AlarmCode = { from = \"/kind\", map = { fire = \"FIRE\" } }\n\
    set.AlarmLevel = { value = \"RED\" }\nset.State = { value = \"RAISED\" }\nset.OccurredAt = { reading = \"time\" }\n\
    set.SourceDevice = { topic = 1 }\nset.Description = { value = \"fire\" }\n";
const STATES: &str = "[[rule]]\ntopic = \"say/+\"\nemit = \"DeviceStatus\"\nset.DeviceId = { topic = 1 }\n\
    set.DeviceKind = { value = \"SENSOR\" }\nset.State = { value = \"ONLINE\" }\nset.Reason = { from = \"/why\", optional = true }\n\
    set.ObservedAt = { reading = \"time\" }\n";

/// A park with a package whose rules are alarms and states, and one of states alone.
fn park() -> Park {
    let mut park = Park::new();
    let folder = park.dir.path().join("mappings");
    for (name, rules) in [
        ("both", [ALARMS, STATES].concat()),
        ("states", STATES.to_owned()),
    ] {
        let package = folder.join(format!("test/{name}/1"));
        std::fs::create_dir_all(&package).unwrap();
        let head = format!("id = \"test/{name}/1\"\n{HEAD}");
        std::fs::write(package.join("mapping.toml"), head).unwrap();
        std::fs::write(package.join("points.toml"), rules).unwrap();
    }
    park.mappings = Arc::new(Mappings::load(&folder).unwrap());
    park
}

fn says(device: &str, package: &str, text: &str) -> Reading {
    Reading {
        payload: Payload::Json {
            mapping: format!("test/{package}/1"),
            topic: format!("say/{device}"),
            document: Bytes::copy_from_slice(text.as_bytes()),
        },
        source_ref: Some(format!("say/{device}")),
        ..reading(device, "", None)
    }
}

fn unread(device: &str, is_lost: bool) -> Reading {
    Reading {
        payload: Payload::Unread {
            mapping: "test/both/1".to_owned(),
            topic: None,
            fault: Fault::new("A068", "no XML"),
            is_lost,
        },
        ..reading(device, "", None)
    }
}

/// Offers one after the other; whether each was taken.
async fn offer(intake: &Intake, readings: Vec<Reading>) -> Vec<bool> {
    let mut taken = Vec::new();
    for reading in readings {
        taken.push(intake.offer(reading).await.is_ok());
    }
    taken
}

/// Alarms about what is not understood, as the hub said them: device and state.
fn told(park: &Park) -> Vec<(String, AlarmState)> {
    let entries = park.entries();
    let told = entries
        .iter()
        .filter_map(|one| match &one.entry.message.as_deref()?.body {
            Body::AlarmEvent(event) if event.alarm_code == AlarmCode::SchemaInvalid => {
                let device = event.source_device.as_ref()?;
                Some((device.to_string(), event.state))
            }
            _ => None,
        });
    told.collect()
}

fn of(device: &str, state: AlarmState) -> (String, AlarmState) {
    (device.to_owned(), state)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_detector_that_is_not_understood_is_told_once_until_it_is() {
    let park = park();
    let hub = park.start().await;
    let taken = offer(
        &park.intake(),
        vec![
            says("S-1", "both", "{\"kind\":\"fire\""),
            says("S-1", "both", "{\"kind\":"),
            // Its alarm alone is lost; the rest of it goes on.
            says("S-2", "both", "{\"kind\":\"brand\",\"why\":\"x\"}"),
            // Nothing of it may be an alarm.
            says("S-3", "states", "{"),
            // Told again, a state is no news.
            Reading {
                initial: true,
                ..says("S-4", "both", "{")
            },
            says("S-1", "both", "{\"kind\":\"fire\",\"id\":\"a-1\"}"),
            // One that is read in part stands for longer.
            says("S-2", "both", "{\"why\":\"y\"}"),
            says("S-1", "both", "{"),
        ],
    )
    .await;
    assert_eq!(taken, [false, false, true, false, false, true, true, false]);
    hub.shutdown().await.unwrap();
    assert_eq!(
        told(&park),
        [
            of("S-1", AlarmState::Raised),
            of("S-2", AlarmState::Raised),
            of("S-1", AlarmState::Cleared),
            of("S-1", AlarmState::Raised),
        ]
    );
    park.replays();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_adapter_cannot_read_is_an_entry_and_ends_when_it_says_that_all_is_well() {
    let park = park();
    let hub = park.start().await;
    offer(
        &park.intake(),
        vec![
            unread("S-1", true),
            // In the same minute it is counted alone.
            unread("S-1", true),
            // Mended: an entry, and nobody is called.
            unread("S-2", false),
            says("S-1", "both", "{\"kind\":\"fire\",\"id\":\"a-1\"}"),
        ],
    )
    .await;
    assert_eq!(told(&park), [of("S-1", AlarmState::Raised)]);
    offer(&park.intake(), vec![reading("S-1", "all is well", None)]).await;
    hub.shutdown().await.unwrap();
    let entries = park.entries();
    let refused = entries
        .iter()
        .filter(|one| one.entry.kind == EntryKind::Refused);
    let labels: Vec<&str> = refused.map(|one| one.entry.label.as_str()).collect();
    assert_eq!(labels, ["A068", "A068"]);
    assert_eq!(
        told(&park),
        [
            of("S-1", AlarmState::Raised),
            of("S-1", AlarmState::Cleared)
        ]
    );
    park.replays();
}

/// A battery that could not be read was acknowledged, and what the detector said of gas hours later was told to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn what_else_is_lost_and_what_is_lost_after_people_have_seen_it_is_told_anew() {
    let park = park();
    let mut ca = Ca::new(park.dir.path());
    let operator = ca.partner("OP-1", Role::Operator);
    let mut hub = park.start().await;
    let of_alarm = |park: &Park| {
        let entries = park.entries();
        let said = entries.iter();
        let said = said.filter_map(|one| match &one.entry.message.as_deref()?.body {
            Body::AlarmEvent(it) if it.alarm_code == AlarmCode::SchemaInvalid => {
                Some((it.alarm_id.clone(), it.state))
            }
            _ => None,
        });
        let said: Vec<_> = said.collect();
        let id = said[0].0.clone();
        assert!(said.iter().all(|one| one.0 == id), "one alarm: {said:?}");
        let raised = said.iter().filter(|one| one.1 == AlarmState::Raised);
        (id, raised.count(), said.len())
    };
    let battery = || says("S-1", "both", "{");
    offer(&park.intake(), vec![unread("S-1", true)]).await;
    let (id, told, _) = of_alarm(&park);
    assert_eq!(told, 1);
    let seen = || {
        Body::AlarmUpdate(AlarmUpdate {
            alarm_id: id.clone(),
            state: AlarmState::Acknowledged,
            previous: AlarmState::Raised,
            actor_id: party("OP-1"),
            receiver: None,
            escalation_level: None,
            note: None,
            updated_at: morning(),
        })
    };
    // Another kind, at once and once.
    for _ in 0..2 {
        offer(&park.intake(), vec![battery()]).await;
        assert_eq!(of_alarm(&park).1, 2);
        park.clock.advance_ms(61_000);
    }
    // The same as before is told once people have seen the alarm, and then each ten minutes.
    let mut told = 2;
    for is_told in [true, false] {
        offer(&park.intake(), vec![battery()]).await;
        assert_eq!(of_alarm(&park).1, told, "nobody has seen it");
        park.clock.advance_ms(61_000);
        assert_eq!(warned(&hub, &operator, vec![seen()]).await, [""]);
        offer(&park.intake(), vec![battery()]).await;
        told += usize::from(is_told);
        assert_eq!(of_alarm(&park).1, told);
        park.clock.advance_ms(61_000);
    }
    // What is owed is told although the device is understood meanwhile and the hub starts again.
    let well = || says("S-1", "both", "{\"kind\":\"fire\",\"id\":\"a-1\"}");
    offer(&park.intake(), vec![well()]).await;
    hub.shutdown().await.unwrap();
    hub = park.start().await;
    park.clock.advance_ms(600_000);
    until("what is owed is told", || of_alarm(&park).1 == told + 1).await;
    assert_eq!(of_alarm(&park).2, told + 1, "it has not ended");
    offer(&park.intake(), vec![well()]).await;
    assert_eq!(of_alarm(&park).2, told + 2, "it has");
    hub.shutdown().await.unwrap();
    park.replays();
}
