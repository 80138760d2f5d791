//! Whatever became of a rescue vehicle that stands before a lane, people hear of it within seconds, once.

use std::sync::Arc;

use cordon_access::AccessConfig;
use cordon_contract::{AccessQuery, AccessRules, RuleAnswer};
use cordon_model::*;

use crate::fallen::{falls, opened};
use crate::late_rise::stands;
use crate::park::*;

const ENGINE: &str = "苏H00119";

/// The emergency gate is closed but in an emergency.
struct ClosedRules;

impl AccessRules for ClosedRules {
    fn decide(&self, query: &AccessQuery) -> RuleAnswer {
        let is_closed =
            query.gate_class == GateClass::Emergency && query.mode == OperatingMode::Normal;
        match is_closed {
            true => answer(false, "MODE_CLOSED"),
            false => PlainRules.decide(query),
        }
    }

    fn digest(&self) -> Digest {
        Digest([8; 32])
    }
}

fn closed() -> Feed {
    Feed::with(Arc::new(ClosedRules), AccessConfig::default(), plan())
}

fn registered(feed: &mut Feed) {
    feed.say(Body::VehicleRegistration(VehicleRegistration {
        subject_kind: SubjectKind::VehEmergency,
        ..registration(ENGINE)
    }));
}

fn orange(told: &Told) -> usize {
    let alarms = told.alarms().into_iter();
    alarms
        .filter(|it| it.alarm_level == AlarmLevel::Orange)
        .count()
}

fn by_hand(action: GateAction, at: Timestamp) -> Body {
    Body::GateCommand(GateCommand {
        command_id: MessageId::from_bytes([9; 16]),
        gate_id: GateId::new("G-01").unwrap(),
        lane_id: LaneId::new("L-02").unwrap(),
        device_id: DeviceId::new(barrier("L-02")).unwrap(),
        action,
        reason: "it waits for its crew".to_owned(),
        priority: CommandPriority::Access,
        deadline: at.plus_seconds(15),
        epoch: 0,
        ordered_by: Some(PartyId::new("operator-1").unwrap()),
        decision_ref: None,
    })
}

/// So many alarms in this time, looked for each second.
fn told_in(feed: &mut Feed, seconds: i64) -> usize {
    let each = (0..seconds).map(|_| {
        feed.wait_s(1);
        orange(&feed.tick())
    });
    each.sum()
}

/// It was the first vehicle that the loops of a lane ever told of, and they counted as none.
#[test]
fn the_first_that_comes_to_a_lane() {
    for (enters, told) in [(true, 1), (false, 0)] {
        let mut feed = Feed::new();
        registered(&mut feed);
        opened(&mut feed, ENGINE);
        if enters {
            feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
        }
        falls(&mut feed);
        // A lane that has no loops tells of nobody.
        assert_eq!(told_in(&mut feed, 60), told);
    }
}

/// The lane was held while the hub was started again, and what became of its opening counted as told.
#[test]
fn the_lane_was_held_and_not_seen_for_a_while() {
    let mut feed = Feed::new();
    registered(&mut feed);
    feed.say(by_hand(GateAction::LockOpen, feed.now));
    feed.capture("L-02", ENGINE);
    feed.wait_s(1);
    feed.say(stands("L-02", BarrierState::Open, true, feed.now));
    feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
    feed.say(stands("L-02", BarrierState::Unknown, false, feed.now));
    feed.say(stands("L-02", BarrierState::Open, true, feed.now));
    assert_eq!(told_in(&mut feed, 36), 0, "the lane is open");
    let release = feed.say(by_hand(GateAction::Release, feed.now));
    let command = release.orders[0].command.command_id;
    feed.end("L-02", command, CommandOutcome::Confirmed);
    falls(&mut feed);
    assert_eq!(told_in(&mut feed, 60), 1);
}

