//! The SSP side over its socket: ad requests, impressions, inventory, revenue, pages.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod market;

use std::time::Duration;

use bytes::Bytes;
use contracts::event::{DeliveryFact, NoticeEnd, OUTBOX_STREAM};
use contracts::notice::{NoticeKey, SellClaims, SellKind};
use eventlog::{EventLog, START, Timeouts};
use http::Method;
use market::{Market, PATIENCE, Script, TOKEN, key};
use serde_json::{Value, json};
use service::clock;
use testkit::http::{delete, get, post_json, post_late, put_json, send};
use testkit::poll_until;
use units::{AuctionId, Currency, Nanos, UnixMillis};

#[tokio::test]
async fn an_ad_is_sold_shown_and_billed_once() {
    let market = Market::start(Script::Bid("1.375")).await;
    let body = json!({
        "placement_id": "top", "user": {"id": "u-1"}, "device": {"devicetype": 4, "ip": "203.0.113.9"},
        "page": "https://paper.example/news",
    });
    let headers = [
        ("content-type", "application/json"),
        ("user-agent", "Mozilla/5.0 (test)"),
        ("origin", "https://paper.example"),
    ];
    let answer = send(
        Method::POST,
        &market.ssp("/ad-request"),
        &headers,
        body.to_string(),
    )
    .await;
    let answer = answer.expect_status(200);
    let ad = answer.json();
    let auction = ad["auction_id"].as_str().unwrap();
    assert_eq!(answer.header("x-gavel-auction-id"), Some(auction));
    assert_eq!(ad["ad"]["type"], "banner");
    assert_eq!(
        (&ad["ad"]["width"], &ad["ad"]["height"]),
        (&json!(300), &json!(250))
    );
    assert_eq!(
        ad["ad"]["markup"],
        r#"<a href="https://shop.example">1.375</a>"#
    );
    assert!(
        answer.text().contains(r#""price":1.375,"currency":"USD""#),
        "{ad:#}"
    );

    let asked = market.dsp.last_asked();
    assert_eq!(asked["imp"][0]["tagid"], "top");
    assert_eq!(asked["imp"][0]["bidfloor"].to_string(), "0.5");
    assert_eq!(asked["site"]["domain"], "paper.example");
    assert_eq!(asked["site"]["page"], "https://paper.example/news");
    assert_eq!(
        (&asked["user"]["id"], &asked["device"]["ip"]),
        (&json!("u-1"), &json!("203.0.113.9"))
    );
    assert_eq!(asked["device"]["ua"], "Mozilla/5.0 (test)");
    assert!(
        market.dsp.told("/bill").is_empty(),
        "an auction that is won is not billed (R5)"
    );

    let token = json!({"token": ad["tracking"]["token"]});
    let url = ad["tracking"]["impression_url"].as_str().unwrap();
    assert!(url.starts_with(&market.ssp("/impression?t=")), "{url}");
    let looked = send(Method::HEAD, url, &[], Bytes::new())
        .await
        .expect_status(200);
    assert_eq!(looked.header("content-type"), Some("image/gif"));
    for status in ["confirmed", "duplicate", "duplicate"] {
        let answer = post_json(&market.ssp("/impression"), &token)
            .await
            .expect_status(200);
        assert_eq!(
            answer.json(),
            json!({"status": status, "auction_id": auction})
        );
    }
    let pixel = get(url).await.expect_status(200);
    assert_eq!(pixel.header("content-type"), Some("image/gif"));
    assert_eq!(pixel.header("cache-control"), Some("no-store"));

    poll_until(PATIENCE, async || !market.dsp.told("/bill").is_empty()).await;
    poll_until(PATIENCE, async || outbox(&market).await == 0).await;
    let told = market.dsp.told("/bill");
    assert_eq!(told.len(), 1, "one impression, one charge (R4): {told:?}");
    assert!(told[0].ends_with("&p=1.375"), "{told:?}");
    let delivered = market.deliveries().await;
    let facts: Vec<DeliveryFact> = delivered.iter().map(|event| event.fact).collect();
    let acknowledged = DeliveryFact::Notified(NoticeEnd::Acknowledged);
    assert_eq!(
        facts,
        [DeliveryFact::Happened, acknowledged],
        "one delivery, whose notice the DSP took"
    );
    let claims = &delivered[0].claims;
    assert_eq!(
        (claims.gross, claims.fee),
        (Nanos(1_375_000), Nanos(137_500)),
        "10 % of the gross"
    );
    assert_eq!((&*claims.publisher, &*claims.placement), ("paper", "top"));
    assert_eq!(claims.auction.to_string(), auction);
}

#[tokio::test]
async fn r_22_a_visit_whose_time_is_over_before_it_begins_is_shed() {
    let market = Market::start(Script::Bid("1.375")).await;
    let body = json!({"placement_id": "top"}).to_string();
    // Longer than its auction may take: 300 ms.
    let late = Duration::from_millis(350);
    let answer = post_late(&market.ssp("/ad-request"), &[], &body, late).await;
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert!(answer.contains("x-shed-reason: deadline\r\n"), "{answer}");
    assert!(answer.contains("x-gavel-auction-id: "), "{answer}");
    assert_eq!(market.dsp.times_asked(), 0);
    for (side, shed) in [(market.ssp("/metrics"), 1), (market.rtb("/metrics"), 0)] {
        let counted = format!("gavel_shed_total{{reason=\"deadline\"}} {shed}");
        assert!(get(&side).await.text().contains(&counted), "{side}: {shed}");
    }
}

/// Entries that wait for their DSP.
async fn outbox(market: &Market) -> usize {
    let log = EventLog::connect(&market.events_url, Timeouts::default()).unwrap();
    log.read_after(OUTBOX_STREAM, START, 100)
        .await
        .unwrap()
        .len()
}

#[tokio::test]
async fn a_publisher_is_paid_in_its_currency() {
    // money.md, Units: one rounding, half-even; 1.375 USD CPM are 1,375,000 nanos, at 0.8 EUR per USD.
    let market = Market::start(Script::Bid("1.375002")).await;
    let ad = market.ad("euro").await;
    let answer = get(ad["tracking"]["impression_url"].as_str().unwrap()).await;
    assert_eq!(answer.status, 200, "{answer}");
    let delivered = market.deliveries().await;
    let claims = &delivered[0].claims;
    assert_eq!(claims.payout_currency, Currency::parse("EUR").unwrap());
    let charge = claims.charge.expect("what its DSP is told");
    assert_eq!(
        (charge.amount, charge.currency, charge.rates),
        (Nanos(1_375_002), Currency::USD, 3)
    );
    assert_eq!(
        (claims.gross, claims.fee),
        (Nanos(1_100_002), Nanos(137_500)),
        "12.5 % of 1,100,002 is 137,500.25"
    );
}

#[tokio::test]
async fn nobody_bids() {
    let market = Market::start(Script::NoBid).await;
    let answer = post_json(&market.ssp("/ad-request"), &json!({"placement_id": "top"})).await;
    let answer = answer.expect_status(204);
    assert!(answer.body.is_empty());
    let id = answer.header("x-gavel-auction-id").unwrap();
    assert!(AuctionId::parse(id).is_some(), "{id}");
    assert_eq!(answer.header("x-gavel-nbr"), None, "they were asked");
    // Who is told apart from people is told why (B-60), and so is the script of the page.
    let crawler = [
        ("user-agent", "Mozilla/5.0 HeadlessChrome/131.0.0.0"),
        ("origin", "https://paper.example"),
        ("content-type", "application/json"),
    ];
    let body = json!({"placement_id": "top"}).to_string();
    let answer = send(Method::POST, &market.ssp("/ad-request"), &crawler, body).await;
    let answer = answer.expect_status(204);
    assert_eq!(answer.header("x-gavel-nbr"), Some("3"));
    let exposed = answer.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("x-gavel-nbr"), "{exposed}");
    let vast = get(&market.ssp("/vast?placement=player"))
        .await
        .expect_status(200);
    assert_eq!(vast.text(), r#"<VAST version="4.2"/>"#);
}

#[tokio::test]
async fn what_is_refused_says_why() {
    let market = Market::start(Script::Bid("1.375")).await;
    struct Case {
        says: &'static str,
        method: Method,
        path: &'static str,
        body: &'static str,
        status: u16,
        names: &'static str,
    }
    #[rustfmt::skip]
    let cases = [
        Case { says: "not JSON", method: Method::POST, path: "/ad-request", body: "{", status: 400, names: "malformed" },
        Case { says: "no placement", method: Method::POST, path: "/ad-request", body: "{}", status: 400, names: "/placement_id" },
        Case { says: "a user of another type", method: Method::POST, path: "/ad-request", body: r#"{"placement_id":"top","user":[]}"#, status: 400, names: "/user" },
        Case { says: "unknown placement", method: Method::POST, path: "/ad-request", body: r#"{"placement_id":"none"}"#, status: 404, names: "not_found" },
        Case { says: "paused placement", method: Method::POST, path: "/ad-request", body: r#"{"placement_id":"asleep"}"#, status: 409, names: "not_sold" },
        Case { says: "wrong method", method: Method::GET, path: "/ad-request", body: "", status: 405, names: "POST" },
        Case { says: "wrong method", method: Method::DELETE, path: "/impression", body: "", status: 405, names: "GET, HEAD, POST" },
        Case { says: "no token", method: Method::GET, path: "/impression", body: "", status: 401, names: "no_token" },
        Case { says: "no token", method: Method::POST, path: "/impression", body: "{}", status: 401, names: "no_token" },
        Case { says: "a number as token", method: Method::POST, path: "/impression", body: r#"{"token":7}"#, status: 401, names: "no_token" },
        Case { says: "unreadable token", method: Method::GET, path: "/impression?t=%22", body: "", status: 401, names: "no_token" },
        Case { says: "not JSON", method: Method::POST, path: "/impression", body: "t=1", status: 400, names: "malformed" },
        Case { says: "a tag of nothing", method: Method::GET, path: "/tag.js", body: "", status: 404, names: "not_found" },
        Case { says: "a tag of what is paused", method: Method::GET, path: "/tag.js?placement=asleep", body: "", status: 409, names: "not_sold" },
        Case { says: "a page that is a script", method: Method::POST, path: "/ad-request", body: r#"{"placement_id":"top","page":"javascript:1"}"#, status: 400, names: "/page" },
        Case { says: "wrong method", method: Method::DELETE, path: "/click", body: "", status: 405, names: "GET, HEAD, POST" },
        Case { says: "no token", method: Method::GET, path: "/click", body: "", status: 401, names: "no_token" },
        Case { says: "no token", method: Method::GET, path: "/view", body: "", status: 401, names: "no_token" },
        Case { says: "no such event", method: Method::GET, path: "/video/burp", body: "", status: 404, names: "not_found" },
        Case { says: "no token", method: Method::GET, path: "/video/start", body: "", status: 401, names: "no_token" },
        Case { says: "no video", method: Method::GET, path: "/vast?placement=top", body: "", status: 409, names: "not_playable" },
        Case { says: "wrong method", method: Method::PATCH, path: "/inventory", body: "", status: 405, names: "GET, HEAD, POST" },
        Case { says: "wrong method", method: Method::POST, path: "/inventory/top", body: "", status: 405, names: "GET, HEAD, PUT, DELETE" },
        Case { says: "wrong method", method: Method::POST, path: "/revenue", body: "", status: 405, names: "GET, HEAD" },
        Case { says: "a misspelt parameter", method: Method::GET, path: "/revenue?form=2026-11-01", body: "", status: 400, names: r#"has no query parameter \"form\": it takes from, to, group_by, currency"# },
        Case { says: "unknown path", method: Method::GET, path: "/nothing", body: "", status: 404, names: "not_found" },
        Case { says: "a path of the control plane", method: Method::GET, path: "/inventory/%2e%2e/internal/revenue", body: "", status: 404, names: "not_found" },
        Case { says: "a path of the control plane", method: Method::GET, path: "/inventory/..", body: "", status: 404, names: "not_found" },
    ];
    for case in cases {
        let headers = [("content-type", "application/json")];
        let answer = send(
            case.method.clone(),
            &market.ssp(case.path),
            &headers,
            case.body,
        )
        .await;
        let place = format!("{}: {} {}", case.says, case.method, case.path);
        assert_eq!(answer.status, case.status, "{place}: {answer}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{place}"
        );
        let allow = answer.header("allow").unwrap_or_default();
        assert!(
            answer.text().contains(case.names) || allow == case.names,
            "{place}: {answer}"
        );
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for path in ["/ad-request", "/impression", "/inventory"] {
        let answer = send(Method::POST, &market.ssp(path), &form, "a=b").await;
        assert_eq!(answer.status, 415, "{path}: {answer}");
    }
}

#[tokio::test]
async fn r_7_only_our_tokens_count_and_only_in_time() {
    let market = Market::start(Script::Bid("1.375")).await;
    let claims = |kind, expires| SellClaims {
        kind,
        auction: AuctionId::new(clock::now(), [3; 10]),
        imp: "1".into(),
        ad: 0,
        partner: "dsp_rival".into(),
        publisher: "paper".into(),
        placement: "top".into(),
        price: units::CpmMicros::CENT,
        currency: Currency::USD,
        gross: Nanos(10_000),
        fee: Nanos(1_000),
        payout_currency: Currency::USD,
        url: String::new(),
        expires,
        test: false,
        provisional: false,
        refused: false,
        serves_on_win: false,
        charge: None,
        device: contracts::notice::Device::default(),
    };
    let hour = units::DurationMillis::from_secs(3_600);
    let (later, past) = (clock::now().after(hour), UnixMillis(clock::now().0 - 1));
    let stranger = NoticeKey::new(7, [8; 32]);
    let unknown = NoticeKey::new(8, [7; 32]);
    #[rustfmt::skip]
    let cases = [
        ("ours, in time", SellKind::Impression, later, key(), 200),
        ("its signature is another's", SellKind::Impression, later, stranger, 403),
        ("its key is unknown", SellKind::Impression, later, unknown, 403),
        ("a token of another notice", SellKind::Bill, later, key(), 403),
        ("expired", SellKind::Impression, past, key(), 410),
    ];
    for (says, kind, expires, key, status) in cases {
        let mut token = String::new();
        claims(kind, expires).sign(&SellClaims::ring(&[key]), &mut token);
        let url = market.ssp(&format!("/impression?t={token}"));
        let looked = send(Method::HEAD, &url, &[], Bytes::new()).await;
        assert_eq!(looked.status, status, "HEAD, {says}");
        assert_eq!(get(&url).await.status, status, "GET, {says}");
        let posted = post_json(&market.ssp("/impression"), &json!({"token": token})).await;
        assert_eq!(posted.status, status, "POST, {says}: {posted}");
    }
    assert_eq!(
        market.deliveries().await.len(),
        1,
        "nothing refused was recorded"
    );

    let ad = market.ad("top").await;
    let token = ad["tracking"]["token"].as_str().unwrap();
    let at = token.len() / 2;
    let changed = if token.as_bytes()[at] == b'A' {
        "B"
    } else {
        "A"
    };
    let forged = format!("{}{changed}{}", &token[..at], &token[at + 1..]);
    let answer = get(&market.ssp(&format!("/impression?t={forged}"))).await;
    assert_eq!(answer.status, 403, "one character changed: {answer}");
}

#[tokio::test]
async fn an_impression_that_is_not_durable_is_not_acknowledged() {
    // A port that nobody listens on.
    let closed = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let away = format!("redis://{}/", closed.local_addr().unwrap());
    drop(closed);
    let market = Market::start_on(Script::Bid("1.375"), &away, true).await;
    let ad = market.ad("top").await;
    let token = json!({"token": ad["tracking"]["token"]});
    let answer = post_json(&market.ssp("/impression"), &token)
        .await
        .expect_status(503);
    assert!(answer.header("retry-after").is_some(), "{answer}");
    let answer = get(ad["tracking"]["impression_url"].as_str().unwrap()).await;
    assert_eq!(answer.status, 503, "{answer}");
}

#[tokio::test]
async fn the_inventory_is_the_control_planes() {
    let mut market = Market::start(Script::NoBid).await;
    let ours = format!("Bearer {TOKEN}");
    let listed = get(&market.ssp("/inventory?limit=2&cursor=c"))
        .await
        .expect_status(200)
        .json();
    assert!(listed["items"].as_array().unwrap().len() > 2, "{listed:#}");
    let asked = market.control_plane.last_asked();
    assert_eq!(
        (&*asked.method, &*asked.path),
        ("GET", "/placements?limit=2&cursor=c")
    );
    assert_eq!(
        asked.authorization, ours,
        "a person at this machine acts with our token"
    );

    let side = json!({"publisher_id": "paper", "sizes": ["300x250"], "floor": 0.5});
    let made = post_json(&market.ssp("/inventory"), &side)
        .await
        .expect_status(201);
    assert_eq!(made.header("location"), Some("/inventory/side"));
    assert_eq!(made.header("etag"), Some("\"1\""));
    assert_eq!(market.control_plane.last_asked().body, side.to_string());

    let one = get(&market.ssp("/inventory/top"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(one["id"], "top");
    let changed = json!({"floor": 0.75, "version": 3, "created_at": "x", "updated_at": "y"});
    let _ = put_json(&market.ssp("/inventory/top"), &changed)
        .await
        .expect_status(200);
    let asked = market.control_plane.last_asked();
    assert_eq!(
        (&*asked.method, &*asked.body),
        ("PATCH", r#"{"floor":0.75}"#)
    );
    let gone = delete(&market.ssp("/inventory/top"))
        .await
        .expect_status(204);
    assert!(gone.body.is_empty());
    let asked = market.control_plane.last_asked();
    assert_eq!(
        (&*asked.method, &*asked.body),
        ("PATCH", r#"{"status":"archived"}"#)
    );
    for answer in [
        get(&market.ssp("/inventory/none")).await,
        delete(&market.ssp("/inventory/none")).await,
    ] {
        assert_eq!(answer.status, 404, "{answer}");
    }

    let revenue = get(&market.ssp("/revenue?from=2026-11-01&group_by=dsp")).await;
    assert_eq!(revenue.expect_status(200).json()["currency"], "USD");
    let asked = market.control_plane.last_asked();
    assert_eq!(asked.path, "/internal/revenue?from=2026-11-01&group_by=dsp");

    market.control_plane.server.stop();
    for path in ["/inventory", "/inventory/top", "/revenue"] {
        let answer = get(&market.ssp(path)).await;
        assert_eq!(answer.status, 503, "{path}: {answer}");
        assert!(answer.header("retry-after").is_some(), "{path}");
    }
    let answer = post_json(&market.ssp("/ad-request"), &json!({"placement_id": "top"})).await;
    assert_eq!(
        answer.status, 204,
        "auctions go on with the last catalog: {answer}"
    );
}

#[tokio::test]
async fn s_18_who_may_manage() {
    let redis = testkit::stores().redis().await;
    let local = Market::start(Script::NoBid).await;
    let closed = Market::start_on(Script::NoBid, &redis.events_url, false).await;
    let ours = format!("Bearer {TOKEN}");
    let foreign = [("origin", "https://evil.example")];
    let rebound = [("host", "evil.example")];
    let forwarded = [("x-forwarded-for", "203.0.113.9")];
    let service = [("authorization", &*ours)];
    let other = [("authorization", "Bearer gavel_publisher")];
    let nothing: [(&str, &str); 0] = [];
    type Case<'a> = (&'a str, &'a Market, &'a [(&'a str, &'a str)], &'a str, u16);
    #[rustfmt::skip]
    let cases: [Case<'_>; 10] = [
        ("this machine", &local, &nothing, "/inventory", 200),
        ("a page of another site", &local, &foreign, "/inventory", 403),
        ("a name that was rebound", &local, &rebound, "/revenue", 403),
        ("through a proxy", &local, &forwarded, "/demo", 403),
        ("no token", &closed, &nothing, "/inventory", 401),
        ("no token", &closed, &nothing, "/revenue", 401),
        ("no token", &closed, &nothing, "/demo", 401),
        ("the service token", &closed, &service, "/inventory", 200),
        ("a token that the control plane refuses", &closed, &other, "/inventory", 403),
        ("a token that is not known here", &closed, &other, "/revenue", 403),
    ];
    for (says, market, headers, path, status) in cases {
        let answer = send(Method::GET, &market.ssp(path), headers, Bytes::new()).await;
        assert_eq!(answer.status, status, "{says}, {path}: {answer}");
    }
    let asked = closed.control_plane.last_asked();
    assert_eq!(
        asked.authorization, "Bearer gavel_publisher",
        "passed on with the caller's rights"
    );
    let public = closed.ssp("/tag.js?placement=top");
    assert_eq!(get(&public).await.status, 200, "tags are public");
}

#[tokio::test]
async fn browsers_and_players_are_served() {
    let market = Market::start(Script::Bid("2.5")).await;
    let origin = ("origin", "https://paper.example");
    let preflight = [
        origin,
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type"),
    ];
    for path in ["/ad-request", "/impression", "/view", "/click", "/vast"] {
        let answer = send(Method::OPTIONS, &market.ssp(path), &preflight, Bytes::new()).await;
        assert_eq!(answer.status, 204, "{path}: {answer}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some(origin.1),
            "{path}"
        );
        assert_eq!(
            answer.header("access-control-allow-headers"),
            Some("content-type"),
            "{path}"
        );
    }
    let headers = [origin, ("content-type", "application/json")];
    let body = r#"{"placement_id":"top"}"#;
    let answer = send(Method::POST, &market.ssp("/ad-request"), &headers, body).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin.1));
    assert_eq!(answer.status, 200, "{answer}");

    let tag = get(&market.ssp("/tag.js?placement=top"))
        .await
        .expect_status(200);
    assert_eq!(
        tag.header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    let script = tag.text();
    assert!(
        script.contains(&format!("var base = \"{}\"", market.ssp)),
        "{script}"
    );
    assert!(script.contains("sandbox"), "{script}");
    for place in ["__BASE__", "__PLACEMENTS__", "__UNSOLD__", "__SYNCS__"] {
        assert!(!script.contains(place), "{place} has its value: {script}");
    }
    assert!(script.len() < 10_000, "small: {} bytes", script.len());
    let several = get(&market.ssp("/tag.js?placement=top,feed")).await;
    let several = several.expect_status(200).text();
    for told in [
        r#"{"fallback":null,"height":250,"id":"top","width":300}"#,
        r#"{"fallback":null,"height":160,"id":"feed","width":"100%"}"#,
    ] {
        assert!(several.contains(told), "{told}: {several}");
    }
    // What is not sold takes no ad from the rest of the page, and is named to who looks.
    let some = get(&market.ssp("/tag.js?placement=asleep,top,%3Cnope%3E")).await;
    let some = some.expect_status(200).text();
    for told in [
        r#"placements = [{"fallback":null,"height":250,"id":"top","width":300}];"#,
        r#"unsold = ["asleep","\u003cnope>"];"#,
    ] {
        assert!(some.contains(told), "{told}: {some}");
    }
    let answer = get(&market.ssp("/tag.js?placement=asleep,nope")).await;
    assert_eq!(answer.status, 409, "nothing is left: {answer}");
    let frame = get(&market.ssp("/frame")).await.expect_status(200);
    let policy = frame.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("sandbox ") && !policy.contains("same-origin"),
        "S10: an ad has no origin, however its frame is opened: {policy}"
    );
    let demo = get(&market.ssp("/demo")).await.expect_status(200);
    let policy = demo.header("content-security-policy").unwrap();
    assert!(
        policy.contains(&format!("script-src {}", market.ssp)),
        "the tag works where no other script may run: {policy}"
    );
    let page = demo.text();
    assert!(page.contains("/tag.js?placement=top,feed,"), "{page}");
    for absent in ["\"player\"", "asleep"] {
        assert!(
            !page.contains(absent),
            "a page shows what is sold and fits: {page}"
        );
    }

    let vast = get(&market.ssp("/vast?placement=player"))
        .await
        .expect_status(200);
    assert_eq!(
        vast.header("content-type"),
        Some("application/xml; charset=utf-8")
    );
    let document = vast.text();
    assert!(
        document.contains("https://rival.example/v.mp4"),
        "{document}"
    );
    let start = market.ssp("/impression?t=");
    let url = document
        .split("<![CDATA[")
        .filter_map(|part| part.split_once("]]>"))
        .find_map(|(text, _)| text.starts_with(&start).then_some(text))
        .unwrap_or_else(|| panic!("no impression of ours in {document}"));
    assert_eq!(get(url).await.status, 200);
    let delivered = market.deliveries().await;
    assert_eq!(&*delivered[0].claims.placement, "player");
    assert!(market.dsp.last_asked()["imp"][0].get("banner").is_none());
}

#[tokio::test]
async fn e_6_every_route_is_in_the_reference() {
    let market = Market::start(Script::NoBid).await;
    let document: Value = get(&market.ssp("/openapi.json"))
        .await
        .expect_status(200)
        .json();
    for (method, path) in [
        ("post", "/ad-request"),
        ("get", "/impression"),
        ("post", "/impression"),
        ("get", "/view"),
        ("post", "/view"),
        ("get", "/click"),
        ("post", "/click"),
        ("get", "/video/{event}"),
        ("get", "/frame"),
        ("get", "/vast"),
        ("get", "/tag.js"),
        ("get", "/demo"),
        ("get", "/inventory"),
        ("post", "/inventory"),
        ("get", "/inventory/{placement_id}"),
        ("put", "/inventory/{placement_id}"),
        ("delete", "/inventory/{placement_id}"),
        ("get", "/revenue"),
        ("get", "/sync"),
        ("get", "/sync/in"),
    ] {
        assert!(
            document["paths"][path][method].is_object(),
            "{method} {path}"
        );
    }
    let health = get(&market.ssp("/health")).await.expect_status(200).json();
    assert_eq!(health["service"], "exchange-ssp");
}
