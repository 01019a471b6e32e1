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

use bidder_core::choose::SHORT_LIST;
use bidder_core::random::Random;
use bidder_core::user::User;
use proptest::prelude::*;
use serde_json::{Value, json};
use shop::{Shop, imp, request};

const NOBODY: User<'_> = User {
    key: None,
    profile: None,
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

/// Whether it bids on a deal, its price, and whether it is capped: all candidates of one imp, the best first.
fn ranked(items: &[Value], request: &Value, seed: u128) -> Vec<(bool, i64, bool)> {
    let mut shop = Shop::funded(items);
    shop.ask(request, &NOBODY, seed, |_, _, decision| {
        let of = decision.imps.iter().flat_map(|it| &it.ranked);
        of.map(|it| {
            let candidate = &it.candidate;
            (
                candidate.deal.is_some(),
                candidate.price.micros(),
                candidate.capped,
            )
        })
        .collect()
    })
}

proptest! {
    // Each line item is asked alone, too: a case takes some milliseconds.
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_short_list_is_the_naive_one(
        items in proptest::collection::vec(line_item(), 0..100),
        request in offered(),
        seed in any::<u64>(),
    ) {
        let got = ranked(&items, &request, u128::from(seed));
        let alone = items.iter().flat_map(|it| ranked(std::slice::from_ref(it), &request, 1));
        let mut all: Vec<_> = alone.collect();
        all.sort_by_key(|(deal, price, _)| std::cmp::Reverse((*deal, *price)));
        for (at, (got, want)) in got.iter().zip(&all).enumerate() {
            prop_assert_eq!(got.0, want.0, "deals first, place {}", at);
            let converted = request.get("cur").is_some() || items.iter().any(|it| it.get("currency").is_some());
            let allowed = if converted { ROUNDING } else { 0 };
            prop_assert!((got.1 - want.1).abs() <= allowed, "place {}: {} instead of {}", at, got.1, want.1);
        }
        // It ends with the first that caps cannot refuse, or with the last place.
        let closed = got.last().is_some_and(|it| !it.2);
        prop_assert!(closed || got.len() == all.len().min(SHORT_LIST), "{} of {}", got.len(), all.len());
        prop_assert!(got.iter().rev().skip(1).all(|it| it.2));
    }
}

#[test]
fn equal_prices_take_turns_evenly() {
    // every tenth line item or so matches, and all end at the same maximum.
    let mut random = Random::new(3);
    let items: Vec<Value> = (0..2_000)
        .map(|at| {
            let country = if random.draw().is_multiple_of(10) { "US" } else { "DE" };
            json!({"cpm": 5.0 + f64::from(at % 7), "max_cpm": 4.0, "targeting": {"countries": [country]}})
        })
        .collect();
    let mut shop = Shop::funded(&items);
    let mut wins = vec![0_i64; items.len()];
    let usual = request(json!({}));
    for seed in 0..8_000 {
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
    let (count, expected) = (wins.len() as i64, 8_000 / wins.len() as i64);
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
