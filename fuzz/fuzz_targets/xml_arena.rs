//! Fuzzes `xml_arena`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("xml_arena").read)(bytes));
