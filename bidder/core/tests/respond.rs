//! Whole answers: what a bid declares, its markup, its notices, and what a caller reads back.

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

use bidder_core::respond::{Dialect, Pages, Reply, Source, first_choices, respond};
use bidder_core::user::User;
use contracts::notice::{BillOn, NoticeClaims, NoticeKey, NoticeKind};
use openrtb::native::{NativeRequest, NativeResponse};
use openrtb::{BidResponse, Limits};
use serde_json::{Value, json};
use shop::{Shop, imp, request};
use units::{AuctionId, Nanos};
use uuid::Uuid;

fn source(bill_on: BillOn) -> Source {
    Source {
        name: "ssp".into(),
        bill_on,
        loss_is_final: false,
        reviews_creatives: false,
    }
}

fn answer_to(shop: &mut Shop, request: &Value, bill_on: BillOn, dialect: Dialect) -> Value {
    let user = User {
        key: Some("u1"),
        profile: None,
        known: None,
        stamps: None,
    };
    shop.ask(request, &user, 1, |market, opportunity, decision| {
        let source = source(bill_on);
        let reply = Reply {
            opportunity,
            market,
            source: &source,
            auction: AuctionId(Uuid::from_u128(0xA)),
            user: user.key,
            dialect,
        };
        let bids: Vec<_> = first_choices(&decision).collect();
        let mut out = Vec::new();
        respond(&reply, &bids, &mut Pages::default(), &mut out);
        let (read, repairs) = BidResponse::read(&out, &Limits::RESPONSE).unwrap();
        assert_eq!(repairs.total(), 0, "C-26: exact types only");
        assert!(!read.seatbid.is_empty());
        serde_json::from_slice(&out).unwrap()
    })
}

fn bid_for(line_item: Value, request: &Value) -> Value {
    let mut shop = Shop::funded(&[line_item]);
    answer_to(&mut shop, request, BillOn::Burl, Dialect::V26)["seatbid"][0]["bid"][0].clone()
}

fn token_in<'t>(url: &'t str, path: &str) -> &'t str {
    let start = format!("http://127.0.0.1:8002{path}?t=");
    let rest = url
        .split(&start)
        .nth(1)
        .unwrap_or_else(|| panic!("{start} in {url}"));
    rest.split(['&', '"', ']', '<']).next().unwrap()
}

fn open(token: &str) -> NoticeClaims {
    NoticeClaims::open(token, &NoticeClaims::ring(&[NoticeKey::new(1, [1; 32])])).unwrap()
}

#[test]
fn a_banner_bid_declares_everything() {
    let line_item = json!({"creative": {
        "categories": ["IAB22"], "attributes": [12], "apis": [7], "language": "en", "bundle": "com.shop",
    }});
    let request = imp(json!({"exp": 120, "banner": {"w": 300, "h": 250, "api": [7]}}));
    let mut shop = Shop::funded(&[line_item]);
    let answer = answer_to(&mut shop, &request, BillOn::Burl, Dialect::V26);
    assert_eq!(answer["id"], "r1", "C-130");
    assert_eq!(answer["cur"], "USD");
    assert_eq!(answer["bidid"], "00000000-0000-0000-0000-00000000000a");
    assert_eq!(answer["seatbid"][0]["seat"], "seat-shop");
    let bid = &answer["seatbid"][0]["bid"][0];
    let expected = json!({
        "impid": "1", "price": 2, "cid": "campaign_0", "crid": "crt_0", "adomain": ["shop.example"], "bundle": "com.shop",
        "cat": ["IAB22"], "attr": [12], "apis": [7], "mtype": 1, "language": "en", "w": 300, "h": 250, "exp": 120,
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&bid[key], value, "B-30 {key}");
    }
    assert!(bid.get("ext").is_none() && bid.get("dealid").is_none());
    assert_eq!(
        Uuid::parse_str(bid["id"].as_str().unwrap())
            .unwrap()
            .get_version_num(),
        7
    );
}

