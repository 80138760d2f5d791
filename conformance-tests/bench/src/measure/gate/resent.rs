//! Batches that are sent again: what a known message costs beside a new one, and what it does to the
//! gates.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cordon_access::AccessConfig;
use cordon_flow::Submit;
use cordon_model::Message;
use cordon_security::wsse::{self, VerifiedEnvelope};
use tokio::task::spawn_blocking;
use tokio::time::interval;

use super::{Gates, give_grants};
use crate::fields::{grant_for, plate};
use crate::letters::submission;
use crate::park::{Park, now};
use crate::spread::percentile_ms;
use crate::{Goal, Outcome, Ratio, Row, Section, Size, Spread};

/// Messages of a batch, the most a submission may hold.
const BATCH: usize = 500;
/// Time between two batches beside the gates.
const EVERY: Duration = Duration::from_millis(250);

/// Measures new and repeated batches, then the gates without and with repeated batches beside them.
pub async fn measure(park: &Park, size: &Size) -> Outcome<Section> {
    let gates = Gates::start(park, "resent", AccessConfig::default()).await?;
    let vehicles = size.letters.min(80_000);
    give_grants(park, &gates.hub, vehicles).await?;
    let submit = gates.hub.submit();
    let (mut batches, mut new, mut again) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..size.rounds {
        let messages = batch(park, vehicles + round * BATCH)?;
        new.push(took(&submit, envelope(park, &messages)?, false).await?);
        again.push(took(&submit, envelope(park, &messages)?, true).await?);
        batches.push(messages);
    }
    let ratios = new.iter().zip(&again);
    let ratios = Spread::of(ratios.map(|(new, again)| again.as_secs_f64() / new.as_secs_f64()));

    // Signed before: what a partner does is not done on the hub's processors.
    let count = (size.window * 2).as_millis() / EVERY.as_millis();
    let letters = batches.iter().cycle().take(usize::try_from(count)?);
    let letters: Vec<Bytes> = letters
        .map(|messages| submission(&park.p256, messages))
        .collect::<Outcome<_>>()?;

    let (mut first, mut second) = gates.traffic(vehicles).halves();
    let quiet = first.run(0, size.window).await?;
    let sent = letters.len();
    let resending = async {
        let mut tick = interval(EVERY);
        for letter in letters {
            tick.tick().await;
            took(&submit, verified_aside(park, letter).await?, true).await?;
        }
        Outcome::Ok(())
    };
    let (busy, resent) = tokio::join!(second.run(0, size.window * 2), resending);
    resent?;
    let busy = busy?;
    gates.hub.shutdown().await?;

    let p99 = |steps: Vec<super::Step>| {
        let mut durable: Vec<Duration> = steps.into_iter().map(|(durable, _)| durable).collect();
        percentile_ms(&mut durable, 99)
    };
    let (quiet, busy) = (p99(quiet.steps), p99(busy.steps));
    let micros = |times: &[Duration]| {
        let per_message = |time: &Duration| time.as_secs_f64() * 1e6 / BATCH as f64;
        Spread::of(times.iter().map(per_message)).median
    };
    Ok(Section {
        title: "Batches sent again",
        about: format!(
            "Submissions of {BATCH} grants, signed anew with the same message ids. Clock of the first line: from the \
             verified envelope to the receipts of all its messages. Then the lanes of the gate decisions, first alone, then \
             with a batch sent again every {} ms ({sent} in all), signed before and verified on a thread aside, as the \
             hub does.",
            EVERY.as_millis()
        ),
        rows: vec![
            Row::figure("a message sent again", micros(&again), "µs")
                .beside("a new one", micros(&new), "µs")
                .ratio(Ratio::Times(ratios))
                .goal(Goal::RatioAtMost(1.0)),
            Row::figure("command durable beside batches sent again, p99", busy, "ms")
                .beside("without them", quiet, "ms")
                .ratio(Ratio::Times(Spread::single(busy / quiet)))
                .goal(Goal::RatioAtMost(3.0)),
        ],
    })
}

/// New grants for vehicles that do not come.
fn batch(park: &Park, from: usize) -> Outcome<Vec<Message>> {
    (from..from + BATCH)
        .map(|number| grant_for(plate(number)?, &park.p256.id, now()))
        .collect()
}

fn envelope(park: &Park, messages: &[Message]) -> Outcome<VerifiedEnvelope> {
    let letter = submission(&park.p256, messages)?;
    let policy = park.policy()?;
    Ok(wsse::verify(
        Vec::from(letter),
        &park.trust,
        &policy,
        now(),
    )?)
}

/// Verifies a letter where it keeps no thread of the hub.
async fn verified_aside(park: &Park, letter: Bytes) -> Outcome<VerifiedEnvelope> {
    let (trust, policy) = (Arc::clone(&park.trust), park.policy()?);
    let verify = move || wsse::verify(Vec::from(letter), &trust, &policy, now());
    Ok(spawn_blocking(verify).await??)
}

/// The time until every message has its receipt.
async fn took(submit: &Submit, envelope: VerifiedEnvelope, repeated: bool) -> Outcome<Duration> {
    let begun = Instant::now();
    let answers = submit.submit(envelope).await?;
    let took = begun.elapsed();
    for answer in answers {
        if answer?.duplicate != repeated {
            return Err("a message was not recognised for what it is".into());
        }
    }
    Ok(took)
}
