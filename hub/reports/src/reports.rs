//! The service: builds, signs, keeps and gives out reports.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use cordon_contract::{BoxFuture, Clock, Fault};
use cordon_flow::{EntryReader, Mark};
use cordon_model::plan::ParkPlan;
use cordon_model::service::ReportEntry;
use cordon_model::{PartyId, ReportDocument, ReportRequest, ReportType, Supersedes, Timestamp};
use cordon_security::{Signer, xmldsig};
use cordon_wire::write_report_document;

use crate::aside::{Reads, aside};
use crate::config::{AcknowledgeLimits, ReportsConfig};
use crate::document::document;
use crate::fault;
use crate::given::{BUILT, Last};
use crate::held::Held;
use crate::progress::Progress;
use crate::shelf::{Kept, Shelf, alone, kept, stored};
use crate::span::{Span, hour_of, hour_start};
use crate::standard::is_built;
use crate::trouble::Trouble;

/// How far the end of a day so far may lie from the time at which the hub took the request in; what a
/// request takes on its way.
const PRESENT_MS: i64 = 300_000;

/// Writes an audit entry into the journal.
pub trait Record: Send + Sync + 'static {
    /// `action` such as `report.built`, `target` such as `RPT-01.JS-1.2026-03-31 v1`.
    fn record<'a>(
        &'a self,
        action: &'a str,
        target: String,
        detail: String,
    ) -> BoxFuture<'a, Result<(), Fault>>;
}

/// For builds beside a hub: nothing is recorded now. The hub records such a version when it next
/// looks at the folder.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unrecorded;

impl Record for Unrecorded {
    fn record<'a>(&'a self, _: &'a str, _: String, _: String) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Err(fault::thread(&"nothing records here")) })
    }
}

/// What the service is made of.
pub struct ReportsParts {
    /// Folder of the signed files.
    pub dir: PathBuf,
    /// The park.
    pub plan: Arc<ParkPlan>,
    /// The journal.
    pub reader: EntryReader,
    /// The hub's signature.
    pub signer: Arc<Signer>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// The hub, named as builder.
    pub hub: PartyId,
    /// Where builds and removals are recorded.
    pub record: Arc<dyn Record>,
}

/// What of the park's settings reports are made by, of today.
#[derive(Clone, Debug)]
pub struct ReportedBy {
    /// The park.
    pub plan: Arc<ParkPlan>,
    /// How soon an alarm must be acknowledged.
    pub acknowledge_s: AcknowledgeLimits,
}

/// Builds, signs, keeps and gives out reports. Building blocks on the disk: use [`Reports::build`]
/// in async code, [`Reports::build_now`] elsewhere.
pub struct Reports {
    pub(crate) parts: ReportsParts,
    pub(crate) config: ReportsConfig,
    by: RwLock<ReportedBy>,
    pub(crate) progress: Mutex<Progress>,
    pub(crate) shelf: Held,
    reads: Reads,
    /// Asked by whoever shows it, so no disk is waited for while it is held.
    trouble: Mutex<Trouble>,
}

/// A report that was asked for.
#[derive(Clone, Debug)]
pub struct Built {
    /// How it is listed.
    pub entry: ReportEntry,
    /// The signed file.
    pub bytes: Bytes,
    /// Whether this call made it; otherwise there was nothing new to say.
    pub is_new: bool,
}

