//! Auction records: seven days of them, older than the exchange's memory.

use std::collections::HashMap;

use contracts::event::RECORD_STREAM;
use contracts::record::AuctionRecord;
use deadpool_postgres::Transaction;
use units::AuctionId;
use uuid::Uuid;

use super::Ingest;
use super::document::with_notices;
use super::plain::Plain;
use crate::ledger::{Ledger, LedgerError, sql};

const KEPT_MS: i64 = 7 * 86_400_000;

impl Ingest {
    /// Applies the next auction records; answers how many entries.
    ///
    /// # Errors
    /// [`LedgerError`]: none of them was applied.
    pub async fn apply_records(&self) -> Result<usize, LedgerError> {
        self.apply_plain::<AuctionRecord>().await
    }

    /// Forgets auctions of more than seven days ago and their notices, some at a time; answers how many of them.
    ///
    /// # Errors
    /// [`LedgerError`] when Postgres does not answer.
    pub async fn forget_auctions(&self) -> Result<u64, LedgerError> {
        let client = self.ledger.client().await?;
        let forget = async |what, statement| {
            let forgotten = client.execute(statement, &[&KEPT_MS]).await;
            forgotten.map_err(LedgerError::sql(what))
        };
        let auctions = forget(
            "forget old auctions",
            "DELETE FROM auctions WHERE id IN
                (SELECT id FROM auctions WHERE at < ledger_now() - $1 LIMIT 5000)",
        );
        let auctions = auctions.await?;
        let notices = forget(
            "forget old notices",
            "DELETE FROM auction_notices WHERE ctid = ANY (ARRAY
                (SELECT ctid FROM auction_notices WHERE at < ledger_now() - $1 LIMIT 5000))",
        );
        Ok(auctions + notices.await?)
    }
}

impl Plain for AuctionRecord {
    const STREAM: &'static str = RECORD_STREAM;
    const IS_TRIMMED: bool = false;

    async fn insert(tx: &Transaction<'_>, records: &[Self]) -> Result<(), LedgerError> {
        insert(tx, records).await
    }
}

impl Ledger {
    /// The document of an auction, as the exchange shows it: JSON text.
    ///
    /// # Errors
    /// [`LedgerError`] when Postgres does not answer.
    pub async fn auction(&self, id: AuctionId) -> Result<Option<String>, LedgerError> {
        let query = "SELECT id, document FROM auctions WHERE id = $1";
        self.document(query, &id.0).await
    }

    /// The newest auction of an SSP's request id.
    ///
    /// # Errors
    /// [`LedgerError`] when Postgres does not answer.
    pub async fn auction_of_request(&self, request: &str) -> Result<Option<String>, LedgerError> {
        self.document(
            "SELECT id, document FROM auctions WHERE md5(request_id) = md5($1) AND request_id = $1
             ORDER BY at DESC LIMIT 1",
            &request,
        )
        .await
    }

    async fn document(
        &self,
        query: &str,
        by: &(dyn tokio_postgres::types::ToSql + Sync),
    ) -> Result<Option<String>, LedgerError> {
        let client = self.client().await?;
        let row = client
            .query_opt(query, &[by])
            .await
            .map_err(LedgerError::sql("read an auction"))?;
        let Some(row) = row else {
            return Ok(None);
        };
        // One connection at a time.
        drop(client);
        let notices = self.notices(AuctionId(row.get(0))).await?;
        Ok(Some(with_notices(row.get(1), &notices)))
    }
}

/// A record comes again with the notices that it got since; the last one stands.
async fn insert(tx: &Transaction<'_>, records: &[AuctionRecord]) -> Result<(), LedgerError> {
    let mut last = HashMap::with_capacity(records.len());
    last.extend(records.iter().map(|record| (record.id, record)));
    let records: Vec<&AuctionRecord> = last.into_values().collect();
    let ids: Vec<Uuid> = records.iter().map(|record| record.id.0).collect();
    // An SSP may put a NUL into its id, which text columns do not take.
    let requests: Vec<String> = records
        .iter()
        .map(|record| record.request_id.replace('\0', "\u{fffd}"))
        .collect();
    let at: Vec<i64> = records.iter().map(|record| record.at.0).collect();
    let outcomes: Vec<&str> = records.iter().map(|record| &*record.outcome).collect();
    let documents: Vec<&str> = records.iter().map(|record| record.document.get()).collect();
    sql::run(
        tx,
        "write auctions",
        "INSERT INTO auctions (id, request_id, at, outcome, document)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[])
         ON CONFLICT (id) DO UPDATE SET outcome = EXCLUDED.outcome, document = EXCLUDED.document",
        &[&ids, &requests, &at, &outcomes, &documents],
    )
    .await?;
    Ok(())
}
