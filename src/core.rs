//! The hub as services and console see it: their traits, answered by the running flow.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use cordon_access::ParkNow;
use cordon_alarms::{OpenAlarm, OpenAlarms};
use cordon_console::{
    AlarmLine, AlarmsPage, Condition, Desk, Expiring, Figures, OutboxPage, PageAsked, Reloaded,
    SentAgain,
};
use cordon_contract::{BoxFuture, DeviceHealth, EntryKind, Fault, LinkState};
use cordon_flow::{Audited, InOrder, Misread, RunningHub};
use cordon_http::Attempt;
use cordon_journal::Record as JournalRecord;
use cordon_model::service::{QueryGrants, ReportEntry};
use cordon_model::{
    AccessGrant, AlarmState, AuditOutcome, Body, DeviceId, GateId, MessageId, PartyId, Receipt,
    Timestamp,
};
use cordon_records::{GrantsAsked, Look, Page, Records, Standing, names};
use cordon_reports::{ReportedBy, Reports};
use cordon_security::wsse::VerifiedEnvelope;
use cordon_security::{Identity, TrustStore};
use cordon_services::{Core, Originals, Remains};
use tokio::sync::watch;

use crate::attempts::Attempts;
use crate::calendar::Calendar;
use crate::keeping::Keeping;
use crate::outbox::Letters;
use crate::pins::Unread;
use crate::reload::Reloader;
use crate::spool::SpoolWatch;
use crate::trouble::{self, ReportsStand};

/// The running hub behind its two faces.
pub struct HubCore {
    hub: Arc<RunningHub>,
    records: Arc<Records>,
    operator: PartyId,
    /// Gates with at least one barrier that an adapter serves.
    openable: BTreeSet<GateId>,
    open_alarms: OpenAlarms,
    park_now: ParkNow,
    reports: OnceLock<Arc<Reports>>,
    /// By what reports are made, since it is another than at the start.
    reported_by: Mutex<Option<ReportedBy>>,
    reloader: OnceLock<Arc<Reloader>>,
    calendar: OnceLock<Arc<Calendar>>,
    spool: OnceLock<Arc<SpoolWatch>>,
    trust: OnceLock<Arc<TrustStore>>,
    keeping: OnceLock<Arc<Keeping>>,
    pins: OnceLock<Arc<Unread>>,
    reports_stand: Arc<ReportsStand>,
    letters: Letters,
    attempts: Attempts,
}

impl HubCore {
    /// Puts faces on a hub; `operator` is the party in whose name the console acts, `openable` are the
    /// gates at which an adapter can open something.
    pub fn new(
        (hub, records): (Arc<RunningHub>, Arc<Records>),
        operator: PartyId,
        openable: BTreeSet<GateId>,
        (open_alarms, park_now): (OpenAlarms, ParkNow),
    ) -> Arc<Self> {
        Arc::new(Self {
            letters: Letters::new(Arc::clone(&hub), operator.clone()),
            attempts: Attempts::open(hub.submit()),
            hub,
            records,
            operator,
            openable,
            open_alarms,
            park_now,
            reports: OnceLock::new(),
            reported_by: Mutex::default(),
            reloader: OnceLock::new(),
            calendar: OnceLock::new(),
            spool: OnceLock::new(),
            trust: OnceLock::new(),
            keeping: OnceLock::new(),
            pins: OnceLock::new(),
            reports_stand: Arc::default(),
        })
    }

    /// Gives regulators these reports to pull; a second time changes nothing.
    pub fn serve_reports(&self, reports: Arc<Reports>) {
        let by = self.reported_by();
        if let Some(by) = by.as_ref() {
            reports.go_by(by.clone());
        }
        self.reports_stand.are_open(Arc::clone(&reports));
        self.reports.get_or_init(|| reports);
    }

    /// How the reports stand, shown in the health.
    pub fn reports_stand(&self) -> Arc<ReportsStand> {
        Arc::clone(&self.reports_stand)
    }

    /// The reports; a fault that passes while they could not be opened.
    fn opened(&self) -> Result<&Arc<Reports>, Fault> {
        self.reports.get().ok_or_else(|| {
            let shut = self.reports_stand.trouble().map(|fault| fault.to_string());
            Fault::new("S045", "the folder of reports cannot be used")
                .log(shut.unwrap_or_else(|| "it is not open yet".to_owned()))
                .remedy("the same will be answered when the park has seen to it: ask again later")
        })
    }

    /// Reports are made by another plan from now on, also those that are served later.
    pub fn report_by(&self, by: ReportedBy) {
        let mut held = self.reported_by();
        if let Some(reports) = self.reports.get() {
            reports.go_by(by.clone());
        }
        *held = Some(by);
    }

