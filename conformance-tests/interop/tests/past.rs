//! The past as it is seen from outside the program: a data folder that was rolled back, a journal that
//! was changed and made consistent again, papers that end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cordon_contract::{Clock as _, EntryKind, SystemClock};
use cordon_interop::{
    Head, Park, fresh_id, message, message_file, moment, program, remove_partner, run, said,
};
use cordon_journal::probe::sample_batch;
use cordon_journal::{Journal, NewRecord, Options, Reader};
use cordon_model::Digest;
use cordon_model::service::GetMessagesResponse;
use cordon_security::Signer;
use cordon_security::wsse::{self, SoapVersion};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(90);

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn cordon(words: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(words);
    command
}

fn verify(journal: &Path, words: &[&str]) -> Output {
    let mut command = cordon(&["journal", "verify", "--dir"]);
    command.arg(journal).args(words).output().unwrap()
}

/// How `cordon run` ends in a park's folder; panics when the park comes up instead.
fn refuses_to_start(park: &Park) -> String {
    let log = park.scratch().join("refused.log");
    let mut child = cordon(&["run", "--config"])
        .arg(park.data().join("park.toml"))
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(!status.success());
            return std::fs::read_to_string(&log).unwrap();
        }
        let health = park.get("/healthz").unwrap_or_default();
        let is_up = health.starts_with("HTTP/1.1 200");
        if is_up || Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the park started over a journal that was rolled back");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_journal_that_was_rolled_back_is_refused_until_somebody_accepts_it_by_name() {
    let mut park = Park::start();
    let (journal, backup) = (park.data().join("journal"), park.scratch().join("backup"));
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    copy(&journal, &backup);
    let (held, _) = Reader::open(&backup).unwrap().position().unwrap();
    park.kill_and_restart();
    park.wait_until_healthy();
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let (known, _) = Reader::open(&journal).unwrap().position().unwrap();
    assert!(known > held);
    copy(&backup, &journal);

    let words = refuses_to_start(&park);
    assert!(words.contains("J008"), "{words}");
    assert!(
        words.contains(&format!("ends with record {held}")),
        "{words}"
    );
    // Deleting the state, the remedy for a damaged one, does not make it forgotten.
    std::fs::remove_file(park.data().join("state.redb")).unwrap();
    assert!(refuses_to_start(&park).contains("J008"));
    let seen = verify(&journal, &[]);
    assert_eq!(seen.status.code(), Some(1), "{}", said(&seen));
    assert!(said(&seen).contains("J008"), "{}", said(&seen));

    let mut accept = cordon(&["journal", "accept", "--by", "Wang Fang"]);
    accept.args([
        "--reason",
        "disk 2 lost, backup of 30 March restored",
        "--config",
    ]);
    run(accept.arg(park.data().join("park.toml")));
    park.kill_and_restart();
    park.wait_until_healthy();
    let shown = park.bodies();
    assert!(shown.contains("journal.accepted"), "{shown}");
    assert!(
        shown.contains("Wang Fang") && shown.contains("STORAGE_FAIL"),
        "{shown}"
    );
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    assert!(verify(&journal, &[]).status.success());
    // Accepted once, it is no longer in question.
    park.kill_and_restart();
    park.wait_until_healthy();
}

/// A checkpoint file with this head, as whoever pulls keeps one: the hub signed it.
fn pin(park: &Park, name: &str, (number, chain): (u64, [u8; 32])) -> PathBuf {
    let answer = GetMessagesResponse {
        entry: Vec::new(),
        previous_chain_hash: Digest(chain),
        next: number,
        head: number,
        head_chain_hash: Digest(chain),
        more: false,
    };
    let body = cordon_wire::service::write_get_messages_response(&answer).unwrap();
    let papers = park.data().join("certs/hub-1");
    let (certificate, key) = (papers.join("certificate.pem"), papers.join("key.pem"));
    let hub = Signer::load(&certificate, &key).unwrap();
    let signed = wsse::sign(&hub, SoapVersion::V12, [], body, SystemClock.now()).unwrap();
    let chain: String = chain.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = serde_json::json!({
        "park": "JS-DEMO", "hub": "hub-1", "number": number, "chain": chain, "head": number,
        "head_chain": chain, "answered_at": "2026-03-01T08:00:00.000000Z", "statement": STANDARD.encode(signed),
    });
    let file = park.data().join("pins").join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, text.to_string()).unwrap();
    file
}

