//! The records against a count that a child could make, over random journals; rebuilt against followed.

use std::collections::{BTreeMap, BTreeSet};

use cordon_model::{
    AlarmLevel, AlarmState, DecisionOutcome, DeviceState, Direction, LifeState, ListSubject,
    Sample, SampleQuality, SubjectKind, Timestamp,
};
use cordon_records::Progress;

use crate::made::*;

/// A small generator: the same seed gives the same journal.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A journal of so many lines.
pub fn journal(seed: u64, lines: u64) -> Vec<Line> {
    let mut dice = Dice(seed);
    let states = [
        AlarmState::Acknowledged,
        AlarmState::Cleared,
        AlarmState::Closed,
    ];
    let levels = [AlarmLevel::Red, AlarmLevel::Orange, AlarmLevel::Blue];
    let mut seconds = 0;
    (0..lines)
        .map(|_| {
            seconds += i64::try_from(dice.roll(90)).unwrap();
            let time = at(seconds);
            let lane = ["G1-L1", "G1-L2", "G2-L1"][dice.roll(3) as usize];
            let id = dice.roll(9).to_string();
            let alarm_id = format!("A-{}", dice.roll(20));
            match dice.roll(15) {
                0 => {
                    let ends = at(seconds + i64::try_from(dice.roll(4_000)).unwrap() - 500);
                    let said = grant(time, ["E-1", "E-2"][dice.roll(2) as usize], &id, ends);
                    match dice.roll(4) {
                        0 => withdrawn(said),
                        1 => said.flagged(PARK),
                        2 => said.flagged(OVERTAKEN),
                        _ => said,
                    }
                }
                1 => passage(
                    time,
                    lane,
                    [Direction::In, Direction::Out][dice.roll(2) as usize],
                ),
                2 => decision(
                    time,
                    lane,
                    [DecisionOutcome::Open, DecisionOutcome::Refuse][dice.roll(2) as usize],
                ),
                3 => refused(time, "E-1", ["V001", "X002"][dice.roll(2) as usize]),
                4 => alarm(time, &alarm_id, levels[dice.roll(3) as usize]),
                5 | 6 => {
                    let to = states[dice.roll(3) as usize];
                    step(time, &alarm_id, AlarmState::Raised, to, "officer-1")
                }
                7 => audit(time, "report.built", Some("RPT-01")),
                8 => registered(&mut dice, time),
                9 => {
                    let by_person = ListSubject::PersonId(format!("p-{id}"));
                    let by_plate =
                        ListSubject::PlateNumber(format!("苏A1234{id}").parse().unwrap());
                    let subject = [by_person, by_plate][dice.roll(2) as usize].clone();
                    listed(time, &id, subject, of_life(&mut dice))
                }
                10 | 11 => {
                    let way = [Direction::In, Direction::Out][dice.roll(2) as usize];
                    let number = ["苏A12345", "苏A12346", "苏A12347", ""][dice.roll(4) as usize];
                    through(time, lane, way, number, "")
                }
                12 => {
                    let area = [None, Some("A-1")][dice.roll(2) as usize];
                    let inside = u32::try_from(dice.roll(3)).unwrap();
                    snapshot(time, area, &[(SubjectKind::VehHazmat, inside)])
                }
                13 => read(time, samples(&mut dice, seconds)),
                _ => {
                    let state = [DeviceState::Online, DeviceState::Offline][dice.roll(2) as usize];
                    link(time, ["BR-1", "BR-2"][dice.roll(2) as usize], state)
                }
            }
        })
        .collect()
}

fn of_life(dice: &mut Dice) -> LifeState {
    LifeState::ALL[dice.roll(3) as usize]
}

fn registered(dice: &mut Dice, time: Timestamp) -> Line {
    let enterprise = ["E-1", "E-2"][dice.roll(2) as usize];
    let state = of_life(dice);
    let line = match dice.roll(2) {
        0 => vehicle(time, enterprise, &format!("苏A1234{}", dice.roll(4)), state),
        _ => person(time, enterprise, &format!("P-{}", dice.roll(4)), state),
    };
    match dice.roll(4) {
        0 => line.flagged(PARK),
        1 => line.flagged(OVERTAKEN),
        _ => line,
    }
}

