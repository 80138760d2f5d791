//! Fuzzes `state_checkpoint`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("state_checkpoint").read)(bytes));
