//! What people order of gates is for now; an alarm is ended by who raised it. Both from outside.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::PathBuf;

use cordon_interop::{Head, Park, fresh_id, message, message_file, moment, said};

fn file(park: &Park, sender: &str, occurred_s: i64, (kind, fields): (&str, &str)) -> PathBuf {
    let id = fresh_id();
    let head = Head {
        occurred_s,
        ..Head::of(sender)
    };
    message_file(park.scratch(), &id, &message(head, &id, kind, fields))
}

/// What `cordon submit` says of a file.
fn submit(park: &Park, service: &str, party: &str, file: PathBuf) -> String {
    let spool = park.spool(party);
    std::fs::create_dir_all(&spool).unwrap();
    let mut submit = park.client(&["submit"], service, party);
    said(
        &submit
            .arg("--spool")
            .arg(&spool)
            .arg(file)
            .output()
            .unwrap(),
    )
}

fn mode(mode: &str, by: &str) -> String {
    format!(
        "<c:ChangeId>{}</c:ChangeId><c:Mode>{mode}</c:Mode><c:OrderedBy>{by}</c:OrderedBy>\
         <c:Reason>drill</c:Reason><c:EffectiveAt>{}</c:EffectiveAt>",
        fresh_id(),
        moment(0)
    )
}

/// A NORMAL of an hour ago ended an evacuation; one of a clock that was ahead silenced the next.
#[test]
fn an_evacuation_is_ended_by_no_older_word_and_silenced_by_no_clock_ahead() {
    let park = Park::start();
    let say = |second: i64, what: &str| {
        let fields = mode(what, "operator-1");
        let file = file(
            &park,
            "operator-1",
            second,
            ("OperatingModeChange", &fields),
        );
        submit(&park, "park", "operator-1", file)
    };
    assert!(say(0, "EVACUATION").contains("accepted 1"));
    let late = say(-3_600, "NORMAL");
    assert!(
        late.contains("C010") && late.contains("accepted 0"),
        "{late}"
    );
    assert!(say(200, "NORMAL").contains("accepted 1"));
    let evacuated = say(1, "EVACUATION");
    assert!(evacuated.contains("accepted 1"), "{evacuated}");
    let entries = park.entries();
    assert!(!entries.contains("message.overtaken"), "{entries}");
}

/// A plant rejected what the park had raised about it, and it was gone from the page.
#[test]
fn a_plant_does_not_hush_what_the_park_raised_about_it() {
    let park = Park::start();
    let now = moment(0);
    let raised = format!(
        "<c:AlarmId>PK-1</c:AlarmId><c:AlarmCode>FIRE</c:AlarmCode><c:AlarmLevel>RED</c:AlarmLevel>\
         <c:State>RAISED</c:State><c:OccurredAt>{now}</c:OccurredAt>\
         <c:EnterpriseId>enterprise-1</c:EnterpriseId><c:Description>fire</c:Description>"
    );
    let step = |from: &str, to: &str| {
        let fields = format!(
            "<c:AlarmId>PK-1</c:AlarmId><c:State>{to}</c:State><c:Previous>{from}</c:Previous>\
             <c:ActorId>enterprise-1</c:ActorId><c:Note>false alarm</c:Note>\
             <c:UpdatedAt>{now}</c:UpdatedAt>"
        );
        let file = file(&park, "enterprise-1", 0, ("AlarmUpdate", &fields));
        submit(&park, "enterprise", "enterprise-1", file)
    };
    let file = file(&park, "operator-1", 0, ("AlarmEvent", &raised));
    assert!(submit(&park, "park", "operator-1", file).contains("accepted 1"));
    let rejected = step("RAISED", "REJECTED");
    assert!(rejected.contains("F031"), "{rejected}");
    let taken_up = step("RAISED", "ACKNOWLEDGED");
    assert!(taken_up.contains("accepted 1"), "{taken_up}");
    let closed = step("ACKNOWLEDGED", "CLOSED");
    assert!(closed.contains("F031"), "{closed}");
}
