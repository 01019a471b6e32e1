//! Which admitted bids win: deal tiers, prices, ties, and groups that win whole or not at all.

use units::{AuctionId, CpmMicros};

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
    fn order(&self) -> (Tier, CpmMicros, u64) {
        (self.tier, self.price, self.tie)
    }
}

/// A bid's rank among equals: a hash seeded by the auction id, so never arrival, and the same in a replay.
#[must_use]
pub fn tie_rank(auction: AuctionId, partner: &str, bid_id: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in auction
        .as_bytes()
        .iter()
        .chain(partner.as_bytes())
        .chain(&[0])
        .chain(bid_id.as_bytes())
    {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    // FNV's high bits mix poorly on short texts: the finish of SplitMix64 spreads them.
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// The winner of each imp, as indices into `standings`: at most one bid per imp.
///
/// Groups are taken in order of what they bring above the best single bids on their imps, each whole,
/// as long as their imps are still free; a group never displaces a bid of a higher tier.
#[must_use]
pub fn winners(standings: &[Standing], imps: usize) -> Vec<Option<usize>> {
    let mut won: Vec<Option<usize>> = vec![None; imps];
    for (index, standing) in standings.iter().enumerate() {
        if standing.group.is_some() {
            continue;
        }
        let Some(slot) = won.get_mut(standing.imp) else {
            continue;
        };
        let best = slot.and_then(|best| standings.get(best));
        if best.is_none_or(|best| standing.order() > best.order()) {
            *slot = Some(index);
        }
    }
    if standings.iter().any(|standing| standing.group.is_some()) {
        place_groups(standings, &mut won);
    }
    won
}

/// A whole group and what it brings above the singles that it would displace.
struct Claim {
    members: Vec<usize>,
    lifts_tier: bool,
    gain: i64,
    tie: u64,
}

fn place_groups(standings: &[Standing], won: &mut [Option<usize>]) {
    let mut groups: Vec<(usize, Vec<usize>)> = Vec::new();
    for (index, standing) in standings.iter().enumerate() {
        let Some(group) = standing.group else {
            continue;
        };
        match groups.iter_mut().find(|(id, _)| *id == group) {
            Some((_, members)) => members.push(index),
            None => groups.push((group, vec![index])),
        }
    }
    let mut claims: Vec<Claim> = groups
        .into_iter()
        .filter_map(|(_, members)| claim(standings, won, members))
        .collect();
    claims.sort_by_key(|claim| std::cmp::Reverse((claim.lifts_tier, claim.gain, claim.tie)));
    let mut taken = vec![false; won.len()];
    for claim in claims {
        let imps = || {
            claim
                .members
                .iter()
                .filter_map(|index| standings.get(*index).map(|standing| (*index, standing.imp)))
        };
        if imps().any(|(_, imp)| taken.get(imp).copied().unwrap_or(true)) {
            continue;
        }
        for (index, imp) in imps() {
            if let (Some(slot), Some(mark)) = (won.get_mut(imp), taken.get_mut(imp)) {
                (*slot, *mark) = (Some(index), true);
            }
        }
    }
}

/// What a group would displace; `None` when it may not, or brings no more than the single bids.
fn claim(standings: &[Standing], won: &[Option<usize>], members: Vec<usize>) -> Option<Claim> {
    let mut claim = Claim {
        members,
        lifts_tier: false,
        gain: 0,
        tie: 0,
    };
    let mut single_tie = 0;
    for index in &claim.members {
        let member = standings.get(*index)?;
        let single = won.get(member.imp)?.and_then(|best| standings.get(best));
        claim.gain = claim.gain.saturating_add(member.price.micros());
        claim.tie ^= member.tie;
        if let Some(single) = single {
            if single.tier > member.tier {
                return None;
            }
            claim.lifts_tier |= member.tier > single.tier;
            claim.gain = claim.gain.saturating_sub(single.price.micros());
            single_tie ^= single.tie;
        }
    }
    let wins = claim.lifts_tier || claim.gain > 0 || (claim.gain == 0 && claim.tie > single_tie);
    wins.then_some(claim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bid(imp: usize, tier: Tier, price: i64, group: Option<usize>) -> Standing {
        Standing {
            imp,
            tier,
            price: CpmMicros::new(price).unwrap(),
            tie: 7,
            group,
        }
    }

    type Case = (&'static str, Vec<Standing>, Vec<Option<usize>>);

    #[test]
    fn who_wins() {
        use Tier::{Guaranteed, Open, Preferred, Private};
        #[rustfmt::skip]
        let cases: [Case; 9] = [
            ("X-85 the highest wins", vec![bid(0, Open, 5, None), bid(0, Open, 6, None)], vec![Some(1), None]),
            ("X-30 a deal comes before price", vec![bid(0, Private, 5, None), bid(0, Open, 60, None)], vec![Some(0), None]),
            ("X-30 preferred before private deals", vec![bid(0, Private, 50, None), bid(0, Preferred, 6, None)], vec![Some(1), None]),
            ("X-30 guaranteed before other deals", vec![bid(0, Preferred, 50, None), bid(0, Guaranteed, 6, None)], vec![Some(1), None]),
            ("X-75 example 12: by sum the group wins", vec![bid(0, Open, 90, Some(0)), bid(1, Open, 110, Some(0)), bid(1, Open, 125, None)], vec![Some(0), Some(1)]),
            ("X-75 a group below the singles' sum loses whole", vec![bid(0, Open, 10, Some(0)), bid(1, Open, 110, Some(0)), bid(1, Open, 125, None)], vec![None, Some(2)]),
            ("X-75 a group does not displace a deal", vec![bid(0, Open, 90, Some(0)), bid(1, Open, 110, Some(0)), bid(1, Private, 1, None)], vec![None, Some(2)]),
            ("X-75 of two groups the one that brings more", vec![bid(0, Open, 9, Some(0)), bid(1, Open, 9, Some(0)), bid(1, Open, 20, Some(1)), bid(0, Open, 1, None)], vec![Some(3), Some(2)]),
            ("nobody", vec![], vec![None, None]),
        ];
        for (item, standings, expect) in cases {
            assert_eq!(winners(&standings, 2), expect, "{item}");
        }
    }

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
