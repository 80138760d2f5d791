//! What the reports say of one made day, compared with committed files.

use std::collections::BTreeMap;

use cordon_contract::EntryKind;
use cordon_model::{
    AlarmLevel, AlarmState, AlarmUpdate, Body, Cell, DeviceState, Digest, Direction, PartyId,
    PassageResult, RefusalCode, ReportDocument, ReportType, SubjectKind,
};
use cordon_reports::{IN_EVERY, Ledger, Position, STANDARD, Span, document};

use crate::committed;
use crate::made::{
    Line, alarm, config, counted_under, day, device, ended, escalated, gas, hub, hub_start, inside,
    on_duty, passage, plan, refused, step,
};

/// A day with something of everything.
fn story() -> Vec<Line> {
    let hazmat = SubjectKind::VehHazmat;
    let car = SubjectKind::VehOrdinary;
    let (inward, outward) = (Direction::In, Direction::Out);
    let mut lines = vec![
        device(day("00:00:00"), "BR-1", DeviceState::Online, None),
        device(day("00:00:00"), "BR-2", DeviceState::Online, Some(-120)),
        on_duty(day("07:50:00")),
        passage(day("08:00:00"), "G1", inward, hazmat),
        passage(day("08:59:59"), "G1", inward, car),
        ended(day("09:00:00"), "G1", inward, car, PassageResult::BackedOut),
        ended(
            day("09:10:00"),
            "G2",
            outward,
            hazmat,
            PassageResult::Forced,
        ),
        passage(day("09:20:00"), "G1", inward, SubjectKind::Person),
        refused(day("09:30:00"), "G1", hazmat, RefusalCode::WrongGate),
        refused(day("09:40:00"), "G1", hazmat, RefusalCode::WrongGate),
        refused(day("10:00:00"), "G2", car, RefusalCode::Blacklist),
        inside(day("10:05:00"), 1),
        // Acknowledged in 30 s and 90 s; the second is late for a red one. A third is false.
        alarm(
            day("11:00:00"),
            "AL-1",
            AlarmLevel::Red,
            Some("320106199001010019"),
        ),
        step(day("11:00:30"), "AL-1", AlarmState::Confirmed),
        step(day("11:10:00"), "AL-1", AlarmState::Cleared),
        alarm(day("11:20:00"), "AL-2", AlarmLevel::Red, None),
        step(day("11:21:30"), "AL-2", AlarmState::Acknowledged),
        alarm(day("11:30:00"), "AL-3", AlarmLevel::Red, None),
        step(day("11:30:10"), "AL-3", AlarmState::Rejected),
        step(day("11:31:00"), "AL-3", AlarmState::Closed),
        alarm(day("12:00:00"), "AL-4", AlarmLevel::Blue, None),
        // Six hours offline, then the hub is down for six hours: not known.
        device(day("12:00:00"), "BR-2", DeviceState::Offline, None),
        device(day("18:00:00"), "BR-2", DeviceState::Online, Some(40)),
    ];
    for hour in 0..12 {
        lines.push(gas(day(&format!("{hour:02}:30:00"))));
    }
    lines.sort_by_key(|line| line.time);
    lines.push(Line {
        kind: EntryKind::Tick,
        ..gas(day("18:00:00"))
    });
    lines.push(hub_start(day("23:59:59.9")));
    lines
}

fn ledger(lines: &[Line]) -> Ledger {
    let mut ledger = Ledger::new(62);
    for (number, line) in (1..).zip(lines) {
        ledger.step(&line.entry(number));
    }
    ledger
}

fn told(report: ReportType, span: Span, lines: &[Line]) -> ReportDocument {
    let position = Position {
        number: lines.len() as u64,
        chain: Digest([9; 32]),
    };
    document(
        report,
        span,
        (&ledger(lines), position),
        (&plan(), &config()),
        (crate::made::at("2026-04-01T00:10:00+08:00"), &hub()),
    )
    .unwrap()
}

