//! Fuzzes `modbus_profile`: see `conformance-tests/decoders`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (cordon_decoders::decoder("modbus_profile").read)(bytes));
