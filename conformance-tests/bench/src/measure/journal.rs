//! The journal alone: syncs per batch, bytes per payload byte, a batch against a raw sync.

use std::sync::Arc;

use cordon_journal::disk::RealDisk;
use cordon_journal::{Counters, probe};

use crate::park::Park;
use crate::{Goal, Outcome, Ratio, Row, Section, Size, Spread};

/// Records in a batch and bytes in a record's body: one everyday submission, and a busy second.
const SHAPES: [(usize, usize); 3] = [(1, 4_500), (16, 4_500), (64, 1_400)];

/// Appends batches of each shape beside raw writes of as many bytes.
pub fn measure(park: &Park, size: &Size) -> Outcome<Section> {
    let mut rows = Vec::new();
    for (records, body) in SHAPES {
        let shape = format!("{records} × {body} bytes");
        let series = series(park, records, body, size)?;
        let counters = series.counters;
        rows.push(
            Row::figure(
                format!("batch of {shape}, median"),
                series.batch.median,
                "ms",
            )
            .beside("raw write and fdatasync", series.raw.median, "ms")
            .ratio(Ratio::Times(series.times)),
        );
        rows.push(
            Row::figure(
                format!("syncs for batches of {shape}"),
                (counters.batch_syncs + counters.other_syncs) as f64,
                "syncs",
            )
            .beside("batches", counters.batches as f64, "batches")
            .ratio(Ratio::Times(Spread::single(counters.syncs_per_batch())))
            .goal(Goal::RatioAtMost(1.02)),
        );
        rows.push(
            Row::figure(
                format!("bytes written for batches of {shape}"),
                counters.file_bytes as f64,
                "bytes",
            )
            .beside("payload", counters.payload_bytes as f64, "bytes")
            .ratio(Ratio::Times(Spread::single(
                counters.bytes_per_payload_byte(),
            )))
            .goal(Goal::RatioAtMost(1.15)),
        );
    }
    Ok(Section {
        title: "Journal",
        about: "The journal without a hub, counted by the journal itself; the next segment's \
                preparation is counted too, opening the journal is not. Rounds of raw writes and of \
                appended batches take turns on the same disk."
            .to_owned(),
        rows,
    })
}

struct Series {
    counters: Counters,
    batch: Spread,
    raw: Spread,
    times: Spread,
}

fn series(park: &Park, records: usize, body: usize, size: &Size) -> Outcome<Series> {
    let mut journal = park.journal(&format!("bare-{records}-{body}"), Arc::new(RealDisk))?;
    let before = journal.counters();
    let (mut batch, mut raw, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..size.rounds {
        let bound = probe::raw_sync_rate(park.folder(), records * body, size.batches)?;
        let appended = probe::append_rate(&mut journal, size.batches, records, body)?;
        let (one, other) = (appended.batches.p50.as_secs_f64(), bound.p50.as_secs_f64());
        batch.push(one * 1_000.0);
        raw.push(other * 1_000.0);
        times.push(one / other);
    }
    Ok(Series {
        counters: journal.counters().since(&before),
        batch: Spread::of(batch),
        raw: Spread::of(raw),
        times: Spread::of(times),
    })
}
