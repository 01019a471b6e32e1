//! What tests stand on: real stores, an HTTP client, the standard's examples, patience.
//!
//! A dev-dependency only. Its functions panic where a test cannot go on, and say why.
//!
//! ```no_run
//! # async fn test() {
//! let stores = testkit::stores();
//! let database = stores.database().await; // a database of this test's own
//! let redis = stores.redis().await; // a logical database of this test's own
//! println!("{} {} {}", database.url, redis.state_url, redis.events_url);
//! # }
//! ```

#![warn(missing_docs)]

pub mod fixtures;
pub mod http;
mod patience;
mod private;
mod proxy;
mod stores;

pub use patience::{Seen, poll_until};
pub use private::PrivateStores;
pub use proxy::{Proxy, Toxic};
pub use stores::{Database, Redis, Stores, stores};

/// Names a test that this machine lacks the means for; `cargo xtask test` prints it in its summary.
///
/// # Panics
/// When the list that the runner asked for cannot be written.
pub fn skip(test: &str, why: &str) {
    use std::io::Write;
    println!("skipped: {test} ({why})");
    if let Some(list) = std::env::var_os("GAVEL_TEST_SKIPS") {
        std::fs::File::options()
            .append(true)
            .create(true)
            .open(&list)
            .and_then(|mut list| writeln!(list, "{test} ({why})"))
            .unwrap_or_else(|fault| panic!("noting a skipped test in {}: {fault}", list.display()));
    }
}
