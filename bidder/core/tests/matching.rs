//! The index against a naive reading of the catalog, and against the rules applied one by one.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod oracle;
mod shop;

use std::cell::RefCell;
use std::sync::Arc;

use bidder_core::eligibility::{schedule::WeekHour, targeting};
use bidder_core::facts::Facts;
use bidder_core::index::{FetchedList, Room, SharedLists};
use bidder_core::lease::LeaseTable;
use bidder_core::market::Market;
use bidder_core::opportunity::Opportunity;
use bidder_core::surroundings::Surroundings;
use bidder_core::targeting::View;
use bidder_core::user::User;
use contracts::catalog::{Catalog, LineItem, ListKind};
use contracts::profile::Profile;
use openrtb::{BidRequest, Limits};
use oracle::World;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};
use shop::NOW;
use units::{BootId, ListId, RateTable};
use uuid::Uuid;

/// List keys with the values that targeting names.
const KEYS: [(&str, &[&str]); 27] = [
    ("genders", &["F", "m"]),
    ("interests", &["technology", "Shopping", "sports"]),
    ("segments", &["high_value", "mobile_users"]),
    ("countries", &["US", "DEU", "fr"]),
    ("regions", &["CA", "us-ny"]),
    ("cities", &["Berlin", "oakland"]),
    ("metros", &["501", "803"]),
    ("postal_codes", &["10115", "US-94601", "sw1a 1aa"]),
    ("device_types", &["mobile", "desktop"]),
    ("os", &["ios", "Android"]),
    ("makes", &["apple", "Samsung"]),
    ("models", &["iphone", "pixel"]),
    ("browsers", &["Chrome", "firefox"]),
    ("carriers", &["vodafone", "310-004"]),
    ("connection_types", &["wifi", "cellular"]),
    ("languages", &["en", "de"]),
    ("domains", &["news.example", "example", "shop.example"]),
    ("bundles", &["com.game", "com.chat"]),
    ("keywords", &["cars", "Electric Cars"]),
    ("publishers", &["pub-1", "pub-2"]),
    ("exchanges", &["ssp-a", "ssp-b"]),
    ("positions", &["above_the_fold", "below_the_fold"]),
    ("placement_types", &["instream", "accompanying_content"]),
    ("venue_types", &["transit", "retail.malls"]),
    ("deals", &["D1", "D2"]),
    ("lists", &["l_domains", "l_bundles", "l_codes"]),
    ("categories", &["IAB1", "IAB1-2", "53"]),
];

/// Of these keys only trees make use here: flat, they narrow what is shown.
const IN_TREES: [(&str, &[&str]); 2] = [
    ("sizes", &["300x250", "640x480"]),
    ("formats", &["banner", "video"]),
];

const LISTS: [(&str, &str, &[&str]); 3] = [
    ("l_domains", "domain", &["news.example", "other.test"]),
    ("l_bundles", "bundle", &["com.chat"]),
    ("l_codes", "postal_code", &["DE-10115", "94601"]),
];

fn some(values: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(values, 0..=values.len())
}

/// Terms that are no plain lists.
fn other_terms() -> impl Strategy<Value = Value> {
    let maybe = |values: &'static [&'static str]| proptest::option::of(select(values));
    let versions = (
        select(&["ios", "Android", "tizen"][..]),
        maybe(&["14", "17.5"]),
        maybe(&["17", "14.0.1"]),
    )
        .prop_map(|(os, min, max)| json!({"os_versions": [{"os": os, "min": min, "max": max}]}));
    let sizes = (0..4_u32, 0..4_u32).prop_map(
        |(w, h)| json!({"size_ranges": [{"min_width": w * 200, "max_height": h * 200 + 100}]}),
    );
    let radius = (
        select(&[(52.52, 13.405), (37.8, -122.27)][..]),
        select(&[1_000, 700_000, 9_000_000][..]),
    )
        .prop_map(
            |((lat, lon), metres)| json!({"radius": [{"lat": lat, "lon": lon, "metres": metres}]}),
        );
    let visits = (select(&["high_value", "Mobile_Users"][..]), maybe(&["1d", "7d"]), 1..4_u32)
        .prop_map(|(segment, within, least)| json!({"visits": [{"segment": segment, "within": within, "at_least": least}]}));
    let flags = (
        select(&["interstitial", "rewarded", "skippable", "in_pod"][..]),
        any::<bool>(),
    )
        .prop_map(|(flag, set)| json!({flag: set}));
    let ages = (0_u8..60, 0_u8..60)
        .prop_map(|(a, b)| json!({"age_range": {"min_age": a.min(b), "max_age": a.max(b)}}));
    prop_oneof![versions, sizes, radius, visits, flags, ages]
}

