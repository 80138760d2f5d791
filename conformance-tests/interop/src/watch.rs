//! What a park shows on its console, and waiting for it. A state that may be over before it is looked
//! at is nothing to wait for: counters, entries and what stays are.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Park;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

impl Park {
    /// JSON of the console; null when it gives none.
    pub fn json(&self, path: &str) -> Value {
        let answer = self.get(path).unwrap_or_default();
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(body).unwrap_or(Value::Null)
    }

    /// What the page shows.
    pub fn view(&self) -> Value {
        self.json("/api/view")
    }

    /// State and reason of a device as the page shows them; empty when it shows none.
    pub fn device(&self, id: &str) -> (String, String) {
        let view = self.view();
        let devices = view.get("devices").and_then(Value::as_array);
        let mut devices = devices.into_iter().flatten();
        let found = devices.find(|device| device.get("device").is_some_and(|it| it == id));
        let text = |name: &str| {
            let value = found.and_then(|device| device.get(name)?.as_str());
            value.unwrap_or_default().to_owned()
        };
        (text("state"), text("reason"))
    }

    /// Whether the page shows a device ONLINE.
    pub fn is_online(&self, id: &str) -> bool {
        self.device(id).0 == "ONLINE"
    }

    /// The hub's alarms whose ids begin so: how many stand, and how many there are in all.
    pub fn alarms(&self, name: &str) -> (usize, usize) {
        let view = self.view();
        let all = view.get("alarms").and_then(Value::as_array);
        let is_named = |alarm: &&Value| {
            let id = alarm.get("id").and_then(Value::as_str);
            id.is_some_and(|id| id.starts_with(name))
        };
        let named: Vec<&Value> = all.into_iter().flatten().filter(is_named).collect();
        let is_raised = |alarm: &&&Value| alarm.get("state").is_some_and(|it| it == "RAISED");
        (named.iter().filter(is_raised).count(), named.len())
    }

    /// Whether health, metric and alarm (no name for none) say it, or none of them does.
    pub fn is_told(&self, (line, metric, alarm): (&str, &str, &str), told: bool) -> bool {
        let health = self.get("/healthz").unwrap_or_default();
        let metrics = self.get("/metrics").unwrap_or_default();
        let number = u8::from(told);
        health.contains(line) == told
            && metrics.contains(&format!("\n{metric} {number}\n"))
            && (alarm.is_empty() || self.alarms(alarm).0 == usize::from(told))
    }

    /// Waits until a device is ONLINE.
    pub fn until_online(&self, id: &str) {
        self.until(&format!("{id} is online"), || self.is_online(id));
    }

    /// Waits until this is so; panics with what the page shows and the log when it never is.
    pub fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        self.until_some(what, || is_so().then_some(()));
    }

    /// Waits until something is found.
    pub fn until_some<T>(&self, what: &str, mut found: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = found() {
                return found;
            }
            assert!(!self.has_ended(), "{what}: the park ended\n{}", self.log());
            assert!(
                Instant::now() < deadline,
                "waited in vain: {what}\n{}\n{}",
                self.view(),
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether the program has ended by itself.
    fn has_ended(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()));
        stat.is_ok_and(|stat| stat.contains(") Z "))
    }
}