fn accept(park: &Park) -> String {
    let mut accept = cordon(&["journal", "accept", "--by", "Wang Fang", "--reason", "lost"]);
    said(&run(accept
        .arg("--config")
        .arg(park.data().join("park.toml"))))
}

/// Starts and stops, three times: what was accepted once holds for every later start.
fn starts_each_time(park: &mut Park) {
    for _ in 0..3 {
        park.start_again();
        park.wait_until_healthy();
        assert_eq!(park.terminate(), Some(0), "{}", park.log());
    }
}

/// The first start after the acceptance went on, and every later one was refused for the same pin.
#[test]
fn a_pin_that_was_given_up_by_name_is_asked_for_no_more_and_any_other_is() {
    let mut park = Park::start();
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let (journal, backup) = (park.data().join("journal"), park.scratch().join("backup"));
    copy(&journal, &backup);
    let held = Reader::open(&backup).unwrap().position().unwrap();
    park.start_again();
    park.wait_until_healthy();
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let known = Reader::open(&journal).unwrap().position().unwrap();
    assert!(known.0 > held.0);
    // A backup that is whole: nothing in the folder knows more than its journal.
    copy(&backup, &journal);
    for name in ["state.redb", "witness"] {
        std::fs::remove_file(park.data().join(name)).unwrap();
    }
    let (met, lost) = (pin(&park, "met.json", held), pin(&park, "lost.json", known));
    let words = refuses_to_start(&park);
    assert!(
        words.contains("J008") && words.contains("lost.json"),
        "{words}"
    );

    let aside = park.data().join("pins/accepted");
    let words = accept(&park);
    let told = format!("asked for no more: {}", aside.join("lost.json").display());
    assert!(words.contains(&told), "{words}");
    assert!(met.exists() && !lost.exists() && aside.join("lost.json").exists());
    starts_each_time(&mut park);
    let shown = park.bodies();
    assert!(
        shown.contains("set aside in pins/accepted, and asked for no more: lost.json"),
        "{shown}"
    );

    // The same once more says nothing new; another head contradicts, above the journal's end or within it.
    pin(&park, "lost.json", known);
    starts_each_time(&mut park);
    let end = Reader::open(&journal).unwrap().position().unwrap().0;
    for number in [held.0, end + 100] {
        pin(&park, "lost.json", (number, [7; 32]));
        let words = refuses_to_start(&park);
        assert!(words.contains("J008"), "{words}");
        accept(&park);
        starts_each_time(&mut park);
    }
    let mut aside = files_in(&aside);
    aside.retain(|file| file.extension().is_some_and(|it| it == "json"));
    assert_eq!(aside.len(), 3, "{aside:?}");
    assert!(met.exists());
}

/// A journal of several segments in its own folder.
fn small_journal(folder: &Path) {
    let options = Options {
        segment_bytes: 32 * 1024,
        reserve_bytes: 4096,
        warn_free_bytes: 0,
        floor_free_bytes: 0,
        ..Options::new("JS-DEMO/hub-1")
    };
    let mut journal = Journal::open(folder, options).unwrap();
    for n in 0..60 {
        journal.append_batch(&sample_batch(3, 700, n)).unwrap();
    }
}

#[test]
fn verify_says_that_the_first_segment_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    small_journal(&journal);
    assert!(verify(&journal, &[]).status.success());
    std::fs::remove_file(journal.join("00000001.seg")).unwrap();
    let seen = verify(&journal, &[]);
    assert_eq!(seen.status.code(), Some(1), "{}", said(&seen));
    assert!(said(&seen).contains("J050"), "{}", said(&seen));
}

#[test]
fn verify_does_not_call_a_changed_last_batch_torn() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    small_journal(&journal);
    let mut segments: Vec<PathBuf> = std::fs::read_dir(&journal)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "seg"))
        .filter(|path| {
            std::fs::read(path).unwrap()[4096..]
                .iter()
                .any(|it| *it != 0)
        })
        .collect();
    segments.sort();
    let last = segments.last().unwrap();
    let mut bytes = std::fs::read(last).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[end - 300] ^= 4;
    std::fs::write(last, bytes).unwrap();
    let seen = verify(&journal, &[]);
    assert_eq!(seen.status.code(), Some(1), "{}", said(&seen));
    assert!(said(&seen).contains("J051"), "{}", said(&seen));
    assert!(
        !said(&seen).contains("never acknowledged"),
        "{}",
        said(&seen)
    );
}

