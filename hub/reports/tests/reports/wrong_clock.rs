//! A start with the clock far ahead for seconds: the figures of real days are held, and reports of them are built.

use std::sync::Arc;

use cordon_contract::EntryKind;
use cordon_model::{
    AlarmLevel, AlarmState, AuditEvent, AuditOutcome, Body, DeviceState, Direction, ReportDocument,
    ReportType, SubjectKind, Timestamp,
};
use cordon_reports::{Built, Reports, STANDARD, Span};
use cordon_xml::{Document, Limits};

use crate::made::{
    Line, Office, alarm, append, at, config, day, device, gas, hub, hub_start, inside, passage,
    refused, said, step,
};

const DAY_S: i64 = 86_400;
const RED: AlarmLevel = AlarmLevel::Red;

pub fn car(time: Timestamp, gate: &str) -> Line {
    passage(time, gate, Direction::In, SubjectKind::VehOrdinary)
}

/// The hub runs for so long: an entry every two minutes.
pub fn ticks(from: Timestamp, minutes: i64) -> impl Iterator<Item = Line> {
    (0..minutes / 2).map(move |two| Line {
        kind: EntryKind::Tick,
        ..gas(from.plus_seconds(two * 120))
    })
}

/// The day's hours until noon.
fn morning() -> Vec<Line> {
    let mut lines = vec![
        hub_start(day("00:00:01")),
        device(day("00:00:02"), "BR-1", DeviceState::Online, Some(7)),
        device(day("00:00:02"), "BR-2", DeviceState::Offline, None),
        device(day("06:00:00"), "BR-2", DeviceState::Online, None),
        car(day("08:00:00"), "G1"),
        inside(day("08:05:00"), 1),
        alarm(day("09:00:00"), "AL-1", RED, None),
        refused(
            day("10:00:00"),
            "G1",
            SubjectKind::VehHazmat,
            cordon_model::RefusalCode::Blacklist,
        ),
        gas(day("11:00:00")),
    ];
    lines.extend(ticks(day("00:01:00"), 719));
    lines.sort_by_key(|line| line.time);
    lines
}

/// A start by a clock that shows so many days too much, for eight seconds.
pub fn wrong(days: i64) -> Vec<Line> {
    // The hour ends meanwhile, which was when older ones were forgotten.
    let start = day("12:59:56").plus_seconds(days * DAY_S);
    vec![
        hub_start(start),
        device(start.plus_seconds(1), "BR-2", DeviceState::Offline, None),
        Line {
            kind: EntryKind::Tick,
            ..gas(start.plus_seconds(8))
        },
    ]
}

/// From a right start at noon to the next day's first hour.
fn afternoon() -> Vec<Line> {
    let mut lines = vec![
        hub_start(day("12:02:00")),
        device(day("12:02:02"), "BR-1", DeviceState::Online, Some(-3)),
        device(day("12:02:02"), "BR-2", DeviceState::Online, None),
        step(day("12:10:00"), "AL-1", AlarmState::Acknowledged),
        device(day("14:00:00"), "BR-2", DeviceState::Offline, None),
        device(day("15:30:00"), "BR-2", DeviceState::Online, None),
        car(day("16:00:00"), "G2"),
        gas(day("16:30:00")),
        inside(day("18:00:00"), 2),
    ];
    let next = day("00:00:00").plus_seconds(DAY_S);
    lines.extend([
        car(next.plus_seconds(3_600), "G1"),
        alarm(next.plus_seconds(7_200), "AL-2", RED, None),
        device(next.plus_seconds(9_000), "BR-1", DeviceState::Offline, None),
        gas(next.plus_seconds(9_100)),
    ]);
    lines.extend(ticks(day("12:03:00"), 720 + 1_440));
    lines.sort_by_key(|line| line.time);
    lines
}

/// As entries carry it when the journal is so far ahead: a tenth slower than time elapses.
pub fn ahead(lines: Vec<Line>, last: Timestamp) -> Vec<Line> {
    let begins = lines[0].time;
    let lead = last.micros() - begins.micros();
    let target = format!("lead:{lead};clock:{}", begins.micros());
    let told = said(
        last,
        Body::AuditEvent(AuditEvent {
            action: "clock.lead".into(),
            actor_id: hub(),
            target: Some(target),
            outcome: AuditOutcome::Success,
            detail: None,
            at: last,
        }),
    );
    let mut lines: Vec<Line> = lines
        .into_iter()
        .map(|line| {
            let elapsed = line.time.micros() - begins.micros();
            let time = last.plus_micros(elapsed - elapsed / 10);
            Line { time, ..line }
        })
        .collect();
    let told = Line {
        kind: EntryKind::Audit,
        ..told
    };
    lines.insert(1, told);
    lines
}

