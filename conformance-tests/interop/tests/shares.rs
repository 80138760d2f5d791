//! What several parties fill together, from outside the program: one that fills its part is told so, and takes
//! nobody else's.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::PathBuf;
use std::process::{Command, Output};

use cordon_interop::{Head, Park, change_config, fresh_id, message, message_file, moment, said};

/// Six of each kind are kept of the park, and three of each of its two enterprises.
fn narrow() -> Park {
    Park::start_with(|data| {
        change_config(
            data,
            &[],
            "\n[access]\ngrants_max = 6\nlist_entries_max = 6\n",
        );
    })
}

fn say(park: &Park, sender: &str, kind: &str, fields: &str) -> PathBuf {
    let id = fresh_id();
    let text = message(Head::of(sender), &id, kind, fields);
    message_file(park.scratch(), &id, &text)
}

/// `cordon submit` by the door of operators.
fn submit_as_park(park: &Park, files: &[PathBuf]) -> Output {
    let mut command = park.client(&["submit"], "park", "operator-1");
    let spool = park.scratch().join("spool-of-operator");
    std::fs::create_dir_all(&spool).unwrap();
    command
        .arg("--spool")
        .arg(spool)
        .args(files)
        .output()
        .unwrap()
}

fn black(number: usize) -> String {
    format!(
        "<c:EntryId>B-{number}</c:EntryId><c:ListKind>BLACK</c:ListKind><c:Subject><c:Plate>\
         <c:Number>苏N{number:05}</c:Number><c:Colour>YELLOW</c:Colour></c:Plate></c:Subject>\
         <c:Reason>test</c:Reason><c:ValidFrom>{}</c:ValidFrom><c:State>ACTIVE</c:State>",
        moment(-60)
    )
}

fn grant(enterprise: &str, number: usize) -> String {
    format!(
        "<c:GrantId>G-{number}</c:GrantId><c:ClassLetter>F</c:ClassLetter>\
         <c:SubjectKind>VEH_FREIGHT</c:SubjectKind><c:Plate><c:Number>苏Q{number:05}</c:Number>\
         <c:Colour>YELLOW</c:Colour></c:Plate><c:EnterpriseId>{enterprise}</c:EnterpriseId>\
         <c:Gates>G-03</c:Gates><c:ValidFrom>{}</c:ValidFrom><c:ValidTo>{}</c:ValidTo>\
         <c:State>ACTIVE</c:State>",
        moment(-60),
        moment(3_600)
    )
}

/// 51,000 proposals of one enterprise, and the park's own entry got a receipt and did nothing; the same with
/// 202,500 grants. The journal alone said so.
#[test]
fn who_fills_his_part_is_refused_and_the_others_and_the_park_go_on() {
    let park = narrow();
    let many = |kind: &str, fields: &dyn Fn(usize) -> String| {
        let files: Vec<PathBuf> = (0..8)
            .map(|number| say(&park, "enterprise-2", kind, &fields(number)))
            .collect();
        said(&park.submit("enterprise-2", &files))
    };
    let lists = many("ListEntry", &black);
    let grants = many("AccessGrant", &|number| grant("enterprise-2", number));
    for words in [lists, grants] {
        assert!(words.contains("accepted 3, refused 5"), "{words}");
        assert!(words.contains("F085"), "{words}");
    }
    let own = say(
        &park,
        "enterprise-1",
        "AccessGrant",
        &grant("enterprise-1", 70),
    );
    let words = said(&park.submit("enterprise-1", &[own]));
    assert!(words.contains("accepted 1, refused 0"), "{words}");
    let parks = [
        say(&park, "operator-1", "ListEntry", &black(80)),
        say(
            &park,
            "operator-1",
            "AccessGrant",
            &grant("enterprise-1", 81),
        ),
    ];
    let words = said(&submit_as_park(&park, &parks));
    assert!(words.contains("accepted 2, refused 0"), "{words}");
    let entries = park.entries();
    assert!(!entries.contains("-not-taken"), "{entries}");
}

/// Grants that were taken before a limit was lowered were lost when the state was built anew, and the journal was
/// said not to follow from itself.
#[test]
fn what_was_taken_stays_when_the_journal_is_read_again_under_a_smaller_part() {
    let mut park = narrow();
    let grants: Vec<PathBuf> = (0..3)
        .map(|number| {
            let fields = grant("enterprise-2", number);
            say(&park, "enterprise-2", "AccessGrant", &fields)
        })
        .collect();
    let words = said(&park.submit("enterprise-2", &grants));
    assert!(words.contains("accepted 3, refused 0"), "{words}");
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    change_config(&park.data(), &[("grants_max = 6", "grants_max = 2")], "");
    std::fs::remove_file(park.data().join("state.redb")).unwrap();
    park.start_again();
    park.wait_until_healthy();
    let more = say(
        &park,
        "enterprise-2",
        "AccessGrant",
        &grant("enterprise-2", 3),
    );
    let words = said(&park.submit("enterprise-2", &[more]));
    assert!(words.contains("F085"), "{words}");
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let mut replay = Command::new(cordon_interop::program());
    replay.args(["journal", "replay", "--dir"]);
    replay.arg(park.data().join("journal")).arg("--config");
    let output = replay.arg(park.data().join("park.toml")).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

/// Given again it was "answered before", with exit code 0, and never sent.
#[test]
fn a_message_that_was_refused_is_told_as_such_again_and_sent_again_once_there_may_be_room() {
    let park = narrow();
    let grants: Vec<PathBuf> = (0..4)
        .map(|number| {
            let fields = grant("enterprise-2", number);
            say(&park, "enterprise-2", "AccessGrant", &fields)
        })
        .collect();
    let submit = |file: &PathBuf| park.submit("enterprise-2", std::slice::from_ref(file));
    for file in &grants[..3] {
        assert_eq!(submit(file).status.code(), Some(0));
    }
    for _ in 0..2 {
        let full = submit(&grants[3]);
        assert_eq!(full.status.code(), Some(1), "{}", said(&full));
        assert!(said(&full).contains("refused: F085: "), "{}", said(&full));
    }
    let over = grant("enterprise-2", 0).replace("ACTIVE", "WITHDRAWN");
    let over = say(&park, "enterprise-2", "AccessGrant", &over);
    assert_eq!(submit(&over).status.code(), Some(0));
    let taken = submit(&grants[3]);
    assert_eq!(taken.status.code(), Some(0), "{}", said(&taken));
    assert!(said(&taken).contains("accepted 1"), "{}", said(&taken));
    // Another's grant is refused for good, however often it is given.
    let foreign = say(
        &park,
        "enterprise-2",
        "AccessGrant",
        &grant("enterprise-1", 9),
    );
    let first = submit(&foreign);
    assert_eq!(first.status.code(), Some(1), "{}", said(&first));
    let code = said(&first);
    let code = code.split("refused: ").nth(1).unwrap().get(..6).unwrap();
    let again = submit(&foreign);
    assert_eq!(again.status.code(), Some(1), "{}", said(&again));
    let words = said(&again);
    assert!(words.contains("answered before (refused)"), "{words}");
    assert!(words.contains(&format!("refused: {code}")), "{words}");
}
