//! Allocations per answer, counted: none beyond the body's own buffer. One test, since the count is of the whole process.

mod shop;

use std::alloc::System;

use bidder_core::respond::{Dialect, Pages, Reply, Source, first_choices, respond};
use bidder_core::user::User;
use contracts::notice::BillOn;
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use units::AuctionId;
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn an_answer_allocates_nothing() {
    let verification =
        json!({"vendor": "measure.example-omid", "script": "https://measure.example/o.js"});
    let asked = r#"{"ver":"1.2","assets":[{"id":1,"required":1,"title":{"len":90}},{"id":2,"data":{"type":2,"len":5}}],"eventtrackers":[{"event":1,"methods":[1]}]}"#;
    let cases = [
        ("card", json!({}), shop::request(json!({}))),
        (
            "banner",
            json!({"format": "banner", "width": 300, "height": 250, "markup": "<b>x</b>", "verification": verification}),
            shop::imp(json!({"banner": {"w": 300, "h": 250, "api": [7]}})),
        ),
        (
            "video",
            json!({"format": "video", "media_url": "https://cdn.example/v.mp4", "duration_seconds": 15, "verification": verification}),
            shop::imp(
                json!({"banner": null, "video": {"mimes": ["video/mp4"], "protocols": [3, 13], "api": [7]}}),
            ),
        ),
        (
            "native, with a text that has to be cut",
            json!({"format": "native", "assets": {"title": "Spring", "description": "Twenty percent"}}),
            shop::imp(json!({"banner": null, "native": {"request": asked}})),
        ),
    ];
    let source = Source {
        name: "ssp".into(),
        bill_on: BillOn::Burl,
        loss_is_final: false,
        reviews_creatives: false,
    };
    for (says, creative, request) in cases {
        let mut shop = shop::Shop::funded(&[json!({"creative": creative})]);
        let user = User::default();
        shop.ask(&request, &user, 1, |market, opportunity, decision| {
            let bids: Vec<_> = first_choices(&decision).collect();
            assert_eq!(bids.len(), 1, "{says}");
            for dialect in [Dialect::V25, Dialect::V26] {
                let reply = Reply {
                    opportunity,
                    market,
                    source: &source,
                    auction: AuctionId(Uuid::from_u128(0xA)),
                    user: None,
                    dialect,
                };
                let (mut pages, mut out) = (Pages::default(), Vec::with_capacity(32_768));
                // The first answer fills the memory that the others use again.
                respond(&reply, &bids, &mut pages, &mut out);
                out.clear();
                let region = Region::new(ALLOCATOR);
                respond(&reply, &bids, &mut pages, &mut out);
                let change = region.change();
                assert_eq!(
                    (change.allocations, change.reallocations),
                    (0, 0),
                    "{says}, {dialect:?}"
                );
            }
        });
    }
}
