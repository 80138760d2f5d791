//! Who stands behind the vehicle that goes through, and is read once.

use cordon_model::*;

use crate::fallen::{falls, opened};
use crate::late_rise::stands;
use crate::park::*;

const SECOND: &str = "苏H00002";
const THIRD: &str = "苏H00003";
const BANNED: &str = "苏H00009";

fn enters(feed: &mut Feed) {
    feed.wait_s(1);
    feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
    feed.wait_s(1);
}

fn passes(feed: &mut Feed) -> Told {
    feed.wait_s(1);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In)
}

/// Read on the loops one after the other, the boom up for the first.
fn two_on_the_loops(feed: &mut Feed) {
    enters(feed);
    opened(feed, PLATE);
    feed.wait_s(2);
    opened(feed, SECOND);
}

fn rises(feed: &mut Feed) {
    feed.wait_s(1);
    feed.say(stands("L-02", BarrierState::Open, true, feed.now));
}

/// A vehicle that a loop's camera read while the one before drove stood before the boom that fell behind that one.
#[test]
fn who_was_read_behind_the_one_on_the_loops_is_opened_for_again() {
    let mut feed = Feed::new();
    two_on_the_loops(&mut feed);
    let told = passes(&mut feed);
    let went = told.passages()[0].plate.clone();
    assert_eq!(went, Some(plate(PLATE, PlateColour::Yellow)));
    assert_eq!((told.code(), told.orders.len()), (None, 1));
    let command = told.orders[0].command.command_id;
    feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
    falls(&mut feed);
    feed.restart();
    rises(&mut feed);
    assert_eq!(feed.capture("L-02", SECOND).orders.len(), 0, "it opens");
    // The third comes onto the first loop while the second leaves the last.
    opened(&mut feed, THIRD);
    let told = passes(&mut feed);
    let record = told.passages()[0];
    assert_eq!(record.plate, Some(plate(SECOND, PlateColour::Yellow)));
    assert_eq!(record.command_id, Some(command));
    assert_eq!(told.orders.len(), 1, "for the third");
    feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
    rises(&mut feed);
    let told = passes(&mut feed);
    let record = told.passages()[0];
    assert_eq!(record.plate, Some(plate(THIRD, PlateColour::Yellow)));
    assert_eq!((told.orders.len(), told.alarms().len()), (0, 0));
}

/// Read before anybody was on the loops, the first may have turned away: the boom would rise for nobody. For a rescue
/// vehicle it does.
#[test]
fn where_the_first_may_have_turned_away_the_boom_rises_for_rescue_alone() {
    for rescue in [false, true] {
        let mut feed = Feed::new();
        if rescue {
            let kind = SubjectKind::VehEmergency;
            let engine = VehicleRegistration {
                subject_kind: kind,
                ..registration(SECOND)
            };
            feed.say(Body::VehicleRegistration(engine));
        }
        opened(&mut feed, PLATE);
        enters(&mut feed);
        opened(&mut feed, SECOND);
        assert_eq!(passes(&mut feed).orders.len(), usize::from(rescue));
    }
}

/// Between the two stood one who had been refused, and the boom that rose for the second was his.
#[test]
fn who_is_not_next_is_not_opened_for() {
    let mut feed = Feed::new();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    enters(&mut feed);
    opened(&mut feed, PLATE);
    feed.capture("L-02", BANNED);
    opened(&mut feed, SECOND);
    assert_eq!(passes(&mut feed).orders.len(), 0);
    // He reversed out before the second came.
    let mut feed = Feed::new();
    two_on_the_loops(&mut feed);
    feed.vehicle("L-02", LoopEventKind::BackedOut, Direction::In);
    assert_eq!(
        passes(&mut feed).orders.len(),
        0,
        "the loops did not say who came"
    );
}

/// Black-listed while he waited, he was opened for again.
#[test]
fn who_waits_behind_is_judged_anew() {
    let mut feed = Feed::new();
    two_on_the_loops(&mut feed);
    feed.say(Body::ListEntry(listed(SECOND, ListKind::Black)));
    let told = passes(&mut feed);
    assert_eq!(told.orders.len(), 0);
    assert_eq!(told.code(), Some(RefusalCode::Blacklist));
    assert_eq!(told.alarm_codes(), [AlarmCode::BlacklistHit]);
    falls(&mut feed);
    let told = passes(&mut feed);
    assert_eq!(told.passages()[0].result, PassageResult::Forced);
}

/// Who stood before a boom that had fallen waited for another picture, and nobody knew.
#[test]
fn who_may_stand_before_a_boom_that_fell_is_told_of() {
    let mut feed = Feed::new();
    opened(&mut feed, PLATE);
    passes(&mut feed);
    for reads_again in [false, true] {
        opened(&mut feed, SECOND);
        falls(&mut feed);
        feed.wait_s(5);
        if reads_again {
            assert_eq!(feed.capture("L-02", SECOND).orders.len(), 1);
            rises(&mut feed);
        }
        feed.wait_s(11);
        let told = feed.tick();
        match reads_again {
            true => assert_eq!(told.alarm_codes(), []),
            false => assert_eq!(told.alarm_codes(), [AlarmCode::GateFault]),
        }
        feed.wait_s(1);
        assert_eq!(feed.tick().alarm_codes(), [], "once");
    }
}
