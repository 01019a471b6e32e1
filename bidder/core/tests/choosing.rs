//! The search against a naive one: every line item asked alone, the best prices first.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]
#![allow(clippy::cast_possible_wrap, reason = "counts of a test are small")]
#![allow(
    clippy::needless_pass_by_value,
    reason = "callers write the JSON in place"
)]

mod shop;

use std::time::Duration;

use bidder_core::choose::{Limits, SHORT_LIST};
use bidder_core::decide::{Instant, Terms, decide_with};
use bidder_core::no_bid::NoBid;
use bidder_core::opportunity::Opportunity;
use bidder_core::random::Random;
use bidder_core::record::Funds;
use bidder_core::user::User;
use contracts::stamps::UserStamps;
use openrtb::BidRequest;
use proptest::prelude::*;
use serde_json::{Value, json};
use shop::{Shop, imp, request};
use units::Nanos;

const NOBODY: User<'_> = User {
    key: None,
    profile: None,
    known: None,
    stamps: None,
};

/// What two conversions of a price can differ by: half a millionth of the dearest unit, twice.
const ROUNDING: i64 = 200;

fn cents(most: u32) -> impl Strategy<Value = f64> {
    (0..most).prop_map(|cents| f64::from(cents) / 100.0)
}

fn line_item() -> impl Strategy<Value = Value> {
    let offer = (cents(600), cents(900), 0..4_u8, 0..3_u8);
    let shown = (0..4_u8, 1..40_u32, 0..3_u8, 0..4_u8);
    (offer, shown).prop_map(|((cpm, max, currency, rule), (format, length, deal, cap))| {
        let mut item = json!({"cpm": cpm, "max_cpm": max.max(0.01)});
        if currency == 0 {
            item["currency"] = json!("EUR");
        }
        if rule == 0 {
            item["modifiers"] = json!([]);
            item["raise"] = Value::Null;
        }
        if rule == 1 {
            item["raise"] = json!(1_300_000);
        }
        if format == 0 {
            item["creative"] = json!({"format": "video", "media_url": "https://cdn.example/v.mp4", "duration_seconds": length});
        }
        if deal > 0 && length > 30 {
            item["targeting"] = json!({"deals": [format!("D{deal}")]});
        }
        if cap > 0 {
            item["on_cap_unknown"] = json!("bid");
            item["caps"] = json!([{"scope": "campaign", "count": 3, "window": "calendar_day"}]);
        }
        item
    })
}

fn offered() -> impl Strategy<Value = Value> {
    let floors = (cents(500), cents(20), 0..5_u8, 0..6_u8);
    (floors, 0..3_u8, 1..6_i32).prop_map(|((floor, per_second, kind, deals), currency, device)| {
        let mut differs = json!({"bidfloor": floor});
        if kind >= 2 {
            differs["video"] = json!({"mimes": ["video/mp4"], "protocols": [7, 11, 13], "w": 640, "h": 360});
        }
        match kind {
            2 => differs["video"]["mincpmpersec"] = json!(per_second),
            3 => differs["video"]["durfloors"] = json!([{"maxdur": 15, "bidfloor": floor / 2.0}, {"mindur": 16, "bidfloor": floor * 1.5}]),
            4 => differs["video"]["maxduration"] = json!(30),
            _ => {}
        }
        if deals >= 3 {
            let mut listed = json!([{"id": "D1", "bidfloor": floor}, {"id": "D2", "at": 3, "bidfloor": floor + 1.0}]);
            if deals == 4 {
                listed[1]["bidfloorcur"] = json!("EUR");
            }
            differs["pmp"] = json!({"private_auction": i32::from(deals == 5), "deals": listed});
        }
        if currency == 0 {
            differs["bidfloorcur"] = json!("JPY");
        }
        let mut whole = imp(differs);
        whole["device"] = json!({"devicetype": device});
        if currency == 1 {
            whole["cur"] = json!(["EUR"]);
        }
        whole
    })
}

