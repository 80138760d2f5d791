//! The adapter against a simulated provincial platform.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cordon_contract::{
    BoxFuture, Clock, Fault, Intake, Link, LinkState, ManualClock, ReportSource, ReportVersion,
    Running as _, Shutdown, ShutdownTrigger, SignedReport, SystemClock,
};
use cordon_model::{ReportType, Timestamp};
use cordon_regulator::{Config, RegulatorAdapter, RunningRegulator};
use cordon_sim_partners::{Platform, PlatformFaults};

/// Reports with a version that the test raises, and what the hub missed while it was away.
#[derive(Default)]
struct Shelf(AtomicU32, Vec<ReportVersion>);

const REPORT: &str = "RPT-01-20260331";

fn named(report_id: &str, version: u32) -> ReportVersion {
    ReportVersion {
        report_id: report_id.to_owned(),
        version,
    }
}

fn signed(report_id: &str, version: u32) -> SignedReport {
    SignedReport {
        report_id: report_id.to_owned(),
        version,
        bytes: Bytes::from(format!(
            "<ReportDocument id=\"{report_id}\" version=\"{version}\"/>"
        )),
    }
}

impl ReportSource for Shelf {
    fn due(&self, _: ReportType, _: Timestamp) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>> {
        let version = self.0.load(Ordering::SeqCst);
        let due = (version > 0).then(|| named(REPORT, version));
        Box::pin(async move { Ok(Vec::from_iter(due)) })
    }

    fn missed(
        &self,
        _: ReportType,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>> {
        let last = at.to_string();
        assert!(self.1.is_empty() || last.starts_with("2026-04-01T00:15:00"));
        Box::pin(async move { Ok(self.1.clone()) })
    }

    fn built(
        &self,
        _: ReportType,
        _: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn find<'a>(
        &'a self,
        id: &'a str,
        version: u32,
    ) -> BoxFuture<'a, Result<Option<SignedReport>, Fault>> {
        let is_missed = self.1.contains(&named(id, version));
        let is_there = is_missed || version <= self.0.load(Ordering::SeqCst);
        Box::pin(async move { Ok(is_there.then(|| signed(id, version))) })
    }
}

/// A report for each day on which it is asked for, what was built before, and how often building fails.
#[derive(Default)]
struct Days(Vec<ReportVersion>, AtomicU32);

fn of_day(kind: ReportType, at: Timestamp) -> Vec<ReportVersion> {
    let day = at.to_string();
    vec![named(&format!("{}.{}", kind.as_str(), &day[..10]), 1)]
}

impl ReportSource for Days {
    fn due(
        &self,
        kind: ReportType,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>> {
        let fails = self.1.load(Ordering::SeqCst);
        self.1.store(fails.saturating_sub(1), Ordering::SeqCst);
        Box::pin(async move {
            match fails {
                0 => Ok(of_day(kind, at)),
                _ => Err(Fault::new("S083", "the lock is held")),
            }
        })
    }

    fn missed(
        &self,
        kind: ReportType,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>> {
        Box::pin(async move { Ok(of_day(kind, at)) })
    }

    fn built(
        &self,
        _: ReportType,
        _: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>> {
        Box::pin(async { Ok(self.0.clone()) })
    }

    fn find<'a>(
        &'a self,
        id: &'a str,
        version: u32,
    ) -> BoxFuture<'a, Result<Option<SignedReport>, Fault>> {
        Box::pin(async move { Ok(Some(signed(id, version))) })
    }
}

/// Names of what waits, by the ledger's file.
fn waiting(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("ledger.json")).unwrap_or_default();
    let ledger: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let waiting = ledger["waiting"].as_object();
    waiting.map_or_else(Vec::new, |all| all.keys().cloned().collect())
}

fn pushed(platform: &Platform) -> Vec<Bytes> {
    platform.pushes().into_iter().map(|it| it.body).collect()
}

