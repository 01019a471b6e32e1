//! What a request does not say, its user agent and its address do; over a real socket.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod house;
#[path = "../../core/tests/shop/mod.rs"]
mod shop;

use house::House;
use lookup::mmdb::{Database, map, text};
use serde_json::{Value, json};

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1";

/// A database in which 192.0.2.0/24 is Lyon.
fn database() -> std::path::PathBuf {
    let mut database = Database::default();
    let row = map(vec![("country_code", text("FR")), ("city", text("Lyon"))]);
    database.insert("192.0.2.0/24", &row);
    let path = std::env::temp_dir().join(format!("surroundings-{}.mmdb", std::process::id()));
    std::fs::write(&path, database.bytes()).unwrap();
    path
}

#[tokio::test]
async fn device_and_place_fill_what_the_request_does_not_say() {
    let path = database();
    let item = json!({"targeting": {
        "device_types": ["mobile"], "os": ["iOS"], "makes": ["Apple"], "browsers": ["Safari"],
        "countries": ["FR"], "cities": ["Lyon"],
    }});
    let place = path.to_str().unwrap().to_owned();
    let house = House::open(shop::catalog(&[item]), &[("geo_database", &place)]).await;
    struct Case(&'static str, Value, bool);
    let cases = [
        Case(
            "C-140 nothing but user agent and address",
            json!({"ua": IPHONE, "ip": "192.0.2.7"}),
            true,
        ),
        Case(
            "the request's own country wins",
            json!({"ua": IPHONE, "ip": "192.0.2.7", "geo": {"country": "DEU"}}),
            false,
        ),
        Case(
            "an address that is nowhere",
            json!({"ua": IPHONE, "ip": "203.0.113.7"}),
            false,
        ),
        Case(
            "no user agent: unknown does not match",
            json!({"ip": "192.0.2.7"}),
            false,
        ),
        Case(
            "C-140 client hints before the user agent",
            json!({"ua": IPHONE, "ip": "192.0.2.7", "sua": {"platform": {"brand": "Android", "version": ["14"]}, "mobile": 1}}),
            false,
        ),
        Case(
            "C-161 of a limited user the region at most, no city",
            json!({"ua": IPHONE, "ip": "192.0.2.7", "lmt": 1}),
            false,
        ),
    ];
    for Case(says, device, bids) in cases {
        let answer = house.bid(&shop::request(json!({"device": device}))).await;
        assert_eq!(
            answer.status,
            if bids { 200 } else { 204 },
            "{says}: {answer}"
        );
    }
    std::fs::remove_file(path).unwrap();
}