    fn reported_by(&self) -> MutexGuard<'_, Option<ReportedBy>> {
        let held = self.reported_by.lock();
        held.unwrap_or_else(PoisonError::into_inner)
    }

    /// Who asks for it has the configuration read anew by this; a second time changes nothing.
    pub fn reload_by(&self, reloader: Arc<Reloader>) {
        self.reloader.get_or_init(|| reloader);
    }

    /// Shows this calendar on the console; a second time changes nothing.
    pub fn show_calendar(&self, calendar: Arc<Calendar>) {
        self.calendar.get_or_init(|| calendar);
    }

    /// Says in the health whether this trust folder can be read; a second time changes nothing.
    pub fn show_trust(&self, trust: Arc<TrustStore>) {
        self.trust.get_or_init(|| trust);
    }

    /// Says in the health how this spool stands; a second time changes nothing.
    pub fn show_spool(&self, spool: Arc<SpoolWatch>) {
        self.spool.get_or_init(|| spool);
    }

    /// Says in the health which pins cannot be read; a second time changes nothing.
    pub fn show_pins(&self, pins: Arc<Unread>) {
        self.pins.get_or_init(|| pins);
    }

    /// Says in the health what cannot be forgotten or moved; a second time changes nothing.
    pub fn show_keeping(&self, keeping: Arc<Keeping>) {
        self.keeping.get_or_init(|| keeping);
    }
}

/// The originals of entries.
struct OfEntries(InOrder);

impl Originals for OfEntries {
    fn of(&mut self, record: &JournalRecord) -> Result<Option<Bytes>, Fault> {
        // The record of what cannot be read goes out all the same; what it says nobody can tell.
        let Some(stored) = self.0.stored(record)? else {
            return Ok(None);
        };
        match stored.entry.kind {
            EntryKind::Submission => Ok(stored.signed_bytes()),
            EntryKind::Refused => Ok(None),
            _ => stored.message_xml(),
        }
    }

    fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

impl Core for HubCore {
    fn known(&self, caller: &Identity) -> Result<(), Fault> {
        self.hub.submit().known(caller)
    }

    fn submit(
        &self,
        call: VerifiedEnvelope,
    ) -> BoxFuture<
        '_,
        Result<Vec<Result<Receipt, cordon_services::Refused>>, cordon_services::Refused>,
    > {
        Box::pin(async move {
            let submit = self.hub.submit();
            let results = submit
                .submit(call)
                .await
                .map_err(|refused| (refused.fault, refused.number))?;
            Ok(results
                .into_iter()
                .map(|result| match result {
                    Ok(data) => Ok(data.receipt(submit.park())),
                    Err(refused) => Err((refused.fault, refused.number)),
                })
                .collect())
        })
    }

    fn refuse<'a>(
        &'a self,
        remains: Remains,
        caller: &'a Identity,
        fault: &'a Fault,
    ) -> BoxFuture<'a, Option<u64>> {
        Box::pin(async move {
            let Remains {
                digest,
                kept,
                is_cut,
            } = remains;
            let sender = Some(caller.id.clone());
            let submit = self.hub.submit();
            let refused = submit.refuse_remains(fault.clone(), sender, (digest, kept, is_cut));
            refused.await.number
        })
    }

    fn attempted(&self, attempt: &Attempt) {
        self.attempts.take(attempt, self.hub.clock().as_ref());
    }

    fn receipt<'a>(
        &'a self,
        sender: &'a PartyId,
        id: &'a MessageId,
    ) -> BoxFuture<'a, Result<Option<Receipt>, Fault>> {
        let submit = self.hub.submit();
        let (sender, id) = (sender.clone(), *id);
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || {
                let found = submit.receipt_of(&sender, id)?;
                Ok(found.map(|data| data.receipt(submit.park())))
            });
            found.await.map_err(|error| {
                Fault::new("S021", "the receipts could not be read").log(error.to_string())
            })?
        })
    }

    fn grants<'a>(
        &'a self,
        enterprise: &'a PartyId,
        asked: &'a QueryGrants,
        limit: usize,
    ) -> BoxFuture<'a, Result<(Vec<AccessGrant>, bool), Fault>> {
        let enterprise = enterprise.clone();
        let asked = GrantsAsked {
            plate: asked.plate.clone(),
            state: asked.state,
            after: asked.after.clone(),
            // One more than asked for tells whether there are more.
            limit: limit.saturating_add(1),
        };
        Box::pin(async move {
            let (seen, _) = self.hub.durable();
            let question = move |look: &Look<'_>| look.grants(&enterprise, &asked);
            let answer = self.records.ask(names::GRANTS, seen, question).await?;
            // What is not known to be all must not be taken for it.
            self.records.require_whole(names::GRANTS)?;
            let mut grants = answer.rows;
            let more = grants.len() > limit;
            grants.truncate(limit);
            Ok((grants, more))
        })
    }

    fn originals(&self) -> Box<dyn Originals> {
        Box::new(OfEntries(self.hub.reader().in_order()))
    }

    fn wait_beyond(&self, number: u64, wait: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // Watching begins before the look, so that nothing is committed unseen in between.
            let mut entries = self.hub.feed().subscribe();
            if wait.is_zero() || self.hub.health().position > number {
                return;
            }
            // Running out of time is a lawful answer: there is nothing new.
            let _ = tokio::time::timeout(wait, entries.next()).await;
        })
    }

    fn durable(&self) -> cordon_journal::Position {
        self.hub.durable()
    }

    fn pulled<'a>(&'a self, who: &'a PartyId, report: &'a str, version: u32) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let audited = Audited {
                action: "report.pulled".to_owned(),
                actor: who.clone(),
                target: Some(format!("{report} v{version}")),
                outcome: AuditOutcome::Success,
                detail: None,
            };
            if let Err(fault) = self.hub.submit().audit(&audited).await {
                tracing::warn!(%fault, "a pull could not be recorded");
            }
        })
    }

    fn reports(&self) -> Result<Vec<ReportEntry>, Fault> {
        Ok(self.opened()?.list())
    }

    fn report(&self, id: &str, version: u32) -> Result<Vec<u8>, Fault> {
        self.opened()?.bytes(id, version)
    }
}

