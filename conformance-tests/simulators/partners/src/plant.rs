//! A plant's own gate system: calls a webhook, serves a list, takes grants.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::PartnerFault;
use crate::events::Events;
use crate::http1::{Call, HttpClient, client, post, serve};
use crate::time::now_s;

/// Events kept for polling; older ones are forgotten.
const LIST_MAX: usize = 10_000;
/// Events of one page.
const PAGE: usize = 100;

/// Settings of a plant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantSettings {
    /// Its name, also the beginning of its event ids.
    pub name: String,
    /// Where it listens for polls and grants; 0 takes a free port.
    #[serde(default)]
    pub port: u16,
    /// The webhook it calls, without the event name; none only serves its list.
    pub webhook: Option<String>,
    /// The shared secret.
    pub secret: String,
    /// Milliseconds between two passages.
    pub period_ms: u64,
    /// Same seed, same events.
    pub seed: u64,
    /// What goes wrong.
    #[serde(default)]
    pub faults: PlantFaults,
}

/// Named faults: so many calls of a hundred, drawn from the seed.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlantFaults {
    /// The signature is wrong.
    pub wrong_signature_percent: u8,
    /// The same call is made twice.
    pub duplicate_percent: u8,
    /// The body is cut in the middle.
    pub garbage_percent: u8,
    /// A direction that no table knows.
    pub odd_code_percent: u8,
    /// The clock is an hour behind.
    pub old_clock_percent: u8,
    /// Grants pushed to it are answered 503 so often before one is taken.
    pub grants_fail_first: u32,
}

/// What a plant has done.
#[derive(Clone, Debug, Default)]
pub struct PlantCounts {
    /// Webhook calls made.
    pub calls: u64,
    /// Calls answered 200.
    pub accepted: u64,
    /// Calls answered with a refusal.
    pub refused: u64,
    /// Calls without an answer, or answered "later".
    pub unanswered: u64,
    /// Pages of the list served.
    pub pages: u64,
    /// Grants taken, by idempotency key, in order.
    pub grants: Vec<(String, Value)>,
    /// Grants that came again with a known key.
    pub repeated: u64,
}

