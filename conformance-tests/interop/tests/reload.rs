//! A configuration that changes under a running hub, from outside: by command and by signal, whole or not at all, at gates
//! that go on deciding, on a disk that fails, and with the program ended hard at any moment.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use cordon_contract::EntryKind;
use cordon_flow::{EntryReader, SettingsLabel, StoredEntry};
use cordon_interop::{
    FailingPark, Head, Park, busy, change_config, free_port_base, fresh_id, issue, message,
    message_file, moment, program, run, said, system,
};
use cordon_model::{Body, PassageDecision};
use serde_json::Value;

const EIO: i32 = 5;

fn cordon(args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(args);
    command
}

/// `cordon reload` of the hub of a prepared folder, as JSON.
fn reload(data: &Path) -> (Output, Value) {
    let mut command = cordon(&[
        "reload",
        "--format",
        "json",
        "--as",
        "shift leader",
        "--config",
    ]);
    let output = command.arg(data.join("park.toml")).output().unwrap();
    let told = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output, told)
}

/// What was taken up, part by part, with its entry; panics when nothing was.
fn taken_up(data: &Path) -> Vec<(String, u64)> {
    let (output, told) = reload(data);
    assert_eq!(output.status.code(), Some(0), "{}{told}", said(&output));
    let parts = told["changed"].as_array().unwrap().iter();
    let part = |it: &Value| {
        (
            it["part"].as_str().unwrap().to_owned(),
            it["entry"].as_u64(),
        )
    };
    parts
        .map(part)
        .map(|(part, entry)| (part, entry.unwrap()))
        .collect()
}

fn codes(told: &Value) -> Vec<String> {
    let faults = told["faults"].as_array().expect("faults").iter();
    faults
        .map(|it| it["code"].as_str().unwrap().to_owned())
        .collect()
}

fn stored(journal: &Path) -> Vec<StoredEntry> {
    let reader = EntryReader::open(journal).unwrap();
    let entries = reader.read_from(1).unwrap();
    entries.map(Result::unwrap).collect()
}

/// Details of the audit entries of an action.
fn audits(journal: &Path, action: &str) -> Vec<String> {
    let entries = stored(journal).into_iter();
    let audits = entries.filter_map(|it| match &it.entry.message.as_deref()?.body {
        Body::AuditEvent(event) if event.action == action => event.detail.clone(),
        _ => None,
    });
    audits.collect()
}

/// The `Settings` entries that were written for this reason: number and part.
fn settings(journal: &Path, why: &str) -> Vec<(u64, String)> {
    let entries = stored(journal).into_iter();
    let settings = entries.filter(|it| it.entry.kind == EntryKind::Settings);
    let labels = settings.map(|it| {
        (
            it.entry.number,
            SettingsLabel::read(&it.entry.label).unwrap(),
        )
    });
    let labels = labels.filter(|(_, label)| label.why == why);
    labels.map(|(number, label)| (number, label.name)).collect()
}

fn capacity(data: &Path, from: u32, to: u32) {
    let (from, to) = (format!("capacity = {from}"), format!("capacity = {to}"));
    change_config(data, &[(&from, &to)], "");
}

fn replays(data: &Path, hash: Option<&str>) -> Value {
    let mut command = cordon(&["journal", "replay", "--format", "json"]);
    if let Some(hash) = hash {
        command.args(["--expect", hash]);
    }
    let output = command
        .arg("--config")
        .arg(data.join("park.toml"))
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["difference"], Value::Null, "{told}");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    told
}

fn hash_of(park: &Park) -> String {
    let log = park.log();
    let stopped = log
        .lines()
        .rfind(|line| line.starts_with("stopped at entry"));
    stopped.unwrap().rsplit(' ').next().unwrap().to_owned()
}

fn hang_up(park: &Park) {
    run(Command::new(system("kill")).args(["-HUP", &park.id().to_string()]));
}

