//! The explanation and the decision are of one mind.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod shop;

use bidder_core::decide::Instant;
use bidder_core::explain::explain;
use bidder_core::opportunity::Opportunity;
use bidder_core::random::Random;
use bidder_core::record::Funds;
use bidder_core::user::User;
use openrtb::{BidRequest, Limits};
use proptest::prelude::*;
use serde_json::{Value, json};
use shop::{BOOT, NOW, Shop};
use units::CpmMicros;

const PRICES: [f64; 4] = [0.3, 1.0, 2.0, 2.5];
const COUNTRIES: [&str; 3] = ["US", "DE", "FR"];

fn line_item() -> impl Strategy<Value = Value> {
    (
        0..4_usize,
        0..4_usize,
        proptest::option::of(0..3_usize),
        any::<bool>(),
    )
        .prop_map(|(price, most, country, wide)| {
            let mut item = json!({"cpm": PRICES[price], "max_cpm": PRICES[most] + 1.0});
            if let Some(country) = country {
                item["targeting"] = json!({"countries": [COUNTRIES[country]]});
            }
            if wide {
                item["creative"] =
                    json!({"format": "banner", "width": 728, "height": 90, "markup": "<b>x</b>"});
            }
            item
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_winner_is_the_dearest_that_would_bid(
        items in proptest::collection::vec(line_item(), 1..32),
        floor in prop_oneof![Just(0.0), Just(0.5), Just(1.2), Just(3.0)],
        seed in any::<u128>(),
    ) {
        let mut shop = Shop::funded(&items);
        let user = User::default();
        let asked = shop::imp(json!({"bidfloor": floor}));
        let won = shop.ask(&asked, &user, seed, |market, _, decision| {
            let choice = decision.imps.first().map(|it| &it.ranked[0].candidate);
            choice.map(|it| (market.items[it.item].id.to_string(), it.price))
        });
        let body = asked.to_string();
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        let opportunity = Opportunity::read(&request, &shop.market.rates).unwrap();
        let at = Instant { now: NOW, boot: BOOT };
        let explanation = explain(&opportunity, &shop.market, &user, at, &Funds::looking(Vec::new()), &mut Random::new(seed), &mut shop.scratch);
        let bids: Vec<_> = explanation.imps[0]
            .line_items
            .iter()
            .filter(|it| it.would_bid)
            .map(|it| (it.line_item.clone(), CpmMicros::parse(&it.price.as_ref().unwrap().price).unwrap()))
            .collect();
        let dearest = bids.iter().map(|it| it.1).max();
        prop_assert_eq!(won.as_ref().map(|it| it.1), dearest);
        if let Some(won) = won {
            prop_assert!(bids.contains(&won), "{:?} is not among {:?}", won, bids);
        }
    }
}