/// A bid's choice: its deal, its price, and whether caps may refuse it.
type Ranked = (Option<String>, i64, bool);

/// Per bid on the only imp, its choices, the best first.
fn bids(items: &[Value], request: &Value, seed: u128) -> Vec<Vec<Ranked>> {
    let mut shop = Shop::funded(items);
    shop.ask(request, &NOBODY, seed, |_, _, decision| {
        let choices = decision.imps.iter().map(|bid| {
            let of = bid.ranked.iter().map(|it| &it.candidate);
            of.map(|it| {
                let deal = it.deal.and_then(|it| it.id.as_deref()).map(str::to_owned);
                (deal, it.price.micros(), it.capped)
            })
            .collect()
        });
        choices.collect()
    })
}

/// What the naive choice among all candidates of a kind is: so many bids, and fallbacks while they are
/// capped.
fn are_the_best(
    got: &[Vec<Ranked>],
    all: &mut [Ranked],
    wanted: usize,
    allowed: i64,
) -> Result<(), TestCaseError> {
    all.sort_by_key(|it| std::cmp::Reverse(it.1));
    prop_assert_eq!(got.len(), all.len().min(wanted), "bids");
    let mut flat: Vec<&Ranked> = got.iter().flatten().collect();
    flat.sort_by_key(|it| std::cmp::Reverse(it.1));
    for (got, want) in flat.iter().zip(all.iter()) {
        prop_assert!(
            (got.1 - want.1).abs() <= allowed,
            "{} instead of {}",
            got.1,
            want.1
        );
    }
    for bid in got {
        // It ends with the first that caps cannot refuse, or with the last place.
        let certain = bid.last().is_some_and(|it| !it.2);
        let full = flat.len() == all.len().min(wanted + SHORT_LIST - 1);
        prop_assert!(certain || full, "{} of {}", flat.len(), all.len());
        prop_assert!(bid.iter().rev().skip(1).all(|it| it.2));
    }
    Ok(())
}

proptest! {
    // Each line item is asked alone, too: a case takes some milliseconds.
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_choice_is_the_naive_one(
        items in proptest::collection::vec(line_item(), 0..100),
        request in offered(),
        seed in any::<u64>(),
    ) {
        let got = bids(&items, &request, u128::from(seed));
        let alone = items.iter().flat_map(|it| bids(std::slice::from_ref(it), &request, 1));
        let all: Vec<Ranked> = alone.flatten().collect();
        let converted = request.get("cur").is_some() || items.iter().any(|it| it.get("currency").is_some());
        let allowed = if converted { ROUNDING } else { 0 };
        let of = |deal: Option<&str>| -> (Vec<Vec<Ranked>>, Vec<Ranked>) {
            let is = |it: &&Ranked| it.0.as_deref() == deal;
            let got = got.iter().filter(|it| it.first().is_some_and(|it| is(&it)));
            (got.cloned().collect(), all.iter().filter(is).cloned().collect())
        };
        // B-20: one bid per matching deal, and the best two of the open auction beside deals.
        let deals = request["imp"][0]["pmp"].is_object();
        for deal in ["D1", "D2"] {
            let (got, mut all) = of(Some(deal));
            are_the_best(&got, &mut all, 1, allowed)?;
        }
        let (got, mut all) = of(None);
        are_the_best(&got, &mut all, if deals { 2 } else { 1 }, allowed)?;
    }
}

