//! What DSPs say of their days.

use control_plane_core::reconcile::Figure;
use deadpool_postgres::GenericClient;
use units::UnixMillis;

use crate::refusal::Refusal;

/// Keeps a DSP's figures; those of a day replace the day's former ones.
pub(crate) async fn put(
    client: &impl GenericClient,
    partner: &str,
    figures: &[(UnixMillis, Figure)],
) -> Result<(), Refusal> {
    let days: Vec<i64> = figures.iter().map(|(day, _)| day.0).collect();
    let impressions: Vec<i64> = figures
        .iter()
        .map(|(_, figure)| i64::try_from(figure.impressions).unwrap_or(i64::MAX))
        .collect();
    let spends: Vec<Option<i64>> = figures
        .iter()
        .map(|(_, figure)| figure.spend.map(|(spend, _)| spend.0))
        .collect();
    let currencies: Vec<Option<String>> = figures
        .iter()
        .map(|(_, figure)| figure.spend.map(|(_, currency)| currency.to_string()))
        .collect();
    client
        .execute(
            "INSERT INTO partner_figures (partner, day, impressions, spend, currency, rates)
             SELECT $1, told.*, (SELECT max(id) FROM rates)
             FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) AS told
             ON CONFLICT (partner, day) DO UPDATE SET impressions = EXCLUDED.impressions, spend = EXCLUDED.spend,
                currency = EXCLUDED.currency, rates = EXCLUDED.rates, uploaded_at = EXCLUDED.uploaded_at",
            &[&partner, &days, &impressions, &spends, &currencies],
        )
        .await?;
    Ok(())
}
