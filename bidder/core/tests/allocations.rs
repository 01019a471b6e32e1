//! P6: allocations per decision, counted. One test, since the count is of the whole process.

mod shop;

use std::alloc::System;

use bidder_core::decide::{Instant, decide};
use bidder_core::opportunity::Opportunity;
use bidder_core::random::Random;
use bidder_core::user::User;
use contracts::profile::Profile;
use openrtb::{BidRequest, Limits};
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The lists of imps on offer and of bids; and now and then the counters of matches grow by a bit.
const ALLOWED: usize = 3;

#[test]
fn a_decision_allocates_little() {
    let items: Vec<_> = (0..2_000)
        .map(|at| json!({"cpm": 1.0 + f64::from(at % 50) / 10.0, "targeting": {"countries": ["US", "DE"]}}))
        .collect();
    let mut shop = shop::Shop::funded(&items);
    let profile: Profile = serde_json::from_value(json!({
        "user_id": "u", "demographics": {"age": 30}, "interests": ["technology", "shopping"],
        "segments": (0..40).map(|at| json!({"id": format!("s{at}"), "last_seen": 0, "count": 1})).collect::<Vec<_>>(),
    }))
    .unwrap();
    let user = User {
        key: Some("u"),
        profile: Some(&profile),
        known: None,
        stamps: None,
    };
    let body = shop::request(json!({"imp": [
        {"id": "1", "bidfloor": 0.5, "banner": {"w": 300, "h": 250}},
        {"id": "2", "bidfloor": 0.5, "banner": {"w": 728, "h": 90}},
    ]}))
    .to_string();
    let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
    let at = Instant {
        now: shop::NOW,
        boot: shop::BOOT,
    };
    let mut counted = Vec::new();
    for _ in 0..5 {
        let mut random = Random::new(1);
        let region = Region::new(ALLOCATOR);
        let opportunity = Opportunity::read(&request, &shop.market.rates).unwrap();
        let decision = decide(
            &opportunity,
            &shop.market,
            &user,
            at,
            &mut random,
            &mut shop.scratch,
        );
        counted.push(region.change().allocations);
        assert_eq!(decision.imps.len(), 2);
    }
    // The first decision fills the scratch memory that the others use again.
    let most = counted.iter().skip(1).max().copied().unwrap_or_default();
    println!("allocations per decision: {most}");
    assert!(
        counted.iter().skip(1).all(|count| *count <= ALLOWED),
        "{counted:?}"
    );
}
