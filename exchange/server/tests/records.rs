//! Auctions of a running exchange, recorded and settled again.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod exchange;
mod market;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use contracts::access::KeyDigest;
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
async fn a_request_that_was_tolerated_is_settled_again_bit_for_bit() {
    // C-26: what is recorded is what was planned by, in either version.
    let data = Data::of("records-tolerated");
    let (old, new) = (at_price("1.5"), at_price("1.75"));
    let partner = |id: &str, dsp: &Dsp, version: &str| {
        let endpoint = format!("{}/bid", dsp.server.url);
        json!({"id": id, "name": id, "endpoint": endpoint, "active": true, "openrtb_version": version})
    };
    let partners = json!([partner("old", &old, "2.5"), partner("new", &new, "2.6")]);
    let more = [
        ("data_dir", data.0.to_str().unwrap()),
        ("auction_records.one_in", "1"),
    ];
    let rig = Rig::over(&partners, &more).await;
    let request = r#"{"id":7,"tmax":"1000","test":null,"own":1,"own":{"x":null},"site":{"keywords":"a","kwarray":"a"},"device":{"language":"de","langb":"de-AT","ext":{"sua":{"mobile":"1"}}},
        "imp":[7,{"id":"0"},{"id":1,"bidfloor":"0.5","secure":true,"exp":"soon","banner":{"w":300.0,"h":"250"},"pmp":{"deals":[{"at":1},{"id":5}]}}]}"#;
    let answer = rig.auction(request).await.expect_status(200);
    let again = data.again(&answer).await;
    assert_eq!(again.differences, []);
    assert_eq!(again.recorded.outcome.bids.len(), 2);
    assert!(new.last_asked().body.contains(r#""w":300,"h":250"#), "C-26");
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
    assert_eq!(fates[1], "lost to a higher bid of 2.75 USD");
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
        assert!(matches!(found, Err(FindError::Unknown { .. })), "{says}");
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
        ("an answer's price", &auctions, r#""price":2.75"#, r#""price":1.05"#,
            &["/digest", "/outcome/bids/0/lost", "/outcome/winners/0"]),
        ("the request's floor", &auctions, r#""bidfloor":0.5"#, r#""bidfloor":2.0"#,
            &["/digest", "/outcome/bids/1/floor", "/outcome/bodies/0"]),
        ("who won", &auctions, r#""winners":[0]"#, r#""winners":[1]"#, &["/outcome/winners/0"]),
        ("what was paid", &auctions, r#""clearing":2750000"#, r#""clearing":2740000"#, &["/outcome/bids/0/won/clearing"]),
        ("why it lost", &auctions, r#""reason":"outbid""#, r#""reason":"inboud""#, &["/outcome/bids/1/lost/reason"]),
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

#[tokio::test]
async fn what_is_paid_and_how_a_break_was_filled_is_recorded_shown_and_settled_again() {
    let data = Data::of("records-paid");
    let (request, response) = testkit::fixtures::openrtb(9);
    let mut request: Value = serde_json::from_str(&request).unwrap();
    let id = request["id"].to_string();
    let dsp = Dsp::start(move |body| {
        let asked: Value = serde_json::from_str(body).unwrap();
        Some(response.replacen(&id, &asked["id"].to_string(), 1))
    });
    let partners = json!([{"id": "alpha", "name": "alpha", "endpoint": format!("{}/bid", dsp.server.url), "active": true}]);
    let publishers = json!([{
        "id": "tv", "name": "TV", "domain": "tv.example", "fee": 100_000, "currency": "EUR",
        "discounts": [{"partner": "alpha", "share": 250_000}],
        "account": {"keys": [{"id": "k", "digest": KeyDigest::of("k1"), "made_at": 0}]},
    }]);
    let told = [("data_dir", data.0.to_str().unwrap())];
    let rig = Rig::selling(&publishers, &partners, &told).await;
    request["source"]["fd"] = json!(1);
    let key = [("x-gavel-key", "k1")];
    let answer = rig.auction_with(&request.to_string(), &key).await;
    let answer = answer.expect_status(200);
    let again = data.again(&answer).await;
    assert_eq!(again.differences, []);
    let outcome = &again.recorded.outcome;
    assert_eq!(
        (outcome.rates, outcome.is_test, outcome.is_provisional),
        (3, false, true)
    );
    let [pod] = &outcome.pods[..] else {
        panic!("{:?}", outcome.pods);
    };
    assert!(pod.exact && pod.ads.len() == 3 && pod.steps > 0, "{pod:?}");

    // X-78: a quarter off; C-150: a tenth of the rest is ours, in the seller's currency.
    let won: Vec<_> = outcome
        .bids
        .iter()
        .filter_map(|it| it.won.as_ref())
        .collect();
    let slots: Vec<_> = won.iter().map(|it| it.slot).collect();
    assert_eq!(slots, [Some(1), Some(2), Some(3)], "C-101");
    let first = won[0];
    assert_eq!(
        (first.clearing.to_string(), first.price.to_string()),
        ("31".into(), "23.25".into())
    );
    assert_eq!(
        first.discount_share.map(|it| it.millionths()),
        Some(250_000)
    );
    let paid = first.payout.unwrap();
    let (gross, fee) = (23_250_000 * 92 / 100, 2_325_000 * 92 / 100);
    assert_eq!(
        (paid.gross.0, paid.fee.0, paid.currency.as_str()),
        (gross, fee, "EUR")
    );

    // The same for people.
    let document = rig.record(&answer).await;
    assert_eq!(
        (&document["rates_version"], &document["provisional"]),
        (&json!(3), &json!(true))
    );
    assert_eq!(document["catalog_version"], 1, "{document:#}");
    assert_eq!(
        document["pods"],
        json!([{"ads": 3, "steps": pod.steps, "exact": true}])
    );
    let bid = &document["bids"][0];
    assert_eq!(
        bid["fate"],
        "won at 23.25 USD, the seller took off 7.75, place 1 of its break"
    );
    assert_eq!((&bid["tier"], &bid["slot"]), (&json!("open"), &json!(1)));
    assert_eq!(bid["discount"], json!({"percent": 25, "amount": 7.75}));
    let payout = json!({"gross": 0.02139, "fee": 0.002139, "net": 0.019251, "currency": "EUR"});
    assert_eq!(bid["payout"], payout);

    // And each of it is compared.
    let file = data.only_file("auctions");
    let fee_text = format!("\"fee\":{fee}");
    let steps = format!("\"steps\":{}", pod.steps);
    #[rustfmt::skip]
    let cases = [
        ("the fee", &*fee_text, "\"fee\":2139001", "/outcome/bids/0/won/payout/fee"),
        ("a slot", "\"slot\":2", "\"slot\":4", "/outcome/bids/1/won/slot"),
        ("the discount", "\"discount_share\":250000", "\"discount_share\":250001", "/outcome/bids/0/won/discount_share"),
        ("who decides", "\"is_test\":false,\"is_provisional\":true", "\"is_test\":true,\"is_provisional\":false", "/outcome/is_provisional"),
        ("the rates", "\"rates\":3,\"is_test\"", "\"rates\":4,\"is_test\"", "/outcome/rates"),
        ("the work", &*steps, &*format!("\"steps\":{}", pod.steps - 1), "/outcome/pods/0/steps"),
        ("the seller's terms", "\"fee\":100000", "\"fee\":200000", "/outcome/bids/0/won/payout/fee"),
    ];
    for (says, that, this, pointer) in cases {
        let told = altered(&data, &file, auction(&answer), that, this);
        assert!(told.iter().any(|it| it == pointer), "{says}: {told:?}");
    }
}

#[tokio::test]
async fn x_93_a_forfeit_is_recorded_and_settled_again() {
    let data = Data::of("records-forfeit");
    let dsp = Dsp::bidding(
        r#""price":2,"w":300,"h":250,"crid":"c","adomain":["shop.example"],"nurl":"{SELF}/serve""#,
    );
    let partners = [("alpha", format!("{}/bid", dsp.server.url))];
    let rig = Rig::configured(&partners, &[("data_dir", data.0.to_str().unwrap())]).await;
    rig.place("top");
    let unsold = rig.ad("top").await.expect_status(204);
    let again = data.again(&unsold).await;
    assert_eq!(again.differences, []);
    let outcome = &again.recorded.outcome;
    assert_eq!(outcome.winners, [0], "the auction it won");
    let won = outcome.bids[0].won.as_ref().unwrap();
    assert_eq!(
        (won.forfeit.as_deref(), won.payout),
        (Some("forfeit"), None)
    );
    let file = data.only_file("auctions");
    let (that, this) = (r#""reason":"forfeit"}"#, r#""reason":"forfeid"}"#);
    let told = altered(&data, &file, auction(&unsold), that, this);
    let pointer = "/outcome/bids/0/won/forfeit";
    assert!(told.iter().any(|it| it == pointer), "{told:?}");
}

#[test]
fn a_record_of_format_1_is_settled_again() {
    // As the exchange wrote it before bodies stood behind their records.
    let older = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/older");
    let id = AuctionId::parse("01a0c450-6c00-7000-8000-000000000000").unwrap();
    let again = again(&older, id).unwrap();
    assert_eq!(again.differences, []);
    assert!(again.recorded.is_older);
    let outcome = &again.recorded.outcome;
    assert_eq!((outcome.asked.len(), outcome.winners.len()), (5, 1));
    let won = outcome.bids.iter().find_map(|it| it.won.as_ref()).unwrap();
    assert_eq!(won.payout, None, "what it did not say is not made up");
}
