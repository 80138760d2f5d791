//! What becomes of records when a fold, the file or the journal is not what it was.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cordon_contract::{Entry, Fault};
use cordon_flow::EntryReader;
use cordon_journal::{Journal, Options};
use cordon_model::{Digest, Direction};
use cordon_records::{Failure, Fold, Follower, Halt, Progress, Rows, folds};

use crate::made::*;
use crate::naive::journal;

/// Keeps the number of every entry, and can be told to fail.
struct Numbers {
    name: &'static str,
    form: u32,
    fails_at: u64,
    how: How,
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    Never,
    Says,
    Panics,
    BadStatement,
}

impl Fold for Numbers {
    fn name(&self) -> &'static str {
        self.name
    }

    fn form(&self) -> u32 {
        self.form
    }

    fn schema(&self) -> &'static str {
        match self.name {
            "first" => "CREATE TABLE first (entry INTEGER PRIMARY KEY) STRICT",
            _ => "CREATE TABLE second (entry INTEGER PRIMARY KEY) STRICT",
        }
    }

    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
        let number = entry.number as i64;
        match self.name {
            "first" => rows.set("INSERT INTO first VALUES (?1)", [number])?,
            _ => rows.set("INSERT INTO second VALUES (?1)", [number])?,
        };
        if entry.number != self.fails_at {
            return Ok(());
        }
        match self.how {
            How::Never => Ok(()),
            How::Says => Err(Fault::new("J071", "it is odd").into()),
            How::Panics => panic!("a defect of the fold"),
            How::BadStatement => rows.set("INSERT INTO nowhere VALUES (1)", ()).map(drop),
        }
    }
}

fn numbers(name: &'static str, form: u32, fails: Option<(u64, How)>) -> Arc<dyn Fold> {
    let (fails_at, how) = fails.unwrap_or((0, How::Never));
    Arc::new(Numbers {
        name,
        form,
        fails_at,
        how,
    })
}

fn many(park: &Park, table: &str) -> usize {
    park.dump()[table].len()
}

#[test]
fn a_fold_that_fails_stands_before_that_entry_and_harms_no_other() {
    for how in [How::Says, How::Panics, How::BadStatement] {
        let mut park = Park::with(&journal(1, 100));
        let fails = Some((40, how));
        let mut follower = park
            .open(vec![numbers("first", 1, fails), numbers("second", 1, None)])
            .unwrap();
        to_end(&mut follower, park.durable());
        let standing = follower.standing();
        let broken = standing[0].broken.clone().unwrap();
        assert_eq!(
            (standing[0].number, broken.entry, broken.code.as_str()),
            (39, 40, "J071")
        );
        assert_eq!(
            (standing[1].number, standing[1].broken.is_none()),
            (100, true)
        );
        assert_eq!((many(&park, "first"), many(&park, "second")), (39, 100));
        // It stays so, and the other goes on.
        park.append(&journal(2, 10));
        to_end(&mut follower, park.durable());
        assert_eq!((many(&park, "first"), many(&park, "second")), (39, 110));
        drop(follower);
        // A program that can do it goes on from there: nothing is lost, nothing is built again.
        let mended = vec![numbers("first", 1, None), numbers("second", 1, None)];
        let mut follower = park.open(mended).unwrap();
        assert!(follower.anew().is_empty());
        to_end(&mut follower, park.durable());
        assert_eq!((many(&park, "first"), many(&park, "second")), (110, 110));
    }
}

/// One that is built anew has every other turn; whoever stands at the end stays there.
#[test]
fn a_fold_of_another_form_is_built_anew_alone_and_holds_nobody_back() {
    let mut park = Park::with(&journal(3, 5_000));
    let mut follower = park
        .open(vec![numbers("first", 1, None), numbers("second", 1, None)])
        .unwrap();
    to_end(&mut follower, park.durable());
    drop(follower);
    let mut follower = park
        .open(vec![numbers("first", 2, None), numbers("second", 1, None)])
        .unwrap();
    assert_eq!(follower.anew(), ["first"]);
    let at = |follower: &Follower| follower.standing().map_each();
    assert_eq!(at(&follower), [0, 5_000]);
    park.append(&journal(4, 50));
    // Two turns are enough for the one in front, however far the other is behind.
    for _ in 0..2 {
        assert_eq!(follower.step(park.durable()).unwrap(), Progress::More);
    }
    let [behind, front] = at(&follower);
    assert!(
        front == 5_050 && behind > 0 && behind < 5_000,
        "{behind} {front}"
    );
    to_end(&mut follower, park.durable());
    assert_eq!(at(&follower), [5_050, 5_050]);
    assert_eq!(
        (many(&park, "first"), many(&park, "second")),
        (5_050, 5_050)
    );
    // One that nobody knows any more is dropped.
    drop(follower);
    let follower = park.open(vec![numbers("second", 1, None)]).unwrap();
    assert!(follower.anew().is_empty());
    drop(follower);
    assert!(!park.dump().contains_key("first"));
}

