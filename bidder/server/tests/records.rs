//! Decisions of a running bidder, recorded and made again.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod house;
#[path = "../../core/tests/shop/mod.rs"]
mod shop;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bidder_server::records::{Again, again, find};
use house::{House, OPERATOR};
use serde_json::{Value, json};
use units::AuctionId;

const PATIENCE: Duration = Duration::from_secs(20);

fn catalog() -> contracts::catalog::Catalog {
    let cap = json!([{"scope": "campaign", "count": 2, "window": {"sliding_seconds": 3_600}}]);
    shop::catalog(&[
        json!({"id": "card", "cpm": 1.0, "max_cpm": 30.0}),
        json!({"id": "video15", "cpm": 3.0, "max_cpm": 40.0, "creative": {"format": "video", "media_url": "https://cdn.example/v15.mp4", "duration_seconds": 15}}),
        json!({"id": "audio30", "cpm": 2.0, "max_cpm": 20.0, "creative": {"format": "audio", "media_url": "https://cdn.example/a30.mp3", "duration_seconds": 30}}),
        json!({"id": "native", "cpm": 1.5, "creative": {"format": "native", "assets": {
            "title": "Spring", "description": "Twenty percent", "sponsored": "Shop", "image": {"url": "https://cdn.example/i.png", "width": 1200, "height": 627},
        }}}),
        json!({"id": "deal", "cpm": 1.0, "max_cpm": 30.0, "targeting": {"deals": ["D-FIX-7"]}}),
        json!({"id": "capped", "cpm": 5.0, "caps": cap, "targeting": {"interests": ["technology"]}}),
        // Money for a bid or two in each batch of leases: some decisions find none left.
        json!({"id": "dear", "cpm": 200.0, "max_cpm": 220.0, "targeting": {"countries": ["FR"]}}),
    ])
}

fn auction(answer: &testkit::http::Answer) -> AuctionId {
    AuctionId::parse(answer.header("x-gavel-auction-id").unwrap()).unwrap()
}

/// The record of a decision, once it is written.
async fn recorded(data: &Path, id: AuctionId) -> Again {
    testkit::poll_until(PATIENCE, async || find(data, id).is_ok()).await;
    again(data, id).unwrap()
}

#[tokio::test]
async fn every_decision_is_made_again_bit_for_bit() {
    let house = House::open(catalog(), &[("records.one_in", "1")]).await;
    let users = userstate::UserState::connect(&house.redis.state_url, userstate::Budget::default())
        .unwrap();
    let profile =
        serde_json::from_value(json!({"user_id": "u1", "interests": ["technology"]})).unwrap();
    users.put_profile(&profile).await.unwrap();
    let mut asked: Vec<(String, AuctionId, Option<Value>)> = Vec::new();
    let mut ask = async |says: String, version: &str, body: String| {
        let answer = house
            .post("/bid", &[("x-openrtb-version", version)], body)
            .await;
        let sent = (answer.status == 200).then(|| answer.json());
        asked.push((says, auction(&answer), sent));
    };
    for number in 1..=16 {
        let (request, _) = testkit::fixtures::openrtb(number);
        for version in ["2.5", "2.6"] {
            ask(
                format!("example {number} in {version}"),
                version,
                request.clone(),
            )
            .await;
        }
    }
    for turn in 0..4 {
        let request = shop::request(json!({"user": {"id": "u1"}}));
        ask(format!("capped, turn {turn}"), "2.6", request.to_string()).await;
        let request =
            shop::request(json!({"device": {"devicetype": 2, "geo": {"country": "FRA"}}}));
        ask(format!("dear, turn {turn}"), "2.6", request.to_string()).await;
    }
    #[rustfmt::skip]
    let no_bids = [
        ("a crawler", json!({"device": {"ua": "Googlebot/2.1"}}), false),
        ("another seat", json!({"wseat": ["other"]}), true),
        ("nothing in this size", json!({"imp": [{"id": "1", "video": {"mimes": ["video/x"], "w": 1, "h": 1}}]}), true),
        ("under the floor", json!({"imp": [{"id": "1", "bidfloor": 900.0, "banner": {"w": 300, "h": 250}}]}), true),
    ];
    for (says, differs, is_decided) in no_bids {
        if is_decided {
            ask(says.to_owned(), "2.6", shop::request(differs).to_string()).await;
        }
    }
    let (mut bids, mut capped, mut funds) = (0, 0, 0);
    for (says, id, sent) in &asked {
        let again = recorded(&house.data, *id).await;
        assert_eq!(again.differences, [], "{says}");
        let outcome = &again.recorded.outcome;
        let recorded: Option<Value> = outcome
            .response
            .as_deref()
            .map(|it| serde_json::from_str(it).unwrap());
        let sent = sent.as_ref().filter(|it| it.get("seatbid").is_some());
        assert_eq!(
            recorded.as_ref(),
            sent,
            "{says}: what was sent is what is recorded"
        );
        bids += usize::from(sent.is_some());
        capped += outcome
            .refusals
            .iter()
            .filter(|it| it.rule == "cap_met")
            .count();
        funds += again.recorded.seen.funds.len();
    }
    assert!(bids >= 28, "{bids} of {} answers are bids", asked.len());
    assert!(
        capped > 0 && funds > bids,
        "{capped} capped, {funds} asked for money"
    );
}

