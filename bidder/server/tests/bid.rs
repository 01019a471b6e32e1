//! Bid requests over a real socket.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod house;
#[path = "../../core/tests/shop/mod.rs"]
mod shop;

use house::House;
use serde_json::{Value, json};
use service::http::Method;
use testkit::http::{get, send};

/// One line item for each kind of media.
fn assortment() -> contracts::catalog::Catalog {
    shop::catalog(&[
        json!({"id": "card", "cpm": 1.0, "max_cpm": 30.0}),
        json!({"id": "video15", "cpm": 3.0, "max_cpm": 40.0, "creative": {"format": "video", "media_url": "https://cdn.example/v15.mp4", "duration_seconds": 15}}),
        json!({"id": "video30", "cpm": 2.0, "max_cpm": 40.0, "creative": {"format": "video", "media_url": "https://cdn.example/v30.mp4", "duration_seconds": 30}}),
        json!({"id": "audio30", "cpm": 2.0, "max_cpm": 20.0, "creative": {"format": "audio", "media_url": "https://cdn.example/a30.mp3", "duration_seconds": 30}}),
        json!({"id": "native", "cpm": 1.5, "creative": {"format": "native", "assets": {
            "title": "Spring", "description": "Twenty percent", "sponsored": "Shop", "image": {"url": "https://cdn.example/i.png", "width": 1200, "height": 627},
        }}}),
        json!({"id": "deal", "cpm": 1.0, "max_cpm": 30.0, "targeting": {"deals": ["D-FIX-7"]}}),
    ])
}

#[tokio::test]
async fn each_example_gets_its_bid() {
    let house = House::open(assortment(), &[]).await;
    let mut got = Vec::new();
    for (number, _) in EXPECTED {
        let (request, _) = testkit::fixtures::openrtb(number);
        let version = if number == 1 { "2.5" } else { "2.6" };
        let answer = house
            .post("/bid", &[("x-openrtb-version", version)], request.clone())
            .await;
        assert!(
            answer.header("x-gavel-auction-id").is_some(),
            "example {number}"
        );
        assert_eq!(answer.header("x-openrtb-version"), Some("2.6"), "C-8");
        if answer.status == 204 {
            assert!(answer.body.is_empty(), "example {number}: {answer}");
            assert!(
                answer.header("x-gavel-no-bid").is_some(),
                "E8: a no-bid has its reason"
            );
            got.push((number, String::new()));
            continue;
        }
        let answer = answer.expect_status(200).json();
        let asked: Value = serde_json::from_str(&request).unwrap();
        assert_eq!(answer["id"], asked["id"], "C-130 example {number}");
        let bids: Vec<String> = answer["seatbid"][0]["bid"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| {
                let mtype = it["mtype"]
                    .as_u64()
                    .or_else(|| it["ext"]["mtype"].as_u64())
                    .unwrap_or(0);
                let medium =
                    ["?", "banner", "video", "audio", "native"][usize::try_from(mtype).unwrap()];
                format!("{}:{medium}@{}", it["impid"].as_str().unwrap(), it["price"])
            })
            .collect();
        got.push((
            number,
            format!("{} {}", bids.join(" "), answer["cur"].as_str().unwrap()),
        ));
    }
    let want = EXPECTED.map(|(number, bids)| (number, bids.to_owned()));
    assert_eq!(got, want);
}

/// Per example the bids as `imp:medium@price`, and their currency; nothing stands for 204.
const EXPECTED: [(u8, &str); 16] = [
    (1, "1:banner@1 USD"),
    (2, "imp-1:video@3.6 USD"),
    (3, "1:video@7.15 USD"),
    (4, "n1:native@1.656 EUR"),
    (5, "n1:native@1.656 EUR"),
    // Thirty seconds: 1.1 of the floor by length, 12.50.
    (6, "a1:audio@13.75 USD"),
    (7, "1:video@3.6 USD"),
    // The deal that it names is for another seat, and the auction is private.
    (8, ""),
    // Thirty seconds at 0.60 each, raised to 1.1 of it.
    (9, "1:video@19.8 USD"),
    // The slots of one pod are kept apart, and there is but one advertiser; the fourth is another pod.
    (10, "1:video@19.8 4:video@11 USD"),
    // Ten seconds exactly: nothing of that length.
    (11, ""),
    (
        12,
        "1:banner@1 2:banner@1 3:banner@1 4:banner@1 5:banner@1 USD",
    ),
    (13, "1:banner@0.92 EUR"),
    // Children: by context only (C-161), on a tablet.
    (14, "1:banner@0.9 USD"),
    (15, "1:banner@1 USD"),
    // The same: both are in one pod.
    (16, "1:video@24.2 USD"),
];

