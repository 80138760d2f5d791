//! The barrier's state machine against every rule it must keep, and against random signals.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use cordon_contract::OutcomeKind;
use cordon_modbus::decode::Signals;
use cordon_modbus::profile::{Input, Output, Profile};
use cordon_modbus::state::{Action, LockNews, Machine, Rules, State, Task};

const LANE: &str = include_str!("../../../mappings/generic/lane/1/profile.toml");

/// Travel 3 s plus 1 s margin, hold 10 s, clear 0.5 s.
fn machine() -> Machine {
    Machine::new(Rules::of(&Profile::parse(LANE, "lane").unwrap()))
}

fn signals(on: &[Input]) -> Signals {
    let all = [
        Input::UpLimit,
        Input::DownLimit,
        Input::ApproachLoop,
        Input::SafetyLoop,
        Input::Photocell,
        Input::BoomOff,
        Input::Local,
        Input::EmergencyStop,
    ];
    Signals::of(all.map(|input| (input, on.contains(&input))))
}

const UP: &[Input] = &[Input::UpLimit];
const DOWN: &[Input] = &[Input::DownLimit];

fn pulses(tasks: &[Task]) -> Vec<Output> {
    tasks
        .iter()
        .filter_map(|task| match task {
            Task::Pulse(output) => Some(*output),
            _ => None,
        })
        .collect()
}

fn ends(tasks: &[Task]) -> Vec<(u64, OutcomeKind)> {
    tasks
        .iter()
        .filter_map(|task| match task {
            Task::Finish { ticket, kind, .. } => Some((*ticket, *kind)),
            _ => None,
        })
        .collect()
}

/// A machine whose barrier was opened by order 1 at time 0 and reached the up limit at 2000.
fn opened() -> Machine {
    let mut machine = machine();
    machine.see(0, signals(DOWN));
    machine.order(0, Action::Open, 1);
    machine.see(1_000, signals(&[]));
    machine.see(2_000, signals(UP));
    assert_eq!(machine.state(), State::Open);
    machine
}

#[test]
fn opened_is_said_only_by_the_up_limit() {
    let mut machine = machine();
    assert_eq!(machine.state(), State::Unknown);
    machine.see(0, signals(DOWN));
    assert_eq!(machine.state(), State::Closed);
    let tasks = machine.order(10, Action::Open, 7);
    assert_eq!(pulses(&tasks), [Output::Raise]);
    assert!(ends(&tasks).is_empty());
    assert!(ends(&machine.see(20, signals(DOWN))).is_empty());
    assert!(ends(&machine.see(500, signals(&[]))).is_empty());
    assert_eq!(machine.state(), State::Opening);
    let tasks = machine.see(2_500, signals(UP));
    assert_eq!(ends(&tasks), [(7, OutcomeKind::Confirmed)]);
    assert!(tasks.contains(&Task::Set(Output::LampGreen, true)));
    assert_eq!(machine.state(), State::Open);
}

#[test]
fn a_travel_that_takes_too_long_is_a_fault_and_the_next_one_may_cure_it() {
    let mut machine = machine();
    machine.see(0, signals(DOWN));
    machine.order(0, Action::Open, 1);
    assert!(ends(&machine.see(4_000, signals(DOWN))).is_empty());
    let tasks = machine.see(4_001, signals(DOWN));
    assert_eq!(ends(&tasks), [(1, OutcomeKind::Failed)]);
    assert_eq!(machine.state(), State::Fault);
    machine.see(5_000, signals(DOWN));
    assert_eq!(
        machine.state(),
        State::Fault,
        "a stuck boom is not simply closed"
    );
    assert_eq!(
        pulses(&machine.order(6_000, Action::Open, 2)),
        [Output::Raise]
    );
    machine.see(7_000, signals(&[]));
    assert_eq!(
        ends(&machine.see(8_000, signals(UP))),
        [(2, OutcomeKind::Confirmed)]
    );
    assert_eq!(machine.state(), State::Open);
}

