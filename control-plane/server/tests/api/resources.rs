//! Resources: made, shown, changed, listed, refused.

use crate::plane::Plane;
use http::Method;
use serde_json::{Value, json};
use testkit::http::send;

/// The call of the interface, byte for byte.
const SPRING: &str = r#"{"name": "春季促销活动", "advertiser_id": "advertiser_001", "budget": 10000.0, "targeting": {"age_range": {"min_age": 18, "max_age": 35}, "interests": ["technology", "shopping"]}, "creative": {"title": "春季大促销", "description": "全场商品8折优惠"}}"#;

#[tokio::test]
async fn a_campaign_is_made_shown_and_accounted_for() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let json = [("content-type", "application/json")];
    let made = send(Method::POST, &plane.url("/campaigns"), &json, SPRING)
        .await
        .expect_status(201);
    let campaign = made.json();
    let id = campaign["id"].as_str().unwrap();
    assert!(id.starts_with("cmp_"));
    assert_eq!(
        made.header("location"),
        Some(format!("/campaigns/{id}").as_str())
    );
    assert_eq!(made.header("etag"), Some("\"1\""));
    assert_eq!(campaign["name"], "春季促销活动");
    assert_eq!(campaign["status"], "active");
    assert_eq!(
        (&campaign["currency"], &campaign["time_zone"]),
        (&json!("USD"), &json!("UTC"))
    );
    assert!(
        made.text().contains(r#""budget":10000,"#),
        "exact, trailing zeros dropped: {made}"
    );
    assert_eq!(campaign["pacing"], "asap");
    assert!(
        made.text()
            .contains(r#""bid":{"type":"cpm","cpm":2,"max_cpm":10}"#),
        "{made}"
    );
    assert_eq!(
        campaign["targeting"],
        json!({"age_range": {"min_age": 18, "max_age": 35}, "interests": ["technology", "shopping"]})
    );
    assert_eq!(
        campaign["creatives"][0]["landing_page"],
        "https://advertiser-001.example/"
    );
    assert_eq!(campaign["line_items"][0]["campaign_id"], id);

    let shown = plane
        .get(&format!("/campaigns/{id}"))
        .await
        .expect_status(200);
    assert_eq!(shown.json(), campaign);

    let stats = plane
        .get(&format!("/campaigns/{id}/stats"))
        .await
        .expect_status(200)
        .json();
    for count in [
        "requests_matched",
        "bids",
        "wins",
        "impressions",
        "clicks",
        "conversions",
    ] {
        assert_eq!(stats[count], 0, "{count}");
    }
    assert_eq!(
        (&stats["campaign_id"], &stats["no_bid_reasons"]),
        (&json!(id), &json!({}))
    );
    let spend = plane
        .get(&format!("/campaigns/{id}/spend"))
        .await
        .expect_status(200);
    for field in [
        r#""budget":10000"#,
        r#""spend":0"#,
        r#""reserved":0"#,
        r#""remaining":10000"#,
        r#""today":0"#,
    ] {
        assert!(spend.text().contains(field), "{field} in {spend}");
    }
}

#[tokio::test]
async fn bad_input_is_refused_with_its_place() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let deep = format!(r#"{{"name":{}"#, "[".repeat(20_000));
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(10_000_000));
    let post = Method::POST;
    let json = "application/json";
    struct Case<'a>(
        &'a str,
        Method,
        &'a str,
        &'a str,
        &'a str,
        u16,
        Option<&'a str>,
    );
    let seats = vec!["s"; 101];
    let too_many_seats = json!({"id": "d", "wseat": seats}).to_string();
    let cases = [
        Case(
            "unknown campaign",
            Method::GET,
            "/campaigns/nobody",
            json,
            "",
            404,
            None,
        ),
        Case(
            "unknown campaign's stats",
            Method::GET,
            "/campaigns/nobody/stats",
            json,
            "",
            404,
            None,
        ),
        Case(
            "unknown campaign's spend",
            Method::GET,
            "/campaigns/nobody/spend",
            json,
            "",
            404,
            None,
        ),
        Case("unknown path", Method::GET, "/nothing", json, "", 404, None),
        Case(
            "wrong method",
            Method::DELETE,
            "/campaigns",
            json,
            "",
            405,
            None,
        ),
        Case(
            "wrong content type",
            post.clone(),
            "/campaigns",
            "text/xml",
            "{}",
            415,
            None,
        ),
        Case(
            "a form",
            post.clone(),
            "/campaigns",
            "application/x-www-form-urlencoded",
            "a=b",
            415,
            None,
        ),
        Case(
            "not JSON",
            post.clone(),
            "/campaigns",
            json,
            "{",
            400,
            Some(""),
        ),
        Case(
            "not an object",
            post.clone(),
            "/campaigns",
            json,
            "[]",
            400,
            Some(""),
        ),
        Case("empty", post.clone(), "/campaigns", json, "", 400, Some("")),
        Case(
            "R34 depth 20,000",
            post.clone(),
            "/campaigns",
            json,
            &deep,
            400,
            Some(""),
        ),
        Case(
            "R38 10 MB",
            post.clone(),
            "/campaigns",
            json,
            &large,
            413,
            None,
        ),
        Case(
            "wrong type",
            post.clone(),
            "/campaigns",
            json,
            r#"{"name":7}"#,
            400,
            Some("/name"),
        ),
        Case(
            "unknown advertiser",
            post.clone(),
            "/campaigns",
            json,
            r#"{"name":"n","advertiser_id":"x","budget":1}"#,
            422,
            Some("/advertiser_id"),
        ),
        Case(
            "negative budget",
            post.clone(),
            "/campaigns",
            json,
            r#"{"name":"n","advertiser_id":"advertiser_001","budget":-1}"#,
            422,
            Some("/budget"),
        ),
        Case(
            "id is taken",
            post.clone(),
            "/advertisers",
            json,
            r#"{"id":"advertiser_001","name":"n","domain":"n.example"}"#,
            409,
            None,
        ),
        Case(
            "S8 by scheme",
            post.clone(),
            "/demand-partners",
            json,
            r#"{"name":"n","endpoint":"ftp://x.example/"}"#,
            422,
            Some("/endpoint"),
        ),
        Case(
            "unknown publisher",
            post.clone(),
            "/placements",
            json,
            r#"{"publisher_id":"x","sizes":["300x250"]}"#,
            422,
            Some("/publisher_id"),
        ),
        Case(
            "unknown placement of a deal",
            post.clone(),
            "/deals",
            json,
            r#"{"id":"d","placements":["nowhere"]}"#,
            422,
            Some("/placements/0"),
        ),
        Case(
            "a deal that ends before it starts",
            post.clone(),
            "/deals",
            json,
            r#"{"id":"d","starts_at":"2026-06-02T00:00:00Z","ends_at":"2026-06-01T00:00:00Z"}"#,
            422,
            Some("/ends_at"),
        ),
        Case(
            "a deal for more seats than a request tells",
            post.clone(),
            "/deals",
            json,
            &too_many_seats,
            422,
            Some("/wseat"),
        ),
        Case(
            "X-95 no such encoding",
            post.clone(),
            "/demand-partners",
            json,
            r#"{"name":"n","endpoint":"http://127.0.0.1:9100/bid","macro_encoding":"some"}"#,
            400,
            Some("/macro_encoding"),
        ),
        Case(
            "bad cursor",
            Method::GET,
            "/campaigns?cursor=x",
            json,
            "",
            400,
            None,
        ),
        Case(
            "bad limit",
            Method::GET,
            "/campaigns?limit=0",
            json,
            "",
            400,
            None,
        ),
    ];
    for Case(id, method, path, kind, body, status, pointer) in cases {
        let answer = send(
            method,
            &plane.url(path),
            &[("content-type", kind)],
            body.to_owned(),
        )
        .await;
        assert_eq!(answer.status, status, "{id}: {answer}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{id}"
        );
        let problem = answer.json();
        assert!(problem["code"].is_string(), "{id}: {answer}");
        assert_eq!(problem["pointer"].as_str(), pointer, "{id}: {answer}");
        if status == 405 {
            assert_eq!(answer.header("allow"), Some("GET,HEAD,POST"), "{id}");
        }
    }
    let all = plane
        .post("/campaigns", json!({"budget": -1}))
        .await
        .expect_status(422)
        .json();
    let at: Vec<&Value> = all["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["pointer"])
        .collect();
    assert_eq!(
        at,
        ["/advertiser_id", "/name", "/budget"],
        "all faults at once"
    );
}

