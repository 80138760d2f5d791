//! Fuzzes `settings_toml`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("settings_toml").read)(bytes));
