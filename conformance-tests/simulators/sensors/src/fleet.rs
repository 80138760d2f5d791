//! A running fleet: one gateway connection, many sensors.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rumqttc::{AsyncClient, Event, EventLoop, LastWill, MqttOptions, Packet, PublishOptions, QoS};
use tokio::task::JoinHandle;

use crate::Settings;
use crate::sensor::{Sensor, SensorKind};
use crate::time::now_ms;

/// Publishes that wait for the broker; beyond that the sensors wait, as real ones do.
const QUEUE: usize = 4_096;

/// What a fleet has done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FleetCounts {
    /// Messages handed to the connection.
    pub published: u64,
    /// Messages the broker acknowledged.
    pub acknowledged: u64,
    /// Connections made.
    pub connections: u64,
}

/// A fleet cannot start.
#[derive(Debug, thiserror::Error)]
pub enum FleetFault {
    /// The settings make no sense.
    #[error("{0}")]
    Settings(&'static str),
}

/// A running fleet; dropping it ends it without a goodbye, so the broker publishes its wills.
#[derive(Debug)]
pub struct Fleet {
    counts: Arc<Counts>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Counts {
    published: AtomicU64,
    acknowledged: AtomicU64,
    connections: AtomicU64,
    leak: AtomicBool,
}

impl Fleet {
    /// Starts the sensors; the connection is made, and made again, in the background.
    pub fn start(settings: Settings) -> Result<Self, FleetFault> {
        if settings.sensors.is_empty() || settings.period_ms == 0 {
            return Err(FleetFault::Settings("a fleet needs sensors and a period"));
        }
        let mut options = MqttOptions::new(
            settings.gateway.clone(),
            (settings.host.clone(), settings.port),
        );
        options
            .set_keep_alive(10)
            .set_session_expiry_interval(Some(600))
            .set_clean_start(true);
        let will = format!("sensors/{0}/{0}/status", settings.gateway);
        let words = r#"{"state":"offline","kind":"gateway"}"#;
        options.set_last_will(LastWill::new(will, words, QoS::AtLeastOnce, true, None));
        if let Some((user, password)) = &settings.user {
            options.set_credentials(user.clone(), password.clone());
        }
        let (client, eventloop) = AsyncClient::builder(options).capacity(QUEUE).build();
        let counts = Arc::new(Counts::default());
        let network = tokio::spawn(poll(eventloop, Arc::clone(&counts)));
        let sensors = tokio::spawn(publish(client, settings, Arc::clone(&counts)));
        Ok(Self {
            counts,
            tasks: vec![network, sensors],
        })
    }

    /// What was done so far.
    pub fn counts(&self) -> FleetCounts {
        FleetCounts {
            published: self.counts.published.load(Ordering::Relaxed),
            acknowledged: self.counts.acknowledged.load(Ordering::Relaxed),
            connections: self.counts.connections.load(Ordering::Relaxed),
        }
    }

    /// Lets the first gas sensor leak: its next reading is above its highest threshold.
    pub fn leak(&self) {
        self.counts.leak.store(true, Ordering::SeqCst);
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn poll(mut eventloop: EventLoop, counts: Arc<Counts>) {
    loop {
        match eventloop.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                counts.connections.fetch_add(1, Ordering::Relaxed);
            }
            Ok(Event::Incoming(Packet::PubAck(_))) => {
                counts.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "simulated gateway has no broker");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

async fn publish(client: AsyncClient, settings: Settings, counts: Arc<Counts>) {
    let mut sensors: Vec<Sensor> = settings
        .sensors
        .iter()
        .enumerate()
        .map(|(index, name)| Sensor::new(name.clone(), SensorKind::of(index), settings.seed))
        .collect();
    let gateway = &settings.gateway;
    let online = [(
        format!("sensors/{gateway}/{gateway}/status"),
        r#"{"state":"online","kind":"gateway"}"#.to_owned(),
    )];
    let status = sensors.iter().map(|sensor| {
        (
            format!("sensors/{gateway}/{}/status", sensor.name),
            sensor.status("online"),
        )
    });
    for (topic, payload) in online.into_iter().chain(status.collect::<Vec<_>>()) {
        if client
            .publish(topic, payload, PublishOptions::at_least_once().retained())
            .await
            .is_err()
        {
            return;
        }
        counts.published.fetch_add(1, Ordering::Relaxed);
    }
    // The sensors of a field do not speak at the same instant.
    let each =
        Duration::from_millis(settings.period_ms) / u32::try_from(sensors.len()).unwrap_or(1);
    let mut beat = tokio::time::interval(each.max(Duration::from_micros(50)));
    loop {
        for sensor in &mut sensors {
            beat.tick().await;
            if sensor.kind == SensorKind::Gas && counts.leak.swap(false, Ordering::SeqCst) {
                sensor.leak();
            }
            for (below, payload) in sensor.tick(now_ms(), &settings.faults) {
                let topic = format!("sensors/{gateway}/{}{below}", sensor.name);
                if client
                    .publish(topic, payload, PublishOptions::at_least_once())
                    .await
                    .is_err()
                {
                    return;
                }
                counts.published.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}
