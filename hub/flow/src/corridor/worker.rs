//! The workers of the reading door: several for each adapter, bounded, and in order for a device.
//!
//! Each adapter has workers and queues of its own, so that a device that floods fills only its own
//! adapter's queue and then waits (I10).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_contract::{Clock, Offer};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::mapped::{SealedReading, seal_reading};
use super::refused::{Offender, RefusedDraft};
use super::rules::{Corridor, CorridorRules};
use super::source::Source;
use crate::corridor::device_pace::{Beyond, DevicePace, whose};
use crate::corridor::inbox::Inbox;
use crate::corridor::queue::Queue;
use crate::corridor::work::{ReadingWork, Work};
use crate::decide::beyond_pace::beyond_words;
use crate::decide::sealer::Sealer;
use crate::decide::terms::{InForce, Terms};
use crate::fault::{DEVICE_PACED, fault};
use crate::watch::misread::Misreads;

/// Offers waiting in front of one worker.
const WAITING_MAX: usize = 64;
/// How often it is looked whether something is to be told of devices that said more than their pace.
const LOOK: Duration = Duration::from_secs(1);

/// What every worker needs.
#[derive(Clone)]
pub(crate) struct Bench {
    pub sealer: Arc<Sealer>,
    pub rules: Arc<CorridorRules>,
    pub in_force: InForce,
    pub misreads: Misreads,
    pub pace: DevicePace,
    pub clock: Arc<dyn Clock>,
    pub queue: Arc<Queue>,
    pub inbox: Inbox,
}

/// Takes one adapter's offers until its door closes.
pub(crate) async fn run(
    bench: Bench,
    source: Source,
    mut offers: mpsc::Receiver<Offer>,
    workers: usize,
) {
    let mut tasks = JoinSet::new();
    let mut doors = Vec::new();
    for _ in 0..workers.max(1) {
        let (door, waiting) = mpsc::channel(WAITING_MAX);
        doors.push(door);
        tasks.spawn(work(bench.clone(), source.clone(), waiting));
    }
    let mut is_closing = false;
    loop {
        let offered = tokio::select! {
            offered = offers.recv() => offered,
            () = source.closing.wait(), if !is_closing => {
                offers.close();
                is_closing = true;
                continue;
            }
        };
        let Some(offer) = offered else { break };
        let mut hasher = DefaultHasher::new();
        offer.reading.device.hash(&mut hasher);
        let count = u64::try_from(doors.len()).unwrap_or(1).max(1);
        let which = usize::try_from(hasher.finish() % count).unwrap_or(0);
        if let Some(door) = doors.get(which)
            && door.send((offer, Instant::now())).await.is_err()
        {
            break;
        }
    }
    drop(doors);
    while tasks.join_next().await.is_some() {}
}

async fn work(bench: Bench, source: Source, mut waiting: mpsc::Receiver<(Offer, Instant)>) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let works = tokio::select! {
            offered = waiting.recv() => match offered {
                Some((offer, since)) => bench.reading(&source, offer, since),
                None => return,
            },
            _ = look.tick() => {
                let due = bench.pace.due(bench.clock.now()).into_iter();
                due.filter_map(|beyond| bench.told(&source, beyond)).collect()
            }
        };
        // When the queue is closed the answer is dropped with the work, which tells the adapter.
        for work in works {
            if bench.queue.push(work).await.is_err() {
                return;
            }
        }
    }
}

impl Bench {
    fn corridor<'a>(&'a self, terms: &'a Terms) -> Corridor<'a> {
        Corridor {
            rules: &self.rules,
            terms,
            sealer: &self.sealer,
            now: self.clock.now(),
        }
    }

    /// What an offer is for the sequencer. What is beyond its device's pace is answered here.
    fn reading(&self, source: &Source, offer: Offer, since: Instant) -> Vec<Work> {
        let cause = offer.cause;
        let terms = self.in_force.now();
        let corridor = self.corridor(&terms);
        let named = &offer.reading.device;
        let reading = &*source.named(&offer.reading, terms.authority.plan());
        let partner = source.partner.as_ref();
        let mut sealed = seal_reading((reading, named), partner, cause, &self.misreads, corridor);
        let who = whose(&reading.device, partner, &terms.authority);
        self.pace
            .go_by(terms.authority.settings().device_alarms_a_minute);
        let now = corridor.now;
        // What came of an order is no word of a device's own.
        if cause == 0
            && !self
                .pace
                .takes(&source.name, &who, sealed.as_ref().ok(), now)
        {
            let told = self.pace.count(&who, sealed.ok(), now);
            let _ = offer.answer.send(Err(fault(DEVICE_PACED).at(who)));
            let told = told.and_then(|beyond| self.told(source, beyond));
            return told.into_iter().collect();
        }
        if let Ok(sealed) = &mut sealed {
            self.inbox.look(sealed.messages.iter_mut());
        }
        vec![Work::Reading(ReadingWork {
            source: Arc::clone(&source.name),
            sealed,
            answer: offer.answer,
            since,
        })]
    }

    /// What the journal is told of a device beyond its pace: the newest of its worst alarms, to be counted in
    /// one, or that something was counted.
    fn told(&self, source: &Source, beyond: Beyond) -> Option<Work> {
        let Beyond { who, count, worst } = beyond;
        let words = beyond_words(&who, count);
        let sealed = match worst.map(|worst| worst.counted(&who, &words, &self.sealer)) {
            Some(Ok(worst)) => Ok(SealedReading {
                messages: vec![worst],
                missed: Vec::new(),
            }),
            Some(Err(breach)) => {
                tracing::error!(%breach, who, "an alarm beyond a pace cannot be told");
                return None;
            }
            None => {
                let fault = fault(DEVICE_PACED).at(who).log(words);
                Err(RefusedDraft::new(
                    fault,
                    Offender::default(),
                    self.corridor(&self.in_force.now()),
                ))
            }
        };
        // Nobody waits for it: its device was answered.
        let (answer, _) = oneshot::channel();
        Some(Work::Reading(ReadingWork {
            source: Arc::clone(&source.name),
            sealed,
            answer,
            since: Instant::now(),
        }))
    }
}
