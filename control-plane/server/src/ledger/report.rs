//! What a campaign has spent, and what it got for it.

use std::collections::BTreeMap;

use control_plane_core::budget::{Level, Zone};
use deadpool_postgres::Object;
use serde::Serialize;
use tokio_postgres::Row;
use units::{CpmMicros, Multiplier, Nanos, UnixMillis};
use utoipa::ToSchema;

use super::{Ledger, LedgerError, ints};

/// `GET /campaigns/{id}/spend`: budget = spend + reserved + remaining.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Spend {
    /// Which campaign.
    pub campaign_id: String,
    /// Currency of every amount here.
    pub currency: String,
    /// Lifetime total; after a cut, what is settled and held if that is more.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub budget: Nanos,
    /// Settled charges.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub spend: Nanos,
    /// Held by open leases.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub reserved: Nanos,
    /// Neither spent nor held.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub remaining: Nanos,
    /// Charges that belong to the current day of the campaign's time zone.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub today: Nanos,
    /// Total of a day, when there is one.
    #[serde(
        with = "units::json::nanos_opt",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<f64>)]
    pub daily_budget: Option<Nanos>,
    /// Accepted billing notices.
    pub impressions: u64,
    /// Accepted notices that were not charged for want of budget: owed by us.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub late_unfunded: Nanos,
    /// By the ledger's clock, RFC 3339.
    pub as_of: String,
}

/// `GET /campaigns/{id}/stats`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Stats {
    /// Which campaign.
    pub campaign_id: String,
    /// Currency of every amount here.
    pub currency: String,
    /// Imps whose targeting it matched.
    pub requests_matched: u64,
    /// Bids made.
    pub bids: u64,
    /// Auctions won, by a win notice or a billing one.
    pub wins: u64,
    /// Accepted billing notices.
    pub impressions: u64,
    /// Impressions that were clicked.
    pub clicks: u64,
    /// Conversions.
    pub conversions: u64,
    /// Wins per bid.
    #[serde(with = "units::json::multiplier")]
    #[schema(value_type = f64)]
    pub win_rate: Multiplier,
    /// Clicks per impression.
    #[serde(with = "units::json::multiplier")]
    #[schema(value_type = f64)]
    pub ctr: Multiplier,
    /// Settled charges.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub spend: Nanos,
    /// Spend per thousand impressions.
    #[serde(with = "units::json::cpm")]
    #[schema(value_type = f64)]
    pub average_cpm: CpmMicros,
    /// What shading saved: stated minus shaded bid, on impressions that were charged.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub shading_saved: Nanos,
    /// Why it did not bid, by reason.
    pub no_bid_reasons: BTreeMap<String, u64>,
    /// What each arm of its line items' experiments got, by creative; absent without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<ArmStats>,
    /// By the ledger's clock, RFC 3339.
    pub as_of: String,
}

/// What one arm of an experiment got with one creative.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArmStats {
    /// Whose experiment.
    pub line_item_id: String,
    /// The arm's name.
    pub arm: String,
    /// What its users saw.
    pub creative_id: String,
    /// Auctions won, by a win notice or a billing one.
    pub wins: u64,
    /// Accepted billing notices.
    pub impressions: u64,
    /// Impressions that were clicked.
    pub clicks: u64,
    /// Conversions.
    pub conversions: u64,
    /// Clicks per impression.
    #[serde(with = "units::json::multiplier")]
    #[schema(value_type = f64)]
    pub ctr: Multiplier,
    /// Settled charges.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub spend: Nanos,
}

/// A lease, for `/ops/leases`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LeaseRow {
    /// Its id.
    pub id: String,
    /// Whose budget.
    pub campaign_id: String,
    /// Whose budget.
    pub line_item_id: String,
    /// Who holds it.
    pub bidder: String,
    /// `open`, `ended` or `closed`.
    pub state: String,
    /// What it was granted with.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub face: Nanos,
    /// Charged.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub settled: Nanos,
    /// What it still holds.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub hold: Nanos,
    /// When it was granted, RFC 3339.
    pub granted_at: String,
    /// Until when its notices are accepted, RFC 3339.
    pub settle_by: String,
    /// Closed by an operator before the fence.
    pub forced: bool,
}

