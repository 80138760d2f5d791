//! A boom that fell before the vehicle had gone through.

use cordon_model::*;

use crate::late_rise::stands;
use crate::park::*;

const SECOND: &str = "苏H00002";
const BANNED: &str = "苏H00009";

/// Opened for on L-02, and the boom is up.
fn opened(feed: &mut Feed, number: &str) -> MessageId {
    feed.say(Body::AccessGrant(grant(number)));
    let told = feed.capture("L-02", number);
    let command = told.orders[0].command.command_id;
    feed.wait_s(1);
    feed.say(stands("L-02", BarrierState::Open, true, feed.now));
    command
}

fn falls(feed: &mut Feed) {
    feed.wait_s(1);
    let told = feed.say(stands("L-02", BarrierState::Closed, false, feed.now));
    assert_eq!(told.bodies, [], "a boom that falls is nothing to tell");
}

/// The second of a queue was opened for while the boom was up for the first. It fell behind him, and the second stood
/// before it for two minutes: what was being opened for was not looked up again.
#[test]
fn who_stands_before_a_boom_that_fell_is_opened_for_again() {
    for second in [PLATE, SECOND] {
        let mut feed = Feed::new();
        let command = opened(&mut feed, PLATE);
        if second != PLATE {
            opened(&mut feed, second);
            feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
        }
        falls(&mut feed);
        feed.restart();
        feed.wait_s(3);
        let told = feed.capture("L-02", second);
        assert_eq!(told.orders.len(), 1, "{second}");
        assert_ne!(told.orders[0].command.command_id, command);
        feed.wait_s(3);
        assert_eq!(
            feed.capture("L-02", second).orders.len(),
            0,
            "while it opens"
        );
        feed.wait_s(1);
        feed.say(stands("L-02", BarrierState::Open, true, feed.now));
        let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
        assert_eq!(told.passages()[0].result, PassageResult::Passed);
        assert_eq!(told.alarms().len(), 0);
    }
}

/// Whoever broke through a boom that was down within two minutes of an opening that nobody had used passed as the other.
#[test]
fn who_breaks_through_a_boom_that_fell_is_forced_and_named() {
    let mut feed = Feed::new();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    opened(&mut feed, PLATE);
    falls(&mut feed);
    feed.wait_s(20);
    feed.capture("L-02", BANNED);
    feed.wait_s(3);
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    assert_eq!(told.alarm_codes(), [AlarmCode::GateForced]);
    let passage = told.passages()[0];
    assert_eq!(passage.result, PassageResult::Forced);
    assert_eq!(passage.plate, Some(plate(BANNED, PlateColour::Yellow)));
}

/// One showed itself and stayed, the boom fell, and who was opened for next within seconds went through as the other.
#[test]
fn who_goes_through_while_the_boom_is_up_for_him_is_no_other() {
    let mut feed = Feed::new();
    opened(&mut feed, PLATE);
    falls(&mut feed);
    feed.wait_s(1);
    opened(&mut feed, SECOND);
    feed.wait_s(1);
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    let went = told.passages()[0].plate.clone();
    assert_eq!(went, Some(plate(SECOND, PlateColour::Yellow)));
    falls(&mut feed);
    feed.wait_s(20);
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    assert_eq!(told.alarm_codes(), [AlarmCode::GateForced]);
}

/// An honest queue, each read when it comes and again at the loop: their records were those of one another.
#[test]
fn a_queue_is_recorded_in_its_order() {
    let numbers = [PLATE, SECOND, "苏H00003", "苏H00004"];
    let mut feed = Feed::new();
    for number in numbers {
        opened(&mut feed, number);
    }
    for (place, number) in numbers.into_iter().enumerate() {
        if place > 0 {
            feed.wait_s(3);
            assert_eq!(feed.capture("L-02", number).orders.len(), 1, "{number}");
            feed.wait_s(1);
            feed.say(stands("L-02", BarrierState::Open, true, feed.now));
        }
        let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
        let went = told.passages()[0].plate.clone();
        assert_eq!(went, Some(plate(number, PlateColour::Yellow)));
        falls(&mut feed);
        // Its rear plate opens nothing.
        feed.wait_s(1);
        assert_eq!(feed.capture("L-02", number).bodies, [], "{number}");
    }
}

