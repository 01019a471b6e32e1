//! Sections 2 to 4: what is read, what is understood, what must be there.

use serde_json::{Value, json};

use super::shop::{imp, request};
use super::{Row, Want, any_bid, bids, creative, refused, row};

/// A screen out of home, one display of which counts for so many impressions.
fn screen(multiplier: f64) -> Value {
    let mut request = imp(json!({"qty": {"multiplier": multiplier}}));
    request["site"] = Value::Null;
    request["dooh"] = json!({"id": "panel-1"});
    request
}

pub(crate) fn rows() -> Vec<Row> {
    let usual = || json!({});
    let of = |differs: Value| request(differs);
    vec![
        row(
            "C-20 what is absent is not invented: without a domain no list of domains is met",
            json!({"targeting": {"domains": ["news.example"]}}),
            of(json!({"site": {"id": "s"}})),
            Want::NoBid("nothing_matches"),
        ),
        row(
            "C-21 unknown fields and values",
            usual(),
            of(json!({"new": {"a": [1]}, "device": {"devicetype": 77, "connectiontype": 99}})),
            any_bid(),
        ),
        row(
            "C-21 unknown values inside arrays",
            usual(),
            imp(
                json!({"banner": {"w": 300, "h": 250, "btype": [99], "battr": [901], "api": [44]}}),
            ),
            any_bid(),
        ),
        row(
            "C-23 ext of whatever kind",
            usual(),
            of(json!({"ext": 7, "user": {"ext": null}})),
            any_bid(),
        ),
        row(
            "C-24 numbers as texts, flags as booleans, one for a list",
            usual(),
            imp(
                json!({"secure": true, "bidfloor": "0.5", "banner": {"w": "300", "h": 250.0, "mimes": "text/html"}}),
            ),
            any_bid(),
        ),
        row(
            "C-25 null is absent",
            usual(),
            of(json!({"badv": null, "wseat": null, "cur": []})),
            any_bid(),
        ),
        row(
            "C-25 no deals in a private auction let nobody bid",
            usual(),
            imp(json!({"pmp": {"private_auction": 1, "deals": []}})),
            Want::NoBid("nothing_matches"),
        ),
        row(
            "C-26 exact types: price a number, flags 0 and 1",
            usual(),
            of(json!({})),
            bids(json!({"price": 2, "impid": "1"})),
        ),
        row(
            "C-27 floors are exact",
            json!({"cpm": 0.1, "max_cpm": 0.300_001}),
            imp(json!({"bidfloor": 0.300_001})),
            bids(json!({"price": 0.300_001})),
        ),
        row(
            "C-27 one millionth over the maximum",
            json!({"cpm": 0.1, "max_cpm": 0.3}),
            imp(json!({"bidfloor": 0.300_001})),
            refused("under_floor"),
        ),
        row(
            "C-28 codes in whatever case",
            json!({"targeting": {"countries": ["us"], "regions": ["CA"]}}),
            of(json!({"cur": ["usd"], "device": {"geo": {"country": "usa", "region": "ca"}}})),
            any_bid(),
        ),
        row(
            "C-29 a blocked domain blocks what lies under it",
            creative(json!({"adomain": ["www.sale.shop.example"]})),
            of(json!({"badv": ["HTTPS://www.Shop.Example./"]})),
            refused("advertiser_blocked"),
        ),
        row(
            "C-30 a tier covers what lies under it in taxonomy 1",
            creative(json!({"categories": ["IAB25-3"]})),
            of(json!({"bcat": ["IAB25"]})),
            refused("category_blocked"),
        ),
        row(
            "C-30 codes of another taxonomy are not compared",
            creative(json!({"categories": ["IAB25-3"]})),
            of(json!({"cattax": 7, "bcat": ["IAB25"]})),
            any_bid(),
        ),
        row(
            "C-30 and cannot be shown to be allowed",
            creative(json!({"categories": ["IAB25-3"]})),
            of(json!({"cattax": 7, "acat": ["IAB25-3"]})),
            refused("category_not_allowed"),
        ),
        row(
            "C-32 a bad optional field is dropped",
            usual(),
            of(json!({"bcat": 5, "device": {"w": "wide", "devicetype": 2}})),
            any_bid(),
        ),
        row(
            "C-40 site and app together",
            usual(),
            of(json!({"app": {"id": "a"}})),
            Want::Malformed,
        ),
        row(
            "C-40 none of them",
            usual(),
            of(json!({"site": null})),
            any_bid(),
        ),
        row(
            "C-41 wseat and bseat both apply",
            usual(),
            of(json!({"wseat": ["seat-shop"], "bseat": ["seat-shop"]})),
            refused("seat_blocked"),
        ),
        row(
            "C-42 wlangb before wlang",
            creative(json!({"language": "en"})),
            of(json!({"wlang": ["fr"], "wlangb": ["en-US"]})),
            any_bid(),
        ),
        row(
            "C-42 a region apart",
            creative(json!({"language": "en-GB"})),
            of(json!({"wlangb": ["en-US"]})),
            refused("language_not_allowed"),
        ),
        row(
            "C-43 one of language and langb",
            creative(json!({"language": "en-GB"})),
            of(json!({})),
            bids(json!({"langb": "en-GB", "language": null})),
        ),
        row(
            "C-43 a language alone",
            creative(json!({"language": "en"})),
            of(json!({})),
            bids(json!({"language": "en", "langb": null})),
        ),
        row(
            "C-60 no imp",
            usual(),
            of(json!({"imp": []})),
            Want::Malformed,
        ),
        row(
            "C-60 no id",
            usual(),
            of(json!({"id": null})),
            Want::Malformed,
        ),
        row(
            "C-62 at absent is 2",
            usual(),
            of(json!({"at": null})),
            any_bid(),
        ),
        row(
            "C-62 no floor, no currency: 0 USD",
            usual(),
            imp(json!({"bidfloor": null})),
            bids(json!({"price": 2, "answer": {"cur": "USD"}})),
        ),
        row(
            "C-64 two imps of one id",
            usual(),
            of(
                json!({"imp": [{"id": "1", "banner": {"w": 1, "h": 1}}, {"id": "1", "banner": {"w": 1, "h": 1}}]}),
            ),
            Want::Malformed,
        ),
        row(
            "C-65 a bid answers one of the media",
            usual(),
            imp(json!({"video": {"mimes": ["video/mp4"]}})),
            bids(json!({"mtype": 1, "dur": null, "protocol": null})),
        ),
        row(
            "C-66 an imp without MIME types cannot be played",
            usual(),
            imp(json!({"banner": null, "video": {"w": 640, "h": 360}})),
            Want::Malformed,
        ),
        row(
            "C-66 the other imp is left",
            usual(),
            of(
                json!({"imp": [{"id": "v", "video": {"w": 640, "h": 360}}, {"id": "b", "banner": {"w": 300, "h": 250}}]}),
            ),
            bids(json!({"impid": "b"})),
        ),
        row(
            "B-31 too little time",
            usual(),
            of(json!({"tmax": 9})),
            Want::NoBid("too_little_time"),
        ),
        row("B-31 enough", usual(), of(json!({"tmax": 10})), any_bid()),
        row(
            "B-60 a crawler",
            usual(),
            of(json!({"device": {"ua": "Mozilla/5.0 (compatible; AdsBot/1.0)"}})),
            Want::NoBid("crawler"),
        ),
        row(
            "B-61 an unknown auction type",
            usual(),
            of(json!({"at": 500})),
            Want::NoBid("unknown_auction_type"),
        ),
        row(
            "B-61 no currency that we know",
            usual(),
            of(json!({"cur": ["XAU"]})),
            Want::NoBid("unknown_currency"),
        ),
        row(
            "C-120 the price is for a thousand, also where one display counts for many",
            usual(),
            screen(14.2),
            bids(json!({"price": 2})),
        ),
        row(
            "C-150 one display counts for more impressions than any can have",
            usual(),
            screen(1_000.5),
            refused("quantity_too_large"),
        ),
        row(
            "C-150 a page has no quantity, whatever it says",
            usual(),
            imp(json!({"qty": {"multiplier": 1_000.5}})),
            bids(json!({"price": 2})),
        ),
    ]
}
