//! The audit log: who changed what, append-only and sealed (S4).

use std::collections::BTreeMap;

use deadpool_postgres::GenericClient;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio_postgres::Transaction;
use tokio_postgres::types::Json;

use super::edit::{Caller, raw};
use super::page::Page;
use crate::refusal::Refusal;

type Fields = BTreeMap<String, Box<RawValue>>;

/// One change of one row.
#[derive(Debug)]
pub(crate) struct Change {
    action: &'static str,
    kind: &'static str,
    id: String,
    before: Option<Fields>,
    after: Fields,
}

/// An entry as the API shows it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Entry {
    /// Its place in the log.
    seq: i64,
    /// When, RFC 3339.
    at: String,
    /// Who.
    actor: String,
    /// From which network.
    ip: Option<String>,
    /// In which request.
    request_id: Option<String>,
    /// What was done.
    action: String,
    /// To what.
    kind: String,
    /// To which one.
    id: String,
    /// The fields that changed, as they were.
    #[schema(value_type = Option<Object>)]
    before: Option<Box<RawValue>>,
    /// The fields that changed, as they are; all of them for what was made.
    #[schema(value_type = Object)]
    after: Option<Box<RawValue>>,
}

impl Change {
    /// The difference of two documents.
    pub(crate) fn of<T: Serialize>(
        action: &'static str,
        kind: &'static str,
        id: &str,
        before: Option<&T>,
        after: &T,
    ) -> Result<Self, Refusal> {
        let mut after = fields(after)?;
        let mut before = before.map(fields).transpose()?;
        if let Some(before) = &mut before {
            let same = |a: &Fields, b: &Fields, key: &String| {
                a.get(key).map(|raw| raw.get()) == b.get(key).map(|raw| raw.get())
            };
            let unchanged: Vec<String> = after
                .keys()
                .filter(|key| same(&after, before, key))
                .cloned()
                .collect();
            for key in unchanged {
                before.remove(&key);
                after.remove(&key);
            }
        }
        Ok(Self {
            action,
            kind,
            id: id.to_owned(),
            before,
            after,
        })
    }
}

/// Appends one change; the table's trigger numbers and seals it.
pub(crate) async fn append(
    tx: &Transaction<'_>,
    caller: &Caller,
    change: &Change,
) -> Result<(), Refusal> {
    let insert = "INSERT INTO audit (actor, ip, request_id, action, kind, resource_id, before, after) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    tx.execute(
        insert,
        &[
            &caller.actor,
            &caller.ip,
            &caller.request_id,
            &change.action,
            &change.kind,
            &change.id,
            &change.before.as_ref().map(Json),
            &Json(&change.after),
        ],
    )
    .await?;
    Ok(())
}

/// A page, newest first; a cursor leads to older entries.
pub(crate) async fn list(
    client: &impl GenericClient,
    page: Page,
) -> Result<Vec<(i64, Box<RawValue>)>, Refusal> {
    let select = "SELECT seq, (extract(epoch FROM at) * 1000)::bigint AS at_ms, actor, ip, request_id, \
        action, kind, resource_id, before, after FROM audit \
        WHERE $1::bigint = 0 OR seq < $1 ORDER BY seq DESC LIMIT $2";
    let more = page.limit.saturating_add(1);
    let rows = client.query(select, &[&page.after, &more]).await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let seq: i64 = row.try_get("seq")?;
        let document = |name| -> Result<Option<Box<RawValue>>, tokio_postgres::Error> {
            let json: Option<Json<Box<RawValue>>> = row.try_get(name)?;
            Ok(json.map(|Json(raw)| raw))
        };
        let entry = Entry {
            seq,
            at: units::UnixMillis(row.try_get("at_ms")?).to_rfc3339(),
            actor: row.try_get("actor")?,
            ip: row.try_get("ip")?,
            request_id: row.try_get("request_id")?,
            action: row.try_get("action")?,
            kind: row.try_get("kind")?,
            id: row.try_get("resource_id")?,
            before: document("before")?,
            after: document("after")?,
        };
        entries.push((seq, raw(&entry)?));
    }
    Ok(entries)
}

/// How many entries do not fit the seal of the one before them: 0, or the log was tampered with.
pub(crate) async fn broken_seals(client: &impl GenericClient) -> Result<i64, Refusal> {
    let select = "SELECT count(*) FROM (SELECT a, lag(a.seal, 1, ''::bytea) OVER (ORDER BY a.seq) AS previous \
        FROM audit a) sealed WHERE (a).seal <> audit_seal(previous, a)";
    Ok(client.query_one(select, &[]).await?.try_get(0)?)
}

fn fields<T: Serialize>(doc: &T) -> Result<Fields, Refusal> {
    let text = raw(doc)?;
    serde_json::from_str(text.get())
        .map_err(|error| Refusal::Internal(format!("reading JSON: {error}")))
}
