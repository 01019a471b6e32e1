//! Section 5: banners; and what every place demands.

use serde_json::{Value, json};

use super::shop::{imp, request};
use super::{Row, any_bid, bids, creative, over, refused, row};

fn banner(differs: Value) -> Value {
    let usual = json!({"format": "banner", "width": 300, "height": 250, "markup": "<b>x</b>"});
    creative(over(usual, &differs))
}

fn place(differs: Value) -> Value {
    imp(json!({"banner": over(json!({"w": 300, "h": 250}), &differs)}))
}

fn omid() -> Value {
    json!({"verification": {"vendor": "measure.example-omid", "script": "https://measure.example/o.js", "parameters": "k=\"1\""}})
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = sizes();
    rows.extend(restrictions());
    rows.extend(demands());
    rows
}

fn sizes() -> Vec<Row> {
    let plain = || banner(json!({}));
    let flexible = json!({"format": [{"wratio": 16, "hratio": 9, "wmin": 300}]});
    vec![
        row(
            "C-70 sizes of format",
            plain(),
            place(
                json!({"format": [{"w": 728, "h": 90}, {"w": 300, "h": 250}], "w": null, "h": null}),
            ),
            bids(json!({"w": 300, "h": 250})),
        ),
        row(
            "C-70 format and w, h together",
            plain(),
            place(json!({"format": [{"w": 728, "h": 90}]})),
            bids(json!({"w": 300, "h": 250})),
        ),
        row(
            "C-70 another size",
            banner(json!({"width": 301})),
            place(json!({})),
            super::Want::NoBid("nothing_matches"),
        ),
        row(
            "C-71 a flexible size is answered by its ratio",
            json!({}),
            imp(json!({"banner": flexible})),
            bids(json!({"wratio": 16, "hratio": 9, "w": null, "h": null,
                "adm": ["width:100%;min-width:300px;aspect-ratio:16/9"]})),
        ),
        row(
            "C-71 by none with a size of its own",
            plain(),
            imp(json!({"banner": {"format": [{"wratio": 6, "hratio": 5, "wmin": 300}]}})),
            super::Want::NoBid("nothing_matches"),
        ),
        row(
            "C-71 a ratio without its least width is none",
            json!({}),
            imp(json!({"banner": {"format": [{"wratio": 16, "hratio": 9}]}})),
            super::Want::NoBid("nothing_matches"),
        ),
        row(
            "C-71 a line item that names its sizes names no ratio",
            json!({"targeting": {"sizes": ["300x250"]}}),
            imp(json!({"banner": flexible})),
            super::Want::NoBid("nothing_matches"),
        ),
        row(
            "C-70 X-10 an interstitial takes what is not larger",
            banner(json!({"width": 300, "height": 400})),
            imp(json!({"instl": 1, "banner": {"w": 320, "h": 480}})),
            bids(json!({"w": 300, "h": 400})),
        ),
        row(
            "C-70 X-10 and nothing larger",
            banner(json!({"width": 321, "height": 400})),
            imp(json!({"instl": 1, "banner": {"w": 320, "h": 480}})),
            refused("size_not_offered"),
        ),
        row(
            "C-172 2.5's least and greatest sizes are read and demand nothing",
            plain(),
            place(json!({"wmin": 100, "hmin": 100, "wmax": 400, "hmax": 400})),
            any_bid(),
        ),
    ]
}

