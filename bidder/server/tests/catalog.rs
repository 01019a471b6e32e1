//! The catalog over a real socket: bad records, the copy on disk, a control plane that is away.

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

const PATIENCE: Duration = Duration::from_secs(30);

async fn until_ready(house: &House) {
    let ready = format!("{}/readyz", house.url);
    testkit::poll_until(PATIENCE, async || get(&ready).await.status == 200).await;
}

async fn health(house: &House) -> Value {
    get(&format!("{}/health", house.url)).await.json()
}

/// What is told of the line items: those that can bid, and those that cannot.
async fn loaded(house: &House) -> (Vec<String>, Vec<Value>) {
    let answer = house.operator("/campaigns").await.json();
    let ids = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|it| it["line_items"].as_array().unwrap())
        .map(|it| it["id"].as_str().unwrap().to_owned());
    (
        ids.collect(),
        answer["left_out"].as_array().unwrap().clone(),
    )
}

#[tokio::test]
async fn r_44_bad_records_are_left_out_and_named_and_the_rest_bids() {
    let house = House::start(shop::catalog(&[json!({"id": "a"})]), &[]).await;
    let mut edited = serde_json::to_value(shop::catalog(&[
        json!({"id": "good", "cpm": 1.0}),
        json!({"id": "odd"}),
        json!({"id": "bare"}),
        json!({"id": "lost"}),
    ]))
    .unwrap();
    let version = edited["version"].as_u64().unwrap() + 1;
    edited["version"] = json!(version);
    edited["line_items"][1]["epoch"] = json!("seven");
    edited["creatives"][2] = json!({"id": "crt_2"});
    edited["campaigns"][3]["budget"] = json!(-1);
    *house.plane.text.lock().unwrap() = Some(edited.to_string());
    house.plane.catalog.lock().unwrap().version = version;
    testkit::poll_until(PATIENCE, async || loaded(&house).await.0 == ["good"]).await;
    let (_, left_out) = loaded(&house).await;
    let mut told: Vec<_> = left_out
        .iter()
        .map(|it| {
            format!(
                "{} {}",
                it["list"].as_str().unwrap(),
                it["id"].as_str().unwrap()
            )
        })
        .collect();
    told.sort_unstable();
    let expected = [
        "campaigns campaign_3",
        "creatives crt_2",
        "line_items bare",
        "line_items lost",
        "line_items odd",
    ];
    assert_eq!(told, expected, "{left_out:?}");
    assert!(
        left_out
            .iter()
            .all(|it| !it["why"].as_str().unwrap().is_empty())
    );
    // E8: asked about by name, each has its reason.
    for (id, why) in [("odd", "quarantined: "), ("bare", "left out: ")] {
        let path = format!("/explain?line_item={id}");
        let request = shop::request(json!({})).to_string();
        let answer = house.post(&path, &[house::OPERATOR], request).await;
        let answer = answer.expect_status(200).json();
        let told = answer["absent"][0]["why"].as_str().unwrap();
        assert!(told.starts_with(why), "{id}: {told}");
    }
    let metrics = get(&format!("{}/metrics", house.url)).await.text();
    assert!(
        metrics.contains("gavel_catalog_quarantined_records 3\n"),
        "{metrics}"
    );
    assert!(metrics.contains(&format!("gavel_catalog_version {version}\n")));
}

#[tokio::test]
async fn r_44_a_catalog_that_is_none_leaves_the_last_good_one_in_force() {
    let house = House::start(shop::catalog(&[json!({"id": "a"})]), &[]).await;
    *house.plane.text.lock().unwrap() = Some("{\"version\":".to_owned());
    house.plane.catalog.lock().unwrap().version += 1;
    testkit::poll_until(PATIENCE, async || {
        let health = health(&house).await;
        health["dependencies"]["control_plane"]["status"] == "down"
    })
    .await;
    assert_eq!(loaded(&house).await.0, ["a"]);
    assert_eq!(
        get(&format!("{}/readyz", house.url)).await.status,
        200,
        "R17"
    );
}

#[tokio::test]
async fn r_17_r_18_without_the_control_plane_a_bidder_goes_on_and_starts_again_from_its_copy() {
    let old = [("catalog_old_after", "1ms")];
    let mut house = House::start(shop::catalog(&[json!({"id": "a"})]), &old).await;
    let copy = house.data.join("catalog.json");
    testkit::poll_until(PATIENCE, async || copy.exists()).await;
    *house.plane.down.lock().unwrap() = true;
    testkit::poll_until(PATIENCE, async || {
        let health = health(&house).await;
        let down = |name: &str| health["dependencies"][name]["status"] == "down";
        health["status"] == "degraded" && down("control_plane") && down("catalog")
    })
    .await;
    assert_eq!(get(&format!("{}/readyz", house.url)).await.status, 200);
    assert_eq!(get(&format!("{}/livez", house.url)).await.status, 200);

    house.restart(&[]);
    until_ready(&house).await;
    assert_eq!(loaded(&house).await.0, ["a"]);
    testkit::poll_until(PATIENCE, async || {
        let catalog = health(&house).await["dependencies"]["catalog"].clone();
        catalog["status"] == "up"
            && catalog["detail"]
                .as_str()
                .unwrap_or("")
                .starts_with("version ")
    })
    .await;

    // A copy that is too old, then one that is damaged: unready until the control plane is back.
    house.restart(&[("catalog_max_age", "0ms")]);
    testkit::poll_until(PATIENCE, async || {
        health(&house).await["dependencies"]["control_plane"]["status"] == "down"
    })
    .await;
    assert_eq!(
        get(&format!("{}/readyz", house.url)).await.status,
        503,
        "too old"
    );
    house.stop_bidder();
    let mut bytes = std::fs::read(&copy).unwrap();
    bytes[30] ^= 1;
    std::fs::write(&copy, bytes).unwrap();
    house.serve_bidder(&[]);
    testkit::poll_until(PATIENCE, async || {
        let health = health(&house).await;
        let down = |name: &str| health["dependencies"][name]["status"] == "down";
        down("control_plane") && down("catalog")
    })
    .await;
    assert_eq!(
        get(&format!("{}/readyz", house.url)).await.status,
        503,
        "damaged"
    );
    *house.plane.down.lock().unwrap() = false;
    until_ready(&house).await;
    assert_eq!(loaded(&house).await.0, ["a"]);
}

#[tokio::test]
async fn p_15_an_edit_bids_differently_everywhere() {
    let house = House::open(shop::catalog(&[json!({"id": "a", "cpm": 1.0})]), &[]).await;
    let request = shop::request(json!({}));
    let before = house.bid(&request).await.expect_status(200).json();
    assert_eq!(before["seatbid"][0]["bid"][0]["price"], 1);
    let mut edited = shop::catalog(&[json!({"id": "a", "cpm": 2.0})]);
    edited.version = house.plane.catalog.lock().unwrap().version + 1;
    *house.plane.catalog.lock().unwrap() = edited;
    // Connections are spread over both workers: ten in a row are not all one's.
    testkit::poll_until(PATIENCE, async || {
        for _ in 0..10 {
            let bid = house.bid(&request).await.json();
            if bid["seatbid"][0]["bid"][0]["price"] != 2 {
                return false;
            }
        }
        true
    })
    .await;
}
