//! A boom that goes up after its opening was over.

use cordon_model::*;

use crate::park::*;

const BANNED: &str = "苏H00009";

pub fn stands(lane: &str, barrier_state: BarrierState, up: bool, at: Timestamp) -> Body {
    let mut told = status(lane, at);
    told.barrier_state = barrier_state;
    told.inputs.up_limit = Some(up);
    told.inputs.down_limit = Some(!up && barrier_state == BarrierState::Closed);
    Body::GateStatus(told)
}

/// A vehicle with a grant whose opening has failed on L-05.
fn failed() -> Feed {
    let mut feed = Feed::new();
    feed.say(Body::AccessGrant(grant(PLATE)));
    let told = feed.capture("L-05", PLATE);
    let command = told.orders[0].command.command_id;
    feed.wait_s(4);
    let told = feed.end("L-05", command, CommandOutcome::Failed);
    assert_eq!(told.alarm_codes(), [AlarmCode::GateFault]);
    feed
}

/// The boom rose late and stood up: a vehicle that was refused drove in as PASSED on the opening that
/// had failed for another.
#[test]
fn who_drives_in_under_a_late_rise_is_forced_and_named() {
    let mut feed = failed();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    feed.wait_s(1);
    assert_eq!(
        feed.capture("L-05", BANNED).code(),
        Some(RefusalCode::Blacklist)
    );
    feed.wait_s(1);
    feed.say(stands("L-05", BarrierState::Open, true, feed.now));
    let told = feed.vehicle("L-05", LoopEventKind::Passed, Direction::In);
    assert_eq!(told.alarm_codes(), [AlarmCode::GateForced]);
    assert_eq!(
        told.alarms()[0].subject,
        Some(plate(BANNED, PlateColour::Yellow))
    );
    let passage = told.passages()[0];
    assert_eq!(passage.result, PassageResult::Forced);
    assert_eq!(passage.plate, Some(plate(BANNED, PlateColour::Yellow)));
    assert_eq!(passage.grant_id, None);
    // The one whose opening had failed goes next; it is named too.
    feed.wait_s(30);
    let told = feed.vehicle("L-05", LoopEventKind::Passed, Direction::In);
    assert_eq!(told.alarm_codes(), [AlarmCode::GateForced]);
    assert_eq!(
        told.passages()[0].plate,
        Some(plate(PLATE, PlateColour::Yellow))
    );
}

#[test]
fn a_refused_vehicle_that_reversed_is_not_the_one_that_drove_in() {
    let mut feed = failed();
    feed.say(Body::ListEntry(listed(BANNED, ListKind::Black)));
    feed.capture("L-02", BANNED);
    feed.vehicle("L-02", LoopEventKind::BackedOut, Direction::In);
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    assert_eq!(told.alarm_codes(), [AlarmCode::GateForced]);
    assert_eq!(told.passages()[0].plate, None);
}

#[test]
fn a_late_rise_that_is_not_lowered_is_an_alarm_at_once_and_once() {
    for state in [
        BarrierState::Open,
        BarrierState::Blocked,
        BarrierState::Fault,
    ] {
        let mut feed = failed();
        let told = feed.say(stands("L-05", state, true, feed.now));
        let late = |told: &Told| {
            told.alarms()
                .iter()
                .filter(|alarm| alarm.alarm_level == AlarmLevel::Orange)
                .count()
        };
        assert_eq!(late(&told), 1, "{state}: {:?}", told.alarm_codes());
        assert_eq!(
            told.alarms()[0].source_device,
            Some(DeviceId::new("BR-05").unwrap())
        );
        let told = feed.say(stands("L-05", state, true, feed.now));
        assert_eq!(late(&told), 0, "told once");
        feed.say(stands("L-05", BarrierState::Closed, false, feed.now));
        let told = feed.say(stands("L-05", state, true, feed.now));
        assert_eq!(late(&told), 1, "another rise");
    }
}

#[test]
fn a_late_rise_that_the_lane_lowers_or_that_an_order_wants_is_none() {
    let mut feed = failed();
    let told = feed.say(stands("L-05", BarrierState::Closing, true, feed.now));
    assert!(told.alarms().is_empty());
    // The vehicle is captured again and let in.
    feed.wait_s(1);
    assert_eq!(feed.capture("L-05", PLATE).code(), None);
    let told = feed.say(stands("L-05", BarrierState::Open, true, feed.now));
    assert!(told.alarms().is_empty());
    let told = feed.vehicle("L-05", LoopEventKind::Passed, Direction::In);
    assert!(told.alarms().is_empty());
    assert_eq!(told.passages()[0].result, PassageResult::Passed);
}