#[test]
fn both_limits_are_a_wiring_fault_and_confirm_nothing() {
    let mut machine = machine();
    machine.see(0, signals(DOWN));
    machine.order(0, Action::Open, 1);
    let tasks = machine.see(100, signals(&[Input::UpLimit, Input::DownLimit]));
    assert_eq!(ends(&tasks), [(1, OutcomeKind::Failed)]);
    assert_eq!(machine.state(), State::Fault);
    assert!(machine.reason().contains("wiring"));
    assert_eq!(
        ends(&machine.order(200, Action::Open, 2)),
        [(2, OutcomeKind::Refused)]
    );
}

#[test]
fn close_is_refused_while_something_is_under_the_boom_or_unknown() {
    for input in [Input::Photocell, Input::SafetyLoop] {
        let mut machine = opened();
        machine.see(2_100, signals(&[Input::UpLimit, input]));
        let tasks = machine.order(2_200, Action::Close, 2);
        assert_eq!(ends(&tasks), [(2, OutcomeKind::Refused)]);
        assert!(pulses(&tasks).is_empty());
    }
    let mut machine = opened();
    machine.lose("link cut");
    let tasks = machine.order(2_200, Action::Close, 2);
    assert_eq!(ends(&tasks), [(2, OutcomeKind::Refused)]);
    assert!(pulses(&tasks).is_empty());
}

#[test]
fn a_falling_boom_reverses_and_lowers_again_once_clear() {
    let mut machine = opened();
    assert_eq!(
        pulses(&machine.order(3_000, Action::Close, 2)),
        [Output::Lower]
    );
    machine.see(3_500, signals(&[]));
    assert_eq!(machine.state(), State::Closing);
    let tasks = machine.see(4_000, signals(&[Input::Photocell]));
    assert_eq!(pulses(&tasks), [Output::Raise]);
    assert_eq!(ends(&tasks), [(2, OutcomeKind::Failed)]);
    assert_eq!(machine.state(), State::Blocked);
    let tasks = machine.see(5_000, signals(&[Input::UpLimit, Input::Photocell]));
    assert!(pulses(&tasks).is_empty());
    assert_eq!(machine.state(), State::Blocked);
    assert!(
        pulses(&machine.see(6_000, signals(UP))).is_empty(),
        "not clear for long enough"
    );
    assert_eq!(pulses(&machine.see(6_600, signals(UP))), [Output::Lower]);
    machine.see(7_600, signals(&[]));
    machine.see(8_600, signals(DOWN));
    assert_eq!(machine.state(), State::Closed);
}

#[test]
fn it_lowers_after_the_passage_and_not_while_the_vehicle_stands_under_it() {
    let mut machine = opened();
    for (now, on) in [
        (2_100, &[Input::UpLimit, Input::ApproachLoop][..]),
        (
            2_600,
            &[Input::UpLimit, Input::ApproachLoop, Input::SafetyLoop],
        ),
        (3_100, &[Input::UpLimit, Input::SafetyLoop]),
        (20_000, &[Input::UpLimit, Input::SafetyLoop]),
    ] {
        assert!(
            pulses(&machine.see(now, signals(on))).is_empty(),
            "at {now}"
        );
    }
    assert_eq!(machine.state(), State::Blocked, "the hold time is over");
    assert!(pulses(&machine.see(20_100, signals(UP))).is_empty());
    assert_eq!(pulses(&machine.see(20_700, signals(UP))), [Output::Lower]);
}

#[test]
fn it_lowers_after_the_hold_time_when_nobody_comes() {
    let mut machine = opened();
    assert!(pulses(&machine.see(11_900, signals(UP))).is_empty());
    assert_eq!(pulses(&machine.see(12_000, signals(UP))), [Output::Lower]);
}

