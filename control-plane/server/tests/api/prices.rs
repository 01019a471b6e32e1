//! What an advertiser says of its price, and what the catalog says of what became of it.

use std::time::Duration;

use crate::plane::Plane;
use contracts::catalog::Catalog;
use http::Method;
use serde_json::{Value, json};
use testkit::poll_until;

const LONG: Duration = Duration::from_secs(60);

fn campaign(differs: &Value) -> Value {
    let mut body = json!({"name": "c", "advertiser_id": "advertiser_001", "budget": 100,
        "creative": {"title": "t", "description": "d"}});
    for (key, value) in differs.as_object().expect("an object") {
        body[key] = value.clone();
    }
    body
}

async fn catalog(plane: &Plane) -> Catalog {
    let answer = plane.internal(Method::GET, "/internal/catalog", "").await;
    serde_json::from_slice(&answer.expect_status(200).body).expect("a catalog")
}

#[tokio::test]
async fn an_offer_is_shown_as_it_was_filled_in_and_patched_key_by_key() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let given = campaign(&json!({
        "bid": {"type": "cpc", "cpc": 0.40, "max_cpm": 8.0},
        "modifiers": [
            {"kind": "key", "key": "countries", "factors": {"usa": 1.2}},
            {"kind": "key", "key": "dayparts", "factors": {"Mon-Fri 9-17": 1.5}, "otherwise": 0.8},
        ],
        "clamp": {"min": 0.5, "max": 2},
        "shading": {"on": true},
    }));
    let made = plane.post("/campaigns", given).await.expect_status(201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/campaigns/{id}");
    let shown = plane.get(&path).await.expect_status(200).json();
    let modifiers = json!([
        {"kind": "key", "key": "countries", "factors": {"US": 1.2}, "otherwise": 1},
        {"kind": "key", "key": "dayparts", "factors": {"mon-fri 09-17": 1.5}, "otherwise": 0.8},
    ]);
    for of in [&shown, &shown["line_items"][0]] {
        assert_eq!(
            of["bid"],
            json!({"type": "cpc", "cpc": 0.4, "max_cpm": 8}),
            "{of:#}"
        );
        assert_eq!(of["modifiers"], modifiers, "{of:#}");
        assert_eq!(of["clamp"], json!({"min": 0.5, "max": 2}), "{of:#}");
        assert_eq!(of["shading"], json!({"on": true}), "{of:#}");
    }
    let patch = json!({"clamp": null, "bid": {"type": "cpa", "cpa": 12}});
    let _ = plane.patch(&path, patch).await.expect_status(200);
    let shown = plane.get(&path).await.expect_status(200).json();
    assert_eq!(
        shown["bid"],
        json!({"type": "cpa", "cpa": 12, "max_cpm": 10})
    );
    assert_eq!(shown["clamp"], Value::Null, "{shown:#}");
    assert_eq!(
        shown["modifiers"], modifiers,
        "what the patch does not name stays"
    );
    let rule = catalog(&plane).await.line_items[0].price.clone();
    assert!(rule.shading.on && rule.raise_to_floor.is_none(), "{rule:?}");
}

#[tokio::test]
async fn a_price_that_cannot_be_meant_is_422_at_its_place() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let cases = [
        (json!({"bid": {"type": "cpc"}}), "/bid/cpc"),
        (json!({"bid": {"type": "cpv", "cpv": 1}}), "/bid/type"),
        (json!({"bid": {"cpm": 5, "max_cpm": 4}}), "/bid/max_cpm"),
        (
            json!({"modifiers": [{"kind": "magic"}]}),
            "/modifiers/0/kind",
        ),
        (
            json!({"modifiers": [{"kind": "key", "key": "countries", "factors": {"Atlantis": 2}}]}),
            "/modifiers/0/factors/Atlantis",
        ),
        (
            json!({"modifiers": [{"kind": "key", "key": "colours", "factors": {"red": 2}}]}),
            "/modifiers/0/key",
        ),
        (
            json!({"modifiers": [{"kind": "count", "of": ["friends"], "step": 1}]}),
            "/modifiers/0/of/0",
        ),
        (json!({"clamp": {"min": 2, "max": 1}}), "/clamp/max"),
    ];
    for (body, at) in cases {
        let answer = plane.post("/campaigns", campaign(&body)).await;
        let problem = answer.expect_status(422).json();
        let pointers: Vec<_> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["pointer"])
            .collect();
        assert!(pointers.contains(&&json!(at)), "{at}: {problem:#}");
    }
}

