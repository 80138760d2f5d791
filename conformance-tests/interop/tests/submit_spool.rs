//! What `cordon submit` does with its spool: the order in which messages leave, and what stays.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod stand_in;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use cordon_contract::{Clock as _, SystemClock};
use cordon_http::{Handler, Request, Response};
use cordon_interop::{
    Head, Park, change_config, message, message_file, moment, program, run, said,
};
use cordon_model::service::{Answer, SubmissionResult, SubmitMessagesResponse};
use cordon_model::{Digest, Header, Receipt, Refusal};
use cordon_security::Signer;
use cordon_security::wsse::{self, SoapVersion};
use cordon_services::request_digest;
use cordon_wire::{message_digest, service as wire, soap};
use stand_in::StandIn;

/// What a hub of the test's own says to everything.
#[derive(Clone, Copy)]
enum Says {
    /// It is stopping.
    Stopping,
    /// A receipt for an entry of its own for each.
    Receipts,
    /// Receipts for one entry.
    OneEntry,
    /// Receipts for no entry, as of openings before they are journaled.
    NoEntry,
    /// No, in these words.
    No(&'static str),
}

struct Answering {
    signer: Signer,
    says: Mutex<Says>,
    /// The ids that came, in the order of the requests.
    seen: Mutex<Vec<String>>,
}

impl Answering {
    fn answer(&self, body: &[u8]) -> Vec<u8> {
        let document = cordon_xml::Document::parse(body.to_vec(), &cordon_xml::Limits::default());
        let document = document.unwrap();
        let submission = soap::open(&document).unwrap().payload;
        let asked = wire::read_submit_messages(submission).unwrap();
        let nodes = submission.children().filter(|it| it.local() == "Message");
        let digests = nodes.map(message_digest);
        let messages = asked.message.iter().zip(1..).zip(digests);
        let result = messages.map(|((message, index), digest)| {
            let header = &message.header;
            self.seen
                .lock()
                .unwrap()
                .push(header.message_id.to_string());
            let said = *self.says.lock().unwrap();
            let answer = match said {
                Says::Stopping => refusal(header, ("F007", "the hub is stopping")),
                Says::No(words) => refusal(header, ("F032", words)),
                Says::Receipts => receipt(header, digest, 6 + u64::from(index)),
                Says::OneEntry => receipt(header, digest, 7),
                Says::NoEntry => receipt(header, digest, 0),
            };
            SubmissionResult { index, answer }
        });
        let response = SubmitMessagesResponse {
            result: result.collect(),
        };
        wire::write_submit_messages_response(&response).unwrap()
    }
}

fn refusal(header: &Header, (code, words): (&str, &str)) -> Answer {
    Answer::Refusal(Refusal {
        message_id: Some(header.message_id),
        sender_id: None,
        code: code.into(),
        place: words.into(),
        detail: words.into(),
        remedy: words.into(),
        entry_number: None,
        refused_at: SystemClock.now(),
    })
}

fn receipt(header: &Header, digest: Digest, entry_number: u64) -> Answer {
    Answer::Receipt(Receipt {
        message_id: header.message_id,
        sender_id: header.sender_id.clone(),
        park_code: header.park_code.clone(),
        entry_number,
        digest,
        chain_hash: Digest([7; 32]),
        received_at: SystemClock.now(),
        warning: Vec::new(),
    })
}

impl Handler for Answering {
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>> {
        Box::pin(async move {
            let payload = self.answer(request.http.body());
            let block = request_digest(request.http.body());
            let now = SystemClock.now();
            let signed = wsse::sign(&self.signer, SoapVersion::V12, block, payload, now).unwrap();
            Response::new(signed.into())
        })
    }
}

/// `cordon submit` as `enterprise-1` of the park prepared in `data`.
fn submit(data: &Path, url: &str, spool: &Path, files: &[PathBuf]) -> Output {
    let certs = data.join("certs");
    Command::new(program())
        .args(["submit", "--patience-s", "1", "--url", url])
        .arg("--certs")
        .arg(certs.join("enterprise-1"))
        .arg("--trust")
        .arg(certs.join("ca"))
        .arg("--spool")
        .arg(spool)
        .args(files)
        .output()
        .unwrap()
}

fn files_in(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .filter(|it| it.as_ref().unwrap().path().is_file())
        .count()
}

fn grant(folder: &Path, id: &str, occurred_s: i64, state: &str) -> PathBuf {
    let until = moment(3_600);
    grant_of(folder, id, (occurred_s, state), ("", &until))
}

fn grant_of(
    folder: &Path,
    id: &str,
    (occurred_s, state): (i64, &str),
    (gates, until): (&str, &str),
) -> PathBuf {
    let fields = format!(
        "<c:GrantId>GR-1</c:GrantId><c:ClassLetter>F</c:ClassLetter>\
         <c:SubjectKind>VEH_FREIGHT</c:SubjectKind><c:Plate><c:Number>苏H12345</c:Number>\
         <c:Colour>YELLOW</c:Colour></c:Plate><c:EnterpriseId>enterprise-1</c:EnterpriseId>{gates}\
         <c:ValidFrom>{}</c:ValidFrom><c:ValidTo>{until}</c:ValidTo>\
         <c:ChecksPassed>true</c:ChecksPassed><c:State>{state}</c:State>",
        moment(-60)
    );
    let head = Head {
        occurred_s,
        ..Head::of("enterprise-1")
    };
    message_file(folder, id, &message(head, id, "AccessGrant", &fields))
}

/// A park prepared in `data`, and a hub with its key.
fn answering(data: &Path, says: Says) -> (Arc<Answering>, StandIn) {
    run(Command::new(program())
        .arg("prepare")
        .arg("--data")
        .arg(data));
    let certs = data.join("certs/hub-1");
    let hub = Arc::new(Answering {
        signer: Signer::load(&certs.join("chain.pem"), &certs.join("key.pem")).unwrap(),
        says: Mutex::new(says),
        seen: Mutex::default(),
    });
    let served = StandIn::start(hub.clone());
    (hub, served)
}

#[test]
fn what_is_refused_for_a_passing_reason_waits_in_the_spool_and_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("park");
    let (hub, served) = answering(&data, Says::Stopping);
    let url = served.url("/soap/enterprise");

