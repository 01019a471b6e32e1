//! Accounts of SSPs: made with a publisher, let in by keys of which only digests are kept, switched off.

use crate::plane::Plane;
use contracts::access::KeyDigest;
use contracts::catalog::{AccountStatus, Catalog, SspAccount};
use http::Method;
use serde_json::{Value, json};

async fn published(plane: &Plane) -> Option<SspAccount> {
    let feed = plane.internal(Method::GET, "/internal/catalog", "").await;
    let catalog: Catalog =
        serde_json::from_slice(&feed.expect_status(200).body).expect("a catalog");
    catalog.publishers.into_iter().next()?.account
}

#[tokio::test]
async fn s_2_a_key_is_shown_once_and_kept_as_its_digest() {
    let plane = Plane::start().await;
    let ssp = json!({"id": "ssp1", "name": "SSP", "domain": "ssp.example", "fee": 0.1,
        "account": {"qps": 100, "tmax_ms": 150, "floor": 0.25, "ads_txt": "known"}});
    let made = plane
        .post("/publishers", ssp)
        .await
        .expect_status(201)
        .json();
    assert_eq!(
        made["account"],
        json!({"status": "live", "keys": [], "qps": 100, "in_flight": 0, "owner": false, "keep_macros": false,
            "tmax_ms": 150, "floor": 0.25, "floor_currency": "USD", "ads_txt": "known"})
    );
    let once = [("idempotency-key", "k1")];
    let made = plane
        .call(Method::POST, "/publishers/ssp1/keys", &once, Value::Null)
        .await;
    let made = made.expect_status(201).json();
    let key = made["key"].as_str().expect("the key").to_owned();
    assert!(
        key.starts_with("gavel_ssp_") && key.len() == 53,
        "256 bits: {key}"
    );
    let again = plane
        .call(Method::POST, "/publishers/ssp1/keys", &once, Value::Null)
        .await;
    let again = again.expect_status(201).json();
    assert_eq!(
        (&again["id"], again.get("key")),
        (&made["id"], None),
        "once"
    );

    let account = published(&plane).await.expect("an account");
    assert_eq!(account.keys[0].digest, KeyDigest::of(&key));
    let next = plane
        .post("/publishers/ssp1/keys", Value::Null)
        .await
        .expect_status(201)
        .json();
    let third = plane.post("/publishers/ssp1/keys", Value::Null).await;
    let third = third.expect_status(409).json();
    assert_eq!(
        third["code"], "too_many_keys",
        "two live keys, for rotation"
    );

    let off = plane
        .patch("/publishers/ssp1", json!({"account": {"status": "off"}}))
        .await;
    let off = off.expect_status(200).json();
    assert_eq!(
        (&off["account"]["qps"], &off["account"]["tmax_ms"]),
        (&json!(100), &json!(150))
    );
    let account = published(&plane).await.expect("an account");
    assert_eq!(
        (account.status, account.keys.len()),
        (AccountStatus::Off, 2)
    );

    let path = format!(
        "/publishers/ssp1/keys/{}",
        made["id"].as_str().unwrap_or_default()
    );
    let _ = plane
        .call(Method::DELETE, &path, &[], Value::Null)
        .await
        .expect_status(200);
    let _ = plane
        .call(Method::DELETE, &path, &[], Value::Null)
        .await
        .expect_status(404);
    let account = published(&plane).await.expect("an account");
    assert_eq!(account.keys[0].id, next["id"], "the other one stays");

    for path in ["/publishers/ssp1", "/publishers", "/audit"] {
        let shown = plane.get(path).await.expect_status(200).text();
        assert!(!shown.contains(&key), "{path}: {shown}");
    }
    let gone = plane
        .patch("/publishers/ssp1", json!({"account": null}))
        .await;
    assert_eq!(gone.expect_status(200).json().get("account"), None);
    assert_eq!(published(&plane).await, None);
}
