//! [`Books`](control_plane_core::budget::Books) to rows: what a transaction decided, and nothing else.

use control_plane_core::budget::{Account, AccountKey, Lease, Reservation};
use deadpool_postgres::Transaction;
use units::{ReservationId, UnixMillis};
use uuid::Uuid;

use super::rows::{KeyColumns, LockedRows};
use super::{LedgerError, int, sql};

impl LockedRows {
    /// Writes what was decided: postings, leases, reservations, accounts.
    pub(crate) async fn write(
        &self,
        tx: &Transaction<'_>,
        now: UnixMillis,
    ) -> Result<(), LedgerError> {
        self.write_postings(tx, now).await?;
        self.write_leases(tx).await?;
        self.write_reservations(tx, now).await?;
        self.write_accounts(tx).await
    }

    async fn write_postings(
        &self,
        tx: &Transaction<'_>,
        now: UnixMillis,
    ) -> Result<(), LedgerError> {
        let (mut campaigns, mut leases, mut from, mut to, mut amounts) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for movement in self.books.movements() {
            campaigns.push(movement.campaign.as_str().to_owned());
            leases.push(movement.lease.map(|lease| lease.0));
            from.push(movement.from.word());
            to.push(movement.to.word());
            amounts.push(movement.amount.0);
        }
        if amounts.is_empty() {
            return Ok(());
        }
        sql::run(
            tx,
            "write postings",
            "WITH moved AS MATERIALIZED (
                 SELECT nextval('postings_txn') AS txn, m.*
                 FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::bigint[])
                   AS m (campaign, lease, source, target, amount))
             INSERT INTO postings (txn, campaign, side, lease, amount, at)
             SELECT txn, campaign, source, lease, -amount, $6::bigint FROM moved
             UNION ALL SELECT txn, campaign, target, lease, amount, $6::bigint FROM moved",
            &[&campaigns, &leases, &from, &to, &amounts, &now.0],
        )
        .await?;
        Ok(())
    }

    async fn write_leases(&self, tx: &Transaction<'_>) -> Result<(), LedgerError> {
        let (added, changed): (Vec<&Lease>, Vec<&Lease>) = self
            .books
            .leases
            .values()
            .filter(|lease| self.leases.get(&lease.id) != Some(lease))
            .partition(|lease| !self.leases.contains_key(&lease.id));
        if !added.is_empty() {
            insert_leases(tx, &added, self.batch).await?;
        }
        if changed.is_empty() {
            return Ok(());
        }
        let column = |of: fn(&Lease) -> i64| changed.iter().map(|l| of(l)).collect::<Vec<_>>();
        let ids: Vec<Uuid> = changed.iter().map(|lease| lease.id.0).collect();
        let states: Vec<&str> = changed.iter().map(|lease| lease.state.word()).collect();
        sql::run(
            tx,
            "update leases",
            "UPDATE leases l SET settled = n.settled, released = n.released, returned = n.returned,
                    state = n.state,
                    ended_committed = CASE WHEN l.state = 'open' AND n.state = 'ended'
                                           THEN l.face - n.returned ELSE l.ended_committed END
             FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
               AS n (id, settled, released, returned, state)
             WHERE l.id = n.id",
            &[
                &ids,
                &column(|lease| lease.settled.0),
                &column(|lease| lease.released.0),
                &column(|lease| lease.returned.0),
                &states,
            ],
        )
        .await?;
        Ok(())
    }

    async fn write_reservations(
        &self,
        tx: &Transaction<'_>,
        now: UnixMillis,
    ) -> Result<(), LedgerError> {
        let moved: Vec<(&ReservationId, &Reservation)> = self.books.moved().collect();
        if moved.is_empty() {
            return Ok(());
        }
        let key = |index: usize| {
            moved
                .iter()
                .map(|(_, r)| {
                    r.accounts
                        .get(index)
                        .map(|key| (key.owner.as_str(), key.bucket.0))
                })
                .map(Option::unwrap_or_default)
                .collect::<Vec<_>>()
        };
        let leases: Vec<Uuid> = moved.iter().map(|(id, _)| id.lease.0).collect();
        let seqs: Vec<i64> = moved.iter().map(|(id, _)| int(id.seq)).collect();
        let states: Vec<&str> = moved.iter().map(|(_, r)| r.state.word()).collect();
        let bids: Vec<Uuid> = moved.iter().map(|(_, r)| r.bid.0).collect();
        let campaigns: Vec<&str> = moved.iter().map(|(_, r)| r.campaign.as_str()).collect();
        let line_items: Vec<&str> = key(1).into_iter().map(|(owner, _)| owner).collect();
        let days: Vec<i64> = key(2).into_iter().map(|(_, bucket)| bucket).collect();
        let hours: Vec<i64> = key(3).into_iter().map(|(_, bucket)| bucket).collect();
        let sources: Vec<&str> = moved.iter().map(|(_, r)| r.source.as_str()).collect();
        let charges: Vec<i64> = moved.iter().map(|(_, r)| r.charge.0).collect();
        let flags: Vec<Option<&str>> = moved
            .iter()
            .map(|(_, r)| r.flag.map(|f| f.word()))
            .collect();
        // Only a released one may move again, by the late path; the key refuses everything else.
        sql::run(
            tx,
            "write reservations",
            "INSERT INTO reservations (lease, seq, state, bid, campaign, line_item, day, hour, source, charge, flag, at)
             SELECT n.*, $12::bigint FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::uuid[], $5::text[], $6::text[],
                                         $7::bigint[], $8::bigint[], $9::text[], $10::bigint[], $11::text[]) AS n
             ON CONFLICT (lease, seq) DO UPDATE
                SET state = excluded.state, charge = excluded.charge, flag = excluded.flag, at = excluded.at
                WHERE reservations.state = 'released'",
            &[
                &leases, &seqs, &states, &bids, &campaigns, &line_items, &days, &hours, &sources, &charges,
                &flags, &now.0,
            ],
        )
        .await?;
        Ok(())
    }

    async fn write_accounts(&self, tx: &Transaction<'_>) -> Result<(), LedgerError> {
        let changed: Vec<(&AccountKey, &Account)> = self
            .books
            .accounts
            .iter()
            .filter(|(key, account)| self.accounts.get(*key) != Some(*account))
            .collect();
        if changed.is_empty() {
            return Ok(());
        }
        let keys = KeyColumns::of(changed.iter().map(|(key, _)| *key));
        let configured: Vec<Option<i64>> = changed
            .iter()
            .map(|(_, a)| a.configured.map(|n| n.0))
            .collect();
        let effective: Vec<Option<i64>> = changed
            .iter()
            .map(|(_, a)| a.effective.map(|n| n.0))
            .collect();
        let settled: Vec<i64> = changed.iter().map(|(_, a)| a.settled.0).collect();
        let held: Vec<i64> = changed.iter().map(|(_, a)| a.held.0).collect();
        sql::run(
            tx,
            "update accounts",
            "UPDATE accounts a SET configured = n.configured, effective = n.effective,
                    settled = n.settled, held = n.held
             FROM unnest($1::smallint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
               AS n (level, owner, bucket, configured, effective, settled, held)
             WHERE a.level = n.level AND a.owner = n.owner AND a.bucket = n.bucket",
            &[&keys.levels, &keys.owners, &keys.buckets, &configured, &effective, &settled, &held],
        )
        .await?;
        Ok(())
    }
}

