#![no_main]

#[path = "../checks/vast.rs"]
mod vast;

libfuzzer_sys::fuzz_target!(|data: &[u8]| vast::check(data));
