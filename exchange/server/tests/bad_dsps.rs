//! One bad DSP among five costs the others no bid (R28 to R33): faults below HTTP, at its edges, and in
//! what it says.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod market;

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use exchange::faulty::{Fault, Faulty};
use exchange::{BID, Dsp, Rig, banner};
use serde_json::{Value, json};

/// A request that leaves a busy machine its time and a silent DSP little of it.
fn request() -> String {
    banner("").replace("\"tmax\":1000", "\"tmax\":600")
}

/// What became of a DSP in an auction's record.
fn status(record: &Value, dsp: &str) -> String {
    let asked = record["dsps"].as_array().unwrap().iter();
    let found = asked.filter(|of| of["dsp"] == dsp).map(|of| &of["status"]);
    let all: Vec<&str> = found.map(|status| status.as_str().unwrap()).collect();
    assert_eq!(all.len(), 1, "{dsp} in {record}");
    all[0].to_owned()
}

const GOOD: [&str; 4] = ["good-1", "good-2", "good-3", "good-4"];

/// An exchange before four good DSPs and one at this URL, which comes first.
async fn beside(url: String) -> (Rig, Vec<Dsp>) {
    let good = GOOD.map(|_| Dsp::bidding(BID));
    let mut partners = vec![("bad", url)];
    partners.extend(
        GOOD.iter()
            .zip(&good)
            .map(|(id, dsp)| (*id, format!("{}/bid", dsp.server.url))),
    );
    (Rig::start(&partners).await, good.into())
}

/// The four bid and one of them wins, or `bad` does where it bids.
async fn none_is_lost(rig: &Rig, fault: &str) -> Value {
    let answer = rig.auction(&request()).await.expect_status(200);
    assert_eq!(
        answer.json()["seatbid"][0]["bid"][0]["price"],
        json!(1.5),
        "{fault}"
    );
    let record = rig.record(&answer).await;
    for good in GOOD {
        assert_eq!(status(&record, good), "bid", "{fault}");
    }
    record
}

#[tokio::test]
async fn r_28_to_r_32_one_bad_dsp_among_five() {
    let elsewhere = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let elsewhere_at = elsewhere.local_addr().unwrap();
    #[rustfmt::skip]
    let rows = [
        ("R28 half-open", Fault::HalfOpen, "timeout"),
        ("R28 reset", Fault::Reset, "error"),
        ("R29 slow head", Fault::SlowHead, "timeout"),
        ("R32 slow body", Fault::DripFeed, "timeout"),
        ("R30 truncated", Fault::Truncated, "error"),
        ("R30 not HTTP", Fault::NotHttp, "error"),
        ("R31 announced too large", Fault::Announced, "error"),
        ("R31 too large without saying so", Fault::Endless, "error"),
        ("R31 gzip bomb", Fault::Bomb, "error"),
        ("R31 no gzip", Fault::NotGzip, "error"),
        ("R31 unknown encoding", Fault::Brotli, "error"),
        ("5xx", Fault::Broken, "error"),
        ("R22 no polite no-bid", Fault::Sheds, "shed"),
        ("R32 redirect", Fault::Redirect(elsewhere_at), "error"),
    ];
    for (row, fault, expect) in rows {
        let bad = Faulty::start(fault);
        let (rig, _good) = beside(bad.url()).await;
        for _ in 0..5 {
            let record = none_is_lost(&rig, row).await;
            assert_eq!(status(&record, "bad"), expect, "{row}");
            let dsps = record["dsps"].as_array().unwrap();
            let why = dsps.iter().find(|it| it["dsp"] == "bad").unwrap()["error"].as_str();
            assert_eq!(why.is_some(), expect == "error", "{row}: {why:?}");
        }
        // R28: five failures in a row, and it is not asked for a while.
        let calls = bad.accepted();
        let record = none_is_lost(&rig, row).await;
        assert_eq!(status(&record, "bad"), "ejected", "{row}");
        assert_eq!(bad.accepted(), calls, "{row}");
    }
    let followed = elsewhere.accept().map(|_| ());
    let nobody = Err(std::io::ErrorKind::WouldBlock);
    assert_eq!(followed.map_err(|error| error.kind()), nobody, "S8, R32");
}

#[tokio::test]
async fn r_28_a_dead_dsp_costs_nothing() {
    let gone = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    for url in [
        format!("http://{gone}/bid"),
        "http://nowhere.invalid/bid".to_owned(),
    ] {
        let (rig, _good) = beside(url.clone()).await;
        for round in 0..6 {
            let record = none_is_lost(&rig, &url).await;
            let expect = if round < 5 { "error" } else { "ejected" };
            assert_eq!(status(&record, "bad"), expect, "{url}");
        }
    }
}

