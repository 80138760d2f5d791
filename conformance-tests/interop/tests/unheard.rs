//! The program's log lies on a disk that is full.
#![allow(clippy::unwrap_used, missing_docs, reason = "test code")]

use cordon_interop::{Lane, Park, change_config};

const OPEN: &str = r#"{"gate":"G-04","ordered_by":"duty officer","reason":"fire"}"#;

/// The first line that could not be written ended it, and every start after that.
#[test]
fn a_log_that_cannot_be_written_ends_nothing() {
    let lane = Lane::start();
    let mut park = Park::start_with(|data| {
        change_config(data, &[], &lane.section());
        let log = data.parent().unwrap().join("park.log");
        std::os::unix::fs::symlink("/dev/full", log).unwrap();
    });
    park.until_online("BR-06");
    let answer = park.post("/api/emergency-open", OPEN).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    lane.wait_until_up();
    park.kill_and_restart();
    park.wait_until_healthy();
    assert_eq!(park.terminate(), Some(0));
}
