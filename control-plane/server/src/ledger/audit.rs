//! Whether the ledger agrees with itself (R12).

use units::Nanos;

use super::{Ledger, LedgerError};

/// The sum of all disagreements, in one snapshot: postings that do not sum to zero; sides of a campaign
/// against its account; held of every account against its open leases; settled against its reservations;
/// leases against their reservations.
const IMBALANCE: &str = "
WITH lease_sums AS (
    SELECT campaign, line_item, day, hour, sum(face - settled - released - returned) AS held
    FROM leases WHERE state <> 'closed' GROUP BY campaign, line_item, day, hour
), charge_sums AS (
    SELECT campaign, line_item, day, hour, sum(charge) AS settled
    FROM reservations WHERE state IN ('billed', 'late_funded') GROUP BY campaign, line_item, day, hour
), moved AS (
    SELECT campaign, line_item, day, hour, held, 0::numeric AS settled FROM lease_sums
    UNION ALL SELECT campaign, line_item, day, hour, 0, settled FROM charge_sums
), expected AS (
    SELECT 1::smallint AS level, campaign AS owner, 0::bigint AS bucket, held, settled FROM moved
    UNION ALL SELECT 2::smallint, line_item, 0, held, settled FROM moved
    UNION ALL SELECT 3::smallint, campaign, day, held, settled FROM moved
    UNION ALL SELECT 4::smallint, campaign, hour, held, settled FROM moved
), levels AS (
    SELECT level, owner, bucket, sum(held) AS held, sum(settled) AS settled FROM expected GROUP BY level, owner, bucket
), sides AS (
    SELECT campaign,
           coalesce(sum(amount) FILTER (WHERE side = 'configured'), 0) AS configured,
           coalesce(sum(amount) FILTER (WHERE side = 'unallocated'), 0) AS unallocated,
           coalesce(sum(amount) FILTER (WHERE side = 'held'), 0) AS held,
           coalesce(sum(amount) FILTER (WHERE side = 'settled'), 0) AS settled
    FROM postings GROUP BY campaign
), billed AS (
    SELECT lease, sum(charge) AS settled FROM reservations WHERE state = 'billed' GROUP BY lease
)
SELECT coalesce(sum(off), 0)::bigint FROM (
    SELECT abs(configured + unallocated + held + settled) AS off FROM sides
    UNION ALL
    SELECT abs(coalesce(a.held, 0) - coalesce(l.held, 0)) + abs(coalesce(a.settled, 0) - coalesce(l.settled, 0))
    FROM accounts a FULL JOIN levels l USING (level, owner, bucket)
    UNION ALL
    SELECT abs(a.held - coalesce(s.held, 0)) + abs(a.settled - coalesce(s.settled, 0))
         + abs(a.configured + coalesce(s.configured, 0))
    FROM accounts a LEFT JOIN sides s ON s.campaign = a.owner WHERE a.level = 1
    UNION ALL
    SELECT abs(l.settled - coalesce(b.settled, 0)) FROM leases l LEFT JOIN billed b ON b.lease = l.id
) AS disagreements";

impl Ledger {
    /// What the postings, accounts, leases and reservations disagree by; zero at every commit.
    ///
    /// # Errors
    /// [`LedgerError`] when Postgres does not answer.
    pub async fn imbalance(&self) -> Result<Nanos, LedgerError> {
        let client = self.client().await?;
        let row = client
            .query_one(IMBALANCE, &[])
            .await
            .map_err(LedgerError::sql("compare the ledger with itself"))?;
        Ok(Nanos(row.get(0)))
    }
}
