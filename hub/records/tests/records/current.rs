//! What is in the rows.

use cordon_contract::{ALARM_FORGOTTEN, EntryKind};
use cordon_model::{
    AlarmLevel, AlarmState, Body, DecisionOutcome, DeviceState, Direction, OperatingMode,
    OperatingModeChange, PartyId, Timestamp,
};
use cordon_records::{
    AlarmsAsked, AuditAsked, DevicesAsked, GrantRoom, GrantsAsked, OrdersAsked, OrdersOf,
    PassagesAsked, RefusalsAsked, folds_within, names,
};

use crate::made::*;

fn ids(park: &Park, enterprise: &str) -> Vec<String> {
    let enterprise = PartyId::new(enterprise).unwrap();
    let asked = GrantsAsked {
        limit: 50,
        ..GrantsAsked::default()
    };
    let answer = park
        .follow()
        .ask(names::GRANTS, |look| look.grants(&enterprise, &asked));
    let answer = answer.unwrap();
    assert_eq!(answer.number, park.durable().0);
    answer
        .rows
        .into_iter()
        .map(|grant| grant.grant_id)
        .collect()
}

/// What stands was taken in by the door, under whatever limits it had then, and acts at the gates.
#[test]
fn what_stands_is_shown_beyond_a_part_and_what_is_over_gives_way() {
    // A part is five of ten.
    let mut lines = vec![grant(at(1), "E-2", "b", at(0))];
    lines.extend(["a", "c", "d", "e"].map(|id| grant(at(2), "E-2", id, at(900))));
    lines.push(grant(at(3), "E-2", "f", at(900)));
    lines.push(grant(at(4), "E-2", "g", at(900)));
    lines.push(grant(at(5), "E-1", "x", at(900)));
    lines.push(grant(at(6), "E-2", "p", at(900)).flagged(PARK));
    let park = Park::with(&lines);
    assert_eq!(ids(&park, "E-2"), ["a", "c", "d", "e", "f", "g", "p"]);
    assert_eq!(ids(&park, "E-1"), ["x"]);
}

#[test]
fn one_that_is_over_when_it_comes_is_not_kept_where_there_is_no_room() {
    let mut lines: Vec<Line> = ["a", "b", "c", "d", "e"]
        .map(|id| grant(at(2), "E-2", id, at(900)))
        .into();
    lines.push(grant(at(30), "E-2", "late", at(1)));
    let park = Park::with(&lines);
    assert_eq!(ids(&park, "E-2"), ["a", "b", "c", "d", "e"]);
}

#[test]
fn there_is_as_much_room_as_access_control_has_by_now() {
    let over = |id: &str| grant(at(30), "E-2", id, at(1));
    let lines = ["a", "b", "c", "d", "e"].map(|id| grant(at(2), "E-2", id, at(900)));
    let mut park = Park::with(&lines);
    park.append(&[over("none")]);
    let room = GrantRoom::of(10, 2);
    let mut follower = park.open(folds_within(&hub(), &room)).unwrap();
    to_end(&mut follower, park.durable());
    room.set(20, 2);
    park.append(&[over("one")]);
    to_end(&mut follower, park.durable());
    let enterprise = PartyId::new("E-2").unwrap();
    let asked = GrantsAsked {
        limit: 50,
        ..GrantsAsked::default()
    };
    let kept = follower.ask(names::GRANTS, |look| look.grants(&enterprise, &asked));
    let kept: Vec<String> = kept
        .unwrap()
        .rows
        .into_iter()
        .map(|it| it.grant_id)
        .collect();
    assert_eq!(kept, ["a", "b", "c", "d", "e", "one"]);
}

/// A conformance run's grants were shown as if they opened something.
#[test]
fn a_grant_of_a_test_and_one_that_is_overtaken_change_nothing() {
    let mut tried = grant(at(2), "E-1", "tried", at(900));
    tried.test = true;
    let mut back = withdrawn(grant(at(3), "E-1", "real", at(900)));
    back.test = true;
    let older = grant(at(4), "E-1", "older", at(900)).flagged(OVERTAKEN);
    let park = Park::with(&[grant(at(1), "E-1", "real", at(900)), tried, back, older]);
    assert_eq!(ids(&park, "E-1"), ["real"]);
}

