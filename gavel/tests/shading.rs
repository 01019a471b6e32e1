//! Shading over the whole market: what the exchange tells of its auctions lowers the bids in the next ones.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod stack;

use serde_json::{Value, json};
use stack::{PATIENCE, Stack};
use testkit::http::{get, post_json};
use testkit::poll_until;

/// Our bid's part of the answer to a first-price auction, if this campaign won it.
async fn won(stack: &Stack, campaign: &str) -> Option<Value> {
    let request = json!({
        "id": "shading", "at": 1, "tmax": 1000, "cur": ["USD"],
        "imp": [{"id": "1", "bidfloor": 0.5, "banner": {"format": [{"w": 300, "h": 250}]}}],
        "site": {"id": "s", "domain": "harbour-gazette.example", "page": "https://harbour-gazette.example/"},
        "device": {"devicetype": 2, "ua": "Mozilla/5.0 (X11; Linux x86_64)", "ip": "203.0.113.9"},
    });
    let answer = post_json(&stack.rtb("/openrtb2/auction"), &request).await;
    if answer.status != 200 {
        return None;
    }
    let bid = answer.json()["seatbid"][0]["bid"][0].clone();
    (bid["cid"] == campaign).then_some(bid)
}

async fn notice(bid: &Value, name: &str) {
    let answer = get(bid[name].as_str().unwrap()).await;
    assert_eq!(answer.status, 200, "{name}: {answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_campaign_that_shades_pays_less_than_it_states_and_is_told_what_it_saved() {
    let stack = Stack::start().await;
    let campaign = json!({
        "name": "shading", "advertiser_id": "advertiser_001", "budget": 10000,
        "creative": {"title": "Sale", "description": "Now"}, "modifiers": [],
        "bid": {"type": "cpm", "cpm": 15.0, "max_cpm": 15.0}, "shading": {"on": true},
    });
    let made = post_json(&stack.api("/campaigns"), &campaign).await;
    let made = made.expect_status(201).json();
    let id = made["id"].as_str().unwrap();
    let first = poll_until(PATIENCE, async || won(&stack, id).await).await;
    assert_eq!(first["price"].to_string(), "15", "nothing is known yet");
    // Each win tells through the exchange's own notice what would have been enough. Leases follow the demand,
    // so that not every auction of a burst can be won.
    let mut told = 0;
    poll_until(PATIENCE, async || {
        if let Some(bid) = won(&stack, id).await {
            notice(&bid, "nurl").await;
            told += 1;
        }
        told >= 60
    })
    .await;
    let shaded = poll_until(PATIENCE, async || {
        let bid = won(&stack, id).await?;
        (bid["price"].as_f64() < Some(15.0)).then_some(bid)
    })
    .await;
    let price = shaded["price"].as_f64().unwrap();
    assert!(price >= 0.5, "not under the floor: {shaded:#}");
    notice(&shaded, "burl").await;
    let saved = poll_until(PATIENCE, async || {
        let stats = get(&stack.api(&format!("/campaigns/{id}/stats"))).await;
        let saved = stats.expect_status(200).json()["shading_saved"].as_f64()?;
        (saved > 0.0).then_some(saved)
    })
    .await;
    assert!(
        (saved - (15.0 - price) / 1000.0).abs() < 1e-9,
        "{saved} of {price}"
    );
    stack.stop().await;
}
