//! Whole decisions: who bids, at what price, or why nobody does.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "callers write the JSON in place"
)]
#![allow(
    clippy::cast_possible_truncation,
    reason = "prices of a test are small"
)]

mod shop;

use std::collections::HashMap;

use bidder_core::user::User;
use contracts::profile::Profile;
use contracts::stamps::{ScopeKey, ScopeStamps, UserStamps};
use serde_json::{Value, json};
use shop::{NOW, Shop, imp, request};
use units::{Nanos, UnixMillis};

const NOBODY: User<'_> = User {
    key: None,
    profile: None,
    known: None,
    stamps: None,
};

#[test]
fn the_only_line_item_bids_or_its_reason_is_named() {
    struct Case(&'static str, Value, Value, &'static str);
    let targeted = |targeting: Value| json!({"targeting": targeting});
    let creative = |creative: Value| json!({"creative": creative});
    let banner = |differs: Value| {
        let mut creative =
            json!({"format": "banner", "width": 300, "height": 250, "markup": "<b>x</b>"});
        for (key, value) in differs.as_object().unwrap() {
            creative[key] = value.clone();
        }
        json!({"creative": creative})
    };
    let video = |differs: Value| {
        let mut creative = json!({"format": "video", "media_url": "https://cdn.example/v.mp4", "duration_seconds": 15});
        for (key, value) in differs.as_object().unwrap() {
            creative[key] = value.clone();
        }
        json!({"creative": creative})
    };
    let player = |differs: Value| {
        let mut video = json!({"mimes": ["video/mp4"], "protocols": [7, 11, 13], "minduration": 5, "maxduration": 30, "w": 640, "h": 360});
        for (key, value) in differs.as_object().unwrap() {
            video[key] = value.clone();
        }
        imp(json!({"banner": null, "video": video}))
    };
    let usual = || request(json!({}));
    let cases = [
        Case(
            "empty targeting matches everybody",
            json!({}),
            usual(),
            "1:li_0@2",
        ),
        Case(
            "X-72 at the floor",
            json!({"max_cpm": 3.0}),
            imp(json!({"bidfloor": 3.0})),
            "1:li_0@3",
        ),
        Case(
            "raised to 1.1 of the floor",
            json!({}),
            imp(json!({"bidfloor": 5.0})),
            "1:li_0@5.5",
        ),
        Case(
            "X-58",
            json!({"max_cpm": 3.0}),
            imp(json!({"bidfloor": 3.01})),
            "under_floor",
        ),
        Case(
            "X-73 floor in EUR",
            json!({"max_cpm": 9.0}),
            imp(json!({"bidfloor": 9.2, "bidfloorcur": "EUR"})),
            "under_floor",
        ),
        Case(
            "X-73 floor in EUR",
            json!({"max_cpm": 10.0}),
            imp(json!({"bidfloor": 9.2, "bidfloorcur": "EUR"})),
            "1:li_0@10",
        ),
        Case(
            "X-73 no rate for the floor",
            json!({}),
            imp(json!({"bidfloorcur": "XAU"})),
            "floor_currency",
        ),
        Case(
            "X-73 answered in EUR",
            json!({}),
            request(json!({"cur": ["EUR"]})),
            "1:li_0@1.84",
        ),
        Case(
            "C-120 a campaign in JPY",
            json!({"currency": "JPY", "cpm": 300.0, "max_cpm": 3000.0}),
            usual(),
            "1:li_0@2",
        ),
        Case(
            "X-53",
            json!({"cpm": 0.0, "modifiers": []}),
            imp(json!({"bidfloor": 0})),
            "price_zero",
        ),
        Case(
            "not started",
            json!({"starts_at": NOW.0 + 1}),
            usual(),
            "not_started",
        ),
        Case(
            "the first instant",
            json!({"starts_at": NOW.0}),
            usual(),
            "1:li_0@2",
        ),
        Case(
            "the end is not in it",
            json!({"ends_at": NOW.0}),
            usual(),
            "ended",
        ),
        Case(
            "day parts",
            targeted(json!({"dayparts": ["mon-fri 00-24"]})),
            usual(),
            "outside_dayparts",
        ),
        Case(
            "day parts",
            targeted(json!({"dayparts": ["sun 22-24"]})),
            usual(),
            "1:li_0@2",
        ),
        Case(
            "day parts of its zone",
            json!({"time_zone": "Asia/Shanghai", "targeting": {"dayparts": ["mon 06-07"]}}),
            usual(),
            "1:li_0@2",
        ),
        Case(
            "X-40 wseat",
            json!({}),
            request(json!({"wseat": ["other"]})),
            "seat_not_allowed",
        ),
        Case(
            "X-40 wseat",
            json!({}),
            request(json!({"wseat": ["other", "seat-shop"]})),
            "1:li_0@2",
        ),
        Case(
            "X-40 bseat",
            json!({}),
            request(json!({"bseat": ["seat-shop"]})),
            "seat_blocked",
        ),
        Case(
            "X-41 badv",
            json!({}),
            request(json!({"badv": ["SHOP.example"]})),
            "advertiser_blocked",
        ),
        Case(
            "C-29 a subdomain",
            creative(json!({"adomain": ["eu.shop.example"]})),
            request(json!({"badv": ["shop.example"]})),
            "advertiser_blocked",
        ),
        Case(
            "X-43 bcat",
            creative(json!({"categories": ["IAB25-3"]})),
            request(json!({"bcat": ["IAB25"]})),
            "category_blocked",
        ),
        Case(
            "C-30 another taxonomy",
            creative(json!({"categories": ["IAB25-3"]})),
            request(json!({"bcat": ["IAB25"], "cattax": 7})),
            "1:li_0@2",
        ),
        Case(
            "X-43 acat",
            creative(json!({"categories": ["IAB1-1"]})),
            request(json!({"acat": ["IAB2"]})),
            "category_not_allowed",
        ),
        Case(
            "X-43 acat",
            creative(json!({"categories": ["IAB2-1"]})),
            request(json!({"acat": ["IAB2"]})),
            "1:li_0@2",
        ),
        Case(
            "X-44 bapp",
            creative(json!({"bundle": "com.a"})),
            request(json!({"bapp": ["com.a"]})),
            "app_blocked",
        ),
        Case(
            "X-48 wlang",
            creative(json!({"language": "fr"})),
            request(json!({"wlang": ["en"]})),
            "language_not_allowed",
        ),
        Case(
            "X-45 battr",
            banner(json!({"attributes": [3]})),
            imp(json!({"banner": {"w": 300, "h": 250, "battr": [3]}})),
            "attribute_blocked",
        ),
        Case(
            "X-46 btype",
            banner(json!({"markup": "<script src='https://a.example'></script>"})),
            imp(json!({"banner": {"w": 300, "h": 250, "btype": [3]}})),
            "ad_type_blocked",
        ),
        Case(
            "X-47",
            banner(json!({"markup": "<img src='http://a.example/x.png'>"})),
            imp(json!({"secure": 1})),
            "not_secure",
        ),
        Case(
            "X-47 secure not asked",
            banner(json!({"markup": "<img src='http://a.example/x.png'>"})),
            usual(),
            "1:li_0@2",
        ),
        Case(
            "C-72",
            banner(json!({"apis": [5]})),
            imp(json!({"banner": {"w": 300, "h": 250, "api": [3]}})),
            "api_not_supported",
        ),
        Case(
            "C-72",
            banner(json!({"apis": [5]})),
            imp(json!({"banner": {"w": 300, "h": 250, "api": [3, 5]}})),
            "1:li_0@2",
        ),
        Case(
            "X-10 interstitial",
            banner(json!({})),
            imp(json!({"instl": 1, "banner": {"w": 320, "h": 480}})),
            "1:li_0@2",
        ),
        Case(
            "X-10 too large for it",
            banner(json!({})),
            imp(json!({"instl": 1, "banner": {"w": 200, "h": 480}})),
            "size_not_offered",
        ),
        Case("video", video(json!({})), player(json!({})), "1:li_0@2"),
        Case(
            "video mimes",
            video(json!({"mime": "video/webm"})),
            player(json!({})),
            "mime_not_allowed",
        ),
        Case(
            "C-80",
            video(json!({})),
            player(json!({"protocols": [1]})),
            "protocol_not_supported",
        ),
        Case(
            "C-81 too long",
            video(json!({"duration_seconds": 31})),
            player(json!({})),
            "length_not_allowed",
        ),
        Case(
            "C-85 extended",
            video(json!({"duration_seconds": 31})),
            player(json!({"maxextended": -1})),
            "1:li_0@2",
        ),
        Case(
            "C-81 rqddurs",
            video(json!({})),
            player(json!({"rqddurs": [30]})),
            "length_not_allowed",
        ),
        Case(
            "C-84",
            video(json!({"attributes": [16]})),
            player(json!({"skip": 1})),
            "skip_not_allowed",
        ),
        Case(
            "X-74 per second",
            video(json!({"max_cpm": 1})),
            player(json!({"mincpmpersec": 0.2})),
            "1:li_0@3.3",
        ),
        Case(
            "C-92 a required image",
            json!({}),
            imp(
                json!({"banner": null, "native": {"request": r#"{"assets":[{"id":1,"required":1,"title":{"len":90}},{"id":2,"required":1,"img":{"type":3}}]}"#}}),
            ),
            "assets_missing",
        ),
        Case(
            "C-92 an optional image",
            json!({}),
            imp(
                json!({"banner": null, "native": {"request": r#"{"assets":[{"id":1,"required":1,"title":{"len":90}},{"id":2,"img":{"type":3}}]}"#}}),
            ),
            "1:li_0@2",
        ),
        Case(
            "C-111",
            targeted(json!({"deals": ["D1"]})),
            imp(json!({"pmp": {"deals": [{"id": "D1", "bidfloor": 4}]}})),
            "1:li_0@4.4",
        ),
        Case(
            "C-63 deal floors are USD",
            targeted(json!({"deals": ["D1"]})),
            imp(json!({"bidfloorcur": "EUR", "pmp": {"deals": [{"id": "D1", "bidfloor": 1}]}})),
            "1:li_0@2",
        ),
        Case(
            "C-113 at 3",
            targeted(json!({"deals": ["D1"]})),
            imp(json!({"pmp": {"deals": [{"id": "D1", "bidfloor": 7.5, "at": 3}]}})),
            "1:li_0@7.5",
        ),
        Case(
            "C-112 wseat",
            targeted(json!({"deals": ["D1"]})),
            imp(json!({"pmp": {"deals": [{"id": "D1", "wseat": ["other"]}]}})),
            "deal_seat",
        ),
        Case(
            "C-112 wadomain",
            targeted(json!({"deals": ["D1"]})),
            imp(json!({"pmp": {"deals": [{"id": "D1", "wadomain": ["other.example"]}]}})),
            "deal_advertiser",
        ),
        Case(
            "a cap without a user",
            json!({"caps": [{"scope": "campaign", "count": 3, "window": {"sliding_seconds": 86_400}}]}),
            usual(),
            "cap_unknown",
        ),
        Case(
            "on_cap_unknown = bid",
            json!({"on_cap_unknown": "bid", "caps": [{"scope": "campaign", "count": 3, "window": {"sliding_seconds": 86_400}}]}),
            usual(),
            "1:li_0@2",
        ),
    ];
    for Case(says, line_item, request, want) in cases {
        let mut shop = Shop::funded(std::slice::from_ref(&line_item));
        let got = match shop.chosen(&request, &NOBODY) {
            Ok(chosen) => chosen.join(" "),
            Err(_) => shop.refusal(&request, &NOBODY).to_owned(),
        };
        assert_eq!(got, want, "{says}: {line_item} on {request}");
    }
}

#[test]
fn the_price_of_a_known_user() {
    // interfaces.md: 27, US, mobile, technology and shopping: 2.0 × 1.2 × 1.2
    let profile: Profile = serde_json::from_value(json!({
        "user_id": "user-12345",
        "demographics": {"age": 27, "country": "US"},
        "interests": ["technology", "shopping"],
    }))
    .unwrap();
    let targeting = json!({"age_range": {"min_age": 18, "max_age": 35}, "interests": ["technology", "shopping"]});
    let mut shop = Shop::funded(&[json!({"targeting": targeting})]);
    let user = User {
        key: Some("user-12345"),
        profile: Some(&profile),
        known: None,
        stamps: None,
    };
    let phone = json!({"devicetype": 4});
    let on = |regs: Value| request(json!({"device": phone, "regs": regs}));
    assert_eq!(
        shop.chosen(&on(json!({})), &user),
        Ok(vec!["1:li_0@2.88".to_owned()])
    );
    // Without consent the profile is neither matched nor counted.
    assert_eq!(
        shop.chosen(&on(json!({"gdpr": 1})), &user),
        Err("nothing_matches".to_owned())
    );
    assert_eq!(
        shop.chosen(&on(json!({"coppa": 1})), &user),
        Err("nothing_matches".to_owned())
    );
    assert_eq!(
        shop.chosen(&on(json!({})), &NOBODY),
        Err("nothing_matches".to_owned())
    );
}

#[test]
fn caps_are_looked_at_before_the_choice() {
    let cap = json!([{"scope": "campaign", "count": 2, "window": {"sliding_seconds": 3_600}}]);
    let mut shop = Shop::funded(&[json!({"caps": cap, "cpm": 5.0}), json!({"cpm": 2.0})]);
    let hour = 3_600_000;
    struct Case(&'static str, Vec<i64>, Vec<i64>, &'static str);
    let cases = [
        Case("never seen", vec![], vec![], "1:li_0@5"),
        Case("once within the hour", vec![NOW.0 - 10], vec![], "1:li_0@5"),
        Case(
            "twice within the hour",
            vec![NOW.0 - 20, NOW.0 - 10],
            vec![],
            "1:li_1@2",
        ),
        Case(
            "the older one just out",
            vec![NOW.0 - hour, NOW.0 - 10],
            vec![],
            "1:li_0@5",
        ),
        Case(
            "a pending counts",
            vec![NOW.0 - 10],
            vec![NOW.0 + 1],
            "1:li_1@2",
        ),
        Case(
            "a pending that has ended does not",
            vec![NOW.0 - 10],
            vec![NOW.0],
            "1:li_0@5",
        ),
    ];
    for Case(says, confirmed, pending, want) in cases {
        let scope = ScopeStamps {
            confirmed: confirmed.into_iter().map(UnixMillis).collect(),
            pending: pending.into_iter().map(UnixMillis).collect(),
        };
        let stamps = UserStamps {
            newest: UnixMillis(0),
            scopes: HashMap::from([(ScopeKey::from("campaign:campaign_0"), scope)]),
        };
        let user = User {
            key: Some("u"),
            profile: None,
            known: None,
            stamps: Some(&stamps),
        };
        assert_eq!(
            shop.chosen(&request(json!({})), &user),
            Ok(vec![want.to_owned()]),
            "{says}"
        );
    }
}

#[test]
fn a_capped_choice_has_fallbacks_down_to_the_first_uncapped_one() {
    let cap = json!([{"scope": "line_item", "count": 9, "window": "calendar_day"}]);
    let mut shop = Shop::funded(&[
        json!({"id": "a", "cpm": 5.0, "caps": cap}),
        json!({"id": "b", "cpm": 4.0, "caps": cap}),
        json!({"id": "c", "cpm": 3.0}),
        json!({"id": "d", "cpm": 2.0}),
    ]);
    let stamps = UserStamps::default();
    let user = User {
        key: Some("u"),
        profile: None,
        known: None,
        stamps: Some(&stamps),
    };
    shop.ask(&request(json!({})), &user, 1, |market, _, decision| {
        let ranked: Vec<_> = decision.imps[0]
            .ranked
            .iter()
            .map(|it| market.items[it.candidate.item].id.to_string())
            .collect();
        assert_eq!(ranked, ["a", "b", "c"]);
        let free = |at: usize| market.items[at].account.free(shop::BOOT).0;
        assert_eq!(
            [free(0), free(1), free(2), free(3)],
            [995_000_000, 996_000_000, 997_000_000, 1_000_000_000]
        );
    });
    // What was not sent is given back.
    let whole = |at: usize| shop.market.items[at].account.free(shop::BOOT);
    assert!((0..4).all(|at| whole(at) == Nanos(1_000_000_000)));
}

#[test]
fn no_reservation_no_bid() {
    let mut shop = Shop::new(&[json!({})]);
    assert_eq!(
        shop.chosen(&request(json!({})), &NOBODY),
        Err("no_budget".to_owned())
    );
    assert_eq!(shop.refusal(&request(json!({})), &NOBODY), "lease_pending");
    assert_eq!(
        shop.leases.wants(shop::BOOT, Nanos(1), 1_000).len(),
        1,
        "it is asked for"
    );
    shop.fund(Nanos(2_500_000));
    for want in ["bid", "no bid"] {
        let bids = shop.ask(&request(json!({})), &NOBODY, 1, |_, _, decision| {
            let bids = decision.imps.len();
            for choice in decision.imps.into_iter().flat_map(|it| it.ranked) {
                assert_eq!(choice.reservation.cost(), Nanos(2_000_000), "C-120");
                choice.reservation.sent();
            }
            bids
        });
        assert_eq!(bids, usize::from(want == "bid"), "{want}");
    }
    assert_eq!(shop.scratch.refusals[0].1.label(), "budget_exhausted");
}

#[test]
fn the_best_price_wins_whatever_the_catalogs_order() {
    let mut items: Vec<Value> = (0..60)
        .map(|at| json!({"cpm": f64::from(at % 30) / 10.0 + 0.1}))
        .collect();
    items.push(json!({"id": "eur", "currency": "EUR", "cpm": 3.1, "max_cpm": 9.0}));
    let mut shop = Shop::funded(&items);
    assert_eq!(
        shop.chosen(&request(json!({})), &NOBODY),
        Ok(vec!["1:eur@3.369565".to_owned()])
    );
    // B-20: the deal's bid, which may win on priority (X-30), and beside it the best two of the open auction.
    items.push(json!({"id": "deal", "cpm": 1.0, "targeting": {"deals": ["D1"]}}));
    let mut shop = Shop::funded(&items);
    let with_deal = imp(json!({"pmp": {"deals": [{"id": "D1"}]}}));
    assert_eq!(
        shop.chosen(&with_deal, &NOBODY),
        Ok(["1:deal@1", "1:eur@3.369565", "1:li_29@3"]
            .map(str::to_owned)
            .to_vec())
    );
}

#[test]
fn the_same_seed_decides_the_same() {
    let items: Vec<Value> = (0..20).map(|_| json!({})).collect();
    let mut shop = Shop::funded(&items);
    let mut decide = |seed| {
        shop.ask(&request(json!({})), &NOBODY, seed, |_, _, decision| {
            let choice = &decision.imps[0].ranked[0];
            (choice.candidate.item, choice.bid)
        })
    };
    assert_eq!(decide(5), decide(5));
    let winners: std::collections::HashSet<_> = (0..200).map(|seed| decide(seed).0).collect();
    assert_eq!(winners.len(), 20, "X-76: equal prices take turns");
}

#[test]
fn each_imp_gets_its_own_choice() {
    let mut shop = Shop::funded(&[
        json!({"id": "wide", "creative": {"format": "banner", "width": 728, "height": 90, "markup": "<b>x</b>"}}),
        json!({"id": "any", "cpm": 1.0}),
    ]);
    let request = request(json!({"imp": [
        {"id": "a", "banner": {"w": 728, "h": 90}},
        {"id": "b", "banner": {"w": 300, "h": 250}},
        {"id": "c", "audio": {"mimes": ["audio/mpeg"]}},
    ]}));
    assert_eq!(
        shop.chosen(&request, &NOBODY),
        Ok(vec!["a:wide@2".to_owned(), "b:any@1".to_owned()])
    );
}
