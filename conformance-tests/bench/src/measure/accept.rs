//! Accepted end to end without syncs, against raw verification on as many threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use cordon_flow::Submit;
use cordon_model::service::{Answer, SubmissionResult, SubmitMessagesResponse};
use cordon_security::TrustStore;
use cordon_security::wsse::{self, Policy};
use cordon_wire::service as wire;

use crate::clock::{Spent, Watch};
use crate::letters::letters;
use crate::park::{Park, Partner, now};
use crate::raw_verify::RawVerify;
use crate::unsynced::UnsyncedDisk;
use crate::{Goal, Outcome, Ratio, Row, Section, Size, Spread, machine};

/// Submissions under way at once.
const CLIENTS: usize = 64;

/// Measures both algorithms.
pub async fn measure(park: &Park, size: &Size) -> Outcome<Section> {
    let mut rows = Vec::new();
    for (name, partner, goal) in [("P-256", &park.p256, 0.50), ("RSA-2048", &park.rsa, 0.30)] {
        let rounds = rounds(park, partner, size).await?;
        let wall = Spread::of(rounds.iter().map(|(raw, hub)| ratio(raw.wall, hub.wall)));
        let cpu = Spread::of(rounds.iter().map(|(raw, hub)| ratio(raw.cpu, hub.cpu)));
        let rate = |spent: fn(&(Spent, Spent)) -> std::time::Duration| {
            let seconds: f64 = rounds.iter().map(|round| spent(round).as_secs_f64()).sum();
            (rounds.len() * size.letters) as f64 / seconds
        };
        rows.push(
            Row::figure(
                format!("accepted, {name}, by the clock"),
                rate(|(_, hub)| hub.wall),
                "messages/s",
            )
            .beside(
                "raw verify on all cores",
                rate(|(raw, _)| raw.wall),
                "verifications/s",
            )
            .ratio(Ratio::Share(wall))
            .goal(Goal::RatioAtLeast(goal)),
        );
        rows.push(
            Row::figure(
                format!("accepted, {name}, per second of processor time"),
                rate(|(_, hub)| hub.cpu),
                "messages/s",
            )
            .beside("raw verify", rate(|(raw, _)| raw.cpu), "verifications/s")
            .ratio(Ratio::Share(cpu))
            .goal(Goal::RatioAtLeast(goal)),
        );
    }
    Ok(Section {
        title: "Accepted end to end without syncs",
        about: format!(
            "From the bytes of a signed submission of one message to its receipt in canonical XML, \
             through verification, corridor, sequencer and a journal on the same disk that writes but \
             never syncs; {CLIENTS} submissions under way, hub with its defaults. Transport and the \
             signature on the answer are not part of it (they are in the next table). Raw: the \
             public-key operation alone on {} threads. The goal holds for both views: the clock on a quiet \
             machine, processor time on a busy one.",
            machine::cores()
        ),
        rows,
    })
}

fn ratio(raw: std::time::Duration, hub: std::time::Duration) -> f64 {
    raw.as_secs_f64() / hub.as_secs_f64()
}

/// What raw verification and the hub spent on the same letters, round by round.
async fn rounds(park: &Park, partner: &Partner, size: &Size) -> Outcome<Vec<(Spent, Spent)>> {
    let name = format!("accept-{}", partner.id);
    let disk = Arc::new(UnsyncedDisk);
    let hub = park.start(&name, disk, Vec::new(), Vec::new()).await?;
    let mut rounds = Vec::new();
    // The first round warms caches and is not kept.
    for round in 0..=size.rounds {
        let letters = letters(partner, size.letters, 1)?;
        let raw = Arc::new(RawVerify::of(partner, &letters)?);
        let letters = Arc::new(letters);
        let door = Arc::new(Door {
            submit: hub.submit(),
            trust: Arc::clone(&park.trust),
            policy: park.policy()?,
        });
        // Who goes first changes from round to round.
        let pair = if round % 2 == 0 {
            let raw = verify(raw, letters.len()).await?;
            (raw, accept(door, letters).await?)
        } else {
            let hub = accept(door, Arc::clone(&letters)).await?;
            (verify(raw, letters.len()).await?, hub)
        };
        if round > 0 {
            rounds.push(pair);
        }
    }
    hub.shutdown().await?;
    Ok(rounds)
}

/// The public-key operation alone, the letters shared among as many threads as the machine has.
async fn verify(raw: Arc<RawVerify>, count: usize) -> Outcome<Spent> {
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

/// The signed door without transport.
struct Door {
    submit: Submit,
    trust: Arc<TrustStore>,
    policy: Policy,
}

impl Door {
    /// Bytes in, receipt in canonical XML out.
    async fn accept(&self, letter: Bytes) -> Outcome<Vec<u8>> {
        let envelope = wsse::verify(Vec::from(letter), &self.trust, &self.policy, now())?;
        let answers = self.submit.submit(envelope).await?;
        let result = answers
            .into_iter()
            .zip(1..)
            .map(|(answer, index)| {
                let receipt = answer?.receipt(self.submit.park());
                Ok(SubmissionResult {
                    index,
                    answer: Answer::Receipt(receipt),
                })
            })
            .collect::<Outcome<_>>()?;
        Ok(wire::write_submit_messages_response(
            &SubmitMessagesResponse { result },
        )?)
    }
}

/// All letters through the door, some at once; every one must be accepted.
async fn accept(door: Arc<Door>, letters: Arc<Vec<Bytes>>) -> Outcome<Spent> {
    let next = Arc::new(AtomicUsize::new(0));
    let watch = Watch::start();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (door, letters, next) =
                (Arc::clone(&door), Arc::clone(&letters), Arc::clone(&next));
            tokio::spawn(async move {
                while let Some(letter) = letters.get(next.fetch_add(1, Ordering::Relaxed)) {
                    door.accept(letter.clone()).await?;
                }
                Outcome::Ok(())
            })
        })
        .collect();
    for client in clients {
        client.await??;
    }
    Ok(watch.stop())
}
