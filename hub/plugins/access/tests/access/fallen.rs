//! A boom that fell before the vehicle had gone through.

use cordon_model::*;

use crate::late_rise::stands;
use crate::park::*;

const SECOND: &str = "苏H00002";
const BANNED: &str = "苏H00009";

/// Opened for on L-02, and the boom is up.
pub fn opened(feed: &mut Feed, number: &str) -> MessageId {
    feed.say(Body::AccessGrant(grant(number)));
    let told = feed.capture("L-02", number);
    let command = told.orders[0].command.command_id;
    feed.wait_s(1);
    feed.say(stands("L-02", BarrierState::Open, true, feed.now));
    command
}

pub fn falls(feed: &mut Feed) {
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

/// Who backs out while the boom is up for him is not one for whom it fell.
#[test]
fn who_backs_out_is_he_for_whom_the_boom_is_up() {
    let mut feed = Feed::new();
    opened(&mut feed, PLATE);
    falls(&mut feed);
    feed.wait_s(10);
    opened(&mut feed, SECOND);
    feed.wait_s(9);
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
    let went = GateStatus {
        loop_event: Some(LoopEvent {
            kind: LoopEventKind::Passed,
            direction: Direction::In,
        }),
        ..status("L-02", feed.now)
    };
    falls(&mut feed);
    feed.wait_s(3);
    let told = feed.say(Body::GateStatus(went));
    assert_eq!(told.passages()[0].result, PassageResult::Passed);
    assert_eq!(told.alarms().len(), 0);
    feed.wait_s(1);
    assert_eq!(feed.capture("L-02", PLATE).bodies, [], "its rear plate");
}

/// Another hand raised the boom, and a refused car went through as the one for whom it had fallen.
#[test]
fn a_boom_that_another_hand_raises_is_not_up_for_whom_it_fell() {
    let mut feed = Feed::new();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    opened(&mut feed, PLATE);
    falls(&mut feed);
    feed.wait_s(8);
    feed.capture("L-02", BANNED);
    feed.say(stands("L-02", BarrierState::Open, true, feed.now));
    feed.wait_s(1);
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    let passage = told.passages()[0];
    assert_eq!(passage.result, PassageResult::Forced);
    assert_eq!(passage.plate, Some(plate(BANNED, PlateColour::Yellow)));
}

/// One showed himself and turned away; half a minute later one who had been refused reversed out, recorded as the first.
#[test]
fn who_reverses_out_long_after_a_fall_is_not_he_for_whom_it_fell() {
    let mut feed = Feed::new();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    opened(&mut feed, PLATE);
    falls(&mut feed);
    feed.wait_s(30);
    feed.capture("L-02", BANNED);
    feed.wait_s(5);
    let told = feed.vehicle("L-02", LoopEventKind::BackedOut, Direction::In);
    assert_eq!(told.bodies, []);
}
