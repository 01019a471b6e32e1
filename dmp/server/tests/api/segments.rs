//! Segments, who may call, and the routes that every service has.

use std::collections::BTreeSet;

use crate::stand::{Dmp, Gives, TOKEN};
use http::Method;
use serde_json::json;

#[tokio::test]
async fn lists_of_members() {
    let dmp = Dmp::start().await;
    let ndjson = "{\"user_id\":\"u1\"}\n\"u2\"\nnobody\n";
    let csv = "user_id,since\nu2,2024\nu3,2025\n";
    let path = "/segments/high_value/members";
    let kind = |kind| [("content-type", kind)];
    let answer = dmp
        .send(Method::POST, path, &kind("application/x-ndjson"), ndjson)
        .await;
    assert_eq!(
        answer.gives(200).json(),
        json!({"accepted": 2, "dropped": 0, "rejected": [{"line": 3, "reason": "is not JSON"}]})
    );
    dmp.delete("/user/u1").await.gives(204);
    let both = format!("{csv}u1,2026\n");
    let answer = dmp
        .send(Method::POST, path, &kind("text/csv; charset=utf-8"), both)
        .await;
    assert_eq!(
        answer.gives(200).json(),
        json!({"accepted": 2, "dropped": 1, "rejected": []})
    );
    assert_eq!(dmp.segments_of("u2").await, ["high_value"]);
    let segment = dmp.get("/segments/high_value").await.gives(200).json();
    assert_eq!(
        segment,
        json!({"id": "high_value", "name": "high value", "rule": {"behavior": "buyer"}, "size": 2})
    );

    dmp.put(
        "/user/u3/profile",
        json!({"demographics": {"device_type": "mobile"}}),
    )
    .await
    .gives(200);
    let overlap = dmp.get("/segments/high_value/overlap/mobile_users").await;
    assert_eq!(
        overlap.gives(200).json(),
        json!({
            "segment": {"id": "high_value", "size": 2},
            "other": {"id": "mobile_users", "size": 1},
            "overlap": 1
        })
    );
}

