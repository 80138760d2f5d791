//! What becomes of a rescue vehicle that was let in is told each time.

use cordon_model::*;

use crate::fallen::{falls, opened};
use crate::late_rise::stands;
use crate::park::*;

const ENGINE: &str = "苏H00119";
const BANNED: &str = "苏H00009";

fn engine(feed: &mut Feed) {
    feed.say(Body::VehicleRegistration(VehicleRegistration {
        subject_kind: SubjectKind::VehEmergency,
        ..registration(ENGINE)
    }));
}

fn orange(told: &Told) -> Vec<AlarmCode> {
    let alarms = told.alarms().into_iter();
    let orange = alarms.filter(|it| it.alarm_level == AlarmLevel::Orange);
    orange.map(|it| it.alarm_code).collect()
}

/// The loops of the lane have told of a passage before.
fn with_loops() -> Feed {
    let mut feed = Feed::new();
    engine(&mut feed);
    opened(&mut feed, PLATE);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    falls(&mut feed);
    feed
}

fn backs_out(feed: &mut Feed) -> Told {
    feed.vehicle("L-02", LoopEventKind::BackedOut, Direction::In)
}

/// One who had been refused stood in front and reversed out just after the boom had fallen: the engine behind him was
/// recorded as gone, and nobody heard of it.
#[test]
fn it_stands_behind_one_who_backs_out_after_the_fall() {
    let mut feed = with_loops();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    feed.capture("L-02", BANNED);
    opened(&mut feed, ENGINE);
    falls(&mut feed);
    feed.wait_s(1);
    assert_eq!(backs_out(&mut feed).bodies, [], "he was refused");
    feed.wait_s(6);
    assert_eq!(orange(&feed.tick()), [AlarmCode::GateFault]);
    assert_eq!(feed.capture("L-02", ENGINE).orders.len(), 1);
}

#[test]
fn it_is_told_where_it_is_taken_to_have_backed_out_and_others_are_not() {
    for (number, told) in [(ENGINE, vec![AlarmCode::GateFault]), (PLATE, vec![])] {
        let mut feed = Feed::new();
        engine(&mut feed);
        opened(&mut feed, number);
        let left = backs_out(&mut feed);
        assert_eq!(left.passages()[0].result, PassageResult::BackedOut);
        assert_eq!(orange(&left), told, "{number}");
    }
}

/// A picture of it that came late took the word of the fall away.
#[test]
fn a_late_picture_of_it_does_not_silence_the_fall() {
    let mut feed = Feed::new();
    engine(&mut feed);
    opened(&mut feed, PLATE);
    let taken = feed.now;
    opened(&mut feed, ENGINE);
    feed.wait_s(20);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    falls(&mut feed);
    let late = feed.say(Body::PlateCapture(capture("L-02", ENGINE, taken)));
    assert_eq!(late.code(), Some(RefusalCode::DeviceFault));
    feed.wait_s(6);
    assert_eq!(orange(&feed.tick()), [AlarmCode::GateFault]);
    assert_eq!(feed.capture("L-02", ENGINE).orders.len(), 1);
}

/// Nor is it taken for one who was refused and stands in front of who came after.
#[test]
fn a_late_picture_stands_in_front_of_nobody() {
    let mut feed = with_loops();
    feed.wait_s(20);
    opened(&mut feed, ENGINE);
    let taken = feed.now;
    feed.wait_s(20);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    falls(&mut feed);
    feed.say(Body::PlateCapture(capture("L-02", BANNED, taken)));
    opened(&mut feed, PLATE);
    let told = backs_out(&mut feed);
    let left = told.passages()[0];
    assert_eq!(left.plate, Some(plate(PLATE, PlateColour::Yellow)));
}

/// The second time it was yellow, and quiet because the barrier had failed a moment before.
#[test]
fn each_opening_for_it_that_fails_is_told() {
    let mut feed = Feed::new();
    engine(&mut feed);
    for _ in 0..2 {
        let told = feed.capture("L-02", ENGINE);
        let command = told.orders[0].command.command_id;
        feed.wait_s(4);
        let told = feed.end("L-02", command, CommandOutcome::Failed);
        assert_eq!(orange(&told), [AlarmCode::GateFault]);
        feed.wait_s(20);
    }
}

/// The clock had been set back, and whoever came was taken for one who stood behind.
#[test]
fn who_comes_by_another_clock_did_not_stand_behind() {
    let mut feed = Feed::new();
    engine(&mut feed);
    opened(&mut feed, PLATE);
    opened(&mut feed, ENGINE);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    falls(&mut feed);
    let mut comes = status("L-02", feed.now.plus_seconds(-60));
    comes.loop_event = Some(LoopEvent {
        kind: LoopEventKind::Entered,
        direction: Direction::In,
    });
    assert_eq!(feed.say(Body::GateStatus(comes)).orders.len(), 0);
}

