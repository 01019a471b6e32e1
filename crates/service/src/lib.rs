//! How a process lives: configuration, serving, limits, drain, health, telemetry, outbound HTTP.
//!
//! A server builds its runtimes here ([`runtime`]), reads its configuration ([`config::load`]), serves
//! ([`http::serve`], [`http::serve_axum`]) beside the routes every service has ([`Ops`]), and calls
//! others through one [`client::Client`] per worker.
//!
//! ```no_run
//! use service::{Ops, Shutdown, http, runtime};
//!
//! struct Echo;
//! impl http::Handler for Echo {
//!     async fn handle(&self, request: http::Request) -> http::Response {
//!         http::json(http::StatusCode::OK, request.body.to_vec())
//!     }
//! }
//!
//! let (trigger, shutdown) = Shutdown::new();
//! let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! let ops = Ops::new("echo", "0.1.0");
//! ops.health.set_ready(true);
//! let limits = http::Limits::default();
//! runtime::per_core(2, "echo", |_worker| {
//!     let (listener, limits) = (listener.try_clone(), limits.clone());
//!     let (shutdown, ops) = (shutdown.clone(), ops.clone());
//!     async move { http::serve(listener?, &limits, Echo, shutdown, ops).await }
//! })?;
//! # drop(trigger);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]

pub mod access;
pub mod client;
pub mod clock;
pub mod config;
pub mod cors;
pub mod feed;
pub mod health;
pub mod http;
pub mod limits;
pub mod metrics;
pub mod ops;
pub mod problem;
pub mod quota;
pub mod runtime;
pub mod shutdown;
pub mod telemetry;
pub mod trace;
pub mod visitor;

pub use health::{DependencyHandle, Health};
pub use limits::{Deadline, TokenBucket};
pub use metrics::Metrics;
pub use ops::Ops;
pub use problem::{Fault, Problem};
pub use shutdown::{Shutdown, Trigger};
