//! Why the private stores could not be had, each in one sentence that says what to do.

use std::io;
use std::path::PathBuf;

use crate::options::Part;

/// Why [`Embedded::start`](crate::Embedded::start) gave up. The text is meant for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// The program is on this machine in no known place and could not be provided.
    #[error("no {program} was found here ({tried}); {remedy}")]
    Missing {
        /// What was looked for, with the versions that serve.
        program: &'static str,
        /// What was tried to provide it, and how that ended.
        tried: String,
        /// The exact command that provides it.
        remedy: String,
    },
    /// `GAVEL_PG_BIN` or `GAVEL_REDIS_BIN` points at something that does not serve.
    #[error("{variable} is set to {} but {why}; correct it or unset it", given.display())]
    Override {
        /// The variable.
        variable: &'static str,
        /// Its value.
        given: PathBuf,
        /// What is wrong there.
        why: String,
    },
    /// A second stack was started on one data directory.
    #[error("another gavel{} is using {}; stop it, or choose another directory with --data", holder(.pid), dir.display())]
    InUse {
        /// The data directory.
        dir: PathBuf,
        /// Its process, where it wrote it down.
        pid: Option<u32>,
    },
    /// The data directory cannot be made or written.
    #[error("cannot write in {}: {source}; choose another directory with --data", dir.display())]
    Unwritable {
        /// The data directory.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The user that runs the stores may not enter the data directory.
    #[error("the user {user}, who runs Postgres and Redis because root may not, cannot enter {}; choose a directory every user can reach with --data, for example /var/lib/gavel", dir.display())]
    Unreachable {
        /// The data directory.
        dir: PathBuf,
        /// The user that was chosen.
        user: String,
    },
    /// The cluster on disk was made by another major version.
    #[error("{} was made by Postgres {made_by} and the server found here is Postgres {found}; install Postgres {made_by} (Debian: apt-get install postgresql-{made_by}) or begin anew with --fresh", dir.display())]
    MajorMismatch {
        /// The cluster's directory.
        dir: PathBuf,
        /// The major version that made the cluster.
        made_by: u32,
        /// The major version that was found.
        found: u32,
    },
    /// Root has no user to run the stores as.
    #[error(
        "Postgres refuses to run as root and this machine has no user postgres or nobody; create one (useradd --system postgres) or start gavel as another user"
    )]
    NoUser,
    /// The directory for the sockets belongs to somebody else, or its path is too long.
    #[error("{} cannot hold the private sockets: {why}; set TMPDIR to another directory", dir.display())]
    Sockets {
        /// The directory.
        dir: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A port that was asked for is taken.
    #[error("port {port} for {part} is in use; choose another")]
    PortInUse {
        /// The port.
        port: u16,
        /// For whom.
        part: Part,
    },
    /// A store did not come up.
    #[error("{part} did not start: {why}; its log is {}", log.display())]
    DidNotStart {
        /// Which store.
        part: Part,
        /// Its own last words.
        why: String,
        /// Where the rest of them are.
        log: PathBuf,
    },
    /// A step failed in the file system or in starting a program.
    #[error("{doing}: {source}")]
    Io {
        /// What was being attempted.
        doing: String,
        /// What the system said.
        source: io::Error,
    },
    /// The supervising thread ended without an answer.
    #[error("the thread that keeps Postgres and Redis ended unexpectedly; start again")]
    Ended,
}

impl EmbeddedError {
    /// Says what was being attempted when `source` happened.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}

fn holder(pid: &Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}
