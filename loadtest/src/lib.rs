//! Load generator, scripted DSPs and the reports about them.
//!
//! An open loop: [`pace`] yields due times, [`traffic`] the requests, [`driver`] obeys, and [`report`] tells
//! latencies from the instant each request was *due*, so that a stalled server cannot hide.

#![deny(missing_docs)]

mod command;
pub mod driver;
pub mod echo;
pub mod pace;
pub mod partners;
pub mod report;
pub mod rng;
pub mod scenario;
pub mod traffic;

pub use command::{Args, Outcome, Target, run};