#[tokio::test]
async fn lists_come_in_pages() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let mut made = Vec::new();
    for budget in 1..=5 {
        made.push(plane.campaign(f64::from(budget)).await);
    }
    let mut listed: Vec<String> = Vec::new();
    let mut path = "/campaigns?limit=2".to_owned();
    let mut pages = 0;
    loop {
        let page = plane.get(&path).await.expect_status(200).json();
        let ids = page["items"].as_array().unwrap().iter();
        listed.extend(ids.map(|item| item["id"].as_str().unwrap().to_owned()));
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/campaigns?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!((listed, pages), (made, 3));
}

#[tokio::test]
async fn an_idempotency_key_makes_one_thing() {
    // E6
    let plane = Plane::start().await;
    let body = json!({"name": "Shop", "domain": "shop.example"});
    let key = [("idempotency-key", "k-1")];
    let call = |body: Value| plane.call(Method::POST, "/advertisers", &key, body);
    let together = tokio::join!(call(body.clone()), call(body.clone()), call(body.clone()));
    let answers = [together.0, together.1, together.2];
    for answer in &answers {
        assert_eq!(
            (answer.status, answer.json()["id"].clone()),
            (201, answers[0].json()["id"].clone())
        );
        assert_eq!(answer.header("etag"), Some("\"1\""));
    }
    let repeated = |answer: &&testkit::http::Answer| answer.header("idempotent-replayed").is_some();
    assert_eq!(answers.iter().filter(repeated).count(), 2);
    let page = plane.get("/advertisers").await.json();
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    let other = call(json!({"name": "Other", "domain": "other.example"})).await;
    assert_eq!(
        (other.status, other.json()["code"].clone()),
        (422, json!("idempotency_key_reused"))
    );
    let long = "k".repeat(256);
    let refused = plane
        .call(
            Method::POST,
            "/advertisers",
            &[("idempotency-key", &long)],
            body,
        )
        .await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn an_edit_of_another_version_is_refused() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let path = format!("/campaigns/{}", plane.campaign(100.0).await);
    let edit = |tag: &'static str, name: &'static str| {
        let path = path.clone();
        let plane = &plane;
        async move {
            plane
                .call(
                    Method::PATCH,
                    &path,
                    &[("if-match", tag)],
                    json!({"name": name}),
                )
                .await
        }
    };
    assert_eq!(
        edit("\"1\"", "first")
            .await
            .expect_status(200)
            .header("etag"),
        Some("\"2\"")
    );
    assert_eq!(
        edit("\"1\"", "second").await.expect_status(412).json()["code"],
        "stale"
    );
    assert_eq!(
        edit("*", "third").await.expect_status(200).json()["name"],
        "third"
    );
    let dry = plane
        .patch(&format!("{path}?dry_run=true"), json!({"name": "never"}))
        .await
        .expect_status(200);
    assert_eq!(dry.json()["name"], "never");
    assert_eq!(
        plane.get(&path).await.json()["name"],
        "third",
        "a dry run changes nothing"
    );
}

