//! The RTB side over real sockets: auctions of the shared samples, DSPs in trouble, bad input, privacy.

mod exchange;
mod market;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use exchange::{BID, Dsp, Rig, banner, expect};
use http::Method;
use serde_json::{Value, json};
use testkit::http::{get, send};

#[tokio::test]
async fn x_75_what_is_sold_all_or_nothing_is_answered_so() {
    let dsp = Dsp::start(|body| {
        let asked: Value = serde_json::from_str(body).unwrap();
        let bid = |id: &str, imp: &str| json!({"id": id, "impid": imp, "price": 2, "w": 300, "h": 250, "adm": "x"});
        let answer = json!({"id": asked["id"], "seatbid": [
            {"seat": "s", "bid": [bid("single", "3")]},
            {"seat": "s", "group": 1, "bid": [bid("a", "1"), bid("b", "2")]},
            {"seat": "s", "group": 1, "bid": [bid("c", "4"), bid("d", "5")]},
        ]});
        Some(answer.to_string())
    });
    let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
    // The client of one imp knows the DSP under another name than that of its neighbour.
    let imp = |id: u32| {
        let name = format!("name-{}", id % 2);
        json!({"id": id.to_string(), "banner": {"w": 300, "h": 250}, "ext": {"prebid": {"bidder": {name: {}}}}})
    };
    for version in ["2.5", "2.6"] {
        let request = json!({"id": "r", "at": 1, "tmax": 900, "imp": [imp(1), imp(2), imp(3), imp(4), imp(5)]});
        let headers = [("x-openrtb-version", version)];
        let answer = rig.auction_with(&request.to_string(), &headers).await;
        let answer = answer.expect_status(200).json();
        let seats = answer["seatbid"].as_array().unwrap().iter().map(|seat| {
            let bids = seat["bid"].as_array().unwrap().iter();
            let ids: Vec<&str> = bids.map(|bid| bid["id"].as_str().unwrap()).collect();
            (
                ids.join(" "),
                seat["group"].as_i64(),
                seat["seat"].as_str().unwrap(),
            )
        });
        let mut seats: Vec<_> = seats.collect();
        seats.sort();
        #[rustfmt::skip]
        let want = [
            ("a b".to_owned(), Some(1), "name-1"), ("c d".to_owned(), Some(1), "name-0"), ("single".to_owned(), None, "name-1"),
        ];
        assert_eq!(seats, want, "{version}: {answer:#}");
    }
}

/// Number of the pair, imp and price of each winner, currency.
type Expected = (u8, &'static [(&'static str, f64)], &'static str);

#[tokio::test]
async fn the_sample_pairs_over_http() {
    // The pair under way; what it answers carries the id that it was asked with (X-2).
    let pair = Arc::new(Mutex::new((String::new(), String::new())));
    let recorded = Arc::clone(&pair);
    let dsp = Dsp::start(move |body| {
        let asked: Value = serde_json::from_str(body).unwrap();
        let (id, response) = recorded.lock().unwrap().clone();
        Some(response.replacen(&format!("\"{id}\""), &asked["id"].to_string(), 1))
    });
    let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
    // examples/README.md, "expected by our exchange": imp, price and currency of what wins
    #[rustfmt::skip]
    let expected: [Expected; 15] = [
        (1, &[("1", 1.375)], "USD"),
        (2, &[("imp-1", 2.1)], "USD"),
        (3, &[("1", 6.5)], "USD"),
        (4, &[("n1", 0.92)], "EUR"),
        (5, &[("n1", 0.92)], "EUR"),
        (6, &[("a1", 13.4)], "USD"),
        (7, &[("1", 8.75)], "USD"),
        (8, &[("1", 7.5)], "USD"),
        (9, &[("1", 31.0), ("1", 18.5), ("1", 10.2)], "USD"),
        (10, &[("1", 24.0), ("3", 16.0), ("4", 12.5)], "USD"),
        (11, &[("1", 6.25)], "GBP"),
        (12, &[("1", 0.9), ("2", 1.1), ("5", 0.7)], "USD"),
        (13, &[("1", 0.95)], "EUR"),
        (15, &[("1", 0.62)], "USD"),
        (16, &[("1", 26.0), ("2", 9.4), ("2", 15.8)], "USD"),
    ];
    for number in testkit::fixtures::OPENRTB {
        let name = testkit::fixtures::openrtb_name(number);
        let (request, response) = testkit::fixtures::openrtb(number);
        let asked: Value = serde_json::from_str(&request).unwrap();
        *pair.lock().unwrap() = (asked["id"].as_str().unwrap().to_owned(), response);
        // A busy machine is no part of the sample.
        let request = patient(&request);
        let version = if number == 1 { "2.5" } else { "2.6" };
        let answer = rig
            .auction_with(&request, &[("x-openrtb-version", version)])
            .await;
        if number == 14 {
            assert_eq!(answer.status, 204, "{name}: {answer}");
            assert_eq!(rig.record(&answer).await["dsps"][0]["nbr"], 8, "{name}");
            continue;
        }
        let answer = answer.expect_status(200);
        assert_eq!(answer.header("x-openrtb-version"), Some(version), "{name}");
        let response = answer.json();
        let request: Value = serde_json::from_str(&request).unwrap();
        assert_eq!(response["id"], request["id"], "C-130 {name}");
        let mut won: Vec<(String, f64)> = bids(&response)
            .iter()
            .map(|bid| {
                (
                    bid["impid"].as_str().unwrap().to_owned(),
                    bid["price"].as_f64().unwrap(),
                )
            })
            .collect();
        won.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some((_, prices, currency)) = expected.iter().find(|(n, ..)| *n == number) {
            let prices: Vec<(String, f64)> = prices
                .iter()
                .map(|(imp, price)| ((*imp).to_owned(), *price))
                .collect();
            assert_eq!(won, prices, "{name}");
            assert_eq!(response["cur"], *currency, "{name}");
        }
    }
}

