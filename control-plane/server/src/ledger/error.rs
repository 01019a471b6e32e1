//! What can go wrong between us and Postgres.

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

/// A transaction of the ledger that did not come about.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// No connection in time.
    #[error("no connection to Postgres: {0}")]
    Pool(PoolError),
    /// A statement failed.
    #[error("{attempted}: {fault}")]
    Sql {
        /// What was attempted.
        attempted: &'static str,
        /// What Postgres said.
        fault: tokio_postgres::Error,
    },
    /// A row that only another program can have written.
    #[error("the ledger holds something unreadable: {0}")]
    Unreadable(String),
    /// No such time zone.
    #[error("{0:?} is not a time zone")]
    TimeZone(String),
    /// Another ledger has applied this part of the log.
    #[error("the log was applied by another ledger meanwhile")]
    Overtaken,
    /// The event log did not answer.
    #[error(transparent)]
    Log(#[from] eventlog::EventLogError),
}

impl LedgerError {
    pub(crate) fn sql(attempted: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |fault| Self::Sql { attempted, fault }
    }

    /// Whether the statement's own data is at fault, so that a repetition fails again: data exceptions,
    /// integrity violations, what our triggers raise, and what exceeds a limit of Postgres, as a text does
    /// that is too long for an index.
    pub(crate) fn is_the_datas(&self) -> bool {
        let Self::Sql { fault, .. } = self else {
            return false;
        };
        fault.code().map(SqlState::code).is_some_and(|code| {
            ["22", "23", "54"]
                .iter()
                .any(|class| code.starts_with(class))
        })
    }
}
