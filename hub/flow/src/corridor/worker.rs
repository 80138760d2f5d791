//! The workers of the reading door: several for each adapter, bounded, and in order for a device.
//!
//! Each adapter has workers and queues of its own, so that a device that floods fills only its own
//! adapter's queue and then waits (I10).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

use cordon_contract::{Clock, Offer};
use cordon_mapping::Mappings;
use cordon_model::PartyId;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::mapped::seal_reading;
use super::rules::{Corridor, CorridorRules};
use crate::authority::Authority;
use crate::inbox::Inbox;
use crate::misread::Misreads;
use crate::queue::Queue;
use crate::sealer::Sealer;
use crate::work::{ReadingWork, Work};

/// Offers waiting in front of one worker.
const WAITING_MAX: usize = 64;

/// What every worker needs.
#[derive(Clone)]
pub(crate) struct Bench {
    pub sealer: Arc<Sealer>,
    pub rules: Arc<CorridorRules>,
    pub authority: Arc<Authority>,
    pub mappings: Arc<Mappings>,
    pub misreads: Misreads,
    pub clock: Arc<dyn Clock>,
    pub queue: Arc<Queue>,
    pub inbox: Inbox,
}

/// Where one adapter's readings come from.
#[derive(Clone)]
pub(crate) struct Source {
    /// The instance's name, for counters.
    pub name: Arc<str>,
    /// The enterprise in whose name it speaks; `None` when each device speaks for itself.
    pub partner: Option<PartyId>,
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
    while let Some(offer) = offers.recv().await {
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
    while let Some((offer, since)) = waiting.recv().await {
        let corridor = Corridor {
            rules: &bench.rules,
            authority: &bench.authority,
            sealer: &bench.sealer,
            now: bench.clock.now(),
        };
        let partner = source.partner.as_ref();
        let (reading, cause) = (&offer.reading, offer.cause);
        let (mappings, misreads) = (&bench.mappings, &bench.misreads);
        let mut sealed = seal_reading(reading, partner, cause, mappings, misreads, corridor);
        if let Ok(sealed) = &mut sealed {
            bench.inbox.look(sealed.messages.iter_mut());
        }
        let work = Work::Reading(ReadingWork {
            source: Arc::clone(&source.name),
            sealed,
            answer: offer.answer,
            since,
        });
        // When the queue is closed the answer is dropped with the work, which tells the adapter.
        if bench.queue.push(work).await.is_err() {
            break;
        }
    }
}