pub fn read(built: &Built) -> ReportDocument {
    let document = Document::parse(&*built.bytes, &Limits::default()).unwrap();
    cordon_wire::read_report_document(document.root()).unwrap()
}

fn days() -> [Span; 2] {
    let noon = day("12:00:00");
    [Span::day(noon), Span::day(noon.plus_seconds(DAY_S))]
}

/// What the reports of both days say.
fn figures(reports: &Arc<Reports>) -> Vec<ReportDocument> {
    // Another report may well count what was said in the wrong seconds.
    let kinds = [ReportType::Rpt01, ReportType::Rpt06, ReportType::Rpt07];
    kinds
        .into_iter()
        .flat_map(|kind| days().map(|span| read(&reports.build_now(kind, span).unwrap())))
        .map(|mut report| {
            // The wrong start is entries of the journal.
            report.journal_position.entry_number = 0;
            report.journal_position.chain_hash = cordon_model::Digest([0; 32]);
            report
        })
        .collect()
}

fn office() -> Office {
    Office::new(at("2026-04-02T00:10:00+08:00"))
}

/// `S043: figures are held from 2027-01-07 on`, for weeks.
#[test]
fn a_start_with_the_clock_far_ahead_leaves_the_reports_of_real_days_as_they_were() {
    let mut right = office();
    append(&mut right.journal, &morning());
    append(&mut right.journal, &afternoon());
    let expected = figures(&right.reports(config()));
    for days_ahead in [64, 36_500] {
        let mut office = office();
        append(&mut office.journal, &morning());
        let wrong = wrong(days_ahead);
        append(&mut office.journal, &wrong);
        let last = wrong.last().unwrap().time;
        append(&mut office.journal, &ahead(afternoon(), last));
        let found = figures(&office.reports(config()));
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.sections, expected.sections, "{days_ahead} days");
            assert_eq!(found.completeness, expected.completeness);
        }
    }
}

/// What the hub has read as it came and what a reader reads at once are the same.
#[test]
fn a_reader_that_comes_later_finds_the_same_figures() {
    let mut office = office();
    append(&mut office.journal, &morning());
    let of_hub = office.reports(config());
    let advance = || {
        of_hub.build_now(
            ReportType::Rpt07,
            Span::day(day("12:00:00").plus_seconds(-DAY_S)),
        )
    };
    advance().unwrap();
    let wrong = wrong(100);
    let last = wrong.last().unwrap().time;
    append(&mut office.journal, &wrong);
    advance().unwrap();
    append(&mut office.journal, &ahead(afternoon(), last));
    for about in STANDARD {
        for span in days() {
            of_hub.build_now(about.kind, span).unwrap();
            let beside = office.reports(config());
            assert!(!beside.build_now(about.kind, span).unwrap().is_new);
        }
    }
}

/// A passage and an alarm of the wrong seconds did happen, about when the clock was right again.
#[test]
fn what_happened_while_the_clock_was_ahead_is_of_the_day_it_was_put_right() {
    let mut office = office();
    append(&mut office.journal, &morning());
    let mut wrong = wrong(100);
    let last = wrong.last().unwrap().time;
    wrong.extend([
        car(last, "G9"),
        step(last, "AL-1", AlarmState::Acknowledged),
        alarm(last, "AL-9", RED, None),
    ]);
    append(&mut office.journal, &wrong);
    append(&mut office.journal, &ahead(afternoon(), last));
    let reports = office.reports(config());
    let rows = |kind, name: &str| {
        let report = read(&reports.build_now(kind, days()[0]).unwrap());
        let mut sections = report.sections.into_iter();
        let found = sections.find(|section| section.name == name).unwrap();
        found.rows.into_iter().map(|row| format!("{:?}", row.cells))
    };
    let passages: Vec<String> = rows(ReportType::Rpt01, "passages").collect();
    let of_then = passages.iter().find(|row| row.contains("G9")).unwrap();
    assert!(of_then.contains("2026-03-31T12:00:00"), "{of_then}");
    let alarms: Vec<String> = rows(ReportType::Rpt06, "red-orange").collect();
    assert_eq!(alarms.len(), 2, "{alarms:?}");
    assert!(alarms.iter().all(|row| row.contains("2026-03-31T")));
    // Acknowledged after three hours, not after a hundred days.
    assert!(alarms[0].contains("mantissa: 109220"), "{alarms:?}");
}