#[tokio::test]
async fn r_28_a_dsp_whose_network_drops_what_is_sent_is_given_up_before_tmax() {
    // Room for one connection that nobody takes: whoever comes after it is not answered by the kernel either.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(0).unwrap();
    let address = full.local_addr().unwrap();
    let mut crowd = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, SYN_ANSWERED) {
        crowd.push(stream);
        assert!(crowd.len() < 100, "nobody fills the queue");
    }
    let (rig, _good) = beside(format!("http://{address}/bid")).await;
    for round in 0..6 {
        let record = none_is_lost(&rig, "SYN dropped").await;
        // No timeout: connecting has a time of its own, which is over long before.
        let expect = if round < 5 { "error" } else { "ejected" };
        assert_eq!(status(&record, "bad"), expect);
    }
}

/// A kernel that has room answers at once.
const SYN_ANSWERED: std::time::Duration = std::time::Duration::from_millis(500);

#[tokio::test]
async fn r_32_r_33_connections_that_end_are_replaced_and_none_leaks() {
    let rows = [
        ("R32 each with Connection: close", Fault::ClosesEach),
        ("R33 closed while idle", Fault::ClosesSilently),
    ];
    for (row, fault) in rows {
        let bad = Faulty::start(fault);
        let (rig, _good) = beside(bad.url()).await;
        for _ in 0..20 {
            let record = none_is_lost(&rig, row).await;
            assert_eq!(status(&record, "bad"), "bid", "{row}");
        }
        assert!(bad.accepted() >= 20, "{row}");
        assert!(bad.open() <= 2, "{row}: {} open", bad.open());
    }
}

