//! The spool with files that a disk has damaged, lost or keeps from being read.

use std::path::Path;
use std::time::Duration;

use cordon_model::{Digest, MessageId, Receipt, Timestamp};

use super::{Given, Spool, SpoolState};

/// A message of this id, as it is sent.
fn message(id: &MessageId) -> Vec<u8> {
    let file = format!(
        "{}/../../schemas/examples/valid/access-grant-visitor.xml",
        env!("CARGO_MANIFEST_DIR")
    );
    let mut message = cordon_wire::parse_message(&std::fs::read(file).unwrap()).unwrap();
    message.header.message_id = *id;
    cordon_wire::write_message(&message).unwrap()
}

/// Another one of this id.
fn other(id: &MessageId) -> Vec<u8> {
    let mut message = cordon_wire::parse_message(&message(id)).unwrap();
    message.header.sequence += 1;
    cordon_wire::write_message(&message).unwrap()
}

fn put(spool: &Spool, id: &MessageId) -> (SpoolState, &'static str) {
    let Given { state, words } = spool.put(id, &message(id)).unwrap();
    (state, words)
}

/// The hub's receipt of that message.
fn receipt(id: &MessageId) -> Vec<u8> {
    let message = message(id);
    let head = cordon_wire::parse_message(&message).unwrap().header;
    let receipt = Receipt {
        message_id: *id,
        sender_id: head.sender_id,
        park_code: head.park_code,
        entry_number: 7,
        digest: cordon_wire::digest_of_bytes(&message),
        chain_hash: Digest([1; 32]),
        received_at: Timestamp::from_micros(0),
        warning: Vec::new(),
    };
    cordon_wire::write_receipt(&receipt).unwrap()
}

/// Makes a file one that cannot be read, for root either.
fn unread(file: &Path) {
    std::fs::remove_file(file).unwrap();
    std::os::unix::fs::symlink(file, file).unwrap();
}

#[test]
fn a_message_waits_until_it_is_settled_and_is_never_taken_twice() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    let id = MessageId::random();
    for _ in 0..2 {
        assert_eq!(put(&spool, &id), (SpoolState::Waiting, ""));
    }
    assert_eq!(spool.put(&id, &other(&id)).unwrap_err().code(), "S031");
    // A spool opened again, as after a crash, still has it.
    let again = Spool::open(folder.path()).unwrap();
    assert_eq!(again.waiting().unwrap(), vec![id]);
    again
        .settle(&id, SpoolState::Accepted, &receipt(&id))
        .unwrap();
    assert!(again.waiting().unwrap().is_empty());
    assert_eq!(put(&again, &id), (SpoolState::Accepted, ""));
}

#[test]
fn messages_leave_in_the_order_they_came_in_whatever_their_ids() {
    let folder = tempfile::tempdir().unwrap();
    let [low, middle, high] = [1_u8, 2, 3].map(|byte| MessageId::from_bytes([byte; 16]));
    // Left by an older program, which knew no order.
    std::fs::create_dir_all(folder.path().join("waiting")).unwrap();
    let old = folder.path().join(format!("waiting/{high}.xml"));
    std::fs::write(old, message(&high)).unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    spool.put(&middle, &message(&middle)).unwrap();
    spool.put(&low, &message(&low)).unwrap();
    assert_eq!(spool.waiting().unwrap(), vec![high, middle, low]);
    assert_eq!(put(&spool, &high), (SpoolState::Waiting, ""));
    assert_eq!(spool.put(&high, &other(&high)).unwrap_err().code(), "S031");
    // The order outlives the process.
    let again = Spool::open(folder.path()).unwrap();
    assert_eq!(again.waiting().unwrap(), vec![high, middle, low]);
    again
        .settle(&middle, SpoolState::Accepted, b"<r/>")
        .unwrap();
    assert_eq!(again.waiting().unwrap(), vec![high, low]);
    assert_eq!(again.read(&low).unwrap(), message(&low));
}

