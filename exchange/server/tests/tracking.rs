//! What pages and players report of an ad: clicks, views, videos; what crawlers report; native and VAST answers.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod market;

use bytes::Bytes;
use contracts::event::DeliveryFact;
use contracts::notice::{NoticeKey, SellClaims, SellKind};
use http::Method;
use market::{Market, PATIENCE, Script, key};
use serde_json::{Value, json};
use service::clock;
use testkit::http::{Answer, get, post_json, send};
use testkit::poll_until;
use units::{AuctionId, Currency, DurationMillis, Nanos, UnixMillis};

const LANDING_PAGE: &str = "https://shop.example/lamps?a=1&b=2";
const CRAWLER: (&str, &str) = (
    "user-agent",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
);

async fn head(url: &str) -> Answer {
    send(Method::HEAD, url, &[], Bytes::new()).await
}

/// The kinds that were recorded, with what is told of each; without the DSP's answers to billing notices.
async fn recorded(market: &Market) -> Vec<(SellKind, DeliveryFact)> {
    let delivered = market.deliveries().await.into_iter();
    delivered
        .filter(|event| !matches!(event.fact, DeliveryFact::Notified(_)))
        .map(|event| (event.claims.kind, event.fact))
        .collect()
}

#[tokio::test]
async fn a_native_answer_is_json_with_its_own_click() {
    let market = Market::start(Script::Bid("2.5")).await;
    let ad = market.ad("feed").await;
    assert_eq!(ad["ad"]["type"], "native");
    let native = &ad["ad"]["native"];
    assert_eq!(native["assets"][0]["title"]["text"], "Lamps \"and\" chairs");
    let markup: Value = serde_json::from_str(ad["ad"]["markup"].as_str().unwrap()).unwrap();
    assert_eq!(
        &markup, native,
        "the markup and the object are the same answer"
    );
    let click = ad["ad"]["click_url"].as_str().unwrap();
    for _ in 0..2 {
        let answer = get(click).await.expect_status(302);
        assert_eq!(answer.header("location"), Some(LANDING_PAGE));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let wanted: Value = serde_json::from_str(
        market.dsp.last_asked()["imp"][0]["native"]["request"]
            .as_str()
            .unwrap(),
    )
    .unwrap();
    assert_eq!(
        wanted["eventtrackers"],
        json!([{"event": 1, "methods": [1]}, {"event": 2, "methods": [1]}]),
        "what tag.js reports, and nothing else (C-94)"
    );
    assert_eq!(
        recorded(&market).await,
        [(SellKind::Click, DeliveryFact::Happened)],
        "a click counts once"
    );
}

#[tokio::test]
async fn views_and_clicks_count_once_each_and_bill_nothing() {
    let market = Market::start(Script::Bid("2.5")).await;
    let ad = market.ad("top").await;
    assert!(
        ad["ad"].get("click_url").is_none(),
        "markup has its links itself: {ad:#}"
    );
    for name in ["view_url", "click_url"] {
        let url = ad["tracking"][name].as_str().unwrap();
        let before = recorded(&market).await.len();
        let looked = head(url).await.expect_status(200);
        assert_eq!(looked.header("content-type"), Some("image/gif"), "{name}");
        assert_eq!(
            recorded(&market).await.len(),
            before,
            "HEAD records nothing"
        );
        for _ in 0..2 {
            let answer = get(url).await.expect_status(200);
            assert_eq!(answer.header("content-type"), Some("image/gif"), "{name}");
        }
        let token = url.split_once("t=").unwrap().1;
        let token = token.split('&').next().unwrap();
        let path = if name == "view_url" {
            "/view"
        } else {
            "/click"
        };
        let answer = post_json(&market.ssp(path), &json!({"token": token})).await;
        let auction = &ad["auction_id"];
        let duplicate = json!({"status": "duplicate", "auction_id": auction});
        assert_eq!(answer.expect_status(200).json(), duplicate, "{name}");
    }
    assert_eq!(
        recorded(&market).await,
        [
            (SellKind::View, DeliveryFact::Happened),
            (SellKind::Click, DeliveryFact::Happened)
        ]
    );
    let shown = get(ad["tracking"]["impression_url"].as_str().unwrap()).await;
    assert_eq!(shown.status, 200);
    poll_until(PATIENCE, async || !market.dsp.told("/bill").is_empty()).await;
    assert_eq!(
        market.dsp.told("/bill").len(),
        1,
        "the impression bills, alone"
    );
}

#[tokio::test]
async fn r_7_a_click_leads_to_the_page_that_its_token_names_and_nowhere_else() {
    let market = Market::start(Script::NoBid).await;
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
        url: LANDING_PAGE.into(),
        expires,
        test: false,
        provisional: false,
        refused: false,
        serves_on_win: false,
        charge: None,
        device: contracts::notice::Device::default(),
    };
    let later = clock::now().after(DurationMillis::from_secs(3_600));
    let past = UnixMillis(clock::now().0 - 1);
    let stranger = NoticeKey::new(7, [8; 32]);
    #[rustfmt::skip]
    let cases = [
        ("another's signature", SellKind::Click, later, stranger, "", 403),
        ("a token of another notice", SellKind::Impression, later, key(), "", 403),
        ("late: the visitor is sent on", SellKind::Click, past, key(), "", 302),
        ("late: nothing is recorded", SellKind::Click, past, key(), "&redirect=0", 410),
        ("another page beside the token", SellKind::Click, later, key(), "&url=https%3A%2F%2Fevil.example", 302),
    ];
    for (says, kind, expires, key, more, status) in cases {
        let mut token = String::new();
        claims(kind, expires).sign(&SellClaims::ring(&[key]), &mut token);
        let url = market.ssp(&format!("/click?t={token}{more}"));
        let looked = head(&url).await;
        let answer = get(&url).await;
        assert_eq!(
            (looked.status, answer.status),
            (status, status),
            "{says}: {answer}"
        );
        let leads = answer.header("location");
        assert_eq!(leads, (status == 302).then_some(LANDING_PAGE), "{says}");
    }
    assert_eq!(
        recorded(&market).await,
        [(SellKind::Click, DeliveryFact::Happened)],
        "the one that is ours and in time"
    );
}

