//! `respond`: one answer with one bid, per kind of media, as it goes out.

#[path = "../tests/shop/mod.rs"]
mod shop;

use std::hint::black_box;

use bidder_core::respond::{Dialect, Pages, Reply, Source, first_choices, respond};
use bidder_core::user::User;
use contracts::notice::BillOn;
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use units::AuctionId;
use uuid::Uuid;

fn cases() -> [(&'static str, Value, Value); 4] {
    let banner = json!({"format": "banner", "width": 300, "height": 250, "categories": ["IAB22"], "attributes": [21], "language": "en",
        "markup": "<a href=\"${CLICK_URL}\" target=\"_blank\"><img src=\"https://cdn.shop.example/spring/300x250.jpg\" width=\"300\" height=\"250\" alt=\"Spring sale\"></a>"});
    let video = json!({"format": "video", "media_url": "https://cdn.shop.example/spring.mp4", "duration_seconds": 30, "width": 1280, "height": 720});
    let native = json!({"format": "native", "assets": {"title": "Spring sale", "description": "Twenty percent off everything", "cta": "Shop now",
        "image": {"url": "https://cdn.shop.example/i.jpg", "width": 1200, "height": 627}}});
    let asked = r#"{"ver":"1.2","assets":[{"id":1,"required":1,"title":{"len":90}},{"id":2,"required":1,"img":{"type":3,"wmin":382,"hmin":200}},{"id":3,"data":{"type":2,"len":140}},{"id":4,"data":{"type":12}}],"eventtrackers":[{"event":1,"methods":[1]},{"event":2,"methods":[1]}]}"#;
    [
        ("card", json!({}), shop::request(json!({}))),
        ("banner", banner, shop::request(json!({}))),
        (
            "video",
            video,
            shop::imp(
                json!({"banner": null, "video": {"mimes": ["video/mp4"], "protocols": [2, 3, 7, 13], "w": 1280, "h": 720, "maxduration": 60}}),
            ),
        ),
        (
            "native",
            native,
            shop::imp(json!({"banner": null, "native": {"request": asked}})),
        ),
    ]
}

fn bench(c: &mut Criterion) {
    let source = Source {
        name: "ssp".into(),
        bill_on: BillOn::Burl,
        loss_is_final: false,
        reviews_creatives: false,
    };
    for (name, creative, request) in cases() {
        let mut shop = shop::Shop::funded(&[json!({"creative": creative})]);
        shop.ask(
            &request,
            &User::default(),
            1,
            |market, opportunity, decision| {
                let reply = Reply {
                    opportunity,
                    market,
                    source: &source,
                    auction: AuctionId(Uuid::from_u128(0xA)),
                    user: None,
                    dialect: Dialect::V26,
                };
                let bids: Vec<_> = first_choices(&decision).collect();
                assert_eq!(bids.len(), 1, "{name}");
                let (mut pages, mut out) = (Pages::default(), Vec::with_capacity(16_384));
                c.bench_function(&format!("respond, 1 bid, {name}"), |b| {
                    b.iter(|| {
                        out.clear();
                        respond(&reply, black_box(&bids), &mut pages, &mut out);
                        black_box(&out);
                    });
                });
            },
        );
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