#[test]
fn the_documents_are_the_committed_ones_and_valid() {
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = own.join("../../schemas/xsd/message.xsd");
    let schema = std::fs::read_to_string(&path).unwrap();
    let schema = uppsala::parse(&schema).unwrap();
    let oracle = uppsala::XsdValidator::from_schema_with_base_path(&schema, Some(&path)).unwrap();
    for about in STANDARD {
        let report = about.kind;
        let made = told(report, Span::day(day("12:00:00")), &story());
        let bytes = cordon_wire::write_report_document(&made).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let faults: Vec<String> = oracle
            .validate(&uppsala::parse(&text).unwrap())
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(faults.is_empty(), "{report}: {faults:?}");
        // The sections are those that the reference tells of.
        let told = about.sheets.iter().map(|sheet| sheet.name);
        let sections = made.sections.iter().map(|section| section.name.as_str());
        assert!(sections.eq(told.chain([IN_EVERY[0].name])), "{report}");
        let folder = own.join("src/standard").join(about.folder);
        committed(&folder.join("golden.xml"), &text);
    }
}

/// The cells of a section as text, one line a row.
pub fn rows(report: &ReportDocument, section: &str) -> Vec<String> {
    let found = report.sections.iter().find(|one| one.name == section);
    let shown = |cell: &Cell| match cell {
        Cell::Text(text) | Cell::Code(text) => text.clone(),
        Cell::Integer(count) => count.to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Time(time) => time.to_string(),
        Cell::Absent(why) => format!("-{why}"),
    };
    let line = |row: &cordon_model::Row| row.cells.iter().map(shown).collect::<Vec<_>>().join(" ");
    found.unwrap().rows.iter().map(line).collect()
}

#[test]
fn passages_are_counted_by_gate_kind_and_hour() {
    let made = told(ReportType::Rpt01, Span::day(day("12:00:00")), &story());
    assert_eq!(
        rows(&made, "passages"),
        [
            "2026-03-31T08:00:00+08:00 G1 PARK VEH_ORDINARY 1 0 0 0 HUB-1",
            "2026-03-31T08:00:00+08:00 G1 PARK VEH_HAZMAT 1 0 0 0 HUB-1",
            "2026-03-31T09:00:00+08:00 G1 PARK VEH_ORDINARY 0 0 0 1 HUB-1",
            "2026-03-31T09:00:00+08:00 G2 PARK VEH_HAZMAT 0 1 1 0 HUB-1",
        ]
    );
    assert_eq!(
        rows(&made, "refused"),
        [
            "G1 VEH_HAZMAT REFUSE WRONG_GATE 2",
            "G2 VEH_ORDINARY REFUSE BLACKLIST 1",
        ]
    );
    assert_eq!(
        rows(&made, "in-park"),
        ["VEH_HAZMAT 1 60 2026-03-31T10:05:00+08:00"]
    );
    // The next day nothing was counted: the last count of the day before is named with its time.
    let later = told(
        ReportType::Rpt01,
        Span::day(day("12:00:00").plus_seconds(86_400)),
        &story(),
    );
    assert_eq!(rows(&later, "passages").len(), 0);
    assert_eq!(rows(&later, "in-park"), rows(&made, "in-park"));
    let before = told(
        ReportType::Rpt01,
        Span::day(day("12:00:00")).previous(),
        &story(),
    );
    assert_eq!(
        rows(&before, "in-park"),
        ["-NO_DATA -NO_DATA -NO_DATA -NO_DATA"]
    );
}

/// They named nobody.
#[test]
fn passages_name_the_party_on_whose_word_they_rest() {
    let plant: PartyId = "plant-a".parse().unwrap();
    let passed =
        |time: &str, gate: &str| passage(day(time), gate, Direction::In, SubjectKind::VehHazmat);
    let through_its_system = |line: Line, enterprise: Option<&PartyId>| {
        let mut line = Line {
            attested: true,
            ..line
        };
        if let Body::PassageRecord(record) = &mut line.body {
            record.enterprise_id = enterprise.cloned();
        }
        line
    };
    let lines = [
        // The hub saw it; a device at a gate of the park told it.
        passed("08:00:00", "G1"),
        through_its_system(passed("08:01:00", "G1"), None),
        // The plant signed it; its system told it, with its name and without.
        Line {
            sender: plant.clone(),
            ..passed("08:02:00", "G2")
        },
        through_its_system(passed("08:03:00", "G2"), Some(&plant)),
        through_its_system(passed("08:04:00", "G2"), None),
        // The hub itself saw one at the plant's gate.
        passed("08:05:00", "G2"),
    ];
    let mut plan = plan();
    plan.gates[1].owner = Some(plant);
    let position = Position {
        number: 6,
        chain: Digest([9; 32]),
    };
    let made = document(
        ReportType::Rpt01,
        Span::day(day("12:00:00")),
        (&ledger(&lines), position),
        (&plan, &config()),
        (day("23:59:59"), &hub()),
    )
    .unwrap();
    let mut words: BTreeMap<(String, String), i64> = BTreeMap::new();
    let totals = made.sections.iter().find(|one| one.name == "totals");
    for row in &totals.unwrap().rows {
        let (Cell::Text(gate), Cell::Integer(entered), Some(Cell::Text(word))) =
            (&row.cells[0], &row.cells[3], row.cells.last())
        else {
            panic!("{row:?}");
        };
        *words.entry((gate.clone(), word.clone())).or_default() += entered;
    }
    let counted = |gate: &str, word: &str| words.get(&(gate.to_owned(), word.to_owned()));
    assert_eq!(words.len(), 3, "{words:?}");
    assert_eq!(counted("G1", "HUB-1"), Some(&2));
    assert_eq!(counted("G2", "plant-a"), Some(&3));
    assert_eq!(counted("G2", "HUB-1"), Some(&1));
}

