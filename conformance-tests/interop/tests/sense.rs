//! What comes late, twice in another case, or asks for what nobody can do: told in the receipt or refused.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};

use cordon_interop::{Head, Park, fresh_id, message, message_file, moment, said};

fn file(park: &Park, head: Head<'_>, kind: &str, fields: &str) -> PathBuf {
    let id = fresh_id();
    let text = message(head, &id, kind, fields);
    message_file(park.scratch(), &id, &text)
}

fn grant(id: &str, class: &str, (from, to): (i64, i64), state: &str) -> String {
    format!(
        "<c:GrantId>{id}</c:GrantId><c:ClassLetter>{class}</c:ClassLetter>\
         <c:SubjectKind>VEH_FREIGHT</c:SubjectKind><c:Plate><c:Number>苏A55555</c:Number>\
         <c:Colour>YELLOW</c:Colour></c:Plate><c:EnterpriseId>enterprise-1</c:EnterpriseId>\
         <c:Gates>G-01</c:Gates><c:ValidFrom>{}</c:ValidFrom><c:ValidTo>{}</c:ValidTo>\
         <c:State>{state}</c:State>",
        moment(from),
        moment(to)
    )
}

/// Texts of the files below a folder, without the signed answers that they came in.
fn texts(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.ends_with("signed") => {}
            true => found.extend(texts(&path)),
            false => found.extend(std::fs::read_to_string(&path)),
        }
    }
    found
}

/// The sender's count began anew between a grant and its withdrawal; another word of the old count came
/// late, and let the truck in.
#[test]
fn a_late_word_with_a_high_number_does_not_reopen_the_past() {
    let park = Park::start();
    let facts = [
        (-100, 1_000, "ACTIVE"),
        (-10, 1, "WITHDRAWN"),
        (-99, 1_001, "ACTIVE"),
    ];
    let files: Vec<PathBuf> = facts
        .into_iter()
        .map(|(occurred_s, sequence, state)| {
            let head = Head {
                sender: "enterprise-1",
                occurred_s,
                sequence,
            };
            let fields = grant("GR-7", "F", (-200, 3_600), state);
            file(&park, head, "AccessGrant", &fields)
        })
        .collect();
    let words = said(&park.submit("enterprise-1", &files));
    assert!(words.contains("accepted 3"), "{words}");
    let receipts = texts(&park.spool("enterprise-1"));
    let late = receipts.iter().filter(|text| text.contains("F046"));
    assert_eq!(late.count(), 1, "the late one changed nothing");
    let entries = park.entries();
    assert!(entries.contains("message.overtaken"), "{entries}");
}

#[test]
fn a_grant_of_no_sense_gets_a_word() {
    let park = Park::start();
    let day = 86_400;
    let cases = [
        ("X", (-60, 3_600), "F034"),
        ("F", (3_600, 60), "F063"),
        ("F", (400 * day, 400 * day + 60), "F064"),
    ];
    for (number, (class, window, code)) in (0..).zip(cases) {
        let fields = grant(&format!("GR-{number}"), class, window, "ACTIVE");
        let head = Head::of("enterprise-1");
        let said_so =
            said(&park.submit("enterprise-1", &[file(&park, head, "AccessGrant", &fields)]));
        let receipts = texts(&park.spool("enterprise-1"));
        let told = said_so.contains(code) || receipts.iter().any(|text| text.contains(code));
        assert!(told, "{code}: {said_so}");
    }
}

/// A barrier that nobody knows, one of another lane, an opening, one that nothing serves: each had a plain
/// receipt.
#[test]
fn an_order_to_a_barrier_that_nothing_can_carry_out_is_refused_alone() {
    let park = Park::start();
    let order = |lane: &str, device: &str, action: &str| {
        let fields = format!(
            "<c:CommandId>{}</c:CommandId><c:GateId>G-01</c:GateId><c:LaneId>{lane}</c:LaneId>\
             <c:DeviceId>{device}</c:DeviceId><c:Action>{action}</c:Action><c:Reason>drill</c:Reason>\
             <c:Priority>ACCESS</c:Priority><c:Deadline>{}</c:Deadline><c:Epoch>0</c:Epoch>",
            fresh_id(),
            moment(60)
        );
        file(&park, Head::of("operator-1"), "GateCommand", &fields)
    };
    let files = [
        order("L-01", "BR-NO", "CLOSE"),
        order("L-05", "BR-01", "CLOSE"),
        order("L-01", "BR-01", "OPEN"),
        order("L-01", "BR-01", "CLOSE"),
    ];
    let spool = park.spool("operator-1");
    std::fs::create_dir_all(&spool).unwrap();
    let mut submit = park.client(&["submit"], "park", "operator-1");
    let words = said(
        &submit
            .arg("--spool")
            .arg(&spool)
            .args(&files)
            .output()
            .unwrap(),
    );
    assert_eq!(words.matches("F066").count(), 2, "{words}");
    assert_eq!(words.matches("F032").count(), 1, "{words}");
    // That one stands there, and no adapter serves it.
    assert_eq!(words.matches("F050").count(), 1, "{words}");
    assert!(words.contains("accepted 0, refused 4"), "{words}");
}