/// Another went on its opening, and it was taken for gone: for a quarter of a minute nobody heard of it. Nothing is opened
/// on a picture alone: another may stand there.
#[test]
fn it_is_told_where_it_stands_on_the_loops_after_it_went() {
    // Who, seconds after the passage, whether somebody is on the loops, and whether it is told.
    for (number, waits_s, stands, told) in [
        (ENGINE, 4, true, true),
        (ENGINE, 2, true, false),
        // It stands behind the lane and its rear is read.
        (ENGINE, 4, false, false),
        (PLATE, 4, true, false),
    ] {
        let mut feed = Feed::new();
        engine(&mut feed);
        opened(&mut feed, number);
        feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
        let early = feed.now.plus_seconds(-1);
        falls(&mut feed);
        if stands {
            feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
        }
        feed.wait_s(waits_s - 1);
        let copy = Body::PlateCapture(capture("L-02", number, early));
        assert_eq!(feed.say(copy).bodies, [], "it was taken before");
        let seen = feed.capture("L-02", number);
        assert_eq!(seen.orders.len(), 0);
        assert_eq!(
            seen.alarms().len(),
            usize::from(told),
            "{number} {waits_s} {stands}"
        );
        assert_eq!(feed.capture("L-02", number).bodies, [], "once");
    }
}

/// Its only picture came late, another had gone meanwhile, and it stood without a word.
#[test]
fn a_late_picture_of_it_alone_is_told() {
    for (number, told) in [(ENGINE, vec![AlarmCode::GateFault]), (PLATE, vec![])] {
        let mut feed = with_loops();
        engine(&mut feed);
        feed.wait_s(20);
        let taken = feed.now;
        opened(&mut feed, "苏H00002");
        feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
        falls(&mut feed);
        feed.wait_s(16);
        let late = feed.say(Body::PlateCapture(capture("L-02", number, taken)));
        assert_eq!(late.code(), Some(RefusalCode::DeviceFault));
        assert_eq!(orange(&late), told, "{number}");
    }
}

/// One who had been refused stood before the one for whom the boom had fallen, and broke it: the other was named.
#[test]
fn who_was_refused_in_front_is_he_who_breaks_a_boom() {
    let mut feed = with_loops();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    feed.capture("L-02", BANNED);
    opened(&mut feed, "苏H00002");
    falls(&mut feed);
    feed.wait_s(20);
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    let record = told.passages()[0];
    assert_eq!(record.result, PassageResult::Forced);
    assert_eq!(record.plate, Some(plate(BANNED, PlateColour::Yellow)));
}

/// He who was refused in front was read again, and counted as one who had come last.
#[test]
fn who_is_refused_again_stands_where_he_stood() {
    let mut feed = with_loops();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    feed.capture("L-02", BANNED);
    feed.wait_s(14);
    opened(&mut feed, ENGINE);
    feed.wait_s(2);
    let code = feed.capture("L-02", BANNED).code();
    assert_eq!(code, Some(RefusalCode::Blacklist), "told again");
    feed.wait_s(5);
    falls(&mut feed);
    assert_eq!(backs_out(&mut feed).bodies, [], "he was refused");
    feed.wait_s(6);
    assert_eq!(orange(&feed.tick()), [AlarmCode::GateFault]);
}

/// The clock was set back while the boom was up: it never fell, and further pictures were of one being opened for.
#[test]
fn a_fall_is_seen_by_a_clock_that_was_set_back() {
    let mut feed = with_loops();
    opened(&mut feed, ENGINE);
    feed.wait_s(-60);
    feed.lead_s += 60;
    falls(&mut feed);
    feed.wait_s(6);
    assert_eq!(orange(&feed.tick()), [AlarmCode::GateFault]);
    assert_eq!(feed.capture("L-02", ENGINE).orders.len(), 1);
}

/// One broke down under the boom, and what was opened behind him was given up without a word.
#[test]
fn it_waits_behind_one_who_broke_down() {
    let mut feed = with_loops();
    feed.wait_s(20);
    opened(&mut feed, PLATE);
    feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
    opened(&mut feed, ENGINE);
    feed.run_s(130);
    assert_eq!(feed.tick().alarms().len(), 0);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    falls(&mut feed);
    feed.wait_s(6);
    assert_eq!(orange(&feed.tick()), [AlarmCode::GateFault]);
}

/// The boom stayed up and it did not come: it may have turned back, or stand where no loop is.
#[test]
fn it_is_told_when_it_did_not_use_its_opening() {
    for (number, told) in [(ENGINE, vec![AlarmCode::GateFault]), (PLATE, vec![])] {
        let mut feed = with_loops();
        feed.wait_s(20);
        opened(&mut feed, number);
        feed.wait_s(121);
        assert_eq!(orange(&feed.tick()), told, "{number}");
    }
}

/// He argued for longer than half a minute, and the engine behind was recorded as gone.
#[test]
fn who_was_refused_stands_in_front_for_as_long_as_a_passage_may_take() {
    let mut feed = with_loops();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    feed.capture("L-02", BANNED);
    feed.run_s(90);
    opened(&mut feed, ENGINE);
    assert_eq!(backs_out(&mut feed).bodies, [], "he was refused");
}

