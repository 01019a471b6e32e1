//! Rules of the checklist about HTTP that the exchange keeps on both of its sides.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod market;

use exchange::{BID, Dsp, Rig, banner};

/// One call of an SSP.
struct Row {
    item: &'static str,
    says: &'static str,
    headers: &'static [(&'static str, &'static str)],
    /// The body, but for `@`: a good request.
    body: &'static str,
    status: u16,
    /// Of the answer, where it is 200: the version that it is written in.
    version: Option<&'static str>,
}

#[tokio::test]
async fn statuses_and_versions() {
    let dsp = Dsp::start(|body| {
        let asked: serde_json::Value = serde_json::from_str(body).unwrap();
        let is_wanted = body.contains("\"w\":300");
        let bid = format!(r#"{{"id":"b1","impid":"1",{BID}}}"#);
        is_wanted.then(|| format!(r#"{{"id":{},"seatbid":[{{"bid":[{bid}]}}]}}"#, asked["id"]))
    });
    let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
    const VERSION: &str = "x-openrtb-version";
    const NOBODY: &str = r#"{"id":"r","imp":[{"id":"1","banner":{"w":1,"h":1}}]}"#;
    #[rustfmt::skip]
    let rows = [
        Row { item: "C-3", says: "200 with a body", headers: &[], body: "@", status: 200, version: Some("2.6") },
        Row { item: "C-3", says: "204 for a valid call that returns nothing", headers: &[], body: NOBODY, status: 204, version: None },
        Row { item: "C-3", says: "400 for what is malformed, never 204", headers: &[], body: "{", status: 400, version: None },
        Row { item: "C-3", says: "400 for what is no request", headers: &[], body: "{}", status: 400, version: None },
        Row { item: "C-8", says: "answered in the version of the request", headers: &[(VERSION, "2.5")], body: "@", status: 200, version: Some("2.5") },
        Row { item: "C-8", says: "and in 2.6", headers: &[(VERSION, "2.6")], body: "@", status: 200, version: Some("2.6") },
        Row { item: "C-173", says: "a month is no version of its own", headers: &[(VERSION, "2.6-202606")], body: "@", status: 200, version: Some("2.6") },
    ];
    for row in rows {
        let Row { item, says, .. } = row;
        let body = if row.body == "@" {
            banner("")
        } else {
            row.body.to_owned()
        };
        let answer = rig.auction_with(&body, row.headers).await;
        assert_eq!(answer.status, row.status, "{item} {says}: {answer}");
        assert_eq!(answer.body.is_empty(), row.status == 204, "{item} {says}");
        if row.status == 400 {
            let kind = answer.header("content-type");
            assert_eq!(kind, Some("application/problem+json"), "{item} {says}");
        }
        if row.version.is_some() {
            assert_eq!(answer.header(VERSION), row.version, "{item} {says}");
        }
    }
    // What partners are told, whatever the SSP spoke.
    assert_eq!(dsp.last_asked().header(VERSION), "2.6", "C-8, C-173");
}

#[tokio::test]
async fn c_10_notices_over_plain_http_are_called() {
    let dsp = Dsp::bidding(BID);
    assert!(dsp.server.url.starts_with("http://"));
    let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
    let browser = [("origin", "https://paper.example")];
    let answer = rig.auction_with(&banner(""), &browser).await;
    assert_eq!(answer.status, 200, "{answer}");
    let told = dsp.wait_told("/win").await;
    assert!(told.contains("p=1.5"), "C-10: {told}");
}
