//! A bidder's batch: ends, tallies and wants, each in one set-based transaction.

use std::collections::{BTreeMap, BTreeSet};

use contracts::lease::{Ended, Grant, LeaseAnswer, LeaseAsk, Refusal, RefusalReason, Tally, Want};
use control_plane_core::budget::{
    AccountKey, Asked, End, Level, Line, LineBudget, Period, SettledShare, Zone,
};
use deadpool_postgres::Transaction;
use service::clock::random_bytes;
use tokio_postgres::Row;
use units::{LeaseId, LineItemId, Nanos, UnixMillis};
use uuid::Uuid;

use super::budget::pacing_of;
use super::repeat::Numbered;
use super::rows::{LockedRows, add_buckets, lease_accounts};
use super::{Ledger, LedgerError, clock, int, ints, sql};

/// Most line items or leases that one transaction locks.
const BATCH: usize = 1_000;

impl Ledger {
    /// Answers a bidder's batch. Grants are journaled when this returns. What a failure cuts off is asked
    /// for again a second later; a number that is asked again is answered with what it was granted.
    ///
    /// # Errors
    /// [`LedgerError`]: nothing of the failing part was done.
    pub async fn grant(&self, ask: &LeaseAsk) -> Result<LeaseAnswer, LedgerError> {
        let fresh = self.count(ask).await?;
        for ended in ask.ended.chunks(BATCH) {
            self.end(ask, ended).await?;
        }
        let mut answer = LeaseAnswer {
            boot: ask.boot,
            grants: Vec::new(),
            refusals: Vec::new(),
        };
        // One want a line item: the last one told.
        let wants: BTreeMap<&LineItemId, &Want> = ask
            .wants
            .iter()
            .filter(|want| want.amount > Nanos::ZERO)
            .map(|want| (&want.line_item, want))
            .collect();
        let wants: Vec<&Want> = wants.into_values().collect();
        for wants in wants.chunks(BATCH) {
            self.grant_batch(ask, wants, &mut answer).await?;
        }
        if wants.is_empty() && !fresh {
            self.grant_batch(ask, &[], &mut answer).await?;
        }
        Ok(answer)
    }

    async fn grant_batch(
        &self,
        ask: &LeaseAsk,
        wants: &[&Want],
        answer: &mut LeaseAnswer,
    ) -> Result<(), LedgerError> {
        let mut client = self.client().await?;
        let tx = client
            .transaction()
            .await
            .map_err(LedgerError::sql("begin a grant"))?;
        let numbered = Numbered::lock(&tx, ask).await?;
        let ids: Vec<&str> = wants.iter().map(|want| want.line_item.as_str()).collect();
        let periods = periods(&tx, &ids).await?;
        let mut locked = LockedRows::default();
        let (lifetimes, buckets) = keys(&periods);
        locked.lock_accounts(&tx, &lifetimes).await?;
        add_buckets(&tx, buckets.iter()).await?;
        locked.lock_accounts(&tx, &buckets).await?;
        // The terms again, since an edit may have waited for the same locks before us.
        let lines = lines(&tx, &ids, &periods).await?;
        let now = clock(&tx).await?;
        let mut granted = Vec::new();
        let leased = numbered.leased(now);
        let open = |want: &&&Want| !numbered.overtaken && !leased.contains(want.line_item.as_str());
        for want in wants.iter().filter(open) {
            let asked = Asked {
                lease: LeaseId::new(now, random_bytes()),
                bidder: ask.bidder.clone(),
                boot: ask.boot,
                amount: want.amount,
            };
            let given = match lines.get(want.line_item.as_str()) {
                Some(line) => locked.books.grant(line, asked, now),
                None => Err(RefusalReason::Unknown),
            };
            match given {
                Ok(given) => granted.push(given),
                Err(reason) => answer.refusals.push(Refusal {
                    line_item: want.line_item.clone(),
                    reason,
                }),
            }
        }
        locked.batch = Some(int(ask.batch));
        locked.write(&tx, now).await?;
        tx.commit()
            .await
            .map_err(LedgerError::sql("commit a grant"))?;
        let again = numbered.again(&answer.grants, now);
        answer.grants.extend(again);
        answer.grants.extend(granted.iter().filter_map(|given| {
            let lease = locked.books.leases.get(&given.lease)?;
            let life = lease.settle_by.since(lease.expires_at).0 / 1_000;
            Some(Grant {
                lease: lease.id,
                line_item: lease.line_item.clone(),
                epoch: lease.epoch,
                face: lease.face,
                ttl_ms: u32::try_from(given.ttl.0).unwrap_or_default(),
                settle_by: lease.settle_by,
                reservation_life_s: u32::try_from(life).unwrap_or_default(),
            })
        }));
        Ok(())
    }