#[tokio::test]
async fn what_is_refused_before_it_is_matched_is_recorded_and_told_again() {
    let keyed = [
        ("records.one_in", "1"),
        ("sources.on.key", "k1"),
        ("sources.off.key", "k2"),
        ("sources.off.active", "false"),
        ("sources.slow.key", "k3"),
        ("sources.slow.qps", "1"),
    ];
    let house = House::open(catalog(), &keyed).await;
    let request = |differs: Value| shop::request(differs).to_string();
    let child = json!({"at": 7, "regs": {"coppa": 1}, "user": {"id": "canary"}});
    #[rustfmt::skip]
    let cases = [
        ("a crawler", "k1", request(json!({"device": {"ua": "Googlebot/2.1"}})), "crawler"),
        ("an auction type", "k1", request(json!({"at": 7})), "unknown_auction_type"),
        ("a currency", "k1", request(json!({"cur": ["XAU"]})), "unknown_currency"),
        ("site and app", "k1", request(json!({"app": {"bundle": "com.a"}})), "invalid_request"),
        ("too little time", "k1", request(json!({"tmax": 9})), "too_little_time"),
        ("no time", "k1", request(json!({"tmax": 0})), "too_little_time"),
        ("no imp to show anything on", "k1", request(json!({"imp": [{"id": "1"}]})), "invalid_request"),
        ("no JSON", "k1", "{\"user\":{\"id\":\"canary\"".to_owned(), "invalid_request"),
        ("a child's", "k1", request(child), "unknown_auction_type"),
        ("a source that is off", "k2", request(json!({})), "source_off"),
    ];
    let mut asked = Vec::new();
    for (says, key, body, reason) in cases {
        let answer = house.post("/bid", &[("x-gavel-key", key)], body).await;
        asked.push((says, auction(&answer), reason));
    }
    let mut refused = None;
    for _ in 0..50 {
        let key = [("x-gavel-key", "k3")];
        let answer = house.post("/bid", &key, request(json!({}))).await;
        if answer.header("x-shed-reason").is_some() {
            refused = Some(auction(&answer));
            break;
        }
    }
    asked.push(("a quota", refused.unwrap(), "quota"));
    for (says, id, reason) in asked {
        let again = recorded(&house.data, id).await;
        assert_eq!(again.differences, [], "{says}");
        let Again { recorded, .. } = again;
        assert_eq!(recorded.outcome.no_bid.as_deref(), Some(reason), "{says}");
        let source = recorded.seen.source.name;
        let want = match reason {
            "source_off" => "off",
            "quota" => "slow",
            _ => "on",
        };
        assert_eq!(source, want, "{says}");
    }
    for (path, text) in files(&house.data.join("records/decisions")) {
        assert!(!text.contains("canary"), "{}", path.display());
    }
}