#[test]
fn notices_are_signed_and_carry_what_is_billed() {
    let bid = bid_for(json!({}), &request(json!({"cur": ["EUR"], "test": 1})));
    let cases = [
        (
            "nurl",
            "/win-notice",
            NoticeKind::Win,
            "&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mtw=${AUCTION_MIN_TO_WIN}",
        ),
        (
            "burl",
            "/billing-notice",
            NoticeKind::Bill,
            "&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}",
        ),
        (
            "lurl",
            "/loss-notice",
            NoticeKind::Loss,
            "&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&loss=${AUCTION_LOSS}&mtw=${AUCTION_MIN_TO_WIN}",
        ),
    ];
    for (name, path, kind, macros) in cases {
        let url = bid[name].as_str().unwrap();
        assert!(url.ends_with(macros), "{url}");
        let claims = open(token_in(url, path));
        assert_eq!(claims.kind, kind);
        assert_eq!(claims.price.to_string(), "1.84");
        assert_eq!(claims.currency.as_str(), "EUR");
        assert_eq!(
            claims.max_cost,
            Nanos(2_000_000),
            "in the campaign's currency"
        );
        assert_eq!(claims.charge(None), claims.max_cost);
        assert_eq!(
            (claims.rate_id, claims.test, claims.bill_on),
            (1, true, BillOn::Burl)
        );
        assert_eq!((claims.source.as_str(), claims.imp.as_str()), ("ssp", "1"));
        assert_eq!(claims.user, None, "uncapped: no stamp to confirm");
    }
    let cap = json!([{"scope": "campaign", "count": 3, "window": "calendar_day"}]);
    let capped = bid_for(
        json!({"caps": cap, "on_cap_unknown": "bid"}),
        &request(json!({})),
    );
    let claims = open(token_in(
        capped["burl"].as_str().unwrap(),
        "/billing-notice",
    ));
    assert_eq!(claims.user.as_deref(), Some("u1"));
}

#[test]
fn bids_of_several_seats_each_go_under_their_own() {
    // C-134
    let mut catalog = shop::catalog(&[
        json!({"targeting": {"sizes": ["300x250"]}}),
        json!({"targeting": {"sizes": ["728x90"]}}),
    ]);
    let mut other = catalog.advertisers[0].clone();
    (other.id, other.seat) = ("other".into(), "seat-\"other\"".into());
    catalog.advertisers.push(other);
    catalog.campaigns[1].advertiser = "other".into();
    let mut shop = Shop::of(catalog);
    shop.fund(Nanos(1_000_000_000));
    let request = request(json!({"imp": [
        {"id": "a", "banner": {"w": 300, "h": 250}}, {"id": "b", "banner": {"w": 728, "h": 90}},
        {"id": "c", "banner": {"w": 300, "h": 250}},
    ]}));
    let answer = answer_to(&mut shop, &request, BillOn::Burl, Dialect::V26);
    let seats: Vec<_> = answer["seatbid"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let imps: Vec<_> = it["bid"]
                .as_array()
                .unwrap()
                .iter()
                .map(|bid| &bid["impid"])
                .collect();
            (it["seat"].as_str().unwrap(), json!(imps))
        })
        .collect();
    assert_eq!(
        seats,
        [
            ("seat-shop", json!(["a", "c"])),
            ("seat-\"other\"", json!(["b"]))
        ]
    );
}

/// What the examples can be answered with: every format, in the sizes and lengths that they ask for.
fn assortment() -> Vec<Value> {
    let video = |seconds: u32, (w, h): (u32, u32)| {
        json!({"cpm": 20.0, "max_cpm": 60.0, "creative": {
            "format": "video", "media_url": "https://cdn.shop.example/v.mp4?a=1&b=\"2\"", "duration_seconds": seconds,
            "width": w, "height": h, "verification": {"vendor": "measure.example-omid", "script": "https://measure.example/o.js"},
        }})
    };
    vec![
        json!({"cpm": 2.0}),
        json!({"cpm": 12.0, "max_cpm": 60.0, "targeting": {"deals": ["D-FIX-7", "OOH-22"]}}),
        video(30, (1280, 720)),
        video(15, (1920, 1080)),
        video(10, (1080, 1920)),
        json!({"cpm": 20.0, "max_cpm": 60.0, "creative": {"format": "audio", "media_url": "https://cdn.shop.example/a.mp3", "duration_seconds": 30}}),
        json!({"cpm": 3.0, "creative": {"format": "native", "privacy_url": "https://shop.example/privacy", "assets": {
            "title": "Spring \"sale\" 春", "description": "Twenty percent \\ off", "sponsored": "Shop", "cta": "Shop now",
            "image": {"url": "https://cdn.shop.example/i.jpg", "width": 1200, "height": 627},
        }}}),
    ]
}

