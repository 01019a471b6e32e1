//! Every X-id of the conformance list: what settling does about it, or whose it is instead.

mod support;

use contracts::catalog::{CreativePolicy, MacroEncoding, SellerDiscount};
use exchange_core::auction::Fate;
use exchange_core::conditions::{Conditions, SoftFloor};
use exchange_core::{Medium, markup, notices};
use support::{cpm, fates, intake, market, partner, planned, settled, settled_under};
use units::{Currency, Multiplier};

struct Case {
    item: &'static str,
    says: &'static str,
    /// Members of the request beside its id.
    request: &'static str,
    /// `seatbid` and other members of each answer beside its id; one DSP each.
    answers: &'static [&'static str],
    expect: &'static [&'static str],
}

const IMP: &str = r#""at":1,"imp":[{"id":"1","bidfloor":0.5,"banner":{"w":300,"h":250}}]"#;
const SECOND: &str = r#""at":2,"imp":[{"id":"1","bidfloor":0.5,"banner":{"w":300,"h":250}}]"#;
const TWO: &str =
    r#""at":1,"imp":[{"id":"1","banner":{"w":300,"h":250}},{"id":"2","banner":{"w":300,"h":250}}]"#;
const NATIVE: &str =
    r#""at":1,"imp":[{"id":"1","native":{"request":"{\"plcmtcnt\":2,\"assets\":[]}"}}]"#;
const NATIVE_BID: &str = r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"adm":"{\"link\":{\"url\":\"https://a.example\"},\"assets\":[]}"},{"id":"b","impid":"1","price":3,"adm":"{\"link\":{\"url\":\"https://a.example\"},\"assets\":[]}"},{"id":"c","impid":"1","price":2,"adm":"{\"link\":{\"url\":\"https://a.example\"},\"assets\":[]}"}]}]"#;
const DEALS: &str = r#""at":2,"imp":[{"id":"1","bidfloor":0.5,"banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"g","guar":1,"at":1,"bidfloor":1},{"id":"f","at":3,"bidfloor":7.5},{"id":"v","at":2,"bidfloor":2}]}}]"#;
const POD: &str = r#""at":1,"imp":[{"id":"1","video":{"mimes":["video/mp4"],"podid":"p","poddur":60,"maxseq":2,"slotinpod":1,"mincpmpersec":0.1}}]"#;
const POD_BIDS: &str = r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":4,"dur":30,"crid":"c","adm":"<VAST version=\"4.0\"><Ad><InLine/></Ad></VAST>"},{"id":"b","impid":"1","price":5,"dur":30,"crid":"c","adm":"<VAST version=\"4.0\"><Ad><InLine/></Ad></VAST>"},{"id":"c","impid":"1","price":3,"dur":30,"slotinpod":1,"adm":"<VAST version=\"4.0\"><Ad><InLine/></Ad></VAST>"},{"id":"d","impid":"1","price":3,"dur":30,"slotinpod":-1,"adm":"<VAST version=\"4.0\"><Ad><InLine/></Ad></VAST>"},{"id":"e","impid":"1","price":2.9,"dur":30,"adm":"<VAST version=\"4.0\"><Ad><InLine/></Ad></VAST>"}]}]"#;