#[test]
fn a_cut_link_expires_the_order_and_nothing_is_repeated() {
    let mut machine = machine();
    machine.see(0, signals(DOWN));
    machine.order(0, Action::Open, 1);
    let tasks = machine.lose("the link was cut");
    assert_eq!(ends(&tasks), [(1, OutcomeKind::Expired)]);
    assert_eq!(machine.state(), State::Unknown);
    assert!(machine.linked(50).is_empty());
    for now in [100, 5_000, 60_000] {
        let tasks = machine.see(now, signals(DOWN));
        assert!(pulses(&tasks).is_empty() && ends(&tasks).is_empty());
    }
}

#[test]
fn after_a_cut_an_open_barrier_is_left_to_an_order() {
    let mut machine = opened();
    machine.lose("the link was cut");
    for now in [3_000, 15_000, 60_000] {
        assert!(pulses(&machine.see(now, signals(UP))).is_empty());
    }
    assert_eq!(
        pulses(&machine.order(61_000, Action::Close, 2)),
        [Output::Lower]
    );
}

#[test]
fn lock_open_is_repeated_until_the_limit_confirms_and_across_a_cut() {
    let mut machine = machine();
    machine.see(0, signals(DOWN));
    let tasks = machine.order(0, Action::LockOpen, 9);
    assert!(tasks.contains(&Task::Set(Output::LockOpen, true)));
    assert_eq!(pulses(&tasks), [Output::Raise]);
    assert!(ends(&machine.lose("the link was cut")).is_empty());
    let tasks = machine.linked(500);
    assert!(tasks.contains(&Task::Set(Output::LockOpen, true)));
    assert_eq!(pulses(&tasks), [Output::Raise], "before the first look");
    assert!(pulses(&machine.see(1_000, signals(DOWN))).is_empty());
    assert!(pulses(&machine.see(2_000, signals(DOWN))).is_empty());
    assert_eq!(pulses(&machine.see(5_000, signals(DOWN))), [Output::Raise]);
    assert_eq!(
        ends(&machine.see(7_000, signals(UP))),
        [(9, OutcomeKind::Confirmed)]
    );
    assert_eq!(
        ends(&machine.order(8_000, Action::Close, 10)),
        [(10, OutcomeKind::Refused)]
    );
    assert!(
        pulses(&machine.see(100_000, signals(UP))).is_empty(),
        "it stays up"
    );
    let tasks = machine.order(101_000, Action::Release, 11);
    assert_eq!(tasks[0], Task::Set(Output::LockOpen, false));
    assert!(ends(&tasks).is_empty(), "not before it is off");
    machine.lock_let_go(101_010);
    assert!(pulses(&machine.see(101_020, signals(UP))).is_empty());
    assert_eq!(
        machine.lock_seen(101_030, false),
        (vec![], None),
        "one look"
    );
    assert_eq!(
        machine.lock_seen(101_100, false),
        (vec![], None),
        "too soon"
    );
    let (tasks, news) = machine.lock_seen(101_180, false);
    assert_eq!(ends(&tasks), [(11, OutcomeKind::Confirmed)]);
    assert_eq!(news, None);
    assert_eq!(pulses(&machine.see(101_300, signals(UP))), [Output::Lower]);
}

/// Has the controller take a release that was just written, and let go at once.
fn lets_go(machine: &mut Machine, now_ms: u64) {
    machine.lock_let_go(now_ms);
    machine.lock_seen(now_ms, false);
    machine.lock_seen(now_ms + 150, false);
}

