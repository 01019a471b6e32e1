//! A budget edit, within the transaction of the edit that it belongs to.

use std::collections::BTreeSet;

use contracts::catalog::Pacing;
use control_plane_core::budget::{
    AccountKey, CampaignBudget, Level, LineBudget, ReservationLife, Zone,
};
use deadpool_postgres::Transaction;
use units::{Nanos, UnixMillis};

use super::rows::LockedRows;
use super::{Ledger, LedgerError, clock, int, sql};

/// What of a campaign's budget is gone or held, at the edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Settled charges.
    pub spend: Nanos,
    /// Held by open leases.
    pub reserved: Nanos,
}

impl Committed {
    /// Both together: a budget under this is a conflict (409).
    #[must_use]
    pub fn total(&self) -> Nanos {
        self.spend + self.reserved
    }
}

impl Ledger {
    /// Opens a campaign's budgets, or changes them, within the caller's transaction. Takes the ledger's
    /// locks of the campaign until that transaction ends, so call it last.
    ///
    /// A cut under what is settled and held takes effect as holds return; whether it is allowed is the
    /// caller's to judge by the answer, before it commits.
    ///
    /// # Errors
    /// [`LedgerError`]; the transaction must then be rolled back.
    pub async fn set_budget(
        tx: &Transaction<'_>,
        budget: &CampaignBudget,
    ) -> Result<Committed, LedgerError> {
        let zone = Zone::parse(&budget.time_zone)
            .ok_or_else(|| LedgerError::TimeZone(budget.time_zone.clone()))?;
        let campaign = AccountKey::lifetime(Level::Campaign, budget.campaign.as_str());
        let lines: BTreeSet<AccountKey> = budget
            .lines
            .iter()
            .map(|line| AccountKey::lifetime(Level::LineItem, line.line_item.as_str()))
            .collect();
        let mut locked = LockedRows::default();
        open(tx, [&campaign]).await?;
        locked
            .lock_accounts(tx, &BTreeSet::from([campaign.clone()]))
            .await?;
        // Only the holder of the campaign's lock adds line items or days to it.
        open(tx, &lines).await?;
        locked.lock_accounts(tx, &lines).await?;
        let now = clock(tx).await?;
        let today = zone.period(now).map_or(now, |period| period.day);
        let days = days_from(tx, budget.campaign.as_str(), today).await?;
        locked.lock_accounts(tx, &days).await?;

        locked
            .books
            .configure(&budget.campaign, &campaign, Some(budget.budget));
        for line in &budget.lines {
            let key = AccountKey::lifetime(Level::LineItem, line.line_item.as_str());
            locked.books.configure(&budget.campaign, &key, line.budget);
        }
        for day in &days {
            locked
                .books
                .configure(&budget.campaign, day, budget.daily_budget);
        }
        let committed = locked
            .books
            .accounts
            .get(&campaign)
            .map(|account| Committed {
                spend: account.settled,
                reserved: account.held,
            })
            .ok_or_else(|| LedgerError::Unreadable("a campaign without account".into()))?;
        write_terms(tx, budget).await?;
        locked.write(tx, now).await?;
        Ok(committed)
    }
}

/// Adds accounts that are not there, with nothing in them.
async fn open<'a>(
    tx: &Transaction<'_>,
    keys: impl IntoIterator<Item = &'a AccountKey>,
) -> Result<(), LedgerError> {
    let (mut levels, mut owners) = (Vec::new(), Vec::new());
    for key in keys {
        levels.push(key.level.number());
        owners.push(key.owner.as_str());
    }
    sql::run(
        tx,
        "open accounts",
        "INSERT INTO accounts (level, owner, bucket)
         SELECT level, owner, 0 FROM unnest($1::smallint[], $2::text[]) AS k (level, owner)
         ON CONFLICT DO NOTHING",
        &[&levels, &owners],
    )
    .await?;
    Ok(())
}

