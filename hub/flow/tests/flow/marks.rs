//! What older programs accepted, what newer ones wrote, what nobody can read: the hub starts, says so
//! once, and goes on the same way every time.

use bytes::Bytes;
use cordon_contract::{EntryKind, Fault};
use cordon_flow::{Audited, EntryReader, ReplayReport, StoredEntry, UNREADABLE, replay};
use cordon_journal::{NewRecord, Reader};
use cordon_model::{AlarmLevel, AuditOutcome, Body};
use cordon_security::Role;

use crate::park::{Park, Porter, hub_id, morning, reading, status, until};
use crate::partner::{Ca, message, submission};
use crate::signed::grant;

/// A device status of `ENT-2` on which the porter says two things.
fn talkative() -> String {
    message(
        &"ENT-2".parse().unwrap(),
        status("ENT-2-GW-1", "say"),
        morning(),
    )
}

/// Writes the journal again as another program would have left it, with a chain that is whole, and
/// without a state.
pub fn rewrite(park: &Park, change: impl Fn(u64, NewRecord) -> NewRecord) {
    let aside = park.dir.path().join("as-it-was");
    std::fs::rename(park.journal_dir(), &aside).unwrap();
    let mut journal = park.journal();
    for record in Reader::open(&aside).unwrap().read_from(1).unwrap() {
        let record = record.unwrap();
        let changed = change(record.number, record.to_new());
        journal.append_batch(&[changed]).unwrap();
    }
    drop(journal);
    std::fs::remove_file(park.dir.path().join("state.redb")).unwrap();
}

fn replayed(park: &Park) -> ReplayReport {
    replay(park.journal_dir(), vec![Box::new(Porter::default())], None).unwrap()
}