fn restrictions() -> Vec<Row> {
    let script = || banner(json!({"markup": "<SCRIPT src=\"https://a.example/x.js\"></SCRIPT>"}));
    vec![
        row(
            "C-72 a framework that is not listed is not there",
            banner(json!({"apis": [5]})),
            place(json!({"api": [3, 7]})),
            refused("api_not_supported"),
        ),
        row(
            "C-72 a framework that is",
            banner(json!({"apis": [5]})),
            place(json!({"api": [5]})),
            bids(json!({"apis": [5]})),
        ),
        row(
            "C-72 OMID where it is on offer",
            banner(omid()),
            place(json!({"api": [7]})),
            bids(json!({"apis": [7], "adm": [
                "<script src=\"https://measure.example/o.js\" data-vendor=\"measure.example-omid\" data-parameters=\"k=&quot;1&quot;\"></script>"
            ]})),
        ),
        row(
            "C-72 and not where it is not",
            banner(omid()),
            place(json!({"api": [5]})),
            bids(json!({"apis": null, "no_adm": ["<script"]})),
        ),
        row(
            "C-72 nor where scripts are blocked",
            banner(omid()),
            place(json!({"api": [7], "btype": [3]})),
            bids(json!({"apis": null, "no_adm": ["<script"]})),
        ),
        row(
            "C-72 btype: a script",
            script(),
            place(json!({"btype": [1, 3]})),
            refused("ad_type_blocked"),
        ),
        row(
            "C-72 btype: others",
            script(),
            place(json!({"btype": [1, 2, 4]})),
            any_bid(),
        ),
        row(
            "C-72 btype: a frame",
            banner(json!({"markup": "<iframe src=\"https://a.example\"></iframe>"})),
            place(json!({"btype": [4]})),
            refused("ad_type_blocked"),
        ),
        row(
            "C-72 btype: markup with pictures",
            json!({}),
            place(json!({"btype": [2]})),
            refused("ad_type_blocked"),
        ),
        row(
            "C-72 battr",
            banner(json!({"attributes": [3, 21]})),
            place(json!({"battr": [1, 3]})),
            refused("attribute_blocked"),
        ),
        row(
            "C-72 battr: none of it",
            banner(json!({"attributes": [21]})),
            place(json!({"battr": [1, 3]})),
            bids(json!({"attr": [21]})),
        ),
        row(
            "C-72 mimes",
            banner(json!({})),
            place(json!({"mimes": ["image/png"]})),
            refused("mime_not_allowed"),
        ),
        row(
            "C-72 mimes: its picture's",
            banner(json!({"mime": "image/png"})),
            place(json!({"mimes": ["image/png"]})),
            any_bid(),
        ),
        row(
            "C-72 expdir",
            banner(json!({"expands": [1, 3]})),
            place(json!({"expdir": [1, 2]})),
            refused("expansion_not_allowed"),
        ),
        row(
            "C-72 expdir: all of its directions",
            banner(json!({"expands": [1, 3]})),
            place(json!({"expdir": [3, 1]})),
            any_bid(),
        ),
        row(
            "C-72 expdir: no restriction known",
            banner(json!({"expands": [1]})),
            place(json!({})),
            any_bid(),
        ),
        row(
            "C-146 secure: http in the markup",
            banner(json!({"markup": "<img src=\"http://cdn.example/x.png\">"})),
            imp(json!({"secure": 1, "banner": {"w": 300, "h": 250}})),
            refused("not_secure"),
        ),
        row(
            "C-146 secure: http in who measures",
            banner(
                json!({"verification": {"vendor": "v", "script": "http://measure.example/o.js"}}),
            ),
            imp(json!({"secure": 1, "banner": {"w": 300, "h": 250}})),
            refused("not_secure"),
        ),
        row(
            "C-146 secure absent: http may be assumed",
            banner(json!({"markup": "<img src=\"http://cdn.example/x.png\">"})),
            imp(json!({})),
            any_bid(),
        ),
        row(
            "C-146 exp: held for as long",
            json!({}),
            imp(json!({"exp": 60})),
            bids(json!({"exp": 60})),
        ),
        row(
            "C-146 X-57 exp is advisory: a bid says how long its money is held, the seller decides",
            json!({}),
            imp(json!({"exp": 7200})),
            bids(json!({"exp": 300})),
        ),
    ]
}

fn demands() -> Vec<Row> {
    let wants = |demands: Value| banner(json!({"demands": demands}));
    vec![
        row(
            "C-146 only rewarded placements",
            wants(json!({"rewarded": true})),
            imp(json!({})),
            refused("reward_not_wanted"),
        ),
        row(
            "C-146 a rewarded placement",
            wants(json!({"rewarded": true})),
            imp(json!({"rwdd": 1})),
            any_bid(),
        ),
        row(
            "C-170 rewarded in the 2.5 places",
            wants(json!({"rewarded": true})),
            imp(json!({"ext": {"rewarded": 1}})),
            any_bid(),
        ),
        row(
            "C-146 never interstitials",
            wants(json!({"interstitial": false})),
            imp(json!({"instl": 1})),
            refused("interstitial_not_wanted"),
        ),
        row(
            "C-21 an unknown position is none of those wanted",
            wants(json!({"positions": [1, 7]})),
            place(json!({"pos": 3})),
            refused("position_not_wanted"),
        ),
        row(
            "C-20 nor is one that is not told",
            wants(json!({"positions": [1, 7]})),
            place(json!({})),
            refused("position_not_wanted"),
        ),
        row(
            "C-21 a position that is wanted",
            wants(json!({"positions": [1, 7]})),
            place(json!({"pos": 7})),
            any_bid(),
        ),
        row(
            "C-133 not reviewed",
            banner(json!({"review": "pending"})),
            request(json!({})),
            refused("creative_pending"),
        ),
        row(
            "C-133 rejected",
            banner(json!({"review": "rejected"})),
            request(json!({})),
            refused("creative_rejected"),
        ),
        row(
            "C-133 not approved by a source that reviews itself",
            banner(json!({"approvals": {"ssp": "pending", "other": "approved"}})),
            request(json!({"reviewed_by": "ssp"})),
            refused("not_approved_there"),
        ),
        row(
            "C-133 approved there",
            banner(json!({"approvals": {"ssp": "approved"}})),
            request(json!({"reviewed_by": "ssp"})),
            any_bid(),
        ),
        row(
            "C-133 where nobody reviews, nobody's verdict counts",
            banner(json!({"approvals": {"ssp": "rejected"}})),
            request(json!({})),
            any_bid(),
        ),
    ]
}
