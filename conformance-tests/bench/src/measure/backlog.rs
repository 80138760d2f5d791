//! A backlog at the broker: how fast it drains into the journal.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_flow::RunningHub;
use cordon_journal::disk::RealDisk;
use cordon_mapping::Mappings;
use cordon_mqtt::MqttAdapter;

use crate::park::{Park, now};
use crate::{Goal, Outcome, Ratio, Row, Section, Size, Spread};

/// An answer that takes longer is not slow but lost.
const PATIENCE: Duration = Duration::from_secs(120);
const TOPIC: &str = "sensors/GW-01/S-01";
/// The adapter's name, under which its messages are counted.
const NAME: &str = "backlog";

/// Measures the hub beside a client that acknowledges at once and keeps nothing.
pub async fn measure(park: &Park, size: &Size) -> Outcome<Section> {
    let broker = Broker::start(park.folder())?;
    broker.subscribe_peer()?;
    let hub = start(park, &broker).await?;
    // One message through the whole way shows that the hub is subscribed.
    let deadline = Instant::now() + PATIENCE;
    while drained(&hub) == 0 {
        broker.publish(0..1)?;
        wait(deadline).await?;
    }
    let probes = drained(&hub);
    hub.shutdown().await?;

    broker.publish(1..1 + size.backlog)?;
    let peer = broker.drain_peer(size.backlog)?;
    let began = Instant::now();
    let hub = start(park, &broker).await?;
    let deadline = began + PATIENCE;
    while drained(&hub) < size.backlog {
        wait(deadline).await?;
    }
    let rate = size.backlog as f64 / began.elapsed().as_secs_f64();
    let health = hub.health();
    hub.shutdown().await?;
    let broken = health.adapters.iter().any(|adapter| adapter.restarts > 0);
    if broken {
        return Err("the adapter was started again while it drained".into());
    }
    Ok(Section {
        title: "Backlog of a broker",
        about: format!(
            "{} messages of one sample wait at Mosquitto with its defaults under the hub's session and under that of \
             `mosquitto_sub`, which acknowledges at once and keeps nothing ({probes} more went before to show the \
             subscription). Clock: from the start of the hub, journal and state opened, to the moment all are durable \
             and acknowledged.",
            size.backlog
        ),
        rows: vec![
            Row::figure("drained into the journal", rate, "messages/s")
                .beside("`mosquitto_sub`", peer, "messages/s")
                .ratio(Ratio::Share(Spread::single(rate / peer)))
                .goal(Goal::AtLeast(5_000.0)),
        ],
    })
}

async fn start(park: &Park, broker: &Broker) -> Outcome<RunningHub> {
    let config = serde_json::json!({
        "name": NAME, "host": "127.0.0.1", "port": broker.port, "client_id": "hub", "gateway": "GW-01",
        "subscription": [{
            "filter": "sensors/#", "mapping": "json/sensor/1", "device_segment": 2, "identity": ["/id"],
        }],
    });
    let adapter = MqttAdapter::new(serde_json::from_value(config)?, None)
        .map_err(|faults| format!("{faults:?}"))?;
    let mappings = Mappings::load(Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../mappings"
    )))
    .map_err(|faults| format!("{faults:?}"))?;
    park.start_mapping(
        "backlog",
        Arc::new(RealDisk),
        Vec::new(),
        vec![Arc::new(adapter)],
        mappings,
    )
    .await
}

/// Messages of the broker that are durable since the hub's start.
fn drained(hub: &RunningHub) -> usize {
    let traffic = hub.stats().snapshot().traffic;
    let accepted = traffic.get(NAME).map_or(0, |traffic| traffic.accepted);
    usize::try_from(accepted).unwrap_or(usize::MAX)
}

async fn wait(deadline: Instant) -> Outcome<()> {
    if Instant::now() > deadline {
        return Err("the messages did not arrive in time".into());
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    Ok(())
}

/// A Mosquitto of the measurement's own, ended with it.
struct Broker {
    child: Child,
    port: u16,
}

impl Broker {
    fn start(folder: &Path) -> Outcome<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let config = folder.join("mosquitto.conf");
        std::fs::write(
            &config,
            format!(
                "listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 1000000\n"
            ),
        )?;
        let child = Command::new("mosquitto")
            .env("PATH", format!("{}:/usr/sbin", std::env::var("PATH")?))
            .arg("-c")
            .arg(config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("mosquitto: {error}; `cargo xtask test tools` installs it"))?;
        let broker = Self { child, port };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if Instant::now() > deadline {
                return Err("mosquitto does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(broker)
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(["-h", "127.0.0.1", "-q", "1", "-p"]);
        command.arg(self.port.to_string());
        command
    }

    /// Publishes one message for each number.
    fn publish(&self, numbers: std::ops::Range<usize>) -> Outcome<()> {
        let mut child = self
            .client("mosquitto_pub")
            .args(["-t", TOPIC, "-l"])
            .stdin(Stdio::piped())
            .spawn()?;
        let now = now();
        let mut lines = String::new();
        for number in numbers {
            lines += &format!(
                "{{\"id\":\"{number}\",\"time\":\"{now}\",\"values\":[{{\"point\":\"pressure\",\"value\":{number},\"unit\":\"kPa\"}}]}}\n"
            );
        }
        child
            .stdin
            .take()
            .ok_or("no pipe")?
            .write_all(lines.as_bytes())?;
        done(child.wait()?.success(), "mosquitto_pub")
    }

    fn peer(&self) -> Command {
        let mut command = self.client("mosquitto_sub");
        command.args(["-c", "-i", "peer", "-t", "sensors/#"]);
        command.stdout(Stdio::null());
        command
    }

    /// Makes the peer's session.
    fn subscribe_peer(&self) -> Outcome<()> {
        done(self.peer().arg("-E").status()?.success(), "mosquitto_sub")
    }

    /// Messages a second at which the peer takes its own backlog.
    fn drain_peer(&self, count: usize) -> Outcome<f64> {
        let began = Instant::now();
        let drained = self.peer().arg("-C").arg(count.to_string()).status()?;
        done(drained.success(), "mosquitto_sub")?;
        Ok(count as f64 / began.elapsed().as_secs_f64())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // One that has ended by itself is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn done(is_done: bool, program: &str) -> Outcome<()> {
    match is_done {
        true => Ok(()),
        false => Err(format!("{program} failed").into()),
    }
}