/// A new gate, a new enterprise and other names: what the page shows and the door knows from one entry on.
#[test]
fn a_new_plan_holds_for_page_door_and_status_and_what_cannot_change_is_named() {
    let mut park = Park::start_with(|data| {
        busy(data);
        issue(data, "enterprise", "enterprise-9");
    });
    let data = park.data();
    let journal = data.join("journal");
    let fire = || {
        let id = fresh_id();
        let fields = format!(
            "<c:AlarmId>FIRE-{id}</c:AlarmId><c:AlarmCode>FIRE</c:AlarmCode><c:AlarmLevel>RED</c:AlarmLevel>\
             <c:State>RAISED</c:State><c:OccurredAt>{}</c:OccurredAt>\
             <c:EnterpriseId>enterprise-9</c:EnterpriseId><c:Description>fire</c:Description>",
            moment(0)
        );
        let text = message(Head::of("enterprise-9"), &id, "AlarmEvent", &fields);
        message_file(park.scratch(), &id, &text)
    };
    let words = said(&park.submit("enterprise-9", &[fire()]));
    assert!(words.contains("F030"), "{words}");

    change_config(
        &data,
        &[
            ("name = \"北综合卡口\"", "name = \"北大门 North\""),
            (
                "name = \"示范化工园区 Demo Chemical Park\"",
                "name = \"新名 New Name\"",
            ),
            ("public_wsdl = true", "public_wsdl = false"),
        ],
        "\n[[plan.gates]]\nid = \"G-09\"\nname = \"新卡口 New Gate\"\nclass = \"ORDINARY\"\n\
         [[plan.lanes]]\nid = \"L-09\"\ngate = \"G-09\"\n\
         [[plan.devices]]\nid = \"BR-09\"\nkind = \"BARRIER\"\nlane = \"L-09\"\n\
         [[plan.enterprises]]\nid = \"enterprise-9\"\nname = \"九\"\nuscc = \"91320982MA0PARK09N\"\n",
    );
    let (output, told) = reload(&data);
    assert_eq!(output.status.code(), Some(0), "{}{told}", said(&output));
    assert_eq!(told["changed"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["changed"][0]["part"], "plan");
    assert_eq!(told["kept"], serde_json::json!(["exchange.public_wsdl"]));
    let entry = told["changed"][0]["entry"].as_u64().unwrap();

    let view = park.until_some("the page shows the new plan", || {
        let view = park.view();
        (view["park_name"] == "新名 New Name").then_some(view)
    });
    let lanes = view["lanes"].as_array().unwrap();
    let lane = |id: &str| lanes.iter().find(|lane| lane["lane"] == id).unwrap();
    assert_eq!(lane("L-01")["gate_name"], "北大门 North");
    assert_eq!(lane("L-09")["gate_name"], "新卡口 New Gate");
    assert!(park.get("/healthz").unwrap().contains("200"));
    let words = said(&park.submit("enterprise-9", &[fire()]));
    assert!(words.contains("accepted 1"), "{words}");
    // Where it was named, in the audit entry too, with who asked.
    let told = audits(&journal, "settings.reloaded");
    assert_eq!(told.len(), 1, "{told:?}");
    for word in [
        format!("plan by entry {entry}"),
        "exchange.public_wsdl".to_owned(),
        "shift leader".to_owned(),
    ] {
        assert!(told[0].contains(&word), "{word}: {told:?}");
    }
    // Nothing differs any more but what was kept, and the plan of now holds after a restart as well.
    assert_eq!(taken_up(&data), []);
    park.kill_and_restart();
    park.wait_until_healthy();
    assert_eq!(park.view()["park_name"], "新名 New Name");
    assert_eq!(settings(&journal, "reload"), [(entry, "plan".to_owned())]);
    assert_eq!(
        settings(&journal, "start").len(),
        9,
        "the start wrote none again"
    );
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    replays(&data, Some(&hash_of(&park)));
}

/// Faults of every pass: the hub goes on as it was, says them to whoever asked, in its log, and by code and place in an
/// audit entry.
#[test]
fn a_faulty_configuration_is_refused_whole_and_the_old_one_holds() {
    let park = Park::start_with(busy);
    let data = park.data();
    let (file, journal) = (data.join("park.toml"), data.join("journal"));
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::create_dir(data.join("rules")).unwrap();
    std::fs::write(
        data.join("rules/access.cedar"),
        "permit (principal, action, resource",
    )
    .unwrap();
    let faulty = [
        // Good and bad at once: not half of it.
        (
            good.replace("capacity = 60", "capacity = 61")
                .replace("gate = \"G-04\"", "gate = \"G-99\""),
            "K011",
        ),
        (
            good.replace("capacity = 60", "capacity = 61\nturrets = 3"),
            "K003",
        ),
        (
            format!("rules = \"rules\"\n{good}").replace("capacity = 60", "capacity = 61"),
            "P",
        ),
    ];
    for (text, code) in &faulty {
        std::fs::write(&file, text).unwrap();
        let (output, told) = reload(&data);
        assert_eq!(output.status.code(), Some(78), "{told}");
        assert!(
            codes(&told).iter().any(|it| it.starts_with(code)),
            "{code}: {told}"
        );
        let place = told["faults"][0]["place"].as_str().unwrap();
        assert!(!place.is_empty(), "{told}");
    }
    // What is no TOML at all: the command says so, since nobody can tell where the console is.
    std::fs::write(&file, "[hub\n").unwrap();
    let output = cordon(&["reload", "--config"]).arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(said(&output).contains("K002"), "{}", said(&output));
    hang_up(&park);
    park.until("the log says the fault", || {
        park.log().contains("not reloaded")
    });
    std::fs::write(&file, &good).unwrap();
    assert_eq!(taken_up(&data), [], "nothing of them was taken up");
    let told = audits(&journal, "settings.refused");
    assert_eq!(told.len(), 4, "{told:?}");
    for (words, code) in told.iter().zip(["K011 at ", "K003 at ", "", "K002 at "]) {
        assert!(
            words.contains(code) && words.starts_with("nothing changed"),
            "{words}"
        );
        assert!(!words.contains(&data.display().to_string()), "{words}");
    }
    assert!(settings(&journal, "reload").is_empty());
    assert!(park.log().contains("K011"), "{}", park.log());
}

/// An adapter serves what the plan would leave out: the file as a whole is lawful, what runs of it together with the new
/// plan is not.
#[test]
fn a_plan_that_leaves_out_what_an_adapter_serves_waits_for_a_restart() {
    let failing = FailingPark::start(None);
    let park = &failing.park;
    let data = park.data();
    let file = data.join("park.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let renamed = text.replace("id = \"BR-06\"", "id = \"BR-16\"");
    let renamed = renamed.replace("device = \"BR-06\"", "device = \"BR-16\"");
    std::fs::write(&file, renamed).unwrap();
    run(cordon(&["check", "--config"]).arg(&file));
    let (output, told) = reload(&data);
    assert_eq!(output.status.code(), Some(78), "{told}");
    assert_eq!(codes(&told), ["K100"], "{told}");
    assert!(
        told["faults"][0]["remedy"]
            .as_str()
            .unwrap()
            .contains("restart")
    );
    assert!(park.is_online("BR-06"), "the lane is served as before");
}

#[test]
fn sighup_does_the_same_and_says_what_came_of_it_in_the_log() {
    let mut park = Park::start_with(busy);
    let data = park.data();
    let journal = data.join("journal");
    capacity(&data, 60, 61);
    hang_up(&park);
    park.until("it is taken up", || settings(&journal, "reload").len() == 1);
    park.until("the log says so", || {
        park.log().contains("reloaded: 1 parts changed: plan")
    });
    let told = park.until_some("the audit entry", || {
        audits(&journal, "settings.reloaded").pop()
    });
    assert!(told.contains("SIGHUP"), "{told}");
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    replays(&data, Some(&hash_of(&park)));
}

#[test]
fn more_reloads_than_a_minute_has_room_for_are_turned_away_and_counted() {
    let park = Park::start_with(busy);
    let data = park.data();
    let journal = data.join("journal");
    // All at once: each is taken up as a whole, one after the other.
    let at_once: Vec<_> = (0..6)
        .map(|_| {
            let data = data.clone();
            std::thread::spawn(move || reload(&data))
        })
        .collect();
    for one in at_once {
        let (output, told) = one.join().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}{told}", said(&output));
    }
    for _ in 0..3 {
        let (output, told) = reload(&data);
        assert_eq!(output.status.code(), Some(75), "{told}");
        assert_eq!(codes(&told), ["K101"]);
    }
    let all =
        audits(&journal, "settings.reloaded").len() + audits(&journal, "settings.refused").len();
    assert_eq!(all, 6, "what is turned away is counted, not written");
}