/// A registration of this plate in the name of `sender`, sent by enterprise-1, and what is said
/// of it. In another's name it is refused, and the refusal is an entry.
fn register(park: &Park, plate: &str, sender: &str) -> String {
    let id = fresh_id();
    let reference: String = plate.chars().filter(char::is_ascii).collect();
    let fields = format!(
        "<c:RegistrationId>REG-{reference}</c:RegistrationId><c:Plate><c:Number>{plate}</c:Number>\
         <c:Colour>YELLOW</c:Colour></c:Plate><c:SubjectKind>VEH_FREIGHT</c:SubjectKind>\
         <c:EnterpriseId>enterprise-1</c:EnterpriseId><c:ValidFrom>{}</c:ValidFrom>\
         <c:ValidTo>{}</c:ValidTo><c:State>ACTIVE</c:State>",
        moment(0),
        moment(86_400)
    );
    let text = message(Head::of(sender), &id, "VehicleRegistration", &fields);
    said(&park.submit("enterprise-1", &[message_file(park.scratch(), &id, &text)]))
}

/// The journal's records as they were handed in.
fn records(journal: &Path) -> Vec<NewRecord> {
    let records = Reader::open(journal).unwrap().read_from(1).unwrap();
    records.map(|record| record.unwrap().to_new()).collect()
}

/// A journal of these records with chain, checksums and seals made anew.
fn rewritten(folder: &Path, records: &[NewRecord]) -> PathBuf {
    let journal = folder.join("journal");
    let mut writer = Journal::open(&journal, Options::new("JS-DEMO/hub-1")).unwrap();
    writer.append_batch(records).unwrap();
    journal
}

fn position(records: &[NewRecord], kind: EntryKind) -> usize {
    let at = records.iter().position(|it| it.kind == kind.number());
    at.unwrap_or_else(|| panic!("no {kind:?} in the journal"))
}

#[test]
fn a_journal_rewritten_in_three_ways_is_found_by_receipts_by_reports_and_by_the_checkpoint() {
    let mut park = Park::start();
    let words = register(&park, "苏H11111", "enterprise-2");
    assert!(words.contains("refused 1"), "{words}");
    for plate in ["苏H12345", "苏H22222"] {
        let words = register(&park, plate, "enterprise-1");
        assert!(words.contains("accepted 1"), "{words}");
    }
    park.build_report();
    let out = park.scratch().join("messages.jsonl");
    let mut pull = park.client(&["pull", "messages"], "regulator", "regulator-1");
    run(pull.arg("--out").arg(&out));
    assert_eq!(park.terminate(), Some(0), "{}", park.log());

    let journal = park.data().join("journal");
    let path = |path: PathBuf| path.display().to_string();
    let receipts = path(park.spool("enterprise-1").join("accepted"));
    let reports = path(park.data().join("reports"));
    let checkpoint = path(park.scratch().join("messages.jsonl.checkpoint.json"));
    let trust = path(park.data().join("certs/ca"));
    let ways = [
        ("receipts", vec!["--receipts", &receipts, "--trust", &trust]),
        ("reports", vec!["--reports", &reports, "--trust", &trust]),
        (
            "checkpoint",
            vec!["--checkpoint", &checkpoint, "--trust", &trust],
        ),
    ];
    let deep = ["--deep", "--trust", &trust];
    let honest = records(&journal);
    let mut plate = honest.clone();
    let at = position(&plate, EntryKind::Submission);
    let text = String::from_utf8(plate[at].body.to_vec()).unwrap();
    assert!(text.contains("苏H12345"), "{text}");
    plate[at].body = text.replace("苏H12345", "苏H54321").into_bytes().into();
    let mut dropped = honest.clone();
    dropped.remove(position(&honest, EntryKind::Refused));
    let mut swapped = honest.clone();
    let at = position(&honest, EntryKind::Refused);
    swapped.swap(at, at + 1);
    for (what, records) in [("a plate", plate), ("a refusal", dropped), ("two", swapped)] {
        let folder = tempfile::tempdir().unwrap();
        let made = rewritten(folder.path(), &records);
        let alone = verify(&made, &[]);
        assert!(alone.status.success(), "{what}: {}", said(&alone));
        for (way, words) in &ways {
            let seen = verify(&made, words);
            assert_eq!(
                seen.status.code(),
                Some(1),
                "{what} by {way}: {}",
                said(&seen)
            );
            // Another entry under the number, or none at all where one was dropped.
            let words = said(&seen);
            let is_found = words.contains("J006") || words.contains("J008");
            assert!(is_found, "{what} by {way}: {words}");
        }
        if what == "a plate" {
            let seen = verify(&made, &deep);
            assert_eq!(seen.status.code(), Some(1), "{}", said(&seen));
            assert!(said(&seen).contains("V006"), "{}", said(&seen));
            assert!(said(&seen).contains("J055"), "{}", said(&seen));
        }
    }
    // The journal as it was agrees with all of them.
    for (way, words) in &ways {
        let seen = verify(&journal, words);
        assert!(seen.status.success(), "{way}: {}", said(&seen));
    }
    let seen = verify(&journal, &deep);
    assert!(seen.status.success(), "{}", said(&seen));
    assert!(said(&seen).contains("deep: "), "{}", said(&seen));
}

