//! Whom an auction asks, and with which bytes.

mod support;

use contracts::catalog::PartnerStatus;
use contracts::matches::{Match, Matches};
use exchange_core::auction::{Reach, Seller, Terms, plan};
use exchange_core::routing::NotAsked;
use serde_json::Value;
use support::{auction_id, example, fates, intake, market, partner, planned, settled};
use units::UnixMillis;

#[test]
fn what_nobody_changes_reaches_the_dsp_byte_for_byte() {
    // C-22: all that differs is tmax, the SSP's id of us, and our node in the chain
    for pair in [
        "01-banner-web-25",
        "02-multiformat-26",
        "08-pmp-private-deal",
        "10-ctv-structured-pod",
    ] {
        let (request, _) = example(pair);
        let intake = intake(&request);
        let market = market(&[partner("a")]);
        let plan = planned(&intake, &market, 1);
        let body = String::from_utf8(plan.bodies[0].clone()).unwrap();
        let mut sent: Value = serde_json::from_str(&body).unwrap();
        // In places of 2.6, whatever version the SSP speaks.
        let mut asked: Value = serde_json::from_slice(intake.body).unwrap();
        for value in [&mut sent, &mut asked] {
            value["tmax"] = Value::Null;
            if let Some(user) = value["user"].as_object_mut() {
                user.remove("buyeruid");
            }
        }
        let source = &mut sent["source"];
        let chain = if source.get("schain").is_some() {
            &mut source["schain"]
        } else {
            &mut source["ext"]["schain"]
        };
        let ours = chain["nodes"].as_array_mut().unwrap().pop().unwrap();
        assert_eq!(
            ours,
            serde_json::json!({"asi": "exchange.example", "sid": "ssp-1", "rid": asked["id"], "hp": 1}),
            "C-145 {pair}"
        );
        assert_eq!(sent, asked, "{pair}");
        assert!(
            body.contains(&request[request.find("\"imp\"").unwrap()..][..200]),
            "{pair}: copied, not written anew"
        );
    }
}

#[test]
fn partners_that_see_the_same_share_a_body() {
    let (request, _) = example("02-multiformat-26");
    let intake = intake(&request);
    let mut hurried = partner("hurried");
    hurried.timeout_ms = Some(30);
    let mut own = partner("own");
    own.endpoint = "self:bidder".to_owned();
    let market = market(&[partner("a"), partner("b"), hurried, own]);
    let plan = planned(&intake, &market, 1);
    let bodies: Vec<usize> = plan.asks.iter().map(|ask| ask.body).collect();
    assert_eq!(bodies, [0, 0, 1, 2]);
    let json = |index: usize| -> Value { serde_json::from_slice(&plan.bodies[index]).unwrap() };
    assert_eq!(json(0)["tmax"], 90, "X-77");
    assert_eq!(json(1)["tmax"], 30, "X-77: the partner's own limit");
    assert!(json(0)["user"].get("buyeruid").is_none(), "C-143");
    assert_eq!(
        json(2)["user"]["buyeruid"],
        "alpha-55aa",
        "the SSP's id of us is our bidder's"
    );
}