/// On a disk that fails nothing is taken up, by half or otherwise; afterwards it can be.
#[test]
fn a_failing_disk_refuses_a_reload_and_the_old_settings_hold() {
    let FailingPark {
        mut park,
        faults,
        lane: _lane,
        scratch: _scratch,
    } = FailingPark::start(None);
    let data = park.data();
    let journal = data.join("store/journal");
    capacity(&data, 60, 61);
    faults.sync(EIO);
    let (output, told) = reload(&data);
    assert_eq!(output.status.code(), Some(75), "{told}{}", park.log());
    assert_eq!(codes(&told), ["K102"], "{told}");
    park.wait_until_health("F060");
    let (output, told) = reload(&data);
    assert_eq!(
        (output.status.code(), codes(&told)),
        (Some(75), vec!["K102".to_owned()])
    );
    faults.end();
    park.wait_until_healthy();
    let changed = taken_up(&data);
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let last = settings(&journal, "reload").pop();
    assert_eq!(last, Some((changed[0].1, "plan".to_owned())));
    replays(&data, Some(&hash_of(&park)));
}

/// A disk that hangs is one that fails: whoever asked is not left waiting, and page, journal and gates go by the same.
#[test]
fn a_hanging_disk_refuses_a_reload_and_nothing_is_done_by_half() {
    let FailingPark {
        mut park,
        faults,
        lane: _lane,
        scratch: _scratch,
    } = FailingPark::start(None);
    let data = park.data();
    let journal = data.join("store/journal");
    let (old, new) = ("示范化工园区 Demo Chemical Park", "新名 New Name");
    change_config(&data, &[(old, new)], "");
    faults.hang();
    let (output, told) = reload(&data);
    assert_eq!(output.status.code(), Some(75), "{told}");
    assert_eq!(codes(&told), ["K102"], "{told}");
    faults.end();
    park.wait_until_healthy();
    assert_eq!(park.view()["park_name"], old);
    let (_, entry) = taken_up(&data).remove(0);
    park.until("the page shows it", || park.view()["park_name"] == new);
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let last = settings(&journal, "reload").pop();
    assert_eq!(last, Some((entry, "plan".to_owned())));
    replays(&data, Some(&hash_of(&park)));
}

