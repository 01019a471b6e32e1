//! What became of what was shown, summed up for the catalog.

use contracts::catalog::{AdvertiserCounts, Counts, CreativeCounts, LineItemCounts, Observed};
use deadpool_postgres::{Client, Transaction};
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use crate::config::ObservedConfig;
use crate::refusal::Refusal;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// What the catalog says, with what is believed beside it.
pub(crate) async fn published(
    tx: &Transaction<'_>,
    config: &ObservedConfig,
) -> Result<Observed, Refusal> {
    let row = tx.query_one("SELECT doc FROM observed", &[]).await?;
    let Json(mut observed): Json<Observed> = row.try_get(0)?;
    observed.priors = config.priors();
    Ok(observed)
}

/// Sums up the last days, once in a period however many control planes there are; answers the version of
/// the catalog that says so, or `None` when it is not yet time, or nothing changed.
///
/// Only line items with a CPC or CPA offer or with rotation by the model, and their advertisers, are published;
/// creatives only where the model rotates them.
pub(crate) async fn refresh(
    client: &mut Client,
    config: &ObservedConfig,
) -> Result<Option<i64>, Refusal> {
    let tx = client.transaction().await?;
    let period = i64::try_from(config.refresh.0.as_millis()).unwrap_or(i64::MAX);
    // Of two that come at once the second waits here, and then finds that it is not yet time.
    let due = tx
        .query_opt(
            "UPDATE observed SET checked_at = clock_timestamp()
             WHERE checked_at <= clock_timestamp() - $1::bigint * interval '1 millisecond' RETURNING doc",
            &[&period],
        )
        .await?;
    let Some(row) = due else {
        return Ok(None);
    };
    let Json(before): Json<Observed> = row.try_get(0)?;
    let as_of = service::clock::now();
    let days = i64::from(config.days).saturating_mul(DAY_MS);
    let from = as_of
        .0
        .saturating_sub(days)
        .div_euclid(HOUR_MS)
        .saturating_mul(HOUR_MS);
    let after = Observed {
        as_of,
        priors: before.priors,
        line_items: line_items(&tx, from).await?,
        creatives: creatives(&tx, from).await?,
        advertisers: advertisers(&tx, from).await?,
    };
    for table in ["line_item_hours", "creative_hours"] {
        let old = format!("DELETE FROM {table} WHERE hour < $1");
        tx.execute(&old, &[&from]).await?;
    }
    let changed = Observed {
        as_of,
        ..before.clone()
    } != after;
    let mut version = None;
    if changed {
        tx.execute("UPDATE observed SET doc = $1", &[&Json(&after)])
            .await?;
        let bump = "UPDATE catalog_version SET version = version + 1, changed_at = clock_timestamp() RETURNING version";
        version = Some(tx.query_one(bump, &[]).await?.try_get(0)?);
    }
    tx.commit().await?;
    Ok(version)
}

/// Line items that pay for a click or a conversion or whose creatives the model rotates, those that have
/// ended left out.
const WITH_RATE: &str = "line_items l JOIN campaigns c ON c.id = l.campaign_id
    WHERE (l.doc #>> '{price,bid,type}' IN ('cpc', 'cpa') OR l.doc #> '{choosing,rotation}' IS NOT NULL)
    AND l.doc ->> 'status' <> 'archived' AND c.status <> 'archived'";

async fn line_items(tx: &Transaction<'_>, from: i64) -> Result<Vec<LineItemCounts>, Refusal> {
    let sums = format!(
        "SELECT h.line_item, sum(h.impressions)::bigint, sum(h.clicks)::bigint, sum(h.conversions)::bigint
         FROM line_item_hours h
         WHERE h.hour >= $1 AND h.line_item IN (SELECT l.id FROM {WITH_RATE}) GROUP BY 1 ORDER BY 1"
    );
    let rows = tx.query(&sums, &[&from]).await?;
    let read = |row: &Row| {
        Ok(LineItemCounts {
            line_item: row.try_get::<_, String>(0)?.into(),
            counts: counts(row)?,
        })
    };
    rows.iter().map(read).collect()
}

async fn creatives(tx: &Transaction<'_>, from: i64) -> Result<Vec<CreativeCounts>, Refusal> {
    let rows = tx
        .query(
            "SELECT h.line_item, sum(h.impressions)::bigint, sum(h.clicks)::bigint, sum(h.conversions)::bigint, h.creative
             FROM creative_hours h JOIN line_items l ON l.id = h.line_item JOIN campaigns c ON c.id = l.campaign_id
             WHERE h.hour >= $1 AND l.doc #> '{choosing,rotation}' IS NOT NULL AND l.doc -> 'creatives' ? h.creative
             AND l.doc ->> 'status' <> 'archived' AND c.status <> 'archived'
             GROUP BY h.line_item, h.creative ORDER BY 1, 5",
            &[&from],
        )
        .await?;
    let read = |row: &Row| {
        Ok(CreativeCounts {
            line_item: row.try_get::<_, String>(0)?.into(),
            creative: row.try_get::<_, String>(4)?.into(),
            counts: counts(row)?,
        })
    };
    rows.iter().map(read).collect()
}

async fn advertisers(tx: &Transaction<'_>, from: i64) -> Result<Vec<AdvertiserCounts>, Refusal> {
    let sums = format!(
        "SELECT c.advertiser_id, sum(h.impressions)::bigint, sum(h.clicks)::bigint, sum(h.conversions)::bigint
         FROM line_item_hours h JOIN line_items l ON l.id = h.line_item JOIN campaigns c ON c.id = l.campaign_id
         WHERE h.hour >= $1 AND c.advertiser_id IN (SELECT c.advertiser_id FROM {WITH_RATE}) GROUP BY 1 ORDER BY 1"
    );
    let rows = tx.query(&sums, &[&from]).await?;
    let read = |row: &Row| {
        Ok(AdvertiserCounts {
            advertiser: row.try_get::<_, String>(0)?.into(),
            counts: counts(row)?,
        })
    };
    rows.iter().map(read).collect()
}

fn counts(row: &Row) -> Result<Counts, Refusal> {
    let count = |column: usize| {
        let count: i64 = row.try_get(column)?;
        Ok::<_, Refusal>(u64::try_from(count).unwrap_or_default())
    };
    Ok(Counts {
        impressions: count(1)?,
        clicks: count(2)?,
        conversions: count(3)?,
    })
}
