//! Shared lists: their entries, and who names them.

use contracts::catalog::{List, Targeting};
use control_plane_core::list::{SharedList, named_by};
use control_plane_core::{Fault, Faults};
use deadpool_postgres::{GenericClient, Transaction};
use serde_json::value::RawValue;
use tokio_postgres::types::Json;

use super::edit::raw;
use super::page::Page;
use crate::refusal::Refusal;

/// Adds entries; how many were not there before.
pub(crate) async fn add(
    tx: &Transaction<'_>,
    list: &str,
    entries: &[&str],
) -> Result<u64, Refusal> {
    let sql = "INSERT INTO list_entries (list_id, entry) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING";
    Ok(tx.execute(sql, &[&list, &entries]).await?)
}

/// Removes all entries.
pub(crate) async fn clear(tx: &Transaction<'_>, list: &str) -> Result<(), Refusal> {
    tx.execute("DELETE FROM list_entries WHERE list_id = $1", &[&list])
        .await?;
    Ok(())
}

/// Removes a list with its entries.
pub(crate) async fn remove(tx: &Transaction<'_>, list: &str) -> Result<(), Refusal> {
    tx.execute("DELETE FROM lists WHERE id = $1", &[&list])
        .await?;
    Ok(())
}

/// A page of entries in the order in which they were added.
pub(crate) async fn entries(
    client: &impl GenericClient,
    list: &str,
    page: Page,
) -> Result<Vec<(i64, Box<RawValue>)>, Refusal> {
    let sql =
        "SELECT seq, entry FROM list_entries WHERE list_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let statement = client.prepare_cached(sql).await?;
    let more = page.limit.saturating_add(1);
    let rows = client
        .query(&statement, &[&list, &page.after, &more])
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, raw(&row.try_get::<_, String>(1)?)?)))
        .collect()
}

/// All entries of one instant, one a line, with the version that they are; `None` for an unknown list.
pub(crate) async fn text(
    tx: &Transaction<'_>,
    list: &str,
) -> Result<Option<(i64, String)>, Refusal> {
    let sql = "SELECT version FROM lists WHERE id = $1";
    let Some(row) = tx.query_opt(sql, &[&list]).await? else {
        return Ok(None);
    };
    let sql = "SELECT coalesce(string_agg(entry, E'\\n' ORDER BY seq), '') FROM list_entries WHERE list_id = $1";
    let text = tx.query_one(sql, &[&list]).await?.try_get(0)?;
    Ok(Some((row.try_get(0)?, text)))
}

/// The lists as the catalog names them.
pub(crate) async fn published(tx: &Transaction<'_>) -> Result<Vec<List>, Refusal> {
    let rows = tx
        .query("SELECT doc, version FROM lists ORDER BY seq", &[])
        .await?;
    rows.iter()
        .map(|row| {
            let Json(SharedList {
                id,
                name,
                kind,
                count,
            }): Json<SharedList> = row.try_get(0)?;
            let version: i64 = row.try_get(1)?;
            Ok(List {
                id,
                name,
                kind,
                version: version.unsigned_abs(),
                count,
            })
        })
        .collect()
}

/// A line item that names a list and whose campaign is not archived.
pub(crate) async fn user_of(tx: &Transaction<'_>, list: &str) -> Result<Option<String>, Refusal> {
    let sql = "SELECT l.id, l.doc -> 'targeting' FROM line_items l JOIN campaigns c ON c.id = l.campaign_id \
        WHERE c.status <> 'archived' AND strpos((l.doc -> 'targeting')::text, $1) > 0 ORDER BY l.seq";
    for row in tx.query(sql, &[&list]).await? {
        let Json(targeting): Json<Targeting> = row.try_get(1)?;
        if named_by(&targeting).contains(list) {
            return Ok(Some(row.try_get(0)?));
        }
    }
    Ok(None)
}

/// Refuses targeting that names a list which does not exist. Those that do are held until the edit ends.
pub(crate) async fn check_named(
    tx: &Transaction<'_>,
    targeting: &Targeting,
) -> Result<(), Refusal> {
    let named = named_by(targeting);
    if named.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = named.iter().copied().collect();
    let sql = "SELECT id FROM lists WHERE id = ANY($1) FOR SHARE";
    let rows = tx.query(sql, &[&ids]).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.push(row.try_get::<_, String>(0)?);
    }
    let flat = |id: &str| {
        let lists = &targeting.lists;
        lists
            .include
            .iter()
            .chain(&lists.exclude)
            .any(|it| it == id)
    };
    let faults: Vec<Fault> = ids
        .into_iter()
        .filter(|id| !found.iter().any(|it| it == id))
        .map(|id| {
            let place = if flat(id) { "lists" } else { "rule" };
            Fault::meaning(
                format!("/targeting/{place}"),
                format!("names the list {id:?}, which does not exist"),
            )
        })
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Faults(faults).into())
    }
}