/// What one bid comes to on [`IMP`]: members of the request and of the bid beside the usual.
const ONE: &[(&str, &str, &str, &str, &str)] = &[
    ("X-10", "another size", "", r#""price":1,"h":600"#, "203"),
    (
        "X-40",
        "not in wseat",
        r#","wseat":["other"]"#,
        r#""price":1"#,
        "104",
    ),
    (
        "X-40",
        "in bseat",
        r#","bseat":["s"]"#,
        r#""price":1"#,
        "104",
    ),
    (
        "X-41",
        "a blocked advertiser",
        r#","badv":["bad.example"]"#,
        r#""price":1,"adomain":["a.bad.example"]"#,
        "205",
    ),
    (
        "X-42",
        "no domain",
        "",
        r#""price":1,"adomain":["not a domain"]"#,
        "6",
    ),
    (
        "X-43",
        "a blocked category",
        r#","bcat":["IAB25"]"#,
        r#""price":1,"cat":["IAB25-1"]"#,
        "209",
    ),
    (
        "X-43",
        "none of those allowed",
        r#","acat":["IAB1"]"#,
        r#""price":1,"cat":["IAB2"]"#,
        "209",
    ),
    (
        "X-44",
        "a blocked app by its store's number",
        r#","bapp":["123"]"#,
        r#""price":1,"bundle":"123""#,
        "206",
    ),
    (
        "X-44",
        "a blocked app by its package",
        r#","bapp":["com.a"]"#,
        r#""price":1,"bundle":"com.a""#,
        "215",
    ),
    (
        "X-48",
        "a language that is not allowed",
        r#","wlang":["en"]"#,
        r#""price":1,"language":"fr""#,
        "208",
    ),
    (
        "X-49",
        "a type that was not offered",
        "",
        r#""price":1,"mtype":2"#,
        "204",
    ),
    (
        "X-50",
        "an API that was not offered",
        "",
        r#""price":1,"apis":[5]"#,
        "204",
    ),
    ("X-51", "no markup", "", r#""price":1,"adm":"""#, "7"),
    ("X-53", "no price", "", r#""crid":"c""#, "9"),
    ("X-53", "a price that is none", "", r#""price":"NaN""#, "9"),
    ("X-53", "beyond belief", "", r#""price":1000001"#, "9"),
    ("X-58", "under the floor", "", r#""price":0.49"#, "100"),
    ("X-72", "at the floor", "", r#""price":0.5"#, "won 0.5 USD"),
];

#[test]
fn one_bid_and_its_reason() {
    for (item, says, request, bid, expect) in ONE {
        let request = format!(r#"{{"id":"r"{request},{IMP}}}"#);
        let adm = if bid.contains("\"adm\"") {
            ""
        } else {
            r#","adm":"x""#
        };
        let size = if bid.contains("\"h\"") {
            ""
        } else {
            r#","h":250"#
        };
        let response = format!(
            r#"{{"id":"r","seatbid":[{{"seat":"s","bid":[{{"id":"b","impid":"1","w":300{size}{adm},{bid}}}]}}]}}"#
        );
        let intake = intake(&request);
        let market = market(&[partner("alpha")]);
        let plan = planned(&intake, &market, 1);
        let settlement = settled(&plan, &market, &[(0, &response)]);
        assert_eq!(fates(&settlement)[0].1, *expect, "{item} {says}");
    }
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { item: "X-12", says: "as many native ads as there are places", request: NATIVE, answers: &[NATIVE_BID], expect: &["102", "won 3 USD", "won 2 USD"] },
    Case { item: "X-20", says: "a break takes what fits", request: POD, answers: &[POD_BIDS], expect: &["102", "won 5 USD", "won 3 USD", "3", "100"] },
    Case { item: "X-21", says: "a slot that was not offered", request: POD, answers: &[POD_BIDS], expect: &["102", "won 5 USD", "won 3 USD", "3", "100"] },
    Case { item: "X-22", says: "a creative once", request: POD, answers: &[POD_BIDS], expect: &["102", "won 5 USD", "won 3 USD", "3", "100"] },
    Case { item: "X-23", says: "a floor for each second", request: POD, answers: &[POD_BIDS], expect: &["102", "won 5 USD", "won 3 USD", "3", "100"] },
    Case { item: "X-30", says: "guaranteed before preferred before private before open", request: DEALS, answers: &[r#""seatbid":[{"bid":[{"id":"o","impid":"1","price":99,"adm":"x"},{"id":"v","impid":"1","price":9,"dealid":"v","adm":"x"},{"id":"f","impid":"1","price":8,"dealid":"f","adm":"x"},{"id":"g","impid":"1","price":1,"dealid":"g","adm":"x"}]}]"#], expect: &["103", "103", "103", "won 1 USD"] },
    Case { item: "X-30", says: "preferred before private", request: DEALS, answers: &[r#""seatbid":[{"bid":[{"id":"v","impid":"1","price":9,"dealid":"v","adm":"x"},{"id":"f","impid":"1","price":8,"dealid":"f","adm":"x"}]}]"#], expect: &["103", "won 7.5 USD"] },
    Case { item: "X-45", says: "a blocked attribute", request: r#""at":1,"imp":[{"id":"1","banner":{"w":300,"h":250,"battr":[8]}}]"#, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"attr":[8],"adm":"x"}]}]"#], expect: &["210"] },
    Case { item: "X-46", says: "a blocked ad type", request: r#""at":1,"imp":[{"id":"1","banner":{"w":300,"h":250,"btype":[3]}}]"#, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"adm":"<script>"}]}]"#], expect: &["211"] },
    Case { item: "X-47", says: "an insecure URL", request: r#""at":1,"imp":[{"id":"1","secure":1,"banner":{"w":300,"h":250}}]"#, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"adm":"<img src=http://a.example>"}]}]"#], expect: &["207"] },
    Case { item: "X-54", says: "an unknown imp, a repeated id", request: IMP, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"9","price":1,"adm":"x"},{"id":"b","impid":"1","price":1,"adm":"x"},{"id":"b","impid":"1","price":2,"adm":"x"}]}]"#], expect: &["3", "won 1 USD", "3"] },
    Case { item: "X-54", says: "not conforming: a key that decides money twice (C-31)", request: IMP, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"price":2,"adm":"x"}]}]"#], expect: &["3"] },
    Case { item: "X-56", says: "a currency that is not allowed", request: IMP, answers: &[r#""cur":"EUR","seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"adm":"x"}]}]"#], expect: &["3"] },
    Case { item: "X-57", says: "it expires before the impression", request: r#""at":1,"imp":[{"id":"1","exp":60,"banner":{"w":300,"h":250}}]"#, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"exp":59,"adm":"x"}]}]"#], expect: &["2"] },
    Case { item: "X-58", says: "under the deal's floor", request: DEALS, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"dealid":"v","adm":"x"}]}]"#], expect: &["101"] },
    Case { item: "X-70", says: "first price", request: IMP, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":5,"adm":"x"}]}]"#, r#""seatbid":[{"bid":[{"id":"b","impid":"1","price":3,"adm":"x"}]}]"#], expect: &["won 5 USD", "102"] },
    Case { item: "X-70", says: "second price plus an increment", request: SECOND, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":5,"adm":"x"}]}]"#, r#""seatbid":[{"bid":[{"id":"b","impid":"1","price":3,"adm":"x"}]}]"#], expect: &["won 3.01 USD", "102"] },
    Case { item: "X-70", says: "alone: the floor", request: SECOND, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":5,"adm":"x"}]}]"#], expect: &["won 0.5 USD"] },
    Case { item: "X-70", says: "a buyer's own other bid sets no price", request: SECOND, answers: &[r#""seatbid":[{"seat":"s","bid":[{"id":"a","impid":"1","price":5,"adm":"x"}]},{"seat":"s","bid":[{"id":"b","impid":"1","price":4,"adm":"x"}]}]"#, r#""seatbid":[{"seat":"s","bid":[{"id":"c","impid":"1","price":3,"adm":"x"}]}]"#], expect: &["won 3.01 USD", "102", "102"] },
    Case { item: "X-70", says: "nor where neither names a seat: alone, the floor", request: SECOND, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":5,"adm":"x"},{"id":"b","impid":"1","price":4,"adm":"x"}]}]"#], expect: &["won 0.5 USD", "102"] },
    Case { item: "X-70", says: "another seat of the DSP is another buyer", request: SECOND, answers: &[r#""seatbid":[{"seat":"s","bid":[{"id":"a","impid":"1","price":5,"adm":"x"}]},{"seat":"t","bid":[{"id":"b","impid":"1","price":4,"adm":"x"}]}]"#], expect: &["won 4.01 USD", "102"] },
    Case { item: "X-70", says: "an at of 500 runs first price", request: r#""at":500,"imp":[{"id":"1","banner":{"w":300,"h":250}}]"#, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":5,"adm":"x"}]}]"#], expect: &["won 5 USD"] },
    Case { item: "X-71", says: "the deal's own at: 3 pays its floor", request: DEALS, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":9,"dealid":"f","adm":"x"}]}]"#], expect: &["won 7.5 USD"] },
    Case { item: "X-71", says: "3 without a price agrees on none: its bid", request: r#""at":2,"imp":[{"id":"1","bidfloor":0.5,"banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"f","at":3}]}}]"#, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":4,"dealid":"f","adm":"x"}]}]"#], expect: &["won 4 USD"] },
    Case { item: "X-71", says: "nor does a price of nothing: never sold for 0", request: r#""at":2,"imp":[{"id":"1","bidfloor":0.5,"banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"f","at":3,"bidfloor":0}]}}]"#, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":4,"dealid":"f","adm":"x"}]}]"#], expect: &["won 4 USD"] },
    Case { item: "X-71", says: "2 has the deal's floor as its bound, whatever open bids offer", request: DEALS, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":9,"dealid":"v","adm":"x"},{"id":"b","impid":"1","price":5,"adm":"x"}]}]"#], expect: &["won 2 USD", "103"] },
    Case { item: "X-71", says: "2 pays the next bid for a deal", request: DEALS, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":9,"dealid":"v","adm":"x"}]},{"seat":"t","bid":[{"id":"b","impid":"1","price":5,"dealid":"v","adm":"x"}]}]"#], expect: &["won 5.01 USD", "102"] },
    Case { item: "X-71", says: "1 pays the bid", request: DEALS, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":9,"dealid":"g","adm":"x"}]}]"#], expect: &["won 9 USD"] },
    Case { item: "X-73", says: "one currency for comparison, the bid's for the price", request: r#""at":2,"cur":["USD","EUR"],"imp":[{"id":"1","banner":{"w":300,"h":250}}]"#, answers: &[r#""cur":"EUR","seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"adm":"x"}]}]"#, r#""seatbid":[{"bid":[{"id":"b","impid":"1","price":1,"adm":"x"}]}]"#], expect: &["won 0.93 EUR", "102"] },
    Case { item: "X-74", says: "the deal's guidance before the imp's", request: r#""at":1,"imp":[{"id":"1","bidfloor":9,"banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"d","bidfloor":0}]}}]"#, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"dealid":"d","adm":"x"}]}]"#], expect: &["won 1 USD"] },
    Case { item: "X-75", says: "all or none: by sum the group wins", request: TWO, answers: &[r#""seatbid":[{"group":1,"bid":[{"id":"a","impid":"1","price":0.9,"adm":"x"},{"id":"b","impid":"2","price":1.1,"adm":"x"}]},{"bid":[{"id":"c","impid":"2","price":1.25,"adm":"x"}]}]"#], expect: &["won 0.9 USD", "won 1.1 USD", "102"] },
    Case { item: "X-75", says: "all or none: by sum the group loses", request: TWO, answers: &[r#""seatbid":[{"group":1,"bid":[{"id":"a","impid":"1","price":0.1,"adm":"x"},{"id":"b","impid":"2","price":1.1,"adm":"x"}]},{"bid":[{"id":"c","impid":"2","price":1.25,"adm":"x"}]}]"#], expect: &["102", "102", "won 1.25 USD"] },
    Case { item: "X-75", says: "a group that names an imp twice cannot win", request: TWO, answers: &[r#""seatbid":[{"group":1,"bid":[{"id":"a","impid":"1","price":5,"adm":"x"},{"id":"b","impid":"1","price":5,"adm":"x"}]},{"bid":[{"id":"c","impid":"1","price":1,"adm":"x"}]}]"#], expect: &["500", "500", "won 1 USD"] },
    Case { item: "X-75", says: "of two groups the one that brings more", request: TWO, answers: &[r#""seatbid":[{"group":1,"bid":[{"id":"a","impid":"1","price":9,"adm":"x"},{"id":"b","impid":"2","price":9,"adm":"x"}]},{"group":1,"bid":[{"id":"c","impid":"2","price":20,"adm":"x"}]},{"bid":[{"id":"d","impid":"1","price":1,"adm":"x"}]}]"#], expect: &["102", "102", "won 20 USD", "won 1 USD"] },
    Case { item: "X-75", says: "a group does not displace a deal", request: r#""at":1,"imp":[{"id":"1","banner":{"w":300,"h":250}},{"id":"2","banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"d"}]}}]"#, answers: &[r#""seatbid":[{"group":1,"bid":[{"id":"a","impid":"1","price":9,"adm":"x"},{"id":"b","impid":"2","price":9,"adm":"x"}]},{"bid":[{"id":"c","impid":"2","price":1,"dealid":"d","adm":"x"}]}]"#], expect: &["102", "103", "won 1 USD"] },
    Case { item: "X-85", says: "one bid for each imp", request: IMP, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"adm":"x"},{"id":"b","impid":"1","price":2,"adm":"x"}]}]"#], expect: &["102", "won 2 USD"] },
    Case { item: "X-55", says: "the whole answer is another auction's", request: IMP, answers: &[r#""id":"other","seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"adm":"x"},{"id":"b","impid":"1","price":2,"adm":"x"}]}]"#], expect: &["5", "5"] },
    Case { item: "X-59", says: "one reason: seat before deal before floor before creative", request: DEALS, answers: &[r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":0.1,"dealid":"x","w":1,"h":1,"adm":"x"},{"id":"b","impid":"1","price":0.1,"w":1,"h":1,"adm":"x"},{"id":"c","impid":"1","price":1,"w":1,"h":1,"adm":"x"}]}]"#], expect: &["4", "100", "203"] },
];

#[test]
fn bids_against_one_another() {
    for case in CASES {
        let request = format!(r#"{{"id":"r",{}}}"#, case.request);
        let intake = intake(&request);
        let partners: Vec<_> = (0..case.answers.len())
            .map(|n| partner(&format!("dsp-{n}")))
            .collect();
        let market = market(&partners);
        let plan = planned(&intake, &market, 1);
        let answers: Vec<String> = case
            .answers
            .iter()
            .map(|answer| {
                let sized = answer.replace(r#""price":"#, r#""w":300,"h":250,"price":"#);
                let own = if answer.starts_with(r#""id""#) {
                    ""
                } else {
                    r#""id":"r","#
                };
                // Sizes that a case gives itself come later, and the last counts.
                format!("{{{own}{sized}}}")
            })
            .collect();
        let answers: Vec<(usize, &str)> = answers
            .iter()
            .enumerate()
            .map(|(n, answer)| (n, answer.as_str()))
            .collect();
        let settlement = settled(&plan, &market, &answers);
        let found: Vec<String> = fates(&settlement)
            .into_iter()
            .map(|(_, fate)| fate)
            .collect();
        assert_eq!(found, case.expect, "{} {}", case.item, case.says);
    }
}

/// Of a request and the bids on it, all of one DSP and each for a seat of its own.
fn prices(at: i32, bids: &[(&str, &str)]) -> (String, String) {
    let request = format!(
        r#"{{"id":"r","at":{at},"imp":[{{"id":"1","bidfloor":2,"banner":{{"w":300,"h":250}}}}]}}"#
    );
    let bids: Vec<String> = bids
        .iter()
        .map(|(id, price)| {
            format!(
                r#"{{"seat":"s{id}","bid":[{{"id":"{id}","impid":"1","price":{price},"w":300,"h":250,"adm":"x"}}]}}"#
            )
        })
        .collect();
    let answer = format!(r#"{{"id":"r","seatbid":[{}]}}"#, bids.join(","));
    (request, answer)
}

#[test]
fn ties_fall_by_the_auction() {
    // X-76: over many auctions each of three equals wins about as often, and each auction again alike
    let (request, answer) = prices(1, &[("a", "3"), ("b", "3"), ("c", "3")]);
    let intake = intake(&request);
    let market = market(&[partner("alpha")]);
    let mut wins = std::collections::BTreeMap::new();
    for seed in 0..=255 {
        let plan = planned(&intake, &market, seed);
        let winner = || {
            let settlement = settled(&plan, &market, &[(0, &answer)]);
            settlement
                .won()
                .next()
                .map(|(judged, _)| judged.bid.id().to_owned())
        };
        assert_eq!(winner(), winner(), "X-76");
        *wins.entry(winner()).or_insert(0) += 1;
    }
    assert_eq!(wins.len(), 3, "X-76");
    assert!(
        wins.values().all(|wins| (60..115).contains(wins)),
        "X-76 {wins:?}"
    );
}

#[test]
fn discounts_of_the_seller() {
    // X-78: bid 8.00 with 25 % off: 6.00, 25, 2.00
    let (request, answer) = prices(1, &[("a", "8")]);
    let answer = answer.replace(
        r#""adm":"x""#,
        r#""adm":"x","nurl":"https://d.example/?p=${AUCTION_PRICE}&d=${AUCTION_DISCOUNT_PCT}&c=${AUCTION_DISCOUNT_CPM}&r=${AUCTION_MBR}""#,
    );
    let intake = intake(&request);
    let market = market(&[partner("alpha")]);
    let plan = planned(&intake, &market, 1);
    let discounts = [SellerDiscount {
        partner: "alpha".into(),
        share: Multiplier::parse("0.25").unwrap(),
    }];
    let conditions = Conditions {
        discounts: &discounts,
        ..Conditions::default()
    };
    let settlement = settled_under(&plan, &market, &conditions, &[(0, &answer)]);
    let (judged, win) = settlement.won().next().unwrap();
    assert_eq!(
        (win.clearing, win.price, win.answer_price),
        (cpm("8"), cpm("6"), cpm("6")),
        "X-78"
    );
    let url = notices::url(judged.bid.nurl.as_deref(), &notices::values(&plan, judged));
    assert_eq!(
        url.as_deref(),
        Some("https://d.example/?p=6&d=25&c=2&r=0.75"),
        "X-78, X-94: 0.75 of 8 is 6"
    );
    let settlement = settled(&plan, &market, &[(0, &answer)]);
    let (judged, _) = settlement.won().next().unwrap();
    let url = notices::url(judged.bid.nurl.as_deref(), &notices::values(&plan, judged));
    assert_eq!(
        url.as_deref(),
        Some("https://d.example/?p=8&d=&c=&r=1"),
        "X-78 none"
    );
}

#[test]
fn soft_floors_and_several_bids_for_a_seller_with_an_auction_of_its_own() {
    let (request, answer) = prices(2, &[("a", "8"), ("b", "6"), ("c", "4"), ("d", "3")]);
    let intake = intake(&request);
    let market = market(&[partner("alpha")]);
    let plan = planned(&intake, &market, 1);
    let found = |soft: Option<&str>, multibid| {
        let conditions = Conditions {
            creatives: CreativePolicy::Any,
            soft_floor: soft.map(|price| SoftFloor {
                price: cpm(price),
                currency: Currency::USD,
            }),
            multibid,
            ..Conditions::default()
        };
        let settlement = settled_under(&plan, &market, &conditions, &[(0, &answer)]);
        fates(&settlement)
            .into_iter()
            .map(|(_, fate)| fate)
            .collect::<Vec<_>>()
    };
    let lost = "102".to_owned();
    assert_eq!(found(Some("7"), 1)[0], "won 7 USD", "above a soft floor");
    assert_eq!(found(Some("9"), 1)[0], "won 8 USD", "under a soft floor");
    // X-85: each pays the next under it
    assert_eq!(
        found(None, 3),
        ["won 6.01 USD", "won 4.01 USD", "won 3.01 USD", &lost],
        "X-85"
    );
}

#[test]
fn what_second_price_adds_is_the_sellers_and_by_currency() {
    let (request, answer) = prices(2, &[("a", "8"), ("b", "6")]);
    let intake = intake(&request);
    let market = market(&[partner("alpha")]);
    let plan = planned(&intake, &market, 1);
    let yen = Currency::parse("JPY").unwrap();
    type Row<'r> = (&'r str, &'r [(Currency, &'r str)], &'r str);
    #[rustfmt::skip]
    let cases: [Row<'_>; 4] = [
        ("X-70 the market's", &[], "won 6.01 USD"),
        ("X-70 the seller's", &[(Currency::USD, "0.5"), (yen, "1")], "won 6.5 USD"),
        ("X-70 of another currency", &[(yen, "1")], "won 6.01 USD"),
        ("X-70 never more than the bid", &[(Currency::USD, "5")], "won 8 USD"),
    ];
    for (item, increments, expect) in cases {
        let increments = increments.iter().map(|(code, price)| (*code, cpm(price)));
        let increments = increments.collect();
        let conditions = Conditions {
            increments: Some(&increments),
            ..Conditions::default()
        };
        let settlement = settled_under(&plan, &market, &conditions, &[(0, &answer)]);
        assert_eq!(fates(&settlement)[0].1, expect, "{item}");
    }
}

#[test]
fn of_several_winners_so_many_are_of_one_dsp() {
    // X-85
    let bid = |id: &str, price: &str| {
        format!(r#"{{"id":"{id}","impid":"1","price":{price},"adm":"x","w":300,"h":250}}"#)
    };
    let of = |bids: &[(&str, &str)], group: u8| {
        let bids: Vec<String> = bids.iter().map(|(id, price)| bid(id, price)).collect();
        format!(
            r#"{{"id":"r","seatbid":[{{"group":{group},"bid":[{}]}}]}}"#,
            bids.join(",")
        )
    };
    let rival = of(&[("c", "4"), ("d", "3")], 0);
    let (request, _) = prices(1, &[]);
    let intake = intake(&request);
    #[rustfmt::skip]
    let cases: [(&str, Option<u8>, u8, [&str; 4]); 5] = [
        ("as many as there are places", None, 0, ["won 8 USD", "won 6 USD", "won 4 USD", "102"]),
        ("two of it", Some(2), 0, ["won 8 USD", "won 6 USD", "won 4 USD", "102"]),
        ("one of it", Some(1), 0, ["won 8 USD", "102", "won 4 USD", "won 3 USD"]),
        ("a group of two", Some(2), 1, ["won 8 USD", "won 6 USD", "won 4 USD", "102"]),
        ("a group of more than it may win", Some(1), 1, ["102", "102", "won 4 USD", "won 3 USD"]),
    ];
    for (says, most, group, expect) in cases {
        let mut alpha = partner("alpha");
        alpha.multibid = most.and_then(std::num::NonZeroU8::new);
        let market = market(&[alpha, partner("beta")]);
        let plan = planned(&intake, &market, 1);
        let conditions = Conditions {
            multibid: 3,
            ..Conditions::default()
        };
        let own = of(&[("a", "8"), ("b", "6")], group);
        let answers = [(0, own.as_str()), (1, rival.as_str())];
        let settlement = settled_under(&plan, &market, &conditions, &answers);
        let found: Vec<String> = fates(&settlement)
            .into_iter()
            .map(|(_, fate)| fate)
            .collect();
        assert_eq!(found, expect, "X-85 {says}");
    }
}

#[test]
fn what_a_dsp_may_not_win_sets_no_price() {
    // X-70, X-85: the second bid of a DSP that may win once
    let (request, _) = prices(2, &[]);
    let intake = intake(&request);
    let mut alpha = partner("alpha");
    alpha.multibid = std::num::NonZeroU8::new(1);
    let market = market(&[alpha, partner("beta")]);
    let plan = planned(&intake, &market, 1);
    let (_, own) = prices(2, &[("a", "8"), ("b", "6")]);
    let (_, rival) = prices(2, &[("c", "9"), ("d", "3")]);
    for (multibid, expect) in [
        (3, ["won 6.01 USD", "102", "won 8.01 USD", "won 2 USD"]),
        (1, ["102", "102", "won 8.01 USD", "102"]),
    ] {
        let conditions = Conditions {
            multibid,
            ..Conditions::default()
        };
        let answers = [(0, own.as_str()), (1, rival.as_str())];
        let settlement = settled_under(&plan, &market, &conditions, &answers);
        let found: Vec<String> = fates(&settlement)
            .into_iter()
            .map(|(_, fate)| fate)
            .collect();
        assert_eq!(found, expect, "{multibid}");
    }
}

#[test]
fn tests_and_auctions_of_others() {
    // X-79, X-80
    #[rustfmt::skip]
    let cases = [
        ("X-79", r#""test":1,"#, (true, false)),
        ("X-80", r#""source":{"fd":1},"#, (false, true)),
        ("X-80 the exchange decides", r#""source":{"fd":0},"#, (false, false)),
    ];
    for (item, members, expect) in cases {
        let request = format!(r#"{{"id":"r",{members}{IMP}}}"#);
        let intake = intake(&request);
        let market = market(&[partner("alpha")]);
        let plan = planned(&intake, &market, 1);
        let settlement = settled(&plan, &market, &[]);
        assert_eq!(
            (settlement.is_test, settlement.is_provisional),
            expect,
            "{item}"
        );
        assert_eq!(settlement.rates, 1, "X-73 the version of the rates");
    }
}

#[test]
fn what_would_have_won() {
    // X-98, the worked table (tests/auction.rs), in other currencies and with deals
    struct Row(
        &'static str,
        &'static str,
        &'static str,
        &'static [Option<&'static str>],
    );
    const EURO: &str = r#""at":1,"cur":["USD","EUR"],"imp":[{"id":"1","bidfloor":2,"banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"v","bidfloor":3}]}}]"#;
    const BOTH: &str = r#""at":1,"imp":[{"id":"1","bidfloor":0.5,"banner":{"w":300,"h":250}},{"id":"2","bidfloor":0.5,"banner":{"w":300,"h":250}}]"#;
    #[rustfmt::skip]
    let rows = [
        Row("a member of a group is told what the group lacked", BOTH, r#""seatbid":[{"group":1,"bid":[{"id":"a","impid":"1","price":2,"adm":"x"},{"id":"b","impid":"2","price":2,"adm":"x"}]},{"bid":[{"id":"c","impid":"1","price":5,"adm":"x"}]}]"#, &[Some("3"), Some("3"), Some("2")]),
        Row("a member of a group against two", BOTH, r#""seatbid":[{"group":1,"bid":[{"id":"a","impid":"1","price":2,"adm":"x"},{"id":"b","impid":"2","price":3,"adm":"x"}]},{"bid":[{"id":"c","impid":"1","price":4,"adm":"x"},{"id":"d","impid":"2","price":2.5,"adm":"x"}]}]"#, &[Some("3.5"), Some("4.5"), Some("2"), Some("2.5")]),
        Row("above a group's winner price was not the cause", BOTH, r#""seatbid":[{"group":1,"bid":[{"id":"a","impid":"1","price":1,"adm":"x"},{"id":"b","impid":"2","price":9,"adm":"x"}]},{"bid":[{"id":"c","impid":"1","price":5,"adm":"x"}]}]"#, &[Some("1"), Some("0.5"), None]),
        Row("alone: the floor", EURO, r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":5,"adm":"x"}]}]"#, &[Some("2")]),
        Row("under the floor, nobody else", EURO, r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"adm":"x"}]}]"#, &[Some("2")]),
        Row("under the deal's floor", EURO, r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":1,"dealid":"v","adm":"x"}]}]"#, &[Some("3")]),
        Row("against a deal no price wins", EURO, r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":9,"adm":"x"},{"id":"b","impid":"1","price":4,"dealid":"v","adm":"x"}]}]"#, &[None, Some("3")]),
        Row("blocked: price was not the cause", EURO, r#""seatbid":[{"bid":[{"id":"a","impid":"1","price":9,"w":1,"h":1,"adm":"x"},{"id":"b","impid":"1","price":4,"adm":"x"}]}]"#, &[None, Some("2")]),
    ];
    for Row(says, request, answer, expect) in rows {
        let request = format!(r#"{{"id":"r",{request}}}"#);
        let answer = format!(
            r#"{{"id":"r",{}}}"#,
            answer.replace(r#""price":"#, r#""w":300,"h":250,"price":"#)
        );
        let intake = intake(&request);
        let market = market(&[partner("alpha")]);
        let plan = planned(&intake, &market, 1);
        let settlement = settled(&plan, &market, &[(0, &answer)]);
        let found: Vec<_> = settlement
            .bids
            .iter()
            .map(|judged| match judged.fate {
                Fate::Won(win) => win.minimum_to_win,
                Fate::Lost { minimum_to_win, .. } => minimum_to_win,
            })
            .collect();
        let expect: Vec<_> = expect.iter().map(|price| price.map(cpm)).collect();
        assert_eq!(found, expect, "X-98 {says}");
    }
}

#[test]
fn ids_as_the_partner_wants_them() {
    // X-95
    const NOTICE: &str = "https://d.example/l?s=${AUCTION_SEAT_ID}&p=${AUCTION_PRICE}";
    const ADM: &str = r#"<i id="${AUCTION_SEAT_ID}">"#;
    #[rustfmt::skip]
    let rows = [
        (MacroEncoding::Ids, "https://d.example/l?s=a%20%22b&p=1", r#"<i id="a &quot;b">"#),
        (MacroEncoding::None, r#"https://d.example/l?s=a "b&p=1"#, r#"<i id="a "b">"#),
    ];
    let request = format!(r#"{{"id":"r",{IMP}}}"#);
    let intake = intake(&request);
    let answer = r#"{"id":"r","seatbid":[{"seat":"a \"b","bid":[{"id":"b","impid":"1","price":1,"w":300,"h":250,"adm":"x"}]}]}"#;
    for (encoding, notice, adm) in rows {
        let mut alpha = partner("alpha");
        alpha.macro_encoding = encoding;
        let market = market(&[alpha]);
        let plan = planned(&intake, &market, 1);
        let settlement = settled(&plan, &market, &[(0, answer)]);
        let values = notices::values(&plan, &settlement.bids[0]);
        let url = notices::url(Some(NOTICE), &values);
        assert_eq!(url.as_deref(), Some(notice), "{encoding:?}");
        let shown = markup::resolve(ADM, Medium::Banner, &values);
        assert_eq!(shown, adm, "{encoding:?}");
    }
}

#[test]
fn what_an_audit_or_a_test_does_not_know() {
    // X-97: in a test nobody pays (X-79), in a review there was no auction
    const ADM: &str = r#"<img src="https://d.example/${AUCTION_ID}/${AUCTION_PRICE}?s=${AUCTION_SEAT_ID}&m=${AUCTION_MIN_TO_WIN}&c=${AUCTION_CURRENCY}">"#;
    let request = format!(r#"{{"id":"r","test":1,{IMP}}}"#);
    let intake = intake(&request);
    let market = market(&[partner("alpha")]);
    let plan = planned(&intake, &market, 1);
    let answer = r#"{"id":"r","seatbid":[{"bid":[{"id":"b","impid":"1","price":1,"w":300,"h":250,"adm":"x"}]}]}"#;
    let settlement = settled(&plan, &market, &[(0, answer)]);
    let values = notices::values(&plan, &settlement.bids[0]);
    #[rustfmt::skip]
    let rows = [
        ("live", markup::resolve(ADM, Medium::Banner, &values), "r/1?s=&m=0.5&c=USD"),
        ("a test", markup::resolve_test(ADM, Medium::Banner, &values), "r/AUDIT?s=AUDIT&m=AUDIT&c=USD"),
        ("a review", markup::for_review(ADM), "AUDIT/AUDIT?s=AUDIT&m=AUDIT&c=AUDIT"),
    ];
    for (says, shown, want) in rows {
        let want = format!(r#"<img src="https://d.example/{want}">"#);
        assert_eq!(shown, want, "{says}");
    }
    assert_eq!(markup::for_review("<b>none</b>"), "<b>none</b>");
}

/// Ids with a test of their own, beside the tables above.
const APART: &[(&str, &str)] = &[
    ("X-52", "screening.rs, demands_beyond_the_standard"),
    ("X-76", "ties_fall_by_the_auction"),
    ("X-78", "discounts_of_the_seller"),
    ("X-79", "tests_and_auctions_of_others"),
    ("X-80", "tests_and_auctions_of_others; notices.rs"),
    ("X-95", "ids_as_the_partner_wants_them"),
    ("X-97", "what_an_audit_or_a_test_does_not_know"),
    (
        "X-98",
        "what_would_have_won; auction.rs, minimum_to_win_as_the_standard_works_it",
    ),
];

/// Ids that settling has no part in.
const NOT_OURS: &[(&str, &str)] = &[
    ("X-1", "statuses are the server's"),
    ("X-2", "plan sends one id; X-55 checks that it comes back"),
    ("X-11", "the billable event is the impression endpoint's"),
    (
        "X-77",
        "the fan-out's deadline; a late answer comes as timed out",
    ),
    ("X-81", "the answer and its notices are the server's"),
    ("X-90", "when notices are called is the server's"),
    ("X-91", "retries are the outbox's"),
    ("X-92", "headers of notices are the server's"),
    (
        "X-93",
        "markup by the win notice is fetched by the server; X-51 admits such bids",
    ),
    ("X-94", "macros are openrtb's, their values notices.rs'"),
    ("X-96", "openrtb's macros"),
    ("X-99", "openrtb's macros"),
    ("X-110", "plan"),
    ("X-111", "intake"),
    ("X-112", "fan-out, breaker and quota are the server's"),
    ("X-113", "the record is the server's"),
];

#[test]
fn every_id_is_somewhere() {
    let numbers = [1, 2]
        .into_iter()
        .chain([10, 11, 12, 20, 21, 22, 23, 30])
        .chain(40..=59)
        .chain(70..=81)
        .chain([85])
        .chain(90..=99)
        .chain(110..=113);
    for number in numbers {
        let id = format!("X-{number}");
        let tabled =
            CASES.iter().any(|case| case.item == id) || ONE.iter().any(|(item, ..)| *item == id);
        let apart = APART.iter().any(|(item, _)| *item == id);
        let elsewhere = NOT_OURS.iter().filter(|(item, _)| *item == id).count();
        assert_eq!(usize::from(tabled || apart) + elsewhere, 1, "{id}");
    }
}
