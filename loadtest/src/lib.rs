//! Load generator, scripted DSPs and the reports about them.
//!
//! An open loop: [`pace`] yields due times, [`traffic`] the requests, [`driver`] obeys, and [`report`] tells
//! latencies from the instant each request was *due*, so that a stalled server cannot hide. Beside it a closed
//! loop for what a server can do at most ([`saturate`]), and a whole market of a seed ([`seeded`]).

#![deny(missing_docs)]

pub mod awake;
mod bench;
mod command;
pub mod cpu;
pub mod driver;
pub mod echo;
pub mod notices;
pub mod pace;
pub mod partners;
pub mod report;
pub mod rng;
pub mod saturate;
pub mod scenario;
pub mod seeded;
pub mod traffic;
pub mod worst;

pub use bench::{Bench, Load};
pub use command::{Args, Outcome, Target, run};
