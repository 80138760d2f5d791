//! The crash room: a journal on the simulated disk, its power cut at random moments. Shared by the
//! test and by `examples/crash.rs`, which runs as many as asked.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cordon_journal::disk::sim::{Dice, SimDisk};
use cordon_journal::probe::sample_batch;
use cordon_journal::{FaultKind, Hash, Journal, NewRecord, Options, Reader, verify_on};

/// What a run came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Power cuts and kills survived.
    pub cuts: u64,
    /// Of these, during opening.
    pub cuts_in_recovery: u64,
    /// Torn batches cut.
    pub torn: u64,
    /// Segments sealed at opening.
    pub sealed: u64,
    /// Batches that were written but not acknowledged, and came back whole.
    pub unacknowledged_kept: u64,
    /// Records acknowledged and found again.
    pub acknowledged: u64,
    /// Failed syncs that stopped the writer.
    pub failed_syncs: u64,
}

struct Room {
    disk: SimDisk,
    dice: Dice,
    seed: u64,
    /// Every acknowledged record.
    acknowledged: Vec<(NewRecord, Hash)>,
    /// The batch whose append failed: it may be there whole, or not at all.
    in_doubt: Vec<NewRecord>,
    trimmed: bool,
    outcome: Outcome,
}

fn options(ahead: u64) -> Options {
    Options {
        segment_bytes: 16 * 1024,
        reserve_bytes: 0,
        warn_free_bytes: 0,
        floor_free_bytes: 0,
        background: false,
        ahead: 1 + ahead as usize,
        ..Options::new("crash")
    }
}

fn dir() -> &'static Path {
    Path::new("/journal")
}

/// Survives `cuts` power cuts; panics at the first broken promise, naming the seed.
pub fn run(seed: u64, cuts: u64) -> Outcome {
    let mut total = Outcome::default();
    let mut round = 0;
    while total.cuts < cuts {
        let round_seed = seed.wrapping_mul(1_000_003).wrapping_add(round);
        let outcome = one_disk(round_seed);
        total.cuts += outcome.cuts;
        total.cuts_in_recovery += outcome.cuts_in_recovery;
        total.torn += outcome.torn;
        total.sealed += outcome.sealed;
        total.unacknowledged_kept += outcome.unacknowledged_kept;
        total.acknowledged += outcome.acknowledged;
        total.failed_syncs += outcome.failed_syncs;
        round += 1;
    }
    total
}

/// One disk through a dozen lives.
fn one_disk(seed: u64) -> Outcome {
    let mut room = Room {
        disk: SimDisk::new(seed),
        dice: Dice::new(!seed),
        seed,
        acknowledged: Vec::new(),
        in_doubt: Vec::new(),
        trimmed: false,
        outcome: Outcome::default(),
    };
    for _ in 0..12 {
        room.life();
    }
    room.disk.power_cycle();
    let journal = room.open().expect("opens when nothing fails");
    room.check(&journal);
    room.outcome.acknowledged = room.acknowledged.len() as u64;
    room.outcome
}

impl Room {
    /// Opens, works until the power fails, comes back.
    fn life(&mut self) {
        let bound = if self.dice.below(3) == 0 { 12 } else { 60 };
        let at = 1 + self.dice.below(bound);
        self.disk.cut_at(at);
        if self.dice.below(10) == 0 {
            self.disk.fail_sync(1 + self.dice.below(20));
        }
        match self.open().filter(|_| !self.disk.is_off()) {
            Some(mut journal) => {
                self.check(&journal);
                self.work(&mut journal);
            }
            None => self.outcome.cuts_in_recovery += 1,
        }
        self.outcome.cuts += 1;
        // A failed sync is often followed by a restart without a power cut.
        if !self.disk.is_off() && self.dice.below(2) == 0 {
            self.disk.kill();
            self.disk.cut_at(u64::MAX / 2);
        } else {
            self.disk.power_cycle();
        }
        self.check_before_opening();
    }

    /// What a crash left can be read and verified before any hub repairs it.
    fn check_before_opening(&self) {
        let seed = self.seed;
        let disk = || Arc::new(self.disk.clone());
        let known = self.acknowledged.len() as u64;
        let Ok(reader) = Reader::open_on(disk(), dir()) else {
            assert_eq!(known, 0, "seed {seed}: no journal");
            return;
        };
        let (last, chain) = reader.position().unwrap();
        assert!(
            last >= known,
            "seed {seed}: {known} acknowledged, {last} readable"
        );
        let records: Result<Vec<_>, _> = reader.read_from(0).unwrap().collect();
        let count = records.unwrap().len() as u64;
        let first = reader.first().unwrap().unwrap_or(1);
        assert_eq!(first + count, last + 1, "seed {seed}");
        let report = verify_on(disk(), dir(), &[], Duration::ZERO).unwrap();
        assert!(report.is_clean(), "seed {seed}: {report:?}");
        assert_eq!((report.last, report.chain), (last, chain), "seed {seed}");
    }