/// A fire panel or a local switch may lock the lane right after a release: that is no write of ours.
#[test]
fn a_lock_that_another_hand_sets_after_a_release_stays() {
    let off = Task::Set(Output::LockOpen, false);
    for unanswered in [None, Some(1_000)] {
        let mut machine = machine();
        machine.see(0, signals(DOWN));
        machine.order(0, Action::LockOpen, 1);
        if let Some(at_ms) = unanswered {
            machine.lock_unanswered(at_ms);
        }
        machine.see(2_000, signals(UP));
        machine.order(3_000, Action::Release, 2);
        lets_go(&mut machine, 3_000);
        machine.see(6_000, signals(DOWN));
        assert_eq!(machine.lock_seen(7_000, true), (vec![], None), "one look");
        let (tasks, news) = machine.lock_seen(8_000, true);
        assert_eq!(tasks.contains(&off), unanswered.is_some());
        let told = match unanswered {
            Some(_) => LockNews::ReleaseUndone,
            None => LockNews::Found,
        };
        assert_eq!(news, Some(told));
        if unanswered.is_some() {
            lets_go(&mut machine, 8_000);
        }
        // Two minutes later nothing of ours is under way any more.
        for at_ms in [122_000, 123_000] {
            let (tasks, news) = machine.lock_seen(at_ms, true);
            assert!(tasks.is_empty() && news != Some(LockNews::ReleaseUndone));
        }
        assert!(machine.is_found_locked() && !machine.is_locked_open());
    }
}

/// A relay that sticks was released every second for two minutes.
#[test]
fn a_lock_is_taken_back_no_more_often_than_writes_may_come_late() {
    let mut machine = machine();
    machine.see(0, signals(DOWN));
    machine.order(0, Action::LockOpen, 1);
    machine.lock_unanswered(1_000);
    machine.lock_unanswered(2_000);
    machine.see(3_000, signals(UP));
    machine.order(4_000, Action::Release, 2);
    lets_go(&mut machine, 4_000);
    for at_ms in [5_000, 7_000] {
        machine.lock_seen(at_ms, true);
        let (_, news) = machine.lock_seen(at_ms + 1_000, true);
        assert_eq!(news, Some(LockNews::ReleaseUndone), "{at_ms}");
        assert!(!machine.is_found_locked());
        lets_go(&mut machine, at_ms + 1_010);
    }
    machine.lock_seen(9_000, true);
    let (tasks, news) = machine.lock_seen(10_000, true);
    assert!(tasks.is_empty(), "no write of ours");
    assert_eq!(news, Some(LockNews::Found));
    assert!(machine.is_found_locked());
}

/// The boom was lowered, or at fault, after a release that was told as not carried out.
#[test]
fn a_release_whose_write_fails_changes_nothing() {
    let mut machine = machine();
    machine.see(0, signals(DOWN));
    machine.order(0, Action::LockOpen, 1);
    machine.see(3_000, signals(UP));
    machine.lock_seen(3_500, true);
    let tasks = machine.order(4_000, Action::Release, 2);
    assert_eq!(tasks[0], Task::Set(Output::LockOpen, false));
    machine.lock_kept();
    let ended = machine.refused("no", false);
    assert_eq!(ends(&ended), [(2, OutcomeKind::Refused)]);
    assert!(machine.is_lock_confirmed());
    assert_eq!(
        ends(&machine.order(4_100, Action::Close, 3)),
        [(3, OutcomeKind::Refused)]
    );
    assert!(pulses(&machine.see(9_000, signals(UP))).is_empty());
    // One that waited for the link lowers nothing before its write was answered.
    machine.lose("cut");
    machine.order_unlinked(Action::Release, 4, "cut");
    let tasks = machine.see(10_000, signals(UP));
    assert!(tasks.contains(&Task::Set(Output::LockOpen, false)));
    assert!(pulses(&tasks).is_empty());
    let ended = machine.lose("no answer");
    assert_eq!(ends(&ended), [(4, OutcomeKind::Expired)]);
    assert!(machine.is_lock_confirmed());
    assert!(pulses(&machine.see(20_000, signals(UP))).is_empty());
    // One that was taken, and not seen when the link was cut, is written again and not taken back.
    machine.order(21_000, Action::Release, 5);
    machine.lock_let_go(21_000);
    assert!(ends(&machine.lose("cut after the answer")).is_empty());
    assert!(!machine.is_locked_open());
    assert!(machine.linked(22_000).is_empty());
    let tasks = machine.see(22_010, signals(UP));
    assert_eq!(tasks[0], Task::Set(Output::LockOpen, false));
    machine.lock_let_go(22_020);
    machine.lock_seen(22_030, false);
    let (tasks, _) = machine.lock_seen(22_180, false);
    assert_eq!(ends(&tasks), [(5, OutcomeKind::Confirmed)]);
}

