#![no_main]

#[path = "../checks/convert.rs"]
mod convert;

libfuzzer_sys::fuzz_target!(|data: &[u8]| convert::check(data));
