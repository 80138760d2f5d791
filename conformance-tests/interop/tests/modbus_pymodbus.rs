//! The Modbus adapter against a lane written on pymodbus.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "test code"
)]

#[path = "../../../adapters/modbus/tests/park/mod.rs"]
mod park;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cordon_contract::{LinkState, OutcomeKind, Running as _};
use cordon_interop::{python, script};
use cordon_model::GateAction;
use park::{Park, quick_profile, until};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

struct Pymodbus {
    child: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    address: SocketAddr,
}

impl Pymodbus {
    /// Starts the lane; the boom travels in `travel_s` seconds.
    fn start(travel_s: &str) -> Self {
        let mut child = Command::new(python())
            .arg(script("python/lane_server.py"))
            .arg(travel_s)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let hello: Value = serde_json::from_str(&line).expect("the counterpart says who it is");
        println!("counterpart: {} {}", hello["name"], hello["version"]);
        let port = u16::try_from(hello["port"].as_u64().unwrap()).unwrap();
        Self {
            child,
            pipes: Mutex::new((stdin, stdout)),
            address: SocketAddr::from(([127, 0, 0, 1], port)),
        }
    }

    fn tell(&self, command: &str) -> Value {
        let mut pipes = self.pipes.lock().unwrap();
        writeln!(pipes.0, "{command}").unwrap();
        pipes.0.flush().unwrap();
        let mut line = String::new();
        pipes.1.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn count(&self, what: &str) -> u64 {
        self.tell("state")[what].as_u64().unwrap()
    }
}

impl Drop for Pymodbus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A cable between adapter and lane that can be pulled and put back.
struct Cable {
    address: SocketAddr,
    whole: watch::Sender<bool>,
}

impl Cable {
    async fn to(lane: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (whole, watching) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut watching = watching.clone();
                tokio::spawn(async move {
                    if !*watching.borrow_and_update() {
                        return;
                    }
                    let Ok(mut far) = TcpStream::connect(lane).await else {
                        return;
                    };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = watching.changed() => {}
                    }
                });
            }
        });
        Self { address, whole }
    }
}

async fn online(park: &Park) {
    park.until("online", |park| {
        park.adapter.health()[0].state == LinkState::Online
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn open_is_confirmed_by_the_limit_input() {
    let lane = Pymodbus::start("0.4");
    let park = Park::start(lane.address, &quick_profile());
    online(&park).await;
    let outcome = park.execute(GateAction::Open, 5_000).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    // The boom may be on its way down again by now.
    assert_eq!(lane.tell("state")["highest"], 1.0);
    until("the pulse is reset", || {
        lane.tell("state")["coils"][0] == false
    })
    .await;
    until("it lowers after the hold time", || {
        lane.tell("state")["position"] == 0.0
    })
    .await;
    assert_eq!((lane.count("raises"), lane.count("lowers")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_cut_in_the_middle_of_a_command_expires_it_and_it_is_not_replayed() {
    let lane = Pymodbus::start("0.4");
    let cable = Cable::to(lane.address).await;
    let park = Park::start(cable.address, &quick_profile());
    online(&park).await;
    lane.tell("stick on");
    let adapter = Arc::clone(&park.adapter);
    let order = park.order(GateAction::Open, 8_000);
    let opening = tokio::spawn(async move { adapter.execute(order).await });
    until("the command arrived", || lane.count("raises") == 1).await;
    cable.whole.send_replace(false);
    let outcome = opening.await.unwrap();
    assert_eq!(outcome.kind, OutcomeKind::Expired, "{}", outcome.detail);
    park.until("offline", |park| {
        park.adapter.health()[0].state == LinkState::Offline
    })
    .await;
    cable.whole.send_replace(true);
    online(&park).await;
    until("the cut pulse is reset", || {
        lane.tell("state")["coils"][0] == false
    })
    .await;
    // Some polls and heartbeats later there is still no second command.
    let said = park.adapter.health()[0].readings;
    let _ = park.adapter.probe().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(park.adapter.health()[0].readings >= said);
    assert_eq!(lane.count("raises"), 1, "nothing was replayed");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_photocell_on_the_barrier_is_never_lowered() {
    let lane = Pymodbus::start("0.4");
    // The controller is blind: only the adapter guards the vehicle.
    lane.tell("blind on");
    let park = Park::start(lane.address, &quick_profile());
    online(&park).await;
    // It stands there before the boom rises, so that nothing is lowered in between.
    lane.tell("photocell on");
    park.until("the photocell is seen", |park| {
        park.statuses()
            .last()
            .is_some_and(|status| status.inputs.photocell == Some(true))
    })
    .await;
    let outcome = park.execute(GateAction::Open, 5_000).await;
    assert_eq!(outcome.kind, OutcomeKind::Confirmed, "{}", outcome.detail);
    let outcome = park.execute(GateAction::Close, 2_000).await;
    assert_eq!(outcome.kind, OutcomeKind::Refused, "{}", outcome.detail);
    park.until("lowering is due and held", |park| {
        park.statuses()
            .last()
            .is_some_and(|status| status.barrier_state == cordon_model::BarrierState::Blocked)
    })
    .await;
    assert_eq!(lane.count("lowers"), 0);
    lane.tell("photocell off");
    until("lowered once clear", || {
        lane.tell("state")["position"] == 0.0
    })
    .await;
    assert_eq!((lane.count("lowers"), lane.count("hits")), (1, 0));
}