    let spool = folder.path().join("spool");
    // The ids run against the order in which the messages are given.
    let ids = [
        "ffffffff-0000-4000-8000-000000000001",
        "00000000-0000-4000-8000-000000000002",
    ];
    let files = [
        grant(folder.path(), ids[0], -2, "ACTIVE"),
        grant(folder.path(), ids[1], -1, "WITHDRAWN"),
    ];
    let answer = submit(&data, &url, &spool, &files);
    assert_eq!(answer.status.code(), Some(75), "{}", said(&answer));
    assert_eq!(files_in(&spool.join("refused")), 0);
    assert_eq!(files_in(&spool.join("waiting")), 2);
    let waits = format!("messages that wait in {}: 2", spool.display());
    assert!(said(&answer).contains(&waits), "{}", said(&answer));
    // Nobody listens: what waits is said too, and what sends it.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    drop(silent);
    let answer = submit(
        &data,
        &format!("http://{address}/soap/enterprise"),
        &spool,
        &[],
    );
    assert_eq!(answer.status.code(), Some(69), "{}", said(&answer));
    let words = format!("{waits}, the same command without files sends them");
    assert!(said(&answer).contains(&words), "{}", said(&answer));

    *hub.says.lock().unwrap() = Says::Receipts;
    let answer = submit(&data, &url, &spool, &[]);
    assert_eq!(answer.status.code(), Some(0), "{}", said(&answer));
    assert_eq!(files_in(&spool.join("waiting")), 0);
    assert_eq!(
        files_in(&spool.join("accepted")),
        4,
        "messages and receipts"
    );
    let signed = files_in(&spool.join("accepted/signed"));
    assert_eq!(signed, 1, "the signed answer once for the batch");
    // Every request had both, in the order given, the one after the restart too.
    for both in hub.seen.lock().unwrap().chunks(2) {
        assert_eq!(both, ids);
    }
}

/// Both were accepted, and one of them stood nowhere.
#[test]
fn one_entry_for_two_messages_is_refused_and_both_wait() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("park");
    let (hub, served) = answering(&data, Says::OneEntry);
    let url = served.url("/soap/enterprise");
    let (spool, late) = (folder.path().join("spool"), folder.path().join("late"));
    let ids = [
        "00000000-0000-4000-8000-000000000005",
        "00000000-0000-4000-8000-000000000006",
    ];
    let files = ids.map(|id| grant(folder.path(), id, -1, "ACTIVE"));
    let answer = submit(&data, &url, &spool, &files);
    let words = said(&answer);
    assert_eq!(answer.status.code(), Some(1), "{words}");
    let told = format!(
        "EntryNumber is 7, which was given to message {} too",
        ids[0]
    );
    assert!(words.contains("S032") && words.contains(&told), "{words}");
    assert!(words.contains("messages that wait in"), "{words}");
    assert_eq!(files_in(&spool.join("waiting")), 2);
    assert_eq!(files_in(&spool.join("accepted")), 0);
    // Alone each has an entry of its own, and openings that are not journaled yet have none.
    for (says, spool) in [(Says::Receipts, &spool), (Says::NoEntry, &late)] {
        *hub.says.lock().unwrap() = says;
        let answer = submit(&data, &url, spool, &files);
        assert_eq!(answer.status.code(), Some(0), "{}", said(&answer));
        assert!(said(&answer).contains("accepted 2"), "{}", said(&answer));
    }
}

