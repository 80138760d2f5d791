//! Benchmarks that write `docs/benchmarks.md`.
//!
//! Every figure stands beside a bound measured in the same run: a raw public-key operation, a raw
//! `fdatasync`. Ratios survive a busy machine, absolute rates do not. What is compared with what,
//! and why, is in `docs/design/benchmarks.md`. Run it as `cargo xtask bench`.

mod clock;
mod fields;
mod letters;
mod machine;
mod measure;
mod page;
mod park;
mod plan;
mod raw_verify;
mod size;
mod spread;
mod table;
mod unsynced;

pub use machine::{Machine, load};
pub use measure::{Measure, run};
pub use page::{json, markdown};
pub use size::Size;
pub use spread::Spread;
pub use table::{Amount, Goal, Ratio, Row, Section, Verdict};

/// What a measurement gives; it fails in words and never with a made-up figure.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
