#![no_main]

#[path = "../checks/macros.rs"]
mod macros;

libfuzzer_sys::fuzz_target!(|data: &[u8]| macros::check(data));
