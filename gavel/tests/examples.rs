//! The sixteen example requests against the whole market, and against one scripted DSP alone.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod stack;

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use loadtest::partners::{self, Behaviour, Examples, PartnerStats};
use serde_json::{Value, json};
use service::Shutdown;
use stack::Stack;
use testkit::fixtures;
use testkit::http::{Answer, send};

async fn post(url: &str, body: String) -> Answer {
    send(
        http::Method::POST,
        url,
        &[("content-type", "application/json")],
        body,
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_example_is_auctioned_and_answered_with_a_bid_or_a_reason() {
    let stack = Stack::start().await;
    for number in fixtures::OPENRTB {
        let name = fixtures::openrtb_name(number);
        let (request, _) = fixtures::openrtb(number);
        let answer = post(&stack.rtb("/openrtb2/auction"), request.clone()).await;
        assert!(matches!(answer.status, 200 | 204), "{name}: {answer}");
        let id = answer
            .header("x-gavel-auction-id")
            .unwrap_or_else(|| panic!("{name} has no auction id"))
            .to_owned();
        let record = stack.auction(&id).await;
        for dsp in record["dsps"].as_array().unwrap() {
            let named = ["nothing_for_it", "dialect"].map(Value::from);
            let served = dsp["asked"] == true || named.contains(&dsp["status"]);
            assert!(
                served && dsp["status"].is_string(),
                "{name}: what became of {dsp:#}"
            );
        }
        for bid in record["bids"].as_array().unwrap() {
            let reason = bid["outcome"] == "won" || bid["loss"]["words"].is_string();
            assert!(reason, "{name}: each bid has a fate: {bid:#}");
        }
        let direct = post(&stack.bidder("/bid"), request).await;
        match direct.status {
            200 => {
                let response = direct.json();
                let bids = response["seatbid"].as_array().map_or(0, Vec::len);
                assert!(
                    bids > 0 || response["nbr"].is_number(),
                    "{name}: {response:#}"
                );
            }
            204 => assert!(
                direct.header("x-gavel-no-bid").is_some(),
                "{name}: a no-bid has its reason"
            ),
            other => panic!("{name}: {other} {direct}"),
        }
    }
    stack.stop().await;
}

/// What one imp is to win.
struct Won {
    imp: &'static str,
    crid: &'static str,
    price: &'static str,
}

/// One row of the last column of the examples' README.
struct Case {
    number: u8,
    cur: &'static str,
    won: &'static [Won],
}

const fn won(imp: &'static str, crid: &'static str, price: &'static str) -> Won {
    Won { imp, crid, price }
}

#[rustfmt::skip]
const CASES: [Case; 10] = [
    Case { number: 1, cur: "USD", won: &[won("1", "crA551", "1.375")] },
    Case { number: 2, cur: "USD", won: &[won("imp-1", "crV20", "2.1")] },
    Case { number: 3, cur: "USD", won: &[won("1", "crV31", "6.5")] },
    Case { number: 4, cur: "EUR", won: &[won("n1", "crN41", "0.92")] },
    Case { number: 5, cur: "EUR", won: &[won("n1", "crN41", "0.92")] },
    Case { number: 6, cur: "USD", won: &[won("a1", "crA61", "13.4")] },
    Case { number: 7, cur: "USD", won: &[won("1", "crR71", "8.75")] },
    Case { number: 8, cur: "USD", won: &[won("1", "crP81", "7.5")] },
    Case { number: 14, cur: "USD", won: &[] },
    Case { number: 15, cur: "USD", won: &[won("1", "crX15", "0.62")] },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn with_the_scripted_dsp_alone_the_outcome_is_that_of_the_examples() {
    let stack = Stack::start().await;
    let (trigger, shutdown) = Shutdown::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/bid", listener.local_addr().unwrap());
    let stats = Arc::new(PartnerStats::default());
    let seen = Arc::clone(&stats);
    let dir =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/testkit/fixtures/openrtb");
    let behaviour = Behaviour::Examples(Examples::load(&dir).unwrap());
    let dsp =
        std::thread::spawn(move || partners::run("scripted", listener, behaviour, stats, shutdown));
    stack.only_partner("scripted", &endpoint).await;

    for case in &CASES {
        let name = fixtures::openrtb_name(case.number);
        let (request, _) = fixtures::openrtb(case.number);
        let answer = post(&stack.rtb("/openrtb2/auction"), request.clone()).await;
        if case.won.is_empty() {
            assert_eq!(answer.status, 204, "{name}: {answer}");
            continue;
        }
        let answer = answer.expect_status(200).json();
        let request: Value = serde_json::from_str(&request).unwrap();
        assert_eq!(answer["id"], request["id"], "{name}");
        assert_eq!(answer["cur"].as_str().unwrap_or("USD"), case.cur, "{name}");
        let bids: Vec<&Value> = answer["seatbid"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|s| s["bid"].as_array().unwrap())
            .collect();
        assert_eq!(bids.len(), case.won.len(), "{name}: {answer:#}");
        for (bid, won) in bids.iter().zip(case.won) {
            assert_eq!(bid["impid"], won.imp, "{name}");
            assert_eq!(bid["crid"], won.crid, "{name}");
            assert_eq!(bid["price"].to_string(), won.price, "{name}: {answer:#}");
        }
    }
    // 09 to 13 and 16: accepted, whole at the DSP, at most one bid an imp that is no dynamic break.
    for number in [9, 10, 11, 12, 13, 16] {
        let name = fixtures::openrtb_name(number);
        let (request, _) = fixtures::openrtb(number);
        let asked: Value = serde_json::from_str(&request).unwrap();
        let before = seen.requests.load(Ordering::Relaxed);
        let answer = post(&stack.rtb("/openrtb2/auction"), request).await;
        assert!(matches!(answer.status, 200 | 204), "{name}: {answer}");
        assert_eq!(
            seen.requests.load(Ordering::Relaxed),
            before + 1,
            "{name} reaches the DSP"
        );
        if answer.status == 200 {
            let answer = answer.json();
            let mut imps: Vec<String> = Vec::new();
            for seat in answer["seatbid"].as_array().unwrap() {
                imps.extend(
                    seat["bid"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|bid| bid["impid"].to_string()),
                );
            }
            let offered = asked["imp"].as_array().unwrap();
            imps.retain(|id| {
                let imp = offered.iter().find(|imp| imp["id"] == id.trim_matches('"'));
                imp.is_some_and(|imp| !imp["video"]["poddur"].is_number())
            });
            let count = imps.len();
            imps.sort();
            imps.dedup();
            assert_eq!(
                imps.len(),
                count,
                "{name}: at most one bid an imp (X-85): {answer:#}"
            );
        }
    }
    trigger.fire();
    dsp.join().unwrap().unwrap();
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_slow_or_dead_dsp_does_not_hold_the_auction() {
    let stack = Stack::start().await;
    let (trigger, shutdown) = Shutdown::new();
    let mut threads = Vec::new();
    for (name, behaviour) in [
        ("dead", Behaviour::Dead),
        ("slow", Behaviour::Slow(std::time::Duration::from_secs(20))),
        ("garbage", Behaviour::Garbage),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}/bid", listener.local_addr().unwrap());
        let shutdown = shutdown.clone();
        let stats = Arc::new(PartnerStats::default());
        threads.push(std::thread::spawn(move || {
            partners::run(name, listener, behaviour, stats, shutdown)
        }));
        let partner = json!({"id": name, "name": name, "endpoint": endpoint, "active": true});
        let _ = testkit::http::post_json(&stack.api("/demand-partners"), &partner)
            .await
            .expect_status(201);
    }
    let request = json!({
        "id": "held", "at": 1, "tmax": 300, "imp": [{"id": "1", "bidfloor": 0.2, "banner": {"w": 300, "h": 250}}],
        "site": {"domain": "harbour-gazette.example"}, "device": {"devicetype": 2, "ip": "203.0.113.4"},
    });
    let record = testkit::poll_until(stack::PATIENCE, async || {
        let answer = post(&stack.rtb("/openrtb2/auction"), request.to_string()).await;
        let record = stack
            .auction(answer.header("x-gavel-auction-id").unwrap())
            .await;
        (stack::asked(&record).len() == 6 && answer.status == 200).then_some(record)
    })
    .await;
    let status = |id: &str| {
        let dsps = record["dsps"].as_array().unwrap();
        dsps.iter().find(|dsp| dsp["dsp"] == id).unwrap()["status"].clone()
    };
    assert_eq!(status("dead"), "timeout", "{record:#}");
    assert_eq!(status("slow"), "timeout", "{record:#}");
    assert_eq!(status("garbage"), "error", "{record:#}");
    trigger.fire();
    drop(threads);
    stack.stop().await;
}