#[tokio::test]
async fn bad_input_is_refused_as_the_table_says() {
    let limits = [("request.eids", "2"), ("request.segments", "2")];
    let house = House::open(assortment(), &limits).await;
    let imps: Vec<Value> = (0..2_000)
        .map(|at| json!({"id": at.to_string(), "banner": {"w": 1, "h": 1}}))
        .collect();
    let deep = format!(
        "{{\"id\":\"1\",\"imp\":[{{\"id\":\"1\",\"banner\":{{}}}}],\"ext\":{}{}}}",
        "[".repeat(20_000),
        "]".repeat(20_000)
    );
    let double = json!({"id": "1", "imp": [{"id": "1", "banner": {"w": 1, "h": 1}}, {"id": "1", "banner": {"w": 1, "h": 1}}]});
    struct Case<'a>(&'a str, Vec<u8>, u16, &'a str);
    let cases = [
        Case("not JSON", b"hello".to_vec(), 400, "not_json"),
        Case("empty", b"".to_vec(), 400, "not_json"),
        Case("truncated", b"{\"id\":\"1\"".to_vec(), 400, "not_json"),
        Case(
            "R34 trailing bytes",
            b"{\"id\":\"1\",\"imp\":[{\"id\":\"1\",\"banner\":{\"w\":1,\"h\":1}}]} x".to_vec(),
            400,
            "not_json",
        ),
        Case("R34 BOM", b"\xEF\xBB\xBF{}".to_vec(), 400, "not_json"),
        Case(
            "R37 invalid UTF-8",
            b"{\"id\":\"\xFF\"}".to_vec(),
            400,
            "not_json",
        ),
        Case("not an object", b"[]".to_vec(), 400, "not_json"),
        Case("R34 depth 20,000", deep.into_bytes(), 400, "not_json"),
        Case(
            "C-60 no id",
            b"{\"imp\":[{\"id\":\"1\",\"banner\":{\"w\":1,\"h\":1}}]}".to_vec(),
            400,
            "invalid_request",
        ),
        Case(
            "C-66 no imp",
            b"{\"id\":\"1\",\"imp\":[]}".to_vec(),
            400,
            "invalid_request",
        ),
        Case(
            "C-64 duplicate imp id",
            double.to_string().into_bytes(),
            400,
            "invalid_request",
        ),
        Case(
            "R37 2,000 imps",
            json!({"id": "1", "imp": imps}).to_string().into_bytes(),
            400,
            "invalid_request",
        ),
        Case(
            "R37 more ids of the user than configured",
            shop::request(json!({"user": {"eids": [{"source": "s", "uids": [{"id": "1"}, {"id": "2"}, {"id": "3"}]}]}}))
                .to_string()
                .into_bytes(),
            400,
            "invalid_request",
        ),
        Case(
            "R37 more segments than configured",
            shop::request(json!({"user": {"data": [{"segment": [{"id": "1"}, {"id": "2"}, {"id": "3"}]}]}}))
                .to_string()
                .into_bytes(),
            400,
            "invalid_request",
        ),
        Case(
            "C-40 site and app",
            shop::request(json!({"app": {"id": "a"}}))
                .to_string()
                .into_bytes(),
            400,
            "invalid_request",
        ),
        Case(
            "C-31 duplicate id",
            b"{\"id\":\"1\",\"id\":\"2\",\"imp\":[{\"id\":\"1\",\"banner\":{\"w\":1,\"h\":1}}]}"
                .to_vec(),
            400,
            "invalid_request",
        ),
    ];
    for Case(says, body, status, code) in cases {
        let answer = house.post("/bid", &[], body).await;
        assert_eq!(answer.status, status, "{says}: {answer}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{says}"
        );
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{says}: {problem}");
        assert_eq!(problem["nbr"], 2, "{says}");
        assert!(problem["pointer"].is_string(), "{says}");
    }
    let url = format!("{}/bid", house.url);
    let huge = house.post("/bid", &[], vec![b' '; 10 << 20]).await;
    assert_eq!(huge.status, 413, "R38: {huge}");
    let method = get(&url).await;
    assert_eq!((method.status, method.header("allow")), (405, Some("POST")));
    let media = send(Method::POST, &url, &[("content-type", "text/xml")], "<a/>").await;
    assert_eq!(media.status, 415, "C-2");
    assert_eq!(get(&format!("{}/nothing", house.url)).await.status, 404);
    let good = house.bid(&shop::request(json!({}))).await;
    assert_eq!(good.status, 200, "nothing of that hurt: {good}");
}

