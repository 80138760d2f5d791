//! The duty officer of the demo, who works with the console as a person would: acknowledges alarms,
//! closes them with a note, and opens the emergency gate for a drill.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cordon_contract::Shutdown;
use cordon_http::{Client, ClientOptions};
use serde_json::{Value, json};

/// How often the officer looks at the page.
const LOOK: Duration = Duration::from_secs(2);
/// From an acknowledgement to the note that closes the alarm.
const DISPOSAL: Duration = Duration::from_secs(6);
/// Nobody is at the desk for line crossings before this long, so they are escalated.
const LATE: Duration = Duration::from_secs(20);
/// When the emergency drill begins, and when it ends.
const DRILL: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(42));

/// The officer at one console.
pub struct Officer {
    console: SocketAddr,
    /// The gate of the drill; none when the park has no emergency gate.
    gate: Option<String>,
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
    pub fn new(console: SocketAddr, gate: Option<String>) -> Self {
        Self {
            console,
            gate,
            client: Client::new(ClientOptions::default()),
            seen: BTreeMap::new(),
            taken: BTreeMap::new(),
        }
    }

    /// Works until shutdown.
    pub async fn run(mut self, shutdown: Shutdown) -> Duty {
        let mut duty = Duty::default();
        let begun = Instant::now();
        let mut drill = [(DRILL.0, false), (DRILL.1, true)].into_iter().peekable();
        loop {
            tokio::select! {
                () = shutdown.wait() => return duty,
                () = tokio::time::sleep(LOOK) => {}
            }
            self.alarms(&mut duty).await;
            if let Some((_, release)) = drill.next_if(|(at, _)| begun.elapsed() >= *at) {
                self.drill(release, &mut duty).await;
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

    async fn drill(&self, release: bool, duty: &mut Duty) {
        let Some(gate) = &self.gate else { return };
        let body = json!({
            "gate": gate, "ordered_by": "duty officer", "reason": "drill", "release": release,
        });
        if self.post("/api/emergency-open", &body, duty).await && !release {
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