trait MapEach {
    fn map_each(&self) -> [u64; 2];
}

impl MapEach for Vec<cordon_records::FoldStanding> {
    fn map_each(&self) -> [u64; 2] {
        [self[0].number, self[1].number]
    }
}

fn unfit(opened: Result<Follower, Halt>) -> String {
    match opened {
        Err(Halt::Unfit(why)) => why,
        Err(Halt::Again(fault)) => panic!("{fault}"),
        Ok(_) => panic!("it was taken"),
    }
}

#[test]
fn a_file_of_another_park_or_of_another_journal_is_not_taken() {
    let park = Park::with(&journal(5, 50));
    drop(park.follow());
    // Another hub's.
    let other = tempfile::tempdir().unwrap();
    let mut journal_of_other = Journal::open(other.path(), Options::new("JS-2/HUB-2")).unwrap();
    journal_of_other
        .append_batch(&[cordon_journal::NewRecord::default()])
        .unwrap();
    let reader = || EntryReader::over(journal_of_other.reader().unwrap());
    let (number, chain) = (journal_of_other.last(), journal_of_other.chain());
    let durable = (number, Digest(chain));
    let opened = Follower::open(&park.file(), reader(), own(), 400, durable);
    assert!(unfit(opened).contains("it belongs to \"JS-DEMO/HUB-1\""));
    // Another journal of the same hub: as long, and shorter.
    let same = Park::with(&journal(6, 60));
    let opened = Follower::open(&park.file(), same.reader(), own(), 400, same.durable());
    assert!(unfit(opened).contains("another entry 50"));
    let cut = Park::with(&journal(5, 20));
    let opened = Follower::open(&park.file(), cut.reader(), own(), 400, cut.durable());
    assert!(unfit(opened).contains("it holds entry 50, the journal ends at 20"));
    // A journal that is cut while it is followed.
    let mut follower = park.open(own()).unwrap();
    let halted = follower.step(cut.durable());
    assert!(matches!(halted, Err(Halt::Unfit(_))), "{halted:?}");
}

#[test]
fn a_file_that_is_torn_or_none_at_all_is_not_taken() {
    let park = Park::with(&journal(7, 2_000));
    drop(park.follow());
    let whole = std::fs::read(park.file()).unwrap();
    let mut taken = 0;
    for kept in [16, 100, 4_096, whole.len() / 2, whole.len() - 4_096] {
        std::fs::write(park.file(), &whole[..kept]).unwrap();
        let _ = unfit(park.open(own()));
    }
    std::fs::write(
        park.file(),
        b"no database at all, but a text of some length",
    )
    .unwrap();
    let _ = unfit(park.open(own()));
    // Pages of noise in the middle: found when they are read, at the latest.
    for page in (1..whole.len() / 4_096).step_by(7) {
        let mut bytes = whole.clone();
        bytes[page * 4_096..][..4_096].fill(0xa5);
        std::fs::write(park.file(), &bytes).unwrap();
        match park.open(own()) {
            Err(Halt::Unfit(_)) => {}
            Err(Halt::Again(fault)) => panic!("{fault}"),
            Ok(_) => taken += 1,
        }
    }
    assert!(
        taken > 0,
        "damage that is not touched is not looked for at a start"
    );
    // An empty file is no records yet, and no failure.
    std::fs::write(park.file(), b"").unwrap();
    drop(park.follow());
    assert_eq!(many(&park, "refusals"), {
        let again = Park::with(&journal(7, 2_000));
        drop(again.follow());
        many(&again, "refusals")
    });
}

/// Fails like a disk, once, in the middle of a transaction.
struct Flaky {
    inner: Arc<dyn Fold>,
    at: u64,
    is_over: Arc<AtomicBool>,
}

impl Fold for Flaky {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn form(&self) -> u32 {
        self.inner.form()
    }