#[tokio::test]
async fn answers_over_http() {
    let house = House::open(assortment(), &[("limits.gzip_above", "1B")]).await;
    let request = shop::request(json!({})).to_string();
    let ask = async |headers: &[(&str, &str)], body: &str| {
        house.post("/bid", headers, body.to_owned()).await
    };
    let declined = shop::request(json!({"wseat": ["other"]})).to_string();
    let no_bid = ask(&[], &declined).await;
    assert_eq!((no_bid.status, no_bid.body.len()), (204, 0), "C-3");
    assert_eq!(ask(&[], "{").await.status, 400, "C-3: never a 204");
    for version in ["2.5", "2.6", "2.6-202606", "3.0", "old"] {
        let answer = ask(&[("x-openrtb-version", version)], &request).await;
        let answer = answer.expect_status(200);
        assert_eq!(answer.header("x-openrtb-version"), Some("2.6"), "C-8");
        let bid = answer.json()["seatbid"][0]["bid"][0].clone();
        let old = bid.get("mtype").is_none();
        assert_eq!(old, version == "2.5", "C-9: {version} is read all the same");
    }
    let plain = ask(&[], &request).await.expect_status(200);
    assert_eq!(plain.header("content-encoding"), None, "C-5");
    let packed = ask(&[("accept-encoding", "gzip")], &request).await;
    let packed = packed.expect_status(200);
    assert_eq!(packed.header("content-encoding"), Some("gzip"), "C-5");
    assert!(packed.body.starts_with(&[0x1f, 0x8b]), "C-5");
    assert!(packed.body.len() < plain.body.len(), "C-5");
}

#[tokio::test]
async fn only_what_the_source_approved_is_shown_there() {
    let mut catalog = shop::catalog(&[json!({"id": "one"}), json!({"id": "two", "cpm": 1.0})]);
    let approved = contracts::catalog::Review::Approved;
    catalog.creatives[1]
        .approvals
        .insert("strict".into(), approved);
    let keys = [
        ("sources.strict.key", "k1"),
        ("sources.strict.reviews_creatives", "true"),
        ("sources.usual.key", "k2"),
    ];
    let house = House::open(catalog, &keys).await;
    for (key, creative) in [("k1", "crt_1"), ("k2", "crt_0")] {
        let request = shop::request(json!({})).to_string();
        let answer = house.post("/bid", &[("x-gavel-key", key)], request).await;
        let bid = answer.expect_status(200).json()["seatbid"][0]["bid"][0].clone();
        assert_eq!(bid["crid"], creative, "{key}");
    }
}

