//! Killed at any point while it catches up: what is in the file is what its position says.

use std::process::{Command, Stdio};
use std::time::Duration;

use cordon_flow::EntryReader;
use cordon_journal::Reader;
use cordon_model::Digest;
use cordon_records::Follower;

use crate::made::{Park, own};
use crate::naive::{Dice, journal};

/// Where the child finds the folder.
const FOLDER: &str = "CORDON_TEST_RECORDS_FOLDER";
const LINES: u64 = 6_000;
const KILLS: u64 = 10;

#[test]
#[ignore = "child process: it follows until it is killed"]
fn child_that_follows() {
    let folder = std::path::PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let reader = EntryReader::over(Reader::open(folder.join("journal")).unwrap());
    let durable = reader.position().unwrap();
    let file = folder.join("records.sqlite");
    let mut follower = Follower::open(&file, reader, own(), 400, durable).unwrap();
    println!("begins");
    crate::made::to_end(&mut follower, durable);
}

#[test]
fn killed_at_any_point_the_rows_are_those_of_the_position() {
    let whole = Park::with(&journal(11, LINES));
    let begun = std::time::Instant::now();
    drop(whole.follow());
    // As long as all of it takes, in parts: which instants those are does not matter.
    let part = u64::try_from(begun.elapsed().as_micros()).unwrap() / 3;
    let park = Park::with(&journal(11, LINES));
    let mut dice = Dice(3);
    for _ in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "killed::child_that_follows",
                "--nocapture",
            ])
            .env(FOLDER, park.dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for_begin(&mut child);
        std::thread::sleep(Duration::from_micros(dice.roll(part)));
        child.kill().unwrap();
        child.wait().unwrap();
        if check(&park) == LINES {
            std::fs::remove_file(park.file()).unwrap();
        }
    }
    drop(park.follow());
    assert_eq!(park.dump(), whole.dump());
}

fn wait_for_begin(child: &mut std::process::Child) {
    use std::io::{BufRead as _, BufReader};
    let out = BufReader::new(child.stdout.take().unwrap());
    let began = out
        .lines()
        .map_while(Result::ok)
        .any(|line| line.contains("begins"));
    assert!(began, "the child did not come so far");
}

/// Compares with what is built at once up to the same entry; gives that.
fn check(park: &Park) -> u64 {
    let follower = park.open(own()).unwrap();
    let standing = follower.standing();
    let number = standing[0].number;
    assert!(
        standing.iter().all(|fold| fold.number == number),
        "{standing:?}"
    );
    drop(follower);
    let until = usize::try_from(number).unwrap();
    let whole = Park::with(&journal(11, LINES)[..until]);
    let mut once = whole.open(own()).unwrap();
    crate::made::to_end(&mut once, whole.durable());
    drop(once);
    let (mut left, mut right) = (park.dump(), whole.dump());
    let chain = park
        .reader()
        .get(number)
        .unwrap()
        .map(|stored| stored.chain());
    let chain = chain.unwrap_or(Digest([0; 32]));
    let folds = left.remove("folds").unwrap();
    let shown: Vec<String> = chain.as_bytes().iter().map(ToString::to_string).collect();
    let shown = shown.join(", ");
    assert!(number == 0 || folds.iter().all(|row| row.contains(&shown)));
    right.remove("folds");
    assert_eq!(left, right, "at entry {number}");
    number
}
