//! Statements within a transaction: prepared once per connection, each failure with what was attempted.

use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::LedgerError;

type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// All rows of a query.
pub(crate) async fn all(
    tx: &Transaction<'_>,
    attempted: &'static str,
    sql: &str,
    parameters: Parameters<'_>,
) -> Result<Vec<Row>, LedgerError> {
    let statement = tx
        .prepare_cached(sql)
        .await
        .map_err(LedgerError::sql(attempted))?;
    tx.query(&statement, parameters)
        .await
        .map_err(LedgerError::sql(attempted))
}

/// The one row of a query.
pub(crate) async fn one(
    tx: &Transaction<'_>,
    attempted: &'static str,
    sql: &str,
    parameters: Parameters<'_>,
) -> Result<Row, LedgerError> {
    let statement = tx
        .prepare_cached(sql)
        .await
        .map_err(LedgerError::sql(attempted))?;
    tx.query_one(&statement, parameters)
        .await
        .map_err(LedgerError::sql(attempted))
}

/// Runs a statement; answers how many rows it changed.
pub(crate) async fn run(
    tx: &Transaction<'_>,
    attempted: &'static str,
    sql: &str,
    parameters: Parameters<'_>,
) -> Result<u64, LedgerError> {
    let statement = tx
        .prepare_cached(sql)
        .await
        .map_err(LedgerError::sql(attempted))?;
    tx.execute(&statement, parameters)
        .await
        .map_err(LedgerError::sql(attempted))
}

/// A count or number of ours as Postgres stores it; saturates, far beyond what can be counted.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A stored count.
pub(crate) fn ints(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
