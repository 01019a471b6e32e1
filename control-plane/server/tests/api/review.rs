//! Reviews of creatives: what is approved, by whom, and when a verdict is void.

use crate::plane::Plane;
use contracts::catalog::{Catalog, Review};
use http::Method;
use serde_json::json;

async fn published(plane: &Plane) -> Vec<(String, Review)> {
    let feed = plane.internal(Method::GET, "/internal/catalog", "").await;
    let catalog: Catalog =
        serde_json::from_slice(&feed.expect_status(200).body).expect("a catalog");
    catalog
        .creatives
        .iter()
        .map(|it| (it.id.as_str().to_owned(), it.review))
        .collect()
}

fn new(id: &str) -> serde_json::Value {
    json!({"id": id, "advertiser_id": "advertiser_001", "title": "t"})
}

#[tokio::test]
async fn by_default_what_an_operator_makes_is_approved() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let made = plane.post("/creatives", new("c1")).await.expect_status(201);
    assert_eq!(made.json()["review"], "approved");
    for (key, value) in [("review", json!("approved")), ("approvals", json!({}))] {
        let refused = plane.patch("/creatives/c1", json!({key: value})).await;
        assert_eq!(
            (refused.status, &refused.json()["pointer"]),
            (422, &json!(format!("/{key}"))),
            "a verdict has a call of its own"
        );
    }
    let rejected = plane
        .post("/creatives/c1/review", json!({"review": "rejected"}))
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        (&rejected["review"], &rejected["version"]),
        (&json!("rejected"), &json!(2))
    );
    assert_eq!(
        published(&plane).await,
        [("c1".to_owned(), Review::Rejected)]
    );
    let audit = plane.get("/audit").await.expect_status(200).json();
    assert!(
        audit["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["action"] == "review"),
        "{audit}"
    );
    let nobody = plane
        .post("/creatives/c9/review", json!({"review": "approved"}))
        .await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn where_creatives_are_held_each_waits_for_its_verdict() {
    let database = testkit::stores().database().await;
    let hold = [("creative_review", "hold")];
    let plane = Plane::start_with(database.url, true, &hold).await;
    plane.advertiser().await;
    let made = plane.post("/creatives", new("c1")).await.expect_status(201);
    assert_eq!(made.json()["review"], "pending");
    let campaign = plane.campaign(10.0).await;
    let whole = plane.get(&format!("/campaigns/{campaign}")).await.json();
    assert_eq!(whole["creatives"][0]["review"], "pending", "{whole}");

    let verdict = |body| plane.post("/creatives/c1/review", body);
    let _ = verdict(json!({"review": "approved"}))
        .await
        .expect_status(200);
    let theirs = json!({"review": "approved", "source": "ssp-one"});
    let shown = verdict(theirs).await.expect_status(200).json();
    assert_eq!(
        (&shown["review"], &shown["approvals"]),
        (&json!("approved"), &json!({"ssp-one": "approved"}))
    );

    let paused = plane
        .patch("/creatives/c1", json!({"status": "paused"}))
        .await;
    assert_eq!(paused.expect_status(200).json()["review"], "approved");
    let other = plane
        .patch("/creatives/c1", json!({"title": "other"}))
        .await;
    let other = other.expect_status(200).json();
    assert_eq!(
        (&other["review"], &other["approvals"]),
        (&json!("pending"), &json!({"ssp-one": "pending"})),
        "what was approved is no longer what is shown"
    );
}
