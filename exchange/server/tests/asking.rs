//! Whom an auction asks, and how: what the catalog says of each partner, over real sockets.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod market;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Instant;

use contracts::access::KeyDigest;
use exchange::{BID, Dsp, Rig, banner};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use market::PATIENCE;
use serde_json::{Value, json};
use testkit::http::get;
use testkit::poll_until;

/// A partner with further members.
fn partner(id: &str, url: &str, more: &Value) -> Value {
    let mut partner = json!({"id": id, "name": id, "endpoint": url, "active": true});
    let members = more.as_object().unwrap().clone();
    partner.as_object_mut().unwrap().extend(members);
    partner
}

fn status<'r>(record: &'r Value, dsp: &str) -> &'r str {
    let mut asked = record["dsps"].as_array().unwrap().iter();
    let found = asked.find(|of| of["dsp"] == dsp);
    found.map_or("absent", |of| of["status"].as_str().unwrap())
}

#[tokio::test]
async fn partners_are_asked_about_what_they_want() {
    // X-110
    let dsp = Dsp::bidding(BID);
    let url = format!("{}/bid", dsp.server.url);
    let wants = |id: &str, wants: Value| partner(id, &url, &json!({ "pretargeting": wants }));
    let partners = json!([
        wants("german", json!({"countries": ["DEU"]})),
        wants("french", json!({"countries": ["FRA"]})),
        wants("large", json!({"sizes": ["970x250"]})),
        wants("knowing", json!({"known_users_only": true})),
        wants("blocking", json!({"domains": {"block": ["news.example"]}})),
    ]);
    let rig = Rig::over(&partners, &[]).await;
    let request =
        banner(r#""site":{"domain":"sport.news.example"},"device":{"geo":{"country":"DEU"}},"#);
    let answer = rig.auction(&request).await.expect_status(200);
    let record = rig.record(&answer).await;
    let expect = [
        ("german", "bid"),
        ("french", "pretargeting"),
        ("large", "nothing_for_it"),
        ("knowing", "unknown_user"),
        ("blocking", "pretargeting"),
    ];
    for (dsp, expect) in expect {
        assert_eq!(status(&record, dsp), expect, "{dsp}");
    }
    let metrics = get(&rig.url("/metrics")).await.expect_status(200).text();
    let counted = r#"gavel_dsp_not_asked_total{dsp="french",reason="pretargeting"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn what_nobody_could_buy_is_offered_to_nobody() {
    let dsp = Dsp::bidding(BID);
    let url = format!("{}/bid", dsp.server.url);
    let partners = json!([partner("seated", &url, &json!({"seats": ["mine"]}))]);
    let rig = Rig::over(&partners, &[]).await;
    let floored = banner("").replace(r#""secure":1"#, r#""bidfloorcur":"XAU""#);
    let answer = rig.auction(&floored).await.expect_status(204);
    let record = rig.record(&answer).await;
    assert_eq!(
        status(&record, "seated"),
        "floor_currency",
        "X-73: {record}"
    );
    let deal = r#""pmp":{"private_auction":0,"deals":[{"id":"d","wseat":["theirs"]}]}"#;
    let of_others = banner("").replace(r#""secure":1"#, deal);
    let _ = rig.auction(&of_others).await;
    let asked = dsp.last_asked().json();
    assert_eq!(asked["imp"][0]["pmp"], Value::Null, "C-110: {asked}");
}

#[tokio::test]
async fn qps_is_one_limit_for_all_workers() {
    // X-112: two workers, more auctions at once than the limit
    let dsp = Dsp::bidding(BID);
    let url = format!("{}/bid", dsp.server.url);
    let partners = json!([partner("slow-lane", &url, &json!({"qps": 20}))]);
    let rig = Rig::over(&partners, &[]).await;
    let began = Instant::now();
    let request = banner("");
    let auctions = (0..200).map(|_| rig.auction(&request));
    futures_util::future::join_all(auctions).await;
    // A tenth of a second's worth may come early.
    let most = 20 * (began.elapsed().as_secs() + 1) + 2;
    let asked = dsp.times_asked() as u64;
    assert!((2..=most).contains(&asked), "{asked} of at most {most}");
}

#[tokio::test]
async fn who_brings_nothing_is_asked_no_more() {
    let idle = Dsp::start(|_| None);
    let url = format!("{}/bid", idle.server.url);
    let sampling = json!({"worth": 100_000, "explore": 0});
    let partners = json!([
        partner("idle", &url, &json!({ "sampling": sampling })),
        partner("unsampled", &url, &json!({})),
    ]);
    let rig = Rig::over(&partners, &[("workers", "1")]).await;
    for round in 0..110 {
        let answer = rig.auction(&banner("")).await.expect_status(204);
        let record = rig.record(&answer).await;
        let expect = if round < 100 { "no_bid" } else { "sampled" };
        assert_eq!(status(&record, "idle"), expect, "{round}");
        assert_eq!(status(&record, "unsampled"), "no_bid", "{round}");
    }
    // Of another kind, nothing is known yet.
    let answer = rig.auction(&banner(r#""app":{"bundle":"com.a"},"#)).await;
    assert_eq!(status(&rig.record(&answer).await, "idle"), "no_bid");
}

/// A DSP that bids on a deal of imp `1`, for a seat.
fn on_deal(seat: &'static str, deal: &'static str, price: &'static str) -> Dsp {
    let bid = BID.replace(r#""price":1.5"#, &format!(r#""price":{price}"#));
    Dsp::start(move |body| {
        let request: Value = serde_json::from_str(body).unwrap();
        let bid = format!(r#"{{"id":"b1","impid":"1","dealid":"{deal}",{bid}}}"#);
        Some(format!(
            r#"{{"id":{},"seatbid":[{{"seat":"{seat}","bid":[{bid}]}}]}}"#,
            request["id"]
        ))
    })
}

/// A request whose only imp has these deals: id, seat that may use it, whether it is guaranteed.
fn with_deals(deals: &[(&str, &str, u8)]) -> String {
    let deals: Vec<String> = deals
        .iter()
        .map(|(id, seat, guar)| {
            format!(r#"{{"id":"{id}","bidfloor":1,"wseat":["{seat}"],"guar":{guar}}}"#)
        })
        .collect();
    let deals = format!(r#""secure":1,"pmp":{{"deals":[{}]}}"#, deals.join(","));
    banner("").replace(r#""secure":1"#, &deals)
}

#[tokio::test]
async fn nobody_is_waited_for_once_guaranteed_deals_fill_every_imp() {
    let holder = on_deal("s1", "sure", "1.5");
    let slow = Dsp::bidding(BID);
    let seats = |seat: &str| json!({ "seats": [seat] });
    let partners = json!([
        partner("slow", &format!("{}/slow", slow.server.url), &seats("s2")),
        partner(
            "holder",
            &format!("{}/bid", holder.server.url),
            &seats("s1")
        ),
    ]);
    let publishers = json!([
        seller("one", &json!({})),
        seller("two", &json!({"multibid": 2})),
    ]);
    let rig = Rig::selling(&publishers, &partners, &[]).await;
    #[rustfmt::skip]
    let cases = [
        ("nobody else can win", "one", &[("sure", "s1", 1)][..], "not_waited_for"),
        ("a deal that is not guaranteed", "one", &[("sure", "s1", 0)], "timeout"),
        ("another guaranteed deal, that it sees", "one", &[("sure", "s1", 1), ("dear", "s2", 1)], "timeout"),
        ("another that it does not see", "one", &[("sure", "s1", 1), ("dear", "s3", 1)], "not_waited_for"),
        ("a seller that takes two bids", "two", &[("sure", "s1", 1)], "timeout"),
    ];
    for (says, key, deals, expect) in cases {
        let request = with_deals(deals);
        let answer = rig.auction_with(&request, &[("x-gavel-key", key)]).await;
        let record = rig.record(&answer.expect_status(200)).await;
        assert_eq!(status(&record, "holder"), "bid", "{says}");
        assert_eq!(status(&record, "slow"), expect, "{says}");
    }
}

/// A publisher that sends bid requests with its id as key.
fn seller(id: &str, account: &Value) -> Value {
    let mut seller = json!({
        "id": id, "name": id, "domain": format!("{id}.example"), "fee": 0,
        "account": {"keys": [{"id": "k", "digest": KeyDigest::of(id), "made_at": 0}]},
    });
    let members = account.as_object().unwrap().clone();
    seller["account"].as_object_mut().unwrap().extend(members);
    seller
}

#[tokio::test]
async fn of_two_guaranteed_deals_the_dearer_wins_whichever_comes_first() {
    // X-30, X-76: never by arrival
    for (dear_path, cheap_path) in [("/later", "/bid"), ("/bid", "/later")] {
        let dear = on_deal("s1", "dear", "50");
        let cheap = on_deal("s2", "cheap", "1.25");
        let slow = Dsp::bidding(BID);
        let url = |dsp: &Dsp, path: &str| format!("{}{path}", dsp.server.url);
        let partners = json!([
            partner("dear", &url(&dear, dear_path), &json!({"seats": ["s1"]})),
            partner("cheap", &url(&cheap, cheap_path), &json!({"seats": ["s2"]})),
            partner("slow", &url(&slow, "/slow"), &json!({"seats": ["s3"]})),
        ]);
        let rig = Rig::over(&partners, &[]).await;
        let request = with_deals(&[("dear", "s1", 1), ("cheap", "s2", 1)]);
        let answer = rig.auction(&request).await.expect_status(200);
        let bid = &answer.json()["seatbid"][0]["bid"][0];
        assert_eq!(bid["price"], json!(50), "X-76 {dear_path}");
        let lost = cheap.wait_told("/loss").await;
        assert!(lost.contains("r=102"), "X-90 {dear_path}: {lost}");
        let record = rig.record(&answer).await;
        assert_eq!(status(&record, "slow"), "not_waited_for", "{dear_path}");
    }
}

#[tokio::test]
async fn requests_are_gzipped_and_answers_not_where_a_partner_says_so() {
    // C-5
    let dsp = Dsp::bidding(BID);
    let url = format!("{}/bid", dsp.server.url);
    let said = json!({"connection": {"gzip_requests": true, "gzip_answers": false}});
    let rig = Rig::over(&json!([partner("packed", &url, &said)]), &[]).await;
    let answer = rig.auction(&banner("")).await.expect_status(200);
    let asked = dsp.last_asked();
    assert_eq!(asked.header("content-encoding"), "gzip");
    assert_eq!(asked.header("accept-encoding"), "identity");
    assert_eq!(status(&rig.record(&answer).await, "packed"), "bid");
}

#[tokio::test]
async fn a_partner_is_called_by_http2_where_it_wants_that() {
    let address = by_http2();
    let said = json!({"connection": {"http2": true}});
    let url = format!("http://{address}/bid");
    let rig = Rig::over(&json!([partner("modern", &url, &said)]), &[]).await;
    for _ in 0..3 {
        let answer = rig.auction(&banner("")).await.expect_status(200);
        assert_eq!(status(&rig.record(&answer).await, "modern"), "bid");
    }
}

/// A DSP that speaks HTTP/2 and nothing else.
fn by_http2() -> SocketAddr {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = service::runtime::current_thread("http2").unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let service = hyper::service::service_fn(bid);
                let serving = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(serving);
            }
        });
    });
    address
}

async fn bid(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    assert_eq!(request.version(), Version::HTTP_2);
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let bid = BID.replace("{SELF}", "http://127.0.0.1:1");
    let answer = format!(
        r#"{{"id":{},"seatbid":[{{"bid":[{{"id":"b1","impid":"1",{bid}}}]}}]}}"#,
        asked["id"]
    );
    Ok(Response::new(Full::new(Bytes::from(answer))))
}

#[tokio::test]
async fn a_partner_in_testing_gets_copies_with_test_1_and_never_wins() {
    // X-79, over sockets: never waited for, never told that it won, at most its requests a second
    let (live, testing) = (Dsp::bidding(BID), Dsp::bidding(DEARER));
    let (slow, sampled) = (Dsp::bidding(DEARER), Dsp::bidding(DEARER));
    let began = Instant::now();
    let url = |dsp: &Dsp, path: &str| format!("{}{path}", dsp.server.url);
    let partners = json!([
        partner("live", &url(&live, "/bid"), &json!({})),
        {"id": "testing", "name": "testing", "endpoint": url(&testing, "/bid"), "status": "testing", "qps": 1_000},
        {"id": "slow", "name": "slow", "endpoint": url(&slow, "/slow"), "status": "testing", "qps": 1_000},
        {"id": "sampled", "name": "sampled", "endpoint": url(&sampled, "/bid"), "status": "testing"},
        {"id": "off", "name": "off", "endpoint": url(&testing, "/bid"), "status": "off"},
    ]);
    let rig = Rig::over(&partners, &[]).await;
    let request = banner("");
    for _ in 0..3 {
        let answer = rig.auction(&request).await.expect_status(200);
        assert_eq!(answer.json()["seatbid"][0]["bid"][0]["crid"], "creative_1");
        let record = rig.record(&answer).await;
        assert_eq!(record["bids"][0]["dsp"], "live", "{record}");
        assert_eq!(record["bids"][0]["outcome"], "won", "{record}");
        assert_eq!(status(&record, "off"), "inactive");
        assert_eq!(status(&record, "slow"), "not_waited_for");
    }
    assert_eq!(live.last_asked().json().get("test"), None);
    poll_until(PATIENCE, async || {
        (testing.times_asked() == 3 && sampled.times_asked() > 0).then_some(())
    })
    .await;
    assert_eq!(testing.last_asked().json()["test"], 1);
    let stats = get(&rig.url("/stats")).await.expect_status(200).json();
    for dsp in stats["dsps"].as_array().unwrap() {
        let wins = if dsp["id"] == "live" { 3 } else { 0 };
        assert_eq!(dsp["wins"], wins, "{dsp}");
    }
    assert!(!testing.told().iter().any(|told| told.contains("win")));
    let auctions = (0..60).map(|_| rig.auction(&request));
    futures_util::future::join_all(auctions).await;
    let most = 10 * (began.elapsed().as_secs() + 1) + 2;
    let asked = sampled.times_asked() as u64;
    assert!((1..=most).contains(&asked), "{asked} asked, {most} at most");
}

const DEARER: &str = r#""price":9.5,"crid":"creative_2","adomain":["shop.example"],"w":300,"h":250,"adm":"<a href=\"https://shop.example\">x</a>","nurl":"{SELF}/win","burl":"{SELF}/bill""#;
