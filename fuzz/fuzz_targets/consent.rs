#![no_main]

#[path = "../checks/consent.rs"]
mod consent;

libfuzzer_sys::fuzz_target!(|data: &[u8]| consent::check(data));
