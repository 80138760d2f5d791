//! What changed of the link and its devices becomes `DeviceStatus`, once for each change.

use std::time::Duration;

use bytes::Bytes;
use cordon_contract::{IntakeError, Link, Payload, Reading};
use cordon_model::{Body, DeviceId, DeviceStatus, Timestamp};
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::time::MissedTickBehavior;

use crate::device::News;
use crate::health::{Health, shown};

/// How often silence is looked for; what flickers faster is told by its last state.
pub const LOOK: Duration = Duration::from_secs(1);
/// Statuses on their way at once: they share commits, and a lost link tells of thousands.
const UNDERWAY_MAX: usize = 64;
/// The longest text that fits `Reason`.
const TEXT_MAX: usize = 200;

/// Looks every `look` and reports, until shutdown.
pub async fn run(health: &Health, link: &Link, look: Duration) {
    let mut look = tokio::time::interval(look);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = link.shutdown.wait() => return,
            _ = look.tick() => {}
        }
        let (at, steady) = link.clock.times();
        let offers = health.news(steady).into_iter();
        let offers = offers.map(|(id, news)| {
            let since = shown(news.since, (at, steady));
            link.intake.offer(reading(id, News { since, ..news }, at))
        });
        let mut answers = stream::iter(offers).buffered(UNDERWAY_MAX);
        loop {
            let answer = tokio::select! {
                () = link.shutdown.wait() => return,
                answer = answers.next() => answer,
            };
            match answer {
                None => break,
                Some(Ok(_)) => {}
                Some(Err(IntakeError::Refused(fault))) => {
                    tracing::warn!(%fault, "the hub refused a device status");
                }
                Some(Err(IntakeError::Closed)) => return,
            }
        }
    }
}

fn reading(device: DeviceId, news: News, at: Timestamp) -> Reading {
    let body = Body::DeviceStatus(DeviceStatus {
        device_id: device.clone(),
        device_kind: news.kind,
        vendor: None,
        model: None,
        firmware: None,
        state: news.state,
        reason: text(&news.reason),
        clock_offset_ms: None,
        since: (news.since.micros() > 0).then_some(news.since),
        observed_at: at,
    });
    Reading {
        device,
        message_id: None,
        observed_at: None,
        received_at: at,
        source_ref: None,
        initial: false,
        test: false,
        payload: Payload::Body(Box::new(body)),
        raw: Bytes::new(),
    }
}

/// Text that fits the schema; `None` when there is none.
fn text(text: &str) -> Option<String> {
    let fitting = text.chars().filter(|letter| !letter.is_control());
    let text: String = fitting.take(TEXT_MAX).collect();
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::config::Config;
    use crate::health::Health;
    use cordon_contract::{
        Accepted, Intake, Link, LinkState, ManualClock, Offer, Payload, Shutdown,
    };
    use cordon_model::{Body, DeviceState, DeviceStatus, Digest, Timestamp};
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::sync::mpsc;

    async fn next(offers: &mut mpsc::Receiver<Offer>) -> DeviceStatus {
        let offer = offers.recv().await.unwrap();
        let _ = offer.answer.send(Ok(Accepted {
            number: 1,
            digest: Digest([0; 32]),
            chain: Digest([0; 32]),
            duplicate: false,
            is_over: false,
        }));
        match offer.reading.payload {
            Payload::Body(body) => match *body {
                Body::DeviceStatus(status) => status,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn every_change_is_told_once_and_shutdown_ends_it() {
        let start = Timestamp::from_micros(1_000_000_000);
        let clock = ManualClock::new(start);
        let (intake, mut offers) = Intake::bounded(4);
        let (stop, shutdown) = Shutdown::pair();
        let config: Config = toml::from_str(
            "name = \"s\"\nhost = \"h\"\nport = 1\nclient_id = \"hub\"\ngateway = \"GW\"\n\
             silent_after_s = 60\n[[watch]]\ndevice = \"D-1\"\nkind = \"GAS_DETECTOR\"\n",
        )
        .unwrap();
        let health = Arc::new(Health::new(&config));
        let link = Link {
            intake,
            clock: Arc::new(clock.clone()),
            shutdown,
        };
        let reporting = tokio::spawn({
            let health = Arc::clone(&health);
            async move { run(&health, &link, Duration::from_millis(1)).await }
        });
        health.link(LinkState::Offline, "bell\u{7} and more", start);
        let status = next(&mut offers).await;
        assert_eq!(status.state, DeviceState::Offline);
        assert_eq!(status.reason.as_deref(), Some("bell and more"));
        health.link(LinkState::Online, "", start);
        assert_eq!(next(&mut offers).await.state, DeviceState::Online);
        clock.advance_ms(61_000);
        let status = next(&mut offers).await;
        assert_eq!(status.device_id.as_str(), "D-1");
        assert_eq!(status.device_kind.as_str(), "GAS_DETECTOR");
        assert_eq!(status.state, DeviceState::Offline);
        assert_eq!(
            (status.since, status.reason.as_deref()),
            (Some(start), Some("silent for 61 s"))
        );
        health.spoke(&"D-1".parse().unwrap(), start.plus_seconds(61));
        assert_eq!(next(&mut offers).await.state, DeviceState::Online);
        stop.pull();
        reporting.await.unwrap();
        assert!(offers.recv().await.is_none(), "nothing is told twice");
    }
}
