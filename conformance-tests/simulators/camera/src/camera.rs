//! The camera as a whole: what it is made of, and the handle by which a test or a demo moves it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::auth::Logins;
use crate::clock::{date_time, date_time_nanos, true_ms};
use crate::pull_point::PullPoints;
use crate::{Event, Mutant, Settings, server};

/// What changes while the camera runs.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) clock_offset_ms: i64,
    pub(crate) logins: Logins,
    pub(crate) points: PullPoints,
    pub(crate) relay: bool,
}

/// Whether the camera can be reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Power {
    On,
    Off,
}

/// Everything the services share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) addr: SocketAddr,
    state: Mutex<State>,
    /// Rung whenever a waiting pull should look again.
    pub(crate) bell: watch::Sender<u64>,
    pub(crate) power: watch::Sender<Power>,
    pub(crate) exchanges: AtomicU64,
    requests: AtomicU64,
    logins_refused: AtomicU64,
    faults: AtomicU64,
    reboots: AtomicU64,
}

impl Core {
    /// The state; a panic elsewhere does not take the camera down.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The camera's clock, milliseconds.
    pub(crate) fn camera_ms(&self) -> i64 {
        true_ms() + self.state().clock_offset_ms
    }

    /// A time as this camera writes it.
    pub(crate) fn stamp(&self, ms: i64) -> String {
        match self.settings.quirks.nanosecond_times {
            true => date_time_nanos(ms),
            false => date_time(ms),
        }
    }

    /// The camera's clock as it writes it.
    pub(crate) fn now_text(&self) -> String {
        self.stamp(self.camera_ms())
    }

    /// Tells an event to all who subscribed.
    pub(crate) fn tell(&self, event: &Event) {
        self.state().points.tell(event, true_ms(), &self.settings);
        self.ring();
    }

    /// Wakes the waiting pulls.
    pub(crate) fn ring(&self) {
        self.bell
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(crate) fn count_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn count_refused(&self) {
        self.logins_refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_fault(&self) {
        self.faults.fetch_add(1, Ordering::Relaxed);
    }

    /// Goes off for the time of a reboot and comes back without subscriptions.
    pub(crate) fn reboot(self: &Arc<Self>) {
        self.reboots.fetch_add(1, Ordering::Relaxed);
        let core = Arc::clone(self);
        tokio::spawn(async move {
            // The answer to SystemReboot should still leave.
            tokio::time::sleep(Duration::from_millis(50)).await;
            core.power.send_replace(Power::Off);
            {
                let mut state = core.state();
                state.points.clear();
                state.logins = Logins::default();
                if let Some(offset) = core.settings.quirks.clock_after_reboot_ms {
                    state.clock_offset_ms = offset;
                }
            }
            core.ring();
            tokio::time::sleep(Duration::from_millis(core.settings.reboot_ms)).await;
            core.power.send_replace(Power::On);
        });
    }
}

/// The virtual camera.
#[derive(Debug)]
pub struct Camera;

impl Camera {
    /// Starts a camera at `addr`; port 0 takes a free one. Must be called inside a tokio runtime.
    pub async fn start(settings: Settings, addr: SocketAddr) -> std::io::Result<CameraHandle> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let slow = if settings.mutant == Some(Mutant::SlowClock) {
            -120_000
        } else {
            0
        };
        let core = Arc::new(Core {
            state: Mutex::new(State {
                clock_offset_ms: settings.quirks.clock_offset_ms + slow,
                ..State::default()
            }),
            settings,
            addr,
            bell: watch::Sender::new(0),
            power: watch::Sender::new(Power::On),
            exchanges: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            logins_refused: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            reboots: AtomicU64::new(0),
        });
        let mut tasks = vec![tokio::spawn(server::serve(Arc::clone(&core), listener))];
        if core.settings.quirks.flood_per_second > 0 {
            tasks.push(tokio::spawn(flood(Arc::clone(&core))));
        }
        Ok(CameraHandle { addr, core, tasks })
    }
}

/// Emits the maker's log for as long as the camera runs.
async fn flood(core: Arc<Core>) {
    let period = Duration::from_secs(1) / core.settings.quirks.flood_per_second;
    let mut ticks = tokio::time::interval(period);
    let mut count = 0_u64;
    loop {
        ticks.tick().await;
        count += 1;
        core.tell(&Event::vendor_log(&format!("trace line {count}")));
    }
}

/// Counters of a running camera.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Counters {
    /// Requests read.
    pub requests: u64,
    /// Logins refused.
    pub logins_refused: u64,
    /// SOAP faults answered.
    pub faults: u64,
    /// Reboots, asked for or crashes.
    pub reboots: u64,
    /// Subscriptions alive.
    pub subscriptions: u64,
    /// Messages dropped because a pull point's queue was full.
    pub dropped: u64,
}

/// Moves a running camera; stops it when dropped.
#[derive(Debug)]
pub struct CameraHandle {
    addr: SocketAddr,
    core: Arc<Core>,
    tasks: Vec<JoinHandle<()>>,
}

impl CameraHandle {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address of its device service.
    pub fn device_service(&self) -> String {
        format!("http://{}/onvif/device_service", self.addr)
    }

    /// Lets something happen in front of the camera.
    pub fn emit(&self, event: Event) {
        self.core.tell(&event);
    }

    /// Cuts it off the network, or connects it again; subscriptions live on.
    pub fn set_offline(&self, offline: bool) {
        let power = if offline { Power::Off } else { Power::On };
        self.core.power.send_replace(power);
    }

    /// Reboots it.
    pub fn reboot(&self) {
        self.core.reboot();
    }

    /// Sets its clock off by this much from the true time, milliseconds.
    pub fn set_clock_offset_ms(&self, offset_ms: i64) {
        self.core.state().clock_offset_ms = offset_ms;
    }

    /// Forgets all subscriptions without telling anybody.
    pub fn forget_subscriptions(&self) {
        self.core.state().points.clear();
        self.core.ring();
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        let (subscriptions, dropped) = {
            let mut state = self.core.state();
            let count = state.points.count(true_ms(), &self.core.settings);
            (
                u64::try_from(count).unwrap_or(u64::MAX),
                state.points.dropped,
            )
        };
        Counters {
            requests: self.core.requests.load(Ordering::Relaxed),
            logins_refused: self.core.logins_refused.load(Ordering::Relaxed),
            faults: self.core.faults.load(Ordering::Relaxed),
            reboots: self.core.reboots.load(Ordering::Relaxed),
            subscriptions,
            dropped,
        }
    }

    /// Stops it.
    pub fn stop(self) {}
}

impl Drop for CameraHandle {
    fn drop(&mut self) {
        self.core.power.send_replace(Power::Off);
        for task in &self.tasks {
            task.abort();
        }
    }
}
