//! What the exchange turns away, for whom, and in which form (R22, R24): before a body is parsed.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod market;

use std::time::Duration;

use contracts::access::KeyDigest;
use exchange::{BID, Dsp, Rig, banner};
use serde_json::{Value, json};
use testkit::http::{Answer, get, post_late};
use tokio::sync::mpsc;

const NOT_JSON: &str = "this is no JSON";

fn slow(dsp: &Dsp) -> Value {
    json!([{"id": "slow", "name": "slow", "endpoint": format!("{}/slow", dsp.server.url), "active": true}])
}

fn reason(answer: &Answer) -> Option<&str> {
    answer.header("x-shed-reason")
}

/// Fills the exchange with auctions until one is turned away; `then` runs while the others are in work.
async fn while_full<T>(
    rig: &Rig,
    many: usize,
    headers: &[(&str, &str)],
    then: impl AsyncFnOnce(Answer) -> T,
) -> T {
    let (shed, mut heard) = mpsc::channel(many);
    let request = &banner("");
    let auction = |shed: mpsc::Sender<Answer>| async move {
        let answer = rig.auction_with(request, headers).await;
        if reason(&answer).is_some() {
            let _ = shed.send(answer).await;
        }
    };
    // When all have ended nobody is left who could be turned away.
    let auctions = vec![shed; many].into_iter().map(auction);
    let full = async {
        let first = heard.recv().await.expect("one of them was turned away");
        then(first).await
    };
    let (_, done) = tokio::join!(futures_util::future::join_all(auctions), full);
    done
}

#[tokio::test]
async fn r_22_what_is_too_much_gets_204_before_it_is_parsed_and_notices_are_taken() {
    let dsp = Dsp::bidding(BID);
    let partner = |path: &str| json!({"id": path, "name": path, "endpoint": format!("{}/{path}", dsp.server.url), "active": true});
    let partners = json!([partner("slow"), partner("bid")]);
    let rig = Rig::over(&partners, &[("limits.max_in_flight", "10")]).await;
    let won = rig.auction(&banner("")).await.expect_status(200).json();
    let burl = won["seatbid"][0]["bid"][0]["burl"].as_str().unwrap();
    while_full(&rig, 12, &[], async |shed| {
        assert_eq!((shed.status, reason(&shed)), (204, Some("in_flight")));
        assert!(shed.body.is_empty() && shed.header("x-gavel-auction-id").is_some());
        let parsed = rig.auction(NOT_JSON).await;
        assert_eq!(
            (parsed.status, reason(&parsed)),
            (204, Some("in_flight")),
            "not parsed"
        );
        let origin = [("origin", "https://paper.example")];
        let page = rig.auction_with(NOT_JSON, &origin).await;
        assert_eq!(
            page.header("access-control-allow-origin"),
            Some("https://paper.example")
        );
        // R24: a place is kept for notices, and health needs none.
        let billed = get(burl).await.expect_status(200);
        assert_eq!(billed.json()["status"], "accepted");
        let _ = get(&rig.url("/livez")).await.expect_status(200);
    })
    .await;
    let parsed = rig.auction(NOT_JSON).await;
    assert_eq!(parsed.status, 400, "there is room again");
    let metrics = get(&rig.url("/metrics")).await.text();
    let shed = metrics
        .lines()
        .find(|line| line.starts_with("gavel_shed_total{reason=\"in_flight\"}"))
        .and_then(|line| line.rsplit(' ').next()?.parse::<u32>().ok());
    assert!(shed >= Some(4), "{shed:?}");
}

#[tokio::test]
async fn r_22_or_503_where_that_is_configured() {
    let dsp = Dsp::bidding(BID);
    let more = [("limits.max_in_flight", "1"), ("limits.shed_status", "503")];
    let rig = Rig::over(&slow(&dsp), &more).await;
    while_full(&rig, 2, &[], async |shed| {
        assert_eq!((shed.status, reason(&shed)), (503, Some("in_flight")));
        assert_eq!(shed.header("retry-after"), Some("1"));
        assert!(shed.body.is_empty() && shed.header("x-gavel-auction-id").is_some());
    })
    .await;
}

