//! The explanation and the decision are of one mind, and what it says would help, helps.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod shop;

use std::collections::BTreeMap;

use bidder_core::decide::{Decision, Instant};
use bidder_core::explain::{Change, Explanation, Question, Situation, explain};
use bidder_core::market::Market;
use bidder_core::opportunity::Opportunity;
use bidder_core::record::Funds;
use bidder_core::user::User;
use openrtb::{BidRequest, Limits};
use proptest::prelude::*;
use serde_json::{Value, json};
use shop::{BOOT, NOW, Shop};
use units::{CpmMicros, Nanos};

const ALL: Question<'static> = Question {
    line_item: None,
    campaign: None,
    most: usize::MAX,
    imps: usize::MAX,
    claimed: &[],
};

/// Explains a request as it would be decided on now.
fn explained(shop: &mut Shop, request: &Value, seed: u128, question: &Question<'_>) -> Explanation {
    let body = request.to_string();
    let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
    let opportunity = Opportunity::read(&request, &shop.market.rates).unwrap();
    let situation = Situation {
        opportunity: &opportunity,
        market: &shop.market,
        user: &User::default(),
        at: Instant {
            now: NOW,
            boot: BOOT,
        },
        funds: &Funds::looking(Vec::new()),
        seed,
        limits: bidder_core::choose::Limits::default(),
        shading: None,
    };
    explain(&situation, question, &mut shop.scratch)
}

const PRICES: [f64; 4] = [0.3, 1.0, 2.0, 2.5];
const COUNTRIES: [&str; 3] = ["US", "DE", "FR"];
const CREATIVES: [&str; 4] = [
    r#"{}"#,
    r#"{"format":"banner","width":728,"height":90,"markup":"<b>x</b>"}"#,
    r#"{"format":"banner","width":300,"height":250,"markup":"<b>x</b>","attributes":[3],"categories":["IAB7-1"]}"#,
    r#"{"format":"video","media_url":"https://cdn.example/v.mp4","duration_seconds":15}"#,
];

fn line_item() -> impl Strategy<Value = Value> {
    let usual = (0..4_usize, 0..4_usize, 0..4_usize);
    let country = proptest::option::of(0..3_usize);
    let rest = (
        any::<bool>(),
        0..8_u32,
        prop_oneof![Just("USD"), Just("EUR"), Just("JPY")],
    );
    (usual, country, rest).prop_map(
        |((price, most, creative), country, (late, hours, currency))| {
            let mut item =
                json!({"cpm": PRICES[price], "max_cpm": PRICES[most] + 1.0, "currency": currency});
            item["creative"] = serde_json::from_str(CREATIVES[creative]).unwrap();
            let mut targeting = json!({});
            if let Some(country) = country {
                targeting["countries"] = json!([COUNTRIES[country]]);
            }
            if hours == 0 {
                targeting["device_types"] = json!({"exclude": ["desktop"]});
            }
            item["targeting"] = targeting;
            if late && hours < 3 {
                item["starts_at"] = json!(NOW.0 + 1);
            }
            item
        },
    )
}

fn request() -> impl Strategy<Value = Value> {
    let floor = prop_oneof![Just(0.0), Just(0.5), Just(1.234_567), Just(2.75), Just(3.3)];
    let blocked = prop_oneof![Just(json!([])), Just(json!(["IAB7"]))];
    let currency = prop_oneof![Just("USD"), Just("EUR"), Just("JPY")];
    (floor, blocked, any::<bool>(), currency).prop_map(|(floor, bcat, seats, currency)| {
        let mut request = shop::imp(json!({
            "bidfloor": floor, "bidfloorcur": currency,
            "banner": {"format": [{"w": 300, "h": 250}], "battr": [3]},
            "video": {"mimes": ["video/mp4"], "protocols": [2, 3], "w": 640, "h": 360, "maxduration": 30},
        }));
        request["bcat"] = bcat;
        if seats {
            request["wseat"] = json!(["seat-shop"]);
        }
        request
    })
}

