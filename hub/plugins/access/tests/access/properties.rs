//! Random sequences from seeds: nothing opens inward without a title; replays agree to the byte.

use std::sync::Arc;

use cordon_access::{AccessConfig, AccessPlugin};
use cordon_contract::{AccessQuery, AccessRules, OrderLane, Plugin, RuleAnswer};
use cordon_model::*;

use crate::park::*;
use cordon_fixtures::Stored;

/// A rule set gone mad: says yes to everything.
struct Yes;

impl AccessRules for Yes {
    fn decide(&self, _: &AccessQuery) -> RuleAnswer {
        answer(true, "OPEN")
    }

    fn digest(&self) -> Digest {
        Digest([1; 32])
    }
}

/// A small generator (xorshift), so that a seed names a sequence.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.roll(from.len() as u64)).unwrap()]
    }
}

const PLATES: [&str; 4] = ["苏H00001", "苏H00002", "苏H00003", "苏H00004"];
const LANES: [&str; 6] = ["L-01", "L-02", "L-03", "L-04", "L-05", "L-06"];

/// The titles a plate has, kept by the test by itself.
#[derive(Default)]
struct Titles {
    grants: std::collections::BTreeMap<String, AccessGrant>,
    white: std::collections::BTreeMap<String, ListEntry>,
}

impl Titles {
    fn entitles(&self, number: &PlateNumber, now: Timestamp) -> bool {
        let granted = self.grants.values().any(|grant| {
            grant
                .plate
                .as_ref()
                .is_some_and(|plate| plate.number == *number)
                && grant.state == LifeState::Active
                && grant.valid_from <= now
                && now <= grant.valid_to
        });
        granted
            || self
                .white
                .get(number.as_str())
                .is_some_and(|entry| entry.state == LifeState::Active)
    }
}

fn random_input(
    dice: &mut Dice,
    feed: &mut Feed,
    titles: &mut Titles,
    orders: &[MessageId],
) -> Told {
    let number = dice.pick(&PLATES);
    let state = dice.pick(&[
        LifeState::Active,
        LifeState::Withdrawn,
        LifeState::Suspended,
    ]);
    match dice.roll(12) {
        0 => {
            let mut made = if dice.roll(2) == 0 {
                grant(number)
            } else {
                hazmat(number)
            };
            made.state = state;
            made.grant_id = format!("GR-{}", dice.roll(6));
            made.valid_from = feed
                .now
                .plus_seconds(-60 + i64::try_from(dice.roll(90)).unwrap());
            made.valid_to = made
                .valid_from
                .plus_seconds(i64::try_from(dice.roll(120)).unwrap());
            titles.grants.insert(made.grant_id.clone(), made.clone());
            feed.say(Body::AccessGrant(made))
        }
        1 => {
            let kind = dice.pick(&[ListKind::White, ListKind::Black]);
            let entry = ListEntry {
                state,
                ..listed(number, kind)
            };
            // The same id replaces: a black entry under it takes the white one away.
            titles.white.remove(number);
            if kind == ListKind::White {
                titles.white.insert(number.to_owned(), entry.clone());
            }
            feed.say(Body::ListEntry(entry))
        }
        2 => {
            let change = OperatingModeChange {
                change_id: "MC".to_owned(),
                mode: dice.pick(OperatingMode::ALL),
                gates: Vec::new(),
                ordered_by: PartyId::new("operator-1").unwrap(),
                reason: "x".to_owned(),
                effective_at: feed.now,
            };
            feed.say(Body::OperatingModeChange(change))
        }
        3 => feed.tick(),
        4 | 5 => {
            let kind = dice.pick(LoopEventKind::ALL);
            let lane = dice.pick(&LANES);
            let direction = dice.pick(Direction::ALL);
            feed.vehicle(lane, kind, direction)
        }
        6 if !orders.is_empty() => {
            let lane = dice.pick(&LANES);
            let command = dice.pick(orders);
            let outcome = dice.pick(CommandOutcome::ALL);
            feed.end(lane, command, outcome)
        }
        _ => {
            let lane = dice.pick(&LANES);
            let seen = PlateCapture {
                plate_number: PlateNumber::new(dice.pick(&[number, number, PlateNumber::UNREAD]))
                    .unwrap(),
                plate_colour: dice.pick(PlateColour::ALL),
                subject_kind: dice.pick(&[
                    None,
                    Some(SubjectKind::VehHazmat),
                    Some(SubjectKind::VehEmergency),
                ]),
                direction: dice.pick(Direction::ALL),
                ..capture(lane, number, feed.now)
            };
            feed.say(Body::PlateCapture(seen))
        }
    }
}

