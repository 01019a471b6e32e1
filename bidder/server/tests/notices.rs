//! Notices and trackers over a real socket and a real log.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod house;
#[path = "../../core/tests/shop/mod.rs"]
mod shop;

use std::time::Duration;

use contracts::event::{MoneyEvent, PriceTold};
use contracts::notice::{NoticeClaims, NoticeKey, NoticeKind};
use house::House;
use serde_json::{Value, json};
use service::http::Method;
use testkit::http::{get, send};
use units::{CpmMicros, Currency, UnixMillis};

async fn bid(house: &House) -> Value {
    let answer = house
        .bid(&shop::request(json!({})))
        .await
        .expect_status(200)
        .json();
    answer["seatbid"][0]["bid"][0].clone()
}

fn url(bid: &Value, name: &str, price: &str, currency: &str) -> String {
    bid[name]
        .as_str()
        .unwrap()
        .replace("${AUCTION_PRICE}", price)
        .replace("${AUCTION_CURRENCY}", currency)
        .replace("${AUCTION_LOSS}", "102")
}

fn tracker(bid: &Value, path: &str) -> String {
    let adm = bid["adm"].as_str().unwrap();
    let at = adm.find(path).unwrap();
    let start = adm[..at].rfind("http").unwrap();
    adm[start..].split('"').next().unwrap().to_owned()
}

fn told(event: &MoneyEvent) -> (NoticeKind, PriceTold, Option<i32>) {
    match event {
        MoneyEvent::Notice(notice) => (notice.claims.kind, notice.price, notice.loss),
        MoneyEvent::Marker { .. } => panic!("no marker was set"),
    }
}