/// The rest of a remedy stood there as a line of the program's own.
#[test]
fn what_a_hub_refuses_with_stays_on_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("park");
    let words = "no\naccepted 1, refused 0\u{202E}\t.";
    let (_hub, served) = answering(&data, Says::No(words));
    let file = grant(
        folder.path(),
        "00000000-0000-4000-8000-000000000007",
        -1,
        "ACTIVE",
    );
    let url = served.url("/soap/enterprise");
    let answer = submit(&data, &url, &folder.path().join("spool"), &[file]);
    let told = said(&answer);
    assert_eq!(answer.status.code(), Some(1), "{told}");
    let line = r"no\naccepted 1, refused 0\u{202e}\t.";
    let line = format!("refused: F032: {line} at {line}; {line}\n");
    assert!(told.contains(&line), "{told}");
    assert!(
        !told.contains("\naccepted 1") && !told.contains('\u{202E}'),
        "{told}"
    );
}

#[test]
fn a_withdrawal_given_after_its_grant_comes_after_it_whatever_the_ids() {
    let park = Park::start();
    let ids = [
        "ffffffff-0000-4000-8000-000000000001",
        "00000000-0000-4000-8000-000000000002",
    ];
    let files = [
        grant(park.scratch(), ids[0], -2, "ACTIVE"),
        grant(park.scratch(), ids[1], -1, "WITHDRAWN"),
    ];
    let url = format!("{}/soap/enterprise", park.exchange());
    let answer = submit(&park.data(), &url, &park.scratch().join("spool"), &files);
    assert!(said(&answer).contains("accepted 2"), "{}", said(&answer));
    let entries = park.bodies();
    let place = |id: &str| {
        entries
            .find(id)
            .unwrap_or_else(|| panic!("{id}:\n{entries}"))
    };
    assert!(
        place(ids[0]) < place(ids[1]),
        "the grant would overrule its withdrawal"
    );
}

