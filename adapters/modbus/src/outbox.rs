//! Reports on their way to the intake.
//!
//! The owner of a bus never waits for the journal: it puts reports here and goes on guarding the
//! barrier. Repeated states give way when there is no room; vehicles and ends of commands never
//! do: when they alone fill the outbox, [`Outbox::is_full`] makes the owner stop polling.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use cordon_contract::{Intake, IntakeError, Payload, Reading, Shutdown};
use cordon_model::{Body, DeviceId, Timestamp};
use tokio::sync::Notify;

/// Reports that wait at most.
const ROOM: usize = 4_096;
/// Above this many, a newer state of a device takes the place of its older one.
const CROWDED: usize = 32;

/// One report.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) device: DeviceId,
    pub(crate) at: Timestamp,
    pub(crate) body: Body,
    /// A vehicle or the end of a command: never dropped.
    pub(crate) lossless: bool,
    /// A state repeated after a connect, or by the clock.
    pub(crate) initial: bool,
}

/// The queue of one bus.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: Mutex<VecDeque<Report>>,
    filled: Notify,
}

impl Outbox {
    fn queue(&self) -> MutexGuard<'_, VecDeque<Report>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a report in. Returns false when a state was dropped for it or instead of it.
    pub(crate) fn put(&self, report: Report) -> bool {
        let mut queue = self.queue();
        let mut kept_all = true;
        if !report.lossless && queue.len() >= CROWDED {
            let same = |old: &Report| {
                !old.lossless && old.device == report.device && kind(old) == kind(&report)
            };
            if let Some(place) = queue.iter().position(same) {
                queue.remove(place);
                kept_all = false;
            } else if queue.len() >= ROOM {
                return false;
            }
        }
        queue.push_back(report);
        drop(queue);
        self.filled.notify_one();
        kept_all
    }

    /// Whether there is no room for what must not be lost.
    pub(crate) fn is_full(&self) -> bool {
        self.queue().len() >= ROOM
    }

    /// Hands reports to the intake, one after the other, until shutdown. Each is offered until it
    /// is durable or refused. `taken` is told of every offer and whether it was accepted.
    pub(crate) async fn deliver(
        &self,
        intake: &Intake,
        shutdown: &Shutdown,
        taken: impl Fn(&DeviceId, bool),
    ) {
        loop {
            let next = self.queue().pop_front();
            let Some(report) = next else {
                tokio::select! {
                    () = self.filled.notified() => continue,
                    () = shutdown.wait() => return,
                }
            };
            let device = report.device.clone();
            match intake.offer(reading(report)).await {
                Ok(_) => taken(&device, true),
                Err(IntakeError::Refused(fault)) => {
                    tracing::warn!(%device, %fault, "the hub refused a report");
                    taken(&device, false);
                }
                Err(IntakeError::Closed) => return,
            }
        }
    }
}

/// Two reports of the same kind may stand for each other.
fn kind(report: &Report) -> std::mem::Discriminant<Body> {
    std::mem::discriminant(&report.body)
}

fn reading(report: Report) -> Reading {
    Reading {
        device: report.device,
        message_id: None,
        observed_at: None,
        received_at: report.at,
        source_ref: None,
        initial: report.initial,
        test: false,
        payload: Payload::Body(Box::new(report.body)),
        raw: Bytes::new(),
    }
}