impl Ledger {
    /// What a campaign has spent; `None` when the ledger does not know it.
    ///
    /// # Errors
    /// [`LedgerError`] when Postgres does not answer.
    pub async fn spend(&self, campaign: &str) -> Result<Option<Spend>, LedgerError> {
        let client = self.client().await?;
        let Some(row) = summary(&client, campaign).await? else {
            return Ok(None);
        };
        let now = UnixMillis(row.get("now"));
        let (spend, reserved) = (Nanos(row.get("settled")), Nanos(row.get("held")));
        let budget = Nanos(row.get("effective"));
        Ok(Some(Spend {
            campaign_id: campaign.into(),
            currency: row.get("currency"),
            budget,
            spend,
            reserved,
            remaining: budget - spend - reserved,
            today: today(&client, campaign, row.get("time_zone"), now).await?,
            daily_budget: row.get::<_, Option<i64>>("daily_budget").map(Nanos),
            impressions: ints(row.get("impressions")),
            late_unfunded: Nanos(row.get("late_unfunded")),
            as_of: now.to_rfc3339(),
        }))
    }

    /// What a campaign got; `None` when the ledger does not know it.
    ///
    /// # Errors
    /// [`LedgerError`] when Postgres does not answer.
    pub async fn stats(&self, campaign: &str) -> Result<Option<Stats>, LedgerError> {
        let client = self.client().await?;
        let Some(row) = summary(&client, campaign).await? else {
            return Ok(None);
        };
        let count = |column| ints(row.get::<_, i64>(column));
        let (bids, wins) = (count("bids"), count("wins"));
        let (impressions, clicks) = (count("impressions"), count("clicks"));
        let spend = Nanos(row.get("settled"));
        // As numbers, nanos per impression are micros per thousand.
        let average = spend.scale(1, row.get("impressions")).unwrap_or_default();
        Ok(Some(Stats {
            campaign_id: campaign.into(),
            currency: row.get("currency"),
            requests_matched: count("matched"),
            bids,
            wins,
            impressions,
            clicks,
            conversions: count("conversions"),
            win_rate: ratio(wins, bids),
            ctr: ratio(clicks, impressions),
            spend,
            average_cpm: CpmMicros::new(average.0).unwrap_or(CpmMicros::MAX),
            shading_saved: Nanos(row.get("shading_saved")),
            no_bid_reasons: no_bid_reasons(&client, campaign).await?,
            arms: arms(&client, campaign).await?,
            as_of: UnixMillis(row.get("now")).to_rfc3339(),
        }))
    }

    /// The newest leases, at most `limit`; only those that are not closed when `open_only`.
    ///
    /// # Errors
    /// [`LedgerError`] when Postgres does not answer.
    pub async fn leases(&self, open_only: bool, limit: i64) -> Result<Vec<LeaseRow>, LedgerError> {
        let client = self.client().await?;
        let rows = client
            .query(
                "SELECT id::text AS id, campaign, line_item, bidder, state, face, settled,
                        face - settled - released - returned AS hold, granted_at, settle_by, forced
                 FROM leases WHERE NOT $1 OR state <> 'closed' ORDER BY id DESC LIMIT $2",
                &[&open_only, &limit],
            )
            .await
            .map_err(LedgerError::sql("list leases"))?;
        let lease = |row: &Row| LeaseRow {
            id: row.get("id"),
            campaign_id: row.get("campaign"),
            line_item_id: row.get("line_item"),
            bidder: row.get("bidder"),
            state: row.get("state"),
            face: Nanos(row.get("face")),
            settled: Nanos(row.get("settled")),
            hold: Nanos(row.get("hold")),
            granted_at: UnixMillis(row.get("granted_at")).to_rfc3339(),
            settle_by: UnixMillis(row.get("settle_by")).to_rfc3339(),
            forced: row.get("forced"),
        };
        Ok(rows.iter().map(lease).collect())
    }
}

