//! The console's small web server: loopback only, same origin only.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body as HttpBody;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use cordon_contract::{Clock, Fault, Shutdown};
use cordon_model::plan::ParkPlan;
use cordon_model::{Body, EmergencyGateOpen, GateId, PartyId};
use cordon_records::{LACKING, Standing, names};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::accept::{self, Answering};
use crate::acts::{ActId, Acts, Answer};
use crate::barrier::{self, Barriers};
use crate::places::{Places, Seats};
use crate::said::{Said, sayable};
use crate::{Condition, Desk, Expiring, View, alarms, metrics, outbox, page, reload, stream};

/// How often the hub's condition is looked at.
const CONDITION_EVERY: Duration = Duration::from_millis(500);

/// Records that are behind for longer are told of.
const RECORDS_BEHIND_MS: u64 = 5_000;

/// How long open requests may go on after shutdown.
const DRAIN: Duration = Duration::from_secs(2);

/// Settings of the console.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where it listens; must be a loopback address.
    pub listen: SocketAddr,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
        }
    }
}

impl Config {
    /// Finds what is wrong with it.
    pub fn check(&self) -> Result<(), Fault> {
        if self.listen.ip().is_loopback() {
            return Ok(());
        }
        Err(Fault::new(
            "K040",
            format!(
                "the console may only listen on loopback, not on {}",
                self.listen
            ),
        )
        .at("console.listen")
        .remedy("use 127.0.0.1:PORT and reach it through a tunnel"))
    }
}

/// What follows from the park's plan.
pub(crate) struct Planned {
    /// The plan as the page shows it.
    pub(crate) view: View,
    /// The barriers that people may order something of.
    pub(crate) barriers: Barriers,
}

impl Planned {
    fn of(plan: &ParkPlan) -> Arc<Self> {
        Arc::new(Self {
            view: View::new(plan),
            barriers: barrier::of_plan(plan),
        })
    }
}

pub(crate) struct Console {
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) acts: Acts,
    /// What the page shows of the park's plan.
    planned: RwLock<Arc<Planned>>,
    /// Rises with every change of what is shown.
    pub(crate) changed: watch::Sender<u64>,
    pub(crate) operator: PartyId,
    port: u16,
    seats: Arc<Seats>,
    pub(crate) shutdown: Shutdown,
}

/// The console's connections, which are answered from the first moment on: until there is a hub to ask,
/// with 503 and `starting`.
pub struct Front {
    port: u16,
    answering: Answering,
    seats: Arc<Seats>,
    server: JoinHandle<()>,
    pub(crate) shutdown: Shutdown,
}

impl Front {
    /// Accepts connections from now on.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn open(
        listener: TcpListener,
        places: Places,
        shutdown: Shutdown,
    ) -> std::io::Result<Self> {
        let port = listener.local_addr()?.port();
        let (answering, seats) = (Answering::default(), Seats::new(places));
        let accepting = accept::run(
            listener,
            Arc::clone(&answering),
            Arc::clone(&seats),
            shutdown.clone(),
        );
        Ok(Self {
            port,
            answering,
            seats,
            server: tokio::spawn(accepting),
            shutdown,
        })
    }

    /// Answers for this hub from now on, until shutdown. `operator` is the party in whose name the
    /// page acts, the hub itself. The plan may become another one.
    pub async fn serve(
        self,
        mut plan: watch::Receiver<Arc<ParkPlan>>,
        operator: PartyId,
        desk: Arc<dyn Desk>,
        clock: Arc<dyn Clock>,
    ) {
        let planned = Planned::of(&plan.borrow_and_update());
        let console = Arc::new(Console {
            clock,
            acts: Acts::default(),
            planned: RwLock::new(planned),
            changed: watch::Sender::new(0),
            operator,
            shutdown: self.shutdown.clone(),
            port: self.port,
            seats: self.seats,
            desk,
        });
        let follower = tokio::spawn(follow(Arc::clone(&console), self.shutdown.clone()));
        let planner = tokio::spawn(follow_plan(Arc::clone(&console), plan));
        self.answering.get_or_init(|| router(console));
        tokio::select! {
            _ = self.server => {}
            // A peer that stopped in the middle of a request does not hold up the hub's end.
            () = async { self.shutdown.wait().await; tokio::time::sleep(DRAIN).await } => {}
        }
        follower.abort();
        planner.abort();
    }
}