#[tokio::test]
async fn what_we_do_not_understand_is_told() {
    // B-40: nbr for 2 and 15, a bare 204 for the rest
    let house = House::open(assortment(), &[]).await;
    let cases = [
        ("X-70", json!({"at": 500}), 200, Some(2)),
        ("B-61", json!({"cur": ["XAU"]}), 200, Some(2)),
        ("B-31", json!({"tmax": 5}), 200, Some(15)),
        (
            "B-60",
            json!({"device": {"ua": "Googlebot/2.1"}}),
            204,
            None,
        ),
        ("nobody bids", json!({"wseat": ["other"]}), 204, None),
    ];
    for (id, differs, status, nbr) in cases {
        let answer = house.bid(&shop::request(differs)).await;
        assert_eq!(answer.status, status, "{id}: {answer}");
        if let Some(nbr) = nbr {
            assert_eq!(answer.json(), json!({"id": "r1", "nbr": nbr}), "{id}");
        }
    }
    let stats = house.operator("/stats").await.expect_status(200).json();
    assert_eq!(stats["requests"], 5, "{stats}");
    assert_eq!(
        stats["no_bids"],
        json!({"unknown_auction_type": 1, "unknown_currency": 1, "too_little_time": 1, "crawler": 1, "nothing_eligible": 1})
    );
}

#[tokio::test]
async fn a_test_bid_leaves_the_leases_free_as_it_was() {
    // it is signed as a test and can never be charged.
    let house = House::open(shop::catalog(&[json!({})]), &[]).await;
    let free = async || {
        let loaded = house.operator("/campaigns").await.json();
        loaded["items"][0]["line_items"][0]["leased_free"].to_string()
    };
    for _ in 0..3 {
        let answer = house.bid(&shop::request(json!({"test": 1}))).await;
        assert_eq!(
            answer.expect_status(200).json()["seatbid"][0]["bid"][0]["price"],
            2
        );
        assert_eq!(free().await, "0.25");
    }
    let _ = house
        .bid(&shop::request(json!({})))
        .await
        .expect_status(200);
    assert_eq!(free().await, "0.248", "the real one's is committed");
}

#[tokio::test]
async fn a_test_bid_is_held_to_caps_and_leaves_nothing_with_the_user() {
    // no impression comes of it, so that its pending would stay until its end
    let cap = json!([{"scope": "campaign", "count": 2, "window": {"sliding_seconds": 3_600}}]);
    let house = House::open(shop::catalog(&[json!({"caps": cap})]), &[]).await;
    let imps: Vec<Value> = (0..3)
        .map(|at| json!({"id": at.to_string(), "banner": {"w": 300, "h": 250}}))
        .collect();
    let test = shop::request(json!({"user": {"id": "u1"}, "imp": imps, "test": 1}));
    let real = shop::request(json!({"user": {"id": "u1"}}));
    let bids = async |request: &Value| {
        let answer = house.bid(request).await;
        match answer.status {
            204 => 0,
            _ => answer.json()["seatbid"][0]["bid"].as_array().unwrap().len(),
        }
    };
    for _ in 0..3 {
        assert_eq!(bids(&test).await, 2, "its imps count one another");
    }
    assert_eq!(bids(&real).await, 1);
    assert_eq!(bids(&test).await, 1, "a real one counts");
    assert_eq!(bids(&real).await, 1, "the second");
    assert_eq!((bids(&real).await, bids(&test).await), (0, 0), "met");
}

#[tokio::test]
async fn the_trace_id_is_the_auction_id() {
    let house = House::open(assortment(), &[]).await;
    let trace = (
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    );
    let answer = house
        .post(
            "/openrtb2/bid",
            &[trace],
            shop::request(json!({})).to_string(),
        )
        .await;
    assert_eq!(
        answer.header("x-gavel-auction-id"),
        Some("0af76519-16cd-43dd-8448-eb211c80319c")
    );
    assert_eq!(
        answer.json()["bidid"],
        "0af76519-16cd-43dd-8448-eb211c80319c"
    );
}

