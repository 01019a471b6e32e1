//! What fuzzing found worth keeping, replayed: any bytes give a value or an error.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    unreachable_pub,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "checks of fuzzing fail by panicking"
)]

#[path = "../../../fuzz/checks/consent.rs"]
mod consent;
#[path = "../../../fuzz/checks/convert.rs"]
mod convert;
#[path = "../../../fuzz/checks/macros.rs"]
mod macros;
#[path = "../../../fuzz/checks/native.rs"]
mod native;
#[path = "../../../fuzz/checks/replay.rs"]
mod replay;
#[path = "../../../fuzz/checks/request.rs"]
mod request;
#[path = "../../../fuzz/checks/response.rs"]
mod response;
#[path = "../../../fuzz/checks/validate.rs"]
mod validate;

#[path = "../../../fuzz/checks/vast.rs"]
mod vast;

use replay::replay;

#[test]
fn requests() {
    replay("request", request::check);
}

#[test]
fn responses() {
    replay("response", response::check);
}

#[test]
fn native_pairs() {
    replay("native", native::check);
}

#[test]
fn consent_strings() {
    replay("consent", consent::check);
}

#[test]
fn macros_of_markup() {
    replay("macros", macros::check);
}

#[test]
fn vast_documents() {
    replay("vast", vast::check);
}

/// The corpora of messages serve the validator and the conversion as well: they read the same bytes.
#[test]
fn validation() {
    for target in ["request", "response", "validate"] {
        replay(target, validate::check);
    }
}

#[test]
fn conversion() {
    for target in ["request", "response", "validate", "convert"] {
        replay(target, convert::check);
    }
}
