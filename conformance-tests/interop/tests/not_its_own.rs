//! A file that the hub's account may not open, as one that was copied by another account: the hub is up for emergencies, says
//! which file it is, and goes on by itself when it may.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use cordon_contract::type_in_label;
use cordon_interop::{FailingPark, Head, Park, fresh_id, message, message_file, moment, said};
use cordon_journal::{Reader, Record};

const EACCES: i32 = 13;
const OPEN: &str = r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire","release":false}"#;

/// One-key opening is acknowledged and carried out; the answer.
fn opens(scene: &FailingPark) -> String {
    scene.park.until_online("BR-06");
    let answer = scene.park.post("/api/emergency-open", OPEN).unwrap();
    let log = || scene.park.log();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}\n{}", log());
    scene.lane.wait_until_up();
    answer
}

/// A hub is started that may not open `file` in its folder, opens a gate, and goes on when it may.
fn lives_without(file: &str, told: &str, is_late: bool) {
    let mut scene = FailingPark::start_failing(Some("spool/emergency"), file);
    scene.park.kill();
    scene.faults.refuse(EACCES);
    scene.park.start_again();
    let answer = opens(&scene);
    scene.park.wait_until_health(told);
    scene.park.wait_until_health("Permission denied");
    assert_eq!(answer.contains("\"late\":true"), is_late, "{answer}");
    scene.faults.end();
    scene.park.wait_until_healthy();
    scene.park.until("nothing is said of it any more", || {
        let health = scene.park.get("/healthz");
        health.is_some_and(|health| !health.contains("Permission denied"))
    });
    let journal = scene.park.data().join("store/journal");
    scene.park.until("it is journaled, once", || {
        let records = Reader::open(&journal).unwrap().read_from(1).unwrap();
        let is_opening = |it: &Record| type_in_label(&it.label) == "EmergencyGateOpen";
        let openings = records.filter_map(Result::ok).filter(is_opening);
        openings.count() == 1
    });
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}

#[test]
fn without_its_state_the_hub_is_up() {
    lives_without("store/state.redb", "warning: state", false);
}

#[test]
fn without_its_witness_the_hub_is_up_for_emergencies() {
    lives_without("store/witness", "J052", true);
}

#[test]
fn without_its_segments_the_hub_is_up_for_emergencies() {
    lives_without("store/journal/", "J001", true);
}

/// What enterprise-2 says, as `submit` prints what came of it.
fn say(park: &Park) -> String {
    let id = fresh_id();
    let fields = format!(
        "<c:EnterpriseId>enterprise-2</c:EnterpriseId><c:Required>4</c:Required>\
         <c:OnPost>3</c:OnPost><c:ObservedAt>{}</c:ObservedAt>",
        moment(0)
    );
    let text = message(Head::of("enterprise-2"), &id, "OnDutyStatus", &fields);
    let file = message_file(park.scratch(), &id, &text);
    let spool = park.scratch().join(format!("spool-{id}"));
    std::fs::create_dir(&spool).unwrap();
    let mut submit = park.client(&["submit"], "enterprise", "enterprise-2");
    submit.args(["--patience-s", "2", "--spool"]).arg(spool);
    said(&submit.arg(file).output().unwrap())
}

/// Whom a list revokes that cannot be read nobody knows: all are refused, and people open gates.
#[test]
fn without_its_list_of_revoked_certificates_the_hub_is_up_and_trusts_nobody() {
    let mut scene = FailingPark::start_failing(None, "certs/ca/issuing.crl.pem");
    assert!(
        say(&scene.park).contains("accepted 1"),
        "{}",
        scene.park.log()
    );
    scene.park.kill();
    scene.faults.refuse(EACCES);
    scene.park.start_again();
    let answer = opens(&scene);
    assert!(!answer.contains("late"), "{answer}");
    let told = "warning: trust: nobody is trusted";
    scene.park.wait_until_health(told);
    scene.park.wait_until_health("V103");
    let refused = say(&scene.park);
    assert!(!refused.contains("accepted 1"), "{refused}");
    scene.park.until("an alarm tells it", || {
        let view = scene.park.view().to_string();
        view.contains("nobody is trusted")
    });
    scene.faults.end();
    scene.park.until("its partners are trusted again", || {
        let health = scene.park.get("/healthz");
        health.is_some_and(|health| !health.contains(told))
    });
    assert!(
        say(&scene.park).contains("accepted 1"),
        "{}",
        scene.park.log()
    );
    assert_eq!(scene.park.terminate(), Some(0), "{}", scene.park.log());
}
