//! A year of a park in compressed time: the real hub, its journal, state and records on a real disk, under a clock that the
//! traffic moves. What is kept and what is gone at the end is held to the rules of retention.
//!
//! A few days run with every run of the tests; `cargo xtask soak year` runs as many as are asked for.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

mod house;
mod luck;
mod retention;
mod stand;
mod traffic;

use std::path::Path;

use cordon_contract::{Clock as _, ManualClock};
use cordon_model::Timestamp;

use house::House;
use luck::Luck;
use stand::Stand;
use traffic::Traffic;

/// Begin of the year, the midnight of a Tuesday in UTC: the certificates of a prepared park hold then.
const BEGIN: i64 = 1_795_478_400_000_000;
/// Milliseconds between two moments in which something is said. More is taken by the hub for a time in which it was down, and
/// would not count as passed.
const MOMENT_MS: i64 = 120_000;
/// Of a day.
const MOMENTS: u64 = 720;

/// What is simulated.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Days.
    days: u16,
    /// Entries of the journal that there are at least in the end.
    entries: u64,
    /// Bytes of a segment; those of the product when there are none.
    segment_bytes: Option<u64>,
    /// Days between two looks at how the house stands; none measures no time at all.
    measured_every: Option<u16>,
    /// Values in each batch of readings.
    samples: usize,
    seed: u64,
}

impl Plan {
    /// A share of all days, at least one.
    fn part(&self, of: u16, parts: u16) -> u16 {
        (u32::from(self.days) * u32::from(of) / u32::from(parts)).max(1) as u16
    }

    /// What is said in each day.
    fn entries_a_day(&self) -> u64 {
        self.entries.div_ceil(u64::from(self.days))
    }
}

/// A number of the environment, which `cargo xtask soak year` sets.
fn asked(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text}: no number")),
    )
}

/// Lets the days pass and holds what is left to the rules.
async fn simulate(plan: Plan, root: &Path) -> Vec<Stand> {
    let clock = ManualClock::new(Timestamp::from_micros(BEGIN));
    let mut house = House::new(root, plan, &clock).await;
    let mut traffic = Traffic::new(plan, Luck::of(plan.seed));
    let mut stands = Vec::new();
    for day in 0..plan.days {
        traffic.day(&house, &clock).await;
        house.keep().await;
        let is_last = day + 1 == plan.days;
        let is_asked = |every: u16| is_last || (day + 1) % every == 0;
        if plan.measured_every.is_some_and(is_asked) {
            let stand = Stand::of(&mut house, &mut traffic, &clock, day + 1).await;
            stand.show(stands.is_empty());
            stands.push(stand);
        }
    }
    traffic.tell();
    house.keep().await;
    house.require_records().await;
    let bound = house.bound();
    house.stop().await;
    retention::require(&house, plan, bound, clock.now());
    stands
}

/// A few days with segments of half a mebibyte, so that each rule has work to do.
#[tokio::test(flavor = "multi_thread")]
async fn after_some_days_the_disk_holds_what_the_rules_say_and_verifies() {
    let plan = Plan {
        days: 4,
        entries: 6_000,
        segment_bytes: Some(512 << 10),
        measured_every: None,
        samples: 4,
        seed: 7,
    };
    let folder = tempfile::tempdir().unwrap();
    simulate(plan, folder.path()).await;
}

/// The year itself; without being asked for, it has no days.
#[tokio::test(flavor = "multi_thread")]
async fn as_long_as_asked() {
    let Some(days) = asked("CORDON_YEAR_DAYS") else {
        return;
    };
    let days = u16::try_from(days).unwrap().max(2);
    let plan = Plan {
        days,
        entries: asked("CORDON_YEAR_ENTRIES").unwrap_or(10_000_000),
        segment_bytes: None,
        measured_every: Some((days / 12).clamp(1, 30)),
        samples: 20,
        seed: asked("CORDON_YEAR_SEED").unwrap_or(1),
    };
    let parent = std::env::var_os("CORDON_YEAR_FOLDER");
    let folder = match &parent {
        Some(parent) => tempfile::tempdir_in(parent),
        None => tempfile::tempdir(),
    };
    let folder = folder.unwrap();
    println!("{plan:?}, in {}", folder.path().display());
    let stands = simulate(plan, folder.path()).await;
    stand::judge(&stands);
}