#[test]
fn every_example_is_answered_with_what_the_validator_takes() {
    let mut answered = Vec::new();
    for dialect in [Dialect::V26, Dialect::V25] {
        for number in 1..=16 {
            let request = example(number);
            let mut shop = Shop::funded(&assortment());
            if shop.chosen(&request, &User::default()).is_err() {
                continue;
            }
            shop.ask(
                &request,
                &User::default(),
                1,
                |market, opportunity, decision| {
                    let source = source(BillOn::Burl);
                    let reply = Reply {
                        opportunity,
                        market,
                        source: &source,
                        auction: AuctionId(Uuid::from_u128(0xA)),
                        user: None,
                        dialect,
                    };
                    let bids: Vec<_> = first_choices(&decision).collect();
                    let mut out = Vec::new();
                    respond(&reply, &bids, &mut Pages::default(), &mut out);
                    check_answer(number, &request, &out);
                    answered.push((number, bids.len()));
                },
            );
        }
    }
    // One advertiser: once in each pod (X-22).
    let once = [
        (1, 1),
        (2, 1),
        (3, 1),
        (4, 1),
        (5, 1),
        (6, 1),
        (7, 1),
        (9, 1),
        (10, 2),
        (11, 1),
        (12, 5),
        (13, 1),
        (14, 1),
        (15, 1),
        (16, 1),
    ];
    assert_eq!(answered, [once, once].concat());
}

fn example(number: u8) -> Value {
    let directory = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../crates/testkit/fixtures/openrtb"
    );
    let begins = format!("{number:02}-");
    let named = std::fs::read_dir(directory).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name()?.to_str()?;
        (name.starts_with(&begins) && name.ends_with(".request.json")).then(|| path.clone())
    });
    serde_json::from_slice(&std::fs::read(named.unwrap()).unwrap()).unwrap()
}

/// No error of the validator, no repair in reading, native as asked for, VAST of the version declared.
fn check_answer(number: u8, request: &Value, out: &[u8]) {
    let report = openrtb::validate::response(out, &Limits::RESPONSE).unwrap();
    assert!(
        report.is_valid(),
        "example {number}: {:?} in {}",
        report.findings,
        String::from_utf8_lossy(out)
    );
    let (read, repairs) = BidResponse::read(out, &Limits::RESPONSE).unwrap();
    assert_eq!(repairs.total(), 0, "example {number}: C-26");
    for (_, bid) in read.bids() {
        let bid = bid.as_ref().unwrap();
        let adm = bid.adm().unwrap();
        let imps = request["imp"].as_array().unwrap();
        let imp = imps.iter().find(|it| it["id"] == bid.impid()).unwrap();
        if let Some(vast) = openrtb::vast::Vast::read(adm) {
            assert_eq!(vast.protocol(), bid.protocol, "example {number}");
            assert_eq!(vast.ads.len(), 1, "example {number}");
            assert!(vast.ads[0].duration_ms.is_some() && !vast.ads[0].media[0].url.is_empty());
        }
        if let (Some(native), true) = (imp.get("native"), adm.starts_with('{')) {
            let asked = &native["request"];
            let text = asked
                .as_str()
                .map_or_else(|| asked.to_string(), str::to_owned);
            let (asked, _) = NativeRequest::read(&text).unwrap();
            let (answer, _) = NativeResponse::read(adm).unwrap();
            openrtb::native::check(&asked, &answer, true)
                .unwrap_or_else(|fault| panic!("example {number}: {fault:?}"));
        }
        if imp["secure"] == 1 {
            assert!(
                openrtb::insecure_url(adm, true).is_none(),
                "example {number}: X-47"
            );
        }
    }
}

#[test]
fn who_bills_by_impression_gets_no_burl() {
    let mut shop = Shop::funded(&[json!({})]);
    let answer = answer_to(
        &mut shop,
        &request(json!({})),
        BillOn::Impression,
        Dialect::V26,
    );
    assert!(answer["seatbid"][0]["bid"][0].get("burl").is_none());
}

