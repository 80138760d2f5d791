//! Who stands behind the vehicle that goes through, and is read once.

use cordon_model::*;

use crate::fallen::{falls, opened};
use crate::late_rise::stands;
use crate::park::*;

const SECOND: &str = "苏H00002";
const THIRD: &str = "苏H00003";
const BANNED: &str = "苏H00009";

fn enters(feed: &mut Feed) -> Told {
    feed.vehicle("L-02", LoopEventKind::Entered, Direction::In)
}

fn passes(feed: &mut Feed) -> Told {
    feed.wait_s(1);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In)
}

/// The first on the loops under its boom, the second opened for behind it.
fn two_at_the_boom(feed: &mut Feed) {
    enters(feed);
    opened(feed, PLATE);
    feed.wait_s(2);
    opened(feed, SECOND);
}

fn rises(feed: &mut Feed) {
    feed.wait_s(1);
    feed.say(stands("L-02", BarrierState::Open, true, feed.now));
}

fn engine(feed: &mut Feed, number: &str) {
    feed.say(Body::VehicleRegistration(VehicleRegistration {
        subject_kind: SubjectKind::VehEmergency,
        ..registration(number)
    }));
}

/// A vehicle that was read once while the one before drove stood before the boom that fell behind that one.
#[test]
fn who_stands_on_the_loops_behind_is_opened_for_again() {
    let mut feed = Feed::new();
    two_at_the_boom(&mut feed);
    opened(&mut feed, THIRD);
    let told = passes(&mut feed);
    let went = told.passages()[0].plate.clone();
    assert_eq!(went, Some(plate(PLATE, PlateColour::Yellow)));
    assert_eq!(told.orders.len(), 0);
    for number in [SECOND, THIRD] {
        let told = enters(&mut feed);
        assert_eq!((told.code(), told.orders.len()), (None, 1), "{number}");
        let command = told.orders[0].command.command_id;
        falls(&mut feed);
        feed.restart();
        rises(&mut feed);
        assert_eq!(feed.capture("L-02", number).orders.len(), 0, "it opens");
        feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
        let told = passes(&mut feed);
        let record = told.passages()[0];
        assert_eq!(record.plate, Some(plate(number, PlateColour::Yellow)));
        assert_eq!(record.command_id, Some(command));
        assert_eq!(told.alarms().len(), 0);
    }
    assert_eq!(enters(&mut feed).orders.len(), 0);
}

/// The first turned away, the second went through as the first: for who comes later the boom does not rise.
#[test]
fn for_who_comes_later_the_boom_does_not_rise() {
    let mut feed = Feed::new();
    two_at_the_boom(&mut feed);
    passes(&mut feed);
    falls(&mut feed);
    feed.wait_s(3);
    assert_eq!(enters(&mut feed).bodies, []);
}

/// A fire engine stood before a boom that had fallen, and nobody knew.
#[test]
fn a_rescue_vehicle_before_a_boom_that_fell_is_told_at_once() {
    let mut feed = Feed::new();
    engine(&mut feed, SECOND);
    two_at_the_boom(&mut feed);
    passes(&mut feed);
    falls(&mut feed);
    feed.wait_s(6);
    let told = feed.tick();
    assert_eq!(told.alarms()[0].alarm_level, AlarmLevel::Orange);
    assert_eq!(enters(&mut feed).bodies, [], "it may be anybody");
}

/// A queue that is read from afar: the third was recorded as the second, and the fire engine as gone while it stood.
#[test]
fn who_is_opened_for_again_keeps_his_place() {
    let mut feed = Feed::new();
    let numbers = [PLATE, SECOND, THIRD];
    for number in numbers {
        opened(&mut feed, number);
    }
    for number in numbers {
        enters(&mut feed);
        feed.say(stands("L-02", BarrierState::Open, true, feed.now));
        let told = passes(&mut feed);
        let went = told.passages()[0].plate.clone();
        assert_eq!(went, Some(plate(number, PlateColour::Yellow)));
    }
}

/// One who had been refused stood in front and reversed out, and the fire engine behind him was recorded so.
#[test]
fn who_was_refused_in_front_is_he_who_reverses_out() {
    let mut feed = Feed::new();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    feed.capture("L-02", BANNED);
    feed.wait_s(1);
    opened(&mut feed, SECOND);
    let told = feed.vehicle("L-02", LoopEventKind::BackedOut, Direction::In);
    assert_eq!(told.bodies, []);
    let told = passes(&mut feed);
    assert_eq!(told.passages()[0].result, PassageResult::Passed);
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
    passes(&mut feed);
    assert_eq!(enters(&mut feed).bodies, []);
}

