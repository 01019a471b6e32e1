//! A user state that is away, silent or slow: bids go on without it (R13, R14, R16).

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod house;
#[path = "../../core/tests/shop/mod.rs"]
mod shop;

use std::time::Duration;

use house::{House, OPERATOR};
use serde_json::{Value, json};
use testkit::{Proxy, Toxic};

const PATIENCE: Duration = Duration::from_secs(30);

fn shown_as() -> Value {
    json!([{"scope": "line_item", "count": 1_000, "window": {"sliding_seconds": 3_600}}])
}

/// Who bids: the capped one pays most, the bold one is capped and bids all the same.
fn three() -> contracts::catalog::Catalog {
    shop::catalog(&[
        json!({"id": "capped", "cpm": 5.0, "caps": shown_as()}),
        json!({"id": "bold", "cpm": 3.0, "caps": shown_as(), "on_cap_unknown": "bid"}),
        json!({"id": "free", "cpm": 1.0}),
    ])
}

fn request(user: u32) -> Value {
    shop::request(json!({"tmax": 2_000, "user": {"id": format!("u{user}")}}))
}

/// The price of the bid of each of some requests, of users that were never seen; all of them bid.
async fn prices(house: &House, from: u32, count: u32) -> Vec<i64> {
    let mut prices = Vec::new();
    for user in from..from + count {
        let answer = house.bid(&request(user)).await;
        assert_eq!(answer.status, 200, "no 5xx, no silence: {answer}");
        let price = &answer.json()["seatbid"][0]["bid"][0]["price"];
        prices.push(price.as_i64().unwrap_or_else(|| panic!("{answer}")));
    }
    prices
}

#[tokio::test]
async fn r_13_r_14_without_the_user_state_bids_go_on_and_capped_ones_come_back_with_it() {
    let redis = testkit::stores().redis().await;
    let (proxy, url) = Proxy::before(&redis.state_url).await;
    let overrides = [("redis_url", url.as_str()), ("user_budget", "40ms")];
    let house = House::open(three(), &overrides).await;
    let mut user = 0;
    let mut until = async |wanted: i64| {
        testkit::poll_until(PATIENCE, async || {
            user += 10;
            prices(&house, user, 4).await.iter().all(|it| *it == wanted)
        })
        .await;
    };
    let (capped, bold) = (5, 3);
    until(capped).await;
    for toxic in [
        Toxic::ResetPeer,
        Toxic::Timeout,
        Toxic::Latency(Duration::from_millis(60)),
    ] {
        proxy.set(toxic);
        until(bold).await;
        let refused = house
            .post("/explain", &[OPERATOR], request(1).to_string())
            .await;
        assert!(
            refused.text().contains("cap_unknown"),
            "{toxic:?}: {refused}"
        );
        let health = house.operator("/health").await;
        assert_eq!(health.status, 200);
        proxy.set(Toxic::None);
        until(capped).await;
    }
}

#[tokio::test]
async fn r_13_what_is_capped_alone_does_not_bid_and_says_so() {
    let redis = testkit::stores().redis().await;
    let (proxy, url) = Proxy::before(&redis.state_url).await;
    let catalog = shop::catalog(&[json!({"id": "capped", "cpm": 5.0, "caps": shown_as()})]);
    let house = House::open(catalog, &[("redis_url", url.as_str())]).await;
    proxy.set(Toxic::ResetPeer);
    let mut user = 0;
    testkit::poll_until(PATIENCE, async || {
        user += 1;
        house.bid(&request(user)).await.status == 204
    })
    .await;
    for user in 1_000..1_010 {
        let answer = house.bid(&request(user)).await;
        assert_eq!(answer.status, 204, "{answer}");
        assert!(answer.header("x-gavel-no-bid").is_some());
    }
}

#[tokio::test]
async fn r_16_a_full_user_state_lets_uncapped_line_items_bid() {
    let stores = testkit::PrivateStores::start();
    let url = stores.embedded().state_redis_url().to_owned();
    let catalog = shop::catalog(&[
        json!({"id": "capped", "cpm": 5.0, "caps": shown_as()}),
        json!({"id": "free", "cpm": 1.0}),
    ]);
    let house = House::open(catalog, &[("redis_url", url.as_str())]).await;
    let mut user = 0;
    let mut until = async |wanted: i64| {
        testkit::poll_until(PATIENCE, async || {
            user += 10;
            prices(&house, user, 4).await.iter().all(|it| *it == wanted)
        })
        .await;
    };
    until(5).await;
    let users = userstate::UserState::connect(&url, userstate::Budget::default()).unwrap();
    users.ping().await.unwrap();
    limit(&users, 1).await;
    until(1).await;
    let metrics = house.operator("/metrics").await.text();
    let evicted = users.memory_ratio().await.unwrap();
    assert!(evicted > 1.0, "it is full");
    assert!(metrics.contains("gavel_redis_memory_ratio"));
    limit(&users, 0).await;
    until(5).await;
}

async fn limit(users: &userstate::UserState, bytes: u64) {
    let mut set = redis::cmd("CONFIG");
    set.arg("SET").arg("maxmemory").arg(bytes);
    let () = set.query_async(&mut users.connection()).await.unwrap();
}