async fn insert_leases(
    tx: &Transaction<'_>,
    added: &[&Lease],
    batch: Option<i64>,
) -> Result<(), LedgerError> {
    let number = |of: fn(&Lease) -> i64| added.iter().map(|lease| of(lease)).collect::<Vec<_>>();
    let ids: Vec<Uuid> = added.iter().map(|lease| lease.id.0).collect();
    let boots: Vec<Uuid> = added.iter().map(|lease| lease.boot.0).collect();
    let line_items: Vec<&str> = added.iter().map(|lease| lease.line_item.as_str()).collect();
    let campaigns: Vec<&str> = added.iter().map(|lease| lease.campaign.as_str()).collect();
    let bidders: Vec<&str> = added.iter().map(|lease| lease.bidder.as_str()).collect();
    sql::run(
        tx,
        "journal leases",
        "INSERT INTO leases (id, line_item, campaign, bidder, boot, epoch, face, day, hour, granted_at, expires_at,
                             settle_by, batch)
         SELECT n.*, $13::bigint FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::bigint[],
                                      $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
                                      $12::bigint[]) AS n",
        &[
            &ids,
            &line_items,
            &campaigns,
            &bidders,
            &boots,
            &number(|lease| int(lease.epoch)),
            &number(|lease| lease.face.0),
            &number(|lease| lease.day.0),
            &number(|lease| lease.hour.0),
            &number(|lease| lease.granted_at.0),
            &number(|lease| lease.expires_at.0),
            &number(|lease| lease.settle_by.0),
            &batch,
        ],
    )
    .await?;
    Ok(())
}