fn bodies<'a>(ids: impl IntoIterator<Item = &'a String>) -> Vec<Bytes> {
    ids.into_iter().map(|id| signed(id, 1).bytes).collect()
}

async fn refusing() -> Platform {
    let rejects = PlatformFaults {
        fail_first: u32::MAX,
        ..faults()
    };
    Platform::start(0, rejects).await.unwrap()
}

fn at(text: &str) -> ManualClock {
    ManualClock::new(text.parse::<Timestamp>().unwrap())
}

const DAY_MS: i64 = 86_400_000;

struct Bench {
    adapter: Arc<RunningRegulator>,
    stop: ShutdownTrigger,
    task: tokio::task::JoinHandle<Result<(), Fault>>,
}

fn run(platform: &Platform, folder: &Path, shelf: &Arc<Shelf>, more: &str) -> Bench {
    run_by(Arc::new(SystemClock), platform, folder, (shelf, more))
}

fn run_by<S: ReportSource>(
    clock: Arc<dyn Clock>,
    platform: &Platform,
    folder: &Path,
    (shelf, more): (&Arc<S>, &str),
) -> Bench {
    std::fs::write(folder.join("token"), "t0ken\n").unwrap();
    let every = "schedule = { every_s = 1 }";
    let schedule = match more.contains("[[job]]") {
        true => String::new(),
        false => format!("[[job]]\nreport = \"RPT-01\"\n{every}\n"),
    };
    let text = format!(
        "name = \"province\"\nplatform = \"province-1\"\nurl = \"http://{}/reports\"\ntoken_file = \"{}\"\n\
         ledger_file = \"{}\"\nretry_after_s = 1\n{more}\n{schedule}",
        platform.address(),
        folder.join("token").display(),
        folder.join("ledger.json").display()
    );
    let config: Config = toml::from_str(&text).unwrap();
    let source: Arc<dyn ReportSource> = Arc::<S>::clone(shelf);
    let adapter =
        RegulatorAdapter::new(config, source, None).unwrap_or_else(|faults| panic!("{faults:?}"));
    let (intake, _offers) = Intake::bounded(1);
    let (stop, shutdown) = Shutdown::pair();
    let link = Link {
        intake,
        clock,
        shutdown,
    };
    let adapter = Arc::new(Arc::new(adapter).ready(link));
    let running = Arc::clone(&adapter);
    let task = tokio::spawn(async move { running.run().await });
    Bench {
        adapter,
        stop,
        task,
    }
}

