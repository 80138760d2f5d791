//! The park's own service and the regulator's right to speak, from outside the program.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use cordon_contract::type_in_label;
use cordon_interop::{
    Faults, Head, Lane, Park, change_config, fresh_id, message, message_file, moment, node_script,
    program, python_script, run, said, xmlsec1_verifies,
};
use cordon_journal::Reader;
use serde_json::Value;

/// `cordon submit` of files, in their order, with a spool named after the party.
fn submit(park: &Park, service: &str, party: &str, files: &[PathBuf]) -> Output {
    let mut command = park.client(&["submit"], service, party);
    let spool = park.scratch().join("spools").join(party);
    std::fs::create_dir_all(&spool).unwrap();
    command
        .arg("--spool")
        .arg(spool)
        .args(files)
        .output()
        .unwrap()
}

fn say(park: &Park, sender: &str, kind: &str, fields: &str) -> PathBuf {
    let id = fresh_id();
    let text = message(Head::of(sender), &id, kind, fields);
    message_file(park.scratch(), &id, &text)
}

fn list_entry(id: &str) -> String {
    format!(
        "<c:EntryId>{id}</c:EntryId><c:ListKind>BLACK</c:ListKind><c:Subject><c:Plate>\
         <c:Number>苏H66666</c:Number><c:Colour>BLUE</c:Colour></c:Plate></c:Subject>\
         <c:Reason>drill</c:Reason><c:ValidFrom>{}</c:ValidFrom><c:State>ACTIVE</c:State>",
        moment(-60)
    )
}

fn mode_change(by: &str) -> String {
    format!(
        "<c:ChangeId>MC-1</c:ChangeId><c:Mode>EVACUATION</c:Mode><c:OrderedBy>{by}</c:OrderedBy>\
         <c:Reason>drill</c:Reason><c:EffectiveAt>{}</c:EffectiveAt>",
        moment(-1)
    )
}

#[test]
fn operators_have_a_door_and_their_acts_bear_their_name() {
    let park = Park::start();
    let files = [
        say(
            &park,
            "operator-1",
            "OperatingModeChange",
            &mode_change("operator-1"),
        ),
        say(&park, "operator-1", "ListEntry", &list_entry("BL-1")),
    ];
    let answer = submit(&park, "park", "operator-1", &files);
    assert!(
        said(&answer).contains("accepted 2, refused 0, waiting 0"),
        "{}",
        said(&answer)
    );
    let entries = park.bodies();
    for kind in ["OperatingModeChange", "ListEntry"] {
        let is_said = |line: &&str| line.contains(" message ") && line.contains(kind);
        let line = entries.lines().find(is_said);
        let line = line.unwrap_or_else(|| panic!("no {kind}:\n{entries}"));
        assert!(line.contains("operator-1"), "{line}");
    }
    // The mode is in force: what was done about it stands beside it.
    assert!(entries.contains("access.mode"), "{entries}");
    // An enterprise has no business there, an operator none at the enterprises' service.
    for (service, party) in [("park", "enterprise-1"), ("enterprise", "operator-1")] {
        let file = say(&park, party, "ListEntry", &list_entry("BL-2"));
        let refused = submit(&park, service, party, &[file]);
        assert!(said(&refused).contains("V015"), "{}", said(&refused));
    }
}

#[test]
fn an_opening_that_nothing_carries_out_is_refused_alone() {
    let park = Park::start();
    let opening = format!(
        "<c:OrderId>EO-1</c:OrderId><c:Gates>G-NOWHERE</c:Gates>\
         <c:OrderedBy>operator-1</c:OrderedBy><c:Reason>drill</c:Reason>\
         <c:OrderedAt>{}</c:OrderedAt>",
        moment(0)
    );
    let files = [
        say(&park, "operator-1", "EmergencyGateOpen", &opening),
        say(&park, "operator-1", "ListEntry", &list_entry("BL-1")),
    ];
    let answer = submit(&park, "park", "operator-1", &files);
    let words = said(&answer);
    assert!(words.contains("F050"), "{words}");
    assert!(words.contains("accepted 1, refused 1"), "{words}");
}

