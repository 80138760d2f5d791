//! Long crash run on the simulated disk: `cargo run --release -p cordon-journal --example crash -- 100000 1`
//! (power cuts, seed). Ends with the counts, or panics naming the seed that broke a promise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

#[path = "../tests/crash/mod.rs"]
mod crash;

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .filter_map(|text| text.parse().ok());
    let cuts = arguments.next().unwrap_or(100_000);
    let seed = arguments.next().unwrap_or(1);
    let begun = std::time::Instant::now();
    let outcome = crash::run(seed, cuts);
    println!("{outcome:#?}\n{:.1} s", begun.elapsed().as_secs_f64());
}
