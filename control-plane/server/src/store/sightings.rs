//! Creatives that exchanges saw in bids, as lines of the registry that wait for a verdict.

use contracts::sighting::SightingsAnswer;
use control_plane_core::creative_verdict::RegistryLine;
use deadpool_postgres::GenericClient;
use tokio_postgres::types::Json;

use crate::refusal::Refusal;

/// Keeps lines that are not there yet, each with the beginning of its markup: of known demand partners, and of each
/// only so many that `most` lines of it wait.
pub(crate) async fn keep(
    client: &impl GenericClient,
    lines: &[(RegistryLine, String)],
    most: u32,
) -> Result<SightingsAnswer, Refusal> {
    let docs: Vec<Json<&RegistryLine>> = lines.iter().map(|(line, _)| Json(line)).collect();
    let samples: Vec<&str> = lines.iter().map(|(_, sample)| sample.as_str()).collect();
    let statement = client
        .prepare_cached(
            "WITH fresh AS (
                SELECT doc, sample, doc ->> 'partner' AS partner,
                    row_number() OVER (PARTITION BY doc ->> 'partner' ORDER BY place) AS nth
                FROM unnest($1::jsonb[], $2::text[]) WITH ORDINALITY AS given (doc, sample, place)
                WHERE NOT EXISTS (SELECT FROM creative_verdicts kept
                    WHERE kept.doc ->> 'partner' = given.doc ->> 'partner' AND kept.doc ->> 'crid' = given.doc ->> 'crid'
                        AND coalesce(kept.doc ->> 'adid', '') = coalesce(given.doc ->> 'adid', '')
                        AND coalesce(kept.doc ->> 'markup', '') = coalesce(given.doc ->> 'markup', ''))
             ), made AS (
                INSERT INTO creative_verdicts (doc, sample)
                SELECT doc, sample FROM fresh
                WHERE EXISTS (SELECT FROM demand_partners WHERE id = fresh.partner)
                    AND nth + (SELECT count(*) FROM creative_verdicts waiting
                        WHERE waiting.doc ->> 'partner' = fresh.partner AND waiting.doc ->> 'verdict' = 'pending') <= $3
                ON CONFLICT DO NOTHING
                RETURNING 1
             )
             SELECT (SELECT count(*) FROM fresh), (SELECT count(*) FROM made)",
        )
        .await?;
    let row = client
        .query_one(&statement, &[&docs, &samples, &i64::from(most)])
        .await?;
    let (fresh, made): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    let [fresh, stored] = [fresh, made].map(|count| u64::try_from(count).unwrap_or_default());
    let given = u64::try_from(lines.len()).unwrap_or_default();
    Ok(SightingsAnswer {
        stored,
        known: given.saturating_sub(fresh),
        refused: fresh.saturating_sub(stored),
    })
}

/// The beginning of the markup that a line is about, where an exchange sent it.
pub(crate) async fn sample(
    client: &impl GenericClient,
    id: &str,
) -> Result<Option<String>, Refusal> {
    let statement = client
        .prepare_cached("SELECT sample FROM creative_verdicts WHERE id = $1")
        .await?;
    let row = client.query_opt(&statement, &[&id]).await?;
    match row {
        Some(row) => Ok(row.try_get(0)?),
        None => Ok(None),
    }
}