/// A copy of his picture came late, and the boom rose for him as for the one behind.
#[test]
fn who_was_refused_stands_in_front_also_when_his_picture_comes_again_and_late() {
    let mut feed = Feed::new();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    opened(&mut feed, PLATE);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    enters(&mut feed);
    opened(&mut feed, THIRD);
    let taken = feed.now.plus_seconds(-2);
    feed.capture("L-02", BANNED);
    feed.wait_s(1);
    opened(&mut feed, SECOND);
    feed.wait_s(15);
    let late = feed.say(Body::PlateCapture(capture("L-02", BANNED, taken)));
    assert_eq!(late.orders.len(), 0);
    passes(&mut feed);
    assert_eq!(enters(&mut feed).bodies, []);
}

/// Black-listed while he waited, he was opened for again.
#[test]
fn who_waits_behind_is_judged_anew() {
    let mut feed = Feed::new();
    two_at_the_boom(&mut feed);
    feed.say(Body::ListEntry(listed(SECOND, ListKind::Black)));
    passes(&mut feed);
    let told = enters(&mut feed);
    assert_eq!(told.orders.len(), 0);
    assert_eq!(told.code(), Some(RefusalCode::Blacklist));
    assert_eq!(told.alarm_codes(), [AlarmCode::BlacklistHit]);
    falls(&mut feed);
    let told = passes(&mut feed);
    assert_eq!(told.passages()[0].result, PassageResult::Forced);
}

/// He was refused anew, and the last of the queue got the place of the next.
#[test]
fn who_is_refused_anew_moves_nobody() {
    let mut feed = Feed::new();
    two_at_the_boom(&mut feed);
    let others = ["苏H00004", THIRD];
    for number in others {
        opened(&mut feed, number);
    }
    feed.say(Body::ListEntry(listed(SECOND, ListKind::Black)));
    passes(&mut feed);
    assert_eq!(enters(&mut feed).code(), Some(RefusalCode::Blacklist));
    feed.vehicle("L-02", LoopEventKind::BackedOut, Direction::In);
    for number in others {
        let went = passes(&mut feed).passages()[0].plate.clone();
        assert_eq!(went, Some(plate(number, PlateColour::Yellow)));
    }
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
        feed.wait_s(26);
        let told = feed.tick();
        match reads_again {
            true => assert_eq!(told.alarm_codes(), []),
            false => assert_eq!(told.alarm_codes(), [AlarmCode::GateFault]),
        }
        feed.wait_s(1);
        assert_eq!(feed.tick().alarm_codes(), [], "once");
    }
}

/// A vehicle broke down under the boom for longer than a passage may take, and drove on as one that forced its way.
#[test]
fn who_broke_down_under_the_boom_is_not_forced_when_he_drives_on() {
    for stands in [true, false] {
        let mut feed = Feed::new();
        opened(&mut feed, PLATE);
        if stands {
            enters(&mut feed);
        }
        feed.run_s(300);
        feed.tick();
        let told = passes(&mut feed);
        let result = told.passages()[0].result;
        assert_eq!(result == PassageResult::Passed, stands);
    }
}

/// One turned away, and each later passage told that the boom was up late for him.
#[test]
fn a_boom_that_is_up_behind_a_passage_is_not_up_for_one_who_turned_away() {
    let mut feed = Feed::new();
    opened(&mut feed, PLATE);
    falls(&mut feed);
    feed.wait_s(8);
    opened(&mut feed, SECOND);
    passes(&mut feed);
    let told = feed.say(stands("L-02", BarrierState::Open, true, feed.now));
    assert_eq!(told.alarm_codes(), []);
}

/// The hub was killed while one stood under the boom, which stayed up: a minute later a refused car was recorded as him.
#[test]
fn a_boom_that_stayed_up_while_the_hub_was_away_is_up_for_nobody_after_a_while() {
    for waits_s in [10, 60] {
        let mut feed = Feed::new();
        opened(&mut feed, PLATE);
        crate::away::starts(&mut feed, 5);
        feed.say(stands("L-02", BarrierState::Open, true, feed.now));
        feed.wait_s(waits_s);
        let told = feed.tick();
        let levels: Vec<_> = told.alarms().iter().map(|it| it.alarm_level).collect();
        let result = passes(&mut feed).passages()[0].result;
        match waits_s {
            10 => assert_eq!((levels, result), (vec![], PassageResult::Passed)),
            _ => assert_eq!(
                (levels, result),
                (vec![AlarmLevel::Orange], PassageResult::Forced)
            ),
        }
    }
}

/// The hub was killed while vehicles stood on the loops: who came next was recorded as one that had driven in unseen.
#[test]
fn who_comes_after_the_hub_was_away_is_not_one_that_may_have_gone_through() {
    let mut feed = Feed::new();
    opened(&mut feed, PLATE);
    crate::away::starts(&mut feed, 5);
    opened(&mut feed, SECOND);
    let told = passes(&mut feed);
    let went = told.passages()[0].plate.clone();
    assert_eq!(went, Some(plate(SECOND, PlateColour::Yellow)));
}

