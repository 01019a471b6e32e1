//! P5: matching one imp, over catalogs up to a million line items: the plain keys alone, and with trees,
//! shared lists and users of 5 to 200 segments (Zipf).

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a drawn rank lies between 1 and the number of segments"
)]

#[path = "../tests/shop/mod.rs"]
mod shop;

use std::hint::black_box;
use std::sync::Arc;

use bidder_core::facts::Facts;
use bidder_core::index::{FetchedList, Room, SharedLists};
use bidder_core::lease::LeaseTable;
use bidder_core::market::Market;
use bidder_core::opportunity::Opportunity;
use bidder_core::random::Random;
use bidder_core::targeting::View;
use bidder_core::user::User;
use contracts::catalog::{Catalog, CreativeFormat, ListKind};
use contracts::profile::Profile;
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use openrtb::{BidRequest, Limits};
use serde_json::{Value, json};
use units::{BootId, ListId};
use uuid::Uuid;

const COUNTRIES: [&str; 8] = ["US", "GB", "DE", "FR", "JP", "CN", "BR", "IN"];
const SIZES: [(u32, u32); 5] = [(300, 250), (728, 90), (320, 50), (160, 600), (970, 250)];
const SEGMENTS: usize = 10_000;

/// Numbers below a bound: evenly, or so that the n-th is met about 1/n as often as the first.
struct Draw(Random);

impl Draw {
    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.0.draw() % most as u64).unwrap_or(0)
    }

    /// Zipf with exponent 1: the logarithm of the rank is even.
    fn zipf(&mut self, most: usize) -> usize {
        let share = self.below(1_000_000) as f64 / 1e6;
        let rank = (most as f64 + 1.0).powf(share);
        (rank as usize).clamp(1, most) - 1
    }
}

fn segment(rank: usize) -> String {
    format!("segment{rank}")
}

/// One line item's targeting: the keys of the plain catalog, or of one with everything.
fn targeting(draw: &mut Draw, rich: bool) -> Value {
    let mut targeting = json!({});
    if draw.below(10) < 7 {
        targeting["countries"] = json!([COUNTRIES[draw.below(8)], COUNTRIES[draw.below(8)]]);
    }
    if draw.below(10) < 5 {
        targeting["interests"] = json!([
            format!("interest{}", draw.below(60)),
            format!("interest{}", draw.below(60))
        ]);
    }
    if draw.below(10) < 4 {
        let youngest = 18 + draw.below(30);
        targeting["age_range"] = json!({"min_age": youngest, "max_age": youngest + 20});
    }
    if draw.below(10) < 3 {
        let rank = if rich {
            draw.zipf(SEGMENTS)
        } else {
            draw.below(500)
        };
        targeting["segments"] = json!([segment(rank)]);
    }
    if !rich {
        return targeting;
    }
    if draw.below(10) < 3 {
        targeting["device_types"] = json!(["mobile", "tablet"]);
    }
    if draw.below(10) < 2 {
        targeting["domains"] = json!({"exclude": [format!("site{}.example", draw.below(500))]});
    }
    if draw.below(10) < 1 {
        targeting["lists"] = json!({"exclude": [format!("list{}", draw.below(4))]});
    }
    if draw.below(10) < 2 {
        targeting["rule"] = json!({"all": [
            {"os": ["iOS", "Android"]},
            {"any": [
                {"visits": [{"segment": segment(draw.zipf(SEGMENTS)), "within": "30d"}]},
                {"os_versions": [{"os": "Android", "min": format!("{}", 9 + draw.below(8))}]},
                {"not": {"segments": [segment(draw.zipf(SEGMENTS))]}},
            ]},
        ]});
    }
    targeting
}

