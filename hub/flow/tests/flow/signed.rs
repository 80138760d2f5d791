//! The signed door: one submission, some messages good, some not.

use cordon_contract::EntryKind;
use cordon_flow::{ROLE_MAY_NOT, Refused, SENDER_NOT_SIGNER, replay};
use cordon_security::Role;

use crate::park::{Park, Porter};
use crate::partner::Ca;

pub const GRANT: &str = include_str!("../../../../schemas/examples/valid/access-grant.xml");
const EMERGENCY: &str = include_str!("../../../../schemas/examples/valid/emergency-gate-open.xml");

pub fn grant(last: u8) -> String {
    GRANT
        .replace("000000000005", &format!("0000000001{last:02}"))
        .replace("<c:ClassLetter>H<", "<c:ClassLetter>F<")
        .replace("VEH_HAZMAT", "VEH_FREIGHT")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_message_refuses_only_itself_and_the_signed_bytes_are_kept_once() {
    let park = Park::new();
    let ent = Ca::new(park.dir.path()).partner("ENT-1", Role::Enterprise);
    let hub = park.start().await;
    let submit = hub.submit();
    let foreign = grant(2).replace("<c:SenderId>ENT-1", "<c:SenderId>ENT-2");
    let broken = grant(3).replace("<c:ClassLetter>F</c:ClassLetter>", "");
    let messages = [
        grant(1),
        foreign,
        broken,
        EMERGENCY.replace("<c:SenderId>HUB-1", "<c:SenderId>ENT-1"),
        grant(4),
    ];
    let envelope = ent.envelope(&messages);
    let signed = envelope.bytes().to_vec();
    let answers = submit.submit(envelope).await.unwrap();
    let codes: Vec<_> = answers
        .iter()
        .map(|answer| answer.as_ref().err().map(|refused| refused.fault.code()))
        .collect();
    assert_eq!(codes.len(), 5);
    assert_eq!(
        (codes[0], codes[1], codes[2], codes[4]),
        (None, Some(SENDER_NOT_SIGNER), Some("X102"), None)
    );
    assert!(
        codes[3] == Some(ROLE_MAY_NOT) || codes[3] == Some(SENDER_NOT_SIGNER),
        "{codes:?}"
    );
    assert!(
        answers[2]
            .as_ref()
            .unwrap_err()
            .fault
            .place()
            .contains("c:Message[3]")
    );
    assert!(
        answers
            .iter()
            .filter_map(|answer| answer.as_ref().err())
            .all(|refused| refused.number.is_some())
    );

    // The same messages again, signed anew: the first receipts, nothing new but the refusals.
    let first: Vec<_> = answers
        .iter()
        .flatten()
        .map(|data| data.receipt(submit.park()))
        .collect();
    let again = submit.submit(ent.envelope(&messages)).await.unwrap();
    let second: Vec<_> = again
        .iter()
        .flatten()
        .map(|data| data.receipt(submit.park()))
        .collect();
    assert_eq!(first, second);
    assert!(again.iter().flatten().all(|data| data.duplicate));
    let written: Vec<_> = [&first, &second]
        .map(|all| {
            all.iter()
                .map(|one| cordon_wire::write_receipt(one).unwrap())
                .collect::<Vec<_>>()
        })
        .to_vec();
    assert_eq!(written[0], written[1], "the same receipt byte for byte");

    // The same id with another body.
    let other = grant(1).replace("GR-2026-000123", "GR-2026-000999");
    let refused = submit
        .submit(ent.envelope(&[other]))
        .await
        .unwrap()
        .remove(0)
        .unwrap_err();
    assert_eq!(refused.fault.code(), "F005");
    hub.shutdown().await.unwrap();

    let stored = park.entries();
    let submissions: Vec<_> = stored
        .iter()
        .filter(|stored| stored.entry.kind == EntryKind::Submission)
        .collect();
    assert_eq!(submissions.len(), 1);
    assert_eq!(submissions[0].signed_bytes().unwrap(), signed);
    let parts: Vec<_> = stored
        .iter()
        .filter(|stored| stored.entry.label == "AccessGrant")
        .collect();
    assert_eq!(
        parts
            .iter()
            .map(|part| part.record.part)
            .collect::<Vec<_>>(),
        [0, 4]
    );
    for part in parts {
        assert!(part.record.body.is_empty());
        assert_eq!(part.signed_bytes().unwrap(), signed);
        let xml = part.message_xml().unwrap().unwrap();
        assert_eq!(cordon_wire::digest_of_bytes(&xml), part.entry.digest);
        assert_eq!(
            part.entry.message.as_ref().unwrap().header.sender_id,
            "ENT-1"
        );
    }
    let report = replay(park.journal_dir(), vec![Box::new(Porter::default())], None).unwrap();
    assert_eq!(report.first_difference, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_submission_and_a_bad_signature_are_entries_too() {
    let park = Park::new();
    let ent = Ca::new(park.dir.path()).partner("ENT-1", Role::Enterprise);
    let hub = park.start().await;
    let empty = hub.submit().submit(ent.envelope(&[])).await.unwrap_err();
    assert_eq!((empty.fault.code(), empty.number.is_some()), ("F006", true));
    let fault =
        cordon_contract::Fault::new("V007", "the signature value is wrong").at("/s:Envelope");
    let raw = vec![b'x'; 100_000];
    let Refused { number, .. } = hub.submit().refuse(fault, None, &raw).await;
    hub.shutdown().await.unwrap();
    let stored = park.entries();
    let entry = stored
        .iter()
        .find(|stored| Some(stored.entry.number) == number)
        .unwrap();
    assert_eq!(entry.entry.label, "V007");
    assert_eq!(entry.refused_bytes().unwrap().len(), 64 * 1_024);
    assert_ne!(entry.record.flags & cordon_flow::flags::TRUNCATED, 0);
    assert!(stored.iter().any(
        |stored| stored.entry.label == "AlarmEvent" && stored.entry.cause == entry.entry.number
    ));
}