impl Bench {
    async fn stop(self) {
        self.stop.pull();
        self.task.await.unwrap().unwrap();
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(90);
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn shelf(version: u32) -> Arc<Shelf> {
    Arc::new(Shelf(AtomicU32::new(version), Vec::new()))
}

fn faults() -> PlatformFaults {
    PlatformFaults {
        token: Some("t0ken".to_owned()),
        ..PlatformFaults::default()
    }
}

#[tokio::test]
async fn a_report_arrives_once_over_failures_lost_answers_and_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let platform = Platform::start(
        0,
        PlatformFaults {
            fail_first: 2,
            hang_up_first: 1,
            ..faults()
        },
    )
    .await
    .unwrap();
    let shelf = shelf(1);
    let bench = run(&platform, folder.path(), &shelf, "");
    until("the first report is settled", || platform.repeated() == 1).await;
    assert_eq!(
        platform.pushes().len(),
        1,
        "the lost answer was tried again with the same key"
    );
    assert_eq!(
        platform.pushes()[0].body,
        signed(REPORT, 1).bytes,
        "bit for bit"
    );
    bench.stop().await;
    let bench = run(&platform, folder.path(), &shelf, "");
    shelf.0.store(2, Ordering::SeqCst);
    until("the correction", || platform.pushes().len() == 2).await;
    assert_eq!(
        platform.calls(),
        5,
        "the first version is not sent again after a restart"
    );
    assert!(bench.adapter.dead_letters().is_empty());
    bench.stop().await;
}

#[tokio::test]
async fn what_is_refused_is_a_dead_letter_until_it_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let refusing = Platform::start(
        0,
        PlatformFaults {
            refuse: true,
            ..faults()
        },
    )
    .await
    .unwrap();
    let shelf = shelf(1);
    let bench = run(&refusing, folder.path(), &shelf, "");
    until("a dead letter", || !bench.adapter.dead_letters().is_empty()).await;
    let letter = bench.adapter.dead_letters().remove(0);
    assert!(letter.reason.contains("422"), "{letter:?}");
    assert_eq!(refusing.calls(), 1, "a refusal is not repeated");
    // As the hub sees it: listed with a key, and kept when it is not taken again.
    let key = "RPT-01-20260331:1";
    let listed = bench.adapter.undelivered().remove(0);
    assert_eq!((listed.key.as_str(), listed.since), (key, letter.since));
    assert_eq!(listed.target.0, "partner:province-1");
    let again = bench.adapter.send_again(key).await.unwrap_err();
    assert_eq!(again.code(), "A055");
    assert_eq!(
        bench.adapter.dead_letters()[0].attempts,
        letter.attempts + 1
    );
    let unknown = bench.adapter.send_again("RPT-01-20260331:9").await;
    assert_eq!(unknown.unwrap_err().code(), "A054");
    bench.stop().await;
    // Another day the platform takes it.
    let taking = Platform::start(0, faults()).await.unwrap();
    let bench = run(&taking, folder.path(), &shelf, "");
    assert_eq!(
        bench.adapter.dead_letters().len(),
        1,
        "kept over the restart"
    );
    bench.adapter.send_again(key).await.unwrap();
    assert_eq!(taking.pushes().len(), 1);
    assert!(bench.adapter.dead_letters().is_empty());
    assert_eq!(
        bench
            .adapter
            .rerun("RPT-01-20260331", 9)
            .await
            .unwrap_err()
            .code(),
        "A053"
    );
    bench.stop().await;
}

#[tokio::test]
async fn a_platform_that_never_answers_leads_to_a_dead_letter() {
    let folder = tempfile::tempdir().unwrap();
    let platform = Platform::start(
        0,
        PlatformFaults {
            fail_first: u32::MAX,
            ..faults()
        },
    )
    .await
    .unwrap();
    let shelf = shelf(1);
    let bench = run(&platform, folder.path(), &shelf, "give_up_after_s = 2");
    until("a dead letter", || !bench.adapter.dead_letters().is_empty()).await;
    assert!(bench.adapter.dead_letters()[0].attempts >= 2);
    assert!(bench.adapter.health()[0].reason.contains("dead letter"));
    bench.stop().await;
}

/// The platform did not answer for longer than spans are looked at, and the hub was started anew each night: the oldest
/// report was forgotten without a word.
#[tokio::test]
async fn what_was_tried_in_vain_is_not_forgotten_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let rejects = PlatformFaults {
        fail_first: 1,
        ..faults()
    };
    let platform = Platform::start(0, rejects).await.unwrap();
    let shelf = shelf(1);
    let bench = run(&platform, folder.path(), &shelf, "");
    until("one try that failed", || {
        bench.adapter.health()[0].state == LinkState::Offline
    })
    .await;
    bench.stop().await;
    assert_eq!(platform.pushes().len(), 0);
    // It is looked at by no schedule any more.
    let job = "[[job]]\nreport = \"RPT-01\"\nschedule = { daily_at = \"00:15\" }";
    let start = "2026-04-01T00:20:00+08:00".parse::<Timestamp>().unwrap();
    let clock = ManualClock::new(start);
    let shown: Arc<dyn Clock> = Arc::new(clock.clone());
    let bench = run_by(shown, &platform, folder.path(), (&shelf, job));
    until("a push", || {
        clock.advance_ms(1_000);
        platform.pushes().len() == 1
    })
    .await;
    bench.stop().await;
    let waited_ms = clock.now().ms_since(start);
    assert!(waited_ms < 60_000, "as what waits, not as what is due");
}