fn run(seed: u64, steps: usize, rules: Arc<dyn AccessRules>) -> (Feed, Vec<Vec<Body>>, usize) {
    let mut dice = Dice(seed);
    let mut feed = Feed::with(rules, AccessConfig::default(), plan());
    let mut titles = Titles::default();
    let mut orders: Vec<MessageId> = Vec::new();
    let mut said = Vec::new();
    let mut opened = 0;
    for _ in 0..steps {
        feed.wait_s(i64::try_from(dice.roll(20)).unwrap());
        let told = random_input(&mut dice, &mut feed, &mut titles, &orders);
        for ordered in &told.orders {
            let command = &ordered.command;
            assert!(!orders.contains(&command.command_id), "ids are unique");
            orders.push(command.command_id);
            match command.action {
                GateAction::Open => {
                    let decision = told
                        .decisions()
                        .into_iter()
                        .find(|decision| {
                            Some(&decision.decision_id) == command.decision_ref.as_ref()
                        })
                        .cloned()
                        .unwrap();
                    assert_eq!(decision.outcome, DecisionOutcome::Open);
                    if decision.direction == Direction::In {
                        opened += 1;
                        let number = decision.plate.unwrap().number;
                        assert!(titles.entitles(&number, feed.now), "seed {seed}: {number}");
                    }
                }
                GateAction::LockOpen => {
                    assert_eq!(ordered.outbox, OrderLane::Emergency);
                    assert!(command.ordered_by.is_some(), "a person ordered it");
                }
                other => assert_eq!(other, GateAction::Release),
            }
        }
        said.push(told.bodies);
    }
    (feed, said, opened)
}

#[test]
fn nothing_raises_inward_without_grant_exemption_or_emergency_order() {
    let mut opened = 0;
    for seed in 1..=40 {
        // Even a rule set that allows everything opens nothing without a title.
        opened += run(seed, 150, Arc::new(Yes)).2;
        opened += run(seed, 150, Arc::new(PlainRules)).2;
    }
    assert!(opened > 100, "the sequences do open: {opened}");
}

#[test]
fn the_same_entries_give_the_same_decisions_and_the_same_bytes() {
    for seed in 1..=5 {
        let (mut first, said, _) = run(seed, 200, Arc::new(PlainRules));
        let kept = first.plugin.kept().unwrap();
        assert_eq!(first.stored.rows, Stored::of(&kept).rows);
        let fresh = || {
            AccessPlugin::new(
                Arc::new(plan()),
                Arc::new(PlainRules),
                AccessConfig::default(),
            )
        };
        let mut second = Feed::new();
        for (place, (input, said)) in first.inputs.iter().zip(&said).enumerate() {
            // In the middle the state goes through what is stored, as at a restart.
            if place == 100 {
                let state = second.plugin.kept().unwrap();
                second.plugin = fresh();
                second.put_back(&state);
                assert_eq!(second.plugin.kept().unwrap(), state);
            }
            second.number = input.number;
            assert_eq!(second.step(input.clone()).bodies, *said);
        }
        assert_eq!(second.plugin.kept().unwrap(), kept);
    }
}

#[test]
fn a_damaged_row_is_refused_with_a_code() {
    let mut feed = Feed::new();
    let nothing = feed.plugin.kept().unwrap();
    feed.say(Body::AccessGrant(grant(PLATE)));
    feed.enter("L-02", PLATE);
    let kept = feed.plugin.kept().unwrap();
    let mut damaged = 0;
    for (table, (name, _, rows)) in feed.plugin.tables().into_iter().zip(kept.tables()) {
        for (key, row) in rows {
            let half = &row.as_deref().unwrap()[..row.as_ref().unwrap().len() / 2];
            assert_eq!(table.load(key, half).unwrap_err().code(), "P012", "{name}");
            damaged += 1;
        }
    }
    assert!(damaged > 8, "{damaged}");
    feed.put_back(&nothing);
    assert_eq!(
        feed.capture("L-02", PLATE).code(),
        Some(RefusalCode::NoGrant)
    );
}
