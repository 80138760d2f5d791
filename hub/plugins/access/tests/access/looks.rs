//! What one capture, one grant and one list entry cost, told without a clock: how many grants and list entries the
//! plug-in looks at, however many one party keeps of a vehicle; and that their number has an end.

use std::sync::Arc;

use cordon_access::AccessConfig;
use cordon_contract::Plugin;
use cordon_model::plan::Lane;
use cordon_model::*;

use crate::park::*;
use crate::shares::{plan_of_two, said};

const SIZES: [usize; 3] = [10, 200, 3_000];
/// Longer than all of these tests last.
const LONG_S: i64 = 300 * 86_400;

/// Grants and list entries looked at by `work`.
fn cost(feed: &mut Feed, work: impl FnOnce(&mut Feed)) -> u64 {
    let before = feed.plugin.steps();
    work(feed);
    feed.plugin.steps() - before
}

/// A park of two plants of which the first has a lane of its own.
fn feed_of(config: AccessConfig) -> Feed {
    let mut plan = plan_of_two();
    let gate = GateId::new("P1-G1").unwrap();
    plan.lanes.push(Lane {
        id: LaneId::new("P1-L1").unwrap(),
        gate,
        ..plan.lanes[0].clone()
    });
    Feed::with(Arc::new(PlainRules), config, plan)
}

fn listed_as(id: &str, list: ListKind) -> ListEntry {
    ListEntry {
        entry_id: id.to_owned(),
        ..listed(PLATE, list)
    }
}

fn granted_as(who: &str, id: &str) -> AccessGrant {
    AccessGrant {
        grant_id: id.to_owned(),
        enterprise_id: PartyId::new(who).unwrap(),
        valid_to: morning().plus_seconds(LONG_S),
        ..grant(PLATE)
    }
}

/// One plant had 25,000 entries of one number, and each capture of it walked all of them twice.
#[test]
fn one_number_has_so_many_list_entries_of_each() {
    let mut feed = feed_of(AccessConfig {
        list_entries_of_subject_max: 3,
        ..AccessConfig::default()
    });
    let mut asked = |who: &str, entry: ListEntry| said(&mut feed, who, Body::ListEntry(entry));
    let entry = |id: &str| listed_as(id, ListKind::Black);
    let full = Some("access.list_entries_of_subject_max");
    // Black and white ones together; nor by way of an entry that was another number's.
    let other = ListEntry {
        entry_id: "e5".to_owned(),
        ..listed("苏N12345", ListKind::Black)
    };
    assert_eq!(asked("plant-2", other), None);
    assert_eq!(asked("plant-2", listed_as("e1", ListKind::White)), None);
    let loud = ["e2", "e3", "e4", "e5"].map(|id| asked("plant-2", entry(id)));
    assert_eq!(loud, [None, None, full, full]);
    let coloured = ListEntry {
        subject: ListSubject::Plate(plate(PLATE, PlateColour::Blue)),
        ..entry("e4")
    };
    assert_eq!(asked("plant-2", coloured), full, "in whatever colour");
    assert_eq!(asked("plant-1", entry("e4")), None, "another's are its own");
    assert_eq!(asked("HUB-1", entry("e4")), None);
    // What it holds it may change, and what takes one away is taken, known or not.
    let with_state = |id: &str, state| ListEntry { state, ..entry(id) };
    let suspended = with_state("e2", LifeState::Suspended);
    assert_eq!(asked("plant-2", suspended), None);
    let unknown = with_state("e9", LifeState::Withdrawn);
    assert_eq!(asked("plant-2", unknown), None);
    assert_eq!(asked("plant-2", entry("e4")), full, "it took no place away");
    let withdrawn = with_state("e2", LifeState::Withdrawn);
    assert_eq!(asked("plant-2", withdrawn), None);
    assert_eq!(asked("plant-2", entry("e4")), None);
    assert_eq!(asked("plant-2", entry("e6")), full);
}

