//! A checkpoint holds what the state held, or is refused.

use super::*;
use crate::state::{Changes, Held, InboxMark, State, StateStore};

/// What a state holds, as text, and where it stands.
fn all(state: &dyn State) -> (Vec<String>, Position) {
    let mut held = Vec::new();
    let position = state.each(&mut |one: Held<'_>| {
        held.push(format!("{one:?}"));
        Ok(true)
    });
    (held, position.unwrap())
}

fn mark(number: u64) -> InboxMark {
    InboxMark {
        number,
        time_micros: -7,
        marks: 3,
        digest: [1; 32],
        identity: [2; 32],
        chain: [3; 32],
    }
}

fn store(folder: &Path, name: &str) -> StateStore {
    StateStore::open(folder.join(name)).unwrap().0
}

/// A state with rows, values and marks.
fn filled(folder: &Path) -> StateStore {
    let state = store(folder, "state.redb");
    let mut changes = Changes::at(41, [9; 32]);
    for number in 0..2_000_u32 {
        let key = number.to_be_bytes();
        changes.put("plugin.access.grants", key, vec![number as u8; 40]);
    }
    changes.put("flow.fold.open", b"".to_vec(), b"".to_vec());
    changes.snapshot("flow.forms", b"forms".to_vec());
    for number in 1..=20 {
        changes.inbox("enterprise-1", [number; 16], mark(u64::from(number)));
    }
    state.commit(&changes).unwrap();
    state
}

#[test]
fn a_state_goes_on_from_a_checkpoint_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let state = filled(dir.path());
    let folder = dir.path().join("checkpoints");
    assert_eq!(list(&folder).unwrap(), []);
    let made = save(&state, "park/hub", &folder, &|| true)
        .unwrap()
        .unwrap();
    assert_eq!(list(&folder).unwrap(), [(41, made.path.clone())]);
    assert_eq!(read(&made.path).unwrap(), made);
    assert_eq!(
        (made.position, &*made.identity),
        ((41, [9; 32]), "park/hub")
    );
    // What comes later is not in it.
    let mut later = Changes::at(42, [8; 32]);
    later.clear("plugin.access.grants");
    let before = all(&state);
    state.commit(&later).unwrap();
    let other = store(dir.path(), "other.redb");
    load(&made, &other).unwrap();
    assert_eq!(all(&other), before);
    assert_eq!(
        other.inbox("enterprise-1", &[7; 16]).unwrap(),
        Some(mark(7))
    );
    assert_eq!(other.inbox_since(0, 100).unwrap().len(), 20);
    let again = save(&other, "park/hub", &folder, &|| true)
        .unwrap()
        .unwrap();
    assert_eq!(again.digest, made.digest);
}

#[test]
fn nothing_is_made_of_an_empty_state_or_when_nobody_wants_it() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("checkpoints");
    let empty = store(dir.path(), "empty.redb");
    assert_eq!(save(&empty, "park/hub", &folder, &|| true).unwrap(), None);
    let state = filled(dir.path());
    let left = std::cell::Cell::new(500);
    let goes_on = || {
        left.set(left.get() - 1);
        left.get() > 0
    };
    assert_eq!(save(&state, "park/hub", &folder, &goes_on).unwrap(), None);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn what_is_cut_changed_or_of_another_form_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let state = filled(dir.path());
    let made = save(&state, "park/hub", dir.path(), &|| true)
        .unwrap()
        .unwrap();
    let good = std::fs::read(&made.path).unwrap();
    let place = dir.path().join(file_name(7));
    let refused = |bytes: &[u8]| {
        std::fs::write(&place, bytes).unwrap();
        let fault = read(&place).unwrap_err();
        (fault.code(), fault.detail().to_owned())
    };
    for length in [0, 8, 71, 72, good.len() / 2, good.len() - 1] {
        assert_eq!(refused(&good[..length]).0, "J062", "{length}");
    }
    for at in (0..good.len()).step_by(97).chain([0, good.len() - 1]) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_eq!(refused(&bad).0, "J062", "byte {at}");
    }
    // The bytes of another, under a digest that is right.
    let sealed = |mut bytes: Vec<u8>| {
        let end = bytes.len() - 32;
        let digest = crate::chain::sha256(&[&bytes[..end]]);
        bytes.truncate(end);
        bytes.extend_from_slice(&digest);
        bytes
    };
    let mut form = good.clone();
    form[8 + 1 + "park/hub".len() + 1] = b'?';
    let (code, why) = refused(&sealed(form));
    assert!(code == "J062" && why.contains("form"), "{why}");
    let mut other = good.clone();
    other[0] = b'X';
    assert_eq!(refused(&sealed(other)).0, "J062");
    // Packed items that are none leave a state that stands nowhere.
    let mut torn = good.clone();
    let middle = torn.len() / 2;
    torn[middle] ^= 0xff;
    std::fs::write(&place, sealed(torn)).unwrap();
    let torn = read(&place).unwrap();
    let target = store(dir.path(), "target.redb");
    assert_eq!(load(&torn, &target).unwrap_err().code(), "J062");
    assert_eq!(target.position().unwrap().0, 0);
}
