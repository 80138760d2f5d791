//! Fuzzes `trust_papers`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("trust_papers").read)(bytes));
