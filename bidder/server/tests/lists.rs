//! Shared lists: fetched apart from the catalog, kept on disk, waited for by those only that name them.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod house;
#[path = "../../core/tests/shop/mod.rs"]
mod shop;

use std::time::Duration;

use contracts::catalog::{Catalog, List, ListKind};
use house::House;
use serde_json::json;
use testkit::poll_until;

const PATIENCE: Duration = Duration::from_secs(30);

/// One line item for everywhere, and a dearer one for the sites of a list.
fn catalog(version: u64) -> Catalog {
    let mut catalog = shop::catalog(&[
        json!({"id": "everywhere", "cpm": 1.0}),
        json!({"id": "listed", "cpm": 5.0, "targeting": {"lists": ["news"]}}),
    ]);
    catalog.version = 10 + version;
    catalog.lists = vec![List {
        id: "news".into(),
        name: "News".to_owned(),
        kind: ListKind::Domain,
        version,
        count: 1,
    }];
    catalog
}

/// The campaign that bids for a site of the domain.
async fn winner(house: &House, domain: &str) -> String {
    let request = shop::request(json!({"site": {"domain": domain}})).to_string();
    let answer = house.post("/bid", &[], request).await.expect_status(200);
    let cid = answer.json()["seatbid"][0]["bid"][0]["cid"].clone();
    cid.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn who_names_a_list_waits_for_it_and_nobody_else_does() {
    let mut house = House::open(catalog(1), &[]).await;
    assert_eq!(winner(&house, "sport.news.example").await, "campaign_0");
    let request = shop::request(json!({"site": {"domain": "news.example"}})).to_string();
    let explained = house.post("/explain", &[house::OPERATOR], request).await;
    assert!(explained.text().contains("list_pending"), "{explained}");

    let metrics = async |house: &House, wanted: &[&str]| {
        poll_until(PATIENCE, async || {
            let text = house.operator("/metrics").await.text();
            wanted.iter().all(|it| text.lines().any(|line| line == *it))
        })
        .await;
    };
    metrics(
        &house,
        &[
            r#"gavel_shared_lists{state="missing"} 1"#,
            r#"gavel_shared_lists{state="current"} 0"#,
            "gavel_shared_list_entries 0",
        ],
    )
    .await;
    let failed = r#"gavel_shared_list_fetches_total{outcome="failed"} 0"#;
    assert!(!house.operator("/metrics").await.text().contains(failed));

    let text = (1, "news.example".to_owned());
    house
        .plane
        .lists
        .lock()
        .unwrap()
        .insert("news".to_owned(), text);
    poll_until(PATIENCE, async || {
        winner(&house, "sport.news.example").await == "campaign_1"
    })
    .await;
    assert_eq!(winner(&house, "other.example").await, "campaign_0");
    metrics(
        &house,
        &[
            r#"gavel_shared_lists{state="missing"} 0"#,
            r#"gavel_shared_lists{state="current"} 1"#,
            "gavel_shared_list_entries 1",
            "gavel_shared_list_wait_seconds 0",
            r#"gavel_shared_list_fetches_total{outcome="fetched"} 1"#,
        ],
    )
    .await;

    // From disk, without the control plane's lists.
    house.plane.lists.lock().unwrap().clear();
    house.restart(&[]);
    let ready = format!("{}/readyz", house.url);
    poll_until(PATIENCE, async || {
        testkit::http::get(&ready).await.status == 200
    })
    .await;
    house.until_funded().await;
    poll_until(PATIENCE, async || {
        winner(&house, "news.example").await == "campaign_1"
    })
    .await;

    // The next version replaces it; until then the one before serves.
    *house.plane.catalog.lock().unwrap() = catalog(2);
    assert_eq!(winner(&house, "news.example").await, "campaign_1");
    metrics(&house, &[r#"gavel_shared_lists{state="older"} 1"#]).await;
    let text = (2, "other.example".to_owned());
    house
        .plane
        .lists
        .lock()
        .unwrap()
        .insert("news".to_owned(), text);
    poll_until(PATIENCE, async || {
        winner(&house, "other.example").await == "campaign_1"
    })
    .await;
    assert_eq!(winner(&house, "news.example").await, "campaign_0");
}
