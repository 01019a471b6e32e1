//! Rows of a document, its version and its times: the same statements for every resource.

use std::fmt::Write as _;

use contracts::catalog::{
    Advertiser, Creative, Deal, DemandPartner, LineItem, Placement, Publisher, SellerVerdict,
    SourceTerms,
};
use contracts::profile::SegmentRule;
use control_plane_core::campaign::{Campaign, Stamps};
use control_plane_core::creative_verdict::RegistryLine;
use control_plane_core::list::SharedList;
use deadpool_postgres::GenericClient;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql};
use units::UnixMillis;

use super::page::Page;
use crate::refusal::Refusal;

/// Something that is kept as a document in a table of its own.
pub(crate) trait Resource:
    Serialize + DeserializeOwned + std::fmt::Debug + Sync + Send
{
    /// Its table.
    const TABLE: &'static str;
    /// Its name in refusals and in the audit log.
    const KIND: &'static str;
    /// Its id.
    fn id(&self) -> &str;
}

macro_rules! resources {
    ($($type:ty: $table:literal, $kind:literal;)*) => {$(
        impl Resource for $type {
            const TABLE: &'static str = $table;
            const KIND: &'static str = $kind;
            fn id(&self) -> &str {
                self.id.as_str()
            }
        }
    )*};
}

resources! {
    Advertiser: "advertisers", "advertiser";
    Campaign: "campaigns", "campaign";
    LineItem: "line_items", "line item";
    Creative: "creatives", "creative";
    Deal: "deals", "deal";
    Publisher: "publishers", "publisher";
    Placement: "placements", "placement";
    SellerVerdict: "seller_verdicts", "seller verdict";
    RegistryLine: "creative_verdicts", "creative verdict";
    DemandPartner: "demand_partners", "demand partner";
    SegmentRule: "segments", "segment";
    SourceTerms: "sources", "source";
    SharedList: "lists", "list";
}

/// A document with what its row says of it.
#[derive(Debug, Clone)]
pub(crate) struct Kept<T> {
    pub(crate) doc: T,
    pub(crate) stamps: Stamps,
    pub(crate) seq: i64,
}

/// A resource of which there is one for each thing that it is about, whatever its id.
pub(crate) trait OneOfEach: Resource {
    /// What makes a row be about the same as the document `$1`, as its unique index has it.
    const SAME: &'static str;
    /// Takes the place of the row that is about the same.
    fn replace(&mut self, row: &Self);
}

impl OneOfEach for SellerVerdict {
    const SAME: &'static str = "doc ->> 'domain' = $1::jsonb ->> 'domain' \
        AND doc ->> 'system' = $1::jsonb ->> 'system' AND doc ->> 'seller_id' = $1::jsonb ->> 'seller_id'";
    fn replace(&mut self, row: &Self) {
        self.id.clone_from(&row.id);
    }
}

impl OneOfEach for RegistryLine {
    const SAME: &'static str = "doc ->> 'partner' = $1::jsonb ->> 'partner' AND doc ->> 'crid' = $1::jsonb ->> 'crid' \
        AND coalesce(doc ->> 'adid', '') = coalesce($1::jsonb ->> 'adid', '') \
        AND coalesce(doc ->> 'markup', '') = coalesce($1::jsonb ->> 'markup', '')";
    fn replace(&mut self, row: &Self) {
        self.id.clone_from(&row.id);
    }
}

/// Columns of every resource, as [`kept`] reads them.
const COLUMNS: &str = "doc, version, seq, \
    (extract(epoch FROM created_at) * 1000)::bigint AS created_ms, \
    (extract(epoch FROM updated_at) * 1000)::bigint AS updated_ms";

/// Those of a row that was just written, as [`stamped`] reads them.
const STAMPS: &str = "seq, version, \
    (extract(epoch FROM created_at) * 1000)::bigint AS created_ms, \
    (extract(epoch FROM updated_at) * 1000)::bigint AS updated_ms";

/// Reads one row.
///
/// # Errors
/// When the document is not of this type (R44).
pub(crate) fn kept<T: Resource>(row: &Row) -> Result<Kept<T>, tokio_postgres::Error> {
    let Json(doc) = row.try_get("doc")?;
    Ok(Kept {
        doc,
        stamps: Stamps {
            version: row.try_get("version")?,
            created_at: UnixMillis(row.try_get("created_ms")?),
            updated_at: UnixMillis(row.try_get("updated_ms")?),
        },
        seq: row.try_get("seq")?,
    })
}

/// One by its id.
pub(crate) async fn find<T: Resource>(
    client: &impl GenericClient,
    id: &str,
) -> Result<Option<Kept<T>>, Refusal> {
    let sql = format!("SELECT {COLUMNS} FROM {} WHERE id = $1", T::TABLE);
    let statement = client.prepare_cached(&sql).await?;
    let row = client.query_opt(&statement, &[&id]).await?;
    row.as_ref()
        .map(kept)
        .transpose()
        .map_err(|error| unreadable(&error))
}