const NIGHTLY: &str = "[[job]]\nreport = \"RPT-01\"\nschedule = { daily_at = \"00:15\" }\n";

/// The hub was started anew each night after the time of the push: it stood before the first night's report, and what
/// was due in the others was not remembered.
#[tokio::test]
async fn each_night_is_remembered_though_the_first_is_still_being_tried() {
    let folder = tempfile::tempdir().unwrap();
    let platform = refusing().await;
    let clock = at("2026-04-01T00:40:00+08:00");
    let shown = || Arc::new(clock.clone()) as Arc<dyn Clock>;
    let shelf = Arc::new(Days::default());
    for night in 1..=5 {
        let bench = run_by(shown(), &platform, folder.path(), (&shelf, NIGHTLY));
        until("the night's report waits", || {
            clock.advance_ms(1_000);
            waiting(folder.path()).len() == night
        })
        .await;
        bench.stop().await;
        clock.advance_ms(DAY_MS);
    }
    let expected = waiting(folder.path());
    let taking = Platform::start(0, faults()).await.unwrap();
    let bench = run_by(shown(), &taking, folder.path(), (&shelf, NIGHTLY));
    until("all pushes", || {
        clock.advance_ms(1_000);
        pushed(&taking).len() == 6
    })
    .await;
    bench.stop().await;
    assert_eq!(pushed(&taking)[..5], bodies(&expected));
}

/// Each report was tried for a day before the next, and a job was asked for what is due on every third day only.
#[tokio::test]
async fn what_is_due_waits_whatever_is_being_tried() {
    let folder = tempfile::tempdir().unwrap();
    let platform = refusing().await;
    let clock = at("2026-04-01T00:14:50+08:00");
    let shown = || Arc::new(clock.clone()) as Arc<dyn Clock>;
    let shelf = Arc::new(Days::default());
    let jobs = ["RPT-01", "RPT-06", "RPT-07"].map(|kind| NIGHTLY.replace("RPT-01", kind));
    let jobs = jobs.concat();
    let bench = run_by(shown(), &platform, folder.path(), (&shelf, &jobs));
    let mut expected = Vec::new();
    for day in 1..=9 {
        until("all of the day wait", || {
            clock.advance_ms(if day == 1 { 1_000 } else { 0 });
            waiting(folder.path()).len() == day * 3
        })
        .await;
        let mut new = waiting(folder.path());
        new.retain(|id| !expected.contains(id));
        expected.extend(new);
        clock.advance_ms(DAY_MS);
    }
    until("a try", || platform.calls() > 0).await;
    assert!(bench.adapter.dead_letters().is_empty());
    bench.stop().await;
    let taking = Platform::start(0, faults()).await.unwrap();
    let bench = run_by(shown(), &taking, folder.path(), (&shelf, &jobs));
    until("all pushes", || {
        clock.advance_ms(1_000);
        pushed(&taking).len() >= 27
    })
    .await;
    bench.stop().await;
    assert_eq!(pushed(&taking)[..27], bodies(&expected));
}

/// One that could not be built at its time was looked at a day later.
#[tokio::test]
async fn what_cannot_be_built_at_its_time_is_asked_for_again_soon() {
    let folder = tempfile::tempdir().unwrap();
    let platform = refusing().await;
    let clock = at("2026-04-01T00:14:00+08:00");
    let start = clock.now();
    let shown: Arc<dyn Clock> = Arc::new(clock.clone());
    let shelf = Arc::new(Days(Vec::new(), AtomicU32::new(2)));
    let bench = run_by(shown, &platform, folder.path(), (&shelf, NIGHTLY));
    until("the night's report waits", || {
        clock.advance_ms(1_000);
        waiting(folder.path()).contains(&"RPT-01.2026-04-01".to_owned())
    })
    .await;
    bench.stop().await;
    // Before whatever was due is looked at, ten minutes after the start.
    assert!(clock.now().ms_since(start) < 590_000);
}