    fn schema(&self) -> &'static str {
        self.inner.schema()
    }

    fn apply(&self, entry: &Entry, rows: &Rows<'_>) -> Result<(), Failure> {
        self.inner.apply(entry, rows)?;
        if entry.number == self.at && !self.is_over.load(Ordering::SeqCst) {
            // No room for one page more.
            let pages = rows.one("PRAGMA page_count", (), |row| row.get::<_, i64>(0))?;
            let limit = format!("PRAGMA max_page_count = {}", pages.unwrap_or_default());
            rows.one(&limit, (), |_| Ok(()))?;
            let blob = "CREATE TABLE full_up AS SELECT randomblob(1000000) AS bytes";
            rows.set(blob, ()).map(drop)?;
        }
        Ok(())
    }
}

#[test]
fn a_full_disk_breaks_no_fold_and_leaves_nothing_half_done() {
    let park = Park::with(&journal(8, 3_000));
    let is_over = Arc::new(AtomicBool::new(false));
    let flaky = |at| -> Vec<Arc<dyn Fold>> {
        let each = folds(&hub(), 10, 2).into_iter();
        each.map(|inner| -> Arc<dyn Fold> {
            let is_over = Arc::clone(&is_over);
            Arc::new(Flaky { inner, at, is_over })
        })
        .collect()
    };
    let mut follower = park.open(flaky(2_500)).unwrap();
    let halted = loop {
        match follower.step(park.durable()) {
            Ok(_) => {}
            Err(halt) => break halt,
        }
    };
    assert!(
        matches!(&halted, Halt::Again(fault) if fault.code() == "J072" && fault.to_string().contains("full")),
        "{halted:?}"
    );
    let standing = follower.standing();
    assert!(
        standing
            .iter()
            .all(|fold| fold.broken.is_none() && fold.number == 2_000)
    );
    drop(follower);
    is_over.store(true, Ordering::SeqCst);
    let mut follower = park.open(flaky(2_500)).unwrap();
    to_end(&mut follower, park.durable());
    drop(follower);
    let whole = Park::with(&journal(8, 3_000));
    drop(whole.follow());
    assert_eq!(park.dump(), whole.dump());
}

/// An entry that no program can read any more is passed over, and the others are not held up.
#[test]
fn an_entry_that_cannot_be_read_is_passed_over() {
    let mut park = Park::with(&[passage(at(1), "G1-L1", Direction::In)]);
    let odd = cordon_journal::NewRecord {
        kind: 200,
        sender: "HUB-1".to_owned(),
        ..cordon_journal::NewRecord::default()
    };
    park.journal
        .append_batch(std::slice::from_ref(&odd))
        .unwrap();
    park.append(&[passage(at(2), "G1-L1", Direction::Out)]);
    park.journal.append_batch(&[odd]).unwrap();
    let follower = park.follow();
    assert!(follower.standing().iter().all(|fold| fold.number == 4));
    assert_eq!(many(&park, "passages"), 2);
    drop(follower);
    drop(park.open(own()).unwrap());
}

/// Else the rows of one would be dropped with the tables of the other.
#[test]
fn no_folds_name_is_the_beginning_of_anothers() {
    let own = own();
    let names: Vec<&str> = own.iter().map(|fold| fold.name()).collect();
    for one in &names {
        let same = names
            .iter()
            .filter(|other| *other == one || other.starts_with(&format!("{one}_")));
        assert_eq!(same.count(), 1, "{one}");
    }
    let park = Park::new();
    drop(park.open(own));
    let file = rusqlite::Connection::open(park.file()).unwrap();
    let mut names_of_all = file
        .prepare("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
        .unwrap();
    let all = names_of_all
        .query_map((), |row| row.get::<_, String>(0))
        .unwrap();
    for name in all.map(Result::unwrap) {
        let is_own = ["park", "folds", "passed", "marks"].contains(&name.as_str());
        let is_folds = names
            .iter()
            .any(|fold| name == *fold || name.starts_with(&format!("{fold}_")));
        assert!(is_own || is_folds, "{name}");
    }
}

/// The engine before 3.51.3 loses what was committed when two connections meet at the end of the log.
#[test]
fn the_engine_is_new_enough() {
    let version = cordon_records::engine_version();
    let parts: Vec<u32> = version
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect();
    assert!(parts >= vec![3, 51, 3], "{version}");
}