/// One by its id, or 404.
pub(crate) async fn get<T: Resource>(
    client: &impl GenericClient,
    id: &str,
) -> Result<Kept<T>, Refusal> {
    find(client, id)
        .await?
        .ok_or_else(|| Refusal::not_found(T::KIND, id))
}

/// One by its id, locked until the transaction ends, or 404.
pub(crate) async fn lock<T: Resource>(
    client: &impl GenericClient,
    id: &str,
) -> Result<Kept<T>, Refusal> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {} WHERE id = $1 FOR UPDATE",
        T::TABLE
    );
    let statement = client.prepare_cached(&sql).await?;
    match client.query_opt(&statement, &[&id]).await? {
        Some(row) => kept(&row).map_err(|error| unreadable(&error)),
        None => Err(Refusal::not_found(T::KIND, id)),
    }
}

/// Those of a list of ids that exist.
pub(crate) async fn among<T: Resource>(
    client: &impl GenericClient,
    ids: &[&str],
) -> Result<Vec<Kept<T>>, Refusal> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM {} WHERE id = ANY($1) ORDER BY seq",
        T::TABLE
    );
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &[&ids]).await?;
    rows.iter()
        .map(kept)
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(&error))
}

/// The newest, at most `limit`.
pub(crate) async fn newest<T: Resource>(
    client: &impl GenericClient,
    limit: i64,
) -> Result<Vec<Kept<T>>, Refusal> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {} ORDER BY seq DESC LIMIT $1",
        T::TABLE
    );
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &[&limit]).await?;
    rows.iter()
        .map(kept)
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(&error))
}

/// A page in the order of creation, each written by `show`; only rows in which each expression of `wanted` has
/// its value.
pub(crate) async fn list<T: Resource>(
    client: &impl GenericClient,
    page: Page,
    wanted: &[(&'static str, &str)],
    show: impl Fn(&Kept<T>) -> Result<Box<RawValue>, Refusal>,
) -> Result<Vec<(i64, Box<RawValue>)>, Refusal> {
    let more = page.limit.saturating_add(1);
    let mut sql = format!("SELECT {COLUMNS} FROM {} WHERE seq > $1", T::TABLE);
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&page.after, &more];
    for (column, value) in wanted {
        values.push(value);
        // Writing to a text does not fail.
        let _written = write!(sql, " AND {column} = ${}", values.len());
    }
    sql.push_str(" ORDER BY seq LIMIT $2");
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &values).await?;
    let mut shown = Vec::with_capacity(rows.len());
    for row in &rows {
        let kept = kept(row).map_err(|error| unreadable(&error))?;
        shown.push((kept.seq, show(&kept)?));
    }
    Ok(shown)
}

/// Makes a row.
pub(crate) async fn insert<T: Resource>(
    client: &impl GenericClient,
    doc: &T,
) -> Result<Kept<()>, Refusal> {
    let sql = format!(
        "INSERT INTO {} (doc) VALUES ($1) RETURNING {STAMPS}",
        T::TABLE
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client.query_one(&statement, &[&Json(doc)]).await?;
    stamped(&row)
}

/// Makes a row unless its id is taken, or there is one about the same.
pub(crate) async fn insert_new<T: OneOfEach>(
    client: &impl GenericClient,
    doc: &T,
) -> Result<Option<Kept<()>>, Refusal> {
    let sql = format!(
        "INSERT INTO {} (doc) VALUES ($1) ON CONFLICT DO NOTHING RETURNING {STAMPS}",
        T::TABLE
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client.query_opt(&statement, &[&Json(doc)]).await?;
    row.as_ref().map(stamped).transpose()
}

/// The row about the same as a document, locked until the transaction ends.
pub(crate) async fn lock_same<T: OneOfEach>(
    client: &impl GenericClient,
    doc: &T,
) -> Result<Option<Kept<T>>, Refusal> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {} WHERE {} FOR UPDATE",
        T::TABLE,
        T::SAME
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client.query_opt(&statement, &[&Json(doc)]).await?;
    row.as_ref()
        .map(kept)
        .transpose()
        .map_err(|error| unreadable(&error))
}

/// Changes a row, which gets its next version.
pub(crate) async fn update<T: Resource>(
    client: &impl GenericClient,
    doc: &T,
) -> Result<Kept<()>, Refusal> {
    let sql = format!(
        "UPDATE {} SET doc = $2, version = version + 1, updated_at = clock_timestamp() \
         WHERE id = $1 RETURNING {STAMPS}",
        T::TABLE
    );
    let statement = client.prepare_cached(&sql).await?;
    let row = client
        .query_one(&statement, &[&doc.id(), &Json(doc)])
        .await?;
    stamped(&row)
}

fn stamped(row: &Row) -> Result<Kept<()>, Refusal> {
    Ok(Kept {
        doc: (),
        seq: row.try_get("seq")?,
        stamps: Stamps {
            version: row.try_get("version")?,
            created_at: UnixMillis(row.try_get("created_ms")?),
            updated_at: UnixMillis(row.try_get("updated_ms")?),
        },
    })
}

fn unreadable(error: &tokio_postgres::Error) -> Refusal {
    Refusal::Internal(format!("a stored document cannot be read: {error}"))
}