/// While the journal is ahead of the clock, gates compare what people say with the clock.
#[test]
fn what_is_over_is_over_by_the_clock_as_at_the_gates() {
    let lead = "lead:50000000;clock:";
    let clock = at(1).micros();
    let mut lines: Vec<Line> = ["a", "b", "c", "d"]
        .map(|id| grant(at(1), "E-1", id, at(900)))
        .into();
    lines.push(grant(at(1), "E-1", "e", at(20)));
    lines.push(audit(at(51), "clock.lead", Some(&format!("{lead}{clock}"))));
    // By the entry it is 52, by the clock 2: the one until 20 stands.
    lines.push(grant(at(52), "E-1", "f", at(900)));
    let park = Park::with(&lines);
    assert_eq!(ids(&park, "E-1"), ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn grants_are_paged_and_found_by_plate_and_state() {
    let park = Park::with(&[
        grant(at(1), "E-1", "a", at(900)),
        grant(at(1), "E-1", "b", at(900)),
        withdrawn(grant(at(1), "E-1", "c", at(900))),
    ]);
    let follower = park.follow();
    let own = PartyId::new("E-1").unwrap();
    let ask = |asked: GrantsAsked| -> Vec<String> {
        let answer = follower.ask(names::GRANTS, |look| look.grants(&own, &asked));
        let rows = answer.unwrap().rows;
        rows.into_iter().map(|grant| grant.grant_id).collect()
    };
    let page = |after: Option<&str>, limit| GrantsAsked {
        after: after.map(str::to_owned),
        limit,
        ..GrantsAsked::default()
    };
    assert_eq!(ask(page(None, 2)), ["a", "b"]);
    assert_eq!(ask(page(Some("b"), 2)), ["c"]);
    let all = follower.ask(names::GRANTS, |look| look.grants(&own, &page(None, 9)));
    let plate = all.unwrap().rows[0].plate.clone();
    assert!(plate.is_some());
    let of_plate = GrantsAsked {
        plate,
        ..page(None, 9)
    };
    assert_eq!(ask(of_plate.clone()), ["a", "b", "c"]);
    let mut other = of_plate;
    if let Some(plate) = &mut other.plate {
        plate.number = "苏A99999".parse().unwrap();
    }
    assert!(ask(other).is_empty());
    let withdrawn = GrantsAsked {
        state: Some(cordon_model::LifeState::Withdrawn),
        ..page(None, 9)
    };
    assert_eq!(ask(withdrawn), ["c"]);
}

/// What was known of a vehicle at a moment that is past.
#[test]
fn what_held_then_is_told_and_says_nothing_more_of_a_person() {
    let park = Park::with(&[
        grant(at(1), "E-1", "a", at(900)),
        withdrawn(grant(at(10), "E-1", "a", at(900))),
    ]);
    let follower = park.follow();
    let own = PartyId::new("E-1").unwrap();
    let asked = GrantsAsked {
        limit: 9,
        ..GrantsAsked::default()
    };
    let now = follower.ask(names::GRANTS, |look| look.grants(&own, &asked));
    let plate = now.unwrap().rows[0].plate.clone().unwrap();
    let number = plate.number.as_str().to_owned();
    let then = |seconds| {
        let answer = follower.ask(names::GRANTS, |look| {
            look.grants_at(&number, at(seconds), 9)
        });
        answer.unwrap().rows
    };
    let held = |state: &str, entry| vec![("E-1/a".to_owned(), state.to_owned(), entry)];
    assert!(then(0).is_empty());
    assert_eq!(then(5), held("ACTIVE", 1));
    assert_eq!(then(10), held("WITHDRAWN", 2));
    let bodies = park.dump()["grants"]
        .iter()
        .filter(|row| row.ends_with("Null"))
        .count();
    assert_eq!(
        bodies, 1,
        "of the one before nothing but its columns is kept"
    );
}

#[test]
fn an_alarm_is_kept_with_its_life_and_whoever_took_it() {
    use AlarmState::{Acknowledged, Cleared, Closed, Raised};
    let park = Park::with(&[
        alarm(at(1), "A-1", AlarmLevel::Yellow),
        alarm(at(2), "A-2", AlarmLevel::Red),
        alarm(at(3), "A-1", AlarmLevel::Orange),
        step(at(4), "A-1", Raised, Acknowledged, "officer-1"),
        step(at(5), "A-1", Acknowledged, Cleared, "HUB-1"),
        step(at(6), "A-1", Cleared, Closed, "officer-2"),
        // Its name once more: the hub tells of it under another.
        alarm(at(7), "A-1", AlarmLevel::Red),
        alarm(at(8), "A-3", AlarmLevel::Blue),
        audit(at(9), ALARM_FORGOTTEN, Some("A-3")),
        // Refused by the hub, and put right.
        step(at(10), "A-2", Raised, Closed, "officer-3"),
        step(at(11), "A-2", Closed, Raised, "HUB-1").decided(),
    ]);
    let follower = park.follow();
    let all = |is_open| {
        let asked = AlarmsAsked {
            is_open,
            limit: 9,
            ..AlarmsAsked::default()
        };
        let answer = follower.ask(names::ALARMS, |look| look.alarms(&asked));
        answer.unwrap().rows
    };
    let open: Vec<String> = all(Some(true)).into_iter().map(|it| it.id).collect();
    assert_eq!(open, ["A-2"]);
    let over = all(Some(false));
    let over: Vec<&str> = over.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(over, ["A-3", "A-1"]);
    let first = all(None).into_iter().find(|it| it.id == "A-1").unwrap();
    assert_eq!(
        (first.level.as_str(), first.state.as_str()),
        ("ORANGE", "CLOSED")
    );
    assert_eq!(first.taken, Some(("officer-1".to_owned(), 4)));
    assert_eq!(first.ended, Some(("officer-2".to_owned(), 6)));
    let steps = follower.ask(names::ALARMS, |look| look.alarm_steps("A-1"));
    let steps: Vec<(u64, String)> = steps
        .unwrap()
        .rows
        .into_iter()
        .map(|step| (step.entry, step.state))
        .collect();
    let wanted = [
        (1, "RAISED"),
        (3, "RAISED"),
        (4, "ACKNOWLEDGED"),
        (5, "CLEARED"),
        (6, "CLOSED"),
    ];
    assert_eq!(
        steps,
        wanted.map(|(entry, state)| (entry, state.to_owned()))
    );
    let open_at = |seconds| {
        let answer = follower.ask(names::ALARMS, |look| look.alarms_open_at(at(seconds), 9));
        answer.unwrap().rows
    };
    assert_eq!(open_at(5), ["A-1", "A-2"]);
    assert_eq!(open_at(8), ["A-2", "A-3"]);
}

/// What was signed follows from its submission, and was taken for the hub's own decision.
#[test]
fn what_a_partner_says_of_an_alarm_that_is_taken_or_over_opens_nothing() {
    use AlarmState::{Acknowledged, Cleared, Closed, Raised};
    let signed = |line: Line| Line {
        sender: "E-1".parse().unwrap(),
        cause: 1,
        ..line
    };
    let park = Park::with(&[
        signed(alarm(at(1), "A-1", AlarmLevel::Red)),
        step(at(2), "A-1", Raised, Acknowledged, "officer-1"),
        signed(alarm(at(3), "A-1", AlarmLevel::Red)),
        signed(alarm(at(4), "A-2", AlarmLevel::Red)),
        step(at(5), "A-2", Raised, Closed, "HUB-1").decided(),
        signed(step(at(6), "A-2", Raised, Cleared, "E-1")),
        signed(alarm(at(7), "A-2", AlarmLevel::Red)),
    ]);
    let follower = park.follow();
    let asked = AlarmsAsked {
        limit: 9,
        ..AlarmsAsked::default()
    };
    let rows = follower.ask(names::ALARMS, |look| look.alarms(&asked));
    let rows = rows.unwrap().rows.into_iter();
    let mut rows: Vec<_> = rows.map(|it| (it.id, it.state, it.is_open)).collect();
    rows.sort();
    let wanted = [("A-1", "ACKNOWLEDGED", true), ("A-2", "CLOSED", false)];
    assert_eq!(
        rows,
        wanted.map(|(id, state, open)| (id.to_owned(), state.to_owned(), open))
    );
}

#[test]
fn passages_decisions_and_refusals_are_paged_and_found() {
    let mut lines: Vec<Line> = (0..10)
        .map(|second| {
            passage(
                at(second),
                ["G1-L1", "G2-L1"][second as usize % 2],
                Direction::In,
            )
        })
        .collect();
    // Two at the same instant are told apart by their entries.
    lines.push(passage(at(9), "G1-L1", Direction::Out));
    lines.push(decision(at(20), "G1-L1", DecisionOutcome::Refuse));
    lines.push(decision(at(21), "G1-L1", DecisionOutcome::Open));
    lines.extend(["V001", "X002", "V001"].map(|code| refused(at(30), "E-1", code)));
    let park = Park::with(&lines);
    let follower = park.follow();
    let mut asked = PassagesAsked {
        limit: 4,
        ..PassagesAsked::default()
    };
    let mut entries = Vec::new();
    loop {
        let page = follower.ask(names::PASSAGES, |look| look.passages(&asked));
        let page = page.unwrap().rows;
        let Some(last) = page.last() else { break };
        asked.after = Some((last.passed, last.entry));
        entries.extend(page.iter().map(|row| row.entry));
    }
    assert_eq!(entries, (1..=11).rev().collect::<Vec<u64>>());
    let at_gate = PassagesAsked {
        gate: Some("G2".parse().unwrap()),
        from: Some(at(2)),
        to: Some(at(9)),
        limit: 9,
        ..PassagesAsked::default()
    };
    let found = follower.ask(names::PASSAGES, |look| look.passages(&at_gate));
    let found: Vec<u64> = found.unwrap().rows.iter().map(|row| row.entry).collect();
    assert_eq!(found, [8, 6, 4]);
    let turned_away = PassagesAsked {
        state: Some("REFUSE".to_owned()),
        limit: 9,
        ..PassagesAsked::default()
    };
    let found = follower.ask(names::PASSAGES, |look| look.decisions(&turned_away));
    let found = found.unwrap().rows;
    assert_eq!(
        (found.len(), found[0].reasons[0].clause.as_str()),
        (1, "5.2.2")
    );
    assert_eq!(found[0].code.as_deref(), Some("NO_GRANT"));
    let refusals = RefusalsAsked {
        code: Some("V001".to_owned()),
        before: Some(16),
        limit: 9,
        ..RefusalsAsked::default()
    };
    let found = follower.ask(names::REFUSALS, |look| look.refusals(&refusals));
    let found: Vec<u64> = found.unwrap().rows.iter().map(|row| row.entry).collect();
    assert_eq!(found, [14]);
}

#[test]
fn a_device_is_in_a_state_from_when_to_when() {
    use DeviceState::{Offline, Online};
    let mut tried = link(at(5), "BR-1", Online);
    tried.test = true;
    let park = Park::with(&[
        link(at(1), "BR-1", Online),
        link(at(2), "BR-2", Online),
        link(at(3), "BR-1", Online),
        link(at(4), "BR-1", Offline),
        tried,
        link(at(6), "BR-1", Online),
    ]);
    let follower = park.follow();
    let ask = |asked: DevicesAsked| -> Vec<(String, u64, Option<Timestamp>)> {
        let asked = DevicesAsked { limit: 9, ..asked };
        let answer = follower.ask(names::DEVICES, |look| look.device_states(&asked));
        let rows = answer.unwrap().rows.into_iter();
        rows.map(|row| {
            (
                format!("{} {}", row.device, row.state),
                row.entry,
                row.until,
            )
        })
        .collect()
    };
    let outages = DevicesAsked {
        state: Some("OFFLINE".to_owned()),
        ..DevicesAsked::default()
    };
    let row = |name: &str, entry, until| (name.to_owned(), entry, until);
    assert_eq!(ask(outages), [row("BR-1 OFFLINE", 4, Some(at(6)))]);
    let then = DevicesAsked {
        at: Some(at(4)),
        ..DevicesAsked::default()
    };
    let held = [
        row("BR-1 OFFLINE", 4, Some(at(6))),
        row("BR-2 ONLINE", 2, None),
    ];
    assert_eq!(ask(then), held);
    let own = DevicesAsked {
        device: Some("BR-1".to_owned()),
        before: Some(6),
        ..DevicesAsked::default()
    };
    assert_eq!(ask(own).len(), 2);
}

#[test]
fn an_order_is_open_until_something_came_of_it_and_dead_until_it_is_sent_again() {
    use EntryKind::{Audit, Order, Outcome};
    let told = |time| alarm(time, "A-1", AlarmLevel::Red);
    let park = Park::with(&[
        told(at(1)),
        following(Order, 1, told(at(2))),
        following(Order, 1, told(at(3))),
        following(Outcome, 2, audit(at(4), "order.outcome", None)),
        following(Audit, 2, audit(at(4), "order.dead-letter", None)),
        following(Order, 2, told(at(5))),
        following(Outcome, 3, audit(at(6), "order.outcome", None)),
        following(Audit, 3, audit(at(6), "order.dead-letter", None)),
    ]);
    let follower = park.follow();
    let ask = |of| -> Vec<u64> {
        let asked = OrdersAsked {
            of,
            target: Some("receiver:duty".to_owned()),
            limit: 9,
            ..OrdersAsked::default()
        };
        let answer = follower.ask(names::ORDERS, |look| look.orders(&asked));
        let rows = answer.unwrap().rows.into_iter();
        rows.map(|row| row.entry).collect()
    };
    assert_eq!(ask(OrdersOf::All), [6, 3, 2]);
    assert_eq!(ask(OrdersOf::Open), [6]);
    assert_eq!(ask(OrdersOf::Dead), [3], "the other was sent again");
}

#[test]
fn what_was_done_and_which_modes_were_said_is_found() {
    let mode = said(
        at(2),
        Body::OperatingModeChange(OperatingModeChange {
            change_id: "MC-1".to_owned(),
            mode: OperatingMode::Maintenance,
            gates: vec!["G1".parse().unwrap()],
            ordered_by: hub(),
            reason: "works".to_owned(),
            effective_at: at(2),
        }),
    );
    let park = Park::with(&[
        audit(at(1), "report.built", Some("RPT-01")),
        mode,
        audit(at(3), "hub.start", None),
        audit(at(4), "report.built", Some("RPT-06")),
    ]);
    let follower = park.follow();
    let ask = |asked: AuditAsked| -> Vec<(u64, String)> {
        let asked = AuditAsked { limit: 9, ..asked };
        let answer = follower.ask(names::AUDIT, |look| look.audit(&asked));
        let rows = answer.unwrap().rows.into_iter();
        rows.map(|row| (row.entry, row.outcome)).collect()
    };
    let of = |action: &str| AuditAsked {
        action: Some(action.to_owned()),
        ..AuditAsked::default()
    };
    let done = |entry| (entry, "SUCCESS".to_owned());
    assert_eq!(ask(of("report.built")), [done(4), done(1)]);
    assert_eq!(ask(of("mode.said")), [(2, "MAINTENANCE".to_owned())]);
    let target = AuditAsked {
        target: Some("RPT-01".to_owned()),
        ..AuditAsked::default()
    };
    assert_eq!(ask(target), [done(1)]);
}
