//! How the house stands on a day: bytes on the disk, how long it takes to start, how long a gate decision takes.

use std::path::Path;
use std::time::{Duration, Instant};

use cordon_contract::{Clock as _, ManualClock};
use cordon_journal::probe;
use cordon_records::{GrantsAsked, Look, names};

use super::house::{House, PATIENCE};
use super::traffic::Traffic;

/// Vehicles whose decision is timed.
const VEHICLES: usize = 300;
/// Bytes of a batch with one decision in it.
const BATCH_BYTES: usize = 6_000;
/// Raw syncs beside them.
const SYNCS: u32 = 300;
/// Messages that the state lacks after a kill: about as many as make a save due.
const UNSAVED: usize = 600;
/// Starts of each kind.
const STARTS: usize = 3;
/// The goals of a start: milliseconds, and times the first.
const START_MS: f64 = 500.0;
const GROWTH: f64 = 1.5;
/// The goal of a decision: milliseconds, or times the raw sync.
const GATE_MS: f64 = 5.0;
const GATE_TIMES: f64 = 3.0;

/// What was measured on a day. Times in milliseconds.
pub struct Stand {
    day: u16,
    entries: u64,
    journal: [u64; 3],
    state: u64,
    records: u64,
    /// Until healthy, and until the records answer.
    clean: (f64, f64),
    killed: (f64, f64),
    gate: (f64, f64),
    sync: (f64, f64),
    resident: u64,
}

impl Stand {
    /// Measures, and lets the house go on.
    pub async fn of(
        house: &mut House,
        traffic: &mut Traffic,
        clock: &ManualClock,
        day: u16,
    ) -> Self {
        let mut gate = Vec::new();
        for _ in 0..VEHICLES {
            gate.push(traffic.visit(house, clock.now()).await);
        }
        let sync = probe::raw_sync_rate(house.data(""), BATCH_BYTES, SYNCS).unwrap();
        house.require_records().await;
        let resident = resident();
        let entries = house.hub().durable().0;
        house.stop().await;
        let journal = [
            bytes_of(&house.data("journal"), "seg"),
            bytes_of(&house.data("journal"), "segz"),
            bytes_of(house.archive(), "segz"),
        ];
        let (state, records) = (bytes(house, "state.redb"), bytes(house, "records.sqlite"));
        let wal = bytes(house, "records.sqlite-wal");
        let (mut clean, mut killed) = (Vec::new(), Vec::new());
        let (stands, kept) = (house.data("state.redb"), house.data("state.kept"));
        for _ in 0..STARTS {
            clean.push(started(house).await);
            house.stop().await;
        }
        std::fs::copy(&stands, &kept).unwrap();
        house.start().await;
        for _ in 0..UNSAVED {
            traffic.sensors(house, clock.now()).await;
        }
        house.stop().await;
        for _ in 0..STARTS {
            std::fs::copy(&kept, &stands).unwrap();
            killed.push(started(house).await);
            house.stop().await;
        }
        std::fs::remove_file(&kept).unwrap();
        house.start().await;
        gate.sort_unstable();
        Self {
            day,
            entries,
            journal,
            state,
            records: records + wal,
            clean: median(clean),
            killed: median(killed),
            gate: (ms(gate[gate.len() / 2]), ms(gate[gate.len() * 99 / 100])),
            sync: (ms(sync.p50), ms(sync.p99)),
            resident,
        }
    }

    /// A line of the table, below its head.
    pub fn show(&self, is_first: bool) {
        if is_first {
            println!(
                "| day | entries | live MB | packed MB | archived MB | state MB | records MB | start clean ms (records) | \
                 start killed ms (records) | gate p50 / p99 ms | fdatasync p50 / p99 ms | memory MB |"
            );
            println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
        }
        let mb = |bytes: u64| bytes as f64 / 1e6;
        let [live, packed, archived] = self.journal.map(mb);
        println!(
            "| {} | {} | {live:.0} | {packed:.1} | {archived:.1} | {:.1} | {:.1} | {:.0} ({:.0}) | {:.0} ({:.0}) | {:.2} / {:.2} | \
             {:.2} / {:.2} | {:.0} |",
            self.day,
            self.entries,
            mb(self.state),
            mb(self.records),
            self.clean.0,
            self.clean.1,
            self.killed.0,
            self.killed.1,
            self.gate.0,
            self.gate.1,
            self.sync.0,
            self.sync.1,
            mb(self.resident),
        );
    }
}

/// Says which goals are met, and by how much others are not.
pub fn judge(stands: &[Stand]) {
    let (Some(first), Some(last)) = (stands.first(), stands.last()) else {
        return;
    };
    let worst = |of: fn(&Stand) -> f64| stands.iter().map(of).fold(0.0, f64::max);
    for (what, of) in [
        (
            "start after a clean end",
            (|it| it.clean.0) as fn(&Stand) -> f64,
        ),
        ("start after a kill", |it| it.killed.0),
    ] {
        line(&format!("{what}, longest, ms"), worst(of), START_MS);
        line(
            &format!("{what}, last by first"),
            of(last) / of(first),
            GROWTH,
        );
    }
    let off = |it: &Stand| it.gate.1 / GATE_MS.max(GATE_TIMES * it.sync.1);
    line("gate p99 by 5 ms or 3 × fdatasync, worst", worst(off), 1.0);
}

fn line(what: &str, is: f64, goal: f64) {
    match is <= goal {
        true => println!("met: {what}: {is:.2} (goal {goal})"),
        false => println!(
            "NOT met: {what}: {is:.2}, {:.2} × the goal {goal}",
            is / goal
        ),
    }
}

/// Starts the house: until it is healthy, and until its records answer.
async fn started(house: &mut House) -> (f64, f64) {
    let begun = Instant::now();
    house.start().await;
    while house.hub().health().position == 0 || house.hub().health().fault.is_some() {
        assert!(
            begun.elapsed() < PATIENCE,
            "{:?}",
            house.hub().health().fault
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let healthy = ms(begun.elapsed());
    let enterprise = "enterprise-1".parse().unwrap();
    let asked = GrantsAsked {
        plate: None,
        state: None,
        after: None,
        limit: 100,
    };
    let seen = house.hub().durable().0;
    let question = move |look: &Look<'_>| look.grants(&enterprise, &asked);
    house
        .records()
        .ask(names::GRANTS, seen, question)
        .await
        .unwrap();
    (healthy, ms(begun.elapsed()))
}

fn median(mut times: Vec<(f64, f64)>) -> (f64, f64) {
    times.sort_by(|one, other| one.0.total_cmp(&other.0));
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn bytes(house: &House, name: &str) -> u64 {
    std::fs::metadata(house.data(name)).map_or(0, |about| about.len())
}

/// Bytes of the files of a folder with this extension.
fn bytes_of(folder: &Path, extension: &str) -> u64 {
    let files = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files = files.filter(|it| it.path().extension().is_some_and(|it| it == extension));
    files.map(|it| it.metadata().unwrap().len()).sum()
}

/// Memory of this process.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or_default() * 1_024
}
