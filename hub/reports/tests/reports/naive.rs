//! RPT-01 against a count that a child could make, over random journals.

use std::collections::BTreeMap;

use cordon_model::{Cell, Digest, Direction, PassageResult, ReportType, SubjectKind};
use cordon_reports::{Ledger, Position, Span, document};

use crate::made::{Line, config, day, ended, hub, plan};

/// A small generator: the same seed gives the same journal.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn journal(seed: u64) -> Vec<Line> {
    let mut dice = Dice(seed);
    let start = day("00:00:00").plus_seconds(-43_200);
    let kinds = [
        SubjectKind::Person,
        SubjectKind::VehOrdinary,
        SubjectKind::VehHazmat,
        SubjectKind::VehFreight,
    ];
    let results = [
        PassageResult::Passed,
        PassageResult::Forced,
        PassageResult::BackedOut,
    ];
    let mut lines = Vec::new();
    for _ in 0..400 {
        // Two days around the one reported on, in no order of time, all of it told late.
        let time = start.plus_micros(i64::try_from(dice.roll(172_800_000_000)).unwrap());
        let gate = format!("G{}", dice.roll(3));
        let way = [Direction::In, Direction::Out][dice.roll(2) as usize];
        let kind = kinds[dice.roll(4) as usize];
        let result = results[dice.roll(3) as usize];
        lines.push(Line {
            time: start.plus_seconds(172_800),
            ..ended(time, &gate, way, kind, result)
        });
    }
    lines
}

fn counted(lines: &[Line], span: Span) -> BTreeMap<(String, String), [i64; 4]> {
    let mut counts = BTreeMap::new();
    for line in lines {
        let cordon_model::Body::PassageRecord(record) = &line.body else {
            continue;
        };
        let inside = span.from() <= record.passed_at && record.passed_at < span.to();
        if !inside || record.subject_kind == SubjectKind::Person {
            continue;
        }
        let key = (record.gate_id.to_string(), record.subject_kind.to_string());
        let count: &mut [i64; 4] = counts.entry(key).or_default();
        match (record.result, record.direction) {
            (PassageResult::BackedOut, _) => count[3] += 1,
            (_, Direction::In) => count[0] += 1,
            (_, Direction::Out) => count[1] += 1,
        }
        count[2] += i64::from(record.result == PassageResult::Forced);
    }
    counts
}

fn integer(cell: &Cell) -> i64 {
    match cell {
        Cell::Integer(count) => *count,
        other => panic!("{other:?}"),
    }
}

fn word(cell: &Cell) -> String {
    match cell {
        Cell::Text(word) | Cell::Code(word) => word.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_report_counts_as_a_child_would() {
    let span = Span::day(day("12:00:00"));
    for seed in 0..60 {
        let lines = journal(seed);
        let mut ledger = Ledger::new(62);
        for (number, line) in (1..).zip(&lines) {
            ledger.step(&line.entry(number));
        }
        let position = Position {
            number: ledger.number(),
            chain: Digest([0; 32]),
        };
        let report = document(
            ReportType::Rpt01,
            span,
            (&ledger, position),
            (&plan(), &config()),
            (span.to(), &hub()),
        )
        .unwrap();
        let expected = counted(&lines, span);
        // Both the totals and the sum over the hours.
        for (section, first) in [("totals", 0), ("passages", 1)] {
            let found = report
                .sections
                .iter()
                .find(|one| one.name == section)
                .unwrap();
            let mut seen: BTreeMap<(String, String), [i64; 4]> = BTreeMap::new();
            for row in &found.rows {
                let cells = &row.cells[first..];
                let count = seen.entry((word(&cells[0]), word(&cells[2]))).or_default();
                for (sum, cell) in count.iter_mut().zip(&cells[3..]) {
                    *sum += integer(cell);
                }
            }
            assert_eq!(seen, expected, "seed {seed}, section {section}");
        }
    }
}
