//! What the exchange sells brings the most that it can, tier by tier (X-30, X-75, X-85).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use exchange_core::auction::{Settlement, Tier};
use proptest::prelude::*;
use support::{intake, market, partner, planned, settled};

const IMPS: usize = 3;

#[derive(Debug, Clone)]
struct Offered {
    imp: usize,
    /// Guaranteed, preferred, private, open.
    tier: usize,
    price: i64,
    /// A seatbid that wins whole or not at all.
    group: Option<usize>,
}

fn request(at: i32, floors: &[i64]) -> String {
    let imps: Vec<String> = floors
        .iter()
        .enumerate()
        .map(|(imp, floor)| {
            format!(
                r#"{{"id":"{imp}","bidfloor":{floor},"banner":{{"w":300,"h":250}},"pmp":{{"deals":[{{"id":"g","guar":1,"at":1}},{{"id":"p","at":3}},{{"id":"v","at":1}}]}}}}"#
            )
        })
        .collect();
    format!(r#"{{"id":"r","at":{at},"imp":[{}]}}"#, imps.join(","))
}

/// One answer: each group is a seatbid, all other bids another.
fn answer(bids: &[Offered], numbers: &[usize]) -> String {
    let bid = |number: &usize| {
        let bid = &bids[*number];
        let deal = [
            "\"dealid\":\"g\",",
            "\"dealid\":\"p\",",
            "\"dealid\":\"v\",",
            "",
        ][bid.tier];
        format!(
            r#"{{"id":"b{number}","impid":"{}","price":{},{deal}"adm":"x","w":300,"h":250}}"#,
            bid.imp, bid.price
        )
    };
    let seat = |group: Option<usize>| {
        let of_group = numbers
            .iter()
            .filter(|number| bids[**number].group == group);
        let listed: Vec<String> = of_group.map(bid).collect();
        let group = u8::from(group.is_some());
        (!listed.is_empty()).then(|| format!(r#"{{"group":{group},"bid":[{}]}}"#, listed.join(",")))
    };
    let seats: Vec<String> = [None, Some(0), Some(1), Some(2)]
        .into_iter()
        .filter_map(seat)
        .collect();
    format!(r#"{{"id":"r","seatbid":[{}]}}"#, seats.join(","))
}

/// The most by tier over all sets of bids: one for each imp, groups whole.
fn exhaustive(bids: &[Offered], floors: &[i64]) -> [i64; 4] {
    let broken = |group: usize| {
        bids.iter()
            .any(|bid| bid.group == Some(group) && bid.price < floors[bid.imp])
    };
    (0_u32..1 << bids.len())
        .map(|set| {
            (0..bids.len())
                .filter(|bid| set & (1 << bid) != 0)
                .collect::<Vec<_>>()
        })
        .filter(|set| {
            let mut imps: Vec<usize> = set.iter().map(|bid| bids[*bid].imp).collect();
            imps.sort_unstable();
            let distinct = imps.windows(2).all(|pair| pair[0] != pair[1]);
            let whole = set.iter().all(|bid| match bids[*bid].group {
                Some(group) => {
                    !broken(group)
                        && (0..bids.len())
                            .filter(|other| bids[*other].group == Some(group))
                            .all(|other| set.contains(&other))
                }
                None => true,
            });
            let above = set
                .iter()
                .all(|bid| bids[*bid].price >= floors[bids[*bid].imp]);
            distinct && whole && above
        })
        .map(|set| {
            let mut worth = [0; 4];
            for bid in set {
                worth[bids[bid].tier] += bids[bid].price;
            }
            worth
        })
        .max()
        .unwrap_or_default()
}

fn brings(settlement: &Settlement<'_>) -> [i64; 4] {
    let mut worth = [0; 4];
    for (judged, win) in settlement.won() {
        let tier = match win.tier {
            Tier::Guaranteed => 0,
            Tier::Preferred => 1,
            Tier::Private => 2,
            Tier::Open => 3,
        };
        worth[tier] += judged.bid.price.cpm().unwrap().micros() / 1_000_000;
    }
    worth
}

prop_compose! {
    fn offered()(imp in 0..IMPS, tier in 0_usize..6, price in 1_i64..12, group in proptest::option::weighted(0.4, 0_usize..3)) -> Offered {
        Offered { imp, tier: tier.min(3), price, group }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn revenue_is_the_most_there_is_tier_by_tier(
        bids in proptest::collection::vec(offered(), 0..9),
        floors in proptest::collection::vec(0_i64..6, IMPS),
        at in 1..3_i32,
        split in 0_usize..9,
        seed in any::<u8>(),
    ) {
        let request = request(at, &floors);
        let intake = intake(&request);
        let market = market(&[partner("a"), partner("b")]);
        let plan = planned(&intake, &market, seed);
        // Groups are of one answer, the other bids come from two.
        let (left, right): (Vec<usize>, Vec<usize>) = (0..bids.len())
            .partition(|number| bids[*number].group.is_some() || *number < split);
        let (left, right) = (answer(&bids, &left), answer(&bids, &right));
        let settlement = settled(&plan, &market, &[(0, &left), (1, &right)]);
        prop_assert_eq!(brings(&settlement), exhaustive(&bids, &floors));
        for (judged, win) in settlement.won() {
            // X-58, X-70: nothing under its floor wins; what is paid lies between floor and bid.
            let bid = judged.bid.price.cpm().unwrap();
            prop_assert!(win.floor <= win.clearing && win.clearing <= bid);
            prop_assert!(bid.micros() >= floors[judged.imp.unwrap()] * 1_000_000);
            prop_assert!(win.minimum_to_win.unwrap() <= bid);
        }
        // X-76: who wins and what is paid does not depend on the order of the answers.
        let again = settled(&plan, &market, &[(1, &right), (0, &left)]);
        let won = |settlement: &Settlement<'_>| -> Vec<_> {
            let won = settlement.won();
            won.map(|(judged, win)| (judged.bid.id().to_owned(), *win)).collect()
        };
        prop_assert_eq!(won(&settlement), won(&again));
        // The same arguments give the same settlement.
        let same = settled(&plan, &market, &[(0, &left), (1, &right)]);
        prop_assert_eq!(format!("{settlement:?}"), format!("{same:?}"));
    }
}
