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
