//! From a settled auction to its record, so that it can be settled again.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use contracts::matches::Matches;
use exchange_core::auction::{Reach, Reply, kept, kept_matches};
use exchange_core::routing::NotAsked;

use super::run::Round;
use crate::exchange::InForce;
use crate::records::{Admission, Answer, Draft, Outcome, Said, Seen, SeenSeller, Settings};

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
    pub(super) fn keep(&self, kept_of: &Kept<'_>, in_force: &Arc<InForce>) {
        let intake = self.plan.intake;
        let exchange = &self.context.exchange;
        let has_money = !self.settlement.winners.is_empty() && !intake.request.test();
        let auction = self.arrived.auction;
        if !exchange.config.auction_records.is_due(auction, has_money) {
            return;
        }
        let market = &in_force.market;
        let request = kept(intake, market.privacy);
        let is_whole = matches!(request, Cow::Borrowed(_));
        let Ok(request) = String::from_utf8(request.into_owned()) else {
            return;
        };
        let admissions = kept_of.admissions.iter();
        let replies = kept_of.replies.iter();
        let seen = Seen {
            auction,
            at: self.arrived.at,
            catalog: in_force.catalog.version,
            rates: market.rates.id,
            seller: kept_of.seller.clone(),
            settings: Settings::of(&exchange.config),
            tmax_ms: intake.tmax_ms,
            remaining_ms: kept_of.remaining_ms,
            admissions: admissions
                .map(|(partner, said)| Admission::of(*partner, *said))
                .collect(),
            answers: replies
                .map(|reply| Answer {
                    ask: reply.ask,
                    said: Said::of(reply.reached),
                })
                .collect(),
            matches: kept_matches(kept_of.matches, is_whole),
            is_whole,
            request,
        };
        self.context.recording.keep(Draft {
            outcome: Outcome::of(market, self.plan, self.settlement),
            bodies: if is_whole {
                kept_of.bodies.to_vec()
            } else {
                Vec::new()
            },
            in_force: Arc::clone(in_force),
            seen,
        });
    }
}