/// Where a lane is held open nobody goes through on an opening whose boom had fallen.
#[test]
fn under_a_boom_that_is_held_nobody_is_one_for_whom_it_fell() {
    let mut feed = Feed::new();
    opened(&mut feed, PLATE);
    falls(&mut feed);
    feed.say(Body::EmergencyGateOpen(EmergencyGateOpen {
        order_id: "EM-1".to_owned(),
        gates: vec![GateId::new("G-01").unwrap()],
        ordered_by: PartyId::new("operator-1").unwrap(),
        reason: "fire".to_owned(),
        release: None,
        ordered_at: feed.now,
    }));
    feed.wait_s(2);
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    assert_eq!(told.passages()[0].grant_id, None);
}

/// Who backs out while the boom is up for him is not one for whom it fell; and one wrong word that it is down is none.
#[test]
fn who_backs_out_is_he_for_whom_the_boom_is_up() {
    let mut feed = Feed::new();
    opened(&mut feed, PLATE);
    falls(&mut feed);
    feed.wait_s(20);
    opened(&mut feed, SECOND);
    falls(&mut feed);
    feed.wait_s(1);
    feed.say(stands("L-02", BarrierState::Open, true, feed.now));
    feed.wait_s(30);
    let told = feed.vehicle("L-02", LoopEventKind::BackedOut, Direction::In);
    let record = told.passages()[0];
    assert_eq!(record.result, PassageResult::BackedOut);
    assert_eq!(record.plate, Some(plate(SECOND, PlateColour::Yellow)));
}

/// Word that the boom fell behind a vehicle may come before word that it went through; an older word of a boom that was
/// down before it rose ends nothing.
#[test]
fn words_that_overtake_each_other_force_nobody() {
    let mut feed = Feed::new();
    let before = feed.now;
    opened(&mut feed, PLATE);
    feed.say(stands("L-02", BarrierState::Closed, false, before));
    feed.wait_s(60);
    falls(&mut feed);
    feed.wait_s(3);
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    assert_eq!(told.passages()[0].result, PassageResult::Passed);
    assert_eq!(told.alarms().len(), 0);
    feed.wait_s(1);
    assert_eq!(feed.capture("L-02", PLATE).bodies, [], "its rear plate");
    // One wrong word that the boom is down, and it is up again.
    opened(&mut feed, SECOND);
    falls(&mut feed);
    feed.wait_s(1);
    feed.say(stands("L-02", BarrierState::Open, true, feed.now));
    feed.wait_s(20);
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    assert_eq!(told.passages()[0].result, PassageResult::Passed);
}

/// A vehicle was read once, by a loop, while the one before drove, and stood before the boom that fell behind that one.
#[test]
fn who_was_read_while_the_one_before_drove_finds_the_boom_up() {
    for (entered_after, again) in [(0, true), (3, false)] {
        let mut feed = Feed::new();
        opened(&mut feed, PLATE);
        feed.wait_s(2);
        if entered_after == 0 {
            feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
        }
        feed.wait_s(2);
        let first = opened(&mut feed, SECOND);
        if entered_after > 0 {
            feed.wait_s(entered_after);
            feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
        }
        feed.wait_s(2);
        let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
        let went = told.passages()[0].plate.clone();
        assert_eq!(went, Some(plate(PLATE, PlateColour::Yellow)));
        // Read before the first was on the loops, it may be the one that has passed.
        assert_eq!(told.orders.len(), usize::from(again), "{entered_after}");
        falls(&mut feed);
        feed.restart();
        if !again {
            continue;
        }
        let command = &told.orders[0].command;
        assert_ne!(command.command_id, first);
        assert_eq!(command.action, GateAction::Open);
        feed.wait_s(1);
        assert_eq!(feed.capture("L-02", SECOND).orders.len(), 0, "it opens");
        feed.wait_s(1);
        feed.say(stands("L-02", BarrierState::Open, true, feed.now));
        feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
        feed.wait_s(3);
        let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
        let record = told.passages()[0];
        assert_eq!(record.plate, Some(plate(SECOND, PlateColour::Yellow)));
        assert_eq!(record.command_id, Some(command.command_id));
        assert_eq!((told.orders.len(), told.alarms().len()), (0, 0));
    }
}

/// The boom that was ordered again and does not rise is a fault like any other, and the next picture opens.
#[test]
fn a_boom_that_does_not_rise_again_is_told() {
    let mut feed = Feed::new();
    opened(&mut feed, PLATE);
    feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
    feed.wait_s(1);
    opened(&mut feed, SECOND);
    feed.wait_s(1);
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    let command = told.orders[0].command.command_id;
    falls(&mut feed);
    let told = feed.end("L-02", command, CommandOutcome::Failed);
    assert_eq!(told.alarm_codes(), [AlarmCode::GateFault]);
    assert_eq!(feed.capture("L-02", SECOND).orders.len(), 1);
}
