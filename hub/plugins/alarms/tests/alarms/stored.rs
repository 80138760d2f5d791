//! What a store is told of the state: the rows that changed, and no other, however many there are.

use std::collections::BTreeSet;

use cordon_contract::{EntryKind, HUB_START, Plugin as _};
use cordon_model::{
    AlarmCode, AlarmEvent, AlarmLevel, AlarmState, Body, DeviceState, SampleQuality,
};

use crate::cost::{full, red};
use crate::hub::{Hub, alarm};
use crate::over::DUTY;

#[test]
fn every_table_has_a_name_of_its_own() {
    let mut hub = full(1);
    let names: Vec<&str> = hub.plugin.tables().iter().map(|it| it.name()).collect();
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!((unique.len(), names.len()), (17, 17), "{names:?}");
}

/// With what is open, silent, beyond its threshold and kept out by a limit.
#[test]
fn ticks_change_nothing_however_much_is_open() {
    let mut hub = full(2_000);
    for number in 0..1_002 {
        hub.device(&format!("D-{number}"), DeviceState::Offline);
    }
    hub.sample(60, SampleQuality::Good);
    // What is due is told, the limit too, and sources are too old for flood protection.
    hub.wait(120);
    hub.outcomes("CONFIRMED");
    for _ in 0..120 {
        hub.wait(1);
        assert!(hub.stored.changed.is_empty(), "{:?}", hub.stored.changed);
    }
    hub.restart();
}

/// One more alarm, of which one gives way to it, its notice and what becomes of both.
#[test]
fn an_alarm_changes_a_handful_of_rows_however_many_are_open() {
    let changed = |size: usize| {
        let mut hub = full(size);
        let mut changed = Vec::new();
        let mut note = |hub: &Hub| {
            let rows: usize = hub.stored.changed.values().sum();
            let bytes = hub.stored.bytes;
            let is_little = rows <= 16 && bytes < 4 * 1_024;
            assert!(is_little, "{bytes}, {:?}", hub.stored.changed);
            changed.push(hub.stored.changed.clone());
        };
        red(&mut hub, size);
        note(&hub);
        red(&mut hub, size);
        note(&hub);
        hub.outcomes("CONFIRMED");
        note(&hub);
        let id = format!("a-{size}");
        let step = (AlarmState::Raised, AlarmState::Acknowledged);
        hub.update("operator-1", &id, step, None);
        note(&hub);
        let step = (AlarmState::Acknowledged, AlarmState::Closed);
        hub.update("operator-1", &id, step, Some("done"));
        note(&hub);
        changed
    };
    assert_eq!(changed(2_000), changed(20));
}

#[test]
fn what_is_said_again_changes_nothing() {
    let mut hub = full(3);
    let unchanged = |hub: &Hub| assert!(hub.stored.changed.is_empty(), "{:?}", hub.stored.changed);
    for _ in 0..2 {
        hub.sample(20, SampleQuality::Good);
        unchanged(&hub);
    }
    for state in [DeviceState::Offline, DeviceState::Online] {
        hub.device("CAM-01", state);
        assert!(!hub.stored.changed.is_empty());
        hub.device("CAM-01", state);
        unchanged(&hub);
    }
    hub.sample(60, SampleQuality::Good);
    hub.sample(20, SampleQuality::Good);
    for _ in 0..2 {
        hub.sample(20, SampleQuality::Good);
        unchanged(&hub);
    }
    // A step that is not lawful, and one that was taken already.
    for state in [AlarmState::Closed, AlarmState::Acknowledged] {
        hub.update("operator-1", "a-2", (AlarmState::Acknowledged, state), None);
        unchanged(&hub);
    }
    let ended = AlarmEvent {
        source_device: Some("D-1".parse().unwrap()),
        state: AlarmState::Cleared,
        ..alarm("a-1", AlarmCode::Fire, AlarmLevel::Red)
    };
    hub.speech("D-1", Body::AlarmEvent(ended.clone()));
    assert!(hub.stored.changed.contains_key("alarms"));
    hub.speech("D-1", Body::AlarmEvent(ended));
    unchanged(&hub);
    hub.step(EntryKind::Audit, "HUB-1", None, HUB_START, 0);
    unchanged(&hub);
}

#[test]
fn a_damaged_row_is_refused_with_a_code() {
    let mut hub = Hub::new(DUTY);
    hub.raise("a-1", AlarmCode::Fire, AlarmLevel::Red);
    hub.device("CAM-01", DeviceState::Offline);
    hub.sample(60, SampleQuality::Good);
    let kept = hub.plugin.kept().unwrap();
    let nothing = Hub::new(DUTY).plugin.kept().unwrap();
    let mut damaged = BTreeSet::new();
    for (table, (name, _, rows)) in hub.plugin.tables().into_iter().zip(kept.tables()) {
        for (key, row) in rows {
            let Some((_, row)) = row.as_ref().unwrap().split_last() else {
                continue;
            };
            assert_eq!(table.load(key, row).unwrap_err().code(), "P012", "{name}");
            damaged.insert(name);
        }
    }
    assert!(damaged.len() > 5, "{damaged:?}");
    // Nothing of it stays.
    hub.plugin.put_back(&nothing).unwrap();
    assert_eq!(hub.plugin.kept().unwrap(), nothing);
    assert_eq!(hub.plugin.open_alarms().total(), 0);
}