/// It stood at a gate that its mode had closed, or was read badly, and MANUAL called no guard.
#[test]
fn it_is_refused_whatever_for() {
    type Change = fn(&mut PlateCapture);
    let changes: [(&str, Change); 5] = [
        ("L-06", |_| {}),
        ("L-02", |it| it.confidence = Some(Decimal::new(20, 2))),
        ("L-02", |it| {
            it.plate_number = PlateNumber::unread();
            it.subject_kind = Some(SubjectKind::VehEmergency);
        }),
        ("L-02", |it| {
            it.plate_number = PlateNumber::new("苏H00999").unwrap();
            it.subject_kind = Some(SubjectKind::VehEmergency);
        }),
        ("L-02", |it| it.subject_kind = Some(SubjectKind::VehHazmat)),
    ];
    for (index, (lane, change)) in changes.into_iter().enumerate() {
        let mut feed = closed();
        registered(&mut feed);
        let mut count = 0;
        // Its camera goes on reading it.
        for _ in 0..10 {
            let mut seen = capture(lane, ENGINE, feed.now);
            change(&mut seen);
            let told = feed.say(Body::PlateCapture(seen));
            assert_eq!(told.orders.len(), 0, "{index}");
            count += orange(&told) + told_in(&mut feed, 3);
        }
        assert_eq!(count, 1, "{index}");
        // It left, and comes again.
        feed.run_s(900);
        let mut seen = capture(lane, ENGINE, feed.now);
        change(&mut seen);
        let told = feed.say(Body::PlateCapture(seen));
        assert_eq!(orange(&told) + told_in(&mut feed, 10), 1, "{index}: again");
    }
}

fn mode(mode: OperatingMode, at: Timestamp) -> Body {
    Body::OperatingModeChange(OperatingModeChange {
        change_id: format!("MC-{mode}"),
        mode,
        gates: vec![GateId::new("G-04").unwrap()],
        ordered_by: PartyId::new("operator-1").unwrap(),
        reason: "drill".to_owned(),
        effective_at: at,
    })
}

/// The gate had been in EMERGENCY when it was let in, and it came to its turn in NORMAL: its opening was taken away.
#[test]
fn its_opening_is_taken_away_by_a_mode() {
    let mut feed = closed();
    registered(&mut feed);
    feed.say(mode(OperatingMode::Emergency, feed.now));
    feed.say(Body::VehicleRegistration(VehicleRegistration {
        subject_kind: SubjectKind::VehEmergency,
        ..registration("苏H00120")
    }));
    let up = |feed: &mut Feed| {
        feed.wait_s(1);
        feed.say(stands("L-06", BarrierState::Open, true, feed.now));
    };
    for number in ["苏H00120", ENGINE] {
        assert_eq!(feed.capture("L-06", number).orders.len(), 1);
        up(&mut feed);
    }
    feed.say(mode(OperatingMode::Normal, feed.now));
    feed.vehicle("L-06", LoopEventKind::Passed, Direction::In);
    let told = feed.vehicle("L-06", LoopEventKind::Entered, Direction::In);
    assert_eq!(told.code(), Some(RefusalCode::ModeClosed));
    assert_eq!(orange(&told) + told_in(&mut feed, 60), 1);
}

/// One whom the camera had missed went on its opening, and whoever stood on the loops was nobody.
#[test]
fn somebody_stands_on_the_loops_behind_one_that_went() {
    for (number, decided, told) in [(ENGINE, false, 1), (PLATE, false, 0), (ENGINE, true, 0)] {
        let mut feed = Feed::new();
        registered(&mut feed);
        opened(&mut feed, number);
        feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
        falls(&mut feed);
        if decided {
            assert_eq!(feed.capture("L-02", "苏H00007").orders.len(), 0);
        }
        feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
        assert_eq!(told_in(&mut feed, 60), told, "{number} {decided}");
    }
}

/// It stopped short of the loops, and another had gone on its opening.
#[test]
fn it_is_seen_again_with_nobody_on_the_loops() {
    for (waits_s, told) in [(4, 0), (7, 1)] {
        let mut feed = Feed::new();
        registered(&mut feed);
        opened(&mut feed, ENGINE);
        feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
        falls(&mut feed);
        feed.wait_s(waits_s - 1);
        assert_eq!(orange(&feed.capture("L-02", ENGINE)), told, "{waits_s}");
    }
}

/// It was refused in front of one who was let in and went through: it may be he who went.
#[test]
fn it_is_told_where_one_behind_it_goes() {
    let mut feed = Feed::new();
    registered(&mut feed);
    let mut weak = capture("L-02", ENGINE, feed.now);
    weak.confidence = Some(Decimal::new(20, 2));
    assert_eq!(orange(&feed.say(Body::PlateCapture(weak))), 1, "at once");
    opened(&mut feed, PLATE);
    let told = feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    assert_eq!(orange(&told), 0, "people know");
}