/// The span of a request that the hub takes in at `received`; why there can be no such report,
/// whatever the journal holds.
///
/// # Errors
/// `S040` for a report that is not built, `S041` for a span that is not over, `S062` for a period that
/// is no span, `S063` for a region, `S078` for a day up to another end than the present.
pub fn asked_span(request: &ReportRequest, received: Timestamp) -> Result<Span, Fault> {
    if request.region_code.is_some() {
        return Err(fault::region());
    }
    if !is_built(request.report_type) {
        return Err(fault::not_built(request.report_type.as_str()));
    }
    let span = Span::asked(&request.period).ok_or_else(fault::no_span)?;
    if span.is_so_far() {
        return match span.to().ms_since(received).abs() > PRESENT_MS {
            true => Err(fault::not_present(span.to())),
            false => Ok(span),
        };
    }
    match span.to() > received {
        true => Err(fault::not_over(span.to(), received)),
        false => Ok(span),
    }
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reports {
    /// Opens the folder and reads its index from the files.
    ///
    /// # Errors
    /// `S045` when the folder cannot be used.
    pub fn open(parts: ReportsParts, config: ReportsConfig) -> Result<Self, Fault> {
        let shelf = Shelf::open(&parts.dir)?;
        let progress = Progress::open(&parts.dir, config.days_kept, &parts.reader);
        let by = ReportedBy {
            plan: Arc::clone(&parts.plan),
            acknowledge_s: config.acknowledge_s,
        };
        Ok(Self {
            parts,
            config,
            by: RwLock::new(by),
            progress: Mutex::new(progress),
            shelf: Held::new(shelf),
            reads: Reads::default(),
            trouble: Mutex::default(),
        })
    }

    /// What is built from now on is built by these.
    pub fn go_by(&self, by: ReportedBy) {
        *self.by.write().unwrap_or_else(PoisonError::into_inner) = by;
    }

    /// The journal entries that could not be read for the figures, or were of a form that is refused
    /// today, as far as this service has read them itself.
    pub fn marks(&self) -> Vec<Mark> {
        self.parts.reader.marks()
    }

    /// Every version that can be pulled.
    pub fn list(&self) -> Vec<ReportEntry> {
        self.shelf.listed()
    }

    /// The signed bytes of a version, bit for bit as at the first pull.
    ///
    /// # Errors
    /// `S012` when there is none, `S020` when the file is damaged, `S045` when it cannot be read, `S084` when the
    /// disk does not answer.
    pub fn bytes(&self, id: &str, version: u32) -> Result<Vec<u8>, Fault> {
        let listed = self.shelf.find(id, version);
        let listed = listed.ok_or_else(|| fault::missing(id, version))?;
        let dir = self.parts.dir.clone();
        let read = self.reads.within(move || stored(&dir, &listed));
        let failed = read.as_ref().err().cloned();
        locked(&self.trouble).given((id.to_owned(), version), failed);
        read
    }

    /// What keeps reports from being built, kept or given out at present, as far as the running scheduler
    /// or whoever asked for one has met it; none while all is well.
    pub fn trouble(&self) -> Option<Fault> {
        self.shelf.hangs().or_else(|| locked(&self.trouble).now())
    }

    /// Looks whether the folder can be written and what could not be given out can be now, and keeps what
    /// came of this round.
    pub(crate) fn look_over(&self, met: Option<Fault>) {
        let withheld = locked(&self.trouble).withheld();
        for (id, version) in withheld {
            if let Err(fault) = self.bytes(&id, version)
                && fault.code() == "S012"
            {
                // It is kept no longer.
                locked(&self.trouble).given((id, version), None);
            }
        }
        let (unlisted, tried) = {
            let shelf = self.shelf.take();
            (shelf.damaged().clone(), shelf.try_out().err())
        };
        locked(&self.trouble).round(met.or(tried), unlisted);
    }

    /// Builds a report up to the present end of the journal. When its newest version says the same
    /// already, gives that one, byte for byte.
    ///
    /// # Errors
    /// `S040` to `S046`; see `docs/reference/errors.md`.
    pub fn build_now(&self, report: ReportType, span: Span) -> Result<Built, Fault> {
        let now = self.parts.clock.now();
        let (draft, given) = self.draft(report, span, now)?;
        self.keep(draft, given)
    }

    /// The document that would be version 1, not signed, and what was given of this report.
    fn draft(
        &self,
        report: ReportType,
        span: Span,
        now: Timestamp,
    ) -> Result<(ReportDocument, Option<Last>), Fault> {
        if !span.is_so_far() && span.to() > now {
            return Err(fault::not_over(span.to(), now));
        }
        let mut progress = locked(&self.progress);
        progress.advance(&self.parts.reader)?;
        let ledger = &progress.ledger;
        let span = match ledger.last() {
            Some(last) if span.is_so_far() => {
                // Nothing is known of what comes after the last entry.
                Span::so_far(span.from(), Timestamp::from_micros(last))
            }
            _ => span,
        };
        if hour_of(span.from().micros()) < ledger.held_from() {
            return Err(fault::forgotten(
                span.from(),
                hour_start(ledger.held_from()),
            ));
        }
        let by = self
            .by
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let config = ReportsConfig {
            acknowledge_s: by.acknowledge_s,
            ..self.config.clone()
        };
        let draft = document(
            report,
            span,
            (ledger, progress.position),
            (&by.plan, &config),
            (now, &self.parts.hub),
        )
        .ok_or_else(|| fault::not_built(report.as_str()))?;
        let given = ledger.given.of(&draft.report_id);
        Ok((draft, given))
    }

    /// Signs and stores a document, unless its newest version says the same.
    fn keep(&self, mut report: ReportDocument, given: Option<Last>) -> Result<Built, Fault> {
        let said = crate::document::content(&report).map_err(fault::unlawful)?;
        let kind = report.report_type.as_str();
        let _others_wait = alone(&self.parts.dir)?;
        let mut shelf = self.shelf.take();
        shelf.refresh(kind, &report.report_id)?;
        let newest = shelf.newest(&report.report_id).cloned();
        // A newer one than is kept was given: whoever pulled it holds it, and this number is not given again.
        let gone = given.filter(|given| {
            let kept = newest.as_ref().map(|newest| newest.entry.version);
            kept.is_none_or(|kept| kept < given.version)
        });
        if let Some(newest) = newest {
            if newest.content == said
                && gone.is_none()
                && let Some(bytes) = self.whole(&shelf, &newest)?
            {
                return Ok(Built {
                    bytes: bytes.into(),
                    entry: newest.entry,
                    is_new: false,
                });
            }
            report.supersedes = Some(Supersedes {
                report_id: newest.entry.report_id,
                version: newest.entry.version,
                digest: newest.entry.digest,
            });
        }
        let first = gone.map_or(1, |gone| gone.version.saturating_add(1));
        if let Some((version, digest)) = gone.and_then(|gone| Some((gone.version, gone.digest?))) {
            report.supersedes = Some(Supersedes {
                report_id: report.report_id.clone(),
                version,
                digest,
            });
        }
        report.version = shelf.next_version(kind, &report.report_id, first)?;
        self.put(&mut shelf, &report)
    }

    /// The bytes of a version; none when they are damaged: a new version says it again.
    fn whole(&self, shelf: &Shelf, kept: &Kept) -> Result<Option<Vec<u8>>, Fault> {
        match shelf.bytes(kept) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(fault) if fault.code() == "S020" => {
                let version = (kept.entry.report_id.clone(), kept.entry.version);
                locked(&self.trouble).given(version, Some(fault));
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Signs and stores a version.
    fn put(&self, shelf: &mut Shelf, report: &ReportDocument) -> Result<Built, Fault> {
        if report.version > self.config.versions_max {
            return Err(fault::versions(&report.report_id, self.config.versions_max));
        }
        let unsigned = write_report_document(report).map_err(fault::unlawful)?;
        let bytes = xmldsig::sign_enveloped(&self.parts.signer, unsigned)?;
        let kept = kept(report, &bytes)?;
        let entry = kept.entry.clone();
        shelf.put(kept, &bytes)?;
        Ok(Built {
            entry,
            bytes: bytes.into(),
            is_new: true,
        })
    }

    /// [`Reports::build_now`] on a thread of its own; then what is new is recorded in the journal.
    ///
    /// # Errors
    /// As [`Reports::build_now`], `S047`, and those of the recorder.
    pub async fn build(self: &Arc<Self>, report: ReportType, span: Span) -> Result<Built, Fault> {
        let reports = Arc::clone(self);
        let built = aside(move || reports.build_now(report, span)).await??;
        if built.is_new {
            self.record_built(&built.entry).await?;
        }
        Ok(built)
    }

    /// Builds what a request asks for that the hub took in at `received`, or finds it built.
    ///
    /// # Errors
    /// `S062` for a period that is no span, `S063` for a region, `S078` for a day up to another end than
    /// the present, and as [`Reports::build`].
    pub async fn asked(
        self: &Arc<Self>,
        request: &ReportRequest,
        received: Timestamp,
    ) -> Result<Built, Fault> {
        let span = asked_span(request, received)?;
        self.build(request.report_type, span).await
    }

    /// Looks for versions that the journal does not know of, built beside the hub or just before a
    /// crash, lists and records them. Gives how many.
    ///
    /// # Errors
    /// `S045`, `S047`, and those of the recorder.
    pub async fn record_missing(self: &Arc<Self>) -> Result<usize, Fault> {
        let reports = Arc::clone(self);
        let missing = aside(move || {
            let mut shelf = reports.shelf.take();
            shelf.look_again()?;
            let unknown = shelf.all().filter(|kept| !kept.recorded);
            Ok::<Vec<ReportEntry>, Fault>(unknown.map(|kept| kept.entry.clone()).collect())
        })
        .await??;
        for entry in &missing {
            self.record_built(entry).await?;
        }
        Ok(missing.len())
    }

    async fn record_built(self: &Arc<Self>, entry: &ReportEntry) -> Result<(), Fault> {
        let target = target(entry);
        let detail = format!("digest {} entry {}", entry.digest, entry.entry_number);
        self.parts.record.record(BUILT, target, detail).await?;
        let (reports, id, version) = (Arc::clone(self), entry.report_id.clone(), entry.version);
        aside(move || reports.shelf.take().recorded(&id, version)).await?
    }
}

/// How a version is named in audit entries.
pub(crate) fn target(entry: &ReportEntry) -> String {
    format!("{} v{}", entry.report_id, entry.version)
}
