//! What people order of gates is for now, and the park is one voice.

use cordon_contract::EntryKind;
use cordon_flow::{ReceiptData, RunningHub};
use cordon_model::{
    AccessGrant, Body, CommandPriority, DeviceId, EmergencyGateOpen, GateAction, GateCommand,
    GateId, LaneId, LifeState, ListEntry, MessageId, OperatingMode, OperatingModeChange, Timestamp,
};
use cordon_security::Role;

use crate::park::{Park, emergency, morning, until};
use crate::partner::{Ca, Partner, counted, message};
use crate::said::{example, grant_of, white};

/// Each statement with the second, counted from the morning, in which it was said; what became of it.
pub async fn said(hub: &RunningHub, by: &Partner, said: Vec<(i64, Body)>) -> Vec<String> {
    let said = said.into_iter();
    said_ms(hub, by, said.map(|(second, body)| (second * 1_000, body))).await
}

/// The same by thousandths.
async fn said_ms(
    hub: &RunningHub,
    by: &Partner,
    said: impl IntoIterator<Item = (i64, Body)>,
) -> Vec<String> {
    let at = |ms: i64| Timestamp::from_micros(morning().micros() + ms * 1_000);
    let said = said.into_iter();
    let messages = said.map(|(ms, body)| message(&by.id, body, at(ms)));
    handed(hub, by, messages.collect()).await
}

/// What became of each message.
async fn handed(hub: &RunningHub, by: &Partner, messages: Vec<String>) -> Vec<String> {
    let answers = hub.submit().submit(by.envelope(&messages)).await.unwrap();
    let told = |answer: &Result<ReceiptData, cordon_flow::Refused>| match answer {
        Ok(data) => {
            let receipt = data.receipt(hub.submit().park());
            let codes = receipt.warning.iter().map(|one| one.code.as_str());
            codes.collect::<Vec<_>>().join(" ")
        }
        Err(refused) => format!("refused {}", refused.fault.code()),
    };
    answers.iter().map(told).collect()
}

pub fn opening(by: &Partner, gate: &str, release: bool) -> Body {
    match emergency() {
        Body::EmergencyGateOpen(it) => Body::EmergencyGateOpen(EmergencyGateOpen {
            gates: vec![GateId::new(gate).unwrap()],
            ordered_by: by.id.clone(),
            release: release.then_some(true),
            ..it
        }),
        _ => unreachable!(),
    }
}

fn order(by: &Partner, action: GateAction) -> Body {
    Body::GateCommand(GateCommand {
        command_id: MessageId::random(),
        gate_id: GateId::new("G1").unwrap(),
        lane_id: LaneId::new("G1-L1").unwrap(),
        device_id: DeviceId::new("BR-01").unwrap(),
        action,
        reason: "test".into(),
        priority: CommandPriority::Access,
        deadline: morning().plus_seconds(60),
        epoch: 0,
        ordered_by: Some(by.id.clone()),
        decision_ref: None,
    })
}

pub fn mode(by: &Partner, mode: OperatingMode) -> Body {
    match example("operating-mode-change") {
        Body::OperatingModeChange(it) => Body::OperatingModeChange(OperatingModeChange {
            gates: Vec::new(),
            ordered_by: by.id.clone(),
            mode,
            ..it
        }),
        _ => unreachable!(),
    }
}

