//! Alarms as people and receivers see them from outside the program.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod stand_in;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use cordon_contract::{BoxFuture, Clock as _, SystemClock};
use cordon_http::{Handler, Request, Response};
use cordon_interop::{Park, change_config, program, said};
use cordon_model::{AlarmCode, MessageId};
use serde_json::{Value, json};
use stand_in::StandIn;

/// An alarm in the name of `enterprise-1`, as a file for `cordon submit`.
fn alarm(park: &Park, code: AlarmCode, level: &str) -> PathBuf {
    let (id, now) = (MessageId::random(), SystemClock.now());
    let text = format!(
        "<c:Message xmlns:c=\"urn:cordon:park:1\"><c:Header>\
         <c:MessageId>{id}</c:MessageId><c:MessageType>AlarmEvent</c:MessageType>\
         <c:SchemaVersion>1.0</c:SchemaVersion><c:ParkCode>JS-DEMO</c:ParkCode><c:SenderId>enterprise-1</c:SenderId>\
         <c:OccurredAt>{now}</c:OccurredAt><c:SentAt>{now}</c:SentAt><c:Sequence>1</c:Sequence>\
         <c:Quality>MEASURED</c:Quality><c:Sensitivity>INTERNAL</c:Sensitivity><c:Test>false</c:Test></c:Header>\
         <c:Body><c:AlarmEvent><c:AlarmId>{level}-{code}</c:AlarmId><c:AlarmCode>{code}</c:AlarmCode>\
         <c:AlarmLevel>{level}</c:AlarmLevel><c:State>RAISED</c:State><c:OccurredAt>{now}</c:OccurredAt>\
         <c:Description>tank 4</c:Description></c:AlarmEvent></c:Body></c:Message>"
    );
    let file = park.scratch().join(format!("{level}-{code}.xml"));
    std::fs::write(&file, text).unwrap();
    file
}

fn submit(park: &Park, files: &[PathBuf]) {
    let answer = park.submit("enterprise-1", files);
    assert!(answer.status.success(), "{}", said(&answer));
}

/// Id and state of the alarms that the page shows, in its order.
fn open(park: &Park) -> Vec<(String, String)> {
    let view = park.view();
    let alarms = view["alarms"].as_array().into_iter().flatten();
    let word = |alarm: &Value, key: &str| alarm[key].as_str().unwrap().to_owned();
    alarms
        .map(|alarm| (word(alarm, "id"), word(alarm, "state")))
        .collect()
}

/// A disk that videos share is always fuller than others: the park says what is too full.
#[test]
fn the_park_is_warned_of_a_disk_as_its_configuration_says() {
    let park = Park::start_with(|data| {
        let warn = |percent: u8| format!("\ndisk_warn_percent = {percent}\n");
        change_config(data, &[(&warn(100), &warn(1))], "");
    });
    let used = || park.view()["figures"]["condition"]["disk_used_percent"].as_u64();
    let used = park.until_some("the disk was looked at", used);
    let is_told = || open(&park).iter().any(|(id, _)| id.starts_with("flow-"));
    if used > 1 {
        park.until("the disk is warned of", is_told);
    } else {
        assert!(!is_told(), "{used}");
    }
}

/// Every alarm of a fresh park was a dead letter: it went to receiver `console`, which nobody served.
#[test]
fn a_fresh_park_tells_its_own_page_and_has_no_dead_letters() {
    let park = Park::start();
    submit(&park, &[alarm(&park, AlarmCode::Fire, "RED")]);
    park.until("the alarm is told, or given up", || {
        park.view()["messages"]["AlarmUpdate"].as_u64() > Some(0)
    });
    let outbox = park.json("/outbox");
    assert_eq!(outbox["dead_letters"], json!([]), "{outbox}");
    assert_eq!(open(&park).len(), 1);
    // Routes that name it are served, and the check says so.
    let routes = "\n[alarms]\nroutes = \"routes.toml\"\n";
    change_config(&park.data(), &[], routes);
    let routes = |name: &str| {
        let text = format!("receivers = [\"{name}\"]\n[route]\nreceivers = [\"{name}\"]\n");
        std::fs::write(park.data().join("routes.toml"), text).unwrap();
        let mut check = Command::new(program());
        check
            .arg("check")
            .arg("--config")
            .arg(park.data().join("park.toml"))
            .output()
            .unwrap()
    };
    let served = routes("console");
    assert!(
        served.status.success(),
        "{}",
        String::from_utf8_lossy(&served.stderr)
    );
    let nobody = routes("duty-room");
    let words = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert!(
        words.contains("K018") && words.contains("routes.toml:1:"),
        "{words}"
    );
}