/// What a journal of before holds is kept and acts, and costs a capture what it costs without.
#[test]
fn a_capture_looks_at_no_entry_that_does_not_act_there() {
    let costs = SIZES.map(|size| {
        let mut feed = feed_of(AccessConfig::default());
        feed.say(Body::AccessGrant(granted_as("plant-1", "g")));
        for number in 0..size {
            let id = format!("e{number}");
            // Of another; over; out of force; taken back.
            feed.say_as(
                "plant-2",
                Body::ListEntry(listed_as(&id, ListKind::Black)),
                false,
            );
            let over = ListEntry {
                valid_to: Some(morning().plus_seconds(-1)),
                ..listed_as(&format!("o{number}"), ListKind::Black)
            };
            let mut entries = vec![over];
            for (letter, state) in [("s", LifeState::Suspended), ("w", LifeState::Withdrawn)] {
                entries.push(ListEntry {
                    state,
                    ..listed_as(&format!("{letter}{number}"), ListKind::Black)
                });
            }
            for entry in entries {
                feed.say_as("plant-1", Body::ListEntry(entry), false);
            }
        }
        let clean = ["L-02", "P1-L1"].map(|lane| {
            let mut told = Told::default();
            let steps = cost(&mut feed, |feed| told = feed.capture(lane, PLATE));
            assert_eq!(
                told.decisions()[0].refusal_code.is_some(),
                told.orders.is_empty()
            );
            assert_ne!(told.code(), Some(RefusalCode::Blacklist));
            steps
        });
        // The grant alone was looked at.
        assert_eq!(clean, [1, 1], "{size}");
        for number in 0..size {
            let entry = listed_as(&format!("a{number}"), ListKind::Black);
            feed.say_as("plant-1", Body::ListEntry(entry), false);
        }
        feed.wait_s(60);
        cost(&mut feed, |feed| {
            let told = feed.capture("P1-L1", PLATE);
            assert_eq!(told.code(), Some(RefusalCode::Blacklist));
        })
    });
    assert_eq!(costs, [2, 2, 2], "the grant and one of the entries");
}

/// The lists were asked before it was known that the lane is being opened for it.
#[test]
fn what_is_being_opened_for_is_not_looked_up_again() {
    for size in SIZES {
        let mut feed = feed_of(AccessConfig::default());
        for number in 0..size.min(1_000) {
            let white = listed_as(&format!("e{number}"), ListKind::White);
            let later = ListEntry {
                valid_from: morning().plus_seconds(600),
                ..white
            };
            feed.say(Body::ListEntry(later));
        }
        feed.say(Body::AccessGrant(granted_as("plant-1", "g")));
        let first = cost(&mut feed, |feed| {
            assert_eq!(feed.capture("L-02", PLATE).orders.len(), 1);
        });
        assert!(first >= 1);
        let again = cost(&mut feed, |feed| {
            assert_eq!(feed.capture("L-02", PLATE).bodies, []);
        });
        assert_eq!(again, 0, "{size}");
    }
}

/// Each passage looked at all grants of a vehicle, and each change of the one that its visit is on at most of them.
#[test]
fn one_grant_among_many_of_a_vehicle_costs_one_look() {
    let costs = SIZES.map(|size| {
        let mut feed = feed_of(AccessConfig::default());
        for number in 0..size {
            let grant = granted_as("plant-1", &format!("g{number:05}"));
            feed.say_as("plant-1", Body::AccessGrant(grant), false);
        }
        let mut told = Told::default();
        let capture = cost(&mut feed, |feed| told = feed.enter("L-02", PLATE));
        let grant = told.passages()[0].grant_id.clone();
        let renewed = AccessGrant {
            max_stay_minutes: Some(60),
            ..granted_as("plant-1", &grant.clone().unwrap())
        };
        let renewal = cost(&mut feed, |feed| {
            feed.say_as("plant-1", Body::AccessGrant(renewed), false);
        });
        feed.wait_s(3_700);
        let alarms = feed.tick().alarm_codes();
        assert_eq!(alarms, [AlarmCode::Overstay], "the stay was changed");
        (grant, capture, renewal)
    });
    let last = |size: usize| Some(format!("g{:05}", size - 1));
    assert_eq!(costs, SIZES.map(|size| (last(size), 1, 0)));
}

