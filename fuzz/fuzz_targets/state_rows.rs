//! Fuzzes `state_rows`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("state_rows").read)(bytes));
