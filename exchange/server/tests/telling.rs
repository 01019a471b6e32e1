//! What DSPs are told of their wins, how often, and what is counted of it.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod market;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use contracts::event::{DELIVERY_STREAM, DeliveryEvent, DeliveryFact, NOTICE_STREAM, NoticeEnd};
use contracts::record::AuctionNotices;
use eventlog::{EventLog, START, Timeouts};
use exchange::{BID, Dsp, Rig, banner, expect};
use market::{Market, PATIENCE, Script, tallied};
use serde_json::{Value, json};
use testkit::http::get;
use testkit::poll_until;

async fn rig(dsp: &Dsp, more: &[(&str, &str)]) -> Rig {
    Rig::configured(&[("alpha", format!("{}/bid", dsp.server.url))], more).await
}

/// A sale to an SSP: the bid of our answer, and its auction.
async fn sold(rig: &Rig, more: &str) -> (Value, String) {
    let answer = rig.auction(&banner(more)).await.expect_status(200);
    let auction = answer.header("x-gavel-auction-id").unwrap().to_owned();
    (answer.json()["seatbid"][0]["bid"][0].clone(), auction)
}

fn url<'b>(bid: &'b Value, name: &str) -> &'b str {
    bid[name].as_str().unwrap()
}

async fn status_of(url: &str) -> String {
    let answer = get(url).await.expect_status(200).json();
    answer["status"].as_str().unwrap().to_owned()
}

/// Kind and outcome of what is noted of an auction, sorted.
async fn noted(rig: &Rig, auction: &str) -> Vec<String> {
    let record = get(&rig.url(&format!("/auction/{auction}"))).await.json();
    let notices = record["notices"].as_array().unwrap().iter();
    let text = |notice: &Value, name: &str| notice[name].as_str().unwrap().to_owned();
    let told = notices.map(|it| format!("{} {}", text(it, "kind"), text(it, "outcome")));
    let mut told: Vec<String> = told.collect();
    told.sort();
    told
}

fn bidding(notices: &str) -> Dsp {
    let bid = format!(
        r#""price":1.5,"crid":"c","adomain":["shop.example"],"w":300,"h":250,"adm":"<b>x</b>",{notices}"#
    );
    Dsp::bidding(bid.leak())
}

#[tokio::test]
async fn s_8_notices_go_to_the_dsps_own_hosts_and_count_once_all_the_same() {
    // Local mode allows any address: nothing but the DSP's domains stands between.
    let (own, other) = ("http://alpha.example/n", "http://beta.example/n");
    let dsp = bidding(&format!(
        r#""nurl":"{other}","burl":"{other}","lurl":"{own}""#
    ));
    let partners = json!([{
        "id": "alpha", "name": "alpha", "endpoint": format!("{}/bid", dsp.server.url),
        "active": true, "domains": ["alpha.example"],
    }]);
    let rig = Rig::over(&partners, &[]).await;
    let (bid, auction) = sold(&rig, "").await;
    assert!(bid.get("lurl").is_some());
    let refused = ["bill refused_host", "win refused_host"];
    assert_eq!(noted(&rig, &auction).await, refused);
    for name in ["nurl", "burl"] {
        assert_eq!(status_of(url(&bid, name)).await, "accepted", "{name}");
        for repetition in 0..3 {
            let again = status_of(url(&bid, name)).await;
            assert_eq!(again, "duplicate", "B1: {name}, repetition {repetition}");
        }
    }
    let all = [
        "bill received",
        "bill refused_host",
        "win received",
        "win refused_host",
    ];
    assert_eq!(noted(&rig, &auction).await, all);
    let events = rig.events_url.clone();
    drop(rig);
    assert_eq!(tallied(&events, "alpha").await, (1, 0));
    let log = EventLog::connect(&events, Timeouts::default()).unwrap();
    let delivered = log.read_after(DELIVERY_STREAM, START, 10).await.unwrap();
    let event: DeliveryEvent = serde_json::from_slice(&delivered[0].payload).unwrap();
    assert_eq!(delivered.len(), 1);
    assert!(event.claims.refused, "reconcile tells it apart");
}