impl Console {
    /// What follows from the plan of now.
    pub(crate) fn planned(&self) -> Arc<Planned> {
        Arc::clone(&self.planned.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn shows(&self, planned: Arc<Planned>) {
        *self.planned.write().unwrap_or_else(PoisonError::into_inner) = planned;
    }

    fn tell_changed(&self) {
        self.changed
            .send_modify(|count| *count = count.wrapping_add(1));
    }
}

fn router(console: Arc<Console>) -> Router {
    Router::new()
        .route("/events", get(stream::events))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics_page))
        .route("/api/view", get(stream::view_once))
        .route("/api/emergency-open", post(emergency_open))
        .route("/api/barrier", post(barrier::order))
        .route("/api/alarms", get(alarms::list))
        .route("/api/acknowledge", post(alarms::acknowledge))
        .route("/api/close", post(alarms::close))
        .route("/outbox", get(outbox::list))
        .route("/outbox/{id}/rerun", post(outbox::rerun))
        .route("/api/reload", post(reload::reload))
        .fallback(get(files))
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(&console),
            same_origin,
        ))
        .with_state(console)
}

fn is_off(condition: &Condition) -> bool {
    condition.clock_words.is_some()
}

/// Shows the plan that holds, and tells the pages of another one.
async fn follow_plan(console: Arc<Console>, mut plan: watch::Receiver<Arc<ParkPlan>>) {
    while plan.changed().await.is_ok() {
        let planned = Planned::of(&plan.borrow_and_update());
        console.shows(planned);
        console.tell_changed();
    }
}

/// Sees that something changed: what the records hold, or how the hub stands.
async fn follow(console: Arc<Console>, shutdown: Shutdown) {
    let mut records = console.desk.watch();
    let mut look = tokio::time::interval(CONDITION_EVERY);
    let mut told = Condition::default();
    let mut position = None;
    let (mut acted, mut held_before) = (BTreeMap::new(), BTreeMap::new());
    loop {
        tokio::select! {
            () = shutdown.wait() => return,
            changed = records.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            // A hub that can record nothing has no entries to show that by, and records may stand still.
            _ = look.tick() => {
                let figures = console.desk.figures();
                let now = figures.condition;
                let differs = now.mode != told.mode || now.words != told.words || now.since != told.since;
                let is_other = figures.acted != acted || figures.held_before != held_before;
                let is_news = differs || is_off(&now) != is_off(&told) || is_other;
                told = now;
                (acted, held_before) = (figures.acted, figures.held_before);
                if !is_news && figures.position == position {
                    continue;
                }
                position = figures.position;
            }
        }
        console.tell_changed();
    }
}

