//! Logs whose entries are independent of one another and move no money.

use deadpool_postgres::Transaction;
use serde::de::DeserializeOwned;

use super::Ingest;
use super::position::{advance, claim};
use crate::ledger::LedgerError;

/// What such a log carries.
pub(super) trait Plain: DeserializeOwned + Send + Sync {
    /// The log.
    const STREAM: &'static str;
    /// Whether it is shortened by what was applied; else by length, by whoever pushes to it.
    const IS_TRIMMED: bool = true;

    /// Writes entries; those that are there already change nothing.
    fn insert(
        tx: &Transaction<'_>,
        entries: &[Self],
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;
}

impl Ingest {
    /// Applies the next entries, or the one that cannot be applied to quarantine; answers how many.
    pub(super) async fn apply_plain<T: Plain>(&self) -> Result<usize, LedgerError> {
        let (position, entries) = self.next(T::STREAM).await?;
        let Some(first) = entries.first() else {
            return Ok(0);
        };
        let mut readable: Vec<T> = Vec::with_capacity(entries.len());
        let mut reason = String::new();
        for entry in &entries {
            match serde_json::from_slice(&entry.payload) {
                Ok(event) => readable.push(event),
                Err(fault) => {
                    reason = fault.to_string();
                    break;
                }
            }
        }
        // Half of them, and half again, until the one at fault is alone.
        let mut some = &*readable;
        while let Some(reached) = some.len().checked_sub(1).and_then(|last| entries.get(last)) {
            match self.write(&position, some, &reached.position).await {
                Ok(()) => return Ok(some.len()),
                Err(fault) if fault.is_the_datas() => {
                    reason = fault.to_string();
                    some = some.get(..some.len() / 2).unwrap_or_default();
                }
                Err(fault) => return Err(fault),
            }
        }
        self.quarantine(T::STREAM, &position, first, &reason)
            .await?;
        Ok(1)
    }

    async fn write<T: Plain>(
        &self,
        position: &str,
        entries: &[T],
        reached: &str,
    ) -> Result<(), LedgerError> {
        let mut client = self.ledger.client().await?;
        let tx = client
            .transaction()
            .await
            .map_err(LedgerError::sql("begin applying entries"))?;
        claim(&tx, T::STREAM, position).await?;
        T::insert(&tx, entries).await?;
        advance(&tx, T::STREAM, reached).await?;
        tx.commit()
            .await
            .map_err(LedgerError::sql("commit entries"))
    }
}