/// Two people of the park.
pub fn two(park: &Park) -> (Partner, Partner) {
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("OP-1", Role::Operator);
    (one, ca.partner("OP-2", Role::Operator))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_release_lowers_no_barrier_and_a_late_opening_raises_none() {
    let park = Park::new();
    let (one, two) = two(&park);
    let hub = park.start().await;
    let open = || opening(&one, "G1", false);
    assert_eq!(said(&hub, &one, vec![(0, open())]).await, [""]);
    let late = vec![
        (-3_600, opening(&one, "G1", true)),
        (-31, opening(&one, "G1", true)),
        // Newer than the bound, older than the opening.
        (-5, opening(&one, "G1", true)),
        (-5, order(&one, GateAction::Close)),
        (-5, order(&one, GateAction::Release)),
        (-31, mode(&one, OperatingMode::Normal)),
    ];
    assert_eq!(said(&hub, &one, late).await, ["refused C010"; 6]);
    let others = vec![
        (-600, opening(&two, "G1", true)),
        (-1, opening(&two, "G1", true)),
    ];
    assert_eq!(said(&hub, &two, others).await, ["refused C010"; 2]);
    let old = vec![
        (-3_600, open()),
        (-121, open()),
        // Older than another opening, and the same: nothing is overruled.
        (-119, open()),
        (-121, order(&one, GateAction::LockOpen)),
        (-121, mode(&one, OperatingMode::Evacuation)),
        // Another gate is another matter.
        (-5, opening(&one, "G1", false)),
    ];
    assert_eq!(
        said(&hub, &one, old).await,
        [
            "refused C010",
            "refused C010",
            "",
            "refused C010",
            "refused C010",
            ""
        ]
    );
    // Whoever orders it now is heard.
    assert_eq!(
        said(&hub, &two, vec![(0, opening(&two, "G1", true))]).await,
        [""]
    );
    assert_eq!(said(&hub, &one, vec![(-2, open())]).await, ["refused C010"]);
    until("what was taken is carried out", || {
        park.yard.orders().len() == 4
    })
    .await;
    hub.shutdown().await.unwrap();
    // The Porter makes one order of each opening that it was shown.
    let stored = park.entries();
    let orders = stored.iter().filter(|it| it.entry.kind == EntryKind::Order);
    assert_eq!(orders.count(), 4);
    park.replays();
}

/// An order sent again with the same id got its receipt already, however late it is by then.
#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_was_carried_out_keeps_its_receipt_when_it_is_sent_again() {
    let park = Park::new();
    let (one, _) = two(&park);
    let hub = park.start().await;
    let open = message(&one.id, opening(&one, "G1", false), morning());
    let first = hub
        .submit()
        .submit(one.envelope(std::slice::from_ref(&open)))
        .await;
    let first = first.unwrap().remove(0).unwrap();
    park.clock.advance_ms(200_000);
    let again = hub
        .submit()
        .submit(one.envelope(&[open]))
        .await
        .unwrap()
        .remove(0);
    let again = again.unwrap();
    assert_eq!((again.number, again.duplicate), (first.number, true));
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evacuation_is_ended_by_no_older_word_and_silenced_by_no_clock_ahead() {
    let park = Park::new();
    let (one, two) = two(&park);
    let hub = park.start().await;
    let (normal, evacuation) = (OperatingMode::Normal, OperatingMode::Evacuation);
    assert_eq!(
        said(&hub, &one, vec![(0, mode(&one, evacuation))]).await,
        [""]
    );
    let older = vec![
        (-560, mode(&two, normal)),
        (-20, mode(&two, normal)),
        (-1, opening(&two, "G1", true)),
    ];
    assert_eq!(said(&hub, &two, older).await, ["refused C010"; 3]);
    // A clock that is ahead speaks of now, as everybody's.
    assert_eq!(
        said(&hub, &two, vec![(290, mode(&two, normal))]).await,
        [""]
    );
    assert_eq!(
        said(&hub, &one, vec![(0, mode(&one, evacuation))]).await,
        [""]
    );
    assert_eq!(
        said(&hub, &two, vec![(0, mode(&two, evacuation))]).await,
        [""]
    );
    // The console's people are the park's as well.
    park.clock.advance_ms(10_000);
    let by_console = hub.submit().internal(mode(&one, evacuation), &one.id).await;
    by_console.unwrap();
    assert_eq!(
        said(&hub, &two, vec![(5, mode(&two, normal))]).await,
        ["refused C010"]
    );
    hub.shutdown().await.unwrap();
    let hub = park.start().await;
    assert_eq!(
        said(&hub, &two, vec![(5, mode(&two, normal))]).await,
        ["refused C010"]
    );
    // Without a count nothing tells that the clock, which was at 290 s, was put right. Barriers stay up.
    assert_eq!(
        said(&hub, &two, vec![(10, mode(&two, normal))]).await,
        ["refused C010"]
    );
    assert_eq!(said(&hub, &one, vec![(10, mode(&one, normal))]).await, [""]);
    hub.shutdown().await.unwrap();
    park.replays();
}

/// A clock that is a little ahead is everyday: the order that comes last holds, also within one second.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_a_clock_ahead_is_newer_than_all_that_came_before_it() {
    let (normal, evacuation) = (OperatingMode::Normal, OperatingMode::Evacuation);
    for ahead_ms in [10, 20, 200, 5_000, 240_000] {
        // Of one person whose clock is always ahead, and of two.
        for of_two in [false, true] {
            let park = Park::new();
            let (one, two) = two(&park);
            let hub = park.start().await;
            park.clock.advance_ms(860);
            let (first, first_ms) = if of_two { (&two, 0) } else { (&one, ahead_ms) };
            let release = vec![(860 + first_ms, opening(first, "G1", true))];
            assert_eq!(said_ms(&hub, first, release).await, [""], "{ahead_ms}");
            park.clock.advance_ms(20);
            let open = vec![(880 + ahead_ms, opening(&one, "G1", false))];
            assert_eq!(said_ms(&hub, &one, open).await, [""], "{ahead_ms}");
            park.clock.advance_ms(20);
            let calm = vec![(900, mode(&two, normal))];
            assert_eq!(said_ms(&hub, &two, calm).await, [""], "{ahead_ms}");
            park.clock.advance_ms(20);
            let evacuate = vec![(920 + ahead_ms, mode(&one, evacuation))];
            assert_eq!(said_ms(&hub, &one, evacuate).await, [""], "{ahead_ms}");
            hub.shutdown().await.unwrap();
            park.replays();
        }
    }
}

