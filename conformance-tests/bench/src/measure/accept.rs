//! Accepted end to end without syncs, against raw verification: on one core up to the journal's
//! thread, and by the whole hub on as many threads as the machine has.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::crowd::{CLIENTS, Crowd, Door};
use crate::clock::{Spent, Watch, thread_time};
use crate::letters::letters;
use crate::park::{Park, Partner};
use crate::raw_verify::RawVerify;
use crate::unsynced::UnsyncedDisk;
use crate::{Goal, Outcome, Ratio, Row, Section, Size, Spread, machine};

/// Measures both algorithms.
pub async fn measure(park: &Park, size: &Size) -> Outcome<Section> {
    let mut rows = Vec::new();
    for (name, partner, goal) in [("P-256", &park.p256, 0.50), ("RSA-2048", &park.rsa, 0.30)] {
        let rounds = rounds(park, partner, size).await?;
        let wall = Spread::of(rounds.iter().map(|it| ratio(it.raw.wall, it.hub.wall)));
        let cpu = Spread::of(rounds.iter().map(|it| ratio(it.raw.cpu, it.hub.cpu)));
        let core = Spread::of(rounds.iter().map(|it| ratio(it.raw_core, it.hub_core)));
        let rate = |spent: fn(&Round) -> Duration| {
            let seconds: f64 = rounds.iter().map(|round| spent(round).as_secs_f64()).sum();
            (rounds.len() * size.letters) as f64 / seconds
        };
        let row = |what, hub, bound, raw, share| {
            Row::figure(format!("accepted, {name}, {what}"), hub, "messages/s")
                .beside(bound, raw, "verifications/s")
                .ratio(Ratio::Share(share))
                .goal(Goal::RatioAtLeast(goal))
        };
        rows.extend([
            row(
                "on one core up to the journal's thread",
                rate(|it| it.hub_core),
                "raw verify",
                rate(|it| it.raw_core),
                core,
            ),
            row(
                "whole hub by the clock",
                rate(|it| it.hub.wall),
                "raw verify on all cores",
                rate(|it| it.raw.wall),
                wall,
            ),
            row(
                "whole hub per second of processor time",
                rate(|it| it.hub.cpu),
                "raw verify",
                rate(|it| it.raw.cpu),
                cpu,
            ),
        ]);
    }
    Ok(Section {
        title: "Accepted end to end without syncs",
        about: format!(
            "From the bytes of a signed submission of one message to its receipt in canonical XML, \
             through verification, corridor, sequencer and a journal on the same disk that writes but \
             never syncs; {CLIENTS} submissions under way, hub with its defaults. Transport and the \
             signature on the answer are not part of it (they are in the next table). On one core: the \
             processor time of the one thread that verifies, reads strictly, hands over to the journal's \
             thread and writes the receipt, beside the public-key operation alone on that thread. Whole \
             hub: the sequencer with plug-ins, journal and state counted too, beside the public-key \
             operation alone on {} threads; by the clock for a quiet machine, by processor time for a \
             busy one.",
            machine::cores()
        ),
        rows,
    })
}

fn ratio(raw: Duration, hub: Duration) -> f64 {
    raw.as_secs_f64() / hub.as_secs_f64()
}

/// What raw verification and the hub spent on the same letters.
struct Round {
    /// On all threads.
    raw: Spent,
    /// The whole hub.
    hub: Spent,
    /// On one thread.
    raw_core: Duration,
    /// The thread that accepts, without those behind it.
    hub_core: Duration,
}

/// Measures round by round.
async fn rounds(park: &Park, partner: &Partner, size: &Size) -> Outcome<Vec<Round>> {
    let name = format!("accept-{}", partner.id);
    let disk = Arc::new(UnsyncedDisk);
    let hub = park.start(&name, disk, Vec::new(), Vec::new()).await?;
    let mut rounds = Vec::new();
    // The first round warms caches and is not kept.
    for round in 0..=size.rounds {
        let door = Arc::new(Door {
            submit: hub.submit(),
            trust: Arc::clone(&park.trust),
            policy: park.policy()?,
        });
        // Who goes first changes from round to round.
        let raw_first = round % 2 == 0;
        let (raw, letters) = signed(partner, size.letters)?;
        let (raw, hub) = if raw_first {
            let raw = verify(raw).await?;
            (raw, accept(&door, &letters).await?)
        } else {
            let hub = accept(&door, &letters).await?;
            (verify(raw).await?, hub)
        };
        let (one, letters) = signed(partner, size.letters)?;
        let work = move || on_one_core(raw_first, &one, Crowd::new(&door, &letters));
        let (raw_core, hub_core) = tokio::task::spawn_blocking(work).await??;
        if round > 0 {
            rounds.push(Round {
                raw,
                hub,
                raw_core,
                hub_core,
            });
        }
    }
    hub.shutdown().await?;
    Ok(rounds)
}

/// Fresh letters and their signatures.
fn signed(partner: &Partner, count: usize) -> Outcome<(Arc<RawVerify>, Vec<Bytes>)> {
    let letters = letters(partner, count, 1)?;
    Ok((Arc::new(RawVerify::of(partner, &letters)?), letters))
}

/// Processor time of this thread: for the public-key operation alone, and for accepting.
fn on_one_core(raw_first: bool, raw: &RawVerify, crowd: Crowd) -> Outcome<(Duration, Duration)> {
    let check = || match thread_time(|| raw.check(0..raw.len())) {
        (good, time) if good == raw.len() => Outcome::Ok(time),
        _ => Err("a raw signature is not good".into()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let accept = || {
        let (done, time) = thread_time(|| runtime.block_on(crowd.run()));
        done.map(|()| time)
    };
    if raw_first {
        Ok((check()?, accept()?))
    } else {
        let hub = accept()?;
        Ok((check()?, hub))
    }
}

/// The public-key operation alone, the letters shared among as many threads as the machine has.
async fn verify(raw: Arc<RawVerify>) -> Outcome<Spent> {
    let count = raw.len();
    let threads = machine::cores();
    let share = count.div_ceil(threads);
    let watch = Watch::start();
    let tasks: Vec<_> = (0..threads)
        .map(|thread| {
            let raw = Arc::clone(&raw);
            let some = (thread * share).min(count)..((thread + 1) * share).min(count);
            tokio::task::spawn_blocking(move || raw.check(some))
        })
        .collect();
    let mut good = 0;
    for task in tasks {
        good += task.await?;
    }
    let spent = watch.stop();
    if good == count {
        Ok(spent)
    } else {
        Err("a raw signature is not good".into())
    }
}

/// What the whole hub spends on all letters.
async fn accept(door: &Arc<Door>, letters: &[Bytes]) -> Outcome<Spent> {
    let crowd = Crowd::new(door, letters);
    let watch = Watch::start();
    crowd.run().await?;
    Ok(watch.stop())
}
