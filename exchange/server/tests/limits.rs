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

#[tokio::test]
async fn ids_and_quantities_that_no_row_could_hold_are_refused() {
    let dsp = dsp();
    let rig = Rig::start(&[("dsp", format!("{}/bid", dsp.server.url))]).await;
    let (long, most) = ("x".repeat(513), "x".repeat(512));
    let with_id = |id: &str| REQUEST.replacen(r#""id":"r""#, &format!(r#""id":"{id}""#), 1);
    let with_imp = |id: &str| REQUEST.replacen(r#""id":"2""#, &format!(r#""id":"{id}""#), 1);
    let seen_by = |quantity: &str| {
        let imp = format!(r#""id":"1","qty":{{"multiplier":{quantity}}}"#);
        let request = REQUEST.replacen(r#""id":"1""#, &imp, 1);
        request.replacen("\"site\"", "\"dooh\"", 1)
    };
    #[rustfmt::skip]
    let cases = [
        ("R37 as long as may be", with_id(&most), 200, ""),
        ("R37 the request's id", with_id(&long), 400, "/id"),
        ("R37 an imp's id as long as may be", with_imp(&most), 200, ""),
        ("R37 an imp's id", with_imp(&long), 400, "/imp/1/id"),
        ("C-150 as many as are believed", seen_by("1000"), 200, ""),
        ("C-150 more", seen_by("9200000000000"), 400, "/imp/0/qty/multiplier"),
        ("C-150 on a page it says nothing", seen_by("9200000000000").replacen("dooh", "site", 1), 200, ""),
    ];
    for (item, request, status, pointer) in cases {
        let answer = rig.auction(&request).await.expect_status(status);
        if status == 400 {
            assert_eq!(answer.json()["pointer"], pointer, "{item}");
        }
    }
    let last = dsp.last_asked().body;
    assert!(
        !last.contains("qty"),
        "C-150: nobody is told one that does not count: {last}"
    );
}
