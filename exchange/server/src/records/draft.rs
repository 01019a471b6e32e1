//! From a settled auction to its record.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use contracts::catalog::Catalog;
use contracts::matches::Matches;
use exchange_core::Market;
use exchange_core::auction::{Plan, Reach, Reached, Reply, Settlement, kept, kept_matches};
use exchange_core::routing::NotAsked;
use recording::{Body, Draft, Records, xxh3};
use units::UnixMillis;

use super::auctions::Auctions;
use super::{Admission, Answer, Forfeit, Outcome, Said, Seen, SeenSeller, Settings};

/// A settled auction, with all that it read.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "as in the record: see Seen")]
pub struct Settled<'s> {
    pub at: UnixMillis,
    pub catalog: &'s Arc<Catalog>,
    pub market: &'s Market,
    pub seller: &'s SeenSeller,
    pub matches: &'s Matches,
    pub settings: &'s Settings,
    pub remaining_ms: u32,
    pub admissions: &'s [(usize, Result<Reach, NotAsked>)],
    pub replies: &'s [Reply<'s>],
    pub bodies: &'s [Bytes],
    pub plan: &'s Plan<'s>,
    pub settlement: &'s Settlement<'s>,
    pub forfeits: &'s [Forfeit],
}

impl Settled<'_> {
    /// Leaves its record. Nothing waits here, and no body is copied but into the bytes that are written.
    pub fn keep(&self, records: &Records<Auctions>) {
        let (market, plan) = (self.market, self.plan);
        let request = kept(plan.intake, market.privacy);
        let is_whole = matches!(request, Cow::Borrowed(_));
        let mut bodies = Vec::with_capacity(1 + self.replies.len());
        bodies.push(&*request);
        bodies.extend(self.replies.iter().filter_map(|reply| match reply.reached {
            Reached::Body(body) => Some(body),
            Reached::NoContent | Reached::TimedOut | Reached::Shed | Reached::Failed => None,
        }));
        let admissions = self.admissions.iter();
        let answers = self.replies.iter().map(|reply| Answer {
            ask: reply.ask,
            said: Said::of(reply.reached),
        });
        let seen = Seen {
            auction: plan.auction,
            at: self.at,
            catalog: self.catalog.version,
            rates: market.rates.id,
            seller: Cow::Borrowed(self.seller),
            settings: Cow::Borrowed(self.settings),
            tmax_ms: plan.intake.tmax_ms,
            remaining_ms: self.remaining_ms,
            admissions: admissions
                .map(|(partner, said)| Admission::of(*partner, *said))
                .collect(),
            answers: answers.collect(),
            matches: kept_matches(self.matches, &plan.intake.request, is_whole),
            forfeits: Cow::Borrowed(self.forfeits),
            is_whole,
            request: Body::Bytes(Cow::Borrowed(&request)),
        };
        let share = self.seller.share();
        let outcome = Outcome::of(market, plan, self.settlement, share, self.forfeits);
        let sent = if is_whole { self.bodies } else { &[] };
        let draft = Draft {
            id: plan.auction,
            seen,
            outcome: outcome.with_bodies(sent, xxh3),
            bodies: &bodies,
        };
        records.keep(Arc::clone(self.catalog), &draft);
    }
}
