//! Sections 12, 13 and 16: what an answer has, and what it says to callers of 2.5.

use serde_json::{Value, json};

use super::shop::{imp, request};
use super::{Row, bids, creative, over, row};

fn in_2_5(request: Value) -> Value {
    over(request, &json!({"x": "2.5"}))
}

pub(crate) fn rows() -> Vec<Row> {
    let full = || {
        creative(json!({
            "format": "banner", "width": 300, "height": 250, "markup": "<b>x</b>", "categories": ["483"], "cattax": 7,
            "attributes": [21], "apis": [5, 6], "language": "en-GB", "bundle": "com.shop.app",
            "preview_url": "https://cdn.example/preview.png",
        }))
    };
    let place = || imp(json!({"banner": {"w": 300, "h": 250, "api": [5, 6]}}));
    let video = || {
        creative(
            json!({"format": "video", "media_url": "https://cdn.example/v.mp4", "duration_seconds": 15}),
        )
    };
    let player = || {
        imp(
            json!({"banner": null, "video": {"mimes": ["video/mp4"], "protocols": [2, 3], "w": 640, "h": 360, "maxduration": 30}}),
        )
    };
    vec![
        row(
            "C-130 the request's id, a seat, a price, an imp",
            json!({}),
            request(json!({"id": "r\"ü"})),
            bids(
                json!({"impid": "1", "price": 2, "answer": {"id": "r\"ü", "cur": "USD", "bidid": "00000000-0000-0000-0000-00000000000a"}}),
            ),
        ),
        row(
            "C-130 X-73 in a currency that is allowed",
            json!({}),
            request(json!({"cur": ["XAU", "EUR"]})),
            bids(json!({"price": 1.84, "answer": {"cur": "EUR"}})),
        ),
        row(
            "C-132 mtype",
            json!({}),
            request(json!({})),
            bids(json!({"mtype": 1})),
        ),
        row(
            "C-133 B-30 everything that is declared",
            full(),
            place(),
            bids(json!({
                "adomain": ["shop.example"], "crid": "crt_0", "cid": "campaign_0", "iurl": "https://cdn.example/preview.png",
                "cat": ["483"], "cattax": 7, "attr": [21], "apis": [5, 6], "langb": "en-GB", "bundle": "com.shop.app",
                "w": 300, "h": 250, "mtype": 1, "adid": null, "api": null,
            })),
        ),
        row(
            "C-49 markup in adm, and never on the win notice",
            json!({}),
            request(json!({})),
            bids(json!({"adm": ["/t/click?t=", "/t/impression?t="]})),
        ),
        row(
            "C-171 2.5: what it has no word for is left out",
            full(),
            in_2_5(place()),
            bids(json!({
                "mtype": null, "ext": {"mtype": 1}, "apis": null, "api": 5, "langb": null, "language": "en",
                "cattax": null, "cat": null, "attr": [21], "iurl": "https://cdn.example/preview.png", "bundle": "com.shop.app",
            })),
        ),
        row(
            "C-171 2.5: categories of the taxonomy that it has",
            creative(json!({"categories": ["IAB22"]})),
            in_2_5(request(json!({}))),
            bids(json!({"cat": ["IAB22"]})),
        ),
        row(
            "C-171 2.5: no length, and a protocol that it knows",
            video(),
            in_2_5(player()),
            bids(json!({"dur": null, "protocol": 3, "ext": {"mtype": 2}, "w": 640, "h": 360})),
        ),
        row(
            "C-173 2.6 covers every month's version",
            video(),
            over(player(), &json!({"x": "2.6-202606"})),
            bids(json!({"dur": 15, "mtype": 2, "ext": null})),
        ),
        row(
            "C-174 2.5's unknown connection, an auction type of its own inside a list",
            json!({}),
            in_2_5(request(
                json!({"device": {"connectiontype": 0, "devicetype": 2}}),
            )),
            bids(json!({"price": 2})),
        ),
        row(
            "C-150 DOOH: a panel, an interval, impressions that count for many",
            video(),
            {
                let mut request = player();
                request["site"] = Value::Null;
                request["dooh"] =
                    json!({"id": "panel-1", "venuetype": ["30101"], "venuetypetax": 1});
                request["device"] = json!({"devicetype": 8, "ifa": "panel-1"});
                request["imp"][0]["qty"] =
                    json!({"multiplier": 14.2, "sourcetype": 1, "vendor": "v.example"});
                request["imp"][0]["dt"] = json!(1_793_390_400_000_i64);
                request["imp"][0]["exp"] = json!(240);
                request
            },
            bids(json!({"price": 2, "exp": 240, "dur": 15})),
        ),
    ]
}
