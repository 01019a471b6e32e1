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

#[tokio::test]
async fn options_of_a_campaign_are_its_line_items_where_these_say_nothing() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let shown = |body: &serde_json::Value| {
        let keys = ["max_qps", "throttle", "deals_first", "rotation"];
        keys.map(|key| body[key].clone())
    };
    let rotation = json!({"by": "clicks", "explore": 0.2});
    let campaign = json!({"name": "c", "advertiser_id": "advertiser_001", "budget": 100, "max_qps": 50,
        "rotation": rotation, "creative": {"title": "t", "description": "d"}});
    let refused =
        json!({"name": "c", "advertiser_id": "advertiser_001", "budget": 100, "throttle": 2});
    let refused = plane.post("/campaigns", refused).await.expect_status(422);
    assert_eq!(refused.json()["errors"][0]["pointer"], "/throttle");
    let made = plane
        .post("/campaigns", campaign)
        .await
        .expect_status(201)
        .json();
    let want = [json!(50), json!(null), json!(null), rotation.clone()];
    assert_eq!(shown(&made), want, "{made:#}");
    assert_eq!(shown(&made["line_items"][0]), want);
    let path = format!("/campaigns/{}", made["id"].as_str().unwrap());
    let lines = format!("{path}/line-items");
    let creative = &made["line_items"][0]["creative_ids"][0];
    // A further line item has the campaign's options but where it says otherwise.
    for (body, want) in [
        (json!({"creative_ids": [creative]}), want.clone()),
        (
            json!({"creative_ids": [creative], "max_qps": 9, "rotation": null}),
            [json!(9), json!(null), json!(null), json!(null)],
        ),
    ] {
        let line = plane.post(&lines, body).await.expect_status(201).json();
        assert_eq!(shown(&line), want, "{line:#}");
    }
    // The campaign's own line item follows it, and the other way round.
    let patch = json!({"throttle": 0.5, "max_qps": null});
    let _ = plane.patch(&path, patch).await.expect_status(200);
    let now = plane.get(&path).await.expect_status(200).json();
    let want = [json!(null), json!(0.5), json!(null), rotation.clone()];
    assert_eq!(shown(&now), want, "{now:#}");
    assert_eq!(shown(&now["line_items"][0]), want);
    assert_eq!(
        shown(&now["line_items"][1])[0],
        50,
        "others stay as they are"
    );
    let own = format!("{lines}/{}", now["line_items"][0]["id"].as_str().unwrap());
    let _ = plane
        .patch(&own, json!({"deals_first": true}))
        .await
        .expect_status(200);
    let now = plane.get(&path).await.expect_status(200).json();
    assert_eq!(shown(&now)[2], true);
}