#[tokio::test]
async fn whose_profile_and_caps() {
    let cap = json!([{"scope": "campaign", "count": 2, "window": {"sliding_seconds": 3_600}}]);
    let catalog = shop::catalog(&[
        json!({"id": "capped", "cpm": 5.0, "caps": cap, "targeting": {"interests": ["technology"]}}),
        json!({"id": "other", "cpm": 1.0}),
    ]);
    let house = House::open(catalog, &[]).await;
    let users = userstate::UserState::connect(&house.redis.state_url, userstate::Budget::default())
        .unwrap();
    let profile =
        serde_json::from_value(json!({"user_id": "u1", "interests": ["technology"]})).unwrap();
    users.put_profile(&profile).await.unwrap();
    let cases = [
        (
            "by user.buyeruid",
            json!({"user": {"buyeruid": "u1"}}),
            "campaign_0",
        ),
        (
            "by device.ifa",
            json!({"device": {"devicetype": 2, "ifa": "u1"}}),
            "campaign_0",
        ),
        (
            "a third time: two pendings are there",
            json!({"user": {"id": "u1"}}),
            "campaign_1",
        ),
        (
            "an unknown user is not interested",
            json!({"user": {"id": "u2"}}),
            "campaign_1",
        ),
        (
            "coppa: not recognised",
            json!({"user": {"id": "u1"}, "regs": {"coppa": 1}}),
            "campaign_1",
        ),
    ];
    for (says, differs, campaign) in cases {
        let answer = house
            .bid(&shop::request(differs))
            .await
            .expect_status(200)
            .json();
        assert_eq!(answer["seatbid"][0]["bid"][0]["cid"], campaign, "{says}");
    }
}

#[tokio::test]
async fn of_a_profile_no_more_segments_are_looked_at_than_configured() {
    let catalog = shop::catalog(&[
        json!({"id": "old", "cpm": 5.0, "targeting": {"segments": ["seen_long_ago"]}}),
        json!({"id": "new", "cpm": 1.0, "targeting": {"segments": ["seen_last"]}}),
    ]);
    for (most, want) in [("2", "campaign_0"), ("1", "campaign_1")] {
        let house = House::open(catalog.clone(), &[("user_segments", most)]).await;
        let users =
            userstate::UserState::connect(&house.redis.state_url, userstate::Budget::default())
                .unwrap();
        let seen = |id: &str, at: i64| json!({"id": id, "last_seen": at, "count": 1});
        let profile =
            json!({"user_id": "u1", "segments": [seen("seen_long_ago", 1), seen("seen_last", 2)]});
        let profile = serde_json::from_value(profile).unwrap();
        users.put_profile(&profile).await.unwrap();
        let request = shop::request(json!({"user": {"id": "u1"}}));
        let answer = house.bid(&request).await.expect_status(200).json();
        assert_eq!(answer["seatbid"][0]["bid"][0]["cid"], want, "{most}");
    }
}

#[tokio::test]
async fn imps_of_one_request_count_one_another() {
    // money.md "Frequency caps"
    let cap = json!([{"scope": "campaign", "count": 2, "window": {"sliding_seconds": 3_600}}]);
    let house = House::open(shop::catalog(&[json!({"caps": cap})]), &[]).await;
    let imps: Vec<Value> = (0..5)
        .map(|at| json!({"id": at.to_string(), "banner": {"w": 300, "h": 250}}))
        .collect();
    let request = shop::request(json!({"user": {"id": "u9"}, "imp": imps}));
    let answer = house.bid(&request).await.expect_status(200).json();
    assert_eq!(answer["seatbid"][0]["bid"].as_array().unwrap().len(), 2);
    let again = house.bid(&request).await;
    assert_eq!(again.status, 204, "{again}");
}

#[tokio::test]
async fn an_edit_of_the_catalog_is_live_and_told_is_counted() {
    let house = House::open(shop::catalog(&[json!({"id": "first"})]), &[]).await;
    let _ = house
        .bid(&shop::request(json!({})))
        .await
        .expect_status(200);
    {
        let mut catalog = house.plane.catalog.lock().unwrap();
        *catalog = shop::catalog(&[json!({"id": "second", "cpm": 7.0})]);
        catalog.version = 4;
    }
    testkit::poll_until(std::time::Duration::from_secs(20), async || {
        let answer = house.bid(&shop::request(json!({}))).await;
        answer.status == 200 && answer.json()["seatbid"][0]["bid"][0]["price"] == 7
    })
    .await;
    // The ended lease of the first is reported, with what was committed on it.
    testkit::poll_until(std::time::Duration::from_secs(20), async || {
        let asks = house.plane.asks.lock().unwrap();
        let tallied = asks
            .iter()
            .flat_map(|it| &it.tallies)
            .any(|it| it.bids > 0 && it.matched > 0);
        let ended = asks
            .iter()
            .flat_map(|it| &it.ended)
            .any(|it| it.committed.0 > 0);
        tallied && ended
    })
    .await;
}

