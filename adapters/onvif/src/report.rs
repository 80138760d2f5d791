//! The camera's state as `DeviceStatus`: at each change and once a period.

use std::time::Duration;

use bytes::Bytes;
use cordon_contract::{IntakeError, Link, LinkState, Payload, Reading};
use cordon_model::{Body, DeviceKind, DeviceState, DeviceStatus, Timestamp};
use tokio::time::Instant;

use crate::board::{Board, Shown};

/// Between two reports at least; what flickers faster is told by its last state.
const CALM: Duration = Duration::from_secs(1);

/// Reports until shutdown.
pub(crate) async fn run(board: &Board, kind: DeviceKind, period: Duration, link: &Link) {
    let mut changes = board.changes();
    let mut told: Option<(LinkState, String)> = None;
    let mut due = Instant::now() + period;
    loop {
        let shown = changes.borrow_and_update().clone();
        let health = shown.health();
        let now_is = (health.state, health.reason);
        let news = told.as_ref() != Some(&now_is) && now_is.0 != LinkState::Starting;
        if news || Instant::now() >= due {
            let at = link.clock.now();
            let reading = reading(&shown, kind, at, !news);
            match link.intake.offer(reading).await {
                Ok(_) => {}
                Err(IntakeError::Refused(fault)) => {
                    tracing::warn!(%fault, "the hub refused a device status");
                }
                Err(IntakeError::Closed) => return,
            }
            told = Some(now_is);
            due = Instant::now() + period;
            tokio::select! {
                () = link.shutdown.wait() => return,
                () = tokio::time::sleep(CALM) => continue,
            }
        }
        tokio::select! {
            () = link.shutdown.wait() => return,
            changed = changes.changed() => if changed.is_err() { return },
            () = tokio::time::sleep_until(due) => {}
        }
    }
}

fn reading(shown: &Shown, kind: DeviceKind, at: Timestamp, repeated: bool) -> Reading {
    Reading {
        device: shown.health().device,
        message_id: None,
        observed_at: None,
        received_at: at,
        source_ref: None,
        initial: repeated,
        test: false,
        payload: Payload::Body(Box::new(body(shown, kind, at))),
        raw: Bytes::new(),
    }
}

fn body(shown: &Shown, kind: DeviceKind, at: Timestamp) -> Body {
    let health = shown.health();
    let named = |text: fn(&crate::operation::Nameplate) -> &String| {
        let text = shown.nameplate.as_ref().map(text)?;
        (!text.trim().is_empty()).then(|| text.trim().to_owned())
    };
    Body::DeviceStatus(DeviceStatus {
        device_id: health.device,
        device_kind: kind,
        vendor: named(|plate| &plate.vendor),
        model: named(|plate| &plate.model),
        firmware: named(|plate| &plate.firmware),
        state: match health.state {
            LinkState::Online => DeviceState::Online,
            LinkState::Degraded => DeviceState::Degraded,
            LinkState::Offline => DeviceState::Offline,
            LinkState::Starting => DeviceState::Unknown,
        },
        reason: (!health.reason.is_empty()).then_some(health.reason),
        clock_offset_ms: health.clock_offset_ms,
        since: (health.since.micros() > 0).then_some(health.since),
        observed_at: at,
    })
}