#[test]
fn alarms_have_exact_times_and_no_persons_in_clear() {
    let made = told(ReportType::Rpt06, Span::day(day("12:00:00")), &story());
    assert_eq!(
        rows(&made, "alarms"),
        [
            // 30, 90 and 10 s: mean 43.3; cleared once, the false one does not count.
            "PERIMETER_INTRUSION RED A-CORE 3 0 0 1 33.33 43.3 90.0 600.0 600.0 1 0",
            "PERIMETER_INTRUSION BLUE A-CORE 1 0 0 0 0.00 -NO_DATA -NO_DATA -NO_DATA -NO_DATA 0 1",
        ]
    );
    let list = rows(&made, "red-orange");
    assert_eq!(list.len(), 3);
    assert!(
        list[0].contains(" 3****************9 CLEARED 30.0 600.0"),
        "{}",
        list[0]
    );
    let text = cordon_wire::write_report_document(&made).unwrap();
    let text = String::from_utf8(text).unwrap();
    for clear in ["320106199001010019", "欧阳明明", "somebody at the fence"] {
        assert!(!text.contains(clear), "{clear}");
    }
    assert!(made.masked);
}

/// One fire that sixty detectors told of was 61 alarms, acknowledged in 0.6 s on average.
#[test]
fn repeats_are_counted_apart_and_acknowledge_nothing() {
    let fire = day("11:00:00");
    let mut lines = vec![alarm(fire, "AL-1", AlarmLevel::Red, None)];
    for number in 0..60_i64 {
        let at = fire.plus_ms(100 * (number + 1));
        let id = format!("AL-1-{number}");
        lines.push(alarm(at, &id, AlarmLevel::Red, None));
        lines.push(counted_under("AL-1", step(at, &id, AlarmState::Closed)));
    }
    lines.push(step(fire.plus_ms(26_300), "AL-1", AlarmState::Acknowledged));
    let made = told(ReportType::Rpt06, Span::day(fire), &lines);
    assert_eq!(
        rows(&made, "alarms"),
        ["PERIMETER_INTRUSION RED A-CORE 1 60 0 0 0.00 26.3 26.3 -NO_DATA -NO_DATA 0 0"]
    );
    assert_eq!(rows(&made, "red-orange").len(), 1);
}

/// The routes acknowledge within ten seconds, the report knew sixty: eight escalations, none late.
#[test]
fn what_was_escalated_is_late_whatever_the_limit_of_its_level() {
    let mut lines = Vec::new();
    for number in 0..8 {
        let (at, id) = (day(&format!("1{number}:00:00")), format!("AL-{number}"));
        lines.push(alarm(at, &id, AlarmLevel::Red, None));
        lines.push(escalated(at.plus_seconds(10), &id));
        lines.push(step(at.plus_seconds(20), &id, AlarmState::Acknowledged));
    }
    // Escalated and never taken up.
    let at = day("18:00:00");
    lines.push(alarm(at, "AL-9", AlarmLevel::Red, None));
    lines.push(escalated(at.plus_seconds(10), "AL-9"));
    lines.sort_by_key(|line| line.time);
    let made = told(ReportType::Rpt06, Span::day(at), &lines);
    let group = &rows(&made, "alarms")[0];
    assert!(group.ends_with(" 8 1"), "{group}");
}