#[test]
fn an_act_in_anothers_name_is_refused_alone() {
    let park = Park::start();
    let opening = format!(
        "<c:OrderId>EO-1</c:OrderId><c:Gates>G-01</c:Gates>\
         <c:OrderedBy>operator-2</c:OrderedBy><c:Reason>drill</c:Reason>\
         <c:OrderedAt>{}</c:OrderedAt>",
        moment(0)
    );
    let said_by = |kind: &str, fields: &str| say(&park, "operator-1", kind, fields);
    let files = [
        said_by("OperatingModeChange", &mode_change("operator-2")),
        said_by("OperatingModeChange", &mode_change("hub-1")),
        said_by("EmergencyGateOpen", &opening),
        said_by("ListEntry", &list_entry("BL-1")),
    ];
    let answer = submit(&park, "park", "operator-1", &files);
    let words = said(&answer);
    assert_eq!(words.matches("F052").count(), 3, "{words}");
    assert!(words.contains("accepted 1, refused 3"), "{words}");
    let entries = park.bodies();
    assert!(!entries.contains("access.mode"), "{entries}");
}

#[test]
fn node_soap_calls_the_park_service_and_xmlsec1_verifies_its_answers() {
    // The library signs with RSA alone.
    let park = Park::start_with(|data| {
        run(Command::new(program())
            .args(["cert", "issue", "--role", "operator", "--id", "operator-2"])
            .args(["--algorithm", "rsa2048", "--dir"])
            .arg(data.join("certs/ca"))
            .arg("--out")
            .arg(data.join("certs/operator-2")));
    });
    let script = node_script("node/soap_park.js");
    let rest = ["JS-DEMO", "operator-2", "enterprise-1"];
    let (seen, ports) = park.soap(script, "operator-2", &rest);
    println!("counterpart: node soap {}", seen["soap"]);
    for port in &ports {
        let receipt = &port["first"]["Result"][0]["Answer"]["Receipt"];
        assert_eq!(receipt["MessageId"], port["message_id"], "{port}");
        let other = &port["first"]["Result"][1]["Answer"]["Refusal"];
        assert_eq!(other["Code"], "F052", "{port}");
        assert_eq!(&port["get_receipt"]["Answer"]["Receipt"], receipt, "{port}");
        assert_eq!(port["grants"], 0, "{port}");
        let nobodys = port["nobodys_grants"].as_str().unwrap();
        assert!(nobodys.contains("S061"), "{port}");
        // Five answers, one of them a fault.
        assert_eq!(port["named"], 5, "{port}");
        xmlsec1_verifies(Path::new(port["answer_file"].as_str().unwrap()), &park);
    }
}

#[test]
fn zeep_calls_the_park_service_and_xmlsec1_verifies_its_answers() {
    let park = Park::start();
    let script = python_script("python/zeep_park.py");
    let (seen, ports) = park.soap(
        script,
        "operator-1",
        &["JS-DEMO", "operator-1", "enterprise-1"],
    );
    println!("counterpart: zeep {}", seen["zeep"]);
    for port in &ports {
        let first = &port["first"][0];
        assert_eq!(first["kind"], "Receipt", "{port}");
        assert_eq!(first["MessageId"], port["message_id"], "{port}");
        assert_eq!(port["first"][1]["Code"], "F050", "{port}");
        assert_eq!(&port["get_receipt"], first, "{port}");
        assert_eq!(port["grants"], 0, "{port}");
        let nobodys = port["nobodys_grants"].as_str().unwrap();
        assert!(nobodys.contains("enterprise"), "{port}");
        xmlsec1_verifies(Path::new(port["answer_file"].as_str().unwrap()), &park);
    }
}