/// One such file kept all behind it from being sent, for ever, and was named nowhere.
#[test]
fn a_waiting_file_that_is_damaged_is_put_aside_and_named() {
    let damages: [fn(&Path); 4] = [
        |file| std::fs::write(file, "").unwrap(),
        |file| std::fs::write(file, [0; 900]).unwrap(),
        // Another's.
        |file| std::fs::write(file, message(&MessageId::from_bytes([7; 16]))).unwrap(),
        |file| {
            std::fs::remove_file(file).unwrap();
            std::fs::create_dir(file).unwrap();
        },
    ];
    for damage in damages {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        let id = MessageId::from_bytes([1; 16]);
        spool.put(&id, &message(&id)).unwrap();
        let waits = spool.known()[&id].file.clone();
        damage(&waits);
        let fault = spool.read(&id).unwrap_err();
        assert_eq!(fault.code(), "S087");
        let aside = folder
            .path()
            .join("damaged")
            .join(waits.file_name().unwrap());
        assert_eq!(fault.place(), aside.display().to_string());
        assert!(aside.exists() && !waits.exists());
        assert_eq!(spool.waiting().unwrap(), []);
        // Given again it waits again, also where nobody had seen the damage.
        for _ in 0..2 {
            spool.put(&id, &message(&id)).unwrap();
            assert_eq!(spool.read(&id).unwrap(), message(&id));
            damage(&spool.known()[&id].file);
        }
    }
}

/// One such file ended each run, and nothing before or behind it was sent.
#[test]
fn a_waiting_file_that_cannot_be_read_stays_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    let [first, second] = [1_u8, 2].map(|byte| MessageId::from_bytes([byte; 16]));
    for id in [&first, &second] {
        spool.put(id, &message(id)).unwrap();
    }
    let file = spool.known()[&first].file.clone();
    unread(&file);
    let fault = spool.read(&first).unwrap_err();
    assert_eq!(fault.code(), "S089");
    assert_eq!(fault.place(), file.display().to_string());
    assert_eq!(spool.waiting().unwrap(), [first, second]);
    assert_eq!(spool.read(&second).unwrap(), message(&second));
    // One that is damaged and cannot be put aside is no reason to stop either.
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, "").unwrap();
    std::fs::write(folder.path().join("damaged"), "").unwrap();
    assert_eq!(spool.read(&first).unwrap_err().code(), "S089");
    assert_eq!(spool.waiting().unwrap(), [first, second]);
}

#[test]
fn one_process_at_a_time_uses_a_spool_and_removes_what_killed_ones_left() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    let part = folder.path().join("waiting/000000000001-x.part");
    std::fs::write(&part, "<a").unwrap();
    let lock = spool.give(Duration::ZERO).unwrap();
    assert!(!part.exists());
    let other = Spool::open(folder.path()).unwrap();
    let fault = other.give(Duration::from_millis(100)).unwrap_err();
    assert_eq!(fault.code(), "S086");
    other.send(Duration::ZERO).unwrap();
    drop(lock);
    other.give(Duration::ZERO).unwrap();
}

/// It went behind all others: an alarm was raised after it had been cleared.
#[test]
fn a_message_whose_file_was_damaged_takes_its_old_place_when_it_is_given_again() {
    let ids = [3_u8, 2, 1].map(|byte| MessageId::from_bytes([byte; 16]));
    let damages: [fn(&Path); 2] = [|file| std::fs::write(file, "").unwrap(), unread];
    for (damage, at) in damages.iter().zip([0, 1]).chain(damages.iter().zip([1, 0])) {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        for id in &ids {
            put(&spool, id);
        }
        damage(&spool.known()[&ids[at]].file);
        let spool = Spool::open(folder.path()).unwrap();
        for (index, id) in ids.iter().enumerate() {
            let (state, words) = put(&spool, id);
            assert_eq!(state, SpoolState::Waiting);
            assert_eq!(words.contains("its old place"), index == at, "{words}");
        }
        assert_eq!(spool.waiting().unwrap(), ids);
        assert_eq!(spool.read(&ids[at]).unwrap(), message(&ids[at]));
        // A second time, and what was put aside the first time stays.
        damage(&spool.known()[&ids[at]].file);
        put(&spool, &ids[at]);
        assert_eq!(spool.waiting().unwrap(), ids);
        let aside = std::fs::read_dir(folder.path().join("damaged")).unwrap();
        assert_eq!(aside.count(), 2);
    }
}

