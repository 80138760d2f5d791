//! What the console says is so, from its first answer on and while nothing happens.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use cordon_interop::Park;

/// The value of a metric without labels.
fn metric(park: &Park, name: &str) -> u64 {
    let text = park.get("/metrics").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let value = line.unwrap_or_else(|| panic!("{name} is not there: {text}"));
    value.trim().parse().unwrap()
}

/// Rounds of the core that found nothing to record were counted: 105 batches a second on an idle park.
#[test]
fn a_batch_is_counted_only_when_something_was_written() {
    let park = Park::start();
    // A start writes seven entries at most, in batches of its own; the rest are ticks, one a second.
    let begun = metric(&park, "cordon_journal_entries ");
    park.until("the park was idle for a tick", || {
        metric(&park, "cordon_journal_entries ") >= begun + 8
    });
    // Asked for first: entries that come in between make no difference.
    let batches = metric(&park, "cordon_batches_total ");
    let entries = metric(&park, "cordon_journal_entries ");
    assert!(
        (1..=entries).contains(&batches),
        "{batches} batches, {entries} entries"
    );
}
