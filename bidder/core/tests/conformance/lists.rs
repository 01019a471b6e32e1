//! Section 10: block and allow lists, which the bidder keeps to (B-30).

use serde_json::{Value, json};

use super::shop::request;
use super::{Row, Want, any_bid, creative, refused, row};

pub(crate) fn rows() -> Vec<Row> {
    let of = |differs: Value| request(differs);
    let in_categories = |categories: Value| creative(json!({"categories": categories}));
    vec![
        row(
            "B-30 X-40 not in wseat",
            json!({}),
            of(json!({"wseat": ["seat-other"]})),
            refused("seat_not_allowed"),
        ),
        row(
            "B-30 X-40 in bseat",
            json!({}),
            of(json!({"bseat": ["seat-shop"]})),
            refused("seat_blocked"),
        ),
        row(
            "B-30 X-41 badv",
            json!({}),
            of(json!({"badv": ["shop.example"]})),
            refused("advertiser_blocked"),
        ),
        row(
            "B-30 X-41 a longer name is another",
            json!({}),
            of(json!({"badv": ["op.example"]})),
            any_bid(),
        ),
        row(
            "B-30 X-43 bcat",
            in_categories(json!(["IAB2", "IAB25-1"])),
            of(json!({"bcat": ["IAB25-1"]})),
            refused("category_blocked"),
        ),
        row(
            "B-30 X-43 every category is in acat",
            in_categories(json!(["IAB2-1", "IAB25-1"])),
            of(json!({"acat": ["IAB2"]})),
            refused("category_not_allowed"),
        ),
        row(
            "B-30 X-43 whoever declares none is in no list",
            in_categories(json!([])),
            of(json!({"acat": ["IAB2"]})),
            refused("category_not_allowed"),
        ),
        row(
            "B-30 X-43 in acat",
            in_categories(json!(["IAB2-1"])),
            of(json!({"acat": ["IAB2"]})),
            any_bid(),
        ),
        row(
            "C-42 bcat beside acat: the newer list counts",
            in_categories(json!(["IAB2-1"])),
            of(json!({"acat": ["IAB2"], "bcat": ["IAB2-1"]})),
            any_bid(),
        ),
        row(
            "B-30 X-44 bapp",
            creative(json!({"bundle": "com.shop.app"})),
            of(json!({"bapp": ["com.shop.app"]})),
            refused("app_blocked"),
        ),
        row(
            "B-30 X-48 a language that is not allowed",
            creative(json!({"language": "fr"})),
            of(json!({"wlang": ["en", "de"]})),
            refused("language_not_allowed"),
        ),
        row(
            "B-30 X-48 no linguistic content",
            creative(json!({"language": "zxx"})),
            of(json!({"wlang": ["en"]})),
            any_bid(),
        ),
        row(
            "B-30 X-49 a medium that is not on offer",
            creative(
                json!({"format": "banner", "width": 300, "height": 250, "markup": "<b>x</b>"}),
            ),
            super::shop::imp(json!({"banner": null, "video": {"mimes": ["video/mp4"]}})),
            Want::NoBid("nothing_matches"),
        ),
    ]
}