/// After a restart page and metrics said 0 and an acknowledgement was answered 400; 55 blue alarms
/// pushed an open red one off the page.
#[test]
fn what_is_open_is_the_same_after_a_kill_and_red_stands_first() {
    let mut park = Park::start();
    submit(&park, &[alarm(&park, AlarmCode::Fire, "RED")]);
    park.until("the red alarm is open", || open(&park).len() == 1);
    let others = AlarmCode::ALL
        .iter()
        .filter(|code| **code != AlarmCode::Fire);
    let blue: Vec<PathBuf> = others
        .take(55)
        .map(|code| alarm(&park, *code, "BLUE"))
        .collect();
    submit(&park, &blue);
    let before = park.until_some("all are open", || {
        let open = open(&park);
        (open.len() == 56).then_some(open)
    });
    assert_eq!(before[0], ("RED-FIRE".to_owned(), "RAISED".to_owned()));
    park.kill_and_restart();
    park.wait_until_healthy();
    assert_eq!(open(&park), before);
    let metrics = park.get("/metrics").unwrap();
    assert!(metrics.contains("\ncordon_open_alarms 56\n"), "{metrics}");
    let answer = park
        .post("/api/acknowledge", r#"{"alarm":"RED-FIRE"}"#)
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    park.until("it is acknowledged", || open(&park)[0].1 == "ACKNOWLEDGED");
}

/// A receiver that keeps what it is given.
#[derive(Default)]
struct Board(Mutex<Vec<String>>);

impl Handler for Board {
    fn handle(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(async move {
            let body = String::from_utf8_lossy(request.http.body()).into_owned();
            self.0.lock().unwrap().push(body);
            http::Response::builder()
                .status(204)
                .body(bytes::Bytes::new())
                .unwrap()
        })
    }
}

impl Board {
    /// The one that tells of this alarm in this state.
    fn told(&self, alarm: &str, state: &str) -> Option<String> {
        let all = self.0.lock().unwrap();
        let (alarm, state) = (
            format!("<c:AlarmId>{alarm}</c:AlarmId>"),
            format!("<c:State>{state}</c:State>"),
        );
        let mut found = all.iter();
        found
            .find(|body| body.contains(&alarm) && body.contains(&state))
            .cloned()
    }
}

/// One group for the whole park, which grows every five minutes at most.
fn with_board(data: &Path, url: &str) {
    let routes = "receivers = [\"board\"]\n[acknowledge]\norange = 3600\n[route]\nreceivers = [\"board\"]\n\
                  group_by = [\"area\"]\ngroup_wait_s = 1\ngroup_interval_s = 300\n";
    std::fs::write(data.join("routes.toml"), routes).unwrap();
    let more = format!(
        "\n[alarms]\nroutes = \"routes.toml\"\n[[notify]]\nname = \"boards\"\n[[notify.webhook]]\n\
         receiver = \"board\"\nurl = \"{url}\"\n"
    );
    change_config(data, &[], &more);
}

/// The second detector of a group was told when the group's interval was over, or by its escalation;
/// what became of an alarm was told to nobody.
#[test]
fn a_second_orange_alarm_is_told_at_once_and_its_end_too() {
    let board = Arc::new(Board::default());
    let served = StandIn::start(board.clone());
    let park = Park::start_with(|data| with_board(data, &served.url("/alarms")));
    submit(&park, &[alarm(&park, AlarmCode::UnknownSmoke, "ORANGE")]);
    park.until_some("the first is told", || {
        board.told("ORANGE-UNKNOWN_SMOKE", "RAISED")
    });
    submit(&park, &[alarm(&park, AlarmCode::Fire, "ORANGE")]);
    let second = park.until_some("the second is told", || board.told("ORANGE-FIRE", "RAISED"));
    assert!(
        second.contains("told before: ORANGE-UNKNOWN_SMOKE"),
        "{second}"
    );
    let acknowledge = park
        .post("/api/acknowledge", r#"{"alarm":"ORANGE-FIRE"}"#)
        .unwrap();
    assert!(acknowledge.starts_with("HTTP/1.1 200"), "{acknowledge}");
    park.until_some("who was told hears that it was taken up", || {
        board.told("ORANGE-FIRE", "ACKNOWLEDGED")
    });
    let close = r#"{"alarm":"ORANGE-FIRE","note":"put out"}"#;
    let close = park.post("/api/close", close).unwrap();
    assert!(close.starts_with("HTTP/1.1 200"), "{close}");
    let end = park.until_some("and how it ended", || board.told("ORANGE-FIRE", "CLOSED"));
    assert!(end.contains("put out"), "{end}");
}
