//! Clients that send letters signed beforehand, and check the answers afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cordon_model::service::Answer;
use cordon_security::wsse::{self, Policy};
use cordon_security::{Role, TrustStore};
use cordon_wire::service as wire;

use super::server::Served;
use super::words;
use crate::letters::letters;
use crate::park::{Partner, now};
use crate::spread::percentile_ms;
use crate::{Outcome, Ratio, Row, Spread};

/// Letters to be sent.
pub struct Load {
    letters: Arc<Vec<Bytes>>,
    messages: usize,
}

/// What came of a step.
pub struct Ran {
    /// Time from the first request to the last answer.
    pub wall: Duration,
    /// Messages with a receipt.
    pub messages: usize,
    submissions: usize,
    steps: Vec<Duration>,
}

impl Load {
    /// Signs `count` submissions of `messages` messages each.
    pub fn sign(partner: &Partner, count: usize, messages: usize) -> Outcome<Self> {
        Ok(Self {
            letters: Arc::new(letters(partner, count, messages)?),
            messages,
        })
    }

    /// Sends until the letters or the time are used up.
    pub async fn run(self, served: &Served, clients: usize, window: Duration) -> Outcome<Ran> {
        let mut links = Vec::new();
        for _ in 0..clients {
            // Each client has a connection of its own, opened before the clock runs.
            links.push(served.connect().await?);
        }
        let next = Arc::new(AtomicUsize::new(0));
        let begun = Instant::now();
        let tasks: Vec<_> = links
            .into_iter()
            .map(|link| {
                let (letters, next) = (Arc::clone(&self.letters), Arc::clone(&next));
                tokio::spawn(async move {
                    let mut answers = Vec::new();
                    while begun.elapsed() < window {
                        let Some(letter) = letters.get(next.fetch_add(1, Ordering::Relaxed)) else {
                            break;
                        };
                        let sent = Instant::now();
                        let answer = link.send(letter.clone()).await?;
                        answers.push((sent.elapsed(), answer));
                    }
                    Outcome::Ok(answers)
                })
            })
            .collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.extend(task.await??);
        }
        let wall = begun.elapsed();
        let mut messages = 0;
        for (_, answer) in &answers {
            messages += receipts(answer, &served.trust)?;
        }
        if messages != answers.len() * self.messages {
            return Err("a message got no receipt".into());
        }
        Ok(Ran {
            wall,
            messages,
            submissions: answers.len(),
            steps: answers.into_iter().map(|(step, _)| step).collect(),
        })
    }
}

/// Receipts in a signed answer; anything else than receipts is an error.
fn receipts(answer: &Bytes, trust: &TrustStore) -> Outcome<usize> {
    let policy = Policy::new(&[Role::Hub]).without_replay_guard();
    let verified = wsse::verify(answer.to_vec(), trust, &policy, now())?;
    let payload = verified.payload().ok_or("an empty answer")?;
    let response = wire::read_submit_messages_response(payload)?;
    for result in &response.result {
        if let Answer::Refusal(refusal) = &result.answer {
            return Err(format!("refused: {} {}", refusal.code, refusal.detail).into());
        }
    }
    Ok(response.result.len())
}

impl Ran {
    /// The time that `percent` of all submissions did not exceed.
    pub fn percentile_ms(&self, percent: usize) -> f64 {
        percentile_ms(&mut self.steps.clone(), percent)
    }

    /// The step's lines; `crypto` is how many submissions a second the raw operations allow.
    pub fn rows(&self, clients: usize, messages: usize, crypto: f64) -> Vec<Row> {
        let name = words(clients, messages);
        let rate = self.submissions as f64 / self.wall.as_secs_f64();
        let mut rows = vec![
            Row::figure(
                format!("{name} accepted"),
                self.messages as f64 / self.wall.as_secs_f64(),
                "messages/s",
            )
            .beside(
                "raw verify and sign",
                crypto * messages as f64,
                "messages/s",
            )
            .ratio(Ratio::Share(Spread::single(rate / crypto))),
        ];
        for percent in [50, 99] {
            rows.push(Row::figure(
                format!("{name} p{percent} of a submission"),
                self.percentile_ms(percent),
                "ms",
            ));
        }
        rows
    }
}
