//! Notices, the outbox, records and statistics of the RTB side, over real sockets and a real Redis.

mod exchange;
mod market;

use contracts::event::{DELIVERY_STREAM, DeliveryEvent, DeliveryFact, RECORD_STREAM};
use contracts::notice::{Charge, NoticeKey, SellClaims, SellKind};
use contracts::record::AuctionRecord;
use eventlog::{EventLog, START, Timeouts};
use exchange::{BID, Dsp, Rig, banner, expect};
use http::Method;
use market::{PATIENCE, key};
use serde_json::{Value, json};
use testkit::http::{get, send};
use testkit::poll_until;
use units::{AuctionId, CpmMicros, Currency, Nanos, UnixMillis};

async fn one_dsp() -> (Dsp, Rig) {
    let dsp = Dsp::bidding(BID);
    let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
    (dsp, rig)
}

async fn won(rig: &Rig) -> Value {
    let answer = rig.auction(&banner("")).await.expect_status(200).json();
    answer["seatbid"][0]["bid"][0].clone()
}

fn url<'b>(bid: &'b Value, name: &str) -> &'b str {
    bid[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {bid}"))
}

#[tokio::test]
async fn a_billing_notice_is_durable_then_passed_on_once() {
    let (dsp, rig) = one_dsp().await;
    let bid = won(&rig).await;
    let burl = url(&bid, "burl");
    // R8: the DSP is away at first
    *dsp.notice_status.lock().unwrap() = 503;
    let first = get(burl).await.expect_status(200);
    assert_eq!(first.json(), json!({"status": "accepted"}));
    for repetition in 0..3 {
        let again = send(Method::POST, burl, &[], "").await.expect_status(200);
        assert_eq!(
            again.json(),
            json!({"status": "duplicate"}),
            "R4: repetition {repetition}"
        );
    }
    dsp.wait_told("/bill").await;
    *dsp.notice_status.lock().unwrap() = 200;
    let told = dsp.told().len();
    poll_until(PATIENCE, async || dsp.told().len() > told).await;
    assert!(
        dsp.told()
            .iter()
            .all(|notice| notice == "/bill?b=answer-1&p=1.5&c=USD"),
        "{:?}",
        dsp.told()
    );

    let log = EventLog::connect(&rig.events_url, Timeouts::default()).unwrap();
    let delivered = log.read_after(DELIVERY_STREAM, START, 10).await.unwrap();
    let read = |payload: &[u8]| serde_json::from_slice::<DeliveryEvent>(payload).unwrap();
    let (happened, told): (Vec<_>, Vec<_>) = delivered
        .iter()
        .map(|entry| read(&entry.payload))
        .partition(|event| event.fact == DeliveryFact::Happened);
    assert_eq!(happened.len(), 1, "R4: accounted for once");
    assert!(told.len() <= 1, "the DSP's acknowledgement, once: {told:?}");
    let event = &happened[0];
    assert_eq!(event.claims.gross, Nanos(1_500_000));
    assert_eq!(event.claims.partner.as_str(), "alpha");
}

