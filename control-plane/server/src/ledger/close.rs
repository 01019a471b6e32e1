//! Closing leases that the fence has passed.

use contracts::event::MONEY_STREAM;
use control_plane_core::budget::closable;
use tokio_postgres::Row;
use units::{LeaseId, Nanos, UnixMillis};
use uuid::Uuid;

use super::rows::{LockedRows, lease_accounts};
use super::{Ledger, LedgerError, clock, sql};

/// Most leases that one transaction closes.
const BATCH: i64 = 500;

impl Ledger {
    /// Closes leases whose notices can no longer be accepted, and of which every accepted one is applied:
    /// a marker later than their `settle_by + 30 s` is committed. Answers how many; call it again while
    /// there are any.
    ///
    /// # Errors
    /// [`LedgerError`]: none of this batch was closed.
    pub async fn close_due(&self) -> Result<usize, LedgerError> {
        self.close(
            "SELECT l.id FROM leases l, log_positions p
             WHERE p.stream = $1 AND l.state <> 'closed' AND l.settle_by < p.marker - 30000
             ORDER BY l.settle_by LIMIT $2",
            &MONEY_STREAM,
            false,
        )
        .await
    }

    /// Closes a lease before the fence has passed it, on an operator's word: its notices then go the late
    /// path. `false` when there is no such open lease.
    ///
    /// # Errors
    /// [`LedgerError`]: it was not closed.
    pub async fn force_close(&self, lease: LeaseId) -> Result<bool, LedgerError> {
        let closed = self
            .close(
                "SELECT id FROM leases WHERE id = $1 AND state <> 'closed' LIMIT $2",
                &lease.0,
                true,
            )
            .await?;
        Ok(closed > 0)
    }

    async fn close(
        &self,
        find: &str,
        by: &(dyn tokio_postgres::types::ToSql + Sync),
        forced: bool,
    ) -> Result<usize, LedgerError> {
        let mut client = self.client().await?;
        let tx = client
            .transaction()
            .await
            .map_err(LedgerError::sql("begin closing leases"))?;
        let rows = sql::all(&tx, "find leases to close", find, &[by, &BATCH]).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row: &Row| row.get(0)).collect();
        if ids.is_empty() {
            return Ok(0);
        }
        let accounts = lease_accounts(&tx, &ids).await?;
        let mut locked = LockedRows::default();
        let keys = accounts.into_values().flatten().collect();
        locked.lock_accounts(&tx, &keys).await?;
        locked.lock_leases(&tx, &ids).await?;
        let now = clock(&tx).await?;
        let marker = marker(&tx).await?;
        let due: Vec<LeaseId> = locked
            .books
            .leases
            .values()
            .filter(|lease| forced || closable(lease, marker))
            .map(|lease| lease.id)
            .collect();
        for lease in &due {
            let returned = locked.books.close(*lease);
            if forced {
                tracing::warn!(%lease, %returned, "an operator forced a lease to close");
            }
        }
        locked.write(&tx, now).await?;
        measure(&tx, &locked, &due).await?;
        if forced {
            sql::run(
                &tx,
                "mark forced closes",
                "UPDATE leases SET forced = true WHERE id = ANY ($1)",
                &[&ids],
            )
            .await?;
        }
        tx.commit()
            .await
            .map_err(LedgerError::sql("commit closing leases"))?;
        Ok(due.len())
    }
}

async fn marker(tx: &deadpool_postgres::Transaction<'_>) -> Result<UnixMillis, LedgerError> {
    let row = sql::one(
        tx,
        "read the committed marker",
        "SELECT coalesce(max(marker), 0) FROM log_positions WHERE stream = $1",
        &[&MONEY_STREAM],
    )
    .await?;
    Ok(UnixMillis(row.get(0)))
}

/// Updates the settled share that pacing goes by; older leases fade by a tenth with each batch.
async fn measure(
    tx: &deadpool_postgres::Transaction<'_>,
    locked: &LockedRows,
    due: &[LeaseId],
) -> Result<(), LedgerError> {
    let mut sums: std::collections::BTreeMap<&str, (Nanos, Nanos)> = Default::default();
    for lease in due.iter().filter_map(|id| locked.books.leases.get(id)) {
        let sum = sums.entry(lease.line_item.as_str()).or_default();
        sum.0 += lease.face;
        sum.1 += lease.settled;
    }
    let line_items: Vec<&str> = sums.keys().copied().collect();
    let faces: Vec<i64> = sums.values().map(|sum| sum.0.0).collect();
    let settled: Vec<i64> = sums.values().map(|sum| sum.1.0).collect();
    sql::run(
        tx,
        "measure the settled share",
        "UPDATE ledger_line_items l SET closed_face = l.closed_face / 10 * 9 + n.face,
                closed_settled = l.closed_settled / 10 * 9 + n.settled
         FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS n (line_item, face, settled)
         WHERE l.line_item = n.line_item",
        &[&line_items, &faces, &settled],
    )
    .await?;
    Ok(())
}