/// The picture was older than the last passage, the order failed, and the boom rose later without a word.
#[test]
fn a_late_rise_is_told_whatever_the_age_of_the_picture() {
    let mut feed = with_loops();
    feed.wait_s(20);
    opened(&mut feed, PLATE);
    let taken = feed.now;
    feed.say(Body::AccessGrant(grant("苏H00002")));
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    falls(&mut feed);
    let told = feed.say(Body::PlateCapture(capture("L-02", "苏H00002", taken)));
    let command = told.orders[0].command.command_id;
    feed.wait_s(1);
    feed.end("L-02", command, CommandOutcome::Refused);
    feed.wait_s(9);
    let told = feed.say(stands("L-02", BarrierState::Open, true, feed.now));
    assert_eq!(orange(&told), [AlarmCode::GateFault]);
}

/// It was given up between two ticks, a moment after the fall, and nobody was told.
#[test]
fn it_is_told_when_it_is_given_up_just_after_the_fall() {
    let mut feed = with_loops();
    feed.wait_s(20);
    opened(&mut feed, ENGINE);
    feed.wait_s(118);
    falls(&mut feed);
    feed.wait_s(1);
    assert_eq!(orange(&feed.tick()), [AlarmCode::GateFault]);
}

/// It had been given up, came again, and its only picture came late: it counted as being opened for.
#[test]
fn a_late_picture_of_it_is_told_after_it_was_given_up() {
    let mut feed = with_loops();
    feed.wait_s(20);
    opened(&mut feed, ENGINE);
    feed.wait_s(121);
    feed.tick();
    feed.wait_s(20);
    let taken = feed.now;
    opened(&mut feed, PLATE);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    falls(&mut feed);
    feed.wait_s(16);
    let late = feed.say(Body::PlateCapture(capture("L-02", ENGINE, taken)));
    assert_eq!(orange(&late), [AlarmCode::GateFault]);
}

/// The clock was set back by an hour: for so long every picture counted as older than the last passage.
#[test]
fn a_passage_by_a_clock_that_was_set_back_makes_no_picture_late() {
    let mut feed = with_loops();
    feed.wait_s(-3_600);
    feed.lead_s += 3_600;
    feed.say(stands("L-02", BarrierState::Closed, false, feed.now));
    feed.wait_s(20);
    let taken = feed.now;
    feed.wait_s(20);
    let told = feed.say(Body::PlateCapture(capture("L-02", ENGINE, taken)));
    assert_eq!(told.orders.len(), 1);
}

/// A late picture of it stood before its newest decision, and what was seen of it afterwards was answered by that.
#[test]
fn it_is_told_where_it_stands_also_after_a_late_picture() {
    let mut feed = with_loops();
    feed.wait_s(20);
    opened(&mut feed, PLATE);
    let taken = feed.now;
    opened(&mut feed, ENGINE);
    feed.wait_s(20);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    falls(&mut feed);
    feed.say(Body::PlateCapture(capture("L-02", ENGINE, taken)));
    feed.wait_s(1);
    assert_eq!(feed.capture("L-02", ENGINE).orders.len(), 1);
    feed.wait_s(1);
    feed.say(stands("L-02", BarrierState::Open, true, feed.now));
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    feed.wait_s(1);
    feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
    feed.wait_s(3);
    assert_eq!(
        orange(&feed.capture("L-02", ENGINE)),
        [AlarmCode::GateFault]
    );
}

/// It had gone through hours before: its only picture of today counted as taken before that.
#[test]
fn a_late_picture_of_it_is_told_after_an_earlier_visit() {
    let mut feed = with_loops();
    feed.wait_s(20);
    opened(&mut feed, ENGINE);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    falls(&mut feed);
    feed.run_s(3_600);
    let taken = feed.now;
    opened(&mut feed, PLATE);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    falls(&mut feed);
    feed.wait_s(16);
    let late = feed.say(Body::PlateCapture(capture("L-02", ENGINE, taken)));
    assert_eq!(orange(&late), [AlarmCode::GateFault]);
}

/// Its number was read in another colour a moment after the fall, and nobody was told.
#[test]
fn another_colour_of_its_number_does_not_silence_the_fall() {
    let mut feed = with_loops();
    opened(&mut feed, ENGINE);
    falls(&mut feed);
    let mut blue = capture("L-02", ENGINE, feed.now);
    blue.plate_colour = PlateColour::Blue;
    feed.say(Body::PlateCapture(blue));
    feed.wait_s(6);
    assert_eq!(orange(&feed.tick()), [AlarmCode::GateFault]);
}

/// The lane was not seen for a while, and its fall was never told.
#[test]
fn it_is_told_after_the_lane_was_not_seen() {
    let mut feed = with_loops();
    opened(&mut feed, ENGINE);
    feed.wait_s(1);
    feed.say(stands("L-02", BarrierState::Unknown, false, feed.now));
    feed.wait_s(31);
    feed.tick();
    feed.wait_s(6);
    assert_eq!(orange(&feed.tick()), [AlarmCode::GateFault]);
}
