//! The duty officer of the demo, who works with the console as a person would: acknowledges alarms,
//! closes them with a note, and opens the emergency gate when called.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cordon_contract::Shutdown;
use cordon_http::{Client, ClientOptions};
use serde_json::{Value, json};
use tokio::sync::watch;

/// How often the officer looks at the page.
const LOOK: Duration = Duration::from_secs(2);
/// From an acknowledgement to the note that closes the alarm.
const DISPOSAL: Duration = Duration::from_secs(6);
/// Nobody is at the desk for line crossings before this long, so they are escalated.
const LATE: Duration = Duration::from_secs(20);

/// The officer at one console.
pub struct Officer {
    console: SocketAddr,
    /// The emergency gate; none when the park has none.
    gate: Option<String>,
    /// True while the emergency gate is needed.
    phone: watch::Receiver<bool>,
    client: Client,
    seen: BTreeMap<String, Instant>,
    taken: BTreeMap<String, Instant>,
}

/// What the officer did.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct Duty {
    /// Alarms acknowledged.
    pub acknowledged: u64,
    /// Alarms closed with a note.
    pub closed: u64,
    /// Emergency openings ordered.
    pub openings: u64,
    /// What the console refused.
    pub refused: u64,
}

impl Officer {
    /// An officer at the console at this address.
    pub fn new(console: SocketAddr, gate: Option<String>, phone: watch::Receiver<bool>) -> Self {
        Self {
            console,
            gate,
            phone,
            client: Client::new(ClientOptions::default()),
            seen: BTreeMap::new(),
            taken: BTreeMap::new(),
        }
    }

    /// Works until shutdown.
    pub async fn run(mut self, shutdown: Shutdown) -> Duty {
        let mut duty = Duty::default();
        loop {
            tokio::select! {
                () = shutdown.wait() => return duty,
                Ok(()) = self.phone.changed() => {
                    let is_needed = *self.phone.borrow_and_update();
                    self.emergency_gate(is_needed, &mut duty).await;
                }
                () = tokio::time::sleep(LOOK) => self.alarms(&mut duty).await,
            }
        }
    }

    async fn alarms(&mut self, duty: &mut Duty) {
        let Some(view) = self.view().await else {
            return;
        };
        let alarms = view.get("alarms").and_then(Value::as_array);
        for alarm in alarms.into_iter().flatten() {
            let text = |name| alarm.get(name).and_then(Value::as_str).unwrap_or_default();
            let (id, state) = (text("id"), text("state"));
            let seen = *self.seen.entry(id.to_owned()).or_insert_with(Instant::now);
            let late = text("code") == "LINE_CROSSING";
            let ripe = !late || seen.elapsed() >= LATE;
            match state {
                "RAISED" if ripe && seen.elapsed() >= LOOK => {
                    let body = json!({ "alarm": id });
                    if self.post("/api/acknowledge", &body, duty).await {
                        duty.acknowledged += 1;
                        self.taken.insert(id.to_owned(), Instant::now());
                    }
                }
                "ACKNOWLEDGED" | "CLEARED"
                    if self
                        .taken
                        .get(id)
                        .is_some_and(|at| at.elapsed() >= DISPOSAL) =>
                {
                    let body = json!({ "alarm": id, "note": "patrol went there, all in order" });
                    if self.post("/api/close", &body, duty).await {
                        duty.closed += 1;
                        self.taken.remove(id);
                    }
                }
                _ => {}
            }
        }
    }

    async fn emergency_gate(&self, open: bool, duty: &mut Duty) {
        let Some(gate) = &self.gate else { return };
        let reason = if open {
            "a fire engine stands before it"
        } else {
            "the emergency is over"
        };
        let body = json!({
            "gate": gate, "ordered_by": "duty officer", "reason": reason, "release": !open,
        });
        if self.post("/api/emergency-open", &body, duty).await && open {
            duty.openings += 1;
        }
    }

    async fn view(&self) -> Option<Value> {
        let request = http::Request::get(format!("http://{}/api/view", self.console));
        let answer = self.client.send(request.body(Bytes::new()).ok()?).await;
        serde_json::from_slice(answer.ok()?.body()).ok()
    }

    async fn post(&self, path: &str, body: &Value, duty: &mut Duty) -> bool {
        let request = http::Request::post(format!("http://{}{path}", self.console))
            .header("x-cordon-console", "1")
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.to_string()));
        let Ok(request) = request else { return false };
        let done = match self.client.send(request).await {
            Ok(answer) if answer.status().is_success() => true,
            Ok(answer) => {
                let said = String::from_utf8_lossy(answer.body()).into_owned();
                tracing::warn!(path, status = %answer.status(), said, "the console refused");
                false
            }
            Err(error) => {
                tracing::warn!(path, %error, "the console did not answer");
                false
            }
        };
        duty.refused += u64::from(!done);
        done
    }
}