#[test]
fn an_alarm_that_rises_is_one_alarm_of_its_worst_level() {
    let at = day("11:00:00");
    let lines = vec![
        alarm(at, "AL-1", AlarmLevel::Orange, None),
        step(at.plus_seconds(10), "AL-1", AlarmState::Acknowledged),
        alarm(at.plus_seconds(60), "AL-1", AlarmLevel::Red, None),
        step(at.plus_seconds(100), "AL-1", AlarmState::Acknowledged),
    ];
    let made = told(ReportType::Rpt06, Span::day(at), &lines);
    let groups = rows(&made, "alarms");
    assert_eq!(groups.len(), 1, "{groups:?}");
    assert!(
        groups[0].contains(" RED A-CORE 1 0 0 0 0.00 40.0 40.0 "),
        "{}",
        groups[0]
    );
}

/// A step that the hub refuses is followed by its correction: nobody acknowledged.
#[test]
fn a_refused_step_acknowledges_nothing() {
    let at = day("11:00:00");
    let correction = Line {
        body: match step(at.plus_seconds(5), "AL-1", AlarmState::Raised).body {
            Body::AlarmUpdate(update) => Body::AlarmUpdate(AlarmUpdate {
                previous: AlarmState::Acknowledged,
                ..update
            }),
            other => other,
        },
        ..step(at.plus_seconds(5), "AL-1", AlarmState::Raised)
    };
    let lines = vec![
        alarm(at, "AL-1", AlarmLevel::Red, None),
        step(at.plus_seconds(5), "AL-1", AlarmState::Acknowledged),
        correction,
        step(at.plus_seconds(50), "AL-1", AlarmState::Acknowledged),
    ];
    let made = told(ReportType::Rpt06, Span::day(at), &lines);
    let group = &rows(&made, "alarms")[0];
    assert!(group.contains(" 50.0 50.0 "), "{group}");
}

/// A source that says an open alarm again, in the state it has at his own desk, acknowledges nothing here.
#[test]
fn an_event_in_another_state_acknowledges_nothing() {
    let at = day("11:00:00");
    let mut again = alarm(at.plus_seconds(2), "AL-1", AlarmLevel::Red, None);
    if let Body::AlarmEvent(event) = &mut again.body {
        event.state = AlarmState::Acknowledged;
    }
    let lines = vec![
        alarm(at, "AL-1", AlarmLevel::Red, None),
        again,
        step(at.plus_seconds(50), "AL-1", AlarmState::Acknowledged),
    ];
    let made = told(ReportType::Rpt06, Span::day(at), &lines);
    let group = &rows(&made, "alarms")[0];
    assert!(group.contains(" 50.0 50.0 "), "{group}");
}

#[test]
fn a_day_shows_alarms_as_they_stood_at_its_end() {
    let mut lines = story();
    let tomorrow = day("12:00:00").plus_seconds(86_400);
    lines.push(step(tomorrow, "AL-4", AlarmState::Closed));
    let span = Span::day(day("12:00:00"));
    let before = told(ReportType::Rpt06, span, &story());
    assert_eq!(
        before.sections,
        told(ReportType::Rpt06, span, &lines).sections
    );
}

#[test]
fn devices_have_a_timeline_and_what_is_not_known_is_said() {
    let made = told(ReportType::Rpt07, Span::day(day("12:00:00")), &story());
    assert_eq!(
        rows(&made, "devices"),
        [
            // Known: 18 h each until the hub stopped; 30 of 36 h online, one outage of 6 h.
            "BARRIER Acme 2 0 0 83.33 1 21600.0 -120",
            "PLATE_CAMERA -NO_DATA 1 0 1 -NO_DATA -NO_DATA -NOT_APPLICABLE -NO_DATA",
            "GAS_DETECTOR Nose 1 0 0 50.00 0 -NOT_APPLICABLE -NO_DATA",
        ]
    );
}

