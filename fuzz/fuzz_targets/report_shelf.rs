//! Fuzzes `report_shelf`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("report_shelf").read)(bytes));