    /// Returns at once what ended leases never committed.
    async fn end(&self, ask: &LeaseAsk, ended: &[Ended]) -> Result<(), LedgerError> {
        let mut client = self.client().await?;
        let tx = client
            .transaction()
            .await
            .map_err(LedgerError::sql("begin an end of leases"))?;
        let ids: Vec<Uuid> = ended.iter().map(|ended| ended.lease.0).collect();
        let accounts = lease_accounts(&tx, &ids).await?;
        let mut locked = LockedRows::default();
        let keys = accounts.into_values().flatten().collect();
        locked.lock_accounts(&tx, &keys).await?;
        locked.lock_leases(&tx, &ids).await?;
        let now = clock(&tx).await?;
        for one in ended {
            match locked.books.end(one.lease, ask.boot, one.committed) {
                End::Returned(_) | End::Known => {}
                End::Refused => tracing::warn!(
                    lease = %one.lease, bidder = %ask.bidder, committed = %one.committed,
                    "an end that the ledger does not believe: the fence will close the lease"
                ),
            }
        }
        locked.write(&tx, now).await?;
        tx.commit()
            .await
            .map_err(LedgerError::sql("commit an end of leases"))
    }

    /// Counts a batch's tallies, once per boot and batch; whether its number is a new one.
    async fn count(&self, ask: &LeaseAsk) -> Result<bool, LedgerError> {
        let mut client = self.client().await?;
        let tx = client
            .transaction()
            .await
            .map_err(LedgerError::sql("begin tallies"))?;
        // A bidder numbers its batches upwards and sends one at a time.
        let fresh = sql::run(
            &tx,
            "note a bidder's batch",
            "INSERT INTO bidder_boots (boot, bidder, last_batch, seen_at) VALUES ($1, $2, $3, ledger_now())
             ON CONFLICT (boot) DO UPDATE SET last_batch = excluded.last_batch, seen_at = excluded.seen_at
                WHERE bidder_boots.last_batch < excluded.last_batch",
            &[&ask.boot.0, &ask.bidder.as_str(), &int(ask.batch)],
        )
        .await?;
        if fresh == 1 && !ask.tallies.is_empty() {
            write_tallies(&tx, &ask.tallies).await?;
        }
        tx.commit()
            .await
            .map_err(LedgerError::sql("commit tallies"))?;
        Ok(fresh == 1)
    }
}

async fn write_tallies(tx: &Transaction<'_>, tallies: &[Tally]) -> Result<(), LedgerError> {
    let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let mut reasons: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for tally in tallies {
        let sum = sums.entry(tally.campaign.as_str()).or_default();
        sum.0 = sum.0.saturating_add(tally.matched);
        sum.1 = sum.1.saturating_add(tally.bids);
        for (reason, count) in &tally.no_bids {
            let sum = reasons
                .entry((tally.campaign.as_str(), reason))
                .or_default();
            *sum = sum.saturating_add(*count);
        }
    }
    let campaigns: Vec<&str> = sums.keys().copied().collect();
    let matched: Vec<i64> = sums.values().map(|sum| int(sum.0)).collect();
    let bids: Vec<i64> = sums.values().map(|sum| int(sum.1)).collect();
    // Sorted, so that two batches never wait for each other crosswise.
    sql::run(
        tx,
        "add tallies",
        "INSERT INTO campaign_counts AS c (campaign, matched, bids)
         SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS n (campaign, matched, bids)
         ORDER BY campaign
         ON CONFLICT (campaign) DO UPDATE SET matched = c.matched + excluded.matched, bids = c.bids + excluded.bids",
        &[&campaigns, &matched, &bids],
    )
    .await?;
    let (campaigns, words): (Vec<&str>, Vec<&str>) = reasons.keys().copied().unzip();
    let counts: Vec<i64> = reasons.values().map(|count| int(*count)).collect();
    sql::run(
        tx,
        "add no-bid reasons",
        "INSERT INTO campaign_no_bids AS c (campaign, reason, count)
         SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) AS n (campaign, reason, count)
         ORDER BY campaign, reason
         ON CONFLICT (campaign, reason) DO UPDATE SET count = c.count + excluded.count",
        &[&campaigns, &words, &counts],
    )
    .await?;
    Ok(())
}

