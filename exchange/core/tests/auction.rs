//! The sample pairs with their outcomes (examples/README.md), and what holds for every auction.

mod support;

use exchange_core::Conditions;
use exchange_core::auction::Reached;
use proptest::prelude::*;
use support::{cpm, example, fates, intake, market, partner, planned, settled};

#[test]
fn the_sample_pairs_end_as_their_readme_says() {
    struct Case {
        pair: &'static str,
        says: &'static str,
        fates: &'static [(&'static str, &'static str)],
    }
    #[rustfmt::skip]
    let cases = [
        Case { pair: "01-banner-web-25", says: "wins at 1.375 (first price)", fates: &[("b-0101", "won 1.375 USD")] },
        Case { pair: "02-multiformat-26", says: "video 2.10 beats banner 1.65", fates: &[("b-0201", "won 2.1 USD"), ("b-0202", "102")] },
        Case { pair: "03-video-instream-26", says: "alone: pays floor 6.50", fates: &[("b-0301", "won 6.5 USD")] },
        Case { pair: "04-native-12-string", says: "wins 0.92 EUR", fates: &[("b-0401", "won 0.92 EUR")] },
        Case { pair: "05-native-12-object", says: "as 04", fates: &[("b-0401", "won 0.92 EUR")] },
        Case { pair: "06-audio-podcast-26", says: "30 s: floor 12.50, bid 13.40", fates: &[("b-0601", "won 13.4 USD")] },
        Case { pair: "07-app-interstitial-rewarded", says: "wins 8.75", fates: &[("b-0701", "won 8.75 USD")] },
        Case { pair: "08-pmp-private-deal", says: "D-FIX-7 pays 7.50 exactly", fates: &[("b-0801", "won 7.5 USD"), ("b-0802", "103")] },
        Case { pair: "09-ctv-dynamic-pod", says: "all three fit (75 s); b-0901 first", fates: &[("b-0901", "won 31 USD"), ("b-0902", "won 18.5 USD"), ("b-0903", "won 10.2 USD")] },
        Case { pair: "10-ctv-structured-pod", says: "slots 1, 3, 4 filled, 2 empty", fates: &[("b-1001", "won 24 USD"), ("b-1002", "won 16 USD"), ("b-1003", "won 12.5 USD")] },
        Case { pair: "11-dooh-qty", says: "cost = 6.25/1000*14.2 GBP", fates: &[("b-1101", "won 6.25 GBP")] },
        Case { pair: "12-multi-imp-5", says: "by sum the group wins; imp 5 at 0.70", fates: &[("b-1201", "won 0.9 USD"), ("b-1202", "won 1.1 USD"), ("b-1203", "102"), ("b-1204", "won 0.7 USD")] },
        Case { pair: "14-coppa", says: "no-bid", fates: &[] },
        Case { pair: "16-ctv-hybrid-pod-live", says: "26.0 / 9.4 / 15.8 all placed", fates: &[("b-1601", "won 26 USD"), ("b-1602", "won 9.4 USD"), ("b-1603", "won 15.8 USD")] },
        Case { pair: "15-us-gpp-optout", says: "contextual bid only", fates: &[("b-1501", "won 0.62 USD")] },
    ];
    for case in cases {
        let (request, response) = example(case.pair);
        let intake = intake(&request);
        let market = market(&[partner("alpha")]);
        let plan = planned(&intake, &market, 1);
        let settlement = settled(&plan, &market, &[(0, &response)]);
        let fates = fates(&settlement);
        let fates: Vec<(&str, &str)> = fates.iter().map(|(b, f)| (&**b, &**f)).collect();
        // 05's bids are numbered like 04's or on their own; what counts is the outcome.
        let outcomes = |fates: &[(&str, &str)]| -> Vec<String> {
            fates.iter().map(|(_, fate)| (*fate).to_owned()).collect()
        };
        assert_eq!(
            outcomes(&fates),
            outcomes(case.fates),
            "{}: {}",
            case.pair,
            case.says
        );
    }
}

