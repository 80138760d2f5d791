//! What the MQTT tests share: a Mosquitto of the test's own, a stand-in for the hub's intake, and
//! the adapter under test.

#[allow(dead_code, reason = "not every test needs it")]
pub mod bare_broker;
#[allow(dead_code, reason = "not every test needs it")]
pub mod park;

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cordon_contract::{
    Accepted, Adapter as _, Fault, Intake, Link, LinkState, Offer, Payload, Reading, Shutdown,
    ShutdownTrigger, SystemClock,
};
use cordon_interop::{run, system};
use cordon_model::{Body, DeviceState, Digest};
use cordon_mqtt::{Config, MqttAdapter};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A free port of loopback.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Prints name and version of the counterpart.
pub fn print_versions() {
    for (name, argument) in [("mosquitto", "-h"), ("mosquitto_pub", "--version")] {
        let output = Command::new(system(name)).arg(argument).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        println!("counterpart: {}", text.lines().next().unwrap_or(name));
    }
}

/// A Mosquitto of the test's own, killed by its pid when dropped.
pub struct Mosquitto {
    child: Child,
    port: u16,
    config: PathBuf,
    folder: tempfile::TempDir,
}

impl Mosquitto {
    /// Starts one on a free port with these further configuration lines; `{dir}` is its folder,
    /// which `prepare` may fill first.
    pub fn start(lines: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        let port = free_port();
        let config = folder.path().join("mosquitto.conf");
        let dir = folder.path().display().to_string();
        let mut file = std::fs::File::create(&config).unwrap();
        writeln!(
            file,
            "listener {port} 127.0.0.1\nuser root\npersistence true\npersistence_location {dir}/"
        )
        .unwrap();
        writeln!(file, "max_queued_messages 100000").unwrap();
        writeln!(file, "{}", lines.replace("{dir}", &dir)).unwrap();
        let child = Self::spawn(&config, port, &folder);
        Self {
            child,
            port,
            config,
            folder,
        }
    }

