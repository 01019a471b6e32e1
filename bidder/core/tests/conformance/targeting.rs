//! What targeting reads of a request where the standard has two forms of it, or two places that are not the same.

use serde_json::{Value, json};

use super::shop::{imp, request};
use super::{Row, Want, any_bid, over, row};

fn aimed(targeting: Value) -> Value {
    json!({"targeting": targeting})
}

fn nobody() -> Want {
    Want::NoBid("nothing_matches")
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = words();
    rows.extend(devices());
    rows.extend(places());
    rows.extend(placements());
    rows
}

fn words() -> Vec<Row> {
    let cars = || aimed(json!({"keywords": ["cars"]}));
    let site = |members: Value| {
        request(json!({"site": over(json!({"domain": "news.example"}), &members)}))
    };
    vec![
        row(
            "C-44 keywords",
            cars(),
            site(json!({"keywords": "news, Cars"})),
            any_bid(),
        ),
        row(
            "C-44 kwarray",
            cars(),
            site(json!({"kwarray": ["news", "cars"]})),
            any_bid(),
        ),
        row(
            "C-44 of both, the array",
            cars(),
            site(json!({"keywords": "cars", "kwarray": ["news"]})),
            nobody(),
        ),
        row(
            "C-44 of the content",
            cars(),
            site(json!({"content": {"kwarray": ["cars"]}})),
            any_bid(),
        ),
    ]
}

fn devices() -> Vec<Row> {
    let android = || {
        aimed(
            json!({"os_versions": [{"os": "android", "min": "14", "max": "15"}], "browsers": ["Chromium"]}),
        )
    };
    let device =
        |members: Value| request(json!({"device": over(json!({"devicetype": 4}), &members)}));
    let sua = json!({
        "browsers": [{"brand": "Not A;Brand", "version": ["99"]}, {"brand": "Chromium", "version": ["131", "0"]}],
        "platform": {"brand": "Android", "version": ["14", "0"]}, "mobile": 1,
    });
    let ua = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36";
    vec![
        row(
            "C-140 sua tells system and browser, its version as an array; the frozen ua does not contradict",
            android(),
            device(json!({"ua": ua, "sua": sua})),
            any_bid(),
        ),
        row(
            "C-140 a brand that is made up is none",
            aimed(json!({"browsers": ["Not A;Brand"]})),
            device(json!({"sua": sua})),
            nobody(),
        ),
        row(
            "C-140 a version belongs to the system that is named beside it",
            android(),
            device(json!({"os": "iOS", "osv": "14", "sua": sua})),
            nobody(),
        ),
        row(
            "C-141 mccmnc with its dash",
            aimed(json!({"carriers": ["310-005"]})),
            device(json!({"mccmnc": "310-005"})),
            any_bid(),
        ),
    ]
}

fn places() -> Vec<Row> {
    let around = || aimed(json!({"radius": [{"lat": 37.8, "lon": -122.27, "metres": 5_000}]}));
    let there = json!({"lat": 37.804, "lon": -122.271, "type": 1});
    let far = json!({"lat": 34.05, "lon": -118.24, "type": 1});
    let device = |geo: &Value| json!({"devicetype": 4, "geo": geo});
    vec![
        row(
            "C-141 device.geo is where the device is",
            around(),
            request(json!({"device": device(&there), "user": {"geo": far}})),
            any_bid(),
        ),
        row(
            "C-141 user.geo is where home is",
            around(),
            request(json!({"device": device(&far), "user": {"geo": there}})),
            nobody(),
        ),
        row(
            "C-141 no coordinates: nowhere near",
            around(),
            request(json!({"device": device(&json!({"country": "USA"}))})),
            nobody(),
        ),
    ]
}

fn placements() -> Vec<Row> {
    let instream = || {
        over(
            json!({"creative": {"format": "video", "media_url": "https://cdn.example/v.mp4", "duration_seconds": 15}}),
            &aimed(json!({"placement_types": ["instream"]})),
        )
    };
    let player = |members: Value| {
        let usual = json!({"mimes": ["video/mp4"], "protocols": [7], "maxduration": 30, "w": 640, "h": 360});
        imp(json!({"banner": null, "video": over(usual, &members)}))
    };
    vec![
        row(
            "C-83 plcmt",
            instream(),
            player(json!({"plcmt": 1})),
            any_bid(),
        ),
        row(
            "C-83 the deprecated placement is another list",
            instream(),
            player(json!({"placement": 1})),
            nobody(),
        ),
        row(
            "C-83 both: plcmt counts",
            instream(),
            player(json!({"placement": 1, "plcmt": 4})),
            nobody(),
        ),
        row(
            "C-83 both: whatever placement says",
            instream(),
            player(json!({"placement": 5, "plcmt": 1})),
            any_bid(),
        ),
    ]
}
