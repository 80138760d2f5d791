//! Fuzzes `journal_segment`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("journal_segment").read)(bytes));
