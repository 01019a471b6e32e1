//! Creative rotation by the model, in whole decisions: the best of the creatives that may be shown goes out.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod shop;

use std::collections::BTreeMap;

use bidder_core::respond::{Dialect, Pages, Reply, Source, first_choices, respond};
use bidder_core::user::User;
use contracts::catalog::{Catalog, Creative};
use contracts::notice::BillOn;
use serde_json::{Value, json};
use shop::{Shop, catalog, request};
use units::{AuctionId, Nanos};
use uuid::Uuid;

/// One line item whose creatives are given by what differs from a responsive one, with clicks of 10,000
/// impressions of each.
fn rotating(explore: u32, creatives: &[(Value, u64)]) -> Catalog {
    let rotation = json!({"rotation": {"by": "clicks", "explore": explore}});
    let mut catalog = catalog(&[json!({"choosing": rotation})]);
    let usual = serde_json::to_value(&catalog.creatives[0]).unwrap();
    catalog.creatives.clear();
    let mut counts = Vec::new();
    for (at, (differs, clicks)) in creatives.iter().enumerate() {
        let mut creative = usual.clone();
        creative["id"] = json!(format!("crt_{at}"));
        for (key, value) in differs.as_object().unwrap() {
            creative[key] = value.clone();
        }
        let creative: Creative = serde_json::from_value(creative).unwrap();
        counts.push(json!({"line_item": "li_0", "creative": creative.id, "impressions": 10_000, "clicks": clicks,
            "conversions": 0}));
        catalog.creatives.push(creative);
    }
    catalog.line_items[0].creatives = catalog.creatives.iter().map(|it| it.id.clone()).collect();
    catalog.observed = serde_json::from_value(json!({
        "as_of": 99, "priors": {"click_rate": 1_000_000, "conversion_rate": 50_000, "strength": 1000},
        "creatives": counts,
    }))
    .unwrap();
    catalog
}

/// Which creative each seed shows.
fn shown(catalog: &Catalog, seeds: u128) -> Vec<Option<String>> {
    let mut shop = Shop::of(catalog.clone());
    shop.fund(Nanos(1_000_000_000));
    let mut shown = Vec::new();
    for seed in 0..seeds {
        let id = shop.ask(
            &request(json!({})),
            &User::default(),
            seed,
            |market, _, it| {
                let chosen = it.imps.first()?;
                let number = chosen.ranked[0].candidate.creative;
                Some(market.creative(number).unwrap().id().to_string())
            },
        );
        shown.push(id);
    }
    shown
}

fn count(shown: &[Option<String>]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for id in shown {
        *counts.entry(id.as_deref().unwrap_or("none")).or_default() += 1;
    }
    counts
}

#[test]
fn the_best_of_those_that_may_be_shown_goes_out() {
    let leaderboard =
        || json!({"format": "banner", "width": 728, "height": 90, "markup": "<b>x</b>"});
    let pending = || json!({"review": "pending"});
    let plain = || json!({});
    let cases = [
        (
            "the best by clicks",
            vec![(plain(), 10), (plain(), 30), (plain(), 20)],
            "crt_1",
        ),
        (
            "the best is not approved",
            vec![(plain(), 10), (pending(), 30), (plain(), 20)],
            "crt_2",
        ),
        (
            "the best does not fit",
            vec![(plain(), 10), (leaderboard(), 30), (plain(), 20)],
            "crt_2",
        ),
        (
            "the one that was never clicked stays behind",
            vec![(plain(), 0), (plain(), 10)],
            "crt_1",
        ),
        (
            "none is approved",
            vec![(pending(), 10), (pending(), 30)],
            "none",
        ),
    ];
    for (says, creatives, want) in cases {
        let shown = shown(&rotating(0, &creatives), 20);
        assert_eq!(count(&shown), BTreeMap::from([(want, 20)]), "{says}");
    }
}

#[test]
fn what_explores_shows_every_approved_one_and_none_other() {
    let catalog = rotating(
        400_000,
        &[
            (json!({}), 10),
            (json!({}), 30),
            (json!({"review": "rejected"}), 90),
        ],
    );
    let shown = shown(&catalog, 1_000);
    let counts = count(&shown);
    // The rejected one's turns of those that explore go to the next, and its own by rate to the best.
    assert_eq!(
        counts.keys().copied().collect::<Vec<_>>(),
        ["crt_0", "crt_1"]
    );
    // Two thirds of the 40 % that explore are crt_0's, its own turns and the rejected one's: 267, deviation 14.
    assert!(counts["crt_0"].abs_diff(267) < 70, "{counts:?}");
}

#[test]
fn a_decision_is_made_again_alike_from_the_catalog_as_it_is_kept() {
    let catalog = rotating(
        500_000,
        &[(json!({}), 10), (json!({}), 30), (json!({}), 20)],
    );
    let kept = serde_json::to_string(&catalog).unwrap();
    let kept: Catalog = serde_json::from_str(&kept).unwrap();
    assert_eq!(shown(&kept, 200), shown(&catalog, 200));
}

#[test]
fn the_models_version_is_in_the_bid() {
    let source = Source {
        name: "s".to_owned(),
        bill_on: BillOn::Burl,
        loss_is_final: true,
        reviews_creatives: false,
    };
    let mut shop = Shop::of(rotating(0, &[(json!({}), 10)]));
    shop.fund(Nanos(1_000_000_000));
    shop.ask(
        &request(json!({})),
        &User::default(),
        1,
        |market, opportunity, decision| {
            let bids: Vec<_> = first_choices(&decision).collect();
            let reply = Reply {
                opportunity,
                market,
                source: &source,
                auction: AuctionId(Uuid::from_u128(1)),
                user: None,
                dialect: Dialect::V26,
            };
            let mut out = Vec::new();
            respond(&reply, &bids, &mut Pages::default(), &mut out);
            let answer: Value = serde_json::from_slice(&out).unwrap();
            let model = &answer["seatbid"][0]["bid"][0]["ext"]["gavel"]["model"];
            assert_eq!(model, "observed-1.99", "{answer:#}");
        },
    );
}
