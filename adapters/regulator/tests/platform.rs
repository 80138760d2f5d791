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

    fn built(&self, _: ReportType) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>> {
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

struct Bench {
    adapter: Arc<RunningRegulator>,
    stop: ShutdownTrigger,
    task: tokio::task::JoinHandle<Result<(), Fault>>,
}

fn run(platform: &Platform, folder: &Path, shelf: &Arc<Shelf>, more: &str) -> Bench {
    run_by(Arc::new(SystemClock), platform, folder, (shelf, more))
}

fn run_by(
    clock: Arc<dyn Clock>,
    platform: &Platform,
    folder: &Path,
    (shelf, more): (&Arc<Shelf>, &str),
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
    let source: Arc<dyn ReportSource> = Arc::clone(shelf) as Arc<dyn ReportSource>;
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
    let deadline = Instant::now() + Duration::from_secs(30);
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