/// As a program that asked no table of authority wrote it: no word of one at the start, no standing with
/// a message.
fn unjudged(mut record: NewRecord) -> NewRecord {
    let text = String::from_utf8_lossy(&record.body).into_owned();
    if record.label == "hub.start" {
        record.body = text.replace("<c:Detail>authority/1</c:Detail>", "").into();
    }
    if record.kind == EntryKind::Message.number() {
        record.flags &= 0b111_1111;
    }
    record
}

/// The registration of a certificate that no plan knows any more was passed over, and only an alarm and
/// the log had said so.
#[test]
fn entries_that_their_sender_might_not_say_are_told_for_as_long_as_they_stand() {
    let mut park = Park::start();
    let words = register(&park, "苏H12345", "enterprise-1");
    assert!(words.contains("accepted 1"), "{words}");
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let journal = park.data().join("journal");
    let older: Vec<NewRecord> = records(&journal).into_iter().map(unjudged).collect();
    std::fs::remove_dir_all(&journal).unwrap();
    rewritten(&park.data(), &older);
    // The next program keeps its state in another form, and the plant has left the park.
    for name in ["state.redb", "witness"] {
        // An older program has no witness.
        let _ = std::fs::remove_file(park.data().join(name));
    }
    remove_partner(&park.data(), "enterprise-1");

    let told = "warning: journal: 1 entries F067";
    let counted = "\ncordon_journal_unlawful_entries 1\n";
    park.start_again();
    for restarted in [false, true] {
        park.wait_until_health(told);
        let health = park.get("/healthz").unwrap();
        assert!(health.starts_with("HTTP/1.1 200"), "{health}");
        let metrics = park.get("/metrics").unwrap();
        assert!(metrics.contains(counted), "{restarted}: {metrics}");
        let alarms = park.view()["alarms"].clone();
        let about = |alarm: &&Value| alarm["code"] == "SCHEMA_INVALID";
        let levels: Vec<&Value> = alarms.as_array().unwrap().iter().filter(about).collect();
        assert_eq!(levels.len(), 1, "{restarted}: told once: {alarms}");
        assert_eq!(levels[0]["level"], "ORANGE", "{alarms}");
        park.kill_and_restart();
    }
}

