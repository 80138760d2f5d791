//! Fuzzes `mqtt_publish`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("mqtt_publish").read)(bytes));
