//! Fuzzes `wsse_verify`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("wsse_verify").read)(bytes));
