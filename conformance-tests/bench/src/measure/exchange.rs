//! The whole signed path: mutual TLS, verification, durable journal, signed receipts.

pub mod hostile;
mod load;
mod server;

use std::sync::Arc;
use std::time::Duration;

use cordon_journal::disk::RealDisk;
use cordon_journal::probe;
use cordon_security::wsse::{self, SoapVersion};

use self::load::Load;
use self::server::Served;
use super::verify;
use crate::clock::thread_time;
use crate::letters::{letters, mean_bytes};
use crate::park::{Park, now};
use crate::{Goal, Outcome, Ratio, Row, Section, Size, Spread, machine};

/// One load step.
struct Plan {
    clients: usize,
    /// Messages in a submission.
    messages: usize,
    /// Submissions at most, in tenths of the run's letters.
    tenths: usize,
}

const STEPS: [Plan; 5] = [
    plan(1, 1, 10),
    plan(8, 1, 60),
    plan(32, 1, 80),
    plan(4, 10, 20),
    plan(4, 100, 2),
];

const fn plan(clients: usize, messages: usize, tenths: usize) -> Plan {
    Plan {
        clients,
        messages,
        tenths,
    }
}

/// Runs every step over one hub and one port.
pub async fn measure(park: &Park, size: &Size) -> Outcome<Section> {
    let sample = letters(&park.p256, size.letters.min(200), 1)?;
    let bytes = mean_bytes(&sample);
    let before = probe::raw_sync_rate(park.folder(), bytes, size.syncs)?;
    let verify = verify::compare(park, &park.p256, &sample, 2)?;
    let sign = sign_seconds(park, size)?;
    let cores = machine::cores() as f64;
    let crypto = cores / (1.0 / verify.raw + sign.raw);

    let hub = Arc::new(
        park.start("exchange", Arc::new(RealDisk), Vec::new(), Vec::new())
            .await?,
    );
    let served = Served::start(park, "exchange", Arc::clone(&hub)).await?;
    let mut rows = Vec::new();
    let (mut batches, mut busy) = (0, Duration::ZERO);
    for step in &STEPS {
        let (clients, messages) = (step.clients, step.messages);
        let count = (size.letters * step.tenths / 10).max(clients);
        let load = Load::sign(&park.p256, count, messages)?;
        let counters = hub.journal_counters();
        let ran = load.run(&served, clients, size.window).await?;
        let added = hub.journal_counters().since(&counters);
        if clients > 1 && messages == 1 {
            batches += added.batches;
            busy += ran.wall;
        }
        rows.extend(ran.rows(clients, messages, crypto));
        rows.push(
            Row::figure(
                format!("{} syncs", words(clients, messages)),
                (added.batch_syncs + added.other_syncs) as f64,
                "syncs",
            )
            .beside("messages", ran.messages as f64, "messages")
            .ratio(Ratio::Times(Spread::single(
                added.syncs_per_batch() * added.batches as f64 / ran.messages as f64,
            ))),
        );
    }
    let all = hub.journal_counters();
    served.stop().await;
    let hub = Arc::into_inner(hub).ok_or("somebody still holds the hub")?;
    hub.shutdown().await?;

    let after = probe::raw_sync_rate(park.folder(), bytes, size.syncs)?;
    let syncs = Spread::of([before.per_second(), after.per_second()]);
    rows.extend([
        Row::figure(
            "bound: raw P-256 verify, one core",
            verify.raw,
            "verifications/s",
        ),
        Row::figure(
            "bound: raw P-256 sign, one core",
            1.0 / sign.raw,
            "signatures/s",
        ),
        Row::figure(
            "the hub's signed answer with one receipt, one core",
            1.0 / sign.full,
            "answers/s",
        )
        .beside("raw P-256 sign", 1.0 / sign.raw, "signatures/s")
        .ratio(Ratio::Share(Spread::single(sign.raw / sign.full))),
        Row::figure(
            "durable batches under single submissions, many clients",
            batches as f64 / busy.as_secs_f64(),
            "batches/s",
        )
        .beside("raw write and fdatasync", syncs.median, "syncs/s")
        .ratio(Ratio::Share(Spread::of(
            [syncs.max, syncs.min].map(|rate| batches as f64 / busy.as_secs_f64() / rate),
        ))),
        Row::figure(
            "syncs of the hub's journal, all steps",
            (all.batch_syncs + all.other_syncs) as f64,
            "syncs",
        )
        .beside("batches", all.batches as f64, "batches")
        .ratio(Ratio::Times(Spread::single(all.syncs_per_batch())))
        .goal(Goal::RatioAtMost(1.02)),
        Row::figure(
            "bytes written by the hub's journal, all steps",
            all.file_bytes as f64,
            "bytes",
        )
        .beside("payload", all.payload_bytes as f64, "bytes")
        .ratio(Ratio::Times(Spread::single(all.bytes_per_payload_byte())))
        .goal(Goal::RatioAtMost(1.15)),
    ]);
    Ok(Section {
        title: "Signed path over HTTPS, durable journal, signed receipts",
        about: format!(
            "The exchange port of a hub with its defaults, TLS 1.3 with certificates on both sides over \
             loopback, one connection for each client kept open. Submissions ({bytes} bytes with one \
             message) were signed beforehand; clients send, read the whole answer, and every answer's \
             signature and receipts are checked after the clock has stopped. Hub and clients share the \
             {} cores. The bound is what those cores could do if a submission cost one raw P-256 \
             verification and one raw P-256 signature and nothing else.",
            machine::cores()
        ),
        rows,
    })
}

/// How a step is called.
fn words(clients: usize, messages: usize) -> String {
    let clients = match clients {
        1 => "1 client".to_owned(),
        many => format!("{many} clients"),
    };
    match messages {
        1 => format!("{clients}, single messages:"),
        many => format!("{clients}, batches of {many}:"),
    }
}

struct SignSeconds {
    raw: f64,
    full: f64,
}

/// Processor seconds of a raw signature and of a whole signed answer.
fn sign_seconds(park: &Park, size: &Size) -> Outcome<SignSeconds> {
    const RECEIPT: &str =
        include_str!("../../../../schemas/examples/valid/service-submit-messages-response.xml");
    let signer = &park.hub.signer;
    let (raw, raw_time) = thread_time(|| {
        (0..size.letters).try_for_each(|_| signer.sign(RECEIPT.as_bytes()).map(drop))
    });
    raw?;
    let (full, full_time) = thread_time(|| {
        (0..size.letters)
            .try_for_each(|_| wsse::sign(signer, SoapVersion::V12, [], RECEIPT, now()).map(drop))
    });
    full?;
    let count = size.letters as f64;
    Ok(SignSeconds {
        raw: raw_time.as_secs_f64() / count,
        full: full_time.as_secs_f64() / count,
    })
}
