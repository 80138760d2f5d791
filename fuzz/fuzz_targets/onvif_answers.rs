//! Fuzzes `onvif_answers`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("onvif_answers").read)(bytes));
