//! Fuzzes `spool_lines`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("spool_lines").read)(bytes));