#[tokio::test]
async fn r_22_what_can_no_longer_be_answered_in_time_is_shed_and_not_auctioned() {
    const BROWSER: &[(&str, &str)] = &[("origin", "https://paper.example")];
    const SHED: &str = "x-shed-reason: deadline\r\n";
    const RETRY: &str = "retry-after: 1\r\n";
    const ID: &str = "x-gavel-auction-id: ";
    const NO_BID: &str = r#"{"id":"req-1","nbr":15}"#;
    // says, limits.shed_status, tmax, header, status, what of these stands in the answer, the body
    #[rustfmt::skip]
    let cases = [
        ("R22 by default a no-bid", "204", 100, &[][..], 204, &[SHED, ID][..], ""),
        ("a browser is told as of every no-bid", "204", 100, BROWSER, 200, &[SHED, ID], NO_BID),
        ("R22 where that is configured", "503", 100, &[], 503, &[SHED, ID, RETRY], ""),
        ("and to a browser, too", "503", 100, BROWSER, 503, &[SHED, ID, RETRY], ""),
        ("B-31 a time that never was enough is a no-bid", "503", 9, &[], 204, &[ID], ""),
        ("B-31 with its reason where bodies are read", "503", 9, BROWSER, 200, &[ID], NO_BID),
    ];
    for (says, form, tmax, header, status, stands, body) in cases {
        let dsp = Dsp::bidding(BID);
        let partners = [("dsp", format!("{}/bid", dsp.server.url))];
        let rig = Rig::configured(&partners, &[("limits.shed_status", form)]).await;
        let request = banner("").replace("\"tmax\":1000", &format!("\"tmax\":{tmax}"));
        // When it is whole its time is over.
        let late = Duration::from_millis(tmax + 1);
        let answer = post_late(&rig.url("/openrtb2/auction"), header, &request, late).await;
        assert_eq!(answer[9..12].parse(), Ok(status), "{says}: {answer}");
        for field in [SHED, RETRY, ID] {
            assert_eq!(
                answer.contains(field),
                stands.contains(&field),
                "{says}: {answer}"
            );
        }
        assert_eq!(answer.split_once("\r\n\r\n").unwrap().1, body, "{says}");
        assert_eq!(dsp.times_asked(), 0, "{says}");

        let shed = u64::from(stands.contains(&SHED));
        let metrics = get(&rig.url("/metrics")).await.text();
        let counted = format!("gavel_shed_total{{reason=\"deadline\"}} {shed}");
        assert!(metrics.contains(&counted), "{says}: {metrics}");
        let stats = get(&rig.url("/stats")).await.json();
        assert_eq!(
            (&stats["shed"], &stats["no_bid"]),
            (&json!(shed), &json!(1 - shed)),
            "{says}"
        );
        let id = answer
            .lines()
            .find_map(|line| line.strip_prefix(ID))
            .unwrap();
        let record = rig.record_of(id).await;
        let want = if shed == 1 {
            ("shed", "deadline")
        } else {
            ("no_bid", "insufficient auction time")
        };
        assert_eq!(
            (&record["outcome"], &record["reason"]),
            (&json!(want.0), &json!(want.1)),
            "{says}"
        );
    }
}

/// An SSP that may ask so much; its key is its id.
fn ssp(id: &str, qps: u32, in_flight: u32) -> Value {
    json!({"id": id, "name": id, "domain": "ssp.example", "fee": 0, "account": {
        "qps": qps, "in_flight": in_flight, "keys": [{"id": "k", "digest": KeyDigest::of(id), "made_at": 0}],
    }})
}

#[tokio::test]
async fn r_24_who_asks_ten_times_its_quota_loses_what_is_beyond_it_and_no_other_anything() {
    let dsp = Dsp::bidding(BID);
    let partners = json!([{"id": "dsp", "name": "dsp", "endpoint": format!("{}/bid", dsp.server.url), "active": true}]);
    let publishers = json!([ssp("greedy", 10, 0), ssp("modest", 0, 0)]);
    let rig = Rig::selling(&publishers, &partners, &[]).await;
    let request = banner("");
    let asks = async |key: &str| {
        let answer = rig.auction_with(&request, &[("x-gavel-key", key)]).await;
        (
            answer.status,
            answer.header("x-shed-reason").map(str::to_owned),
        )
    };
    let (mut held, mut shed) = (0, 0);
    // As many beyond the quota as are ten times of it, however long that takes.
    while shed < 90 {
        let (ten, modest) = tokio::join!(
            futures_util::future::join_all((0..10).map(|_| asks("greedy"))),
            asks("modest")
        );
        assert_eq!(
            modest,
            (200, None),
            "it is sold as if the other were not there"
        );
        for answer in ten {
            match answer {
                (200, None) => held += 1,
                (204, Some(reason)) => {
                    assert_eq!(reason, "quota");
                    shed += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(held < 1_000, "it is held to its quota");
    }
    assert!(held >= 10, "its quota it gets");
}

#[tokio::test]
async fn r_24_what_one_account_has_in_work_costs_no_other_a_place() {
    let dsp = Dsp::bidding(BID);
    let publishers = json!([ssp("greedy", 0, 2), ssp("modest", 0, 0)]);
    let rig = Rig::selling(&publishers, &slow(&dsp), &[]).await;
    while_full(&rig, 4, &[("x-gavel-key", "greedy")], async |shed| {
        assert_eq!(
            (shed.status, reason(&shed)),
            (204, Some("source_in_flight"))
        );
        let other = rig
            .auction_with(NOT_JSON, &[("x-gavel-key", "modest")])
            .await;
        assert_eq!(other.status, 400, "it was read");
    })
    .await;
    let again = rig
        .auction_with(NOT_JSON, &[("x-gavel-key", "greedy")])
        .await;
    assert_eq!(again.status, 400, "its places came back");
}