#[test]
fn a_message_that_was_put_aside_before_takes_its_old_place_too_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    let [raised, cleared, later] = [3_u8, 2, 1].map(|byte| MessageId::from_bytes([byte; 16]));
    put(&spool, &raised);
    put(&spool, &cleared);
    std::fs::write(&spool.known()[&raised].file, "").unwrap();
    assert_eq!(spool.read(&raised).unwrap_err().code(), "S087");
    let again = Spool::open(folder.path()).unwrap();
    let (state, words) = put(&again, &raised);
    assert_eq!(state, SpoolState::Waiting);
    assert!(
        words.contains("has been sent since comes before it"),
        "{words}"
    );
    assert_eq!(again.waiting().unwrap(), [raised, cleared]);

    // Nothing waits any more, and what is new does not take the place of what was put aside.
    std::fs::write(&again.known()[&raised].file, "").unwrap();
    assert_eq!(again.read(&raised).unwrap_err().code(), "S087");
    again
        .settle(&cleared, SpoolState::Accepted, &receipt(&cleared))
        .unwrap();
    let again = Spool::open(folder.path()).unwrap();
    put(&again, &later);
    put(&again, &raised);
    assert_eq!(again.waiting().unwrap(), [raised, later]);
}

/// A spool with one message that was accepted, and its folder of them.
fn accepted(id: &MessageId) -> (tempfile::TempDir, Spool) {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    put(&spool, id);
    spool
        .settle(id, SpoolState::Accepted, &receipt(id))
        .unwrap();
    (folder, spool)
}

/// It was "answered before", and the first receipt was nowhere.
#[test]
fn a_receipt_that_is_lost_is_found_again() {
    let [id, another] = [1_u8, 2].map(|byte| MessageId::from_bytes([byte; 16]));
    let losses: [fn(&Path); 4] = [
        |file| std::fs::remove_file(file).unwrap(),
        |file| std::fs::write(file, "").unwrap(),
        |file| std::fs::write(file, receipt(&MessageId::from_bytes([2; 16]))).unwrap(),
        unread,
    ];
    for lose in losses {
        let (folder, spool) = accepted(&id);
        let file = folder.path().join(format!("accepted/{id}.answer.xml"));
        for other in [another, id] {
            let signed = [&b"<a>"[..], &receipt(&other), b"</a>"].concat();
            spool.keep(SpoolState::Accepted, &signed).unwrap();
        }
        lose(&file);
        let (state, words) = put(&spool, &id);
        assert_eq!(state, SpoolState::Accepted);
        assert!(words.contains("from the hub's signed answer"), "{words}");
        assert_eq!(std::fs::read(&file).unwrap(), receipt(&id));
        assert_eq!(put(&spool, &id), (SpoolState::Accepted, ""));

        // That is lost too: the hub has it.
        lose(&file);
        std::fs::remove_dir_all(folder.path().join("accepted/signed")).unwrap();
        let (state, words) = put(&spool, &id);
        assert_eq!(state, SpoolState::Waiting);
        assert!(words.contains("sent again"), "{words}");
        spool
            .settle(&id, SpoolState::Accepted, &receipt(&id))
            .unwrap();
        assert_eq!(put(&spool, &id), (SpoolState::Accepted, ""));
    }
}

/// It was another content (S031), with the remedy to give the message an id of its own.
#[test]
fn a_copy_of_an_accepted_message_that_is_damaged_is_written_anew() {
    let id = MessageId::from_bytes([1; 16]);
    let damages: [fn(&Path); 2] = [
        |file| std::fs::write(file, "").unwrap(),
        |file| std::fs::write(file, message(&MessageId::from_bytes([2; 16]))).unwrap(),
    ];
    for damage in damages {
        let (folder, spool) = accepted(&id);
        let file = folder.path().join(format!("accepted/{id}.xml"));
        damage(&file);
        let fault = spool.put(&id, &other(&id)).unwrap_err();
        assert_eq!(fault.code(), "S031", "the receipt is of another");
        let (state, words) = put(&spool, &id);
        assert_eq!(state, SpoolState::Accepted);
        assert!(words.contains("written anew"), "{words}");
        assert_eq!(std::fs::read(&file).unwrap(), message(&id));
    }
}
