//! Section 9: deals; and floors in any currency (C-62, C-63).

use serde_json::{Value, json};

use super::shop::imp;
use super::{Row, Want, any_bid, bids, over, refused, row};

fn on(deal: &str) -> Value {
    json!({"targeting": {"deals": [deal]}})
}

fn offers(deal: Value) -> Value {
    imp(json!({"pmp": {"deals": [over(json!({"id": "D1"}), &deal)]}}))
}

pub(crate) fn rows() -> Vec<Row> {
    vec![
        row(
            "C-110 a private auction takes no open bid",
            json!({}),
            imp(json!({"pmp": {"private_auction": 1, "deals": [{"id": "D1"}]}})),
            Want::NoBid("nothing_matches"),
        ),
        row(
            "C-110 it takes a bid on its deal",
            on("D1"),
            imp(json!({"pmp": {"private_auction": 1, "deals": [{"id": "D1"}]}})),
            bids(json!({"dealid": "D1"})),
        ),
        row(
            "C-110 others take open bids",
            json!({}),
            offers(json!({})),
            bids(json!({"dealid": null})),
        ),
        row(
            "C-111 B-21 a deal that is not on offer",
            on("D2"),
            offers(json!({})),
            Want::NoBid("nothing_matches"),
        ),
        row(
            "B-21 with the seat that may use it",
            on("D1"),
            offers(json!({"wseat": ["seat-shop"]})),
            bids(json!({"dealid": "D1"})),
        ),
        row(
            "C-112 another seat's deal",
            on("D1"),
            offers(json!({"wseat": ["seat-other"]})),
            refused("deal_seat"),
        ),
        row(
            "C-112 another advertiser's deal",
            on("D1"),
            offers(json!({"wadomain": ["other.example"]})),
            refused("deal_advertiser"),
        ),
        row(
            "C-112 C-29 the advertiser's domain, and what lies under it",
            json!({"targeting": {"deals": ["D1"]}, "creative": {"adomain": ["sale.shop.example"]}}),
            offers(json!({"wadomain": ["shop.example"]})),
            any_bid(),
        ),
        row(
            "C-112 every domain of the creative",
            json!({"targeting": {"deals": ["D1"]}, "creative": {"adomain": ["shop.example", "other.example"]}}),
            offers(json!({"wadomain": ["shop.example"]})),
            refused("deal_advertiser"),
        ),
        row(
            "C-112 a deal's lists do not bind open bids",
            json!({}),
            offers(json!({"wseat": ["seat-other"], "wadomain": ["other.example"]})),
            any_bid(),
        ),
        row(
            "C-113 at 3: the price is the deal's floor",
            on("D1"),
            offers(json!({"at": 3, "bidfloor": 7.5})),
            bids(json!({"price": 7.5})),
        ),
        row(
            "C-113 at 3 over the maximum",
            json!({"targeting": {"deals": ["D1"]}, "max_cpm": 7.4}),
            offers(json!({"at": 3, "bidfloor": 7.5})),
            refused("under_floor"),
        ),
        row(
            "C-113 B-61 an auction type of a deal that nobody knows",
            on("D1"),
            offers(json!({"at": 501})),
            refused("deal_terms"),
        ),
        row(
            "C-63 a deal's floor is in its own currency",
            json!({"targeting": {"deals": ["D1"]}, "cpm": 0.1}),
            offers(json!({"bidfloor": 0.92, "bidfloorcur": "EUR"})),
            bids(json!({"price": 1.1})),
        ),
        row(
            "C-63 which it does not inherit from the imp",
            json!({"targeting": {"deals": ["D1"]}, "cpm": 0.1}),
            imp(json!({"bidfloorcur": "JPY", "pmp": {"deals": [{"id": "D1", "bidfloor": 1}]}})),
            bids(json!({"price": 1.1})),
        ),
        row(
            "C-62 an imp's floor in its currency",
            json!({"cpm": 0.1}),
            imp(json!({"bidfloor": 150, "bidfloorcur": "JPY"})),
            bids(json!({"price": 1.1})),
        ),
        row(
            "C-63 a floor in a currency without a rate",
            json!({}),
            imp(json!({"bidfloor": 1, "bidfloorcur": "XAU"})),
            refused("floor_currency"),
        ),
        row(
            "C-46 a deal's floor per second",
            json!({"targeting": {"deals": ["D1"]}, "cpm": 0.1, "creative": {
                "format": "video", "media_url": "https://cdn.example/v.mp4", "duration_seconds": 10,
            }}),
            {
                let mut request = offers(json!({"mincpmpersec": 0.5}));
                request["imp"][0]["video"] = json!({"mimes": ["video/mp4"], "protocols": [7]});
                request
            },
            bids(json!({"price": 5.5, "dealid": "D1"})),
        ),
    ]
}