#[tokio::test]
async fn segments_come_in_pages() {
    let dmp = Dmp::start().await;
    let (mut found, mut path) = (Vec::new(), "/segments?limit=2".to_owned());
    loop {
        let page = dmp.get(&path).await.gives(200).json();
        let items = page["items"].as_array().unwrap();
        found.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/segments?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(found, ["high_value", "mobile_users", "young_adults"]);
}

#[tokio::test]
async fn a_segment_is_made_by_the_control_plane() {
    let dmp = Dmp::start().await;
    let body = json!({"id": "seniors", "rule": {"age": {"min": 65, "max": 120}}});
    let answer = dmp.post("/segments", body.clone()).await.gives(201);
    assert_eq!(answer.json(), body);
    let posted = dmp.control_plane.posted.lock().unwrap().clone();
    assert_eq!(posted, [(body.to_string(), true)], "with the service token");
}

#[tokio::test]
async fn operators_only() {
    let path = "/user/u1/profile";
    let local = Dmp::start().await;
    let answer = local
        .send(Method::GET, path, &[("host", "evil.example")], "")
        .await;
    assert!(answer.gives(403).text().contains("--auth"));
    let answer = local
        .send(Method::GET, path, &[("x-forwarded-for", "1.2.3.4")], "")
        .await;
    assert_eq!(answer.status, 403);

    let strict = Dmp::start_with(&[]).await;
    let bearer = |token: &str| format!("Bearer {token}");
    for (token, status) in [
        (None, 401),
        (Some(bearer("wrong")), 403),
        (Some(bearer(TOKEN)), 404),
    ] {
        let fields: Vec<(&str, &str)> = token
            .iter()
            .map(|token| ("authorization", token.as_str()))
            .collect();
        let answer = strict.send(Method::GET, path, &fields, "").await;
        assert_eq!(answer.status, status, "{token:?}");
    }
    strict.get("/health").await.gives(200);
}

#[tokio::test]
async fn a_redis_that_is_away_is_503_and_degraded() {
    // A port that was free a moment ago: nobody answers there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}/", free.local_addr().unwrap());
    drop(free);
    let dmp = Dmp::start_with(&[
        ("local_mode", "true"),
        ("redis_url", &url),
        ("redis_wait", "50ms"),
    ])
    .await;
    let answer = dmp.put("/user/u1/profile", json!({})).await.gives(503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    crate::stand::wait_for(async || {
        let health = dmp.get("/health").await.gives(200).json();
        health["status"] == "degraded" && health["dependencies"]["redis"]["status"] == "down"
    })
    .await;
}

#[tokio::test]
async fn health_and_metrics() {
    let dmp = Dmp::start().await;
    let health = dmp.get("/health").await.gives(200).json();
    assert_eq!(health["service"], "dmp");
    assert_eq!(health["dependencies"]["redis"]["status"], "up");
    dmp.post(
        "/user/secret-user/events",
        json!({"events": [{"event_type": "purchase"}]}),
    )
    .await
    .gives(202);
    let metrics = dmp.get("/metrics").await.gives(200).text();
    for line in [
        "gavel_dmp_events_total{outcome=\"accepted\"} 1",
        "gavel_dmp_segment_changes_total{change=\"gained\"} 1",
        "gavel_catalog_version 1",
        "gavel_redis_call_duration_seconds_count",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert!(!metrics.contains("secret-user"), "no ids in metrics");
}

/// E6: what the document says is what the router does, and the other way round.
#[tokio::test]
async fn the_document_is_the_router() {
    const METHODS: [Method; 5] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
    ];
    let dmp = Dmp::start().await;
    let document = dmp.get("/openapi.json").await.gives(200).json();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 11);
    for (path, operations) in paths {
        let told: BTreeSet<String> = operations
            .as_object()
            .unwrap()
            .keys()
            .map(|method| method.to_uppercase())
            .collect();
        let real = path.replace(['{', '}'], "");
        let mut taken = BTreeSet::new();
        let mut allow = None;
        for method in METHODS {
            let answer = dmp.send(method.clone(), &real, &[], "").await;
            if answer.status == 405 {
                allow = answer.header("allow").map(ToOwned::to_owned);
            } else {
                taken.insert(method.to_string());
            }
        }
        assert_eq!(taken, told, "{path}");
        let allow: BTreeSet<String> = allow
            .unwrap()
            .split(',')
            .map(|method| method.trim().to_owned())
            .filter(|method| method != "HEAD")
            .collect();
        assert_eq!(allow, told, "Allow of {path}");
    }
}

#[tokio::test]
async fn a_start_without_the_control_plane_uses_the_copy_on_disk() {
    let directory = std::env::temp_dir().join(format!("gavel-dmp-{}", std::process::id()));
    let data_dir = directory.display().to_string();
    let first = Dmp::start_with(&[("local_mode", "true"), ("data_dir", &data_dir)]).await;
    crate::stand::wait_for(async || directory.join("catalog.json").exists()).await;
    drop(first);
    let nobody = "http://127.0.0.1:9";
    let second = Dmp::start_with(&[
        ("local_mode", "true"),
        ("data_dir", &data_dir),
        ("control_plane_url", nobody),
    ])
    .await;
    second.get("/segments/high_value").await.gives(200);
    let body = json!({"id": "x"});
    let answer = second.post("/segments", body).await.gives(503);
    assert_eq!(answer.header("retry-after"), Some("1"));
    drop(second);

    // One that was confirmed too long ago is not used.
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 86_400);
    let copy = std::fs::OpenOptions::new()
        .write(true)
        .open(directory.join("catalog.json"))
        .unwrap();
    copy.set_modified(old).unwrap();
    let third = Dmp::begin(&[
        ("local_mode", "true"),
        ("data_dir", &data_dir),
        ("catalog_max_age", "1d"),
        ("control_plane_url", nobody),
    ])
    .await;
    // The control plane is asked once the copy was looked at.
    crate::stand::wait_for(async || {
        let health = third.get("/health").await.json();
        health["dependencies"]["control-plane"]["status"] == "down"
    })
    .await;
    assert_eq!(third.get("/readyz").await.status, 503);
    std::fs::remove_dir_all(&directory).unwrap();
}
