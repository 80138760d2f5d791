//! Grants that make no sense, and orders that nothing can carry out: refused or warned of, by rule.

use cordon_contract::EntryKind;
use cordon_model::{
    AccessGrant, AlarmState, AlarmUpdate, Body, ClassLetter, CommandPriority, DeviceId,
    EmergencyGateOpen, GateAction, GateCommand, GateId, LaneId, LifeState, ListEntry, MessageId,
    OperatingModeChange, SubjectKind, VehicleRegistration,
};
use cordon_security::Role;

use crate::park::{Park, emergency, morning};
use crate::partner::Ca;
use crate::said::{alarm, example, grant_of, party, registration, warned, white};

const DAY: i64 = 86_400;

/// A freight grant of ENT-1, an hour long, changed.
fn grant(change: impl FnOnce(&mut AccessGrant)) -> Body {
    let mut grant = AccessGrant {
        class_letter: ClassLetter::F,
        subject_kind: SubjectKind::VehFreight,
        valid_from: morning(),
        valid_to: morning().plus_seconds(3_600),
        ..grant_of("ENT-1")
    };
    change(&mut grant);
    Body::AccessGrant(grant)
}

fn gate(id: &str) -> GateId {
    GateId::new(id).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_only_the_park_may_give_or_of_no_sense_gets_a_word() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let reversed = |it: &mut AccessGrant| it.valid_to = it.valid_from.plus_seconds(-1);
    let cases = vec![
        (grant(|_| {}), ""),
        (grant(|it| it.class_letter = ClassLetter::X), "refused F034"),
        (
            grant(|it| it.subject_kind = SubjectKind::VehEmergency),
            "refused F034",
        ),
        (grant(reversed), "refused F063"),
        (
            grant(|it| {
                it.valid_from = morning().plus_seconds(400 * DAY);
                it.valid_to = it.valid_from.plus_seconds(60);
            }),
            "F064",
        ),
        (
            grant(|it| {
                it.valid_from = morning().plus_seconds(300 * DAY);
                it.valid_to = it.valid_from.plus_seconds(60);
            }),
            "",
        ),
        // G2 is for dangerous goods.
        (grant(|it| it.gates = vec![gate("G2")]), "F065"),
        (grant(|it| it.gates = vec![gate("G2"), gate("G1")]), ""),
        (
            grant(|it| {
                it.gates = vec![gate("G2")];
                it.state = LifeState::Withdrawn;
                reversed(it);
            }),
            "",
        ),
    ];
    let (said, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    assert_eq!(warned(&hub, &one, said).await, expected);
    let park_grants = vec![grant(|it| it.class_letter = ClassLetter::X)];
    assert_eq!(warned(&hub, &operator, park_grants).await, [""]);
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn registrations_and_lists_that_end_before_they_begin_are_refused_and_past_ones_warned_of() {
    let park = Park::new();
    let mut ca = Ca::new(park.dir.path());
    let one = ca.partner("ENT-1", Role::Enterprise);
    let operator = ca.partner("OP-1", Role::Operator);
    let hub = park.start().await;
    let car = |from: i64, to: i64| match registration("苏B20001", "ENT-1", SubjectKind::VehCommuter)
    {
        Body::VehicleRegistration(it) => Body::VehicleRegistration(VehicleRegistration {
            valid_from: morning().plus_seconds(from),
            valid_to: morning().plus_seconds(to),
            ..it
        }),
        _ => unreachable!(),
    };
    let listed = |from: i64, to: i64| match white("苏B20001") {
        Body::ListEntry(it) => Body::ListEntry(ListEntry {
            valid_from: morning().plus_seconds(from),
            valid_to: Some(morning().plus_seconds(to)),
            ..it
        }),
        _ => unreachable!(),
    };
    let said = vec![car(60, 30), car(-60, -30), car(-60, 30)];
    assert_eq!(warned(&hub, &one, said).await, ["refused F063", "F039", ""]);
    let said = vec![listed(60, 30), listed(-60, -30), listed(-60, 30)];
    assert_eq!(
        warned(&hub, &operator, said).await,
        ["refused F063", "F039", ""]
    );
    hub.shutdown().await.unwrap();
}

fn order(change: impl FnOnce(&mut GateCommand)) -> Body {
    let mut order = GateCommand {
        command_id: MessageId::random(),
        gate_id: gate("G1"),
        lane_id: LaneId::new("G1-L1").unwrap(),
        device_id: DeviceId::new("BR-01").unwrap(),
        action: GateAction::Close,
        reason: "test".into(),
        priority: CommandPriority::Access,
        deadline: morning().plus_seconds(30),
        epoch: 0,
        ordered_by: Some(party("OP-1")),
        decision_ref: None,
    };
    change(&mut order);
    Body::GateCommand(order)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_nothing_can_carry_out_is_refused_alone() {
    let mut park = Park::new();
    park.config.rules.openable = Some([gate("G1")].into());
    let mut ca = Ca::new(park.dir.path());
    let operator = ca.partner("OP-1", Role::Operator);
    let regulator = ca.partner("REG-1", Role::Regulator);
    let hub = park.start().await;
    let lane = |id: &str| LaneId::new(id).unwrap();
    let device = |id: &str| DeviceId::new(id).unwrap();
    let mode = |gates: Vec<GateId>| match example("operating-mode-change") {
        Body::OperatingModeChange(it) => Body::OperatingModeChange(OperatingModeChange {
            gates,
            ordered_by: party("OP-1"),
            ..it
        }),
        _ => unreachable!(),
    };
    let opening = |gates: Vec<GateId>| match emergency() {
        Body::EmergencyGateOpen(it) => Body::EmergencyGateOpen(EmergencyGateOpen { gates, ..it }),
        _ => unreachable!(),
    };
    let step = |id: &str, actor: &str| {
        Body::AlarmUpdate(AlarmUpdate {
            alarm_id: id.into(),
            state: AlarmState::Acknowledged,
            previous: AlarmState::Raised,
            actor_id: party(actor),
            receiver: None,
            escalation_level: None,
            note: None,
            updated_at: morning(),
        })
    };
    let cases = vec![
        (order(|_| {}), ""),
        (order(|it| it.gate_id = gate("G-99")), "refused F032"),
        (order(|it| it.lane_id = lane("G2-L1")), "refused F066"),
        (order(|it| it.device_id = device("CAM-01")), "refused F066"),
        (
            order(|it| {
                // No barrier stands there.
                it.gate_id = gate("G2");
                it.lane_id = lane("G2-L1");
            }),
            "refused F066",
        ),
        (order(|it| it.action = GateAction::Open), "refused F066"),
        (order(|it| it.deadline = morning()), "refused C010"),
        (
            order(|it| {
                // A barrier that no adapter serves.
                it.gate_id = gate("ENT-2-G1");
                it.lane_id = lane("ENT-2-G1-L1");
                it.device_id = device("ENT-2-BR-1");
            }),
            "refused F050",
        ),
        (mode(vec![gate("G1"), gate("G-99")]), "refused F032"),
        (opening(vec![gate("G-99")]), "refused F050"),
        (opening(vec![gate("G1"), gate("G-99")]), "F038"),
        (step("NO-SUCH", "OP-1"), "refused F032"),
        (Body::AlarmEvent(alarm("A-1", None)), ""),
        (step("A-1", "OP-1"), ""),
    ];
    let (said, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    assert_eq!(warned(&hub, &operator, said).await, expected);
    let said = vec![step("NO-SUCH", "REG-1"), step("A-1", "REG-1")];
    assert_eq!(warned(&hub, &regulator, said).await, ["refused F032", ""]);
    hub.shutdown().await.unwrap();
    // What a peer reads in a refusal is words, no program text.
    for stored in park.entries() {
        let body = stored.entry.message.as_deref().map(|it| &it.body);
        let (EntryKind::Refused, Some(Body::Refusal(refusal))) = (stored.entry.kind, body) else {
            continue;
        };
        let told = refusal.detail.clone();
        assert!(!told.contains("Id(") && !told.contains('['), "{told}");
    }
}
