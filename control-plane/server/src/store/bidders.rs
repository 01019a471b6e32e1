//! Bidders, as their asks for leases tell of them.

use deadpool_postgres::GenericClient;
use serde::Serialize;
use units::UnixMillis;

use crate::refusal::Refusal;

/// Starts shown at once.
const STARTS: i64 = 200;

/// One start of a bidder.
#[derive(Debug, Serialize)]
pub(crate) struct Start {
    /// The bidder's name.
    pub(crate) bidder: String,
    /// The start's id.
    pub(crate) boot: String,
    /// Its latest batch.
    pub(crate) last_batch: i64,
    /// When it came, RFC 3339.
    pub(crate) seen_at: String,
}

/// The starts that were heard of last.
pub(crate) async fn latest(client: &impl GenericClient) -> Result<Vec<Start>, Refusal> {
    let select = "SELECT bidder, boot::text AS boot, last_batch, seen_at FROM bidder_boots \
        ORDER BY seen_at DESC LIMIT $1";
    let mut starts = Vec::new();
    for row in client.query(select, &[&STARTS]).await? {
        starts.push(Start {
            bidder: row.try_get("bidder")?,
            boot: row.try_get("boot")?,
            last_batch: row.try_get("last_batch")?,
            seen_at: UnixMillis(row.try_get("seen_at")?).to_rfc3339(),
        });
    }
    Ok(starts)
}