/// One statement, so that the amounts are of one snapshot.
async fn summary(client: &Object, campaign: &str) -> Result<Option<Row>, LedgerError> {
    let attempted = "read a campaign's account";
    let statement = client
        .prepare_cached(
            "SELECT c.currency, c.time_zone, c.daily_budget, a.effective, a.settled, a.held, ledger_now() AS now,
                    coalesce(n.matched, 0) AS matched, coalesce(n.bids, 0) AS bids, coalesce(n.wins, 0) AS wins,
                    coalesce(n.impressions, 0) AS impressions, coalesce(n.clicks, 0) AS clicks,
                    coalesce(n.conversions, 0) AS conversions, coalesce(n.shading_saved, 0) AS shading_saved,
                    coalesce(n.late_unfunded, 0) AS late_unfunded
             FROM ledger_campaigns c JOIN accounts a ON a.level = 1 AND a.owner = c.campaign AND a.bucket = 0
             LEFT JOIN campaign_counts n USING (campaign) WHERE c.campaign = $1",
        )
        .await
        .map_err(LedgerError::sql(attempted))?;
    client
        .query_opt(&statement, &[&campaign])
        .await
        .map_err(LedgerError::sql(attempted))
}

async fn today(
    client: &Object,
    campaign: &str,
    zone: &str,
    now: UnixMillis,
) -> Result<Nanos, LedgerError> {
    let Some(period) = Zone::parse(zone).and_then(|zone| zone.period(now)) else {
        return Ok(Nanos::ZERO);
    };
    let row = client
        .query_opt(
            "SELECT settled FROM accounts WHERE level = $1 AND owner = $2 AND bucket = $3",
            &[&Level::Day.number(), &campaign, &period.day.0],
        )
        .await
        .map_err(LedgerError::sql("read a campaign's day"))?;
    Ok(row.map_or(Nanos::ZERO, |row| Nanos(row.get(0))))
}

async fn no_bid_reasons(
    client: &Object,
    campaign: &str,
) -> Result<BTreeMap<String, u64>, LedgerError> {
    let rows = client
        .query(
            "SELECT reason, count FROM campaign_no_bids WHERE campaign = $1",
            &[&campaign],
        )
        .await
        .map_err(LedgerError::sql("read no-bid reasons"))?;
    Ok(rows
        .iter()
        .map(|row| (row.get(0), ints(row.get(1))))
        .collect())
}

/// Most lines of one answer.
const MOST_ARMS: i64 = 1_000;

async fn arms(client: &Object, campaign: &str) -> Result<Vec<ArmStats>, LedgerError> {
    let rows = client
        .query(
            "SELECT line_item, arm, creative, wins, impressions, clicks, conversions, spend FROM arm_counts
             WHERE campaign = $1 ORDER BY line_item, arm, creative LIMIT $2",
            &[&campaign, &MOST_ARMS],
        )
        .await
        .map_err(LedgerError::sql("read counts of arms"))?;
    let arm = |row: &Row| {
        let count = |column| ints(row.get::<_, i64>(column));
        let (impressions, clicks) = (count("impressions"), count("clicks"));
        ArmStats {
            line_item_id: row.get("line_item"),
            arm: row.get("arm"),
            creative_id: row.get("creative"),
            wins: count("wins"),
            impressions,
            clicks,
            conversions: count("conversions"),
            ctr: ratio(clicks, impressions),
            spend: Nanos(row.get("spend")),
        }
    };
    Ok(rows.iter().map(arm).collect())
}

/// In millionths; nothing of nothing is zero.
fn ratio(part: u64, whole: u64) -> Multiplier {
    let millionths = u128::from(part) * 1_000_000 / u128::from(whole.max(1));
    i64::try_from(millionths)
        .ok()
        .and_then(Multiplier::new)
        .unwrap_or_default()
}