#[tokio::test]
async fn a_campaign_goes_through_its_states() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let path = format!("/campaigns/{}", plane.campaign(100.0).await);
    let step = async |step: &str| plane.post(&format!("{path}/{step}"), json!({})).await;
    assert_eq!(
        step("pause").await.expect_status(200).json()["status"],
        "paused"
    );
    let version = step("pause").await.expect_status(200).json()["version"].clone();
    assert_eq!(version, 2, "a step to where it is changes nothing");
    assert_eq!(
        step("activate").await.expect_status(200).json()["status"],
        "active"
    );
    assert_eq!(
        step("archive").await.expect_status(200).json()["status"],
        "archived"
    );
    assert_eq!(
        step("activate").await.expect_status(409).json()["code"],
        "not_allowed"
    );
    let edit = plane
        .patch(&path, json!({"name": "n"}))
        .await
        .expect_status(422);
    assert_eq!(edit.json()["pointer"], "/status");
    let audit = plane.get("/audit").await.expect_status(200).json();
    let entries = audit["items"].as_array().unwrap().iter();
    let campaign: Vec<&Value> = entries
        .filter(|entry| entry["kind"] == "campaign")
        .collect();
    let actions: Vec<&str> = campaign
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        ["archived", "activated", "paused", "create"],
        "newest first"
    );
    assert_eq!(campaign[0]["before"], json!({"status": "active"}));
    assert_eq!(campaign[0]["actor"], "local-admin");
    let findings = plane.get("/ops/invariants").await.expect_status(200).json();
    assert_eq!(
        (&findings["holds"], &findings["audit_entries_broken"]),
        (&json!(true), &json!(0))
    );
}

