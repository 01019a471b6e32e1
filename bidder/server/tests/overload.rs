//! What the bidder turns away, and for whom (B-1, R22, R24, S5).

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod house;
#[path = "../../core/tests/shop/mod.rs"]
mod shop;

use std::time::Duration;

use house::{House, OPERATOR};
use serde_json::json;
use service::http::Method;
use testkit::http::{Answer, post_late, send};

const PATIENCE: Duration = Duration::from_secs(20);
const KEYS: [(&str, &str); 3] = [
    ("sources.one.key", "k1"),
    ("sources.two.key", "k2"),
    ("sources.two.active", "false"),
];

async fn change(house: &House, source: &str, terms: serde_json::Value) -> Answer {
    let url = format!("{}/sources/{source}", house.url);
    send(Method::PATCH, &url, &[OPERATOR], terms.to_string()).await
}

#[tokio::test]
async fn s_5_r_24_each_source_has_its_key_its_quota_and_its_switch() {
    let house = House::open(shop::catalog(&[json!({"id": "a", "cpm": 1.0})]), &KEYS).await;
    let request = shop::request(json!({})).to_string();
    let ask = async |key: &str| {
        house
            .post("/bid", &[("x-gavel-key", key)], request.clone())
            .await
    };
    assert_eq!(ask("k1").await.status, 200);
    let off = ask("k2").await;
    assert_eq!(
        (off.status, off.header("x-shed-reason")),
        (204, Some("source_off"))
    );
    assert!(off.header("x-gavel-auction-id").is_some());
    assert_eq!(ask("k3").await.status, 401);

    let shown = change(&house, "two", json!({"active": true, "qps": 1})).await;
    let shown = shown.expect_status(200).json();
    assert_eq!(
        (&shown["active"], &shown["qps"]),
        (&json!(true), &json!(1)),
        "{shown}"
    );
    let mut reasons = Vec::new();
    for _ in 0..50 {
        let answer = ask("k2").await;
        reasons.extend(answer.header("x-shed-reason").map(str::to_owned));
    }
    assert!(
        !reasons.is_empty() && reasons.iter().all(|it| it == "quota"),
        "{reasons:?}"
    );
    assert_eq!(
        ask("k1").await.status,
        200,
        "the other source loses nothing"
    );

    let off = change(&house, "one", json!({"active": false})).await;
    assert_eq!(off.status, 200);
    assert_eq!(ask("k1").await.header("x-shed-reason"), Some("source_off"));
    assert_eq!(change(&house, "three", json!({})).await.status, 404);
    assert_eq!(change(&house, "one", json!({"speed": 1})).await.status, 400);
    let listed = house.operator("/sources").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    let url = format!("{}/sources", house.url);
    assert_eq!(testkit::http::get(&url).await.status, 401, "for operators");
}

#[tokio::test]
async fn s_5_what_the_control_plane_says_of_a_source_holds_and_outlives_a_restart() {
    let mut house = House::open(shop::catalog(&[json!({"id": "a", "cpm": 1.0})]), &KEYS).await;
    let request = shop::request(json!({})).to_string();
    let shed = async |house: &House, key: &str| {
        let answer = house
            .post("/bid", &[("x-gavel-key", key)], request.clone())
            .await;
        answer.header("x-shed-reason").map(str::to_owned)
    };
    let say = |house: &House, sources: serde_json::Value| {
        let mut catalog = house.plane.catalog.lock().unwrap();
        catalog.sources = serde_json::from_value(sources).unwrap();
        catalog.version += 1;
    };
    let off = Some("source_off".to_owned());
    assert_eq!(shed(&house, "k1").await, None);
    say(
        &house,
        json!([{"id": "one", "active": false}, {"id": "two", "active": true}, {"id": "of another bidder", "active": false}]),
    );
    testkit::poll_until(PATIENCE, async || shed(&house, "k1").await == off).await;
    assert_eq!(shed(&house, "k2").await, None, "on, though configured off");

    // Without the control plane a bidder starts with what it said last.
    *house.plane.down.lock().unwrap() = true;
    house.restart(&KEYS);
    let ready = format!("{}/readyz", house.url);
    testkit::poll_until(PATIENCE, async || {
        testkit::http::get(&ready).await.status == 200
    })
    .await;
    assert_eq!(shed(&house, "k1").await, off);

    // A change at this process stays until the control plane says something new.
    let on = change(&house, "one", json!({"active": true})).await;
    assert_eq!(on.status, 200);
    assert_ne!(shed(&house, "k1").await, off);
    *house.plane.down.lock().unwrap() = false;
    say(&house, json!([]));
    testkit::poll_until(PATIENCE, async || shed(&house, "k2").await == off).await;
    assert_eq!(shed(&house, "k1").await, None, "as both are configured");
}

#[tokio::test]
async fn r_22_a_request_whose_time_is_over_before_it_begins_is_not_computed() {
    let house = House::open(shop::catalog(&[json!({"id": "a", "cpm": 1.0})]), &[]).await;
    let request = shop::request(json!({"tmax": 100})).to_string();
    // When it is whole its time is over.
    let late = Duration::from_millis(101);
    let late = post_late(&format!("{}/bid", house.url), &[], &request, late).await;
    assert!(late.starts_with("HTTP/1.1 204 "), "{late}");
    assert!(late.contains("x-shed-reason: deadline\r\n"), "{late}");

    let ask = async |tmax: i32| house.bid(&shop::request(json!({"tmax": tmax}))).await;
    let never_enough = ask(0).await;
    assert_eq!(never_enough.header("x-shed-reason"), None, "B-31");
    assert_eq!(
        (never_enough.status, never_enough.json()["nbr"].as_i64()),
        (200, Some(15)),
        "B-31"
    );
    assert_eq!(ask(99).await.status, 200);
}
