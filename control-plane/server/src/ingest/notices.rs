//! Notices of auctions whose records came before them.

use contracts::event::NOTICE_STREAM;
use contracts::record::{AuctionNotice, AuctionNotices};
use deadpool_postgres::Transaction;
use units::{AuctionId, UnixMillis};
use uuid::Uuid;

use super::Ingest;
use super::document::Noted;
use super::plain::Plain;
use crate::ledger::{Ledger, LedgerError, sql};

/// Notices of one auction that are shown.
const MOST: i64 = 1_000;

impl Ingest {
    /// Applies the next notices of auctions; answers how many entries.
    ///
    /// # Errors
    /// [`LedgerError`]: none of them was applied.
    pub async fn apply_notices(&self) -> Result<usize, LedgerError> {
        self.apply_plain::<AuctionNotices>().await
    }
}

impl Plain for AuctionNotices {
    const STREAM: &'static str = NOTICE_STREAM;
    const IS_TRIMMED: bool = false;

    async fn insert(tx: &Transaction<'_>, batches: &[Self]) -> Result<(), LedgerError> {
        let notices = || batches.iter().flat_map(|batch| &batch.notices);
        let text = |of: fn(&AuctionNotice) -> &str| {
            // An SSP may put a NUL into an id, which text columns do not take.
            let texts = notices().map(|notice| of(notice).replace('\0', "\u{fffd}"));
            texts.collect::<Vec<String>>()
        };
        let auctions: Vec<Uuid> = notices().map(|notice| notice.auction.0).collect();
        let at: Vec<i64> = notices().map(|notice| notice.at.0).collect();
        sql::run(
            tx,
            "write notices of auctions",
            "INSERT INTO auction_notices (auction, at, kind, dsp, imp, outcome)
             SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
             ON CONFLICT DO NOTHING",
            &[
                &auctions,
                &at,
                &text(|notice| &notice.kind),
                &text(|notice| &notice.dsp),
                &text(|notice| &notice.imp),
                &text(|notice| &notice.outcome),
            ],
        )
        .await?;
        Ok(())
    }
}

impl Ledger {
    /// The notices of an auction, the oldest first.
    pub(super) async fn notices(&self, auction: AuctionId) -> Result<Vec<Noted>, LedgerError> {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT kind, dsp, imp, outcome, at FROM auction_notices WHERE auction = $1 ORDER BY at LIMIT $2",
                &[&auction.0, &MOST],
            )
            .await
            .map_err(LedgerError::sql("read the notices of an auction"))?;
        let noted = rows.iter().map(|row| Noted {
            kind: row.get(0),
            dsp: row.get(1),
            imp: row.get(2),
            outcome: row.get(3),
            at: UnixMillis(row.get(4)).to_rfc3339(),
        });
        Ok(noted.collect())
    }
}
