//! The adapter as the hub sees it: opened, and then running.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cordon_contract::{
    Adapter, BoxFuture, Definition, DeviceHealth, Fault, Link, LinkState, Order, Outcome,
    OutcomeKind, Probe, ReportSource, ReportVersion, Running, SignedReport, Target, Undelivered,
};
use cordon_http::{Client, ClientOptions};
use cordon_model::{Body, MessageType, Timestamp};

use crate::catch_up::{CatchUp, Look};
use crate::config::{Config, Job};
use crate::ledger::{DeadLetter, Ledger};
use crate::session;

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest wait between two tries, seconds.
const RETRY_MAX_S: u64 = 600;
/// Tries before the wait between two is as long as that, and some more.
const TRIES_AT_FIRST: u64 = 20;
/// How often a ledger that cannot be read is tried.
const LEDGER_AGAIN: Duration = Duration::from_secs(2);
/// How often the hub's clock is looked at while nothing is due.
const LOOK: Duration = Duration::from_millis(200);

/// One provincial platform, opened.
pub struct RegulatorAdapter {
    config: Config,
    token: Option<String>,
    source: Arc<dyn ReportSource>,
    client: Client,
    ledger: Mutex<Kept>,
}

/// The ledger, or why there is none: without it nobody knows what was pushed already, and nothing is.
enum Kept {
    Open(Ledger),
    Shut(Fault),
}

impl Kept {
    fn ledger(&mut self) -> Result<&mut Ledger, Fault> {
        match self {
            Self::Open(ledger) => Ok(ledger),
            Self::Shut(fault) => Err(fault.clone()),
        }
    }
}

/// One provincial platform, started.
pub struct RunningRegulator {
    adapter: Arc<RegulatorAdapter>,
    health: Mutex<DeviceHealth>,
    link: Link,
}

/// A job and when it is due next.
struct Waiting<'a> {
    job: &'a Job,
    due: Timestamp,
    /// What its last push failed by.
    failing: Option<String>,
}

impl<'a> Waiting<'a> {
    fn of(job: &'a Job, now: Timestamp) -> Option<Self> {
        let due = job.schedule.next(now)?;
        Some(Self {
            job,
            due,
            failing: None,
        })
    }

    fn next(&self, now: Timestamp) -> Option<Timestamp> {
        self.job.schedule.next(now)
    }
}

