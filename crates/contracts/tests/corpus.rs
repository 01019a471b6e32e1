//! What fuzzing found worth keeping, replayed: a token that nobody signed is refused (R7).

#![allow(
    clippy::expect_used,
    unreachable_pub,
    clippy::panic,
    reason = "checks of fuzzing fail by panicking"
)]

#[path = "../../../fuzz/checks/notice_token.rs"]
mod notice_token;
#[path = "../../../fuzz/checks/replay.rs"]
mod replay;

#[test]
fn tokens() {
    replay::replay("notice_token", notice_token::check);
}
