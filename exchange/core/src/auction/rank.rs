//! In which order bids stand: deal tiers, prices, ties.

use units::{AuctionId, CpmMicros};

use crate::pods::Worth;

/// The order in which bids come before price counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// No deal.
    Open,
    /// A private deal: an auction among those invited.
    Private,
    /// A preferred deal: an agreed price, first refusal.
    Preferred,
    /// A guaranteed deal.
    Guaranteed,
}

impl Tier {
    /// Which part of a worth has its prices: the highest tier's are the first.
    pub(super) const fn part(self) -> usize {
        match self {
            Self::Guaranteed => 0,
            Self::Preferred => 1,
            Self::Private => 2,
            Self::Open => 3,
        }
    }
}

/// An admitted bid as far as ranking sees it.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Index of its imp in the request.
    pub imp: usize,
    /// Its tier.
    pub tier: Tier,
    /// Its price in the auction's common currency.
    pub price: CpmMicros,
    /// Random rank among equals.
    pub tie: u64,
    /// Its all-or-nothing seatbid, if it is in one.
    pub group: Option<usize>,
}

impl Standing {
    /// What decides between bids for one place.
    #[must_use]
    pub fn order(&self) -> (Tier, CpmMicros, u64) {
        (self.tier, self.price, self.tie)
    }

    /// What it adds to a choice: its price in its tier, and its part of the random number.
    #[must_use]
    pub fn worth(&self) -> Worth {
        let price = self.price.micros();
        // Small enough that the sum over a pod keeps within its range.
        let tie = i64::try_from(self.tie >> 9).unwrap_or_default();
        let mut worth = [0, 0, 0, 0, tie];
        if let Some(part) = worth.get_mut(self.tier.part()) {
            *part = price;
        }
        worth
    }
}

/// A bid's rank among equals: a hash seeded by the auction id, so never arrival, and the same in a replay.
#[must_use]
pub fn tie_rank(auction: AuctionId, partner: &str, bid_id: &str) -> u64 {
    Lots::of(auction, partner).draw(bid_id)
}

/// Draws ranks for the bids of one partner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lots(u64);

impl Lots {
    pub(super) fn of(auction: AuctionId, partner: &str) -> Self {
        let hash = fnv(0xcbf2_9ce4_8422_2325, auction.as_bytes());
        Self(fnv(fnv(hash, partner.as_bytes()), &[0]))
    }

    pub(super) fn draw(self, bid_id: &str) -> u64 {
        let mut hash = fnv(self.0, bid_id.as_bytes());
        // FNV's high bits mix poorly on short texts: the finish of SplitMix64 spreads them.
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^ (hash >> 31)
    }
}

fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_fall_by_the_auction_and_not_by_arrival() {
        //
        let ranks = |n: u128| {
            let auction = AuctionId(uuid::Uuid::from_u128(n));
            (tie_rank(auction, "a", "1"), tie_rank(auction, "b", "1"))
        };
        let first_wins = (0..1_000).filter(|n| ranks(*n).0 > ranks(*n).1).count();
        assert!((400..600).contains(&first_wins), "{first_wins} of 1000");
        assert_eq!(ranks(5), ranks(5));
    }
}
