//! Auctions of a running exchange, recorded and settled again.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod exchange;
mod market;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use exchange::faulty::{Fault, Faulty};
use exchange::{BID, Dsp, Rig, banner, expect};
use exchange_server::records::{Again, FindError, Said, again, find};
use market::PATIENCE;
use serde_json::{Value, json};
use testkit::http::Answer;
use units::AuctionId;

/// A data directory of one test.
struct Data(PathBuf);

impl Data {
    fn of(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gavel-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    /// The record of an answer's auction, settled again once it is written.
    async fn again(&self, answer: &Answer) -> Again {
        let id = auction(answer);
        testkit::poll_until(PATIENCE, async || find(&self.0, id).is_ok()).await;
        again(&self.0, id).unwrap()
    }

    fn only_file(&self, folder: &str) -> PathBuf {
        let files = std::fs::read_dir(self.0.join("records").join(folder)).unwrap();
        let files: Vec<PathBuf> = files.map(|it| it.unwrap().path()).collect();
        let [file] = &files[..] else {
            panic!("{files:?}");
        };
        file.clone()
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn auction(answer: &Answer) -> AuctionId {
    AuctionId::parse(answer.header("x-gavel-auction-id").unwrap()).unwrap()
}

/// A DSP that bids this much on imp `1`.
fn at_price(price: &'static str) -> Dsp {
    Dsp::start(move |body| {
        let request: Value = serde_json::from_str(body).unwrap();
        let bid = BID.replace("\"price\":1.5", &format!("\"price\":{price}"));
        Some(format!(
            r#"{{"id":{},"seatbid":[{{"seat":"s","bid":[{{"id":"b-{price}","impid":"1",{bid}}}]}}]}}"#,
            request["id"]
        ))
    })
}

#[tokio::test]
async fn every_auction_is_settled_again_bit_for_bit() {
    let data = Data::of("records-same");
    let pair = Arc::new(Mutex::new((String::new(), String::new())));
    let recorded = Arc::clone(&pair);
    let dsp = Dsp::start(move |body| {
        let asked: Value = serde_json::from_str(body).unwrap();
        let (id, response) = recorded.lock().unwrap().clone();
        Some(response.replacen(&format!("\"{id}\""), &asked["id"].to_string(), 1))
    });
    let rig = Rig::configured(
        &[("alpha", format!("{}/bid", dsp.server.url))],
        &[
            ("data_dir", data.0.to_str().unwrap()),
            ("auction_records.one_in", "1"),
        ],
    )
    .await;
    let mut won = 0;
    for number in testkit::fixtures::OPENRTB {
        let name = testkit::fixtures::openrtb_name(number);
        let (request, response) = testkit::fixtures::openrtb(number);
        let mut asked: Value = serde_json::from_str(&request).unwrap();
        *pair.lock().unwrap() = (asked["id"].as_str().unwrap().to_owned(), response);
        asked["tmax"] = json!(1_000);
        let answer = rig.auction(&asked.to_string()).await;
        let again = data.again(&answer).await;
        assert_eq!(again.differences, [], "{name}");
        let outcome = &again.recorded.outcome;
        let winners = outcome.bids.iter().filter(|bid| bid.won.is_some());
        assert_eq!(winners.count() > 0, answer.status == 200, "{name}");
        won += usize::from(answer.status == 200);
    }
    assert!(won >= 10, "{won} auctions were won");
}

#[tokio::test]
async fn what_each_dsp_did_is_recorded_and_settled_again() {
    let data = Data::of("records-dsps");
    let (high, low) = (at_price("2.75"), at_price("1.25"));
    let nobody = Dsp::start(|_| None);
    let noise = Dsp::start(|_| Some("no JSON".to_owned()));
    let broken = Faulty::start(Fault::Broken);
    let rig = Rig::configured(
        &[
            ("alpha", format!("{}/bid", high.server.url)),
            ("beta", format!("{}/bid", low.server.url)),
            ("gamma", format!("{}/bid", nobody.server.url)),
            ("delta", format!("{}/bid", noise.server.url)),
            ("epsilon", broken.url()),
        ],
        &[
            ("data_dir", data.0.to_str().unwrap()),
            ("auction_records.one_in", "0"),
        ],
    )
    .await;
    let request = banner(r#""cur":["EUR","USD"],"#).replace("\"at\":1", "\"at\":2");
    let answer = rig.auction(&request).await.expect_status(200);
    let again = data.again(&answer).await;
    assert_eq!(again.differences, []);
    let (seen, outcome) = (&again.recorded.seen, &again.recorded.outcome);
    assert_eq!((seen.catalog, seen.rates, seen.is_whole), (1, 3, true));
    let said: Vec<&Said> = seen.answers.iter().map(|it| &it.said).collect();
    assert!(matches!(
        said[..],
        [
            Said::Body(_),
            Said::Body(_),
            Said::NoContent,
            Said::Body(_),
            Said::Failed
        ]
    ));
    let status: Vec<&str> = outcome.replies.iter().map(|it| &*it.status).collect();
    assert_eq!(status, ["bid", "bid", "no_bid", "error", "error"]);
    assert_eq!(outcome.bodies.len(), 1, "all see the same");
    let lost = outcome.bids[1].lost.as_ref().unwrap();
    assert_eq!((lost.code, &*lost.reason), (102, "outbid"));
    let paid = outcome.bids[0].won.as_ref().unwrap();
    assert_eq!(paid.clearing.to_string(), "1.26", "second price and a cent");

    // The waterfall, and each fate in words.
    let document = rig.record(&answer).await;
    let steps = document["waterfall"].as_array().unwrap();
    let names: Vec<&str> = steps
        .iter()
        .map(|it| it["step"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["receive", "intake", "plan", "ask", "settle", "answer"]
    );
    for pair in steps.windows(2) {
        assert_eq!(pair[0]["to_ms"], pair[1]["from_ms"], "without a gap");
    }
    let ask = &steps[3];
    for dsp in document["dsps"].as_array().unwrap() {
        let within = |key: &str| {
            let at = dsp[key].as_f64().unwrap();
            at >= ask["from_ms"].as_f64().unwrap() && at <= ask["to_ms"].as_f64().unwrap()
        };
        assert!(within("from_ms") && within("to_ms"), "{dsp} in {ask}");
    }
    assert!(
        document["dsps"][0]["head_ms"].as_f64().unwrap() > 0.0,
        "{document}"
    );
    let fates: Vec<&Value> = document["bids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["fate"])
        .collect();
    assert_eq!(fates[0], "won at 1.26 USD");
    let lost = fates[1].as_str().unwrap();
    assert!(
        lost.starts_with("lost: ") && lost.ends_with(" USD would have won"),
        "{lost}"
    );
}

#[tokio::test]
async fn those_with_money_are_recorded_and_nobody_who_may_not_be_known() {
    let data = Data::of("records-due");
    let dsp = Dsp::bidding(BID);
    let rig = Rig::configured(
        &[("alpha", format!("{}/bid", dsp.server.url))],
        &[
            ("data_dir", data.0.to_str().unwrap()),
            ("auction_records.one_in", "0"),
        ],
    )
    .await;
    let no_bid = banner("").replace("\"bidfloor\":0.5", "\"bidfloor\":9.5");
    let no_bid = rig.auction(&no_bid).await.expect_status(204);
    let test = rig.auction(&banner("\"test\":1,")).await.expect_status(200);
    let child = banner(
        r#""regs":{"coppa":1},"device":{"ifa":"canary","ip":"198.51.100.77"},"user":{"id":"canary","buyeruid":"canary"},"#,
    );
    let child = rig.auction(&child).await.expect_status(200);
    let again = data.again(&child).await;
    assert_eq!(again.differences, []);
    assert!(!again.recorded.seen.is_whole);
    let text = std::fs::read_to_string(data.only_file("auctions")).unwrap();
    for gone in ["canary", "198.51.100.77"] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    // Records are written in their order, and that of the last auction is there.
    for (says, answer) in [("nobody won", no_bid), ("a test", test)] {
        let found = find(&data.0, auction(&answer));
        assert!(matches!(found, Err(FindError::Unknown(_))), "{says}");
    }
    let catalog = std::fs::read_to_string(data.only_file("catalogs")).unwrap();
    let catalog: Value = serde_json::from_str(&catalog).unwrap();
    let keys = catalog["notice_keys"].as_array();
    assert!(keys.is_none_or(Vec::is_empty), "no key is copied");
    expect(no_bid_again(&rig).await, 204);
}

async fn no_bid_again(rig: &Rig) -> Answer {
    rig.auction(&banner("\"tmax\":9,").replace("\"tmax\":1000,", ""))
        .await
}

/// Where the first difference is, after this was written in place of that.
fn altered(data: &Data, file: &Path, id: AuctionId, that: &str, this: &str) -> Vec<String> {
    let before = std::fs::read_to_string(file).unwrap();
    let after = before.replacen(that, this, 1);
    assert_ne!(before, after, "{that} is in the record");
    std::fs::write(file, after).unwrap();
    let again = again(&data.0, id).unwrap();
    std::fs::write(file, before).unwrap();
    let differences = again.differences.into_iter();
    differences.map(|it| it.pointer).collect()
}

#[tokio::test]
async fn an_altered_record_is_noticed() {
    let data = Data::of("records-altered");
    let (high, low) = (at_price("2.75"), at_price("1.25"));
    let rig = Rig::configured(
        &[
            ("alpha", format!("{}/bid", high.server.url)),
            ("beta", format!("{}/bid", low.server.url)),
        ],
        &[("data_dir", data.0.to_str().unwrap())],
    )
    .await;
    let answer = rig.auction(&banner("")).await.expect_status(200);
    let id = auction(&answer);
    assert_eq!(data.again(&answer).await.differences, [], "unaltered");
    let (auctions, catalogs) = (data.only_file("auctions"), data.only_file("catalogs"));
    // What is altered, in which file, that and this, and where it shows.
    type Case<'a> = (&'a str, &'a Path, &'a str, &'a str, &'a [&'a str]);
    #[rustfmt::skip]
    let cases: &[Case<'_>] = &[
        ("an answer's price", &auctions, r#"\"price\":2.75"#, r#"\"price\":1.05"#,
            &["/digest", "/outcome/bids/0/lost", "/outcome/winners/0"]),
        ("the request's floor", &auctions, r#"\"bidfloor\":0.5"#, r#"\"bidfloor\":2.0"#,
            &["/digest", "/outcome/bids/1/floor", "/outcome/bodies/0"]),
        ("who won", &auctions, r#""winners":[0]"#, r#""winners":[1]"#, &["/outcome/winners/0"]),
        ("what was paid", &auctions, r#""clearing":2750000"#, r#""clearing":2740000"#, &["/outcome/bids/0/won/clearing"]),
        ("why it lost", &auctions, r#""reason":"outbid""#, r#""reason":"below_floor""#, &["/outcome/bids/1/lost/reason"]),
        ("the catalog's rates", &catalogs, "920000000", "930000000", &["/catalog/sha256"]),
    ];
    for (says, file, that, this, shows) in cases {
        let told = altered(&data, file, id, that, this);
        for pointer in *shows {
            assert!(
                told.iter().any(|it| it.starts_with(pointer)),
                "{says}: {pointer} is not among {told:?}"
            );
        }
    }
    assert_eq!(again(&data.0, id).unwrap().differences, [], "put back");
}