/// It drove away short of the loops, came back a minute later, and counted as one of whom people knew.
#[test]
fn it_comes_again() {
    let mut feed = closed();
    registered(&mut feed);
    for _ in 0..3 {
        assert_eq!(orange(&feed.capture("L-06", ENGINE)), 1);
        assert_eq!(told_in(&mut feed, 69), 0);
    }
}

/// Each that its camera did not read is told, once others have gone.
#[test]
fn the_second_that_was_not_read() {
    let mut feed = Feed::new();
    let mut unread = capture("L-02", ENGINE, feed.now);
    unread.plate_number = PlateNumber::unread();
    unread.subject_kind = Some(SubjectKind::VehEmergency);
    assert_eq!(orange(&feed.say(Body::PlateCapture(unread.clone()))), 1);
    feed.wait_s(10);
    feed.say(by_hand(GateAction::LockOpen, feed.now));
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    feed.say(by_hand(GateAction::Release, feed.now));
    feed.wait_s(30);
    unread.captured_at = feed.now;
    assert_eq!(orange(&feed.say(Body::PlateCapture(unread))), 1);
}

/// It stands in view and waits for its crew: at every fall of the boom an alarm was raised, a moment before it was opened
/// for again.
#[test]
fn it_is_opened_for_again_and_again() {
    let mut feed = Feed::new();
    registered(&mut feed);
    opened(&mut feed, PLATE);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    falls(&mut feed);
    let mut count = 0;
    for second in 0..120 {
        feed.wait_s(1);
        count += orange(&feed.tick());
        match second % 12 {
            1 => feed.say(stands("L-02", BarrierState::Open, true, feed.now)),
            11 => feed.say(stands("L-02", BarrierState::Closed, false, feed.now)),
            _ if second % 2 == 0 => feed.capture("L-02", ENGINE),
            _ => continue,
        };
    }
    assert_eq!(count, 0);
}

/// Somebody was read behind it who cannot be the one on the loops, because he came later.
#[test]
fn somebody_is_read_behind_it() {
    let mut feed = Feed::new();
    registered(&mut feed);
    opened(&mut feed, ENGINE);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    falls(&mut feed);
    feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
    feed.wait_s(2);
    assert_eq!(feed.capture("L-02", "苏H00007").orders.len(), 0);
    assert_eq!(told_in(&mut feed, 30), 1);
}

/// Whoever came within a minute behind it and was read on the loops made it one that may stand there.
#[test]
fn who_is_read_as_he_comes_onto_the_loops_is_known() {
    let mut feed = Feed::new();
    registered(&mut feed);
    opened(&mut feed, ENGINE);
    feed.vehicle("L-02", LoopEventKind::Passed, Direction::In);
    falls(&mut feed);
    feed.wait_s(5);
    feed.vehicle("L-02", LoopEventKind::Entered, Direction::In);
    feed.wait_s(1);
    feed.capture("L-02", "苏H00007");
    assert_eq!(told_in(&mut feed, 60), 0);
}

/// A camera whose clock is behind said each time anew that its picture came too late.
#[test]
fn its_pictures_are_all_late() {
    let mut feed = Feed::new();
    registered(&mut feed);
    let mut count = 0;
    for _ in 0..10 {
        let late = capture("L-02", ENGINE, feed.now.plus_seconds(-400));
        count += orange(&feed.say(Body::PlateCapture(late)));
        count += told_in(&mut feed, 16);
    }
    assert_eq!(count, 1);
}

/// Its rear was read as one that comes before the loops said that it had left.
#[test]
fn its_rear_is_read_before_it_has_left() {
    let mut feed = Feed::new();
    registered(&mut feed);
    feed.say(mode(OperatingMode::Emergency, feed.now));
    let read = |feed: &mut Feed, direction| {
        let mut seen = capture("L-06", ENGINE, feed.now);
        seen.direction = direction;
        feed.say(Body::PlateCapture(seen))
    };
    assert_eq!(read(&mut feed, Direction::Out).orders.len(), 1);
    feed.wait_s(1);
    feed.say(stands("L-06", BarrierState::Open, true, feed.now));
    feed.wait_s(3);
    read(&mut feed, Direction::In);
    let told = feed.vehicle("L-06", LoopEventKind::Passed, Direction::Out);
    assert_eq!(told.passages()[0].direction, Direction::Out);
    feed.wait_s(3);
    feed.say(stands("L-06", BarrierState::Closed, false, feed.now));
    assert_eq!(told_in(&mut feed, 150), 0);
}