/// The campaign of each line item, and the day and hour that it is there.
async fn periods(
    tx: &Transaction<'_>,
    ids: &[&str],
) -> Result<BTreeMap<String, (String, Period)>, LedgerError> {
    let now = clock(tx).await?;
    let rows = sql::all(
        tx,
        "find line items",
        "SELECT l.line_item, l.campaign, c.time_zone
         FROM ledger_line_items l JOIN ledger_campaigns c USING (campaign) WHERE l.line_item = ANY ($1)",
        &[&ids],
    )
    .await?;
    let mut zones: BTreeMap<String, Option<Period>> = BTreeMap::new();
    let period = |row: &Row| {
        let zone: String = row.get(2);
        let period = *zones
            .entry(zone)
            .or_insert_with_key(|zone| Zone::parse(zone).and_then(|zone| zone.period(now)));
        Some((row.get(0), (row.get(1), period?)))
    };
    Ok(rows.iter().filter_map(period).collect())
}

fn keys(
    periods: &BTreeMap<String, (String, Period)>,
) -> (BTreeSet<AccountKey>, BTreeSet<AccountKey>) {
    let (mut lifetimes, mut buckets) = (BTreeSet::new(), BTreeSet::new());
    for (line_item, (campaign, period)) in periods {
        lifetimes.insert(AccountKey::lifetime(Level::Campaign, campaign));
        lifetimes.insert(AccountKey::lifetime(Level::LineItem, line_item));
        buckets.insert(AccountKey::bucket(Level::Day, campaign, period.day));
        buckets.insert(AccountKey::bucket(Level::Hour, campaign, period.hour));
    }
    (lifetimes, buckets)
}

async fn lines(
    tx: &Transaction<'_>,
    ids: &[&str],
    periods: &BTreeMap<String, (String, Period)>,
) -> Result<BTreeMap<String, Line>, LedgerError> {
    let rows = sql::all(
        tx,
        "read line items' terms",
        "SELECT l.line_item, l.campaign, c.active, l.active, l.epoch, l.starts_at, l.ends_at, l.pacing,
                l.max_impression, l.reservation_life_s, l.closed_settled, l.closed_face
         FROM ledger_line_items l JOIN ledger_campaigns c USING (campaign) WHERE l.line_item = ANY ($1)",
        &[&ids],
    )
    .await?;
    let line = |row: &Row| {
        let line_item: String = row.get(0);
        let (_, period) = periods.get(&line_item)?;
        let line = Line {
            campaign: row.get::<_, String>(1).into(),
            campaign_active: row.get(2),
            terms: LineBudget {
                line_item: line_item.as_str().into(),
                active: row.get(3),
                epoch: ints(row.get(4)),
                starts_at: UnixMillis(row.get(5)),
                ends_at: row.get::<_, Option<i64>>(6).map(UnixMillis),
                pacing: pacing_of(row.get(7))?,
                budget: None,
                max_impression: Nanos(row.get(8)),
                reservation_life_s: u32::try_from(row.get::<_, i32>(9)).ok()?,
            },
            period: *period,
            share: SettledShare::measured(Nanos(row.get(10)), Nanos(row.get(11))),
        };
        Some((line_item, line))
    };
    Ok(rows.iter().filter_map(line).collect())
}
