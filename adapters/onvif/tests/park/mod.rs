//! A park of one camera for tests: simulator, adapter, an intake that writes everything down.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cordon_contract::{
    Adapter as _, DeviceHealth, Link, LinkState, Payload, Reading, Running, Shutdown,
    ShutdownTrigger, SystemClock, Value,
};
use cordon_fixtures::taking;
use cordon_onvif::{Config, OnvifAdapter};
use cordon_sim_camera::{Camera, CameraHandle, Settings};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(25);
/// Between two emissions of the same event while it did not arrive.
const AGAIN: Duration = Duration::from_millis(1_000);

/// A running camera.
pub async fn camera(adjust: impl FnOnce(&mut Settings)) -> CameraHandle {
    let mut settings = Settings::default();
    adjust(&mut settings);
    Camera::start(settings, ([127, 0, 0, 1], 0).into())
        .await
        .unwrap()
}

/// Sets one quirk by name.
pub fn quirk(name: &'static str, value: &'static str) -> impl FnOnce(&mut Settings) {
    move |settings| settings.quirks.set(name, value).unwrap()
}

/// A running adapter with everything it said.
pub struct Park {
    pub adapter: Arc<dyn Running>,
    said: Arc<Mutex<Vec<Reading>>>,
    trigger: Option<ShutdownTrigger>,
    running: Option<tokio::task::JoinHandle<()>>,
    folder: tempfile::TempDir,
}

/// The configuration of one camera; `more` are further lines of its section.
pub fn config(camera: &CameraHandle, folder: &tempfile::TempDir, more: &str) -> Config {
    let file = folder.path().join("password");
    if !file.exists() {
        std::fs::write(&file, "cordon-camera\n").unwrap();
    }
    toml::from_str(&format!(
        "name = \"cameras\"\nreport_s = 5\n[[camera]]\ndevice = \"CAM-01\"\naddress = \"{}\"\n\
         user = \"admin\"\npassword_file = \"{}\"\npull_timeout_s = 2\nsubscription_s = 8\n\
         timeout_s = 2\n{more}",
        camera.device_service(),
        file.display()
    ))
    .unwrap()
}

impl Park {
    pub fn start(camera: &CameraHandle, more: &str) -> Self {
        Self::with_password(camera, more, "cordon-camera")
    }

    pub fn with_password(camera: &CameraHandle, more: &str, password: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("password"), password).unwrap();
        let config = config(camera, &folder, more);
        let (intake, said) = taking(64);
        let (trigger, shutdown) = Shutdown::pair();
        let link = Link {
            intake,
            clock: Arc::new(SystemClock),
            shutdown,
        };
        let adapter = Arc::new(OnvifAdapter::new(config, None).unwrap()).start(link);
        let runner = Arc::clone(&adapter);
        let running = tokio::spawn(async move { runner.run().await.unwrap() });
        Self {
            adapter,
            said,
            trigger: Some(trigger),
            running: Some(running),
            folder,
        }
    }

    pub fn password(&self, password: &str) {
        std::fs::write(self.folder.path().join("password"), password).unwrap();
    }

    pub fn health(&self) -> DeviceHealth {
        self.adapter.health().remove(0)
    }

    pub fn said(&self) -> Vec<Reading> {
        self.said.lock().unwrap().clone()
    }

    pub fn count_of(&self, wanted: &str) -> usize {
        let said = self.said.lock().unwrap();
        said.iter()
            .filter(|reading| topic(reading) == wanted)
            .count()
    }

    /// Makes something happen, again and again, until a reading of that rule came.
    pub async fn until_seen(&self, rule: &str, mut happen: impl FnMut()) -> bool {
        let begin = Instant::now();
        let mut last: Option<Instant> = None;
        while begin.elapsed() < PATIENCE {
            if self
                .said()
                .iter()
                .any(|reading| point(reading, "source.Rule") == rule)
            {
                return true;
            }
            if last.is_none_or(|last| last.elapsed() > AGAIN) {
                happen();
                last = Some(Instant::now());
            }
            tokio::time::sleep(LOOK).await;
        }
        false
    }

    pub async fn until(&self, holds: impl Fn(&DeviceHealth) -> bool) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if holds(&self.health()) {
                return true;
            }
            tokio::time::sleep(LOOK).await;
        }
        false
    }

    pub async fn until_state(&self, state: LinkState) -> bool {
        self.until(|health| health.state == state).await
    }

    pub async fn until_said(&self, holds: impl Fn(&Reading) -> bool) -> Option<Reading> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Some(found) = self.said().into_iter().find(&holds) {
                return Some(found);
            }
            tokio::time::sleep(LOOK).await;
        }
        None
    }

    pub async fn stop(&mut self) {
        if let Some(trigger) = self.trigger.take() {
            trigger.pull();
        }
        if let Some(running) = self.running.take() {
            running.await.unwrap();
        }
    }
}

pub fn topic(reading: &Reading) -> &str {
    match &reading.payload {
        Payload::Points { topic, .. } => topic,
        _ => "",
    }
}

pub fn point<'a>(reading: &'a Reading, name: &str) -> &'a str {
    let Payload::Points { points, .. } = &reading.payload else {
        return "";
    };
    let found = points.iter().find(|point| point.name == name);
    match found.map(|point| &point.value) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}
