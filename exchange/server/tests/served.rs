//! Bids without markup that are sold to SSPs: fetched once, screened, and the same for whoever calls again.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod market;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use contracts::catalog::MarkupHash;
use exchange::{Dsp, Rig, banner, expect};
use http::{HeaderMap, StatusCode};
use market::{PATIENCE, Server, tallied};
use serde_json::{Value, json};
use testkit::http::get;
use testkit::poll_until;

/// A place that serves markup, and what it was asked with.
struct Serving {
    server: Server,
    says: Arc<Mutex<&'static str>>,
    asked: Arc<Mutex<Vec<HeaderMap>>>,
}

impl Serving {
    fn start(says: &'static str) -> Self {
        let says = Arc::new(Mutex::new(says));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (said, calls) = (Arc::clone(&says), Arc::clone(&asked));
        let server = Server::start(
            |_| Duration::from_millis(100),
            move |request| {
                calls.lock().unwrap().push(request.headers.clone());
                match *said.lock().unwrap() {
                    "" => service::http::no_content(),
                    text => service::http::text(StatusCode::OK, text.to_owned()),
                }
            },
        );
        Self {
            server,
            says,
            asked,
        }
    }

    fn times(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// A DSP whose bids serve here.
    fn dsp(&self) -> Dsp {
        let bid = format!(
            r#""price":2,"w":300,"h":250,"crid":"c","adomain":["shop.example"],"nurl":"{}/serve","burl":"{{SELF}}/bill""#,
            self.server.url
        );
        Dsp::bidding(Box::leak(bid.into_boxed_str()))
    }
}

async fn rig(dsp: &Dsp, more: &[(&str, &str)]) -> Rig {
    Rig::configured(&[("alpha", format!("{}/bid", dsp.server.url))], more).await
}

async fn sold(rig: &Rig, more: &str) -> (Value, String) {
    let answer = rig.auction(&banner(more)).await.expect_status(200);
    let auction = answer.header("x-gavel-auction-id").unwrap().to_owned();
    let bid = answer.json()["seatbid"][0]["bid"][0].clone();
    assert!(bid.get("adm").is_none(), "C-49");
    (bid, auction)
}

fn url<'b>(bid: &'b Value, name: &str) -> &'b str {
    bid[name].as_str().unwrap()
}

/// Kind and outcome of what is noted of an auction, in its order.
async fn noted(rig: &Rig, auction: &str) -> Vec<(String, String)> {
    let record = get(&rig.url(&format!("/auction/{auction}"))).await.json();
    let text = |notice: &Value, name: &str| notice[name].as_str().unwrap().to_owned();
    let notices = record["notices"].as_array().unwrap().iter();
    notices
        .map(|it| (text(it, "kind"), text(it, "outcome")))
        .collect()
}

#[tokio::test]
async fn x_93_the_dsp_is_asked_once_and_every_caller_gets_the_same() {
    // X-94: its macros are ours to replace; an unknown one stays (X-95)
    let serving = Serving::start("<b>${AUCTION_PRICE} ${AUCTION_CURRENCY} ${OTHER}</b>");
    let dsp = serving.dsp();
    let rig = rig(&dsp, &[]).await;
    let device = r#""device":{"ip":"198.51.100.7","ua":"Agent/1"},"#;
    let (bid, auction) = sold(&rig, device).await;
    let nurl = url(&bid, "nurl");
    let many = futures_util::future::join_all((0..8).map(|_| get(nurl))).await;
    for answer in many {
        assert_eq!(answer.expect_status(200).text(), "<b>2 USD ${OTHER}</b>");
    }
    assert_eq!(
        get(nurl).await.expect_status(200).text(),
        "<b>2 USD ${OTHER}</b>"
    );
    assert_eq!(serving.times(), 1);
    let headers = serving.asked.lock().unwrap()[0].clone();
    assert_eq!(headers["x-forwarded-for"], "198.51.100.7", "X-92");
    assert_eq!(headers["x-device-user-agent"], "Agent/1", "X-92");
    let told = |kind: &str, outcome: &str| (kind.to_owned(), outcome.to_owned());
    assert_eq!(
        noted(&rig, &auction).await,
        [told("win", "received"), told("markup", "served")]
    );
    expect(get(url(&bid, "burl")).await, 200);
    dsp.wait_told("/bill").await;
    let events = rig.events_url.clone();
    drop(rig);
    assert_eq!(tallied(&events, "alpha").await, (1, 1), "won, nurl taken");
}

