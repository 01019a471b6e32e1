//! The ledger: Postgres, append-only, double entry. It alone grants, settles, releases and closes
//! (money.md, "Who holds what"); what it decides is `control_plane_core::budget`, what it locks is here.
//!
//! Every transaction locks in one order: campaign, line item, day, hour, lease; each in the order of its
//! key. The clock is read after the locks.

mod audit;
mod budget;
mod close;
mod conversion;
mod error;
mod grant;
mod reconcile;
mod repeat;
mod report;
mod rows;
pub(crate) mod sql;
mod write;

use deadpool_postgres::{Object, Pool, Transaction};
use units::UnixMillis;

pub use budget::Committed;
pub(crate) use conversion::Conversion;
pub use error::LedgerError;
pub(crate) use reconcile::day;
pub use reconcile::{
    AmountWithoutRate, Asked, BurlCounts, Difference, DspFigures, ReconcileRow, Reconciliation,
};
pub use report::{LeaseRow, Spend, Stats};
pub(crate) use rows::{LockedRows, add_buckets, lease_accounts};
pub(crate) use sql::{int, ints};

/// The ledger's door. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ledger {
    pool: Pool,
}

impl Ledger {
    /// A ledger on a migrated database.
    #[must_use]
    pub const fn new(pool: Pool) -> Self {
        Self { pool }
    }

    pub(crate) async fn client(&self) -> Result<Object, LedgerError> {
        self.pool.get().await.map_err(LedgerError::Pool)
    }

    /// The ledger's clock, which alone decides lateness.
    ///
    /// # Errors
    /// [`LedgerError`] when Postgres does not tell.
    pub async fn now(&self) -> Result<UnixMillis, LedgerError> {
        let client = self.client().await?;
        let statement = client.prepare_cached("SELECT ledger_now()").await;
        let row = client
            .query_one(&statement.map_err(LedgerError::sql("read the clock"))?, &[])
            .await
            .map_err(LedgerError::sql("read the clock"))?;
        Ok(UnixMillis(row.get(0)))
    }
}

/// The clock within a transaction: call it when all locks are taken.
pub(crate) async fn clock(tx: &Transaction<'_>) -> Result<UnixMillis, LedgerError> {
    let row = sql::one(tx, "read the clock", "SELECT ledger_now()", &[]).await?;
    Ok(UnixMillis(row.get(0)))
}