/// Waits until another second of the clock has begun: a list names the second of a revocation, and what
/// was signed within it may have been signed before or after.
fn next_second() {
    let second = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs()
    };
    let began = second();
    while second() == began {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A receipt as anybody can write it: it says of entry 1 what the journal does not.
fn forge(receipt: &str) -> String {
    let (before, rest) = receipt.split_once("<c:ChainHash>").unwrap();
    let (hash, after) = rest.split_once("</c:ChainHash>").unwrap();
    let other = match hash.starts_with('0') {
        true => hash.replacen('0', "1", 1),
        false => hash.replacen(|_| true, "0", 1),
    };
    format!("{before}<c:ChainHash>{other}</c:ChainHash>{after}")
}

#[test]
fn a_receipt_without_the_hubs_signature_accuses_nobody_and_the_kept_one_is_signed() {
    let mut park = Park::start();
    let words = register(&park, "苏H12345", "enterprise-1");
    assert!(words.contains("accepted 1"), "{words}");
    let words = register(&park, "苏H11111", "enterprise-2");
    assert!(words.contains("refused 1"), "{words}");
    let out = park.scratch().join("messages.jsonl");
    let mut pull = park.client(&["pull", "messages"], "regulator", "regulator-1");
    run(pull.arg("--out").arg(&out));
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let journal = park.data().join("journal");
    let trust = park.data().join("certs/ca").display().to_string();
    let lay = |option: &str, what: &Path| {
        let what = what.display().to_string();
        verify(&journal, &[option, &what, "--trust", &trust])
    };

    // The whole signed answer is kept beside what it settled, and another's tool verifies it.
    let spool = park.spool("enterprise-1");
    for state in ["accepted", "refused"] {
        let signed = files_in(&spool.join(state).join("signed"));
        assert_eq!(signed.len(), 1, "{state}: {signed:?}");
        cordon_interop::xmlsec1_verifies(&signed[0], &park);
    }
    let accepted = spool.join("accepted");
    let seen = lay("--receipts", &accepted);
    assert!(seen.status.success(), "{}", said(&seen));
    assert!(
        said(&seen).contains("against it: 1 receipts"),
        "{}",
        said(&seen)
    );

    // A bare receipt, as it stands and forged; the signed answer, changed.
    let bare = files_in(&accepted)
        .into_iter()
        .find(|file| file.display().to_string().ends_with(".answer.xml"))
        .unwrap();
    let bare = std::fs::read_to_string(bare).unwrap();
    let signed = &files_in(&accepted.join("signed"))[0];
    let signed = std::fs::read_to_string(signed).unwrap();
    for (what, text, why) in [
        ("bare", bare.clone(), "unsigned"),
        ("forged", forge(&bare), "unsigned"),
        ("signed and changed", forge(&signed), "V006"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("receipt.xml"), text).unwrap();
        let seen = lay("--receipts", folder.path());
        let words = said(&seen);
        assert_eq!(seen.status.code(), Some(66), "{what}: {words}");
        assert!(
            words.contains("clean") && !words.contains("DAMAGED"),
            "{what}: {words}"
        );
        assert!(
            words.contains("proves nothing") && words.contains(why),
            "{what}: {words}"
        );
    }
    // So it is of a checkpoint that says more than the signed answer in it.
    let checkpoint = park.scratch().join("messages.jsonl.checkpoint.json");
    assert!(lay("--checkpoint", &checkpoint).status.success());
    let mut text: Value = serde_json::from_slice(&std::fs::read(&checkpoint).unwrap()).unwrap();
    text["chain"] = "0".repeat(64).into();
    std::fs::write(&checkpoint, text.to_string()).unwrap();
    let seen = lay("--checkpoint", &checkpoint);
    assert_eq!(seen.status.code(), Some(66), "{}", said(&seen));
    assert!(said(&seen).contains("proves nothing"), "{}", said(&seen));
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

#[test]
fn a_replay_reads_the_journal_of_the_configuration_it_is_given() {
    let mut park = Park::start();
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    let elsewhere = tempfile::tempdir().unwrap();
    let mut replay = cordon(&["journal", "replay", "--config"]);
    replay.arg(park.data().join("park.toml"));
    let seen = replay.current_dir(elsewhere.path()).output().unwrap();
    assert!(seen.status.success(), "{}", said(&seen));
    assert!(said(&seen).contains("entries stepped"), "{}", said(&seen));
}

/// What a superseded hub and a superseded enterprise signed was V012; it stays good.
#[test]
fn signed_evidence_outlives_its_certificate() {
    let mut park = Park::start();
    let words = register(&park, "苏H12345", "enterprise-1");
    assert!(words.contains("accepted 1"), "{words}");
    park.build_report();
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    next_second();
    let ca = park.data().join("certs/ca");
    let listed = run(cordon(&["cert", "list", "--format", "json", "--dir"]).arg(&ca));
    for line in said(&listed).lines() {
        let one: Value = serde_json::from_str(line).unwrap();
        if ["hub-1", "enterprise-1"].contains(&one["id"].as_str().unwrap()) {
            let mut revoke = cordon(&["cert", "revoke", "--reason", "superseded", "--serial"]);
            run(revoke
                .arg(one["serial"].as_str().unwrap())
                .arg("--dir")
                .arg(&ca));
        }
    }
    let report = find_report(&park.data().join("reports"));
    let mut verified = cordon(&["cert", "verify", "--trust"]);
    run(verified.arg(&ca).arg(report));
    let receipts = park.spool("enterprise-1").join("accepted");
    let (ca, receipts) = (ca.display().to_string(), receipts.display().to_string());
    let words = ["--deep", "--trust", &ca, "--receipts", &receipts];
    let seen = verify(&park.data().join("journal"), &words);
    assert!(seen.status.success(), "{}", said(&seen));
    assert!(
        said(&seen).contains("against it: 1 receipts"),
        "{}",
        said(&seen)
    );
}

fn find_report(folder: &Path) -> PathBuf {
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "xml") {
                return path;
            }
        }
    }
    panic!("no report");
}

