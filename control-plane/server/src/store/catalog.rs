//! The catalog as one snapshot of the store.

use std::collections::HashSet;

use contracts::catalog::{Catalog, Creative, LineItem, Status, join_lines};
use contracts::notice::NoticeKey;
use control_plane_core::campaign::Campaign;
use deadpool_postgres::{Client, Transaction};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::IsolationLevel;
use tokio_postgres::types::Json;
use units::CampaignId;

use super::known::{Fate, Table};
use crate::config::ObservedConfig;
use crate::refusal::Refusal;

/// A catalog as it goes out, and how many stored rows were left out because they cannot be read (R44).
pub(crate) struct Snapshot {
    pub(crate) version: u64,
    pub(crate) body: Vec<u8>,
    pub(crate) quarantined: usize,
}

/// The records of the largest tables as the last snapshot read them: the next one reads the rows that changed.
#[derive(Default)]
pub(crate) struct Known {
    campaigns: Table,
    line_items: Table,
    creatives: Table,
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
    known: &mut Known,
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
    let Known {
        campaigns,
        line_items,
        creatives,
    } = known;
    let from = "campaigns WHERE status <> 'archived'";
    campaigns
        .refresh(&tx, from, |doc: Campaign| {
            published(&doc.published(), &doc.id)
        })
        .await?;
    line_items
        .refresh(&tx, "line_items", |doc: LineItem| match doc.status {
            Status::Archived => Ok(Fate::Withheld),
            Status::Draft | Status::Active | Status::Paused => published(&doc, &doc.campaign),
        })
        .await?;
    // Also those that nothing shows any more: a click on yesterday's ad still has to lead somewhere.
    creatives
        .refresh(&tx, "creatives", |doc: Creative| {
            Ok(Fate::Published {
                text: serde_json::to_string(&doc)?.into(),
                campaign: None,
            })
        })
        .await?;
    let mut lost = campaigns.unreadable() + line_items.unreadable() + creatives.unreadable();
    let keys: Vec<NoticeKey> = docs(&tx, "notice_keys ORDER BY id DESC", &mut lost).await?;
    let rest = Catalog {
        version: u64::try_from(version).unwrap_or_default(),
        published_at: service::clock::now(),
        rates: super::rates::newest(&tx).await?,
        advertisers: docs(&tx, "advertisers ORDER BY seq", &mut lost).await?,
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
        ..Catalog::default()
    };
    tx.commit().await?;
    let there: HashSet<&CampaignId> = campaigns.campaigns().collect();
    let lists = [
        ("campaigns", campaigns.texts(|_| true)),
        ("line_items", line_items.texts(|it| there.contains(it))),
        ("creatives", creatives.texts(|_| true)),
    ];
    let body = join_lines(&rest, &lists)
        .map_err(|error| Refusal::Internal(format!("writing the catalog: {error}")))?;
    Ok(Snapshot {
        version: rest.version,
        body,
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

fn published(doc: &impl Serialize, campaign: &CampaignId) -> Result<Fate, serde_json::Error> {
    Ok(Fate::Published {
        text: serde_json::to_string(doc)?.into(),
        campaign: Some(campaign.clone()),
    })
}