#[tokio::test]
async fn who_may_call_what() {
    let keyed = [
        ("sources.ssp.key", "k1"),
        ("sources.ssp.bill_on", "impression"),
    ];
    let house = House::open(assortment(), &keyed).await;
    let request = shop::request(json!({})).to_string();
    type Headers = Vec<(&'static str, &'static str)>;
    let cases: [(&str, &str, Headers, u16); 7] = [
        ("no key", "/bid", vec![], 401),
        ("S5: a wrong key", "/bid", vec![("x-gavel-key", "k2")], 401),
        ("the key", "/bid", vec![("x-gavel-key", "k1")], 200),
        ("the key in the query", "/bid?key=k1", vec![], 200),
        ("explain without a token", "/explain", vec![], 401),
        (
            "explain with a wrong one",
            "/explain",
            vec![("authorization", "Bearer x")],
            403,
        ),
        (
            "explain on bid, with a key only",
            "/bid?explain=1&key=k1",
            vec![],
            401,
        ),
    ];
    for (says, path, headers, status) in cases {
        let answer = house.post(path, &headers, request.clone()).await;
        assert_eq!(answer.status, status, "{says}: {answer}");
    }
    assert_eq!(get(&format!("{}/stats", house.url)).await.status, 401);
    // Who bills by impression gets no burl.
    let answer = house
        .post("/bid", &[("x-gavel-key", "k1")], request)
        .await
        .json();
    assert!(answer["seatbid"][0]["bid"][0].get("burl").is_none());
}