async fn days_from(
    tx: &Transaction<'_>,
    campaign: &str,
    today: UnixMillis,
) -> Result<BTreeSet<AccountKey>, LedgerError> {
    let rows = sql::all(
        tx,
        "find open days",
        "SELECT bucket FROM accounts WHERE level = 3 AND owner = $1 AND bucket >= $2",
        &[&campaign, &today.0],
    )
    .await?;
    let day = |bucket: i64| AccountKey::bucket(Level::Day, campaign, UnixMillis(bucket));
    Ok(rows.iter().map(|row| day(row.get(0))).collect())
}

async fn write_terms(tx: &Transaction<'_>, budget: &CampaignBudget) -> Result<(), LedgerError> {
    sql::run(
        tx,
        "write a campaign's terms",
        "INSERT INTO ledger_campaigns (campaign, advertiser, currency, time_zone, active, daily_budget)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (campaign) DO UPDATE SET currency = excluded.currency, time_zone = excluded.time_zone,
                active = excluded.active, daily_budget = excluded.daily_budget",
        &[
            &budget.campaign.as_str(),
            &budget.advertiser.as_str(),
            &budget.currency.as_str(),
            &budget.time_zone,
            &budget.active,
            &budget.daily_budget.map(|daily| daily.0),
        ],
    )
    .await?;
    for line in &budget.lines {
        write_line(tx, budget.campaign.as_str(), line).await?;
    }
    Ok(())
}

impl Ledger {
    /// Brings the lives of reservations to what is configured, for line items that no edit has touched since;
    /// they hold from the next grant on.
    ///
    /// # Errors
    /// [`LedgerError`] when Postgres does not answer.
    pub async fn set_lives(&self, life: ReservationLife) -> Result<(), LedgerError> {
        let seconds = |life: u32| i32::try_from(life).unwrap_or(i32::MAX);
        let client = self.client().await?;
        let changed = client
            .execute(
                "WITH played AS (
                    SELECT DISTINCT i.id FROM line_items i
                    CROSS JOIN LATERAL jsonb_array_elements_text(i.doc -> 'creatives') AS shown (creative)
                    JOIN creatives c ON c.id = shown.creative WHERE c.doc ->> 'format' IN ('video', 'audio')
                 ), wanted AS (
                    SELECT l.line_item, CASE WHEN p.id IS NULL THEN $1::integer ELSE $2::integer END AS life
                    FROM ledger_line_items l LEFT JOIN played p ON p.id = l.line_item
                 )
                 UPDATE ledger_line_items l SET reservation_life_s = w.life FROM wanted w
                 WHERE w.line_item = l.line_item AND l.reservation_life_s <> w.life",
                &[&seconds(life.shown_s), &seconds(life.played_s)],
            )
            .await
            .map_err(LedgerError::sql("set the lives of reservations"))?;
        if changed > 0 {
            tracing::info!(
                line_items = changed,
                ?life,
                "reservations live as configured"
            );
        }
        Ok(())
    }
}

async fn write_line(
    tx: &Transaction<'_>,
    campaign: &str,
    line: &LineBudget,
) -> Result<(), LedgerError> {
    let life = i32::try_from(line.reservation_life_s).unwrap_or(i32::MAX);
    sql::run(
        tx,
        "write a line item's terms",
        "INSERT INTO ledger_line_items (line_item, campaign, active, epoch, starts_at, ends_at, pacing,
                                        max_impression, reservation_life_s)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (line_item) DO UPDATE SET active = excluded.active, epoch = excluded.epoch,
                starts_at = excluded.starts_at, ends_at = excluded.ends_at, pacing = excluded.pacing,
                max_impression = excluded.max_impression, reservation_life_s = excluded.reservation_life_s",
        &[
            &line.line_item.as_str(),
            &campaign,
            &line.active,
            &int(line.epoch),
            &line.starts_at.0,
            &line.ends_at.map(|end| end.0),
            &pacing_word(line.pacing),
            &line.max_impression.0,
            &life,
        ],
    )
    .await?;
    Ok(())
}

pub(super) const fn pacing_word(pacing: Pacing) -> &'static str {
    match pacing {
        Pacing::Asap => "asap",
        Pacing::Even => "even",
    }
}

pub(super) fn pacing_of(word: &str) -> Option<Pacing> {
    [Pacing::Asap, Pacing::Even]
        .into_iter()
        .find(|pacing| pacing_word(*pacing) == word)
}
