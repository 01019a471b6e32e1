//! This crate over real sockets: one binary, one module per door.

#![allow(
    clippy::unwrap_used,
    reason = "in a test, a set-up that fails is a test that fails"
)]

mod admission;
mod client;
mod config;
mod descriptors;
mod drain;
mod feed;
mod guard;
mod host;
mod limits;
mod ops;
mod secured;
mod smuggling;
mod support;
