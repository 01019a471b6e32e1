//! What a caller chooses, and what it is told while it waits.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// One of the three servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The Postgres server: the truth.
    Postgres,
    /// The Redis of user state.
    State,
    /// The Redis of event streams.
    Events,
}

impl Part {
    /// All parts, in the order in which they start.
    pub const ALL: [Self; 3] = [Self::Postgres, Self::State, Self::Events];

    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Postgres => 0,
            Self::State => 1,
            Self::Events => 2,
        }
    }

    /// The stem of its log file and of its directory.
    pub(crate) const fn stem(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::State => "redis-state",
            Self::Events => "redis-events",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Postgres => "Postgres",
            Self::State => "Redis (user state)",
            Self::Events => "Redis (events)",
        })
    }
}

/// How much a commit costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Every commit and every event is on disk before it is acknowledged.
    Durable,
    /// Nothing waits for the disk: for tests. A Postgres that is killed may forget the commits of
    /// its last moment, so a test that kills one and counts takes `Durable`.
    Tests,
}

/// Ports on 127.0.0.1 for tools and tests that need TCP; a generated password is then asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpPorts {
    /// Postgres's port.
    pub postgres: u16,
    /// The port of the Redis of user state.
    pub state: u16,
    /// The port of the Redis of event streams.
    pub events: u16,
}

impl TcpPorts {
    pub(crate) const fn of(self, part: Part) -> u16 {
        match part {
            Part::Postgres => self.postgres,
            Part::State => self.state,
            Part::Events => self.events,
        }
    }
}

/// What is happening, for a person who waits. `Display` is a line to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A usable program was found.
    Found {
        /// Its name and version.
        what: String,
        /// Where it is.
        path: PathBuf,
        /// How it was found.
        origin: Origin,
    },
    /// A pinned package is being fetched into the cache.
    Downloading {
        /// The package and its version.
        package: &'static str,
    },
    /// The system's package manager is installing.
    Installing {
        /// The packages.
        packages: String,
    },
    /// A server of an earlier run is still ending.
    WaitingForFormer {
        /// Which.
        part: Part,
        /// Its process.
        pid: u32,
    },
    /// The cluster is being made; the first start only.
    InitialisingPostgres,
    /// The three servers are being started.
    Starting,
    /// A server died and will be started again.
    Restarting {
        /// Which.
        part: Part,
        /// How it ended.
        ended: String,
    },
    /// A server died too often; it stays down.
    GaveUp {
        /// Which.
        part: Part,
        /// How it ended the last time.
        ended: String,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found { what, path, origin } => {
                write!(out, "using {what} at {} ({origin})", path.display())
            }
            Self::Downloading { package } => write!(out, "downloading {package} (once)…"),
            Self::Installing { packages } => write!(out, "installing {packages}…"),
            Self::WaitingForFormer { part, pid } => {
                write!(out, "waiting for the former {part} (process {pid}) to end…")
            }
            Self::InitialisingPostgres => out.write_str("initialising Postgres (first start)…"),
            Self::Starting => out.write_str("starting Postgres and Redis…"),
            Self::Restarting { part, ended } => write!(out, "{part} ended ({ended}), restarting"),
            Self::GaveUp { part, ended } => {
                write!(out, "{part} ended again and again ({ended}), given up")
            }
        }
    }
}

/// How a program was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Named by `GAVEL_PG_BIN` or `GAVEL_REDIS_BIN`.
    Environment,
    /// Installed on this machine.
    System,
    /// Fetched earlier, or just then, into gavel's cache.
    Cache,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Environment => "named by the environment",
            Self::System => "installed here",
            Self::Cache => "from gavel's cache",
        })
    }
}

/// Receives [`Progress`]; called from the supervising thread, also long after the start.
pub type ProgressSink = Arc<dyn Fn(&Progress) + Send + Sync>;

/// What [`Embedded::start`](crate::Embedded::start) needs to know.
#[derive(Clone)]
pub struct Options {
    /// Where cluster, append-only files and logs live. Made if it is not there.
    pub data_dir: PathBuf,
    /// How much a commit costs.
    pub durability: Durability,
    /// Told of steps that take long, of restarts and of giving up.
    pub progress: ProgressSink,
    /// Whether root may install missing servers with `apt-get` (tests and containers).
    pub allow_apt: bool,
    /// Whether what the stores of an earlier run left in the directory is removed first.
    pub fresh: bool,
    /// Whether the data is removed at an orderly end, and what a disorderly one left, first.
    pub ephemeral: bool,
    /// Listen on loopback TCP too, with a password.
    pub tcp: Option<TcpPorts>,
}

impl Options {
    /// Durable stores in `data_dir`, silent, without TCP, installing nothing system-wide.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            durability: Durability::Durable,
            progress: Arc::new(|_| ()),
            allow_apt: false,
            fresh: false,
            ephemeral: false,
            tcp: None,
        }
    }

    /// Stores for a test run in `data_dir`: nothing is forced to disk, and root may use `apt-get`.
    #[must_use]
    pub fn for_tests(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            durability: Durability::Tests,
            allow_apt: true,
            ..Self::new(data_dir)
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Options")
            .field("data_dir", &self.data_dir)
            .field("durability", &self.durability)
            .field("allow_apt", &self.allow_apt)
            .field("fresh", &self.fresh)
            .field("ephemeral", &self.ephemeral)
            .field("tcp", &self.tcp)
            .finish_non_exhaustive()
    }
}