#[test]
fn a_caller_of_2_5_gets_2_5() {
    // C-171
    let mut shop =
        Shop::funded(&[json!({"creative": {"apis": [3], "categories": ["483"], "cattax": 7}})]);
    let request = imp(json!({"banner": {"w": 300, "h": 250, "api": [3]}}));
    let answer = answer_to(&mut shop, &request, BillOn::Burl, Dialect::V25);
    let bid = &answer["seatbid"][0]["bid"][0];
    assert_eq!(bid["ext"]["mtype"], 1);
    assert_eq!(bid["api"], 3);
    for gone in ["mtype", "apis", "cattax", "dur"] {
        assert!(bid.get(gone).is_none(), "{gone}");
    }
}

#[test]
fn a_card_is_drawn_in_the_size_and_escaped() {
    let creative = json!({"title": "春季 <b>\"sale\"</b>", "description": "8折 & more"});
    let bid = bid_for(
        json!({"creative": creative}),
        &imp(json!({"banner": {"w": 728, "h": 90}})),
    );
    let adm = bid["adm"].as_str().unwrap();
    assert!(adm.contains("width:728px;height:90px"), "{adm}");
    assert!(
        adm.contains("春季 &lt;b&gt;&quot;sale&quot;&lt;/b&gt;"),
        "{adm}"
    );
    assert!(adm.contains("8折 &amp; more"), "{adm}");
    assert_eq!(open(token_in(adm, "/t/click")).kind, NoticeKind::Click);
    assert_eq!(
        open(token_in(adm, "/t/impression")).kind,
        NoticeKind::Impression
    );
}

#[test]
fn own_html_gets_click_and_impression_trackers() {
    let page = "https://shop.example/sale";
    let cases = [
        (
            "a place for it",
            "<a href=\"${CLICK_URL}\"><b>x</b></a>".to_owned(),
        ),
        (
            "a link to the landing page",
            format!("<a href=\"{page}\"><b>x</b></a>"),
        ),
        ("no link at all", "<b>x</b>".to_owned()),
    ];
    for (says, markup) in cases {
        let creative = json!({"format": "banner", "width": 300, "height": 250, "markup": markup});
        let bid = bid_for(json!({"creative": creative}), &request(json!({})));
        let adm = bid["adm"].as_str().unwrap();
        assert_eq!(adm.matches("<a ").count(), 1, "{says}: {adm}");
        assert_eq!(adm.matches("/t/click?t=").count(), 1, "{says}: {adm}");
        assert_eq!(adm.matches("/t/impression?t=").count(), 1, "{says}: {adm}");
        assert!(
            !adm.contains(page) && !adm.contains("${CLICK_URL}"),
            "{says}: {adm}"
        );
    }
}

