//! Who is let in, what of its request is filled in, and what every case is answered (interfaces.md).

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod market;

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use contracts::access::KeyDigest;
use contracts::catalog::{AccountStatus, Authorisation, SellerVerdict};
use exchange::{BID, Dsp, Rig, banner};
use http::Method;
use lookup::mmdb::{Database, map, text};
use market::PATIENCE;
use serde_json::{Value, json};
use testkit::http::{Answer, get, raw, send};
use testkit::poll_until;

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X)";
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/148.0.0.0 Safari/537.36";

fn partners(dsp: &Dsp) -> Value {
    json!([{"id": "alpha", "name": "alpha", "endpoint": format!("{}/bid", dsp.server.url), "active": true}])
}

/// A publisher that sends bid requests with this key.
fn ssp(id: &str, key: &str, account: &Value) -> Value {
    let mut ssp = json!({
        "id": id, "name": id, "domain": format!("{id}.example"), "fee": 100_000,
        "account": {"keys": [{"id": "k", "digest": KeyDigest::of(key), "made_at": 0}]},
    });
    for (name, value) in account.as_object().unwrap() {
        ssp["account"][name] = value.clone();
    }
    ssp
}

fn packed(text: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap()
}

/// One row of interfaces.md, "Status codes, everywhere".
struct Row {
    case: &'static str,
    method: Method,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: Vec<u8>,
    status: u16,
    /// A header field that the answer must have, with its value.
    says: (&'static str, &'static str),
    /// Member and value of the body; none: there is no body.
    body_says: Option<(&'static str, Value)>,
}

#[tokio::test]
async fn the_status_table() {
    let dsp = Dsp::bidding(BID);
    let nobody = Dsp::start(|_| None);
    let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
    let silent = Rig::start(&[("nobody", format!("{}/bid", nobody.server.url))]).await;
    let good = banner("");
    let deep = format!(r#"{{"id":"1","x":{}{}}}"#, "[".repeat(100), "]".repeat(100));
    let problem = ("content-type", "application/problem+json");
    let json = ("content-type", "application/json");
    let allowed = ("access-control-allow-origin", "https://paper.example");
    let (auction, post) = ("/openrtb2/auction", Method::POST);
    let malformed = |case, body: &str| Row {
        case,
        method: Method::POST,
        path: auction,
        headers: &[],
        body: body.as_bytes().to_vec(),
        status: 400,
        says: problem,
        body_says: Some(("code", json!("malformed"))),
    };
    let invalid = |case, body: &str| Row {
        body_says: Some(("nbr", json!(2))),
        ..malformed(case, body)
    };
    let other = |case, headers, body: &[u8], status, says, body_says| Row {
        case,
        method: post.clone(),
        path: auction,
        headers,
        body: body.to_vec(),
        status,
        says,
        body_says,
    };
    #[rustfmt::skip]
    let rows = [
        malformed("not JSON", "imp=1"),
        malformed("truncated", r#"{"id":"1","imp":[{"id":"#),
        malformed("trailing bytes", r#"{"id":"1","imp":[{"id":"1","banner":{}}]}{}"#),
        malformed("too deep", &deep),
        malformed("not an object", "[1]"),
        malformed("nothing", ""),
        invalid("no id", r#"{"imp":[{"id":"1","banner":{}}]}"#),
        invalid("no usable imp", r#"{"id":"1","imp":[{"id":"1"}]}"#),
        invalid("duplicate imp id", r#"{"id":"1","imp":[{"id":"1","banner":{}},{"id":"1","banner":{}}]}"#),
        invalid("site and app", r#"{"id":"1","imp":[{"id":"1","banner":{}}],"site":{},"app":{}}"#),
        invalid("app and dooh", r#"{"id":"1","imp":[{"id":"1","banner":{}}],"app":{},"dooh":{}}"#),
        other("won", &[], good.as_bytes(), 200, json, Some(("id", json!("req-1")))),
        other("won, the other path", &[], good.as_bytes(), 200, json, Some(("cur", json!("USD")))),
        other("won, as text/plain", &[("content-type", "text/plain;charset=UTF-8")], good.as_bytes(), 200, json, Some(("id", json!("req-1")))),
        other("won, gzip", &[("content-encoding", "gzip")], &packed(&good), 200, json, Some(("id", json!("req-1")))),
        other("won, to a browser", &[("origin", "https://paper.example")], good.as_bytes(), 200, allowed, Some(("id", json!("req-1")))),
        other("other content type", &[("content-type", "application/xml")], good.as_bytes(), 415, problem, Some(("status", json!(415)))),
        other("other content encoding", &[("content-encoding", "br")], good.as_bytes(), 415, problem, Some(("status", json!(415)))),
        other("not the gzip that it claims to be", &[("content-encoding", "gzip")], good.as_bytes(), 400, problem, Some(("status", json!(400)))),
        other("too large", &[], &[b' '; 300 * 1024], 413, ("connection", "close"), Some(("status", json!(413)))),
        other("other content encoding, to a browser", &[("origin", "https://paper.example"), ("content-encoding", "br")], good.as_bytes(), 415, allowed, None),
        other("not gzip, to a browser", &[("origin", "https://paper.example"), ("content-encoding", "gzip")], good.as_bytes(), 400, allowed, None),
        other("too large, to a browser", &[("origin", "https://paper.example")], &[b' '; 300 * 1024], 413, allowed, None),
        Row { method: Method::GET, ..other("GET", &[], b"", 405, ("allow", "POST, OPTIONS"), Some(("status", json!(405)))) },
        Row { method: Method::PUT, ..other("PUT", &[], b"{}", 405, ("allow", "POST, OPTIONS"), Some(("status", json!(405)))) },
    ];
    for row in rows {
        let answer = send(row.method, &rig.url(row.path), row.headers, row.body).await;
        let Row {
            case, status, says, ..
        } = row;
        assert_eq!(answer.status, status, "{case}: {answer}");
        assert_eq!(answer.header(says.0), Some(says.1), "{case}: {answer}");
        if let Some((member, value)) = row.body_says {
            assert_eq!(answer.json()[member], value, "{case}: {answer}");
        }
    }

    let url = silent.url(auction);
    let short = r#"{"id":"s-1","tmax":9,"imp":[{"id":"1","banner":{}}]}"#;
    let origin = [("origin", "https://paper.example")];
    for (case, body, id, nbr) in [
        ("nobody bids", good.as_str(), "req-1", 0),
        ("too little time", short, "s-1", 15),
    ] {
        let answer = send(Method::POST, &url, &[], body.to_owned())
            .await
            .expect_status(204);
        assert!(answer.body.is_empty(), "{case}");
        assert!(answer.header("x-gavel-auction-id").is_some(), "{case}");
        let answer = send(Method::POST, &url, &origin, body.to_owned())
            .await
            .expect_status(200);
        assert_eq!(
            answer.json(),
            json!({"id": id, "nbr": nbr}),
            "{case}, to a browser"
        );
    }
}

/// Sends bytes to the exchange as they are; the answers' status lines.
async fn statuses(rig: &Rig, bytes: &str) -> Vec<String> {
    let address: SocketAddr = rig.rtb.trim_start_matches("http://").parse().unwrap();
    let answer = raw(address, bytes.as_bytes(), Duration::from_secs(30)).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let lines = answer.split("HTTP/1.1 ").skip(1);
    lines.map(|line| line.chars().take(3).collect()).collect()
}

#[tokio::test]
async fn c_4_only_a_body_that_is_too_large_closes_the_connection() {
    let dsp = Dsp::bidding(BID);
    let rig = Rig::start(&[("alpha", format!("{}/bid", dsp.server.url))]).await;
    let last = "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    #[rustfmt::skip]
    let rows = [
        ("malformed", "POST", "content-length: 3\r\n\r\nimp", "400"),
        ("another type", "POST", "content-type: text/xml\r\ncontent-length: 2\r\n\r\n{}", "415"),
        ("another encoding", "POST", "content-encoding: br\r\ncontent-length: 2\r\n\r\n{}", "415"),
        ("another method", "GET", "\r\n", "405"),
        ("a tmax that is too short", "POST", "content-length: 52\r\n\r\n{\"id\":\"s-1\",\"tmax\":9,\"imp\":[{\"id\":\"1\",\"banner\":{}}]}", "204"),
    ];
    for (case, method, rest, status) in rows {
        let first = format!("{method} /openrtb2/auction HTTP/1.1\r\nhost: x\r\n{rest}");
        let got = statuses(&rig, &format!("{first}{last}")).await;
        assert_eq!(got, [status, "200"], "{case}");
    }
    let large = "POST /openrtb2/auction HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n";
    assert_eq!(statuses(&rig, &format!("{large}{last}")).await, ["413"]);
}

#[tokio::test]
async fn s_5_accounts_of_the_catalog_have_keys_quotas_and_a_switch() {
    let dsp = Dsp::bidding(BID);
    let publishers = json!([
        ssp("ssp-one", "k1", &json!({"owner": true})),
        ssp("ssp-two", "k2", &json!({"qps": 1})),
        ssp("ssp-off", "k3", &json!({"status": "off"})),
        {"id": "paper", "name": "Paper", "domain": "paper.example", "fee": 0},
    ]);
    let rig = Rig::selling(&publishers, &partners(&dsp), &[]).await;
    let ask =
        async |key: &'static str| rig.auction_with(&banner(""), &[("x-gavel-key", key)]).await;
    let reason = |answer: &Answer| answer.header("x-shed-reason").map(str::to_owned);

    let _ = ask("k1").await.expect_status(200);
    let chain = &dsp.last_asked().json()["source"]["schain"];
    assert_eq!(
        (&chain["complete"], &chain["nodes"][0]["sid"]),
        (&json!(1), &json!("ssp-one")),
        "C-145"
    );
    for key in ["", "k4", "K1"] {
        let refused = ask(key).await.expect_status(401);
        assert_eq!(
            refused.header("content-type"),
            Some("application/problem+json"),
            "{key}"
        );
        let wanted = refused.header("www-authenticate");
        assert_eq!(wanted, Some(r#"Key header="x-gavel-key""#), "{key}");
        let told = refused.text();
        assert!(
            told.contains("x-gavel-key") && !told.contains("bearer"),
            "{told}"
        );
    }
    let refused = rig
        .auction_with(&banner(""), &[("origin", "https://paper.example")])
        .await;
    let refused = refused.expect_status(401);
    assert_eq!(
        refused.header("access-control-allow-origin"),
        Some("https://paper.example")
    );
    let by_query = rig.url("/openrtb2/auction?key=k1");
    let _ = send(Method::POST, &by_query, &[], banner(""))
        .await
        .expect_status(200);
    let preflight = [
        ("origin", "https://paper.example"),
        ("access-control-request-method", "POST"),
    ];
    let _ = send(
        Method::OPTIONS,
        &rig.url("/openrtb2/auction"),
        &preflight,
        "",
    )
    .await
    .expect_status(204);

    // Refused before its body is read: the body never comes.
    let head = "POST /openrtb2/auction HTTP/1.1\r\nhost: x\r\nx-gavel-key: k4\r\ncontent-length: 99000\r\n\r\n";
    assert_eq!(statuses(&rig, head).await, ["401"]);
    let before = dsp.times_asked();

    let off = ask("k3").await.expect_status(204);
    assert_eq!(reason(&off).as_deref(), Some("source_off"));
    assert!(off.header("x-gavel-auction-id").is_some(), "R22");
    let mut reasons = Vec::new();
    for _ in 0..50 {
        reasons.extend(reason(&ask("k2").await));
    }
    assert!(
        !reasons.is_empty() && reasons.iter().all(|it| it == "quota"),
        "{reasons:?}"
    );
    assert!(
        dsp.times_asked() < before + 50,
        "nobody was asked for those"
    );
    assert_eq!(
        reason(&ask("k1").await),
        None,
        "R24: the other one loses nothing"
    );

    // The kill switch, a new key and a key that is taken back: with the next catalog.
    rig.control_plane.publish(|catalog| {
        let mut accounts = catalog
            .publishers
            .iter_mut()
            .filter_map(|it| it.account.as_mut());
        accounts.next().unwrap().status = AccountStatus::Off;
        accounts.next().unwrap().keys[0].digest = KeyDigest::of("k5");
        accounts.next().unwrap().status = AccountStatus::Live;
    });
    poll_until(PATIENCE, async || {
        reason(&ask("k1").await).as_deref() == Some("source_off")
    })
    .await;
    let _ = ask("k2").await.expect_status(401);
    let _ = ask("k3").await.expect_status(200);
    assert_ne!(
        ask("k5").await.status,
        401,
        "known, within its quota or not"
    );

    let sellers = get(&rig.url("/sellers.json"))
        .await
        .expect_status(200)
        .json();
    let kinds: Vec<_> = sellers["sellers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["seller_type"].clone())
        .collect();
    assert_eq!(
        kinds,
        ["PUBLISHER", "INTERMEDIARY", "INTERMEDIARY", "PUBLISHER"]
    );
    assert_eq!(sellers.get("contact_email"), None, "nobody is configured");
    for seller in sellers["sellers"].as_array().unwrap() {
        let id = seller["seller_id"].as_str().unwrap();
        let url = rig.url(&format!("/sellers/{id}/ads-txt"));
        let told = get(&url).await.expect_status(200).json();
        let relation = match seller["seller_type"].as_str().unwrap() {
            "PUBLISHER" => "DIRECT",
            _ => "RESELLER",
        };
        let line = format!("exchange.gavel.example, {id}, {relation}");
        assert_eq!(told["lines"][0]["line"], line, "{told:#}");
        assert_eq!(told["domain"], seller["domain"], "{told:#}");
    }
    for path in ["/sellers/nobody/ads-txt", "/sellers/ads-txt", "/sellers/a"] {
        let _ = get(&rig.url(path)).await.expect_status(404);
    }
    for seller in sellers["sellers"].as_array().unwrap() {
        let named = seller.get("name").is_some() && seller.get("domain").is_some();
        let confidential = seller["is_confidential"] == 1;
        assert!(named != confidential, "{seller}");
    }
}

#[tokio::test]
async fn without_accounts_only_loopback_is_open() {
    let dsp = Dsp::bidding(BID);
    let rig = Rig::configured(
        &[("alpha", format!("{}/bid", dsp.server.url))],
        &[("listen", "0.0.0.0:8004")],
    )
    .await;
    let refused = rig.auction(&banner("")).await.expect_status(401);
    assert!(refused.text().contains("x-gavel-key"), "{refused}");
}

#[tokio::test]
async fn what_an_account_asks_for_holds_where_its_request_says_nothing() {
    let dsp = Dsp::bidding(BID);
    let mut account = ssp(
        "ssp-one",
        "k1",
        &json!({
            "tmax_ms": 400, "auction_type": "second_price", "bid_currency": "USD", "floor": 2_000_000, "floor_currency": "USD",
        }),
    );
    account["badv"] = json!(["rival.example"]);
    account["bapp"] = json!(["com.rival"]);
    account["battr"] = json!([3]);
    let testing = ssp("ssp-two", "k2", &json!({"status": "testing"}));
    let rig = Rig::selling(&json!([account, testing]), &partners(&dsp), &[]).await;
    let bare = r#"{"id":"r","imp":[{"id":"1","banner":{"format":[{"w":300,"h":250}]}}]}"#;
    // The account's floor is above the bid.
    let answer = rig
        .auction_with(bare, &[("x-gavel-key", "k1")])
        .await
        .expect_status(204);
    let asked = dsp.last_asked().json();
    assert_eq!((&asked["at"], &asked["cur"]), (&json!(2), &json!(["USD"])));
    assert_eq!(
        (
            &asked["imp"][0]["bidfloor"],
            &asked["imp"][0]["bidfloorcur"]
        ),
        (&json!(2), &json!("USD"))
    );
    assert_eq!(
        (&asked["badv"], &asked["bapp"]),
        (&json!(["rival.example"]), &json!(["com.rival"]))
    );
    assert_eq!(asked["imp"][0]["banner"]["battr"], json!([3]));
    let record = rig.record(&answer).await;
    assert_eq!(record["bids"][0]["loss"]["code"], 100, "{record}");
    assert_eq!(record["request"]["tmax_ms"], 400, "{record}");

    let own = banner(r#""badv":["shop.example"],"#);
    let answer = rig
        .auction_with(&own, &[("x-gavel-key", "k1")])
        .await
        .expect_status(204);
    assert_eq!(
        dsp.last_asked().json()["badv"],
        json!(["shop.example", "rival.example"])
    );
    assert_eq!(
        rig.record(&answer).await["bids"][0]["loss"]["code"],
        205,
        "X-41: both lists count"
    );

    let answer = rig
        .auction_with(&banner(""), &[("x-gavel-key", "k2")])
        .await
        .expect_status(200);
    assert_eq!(dsp.last_asked().json()["test"], 1, "X-79");
    assert_eq!(rig.record(&answer).await["request"]["test"], true);
}

#[tokio::test]
async fn the_connection_tells_what_a_browser_leaves_out() {
    let dsp = Dsp::start(|_| None);
    let mut database = Database::default();
    database.insert(
        "192.0.2.0/24",
        &map(vec![("country_code", text("FR")), ("city", text("Lyon"))]),
    );
    let path = std::env::temp_dir().join(format!("intake-{}.mmdb", std::process::id()));
    std::fs::write(&path, database.bytes()).unwrap();
    let rig = Rig::configured(
        &[("alpha", format!("{}/bid", dsp.server.url))],
        &[
            ("trusted_proxies", r#"["127.0.0.0/8", "10.0.0.0/8"]"#),
            ("geo_database", path.to_str().unwrap()),
        ],
    )
    .await;
    // What a browser's prebid client sends: no at, no cur, format alone, ext.prebid, ext.tmaxmax.
    let prebid = r#"{"id":"p-1","imp":[{"id":"1","ext":{"prebid":{"bidder":{"gavel":{}}}},"banner":{"format":[{"w":300,"h":250}]}}],"ext":{"tmaxmax":1000,"prebid":{"channel":{"name":"pbjs"}}},"tmax":900}"#;
    let ask = async |headers: &[(&str, &str)], body: &str| {
        let mut all = vec![
            ("origin", "https://paper.example"),
            ("content-type", "text/plain"),
            ("user-agent", CHROME),
        ];
        all.extend_from_slice(headers);
        let _ = send(
            Method::POST,
            &rig.url("/openrtb2/auction"),
            &all,
            body.to_owned(),
        )
        .await
        .expect_status(200);
        dsp.last_asked().json()
    };
    let asked = ask(
        &[
            ("x-forwarded-for", "1.1.1.1, 192.0.2.7, 10.1.2.3"),
            ("sec-gpc", "0"),
        ],
        prebid,
    )
    .await;
    let want = json!({"ip": "192.0.2.7", "ua": CHROME, "geo": {"country": "FRA", "city": "Lyon", "type": 2}});
    assert_eq!(asked["device"], want);
    assert_eq!(asked["ext"]["tmaxmax"], 1000, "C-22");
    assert_eq!(asked.get("regs"), None);
    let asked = ask(
        &[
            ("forwarded", "for=\"[2001:db8::7]:4711\""),
            ("sec-gpc", "1"),
        ],
        prebid,
    )
    .await;
    assert_eq!(
        asked["regs"],
        json!({"ext": {"gpc": "1"}}),
        "passed on as it was said"
    );
    assert_eq!(asked["device"]["ipv6"], "2001:db8::", "S11: and obeyed");

    // What the request says itself stays as it is.
    let said = banner(r#""device":{"ip":"192.0.2.9","ua":"own","geo":{"country":"DEU"}},"#);
    let asked = ask(&[("x-forwarded-for", "192.0.2.7")], &said).await;
    assert_eq!(
        asked["device"],
        json!({"ip": "192.0.2.9", "ua": "own", "geo": {"country": "DEU"}})
    );
    // A server's user agent and address say nothing of the device, whoever forwards for it.
    for more in [&[][..], &[("x-forwarded-for", "192.0.2.7")]] {
        let mut headers = vec![("user-agent", "ssp/1.0")];
        headers.extend_from_slice(more);
        let answer = rig.auction_with(&banner(""), &headers).await;
        let _ = answer.expect_status(204);
        assert_eq!(dsp.last_asked().json().get("device"), None, "{more:?}");
    }
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn x_111_traffic_that_no_person_makes_is_not_offered() {
    let dsp = Dsp::bidding(BID);
    let path = std::env::temp_dir().join(format!("data-centres-{}.txt", std::process::id()));
    std::fs::write(&path, "# a cloud\n203.0.113.0/24\n").unwrap();
    let rig = Rig::configured(
        &[("alpha", format!("{}/bid", dsp.server.url))],
        &[
            ("traffic.data_centres", path.to_str().unwrap()),
            ("trusted_proxies", r#"["127.0.0.0/8"]"#),
        ],
    )
    .await;
    std::fs::remove_file(&path).unwrap();
    // An SSP's server may well be in a data centre: that is not where the person is.
    let forwarded = [("x-forwarded-for", "203.0.113.9")];
    let _ = rig
        .auction_with(&banner(""), &forwarded)
        .await
        .expect_status(200);
    let device = |ua: &str, ip: &str| banner(&format!(r#""device":{{"ua":"{ua}","ip":"{ip}"}},"#));
    let origin = [("origin", "https://paper.example")];
    for (ua, ip, reason, nbr) in [
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1)",
            "192.0.2.1",
            "crawler",
            3,
        ),
        (IPHONE, "203.0.113.9", "data_centre", 5),
    ] {
        let answer = rig.auction(&device(ua, ip)).await.expect_status(204);
        let record = rig.record(&answer).await;
        assert_eq!(
            (&record["reason"], &record["request_id"]),
            (&json!(reason), &json!("req-1"))
        );
        let request = &record["request"];
        assert_eq!(
            (
                &request["imps"][0]["id"],
                &request["at"],
                request["tmax_ms"].as_u64() > Some(0)
            ),
            (&json!("1"), &json!(1), true),
            "what was read is told: {record:#}"
        );
        assert_eq!(record["catalog_version"], 1);
        let answer = rig
            .auction_with(&device(ua, ip), &origin)
            .await
            .expect_status(200);
        assert_eq!(
            answer.json(),
            json!({"id": "req-1", "nbr": nbr}),
            "{reason}"
        );
        let metrics = get(&rig.url("/metrics")).await.text();
        let line = format!(r#"gavel_invalid_traffic_total{{reason="{reason}"}} 2"#);
        assert!(metrics.contains(&line), "{line}");
    }
    assert_eq!(dsp.times_asked(), 1);
    let _ = rig
        .auction(&device(IPHONE, "192.0.2.1"))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn c_145_sellers_that_ads_txt_does_not_name_are_not_auctioned() {
    let dsp = Dsp::bidding(BID);
    let publishers = json!([
        ssp("off", "k-off", &json!({})),
        ssp("known", "k-known", &json!({"ads_txt": "known"})),
        ssp("strict", "k-strict", &json!({"ads_txt": "strict"})),
    ]);
    let rig = Rig::selling(&publishers, &partners(&dsp), &[("domain", "us.example")]).await;
    rig.control_plane.publish(|catalog| {
        for seller in ["off", "known", "strict"] {
            for (domain, verdict) in [
                ("paper.example", Authorisation::Reseller),
                ("own.example", Authorisation::Direct),
                ("fake.example", Authorisation::NotListed),
            ] {
                catalog.seller_verdicts.push(SellerVerdict {
                    id: format!("{seller}:{domain}"),
                    domain: domain.into(),
                    system: "us.example".into(),
                    seller_id: seller.into(),
                    verdict,
                });
            }
        }
    });
    let request = |domain: &str| banner(&format!(r#""site":{{"domain":"{domain}"}},"#));
    let ask = async |key: &'static str, domain: &str| {
        let headers = [("x-gavel-key", key), ("origin", "https://paper.example")];
        rig.auction_with(&request(domain), &headers)
            .await
            .expect_status(200)
            .json()["nbr"]
            .as_i64()
    };
    poll_until(PATIENCE, async || {
        ask("k-known", "fake.example").await == Some(12)
    })
    .await;
    for (key, domain, nbr) in [
        ("k-off", "fake.example", None),
        ("k-known", "paper.example", None),
        ("k-known", "other.example", None),
        ("k-strict", "own.example", None),
        // It sells for others and does not say for whom.
        ("k-strict", "paper.example", Some(16)),
        ("k-strict", "fake.example", Some(12)),
        ("k-strict", "other.example", Some(11)),
    ] {
        assert_eq!(ask(key, domain).await, nbr, "{key} {domain}");
    }
    let metrics = get(&rig.url("/metrics")).await.text();
    assert!(metrics.contains(r#"gavel_unauthorised_total{reason="ads_txt_unknown"} 1"#));
}

#[tokio::test]
async fn creatives_are_sold_by_their_verdict_with_the_next_catalog() {
    // Losses 201 and 202, by the seller's policy, as verdicts come with the feed
    let dsp = Dsp::bidding(BID);
    let mut strict = ssp("strict", "k1", &json!({}));
    strict["creatives"] = json!("approved_only");
    let lenient = ssp("lenient", "k2", &json!({}));
    let rig = Rig::selling(&json!([strict, lenient]), &partners(&dsp), &[]).await;
    let fate = async |key: &'static str| {
        let answer = rig.auction_with(&banner(""), &[("x-gavel-key", key)]).await;
        let record = rig.record(&answer).await;
        (answer.status, record["bids"][0]["loss"]["code"].clone())
    };
    assert_eq!(fate("k1").await, (204, json!(201)));
    assert_eq!(fate("k2").await.0, 200);
    for (verdict, strict, lenient) in [
        ("approved", (200, json!(null)), 200),
        ("blocked", (204, json!(202)), 204),
    ] {
        let line = json!({"id": "kept-under", "partner": "alpha", "crid": "creative_1", "verdict": verdict});
        rig.control_plane.publish(|catalog| {
            catalog.verdicts = vec![serde_json::from_value(line.clone()).unwrap()];
        });
        poll_until(PATIENCE, async || {
            let (status, loss) = fate("k1").await;
            ((status, loss) == strict).then_some(())
        })
        .await;
        assert_eq!(fate("k2").await.0, lenient, "{verdict}");
    }
}
