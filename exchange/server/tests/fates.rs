//! What `GET /auction/{id}` says of each bid: what came after its auction, too (X-113).

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod market;

use exchange::{BID, Dsp, Rig, banner, expect};
use http::Method;
use market::PATIENCE;
use serde_json::{Value, json};
use testkit::http::{get, send};
use testkit::poll_until;

/// A sale to an SSP: the bid of our answer, and its auction.
async fn sold(rig: &Rig, more: &str) -> (Value, String) {
    let answer = rig.auction(&banner(more)).await.expect_status(200);
    let auction = answer.header("x-gavel-auction-id").unwrap().to_owned();
    (answer.json()["seatbid"][0]["bid"][0].clone(), auction)
}

async fn call(bid: &Value, name: &str, reason: &str) -> Value {
    let url = bid[name].as_str().unwrap();
    let url = url.replace("${AUCTION_LOSS}", reason);
    get(&url).await.expect_status(200).json()["status"].clone()
}

async fn one_dsp(bid: &'static str) -> (Dsp, Rig) {
    let dsp = Dsp::bidding(bid);
    let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
    (dsp, rig)
}

#[tokio::test]
async fn what_an_ssp_told_of_a_win_is_in_its_fate() {
    let (dsp, rig) = one_dsp(BID).await;
    struct Row {
        says: &'static str,
        more: &'static str,
        /// Each with what it is answered.
        told: &'static [(&'static str, &'static str)],
        fate: &'static str,
        outcome: &'static str,
        is_paid: bool,
    }
    #[rustfmt::skip]
    let rows = [
        Row { says: "nothing yet", more: "", told: &[], fate: "won at 1.5 USD", outcome: "won", is_paid: true },
        Row { says: "X-80", more: "", told: &[("lurl", "accepted"), ("lurl", "duplicate")], fate: "won at 1.5 USD; the SSP then told its loss (102)", outcome: "lost_upstream", is_paid: false },
        Row { says: "X-90", more: "", told: &[("nurl", "accepted"), ("burl", "accepted")], fate: "won at 1.5 USD, billed", outcome: "won", is_paid: true },
        Row { says: "a loss after billing", more: "", told: &[("burl", "accepted"), ("lurl", "after_billing"), ("lurl", "duplicate")], fate: "won at 1.5 USD, billed; the SSP then told its loss (102)", outcome: "won", is_paid: true },
        Row { says: "a loss before billing", more: "", told: &[("lurl", "accepted"), ("burl", "accepted")], fate: "won at 1.5 USD; the SSP then told its loss (102), and billed it all the same", outcome: "won", is_paid: true },
        Row { says: "X-79", more: r#""test":1,"#, told: &[("burl", "accepted")], fate: "won at 1.5 USD, in a test that nobody pays", outcome: "won", is_paid: false },
    ];
    for row in rows {
        let says = row.says;
        let (bid, auction) = sold(&rig, row.more).await;
        for (name, status) in row.told {
            assert_eq!(call(&bid, name, "102").await, *status, "{says}: {name}");
        }
        let record = rig.record_of(&auction).await;
        let told = &record["bids"][0];
        assert_eq!(told["fate"], row.fate, "{says}");
        let outcomes = (&record["outcome"], &told["outcome"]);
        assert_eq!(
            outcomes,
            (&json!(row.outcome), &json!(row.outcome)),
            "{says}"
        );
        assert_eq!(told.get("payout").is_some(), row.is_paid, "{says}: {told}");
        // The history says the same.
        let history = get(&rig.url("/auction-history?limit=1")).await.json();
        let line = &history["items"][0];
        assert_eq!(
            (&line["id"], &line["outcome"]),
            (&json!(auction), &json!(row.outcome)),
            "{says}"
        );
        assert_eq!(
            line["winner"].is_null(),
            row.outcome != "won",
            "{says}: {line}"
        );
    }
    // Of each bid the DSP hears of its billing or of its loss, or first of its loss; never of a loss behind its billing.
    poll_until(PATIENCE, async || {
        let told = dsp.told();
        let count = |kind: &str| told.iter().filter(|it| it.starts_with(kind)).count();
        ((count("/bill"), count("/loss")) == (3, 2)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_a_page_shows_is_billed() {
    let (_dsp, rig) = one_dsp(BID).await;
    rig.place("top");
    let ad = rig.ad("top").await.expect_status(200).json();
    let auction = ad["auction_id"].as_str().unwrap();
    let shown = ad["tracking"]["impression_url"].as_str().unwrap();
    let (_, token) = shown.split_once("?t=").unwrap();
    let shown = &format!("{}/impression?t={token}", rig.ssp);
    let crawler = [("user-agent", "Googlebot/2.1")];
    let by_a_crawler = send(Method::GET, shown, &crawler, "").await;
    expect(by_a_crawler, 200);
    let before = rig.record_of(auction).await;
    assert_eq!(before["bids"][0]["fate"], "won at 1.5 USD", "nobody saw it");
    for _ in 0..2 {
        expect(get(shown).await, 200);
        let record = rig.record_of(auction).await;
        assert_eq!(record["bids"][0]["fate"], "won at 1.5 USD, billed");
    }
}

#[tokio::test]
async fn x_93_markup_that_an_ssp_was_not_served_is_in_the_fate() {
    // The banner says `secure` 1; notices are answered without a body.
    let (_dsp, rig) = one_dsp(
        r#""price":4,"w":300,"h":250,"crid":"c","adomain":["shop.example"],"nurl":"{SELF}/serve","burl":"{SELF}/bill""#,
    )
    .await;
    let (bid, auction) = sold(&rig, "").await;
    let before = rig.record_of(&auction).await;
    assert_eq!(before["bids"][0]["fate"], "won at 4 USD");
    expect(get(bid["nurl"].as_str().unwrap()).await, 204);
    let record = rig.record_of(&auction).await;
    let told = &record["bids"][0];
    assert_eq!(
        told["fate"],
        "won at 4 USD, and is forfeit: its win notice brought no markup that may be shown (forfeit)"
    );
    assert_eq!(
        (&record["outcome"], &told["outcome"]),
        (&json!("forfeit"), &json!("forfeit"))
    );
    assert!(told.get("payout").is_none(), "{told}");
}

#[tokio::test]
async fn r37_a_loss_notice_that_is_too_long_is_not_called() {
    // One whose win notice is too long hears of its loss all the same.
    let long = "x".repeat(2_100);
    let bid = |notices: String| {
        let bid = format!(
            r#""price":1.5,"crid":"c","adomain":["a.example"],"w":300,"h":250,"adm":"x",{notices}"#
        );
        Dsp::bidding(bid.leak())
    };
    let of_loss = bid(format!(r#""lurl":"{{SELF}}/loss?{long}""#));
    let of_win = bid(format!(
        r#""nurl":"{{SELF}}/win?{long}","lurl":"{{SELF}}/loss?r=${{AUCTION_LOSS}}""#
    ));
    let rig = Rig::start(&[
        ("alpha", format!("{}/bid", of_loss.server.url)),
        ("beta", format!("{}/bid", of_win.server.url)),
    ])
    .await;
    let answer = rig.auction(&banner("")).await.expect_status(204);
    assert_eq!(of_win.wait_told("/loss").await, "/loss?r=3");
    let record = poll_until(PATIENCE, async || {
        let record = rig.record(&answer).await;
        (record["notices"].as_array().unwrap().len() == 2).then_some(record)
    })
    .await;
    for bid in record["bids"].as_array().unwrap() {
        assert_eq!(bid["fate"], "lost: the URL of a notice is too long");
        assert_eq!(bid["loss"]["code"], 3);
    }
    let notices = record["notices"].as_array().unwrap().iter();
    let mut of_alpha = notices.filter(|notice| notice["dsp"] == "alpha");
    assert_eq!(of_alpha.next().unwrap()["outcome"], "too_long");
    assert_eq!(of_loss.told(), [""; 0], "not called");
}

#[tokio::test]
async fn losers_are_told_of_as_it_was() {
    let (high, low) = (Dsp::bidding(BID), Dsp::bidding(LOW));
    let long = Dsp::bidding(LOW_NATIVE);
    let rig = Rig::start(&[
        ("alpha", format!("{}/bid", high.server.url)),
        ("beta", format!("{}/bid", low.server.url)),
        ("gamma", format!("{}/bid", long.server.url)),
    ])
    .await;
    let request = banner("").replace("\"at\":1", "\"at\":2");
    let answer = rig.auction(&request).await.expect_status(200);
    let record = rig.record(&answer).await;
    let bids = record["bids"].as_array().unwrap();
    // X-98: what it is told is the clearing price, and what it had to beat the bid.
    assert_eq!(bids[1]["fate"], "lost to a higher bid of 1.5 USD");
    assert_eq!(
        bids[1]["loss"],
        json!({"code": 102, "reason": "outbid", "words": "lost to a higher bid of 1.5 USD"})
    );
    assert_eq!(bids[1]["minimum_to_win"], json!(1.21));
    assert_eq!(bids[2]["fate"], "lost: the imp offers no native");
    assert_eq!(
        (&bids[2]["loss"]["code"], &bids[2]["loss"]["reason"]),
        (&json!(204), &json!("format"))
    );
}

const LOW: &str = r#""price":1.2,"adm":"x","w":300,"h":250,"crid":"c","adomain":["b.example"]"#;
const LOW_NATIVE: &str =
    r#""price":1.1,"mtype":4,"adm":"x","w":300,"h":250,"crid":"c","adomain":["b.example"]"#;