#[test]
fn equal_prices_take_turns_evenly() {
    // some 400 line items match, and all end at the same maximum: more than are compared.
    let mut random = Random::new(3);
    let items: Vec<Value> = (0..4_000)
        .map(|at| {
            let country = if random.draw().is_multiple_of(10) { "US" } else { "DE" };
            json!({"cpm": 5.0 + f64::from(at % 7), "max_cpm": 4.0, "targeting": {"countries": [country]}})
        })
        .collect();
    let mut shop = Shop::funded(&items);
    let mut wins = vec![0_i64; items.len()];
    let usual = request(json!({}));
    for seed in 0..16_000 {
        let winner = shop.ask(&usual, &NOBODY, seed, |_, _, decision| {
            decision.imps[0].ranked[0].candidate.item
        });
        wins[winner] += 1;
    }
    let matching = |(at, _): &(usize, &i64)| {
        items[shop_place(&shop, *at)]["targeting"]["countries"][0] == "US"
    };
    let wins: Vec<i64> = wins
        .iter()
        .enumerate()
        .filter(matching)
        .map(|(_, it)| *it)
        .collect();
    let (count, expected) = (wins.len() as i64, 16_000 / wins.len() as i64);
    let squares: i64 = wins.iter().map(|it| (it - expected).pow(2)).sum();
    let chi_square = squares / expected;
    // About 200 degrees of freedom: the deviation is 20, and five of it are never seen by chance.
    assert!(
        chi_square < count + 100,
        "chi-square {chi_square} of {count}: {wins:?}"
    );
}

/// The place in the catalog of a line item of the market.
fn shop_place(shop: &Shop, number: usize) -> usize {
    let id = shop.market.items[number].id.as_str();
    id.trim_start_matches("li_").parse().unwrap()
}

/// Every bid of a decision as `imp:line item@price`, with what stands behind its first choice.
fn told(shop: &mut Shop, request: &Value, user: &User<'_>, seed: u128) -> Vec<String> {
    shop.ask(request, user, seed, |market, _, decision| {
        let told = decision.imps.iter().map(|bid| {
            let mut text = format!("{}:", bid.imp.id);
            for (at, choice) in bid.ranked.iter().enumerate() {
                let candidate = &choice.candidate;
                let id = market.items[candidate.item].id.as_str();
                text += if at > 0 { "," } else { "" };
                text += id;
            }
            text
        });
        told.collect()
    })
}

fn deals(deals: Value, private: i32) -> Value {
    imp(json!({"pmp": {"private_auction": private, "deals": deals}}))
}