#[tokio::test]
async fn every_resource_is_made_changed_and_listed() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let _ = plane
        .post("/rates", json!({"rates": {"EUR": 0.92, "JPY": 149.5}}))
        .await
        .expect_status(201);
    let cases = [
        (
            "/publishers",
            json!({"id": "p1", "name": "News", "domain": "news.example", "fee": 0.1}),
            json!({"fee": 0.2}),
            "fee",
        ),
        (
            "/placements",
            json!({"id": "s1", "publisher_id": "p1", "sizes": ["300x250"], "floor": 0.5}),
            json!({"floor": 0.75}),
            "floor",
        ),
        (
            "/placements",
            json!({"id": "s2", "publisher_id": "p1", "sizes": ["300x250"], "auction_type": "second_price"}),
            json!({"soft_floor": 0.75}),
            "soft_floor",
        ),
        (
            "/publishers",
            json!({"id": "p3", "name": "Post", "domain": "post.example", "increments": {"JPY": 1}}),
            json!({"increments": {"EUR": 0.05}}),
            "increments",
        ),
        (
            "/seller-verdicts",
            json!({"id": "v1", "domain": "paper.example", "system": "exchange.example", "seller_id": "p1", "verdict": "reseller"}),
            json!({"verdict": "not_listed"}),
            "verdict",
        ),
        (
            "/publishers",
            json!({"id": "p2", "name": "Post", "domain": "post.example"}),
            json!({"creatives": "approved_only"}),
            "creatives",
        ),
        (
            "/demand-partners",
            json!({"id": "d1", "name": "dsp", "endpoint": "http://127.0.0.1:9100/bid"}),
            json!({"active": false}),
            "active",
        ),
        (
            "/publishers",
            json!({"id": "p4", "name": "Post", "domain": "post.example"}),
            json!({"discounts": [{"partner_id": "d1", "share": 0.25}]}),
            "discounts",
        ),
        (
            "/demand-partners",
            json!({"id": "d5", "name": "dsp", "endpoint": "http://127.0.0.1:9100/bid"}),
            json!({"multibid": 2}),
            "multibid",
        ),
        (
            "/creative-verdicts",
            json!({"id": "cv1", "partner_id": "d1", "crid": "c-1", "verdict": "pending"}),
            json!({"verdict": "blocked"}),
            "verdict",
        ),
        (
            "/demand-partners",
            json!({"id": "d4", "name": "dsp", "endpoint": "http://127.0.0.1:9100/bid"}),
            json!({"status": "testing"}),
            "status",
        ),
        (
            "/demand-partners",
            json!({"id": "d2", "name": "dsp", "endpoint": "http://127.0.0.1:9100/bid"}),
            json!({"pretargeting": {"countries": ["DEU"], "domains": {"block": ["a.example"]}}}),
            "pretargeting",
        ),
        (
            "/demand-partners",
            json!({"id": "d3", "name": "dsp", "endpoint": "http://127.0.0.1:9100/bid"}),
            json!({"sampling": {"worth": 0.02, "explore": 0.05}}),
            "sampling",
        ),
        (
            "/deals",
            json!({"id": "deal-1", "floor": 3, "at": 3}),
            json!({"floor": 4}),
            "floor",
        ),
        (
            "/deals",
            json!({"id": "deal-2", "starts_at": "2026-06-01T00:00:00Z"}),
            json!({"ends_at": "2026-07-01T00:00:00.000Z"}),
            "ends_at",
        ),
        (
            "/demand-partners",
            json!({"id": "d6", "name": "dsp", "endpoint": "http://127.0.0.1:9100/bid"}),
            json!({"macro_encoding": "none"}),
            "macro_encoding",
        ),
        (
            "/demand-partners",
            json!({"id": "d7", "name": "dsp", "endpoint": "http://127.0.0.1:9100/bid"}),
            json!({"native_request": "object"}),
            "native_request",
        ),
        (
            "/segments",
            json!({"id": "buyers", "rule": {"behavior": "buyer"}}),
            json!({"name": "Buyers"}),
            "name",
        ),
        (
            "/sources",
            json!({"id": "ssp-a", "qps": 2000}),
            json!({"active": false}),
            "active",
        ),
        (
            "/creatives",
            json!({"id": "c1", "advertiser_id": "advertiser_001", "title": "t"}),
            json!({"title": "u"}),
            "title",
        ),
        (
            "/advertisers",
            json!({"id": "a2", "name": "n", "domain": "n.example", "currency": "EUR"}),
            json!({"name": "m"}),
            "name",
        ),
    ];
    for (path, body, patch, key) in cases {
        let made = plane
            .post(path, body.clone())
            .await
            .expect_status(201)
            .json();
        let one = format!("{path}/{}", body["id"].as_str().unwrap());
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(made[name].as_f64(), value.as_f64(), "{path} {name}");
        }
        let changed = plane
            .patch(&one, patch.clone())
            .await
            .expect_status(200)
            .json();
        assert_eq!(changed[key], patch[key], "{path}");
        assert_eq!(changed["version"], 2, "{path}");
        assert_eq!(
            plane.get(&one).await.expect_status(200).json(),
            changed,
            "{path}"
        );
        let renamed = plane.patch(&one, json!({"id": "other"})).await;
        assert_eq!(
            (renamed.status, renamed.json()["pointer"].clone()),
            (422, json!("/id")),
            "{path}"
        );
        let listed = plane.get(path).await.expect_status(200).json();
        assert!(
            listed["items"].as_array().unwrap().contains(&changed),
            "{path}"
        );
    }
    let rates = plane.get("/rates").await.expect_status(200).text();
    assert!(
        rates.contains(r#""rates":{"EUR":0.92,"JPY":149.5}"#),
        "{rates}"
    );
}

