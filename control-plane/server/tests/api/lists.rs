//! Shared lists: made, filled, shown, named by targeting, removed; and the examples of docs/targeting.md.

use std::io::Read as _;

use crate::plane::{Plane, TOKEN};
use http::Method;
use serde_json::{Value, json};
use testkit::http::{Answer, send};

const GUIDE: &str = include_str!("../../../../docs/targeting.md");

async fn fill(plane: &Plane, path: &str, lines: &str) -> Answer {
    let text = [("content-type", "text/plain")];
    send(Method::POST, &plane.url(path), &text, lines.to_owned()).await
}

fn campaign(targeting: &Value) -> Value {
    json!({"name": "c", "advertiser_id": "advertiser_001", "budget": 10, "targeting": targeting,
        "creative": {"title": "t", "description": "d"}})
}

#[tokio::test]
async fn a_list_is_filled_named_and_cannot_be_removed_while_in_use() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let body = json!({"id": "news", "name": "News", "kind": "domain", "entries": ["WWW.News.Example", "news.example"]});
    let made = plane.post("/lists", body).await.expect_status(201).json();
    assert_eq!(
        (&made["kind"], &made["count"]),
        (&json!("domain"), &json!(1)),
        "C-29"
    );

    let filled = fill(
        &plane,
        "/lists/news/entries",
        "b.example\nnews.example\nc.example\n",
    )
    .await;
    assert_eq!(filled.expect_status(200).json()["count"], 3);
    let page = plane.get("/lists/news/entries?limit=2").await.json();
    assert_eq!(page["items"], json!(["news.example", "b.example"]));
    let cursor = page["next_cursor"]
        .as_str()
        .expect("there is more")
        .to_owned();
    let rest = plane
        .get(&format!("/lists/news/entries?limit=2&cursor={cursor}"))
        .await
        .json();
    assert_eq!(
        (&rest["items"], &rest["next_cursor"]),
        (&json!(["c.example"]), &Value::Null)
    );

    let bad = fill(&plane, "/lists/news/entries", "d.example\nno domain\n").await;
    assert_eq!(bad.expect_status(422).json()["errors"][0]["pointer"], "/1");
    assert_eq!(
        plane.get("/lists/news").await.json()["count"],
        3,
        "all or nothing"
    );

    let unknown = plane
        .post(
            "/campaigns",
            campaign(&json!({"rule": {"not": {"lists": ["olds"]}}})),
        )
        .await;
    assert_eq!(
        unknown.expect_status(422).json()["errors"][0]["pointer"],
        "/targeting/rule"
    );
    let named = campaign(&json!({"lists": {"exclude": ["news"]}}));
    let campaign = plane
        .post("/campaigns", named)
        .await
        .expect_status(201)
        .json();
    let id = campaign["id"].as_str().unwrap();

    let refused = plane
        .call(Method::DELETE, "/lists/news", &[], json!({}))
        .await;
    assert_eq!(refused.expect_status(409).json()["code"], "in_use");
    let _ = plane
        .post(&format!("/campaigns/{id}/archive"), json!({}))
        .await
        .expect_status(200);
    let _ = plane
        .call(Method::DELETE, "/lists/news", &[], json!({}))
        .await
        .expect_status(200);
    let _ = plane.get("/lists/news").await.expect_status(404);
}

#[tokio::test]
async fn entries_travel_apart_from_the_catalog() {
    let plane = Plane::start().await;
    let body = json!({"id": "apps", "kind": "bundle", "entries": ["com.Game"]});
    let _ = plane.post("/lists", body).await.expect_status(201);
    let replaced = fill(
        &plane,
        "/lists/apps/entries?replace=true",
        "com.chat\ncom.mail\n",
    )
    .await;
    assert_eq!(replaced.expect_status(200).json()["count"], 2);

    let catalog = plane
        .internal(Method::GET, "/internal/catalog?wait_ms=0", "")
        .await;
    let named = &catalog.expect_status(200).json()["lists"][0];
    assert_eq!(
        named,
        &json!({"id": "apps", "name": "apps", "kind": "bundle", "version": 2, "count": 2})
    );

    let bearer = format!("Bearer {TOKEN}");
    let client = service::client::Client::new(service::client::ClientConfig::local());
    let url = plane.url("/internal/lists/apps");
    let target = service::client::Target::parse(&url).unwrap();
    let mut headers = http::HeaderMap::new();
    headers.insert("authorization", bearer.parse().unwrap());
    let request = service::client::OutRequest {
        method: Method::GET,
        target: &target,
        headers,
        body: bytes::Bytes::new(),
    };
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let answer = client.send(request, deadline).await.unwrap();
    assert_eq!(answer.headers.get(&http::header::ETAG), Some("\"2\""));
    let mut text = String::new();
    let mut body: &[u8] = &answer.body;
    body.read_to_string(&mut text).unwrap();
    assert_eq!(text, "com.chat\ncom.mail");
    let _ = plane
        .internal(Method::GET, "/internal/lists/none", "")
        .await
        .expect_status(404);
}

/// The blocks of a language in the guide.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    GUIDE
        .split(fence.as_str())
        .skip(1)
        .filter_map(|it| it.split("```").next())
        .collect()
}

#[tokio::test]
async fn the_examples_of_the_guide_are_accepted_as_they_stand() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let body = json!({"id": "lst_blocked", "name": "Blocked", "kind": "domain", "entries": ["bad.example"]});
    let _ = plane.post("/lists", body).await.expect_status(201);
    let examples = blocks("json");
    assert!(examples.len() >= 3, "the guide has examples");
    for example in examples {
        let given: Value =
            serde_json::from_str(example).unwrap_or_else(|fault| panic!("{example}: {fault}"));
        let path = if given.get("kind").is_some() {
            "/lists"
        } else {
            "/campaigns"
        };
        let made = plane
            .post(path, given.clone())
            .await
            .expect_status(201)
            .json();
        assert_eq!(made["targeting"], given["targeting"], "{example}");
    }
}

#[test]
fn the_guide_names_every_key() {
    for key in contracts::catalog::Key::ALL {
        let named = format!("`{}`", key.name());
        assert!(GUIDE.contains(&named), "{named}");
    }
}