#[tokio::test]
async fn what_shared_lists_answered_is_recorded_with_the_decision() {
    use contracts::catalog::{List, ListKind};
    let mut catalog = shop::catalog(&[
        json!({"id": "everywhere", "cpm": 1.0}),
        json!({"id": "listed", "cpm": 5.0, "targeting": {"lists": ["news"]}}),
        json!({"id": "not_listed", "cpm": 9.0, "targeting": {"lists": {"exclude": ["bad"]}}}),
        json!({"id": "waits", "cpm": 9.5, "targeting": {"lists": ["late"]}}),
    ]);
    let list = |id: &str| List {
        id: id.into(),
        name: String::new(),
        kind: ListKind::Domain,
        version: 1,
        count: 1,
    };
    catalog.lists = vec![list("news"), list("bad"), list("late")];
    let house = House::open(catalog, &[("records.one_in", "1")]).await;
    {
        let mut lists = house.plane.lists.lock().unwrap();
        lists.insert(
            "news".to_owned(),
            (1, "news.example\nother.example".to_owned()),
        );
        lists.insert("bad".to_owned(), (1, "news.example".to_owned()));
    }
    let asked = |domain: &str| shop::request(json!({"site": {"domain": domain}}));
    let winner = async |domain: &str| {
        let answer = house.bid(&asked(domain)).await.expect_status(200);
        let cid = answer.json()["seatbid"][0]["bid"][0]["cid"].clone();
        (auction(&answer), cid.as_str().unwrap().to_owned())
    };
    testkit::poll_until(PATIENCE, async || {
        winner("sport.news.example").await.1 == "campaign_1"
    })
    .await;
    for (domain, campaign, held) in [
        ("sport.news.example", "campaign_1", &["news", "bad"][..]),
        ("other.example", "campaign_2", &["news"]),
        ("strange.example", "campaign_2", &[]),
    ] {
        let (id, won) = winner(domain).await;
        assert_eq!(won, campaign, "{domain}");
        let again = recorded(&house.data, id).await;
        assert_eq!(again.differences, [], "{domain}");
        let lists = &again.recorded.seen.lists;
        let holding: Vec<_> = lists
            .iter()
            .filter(|it| !it.holds.is_empty())
            .map(|it| it.id.as_str())
            .collect();
        assert_eq!(holding, held, "{domain}");
        assert_eq!(lists.len(), 2, "the third is not here");
    }
}

/// Every file below, with its text.
fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    };
    std::fs::read_dir(folder).unwrap().map(read).collect()
}

/// A file of one record with something written in place of something else, and its length told in its head.
fn altered(text: &str, that: &str, this: &str) -> String {
    let altered = text.replacen(that, this, 1);
    assert_ne!(altered, text);
    let head = text.lines().nth(1).unwrap();
    let seen = usize::from_str_radix(head.split(' ').nth(1).unwrap(), 16).unwrap();
    let told = format!(" {:08x} ", seen + this.len() - that.len());
    altered.replacen(&format!(" {seen:08x} "), &told, 1)
}

#[tokio::test]
async fn what_was_changed_is_found() {
    let two = [
        json!({"id": "one", "cpm": 2.0}),
        json!({"id": "two", "cpm": 2.0}),
    ];
    let house = House::open(shop::catalog(&two), &[("records.one_in", "1")]).await;
    let answer = house
        .bid(&shop::request(json!({})))
        .await
        .expect_status(200);
    let id = auction(&answer);
    assert_eq!(recorded(&house.data, id).await.differences, []);
    let pointers = || -> Vec<String> {
        let again = again(&house.data, id).unwrap();
        again.differences.into_iter().map(|it| it.pointer).collect()
    };
    let (path, text) = files(&house.data.join("records/decisions")).remove(0);

    // Another seed: the record was altered, and another bid comes of it.
    let at = text.find("\"seed\":\"").unwrap() + 8;
    let (before, rest) = text.split_at(at);
    let other = if rest.starts_with('0') { "1" } else { "0" };
    std::fs::write(&path, format!("{before}{other}{}", &rest[1..])).unwrap();
    let found = pointers();
    assert_eq!(found[0], "/digest");
    assert!(
        found.iter().any(|it| it == "/outcome/imps/0/choices/0/bid"),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|it| it.starts_with("/outcome/response/seatbid/0/bid/0/")),
        "{found:?}"
    );

    // Less money than the lease table had.
    std::fs::write(
        &path,
        altered(
            &text,
            "\"said\":\"enough\"",
            "\"said\":\"budget_exhausted\"",
        ),
    )
    .unwrap();
    let found = pointers();
    assert!(
        found.iter().any(|it| it.starts_with("/outcome/refusals/0")),
        "{found:?}"
    );

    // Another catalog under the same version.
    std::fs::write(&path, &text).unwrap();
    assert_eq!(pointers(), [""; 0]);
    {
        let mut catalog = house.plane.catalog.lock().unwrap();
        *catalog = shop::catalog(&[json!({"id": "three", "cpm": 2.0})]);
        catalog.version = 4;
    }
    testkit::poll_until(PATIENCE, async || {
        // The copy on disk follows the catalog in force, and the kept one was a link to it.
        let copy = std::fs::read_to_string(house.data.join("catalog.json")).unwrap();
        copy.contains("\"version\":4")
    })
    .await;
    assert_eq!(pointers(), [""; 0], "the catalog of the record is kept");
    let kept = house.data.join("records/catalogs/3.json");
    let mut other = shop::catalog(&[two[0].clone()]);
    other.published_at = units::UnixMillis(1);
    let text = serde_json::to_vec(&other).unwrap();
    service::feed::keep(&kept, &text).unwrap();
    let found = pointers();
    assert_eq!(found[0], "/catalog/sha256", "{found:?}");
    std::fs::remove_file(&kept).unwrap();
    let gone = again(&house.data, id).unwrap_err().to_string();
    assert!(gone.contains("version 3 is not kept"), "{gone}");
}

