//! Fuzzes `enterprise_webhook`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("enterprise_webhook").read)(bytes));