/// Refuses requests that a foreign page makes this browser send (DNS rebinding, cross-site posts).
async fn same_origin(
    State(console): State<Arc<Console>>,
    request: Request,
    next: Next,
) -> Response {
    let host_ok = header_text(request.headers(), header::HOST).is_some_and(|host| {
        [
            format!("127.0.0.1:{}", console.port),
            format!("localhost:{}", console.port),
            format!("[::1]:{}", console.port),
        ]
        .contains(&host.to_owned())
    });
    if !host_ok {
        return (
            StatusCode::MISDIRECTED_REQUEST,
            "this console answers only to its own address\n",
        )
            .into_response();
    }
    let acts = request.method() == axum::http::Method::POST;
    if acts && !request.headers().contains_key("x-cordon-console") {
        return (
            StatusCode::FORBIDDEN,
            "only the console's own page may act\n",
        )
            .into_response();
    }
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    for (name, value) in [
        (
            "content-security-policy",
            "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ] {
        headers.insert(name, axum::http::HeaderValue::from_static(value));
    }
    answer
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

async fn files(request: Request) -> Response {
    match page::file(request.uri().path()) {
        Some(file) => ([(header::CONTENT_TYPE, file.media)], file.text).into_response(),
        None => (StatusCode::NOT_FOUND, "no such page\n").into_response(),
    }
}

async fn health(State(console): State<Arc<Console>>) -> Response {
    match console.desk.healthy() {
        Ok(()) => well(&console).into_response(),
        Err(reason) => {
            let figures = console.desk.figures();
            let memory = in_memory(figures.condition.spooled_in_memory);
            let now = console.desk.park_now();
            let page = console.desk.page();
            let held = console
                .planned()
                .view
                .at(now.as_ref(), &figures, &page)
                .held_words();
            let spool = spool_line(figures.condition.spool_words.as_deref());
            let trust = trust_line(figures.condition.trust_words.as_deref());
            let said = format!("{reason}\n{memory}{spool}{trust}{held}");
            (StatusCode::SERVICE_UNAVAILABLE, said).into_response()
        }
    }
}

/// What whoever is about to restart the hub must know.
fn in_memory(count: u64) -> String {
    match count {
        0 => String::new(),
        count => format!(
            "warning: emergency: {count} orders and outcomes stand in memory alone and are lost with the \
             program; bring its disk back before it is ended\n"
        ),
    }
}

/// That orders in an emergency would stand in memory alone.
fn spool_line(words: Option<&str>) -> String {
    words.map_or_else(String::new, |words| format!("warning: spool: {words}\n"))
}

/// That nobody new is trusted, and what was revoked since is not known.
fn trust_line(words: Option<&str>) -> String {
    words.map_or_else(String::new, |words| format!("warning: trust: {words}\n"))
}

/// What a hub that accepts messages says of itself: `ok`, and a line for each thing people must see to.
fn well(console: &Console) -> String {
    let figures = console.desk.figures();
    let past = [
        (figures.unreadable, "F012: passed over, they cannot be read"),
        (
            figures.unlawful,
            "F067: passed over, they say what their sender may not say",
        ),
    ];
    let past = past.into_iter().filter(|(count, _)| *count > 0);
    let past = past.map(|(count, why)| format!("warning: journal: {count} entries {why}\n"));
    let low = figures.condition.mode == "low";
    let disk = low.then(|| {
        let used = figures.condition.disk_used_percent.unwrap_or_default();
        format!("warning: disk: nearly full, {used} % used\n")
    });
    let unsaved = figures.condition.unsaved;
    let unsaved = unsaved.map(|why| {
        format!("warning: state: it, or its witness, is not saved, everything is taken all the same: {why}\n")
    });
    let spool = spool_line(figures.condition.spool_words.as_deref());
    let unforgotten = unforgotten(&figures.condition.unforgotten);
    let trust = trust_line(figures.condition.trust_words.as_deref());
    let pins = figures.condition.pins_words;
    let pins = pins.map(|words| format!("warning: pins: {words}\n"));
    let archive = figures.condition.archive_words;
    let archive = archive.map(|words| format!("warning: archive: {words}\n"));
    let reports = figures.condition.reports_words;
    let reports = reports.map(|words| format!("warning: reports: {words}\n"));
    let adapters = figures.condition.adapters_words.into_iter();
    let adapters = adapters.map(|words| format!("warning: adapter: {words}\n"));
    let clock = figures.condition.clock_words;
    let clock = clock.map(|words| format!("warning: clock: {words}\n"));
    let given_up = (figures.dead_letters > 0).then(|| {
        let count = figures.dead_letters;
        format!("warning: outbox: {count} deliveries were given up; they are listed, and sent again, at /outbox\n")
    });
    let soon = console.desk.expiring().into_iter();
    let warnings = soon
        .filter(Expiring::is_soon)
        .map(|paper| format!("warning: {}\n", paper.words()));
    ["ok\n".to_owned()]
        .into_iter()
        .chain(past)
        .chain(disk)
        .chain(unsaved)
        .chain([
            spool,
            trust,
            unforgotten,
            records_lines(&console.desk.records()),
        ])
        .chain(pins)
        .chain(archive)
        .chain(reports)
        .chain(adapters)
        .chain(clock)
        .chain(given_up)
        .chain(warnings)
        .collect()
}

/// Segments that `/healthz` names one by one; more are counted.
const SEGMENTS_NAMED: usize = 10;

/// What is to be forgotten and cannot go, a line for each.
fn unforgotten(stuck: &[String]) -> String {
    let named = stuck.iter().take(SEGMENTS_NAMED);
    let named = named.map(|words| format!("warning: retention: due and cannot go: {words}\n"));
    let more = stuck.len().saturating_sub(SEGMENTS_NAMED);
    let more = (more > 0).then(|| format!("warning: retention: {more} more cannot go\n"));
    named.chain(more).collect()
}

/// What people must see to about the records, a line for each.
fn records_lines(standing: &Standing) -> String {
    let mut lines = String::new();
    if let Some(words) = &standing.stopped {
        lines += &format!(
            "warning: records: they are not kept at present, and go on by themselves: {words}\n"
        );
    }
    for (fold, broken) in standing.broken() {
        let (entry, words) = (broken.entry, &broken.words);
        lines += &format!("warning: records: {fold} go no further than entry {entry}: {words}\n");
    }
    // Of these alone something may stand that is gone from the journal.
    let stands = [names::GRANTS, names::ALARMS];
    for (fold, missing) in standing.lacking().filter(|(fold, _)| stands.contains(fold)) {
        let words = missing.words();
        lines +=
            &format!("warning: records: {LACKING}: {fold} were built of what is left: {words}\n");
    }
    let behind = standing.behind();
    if standing.behind_ms > RECORDS_BEHIND_MS && standing.stopped.is_none() && behind > 0 {
        let why = standing.rebuilding.as_deref();
        let why = why.map_or_else(String::new, |why| format!(", being built again ({why})"));
        lines += &format!("warning: records: {behind} entries behind the journal{why}\n");
    }
    lines
}

async fn metrics_page(State(console): State<Arc<Console>>) -> Response {
    let desk = &console.desk;
    let (now, figures) = (desk.park_now(), desk.figures());
    let view = console
        .planned()
        .view
        .at(now.as_ref(), &figures, &desk.page());
    let alarms = desk.alarms(None, 0);
    let text = metrics::text(
        (&view, now.as_ref()),
        &alarms,
        (&figures, &desk.records()),
        &desk.devices(),
        &desk.expiring(),
        console.seats.closed(),
    );
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        text,
    )
        .into_response()
}

/// Letters of a reason and of a name that an emergency order holds, 2,000 with what stands between them.
const REASON_CHARS_MAX: usize = 1_700;
const NAME_CHARS_MAX: usize = 200;

/// One-key open, as the page sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmergencyOpenRequest {
    gate: String,
    ordered_by: String,
    reason: String,
    #[serde(default)]
    release: bool,
    act: Option<ActId>,
}