impl RegulatorAdapter {
    /// Makes an adapter after looking at its configuration and reading token and ledger. One whose ledger
    /// cannot be read rests until it can: the park's gates do not wait for it.
    pub fn new(
        config: Config,
        source: Arc<dyn ReportSource>,
        tls: Option<Arc<rustls::ClientConfig>>,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = config.check();
        let token = config.token_file.as_ref().map(|file| {
            std::fs::read_to_string(file)
                .map(|text| text.lines().next().unwrap_or_default().trim().to_owned())
                .map_err(|error| {
                    Fault::new("K062", format!("token file cannot be read: {error}"))
                        .at(file.display().to_string())
                        .remedy("write the token on the first line; only the hub may read it")
                })
        });
        let token = token.transpose().unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
        let ledger = match Ledger::open(&config.ledger_file) {
            Ok(ledger) => Kept::Open(ledger),
            Err(fault) => Kept::Shut(fault),
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            client: Client::new(ClientOptions {
                tls,
                ..ClientOptions::default()
            }),
            config,
            token,
            source,
            ledger: Mutex::new(ledger),
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ready to run.
    pub fn ready(self: Arc<Self>, link: Link) -> RunningRegulator {
        let health = DeviceHealth {
            device: self.config.platform.clone(),
            state: LinkState::Starting,
            reason: String::new(),
            since: Timestamp::from_micros(0),
            readings: 0,
            dropped: 0,
            clock_offset_ms: None,
        };
        RunningRegulator {
            adapter: self,
            health: Mutex::new(health),
            link,
        }
    }
}

impl RunningRegulator {
    /// Reports that the platform did not take, oldest first.
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        let mut kept = self.ledger();
        let known = kept.ledger();
        known.map_or_else(|_| Vec::new(), |it| it.dead_letters().to_vec())
    }

    /// Sends a dead letter once more; on success it is none any more.
    pub async fn rerun(&self, report_id: &str, version: u32) -> Result<Outcome, Fault> {
        self.require_ledger()?;
        let report = self
            .adapter
            .source
            .find(report_id, version)
            .await?
            .ok_or_else(|| {
                Fault::new("A053", "no such report")
                    .at(format!("{report_id} version {version}"))
                    .remedy("list the dead letters")
            })?;
        let outcome = self.push(&report, PATIENCE).await;
        if outcome.kind == OutcomeKind::Confirmed {
            self.ledger().ledger()?.pushed(report_id, version)?;
        }
        Ok(outcome)
    }

    /// A dead letter once more, by its key. One that is not taken stays, with the newer reason.
    async fn again(&self, key: &str) -> Result<(), Fault> {
        self.require_ledger()?;
        let letters = self.dead_letters();
        let letter = letters.into_iter().find(|letter| letter.key() == key);
        let letter = letter.ok_or_else(|| {
            Fault::new("A054", "nothing of this name was given up")
                .at(key)
                .remedy("list the dead letters")
        })?;
        let outcome = self.rerun(&letter.report_id, letter.version).await?;
        if outcome.kind == OutcomeKind::Confirmed {
            return Ok(());
        }
        let fault = Fault::new(
            "A055",
            format!("the report was not taken: {}", outcome.detail),
        )
        .at(key)
        .remedy("put right what the answer says, then send it again");
        self.ledger().ledger()?.dead(DeadLetter {
            since: self.now(),
            attempts: letter.attempts.saturating_add(1),
            reason: outcome.detail,
            ..letter
        })?;
        Err(fault)
    }

    fn require_ledger(&self) -> Result<(), Fault> {
        self.ledger().ledger().map(drop)
    }

    /// Waits until the ledger can be read; whether it can, or the hub stops.
    async fn until_ledger(&self) -> bool {
        let name = &self.adapter.config.name;
        let mut rested = false;
        while let Err(fault) = self.require_ledger() {
            if !std::mem::replace(&mut rested, true) {
                tracing::error!(adapter = %name, %fault, "nothing is pushed before the ledger can be read");
                self.show(LinkState::Degraded, fault.to_string());
            }
            tokio::select! {
                () = self.link.shutdown.wait() => return false,
                () = tokio::time::sleep(LEDGER_AGAIN) => {}
            }
            let file = self.adapter.config.ledger_file.clone();
            let opened = tokio::task::spawn_blocking(move || Ledger::open(&file)).await;
            if let Ok(opened) = opened {
                *self.ledger() = opened.map_or_else(Kept::Shut, Kept::Open);
            }
        }
        if rested {
            tracing::info!(adapter = %name, "the ledger can be read; reports are pushed again");
            self.show(LinkState::Starting, String::new());
        }
        true
    }

    async fn serve(&self) -> Result<(), Fault> {
        if !self.until_ledger().await {
            return Ok(());
        }
        let now = self.now();
        let mut jobs: Vec<Waiting<'_>> = Vec::new();
        for job in &self.adapter.config.job {
            jobs.extend(Waiting::of(job, now));
        }
        let mut catch_up = CatchUp::new(now);
        let mut before = now;
        loop {
            let now = self.now();
            for job in &mut jobs {
                // A clock that was put back does not leave them waiting for what it showed.
                if now < before {
                    job.due = job.next(now).map_or(job.due, |next| next.min(job.due));
                }
                if self.now() >= job.due {
                    tokio::select! {
                        () = self.link.shutdown.wait() => return Ok(()),
                        () = self.push_due(job) => {}
                    }
                }
            }
            before = now;
            if let Some(look) = catch_up.look(self.now()) {
                let is_well = tokio::select! {
                    () = self.link.shutdown.wait() => return Ok(()),
                    is_well = self.push_missed(&mut jobs, look) => is_well,
                };
                if !is_well {
                    catch_up.again(look);
                }
            }
            tokio::select! {
                () = self.link.shutdown.wait() => return Ok(()),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Pushes what is due of a job, and waits for its next time.
    async fn push_due(&self, job: &mut Waiting<'_>) {
        let source = &self.adapter.source;
        let versions = source.due(job.job.report, job.due).await;
        let came = self.push_all(versions).await;
        self.tell(job, came.err());
        // A push that took long does not make the next ones pile up.
        let now = self.now();
        job.due = job
            .next(now.max(job.due))
            .unwrap_or(now.plus_seconds(3_600));
    }

    /// Pushes what was due last before now, as far as it was not: the hub was away then. Whether all went well.
    async fn push_missed(&self, jobs: &mut [Waiting<'_>], look: Look) -> bool {
        let mut is_well = self.push_waiting(look).await;
        for job in jobs {
            let Some(at) = job.job.schedule.last(self.now()) else {
                continue;
            };
            let (kind, source) = (job.job.report, &self.adapter.source);
            let versions = match look {
                Look::Missed => source.missed(kind, at).await,
                Look::Due => source.due(kind, at).await,
            };
            let came = self.push_all(versions).await;
            is_well &= came.is_ok();
            self.tell(job, came.err());
        }
        is_well
    }

    /// Pushes what was tried before the start and is neither pushed nor a dead letter, however old. Whether all went well.
    async fn push_waiting(&self, look: Look) -> bool {
        if look != Look::Missed {
            return true;
        }
        let waiting = self.ledger().ledger().map(|ledger| ledger.waiting());
        // Of a job that was taken out of the configuration nothing goes out any more.
        let is_wanted = |it: &ReportVersion| {
            let mut jobs = self.adapter.config.job.iter();
            jobs.any(|job| it.report_id.starts_with(job.report.as_str()))
        };
        let waiting = waiting.map(|all| all.into_iter().filter(is_wanted).collect());
        let came = self.push_all(waiting).await;
        if let Err(fault) = &came {
            let name = &self.adapter.config.name;
            tracing::error!(adapter = %name, %fault, "what was tried before cannot be pushed");
            self.show(LinkState::Degraded, fault.to_string());
        }
        came.is_ok()
    }

    /// Says what came of a job, once for as long as it is so.
    fn tell(&self, job: &mut Waiting<'_>, failed: Option<Fault>) {
        let words = failed.map(|fault| fault.to_string());
        if let Some(words) = &words {
            if job.failing.as_ref() != Some(words) {
                tracing::error!(adapter = %self.adapter.config.name, report = %job.job.report, fault = words, "push failed");
            }
            self.show(LinkState::Degraded, words.clone());
        }
        job.failing = words;
    }

    /// Pushes versions that were not pushed yet, in their order. All wait before the first is tried, which may take a day:
    /// restarts may come more often than the platform answers, and none is forgotten over them. One that cannot be read
    /// keeps no other.
    async fn push_all(&self, versions: Result<Vec<ReportVersion>, Fault>) -> Result<(), Fault> {
        let mut versions = versions?;
        let mut failed = {
            let mut kept = self.ledger();
            let ledger = kept.ledger()?;
            versions.retain(|it| !ledger.settled(&it.report_id, it.version));
            ledger.wait(&versions)
        };
        for ReportVersion { report_id, version } in versions {
            let came = match self.adapter.source.find(&report_id, version).await {
                Ok(Some(report)) => self.push_one(&report).await,
                // What was taken off the shelf since is not due any more.
                Ok(None) => {
                    let mut kept = self.ledger();
                    let ledger = kept.ledger();
                    ledger.and_then(|ledger| ledger.is_gone(&report_id, version))
                }
                Err(fault) => Err(fault),
            };
            failed = failed.and(came);
            if self.link.shutdown.is_triggered() {
                return Ok(());
            }
        }
        failed
    }

    /// Pushes a report until it is taken, refused, or too old.
    async fn push_one(&self, report: &SignedReport) -> Result<(), Fault> {
        let link = &self.link;
        let (id, version) = (&report.report_id, report.version);
        // By what elapses: a clock that is wrong for a moment gives nothing up, and waits for nothing.
        let begun = Instant::now();
        let give_up_after = Duration::from_secs(self.adapter.config.give_up_after_s.into());
        let mut attempts = 0;
        loop {
            let outcome = tokio::select! {
                () = link.shutdown.wait() => return Ok(()),
                outcome = self.push(report, PATIENCE) => outcome,
            };
            attempts += 1;
            let wait = self.wait(attempts, link.clock.now());
            let late = begun.elapsed().saturating_add(wait) > give_up_after;
            match outcome.kind {
                OutcomeKind::Confirmed => {
                    self.health().readings += 1;
                    return self.ledger().ledger()?.pushed(id, version);
                }
                OutcomeKind::Failed if !late && self.may_try_again(report) => {}
                _ => return self.bury(report, attempts, outcome.detail, link.clock.now()),
            }
            tokio::select! {
                () = link.shutdown.wait() => return Ok(()),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Counts a try in vain. A hub that is started anew each night gives up too, after as many as fit into the time in
    /// which one that runs does.
    fn may_try_again(&self, report: &SignedReport) -> bool {
        let give_up_after_s = u64::from(self.adapter.config.give_up_after_s);
        let most = give_up_after_s * 2 / RETRY_MAX_S + TRIES_AT_FIRST;
        let mut kept = self.ledger();
        let tried = kept.ledger();
        let tried = tried.and_then(|ledger| ledger.tried(&report.report_id, report.version));
        // A try that cannot be counted gives nothing up.
        tried.map_or(true, |tries| u64::from(tries) <= most)
    }

    fn bury(
        &self,
        report: &SignedReport,
        attempts: u32,
        reason: String,
        now: Timestamp,
    ) -> Result<(), Fault> {
        tracing::error!(
            adapter = %self.adapter.config.name, report = %report.report_id, version = report.version,
            attempts, %reason, "report is a dead letter now"
        );
        self.health().dropped += 1;
        self.show(
            LinkState::Degraded,
            format!("{} is a dead letter: {reason}", report.report_id),
        );
        self.ledger().ledger()?.dead(DeadLetter {
            report_id: report.report_id.clone(),
            version: report.version,
            since: now,
            attempts,
            reason,
        })
    }

    /// Doubles up to ten minutes, and lies somewhere in the upper half of that.
    fn wait(&self, attempts: u32, now: Timestamp) -> Duration {
        let first = u64::from(self.adapter.config.retry_after_s);
        let full_ms =
            (first << attempts.saturating_sub(1).min(10)).min(RETRY_MAX_S.max(first)) * 1_000;
        Duration::from_millis(full_ms / 2 + now.micros().unsigned_abs() % (full_ms / 2 + 1))
    }

    async fn push(&self, report: &SignedReport, patience: Duration) -> Outcome {
        let outcome = session::push(
            &self.adapter.client,
            report,
            &self.adapter.config.url,
            self.adapter.token.as_deref(),
            patience,
        )
        .await;
        match outcome.kind {
            OutcomeKind::Confirmed => self.show(LinkState::Online, String::new()),
            OutcomeKind::Failed => self.show(LinkState::Offline, outcome.detail.clone()),
            _ => self.show(LinkState::Degraded, outcome.detail.clone()),
        }
        outcome
    }

    async fn deliver(&self, order: Order) -> Outcome {
        let Body::ReportDocument(document) = &order.message.body else {
            return Outcome::new(
                OutcomeKind::Refused,
                "only reports are pushed to a platform",
            );
        };
        if let Err(fault) = self.require_ledger() {
            return Outcome::new(OutcomeKind::Failed, fault.to_string());
        }
        if order.target != Target::partner(self.adapter.config.platform.as_str()) {
            return Outcome::new(OutcomeKind::Refused, "another platform's order");
        }
        let left_ms = order.deadline.ms_since(self.now());
        if left_ms <= 0 {
            return Outcome::new(
                OutcomeKind::Expired,
                "the deadline passed before it was sent",
            );
        }
        let report = match self
            .adapter
            .source
            .find(&document.report_id, document.version)
            .await
        {
            Ok(Some(report)) => report,
            Ok(None) => {
                return Outcome::new(OutcomeKind::Refused, "no signed report of this version");
            }
            Err(fault) => return Outcome::new(OutcomeKind::Failed, fault.to_string()),
        };
        let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or_default());
        let outcome = self.push(&report, left.min(PATIENCE)).await;
        if outcome.kind == OutcomeKind::Confirmed {
            // The push itself stands, whatever becomes of the note.
            let (id, version) = (&report.report_id, report.version);
            let noted = self.ledger().ledger().and_then(|it| it.pushed(id, version));
            if let Err(fault) = noted {
                tracing::error!(adapter = %self.adapter.config.name, %fault, "push not noted");
            }
        }
        outcome
    }

    async fn touch(&self) -> Probe {
        let found = |ok, detail| Probe {
            device: self.adapter.config.platform.clone(),
            ok,
            detail,
        };
        let Ok(request) = http::Request::head(&self.adapter.config.url).body(Bytes::new()) else {
            return found(false, "the address cannot be used".to_owned());
        };
        match self
            .adapter
            .client
            .send_within(request, Duration::from_secs(10))
            .await
        {
            Ok(answer) => found(true, format!("answered {}", answer.status())),
            Err(error) => found(false, error.to_string()),
        }
    }

    fn now(&self) -> Timestamp {
        self.link.clock.now()
    }

    fn show(&self, state: LinkState, reason: String) {
        let now = self.now();
        let mut health = self.health();
        if health.state != state {
            health.since = now;
        }
        health.state = state;
        health.reason = reason;
    }

    fn health(&self) -> MutexGuard<'_, DeviceHealth> {
        // Every change is complete before the lock is left, so a panic elsewhere harms nothing.
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ledger(&self) -> MutexGuard<'_, Kept> {
        self.adapter.kept()
    }
}

impl Adapter for RegulatorAdapter {
    fn definition(&self) -> Definition {
        Definition {
            name: self.config.name.clone(),
            protocol: "regulator-push",
            targets: vec![Target::partner(self.config.platform.as_str())],
        }
    }

    fn trouble(&self) -> Option<Fault> {
        self.kept().ledger().err()
    }

    fn start(self: Arc<Self>, link: Link) -> Arc<dyn Running> {
        Arc::new(self.ready(link))
    }
}

impl Running for RunningRegulator {
    fn run(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(self.serve())
    }

    fn execute(&self, order: Order) -> BoxFuture<'_, Outcome> {
        Box::pin(self.deliver(order))
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        Box::pin(async { vec![self.touch().await] })
    }

    fn health(&self) -> Vec<DeviceHealth> {
        vec![RunningRegulator::health(self).clone()]
    }

    fn trouble(&self) -> Option<Fault> {
        self.adapter.kept().ledger().err()
    }

    fn undelivered(&self) -> Vec<Undelivered> {
        let target = Target::partner(self.adapter.config.platform.as_str());
        let listed = |letter: DeadLetter| Undelivered {
            key: letter.key(),
            target: target.clone(),
            kind: MessageType::ReportDocument,
            since: letter.since,
            reason: letter.reason,
        };
        self.dead_letters().into_iter().map(listed).collect()
    }

    fn send_again<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(self.again(key))
    }
}
