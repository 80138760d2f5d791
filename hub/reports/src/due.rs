//! Which spans are looked at when a report is due: the newest that are over, and behind an outage the last ones in
//! which the hub ran.

use std::collections::BTreeMap;
use std::sync::Arc;

use cordon_contract::Fault;
use cordon_model::service::ReportEntry;
use cordon_model::{Granularity, ReportType, Timestamp};

use crate::aside::aside;
use crate::ledger::Ledger;
use crate::reports::{Reports, locked};
use crate::span::{Span, hour_of, hour_start};

/// Spans in a row without the hub that are reported on; longer outages are passed over to the last span before them.
const DARK_MAX: u32 = 31;
/// A span that ends further than this after what has surely passed may be of a clock that is wrong at a start,
/// microseconds: a day and a half.
const DOUBT: i64 = 129_600_000_000;

impl Reports {
    /// The versions of this kind that are due at `at`, oldest first, built on the schedule's own granularity
    /// (`DAY` without one) when there is anything in the journal to report on.
    ///
    /// # Errors
    /// As [`Reports::build`].
    pub async fn due(
        self: &Arc<Self>,
        report: ReportType,
        at: Timestamp,
    ) -> Result<Vec<ReportEntry>, Fault> {
        self.build_due(report, at, false).await
    }

    /// The same without what only a wrong clock may say is over, and without today so far, which is never missed.
    ///
    /// # Errors
    /// As [`Reports::build`].
    pub async fn missed(
        self: &Arc<Self>,
        report: ReportType,
        at: Timestamp,
    ) -> Result<Vec<ReportEntry>, Fault> {
        self.build_due(report, at, true).await
    }

    /// What was built on the schedule's own granularity and is kept, the newest version of each span that was over at
    /// `at`, oldest first; without today so far.
    pub fn built(&self, report: ReportType, at: Timestamp) -> Vec<ReportEntry> {
        let granularity = self.granularity(report);
        let mut newest = BTreeMap::new();
        for entry in self.list() {
            let is_wanted = entry.report_type == report
                && granularity != Granularity::OnDemand
                && entry.period.granularity == granularity
                && entry.period.to <= at;
            if is_wanted {
                let span = (entry.period.from, entry.report_id.clone());
                let known: &mut ReportEntry = newest.entry(span).or_insert_with(|| entry.clone());
                if entry.version > known.version {
                    *known = entry;
                }
            }
        }
        newest.into_values().collect()
    }

    fn granularity(&self, report: ReportType) -> Granularity {
        let job = self.config.build.iter().find(|job| job.report == report);
        job.map_or(Granularity::Day, |job| job.granularity)
    }

    async fn build_due(
        self: &Arc<Self>,
        report: ReportType,
        at: Timestamp,
        surely: bool,
    ) -> Result<Vec<ReportEntry>, Fault> {
        let granularity = self.granularity(report);
        let mut due = Vec::new();
        if surely && granularity == Granularity::OnDemand {
            return Ok(due);
        }
        for span in self.spans(granularity, at, surely).await?.into_iter().rev() {
            due.push(self.build(report, span).await?.entry);
        }
        Ok(due)
    }

    /// The spans that are looked at, newest first.
    pub(crate) async fn spans(
        self: &Arc<Self>,
        granularity: Granularity,
        at: Timestamp,
        surely: bool,
    ) -> Result<Vec<Span>, Fault> {
        let reports = Arc::clone(self);
        aside(move || {
            let mut progress = locked(&reports.progress);
            progress.advance(&reports.parts.reader)?;
            let ledger = &progress.ledger;
            let mut spans = looked_at(granularity, at, reports.config.look_back, ledger);
            // What is taken off the shelf at once is not built again and again.
            spans.retain(|span| !reports.is_old((granularity, span.to()), at));
            let sure_until = ledger.settled().saturating_add(DOUBT);
            spans.retain(|span| !surely || span.to().micros() <= sure_until);
            Ok(spans)
        })
        .await?
    }
}

/// `look_back` spans in which the hub ran and those without it between them, as far as figures are held. The journal has come to
/// the end of each, so that nothing but late data is missing.
fn looked_at(
    granularity: Granularity,
    at: Timestamp,
    look_back: u32,
    ledger: &Ledger,
) -> Vec<Span> {
    let mut span = Span::last_over(granularity, at);
    if granularity == Granularity::OnDemand {
        return vec![span];
    }
    let began = ledger.began().map(hour_start);
    let (mut found, mut lived, mut dark) = (Vec::new(), 0, 0);
    while lived < look_back
        && began.is_some_and(|began| began < span.to())
        && hour_of(span.from().micros()) >= ledger.held_from()
    {
        if ledger.last().is_some_and(|last| last >= span.to().micros()) {
            found.push(span);
        }
        if ledger.lived.within(span) {
            (lived, dark) = (lived + 1, 0);
        } else {
            dark += 1;
        }
        span = span.previous();
        if dark >= DARK_MAX {
            let Some(before) = ledger.lived.last_before(span) else {
                break;
            };
            span = Span::holding(granularity, Timestamp::from_micros(before));
        }
    }
    found
}
