//! `qty`: how many impressions one display counts for, which the seller says and the advertiser pays (C-120, C-150).

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod shop;

use bidder_core::user::User;
use proptest::prelude::*;
use serde_json::{Value, json};
use shop::{BOOT, Shop, imp};
use units::Nanos;

/// The largest multiplier by default (`bids.quantity`).
const LARGEST: i64 = 1_000;

const NOBODY: User<'_> = User {
    key: None,
    profile: None,
    known: None,
    stamps: None,
};

/// On a page, one display of which counts for so many.
fn page(multiplier: impl Into<Value>) -> Value {
    imp(json!({"qty": {"multiplier": multiplier.into(), "sourcetype": 0}}))
}

/// On a screen out of home.
fn screen(multiplier: impl Into<Value>) -> Value {
    let mut request = page(multiplier);
    request["site"] = Value::Null;
    request["dooh"] = json!({"id": "panel-1", "venuetype": ["30101"], "venuetypetax": 1});
    request["device"] = json!({"devicetype": 8});
    request
}

/// What the only line item reserves for a request, or why nothing.
fn reserved(shop: &mut Shop, request: &Value) -> Result<i64, &'static str> {
    let costs = shop.ask(request, &NOBODY, 1, |_, _, decision| {
        let bids = decision.imps.iter().flat_map(|it| &it.ranked);
        bids.map(|it| it.reservation.cost().0).collect::<Vec<_>>()
    });
    let refusal = shop.scratch.refusals.first().map(|it| it.1.label());
    costs.first().copied().ok_or(refusal.unwrap_or("nothing"))
}

/// What is asked for its next lease.
fn wanted(shop: &Shop) -> Option<i64> {
    let wants = shop.leases.wants(BOOT, Nanos(1_000), 1_000);
    wants.first().map(|it| it.amount.0)
}

#[test]
fn a_quantity_on_a_page_counts_once() {
    // C-120: price / 1000 × multiplier, and the usual bid costs 0.002. `qty` belongs to out-of-home (C-150): a page
    // or an app shows an ad to one person.
    let mut app = page(500);
    app["site"] = Value::Null;
    app["app"] = json!({"bundle": "com.example"});
    for (says, request, want) in [
        ("a page", page(500), 2_000_000),
        ("an app", app, 2_000_000),
        ("absurd on a page", page(9_200_000_000_000_i64), 2_000_000),
        ("a screen", screen(14.2), 28_400_000),
        ("part of an impression", screen(0.25), 500_000),
        ("nothing said", screen(Value::Null), 2_000_000),
        ("nothing at all", screen(0), 2_000_000),
    ] {
        let mut shop = Shop::new(&[json!({})]);
        shop.fund(Nanos(i64::MAX));
        assert_eq!(reserved(&mut shop, &request), Ok(want), "{says}");
    }
}

#[test]
fn a_huge_quantity_is_refused_and_asks_for_no_larger_lease() {
    let mut shop = Shop::new(&[json!({})]);
    shop.fund(Nanos(i64::MAX));
    let whole = screen(LARGEST);
    assert_eq!(reserved(&mut shop, &whole), Ok(2_000_000_000), "as allowed");
    for (says, multiplier) in [
        ("a millionth more", json!(1_000.000_001)),
        ("absurd", json!(9_200_000_000_000_i64)),
    ] {
        for leased in [false, true] {
            let mut shop = Shop::new(&[json!({})]);
            if leased {
                shop.fund(Nanos(10_000_000));
            }
            let request = screen(multiplier.clone());
            let got = reserved(&mut shop, &request);
            assert_eq!(got, Err("quantity_too_large"), "{says}, leased: {leased}");
            assert_eq!(wanted(&shop), None, "{says}, leased: {leased}");
            let reason = shop.chosen(&request, &NOBODY);
            assert_eq!(reason, Err("quantity_too_large".to_owned()), "{says}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_display_costs_more_than_the_maximum_cpm_times_the_largest_quantity(
        cpm in 0_u32..20_000, max_cpm in 0_u32..20_000, floor in 0_u32..20_000,
        multiplier in prop_oneof![1_i64..2_000_000_000, 1..i64::MAX],
        out_of_home in any::<bool>(),
        own in prop::sample::select(vec!["USD", "EUR", "JPY"]),
        bids_in in prop::sample::select(vec!["USD", "EUR", "JPY"]),
    ) {
        let thousandths = |it: u32| f64::from(it) / 1_000.0;
        let mut shop = Shop::new(&[json!({
            "currency": own, "cpm": thousandths(cpm), "max_cpm": thousandths(max_cpm),
        })]);
        shop.fund(Nanos(i64::MAX));
        // In millionths, exactly.
        let text = format!("{}.{:06}", multiplier / 1_000_000, multiplier % 1_000_000);
        let multiplier: Value = serde_json::from_str(&text).unwrap();
        let mut request = if out_of_home { screen(multiplier) } else { page(multiplier) };
        request["cur"] = json!([bids_in]);
        request["imp"][0]["bidfloor"] = json!(thousandths(floor));
        let largest = if out_of_home { LARGEST } else { 1 };
        if let Ok(cost) = reserved(&mut shop, &request) {
            // A CPM in micros is, as a number, the cost of one impression in nanos.
            prop_assert!(cost <= i64::from(max_cpm) * 1_000 * largest, "{cost}");
        }
    }
}
