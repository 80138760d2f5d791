//! The state store on real files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;

use cordon_journal::disk::Disk as _;
use cordon_journal::disk::sim::{Dice, SimDisk};
use cordon_journal::probe::sample_batch;
use cordon_journal::{Changes, FaultKind, InboxMark, Journal, Options, Rebuild, State, StateStore};

fn options() -> Options {
    Options {
        segment_bytes: 64 * 1024,
        reserve_bytes: 0,
        ..Options::new("p")
    }
}

#[test]
fn values_ranges_snapshots_and_inbox_keys_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.redb");
    let (store, rebuild) = StateStore::open(&path).unwrap();
    assert_eq!(rebuild, None);
    assert_eq!(store.position().unwrap(), (0, [0; 32]));
    let mark = InboxMark {
        number: 5,
        time_micros: 7,
        marks: 0,
        digest: [9; 32],
        identity: [6; 32],
        chain: [4; 32],
    };
    let mut changes = Changes::at(5, [5; 32]);
    changes
        .put("a", b"k1", b"v1")
        .put("a", b"k2", b"v2")
        .put("a", b"k3", b"v3");
    changes
        .put("ab", b"k", b"other")
        .snapshot("access", b"snap")
        .inbox("e1", [1; 16], mark);
    store.commit(&changes).unwrap();
    let mut changes = Changes::at(6, [6; 32]).deferred();
    changes.delete("a", b"k2");
    store.commit(&changes).unwrap();
    drop(store);
    let (store, rebuild) = StateStore::open(&path).unwrap();
    assert_eq!(rebuild, None);
    let position = store.position().unwrap();
    assert!(
        position == (6, [6; 32]) || position == (5, [5; 32]),
        "{position:?}"
    );
    store
        .commit(&{
            let mut again = Changes::at(6, [6; 32]);
            again.delete("a", b"k2");
            again
        })
        .unwrap();
    assert_eq!(store.get("a", b"k1").unwrap().unwrap(), b"v1");
    let keys = |from: &[u8], to: &[u8], limit| -> Vec<Vec<u8>> {
        store
            .range("a", from, to, limit)
            .unwrap()
            .into_iter()
            .map(|pair| pair.0)
            .collect()
    };
    assert_eq!(keys(b"", b"", 9), [b"k1", b"k3"]);
    assert_eq!(keys(b"k1", b"k3", 9), [b"k1"]);
    assert_eq!(keys(b"", b"", 1), [b"k1"]);
    assert_eq!(store.snapshot("access").unwrap().unwrap(), b"snap");
    assert_eq!(store.snapshot("none").unwrap(), None);
    assert_eq!(store.inbox("e1", &[1; 16]).unwrap(), Some(mark));
    assert_eq!(store.inbox("e2", &[1; 16]).unwrap(), None);
    assert_eq!(
        store.inbox_since(0, 10).unwrap(),
        [("e1".to_owned(), [1; 16], mark)]
    );
    assert_eq!(store.inbox_since(6, 10).unwrap(), []);
    assert_eq!(
        store.commit(&Changes::at(4, [4; 32])).unwrap_err().code(),
        "J020"
    );
    let mut forget = Changes::at(7, [7; 32]);
    forget.forget_inbox_below(6);
    store.commit(&forget).unwrap();
    assert_eq!(store.inbox("e1", &[1; 16]).unwrap(), None);
    let mut long = Changes::at(8, [8; 32]);
    long.put("n".repeat(129).as_str(), b"k", b"v");
    assert_eq!(store.commit(&long).unwrap_err().code(), "J021");
    assert_eq!(store.position().unwrap().0, 7);
    store.wipe().unwrap();
    assert_eq!(store.position().unwrap(), (0, [0; 32]));
    assert_eq!(store.get("a", b"k1").unwrap(), None);
}

#[test]
fn a_state_that_does_not_stand_in_the_journal_is_wiped() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(dir.path().join("journal"), options()).unwrap();
    let receipts = journal.append_batch(&sample_batch(4, 100, 1)).unwrap();
    let reader = journal.reader().unwrap();
    let path = dir.path().join("state.redb");
    let at = |number: u64, chain: [u8; 32]| {
        let (store, _) = StateStore::open(&path).unwrap();
        store.wipe().unwrap();
        let mut changes = Changes::at(number, chain);
        changes.put("a", b"k", b"v");
        store.commit(&changes).unwrap();
        drop(store);
        StateStore::open_for(&path, &reader).unwrap()
    };
    let (store, rebuild) = at(3, receipts[2].1);
    assert_eq!((store.position().unwrap().0, rebuild), (3, None));
    drop(store);
    let (store, rebuild) = at(3, [1; 32]);
    assert_eq!(
        (store.position().unwrap().0, rebuild),
        (0, Some(Rebuild::OtherJournal { state: 3 }))
    );
    assert_eq!(store.get("a", b"k").unwrap(), None);
    drop(store);
    let (store, rebuild) = at(9, [1; 32]);
    assert_eq!(
        rebuild,
        Some(Rebuild::Ahead {
            state: 9,
            journal: 4
        })
    );
    assert_eq!(store.position().unwrap().0, 0);
}