/// Ended hard while a change is on its way: whatever was durable by then, after the start the file's settings hold, once.
#[test]
fn killed_at_any_moment_of_a_reload_the_next_start_is_the_same() {
    let mut park = Park::start_with(busy);
    let data = park.data();
    let journal = data.join("journal");
    const ROUNDS: u32 = 8;
    for round in 0..ROUNDS {
        capacity(&data, 60 + round, 61 + round);
        let mut asked = cordon(&["reload", "--config"])
            .arg(data.join("park.toml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Earlier in some rounds than in others: at the latest when it was answered.
        let begun = Instant::now();
        let patience = Duration::from_millis(u64::from(round) * 60);
        while begun.elapsed() < patience && asked.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        park.kill();
        asked.wait().unwrap();
        park.start_again();
        park.wait_until_healthy();
    }
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let changes: Vec<(u64, String)> = settings(&journal, "start")
        .into_iter()
        .skip(9)
        .chain(settings(&journal, "reload"))
        .collect();
    assert_eq!(
        changes.len(),
        ROUNDS as usize,
        "each change once: {changes:?}"
    );
    let told = replays(&data, Some(&hash_of(&park)));
    assert_eq!(
        told["settings"].as_array().unwrap().len(),
        9 + ROUNDS as usize
    );
}

/// A demo in a process of its own; killed by its pid when the test ends early.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The built-in rules with this week before the name of each rule on grants.
fn rules_of(data: &Path, week: &str) {
    let shipped =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hub/rules/policies/access.cedar");
    let text = std::fs::read_to_string(shipped).unwrap();
    let text = text.replace("@id(\"grant.", &format!("@id(\"{week}.grant."));
    std::fs::write(data.join("rules/access.cedar"), text).unwrap();
}

/// The decisions by rules on grants: number, week, and the decision.
fn decisions(journal: &Path) -> Vec<(u64, String, PassageDecision)> {
    let entries = stored(journal).into_iter();
    let decisions = entries.filter_map(|it| match &it.entry.message.as_deref()?.body {
        Body::PassageDecision(decision) => {
            let by_grant = |rule: &&cordon_model::RuleRef| rule.rule_id.contains(".grant.");
            let rule = decision.rules.iter().find(by_grant)?;
            let week = rule.rule_id.split('.').next()?.to_owned();
            Some((it.entry.number, week, decision.clone()))
        }
        _ => None,
    });
    decisions.collect()
}

fn wait_for(what: &str, log: &Path, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(90);
    while !is_so() {
        let words = || std::fs::read_to_string(log).unwrap_or_default();
        assert!(
            Instant::now() < deadline,
            "waited in vain: {what}\n{}",
            words()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Gates at work: cameras see vehicles, rules decide on them, and the rules change under them twice.
#[test]
fn rules_change_under_gates_that_go_on_deciding_and_each_decision_keeps_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("park");
    let base = free_port_base();
    run(cordon(&[
        "prepare",
        "--full",
        "--port-base",
        &base.to_string(),
        "--data",
    ])
    .arg(&data));
    std::fs::create_dir(data.join("rules")).unwrap();
    rules_of(&data, "one");
    let file = data.join("park.toml");
    let text = std::fs::read_to_string(&file)
        .unwrap()
        .replace("pace_ms = 2500", "pace_ms = 700");
    std::fs::write(&file, format!("rules = \"rules\"\n{text}")).unwrap();
    let log = folder.path().join("log");
    let child = cordon(&["demo", "--data"])
        .arg(&data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut demo = Demo(child);
    let journal = data.join("journal");
    wait_for("the demo is up", &log, || {
        std::fs::read_to_string(&log).unwrap().contains("is up") && journal.exists()
    });
    let decided = |week: &str| decisions(&journal).iter().filter(|it| it.1 == week).count();
    let mut entries = Vec::new();
    for (before, week) in [("one", "two"), ("two", "three")] {
        wait_for("vehicles come", &log, || decided(before) >= 2);
        rules_of(&data, week);
        let changed = taken_up(&data);
        assert_eq!(changed.len(), 1, "{changed:?}");
        assert_eq!(changed[0].0, "rules");
        entries.push(changed[0].1);
    }
    wait_for("vehicles come", &log, || decided("three") >= 2);
    run(Command::new(system("kill")).arg(demo.0.id().to_string()));
    let status = demo.0.wait().unwrap();
    assert!(
        status.success(),
        "{status}: {}",
        std::fs::read_to_string(&log).unwrap()
    );

    // Each by the rules that held at its number, and it names them.
    let all = decisions(&journal);
    for (number, week, decision) in &all {
        let (held, named) = match entries.iter().filter(|entry| *entry < number).count() {
            0 => ("one", None),
            1 => ("two", Some(entries[0])),
            _ => ("three", Some(entries[1])),
        };
        assert_eq!(week, held, "entry {number}");
        assert!(
            named.is_none() || decision.settings_entry == named,
            "entry {number}"
        );
    }
    for week in ["one", "three"] {
        let (number, _, _) = all.iter().find(|it| it.1 == week).unwrap();
        let explain = cordon(&[
            "explain",
            &number.to_string(),
            "--format",
            "json",
            "--config",
        ])
        .arg(&file)
        .output()
        .unwrap();
        let told: Value = serde_json::from_slice(&explain.stdout).unwrap();
        let decision = &told["decision"];
        assert_eq!(decision["rules_not_shown"], Value::Null, "{told}");
        let text = decision.to_string();
        assert!(text.contains(&format!("{week}.grant.")), "{text}");
    }
    let told = replays(&data, None);
    assert_eq!(told["settings"].as_array().unwrap().len(), 9 + 2);
}
