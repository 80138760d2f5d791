//! Fuzzes `xmldsig_verify`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("xmldsig_verify").read)(bytes));
