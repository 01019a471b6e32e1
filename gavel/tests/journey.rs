//! Journeys over the whole market: visit, auction, impression, money; a campaign and its users.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod stack;

use serde_json::{Value, json};
use stack::{PATIENCE, Stack};
use testkit::http::{get, post_json, send};
use testkit::poll_until;

/// The campaign of the well-known demonstration, as people have it in their fingers.
fn short_form() -> Value {
    json!({
        "name": "春季促销活动", "advertiser_id": "advertiser_001", "budget": 10000.0,
        "targeting": {"age_range": {"min_age": 18, "max_age": 35}, "interests": ["technology", "shopping"]},
        "creative": {"title": "春季大促销", "description": "全场商品8折优惠"},
    })
}

fn request_of(user: &str) -> Value {
    json!({
        "id": format!("journey-{user}"), "at": 1, "tmax": 500, "cur": ["USD"],
        "imp": [{"id": "1", "bidfloor": 0.5, "banner": {"format": [{"w": 300, "h": 250}]}}],
        "site": {"id": "s", "domain": "harbour-gazette.example", "page": "https://harbour-gazette.example/"},
        "device": {"devicetype": 4, "ua": "Mozilla/5.0 (Linux; Android 16; Pixel 9) Mobile", "ip": "203.0.113.9"},
        "user": {"id": user},
    })
}

