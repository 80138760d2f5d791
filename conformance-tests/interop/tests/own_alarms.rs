//! What the hub itself has to say of a partner can be settled, on the page and at `/soap/park`, and what
//! cannot be done is not said to be done.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::PathBuf;

use cordon_interop::{Head, Park, fresh_id, issue, message, message_file, moment, said};

fn write(park: &Park, sender: &str, id: &str, (kind, fields): (&str, &str)) -> PathBuf {
    let text = message(Head::of(sender), id, kind, fields);
    message_file(park.scratch(), id, &text)
}

/// What `cordon submit` says to one message.
fn say(park: &Park, sender: &str, what: (&str, &str)) -> String {
    said(&park.submit(sender, &[write(park, sender, &fresh_id(), what)]))
}

fn car(number: &str, enterprise: &str) -> String {
    format!(
        "<c:RegistrationId>R-1</c:RegistrationId><c:Plate><c:Number>{number}</c:Number>\
         <c:Colour>BLUE</c:Colour></c:Plate><c:SubjectKind>VEH_COMMUTER</c:SubjectKind>\
         <c:EnterpriseId>{enterprise}</c:EnterpriseId>\
         <c:ApplyChannel>ENTERPRISE_SYSTEM</c:ApplyChannel><c:ValidFrom>{}</c:ValidFrom>\
         <c:ValidTo>{}</c:ValidTo><c:State>ACTIVE</c:State>",
        moment(-60),
        moment(3_600)
    )
}

fn black(number: &str) -> String {
    format!(
        "<c:EntryId>B-1</c:EntryId><c:ListKind>BLACK</c:ListKind><c:Subject><c:Plate>\
         <c:Number>{number}</c:Number><c:Colour>BLUE</c:Colour></c:Plate></c:Subject>\
         <c:Reason>test</c:Reason><c:ValidFrom>{}</c:ValidFrom><c:State>ACTIVE</c:State>",
        moment(-60)
    )
}

fn occupancy() -> String {
    format!(
        "<c:Scope>PARK</c:Scope><c:Counts><c:SubjectKind>VEH_ORDINARY</c:SubjectKind>\
         <c:Inside>777</c:Inside><c:EnteredToday>0</c:EnteredToday>\
         <c:LeftToday>0</c:LeftToday></c:Counts><c:ObservedAt>{}</c:ObservedAt>",
        moment(0)
    )
}

/// Everything that the hub alarms of by itself: another's vehicle, the park's figures, a proposal, a
/// stranger, an id used twice. The codes of the refusals and warnings, as they must come.
fn misbehave(park: &Park) {
    let own = car("苏E40001", "enterprise-1");
    let words = say(park, "enterprise-1", ("VehicleRegistration", &own));
    assert!(words.contains("accepted 1"), "{words}");
    let theirs = car("苏E40001", "enterprise-2");
    for (sender, kind, fields, code) in [
        ("enterprise-2", "VehicleRegistration", &theirs, "F033"),
        ("enterprise-2", "OccupancySnapshot", &occupancy(), "F031"),
        ("enterprise-2", "ListEntry", &black("苏E40002"), "F037"),
        ("enterprise-9", "OccupancySnapshot", &occupancy(), "F030"),
    ] {
        let words = say(park, sender, (kind, fields));
        assert!(words.contains(code), "{code}: {words}");
    }
    let id = fresh_id();
    for (number, code) in [("苏E40003", "accepted 1"), ("苏E40004", "F005")] {
        let fields = car(number, "enterprise-1");
        let kind = "VehicleRegistration";
        let file = write(park, "enterprise-1", &id, (kind, &fields));
        let spool = park.scratch().join(format!("spool-{code}"));
        let mut submit = park.client(&["submit"], "enterprise", "enterprise-1");
        let words = said(&submit.arg("--spool").arg(spool).arg(file).output().unwrap());
        assert!(words.contains(code), "{code}: {words}");
    }
}

/// The ids of the open alarms that the hub raised of itself, with their codes.
fn open(park: &Park) -> Vec<(String, String)> {
    let listed = park.json("/api/alarms?limit=1000");
    let lines = listed["alarms"].as_array().cloned().unwrap_or_default();
    let text = |line: &serde_json::Value, name: &str| line[name].as_str().unwrap().to_owned();
    let own = lines
        .iter()
        .map(|line| (text(line, "id"), text(line, "code")));
    own.filter(|(id, _)| id.starts_with("flow-")).collect()
}

fn state_of(park: &Park, alarm: &str) -> Option<String> {
    let listed = park.json("/api/alarms?limit=1000");
    let lines = listed["alarms"].as_array()?.clone();
    let line = lines.into_iter().find(|line| line["id"] == alarm)?;
    Some(line["state"].as_str()?.to_owned())
}

/// Acknowledged and closed on the page.
fn on_the_page(park: &Park, alarm: &str) {
    let close = format!("{{\"alarm\":\"{alarm}\",\"note\":\"talked to them\"}}");
    let answer = park.post("/api/close", &close).unwrap();
    assert!(answer.starts_with("HTTP/1.1 409"), "not yet: {answer}");
    let acknowledge = format!("{{\"alarm\":\"{alarm}\"}}");
    let answer = park.post("/api/acknowledge", &acknowledge).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let seen = || state_of(park, alarm).as_deref() == Some("ACKNOWLEDGED");
    park.until("it is acknowledged", seen);
    let answer = park.post("/api/close", &close).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// The same by an operator's signed messages.
fn at_the_parks_door(park: &Park, alarm: &str) {
    let step = |from: &str, to: &str| {
        format!(
            "<c:AlarmId>{alarm}</c:AlarmId><c:State>{to}</c:State><c:Previous>{from}</c:Previous>\
             <c:ActorId>operator-1</c:ActorId><c:Note>talked to them</c:Note>\
             <c:UpdatedAt>{}</c:UpdatedAt>",
            moment(0)
        )
    };
    let send = |fields: &str| {
        let file = write(park, "operator-1", &fresh_id(), ("AlarmUpdate", fields));
        let mut submit = park.client(&["submit"], "park", "operator-1");
        let submit = submit.arg("--spool").arg(park.spool("operator-1"));
        said(&submit.arg(file).output().unwrap())
    };
    let words = send(&step("RAISED", "CLOSED"));
    assert!(words.contains("F075"), "not yet: {words}");
    for (from, to) in [("RAISED", "ACKNOWLEDGED"), ("ACKNOWLEDGED", "CLOSED")] {
        let words = send(&step(from, to));
        assert!(words.contains("accepted 1"), "{words}");
    }
}

/// Closing one that nobody had taken up was answered as done, and it stayed.
#[test]
fn what_the_hub_itself_alarms_of_is_settled_on_the_page_and_at_the_parks_door() {
    let park = Park::start_with(|data| issue(data, "enterprise", "enterprise-9"));
    std::fs::create_dir_all(park.scratch().join("spools/operator-1")).unwrap();
    misbehave(&park);
    let raised = park.until_some("five alarms are open", || {
        Some(open(&park)).filter(|open| open.len() >= 5)
    });
    let of = |code: &str| raised.iter().filter(|(_, is)| is == code).count();
    assert_eq!((of("NOT_ENTITLED"), of("REPLAY")), (4, 1), "{raised:?}");
    for (index, (alarm, code)) in raised.iter().enumerate() {
        match index % 2 {
            0 => on_the_page(&park, alarm),
            _ => at_the_parks_door(&park, alarm),
        }
        let gone = || state_of(&park, alarm).is_none();
        park.until(&format!("{alarm} {code} is closed"), gone);
    }
    assert_eq!(open(&park), []);
}
