//! Crash tests on the simulated disk: nothing acknowledged is lost, no holes, torn tails are cut.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod crash;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cordon_journal::disk::Disk;
use cordon_journal::disk::sim::{Dice, SimDisk};
use cordon_journal::probe::sample_batch;
use cordon_journal::{Changes, InboxMark, Journal, Options, State, StateStore, verify_on};

#[test]
fn two_thousand_power_cuts_lose_nothing_acknowledged() {
    let outcome = crash::run(1, 2_000);
    println!("{outcome:?}");
    // The run must have met what it is there for.
    assert!(outcome.cuts_in_recovery > 100, "{outcome:?}");
    assert!(outcome.torn > 50, "{outcome:?}");
    assert!(outcome.sealed > 5, "{outcome:?}");
    assert!(outcome.unacknowledged_kept > 10, "{outcome:?}");
    assert!(outcome.failed_syncs > 10, "{outcome:?}");
}

#[test]
fn any_flipped_bit_is_found_or_harmless() {
    let dir = Path::new("/j");
    let options = || Options {
        segment_bytes: 16 * 1024,
        reserve_bytes: 0,
        warn_free_bytes: 0,
        floor_free_bytes: 0,
        background: false,
        ..Options::new("flip")
    };
    let disk = SimDisk::new(3);
    let mut journal = Journal::open_on(Arc::new(disk.clone()), dir, options()).unwrap();
    for n in 0..24 {
        journal.append_batch(&sample_batch(2, 500, n)).unwrap();
    }
    let (last, chain) = (journal.last(), journal.chain());
    drop(journal);
    let clean = verify_on(Arc::new(disk.clone()), dir, &[], Duration::ZERO).unwrap();
    assert!(clean.is_clean() && clean.sealed >= 1, "{clean:?}");
    let mut dice = Dice::new(9);
    let (mut found, mut harmless) = (0, 0);
    for _ in 0..600 {
        let file = dir.join(format!("{:08}.seg", 1 + dice.below(3)));
        let bit = dice.below(16 * 1024 * 8);
        disk.flip(&file, bit);
        let report = verify_on(Arc::new(disk.clone()), dir, &[], Duration::ZERO).unwrap();
        let same = (report.records, report.last, report.chain) == (last, last, chain);
        if report.is_clean() && !report.torn_tail {
            assert!(same, "bit {bit} of {} went unseen", file.display());
            harmless += 1;
        } else {
            found += 1;
        }
        disk.flip(&file, bit);
    }
    assert!(
        found > 200 && harmless > 50,
        "{found} found, {harmless} harmless"
    );
}

/// State of one life of the store on a simulated disk.
fn changes(number: u64) -> Changes {
    let mut changes = Changes::at(number, [number as u8; 32]);
    for n in 0..4u64 {
        changes.put("gate", (number * 7 + n).to_be_bytes(), number.to_le_bytes());
    }
    changes.snapshot("access", vec![number as u8; 300]);
    let mark = InboxMark {
        number,
        time_micros: 7,
        marks: 0,
        digest: [3; 32],
        identity: [6; 32],
        chain: [4; 32],
    };
    changes.inbox("enterprise-1", (u128::from(number)).to_be_bytes(), mark);
    changes
}

#[test]
fn the_state_store_keeps_position_and_effects_together_over_power_cuts() {
    let path = Path::new("/state.redb");
    let (mut rebuilt, mut cuts) = (0, 0);
    for seed in 0..60 {
        let disk = SimDisk::new(seed);
        let mut dice = Dice::new(seed ^ 77);
        disk.create(path, 0).unwrap();
        disk.sync_dir(Path::new("/")).unwrap();
        let mut durable = 0;
        for _ in 0..6 {
            disk.cut_at(5 + dice.below(120));
            cuts += 1;
            let mut begun = durable;
            if let Ok(opened) = StateStore::open_on(disk.open(path, true).unwrap()) {
                let Some(store) = opened else {
                    rebuilt += 1;
                    break;
                };
                let Ok((position, chain)) = store.position() else {
                    continue;
                };
                assert!(
                    position >= durable,
                    "seed {seed}: {durable} was durable, {position} is there"
                );
                if position > 0 {
                    assert_eq!(chain, [position as u8; 32]);
                    let key = (position * 7 + 3).to_be_bytes();
                    assert_eq!(
                        store.get("gate", &key).unwrap().unwrap(),
                        position.to_le_bytes()
                    );
                    assert_eq!(
                        store.snapshot("access").unwrap().unwrap()[0],
                        position as u8
                    );
                    let id = u128::from(position).to_be_bytes();
                    assert_eq!(
                        store.inbox("enterprise-1", &id).unwrap().unwrap().number,
                        position
                    );
                    let id = u128::from(position + 1).to_be_bytes();
                    assert_eq!(store.inbox("enterprise-1", &id).unwrap(), None);
                }
                begun = position;
                loop {
                    if store.commit(&changes(begun + 1)).is_err() {
                        break;
                    }
                    begun += 1;
                }
            }
            durable = begun;
            disk.power_cycle();
        }
    }
    println!("{cuts} cuts, {rebuilt} stores that asked to be rebuilt");
    assert_eq!(
        rebuilt, 0,
        "the engine lost a durable state; rebuilding hides it, the count shows it"
    );
}
