//! How many bids go out, over a real socket: deals, pods, caps within a request, the same opportunity twice.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod house;
#[path = "../../core/tests/shop/mod.rs"]
mod shop;

use house::House;
use serde_json::{Value, json};
use testkit::http::Answer;

/// `imp:campaign:deal` of every bid, sorted.
fn bids(answer: &Answer) -> Vec<String> {
    if answer.status == 204 {
        return Vec::new();
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let seats = body["seatbid"].as_array().unwrap().iter();
    let bids = seats.flat_map(|it| it["bid"].as_array().unwrap());
    let mut named: Vec<String> = bids
        .map(|it| {
            let text = |key: &str| it[key].as_str().unwrap_or("-").to_owned();
            format!("{}:{}:{}", text("impid"), text("cid"), text("dealid"))
        })
        .collect();
    named.sort();
    named
}

#[tokio::test]
async fn one_bid_per_tid_and_imp_whichever_way_it_comes() {
    let house = House::open(shop::catalog(&[json!({})]), &[]).await;
    let asked = |id: &str, tid: &str, imps: &[&str]| {
        let imps: Vec<_> = imps
            .iter()
            .map(|id| json!({"id": id, "banner": {"w": 300, "h": 250}}))
            .collect();
        shop::request(json!({"id": id, "source": {"tid": tid}, "imp": imps}))
    };
    struct Case(&'static str, Value, &'static [&'static str]);
    let both: &[_] = &["1:campaign_0:-", "2:campaign_0:-"];
    let cases = [
        Case(
            "the first way",
            asked("ssp-a", "t1", &["1"]),
            &["1:campaign_0:-"],
        ),
        Case("another way", asked("ssp-b", "t1", &["1"]), &[]),
        Case(
            "the same call again",
            asked("ssp-a", "t1", &["1"]),
            &["1:campaign_0:-"],
        ),
        Case(
            "its other imp is free",
            asked("ssp-b", "t1", &["1", "2"]),
            &["2:campaign_0:-"],
        ),
        Case(
            "another opportunity",
            asked("ssp-b", "t2", &["1", "2"]),
            both,
        ),
        Case(
            "without a tid nothing is the same",
            shop::request(json!({})),
            &["1:campaign_0:-"],
        ),
    ];
    for Case(says, request, want) in cases {
        let answer = house.bid(&request).await;
        assert_eq!(bids(&answer), want, "{says}: {answer}");
        if want.is_empty() {
            let reason = answer.header("x-gavel-no-bid");
            assert_eq!(reason, Some("duplicate_opportunity"), "{says}");
        }
    }
    // The explanation knows of it, and does not take the opportunity itself.
    for (says, id, reason) in [
        ("another way", "ssp-b", Some("duplicate_opportunity")),
        ("the request that bid", "ssp-a", None),
        (
            "another way, once more",
            "ssp-c",
            Some("duplicate_opportunity"),
        ),
    ] {
        let body = asked(id, "t1", &["1"]).to_string();
        let told = house.post("/explain", &[house::OPERATOR], body).await;
        let told = told.expect_status(200).json();
        let item = &told["imps"][0]["line_items"][0];
        assert_eq!(item["reason"].as_str(), reason, "{says}: {item}");
        assert_eq!(item["would_bid"], reason.is_none(), "{says}: {item}");
    }
    // What did not go out is given back, and is another's to bid on.
    let free = house.operator("/campaigns").await.expect_status(200).json();
    assert!(free["items"][0]["line_items"][0]["leased_free"].is_number());
}

#[tokio::test]
async fn deals_and_open_bids_in_one_answer() {
    // B-20: bid.dealid per bid
    let catalog = shop::catalog(&[
        json!({"cpm": 5.0}),
        json!({"cpm": 4.0}),
        json!({"cpm": 3.0}),
        json!({"cpm": 1.0, "targeting": {"deals": ["D1"]}}),
    ]);
    let deals = shop::imp(json!({"pmp": {"deals": [{"id": "D1"}]}}));
    let house = House::open(catalog.clone(), &[]).await;
    let got = bids(&house.bid(&deals).await);
    assert_eq!(got, ["1:campaign_0:-", "1:campaign_1:-", "1:campaign_3:D1"]);
    let overrides = [("bids.per_imp", "1")];
    let house = House::open(catalog, &overrides).await;
    let got = bids(&house.bid(&deals).await);
    assert_eq!(
        got,
        ["1:campaign_3:D1"],
        "an exchange that takes one: the deal's"
    );
}

#[tokio::test]
async fn a_pod_is_answered_with_several_bids() {
    // C-101, B-11
    let ad = |domain: &str| json!({"creative": {"format": "video", "media_url": "https://cdn.example/v.mp4", "duration_seconds": 15, "adomain": [domain]}});
    let house = House::open(
        shop::catalog(&[ad("a.example"), ad("b.example"), ad("a.example")]),
        &[],
    )
    .await;
    let video = json!({"mimes": ["video/mp4"], "protocols": [7, 11, 13], "podid": "p", "poddur": 60, "maxduration": 30});
    let answer = house
        .bid(&shop::imp(json!({"banner": null, "video": video})))
        .await;
    let got = answer.expect_status(200).json();
    let bids = got["seatbid"][0]["bid"].as_array().unwrap();
    assert_eq!(bids.len(), 2, "{got}");
    assert_ne!(bids[0]["adomain"], bids[1]["adomain"]);
    assert_ne!(bids[0]["id"], bids[1]["id"]);
    assert!(bids.iter().all(|it| it["dur"] == 15));
}

#[tokio::test]
async fn without_the_script_caps_hold_within_the_request() {
    // money.md: imps of one request count one another; `on_cap_unknown = bid` where nobody can be counted.
    let cap = json!([{"scope": "campaign", "count": 2, "window": {"sliding_seconds": 3_600}}]);
    let capped = json!({"cpm": 3.0, "on_cap_unknown": "bid", "caps": cap});
    let house = House::open(shop::catalog(&[capped, json!({"cpm": 1.0})]), &[]).await;
    let imps: Vec<Value> = (0..4)
        .map(|at| json!({"id": at.to_string(), "banner": {"w": 300, "h": 250}}))
        .collect();
    // Nobody is named: there is no key to count under.
    let got = bids(&house.bid(&shop::request(json!({"imp": imps}))).await);
    let want = [
        "0:campaign_0:-",
        "1:campaign_0:-",
        "2:campaign_1:-",
        "3:campaign_1:-",
    ];
    assert_eq!(got, want);
}

#[tokio::test]
async fn the_arm_of_an_experiment_stands_in_the_bid() {
    let arms = json!([{"name": "b", "share": 1_000_000}]);
    let item = json!({"choosing": {"experiment": {"salt": "s", "arms": arms}}});
    let house = House::open(shop::catalog(&[item]), &[]).await;
    let answer = house.bid(&shop::request(json!({}))).await;
    let got = answer.expect_status(200).json();
    let bid = &got["seatbid"][0]["bid"][0];
    assert_eq!(bid["ext"]["gavel"]["arm"], "b");
    // Its notices say so, too.
    let burl = bid["burl"].as_str().unwrap();
    let burl = burl
        .replace("${AUCTION_PRICE}", "1")
        .replace("${AUCTION_CURRENCY}", "USD");
    let _ = testkit::http::get(&burl).await.expect_status(200);
    let log = house.money_log().await;
    let arms = log.iter().filter_map(|it| match it {
        contracts::event::MoneyEvent::Notice(notice) => Some(notice.claims.arm.as_deref()),
        contracts::event::MoneyEvent::Marker { .. } => None,
    });
    assert_eq!(arms.collect::<Vec<_>>(), [Some("b")]);
}
