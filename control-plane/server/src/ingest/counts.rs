//! Counting what notices report, each kind once per reservation.

use std::collections::{BTreeMap, BTreeSet};

use contracts::event::NoticeEvent;
use contracts::notice::NoticeKind;
use control_plane_core::budget::Outcome;
use deadpool_postgres::Transaction;
use uuid::Uuid;

use super::arms::Arms;
use crate::ledger::{LedgerError, int, sql};

#[derive(Default)]
struct Counts {
    wins: i64,
    impressions: i64,
    clicks: i64,
    views: i64,
    conversions: i64,
    losses: i64,
    duplicates: i64,
    late_unfunded: i64,
    shading_saved: i64,
}

/// What the rates of a creative and of its line item are made from.
#[derive(Default)]
struct HourCounts {
    impressions: i64,
    clicks: i64,
    conversions: i64,
}

/// Line item, creative, first instant of the hour.
type HourKey<'e> = (&'e str, &'e str, i64);

const HOUR_MS: i64 = 3_600_000;

type Mark = (Uuid, i64, &'static str);

/// Adds to the counters of each campaign, in the transaction of the notices.
pub(super) async fn write(
    tx: &Transaction<'_>,
    outcomes: &[(&NoticeEvent, Outcome)],
) -> Result<(), LedgerError> {
    let mut wanted: BTreeSet<Mark> = BTreeSet::new();
    for (event, outcome) in outcomes {
        wanted.extend(mark_of(event, *outcome));
    }
    let mut fresh = mark(tx, &wanted).await?;
    let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
    let mut hours: BTreeMap<HourKey<'_>, HourCounts> = BTreeMap::new();
    let mut arms = Arms::default();
    for (event, outcome) in outcomes {
        let hour = event.at.0.div_euclid(HOUR_MS).saturating_mul(HOUR_MS);
        let claims = &event.claims;
        let key = (claims.line_item.as_str(), claims.creative.as_str(), hour);
        let count = counts.entry(event.claims.campaign.as_str()).or_default();
        let news = mark_of(event, *outcome).filter(|mark| fresh.remove(mark));
        arms.count(event, news.map(|mark| mark.2), *outcome);
        match news {
            Some((_, _, "win")) => count.wins += 1,
            Some((_, _, "click")) => {
                count.clicks += 1;
                hours.entry(key).or_default().clicks += 1;
            }
            Some((_, _, "view")) => count.views += 1,
            Some((_, _, "conversion")) => {
                count.conversions += 1;
                hours.entry(key).or_default().conversions += 1;
            }
            Some(_) | None => {}
        }
        match outcome {
            Outcome::Billed(_) | Outcome::LateFunded(_) => {
                count.impressions += 1;
                hours.entry(key).or_default().impressions += 1;
                let saved = event.claims.saved_by_shading();
                count.shading_saved = count.shading_saved.saturating_add(saved.0);
            }
            Outcome::LateUnfunded(owed) => {
                count.impressions += 1;
                hours.entry(key).or_default().impressions += 1;
                count.late_unfunded = count.late_unfunded.saturating_add(owed.0);
            }
            Outcome::Released(_) => count.losses += 1,
            Outcome::Counted if news.is_none() => count.duplicates += 1,
            Outcome::Duplicate => count.duplicates += 1,
            Outcome::Counted | Outcome::NoMoney => {}
        }
    }
    add(tx, &counts).await?;
    add_hours(tx, &hours).await?;
    add_creatives(tx, &hours).await?;
    arms.add(tx).await
}

async fn add_hours(
    tx: &Transaction<'_>,
    by_creative: &BTreeMap<HourKey<'_>, HourCounts>,
) -> Result<(), LedgerError> {
    if by_creative.is_empty() {
        return Ok(());
    }
    let mut hours: BTreeMap<(&str, i64), HourCounts> = BTreeMap::new();
    for ((line_item, _, hour), count) in by_creative {
        let sum = hours.entry((*line_item, *hour)).or_default();
        sum.impressions += count.impressions;
        sum.clicks += count.clicks;
        sum.conversions += count.conversions;
    }
    let line_items: Vec<&str> = hours.keys().map(|key| key.0).collect();
    let at: Vec<i64> = hours.keys().map(|key| key.1).collect();
    let column = |of: fn(&HourCounts) -> i64| hours.values().map(of).collect::<Vec<i64>>();
    sql::run(
        tx,
        "add counts of line items",
        "INSERT INTO line_item_hours AS h (line_item, hour, impressions, clicks, conversions)
         SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
            AS n (line_item, hour, impressions, clicks, conversions)
         ORDER BY line_item, hour
         ON CONFLICT (line_item, hour) DO UPDATE SET impressions = h.impressions + excluded.impressions,
            clicks = h.clicks + excluded.clicks, conversions = h.conversions + excluded.conversions",
        &[
            &line_items,
            &at,
            &column(|count| count.impressions),
            &column(|count| count.clicks),
            &column(|count| count.conversions),
        ],
    )
    .await?;
    Ok(())
}

async fn add_creatives(
    tx: &Transaction<'_>,
    hours: &BTreeMap<HourKey<'_>, HourCounts>,
) -> Result<(), LedgerError> {
    if hours.is_empty() {
        return Ok(());
    }
    let line_items: Vec<&str> = hours.keys().map(|key| key.0).collect();
    let creatives: Vec<&str> = hours.keys().map(|key| key.1).collect();
    let at: Vec<i64> = hours.keys().map(|key| key.2).collect();
    let column = |of: fn(&HourCounts) -> i64| hours.values().map(of).collect::<Vec<i64>>();
    sql::run(
        tx,
        "add counts of creatives",
        "INSERT INTO creative_hours AS h (line_item, creative, hour, impressions, clicks, conversions)
         SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
            AS n (line_item, creative, hour, impressions, clicks, conversions)
         ORDER BY line_item, creative, hour
         ON CONFLICT (line_item, creative, hour) DO UPDATE SET impressions = h.impressions + excluded.impressions,
            clicks = h.clicks + excluded.clicks, conversions = h.conversions + excluded.conversions",
        &[
            &line_items,
            &creatives,
            &at,
            &column(|count| count.impressions),
            &column(|count| count.clicks),
            &column(|count| count.conversions),
        ],
    )
    .await?;
    Ok(())
}

/// What an event shows to have happened: a billing notice also shows that the auction was won.
fn mark_of(event: &NoticeEvent, outcome: Outcome) -> Option<Mark> {
    let kind = match outcome {
        Outcome::Billed(_) | Outcome::LateFunded(_) | Outcome::LateUnfunded(_) => "win",
        Outcome::Counted => match event.claims.kind {
            NoticeKind::Win => "win",
            NoticeKind::Bill => "bill",
            NoticeKind::Loss => "loss",
            NoticeKind::Impression => "impression",
            NoticeKind::Click => "click",
            NoticeKind::View => "view",
            NoticeKind::Conversion => "conversion",
        },
        Outcome::Released(_) | Outcome::Duplicate | Outcome::NoMoney => return None,
    };
    let reservation = event.claims.reservation;
    Some((reservation.lease.0, int(reservation.seq), kind))
}

/// Notes marks; answers those that were not there.
async fn mark(
    tx: &Transaction<'_>,
    wanted: &BTreeSet<Mark>,
) -> Result<BTreeSet<Mark>, LedgerError> {
    let leases: Vec<Uuid> = wanted.iter().map(|mark| mark.0).collect();
    let seqs: Vec<i64> = wanted.iter().map(|mark| mark.1).collect();
    let kinds: Vec<&str> = wanted.iter().map(|mark| mark.2).collect();
    let rows = sql::all(
        tx,
        "mark what happened",
        "INSERT INTO notice_marks (lease, seq, kind)
         SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[]) ON CONFLICT DO NOTHING
         RETURNING lease, seq, kind",
        &[&leases, &seqs, &kinds],
    )
    .await?;
    let known: BTreeSet<(Uuid, i64, String)> = rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    Ok(wanted
        .iter()
        .filter(|mark| known.contains(&(mark.0, mark.1, mark.2.to_owned())))
        .copied()
        .collect())
}