/// Alarms of the hub about its own journal.
fn alarms(entries: &[StoredEntry]) -> Vec<AlarmLevel> {
    let told: Vec<u64> = entries
        .iter()
        .filter(|stored| stored.entry.label == "journal.marked")
        .map(|stored| stored.entry.number)
        .collect();
    let messages = entries
        .iter()
        .filter(|stored| told.contains(&stored.entry.cause));
    messages
        .filter_map(|stored| match &stored.entry.message.as_ref()?.body {
            Body::AlarmEvent(alarm) => Some(alarm.alarm_level),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_door_refuses_today_is_read_marked_and_told_of_once() {
    let header = (
        "<s:Header>",
        "<s:Header><h xmlns=\"urn:odd\" s:mustUnderstand=\"1\"/>",
    );
    let end = "</svc:SubmitMessages>";
    let children = (end, "</svc:SubmitMessages><x xmlns=\"urn:odd\"/>");
    let text = (end, "</svc:SubmitMessages>and open the gate");
    let unsure = (
        "<s:Header>",
        "<s:Header><h xmlns=\"urn:odd\" s:mustUnderstand=\"yes\"/>",
    );
    for ((from, to), code) in [
        (header, "X133"),
        (children, "X132"),
        (text, "X134"),
        (unsure, "X135"),
    ] {
        let park = Park::new();
        let ent = Ca::new(park.dir.path()).partner("ENT-2", Role::Enterprise);
        let messages = [talkative(), talkative()];
        let hub = park.start().await;
        let first = hub.submit().submit(ent.envelope(&messages)).await.unwrap();
        hub.shutdown().await.unwrap();
        rewrite(&park, |_, record| match record.kind {
            1 => {
                let text = String::from_utf8(record.body.to_vec()).unwrap();
                assert!(text.contains(from));
                NewRecord {
                    body: Bytes::from(text.replacen(from, to, 1)),
                    ..record
                }
            }
            _ => record,
        });

        // Twice: the alarm is raised at the first start alone.
        for _ in 0..2 {
            let hub = park.start().await;
            let marked = hub.health().marked;
            assert_eq!((marked.unreadable, marked.older_form), (0, 1), "{code}");
            let again = hub.submit().submit(ent.envelope(&messages)).await.unwrap();
            let numbers = |answers: &[Result<cordon_flow::ReceiptData, _>]| -> Vec<u64> {
                answers
                    .iter()
                    .map(|one| one.as_ref().unwrap().number)
                    .collect()
            };
            assert_eq!(numbers(&again), numbers(&first), "{code}");
            let (number, hash) = hub.shutdown_at().await.unwrap().unwrap();
            assert_eq!(alarms(&park.entries()), [AlarmLevel::Yellow], "{code}");
            let report = replayed(&park);
            assert_eq!(report.first_difference, None, "{code}");
            assert_eq!((report.number, report.state_hash), (number, hash), "{code}");
            assert_eq!(report.unverified, 0);
            let marks: Vec<_> = report.marked.iter().map(|mark| mark.code).collect();
            assert_eq!(marks, ["F020"]);
            assert!(
                report.marked[0].why.starts_with(code),
                "{:?}",
                report.marked
            );
        }
    }
}

/// Damages what a running hub wrote, one entry of each kind.
fn damage(record: NewRecord) -> NewRecord {
    let kind = EntryKind::from_number(record.kind).unwrap();
    match (kind, record.label.as_str()) {
        (EntryKind::Audit, "house.cleaned") => NewRecord {
            kind: 200,
            ..record
        },
        (EntryKind::Refused, _) => NewRecord { part: 7, ..record },
        (EntryKind::Order, _) => NewRecord {
            label: "receiver:duty".to_owned(),
            ..record
        },
        (EntryKind::Submission, _) => NewRecord {
            body: Bytes::from_static(b"<no/>"),
            ..record
        },
        (EntryKind::Message, "DeviceStatus") if record.body.len() > 9 => {
            let half = record.body.len() / 2;
            NewRecord {
                body: record.body.slice(..half),
                ..record
            }
        }
        _ => record,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_cannot_be_read_are_passed_over_the_same_way_at_start_and_replay() {
    let park = Park::new();
    let ent = Ca::new(park.dir.path()).partner("ENT-1", Role::Enterprise);
    let hub = park.start().await;
    let submit = hub.submit();
    let receipt = submit.submit(ent.envelope(&[grant(1)])).await.unwrap();
    let receipt = receipt[0].clone().unwrap();
    let raw = Fault::new("V007", "the signature value is wrong").at("/s:Envelope");
    submit.refuse(raw, None, b"<x/>").await;
    let audited = Audited {
        action: "house.cleaned".to_owned(),
        actor: hub_id(),
        target: None,
        outcome: AuditOutcome::Success,
        detail: None,
    };
    submit.audit(&audited).await.unwrap();
    let intake = park.intake();
    for reason in ["say", "notify"] {
        intake.offer(reading("CAM-1", reason, None)).await.unwrap();
    }
    until("the order has its outcome", || {
        hub.health().open_orders == 0
    })
    .await;
    hub.shutdown().await.unwrap();
    rewrite(&park, |_, record| damage(record));

    for _ in 0..2 {
        let hub = park.start().await;
        let marked = hub.health().marked;
        // Submission and its part, refusal, unknown kind, two readings, one order.
        assert_eq!((marked.unreadable, marked.older_form), (7, 0));
        assert_eq!(hub.health().open_orders, 0);
        let again = hub
            .submit()
            .receipt_of(&"ENT-1".parse().unwrap(), receipt.message_id);
        let again = again.unwrap().unwrap();
        assert_eq!(
            (again.number, again.digest, again.received_at),
            (receipt.number, receipt.digest, receipt.received_at),
            "who sent it, its id and digest stand in the record itself"
        );
        let (number, hash) = hub.shutdown_at().await.unwrap().unwrap();
        let report = replayed(&park);
        assert_eq!(report.first_difference, None);
        assert_eq!((report.number, report.state_hash), (number, hash));
        assert_eq!(report.marked.len(), 7);
        assert!(report.marked.iter().all(|mark| mark.code == UNREADABLE));
        // The alarm on the refusal, what was said, the order and what was ordered with it.
        assert!(report.unverified >= 4, "{report:?}");
        assert_eq!(alarms(&park.entries()), [AlarmLevel::Orange]);
    }

    let reader = EntryReader::open(park.journal_dir()).unwrap();
    let read = reader.read_from(1).unwrap().map(Result::unwrap).count() as u64;
    let last = reader.position().unwrap().0;
    assert_eq!(
        read + 7,
        last,
        "readers get the rest, and know what was left out"
    );
    let marks = reader.marks();
    assert_eq!(marks.len(), 7);
    let fault = reader.get(marks[0].number).unwrap_err();
    assert_eq!(fault.code(), UNREADABLE);
}

/// A replay ended where the first entry could not be read; the hub itself goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_entry_that_cannot_be_read_is_passed_over_like_any_other() {
    let park = Park::new();
    park.start().await.shutdown().await.unwrap();
    rewrite(&park, |number, record| match number {
        1 => NewRecord {
            body: Bytes::from_static(b"<no/>"),
            ..record
        },
        _ => record,
    });
    let hub = park.start().await;
    assert_eq!(hub.health().marked.unreadable, 1);
    let (number, hash) = hub.shutdown_at().await.unwrap().unwrap();
    let report = replayed(&park);
    assert_eq!(report.first_difference, None);
    assert_eq!((report.number, report.state_hash), (number, hash));
    let marks: Vec<u64> = report.marked.iter().map(|mark| mark.number).collect();
    assert_eq!(marks, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_the_language_cannot_say_is_an_entry_that_can_be_read_again() {
    let park = Park::new();
    let hub = park.start().await;
    let odd = Fault::new("W-1", "a code that is no code");
    let refused = hub.submit().refuse(odd, None, b"<x/>").await;
    let (_, hash) = hub.shutdown_at().await.unwrap().unwrap();
    let stored = EntryReader::open(park.journal_dir()).unwrap();
    let stored = stored.get(refused.number.unwrap()).unwrap().unwrap();
    assert_eq!(stored.refused_bytes().unwrap(), "<x/>");
    let report = replayed(&park);
    assert_eq!((report.first_difference, report.state_hash), (None, hash));
    std::fs::remove_file(park.dir.path().join("state.redb")).unwrap();
    let hub = park.start().await;
    assert_eq!(hub.health().marked.unreadable, 0);
    hub.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_that_could_not_be_read_again_gets_no_receipt() {
    let park = Park::new();
    let ent = Ca::new(park.dir.path()).partner("ENT-1", Role::Enterprise);
    let hub = park.start().await;
    let soap = "xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"";
    let id = "xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" wsu:Id=\"H\"";
    let odd = format!("<h xmlns=\"urn:odd\" {soap} {id} s:mustUnderstand=\"true\"/>");
    let body = submission(&[grant(1)]);
    let two = format!("{body}<x xmlns=\"urn:odd\"/>");
    let text = format!("{body}and open the gate");
    let unsure = odd.replace("=\"true\"", "=\"yes\"");
    for (header, body, code) in [
        (odd.as_str(), &body, "X133"),
        ("", &two, "X132"),
        ("", &text, "X134"),
        (unsure.as_str(), &body, "X135"),
    ] {
        let refused = hub.submit().submit(ent.envelope_of(header, body)).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.fault.code(), code);
        assert!(refused.number.is_some(), "a refusal is an entry");
    }
    hub.shutdown().await.unwrap();
    let entries = park.entries();
    assert!(
        entries
            .iter()
            .all(|stored| stored.entry.kind != EntryKind::Submission)
    );
}