fn catalog(count: usize, rich: bool) -> Catalog {
    let mut draw = Draw(Random::new(2_026));
    let mut catalog = shop::catalog(&[json!({}), json!({})]);
    let usual = catalog.line_items[0].clone();
    let banner = catalog.creatives[1].clone();
    let mut shown = vec![catalog.creatives[0].id.clone()];
    for (at, (w, h)) in SIZES.into_iter().enumerate() {
        let mut creative = banner.clone();
        creative.id = format!("sized{at}").into();
        (creative.format, creative.width, creative.height) = (CreativeFormat::Banner, w, h);
        creative.markup = Some("<b>ad</b>".to_owned());
        shown.push(creative.id.clone());
        catalog.creatives.push(creative);
    }
    catalog.line_items = (0..count)
        .map(|at| {
            let mut item = usual.clone();
            item.id = format!("li_{at}").into();
            let targeting = targeting(&mut draw, rich);
            item.targeting = serde_json::from_value(targeting)
                .unwrap_or_else(|fault| panic!("targeting: {fault}"));
            let sized = draw.below(10) < 8;
            item.creatives = vec![shown[if sized { 1 + draw.below(5) } else { 0 }].clone()];
            item
        })
        .collect();
    catalog
}

fn users(count: usize, rich: bool) -> Vec<Profile> {
    let mut draw = Draw(Random::new(7));
    (0..count)
        .map(|_| {
            let ranks: Vec<usize> = if rich {
                let many = 5 + draw.below(196);
                (0..many).map(|_| draw.zipf(SEGMENTS)).collect()
            } else {
                (0..40).map(|at| at * 11).collect()
            };
            let segments: Vec<_> = ranks
                .into_iter()
                .map(|rank| json!({"id": segment(rank), "last_seen": shop::NOW, "count": 1}))
                .collect();
            let profile = json!({
                "user_id": "u", "demographics": {"age": 18 + draw.below(50)},
                "interests": ["interest3", "interest7", "interest11"], "segments": segments,
            });
            serde_json::from_value(profile).unwrap_or_else(|fault| panic!("a profile: {fault}"))
        })
        .collect()
}

/// Four lists of a quarter of a million domains.
fn lists() -> Arc<SharedLists> {
    let ids: Vec<ListId> = (0..4).map(|at| format!("list{at}").into()).collect();
    let texts: Vec<String> = (0..4)
        .map(|list| {
            let names = (0..250_000).map(|at| format!("site{}.example\n", at * 4 + list));
            names.collect()
        })
        .collect();
    Arc::new(SharedLists::build(ids.iter().zip(&texts).map(
        |(id, lines)| FetchedList {
            id,
            kind: ListKind::Domain,
            version: 1,
            lines,
        },
    )))
}

fn bench(c: &mut Criterion) {
    let shared = lists();
    eprintln!(
        "{} entries of shared lists in {} bytes",
        shared.len(),
        shared.bytes()
    );
    let body = shop::request(json!({
        "device": {"devicetype": 4, "os": "Android", "osv": "13", "language": "en", "geo": {"country": "USA"}},
        "site": {"domain": "www.site777.example", "cat": ["IAB12-1"]},
    }))
    .to_string();
    let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST)
        .unwrap_or_else(|fault| panic!("a request: {fault}"));
    for rich in [false, true] {
        let mut group = c.benchmark_group(if rich {
            "match, all keys"
        } else {
            "match, plain"
        });
        let profiles = users(if rich { 64 } else { 1 }, rich);
        for count in [10_000, 100_000, 1_000_000] {
            let leases = LeaseTable::new(BootId(Uuid::nil()));
            let market = Market::with_lists(&catalog(count, rich), &shared, &leases, "");
            let opportunity = Opportunity::read(&request, &market.rates)
                .unwrap_or_else(|reason| panic!("an opportunity: {reason:?}"));
            let facts: Vec<Facts> = profiles
                .iter()
                .map(|profile| {
                    let user = User {
                        profile: Some(profile),
                        ..User::default()
                    };
                    let mut facts = Facts::default();
                    opportunity.facts(&user, shop::NOW, &mut facts);
                    shared.add_to(&mut facts);
                    opportunity.imp_facts(&opportunity.imps[0], &mut facts);
                    facts
                })
                .collect();
            let mut room = Room::default();
            let mut next = 0;
            group.bench_function(BenchmarkId::from_parameter(count), |b| {
                b.iter_batched(
                    || {
                        next = (next + 1) % facts.len();
                        View {
                            facts: &facts[next],
                            hours: &[],
                            request: None,
                        }
                    },
                    |view| {
                        market.index.match_request(&view, &mut room);
                        market
                            .index
                            .match_imp(&opportunity.imps[0], &view, &mut room);
                        black_box(&room);
                    },
                    BatchSize::SmallInput,
                );
            });
            eprintln!("{count}: {} match", room.open.count());
        }
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
