//! Breaks of several ads: each ad that won is billed, paid and told of by itself (X-12, X-20, X-90).

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod market;

use std::collections::BTreeSet;

use contracts::event::{DELIVERY_STREAM, DeliveryEvent, DeliveryFact};
use eventlog::{EventLog, START, Timeouts};
use exchange::{Dsp, Rig};
use market::PATIENCE;
use serde_json::Value;
use testkit::http::get;
use testkit::poll_until;
use units::Nanos;

const BREAK: &str = r#"{"id":"req-1","at":1,"tmax":1000,"imp":[{"id":"1","bidfloor":0.5,"video":{"mimes":["video/mp4"],"protocols":[2,3],"poddur":60,"maxseq":3,"minduration":5,"maxduration":30}}]}"#;

/// A DSP with one ad of 15 seconds for each of these ids and prices, and all three notices.
fn of_a_break(ads: &'static [(&'static str, &'static str)]) -> Dsp {
    Dsp::start(move |body| {
        let request: Value = serde_json::from_str(body).unwrap();
        let vast = r#"<VAST version=\"3.0\"><Ad><InLine><Duration>00:00:15</Duration></InLine></Ad></VAST>"#;
        let bids: Vec<String> = ads
            .iter()
            .map(|(id, price)| {
                format!(
                    r#"{{"id":"{id}","impid":"1","price":{price},"crid":"{id}","adomain":["{id}.example"],"dur":15,"adm":"{vast}","nurl":"{{SELF}}/win?{id}","burl":"{{SELF}}/bill?{id}","lurl":"{{SELF}}/loss?{id}"}}"#
                )
            })
            .collect();
        let id = &request["id"];
        Some(format!(
            r#"{{"id":{id},"seatbid":[{{"bid":[{}]}}]}}"#,
            bids.join(",")
        ))
    })
}

/// The notices of this kind that a DSP was told, each with how often.
fn told(dsp: &Dsp, kind: &str) -> Vec<String> {
    let mut told: Vec<String> = dsp
        .told()
        .into_iter()
        .filter(|notice| notice.starts_with(kind))
        .collect();
    told.sort();
    told
}

#[tokio::test]
async fn each_ad_of_a_break_is_billed_paid_and_told_of_once() {
    let first = of_a_break(&[("a1", "9"), ("a2", "7")]);
    let second = of_a_break(&[("b1", "5")]);
    let rig = Rig::start(&[
        ("first", format!("{}/bid", first.server.url)),
        ("second", format!("{}/bid", second.server.url)),
    ])
    .await;
    let answer = rig.auction(BREAK).await.expect_status(200).json();
    let bids: Vec<Value> = answer["seatbid"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|seat| seat["bid"].as_array().unwrap().clone())
        .collect();
    assert_eq!(bids.len(), 3, "X-20: A, A and B: {answer}");
    // A loss that is told after billing is told to nobody.
    for name in ["nurl", "lurl", "burl"] {
        for repetition in ["accepted", "duplicate"] {
            for bid in &bids {
                let url = bid[name].as_str().unwrap();
                let said = get(url).await.expect_status(200).json();
                assert_eq!(said["status"], repetition, "{name} of {}", bid["id"]);
            }
        }
    }
    for (kind, of_first, of_second) in [
        ("/win", ["/win?a1", "/win?a2"], "/win?b1"),
        ("/bill", ["/bill?a1", "/bill?a2"], "/bill?b1"),
        ("/loss", ["/loss?a1", "/loss?a2"], "/loss?b1"),
    ] {
        poll_until(PATIENCE, async || {
            (told(&first, kind).len() >= 2 && told(&second, kind).len() == 1).then_some(())
        })
        .await;
        assert_eq!(told(&first, kind), of_first);
        assert_eq!(told(&second, kind), [of_second]);
    }
    let log = EventLog::connect(&rig.events_url, Timeouts::default()).unwrap();
    let entries = log.read_after(DELIVERY_STREAM, START, 100).await.unwrap();
    let events = entries.iter().map(|entry| {
        let event: DeliveryEvent = serde_json::from_slice(&entry.payload).unwrap();
        event
    });
    let deliveries: Vec<DeliveryEvent> = events
        .filter(|event| event.fact == DeliveryFact::Happened)
        .collect();
    assert_eq!(deliveries.len(), 3);
    let gross: Nanos = deliveries.iter().map(|event| event.claims.gross).sum();
    assert_eq!(
        gross,
        Nanos(21_000_000),
        "9, 7 and 5 per mille, of each one"
    );
    let ads: BTreeSet<u32> = deliveries.iter().map(|event| event.claims.ad).collect();
    assert_eq!(ads, BTreeSet::from([0, 1, 2]));
    assert!(deliveries.iter().all(|event| event.claims.imp == "1"));
}

#[tokio::test]
async fn what_is_told_of_one_ad_is_in_its_fate_alone() {
    let dsp = of_a_break(&[("a1", "9"), ("a2", "7"), ("a3", "5")]);
    let rig = Rig::start(&[("first", format!("{}/bid", dsp.server.url))]).await;
    let answer = rig.auction(BREAK).await.expect_status(200);
    let json = answer.json();
    let bids = json["seatbid"].as_array().unwrap().iter();
    let bids: Vec<&Value> = bids
        .flat_map(|seat| seat["bid"].as_array().unwrap())
        .collect();
    for (id, name) in [("a2", "lurl"), ("a3", "burl")] {
        let bid = bids.iter().find(|bid| bid["id"] == id).unwrap();
        let url = bid[name]
            .as_str()
            .unwrap()
            .replace("${AUCTION_LOSS}", "102");
        let _ = get(&url).await.expect_status(200);
    }
    let record = rig.record(&answer).await;
    let fates = record["bids"].as_array().unwrap().iter();
    let fates: Vec<&str> = fates.map(|bid| bid["fate"].as_str().unwrap()).collect();
    let want = [
        "won at 9 USD, place 1 of its break",
        "won at 7 USD, place 2 of its break; the SSP then told its loss (102)",
        "won at 5 USD, place 3 of its break, billed",
    ];
    assert_eq!(fates, want);
    assert_eq!(record["outcome"], "won", "of two ads");
}