/// The request with a second to answer it.
fn patient(request: &str) -> String {
    let at = request.find("\"tmax\":").map_or(0, |at| at + 7);
    let length = request[at..].find(',').unwrap_or_default();
    format!("{} 1000{}", &request[..at], &request[at + length..])
}

fn bids(response: &Value) -> Vec<Value> {
    let seats = response["seatbid"].as_array().cloned().unwrap_or_default();
    seats
        .iter()
        .flat_map(|seat| seat["bid"].as_array().cloned().unwrap_or_default())
        .collect()
}

#[tokio::test]
async fn an_answer_and_what_its_dsp_was_asked() {
    let dsp = Dsp::bidding(BID);
    let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
    let request = banner(
        r#""cur":["EUR","USD"],"x_unknown":{"a" : [1, 2.50]},"user":{"id":"u1","buyeruid":"ours","x":true},"#,
    );
    let answer = rig.auction(&request).await.expect_status(200);
    let response = answer.json();
    let auction = answer.header("x-gavel-auction-id").unwrap().to_owned();

    assert_eq!(response["bidid"], auction, "bidid is our auction id");
    assert_eq!(
        response["cur"], "EUR",
        "the first listed currency with a rate"
    );
    let bid = bids(&response).remove(0);
    assert_eq!(response["seatbid"][0]["seat"], "seat-1");
    // 1.50 USD at 0.92
    assert_eq!(bid["price"], json!(1.38));
    assert_eq!(
        bid["adm"], "<a href=\"https://shop.example\">1.5</a>",
        "X-81: the DSP's own price"
    );
    for (name, path) in [("nurl", "win"), ("burl", "bill"), ("lurl", "loss")] {
        let url = bid[name].as_str().unwrap();
        assert!(
            url.starts_with(&rig.url(&format!("/notice/{path}?t="))),
            "{url}"
        );
    }
    assert_eq!(bid["mtype"], 1);

    let asked = dsp.last_asked();
    assert!(
        asked.body.contains(r#""x_unknown":{"a" : [1, 2.50]}"#),
        "C-22: byte for byte"
    );
    let body = asked.json();
    assert_eq!(body["id"], auction, "X-2: the exchange's own id");
    assert_eq!(
        body["user"],
        json!({"id": "u1", "x": true}),
        "C-143: the SSP's id of us is not the DSP's"
    );
    assert!(body["tmax"].as_i64().unwrap() < 1000, "X-77");
    assert_eq!(body.get("device"), None, "the peer is no device");
    let chain = &body["source"]["schain"];
    assert_eq!(chain["complete"], 0, "C-145");
    assert_eq!(chain["nodes"][0]["rid"], auction, "C-145");
    assert_eq!(asked.header("x-openrtb-version"), "2.6");
    assert_eq!(asked.header("accept-encoding"), "gzip");
    let trace = auction.replace('-', "");
    assert_eq!(asked.header("traceparent").get(3..35), Some(trace.as_str()));
}

#[tokio::test]
async fn answers_are_gzipped_for_those_who_ask() {
    // C-5
    let dsp = Dsp::bidding(BID);
    let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
    let plain = rig.auction(&banner("")).await.expect_status(200);
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.header("content-type"), Some("application/json"));
    let packed = rig
        .auction_with(&banner(""), &[("accept-encoding", "gzip")])
        .await
        .expect_status(200);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.body.get(..2), Some(&[0x1f, 0x8b][..]));
}

