//! What is taken off the shelf: by the time that has surely passed, never by what a clock shows.

use std::sync::Arc;

use cordon_contract::Fault;
use cordon_model::service::ReportEntry;
use cordon_model::{Granularity, Timestamp};

use crate::aside::aside;
use crate::reports::{Reports, locked, target};

const DAY: i64 = 86_400_000_000;

impl Reports {
    /// Takes away what is older than the configuration keeps, by the clock and by what has surely passed; each
    /// removal is recorded before. Of a version whose building is not recorded yet the journal would not know that
    /// its number was given: it stays.
    ///
    /// # Errors
    /// Those of the recorder, `S042`, `S045`, `S047`.
    pub async fn remove_old(self: &Arc<Self>) -> Result<usize, Fault> {
        let reports = Arc::clone(self);
        let old = aside(move || reports.old()).await??;
        for entry in &old {
            let detail = format!("digest {}", entry.digest);
            let record = &self.parts.record;
            record
                .record("report.removed", target(entry), detail)
                .await?;
            let (reports, entry) = (Arc::clone(self), entry.clone());
            aside(move || reports.shelf.take().remove(&entry)).await??;
        }
        Ok(old.len())
    }

    fn old(&self) -> Result<Vec<ReportEntry>, Fault> {
        let Some(now) = self.surely()? else {
            return Ok(Vec::new());
        };
        let shelf = self.shelf.take();
        let listed = shelf.all().filter(|kept| kept.recorded);
        let listed = listed.map(|kept| &kept.entry);
        let old =
            listed.filter(|entry| self.is_old((entry.period.granularity, entry.period.to), now));
        Ok(old.cloned().collect())
    }

    /// What has surely passed and the clock shows too.
    fn surely(&self) -> Result<Option<Timestamp>, Fault> {
        let mut progress = locked(&self.progress);
        progress.advance(&self.parts.reader)?;
        let passed = progress.ledger.passed().map(Timestamp::from_micros);
        Ok(passed.map(|passed| passed.min(self.parts.clock.now())))
    }

    /// Whether a report over a span that ended at `to` is kept no longer at `now`.
    pub(crate) fn is_old(
        &self,
        (granularity, to): (Granularity, Timestamp),
        now: Timestamp,
    ) -> bool {
        let days = match granularity {
            Granularity::OnDemand => self.config.keep_on_demand_days,
            _ => self.config.keep_days,
        };
        to.plus_micros(i64::from(days) * DAY) < now
    }
}
