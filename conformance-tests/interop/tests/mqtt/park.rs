//! A park of the program that takes sensors from the test's broker, and what its journal holds of
//! them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use cordon_contract::EntryKind;
use cordon_interop::{change_config, ship};
use cordon_journal::{Reader, Record};
use cordon_model::Body;

use super::{Mosquitto, PATIENCE};

const SENSORS: u64 = 4;

/// Gives a prepared park the subscription of the tests' sensors.
pub fn add_sensors(data: &Path, port: u16) {
    ship(data, "json/sensor/1");
    let mut text = String::new();
    for gateway in ["MQ-01", "GW-01"] {
        text += &format!("\n[[plan.devices]]\nid = \"{gateway}\"\nkind = \"GATEWAY\"\n");
    }
    for sensor in 0..SENSORS {
        text += &format!(
            "\n[[plan.devices]]\nid = \"S-{sensor:02}\"\nkind = \"SENSOR\"\narea = \"A-CORE\"\n"
        );
    }
    text += &format!(
        "\n[[mqtt]]\nname = \"sensors\"\nhost = \"127.0.0.1\"\nport = {port}\nclient_id = \"cordon-hub-1\"\n\
         gateway = \"MQ-01\"\n[[mqtt.subscription]]\nfilter = \"sensors/#\"\nmapping = \"json/sensor/1\"\n\
         device_segment = 2\nidentity = [\"/id\"]\n"
    );
    change_config(data, &[], &text);
}

/// Waits until the hub's subscription is in the broker's log.
pub async fn wait_subscribed(broker: &Mosquitto) {
    let deadline = Instant::now() + PATIENCE;
    let log = broker.folder().join("log");
    while !std::fs::read_to_string(&log).unwrap().contains("sensors/#") {
        assert!(Instant::now() < deadline, "the hub did not subscribe");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Everything in a journal.
pub fn records(journal: &Path) -> Vec<Record> {
    let reader = Reader::open(journal).unwrap();
    reader.read_from(0).unwrap().map(Result::unwrap).collect()
}

/// How often each numbered reading is in the journal.
pub fn readings(records: &[Record]) -> BTreeMap<u64, usize> {
    let mut times = BTreeMap::new();
    let messages = records
        .iter()
        .filter(|record| record.kind == EntryKind::Message.number());
    for record in messages.filter(|record| !record.body.is_empty()) {
        let message = cordon_wire::parse_message(&record.body).unwrap();
        if let Body::SensorReadingBatch(batch) = message.body {
            for sample in batch.samples {
                let number = sample.value.to_string().parse().unwrap();
                *times.entry(number).or_default() += 1;
            }
        }
    }
    times
}

/// Waits until as many readings are in the journal as were published. It may take as long as it
/// does on a busy machine; that nothing more comes for a while is the failure.
pub async fn wait_drained(journal: &Path, published: u64) {
    let (mut most, mut deadline) = (0, Instant::now() + PATIENCE);
    loop {
        let there = readings(&records(journal)).len();
        if there as u64 >= published {
            return;
        }
        if there > most {
            (most, deadline) = (there, Instant::now() + PATIENCE);
        }
        assert!(Instant::now() < deadline, "{there} of {published} readings");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}
