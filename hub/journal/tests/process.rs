//! The journal in a process of its own: killed with signal 9, and counted by strace. The test binary
//! starts itself again as the child.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cordon_journal::probe::sample_batch;
use cordon_journal::{Journal, Options, verify};

const DIR: &str = "CORDON_JOURNAL_TEST_DIR";
const BATCHES: &str = "CORDON_JOURNAL_TEST_BATCHES";
const SEGMENT: &str = "CORDON_JOURNAL_TEST_SEGMENT";

/// The body of the child process; `acked N` on standard output only after N is durable.
#[test]
#[ignore = "the child process of the other tests"]
fn child() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let batches: u64 = std::env::var(BATCHES).unwrap().parse().unwrap();
    let options = Options {
        segment_bytes: std::env::var(SEGMENT).unwrap().parse().unwrap(),
        reserve_bytes: 0,
        ..Options::new("child")
    };
    let mut journal = Journal::open(dir, options).unwrap();
    for n in 0..batches {
        journal
            .append_batch(&sample_batch(1 + (n % 7) as usize, 2500, n))
            .unwrap();
        println!("acked {}", journal.last());
    }
    let counters = journal.counters();
    println!("counted {} {}", counters.batch_syncs, counters.other_syncs);
}

fn arguments(command: &mut Command, dir: &Path, batches: u64, segment: u64) {
    command
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(DIR, dir)
        .env(BATCHES, batches.to_string())
        .env(SEGMENT, segment.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
}

fn myself() -> PathBuf {
    std::env::current_exe().unwrap()
}

fn start(dir: &Path) -> Child {
    let mut command = Command::new(myself());
    arguments(&mut command, dir, u64::MAX, 128 * 1024);
    command.spawn().unwrap()
}

#[test]
fn kill_9_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut acked = 0;
    for round in 0..12u64 {
        let mut child = start(dir.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let deadline = Instant::now() + Duration::from_secs(60);
        // Killed a different number of acknowledgements in, in the middle of the next append.
        let mut left = 1 + round * 23 % 90;
        while left > 0 {
            let line = lines.next().expect("the child ended").unwrap();
            assert!(Instant::now() < deadline, "no acknowledgement in a minute");
            if let Some((_, number)) = line.split_once("acked ") {
                acked = number.parse().unwrap();
                left -= 1;
            }
        }
        child.kill().unwrap();
        for line in lines.map_while(Result::ok) {
            if let Some(number) = line.split_once("acked ").and_then(|(_, n)| n.parse().ok()) {
                acked = number;
            }
        }
        child.wait().unwrap();
        let report = verify(dir.path()).unwrap();
        assert!(report.is_clean(), "{:?}", report.problems);
        assert!(
            report.last >= acked,
            "{acked} acknowledged, {} found",
            report.last
        );
        assert_eq!(report.records, report.last, "no holes");
    }
    let options = Options {
        segment_bytes: 128 * 1024,
        reserve_bytes: 0,
        ..Options::new("child")
    };
    let journal = Journal::open(dir.path(), options).unwrap();
    assert!(journal.last() >= acked && acked > 100, "{acked}");
}

/// Counts system calls of one child; `None` when strace cannot be used here.
fn strace(dir: &Path, batches: u64, segment: u64) -> Option<String> {
    let log = dir.join("strace.log");
    let mut command = Command::new("strace");
    command.args([
        "-f",
        "-qq",
        "-e",
        "trace=fdatasync,fsync,sync_file_range,sync,msync,syncfs",
        "-o",
    ]);
    command.arg(&log).arg(myself());
    arguments(&mut command, &dir.join("journal"), batches, segment);
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("SKIPPED: strace is not installed; install it to count system calls");
            return None;
        }
        Err(error) => panic!("strace: {error}"),
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && errors.contains("ptrace") {
        println!("SKIPPED: strace may not trace here: {errors}");
        return None;
    }
    assert!(output.status.success(), "{errors}");
    Some(std::fs::read_to_string(log).unwrap())
}

#[test]
fn one_fdatasync_per_batch_by_strace() {
    let dir = tempfile::tempdir().unwrap();
    // 1,500 batches of about 10 KB fill two segments of 8 MiB; batches of the default 64 MiB
    // segments only make it better.
    let batches = 1_500;
    let Some(log) = strace(dir.path(), batches, 8 << 20) else {
        return;
    };
    let count = |name: &str| log.lines().filter(|line| line.contains(name)).count() as u64;
    let (data, files) = (count("fdatasync("), count("fsync("));
    let other = count("sync_file_range(") + count(" sync(") + count("msync(") + count("syncfs(");
    println!("{batches} batches: {data} fdatasync, {files} fsync, {other} other");
    assert!(data >= batches, "a batch was acknowledged without its sync");
    assert_eq!(other, 0);
    let per_batch = (data + files) as f64 / batches as f64;
    assert!(per_batch <= 1.02, "{per_batch}");
}
