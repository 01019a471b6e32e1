//! Shading over a real socket: what sellers tell with wins and losses lowers the next bid.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod house;
#[path = "../../core/tests/shop/mod.rs"]
mod shop;

use std::time::Duration;

use house::House;
use serde_json::{Value, json};
use testkit::http::get;
use testkit::poll_until;

const LONG: Duration = Duration::from_secs(30);
const QUICK: [(&str, &str); 3] = [
    ("shading.samples", "5"),
    ("shading.explore", "0"),
    ("shading.save", "1s"),
];

fn catalog() -> contracts::catalog::Catalog {
    shop::catalog(&[json!({"cpm": 4.0, "modifiers": [], "shading": {"on": true}})])
}

async fn bid(house: &House) -> Value {
    let answer = house
        .bid(&shop::request(json!({})))
        .await
        .expect_status(200);
    answer.json()["seatbid"][0]["bid"][0].clone()
}

/// Calls a notice as an exchange does that fills in these macros.
async fn call(bid: &Value, name: &str, price: &str, minimum: &str) {
    let url = bid[name]
        .as_str()
        .unwrap()
        .replace("${AUCTION_PRICE}", price)
        .replace("${AUCTION_CURRENCY}", "USD")
        .replace("${AUCTION_LOSS}", "102")
        .replace("${AUCTION_MIN_TO_WIN}", minimum);
    let _ = get(&url).await.expect_status(200);
}

fn price(bid: &Value) -> f64 {
    bid["price"].as_f64().unwrap()
}

async fn metric(house: &House, line: &str) -> f64 {
    let shown = house.operator("/metrics").await;
    let text = String::from_utf8(shown.body.to_vec()).unwrap();
    let value = text
        .lines()
        .find_map(|it| it.strip_prefix(line)?.trim().parse().ok());
    value.unwrap_or(0.0)
}

#[tokio::test]
async fn wins_and_losses_teach_what_is_enough_and_its_saving_is_told() {
    let house = House::open(catalog(), &QUICK).await;
    assert!(
        (price(&bid(&house).await) - 4.0).abs() < 1e-9,
        "nothing is known yet"
    );
    // Nine auctions were won where 1.20 would have been enough, one was lost to a bid of 5.
    for _ in 0..9 {
        call(&bid(&house).await, "nurl", "4", "1.2").await;
    }
    call(&bid(&house).await, "lurl", "", "5").await;
    let lowered = async || price(&bid(&house).await) < 4.0;
    poll_until(LONG, lowered).await;
    let shaded = bid(&house).await;
    assert!((1.2..1.3).contains(&price(&shaded)), "{shaded:#}");
    let heard = "gavel_shading_minimums_total{outcome=\"queued\"}";
    assert!((metric(&house, heard).await - 10.0).abs() < 1e-9);

    let saved = "gavel_shading_saved_nanos_total";
    assert!(
        metric(&house, saved).await.abs() < 1e-9,
        "nothing is saved before it is billed"
    );
    call(&shaded, "burl", &shaded["price"].to_string(), "").await;
    let want = (4.0 - price(&shaded)) * 1e6;
    assert!((metric(&house, saved).await - want).abs() < 0.5, "{want}");
    assert!(
        (metric(&house, "gavel_bidder_charged_nanos_total").await - price(&shaded) * 1e6).abs()
            < 0.5
    );
}

#[tokio::test]
async fn b_51_what_is_empty_unexpanded_or_contradicts_the_notice_teaches_nothing() {
    let house = House::open(catalog(), &QUICK).await;
    let cases = [
        ("nurl", ""),
        ("nurl", "${AUCTION_MIN_TO_WIN}"),
        ("nurl", "AUDIT"),
        ("nurl", "-1"),
        ("nurl", "NaN"),
        ("nurl", "1e400"),
        // A bid of 4 won: nothing above it was needed. It lost: less was not enough.
        ("nurl", "4.01"),
        ("lurl", "3.99"),
    ];
    for (name, minimum) in cases {
        call(&bid(&house).await, name, "4", minimum).await;
    }
    let unusable = "gavel_shading_minimums_total{outcome=\"unusable\"}";
    assert!((metric(&house, unusable).await - 8.0).abs() < 1e-9);
    // A notice that is repeated teaches once, and one without a place nothing at all.
    let once = bid(&house).await;
    for _ in 0..10 {
        call(&once, "nurl", "4", "1").await;
    }
    let mut nowhere = bid(&house).await;
    let url = nowhere["nurl"]
        .as_str()
        .unwrap()
        .split("&place=")
        .next()
        .unwrap()
        .to_owned();
    nowhere["nurl"] = json!(url);
    call(&nowhere, "nurl", "4", "1").await;
    let queued = "gavel_shading_minimums_total{outcome=\"queued\"}";
    assert!((metric(&house, queued).await - 1.0).abs() < 1e-9);
    assert!((price(&bid(&house).await) - 4.0).abs() < 1e-9);
}

#[tokio::test]
async fn what_was_learned_outlives_the_process() {
    let id = uuid::Uuid::from_bytes(service::clock::random_bytes());
    let data = std::env::temp_dir().join(format!("gavel-shading-{id}"));
    let in_data = [QUICK.as_slice(), &[("data_dir", data.to_str().unwrap())]].concat();
    let house = House::open(catalog(), &in_data).await;
    for _ in 0..10 {
        call(&bid(&house).await, "nurl", "4", "1.2").await;
    }
    poll_until(LONG, async || price(&bid(&house).await) < 4.0).await;
    drop(house);
    let house = House::open(catalog(), &in_data).await;
    poll_until(LONG, async || price(&bid(&house).await) < 4.0).await;
    let heard = "gavel_shading_minimums_total{outcome=\"queued\"}";
    assert!(
        metric(&house, heard).await.abs() < 1e-9,
        "this process was told nothing"
    );
    drop(house);
    std::fs::remove_dir_all(data).unwrap();
}
