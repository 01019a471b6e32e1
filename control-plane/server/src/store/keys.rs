//! Idempotency keys: kept for 24 hours with the answer that they had (E6).

use deadpool_postgres::GenericClient;
use tokio_postgres::Transaction;

use super::edit::Answer;
use crate::refusal::Refusal;

/// Claims a key in this transaction; the stored answer when it was used before for the same request.
///
/// The insert waits for a concurrent transaction with the same key, so that one of them does the work.
pub(crate) async fn claim(
    tx: &Transaction<'_>,
    actor: &str,
    key: &str,
    fingerprint: &[u8; 32],
) -> Result<Option<Answer>, Refusal> {
    let fingerprint = fingerprint.as_slice();
    let insert = "INSERT INTO idempotency_keys AS k (actor, key, fingerprint) VALUES ($1, $2, $3) \
        ON CONFLICT (actor, key) DO UPDATE SET fingerprint = $3, created_at = clock_timestamp() \
        WHERE k.created_at < clock_timestamp() - interval '24 hours' RETURNING 1";
    if tx
        .query_opt(insert, &[&actor, &key, &fingerprint])
        .await?
        .is_some()
    {
        return Ok(None);
    }
    let select = "SELECT fingerprint, status, etag, location, body FROM idempotency_keys \
        WHERE actor = $1 AND key = $2";
    let row = tx.query_one(select, &[&actor, &key]).await?;
    let known: &[u8] = row.try_get("fingerprint")?;
    if known != fingerprint {
        return Err(Refusal::KeyReused);
    }
    let status: i32 = row.try_get("status")?;
    Ok(Some(Answer {
        status: u16::try_from(status).unwrap_or(200),
        etag: row.try_get("etag")?,
        location: row.try_get("location")?,
        body: row.try_get("body")?,
        repeated: true,
    }))
}

/// Keeps the answer under a key that this transaction claimed.
pub(crate) async fn keep(
    tx: &Transaction<'_>,
    actor: &str,
    key: &str,
    answer: &Answer,
) -> Result<(), Refusal> {
    let update = "UPDATE idempotency_keys SET status = $3, etag = $4, location = $5, body = $6 \
        WHERE actor = $1 AND key = $2";
    let status = i32::from(answer.status);
    tx.execute(
        update,
        &[
            &actor,
            &key,
            &status,
            &answer.etag,
            &answer.location,
            &answer.body,
        ],
    )
    .await?;
    Ok(())
}

/// Forgets keys that are past their time.
pub(crate) async fn forget_old(client: &impl GenericClient) -> Result<u64, Refusal> {
    let delete =
        "DELETE FROM idempotency_keys WHERE created_at < clock_timestamp() - interval '24 hours'";
    Ok(client.execute(delete, &[]).await?)
}