#[test]
fn the_calendar_names_lists_register_and_certificates_and_metrics_count_their_seconds() {
    let park = Park::start();
    let metrics = park.get("/metrics").unwrap();
    assert!(
        metrics.contains("cordon_certificate_expires_seconds{kind=\"crl\""),
        "{metrics}"
    );
    let ca = park.data().join("certs/ca");
    let shown = run(cordon(&["cert", "calendar", "--format", "json", "--trust"]).arg(&ca));
    let lines: Vec<Value> = said(&shown)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let days = |kind: &str, name: &str| {
        let line = lines
            .iter()
            .find(|it| it["kind"] == kind && it["name"].as_str().unwrap().contains(name));
        line.unwrap_or_else(|| panic!("no {kind} {name}: {lines:?}"))["days_left"]
            .as_i64()
            .unwrap()
    };
    assert!((28..=30).contains(&days("crl", "Issuing CA")));
    assert!((28..=30).contains(&days("register", "")));
    assert!(days("certificate", "enterprise-1") > 300);
    let soon = cordon(&["cert", "calendar", "--within", "31", "--config"])
        .arg(park.data().join("park.toml"))
        .output()
        .unwrap();
    assert_eq!(soon.status.code(), Some(1), "{}", said(&soon));
}

/// OpenSSL 3.0 reads the keys we make, and requests under the older label are taken.
#[test]
fn ed25519_keys_and_requests_of_others_pass_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca");
    run(cordon(&["cert", "init", "--park", "JS-DEMO", "--dir"]).arg(&ca));
    let issue = |words: &[&str], out: &str| {
        let mut command = cordon(&["cert", "issue", "--role", "enterprise"]);
        command.args(words).arg("--dir").arg(&ca);
        run(command.arg("--out").arg(folder.path().join(out)))
    };
    issue(&["--id", "plant-a", "--algorithm", "ed25519"], "plant-a");
    let key = std::fs::read_to_string(folder.path().join("plant-a/key.pem")).unwrap();
    // Version 1 of PKCS#8 around an Ed25519 seed always begins so.
    let body = key.lines().nth(1).unwrap();
    assert!(
        body.starts_with("MC4CAQAwBQYDK2VwBCIEI"),
        "PKCS#8 of another version"
    );
    let openssl = cordon_interop::system("openssl");
    run(Command::new(&openssl)
        .args(["pkey", "-noout", "-text", "-in"])
        .arg(folder.path().join("plant-a/key.pem")));

    let (key, csr) = (folder.path().join("b.key"), folder.path().join("b.csr"));
    run(Command::new(&openssl)
        .args([
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args(["-subj", "/CN=plant-b", "-keyout"])
        .arg(key)
        .arg("-out")
        .arg(&csr));
    let text = std::fs::read_to_string(&csr).unwrap();
    let older = text.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST");
    std::fs::write(&csr, older).unwrap();
    issue(
        &["--id", "plant-b", "--csr", &csr.display().to_string()],
        "plant-b",
    );
}
