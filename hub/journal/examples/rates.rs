//! Journal against the raw disk, in one run: `cargo run --release -p cordon-journal --example rates -- DIR`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use cordon_journal::probe::{append_rate, raw_sync_rate};
use cordon_journal::{Journal, Options, verify};

fn main() {
    let dir = std::env::args().nth(1).expect("give a folder");
    let dir = std::path::PathBuf::from(dir);
    println!(
        "records body | raw/s journal/s ratio | p50 ms p99 ms | rec/s | syncs/batch bytes/byte waits"
    );
    for (records, body, batches) in [
        (1, 600, 2_000),
        (8, 600, 2_000),
        (64, 600, 2_000),
        (256, 600, 1_000),
        (1, 4_500, 2_000),
        (64, 4_500, 500),
    ] {
        let mut journal = Journal::open(dir.join("journal"), Options::new("rates")).unwrap();
        // Alternating rounds: the disk's mood changes by the second.
        let (mut raw_rate, mut log_rate, mut last) = (0.0, 0.0, None);
        for _ in 0..3 {
            let bytes = records * (body + 100) + 68;
            raw_rate += raw_sync_rate(&dir, bytes, batches / 3)
                .unwrap()
                .per_second()
                / 3.0;
            let made = append_rate(&mut journal, batches / 3, records, body).unwrap();
            log_rate += made.batches.per_second() / 3.0;
            last = Some(made);
        }
        let last = last.unwrap();
        let counters = journal.counters();
        println!(
            "{records:7} {body:4} | {raw_rate:7.0} {log_rate:7.0} {:4.2} | {:.3} {:.3} | {:.0} | {:.3} {:.3} {}",
            log_rate / raw_rate,
            last.batches.p50.as_secs_f64() * 1e3,
            last.batches.p99.as_secs_f64() * 1e3,
            log_rate * records as f64,
            counters.syncs_per_batch(),
            counters.bytes_per_payload_byte(),
            counters.waits,
        );
    }
    let report = verify(dir.join("journal")).unwrap();
    println!(
        "verify: {} records, {} segments, clean {}, {:.2} s",
        report.records,
        report.segments,
        report.is_clean(),
        report.duration.as_secs_f64()
    );
}