/// A thousand grants of one vehicle were withdrawn, and one more was refused with the advice to withdraw some.
#[test]
fn what_was_taken_back_or_ended_keeps_no_place_of_a_vehicle() {
    for most in [3, 30, 300] {
        let config = AccessConfig {
            grants_of_vehicle_max: most,
            list_entries_of_subject_max: most,
            ..AccessConfig::default()
        };
        let mut feed = feed_of(config.clone());
        let full = Some("access.grants_of_vehicle_max");
        let of_lists = Some("access.list_entries_of_subject_max");
        for round in 0..3 {
            for (state, limits) in [
                (LifeState::Active, (full, of_lists)),
                (LifeState::Withdrawn, (None, None)),
            ] {
                for number in 0..=most {
                    let id = format!("{round}-{number}");
                    let grant = AccessGrant {
                        state,
                        ..granted_as("plant-1", &id)
                    };
                    let entry = ListEntry {
                        state,
                        ..listed_as(&id, ListKind::Black)
                    };
                    let told = (
                        said(&mut feed, "plant-1", Body::AccessGrant(grant)),
                        said(&mut feed, "plant-1", Body::ListEntry(entry)),
                    );
                    let limits = if number < most { (None, None) } else { limits };
                    assert_eq!(told, limits, "{id} {state:?}");
                }
            }
            if round == 1 {
                feed.restart();
            }
        }
        // Ended ones leave place for as many that stand, and no more rows are kept.
        for number in 0..=most {
            let soon = AccessGrant {
                valid_to: feed.now.plus_seconds(60),
                ..granted_as("plant-1", &format!("s-{number}"))
            };
            let limit = (number == most).then_some("access.grants_of_vehicle_max");
            assert_eq!(said(&mut feed, "plant-1", Body::AccessGrant(soon)), limit);
        }
        feed.wait_s(61);
        for number in 0..most {
            let grant = granted_as("plant-1", &format!("n-{number}"));
            assert_eq!(said(&mut feed, "plant-1", Body::AccessGrant(grant)), None);
        }
        let kept = feed.plugin.kept().unwrap();
        let rows = |name: &str| kept.tables().find(|it| it.0 == name).unwrap().2.len();
        assert_eq!((rows("permits"), rows("lists")), (2 * most, most));
        // Read again from the journal, without a restart in between.
        let mut again = feed_of(config);
        for input in &feed.inputs {
            again.number = input.number;
            again.step(input.clone());
        }
        assert!(again.plugin.kept().unwrap() == kept);
    }
}