#[tokio::test]
async fn what_a_crawler_reports_is_answered_alike_and_not_billed() {
    let market = Market::start(Script::Bid("2.5")).await;
    let ad = market.ad("top").await;
    let url = ad["tracking"]["impression_url"].as_str().unwrap();
    let ahead = ("sec-purpose", "prefetch;prerender");
    for headers in [[CRAWLER], [ahead]] {
        let answer = send(Method::GET, url, &headers, Bytes::new()).await;
        assert_eq!(answer.status, 200, "{answer}");
        assert_eq!(answer.header("content-type"), Some("image/gif"));
    }
    let token = json!({"token": ad["tracking"]["token"]}).to_string();
    let posted = [CRAWLER, ("content-type", "application/json")];
    let answer = send(Method::POST, &market.ssp("/impression"), &posted, token).await;
    assert_eq!(answer.expect_status(200).json()["status"], "duplicate");
    assert_eq!(
        recorded(&market).await,
        [(SellKind::Impression, DeliveryFact::Filtered)],
        "counted apart, once"
    );
    let metrics = get(&market.ssp("/metrics")).await.text();
    let filtered = r#"gavel_notices_total{kind="impression",outcome="filtered"} 1"#;
    assert!(metrics.contains(filtered), "{metrics}");
    // A person sees the same ad.
    assert_eq!(get(url).await.status, 200);
    poll_until(PATIENCE, async || !market.dsp.told("/bill").is_empty()).await;
    assert_eq!(
        market.dsp.told("/bill").len(),
        1,
        "who was not a crawler is billed"
    );
    let recorded = recorded(&market).await;
    assert_eq!(
        recorded.last(),
        Some(&(SellKind::Impression, DeliveryFact::Happened))
    );
}

/// The texts of the elements that begin so.
fn texts<'d>(document: &'d str, start: &str) -> Vec<&'d str> {
    let parts = document.split(start).skip(1);
    parts
        .map(|part| {
            part.split_once("<![CDATA[")
                .unwrap()
                .1
                .split_once("]]>")
                .unwrap()
                .0
        })
        .collect()
}

#[tokio::test]
async fn x_11_a_player_reports_by_the_document() {
    for (script, file) in [
        (Script::Bid("2.5"), "https://rival.example/v.mp4"),
        (Script::Wrapper("2.5"), "https://rival.example/vast"),
    ] {
        let market = Market::start(script).await;
        let url = market.ssp("/vast?placement=player&gdpr=1&gdpr_consent=CPxx&gpp=[GPP]");
        let document = get(&url).await.expect_status(200).text();
        assert!(document.contains(file), "{document}");
        let asked = market.dsp.last_asked();
        assert!(
            asked["regs"].get("gpp").is_none(),
            "an unfilled macro is no string"
        );
        assert_eq!(asked["regs"]["gdpr"], 1, "{asked:#}");

        let impressions = texts(&document, "<Impression");
        assert_eq!(impressions.len(), 2, "ours and the DSP's: {document}");
        let errors = texts(&document, "<Error");
        assert!(errors[0].ends_with("&code=[ERRORCODE]"), "{document}");
        let mut called = 0;
        for event in [
            "start",
            "firstQuartile",
            "midpoint",
            "thirdQuartile",
            "complete",
        ] {
            let url = texts(&document, &format!("<Tracking event=\"{event}\""))[0];
            assert_eq!(head(url).await.status, 200);
            assert_eq!(get(url).await.status, 200, "{event}");
            called += 1;
        }
        assert_eq!(called, 5);
        assert_eq!(
            get(&errors[0].replace("[ERRORCODE]", "405")).await.status,
            200
        );
        let metrics = get(&market.rtb("/metrics")).await.text();
        for event in ["start", "midpoint", "complete", "error"] {
            let line = format!("gavel_video_events_total{{event=\"{event}\"}} 1");
            assert!(metrics.contains(&line), "{line}: {metrics}");
        }
        assert!(market.dsp.told("/bill").is_empty(), "events bill nothing");
        let ours = impressions.iter().find(|url| url.starts_with(&market.ssp));
        assert_eq!(get(ours.unwrap()).await.status, 200);
        poll_until(PATIENCE, async || !market.dsp.told("/bill").is_empty()).await;

        // The same for whoever hands the markup of an ad request to a player.
        let ad = market.ad("player").await;
        let markup = ad["ad"]["markup"].as_str().unwrap();
        let url = ad["tracking"]["impression_url"].as_str().unwrap();
        assert_eq!(texts(markup, "<Impression")[0], url);
    }
}
