//! Records that are built of what is left of a journal.

use cordon_journal::NewRecord;
use cordon_model::{AlarmLevel, Direction};
use cordon_records::{LACKING, Missing, names};

use crate::follows::Running;
use crate::made::*;

/// Two grants, an alarm and a passage; the body of the first grant has expired, and of the passage.
fn park() -> Park {
    let mut park = Park::new();
    let lines = [
        grant(at(1), "E-1", "old", at(900)),
        grant(at(2), "E-1", "new", at(900)),
        alarm(at(3), "A-1", AlarmLevel::Red),
        passage(at(4), "G1-L1", Direction::In),
    ];
    for (number, line) in (1..).zip(&lines) {
        let record: NewRecord = line.record(number);
        let record = match number {
            1 | 4 => record.without_body().unwrap(),
            _ => record,
        };
        park.journal.append_batch(&[record]).unwrap();
    }
    park
}

fn of(folds: &[cordon_records::FoldStanding], name: &str) -> Option<Missing> {
    let fold = folds.iter().find(|fold| fold.name == name);
    fold.unwrap().missing
}

#[test]
fn each_kind_knows_what_of_its_own_is_missing_and_from_where_it_is_whole() {
    let park = park();
    let missing = |entries, last: u64| {
        let time_micros = at(i64::try_from(last).unwrap()).micros();
        Some(Missing {
            entries,
            last,
            time_micros,
        })
    };
    let follower = park.follow();
    let folds = follower.standing();
    // It is the last of all that is named: from behind it everything is whole.
    assert_eq!(of(&folds, names::GRANTS), missing(1, 4));
    assert_eq!(of(&folds, names::ALARMS), None);
    assert_eq!(of(&folds, names::PASSAGES), missing(2, 4));
    drop(follower);
    // It stands in the file, and is counted once.
    let folds = park.follow().standing();
    assert_eq!(of(&folds, names::GRANTS), missing(1, 4));
    assert_eq!(of(&folds, names::PASSAGES), missing(2, 4));
    std::fs::remove_file(park.file()).unwrap();
    assert_eq!(of(&park.follow().standing(), names::GRANTS), missing(1, 4));
}

/// What is not known to be all is not given for it.
#[tokio::test(flavor = "multi_thread")]
async fn whether_a_kind_has_all_that_stands_is_answered() {
    let running = Running::of(park());
    let records = running.start();
    let mut standing = records.watch();
    standing
        .wait_for(|standing| standing.reached() == 4)
        .await
        .unwrap();
    let refused = records.require_whole(names::GRANTS).unwrap_err();
    assert_eq!(refused.code(), LACKING);
    assert!(
        refused.to_string().contains("whole from behind entry 4"),
        "{refused}"
    );
    records.require_whole(names::ALARMS).unwrap();
    records.stop().await;
}
