//! Section 7: native.

use serde_json::{Value, json};

use super::shop::imp;
use super::{Row, Want, any_bid, bids, creative, over, refused, row};

fn ad(differs: Value) -> Value {
    let usual = json!({"format": "native", "privacy_url": "https://shop.example/privacy", "assets": {
        "title": "Spring sale", "description": "Twenty percent off", "cta": "Shop now", "price": "9.99",
        "image": {"url": "https://cdn.example/i.png", "width": 600, "height": 400},
    }});
    creative(over(usual, &differs))
}

fn place(request: &Value) -> Value {
    imp(json!({"banner": null, "native": {"request": request.to_string(), "api": [7]}}))
}

fn asks(assets: Value, differs: Value) -> Value {
    place(&over(json!({"ver": "1.2", "assets": assets}), &differs))
}

fn title() -> Value {
    json!([{"id": 1, "required": 1, "title": {"len": 90}}])
}

pub(crate) fn rows() -> Vec<Row> {
    let plain = || ad(json!({}));
    let omid = || {
        ad(
            json!({"verification": {"vendor": "measure.example-omid", "script": "https://measure.example/o.js"}}),
        )
    };
    let asset = |asset: Value| {
        asks(
            json!([{"id": 1, "title": {"len": 90}}, over(json!({"id": 2, "required": 1}), &asset)]),
            json!({}),
        )
    };
    let missing = || refused("assets_missing");
    vec![
        row(
            "C-90 the request as text",
            plain(),
            asks(title(), json!({})),
            bids(json!({"mtype": 4})),
        ),
        row(
            "C-90 the request as an object",
            plain(),
            imp(json!({"banner": null, "native": {"request": {"ver": "1.2", "assets": title()}}})),
            bids(json!({"mtype": 4})),
        ),
        row(
            "C-90 a request that cannot be read",
            plain(),
            imp(json!({"banner": null, "native": {"request": "{"}})),
            Want::Malformed,
        ),
        row(
            "C-91 1.0 is wrapped",
            plain(),
            place(&json!({"native": {"ver": "1.0", "assets": title()}})),
            bids(json!({"adm": ["{\"native\":{\"ver\":\"1.0\","]})),
        ),
        row(
            "C-91 1.1 is not",
            plain(),
            asks(title(), json!({"ver": "1.1"})),
            bids(json!({"adm": ["{\"ver\":\"1.1\","]})),
        ),
        row(
            "C-92 a required asset that it has not",
            plain(),
            asset(json!({"img": {"type": 1}})),
            missing(),
        ),
        row(
            "C-92 assets by their ids, and a link",
            plain(),
            asks(json!([{"id": 7, "title": {"len": 90}}]), json!({})),
            bids(
                json!({"adm": ["\"assets\":[{\"id\":7,\"title\":{\"text\":\"Spring sale\"}}]", "\"link\":{\"url\":\"http://127.0.0.1:8002/t/click?t="]}),
            ),
        ),
        row(
            "C-48 an asset of no kind cannot be filled",
            plain(),
            asset(json!({})),
            missing(),
        ),
        row(
            "C-93 a title over its length",
            plain(),
            asks(
                json!([{"id": 1, "required": 1, "title": {"len": 5}}]),
                json!({}),
            ),
            missing(),
        ),
        row(
            "C-93 a description is cut",
            plain(),
            asset(json!({"data": {"type": 2, "len": 7}})),
            bids(json!({"adm": ["{\"value\":\"Twenty…\"}"]})),
        ),
        row(
            "C-93 a price is not",
            plain(),
            asset(json!({"data": {"type": 6, "len": 3}})),
            missing(),
        ),
        row(
            "C-93 a picture of the size",
            plain(),
            asset(json!({"img": {"type": 3, "w": 600, "h": 400}})),
            any_bid(),
        ),
        row(
            "C-93 of another size",
            plain(),
            asset(json!({"img": {"type": 3, "w": 601, "h": 400}})),
            missing(),
        ),
        row(
            "C-93 large enough",
            plain(),
            asset(json!({"img": {"type": 3, "wmin": 382, "hmin": 200}})),
            any_bid(),
        ),
        row(
            "C-93 of another type",
            plain(),
            asset(json!({"img": {"type": 3, "mimes": ["image/jpeg"]}})),
            missing(),
        ),
        row(
            "C-93 a video",
            ad(json!({"media_url": "https://cdn.example/v.mp4", "duration_seconds": 15})),
            asset(
                json!({"video": {"mimes": ["video/mp4"], "minduration": 5, "maxduration": 30, "protocols": [3]}}),
            ),
            bids(
                json!({"adm": ["{\"vasttag\":\"<?xml version=\\\"1.0\\\"", "<VAST version=\\\"3.0\\\">", "/t/video/start?t="]}),
            ),
        ),
        row(
            "C-93 no video",
            plain(),
            asset(
                json!({"video": {"mimes": ["video/mp4"], "minduration": 5, "maxduration": 30, "protocols": [3]}}),
            ),
            missing(),
        ),
        row(
            "C-94 trackers for the pairs on offer",
            plain(),
            asks(
                title(),
                json!({"eventtrackers": [{"event": 1, "methods": [1, 2]}, {"event": 2, "methods": [1]}]}),
            ),
            bids(
                json!({"adm": ["{\"event\":1,\"method\":1,\"url\":\"http://127.0.0.1:8002/t/impression?t=", "{\"event\":2,\"method\":1,"], "no_adm": ["imptrackers"]}),
            ),
        ),
        row(
            "C-94 no pair on offer: the older list",
            plain(),
            asks(
                title(),
                json!({"eventtrackers": [{"event": 1, "methods": [2]}]}),
            ),
            bids(
                json!({"adm": ["\"imptrackers\":[\"http://127.0.0.1:8002/t/impression?t="], "no_adm": ["eventtrackers"]}),
            ),
        ),
        row(
            "C-95 native counts its events by itself: 2 is in view, not shown",
            plain(),
            asks(
                title(),
                json!({"eventtrackers": [{"event": 2, "methods": [1]}]}),
            ),
            bids(
                json!({"adm": ["{\"event\":2,\"method\":1,\"url\":\"http://127.0.0.1:8002/t/view?t=", "imptrackers"]}),
            ),
        ),
        row(
            "C-94 OMID where it is on offer",
            omid(),
            asks(
                title(),
                json!({"eventtrackers": [{"event": 555, "methods": [2]}]}),
            ),
            bids(
                json!({"apis": [7], "adm": ["{\"event\":555,\"method\":2,\"url\":\"https://measure.example/o.js\",\"ext\":{\"vendorKey\":\"measure.example-omid\"}}"]}),
            ),
        ),
        row(
            "C-94 and not where it is not",
            omid(),
            asks(title(), json!({})),
            bids(json!({"no_adm": ["555"]})),
        ),
        row(
            "C-96 privacy where it is on offer",
            plain(),
            asks(title(), json!({"privacy": 1})),
            bids(json!({"adm": ["\"privacy\":\"https://shop.example/privacy\""]})),
        ),
        row(
            "C-96 and not where it is not; assets never by URL",
            plain(),
            asks(title(), json!({"aurlsupport": 1, "durlsupport": 1})),
            bids(json!({"no_adm": ["privacy", "assetsurl", "dcourl"]})),
        ),
    ]
}