fn filled(path: &Path) {
    let (store, _) = StateStore::open(path).unwrap();
    for number in 1..40u64 {
        let mut changes = Changes::at(number, [1; 32]);
        changes.put("gate", number.to_be_bytes(), vec![number as u8; 400]);
        store.commit(&changes).unwrap();
    }
}

#[test]
fn a_damaged_file_is_moved_aside_and_never_trusted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.redb");
    std::fs::write(&path, b"this is no database at all, but it has some length").unwrap();
    let (store, rebuild) = StateStore::open(&path).unwrap();
    assert!(matches!(rebuild, Some(Rebuild::Damaged(_))), "{rebuild:?}");
    assert_eq!(store.position().unwrap().0, 0);
    assert!(dir.path().join("state.redb.damaged").exists());
    drop(store);
    std::fs::remove_file(&path).unwrap();
    filled(&path);
    let good = std::fs::read(&path).unwrap();
    let mut dice = Dice::new(4);
    let mut rebuilt = 0;
    for _ in 0..40 {
        let mut bad = good.clone();
        for _ in 0..200 {
            let at = dice.below(bad.len() as u64) as usize;
            bad[at] ^= 1 << dice.below(8);
        }
        std::fs::write(&path, &bad).unwrap();
        let (store, rebuild) = StateStore::open(&path).unwrap();
        match rebuild {
            Some(_) => rebuilt += 1,
            None => {
                for number in 1..40u64 {
                    let value = store.get("gate", &number.to_be_bytes()).unwrap().unwrap();
                    assert_eq!(value, vec![number as u8; 400], "damage was trusted");
                }
            }
        }
    }
    assert!(rebuilt > 0);
}

/// It answered nothing until the program was started again: `Previous I/O error occurred`.
#[test]
fn a_store_that_could_not_be_written_goes_on_when_the_disk_does() {
    let disk = SimDisk::new(7);
    let path = Path::new("/state.redb");
    disk.create(path, 0).unwrap();
    let store = StateStore::open_on(disk.open(path, true).unwrap())
        .unwrap()
        .unwrap();
    let asked = [("e1", [1; 16])];
    let save = |number: u64| {
        let mut changes = Changes::at(number, [number as u8; 32]);
        changes.put("a", b"k", number.to_le_bytes());
        store.commit(&changes)
    };
    save(1).unwrap();
    assert_eq!(store.look_up(&asked).unwrap(), (1, vec![None]));
    disk.set_broken(true);
    for number in 2..5 {
        assert_eq!(save(number).unwrap_err().kind(), FaultKind::State);
    }
    disk.set_broken(false);
    save(5).unwrap();
    assert_eq!(store.look_up(&asked).unwrap(), (5, vec![None]));
    assert_eq!(store.get("a", b"k").unwrap().unwrap(), 5_u64.to_le_bytes());
}

fn mark(number: u64) -> InboxMark {
    InboxMark {
        number,
        time_micros: 1,
        marks: 0,
        digest: [number as u8; 32],
        identity: [number as u8; 32],
        chain: [number as u8; 32],
    }
}

fn sim_store(disk: &SimDisk, path: &Path) -> StateStore {
    let file = disk.open(path, true).unwrap();
    StateStore::open_on(file).unwrap().unwrap()
}

fn save_large(store: &StateStore, number: u64) -> cordon_journal::Result<()> {
    let mut changes = Changes::at(number, [number as u8; 32]);
    changes.put("a", b"k", vec![number as u8; 4 << 20]);
    changes.inbox("e1", [number as u8; 16], mark(number));
    store.commit(&changes)
}

/// Its first failed save left nothing that could be read, so that no message could be recognised.
#[test]
fn a_store_without_room_is_read_as_it_stands_and_goes_on_when_there_is() {
    let disk = SimDisk::new(3);
    let path = Path::new("/state.redb");
    disk.create(path, 0).unwrap();
    let store = sim_store(&disk, path);
    save_large(&store, 1).unwrap();
    let known = [("e1", [1; 16]), ("e1", [2; 16])];
    let as_it_stands = (1, vec![Some(mark(1)), None]);
    disk.set_free(0);
    for number in 2..9 {
        let fault = save_large(&store, number).unwrap_err();
        assert!(fault.is_of_room(), "{fault}");
        assert!(fault.is_of_disk(), "{fault}");
        assert_eq!(store.look_up(&known).unwrap(), as_it_stands);
        let held = store.get("a", b"k").unwrap().unwrap();
        assert_eq!(held, vec![1; 4 << 20]);
    }
    // Another start without room.
    drop(store);
    let store = sim_store(&disk, path);
    assert_eq!(store.look_up(&known).unwrap(), as_it_stands);
    let _ = save_large(&store, 9).unwrap_err();
    disk.set_free(1 << 30);
    save_large(&store, 9).unwrap();
    drop(store);
    let store = sim_store(&disk, path);
    assert_eq!(store.position().unwrap(), (9, [9; 32]));
    assert_eq!(store.get("a", b"k").unwrap().unwrap(), vec![9; 4 << 20]);
}