#[tokio::test]
async fn x_73_what_has_no_rate_is_no_currency_to_sell_in() {
    let plane = Plane::start().await;
    let paper = |id: &str, more: &Value| {
        let mut body = json!({"id": id, "name": "Post", "domain": "post.example"});
        let members = more.as_object().cloned().unwrap_or_default();
        body.as_object_mut().unwrap().extend(members);
        body
    };
    #[rustfmt::skip]
    let refused = [
        ("/publishers", paper("p", &json!({"currency": "CHF"})), vec!["/currency"]),
        ("/publishers", paper("p", &json!({"currency": "CHF", "increments": {"SEK": 1, "USD": 1}})), vec!["/currency", "/increments/SEK"]),
        ("/deals", json!({"id": "d", "floor": 1, "currency": "CHF"}), vec!["/currency"]),
        ("/deals", json!({"id": "d", "at": 3, "floor": 0}), vec!["/floor"]),
        ("/deals", json!({"id": "d", "at": 3}), vec!["/floor"]),
    ];
    for (path, body, at) in refused {
        let answer = plane.post(path, body.clone()).await.expect_status(422);
        let problem = answer.json();
        let first = problem["pointer"].as_str().unwrap();
        let others = problem["errors"].as_array().into_iter().flatten();
        let mut told: Vec<&str> = others.filter_map(|it| it["pointer"].as_str()).collect();
        if told.is_empty() {
            told.push(first);
        }
        assert_eq!(told, at, "{body}");
    }
    let rates = json!({"rates": {"CHF": 0.88}});
    let _ = plane.post("/rates", rates).await.expect_status(201);
    let swiss = paper("p", &json!({"currency": "CHF"}));
    let _ = plane.post("/publishers", swiss).await.expect_status(201);
    let deal = json!({"id": "d", "at": 3, "floor": 2, "currency": "CHF"});
    let _ = plane.post("/deals", deal).await.expect_status(201);
    // A currency that lost its rate is not in the way of other edits.
    let rates = json!({"rates": {"EUR": 0.92}});
    let _ = plane.post("/rates", rates).await.expect_status(201);
    let edits = [
        ("/publishers/p", json!({"fee": 0.2}), 200),
        ("/publishers/p", json!({"currency": "SEK"}), 422),
        ("/publishers/p", json!({"increments": {"EUR": 0.05}}), 200),
        ("/deals/d", json!({"floor": 3}), 200),
        ("/deals/d", json!({"floor": 0}), 422),
        ("/deals/d", json!({"currency": "SEK"}), 422),
    ];
    for (path, edit, status) in edits {
        let _ = plane.patch(path, edit).await.expect_status(status);
    }
}