#[tokio::test]
async fn a_notice_is_durable_once_and_repeated_as_often_as_they_like() {
    let house = House::open(shop::catalog(&[json!({})]), &[]).await;
    let bid = bid(&house).await;
    for (turn, status) in ["accepted", "duplicate", "duplicate"]
        .into_iter()
        .enumerate()
    {
        let answer = get(&url(&bid, "burl", "1.5", "USD"))
            .await
            .expect_status(200);
        assert_eq!(
            answer.json(),
            json!({"status": status}),
            "X-91, B-50: call {turn}"
        );
    }
    let head = send(Method::HEAD, &url(&bid, "nurl", "1.5", "USD"), &[], "").await;
    assert_eq!(head.status, 200, "C-11");
    let win = get(&url(&bid, "nurl", "1.5", "USD"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(win, json!({"status": "accepted"}), "HEAD recorded nothing");
    let clearing = PriceTold::Clearing {
        price: CpmMicros::parse("1.5").unwrap(),
    };
    let log: Vec<_> = house.money_log().await.iter().map(told).collect();
    assert_eq!(
        log,
        [
            (NoticeKind::Bill, clearing, None),
            (NoticeKind::Win, clearing, None)
        ]
    );
    let stats = house.operator("/stats").await.json();
    assert_eq!(
        (&stats["wins"], &stats["impressions"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(stats["spend"].to_string(), "0.0015");
}

#[tokio::test]
async fn prices_as_callers_tell_them() {
    // money.md "Charge"
    let house = House::open(shop::catalog(&[json!({})]), &[]).await;
    let eur = Currency::parse("EUR").unwrap();
    let clearing = |text| PriceTold::Clearing {
        price: CpmMicros::parse(text).unwrap(),
    };
    let cases = [
        ("plain", "1.25", "USD", clearing("1.25")),
        (
            "above the maximum is the ledger's to cut",
            "99",
            "USD",
            clearing("99"),
        ),
        (
            "unexpanded",
            "${AUCTION_PRICE}",
            "USD",
            PriceTold::Unreadable,
        ),
        ("empty (B-51)", "", "USD", PriceTold::Unreadable),
        ("negative", "-1", "USD", PriceTold::Unreadable),
        ("absurd", "1e99", "USD", PriceTold::Unreadable),
        ("not a number", "NaN", "USD", PriceTold::Unreadable),
        (
            "another currency",
            "1.25",
            "EUR",
            PriceTold::OtherCurrency { currency: eur },
        ),
        (
            "currency unexpanded",
            "1.25",
            "${AUCTION_CURRENCY}",
            clearing("1.25"),
        ),
        ("currency empty", "1.25", "", clearing("1.25")),
    ];
    for (says, price, currency, want) in cases {
        let bid = bid(&house).await;
        let _ = get(&url(&bid, "burl", price, currency))
            .await
            .expect_status(200);
        let last = house.money_log().await.last().map(told);
        assert_eq!(last, Some((NoticeKind::Bill, want, None)), "{says}");
    }
    let json_body = json!({
        "token": url(&bid(&house).await, "burl", "", "").split("t=").nth(1).unwrap().split('&').next().unwrap(),
        "price": 1.375, "currency": "USD",
    });
    let _ = house
        .post("/billing-notice", &[], json_body.to_string())
        .await
        .expect_status(200);
    let last = house.money_log().await.last().map(told);
    assert_eq!(
        last,
        Some((NoticeKind::Bill, clearing("1.375"), None)),
        "as JSON"
    );
    let _ = get(&url(&bid(&house).await, "lurl", "", "USD"))
        .await
        .expect_status(200);
    let last = house.money_log().await.last().map(told);
    assert_eq!(
        last,
        Some((NoticeKind::Loss, PriceTold::Unreadable, Some(102))),
        "loss reason"
    );
}

#[tokio::test]
async fn audit_is_acknowledged_and_uses_nothing_up() {
    // markup was rendered to be looked at; the auction, and what it costs, is still to come.
    let house = House::open(shop::catalog(&[json!({})]), &[]).await;
    let bid = bid(&house).await;
    for name in ["nurl", "burl", "lurl", "burl"] {
        let answer = get(&url(&bid, name, "AUDIT", "USD"))
            .await
            .expect_status(200);
        assert_eq!(answer.json(), json!({"status": "accepted"}), "{name}");
    }
    assert!(house.money_log().await.is_empty());
    for (name, status) in [
        ("burl", "accepted"),
        ("burl", "duplicate"),
        ("lurl", "accepted"),
    ] {
        let answer = get(&url(&bid, name, "1.2", "USD")).await.expect_status(200);
        assert_eq!(answer.json(), json!({"status": status}), "{name}");
    }
    let clearing = PriceTold::Clearing {
        price: CpmMicros::parse("1.2").unwrap(),
    };
    let log: Vec<_> = house.money_log().await.iter().map(told).collect();
    assert_eq!(
        log,
        [
            (NoticeKind::Bill, clearing, None),
            (NoticeKind::Loss, clearing, Some(102))
        ]
    );
    let stats = house.operator("/stats").await.json();
    assert_eq!(
        (&stats["wins"], &stats["impressions"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(stats["spend"].to_string(), "0.0012");
}

#[tokio::test]
async fn what_is_not_ours_is_refused_and_moves_nothing() {
    let house = House::open(shop::catalog(&[json!({})]), &[]).await;
    let bid = bid(&house).await;
    let burl = url(&bid, "burl", "1.5", "USD");
    let token = burl.split("t=").nth(1).unwrap().split('&').next().unwrap();
    let ring = NoticeClaims::ring(&[NoticeKey::new(1, [1; 32])]);
    let claims = NoticeClaims::open(token, &ring).unwrap();
    let sign = |claims: &NoticeClaims, ring: &contracts::notice::KeyRing| {
        let mut out = String::new();
        claims.sign(ring, &mut out);
        out
    };
    let foreign = sign(&claims, &NoticeClaims::ring(&[NoticeKey::new(1, [9; 32])]));
    let late = {
        let mut late = claims.clone();
        late.settle_by = UnixMillis(1_000_000);
        sign(&late, &ring)
    };
    // The ledger raised its fence at least once.
    let log = eventlog::EventLog::connect(&house.redis.events_url, eventlog::Timeouts::default())
        .unwrap();
    let _ = log.raise_fence(service::clock::now()).await.unwrap();
    let mut changed = token.to_owned();
    let last = if changed.pop() == Some('A') { 'Q' } else { 'A' };
    changed.push(last);
    let cases = [
        ("no token", "/billing-notice".to_owned(), 401),
        (
            "an unreadable one",
            "/billing-notice?t=hello".to_owned(),
            401,
        ),
        (
            "S6 signed by another key",
            format!("/billing-notice?t={foreign}"),
            403,
        ),
        (
            "R7 the last character changed",
            format!("/billing-notice?t={changed}"),
            403,
        ),
        (
            "a token of another call",
            format!("/win-notice?t={token}"),
            403,
        ),
        (
            "R6 expired",
            format!("/billing-notice?t={late}&price=1"),
            410,
        ),
        (
            "a click without a token goes nowhere",
            "/t/click".to_owned(),
            401,
        ),
        (
            "a pixel with a bill's token",
            format!("/t/impression?t={token}"),
            403,
        ),
    ];
    for (says, path, status) in cases {
        let answer = get(&format!("{}{path}", house.url)).await;
        // Unused bits of the last base64 character may be refused as unreadable, too.
        let also = if says.starts_with("R7") { 401 } else { status };
        assert!(
            answer.status == status || answer.status == also,
            "{says}: {answer}"
        );
    }
    let notices = house.money_log().await;
    assert!(
        notices
            .iter()
            .all(|it| matches!(it, MoneyEvent::Marker { .. })),
        "{notices:?}"
    );
    assert_eq!(house.operator("/stats").await.json()["spend"], 0);
}

#[tokio::test]
async fn trackers_record_and_a_click_goes_to_the_landing_page_only() {
    let house = House::open(shop::catalog(&[json!({})]), &[]).await;
    let bid = bid(&house).await;
    let pixel = get(&format!("{}&price=0.01", tracker(&bid, "/t/impression")))
        .await
        .expect_status(200);
    assert_eq!(pixel.header("content-type"), Some("image/gif"));
    let click = get(&format!(
        "{}&url=https://evil.example",
        tracker(&bid, "/t/click")
    ))
    .await
    .expect_status(302);
    assert_eq!(click.header("location"), Some("https://shop.example/sale"));
    let log: Vec<_> = house.money_log().await.iter().map(told).collect();
    // A price beside a tracker in markup is not believed.
    assert_eq!(
        log,
        [
            (NoticeKind::Impression, PriceTold::Unreadable, None),
            (NoticeKind::Click, PriceTold::Unreadable, None)
        ]
    );
}

#[tokio::test]
async fn a_conversion_comes_back_by_the_token_of_the_landing_page_and_counts_once() {
    let page = "https://shop.example/sale?from=ad&c=${CONVERSION_TOKEN}";
    let house = House::open(
        shop::catalog(&[json!({"creative": {"landing_page": page}})]),
        &[("conversion_window", "2d")],
    )
    .await;
    let bid = bid(&house).await;
    let click = tracker(&bid, "/t/click");
    let head = send(Method::HEAD, &click, &[], "").await;
    assert_eq!(head.status, 302, "HEAD answers alike");
    assert!(house.money_log().await.is_empty(), "and records nothing");
    let pixel = get(&format!("{click}&redirect=0")).await.expect_status(200);
    assert_eq!(pixel.header("content-type"), Some("image/gif"));
    let there = get(&click).await.expect_status(302);
    let there = there.header("location").unwrap().to_owned();
    let token = there.split("&c=").nth(1).unwrap();
    assert!(
        there.starts_with("https://shop.example/sale?from=ad&c="),
        "{there}"
    );

    let ring = NoticeClaims::ring(&[NoticeKey::new(1, [1; 32])]);
    let claims = NoticeClaims::open(token, &ring).unwrap();
    assert_eq!((claims.kind, claims.user), (NoticeKind::Conversion, None));
    let left = claims.settle_by.since(service::clock::now()).0;
    assert!(
        (170_000_000..=172_800_000).contains(&left),
        "two days: {left}"
    );

    let conversion = format!("{}/t/conversion?t={token}", house.url);
    let head = send(Method::HEAD, &conversion, &[], "").await;
    assert_eq!(head.status, 200);
    for _ in 0..3 {
        let gif = get(&conversion).await.expect_status(200);
        assert_eq!(gif.header("content-type"), Some("image/gif"));
    }
    let again = house
        .post("/t/conversion", &[], json!({"token": token}).to_string())
        .await;
    assert_eq!(
        again.expect_status(200).json(),
        json!({"status": "duplicate"})
    );
    let kinds: Vec<_> = house
        .money_log()
        .await
        .iter()
        .map(|it| told(it).0)
        .collect();
    assert_eq!(
        kinds,
        [NoticeKind::Click, NoticeKind::Conversion],
        "B-52: once each, and no money"
    );
    let forged = format!(
        "{}/t/conversion?t={}",
        house.url,
        url(&bid, "burl", "1", "USD").split("t=").nth(1).unwrap()
    );
    assert_eq!(get(&forged).await.status, 403, "a token of another call");
    assert_eq!(house.operator("/stats").await.json()["spend"], 0, "B-52");
}

#[tokio::test]
async fn players_report_what_was_played() {
    let video = json!({"format": "video", "media_url": "https://cdn.example/v.mp4", "duration_seconds": 15});
    let house = House::open(shop::catalog(&[json!({"creative": video})]), &[]).await;
    let request =
        shop::imp(json!({"banner": null, "video": {"mimes": ["video/mp4"], "protocols": [13]}}));
    let answer = house.bid(&request).await.expect_status(200).json();
    let adm = answer["seatbid"][0]["bid"][0]["adm"]
        .as_str()
        .unwrap()
        .to_owned();
    let at = adm.find("/t/video/error").unwrap();
    let start = adm[..at].rfind("http").unwrap();
    let error = adm[start..]
        .split("]]>")
        .next()
        .unwrap()
        .replace("[ERRORCODE]", "405");
    assert!(error.ends_with("&code=405"), "{error}");
    for (event, status) in [
        ("error", 200),
        ("start", 200),
        ("midpoint", 200),
        ("jump", 404),
    ] {
        let url = error.replace("/t/video/error", &format!("/t/video/{event}"));
        assert_eq!(get(&url).await.status, status, "{event}");
        let head = send(Method::HEAD, &url, &[], "").await;
        assert_eq!(head.status, 200, "{event}: nothing is recorded");
    }
    assert!(house.money_log().await.is_empty());
}

#[tokio::test]
async fn a_log_that_may_forget_acknowledges_nothing_and_says_which_setting_to_change() {
    // The suite's Redis does not wait for the disk.
    let house = House::open(
        shop::catalog(&[json!({})]),
        &[("events_durability", "required")],
    )
    .await;
    let bid = bid(&house).await;
    let answer = get(&url(&bid, "burl", "1.5", "USD")).await;
    assert_eq!(answer.status, 503, "{answer}");
    let says = "set `appendfsync always` there";
    assert!(answer.text().contains(says), "{answer}");
    assert!(house.money_log().await.is_empty());
    let health = testkit::poll_until(std::time::Duration::from_secs(30), async || {
        let health = get(&format!("{}/health", house.url)).await.json();
        (health["status"] == "degraded").then_some(health)
    })
    .await;
    assert!(health.to_string().contains(says), "{health}");
}

#[tokio::test]
async fn without_the_log_nothing_is_acknowledged() {
    let events = "redis://127.0.0.1:1";
    let house = House::open(shop::catalog(&[json!({})]), &[("events_redis_url", events)]).await;
    let bid = bid(&house).await;
    let answer = get(&url(&bid, "burl", "1.5", "USD")).await;
    assert_eq!(answer.status, 503, "{answer}");
    assert!(answer.header("retry-after").is_some());
    // It is asked once a second whether it is there.
    let health = format!("{}/health", house.url);
    testkit::poll_until(Duration::from_secs(20), async || {
        get(&health).await.json()["status"] == "degraded"
    })
    .await;
}