#[tokio::test]
async fn r_30_garbage_loses_alone() {
    // What it answers to the next auction; else a polite no-bid, so often that it stays asked.
    let says = Arc::new(Mutex::new(None::<String>));
    let script = Arc::clone(&says);
    let odd = Dsp::start(move |request| {
        let asked: Value = serde_json::from_str(request).unwrap();
        let id = asked["id"].as_str().unwrap();
        let said = script.lock().unwrap().take()?;
        Some(said.replace("{ID}", id))
    });
    let (rig, _good) = beside(format!("{}/bid", odd.server.url)).await;
    let long = "x".repeat(2 << 20);
    let many: Vec<String> = (0..10_000)
        .map(|n| format!(r#"{{"id":"{n}","impid":"1","price":9}}"#))
        .collect();
    let whole =
        |bids: &str| format!(r#"{{"id":"{{ID}}","cur":"USD","seatbid":[{{"bid":[{bids}]}}]}}"#);
    let bid = |members: &str| {
        whole(&format!(
            r#"{{"id":"x","impid":"1","crid":"c","adomain":["a.example"],"w":300,"h":250,"adm":"<b>x</b>",{members}}}"#
        ))
    };
    let cheap = r#""price":9"#;
    // No bid of it wins, whatever is wrong.
    #[rustfmt::skip]
    let rows: Vec<(&str, String)> = vec![
        ("HTML", "<html><body>busy</body></html>".into()),
        ("text", "OK".into()),
        ("blank", "   ".into()),
        ("null", "null".into()),
        ("a number", "7".into()),
        ("a string", "\"bid\"".into()),
        ("an array", "[]".into()),
        ("an empty object", "{}".into()),
        ("truncated", r#"{"id":"{ID}","seatbid":[{"bid":[{"id":"x""#.into()),
        ("trailing bytes", format!("{} x", bid(cheap))),
        ("two documents", format!("{0}{0}", bid(cheap))),
        ("a byte order mark", format!("\u{feff}{}", "{}")),
        ("deep", "[".repeat(20_000)),
        ("deep in ext", format!(r#"{{"id":"{{ID}}","ext":{}}}"#, "[".repeat(5_000))),
        ("single quotes", "{'id':'1'}".into()),
        ("a comment", "/* */ {}".into()),
        ("no id", r#"{"seatbid":[{"bid":[{"id":"x","impid":"1","price":9}]}]}"#.into()),
        ("another request's id", bid(cheap).replace("{ID}", "other")),
        ("an id of the wrong type", bid(cheap).replace("\"{ID}\"", "{\"a\":1}")),
        ("seatbid no array", r#"{"id":"{ID}","seatbid":7}"#.into()),
        ("seatbid of null", r#"{"id":"{ID}","seatbid":[null]}"#.into()),
        ("bid no array", r#"{"id":"{ID}","seatbid":[{"bid":"x"}]}"#.into()),
        ("bids of null", r#"{"id":"{ID}","seatbid":[{"bid":[null,1,"x"]}]}"#.into()),
        ("no bids", r#"{"id":"{ID}","seatbid":[{"bid":[]}]}"#.into()),
        ("an unknown imp", bid(cheap).replace("\"impid\":\"1\"", "\"impid\":\"77\"")),
        ("no imp", bid(cheap).replace("\"impid\":\"1\",", "")),
        ("no bid id", bid(cheap).replace("\"id\":\"x\",", "")),
        ("no price", bid(r#""exp":1"#)),
        ("a negative price", bid(r#""price":-1"#)),
        ("zero", bid(r#""price":0"#)),
        ("an infinite price", bid(r#""price":1e309"#)),
        ("a price beyond belief", bid(r#""price":1000001"#)),
        ("NaN", bid(r#""price":NaN"#)),
        ("Infinity", bid(r#""price":Infinity"#)),
        ("a price of letters", bid(r#""price":"much""#)),
        ("a price that is an object", bid(r#""price":{"a":1}"#)),
        ("two prices", bid(r#""price":1,"price":99"#)),
        ("below the floor", bid(r#""price":0.49"#)),
        ("a wrong currency", bid(cheap).replace("USD", "EUR")),
        ("no currency at all", bid(cheap).replace("USD", "XXX")),
        ("a currency of the wrong type", bid(cheap).replace("\"USD\"", "[1]")),
        ("a wrong size", bid(cheap).replace("\"w\":300", "\"w\":728")),
        ("an unknown deal", bid(r#""price":9,"dealid":"nobody's""#)),
        ("a medium not offered", bid(r#""price":9,"mtype":2"#)),
        ("VAST on a banner", bid(cheap).replace("<b>x</b>", "<VAST version='3.0'></VAST>")),
        ("a native answer on a banner", bid(cheap).replace("\"<b>x</b>\"", r#"{"native":{"assets":[]}}"#)),
        ("not secure", bid(cheap).replace("<b>x</b>", "<img src='http://a.example/x.gif'>")),
        ("no markup", bid(cheap).replace("\"adm\":\"<b>x</b>\",", "")),
        ("empty markup", bid(cheap).replace("<b>x</b>", "")),
        ("markup of the wrong type", bid(cheap).replace("\"<b>x</b>\"", "[1]")),
        ("2 MB of markup", bid(cheap).replace("<b>x</b>", &long)),
        ("10,000 bids", whole(&many.join(","))),
        ("a no-bid reason", r#"{"id":"{ID}","nbr":8}"#.into()),
        ("a no-bid reason of letters", r#"{"id":"{ID}","nbr":"none"}"#.into()),
    ];
    assert!(rows.len() >= 50);
    for (row, body) in rows {
        *says.lock().unwrap() = Some(body);
        let record = none_is_lost(&rig, row).await;
        assert!(
            ["error", "bid", "no_bid"].contains(&status(&record, "bad").as_str()),
            "{row}: {record}"
        );
        let bids = record["bids"].as_array().unwrap();
        for of_bad in bids.iter().filter(|bid| bid["dsp"] == "bad") {
            assert_eq!(of_bad["outcome"], "lost", "{row}");
            assert!(of_bad["loss"]["code"].is_i64(), "{row}: {of_bad}");
        }
        for _ in 0..8 {
            let record = none_is_lost(&rig, row).await;
            assert_eq!(status(&record, "bad"), "no_bid", "{row}: after it");
        }
    }
}

#[tokio::test]
async fn r_30_of_equal_bid_ids_one_counts() {
    let twice = Dsp::start(|request| {
        let asked: Value = serde_json::from_str(request).unwrap();
        let bid = format!(r#"{{"id":"same","impid":"1",{BID}}}"#);
        Some(format!(
            r#"{{"id":{},"seatbid":[{{"bid":[{bid},{bid}]}}]}}"#,
            asked["id"]
        ))
    });
    let (rig, _good) = beside(format!("{}/bid", twice.server.url)).await;
    let record = none_is_lost(&rig, "duplicate bid ids").await;
    let of_twice = record["bids"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|bid| bid["dsp"] == "bad");
    let reasons: Vec<&Value> = of_twice.map(|bid| &bid["loss"]["reason"]).collect();
    let duplicates = reasons
        .iter()
        .filter(|reason| **reason == "duplicate_bid")
        .count();
    assert_eq!((reasons.len(), duplicates), (2, 1), "{reasons:?}");
}