/// The `cid`s that our bidder offers for a request.
async fn campaigns_bidding(stack: &Stack, request: &Value) -> Vec<String> {
    let answer = post_json(&stack.bidder("/bid"), request).await;
    if answer.status == 204 {
        return Vec::new();
    }
    let seats = answer.expect_status(200).json();
    let bids = seats["seatbid"].as_array().into_iter().flatten();
    let bids = bids.flat_map(|seat| seat["bid"].as_array().cloned().unwrap_or_default());
    bids.filter_map(|bid| bid["cid"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_demo_flows_succeed_on_a_fresh_seed() {
    let stack = Stack::start().await;
    let empty = |path: &str| {
        let url = stack.rtb(path);
        async move {
            send(http::Method::POST, &url, &[], "")
                .await
                .expect_status(200)
                .json()
        }
    };
    let simple = empty("/demo/rtb-flow-simple").await;
    assert_eq!(simple["status"], "success", "{simple:#}");
    assert_eq!(simple["impression_confirmed"], true, "{simple:#}");
    assert!(
        simple["winning_campaign"].is_string() && simple["final_price"].is_number(),
        "{simple:#}"
    );
    let full = empty("/demo/rtb-flow").await;
    assert_eq!(full["status"], "success", "{full:#}");
    let steps: Vec<&str> = full["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|s| s["name"].as_str())
        .collect();
    assert_eq!(
        steps,
        [
            "user_visit",
            "ad_request",
            "auction",
            "bids",
            "winner",
            "impression",
            "feedback"
        ]
    );

    let known = json!({"user_context": {"user_id": "user-12345", "device_type": "mobile", "location": {"country": "US", "city": "San Francisco"}}});
    let known = post_json(&stack.rtb("/demo/rtb-flow"), &known)
        .await
        .expect_status(200)
        .json();
    assert_eq!(known["status"], "success", "{known:#}");
    let stats = get(&stack.rtb("/demo/workflow-stats"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(stats["total"], 3, "{stats:#}");
    assert_eq!(stats["success"], 3, "{stats:#}");

    let auction = stack.auction(full["auction_id"].as_str().unwrap()).await;
    assert!(
        auction["dsps"].as_array().unwrap().len() >= 3,
        "three DSPs compete: {auction:#}"
    );
    let history = get(&stack.rtb("/auction-history?limit=10"))
        .await
        .expect_status(200)
        .json();
    assert!(
        history["items"].as_array().unwrap().len() >= 3,
        "{history:#}"
    );
    let stats = get(&stack.rtb("/stats")).await.expect_status(200).json();
    assert!(stats["won"].as_u64().unwrap() >= 3, "{stats:#}");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_campaign_bids_on_the_users_it_is_meant_for_and_on_no_other() {
    let stack = Stack::start().await;
    let made = post_json(&stack.api("/campaigns"), &short_form())
        .await
        .expect_status(201)
        .json();
    let id = made["id"].as_str().unwrap().to_owned();
    // A price that leads our own bids, so that "does not bid" can be told from "was outbid by a sister".
    let mut rich = short_form();
    rich["bid"] = json!({"type": "cpm", "cpm": 9.0, "max_cpm": 20.0});
    let rich = post_json(&stack.api("/campaigns"), &rich)
        .await
        .expect_status(201)
        .json();
    let rich = rich["id"].as_str().unwrap().to_owned();

    let age = |age: u8| json!({"demographics": {"age": age, "country": "US", "device_type": "mobile"}, "interests": ["technology"]});
    let strange = json!({"demographics": {"age": 27}, "interests": ["gardening"]});
    for (user, profile) in [
        ("in-18", age(18)),
        ("in-35", age(35)),
        ("out-17", age(17)),
        ("out-36", age(36)),
        ("out-interest", strange),
    ] {
        let url = stack.dmp(&format!("/user/{user}/profile"));
        let answer = testkit::http::put_json(&url, &profile).await;
        assert!(answer.status < 300, "{answer}");
    }
    poll_until(PATIENCE, async || {
        campaigns_bidding(&stack, &request_of("user-12345"))
            .await
            .contains(&rich)
    })
    .await;
    for user in ["in-18", "in-35"] {
        let bidding = campaigns_bidding(&stack, &request_of(user)).await;
        assert!(
            bidding.contains(&rich),
            "{user}: both ends are included; {bidding:?}"
        );
    }
    for user in ["out-17", "out-36", "out-interest", "never-seen"] {
        let bidding = campaigns_bidding(&stack, &request_of(user)).await;
        assert!(
            !bidding.contains(&rich) && !bidding.contains(&id),
            "{user} is not meant; {bidding:?}"
        );
    }
    let read = get(&stack.api(&format!("/campaigns/{id}")))
        .await
        .expect_status(200)
        .json();
    assert_eq!(read["name"], "春季促销活动");
    assert_eq!(read["budget"].to_string(), "10000");
    let stats = get(&stack.api(&format!("/campaigns/{id}/stats")))
        .await
        .expect_status(200)
        .json();
    assert_eq!(stats["campaign_id"], id.as_str());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_won_impression_is_charged_exactly_once() {
    let stack = Stack::start().await;
    let mut campaign = short_form();
    campaign["targeting"] = json!({});
    campaign["bid"] = json!({"type": "cpm", "cpm": 15.0, "max_cpm": 15.0});
    let campaign = post_json(&stack.api("/campaigns"), &campaign)
        .await
        .expect_status(201)
        .json();
    let id = campaign["id"].as_str().unwrap().to_owned();
    let request = request_of("user-12345");
    let won = poll_until(PATIENCE, async || {
        let answer = post_json(&stack.rtb("/openrtb2/auction"), &request).await;
        (answer.status == 200 && answer.json()["seatbid"][0]["bid"][0]["cid"] == id.as_str())
            .then(|| answer.json())
    })
    .await;
    let bid = &won["seatbid"][0]["bid"][0];
    assert_eq!(
        bid["price"].to_string(),
        "15",
        "first price, at most max_cpm"
    );
    assert_eq!(
        stack.spend(&id).await["spend"].to_string(),
        "0",
        "a win is not billed (R5)"
    );
    for _ in 0..2 {
        let answer = get(bid["nurl"].as_str().unwrap()).await;
        assert_eq!(answer.status, 200, "{answer}");
    }
    // R4: the same billing notice ten times.
    for number in 0..10 {
        let answer = get(bid["burl"].as_str().unwrap())
            .await
            .expect_status(200)
            .json();
        let want = if number == 0 { "accepted" } else { "duplicate" };
        assert_eq!(answer["status"], want);
    }
    let spend = poll_until(PATIENCE, async || {
        let spend = stack.spend(&id).await;
        (spend["impressions"] == 1).then_some(spend)
    })
    .await;
    assert_eq!(
        spend["spend"].to_string(),
        "0.015",
        "15 CPM is 0.015 an impression, exactly: {spend:#}"
    );
    let sum = ["spend", "reserved", "remaining"]
        .iter()
        .map(|key| nanos(&spend[key]))
        .sum::<i64>();
    assert_eq!(
        sum,
        nanos(&spend["budget"]),
        "budget = spend + reserved + remaining: {spend:#}"
    );
    let invariants = get(&stack.api("/ops/invariants"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(invariants["imbalance_nanos"], 0, "{invariants:#}");

    // R7: one changed character, and nothing moves.
    let burl = bid["burl"].as_str().unwrap();
    let (head, tail) = burl.split_at(burl.find("t=").unwrap() + 40);
    let changed = if tail.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{head}{changed}{}", &tail[1..]);
    let answer = get(&forged).await;
    assert!(matches!(answer.status, 401 | 403), "{answer}");
    assert_eq!(stack.spend(&id).await["spend"].to_string(), "0.015");
    stack.stop().await;
}

fn nanos(value: &Value) -> i64 {
    units::Nanos::parse(&value.to_string()).unwrap().0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_service_tells_its_state_its_figures_and_its_reference() {
    let stack = Stack::start().await;
    let services = [
        ("control-plane", stack.api("")),
        ("bidder", stack.bidder("")),
        ("exchange-ssp", stack.ssp("")),
        ("exchange-rtb", stack.rtb("")),
        ("dmp", stack.dmp("")),
    ];
    for (name, base) in services {
        let health = get(&format!("{base}/health"))
            .await
            .expect_status(200)
            .json();
        assert_eq!(health["service"], name, "{health:#}");
        assert_eq!(health["status"], "healthy", "{health:#}");
        for path in ["/livez", "/readyz", "/version"] {
            let _ = get(&format!("{base}{path}")).await.expect_status(200);
        }
        let metrics = get(&format!("{base}/metrics"))
            .await
            .expect_status(200)
            .text();
        assert!(metrics.contains("# TYPE gavel_"), "{name}: {metrics}");
        let openapi = get(&format!("{base}/openapi.json"))
            .await
            .expect_status(200)
            .json();
        assert!(
            openapi["paths"]
                .as_object()
                .is_some_and(|paths| !paths.is_empty()),
            "{name}"
        );
        let docs = get(&format!("{base}/docs/")).await;
        assert!(
            docs.status == 200 && docs.text().contains("<html"),
            "{name}: {docs}"
        );
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_user_event_reaches_the_next_bid() {
    let stack = Stack::start().await;
    let url = stack.dmp("/user/fresh-user/events");
    let events = json!({"events": [{"event_type": "page_view", "page_url": "https://example.com/products", "timestamp": "2024-01-01T12:00:00Z"}]});
    let answer = post_json(&url, &events).await.expect_status(202).json();
    assert_eq!(answer["accepted"], 1, "{answer:#}");
    let profile = get(&stack.dmp("/user/fresh-user/profile"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(profile["user_id"], "fresh-user");
    let segments = get(&stack.dmp("/segments")).await.expect_status(200).json();
    let ids: Vec<&str> = segments["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|s| s["id"].as_str())
        .collect();
    for id in ["high_value", "mobile_users", "young_adults"] {
        assert!(ids.contains(&id), "{id} is seeded: {ids:?}");
    }
    stack.stop().await;
}