#[tokio::test]
async fn a_delivery_keeps_what_its_dsp_was_told_and_by_which_rates_it_was_sold() {
    // money.md: currency goes with every amount, rate id kept
    let (dsp, rig) = one_dsp().await;
    let asked = banner(r#""cur":["EUR","USD"],"#);
    let answer = rig.auction(&asked).await.expect_status(200).json();
    let bid = &answer["seatbid"][0]["bid"][0];
    // The seller's part is of 1.50 USD at 0.92; the DSP hears of what it bid.
    assert_eq!(
        (&answer["cur"], &bid["price"]),
        (&json!("EUR"), &json!(1.38))
    );
    let _ = get(url(bid, "burl")).await.expect_status(200);
    assert_eq!(dsp.wait_told("/bill").await, "/bill?b=answer-1&p=1.5&c=USD");
    let log = EventLog::connect(&rig.events_url, Timeouts::default()).unwrap();
    let delivered = log.read_after(DELIVERY_STREAM, START, 1).await.unwrap();
    let event: DeliveryEvent = serde_json::from_slice(&delivered[0].payload).unwrap();
    let claims = event.claims;
    assert_eq!(
        (claims.gross, claims.payout_currency.as_str()),
        (Nanos(1_380_000), "EUR")
    );
    let charge = Charge {
        amount: Nanos(1_500_000),
        currency: Currency::USD,
        rates: 3,
    };
    assert_eq!(claims.charge, Some(charge));
}

#[tokio::test]
async fn x_90_a_dsp_hears_of_its_win_before_its_bill() {
    let (dsp, rig) = one_dsp().await;
    for round in 1..=20 {
        let bid = won(&rig).await;
        // As an SSP does that shows at once what it has won.
        for name in ["nurl", "burl"] {
            let _ = get(url(&bid, name)).await.expect_status(200);
        }
        poll_until(PATIENCE, async || dsp.told().len() == 2 * round).await;
        let told = dsp.told().split_off(2 * (round - 1));
        let order = told.iter().map(|it| it.split('?').next().unwrap());
        let order: Vec<&str> = order.collect();
        assert_eq!(order, ["/win", "/bill"], "{round}");
    }
}

#[tokio::test]
async fn win_and_loss_notices_of_an_ssp_are_passed_on() {
    let (dsp, rig) = one_dsp().await;
    let bid = won(&rig).await;
    assert!(dsp.told().is_empty(), "X-80: the SSP decides");
    expect(get(url(&bid, "nurl")).await, 200);
    let asked = dsp.last_asked().json();
    let own = asked["id"].as_str().unwrap();
    assert_ne!(own, "req-1");
    let expect_told = format!("/win?i={own}&p=1.5");
    assert_eq!(dsp.wait_told("/win").await, expect_told, "X-2, X-94");
    let again = get(url(&bid, "nurl")).await.expect_status(200);
    assert_eq!(again.json()["status"], "duplicate", "X-90: once");

    let other = won(&rig).await;
    let lurl = url(&other, "lurl").replace("${AUCTION_LOSS}", "102");
    expect(get(&lurl).await, 200);
    assert_eq!(
        dsp.wait_told("/loss").await,
        "/loss?r=102&m=&p=",
        "S9: losers do not learn the price"
    );
    // An SSP without macros sends them as they are.
    expect(get(url(&won(&rig).await, "lurl")).await, 200);
    assert_eq!(dsp.wait_told("/loss?r=&").await, "/loss?r=&m=&p=");
}

#[tokio::test]
async fn a_billing_notice_tells_when_the_display_was() {
    // X-94: known only when the billable event comes
    const MACRO: &str = "${AUCTION_IMP_TS}";
    let bid = r#""price":1.5,"crid":"c","adomain":["shop.example"],"w":300,"h":250,"adm":"<b>x</b>","burl":"{SELF}/bill?ts=${AUCTION_IMP_TS}&p=${AUCTION_PRICE}""#;
    let dsp = Dsp::bidding(bid);
    let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
    let before = service::clock::now().0;
    let ahead = (before + 86_400_000).to_string();
    // What the SSP put in, and what the DSP is told; none: the time of the notice.
    for (says, told, want) in [
        ("it knows", "1700000000123", Some("1700000000123")),
        ("it has no macros", MACRO, None),
        ("it does not know", "", None),
        ("a display to come", &*ahead, None),
    ] {
        let burl = url(&won(&rig).await, "burl").to_owned();
        assert!(burl.ends_with(&format!("&ts={MACRO}")), "{burl}");
        let many = dsp.told().len();
        expect(get(&burl.replace(MACRO, told)).await, 200);
        poll_until(PATIENCE, async || dsp.told().len() > many).await;
        let notice = dsp.told().pop().unwrap();
        let ts = notice.strip_prefix("/bill?ts=").unwrap();
        let ts = ts.strip_suffix("&p=1.5").unwrap();
        match want {
            Some(want) => assert_eq!(ts, want, "{says}"),
            None => {
                let ts: i64 = ts.parse().unwrap();
                let now = service::clock::now().0;
                assert!((before..=now).contains(&ts), "{says}: {ts}");
            }
        }
    }
}

#[tokio::test]
async fn a_bid_without_markup_serves_on_its_win_notice() {
    // X-93: the body of the win notice's answer is the markup and nothing else
    let dsp =
        Dsp::bidding(r#""price":2,"w":300,"h":250,"nurl":"{SELF}/bid-markup?p=${AUCTION_PRICE}""#);
    let markup = market::Server::start(
        |_| std::time::Duration::ZERO,
        |request| {
            service::http::text(
                http::StatusCode::OK,
                format!("<b>{}</b>", request.query.as_deref().unwrap_or_default()),
            )
        },
    );
    let bid = format!(
        r#""price":2,"w":300,"h":250,"nurl":"{}/serve?p=${{AUCTION_PRICE}}""#,
        markup.url
    );
    let serving = Dsp::bidding(Box::leak(bid.into_boxed_str()));
    let rig = Rig::start(&[("serving", format!("{}/bid", serving.server.url))]).await;
    let bid = won(&rig).await;
    assert!(bid.get("adm").is_none(), "C-49");
    let shown = get(url(&bid, "nurl")).await.expect_status(200);
    assert_eq!(shown.text(), "<b>p=2</b>");
    drop(rig);

    let rig = Rig::start(&[("silent", format!("{}/bid", dsp.server.url))]).await;
    let bid = won(&rig).await;
    expect(get(url(&bid, "nurl")).await, 204);
}

#[tokio::test]
async fn s_8_what_a_dsp_says_to_a_notice_is_not_read() {
    let bid = r#""price":2,"w":300,"h":250,"adm":"x","crid":"c","burl":"{SELF}/bill""#;
    let talkative = market::Server::start(
        |_| std::time::Duration::ZERO,
        |_| service::http::text(http::StatusCode::OK, "x".repeat(2_000_000)),
    );
    let bid = bid.replace("{SELF}", &talkative.url);
    let dsp = Dsp::bidding(Box::leak(bid.into_boxed_str()));
    let rig = Rig::start(&[("talkative", format!("{}/bid", dsp.server.url))]).await;
    let bid = won(&rig).await;
    expect(get(url(&bid, "burl")).await, 200);
    let taken = r#"gavel_notices_total{kind="bill",outcome="sent"} 1"#;
    poll_until(PATIENCE, async || {
        let metrics = get(&rig.url("/metrics")).await.text();
        metrics.contains(taken).then_some(())
    })
    .await;
}

#[tokio::test]
async fn losers_hear_why() {
    let winner = Dsp::bidding(BID);
    let loser = Dsp::bidding(
        r#""price":1.2,"adm":"x","w":300,"h":250,"adomain":["b.example"],"lurl":"{SELF}/loss?r=${AUCTION_LOSS}&m=${AUCTION_MIN_TO_WIN}&p=${AUCTION_PRICE}""#,
    );
    let blocked = Dsp::bidding(
        r#""price":9,"adm":"x","w":300,"h":250,"adomain":["shop.blocked.example"],"lurl":"{SELF}/loss?r=${AUCTION_LOSS}&m=${AUCTION_MIN_TO_WIN}&p=${AUCTION_PRICE}""#,
    );
    let rig = Rig::start(&[
        ("winner", format!("{}/bid", winner.server.url)),
        ("loser", format!("{}/bid", loser.server.url)),
        ("blocked", format!("{}/bid", blocked.server.url)),
    ])
    .await;
    let answer = rig
        .auction(&banner(r#""badv":["blocked.example"],"#))
        .await
        .expect_status(200);
    // X-98: what ties the winner, where price was the cause; nothing where it was not
    assert_eq!(loser.wait_told("/loss").await, "/loss?r=102&m=1.5&p=");
    assert_eq!(blocked.wait_told("/loss").await, "/loss?r=205&m=&p=");
    let noted = poll_until(PATIENCE, async || {
        let record = rig.record(&answer).await;
        let noted = record["notices"].as_array().unwrap().len();
        (noted == 2).then_some(record)
    })
    .await;
    assert_eq!(noted["notices"][0]["outcome"], "sent");
}

#[tokio::test]
async fn notices_that_are_not_accepted() {
    let (dsp, rig) = one_dsp().await;
    let bid = won(&rig).await;
    let burl = url(&bid, "burl").to_owned();
    let token = burl.split("t=").nth(1).unwrap().to_owned();
    let mut altered = token.clone();
    let last = if altered.ends_with('A') { 'B' } else { 'A' };
    altered.replace_range(10..11, &last.to_string());
    let mut late = claims(UnixMillis(1));
    let expired = signed(&late, &key());
    late.expires = UnixMillis(i64::MAX);
    let foreign = signed(&late, &NoticeKey::new(7, [9; 32]));
    let unknown_key = signed(&late, &NoticeKey::new(8, [7; 32]));
    let cases = [
        ("R7 no token", rig.url("/notice/bill"), 401),
        ("R7 no token at all", rig.url("/notice/bill?t=%20"), 401),
        (
            "R7 forged",
            rig.url(&format!("/notice/bill?t={foreign}")),
            403,
        ),
        (
            "R7 unknown key",
            rig.url(&format!("/notice/bill?t={unknown_key}")),
            403,
        ),
        (
            "R7 one character altered",
            rig.url(&format!("/notice/bill?t={altered}")),
            403,
        ),
        (
            "R7 another notice's token",
            rig.url(&format!("/notice/win?t={token}")),
            403,
        ),
        (
            "R6 expired",
            rig.url(&format!("/notice/bill?t={expired}")),
            410,
        ),
    ];
    for (item, url, status) in cases {
        let answer = get(&url).await;
        assert_eq!(answer.status, status, "{item}: {answer}");
        assert!(answer.json()["code"].is_string(), "{item}");
    }
    // C-11: HEAD answers alike and records nothing
    expect(send(Method::HEAD, &burl, &[], "").await, 200);
    let posted = json!({"token": token}).to_string();
    let json = [("content-type", "application/json")];
    let first = send(Method::POST, &rig.url("/notice/bill"), &json, posted).await;
    assert_eq!(first.expect_status(200).json()["status"], "accepted");
    expect(send(Method::DELETE, &burl, &[], "").await, 405);
    dsp.wait_told("/bill").await;
}

fn claims(expires: UnixMillis) -> SellClaims {
    SellClaims {
        kind: SellKind::Bill,
        auction: AuctionId::new(UnixMillis(1), [1; 10]),
        imp: "1".into(),
        ad: 0,
        partner: "alpha".into(),
        publisher: "open".into(),
        placement: String::new(),
        price: CpmMicros::CENT,
        currency: Currency::USD,
        gross: Nanos(10_000),
        fee: Nanos::ZERO,
        payout_currency: Currency::USD,
        url: String::new(),
        expires,
        test: false,
        provisional: false,
        refused: false,
        serves_on_win: false,
        charge: None,
        device: contracts::notice::Device::default(),
    }
}

fn signed(claims: &SellClaims, key: &NoticeKey) -> String {
    let mut token = String::new();
    claims.sign(&SellClaims::ring(std::slice::from_ref(key)), &mut token);
    token
}

#[tokio::test]
async fn a_test_auction_is_run_and_never_billed() {
    // X-79
    let (dsp, rig) = one_dsp().await;
    let answer = rig
        .auction(&banner(r#""test":1,"#))
        .await
        .expect_status(200)
        .json();
    let bid = &answer["seatbid"][0]["bid"][0];
    expect(get(url(bid, "burl")).await, 200);
    expect(get(url(bid, "nurl")).await, 200);
    dsp.wait_told("/win").await;
    let log = EventLog::connect(&rig.events_url, Timeouts::default()).unwrap();
    assert_eq!(log.length(DELIVERY_STREAM).await.unwrap(), 0);
    assert!(!dsp.told().iter().any(|notice| notice.starts_with("/bill")));
}

#[tokio::test]
async fn records_history_and_statistics() {
    let (dsp, rig) = one_dsp().await;
    let answer = rig.auction(&banner("")).await.expect_status(200);
    let record = rig.record(&answer).await;
    assert_eq!(record["request_id"], "req-1");
    assert_eq!(record["outcome"], "won");
    assert_eq!(record["request"]["imps"][0]["floor"], json!(0.5));
    assert_eq!(record["dsps"][0]["dsp"], "alpha");
    assert!(record["dsps"][0]["duration_ms"].is_number());
    let bid = &record["bids"][0];
    assert_eq!(
        (&bid["outcome"], &bid["price"], &bid["clearing_price"]),
        (&json!("won"), &json!(1.5), &json!(1.5))
    );
    let by_request = get(&rig.url("/auction?request_id=req-1"))
        .await
        .expect_status(200);
    assert_eq!(by_request.json()["id"], record["id"]);

    expect(
        rig.auction(r#"{"id":"nobody","tmax":1000,"imp":[{"id":"9","banner":{}}]}"#)
            .await,
        204,
    );
    expect(rig.auction("{").await, 400);
    let lines = poll_until(PATIENCE, async || {
        let list = get(&rig.url("/auction-history?limit=2"))
            .await
            .expect_status(200)
            .json();
        (list["items"][0]["outcome"] == "invalid").then_some(list)
    })
    .await;
    assert_eq!(lines["items"].as_array().unwrap().len(), 2);
    let second = &lines["items"][1];
    assert_eq!(
        (&second["outcome"], &second["winner"], &second["bids"]),
        (&json!("no_bid"), &Value::Null, &json!(1))
    );
    let cursor = lines["next_cursor"].as_str().unwrap();
    let rest = get(&rig.url(&format!("/auction-history?limit=2&cursor={cursor}")))
        .await
        .json();
    let line = &rest["items"][0];
    assert_eq!(line["request_id"], "req-1");
    assert_eq!(
        line["winner"],
        json!({"dsp": "alpha", "campaign_id": "campaign_1", "price": 1.5, "currency": "USD"})
    );
    assert_eq!(
        (&line["imps"], &line["dsps_asked"], &rest["next_cursor"]),
        (&json!(1), &json!(1), &Value::Null)
    );
    expect(get(&rig.url("/auction-history?limit=many")).await, 400);
    for (path, told) in [
        ("/auction/no-such-id", "is no id of an auction"),
        ("/auction?request_id=no-such", "has left memory"),
        (
            "/auction/01a22261-5b9f-7755-92c6-bd9dc50ae49b",
            "neither memory, the control plane nor the records",
        ),
    ] {
        let answer = get(&rig.url(path)).await.expect_status(404).json();
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.contains(told), "{path}: {detail}");
    }

    let stats = get(&rig.url("/stats")).await.expect_status(200).json();
    assert_eq!(
        (&stats["auctions"], &stats["won"], &stats["no_bid"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(
        (
            &stats["win_rate"],
            &stats["dsps"][0]["asked"],
            &stats["dsps"][0]["wins"]
        ),
        (&json!(0.5), &json!(2), &json!(1))
    );
    let metrics = get(&rig.url("/metrics")).await.expect_status(200).text();
    for line in [
        r#"gavel_auctions_total{outcome="won"} 1"#,
        r#"gavel_dsp_responses_total{dsp="alpha",outcome="bid"} 2"#,
        r#"gavel_losses_total{reason="unknown_imp"} 1"#,
        "gavel_catalog_version 1",
    ] {
        assert!(metrics.contains(line), "{line}");
    }
    assert_eq!(dsp.times_asked(), 2);

    let log = EventLog::connect(&rig.events_url, Timeouts::default()).unwrap();
    let pushed = poll_until(PATIENCE, async || {
        let entries = log.read_after(RECORD_STREAM, START, 10).await.unwrap();
        (entries.len() == 3).then_some(entries)
    })
    .await;
    let first: AuctionRecord = serde_json::from_slice(&pushed[0].payload).unwrap();
    assert_eq!((&*first.request_id, &*first.outcome), ("req-1", "won"));
    assert!(first.document.get().contains("\"clearing_price\":1.5"));
}

#[tokio::test]
async fn validation_tells_all_that_is_wrong() {
    let (_dsp, rig) = one_dsp().await;
    let url = rig.url("/validate");
    let json = [("content-type", "application/json")];
    let check = async |body: &str| {
        send(Method::POST, &url, &json, body.to_owned())
            .await
            .expect_status(200)
            .json()
    };
    let usable = check(&banner("")).await;
    assert_eq!(
        (
            &usable["kind"],
            &usable["valid"],
            &usable["counts"]["error"]
        ),
        (&json!("request"), &json!(true), &json!(0))
    );
    let told = |report: &Value, rule: &str| {
        let findings = report["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["rule"] == rule);
        found.unwrap_or_else(|| panic!("{rule}: {report}")).clone()
    };
    let repaired = check(r#"{"id":"1","imp":[{"id":"1","banner":{"w":"300"}}]}"#).await;
    let finding = told(&repaired, "wrong-type");
    assert_eq!(
        (&finding["id"], &finding["pointer"]),
        (&json!("C-24"), &json!("/imp/0/banner/w"))
    );
    let invalid = check(r#"{"imp":[{},{"id":"1"}]}"#).await;
    assert_eq!(invalid["valid"], json!(false));
    for (rule, pointer) in [
        ("request-id", "/id"),
        ("imp-id", "/imp/0/id"),
        ("imp-medium", "/imp/1"),
    ] {
        told(&invalid, rule);
        let findings = invalid["findings"].as_array().unwrap();
        assert!(
            findings
                .iter()
                .any(|f| f["rule"] == rule && f["pointer"] == pointer),
            "{rule}"
        );
    }
    let unreadable = send(
        Method::POST,
        &url,
        &json,
        r#"{"imp":[{"id":01}]}"#.to_owned(),
    )
    .await;
    assert_eq!(unreadable.expect_status(400).json()["pointer"], "/imp/0/id");
    let told_kind = format!("{url}?kind=response");
    let as_response = send(Method::POST, &told_kind, &json, banner("")).await;
    assert_eq!(as_response.expect_status(200).json()["kind"], "response");
    let unknown = send(Method::POST, &format!("{url}?kind=x"), &json, banner("")).await;
    assert_eq!(
        unknown.expect_status(400).json()["title"],
        "kind is request or response"
    );
    let response = check(r#"{"id":"1","nbr":2}"#).await;
    assert_eq!(
        (&response["kind"], &response["valid"]),
        (&json!("response"), &json!(true))
    );
}

#[tokio::test]
async fn a_log_that_may_forget_takes_no_billing_notice_and_says_which_setting_to_change() {
    let dsp = Dsp::bidding(BID);
    // The suite's Redis does not wait for the disk.
    let rig = Rig::configured(
        &[("alpha", format!("{}/bid", dsp.server.url))],
        &[
            ("accounts", r#"{ ssp-one = { key = "the-key" } }"#),
            ("local_mode", "false"),
            ("allow_private_upstreams", "true"),
            ("events_durability", "required"),
        ],
    )
    .await;
    let key = [("x-gavel-key", "the-key")];
    let answer = rig.auction_with(&banner(""), &key).await;
    let answer = answer.expect_status(200).json();
    let bid = &answer["seatbid"][0]["bid"][0];
    let refused = get(url(bid, "burl")).await.expect_status(503);
    let says = "set `appendfsync always` there";
    assert!(refused.text().contains(says), "{refused}");
    let log = EventLog::connect(&rig.events_url, Timeouts::default()).unwrap();
    assert_eq!(log.length(DELIVERY_STREAM).await.unwrap(), 0);
    let health = poll_until(PATIENCE, async || {
        let health = get(&rig.url("/health")).await.json();
        (health["status"] == "degraded").then_some(health)
    })
    .await;
    assert!(health.to_string().contains(says), "{health}");
}

#[tokio::test]
async fn a_dsp_that_takes_no_notice_holds_up_no_other() {
    // R8: more entries of the one that fails than are delivered at the same time
    let bill = |price: &str, domain: &str| {
        let bid = format!(
            r#""price":{price},"crid":"c","adomain":["{domain}"],"w":300,"h":250,"adm":"<b>x</b>","burl":"{{SELF}}/bill""#
        );
        Dsp::bidding(bid.leak())
    };
    let (failing, other) = (bill("2", "failing.example"), bill("1", "other.example"));
    *failing.notice_status.lock().unwrap() = 503;
    let partners = [
        ("failing", format!("{}/bid", failing.server.url)),
        ("other", format!("{}/bid", other.server.url)),
    ];
    let small = [
        ("outbox.in_work", "6"),
        ("outbox.per_partner", "2"),
        ("outbox_retry", "1h"),
    ];
    let rig = Rig::configured(&partners, &small).await;
    for _ in 0..20 {
        expect(get(url(&won(&rig).await, "burl")).await, 200);
    }
    let others = banner(r#""badv":["failing.example"],"#);
    let answer = rig.auction(&others).await.expect_status(200).json();
    let burl = url(&answer["seatbid"][0]["bid"][0], "burl").to_owned();
    expect(get(&burl).await, 200);
    other.wait_told("/bill").await;
    assert!(!failing.told().is_empty(), "it was tried");
}

#[tokio::test]
async fn a_bid_pays_as_long_as_it_says_and_no_longer() {
    // X-57
    let with = |exp: &str| {
        let bid = format!(
            r#""price":1.5,{exp}"crid":"c","adomain":["shop.example"],"w":300,"h":250,"adm":"<b>x</b>","nurl":"{{SELF}}/win","burl":"{{SELF}}/bill""#
        );
        Dsp::bidding(bid.leak())
    };
    let in_a_minute = service::clock::now().0 + 60_000;
    let displayed = format!(r#","dt":{in_a_minute}"#);
    #[rustfmt::skip]
    let cases = [
        ("as it says", r#""exp":90,"#, "", 90),
        ("its own word, whatever the imp's display", r#""exp":90,"#, &*displayed, 90),
        ("its own word, not the imp's", r#""exp":7200,"#, r#","exp":5400"#, 7_200),
        ("no word: as configured", "", "", 3_600),
        ("no word: the imp's", "", r#","exp":5400"#, 5_400),
    ];
    let ring = SellClaims::ring(&[key()]);
    let claims_of = |bid: &Value, name: &str| {
        let token = url(bid, name).split_once("t=").unwrap().1;
        let token = token.split('&').next().unwrap();
        SellClaims::open(token, &ring).unwrap()
    };
    for (item, exp, imp, seconds) in cases {
        let dsp = with(exp);
        let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
        let request = banner("").replacen(r#""id":"1""#, &format!(r#""id":"1"{imp}"#), 1);
        let answer = rig.auction(&request).await.expect_status(200).json();
        let bid = &answer["seatbid"][0]["bid"][0];
        let bill = claims_of(bid, "burl");
        let (arrived, _) = bill.auction.0.get_timestamp().unwrap().to_unix();
        let life = bill.expires.0 / 1_000 - i64::try_from(arrived).unwrap();
        assert_eq!(life, seconds, "{item}");
        let win = claims_of(bid, "nurl");
        assert!(win.expires.0 >= bill.expires.0, "{item}: it moves no money");
    }

    let dsp = with(r#""exp":1,"#);
    let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
    let request = banner("").replacen(r#""id":"1""#, r#""id":"1","exp":1"#, 1);
    let answer = rig.auction(&request).await.expect_status(200).json();
    let bid = answer["seatbid"][0]["bid"][0].clone();
    let burl = url(&bid, "burl");
    // HEAD answers as GET would, and records nothing (C-11).
    poll_until(PATIENCE, async || {
        let answer = send(Method::HEAD, burl, &[], "").await;
        (answer.status == 410).then_some(())
    })
    .await;
    let late = get(burl).await.expect_status(410);
    assert_eq!(late.json()["code"], "expired");
    expect(get(url(&bid, "nurl")).await, 200);
    dsp.wait_told("/win").await;
    let log = EventLog::connect(&rig.events_url, Timeouts::default()).unwrap();
    assert_eq!(
        log.length(DELIVERY_STREAM).await.unwrap(),
        0,
        "nobody earns"
    );
    assert!(!dsp.told().iter().any(|notice| notice.starts_with("/bill")));
}