/// What was signed before and comes after changes nothing, by a clock that is ahead as by a true one.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_order_that_comes_late_is_refused_by_whatever_clock() {
    for ahead_ms in [0, 100, 1_000, 60_000] {
        let park = Park::new();
        let (one, two) = two(&park);
        let hub = park.start().await;
        park.clock.advance_ms(1_000);
        let at = |ms: i64, sequence: u64, body: Body| {
            let occurred = morning().micros() + (1_000 + ms + ahead_ms) * 1_000;
            counted(&one.id, body, Timestamp::from_micros(occurred), sequence)
        };
        let suspended = |state| {
            let it = grant_of("ENT-1");
            let (valid_from, valid_to) = (morning(), morning().plus_seconds(3_600));
            Body::AccessGrant(AccessGrant {
                state,
                valid_from,
                valid_to,
                ..it
            })
        };
        let newer = vec![
            at(500, 14, opening(&one, "G1", false)),
            at(500, 15, suspended(LifeState::Suspended)),
        ];
        let late = vec![
            at(0, 11, opening(&one, "G1", true)),
            at(0, 12, order(&one, GateAction::Release)),
            at(0, 13, suspended(LifeState::Active)),
        ];
        park.clock.advance_ms(510);
        assert_eq!(handed(&hub, &one, newer).await, [""; 2], "{ahead_ms}");
        park.clock.advance_ms(300);
        let told = handed(&hub, &one, late).await;
        assert_eq!(told, ["refused C010", "refused C010", "F046"], "{ahead_ms}");
        // Another's release of now holds.
        let release = vec![(1_810, opening(&two, "G1", true))];
        assert_eq!(said_ms(&hub, &two, release).await, [""], "{ahead_ms}");
        hub.shutdown().await.unwrap();
        park.replays();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_of_the_parks_people_listed_another_does_not_take_back_with_an_older_word() {
    let park = Park::new();
    let (one, two) = two(&park);
    let hub = park.start().await;
    let listed = |state| match white("苏A77777") {
        Body::ListEntry(it) => Body::ListEntry(ListEntry { state, ..it }),
        _ => unreachable!(),
    };
    assert_eq!(
        said(&hub, &one, vec![(0, listed(LifeState::Active))]).await,
        [""]
    );
    let older = vec![(-7_200, listed(LifeState::Withdrawn))];
    assert_eq!(said(&hub, &two, older).await, ["F046"]);
    assert_eq!(
        said(&hub, &two, vec![(1, listed(LifeState::Withdrawn))]).await,
        [""]
    );
    hub.shutdown().await.unwrap();
    park.replays();
}

/// A person's device that is four minutes ahead lowered, and his opening at the right time was refused so long.
#[tokio::test(flavor = "multi_thread")]
async fn an_opening_of_now_is_silenced_by_no_clock_and_no_count_of_the_same_person() {
    let park = Park::new();
    let (one, _) = two(&park);
    let hub = park.start().await;
    let at = |second: i64, sequence: u64, body: Body| {
        counted(&one.id, body, morning().plus_seconds(second), sequence)
    };
    let lowered = vec![at(240, 900, opening(&one, "G1", true))];
    assert_eq!(handed(&hub, &one, lowered).await, [""]);
    park.clock.advance_ms(4_000);
    for sequence in [12, 899, 0] {
        let raised = vec![at(4, sequence, opening(&one, "G1", false))];
        assert_eq!(handed(&hub, &one, raised).await, [""], "{sequence}");
    }
    let evacuated = vec![
        at(240, 901, mode(&one, OperatingMode::Normal)),
        at(4, 13, mode(&one, OperatingMode::Evacuation)),
    ];
    assert_eq!(handed(&hub, &one, evacuated).await.last().unwrap(), "");
    // What lets somebody in is taken back in doubt, and not let in again.
    let listed = |state| match white("苏A77777") {
        Body::ListEntry(it) => Body::ListEntry(ListEntry { state, ..it }),
        _ => unreachable!(),
    };
    let lists = vec![
        at(240, 910, listed(LifeState::Active)),
        at(4, 14, listed(LifeState::Withdrawn)),
        at(4, 15, listed(LifeState::Active)),
    ];
    assert_eq!(handed(&hub, &one, lists).await, ["", "", "F046"]);
    hub.shutdown().await.unwrap();
    park.replays();
}

/// Another person's word in between took the place of the author's own, and an older release lowered.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_release_lowers_nothing_whoever_spoke_in_between() {
    for (ahead, is_restarted) in [(60, false), (60, true), (0, false)] {
        let park = Park::new();
        let (one, two) = two(&park);
        let mut hub = park.start().await;
        park.clock.advance_ms(10_000);
        let at = |second: i64, sequence: u64, body: Body| {
            let time = morning().plus_seconds(second + ahead);
            counted(&one.id, body, time, sequence)
        };
        let opened = vec![at(10, 12, opening(&one, "G1", false))];
        assert_eq!(handed(&hub, &one, opened).await, [""]);
        park.clock.advance_ms(300);
        let others = vec![
            (10, opening(&two, "G1", false)),
            (6, opening(&two, "G1", false)),
        ];
        assert_eq!(said(&hub, &two, others).await, ["", ""]);
        if is_restarted {
            hub.shutdown().await.unwrap();
            hub = park.start().await;
        }
        let late = vec![at(9, 11, opening(&one, "G1", true))];
        assert_eq!(handed(&hub, &one, late).await, ["refused C010"], "{ahead}");
        let anothers = vec![(8, opening(&two, "G1", true))];
        assert_eq!(
            said(&hub, &two, anothers).await,
            ["refused C010"],
            "{ahead}"
        );
        hub.shutdown().await.unwrap();
        park.replays();
    }
}

