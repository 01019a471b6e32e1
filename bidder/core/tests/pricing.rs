//! Prices as decisions make them: goals by observed rates, modifiers by what the request and the imp say.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod shop;

use bidder_core::respond::{Dialect, Pages, Reply, Source, first_choices, respond};
use bidder_core::user::User;
use contracts::notice::BillOn;
use serde_json::{Value, json};
use shop::{Shop, catalog, imp, request};
use units::{AuctionId, Nanos};
use uuid::Uuid;

fn nobody<'a>() -> User<'a> {
    User::default()
}

/// Line items without modifiers that pay for clicks, with what was observed of `seen`.
fn goals(line_items: &[Value]) -> Shop {
    let usual = json!({"modifiers": [], "raise": null, "max_cpm": 8.0});
    let line_items: Vec<Value> = line_items
        .iter()
        .map(|differs| {
            let mut item = usual.clone();
            item.as_object_mut()
                .unwrap()
                .extend(differs.as_object().unwrap().clone());
            item
        })
        .collect();
    let mut catalog = catalog(&line_items);
    catalog.observed = serde_json::from_value(json!({
        "as_of": 99, "priors": {"click_rate": 1_000_000, "conversion_rate": 100_000, "strength": 1000},
        "line_items": [{"line_item": "seen", "impressions": 9000, "clicks": 48, "conversions": 9}],
        "advertisers": [{"advertiser": "adv", "impressions": 9000, "clicks": 19, "conversions": 9}],
    }))
    .unwrap();
    let shop = Shop::of(catalog);
    shop.fund(Nanos(1_000_000_000));
    shop
}

#[test]
fn a_goal_is_bid_by_the_rate_that_was_observed() {
    let per_click = json!({"type": "cpc", "cpc": 400_000_000});
    let per_action = json!({"type": "cpa", "cpa": 2_000_000_000});
    let cases = [
        (
            "(48 + 0.002 × 1000) / 10000 = 0.005",
            json!({"id": "seen", "bid": per_click}),
            Ok("1:seen@2"),
        ),
        (
            "the advertiser's (19 + 1) / 10000",
            json!({"id": "new", "bid": per_click}),
            Ok("1:new@0.8"),
        ),
        (
            "conversions (9 + 0.91) / 10000",
            json!({"id": "seen", "bid": per_action}),
            Ok("1:seen@1.982"),
        ),
        (
            "never above its maximum",
            json!({"id": "seen", "bid": per_click, "max_cpm": 1.5}),
            Ok("1:seen@1.5"),
        ),
        (
            "X-58 not raised: its impressions are not worth the floor",
            json!({"id": "seen", "bid": {"type": "cpc", "cpc": 90_000_000}}),
            Err("nothing_eligible"),
        ),
    ];
    for (says, line_item, want) in cases {
        let got = goals(&[line_item]).chosen(&request(json!({})), &nobody());
        let got = got.map(|all| all.join(","));
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{says}");
    }
}

#[test]
fn a_goal_competes_at_its_worth() {
    let cpm = |id: &str, cpm: f64| json!({"id": id, "cpm": cpm});
    let cpc = json!({"id": "seen", "bid": {"type": "cpc", "cpc": 400_000_000}});
    for (rival, want) in [(1.99, "1:seen@2"), (2.01, "1:rival@2.01")] {
        let mut shop = goals(&[cpm("rival", rival), cpc.clone(), cpm("low", 0.6)]);
        let got = shop.chosen(&request(json!({})), &nobody()).unwrap();
        assert_eq!(got, [want]);
    }
}