#[test]
fn a_dsp_sees_its_own_imps_and_deals_and_bids_on_no_other() {
    // X-110, X-54, C-112: what is sold by deals alone is offered to those who see one
    let request = r#"{"id":"r","at":1,"imp":[{"id":"1","banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"own","wseat":["s1"]},{"id":"theirs","wseat":["s2"]},{"id":"all"}]}},{"id":"2","video":{"mimes":["video/mp4"]}},{"id":"3","banner":{"w":300,"h":250},"pmp":{"private_auction":1,"deals":[{"id":"closed","wseat":["s2"]}]}}]}"#;
    let intake = intake(request);
    let mut narrow = partner("narrow");
    narrow.formats = vec![contracts::catalog::CreativeFormat::Banner];
    narrow.seats = vec!["s1".to_owned()];
    let market = market(&[narrow, partner("wide")]);
    let plan = planned(&intake, &market, 1);
    let sent = |index: usize| -> Value { serde_json::from_slice(&plan.bodies[index]).unwrap() };
    let ids = |list: &Value| -> Vec<String> {
        let ids = list.as_array().unwrap().iter();
        ids.map(|it| it["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let deals = |body: &Value| ids(&body["imp"][0]["pmp"]["deals"]);
    let (narrow, wide) = (sent(0), sent(1));
    assert_eq!(
        (ids(&narrow["imp"]), ids(&wide["imp"])),
        (
            vec!["1".to_owned()],
            ["1", "2", "3"].map(str::to_owned).to_vec()
        )
    );
    assert_eq!(deals(&narrow), ["own", "all"]);
    assert_eq!(deals(&wide), ["own", "theirs", "all"]);
    let on = |imp: &str| {
        format!(
            r#"{{"id":"r","seatbid":[{{"seat":"s1","bid":[{{"id":"b{imp}","impid":"{imp}","price":1,"adm":"<VAST version=\"3.0\"><Ad><InLine/></Ad></VAST>"}}]}}]}}"#
        )
    };
    let (unseen, seen) = (on("2"), on("2"));
    let settlement = settled(&plan, &market, &[(0, &unseen), (1, &seen)]);
    let found: Vec<String> = fates(&settlement)
        .into_iter()
        .map(|(_, fate)| fate)
        .collect();
    assert_eq!(found, ["3", "won 1 USD"]);
}

#[test]
fn who_may_win_by_a_guarantee() {
    // X-30, X-76: until all of them have answered nothing is decided
    let request = r#"{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"own","wseat":["s1"],"guar":1},{"id":"other","wseat":["s2"],"guar":1},{"id":"all"}]}},{"id":"2","banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"third","wseat":["s3"],"guar":1}]}}]}"#;
    let intake = intake(request);
    let with_seats = |id: &str, seats: &[&str]| {
        let mut partner = partner(id);
        partner.seats = seats.iter().map(|seat| (*seat).to_owned()).collect();
        partner
    };
    let mut testing = partner("testing");
    testing.status = PartnerStatus::Testing;
    let market = market(&[
        with_seats("first imp", &["s1"]),
        with_seats("second imp", &["s3"]),
        with_seats("neither", &["s4"]),
        with_seats("every seat", &[]),
        testing,
    ]);
    let plan = planned(&intake, &market, 1);
    assert!(plan.may_fill_early());
    let may: Vec<bool> = (0..6).map(|ask| plan.may_win_by_guarantee(ask)).collect();
    assert_eq!(may, [true, true, false, true, false, false]);
}

#[test]
fn c_90_a_native_request_is_sent_in_the_form_that_the_partner_takes() {
    let (string, object) = (
        r#""{\"ver\":\"1.2\",\"assets\":[]}""#,
        r#"{"ver":"1.2","assets":[]}"#,
    );
    let wrapped = (
        r#""{\"native\":{\"assets\":[]}}""#,
        r#"{"native":{"assets":[]}}"#,
    );
    #[rustfmt::skip]
    let rows = [
        ("a string", string, string, object),
        ("an object", object, string, object),
        ("1.0, wrapped", wrapped.0, wrapped.0, wrapped.1),
    ];
    let mut objects = partner("objects");
    objects.native_request = contracts::catalog::NativeForm::Object;
    let market = market(&[partner("strings"), objects]);
    for (says, sent, as_string, as_object) in rows {
        let request = format!(
            r#"{{"id":"r","imp":[{{"id":"1","native":{{"ver":"1.2", "request": {sent} ,"battr":[1]}}}}]}}"#
        );
        let intake = intake(&request);
        let plan = planned(&intake, &market, 1);
        assert_eq!(plan.asks.len(), 2, "{says}");
        for (ask, want) in plan.asks.iter().zip([as_string, as_object]) {
            let body = std::str::from_utf8(&plan.bodies[ask.body]).unwrap();
            let want = format!(r#""native":{{"ver":"1.2", "request": {want} ,"battr":[1]}}"#);
            assert!(body.contains(&want), "{says}: {body}");
        }
    }
}

#[test]
fn who_is_not_asked_and_why() {
    let dooh = r#"{"id":"r","imp":[{"id":"1","video":{"mimes":["video/mp4"]}}],"dooh":{"id":"d"}}"#;
    let intake = intake(dooh);
    let with = |change: fn(&mut contracts::catalog::DemandPartner)| {
        let mut partner = partner("p");
        change(&mut partner);
        partner
    };
    let market = market(&[
        with(|p| p.status = PartnerStatus::Off),
        with(|p| p.openrtb_version = contracts::catalog::OpenRtbVersion::V25),
        with(|p| p.formats = vec![contracts::catalog::CreativeFormat::Banner]),
        with(|p| p.id = "over".into()),
        with(|_| {}),
    ]);
    let terms = Terms {
        auction: auction_id(1),
        request_id: "ours",
        remaining_ms: 90,
        seller: Seller {
            sid: "s",
            is_owner: true,
        },
        matches: &Matches::default(),
        at: UnixMillis(0),
    };
    let plan = plan(&intake, &market, &terms, |candidate| {
        if candidate.partner.id.as_str() == "over" {
            Err(NotAsked::OverQps)
        } else {
            Ok(Reach { network_ms: 7 })
        }
    });
    assert_eq!(
        plan.not_asked,
        [
            (0, NotAsked::Inactive),
            (1, NotAsked::Dialect),
            (2, NotAsked::NothingForIt),
            (3, NotAsked::OverQps)
        ],
        "C-171, X-110, X-112"
    );
    assert_eq!(plan.asks.len(), 1);
    let body: Value = serde_json::from_slice(&plan.bodies[0]).unwrap();
    assert_eq!(body["id"], "ours", "X-2");
    assert_eq!(body["tmax"], 83, "X-77: less what the network takes");
    assert_eq!(plan.asks[0].budget_ms, 90, "what it has, network included");
    assert_eq!(body["source"]["schain"]["nodes"][0]["rid"], "ours", "C-145");
    assert_eq!(
        body["source"]["schain"]["complete"], 1,
        "C-145: the owner begins the chain"
    );
}

#[test]
fn a_native_object_becomes_a_string() {
    // C-90
    let (as_object, _) = example("05-native-12-object");
    let intake = intake(&as_object);
    let market = market(&[partner("a")]);
    let plan = planned(&intake, &market, 1);
    let body: Value = serde_json::from_slice(&plan.bodies[0]).unwrap();
    let sent = body["imp"][0]["native"]["request"]
        .as_str()
        .expect("a string");
    let asked: Value = serde_json::from_str(&as_object).unwrap();
    let sent: Value = serde_json::from_str(sent).unwrap();
    assert_eq!(sent, asked["imp"][0]["native"]["request"]);
    assert_eq!(
        body["imp"][0]["native"]["ver"],
        asked["imp"][0]["native"]["ver"]
    );
}

#[test]
fn an_unusable_imp_is_left_out() {
    // C-66
    let request = r#"{"id":"r","imp":[{"id":"1"},{"id":"2","banner":{"w":1,"h":1}}]}"#;
    let intake = intake(request);
    let market = market(&[partner("a")]);
    let plan = planned(&intake, &market, 1);
    let body: Value = serde_json::from_slice(&plan.bodies[0]).unwrap();
    assert_eq!(
        body["imp"],
        serde_json::json!([{"id":"2","banner":{"w":1,"h":1}}])
    );
}

#[test]
fn x_79_a_partner_in_testing_gets_tests_and_never_wins() {
    let request = r#"{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}}],"site":{"domain":"news.example"}}"#;
    let mut testing = partner("testing");
    testing.status = PartnerStatus::Testing;
    let market = market(&[partner("live"), testing]);
    let live = intake(request);
    let plan = planned(&live, &market, 1);
    let sent = |ask: usize| -> Value {
        serde_json::from_slice(&plan.bodies[plan.asks[ask].body]).unwrap()
    };
    assert_eq!(sent(0).get("test"), None);
    let mut copy = sent(1);
    assert_eq!(copy.as_object_mut().unwrap().remove("test"), Some(1.into()));
    assert_eq!(copy, sent(0), "nothing else differs");
    let asked = sent(1);
    let imp = &asked["imp"][0]["id"];
    let answer = |id: &str, price: i64| {
        serde_json::json!({"id": asked["id"], "cur": "USD", "seatbid": [{"bid": [{"id": id, "impid": imp, "price": price,
            "adm": "<a>x</a>", "crid": "c", "adomain": ["brand.example"], "w": 300, "h": 250}]}]})
        .to_string()
    };
    let (low, high) = (answer("low", 10), answer("high", 20));
    let settlement = settled(&plan, &market, &[(0, &low), (1, &high)]);
    let all = fates(&settlement);
    assert_eq!(
        all[0].1, "won 0.01 USD",
        "no price is set by a test: {all:?}"
    );
    assert_eq!(all[1].1, "501", "{all:?}");
    // What is a test already is an auction like any other.
    let test = request.replacen('{', r#"{"test":1,"#, 1);
    let test = intake(&test);
    let plan = planned(&test, &market, 1);
    assert!(!plan.asks.iter().any(|ask| ask.test));
    let settlement = settled(&plan, &market, &[(0, &low), (1, &high)]);
    assert!(
        fates(&settlement)[1].1.starts_with("won"),
        "{:?}",
        fates(&settlement)
    );
}

#[test]
fn c_143_each_partner_gets_its_own_id_of_the_user() {
    const AT: UnixMillis = UnixMillis(1_000);
    let known = |partner: &str, until| Match {
        partner: partner.into(),
        uid: format!("{partner}-knows").into(),
        until: UnixMillis(until),
    };
    let matches = Matches(vec![
        known("a", 1_001),
        known("own", 1_001),
        known("late", 1_000),
        known("eager", 1_001),
    ]);
    let mut own = partner("own");
    own.endpoint = "self:bidder".to_owned();
    let mut late = partner("late");
    late.pretargeting.known_users_only = true;
    let mut eager = partner("eager");
    eager.pretargeting.known_users_only = true;
    let market = market(&[partner("a"), partner("b"), own, late, eager]);
    let listed = r#""user":{"id":"u","buyeruid":"ssp-has","ext":{"prebid":{"buyeruids":{"a":"a-told","b":"b-told"}}}}"#;
    type Row = (
        &'static str,
        &'static str,
        &'static [(&'static str, Option<&'static str>)],
    );
    #[rustfmt::skip]
    let rows: [Row; 5] = [
        ("no user at all", r#""at":1"#,
            &[("a", Some("a-knows")), ("b", None), ("own", Some("own-knows")), ("eager", Some("eager-knows"))]),
        ("the SSP's id for us goes to nobody else", r#""user":{"buyeruid":"ssp-has"}"#,
            &[("a", Some("a-knows")), ("b", None), ("own", Some("own-knows")), ("eager", Some("eager-knows"))]),
        ("what the request says of a partner goes first", listed,
            &[("a", Some("a-told")), ("b", Some("b-told")), ("own", Some("own-knows")), ("eager", Some("eager-knows"))]),
        ("C-162 without consent none", r#""regs":{"gdpr":1},"user":{"id":"u"}"#,
            &[("a", None), ("b", None), ("own", None)]),
        ("C-161 a child's none", r#""regs":{"coppa":1}"#,
            &[("a", None), ("b", None), ("own", None)]),
    ];
    for (says, members, expect) in rows {
        let body = format!(r#"{{"id":"r","imp":[{{"id":"1","banner":{{}}}}],{members}}}"#);
        let intake = intake(&body);
        let terms = Terms {
            auction: auction_id(1),
            request_id: "ours",
            remaining_ms: 90,
            seller: Seller {
                sid: "s",
                is_owner: true,
            },
            matches: &matches,
            at: AT,
        };
        let plan = plan(&intake, &market, &terms, |_| Ok(Reach::default()));
        let got: Vec<(&str, Option<String>)> = plan
            .asks
            .iter()
            .map(|ask| {
                let body: Value = serde_json::from_slice(&plan.bodies[ask.body]).unwrap();
                let uid = body["user"]["buyeruid"].as_str().map(str::to_owned);
                (market.partners[ask.partner].id.as_str(), uid)
            })
            .collect();
        let got: Vec<_> = got.iter().map(|(id, uid)| (*id, uid.as_deref())).collect();
        assert_eq!(got, expect, "{says}");
        let unknown = (3, NotAsked::UnknownUser);
        assert!(
            plan.not_asked.contains(&unknown),
            "{says}: it has run out, and only known users are for it"
        );
    }
}

#[test]
fn c_110_a_market_of_no_deal_that_a_partner_may_use_is_left_out() {
    #[rustfmt::skip]
    let rows: [(&str, &str, &str, Option<&str>); 4] = [
        ("one of them", "", r#"{"id":"a","wseat":["mine"]},{"id":"b","wseat":["theirs"]}"#, Some(r#"{"private_auction":0,"deals":[{"id":"a","wseat":["mine"]}]}"#)),
        ("none", "", r#"{"id":"b","wseat":["theirs"]}"#, None),
        ("X-73 none that has a rate", "", r#"{"id":"b","bidfloor":1,"bidfloorcur":"XAU"}"#, None),
        ("as the seller sent it", "", "", Some(r#"{"private_auction":0,"deals":[]}"#)),
    ];
    for (item, more, deals, want) in rows {
        let body = format!(
            r#"{{"id":"r","imp":[{{"id":"1","banner":{{}},"pmp":{{"private_auction":0,"deals":[{deals}]{more}}}}}]}}"#
        );
        let intake = intake(&body);
        let mut mine = partner("mine");
        mine.seats = vec!["mine".to_owned()];
        let plan = planned(&intake, &market(&[mine]), 1);
        let sent: Value = serde_json::from_slice(&plan.bodies[0]).unwrap();
        let want = want.map_or(Value::Null, |want| serde_json::from_str(want).unwrap());
        assert_eq!(sent["imp"][0]["pmp"], want, "{item}");
    }
}

#[test]
fn x_73_what_no_bid_could_be_held_against_is_offered_to_nobody() {
    let floored = |id: &str, currency: &str| {
        format!(r#"{{"id":"{id}","banner":{{}},"bidfloor":1,"bidfloorcur":"{currency}"}}"#)
    };
    let (known, unknown) = (floored("1", "JPY"), floored("2", "XAU"));
    let private = r#"{"id":"3","banner":{},"pmp":{"private_auction":1,"deals":[{"id":"d","bidfloor":1,"bidfloorcur":"XAU"}]}}"#;
    #[rustfmt::skip]
    let rows = [
        ("one of two", format!("{known},{unknown}"), "", Ok(vec![0])),
        ("all", unknown.clone(), "", Err(NotAsked::FloorCurrency)),
        ("bids in the floor's own", unknown.clone(), r#","cur":["XAU"]"#, Ok(vec![0])),
        ("a private market", private.to_owned(), "", Err(NotAsked::NothingForIt)),
    ];
    for (item, imps, more, want) in rows {
        let body = format!(r#"{{"id":"r","imp":[{imps}]{more}}}"#);
        let intake = intake(&body);
        let plan = planned(&intake, &market(&[partner("a")]), 1);
        let asked = match (&plan.asks[..], &plan.not_asked[..]) {
            ([ask], []) => Ok(ask.views.iter().map(|view| view.imp).collect::<Vec<_>>()),
            ([], [(0, why)]) => Err(*why),
            plan => panic!("{item}: {plan:?}"),
        };
        assert_eq!(asked, want, "{item}");
    }
}