/// One damaged file stopped everything behind it for ever, in words that named certificate and key.
#[test]
fn a_damaged_file_in_the_spool_stops_no_other() {
    let park = Park::start();
    let spool = park.scratch().join("spool");
    let ids = [1, 2, 3].map(|n| format!("00000000-0000-4000-8000-00000000000{n}"));
    let files: Vec<PathBuf> = (-3..)
        .zip(&ids)
        .map(|(at, id)| grant(park.scratch(), id, at, "ACTIVE"))
        .collect();
    let nobody = "https://127.0.0.1:1/soap/enterprise";
    let answer = submit(&park.data(), nobody, &spool, &files);
    assert_eq!(answer.status.code(), Some(69), "{}", said(&answer));
    let mut waiting: Vec<PathBuf> = std::fs::read_dir(spool.join("waiting"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    waiting.sort();
    std::fs::write(&waiting[0], "").unwrap();
    let url = format!("{}/soap/enterprise", park.exchange());
    let answer = submit(&park.data(), &url, &spool, &[]);
    let words = said(&answer);
    assert_eq!(answer.status.code(), Some(1), "{words}");
    assert!(words.contains("accepted 2"), "{words}");
    let aside = spool.join("damaged").join(waiting[0].file_name().unwrap());
    assert!(words.contains(&format!("{}", aside.display())), "{words}");
    assert!(words.contains(&ids[0]), "{words}");
    assert!(aside.exists());
    // Given again it is sent.
    let answer = submit(&park.data(), &url, &spool, &files[..1]);
    assert!(said(&answer).contains("accepted 1"), "{}", said(&answer));
}

/// The files that wait, in their order.
fn waiting(spool: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(spool.join("waiting")).unwrap();
    let mut waiting: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    waiting.sort();
    waiting
}

/// Nothing before or behind it was sent, nor what was new, however often the command was given.
#[test]
fn a_file_of_the_spool_that_cannot_be_read_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("park");
    let (hub, served) = answering(&data, Says::Stopping);
    let url = served.url("/soap/enterprise");
    let spool = folder.path().join("spool");
    let ids = [1, 2, 3, 4].map(|n| format!("00000000-0000-4000-8000-00000000000{n}"));
    let files: Vec<PathBuf> = (-4..)
        .zip(&ids)
        .map(|(at, id)| grant(folder.path(), id, at, "ACTIVE"))
        .collect();
    submit(&data, &url, &spool, &files[..3]);
    let bad = waiting(&spool)[1].clone();
    let good = std::fs::read(&bad).unwrap();
    std::fs::remove_file(&bad).unwrap();
    std::os::unix::fs::symlink(&bad, &bad).unwrap();
    // It is named, whether the hub hears or not.
    for (says, files, accepted) in [
        (
            Says::Stopping,
            &files[..0],
            "accepted 0, refused 0, waiting 3",
        ),
        (
            Says::Receipts,
            &files[3..],
            "accepted 3, refused 0, waiting 1",
        ),
        (
            Says::Receipts,
            &files[..0],
            "accepted 0, refused 0, waiting 1",
        ),
    ] {
        hub.seen.lock().unwrap().clear();
        *hub.says.lock().unwrap() = says;
        let answer = submit(&data, &url, &spool, files);
        let words = said(&answer);
        assert_eq!(answer.status.code(), Some(75), "{words}");
        for told in [
            accepted,
            "S089",
            &bad.display().to_string(),
            "give the message again",
            "the same command without files sends them",
        ] {
            assert!(words.contains(told), "{told}: {words}");
        }
        if accepted.contains("accepted 3") {
            let sent = [&ids[0], &ids[2], &ids[3]].map(String::as_str);
            assert_eq!(*hub.seen.lock().unwrap(), sent);
        }
    }
    // The disk is well again.
    std::fs::remove_file(&bad).unwrap();
    std::fs::write(&bad, good).unwrap();
    let answer = submit(&data, &url, &spool, &[]);
    assert_eq!(answer.status.code(), Some(0), "{}", said(&answer));
}

/// It was sent behind all others, without a word: a fire that was over burned on.
#[test]
fn a_damaged_message_that_is_given_again_is_sent_in_its_old_place() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("park");
    let (hub, served) = answering(&data, Says::Stopping);
    let url = served.url("/soap/enterprise");
    let ids = [3, 2, 1].map(|n| format!("00000000-0000-4000-8000-00000000000{n}"));
    let files: Vec<PathBuf> = (-3..)
        .zip(&ids)
        .map(|(at, id)| grant(folder.path(), id, at, "ACTIVE"))
        .collect();
    for (at, seen) in [(0, false), (1, false), (0, true), (1, true)] {
        let spool = folder.path().join(format!("spool-{at}-{seen}"));
        *hub.says.lock().unwrap() = Says::Stopping;
        submit(&data, &url, &spool, &files);
        std::fs::write(&waiting(&spool)[at], "").unwrap();
        if seen {
            let answer = submit(&data, &url, &spool, &[]);
            assert!(said(&answer).contains("S087"), "{}", said(&answer));
        }
        *hub.says.lock().unwrap() = Says::Receipts;
        hub.seen.lock().unwrap().clear();
        let answer = submit(&data, &url, &spool, &files);
        let words = said(&answer);
        assert_eq!(answer.status.code(), Some(0), "{words}");
        assert!(words.contains("in its old place"), "{words}");
        assert!(words.contains(&ids[at]), "{words}");
        assert_eq!(*hub.seen.lock().unwrap(), ids, "{at} {seen}");
    }
}

/// The receipts said so, and the sender's screen "accepted 2" alone.
#[test]
fn what_a_receipt_warns_of_is_on_the_senders_screen() {
    let more = "\n[authority]\nlong_grant = \"warn\"\n";
    let park = Park::start_with(|data| change_config(data, &[], more));
    let (id, long) = (
        "00000000-0000-4000-8000-000000000003",
        "00000000-0000-4000-8000-000000000004",
    );
    let active = (-1, "ACTIVE");
    let (soon, late) = (moment(3_600), moment(3_000 * 86_400));
    // A truck that gets in at no emergency gate, and one that may come for eight years.
    let wrong = "<c:Gates>G-04</c:Gates>";
    let files = [
        grant_of(park.scratch(), id, active, (wrong, &soon)),
        grant_of(park.scratch(), long, active, ("", &late)),
    ];
    let url = format!("{}/soap/enterprise", park.exchange());
    let spool = park.scratch().join("spool");
    let answer = submit(&park.data(), &url, &spool, &files);
    let words = said(&answer);
    assert_eq!(answer.status.code(), Some(0), "{words}");
    for line in [
        format!("{id}: accepted with a warning: F065: none of the gates named lets"),
        "name a gate whose class fits".to_owned(),
        format!("{long}: accepted with a warning: F040: the grant is longer"),
        "of the accepted, with a warning: 2".to_owned(),
    ] {
        assert!(words.contains(&line), "{line}: {words}");
    }
}
