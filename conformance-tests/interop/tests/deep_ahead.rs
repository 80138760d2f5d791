//! A journal is examined by what the hub held and what its clock showed: whose certificate is revoked later, or by a list
//! that the hub had not read yet, had a good one when he was heard. Whoever was put behind that list had none.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;
use std::process::{Command, Output};

use cordon_contract::{Clock as _, EntryKind, SystemClock};
use cordon_interop::{Faults, Head, Park, fresh_id, message, message_file, moment, program, said};
use cordon_journal::{Journal, NewRecord, Options, Reader};
use cordon_security::Signer;
use cordon_security::ca::{Authority, Reason};

const DAY: i64 = 86_400;

fn say(park: &Park) -> String {
    say_under(park, &[])
}

/// What the client prints that says something as enterprise-2, with this environment.
fn say_under(park: &Park, envs: &[(String, String)]) -> String {
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
    submit.envs(envs.iter().map(|(name, value)| (name, value)));
    said(&submit.arg("--spool").arg(spool).arg(file).output().unwrap())
}

/// The certificate of enterprise-2 counts no more from now on.
fn revoke(certs: &Path) {
    let folder = certs.join("enterprise-2");
    let signer = Signer::load(&folder.join("chain.pem"), &folder.join("key.pem")).unwrap();
    let now = SystemClock.now();
    let mut ca = Authority::open(&certs.join("ca")).unwrap();
    let serial = signer.certificate().serial();
    ca.revoke(serial, Reason::KeyCompromise, now).unwrap();
    ca.crl(now).unwrap();
}

fn verify(park: &Park) -> Output {
    verify_of(park, &park.data().join("journal"))
}

fn verify_of(park: &Park, journal: &Path) -> Output {
    let mut verify = Command::new(program());
    verify.args(["journal", "verify", "--deep", "--dir"]);
    verify.arg(journal);
    verify.arg("--trust").arg(park.data().join("certs/ca"));
    verify.output().unwrap()
}

/// It was called DAMAGED: V012 after a day ahead, V013 once the lead was longer than a certificate is good.
#[test]
fn a_journal_ahead_of_the_clock_is_clean_after_a_revocation() {
    for ahead in [DAY, 400 * DAY] {
        let scratch = tempfile::tempdir().unwrap();
        let mut made = None;
        let mut park = Park::start_under(|data| {
            let faults = Faults::new(scratch.path(), data);
            let envs = faults.envs();
            made = Some(faults);
            envs
        });
        let faults = made.unwrap();
        park.kill();
        faults.clock_ahead(ahead);
        park.start_again();
        park.wait_until_healthy();
        park.kill();
        faults.clock_ahead(0);
        park.start_again();
        park.wait_until_health("warning: clock: the journal is +");
        let told = say(&park);
        assert!(told.contains("accepted 1"), "{told}\n{}", park.log());
        assert_eq!(park.terminate(), Some(0), "{}", park.log());
        // One that is revoked in the same second counted no more.
        std::thread::sleep(std::time::Duration::from_millis(1_100));
        revoke(&park.data().join("certs"));
        let found = verify(&park);
        assert!(found.status.success(), "{ahead}: {}", said(&found));
        let text = said(&found);
        assert!(
            text.contains("clean") && text.contains("1 signatures"),
            "{text}"
        );
    }
}

/// It is whole, and so many messages were heard before the hub had read the list that revokes their sender.
fn is_clean(found: &Output, unread: usize) {
    let text = said(found);
    assert!(found.status.success() && text.contains("clean"), "{text}");
    assert_eq!(text.matches("J057 entry").count(), unread, "{text}");
}

/// The message was accepted before its sender's certificate was revoked, and was called damage for ever: the hub's clock
/// had shown a later hour.
#[test]
fn whom_a_hub_heard_whose_clock_was_ahead_had_a_good_certificate() {
    let scratch = tempfile::tempdir().unwrap();
    let mut made = None;
    let mut park = Park::start_under(|data| {
        let faults = Faults::new(scratch.path(), data);
        let envs = faults.envs();
        made = Some(faults);
        envs
    });
    let faults = made.unwrap();
    park.kill();
    faults.clock_ahead(DAY / 3);
    park.start_again();
    park.wait_until_healthy();
    let told = say_under(&park, &faults.envs());
    assert!(told.contains("accepted 1"), "{told}\n{}", park.log());
    park.kill();
    faults.clock_ahead(0);
    park.start_again();
    park.wait_until_health("warning: clock: the journal is +");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    revoke(&park.data().join("certs"));
    is_clean(&verify(&park), 1);
    // Also once the hub goes by the new list.
    park.kill();
    park.start_again();
    park.wait_until_health("warning: clock: the journal is +");
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    is_clean(&verify(&park), 1);
}

fn records(journal: &Path) -> Vec<NewRecord> {
    let records = Reader::open(journal).unwrap().read_from(1).unwrap();
    records.map(|record| record.unwrap().to_new()).collect()
}

/// Whether a journal of these records, its chain made anew, is whole below the chain; what is said of it.
fn examined(park: &Park, records: &[NewRecord]) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let mut writer = Journal::open(&journal, Options::new("JS-DEMO/hub-1")).unwrap();
    writer.append_batch(records).unwrap();
    drop(writer);
    let found = verify_of(park, &journal);
    (found.status.success(), said(&found))
}

/// The submission and the message in it once more, at the end.
fn forged(honest: &[NewRecord]) -> Vec<NewRecord> {
    let is_submission = |it: &NewRecord| it.kind == EntryKind::Submission.number();
    let at = honest.iter().position(is_submission).unwrap();
    let mut records = honest.to_vec();
    let number = u64::try_from(records.len() + 1).unwrap();
    records.push(honest[at].clone());
    let part = NewRecord {
        cause: number,
        ..honest[at + 1].clone()
    };
    assert_eq!(part.label, "OnDutyStatus");
    records.push(part);
    records
}

/// As a program wrote it that told of no lists, its messages heard so many seconds later.
fn untold(honest: &[NewRecord], later: i64) -> Vec<NewRecord> {
    let older = honest.iter().cloned().map(|mut record| {
        if record.label == "trust.list" {
            record.kind = EntryKind::Tick.number();
        }
        record.time_micros += later * 1_000_000;
        record
    });
    older.collect()
}

/// The hub reads the list within a minute, and whatever it accepted until then was called damage for ever.
#[test]
fn what_a_hub_accepts_before_it_reads_the_list_is_no_damage_and_what_is_put_behind_it_is() {
    let mut park = Park::start();
    revoke(&park.data().join("certs"));
    let told = say(&park);
    assert!(told.contains("accepted 1"), "{told}\n{}", park.log());
    is_clean(&verify(&park), 1);
    park.kill();
    park.start_again();
    park.wait_until_healthy();
    let told = say(&park);
    assert!(!told.contains("accepted 1"), "{told}");
    assert_eq!(park.terminate(), Some(0), "{}", park.log());
    is_clean(&verify(&park), 1);

    let honest = records(&park.data().join("journal"));
    let (is_whole, words) = examined(&park, &forged(&honest));
    assert!(!is_whole && words.contains("V012 entry"), "{words}");
    assert!(words.contains("J057 entry"), "the honest one: {words}");
    // A journal that tells of no list goes by the date of the revocation, and by how long a hub takes to read it.
    let (is_whole, words) = examined(&park, &untold(&honest, 0));
    assert!(is_whole && words.contains("J057 entry"), "{words}");
    let (is_whole, words) = examined(&park, &untold(&honest, 100));
    assert!(!is_whole && words.contains("V012 entry"), "{words}");
}
