//! A private Postgres and two private Redis servers: found, provided, supervised.
//!
//! This is what gavel uses when nobody gave it a `DATABASE_URL`: the real servers, as child
//! processes on unix sockets in a private directory, reached through the same code path as
//! production. They are found on the machine or fetched into gavel's cache, restarted when
//! they die, and end when we end, even by `kill -9`.
//!
//! ```no_run
//! let stores = embedded::Embedded::start(embedded::Options::new("data"))?;
//! println!("{}", stores.urls().database);
//! stores.stop();
//! # Ok::<(), embedded::EmbeddedError>(())
//! ```

#![warn(missing_docs)]

mod account;
mod apt;
mod error;
mod find;
mod former;
mod launch;
mod options;
mod place;
mod postgres;
mod probe;
mod program;
mod provide;
mod redis;
mod restart;
mod stack;
mod supervisor;
mod urls;
mod wheels;

use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

pub use error::EmbeddedError;
pub use options::{Durability, Options, Origin, Part, Progress, ProgressSink, TcpPorts};
pub use place::default_data_dir;
pub use program::{PostgresBinary, RedisBinary};
pub use provide::Binaries;
pub use urls::Urls;

use probe::Session;
use supervisor::{Failure, Order};

/// Installs Debian packages that a test run needs besides the stores; no service is started.
///
/// `false` where this process may not: it is not root, or there is no `apt-get`.
///
/// # Errors
/// One clause: the step that failed and apt's own words.
pub fn install_for_tests(packages: &[&str]) -> Result<bool, String> {
    if !apt::possible() {
        return Ok(false);
    }
    apt::install(packages).map(|()| true)
}

/// A statement of a bench that takes longer has failed.
const LONGEST_STATEMENT: Duration = Duration::from_secs(600);

/// More test programs than this do not run side by side.
const LAST_TEST_DIR: u32 = 99;

/// The running servers. Dropping it ends them in order.
#[derive(Debug)]
pub struct Embedded {
    urls: Urls,
    tcp_urls: Option<Urls>,
    binaries: Binaries,
    pid_files: [PathBuf; 3],
    postgres_socket: PathBuf,
    orders: Sender<Order>,
    failure: Failure,
    thread: Option<JoinHandle<()>>,
}

impl Embedded {
    /// Finds or provides the servers, starts them and returns when all three answer.
    ///
    /// Blocks: about a second at the first start, less afterwards. From async code call it on a
    /// thread that may block; the servers belong to a thread of their own, not to the caller's.
    ///
    /// # Errors
    /// Every [`EmbeddedError`]; each is one sentence that says what to do.
    pub fn start(options: Options) -> Result<Self, EmbeddedError> {
        let (started, report) = channel();
        let (orders, received) = channel();
        let failure: Failure = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&failure);
        let thread = std::thread::Builder::new()
            .name("embedded-stores".to_owned())
            .spawn(move || supervisor::run(options, &started, &received, &shared))
            .map_err(EmbeddedError::io("starting a thread"))?;
        let started = report.recv().map_err(|_| EmbeddedError::Ended)??;
        Ok(Self {
            urls: started.urls,
            tcp_urls: started.tcp_urls,
            binaries: started.binaries,
            pid_files: started.pid_files,
            postgres_socket: started.postgres_socket,
            orders,
            failure,
            thread: Some(thread),
        })
    }

    /// Starts ephemeral stores in the first directory of a numbered row in the temporary directory
    /// that no other test run holds; `options.data_dir` is not used.
    ///
    /// The row is reused, so that runs which were killed leave no more than a few directories.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_for_tests(options: &Options) -> Result<Self, EmbeddedError> {
        let mut number = 0;
        loop {
            let data_dir = std::env::temp_dir().join(format!("gavel-test-{number}"));
            let started = Self::start(Options {
                data_dir,
                ephemeral: true,
                ..options.clone()
            });
            match started {
                Err(EmbeddedError::InUse { .. } | EmbeddedError::Unwritable { .. })
                    if number < LAST_TEST_DIR =>
                {
                    number += 1;
                }
                other => return other,
            }
        }
    }

    /// Addresses on the private sockets.
    #[must_use]
    pub fn urls(&self) -> &Urls {
        &self.urls
    }

    /// Addresses on loopback TCP with a password; `None` unless [`Options::tcp`] asked for them.
    #[must_use]
    pub fn tcp_urls(&self) -> Option<&Urls> {
        self.tcp_urls.as_ref()
    }

    /// Postgres, for `tokio-postgres` and `psql`.
    #[must_use]
    pub fn database_url(&self) -> &str {
        &self.urls.database
    }

    /// The Redis of user state, for redis-rs; `?db=N` selects a logical database.
    #[must_use]
    pub fn state_redis_url(&self) -> &str {
        &self.urls.state_redis
    }

    /// The Redis of event streams, for redis-rs.
    #[must_use]
    pub fn events_redis_url(&self) -> &str {
        &self.urls.events_redis
    }

    /// Which programs run, and how they were found.
    #[must_use]
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// The process of a server, as it wrote it down itself.
    #[must_use]
    pub fn pid(&self, part: Part) -> Option<u32> {
        let file = self.pid_files.get(part.index())?;
        let pid = former::pid_in(file)?;
        Some(pid.as_raw_nonzero().get().unsigned_abs())
    }

    /// Runs SQL in the database as its superuser, and answers the first column of each row as text: for
    /// benches, which fill a database faster than the API can.
    ///
    /// # Errors
    /// [`EmbeddedError::Io`] with what Postgres said, or when it took longer than ten minutes.
    pub fn run_sql(&self, sql: &str) -> Result<Vec<String>, EmbeddedError> {
        Session::open_on(&self.postgres_socket, postgres::DATABASE, LONGEST_STATEMENT)
            .and_then(|mut session| session.run(sql))
            .map_err(EmbeddedError::io("running SQL"))
    }

    /// Kills a server and keeps it down until [`bring_back`](Self::bring_back): an outage, for tests.
    ///
    /// # Errors
    /// [`EmbeddedError::Ended`] when the supervising thread is gone.
    pub fn take_down(&self, part: Part) -> Result<(), EmbeddedError> {
        let (done, answer) = channel();
        let sent = self.orders.send(Order::TakeDown(part, done));
        sent.map_err(|_| EmbeddedError::Ended)?;
        answer.recv().map_err(|_| EmbeddedError::Ended)
    }

    /// Starts a server that was taken down or given up, and waits until it answers.
    ///
    /// # Errors
    /// [`EmbeddedError::DidNotStart`] when it does not come up; [`EmbeddedError::Ended`] as above.
    pub fn bring_back(&self, part: Part) -> Result<(), EmbeddedError> {
        let (done, answer) = channel();
        let sent = self.orders.send(Order::BringBack(part, done));
        sent.map_err(|_| EmbeddedError::Ended)?;
        answer.recv().map_err(|_| EmbeddedError::Ended)?
    }

    /// Why a server is down for good: it died five times within a minute. The caller should end.
    #[must_use]
    pub fn failed(&self) -> Option<String> {
        let failure = self.failure.lock();
        failure.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the servers in good order and returns when they are gone.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        // A thread that cannot be told or joined has ended, and its servers with it.
        let _ = self.orders.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