fn term() -> impl Strategy<Value = Value> {
    let all: Vec<_> = KEYS.into_iter().chain(IN_TREES).collect();
    let list = select(all)
        .prop_flat_map(|(key, values)| (Just(key), some(values), 0..3_u8))
        .prop_map(|(key, values, other)| {
            let mut term = json!({key: values});
            if key == "categories" && other == 0 {
                term["cattax"] = json!(7);
            }
            term
        });
    let hours = (select(&["mon-fri 09-17", "sun 20-24", "sat-sun 00-06", "mon 00-24"][..]), any::<bool>())
        .prop_map(|(part, user)| json!({"dayparts": [part], "dayparts_in": if user { "user" } else { "campaign" }}));
    let path = (
        select(
            &[
                "/device/ext/score",
                "/imp/*/ext/slot",
                "/device/ext",
                "/imp/1/instl",
                "/badv",
            ][..],
        ),
        select(vec![
            json!({"equals": 7}),
            json!({"equals": "a"}),
            json!({"in": [1, "a", true]}),
            json!({"less": 5.5}),
            json!({"greater": 2}),
            json!({"exists": true}),
            json!({"exists": false}),
            json!({"contains": "a"}),
        ]),
    )
        .prop_map(|(path, mut term)| {
            term["path"] = json!(path);
            term
        });
    let any_term = prop_oneof![6 => list, 3 => other_terms(), 1 => hours, 1 => path];
    (any_term, 0..4_u8).prop_map(|(mut term, unknown)| {
        if unknown == 0 {
            term["unknown"] = json!("match");
        }
        term
    })
}

fn tree() -> impl Strategy<Value = Value> {
    term().prop_recursive(4, 24, 4, |part| {
        prop_oneof![
            2 => proptest::collection::vec(part.clone(), 0..4).prop_map(|it| json!({"all": it})),
            2 => proptest::collection::vec(part.clone(), 0..4).prop_map(|it| json!({"any": it})),
            1 => part.prop_map(|it| json!({"not": it})),
        ]
    })
}

fn flat_targeting() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        3 => Just(None),
        1 => (0..KEYS.len()).prop_flat_map(|at| (Just(at), some(KEYS[at].1), some(KEYS[at].1), 0..3_u8)).prop_map(Some),
    ];
    let other = prop_oneof![3 => Just(None), 1 => other_terms().prop_map(Some)];
    (proptest::collection::vec(key, 4), other, any::<bool>()).prop_map(|(keys, other, newer)| {
        let mut targeting = other.unwrap_or(json!({}));
        for (at, include, exclude, form) in keys.into_iter().flatten() {
            targeting[KEYS[at].0] = match form {
                0 => json!(include),
                1 => json!({"include": include, "exclude": exclude}),
                _ => json!({"exclude": exclude}),
            };
        }
        if newer {
            targeting["cattax"] = json!(7);
        }
        targeting
    })
}

fn targeting_json() -> impl Strategy<Value = Value> {
    (
        flat_targeting(),
        prop_oneof![1 => Just(None), 2 => tree().prop_map(Some)],
    )
        .prop_map(|(mut targeting, tree)| {
            if let Some(tree) = tree {
                targeting["rule"] = tree;
            }
            targeting
        })
}

