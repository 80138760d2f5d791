//! Each alarm that was raised stands in one figure of RPT-06, and nothing else does.

use cordon_contract::Entry;
use cordon_model::{AlarmLevel, AlarmState, Body, Cell, DeviceId, Digest, ReportType, Timestamp};
use cordon_reports::{Ledger, Position, Span, document};

use crate::documents::rows;
use crate::made::{Line, alarm, at, config, counted_under, day, hub, plan, step};

const RED: AlarmLevel = AlarmLevel::Red;
const ORANGE: AlarmLevel = AlarmLevel::Orange;

/// The rows of the groups, of these entries with their numbers from 1 on.
fn groups(entries: Vec<Entry>) -> Vec<String> {
    let mut ledger = Ledger::new(62);
    for (number, entry) in (1..).zip(entries) {
        ledger.step(&Entry { number, ..entry });
    }
    let position = Position {
        number: 1,
        chain: Digest([9; 32]),
    };
    let made = document(
        ReportType::Rpt06,
        Span::day(day("12:00:00")),
        (&ledger, position),
        (&plan(), &config()),
        (at("2026-04-01T00:10:00+08:00"), &hub()),
    );
    rows(&made.unwrap(), "alarms")
}

fn said(line: &Line) -> Entry {
    line.entry(1)
}

/// What the flow keeps of one alarm too many, and how it tells it again in the flood alarm.
fn flooded(time: Timestamp, id: &str, level: AlarmLevel) -> [Entry; 2] {
    let kept = Entry {
        overtaken: true,
        ..said(&alarm(time, id, level, None))
    };
    let told = Entry {
        cause: 7,
        ..said(&alarm(time, "flow-7", level, None))
    };
    [kept, told]
}

fn over(time: Timestamp, id: &str, level: AlarmLevel, state: AlarmState) -> Entry {
    let mut line = alarm(time, id, level, None);
    if let Body::AlarmEvent(event) = &mut line.body {
        event.state = state;
    }
    said(&line)
}

/// Of 150 red alarms of one enterprise the report knew 101 and no repeats.
#[test]
fn alarms_that_are_counted_in_a_flood_alarm_stand_in_the_figures() {
    let start = day("11:00:00");
    let mut entries = Vec::new();
    for number in 0..100 {
        let line = alarm(start.plus_ms(number), &format!("M-{number}"), RED, None);
        entries.push(said(&line));
    }
    for number in 100..140 {
        entries.extend(flooded(start.plus_ms(number), &format!("M-{number}"), RED));
    }
    for number in 140..150 {
        let id = format!("M-{number}");
        entries.extend(flooded(start.plus_ms(number), &id, ORANGE));
    }
    // Repeats of one of them are counted apart.
    for number in 0..3 {
        let (at, id) = (start.plus_seconds(number), format!("R-{number}"));
        entries.push(said(&alarm(at, &id, RED, None)));
        let closed = counted_under("M-0", step(at, &id, AlarmState::Closed));
        entries.push(said(&closed));
    }
    // Their author says of those in the flood that they are over: the flood alarm is the hub's.
    for number in 100..150 {
        let id = format!("M-{number}");
        entries.push(over(start.plus_seconds(9), &id, RED, AlarmState::Cleared));
    }
    let found = groups(entries);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].contains(" RED A-CORE 101 3 39 0 0.00 "),
        "{found:?}"
    );
    assert!(
        found[1].contains(" ORANGE A-CORE 0 0 10 0 -NOT_APPLICABLE "),
        "{found:?}"
    );
}

/// Three ends of alarms that never were made 3 red alarms more, cleared after 0 s on average.
#[test]
fn the_end_of_an_alarm_that_never_was_is_no_alarm() {
    let start = day("11:00:00");
    let mut entries = vec![
        said(&alarm(start, "AL-1", ORANGE, None)),
        said(&step(
            start.plus_seconds(10),
            "AL-1",
            AlarmState::Acknowledged,
        )),
        said(&step(start.plus_seconds(20), "AL-1", AlarmState::Cleared)),
    ];
    let right = groups(entries.clone());
    let late = start.plus_seconds(60);
    let states = [
        AlarmState::Cleared,
        AlarmState::Closed,
        AlarmState::Rejected,
    ];
    for (number, state) in (0..).zip(states) {
        entries.push(over(late, &format!("NEVER-{number}"), ORANGE, state));
        // Nor does the end of one at a worse level raise it.
        entries.insert(1, over(start.plus_seconds(1), "AL-1", RED, state));
    }
    assert_eq!(groups(entries), right);
}

/// A fire that a detector in A-CORE told of without naming the area was of none.
#[test]
fn an_alarm_that_names_no_area_is_of_that_of_its_device() {
    let mut plan = plan();
    plan.devices[3].area = Some("A-TANKS".to_owned());
    plan.gates[0].area = Some("A-NORTH".to_owned());
    let told = |id: &str, change: &dyn Fn(&mut cordon_model::AlarmEvent)| {
        let mut line = alarm(day("11:00:00"), id, RED, None);
        if let Body::AlarmEvent(event) = &mut line.body {
            event.area_id = None;
            change(event);
        }
        said(&line)
    };
    let mut ledger = Ledger::new(62);
    let device = |id: &str| DeviceId::new(id).ok();
    ledger.step(&told("AL-1", &|it| it.source_device = device("GAS-1")));
    ledger.step(&told("AL-2", &|it| it.source_device = device("BR-1")));
    ledger.step(&told("AL-3", &|it| it.gate_id = "G1".parse().ok()));
    ledger.step(&told("AL-4", &|it| it.source_device = device("BR-2")));
    let position = Position {
        number: 1,
        chain: Digest([9; 32]),
    };
    let made = document(
        ReportType::Rpt06,
        Span::day(day("12:00:00")),
        (&ledger, position),
        (&plan, &config()),
        (at("2026-04-01T00:10:00+08:00"), &hub()),
    );
    let made = made.unwrap();
    let counted = rows(&made, "alarms");
    let of = |area: &str, count: u32| {
        let found = counted
            .iter()
            .find(|row| row.contains(&format!(" {area} ")));
        assert!(
            found.unwrap().contains(&format!(" {count} 0 0 0 ")),
            "{counted:?}"
        );
    };
    of("A-TANKS", 1);
    of("A-NORTH", 2);
    of("-NOT_APPLICABLE", 1);
    let list = made.sections.iter().find(|it| it.name == "red-orange");
    let areas = list.unwrap().rows.iter().map(|row| &row.cells[4]);
    let named = areas.filter(|cell| matches!(cell, Cell::Text(_))).count();
    assert_eq!(named, 3);
}