#[test]
fn vast_is_written_in_a_version_on_offer() {
    let media = json!({"format": "video", "media_url": "https://cdn.example/v.mp4?a=1&b=2", "duration_seconds": 75, "width": 640, "height": 360});
    let tag = json!({"format": "video", "vast_url": "https://ads.example/tag?x=]]>y", "duration_seconds": 15});
    let own = json!({"format": "video", "markup": "<VAST version=\"3.0\"><Ad><InLine><AdSystem>a</AdSystem><AdTitle>t</AdTitle><Impression>https://i.example</Impression><Creatives><Creative><Linear><Duration>00:00:15</Duration><VideoClicks><ClickThrough><![CDATA[${CLICK_URL}]]></ClickThrough></VideoClicks></Linear></Creative></Creatives></InLine></Ad></VAST>"});
    struct Case<'a>(&'a str, &'a Value, &'a [i32], i32, i32, &'a [&'a str]);
    let cases = [
        Case(
            "inline 4.2",
            &media,
            &[2, 3, 7, 11, 13],
            13,
            75,
            &[
                "<VAST version=\"4.2\">",
                "<Duration>00:01:15</Duration>",
                "https://cdn.example/v.mp4?a=1&b=2",
                "/t/video/firstQuartile?t=",
                "<AdServingId>",
                "<UniversalAdId",
            ],
        ),
        Case(
            "inline 3.0",
            &media,
            &[2, 3],
            3,
            75,
            &["<VAST version=\"3.0\">"],
        ),
        Case(
            "wrapper",
            &tag,
            &[14],
            14,
            15,
            &[
                "<Wrapper>",
                "https://ads.example/tag?x=]]]]><![CDATA[>y",
                "<Creatives><Creative><Linear><TrackingEvents><Tracking event=\"start\">",
            ],
        ),
        Case(
            "its own document",
            &own,
            &[3],
            3,
            15,
            &[
                "<VAST version=\"3.0\">",
                "https://i.example",
                "<AdTitle>t</AdTitle>",
                "/t/click?t=",
                "</Duration><TrackingEvents><Tracking event=\"start\">",
                "/t/video/complete?t=",
            ],
        ),
    ];
    for Case(says, creative, protocols, protocol, seconds, parts) in cases {
        let video = json!({"mimes": ["video/mp4"], "protocols": protocols, "w": 640, "h": 360, "maxduration": 90});
        let request = imp(json!({"banner": null, "video": video, "secure": 1}));
        let bid = bid_for(json!({"creative": creative}), &request);
        assert_eq!(
            (&bid["protocol"], &bid["mtype"]),
            (&json!(protocol), &json!(2)),
            "{says}"
        );
        if says != "its own document" {
            assert_eq!(bid["dur"], seconds, "{says}");
        }
        let adm = bid["adm"].as_str().unwrap();
        for part in parts {
            assert!(adm.contains(part), "{says}: {part} in {adm}");
        }
        let vast = openrtb::vast::Vast::read(adm).unwrap();
        assert_eq!(vast.protocol().map(|it| it.0), Some(protocol), "{says}");
        assert_eq!(
            open(token_in(adm, "/t/impression")).kind,
            NoticeKind::Impression,
            "{says}"
        );
        assert!(openrtb::insecure_url(adm, true).is_none(), "X-47 {says}");
    }
}

#[test]
fn a_native_answer_satisfies_its_request() {
    // C-90 to C-94
    let assets = r#""assets":[{"id":1,"required":1,"title":{"len":90}},{"id":2,"required":1,"img":{"type":3,"wmin":382,"hmin":200}},{"id":3,"img":{"type":1,"w":50,"h":50}},{"id":4,"required":1,"data":{"type":1,"len":25}},{"id":5,"data":{"type":2,"len":8}}]"#;
    let trackers = r#""eventtrackers":[{"event":1,"methods":[1,2]},{"event":2,"methods":[1]}]"#;
    let creative = json!({"format": "native", "assets": {
        "title": "Spring", "description": "Twenty percent", "image": {"url": "https://cdn.example/i.png", "width": 600, "height": 400},
    }});
    struct Case(&'static str, String, bool, bool);
    let cases = [
        Case(
            "1.2 with trackers",
            format!("{{\"ver\":\"1.2\",{assets},{trackers}}}"),
            false,
            true,
        ),
        Case(
            "1.1 without",
            format!("{{\"ver\":\"1.1\",{assets}}}"),
            false,
            false,
        ),
        Case(
            "1.0 wrapped",
            format!("{{\"native\":{{\"ver\":\"1.0\",{assets}}}}}"),
            true,
            false,
        ),
    ];
    for Case(says, text, wrapped, tracked) in cases {
        let request = imp(json!({"banner": null, "native": {"request": text}}));
        let bid = bid_for(json!({"creative": creative}), &request);
        let adm = bid["adm"].as_str().unwrap();
        let (asked, _) = NativeRequest::read(&text).unwrap();
        let (answer, _) = NativeResponse::read(adm).unwrap();
        openrtb::native::check(&asked, &answer, true)
            .unwrap_or_else(|fault| panic!("{says}: {fault:?}"));
        let json: Value = serde_json::from_str(adm).unwrap();
        assert_eq!(json.get("native").is_some(), wrapped, "{says}");
        let inner = json.get("native").unwrap_or(&json);
        assert_eq!(inner.get("eventtrackers").is_some(), tracked, "{says}");
        assert_eq!(inner.get("imptrackers").is_some(), !tracked, "{says}");
        assert_eq!(
            inner["assets"].as_array().unwrap().len(),
            4,
            "{says}: no icon"
        );
        assert_eq!(bid["mtype"], 4);
    }
}