#[tokio::test]
async fn who_may_ask_for_a_record_and_what_is_never_in_it() {
    let keyed = [
        ("records.one_in", "0"),
        ("sources.ssp.key", "k1"),
        ("sources.lab.key", "k2"),
        ("sources.lab.debug", "true"),
    ];
    let house = House::open(catalog(), &keyed).await;
    let debug = json!({"ext": {"gavel": {"debug": true}}});
    let plain = json!({});
    type Headers = Vec<(&'static str, &'static str)>;
    #[rustfmt::skip]
    let cases: [(&str, &str, Headers, &Value, u16, bool); 6] = [
        ("nobody asked", "/bid?key=k1", vec![], &plain, 200, false),
        ("an operator", "/bid?key=k1&record=1", vec![OPERATOR], &plain, 200, true),
        ("a partner alone may not", "/bid?key=k1&record=1", vec![], &plain, 401, false),
        ("in the request, with an operator's token", "/bid?key=k1", vec![OPERATOR], &debug, 200, true),
        ("in the request, of a source that may", "/bid?key=k2", vec![], &debug, 200, true),
        ("in the request, of one that may not: ignored", "/bid?key=k1", vec![], &debug, 200, false),
    ];
    let mut ids = Vec::new();
    for (says, path, headers, differs, status, kept) in cases {
        let body = shop::request(differs.clone()).to_string();
        let answer = house.post(path, &headers, body).await;
        assert_eq!(answer.status, status, "{says}: {answer}");
        let has_ext = status == 200 && answer.json()["ext"]["gavel"]["explanation"].is_object();
        let wants_ext = kept && *differs == debug;
        assert_eq!(has_ext, wants_ext, "{says}: {answer}");
        ids.push((says, auction(&answer), kept));
    }
    // A child's request: ids, address and person are nowhere in the record, and it replays all the same.
    let canary = json!({
        "regs": {"coppa": 1},
        "user": {"id": "canary-1", "buyeruid": "canary-2", "yob": 2001, "keywords": "canary-3", "eids": [{"source": "s", "uids": [{"id": "canary-4"}]}],
            "ext": {"eids": [{"source": "s", "uids": [{"id": "canary-5"}]}]}},
        "device": {"devicetype": 2, "ifa": "canary-6", "ip": "203.0.113.77", "ipv6": "2001:db8::77", "didsha1": "canary-7", "geo": {"country": "USA"}},
    });
    let body = shop::request(canary).to_string();
    let answer = house.post("/bid?key=k1&record=1", &[OPERATOR], body).await;
    ids.push(("a child", auction(&answer.expect_status(200)), true));
    // Records are written in the order of the answers: with the last one, all are there.
    assert_eq!(recorded(&house.data, ids[6].1).await.differences, []);
    for (says, id, kept) in ids {
        assert_eq!(find(&house.data, id).is_ok(), kept, "{says}");
    }
    for (path, text) in files(&house.data.join("records/decisions")) {
        for word in ["canary", "203.0.113.77", "2001:db8::77", "\"yob\"", "yob"] {
            assert!(!text.contains(word), "{word} is in {}", path.display());
        }
    }
    let metrics = house.operator("/metrics").await.body;
    let metrics = String::from_utf8_lossy(&metrics);
    assert!(
        metrics.contains("gavel_decision_records_total{outcome=\"written\"} 4"),
        "{metrics}"
    );
}