#[tokio::test]
async fn x_47_what_the_notice_brings_is_screened_as_on_our_own_placements() {
    let serving = Serving::start("");
    let dsp = serving.dsp();
    let rig = rig(&dsp, &[]).await;
    rig.control_plane.publish(|catalog| {
        let evil = MarkupHash::of("<b>evil</b>");
        let verdicts =
            json!([{"partner": "alpha", "crid": "c", "markup": evil, "verdict": "blocked"}]);
        catalog.verdicts = serde_json::from_value(verdicts).unwrap();
    });
    poll_until(PATIENCE, async || {
        let metrics = get(&rig.url("/metrics")).await.text();
        metrics.contains("gavel_catalog_version 2").then_some(())
    })
    .await;
    // The banner says `secure` 1.
    for (markup, outcome) in [
        (
            "<img src=\"http://insecure.example/i.png\">",
            Some("not_secure"),
        ),
        ("<b>evil</b>", Some("creative_blocked")),
        ("", Some("forfeit")),
        ("<b>good</b>", None),
    ] {
        *serving.says.lock().unwrap() = markup;
        let (bid, auction) = sold(&rig, "").await;
        let asked = serving.times();
        let unserved = get(url(&bid, "burl")).await.expect_status(409).text();
        assert!(
            unserved.contains("markup"),
            "X-90 nothing was shown yet: {unserved}"
        );
        for repetition in 0..2 {
            let answer = get(url(&bid, "nurl")).await;
            match outcome {
                None => assert_eq!(answer.expect_status(200).text(), markup),
                Some(_) => assert_eq!(answer.status, 204, "{markup} {repetition}"),
            }
        }
        assert_eq!(serving.times(), asked + 1, "{markup}");
        let last = noted(&rig, &auction).await.pop().unwrap();
        let want = ("markup".to_owned(), outcome.unwrap_or("served").to_owned());
        assert_eq!(last, want);
        let billed = get(url(&bid, "burl")).await.status;
        let want = if outcome.is_some() { 409 } else { 200 };
        assert_eq!(billed, want, "X-93 a forfeit is not billed: {markup}");
    }
    let bills = dsp.wait_told("/bill").await;
    assert!(bills.contains("/bill"), "{bills}");
}

#[tokio::test]
async fn what_found_no_room_is_not_served_unscreened() {
    let serving = Serving::start("<b>x</b>");
    let dsp = serving.dsp();
    let rig = rig(&dsp, &[("served.most", "64B")]).await;
    let (bid, auction) = sold(&rig, "").await;
    assert_eq!(get(url(&bid, "nurl")).await.status, 204);
    let noted = noted(&rig, &auction).await;
    assert_eq!(noted.last().unwrap().1, "not_held");
    let _ = get(url(&bid, "burl")).await.expect_status(409);
    assert_eq!(serving.times(), 0, "nobody would have looked at it");
    let events = rig.events_url.clone();
    drop(rig);
    assert_eq!(tallied(&events, "alpha").await, (1, 0), "won all the same");
}

#[tokio::test]
async fn macros_are_left_to_the_ssp_that_wants_them() {
    // X-81; a bid with markup, and one that serves on its win notice
    let serving = Serving::start("<b>${AUCTION_PRICE}</b>");
    let served = serving.dsp();
    let with_markup =
        Dsp::bidding(r#""price":2,"w":300,"h":250,"crid":"c","adm":"<b>${AUCTION_PRICE}</b>""#);
    for (keeps, want) in [(true, "<b>${AUCTION_PRICE}</b>"), (false, "<b>2</b>")] {
        let accounts = format!(r#"{{ ssp-one = {{ key = "the-key", keep_macros = {keeps} }} }}"#);
        let more = [("accounts", &*accounts)];
        let key = [("x-gavel-key", "the-key")];
        let sells = rig(&with_markup, &more).await;
        let answer = sells.auction_with(&banner(""), &key).await;
        let answer = answer.expect_status(200).json();
        assert_eq!(answer["seatbid"][0]["bid"][0]["adm"], want, "{keeps}");
        let sells = rig(&served, &more).await;
        let answer = sells.auction_with(&banner(""), &key).await;
        let answer = answer.expect_status(200).json();
        let nurl = url(&answer["seatbid"][0]["bid"][0], "nurl").to_owned();
        assert_eq!(get(&nurl).await.expect_status(200).text(), want, "{keeps}");
    }
}

#[tokio::test]
async fn what_is_served_is_filled_in_as_the_partner_wants_it_and_a_test_tells_no_price() {
    const ADM: &str = r#"<i id="${AUCTION_AD_ID}">${AUCTION_PRICE}</i>"#;
    #[rustfmt::skip]
    let rows = [
        ("X-95 by default", "ids", "", r#"<i id="a&quot;b">2</i>"#),
        ("X-95 as they are", "none", "", r#"<i id="a"b">2</i>"#),
        ("X-97 a test", "none", r#""test":1,"#, r#"<i id="a"b">AUDIT</i>"#),
    ];
    let serving = Serving::start(ADM);
    let of_bid = r#""price":2,"w":300,"h":250,"crid":"c","adomain":["shop.example"],"adid":"a\"b""#;
    let brought = format!(r#"{of_bid},"nurl":"{}/serve""#, serving.server.url);
    let inside = format!(r#"{of_bid},"adm":{}"#, json!(ADM));
    let [brought, inside] =
        [brought, inside].map(|bid| Dsp::bidding(Box::leak(bid.into_boxed_str())));
    for (item, encoding, more, want) in rows {
        let partner = |dsp: &Dsp| {
            json!([{
                "id": "alpha", "name": "alpha", "endpoint": format!("{}/bid", dsp.server.url), "active": true,
                "macro_encoding": encoding,
            }])
        };
        let sells = Rig::over(&partner(&brought), &[]).await;
        let (bid, _) = sold(&sells, more).await;
        let served = get(url(&bid, "nurl")).await.expect_status(200).text();
        assert_eq!(served, want, "{item}");
        let sells = Rig::over(&partner(&inside), &[]).await;
        let answer = sells.auction(&banner(more)).await.expect_status(200).json();
        assert_eq!(answer["seatbid"][0]["bid"][0]["adm"], want, "{item}");
    }
}
