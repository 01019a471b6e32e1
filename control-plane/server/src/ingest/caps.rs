//! Impressions and losses of capped users, from the durable log into Redis, at least once.
//!
//! They are queued in the transaction of their notices and leave the queue when Redis has them: an
//! outage of the state Redis delays stamps, and never money.

use std::collections::BTreeSet;

use contracts::catalog::CapScope;
use contracts::event::{NoticeEvent, PriceTold};
use contracts::notice::NoticeKind;
use contracts::stamps::ScopeKey;
use control_plane_core::budget::{GRACE, Outcome};
use deadpool_postgres::Transaction;
use futures_util::future::join_all;
use tokio_postgres::Row;
use units::{BidId, UnixMillis};
use uuid::Uuid;

use super::Ingest;
use crate::ledger::{LedgerError, sql};

/// What a user's frequency stamps have to learn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapEvent {
    /// The impression was accepted (its pending becomes a stamp), or else its bid lost for good.
    pub shown: bool,
    /// Key of the user.
    pub user: String,
    /// The bid: each counts once.
    pub bid: BidId,
    /// Where it counts: creative, line item, campaign, advertiser.
    pub scopes: Vec<ScopeKey>,
    /// The last instant at which the bid's token can be accepted.
    pub token_end: UnixMillis,
}

/// Whoever keeps frequency stamps.
pub trait CapStamps {
    /// Applies an event, once per bid however often it is told; an error has it told again.
    fn apply(&self, event: &CapEvent) -> impl Future<Output = Result<(), String>> + Send;
}

impl CapStamps for userstate::UserState {
    async fn apply(&self, event: &CapEvent) -> Result<(), String> {
        if event.shown {
            let now = service::clock::now();
            self.confirm(&event.user, &event.scopes, event.bid, now, event.token_end)
                .await
                .map(|_| ())
                .map_err(|fault| fault.to_string())
        } else {
            self.withdraw(&event.user, event.bid)
                .await
                .map(|_| ())
                .map_err(|fault| fault.to_string())
        }
    }
}

/// How many are told at once.
const AT_ONCE: i64 = 200;

impl Ingest {
    /// Tells the next queued events; answers how many were taken.
    ///
    /// # Errors
    /// [`LedgerError`] when the queue cannot be read or shortened.
    pub async fn apply_caps(&self, stamps: &(impl CapStamps + Sync)) -> Result<usize, LedgerError> {
        let client = self.ledger.client().await?;
        let rows = client
            .query(
                "SELECT q.id, q.shown, q.user_key, q.bid, q.creative, q.line_item, q.campaign, c.advertiser,
                        q.settle_by, q.at, ledger_now()
                 FROM cap_events q LEFT JOIN ledger_campaigns c USING (campaign) ORDER BY q.id LIMIT $1",
                &[&AT_ONCE],
            )
            .await
            .map_err(LedgerError::sql("read queued stamps"))?;
        drop(client);
        let age = rows.first().map_or(0, |row| {
            let (at, now): (i64, i64) = (row.get(9), row.get(10));
            now.saturating_sub(at).max(0)
        });
        self.metrics.cap_lag.set_i64(age / 1_000);
        if rows.is_empty() {
            return Ok(0);
        }
        let told = join_all(rows.iter().map(|row| tell(stamps, row))).await;
        let mut taken = Vec::with_capacity(told.len());
        let mut fault = None;
        for one in told {
            match one {
                Ok(id) => taken.push(id),
                Err(why) => fault = Some(why),
            }
        }
        if let Some(fault) = fault {
            tracing::warn!(%fault, "frequency stamps wait: the state Redis does not take them");
        }
        let client = self.ledger.client().await?;
        client
            .execute("DELETE FROM cap_events WHERE id = ANY ($1)", &[&taken])
            .await
            .map_err(LedgerError::sql("shorten the queue of stamps"))?;
        Ok(taken.len())
    }
}

async fn tell(stamps: &(impl CapStamps + Sync), row: &Row) -> Result<i64, String> {
    stamps.apply(&event(row)).await.map(|()| row.get(0))
}

fn event(row: &Row) -> CapEvent {
    let mut scopes = vec![
        ScopeKey::of(CapScope::Creative, row.get(4)),
        ScopeKey::of(CapScope::LineItem, row.get(5)),
        ScopeKey::of(CapScope::Campaign, row.get(6)),
    ];
    if let Some(advertiser) = row.get::<_, Option<&str>>(7) {
        scopes.push(ScopeKey::of(CapScope::Advertiser, advertiser));
    }
    CapEvent {
        shown: row.get(1),
        user: row.get(2),
        bid: BidId(row.get(3)),
        scopes,
        token_end: UnixMillis(row.get(8)).after(GRACE),
    }
}

/// Queues what an accepted notice of a capped user means for its caps.
pub(super) async fn enqueue(
    tx: &Transaction<'_>,
    outcomes: &[(&NoticeEvent, Outcome)],
    final_losses: &BTreeSet<String>,
    now: UnixMillis,
) -> Result<(), LedgerError> {
    let told: Vec<(bool, &str, &NoticeEvent)> = outcomes
        .iter()
        .filter(|(_, outcome)| *outcome != Outcome::Duplicate)
        .filter_map(|(event, _)| {
            let user = event.claims.user.as_deref()?;
            Some((meaning(event, final_losses)?, user, *event))
        })
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    let text = |of: fn(&NoticeEvent) -> &str| told.iter().map(|t| of(t.2)).collect::<Vec<_>>();
    let shown: Vec<bool> = told.iter().map(|t| t.0).collect();
    let users: Vec<&str> = told.iter().map(|t| t.1).collect();
    let bids: Vec<Uuid> = told.iter().map(|t| t.2.claims.bid.0).collect();
    let settle_by: Vec<i64> = told.iter().map(|t| t.2.claims.settle_by.0).collect();
    sql::run(
        tx,
        "queue stamps",
        "INSERT INTO cap_events (shown, user_key, bid, campaign, line_item, creative, source, settle_by, at)
         SELECT n.*, $9::bigint FROM unnest($1::bool[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[],
                                    $7::text[], $8::bigint[]) AS n",
        &[
            &shown,
            &users,
            &bids,
            &text(|event| event.claims.campaign.as_str()),
            &text(|event| event.claims.line_item.as_str()),
            &text(|event| event.claims.creative.as_str()),
            &text(|event| &event.claims.source),
            &settle_by,
            &now.0,
        ],
    )
    .await?;
    Ok(())
}

/// The first accepted billing notice or impression confirms; a loss withdraws where it is final.
fn meaning(event: &NoticeEvent, final_losses: &BTreeSet<String>) -> Option<bool> {
    if event.claims.test || event.price == PriceTold::Audit {
        return None;
    }
    match event.claims.kind {
        NoticeKind::Bill | NoticeKind::Impression => Some(true),
        NoticeKind::Loss => final_losses.contains(&event.claims.source).then_some(false),
        NoticeKind::Win | NoticeKind::Click | NoticeKind::View | NoticeKind::Conversion => None,
    }
}
