//! Reports and the rest of the program: audit entries into the journal, reports out to the push.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use cordon_contract::{
    BoxFuture, Clock, Fault, ReportSource, ReportVersion, Shutdown, SignedReport,
};
use cordon_flow::{Audited, EntryReader, FeedItem, FeedReader, RunningHub};
use cordon_model::plan::ParkPlan;
use cordon_model::service::ReportEntry;
use cordon_model::{AuditOutcome, Body, PartyId, ReportType, Timestamp};
use cordon_reports::{
    AcknowledgeLimits, Record, ReportedBy, Reports, ReportsConfig, ReportsParts, Unrecorded,
};
use cordon_security::Signer;
use tokio::sync::oneshot;

use crate::config::ParkConfig;
use crate::plugins::routes;

/// Where the reports of a configuration lie.
pub fn folder(config: &ParkConfig) -> PathBuf {
    config.hub.data.join("reports")
}

/// What came of opening the reports.
pub type Opened = Result<Arc<Reports>, Fault>;

/// What the reports of a running hub are opened with, kept for later.
pub struct Opening {
    folder: PathBuf,
    plan: Arc<ParkPlan>,
    signer: Arc<Signer>,
    clock: Arc<dyn Clock>,
    hub: PartyId,
    settings: ReportsConfig,
}

impl Opening {
    /// Of a configuration.
    pub fn of(
        config: &ParkConfig,
        signer: Arc<Signer>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Fault> {
        Ok(Self {
            folder: folder(config),
            plan: Arc::new(config.plan.clone()),
            signer,
            clock,
            hub: config.hub.id.clone(),
            settings: ReportsConfig {
                acknowledge_s: limits(config)?,
                ..config.reports.clone()
            },
        })
    }

    /// Opens them for a running hub; what is built is recorded in its journal.
    pub fn open(&self, hub: &Arc<RunningHub>) -> Result<Arc<Reports>, Fault> {
        let recorder = Recorder {
            hub: Arc::downgrade(hub),
            actor: self.hub.clone(),
        };
        self.with(hub.reader(), Arc::new(recorder))
    }

    /// The same on a thread of its own, which a disk that hangs keeps: the end of the program does not wait for
    /// it.
    pub fn ask(self: &Arc<Self>, hub: &Arc<RunningHub>) -> oneshot::Receiver<Opened> {
        let (answer, asked) = oneshot::channel();
        let (opening, hub) = (Arc::clone(self), Arc::downgrade(hub));
        let open = move || {
            if let Some(hub) = hub.upgrade() {
                let opened = opening.open(&hub);
                drop(hub);
                // Nobody waits when the hub has ended.
                let _ = answer.send(opened);
            }
        };
        // Without a thread nothing is answered, which is told like a fault.
        let _ = std::thread::Builder::new()
            .name("reports-opening".to_owned())
            .spawn(open);
        asked
    }

    fn with(&self, reader: EntryReader, record: Arc<dyn Record>) -> Result<Arc<Reports>, Fault> {
        let parts = ReportsParts {
            dir: self.folder.clone(),
            plan: Arc::clone(&self.plan),
            reader,
            signer: Arc::clone(&self.signer),
            clock: Arc::clone(&self.clock),
            hub: self.hub.clone(),
            record,
        };
        Reports::open(parts, self.settings.clone()).map(Arc::new)
    }
}

/// The reports beside a hub, or without one. A running hub records what is built here when it next
/// looks at the folder.
pub fn beside_hub(
    config: &ParkConfig,
    signer: Arc<Signer>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<Reports>, Fault> {
    let reader = crate::past::reader(config)?;
    Opening::of(config, signer, clock)?.with(reader, Arc::new(Unrecorded))
}

/// By what of a configuration reports are made; `plan` is its plan.
pub fn reported_by(config: &ParkConfig, plan: &Arc<ParkPlan>) -> Result<ReportedBy, Fault> {
    Ok(ReportedBy {
        plan: Arc::clone(plan),
        acknowledge_s: limits(config)?,
    })
}

/// How soon an alarm must be acknowledged: as its routes say, which also escalate it.
fn limits(config: &ParkConfig) -> Result<AcknowledgeLimits, Fault> {
    // What is wrong with the routes is told in full when the plug-ins are made.
    let routes = routes(config).map_err(|mut faults| faults.swap_remove(0))?;
    let of = routes.acknowledge();
    Ok(AcknowledgeLimits {
        red: of.red,
        orange: of.orange,
        yellow: of.yellow,
        blue: of.blue,
    })
}

/// Writes audit entries through the hub, as long as it runs.
struct Recorder {
    hub: Weak<RunningHub>,
    actor: PartyId,
}

impl Record for Recorder {
    fn record<'a>(
        &'a self,
        action: &'a str,
        target: String,
        detail: String,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let submit = match self.hub.upgrade() {
                Some(hub) => hub.submit(),
                None => return Err(Fault::new("F007", "the hub has stopped")),
            };
            let audited = Audited {
                action: action.to_owned(),
                actor: self.actor.clone(),
                target: Some(target),
                outcome: AuditOutcome::Success,
                detail: Some(detail),
            };
            submit.audit(&audited).await.map(drop)
        })
    }
}

