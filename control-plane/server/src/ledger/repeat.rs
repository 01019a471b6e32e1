//! What an ask was granted before its answer was lost: a bidder then repeats it under the same number, and
//! is answered with the same leases, whole, instead of with more that hold the same money twice.

use std::collections::BTreeSet;

use contracts::lease::{Grant, LeaseAsk};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use units::{LeaseId, Nanos, UnixMillis};

use super::{LedgerError, int, ints, sql};

/// Most leases that are answered again: beside as many new ones they fit into the longest answer that a
/// bidder reads. What is beyond them returns by the fence.
const MOST: i64 = 1_000;

/// What is known of an ask's number, with the asks of its boot locked out.
pub(super) struct Numbered {
    /// A newer number of the boot was asked: nobody waits for this answer, so nothing new is granted to it.
    pub(super) overtaken: bool,
    former: Vec<Former>,
}

struct Former {
    grant: Grant,
    expires_at: UnixMillis,
}

impl Numbered {
    /// Locks the boot, so that of two asks with one number the second sees what the first was granted.
    pub(super) async fn lock(tx: &Transaction<'_>, ask: &LeaseAsk) -> Result<Self, LedgerError> {
        let newest = sql::one(
            tx,
            "lock a bidder's boot",
            "SELECT last_batch FROM bidder_boots WHERE boot = $1 FOR UPDATE",
            &[&ask.boot.0],
        )
        .await?;
        // Open ones: what has ended was in the bidder's hands.
        let rows = sql::all(
            tx,
            "find what a batch was granted",
            "SELECT id, line_item, epoch, face, expires_at, settle_by FROM leases
             WHERE boot = $1 AND batch = $2 AND bidder = $3 AND state = 'open'
             ORDER BY granted_at DESC, id LIMIT $4",
            &[&ask.boot.0, &int(ask.batch), &ask.bidder.as_str(), &MOST],
        )
        .await?;
        Ok(Self {
            overtaken: newest.get::<_, i64>(0) > int(ask.batch),
            former: rows.iter().map(former).collect(),
        })
    }

    /// The leases that may still be used, by their line item: these want no other.
    pub(super) fn leased(&self, now: UnixMillis) -> BTreeSet<&str> {
        let usable = self.former.iter().filter(|it| it.expires_at > now);
        usable.map(|it| it.grant.line_item.as_str()).collect()
    }

    /// The former grants that are not in `told`, with what is left of their time. One whose time is used up
    /// is among them: its bidder tells its end, and the money returns at once.
    pub(super) fn again(&self, told: &[Grant], now: UnixMillis) -> Vec<Grant> {
        let told: BTreeSet<LeaseId> = told.iter().map(|grant| grant.lease).collect();
        let missing = self
            .former
            .iter()
            .filter(|it| !told.contains(&it.grant.lease));
        let left = |it: &Former| Grant {
            ttl_ms: u32::try_from(it.expires_at.since(now).0).unwrap_or_default(),
            ..it.grant.clone()
        };
        missing.map(left).collect()
    }
}

fn former(row: &Row) -> Former {
    let (expires_at, settle_by) = (UnixMillis(row.get(4)), UnixMillis(row.get(5)));
    let life = settle_by.since(expires_at).0 / 1_000;
    let grant = Grant {
        lease: LeaseId(row.get(0)),
        line_item: row.get::<_, &str>(1).into(),
        epoch: ints(row.get(2)),
        face: Nanos(row.get(3)),
        ttl_ms: 0,
        settle_by,
        reservation_life_s: u32::try_from(life).unwrap_or_default(),
    };
    Former { grant, expires_at }
}