/// Line items that the decision looked at, with what it said: `None` for those it would bid.
fn looked_at(
    market: &Market,
    decision: &Decision<'_>,
    refusals: &[(usize, bidder_core::eligibility::Ineligible)],
) -> BTreeMap<String, Option<&'static str>> {
    let id = |number: usize| market.items[number].id.to_string();
    let refused = refusals
        .iter()
        .map(|(number, why)| (id(*number), Some(why.label())));
    let ranked = decision.imps.iter().flat_map(|it| &it.ranked);
    refused
        .chain(ranked.map(|it| (id(it.candidate.item), None)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn it_says_what_the_decision_does(
        items in proptest::collection::vec(line_item(), 1..24),
        asked in request(),
        broke in proptest::collection::vec(any::<bool>(), 24),
        seed in any::<u128>(),
    ) {
        let mut shop = Shop::new(&items);
        let rich: Vec<_> = broke.iter().map(|it| if *it { Nanos(1_000_000) } else { Nanos(1_000_000_000) }).collect();
        shop.fund_each(&rich);
        let explanation = explained(&mut shop, &asked, seed, &ALL);
        let told = &explanation.imps[0];
        prop_assert_eq!(told.line_items.len(), items.len());
        let (looked, best, winner) = shop.ask_seeing(&asked, &User::default(), seed, |market, decision, refusals| {
            let winner = decision.imps.first().map(|it| &it.ranked[0].candidate);
            (
                looked_at(market, &decision, refusals),
                winner.map(|it| it.price),
                winner.map(|it| market.items[it.item].id.to_string()),
            )
        });
        for item in &told.line_items {
            prop_assert_eq!(item.would_bid, item.failures.is_empty(), "{}: {:?}", item.line_item, item.failures);
            if let Some(said) = looked.get(&item.line_item) {
                prop_assert_eq!(item.reason, *said, "{}: {:?}", item.line_item, item.failures);
            }
            prop_assert_eq!(item.failures.first().map(|it| it.rule), item.reason, "{}", item.line_item);
            prop_assert_eq!(item.miss.is_some(), !item.would_bid);
        }
        // Whoever would bid and was not looked at could not have won.
        let prices = told.line_items.iter().filter(|it| it.would_bid);
        let usd = |it: &bidder_core::explain::ItemExplained| {
            let price = it.price.as_ref().unwrap();
            CpmMicros::parse(price.bid.as_ref().unwrap()).unwrap()
        };
        prop_assert_eq!(prices.map(usd).max(), best);
        if let Some(winner) = winner {
            prop_assert!(told.line_items.iter().any(|it| it.would_bid && it.line_item == winner));
        }
        prop_assert_eq!(told.would_bid, told.line_items.iter().filter(|it| it.would_bid).count());
        let nearest = told.nearest_miss.as_ref().map(|it| it.line_item.as_str());
        prop_assert_eq!(nearest.is_some(), told.would_bid < items.len());
    }

    #[test]
    fn the_floor_that_it_names_is_the_highest_that_is_bid_at(
        items in proptest::collection::vec(line_item(), 1..12),
        asked in request(),
    ) {
        let mut shop = Shop::funded(&items);
        let explanation = explained(&mut shop, &asked, 1, &ALL);
        for item in &explanation.imps[0].line_items {
            let [failure] = item.failures.as_slice() else { continue };
            let Some(Change::Floor { at_most, currency }) = &failure.change else { continue };
            let mut again = |micros: i64| {
                let mut asked = asked.clone();
                asked["imp"][0]["bidfloor"] = serde_json::from_str(&CpmMicros::new(micros).unwrap().to_string()).unwrap();
                asked["imp"][0]["bidfloorcur"] = json!(currency);
                let one = Question { line_item: Some(&item.line_item), ..ALL };
                explained(&mut shop, &asked, 1, &one).imps[0].line_items[0].would_bid
            };
            let micros = CpmMicros::parse(at_most).unwrap().micros();
            prop_assert!(again(micros), "{} does not bid at {} {}", item.line_item, at_most, currency);
            prop_assert!(!again(micros + 1), "{} bids above {} {}", item.line_item, at_most, currency);
        }
    }

    #[test]
    fn the_money_that_it_names_is_what_is_missing(
        items in proptest::collection::vec(line_item(), 1..12),
        asked in request(),
        face in 1_i64..3_000_000,
    ) {
        let mut shop = Shop::new(&items);
        shop.fund(Nanos(face));
        let explanation = explained(&mut shop, &asked, 1, &ALL);
        for item in &explanation.imps[0].line_items {
            let [failure] = item.failures.as_slice() else { continue };
            let Some(Change::Budget { more, .. }) = &failure.change else { continue };
            let more = Nanos::parse(more).unwrap().0;
            let one = Question { line_item: Some(&item.line_item), ..ALL };
            for (change, bids) in [(0, true), (-1, false)] {
                let mut shop = Shop::new(&items);
                shop.fund(Nanos(face + more + change));
                let again = explained(&mut shop, &asked, 1, &one);
                prop_assert_eq!(again.imps[0].line_items[0].would_bid, bids, "{} with {} more", item.line_item, more + change);
            }
        }
    }
}

/// Line items of two advertisers whose bids on one request count one another.
fn competitor() -> impl Strategy<Value = Value> {
    let price = (1..40_u32, 0..3_u8);
    let options = (0..3_u8, any::<bool>(), any::<bool>(), 0..4_u8);
    (price, options).prop_map(|((cpm, raise), (most, rival, cap, deal))| {
        let mut item = json!({"cpm": f64::from(cpm) / 10.0, "max_cpm": 5.0});
        if raise == 0 {
            item["raise"] = Value::Null;
        }
        item["advertiser"] = json!(if rival { "rival" } else { "adv" });
        let domain = if rival {
            "rival.example"
        } else {
            "shop.example"
        };
        item["creative"] = json!({"format": "video", "media_url": "https://cdn.example/v.mp4",
            "duration_seconds": 10 + u32::from(most) * 5, "adomain": [domain]});
        let mut choosing = json!({"deals_first": deal == 1});
        if most > 0 {
            choosing["max_per_request"] = json!(most);
        }
        if most == 2 {
            choosing["throttle"] = json!(600_000);
        }
        item["choosing"] = choosing;
        if cap {
            item["on_cap_unknown"] = json!("bid");
            item["caps"] =
                json!([{"scope": "campaign", "count": 1, "window": {"sliding_seconds": 3_600}}]);
        }
        if deal == 1 {
            item["targeting"] = json!({"deals": ["D-1"]});
        }
        item
    })
}

fn several_imps() -> impl Strategy<Value = Value> {
    let one = (any::<bool>(), 0..3_u8, 0..20_u32);
    proptest::collection::vec(one, 1..4).prop_map(|imps| {
        let imps = imps.iter().enumerate().map(|(at, (deals, pod, floor))| {
            let mut video = json!({"mimes": ["video/mp4"], "protocols": [3], "maxduration": 30});
            match pod {
                1 => video["podid"] = json!("p"),
                2 => video["poddur"] = json!(30),
                _ => {}
            }
            let mut imp = json!({"id": format!("{at}"), "bidfloor": f64::from(*floor) / 10.0, "video": video});
            if *deals {
                imp["pmp"] = json!({"deals": [{"id": "D-1"}]});
            }
            imp
        });
        let imps: Vec<Value> = imps.collect();
        shop::request(json!({"imp": imps}))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn imps_that_count_one_another_are_told_as_they_were_met(
        items in proptest::collection::vec(competitor(), 1..10),
        asked in several_imps(),
        faces in proptest::collection::vec(0..5_i64, 10),
        seed in any::<u128>(),
    ) {
        let mut shop = Shop::new(&items);
        // Money for one bid or a few: a bid on one imp takes it from the next.
        let faces: Vec<_> = faces.iter().map(|it| Nanos(it * 2_500_000)).collect();
        shop.fund_each(&faces);
        let explanation = explained(&mut shop, &asked, seed, &ALL);
        let of = |imp: &str, item: &str| {
            let imp = explanation.imps.iter().find(|it| it.imp == imp).unwrap();
            imp.line_items.iter().find(|it| it.line_item == item).unwrap()
        };
        let (chosen, refused) = shop.ask_seeing(&asked, &User::default(), seed, |market, decision, refusals| {
            let bids = decision.imps.iter().map(|bid| {
                let candidate = &bid.ranked[0].candidate;
                (bid.imp.id.to_owned(), market.items[candidate.item].id.to_string(), candidate.price.to_string())
            });
            let refused = refusals.iter().map(|(item, why)| (market.items[*item].id.to_string(), why.label()));
            (bids.collect::<Vec<_>>(), refused.collect::<Vec<_>>())
        });
        for (imp, item, price) in &chosen {
            let told = of(imp, item);
            prop_assert!(told.would_bid, "{imp} {item}: {:?}", told.failures);
            let bid = told.price.as_ref().and_then(|it| it.bid.clone());
            prop_assert_eq!(bid.as_ref(), Some(price), "{} {}", imp, item);
        }
        for (item, why) in &refused {
            let mut told = explanation.imps.iter().map(|it| of(&it.imp, item));
            prop_assert!(told.any(|it| it.reason == Some(*why)), "{item} was refused for {why}");
        }
        for told in explanation.imps.iter().flat_map(|it| &it.line_items) {
            prop_assert_eq!(told.would_bid, told.failures.is_empty(), "{}: {:?}", told.line_item, told.failures);
        }
    }
}

#[test]
fn a_price_is_told_step_by_step() {
    let modifiers = json!([
        {"kind": "device_type", "factors": {"2": 1_500_000}, "otherwise": 1_000_000},
        {"kind": "key", "key": "countries", "factors": {"US": 2_000_000}, "otherwise": 1_000_000},
        {"kind": "key", "key": "sizes", "factors": {"300x250": 1_100_000}, "otherwise": 500_000},
        {"kind": "count", "of": ["segments"], "step": 100_000},
    ]);
    let clamp = json!({"min": 500_000, "max": 2_500_000});
    let item = json!({"cpm": 1.0, "max_cpm": 9.0, "modifiers": modifiers, "clamp": clamp, "raise": 1_200_000});
    let mut shop = Shop::funded(&[item]);
    let at_floor = |shop: &mut Shop, floor: f64| {
        let asked = shop::imp(json!({"bidfloor": floor}));
        let explanation = explained(shop, &asked, 1, &ALL);
        explanation.imps[0].line_items[0].price.clone().unwrap()
    };
    let price = at_floor(&mut shop, 0.5);
    let told: Vec<_> = price
        .modifiers
        .iter()
        .map(|it| (it.key, it.seen.as_str(), it.factor.as_str()))
        .collect();
    let want = [
        ("device_type", "2", "1.5"),
        ("country", "USA", "2"),
        ("count", "0 segments", "1"),
        ("size", "300x250", "1.1"),
    ];
    let mut sorted = told.clone();
    sorted.sort_unstable();
    let mut wanted = want.to_vec();
    wanted.sort_unstable();
    assert_eq!(sorted, wanted);
    assert_eq!(price.factor, "3.3");
    let clamp = price.clamp.as_ref().unwrap();
    assert_eq!(
        (
            clamp.min.as_str(),
            clamp.max.as_str(),
            clamp.factor.as_str()
        ),
        ("0.5", "2.5", "2.5")
    );
    let steps = |it: &bidder_core::explain::PriceExplained| {
        let steps = [&it.base, &it.modified, &it.raised, &it.price];
        steps.map(Clone::clone)
    };
    assert_eq!(steps(&price), ["1", "2.5", "2.5", "2.5"]);
    assert_eq!(price.raise_to_floor.as_deref(), Some("1.2"));
    assert_eq!(steps(&at_floor(&mut shop, 5.0)), ["1", "2.5", "6", "6"]);
    assert_eq!(steps(&at_floor(&mut shop, 8.0)), ["1", "2.5", "9.6", "9"]);
}

#[test]
fn the_bid_that_is_told_is_the_shaded_one() {
    let policy = bidder_core::shading::Policy {
        scopes: 4,
        samples: 10,
        half_life_ms: 86_400_000,
        keep_wins: units::Probability::ZERO,
        explore: units::Probability::ZERO,
    };
    let mut table = bidder_core::shading::ShadingTable::new(policy);
    let place = bidder_core::shading::Place::parse("000000000000000100000001").unwrap();
    for _ in 0..20 {
        table.observe(
            &bidder_core::shading::MinimumToWin {
                place,
                bid_at: NOW,
                price: CpmMicros::parse("1").unwrap(),
            },
            NOW,
        );
    }
    let view = table.view();
    let item = |max: f64| json!({"cpm": 4.0, "max_cpm": max, "shading": {"on": true}});
    let mut shop = Shop::funded(&[item(9.0)]);
    let mut told = |asked: &Value, shaded: bool| {
        let body = asked.to_string();
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        let opportunity = Opportunity::read(&request, &shop.market.rates).unwrap();
        let situation = Situation {
            opportunity: &opportunity,
            market: &shop.market,
            user: &User::default(),
            at: Instant {
                now: NOW,
                boot: BOOT,
            },
            funds: &Funds::looking(Vec::new()),
            seed: 1,
            limits: bidder_core::choose::Limits::default(),
            shading: shaded.then_some(bidder_core::explain::Shading {
                view: &view,
                source: "ssp",
            }),
        };
        let explanation = explain(&situation, &ALL, &mut shop.scratch);
        explanation.imps[0].line_items[0].clone()
    };
    let first_price = shop::request(json!({"at": 1}));
    let price = told(&first_price, true).price.unwrap();
    let shading = price.shading.unwrap();
    assert_eq!((shading.stated.as_str(), shading.by), ("4", "everything"));
    assert_eq!(
        shading.learned_until.as_deref(),
        Some("2026-11-22T22:45:57.000Z")
    );
    assert_eq!(price.bid.as_deref(), Some(shading.price.as_str()));
    let bid = CpmMicros::parse(&shading.price).unwrap();
    assert!(bid < CpmMicros::parse("1.2").unwrap(), "{bid}");
    // Second-price auctions are not shaded, and nothing is where nothing is learned.
    for (asked, shaded) in [
        (shop::request(json!({"at": 2})), true),
        (first_price, false),
    ] {
        let price = told(&asked, shaded).price.unwrap();
        assert!(price.shading.is_none());
        assert_eq!(price.bid.as_deref(), Some("4"));
    }
    // A miss speaks of what would be bid: here of the floor itself, which shading does not get under.
    let dear = shop::imp(json!({"bidfloor": 12.0}));
    let miss = told(&dear, true).miss.unwrap();
    assert_eq!(
        miss.sentence,
        "li_0 would bid 9 USD if the floor were <= 9 USD"
    );
    assert_eq!(miss.bid.as_deref(), Some("9 USD"));
}

#[test]
fn every_rule_that_refuses_is_told_with_what_it_takes() {
    let cap = json!([{"scope": "campaign", "count": 2, "window": {"sliding_seconds": 3_600}}]);
    struct Case<'a>(&'a str, Value, Value, &'a [&'a str], &'a str);
    #[rustfmt::skip]
    let cases = [
        Case("a country", json!({"targeting": {"countries": ["DE", "FR"]}}), json!({}), &["country"],
            "li_0 would bid if the country were DEU or FRA"),
        Case("a device", json!({"targeting": {"device_types": ["mobile"]}}), json!({}), &["device_type"],
            "li_0 would bid if the device were mobile"),
        Case("excluded", json!({"targeting": {"domains": {"exclude": ["news.example"]}}}), json!({}), &["domain"],
            "li_0 would bid if the domain were none of news.example"),
        Case("two keys and the floor", json!({"targeting": {"countries": ["DE"], "interests": ["golf"]}, "cpm": 0.1, "max_cpm": 0.1}), json!({}),
            &["interest", "country", "under_floor"],
            "li_0 would bid if the user's interests had golf and the country were DEU and the floor were <= 0.1 USD"),
        Case("the floor", json!({"cpm": 1.0, "max_cpm": 1.4}), json!({"imp": [{"id": "1", "bidfloor": 2.5, "banner": {"w": 300, "h": 250}}]}),
            &["under_floor"], "li_0 would bid 1.4 USD if the floor were <= 1.4 USD"),
        Case("a flight to come", json!({"starts_at": NOW.0 + 1_000}), json!({}), &["not_started"],
            "li_0 would bid if its flight had begun (2026-11-22T22:45:58.000Z)"),
        Case("a seat", json!({}), json!({"wseat": ["other"]}), &["seat_not_allowed"],
            "li_0 would bid if wseat had its seat seat-shop"),
        Case("a blocked domain", json!({}), json!({"badv": ["shop.example"]}), &["advertiser_blocked"],
            "li_0 would bid if badv did not cover shop.example"),
        Case("a blocked domain and a blocked category", json!({"creative": {"categories": ["IAB7-1"]}}), json!({"badv": ["shop.example"], "bcat": ["IAB7"]}),
            &["advertiser_blocked", "category_blocked"],
            "li_0 would bid if badv did not cover shop.example and bcat did not cover its categories IAB7-1"),
        Case("a blocked category", json!({"creative": {"categories": ["IAB7-1"]}}), json!({"bcat": ["IAB7"]}), &["category_blocked"],
            "li_0 would bid if bcat did not cover its categories IAB7-1"),
        Case("a size", json!({"creative": {"format": "banner", "width": 728, "height": 90, "markup": "<b>x</b>"}}), json!({}), &["size_not_offered"],
            "li_0 would bid if the imp offered banner 728x90"),
        Case("an unknown user with a cap", json!({"caps": cap}), json!({}), &["cap_unknown"],
            "li_0 would bid if it were known what the user has seen"),
        Case("a private auction", json!({}), json!({"imp": [{"id": "1", "banner": {"w": 300, "h": 250}, "pmp": {"private_auction": 1, "deals": [{"id": "D-1"}]}}]}),
            &["private_auction"], "li_0 would bid if it named a deal of this private auction"),
        Case("a deal's floor", json!({"targeting": {"deals": ["D-1"]}, "max_cpm": 2.5}),
            json!({"imp": [{"id": "1", "banner": {"w": 300, "h": 250}, "pmp": {"deals": [{"id": "D-1", "bidfloor": 3.0, "bidfloorcur": "EUR"}]}}]}),
            &["under_floor"], "li_0 would bid 2.5 USD if the floor of deal D-1 were <= 2.3 EUR"),
        Case("no money", json!({"cpm": 2.0, "broke": true}), json!({}), &["budget_exhausted"],
            "li_0 would bid 2 USD if its budget had 0.0015 USD more on this bidder"),
    ];
    for Case(says, item, differs, rules, sentence) in cases {
        let mut shop = Shop::new(std::slice::from_ref(&item));
        let broke = item["broke"] == true;
        shop.fund(Nanos(if broke { 500_000 } else { 1_000_000_000 }));
        let explanation = explained(&mut shop, &shop::request(differs), 1, &ALL);
        let told = &explanation.imps[0].line_items[0];
        let failed: Vec<_> = told.failures.iter().map(|it| it.rule).collect();
        assert_eq!(failed, rules, "{says}");
        assert_eq!(told.miss.as_ref().unwrap().sentence, sentence, "{says}");
    }
}

#[test]
fn so_many_are_told_the_nearest_first_and_the_rest_is_counted() {
    let mut items = vec![json!({"id": "bids", "cpm": 1.0})];
    for at in 0..3 {
        items.push(json!({"id": format!("far_{at}"), "targeting": {"countries": ["DE"], "device_types": ["mobile"]}}));
        items.push(json!({"id": format!("near_{at}"), "targeting": {"countries": ["DE"]}}));
    }
    items.push(json!({"id": "floor", "cpm": 0.2, "max_cpm": 0.3}));
    let mut shop = Shop::funded(&items);
    let few = Question { most: 3, ..ALL };
    let explanation = explained(&mut shop, &shop::request(json!({})), 1, &few);
    let told: Vec<_> = explanation.imps[0]
        .line_items
        .iter()
        .map(|it| it.line_item.as_str())
        .collect();
    assert_eq!(&told[..2], ["bids", "floor"], "{told:?}");
    assert!(told[2].starts_with("near_"), "{told:?}");
    assert_eq!(
        explanation.imps[0].omitted,
        BTreeMap::from([("country", 5)])
    );
    assert_eq!(
        explanation.imps[0].nearest_miss.as_ref().unwrap().line_item,
        "floor"
    );
}

#[test]
fn what_cannot_bid_at_all_has_its_reason() {
    let mut catalog = shop::catalog(&[
        json!({"id": "bids"}),
        json!({"id": "paused", "status": "paused"}),
        json!({"id": "of_paused"}),
        json!({"id": "no_zone", "time_zone": "Mars/Olympus"}),
    ]);
    catalog.campaigns[2].status = contracts::catalog::Status::Paused;
    let mut shop = Shop::with_faults(catalog);
    shop.fund(Nanos(1_000_000_000));
    let cases = [
        (Some("bids"), None, None),
        (Some("paused"), None, Some("line item is paused")),
        (Some("of_paused"), None, Some("campaign is paused")),
        (
            Some("no_zone"),
            None,
            Some("left out: its time zone is unknown"),
        ),
        (
            Some("gone"),
            None,
            Some("it is not in the catalog (version 3)"),
        ),
        (None, Some("campaign_1"), Some("line item is paused")),
        (
            None,
            Some("campaign_9"),
            Some("no line item of this campaign is in the catalog (version 3)"),
        ),
        (None, Some("campaign_0"), None),
    ];
    for (line_item, campaign, why) in cases {
        let question = Question {
            line_item,
            campaign,
            ..ALL
        };
        let explanation = explained(&mut shop, &shop::request(json!({})), 1, &question);
        let told = explanation.absent.first().map(|it| it.why.as_str());
        assert_eq!(told, why, "{line_item:?} {campaign:?}");
        assert_eq!(
            explanation.imps[0].line_items.len(),
            usize::from(why.is_none())
        );
    }
}
