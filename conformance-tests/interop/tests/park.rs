//! A running hub as its operator and its partners meet it, through the program itself.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cordon_interop::{Park, program, run, said};

fn example(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../schemas/examples/valid")
        .join(name)
}

/// A registration in the name of `enterprise-1` of this park, with an id of its own.
fn registration(park: &Park) -> std::path::PathBuf {
    let text = std::fs::read_to_string(example("vehicle-registration.xml")).unwrap();
    let swap = |text: String, element: &str, value: &str| {
        let (start, end) = (format!("<c:{element}>"), format!("</c:{element}>"));
        let from = text.find(&start).unwrap() + start.len();
        let to = text.find(&end).unwrap();
        format!("{}{value}{}", &text[..from], &text[to..])
    };
    let text = swap(text, "ParkCode", "JS-DEMO");
    let text = swap(text, "SenderId", "enterprise-1");
    let text = swap(text, "EnterpriseId", "enterprise-1");
    let text = swap(text, "Gates", "G-02");
    let now = run(Command::new("date")
        .arg("+%Y-%m-%dT%H:%M:%S+00:00")
        .env("TZ", "UTC"));
    let now = String::from_utf8_lossy(&now.stdout).trim().to_owned();
    let text = swap(swap(text, "OccurredAt", &now), "SentAt", &now);
    let file = park.scratch().join("registration.xml");
    std::fs::write(&file, text).unwrap();
    file
}

#[test]
fn what_is_submitted_is_in_the_journal_and_can_be_pulled_with_its_chain() {
    let park = Park::start();
    let file = registration(&park);
    let spool = park.scratch().join("spool");
    let submit = || {
        let mut command = park.client(&["submit"], "enterprise", "enterprise-1");
        run(command.arg("--spool").arg(&spool).arg(&file))
    };
    assert!(said(&submit()).contains("accepted 1, refused 0, waiting 0"));
    // Answered before: nothing waits, nothing is sent.
    assert!(said(&submit()).contains("accepted 0, refused 0, waiting 0"));
    let answers = std::fs::read_dir(spool.join("accepted")).unwrap().count();
    assert_eq!(
        answers, 3,
        "the message, its receipt and the signed answers"
    );

    // No reports is an answer too, said beside the list: what programs read stays empty.
    let list = |words: &[&str]| {
        let mut command = park.client(&["pull", "list"], "regulator", "regulator-1");
        run(command.args(words))
    };
    for (words, said) in [
        (&[][..], "the hub has no reports yet\n"),
        (
            &["--format", "json", "--type", "RPT-01"],
            "the hub has no RPT-01 yet\n",
        ),
    ] {
        let listed = list(words);
        assert_eq!(String::from_utf8_lossy(&listed.stderr), said);
        assert!(listed.stdout.is_empty());
    }

    let out = park.scratch().join("messages.jsonl");
    let mut command = park.client(&["pull", "messages"], "regulator", "regulator-1");
    let kept = park.scratch().join("kept");
    let pull = command.arg("--out").arg(&out).arg("--keep").arg(&kept);
    assert!(said(&run(pull)).contains("chain verified"));
    // One file for each answer, a line for each record.
    let files = std::fs::read_dir(kept).unwrap();
    let records: usize = files
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .map(|text| text.lines().count())
        .sum();
    let pulled = std::fs::read_to_string(&out).unwrap();
    assert!(
        pulled.lines().any(|line| line.contains("SUBMISSION")),
        "{pulled}"
    );
    assert_eq!(records, pulled.lines().count(), "each record is kept");

    let journal = park.data().join("journal");
    let verify = run(Command::new(program())
        .args(["journal", "verify", "--dir"])
        .arg(&journal));
    assert!(said(&verify).starts_with("clean"));
    let export = run(Command::new(program())
        .args(["journal", "export", "--dir"])
        .arg(&journal));
    assert!(said(&export).contains("\"submission\""));
}

#[test]
fn a_regulator_may_not_submit() {
    let park = Park::start();
    let file = registration(&park);
    let spool = park.scratch().join("spool");
    let mut command = park.client(&["submit"], "enterprise", "regulator-1");
    let output = command
        .args(["--patience-s", "0", "--spool"])
        .arg(&spool)
        .arg(&file)
        .output()
        .unwrap();
    assert!(!output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("V015"), "{}", said(&output));
}

#[test]
fn an_emergency_opening_that_nothing_carries_out_is_not_promised() {
    let park = Park::start();
    let answer = park
        .post(
            "/api/emergency-open",
            r#"{"gate":"G-04","ordered_by":"duty","reason":"drill"}"#,
        )
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 409"), "{answer}");
    assert!(answer.contains("C001"), "{answer}");
}

#[test]
fn a_hub_stops_in_good_order_while_its_page_is_open() {
    let mut park = Park::start();
    let port = park.console().rsplit(':').next().unwrap().to_owned();
    let mut page = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    page.set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    write!(
        page,
        "GET /events HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n"
    )
    .unwrap();
    let mut first = [0; 64];
    assert!(page.read(&mut first).unwrap() > 0, "the stream has begun");
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
}