#[test]
fn deals_and_the_open_auction_b_20() {
    let on = |id: &str, deal: &str, cpm: f64, choosing: Value| json!({"id": id, "cpm": cpm, "targeting": {"deals": [deal]}, "choosing": choosing});
    let items = [
        json!({"id": "open1", "cpm": 5.0}),
        json!({"id": "open2", "cpm": 4.0, "advertiser": "rival"}),
        json!({"id": "open3", "cpm": 3.0}),
        on("d1", "D1", 1.0, json!({})),
        on("d1cheap", "D1", 0.9, json!({})),
        on("d2", "D2", 2.0, json!({})),
        on("first", "D3", 1.0, json!({"deals_first": true})),
        on("held", "D4", 1.0, json!({"throttle": 1})),
    ];
    struct Case(&'static str, Value, &'static [&'static str]);
    let cases = [
        Case("no deals: one bid", imp(json!({})), &["1:open1"]),
        Case(
            "one bid per matching deal, the top two of the open auction",
            deals(json!([{"id": "D1"}, {"id": "D2"}, {"id": "D9"}]), 0),
            &["1:d2", "1:d1", "1:open1", "1:open2"],
        ),
        Case(
            "private: deals alone",
            deals(json!([{"id": "D1"}, {"id": "D2"}]), 1),
            &["1:d2", "1:d1"],
        ),
        Case(
            "C-113 guaranteed goes first",
            deals(json!([{"id": "D1", "guar": 1}, {"id": "D2"}]), 1),
            &["1:d1", "1:d2"],
        ),
        Case(
            "deals first: its advertiser's open bids stay out",
            deals(json!([{"id": "D3"}]), 0),
            &["1:first", "1:open2"],
        ),
        Case("throttled", deals(json!([{"id": "D4"}]), 1), &[]),
        Case(
            "C-113 guaranteed: a throttle does not hold it back",
            deals(json!([{"id": "D4", "guar": 1}]), 1),
            &["1:held"],
        ),
    ];
    for Case(says, request, want) in cases {
        let mut shop = Shop::funded(&items);
        assert_eq!(told(&mut shop, &request, &NOBODY, 1), want, "{says}");
    }
}

#[test]
fn a_dynamic_pod_is_filled() {
    // C-101, C-102, X-20, B-11
    let ad = |id: &str, cpm: f64, seconds: u32, domain: &str, category: &str| {
        json!({"id": id, "cpm": cpm, "creative": {
            "format": "video", "media_url": "https://cdn.example/v.mp4", "duration_seconds": seconds,
            "adomain": [domain], "categories": [category],
        }})
    };
    let items = [
        ad("a30", 9.0, 30, "a.example", "IAB1"),
        ad("a15", 8.0, 15, "a.example", "IAB1"),
        ad("b30", 7.0, 30, "b.example", "IAB2"),
        ad("c30", 6.0, 30, "c.example", "IAB1"),
        ad("d15", 5.0, 15, "d.example", "IAB3"),
        ad("e90", 4.0, 90, "e.example", "IAB4"),
        json!({"id": "banner", "cpm": 9.5}),
    ];
    let pod = |differs: Value| {
        let mut video = json!({"mimes": ["video/mp4"], "protocols": [7, 11, 13], "maxduration": 60, "podid": "p", "poddur": 75});
        for (key, value) in differs.as_object().unwrap() {
            video[key] = value.clone();
        }
        imp(json!({"banner": null, "video": video}))
    };
    struct Case(&'static str, Value, &'static [&'static str]);
    let cases = [
        Case(
            "of different advertisers, until the time is up: c30 does not fit, d15 does",
            pod(json!({})),
            &["1:a30", "1:b30", "1:d15"],
        ),
        Case("maxseq", pod(json!({"maxseq": 2})), &["1:a30", "1:b30"]),
        Case(
            "room for all",
            pod(json!({"poddur": 180, "maxduration": 90})),
            &["1:a30", "1:b30", "1:c30", "1:d15"],
        ),
        Case(
            "X-22 of different categories",
            pod(json!({"poddur": 180, "poddedupe": [1, 2]})),
            &["1:a30", "1:b30", "1:d15"],
        ),
        Case(
            "X-22 anything may",
            pod(json!({"poddur": 180, "poddedupe": [5]})),
            &["1:a30", "1:a15", "1:b30", "1:c30", "1:d15"],
        ),
        Case(
            "C-81 each ad is bound, too",
            pod(json!({"rqddurs": [15]})),
            &["1:a15", "1:d15"],
        ),
    ];
    for Case(says, request, want) in cases {
        let mut shop = Shop::funded(&items);
        assert_eq!(told(&mut shop, &request, &NOBODY, 1), want, "{says}");
    }
    // Each has its own money: any subset may win.
    let mut shop = Shop::funded(&items);
    shop.ask(&pod(json!({})), &NOBODY, 1, |_, _, decision| {
        let ids: std::collections::HashSet<_> = decision
            .imps
            .iter()
            .map(|it| (it.ranked[0].bid, it.ranked[0].reservation.id()))
            .collect();
        assert_eq!(ids.len(), 3);
    });
}

#[test]
fn slots_of_one_pod_are_kept_apart() {
    // C-100, C-101: a structured pod is several imps.
    let ad = |id: &str, cpm: f64, domain: &str| {
        json!({"id": id, "cpm": cpm, "creative": {
            "format": "video", "media_url": "https://cdn.example/v.mp4", "duration_seconds": 15, "adomain": [domain],
        }})
    };
    let items = [
        ad("a", 9.0, "a.example"),
        ad("a2", 8.0, "a.example"),
        ad("b", 7.0, "b.example"),
    ];
    let slots = |pods: [&str; 3]| {
        let slot = |(at, pod): (usize, &str)| json!({"id": at.to_string(), "video": {"mimes": ["video/mp4"], "protocols": [7, 11, 13], "podid": pod}});
        let imps: Vec<_> = pods.into_iter().enumerate().map(slot).collect();
        request(json!({"imp": imps}))
    };
    let mut shop = Shop::funded(&items);
    let got = told(&mut shop, &slots(["p", "p", "p"]), &NOBODY, 1);
    assert_eq!(got, ["0:a", "1:b"], "nobody is left for the third");
    let got = told(&mut shop, &slots(["p", "q", "p"]), &NOBODY, 1);
    assert_eq!(got, ["0:a", "1:a", "2:b"]);
}

#[test]
fn imps_of_one_request_count_one_another() {
    let two = request(json!({"imp": [
        {"id": "1", "banner": {"w": 300, "h": 250}},
        {"id": "2", "banner": {"w": 300, "h": 250}},
    ]}));
    let cap = |scope: &str, count: u32| json!([{"scope": scope, "count": count, "window": {"sliding_seconds": 3_600}}]);
    let stamps = UserStamps::default();
    let user = User {
        key: Some("u"),
        profile: None,
        known: None,
        stamps: Some(&stamps),
    };
    struct Case(&'static str, Value, Value, &'static [&'static str]);
    let cases = [
        Case("no caps", json!({}), json!({}), &["1:a", "2:a"]),
        Case(
            "room for one: the other imp goes to the next",
            json!({"caps": cap("line_item", 1)}),
            json!({}),
            &["1:a,b", "2:b"],
        ),
        Case(
            "room for two",
            json!({"caps": cap("line_item", 2)}),
            json!({}),
            &["1:a,b", "2:a,b"],
        ),
        Case(
            "of one advertiser together",
            json!({"caps": cap("advertiser", 1)}),
            json!({"caps": cap("advertiser", 1)}),
            &["1:a,b,c", "2:c"],
        ),
        Case(
            "one imp per request of its advertiser",
            json!({"choosing": {"max_per_request": 1}}),
            json!({}),
            &["1:a", "2:b"],
        ),
        Case(
            "none where the other took one",
            json!({}),
            json!({"choosing": {"max_per_request": 1}}),
            &["1:a", "2:a"],
        ),
    ];
    for (says, a, b, want) in cases.map(|Case(says, a, b, want)| (says, a, b, want)) {
        let item = |id: &str, cpm: f64, differs: &Value, advertiser: &str| {
            let mut item = json!({"id": id, "cpm": cpm, "advertiser": advertiser});
            for (key, value) in differs.as_object().unwrap() {
                item[key] = value.clone();
            }
            item
        };
        let mut shop = Shop::funded(&[
            item("a", 3.0, &a, "adv"),
            item("b", 2.0, &b, "adv"),
            item("c", 1.0, &json!({}), "rival"),
        ]);
        assert_eq!(told(&mut shop, &two, &user, 1), want, "{says}");
    }
}

#[test]
fn throttles_hold_back_and_say_so() {
    // At most 20 bids a second of this process: two at once.
    let mut shop = Shop::funded(&[json!({"choosing": {"max_qps": 20}})]);
    let mut ask = || {
        let usual = request(json!({}));
        shop.ask(&usual, &NOBODY, 1, |_, _, decision| {
            let no_bid = decision.no_bid.map(|it| it.label());
            let bids = decision.imps.into_iter().flat_map(|it| it.ranked);
            bids.for_each(|it| it.reservation.sent());
            no_bid
        })
    };
    assert_eq!([ask(), ask(), ask()], [None, None, Some("throttled")]);
    // A grant of a paced line item is spread over its second (money.md): a tenth of 50 bids at once.
    let mut shop = Shop::new(&[json!({"pacing": "even"})]);
    shop.fund(Nanos(100_000_000));
    let usual = request(json!({}));
    let sent = (0..50).filter(|seed| {
        shop.ask(&usual, &NOBODY, *seed, |_, _, decision| {
            let bids = decision.imps.into_iter().flat_map(|it| it.ranked);
            bids.map(|it| it.reservation.sent()).count() == 1
        })
    });
    assert_eq!(sent.count(), 5);
    assert_eq!(shop.refusal(&usual, &NOBODY), "throttled");
}

#[test]
fn an_experiment_holds_its_control_out() {
    let arms = json!([
        {"name": "control", "share": 500_000, "holdout": true},
        {"name": "shown", "share": 500_000},
    ]);
    let split = json!({"choosing": {"experiment": {"salt": "s", "arms": arms}}});
    let mut shop = Shop::funded(&[split]);
    let usual = request(json!({}));
    let mut arm_of = |key: &str, seed| {
        let user = User {
            key: Some(key),
            profile: None,
            known: None,
            stamps: None,
        };
        shop.ask(&usual, &user, seed, |market, _, decision| {
            let bid = decision.imps.first().map(|it| &it.ranked[0].candidate);
            bid.map(|it| {
                let options = &market.items[it.item].options;
                options.arm_name(it.arm.unwrap()).unwrap().to_owned()
            })
        })
    };
    let mut seen = [0; 2];
    for number in 0..200 {
        let key = format!("user-{number}");
        let arm = arm_of(&key, 1);
        assert_eq!(arm, arm_of(&key, 2), "a user stays in its arm");
        assert_ne!(
            arm.as_deref(),
            Some("control"),
            "who is held out sees nothing"
        );
        seen[usize::from(arm.is_some())] += 1;
    }
    assert!(seen.iter().all(|it| *it > 60), "{seen:?}");
    let held_out = (0..).map(|number| format!("user-{number}"));
    let held_out = held_out.into_iter().find(|key| arm_of(key, 1).is_none());
    let user = User {
        key: held_out.as_deref(),
        profile: None,
        known: None,
        stamps: None,
    };
    assert_eq!(shop.refusal(&usual, &user), "holdout");
}

#[test]
fn no_request_looks_at_more_than_it_may() {
    // Nobody has money: everybody would be looked at.
    let items: Vec<Value> = (0..300).map(|_| json!({})).collect();
    let mut shop = Shop::new(&items);
    let imps: Vec<_> = (0..3)
        .map(|at| json!({"id": at.to_string(), "banner": {"w": 300, "h": 250}}))
        .collect();
    let body = request(json!({"imp": imps})).to_string();
    let (request, _) = BidRequest::read(body.as_bytes(), &openrtb::Limits::REQUEST).unwrap();
    let opportunity = Opportunity::read(&request, &shop.market.rates).unwrap();
    let terms = Terms {
        at: Instant {
            now: shop::NOW,
            boot: shop::BOOT,
        },
        limits: Limits {
            looks: 200,
            ..Limits::default()
        },
        funds: &Funds::LIVE,
    };
    let mut random = Random::new(1);
    let decision = decide_with(
        &opportunity,
        &shop.market,
        &NOBODY,
        terms,
        &mut random,
        &mut shop.scratch,
    );
    assert_eq!(decision.no_bid, Some(NoBid::NoBudget));
    assert_eq!(shop.scratch.refusals.len(), 200);
    // Who has no lease has none for any imp: one look each is enough.
    let all = Terms {
        limits: Limits::default(),
        ..terms
    };
    let (mut random, scratch) = (Random::new(1), &mut shop.scratch);
    decide_with(
        &opportunity,
        &shop.market,
        &NOBODY,
        all,
        &mut random,
        scratch,
    );
    assert_eq!(shop.scratch.refusals.len(), 300);
    assert_eq!(
        Limits::default()
            .within(Some(Duration::from_millis(5)))
            .looks,
        5_000
    );
}