#[test]
fn an_expired_lock_is_not_written_again_but_still_forbids_lowering() {
    let mut machine = machine();
    machine.see(0, signals(DOWN));
    machine.order(0, Action::LockOpen, 9);
    assert_eq!(ends(&machine.expire(9)), [(9, OutcomeKind::Expired)]);
    assert!(pulses(&machine.see(9_000, signals(DOWN))).is_empty());
    assert_eq!(
        ends(&machine.order(9_100, Action::Close, 10)),
        [(10, OutcomeKind::Refused)]
    );
}

#[test]
fn local_control_and_emergency_stop_end_what_is_under_way() {
    for (input, state) in [
        (Input::Local, State::LocalControl),
        (Input::EmergencyStop, State::Fault),
    ] {
        let mut machine = machine();
        machine.see(0, signals(DOWN));
        machine.order(0, Action::Open, 1);
        assert_eq!(
            ends(&machine.see(100, signals(&[input]))),
            [(1, OutcomeKind::Failed)]
        );
        assert_eq!(machine.state(), state);
        assert_eq!(
            ends(&machine.order(200, Action::Open, 2)),
            [(2, OutcomeKind::Refused)]
        );
        assert_eq!(
            pulses(&machine.order(300, Action::LockOpen, 3)),
            [Output::Raise],
            "an emergency is tried"
        );
    }
}

#[test]
fn a_newer_order_supersedes_the_contrary_and_joins_the_same() {
    let mut machine = machine();
    machine.see(0, signals(DOWN));
    machine.order(0, Action::Open, 1);
    assert!(pulses(&machine.order(10, Action::Open, 2)).is_empty());
    machine.see(1_000, signals(&[]));
    let tasks = machine.order(1_100, Action::Close, 3);
    assert_eq!(
        ends(&tasks),
        [(1, OutcomeKind::Failed), (2, OutcomeKind::Failed)]
    );
    assert_eq!(pulses(&tasks), [Output::Lower]);
    assert_eq!(
        ends(&machine.see(2_000, signals(DOWN))),
        [(3, OutcomeKind::Confirmed)]
    );
}

#[test]
fn a_stop_is_accepted_and_stays_stopped() {
    let mut machine = machine();
    machine.see(0, signals(DOWN));
    machine.order(0, Action::Open, 1);
    machine.see(1_000, signals(&[]));
    let tasks = machine.order(1_100, Action::Stop, 2);
    assert_eq!(
        ends(&tasks),
        [(1, OutcomeKind::Failed), (2, OutcomeKind::Accepted)]
    );
    machine.see(60_000, signals(&[]));
    assert_eq!(
        (machine.state(), machine.reason()),
        (State::Unknown, "stopped between the limits")
    );
}

#[test]
fn orders_that_wait_are_bounded() {
    let mut machine = machine();
    machine.see(0, signals(DOWN));
    let refused =
        (0..40).filter(|ticket| !ends(&machine.order(0, Action::Open, *ticket)).is_empty());
    assert_eq!(refused.count(), 24);
}

