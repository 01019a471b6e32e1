//! The demo flows over their socket.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod market;

use http::Method;
use market::{Market, Script};
use serde_json::{Value, json};
use testkit::http::{get, post_json, send};

const STEPS: [&str; 7] = [
    "user_visit",
    "ad_request",
    "auction",
    "bids",
    "winner",
    "impression",
    "feedback",
];

fn statuses(flow: &Value) -> Vec<&str> {
    let steps = flow["steps"].as_array().unwrap();
    let names: Vec<_> = steps
        .iter()
        .map(|step| step["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, STEPS, "{flow:#}");
    for step in steps {
        assert!(
            step["service"].is_string() && step["duration_ms"].is_number(),
            "{step:#}"
        );
        assert!(step["data"].is_object(), "{step:#}");
    }
    steps
        .iter()
        .map(|step| step["status"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_visit_is_played_to_its_charge() {
    let market = Market::start(Script::Bid("1.375")).await;
    for body in ["", "{}"] {
        let answer = send(Method::POST, &market.rtb("/demo/rtb-flow"), &[], body).await;
        let flow = answer.expect_status(200).json();
        assert_eq!(statuses(&flow), ["success"; 7], "{body:?}: {flow:#}");
        assert_eq!(flow["status"], "success");
        assert!(
            flow["workflow_id"].as_str().unwrap().starts_with("wf_"),
            "{flow:#}"
        );
        let winner = &flow["winner"];
        assert_eq!(
            (&winner["dsp"], &winner["campaign_id"]),
            (&json!("dsp_rival"), &json!("campaign_9"))
        );
        assert_eq!(winner["price"].to_string(), "1.375");
        assert_eq!(
            flow["steps"][0]["data"]["placement_id"], "top",
            "the first with banners"
        );
        assert_eq!(flow["steps"][3]["data"]["count"], 1, "{flow:#}");
        assert_eq!(
            flow["steps"][6]["data"]["billing_delivered"], true,
            "{flow:#}"
        );
        let auction = flow["auction_id"].as_str().unwrap();
        let _ = get(&market.rtb(&format!("/auction/{auction}")))
            .await
            .expect_status(200);
        assert!(
            market.dsp.last_asked().get("user").is_none(),
            "nobody in particular"
        );
    }
    assert_eq!(market.dsp.told("/bill").len(), 2);
}

#[tokio::test]
async fn a_known_user_is_told_to_the_dsps() {
    let market = Market::start(Script::Bid("0.000001")).await;
    let known = json!({"user_context": {"user_id": "user-12345", "device_type": "tablet",
        "location": {"country": "US", "city": "San Francisco"}}});
    let flow = post_json(&market.rtb("/demo/rtb-flow"), &known)
        .await
        .expect_status(200)
        .json();
    assert_eq!(flow["status"], "no_bid", "under the floor: {flow:#}");
    let asked = market.dsp.last_asked();
    assert_eq!(asked["user"]["id"], "user-12345");
    assert_eq!(asked["device"]["devicetype"], 5);
    assert_eq!(
        asked["device"]["geo"],
        json!({"country": "USA", "city": "San Francisco"})
    );
}

#[tokio::test]
async fn in_few_words_and_counted() {
    let market = Market::start(Script::Bid("12.000001")).await;
    let answer = post_json(&market.rtb("/demo/rtb-flow-simple"), &json!({})).await;
    let answer = answer.expect_status(200);
    let simple = answer.json();
    assert_eq!(simple["status"], "success", "{simple:#}");
    assert_eq!(simple["winning_campaign"], "campaign_9");
    assert!(
        answer.text().contains(r#""final_price":12.000001,"#),
        "exact: {answer}"
    );
    assert_eq!(simple["impression_confirmed"], true);
    let keys: Vec<_> = simple
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "duration_ms",
            "final_price",
            "impression_confirmed",
            "status",
            "winning_campaign",
            "workflow_id"
        ]
    );
    let _ = post_json(&market.rtb("/demo/rtb-flow"), &json!({}))
        .await
        .expect_status(200);
    let stats = get(&market.rtb("/demo/workflow-stats"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(
        (&stats["total"], &stats["success"]),
        (&json!(2), &json!(2)),
        "{stats:#}"
    );
    assert_eq!(
        (&stats["no_bid"], &stats["failed"]),
        (&json!(0), &json!(0)),
        "{stats:#}"
    );
    assert_eq!(stats["success_rate"], 1.0);
    assert!(stats["average_duration_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(stats["last"].as_array().unwrap().len(), 2);
    assert_eq!(
        stats["last"][1]["workflow_id"], simple["workflow_id"],
        "newest first"
    );
}

#[tokio::test]
async fn nobody_bids() {
    let market = Market::start(Script::NoBid).await;
    let flow = post_json(&market.rtb("/demo/rtb-flow"), &json!({}))
        .await
        .expect_status(200)
        .json();
    let expect = [
        "success", "no_bid", "no_bid", "no_bid", "no_bid", "skipped", "skipped",
    ];
    assert_eq!(statuses(&flow), expect, "{flow:#}");
    assert_eq!(
        (&flow["status"], &flow["winner"]),
        (&json!("no_bid"), &Value::Null)
    );
    assert!(flow["auction_id"].is_string());
    let simple = post_json(&market.rtb("/demo/rtb-flow-simple"), &json!({}))
        .await
        .json();
    assert_eq!(
        (&simple["status"], &simple["final_price"]),
        (&json!("no_bid"), &Value::Null)
    );
    assert_eq!(
        (&simple["winning_campaign"], &simple["impression_confirmed"]),
        (&Value::Null, &json!(false))
    );
    let stats = get(&market.rtb("/demo/workflow-stats")).await.json();
    assert_eq!(
        (&stats["total"], &stats["no_bid"]),
        (&json!(2), &json!(2)),
        "{stats:#}"
    );
    assert_eq!(stats["success_rate"], 0.0);
}

#[tokio::test]
async fn what_does_not_work_out_is_shown() {
    let mut market = Market::start(Script::Bid("1.375")).await;
    market.control_plane.server.stop();
    let flow = post_json(&market.rtb("/demo/rtb-flow"), &json!({}))
        .await
        .expect_status(200)
        .json();
    let expect = [
        "failed", "skipped", "skipped", "skipped", "skipped", "skipped", "skipped",
    ];
    assert_eq!(statuses(&flow), expect, "{flow:#}");
    assert_eq!(
        (&flow["status"], &flow["auction_id"]),
        (&json!("failed"), &Value::Null)
    );
    let why = flow["steps"][0]["data"]["error"].as_str().unwrap();
    assert!(why.contains("/inventory") && why.contains("503"), "{why}");
}

#[tokio::test]
async fn what_is_refused_says_why() {
    let market = Market::start(Script::NoBid).await;
    let json = ("content-type", "application/json");
    let foreign = ("origin", "https://evil.example");
    type Case<'a> = (
        &'a str,
        Method,
        &'a str,
        &'a [(&'a str, &'a str)],
        &'a str,
        u16,
    );
    #[rustfmt::skip]
    let cases: [Case<'_>; 8] = [
        ("not JSON", Method::POST, "/demo/rtb-flow", &[json], "{", 400),
        ("not JSON", Method::POST, "/demo/rtb-flow-simple", &[json], "nobody", 400),
        ("an unknown device", Method::POST, "/demo/rtb-flow", &[json], r#"{"user_context":{"device_type":"fridge"}}"#, 400),
        ("another content type", Method::POST, "/demo/rtb-flow", &[("content-type", "text/html")], "{}", 415),
        ("wrong method", Method::GET, "/demo/rtb-flow", &[], "", 405),
        ("wrong method", Method::POST, "/demo/workflow-stats", &[json], "{}", 405),
        ("a page of another site", Method::POST, "/demo/rtb-flow", &[json, foreign], "{}", 403),
        ("unknown path", Method::GET, "/demo/nothing", &[], "", 404),
    ];
    for (says, method, path, headers, body, status) in cases {
        let answer = send(method, &market.rtb(path), headers, body.to_owned()).await;
        assert_eq!(answer.status, status, "{says}, {path}: {answer}");
    }
    let stats = get(&market.rtb("/demo/workflow-stats")).await.json();
    assert_eq!(
        stats["total"], 0,
        "a flow that was not begun is not counted: {stats:#}"
    );
}

#[tokio::test]
async fn with_a_token_the_flow_has_its_callers_rights() {
    let redis = testkit::stores().redis().await;
    let market = Market::start_on(Script::Bid("1.375"), &redis.events_url, false).await;
    let url = market.rtb("/demo/rtb-flow");
    assert_eq!(send(Method::POST, &url, &[], "").await.status, 401);
    let token = format!("Bearer {}", market::TOKEN);
    let answer = send(Method::POST, &url, &[("authorization", &token)], "").await;
    assert_eq!(answer.expect_status(200).json()["status"], "success");
}
