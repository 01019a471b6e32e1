//! Rate tables, the newest in force.

use deadpool_postgres::GenericClient;
use serde_json::value::RawValue;
use tokio_postgres::types::Json;
use units::{RateTable, UnixMillis};

use super::edit::raw;
use super::page::Page;
use crate::refusal::Refusal;

/// The table in force; empty before the first.
pub(crate) async fn newest(client: &impl GenericClient) -> Result<RateTable, Refusal> {
    let row = client
        .query_opt("SELECT doc FROM rates ORDER BY id DESC LIMIT 1", &[])
        .await?;
    let Some(row) = row else {
        return Ok(RateTable::default());
    };
    let Json(table) = row.try_get(0)?;
    Ok(table)
}

/// Keeps a table.
pub(crate) async fn insert(
    client: &impl GenericClient,
    table: &RateTable,
) -> Result<UnixMillis, Refusal> {
    let insert = "INSERT INTO rates (id, doc) VALUES ($1, $2) \
        RETURNING (extract(epoch FROM created_at) * 1000)::bigint";
    let row = client
        .query_one(insert, &[&i64::from(table.id), &Json(table)])
        .await?;
    Ok(UnixMillis(row.try_get(0)?))
}

/// A page, newest first, each written by `show`.
pub(crate) async fn list(
    client: &impl GenericClient,
    page: Page,
    show: impl Fn(&RateTable, UnixMillis) -> Result<Box<RawValue>, Refusal>,
) -> Result<Vec<(i64, Box<RawValue>)>, Refusal> {
    let select = "SELECT id, doc, (extract(epoch FROM created_at) * 1000)::bigint FROM rates \
        WHERE $1::bigint = 0 OR id < $1 ORDER BY id DESC LIMIT $2";
    let more = page.limit.saturating_add(1);
    let mut shown = Vec::new();
    for row in client.query(select, &[&page.after, &more]).await? {
        let Json(table): Json<RateTable> = row.try_get(1)?;
        shown.push((row.try_get(0)?, show(&table, UnixMillis(row.try_get(2)?))?));
    }
    Ok(shown)
}

/// Serialises edits of the rates until the transaction ends.
pub(crate) async fn lock(client: &impl GenericClient) -> Result<(), Refusal> {
    client
        .batch_execute("LOCK TABLE rates IN SHARE ROW EXCLUSIVE MODE")
        .await?;
    Ok(())
}

/// A table as the API writes it, with the time that it is in force from.
pub(crate) fn written(table: &RateTable, at: UnixMillis) -> Result<Box<RawValue>, Refusal> {
    #[derive(serde::Serialize)]
    struct Dated {
        #[serde(flatten)]
        document: control_plane_core::rates::RatesDocument,
        created_at: String,
    }
    raw(&Dated {
        document: control_plane_core::rates::document(table),
        created_at: at.to_rfc3339(),
    })
}
