//! What is kept of texts, however long and many they are.

use cordon_contract::{EntryKind, Plugin as _};
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, Body, EvidenceKind, EvidenceReference,
};

use crate::hub::{Hub, alarm};
use crate::over::{DUTY, close};

const MIB: usize = 1 << 20;

/// A red fire with a text of so many letters and all the evidence there may be.
fn fire(id: &str, words: &str, letters: usize) -> AlarmEvent {
    let picture = EvidenceReference {
        kind: EvidenceKind::Image,
        uri: format!("https://camera/{}", "p".repeat(180)),
        digest: None,
        from: None,
        to: None,
    };
    let fill: String = "液碱罐区火警".chars().cycle().take(letters).collect();
    AlarmEvent {
        description: format!("{words} {fill}"),
        evidence: vec![picture; 20],
        ..alarm(id, AlarmCode::Fire, AlarmLevel::Red)
    }
}

fn size(hub: &mut Hub) -> usize {
    hub.plugin.kept().unwrap().bytes()
}

/// The texts of one enterprise, 2,000 letters each, were kept whole for each source: 7,350 of them took 64 MiB.
#[test]
fn what_one_enterprise_says_within_its_limits_takes_a_small_part_of_the_state() {
    let mut hub = Hub::new(DUTY);
    for name in 0..12 {
        for text in 0..300 {
            let event = fire(&format!("g{name}"), &format!("第{text}号 {name}"), 1_900);
            let body = Some(Body::AlarmEvent(event));
            hub.step(EntryKind::Message, "enterprise-1", body, "", 0);
            hub.orders.clear();
        }
    }
    assert_eq!(hub.plugin.open_alarms().total(), 96);
    let size = size(&mut hub);
    assert!(size < MIB, "{size}");
}

/// As many alarms as there may be, each with all that is kept of one.
#[test]
fn what_a_hundred_devices_say_within_their_limits_is_bounded() {
    let mut hub = Hub::new(DUTY);
    for number in 0..100 {
        let device = format!("PANEL-{number:03}");
        for name in 0..13 {
            for text in 0..9 {
                let mut event = fire(&format!("g{name}"), &format!("ZONE {name}-{text}"), 250);
                event.source_device = Some(device.parse().unwrap());
                hub.speech(&device, Body::AlarmEvent(event));
                hub.orders.clear();
            }
        }
    }
    assert_eq!(hub.plugin.open_alarms().total(), 10_000);
    let size = size(&mut hub);
    assert!(size < 24 * MIB, "{size}");
}

/// One alarm that counts ever other texts and names, told while it is raised and after it was acknowledged.
#[test]
fn what_one_alarm_counts_is_bounded() {
    let mut hub = Hub::new(DUTY);
    let mut tell = |from: usize, to: usize| {
        for text in from..to {
            for name in [
                "g".to_owned(),
                format!("of text {text} and with a long name of its own"),
            ] {
                let mut event = fire(&name, &format!("ZONE {text}"), 1_900);
                event.source_device = Some("GAS-01".parse().unwrap());
                hub.speech("GAS-01", Body::AlarmEvent(event));
                hub.orders.clear();
            }
        }
        let open = hub.plugin.open_alarms().page(None, 20).into_iter();
        let counting = open.max_by_key(|one| one.repeats).unwrap();
        let step = (AlarmState::Raised, AlarmState::Acknowledged);
        hub.update("operator-1", &counting.id, step, None);
        let mut last = fire("g", "ZONE 8", 1_900);
        last.source_device = Some("GAS-01".parse().unwrap());
        hub.speech("GAS-01", Body::AlarmEvent(last));
        hub.wait(120);
        hub.wait(120);
        (hub.plugin.open_alarms().total(), size(&mut hub))
    };
    let (alarms, few) = tell(0, 8);
    let (more, many) = tell(8, 400);
    assert_eq!((alarms, more), (8, 8));
    assert!(many < few + 10 * 1024, "{few} {many}");
    // Of what is closed little is kept.
    for one in hub.plugin.open_alarms().page(None, 20) {
        close(&mut hub, &one.id);
    }
    hub.orders.clear();
    hub.wait(120);
    let closed = size(&mut hub);
    assert!(
        hub.plugin.open_alarms().total() == 0 && closed < many - 4 * 1024,
        "{many} {closed}"
    );
}