#[tokio::test]
async fn a_test_auctions_notices_count_once_too() {
    // X-79, B-50
    let dsp = Dsp::bidding(BID);
    let rig = rig(&dsp, &[]).await;
    let (bid, auction) = sold(&rig, r#""test":1,"#).await;
    assert_eq!(status_of(url(&bid, "burl")).await, "accepted");
    for _ in 0..3 {
        assert_eq!(status_of(url(&bid, "burl")).await, "duplicate");
    }
    assert_eq!(noted(&rig, &auction).await, ["bill received"]);
}

#[tokio::test]
async fn won_is_what_the_ssp_tells_first() {
    // A5: by the nurl, or by the first billable event where there is none
    let burl_alone = bidding(r#""burl":"{SELF}/bill""#);
    let both = Dsp::bidding(BID);
    for (says, dsp, calls) in [
        ("burl alone", &burl_alone, &["burl"][..]),
        ("nurl, then burl", &both, &["nurl", "burl"]),
        ("burl, then nurl", &both, &["burl", "nurl"]),
        ("nurl alone", &both, &["nurl"]),
        ("the SSP has a better one", &both, &["lurl"]),
    ] {
        let rig = rig(dsp, &[]).await;
        for _ in 0..3 {
            let (bid, _) = sold(&rig, "").await;
            for name in calls {
                expect(get(url(&bid, name)).await, 200);
            }
        }
        let events = rig.events_url.clone();
        drop(rig);
        let want = if calls == ["lurl"] { 0 } else { 3 };
        assert_eq!(tallied(&events, "alpha").await.0, want, "{says}");
    }
}

#[tokio::test]
async fn x_80_a_browsers_win_is_final_unless_somebody_upstream_decides() {
    for (source, wins_at_once) in [("", true), (r#""source":{"fd":1},"#, false)] {
        let dsp = Dsp::bidding(BID);
        let rig = rig(&dsp, &[]).await;
        let origin = [("origin", "https://page.example")];
        let answer = rig.auction_with(&banner(source), &origin).await;
        let bid = answer.expect_status(200).json()["seatbid"][0]["bid"][0].clone();
        assert!(bid.get("nurl").is_none(), "not beside markup");
        if wins_at_once {
            dsp.wait_told("/win").await;
        }
        expect(get(url(&bid, "burl")).await, 200);
        dsp.wait_told("/bill").await;
        let told_win = dsp.told().iter().any(|notice| notice.starts_with("/win"));
        assert_eq!(told_win, wins_at_once, "{source}");
        let events = rig.events_url.clone();
        drop(rig);
        assert_eq!(tallied(&events, "alpha").await.0, 1, "{source}");
    }
    let dsp = Dsp::bidding(BID);
    let rig = rig(&dsp, &[]).await;
    let origin = [("origin", "https://page.example")];
    let asked = banner(r#""source":{"fd":1},"#);
    expect(rig.auction_with(&asked, &origin).await, 200);
    let events = rig.events_url.clone();
    drop(rig);
    assert_eq!(
        tallied(&events, "alpha").await.0,
        0,
        "the page chose another"
    );
}

#[tokio::test]
async fn x_91_a_billing_notice_is_repeated_whatever_else_is_answered() {
    // R8: at least once, until it is over
    for status in [301, 302, 400, 403, 404, 410, 500, 503] {
        let dsp = bidding(r#""nurl":"{SELF}/win","burl":"{SELF}/bill""#);
        let rig = rig(&dsp, &[]).await;
        *dsp.notice_status.lock().unwrap() = status;
        let (bid, auction) = sold(&rig, "").await;
        expect(get(url(&bid, "burl")).await, 200);
        poll_until(PATIENCE, async || dsp.told().len() >= 3).await;
        *dsp.notice_status.lock().unwrap() = 204;
        poll_until(PATIENCE, async || {
            noted(&rig, &auction).await == ["bill received", "bill sent"]
        })
        .await;
        // Once it is taken it is over.
        let told = dsp.told().len();
        let (other, _) = sold(&rig, "").await;
        expect(get(url(&other, "burl")).await, 200);
        poll_until(PATIENCE, async || dsp.told().len() > told).await;
        assert_eq!(dsp.told().len(), told + 1, "{status}");
    }
    // What moves no money is not repeated after a refusal.
    let dsp = bidding(r#""nurl":"{SELF}/win","burl":"{SELF}/bill""#);
    let rig = rig(&dsp, &[]).await;
    *dsp.notice_status.lock().unwrap() = 404;
    let (bid, auction) = sold(&rig, "").await;
    expect(get(url(&bid, "nurl")).await, 200);
    poll_until(PATIENCE, async || {
        noted(&rig, &auction).await == ["win received", "win refused"]
    })
    .await;
    assert_eq!(dsp.told().len(), 1);
}

#[tokio::test]
async fn x_91_nor_does_it_matter_why_there_is_no_answer() {
    // Garbage, then a connection that ends at once, then 204; over TLS nothing that could be secured.
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let at = listener.local_addr().unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let call = count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4_096]);
            let says: &[u8] = match call {
                0 => b"no HTTP at all\r\n\r\n",
                1 => b"",
                _ => b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
            };
            let _ = stream.write_all(says);
        }
    });
    let dsp = bidding(&format!(r#""burl":"http://{at}/bill""#));
    let plain = rig(&dsp, &[]).await;
    let (bid, auction) = sold(&plain, "").await;
    expect(get(url(&bid, "burl")).await, 200);
    poll_until(PATIENCE, async || {
        noted(&plain, &auction).await == ["bill received", "bill sent"]
    })
    .await;
    assert_eq!(calls.load(Ordering::SeqCst), 3);

    let dsp = bidding(&format!(r#""burl":"https://{at}/bill""#));
    let secured = rig(&dsp, &[]).await;
    let (bid, _) = sold(&secured, "").await;
    expect(get(url(&bid, "burl")).await, 200);
    poll_until(PATIENCE, async || calls.load(Ordering::SeqCst) >= 6).await;
}

#[tokio::test]
async fn r_8_a_billing_notice_that_nobody_takes_ends_with_its_life() {
    let dsp = bidding(r#""burl":"{SELF}/bill""#);
    let short = [("notice_ttl", "400ms"), ("outbox_retry", "100ms")];
    let rig = rig(&dsp, &short).await;
    *dsp.notice_status.lock().unwrap() = 404;
    let (bid, auction) = sold(&rig, "").await;
    expect(get(url(&bid, "burl")).await, 200);
    poll_until(PATIENCE, async || {
        noted(&rig, &auction).await == ["bill expired", "bill received"]
    })
    .await;
    let log = EventLog::connect(&rig.events_url, Timeouts::default()).unwrap();
    let delivered = log.read_after(DELIVERY_STREAM, START, 10).await.unwrap();
    let last: DeliveryEvent = serde_json::from_slice(&delivered[1].payload).unwrap();
    assert_eq!(last.fact, DeliveryFact::Notified(NoticeEnd::Expired));
    let metrics = get(&rig.url("/metrics")).await.text();
    assert!(metrics.contains(r#"gavel_notices_total{kind="bill",outcome="expired"} 1"#));
}

#[tokio::test]
async fn x_92_every_notice_says_whose_device_it_was() {
    let device = r#""device":{"ip":"198.51.100.77","ua":"Agent/1"},"#;
    let child = format!(r#"{device}"regs":{{"coppa":1}},"#);
    let test = format!(r#"{device}"test":1,"#);
    for (says, request, ip) in [
        ("as asked", device, "198.51.100.77"),
        ("cut as in the bid request", &*child, "198.51.100.0"),
        ("a test", &*test, "198.51.100.77"),
    ] {
        for name in ["nurl", "burl", "lurl"] {
            if says == "a test" && name == "burl" {
                continue;
            }
            let dsp = Dsp::bidding(BID);
            let rig = rig(&dsp, &[]).await;
            let (bid, _) = sold(&rig, request).await;
            expect(get(url(&bid, name)).await, 200);
            let headers = dsp.wait_told_headers(1).await;
            let text = |name: &str| headers[0][name].to_str().unwrap();
            assert_eq!(text("x-forwarded-for"), ip, "{says}: {name}");
            assert_eq!(text("x-device-user-agent"), "Agent/1", "{says}: {name}");
        }
    }
}

/// A document as it is told from the auction's record.
fn without_times(mut document: Value) -> Value {
    let members = document.as_object_mut().unwrap();
    for times in ["duration_ms", "waterfall"] {
        members.remove(times).unwrap();
    }
    members.insert("settled_again".into(), true.into());
    members.insert("notices".into(), json!([]));
    for dsp in members["dsps"].as_array_mut().unwrap() {
        let call = dsp.as_object_mut().unwrap();
        call.retain(|name, _| !name.ends_with("_ms"));
    }
    document
}

#[tokio::test]
async fn x_113_what_came_later_is_told_to_the_control_plane_and_read_there() {
    let dsp = Dsp::bidding(BID);
    let rig = rig(&dsp, &[("records", "1")]).await;
    let (bid, auction) = sold(&rig, "").await;
    let path = format!("/auction/{auction}");
    let told = get(&rig.url(&path)).await.expect_status(200).json();
    let (_, newest) = sold(&rig, "").await;
    // Nobody was told of it yet: settled again from its record.
    let again = rig.record_of(&auction).await;
    assert_eq!(again, without_times(told));
    expect(get(url(&bid, "burl")).await, 200);
    let document = json!({"id": auction, "notices": [{"kind": "bill"}]});
    rig.control_plane.record(&auction, &document.to_string());
    let older = get(&rig.url(&path)).await.expect_status(200);
    assert_eq!(older.json(), document);
    let from_memory = get(&rig.url(&format!("/auction/{newest}"))).await;
    assert_eq!(from_memory.expect_status(200).json()["id"], newest);

    let log = EventLog::connect(&rig.events_url, Timeouts::default()).unwrap();
    let told = poll_until(PATIENCE, async || {
        let entries = log.read_after(NOTICE_STREAM, START, 100).await.unwrap();
        let read = |payload: &[u8]| serde_json::from_slice::<AuctionNotices>(payload).unwrap();
        let all = entries
            .iter()
            .flat_map(|entry| read(&entry.payload).notices);
        let of_it = all.filter(|it| it.auction.to_string() == auction);
        let told: Vec<_> = of_it.map(|it| (it.kind, it.outcome)).collect();
        (told.len() >= 2).then_some(told)
    })
    .await;
    let kinds: Vec<(&str, &str)> = told.iter().map(|(kind, out)| (&**kind, &**out)).collect();
    assert_eq!(kinds, [("bill", "received"), ("bill", "sent")]);
}

#[tokio::test]
async fn x_113_x_93_a_forfeit_is_told_from_its_record_as_it_is_from_memory() {
    // The win notice is answered 204: there is no markup.
    let dsp = Dsp::bidding(
        r#""price":2,"w":300,"h":250,"crid":"c","adomain":["shop.example"],"nurl":"{SELF}/serve""#,
    );
    let rig = rig(&dsp, &[("records", "1")]).await;
    rig.place("top");
    let unsold = rig.ad("top").await.expect_status(204);
    let told = rig.record(&unsold).await;
    assert_eq!(
        (&told["outcome"], &told["bids"][0]["outcome"]),
        (&json!("no_bid"), &json!("forfeit"))
    );
    let _newest = sold(&rig, "").await;
    let again = rig.record(&unsold).await;
    assert_eq!(again, without_times(told));
}

#[tokio::test]
async fn pages_reports_are_counted_where_they_are_made() {
    let market = Market::start(Script::Bid("2")).await;
    let metrics = async || get(&market.ssp("/metrics")).await.expect_status(200).text();
    let accepted = r#"gavel_notices_total{kind="impression",outcome="accepted"}"#;
    assert!(metrics().await.contains(&format!("{accepted} 0")));
    let ad = market.ad("top").await;
    let impression = ad["tracking"]["impression_url"].as_str().unwrap();
    expect(get(impression).await, 200);
    let told = metrics().await;
    assert!(told.contains(&format!("{accepted} 1")), "{told}");
    assert!(told.contains("gavel_revenue_nanos_total 2000000"), "{told}");
    // A token of another kind is ours, and says so.
    let token = impression.split_once("t=").unwrap().1;
    let wrong = get(&market.ssp(&format!("/view?t={token}"))).await;
    assert_eq!(wrong.expect_status(403).json()["code"], "wrong_kind");
    let wrong = get(&market.rtb(&format!("/notice/bill?t={token}"))).await;
    assert_eq!(wrong.expect_status(403).json()["code"], "wrong_kind");
}
