//! The control plane's process: API, store, ledger, ingest, catalog feed (:8001).
//!
//! ```no_run
//! use control_plane_server::{Config, Listeners, run};
//!
//! # fn start(config: Config) -> Result<(), control_plane_server::RunError> {
//! let (trigger, shutdown) = service::Shutdown::new();
//! let listeners = Listeners {
//!     api: std::net::TcpListener::bind("127.0.0.1:0")?.into(),
//! };
//! run(config, listeners, shutdown)?; // blocks until the trigger fires
//! # drop(trigger);
//! # Ok(())
//! # }
//! ```

mod access;
mod api;
mod app;
mod call;
mod config;
mod console;
pub mod ingest;
pub mod ledger;
mod openapi;
mod publish;
mod refusal;
mod router;
mod run;
mod store;

pub use config::Config;
pub use run::{Listeners, RunError, migrate, run};
