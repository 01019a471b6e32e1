#![no_main]

#[path = "../checks/native.rs"]
mod native;

libfuzzer_sys::fuzz_target!(|data: &[u8]| native::check(data));
