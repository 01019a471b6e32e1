//! How far a log was applied: read before, written with what was applied, trimmed after.

use deadpool_postgres::Transaction;
use eventlog::{Entry, START};

use super::Ingest;
use crate::ledger::{LedgerError, sql};

/// Most entries that one transaction applies: about 0.2 s of locks.
pub(super) const BATCH: usize = 500;

impl Ingest {
    /// The next entries of a stream, and the position they come after.
    pub(super) async fn next(&self, stream: &str) -> Result<(String, Vec<Entry>), LedgerError> {
        let client = self.ledger.client().await?;
        let statement = client
            .prepare_cached(
                "INSERT INTO log_positions (stream) VALUES ($1)
                 ON CONFLICT (stream) DO UPDATE SET stream = excluded.stream RETURNING position",
            )
            .await
            .map_err(LedgerError::sql("read a log position"))?;
        let row = client
            .query_one(&statement, &[&stream])
            .await
            .map_err(LedgerError::sql("read a log position"))?;
        let position: String = row.get(0);
        drop(client);
        let entries = self.log.read_after(stream, &position, BATCH).await?;
        if entries.is_empty() && self.log.ends_before(stream, &position).await? {
            self.begin_anew(stream, &position).await?;
        }
        Ok((position, entries))
    }

    /// Goes back to the start of a stream in which the position never was: its Redis was replaced, or lost
    /// its end, and what it holds and gets would never be read. What is read twice changes nothing of money.
    async fn begin_anew(&self, stream: &str, position: &str) -> Result<(), LedgerError> {
        tracing::error!(
            stream,
            position,
            "the events Redis is behind what was applied, as one that was replaced: it is read from its start"
        );
        let mut client = self.ledger.client().await?;
        let tx = client
            .transaction()
            .await
            .map_err(LedgerError::sql("begin a log anew"))?;
        claim(&tx, stream, position).await?;
        advance(&tx, stream, START).await?;
        tx.commit()
            .await
            .map_err(LedgerError::sql("commit a log begun anew"))
    }

    /// Trims what is applied. A crash before it only leaves entries that are never read again.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing is lost by it.
    pub async fn trim(&self, stream: &str) -> Result<(), LedgerError> {
        let client = self.ledger.client().await?;
        let row = client
            .query_opt(
                "SELECT position FROM log_positions WHERE stream = $1",
                &[&stream],
            )
            .await
            .map_err(LedgerError::sql("read a log position"))?;
        drop(client);
        if let Some(row) = row {
            self.log.trim(stream, row.get(0)).await?;
        }
        Ok(())
    }

    /// Puts an entry aside, in a transaction of its own, and goes on behind it.
    pub(super) async fn quarantine(
        &self,
        stream: &str,
        after: &str,
        entry: &Entry,
        reason: &str,
    ) -> Result<(), LedgerError> {
        tracing::error!(stream, position = %entry.position, reason, "an event cannot be applied: quarantined");
        let mut client = self.ledger.client().await?;
        let tx = client
            .transaction()
            .await
            .map_err(LedgerError::sql("begin a quarantine"))?;
        claim(&tx, stream, after).await?;
        // A reason may quote the entry; text columns take no NUL.
        let reason = reason.replace('\0', "\u{fffd}");
        sql::run(
            &tx,
            "quarantine an entry",
            "INSERT INTO quarantine (stream, position, payload, reason, at) VALUES ($1, $2, $3, $4, ledger_now())
             ON CONFLICT DO NOTHING",
            &[&stream, &entry.position, &entry.payload, &reason],
        )
        .await?;
        advance(&tx, stream, &entry.position).await?;
        tx.commit()
            .await
            .map_err(LedgerError::sql("commit a quarantine"))?;
        self.metrics.quarantined.inc();
        Ok(())
    }
}

/// Locks the position, unless another ledger has moved it meanwhile.
pub(super) async fn claim(
    tx: &Transaction<'_>,
    stream: &str,
    expected: &str,
) -> Result<(), LedgerError> {
    let row = sql::one(
        tx,
        "lock a log position",
        "SELECT position FROM log_positions WHERE stream = $1 FOR UPDATE",
        &[&stream],
    )
    .await?;
    if row.get::<_, &str>(0) == expected {
        Ok(())
    } else {
        Err(LedgerError::Overtaken)
    }
}

/// Moves the position, in the transaction that applied everything up to it.
pub(super) async fn advance(
    tx: &Transaction<'_>,
    stream: &str,
    to: &str,
) -> Result<(), LedgerError> {
    sql::run(
        tx,
        "move a log position",
        "UPDATE log_positions SET position = $2 WHERE stream = $1",
        &[&stream, &to],
    )
    .await?;
    Ok(())
}