/// An object of members that may be absent.
fn object(
    members: &'static [(&'static str, &'static [&'static str])],
) -> impl Strategy<Value = Value> {
    let member = |(name, values): &(&'static str, &'static [&'static str])| {
        let name = *name;
        proptest::option::of(select(*values)).prop_map(move |it| it.map(|it| (name, it)))
    };
    let members: Vec<_> = members.iter().map(member).collect();
    members.prop_map(|members| {
        let mut object = json!({});
        for (name, text) in members.into_iter().flatten() {
            object[name] = serde_json::from_str(text).unwrap();
        }
        object
    })
}

fn device() -> impl Strategy<Value = Value> {
    let own = object(&[
        ("devicetype", &["1", "2", "4", "5", "99"]),
        ("os", &[r#""iOS""#, r#""android""#, r#""Linux""#]),
        ("osv", &[r#""17.5.1""#, r#""14""#, r#""x""#]),
        ("make", &[r#""Apple""#, r#""Nokia""#]),
        ("model", &[r#""iPhone""#]),
        ("sua", &[r#"{"browsers":[{"brand":"Chrome"}]}"#]),
        ("carrier", &[r#""Vodafone""#, r#""310-004""#]),
        ("connectiontype", &["0", "2", "6"]),
        ("language", &[r#""en-GB""#, r#""fr""#]),
        (
            "ext",
            &[
                r#"{"score":7}"#,
                r#"{"score":"a"}"#,
                r#"{"score":null}"#,
                r#"{"score":[1,"a"]}"#,
            ],
        ),
    ]);
    let geo = object(&[
        ("country", &[r#""USA""#, r#""DEU""#, r#""JPN""#]),
        ("region", &[r#""CA""#, r#""US-NY""#]),
        ("city", &[r#""Berlin""#, r#""Lyon""#]),
        ("metro", &[r#""501""#]),
        ("zip", &[r#""10115""#, r#""94601""#, r#""SW1A 1AA""#]),
        ("lat", &["52.5"]),
        ("lon", &["13.4", "-122.3"]),
        ("utcoffset", &["0", "60", "480", "-330"]),
    ]);
    (own, geo).prop_map(|(mut device, geo)| {
        device["geo"] = geo;
        device
    })
}

fn place() -> impl Strategy<Value = (&'static str, Value)> {
    const COMMON: &[(&str, &[&str])] = &[
        (
            "domain",
            &[
                r#""www.News.example""#,
                r#""a.shop.example""#,
                r#""other.test""#,
            ],
        ),
        ("cat", &[r#"["IAB1-2"]"#, r#"["IAB3"]"#, r#"["53"]"#]),
        ("cattax", &["1", "7"]),
        ("keywords", &[r#""Cars, other""#, r#""electric cars""#]),
        ("publisher", &[r#"{"id":"pub-1"}"#, r#"{"id":"pub-3"}"#]),
        (
            "bundle",
            &[r#""com.game""#, r#""com.chat""#, r#""com.other""#],
        ),
        ("venuetype", &[r#"["transit.airports"]"#, r#"["retail"]"#]),
    ];
    (select(&["site", "app", "dooh"][..]), object(COMMON)).prop_map(|(name, mut place)| {
        let mine: &[&str] = match name {
            "site" => &["domain", "cat", "cattax", "keywords", "publisher"],
            "app" => &["domain", "cat", "cattax", "keywords", "publisher", "bundle"],
            _ => &["domain", "keywords", "publisher", "venuetype"],
        };
        place
            .as_object_mut()
            .unwrap()
            .retain(|key, _| mine.contains(&key.as_str()));
        (name, place)
    })
}

fn an_imp() -> impl Strategy<Value = Value> {
    let own = object(&[
        ("instl", &["0", "1"]),
        ("rwdd", &["0", "1"]),
        (
            "pmp",
            &[
                r#"{"deals":[{"id":"D1"}]}"#,
                r#"{"deals":[{"id":"D2"},{"id":"D3"}]}"#,
            ],
        ),
        ("ext", &[r#"{"slot":1}"#, r#"{"slot":7.5}"#]),
    ]);
    let video = object(&[
        ("w", &["640"]),
        ("h", &["480"]),
        ("pos", &["1", "7"]),
        ("plcmt", &["1", "2", "4"]),
        ("skip", &["0", "1"]),
        ("podid", &[r#""pod""#]),
    ]);
    let banner = object(&[("pos", &["1", "3"])]);
    (own, proptest::option::of(video), banner, any::<bool>()).prop_map(
        |(mut imp, video, mut banner, wide)| {
            (banner["w"], banner["h"]) = if wide {
                (json!(728), json!(90))
            } else {
                (json!(300), json!(250))
            };
            imp["banner"] = banner;
            if let Some(mut video) = video {
                video["mimes"] = json!(["video/mp4"]);
                imp["video"] = video;
            }
            imp
        },
    )
}

fn request() -> impl Strategy<Value = Value> {
    let imps = proptest::collection::vec(an_imp(), 1..4);
    let yob = proptest::option::of(1970..2016_i32);
    (device(), place(), imps, yob).prop_map(|(device, (name, place), mut imps, yob)| {
        for (at, imp) in imps.iter_mut().enumerate() {
            imp["id"] = json!(at.to_string());
        }
        let mut request =
            json!({"id": "r", "imp": imps, "device": device, name: place, "badv": ["a"]});
        if let Some(yob) = yob {
            request["user"] = json!({"yob": yob});
        }
        request
    })
}

fn profile() -> impl Strategy<Value = Value> {
    let segments = subsequence(&["high_value", "mobile_users", "other"][..], 0..=3);
    let visits = (0..10_i64, 1..4_u32);
    let person = object(&[
        ("age", &["20", "33", "59"]),
        ("gender", &[r#""M""#, r#""f""#]),
    ]);
    (person, some(&["technology", "music"]), segments, visits).prop_map(
        |(person, interests, segments, (days, count))| {
            let seen = NOW.0 - days * 86_400_000;
            let segments: Vec<_> = segments.iter()
                .map(|it| json!({"id": it, "last_seen": seen, "count": count}))
                .collect();
            json!({"user_id": "u", "demographics": person, "interests": interests, "segments": segments})
        },
    )
}

fn view(facts: &Facts) -> View<'_> {
    View {
        facts,
        hours: &[],
        request: None,
    }
}

fn shared_lists() -> Arc<SharedLists> {
    let ids = LISTS.map(|it| ListId::from(it.0));
    let lines = LISTS.map(|it| it.2.join("\n"));
    let kinds = [ListKind::Domain, ListKind::Bundle, ListKind::PostalCode];
    let lists = ids.iter().zip(kinds).zip(&lines);
    Arc::new(SharedLists::build(lists.map(|((id, kind), lines)| {
        FetchedList {
            id,
            kind,
            version: 1,
            lines,
        }
    })))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn the_index_finds_what_a_naive_reading_finds(
        targetings in proptest::collection::vec(targeting_json(), 1..100),
        requests in proptest::collection::vec((request(), proptest::option::of(profile())), 1..4),
        source in proptest::option::of(select(&["SSP-A", "ssp-c"][..])),
    ) {
        let line_items: Vec<_> = targetings.iter()
            .map(|it| json!({"targeting": it, "time_zone": "Asia/Shanghai"}))
            .collect();
        let catalog = shop::catalog(&line_items);
        let leases = LeaseTable::new(BootId(Uuid::nil()));
        let market = Market::with_lists(&catalog, &shared_lists(), &leases, "http://127.0.0.1");
        prop_assert!(market.left_out.is_empty(), "{:?}", market.left_out);
        // What the room remembers of other requests and other catalogs does not show.
        let agreed: Result<(), TestCaseError> = ROOM.with_borrow_mut(|room| {
            requests.iter().try_for_each(|(request, profile)| {
                // Taken apart beforehand, a profile says the same.
                [false, true].into_iter().try_for_each(|ahead| {
                    let profile = (profile.as_ref(), ahead);
                    compare(&catalog, &market, request, profile, source, room)
                })
            })
        });
        agreed?;
    }
}

thread_local! {
    static ROOM: RefCell<Room> = RefCell::default();
}

/// Whether index, rules and the naive reading agree on every line item, for every imp of a request.
fn compare(
    catalog: &Catalog,
    market: &Market,
    request: &Value,
    (profile, ahead): (Option<&Value>, bool),
    source: Option<&str>,
    room: &mut Room,
) -> Result<(), TestCaseError> {
    let body = request.to_string();
    let (read, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
    let surroundings = Surroundings {
        source,
        body: Some(body.as_bytes()),
        ..Surroundings::default()
    };
    let opportunity = Opportunity::read(&read, &RateTable::default())
        .unwrap()
        .within(surroundings);
    let known: Option<Profile> = profile.map(|it| serde_json::from_value(it.clone()).unwrap());
    let lists = known.as_ref().filter(|_| ahead);
    let lists = lists.map(|it| Arc::new(market.index.know(it)));
    let user = User {
        profile: known.as_ref(),
        known: lists.as_ref(),
        ..User::default()
    };
    let mut facts = Facts::default();
    opportunity.facts(&user, NOW, &mut facts);
    market.index.shared().add_to(&mut facts);
    let zones = market.zones.iter();
    let hours: Vec<_> = zones.map(|zone| WeekHour::at(NOW, zone)).collect();
    let raw = opportunity.raw_for(market.index.terms());
    let view = View {
        facts: &facts,
        hours: &hours,
        request: raw,
    };
    market.index.match_request(&view, room);
    for (at, imp) in opportunity.imps.iter().enumerate() {
        opportunity.imp_facts(imp, &mut facts);
        let view = View {
            facts: &facts,
            hours: &hours,
            request: raw,
        };
        market.index.match_imp(imp, &view, room);
        // Monday, 06:45 in Shanghai.
        let world = World {
            request,
            imp: at,
            profile,
            source,
            lists: &LISTS,
            now: NOW.0,
            campaign_hour: (0, 6),
        };
        for (number, item) in market.items.iter().enumerate() {
            let plain: &LineItem = catalog
                .line_items
                .iter()
                .find(|it| it.id == item.id)
                .unwrap();
            let naive = world.matches(&plain.targeting);
            let found = room.open.contains(number) || room.by_deal.contains(number);
            let told = || {
                let targeting = serde_json::to_string(&plain.targeting).unwrap();
                format!("{targeting}\n{request}\n{profile:?} imp {at}")
            };
            prop_assert_eq!(found, naive, "index: {}", told());
            let checked = targeting::check(&item.rules, market.index.terms(), &view);
            prop_assert_eq!(checked.is_ok(), naive, "check {:?}: {}", checked, told());
        }
    }
    Ok(())
}

#[test]
fn shapes_and_deals_narrow_an_imp() {
    let banner = |size: (u32, u32)| json!({"format": "banner", "width": size.0, "height": size.1, "markup": "<b>x</b>"});
    let video = json!({"format": "video", "media_url": "https://cdn.example/v.mp4", "duration_seconds": 15});
    let catalog = shop::catalog(&[
        json!({"id": "a_responsive"}),
        json!({"id": "b_banner", "creative": banner((300, 250))}),
        json!({"id": "c_banner", "creative": banner((728, 90))}),
        json!({"id": "d_video", "creative": video}),
        json!({"id": "e_deal", "targeting": {"deals": ["D1"]}}),
        json!({"id": "f_size", "targeting": {"sizes": ["728x90"]}}),
        json!({"id": "g_native_only", "targeting": {"formats": ["native"]}}),
    ]);
    let leases = LeaseTable::new(BootId(Uuid::nil()));
    let market = Market::build(&catalog, &leases, "http://127.0.0.1");
    assert_eq!(market.left_out, []);
    let native = json!({"request": r#"{"ver":"1.2","assets":[{"id":1,"title":{"len":50}}]}"#});
    struct Case(
        &'static str,
        Value,
        &'static [&'static str],
        &'static [&'static str],
    );
    let cases = [
        Case(
            "300x250",
            json!({"banner": {"w": 300, "h": 250}}),
            &["a_responsive", "b_banner"],
            &[],
        ),
        Case(
            "C-70 format and w, h together",
            json!({"banner": {"w": 728, "h": 90, "format": [{"w": 300, "h": 250}]}}),
            &["a_responsive", "b_banner", "c_banner", "f_size"],
            &[],
        ),
        Case(
            "X-10 interstitial",
            json!({"instl": 1, "banner": {"w": 320, "h": 480}}),
            &["a_responsive", "b_banner", "c_banner", "f_size"],
            &[],
        ),
        Case(
            "video",
            json!({"video": {"mimes": ["video/mp4"]}, "banner": null}),
            &["d_video"],
            &[],
        ),
        Case(
            "native",
            json!({"native": native, "banner": null}),
            &["a_responsive", "g_native_only"],
            &[],
        ),
        Case(
            "a deal",
            json!({"pmp": {"deals": [{"id": "D1"}]}}),
            &["a_responsive", "b_banner"],
            &["e_deal"],
        ),
        Case(
            "C-110 private",
            json!({"pmp": {"private_auction": 1, "deals": [{"id": "D1"}]}}),
            &[],
            &["e_deal"],
        ),
        Case(
            "C-25 private without deals",
            json!({"pmp": {"private_auction": 1, "deals": []}}),
            &[],
            &[],
        ),
    ];
    for Case(says, differs, open, by_deal) in cases {
        let body = shop::imp(differs).to_string();
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        let opportunity = Opportunity::read(&request, &RateTable::default()).unwrap();
        let mut room = Room::default();
        let mut facts = Facts::default();
        market.index.match_request(&view(&facts), &mut room);
        opportunity.imp_facts(&opportunity.imps[0], &mut facts);
        market
            .index
            .match_imp(&opportunity.imps[0], &view(&facts), &mut room);
        let names = |set: &bidder_core::index::Bits| {
            let mut names: Vec<_> = set
                .iter()
                .map(|at| market.items[at].id.to_string())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(&room.open), open, "{says}");
        assert_eq!(names(&room.by_deal), by_deal, "{says}");
    }
}
