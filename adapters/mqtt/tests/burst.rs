//! A burst of one device: what it said last is what the intake gets last.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "test code"
)]

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use cordon_contract::{
    Accepted, Adapter as _, Intake, Link, Offer, Payload, Reading, Running, Shutdown, SystemClock,
};
use cordon_model::Digest;
use cordon_mqtt::MqttAdapter;
use cordon_sim_broker::{Broker, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

const BURST: usize = 300;
const BURSTS: usize = 10;
const PATIENCE: Duration = Duration::from_secs(30);

fn running(port: u16, intake: Intake, shutdown: Shutdown) -> Arc<dyn Running> {
    let table = format!(
        "name = \"s\"\nhost = \"127.0.0.1\"\nport = {port}\nclient_id = \"hub\"\ngateway = \"GW\"\n\
         [[subscription]]\nfilter = \"s/+\"\nmapping = \"json/sensor/1\"\ndevice_segment = 1\n"
    );
    let adapter = Arc::new(MqttAdapter::new(toml::from_str(&table).unwrap(), None).unwrap());
    let clock = Arc::new(SystemClock);
    adapter.start(Link {
        intake,
        clock,
        shutdown,
    })
}

/// One packet of MQTT 3.1.1 shorter than 128 bytes.
fn packet(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let rest = parts.concat();
    let length = u8::try_from(rest.len()).unwrap();
    assert!(length < 128);
    [&[kind, length], rest.as_slice()].concat()
}

/// A sensor that is let in.
async fn sensor(port: u16) -> TcpStream {
    let mut sensor = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let connect = packet(0x10, &[b"\0\x04MQTT\x04\x02\0\x3c", b"\0\x06sensor"]);
    sensor.write_all(&connect).await.unwrap();
    let mut connack = [0; 4];
    sensor.read_exact(&mut connack).await.unwrap();
    assert_eq!(connack, [0x20, 2, 0, 0]);
    sensor
}

/// All numbers in one write, at QoS 0.
async fn say(sensor: &mut TcpStream, numbers: Range<usize>) {
    let publish = |n| {
        let document = format!("{{\"n\":{n}}}");
        packet(0x30, &[b"\0\x05s/D-1", document.as_bytes()])
    };
    let burst: Vec<u8> = numbers.flat_map(publish).collect();
    sensor.write_all(&burst).await.unwrap();
}

/// What the sensor said; `None` of what the adapter says itself.
fn number(reading: &Reading) -> Option<usize> {
    let Payload::Json { document, .. } = &reading.payload else {
        return None;
    };
    let value: serde_json::Value = serde_json::from_slice(document).unwrap();
    value.get("n")?.as_u64()?.try_into().ok()
}

/// Answers what comes; the numbers of the device in the order of their coming.
async fn numbers(offers: &mut mpsc::Receiver<Offer>) -> Vec<usize> {
    let mut numbers = Vec::new();
    while numbers.len() < BURST {
        let offer = tokio::time::timeout(PATIENCE, offers.recv()).await;
        let offer = offer.unwrap().unwrap();
        let _ = offer.answer.send(Ok(Accepted {
            number: 1,
            digest: Digest([0; 32]),
            chain: Digest([0; 32]),
            duplicate: false,
            is_over: false,
        }));
        numbers.extend(number(&offer.reading));
    }
    numbers
}

/// An adapter that has subscribed, and its sensor.
async fn connected(broker: &Broker, intake: Intake, shutdown: Shutdown) -> TcpStream {
    let port = broker.address().port();
    let adapter = running(port, intake, shutdown);
    tokio::spawn(async move { adapter.run().await });
    let subscribed = async {
        while broker.subscriptions() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, subscribed).await.unwrap();
    sensor(port).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_one_device_arrives_in_order() {
    let broker = Broker::start(Settings::default()).await.unwrap();
    let (_stop, shutdown) = Shutdown::pair();
    let (intake, mut offers) = Intake::bounded(16);
    let mut sensor = connected(&broker, intake, shutdown).await;
    for burst in 0..BURSTS {
        let all = burst * BURST..(burst + 1) * BURST;
        say(&mut sensor, all.clone()).await;
        let come = numbers(&mut offers).await;
        assert!(come.into_iter().eq(all), "burst {burst}");
    }
}

/// Those that are offered again wait for the same room as those that come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_goes_on_after_readings_that_were_not_judged() {
    let broker = Broker::start(Settings::default()).await.unwrap();
    let (_stop, shutdown) = Shutdown::pair();
    let (intake, mut offers) = Intake::bounded(1);
    let mut sensor = connected(&broker, intake, shutdown).await;
    say(&mut sensor, 0..BURST).await;
    for _ in 0..BURST / 4 {
        drop(offers.recv().await.unwrap());
    }
    // Full until they are offered again.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let mut come = numbers(&mut offers).await;
    come.sort_unstable();
    assert!(come.into_iter().eq(0..BURST));
}
