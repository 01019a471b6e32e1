//! What bids in pods had to offer, and what winners pay for it (X-70, X-98).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use exchange_core::auction::{Fate, Settlement};
use proptest::prelude::*;
use support::{cpm, intake, market, partner, planned, settled};
use units::CpmMicros;

const CENT: i64 = 10_000;

/// A bid as the test knows it.
#[derive(Debug, Clone)]
struct Offered {
    dsp: usize,
    seat: u8,
    imp: usize,
    seconds: u32,
    /// In micros.
    price: i64,
    /// Advertiser; none twice in a pod.
    domain: Option<u8>,
    /// A private deal's, above open bids.
    deal: bool,
}

/// One answer for each DSP, bids in their order.
fn answers(bids: &[Offered], dsps: usize) -> Vec<String> {
    let answer = |dsp: usize| {
        let own = bids.iter().enumerate().filter(|(_, bid)| bid.dsp == dsp);
        let seats = own.map(|(number, bid)| {
            let price = CpmMicros::new(bid.price).unwrap();
            let domain = bid.domain.map_or_else(String::new, |domain| {
                format!(r#","adomain":["d{domain}.example"]"#)
            });
            let deal = if bid.deal { r#","dealid":"v""# } else { "" };
            format!(
                r#"{{"seat":"{}","bid":[{{"id":"{number}","impid":"{}","price":{price},"dur":{},"mtype":2,"crid":"c{number}","adm":"<VAST version=\"4.0\"><Ad><InLine/></Ad></VAST>"{domain}{deal}}}]}}"#,
                bid.seat, bid.imp, bid.seconds
            )
        });
        let seats: Vec<String> = seats.collect();
        format!(r#"{{"id":"r","seatbid":[{}]}}"#, seats.join(","))
    };
    (0..dsps).map(answer).collect()
}

/// A request of these video members, one imp each.
fn request(at: i32, imps: &[&str]) -> String {
    let imps = imps.iter().enumerate().map(|(imp, video)| {
        format!(
            r#"{{"id":"{imp}","bidfloor":0.5,"video":{{"mimes":["video/mp4"],{video}}},"pmp":{{"deals":[{{"id":"v","bidfloor":0.5}}]}}}}"#
        )
    });
    let imps: Vec<String> = imps.collect();
    format!(r#"{{"id":"r","at":{at},"imp":[{}]}}"#, imps.join(","))
}

/// What a test wants to know of one bid: whether it won, what it pays, what it is told.
type Told = (bool, Option<CpmMicros>, Option<CpmMicros>);

/// The fates by the bids' numbers.
fn told(request: &str, bids: &[Offered]) -> Vec<Told> {
    told_in(request, bids, |_| {})
}

/// The same with the answers in another order.
fn told_in(request: &str, bids: &[Offered], order: fn(&mut [(usize, &str)])) -> Vec<Told> {
    let intake = intake(request);
    let market = market(&[partner("a"), partner("b"), partner("c")]);
    let plan = planned(&intake, &market, 1);
    let answers = answers(bids, 3);
    let mut answers: Vec<(usize, &str)> = answers.iter().map(String::as_str).enumerate().collect();
    order(&mut answers);
    let settlement: Settlement<'_> = settled(&plan, &market, &answers);
    let mut told = vec![(false, None, None); bids.len()];
    for judged in &settlement.bids {
        let number: usize = judged.bid.id().parse().unwrap();
        told[number] = match judged.fate {
            Fate::Won(win) => (true, Some(win.clearing), win.minimum_to_win),
            Fate::Lost { minimum_to_win, .. } => (false, None, minimum_to_win),
        };
    }
    told
}

const BREAK: &str = r#""podid":"p","poddur":60,"maxseq":3"#;

fn offer(dsp: usize, seat: u8, seconds: u32, price: &str) -> Offered {
    Offered {
        dsp,
        seat,
        imp: 0,
        seconds,
        price: cpm(price).micros(),
        domain: None,
        deal: false,
    }
}

#[test]
fn what_bids_in_a_pod_had_to_offer() {
    struct Row {
        says: &'static str,
        at: i32,
        imps: &'static [&'static str],
        bids: Vec<Offered>,
        /// What winners pay; losers nothing.
        pays: &'static [Option<&'static str>],
        minimum: &'static [Option<&'static str>],
    }
    let three = |second: &str| {
        vec![
            offer(0, 1, 30, "10"),
            offer(0, 2, 15, second),
            offer(0, 3, 15, "5"),
            offer(1, 9, 60, "20"),
        ]
    };
    let own = |seat: u8| {
        vec![
            offer(0, 1, 60, "10"),
            offer(0, seat, 60, "8"),
            offer(1, 9, 60, "3"),
        ]
    };
    let advertisers = |first: u8, second: u8| {
        let of = |domain: u8, price: &str| Offered {
            domain: Some(domain),
            ..offer(0, 1, 15, price)
        };
        vec![of(first, "4"), of(second, "3")]
    };
    let deal = |seconds: u32, price: &str| Offered {
        deal: true,
        ..offer(1, 9, seconds, price)
    };
    let at = |imp: usize, bid: Offered| Offered { imp, ..bid };
    #[rustfmt::skip]
    let rows = [
        Row { says: "three against one: each is what the other two leave", at: 1, imps: &[BREAK], bids: three("6"),
            pays: &[Some("10"), Some("6"), Some("5"), None], minimum: &[Some("9"), Some("5"), Some("4"), Some("21")] },
        Row { says: "one against three: each lacks the same", at: 1, imps: &[BREAK], bids: three("4.9"),
            pays: &[None, None, None, Some("20")], minimum: &[Some("10.1"), Some("5"), Some("5.1"), Some("19.9")] },
        Row { says: "second price, three against one", at: 2, imps: &[BREAK], bids: three("6"),
            pays: &[Some("9.01"), Some("5.01"), Some("4.01"), None], minimum: &[Some("9"), Some("5"), Some("4"), Some("21")] },
        Row { says: "second price, one against three", at: 2, imps: &[BREAK], bids: three("4.9"),
            pays: &[None, None, None, Some("19.91")], minimum: &[Some("10.1"), Some("5"), Some("5.1"), Some("19.9")] },
        Row { says: "another seat's bid counts", at: 2, imps: &[BREAK], bids: own(2),
            pays: &[Some("8.01"), None, None], minimum: &[Some("8"), Some("10"), Some("10")] },
        Row { says: "a buyer's own does not, but for the minimum", at: 2, imps: &[BREAK], bids: own(1),
            pays: &[Some("3.01"), None, None], minimum: &[Some("8"), Some("10"), Some("10")] },
        Row { says: "alone: the floor", at: 2, imps: &[BREAK], bids: vec![offer(0, 1, 30, "4")],
            pays: &[Some("0.5")], minimum: &[Some("0.5")] },
        Row { says: "with room for all: the floor", at: 2, imps: &[BREAK], bids: advertisers(1, 2),
            pays: &[Some("0.5"), Some("0.5")], minimum: &[Some("0.5"), Some("0.5")] },
        Row { says: "of one advertiser: one against the other", at: 1, imps: &[BREAK], bids: advertisers(1, 1),
            pays: &[Some("4"), None], minimum: &[Some("3"), Some("4")] },
        Row { says: "slots of their own", at: 2, imps: &[r#""podid":"p""#, r#""podid":"p""#],
            bids: vec![at(0, offer(0, 1, 15, "4")), at(0, offer(1, 1, 15, "3")), at(1, offer(0, 2, 15, "9"))],
            pays: &[Some("3.01"), None, Some("0.5")], minimum: &[Some("3"), Some("4"), Some("0.5")] },
        Row { says: "no price stands against a deal", at: 2, imps: &[BREAK], bids: vec![offer(0, 1, 60, "9"), offer(0, 2, 30, "2"), offer(2, 1, 30, "1"), deal(30, "3")],
            pays: &[None, Some("1.01"), None, Some("0.5")], minimum: &[None, Some("1"), Some("2"), Some("0.5")] },
        Row { says: "under the floor of a break that others are in", at: 1, imps: &[BREAK], bids: vec![offer(0, 1, 60, "9"), offer(1, 2, 60, "0.4")],
            pays: &[Some("9"), None], minimum: &[Some("0.5"), None] },
        Row { says: "under the floor of an empty break", at: 1, imps: &[BREAK], bids: vec![offer(1, 2, 60, "0.4")],
            pays: &[None], minimum: &[Some("0.5")] },
    ];
    for row in rows {
        let request = request(row.at, row.imps);
        let found = told(&request, &row.bids);
        let pays: Vec<_> = found.iter().map(|(_, pays, _)| *pays).collect();
        let minimum: Vec<_> = found.iter().map(|(.., minimum)| *minimum).collect();
        let expect = |told: &[Option<&str>]| -> Vec<Option<CpmMicros>> {
            told.iter().map(|price| price.map(cpm)).collect()
        };
        assert_eq!(pays, expect(row.pays), "X-70 {}", row.says);
        assert_eq!(minimum, expect(row.minimum), "X-98 {}", row.says);
    }
}

#[test]
fn where_more_than_one_price_decides_nothing_is_told() {
    let bid = |id: &str, price: &str, seconds: u32| {
        format!(
            r#"{{"id":"{id}","impid":"0","price":{price},"dur":{seconds},"mtype":2,"crid":"{id}","adm":"<VAST version=\"4.0\"><Ad><InLine/></Ad></VAST>"}}"#
        )
    };
    let seat = |group: u8, bids: &[String]| {
        format!(
            r#"{{"seat":"g{group}","group":{group},"bid":[{}]}}"#,
            bids.join(",")
        )
    };
    let grouped = [
        seat(1, &[bid("a", "4", 30), bid("b", "4", 30)]),
        seat(0, &[bid("c", "7", 60)]),
    ];
    // More than are considered: the cheapest is not looked at.
    let many: Vec<String> = (0..130)
        .map(|n| bid(&n.to_string(), &format!("{}", 200 - n), 30))
        .collect();
    // An hour of all lengths is beyond the bound of the work.
    let lengths: Vec<String> = (0..120_u32)
        .map(|n| bid(&n.to_string(), &format!("{}", 1 + n % 7), 11 + n))
        .collect();
    let hour = r#""podid":"p","poddur":3600"#;
    for (says, video, seats) in [
        ("X-75 a group", BREAK, grouped.join(",")),
        ("more bids than are considered", BREAK, seat(0, &many)),
        ("filled greedily", hour, seat(0, &lengths)),
    ] {
        let request = request(2, &[video]);
        let intake = intake(&request);
        let market = market(&[partner("a")]);
        let plan = planned(&intake, &market, 1);
        let answer = format!(r#"{{"id":"r","seatbid":[{seats}]}}"#);
        let settlement = settled(&plan, &market, &[(0, &answer)]);
        assert!(settlement.won().count() > 0, "{says}");
        for judged in &settlement.bids {
            let minimum = match judged.fate {
                Fate::Won(win) => {
                    let bid = judged.bid.price.cpm().unwrap();
                    assert!(win.floor <= win.clearing && win.clearing <= bid, "{says}");
                    win.minimum_to_win
                }
                Fate::Lost { minimum_to_win, .. } => minimum_to_win,
            };
            assert_eq!(minimum, None, "{says}: {}", judged.bid.id());
        }
    }
}

/// The most that bids bring, deals before all, over all sets: lengths, places and advertisers as the pod wants
/// them.
fn exhaustive(bids: &[Offered], within: &dyn Fn(u32) -> bool) -> (i64, i64) {
    let stands = |set: u32| {
        let chosen = || {
            let all = bids.iter().enumerate();
            all.filter(move |(number, _)| set & (1 << number) != 0)
                .map(|(_, bid)| bid)
        };
        let in_break = || chosen().filter(|bid| bid.imp == 0);
        let seconds: u32 = in_break().map(|bid| bid.seconds).sum();
        let slots = chosen().filter(|bid| bid.imp == 1).count();
        let mut domains: Vec<u8> = chosen().filter_map(|bid| bid.domain).collect();
        domains.sort_unstable();
        let distinct = domains.windows(2).all(|pair| pair[0] != pair[1]);
        seconds <= 60 && in_break().count() <= 3 && slots <= 1 && distinct
    };
    (0_u32..1 << bids.len())
        .filter(|set| within(*set) && stands(*set))
        .map(|set| {
            let (mut deals, mut open) = (0, 0);
            for (number, bid) in bids.iter().enumerate() {
                let tier = if bid.deal { &mut deals } else { &mut open };
                *tier += if set & (1 << number) == 0 {
                    0
                } else {
                    bid.price
                };
            }
            (deals, open)
        })
        .max()
        .unwrap_or_default()
}

prop_compose! {
    fn offered()(
        dsp in 0_usize..3,
        seat in 0_u8..2,
        imp in prop_oneof![3 => Just(0_usize), 1 => Just(1)],
        seconds in prop_oneof![Just(15_u32), Just(20), Just(30), Just(60)],
        price in 50_i64..2_000,
        domain in proptest::option::weighted(0.3, 0_u8..3),
        deal in proptest::bool::weighted(0.15),
    ) -> Offered {
        Offered { dsp, seat, imp, seconds, price: price * CENT, domain, deal }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn who_bids_what_it_was_told_wins_and_who_bids_less_does_not(
        bids in proptest::collection::vec(offered(), 1..9),
        at in 1..3_i32,
    ) {
        // X-98, in a pod of a break and a slot
        let request = request(at, &[BREAK, r#""podid":"p""#]);
        let found = told(&request, &bids);
        // X-76: whoever answered first.
        prop_assert_eq!(&found, &told_in(&request, &bids, |answers| answers.reverse()));
        for (number, (won, _, minimum)) in found.iter().enumerate() {
            let wins_at = |price: i64| {
                let mut bids = bids.clone();
                bids[number].price = price;
                told(&request, &bids)[number].0
            };
            match minimum {
                Some(minimum) => {
                    // At the price itself lots decide.
                    prop_assert!(wins_at(minimum.micros() + 1), "{number} above {minimum}");
                    prop_assert!(!wins_at(minimum.micros() - 1), "{number} below {minimum}");
                    prop_assert_eq!(*won, wins_at(bids[number].price));
                }
                // No price stands against a deal.
                None => prop_assert!(!won && !wins_at(cpm("1000").micros()), "{number}"),
            }
        }
    }

    #[test]
    fn a_second_price_is_the_critical_price(bids in proptest::collection::vec(offered(), 1..9)) {
        // X-70: what the others' best set would bring more were the winner not there, plus a cent
        let request = request(2, &[BREAK, r#""podid":"p""#]);
        let found = told(&request, &bids);
        let (mut earned, mut expected) = (0, 0);
        for (number, (won, pays, _)) in found.iter().enumerate() {
            let bid = &bids[number];
            if !won {
                prop_assert_eq!(*pays, None);
                continue;
            }
            let is_own_loser = |other: usize| {
                let it = &bids[other];
                !found[other].0 && (it.dsp, it.seat) == (bid.dsp, bid.seat)
            };
            let barred = (0..bids.len()).filter(|other| *other == number || is_own_loser(*other));
            let barred: u32 = barred.map(|other| 1 << other).sum();
            let best = exhaustive(&bids, &|_| true);
            let without = exhaustive(&bids, &|set| set & barred == 0);
            let lead = if bid.deal { best.0 - without.0 } else { best.1 - without.1 };
            let critical = bid.price - lead;
            let next = if critical > 0 { critical + CENT } else { 0 };
            let price = next.max(cpm("0.5").micros()).min(bid.price);
            expected += price;
            let pays = pays.unwrap().micros();
            earned += pays;
            prop_assert_eq!(pays, price, "{} of {:?}", number, bid);
            prop_assert!(pays <= bid.price && pays >= cpm("0.5").micros());
        }
        prop_assert_eq!(earned, expected);
    }
}
