//! Rows to [`Books`]: locked in one order.

use std::collections::{BTreeMap, BTreeSet};

use control_plane_core::budget::{
    Account, AccountKey, Books, Lease, LeaseState, Level, Reservation, ReservationState,
};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use units::{BidId, LeaseId, Nanos, ReservationId, UnixMillis};
use uuid::Uuid;

use super::{LedgerError, int, ints, sql};

/// The books of a transaction, with what they were when they were locked.
#[derive(Debug, Default)]
pub(crate) struct LockedRows {
    pub(crate) books: Books,
    pub(super) accounts: BTreeMap<AccountKey, Account>,
    pub(super) leases: BTreeMap<LeaseId, Lease>,
    /// The batch that asks for the leases to be added.
    pub(super) batch: Option<i64>,
}

impl LockedRows {
    /// Locks accounts in the order of the key; those that do not exist stay out. Levels that were locked
    /// before must not be above these.
    pub(crate) async fn lock_accounts(
        &mut self,
        tx: &Transaction<'_>,
        keys: &BTreeSet<AccountKey>,
    ) -> Result<(), LedgerError> {
        let keys = KeyColumns::of(keys);
        let rows = sql::all(
            tx,
            "lock accounts",
            "SELECT a.level, a.owner, a.bucket, a.configured, a.effective, a.settled, a.held
             FROM accounts a JOIN unnest($1::smallint[], $2::text[], $3::bigint[]) AS k (level, owner, bucket)
               USING (level, owner, bucket)
             ORDER BY a.level, a.owner, a.bucket FOR UPDATE OF a",
            &[&keys.levels, &keys.owners, &keys.buckets],
        )
        .await?;
        for row in rows {
            let (key, account) = account(&row)?;
            self.accounts.insert(key.clone(), account);
            self.books.accounts.insert(key, account);
        }
        Ok(())
    }

    /// Locks leases in the order of their ids; call it after all accounts.
    pub(crate) async fn lock_leases(
        &mut self,
        tx: &Transaction<'_>,
        ids: &[Uuid],
    ) -> Result<(), LedgerError> {
        let rows = sql::all(
            tx,
            "lock leases",
            "SELECT id, line_item, campaign, bidder, boot, epoch, face, settled, released, returned,
                    day, hour, granted_at, expires_at, settle_by, state
             FROM leases WHERE id = ANY ($1) ORDER BY id FOR UPDATE",
            &[&ids],
        )
        .await?;
        for row in rows {
            let lease = lease(&row)?;
            self.leases.insert(lease.id, lease.clone());
            self.books.leases.insert(lease.id, lease);
        }
        Ok(())
    }

    /// Reads reservations that have moved; their leases are locked.
    pub(crate) async fn read_reservations(
        &mut self,
        tx: &Transaction<'_>,
        ids: &BTreeSet<ReservationId>,
    ) -> Result<(), LedgerError> {
        let leases: Vec<Uuid> = ids.iter().map(|id| id.lease.0).collect();
        let seqs: Vec<i64> = ids.iter().map(|id| int(id.seq)).collect();
        let rows = sql::all(
            tx,
            "read reservations",
            "SELECT r.lease, r.seq, r.state, r.bid, r.campaign, r.line_item, r.day, r.hour, r.source, r.charge
             FROM reservations r JOIN unnest($1::uuid[], $2::bigint[]) AS k (lease, seq) USING (lease, seq)",
            &[&leases, &seqs],
        )
        .await?;
        for row in rows {
            let (id, reservation) = reservation(&row)?;
            self.books.reservations.insert(id, reservation);
        }
        Ok(())
    }
}

/// The accounts behind leases, unlocked: what a lease names never changes.
pub(crate) async fn lease_accounts(
    tx: &Transaction<'_>,
    ids: &[Uuid],
) -> Result<BTreeMap<LeaseId, [AccountKey; 4]>, LedgerError> {
    let rows = sql::all(
        tx,
        "read the accounts of leases",
        "SELECT id, campaign, line_item, day, hour FROM leases WHERE id = ANY ($1)",
        &[&ids],
    )
    .await?;
    let keys = |row: &Row| {
        let (campaign, line_item): (&str, &str) = (row.get(1), row.get(2));
        let accounts = [
            AccountKey::lifetime(Level::Campaign, campaign),
            AccountKey::lifetime(Level::LineItem, line_item),
            AccountKey::bucket(Level::Day, campaign, UnixMillis(row.get(3))),
            AccountKey::bucket(Level::Hour, campaign, UnixMillis(row.get(4))),
        ];
        (LeaseId(row.get(0)), accounts)
    };
    Ok(rows.iter().map(keys).collect())
}

