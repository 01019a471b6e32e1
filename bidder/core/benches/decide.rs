//! P4, P5: a decision on one imp over a seeded catalog of line items with varied targeting.

#[path = "../tests/shop/mod.rs"]
mod shop;

use std::hint::black_box;

use bidder_core::decide::{Instant, decide};
use bidder_core::facts::Facts;
use bidder_core::index::Room;
use bidder_core::opportunity::Opportunity;
use bidder_core::random::Random;
use bidder_core::targeting::View;
use bidder_core::user::User;
use contracts::profile::Profile;
use criterion::{Criterion, criterion_group, criterion_main};
use openrtb::{BidRequest, Limits};
use serde_json::{Value, json};

const COUNTRIES: [&str; 8] = ["US", "GB", "DE", "FR", "JP", "CN", "BR", "IN"];
const SIZES: [(u32, u32); 5] = [(300, 250), (728, 90), (320, 50), (160, 600), (970, 250)];

/// Line items with countries, interests, ages, segments and sizes drawn from the seed.
fn line_items(count: usize) -> Vec<Value> {
    let mut random = Random::new(2_026);
    let mut draw = |most: u64| usize::try_from(random.draw() % most).unwrap_or(0);
    (0..count)
        .map(|_| {
            let mut targeting = json!({});
            if draw(10) < 7 {
                targeting["countries"] = json!([COUNTRIES[draw(8)], COUNTRIES[draw(8)]]);
            }
            if draw(10) < 5 {
                targeting["interests"] = json!([format!("interest{}", draw(60)), format!("interest{}", draw(60))]);
            }
            if draw(10) < 4 {
                let youngest = 18 + draw(30);
                targeting["age_range"] = json!({"min_age": youngest, "max_age": youngest + 20});
            }
            if draw(10) < 3 {
                targeting["segments"] = json!([format!("segment{}", draw(500))]);
            }
            let (w, h) = SIZES[draw(5)];
            let creative = if draw(10) < 8 {
                json!({"format": "banner", "width": w, "height": h, "markup": "<b>ad</b>"})
            } else {
                json!({})
            };
            let cents = u32::try_from(draw(500)).unwrap_or(0);
            json!({"cpm": 0.5 + f64::from(cents) / 100.0, "targeting": targeting, "creative": creative})
        })
        .collect()
}

fn user() -> Profile {
    let segments: Vec<_> = (0..40)
        .map(|at| json!({"id": format!("segment{}", at * 11), "last_seen": 0, "count": 1}))
        .collect();
    let profile = json!({
        "user_id": "u", "demographics": {"age": 30}, "interests": ["interest3", "interest7", "interest11"], "segments": segments,
    });
    serde_json::from_value(profile).unwrap_or_else(|fault| panic!("a profile: {fault}"))
}

fn bench(c: &mut Criterion) {
    let body = shop::request(json!({})).to_string();
    let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST)
        .unwrap_or_else(|fault| panic!("a request: {fault}"));
    let profile = user();
    let user = User {
        key: Some("u"),
        profile: Some(&profile),
        known: None,
        stamps: None,
    };
    for count in [10_000, 100_000] {
        let mut shop = shop::Shop::funded(&line_items(count));
        let opportunity = Opportunity::read(&request, &shop.market.rates)
            .unwrap_or_else(|reason| panic!("an opportunity: {reason:?}"));
        c.bench_function(&format!("match one imp, {count} line items"), |b| {
            let mut facts = Facts::default();
            let mut room = Room::default();
            opportunity.facts(&user, shop::NOW, &mut facts);
            opportunity.imp_facts(&opportunity.imps[0], &mut facts);
            let view = View {
                facts: &facts,
                hours: &[],
                request: None,
            };
            b.iter(|| {
                shop.market.index.match_request(&view, &mut room);
                shop.market
                    .index
                    .match_imp(&opportunity.imps[0], &view, &mut room);
                black_box(&room);
            });
        });
        c.bench_function(&format!("decide, 1 imp, {count} line items"), |b| {
            let at = Instant {
                now: shop::NOW,
                boot: shop::BOOT,
            };
            let mut random = Random::new(1);
            b.iter(|| {
                black_box(decide(
                    &opportunity,
                    &shop.market,
                    &user,
                    at,
                    &mut random,
                    &mut shop.scratch,
                ));
            });
        });
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
