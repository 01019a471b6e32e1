//! Counting by the arms of experiments.

use std::collections::BTreeMap;

use contracts::event::NoticeEvent;
use control_plane_core::budget::Outcome;
use deadpool_postgres::Transaction;

use crate::ledger::{LedgerError, sql};

/// What one arm and creative got.
#[derive(Default)]
struct ArmCounts {
    wins: i64,
    impressions: i64,
    clicks: i64,
    conversions: i64,
    spend: i64,
}

/// Campaign, line item, arm, creative.
type ArmKey<'e> = (&'e str, &'e str, &'e str, &'e str);

/// Counts of a batch.
#[derive(Default)]
pub(super) struct Arms<'e>(BTreeMap<ArmKey<'e>, ArmCounts>);

impl<'e> Arms<'e> {
    /// Counts what an event did, and what kind of news it brought; nothing where its user is in no arm.
    pub(super) fn count(&mut self, event: &'e NoticeEvent, news: Option<&str>, outcome: Outcome) {
        let claims = &event.claims;
        let Some(arm) = claims.arm.as_deref() else {
            return;
        };
        let key = (
            claims.campaign.as_str(),
            claims.line_item.as_str(),
            arm,
            claims.creative.as_str(),
        );
        let count = self.0.entry(key).or_default();
        match news {
            Some("win") => count.wins += 1,
            Some("click") => count.clicks += 1,
            Some("conversion") => count.conversions += 1,
            Some(_) | None => {}
        }
        match outcome {
            Outcome::Billed(charge) | Outcome::LateFunded(charge) => {
                count.impressions += 1;
                count.spend = count.spend.saturating_add(charge.0);
            }
            Outcome::LateUnfunded(_) => count.impressions += 1,
            Outcome::Released(_) | Outcome::Counted | Outcome::Duplicate | Outcome::NoMoney => {}
        }
    }

    /// Adds them, in the transaction of the notices.
    pub(super) async fn add(&self, tx: &Transaction<'_>) -> Result<(), LedgerError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let text = |of: fn(&ArmKey<'e>) -> &'e str| self.0.keys().map(of).collect::<Vec<&str>>();
        let column = |of: fn(&ArmCounts) -> i64| self.0.values().map(of).collect::<Vec<i64>>();
        sql::run(
            tx,
            "add counts of arms",
            "INSERT INTO arm_counts AS a
                (campaign, line_item, arm, creative, wins, impressions, clicks, conversions, spend)
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
                                  $7::bigint[], $8::bigint[], $9::bigint[])
                AS n (campaign, line_item, arm, creative, wins, impressions, clicks, conversions, spend)
             ORDER BY campaign, line_item, arm, creative
             ON CONFLICT (campaign, line_item, arm, creative) DO UPDATE SET wins = a.wins + excluded.wins,
                impressions = a.impressions + excluded.impressions, clicks = a.clicks + excluded.clicks,
                conversions = a.conversions + excluded.conversions, spend = a.spend + excluded.spend",
            &[
                &text(|key| key.0),
                &text(|key| key.1),
                &text(|key| key.2),
                &text(|key| key.3),
                &column(|it| it.wins),
                &column(|it| it.impressions),
                &column(|it| it.clicks),
                &column(|it| it.conversions),
                &column(|it| it.spend),
            ],
        )
        .await?;
        Ok(())
    }
}