#[test]
fn a_state_that_is_not_there_yet_can_be_had_without_room() {
    let disk = SimDisk::new(5);
    let path = Path::new("/state.redb");
    disk.create(path, 0).unwrap();
    disk.set_free(0);
    let store = sim_store(&disk, path);
    assert_eq!(store.position().unwrap(), (0, [0; 32]));
    assert_eq!(store.look_up(&[("e1", [1; 16])]).unwrap(), (0, vec![None]));
    store.wipe().unwrap();
    assert!(save_large(&store, 3).unwrap_err().is_of_room());
    assert_eq!(disk.bytes(path).unwrap(), b"", "nothing half made");
    disk.set_free(1 << 30);
    save_large(&store, 4).unwrap();
    assert_eq!(store.position().unwrap(), (4, [4; 32]));
}

/// The disk had room for the beginning of the file alone, and such a file is taken for damage.
#[test]
fn a_state_that_was_half_made_for_want_of_room_is_made_anew_when_there_is() {
    let disk = SimDisk::new(8);
    let path = Path::new("/state.redb");
    disk.create(path, 0).unwrap();
    disk.set_free(0);
    let store = sim_store(&disk, path);
    disk.set_free(1 << 30);
    let half = disk.open(path, true).unwrap();
    half.set_len(50_000).unwrap();
    half.write_at(b"red", 0).unwrap();
    save_large(&store, 4).unwrap();
    drop(store);
    assert_eq!(sim_store(&disk, path).position().unwrap(), (4, [4; 32]));
}

/// What no longer fits the journal is forgotten without room too, and stays forgotten.
#[test]
fn a_store_without_room_can_be_wiped() {
    let disk = SimDisk::new(6);
    let path = Path::new("/state.redb");
    disk.create(path, 0).unwrap();
    let store = sim_store(&disk, path);
    save_large(&store, 1).unwrap();
    disk.set_free(0);
    let _ = save_large(&store, 2).unwrap_err();
    store.wipe().unwrap();
    assert_eq!(store.position().unwrap(), (0, [0; 32]));
    drop(store);
    assert_eq!(sim_store(&disk, path).position().unwrap().0, 0);
}

/// Its first failed save left nothing that could be read, so that every signed message was refused.
#[test]
fn a_store_whose_disk_fails_is_read_as_it_stands_and_goes_on_when_it_works() {
    let disk = SimDisk::new(9);
    let path = Path::new("/state.redb");
    disk.create(path, 0).unwrap();
    let store = sim_store(&disk, path);
    save_large(&store, 1).unwrap();
    let known = [("e1", [1; 16]), ("e1", [99; 16])];
    disk.set_broken(true);
    for number in 2..9 {
        let fault = save_large(&store, number).unwrap_err();
        assert!(fault.is_of_disk() && !fault.is_of_room(), "{fault}");
        let (position, marks) = store.look_up(&known).unwrap();
        assert!(position < number + 1, "{position}");
        assert_eq!(marks, [Some(mark(1)), None]);
        assert!(store.trouble().is_some());
    }
    // Another start on it.
    drop(store);
    let store = sim_store(&disk, path);
    assert_eq!(store.inbox("e1", &[1; 16]).unwrap(), Some(mark(1)));
    assert!(store.trouble().is_some());
    let _ = save_large(&store, 9).unwrap_err();
    disk.set_broken(false);
    save_large(&store, 9).unwrap();
    assert_eq!(store.trouble(), None);
    drop(store);
    assert_eq!(sim_store(&disk, path).position().unwrap(), (9, [9; 32]));
}

/// What was wiped stays forgotten, although the disk holds it still.
#[test]
fn a_store_whose_disk_fails_can_be_wiped() {
    let disk = SimDisk::new(10);
    let path = Path::new("/state.redb");
    disk.create(path, 0).unwrap();
    let store = sim_store(&disk, path);
    save_large(&store, 5).unwrap();
    disk.set_broken(true);
    let _ = save_large(&store, 6).unwrap_err();
    store.wipe().unwrap();
    assert_eq!(store.position().unwrap(), (0, [0; 32]));
    let _ = save_large(&store, 2).unwrap_err();
    assert_eq!(
        store.position().unwrap(),
        (0, [0; 32]),
        "kept in memory alone"
    );
    disk.set_broken(false);
    save_large(&store, 3).unwrap();
    assert_eq!(store.inbox("e1", &[5; 16]).unwrap(), None);
    drop(store);
    assert_eq!(sim_store(&disk, path).position().unwrap().0, 3);
}