fn report_request(id: &str, region: &str) -> String {
    // The day of the moment before the end, so that the span is not empty at midnight.
    let day = format!("{}T00:00:00+08:00", &moment(-2)[..10]);
    format!(
        "<c:RequestId>{id}</c:RequestId><c:ReportType>RPT-01</c:ReportType><c:Period>\
         <c:From>{day}</c:From><c:To>{}</c:To><c:Granularity>ON_DEMAND</c:Granularity>\
         </c:Period>{region}",
        moment(-1)
    )
}

/// Waits for the entry that says what came of a request.
fn answered(park: &Park, request: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        let entries = park.bodies();
        let mut lines = entries
            .lines()
            .skip_while(|line| !line.contains("report.answered"));
        if let Some(body) = lines.find(|line| line.contains(&format!("request {request}"))) {
            return body.to_owned();
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    panic!("request {request} was not answered:\n{}", park.bodies());
}

#[test]
fn a_regulators_request_for_a_report_is_answered_with_the_report() {
    let park = Park::start();
    let asked = say(
        &park,
        "regulator-1",
        "ReportRequest",
        &report_request("RQ-1", ""),
    );
    let answer = submit(&park, "regulator", "regulator-1", &[asked]);
    assert!(said(&answer).contains("accepted 1"), "{}", said(&answer));
    let entry = answered(&park, "RQ-1");
    assert!(entry.contains("RPT-01.JS-DEMO."), "{entry}");
    let out = park.scratch().join("pulled");
    let pulled = run(park
        .client(&["pull", "report"], "regulator", "regulator-1")
        .args(["--type", "RPT-01"])
        .arg("--out")
        .arg(&out));
    assert!(said(&pulled).contains("verified"), "{}", said(&pulled));
    // What can never be built is refused at once, with the code.
    let region = "<c:RegionCode>320700</c:RegionCode>";
    let asked = say(
        &park,
        "regulator-1",
        "ReportRequest",
        &report_request("RQ-2", region),
    );
    let answer = said(&submit(&park, "regulator", "regulator-1", &[asked]));
    assert!(answer.contains("accepted 0, refused 1"), "{answer}");
    assert!(answer.contains("S063"), "{answer}");
}

/// What only the building shows is told with its code to the regulator who asked, by its own door.
#[test]
fn a_request_that_is_refused_later_is_answered_with_the_code_to_who_asked() {
    let limit = "\n[reports]\nversions_max = 1\n";
    let park = Park::start_with(|data| change_config(data, &[], limit));
    for request in ["RQ-1", "RQ-2"] {
        // Without news the second would be answered with the report that there is.
        let fire = format!(
            "<c:AlarmId>FIRE-{request}</c:AlarmId><c:AlarmCode>FIRE</c:AlarmCode>\
             <c:AlarmLevel>RED</c:AlarmLevel><c:State>RAISED</c:State>\
             <c:OccurredAt>{}</c:OccurredAt><c:EnterpriseId>enterprise-1</c:EnterpriseId>\
             <c:Description>fire</c:Description>",
            moment(0)
        );
        let fire = say(&park, "enterprise-1", "AlarmEvent", &fire);
        let answer = said(&park.submit("enterprise-1", &[fire]));
        assert!(answer.contains("accepted 1"), "{answer}");
        let fields = report_request(request, "").replace("RPT-01", "RPT-06");
        let asked = say(&park, "regulator-1", "ReportRequest", &fields);
        let answer = said(&submit(&park, "regulator", "regulator-1", &[asked]));
        assert!(answer.contains("accepted 1"), "{answer}");
        answered(&park, request);
    }
    let out = park.scratch().join("pulled.jsonl");
    let mut pull = park.client(&["pull", "messages"], "regulator", "regulator-1");
    run(pull.arg("--out").arg(&out));
    let lines = std::fs::read_to_string(&out).unwrap();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let asked: Vec<&Value> = lines
        .iter()
        .filter(|it| it["label"] == "ReportRequest")
        .collect();
    let told = lines.iter().any(|line| {
        let detail = line["answer"]["detail"].as_str().unwrap_or_default();
        let is_refusal = line["answer"]["outcome"] == "FAILURE" && detail.contains("S044");
        is_refusal && line["cause"] == asked[1]["number"]
    });
    assert!(told, "{}", park.bodies());
}

fn opening(id: &str) -> String {
    format!(
        "<c:OrderId>{id}</c:OrderId><c:Gates>G-04</c:Gates><c:OrderedBy>operator-1</c:OrderedBy>\
         <c:Reason>fire</c:Reason><c:OrderedAt>{}</c:OrderedAt>",
        moment(0)
    )
}

/// How many entries have this label.
fn labelled(park: &Park, label: &str) -> usize {
    told(park, label, "")
}

/// Entries of a label whose text holds `words`.
fn told(park: &Park, label: &str, words: &str) -> usize {
    let reader = Reader::open(park.data().join("store/journal")).unwrap();
    let records = reader.read_from(1).unwrap();
    records
        .map(|record| record.unwrap())
        .filter(|record| type_in_label(&record.label) == label)
        .filter(|record| String::from_utf8_lossy(&record.body).contains(words))
        .count()
}

/// The console could open the gate on a failing disk; nobody had shown that the park's service can.
#[test]
fn an_opening_by_the_park_service_is_carried_out_on_a_disk_that_fails() {
    const EIO: i32 = 5;
    let scratch = tempfile::tempdir().unwrap();
    let mut lane = Lane::start();
    let mut made = None;
    let mut park = Park::start_under(|data| {
        let faults = Faults::new(scratch.path(), &data.join("store"));
        let own = "data = \"store\"\nspool = \"spool/emergency\"";
        change_config(data, &[("data = \".\"", own)], &lane.section());
        let envs = faults.envs();
        made = Some(faults);
        envs
    });
    let faults = made.unwrap();
    let open = |park: &Park, id: &str| {
        let order = say(park, "operator-1", "EmergencyGateOpen", &opening(id));
        said(&submit(park, "park", "operator-1", &[order]))
    };
    let spooled = |park: &Park, count: usize| {
        let wanted = format!("\ncordon_emergency_spooled {count}\n");
        park.until("the opening and its outcome are in the spool", || {
            park.get("/metrics").unwrap_or_default().contains(&wanted)
        });
    };
    park.until_online("BR-06");
    faults.sync(EIO);
    let words = open(&park, "EO-1");
    assert!(words.contains("accepted 1"), "{words}\n{}", park.log());
    lane.wait_until_up();
    spooled(&park, 2);
    park.wait_until_health("F060");
    // What is no emergency waits for a disk that works: it is neither taken nor refused for good.
    let other = say(&park, "operator-1", "ListEntry", &list_entry("BL-1"));
    let mut command = park.client(&["submit"], "park", "operator-1");
    command.args(["--patience-s", "0", "--spool"]);
    let waits = command
        .arg(park.scratch().join("waits"))
        .arg(other)
        .output();
    let words = said(&waits.unwrap());
    assert!(
        words.contains("accepted 0, refused 0, waiting 1"),
        "{words}"
    );
    // The same after a restart on the failing disk.
    park.kill();
    lane.restart();
    park.start_again();
    park.wait_until_health("F060");
    park.until_online("BR-06");
    assert!(!lane.is_up());
    let words = open(&park, "EO-2");
    assert!(words.contains("accepted 1"), "{words}\n{}", park.log());
    lane.wait_until_up();
    spooled(&park, 4);
    faults.end();
    park.wait_until_healthy();
    park.until("both openings and their outcomes are entries", || {
        labelled(&park, "EmergencyGateOpen") == 2 && told(&park, "CONFIRMED", "BR-06") == 2
    });
    assert_eq!(labelled(&park, "EXPIRED"), 0);
}
