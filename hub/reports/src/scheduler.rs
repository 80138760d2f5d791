//! Builds what the configuration asks for, when it asks for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_contract::{Fault, Shutdown};
use cordon_model::{Granularity, Timestamp};

use crate::aside::aside;
use crate::config::Job;
use crate::reports::Reports;
use crate::span::Span;

/// The clock is looked at again at least this often, so that setting it does no harm.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// Pause before a failed round is tried again.
const AFTER_FAILURE: Duration = Duration::from_secs(10);
/// How often old reports are looked for, by what elapses.
const REMOVE_EVERY: Duration = Duration::from_secs(3_600);

/// Runs until shutdown. A build that fails is told and tried again; it stops nothing else.
pub async fn run(reports: Arc<Reports>, shutdown: Shutdown) {
    let jobs = reports.config.build.clone();
    let start = reports.parts.clock.now();
    let mut rounds = Rounds {
        // The first round is at once: what became due while the hub was down is built now.
        due: vec![start; jobs.len()],
        jobs,
        removed: None,
        before: start,
    };
    loop {
        // A round that a disk holds up does not hold up the end of the program.
        let pause = tokio::select! {
            () = shutdown.wait() => return,
            pause = rounds.next(&reports) => pause,
        };
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// What is built when.
struct Rounds {
    jobs: Vec<Job>,
    due: Vec<Timestamp>,
    removed: Option<Instant>,
    before: Timestamp,
}

impl Rounds {
    /// Does what is due; how long until the next round.
    async fn next(&mut self, reports: &Arc<Reports>) -> Duration {
        let now = reports.parts.clock.now();
        // A clock that was put back does not leave them waiting for what it showed.
        if now < self.before {
            self.due.fill(now);
        }
        self.before = now;
        let mut met = Met::default();
        if let Err(fault) = reports.record_missing().await {
            met.take(fault, "a report that was built could not be recorded");
        }
        for (job, due) in self.jobs.iter().zip(&mut self.due) {
            if now < *due {
                continue;
            }
            match build(reports, job, now).await {
                // A schedule that makes no sense was refused with the configuration.
                Ok(()) => *due = job.schedule.next(now).unwrap_or(now.plus_seconds(60)),
                Err(fault) => met.take(fault, "a report could not be built"),
            }
        }
        if self.removed.is_none_or(|at| at.elapsed() >= REMOVE_EVERY) {
            match reports.remove_old().await {
                Ok(_) => self.removed = Some(Instant::now()),
                Err(fault) => met.take(fault, "an old report could not be removed"),
            }
        }
        let pause = pause(&self.due, now, met.failed);
        let looked = Arc::clone(reports);
        if let Err(fault) = aside(move || looked.look_over(met.of_reports)).await {
            tracing::warn!(%fault, "the folder of reports could not be looked over");
        }
        pause
    }
}

/// What one round met.
#[derive(Default)]
struct Met {
    failed: bool,
    /// The first fault of the reports themselves.
    of_reports: Option<Fault>,
}

impl Met {
    fn take(&mut self, fault: Fault, what: &str) {
        self.failed = true;
        // That nothing can be journaled just now the hub tells by itself.
        if fault.code().starts_with('F') {
            tracing::warn!(%fault, "{what}");
        } else {
            self.of_reports.get_or_insert(fault);
        }
    }
}

fn pause(due: &[Timestamp], now: Timestamp, failed: bool) -> Duration {
    let longest = if failed { AFTER_FAILURE } else { LOOK_AGAIN };
    let next = due.iter().filter(|due| **due > now).min();
    next.map_or(longest, |next| {
        let ms = u64::try_from(next.ms_since(now)).unwrap_or(0) + 1;
        Duration::from_millis(ms).min(longest)
    })
}

/// Today so far, or the last spans that are over: new ones, and those that late data changed. The oldest comes first, so that
/// what an outage left is not behind what came after it.
async fn build(reports: &Arc<Reports>, job: &Job, now: Timestamp) -> Result<(), Fault> {
    if job.granularity == Granularity::OnDemand {
        let span = Span::last_over(job.granularity, now);
        return reports.build(job.report, span).await.map(drop);
    }
    let spans = reports.spans(job.granularity, now, false).await?;
    for span in spans.into_iter().rev() {
        match reports.build(job.report, span).await {
            Ok(_) => {}
            // The figures are no longer held; what was built then stands.
            Err(fault) if fault.code() == "S043" => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(())
}