/// One lane was released, and an opening of the whole gate that came a little later was refused.
#[tokio::test(flavor = "multi_thread")]
async fn an_opening_of_more_is_overtaken_by_no_word_on_a_part_of_it() {
    let park = Park::new();
    let (one, two) = two(&park);
    let hub = park.start().await;
    park.clock.advance_ms(10_000);
    let released = vec![(10, order(&two, GateAction::Release))];
    assert_eq!(said(&hub, &two, released).await, [""]);
    let opened = vec![
        (5, opening(&one, "G1", false)),
        (5, mode(&one, OperatingMode::Evacuation)),
    ];
    assert_eq!(said(&hub, &one, opened).await, ["", ""]);
    let released = vec![(10, opening(&two, "G1", true))];
    assert_eq!(said(&hub, &two, released).await, [""]);
    let again = vec![(5, opening(&one, "G1", false))];
    assert_eq!(said(&hub, &one, again).await, ["refused C010"]);
    hub.shutdown().await.unwrap();
    park.replays();
}

/// What was carried out of a person whose clock had been ahead was not remembered, and an older word ended it.
#[tokio::test(flavor = "multi_thread")]
async fn an_evacuation_by_a_clock_that_was_put_right_is_ended_by_no_older_word() {
    let park = Park::new();
    let (one, two) = two(&park);
    let hub = park.start().await;
    park.clock.advance_ms(10_000);
    let at = |second: i64, sequence: u64, body: Body| {
        counted(&one.id, body, morning().plus_seconds(second), sequence)
    };
    let ahead = vec![at(20, 900, mode(&one, OperatingMode::Heightened))];
    assert_eq!(handed(&hub, &one, ahead).await, [""]);
    park.clock.advance_ms(3_000);
    let evacuate = vec![at(13, 901, mode(&one, OperatingMode::Evacuation))];
    assert_eq!(handed(&hub, &one, evacuate).await, [""]);
    let older = vec![
        (11, mode(&two, OperatingMode::Normal)),
        (11, opening(&two, "G1", true)),
    ];
    assert_eq!(said(&hub, &two, older).await, ["refused C010"; 2]);
    let newer = vec![(14, mode(&two, OperatingMode::Normal))];
    assert_eq!(said(&hub, &two, newer).await, [""]);
    hub.shutdown().await.unwrap();
    park.replays();
}
