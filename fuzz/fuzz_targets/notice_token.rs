#![no_main]

#[path = "../checks/notice_token.rs"]
mod notice_token;

libfuzzer_sys::fuzz_target!(|data: &[u8]| notice_token::check(data));
