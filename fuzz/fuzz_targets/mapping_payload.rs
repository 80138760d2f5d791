//! Fuzzes `mapping_payload`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("mapping_payload").read)(bytes));
