//! Signature verification: the whole profile against the public-key operation alone.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use cordon_security::wsse::{self, Policy};

use crate::clock::thread_time;
use crate::letters::{letters, mean_bytes};
use crate::park::{Park, Partner, now};
use crate::raw_verify::RawVerify;
use crate::{Goal, Outcome, Ratio, Row, Section, Size, Spread};

/// Letters of one turn; raw and full take turns, so that a noisy moment hits both.
const TURN: usize = 25;

/// Measures both algorithms on one thread.
pub fn measure(park: &Park, size: &Size) -> Outcome<Section> {
    let mut rows = Vec::new();
    let mut sizes = Vec::new();
    for (name, partner, goal) in [("P-256", &park.p256, 0.70), ("RSA-2048", &park.rsa, 0.50)] {
        let letters = letters(partner, size.letters, 1)?;
        sizes.push(format!("{name} {} bytes", mean_bytes(&letters)));
        let compared = compare(park, partner, &letters, size.rounds)?;
        rows.push(
            Row::figure(
                format!("verify a signed submission, {name}"),
                compared.full,
                "verifications/s",
            )
            .beside("raw public-key verify", compared.raw, "verifications/s")
            .ratio(Ratio::Share(compared.share))
            .goal(Goal::RatioAtLeast(goal)),
        );
    }
    Ok(Section {
        title: "Signature verification",
        about: format!(
            "One thread, processor time. Full: bytes in, `VerifiedEnvelope` out (parse, profile, \
             identifiers, time, certificate from the cache, canonical form, digests, signature, role, \
             replay memory) and let go again. Raw: the public-key operation with its hash over the same \
             `SignedInfo`, key parsed beforehand. One submission holds one message: {}.",
            sizes.join(", ")
        ),
        rows,
    })
}

/// Rates per second of processor time, and raw time by full time.
pub struct Compared {
    pub raw: f64,
    pub full: f64,
    pub share: Spread,
}

/// Compares in `rounds` rounds over all letters.
pub fn compare(
    park: &Park,
    partner: &Partner,
    letters: &[Bytes],
    rounds: usize,
) -> Outcome<Compared> {
    let raw = RawVerify::of(partner, letters)?;
    // Once unmeasured: the certificate gets into the cache, the code into the processor's.
    full(park, letters, 0..letters.len().min(TURN), &park.policy()?)?;
    let mut shares = Vec::new();
    let (mut raw_all, mut full_all) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..rounds {
        let policy = park.policy()?;
        let (mut raw_time, mut full_time) = (Duration::ZERO, Duration::ZERO);
        for from in (0..letters.len()).step_by(TURN) {
            let turn = from..letters.len().min(from + TURN);
            let (good, time) = thread_time(|| raw.check(turn.clone()));
            if good != turn.len() {
                return Err("a raw signature is not good".into());
            }
            raw_time += time;
            full_time += full(park, letters, turn, &policy)?;
        }
        shares.push(raw_time.as_secs_f64() / full_time.as_secs_f64());
        raw_all += raw_time;
        full_all += full_time;
    }
    let count = (letters.len() * rounds) as f64;
    Ok(Compared {
        raw: count / raw_all.as_secs_f64(),
        full: count / full_all.as_secs_f64(),
        share: Spread::of(shares),
    })
}

/// Processor time of verifying a turn of letters; copying them is not part of it.
fn full(park: &Park, letters: &[Bytes], turn: Range<usize>, policy: &Policy) -> Outcome<Duration> {
    let copies: Vec<Vec<u8>> = letters
        .get(turn)
        .unwrap_or_default()
        .iter()
        .map(|letter| letter.to_vec())
        .collect();
    let at = now();
    let (result, time) = thread_time(|| {
        copies
            .into_iter()
            .try_for_each(|copy| wsse::verify(copy, &park.trust, policy, at).map(drop))
    });
    result?;
    Ok(time)
}