/// Whatever comes, in a million steps: no lowering over a vehicle or over the unknown, no
/// confirmation without the limit, every order ends exactly once.
#[test]
fn random_signals_and_orders_never_break_the_rules() {
    let mut seed = 0x00c0_ffee_u64;
    let mut random = move |most: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    let all = [
        Input::UpLimit,
        Input::DownLimit,
        Input::ApproachLoop,
        Input::SafetyLoop,
        Input::Photocell,
        Input::EmergencyStop,
        Input::Local,
    ];
    let actions = [
        Action::Open,
        Action::Close,
        Action::Stop,
        Action::LockOpen,
        Action::Release,
    ];
    let mut machine = machine();
    let mut known: Option<Vec<Input>> = None;
    let mut open_tickets = std::collections::BTreeSet::new();
    let (mut now, mut next_ticket, mut lowered, mut confirmed) = (0, 0, 0, 0);
    for _ in 0..300_000 {
        now += random(700);
        let ordered = random(10);
        let tasks = if ordered == 0 {
            known = None;
            machine.lose("the link was cut")
        } else if ordered == 2 {
            // What became of a write of the lock, if there was one, and a look at it.
            let mut tasks = Vec::new();
            if random(4) == 0 {
                machine.lock_kept();
                tasks = machine.refused("no", false);
            }
            machine.lock_let_go(now);
            tasks.extend(match random(20) {
                0 => machine.lock_unseen(now),
                _ => machine.lock_seen(now, random(2) == 0).0,
            });
            tasks
        } else if ordered == 1 {
            next_ticket += 1;
            open_tickets.insert(next_ticket);
            machine.order(
                now,
                actions[usize::try_from(random(5)).unwrap()],
                next_ticket,
            )
        } else {
            let rare = |index: usize, dice: u64| if index >= 5 { dice < 3 } else { dice < 30 };
            let on: Vec<Input> = all
                .iter()
                .enumerate()
                .filter(|(index, _)| rare(*index, random(100)))
                .map(|(_, input)| *input)
                .collect();
            known = Some(on.clone());
            machine.see(now, signals(&on))
        };
        for task in tasks {
            match task {
                Task::Pulse(Output::Lower) => {
                    let on = known.as_ref().expect("lowered over the unknown");
                    assert!(!on.contains(&Input::Photocell) && !on.contains(&Input::SafetyLoop));
                    assert!(!machine.is_locked_open());
                    lowered += 1;
                }
                Task::Finish {
                    ticket,
                    kind,
                    detail,
                } => {
                    assert!(open_tickets.remove(&ticket), "{ticket} ended twice");
                    if kind == OutcomeKind::Confirmed && detail.contains("up limit") {
                        let on = known.as_ref().expect("confirmed over the unknown");
                        assert!(on.contains(&Input::UpLimit) && !on.contains(&Input::DownLimit));
                        confirmed += 1;
                    }
                }
                _ => {}
            }
        }
    }
    assert!(lowered > 100 && confirmed > 100, "{lowered} {confirmed}");
    for ticket in open_tickets {
        assert!(machine.awaits(ticket), "{ticket} was forgotten");
    }
}

/// A boom that was just told to lower, and has not left the upper limit, is told to rise again: its
/// lowering would be waited for until it was a fault.
#[test]
fn an_opening_takes_back_a_lowering_that_has_not_begun() {
    let mut machine = machine();
    machine.see(0, signals(UP));
    machine.order(0, Action::LockOpen, 1);
    machine.see(10, signals(UP));
    machine.order(1_000, Action::Release, 2);
    lets_go(&mut machine, 1_000);
    assert_eq!(pulses(&machine.see(1_200, signals(UP))), [Output::Lower]);
    let tasks = machine.order(1_210, Action::LockOpen, 3);
    assert_eq!(pulses(&tasks), [Output::Raise]);
    assert_eq!(
        ends(&machine.see(1_220, signals(UP))),
        [(3, OutcomeKind::Confirmed)]
    );
    machine.order(1_230, Action::Release, 4);
    lets_go(&mut machine, 1_230);
    assert_eq!(pulses(&machine.see(1_450, signals(UP))), [Output::Lower]);
    machine.see(3_000, signals(DOWN));
    assert_eq!(machine.state(), State::Closed);
}
