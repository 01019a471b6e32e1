//! The catalog as one snapshot of the store.

use std::collections::BTreeSet;

use contracts::catalog::{Catalog, LineItem, Status};
use contracts::notice::NoticeKey;
use control_plane_core::campaign::Campaign;
use deadpool_postgres::{Client, Transaction};
use serde::de::DeserializeOwned;
use tokio_postgres::IsolationLevel;
use tokio_postgres::types::Json;

use crate::config::ObservedConfig;
use crate::refusal::Refusal;

/// A catalog, and how many stored rows were left out because they cannot be read (R44).
pub(crate) struct Snapshot {
    pub(crate) catalog: Catalog,
    pub(crate) quarantined: usize,
}

/// The version in force.
pub(crate) async fn version(client: &Client) -> Result<u64, Refusal> {
    let statement = client
        .prepare_cached("SELECT version FROM catalog_version")
        .await?;
    let version: i64 = client.query_one(&statement, &[]).await?.try_get(0)?;
    Ok(u64::try_from(version).unwrap_or_default())
}

/// Reads the catalog; version and rows are of one instant.
pub(crate) async fn snapshot(
    client: &mut Client,
    config: &ObservedConfig,
) -> Result<Snapshot, Refusal> {
    let tx = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    let row = tx
        .query_one("SELECT version FROM catalog_version", &[])
        .await?;
    let version: i64 = row.try_get(0)?;
    let mut lost = 0;
    let campaigns: Vec<Campaign> = docs(
        &tx,
        "campaigns WHERE status <> 'archived' ORDER BY seq",
        &mut lost,
    )
    .await?;
    let known: BTreeSet<&str> = campaigns
        .iter()
        .map(|campaign| campaign.id.as_str())
        .collect();
    let mut line_items: Vec<LineItem> = docs(&tx, "line_items ORDER BY seq", &mut lost).await?;
    line_items
        .retain(|item| known.contains(item.campaign.as_str()) && item.status != Status::Archived);
    let keys: Vec<NoticeKey> = docs(&tx, "notice_keys ORDER BY id DESC", &mut lost).await?;
    let catalog = Catalog {
        version: u64::try_from(version).unwrap_or_default(),
        published_at: service::clock::now(),
        rates: super::rates::newest(&tx).await?,
        advertisers: docs(&tx, "advertisers ORDER BY seq", &mut lost).await?,
        campaigns: campaigns.iter().map(Campaign::published).collect(),
        line_items,
        // Also those that nothing shows any more: a click on yesterday's ad still has to lead somewhere.
        creatives: docs(&tx, "creatives ORDER BY seq", &mut lost).await?,
        observed: super::observed::published(&tx, config).await?,
        deals: docs(&tx, "deals ORDER BY seq", &mut lost).await?,
        publishers: docs(&tx, "publishers ORDER BY seq", &mut lost).await?,
        placements: docs(&tx, "placements ORDER BY seq", &mut lost).await?,
        seller_verdicts: docs(&tx, "seller_verdicts ORDER BY seq", &mut lost).await?,
        partners: docs(&tx, "demand_partners ORDER BY seq", &mut lost).await?,
        verdicts: docs(
            &tx,
            // What waits decides nothing, and there may be much of it.
            "creative_verdicts WHERE doc ->> 'verdict' <> 'pending' ORDER BY seq",
            &mut lost,
        )
        .await?,
        sources: docs(&tx, "sources ORDER BY seq", &mut lost).await?,
        segments: docs(&tx, "segments ORDER BY seq", &mut lost).await?,
        lists: super::lists::published(&tx).await?,
        notice_keys: keys,
    };
    tx.commit().await?;
    Ok(Snapshot {
        catalog,
        quarantined: lost,
    })
}

/// The documents of a table; one that cannot be read is told to the log and left out, the others load.
async fn docs<T: DeserializeOwned>(
    tx: &Transaction<'_>,
    from: &str,
    lost: &mut usize,
) -> Result<Vec<T>, Refusal> {
    let rows = tx
        .query(&format!("SELECT doc, id::text FROM {from}"), &[])
        .await?;
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        match row.try_get(0) {
            Ok(Json(doc)) => read.push(doc),
            Err(error) => {
                let id: String = row.try_get(1).unwrap_or_default();
                tracing::error!(from, id, %error, "left out of the catalog: cannot be read");
                *lost = lost.saturating_add(1);
            }
        }
    }
    Ok(read)
}
