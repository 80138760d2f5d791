//! What pushes by itself: the reports that wait in the ledger, one after the other, in the order in which they came.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cordon_contract::{Fault, LinkState, OutcomeKind, ReportVersion, SignedReport};
use cordon_model::Timestamp;

use crate::adapter::{PATIENCE, RunningRegulator};
use crate::due::LOOK;
use crate::ledger::DeadLetter;

/// Longest wait between two tries, seconds.
const RETRY_MAX_S: u64 = 600;
/// Tries before the wait between two is as long as that, and some more.
const TRIES_AT_FIRST: u64 = 20;

/// Pushes one report until it is taken, refused, or too old, and then the next.
pub(crate) struct Pusher<'a> {
    running: &'a RunningRegulator,
    standing: Option<Standing>,
    /// Reports that could not be read, by name: they keep no other.
    unread: BTreeMap<String, Unread>,
    failing: Option<String>,
}

/// Before which report it stands. By what elapses: a clock that is wrong for a moment gives nothing up, and waits for
/// nothing. A newer version of it changes nothing in that.
struct Standing {
    report_id: String,
    begun: Instant,
    attempts: u32,
}

/// When it is tried again.
struct Unread {
    until: Instant,
    times: u32,
}

impl<'a> Pusher<'a> {
    pub(crate) fn new(running: &'a RunningRegulator) -> Self {
        Self {
            running,
            standing: None,
            unread: BTreeMap::new(),
            failing: None,
        }
    }

    /// Pushes until the hub stops.
    pub(crate) async fn run(mut self) {
        let shutdown = &self.running.link.shutdown;
        while !shutdown.is_triggered() {
            let rest = self.step().await;
            tokio::select! {
                () = shutdown.wait() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// Looks what is next, and tries it once; how long it rests then.
    async fn step(&mut self) -> Duration {
        let Some(next) = self.next() else {
            self.standing = None;
            return LOOK;
        };
        let running = self.running;
        let found = tokio::select! {
            () = running.link.shutdown.wait() => return Duration::ZERO,
            found = running.adapter.source.find(&next.report_id, next.version) => found,
        };
        match found {
            Ok(Some(report)) => {
                self.unread.remove(&report.report_id);
                self.try_once(&report).await
            }
            // What was taken off the shelf since is not due any more.
            Ok(None) => {
                let (id, version) = (&next.report_id, next.version);
                let noted = running.note(|ledger| ledger.ends(id, version)).await;
                self.done(noted)
            }
            Err(fault) => {
                self.set_aside(next);
                self.tell(Some(fault));
                LOOK
            }
        }
    }

    /// What came first of what may be tried. Of a job that was taken out of the configuration nothing goes out any more.
    fn next(&self) -> Option<ReportVersion> {
        let now = Instant::now();
        let jobs = &self.running.adapter.config.job;
        let is_wanted = |id: &str| {
            jobs.iter().any(|job| id.starts_with(job.report.as_str()))
                && self.unread.get(id).is_none_or(|it| it.until <= now)
        };
        let next = self.running.keeper().look(|ledger| ledger.next(is_wanted));
        next.ok().flatten()
    }

    fn set_aside(&mut self, report: ReportVersion) {
        let known = self.unread.get(&report.report_id);
        let times = known.map_or(1, |it| it.times.saturating_add(1));
        let until = Instant::now() + self.wait(times, self.running.now());
        let unread = Unread { until, times };
        self.unread.insert(report.report_id, unread);
    }

    async fn try_once(&mut self, report: &SignedReport) -> Duration {
        let running = self.running;
        let outcome = tokio::select! {
            () = running.link.shutdown.wait() => return Duration::ZERO,
            outcome = running.push(report, PATIENCE) => outcome,
        };
        let (begun, attempts) = self.count(report);
        let wait = self.wait(attempts, running.now());
        let give_up_after = Duration::from_secs(running.adapter.config.give_up_after_s.into());
        let late = begun.elapsed().saturating_add(wait) > give_up_after;
        match outcome.kind {
            OutcomeKind::Confirmed => {
                running.health().readings += 1;
                let (id, version) = (&report.report_id, report.version);
                let noted = running.note(|ledger| ledger.pushed(id, version)).await;
                self.done(noted)
            }
            OutcomeKind::Failed if !late && self.may_try_again(report).await => wait,
            _ => {
                let buried = self.bury(report, attempts, outcome.detail).await;
                self.done(buried)
            }
        }
    }

    /// One more try of the report it stands before.
    fn count(&mut self, report: &SignedReport) -> (Instant, u32) {
        let same = |it: &Standing| it.report_id == report.report_id;
        if !self.standing.as_ref().is_some_and(same) {
            self.standing = None;
        }
        let standing = self.standing.get_or_insert_with(|| Standing {
            report_id: report.report_id.clone(),
            begun: Instant::now(),
            attempts: 0,
        });
        standing.attempts = standing.attempts.saturating_add(1);
        (standing.begun, standing.attempts)
    }

    /// Counts a try in vain. A hub that is started anew each night gives up too, after as many as fit into the time in
    /// which one that runs does.
    async fn may_try_again(&self, report: &SignedReport) -> bool {
        let give_up_after_s = u64::from(self.running.adapter.config.give_up_after_s);
        let most = give_up_after_s * 2 / RETRY_MAX_S + TRIES_AT_FIRST;
        let (id, version) = (&report.report_id, report.version);
        let tried = self.running.note(|ledger| ledger.tried(id, version)).await;
        // A try that cannot be counted gives nothing up.
        tried.map_or(true, |tries| u64::from(tries) <= most)
    }

    async fn bury(
        &self,
        report: &SignedReport,
        attempts: u32,
        reason: String,
    ) -> Result<(), Fault> {
        let running = self.running;
        tracing::error!(
            adapter = %running.adapter.config.name, report = %report.report_id, version = report.version,
            attempts, %reason, "report is a dead letter now"
        );
        running.health().dropped += 1;
        running.show(
            LinkState::Degraded,
            format!("{} is a dead letter: {reason}", report.report_id),
        );
        let letter = DeadLetter {
            report_id: report.report_id.clone(),
            version: report.version,
            since: running.now(),
            attempts,
            reason,
        };
        running.note(|ledger| ledger.dead(letter)).await
    }

    /// It stands before none now.
    fn done(&mut self, noted: Result<(), Fault>) -> Duration {
        self.standing = None;
        self.tell(noted.err());
        Duration::ZERO
    }

    /// Says what went wrong, once for as long as it is so.
    fn tell(&mut self, failed: Option<Fault>) {
        let words = failed.map(|fault| fault.to_string());
        if let Some(words) = &words {
            let name = &self.running.adapter.config.name;
            if self.failing.as_ref() != Some(words) {
                tracing::error!(adapter = %name, fault = words, "what waits cannot be pushed");
            }
            self.running.show(LinkState::Degraded, words.clone());
        }
        self.failing = words;
    }

    /// Doubles up to ten minutes, and lies somewhere in the upper half of that.
    fn wait(&self, attempts: u32, now: Timestamp) -> Duration {
        let first = u64::from(self.running.adapter.config.retry_after_s);
        let full_ms =
            (first << attempts.saturating_sub(1).min(10)).min(RETRY_MAX_S.max(first)) * 1_000;
        Duration::from_millis(full_ms / 2 + now.micros().unsigned_abs() % (full_ms / 2 + 1))
    }
}