/// Adds empty accounts for days and hours; the campaign's account is locked, so no one else adds them.
pub(crate) async fn add_buckets(
    tx: &Transaction<'_>,
    keys: impl Iterator<Item = &AccountKey>,
) -> Result<(), LedgerError> {
    let keys = KeyColumns::of(keys);
    sql::run(
        tx,
        "add days and hours",
        "INSERT INTO accounts (level, owner, bucket, configured, effective)
         SELECT k.level, k.owner, k.bucket, d.daily, d.daily
         FROM unnest($1::smallint[], $2::text[], $3::bigint[]) AS k (level, owner, bucket)
         JOIN ledger_campaigns c ON c.campaign = k.owner
         CROSS JOIN LATERAL (SELECT CASE WHEN k.level = 3 THEN c.daily_budget END AS daily) d
         ON CONFLICT DO NOTHING",
        &[&keys.levels, &keys.owners, &keys.buckets],
    )
    .await?;
    Ok(())
}

pub(super) struct KeyColumns {
    pub(super) levels: Vec<i16>,
    pub(super) owners: Vec<String>,
    pub(super) buckets: Vec<i64>,
}

impl KeyColumns {
    pub(super) fn of<'a>(keys: impl IntoIterator<Item = &'a AccountKey>) -> Self {
        let mut columns = Self {
            levels: Vec::new(),
            owners: Vec::new(),
            buckets: Vec::new(),
        };
        for key in keys {
            columns.levels.push(key.level.number());
            columns.owners.push(key.owner.clone());
            columns.buckets.push(key.bucket.0);
        }
        columns
    }
}

fn account(row: &Row) -> Result<(AccountKey, Account), LedgerError> {
    let level: i16 = row.get(0);
    let key = AccountKey {
        level: Level::of(level)
            .ok_or_else(|| LedgerError::Unreadable(format!("an account of level {level}")))?,
        owner: row.get(1),
        bucket: UnixMillis(row.get(2)),
    };
    let account = Account {
        configured: row.get::<_, Option<i64>>(3).map(Nanos),
        effective: row.get::<_, Option<i64>>(4).map(Nanos),
        settled: Nanos(row.get(5)),
        held: Nanos(row.get(6)),
    };
    Ok((key, account))
}

fn lease(row: &Row) -> Result<Lease, LedgerError> {
    let state: &str = row.get(15);
    Ok(Lease {
        id: LeaseId(row.get(0)),
        line_item: row.get::<_, String>(1).into(),
        campaign: row.get::<_, String>(2).into(),
        bidder: row.get::<_, String>(3).into(),
        boot: units::BootId(row.get(4)),
        epoch: ints(row.get(5)),
        face: Nanos(row.get(6)),
        settled: Nanos(row.get(7)),
        released: Nanos(row.get(8)),
        returned: Nanos(row.get(9)),
        day: UnixMillis(row.get(10)),
        hour: UnixMillis(row.get(11)),
        granted_at: UnixMillis(row.get(12)),
        expires_at: UnixMillis(row.get(13)),
        settle_by: UnixMillis(row.get(14)),
        state: LeaseState::of(state)
            .ok_or_else(|| LedgerError::Unreadable(format!("a lease that is {state:?}")))?,
    })
}

fn reservation(row: &Row) -> Result<(ReservationId, Reservation), LedgerError> {
    let state: &str = row.get(2);
    let id = ReservationId {
        lease: LeaseId(row.get(0)),
        seq: ints(row.get(1)),
    };
    let (campaign, line_item): (&str, &str) = (row.get(4), row.get(5));
    let reservation = Reservation {
        state: ReservationState::of(state)
            .ok_or_else(|| LedgerError::Unreadable(format!("a reservation that is {state:?}")))?,
        bid: BidId(row.get(3)),
        campaign: campaign.into(),
        source: row.get(8),
        charge: Nanos(row.get(9)),
        flag: None,
        accounts: [
            AccountKey::lifetime(Level::Campaign, campaign),
            AccountKey::lifetime(Level::LineItem, line_item),
            AccountKey::bucket(Level::Day, campaign, UnixMillis(row.get(6))),
            AccountKey::bucket(Level::Hour, campaign, UnixMillis(row.get(7))),
        ],
    };
    Ok((id, reservation))
}