#[test]
fn modifiers_look_at_the_request_the_imp_and_the_deal() {
    let by = |key: &str, factors: Value| json!({"modifiers": [{"kind": "key", "key": key, "factors": factors, "otherwise": 500_000}]});
    let two = |value: &str| json!({value: 2_000_000});
    let deal = |id: &str| imp(json!({"pmp": {"deals": [{"id": id, "bidfloor": 0.5}]}}));
    let both = json!({
        "modifiers": [
            {"kind": "key", "key": "countries", "factors": {"US": 3_000_000}},
            {"kind": "key", "key": "sizes", "factors": {"300x250": 3_000_000}},
        ],
        "clamp": {"min": 0, "max": 4_000_000},
    });
    let header = imp(json!({"banner": {"w": 300, "h": 250, "pos": 4}}));
    // All of a line item at 2.0 that is raised to 1.1 × 0.5 where it is lower. NOW is Sunday 22:45 UTC.
    let cases = [
        (
            "country",
            by("countries", two("US")),
            request(json!({})),
            "4",
        ),
        (
            "another country",
            by("countries", two("DE")),
            request(json!({})),
            "1",
        ),
        ("size", by("sizes", two("300x250")), request(json!({})), "4"),
        (
            "format",
            by("formats", two("video")),
            request(json!({})),
            "1",
        ),
        (
            "hour",
            by("dayparts", two("sun 22-23")),
            request(json!({})),
            "4",
        ),
        (
            "another hour",
            by("dayparts", two("sun 21-22")),
            request(json!({})),
            "1",
        ),
        ("clamped", both, request(json!({})), "8"),
        (
            "the imp's position",
            by("positions", two("header")),
            header,
            "4",
        ),
        (
            "another position",
            by("positions", two("footer")),
            request(json!({})),
            "1",
        ),
    ];
    for (says, line_item, request, want) in cases {
        let mut shop = Shop::funded(&[line_item]);
        let got = shop.chosen(&request, &nobody()).unwrap();
        assert_eq!(got, [format!("1:li_0@{want}")], "{says}");
    }
    for (offered, want) in [("D-1", "4"), ("D-2", "1")] {
        let mut line_item = by("deals", two("D-1"));
        line_item["targeting"] = json!({"deals": ["D-1", "D-2"]});
        let got = Shop::funded(&[line_item]).chosen(&deal(offered), &nobody());
        assert_eq!(got.unwrap(), [format!("1:li_0@{want}")], "{offered}");
    }
}

#[test]
fn among_many_the_best_is_found_where_the_imp_decides() {
    // One hundred equal offers, of which one has a factor for this size: it must not be lost among equals.
    let others = (0..100).map(|_| {
        json!({"modifiers": [
        {"kind": "key", "key": "sizes", "factors": {"728x90": 2_000_000}}]})
    });
    let mut line_items: Vec<Value> = others.collect();
    line_items.push(json!({"id": "best", "modifiers": [
        {"kind": "key", "key": "sizes", "factors": {"300x250": 1_500_000}}]}));
    let got = Shop::funded(&line_items).chosen(&request(json!({})), &nobody());
    assert_eq!(got.unwrap(), ["1:best@3"]);
}

#[test]
fn the_models_version_is_in_every_bid_with_a_goal_and_in_the_decision() {
    let source = Source {
        name: "s".to_owned(),
        bill_on: BillOn::Burl,
        loss_is_final: true,
        reviews_creatives: false,
    };
    let cpc = json!({"id": "seen", "bid": {"type": "cpc", "cpc": 400_000_000}});
    let cases = [
        (
            cpc.clone(),
            Dialect::V26,
            json!({"gavel": {"model": "observed-1.99"}}),
        ),
        (
            cpc,
            Dialect::V25,
            json!({"mtype": 1, "gavel": {"model": "observed-1.99"}}),
        ),
        (json!({}), Dialect::V26, Value::Null),
    ];
    for (line_item, dialect, want) in cases {
        let mut shop = goals(&[line_item]);
        shop.ask(
            &request(json!({})),
            &nobody(),
            1,
            |market, opportunity, decision| {
                assert_eq!(decision.model.as_str(), "observed-1.99");
                let bids: Vec<_> = first_choices(&decision).collect();
                let reply = Reply {
                    opportunity,
                    market,
                    source: &source,
                    auction: AuctionId(Uuid::from_u128(1)),
                    user: None,
                    dialect,
                };
                let mut out = Vec::new();
                respond(&reply, &bids, &mut Pages::default(), &mut out);
                let answer: Value = serde_json::from_slice(&out).unwrap();
                assert_eq!(answer["seatbid"][0]["bid"][0]["ext"], want, "{answer:#}");
            },
        );
    }
}
