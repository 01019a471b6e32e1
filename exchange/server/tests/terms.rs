//! A seller's own terms, as the catalog has them: discounts, increments, soft floors, several bids for one imp.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod market;

use contracts::access::KeyDigest;
use exchange::{Dsp, Rig};
use exchange_server::records::{again, find};
use market::PATIENCE;
use serde_json::{Value, json};
use testkit::http::{Answer, post_json};
use units::AuctionId;

/// A DSP with a bid of each of these prices on imp `1`, each for a buyer of its own.
fn at_prices(prices: &'static [&'static str]) -> Dsp {
    Dsp::start(move |body| {
        let request: Value = serde_json::from_str(body).unwrap();
        let bids = prices.iter().map(|price| {
            format!(r#"{{"seat":"s-{price}","bid":[{{"id":"b-{price}","impid":"1","price":{price},"w":300,"h":250,"crid":"c-{price}","adm":"<b>x</b>"}}]}}"#)
        });
        let seats: Vec<String> = bids.collect();
        let (id, seats) = (&request["id"], seats.join(","));
        Some(format!(r#"{{"id":{id},"seatbid":[{seats}]}}"#))
    })
}

fn endpoint(dsp: &Dsp) -> String {
    format!("{}/bid", dsp.server.url)
}

/// An SSP with this key and these further members.
fn ssp(id: &str, account: &Value, more: &Value) -> Value {
    let mut ssp =
        json!({"id": id, "name": id, "domain": "ssp.example", "fee": 0, "account": account});
    ssp["account"]["keys"] = json!([{"id": "k", "digest": KeyDigest::of(id), "made_at": 0}]);
    for (name, value) in more.as_object().unwrap() {
        ssp[name] = value.clone();
    }
    ssp
}

/// Ids and prices of an answer's bids, in its order.
fn bids(answer: &Answer) -> Vec<(String, String)> {
    if answer.status == 204 {
        return Vec::new();
    }
    let seats = answer.json()["seatbid"].as_array().unwrap().clone();
    let bids = seats
        .iter()
        .flat_map(|seat| seat["bid"].as_array().unwrap());
    let told = |bid: &Value| {
        (
            bid["id"].as_str().unwrap().to_owned(),
            bid["price"].to_string(),
        )
    };
    bids.map(told).collect()
}

/// What it says, the account's key, and ids and prices of the answer's bids.
type Row<'r> = (&'r str, &'r str, &'r [(&'r str, &'r str)]);

#[tokio::test]
async fn what_an_account_agreed_on_decides_its_auctions_and_their_replays() {
    let (high, low) = (at_prices(&["5", "4.5"]), at_prices(&["4", "3"]));
    let usd = |price: u32| json!({"increments": {"USD": price}});
    let soft = |price: u32| json!({"soft_floor": price});
    let discount = json!({"discounts": [{"partner": "high", "share": 100_000}]});
    let publishers = json!([
        ssp("plain", &json!({}), &json!({})),
        ssp("increments", &json!({}), &usd(250_000)),
        ssp("discounts", &json!({}), &discount),
        ssp("several", &json!({"multibid": 3}), &json!({})),
        ssp("all", &json!({"multibid": 9}), &usd(100_000)),
        ssp("soft", &soft(4_800_000), &json!({})),
        ssp("softer", &soft(300_000), &json!({})),
        ssp("high soft", &soft(5_000_001), &json!({})),
        ssp(
            "soft in euros",
            &json!({"soft_floor": 4_500_000, "floor_currency": "EUR"}),
            &json!({})
        ),
    ]);
    let partners = |multibid: Value| {
        json!([
            {"id": "high", "name": "high", "endpoint": endpoint(&high), "active": true, "multibid": multibid},
            {"id": "low", "name": "low", "endpoint": endpoint(&low), "active": true},
        ])
    };
    #[rustfmt::skip]
    let free: [Row<'_>; 9] = [
        ("X-70 one cent more", "plain", &[("b-5", "4.51")]),
        ("X-70 the account's increment", "increments", &[("b-5", "4.75")]),
        ("X-78 a tenth less", "discounts", &[("b-5", "4.059")]),
        ("X-85 three bids, each pays the next", "several", &[("b-5", "4.51"), ("b-4.5", "4.01"), ("b-4", "3.01")]),
        ("a soft floor above the next price is paid", "soft", &[("b-5", "4.8")]),
        ("one under the imp's own floor changes nothing", "softer", &[("b-5", "4.51")]),
        ("a bid under it pays what it bids", "high soft", &[("b-5", "5")]),
        ("in another currency than the bids", "soft in euros", &[("b-5", "4.891304")]),
        ("X-85 the last one pays the floor", "all", &[("b-5", "4.6"), ("b-4.5", "4.1"), ("b-4", "3.1"), ("b-3", "0.5")]),
    ];
    #[rustfmt::skip]
    let capped: [Row<'_>; 2] = [
        ("one of a DSP that may win once", "several", &[("b-5", "4.51"), ("b-4", "3.01"), ("b-3", "0.5")]),
        ("another buyer's bid by it still counts as a price", "plain", &[("b-5", "4.51")]),
    ];
    let request = exchange::banner("").replace("\"at\":1", "\"at\":2");
    for (multibid, cases) in [(Value::Null, &free[..]), (json!(1), &capped[..])] {
        let name = format!("gavel-terms-{}-{}", std::process::id(), cases.len());
        let data = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&data);
        let more = [
            ("data_dir", data.to_str().unwrap()),
            ("auction_records.one_in", "1"),
        ];
        let rig = Rig::selling(&publishers, &partners(multibid), &more).await;
        for (says, key, expect) in cases {
            let answer = rig.auction_with(&request, &[("x-gavel-key", key)]).await;
            let mut found = bids(&answer);
            found.sort_by(|a, b| b.cmp(a));
            let mut expect: Vec<_> = expect
                .iter()
                .map(|(id, price)| ((*id).to_owned(), (*price).to_owned()))
                .collect();
            expect.sort_by(|a, b| b.cmp(a));
            assert_eq!(found, expect, "{says}");
            let id = AuctionId::parse(answer.header("x-gavel-auction-id").unwrap()).unwrap();
            testkit::poll_until(PATIENCE, async || find(&data, id).is_ok()).await;
            assert_eq!(again(&data, id).unwrap().differences, [], "{says}");
        }
    }
}

#[tokio::test]
async fn a_soft_floor_of_a_placement_is_where_second_price_begins() {
    let market = market::Market::start(market::Script::Bid("2")).await;
    let ask = json!({"placement_id": "top"});
    let price = async |soft: Value, floor: u32| {
        market.control_plane.publish(|catalog| {
            let placement = &mut catalog.placements[0];
            placement.auction_type = serde_json::from_value(json!("second_price")).unwrap();
            placement.soft_floor = serde_json::from_value(soft.clone()).unwrap();
            placement.floor = serde_json::from_value(json!(floor)).unwrap();
        });
        // The floor tells which catalog an auction had.
        testkit::poll_until(PATIENCE, async || {
            let answer = post_json(&market.ssp("/ad-request"), &ask).await;
            let asked = market.dsp.last_asked();
            let told = format!("{}", asked["imp"][0]["bidfloor"]);
            let wanted = units::CpmMicros::new(i64::from(floor)).unwrap().to_string();
            (told == wanted).then(|| answer.json()["price"].to_string())
        })
        .await
    };
    assert_eq!(
        price(json!(null), 500_001).await,
        "0.500001",
        "none: the floor"
    );
    assert_eq!(
        price(json!(1_500_000), 500_002).await,
        "1.5",
        "above it: it"
    );
    assert_eq!(
        price(json!(3_000_000), 500_003).await,
        "2",
        "under it: the bid"
    );
}