impl Desk for HubCore {
    fn watch(&self) -> watch::Receiver<Standing> {
        self.records.watch()
    }

    fn page(&self) -> Arc<Page> {
        self.records.page()
    }

    fn records(&self) -> Standing {
        self.records.standing()
    }

    fn figures(&self) -> Figures {
        let stats = self.hub.stats().snapshot();
        let health = self.hub.health();
        let ms = |micros: u64| micros as f64 / 1_000.0;
        let timed = stats.decision.count > 0;
        Figures {
            position: (health.position > 0).then_some(health.position),
            acted: health.acted,
            held_before: health.held_before,
            decision_p99_ms: timed.then(|| ms(stats.decision.p99_us)),
            decision_p50_ms: timed.then(|| ms(stats.decision.p50_us)),
            outbox_waiting: u64::try_from(health.open_orders).unwrap_or(u64::MAX),
            dead_letters: u64::try_from(health.dead_letters + self.letters.own_total())
                .unwrap_or(u64::MAX),
            attempts: self.attempts.counts(),
            condition: Condition {
                mode: match (health.mode, health.space) {
                    ("normal", "low") => "low",
                    (mode, _) => mode,
                },
                stalled_ms: health.stalled_ms,
                words: health.fault.clone(),
                since: health.failed_since,
                unsaved: health.unsaved,
                remembered: u64::try_from(health.remembered).unwrap_or(u64::MAX),
                disk_free_bytes: health.free_bytes,
                disk_used_percent: health.used_percent,
                spooled: health.spooled.0,
                spooled_in_memory: health.spooled.1,
                spool_words: self.spool.get().and_then(|spool| spool.words()),
                trust_words: self.trust.get().and_then(|it| trouble::words_of_trust(it)),
                pins_words: self.pins.get().and_then(|it| it.words()),
                pins_unread: self.pins.get().map_or(0, |it| it.count()),
                archive_words: self.keeping.get().and_then(|it| it.silent()),
                reports_words: self.reports_stand.trouble().map(|it| it.to_string()),
                adapters_words: (health.adapters.into_iter())
                    .filter_map(trouble::words_of)
                    .collect(),
                unforgotten: self.keeping.get().map_or_else(Vec::new, |it| it.stuck()),
                clock_words: health.clock.words,
                clock_offset_ms: health.clock.offset_ms,
                clock_lead_ms: health.clock.lead_ms,
                tick_age_ms: health.clock.tick_age_ms,
            },
            batches: stats.batches,
            unreadable: health.marked.unreadable,
            older_form: health.marked.older_form,
            unlawful: health.marked.unlawful,
            duplicates: stats
                .traffic
                .values()
                .map(|traffic| traffic.duplicates)
                .sum(),
            overtaken: stats.overtaken,
            gaps: stats.gaps,
            readings: stats
                .traffic
                .iter()
                .map(|(name, traffic)| (name.clone(), traffic.accepted))
                .collect::<BTreeMap<_, _>>(),
            misread: (self.hub.misreads().all().into_iter())
                .map(|(device, misread)| (device.to_string(), misread.count))
                .collect(),
        }
    }

    fn park_now(&self) -> Option<cordon_console::ParkNow> {
        // What a plug-in decides without the journal says nothing of what stands in the park.
        let known = self.hub.health().position > 0;
        let now = self.park_now.look().filter(|_| known)?;
        Some(cordon_console::ParkNow {
            mode: now.mode,
            gate_modes: now.gate_modes,
            inside: now.inside,
            barriers: now.barriers,
            held: now.held,
        })
    }