async fn add(tx: &Transaction<'_>, counts: &BTreeMap<&str, Counts>) -> Result<(), LedgerError> {
    let column = |of: fn(&Counts) -> i64| counts.values().map(of).collect::<Vec<i64>>();
    let campaigns: Vec<&str> = counts.keys().copied().collect();
    // In the order of the campaigns, as the tallies of bidders are added.
    sql::run(
        tx,
        "add counts",
        "INSERT INTO campaign_counts AS c
            (campaign, wins, impressions, clicks, views, losses, duplicates, late_unfunded, shading_saved, conversions)
         SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                              $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])
            AS n (campaign, wins, impressions, clicks, views, losses, duplicates, late_unfunded, shading_saved, conversions)
         ORDER BY campaign
         ON CONFLICT (campaign) DO UPDATE SET wins = c.wins + excluded.wins,
            impressions = c.impressions + excluded.impressions, clicks = c.clicks + excluded.clicks,
            views = c.views + excluded.views, losses = c.losses + excluded.losses,
            duplicates = c.duplicates + excluded.duplicates,
            late_unfunded = c.late_unfunded + excluded.late_unfunded,
            shading_saved = c.shading_saved + excluded.shading_saved,
            conversions = c.conversions + excluded.conversions",
        &[
            &campaigns,
            &column(|count| count.wins),
            &column(|count| count.impressions),
            &column(|count| count.clicks),
            &column(|count| count.views),
            &column(|count| count.losses),
            &column(|count| count.duplicates),
            &column(|count| count.late_unfunded),
            &column(|count| count.shading_saved),
            &column(|count| count.conversions),
        ],
    )
    .await?;
    Ok(())
}
