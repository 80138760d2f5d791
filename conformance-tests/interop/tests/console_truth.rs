//! What the console says is so, from its first answer on and while nothing happens.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use cordon_interop::{
    Head, Lane, Park, busy, change_config, fresh_id, message, message_file, moment, said,
};
use serde_json::Value;

/// The value of a metric without labels.
fn metric(park: &Park, name: &str) -> u64 {
    park.until_some(name, || {
        let text = park.get("/metrics")?;
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.map(|value| value.trim().parse().unwrap())
    })
}

/// Rounds of the core that found nothing to record were counted: 105 batches a second on an idle park.
#[test]
fn a_batch_is_counted_only_when_something_was_written() {
    let park = Park::start_under(|data| {
        busy(data);
        Vec::new()
    });
    // A start writes seven entries at most, in batches of its own; the rest is what is due each second.
    let begun = metric(&park, "cordon_journal_entries ");
    park.until("the park was idle for a tick", || {
        metric(&park, "cordon_journal_entries ") >= begun + 8
    });
    // Asked for first: entries that come in between make no difference.
    let batches = metric(&park, "cordon_batches_total ");
    let entries = metric(&park, "cordon_journal_entries ");
    assert!(
        (1..=entries).contains(&batches),
        "{batches} batches, {entries} entries"
    );
}

/// The page's content, when the console answers for the hub.
fn view(park: &Park) -> Option<Value> {
    let answer = park.get("/api/view")?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.1 200")
        .then(|| serde_json::from_str(body).unwrap())
}

/// What the page says of mode and of the emergency lane's barrier.
fn stands(view: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let lanes = view["lanes"].as_array().unwrap();
    let lane = lanes.iter().find(|lane| lane["lane"] == "L-06").unwrap();
    (text(&view["mode"]), text(&lane["barrier"]))
}

fn say_mode(park: &Park, mode: &str) {
    let id = fresh_id();
    let fields = format!(
        "<c:ChangeId>MC-1</c:ChangeId><c:Mode>{mode}</c:Mode><c:OrderedBy>operator-1</c:OrderedBy>\
         <c:Reason>works</c:Reason><c:EffectiveAt>{}</c:EffectiveAt>",
        moment(-1)
    );
    let text = message(Head::of("operator-1"), &id, "OperatingModeChange", &fields);
    let file = message_file(park.scratch(), &id, &text);
    let mut submit = park.client(&["submit"], "park", "operator-1");
    let spool = park.spool("operator-1");
    std::fs::create_dir_all(&spool).unwrap();
    let answer = said(&submit.arg("--spool").arg(spool).arg(file).output().unwrap());
    assert!(answer.contains("accepted 1"), "{answer}");
}

/// After a restart the page said NORMAL, UNKNOWN and nobody, until each was said again; `in_park` for
/// up to a minute.
#[test]
fn the_first_page_after_a_restart_tells_what_is() {
    let lane = Lane::start();
    let mut park = Park::start_with(|data| change_config(data, &[], &lane.section()));
    say_mode(&park, "MAINTENANCE");
    park.until_online("BR-06");
    let open = r#"{"gate":"G-04","ordered_by":"duty officer","reason":"drill"}"#;
    let answer = park.post("/api/emergency-open", open).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    lane.wait_until_up();
    let wanted = ("MAINTENANCE".to_owned(), "OPEN".to_owned());
    park.until("the page shows mode and boom", || {
        view(&park).is_some_and(|view| stands(&view) == wanted)
    });

    park.kill_and_restart();
    let first = park.until_some("the page is there again", || view(&park));
    assert_eq!(stands(&first), wanted, "{first}");
    assert_eq!(first["in_park"], 0, "{first}");
}

/// They were answered 415 and 422, the reference says 400.
#[test]
fn a_request_that_is_not_understood_is_answered_400() {
    let park = Park::start();
    let address = park.console().replace("http://", "");
    let send = |media: &str, body: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(
            stream,
            "POST /api/acknowledge HTTP/1.1\r\nhost: {address}\r\nx-cordon-console: 1\r\n{media}\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let json = "content-type: application/json\r\n";
    for (media, body) in [
        ("", r#"{"alarm":"A-1"}"#),
        ("content-type: text/plain\r\n", r#"{"alarm":"A-1"}"#),
        (json, r#"{"alarm":"#),
        (json, r#"{"alert":"A-1"}"#),
        (json, ""),
    ] {
        let answer = send(media, body);
        assert!(
            answer.starts_with("HTTP/1.1 400 "),
            "{media}{body}: {answer}"
        );
    }
}
