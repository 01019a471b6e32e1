//! Bad input at every door: a clear 4xx, the process alive, spend unchanged.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod stack;

use http::Method;
use serde_json::json;
use stack::Stack;
use testkit::http::{get, post_json, send};

struct Case {
    item: &'static str,
    says: &'static str,
    method: Method,
    url: String,
    content_type: &'static str,
    body: Vec<u8>,
    status: u16,
    names: &'static str,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn bad_input_is_refused_with_a_reason_and_loses_nothing() {
    let stack = Stack::start().await;
    let auction = stack.rtb("/openrtb2/auction");
    let bid = stack.bidder("/bid");
    let campaigns = stack.api("/campaigns");
    let deep = [vec![b'['; 20_000], vec![b']'; 20_000]].concat();
    let nested = [br#"{"id":"1","ext":"#.to_vec(), deep, b"}".to_vec()].concat();
    let imps: Vec<_> = (0..2_000)
        .map(|n| json!({"id": n.to_string(), "banner": {"w": 300, "h": 250}}))
        .collect();
    let imps = json!({"id": "many", "imp": imps}).to_string().into_bytes();
    let large = vec![b' '; 10 * 1024 * 1024];
    let negative = json!({"name": "x", "advertiser_id": "advertiser_001", "budget": -1, "creative": {"title": "t", "description": "d"}});
    let nobody = json!({"name": "x", "advertiser_id": "advertiser_none", "budget": 1, "creative": {"title": "t", "description": "d"}});
    let json_type = "application/json";
    let mut cases = Vec::new();
    for (what, url) in [("exchange", &auction), ("bidder", &bid)] {
        let mut add = |item, says, method, content_type, body: &[u8], status, names| {
            let url = url.clone();
            let _ = what;
            cases.push(Case {
                item,
                says,
                method,
                url,
                content_type,
                body: body.to_vec(),
                status,
                names,
            });
        };
        add(
            "R34",
            "not JSON",
            Method::POST,
            json_type,
            b"{\"id\":",
            400,
            "code",
        );
        add(
            "C-12",
            "trailing bytes",
            Method::POST,
            json_type,
            b"{\"id\":\"1\"} x",
            400,
            "code",
        );
        add(
            "C-60",
            "no id",
            Method::POST,
            json_type,
            b"{\"imp\":[{\"id\":\"1\",\"banner\":{\"w\":1,\"h\":1}}]}",
            400,
            "/id",
        );
        add(
            "C-66",
            "no imp",
            Method::POST,
            json_type,
            b"{\"id\":\"1\",\"imp\":[]}",
            400,
            "/imp",
        );
        add(
            "C-64",
            "two imps of one id",
            Method::POST,
            json_type,
            b"{\"id\":\"1\",\"imp\":[{\"id\":\"1\",\"banner\":{}},{\"id\":\"1\",\"banner\":{}}]}",
            400,
            "/imp/1/id",
        );
        add(
            "R34",
            "20,000 levels",
            Method::POST,
            json_type,
            &nested,
            400,
            "code",
        );
        add(
            "R37",
            "2,000 imps",
            Method::POST,
            json_type,
            &imps,
            400,
            "/imp",
        );
        add("R38", "10 MB", Method::POST, json_type, &large, 413, "");
        add(
            "C-1",
            "another method",
            Method::PUT,
            json_type,
            b"{}",
            405,
            "",
        );
        add(
            "C-2",
            "another type",
            Method::POST,
            "application/xml",
            b"<a/>",
            415,
            "",
        );
    }
    let mut add = |item, says, method, url: &str, body: Vec<u8>, status, names| {
        cases.push(Case {
            item,
            says,
            method,
            url: url.into(),
            content_type: json_type,
            body,
            status,
            names,
        });
    };
    add(
        "E6",
        "not JSON",
        Method::POST,
        &campaigns,
        b"{".to_vec(),
        400,
        "code",
    );
    add(
        "E6",
        "negative budget",
        Method::POST,
        &campaigns,
        negative.to_string().into_bytes(),
        422,
        "/budget",
    );
    add(
        "E6",
        "unknown advertiser",
        Method::POST,
        &campaigns,
        nobody.to_string().into_bytes(),
        422,
        "/advertiser_id",
    );
    add(
        "E6",
        "unknown campaign",
        Method::GET,
        &stack.api("/campaigns/cmp_none"),
        Vec::new(),
        404,
        "code",
    );
    add(
        "E6",
        "unknown campaign's money",
        Method::GET,
        &stack.api("/campaigns/cmp_none/spend"),
        Vec::new(),
        404,
        "code",
    );
    add(
        "C-1",
        "another method",
        Method::PUT,
        &campaigns,
        b"{}".to_vec(),
        405,
        "",
    );
    add(
        "R38",
        "10 MB",
        Method::POST,
        &campaigns,
        large.clone(),
        413,
        "",
    );
    add("R7", "a forged win notice", Method::GET, &stack.bidder("/win-notice?t=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&price=1"), Vec::new(), 403, "code");
    add(
        "R7",
        "no token",
        Method::GET,
        &stack.bidder("/billing-notice"),
        Vec::new(),
        401,
        "code",
    );
    add(
        "R7",
        "a forged notice at the exchange",
        Method::GET,
        &stack
            .rtb("/notice/bill?t=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        Vec::new(),
        403,
        "code",
    );
    add(
        "R7",
        "a forged impression",
        Method::POST,
        &stack.ssp("/impression"),
        b"{\"token\":\"AAAA\"}".to_vec(),
        401,
        "code",
    );
    add(
        "E6",
        "unknown placement",
        Method::POST,
        &stack.ssp("/ad-request"),
        b"{\"placement_id\":\"placement_none\"}".to_vec(),
        404,
        "code",
    );
    add(
        "E6",
        "unknown user",
        Method::GET,
        &stack.dmp("/user/nobody/profile"),
        Vec::new(),
        404,
        "code",
    );

    let before = money(&stack).await;
    for case in cases {
        let headers: &[(&str, &str)] = &[("content-type", case.content_type)];
        let answer = send(case.method.clone(), &case.url, headers, case.body).await;
        let place = format!("{} {}: {} {}", case.item, case.says, case.method, case.url);
        assert_eq!(answer.status, case.status, "{place}: {answer}");
        if !case.names.is_empty() {
            let kind = answer.header("content-type").unwrap_or_default().to_owned();
            assert!(
                kind.starts_with("application/problem+json"),
                "{place}: {kind}"
            );
            assert!(
                answer.text().contains(case.names),
                "{place} names {}: {answer}",
                case.names
            );
        }
        if case.status == 405 {
            assert!(
                answer.header("allow").is_some(),
                "{place}: 405 tells what is allowed"
            );
        }
    }
    assert_eq!(money(&stack).await, before, "spend is unchanged");
    let request = json!({"id": "alive", "imp": [{"id": "1", "banner": {"w": 300, "h": 250}}], "site": {"domain": "a.example"}});
    for url in [auction, bid] {
        let answer = post_json(&url, &request).await;
        assert!(matches!(answer.status, 200 | 204), "alive: {answer}");
    }
    stack.stop().await;
}

async fn money(stack: &Stack) -> Vec<String> {
    let campaigns = get(&stack.api("/campaigns?limit=100"))
        .await
        .expect_status(200)
        .json();
    let mut spends = Vec::new();
    for campaign in campaigns["items"].as_array().unwrap() {
        let id = campaign["id"].as_str().unwrap();
        spends.push(format!("{id} {}", stack.spend(id).await["spend"]));
    }
    spends
}