/// With values that have more and fewer digits, come late, or are of no use.
fn samples(dice: &mut Dice, seconds: i64) -> Vec<Sample> {
    let mut one = || {
        let late = i64::try_from(dice.roll(300)).unwrap();
        let value = ["1", "2.50", "-0.125"][dice.roll(3) as usize];
        let device = ["S-1", "S-2"][dice.roll(2) as usize];
        let quality = SampleQuality::ALL[dice.roll(4) as usize];
        Sample {
            quality,
            ..sample(device, value, at(seconds - late))
        }
    };
    (0..3).map(|_| one()).collect()
}

/// What is counted by looking at every line.
fn counted(lines: &[Line]) -> BTreeMap<&'static str, u64> {
    use cordon_model::Body;
    let mut counts = BTreeMap::new();
    let mut open: BTreeSet<String> = BTreeSet::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for line in lines {
        let mut add = |name| *counts.entry(name).or_default() += 1;
        match &line.body {
            Body::Refusal(_) => add("refused"),
            Body::PassageRecord(record) => {
                add("passages");
                match record.direction {
                    Direction::In => add("in"),
                    Direction::Out => add("out"),
                }
            }
            Body::PassageDecision(decision) => match decision.outcome {
                DecisionOutcome::Open => add("opened"),
                _ => add("denied"),
            },
            Body::AuditEvent(_) => add("reports"),
            Body::AlarmEvent(event) if known.insert(event.alarm_id.clone()) => {
                open.insert(event.alarm_id.clone());
            }
            // Nobody but the hub opens what is closed.
            Body::AlarmUpdate(update) if open.contains(&update.alarm_id) => {
                match update.state {
                    AlarmState::Closed => open.remove(&update.alarm_id),
                    _ => open.insert(update.alarm_id.clone()),
                };
            }
            _ => {}
        }
    }
    counts.insert("open alarms", open.len() as u64);
    counts
}

fn of_records(park: &Park) -> BTreeMap<&'static str, u64> {
    let rows = park.dump();
    let count = |name: &str| -> u64 {
        rows["counts"]
            .iter()
            .filter(|row| row.starts_with(&text(name)))
            .map(|row| number_at_end(row))
            .sum()
    };
    let open = rows["alarms"]
        .iter()
        .filter(|row| cell(row, 8) == "Integer(1)");
    BTreeMap::from([
        ("refused", rows["refusals"].len() as u64),
        ("passages", rows["passages"].len() as u64),
        ("in", count("passed-in")),
        ("out", count("passed-out")),
        ("opened", count("opened")),
        ("denied", count("denied")),
        ("reports", count("reports")),
        ("open alarms", open.count() as u64),
    ])
}

fn text(name: &str) -> String {
    format!("{:?}|", rusqlite::types::ValueRef::Text(name.as_bytes()))
}

fn cell(row: &str, at: usize) -> &str {
    row.split('|').nth(at).unwrap()
}

fn number_at_end(row: &str) -> u64 {
    let cell = row.rsplit('|').next().unwrap();
    let digits = cell.trim_start_matches("Integer(").trim_end_matches(')');
    digits.parse().unwrap()
}

#[test]
fn the_records_say_what_a_count_of_every_line_says() {
    for seed in 0..12 {
        let lines = journal(seed, 600);
        let park = Park::with(&lines);
        park.follow();
        assert_eq!(of_records(&park), counted(&lines), "seed {seed}");
    }
}

/// In whatever steps the journal was followed, and however often it was opened anew.
#[test]
fn what_was_followed_bit_by_bit_is_what_is_built_at_once() {
    for seed in 0..6 {
        let lines = journal(seed, 500);
        let mut followed = Park::new();
        let mut dice = Dice(seed + 100);
        let mut rest = lines.as_slice();
        let mut follower = None;
        while !rest.is_empty() {
            let (now, later) = rest.split_at((1 + dice.roll(40) as usize).min(rest.len()));
            followed.append(now);
            rest = later;
            let mut going = match follower.take() {
                Some(going) if dice.roll(3) > 0 => going,
                _ => followed.open(own()).unwrap(),
            };
            to_end(&mut going, followed.durable());
            assert_eq!(going.step(followed.durable()).unwrap(), Progress::AtEnd);
            follower = Some(going);
        }
        let whole = Park::with(&lines);
        whole.follow();
        let (mut one, mut other) = (followed.dump(), whole.dump());
        // The batches of the two journals differ, and with them their chains.
        for dump in [&mut one, &mut other] {
            let folds = dump.remove("folds").unwrap();
            assert!(folds.iter().all(|row| cell(row, 2) == "Integer(500)"));
        }
        assert_eq!(one, other, "seed {seed}");
    }
}
