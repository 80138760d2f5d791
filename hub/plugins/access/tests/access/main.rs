//! The plug-in from entries in to decisions out, with hand-written rules; the real rule set is
//! driven in `hub/rules/tests/lanes.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

mod away;
mod behind;
mod both_ways;
mod by_hand;
mod deciding;
mod emergencies;
mod evacuated;
mod fallen;
mod held_over;
mod late_rise;
mod looks;
mod owned_places;
mod park;
mod parks_word;
mod passages;
mod properties;
mod rescue;
mod rescue_waits;
mod shares;
mod stays;
mod stepped;
mod stored;
mod words;