/// More than today's limit, from before there was one.
#[test]
fn what_was_taken_beyond_the_limit_acts_and_may_be_changed() {
    let config = AccessConfig {
        list_entries_of_subject_max: 2,
        grants_of_vehicle_max: 2,
        ..AccessConfig::default()
    };
    let mut feed = feed_of(config);
    for number in 0..5 {
        let entry = ListEntry {
            valid_from: morning().plus_seconds(if number == 4 { -60 } else { 7_200 }),
            ..listed_as(&format!("e{number}"), ListKind::Black)
        };
        feed.say_as("plant-1", Body::ListEntry(entry), false);
        let mut grant = granted_as("plant-1", &format!("g{number}"));
        if number < 4 {
            grant.lanes = vec![LaneId::new("L-01").unwrap()];
        }
        feed.say_as("plant-1", Body::AccessGrant(grant), false);
    }
    feed.restart();
    let told = feed.capture("P1-L1", PLATE);
    assert_eq!(told.code(), Some(RefusalCode::Blacklist));
    let told = feed.capture("L-02", PLATE);
    assert_eq!(told.decisions()[0].grant_id.as_deref(), Some("g4"));
    let mut asked = |body| said(&mut feed, "plant-1", body);
    for number in 0..5 {
        let entry = listed_as(&format!("e{number}"), ListKind::White);
        assert_eq!(asked(Body::ListEntry(entry)), None);
        let grant = granted_as("plant-1", &format!("g{number}"));
        assert_eq!(asked(Body::AccessGrant(grant)), None);
    }
    // Room is once less stands than the limit.
    for number in 0..4 {
        let entry = listed_as("new", ListKind::Black);
        let told = asked(Body::ListEntry(entry));
        assert_eq!(told, Some("access.list_entries_of_subject_max"), "{number}");
        let entry = ListEntry {
            state: LifeState::Withdrawn,
            ..listed_as(&format!("e{number}"), ListKind::White)
        };
        assert_eq!(asked(Body::ListEntry(entry)), None);
    }
    let entry = listed_as("new", ListKind::Black);
    assert_eq!(asked(Body::ListEntry(entry)), None);
}

/// The grant of a vehicle inside was withdrawn, its row gave way, and the withdrawal came again: nobody was told that
/// the vehicle stayed.
#[test]
fn what_is_not_kept_takes_no_stay_away() {
    let mut feed = feed_of(AccessConfig {
        grants_of_vehicle_max: 3,
        ..AccessConfig::default()
    });
    let inside = AccessGrant {
        max_stay_minutes: Some(60),
        ..granted_as("plant-1", "gx")
    };
    let withdrawn = AccessGrant {
        state: LifeState::Withdrawn,
        ..inside.clone()
    };
    feed.say_as("plant-1", Body::AccessGrant(inside), false);
    assert_eq!(feed.enter("L-02", PLATE).passages().len(), 1);
    feed.say_as("plant-1", Body::AccessGrant(withdrawn.clone()), false);
    for number in 0..3 {
        let later = AccessGrant {
            valid_from: morning().plus_seconds(86_400),
            ..granted_as("plant-1", &format!("g{number}"))
        };
        let told = said(&mut feed, "plant-1", Body::AccessGrant(later));
        assert_eq!(told, None);
    }
    for _ in 0..2 {
        let told = said(&mut feed, "plant-1", Body::AccessGrant(withdrawn.clone()));
        assert_eq!(told, None, "what ends one is always taken");
    }
    feed.wait_s(3_700);
    assert_eq!(feed.tick().alarm_codes(), [AlarmCode::Overstay]);
}

