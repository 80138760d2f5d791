//! Reports from made journals: golden documents, the reference, versions, restarts, damage, and a naive count.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code"
)]

mod documents;
mod held_up;
mod kept;
mod made;
mod naive;
mod outage;
mod raised;
mod reference;
mod versions;
mod wrong_clock;

/// Compares a text with the committed file; with `UPDATE_GOLDEN` the file is written anew.
fn committed(file: &std::path::Path, text: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(file, text).unwrap();
    }
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    let name = file.display();
    assert!(
        committed == text,
        "{name} changed; look at it, then run with UPDATE_GOLDEN=1:\n{text}"
    );
}