#[tokio::test]
async fn an_explanation_names_every_refusal() {
    let catalog = shop::catalog(&[
        json!({"id": "bids"}),
        json!({"id": "refused", "targeting": {"countries": ["DE"], "interests": ["golf"]}, "max_cpm": 0.1, "cpm": 0.1}),
    ]);
    let house = House::open(catalog, &[("local_mode", "true")]).await;
    let answer = house
        .post("/explain", &[], shop::request(json!({})).to_string())
        .await
        .expect_status(200)
        .json();
    let items = &answer["imps"][0]["line_items"];
    assert_eq!(
        (&items[0]["line_item"], &items[0]["would_bid"]),
        (&json!("bids"), &json!(true))
    );
    assert_eq!(items[0]["price"]["price"], "2");
    let rules: Vec<_> = items[1]["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["rule"].as_str().unwrap())
        .collect();
    assert_eq!(rules, ["interest", "country", "under_floor"]);
    assert_eq!(
        (
            &items[1]["failures"][1]["seen"],
            &items[1]["failures"][1]["wanted"]
        ),
        (&json!("USA"), &json!("DEU"))
    );
    let miss = &answer["imps"][0]["nearest_miss"];
    assert_eq!(miss["line_item"], "refused");
    assert_eq!(
        miss["sentence"],
        "refused would bid if the user's interests had golf and the country were DEU and the floor were <= 0.1 USD"
    );
    // Only one, and one that is not there; beside the answer of a bid, the same.
    let one = house
        .post(
            "/explain?line_item=refused",
            &[],
            shop::request(json!({})).to_string(),
        )
        .await
        .expect_status(200)
        .json();
    assert_eq!(one["imps"][0]["line_items"].as_array().unwrap().len(), 1);
    let beside = house
        .post(
            "/bid?explain=1&line_item=gone",
            &[],
            shop::request(json!({})).to_string(),
        )
        .await
        .expect_status(200)
        .json();
    assert_eq!(beside["seatbid"][0]["bid"][0]["cid"], "campaign_0");
    let explanation = &beside["ext"]["gavel"]["explanation"];
    assert_eq!(
        explanation["absent"][0]["why"],
        "it is not in the catalog (version 3)"
    );
    assert_eq!(explanation["imps"][0]["would_bid"], 0);
    let nobody = house
        .post(
            "/bid?explain=1",
            &[],
            shop::request(json!({"wseat": ["other"]})).to_string(),
        )
        .await
        .expect_status(200);
    assert_eq!(nobody.header("x-gavel-no-bid"), Some("nothing_eligible"));
    let nobody = nobody.json();
    assert_eq!((&nobody["id"], &nobody["nbr"]), (&json!("r1"), &json!(502)));
    let gavel = &nobody["ext"]["gavel"];
    assert_eq!(gavel["no_bid"], "nothing_eligible");
    assert_eq!(
        gavel["explanation"]["imps"][0]["line_items"][0]["reason"],
        "seat_not_allowed"
    );
}

#[tokio::test]
async fn the_last_money_counts_as_free_for_the_bid_that_took_it() {
    // One bid's worth in the only lease there will be.
    let house = House::open(
        shop::catalog(&[json!({"cpm": 2.0})]),
        &[("first_lease", "0.002")],
    )
    .await;
    *house.plane.away.lock().unwrap() = true;
    let answer = house
        .post(
            "/bid?explain=1",
            &[house::OPERATOR],
            shop::request(json!({})).to_string(),
        )
        .await
        .expect_status(200)
        .json();
    let item = &answer["ext"]["gavel"]["explanation"]["imps"][0]["line_items"][0];
    assert_eq!(
        (&item["would_bid"], &item["money"]["most_free"]),
        (&json!(true), &json!("0.002")),
        "{answer}"
    );
}

#[tokio::test]
async fn every_route_is_documented_and_answers() {
    let house = House::open(assortment(), &[]).await;
    let document = get(&format!("{}/openapi.json", house.url))
        .await
        .expect_status(200)
        .json();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap();
            let url = format!("{}{}", house.url, path.replace("{event}", "start"));
            let answer = send(
                method.clone(),
                &url,
                &[("content-type", "application/json")],
                "",
            )
            .await;
            assert!(
                ![404, 405].contains(&answer.status),
                "{method} {path}: {answer}"
            );
        }
    }
    for path in [
        "/health", "/livez", "/readyz", "/metrics", "/version", "/docs/",
    ] {
        assert_eq!(
            get(&format!("{}{path}", house.url)).await.status,
            200,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_large_catalog_is_leased_in_batches_the_ledger_takes() {
    // money.md "A lease": a batch is at most 1,000 line items
    let items: Vec<Value> = (0..2_500)
        .map(|number| json!({"id": format!("item-{number}"), "cpm": 1.0}))
        .collect();
    let house = House::open(shop::catalog(&items), &[("keep_leased", "5000")]).await;
    let asks = house.plane.asks.lock().unwrap();
    assert!(asks.iter().map(|ask| ask.wants.len()).sum::<usize>() >= 2_500);
    for ask in asks.iter() {
        assert!(ask.wants.len() <= 1_000 && ask.ended.len() <= 1_000 && ask.tallies.len() <= 1_000);
    }
}

#[tokio::test]
async fn an_ask_whose_answer_was_lost_is_repeated_under_its_number() {
    let house = House::open(shop::catalog(&[json!({})]), &[]).await;
    let limit = std::time::Duration::from_secs(30);
    let batches = || {
        let asks = house.plane.asks.lock().unwrap();
        asks.iter().map(|ask| ask.batch).collect::<Vec<u64>>()
    };
    let tell_something = async || {
        let request = shop::request(json!({})).to_string();
        let answer = house.post("/bid", &[], request).await;
        assert_eq!(answer.status, 200, "{answer}");
    };
    let before = batches();
    *house.plane.unheard.lock().unwrap() = true;
    tell_something().await;
    testkit::poll_until(limit, async || batches().len() >= before.len() + 4).await;
    *house.plane.unheard.lock().unwrap() = false;
    let repeated = batches();
    let [earlier @ .., last] = &*repeated else {
        panic!("no asks");
    };
    assert!(
        earlier.ends_with(&[*last; 2]),
        "one number until it is answered: {repeated:?}"
    );
    // Once it is answered, the next has the next number.
    testkit::poll_until(limit, async || {
        tell_something().await;
        batches().last() > Some(last)
    })
    .await;
    let told = batches();
    assert!(told.is_sorted(), "{told:?}");
    let mut numbers = told.clone();
    numbers.dedup();
    let counted: Vec<u64> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, counted, "none is left out: {told:?}");
}