#[tokio::test]
async fn dsps_in_trouble_cost_the_others_nothing() {
    // X-112, R28, R29: one never answers, one is late, one talks nonsense, one is not there
    let good = Dsp::bidding(BID);
    let nonsense = Dsp::start(|_| Some("<html>busy</html>".to_owned()));
    let slow = Dsp::bidding(r#""price":9,"adm":"late""#);
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let gone = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap()
    };
    let rig = Rig::start(&[
        (
            "silent",
            format!("http://{}/bid", silent.local_addr().unwrap()),
        ),
        ("slow", format!("{}/slow", slow.server.url)),
        ("nonsense", format!("{}/bid", nonsense.server.url)),
        ("gone", format!("http://{gone}/bid")),
        ("good", format!("{}/bid", good.server.url)),
    ])
    .await;
    for round in 0..6 {
        let request = banner("").replace("\"tmax\":1000", "\"tmax\":600");
        let answer = rig.auction(&request).await.expect_status(200);
        assert_eq!(bids(&answer.json())[0]["price"], json!(1.5));
        let record = rig.record(&answer).await;
        let status: HashMap<&str, &str> = record["dsps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|dsp| {
                (
                    dsp["dsp"].as_str().unwrap(),
                    dsp["status"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(status["good"], "bid");
        if round == 0 {
            assert_eq!(status["silent"], "timeout");
            assert_eq!(status["slow"], "timeout");
            assert_eq!(status["nonsense"], "error");
            assert_eq!(status["gone"], "error");
        }
        if round == 5 {
            // R28: five failures in a row, and it is not asked for a while
            assert_eq!(status["silent"], "ejected");
        }
    }
}

#[tokio::test]
async fn x_77_a_dsp_has_what_is_left_of_tmax_and_later_answers_do_not_count() {
    let (fast, late) = (Dsp::bidding(BID), Dsp::bidding(r#""price":9,"adm":"late""#));
    let rig = Rig::start(&[
        ("fast", format!("{}/bid", fast.server.url)),
        ("late", format!("{}/slow", late.server.url)),
    ])
    .await;
    let at = |tmax: &str| banner("").replace("\"tmax\":1000,", tmax);
    for (says, tmax, most) in [
        ("as told, less our margin", "\"tmax\":600,", 590),
        ("at most a second", "\"tmax\":90000,", 990),
    ] {
        let answer = rig.auction(&at(tmax)).await.expect_status(200);
        assert_eq!(bids(&answer.json())[0]["price"], json!(1.5), "{says}");
        let told = fast.last_asked().json()["tmax"].as_u64().unwrap();
        assert!((1..=most).contains(&told), "{says}: {told}");
        let record = rig.record(&answer).await;
        let dsps = record["dsps"].as_array().unwrap();
        let of_late = dsps.iter().find(|dsp| dsp["dsp"] == "late").unwrap();
        assert_eq!(of_late["status"], "timeout", "{says}");
        assert_eq!(record["bids"].as_array().unwrap().len(), 1, "{says}");
    }
    let asked = fast.times_asked();
    let answer = rig.auction(&at("\"tmax\":9,")).await;
    assert_eq!(
        (answer.status, fast.times_asked()),
        (204, asked),
        "B-31: too little"
    );
    // Whether the DSP can answer within the hundred milliseconds is not ours to say; what it is told is.
    let _ = rig.auction(&at("")).await;
    let told = fast.last_asked().json()["tmax"].as_u64().unwrap();
    assert!((1..=90).contains(&told), "none told: {told}");
}

#[tokio::test]
async fn what_is_too_much_is_shed_and_counted() {
    // R22: 204, the reason in a header, an auction id, no body
    let slow = Dsp::bidding(BID);
    let rig = Rig::configured(
        &[("slow", format!("{}/slow", slow.server.url))],
        &[("limits.max_in_flight", "1")],
    )
    .await;
    let request = banner("");
    let (one, other) = tokio::join!(rig.auction(&request), rig.auction(&request));
    assert_eq!((one.status, other.status), (204, 204));
    let shed = [one, other]
        .into_iter()
        .find(|answer| answer.header("x-shed-reason").is_some())
        .expect("one of two was turned away");
    assert!(shed.body.is_empty() && shed.header("x-gavel-auction-id").is_some());
    let record = rig.record(&shed).await;
    assert_eq!(record["outcome"], "shed");
    let stats = get(&rig.url("/stats")).await.expect_status(200).json();
    assert!(stats["shed"].as_u64() >= Some(1), "{stats}");
}

#[tokio::test]
async fn bad_input_is_told_where_it_is_bad() {
    let dsp = Dsp::bidding(BID);
    let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
    let imps: Vec<String> = (0..101)
        .map(|n| format!(r#"{{"id":"{n}","banner":{{}}}}"#))
        .collect();
    let many = format!(r#"{{"id":"1","imp":[{}]}}"#, imps.join(","));
    let deep = format!(
        r#"{{"id":"1","x":{}{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    struct Case<'c> {
        item: &'static str,
        body: &'c str,
        status: u16,
        pointer: Option<&'static str>,
        nbr: Option<i32>,
    }
    #[rustfmt::skip]
    let cases = [
        Case { item: "R34 not JSON", body: "imp", status: 400, pointer: Some(""), nbr: Some(2) },
        Case { item: "R34 empty", body: "", status: 400, pointer: Some(""), nbr: Some(2) },
        Case { item: "R34 truncated", body: r#"{"id":"1","imp":[{"id":"1""#, status: 400, pointer: Some("/imp/0"), nbr: Some(2) },
        Case { item: "C-12 trailing bytes", body: r#"{"id":"1","imp":[{"id":"1","banner":{}}]} x"#, status: 400, pointer: Some(""), nbr: Some(2) },
        Case { item: "C-12 BOM", body: "\u{feff}{}", status: 400, pointer: Some(""), nbr: Some(2) },
        Case { item: "R34 too deep", body: &deep, status: 400, pointer: None, nbr: Some(2) },
        Case { item: "not an object", body: "[]", status: 400, pointer: Some(""), nbr: Some(2) },
        Case { item: "C-60 no id", body: r#"{"imp":[{"id":"1","banner":{}}]}"#, status: 400, pointer: Some("/id"), nbr: Some(2) },
        Case { item: "C-66 no imp", body: r#"{"id":"1"}"#, status: 400, pointer: Some("/imp"), nbr: Some(2) },
        Case { item: "C-66 no usable imp", body: r#"{"id":"1","imp":[{"id":"1"}]}"#, status: 400, pointer: Some("/imp/0"), nbr: Some(2) },
        Case { item: "C-66 no floor that can be read", body: r#"{"id":"1","imp":[{"id":"1","banner":{},"bidfloor":"abc"}]}"#, status: 400, pointer: Some("/imp/0/bidfloor"), nbr: Some(2) },
        Case { item: "C-66 a floor in no currency", body: r#"{"id":"1","imp":[{"id":"1","banner":{},"bidfloorcur":"QQQ"}]}"#, status: 400, pointer: Some("/imp/0/bidfloorcur"), nbr: Some(2) },
        Case { item: "C-66 C-90 native that cannot be read", body: r#"{"id":"1","imp":[{"id":"1","native":{"request":"{not json"}}]}"#, status: 400, pointer: Some("/imp/0/native/request"), nbr: Some(2) },
        Case { item: "X-73 a floor whose currency has no rate", body: r#"{"id":"1","imp":[{"id":"1","banner":{},"bidfloor":1,"bidfloorcur":"XAU"}]}"#, status: 204, pointer: None, nbr: None },
        Case { item: "C-64 duplicate imp id", body: r#"{"id":"1","imp":[{"id":"1","banner":{}},{"id":"1","banner":{}}]}"#, status: 400, pointer: Some("/imp/1/id"), nbr: Some(2) },
        Case { item: "R37 too many imps", body: &many, status: 400, pointer: Some("/imp"), nbr: Some(2) },
        Case { item: "C-40 site and app", body: r#"{"id":"1","imp":[{"id":"1","banner":{}}],"site":{},"app":{}}"#, status: 400, pointer: Some(""), nbr: Some(2) },
        Case { item: "C-31 duplicate bidfloor", body: r#"{"id":"1","imp":[{"id":"1","banner":{},"bidfloor":1,"bidfloor":2}]}"#, status: 400, pointer: Some("/imp/0/bidfloor"), nbr: Some(2) },
        Case { item: "tmax under 10", body: r#"{"id":"1","tmax":9,"imp":[{"id":"1","banner":{}}]}"#, status: 204, pointer: None, nbr: None },
        Case { item: "C-24 repairs", body: r#"{"id":7,"at":"1","tmax":"1000","imp":[{"id":1,"bidfloor":"0.5","banner":{"w":300.0,"h":"250"}}]}"#, status: 200, pointer: None, nbr: None },
    ];
    for case in cases {
        let answer = rig.auction(case.body).await;
        assert_eq!(answer.status, case.status, "{}: {answer}", case.item);
        assert!(
            answer.header("x-gavel-auction-id").is_some(),
            "{}",
            case.item
        );
        if case.status == 400 {
            assert_eq!(
                answer.header("content-type"),
                Some("application/problem+json"),
                "{}",
                case.item
            );
            let problem = answer.json();
            assert_eq!(
                problem["nbr"].as_i64(),
                case.nbr.map(i64::from),
                "{}",
                case.item
            );
            let says = problem["detail"].as_str().unwrap();
            assert!(
                !says.contains(['"', '(']) || says.contains("request.imps"),
                "{}: {says}",
                case.item
            );
            if let Some(pointer) = case.pointer {
                assert_eq!(problem["pointer"], pointer, "{}: {problem}", case.item);
            }
        }
    }
    let url = rig.url("/openrtb2/auction");
    let body = banner("");
    let wrong = send(Method::GET, &url, &[], "").await.expect_status(405);
    assert!(wrong.header("allow").unwrap().contains("POST"), "C-1");
    expect(
        send(
            Method::POST,
            &url,
            &[("content-type", "text/xml")],
            body.clone(),
        )
        .await,
        415,
    );
    expect(
        send(
            Method::POST,
            &url,
            &[("content-encoding", "br")],
            body.clone(),
        )
        .await,
        415,
    );
    expect(
        send(
            Method::POST,
            &url,
            &[("content-type", "text/plain")],
            body.clone(),
        )
        .await,
        200,
    );
    expect(send(Method::POST, &rig.url("/rtb"), &[], body).await, 200);
    expect(
        send(Method::POST, &url, &[], "x".repeat(300 * 1024)).await,
        413,
    );
}

#[tokio::test]
async fn privacy_cuts_what_a_dsp_may_not_know() {
    let dsp = Dsp::bidding(BID);
    let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
    let person = r#""user":{"id":"canary-u","yob":1990,"gender":"F","keywords":"canary-k","eids":[{"source":"s","uids":[{"id":"canary-e"}]}],"ext":{"eids":[],"consent":"C"}},"device":{"ip":"203.0.113.24","ipv6":"2001:db8:1:2::45","ifa":"canary-i","geo":{"lat":52.51234,"lon":13.40567,"country":"DEU"},"lmt":LMT},"#;
    struct Case {
        item: &'static str,
        signals: &'static str,
        lmt: &'static str,
        canaries: &'static [&'static str],
        ip: &'static str,
        lat: Value,
    }
    #[rustfmt::skip]
    let cases = [
        Case { item: "C-160 nothing claimed", signals: "", lmt: "0", canaries: &["u", "k", "e", "i"], ip: "203.0.113.24", lat: json!(52.51234) },
        Case { item: "C-161 coppa", signals: r#""regs":{"coppa":1},"#, lmt: "0", canaries: &[], ip: "203.0.113.0", lat: Value::Null },
        Case { item: "C-162 no consent", signals: r#""regs":{"gdpr":1},"#, lmt: "0", canaries: &[], ip: "203.0.113.0", lat: json!(52.51) },
        Case { item: "C-163 us_privacy", signals: r#""regs":{"us_privacy":"1YYN"},"#, lmt: "0", canaries: &[], ip: "203.0.113.0", lat: json!(52.51) },
        Case { item: "C-142 lmt", signals: "", lmt: "1", canaries: &[], ip: "203.0.113.0", lat: json!(52.51) },
    ];
    for case in cases {
        let request = banner(&format!(
            "{}{}",
            case.signals,
            person.replace("LMT", case.lmt)
        ));
        expect(rig.auction(&request).await, 200);
        let asked = dsp.last_asked();
        for canary in ["u", "k", "e", "i"] {
            let leaves = asked.body.contains(&format!("canary-{canary}"));
            assert_eq!(
                leaves,
                case.canaries.contains(&canary),
                "{}: canary-{canary} in {}",
                case.item,
                asked.body
            );
        }
        let body = asked.json();
        assert_eq!(body["device"]["ip"], case.ip, "{}", case.item);
        assert_eq!(body["device"]["geo"]["lat"], case.lat, "{}", case.item);
        assert_eq!(body["device"]["geo"]["country"], "DEU", "{}", case.item);
        // C-164: the signals themselves stay
        let sent: Value = serde_json::from_str(&request).unwrap();
        assert_eq!(body["regs"], sent["regs"], "{}", case.item);
    }
}

#[tokio::test]
async fn partners_see_their_own_part() {
    // X-110: formats, deals of their seats, and the dialect
    let [all, banners, other_seat] = [(); 3].map(|()| Dsp::start(|_| None));
    let endpoint = |dsp: &Dsp| format!("{}/bid", dsp.server.url);
    let partners = json!([
        {"id": "all", "name": "all", "endpoint": endpoint(&all), "active": true, "seats": ["seat-17"]},
        {"id": "banners", "name": "banners", "endpoint": endpoint(&banners), "active": true, "formats": ["banner"], "openrtb_version": "2.5"},
        {"id": "other", "name": "other", "endpoint": endpoint(&other_seat), "active": true, "seats": ["seat-99"]},
        {"id": "off", "name": "off", "endpoint": endpoint(&all), "active": false},
    ]);
    let rig = Rig::over(&partners, &[]).await;
    let request = r#"{"id":"r","tmax":1000,"user":{"ext":{"prebid":{"buyeruids":{"all":"id-of-all"}}}},"imp":[
        {"id":"1","banner":{"w":300,"h":250},"video":{"mimes":["video/mp4"]},"pmp":{"deals":[{"id":"d17","wseat":["seat-17"]},{"id":"d","bidfloor":2}]}},
        {"id":"2","video":{"mimes":["video/mp4"]}},
        {"id":"3","banner":{"w":1,"h":1},"pmp":{"private_auction":1,"deals":[{"id":"p17","wseat":["seat-17"]}]}}]}"#;
    let answer = rig.auction(request).await.expect_status(204);
    let seen = |dsp: &Dsp| -> Vec<(String, Vec<String>)> {
        let body = dsp.last_asked().json();
        body["imp"]
            .as_array()
            .unwrap()
            .iter()
            .map(|imp| {
                let deals = imp["pmp"]["deals"].as_array().cloned().unwrap_or_default();
                let mut parts: Vec<String> = ["banner", "video"]
                    .into_iter()
                    .filter(|name| imp.get(*name).is_some())
                    .map(str::to_owned)
                    .collect();
                parts.extend(
                    deals
                        .iter()
                        .map(|deal| deal["id"].as_str().unwrap().to_owned()),
                );
                (imp["id"].as_str().unwrap().to_owned(), parts)
            })
            .collect()
    };
    let imp = |id: &str, parts: &[&str]| {
        (
            id.to_owned(),
            parts.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(
        seen(&all),
        [
            imp("1", &["banner", "video", "d17", "d"]),
            imp("2", &["video"]),
            imp("3", &["banner", "p17"])
        ]
    );
    assert_eq!(
        seen(&banners),
        [
            imp("1", &["banner", "d17", "d"]),
            imp("3", &["banner", "p17"])
        ]
    );
    assert_eq!(
        seen(&other_seat),
        [imp("1", &["banner", "video", "d"]), imp("2", &["video"])]
    );
    assert_eq!(all.last_asked().json()["user"]["buyeruid"], "id-of-all");
    assert!(!banners.last_asked().body.contains("id-of-all"), "C-143");
    assert_eq!(banners.last_asked().header("x-openrtb-version"), "2.5");
    let record = rig.record(&answer).await;
    let off = record["dsps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|dsp| dsp["dsp"] == "off")
        .unwrap();
    assert_eq!(
        (off["asked"].as_bool(), &off["status"]),
        (Some(false), &json!("inactive"))
    );
}

#[tokio::test]
async fn browsers_get_a_body_and_no_win_notice() {
    let dsp = Dsp::bidding(BID);
    let nobody = Dsp::start(|_| None);
    let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
    let origin = [
        ("origin", "https://paper.example"),
        ("content-type", "text/plain"),
    ];
    let request = r#"{"id":"b-1","tmax":1000,"imp":[{"id":"1","banner":{"format":[{"w":300,"h":250}]},"ext":{"prebid":{"bidder":{"gavel":{}}}}}]}"#;
    let url = rig.url("/openrtb2/auction");
    let answer = send(Method::POST, &url, &origin, request)
        .await
        .expect_status(200);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://paper.example")
    );
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    let response = answer.json();
    assert_eq!(
        response["seatbid"][0]["seat"], "gavel",
        "the name that the imp knows"
    );
    let bid = bids(&response).remove(0);
    assert!(
        bid.get("nurl").is_none(),
        "X-90: not handed out beside adm to browsers"
    );
    assert_eq!(bid["ext"]["prebid"]["type"], "banner");
    assert!(
        dsp.wait_told("/win").await.contains("p=0.01"),
        "at 2, alone and without a floor: one increment"
    );
    let preflight = send(
        Method::OPTIONS,
        &url,
        &[
            ("origin", "https://paper.example"),
            ("access-control-request-method", "POST"),
        ],
        "",
    )
    .await;
    assert_eq!(preflight.status, 204);
    assert!(
        preflight
            .header("access-control-allow-methods")
            .unwrap()
            .contains("POST")
    );
    drop(rig);

    let rig = Rig::start(&[("nobody", format!("{}/bid", nobody.server.url))]).await;
    let answer = send(
        Method::POST,
        &rig.url("/openrtb2/auction"),
        &origin,
        request,
    )
    .await
    .expect_status(200);
    assert_eq!(answer.json(), json!({"id": "b-1", "nbr": 0}));
}

#[tokio::test]
async fn accounts_need_their_key_and_records_an_operator() {
    let dsp = Dsp::bidding(BID);
    let rig = Rig::configured(
        &[("alpha", format!("{}/bid", dsp.server.url))],
        &[
            (
                "accounts",
                r#"{ ssp-one = { key = "the-key", fee = "0.2", owner = true } }"#,
            ),
            ("local_mode", "false"),
            ("allow_private_upstreams", "true"),
        ],
    )
    .await;
    expect(rig.auction(&banner("")).await, 401);
    expect(
        rig.auction_with(&banner(""), &[("x-gavel-key", "another")])
            .await,
        401,
    );
    expect(
        rig.auction_with(&banner(""), &[("x-gavel-key", "the-key")])
            .await,
        200,
    );
    let by_query = rig.url("/openrtb2/auction?key=the-key");
    expect(send(Method::POST, &by_query, &[], banner("")).await, 200);
    let chain = &dsp.last_asked().json()["source"]["schain"];
    assert_eq!(
        (&chain["complete"], &chain["nodes"][0]["sid"]),
        (&json!(1), &json!("ssp-one")),
        "C-145"
    );

    for path in ["/stats", "/auction-history", "/auction/x"] {
        expect(get(&rig.url(path)).await, 401);
        let forged = [("authorization", "Bearer nobody")];
        expect(send(Method::GET, &rig.url(path), &forged, "").await, 403);
    }
    let bearer = format!("Bearer {}", market::TOKEN);
    expect(
        send(
            Method::GET,
            &rig.url("/stats"),
            &[("authorization", &bearer)],
            "",
        )
        .await,
        200,
    );
    expect(get(&rig.url("/sellers.json")).await, 200);
}
