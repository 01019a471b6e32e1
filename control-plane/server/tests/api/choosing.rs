//! A line item's part in the choice, as it is given, shown and published.

use crate::plane::Plane;
use contracts::catalog::Catalog;
use http::Method;
use serde_json::json;

#[tokio::test]
async fn options_of_the_choice_are_shown_refused_and_published() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let campaign = json!({"name": "c", "advertiser_id": "advertiser_001", "budget": 100,
        "creative": {"title": "t", "description": "d"}});
    let made = plane.post("/campaigns", campaign).await.expect_status(201);
    let item = &made.json()["line_items"][0];
    let creative = item["creative_ids"][0].as_str().unwrap().to_owned();
    let path = format!(
        "/campaigns/{}/line-items/{}",
        made.json()["id"].as_str().unwrap(),
        item["id"].as_str().unwrap()
    );
    assert!(item.get("experiment").is_none() && item.get("max_qps").is_none());
    let experiment = json!({"salt": "s", "arms": [
        {"name": "control", "share": 0.5, "holdout": true, "creatives": []},
        {"name": "b", "share": 0.5, "holdout": false, "creatives": [creative]},
    ]});
    let options = json!({"max_qps": 50, "throttle": 0.25, "max_per_request": 1, "deals_first": true,
        "creative_weights": {(creative.as_str()): 3}, "experiment": experiment});
    let shown = plane.patch(&path, options.clone()).await.expect_status(200);
    for (key, value) in options.as_object().unwrap() {
        assert_eq!(shown.json()[key], *value, "{key}");
    }
    let refused = json!({"throttle": 2, "experiment": {"salt": "s", "arms": [{"name": "a", "share": 0.5, "creatives": ["crt_other"]}]}});
    let refused = plane.patch(&path, refused).await.expect_status(422).json();
    let pointers: Vec<_> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["pointer"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(pointers, ["/throttle", "/experiment/arms/0/creatives/0"]);
    // What a patch does not name stays; null takes an option away.
    let shown = plane.patch(&path, json!({"experiment": null})).await;
    let shown = shown.expect_status(200).json();
    assert!(shown.get("experiment").is_none() && shown["max_qps"] == 50);
    let answer = plane.internal(Method::GET, "/internal/catalog", "").await;
    let catalog: Catalog = serde_json::from_slice(&answer.expect_status(200).body).unwrap();
    let choosing = &catalog.line_items[0].choosing;
    assert_eq!(
        (choosing.max_qps, choosing.max_per_request),
        (Some(50), Some(1))
    );
    assert!(choosing.deals_first && choosing.experiment.is_none());
}
