//! What the exchange turns away, for whom, and in which form (R22, R24): before a body is parsed.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod market;

use std::time::Duration;

use contracts::access::KeyDigest;
use exchange::{BID, Dsp, Rig, banner};
use serde_json::{Value, json};
use testkit::http::{Answer, get};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
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
    let request = banner("");
    let auctions = (0..many).map(|_| async {
        let answer = rig.auction_with(&request, headers).await;
        if reason(&answer).is_some() {
            let _ = shed.send(answer).await;
        }
    });
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
    let rig = Rig::over(&slow(&dsp), &[("limits.max_in_flight", "10")]).await;
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
        // R24: a place is kept for notices; this one is looked at, and refused for what it is.
        let notice = get(&rig.url("/notice/bill?t=x")).await;
        assert_eq!(notice.status, 401, "{notice}");
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
async fn r_22_what_can_no_longer_be_answered_in_time_is_not_auctioned() {
    let dsp = Dsp::bidding(BID);
    let rig = Rig::start(&[("dsp", format!("{}/bid", dsp.server.url))]).await;
    let request = banner("").replace("\"tmax\":1000", "\"tmax\":100");
    let host = rig.rtb.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "POST /openrtb2/auction HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        request.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // It has come in: its time runs.
    let mut invited = [0; 25];
    let _ = stream.read_exact(&mut invited).await.unwrap();
    assert_eq!(&invited, b"HTTP/1.1 100 Continue\r\n\r\n");
    tokio::time::sleep(Duration::from_millis(101)).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert_eq!(dsp.times_asked(), 0);
}

#[tokio::test]
async fn r_24_what_one_account_has_in_work_costs_no_other_a_place() {
    let dsp = Dsp::bidding(BID);
    let ssp = |id: &str, in_flight: u32| {
        json!({"id": id, "name": id, "domain": "ssp.example", "fee": 0, "account": {
            "in_flight": in_flight, "keys": [{"id": "k", "digest": KeyDigest::of(id), "made_at": 0}],
        }})
    };
    let publishers = json!([ssp("greedy", 2), ssp("modest", 0)]);
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