/// How long until unanswered requests are looked at again although nothing new came.
const REQUESTS_AGAIN: Duration = Duration::from_secs(30);

/// Answers requests for reports until shutdown: builds what is asked, or finds it, and records what
/// came of it. A request that a crash left unanswered is answered after the restart.
pub async fn answer_requests(hub: Arc<RunningHub>, reports: Arc<Reports>, shutdown: Shutdown) {
    // Watching begins before the look, so that no request comes unseen in between.
    let mut entries = hub.feed().subscribe();
    loop {
        for request in hub.report_requests() {
            // One that a disk holds up is answered after the restart.
            let answered = tokio::select! {
                () = shutdown.wait() => return,
                answered = answer_request(&hub, &reports, request) => answered,
            };
            if let Err(fault) = answered {
                tracing::warn!(%fault, request, "a request for a report could not be answered");
            }
        }
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(REQUESTS_AGAIN) => {}
            () = next_request(&mut entries) => {}
        }
    }
}

/// Waits for a request, or for a hole in the feed that may have held one.
async fn next_request(entries: &mut FeedReader) {
    loop {
        match entries.next().await {
            Some(FeedItem::Entry(committed)) => {
                let message = committed.entry.message.as_deref();
                if message.is_some_and(|message| matches!(message.body, Body::ReportRequest(_))) {
                    return;
                }
            }
            Some(FeedItem::Lagged(_)) => return,
            None => std::future::pending().await,
        }
    }
}

async fn answer_request(
    hub: &Arc<RunningHub>,
    reports: &Arc<Reports>,
    number: u64,
) -> Result<(), Fault> {
    let reader = hub.reader();
    let stored = tokio::task::spawn_blocking(move || reader.get(number))
        .await
        .map_err(|error| Fault::new("S047", "reading was broken off").log(error.to_string()))??;
    let Some(entry) = stored.map(|stored| stored.entry) else {
        return Ok(());
    };
    let Some(Body::ReportRequest(request)) = entry.message.as_deref().map(|message| &message.body)
    else {
        return Ok(());
    };
    let (target, outcome, detail) = match reports.asked(request, entry.time).await {
        Ok(built) => {
            let entry = built.entry;
            (
                format!("{} v{}", entry.report_id, entry.version),
                AuditOutcome::Success,
                format!(
                    "request {} digest {} entry {}",
                    request.request_id, entry.digest, entry.entry_number
                ),
            )
        }
        Err(fault) => (
            request.report_type.as_str().to_owned(),
            AuditOutcome::Failure,
            format!(
                "request {}: {} {}; {}",
                request.request_id,
                fault.code(),
                fault.peer_text(),
                fault.remedy_text()
            ),
        ),
    };
    let submit = hub.submit();
    submit
        .answer_request(number, &target, outcome, &detail)
        .await
        .map(drop)
}

/// Where the push gets its reports. Made before the hub, because adapters come first; filled once
/// the hub runs. Until then there is nothing to push.
#[derive(Default)]
pub struct ReportDoor {
    reports: OnceLock<Arc<Reports>>,
}

impl ReportDoor {
    /// Fills it; a second time changes nothing.
    pub fn open(&self, reports: Arc<Reports>) {
        self.reports.get_or_init(|| reports);
    }
}

impl ReportSource for ReportDoor {
    fn due(
        &self,
        kind: ReportType,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>> {
        Box::pin(async move {
            match self.reports.get() {
                Some(reports) => Ok(versions(reports.due(kind, at).await?)),
                None => Ok(Vec::new()),
            }
        })
    }

    fn missed(
        &self,
        kind: ReportType,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>> {
        Box::pin(async move {
            match self.reports.get() {
                Some(reports) => Ok(versions(reports.missed(kind, at).await?)),
                None => Ok(Vec::new()),
            }
        })
    }

    fn built(
        &self,
        kind: ReportType,
        at: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<ReportVersion>, Fault>> {
        let built = self.reports.get().map(|it| it.built(kind, at));
        Box::pin(async move { Ok(versions(built.unwrap_or_default())) })
    }

    fn find<'a>(
        &'a self,
        report_id: &'a str,
        version: u32,
    ) -> BoxFuture<'a, Result<Option<SignedReport>, Fault>> {
        Box::pin(async move {
            // Nobody knows yet what is there.
            let Some(reports) = self.reports.get() else {
                return Err(Fault::new("S045", "the reports are not opened yet"));
            };
            let (reports, id) = (Arc::clone(reports), report_id.to_owned());
            let read = tokio::task::spawn_blocking(move || reports.bytes(&id, version));
            let read = read.await.map_err(|error| {
                Fault::new("S047", "reading was broken off").log(error.to_string())
            })?;
            match read {
                Ok(bytes) => Ok(Some(SignedReport {
                    report_id: report_id.to_owned(),
                    version,
                    bytes: bytes.into(),
                })),
                Err(fault) if fault.code() == "S012" => Ok(None),
                Err(fault) => Err(fault),
            }
        })
    }
}

fn versions(entries: Vec<ReportEntry>) -> Vec<ReportVersion> {
    let named = |entry: ReportEntry| ReportVersion {
        report_id: entry.report_id,
        version: entry.version,
    };
    entries.into_iter().map(named).collect()
}