/// He hesitated until the boom fell and was read again: the one refused behind him counted as gone when he drove, and the
/// boom rose for the one behind both.
#[test]
fn who_is_opened_for_again_does_not_move_behind_who_was_refused() {
    let mut feed = Feed::new();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    enters(&mut feed);
    opened(&mut feed, PLATE);
    feed.capture("L-02", BANNED);
    falls(&mut feed);
    feed.wait_s(1);
    opened(&mut feed, PLATE);
    opened(&mut feed, SECOND);
    passes(&mut feed);
    assert_eq!(enters(&mut feed).bodies, []);
}

/// He was refused on the loops, and let in when his grant had come: the one behind, who had been opened for, went as him.
#[test]
fn who_is_let_in_after_he_was_refused_goes_first() {
    let mut feed = Feed::new();
    enters(&mut feed);
    feed.capture("L-02", THIRD);
    feed.wait_s(1);
    opened(&mut feed, SECOND);
    feed.wait_s(16);
    opened(&mut feed, THIRD);
    for number in [THIRD, SECOND] {
        let told = passes(&mut feed);
        let went = told.passages()[0].plate.clone();
        assert_eq!(went, Some(plate(number, PlateColour::Yellow)));
    }
}

/// Two whose plates were not read were one: it had backed out, and the boom rose for the other.
#[test]
fn two_that_were_not_read_are_not_told_apart() {
    for waits_s in [2, 17] {
        let mut feed = Feed::new();
        enters(&mut feed);
        feed.capture("L-02", "UNREAD");
        opened(&mut feed, PLATE);
        feed.wait_s(waits_s);
        feed.capture("L-02", "UNREAD");
        opened(&mut feed, SECOND);
        feed.vehicle("L-02", LoopEventKind::BackedOut, Direction::In);
        passes(&mut feed);
        assert_eq!(enters(&mut feed).bodies, [], "{waits_s}");
    }
}

/// Many pictures that came late made the hub forget who had been refused.
#[test]
fn late_pictures_make_nobody_forget_who_was_refused() {
    let mut feed = Feed::new();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    enters(&mut feed);
    opened(&mut feed, PLATE);
    feed.capture("L-02", BANNED);
    opened(&mut feed, SECOND);
    let old = feed.now.plus_seconds(-600);
    for number in 0..60 {
        let late = capture("L-02", &format!("苏J{number:05}"), old);
        feed.say(Body::PlateCapture(late));
    }
    passes(&mut feed);
    assert_eq!(enters(&mut feed).bodies, []);
}

/// A busy lane forgot who had been refused a moment before: those who had gone through counted as on their way.
#[test]
fn a_busy_lane_forgets_nobody_who_was_refused() {
    let mut feed = Feed::new();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    for number in 0..40 {
        opened(&mut feed, &format!("苏J{number:05}"));
        passes(&mut feed);
        falls(&mut feed);
    }
    enters(&mut feed);
    opened(&mut feed, PLATE);
    feed.capture("L-02", BANNED);
    opened(&mut feed, SECOND);
    passes(&mut feed);
    assert_eq!(enters(&mut feed).bodies, []);
}

/// One bad picture was followed by a good one, and the next in the queue stood although nobody else had come.
#[test]
fn one_that_was_not_read_keeps_nobody_behind() {
    let mut feed = Feed::new();
    feed.capture("L-02", "UNREAD");
    enters(&mut feed);
    opened(&mut feed, PLATE);
    opened(&mut feed, SECOND);
    passes(&mut feed);
    assert_eq!(enters(&mut feed).orders.len(), 1);
}

/// He was refused, let another by and was read again behind that one: he counted as gone when that one drove.
#[test]
fn who_was_refused_and_let_another_by_stands_behind() {
    // Whether his picture is answered again, and whether the boom falls and the other is decided anew meanwhile.
    for (waits_s, falls_once) in [(15, false), (9, false), (15, true), (9, true)] {
        let mut feed = Feed::new();
        feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
        feed.capture("L-02", BANNED);
        feed.wait_s(2);
        enters(&mut feed);
        opened(&mut feed, PLATE);
        feed.wait_s(waits_s);
        feed.capture("L-02", BANNED);
        if falls_once {
            falls(&mut feed);
            feed.wait_s(1);
            opened(&mut feed, PLATE);
        }
        opened(&mut feed, SECOND);
        passes(&mut feed);
        assert_eq!(enters(&mut feed).bodies, [], "{waits_s} {falls_once}");
    }
}