/// An adapter whose token could not be read for longer than spans are looked at lost what was built meanwhile.
#[tokio::test]
async fn what_was_built_while_nothing_could_be_pushed_is_pushed_too() {
    let folder = tempfile::tempdir().unwrap();
    let platform = Platform::start(0, faults()).await.unwrap();
    let days: Vec<_> = (0..40).map(|day| format!("RPT-01.day-{day:02}")).collect();
    let built = days.iter().map(|id| named(id, 1)).collect();
    let shelf = Arc::new(Days(built, AtomicU32::new(0)));
    let ledger = format!(r#"{{"pushed":{{"{}":1}},"dead":[]}}"#, days[1]);
    std::fs::write(folder.path().join("ledger.json"), ledger).unwrap();
    let clock = at("2026-04-01T00:40:00+08:00");
    let shown: Arc<dyn Clock> = Arc::new(clock.clone());
    let bench = run_by(shown, &platform, folder.path(), (&shelf, NIGHTLY));
    until("the last pushes", || {
        clock.advance_ms(1_000);
        pushed(&platform).len() == 39
    })
    .await;
    bench.stop().await;
    // What was built before the first that the platform knows is its past.
    assert_eq!(pushed(&platform)[1..], bodies(&days[2..]));
}

/// The ledger was synced on a thread of the runtime with a lock that health waits for: on this runtime, which has one
/// thread, everything stood.
#[tokio::test]
async fn a_disk_of_the_ledger_that_hangs_holds_up_the_pushes_alone() {
    let folder = tempfile::tempdir().unwrap();
    let platform = Platform::start(0, faults()).await.unwrap();
    // A pipe in the file's place: whoever opens it hangs until the other end is open.
    let beside = folder.path().join("ledger.new");
    let made = std::process::Command::new("mkfifo").arg(&beside).status();
    assert!(made.unwrap().success());
    let two = [named(REPORT, 1), named("RPT-01-20260401", 1)];
    let shelf = Arc::new(Shelf(AtomicU32::new(0), two.to_vec()));
    let start = at("2026-04-01T00:20:00+08:00");
    let shown = || Arc::new(start.clone()) as Arc<dyn Clock>;
    let bench = run_by(shown(), &platform, folder.path(), (&shelf, NIGHTLY));
    until("it is told", || {
        start.advance_ms(1_000);
        bench.adapter.trouble().is_some()
    })
    .await;
    assert_eq!(bench.adapter.trouble().unwrap().code(), "A056");
    until("a push", || !platform.pushes().is_empty()).await;
    assert!(bench.adapter.undelivered().is_empty());
    bench.stop().await;
    assert_eq!(platform.calls(), 1, "the next waits until it is noted");

    // After a crash it is sent again, and the platform knows it.
    std::fs::remove_file(&beside).unwrap();
    let bench = run_by(shown(), &platform, folder.path(), (&shelf, NIGHTLY));
    until("both are pushed", || {
        start.advance_ms(1_000);
        platform.pushes().len() == 2
    })
    .await;
    bench.stop().await;
    assert_eq!((platform.calls(), platform.repeated()), (3, 1));
}

/// A platform that refuses each time was asked for a day from each start, and a hub started anew each night never gave up.
#[tokio::test]
async fn what_is_tried_in_vain_over_restarts_is_given_up_too() {
    let folder = tempfile::tempdir().unwrap();
    let rejects = PlatformFaults {
        fail_first: u32::MAX,
        ..faults()
    };
    let platform = Platform::start(0, rejects).await.unwrap();
    let shelf = shelf(1);
    let waiting = format!(
        r#"{{"pushed":{{}},"dead":[],"waiting":{{"{REPORT}":{{"version":1,"tries":24}}}}}}"#
    );
    std::fs::write(folder.path().join("ledger.json"), waiting).unwrap();
    let more = "give_up_after_s = 1200";
    let bench = run(&platform, folder.path(), &shelf, more);
    until("a dead letter", || !bench.adapter.dead_letters().is_empty()).await;
    bench.stop().await;
    assert_eq!(platform.calls(), 1);
}

/// The clock of a start was behind: what was tried then was a dead letter when it was right.
#[tokio::test]
async fn a_clock_that_is_put_right_gives_no_report_up() {
    let folder = tempfile::tempdir().unwrap();
    let rejects = PlatformFaults {
        fail_first: 2,
        ..faults()
    };
    let platform = Platform::start(0, rejects).await.unwrap();
    let shelf = shelf(1);
    let clock = ManualClock::new(Timestamp::from_micros(0));
    let shown: Arc<dyn Clock> = Arc::new(clock.clone());
    let bench = run_by(
        shown,
        &platform,
        folder.path(),
        (&shelf, "give_up_after_s = 600"),
    );
    until("one try that failed", || {
        clock.advance_ms(100);
        bench.adapter.health()[0].state == LinkState::Offline
    })
    .await;
    clock.advance_ms(100 * 86_400_000);
    until("a push", || platform.pushes().len() == 1).await;
    assert!(bench.adapter.dead_letters().is_empty());
    bench.stop().await;
}

/// Power was off from before midnight over the time of the push: the day stayed away for good.
#[tokio::test]
async fn what_was_due_while_the_hub_was_away_is_pushed_after_the_start_once_and_oldest_first() {
    let folder = tempfile::tempdir().unwrap();
    let platform = Platform::start(0, faults()).await.unwrap();
    let missed = [("RPT-01-20260329", 2), ("RPT-01-20260330", 1), (REPORT, 1)];
    let missed = missed.map(|(id, version)| named(id, version));
    let shelf = Arc::new(Shelf(AtomicU32::new(0), missed.to_vec()));
    let job = "[[job]]\nreport = \"RPT-01\"\nschedule = { daily_at = \"00:15\" }";
    let start = "2026-04-01T00:20:00+08:00".parse::<Timestamp>().unwrap();
    let clock = ManualClock::new(start);
    let shown = || Arc::new(clock.clone()) as Arc<dyn Clock>;
    let bench = run_by(shown(), &platform, folder.path(), (&shelf, job));
    until("three pushes", || {
        clock.advance_ms(1_000);
        platform.pushes().len() == 3
    })
    .await;
    bench.stop().await;
    let expected = missed.map(|it| signed(&it.report_id, it.version).bytes);
    let pushed = platform.pushes();
    assert!(pushed.iter().map(|push| &push.body).eq(&expected));
    // After another start nothing is sent again.
    let now = clock.now();
    let bench = run_by(shown(), &platform, folder.path(), (&shelf, job));
    until("the hub has run for a while", || {
        clock.advance_ms(1_000);
        clock.now().ms_since(now) > 60_000
    })
    .await;
    bench.stop().await;
    assert_eq!(platform.calls(), 3);
}

#[test]
fn bad_configurations_are_refused_with_place_and_remedy() {
    let text = |url: &str, schedule: &str| {
        format!(
            "name = \"p\"\nplatform = \"x\"\nurl = \"{url}\"\nledger_file = \"/nonexistent/l\"\n[[job]]\nreport = \"RPT-01\"\nschedule = {schedule}\n"
        )
    };
    for (url, schedule, words) in [
        (
            "http://example.org/in",
            "{ every_s = 1 }",
            "beyond loopback",
        ),
        (
            "https://example.org/in",
            "{ every_s = 1 }",
            "without certificates to trust",
        ),
        ("ftp://x", "{ every_s = 1 }", "not an http"),
        ("http://127.0.0.1/in", "{ every_s = 0 }", "not a time"),
        (
            "http://127.0.0.1/in",
            "{ daily_at = \"25:00\" }",
            "not a time",
        ),
    ] {
        let config: Config = toml::from_str(&text(url, schedule)).unwrap();
        let faults = config.check();
        assert!(
            faults.iter().any(|fault| fault.to_string().contains(words)),
            "{words}: {faults:?}"
        );
    }
}
