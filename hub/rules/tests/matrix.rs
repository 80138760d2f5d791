//! The built-in rules against the guideline's matrix (7.1.2.2) and the decision order.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use cordon_contract::{AccessQuery, AccessRules, RuleAnswer, SubjectFacts};
use cordon_model::{Direction, GateClass, OperatingMode, SubjectKind, Timestamp};
use cordon_rules::CedarRules;

fn rules() -> CedarRules {
    CedarRules::built_in().unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// A vehicle with a good grant on a lane that serves it.
fn query(class: GateClass, kind: SubjectKind, mode: OperatingMode) -> AccessQuery {
    let now = Timestamp::from_micros(1_790_000_000_000_000);
    AccessQuery {
        gate: "G-01".parse().unwrap(),
        gate_class: class,
        lane: "L-01".parse().unwrap(),
        lane_direction: Some(Direction::In),
        lane_kinds: vec![kind],
        direction: Direction::In,
        kind,
        mode,
        now,
        facts: SubjectFacts {
            has_grant: true,
            grant_active: true,
            valid_from: Some(now.plus_seconds(-3_600)),
            valid_to: Some(now.plus_seconds(3_600)),
            grant_covers_gate: true,
            grant_covers_lane: true,
            area_allowed: true,
            documents_present: true,
            checks_passed: true,
            credential_matches: true,
            exempt: kind == SubjectKind::VehEmergency,
            ..SubjectFacts::default()
        },
    }
}

fn code(answer: &RuleAnswer) -> &str {
    assert!(!answer.hits.is_empty(), "every answer is explained");
    &answer.hits[0].code
}

/// The matrix: rows are gate classes, columns hazmat, hazwaste, construction, ordinary, rescue.
/// `lane` means that only the lane of the kind admits it.
#[test]
fn all_twenty_cells() {
    use GateClass::{Comprehensive, Dedicated, Emergency, Ordinary};
    use SubjectKind::{VehConstruction, VehEmergency, VehHazmat, VehHazwaste, VehOrdinary};
    let kinds = [
        VehHazmat,
        VehHazwaste,
        VehConstruction,
        VehOrdinary,
        VehEmergency,
    ];
    let normal = OperatingMode::Normal;
    let cells = [
        (Comprehensive, ["lane", "lane", "lane", "lane", "yes"]),
        (Dedicated, ["yes", "yes", "WRONG_GATE", "WRONG_GATE", "yes"]),
        (Ordinary, ["WRONG_GATE", "WRONG_GATE", "yes", "yes", "yes"]),
        (
            Emergency,
            [
                "MODE_CLOSED",
                "MODE_CLOSED",
                "MODE_CLOSED",
                "MODE_CLOSED",
                "MODE_CLOSED",
            ],
        ),
    ];
    let rules = rules();
    let mut seen = 0;
    for (class, row) in cells {
        for (kind, wanted) in kinds.into_iter().zip(row) {
            let answer = rules.decide(&query(class, kind, normal));
            let mut other_lane = query(class, kind, normal);
            other_lane.lane_kinds = vec![SubjectKind::VehCommuter];
            let beside = rules.decide(&other_lane);
            match wanted {
                "lane" => {
                    assert!(answer.allow, "{class:?} {kind:?}: {answer:?}");
                    assert_eq!(code(&beside), "WRONG_LANE", "{class:?} {kind:?}");
                }
                "yes" => assert!(answer.allow, "{class:?} {kind:?}: {answer:?}"),
                refusal => {
                    assert!(!answer.allow, "{class:?} {kind:?}");
                    assert_eq!(code(&answer), refusal, "{class:?} {kind:?}");
                }
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 20);
    // In emergency modes the emergency gate admits rescue and lets everybody out.
    for mode in [OperatingMode::Emergency, OperatingMode::Evacuation] {
        assert!(rules.decide(&query(Emergency, VehEmergency, mode)).allow);
        assert!(!rules.decide(&query(Emergency, VehOrdinary, mode)).allow);
        let mut leaving = query(Emergency, VehOrdinary, mode);
        leaving.direction = Direction::Out;
        leaving.lane_direction = None;
        assert!(rules.decide(&leaving).allow);
    }
}

#[test]
fn each_refusal_has_its_code_and_the_first_in_order_wins() {
    type Change = fn(&mut AccessQuery);
    let cases: [(&str, Change); 13] = [
        ("MODE_CLOSED", |query| {
            query.mode = OperatingMode::Evacuation
        }),
        ("BLACKLIST", |query| query.facts.blacklisted = true),
        ("NO_GRANT", |query| query.facts.has_grant = false),
        ("NO_GRANT", |query| query.facts.grant_active = false),
        ("NOT_YET", |query| {
            query.facts.valid_from = Some(query.now.plus_seconds(1))
        }),
        ("EXPIRED", |query| {
            query.facts.valid_to = Some(query.now.plus_seconds(-1))
        }),
        ("WRONG_GATE", |query| query.facts.grant_covers_gate = false),
        ("WRONG_LANE", |query| {
            query.lane_direction = Some(Direction::Out)
        }),
        ("AREA_DENIED", |query| query.facts.area_allowed = false),
        ("CAPACITY", |query| {
            query.facts.capacity = Some(3);
            query.facts.occupancy = 3;
        }),
        ("DOCUMENT", |query| query.facts.documents_present = false),
        ("CHECK_FAILED", |query| query.facts.checks_passed = false),
        ("CREDENTIAL_MISMATCH", |query| {
            query.facts.confidence_percent = Some(20)
        }),
    ];
    let rules = rules();
    let good = query(
        GateClass::Comprehensive,
        SubjectKind::VehHazmat,
        OperatingMode::Normal,
    );
    assert!(rules.decide(&good).allow);
    for (index, (wanted, change)) in cases.iter().enumerate() {
        let mut bad = good.clone();
        change(&mut bad);
        let answer = rules.decide(&bad);
        assert!(!answer.allow, "{wanted}");
        assert_eq!(code(&answer), *wanted);
        assert!(answer.hits.iter().all(|hit| !hit.clause.is_empty()));
        // Everything later in the order broken as well: the code stays.
        for (_, later) in cases
            .iter()
            .skip(index + 1)
            .filter(|(later, _)| *later != "NO_GRANT")
        {
            later(&mut bad);
        }
        assert_eq!(code(&rules.decide(&bad)), *wanted, "first hit wins");
    }
}

#[test]
fn nothing_opens_without_grant_or_exemption() {
    let rules = rules();
    for class in GateClass::ALL {
        for kind in SubjectKind::ALL {
            for mode in OperatingMode::ALL {
                let mut stranger = query(*class, *kind, *mode);
                stranger.facts.has_grant = false;
                stranger.facts.exempt = false;
                let answer = rules.decide(&stranger);
                assert!(!answer.allow, "{class:?} {kind:?} {mode:?}: {answer:?}");
            }
        }
    }
}

#[test]
fn a_rule_that_is_wrong_is_not_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("a.cedar"), text).unwrap();
    let load = || CedarRules::load(folder.path()).err().unwrap()[0].code();
    assert_eq!(load(), "P001", "an empty folder");
    write("permit (principal, action, resource) when {");
    assert_eq!(load(), "P002");
    write(
        "@id(\"a\") @code(\"OPEN\") @order(\"1\") @clause(\"5\")\npermit (principal, action, resource) when { context.capacity > 1 };",
    );
    assert_eq!(load(), "P003", "an optional attribute that is not guarded");
    write("@id(\"a\")\npermit (principal, action, resource);");
    assert_eq!(load(), "P004");
}