    fn devices(&self) -> Vec<DeviceHealth> {
        let health = self.hub.health();
        let devices = health.adapters.into_iter().flat_map(|it| it.devices);
        with_misreads(
            devices.collect(),
            self.hub.misreads().all(),
            self.hub.clock().now(),
        )
    }

    fn alarms(&self, after: Option<&str>, limit: usize) -> AlarmsPage {
        let open = self.open_alarms.page(after, limit);
        AlarmsPage {
            lines: open.into_iter().map(alarm_line).collect(),
            total: self.open_alarms.total(),
            by_level: self.open_alarms.by_level(),
        }
    }

    fn alarm_state(&self, id: &str) -> Option<AlarmState> {
        self.open_alarms.state(id)
    }

    fn expiring(&self) -> Vec<Expiring> {
        let calendar = self.calendar.get();
        calendar
            .map(|calendar| calendar.expiring())
            .unwrap_or_default()
    }

    fn healthy(&self) -> Result<(), String> {
        self.hub.health().fault.map_or(Ok(()), Err)
    }

    fn say(&self, body: Body) -> BoxFuture<'_, Result<u64, Fault>> {
        Box::pin(async move {
            if let Body::EmergencyGateOpen(order) = &body
                && !order.gates.iter().any(|gate| self.openable.contains(gate))
            {
                // Recording an opening that nothing carries out would tell the operator a lie.
                return Err(
                    Fault::new("C001", "no adapter reaches a barrier of this gate")
                        .remedy("open the gate by hand"),
                );
            }
            if let Body::GateCommand(order) = &body
                && !self.openable.contains(&order.gate_id)
            {
                return Err(Fault::new("C011", "no adapter reaches this barrier")
                    .remedy("work the barrier by hand"));
            }
            Ok(self
                .hub
                .submit()
                .internal(body, &self.operator)
                .await?
                .number)
        })
    }

    fn outbox<'a>(&'a self, asked: &'a PageAsked) -> BoxFuture<'a, Result<OutboxPage, Fault>> {
        Box::pin(self.letters.page(asked))
    }

    fn rerun<'a>(
        &'a self,
        id: &'a str,
        who: Option<&'a str>,
    ) -> BoxFuture<'a, Result<SentAgain, Fault>> {
        Box::pin(self.letters.rerun(id, who))
    }

    fn reload<'a>(&'a self, who: Option<&'a str>) -> BoxFuture<'a, Result<Reloaded, Vec<Fault>>> {
        Box::pin(async move {
            let reloader = self.reloader.get().ok_or_else(starting)?;
            reloader.reload(who.unwrap_or("cordon reload")).await
        })
    }
}

fn starting() -> Vec<Fault> {
    let fault = Fault::new(
        "K102",
        "the hub is starting, and has just read its configuration",
    );
    vec![fault.remedy("reload again when it is up")]
}

fn alarm_line(alarm: OpenAlarm) -> AlarmLine {
    AlarmLine {
        id: alarm.id,
        time: alarm.occurred_at,
        level: alarm.level,
        code: alarm.code,
        state: alarm.state,
        place: alarm.place,
        description: alarm.description,
        escalation: alarm.escalation,
        repeats: alarm.repeats,
    }
}

/// Shows what is not understood at its device for so long after the last of it, milliseconds.
const MISREAD_SHOWN_MS: i64 = 3_600_000;

/// A device that speaks, and is not understood, is not in order: its row says so, how often, and what
/// it said last. One that nobody else knows gets a row.
fn with_misreads(
    mut devices: Vec<DeviceHealth>,
    misreads: BTreeMap<DeviceId, Misread>,
    now: Timestamp,
) -> Vec<DeviceHealth> {
    for (device, misread) in misreads {
        if now.ms_since(misread.last) >= MISREAD_SHOWN_MS {
            continue;
        }
        let at = misread.last.at_offset(Timestamp::PARK_OFFSET_MINUTES);
        let reason = format!(
            "无法理解 / not understood: {} × {}, last {at}: {}; {}",
            misread.code, misread.count, misread.detail, misread.sample
        );
        let known = devices.iter_mut().find(|health| health.device == device);
        match known {
            Some(health) if health.state == LinkState::Offline => {}
            Some(health) => {
                health.state = LinkState::Degraded;
                health.reason = reason;
            }
            None => devices.push(DeviceHealth {
                device,
                state: LinkState::Degraded,
                reason,
                since: misread.last,
                readings: 0,
                dropped: misread.count,
                clock_offset_ms: None,
            }),
        }
    }
    devices
}
