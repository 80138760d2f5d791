//! Fuzzes `pulled_page`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("pulled_page").read)(bytes));
