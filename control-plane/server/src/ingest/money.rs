//! The money log: notices and markers, in order, once.

use std::collections::{BTreeMap, BTreeSet};

use contracts::event::{MONEY_STREAM, MoneyEvent, NoticeEvent};
use control_plane_core::budget::{AccountKey, Level, Outcome, Zone};
use deadpool_postgres::Transaction;
use eventlog::Entry;
use tokio_postgres::Row;
use units::{LeaseId, Nanos, ReservationId, UnixMillis};
use uuid::Uuid;

use super::position::{advance, claim};
use super::{Ingest, caps, counts};
use crate::ledger::{LedgerError, LockedRows, add_buckets, clock, lease_accounts, sql};

/// What became of the entries of one transaction, in order.
struct Applied {
    outcomes: Vec<(Outcome, Nanos)>,
    entries: usize,
    /// Why the entry behind them cannot be applied.
    stopped: Option<String>,
}

type Read<'a> = (&'a Entry, MoneyEvent);

impl Ingest {
    /// Applies the next entries of the money log in one transaction; answers how many. Call it again
    /// while there are any.
    ///
    /// # Errors
    /// [`LedgerError`]: none of them was applied.
    pub async fn apply_money(&self) -> Result<usize, LedgerError> {
        let (position, entries) = self.next(MONEY_STREAM).await?;
        let Some(first) = entries.first() else {
            self.metrics.lag.set_u32(0);
            return Ok(0);
        };
        self.measure_lag(first);
        let mut unreadable = None;
        let mut events: Vec<Read<'_>> = Vec::with_capacity(entries.len());
        for entry in &entries {
            match serde_json::from_slice(&entry.payload) {
                Ok(event) => events.push((entry, event)),
                Err(fault) => {
                    unreadable = Some(fault.to_string());
                    break;
                }
            }
        }
        if let (true, Some(reason)) = (events.is_empty(), unreadable) {
            self.quarantine(MONEY_STREAM, &position, first, &reason)
                .await?;
            return Ok(1);
        }
        match self.apply_some(&position, &events).await {
            Ok(Applied {
                entries: 0,
                stopped,
                ..
            }) => {
                let reason = stopped.unwrap_or_default();
                self.quarantine(MONEY_STREAM, &position, first, &reason)
                    .await?;
                Ok(1)
            }
            Ok(applied) => {
                self.count_applied(&applied);
                Ok(applied.entries)
            }
            Err(fault) if fault.is_the_datas() => {
                self.quarantine(MONEY_STREAM, &position, first, &fault.to_string())
                    .await?;
                Ok(1)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Applies all, or, where one entry's data is at fault, so few that it is alone in the end.
    async fn apply_some(
        &self,
        position: &str,
        events: &[Read<'_>],
    ) -> Result<Applied, LedgerError> {
        let mut some = events;
        loop {
            match self.commit(position, some).await {
                Err(fault) if fault.is_the_datas() && some.len() > 1 => {
                    some = some.get(..some.len() / 2).unwrap_or_default();
                }
                other => return other,
            }
        }
    }

    async fn commit(&self, position: &str, events: &[Read<'_>]) -> Result<Applied, LedgerError> {
        let mut client = self.ledger.client().await?;
        let tx = client
            .transaction()
            .await
            .map_err(LedgerError::sql("begin applying events"))?;
        claim(&tx, MONEY_STREAM, position).await?;
        let notices: Vec<&NoticeEvent> = events.iter().filter_map(notice).collect();
        let (mut locked, periods) = lock(&tx, &notices).await?;
        let now = clock(&tx).await?;

        let mut applied = Applied {
            outcomes: Vec::with_capacity(notices.len()),
            entries: 0,
            stopped: None,
        };
        let mut outcomes: Vec<(&NoticeEvent, Outcome)> = Vec::with_capacity(notices.len());
        let mut marker = UnixMillis(0);
        let mut reached = None;
        for (entry, event) in events {
            match event {
                MoneyEvent::Marker { fence } => marker = marker.max(*fence),
                MoneyEvent::Notice(event) => {
                    let lease = event.claims.reservation.lease;
                    let period = periods.get(&lease).copied().unwrap_or_default();
                    match locked.books.settle(event, period) {
                        Ok(outcome) => outcomes.push((&**event, outcome)),
                        Err(why) => {
                            applied.stopped = Some(why.to_string());
                            break;
                        }
                    }
                }
            }
            applied.entries += 1;
            reached = Some(&entry.position);
        }
        let Some(reached) = reached else {
            return Ok(applied);
        };
        locked.write(&tx, now).await?;
        counts::write(&tx, &outcomes).await?;
        caps::enqueue(&tx, &outcomes, &self.final_losses, now).await?;
        if marker > UnixMillis(0) {
            commit_marker(&tx, marker).await?;
        }
        advance(&tx, MONEY_STREAM, reached).await?;
        tx.commit()
            .await
            .map_err(LedgerError::sql("commit events"))?;
        applied.outcomes = outcomes
            .into_iter()
            .map(|(_, outcome)| (outcome, charged(outcome)))
            .collect();
        Ok(applied)
    }

    fn measure_lag(&self, oldest: &Entry) {
        let age = oldest
            .taken_at()
            .map_or(0, |at| service::clock::now().since(at).0.max(0));
        self.metrics.lag.set_i64(age / 1_000);
    }

    fn count_applied(&self, applied: &Applied) {
        for (outcome, charge) in &applied.outcomes {
            self.metrics
                .spend
                .add(u64::try_from(charge.0).unwrap_or_default());
            match outcome {
                Outcome::Billed(_) => self.metrics.billed.inc(),
                Outcome::LateFunded(_) => self.metrics.late_funded.inc(),
                Outcome::LateUnfunded(owed) => {
                    tracing::warn!(%owed, "a late notice found no budget: owed by us");
                    self.metrics.late_unfunded.inc();
                }
                Outcome::Released(_) => self.metrics.released.inc(),
                Outcome::Duplicate => self.metrics.duplicate.inc(),
                Outcome::Counted | Outcome::NoMoney => {}
            }
        }
    }
}

fn notice<'a>((_, event): &'a Read<'_>) -> Option<&'a NoticeEvent> {
    match event {
        MoneyEvent::Notice(event) => Some(event),
        MoneyEvent::Marker { .. } => None,
    }
}

const fn charged(outcome: Outcome) -> Nanos {
    match outcome {
        Outcome::Billed(charge) | Outcome::LateFunded(charge) => charge,
        Outcome::LateUnfunded(_)
        | Outcome::Released(_)
        | Outcome::Counted
        | Outcome::Duplicate
        | Outcome::NoMoney => Nanos::ZERO,
    }
}

/// The day and hour of leases that the ledger does not know.
type Periods = BTreeMap<LeaseId, (UnixMillis, UnixMillis)>;

/// Locks everything behind the notices: accounts by level, then leases.
async fn lock(
    tx: &Transaction<'_>,
    notices: &[&NoticeEvent],
) -> Result<(LockedRows, Periods), LedgerError> {
    let ids: BTreeSet<Uuid> = notices
        .iter()
        .map(|event| event.claims.reservation.lease.0)
        .collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let known = lease_accounts(tx, &ids).await?;
    let unknown: Vec<&NoticeEvent> = notices
        .iter()
        .copied()
        .filter(|event| !known.contains_key(&event.claims.reservation.lease))
        .collect();
    let periods = periods(tx, &unknown).await?;
    let mut keys: BTreeSet<AccountKey> = known.into_values().flatten().collect();
    for event in unknown {
        let claims = &event.claims;
        let (campaign, line_item) = (claims.campaign.as_str(), claims.line_item.as_str());
        keys.insert(AccountKey::lifetime(Level::Campaign, campaign));
        keys.insert(AccountKey::lifetime(Level::LineItem, line_item));
        if let Some((day, hour)) = periods.get(&claims.reservation.lease) {
            keys.insert(AccountKey::bucket(Level::Day, campaign, *day));
            keys.insert(AccountKey::bucket(Level::Hour, campaign, *hour));
        }
    }
    let mut locked = LockedRows::default();
    let buckets = keys.split_off(&AccountKey::lifetime(Level::Day, ""));
    locked.lock_accounts(tx, &keys).await?;
    if !periods.is_empty() {
        add_buckets(tx, buckets.iter()).await?;
    }
    locked.lock_accounts(tx, &buckets).await?;
    locked.lock_leases(tx, &ids).await?;
    let reservations: BTreeSet<ReservationId> = notices
        .iter()
        .map(|event| event.claims.reservation)
        .collect();
    locked.read_reservations(tx, &reservations).await?;
    Ok((locked, periods))
}

/// When unknown leases must have been granted: their id is a UUIDv7 of the ledger's clock.
async fn periods(tx: &Transaction<'_>, unknown: &[&NoticeEvent]) -> Result<Periods, LedgerError> {
    if unknown.is_empty() {
        return Ok(Periods::new());
    }
    let campaigns: Vec<&str> = unknown
        .iter()
        .map(|event| event.claims.campaign.as_str())
        .collect();
    let rows = sql::all(
        tx,
        "read time zones",
        "SELECT campaign, time_zone FROM ledger_campaigns WHERE campaign = ANY ($1)",
        &[&campaigns],
    )
    .await?;
    let zones: BTreeMap<String, Zone> = rows
        .iter()
        .filter_map(|row: &Row| Some((row.get(0), Zone::parse(row.get(1))?)))
        .collect();
    let period = |event: &&NoticeEvent| {
        let lease = event.claims.reservation.lease;
        let granted = lease.0.get_timestamp().map_or(event.at, |stamp| {
            let (seconds, nanos) = stamp.to_unix();
            let millis = seconds.saturating_mul(1_000) + u64::from(nanos / 1_000_000);
            UnixMillis(i64::try_from(millis).unwrap_or(i64::MAX))
        });
        let period = zones.get(event.claims.campaign.as_str())?.period(granted)?;
        Some((lease, (period.day, period.hour)))
    };
    Ok(unknown.iter().filter_map(period).collect())
}

async fn commit_marker(tx: &Transaction<'_>, marker: UnixMillis) -> Result<(), LedgerError> {
    sql::run(
        tx,
        "commit a marker",
        "UPDATE log_positions SET marker = greatest(marker, $2) WHERE stream = $1",
        &[&MONEY_STREAM, &marker.0],
    )
    .await?;
    Ok(())
}
