//! The table of rules of bid responses: one message a rule, broken in one place.
#![allow(clippy::unwrap_used, reason = "a failed test says where")]

mod merge;

use merge::merged;
use openrtb::validate::{self, Report};
use openrtb::{BidResponse, Limits};
use std::collections::BTreeSet;

/// A response with nothing to remark on.
const CLEAN: &str = r#"{"id":"r","cur":"USD","seatbid":[{"seat":"s","bid":[{"id":"b","impid":"1","price":1.5,
    "adm":"<a href=\"https://a.example\">ad</a>","adomain":["a.example"],"crid":"c","mtype":1,"w":300,"h":250,
    "nurl":"https://n.example/w?p=${AUCTION_PRICE}","burl":"https://n.example/b?p=${AUCTION_PRICE:B64}",
    "cat":["IAB1"],"language":"en","exp":60}]}]}"#;

/// The name of a rule, what to change in the only bid, and the place that is told inside it.
const BIDS: &[(&str, &str, &str)] = &[
    ("bid-id", r#"{"id":null}"#, "/id"),
    ("bid-impid", r#"{"impid":""}"#, "/impid"),
    ("bid-price", r#"{"price":0}"#, "/price"),
    ("bid-price", r#"{"price":-1}"#, "/price"),
    ("bid-price", r#"{"price":"abc"}"#, "/price"),
    ("bid-price", r#"{"price":[1]}"#, "/price"),
    ("bid-price", r#"{"price":null}"#, "/price"),
    ("bid-markup", r#"{"adm":null,"nurl":null}"#, "/adm"),
    (
        "adm-and-nurl",
        r#"{"nurl":"https://n.example/markup"}"#,
        "/nurl",
    ),
    ("mtype-missing", r#"{"mtype":null}"#, "/mtype"),
    (
        "mtype-in-ext",
        r#"{"mtype":null,"ext":{"mtype":1}}"#,
        "/ext/mtype",
    ),
    ("api-retired", r#"{"api":5}"#, "/api"),
    ("adomain-missing", r#"{"adomain":[]}"#, "/adomain"),
    ("crid-missing", r#"{"crid":null}"#, "/crid"),
    (
        "iurl-cache-buster",
        r#"{"iurl":"https://i.example/?[CACHEBUSTING]"}"#,
        "/iurl",
    ),
    ("notice-http", r#"{"lurl":"http://n.example/l"}"#, "/lurl"),
    ("notice-url", r#"{"burl":"//n.example/b"}"#, "/burl"),
    (
        "burl-with-vast",
        r#"{"mtype":2,"adm":"<VAST version=\"3.0\"><Ad><InLine></InLine></Ad></VAST>"}"#,
        "/burl",
    ),
    (
        "unknown-macro",
        r#"{"nurl":"https://n.example/?${AUCTION_PRCE}"}"#,
        "/nurl",
    ),
    (
        "macro-encoding",
        r#"{"nurl":"https://n.example/?${AUCTION_PRICE:XOR}"}"#,
        "/nurl",
    ),
    ("dur-range", r#"{"dur":0}"#, "/dur"),
    ("bid-size", r#"{"h":null}"#, "/h"),
    ("exp-range", r#"{"exp":-1}"#, "/exp"),
    ("vast-unreadable", r#"{"mtype":2}"#, "/adm"),
    (
        "vast-version",
        r#"{"mtype":2,"protocol":2,"adm":"<VAST version=\"3.0\"><Ad><InLine></InLine></Ad></VAST>"}"#,
        "/protocol",
    ),
    ("native-adm", r#"{"mtype":4,"adm":"[]"}"#, "/adm"),
    (
        "native-adm-object",
        r#"{"mtype":4,"adm":{"link":{"url":"https://a.example"}}}"#,
        "/adm",
    ),
    ("native-link", r#"{"mtype":4,"adm":"{}"}"#, "/adm"),
    (
        "native-asset",
        r#"{"mtype":4,"adm":"{\"link\":{\"url\":\"https://a.example\"},\"assets\":[{\"id\":1}]}"}"#,
        "/adm",
    ),
    (
        "native-tracker",
        r#"{"mtype":4,"adm":"{\"link\":{\"url\":\"https://a.example\"},\"eventtrackers\":[{\"event\":1,\"method\":1}]}"}"#,
        "/adm",
    ),
    (
        "native-trackers-old",
        r#"{"mtype":4,"adm":"{\"link\":{\"url\":\"https://a.example\"},\"imptrackers\":[\"https://t.example\"]}"}"#,
        "/adm",
    ),
    (
        "unknown-attribute",
        r#"{"adomian":["a.example"]}"#,
        "/adomian",
    ),
    ("unknown-value", r#"{"attr":[77]}"#, "/attr"),
    ("wrong-type", r#"{"price":"1.5"}"#, "/price"),
    (
        "domain-shape",
        r#"{"adomain":["https://a.example"]}"#,
        "/adomain/0",
    ),
    ("language-and-langb", r#"{"langb":"en-US"}"#, "/language"),
];

/// The same, changed in the response itself.
const WHOLES: &[(&str, &str, &str)] = &[
    ("response-id", r#"{"id":null}"#, "/id"),
    ("response-cur", r#"{"cur":"DOLLAR"}"#, "/cur"),
    (
        "seat-without-bids",
        r#"{"seatbid":{"1":{"bid":[]}}}"#,
        "/seatbid/1/bid",
    ),
    ("bids-and-nbr", r#"{"nbr":2}"#, "/nbr"),
    ("no-bid", r#"{"seatbid":[]}"#, ""),
    (
        "bid-object",
        r#"{"seatbid":{"0":{"bid":{"1":7}}}}"#,
        "/seatbid/0/bid/1",
    ),
    (
        "bid-id-twice",
        r#"{"seatbid":{"0":{"bid":{"1":{"id":"b","impid":"1","price":1}}}}}"#,
        "/seatbid/0/bid/1/id",
    ),
    (
        "customdata-cookie",
        r#"{"customdata":"a b;c"}"#,
        "/customdata",
    ),
];

fn report(body: &str) -> Report {
    validate::response(body.as_bytes(), &Limits::RESPONSE).unwrap()
}

fn told(report: &Report) -> Vec<(&'static str, &str)> {
    report
        .findings
        .iter()
        .map(|f| (f.rule.name, f.pointer.as_str()))
        .collect()
}

#[test]
fn a_clean_response_has_no_findings() {
    assert_eq!(told(&report(CLEAN)), []);
}

#[test]
fn every_rule_is_broken_once() {
    let mut seen = BTreeSet::new();
    let rows = BIDS.iter().map(|(name, patch, pointer)| {
        let patch = format!(r#"{{"seatbid":{{"0":{{"bid":{{"0":{patch}}}}}}}}}"#);
        (*name, patch, format!("/seatbid/0/bid/0{pointer}"))
    });
    let wholes = WHOLES
        .iter()
        .map(|(name, patch, pointer)| (*name, (*patch).to_owned(), (*pointer).to_owned()));
    for (name, patch, pointer) in rows.chain(wholes) {
        let body = merged(CLEAN, &patch);
        let report = report(&body);
        assert!(
            told(&report).contains(&(name, &*pointer)),
            "{name} at {pointer}: {report:#?}\n{body}"
        );
        seen.insert(name);
    }
    // `bids_beyond_the_limit_are_not_looked_at` breaks it.
    seen.insert("too-many-bids");
    let unbroken: Vec<&str> = validate::rules()
        .map(|rule| rule.name)
        .skip_while(|name| *name != "response-id")
        .filter(|name| !seen.contains(name))
        .collect();
    assert_eq!(unbroken, [""; 0], "rules without a row in a table here");
}

#[test]
fn what_was_found_is_shown_as_it_is_written() {
    // X-53, C-28
    for (from, to, rule, found) in [
        ("1.5", r#""abc""#, "bid-price", r#""abc""#),
        ("1.5", "-1e3", "bid-price", "-1e3"),
        ("1.5", r#"{"a":1}"#, "bid-price", r#"{"a":1}"#),
        ("1.5", "0.00", "bid-price", "0.00"),
        ("1.5", "null", "bid-price", "nothing"),
        (r#""USD""#, r#""DOLLAR""#, "response-cur", r#""DOLLAR""#),
    ] {
        let report = report(&CLEAN.replace(from, to));
        let finding = report.findings.iter().find(|f| f.rule.name == rule);
        assert_eq!(finding.map(|f| &*f.found), Some(found), "{report:#?}");
    }
}

#[test]
fn bids_beyond_the_limit_are_not_looked_at() {
    // R37
    let bids = |count: usize| {
        let bids = vec!["{}"; count].join(",");
        format!(r#"{{"id":"r","seatbid":[{{"bid":[{bids}]}},{{"bid":[{{}}]}}]}}"#)
    };
    let few = Limits {
        bids: 3,
        ..Limits::RESPONSE
    };
    let report = |body: &str| validate::response(body.as_bytes(), &few).unwrap();
    let many = report(&bids(4));
    assert!(told(&many).contains(&("too-many-bids", "/seatbid")));
    let finding = many.findings.iter().find(|f| f.rule.id == "R37").unwrap();
    assert_eq!(finding.found, "5 bids, 3 are allowed");
    let looked_at = |report: &Report| report.findings.iter().any(|f| f.pointer.contains("/bid/3"));
    assert!(!looked_at(&many), "{many:#?}");
    assert!(!told(&report(&bids(2))).contains(&("too-many-bids", "/seatbid")));
    let refused = BidResponse::read(bids(4).as_bytes(), &few).unwrap_err();
    assert_eq!(refused.pointer(), "/seatbid/0/bid/3");
    assert!(BidResponse::read(bids(2).as_bytes(), &few).is_ok());
}

#[test]
fn every_form_of_no_bid_is_valid() {
    // C-131
    for body in [
        "",
        "  ",
        "{}",
        r#"{"id":"r","seatbid":[]}"#,
        r#"{"id":"r","nbr":2}"#,
        r#"{"id":"r","seatbid":[],"nbr":0}"#,
    ] {
        let report = report(body);
        assert!(report.is_valid(), "{body}");
        assert!(
            told(&report).iter().all(|(name, _)| *name == "no-bid"),
            "{body}: {report:#?}"
        );
    }
}

#[test]
fn a_key_that_decides_a_bid_must_not_be_there_twice() {
    // C-31, R36
    let body = CLEAN.replace(r#""price":1.5"#, r#""price":9,"price":1.5"#);
    assert!(told(&report(&body)).contains(&("deciding-key-twice", "/seatbid/0/bid/0/price")));
}

#[test]
fn the_examples_are_valid() {
    let folder = format!("{}/tests/examples", env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let body = std::fs::read(&path).unwrap();
        let report = validate::message(&body, None, &Limits::RESPONSE).unwrap();
        assert!(report.is_valid(), "{path:?}: {report:#?}");
    }
}

#[test]
fn a_report_as_json() {
    let body = r#"{"id":"r","seatbid":[{"bid":[{"id":"b","impid":"1","price":0,"adm":"x","crid":"c","adomain":["a.example"],"mtype":1}]}]}"#;
    let mut out = Vec::new();
    report(body).write_json(&mut openrtb::JsonWriter::new(&mut out));
    let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "kind": "response", "valid": false, "counts": {"error": 1, "warning": 0, "notice": 0},
            "findings": [{
                "id": "X-53", "rule": "bid-price", "severity": "error", "pointer": "/seatbid/0/bid/0/price",
                "section": "OpenRTB 2.6 §4.2.3", "found": "0",
                "message": "A bid has a price above zero; exchanges drop it with loss 9.",
            }],
            "omitted": 0,
        })
    );
}