    fn spawn(config: &Path, port: u16, folder: &tempfile::TempDir) -> Child {
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new(system("mosquitto"))
            .args(["-v", "-c"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(
                Instant::now() < deadline,
                "mosquitto does not listen:\n{}",
                std::fs::read_to_string(folder.path().join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        child
    }

    /// Ends it hard.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Ends it hard and starts it again on the same port with the same store.
    pub fn restart(&mut self) {
        self.stop();
        self.child = Self::spawn(&self.config, self.port, &self.folder);
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `mosquitto_pub` to this port.
pub fn publisher(port: u16) -> Command {
    let mut command = Command::new(system("mosquitto_pub"));
    command.args(["-h", "127.0.0.1", "-p", &port.to_string(), "-q", "1"]);
    command
}

/// Publishes one line after the other over one connection.
pub fn publish_lines(mut command: Command, topic: &str, lines: &[String]) {
    let mut child = command
        .args(["-t", topic, "-l"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all((lines.join("\n") + "\n").as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Publishes one message.
pub fn publish(mut command: Command, topic: &str, payload: &str) {
    run(command.args(["-t", topic, "-m", payload]));
}

/// A reading as the test sees it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub topic: String,
    pub text: String,
    pub id: String,
    pub initial: bool,
}

/// What the adapter said of devices, in order.
type Statuses = Arc<Mutex<Vec<(String, DeviceState)>>>;

/// A stand-in for the hub: keeps what was offered, and answers when it is told to.
pub struct Hub {
    seen: Arc<Mutex<Vec<Seen>>>,
    statuses: Statuses,
    answering: watch::Sender<bool>,
}

/// What came of an adapter that runs.
pub struct Running {
    pub adapter: Arc<dyn cordon_contract::Running>,
    stop: ShutdownTrigger,
    task: JoinHandle<Result<(), Fault>>,
    taking: JoinHandle<()>,
}

impl Hub {
    /// A hub whose answers are withheld until [`Hub::answer`].
    pub fn withholding() -> Self {
        Self {
            seen: Arc::default(),
            statuses: Arc::default(),
            answering: watch::Sender::new(false),
        }
    }

    /// A hub that answers at once.
    pub fn answering() -> Self {
        let hub = Self::withholding();
        hub.answer();
        hub
    }

    /// Answers everything from now on, what waits included.
    pub fn answer(&self) {
        self.answering.send_replace(true);
    }

    /// Everything offered so far, repetitions included.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until something holds of what was offered.
    pub async fn wait(&self, what: &str, holds: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.seen();
            if holds(&seen) {
                return seen;
            }
            assert!(
                Instant::now() < deadline,
                "not in time: {what}; {} offered",
                seen.len()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What was said of a device so far.
    pub fn states(&self, device: &str) -> Vec<DeviceState> {
        let statuses = self.statuses.lock().unwrap();
        let of_device = statuses.iter().filter(|(id, _)| id == device);
        of_device.map(|(_, state)| *state).collect()
    }

    /// Waits until this was said of a device, from the first word on. More may have been said since:
    /// a device that is silent for long enough is OFFLINE before a busy machine looks.
    pub async fn wait_states(&self, device: &str, states: &[DeviceState]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = self.states(device);
            if said.starts_with(states) {
                return;
            }
            assert!(Instant::now() < deadline, "of {device}: {said:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Runs an adapter against this hub.
    pub fn run(&self, config: &str, tls: Option<Arc<rustls::ClientConfig>>) -> Running {
        let config: Config = toml::from_str(config).unwrap();
        let (intake, offers) = Intake::bounded(4);
        let (stop, shutdown): (ShutdownTrigger, Shutdown) = Shutdown::pair();
        let taking = tokio::spawn(take(
            offers,
            Arc::clone(&self.seen),
            Arc::clone(&self.statuses),
            self.answering.subscribe(),
        ));
        let link = Link {
            intake,
            clock: Arc::new(SystemClock),
            shutdown,
        };
        let adapter = Arc::new(MqttAdapter::new(config, tls).unwrap()).start(link);
        let task = {
            let adapter = Arc::clone(&adapter);
            tokio::spawn(async move { adapter.run().await })
        };
        Running {
            adapter,
            stop,
            task,
            taking,
        }
    }
}

impl Running {
    /// Ends it as a killed process does: no goodbye, no answer.
    pub async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
        self.taking.abort();
    }

    /// Ends it in an orderly way.
    pub async fn stop(self) {
        self.stop.pull();
        self.task.await.unwrap().unwrap();
        self.taking.abort();
    }

    /// Waits until the link to the broker is in this state.
    pub async fn wait_link(&self, state: LinkState) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let link = self.adapter.health().remove(0);
            if link.state == state {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "link is {:?} ({})",
                link.state,
                link.reason
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn take(
    mut offers: mpsc::Receiver<Offer>,
    seen: Arc<Mutex<Vec<Seen>>>,
    statuses: Statuses,
    answering: watch::Receiver<bool>,
) {
    while let Some(Offer {
        reading, answer, ..
    }) = offers.recv().await
    {
        let bad = std::str::from_utf8(&reading.raw)
            .ok()
            .and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok())
            .is_none();
        let told = status(&reading);
        let bad = bad && told.is_none();
        match told {
            Some(told) => statuses.lock().unwrap().push(told),
            None => seen.lock().unwrap().push(facts(&reading)),
        }
        let mut answering = answering.clone();
        tokio::spawn(async move {
            if answering.wait_for(|answering| *answering).await.is_err() {
                return;
            }
            let _ = answer.send(if bad {
                Err(Fault::new("M008", "not JSON"))
            } else {
                Ok(Accepted {
                    number: 1,
                    digest: Digest([0; 32]),
                    chain: Digest([0; 32]),
                    duplicate: false,
                    is_over: false,
                })
            });
        });
    }
}

fn status(reading: &Reading) -> Option<(String, DeviceState)> {
    let Payload::Body(body) = &reading.payload else {
        return None;
    };
    match body.as_ref() {
        Body::DeviceStatus(status) => Some((status.device_id.to_string(), status.state)),
        other => panic!("{other:?}"),
    }
}

fn facts(reading: &Reading) -> Seen {
    let Payload::Json { topic, .. } = &reading.payload else {
        panic!("a document")
    };
    Seen {
        topic: topic.clone(),
        text: String::from_utf8_lossy(&reading.raw).into_owned(),
        id: reading.message_id.unwrap().to_string(),
        initial: reading.initial,
    }
}

/// Numbered readings with times of their own.
pub fn numbered(from: usize, to: usize) -> Vec<String> {
    let line = |n: usize| {
        format!(
            "{{\"time\":\"2026-03-31T12:00:{:02}.{n:03}+08:00\",\"n\":{n}}}",
            n % 60
        )
    };
    (from..to).map(line).collect()
}

/// How many different messages there are.
pub fn unique(seen: &[Seen]) -> usize {
    seen.iter()
        .map(|seen| &seen.id)
        .collect::<std::collections::BTreeSet<_>>()
        .len()
}

/// A configuration of the adapter; `more` is put before the subscription.
pub fn config(port: u16, more: &str) -> String {
    format!(
        "name = \"sensors\"\nhost = \"localhost\"\nport = {port}\nclient_id = \"hub\"\ngateway = \"GW-01\"\n{more}\n\
         [[subscription]]\nfilter = \"sensors/#\"\nmapping = \"json/sensor/1\"\ndevice_segment = 2\nidentity = [\"/time\"]\n"
    )
}