#[test]
fn sensors_that_fall_silent_or_are_not_heard_lower_the_rate_as_the_hub_was_told() {
    // As the MQTT adapter tells it: silent for six hours, then behind a lost link for three.
    let mut lines = vec![
        device(day("00:00:00"), "GAS-1", DeviceState::Online, None),
        device(day("06:00:00"), "GAS-1", DeviceState::Offline, None),
        device(day("12:00:00"), "GAS-1", DeviceState::Online, None),
        device(day("18:00:00"), "GAS-1", DeviceState::Unknown, None),
        device(day("21:00:00"), "GAS-1", DeviceState::Online, None),
    ];
    lines.extend([0, 12, 21].map(|hour| gas(day(&format!("{hour:02}:00:01")))));
    lines.sort_by_key(|line| line.time);
    lines.push(gas(day("23:59:59")));
    let online = |report: &ReportDocument| rows(report, "devices").remove(2);
    let made = told(ReportType::Rpt07, Span::day(day("12:00:00")), &lines);
    // Known 21 h, online 15 h of them; one outage that took 6 h to repair.
    let day_of_it = "GAS_DETECTOR Nose 1 1 0 71.43 1 21600.0 -NO_DATA";
    assert_eq!(online(&made), day_of_it);
    let heard = made.completeness.iter().find(|one| one.source == "GAS-1");
    // Four readings and three times online; what was said of it in its absence is not from it.
    assert_eq!(heard.unwrap().received, 7);
    assert!(rows(&made, "offline").is_empty());

    // The same day without the end: silent at its end, so it is listed.
    lines.truncate(3);
    let made = told(ReportType::Rpt07, Span::day(day("12:00:00")), &lines);
    assert!(online(&made).starts_with("GAS_DETECTOR Nose 1 0 0 "));
    let offline = rows(&made, "offline");
    assert!(
        offline[0].starts_with("GAS-1 GAS_DETECTOR Nose "),
        "{offline:?}"
    );
}

#[test]
fn completeness_expects_only_what_was_stated() {
    let made = told(ReportType::Rpt07, Span::day(day("12:00:00")), &story());
    let told: Vec<_> = made
        .completeness
        .iter()
        .map(|one| (one.source.as_str(), one.expected, one.received))
        .collect();
    assert_eq!(
        told,
        [
            ("plant-a", 3, 1),
            ("BR-1", 0, 1),
            // Twice online; that it was offline it did not say itself.
            ("BR-2", 0, 2),
            ("CAM-1", 0, 0),
            ("GAS-1", 24, 12),
        ]
    );
    let section = rows(&made, "data-completeness");
    assert!(
        section[4].starts_with("GAS-1 GAS_DETECTOR 24 12 0 50.00 12 "),
        "{section:?}"
    );
    assert_eq!(
        section[3],
        "CAM-1 PLATE_CAMERA -NOT_APPLICABLE 0 0 -NOT_APPLICABLE 0 -NO_DATA"
    );
}

#[test]
fn a_ledger_saved_and_taken_up_goes_on_as_if_nothing_had_been() {
    let lines = story();
    let whole = ledger(&lines);
    for cut in [0, 1, 12, lines.len() - 1] {
        let saved = postcard::to_stdvec(&ledger(&lines[..cut])).unwrap();
        let mut resumed: Ledger = postcard::from_bytes(&saved).unwrap();
        for (number, line) in (1..).zip(&lines).skip(cut) {
            resumed.step(&line.entry(number));
        }
        assert_eq!(resumed, whole, "cut at {cut}");
    }
}

#[test]
fn what_does_not_fit_is_said() {
    let mut few = config();
    few.rows_max = 3;
    let position = Position {
        number: 1,
        chain: Digest([9; 32]),
    };
    let made = document(
        ReportType::Rpt06,
        Span::day(day("12:00:00")),
        (&ledger(&story()), position),
        (&plan(), &few),
        (day("23:00:00"), &hub()),
    )
    .unwrap();
    assert_eq!(rows(&made, "alarms").len(), 2);
    assert_eq!(rows(&made, "red-orange").len(), 1);
    assert_eq!(
        rows(&made, "left-out"),
        ["red-orange 2", "data-completeness 5"]
    );
}

#[test]
fn figures_older_than_what_is_held_are_gone_and_the_rest_stays() {
    let mut lines = story();
    let later = day("12:00:00").plus_seconds(63 * 86_400);
    lines.push(gas(later));
    let span = Span::day(day("12:00:00"));
    let gone = told(ReportType::Rpt01, span, &lines);
    assert!(rows(&gone, "passages").is_empty());
    let now = told(ReportType::Rpt07, Span::day(later), &lines);
    assert_eq!(
        now.completeness.last().map(|one| one.received),
        Some(1),
        "the newest day is held"
    );
}
