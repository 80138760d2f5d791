//! What people order of one barrier.

use cordon_contract::OrderLane;
use cordon_model::*;

use crate::park::*;

fn ordered(action: GateAction) -> GateCommand {
    GateCommand {
        command_id: MessageId::from_bytes([3; 16]),
        gate_id: GateId::new("G-03").unwrap(),
        lane_id: LaneId::new("L-05").unwrap(),
        device_id: DeviceId::new("BR-05").unwrap(),
        action,
        reason: "the boom stands up (Wang)".to_owned(),
        priority: CommandPriority::Access,
        deadline: morning().plus_seconds(30),
        epoch: 0,
        ordered_by: Some(PartyId::new("operator-1").unwrap()),
        decision_ref: None,
    }
}

#[test]
fn lower_stop_hold_and_release_are_carried_out_in_the_operators_name() {
    for (action, outbox) in [
        (GateAction::Close, OrderLane::Access),
        (GateAction::Stop, OrderLane::Access),
        (GateAction::LockOpen, OrderLane::Emergency),
        (GateAction::Release, OrderLane::Access),
    ] {
        let mut feed = Feed::new();
        let told = feed.say(Body::GateCommand(ordered(action)));
        assert_eq!(told.orders.len(), 1, "{action}");
        let order = &told.orders[0];
        assert_eq!(order.outbox, outbox, "{action}");
        assert_eq!(order.command.action, action);
        assert_eq!(order.command.lane_id, "L-05");
        assert_eq!(
            order.command.ordered_by,
            Some(PartyId::new("operator-1").unwrap())
        );
        assert_eq!(order.command.reason, "the boom stands up (Wang)");
        assert_ne!(
            order.command.command_id,
            MessageId::from_bytes([3; 16]),
            "a command of its own"
        );
        let audit = told.audits()[0];
        assert_eq!(audit.action, "access.by-hand");
        assert_eq!(audit.actor_id, "operator-1");
        assert_eq!(audit.outcome, AuditOutcome::Success);
    }
}

#[test]
fn a_lane_held_by_hand_is_held_until_released() {
    let mut feed = Feed::new();
    feed.say(Body::GateCommand(ordered(GateAction::LockOpen)));
    let told = feed.vehicle("L-05", LoopEventKind::Passed, Direction::In);
    assert!(told.alarms().is_empty(), "held open by an order");
    feed.say(Body::GateCommand(ordered(GateAction::Release)));
    let told = feed.vehicle("L-05", LoopEventKind::Passed, Direction::In);
    assert_eq!(told.alarm_codes(), [AlarmCode::GateForced]);
}

#[test]
fn nobody_opens_by_hand_or_orders_late_or_of_a_barrier_that_is_elsewhere() {
    let elsewhere = GateCommand {
        device_id: DeviceId::new("BR-01").unwrap(),
        ..ordered(GateAction::Close)
    };
    let late = GateCommand {
        deadline: morning(),
        ..ordered(GateAction::Close)
    };
    for order in [ordered(GateAction::Open), elsewhere, late] {
        let mut feed = Feed::new();
        let told = feed.say(Body::GateCommand(order));
        assert!(told.orders.is_empty(), "{told:?}");
        assert_eq!(told.audits()[0].outcome, AuditOutcome::Denied);
        assert_eq!(
            told.alarm_codes(),
            [AlarmCode::GateFault],
            "it has a receipt"
        );
    }
}

const BY_HAND: [GateAction; 3] = [GateAction::Close, GateAction::Stop, GateAction::Release];

/// Each had a receipt, moved nothing, and nobody heard of it.
#[test]
fn what_was_ordered_by_hand_and_came_to_nothing_is_told_once() {
    use CommandOutcome::{Accepted, Expired, Failed, Refused};
    for action in BY_HAND {
        for outcome in [Expired, Failed, Refused] {
            let mut feed = Feed::new();
            let command = feed.say(Body::GateCommand(ordered(action))).orders[0]
                .command
                .command_id;
            assert!(feed.end("L-05", command, Accepted).alarms().is_empty());
            let told = feed.end("L-05", command, outcome);
            let alarm = told.alarms()[0];
            assert_eq!(alarm.alarm_level, AlarmLevel::Orange, "{action} {outcome}");
            assert_eq!(alarm.lane_id, Some(LaneId::new("L-05").unwrap()));
            assert_eq!(alarm.source_device, Some(DeviceId::new("BR-05").unwrap()));
            let words = format!("{action} ordered by operator-1 was not carried out");
            assert!(
                alarm.description.starts_with(&words),
                "{}",
                alarm.description
            );
            let told = feed.end("L-05", command, outcome);
            assert!(
                told.alarms().is_empty(),
                "outbox and barrier both tell of it"
            );
        }
    }
}

#[test]
fn what_was_done_or_overtaken_by_a_newer_order_is_not_told() {
    for action in BY_HAND {
        let mut feed = Feed::new();
        let command = feed.say(Body::GateCommand(ordered(action))).orders[0]
            .command
            .command_id;
        let told = feed.end("L-05", command, CommandOutcome::Confirmed);
        assert!(told.alarms().is_empty(), "{action}");
        for newer in [GateAction::LockOpen, GateAction::Close] {
            let mut feed = Feed::new();
            let command = feed.say(Body::GateCommand(ordered(action))).orders[0]
                .command
                .command_id;
            feed.say(Body::GateCommand(ordered(newer)));
            let told = feed.end("L-05", command, CommandOutcome::Expired);
            assert!(told.alarms().is_empty(), "{action} before {newer}");
        }
    }
}

/// With the journal as far ahead as the order was good for, each was denied: its deadline had passed.
#[test]
fn orders_of_now_are_carried_out_while_the_journal_is_ahead_of_the_clock() {
    for action in [
        GateAction::Close,
        GateAction::Stop,
        GateAction::LockOpen,
        GateAction::Release,
    ] {
        for lead_s in [30, 60, 86_400] {
            let mut feed = Feed::new();
            feed.lead_s = lead_s;
            let told = feed.say(Body::GateCommand(ordered(action)));
            assert_eq!(told.orders.len(), 1, "{action} {lead_s}");
            let left = told.orders[0].command.deadline.ms_since(morning()) - lead_s * 1_000;
            assert!((1..=30_000).contains(&left), "{action}: {left} ms");
            feed.wait_s(30);
            let told = feed.say(Body::GateCommand(ordered(action)));
            assert!(told.orders.is_empty(), "late by the clock");
        }
    }
}