#[tokio::test]
async fn what_was_observed_is_in_the_catalog_once_it_changed_and_only_where_it_prices_something() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let mut ids = Vec::new();
    for bid in [
        json!({"type": "cpc", "cpc": 0.4}),
        json!({"type": "cpm", "cpm": 2}),
    ] {
        let made = plane
            .post("/campaigns", campaign(&json!({"bid": bid})))
            .await
            .expect_status(201)
            .json();
        ids.push(made["line_items"][0]["id"].as_str().unwrap().to_owned());
    }
    let before = catalog(&plane).await;
    assert_eq!(before.observed.line_items, []);
    assert_eq!(before.observed.priors.strength, 1_000);
    let (client, connection) = tokio_postgres::connect(&plane.database_url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let hour = service::clock::now().0 / 3_600_000 * 3_600_000;
    let old = hour - 15 * 24 * 3_600_000;
    for (at, impressions, clicks) in [(old, 7, 7), (hour - 3_600_000, 400, 3), (hour, 600, 2)] {
        for id in &ids {
            let insert = "INSERT INTO line_item_hours (line_item, hour, impressions, clicks) VALUES ($1, $2, $3, $4)";
            client
                .execute(
                    insert,
                    &[id, &at, &i64::from(impressions), &i64::from(clicks)],
                )
                .await
                .unwrap();
        }
    }
    let counted = async || !catalog(&plane).await.observed.line_items.is_empty();
    poll_until(LONG, counted).await;
    let after = catalog(&plane).await;
    assert_eq!(after.version, before.version + 1);
    let line_items = serde_json::to_value(&after.observed.line_items).unwrap();
    let of_its_own =
        json!([{"line_item": ids[0], "impressions": 1000, "clicks": 5, "conversions": 0}]);
    assert_eq!(
        line_items, of_its_own,
        "15 days ago is forgotten, a CPM needs no rate"
    );
    let advertisers = serde_json::to_value(&after.observed.advertisers).unwrap();
    let of_both = json!([{"advertiser": "advertiser_001", "impressions": 2000, "clicks": 10, "conversions": 0}]);
    assert_eq!(advertisers, of_both);
    // Two more periods in which nothing happened make no version.
    for _ in 0..2 {
        let checked = async || -> std::time::SystemTime {
            client
                .query_one("SELECT checked_at FROM observed", &[])
                .await
                .unwrap()
                .get(0)
        };
        let last = checked().await;
        poll_until(LONG, async || checked().await > last).await;
    }
    assert_eq!(catalog(&plane).await.version, after.version);
}

#[tokio::test]
async fn what_creatives_did_is_in_the_catalog_where_the_model_rotates_them() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let mut paths = Vec::new();
    for _ in 0..2 {
        let made = plane.post("/campaigns", campaign(&json!({}))).await;
        let made = made.expect_status(201).json();
        let item = &made["line_items"][0];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        paths.push((
            text(&made["id"]),
            text(&item["id"]),
            text(&item["creative_ids"][0]),
        ));
    }
    let (campaign, item, creative) = &paths[0];
    let path = format!("/campaigns/{campaign}/line-items/{item}");
    let rotation = json!({"rotation": {"by": "clicks"}});
    let shown = plane.patch(&path, rotation).await.expect_status(200).json();
    assert_eq!(shown["rotation"], json!({"by": "clicks", "explore": 0.1}));
    let (client, connection) = tokio_postgres::connect(&plane.database_url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let hour = service::clock::now().0 / 3_600_000 * 3_600_000;
    let shown_creatives = paths
        .iter()
        .map(|(_, item, creative)| (item, creative.as_str()));
    for (item, creative) in shown_creatives.chain([(item, "crt_no_more_in_it")]) {
        for at in [hour, hour - 3_600_000, hour - 15 * 24 * 3_600_000] {
            let insert = "INSERT INTO creative_hours (line_item, creative, hour, impressions, clicks) VALUES ($1, $2, $3, 50, 2)";
            client
                .execute(insert, &[item, &creative, &at])
                .await
                .unwrap();
        }
    }
    let counted = async || !catalog(&plane).await.observed.creatives.is_empty();
    poll_until(LONG, counted).await;
    let creatives = serde_json::to_value(&catalog(&plane).await.observed.creatives).unwrap();
    let of_its_own = json!([{"line_item": item, "creative": creative, "impressions": 100, "clicks": 4, "conversions": 0}]);
    assert_eq!(creatives, of_its_own);
}
