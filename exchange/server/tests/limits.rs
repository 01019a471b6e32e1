//! What is believed of a message is bounded by the configuration, on both sides (R37).

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod market;

use exchange::{Dsp, Rig};
use serde_json::Value;

const REQUEST: &str = r#"{"id":"r","tmax":1000,"site":{"id":"seventeen letters"},"imp":[{"id":"1","banner":{"w":300,"h":250}},{"id":"2","banner":{"w":300,"h":250}}]}"#;

/// Bids on both imps, with an `ext` four levels deep.
fn dsp() -> Dsp {
    Dsp::start(|body| {
        let request: Value = serde_json::from_str(body).unwrap();
        let bid = |imp: u32| {
            format!(
                r#"{{"id":"b{imp}","impid":"{imp}","price":2,"adm":"<b>an ad of thirty-one letters</b>","crid":"c","w":300,"h":250}}"#
            )
        };
        Some(format!(
            r#"{{"id":{},"seatbid":[{{"bid":[{}]}},{{"bid":[{}]}}],"ext":{{"a":{{"b":{{"c":{{}}}}}}}}}}"#,
            request["id"],
            bid(1),
            bid(2)
        ))
    })
}

#[tokio::test]
async fn messages_are_bounded_by_the_configuration() {
    let dsp = dsp();
    let partners = [("dsp", format!("{}/bid", dsp.server.url))];
    #[rustfmt::skip]
    let cases = [
        ("what the defaults let pass", "response.bids", "2", 200, "bid"),
        ("one bid fewer", "response.bids", "1", 204, "error"),
        ("a shorter string", "response.string", "30", 204, "error"),
        ("fewer values", "response.values", "20", 204, "error"),
        ("less deep", "response.depth", "4", 204, "error"),
        ("an ext less deep", "response.ext_depth", "3", 204, "error"),
        ("one imp fewer", "request.imps", "1", 400, ""),
        ("a shorter string", "request.string", "16", 400, ""),
        ("fewer values", "request.values", "10", 400, ""),
        ("less deep", "request.depth", "3", 400, ""),
    ];
    for (item, key, value, status, fate) in cases {
        let rig = Rig::configured(&partners, &[(key, value)]).await;
        let answer = rig.auction(REQUEST).await;
        assert_eq!(answer.status, status, "{item}: {}", answer.text());
        if status != 400 {
            let record = rig.record(&answer).await;
            assert_eq!(record["dsps"][0]["status"], fate, "{item}: {record}");
        }
    }
}