#[test]
fn every_sample_pair_is_settled_legally() {
    for pair in [
        "10-ctv-structured-pod",
        "11-dooh-qty",
        "12-multi-imp-5",
        "13-gdpr-tcf-consent",
    ] {
        let (request, response) = example(pair);
        let intake = intake(&request);
        let market = market(&[partner("alpha")]);
        let plan = planned(&intake, &market, 1);
        let settlement = settled(&plan, &market, &[(0, &response)]);
        let fates = fates(&settlement);
        assert!(settlement.won().count() > 0, "{pair}: {fates:?}");
        let mut imps: Vec<_> = settlement.won().map(|(judged, _)| judged.imp).collect();
        let all = imps.len();
        imps.dedup();
        assert_eq!(imps.len(), all, "X-85 {pair}: one bid per imp");
        assert!(
            fates
                .iter()
                .all(|(_, fate)| fate.starts_with("won") || fate == "102"),
            "{pair}: every bid was admitted: {fates:?}"
        );
    }
}

/// A request for one 300x250 banner.
fn banner(at: i32, floor: &str) -> String {
    format!(
        r#"{{"id":"r","at":{at},"imp":[{{"id":"1","bidfloor":{floor},"banner":{{"w":300,"h":250}}}}]}}"#
    )
}

/// A DSP's answer, each bid for a seat of its own.
fn answer(bids: &[(&str, &str)]) -> String {
    let seats: Vec<String> = bids
        .iter()
        .map(|(id, rest)| {
            format!(
                r#"{{"seat":"s{id}","bid":[{{"id":"{id}","impid":"1","adm":"<b>x</b>","w":300,"h":250,{rest}}}]}}"#
            )
        })
        .collect();
    format!(r#"{{"id":"r","seatbid":[{}]}}"#, seats.join(","))
}

#[test]
fn minimum_to_win_as_the_standard_works_it() {
    // X-98: floor 2.00, bids 5.00, 3.00, 1.50
    let bids = answer(&[
        ("a", r#""price":5"#),
        ("b", r#""price":3"#),
        ("c", r#""price":1.5"#),
    ]);
    for (at, price, winner, losers) in [(1, "5", "3", "5"), (2, "3.01", "3", "3.01")] {
        let request = banner(at, "2.00");
        let intake = intake(&request);
        let market = market(&[partner("alpha")]);
        let plan = planned(&intake, &market, 1);
        let settlement = settled(&plan, &market, &[(0, &bids)]);
        let win = settlement.bids[0].win().unwrap();
        assert_eq!(
            (win.price, win.minimum_to_win),
            (cpm(price), Some(cpm(winner))),
            "X-98 at {at}"
        );
        for loser in &settlement.bids[1..] {
            let exchange_core::auction::Fate::Lost { minimum_to_win, .. } = loser.fate else {
                panic!("{} lost", loser.bid.id());
            };
            assert_eq!(minimum_to_win, Some(cpm(losers)), "X-98 at {at}");
        }
    }
    // A buyer that is alone pays the floor (X-70), yet less than its other bid would not have won.
    let alone = bids.replace(r#""seat":"sb""#, r#""seat":"sa""#);
    let request = banner(2, "2.00");
    let intake = intake(&request);
    let market = market(&[partner("alpha")]);
    let plan = planned(&intake, &market, 1);
    let settlement = settled(&plan, &market, &[(0, &alone)]);
    let win = settlement.bids[0].win().unwrap();
    assert_eq!((win.price, win.minimum_to_win), (cpm("2"), Some(cpm("3"))));
}

#[test]
fn bids_and_what_becomes_of_them() {
    struct Case {
        item: &'static str,
        bid: &'static str,
        expect: &'static str,
    }
    #[rustfmt::skip]
    let cases = [
        Case { item: "X-72 equal to the floor is valid", bid: r#""price":0.5"#, expect: "won 0.5 USD" },
        Case { item: "X-58 under the floor", bid: r#""price":0.499999"#, expect: "100" },
        Case { item: "X-53 zero", bid: r#""price":0"#, expect: "9" },
        Case { item: "X-53 negative", bid: r#""price":-1"#, expect: "9" },
        Case { item: "X-53 absent", bid: r#""crid":"c""#, expect: "9" },
        Case { item: "X-53 no number", bid: r#""price":"much""#, expect: "9" },
        Case { item: "R30 beyond range", bid: r#""price":1e309"#, expect: "9" },
        Case { item: "C-24 a numeric string is a price", bid: r#""price":"1.5""#, expect: "won 1.5 USD" },
        Case { item: "C-31 duplicate price", bid: r#""price":1,"price":99"#, expect: "3" },
        Case { item: "X-54 unknown imp", bid: r#""price":1,"x":0"#, expect: "won 1 USD" },
        Case { item: "X-51 no markup", bid: r#""price":1"#, expect: "won 1 USD" },
        Case { item: "X-42 no domain", bid: r#""price":1,"adomain":["not a domain"]"#, expect: "6" },
        Case { item: "C-111 a deal that was not offered", bid: r#""price":1,"dealid":"d""#, expect: "4" },
        Case { item: "X-49 a type that was not offered", bid: r#""price":1,"mtype":2"#, expect: "204" },
        Case { item: "X-10 another size", bid: r#""price":1,"h":600"#, expect: "203" },
        Case { item: "C-72 an API that is not listed", bid: r#""price":1,"apis":[5]"#, expect: "204" },
        Case { item: "X-21 a slot that was not offered", bid: r#""price":1,"slotinpod":1"#, expect: "3" },
    ];
    for case in cases {
        let request = banner(1, "0.5");
        let intake = intake(&request);
        let market = market(&[partner("alpha")]);
        let plan = planned(&intake, &market, 1);
        let response = answer(&[("a", case.bid)]);
        let settlement = settled(&plan, &market, &[(0, &response)]);
        assert_eq!(fates(&settlement)[0].1, case.expect, "{}", case.item);
    }
}

#[test]
fn answers_and_what_becomes_of_them() {
    #[rustfmt::skip]
    let cases = [
        ("C-131 empty object", "{}", "no_bid", vec![]),
        ("C-131 empty body", "", "no_bid", vec![]),
        ("C-131 nbr", r#"{"id":"r","nbr":2}"#, "no_bid", vec![]),
        ("R30 no JSON", "<html>", "error", vec![]),
        ("R30 truncated", r#"{"id":"r","seatbid":[{"bid":[{"id":"a""#, "error", vec![]),
        ("X-55 another id", r#"{"id":"other","seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"adm":"x"}]}]}"#, "bid", vec!["5"]),
        ("X-54 unknown imp", r#"{"id":"r","seatbid":[{"bid":[{"id":"a","impid":"9","price":1,"adm":"x"}]}]}"#, "bid", vec!["3"]),
        ("X-51 no markup", r#"{"id":"r","seatbid":[{"bid":[{"id":"a","impid":"1","price":1}]}]}"#, "bid", vec!["7"]),
        ("X-56 currency", r#"{"id":"r","cur":"EUR","seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"adm":"x"}]}]}"#, "bid", vec!["3"]),
        ("X-54 duplicate bid id", r#"{"id":"r","seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"adm":"x"},{"id":"a","impid":"1","price":2,"adm":"x"}]}]}"#, "bid", vec!["won 1 USD", "3"]),
        ("C-32 one bad bid does not void its neighbour", r#"{"id":"r","seatbid":[{"bid":[7,{"id":"a","impid":"1","price":1,"adm":"x"}]}]}"#, "bid", vec!["3", "won 1 USD"]),
        ("X-75 a group with a broken member", r#"{"id":"r","seatbid":[{"group":1,"bid":[{"id":"a","impid":"1","price":1,"adm":"x"},{"id":"b","impid":"9","price":1,"adm":"x"}]}]}"#, "bid", vec!["500", "3"]),
    ];
    for (item, response, label, expect) in cases {
        let request = banner(1, "0.5");
        let intake = intake(&request);
        let market = market(&[partner("alpha")]);
        let plan = planned(&intake, &market, 1);
        let settlement = settled(&plan, &market, &[(0, response)]);
        assert_eq!(settlement.replies[0].1.label(), label, "{item}");
        let found: Vec<String> = fates(&settlement)
            .into_iter()
            .map(|(_, fate)| fate)
            .collect();
        assert_eq!(found, expect, "{item}");
    }
}

#[test]
fn currencies_are_compared_at_one_rate() {
    // X-73: 1 EUR is worth more than 1.05 USD; the clearing price is told in the bid's currency
    let request = r#"{"id":"r","at":2,"cur":["USD","EUR"],"imp":[{"id":"1","bidfloor":0.5,"banner":{"w":300,"h":250}}]}"#;
    let intake = intake(request);
    let market = market(&[partner("eu"), partner("us")]);
    let plan = planned(&intake, &market, 1);
    let eu = r#"{"id":"r","cur":"EUR","seatbid":[{"bid":[{"id":"e","impid":"1","price":1,"adm":"x"}]}]}"#;
    let us = r#"{"id":"r","seatbid":[{"bid":[{"id":"u","impid":"1","price":1.05,"adm":"x"}]}]}"#;
    let settlement = settled(&plan, &market, &[(0, eu), (1, us)]);
    let (winner, win) = settlement.won().next().unwrap();
    assert_eq!(winner.bid.id(), "e");
    assert_eq!(
        win.price,
        cpm("0.976"),
        "1.05 USD are 0.966 EUR, and 0.01 more"
    );
    assert_eq!(
        win.answer_price.micros(),
        1_060_870,
        "in USD, the first listed currency"
    );
}

#[test]
fn a_dead_dsp_is_no_hindrance() {
    // X-112
    let request = banner(1, "0.5");
    let intake = intake(&request);
    let market = market(&[partner("dead"), partner("alive")]);
    let plan = planned(&intake, &market, 1);
    let response = answer(&[("a", r#""price":1"#)]);
    let replies = [
        exchange_core::auction::Reply {
            ask: 0,
            reached: Reached::TimedOut,
        },
        exchange_core::auction::Reply {
            ask: 1,
            reached: Reached::Body(response.as_bytes()),
        },
    ];
    let settlement =
        exchange_core::auction::settle(&plan, &market, &Conditions::default(), &replies);
    assert_eq!(fates(&settlement)[0].1, "won 1 USD");
}

proptest! {
    #[test]
    fn any_field_of_bids(
        at in 1..3_i32,
        floor in 0_i64..5_000_000,
        prices in proptest::collection::vec(0_i64..10_000_000, 1..8),
        seed in any::<u8>(),
        split in 0_usize..8,
    ) {
        let floor = units::CpmMicros::new(floor).unwrap();
        let request = banner(at, &floor.to_string());
        let intake = intake(&request);
        let market = market(&[partner("a"), partner("b")]);
        let plan = planned(&intake, &market, seed);
        let texts: Vec<(String, String)> = prices
            .iter()
            .enumerate()
            .map(|(n, price)| (format!("b{n}"), format!(r#""price":{}"#, units::CpmMicros::new(*price).unwrap())))
            .collect();
        let texts: Vec<(&str, &str)> = texts.iter().map(|(a, b)| (&**a, &**b)).collect();
        let (left, right) = texts.split_at(split.min(texts.len()));
        let (left, right) = (answer(left), answer(right));
        let settlement = settled(&plan, &market, &[(0, &left), (1, &right)]);
        // X-70, X-72: the price lies between the floor and the bid; the highest admitted bid wins.
        let best = prices.iter().copied().filter(|p| *p > 0 && *p >= floor.micros()).max();
        let won: Vec<_> = settlement.won().collect();
        prop_assert_eq!(won.len(), usize::from(best.is_some()));
        if let Some((judged, win)) = won.first() {
            let bid = judged.bid.price.cpm().unwrap();
            prop_assert_eq!(Some(bid.micros()), best);
            prop_assert!(floor <= win.price && win.price <= bid);
            prop_assert!(win.minimum_to_win.unwrap() <= bid);
        }
        // X-76: the order of the answers changes nothing.
        let again = settled(&plan, &market, &[(1, &right), (0, &left)]);
        let winner = |s: &exchange_core::auction::Settlement<'_>| {
            s.won().next().map(|(j, w)| (j.bid.id().to_owned(), *w))
        };
        prop_assert_eq!(winner(&settlement), winner(&again));
    }

    #[test]
    fn any_answer_is_settled(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let request = banner(1, "0.5");
        let intake = intake(&request);
        let market = market(&[partner("a")]);
        let plan = planned(&intake, &market, 1);
        let reply = exchange_core::auction::Reply { ask: 0, reached: Reached::Body(&body) };
        let settlement = exchange_core::auction::settle(&plan, &market, &Conditions::default(), &[reply]);
        prop_assert_eq!(settlement.won().count(), 0);
    }
}
