//! The file: what it may say, and every way it can be wrong.

use cordon_alarms::{Facts, Routes};
use cordon_model::{AlarmCode, AlarmLevel};

use crate::hub::plan;

const GOOD: &str = r#"
receivers = ["console", "duty", "fire", "director"]

[route]
receivers = ["console"]

[[route.route]]
name = "life-safety"
match = { level = "ORANGE", area = ["A-CORE"] }
receivers = ["duty"]
continue = true
escalate = [{ receivers = ["director"] }, { after_s = 300, receivers = ["fire"] }]

[[route.route]]
name = "fire"
match = { code = ["FIRE", "EXPLOSION"] }
receivers = ["fire", "console"]

[[route.route]]
match = { code = ["DEVICE_OFFLINE"] }
group_wait_s = 30
group_by = ["kind"]
"#;

fn facts(code: AlarmCode, level: AlarmLevel, area: &str) -> Facts {
    Facts {
        area: Some(area.to_owned()),
        ..Facts::new(code, level)
    }
}

#[test]
fn the_first_match_takes_it_unless_it_says_continue() {
    let routes = Routes::read(GOOD, "routes.toml").unwrap();
    let of = |code, level, area| -> Vec<(String, Vec<String>)> {
        let errands = routes.resolve(&facts(code, level, area));
        errands
            .into_iter()
            .map(|errand| (errand.route, errand.receivers))
            .collect()
    };
    let fire = of(AlarmCode::Fire, AlarmLevel::Red, "A-CORE");
    assert_eq!(fire[0].0, "route/life-safety");
    assert_eq!(
        fire[1],
        ("route/fire".into(), vec!["fire".into(), "console".into()])
    );
    assert_eq!(
        of(AlarmCode::Fire, AlarmLevel::Red, "A-GEN")[0].0,
        "route/fire"
    );
    assert_eq!(of(AlarmCode::Fire, AlarmLevel::Yellow, "A-CORE").len(), 1);
    assert_eq!(
        of(AlarmCode::Overspeed, AlarmLevel::Blue, "A-GEN")[0].0,
        "route"
    );
    assert_eq!(
        of(AlarmCode::DeviceOffline, AlarmLevel::Blue, "A-GEN"),
        [("route/3".into(), vec!["console".into()])]
    );
}

#[test]
fn escalation_begins_at_the_acknowledge_deadline_of_the_level() {
    let routes = Routes::read(GOOD, "routes.toml").unwrap();
    let steps = |level| -> Vec<(u32, String)> {
        let errand = routes
            .resolve(&facts(AlarmCode::LineCrossing, level, "A-CORE"))
            .remove(0);
        errand
            .escalate
            .into_iter()
            .map(|step| (step.after_s, step.receivers.join(",")))
            .collect()
    };
    assert_eq!(
        steps(AlarmLevel::Red),
        [(60, "director".into()), (300, "fire".into())]
    );
    assert_eq!(
        steps(AlarmLevel::Orange),
        [(180, "director".into()), (300, "fire".into())]
    );
    // The root names no steps: its own receivers hear that the deadline was missed.
    assert_eq!(steps(AlarmLevel::Yellow), [(600, "console".into())]);
}

/// Each line changes one thing in a good file; code and place tell what.
#[test]
fn every_fault_has_code_place_and_remedy() {
    let cases: &[(&str, &str, &str, &str)] = &[
        ("[route]", "[route", "P030", "routes.toml:4:7"),
        (
            "continue = true",
            "continu = true",
            "P030",
            "routes.toml:11:1",
        ),
        (
            "group_wait_s = 30",
            "group_wait_s = \"30\"",
            "P030",
            "routes.toml:21:16",
        ),
        (
            "receivers = [\"duty\"]",
            "receivers = [\"dutty\"]",
            "P031",
            "routes.toml:10:14",
        ),
        (
            "\"EXPLOSION\"",
            "\"EXPLOSIONS\"",
            "P032",
            "routes.toml:16:27",
        ),
        (
            "level = \"ORANGE\"",
            "level = \"PINK\"",
            "P032",
            "routes.toml:9:19",
        ),
        ("continue = true", "", "P033", ""),
        (
            "\"console\", \"duty\",",
            "\"duty\", \"duty\", \"console\",",
            "P034",
            "routes.toml:2:22",
        ),
        (
            "name = \"fire\"",
            "name = \"life-safety\"",
            "P034",
            "routes.toml:14:1",
        ),
        ("after_s = 300", "after_s = 0", "P035", "routes.toml:12:43"),
        (
            "group_wait_s = 30",
            "group_wait_s = 30000",
            "P035",
            "routes.toml:21:16",
        ),
        (
            "{ receivers = [\"director\"] }",
            "{ receivers = [] }",
            "P036",
            "routes.toml:12:13",
        ),
        ("receivers = [\"console\"]", "", "P036", "routes.toml:4:1"),
        (
            "[route]",
            "[hears]\nduty = [\"CLOZED\"]\n[route]",
            "P042",
            "routes.toml:5:9",
        ),
        (
            "[route]",
            "[hears]\ndutty = []\n[route]",
            "P031",
            "routes.toml:5:1",
        ),
    ];
    for (from, to, code, place) in cases {
        let mut text = GOOD.replacen(from, to, 1);
        if *code == "P033" {
            text = text.replace("level = \"ORANGE\", area = [\"A-CORE\"]", "");
        }
        let faults = Routes::read(&text, "routes.toml").expect_err(to);
        assert_eq!(faults[0].code(), *code, "{to}: {}", faults[0]);
        assert!(
            place.is_empty() || faults[0].place() == *place,
            "{to}: {}",
            faults[0]
        );
        assert!(!faults[0].remedy_text().is_empty(), "{to}");
    }
}

#[test]
fn a_route_that_contradicts_the_one_above_is_unreachable() {
    let text = "receivers = [\"a\"]\n[route]\nreceivers = [\"a\"]\n[[route.route]]\nmatch = { code = [\"FIRE\"] }\n\
        [[route.route.route]]\nmatch = { code = [\"OVERSPEED\"] }\n";
    let faults = Routes::read(text, "r.toml").unwrap_err();
    assert_eq!(
        (faults[0].code(), faults[0].place()),
        ("P033", "r.toml:6:1")
    );
}

#[test]
fn names_are_compared_with_the_plan() {
    let routes = Routes::read(&GOOD.replace("A-CORE", "A-COER"), "routes.toml").unwrap();
    let faults = routes.check(&plan());
    assert_eq!(faults.len(), 1);
    assert_eq!(
        (faults[0].code(), faults[0].place()),
        ("P038", "routes.toml:7:1")
    );
    assert!(
        Routes::read(GOOD, "routes.toml")
            .unwrap()
            .check(&plan())
            .is_empty()
    );
}

#[test]
fn without_a_file_everything_reaches_the_console() {
    let errands = Routes::default().resolve(&Facts::new(AlarmCode::Fire, AlarmLevel::Red));
    assert_eq!(errands[0].receivers, ["console"]);
    assert_eq!(errands[0].escalate[0].after_s, 60);
}
