//! Fuzzes `soap_envelope`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("soap_envelope").read)(bytes));
