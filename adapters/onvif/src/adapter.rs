//! The adapter as the hub sees it: opened, and then running.

use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{
    Adapter, BoxFuture, Definition, DeviceHealth, Fault, Link, LinkState, Order, Outcome,
    OutcomeKind, Probe, Running, SystemClock,
};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use tokio::task::JoinSet;

use crate::board::Board;
use crate::config::{CameraConfig, Config};
use crate::line::Line;
use crate::probe;
use crate::report;
use crate::session::Session;

/// Cameras probed at once.
const PROBES: usize = 16;
/// Pause before a session that ended unexpectedly begins anew.
const AGAIN: Duration = Duration::from_secs(5);
/// Between the first connects of two cameras, so that a thousand do not call at once.
const STAGGER: Duration = Duration::from_millis(5);

/// The cameras of one instance, opened.
#[derive(Debug)]
pub struct OnvifAdapter {
    config: Config,
    tls: Option<Arc<rustls::ClientConfig>>,
    cameras: Vec<Camera>,
}

#[derive(Clone, Debug)]
struct Camera {
    config: Arc<CameraConfig>,
    board: Arc<Board>,
}

impl OnvifAdapter {
    /// Makes an adapter after looking at its configuration. `tls` are the settings the program
    /// made of [`Config::ca`]; `None` speaks plain HTTP only.
    ///
    /// # Errors
    /// `K070` for every field that is wrong.
    pub fn new(config: Config, tls: Option<Arc<rustls::ClientConfig>>) -> Result<Self, Vec<Fault>> {
        let mut faults = config.check();
        if config.needs_tls() && tls.is_none() {
            faults.push(
                Fault::new(
                    "K070",
                    "a camera is called over https and no certificates are trusted",
                )
                .at(format!("onvif `{}`: ca", config.name))
                .remedy("name the certificates that may have signed the cameras' in `ca`"),
            );
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let cameras = config.camera.iter().map(|camera| Camera {
            config: Arc::new(camera.clone()),
            board: Arc::new(Board::new(camera.device.clone())),
        });
        Ok(Self {
            cameras: cameras.collect(),
            config,
            tls,
        })
    }
}

/// The cameras of one instance, started.
struct RunningOnvif {
    adapter: Arc<OnvifAdapter>,
    link: Link,
}

impl RunningOnvif {
    async fn serve(&self) -> Result<(), Fault> {
        let all = self
            .adapter
            .cameras
            .iter()
            .enumerate()
            .map(|(place, camera)| {
                let delay = STAGGER * u32::try_from(place).unwrap_or(u32::MAX);
                self.watch_over(camera, delay)
            });
        join_all(all).await;
        Ok(())
    }

    /// Keeps one camera's task alive; a panic in it touches no other.
    async fn watch_over(&self, camera: &Camera, delay: Duration) {
        let (adapter, link) = (&self.adapter, &self.link);
        let period = Duration::from_secs(u64::from(adapter.config.report_s));
        let mut wait = delay;
        while !link.shutdown.is_triggered() {
            tokio::select! {
                () = link.shutdown.wait() => return,
                () = tokio::time::sleep(wait) => {}
            }
            let mut task = JoinSet::new();
            task.spawn(run(
                camera.clone(),
                adapter.tls.clone(),
                period,
                link.clone(),
            ));
            match task.join_next().await {
                Some(Err(error)) => {
                    let text = format!("A067: the camera's task ended unexpectedly: {error}");
                    tracing::error!(device = %camera.config.device, %error, "camera task");
                    camera
                        .board
                        .link(LinkState::Offline, &text, link.clock.now());
                    wait = AGAIN;
                }
                _ => return,
            }
        }
    }

    async fn touch(&self, camera: &CameraConfig) -> Probe {
        let device = camera.device.clone();
        let found = |ok: bool, detail: String| Probe {
            device: device.clone(),
            ok,
            detail,
        };
        let line = Line::new(
            camera,
            self.adapter.tls.clone(),
            Arc::new(SystemClock),
            None,
        );
        let mut line = match line {
            Ok(line) => line,
            Err(trouble) => return found(false, trouble.fault(&camera.address).to_string()),
        };
        match probe::probe(camera, &mut line).await {
            Ok((plate, offset)) => {
                let clock = offset.map_or_else(
                    || "tells no time".to_owned(),
                    |offset| format!("clock {offset} ms off"),
                );
                let detail = format!(
                    "{} {}, firmware {}, serial {}, {clock}",
                    plate.vendor, plate.model, plate.firmware, plate.serial
                );
                found(true, detail)
            }
            Err(trouble) => found(false, trouble.fault(&camera.address).to_string()),
        }
    }
}

async fn run(camera: Camera, tls: Option<Arc<rustls::ClientConfig>>, period: Duration, link: Link) {
    let board = Arc::clone(&camera.board);
    let kind = camera.config.kind();
    let session = Session::new(camera.config, camera.board, tls, link.clone());
    let mut session = match session {
        Ok(session) => session,
        // The address was checked when the adapter was made.
        Err(trouble) => {
            let text = trouble.fault("address").to_string();
            return board.link(LinkState::Offline, &text, link.clock.now());
        }
    };
    tokio::join!(session.live(), report::run(&board, kind, period, &link));
}

impl Adapter for OnvifAdapter {
    fn definition(&self) -> Definition {
        Definition {
            name: self.config.name.clone(),
            protocol: "onvif",
            targets: Vec::new(),
        }
    }

    fn start(self: Arc<Self>, link: Link) -> Arc<dyn Running> {
        Arc::new(RunningOnvif {
            adapter: self,
            link,
        })
    }
}

impl Running for RunningOnvif {
    fn run(&self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(self.serve())
    }

    fn execute(&self, _order: Order) -> BoxFuture<'_, Outcome> {
        Box::pin(async { Outcome::new(OutcomeKind::Refused, "cameras carry out no orders") })
    }

    fn probe(&self) -> BoxFuture<'_, Vec<Probe>> {
        Box::pin(async {
            let probes: Vec<BoxFuture<'_, Probe>> = self
                .adapter
                .cameras
                .iter()
                .map(|camera| Box::pin(self.touch(&camera.config)) as BoxFuture<'_, Probe>)
                .collect();
            stream::iter(probes).buffered(PROBES).collect().await
        })
    }

    fn health(&self) -> Vec<DeviceHealth> {
        let boards = self.adapter.cameras.iter().map(|camera| &camera.board);
        boards.map(|board| board.shown().health()).collect()
    }
}