async fn emergency_open(
    State(console): State<Arc<Console>>,
    Said(asked): Said<EmergencyOpenRequest>,
) -> Response {
    let gate: GateId = match asked.gate.parse() {
        Ok(gate) => gate,
        Err(_) => return refuse("no such gate"),
    };
    if asked.ordered_by.trim().is_empty() || asked.reason.trim().is_empty() {
        return refuse("say who orders it and why");
    }
    let (ordered_by, clock) = (console.operator.clone(), Arc::clone(&console.clock));
    let body = move || {
        let now = clock.now();
        Ok(Body::EmergencyGateOpen(EmergencyGateOpen {
            order_id: format!("EGO-{}", now.micros()),
            gates: vec![gate],
            ordered_by,
            reason: emergency_reason(&asked.reason, &asked.ordered_by),
            release: Some(asked.release),
            ordered_at: now,
        }))
    };
    say(&console, asked.act, body).await
}

/// Why and by whom, as the order can hold it: words that are too long are no cause to refuse an emergency.
fn emergency_reason(why: &str, who: &str) -> String {
    let fits = |text: &str, max| -> String { sayable(text).chars().take(max).collect() };
    let (why, who) = (fits(why, REASON_CHARS_MAX), fits(who, NAME_CHARS_MAX));
    format!("{why} ({who})")
}

/// Why something is not said: status and words.
pub(crate) type Unsaid = (StatusCode, &'static str);

/// Says what `body` gives, once for an act; `missing` is the refusal when it gives nothing.
pub(crate) async fn say(
    console: &Console,
    act: Option<ActId>,
    body: impl FnOnce() -> Result<Body, Unsaid> + Send + 'static,
) -> Response {
    let desk = Arc::clone(&console.desk);
    let said = async move {
        let body = match body() {
            Ok(body) => body,
            Err((status, words)) => return (status, words.to_owned()),
        };
        match desk.say(body).await {
            Ok(0) => done(&serde_json::json!({ "entry": 0, "late": true })),
            Ok(number) => done(&serde_json::json!({ "entry": number })),
            Err(fault) => refusal(StatusCode::CONFLICT, &fault),
        }
    };
    answer(console.acts.once(act, said).await)
}

/// An act that was done.
pub(crate) fn done(value: &impl serde::Serialize) -> Answer {
    match serde_json::to_string(value) {
        Ok(text) => (StatusCode::OK, text),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// A fault as the page and the program's client show it.
pub(crate) fn refusal(status: StatusCode, fault: &Fault) -> Answer {
    (status, format!("{}: {}\n", fault.code(), fault.peer_text()))
}

/// What an act came to, on its way out.
pub(crate) fn answer((status, text): Answer) -> Response {
    let media = match status.is_success() {
        true => "application/json",
        false => "text/plain; charset=utf-8",
    };
    (status, [(header::CONTENT_TYPE, media)], text).into_response()
}

/// A fault of a question.
pub(crate) fn refused(status: StatusCode, fault: &Fault) -> Response {
    answer(refusal(status, fault))
}

pub(crate) fn refuse(words: &'static str) -> Response {
    Response::builder()
        .status(StatusCode::BAD_REQUEST)
        .body(HttpBody::from(words))
        .unwrap_or_else(|_| StatusCode::BAD_REQUEST.into_response())
}