    /// `None` when the power failed while opening.
    fn open(&mut self) -> Option<Journal> {
        match Journal::open_on(Arc::new(self.disk.clone()), dir(), options(self.seed % 3)) {
            Ok(journal) => Some(journal),
            Err(fault) => {
                let by_cut = fault.detail().contains("simulated");
                assert!(by_cut, "seed {}: opening refused: {fault}", self.seed);
                None
            }
        }
    }

    fn work(&mut self, journal: &mut Journal) {
        loop {
            let records = 1 + self.dice.below(5) as usize;
            let body = self.dice.below(1800) as usize;
            let mut batch = sample_batch(records, body, self.dice.roll());
            if self.dice.below(8) == 0 {
                // A body that imitates this journal's own bytes.
                let segment = dir().join(format!("{:08}.seg", 1 + self.dice.below(3)));
                if let Some(bytes) = self.disk.bytes(&segment) {
                    batch[0].body = bytes[4096..4096 + 900].to_vec().into();
                }
            }
            match journal.append_batch(&batch) {
                Ok(receipts) => {
                    for (record, (number, chain)) in batch.into_iter().zip(receipts) {
                        self.acknowledged.push((record, chain));
                        assert_eq!(number, self.acknowledged.len() as u64, "seed {}", self.seed);
                    }
                }
                Err(fault) => {
                    let expected = [FaultKind::Write, FaultKind::Poisoned];
                    assert!(
                        expected.contains(&fault.kind()),
                        "seed {}: {fault}",
                        self.seed
                    );
                    if fault.detail().contains("sync failure") {
                        self.outcome.failed_syncs += 1;
                    }
                    let again = journal.append_batch(&batch).expect_err("poisoned");
                    assert_eq!(again.kind(), FaultKind::Poisoned, "seed {}", self.seed);
                    self.in_doubt = batch;
                    return;
                }
            }
            if self.dice.below(12) == 0 {
                let before = self.dice.below(self.acknowledged.len() as u64 + 1);
                match journal.trim(before) {
                    Ok(count) => self.trimmed |= count > 0,
                    Err(_) => {
                        self.trimmed = true;
                        return;
                    }
                }
            }
        }
    }

    /// Every promise after an opening.
    fn check(&mut self, journal: &Journal) {
        let seed = self.seed;
        self.outcome.torn += u64::from(journal.opening().torn.is_some());
        self.outcome.sealed += u64::from(journal.opening().sealed.is_some());
        let known = self.acknowledged.len() as u64;
        let last = journal.last();
        let doubt = std::mem::take(&mut self.in_doubt);
        let extra = last.checked_sub(known);
        let whole = extra == Some(0) || extra == Some(doubt.len() as u64);
        assert!(
            whole,
            "seed {seed}: {known} acknowledged, {last} found, {} in doubt",
            doubt.len()
        );
        let reader = journal.reader().unwrap();
        let mut next = reader.first().unwrap().unwrap_or(1);
        assert!(next == 1 || self.trimmed, "seed {seed}: begins with {next}");
        for record in reader.read_from(0).unwrap() {
            let record = record.unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
            assert_eq!(record.number, next, "seed {seed}: a hole");
            match self.acknowledged.get(next as usize - 1) {
                Some((new, chain)) => {
                    assert_eq!(&record.to_new(), new, "seed {seed}: record {next}");
                    assert_eq!(&record.chain, chain, "seed {seed}: chain of {next}");
                }
                None => {
                    let new = doubt[(next - known) as usize - 1].clone();
                    assert_eq!(record.to_new(), new, "seed {seed}: record {next}");
                    self.acknowledged.push((new, record.chain));
                }
            }
            next += 1;
        }
        assert_eq!(next, last + 1, "seed {seed}: the reader's end");
        self.outcome.unacknowledged_kept += u64::from(last > known);
        let report = verify_on(Arc::new(self.disk.clone()), dir(), &[], Duration::ZERO).unwrap();
        assert!(
            report.is_clean() && !report.torn_tail,
            "seed {seed}: {report:?}"
        );
        assert_eq!(
            (report.last, report.chain),
            (last, journal.chain()),
            "seed {seed}"
        );
    }
}
