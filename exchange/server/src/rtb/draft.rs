//! A settled auction leaves its record, so that it can be settled again.

use std::borrow::Cow;

use bytes::Bytes;
use contracts::matches::Matches;
use exchange_core::auction::{Reach, Reply};
use exchange_core::routing::NotAsked;

use super::run::Round;
use crate::records::{Forfeit, SeenSeller, Settled};

/// What an auction read, beside what its round holds.
pub(super) struct Kept<'k> {
    pub(super) seller: &'k SeenSeller,
    pub(super) matches: &'k Matches,
    pub(super) remaining_ms: u32,
    pub(super) admissions: &'k [(usize, Result<Reach, NotAsked>)],
    pub(super) replies: &'k [Reply<'k>],
    pub(super) bodies: &'k [Bytes],
}

impl Round<'_> {
    /// Leaves the auction's record where it is due.
    pub(super) fn keep(&self, kept: &Kept<'_>) {
        let exchange = &self.context.exchange;
        let is_test = self.plan.intake.request.test();
        let has_money = !self.settlement.winners.is_empty() && !is_test;
        let config = &exchange.config.auction_records;
        if !config.is_due(self.arrived.auction, has_money) {
            return;
        }
        let forfeits = self.forfeits.borrow();
        let forfeits = forfeits.iter().map(|(bid, reason)| Forfeit {
            bid: *bid,
            reason: Cow::Borrowed(reason),
        });
        let forfeits: Vec<Forfeit> = forfeits.collect();
        let settled = Settled {
            at: self.arrived.at,
            catalog: &self.in_force.catalog,
            market: &self.in_force.market,
            seller: kept.seller,
            matches: kept.matches,
            settings: &exchange.settings,
            remaining_ms: kept.remaining_ms,
            admissions: kept.admissions,
            replies: kept.replies,
            bodies: kept.bodies,
            plan: self.plan,
            settlement: self.settlement,
            forfeits: &forfeits,
        };
        settled.keep(&self.context.recording);
    }
}
