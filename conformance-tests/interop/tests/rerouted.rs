//! Routes that change while a red alarm is open, by a reload and by a restart without the receiver of before.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "test code")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use cordon_contract::EntryKind;
use cordon_flow::EntryReader;
use cordon_interop::{
    Head, Park, change_config, fresh_id, message, message_file, moment, program, run, said,
};
use cordon_model::Body;

/// Red alarms go to this receiver, and after an hour to the director.
fn route(data: &Path, declared: &[&str], to: &str) {
    let text = format!(
        "receivers = {declared:?}\n[acknowledge]\nred = 3600\n[route]\nreceivers = [\"console\"]\n\
         [[route.route]]\nname = \"red\"\nmatch = {{ level = \"RED\" }}\nreceivers = [\"{to}\"]\n\
         escalate = [{{ receivers = [\"director\"] }}]\n"
    );
    std::fs::write(data.join("routes.toml"), text).unwrap();
}

const DUTY: &str = "[[notify.console]]\nreceiver = \"duty\"\n";

fn fire(park: &Park, name: &str) {
    let id = fresh_id();
    let fields = format!(
        "<c:AlarmId>{name}</c:AlarmId><c:AlarmCode>FIRE</c:AlarmCode><c:AlarmLevel>RED</c:AlarmLevel>\
         <c:State>RAISED</c:State><c:OccurredAt>{}</c:OccurredAt><c:Description>{name}</c:Description>",
        moment(0)
    );
    let text = message(Head::of("enterprise-1"), &id, "AlarmEvent", &fields);
    let answer = park.submit("enterprise-1", &[message_file(park.scratch(), &id, &text)]);
    assert!(answer.status.success(), "{}", said(&answer));
}

/// Receiver and first alarm of each notice that was ordered, and what became of notices.
fn notices(park: &Park) -> (BTreeSet<(String, String)>, BTreeSet<String>) {
    let reader = EntryReader::open(park.data().join("journal")).unwrap();
    let (mut orders, mut outcomes) = (BTreeSet::new(), BTreeSet::new());
    for stored in reader.read_from(1).unwrap() {
        let entry = stored.unwrap().entry;
        let body = entry.message.as_deref().map(|message| &message.body);
        let id = match body {
            Some(Body::AlarmEvent(event)) => &event.alarm_id,
            Some(Body::AlarmUpdate(update)) => &update.alarm_id,
            _ => &String::new(),
        };
        let target = entry.label.split(';').next().unwrap_or_default();
        match (entry.kind, target.strip_prefix("receiver:")) {
            (EntryKind::Order, Some(receiver)) => {
                orders.insert((receiver.to_owned(), id.clone()));
            }
            (EntryKind::Outcome, _) => {
                outcomes.insert(entry.label.clone());
            }
            _ => {}
        }
    }
    (orders, outcomes)
}

fn until_ordered(park: &Park, receiver: &str, id: &str) {
    let wanted = (receiver.to_owned(), id.to_owned());
    park.until(&format!("{id} is told to {receiver}"), || {
        notices(park).0.contains(&wanted)
    });
}

/// Both the second and the third fire were told to the duty room alone, also when it was no receiver any more.
#[test]
fn red_alarms_go_to_the_receivers_of_now_after_a_reload_and_a_restart() {
    let mut park = Park::start_with(|data| {
        route(data, &["console", "duty", "leader", "director"], "duty");
        let more = format!(
            "\n[alarms]\nroutes = \"routes.toml\"\n[[notify]]\nname = \"people\"\n{DUTY}\
             [[notify.console]]\nreceiver = \"leader\"\n[[notify.console]]\nreceiver = \"director\"\n"
        );
        change_config(data, &[], &more);
    });
    fire(&park, "FIRE-1");
    until_ordered(&park, "duty", "FIRE-1");

    route(
        &park.data(),
        &["console", "duty", "leader", "director"],
        "leader",
    );
    run(Command::new(program())
        .args(["reload", "--as", "shift leader", "--config"])
        .arg(park.data().join("park.toml")));
    fire(&park, "FIRE-2");
    until_ordered(&park, "leader", "FIRE-2");
    until_ordered(&park, "leader", "FIRE-1");

    // The director has the leader's place, and neither the duty room nor the leader is a receiver.
    assert_eq!(park.terminate(), Some(0));
    route(&park.data(), &["console", "director"], "director");
    let leader = "[[notify.console]]\nreceiver = \"leader\"\n";
    change_config(&park.data(), &[(DUTY, ""), (leader, "")], "");
    park.start_again();
    park.wait_until_healthy();
    fire(&park, "FIRE-3");
    until_ordered(&park, "director", "FIRE-3");
    // The first two are told in one notice, which names the older.
    until_ordered(&park, "director", "FIRE-1");

    let (orders, outcomes) = notices(&park);
    for (receiver, id) in [("duty", "FIRE-2"), ("duty", "FIRE-3"), ("leader", "FIRE-3")] {
        let wrong = (receiver.to_owned(), id.to_owned());
        assert!(!orders.contains(&wrong), "{orders:?}");
    }
    assert!(!outcomes.contains("REFUSED"), "{outcomes:?}");
    assert_eq!(park.terminate(), Some(0));
    run(Command::new(program())
        .args(["journal", "replay", "--config"])
        .arg(park.data().join("park.toml")));
}
