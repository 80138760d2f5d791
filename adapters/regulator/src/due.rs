//! What is due begins to wait in the ledger, at its time and after a start. Pushes nothing: `pusher` does.

use std::time::Duration;

use cordon_contract::{DISK_ANSWERS_IN, Fault, LinkState, ReportVersion};
use cordon_model::Timestamp;
use tokio::sync::Notify;

use crate::adapter::RunningRegulator;
use crate::catch_up::{CatchUp, Look};
use crate::config::Job;

/// How often the hub's clock is looked at while nothing is due.
pub(crate) const LOOK: Duration = Duration::from_millis(200);

/// What could not be built or noted is looked at again after this, seconds.
const AGAIN_S: i64 = 60;

/// A job and when it is due next.
struct DueJob<'a> {
    job: &'a Job,
    due: Timestamp,
    /// What its last time failed by.
    failing: Option<String>,
}

impl<'a> DueJob<'a> {
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

impl RunningRegulator {
    /// Goes on for as long as it is asked, and says when the first was noted.
    pub(crate) async fn note_what_is_due(&self, first: &Notify) {
        let now = self.now();
        let jobs = self.adapter.config.job.iter();
        let mut jobs: Vec<_> = jobs.filter_map(|job| DueJob::of(job, now)).collect();
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
                    self.note_due(job).await;
                    first.notify_one();
                }
            }
            before = now;
            if let Some(look) = catch_up.look(self.now()) {
                if !self.note_missed(&mut jobs, look).await {
                    catch_up.again(look);
                }
                first.notify_one();
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What is due of a job now, and its next time.
    async fn note_due(&self, job: &mut DueJob<'_>) {
        let now = self.now();
        let came = match self.adapter.source.due(job.job.report, job.due).await {
            Ok(versions) => self.wait(&versions).await,
            Err(fault) => Err(fault),
        };
        // Times that passed before it began do not pile up; one that passed meanwhile is due at once.
        let next = job.next(now.max(job.due));
        job.due = next.unwrap_or(now.plus_seconds(3_600));
        if came.is_err() {
            job.due = job.due.min(now.plus_seconds(AGAIN_S));
        }
        self.tell(job, came.err());
    }

    /// What was due last before now, as far as it was not pushed: the hub was away then. Whether all went well.
    async fn note_missed(&self, jobs: &mut [DueJob<'_>], look: Look) -> bool {
        let mut is_well = true;
        for job in jobs {
            let Some(at) = job.job.schedule.last(self.now()) else {
                continue;
            };
            let came = match self.missed(job.job, at, look).await {
                Ok(versions) => self.wait(&versions).await,
                Err(fault) => Err(fault),
            };
            is_well &= came.is_ok();
            self.tell(job, came.err());
        }
        is_well
    }

    async fn missed(
        &self,
        job: &Job,
        at: Timestamp,
        look: Look,
    ) -> Result<Vec<ReportVersion>, Fault> {
        let source = &self.adapter.source;
        if look == Look::Missed {
            return source.missed(job.report, at).await;
        }
        let due = source.due(job.report, at).await?;
        // An adapter that rested for long has more to push than what is looked at.
        let built = source.built(job.report, at).await?;
        let mut versions = self.keeper().look(|ledger| ledger.passed_over(built))?;
        versions.extend(due);
        Ok(versions)
    }

    /// They wait from now on. A disk that hangs does not keep the next ones from it.
    async fn wait(&self, versions: &[ReportVersion]) -> Result<(), Fault> {
        let (keeper, now) = (self.keeper(), self.now());
        keeper
            .change_within(DISK_ANSWERS_IN, |ledger| ledger.wait(versions, now))
            .await
    }

    /// Says what came of a job, once for as long as it is so.
    fn tell(&self, job: &mut DueJob<'_>, failed: Option<Fault>) {
        let words = failed.map(|fault| fault.to_string());
        if let Some(words) = &words {
            if job.failing.as_ref() != Some(words) {
                tracing::error!(adapter = %self.adapter.config.name, report = %job.job.report, fault = words, "push failed");
            }
            self.show(LinkState::Degraded, words.clone());
        }
        job.failing = words;
    }
}
