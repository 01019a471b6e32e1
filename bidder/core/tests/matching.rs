//! The index against the rules applied one line item after the other.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod shop;

use bidder_core::eligibility::targeted;
use bidder_core::facts::{Dimension, Facts};
use bidder_core::index::Room;
use bidder_core::lease::LeaseTable;
use bidder_core::market::Market;
use bidder_core::opportunity::Opportunity;
use openrtb::{BidRequest, Limits};
use proptest::prelude::*;
use serde_json::{Value, json};
use units::{BootId, RateTable};
use uuid::Uuid;

const KEYS: [(&str, &[&str]); 6] = [
    ("countries", &["US", "DEU", "fr"]),
    ("os", &["ios", "Android"]),
    ("interests", &["technology", "Shopping", "sports"]),
    ("segments", &["high_value", "mobile_users"]),
    ("domains", &["news.example", "example", "shop.example"]),
    ("categories", &["IAB1", "IAB1-2", "IAB3"]),
];

const FACTS: [(Dimension, &[&str]); 4] = [
    (Dimension::Country, &["USA", "de", "FRA", "JP"]),
    (Dimension::Os, &["iOS", "android", "Linux"]),
    (Dimension::Interest, &["technology", "shopping", "music"]),
    (Dimension::Segment, &["high_value", "mobile_users", "other"]),
];

fn some(values: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(values, 0..=values.len())
}

fn targeting() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        3 => Just(None),
        1 => (0..KEYS.len()).prop_flat_map(|at| (Just(at), some(KEYS[at].1), some(KEYS[at].1), 0..3_u8)).prop_map(Some),
    ];
    let ages = prop_oneof![2 => Just(None), 1 => (0_u8..60, 0_u8..60).prop_map(Some)];
    (proptest::collection::vec(key, 4), ages).prop_map(|(keys, ages)| {
        let mut targeting = json!({});
        for (at, include, exclude, form) in keys.into_iter().flatten() {
            targeting[KEYS[at].0] = match form {
                0 => json!(include),
                1 => json!({"include": include, "exclude": exclude}),
                _ => json!({"exclude": exclude}),
            };
        }
        if let Some((a, b)) = ages {
            targeting["age_range"] = json!({"min_age": a.min(b), "max_age": a.max(b)});
        }
        targeting
    })
}

fn facts() -> impl Strategy<Value = Facts> {
    let lists: Vec<_> = FACTS.iter().map(|(_, values)| some(values)).collect();
    let domain = proptest::option::of(proptest::sample::select(vec![
        "www.news.example",
        "a.shop.example",
        "other.test",
    ]));
    let category =
        proptest::option::of(proptest::sample::select(vec!["IAB1-2", "IAB3-9", "IAB25"]));
    (lists, domain, category, proptest::option::of(0_u8..70)).prop_map(
        |(lists, domain, category, age)| {
            let mut facts = Facts::default();
            for ((dimension, _), values) in FACTS.iter().zip(lists) {
                values.iter().for_each(|it| facts.push(*dimension, it));
            }
            facts.push_domain(domain.unwrap_or_default());
            facts.push_category(category.unwrap_or_default());
            age.into_iter().for_each(|it| facts.push_age(it));
            facts
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_index_finds_what_the_rules_allow(targetings in proptest::collection::vec(targeting(), 1..150), facts in facts()) {
        let line_items: Vec<_> = targetings.iter().map(|it| json!({"targeting": it})).collect();
        let catalog = shop::catalog(&line_items);
        let leases = LeaseTable::new(BootId(Uuid::nil()));
        let market = Market::build(&catalog, &leases, "http://127.0.0.1");
        let body = shop::request(json!({})).to_string();
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        let opportunity = Opportunity::read(&request, &RateTable::default()).unwrap();
        let mut room = Room::default();
        market.index.match_request(&facts, &mut room);
        market.index.match_imp(&opportunity.imps[0], &facts, &mut room);
        let naive: Vec<_> = market.items.iter().enumerate()
            .filter(|(_, item)| targeted(&item.rules, &facts).is_ok())
            .map(|(at, _)| at)
            .collect();
        prop_assert_eq!(room.open.iter().collect::<Vec<_>>(), naive);
        prop_assert!(room.by_deal.is_empty());
    }
}

#[test]
fn shapes_and_deals_narrow_an_imp() {
    let banner = |size: (u32, u32)| json!({"format": "banner", "width": size.0, "height": size.1, "markup": "<b>x</b>"});
    let video = json!({"format": "video", "media_url": "https://cdn.example/v.mp4", "duration_seconds": 15});
    let catalog = shop::catalog(&[
        json!({"id": "a_responsive"}),
        json!({"id": "b_banner", "creative": banner((300, 250))}),
        json!({"id": "c_banner", "creative": banner((728, 90))}),
        json!({"id": "d_video", "creative": video}),
        json!({"id": "e_deal", "targeting": {"deals": ["D1"]}}),
        json!({"id": "f_size", "targeting": {"sizes": ["728x90"]}}),
        json!({"id": "g_native_only", "targeting": {"formats": ["native"]}}),
    ]);
    let leases = LeaseTable::new(BootId(Uuid::nil()));
    let market = Market::build(&catalog, &leases, "http://127.0.0.1");
    assert_eq!(market.left_out, []);
    let native = json!({"request": r#"{"ver":"1.2","assets":[{"id":1,"title":{"len":50}}]}"#});
    struct Case(
        &'static str,
        Value,
        &'static [&'static str],
        &'static [&'static str],
    );
    let cases = [
        Case(
            "300x250",
            json!({"banner": {"w": 300, "h": 250}}),
            &["a_responsive", "b_banner"],
            &[],
        ),
        Case(
            "C-70 format and w, h together",
            json!({"banner": {"w": 728, "h": 90, "format": [{"w": 300, "h": 250}]}}),
            &["a_responsive", "b_banner", "c_banner", "f_size"],
            &[],
        ),
        Case(
            "X-10 interstitial",
            json!({"instl": 1, "banner": {"w": 320, "h": 480}}),
            &["a_responsive", "b_banner", "c_banner", "f_size"],
            &[],
        ),
        Case(
            "video",
            json!({"video": {"mimes": ["video/mp4"]}, "banner": null}),
            &["d_video"],
            &[],
        ),
        Case(
            "native",
            json!({"native": native, "banner": null}),
            &["a_responsive", "g_native_only"],
            &[],
        ),
        Case(
            "a deal",
            json!({"pmp": {"deals": [{"id": "D1"}]}}),
            &["a_responsive", "b_banner"],
            &["e_deal"],
        ),
        Case(
            "C-110 private",
            json!({"pmp": {"private_auction": 1, "deals": [{"id": "D1"}]}}),
            &[],
            &["e_deal"],
        ),
        Case(
            "C-25 private without deals",
            json!({"pmp": {"private_auction": 1, "deals": []}}),
            &[],
            &[],
        ),
    ];
    for Case(says, differs, open, by_deal) in cases {
        let body = shop::imp(differs).to_string();
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        let opportunity = Opportunity::read(&request, &RateTable::default()).unwrap();
        let mut room = Room::default();
        let mut facts = Facts::default();
        market.index.match_request(&facts, &mut room);
        Opportunity::imp_facts(&opportunity.imps[0], &mut facts);
        market
            .index
            .match_imp(&opportunity.imps[0], &facts, &mut room);
        let names = |set: &bidder_core::index::Bits| {
            let mut names: Vec<_> = set
                .iter()
                .map(|at| market.items[at].id.to_string())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(&room.open), open, "{says}");
        assert_eq!(names(&room.by_deal), by_deal, "{says}");
    }
}