/// A hub started with a clock a day ahead: what stood was over by it and gave way, and when the clock was right again
/// a vehicle of the black list drove in.
#[test]
fn what_ended_by_a_clock_that_was_ahead_acts_when_it_is_right_again() {
    let most = 5;
    let mut feed = feed_of(AccessConfig {
        list_entries_of_subject_max: most,
        grants_of_vehicle_max: most,
        ..AccessConfig::default()
    });
    feed.say(Body::AccessGrant(granted_as("plant-1", "g")));
    // All are of one number, and all but one of a vehicle of another colour.
    let entry = |id: &str, colour, ends_in_s| ListEntry {
        valid_to: Some(morning().plus_seconds(ends_in_s)),
        subject: ListSubject::Plate(plate(PLATE, colour)),
        ..listed_as(id, ListKind::Black)
    };
    let other = PlateColour::Yellow;
    let black = entry("black", PlateColour::Blue, 43_200);
    assert_eq!(said(&mut feed, "HUB-1", Body::ListEntry(black)), None);
    for number in 1..most {
        let more = entry(&format!("w{number}"), other, 50_000);
        assert_eq!(said(&mut feed, "HUB-1", Body::ListEntry(more)), None);
    }
    feed.wait_s(86_400);
    feed.tick();
    let full = Some("access.list_entries_of_subject_max");
    // Short ones and long ones: as many are kept as may stand, beside what ended.
    for number in 0..3 * most {
        let more = entry(&format!("m{number}"), other, 86_460);
        let told = said(&mut feed, "HUB-1", Body::ListEntry(more));
        assert_eq!(told, (number >= most).then_some(full).flatten(), "{number}");
    }
    feed.wait_s(120);
    let more = entry("n", other, 200_000);
    assert_eq!(
        said(&mut feed, "HUB-1", Body::ListEntry(more.clone())),
        full
    );
    // What is taken back makes place.
    let back = ListEntry {
        state: LifeState::Withdrawn,
        ..entry("m1", other, 86_460)
    };
    assert_eq!(said(&mut feed, "HUB-1", Body::ListEntry(back)), None);
    assert_eq!(said(&mut feed, "HUB-1", Body::ListEntry(more)), None);
    feed.restart();
    feed.wait_s(-86_400);
    let told = feed.capture("L-02", PLATE);
    assert_eq!(told.code(), Some(RefusalCode::Blacklist));
    // It is forgotten in its time, and then there is room.
    feed.wait_s(9 * 86_400);
    feed.tick();
    let new = entry("new", other, 20 * 86_400);
    assert_eq!(said(&mut feed, "HUB-1", Body::ListEntry(new)), None);
}

/// A thousand grants in each of nine colours, none of which fitted: a capture without a colour looked at all of them.
#[test]
fn grants_that_do_not_fit_are_few_in_all_colours_together() {
    let most = 20;
    let mut feed = feed_of(AccessConfig {
        grants_of_vehicle_max: most,
        ..AccessConfig::default()
    });
    let full = Some("access.grants_of_vehicle_max");
    let mut taken = 0;
    let each = |number| PlateColour::ALL.iter().map(move |colour| (number, *colour));
    for (number, colour) in (0..most).flat_map(each) {
        let grant = AccessGrant {
            plate: Some(plate(PLATE, colour)),
            gates: vec![GateId::new("G-99").unwrap()],
            valid_from: morning().plus_seconds(86_400),
            ..granted_as("plant-1", &format!("{colour:?}-{number}"))
        };
        let told = said(&mut feed, "plant-1", Body::AccessGrant(grant));
        assert_eq!(told, (taken >= most).then_some(full).flatten());
        taken += usize::from(told.is_none());
    }
    for colour in [PlateColour::Other, PlateColour::Blue] {
        feed.wait_s(60);
        let seen = PlateCapture {
            plate_colour: colour,
            ..capture("L-02", PLATE, feed.now)
        };
        let steps = cost(&mut feed, |feed| {
            assert!(feed.say(Body::PlateCapture(seen)).code().is_some());
        });
        assert_eq!(steps, u64::try_from(most).unwrap());
    }
}

/// Thousands of entries of before, none of which had begun, were walked by each capture of their number.
#[test]
fn entries_that_begin_later_cost_nothing_and_act_from_their_time() {
    let mut feed = feed_of(AccessConfig::default());
    feed.say(Body::AccessGrant(granted_as("plant-1", "g")));
    for number in 0..3_000 {
        let later = ListEntry {
            valid_from: morning().plus_seconds(600),
            ..listed_as(&format!("e{number}"), ListKind::Black)
        };
        feed.say(Body::ListEntry(later));
    }
    for lane in ["L-02", "P1-L1"] {
        let steps = cost(&mut feed, |feed| {
            assert_ne!(
                feed.capture(lane, PLATE).code(),
                Some(RefusalCode::Blacklist)
            );
        });
        assert_eq!(steps, 1, "the grant");
        feed.restart();
    }
    feed.wait_s(600);
    let steps = cost(&mut feed, |feed| {
        let told = feed.capture("L-05", PLATE);
        assert_eq!(told.code(), Some(RefusalCode::Blacklist));
    });
    assert_eq!(steps, 2);
}