/// A running plant; dropping it ends it.
#[derive(Debug)]
pub struct Plant {
    address: SocketAddr,
    state: Arc<State>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct State {
    settings: PlantSettings,
    counts: Mutex<PlantCounts>,
    list: Mutex<Vec<Value>>,
    grants_failed: Mutex<u32>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Plant {
    /// Starts listening and, when a webhook is set, calling.
    pub async fn start(settings: PlantSettings) -> Result<Self, PartnerFault> {
        let port = settings.port;
        let state = Arc::new(State {
            settings,
            counts: Mutex::default(),
            list: Mutex::default(),
            grants_failed: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        let (address, serving) = serve(port, move |call| {
            let state = Arc::clone(&shared);
            async move { Some(state.answer(&call)) }
        })
        .await?;
        let living = tokio::spawn(live(Arc::clone(&state)));
        Ok(Self {
            address,
            state,
            tasks: vec![serving, living],
        })
    }

    /// Where it listens: `/list?after=ID` for polls, `/grants` for orders.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has done.
    pub fn counts(&self) -> PlantCounts {
        lock(&self.state.counts).clone()
    }

    /// Ids of all events that happened and are still in the list.
    pub fn event_ids(&self) -> Vec<String> {
        lock(&self.state.list).iter().map(id_of).collect()
    }
}

impl Drop for Plant {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn id_of(event: &Value) -> String {
    event
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

impl State {
    fn answer(&self, call: &Call) -> (StatusCode, String) {
        let path = call.target.split('?').next().unwrap_or_default();
        match path {
            "/list" => self.page(call),
            "/grants" => self.grant(call),
            _ => (
                StatusCode::NOT_FOUND,
                json!({ "error": "no such address" }).to_string(),
            ),
        }
    }

    fn page(&self, call: &Call) -> (StatusCode, String) {
        if !self.signed(call) {
            return (
                StatusCode::UNAUTHORIZED,
                json!({ "error": "signature" }).to_string(),
            );
        }
        lock(&self.counts).pages += 1;
        let after = call.query("after");
        let list = lock(&self.list);
        let from = match after.as_str() {
            "" => 0,
            after => list
                .iter()
                .position(|event| id_of(event) == after)
                .map_or(0, |index| index + 1),
        };
        let items: Vec<&Value> = list.iter().skip(from).take(PAGE).collect();
        (StatusCode::OK, json!({ "items": items }).to_string())
    }

    fn grant(&self, call: &Call) -> (StatusCode, String) {
        if !self.signed(call) {
            return (
                StatusCode::UNAUTHORIZED,
                json!({ "error": "signature" }).to_string(),
            );
        }
        let mut failed = lock(&self.grants_failed);
        if *failed < self.settings.faults.grants_fail_first {
            *failed += 1;
            return (
                StatusCode::SERVICE_UNAVAILABLE,
                json!({ "error": "busy" }).to_string(),
            );
        }
        let Ok(body) = serde_json::from_slice::<Value>(&call.body) else {
            return (
                StatusCode::BAD_REQUEST,
                json!({ "error": "no JSON" }).to_string(),
            );
        };
        let key = call.header("idempotency-key");
        let mut counts = lock(&self.counts);
        if counts.grants.iter().any(|(known, _)| *known == key) {
            counts.repeated += 1;
            return (StatusCode::CONFLICT, json!({ "known": true }).to_string());
        }
        counts.grants.push((key, body));
        (StatusCode::CREATED, json!({ "taken": true }).to_string())
    }

    fn signed(&self, call: &Call) -> bool {
        // Orders are signed over the path alone, questions over path and query.
        let timestamp = call.header("x-cordon-timestamp");
        sign(&self.settings.secret, &timestamp, &call.target, &call.body)
            == call.header("x-cordon-signature")
    }

    fn note(&self, answer: Option<StatusCode>) {
        let mut counts = lock(&self.counts);
        counts.calls += 1;
        match answer {
            Some(status) if status.is_success() => counts.accepted += 1,
            Some(StatusCode::SERVICE_UNAVAILABLE) | None => counts.unanswered += 1,
            Some(_) => counts.refused += 1,
        }
    }
}

/// HMAC-SHA256 over `TIMESTAMP "\n" PATH "\n" BODY` in hexadecimal.
fn sign(secret: &str, timestamp: &str, path: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut message = format!("{timestamp}\n{path}\n").into_bytes();
    message.extend_from_slice(body);
    hmac::sign(&key, &message)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Events happen: into the list, and to the webhook.
async fn live(state: Arc<State>) {
    let client = client();
    let mut events = Events::new(state.settings.name.clone(), state.settings.seed, now_s());
    let mut beat = tokio::time::interval(Duration::from_millis(state.settings.period_ms.max(1)));
    for round in 0_u64.. {
        beat.tick().await;
        let passage = events.passage(now_s());
        {
            let mut list = lock(&state.list);
            if list.len() >= LIST_MAX {
                list.remove(0);
            }
            list.push(passage.clone());
        }
        let Some(webhook) = state.settings.webhook.clone() else {
            continue;
        };
        call(&state, &client, &mut events, &webhook, "passage", passage).await;
        if round % 10 == 0 {
            let on_duty = events.on_duty(now_s());
            call(&state, &client, &mut events, &webhook, "on-duty", on_duty).await;
        }
    }
}

/// One webhook call with what goes wrong drawn for it; "later" and silence are tried again.
async fn call(
    state: &State,
    client: &HttpClient,
    events: &mut Events,
    webhook: &str,
    event: &str,
    mut body: Value,
) {
    let faults = state.settings.faults;
    let mut draw = |percent: u8| events.below(100) < u64::from(percent);
    let (odd, garbage, old) = (
        draw(faults.odd_code_percent),
        draw(faults.garbage_percent),
        draw(faults.old_clock_percent),
    );
    let (wrong, twice) = (
        draw(faults.wrong_signature_percent),
        draw(faults.duplicate_percent),
    );
    if let (true, Some(object)) = (odd, body.as_object_mut()) {
        object.insert("direction".to_owned(), json!("7"));
    }
    let text = body.to_string();
    let text: String = if garbage {
        text.chars().take(text.chars().count() / 2).collect()
    } else {
        text
    };
    let url = format!("{webhook}/{event}");
    let path = url
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    let path = path.unwrap_or("/").to_owned();
    let times = if twice { 2 } else { 1 };
    for _ in 0..times {
        for _ in 0..5 {
            let timestamp = (now_s() - if old { 3_600 } else { 0 }).to_string();
            let secret = if wrong {
                "somebody else's"
            } else {
                state.settings.secret.as_str()
            };
            let headers = [
                (
                    "x-cordon-signature",
                    sign(secret, &timestamp, &path, text.as_bytes()),
                ),
                ("x-cordon-timestamp", timestamp),
            ];
            let answer = post(client, &url, &headers, Bytes::from(text.clone()))
                .await
                .map(|(status, _)| status);
            state.note(answer);
            if !matches!(answer, None | Some(StatusCode::SERVICE_UNAVAILABLE)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}