#[tokio::test]
async fn a_campaign_may_have_more_line_items() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    let id = plane.campaign(100.0).await;
    let path = format!("/campaigns/{id}/line-items");
    let whole = plane.get(&format!("/campaigns/{id}")).await.json();
    let creative = whole["creatives"][0]["id"].clone();
    let body =
        json!({"bid": {"cpm": 3}, "targeting": {"countries": ["DEU"]}, "creative_ids": [creative]});
    let made = plane.post(&path, body).await.expect_status(201).json();
    assert_eq!(
        (&made["targeting"], &made["campaign_id"]),
        (&json!({"countries": ["DE"]}), &json!(id))
    );
    let listed = plane.get(&path).await.expect_status(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert_eq!(listed["items"][1], made);
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    assert_eq!(
        plane
            .patch(&one, json!({"status": "paused"}))
            .await
            .expect_status(200)
            .json()["status"],
        "paused"
    );
    let foreign = plane
        .patch(&one, json!({"creative_ids": ["crt_nobody"]}))
        .await
        .expect_status(422);
    assert_eq!(foreign.json()["pointer"], "/creative_ids/0");
    let own = format!("{path}/{}", listed["items"][0]["id"].as_str().unwrap());
    let _ = plane
        .patch(&own, json!({"bid": {"cpm": 7}}))
        .await
        .expect_status(200);
    let whole = plane.get(&format!("/campaigns/{id}")).await.json();
    assert_eq!(
        whole["bid"]["cpm"], 7,
        "the campaign's own line item and its terms are one"
    );
}

#[tokio::test]
async fn pages_and_descriptions_are_served() {
    let plane = Plane::start().await;
    plane.advertiser().await;
    plane.campaign(1234.5).await;
    let page = plane.get("/").await.expect_status(200).text();
    assert!(
        page.contains("1234.5") && page.contains("<caption>Campaigns</caption>"),
        "{page}"
    );
    assert!(
        !page.contains("http://") && !page.contains("https://"),
        "nothing comes from elsewhere"
    );
    let document = plane.get("/openapi.json").await.expect_status(200).json();
    assert!(document["paths"]["/campaigns"]["post"]["requestBody"].is_object());
    let health = plane.get("/health").await.expect_status(200).json();
    assert_eq!(
        (
            &health["service"],
            &health["dependencies"]["postgres"]["status"]
        ),
        (&json!("control-plane"), &json!("up"))
    );
    let metrics = plane.get("/metrics").await.expect_status(200).text();
    for name in [
        "gavel_catalog_version",
        "gavel_ledger_imbalance_nanos",
        "gavel_event_lag_seconds",
        "gavel_spend_nanos_total",
    ] {
        assert!(metrics.contains(name), "{name}");
    }
}