/// He stood for longer than a passage may take before the boom fell, and lost his place to the one refused behind him.
#[test]
fn who_stands_for_long_keeps_his_place() {
    let mut feed = Feed::new();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    opened(&mut feed, PLATE);
    enters(&mut feed);
    feed.run_s(60);
    feed.capture("L-02", BANNED);
    feed.run_s(50);
    feed.capture("L-02", PLATE);
    falls(&mut feed);
    feed.run_s(10);
    opened(&mut feed, PLATE);
    opened(&mut feed, SECOND);
    passes(&mut feed);
    assert_eq!(enters(&mut feed).bodies, []);
}

/// One whose plate was not read was there for long, and another came behind.
#[test]
fn a_second_that_was_not_read_stands_behind_for_as_long_as_it_is_seen() {
    let mut feed = Feed::new();
    feed.capture("L-02", "UNREAD");
    enters(&mut feed);
    opened(&mut feed, PLATE);
    feed.wait_s(13);
    feed.capture("L-02", "UNREAD");
    feed.wait_s(5);
    opened(&mut feed, SECOND);
    feed.wait_s(10);
    passes(&mut feed);
    assert_eq!(enters(&mut feed).bodies, []);
}

/// A word of a passage came a little after that of the fall, and was taken for one of a clock set back.
#[test]
fn a_word_that_comes_late_is_no_clock_set_back() {
    let mut feed = Feed::new();
    opened(&mut feed, PLATE);
    feed.wait_s(2);
    let gone = feed.now;
    feed.wait_s(3);
    feed.say(stands("L-02", BarrierState::Closed, false, feed.now));
    let told = feed.say(Body::GateStatus(GateStatus {
        loop_event: Some(LoopEvent {
            kind: LoopEventKind::Passed,
            direction: Direction::In,
        }),
        ..status("L-02", gone)
    }));
    assert_eq!(told.passages()[0].result, PassageResult::Passed);
}

/// He telephoned for two minutes until his grant came, and lost his place to the one refused behind him.
#[test]
fn who_waits_for_his_grant_keeps_his_place() {
    let mut feed = Feed::new();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    enters(&mut feed);
    feed.capture("L-02", THIRD);
    feed.run_s(60);
    feed.capture("L-02", BANNED);
    feed.run_s(120);
    opened(&mut feed, THIRD);
    opened(&mut feed, SECOND);
    passes(&mut feed);
    assert_eq!(enters(&mut feed).bodies, []);
}

/// His first picture was bad, another was refused behind him, and then he was read well.
#[test]
fn who_was_refused_behind_a_bad_picture_is_not_gone() {
    let mut feed = Feed::new();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    enters(&mut feed);
    feed.capture("L-02", "UNREAD");
    feed.wait_s(2);
    feed.capture("L-02", BANNED);
    feed.wait_s(2);
    opened(&mut feed, PLATE);
    opened(&mut feed, SECOND);
    passes(&mut feed);
    assert_eq!(enters(&mut feed).bodies, []);
}

/// One that was not read had left, and another that was not read came within a quarter of a minute: nothing was decided of it.
#[test]
fn who_comes_after_one_has_left_is_decided() {
    let mut feed = Feed::new();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    feed.capture("L-02", BANNED);
    opened(&mut feed, PLATE);
    passes(&mut feed);
    feed.wait_s(2);
    let again = feed.capture("L-02", BANNED);
    assert_eq!(
        again.code(),
        Some(RefusalCode::Blacklist),
        "he let another by"
    );
}

/// One that had not been read was first on the list for hours, and whoever was refused after it counted as there.
#[test]
fn who_was_refused_and_left_keeps_nobody_behind_for_long() {
    let mut feed = Feed::new();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    feed.capture("L-02", "UNREAD");
    opened(&mut feed, PLATE);
    passes(&mut feed);
    falls(&mut feed);
    feed.run_s(100);
    feed.capture("L-02", BANNED);
    feed.run_s(100);
    opened(&mut feed, THIRD);
    passes(&mut feed);
    falls(&mut feed);
    feed.wait_s(20);
    opened(&mut feed, PLATE);
    opened(&mut feed, SECOND);
    passes(&mut feed);
    assert_eq!(enters(&mut feed).orders.len(), 1);
}

/// The second of two that were not read stood behind the first, which was read well then.
#[test]
fn a_second_that_was_not_read_stands_behind_the_first_that_was_then() {
    let mut feed = Feed::new();
    feed.capture("L-02", "UNREAD");
    feed.wait_s(2);
    feed.capture("L-02", "UNREAD");
    feed.wait_s(1);
    enters(&mut feed);
    opened(&mut feed, PLATE);
    opened(&mut feed, SECOND);
    passes(&mut feed);
    assert_eq!(enters(&mut feed).bodies, []);
}
